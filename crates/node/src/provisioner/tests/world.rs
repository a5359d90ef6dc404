//! A world for the provisioner's machine: an API that keeps objects and their versions, disks, and the time.

use super::super::machine::{Command, DiskFailure, Event, Machine, Outcome};
use super::super::plan::Operation;
use crate::clock::Now;
use crate::disks::{NodeDisks, SimulatedDisks};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use stead_api::time::Timestamp;
use stead_api::value::Access;
use stead_api::{Value, json};
use stead_client::resource::PERSISTENT_VOLUMES;
use stead_client::{Call, Failure, Patch, Refusal, Report};
use stead_disks::Expanded;

pub const GIB: u64 = 1 << 30;

pub struct World {
    pub machine: Machine,
    pub disks: SimulatedDisks,
    claims: BTreeMap<String, Value>,
    volumes: BTreeMap<String, Value>,
    classes: BTreeMap<String, Value>,
    version: u64,
    now: Duration,
    due: VecDeque<(String, Operation)>,
    /// `REASON MESSAGE` of every event.
    pub told: Vec<String>,
    /// What was patched, as `PLURAL/SUBRESOURCE`.
    pub written: Vec<String>,
    /// How often it was to be looked how much room there is.
    pub looks: usize,
    /// Disks that pods have mounted.
    pub in_use: BTreeSet<String>,
    /// Paths at which something lies that is no disk.
    pub foreign: BTreeSet<PathBuf>,
    /// A disk grows only when it is attached again.
    pub grows_later: bool,
    /// Nothing is done from this operation on, as if the node had stopped.
    pub stop_before: Option<&'static str>,
}

/// Of the class `standard`, given to the node `n`; its uid is its name.
pub fn claim(name: &str, amount: &str) -> Value {
    let annotations = json!({"volume.kubernetes.io/selected-node": "n", "volume.kubernetes.io/storage-provisioner": "stead.io/local"});
    json!({"metadata": {"name": name, "namespace": "ns", "uid": name, "annotations": annotations},
        "spec": {"accessModes": ["ReadWriteOnce"], "storageClassName": "standard", "resources": {"requests": {"storage": amount}}},
        "status": {"phase": "Pending"}})
}

/// The class `standard` with other members.
pub fn class(members: Value) -> Value {
    let mut class = json!({"metadata": {"name": "standard"}, "provisioner": "stead.io/local", "volumeBindingMode": "WaitForFirstConsumer"});
    for (name, value) in members.as_object().into_iter().flatten() {
        class[name.as_str()] = value.clone();
    }
    class
}

fn name(object: &Value) -> String {
    object["metadata"].str("name").to_owned()
}

impl World {
    pub fn new(bytes: u64) -> Self {
        let mut world = Self {
            machine: machine(),
            disks: SimulatedDisks::new(bytes),
            claims: BTreeMap::new(),
            volumes: BTreeMap::new(),
            classes: BTreeMap::new(),
            version: 0,
            now: Duration::from_secs(1),
            due: VecDeque::new(),
            told: Vec::new(),
            written: Vec::new(),
            looks: 0,
            in_use: BTreeSet::new(),
            foreign: BTreeSet::new(),
            grows_later: false,
            stop_before: None,
        };
        world.restart();
        world
    }

    /// Another machine, which knows what there is and nothing else.
    pub fn restart(&mut self) {
        self.machine = machine();
        self.due.clear();
        self.tell_disks();
        let all =
            |objects: &BTreeMap<String, Value>| Report::Replaced { objects: objects.values().cloned().map(Arc::new).collect(), version: 0 };
        let (claims, volumes, classes) = (all(&self.claims), all(&self.volumes), all(&self.classes));
        self.step(Event::Volumes(volumes));
        self.step(Event::Classes(classes));
        self.step(Event::Claims(claims));
    }

    pub fn tell_disks(&mut self) {
        let (disks, unrecorded) = (self.disks.list("n"), self.disks.unrecorded());
        self.step(Event::Disks { node: "n".to_owned(), disks, unrecorded });
    }

    fn step(&mut self, event: Event) {
        let now = Now { wall: Timestamp(i64::try_from(self.now.as_micros()).unwrap()), steady: self.now };
        for command in self.machine.step(now, event) {
            match command {
                Command::Begin { volume, operation } => self.due.push_back((volume, operation)),
                Command::Tell(event) => self.told.push(format!("{} {}", event.reason, event.message)),
                Command::RoomChanged => self.looks += 1,
            }
        }
    }

    /// The first operation that waits is done; `false`: none does.
    pub fn advance(&mut self) -> bool {
        self.advance_while(|_| {})
    }

