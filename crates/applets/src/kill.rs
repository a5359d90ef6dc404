//! `kill`: a signal to processes.

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::ffi::OsString;
use std::process::ExitCode;
use std::str::FromStr;

/// `kill [-SIGNAL | -s SIGNAL] PID...`, `kill -l`; TERM unless said otherwise, 0 asks only.
pub fn run(arguments: &[OsString]) -> Result<ExitCode, String> {
    let words: Vec<String> = arguments.iter().map(|word| word.to_string_lossy().into_owned()).collect();
    let (signal, pids) = match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["-l", ..] => {
            let names: Vec<&str> = Signal::iterator().map(|signal| &signal.as_str()[3..]).collect();
            return crate::print_line(&names.join(" "));
        }
        ["-s", name, ..] => (signal(name)?, &words[2..]),
        ["--", ..] => (Some(Signal::SIGTERM), &words[1..]),
        [word, ..] if word.len() > 1 && word.starts_with('-') => (signal(&word[1..])?, &words[1..]),
        _ => (Some(Signal::SIGTERM), &words[..]),
    };
    if pids.is_empty() {
        return Err("a process is missing".to_owned());
    }
    let mut code = ExitCode::SUCCESS;
    for pid in pids {
        let pid_number: i32 = pid.parse().map_err(|_| format!("'{pid}' is not a process"))?;
        if let Err(error) = kill(Pid::from_raw(pid_number), signal) {
            crate::complain("kill", &format!("{pid}: {}", error.desc()));
            code = ExitCode::FAILURE;
        }
    }
    Ok(code)
}

/// A signal by number or name; None: 0, which none is.
fn signal(word: &str) -> Result<Option<Signal>, String> {
    let unknown = || format!("unknown signal '{word}'");
    if let Ok(number) = word.parse::<i32>() {
        return if number == 0 { Ok(None) } else { Signal::try_from(number).map(Some).map_err(|_| unknown()) };
    }
    let name = word.to_ascii_uppercase();
    let name = if name.starts_with("SIG") { name } else { format!("SIG{name}") };
    Signal::from_str(&name).map(Some).map_err(|_| unknown())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signals_by_number_and_name() {
        assert_eq!(signal("9"), Ok(Some(Signal::SIGKILL)));
        assert_eq!(signal("hup"), Ok(Some(Signal::SIGHUP)));
        assert_eq!(signal("SIGUSR1"), Ok(Some(Signal::SIGUSR1)));
        assert_eq!(signal("0"), Ok(None));
        assert!(signal("NONE").is_err() && signal("99").is_err());
    }
}
