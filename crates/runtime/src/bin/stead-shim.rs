//! A program with the runtime's roles and nothing else, for the tests of this crate.

use std::process::ExitCode;

fn main() -> ExitCode {
    if let Some(code) = stead_applets::main_if_applet() {
        return code;
    }
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    stead_runtime::roles::dispatch(&arguments).unwrap_or(ExitCode::from(2))
}
