//! Files of variables that a volume holds: `NAME='value'`, a subset of what a shell understands.
//!
//! Values stand in single quotes and are taken as they are, over several lines too. Empty lines and those that begin with `#` count for
//! nothing; after `NAME= 'x'` the value is empty, as in a shell.

/// Bytes of a file that are read.
pub const BYTES_MAX: u64 = 1 << 20;

/// The value of a key, if the file has it before anything that is not understood.
pub fn value(text: &str, key: &str) -> Result<Option<String>, String> {
    let bad = |line: usize, why: &str| Err(format!("invalid environment variable format at line {line}: {why}"));
    let mut lines = text.lines().enumerate();
    while let Some((index, line)) = lines.next() {
        let line = line.trim_start_matches([' ', '\t']);
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let Some((name, rest)) = line.split_once('=') else { return bad(index + 1, "missing '='") };
        if name.trim_end_matches([' ', '\t']).is_empty() {
            return bad(index + 1, "empty variable name");
        }
        if name.ends_with([' ', '\t']) {
            return bad(index + 1, "whitespace before '=' is not allowed");
        }
        if rest.starts_with([' ', '\t']) {
            if name == key {
                return Ok(Some(String::new()));
            }
            continue;
        }
        let Some(mut rest) = rest.strip_prefix('\'') else { return bad(index + 1, "value must be enclosed in single quotes") };
        let mut value = String::new();
        let after = loop {
            if let Some((end, after)) = rest.split_once('\'') {
                value.push_str(end);
                break after.trim_start_matches([' ', '\t']);
            }
            value.push_str(rest);
            value.push('\n');
            match lines.next() {
                Some((_, next)) => rest = next,
                None => return bad(index + 1, "unclosed single quote"),
            }
        };
        if !after.is_empty() && !after.starts_with('#') {
            return bad(index + 1, "unexpected content after closing quote");
        }
        if name == key {
            return Ok(Some(value));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_what_stands_between_the_quotes() {
        // ENV-5
        let text = "# head\n\n  ONE='first value' # why\nTWO='a\nb'\nTHREE= 'x'\nFOUR='$ONE \\n'\n";
        for (key, expected) in
            [("ONE", Some("first value")), ("TWO", Some("a\nb")), ("THREE", Some("")), ("FOUR", Some("$ONE \\n")), ("NO", None)]
        {
            assert_eq!(value(text, key).unwrap().as_deref(), expected, "{key}");
        }
    }

    #[test]
    fn what_is_not_understood_is_an_error_from_its_line_on() {
        // ENV-5
        for bad in ["X", "='x'", "X ='x'", "X=x", "X='x", "X='x'y"] {
            let text = format!("A='1'\n{bad}\n");
            assert_eq!(value(&text, "A").unwrap().as_deref(), Some("1"));
            assert!(value(&text, "B").unwrap_err().contains("at line 2"), "{bad}");
        }
    }
}
