//! Claims and volumes as they really are: every state that the server tells of. Checks at each step that a claim keeps its volume and
//! that a volume is one claim's; tells at the end what is not as it must be. Also what a user does with them.

use super::api::{Api, Watch};
use super::chance::Chance;
use super::contents::{self, Contents};
use super::script::{Act, END};
use std::collections::{BTreeMap, BTreeSet};
use stead_api::quantity::Quantity;
use stead_api::{Value, json, value::Access};
use stead_client::Key;
use stead_client::resource::{PERSISTENT_VOLUME_CLAIMS, PERSISTENT_VOLUMES};
use stead_control::engine::{Engine, Now};
use stead_control::volume_binder::matching;
use stead_disks::Disk;

const CLAIMS: &str = "/api/v1/persistentvolumeclaims";
const VOLUMES: &str = "/api/v1/persistentvolumes";
const PODS: &str = "/api/v1/pods";
const CLASSES: &str = "/apis/storage.k8s.io/v1/storageclasses";
const JSON: &str = "application/json";
const MERGE: &str = "application/merge-patch+json";
const JSON_PATCH: &str = "application/json-patch+json";
/// The class of volumes that somebody makes by hand; no object bears the name.
const BY_HAND: &str = "by-hand";
/// The class of volumes that nodes make, of claims that wait for no pod. It is the default now and then, and its disks have little room.
const OURS: &str = "ours";
const LITTLE_ROOM: &str = "/little";
/// The class of volumes that nodes make, of claims that wait for their first pod.
pub const FIRST_CONSUMER: &str = "first-consumer";
/// Name of the claim templates of sets.
pub const OF_SETS: &str = "data";

#[derive(Debug)]
pub struct Claims {
    pods_watch: Watch,
    watches: [Watch; 2],
    contents: Contents,
    claims: BTreeMap<Key, Value>,
    volumes: BTreeMap<Key, Value>,
    /// The volume of each claim whose binding was completed, by the claim's uid.
    bound: BTreeMap<String, String>,
    /// What nodes have told of, by uid: their events reach users by another way than those of controllers.
    told: BTreeSet<String>,
    /// Disks that could not grow while they were used, and did when a pod was started.
    pub grown_at_start: usize,
}

