//! Priority (M9). There are no PriorityClasses yet but the two of the system.

use super::{Attributes, Operation, Plugin, ready};
use futures::future::BoxFuture;
use stead_api::registry::{Kind, Part};
use stead_api::value::Access;
use stead_api::{Status, Value};

const SYSTEM_CLASSES: &[(&str, i64)] = &[("system-cluster-critical", 2_000_000_000), ("system-node-critical", 2_000_001_000)];
const DEFAULT_POLICY: &str = "PreemptLowerPriority";

#[derive(Debug)]
pub(super) struct Priority;

impl Plugin for Priority {
    fn name(&self) -> &'static str {
        "Priority"
    }

    fn handles(&self, attributes: &Attributes<'_>) -> bool {
        attributes.is_about("Pod") && matches!(attributes.operation, Operation::Create | Operation::Update { part: Part::Main, .. })
    }

    fn mutate<'a>(&'a self, attributes: &'a Attributes<'_>, object: &'a mut Value) -> BoxFuture<'a, Result<(), Status>> {
        ready(match attributes.operation {
            Operation::Create => create(&attributes.target.kind, object),
            Operation::Update { old, .. } => {
                update(object, old);
                Ok(())
            }
            Operation::Delete => Ok(()),
        })
    }
}

fn create(kind: &Kind, pod: &mut Value) -> Result<(), Status> {
    let name = pod["metadata"].str("name").to_owned();
    let class = pod["spec"].str("priorityClassName").to_owned();
    let priority = match class.as_str() {
        "" => 0,
        class => match SYSTEM_CLASSES.iter().find(|(known, _)| *known == class) {
            Some((_, priority)) => *priority,
            None => return Err(Status::forbidden(kind, &name, &format!("no PriorityClass with name {class} was found"))),
        },
    };
    let given = pod["spec"].int("priority");
    if let Some(given) = given.filter(|given| *given != priority) {
        let why = format!(
            "the integer value of priority ({given}) must not be provided in pod spec; priority admission controller computed {priority} from the given PriorityClass name"
        );
        return Err(Status::forbidden(kind, &name, &why));
    }
    let policy = pod["spec"].str("preemptionPolicy").to_owned();
    if !policy.is_empty() && policy != DEFAULT_POLICY {
        let why = format!(
            "the string value of PreemptionPolicy ({policy}) must not be provided in pod spec; priority admission controller computed \
             {DEFAULT_POLICY} from the given PriorityClass name"
        );
        return Err(Status::forbidden(kind, &name, &why));
    }
    let Some(spec) = pod.get_mut("spec").filter(|spec| spec.is_object()) else { return Ok(()) };
    spec["priority"] = priority.into();
    spec["preemptionPolicy"] = DEFAULT_POLICY.into();
    Ok(())
}

/// What was decided at creation stands.
fn update(pod: &mut Value, old: &Value) {
    let Some(spec) = pod.get_mut("spec").filter(|spec| spec.is_object()) else { return };
    for field in ["priority", "preemptionPolicy"] {
        if !spec.has(field)
            && let Some(value) = old["spec"].get(field)
        {
            spec[field] = value.clone();
        }
    }
}
