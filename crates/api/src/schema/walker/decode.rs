//! From checked JSON text to canonical values, with Go's rules for types, nulls and repeated fields, and Go's error texts.
//! Input: a type and text that passed [`wire::json::check`]. Output: [`Decoded`] or the error Go would return.
//!
//! Go goes on after a value of the wrong type and returns the first such error at the end; types with a reader of their own
//! (quantities, times, int-or-string) end it at once.

use super::{DEPTH_MAX, DecodeError, Decoded, canonical, scalar};
use crate::{
    Map, Value,
    quantity::Quantity,
    schema::{Field, Shape, Type},
    wire::{base64, json},
};

/// Strict errors listed at most, as upstream.
const STRICT_MAX: usize = 100;

/// Decodes text that passed the syntax check.
pub(super) fn checked(ty: &'static Type, text: &[u8]) -> Result<Decoded, DecodeError> {
    let mut decoder = Decoder::new(text);
    let mut slot = None;
    decoder.value(&Target { shape: &Shape::Struct(ty), pointer: false, go: ty.go_type() }, &mut slot)?;
    if let Some(error) = decoder.saved {
        return Err(error);
    }
    Ok(Decoded { value: slot.unwrap_or_else(|| canonical::zero(ty)), strict: decoder.strict })
}

/// Where a value goes.
struct Target<'a> {
    shape: &'a Shape,
    pointer: bool,
    /// Go's name of the type.
    go: &'a str,
}

/// A step of the path that strict errors print.
enum Step {
    Name(&'static str),
    Key(String),
    Index(usize),
}

struct Decoder<'t> {
    text: &'t [u8],
    at: usize,
    /// JSON names of the struct fields on the way, and the struct that has the last one: what type errors print.
    fields: Vec<&'static str>,
    owner: Option<&'static Type>,
    path: Vec<Step>,
    strict: Vec<String>,
    saved: Option<DecodeError>,
    /// Values around the one that is read, itself included.
    depth: usize,
}

impl<'t> Decoder<'t> {
    fn new(text: &'t [u8]) -> Self {
        Self { text, at: 0, fields: Vec::new(), owner: None, path: Vec::new(), strict: Vec::new(), saved: None, depth: 0 }
    }

    /// Reads one value into the slot; an empty slot is Go's nil or zero value.
    fn value(&mut self, target: &Target<'_>, slot: &mut Option<Value>) -> Result<(), DecodeError> {
        self.at = json::skip_space(self.text, self.at);
        let first = self.peek();
        if first == b'n' {
            self.at += 4;
            null(target, slot);
            return Ok(());
        }
        if self.depth > DEPTH_MAX {
            return Err(too_deep());
        }
        self.depth += 1;
        let result = match target.shape {
            Shape::Struct(ty) if first == b'{' => self.object(ty, slot),
            Shape::Map(element) if first == b'{' => self.map(element, target.go, slot),
            Shape::List(element) if first == b'[' => self.list(element, target.go, slot),
            Shape::Raw => self.raw(slot),
            Shape::Quantity => self.quantity(slot),
            Shape::IntOrString => self.int_or_string(slot),
            Shape::Bytes if first == b'[' => self.byte_list(slot),
            Shape::Time | Shape::MicroTime => self.time(target, slot),
            _ => {
                self.plain(target, first, slot);
                Ok(())
            }
        };
        self.depth -= 1;
        result
    }

    /// Values without a reader of their own: a wrong type is remembered, and reading goes on.
    fn plain(&mut self, target: &Target<'_>, first: u8, slot: &mut Option<Value>) {
        let token = self.token();
        match (target.shape, first) {
            (Shape::Bool, b't' | b'f') => *slot = Some(Value::Bool(first == b't')),
            (Shape::String | Shape::Duration, b'"') => *slot = Some(json::unquote(token).into()),
            (Shape::Bytes, b'"') => match base64::decode(&json::unquote(token)) {
                Ok(bytes) => *slot = Some(base64::encode(&bytes).into()),
                Err(text) => self.save(DecodeError(text)),
            },
            (Shape::Int32 | Shape::Int64, b'-' | b'0'..=b'9') => match integer(target.shape, token) {
                Some(number) => *slot = Some(number.into()),
                None => self.save_type(&format!("number {}", String::from_utf8_lossy(token)), target.go),
            },
            (Shape::Double, b'-' | b'0'..=b'9') => *slot = serde_json::from_slice(token).ok(),
            _ => self.save_type(json::kind_of(first), target.go),
        }
    }

