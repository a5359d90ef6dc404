//! What becomes of a volume whose claim is gone (STO-11, STO-20). Pure. Data goes only where the policy says so; what is kept is not
//! touched, whoever deletes the object.

use super::facts::KnownDisk;
use super::objects;
use super::plan::{Operation, Past, Purpose, Step};
use std::path::PathBuf;
use std::time::Duration;
use stead_api::Value;
use stead_api::value::Access;
use stead_client::event::Event;

/// The next step, if there is one.
pub fn plan(volume: &Value, has_claim: bool, disk: Option<&KnownDisk>, past: Past) -> Option<Step> {
    let (meta, phase) = (&volume["metadata"], volume["status"].str("phase"));
    let is_deleted = meta.has("deletionTimestamp");
    let has_finalizer = objects::has_finalizer(volume);
    let finalizer = |wanted| Some(Step::call(Purpose::Finalizer, objects::finalizer(volume, wanted)));
    if volume["spec"].str("persistentVolumeReclaimPolicy") != "Delete" {
        return if has_finalizer { finalizer(false) } else { None };
    }
    if !matches!(phase, "Released" | "Failed") || has_claim {
        return match (has_finalizer, is_deleted) {
            (false, false) => finalizer(true),
            // Nobody has ever had it, and nothing says that its data is to go.
            (true, true) if phase == "Available" => finalizer(false),
            _ => None,
        };
    }
    if let Some(disk) = disk {
        return Some(Step::new(Purpose::Reclaim, Operation::RemoveDisk { disk: disk.name.clone(), path: disk.path.clone() }));
    }
    if !past.is_gone {
        let path = PathBuf::from(volume["spec"]["local"].str("path"));
        return Some(Step::new(Purpose::Reclaim, Operation::ConfirmGone(path)));
    }
    if !is_deleted {
        return Some(Step::call(Purpose::Delete, objects::delete(volume)));
    }
    if has_finalizer { finalizer(false) } else { None }
}

/// Said when the data of a disk has been removed.
pub fn removed(volume: &Value, disk: Option<&KnownDisk>, retention: Option<Duration>) -> Event {
    let (name, claim) = (volume["metadata"].str("name"), &volume["spec"]["claimRef"]);
    let claim = format!("{}/{}", claim.str("namespace"), claim.str("name"));
    let message = match retention {
        None => format!("The data of volume {name} (claim {claim}) is gone for good"),
        Some(kept) => {
            let place = disk.and_then(trash).map(|place| format!(": {}", place.display())).unwrap_or_default();
            format!("The data of volume {name} (claim {claim}) is in the trash, and gone for good in {} s{place}", kept.as_secs())
        }
    };
    Event::normal(objects::about_volume(volume), "VolumeDeleted", message)
}

/// Where it is until then.
fn trash(disk: &KnownDisk) -> Option<PathBuf> {
    let home = disk.path.ancestors().find(|path| path.file_name().is_some_and(|name| name == disk.name.as_str()))?;
    Some(stead_disks::trash(home.parent()?, &disk.name))
}

/// Said when it could not be.
pub fn failed(volume: &Value, error: &str) -> Event {
    Event::warning(objects::about_volume(volume), "VolumeFailedDelete", error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use stead_api::json;
    use stead_disks::Enforcement;

    #[test]
    fn what_is_kept_for_a_while_is_said_to_be_where_it_is() {
        let volume = json!({"metadata": {"name": "v"}, "spec": {"claimRef": {"namespace": "ns", "name": "c"}}});
        let said = |path: &str| {
            let (node, name, enforcement) = ("n".to_owned(), "v_ns_c".to_owned(), Enforcement::Image);
            let disk = KnownDisk { node, name, path: path.into(), bytes: 1, enforcement, is_made: true, is_recorded: true };
            removed(&volume, Some(&disk), Some(Duration::from_secs(60))).message
        };
        for path in ["/pool/v_ns_c", "/pool/v_ns_c/fs/data"] {
            let expected = "The data of volume v (claim ns/c) is in the trash, and gone for good in 60 s: /pool/.trash/v_ns_c";
            assert_eq!(said(path), expected);
        }
    }
}
