//! How a node says that it lives (NODE-5, NODE-6): what to write at each beat, from the Node as the API has it. Pure.

use crate::clock::Now;
use crate::registration::{Machine, NodeState, PACKET_FILTER_UNAVAILABLE};
use std::time::Duration;
use stead_api::value::Access;
use stead_api::{Value, json};

/// Between two beats: each renews the Lease and compares the status (NODE-6).
pub const BEAT: Duration = Duration::from_secs(10);
/// Between writes of a status that has not changed (NODE-5).
const STATUS_EVERY: Duration = Duration::from_secs(300);

/// One node's heartbeat.
#[derive(Debug, Default)]
pub struct Heartbeat {
    labelled: bool,
    /// The start was told of.
    told: bool,
    status_written: Option<Duration>,
}

/// What one beat writes beside the Lease.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Beat {
    /// A merge patch of the Node: its labels, and its pods' ranges if it has none yet.
    pub labels: Option<Value>,
    /// A strategic merge patch of its status.
    pub status: Option<Value>,
    pub said: Vec<Said>,
}

/// An event about the node (NODE-9).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    pub ty: &'static str,
    pub reason: &'static str,
    pub message: String,
}

impl Heartbeat {
    /// What to write, given the Node as it is now: whoever changed what this node owns, it is put right at the next beat.
    pub fn beat(&self, now: Now, machine: &Machine, node: &Value, state: &NodeState) -> Beat {
        let ours = machine.status(now.wall, node["status"].items("conditions"), state);
        let due = self.status_written.is_none_or(|at| now.steady >= at + STATUS_EVERY);
        Beat {
            labels: (!self.labelled).then(|| {
                let mut patch = json!({"metadata": {"labels": machine.labels()}});
                if let Some(spec) = machine.spec().filter(|_| node["spec"].str("podCIDR").is_empty()) {
                    patch["spec"] = spec;
                }
                patch
            }),
            said: self.said(machine, node, &ours),
            status: (due || differs(&ours, &node["status"])).then(|| patch(ours, node)),
        }
    }

    /// NODE-9.
    fn said(&self, machine: &Machine, node: &Value, ours: &Value) -> Vec<Said> {
        let name = &machine.name;
        let normal = |reason, message| Said { ty: "Normal", reason, message };
        let mut said = Vec::new();
        if !self.told {
            said.push(normal("Starting", "Starting kubelet.".to_owned()));
            said.push(normal("NodeAllocatableEnforced", "Updated Node Allocatable limit across pods".to_owned()));
            let before = node["status"]["nodeInfo"].str("bootID");
            if !before.is_empty() && before != machine.boot_id {
                let message = format!("Node {name} has been rebooted, boot id: {}", machine.boot_id);
                said.push(Said { ty: "Warning", reason: "Rebooted", message });
            }
        }
        let ranges = json!(machine.pod_ranges);
        if !self.told && !machine.pod_ranges.is_empty() && !node["spec"].str("podCIDR").is_empty() && node["spec"]["podCIDRs"] != ranges {
            let message =
                format!("Pods of node {name} have addresses of {} now; its podCIDRs say what it had first", machine.pod_ranges.join(","));
            said.push(Said { ty: "Warning", reason: "PodRangeChanged", message });
        }
        for condition in ours.items("conditions") {
            let before = node["status"].items("conditions").iter().find(|other| other["type"] == condition["type"]);
            if before.is_none_or(|before| before["status"] != condition["status"])
                && let Some(reason) = turned(condition.str("type"), condition.str("status"))
            {
                said.push(normal(reason, format!("Node {name} status is now: {reason}")));
            }
            if condition["type"] == PACKET_FILTER_UNAVAILABLE
                && condition["status"] == "True"
                && before.is_none_or(|before| before["status"] != "True")
            {
                let message = condition.str("message").to_owned();
                said.push(Said { ty: "Warning", reason: PACKET_FILTER_UNAVAILABLE, message });
            }
        }
        said
    }

    /// The beat's writes have succeeded.
    pub fn written(&mut self, now: Now, beat: &Beat) {
        self.labelled = true;
        self.told = true;
        if beat.status.is_some() {
            self.status_written = Some(now.steady);
        }
    }
}

