//! JSON syntax as Go's `encoding/json` judges it: one pass that finds the first error in Go's words, and readers for text that
//! passed. Input: bytes. Output: an error text, or tokens. Knows no types.

#[cfg(test)]
mod tests;

/// Containers may nest this deep, as in Go.
const DEPTH_MAX: usize = 10_000;

/// Checks that the bytes are one JSON value; the error is Go's text.
pub fn check(text: &[u8]) -> Result<(), String> {
    Checker { text, at: 0, open: Vec::new() }.run()
}

struct Checker<'a> {
    text: &'a [u8],
    at: usize,
    /// `{` or `[` of each open container.
    open: Vec<u8>,
}

impl Checker<'_> {
    fn run(&mut self) -> Result<(), String> {
        loop {
            self.value_start()?;
            // A value has ended: close containers until another value must follow.
            loop {
                let Some(container) = self.open.last().copied() else { return self.end() };
                let c = self.next_sign()?;
                match (container, c) {
                    (b'[', b',') => break,
                    (b'{', b',') => {
                        self.key()?;
                        break;
                    }
                    (b'[', b']') | (b'{', b'}') => {
                        self.open.pop();
                    }
                    (b'[', _) => return Err(self.wrong(c, "after array element")),
                    _ => return Err(self.wrong(c, "after object key:value pair")),
                }
            }
        }
    }

    /// Reads up to the end of a scalar or of an empty container; opens others and goes on inside.
    fn value_start(&mut self) -> Result<(), String> {
        loop {
            let c = self.next_sign()?;
            match c {
                b'{' | b'[' => {
                    self.open.push(c);
                    if self.open.len() > DEPTH_MAX {
                        return Err(self.wrong(c, "exceeded max depth"));
                    }
                    let close = if c == b'{' { b'}' } else { b']' };
                    if self.peek_sign()? == close {
                        self.at += 1;
                        self.open.pop();
                        return Ok(());
                    }
                    if c == b'{' {
                        self.key()?;
                    }
                }
                b'"' => return self.string(),
                b'-' | b'0'..=b'9' => return self.number(c),
                b't' => return self.literal("true"),
                b'f' => return self.literal("false"),
                b'n' => return self.literal("null"),
                _ => return Err(self.wrong(c, "looking for beginning of value")),
            }
        }
    }

    /// Reads a key and its colon.
    fn key(&mut self) -> Result<(), String> {
        let c = self.next_sign()?;
        if c != b'"' {
            return Err(self.wrong(c, "looking for beginning of object key string"));
        }
        self.string()?;
        match self.next_sign()? {
            b':' => Ok(()),
            c => Err(self.wrong(c, "after object key")),
        }
    }

    fn end(&mut self) -> Result<(), String> {
        self.space();
        match self.text.get(self.at) {
            None => Ok(()),
            Some(c) => Err(self.wrong(*c, "after top-level value")),
        }
    }

    fn string(&mut self) -> Result<(), String> {
        loop {
            match self.next()? {
                b'"' => return Ok(()),
                b'\\' => match self.next()? {
                    b'b' | b'f' | b'n' | b'r' | b't' | b'\\' | b'/' | b'"' => {}
                    b'u' => {
                        for _ in 0..4 {
                            let c = self.next()?;
                            if !c.is_ascii_hexdigit() {
                                return Err(self.wrong(c, "in \\u hexadecimal character escape"));
                            }
                        }
                    }
                    c => return Err(self.wrong(c, "in string escape code")),
                },
                c if c < 0x20 => return Err(self.wrong(c, "in string literal")),
                _ => {}
            }
        }
    }

    fn number(&mut self, first: u8) -> Result<(), String> {
        let mut digit = first;
        if first == b'-' {
            digit = self.next()?;
            if !digit.is_ascii_digit() {
                return Err(self.wrong(digit, "in numeric literal"));
            }
        }
        if digit != b'0' {
            self.digits();
        }
        if self.text.get(self.at) == Some(&b'.') {
            self.at += 1;
            let c = self.next()?;
            if !c.is_ascii_digit() {
                return Err(self.wrong(c, "after decimal point in numeric literal"));
            }
            self.digits();
        }
        if matches!(self.text.get(self.at), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.text.get(self.at), Some(b'+' | b'-')) {
                self.at += 1;
            }
            let c = self.next()?;
            if !c.is_ascii_digit() {
                return Err(self.wrong(c, "in exponent of numeric literal"));
            }
            self.digits();
        }
        Ok(())
    }

    fn digits(&mut self) {
        self.at += self.text[self.at..].iter().take_while(|c| c.is_ascii_digit()).count();
    }

    /// The rest of a literal whose first letter has been read.
    fn literal(&mut self, word: &str) -> Result<(), String> {
        for expected in word.bytes().skip(1) {
            let c = self.next()?;
            if c != expected {
                return Err(self.wrong(c, &format!("in literal {word} (expecting '{}')", char::from(expected))));
            }
        }
        Ok(())
    }

    fn space(&mut self) {
        self.at = skip_space(self.text, self.at);
    }

    fn next(&mut self) -> Result<u8, String> {
        let c = self.text.get(self.at).copied().ok_or_else(|| "unexpected end of JSON input".to_owned())?;
        self.at += 1;
        Ok(c)
    }

    /// The next byte that is no space.
    fn next_sign(&mut self) -> Result<u8, String> {
        self.space();
        self.next()
    }

    fn peek_sign(&mut self) -> Result<u8, String> {
        let c = self.next_sign()?;
        self.at -= 1;
        Ok(c)
    }

    fn wrong(&self, c: u8, what: &str) -> String {
        format!("invalid character {} {what}", quoted(c))
    }
}

