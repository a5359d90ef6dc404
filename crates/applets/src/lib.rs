//! The programs of the built-in image, each in its simple form, chosen by the name the binary is called by.

use std::process::ExitCode;

/// Runs the applet that the program's own name, or its first argument, names; None if neither does. Call it first in `main`.
pub fn main_if_applet() -> Option<ExitCode> {
    None
}
