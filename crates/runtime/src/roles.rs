//! The words by which the program runs itself again: `shim`, `create-container` and `exec-in-container`.
//!
//! Matched first in `main`, before any thread exists.

use std::ffi::OsString;
use std::ops::RangeInclusive;
use std::process::ExitCode;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// First word of a sandbox's shim.
pub const SHIM: &str = "shim";
/// First word of the one-shot process that makes a container.
pub const CREATE_CONTAINER: &str = "create-container";
/// First word of the one-shot process that runs one more program in a container.
pub const EXEC_IN_CONTAINER: &str = "exec-in-container";

/// First word of the first process of a shared process namespace.
pub const SANDBOX_INIT: &str = "sandbox-init";

/// Runs the role that the first argument (after the program's name) names; None if it names none.
pub fn dispatch(arguments: &[OsString]) -> Option<ExitCode> {
    dispatch_speaking(arguments, crate::protocol::SPOKEN)
}

/// As [`dispatch`], with a shim that speaks these versions of its protocol only: how a program of another version is stood in for.
pub fn dispatch_speaking(arguments: &[OsString], spoken: RangeInclusive<u32>) -> Option<ExitCode> {
    let (role, words) = arguments.split_first()?;
    match role.to_str()? {
        SHIM => Some(crate::shim::run(words, spoken)),
        SANDBOX_INIT => Some(crate::first_process::run()),
        CREATE_CONTAINER => Some(crate::create::run(words)),
        EXEC_IN_CONTAINER => Some(crate::exec::run(words)),
        _ => None,
    }
}

/// A helper's arguments as the word after its role. The helper is the very program that starts it, so no other version reads this.
pub fn to_word<T: Serialize>(arguments: &T) -> Result<OsString, String> {
    serde_json::to_string(arguments).map(OsString::from).map_err(|error| format!("pass arguments: {error}"))
}

/// The arguments of a helper that was started with these words after its role.
pub fn of_words<T: DeserializeOwned>(words: &[OsString]) -> Option<T> {
    let [word] = words else { return None };
    serde_json::from_str(word.to_str()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_come_back_as_they_were() {
        let arguments = ("/data dir/caf\u{e9}".to_owned(), -1);
        let word = to_word(&arguments).unwrap();
        assert_eq!(of_words::<(String, i32)>(std::slice::from_ref(&word)), Some(arguments));
        assert_eq!(of_words::<(String, i32)>(&[word.clone(), word]), None);
        assert_eq!(of_words::<(String, i32)>(&[]), None);
    }
}
