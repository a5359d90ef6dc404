//! What is to be done next for one volume, from what is known. Pure: one step at a time, each of which may be done again, so that a start
//! after a crash takes it up wherever it was.
//!
//! ```text
//! claim with a node ─▶ disk ─▶ PersistentVolume ─▶ recorded ─▶ (bound by the control plane, mounted by pods)
//! released ─▶ disk to the trash ─▶ finalizer off ─▶ object gone
//! ```

use super::class::{self, parameters};
use super::facts::{Facts, KnownDisk, bytes, disk_name};
use super::{objects, reclaim, resize};
use std::path::{Path, PathBuf};
use stead_api::Value;
use stead_api::time::Timestamp;
use stead_api::value::Access;
use stead_client::Call;
use stead_client::event::Event;
use stead_client::resource::PERSISTENT_VOLUMES;
use stead_disks::{Content, FileSystem, Wanted};

/// Mode of a new directory: whoever its first user is can write there, as local-path-provisioner has it.
const PERMISSIONS: u32 = 0o777;

/// Something that takes time. Any may be asked for twice.
#[derive(Debug, Clone, PartialEq)]
pub enum Operation {
    CreateDisk {
        node: String,
        wanted: Wanted,
    },
    /// The disk's PersistentVolume exists.
    Record(String),
    /// Removes a disk that was never recorded, if there is still no PersistentVolume of that name.
    RemoveUnrecorded {
        disk: String,
        volume: String,
    },
    /// Moves a disk to the trash, unless somebody uses it.
    RemoveDisk {
        disk: String,
        path: PathBuf,
    },
    /// Makes sure that nothing is left where the volume was.
    ConfirmGone(PathBuf),
    ExpandDisk {
        disk: String,
        bytes: u64,
    },
    Call(Box<Call>),
    /// Fails: what is asked for cannot be done, and this says why.
    Refuse(String),
}

/// What an operation is for; what failed is not tried again at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Purpose {
    Provision,
    /// Puts the made disk on the API's record.
    Publish,
    Record,
    Unselect,
    Reclaim,
    Finalizer,
    Delete,
    MarkResize,
    Expand,
    RaiseVolume,
    FinishResize,
}

/// One step.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    pub purpose: Purpose,
    pub operation: Operation,
    /// Said when it begins.
    pub told: Vec<Event>,
}

impl Step {
    pub fn new(purpose: Purpose, operation: Operation) -> Self {
        Self { purpose, operation, told: Vec::new() }
    }

    pub fn call(purpose: Purpose, call: Call) -> Self {
        Self::new(purpose, Operation::Call(Box::new(call)))
    }

    pub fn telling(self, told: Event) -> Self {
        Self { told: vec![told], ..self }
    }
}

/// What came of former steps and stands in no object, and the time.
#[derive(Debug, Clone, Copy, Default)]
pub struct Past {
    pub now: Timestamp,
    /// This node could not make the disk, another one may.
    pub is_refused_here: bool,
    /// Nothing is left of a volume that is to go.
    pub is_gone: bool,
    /// It could not be given so many bytes.
    pub not_grown_to: Option<u64>,
    /// A growth to so many bytes waits until its users are gone.
    pub waits_with: Option<u64>,
}

/// The next step for the volume of that name, if there is one.
pub fn plan(facts: &Facts, name: &str, default_pool: &Path, past: Past) -> Option<Step> {
    let disk = facts.disks.get(name);
    if let Some(volume) = facts.volumes.get(name) {
        let claim = facts.claim_of(volume);
        return record(disk)
            .or_else(|| reclaim::plan(volume, claim.is_some(), disk, past))
            .or_else(|| resize::plan(volume, claim?, disk?, past));
    }
    match facts.wanting(name) {
        Some((claim, _)) if past.is_refused_here && waits_for_consumer(facts, claim) => {
            Some(Step::call(Purpose::Unselect, objects::unselect(claim)))
        }
        Some((claim, node)) => Some(provision(facts, claim, node, disk, default_pool)),
        None => disk.filter(|disk| !disk.is_recorded).map(|disk| {
            let operation = Operation::RemoveUnrecorded { disk: disk.name.clone(), volume: name.to_owned() };
            Step::new(Purpose::Reclaim, operation)
        }),
    }
}

/// The scheduler chooses again then; of other claims nobody would.
fn waits_for_consumer(facts: &Facts, claim: &Value) -> bool {
    let class = facts.classes.get(claim["spec"].str("storageClassName"));
    class.is_some_and(|class| class.str("volumeBindingMode") == "WaitForFirstConsumer")
}

fn record(disk: Option<&KnownDisk>) -> Option<Step> {
    disk.filter(|disk| !disk.is_recorded).map(|disk| Step::new(Purpose::Record, Operation::Record(disk.name.clone())))
}

fn provision(facts: &Facts, claim: &Value, node: &str, disk: Option<&KnownDisk>, default_pool: &Path) -> Step {
    let (namespace, name) = (claim["metadata"].str("namespace"), claim["metadata"].str("name"));
    let class = facts.classes.get(claim["spec"].str("storageClassName"));
    if let (Some(disk), Some(class)) = (disk.filter(|disk| disk.is_made), class) {
        let body = objects::persistent_volume(claim, class, disk);
        return Step::call(Purpose::Publish, Call::create(PERSISTENT_VOLUMES, "", body));
    }
    let operation = match wanted(claim, class.map(AsRef::as_ref), default_pool) {
        Ok(wanted) => Operation::CreateDisk { node: node.to_owned(), wanted },
        Err(error) => Operation::Refuse(error),
    };
    let message = format!("External provisioner is provisioning volume for claim \"{namespace}/{name}\"");
    Step::new(Purpose::Provision, operation).telling(Event::normal(objects::about_claim(claim), "Provisioning", message))
}

/// The disk of a claim, or why it cannot be made anywhere.
fn wanted(claim: &Value, class: Option<&Value>, default_pool: &Path) -> Result<Wanted, String> {
    let spec = &claim["spec"];
    let name = spec.str("storageClassName");
    let class = class.ok_or_else(|| format!("storageclass.storage.k8s.io {name:?} not found"))?;
    if !class::is_ours(class) {
        return Err(format!("its provisioner is {} now", class.str("provisioner")));
    }
    let parameters = parameters(class, default_pool)?;
    if !class.items("mountOptions").is_empty() {
        return Err("mountOptions are not supported by this version".to_owned());
    }
    if spec["selector"].is_object() {
        return Err("claim Selector is not supported".to_owned());
    }
    if spec.has("dataSource") || spec.has("dataSourceRef") {
        return Err("dataSource and dataSourceRef are not supported by this version".to_owned());
    }
    if let Some(mode) = spec.items("accessModes").iter().find(|mode| *mode != "ReadWriteOnce" && *mode != "ReadWriteOncePod") {
        let mode = mode.as_str().unwrap_or_default();
        return Err(format!("a volume on one node has the access modes ReadWriteOnce and ReadWriteOncePod, not {mode}"));
    }
    let content = match spec.str("volumeMode") {
        "Block" => Content::Device,
        _ => Content::Directory { permissions: PERMISSIONS, file_system: FileSystem::Ext4 },
    };
    let bytes = bytes(&spec["resources"]["requests"]["storage"]).max(stead_disks::Disks::BYTES_MIN);
    Ok(Wanted { name: disk_name(claim), pool: parameters.pool, bytes, demand: parameters.demand, content })
}