    /// The same, where something happens between its end and the report of that.
    pub fn advance_while(&mut self, meanwhile: impl FnOnce(&mut Self)) -> bool {
        let Some((volume, operation)) = self.due.pop_front() else { return false };
        if self.stop_before.is_some_and(|stop| described(&operation) == stop) {
            self.due.clear();
            return false;
        }
        let (outcome, reports) = self.perform(operation);
        meanwhile(self);
        self.step(Event::Ended(volume, outcome));
        for report in reports {
            self.step(report);
        }
        true
    }

    /// Everything that can be done now.
    pub fn settle(&mut self) {
        for _ in 0..200 {
            if !self.advance() {
                return;
            }
        }
        panic!("it does not come to rest: {:?}", self.due);
    }

    /// Time passes, a second after the other.
    pub fn pass(&mut self, seconds: u64) {
        for _ in 0..seconds {
            self.now += Duration::from_secs(1);
            if self.machine.wake().is_some_and(|at| at <= self.now) {
                self.step(Event::Tick);
            }
            self.settle();
        }
    }

    /// The trash was emptied, or others have given something back.
    pub fn gain_room(&mut self) {
        self.step(Event::RoomGained);
        self.settle();
    }

    fn stamp(&mut self, object: &mut Value) {
        self.version += 1;
        object["metadata"]["resourceVersion"] = self.version.to_string().into();
    }

    pub fn put_class(&mut self, class: Value) {
        self.classes.insert(name(&class), class.clone());
        self.step(Event::Classes(Report::Put(Arc::new(class))));
    }

    pub fn put_claim(&mut self, mut claim: Value) {
        self.stamp(&mut claim);
        self.claims.insert(name(&claim), claim.clone());
        self.step(Event::Claims(Report::Put(Arc::new(claim))));
    }

    pub fn remove_claim(&mut self, name: &str) {
        if let Some(claim) = self.claims.remove(name) {
            self.step(Event::Claims(Report::Deleted(Arc::new(claim))));
        }
    }

    pub fn claim(&self, name: &str) -> Option<&Value> {
        self.claims.get(name)
    }

