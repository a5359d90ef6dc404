//! The verbs. Standard output belongs to results, standard error to logs and errors.

pub mod completion;
pub mod connect;
pub mod down;
pub mod explain;
pub mod image;
pub mod install;
pub mod kubectl;
pub mod lint;
mod paint;
pub mod plan;
pub mod reset;
pub mod rotate_secrets_key;
pub mod server;
pub mod status;
mod tails_and_pulls;
pub mod ui;
pub mod up;
pub mod version;

use std::fmt;
use std::io::Write;
use std::process::ExitCode;

/// What a verb was given is wrong: the program ends with 2, as it does where the command line is.
#[derive(Debug)]
pub struct BadInput(pub String);

impl fmt::Display for BadInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for BadInput {}

/// What the program ends with after an error.
pub fn exit_code(error: &anyhow::Error) -> ExitCode {
    if error.is::<BadInput>() { ExitCode::from(2) } else { ExitCode::FAILURE }
}

/// Prints one line of results. A closed pipe is no error of ours.
pub fn print_line(line: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").and_then(|()| out.flush()).ok();
}

/// Prints a line beside the results.
pub fn print_note(line: &str) {
    writeln!(std::io::stderr(), "{line}").ok();
}

/// How the line begins that says why the program fails.
pub const ERROR_BEGINNING: &str = "stead: ";

/// Prints why the program fails.
pub fn print_error(error: &anyhow::Error) {
    writeln!(std::io::stderr(), "{ERROR_BEGINNING}{error:#}").ok();
}
