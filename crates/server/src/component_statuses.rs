//! ComponentStatuses, as far as the server itself can tell: how its store fares, under the name by which clients know a cluster's store.
//! Input: a GET. Output: an answer made on the spot.

use crate::answer::{Answer, List};
use crate::call::Call;
use crate::core::Core;
use crate::object;
use crate::query::ListOptions;
use crate::request::Verb;
use stead_api::kinds::component_status::{COMPONENT_STATUS, status};
use stead_api::registry::Kind;
use stead_api::{Status, Value, json};
use stead_store::Entry;

const STORE: &str = "etcd-0";

/// Whether a kind is this one.
pub(crate) fn serves(kind: &Kind) -> bool {
    kind.group == COMPONENT_STATUS.group && kind.kind == COMPONENT_STATUS.kind
}

/// GET of one or of all.
pub(crate) fn serve(core: &Core, call: &Call) -> Result<Answer, Status> {
    let kind = call.target.kind.clone();
    let fault = core.store.refusal().map(|refusal| refusal.to_string());
    let component = status(STORE, fault.as_deref());
    let bytes = object::to_bytes(&kind, &component);
    if call.target.verb == Verb::Get {
        return if call.target.name == STORE {
            Ok(Answer::Object { code: 200, kind, bytes: bytes.into() })
        } else {
            Err(not_found(&kind, &call.target.name))
        };
    }
    let options = ListOptions::parse(&call.query, &kind)?;
    let items = match options.selects_all() || options.selects(&kind, &component) {
        true => vec![Entry { key: STORE.into(), value: bytes.into(), created: 0, revision: 0 }],
        false => Vec::new(),
    };
    Ok(Answer::List(List { kind, metadata: json!({}), items }))
}

/// Upstream calls this resource by its singular.
fn not_found(kind: &Kind, name: &str) -> Status {
    let details: Value = json!({"name": name, "kind": kind.singular});
    Status::new(404, "NotFound", format!("{} \"{name}\" not found", kind.singular)).with_details(details)
}
