//! What a client may not choose about a pod: status, generation, and the parts that each path of writing leaves alone.

use crate::{
    Value, json,
    kinds::pod_spec::{
        CONTAINER_LISTS, defaults, dropped, each_container,
        qos::{self, QosClass},
    },
    registry::{Generation, Part},
    value::Access,
};

const APP_ARMOR: &str = "container.apparmor.security.beta.kubernetes.io/";
const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";
const PREFERRED: &str = "preferredDuringSchedulingIgnoredDuringExecution";

/// Makes a new pod of what the client sent.
pub fn create(object: &mut Value) {
    object["metadata"]["generation"] = 1.into();
    let class = match object["status"].str("qosClass") {
        "" => qos::class(&object["spec"]),
        name => QosClass::from_name(name).unwrap_or(QosClass::BestEffort),
    };
    let mut status = json!({"phase": "Pending", "qosClass": class.as_str()});
    dropped::disabled(&mut object["spec"], None);
    if !object["spec"].items("schedulingGates").is_empty() {
        status["conditions"] = json!([{
            "type": "PodScheduled", "status": "False", "lastProbeTime": null,
            "lastTransitionTime": object["metadata"]["creationTimestamp"],
            "reason": "SchedulingGated", "message": "Scheduling is blocked due to non-empty scheduling gates",
        }]);
    }
    object["status"] = status;
    merge_label_keys(object);
    derive_app_armor(object);
}

/// Puts the values of the pod's own labels into the selectors that ask for equal (or other) ones.
fn merge_label_keys(object: &mut Value) {
    let labels = object["metadata"].map("labels").cloned().unwrap_or_default();
    let merge = |term: &mut Value| {
        if !term.has("labelSelector") {
            return;
        }
        for (member, operator) in [("matchLabelKeys", "In"), ("mismatchLabelKeys", "NotIn")] {
            for key in term.items(member).to_vec() {
                if let Some(value) = key.as_str().and_then(|key| labels.get(key)) {
                    let requirement = json!({"key": key, "operator": operator, "values": [value]});
                    push(&mut term["labelSelector"], "matchExpressions", requirement);
                }
            }
        }
    };
    let spec = &mut object["spec"];
    if let Some(affinity) = spec.get_mut("affinity") {
        for member in ["podAffinity", "podAntiAffinity"] {
            let Some(terms) = affinity.get_mut(member) else { continue };
            for term in terms.items_mut(PREFERRED) {
                merge(&mut term["podAffinityTerm"]);
            }
            terms.items_mut(REQUIRED).iter_mut().for_each(merge);
        }
    }
    spec.items_mut("topologySpreadConstraints").iter_mut().for_each(merge);
}

fn push(holder: &mut Value, list: &str, entry: Value) {
    holder.default_to(list, json!([]));
    if let Some(list) = holder[list].as_array_mut() {
        list.push(entry);
    }
}

/// Old annotations still choose the AppArmor profile of containers that do not choose one themselves.
fn derive_app_armor(object: &mut Value) {
    if object["spec"].get("os").is_some_and(|os| os.str("name") == "windows") {
        return;
    }
    let Some(annotations) = object["metadata"].map("annotations").cloned() else { return };
    let of_pod = object["spec"].get("securityContext").and_then(|s| s.get("appArmorProfile")).cloned();
    each_container(&mut object["spec"], |container| {
        let key = format!("{APP_ARMOR}{}", container.str("name"));
        let Some(profile) = annotations.get(&key).and_then(Value::as_str).and_then(app_armor_profile) else { return };
        let has_own = container.get("securityContext").is_some_and(|s| s.has("appArmorProfile"));
        if !has_own && of_pod.as_ref() != Some(&profile) {
            container.default_to("securityContext", json!({}));
            container["securityContext"]["appArmorProfile"] = profile;
        }
    });
}

fn app_armor_profile(annotation: &str) -> Option<Value> {
    match annotation {
        "unconfined" => Some(json!({"type": "Unconfined"})),
        "runtime/default" => Some(json!({"type": "RuntimeDefault"})),
        other => {
            let file = other.strip_prefix("localhost/").filter(|file| !file.is_empty())?;
            Some(json!({"type": "Localhost", "localhostProfile": file}))
        }
    }
}

