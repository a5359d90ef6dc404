//! What quotas count (QUO-3, QUO-6 to QUO-9): how much of what they limit an object uses, which scopes it is in, and what it has to
//! say for itself. Pure; admission and the quota controller count by the same rules. Input: an object. Output: a [`Counted`].

use crate::{
    Value,
    kinds::pod_spec::{
        amount::{Amounts, amounts},
        is_huge_page, is_native_resource,
        qos::QosClass,
        totals,
        validation::resources::is_extended,
    },
    quantity::{Format, Quantity},
    registry::Kind,
    time::Timestamp,
    value::Access,
};
use std::collections::{BTreeMap, BTreeSet};

/// Between a storage class and what of it is limited.
const OF_CLASS: &str = ".storageclass.storage.k8s.io/";
/// Annotation of claims: the class, before there was a field.
const BETA_CLASS: &str = "volume.beta.kubernetes.io/storage-class";
/// Kinds of the core group whose number can be limited by their plural alone.
const BY_PLURAL: [&str; 7] =
    ["configmaps", "persistentvolumeclaims", "pods", "replicationcontrollers", "resourcequotas", "secrets", "services"];
/// What every container of a pod has to say where a quota limits it.
const HAS_TO_BE_SAID: [&str; 6] = ["cpu", "limits.cpu", "limits.memory", "memory", "requests.cpu", "requests.memory"];
/// What pods ask for and are limited to beside huge pages and extended resources.
const COMPUTE: [&str; 3] = ["cpu", "memory", "ephemeral-storage"];

/// Which resource of the API an object is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counting<'a> {
    /// Empty for the core group.
    pub group: &'a str,
    pub plural: &'a str,
}

impl<'a> Counting<'a> {
    pub fn of(kind: &'a Kind) -> Self {
        Self { group: kind.group, plural: kind.plural }
    }

    fn is_core(self, plural: &str) -> bool {
        self.group.is_empty() && self.plural == plural
    }

    /// Whether `name` is the number of all objects of this kind: `count/pods`, `count/deployments.apps`.
    fn is_number(self, name: &str) -> bool {
        name.strip_prefix("count/").is_some_and(|counted| match counted.split_once('.') {
            None => self.group.is_empty() && counted == self.plural,
            Some((plural, group)) => plural == self.plural && group == self.group,
        })
    }

    /// Whether what a quota limits under this name is used by objects of this kind.
    pub fn uses(self, name: &str) -> bool {
        if self.is_number(name) {
            return true;
        }
        if !self.group.is_empty() {
            return false;
        }
        match self.plural {
            "pods" => name == "pods" || is_of_pods(name),
            "services" => matches!(name, "services" | "services.nodeports" | "services.loadbalancers"),
            "persistentvolumeclaims" => is_of_claims(name.split_once(OF_CLASS).map_or(name, |(_, what)| what)),
            plural => BY_PLURAL.contains(&plural) && name == plural,
        }
    }

    /// What a new object has not said of what is limited under these names, in the words of the refusal; `None`: nothing.
    pub fn unsaid<'n>(self, object: &Value, names: impl Iterator<Item = &'n str>) -> Option<String> {
        let spec = &object["spec"];
        let is_said_of_all = ["requests", "limits"].iter().any(|member| spec["resources"].map(member).is_some_and(|said| !said.is_empty()));
        if !self.is_core("pods") || is_said_of_all {
            return None;
        }
        let mut unsaid: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for name in names.filter(|name| HAS_TO_BE_SAID.contains(name)) {
            for container in spec.items("containers").iter().chain(spec.items("initContainers")) {
                let said = |member: &str| amounts(container["resources"].map(member));
                if Pod::asks(said("requests"), said("limits")).amount(name).is_none() {
                    unsaid.entry(name).or_default().insert(container.str("name"));
                }
            }
        }
        let each = unsaid.iter().map(|(name, containers)| {
            let containers: Vec<&str> = containers.iter().copied().collect();
            format!("{name} for: {}", containers.join(","))
        });
        let each: Vec<String> = each.collect();
        (!each.is_empty()).then(|| format!("must specify {}", each.join("; ")))
    }
}

