//! The checked-in table is what the generator writes, and names are as documented.

use super::*;
use std::path::PathBuf;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask is in the workspace").to_owned()
}

#[test]
fn checked_in_files_are_current() {
    let root = root();
    let files = generate(&root).unwrap();
    for (name, text) in &files {
        let found = fs::read_to_string(root.join(OUTPUT).join(name)).unwrap_or_default();
        assert!(found == *text, "{name} is not what the generator writes: run `cargo xtask codegen`");
    }
    let on_disk = fs::read_dir(root.join(OUTPUT)).unwrap();
    assert_eq!(on_disk.count(), files.len(), "stale files: run `cargo xtask codegen`");
}

#[test]
fn statics_are_named_by_group_version_and_type() {
    assert_eq!(emit::static_name("io.k8s.api.apps.v1.StatefulSet"), "APPS_V1_STATEFUL_SET");
    assert_eq!(emit::static_name("io.k8s.api.core.v1.HTTPGetAction"), "CORE_V1_HTTP_GET_ACTION");
    assert_eq!(emit::static_name("io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"), "META_V1_OBJECT_META");
}
