//! Priority (M9): a pod's priority and preemption policy are those of its class, or of the default class. One class is the default.

use super::{Attributes, Operation, Plugin, ready};
use crate::cluster::Cluster;
use futures::future::BoxFuture;
use std::sync::Arc;
use stead_api::kinds::priority_class::{DEFAULT_POLICY, SYSTEM};
use stead_api::registry::Part;
use stead_api::value::Access;
use stead_api::{Status, Value};

#[derive(Debug)]
pub(super) struct Priority;

impl Plugin for Priority {
    fn name(&self) -> &'static str {
        "Priority"
    }

    fn handles(&self, attributes: &Attributes<'_>) -> bool {
        let written = matches!(attributes.operation, Operation::Create | Operation::Update { part: Part::Main, .. });
        (attributes.is_about("Pod") && written) || is_class(attributes)
    }

    fn mutate<'a>(&'a self, attributes: &'a Attributes<'_>, object: &'a mut Value) -> BoxFuture<'a, Result<(), Status>> {
        ready(match attributes.operation {
            Operation::Delete if is_class(attributes) => keep_system(attributes),
            _ if is_class(attributes) => Ok(()),
            Operation::Create => create(attributes, object),
            Operation::Update { old, .. } => {
                update(object, old);
                Ok(())
            }
            Operation::Delete => Ok(()),
        })
    }

    fn validate<'a>(&'a self, attributes: &'a Attributes<'_>, object: &'a Value) -> BoxFuture<'a, Result<Vec<String>, Status>> {
        ready(one_default(attributes, object).map(|()| Vec::new()))
    }
}

fn is_class(attributes: &Attributes<'_>) -> bool {
    let kind = &attributes.target.kind;
    (kind.group, kind.kind) == ("scheduling.k8s.io", "PriorityClass")
}

/// What a class gives to a pod.
struct Class {
    name: String,
    priority: i64,
    policy: String,
}

fn class_of(class: &Value) -> Class {
    let policy = Some(class.str("preemptionPolicy")).filter(|policy| !policy.is_empty()).unwrap_or(DEFAULT_POLICY);
    Class { name: class["metadata"].str("name").to_owned(), priority: class.int("value").unwrap_or_default(), policy: policy.to_owned() }
}

/// The default class; of several, the one of the least value.
fn default_class(cluster: &Cluster) -> Result<Option<Arc<Value>>, Status> {
    let kind = cluster.kinds.built_in("priorityclasses");
    let mut found: Option<Arc<Value>> = None;
    for entry in cluster.entries(&kind, "")? {
        let class = cluster.objects.read(&kind, &entry)?;
        if class.flag("globalDefault") && found.as_ref().is_none_or(|found| class.int("value") < found.int("value")) {
            found = Some(class);
        }
    }
    Ok(found)
}

fn chosen(cluster: &Cluster, name: &str) -> Result<Option<Class>, Status> {
    if name.is_empty() {
        let nothing = Class { name: String::new(), priority: 0, policy: DEFAULT_POLICY.to_owned() };
        return Ok(Some(default_class(cluster)?.map_or(nothing, |class| class_of(&class))));
    }
    if let Some(class) = cluster.read(&cluster.kinds.built_in("priorityclasses"), "", name)? {
        return Ok(Some(class_of(&class)));
    }
    // The system's classes count before they are there.
    let known = SYSTEM.iter().find(|(known, ..)| *known == name);
    Ok(known.map(|(name, priority, _)| Class { name: (*name).to_owned(), priority: *priority, policy: DEFAULT_POLICY.to_owned() }))
}

fn create(attributes: &Attributes<'_>, pod: &mut Value) -> Result<(), Status> {
    let refuse = |pod: &Value, why: &str| Err(Status::forbidden(&attributes.target.kind, pod["metadata"].str("name"), why));
    let asked = pod["spec"].str("priorityClassName").to_owned();
    let Some(Class { name, priority, policy }) = chosen(attributes.cluster, &asked)? else {
        return refuse(pod, &format!("no PriorityClass with name {asked} was found"));
    };
    if let Some(given) = pod["spec"].int("priority").filter(|given| *given != priority) {
        let why = format!(
            "the integer value of priority ({given}) must not be provided in pod spec; priority admission controller computed {priority} from the given PriorityClass name"
        );
        return refuse(pod, &why);
    }
    let given = pod["spec"].str("preemptionPolicy");
    if !given.is_empty() && given != policy {
        let why = format!(
            "the string value of PreemptionPolicy ({given}) must not be provided in pod spec; priority admission controller computed \
             {policy} from the given PriorityClass name"
        );
        return refuse(pod, &why);
    }
    let Some(spec) = pod.get_mut("spec").filter(|spec| spec.is_object()) else { return Ok(()) };
    if !name.is_empty() {
        spec["priorityClassName"] = name.into();
    }
    spec["priority"] = priority.into();
    spec["preemptionPolicy"] = policy.into();
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

fn keep_system(attributes: &Attributes<'_>) -> Result<(), Status> {
    let target = attributes.target;
    if SYSTEM.iter().any(|(name, ..)| *name == target.name) {
        let why = "this is a system priority class and cannot be deleted";
        return Err(Status::forbidden(&target.kind, &target.name, why));
    }
    Ok(())
}

fn one_default(attributes: &Attributes<'_>, class: &Value) -> Result<(), Status> {
    if !is_class(attributes) || !class.flag("globalDefault") {
        return Ok(());
    }
    let name = class["metadata"].str("name");
    match default_class(attributes.cluster)? {
        Some(other) if other["metadata"].str("name") != name => {
            let other = other["metadata"].str("name");
            let why = format!("PriorityClass {other} is already marked as default. Only one default can exist");
            Err(Status::forbidden(&attributes.target.kind, name, &why))
        }
        Some(_) | None => Ok(()),
    }
}
