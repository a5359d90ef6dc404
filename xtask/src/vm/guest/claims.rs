//! Claims between power cuts: a set whose pods' claims are written to, and claims that are made, bound, grown and deleted again and again. What was
//! synced into a volume must be there after a cut; what was under way with a claim must come to its end, and leave nothing.

use super::{STEP_MAX, print, set, wait_for_account};
use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use http::{Method, StatusCode};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;
use stead_testing::https::{Connection, JSON, MERGE_PATCH, Target};
use tokio::time::Instant;

const NAMESPACE: &str = "disks";
pub const SETS: &str = "/apis/apps/v1/namespaces/disks/statefulsets";
const CLAIMS: &str = "/api/v1/namespaces/disks/persistentvolumeclaims";
const VOLUMES: &str = "/api/v1/persistentvolumes";
const CLASSES: &str = "/apis/storage.k8s.io/v1/storageclasses";
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// The set: each of its pods has a claim on a directory with a quota and one on a file with a file system, both written to for ever.
const SET: &str = "kept";
const KINDS: [&str; 2] = ["quota", "image"];
/// Claims that come and go. They are bound at once, without any pod.
const CYCLE: &str = "cycle-";
/// The file of a claim's last change.
const FILE: &str = "change";

/// What a claim's file shows after that many changes; nothing for a key that is none of a claim. The third of a claim that comes and goes is that it goes.
pub fn content(key: &str, change: u64) -> Option<Option<u64>> {
    match key {
        _ if key.starts_with(CYCLE) => Some((1..3).contains(&change).then_some(change)),
        _ if KINDS.iter().any(|kind| key.starts_with(&format!("{kind}-{SET}-"))) => Some((change > 0).then_some(change)),
        _ => None,
    }
}

/// Makes the classes and the set.
pub async fn begin(api: &mut Connection) -> Result<()> {
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}});
    api.call(Method::POST, "/api/v1/namespaces", JSON, &namespace).await.context("create the namespace")?;
    wait_for_account(api, NAMESPACE).await?;
    for kind in KINDS {
        for (name, binding) in [(kind.to_owned(), "WaitForFirstConsumer"), (at_once(kind), "Immediate")] {
            let class = json!({"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": {"name": name},
                "provisioner": "stead.io/local", "volumeBindingMode": binding, "allowVolumeExpansion": true, "parameters": {"enforcement": kind}});
            api.call(Method::POST, CLASSES, JSON, &class).await.context("create a class")?;
        }
    }
    let mut kept = set(SET);
    kept["spec"]["replicas"] = 2.into();
    kept["spec"]["volumeClaimTemplates"] = KINDS.map(|kind| json!({"metadata": {"name": kind}, "spec": spec(kind)})).to_vec().into();
    let mounts = KINDS.map(|kind| json!({"name": kind, "mountPath": format!("/{kind}")}));
    kept["spec"]["template"]["spec"]["containers"][0]["volumeMounts"] = mounts.to_vec().into();
    api.call(Method::POST, SETS, JSON, &kept).await.context("create the set with claims").map(drop)
}

fn at_once(kind: &str) -> String {
    format!("{kind}-at-once")
}

fn spec(class: &str) -> Value {
    json!({"accessModes": ["ReadWriteOnce"], "storageClassName": class, "resources": {"requests": {"storage": "32Mi"}}})
}

