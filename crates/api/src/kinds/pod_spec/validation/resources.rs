//! Validation of resource requests and limits, of containers and of pods, and of resource claims.

use super::{Context, Subject, sorted, texts};
use crate::{
    Value,
    field::{self, Errors, Kind, Path},
    kinds::pod_spec::{amount, is_huge_page, is_native_resource, is_pod_level_resource, may_overcommit, totals},
    names,
    quantity::Quantity,
    value::Access,
};
use std::collections::BTreeSet;

const STANDARD: [&str; 20] = [
    "cpu",
    "memory",
    "ephemeral-storage",
    "requests.cpu",
    "requests.memory",
    "requests.ephemeral-storage",
    "limits.cpu",
    "limits.memory",
    "limits.ephemeral-storage",
    "pods",
    "resourcequotas",
    "services",
    "replicationcontrollers",
    "secrets",
    "configmaps",
    "persistentvolumeclaims",
    "storage",
    "requests.storage",
    "services.nodeports",
    "services.loadbalancers",
];
/// Resources of Kubernetes that are counted in whole numbers.
const WHOLE: [&str; 9] = [
    "pods",
    "services",
    "replicationcontrollers",
    "resourcequotas",
    "secrets",
    "configmaps",
    "persistentvolumeclaims",
    "services.nodeports",
    "services.loadbalancers",
];
const IN_CONTAINERS: [&str; 3] = ["cpu", "memory", "ephemeral-storage"];

/// Validates the resources of a container.
pub fn container(resources: &Value, claims: &BTreeSet<&str>, path: &Path) -> Errors {
    requirements(resources, container_name, claims, path)
}

/// Validates an overhead, which is a list of limits.
pub fn overhead(overhead: &Value, path: &Path) -> Errors {
    // Upstream wraps it in requirements, so the errors name limits.
    requirements(&crate::json!({"limits": overhead}), container_name, &BTreeSet::new(), path)
}

/// Validates the resources of a pod as a whole.
pub fn pod(resources: &Value, context: &Context<'_>) -> Errors {
    let path = context.path.child("resources");
    if context.os() == Some("windows") {
        return vec![field::forbidden(&path, "may not be set for a windows pod")];
    }
    let mut errors = Errors::new();
    if resources.has("claims") {
        errors.push(field::forbidden(&path.child("claims"), "claims may not be set for Resources at pod-level"));
    }
    errors.extend(requirements(resources, pod_name, &context.claims, &path));
    errors.extend(consistency(resources, context, &path));
    errors
}

/// What the containers ask for must fit into what the pod asks for.
fn consistency(resources: &Value, context: &Context<'_>, path: &Path) -> Errors {
    let mut errors = Errors::new();
    let requests = amount::amounts(resources.map("requests"));
    for (name, sum) in totals::requests(context.spec) {
        if let Some(given) = requests.get(&name).filter(|given| sum > **given) {
            let detail = format!("must be greater than or equal to aggregate container requests of {sum}");
            errors.push(field::invalid(&path.child("requests").key(&name), given.to_string(), &detail));
        }
    }
    let limits = amount::amounts(resources.map("limits"));
    for (name, sum) in totals::limits(context.spec).into_iter().filter(|(name, _)| is_huge_page(name)) {
        if let Some(given) = limits.get(&name).filter(|given| sum > **given) {
            let detail = format!("must be greater than or equal to aggregate container limits of {sum}");
            errors.push(field::invalid(&path.child("limits").key(&name), given.to_string(), &detail));
        }
    }
    for (i, container) in context.spec.items("containers").iter().enumerate() {
        for (name, own) in amount::amounts(container["resources"].map("limits")) {
            if let Some(given) = limits.get(&name).filter(|given| own > **given) {
                let at = path.child("containers").index(i).key(&name).child("limits");
                let detail = format!("must be less than or equal to pod limits of {given}");
                errors.push(field::invalid(&at, own.to_string(), &detail));
            }
        }
    }
    errors
}

type NameRule = fn(&str, &Path) -> Errors;

