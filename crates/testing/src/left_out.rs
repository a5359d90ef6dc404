//! Says aloud which tests a machine cannot run. `cargo xtask test` counts them; `--require-all` makes them a failure.

use std::io::Write;

/// Notes that a test did not run, and why.
#[expect(clippy::disallowed_methods, reason = "the list's place is told by the environment")]
pub fn left_out(test: &str, reason: &str) {
    if let Some(path) = std::env::var_os("STEAD_LEFT_OUT") {
        let file = std::fs::OpenOptions::new().create(true).append(true).open(path);
        let noted = file.and_then(|mut file| file.write_all(format!("{test}: {reason}\n").as_bytes()));
        noted.expect("the list of tests left out can be written");
    }
    tell(&format!("LEFT OUT {test}: {reason}"));
}

/// Prints a line past the test runner's capture.
pub fn tell(line: &str) {
    writeln!(std::io::stderr(), "{line}").expect("standard error is open");
}
