//! GET of one object (L5).

use crate::answer::Answer;
use crate::call::Call;
use crate::core::Core;
use crate::query;
use stead_api::Status;

pub(crate) fn get(core: &Core, call: &Call) -> Result<Answer, Status> {
    let target = &call.target;
    if let Some(version) = query::value(&call.query, "resourceVersion").filter(|version| !version.is_empty()) {
        query::parse_uint(version).map_err(|why| Status::new(500, "", format!("resourceVersion: Invalid value: {version:?}: {why}")))?;
    }
    let entry = core.store.get(&call.key()).ok_or_else(|| Status::not_found(&target.kind, &target.name))?;
    Ok(Answer::Object { code: 200, kind: target.kind.clone(), bytes: entry.value })
}