/// Restores what this part of a pod may not change.
pub fn update(part: Part, object: &mut Value, old: &Value) -> Generation {
    match part {
        Part::Main => {
            object["status"] = old["status"].clone();
            dropped::disabled(&mut object["spec"], Some(&old["spec"]));
        }
        Part::Status => return keep_all_but_status(object, old),
        Part::Other("ephemeralcontainers") => {
            let wanted = object["spec"].drop("ephemeralContainers");
            keep_all(object, old);
            match wanted {
                Some(list) => object["spec"]["ephemeralContainers"] = list,
                None => {
                    object["spec"].drop("ephemeralContainers");
                }
            }
        }
        Part::Other("resize") => keep_all_but_resources(object, old),
        Part::Other(_) => {}
    }
    Generation::by_spec(object, old)
}

/// The old pod, with the version the client named.
fn keep_all(object: &mut Value, old: &Value) {
    let version = object["metadata"].get("resourceVersion").cloned();
    let fields = object["metadata"].get("managedFields").cloned();
    object.clone_from(old);
    for (member, value) in [("resourceVersion", version), ("managedFields", fields)] {
        match value {
            Some(value) => object["metadata"][member] = value,
            None => {
                object["metadata"].drop(member);
            }
        }
    }
}

fn keep_all_but_status(object: &mut Value, old: &Value) -> Generation {
    object["spec"] = old["spec"].clone();
    let metadata = &mut object["metadata"];
    metadata.drop("deletionTimestamp");
    if let Some(at) = old["metadata"].get("deletionTimestamp") {
        metadata["deletionTimestamp"] = at.clone();
    }
    match old["metadata"].get("ownerReferences") {
        Some(owners) => metadata["ownerReferences"] = owners.clone(),
        None => {
            metadata.drop("ownerReferences");
        }
    }
    object.default_to("status", json!({}));
    let (status, before) = (&mut object["status"], &old["status"]);
    if status.str("qosClass").is_empty() && before.has("qosClass") {
        status["qosClass"] = before["qosClass"].clone();
    }
    keep_observed(status, before);
    for condition in status.items_mut("conditions") {
        let ty = condition.str("type").to_owned();
        if let Some(before) = before.items("conditions").iter().find(|c| c.str("type") == ty) {
            keep_observed(condition, before);
        }
    }
    Generation::Keep
}

/// A writer that knows nothing of observed generations does not take them away.
fn keep_observed(new: &mut Value, old: &Value) {
    if new.int("observedGeneration").unwrap_or_default() == 0 && old.has("observedGeneration") {
        new["observedGeneration"] = old["observedGeneration"].clone();
    }
}

fn keep_all_but_resources(object: &mut Value, old: &Value) {
    let wanted = object["spec"].clone();
    keep_all(object, old);
    for list in ["initContainers", "containers"] {
        if wanted.items(list).is_empty() && old["spec"].items(list).is_empty() {
            continue;
        }
        let merged: Vec<Value> = wanted.items(list).iter().map(|new| resized(new, old["spec"].items(list))).collect();
        object["spec"][list] = merged.into();
    }
    match wanted.get("resources") {
        Some(resources) => object["spec"]["resources"] = resources.clone(),
        None => {
            object["spec"].drop("resources");
        }
    }
}

/// The old container of that name with the new resources; a container of another name is left for validation.
fn resized(new: &Value, old: &[Value]) -> Value {
    let Some(old) = old.iter().find(|c| c.str("name") == new.str("name")) else { return new.clone() };
    let mut container = old.clone();
    for member in ["resources", "resizePolicy"] {
        match new.get(member) {
            Some(value) => container[member] = value.clone(),
            None => {
                container.drop(member);
            }
        }
    }
    container
}

/// The pod's address has two places in the status, and amounts are rounded as those of a spec are.
pub fn complete_status(object: &mut Value) {
    let Some(status) = object.get_mut("status") else { return };
    let first = status.items("podIPs").first().map_or("", |ip| ip.str("ip")).to_owned();
    match status.str("podIP").to_owned() {
        own if own.is_empty() && first.is_empty() => {}
        own if own.is_empty() => status["podIP"] = first.into(),
        own if own != first => status["podIPs"] = json!([{"ip": own}]),
        _ => {}
    }
    for list in CONTAINER_LISTS {
        let list = match list {
            "containers" => "containerStatuses".to_owned(),
            other => format!("{}Statuses", other.trim_end_matches('s')),
        };
        for container in status.items_mut(&list) {
            if let Some(allocated) = container.get_mut("allocatedResources") {
                defaults::round_up(allocated);
            }
            for member in ["limits", "requests"] {
                if let Some(list) = container.get_mut("resources").and_then(|r| r.get_mut(member)) {
                    defaults::round_up(list);
                }
            }
        }
    }
}