    fn object(&mut self, ty: &'static Type, slot: &mut Option<Value>) -> Result<(), DecodeError> {
        let mut slots = canonical::reopen(ty, slot.take());
        let mut seen = vec![false; ty.fields.len()];
        let mut hint = 0;
        let (fields, owner) = (self.fields.len(), self.owner);
        self.at += 1;
        while let Some(literal) = self.next_key() {
            let Some(index) = find(ty, literal, &mut hint) else {
                self.save_strict("unknown", &json::unquote(literal));
                self.token();
                continue;
            };
            let field: &'static Field = &ty.fields[index];
            if std::mem::replace(&mut seen[index], true) {
                self.save_strict("duplicate", field.name);
            }
            self.fields.extend(field.inlined);
            self.fields.push(field.name);
            self.owner = Some(ty);
            self.path.push(Step::Name(field.name));
            let go = if field.go.is_empty() { go_name(&field.shape) } else { field.go };
            self.value(&Target { shape: &field.shape, pointer: field.pointer, go }, &mut slots[index])?;
            self.path.pop();
            self.fields.truncate(fields);
            self.owner = owner;
        }
        *slot = Some(canonical::assemble(ty, slots));
        Ok(())
    }

    fn map(&mut self, element: &Shape, go: &str, slot: &mut Option<Value>) -> Result<(), DecodeError> {
        // A repeated field adds to the map.
        let mut map = match slot.take() {
            Some(Value::Object(map)) => map,
            _ => Map::new(),
        };
        let mut seen = Map::new();
        let target = Target { shape: element, pointer: false, go: go_element(go, element) };
        self.at += 1;
        while let Some(literal) = self.next_key() {
            let key = json::unquote(literal);
            if seen.insert(key.clone(), Value::Null).is_some() {
                self.save_strict("duplicate", &key);
            }
            self.path.push(Step::Key(key.clone()));
            let mut value = None;
            self.value(&target, &mut value)?;
            self.path.pop();
            map.insert(key, value.unwrap_or_else(|| canonical::zero_element(element)));
        }
        if !map.keys().is_sorted() {
            map.sort_keys();
        }
        *slot = Some(Value::Object(map));
        Ok(())
    }

    fn list(&mut self, element: &Shape, go: &str, slot: &mut Option<Value>) -> Result<(), DecodeError> {
        let mut list = Vec::new();
        let target = Target { shape: element, pointer: false, go: go_element(go, element) };
        self.at += 1;
        loop {
            self.at = json::skip_space(self.text, self.at);
            match self.peek() {
                b']' => break,
                b',' => self.at += 1,
                _ => {
                    self.path.push(Step::Index(list.len()));
                    let mut value = None;
                    self.value(&target, &mut value)?;
                    self.path.pop();
                    list.push(value.unwrap_or_else(|| canonical::zero_element(element)));
                }
            }
        }
        self.at += 1;
        *slot = Some(Value::Array(list));
        Ok(())
    }

    /// Any JSON, members in order.
    fn raw(&mut self, slot: &mut Option<Value>) -> Result<(), DecodeError> {
        let token = self.token();
        if self.depth - 1 + json::depth(token) > DEPTH_MAX {
            return Err(too_deep());
        }
        *slot = Some(serde_json::from_slice(token).map_err(|error| DecodeError(format!("json: {error}")))?);
        Ok(())
    }

    /// Quantities read the bare text of any value, escapes and all.
    fn quantity(&mut self, slot: &mut Option<Value>) -> Result<(), DecodeError> {
        let token = self.token();
        let bare = token.strip_prefix(b"\"").and_then(|t| t.strip_suffix(b"\"")).unwrap_or(token);
        let text = String::from_utf8_lossy(bare);
        let quantity = Quantity::parse(text.trim()).map_err(|error| DecodeError(error.to_string()))?;
        *slot = Some(quantity.to_string().into());
        Ok(())
    }

    /// Go reads a list of numbers as bytes, too.
    fn byte_list(&mut self, slot: &mut Option<Value>) -> Result<(), DecodeError> {
        let mut bytes = Vec::new();
        self.at += 1;
        loop {
            self.at = json::skip_space(self.text, self.at);
            match self.peek() {
                b']' => break,
                b',' => self.at += 1,
                first => {
                    let token = self.token();
                    let number = std::str::from_utf8(token).ok().and_then(|text| text.parse::<u8>().ok());
                    match (number, first) {
                        (None, b'n') => {}
                        (None, b'-' | b'0'..=b'9') => {
                            self.save_type(&format!("number {}", String::from_utf8_lossy(token)), "uint8");
                        }
                        (None, _) => self.save_type(json::kind_of(first), "uint8"),
                        (Some(_), _) => {}
                    }
                    bytes.push(number.unwrap_or_default());
                }
            }
        }
        self.at += 1;
        *slot = Some(base64::encode(&bytes).into());
        Ok(())
    }

    fn int_or_string(&mut self, slot: &mut Option<Value>) -> Result<(), DecodeError> {
        let first = self.peek();
        let token = self.token();
        *slot = match first {
            b'"' => Some(json::unquote(token).into()),
            b'-' | b'0'..=b'9' => match integer(&Shape::Int32, token) {
                Some(number) => Some(number.into()),
                None => return Err(self.type_error(&format!("number {}", String::from_utf8_lossy(token)), "int32")),
            },
            _ => return Err(self.type_error(json::kind_of(first), "int32")),
        };
        Ok(())
    }

