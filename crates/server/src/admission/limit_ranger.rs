//! LimitRanger (M3): what a LimitRange says that the containers, pods and claims of its namespace ask for. Containers that say nothing get
//! its defaults. Deciding is pure: a range and an object. Output: the object with its defaults, or every rule that it breaks.

use super::{Attributes, Operation, Plugin, ready};
use futures::future::BoxFuture;
use std::sync::Arc;
use stead_api::kinds::pod_spec::amount::{Amounts, amounts, of};
use stead_api::kinds::pod_spec::totals;
use stead_api::quantity::Quantity;
use stead_api::registry::Part;
use stead_api::value::Access;
use stead_api::{Status, Value, json};

/// What was added to a pod.
const ANNOTATION: &str = "kubernetes.io/limit-ranger";

#[derive(Debug)]
pub(super) struct LimitRanger;

impl Plugin for LimitRanger {
    fn name(&self) -> &'static str {
        "LimitRanger"
    }

    /// A pod's containers do not change, but for its resize, which is judged alone.
    fn handles(&self, attributes: &Attributes<'_>) -> bool {
        match attributes.operation {
            Operation::Create => attributes.is_about("Pod") || attributes.is_about("PersistentVolumeClaim"),
            Operation::Update { part: Part::Main, old } => {
                attributes.is_about("PersistentVolumeClaim") && !old["metadata"].has("deletionTimestamp")
            }
            Operation::Update { part: Part::Other("resize"), old } => {
                attributes.is_about("Pod") && !old["metadata"].has("deletionTimestamp")
            }
            Operation::Update { .. } | Operation::Delete => false,
        }
    }

    fn mutate<'a>(&'a self, attributes: &'a Attributes<'_>, object: &'a mut Value) -> BoxFuture<'a, Result<(), Status>> {
        let is_new_pod = attributes.is_create_of("Pod");
        ready(ranges(attributes).map(|ranges| ranges.iter().filter(|_| is_new_pod).for_each(|range| fill(range, object))))
    }

    fn validate<'a>(&'a self, attributes: &'a Attributes<'_>, object: &'a Value) -> BoxFuture<'a, Result<Vec<String>, Status>> {
        ready(check(attributes, object).map(|()| Vec::new()))
    }
}

/// The ranges of the request's namespace, by name.
fn ranges(attributes: &Attributes<'_>) -> Result<Vec<Arc<Value>>, Status> {
    let cluster = attributes.cluster;
    let kind = cluster.kinds.built_in("limitranges");
    let entries = cluster.entries(&kind, &attributes.target.namespace)?;
    entries.iter().map(|entry| cluster.objects.read(&kind, entry)).collect()
}

fn check(attributes: &Attributes<'_>, object: &Value) -> Result<(), Status> {
    for range in ranges(attributes)? {
        let mut broken = Vec::new();
        for limit in range["spec"].items("limits") {
            match (limit.str("type"), attributes.is_about("Pod")) {
                ("Container", true) => containers(&object["spec"]).for_each(|(_, container)| {
                    let of = |member: &str| amounts(container["resources"].map(member));
                    judge(limit, &of("requests"), &of("limits"), &mut broken);
                }),
                ("Pod", true) => {
                    let spec = &object["spec"];
                    judge(
                        limit,
                        &whole(spec, "requests", totals::requests(spec)),
                        &whole(spec, "limits", totals::limits(spec)),
                        &mut broken,
                    );
                }
                ("PersistentVolumeClaim", false) => judge_claim(limit, &amounts(object["spec"]["resources"].map("requests")), &mut broken),
                _ => {}
            }
        }
        broken.sort();
        broken.dedup();
        let why = match &broken[..] {
            [] => continue,
            [only] => only.clone(),
            all => format!("[{}]", all.join(", ")),
        };
        return Err(Status::forbidden(&attributes.target.kind, object["metadata"].str("name"), &why));
    }
    Ok(())
}

/// What a pod's containers ask for together, or the pod's own CPU and memory in their place. Its overhead is not what users ask for.
fn whole(spec: &Value, member: &str, mut total: Amounts) -> Amounts {
    total.extend(amounts(spec["resources"].map(member)).into_iter().filter(|(name, _)| matches!(name.as_str(), "cpu" | "memory")));
    total
}

/// The containers of a pod, those that come first last, with what annotations call them.
fn containers(spec: &Value) -> impl Iterator<Item = (&'static str, &Value)> {
    let main = spec.items("containers").iter().map(|container| ("container", container));
    main.chain(spec.items("initContainers").iter().map(|container| ("init container", container)))
}

