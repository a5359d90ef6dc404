//! The programs of the built-in image, each in its simple form, chosen by the name the binary is called by.
//!
//! Never starts a runtime or reads configuration. There is no shell among them. Input: the process's arguments; output: an exit code.

mod files;
mod httpd;
mod nslookup;
mod sleep;

use std::ffi::OsString;
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::ExitCode;

/// Names of the applets; the built-in image has a link for each in `/bin`.
pub const NAMES: [&str; 9] = ["httpd", "nslookup", "hostname", "cat", "ls", "sleep", "true", "false", "echo"];

/// Runs the applet that the program's own name, or its first argument, names; None if neither does. Call it first in `main`.
pub fn main_if_applet() -> Option<ExitCode> {
    let mut arguments: Vec<OsString> = std::env::args_os().collect();
    if !names_applet(arguments.first()?) {
        if !names_applet(arguments.get(1)?) {
            return None;
        }
        arguments.remove(0);
    }
    let name = Path::new(&arguments[0]).file_name()?.to_str()?.to_owned();
    Some(run(&name, &arguments[1..]))
}

fn names_applet(word: &OsString) -> bool {
    Path::new(word).file_name().and_then(|name| name.to_str()).is_some_and(|name| NAMES.contains(&name))
}

fn run(name: &str, arguments: &[OsString]) -> ExitCode {
    let result = match name {
        "httpd" => httpd::run(arguments),
        "nslookup" => nslookup::run(arguments),
        "hostname" => print_line(&hostname()),
        "cat" => files::cat(arguments),
        "ls" => files::ls(arguments),
        "sleep" => sleep::run(arguments),
        "true" => Ok(ExitCode::SUCCESS),
        "false" => Ok(ExitCode::FAILURE),
        "echo" => echo(arguments),
        _ => Err("no such applet".to_owned()),
    };
    match result {
        Ok(code) => code,
        Err(message) => {
            complain(name, &message);
            ExitCode::FAILURE
        }
    }
}

/// Says on standard error what went wrong. Where even that fails nothing is left to tell it to.
fn complain(name: &str, message: &str) {
    writeln!(io::stderr(), "{name}: {message}").unwrap_or_default();
}

fn hostname() -> String {
    nix::unistd::gethostname().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

fn print_line(line: &str) -> Result<ExitCode, String> {
    writeln!(io::stdout(), "{line}").map_err(|error| error.to_string())?;
    Ok(ExitCode::SUCCESS)
}

fn echo(arguments: &[OsString]) -> Result<ExitCode, String> {
    let (words, end) = match arguments.split_first() {
        Some((first, rest)) if first == "-n" => (rest, ""),
        _ => (arguments, "\n"),
    };
    let mut line: Vec<u8> = words.iter().map(|word| word.as_bytes()).collect::<Vec<_>>().join(&b' ');
    line.extend_from_slice(end.as_bytes());
    io::stdout().write_all(&line).map_err(|error| error.to_string())?;
    Ok(ExitCode::SUCCESS)
}
