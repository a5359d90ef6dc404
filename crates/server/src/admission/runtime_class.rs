//! RuntimeClass (M10). There are no RuntimeClasses yet, so no pod may name one or bring an overhead.

use stead_api::registry::Kind;
use stead_api::value::Access;
use stead_api::{Status, Value};

pub(super) fn create(kind: &Kind, pod: &Value) -> Result<(), Status> {
    let name = pod["metadata"].str("name");
    let class = pod["spec"].str("runtimeClassName");
    if !class.is_empty() {
        return Err(Status::forbidden(kind, name, &format!("pod rejected: RuntimeClass {class:?} not found")));
    }
    if pod["spec"].map("overhead").is_some_and(|overhead| !overhead.is_empty()) {
        return Err(Status::forbidden(kind, name, "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead"));
    }
    Ok(())
}
