//! The verbs. Standard output belongs to results, standard error to logs and errors.

mod connect;
pub mod down;
pub mod explain;
pub mod image;
pub mod rotate_secrets_key;
pub mod server;
pub mod up;

use std::io::Write;

/// Prints one line of results. A closed pipe is no error of ours.
pub fn print_line(line: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").and_then(|()| out.flush()).ok();
}

/// Prints why the program fails.
pub fn print_error(error: &anyhow::Error) {
    writeln!(std::io::stderr(), "stead: {error:#}").ok();
}
