//! What to do about a namespace that is being deleted. Pure.

use crate::engine::Cache;
use crate::object::Object;
use crate::plan::{Call, Effect, Guard, Key, Patch, Plan};
use std::collections::BTreeMap;
use std::sync::Arc;
use stead_api::{Value, json, time::Timestamp, value::Access};
use stead_client::resource::{EVENTS, NAMESPACES, PODS, Resource};

/// The finalizer in a namespace's spec.
const KUBERNETES: &str = "kubernetes";

/// Deletes what is left; once nothing is, looks afresh and finalizes.
pub fn plan(now: Timestamp, namespace: &Arc<Object>, cache: &Cache, contents: &[Resource]) -> Plan {
    let mut plan = Plan::default();
    let held = namespace.spec().items("finalizers").iter().any(|f| f == KUBERNETES);
    if namespace.deleting.is_none() || !held {
        return plan;
    }
    let name = namespace.key.name.as_str();
    let left: BTreeMap<Resource, Vec<&Arc<Object>>> = contents
        .iter()
        .map(|resource| (*resource, cache.namespace(*resource, name).collect::<Vec<_>>()))
        .filter(|(_, objects)| !objects.is_empty())
        .collect();
    if left.is_empty() {
        plan.because("nothing is left in it");
        finalize(namespace, contents, &mut plan);
        return plan;
    }
    // Pods go before what they use.
    let stage: Vec<Resource> = if left.contains_key(&PODS) { vec![PODS] } else { left.keys().copied().collect() };
    let doomed = stage.iter().filter(|resource| left[*resource].iter().any(|object| object.deleting.is_none()));
    let delete = |resource: &Resource| Effect::new(Call::DeleteCollection { resource: *resource, namespace: name.to_owned() });
    plan.step(doomed.map(delete).collect());
    plan.because(format!("waiting: {}", remaining(&left)));
    plan.finally.extend(conditions(now, namespace, &left));
    plan
}

/// A stale cache must not let an object stay behind in a namespace that no longer exists: every resource is listed afresh.
fn finalize(namespace: &Object, contents: &[Resource], plan: &mut Plan) {
    let name = namespace.key.name.as_str();
    let events = Call::DeleteCollection { resource: EVENTS, namespace: name.to_owned() };
    let mut effects = vec![Effect::new(events).tolerating(&["NotFound", "MethodNotAllowed"])];
    effects.extend(
        contents
            .iter()
            .map(|resource| Effect::guard(Call::List { resource: *resource, namespace: name.to_owned(), limit: 1 }, Guard::Empty)),
    );
    let mut body = namespace.value.clone();
    body["apiVersion"] = "v1".into();
    body["kind"] = NAMESPACES.kind.into();
    let kept: Vec<Value> = namespace.spec().items("finalizers").iter().filter(|f| *f != KUBERNETES).cloned().collect();
    body["spec"]["finalizers"] = kept.into();
    let key = Key::cluster(name);
    effects.push(Effect::new(Call::Update { resource: NAMESPACES, key, subresource: "finalize", body }).tolerating(&["NotFound"]));
    plan.step(effects);
}

fn remaining(left: &BTreeMap<Resource, Vec<&Arc<Object>>>) -> String {
    let count = |(resource, objects): (&Resource, &Vec<&Arc<Object>>)| {
        format!("{}.{} has {} resource instances", resource.plural, resource.group(), objects.len())
    };
    left.iter().map(count).collect::<Vec<_>>().join(", ")
}

/// Says in the status what is still there, if it does not say so already.
fn conditions(now: Timestamp, namespace: &Object, left: &BTreeMap<Resource, Vec<&Arc<Object>>>) -> Option<Effect> {
    let mut finalizers: BTreeMap<&str, usize> = BTreeMap::new();
    for finalizer in left.values().flatten().flat_map(|o| &o.finalizers) {
        *finalizers.entry(finalizer).or_default() += 1;
    }
    let held: Vec<String> = finalizers.iter().map(|(name, count)| format!("{name} in {count} resource instances")).collect();
    let held_text = format!("Some content in the namespace has finalizers remaining: {}", held.join(", "));
    let wanted = [
        ("NamespaceDeletionDiscoveryFailure", "False", "ResourcesDiscovered", "All resources successfully discovered".to_owned()),
        (
            "NamespaceDeletionGroupVersionParsingFailure",
            "False",
            "ParsedGroupVersions",
            "All legacy kube types successfully parsed".to_owned(),
        ),
        (
            "NamespaceDeletionContentFailure",
            "False",
            "ContentDeleted",
            "All content successfully deleted, may be waiting on finalization".to_owned(),
        ),
        ("NamespaceContentRemaining", "True", "SomeResourcesRemain", format!("Some resources are remaining: {}", remaining(left))),
        match held.is_empty() {
            true => {
                ("NamespaceFinalizersRemaining", "False", "ContentHasNoFinalizers", "All content-preserving finalizers finished".to_owned())
            }
            false => ("NamespaceFinalizersRemaining", "True", "SomeFinalizersRemain", held_text),
        },
    ];
    let old = namespace.status().items("conditions");
    let is_said = |(ty, status, _, message): &(&str, &str, &str, String)| {
        old.iter().any(|c| c.str("type") == *ty && c.str("status") == *status && c.str("message") == message)
    };
    if wanted.iter().all(is_said) {
        return None;
    }
    let list: Vec<Value> = wanted
        .iter()
        .map(|(ty, status, reason, message)| {
            json!({"type": ty, "status": status, "reason": reason, "message": message, "lastTransitionTime": now.rfc3339()})
        })
        .collect();
    let patch = Patch::Strategic(json!({"status": {"conditions": list}}));
    let call = Call::Patch { resource: NAMESPACES, key: namespace.key.clone(), subresource: "status", patch };
    Some(Effect::new(call).tolerating(&["NotFound"]))
}
