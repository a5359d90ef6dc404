//! RuntimeClass (M10). There are no RuntimeClasses yet, so no pod may name one or bring an overhead.

use super::{Attributes, Plugin, ready};
use futures::future::BoxFuture;
use stead_api::registry::Kind;
use stead_api::value::Access;
use stead_api::{Status, Value};

#[derive(Debug)]
pub(super) struct RuntimeClass;

impl Plugin for RuntimeClass {
    fn name(&self) -> &'static str {
        "RuntimeClass"
    }

    fn handles(&self, attributes: &Attributes<'_>) -> bool {
        attributes.is_create_of("Pod")
    }

    fn mutate<'a>(&'a self, attributes: &'a Attributes<'_>, object: &'a mut Value) -> BoxFuture<'a, Result<(), Status>> {
        ready(check(&attributes.target.kind, object))
    }
}

fn check(kind: &Kind, pod: &Value) -> Result<(), Status> {
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
