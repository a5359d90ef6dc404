//! What a StorageClass of this provisioner asks for, parsed: `path`, `enforcement` and `fsType`. Anything else is refused in words.

use crate::pod::volumes::claims::PROVISIONERS;
use std::path::{Path, PathBuf};
use stead_api::Value;
use stead_api::value::Access;
use stead_disks::Demand;

/// The parameters of a class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameters {
    /// Where its volumes lie.
    pub pool: PathBuf,
    pub demand: Demand,
}

/// Whether volumes of this class are made here.
pub fn is_ours(class: &Value) -> bool {
    PROVISIONERS.contains(&class.str("provisioner"))
}

/// Reads them; `default_pool` stands where the class names no directory.
pub fn parameters(class: &Value, default_pool: &Path) -> Result<Parameters, String> {
    let mut parameters = Parameters { pool: default_pool.to_owned(), demand: Demand::Auto };
    for (name, value) in class.map("parameters").into_iter().flatten() {
        let value = value.as_str().unwrap_or_default();
        match name.as_str() {
            "path" => parameters.pool = path(value)?,
            "enforcement" => parameters.demand = demand(value)?,
            "fsType" | "csi.storage.k8s.io/fstype" => file_system(name, value)?,
            _ => return Err(format!("parameter {name} is not known: there are path, enforcement and fsType")),
        }
    }
    Ok(parameters)
}

fn path(value: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(value);
    let is_plain = path.components().skip(1).all(|part| matches!(part, std::path::Component::Normal(_)));
    if path.is_absolute() && is_plain { Ok(path) } else { Err(format!("parameter path: {value:?} is not an absolute path without ..")) }
}

fn demand(value: &str) -> Result<Demand, String> {
    Ok(match value {
        "" | "auto" => Demand::Auto,
        "quota" => Demand::ProjectQuota,
        "image" => Demand::Image,
        "none" => Demand::Unenforced,
        _ => return Err(format!("parameter enforcement: {value:?} is none of auto, quota, image and none")),
    })
}

fn file_system(name: &str, value: &str) -> Result<(), String> {
    if matches!(value, "" | "ext4") { Ok(()) } else { Err(format!("parameter {name}: {value:?} cannot be made; ext4 can")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use stead_api::json;

    fn read(members: Value) -> Result<Parameters, String> {
        parameters(&json!({ "parameters": members }), Path::new("/pool"))
    }

    #[test]
    fn parameters_are_read_and_unknown_ones_refused() {
        // STO-3
        assert_eq!(read(Value::Null), Ok(Parameters { pool: "/pool".into(), demand: Demand::Auto }));
        let all = read(json!({"path": "/data", "enforcement": "image", "fsType": "ext4"}));
        assert_eq!(all, Ok(Parameters { pool: "/data".into(), demand: Demand::Image }));
        assert_eq!(read(json!({"enforcement": "none"})).unwrap().demand, Demand::Unenforced);
        for (wrong, word) in [
            (json!({"path": "data"}), "absolute"),
            (json!({"path": "/a/../b"}), "absolute"),
            (json!({"enforcement": "yes"}), "none of auto"),
            (json!({"fsType": "btrfs"}), "ext4"),
            (json!({"nodePath": "/x"}), "parameter nodePath is not known"),
        ] {
            assert!(read(wrong).unwrap_err().contains(word), "{word}");
        }
    }
}
