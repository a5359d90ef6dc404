//! Options of lists and watches (L2-L4, L9-L13, S1-S3).

use super::{Query, flag, integer, invalid_options, parse_uint, value};
use stead_api::field::{self, Errors, Path};
use stead_api::registry::Kind;
use stead_api::selector::{FieldSelector, LabelSelector};
use stead_api::{Status, Value};

/// `resourceVersionMatch`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Match {
    Unset,
    Exact,
    NotOlderThan,
}

/// Checked options of a list or watch.
#[derive(Debug, Clone)]
pub(crate) struct ListOptions {
    pub labels: LabelSelector,
    pub fields: FieldSelector,
    /// As it was sent: it is read where its error text is known.
    pub resource_version: String,
    pub resource_version_match: Match,
    /// 0: none.
    pub limit: usize,
    /// Empty: the first page.
    pub continue_token: String,
    pub timeout_s: Option<u64>,
    pub send_initial_events: Option<bool>,
    pub bookmarks: bool,
}

impl ListOptions {
    pub(crate) fn parse(query: &Query, kind: &Kind) -> Result<Self, Status> {
        let timeout_s = integer(query, "timeoutSeconds")?;
        let limit = integer(query, "limit")?.unwrap_or_default();
        let labels = LabelSelector::parse(value(query, "labelSelector").unwrap_or_default()).map_err(Status::bad_request)?;
        let fields = FieldSelector::parse(value(query, "fieldSelector").unwrap_or_default()).map_err(Status::bad_request)?;
        let errors = check(query);
        if !errors.is_empty() {
            return Err(invalid_options("ListOptions", &errors));
        }
        fields.check(kind).map_err(Status::bad_request)?;
        Ok(Self {
            labels,
            fields,
            resource_version: value(query, "resourceVersion").unwrap_or_default().to_owned(),
            resource_version_match: match value(query, "resourceVersionMatch") {
                Some("Exact") => Match::Exact,
                Some("NotOlderThan") => Match::NotOlderThan,
                _ => Match::Unset,
            },
            limit: usize::try_from(limit).unwrap_or_default(),
            continue_token: value(query, "continue").unwrap_or_default().to_owned(),
            timeout_s: timeout_s.and_then(|s| u64::try_from(s).ok()).filter(|s| *s > 0),
            send_initial_events: flag(query, "sendInitialEvents"),
            bookmarks: flag(query, "allowWatchBookmarks").unwrap_or_default(),
        })
    }

    /// Whether nothing is selected, so that stored bytes need not be read.
    pub(crate) fn selects_all(&self) -> bool {
        self.labels.is_everything() && self.fields.is_everything()
    }

    pub(crate) fn selects(&self, kind: &Kind, object: &Value) -> bool {
        self.labels.matches_object(object) && self.fields.matches(kind, object)
    }

    /// The version asked for; 0 if none, and for `0`.
    pub(crate) fn version(&self) -> Result<u64, String> {
        match self.resource_version.as_str() {
            "" => Ok(0),
            text => parse_uint(text).map_err(|why| format!("resourceVersion: Invalid value: {text:?}: {why}")),
        }
    }
}

fn check(query: &Query) -> Errors {
    let mut errors = Vec::new();
    let path = Path::new("resourceVersionMatch");
    let mut forbid = |detail: &str| errors.push(field::forbidden(&path, detail));
    let given = value(query, "resourceVersionMatch").unwrap_or_default();
    let version = value(query, "resourceVersion").unwrap_or_default();
    let continued = value(query, "continue").is_some_and(|token| !token.is_empty());
    let initial = flag(query, "sendInitialEvents").is_some();
    if flag(query, "watch").unwrap_or_default() {
        if initial && given != "NotOlderThan" {
            forbid("sendInitialEvents requires setting resourceVersionMatch to NotOlderThan");
        }
        if !given.is_empty() && !initial {
            forbid("resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided");
        }
        if !given.is_empty() && given != "NotOlderThan" {
            errors.push(field::not_supported(&path, given, &["NotOlderThan"]));
        }
        if continued {
            errors.push(field::forbidden(&path, "resourceVersionMatch is forbidden when continue is provided"));
        }
        return errors;
    }
    if !given.is_empty() {
        if version.is_empty() {
            forbid("resourceVersionMatch is forbidden unless resourceVersion is provided");
        }
        if continued {
            forbid("resourceVersionMatch is forbidden when continue is provided");
        }
        if given == "Exact" && version == "0" {
            forbid("resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"");
        }
        if !matches!(given, "Exact" | "NotOlderThan") {
            errors.push(field::not_supported(&path, given, &["Exact", "NotOlderThan", ""]));
        }
    }
    if initial {
        errors.push(field::forbidden(&Path::new("sendInitialEvents"), "sendInitialEvents is forbidden for list"));
    }
    errors
}
