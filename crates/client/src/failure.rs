//! Why a call failed.

use stead_api::{Status, Value, value::Access};

/// The reason of a creation that was refused because its namespace is being terminated.
pub const NAMESPACE_TERMINATING: &str = "NamespaceTerminating";

/// Why a call failed.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Failure {
    #[error("{}", .0.message)]
    Refused(Refusal),
    /// Nothing is known of the outcome: no answer came, or none that can be read.
    #[error("no answer from the API server: {0}")]
    NoAnswer(String),
}

/// A Status that says no.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The HTTP status.
    pub code: u16,
    pub reason: String,
    pub message: String,
}

impl Failure {
    pub(crate) fn no_answer(error: impl std::fmt::Display) -> Self {
        Self::NoAnswer(error.to_string())
    }

    /// The Status' reason, or [`NAMESPACE_TERMINATING`]; empty if there is none.
    pub fn reason(&self) -> &str {
        match self {
            Self::Refused(refusal) => &refusal.reason,
            Self::NoAnswer(_) => "",
        }
    }

    /// The server says, in words, that there is no such object.
    pub fn is_not_found(&self) -> bool {
        self.reason() == "NotFound"
    }

    /// The object is not there, or is not the one meant.
    pub fn is_gone(&self) -> bool {
        matches!(self, Self::Refused(Refusal { code: 404 | 409, .. }))
    }
}

impl From<Status> for Failure {
    fn from(status: Status) -> Self {
        let reason = reason(status.reason, status.details.as_ref().unwrap_or(&Value::Null)).to_owned();
        Self::Refused(Refusal { code: status.code, reason, message: status.message })
    }
}

/// A Status' reason. A terminating namespace is told apart from what is forbidden by a cause alone (ALL-10).
pub(crate) fn reason<'a>(reason: &'a str, details: &Value) -> &'a str {
    let terminates = details.items("causes").iter().any(|cause| cause.str("reason") == NAMESPACE_TERMINATING);
    if terminates { NAMESPACE_TERMINATING } else { reason }
}
