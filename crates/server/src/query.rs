//! Options of a request, from its query or body. Input: query pairs. Output: checked options, or the Status that refuses them.

mod delete;
mod list;

pub(crate) use delete::{DeleteOptions, Propagation, Unreadable};
pub(crate) use list::{ListOptions, Match};

pub(crate) use stead_api::allocation::Run;
use stead_api::field::{self, Errors, Path};
use stead_api::{Status, Value, json};

/// Query pairs in order.
pub(crate) type Query = Vec<(String, String)>;

/// The first value of a parameter.
pub(crate) fn value<'a>(query: &'a Query, name: &str) -> Option<&'a str> {
    query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
}

/// A boolean parameter: anything but `0` and `false` is true.
pub(crate) fn flag(query: &Query, name: &str) -> Option<bool> {
    value(query, name).map(|value| !matches!(value, "0" | "false"))
}

/// Splits a query string; pairs that do not decode are left out, as Go leaves them out.
pub(crate) fn parse(query: &str) -> Query {
    let sound = |pair: &&str| {
        let bytes = pair.as_bytes();
        let escapes = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'%');
        !pair.contains(';')
            && escapes.into_iter().all(|(i, _)| bytes.get(i + 1..i + 3).is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit)))
    };
    query.split('&').filter(sound).flat_map(|pair| form_urlencoded::parse(pair.as_bytes()).into_owned()).collect()
}

/// An integer parameter, read as Go reads it.
pub(crate) fn integer(query: &Query, name: &str) -> Result<Option<i64>, Status> {
    value(query, name).map(|text| parse_int(text).map_err(Status::bad_request)).transpose()
}

/// `strconv.ParseInt` with its texts.
pub(crate) fn parse_int(text: &str) -> Result<i64, String> {
    text.parse::<i64>().map_err(|_| number_error("ParseInt", text))
}

/// `strconv.ParseUint` with its texts.
pub(crate) fn parse_uint(text: &str) -> Result<u64, String> {
    if text.starts_with('+') {
        return Err(number_error("ParseUint", text));
    }
    text.parse::<u64>().map_err(|_| number_error("ParseUint", text))
}

fn number_error(function: &str, text: &str) -> String {
    let digits = text.strip_prefix(['+', '-']).filter(|_| function == "ParseInt").unwrap_or(text);
    let why = if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) { "value out of range" } else { "invalid syntax" };
    format!("strconv.{function}: parsing {text:?}: {why}")
}

/// 422 of the options type `CreateOptions`, `ListOptions`, ...
pub(crate) fn invalid_options(kind: &str, errors: &Errors) -> Status {
    let mut texts: Vec<String> = Vec::new();
    for text in errors.iter().map(ToString::to_string) {
        if !texts.contains(&text) {
            texts.push(text);
        }
    }
    let list = if texts.len() == 1 { texts.remove(0) } else { format!("[{}]", texts.join(", ")) };
    let causes: Vec<Value> = errors.iter().map(|e| json!({"reason": e.reason(), "message": e.body(), "field": e.path.as_str()})).collect();
    Status::new(422, "Invalid", format!("{kind}.meta.k8s.io \"\" is invalid: {list}"))
        .with_details(json!({"group": "meta.k8s.io", "kind": kind, "causes": causes}))
}

/// What to do about unknown and duplicate fields (W16).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FieldValidation {
    Ignore,
    Warn,
    Strict,
}

/// Options of POST, PUT and PATCH.
#[derive(Debug, Clone)]
pub(crate) struct WriteOptions {
    pub run: Run,
    pub field_validation: FieldValidation,
    /// Empty: not given.
    pub field_manager: String,
}

/// Which options type a write has, for its error texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Write {
    Create,
    Update,
    Patch,
    /// PATCH with a document that is applied.
    Apply,
}

impl Write {
    fn options_kind(self) -> &'static str {
        match self {
            Self::Create => "CreateOptions",
            Self::Update => "UpdateOptions",
            Self::Patch | Self::Apply => "PatchOptions",
        }
    }
}

/// The longest name of a field manager, in bytes (W17).
pub(crate) const MANAGER_BYTES_MAX: usize = 128;

impl WriteOptions {
    pub(crate) fn parse(query: &Query, write: Write) -> Result<Self, Status> {
        let mut errors = Vec::new();
        let field_manager = value(query, "fieldManager").unwrap_or_default().to_owned();
        if write == Write::Patch && flag(query, "force").is_some() {
            errors.push(field::forbidden(&Path::new("force"), "may not be specified for non-apply patch"));
        }
        if write == Write::Apply && field_manager.is_empty() {
            errors.push(field::required(&Path::new("fieldManager"), "is required for apply patch"));
        }
        errors.extend(check_manager(&field_manager));
        let run = check_dry_run(&dry_run_values(query), &mut errors);
        let field_validation = match value(query, "fieldValidation") {
            None | Some("" | "Warn") => FieldValidation::Warn,
            Some("Ignore") => FieldValidation::Ignore,
            Some("Strict") => FieldValidation::Strict,
            Some(other) => {
                errors.push(field::not_supported(&Path::new("fieldValidation"), other, &["", "Ignore", "Strict", "Warn"]));
                FieldValidation::Strict
            }
        };
        if errors.is_empty() {
            Ok(Self { run, field_validation, field_manager })
        } else {
            Err(invalid_options(write.options_kind(), &errors))
        }
    }
}

fn dry_run_values(query: &Query) -> Vec<String> {
    query.iter().filter(|(key, _)| key == "dryRun").map(|(_, value)| value.clone()).collect()
}

/// `dryRun` is empty or holds nothing but `All` (W15).
fn check_dry_run(values: &[String], errors: &mut Errors) -> Run {
    if values.iter().any(|value| value != "All") {
        errors.push(field::not_supported(&Path::new("dryRun"), values.to_vec(), &["All"]));
    }
    if values.is_empty() { Run::Real } else { Run::Dry }
}

fn check_manager(manager: &str) -> Errors {
    let path = Path::new("fieldManager");
    let mut errors = Vec::new();
    if manager.len() > MANAGER_BYTES_MAX {
        errors.push(field::too_long(&path, MANAGER_BYTES_MAX));
    }
    for (at, c) in manager.char_indices().filter(|(_, c)| c.is_control()) {
        errors.push(field::invalid(&path, manager, &format!("invalid character {} (at position {at})", unicode(c))));
    }
    errors
}

fn unicode(c: char) -> String {
    format!("U+{:04X}", u32::from(c))
}

#[cfg(test)]
mod tests;