fn is_of_pods(name: &str) -> bool {
    let bare = name.strip_prefix("requests.").or_else(|| name.strip_prefix("limits.")).unwrap_or(name);
    COMPUTE.contains(&bare)
        || is_huge_page(name.strip_prefix("requests.").unwrap_or(name))
        || (name.starts_with("requests.") && !is_native_resource(name))
}

fn is_of_claims(name: &str) -> bool {
    matches!(name, "persistentvolumeclaims" | "requests.storage")
}

/// What quotas look at of an object.
#[derive(Debug, Clone, PartialEq)]
pub enum Counted {
    Pod(Box<Pod>),
    Service {
        node_ports: i64,
        load_balancers: i64,
    },
    Claim(Box<Claim>),
    /// Its being there.
    Other,
}

/// What a pod asks for, is limited to, and is chosen by.
#[derive(Debug, Clone, PartialEq)]
pub struct Pod {
    requests: Amounts,
    limits: Amounts,
    /// It has ended: only its being there counts.
    is_over: bool,
    /// A node that does not let go of it longer than this does not make it count (QUO-2).
    free_after: Option<Timestamp>,
    is_best_effort: bool,
    has_deadline: bool,
    /// Some term of its affinity looks into other namespaces.
    looks_elsewhere: bool,
    /// Empty if not set.
    priority_class: String,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Claim {
    /// Empty if not set.
    class: String,
    storage: Option<Quantity>,
    attributes_classes: BTreeSet<String>,
}

impl Counted {
    /// What quotas look at of this object.
    pub fn of(counting: Counting<'_>, object: &Value) -> Self {
        let spec = &object["spec"];
        match (counting.group, counting.plural) {
            ("", "pods") => Self::Pod(Box::new(Pod::of(object))),
            ("", "services") => {
                let ports = spec.items("ports");
                let given = ports.iter().filter(|port| port.int("nodePort").is_some_and(|port| port != 0)).count();
                let is_balanced = spec.str("type") == "LoadBalancer";
                let node_ports = match spec.str("type") {
                    "LoadBalancer" if spec["allocateLoadBalancerNodePorts"] == Value::Bool(false) => given,
                    "LoadBalancer" | "NodePort" => ports.len(),
                    _ => 0,
                };
                Self::Service { node_ports: i64::try_from(node_ports).unwrap_or(i64::MAX), load_balancers: is_balanced.into() }
            }
            ("", "persistentvolumeclaims") => Self::Claim(Box::new(Claim::of(object))),
            _ => Self::Other,
        }
    }

    /// How much the object uses of what a quota limits under this name; `None`: it has nothing to do with it.
    pub fn amount(&self, counting: Counting<'_>, name: &str, now: Timestamp) -> Option<Quantity> {
        let whole = |number: i64| Some(Quantity::from_value(number, Format::DecimalSi));
        if counting.is_number(name) {
            return whole(1);
        }
        match self {
            _ if !counting.uses(name) => None,
            Self::Pod(pod) if !pod.counts(now) => None,
            Self::Pod(pod) => pod.amount(name),
            Self::Service { node_ports, .. } if name == "services.nodeports" => whole(*node_ports),
            Self::Service { load_balancers, .. } if name == "services.loadbalancers" => whole(*load_balancers),
            Self::Claim(claim) => claim.amount(name),
            Self::Service { .. } | Self::Other => whole(1),
        }
    }

    /// Whether the object is in every scope of a quota's spec. A quota without scopes is about everything.
    pub fn is_in_scopes(&self, spec: &Value) -> bool {
        let is_in = |scope: &str, operator: &str, values: &[Value]| match self {
            Self::Pod(pod) => pod.is_in(scope, operator, values),
            Self::Claim(claim) => scope == "VolumeAttributesClass" && holds(&claim.attributes_classes, operator, values),
            Self::Service { .. } | Self::Other => false,
        };
        let expressions = spec["scopeSelector"].items("matchExpressions");
        spec.items("scopes").iter().all(|scope| is_in(scope.as_str().unwrap_or_default(), "Exists", &[]))
            && expressions.iter().all(|term| is_in(term.str("scopeName"), term.str("operator"), term.items("values")))
    }

