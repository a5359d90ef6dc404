//! GET of a collection (L1-L4): which version, which page, which objects.

use crate::answer::{Answer, List};
use crate::call::Call;
use crate::cluster::Cluster;
use crate::core::Core;
use crate::keys;
use crate::query::{ListOptions, Match};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use stead_api::registry::Kind;
use stead_api::{Status, Value, json};
use stead_store::{Entry, Page, ReadError};

/// How long a list waits for a version that is not reached yet (L2), and how often it looks.
const WAIT_MS: u64 = 3000;
const WAIT_STEP_MS: u64 = 100;

pub(crate) async fn list(core: &Core, call: &mut Call) -> Result<Answer, Status> {
    let kind = call.target.kind.clone();
    let options = ListOptions::parse(&call.query, &kind)?;
    let found = find(core, &kind, &call.target.namespace, &options).await?;
    Ok(Answer::List(List { kind, metadata: found.metadata, items: found.entries }))
}

/// One page of a collection.
pub(crate) struct Found {
    pub entries: Vec<Entry>,
    /// The list's metadata.
    pub metadata: Value,
}

/// Where the next page starts.
struct Cursor {
    revision: u64,
    /// The storage key, below the prefix, that the last page ended with.
    after: String,
}

/// The page that the options ask for.
pub(crate) async fn find(cluster: &Cluster, kind: &Kind, namespace: &str, options: &ListOptions) -> Result<Found, Status> {
    let prefix = keys::prefix(kind, namespace);
    let cursor = match options.continue_token.as_str() {
        "" => None,
        token => Some(Cursor::parse(token).map_err(Status::bad_request)?),
    };
    // With resourceVersion=0 upstream answers from its cache, which knows no pages.
    let from_cache = options.resource_version == "0" && options.resource_version_match != Match::Exact;
    let limit = if from_cache { 0 } else { options.limit };
    let at = snapshot(cluster, options, cursor.as_ref()).await?;
    let after = cursor.as_ref().map(|cursor| format!("{prefix}{}", cursor.after));
    let read = |after: Option<&str>, limit, at| {
        cluster.store.range(&prefix, after, limit, at).map_err(|error| expired(&error, options, cursor.as_ref(), cluster))
    };
    let mut page = read(after.as_deref(), if options.selects_all() { limit } else { 0 }, at)?;
    let mut metadata = json!({"resourceVersion": page.revision.to_string()});
    if options.selects_all() {
        if page.remaining > 0 {
            metadata["continue"] = Cursor::after(&prefix, &page).into();
            metadata["remainingItemCount"] = page.remaining.into();
        }
        return Ok(Found { entries: page.entries, metadata });
    }
    let total = page.entries.len();
    let mut seen = 0;
    let mut picked = Vec::new();
    for entry in page.entries.drain(..) {
        if limit > 0 && picked.len() == limit {
            break;
        }
        seen += 1;
        if cluster.selected(kind, options, &entry)? {
            picked.push(entry);
        }
    }
    page.entries = picked;
    if seen < total {
        metadata["continue"] = Cursor::after(&prefix, &page).into();
    }
    Ok(Found { entries: page.entries, metadata })
}

/// The revision to read at; `None`: the newest.
async fn snapshot(cluster: &Cluster, options: &ListOptions, cursor: Option<&Cursor>) -> Result<Option<u64>, Status> {
    let version = match cursor {
        Some(_) if !matches!(options.resource_version.as_str(), "" | "0") => {
            return Err(Status::bad_request("specifying resource version is not allowed when using continue"));
        }
        Some(cursor) => return Ok(Some(cursor.revision)),
        None => options.version().map_err(|why| Status::bad_request(format!("invalid resource version: {why}")))?,
    };
    if version == 0 {
        return Ok(None);
    }
    wait_for(cluster, version).await?;
    let exact = match options.resource_version_match {
        Match::Exact => true,
        Match::NotOlderThan => false,
        Match::Unset => options.limit > 0,
    };
    Ok(exact.then_some(version))
}