/// Addresses of one type are told apart by nothing that a patch knows: the list is written as a whole.
fn patch(mut status: Value, node: &Value) -> Value {
    if let Some(addresses) = status["addresses"].as_array_mut().filter(|_| node["status"].has("addresses")) {
        addresses.insert(0, json!({"$patch": "replace"}));
    }
    json!({ "status": status })
}

/// The reason of the event that tells of a condition's change.
fn turned(condition: &str, status: &str) -> Option<&'static str> {
    Some(match (condition, status) {
        ("MemoryPressure", "True") => "NodeHasInsufficientMemory",
        ("MemoryPressure", _) => "NodeHasSufficientMemory",
        ("DiskPressure", "True") => "NodeHasDiskPressure",
        ("DiskPressure", _) => "NodeHasNoDiskPressure",
        ("PIDPressure", "True") => "NodeHasInsufficientPID",
        ("PIDPressure", _) => "NodeHasSufficientPID",
        ("Ready", "True") => "NodeReady",
        ("Ready", _) => "NodeNotReady",
        _ => return None,
    })
}

/// Whether the API has something else than what this node says of itself; heartbeat times apart.
fn differs(ours: &Value, theirs: &Value) -> bool {
    let same = |name: &str| ours[name] == theirs[name];
    let conditions = ours.items("conditions").iter().all(|condition| {
        let other = theirs.items("conditions").iter().find(|other| other["type"] == condition["type"]);
        other.is_some_and(|other| ["status", "reason", "message"].iter().all(|member| condition[*member] == other[*member]))
    });
    let node_info = ours["nodeInfo"].as_object().into_iter().flatten().all(|(name, value)| theirs["nodeInfo"].str(name) == value);
    !(conditions && node_info && ["addresses", "capacity", "allocatable"].into_iter().all(same))
}

#[cfg(test)]
mod tests {
    use super::*;
    use stead_api::time::Timestamp;

    fn at(seconds: u64) -> Now {
        Now { wall: Timestamp::from_seconds(1_800_000_000), steady: Duration::from_secs(seconds) }
    }

    fn machine() -> Machine {
        Machine { name: "n".into(), cpus: 2, memory_bytes: 1 << 30, pods_max: 110, kubernetes_version: "v1".into(), ..Machine::default() }
    }

    /// A node that has just beaten, and the object as the API has it afterwards.
    fn beaten() -> (Heartbeat, Value) {
        let mut heartbeat = Heartbeat::default();
        let first = heartbeat.beat(at(0), &machine(), &json!({}), &NodeState::default());
        heartbeat.written(at(0), &first);
        (heartbeat, first.status.expect("the first beat writes the status"))
    }

    #[test]
    fn an_unchanged_status_is_written_every_five_minutes() {
        // NODE-5
        let (heartbeat, node) = beaten();
        assert_eq!(heartbeat.beat(at(10), &machine(), &node, &NodeState::default()), Beat::default());
        assert_eq!(heartbeat.beat(at(299), &machine(), &node, &NodeState::default()), Beat::default());
        assert!(heartbeat.beat(at(300), &machine(), &node, &NodeState::default()).status.is_some());
    }

    #[test]
    fn what_another_made_of_the_status_is_put_right_at_the_next_beat() {
        // NODE-5: the node lifecycle controller marks a silent node Unknown.
        let (heartbeat, mut node) = beaten();
        node["status"]["conditions"][3]["status"] = "Unknown".into();
        let beat = heartbeat.beat(at(10), &machine(), &node, &NodeState::default());
        assert_eq!(beat.status.expect("it is written")["status"]["conditions"][3]["status"], "True");
        let (heartbeat, node) = beaten();
        let larger = Machine { memory_bytes: 2 << 30, ..machine() };
        assert!(heartbeat.beat(at(10), &larger, &node, &NodeState::default()).status.is_some());
        // Of several addresses of one type, a patch would merge one into another.
        let both = Machine { addresses: vec!["192.0.2.1".into(), "2001:db8::1".into()], ..machine() };
        let addresses =
            heartbeat.beat(at(10), &both, &node, &NodeState::default()).status.expect("it is written")["status"]["addresses"].clone();
        assert_eq!((addresses[0].clone(), addresses.as_array().map(Vec::len)), (json!({"$patch": "replace"}), Some(4)));
    }

