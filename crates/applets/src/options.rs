//! Options of a program's arguments. Input: the arguments and which letters there are. Output: options and operands, or what is wrong.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

/// What was given.
#[derive(Debug, Default, PartialEq)]
pub struct Options {
    flags: Vec<char>,
    values: Vec<(char, OsString)>,
    pub operands: Vec<OsString>,
}

impl Options {
    /// Reads arguments; `letters` are the flags, one with a colon behind it takes a value. Options end at `--` or, as a shell's
    /// user expects, at the first operand.
    pub fn of(arguments: &[OsString], letters: &str) -> Result<Self, String> {
        let mut options = Self::default();
        let mut words = arguments.iter();
        while let Some(word) = words.next() {
            let bytes = word.as_bytes();
            if bytes == b"--" {
                break;
            }
            if bytes.len() < 2 || bytes[0] != b'-' {
                options.operands.push(word.clone());
                break;
            }
            for (index, byte) in bytes.iter().enumerate().skip(1) {
                let letter = char::from(*byte);
                match letters.find(letter).filter(|_| letter.is_ascii_alphanumeric()) {
                    None => return Err(format!("unknown option -{letter}")),
                    Some(at) if letters[at + 1..].starts_with(':') => {
                        let rest = &bytes[index + 1..];
                        let value = if rest.is_empty() { words.next().cloned() } else { Some(OsString::from_vec(rest.to_vec())) };
                        options.values.push((letter, value.ok_or_else(|| format!("-{letter} needs a value"))?));
                        break;
                    }
                    Some(_) => options.flags.push(letter),
                }
            }
        }
        options.operands.extend(words.cloned());
        Ok(options)
    }

    pub fn has(&self, letter: char) -> bool {
        self.flags.contains(&letter)
    }

    /// The last value that was given.
    pub fn value(&self, letter: char) -> Option<&OsStr> {
        self.values.iter().rev().find(|(name, _)| *name == letter).map(|(_, value)| value.as_os_str())
    }

    /// All values that were given.
    pub fn values(&self, letter: char) -> impl Iterator<Item = &OsStr> {
        self.values.iter().filter(move |(name, _)| *name == letter).map(|(_, value)| value.as_os_str())
    }

    /// A value that is a number.
    pub fn number(&self, letter: char) -> Result<Option<u64>, String> {
        let Some(value) = self.value(letter) else { return Ok(None) };
        let text = value.to_string_lossy();
        text.parse().map(Some).map_err(|_| format!("-{letter}: '{text}' is not a number"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(words: &[&str], letters: &str) -> Result<Options, String> {
        Options::of(&words.iter().map(OsString::from).collect::<Vec<_>>(), letters)
    }

    #[test]
    fn flags_values_and_operands() {
        let options = of(&["-qO-", "-T", "5", "http://x", "-v"], "qO:T:").unwrap();
        assert!(options.has('q') && !options.has('v'));
        assert_eq!(options.value('O'), Some(OsStr::new("-")));
        assert_eq!(options.number('T'), Ok(Some(5)));
        assert_eq!(options.operands, ["http://x", "-v"]);
        assert_eq!(of(&["--", "-a"], "a").unwrap().operands, ["-a"]);
        assert_eq!(of(&["-"], "").unwrap().operands, ["-"]);
        assert_eq!(of(&["-x"], "a"), Err("unknown option -x".to_owned()));
        assert_eq!(of(&["-a"], "a:"), Err("-a needs a value".to_owned()));
        assert_eq!(of(&["-ax"], "a:").unwrap().number('a'), Err("-a: 'x' is not a number".to_owned()));
    }
}
