//! What the provisioner knows: claims, PersistentVolumes and classes as the API tells of them, and the disks of its nodes.

use crate::pod::volumes::claims::PROVISIONED_BY;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use stead_api::Value;
use stead_api::quantity::Quantity;
use stead_api::value::Access;
use stead_client::{Key, Report};
use stead_disks::{Disk, Enforcement, Phase};

/// The provisioner's name, which volumes that it made carry.
pub const PROVISIONER: &str = "stead.io/local";
/// Annotation of a claim: the node that was chosen for its volume.
pub const SELECTED_NODE: &str = "volume.kubernetes.io/selected-node";
const STORAGE_PROVISIONER: [&str; 2] = ["volume.kubernetes.io/storage-provisioner", "volume.beta.kubernetes.io/storage-provisioner"];
const HOST_NAME: &str = "kubernetes.io/hostname";

/// A disk that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownDisk {
    pub node: String,
    pub name: String,
    pub path: PathBuf,
    pub bytes: u64,
    pub enforcement: Enforcement,
    /// It is whole; else its making was cut short.
    pub is_made: bool,
    /// Its PersistentVolume exists, or has existed.
    pub is_recorded: bool,
}

/// See the module.
#[derive(Debug, Default)]
pub struct Facts {
    pub nodes: BTreeSet<String>,
    /// By uid.
    pub claims: BTreeMap<String, Arc<Value>>,
    uids: BTreeMap<Key, String>,
    /// Those that this provisioner has made on its nodes, by name.
    pub volumes: BTreeMap<String, Arc<Value>>,
    pub classes: BTreeMap<String, Arc<Value>>,
    /// By the name of their PersistentVolume.
    pub disks: BTreeMap<String, KnownDisk>,
}

impl Facts {
    pub fn new(nodes: impl IntoIterator<Item = String>) -> Self {
        Self { nodes: nodes.into_iter().collect(), ..Self::default() }
    }

    /// Takes a report of claims in; gives the names of the volumes that it may concern.
    pub fn claims_changed(&mut self, report: Report<Arc<Value>>) -> BTreeSet<String> {
        let mut names = BTreeSet::new();
        match report {
            Report::Replaced { objects, .. } => {
                names.extend(self.claims.values().flat_map(|claim| volumes_of(claim)));
                self.claims.clear();
                self.uids.clear();
                for claim in objects {
                    names.extend(self.put_claim(claim));
                }
            }
            Report::Put(claim) => names.extend(self.put_claim(claim)),
            Report::Deleted(claim) => {
                names.extend(volumes_of(&claim));
                self.uids.remove(&key(&claim));
                self.claims.remove(claim["metadata"].str("uid"));
            }
            Report::Bookmark { .. } => {}
        }
        names
    }

    fn put_claim(&mut self, claim: Arc<Value>) -> Vec<String> {
        let uid = claim["metadata"].str("uid").to_owned();
        if self.claims.get(&uid).is_some_and(|known| version(known) > version(&claim)) {
            return Vec::new();
        }
        let mut names = volumes_of(&claim);
        // One of the same name that was not told to be gone.
        if let Some(former) = self.uids.insert(key(&claim), uid.clone()).filter(|former| *former != uid)
            && let Some(former) = self.claims.remove(&former)
        {
            names.extend(volumes_of(&former));
        }
        self.claims.insert(uid, claim);
        names
    }

    /// Takes a report of PersistentVolumes in.
    pub fn volumes_changed(&mut self, report: Report<Arc<Value>>) -> BTreeSet<String> {
        match report {
            Report::Replaced { objects, .. } => {
                let mut names: BTreeSet<String> = self.volumes.keys().cloned().collect();
                self.volumes.clear();
                names.extend(objects.into_iter().map(|volume| self.put_volume(volume)));
                names
            }
            Report::Put(volume) => [self.put_volume(volume)].into(),
            Report::Deleted(volume) => {
                let name = volume["metadata"].str("name").to_owned();
                self.volumes.remove(&name);
                [name].into()
            }
            Report::Bookmark { .. } => BTreeSet::new(),
        }
    }

    /// One that the API is known to have; gives its name.
    pub fn put_volume(&mut self, volume: Arc<Value>) -> String {
        let name = volume["metadata"].str("name").to_owned();
        let is_older = |known: &Arc<Value>| known["metadata"]["uid"] == volume["metadata"]["uid"] && version(known) > version(&volume);
        if self.volumes.get(&name).is_some_and(is_older) {
            return name;
        }
        if self.is_here(&volume) {
            self.volumes.insert(name.clone(), volume);
        } else {
            self.volumes.remove(&name);
        }
        name
    }

