//! The pod's sandbox: its shared namespaces and its cgroup. One that died is replaced by another, never revived.

use super::{NodeFacts, PodStep, SANDBOX, about};
use crate::network::ORDINAL;
use crate::pod::bandwidth;
use crate::pod::files::names::names;
use crate::pod::huge_pages;
use crate::pod::limits::pod_limits;
use crate::pod::operation::Operation;
use crate::pod::state::{PodState, Progress};
use crate::runtime::{Processes, QosClass, SandboxSpec, User};
use std::collections::BTreeMap;
use stead_api::Value;
use stead_api::value::Access;
use stead_client::event::Event;

pub struct Sandbox;

impl PodStep for Sandbox {
    fn up(&self, pod: &Value, node: &NodeFacts, state: &mut PodState) -> (Operation, Option<Event>) {
        let hostname = match names(pod, node) {
            Ok(names) => names.kernel,
            Err(error) => return (Operation::Refuse(error), None),
        };
        let limits = match bandwidth::labels(pod) {
            Ok(labels) => labels,
            Err(error) => return (Operation::Refuse(error), None),
        };
        let mut event = None;
        // Whether it is absent says whether a new sandbox is to be made. One that failed may be there by half: it is asked for again under its name.
        if state.steps[SANDBOX] == Progress::Absent || state.sandboxes.is_empty() {
            event = (!state.sandboxes.is_empty()).then(|| {
                let message = "Pod sandbox changed, it will be killed and re-created.".to_owned();
                about(pod, "", "Normal", "SandboxChanged", message)
            });
            state.sandboxes.push(next_id(pod["metadata"].str("uid"), &state.sandboxes));
        }
        let id = state.sandboxes.last().cloned().unwrap_or_default();
        state.limits = Some(pod_limits(pod));
        let mut spec = sandbox_spec(pod, node, id, hostname);
        spec.labels.extend(limits);
        (Operation::CreateSandbox(spec), event)
    }

    fn up_failed(&self, pod: &Value, error: &str) -> Event {
        about(pod, "", "Warning", "FailedCreatePodSandBox", format!("Failed to create pod sandbox: {error}"))
    }

    fn down(&self, state: &PodState) -> Vec<Operation> {
        state.sandboxes.iter().cloned().map(Operation::StopSandbox).collect()
    }

    fn remove(&self, state: &PodState) -> Vec<Operation> {
        state.sandboxes.iter().cloned().map(Operation::RemoveSandbox).collect()
    }

    fn removed(&self, state: &mut PodState) {
        state.sandboxes.clear();
    }
}

/// Unique for ever: the pod's uid and a number that only grows.
fn next_id(uid: &str, sandboxes: &[String]) -> String {
    let last = sandboxes.last().and_then(|id| id.rsplit_once('-')?.1.parse::<u64>().ok());
    format!("{uid}-{}", last.map_or(0, |n| n + 1))
}

/// SEC-20.
fn processes(spec: &Value) -> Processes {
    match (spec.flag("hostPID"), spec.flag("shareProcessNamespace")) {
        (true, _) => Processes::Host,
        (false, true) => Processes::Pod,
        (false, false) => Processes::Own,
    }
}

/// SEC-17: what a network of its own begins with, as containerd has it: everybody in it may listen on every port and ping.
const NETWORK_SYSCTLS: [(&str, &str); 2] = [("net.ipv4.ip_unprivileged_port_start", "0"), ("net.ipv4.ping_group_range", "0 2147483647")];

/// The last group that there is among users of their own.
const LAST_GROUP: &str = "0 65535";

fn has_own_users(spec: &Value) -> bool {
    spec["hostUsers"].as_bool() == Some(false)
}

/// Names come with dots or slashes between their parts; the last of several values counts.
fn sysctls(spec: &Value) -> BTreeMap<String, String> {
    let value = |value: &'static str| if has_own_users(spec) && value.ends_with(" 2147483647") { LAST_GROUP } else { value };
    let defaults =
        NETWORK_SYSCTLS.iter().filter(|_| !spec.flag("hostNetwork")).map(|(name, default)| ((*name).to_owned(), value(default).to_owned()));
    let own = spec["securityContext"].items("sysctls").iter();
    defaults.chain(own.map(|sysctl| (crate::admission::sysctl_name(sysctl.str("name")), sysctl.str("value").to_owned()))).collect()
}

fn pod_user(context: &Value) -> User {
    let number = |name: &str| context[name].as_u64().and_then(|number| u32::try_from(number).ok());
    User { uid: number("runAsUser"), gid: number("runAsGroup"), ..User::default() }
}

/// Whether the pod is one of a StatefulSet, which comes again under its name.
fn ordinal(meta: &Value) -> Option<(String, String)> {
    let owner = meta.items("ownerReferences").iter().find(|owner| owner.flag("controller"))?;
    (owner.str("kind") == "StatefulSet").then(|| (ORDINAL.to_owned(), meta["labels"].str("apps.kubernetes.io/pod-index").to_owned()))
}

fn sandbox_spec(pod: &Value, node: &NodeFacts, id: String, hostname: String) -> SandboxSpec {
    let (meta, spec) = (&pod["metadata"], &pod["spec"]);
    let label = |name: &str| (name.to_owned(), meta.str(name).to_owned());
    SandboxSpec {
        id,
        pod: meta.str("uid").to_owned(),
        node: node.name.clone(),
        labels: [label("namespace"), label("name"), label("uid")].into_iter().chain(ordinal(meta)).collect(),
        hostname,
        host_network: spec.flag("hostNetwork"),
        host_ipc: spec.flag("hostIPC"),
        own_users: has_own_users(spec),
        processes: processes(spec),
        sysctls: sysctls(spec),
        user: pod_user(&spec["securityContext"]),
        qos: QosClass::of(pod),
        limits: pod_limits(pod),
        huge_pages: huge_pages::of_pod(pod),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use stead_api::json;

    #[test]
    fn a_network_of_its_own_begins_with_ports_and_pings_for_everybody() {
        let port = "net.ipv4.ip_unprivileged_port_start";
        assert_eq!((sysctls(&json!({})).len(), sysctls(&json!({}))[port].as_str()), (2, "0"));
        let own = json!({"securityContext": {"sysctls": [{"name": port, "value": "80"}]}});
        assert_eq!(sysctls(&own)[port], "80");
        assert!(sysctls(&json!({"hostNetwork": true})).is_empty());
        // SEC-19: groups that do not exist among its users cannot be named.
        assert_eq!(sysctls(&json!({"hostUsers": false}))["net.ipv4.ping_group_range"], "0 65535");
    }

    #[test]
    fn only_an_ordinal_of_a_set_comes_again_under_its_name() {
        let owned =
            |kind: &str| json!({"labels": {"apps.kubernetes.io/pod-index": "2"}, "ownerReferences": [{"kind": kind, "controller": true}]});
        assert_eq!(ordinal(&owned("StatefulSet")), Some((ORDINAL.to_owned(), "2".to_owned())));
        assert_eq!((ordinal(&owned("ReplicaSet")), ordinal(&json!({}))), (None, None));
    }
}