    /// To be changed; told of with what comes next.
    pub fn claim_mut(&mut self, name: &str) -> Change<'_> {
        let object = self.claims[name].clone();
        Change { world: self, object, is_claim: true }
    }

    pub fn volume(&self, name: &str) -> Option<&Value> {
        self.volumes.get(name)
    }

    pub fn volumes(&self) -> impl Iterator<Item = &Value> {
        self.volumes.values()
    }

    pub fn volume_mut(&mut self, name: &str) -> Change<'_> {
        let object = self.volumes[name].clone();
        Change { world: self, object, is_claim: false }
    }

    pub fn remove_volume(&mut self, name: &str) {
        if let Some(volume) = self.volumes.remove(name) {
            self.step(Event::Volumes(Report::Deleted(Arc::new(volume))));
        }
    }

    /// As the control plane does it.
    pub fn bind(&mut self, volume: &str) {
        let uid = self.volumes[volume]["spec"]["claimRef"].str("uid").to_owned();
        let capacity = self.volumes[volume]["spec"]["capacity"].clone();
        self.volume_mut(volume)["status"] = json!({"phase": "Bound"});
        let mut claim = self.claim_mut(&uid);
        claim["spec"]["volumeName"] = volume.into();
        claim["status"] = json!({"phase": "Bound", "capacity": capacity});
    }

    fn perform(&mut self, operation: Operation) -> (Outcome, Vec<Event>) {
        let done = |result: Result<(), DiskFailure>| (Outcome::Done(result), Vec::new());
        match operation {
            Operation::CreateDisk { node, wanted } => (Outcome::Made(self.disks.create(&node, &wanted).map_err(Into::into)), Vec::new()),
            Operation::Record(disk) => {
                self.disks.recorded(&disk);
                done(Ok(()))
            }
            Operation::RemoveUnrecorded { disk, volume } => match self.volumes.get(&volume) {
                Some(found) => (Outcome::Unrecorded(Ok(Some(Arc::new(found.clone())))), Vec::new()),
                None => (Outcome::Unrecorded(self.disks.remove(&disk, 0).map(|()| None).map_err(|error| error.to_string())), Vec::new()),
            },
            Operation::RemoveDisk { disk, .. } if self.in_use.contains(&disk) => done(Err(DiskFailure::here("in use"))),
            Operation::RemoveDisk { disk, .. } => done(self.disks.remove(&disk, 0).map_err(Into::into)),
            Operation::ConfirmGone(path) if self.foreign.contains(&path) => {
                done(Err(DiskFailure::here("it is not among the disks that this node has made")))
            }
            Operation::ConfirmGone(_) => done(Ok(())),
            Operation::ExpandDisk { disk, .. } if self.grows_later => {
                let bytes = self.disks.attach(&disk).unwrap().bytes;
                (Outcome::Expanded(Ok(Expanded { bytes, waits: Some("its pods".to_owned()) })), Vec::new())
            }
            Operation::ExpandDisk { disk, bytes } => (Outcome::Expanded(self.disks.expand(&disk, bytes).map_err(Into::into)), Vec::new()),
            Operation::Call(call) => self.call(*call),
            Operation::Refuse(error) => done(Err(DiskFailure::here(error))),
        }
    }

    fn call(&mut self, call: Call) -> (Outcome, Vec<Event>) {
        let refused = |code| {
            let reason = if code == 404 { "NotFound" } else { "Conflict" }.to_owned();
            let refusal = Refusal { code, message: reason.clone(), reason };
            (Outcome::Called(Err(Failure::Refused(refusal))), Vec::new())
        };
        let is_volume = call.resource() == PERSISTENT_VOLUMES;
        let told = |object: &Value| match is_volume {
            true => Event::Volumes(Report::Put(Arc::new(object.clone()))),
            false => Event::Claims(Report::Put(Arc::new(object.clone()))),
        };
        match call {
            Call::Create { mut body, .. } => {
                if self.volumes.contains_key(&name(&body)) {
                    return refused(409);
                }
                body["metadata"]["uid"] = format!("uid-{}", name(&body)).into();
                body["status"] = json!({"phase": "Pending"});
                self.stamp(&mut body);
                self.volumes.insert(name(&body), body.clone());
                let event = told(&body);
                (Outcome::Called(Ok(body)), vec![event])
            }
            Call::Patch { key, patch: Patch::Merge(patch), resource, subresource } => {
                let objects = if is_volume { &self.volumes } else { &self.claims };
                let Some(mut object) = objects.get(&key.name).cloned() else { return refused(404) };
                if patch["metadata"]["resourceVersion"] != object["metadata"]["resourceVersion"] {
                    return refused(409);
                }
                let slash = if subresource.is_empty() { "" } else { "/" };
                self.written.push(format!("{}{slash}{subresource}", resource.plural));
                merge(&mut object, &patch);
                self.stamp(&mut object);
                let is_over = object["metadata"].has("deletionTimestamp") && object["metadata"].items("finalizers").is_empty();
                let objects = if is_volume { &mut self.volumes } else { &mut self.claims };
                let event = if is_over {
                    objects.remove(&key.name);
                    Event::Volumes(Report::Deleted(Arc::new(object.clone())))
                } else {
                    objects.insert(key.name, object.clone());
                    told(&object)
                };
                (Outcome::Called(Ok(object)), vec![event])
            }
            Call::Delete { key, .. } => {
                let Some(mut object) = self.volumes.get(&key.name).cloned() else { return refused(404) };
                object["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z".into();
                self.stamp(&mut object);
                self.volumes.insert(key.name, object.clone());
                let event = told(&object);
                (Outcome::Called(Ok(object)), vec![event])
            }
            other => panic!("not a provisioner's call: {other:?}"),
        }
    }
}

/// An object in somebody's hands, written when it is let go.
pub struct Change<'a> {
    world: &'a mut World,
    object: Value,
    is_claim: bool,
}

impl std::ops::Deref for Change<'_> {
    type Target = Value;
    fn deref(&self) -> &Value {
        &self.object
    }
}

impl std::ops::DerefMut for Change<'_> {
    fn deref_mut(&mut self) -> &mut Value {
        &mut self.object
    }
}

impl Drop for Change<'_> {
    fn drop(&mut self) {
        let mut object = std::mem::take(&mut self.object);
        if self.is_claim {
            return self.world.put_claim(object);
        }
        self.world.stamp(&mut object);
        self.world.volumes.insert(name(&object), object.clone());
        self.world.step(Event::Volumes(Report::Put(Arc::new(object))));
    }
}

fn machine() -> Machine {
    Machine::new(["n".to_owned()], PathBuf::from("/pool"), None)
}

fn described(operation: &Operation) -> String {
    match operation {
        Operation::Call(call) => match call.as_ref() {
            Call::Create { resource, .. } => format!("create {}", resource.plural),
            Call::Patch { resource, .. } => format!("patch {}", resource.plural),
            _ => "another call".to_owned(),
        },
        _ => "a disk".to_owned(),
    }
}

fn merge(object: &mut Value, patch: &Value) {
    let Some(members) = patch.as_object() else {
        *object = patch.clone();
        return;
    };
    if !object.is_object() {
        *object = json!({});
    }
    for (name, value) in members {
        if value.is_null() {
            object.as_object_mut().expect("it is one").shift_remove(name);
        } else {
            merge(&mut object[name.as_str()], value);
        }
    }
}
