//! Says aloud what a machine cannot test; tests only, those beside the crate too.

use std::fs::File;
use std::io::{self, Write};

/// Notes that a test, or part of it, did not run. The mark before its name is `vm: ` where it runs in the machine of `cargo xtask vm`, or empty.
#[expect(clippy::disallowed_methods, reason = "the list's place is told by the environment")]
pub(crate) fn left_out(mark: &str, reason: &str) {
    let line = format!("{mark}{}: {reason}\n", std::thread::current().name().unwrap_or("a test"));
    if let Some(path) = std::env::var_os("STEAD_LEFT_OUT") {
        File::options().create(true).append(true).open(path).unwrap().write_all(line.as_bytes()).unwrap();
    }
    io::stderr().write_all(format!("LEFT OUT {line}").as_bytes()).unwrap();
}