/// A byte as Go prints it there: the character of that code, quoted.
fn quoted(c: u8) -> String {
    match c {
        b'\'' => r"'\''".to_owned(),
        b'"' => "'\"'".to_owned(),
        _ => {
            let text = go_quote(&char::from(c).to_string());
            format!("'{}'", &text[1..text.len() - 1])
        }
    }
}

/// Go's `%q` of a string.
pub fn go_quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{7}' => out.push_str("\\a"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\u{b}' => out.push_str("\\v"),
            c if (c as u32) < 0x20 || c as u32 == 0x7f => out.push_str(&format!("\\x{:02x}", c as u32)),
            c if is_unprintable(c) && c as u32 > 0xffff => out.push_str(&format!("\\U{:08x}", c as u32)),
            c if is_unprintable(c) => out.push_str(&format!("\\u{:04x}", c as u32)),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// Whether Go's `unicode.IsPrint` refuses a character beyond ASCII: controls, blanks, format characters, private use.
fn is_unprintable(c: char) -> bool {
    let format = matches!(
        c,
        '\u{ad}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}' | '\u{180e}' | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
    );
    let private = matches!(c, '\u{e000}'..='\u{f8ff}' | '\u{f0000}'..='\u{10ffff}');
    !c.is_ascii() && (c.is_control() || c.is_whitespace() || format || private)
}

/// The index of the first byte at or after `at` that is no space.
pub fn skip_space(text: &[u8], at: usize) -> usize {
    at + text[at..].iter().take_while(|c| matches!(c, b' ' | b'\t' | b'\r' | b'\n')).count()
}

/// The index after the value that starts at `at` in checked text.
pub fn skip_value(text: &[u8], at: usize) -> usize {
    let mut at = at;
    let mut depth = 0usize;
    while let Some(c) = text.get(at) {
        match c {
            b'"' => at = skip_string(text, at),
            b'{' | b'[' => {
                depth += 1;
                at += 1;
            }
            b'}' | b']' if depth == 0 => return at,
            b'}' | b']' => {
                depth -= 1;
                at += 1;
            }
            b',' | b':' | b' ' | b'\t' | b'\r' | b'\n' if depth == 0 => return at,
            _ => at += 1,
        }
        if depth == 0 && matches!(text[at - 1], b'"' | b'}' | b']') {
            return at;
        }
    }
    at
}

/// How deep maps and lists nest in checked text.
pub fn depth(text: &[u8]) -> usize {
    let (mut at, mut open, mut deepest) = (0, 0usize, 0);
    while let Some(c) = text.get(at) {
        match c {
            b'"' => {
                at = skip_string(text, at);
                continue;
            }
            b'{' | b'[' => {
                open += 1;
                deepest = deepest.max(open);
            }
            b'}' | b']' => open = open.saturating_sub(1),
            _ => {}
        }
        at += 1;
    }
    deepest
}