impl Claims {
    pub fn new(api: &Api) -> Result<Self, String> {
        let (pods_watch, watches) = open(api)?;
        let (contents, claims, volumes, bound) = (Contents::default(), BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        let mut claims = Self { pods_watch, watches, contents, claims, volumes, bound, told: BTreeSet::new(), grown_at_start: 0 };
        claims.observe()?;
        Ok(claims)
    }

    /// The server was started anew on what its store has.
    pub fn reconnect(&mut self, api: &Api) -> Result<(), String> {
        self.observe()?;
        self.claims.clear();
        self.volumes.clear();
        self.contents.forget_objects();
        (self.pods_watch, self.watches) = open(api)?;
        self.observe()
    }

    /// A node has said something of an object.
    pub fn told_of(&mut self, uid: String) {
        self.told.insert(uid);
    }

    /// How many claims were bound so far.
    pub fn bound(&self) -> usize {
        self.bound.len()
    }

    /// Takes in what has happened.
    pub fn observe(&mut self) -> Result<(), String> {
        for line in self.pods_watch.lines() {
            let event: Value = serde_json::from_slice(&line).map_err(|e| e.to_string())?;
            self.contents.saw_pod(&event["object"], event.str("type") == "DELETED");
        }
        for (watch, objects) in self.watches.iter_mut().zip([&mut self.claims, &mut self.volumes]) {
            for line in watch.lines() {
                let event: Value = serde_json::from_slice(&line).map_err(|e| e.to_string())?;
                let object = &event["object"];
                let key = Key::new(object["metadata"].str("namespace"), object["metadata"].str("name"));
                if object.str("kind") == PERSISTENT_VOLUME_CLAIMS.kind {
                    self.contents.saw_claim(object, event.str("type") == "DELETED")?;
                }
                match event.str("type") {
                    "ERROR" => return Err(object.to_string()),
                    "DELETED" => drop(objects.remove(&key)),
                    _ => drop(objects.insert(key, object.clone())),
                }
            }
        }
        self.check()
    }

    fn check(&mut self) -> Result<(), String> {
        let mut taken: BTreeMap<String, &Key> = BTreeMap::new();
        for (key, claim) in &self.claims {
            let (uid, volume) = (claim["metadata"].str("uid").to_owned(), claim["spec"].str("volumeName").to_owned());
            if claim["metadata"]["annotations"].has("pv.kubernetes.io/bind-completed") {
                let first = self.bound.entry(uid.clone()).or_insert_with(|| volume.clone());
                if *first != volume {
                    return Err(format!("claim {key} was bound to {first}, and names {volume:?}"));
                }
            }
            if claim["status"].str("phase") != "Bound" {
                continue;
            }
            let own = self.volumes.get(&Key::cluster(volume.as_str())).map(|volume| volume["spec"]["claimRef"].str("uid"));
            if own != Some(&uid) {
                return Err(format!("claim {key} is bound to {volume}, which is {own:?}'s"));
            }
            if let Some(other) = taken.insert(volume, key) {
                return Err(format!("claims {key} and {other} have one volume"));
            }
        }
        Ok(())
    }

    /// What is not as it must be once the controllers are at rest.
    pub fn unmet(&self, engine: &Engine, now: Now, events: &Value) -> Vec<String> {
        let volumes = self.volumes.iter().filter(|(_, volume)| volume["status"].str("phase") != self.phase_of(volume));
        let mut unmet: Vec<String> =
            volumes.map(|(key, volume)| format!("volume {key} is to be {}: {volume}", self.phase_of(volume))).collect();
        for (key, claim) in &self.claims {
            let by_controllers = events.items("items").iter().any(|event| event["involvedObject"]["uid"] == claim["metadata"]["uid"]);
            let is_said = by_controllers || self.told.contains(claim["metadata"].str("uid"));
            if claim["status"].str("phase") == "Bound" {
                let (has, wants) = (&claim["status"]["capacity"]["storage"], &claim["spec"]["resources"]["requests"]["storage"]);
                if is_ours(claim) && bytes(has) < bytes(wants) && !is_said {
                    unmet.push(format!("claim {key} does not grow, and no event says why: {claim}"));
                }
                continue;
            }
            // PVB-10: of a volume that does not exist no event tells.
            let named = claim["spec"].str("volumeName");
            if !is_said && (named.is_empty() || self.volumes.contains_key(&Key::cluster(named))) {
                unmet.push(format!("claim {key} waits, and no event says why: {claim}"));
            }
            let reasons: BTreeSet<String> =
                engine.explain(PERSISTENT_VOLUME_CLAIMS, key, now).into_iter().flat_map(|said| said.reasons).collect();
            if reasons.is_empty() {
                unmet.push(format!("claim {key} waits without a reason: {claim}"));
            }
            let object = engine.cache().get(PERSISTENT_VOLUME_CLAIMS, key).filter(|object| object.claim().volume.is_empty());
            let free = object.and_then(|object| matching::free(object, engine.cache()).next());
            unmet.extend(free.map(|volume| format!("claim {key} could have volume {}: {reasons:?}", volume.key.name)));
        }
        let is_known = |key: &Key| engine.cache().get(PERSISTENT_VOLUMES, key).is_some();
        unmet.extend(self.volumes.keys().filter(|key| !is_known(key)).map(|key| format!("volume {key} is not known")));
        unmet
    }

    /// A pod that runs where its claims have no volume would have another's data, or none. It writes into each.
    pub fn write(&mut self, pod: &Value, node: &str, disks: &[Disk]) -> Result<(), String> {
        for name in contents::claims(pod) {
            let claim = self.claims.get(&Key::new(pod["metadata"].str("namespace"), name));
            let volume = claim.and_then(|claim| self.volumes.get(&Key::cluster(claim["spec"].str("volumeName"))));
            let is_here = |volume: &&Value| !is_made(volume) || volume["spec"]["nodeAffinity"].to_string().contains(&format!("\"{node}\""));
            let Some((claim, volume)) = claim.zip(volume.filter(is_here)) else {
                return Err(format!("{} runs on {node}, its claim {name} has {volume:?}", pod["metadata"].str("name")));
            };
            if is_made(volume) {
                self.contents.write(claim, volume["spec"]["local"].str("path"), disks)?;
            }
        }
        Ok(())
    }

    /// Where the volumes of a pod's claims are, those that nodes have made.
    pub fn paths_of(&self, pod_uid: &str) -> Vec<String> {
        let claims = self.contents.claims_of(pod_uid).iter().filter_map(|claim| self.claims.get(claim));
        let volumes = claims.filter_map(|claim| self.volumes.get(&Key::cluster(claim["spec"].str("volumeName"))));
        volumes.filter(|volume| is_made(volume)).map(|volume| volume["spec"]["local"].str("path").to_owned()).collect()
    }

    /// What a disk has come to have, its claim is told.
    fn unmet_growth(&self, disks: &[Disk]) -> Vec<String> {
        let offence = |(key, claim): (&Key, &Value)| {
            let disk = disks.iter().find(|disk| disk.name.starts_with(&format!("{}_", claim["spec"].str("volumeName"))))?;
            let (has, wants) = (bytes(&claim["status"]["capacity"]["storage"]), bytes(&claim["spec"]["resources"]["requests"]["storage"]));
            (has < wants && disk.made.bytes >= wants).then(|| format!("claim {key} is not told that it has grown: {disk:?}, {claim}"))
        };
        self.claims.iter().filter(|(_, claim)| claim["status"].str("phase") == "Bound").filter_map(offence).collect()
    }

    /// Every disk that a bound claim has written into is there, at least as large as the claim was told.
    fn unmet_contents(&self, disks: &[Disk]) -> Vec<String> {
        let bound = self.claims.iter().filter(|(_, claim)| claim["status"].str("phase") == "Bound");
        let offence = |(key, claim): (&Key, &Value)| {
            let wanted = self.contents.of(claim["metadata"].str("uid"))?;
            let capacity = bytes(&claim["status"]["capacity"]["storage"]);
            let found = disks.iter().find(|disk| disk.name == wanted);
            found
                .is_none_or(|disk| disk.made.bytes < capacity)
                .then(|| format!("claim {key} of {capacity} bytes has {found:?} for {wanted}"))
        };
        bound.filter_map(offence).collect()
    }

    /// The claim that is bound to a volume.
    pub fn user_of(&self, volume: &str) -> Option<&Key> {
        let is_user = |claim: &Value| claim["spec"].str("volumeName") == volume && claim["status"].str("phase") == "Bound";
        self.claims.iter().find(|(_, claim)| is_user(claim)).map(|(key, _)| key)
    }

    fn phase_of(&self, volume: &Value) -> &'static str {
        let own = &volume["spec"]["claimRef"];
        let claim = self.claims.get(&Key::new(own.str("namespace"), own.str("name")));
        match (own.str("uid"), claim.map(|claim| claim["metadata"].str("uid"))) {
            ("", _) => "Available",
            (uid, Some(claim)) if claim == uid => "Bound",
            // A node is to delete it.
            (_, _) if is_made(volume) => "gone",
            (_, _) => "Released",
        }
    }
}

