//! GET of a collection (L1-L4).

use crate::answer::Answer;
use crate::app::Core;
use crate::keys;
use crate::registry::Call;
use stead_api::Status;
use stead_api::registry::Kind;
use stead_store::Entry;

pub(crate) async fn list(core: &Core, call: &mut Call) -> Result<Answer, Status> {
    let kind = call.target.kind;
    let page = core
        .store
        .range(&keys::prefix(kind, &call.target.namespace), None, 0, None)
        .map_err(|error| Status::internal(&error.to_string()))?;
    Ok(Answer::List { bytes: document(kind, page.revision, &page.entries).into() })
}

/// The list document, spliced from stored bytes.
fn document(kind: &Kind, revision: u64, entries: &[Entry]) -> Vec<u8> {
    let size: usize = entries.iter().map(|entry| entry.value.len()).sum();
    let mut out = Vec::with_capacity(size + 128);
    out.extend_from_slice(
        format!(
            r#"{{"kind":"{}List","apiVersion":"{}","metadata":{{"resourceVersion":"{revision}"}},"items":["#,
            kind.kind,
            kind.api_version()
        )
        .as_bytes(),
    );
    let head = item_head(kind);
    for (i, entry) in entries.iter().enumerate() {
        if i > 0 {
            out.push(b',');
        }
        out.push(b'{');
        out.extend_from_slice(entry.value.strip_prefix(head.as_bytes()).unwrap_or(&entry.value[1..]));
    }
    out.extend_from_slice(b"]}\n");
    out
}

/// What stored bytes begin with and list items leave out.
fn item_head(kind: &Kind) -> String {
    format!(r#"{{"kind":"{}","apiVersion":"{}","#, kind.kind, kind.api_version())
}