    /// Takes a report of classes in; those of other provisioners too, for a claim may name one.
    pub fn classes_changed(&mut self, report: Report<Arc<Value>>) {
        let name = |class: &Value| class["metadata"].str("name").to_owned();
        match report {
            Report::Replaced { objects, .. } => self.classes = objects.into_iter().map(|class| (name(&class), class)).collect(),
            Report::Put(class) => drop(self.classes.insert(name(&class), class)),
            Report::Deleted(class) => drop(self.classes.remove(&name(&class))),
            Report::Bookmark { .. } => {}
        }
    }

    /// The disks of a node, as they are now.
    pub fn disks_are(&mut self, node: &str, disks: Vec<Disk>, unrecorded: &BTreeSet<String>) {
        self.disks.retain(|_, disk| disk.node != node);
        for disk in disks.into_iter().filter(|disk| !matches!(disk.phase, Phase::Removing { .. } | Phase::Trashed { .. })) {
            let known = KnownDisk {
                node: node.to_owned(),
                path: disk.made.path,
                bytes: disk.made.bytes,
                enforcement: disk.made.enforcement,
                is_made: disk.phase != Phase::Making,
                is_recorded: !unrecorded.contains(&disk.name),
                name: disk.name,
            };
            self.disks.insert(volume_of_disk(&known.name).to_owned(), known);
        }
    }

    /// Everything that there is something to be said of.
    pub fn names(&self) -> BTreeSet<String> {
        let claimed = self.claims.values().flat_map(|claim| volumes_of(claim));
        claimed.chain(self.volumes.keys().cloned()).chain(self.disks.keys().cloned()).collect()
    }

    /// The claim that a volume of that name would be made for, if that is to happen on one of these nodes.
    pub fn wanting(&self, name: &str) -> Option<(&Arc<Value>, &str)> {
        let claim = self.claims.get(name.strip_prefix("pvc-")?)?;
        let annotations = &claim["metadata"]["annotations"];
        let node = annotations.str(SELECTED_NODE);
        let is_ours = STORAGE_PROVISIONER.iter().any(|name| crate::pod::volumes::claims::PROVISIONERS.contains(&annotations.str(name)));
        let is_open = claim["spec"].str("volumeName").is_empty() && !claim["metadata"].has("deletionTimestamp");
        (is_ours && is_open && self.nodes.contains(node)).then_some((claim, node))
    }

    /// The claim that a volume is for, whether it is bound to it yet or not.
    pub fn claim_of(&self, volume: &Value) -> Option<&Arc<Value>> {
        let claim = self.claims.get(volume["spec"]["claimRef"].str("uid"))?;
        // One that got another volume meanwhile has never had this one.
        let bound = claim["spec"].str("volumeName");
        (bound.is_empty() || bound == volume["metadata"].str("name")).then_some(claim)
    }

    fn is_here(&self, volume: &Value) -> bool {
        let is_ours = volume["metadata"]["annotations"].str(PROVISIONED_BY) == PROVISIONER;
        is_ours && node_of(volume).is_some_and(|node| self.nodes.contains(node))
    }
}

/// The node that a local volume is for.
pub fn node_of(volume: &Value) -> Option<&str> {
    let terms = volume["spec"]["nodeAffinity"]["required"].items("nodeSelectorTerms").iter();
    let mut expressions = terms.flat_map(|term| term.items("matchExpressions"));
    expressions.find(|one| one.str("key") == HOST_NAME && one.str("operator") == "In")?.items("values").first()?.as_str()
}

/// The name of the PersistentVolume that is made for a claim (STO-8).
pub fn volume_name(claim: &Value) -> String {
    format!("pvc-{}", claim["metadata"].str("uid"))
}

/// The disk's name (LOCV-1). The volume's is unique for ever; the rest is for those who look at the directory.
pub fn disk_name(claim: &Value) -> String {
    const BYTES_MAX: usize = 200;
    let mut name = format!("{}_{}_{}", volume_name(claim), claim["metadata"].str("namespace"), claim["metadata"].str("name"));
    name.truncate(BYTES_MAX);
    name
}

fn volume_of_disk(disk: &str) -> &str {
    disk.split_once('_').map_or(disk, |(volume, _)| volume)
}

fn volumes_of(claim: &Value) -> Vec<String> {
    let bound = claim["spec"].str("volumeName");
    let mut names = vec![volume_name(claim)];
    if !bound.is_empty() && bound != names[0] {
        names.push(bound.to_owned());
    }
    names
}

fn key(object: &Value) -> Key {
    Key::new(object["metadata"].str("namespace"), object["metadata"].str("name"))
}

/// One's own writes are known before the watch tells of what came before them.
fn version(object: &Value) -> u64 {
    object["metadata"].str("resourceVersion").parse().unwrap_or(0)
}

/// An amount of bytes; 0 if there is none.
pub fn bytes(amount: &Value) -> u64 {
    let parsed = amount.as_str().and_then(|text| Quantity::parse(text).ok());
    parsed.and_then(|quantity| u64::try_from(quantity.value_ceil()).ok()).unwrap_or(0)
}