/// The index after the string that starts at `at` in checked text.
pub fn skip_string(text: &[u8], at: usize) -> usize {
    let mut at = at + 1;
    loop {
        match memchr::memchr2(b'"', b'\\', &text[at..]) {
            Some(n) if text[at + n] == b'"' => return at + n + 1,
            Some(n) => at += n + 2,
            None => return text.len(),
        }
    }
}

/// The string of a checked literal, quotes included in `literal`. Broken UTF-8 and lone surrogates become U+FFFD.
pub fn unquote(literal: &[u8]) -> String {
    let inner = &literal[1..literal.len() - 1];
    if memchr::memchr(b'\\', inner).is_none() {
        return String::from_utf8_lossy(inner).into_owned();
    }
    let mut out: Vec<u8> = Vec::with_capacity(inner.len());
    let mut at = 0;
    while at < inner.len() {
        if inner[at] != b'\\' {
            out.push(inner[at]);
            at += 1;
            continue;
        }
        let (c, used) = escape(&inner[at..]);
        out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
        at += used;
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// The character of the escape at the start of the text, and its length.
fn escape(text: &[u8]) -> (char, usize) {
    let c = match text.get(1) {
        Some(b'b') => '\u{8}',
        Some(b'f') => '\u{c}',
        Some(b'n') => '\n',
        Some(b'r') => '\r',
        Some(b't') => '\t',
        Some(b'u') => return unicode_escape(text),
        Some(c) => char::from(*c),
        None => '\u{fffd}',
    };
    (c, 2)
}

fn unicode_escape(text: &[u8]) -> (char, usize) {
    let unit = |at: usize| {
        let digits = text.get(at + 2..at + 6).filter(|_| text.get(at) == Some(&b'\\') && text.get(at + 1) == Some(&b'u'))?;
        u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
    };
    let first = unit(0).unwrap_or(0xfffd);
    if (0xd800..0xdc00).contains(&first)
        && let Some(second) = unit(6).filter(|second| (0xdc00..0xe000).contains(second))
    {
        let code = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
        return (char::from_u32(code).unwrap_or('\u{fffd}'), 12);
    }
    (char::from_u32(first).unwrap_or('\u{fffd}'), 6)
}

/// `apiVersion` and `kind` of a body; empty where absent.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TypeMeta {
    pub api_version: String,
    pub kind: String,
}

/// Reads apiVersion and kind as upstream does before it knows the type: names in any case, the last one wins.
/// The error is upstream's text, `couldn't get version/kind; json parse error: ...`.
pub fn type_meta(text: &[u8]) -> Result<TypeMeta, String> {
    let wrong = |error: String| format!("couldn't get version/kind; json parse error: {error}");
    check(text).map_err(wrong)?;
    let mut meta = TypeMeta::default();
    let mut at = skip_space(text, 0);
    match text[at] {
        b'{' => at += 1,
        b'n' => return Ok(meta),
        other => {
            let ty = r#"struct { APIVersion string "json:\"apiVersion,omitempty\""; Kind string "json:\"kind,omitempty\"" }"#;
            return Err(wrong(format!("json: cannot unmarshal {} into Go value of type {ty}", kind_of(other))));
        }
    }
    loop {
        at = skip_space(text, at);
        match text[at] {
            b'}' => return Ok(meta),
            b',' => at += 1,
            _ => {
                let end = skip_string(text, at);
                let name = unquote(&text[at..end]);
                let value = skip_space(text, skip_space(text, end) + 1);
                at = skip_value(text, value);
                let (field, slot) = match name.to_ascii_lowercase().as_str() {
                    "kind" => ("kind", &mut meta.kind),
                    "apiversion" => ("apiVersion", &mut meta.api_version),
                    _ => continue,
                };
                match text[value] {
                    b'"' => *slot = unquote(&text[value..at]),
                    b'n' => {}
                    other => {
                        let kind = kind_of(other);
                        return Err(wrong(format!("json: cannot unmarshal {kind} into Go struct field .{field} of type string")));
                    }
                }
            }
        }
    }
}

/// What Go calls the kind of a value, by its first byte.
pub fn kind_of(first: u8) -> &'static str {
    match first {
        b'{' => "object",
        b'[' => "array",
        b'"' => "string",
        b't' | b'f' => "bool",
        b'n' => "null",
        _ => "number",
    }
}