    /// When a pod that is not gone yet stops counting, if it does by itself.
    pub fn free_after(&self) -> Option<Timestamp> {
        if let Self::Pod(pod) = self { pod.free_after } else { None }
    }
}

/// Whether one of these names satisfies a term of a selector.
fn holds(names: &BTreeSet<String>, operator: &str, values: &[Value]) -> bool {
    let is_listed = |name: &String| values.iter().any(|value| value == name.as_str());
    match operator {
        "Exists" => !names.is_empty(),
        "DoesNotExist" => names.is_empty(),
        "In" => names.iter().any(is_listed),
        "NotIn" => names.is_empty() || names.iter().any(|name| !is_listed(name)),
        _ => false,
    }
}

impl Pod {
    fn of(pod: &Value) -> Self {
        let (spec, metadata, phase) = (&pod["spec"], &pod["metadata"], pod["status"].str("phase"));
        let deleted = Timestamp::parse(metadata.str("deletionTimestamp"));
        let grace_s = metadata.int("deletionGracePeriodSeconds");
        Self {
            is_over: matches!(phase, "Failed" | "Succeeded"),
            free_after: deleted.zip(grace_s).map(|(deleted, grace_s)| deleted.plus_millis(grace_s.saturating_mul(1000))),
            is_best_effort: QosClass::of(pod) == QosClass::BestEffort,
            has_deadline: spec.int("activeDeadlineSeconds").is_some_and(|seconds| seconds >= 0),
            looks_elsewhere: ["podAffinity", "podAntiAffinity"].iter().any(|kind| looks_elsewhere(&spec["affinity"][kind])),
            priority_class: spec.str("priorityClassName").to_owned(),
            ..Self::asks(totals::pod_requests(spec), totals::pod_limits(spec))
        }
    }

    fn asks(requests: Amounts, limits: Amounts) -> Self {
        Self {
            requests,
            limits,
            is_over: false,
            free_after: None,
            is_best_effort: false,
            has_deadline: false,
            looks_elsewhere: false,
            priority_class: String::new(),
        }
    }

    fn counts(&self, now: Timestamp) -> bool {
        !self.is_over && self.free_after.is_none_or(|at| now <= at)
    }

    fn amount(&self, name: &str) -> Option<Quantity> {
        if name == "pods" {
            return Some(Quantity::from_value(1, Format::DecimalSi));
        }
        if let Some(limited) = name.strip_prefix("limits.") {
            return self.limits.get(limited).filter(|_| COMPUTE.contains(&limited)).cloned();
        }
        match name.strip_prefix("requests.") {
            Some(asked) if COMPUTE.contains(&asked) || is_huge_page(asked) || is_extended(asked) => self.requests.get(asked).cloned(),
            Some(_) => None,
            None if COMPUTE.contains(&name) || is_huge_page(name) => self.requests.get(name).cloned(),
            None => None,
        }
    }