    fn time(&mut self, target: &Target<'_>, slot: &mut Option<Value>) -> Result<(), DecodeError> {
        let first = self.peek();
        let token = self.token();
        if first != b'"' {
            return Err(self.type_error(json::kind_of(first), "string"));
        }
        let text = json::unquote(token);
        let micro = matches!(target.shape, Shape::MicroTime);
        let at = if micro { scalar::micro_time(&text) } else { scalar::time(&text) }.map_err(DecodeError)?;
        *slot = at.map(|at| if micro { at.rfc3339_micro() } else { at.rfc3339() }.into());
        Ok(())
    }

    /// The literal of the next key, after which the value follows; `None` at the closing brace, which is passed.
    fn next_key(&mut self) -> Option<&'t [u8]> {
        self.at = json::skip_space(self.text, self.at);
        if self.peek() == b',' {
            self.at = json::skip_space(self.text, self.at + 1);
        }
        if self.peek() == b'}' {
            self.at += 1;
            return None;
        }
        let start = self.at;
        let end = json::skip_string(self.text, start);
        // Past the colon.
        self.at = json::skip_space(self.text, end) + 1;
        Some(&self.text[start..end])
    }

    /// The text of the next value, which is passed.
    fn token(&mut self) -> &'t [u8] {
        let start = json::skip_space(self.text, self.at);
        self.at = json::skip_value(self.text, start);
        &self.text[start..self.at]
    }

    fn peek(&self) -> u8 {
        self.text.get(self.at).copied().unwrap_or_default()
    }

    fn save(&mut self, error: DecodeError) {
        self.saved.get_or_insert(error);
    }

    fn save_type(&mut self, value: &str, go: &str) {
        let error = self.type_error(value, go);
        self.save(error);
    }

    fn type_error(&self, value: &str, go: &str) -> DecodeError {
        let place = match self.owner {
            Some(owner) => format!("struct field {}.{}", owner.short_name(), self.fields.join(".")),
            None => "value".to_owned(),
        };
        DecodeError(format!("json: cannot unmarshal {value} into Go {place} of type {go}"))
    }

    /// Remembers an unknown or duplicate field; each text once.
    fn save_strict(&mut self, what: &str, name: &str) {
        let mut path = String::new();
        for step in &self.path {
            match step {
                Step::Index(index) => path.push_str(&format!("[{index}]")),
                Step::Name(name) => push_name(&mut path, name),
                Step::Key(key) => push_name(&mut path, key),
            }
        }
        push_name(&mut path, name);
        let text = format!("{what} field {}", json::go_quote(&path));
        if self.strict.len() < STRICT_MAX && !self.strict.contains(&text) {
            self.strict.push(text);
        }
    }
}

fn too_deep() -> DecodeError {
    DecodeError("json: exceeded max depth".to_owned())
}

fn push_name(path: &mut String, name: &str) {
    if !path.is_empty() {
        path.push('.');
    }
    path.push_str(name);
}

/// Null empties what can be nil and leaves other values as they are.
fn null(target: &Target<'_>, slot: &mut Option<Value>) {
    let scalar = matches!(
        target.shape,
        Shape::Bool | Shape::Int32 | Shape::Int64 | Shape::Double | Shape::String | Shape::Duration | Shape::Struct(_)
    );
    if target.pointer || !scalar {
        *slot = None;
    }
}

/// The field of that quoted name. Clients mostly send fields in order or sorted, so the search starts after the last hit.
fn find(ty: &'static Type, literal: &[u8], hint: &mut usize) -> Option<usize> {
    let name = &literal[1..literal.len() - 1];
    let unquoted;
    let name = if name.contains(&b'\\') {
        unquoted = json::unquote(literal);
        unquoted.as_bytes()
    } else {
        name
    };
    let count = ty.fields.len();
    let index = (*hint..count).chain(0..*hint).find(|index| ty.fields[*index].name.as_bytes() == name)?;
    *hint = index + 1;
    Some(index)
}

fn integer(shape: &Shape, token: &[u8]) -> Option<i64> {
    let number: i64 = std::str::from_utf8(token).ok()?.parse().ok()?;
    (!matches!(shape, Shape::Int32) || i32::try_from(number).is_ok()).then_some(number)
}

/// Go's name of the elements of a list or map type.
fn go_element<'a>(go: &'a str, element: &'a Shape) -> &'a str {
    if let Some(element) = go.strip_prefix("[]") {
        return element;
    }
    if go.starts_with("map[")
        && let Some(end) = go.find(']')
    {
        return &go[end + 1..];
    }
    go_name(element)
}

/// Go's name of a type that the table does not name.
fn go_name(shape: &Shape) -> &'static str {
    match shape {
        Shape::Bool => "bool",
        Shape::Int32 => "int32",
        Shape::Int64 => "int64",
        Shape::Double => "float64",
        Shape::String | Shape::Duration => "string",
        Shape::Bytes => "[]uint8",
        Shape::Time => "v1.Time",
        Shape::MicroTime => "v1.MicroTime",
        Shape::Quantity => "resource.Quantity",
        Shape::IntOrString => "intstr.IntOrString",
        Shape::Raw => "runtime.RawExtension",
        Shape::Struct(ty) => ty.go_type(),
        Shape::List(_) => "[]string",
        Shape::Map(_) => "map[string]string",
    }
}
