//! Fields behind features that are off: they vanish from pod specs, unless the stored object already has them.

use super::each_container;
use crate::{Value, value::Access};

/// Removes what no enabled feature understands.
pub fn disabled(spec: &mut Value, old: Option<&Value>) {
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

fn stop_signal(container: &Value) -> Option<&str> {
    container.get("lifecycle")?.get("stopSignal")?.as_str()
}

fn any_container(spec: &Value, wanted: impl Fn(&Value) -> bool) -> bool {
    super::CONTAINER_LISTS.iter().any(|list| spec.items(list).iter().any(&wanted))
}
