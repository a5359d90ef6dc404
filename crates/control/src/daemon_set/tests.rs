use super::backoff::Backoff;
use super::plan::{Observed, plan};
use super::revision;
use super::set::Set;
use crate::object::Object;
use crate::ownership::Claimed;
use crate::plan::{Call, Patch, Plan};
use std::sync::Arc;
use stead_api::{Value, json, time::Timestamp, value::Access};
use stead_client::resource::{CONTROLLER_REVISIONS, DAEMON_SETS, NODES, PODS, Resource};

const NOW: Timestamp = Timestamp(1_800_000_000_000_000);

fn object(resource: Resource, name: &str, mut more: Value) -> Arc<Object> {
    for (member, value) in [("namespace", "d"), ("name", name), ("uid", name), ("resourceVersion", "3")] {
        more["metadata"][member] = value.into();
    }
    Arc::new(Object::parse(resource, more).unwrap())
}

/// A set with this strategy, of the first template or the second.
fn set(strategy: Value, template: usize) -> Set {
    let template = json!({
        "metadata": {"labels": {"app": "web"}},
        "spec": {"nodeSelector": {"run": "it"}, "containers": [{"name": "main", "image": format!("i:{template}")}]},
    });
    let annotations = json!({"deprecated.daemonset.template.generation": "1"});
    Set::parse(object(
        DAEMON_SETS,
        "agent",
        json!({
            "metadata": {"generation": 4, "annotations": annotations},
            "spec": {"selector": {"matchLabels": {"app": "web"}}, "updateStrategy": strategy, "template": template},
        }),
    ))
}

fn rolling(unavailable: Value, surge: Value) -> Value {
    json!({"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": unavailable, "maxSurge": surge}})
}

fn node(name: &str, taints: Value) -> Arc<Object> {
    object(NODES, name, json!({"metadata": {"labels": {"run": "it"}}, "spec": {"taints": taints}}))
}

/// A pod bound to a node.
fn pod(name: &str, node: &str, hash: &str, ready: bool) -> Arc<Object> {
    changed_pod(name, node, hash, ready, |_| {})
}

fn changed_pod(name: &str, node: &str, hash: &str, ready: bool, change: impl Fn(&mut Value)) -> Arc<Object> {
    let conditions = json!([{"type": "Ready", "status": if ready { "True" } else { "False" }, "lastTransitionTime": NOW.rfc3339()}]);
    let mut pod = json!({
        "metadata": {"labels": {"app": "web", "controller-revision-hash": hash}, "creationTimestamp": NOW.rfc3339()},
        "spec": {"nodeName": node}, "status": {"phase": "Running", "conditions": conditions},
    });
    change(&mut pod);
    object(PODS, name, pod)
}

/// What is seen of a set whose current revision exists already.
fn observed(set: Set, nodes: &[Arc<Object>], pods: &[Arc<Object>]) -> Observed {
    let first = Observed { set, pods: Claimed::default(), revisions: Claimed::default(), nodes: nodes.to_vec(), holder: None };
    let made = revision::current(&first).unwrap().effect.unwrap();
    let Call::Create { body, .. } = made.call else { panic!("it is made") };
    let revision = object(CONTROLLER_REVISIONS, body["metadata"].str("name"), body.clone());
    let of = |objects: Vec<Arc<Object>>| Claimed { objects, before: Vec::new() };
    Observed { pods: of(pods.to_vec()), revisions: of(vec![revision]), ..first }
}

fn hash(observed: &Observed) -> String {
    revision::current(observed).unwrap().hash
}

fn planned(observed: &Observed) -> Plan {
    plan(NOW, observed, &mut Backoff::default())
}

/// Names of pods that go, and nodes that get one.
fn acts(plan: &Plan) -> (Vec<String>, Vec<String>) {
    let (mut gone, mut made) = (Vec::new(), Vec::new());
    for effect in plan.effects() {
        match &effect.call {
            Call::Delete { resource: PODS, key, .. } => gone.push(key.name.clone()),
            Call::Create { resource: PODS, body, .. } => {
                let pod = object(PODS, "made", body.clone());
                made.push(super::nodes::target(&pod).unwrap().to_owned());
            }
            _ => {}
        }
    }
    (gone, made)
}

