//! Runs cargo as a shell would. `cargo run` tells its program of the package that it is of; a cargo that is told of it builds ring, and
//! all that stands on it, anew, and the next one from a shell does so again.

use std::path::Path;
use std::process::Command;

#[expect(clippy::disallowed_methods, reason = "a development task runs cargo")]
pub fn command(root: &Path, line: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
            command.env_remove(&name);
        }
    }
    command.args(line).current_dir(root);
    command
}