/// Waits a little for a version from the future (E10).
async fn wait_for(cluster: &Cluster, version: u64) -> Result<(), Status> {
    let mut waited = 0;
    while cluster.store.revision() < version {
        if waited >= WAIT_MS {
            let current = cluster.store.revision();
            let details = json!({
                "causes": [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}],
                "retryAfterSeconds": 1,
            });
            let message = format!("Timeout: Too large resource version: {version}, current: {current}");
            return Err(Status::new(504, "Timeout", message).with_details(details));
        }
        cluster.environment.sleep(WAIT_STEP_MS).await;
        waited += WAIT_STEP_MS;
    }
    Ok(())
}

/// E9. An expired token is answered with a fresh one that goes on at the newest version.
fn expired(error: &ReadError, options: &ListOptions, cursor: Option<&Cursor>, cluster: &Cluster) -> Status {
    match (error, cursor) {
        (ReadError::Compacted { .. }, Some(cursor)) => {
            let mut status = Status::new(
                410,
                "Expired",
                "The provided continue parameter is too old to display a consistent list result. You can start a new list without the \
                 continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with \
                 the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the \
                 first chunk was returned and now may show up in the list.",
            );
            let fresh = Cursor { revision: cluster.store.revision(), after: cursor.after.clone() };
            status.metadata = json!({"continue": fresh.token()});
            status
        }
        (ReadError::Compacted { .. }, None) => Status::new(410, "Expired", "The resourceVersion for the provided list is too old."),
        (ReadError::Future { newest, .. }, _) => {
            Status::new(504, "Timeout", format!("Timeout: Too large resource version: {}, current: {newest}", options.resource_version))
        }
    }
}

/// Version of the token's form.
const TOKEN_VERSION: &str = "meta.k8s.io/v1";

impl Cursor {
    /// The token of the page after this one.
    fn after(prefix: &str, page: &Page) -> String {
        let last = page.entries.last().map(|entry| &entry.key[prefix.len()..]).unwrap_or_default();
        Self { revision: page.revision, after: last.to_owned() }.token()
    }

    /// Like upstream's, the token names the first key that may come next: the last one and a zero byte.
    fn token(&self) -> String {
        URL_SAFE_NO_PAD.encode(json!({"v": TOKEN_VERSION, "rv": self.revision, "start": format!("{}\0", self.after)}).to_string())
    }

    fn parse(token: &str) -> Result<Self, String> {
        let invalid = |why: &str| format!("invalid continue token: continue key is not valid: {why}");
        let bytes = URL_SAFE_NO_PAD.decode(token.trim_end_matches('=')).map_err(|error| match error {
            base64::DecodeError::InvalidByte(at, _) => invalid(&format!("illegal base64 data at input byte {at}")),
            _ => invalid(&format!("illegal base64 data at input byte {}", token.len())),
        })?;
        stead_api::wire::json::check(&bytes).map_err(|why| invalid(&why))?;
        let document: Value = serde_json::from_slice(&bytes).map_err(|error| invalid(&error.to_string()))?;
        let version = document["v"].as_str().unwrap_or_default();
        if version != TOKEN_VERSION {
            return Err(invalid(&format!("server does not recognize this encoded version {version}")));
        }
        let revision = document["rv"].as_u64().filter(|revision| *revision > 0);
        let revision = revision.ok_or_else(|| invalid("incorrect encoded start resourceVersion (version meta.k8s.io/v1)"))?;
        let start = document["start"].as_str().unwrap_or_default();
        if start.is_empty() {
            return Err(invalid("empty encoded start key (version meta.k8s.io/v1)"));
        }
        if start.split('/').any(|part| part == "..") {
            return Err(invalid(start));
        }
        Ok(Self { revision, after: start.strip_suffix('\0').unwrap_or(start).to_owned() })
    }
}