    fn is_in(&self, scope: &str, operator: &str, values: &[Value]) -> bool {
        match scope {
            "Terminating" => self.has_deadline,
            "NotTerminating" => !self.has_deadline,
            "BestEffort" => self.is_best_effort,
            "NotBestEffort" => !self.is_best_effort,
            "CrossNamespacePodAffinity" => self.looks_elsewhere,
            "PriorityClass" => {
                let class = Some(self.priority_class.clone()).filter(|class| !class.is_empty());
                holds(&class.into_iter().collect(), operator, values)
            }
            _ => false,
        }
    }
}

fn looks_elsewhere(affinity: &Value) -> bool {
    let required = affinity.items("requiredDuringSchedulingIgnoredDuringExecution").iter();
    let preferred = affinity.items("preferredDuringSchedulingIgnoredDuringExecution").iter().map(|term| &term["podAffinityTerm"]);
    required.chain(preferred).any(|term| !term.items("namespaces").is_empty() || term.has("namespaceSelector"))
}

impl Claim {
    fn of(claim: &Value) -> Self {
        let (spec, status) = (&claim["spec"], &claim["status"]);
        let beta = claim["metadata"]["annotations"].get(BETA_CLASS).and_then(Value::as_str);
        let mut storage = storage_of(&spec["resources"], "requests");
        if let (Some(asked), Some(allocated)) = (&storage, storage_of(status, "allocatedResources"))
            && allocated > *asked
        {
            storage = Some(allocated);
        }
        if let Some(storage) = &mut storage {
            storage.round_up(0);
        }
        let classes = [
            spec.str("volumeAttributesClassName"),
            status.str("currentVolumeAttributesClassName"),
            status["modifyVolumeStatus"].str("targetVolumeAttributesClassName"),
        ];
        Self {
            class: beta.unwrap_or_else(|| spec.str("storageClassName")).to_owned(),
            storage,
            attributes_classes: classes.into_iter().filter(|class| !class.is_empty()).map(str::to_owned).collect(),
        }
    }

    fn amount(&self, name: &str) -> Option<Quantity> {
        let what = match name.split_once(OF_CLASS) {
            Some((class, what)) => Some(what).filter(|_| class == self.class)?,
            None => name,
        };
        if what == "requests.storage" { self.storage.clone() } else { Some(Quantity::from_value(1, Format::DecimalSi)) }
    }
}

fn storage_of(holder: &Value, member: &str) -> Option<Quantity> {
    amounts(holder.map(member)).remove("storage")
}

#[cfg(test)]
mod tests {
    use super::{Counted, Counting};
    use crate::{Value, json, time::Timestamp};

    const PODS: Counting<'_> = Counting { group: "", plural: "pods" };
    const CLAIMS: Counting<'_> = Counting { group: "", plural: "persistentvolumeclaims" };

    fn used(counting: Counting<'_>, object: &Value, name: &str) -> Option<String> {
        let amount = Counted::of(counting, object).amount(counting, name, Timestamp::from_seconds(1000));
        amount.map(|amount| amount.to_string())
    }

    // QUO-2, QUO-3
    #[test]
    fn a_pod_counts_until_it_has_ended() {
        let resources = json!({"requests": {"cpu": "100m", "example.com/x": "2"}, "limits": {"memory": "1Gi"}});
        let mut pod = json!({"spec": {"containers": [{"name": "a", "resources": resources}]}});
        let names =
            ["pods", "cpu", "requests.cpu", "limits.cpu", "memory", "limits.memory", "requests.example.com/x", "count/pods", "services"];
        let all = |pod: &Value| names.map(|name| used(PODS, pod, name).unwrap_or_default());
        assert_eq!(all(&pod), ["1", "100m", "100m", "", "", "1Gi", "2", "1", ""]);
        pod["metadata"] = json!({"deletionTimestamp": Timestamp::from_seconds(900).rfc3339(), "deletionGracePeriodSeconds": 100});
        assert_eq!(used(PODS, &pod, "pods").as_deref(), Some("1"));
        pod["metadata"]["deletionGracePeriodSeconds"] = 99.into();
        assert_eq!((used(PODS, &pod, "pods"), used(PODS, &pod, "count/pods").as_deref()), (None, Some("1")));
        pod["metadata"] = json!({});
        pod["status"] = json!({"phase": "Succeeded"});
        assert_eq!((used(PODS, &pod, "cpu"), used(PODS, &pod, "count/pods").as_deref()), (None, Some("1")));
    }

    // QUO-6
    #[test]
    fn any_kind_can_be_counted() {
        let deployments = Counting { group: "apps", plural: "deployments" };
        assert!(deployments.uses("count/deployments.apps") && !deployments.uses("count/deployments") && !deployments.uses("deployments"));
        let secrets = Counting { group: "", plural: "secrets" };
        assert!(secrets.uses("secrets") && secrets.uses("count/secrets") && !secrets.uses("count/secrets.apps"));
        assert!(!Counting { group: "", plural: "endpoints" }.uses("endpoints"));
    }