/// Nodes make its volume.
fn is_ours(claim: &Value) -> bool {
    [OURS, FIRST_CONSUMER].contains(&claim["spec"].str("storageClassName"))
}

fn bytes(amount: &Value) -> u64 {
    let parsed = amount.as_str().and_then(|text| Quantity::parse(text).ok());
    parsed.and_then(|quantity| u64::try_from(quantity.value_ceil()).ok()).unwrap_or(0)
}

/// A node has made it.
fn is_made(volume: &Value) -> bool {
    volume["metadata"]["annotations"].has("pv.kubernetes.io/provisioned-by")
}

/// Disks of nodes without a volume, volumes of nodes without a disk, and claims without what they had.
pub fn unmet_disks(claims: &Claims, disks: &[Disk]) -> Vec<String> {
    let is_of = |disk: &&Disk, volume: &Key| disk.name.starts_with(&format!("{}_", volume.name));
    let left = disks.iter().filter(|disk| !claims.volumes.keys().any(|volume| is_of(disk, volume)));
    let bare = claims.volumes.iter().filter(|(key, volume)| is_made(volume) && !disks.iter().any(|disk| is_of(&disk, key)));
    let left = left.map(|disk| format!("disk {} has no volume", disk.name));
    let bare = bare.map(|(key, _)| format!("volume {key} has no disk"));
    left.chain(bare).chain(claims.unmet_contents(disks)).chain(claims.unmet_growth(disks)).collect()
}

fn open(api: &Api) -> Result<(Watch, [Watch; 2]), String> {
    let watch = |path: &str| api.watch(&format!("{path}?watch=true&resourceVersion=0")).map_err(|e| e.to_string());
    Ok((watch(PODS)?, [watch(CLAIMS)?, watch(VOLUMES)?]))
}

