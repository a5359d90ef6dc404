//! Storage classes as a whole: which one is the default, and what to say where one is missing. Pure.

use super::claim::waiting_pods;
use crate::engine::Cache;
use crate::facts::volume::FREE;
use crate::object::Object;
use crate::plan::{Event, Plan};
use std::cmp::Reverse;
use std::sync::Arc;
use stead_client::resource::STORAGE_CLASSES;

/// Classes that a hint names.
const NAMED_MAX: usize = 10;
/// Pods that are told of a missing class.
const TOLD_MAX: usize = 10;

/// The class of claims that name none (PVP-8): the newest of the default ones, then the first by name.
pub fn default(cache: &Cache) -> Option<&Arc<Object>> {
    let defaults = cache.list(STORAGE_CLASSES).filter(|class| class.storage_class().is_default);
    defaults.min_by_key(|class| (Reverse(class.created), class.key.name.clone()))
}

/// What there is instead of the class that a claim lacks, and what to type.
pub fn hint(claim: &Object, cache: &Cache, plan: &mut Plan) {
    let asked = claim.claim().class();
    if !asked.is_empty() && cache.indexed(&FREE, asked).next().is_some() {
        // A class without an object is in order where somebody makes the volumes by hand.
        return;
    }
    let missing = match &claim.claim().class_name {
        None => "names no storage class, and no class is the default".to_owned(),
        Some(_) if asked.is_empty() => "asks for the class \"\", so for a volume that somebody makes by hand; none is free".to_owned(),
        Some(_) => format!("asks for storage class {asked:?}, which does not exist"),
    };
    let names: Vec<String> = cache.list(STORAGE_CLASSES).map(|class| describe(class)).collect();
    let there = match names.len() {
        0 => "There are no classes: kubectl apply one".to_owned(),
        count if count > NAMED_MAX => format!("Classes: {}, and {} more", names[..NAMED_MAX].join(", "), count - NAMED_MAX),
        _ => format!("Classes: {}", names.join(", ")),
    };
    let first = cache.list(STORAGE_CLASSES).next().map(|class| class.key.name.as_str());
    let advice = match (first, &claim.claim().class_name) {
        (None, _) => String::new(),
        (Some(first), None) => {
            format!(". To make one the default: kubectl annotate storageclass {} storageclass.kubernetes.io/is-default-class=true", first)
        }
        (Some(_), Some(_)) => {
            format!(
                ". A claim's class cannot be changed: kubectl delete pvc {} -n {}, and make it anew with one of these",
                claim.key.name, claim.key.namespace
            )
        }
    };
    let text = format!("claim {} {missing}. {there}{advice}", claim.key.name);
    plan.because(text.clone());
    // Told of once the scheduler has looked at the pod in vain: before that nothing waits.
    let refused = |pod: &&Arc<Object>| pod.pod().scheduled.as_ref().is_some_and(|scheduled| !scheduled.status);
    let told = waiting_pods(claim, cache).filter(refused).take(TOLD_MAX);
    plan.events.extend(told.map(|pod| Event::warning(pod.reference(), "StorageClassMissing", text.clone())));
}

fn describe(class: &Object) -> String {
    if class.storage_class().is_default { format!("{} (default)", class.key.name) } else { class.key.name.clone() }
}
