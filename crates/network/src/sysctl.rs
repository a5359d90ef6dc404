//! Settings of the machine that containers need: written down before they are changed, put back when the network goes.

use crate::journal::Made;
use std::path::{Path, PathBuf};
use stead_journal::Journal;

fn path(name: &str) -> PathBuf {
    Path::new("/proc/sys").join(name)
}

fn read(name: &str) -> std::io::Result<String> {
    std::fs::read_to_string(path(name)).map(|text| text.trim().to_owned())
}

/// Sets one, if it is as it is where nobody chose otherwise.
pub fn set_instead(journal: &Journal<Made>, name: &str, of: &str, value: &str) {
    if read(name).is_ok_and(|now| now == of) {
        set(journal, name, value);
    }
}

/// Sets one, if it is not so already, and says it.
pub fn set(journal: &Journal<Made>, name: &str, value: &str) {
    let result = read(name).and_then(|was| {
        if was == value {
            return Ok(());
        }
        let thing = Made::Sysctl { name: name.to_owned(), was: was.clone(), set: value.to_owned() };
        journal.make(&[thing]).map_err(std::io::Error::other)?;
        std::fs::write(path(name), value)?;
        tracing::info!(name, was, value, "changed a setting of this machine; `stead down` puts it back");
        Ok(())
    });
    if let Err(error) = result {
        tracing::warn!(name, value, %error, "cannot change a setting of this machine that containers need");
    }
}

/// Puts one back, unless somebody has changed it since.
pub fn restore(name: &str, was: &str, set: &str) {
    let result = read(name).and_then(|now| if now == set { std::fs::write(path(name), was) } else { Ok(()) });
    if let Err(error) = result
        && error.kind() != std::io::ErrorKind::NotFound
    {
        tracing::warn!(name, was, %error, "cannot put a setting of this machine back");
    }
}
