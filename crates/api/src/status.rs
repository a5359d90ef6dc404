//! The wire error: `v1.Status` failures as Kubernetes words them.

use crate::{Value, field, json, registry::Kind, wire::json::go_quote};

/// A failure answer. `Display` is its message.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{message}")]
pub struct Status {
    /// HTTP status code.
    pub code: u16,
    /// Empty where upstream gives none.
    pub reason: &'static str,
    pub message: String,
    /// `details`; `None` leaves the member out.
    pub details: Option<Value>,
    /// `metadata`, e.g. with a fresh continue token; `{}` normally.
    pub metadata: Value,
}

impl Status {
    pub fn new(code: u16, reason: &'static str, message: impl Into<String>) -> Self {
        Self { code, reason, message: message.into(), details: None, metadata: json!({}) }
    }

    pub fn with_details(mut self, details: Value) -> Self {
        self.details = Some(details);
        self
    }

    /// `pods "x" not found`.
    pub fn not_found(kind: &Kind, name: &str) -> Self {
        Self::new(404, "NotFound", format!("{} {} not found", kind.qualified_resource(), go_quote(name))).with_details(kind.details(name))
    }

    /// `configmaps "x" already exists`.
    pub fn already_exists(kind: &Kind, name: &str) -> Self {
        Self::new(409, "AlreadyExists", format!("{} {} already exists", kind.qualified_resource(), go_quote(name)))
            .with_details(kind.details(name))
    }

    /// `Operation cannot be fulfilled on <resource> "x": <why>`.
    pub fn conflict(kind: &Kind, name: &str, why: &str) -> Self {
        Self::new(409, "Conflict", format!("Operation cannot be fulfilled on {} \"{name}\": {why}", kind.qualified_resource()))
            .with_details(kind.details(name))
    }

    /// `<resource> "x" is forbidden: <why>`.
    pub fn forbidden(kind: &Kind, name: &str, why: &str) -> Self {
        let what = kind.qualified_resource();
        let message =
            if name.is_empty() { format!("{what} is forbidden: {why}") } else { format!("{what} \"{name}\" is forbidden: {why}") };
        Self::new(403, "Forbidden", message).with_details(kind.details(name))
    }

    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, "BadRequest", message)
    }

    /// `Internal error occurred: <why>`.
    pub fn internal(why: &str) -> Self {
        Self::new(500, "InternalError", format!("Internal error occurred: {why}")).with_details(json!({"causes": [{"message": why}]}))
    }

    /// 422 of one or several field errors, in upstream's words.
    pub fn invalid(kind: &Kind, name: &str, errors: &field::Errors) -> Self {
        // It is judged as what it is stored as.
        let (group, _) = kind.stored_group_version();
        let what = if group.is_empty() { kind.kind.to_owned() } else { format!("{}.{group}", kind.kind) };
        // An aggregate prints each distinct message once.
        let mut texts: Vec<String> = Vec::new();
        for error in errors {
            let text = error.to_string();
            if !texts.contains(&text) {
                texts.push(text);
            }
        }
        let list = if texts.len() == 1 { texts.remove(0) } else { format!("[{}]", texts.join(", ")) };
        let mut causes: Vec<Value> = Vec::new();
        for error in errors {
            let cause = json!({"reason": error.reason(), "message": error.body(), "field": error.path.as_str()});
            if !causes.contains(&cause) {
                causes.push(cause);
            }
        }
        let mut details = json!({});
        if !name.is_empty() {
            details["name"] = name.into();
        }
        if !group.is_empty() {
            details["group"] = group.into();
        }
        details["kind"] = kind.kind.into();
        details["causes"] = causes.into();
        Self::new(422, "Invalid", format!("{what} \"{name}\" is invalid: {list}")).with_details(details)
    }

    /// The JSON document.
    pub fn body(&self) -> Value {
        let mut body = json!({
            "kind": "Status", "apiVersion": "v1", "metadata": self.metadata, "status": "Failure", "message": self.message,
        });
        if !self.reason.is_empty() {
            body["reason"] = self.reason.into();
        }
        if let Some(details) = &self.details {
            body["details"] = details.clone();
        }
        body["code"] = self.code.into();
        body
    }
}