/// Gives containers the defaults of a range, and notes which.
fn fill(range: &Value, pod: &mut Value) {
    let mut notes = Vec::new();
    for limit in range["spec"].items("limits").iter().filter(|limit| limit.str("type") == "Container") {
        for (list, called) in [("containers", "container"), ("initContainers", "init container")] {
            for container in pod["spec"].items_mut(list) {
                for (member, source, word) in [("requests", "defaultRequest", "request"), ("limits", "default", "limit")] {
                    let added = add_missing(container, member, limit.map(source).into_iter().flatten());
                    if !added.is_empty() {
                        notes.push(format!("{} {word} for {called} {}", added.join(", "), container.str("name")));
                    }
                }
            }
        }
    }
    if notes.is_empty() {
        return;
    }
    let metadata = crate::object::meta_mut(pod);
    metadata.default_to("annotations", json!({}));
    metadata["annotations"][ANNOTATION] = format!("LimitRanger plugin set: {}", notes.join("; ")).into();
}

/// The names of what was missing, in order.
fn add_missing<'a>(container: &mut Value, member: &str, defaults: impl Iterator<Item = (&'a String, &'a Value)>) -> Vec<&'a str> {
    let mut added = Vec::new();
    for (name, amount) in defaults {
        if container["resources"].map(member).is_some_and(|known| known.contains_key(name)) {
            continue;
        }
        container.default_to("resources", json!({}));
        container["resources"].default_to(member, json!({}));
        container["resources"][member][name.as_str()] = amount.clone();
        added.push(name.as_str());
    }
    added.sort_unstable();
    added
}

