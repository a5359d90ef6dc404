//! Simulated kubelets: each runs the pods of its node, slowly, and tells the server. They never restart here.

use super::chance::Chance;
use super::truth::Change;
use std::collections::BTreeMap;
use stead_api::time::Timestamp;
use stead_api::{Value, json};
use stead_client::Key;

/// What a kubelet does at some moment.
#[derive(Debug, Clone)]
pub enum Act {
    /// A change of a pod of its node reaches it.
    Seen(Change),
    Start(String),
    Ready(String),
    /// A container falls ill for a while.
    Unready(String),
    /// A container ends for good.
    Fail(String),
    /// The container's grace is over.
    Stop(String),
    /// The pod may leave the API.
    Finish(String),
}

/// How far a pod is on its node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Starting,
    Running,
    Stopping,
    /// Nothing of it runs any more.
    Ended,
}

#[derive(Debug)]
struct Pod {
    key: Key,
    stage: Stage,
}

/// What follows from an act, for the world to carry out.
#[derive(Debug)]
pub enum Deed {
    /// In so many microseconds.
    Later(i64, Act),
    ContainerStarts {
        key: Key,
        uid: String,
    },
    ContainerStops {
        key: Key,
        uid: String,
    },
    Status {
        key: Key,
        body: Value,
        retry: Act,
    },
    Delete {
        key: Key,
        uid: String,
        retry: Act,
    },
}

#[derive(Debug, Default)]
pub struct Kubelet {
    /// By uid.
    pods: BTreeMap<String, Pod>,
}

const MS: i64 = 1000;

impl Kubelet {
    pub fn act(&mut self, act: Act, now: Timestamp, chance: &mut Chance, faults: bool) -> Vec<Deed> {
        match &act {
            Act::Seen(change) => self.see(change, chance),
            Act::Start(uid) => self.start(uid, chance),
            Act::Ready(uid) => self.report(uid, "True", now, &act, chance, faults),
            Act::Unready(uid) => self.report(uid, "False", now, &act, chance, faults),
            Act::Fail(uid) => self.fail(uid, now, &act),
            Act::Stop(uid) => self.stop(uid),
            Act::Finish(uid) => self.finish(uid, &act),
        }
    }

    fn see(&mut self, change: &Change, chance: &mut Chance) -> Vec<Deed> {
        let uid = change.pod.uid.clone();
        let stage = self.pods.get(&uid).map(|pod| pod.stage);
        if change.gone {
            let gone = self.pods.remove(&uid).filter(|pod| matches!(pod.stage, Stage::Running | Stage::Stopping));
            return gone.map(|pod| Deed::ContainerStops { key: pod.key, uid }).into_iter().collect();
        }
        if change.pod.deleting {
            let (next, deed) = match stage {
                Some(Stage::Stopping) => return Vec::new(),
                Some(Stage::Running) => (Stage::Stopping, Act::Stop(uid.clone())),
                Some(Stage::Starting | Stage::Ended) | None => (Stage::Ended, Act::Finish(uid.clone())),
            };
            self.pods.insert(uid, Pod { key: change.key.clone(), stage: next });
            return vec![Deed::Later(chance.between(MS, 1500 * MS), deed)];
        }
        if stage.is_some() || matches!(change.pod.phase.as_str(), "Failed" | "Succeeded") {
            return Vec::new();
        }
        self.pods.insert(uid.clone(), Pod { key: change.key.clone(), stage: Stage::Starting });
        vec![Deed::Later(chance.between(MS, 300 * MS), Act::Start(uid))]
    }

    fn start(&mut self, uid: &str, chance: &mut Chance) -> Vec<Deed> {
        let Some(pod) = self.pods.get_mut(uid).filter(|pod| pod.stage == Stage::Starting) else { return Vec::new() };
        pod.stage = Stage::Running;
        let ready = Deed::Later(chance.between(MS, 800 * MS), Act::Ready(uid.to_owned()));
        vec![Deed::ContainerStarts { key: pod.key.clone(), uid: uid.to_owned() }, ready]
    }

    fn report(&self, uid: &str, ready: &str, now: Timestamp, act: &Act, chance: &mut Chance, faults: bool) -> Vec<Deed> {
        let Some(pod) = self.pods.get(uid).filter(|pod| pod.stage == Stage::Running) else { return Vec::new() };
        let condition = json!({"type": "Ready", "status": ready, "lastTransitionTime": now.rfc3339()});
        let body = json!({"metadata": {"uid": uid}, "status": {"phase": "Running", "conditions": [condition]}});
        let mut deeds = vec![Deed::Status { key: pod.key.clone(), body, retry: act.clone() }];
        match act {
            Act::Unready(_) => deeds.push(Deed::Later(chance.between(MS, 5000 * MS), Act::Ready(uid.to_owned()))),
            _ if faults && chance.one_in(5) => deeds.push(Deed::Later(chance.between(MS, 8000 * MS), Act::Unready(uid.to_owned()))),
            _ if faults && chance.one_in(12) => deeds.push(Deed::Later(chance.between(MS, 8000 * MS), Act::Fail(uid.to_owned()))),
            _ => {}
        }
        deeds
    }

    fn fail(&mut self, uid: &str, now: Timestamp, act: &Act) -> Vec<Deed> {
        let Some(pod) = self.pods.get_mut(uid).filter(|pod| matches!(pod.stage, Stage::Running | Stage::Ended)) else { return Vec::new() };
        let mut deeds = Vec::new();
        if pod.stage == Stage::Running {
            deeds.push(Deed::ContainerStops { key: pod.key.clone(), uid: uid.to_owned() });
        }
        pod.stage = Stage::Ended;
        let condition = json!({"type": "Ready", "status": "False", "lastTransitionTime": now.rfc3339()});
        let body = json!({"metadata": {"uid": uid}, "status": {"phase": "Failed", "conditions": [condition]}});
        deeds.push(Deed::Status { key: pod.key.clone(), body, retry: act.clone() });
        deeds
    }

    fn stop(&mut self, uid: &str) -> Vec<Deed> {
        let Some(pod) = self.pods.get_mut(uid).filter(|pod| pod.stage == Stage::Stopping) else { return Vec::new() };
        pod.stage = Stage::Ended;
        let stops = Deed::ContainerStops { key: pod.key.clone(), uid: uid.to_owned() };
        vec![stops, Deed::Later(MS, Act::Finish(uid.to_owned()))]
    }

    fn finish(&self, uid: &str, act: &Act) -> Vec<Deed> {
        let pod = self.pods.get(uid);
        pod.map(|pod| Deed::Delete { key: pod.key.clone(), uid: uid.to_owned(), retry: act.clone() }).into_iter().collect()
    }
}