fn did(observed: &Observed) -> (Vec<String>, Vec<String>) {
    acts(&planned(observed))
}

fn names(gone: &[&str], made: &[&str]) -> (Vec<String>, Vec<String>) {
    let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    (owned(gone), owned(made))
}

// DS-1, DS-2
#[test]
fn nodes_want_a_pod_by_labels_and_taints() {
    let taint = |key: &str, effect: &str| json!([{"key": key, "effect": effect}]);
    let one = |taints: Value, pods: &[Arc<Object>]| did(&observed(set(rolling(json!(1), json!(0)), 1), &[node("a", taints)], pods));
    let here = [pod("p", "a", "h", true)];
    assert_eq!(one(json!([]), &[]), names(&[], &["a"]));
    assert_eq!(one(taint("x", "NoSchedule"), &[]), names(&[], &[]));
    assert_eq!(one(taint("x", "PreferNoSchedule"), &[]), names(&[], &["a"]));
    assert_eq!(one(taint("node.kubernetes.io/disk-pressure", "NoSchedule"), &[]), names(&[], &["a"]));
    assert_eq!(one(taint("x", "NoExecute"), &here), names(&["p"], &[]));
    let strange = observed(set(json!({"type": "OnDelete"}), 1), &[node("a", taint("x", "NoSchedule"))], &here);
    assert_eq!(did(&strange), names(&[], &[]));
    let written = status(&planned(&strange));
    assert_eq!((written.int("numberMisscheduled"), written.int("desiredNumberScheduled")), (Some(1), Some(0)));
}

fn status(plan: &Plan) -> Value {
    let mut bodies = plan.finally.iter().filter_map(|effect| match &effect.call {
        Call::Patch { subresource: "status", patch: Patch::Merge(body), .. } => Some(body["status"].clone()),
        _ => None,
    });
    bodies.next_back().unwrap_or_default()
}

