//! `ps`: the processes that `/proc` shows.

use crate::user;
use std::ffi::OsString;
use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::ExitCode;

/// Ticks of processor time in a second, as `/proc` counts on every machine.
const TICKS_PER_S: u64 = 100;
/// Options that ask for all processes, which are shown anyway.
const KNOWN: [&str; 8] = ["aux", "-aux", "-ef", "-e", "-A", "-w", "ax", "-ax"];

#[derive(Debug, PartialEq)]
struct Process {
    parent: u32,
    state: char,
    time_s: u64,
}

/// `ps [aux | -ef]`: each process with its parent, user, state, processor time and command line.
pub fn run(arguments: &[OsString]) -> Result<ExitCode, String> {
    if let Some(unknown) = arguments.iter().find(|word| !KNOWN.iter().any(|known| known == word)) {
        return Err(format!("unknown option {}", unknown.to_string_lossy()));
    }
    let entries = fs::read_dir("/proc").map_err(|error| format!("/proc: {error}"))?;
    let mut pids: Vec<u32> = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect();
    pids.sort_unstable();
    let mut text = format!("{:>7} {:>7} {:<8} {:<4} {:>8} {}\n", "PID", "PPID", "USER", "STAT", "TIME", "COMMAND");
    for pid in pids {
        // One that has ended meanwhile is not shown.
        if let Some(line) = line(pid) {
            text += &line;
        }
    }
    io::stdout().write_all(text.as_bytes()).map_err(|error| error.to_string())?;
    Ok(ExitCode::SUCCESS)
}

fn line(pid: u32) -> Option<String> {
    let dir = Path::new("/proc").join(pid.to_string());
    let stat = fs::read_to_string(dir.join("stat")).ok()?;
    let process = parse(&stat)?;
    let uid = fs::metadata(&dir).ok()?.uid();
    let user = user::user_name(uid).unwrap_or_else(|| uid.to_string());
    let words = fs::read(dir.join("cmdline")).ok()?;
    let words = String::from_utf8_lossy(words.strip_suffix(b"\0").unwrap_or(&words)).replace(['\0', '\n'], " ");
    let command = if words.is_empty() { format!("[{}]", name(&stat)?) } else { words };
    let time = format!("{}:{:02}:{:02}", process.time_s / 3600, process.time_s / 60 % 60, process.time_s % 60);
    Some(format!("{pid:>7} {:>7} {user:<8} {:<4} {time:>8} {command}\n", process.parent, process.state))
}

fn name(stat: &str) -> Option<&str> {
    Some(stat.split_once('(')?.1.rsplit_once(')')?.0)
}

/// The name in parentheses may hold anything; the fields stand behind it.
fn parse(stat: &str) -> Option<Process> {
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_ascii_whitespace().collect();
    let ticks = |index: usize| fields.get(index)?.parse::<u64>().ok();
    Some(Process {
        state: fields.first()?.chars().next()?,
        parent: fields.get(1)?.parse().ok()?,
        time_s: (ticks(11)? + ticks(12)?) / TICKS_PER_S,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_with_an_odd_name() {
        let stat = "7 (a) b (c)) S 1 7 7 0 -1 0 0 0 0 0 250 150 0 0 20 0";
        assert_eq!(parse(stat), Some(Process { parent: 1, state: 'S', time_s: 4 }));
        assert_eq!(name(stat), Some("a) b (c)"));
        assert_eq!(parse(""), None);
    }

    #[test]
    fn this_process_is_shown() {
        assert!(line(std::process::id()).is_some());
    }
}
