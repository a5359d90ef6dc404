//! `test` and `[`: whether something is so. Input: its arguments. Output: yes, no, or what is wrong with them.

use nix::unistd::{AccessFlags, access};
use std::fs;
use std::os::unix::fs::{FileTypeExt, MetadataExt};

/// The loosest operator first: `-o`, then `-a`, then `!`.
pub fn holds(words: &[String]) -> Result<bool, String> {
    match words {
        [] => return Ok(false),
        [word] => return Ok(!word.is_empty()),
        [operator, word] if operator == "!" => return Ok(word.is_empty()),
        [left, operator, right] if is_binary(operator) => return binary(left, operator, right),
        _ => {}
    }
    for (operator, both) in [("-o", false), ("-a", true)] {
        // An operator stands between two conditions.
        if let Some(at) = words.iter().position(|word| word == operator).filter(|at| *at > 0 && at + 1 < words.len()) {
            let (left, right) = (holds(&words[..at])?, holds(&words[at + 1..])?);
            return Ok(if both { left && right } else { left || right });
        }
    }
    match words {
        [operator, rest @ ..] if operator == "!" => Ok(!holds(rest)?),
        [open, inner @ .., close] if open == "(" && close == ")" => holds(inner),
        [operator, word] => unary(operator, word),
        _ => Err(format!("unexpected '{}'", words.last().map_or("", String::as_str))),
    }
}

fn unary(operator: &str, word: &str) -> Result<bool, String> {
    let kind = |is: fn(&fs::Metadata) -> bool| Ok(fs::metadata(word).is_ok_and(|metadata| is(&metadata)));
    let may = |flags| Ok(access(word, flags).is_ok());
    match operator {
        "-n" => Ok(!word.is_empty()),
        "-z" => Ok(word.is_empty()),
        "-e" => kind(|_| true),
        "-f" => kind(fs::Metadata::is_file),
        "-d" => kind(fs::Metadata::is_dir),
        "-s" => kind(|metadata| metadata.len() > 0),
        "-b" => kind(|metadata| metadata.file_type().is_block_device()),
        "-c" => kind(|metadata| metadata.file_type().is_char_device()),
        "-p" => kind(|metadata| metadata.file_type().is_fifo()),
        "-S" => kind(|metadata| metadata.file_type().is_socket()),
        "-u" => kind(|metadata| metadata.mode() & 0o4000 != 0),
        "-g" => kind(|metadata| metadata.mode() & 0o2000 != 0),
        "-k" => kind(|metadata| metadata.mode() & 0o1000 != 0),
        "-h" | "-L" => Ok(fs::symlink_metadata(word).is_ok_and(|metadata| metadata.is_symlink())),
        "-r" => may(AccessFlags::R_OK),
        "-w" => may(AccessFlags::W_OK),
        "-x" => may(AccessFlags::X_OK),
        "-t" => match word.parse::<i32>() {
            Ok(number) => Ok(fs::read_link(format!("/proc/self/fd/{number}"))
                .is_ok_and(|path| path.starts_with("/dev/pts") || path.starts_with("/dev/console"))),
            Err(_) => Err(format!("'{word}' is not a descriptor")),
        },
        _ => Err(format!("unknown operator '{operator}'")),
    }
}

fn is_binary(operator: &str) -> bool {
    matches!(operator, "=" | "==" | "!=" | "<" | ">" | "-eq" | "-ne" | "-lt" | "-le" | "-gt" | "-ge" | "-nt" | "-ot")
}

fn binary(left: &str, operator: &str, right: &str) -> Result<bool, String> {
    match operator {
        "=" | "==" => return Ok(left == right),
        "!=" => return Ok(left != right),
        "<" => return Ok(left < right),
        ">" => return Ok(left > right),
        "-nt" | "-ot" => {
            let time = |path| fs::metadata(path).and_then(|metadata| metadata.modified()).ok();
            let (left, right) = (time(left), time(right));
            return Ok(if operator == "-nt" { left > right } else { left < right });
        }
        _ => {}
    }
    let number = |word: &str| word.trim().parse::<i64>().map_err(|_| format!("'{word}' is not a number"));
    let (left, right) = (number(left)?, number(right)?);
    Ok(match operator {
        "-eq" => left == right,
        "-ne" => left != right,
        "-lt" => left < right,
        "-le" => left <= right,
        "-gt" => left > right,
        _ => left >= right,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operators() {
        let holds = |text: &str| holds(&text.split(' ').map(|word| word.replace("''", "")).collect::<Vec<_>>());
        for text in [
            "a",
            "-n a",
            "-z ''",
            "a = a",
            "a != b",
            "2 -lt 10",
            "-d /proc",
            "! -f /proc",
            "a = a -a 1 -eq 1",
            "a = b -o b = b",
            "! a = b",
            "( a )",
            "-x /proc",
            "-n",
        ] {
            assert_eq!(holds(text), Ok(true), "{text}");
        }
        for text in ["''", "-n ''", "a = b", "-e /nowhere", "-s /nowhere", "a -a ''"] {
            assert_eq!(holds(text), Ok(false), "{text}");
        }
        for text in ["-q a", "a -eq 1", "a b c", "-t x"] {
            assert!(holds(text).is_err(), "{text}");
        }
    }
}