    // QUO-7
    #[test]
    fn load_balancers_have_node_ports() {
        let services = Counting { group: "", plural: "services" };
        let service = |spec: Value| {
            let spec = json!({ "spec": spec });
            ["services", "services.nodeports", "services.loadbalancers"].map(|name| used(services, &spec, name).unwrap_or_default())
        };
        let ports = json!([{"port": 1}, {"port": 2, "nodePort": 30000}]);
        assert_eq!(service(json!({"type": "ClusterIP", "ports": ports})), ["1", "0", "0"]);
        assert_eq!(service(json!({"type": "NodePort", "ports": ports})), ["1", "2", "0"]);
        assert_eq!(service(json!({"type": "LoadBalancer", "ports": ports})), ["1", "2", "1"]);
        assert_eq!(service(json!({"type": "LoadBalancer", "ports": ports, "allocateLoadBalancerNodePorts": false})), ["1", "1", "1"]);
    }

    // QUO-8
    #[test]
    fn storage_is_counted_by_class() {
        let claim = json!({
            "spec": {"storageClassName": "gold", "resources": {"requests": {"storage": "1Gi"}}},
            "status": {"allocatedResources": {"storage": "2Gi"}},
        });
        let names = [
            "persistentvolumeclaims",
            "requests.storage",
            "gold.storageclass.storage.k8s.io/requests.storage",
            "gold.storageclass.storage.k8s.io/persistentvolumeclaims",
            "lead.storageclass.storage.k8s.io/requests.storage",
        ];
        assert_eq!(names.map(|name| used(CLAIMS, &claim, name).unwrap_or_default()), ["1", "2Gi", "2Gi", "1", ""]);
        assert!(names.iter().all(|name| CLAIMS.uses(name)));
    }

    // QUO-9
    #[test]
    fn a_quota_is_about_what_is_in_all_its_scopes() {
        let pod = json!({"spec": {"priorityClassName": "high", "activeDeadlineSeconds": 5, "containers": [{"name": "a"}]}});
        let counted = Counted::of(PODS, &pod);
        let is_in = |spec: Value| counted.is_in_scopes(&spec);
        assert!(is_in(json!({})));
        assert!(is_in(json!({"scopes": ["BestEffort", "Terminating"]})));
        assert!(!is_in(json!({"scopes": ["BestEffort", "NotTerminating"]})) && !is_in(json!({"scopes": ["CrossNamespacePodAffinity"]})));
        let class = |operator: &str, values: &[&str]| {
            is_in(json!({"scopeSelector": {"matchExpressions": [{"scopeName": "PriorityClass", "operator": operator, "values": values}]}}))
        };
        assert!(class("In", &["low", "high"]) && class("Exists", &[]) && class("NotIn", &["low"]));
        assert!(!class("In", &["low"]) && !class("DoesNotExist", &[]) && !class("NotIn", &["high"]));
        assert!(!Counted::Other.is_in_scopes(&json!({"scopes": ["BestEffort"]})));
    }

    // QUO-3
    #[test]
    fn what_containers_have_to_say_is_named() {
        let said = json!({"requests": {"cpu": "1"}});
        let pod = json!({"spec": {"containers": [{"name": "b", "resources": said}, {"name": "c"}], "initContainers": [{"name": "a"}]}});
        let names = ["requests.cpu", "limits.memory", "pods", "ephemeral-storage"];
        let unsaid = PODS.unsaid(&pod, names.into_iter());
        assert_eq!(unsaid.as_deref(), Some("must specify limits.memory for: a,b,c; requests.cpu for: a,c"));
        assert_eq!(PODS.unsaid(&pod, ["pods"].into_iter()), None);
        let whole = json!({"spec": {"containers": [{"name": "a"}], "resources": {"requests": {"cpu": "1"}}}});
        assert_eq!(PODS.unsaid(&whole, names.into_iter()), None);
    }
}