/// What a limit's `min`, `max` or ratio says, by resource.
fn bounds<'a>(limit: &'a Value, member: &str) -> impl Iterator<Item = (&'a str, Quantity)> + use<'a> {
    limit.map(member).into_iter().flatten().filter_map(|(name, bound)| Some((name.as_str(), of(bound)?)))
}

/// What containers or pods break of a limit.
fn judge(limit: &Value, requests: &Amounts, limits: &Amounts, broken: &mut Vec<String>) {
    let ty = limit.str("type");
    for (name, least) in bounds(limit, "min") {
        let rule = format!("minimum {name} usage per {ty} is {least}");
        match (requests.get(name), limits.get(name)) {
            (None, _) => broken.push(format!("{rule}.  No request is specified")),
            (Some(request), _) if *request < least => broken.push(format!("{rule}, but request is {request}")),
            (Some(_), Some(given)) if *given < least => broken.push(format!("{rule}, but limit is {given}")),
            (Some(_), _) => {}
        }
    }
    for (name, most) in bounds(limit, "max") {
        let rule = format!("maximum {name} usage per {ty} is {most}");
        match (requests.get(name), limits.get(name)) {
            (_, None) => broken.push(format!("{rule}.  No limit is specified")),
            (_, Some(given)) if *given > most => broken.push(format!("{rule}, but limit is {given}")),
            (Some(request), Some(_)) if *request > most => broken.push(format!("{rule}, but request is {request}")),
            (_, Some(_)) => {}
        }
    }
    for (name, most) in bounds(limit, "maxLimitRequestRatio") {
        let rule = format!("{name} max limit to request ratio per {ty} is {most}");
        match (requests.get(name).filter(|amount| !amount.is_zero()), limits.get(name).filter(|amount| !amount.is_zero())) {
            (None, _) => broken.push(format!("{rule}, but no request is specified or request is 0")),
            (_, None) => broken.push(format!("{rule}, but no limit is specified or limit is 0")),
            (Some(request), Some(given)) => {
                let ratio = thousandths(given) / thousandths(request);
                if ratio * 1000.0 > thousandths(&most) {
                    broken.push(format!("{rule}, but provided ratio is {ratio:.6}"));
                }
            }
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "ratios are compared as upstream does, in floating point")]
fn thousandths(amount: &Quantity) -> f64 {
    amount.milli_value_ceil() as f64
}

/// What a claim breaks of a limit: it has requests alone.
fn judge_claim(limit: &Value, requests: &Amounts, broken: &mut Vec<String>) {
    let ty = limit.str("type");
    for (member, word) in [("min", "minimum"), ("max", "maximum")] {
        for (name, bound) in bounds(limit, member) {
            let rule = format!("{word} {name} usage per {ty} is {bound}");
            match requests.get(name) {
                None => broken.push(format!("{rule}.  No request is specified")),
                Some(request) if (member == "min" && *request < bound) || (member == "max" && *request > bound) => {
                    broken.push(format!("{rule}, but request is {request}"));
                }
                Some(_) => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{ANNOTATION, fill, judge, judge_claim, whole};
    use stead_api::kinds::pod_spec::amount::amounts;
    use stead_api::kinds::pod_spec::totals;
    use stead_api::{Value, json, value::Access};

    #[test]
    fn containers_that_say_nothing_get_defaults() {
        // M3
        let limit = json!({"type": "Container", "default": {"memory": "1Gi", "cpu": "1"}, "defaultRequest": {"cpu": "500m"}});
        let mut pod = json!({"metadata": {}, "spec": {
            "containers": [{"name": "a"}, {"name": "b", "resources": {"limits": {"cpu": "2", "memory": "2Gi"}, "requests": {"cpu": "1"}}}],
            "initContainers": [{"name": "i", "resources": {"requests": {"cpu": "1"}}}],
        }});
        fill(&json!({"spec": {"limits": [limit]}}), &mut pod);
        assert_eq!(
            pod["metadata"]["annotations"].str(ANNOTATION),
            "LimitRanger plugin set: cpu request for container a; cpu, memory limit for container a; cpu, memory limit for init container i"
        );
        assert_eq!(pod["spec"]["containers"][0]["resources"]["requests"], json!({"cpu": "500m"}));
        assert_eq!(pod["spec"]["containers"][1]["resources"]["limits"], json!({"cpu": "2", "memory": "2Gi"}));
    }

    #[test]
    fn bounds_are_told_in_upstreams_words() {
        // M3
        let broken = |limit: Value, requests: Value, limits: Value| {
            let mut limit = limit;
            limit["type"] = "Container".into();
            let mut broken = Vec::new();
            judge(&limit, &amounts(requests.as_object()), &amounts(limits.as_object()), &mut broken);
            broken
        };
        let max = || json!({"max": {"cpu": "1"}});
        assert_eq!(broken(max(), json!({}), json!({})), ["maximum cpu usage per Container is 1.  No limit is specified"]);
        assert_eq!(broken(max(), json!({}), json!({"cpu": "2"})), ["maximum cpu usage per Container is 1, but limit is 2"]);
        assert_eq!(broken(max(), json!({"cpu": "1"}), json!({"cpu": "1000m"})), [""; 0]);
        let min = || json!({"min": {"cpu": "100m"}});
        assert_eq!(broken(min(), json!({}), json!({})), ["minimum cpu usage per Container is 100m.  No request is specified"]);
        assert_eq!(broken(min(), json!({"cpu": "50m"}), json!({})), ["minimum cpu usage per Container is 100m, but request is 50m"]);
        let ratio = || json!({"maxLimitRequestRatio": {"cpu": "2"}});
        let why = "cpu max limit to request ratio per Container is 2, but provided ratio is 3.000000";
        assert_eq!(broken(ratio(), json!({"cpu": "1"}), json!({"cpu": "3"})), [why]);
        assert_eq!(broken(ratio(), json!({"cpu": "1"}), json!({"cpu": "2"})), [""; 0]);
    }

    #[test]
    fn a_pod_counts_whole_but_without_its_overhead() {
        // M3
        let cpu = |amount: &str| json!({"resources": {"limits": {"cpu": amount}}});
        let mut spec = json!({"containers": [cpu("1"), cpu("1")], "initContainers": [cpu("3")], "overhead": {"cpu": "1"}});
        assert_eq!(whole(&spec, "limits", totals::limits(&spec))["cpu"].to_string(), "3");
        spec["resources"] = json!({"limits": {"cpu": "4"}});
        assert_eq!(whole(&spec, "limits", totals::limits(&spec))["cpu"].to_string(), "4");
    }

    #[test]
    fn claims_are_held_to_sizes_of_storage() {
        // M3
        let limit = json!({"type": "PersistentVolumeClaim", "min": {"storage": "1Gi"}, "max": {"storage": "2Gi"}});
        let broken = |size: &str| {
            let mut broken = Vec::new();
            judge_claim(&limit, &amounts(json!({"storage": size}).as_object()), &mut broken);
            broken
        };
        assert_eq!(broken("500Mi"), ["minimum storage usage per PersistentVolumeClaim is 1Gi, but request is 500Mi"]);
        assert_eq!(broken("3Gi"), ["maximum storage usage per PersistentVolumeClaim is 2Gi, but request is 3Gi"]);
        assert_eq!(broken("2048Mi"), [""; 0]);
    }
}