    #[test]
    fn a_machine_without_a_packet_filter_is_told_and_shown_until_it_has_one() {
        let (heartbeat, mut node) = beaten();
        let without = NodeState { network_impairment: Some("no nf_tables".into()), ..NodeState::default() };
        let beat = heartbeat.beat(at(10), &machine(), &node, &without);
        let said: Vec<_> = beat.said.iter().map(|said| (said.ty, said.reason, said.message.as_str())).collect();
        assert_eq!(said, [("Warning", "PacketFilterUnavailable", "no nf_tables")]);
        let conditions = beat.status.expect("it is written")["status"]["conditions"].clone();
        assert_eq!((&conditions[3]["type"], &conditions[3]["status"]), (&json!("PacketFilterUnavailable"), &json!("True")));
        assert_eq!(conditions[4]["type"], "Ready"); // NODE-4: Ready last
        node["status"]["conditions"] = conditions;
        assert_eq!(heartbeat.beat(at(20), &machine(), &node, &without).said, []);
        let healed = heartbeat.beat(at(30), &machine(), &node, &NodeState::default()).status.expect("it is written");
        assert_eq!(healed["status"]["conditions"][3]["status"], "False");
    }

    #[test]
    fn a_range_that_the_object_cannot_show_is_told() {
        let machine = Machine { pod_ranges: vec!["10.42.1.0/24".into()], ..machine() };
        let told = |node: &Value| {
            Heartbeat::default().beat(at(0), &machine, node, &NodeState::default()).said.iter().any(|said| said.reason == "PodRangeChanged")
        };
        let spec = |range: &str| json!({"spec": {"podCIDR": range, "podCIDRs": [range]}});
        assert!(told(&spec("10.42.0.0/24")) && !told(&spec("10.42.1.0/24")) && !told(&json!({})));
    }

    #[test]
    fn a_start_and_every_turn_of_a_condition_are_told() {
        // NODE-4, NODE-9
        let reasons = |beat: &Beat| beat.said.iter().map(|said| said.reason).collect::<Vec<_>>();
        let first = Heartbeat::default().beat(at(0), &machine(), &json!({}), &NodeState::default());
        let conditions = ["NodeHasSufficientMemory", "NodeHasNoDiskPressure", "NodeHasSufficientPID", "NodeReady"];
        assert_eq!(reasons(&first), [["Starting", "NodeAllocatableEnforced"].as_slice(), &conditions].concat());
        let (heartbeat, node) = beaten();
        assert_eq!(reasons(&heartbeat.beat(at(10), &machine(), &node, &NodeState::default())), [""; 0]);
        let beat = heartbeat.beat(at(10), &machine(), &node, &NodeState { pressures: vec!["DiskPressure"], ..NodeState::default() });
        assert_eq!(reasons(&beat), ["NodeHasDiskPressure"]);
        assert_eq!(beat.said[0].message, "Node n status is now: NodeHasDiskPressure");
        let condition = &beat.status.unwrap()["status"]["conditions"][1];
        assert_eq!((&condition["status"], &condition["reason"]), (&json!("True"), &json!("KubeletHasDiskPressure")));
        let down = NodeState { not_ready: Some("node is shutting down"), ..NodeState::default() };
        let beat = heartbeat.beat(at(10), &machine(), &node, &down);
        assert_eq!(reasons(&beat), ["NodeNotReady"]); // NODE-15
        let ready = &beat.status.unwrap()["status"]["conditions"][3];
        assert_eq!([&ready["status"], &ready["reason"], &ready["message"]], ["False", "KubeletNotReady", "node is shutting down"]);
        let mut before = node;
        before["status"]["nodeInfo"]["bootID"] = "old".into();
        let rebooted = Machine { boot_id: "new".into(), ..machine() };
        let beat = Heartbeat::default().beat(at(0), &rebooted, &before, &NodeState::default());
        assert_eq!(beat.said[2].message, "Node n has been rebooted, boot id: new");
    }
}
