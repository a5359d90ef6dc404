//! The programs of the built-in image, each in its simple form, chosen by the name the binary is called by.
//!
//! Never starts a runtime or reads configuration. Input: the process's arguments; output: an exit code.

mod calendar;
mod condition;
mod files;
mod httpd;
mod kill;
mod network;
mod nslookup;
mod options;
mod printf;
mod ps;
mod sh;
mod sleep;
mod text;
mod user;

use std::ffi::OsString;
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::ExitCode;

type Applet = fn(&[OsString]) -> Result<ExitCode, String>;

/// Each applet by its name; the built-in image has a link for each in `/bin`.
const APPLETS: [(&str, Applet); 31] = [
    ("[", bracket),
    ("cat", files::cat),
    ("date", calendar::date),
    ("df", files::df),
    ("echo", echo),
    ("env", user::env),
    ("false", |_| Ok(ExitCode::FAILURE)),
    ("grep", text::grep),
    ("head", text::head),
    ("hostname", |_| print_line(&hostname())),
    ("httpd", httpd::run),
    ("id", user::id),
    ("kill", kill::run),
    ("ls", files::ls),
    ("mkdir", files::mkdir),
    ("nc", network::nc),
    ("nslookup", nslookup::run),
    ("printf", printf::run),
    ("ps", ps::run),
    ("pwd", files::pwd),
    ("rm", files::rm),
    ("sh", sh::run),
    ("sleep", sleep::run),
    ("stat", files::stat),
    ("tail", text::tail),
    ("tee", text::tee),
    ("test", test),
    ("touch", files::touch),
    ("true", |_| Ok(ExitCode::SUCCESS)),
    ("wc", text::wc),
    ("wget", network::wget),
];

/// Names of the applets.
pub fn names() -> impl Iterator<Item = &'static str> {
    APPLETS.iter().map(|(name, _)| *name)
}

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
    Path::new(word).file_name().and_then(|name| name.to_str()).is_some_and(|name| names().any(|known| known == name))
}

fn run(name: &str, arguments: &[OsString]) -> ExitCode {
    let applet = APPLETS.iter().find(|(known, _)| *known == name).map(|(_, applet)| applet);
    let result = applet.map_or_else(|| Err("no such applet".to_owned()), |applet| applet(arguments));
    match result {
        Ok(code) => code,
        Err(message) => {
            complain(name, &message);
            // What a condition's user tells from one that does not hold.
            if matches!(name, "test" | "[") { ExitCode::from(2) } else { ExitCode::FAILURE }
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

/// `test EXPRESSION`
fn test(arguments: &[OsString]) -> Result<ExitCode, String> {
    let words: Vec<String> = arguments.iter().map(|word| word.to_string_lossy().into_owned()).collect();
    Ok(if condition::holds(&words)? { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// `[ EXPRESSION ]`
fn bracket(arguments: &[OsString]) -> Result<ExitCode, String> {
    match arguments.split_last() {
        Some((last, inner)) if last == "]" => test(inner),
        _ => Err("] is missing".to_owned()),
    }
}
