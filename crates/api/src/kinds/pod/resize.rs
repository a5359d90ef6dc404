//! Which changes the path `resize` allows: cpu and memory of running containers, without changing the class of service.

use super::metadata_and_spec;
use crate::{
    Value,
    field::{self, Errors, Path},
    json,
    kinds::pod_spec::{is_sidecar, qos},
    value::Access,
};

const ONLY_CPU_AND_MEMORY: &str = "only cpu and memory resources are mutable";

/// Validates a resize.
pub fn validate(object: &Value, old: &Value) -> Errors {
    let mut errors = metadata_and_spec(object);
    let whole = Path::default();
    if old["metadata"].get("annotations").is_some_and(|a| a.has("kubernetes.io/config.mirror")) {
        return vec![field::forbidden(&whole, "static pods cannot be resized")];
    }
    let (spec, before, path) = (&object["spec"], &old["spec"], Path::new("spec"));
    if before.get("os").is_some_and(|os| os.str("name") == "windows") {
        return vec![field::forbidden(&whole, "windows pods cannot be resized")];
    }
    let class = match old["status"].str("qosClass") {
        "" => qos::class(before).as_str(),
        class => class,
    };
    if class != qos::class(spec).as_str() {
        let shown = object["status"].str("qosClass");
        errors.push(field::invalid(&path, shown, "Pod QOS Class may not change as a result of resizing"));
    }
    if !is_supported(&old["status"]) {
        errors.push(field::forbidden(&path, "Pod running on node without support for resize"));
    }
    let mut rest = spec.clone();
    if sets_resources(spec) || sets_resources(before) {
        errors.extend(pod_level(&mut rest, spec, before, &path));
    }
    let order = same_containers(spec, before, &path);
    if !order.is_empty() {
        errors.extend(order);
        return errors;
    }
    for list in ["initContainers", "containers"] {
        let pairs = spec.items(list).iter().zip(before.items(list)).enumerate();
        for (i, (new, old)) in pairs.filter(|(_, (_, old))| list == "containers" || is_sidecar(old)) {
            let at = path.child(list).index(i).child("resources");
            errors.extend(removed(&new["resources"], &old["resources"], "resource", &at));
        }
    }
    errors.extend(containers(&mut rest, before, &path));
    errors.extend(init_containers(&mut rest, before, &path));
    if errors.is_empty() && rest != *before {
        errors.push(field::forbidden(&path, ONLY_CPU_AND_MEMORY));
    }
    errors
}

/// A node that reports the resources of a running container can change them.
fn is_supported(status: &Value) -> bool {
    let running = status.items("containerStatuses").iter().find(|c| c.get("state").is_some_and(|s| s.has("running")));
    running.is_none_or(|c| c.has("resources"))
}

fn sets_resources(spec: &Value) -> bool {
    let set = |member| spec.get("resources").and_then(|r| r.map(member)).is_some_and(|m| !m.is_empty());
    set("requests") || set("limits")
}

fn pod_level(rest: &mut Value, spec: &Value, before: &Value, path: &Path) -> Errors {
    let mut errors = Errors::new();
    let at = path.child("resources");
    if before.has("resources") && !spec.has("resources") {
        return vec![field::forbidden(&at, "pod-level resources cannot be removed")];
    }
    if before.has("resources") {
        errors.extend(removed(&spec["resources"], &before["resources"], "pod-level resource", &at));
    }
    if rest.has("resources") {
        take_cpu_and_memory(&mut rest["resources"], &before["resources"]);
        if !before.has("resources") && !sets_resources(rest) && rest["resources"].items("claims").is_empty() {
            rest.drop("resources");
        }
    }
    if rest.get("resources") != before.get("resources") {
        errors.push(field::forbidden(path, "only cpu and memory resources are mutable at pod-level"));
    }
    errors
}

fn same_containers(spec: &Value, before: &Value, path: &Path) -> Errors {
    let mut errors = Errors::new();
    for list in ["containers", "initContainers"] {
        let (new, old, at) = (spec.items(list), before.items(list), path.child(list));
        if new.len() != old.len() {
            errors.push(field::forbidden(&at, &format!("{list} may not be added or removed on resize")));
            continue;
        }
        for (i, _) in new.iter().zip(old).enumerate().filter(|(_, (new, old))| new.str("name") != old.str("name")) {
            let detail = format!("{list} may not be renamed or reordered on resize");
            errors.push(field::forbidden(&at.index(i).child("name"), &detail));
        }
    }
    errors
}

fn removed(new: &Value, old: &Value, what: &str, path: &Path) -> Errors {
    let mut errors = Errors::new();
    for member in ["requests", "limits"] {
        let missing = |name: &String| !new.map(member).is_some_and(|m| m.contains_key(name));
        if old.map(member).is_some_and(|m| m.keys().any(missing)) {
            errors.push(field::forbidden(&path.child(member), &format!("{what} {member} cannot be removed")));
        }
    }
    errors
}

fn containers(rest: &mut Value, before: &Value, path: &Path) -> Errors {
    let mut errors = Errors::new();
    for (container, old) in rest.items_mut("containers").iter_mut().zip(before.items("containers")) {
        take_container(container, old);
        if container != old {
            errors.push(field::forbidden(path, ONLY_CPU_AND_MEMORY));
        }
    }
    errors
}

fn init_containers(rest: &mut Value, before: &Value, path: &Path) -> Errors {
    let mut errors = Errors::new();
    let pairs = rest.items_mut("initContainers").iter_mut().zip(before.items("initContainers"));
    for (i, (container, old)) in pairs.enumerate() {
        // Those that end cannot be resized: it takes a feature that is off.
        if !is_sidecar(container) {
            if container != old {
                errors.push(field::forbidden(path, "resources for non-sidecar init containers are immutable"));
            }
            continue;
        }
        take_container(container, old);
        if container != old {
            let at = path.child("initContainers").index(i);
            let detail = "only cpu and memory resources for init or sidecar containers are mutable";
            errors.push(field::forbidden(&at, detail));
        }
    }
    errors
}

fn take_container(container: &mut Value, old: &Value) {
    container.default_to("resources", json!({}));
    // Claims go as well: a change to them is told by the comparison that follows.
    container["resources"].drop("claims");
    take_cpu_and_memory(&mut container["resources"], &old["resources"]);
}

/// Sets cpu and memory back to the old amounts.
fn take_cpu_and_memory(new: &mut Value, old: &Value) {
    for member in ["limits", "requests"] {
        let mut list = new.map(member).cloned().unwrap_or_default();
        let before = old.map(member);
        for name in ["cpu", "memory"] {
            match before.and_then(|b| b.get(name)) {
                Some(amount) => list.insert(name.to_owned(), amount.clone()),
                None => list.shift_remove(name),
            };
        }
        if list.is_empty() {
            new.drop(member);
        } else {
            new[member] = list.into();
        }
    }
}