/// Waits until whatever was under way has come to its end, then tells what is in the claims.
pub async fn report(api: &mut Connection, pool: &Path) -> Result<()> {
    let deadline = Instant::now() + STEP_MAX;
    loop {
        let all = All::of(api).await?;
        let Some(why) = all.unsettled(pool)? else {
            for claim in &all.claims {
                let claim = all.claim(claim)?;
                // That of an image which no pod has is not mounted.
                if let Some(change) = claim.read()?.filter(|change| *change > 0) {
                    print(&format!("found {} {change} .", claim.name));
                }
            }
            return Ok(());
        };
        ensure!(Instant::now() < deadline, "claims do not come to rest: {why}");
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

/// All claims of the namespace and their volumes.
struct All {
    claims: Vec<Value>,
    volumes: Vec<Value>,
}

impl All {
    async fn of(api: &mut Connection) -> Result<Self> {
        let mut list = async |path: &str| -> Result<Vec<Value>> {
            let list = api.call(Method::GET, path, JSON, &Value::Null).await?;
            list["items"].as_array().cloned().context("a list has items")
        };
        let mut volumes = list(VOLUMES).await?;
        volumes.retain(|volume| volume["spec"]["claimRef"]["namespace"] == NAMESPACE);
        Ok(Self { claims: list(CLAIMS).await?, volumes })
    }

    /// What is not as it is in the end: every claim bound and as large as it is to be, a volume and a disk for each, and nothing else.
    fn unsettled(&self, pool: &Path) -> Result<Option<String>> {
        for claim in &self.claims {
            let (name, status) = (&claim["metadata"]["name"], &claim["status"]);
            if status["phase"] != "Bound" || claim["metadata"].get("deletionTimestamp").is_some() {
                return Ok(Some(format!("claim {name}: {status}")));
            }
            if status["capacity"]["storage"] != claim["spec"]["resources"]["requests"]["storage"] {
                return Ok(Some(format!("claim {name} grows: {status}")));
            }
        }
        let owners: BTreeSet<&str> = self.volumes.iter().filter_map(|volume| volume["spec"]["claimRef"]["uid"].as_str()).collect();
        let uids: BTreeSet<&str> = self.claims.iter().filter_map(|claim| claim["metadata"]["uid"].as_str()).collect();
        if owners != uids || self.volumes.len() != uids.len() {
            return Ok(Some(format!("the volumes are of {owners:?}, the claims {uids:?}")));
        }
        let wanted: BTreeSet<String> = self.claims.iter().map(disk).collect();
        let there = names(pool)?.into_iter().filter(|name| name.contains(&format!("_{NAMESPACE}_"))).collect::<BTreeSet<_>>();
        let trash = names(&pool.join(".trash"))?;
        Ok((there != wanted || !trash.is_empty()).then(|| format!("the disks are {there:?} for {wanted:?}, and in the trash {trash:?}")))
    }

    fn claim(&self, claim: &Value) -> Result<Claim> {
        let volume = self.volumes.iter().find(|volume| volume["metadata"]["name"] == claim["spec"]["volumeName"]);
        let volume = volume.with_context(|| format!("the volume of {} is there", claim["metadata"]["name"]))?;
        Claim::of(claim, volume)
    }
}

fn disk(claim: &Value) -> String {
    let text = |field: &str| claim["metadata"][field].as_str().unwrap_or_default();
    format!("pvc-{}_{NAMESPACE}_{}", text("uid"), text("name"))
}

fn names(dir: &Path) -> Result<BTreeSet<String>> {
    match fs::read_dir(dir) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(BTreeSet::new()),
        Err(error) => Err(error).with_context(|| format!("list {}", dir.display())),
        Ok(entries) => Ok(entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()),
    }
}

/// A claim that is bound.
#[derive(Debug, Clone)]
struct Claim {
    name: String,
    uid: String,
    place: PathBuf,
}

impl Claim {
    fn of(claim: &Value, volume: &Value) -> Result<Self> {
        let text = |value: &Value| value.as_str().map(str::to_owned).context("a claim and its volume are whole");
        let metadata = &claim["metadata"];
        Ok(Self { name: text(&metadata["name"])?, uid: text(&metadata["uid"])?, place: text(&volume["spec"]["local"]["path"])?.into() })
    }

    /// The change that its file tells of; 0 for none. Nothing: its file system is not mounted.
    fn read(&self) -> Result<Option<u64>> {
        if !self.place.exists() {
            return Ok(None);
        }
        let text = match fs::read_to_string(self.place.join(FILE)) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Some(0)),
            text => text.with_context(|| format!("read what is in {}", self.name))?,
        };
        let (uid, change) = text.split_once(' ').with_context(|| format!("{} shows {text:?}", self.name))?;
        ensure!(uid == self.uid, "{} shows the data of another: {text:?}", self.name);
        Ok(Some(change.parse().with_context(|| format!("{} shows {text:?}", self.name))?))
    }

    /// Puts the next change in place of the last one, as databases do, and says so once it is safe.
    async fn write(&self, change: u64) -> Result<()> {
        let claim = self.clone();
        let written = tokio::task::spawn_blocking(move || {
            let new = claim.place.join("new");
            let mut file = File::create(&new)?;
            file.write_all(format!("{} {change}", claim.uid).as_bytes())?;
            file.sync_all()?;
            fs::rename(&new, claim.place.join(FILE))?;
            File::open(&claim.place)?.sync_all()
        });
        written.await?.with_context(|| format!("write into {}", self.name))?;
        acknowledge(&self.name, change);
        Ok(())
    }
}

fn acknowledge(claim: &str, change: u64) {
    print(&format!("ack {claim} {change} 0 ."));
}

/// Changes what is in the set's claims again and again.
pub async fn keep(target: Target) -> Result<()> {
    let all = All::of(&mut target.connect().await?).await?;
    let mut kept = Vec::new();
    for claim in all.claims.iter().map(|claim| all.claim(claim)).collect::<Result<Vec<_>>>()? {
        if !claim.name.starts_with(CYCLE) {
            let change = claim.read()?.with_context(|| format!("{} is mounted", claim.name))?;
            kept.push((claim, change));
        }
    }
    ensure!(!kept.is_empty(), "the set has claims");
    loop {
        for (claim, change) in &mut kept {
            *change += 1;
            claim.write(*change).await?;
        }
    }
}