/// A class of volumes that nodes make.
pub fn class(name: &str, mode: &str) -> Act {
    let body = json!({
        "apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": {"name": name}, "provisioner": "stead.io/local",
        "volumeBindingMode": mode, "allowVolumeExpansion": true,
    });
    Act { method: "POST", path: CLASSES.to_owned(), content_type: JSON, body }
}

/// Volumes made, claims that want them, pods that use these, and any of them deleted; volumes that were released made free again; a class made the default
/// and taken back.
pub fn draw(chance: &mut Chance) -> Vec<(i64, Act)> {
    let mut make = class(OURS, "Immediate");
    let enforcement = ["auto", "quota", "image", "none"][usize::try_from(chance.below(4)).unwrap_or(0)];
    make.body["parameters"] = json!({"path": LITTLE_ROOM, "enforcement": enforcement});
    let count = chance.between(10, 40);
    [(500, make)].into_iter().chain((0..count).map(|_| (chance.between(1000, END), act(chance)))).collect()
}

fn act(chance: &mut Chance) -> Act {
    let (claim, volume) = (format!("c{}", chance.below(5)), format!("v{}", chance.below(6)));
    let size = format!("{}Gi", chance.between(1, 4));
    let of_claims = "/api/v1/namespaces/default/persistentvolumeclaims";
    let act = |method, path: String, content_type, body| Act { method, path, content_type, body };
    match chance.below(14) {
        0..=3 => {
            let (class, wanted) = match chance.below(6) {
                0 | 1 => (Some(OURS), None),
                2 => (Some(FIRST_CONSUMER), None),
                // The default one, when there is one.
                3 => (None, None),
                _ => (Some(BY_HAND), chance.one_in(4).then_some(volume)),
            };
            let body = json!({
                "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": claim},
                "spec": {
                    "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": size}}, "storageClassName": class,
                    "volumeName": wanted,
                },
            });
            act("POST", of_claims.to_owned(), JSON, body)
        }
        4..=6 => {
            let reserved = chance.one_in(4).then(|| json!({"namespace": "default", "name": claim}));
            let body = json!({
                "apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": volume},
                "spec": {
                    "accessModes": ["ReadWriteOnce"], "capacity": {"storage": size}, "storageClassName": BY_HAND, "claimRef": reserved,
                    "nfs": {"server": "s", "path": "/x"}, "persistentVolumeReclaimPolicy": "Retain",
                },
            });
            act("POST", VOLUMES.to_owned(), JSON, body)
        }
        7 => act("DELETE", format!("{of_claims}/{claim}"), JSON, json!({})),
        8 => {
            // Pods of sets come and go, so that what waits for that grows.
            let grown = if chance.one_in(2) { format!("{OF_SETS}-web-{}", chance.below(3)) } else { claim };
            let body = json!({"spec": {"resources": {"requests": {"storage": size}}}});
            act("PATCH", format!("{of_claims}/{grown}"), MERGE, body)
        }
        9 => act("DELETE", format!("{VOLUMES}/{volume}"), JSON, json!({})),
        10 => {
            let body = json!({
                "apiVersion": "v1", "kind": "Pod", "metadata": {"name": format!("user-of-{claim}")},
                "spec": {"containers": [{"name": "c", "image": "i:1", "volumeMounts": [{"name": "v", "mountPath": "/v"}]}],
                    "volumes": [{"name": "v", "persistentVolumeClaim": {"claimName": claim}}]},
            });
            act("POST", "/api/v1/namespaces/default/pods".to_owned(), JSON, body)
        }
        11 => act("DELETE", format!("/api/v1/namespaces/default/pods/user-of-{claim}"), JSON, json!({})),
        12 => {
            let default = if chance.one_in(2) { "true" } else { "false" };
            let body = json!({"metadata": {"annotations": {"storageclass.kubernetes.io/is-default-class": default}}});
            act("PATCH", format!("{CLASSES}/{OURS}"), MERGE, body)
        }
        // Whoever does this to a volume in use loses what was bound to it.
        _ => {
            let member = if chance.one_in(2) { "/spec/claimRef" } else { "/spec/claimRef/uid" };
            let body = json!([{"op": "test", "path": "/status/phase", "value": "Released"}, {"op": "remove", "path": member}]);
            act("PATCH", format!("{VOLUMES}/{volume}"), JSON_PATCH, body)
        }
    }
}
