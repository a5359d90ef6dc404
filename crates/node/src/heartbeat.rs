//! How a node says that it lives (NODE-5, NODE-6): what to write at each beat, from the Node as the API has it. Pure.

use crate::clock::Now;
use crate::registration::Machine;
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
    status_written: Option<Duration>,
}

/// What one beat writes beside the Lease.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Beat {
    /// A merge patch of the Node: its labels, and its pods' ranges if it has none yet.
    pub labels: Option<Value>,
    /// A strategic merge patch of its status.
    pub status: Option<Value>,
}

impl Heartbeat {
    /// What to write, given the Node as it is now: whoever changed what this node owns, it is put right at the next beat.
    pub fn beat(&self, now: Now, machine: &Machine, node: &Value) -> Beat {
        let ours = machine.status(now.wall, node["status"].items("conditions"));
        let due = self.status_written.is_none_or(|at| now.steady >= at + STATUS_EVERY);
        Beat {
            labels: (!self.labelled).then(|| {
                let mut patch = json!({"metadata": {"labels": machine.labels()}});
                if let Some(spec) = machine.spec().filter(|_| node["spec"].str("podCIDR").is_empty()) {
                    patch["spec"] = spec;
                }
                patch
            }),
            status: (due || differs(&ours, &node["status"])).then(|| json!({ "status": ours })),
        }
    }

    /// The beat's writes have succeeded.
    pub fn written(&mut self, now: Now, beat: &Beat) {
        self.labelled = true;
        if beat.status.is_some() {
            self.status_written = Some(now.steady);
        }
    }
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
        let first = heartbeat.beat(at(0), &machine(), &json!({}));
        heartbeat.written(at(0), &first);
        (heartbeat, first.status.expect("the first beat writes the status"))
    }

    #[test]
    fn an_unchanged_status_is_written_every_five_minutes() {
        // NODE-5
        let (heartbeat, node) = beaten();
        assert_eq!(heartbeat.beat(at(10), &machine(), &node), Beat::default());
        assert_eq!(heartbeat.beat(at(299), &machine(), &node), Beat::default());
        assert!(heartbeat.beat(at(300), &machine(), &node).status.is_some());
    }

    #[test]
    fn what_another_made_of_the_status_is_put_right_at_the_next_beat() {
        // NODE-5: the node lifecycle controller marks a silent node Unknown.
        let (heartbeat, mut node) = beaten();
        node["status"]["conditions"][3]["status"] = "Unknown".into();
        let beat = heartbeat.beat(at(10), &machine(), &node);
        assert_eq!(beat.status.expect("it is written")["status"]["conditions"][3]["status"], "True");
        let (heartbeat, node) = beaten();
        let larger = Machine { memory_bytes: 2 << 30, ..machine() };
        assert!(heartbeat.beat(at(10), &larger, &node).status.is_some());
    }
}