// DS-3, DS-4, DS-5
#[test]
fn a_pod_names_its_node_its_template_and_what_it_tolerates() {
    let mut given = set(rolling(json!(1), json!(0)), 1).object.value.clone();
    let own = json!([{"key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 5}]);
    given["spec"]["template"]["spec"]["tolerations"] = own;
    given["spec"]["template"]["spec"]["affinity"] = json!({"podAffinity": {"x": []}});
    let made = Set::parse(object(DAEMON_SETS, "agent", given)).template_for("a", "h");
    assert_eq!(made["metadata"]["labels"], json!({"app": "web", "controller-revision-hash": "h", "pod-template-generation": "1"}));
    let tolerations = made["spec"].items("tolerations");
    assert_eq!((tolerations.len(), tolerations[0].has("tolerationSeconds")), (6, false));
    assert!(made["spec"]["affinity"].has("podAffinity"));
}

// DS-7, DS-10, DS-11
#[test]
fn one_pod_a_node_and_none_for_nodes_that_are_gone() {
    let set = || set(json!({"type": "OnDelete"}), 1);
    let older = changed_pod("older", "a", "h", true, |pod| pod["metadata"]["creationTimestamp"] = NOW.plus_millis(-9000).rfc3339().into());
    let two = observed(set(), &[node("a", json!([]))], &[pod("b", "a", "h", true), older]);
    assert_eq!(did(&two), names(&["b"], &[]));
    let going = changed_pod("p", "a", "h", true, |pod| pod["metadata"]["deletionTimestamp"] = NOW.rfc3339().into());
    assert_eq!(did(&observed(set(), &[node("a", json!([]))], &[going])), names(&[], &[]));
    let terms = json!([{"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["lost"]}]}]);
    let unbound = changed_pod("p", "", "h", false, |pod| {
        pod["spec"]["affinity"] =
            json!({"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms.clone()}}});
    });
    assert_eq!(did(&observed(set(), &[], &[unbound, pod("bound", "lost", "h", true)])), names(&["p"], &[]));
}

// DS-8, DS-9
#[test]
fn ended_pods_are_replaced_failed_ones_after_a_while() {
    let ended = |phase: &'static str| {
        let pod = changed_pod("p", "a", "h", false, move |pod| pod["status"]["phase"] = phase.into());
        observed(set(json!({"type": "OnDelete"}), 1), &[node("a", json!([]))], &[pod])
    };
    let mut backoff = Backoff::default();
    let mut at = |ms: i64| {
        let plan = plan(NOW.plus_millis(ms), &ended("Failed"), &mut backoff);
        (acts(&plan).0.len(), plan.events.len(), plan.requeue_at)
    };
    assert_eq!(at(0), (1, 1, None));
    assert_eq!(at(500), (0, 0, Some(NOW.plus_millis(1000))));
    assert_eq!(at(1000), (1, 1, None));
    assert_eq!(at(2999), (0, 0, Some(NOW.plus_millis(3000))));
    assert_eq!(at(40 * 60_000), (1, 1, None));
    let plan = planned(&ended("Succeeded"));
    assert_eq!((acts(&plan), plan.events[0].reason), (names(&["p"], &[]), "SucceededDaemonPod"));
}

// DS-30
#[test]
fn old_pods_go_as_far_as_the_budget_allows_and_unavailable_ones_anyway() {
    let nodes = ["a", "b", "c"].map(|name| node(name, json!([])));
    let roll = |unavailable: Value, ready: [bool; 3], strategy_new: usize| {
        let mut seen = observed(set(rolling(unavailable, json!(0)), 1), &nodes, &[]);
        let new = hash(&seen);
        let hash = |at: usize| if at < strategy_new { new.as_str() } else { "old" };
        seen.pods.objects = (0..3).map(|at| pod(["a", "b", "c"][at], ["a", "b", "c"][at], hash(at), ready[at])).collect();
        did(&seen).0
    };
    assert_eq!(roll(json!(1), [true; 3], 0), ["a"]);
    assert_eq!(roll(json!(2), [true; 3], 0), ["a", "b"]);
    assert_eq!(roll(json!("34%"), [true; 3], 0), ["a", "b"]);
    assert_eq!(roll(json!(0), [true; 3], 0), ["a"]);
    assert_eq!(roll(json!(1), [false, true, true], 1), [""; 0]);
    assert_eq!(roll(json!(1), [true, false, true], 0), ["b"]);
    assert_eq!(roll(json!(1), [false, true, false], 1), ["c"]);
    assert_eq!(roll(json!(1), [true; 3], 3), [""; 0]);
}

// DS-31, DS-32
#[test]
fn with_surge_the_old_pod_stays_until_the_new_one_is_available() {
    let nodes = ["a", "b"].map(|name| node(name, json!([])));
    let seen = |pods: &dyn Fn(&str) -> Vec<Arc<Object>>| {
        let mut seen = observed(set(rolling(json!(0), json!(1)), 1), &nodes, &[]);
        seen.pods.objects = pods(&hash(&seen));
        did(&seen)
    };
    let old = || [pod("a", "a", "old", true), pod("b", "b", "old", true)];
    assert_eq!(seen(&|_| old().to_vec()), names(&[], &["a"]));
    assert_eq!(seen(&|new| [&old()[..], &[pod("a2", "a", new, false)]].concat()), names(&[], &[]));
    assert_eq!(seen(&|new| [&old()[..], &[pod("a2", "a", new, true)]].concat()), names(&["a"], &[]));
    assert_eq!(seen(&|_| vec![pod("a", "a", "old", false), pod("b", "b", "old", true)]), names(&[], &["a", "b"]));
}

// DS-20, DS-21, DS-22
#[test]
fn a_former_template_gets_the_highest_number_again() {
    let mut seen = observed(set(json!({"type": "OnDelete"}), 1), &[], &[]);
    let other = observed(set(json!({"type": "OnDelete"}), 2), &[], &[]).revisions.objects.remove(0);
    let mut newer = other.as_ref().clone();
    newer.value["revision"] = 2.into();
    seen.revisions.objects.push(Arc::new(newer));
    let Call::Patch { patch: Patch::Merge(body), .. } = revision::current(&seen).unwrap().effect.unwrap().call else { panic!("a patch") };
    assert_eq!(body.int("revision"), Some(3));
    seen.set.revision_history_limit = 0;
    let gone = |seen: &Observed| planned(seen).effects().filter(|effect| matches!(effect.call, Call::Delete { .. })).count();
    assert_eq!(gone(&seen), 1);
    seen.pods.objects.push(pod("p", "a", other.label("controller-revision-hash"), true));
    assert_eq!(gone(&seen), 0);
    // A name that another revision has is passed over.
    seen.revisions.objects.clear();
    seen.holder = Some(other);
    assert_eq!(status(&planned(&seen)), json!({"collisionCount": 1}));
}

// DS-23
#[test]
fn revisions_of_one_template_become_one() {
    let mut seen = observed(set(rolling(json!(1), json!(0)), 1), &[node("a", json!([])), node("b", json!([]))], &[]);
    let first = seen.revisions.objects[0].clone();
    let mut second = first.as_ref().clone();
    second.value["revision"] = 2.into();
    (second.key.name, second.uid) = ("other".to_owned(), "other".to_owned());
    second.labels.insert("controller-revision-hash".to_owned(), "other".to_owned());
    seen.revisions.objects.push(Arc::new(second));
    seen.pods.objects = vec![pod("p", "a", first.label("controller-revision-hash"), true), pod("q", "b", "old", true)];
    let plan = planned(&seen);
    let calls: Vec<&Call> = plan.effects().map(|effect| &effect.call).collect();
    let [Call::Patch { key: relabelled, patch: Patch::Strategic(body), .. }, Call::Delete { key: removed, .. }] = calls[..] else {
        panic!("{calls:?}")
    };
    assert_eq!((relabelled.name.as_str(), &removed.name), ("p", &first.key.name));
    assert_eq!(body["metadata"]["labels"]["controller-revision-hash"], "other");
}

proptest::proptest! {
    // ALL-1, DS-13, DS-30, DS-31
    #[test]
    fn every_roll_ends_with_one_new_pod_a_node_and_then_nothing_is_done(nodes in 1_usize..6, unavailable in 0_i64..4, surge in 0_i64..4) {
        let nodes: Vec<_> = (0..nodes).map(|n| node(&format!("n{n}"), json!([]))).collect();
        let surge = if unavailable > 0 { 0 } else { surge };
        let mut seen = observed(set(rolling(unavailable.into(), surge.into()), 1), &nodes, &[]);
        let new = hash(&seen);
        seen.pods.objects = nodes.iter().map(|node| pod(&format!("old-{}", node.key.name), &node.key.name, "old", true)).collect();
        for round in 0..40 {
            let (gone, made) = did(&seen);
            seen.pods.objects.retain(|pod| !gone.contains(&pod.key.name));
            seen.pods.objects.extend(made.iter().map(|node| pod(&format!("p{round}-{node}"), node, &new, true)));
            let lacking = nodes.iter().filter(|node| seen.pods.objects.iter().all(|pod| pod.pod().node != node.key.name)).count();
            let may_lack = if surge > 0 { 0 } else { unavailable.max(1) };
            proptest::prop_assert!(i64::try_from(lacking).unwrap() <= may_lack);
        }
        let is_new = seen.pods.objects.iter().all(|pod| pod.label("controller-revision-hash") == new);
        proptest::prop_assert!(is_new && seen.pods.objects.len() == nodes.len());
        let mut done = seen.set.object.as_ref().clone();
        done.value["status"] = status(&planned(&seen));
        seen.set = Set::parse(Arc::new(done));
        proptest::prop_assert!(planned(&seen).is_empty());
    }
}