fn requirements(resources: &Value, rule: NameRule, claims: &BTreeSet<&str>, path: &Path) -> Errors {
    let mut errors = Errors::new();
    let (limits, requests) = (sorted(resources.map("limits")), sorted(resources.map("requests")));
    let (limits_at, requests_at) = (path.child("limits"), path.child("requests"));
    for (name, value) in &limits {
        let (amount, at) = (amount::of(value).unwrap_or(Quantity::ZERO), limits_at.key(name));
        errors.extend(rule(name, &at));
        errors.extend(amount_of(name, &amount, &at));
        errors.extend(page_multiple(name, &amount, &at));
    }
    for (name, value) in &requests {
        let (amount, at) = (amount::of(value).unwrap_or(Quantity::ZERO), requests_at.key(name));
        errors.extend(rule(name, &at));
        errors.extend(amount_of(name, &amount, &at));
        errors.extend(against_limit(name, &amount, limits.get(name).copied(), &limits_at, &requests_at));
        errors.extend(page_multiple(name, &amount, &at));
    }
    let named = |wanted: fn(&str) -> bool| limits.keys().chain(requests.keys()).any(|name| wanted(name));
    if named(is_huge_page) && !named(|name| matches!(name, "cpu" | "memory")) {
        errors.push(field::forbidden(path, "HugePages require cpu or memory"));
    }
    errors.extend(used_claims(resources.items("claims"), claims, &path.child("claims")));
    errors
}

fn against_limit(name: &str, request: &Quantity, limit: Option<&Value>, limits_at: &Path, requests_at: &Path) -> Option<field::Error> {
    let Some(limit) = limit.and_then(amount::of) else {
        let detail = "Limit must be set for non overcommitable resources";
        return (!may_overcommit(name)).then(|| field::required(limits_at, detail));
    };
    let relation = if !may_overcommit(name) && *request != limit {
        "equal to"
    } else if *request > limit {
        "less than or equal to"
    } else {
        return None;
    };
    Some(field::invalid(requests_at, request.to_string(), &format!("must be {relation} {name} limit of {limit}")))
}

/// Validates an amount of a resource: not negative, and whole where only whole ones make sense.
pub fn amount_of(name: &str, amount: &Quantity, path: &Path) -> Errors {
    let mut errors = Errors::new();
    if amount.signum() < 0 {
        errors.push(field::invalid(path, amount.to_string(), "must be greater than or equal to 0"));
    }
    if (WHOLE.contains(&name) || is_extended(name)) && !amount::is_whole(amount) {
        errors.push(field::invalid(path, amount.to_string(), "must be an integer"));
    }
    errors
}

fn page_multiple(name: &str, amount: &Quantity, path: &Path) -> Option<field::Error> {
    let size = Quantity::parse(name.strip_prefix("hugepages-")?).map_or(0, |size| size.value_ceil());
    let divisible = size > 0 && amount.is_whole() && amount.value_ceil() % size == 0;
    let detail = format!("{amount} is not positive integer multiple of {name}");
    (!divisible).then(|| field::invalid(path, amount.to_string(), &detail))
}

/// Whether a resource of nodes is nobody's whom Kubernetes knows.
pub fn is_extended(name: &str) -> bool {
    !is_native_resource(name) && !name.starts_with("requests.") && names::qualified_name(&format!("requests.{name}")).is_empty()
}

/// Whether quotas know that resource of Kubernetes.
pub fn is_standard_quota(name: &str) -> bool {
    const OTHERS: [&str; 1] = ["storage"];
    (STANDARD.contains(&name) && !OTHERS.contains(&name)) || is_huge_page(name) || name.starts_with("requests.hugepages-")
}

/// Validates what a quota limits.
pub fn quota_name(name: &str, path: &Path) -> Errors {
    let mut errors = resource_name(name, path);
    if !name.contains('/') && !is_standard_quota(name) {
        errors.push(field::invalid(path, name, "must be a standard resource for quota"));
    }
    errors
}

/// Validates the name of a resource.
pub fn resource_name(name: &str, path: &Path) -> Errors {
    let errors: Errors = texts(path, name, names::qualified_name(name)).collect();
    let standard = || STANDARD.contains(&name) || is_huge_page(name) || name.starts_with("requests.hugepages-");
    if errors.is_empty() && !name.contains('/') && !standard() {
        return vec![field::invalid(path, name, "must be a standard resource type or fully qualified")];
    }
    errors
}

