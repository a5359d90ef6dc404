//! Base64 as Go's `encoding/base64` reads it: newlines are skipped, errors name the byte. Input: text. Output: bytes.

use ::base64::Engine;

/// Decodes standard base64; the error is Go's text.
pub fn decode(text: &str) -> Result<Vec<u8>, String> {
    // The strict engine settles nearly all input.
    if let Ok(bytes) = ::base64::engine::general_purpose::STANDARD.decode(text) {
        return Ok(bytes);
    }
    lenient(text.as_bytes()).map_err(|at| format!("illegal base64 data at input byte {at}"))
}

pub fn encode(bytes: &[u8]) -> String {
    ::base64::engine::general_purpose::STANDARD.encode(bytes)
}

/// The value of a digit.
fn digit(c: u8) -> Option<u32> {
    Some(u32::from(match c {
        b'A'..=b'Z' => c - b'A',
        b'a'..=b'z' => c - b'a' + 26,
        b'0'..=b'9' => c - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    }))
}

/// Group by group; the error is the offset that Go reports.
fn lenient(text: &[u8]) -> Result<Vec<u8>, usize> {
    let mut out = Vec::with_capacity(text.len() / 4 * 3);
    let newlines = |at: usize| at + text[at..].iter().take_while(|c| matches!(c, b'\n' | b'\r')).count();
    let mut at = 0;
    loop {
        let (mut bits, mut count) = (0u32, 0);
        while count < 4 {
            let Some(c) = text.get(at).copied() else {
                return if count == 0 { Ok(out) } else { Err(at - count) };
            };
            at += 1;
            if let Some(value) = digit(c) {
                bits = bits << 6 | value;
                count += 1;
            } else if c == b'=' && count >= 2 {
                if count == 2 {
                    at = newlines(at);
                    match text.get(at) {
                        None => return Err(text.len()),
                        Some(b'=') => at += 1,
                        Some(_) => return Err(at - 1),
                    }
                }
                at = newlines(at);
                let bytes = (bits << (6 * (4 - count))).to_be_bytes();
                out.extend_from_slice(&bytes[1..count]);
                return if at < text.len() { Err(at) } else { Ok(out) };
            } else if !matches!(c, b'\n' | b'\r') {
                return Err(at - 1);
            }
        }
        out.extend_from_slice(&bits.to_be_bytes()[1..]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_go_reads() {
        for (text, expected) in [
            ("", Ok("")),
            ("YQ==", Ok("a")),
            ("YW\nI=\n", Ok("ab")),
            ("YWJj\r\nYWJj", Ok("abcabc")),
            ("YR==", Ok("a")),
            ("***", Err(0)),
            ("YQ=", Err(3)),
            ("YQ", Err(0)),
            ("YQ==x", Err(4)),
            ("YWJjY", Err(4)),
            ("YQ=x", Err(2)),
        ] {
            let expected = expected.map(|s| s.as_bytes().to_vec()).map_err(|at| format!("illegal base64 data at input byte {at}"));
            assert_eq!(decode(text), expected, "{text:?}");
        }
    }
}