/// Makes, grows and deletes claims, one after the other; first come those that a cut has left.
pub async fn cycle(target: Target, round: String) -> Result<()> {
    let mut api = target.connect().await?;
    let left = All::of(&mut api).await?.claims;
    for claim in left.iter().filter_map(|claim| claim["metadata"]["name"].as_str()).filter(|name| name.starts_with(CYCLE)) {
        live(&mut api, claim).await?;
    }
    for number in 1.. {
        let name = format!("{CYCLE}{round}-{number}");
        let class = at_once(KINDS[number % KINDS.len()]);
        let claim = json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": name}, "spec": spec(&class)});
        api.call(Method::POST, CLAIMS, JSON, &claim).await.context("create a claim")?;
        live(&mut api, &name).await?;
    }
    Ok(())
}

/// Brings a claim to its end from wherever it is.
async fn live(api: &mut Connection, name: &str) -> Result<()> {
    let path = format!("{CLAIMS}/{name}");
    until(api, &path, |claim| claim.is_some_and(|claim| claim["status"]["phase"] == "Bound")).await?;
    let object = api.call(Method::GET, &path, JSON, &Value::Null).await?;
    let volume = format!("{VOLUMES}/{}", object["spec"]["volumeName"].as_str().context("a bound claim names its volume")?);
    let claim = Claim::of(&object, &api.call(Method::GET, &volume, JSON, &Value::Null).await?)?;
    // Without a pod an image is mounted only until the next start: what is in it cannot be told then.
    let is_told = object["spec"]["storageClassName"] == at_once(KINDS[0]);
    let change = claim.read()?.unwrap_or(0);
    if is_told && change > 0 {
        // It has outlived a cut, and the next change may come at any time.
        acknowledge(name, change);
    }
    if is_told && change == 0 {
        claim.write(1).await?;
    }
    let larger = json!({"spec": {"resources": {"requests": {"storage": "48Mi"}}}});
    api.call(Method::PATCH, &path, MERGE_PATCH, &larger).await.context("grow a claim")?;
    until(api, &path, |claim| claim.is_some_and(|claim| claim["status"]["capacity"]["storage"] == "48Mi")).await?;
    if is_told && change < 2 {
        claim.write(2).await?;
    }
    let (status, _) = api.send(Method::DELETE, &path, JSON, Bytes::new()).await?;
    ensure!(status == StatusCode::OK, "delete {name}: {status}");
    until(api, &volume, |volume| volume.is_none()).await?;
    if is_told {
        acknowledge(name, 3);
    }
    Ok(())
}

/// Waits until an object, or its absence, is as wanted.
async fn until(api: &mut Connection, path: &str, done: impl Fn(Option<&Value>) -> bool) -> Result<()> {
    let deadline = Instant::now() + STEP_MAX;
    loop {
        let (status, body) = api.send(Method::GET, path, JSON, Bytes::new()).await?;
        let object = match status {
            StatusCode::OK => Some(serde_json::from_slice::<Value>(&body).context("read an object")?),
            StatusCode::NOT_FOUND => None,
            other => anyhow::bail!("get {path}: {other}"),
        };
        if done(object.as_ref()) {
            return Ok(());
        }
        ensure!(Instant::now() < deadline, "{path} stays {object:?}");
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_is_at_rest_with_its_disk_and_no_other() {
        let pool = tempfile::tempdir().unwrap();
        let claim = json!({"metadata": {"name": "a", "uid": "u"}, "spec": spec("quota"),
            "status": {"phase": "Bound", "capacity": {"storage": "32Mi"}}});
        let mut all = All { claims: vec![claim], volumes: vec![json!({"spec": {"claimRef": {"uid": "u"}}})] };
        let says = |all: &All, what: &str| assert!(all.unsettled(pool.path()).unwrap().unwrap().contains(what), "{what}");
        says(&all, "pvc-u_disks_a");
        fs::create_dir(pool.path().join("pvc-u_disks_a")).unwrap();
        assert_eq!(all.unsettled(pool.path()).unwrap(), None);
        all.claims[0]["spec"]["resources"]["requests"]["storage"] = "48Mi".into();
        says(&all, "grows");
        all.claims.clear();
        says(&all, "volumes are of");
        all.volumes.clear();
        says(&all, "the disks are");
    }

    #[test]
    fn a_claim_shows_its_own_change() {
        let dir = tempfile::tempdir().unwrap();
        let claim = Claim { name: "a".into(), uid: "u".into(), place: dir.path().to_owned() };
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        assert_eq!(claim.read().unwrap(), Some(0));
        runtime.block_on(claim.write(7)).unwrap();
        assert_eq!(claim.read().unwrap(), Some(7));
        assert!(Claim { uid: "other".into(), ..claim.clone() }.read().is_err());
        assert_eq!(Claim { place: dir.path().join("none"), ..claim }.read().unwrap(), None);
    }
}