/// Validates the name of a resource that containers have.
pub fn container_name(name: &str, path: &Path) -> Errors {
    let mut errors = resource_name(name, path);
    if !name.contains('/') {
        if !IN_CONTAINERS.contains(&name) && !is_huge_page(name) {
            errors.push(field::invalid(path, name, "must be a standard resource for containers"));
        }
    } else if !is_native_resource(name) && !is_extended(name) {
        errors.push(field::invalid(path, name, "doesn't follow extended resource name standard"));
    }
    errors
}

fn pod_name(name: &str, path: &Path) -> Errors {
    let mut errors = resource_name(name, path);
    if errors.is_empty() && !is_pod_level_resource(name) {
        errors.push(field::not_supported(path, name, &["cpu", "hugepages-", "memory"]));
    }
    errors
}

/// Validates which of the pod's claims a container uses.
fn used_claims(used: &[Value], claims: &BTreeSet<&str>, path: &Path) -> Errors {
    let mut errors = Errors::new();
    let mut seen: BTreeSet<String> = BTreeSet::new();
    for (i, claim) in used.iter().enumerate() {
        let (name, request, at) = (claim.str("name"), claim.str("request"), path.index(i));
        if name.is_empty() {
            errors.push(field::required(&at, ""));
            continue;
        }
        if seen.contains(name) {
            errors.push(field::duplicate(&at, name));
        } else {
            errors.extend(if request.is_empty() {
                Errors::new()
            } else {
                texts(&at.child("request"), request, names::dns_label(request)).collect()
            });
            let key = if request.is_empty() { name.to_owned() } else { format!("{name}/{request}") };
            let parts = seen.iter().filter(|s| s.split_once('/').is_some_and(|(n, _)| n == name)).count();
            if seen.contains(&key) {
                errors.push(field::duplicate(&at, key.as_str()));
            } else if request.is_empty() {
                errors.extend((0..parts).map(|_| field::duplicate(&at, name)));
            }
            seen.insert(key);
        }
        if !claims.contains(name) {
            let known: Vec<&str> = claims.iter().copied().collect();
            let list = if known.is_empty() { " which is empty".to_owned() } else { format!(": {}", known.join(", ")) };
            errors.push(field::Error {
                path: at,
                kind: Kind::NotFound(name.into()),
                detail: format!("must be one of the names in pod.spec.resourceClaims{list}"),
            });
        }
    }
    errors
}

/// Validates `resourceClaims` of a pod.
pub fn pod_claims(claims: &[Value], subject: Subject<'_>, path: &Path) -> Errors {
    let mut errors = Errors::new();
    let mut seen = BTreeSet::new();
    let is_mirror = subject.metadata.get("annotations").is_some_and(|a| a.has("kubernetes.io/config.mirror"));
    for (i, claim) in claims.iter().enumerate() {
        if is_mirror && subject.is_pod {
            errors.push(field::forbidden(&Path::default(), "static pods do not support resource claims"));
            continue;
        }
        let at = path.index(i);
        let name = claim.str("name");
        if name.is_empty() {
            errors.push(field::required(&at.child("name"), ""));
        } else if !seen.insert(name) {
            errors.push(field::duplicate(&at.child("name"), name));
        } else {
            errors.extend(texts(&at.child("name"), name, names::dns_label(name)));
        }
        errors.extend(claim_source(claim, &at));
    }
    errors
}

fn claim_source(claim: &Value, path: &Path) -> Errors {
    let mut errors = Errors::new();
    let members = ["resourceClaimName", "resourceClaimTemplateName"];
    match members.iter().filter(|m| claim.has(m)).count() {
        0 => {
            let detail = "must specify one of: `resourceClaimName`, `resourceClaimTemplateName`";
            errors.push(field::invalid(path, claim.clone(), detail));
        }
        1 => {}
        _ => {
            let detail = "at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified";
            errors.push(field::invalid(path, claim.clone(), detail));
        }
    }
    for member in members {
        if let Some(name) = claim.get(member).and_then(Value::as_str) {
            errors.extend(texts(&path.child(member), name, names::dns_subdomain(name)));
        }
    }
    errors
}
