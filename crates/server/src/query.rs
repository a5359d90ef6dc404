//! Options of a request, from its query or body. Input: query pairs. Output: checked options, or the Status that refuses them.

use stead_api::Status;

/// Query pairs in order.
pub(crate) type Query = Vec<(String, String)>;

/// The first value of a parameter.
pub(crate) fn value<'a>(query: &'a Query, name: &str) -> Option<&'a str> {
    query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
}

/// How much of a write is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Run {
    /// Stored.
    Real,
    /// Everything but stored (W15).
    Dry,
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
    /// `force` of an apply.
    pub force: Option<bool>,
}

impl WriteOptions {
    pub(crate) fn parse(query: &Query) -> Result<Self, Status> {
        let run = match value(query, "dryRun") {
            None => Run::Real,
            Some("All") => Run::Dry,
            Some(other) => return Err(Status::new(422, "Invalid", format!("dryRun: Unsupported value: {other:?}"))),
        };
        let field_validation = match value(query, "fieldValidation") {
            None | Some("" | "Warn") => FieldValidation::Warn,
            Some("Ignore") => FieldValidation::Ignore,
            Some("Strict") => FieldValidation::Strict,
            Some(other) => return Err(Status::new(422, "Invalid", format!("fieldValidation: Unsupported value: {other:?}"))),
        };
        let field_manager = value(query, "fieldManager").unwrap_or_default().to_owned();
        let force = value(query, "force").map(|v| !matches!(v, "0" | "false"));
        Ok(Self { run, field_validation, field_manager, force })
    }
}
