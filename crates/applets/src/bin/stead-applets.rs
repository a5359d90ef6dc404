//! The applets alone, for tests.

use std::process::ExitCode;

fn main() -> ExitCode {
    stead_applets::main_if_applet().unwrap_or(ExitCode::FAILURE)
}
