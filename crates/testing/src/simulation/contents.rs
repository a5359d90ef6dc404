//! What pods have written into claims, and which pods have claims: checks that a claim always shows what was written into it and nothing else, and that
//! it goes only when nobody has it. Input: every state of pods and claims, and the disks that a container finds where it starts.

use std::collections::BTreeMap;
use stead_api::{Value, value::Access};
use stead_client::Key;
use stead_disks::Disk;

/// What is known of the pods that have claims, and of what is in these.
#[derive(Debug, Default)]
pub struct Contents {
    /// The disk into which the users of a claim have written, by the claim's uid.
    written: BTreeMap<String, String>,
    /// By the pod's uid.
    users: BTreeMap<String, User>,
    /// The version of each claim at which its deletion began, by its uid.
    deleted: BTreeMap<String, u64>,
}

/// A pod with claims.
#[derive(Debug)]
struct User {
    key: Key,
    claims: Vec<Key>,
    /// When it was first seen on a node, and when it had ended or was gone; versions.
    bound: u64,
    ended: Option<u64>,
}

impl Contents {
    /// The server was started anew: all of it is told again.
    pub fn forget_objects(&mut self) {
        self.users.clear();
        self.deleted.clear();
    }

    /// A pod is as its object says, or gone.
    pub fn saw_pod(&mut self, pod: &Value, is_gone: bool) {
        let (meta, version) = (&pod["metadata"], version(pod));
        if pod["spec"].str("nodeName").is_empty() {
            return;
        }
        let key = Key::new(meta.str("namespace"), meta.str("name"));
        let user = self.users.entry(meta.str("uid").to_owned()).or_insert_with(|| User {
            claims: claims(pod).map(|name| Key::new(key.namespace.clone(), name)).collect(),
            key,
            bound: version,
            ended: None,
        });
        if is_gone || matches!(pod["status"].str("phase"), "Succeeded" | "Failed") {
            user.ended.get_or_insert(version);
        }
    }

    /// A claim is as its object says, or gone (PVT-2). Pods are to be seen first.
    pub fn saw_claim(&mut self, claim: &Value, is_gone: bool) -> Result<(), String> {
        let (meta, version) = (&claim["metadata"], version(claim));
        if meta.has("deletionTimestamp") {
            self.deleted.entry(meta.str("uid").to_owned()).or_insert(version);
        }
        let Some(began) = self.deleted.get(meta.str("uid")).filter(|_| is_gone) else { return Ok(()) };
        let key = Key::new(meta.str("namespace"), meta.str("name"));
        // One that came onto its node later had not seen that the claim goes.
        let has_it = |user: &&User| user.claims.contains(&key) && user.bound < *began && user.ended.is_none_or(|ended| ended > version);
        match self.users.values().find(has_it) {
            Some(user) => Err(format!("claim {key} is gone, and pod {} had it", user.key)),
            None => Ok(()),
        }
    }

    /// A container with a claim starts on a node with these disks, and writes into it. `path` is where the claim's volume is.
    pub fn write(&mut self, claim: &Value, path: &str, disks: &[Disk]) -> Result<(), String> {
        let (name, uid) = (claim["metadata"].str("name"), claim["metadata"].str("uid"));
        let Some(disk) = disks.iter().find(|disk| disk.made.path.as_os_str() == path) else {
            return Err(format!("claim {name} has no disk at {path}"));
        };
        if let Some((other, _)) = self.written.iter().find(|(other, written)| **written == disk.name && *other != uid) {
            return Err(format!("claim {name} shows what was written into the claim with uid {other}: {disk:?}"));
        }
        let written = self.written.entry(uid.to_owned()).or_insert_with(|| disk.name.clone());
        if *written != disk.name {
            return Err(format!("claim {name} has lost what was written into {written}, and shows {disk:?}"));
        }
        Ok(())
    }

    /// The claims of a pod that is on a node.
    pub fn claims_of(&self, pod_uid: &str) -> &[Key] {
        self.users.get(pod_uid).map_or(&[], |user| &user.claims)
    }

    /// The disk into which something was written of a claim.
    pub fn of(&self, claim_uid: &str) -> Option<&str> {
        self.written.get(claim_uid).map(String::as_str)
    }
}

/// The names of a pod's claims.
pub fn claims(pod: &Value) -> impl Iterator<Item = &str> {
    let names = pod["spec"].items("volumes").iter().map(|volume| volume["persistentVolumeClaim"].str("claimName"));
    names.filter(|name| !name.is_empty())
}

fn version(object: &Value) -> u64 {
    object["metadata"].str("resourceVersion").parse().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use stead_api::json;
    use stead_disks::{Enforcement, Made, Phase};

    fn pod(version: u64, node: &str) -> Value {
        json!({"metadata": {"namespace": "ns", "name": "p", "uid": "p", "resourceVersion": version.to_string()},
            "spec": {"nodeName": node, "volumes": [{"name": "v", "persistentVolumeClaim": {"claimName": "c"}}]}})
    }

    fn claim(version: u64) -> Value {
        let meta = json!({"namespace": "ns", "name": "c", "uid": "c", "resourceVersion": version.to_string(), "deletionTimestamp": "t"});
        json!({ "metadata": meta })
    }

    #[test]
    fn a_claim_that_goes_under_its_pod_is_an_offence() {
        let mut contents = Contents::default();
        contents.saw_pod(&pod(1, "n"), false);
        contents.saw_claim(&claim(2), false).unwrap();
        assert!(contents.saw_claim(&claim(5), true).is_err());
        contents.saw_pod(&pod(4, "n"), true);
        contents.saw_claim(&claim(5), true).unwrap();
        let mut late = Contents::default();
        late.saw_pod(&pod(3, "n"), false);
        late.saw_claim(&claim(2), false).unwrap();
        late.saw_claim(&claim(5), true).unwrap();
    }

    #[test]
    fn a_claim_shows_what_was_written_into_it() {
        let disk = |name: &str| Disk {
            name: name.to_owned(),
            pool: "/".into(),
            made: Made { path: format!("/{name}").into(), bytes: 1, enforcement: Enforcement::ProjectQuota },
            phase: Phase::Ready,
        };
        let (mut contents, disks) = (Contents::default(), [disk("a"), disk("b")]);
        contents.write(&claim(1), "/a", &disks).unwrap();
        contents.write(&claim(1), "/a", &disks).unwrap();
        assert!(contents.write(&claim(1), "/b", &disks).unwrap_err().contains("has lost"));
        assert!(contents.write(&claim(1), "/a", &disks[1..]).unwrap_err().contains("no disk"));
        let other = json!({"metadata": {"name": "d", "uid": "d"}});
        assert!(contents.write(&other, "/a", &disks).unwrap_err().contains("uid c"));
    }
}
