//! `printf`: a format and what goes into it.

use std::ffi::OsString;
use std::io::{self, Write};
use std::process::ExitCode;

/// Widest field.
const WIDTH_MAX: usize = 4096;

/// `printf FORMAT [ARGUMENT...]`: `%s %b %c %d %i %u %x %X %o %%`, width, `-` and `0`; the format is used again while arguments are left.
pub fn run(arguments: &[OsString]) -> Result<ExitCode, String> {
    let mut words = arguments.iter().map(|word| word.to_string_lossy().into_owned());
    let format = words.next().ok_or("a format is missing")?;
    let text = formatted(&format, &words.collect::<Vec<_>>())?;
    io::stdout().write_all(text.as_bytes()).map_err(|error| error.to_string())?;
    Ok(ExitCode::SUCCESS)
}

fn formatted(format: &str, arguments: &[String]) -> Result<String, String> {
    let mut out = String::new();
    let mut rest = arguments.iter();
    loop {
        let before = rest.len();
        once(format, &mut rest, &mut out)?;
        if rest.len() == 0 || rest.len() == before {
            return Ok(out);
        }
    }
}

fn once<'a>(format: &str, arguments: &mut impl Iterator<Item = &'a String>, out: &mut String) -> Result<(), String> {
    let mut chars = format.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' => escape(&mut chars, out),
            '%' => {
                let (mut left, mut zero) = (false, false);
                while let Some(flag) = chars.next_if(|c| matches!(c, '-' | '0')) {
                    left |= flag == '-';
                    zero |= flag == '0';
                }
                let mut width = 0;
                while let Some(digit) = chars.peek().and_then(|c| c.to_digit(10)) {
                    chars.next();
                    width = (width * 10 + digit as usize).min(WIDTH_MAX);
                }
                let conversion = chars.next().ok_or("the format ends in the middle of a conversion")?;
                if conversion == '%' {
                    out.push('%');
                    continue;
                }
                let text = converted(conversion, arguments.next().map_or("", String::as_str))?;
                let padding = width.saturating_sub(text.chars().count());
                match (left, zero && conversion != 's') {
                    (true, _) => *out += &(text + &" ".repeat(padding)),
                    (false, true) => *out += &("0".repeat(padding) + &text),
                    (false, false) => *out += &(" ".repeat(padding) + &text),
                }
            }
            c => out.push(c),
        }
    }
    Ok(())
}

fn converted(conversion: char, argument: &str) -> Result<String, String> {
    let number = || match argument {
        "" => Ok(0),
        text => text.parse::<i64>().map_err(|_| format!("'{text}' is not a number")),
    };
    Ok(match conversion {
        's' => argument.to_owned(),
        'b' => {
            let (mut text, mut chars) = (String::new(), argument.chars().peekable());
            while let Some(c) = chars.next() {
                if c == '\\' { escape(&mut chars, &mut text) } else { text.push(c) }
            }
            text
        }
        'c' => argument.chars().take(1).collect(),
        'd' | 'i' | 'u' => number()?.to_string(),
        'x' => format!("{:x}", number()?),
        'X' => format!("{:X}", number()?),
        'o' => format!("{:o}", number()?),
        other => return Err(format!("unknown conversion %{other}")),
    })
}

/// What stands behind a backslash.
fn escape(chars: &mut std::iter::Peekable<std::str::Chars<'_>>, out: &mut String) {
    match chars.next() {
        Some('n') => out.push('\n'),
        Some('t') => out.push('\t'),
        Some('r') => out.push('\r'),
        Some('a') => out.push('\x07'),
        Some('e') => out.push('\x1b'),
        Some('\\') => out.push('\\'),
        Some('0') => {
            let mut code = 0;
            for _ in 0..3 {
                let Some(digit) = chars.next_if(|c| c.is_digit(8)).and_then(|c| c.to_digit(8)) else { break };
                code = code * 8 + digit;
            }
            out.extend(char::from_u32(code & 0xff));
        }
        Some(other) => out.extend(['\\', other]),
        None => out.push('\\'),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conversions() {
        let printed = |format: &str, arguments: &[&str]| formatted(format, &arguments.iter().map(|a| (*a).to_owned()).collect::<Vec<_>>());
        assert_eq!(printed(r"%s=%05d|%-3s|%x%%\n", &["a", "42", "b", "255"]), Ok("a=00042|b  |ff%\n".to_owned()));
        assert_eq!(printed(r"%s\n", &["a", "b"]), Ok("a\nb\n".to_owned()));
        assert_eq!(printed(r"%s-%s\n", &["a"]), Ok("a-\n".to_owned()));
        assert_eq!(printed("plain", &["unused"]), Ok("plain".to_owned()));
        assert_eq!(printed(r"%b", &[r"a\tb\041"]), Ok("a\tb!".to_owned()));
        assert!(printed("%d", &["x"]).is_err() && printed("%q", &["x"]).is_err() && printed("%", &[]).is_err());
    }
}
