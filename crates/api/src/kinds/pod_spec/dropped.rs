//! What vanishes from pods and templates: fields behind features that are off, unless the stored object already has them,
//! and annotations that fields have replaced.

use super::each_container;
use crate::{Value, value::Access};

/// Annotations of before init containers had a field.
const INIT_CONTAINERS: [&str; 4] = [
    "pod.beta.kubernetes.io/init-containers",
    "pod.alpha.kubernetes.io/init-containers",
    "pod.beta.kubernetes.io/init-container-statuses",
    "pod.alpha.kubernetes.io/init-container-statuses",
];

/// Removes what no enabled feature understands.
pub fn disabled(spec: &mut Value, old: Option<&Value>) {
    if !old.is_some_and(|old| old.has("schedulingGroup")) {
        spec.drop("schedulingGroup");
    }
    if old.is_some_and(|old| any_container(old, |c| stop_signal(c).is_some())) {
        return;
    }
    each_container(spec, |container| {
        let Some(lifecycle) = container.get_mut("lifecycle") else { return };
        if lifecycle.drop("stopSignal").is_some() && lifecycle.as_object().is_some_and(|l| l.is_empty()) {
            container.drop("lifecycle");
        }
    });
}

/// Removes annotations of a pod or template that took the place of fields once.
pub fn old_annotations(holder: &mut Value) {
    if let Some(annotations) = holder.get_mut("metadata").and_then(|m| m.get_mut("annotations")) {
        for name in INIT_CONTAINERS {
            annotations.drop(name);
        }
    }
}

fn stop_signal(container: &Value) -> Option<&str> {
    container.get("lifecycle")?.get("stopSignal")?.as_str()
}

fn any_container(spec: &Value, wanted: impl Fn(&Value) -> bool) -> bool {
    super::CONTAINER_LISTS.iter().any(|list| spec.items(list).iter().any(&wanted))
}
