//! `sleep`.

use std::ffi::OsString;
use std::process::ExitCode;
use std::time::Duration;

/// 128 + SIGTERM: what a parent sees of a sleep that is not the first process and is terminated.
const TERMINATED: i32 = 143;
/// Longest single wait; an endless sleep is many of them.
const NAP: Duration = Duration::from_secs(1 << 30);

/// `sleep NUMBER[smhd]...` or `sleep infinity`; obeys SIGTERM as first process too.
pub fn run(arguments: &[OsString]) -> Result<ExitCode, String> {
    stead_sys::signal::exit_on_termination(TERMINATED).map_err(|error| error.to_string())?;
    if arguments.is_empty() {
        return Err("missing operand".to_owned());
    }
    let mut total = Some(Duration::ZERO);
    for word in arguments {
        let text = word.to_str().unwrap_or_default();
        let part = duration(text).ok_or_else(|| format!("invalid number '{}'", word.to_string_lossy()))?;
        total = total.zip(part).and_then(|(sum, part)| sum.checked_add(part));
    }
    match total {
        Some(total) => std::thread::sleep(total),
        None => loop {
            std::thread::sleep(NAP);
        },
    }
    Ok(ExitCode::SUCCESS)
}

/// None: not a duration; Some(None): for ever.
fn duration(text: &str) -> Option<Option<Duration>> {
    if matches!(text, "infinity" | "inf") {
        return Some(None);
    }
    let (number, unit_s) = match text.as_bytes().last()? {
        b's' => (&text[..text.len() - 1], 1.0),
        b'm' => (&text[..text.len() - 1], 60.0),
        b'h' => (&text[..text.len() - 1], 3600.0),
        b'd' => (&text[..text.len() - 1], 86400.0),
        _ => (text, 1.0),
    };
    let seconds: f64 = number.parse().ok().filter(|seconds: &f64| *seconds >= 0.0)?;
    Some(Duration::try_from_secs_f64(seconds * unit_s).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_and_infinity() {
        assert_eq!(duration("1.5"), Some(Some(Duration::from_millis(1500))));
        assert_eq!(duration("2m"), Some(Some(Duration::from_secs(120))));
        assert_eq!(duration("infinity"), Some(None));
        assert_eq!(duration("1e40"), Some(None));
        assert_eq!(duration("-1"), None);
        assert_eq!(duration("x"), None);
        assert_eq!(duration(""), None);
    }
}
