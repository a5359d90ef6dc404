//! Opening files that must not be opened: each is refused with a clear error and left as it is.

use super::device::Device;
use super::{Seeded, options};
use crate::backend::Disk;
use crate::{Durability, Expect, NewValue, OpenError, Store};
use redb::{Database, TableDefinition};
use std::path::{Path, PathBuf};

fn text(bytes: &str) -> NewValue {
    NewValue { bytes: bytes.as_bytes().to_vec(), stamp: None }
}

/// A store of some keys, closed.
async fn filled(directory: &Path) -> PathBuf {
    let file = directory.join("store.redb");
    let store = Store::open(&file, options(100)).unwrap();
    for n in 0..40 {
        store.put(&format!("/key/{n}"), Expect::Absent, text(&"x".repeat(200)), Durability::Durable).await.unwrap();
    }
    store.close().await.unwrap();
    file
}

/// The message, and that the file is as it was.
fn refusal(file: &Path) -> OpenError {
    let before = std::fs::read(file).unwrap();
    let error = Store::open(file, options(100)).unwrap_err();
    assert!(std::fs::read(file).unwrap() == before, "the file was touched");
    error
}

#[tokio::test]
async fn continues_where_it_was() {
    let directory = tempfile::tempdir().unwrap();
    let file = filled(directory.path()).await;
    let store = Store::open(&file, options(100)).unwrap();
    let page = store.range("/key/", None, 0, None).unwrap();
    assert_eq!((page.entries.len(), page.entries[0].revision), (40, 2));
    let entry = store.put("/key/0", Expect::Revision(2), text("y"), Durability::Durable).await.unwrap();
    assert!(entry.revision > page.revision);
    assert_eq!(entry.created, 2);
    // The last clone's drop closes: the file can be opened at once.
    drop(store);
    let store = Store::open(&file, options(100)).unwrap();
    assert_eq!(store.get("/key/0").unwrap().revision, entry.revision);
}

#[tokio::test]
async fn opening_without_a_write_takes_no_revisions() {
    let directory = tempfile::tempdir().unwrap();
    let file = filled(directory.path()).await;
    let first = Store::open(&file, options(100)).unwrap().revision();
    assert_eq!(Store::open(&file, options(100)).unwrap().revision(), first);
}

#[tokio::test]
async fn refuses_a_file_in_use() {
    let directory = tempfile::tempdir().unwrap();
    let file = filled(directory.path()).await;
    let _store = Store::open(&file, options(100)).unwrap();
    let error = refusal(&file);
    let expected = format!("{} is in use by another process (pid {})", file.display(), std::process::id());
    assert_eq!(error.to_string(), expected);
}

#[tokio::test]
async fn refuses_a_newer_format() {
    let directory = tempfile::tempdir().unwrap();
    let file = filled(directory.path()).await;
    let database = Database::open(&file).unwrap();
    let transaction = database.begin_write().unwrap();
    transaction.open_table(TableDefinition::<&str, u64>::new("meta")).unwrap().insert("format", 2).unwrap();
    transaction.commit().unwrap();
    drop(database);
    let error = refusal(&file);
    assert!(matches!(error, OpenError::Newer { found: 2, known: 1, .. }), "{error}");

    let mut bytes = std::fs::read(&file).unwrap();
    bytes[64] = 9;
    bytes[192] = 9;
    std::fs::write(&file, bytes).unwrap();
    let error = refusal(&file);
    assert!(matches!(error, OpenError::Newer { found: 9, .. }), "{error}");
}

#[tokio::test]
async fn refuses_what_is_no_store() {
    let directory = tempfile::tempdir().unwrap();
    let other = directory.path().join("other");
    std::fs::write(&other, "some notes of mine").unwrap();
    assert!(matches!(refusal(&other), OpenError::Corrupt { .. }));
    std::fs::write(&other, vec![0; 100_000]).unwrap();
    assert!(matches!(refusal(&other), OpenError::Corrupt { .. }));
    // Another program's redb file.
    let foreign = directory.path().join("foreign");
    drop(Database::create(&foreign).unwrap());
    assert!(matches!(refusal(&foreign), OpenError::Corrupt { .. }));
    // An empty file is not an empty store: something emptied it.
    std::fs::write(&other, "").unwrap();
    assert!(matches!(refusal(&other), OpenError::Corrupt { .. }));
    assert!(matches!(Store::open(directory.path(), options(100)).unwrap_err(), OpenError::Io { .. }));
}

#[tokio::test]
async fn refuses_a_truncated_file() {
    let directory = tempfile::tempdir().unwrap();
    let file = filled(directory.path()).await;
    let bytes = std::fs::read(&file).unwrap();
    for len in [1, 64, 300, 4_096, bytes.len() / 2, bytes.len() - 4_096, bytes.len() - 1] {
        std::fs::write(&file, &bytes[..len]).unwrap();
        let error = refusal(&file);
        assert!(matches!(error, OpenError::Corrupt { .. }), "{len} bytes: {error}");
    }
}

// A bit that flipped anywhere either does not matter or is found.
#[tokio::test]
async fn finds_flipped_bits() {
    let directory = tempfile::tempdir().unwrap();
    let file = filled(directory.path()).await;
    let bytes = std::fs::read(&file).unwrap();
    let all = Store::open(&file, options(100)).unwrap().range("", None, 0, None).unwrap().entries;
    let mut seeded = Seeded(3);
    let mut found = 0;
    for _ in 0..150 {
        let mut damaged = bytes.clone();
        let at = seeded.below(bytes.len() as u64) as usize;
        damaged[at] ^= 1 << seeded.below(8);
        let device = Device::holding(&damaged);
        match Disk::open_device(device.opener(), &file) {
            Ok((_, contents)) => assert_eq!(contents.entries, all, "byte {at}"),
            Err(error) => {
                assert!(matches!(error, OpenError::Corrupt { .. }), "byte {at}: {error}");
                assert!(device.contents() == damaged, "the file was touched");
                found += 1;
            }
        }
    }
    assert!(found > 10, "only {found} were found");
}

// design.md section 7: a lost store is no empty cluster.
#[tokio::test]
async fn refuses_to_begin_anew_where_a_store_has_been() {
    let directory = tempfile::tempdir().unwrap();
    let file = filled(directory.path()).await;
    std::fs::remove_file(&file).unwrap();
    let error = Store::open(&file, options(100)).unwrap_err();
    let marker = directory.path().join("store.redb.exists");
    let expected = format!(
        "{} is missing, and {} says that a store has been there; put it back, or remove {} to begin with an empty store",
        file.display(),
        marker.display(),
        marker.display()
    );
    assert_eq!(error.to_string(), expected);
    assert!(!file.exists());
    std::fs::remove_file(&marker).unwrap();
    assert_eq!(Store::open(&file, options(100)).unwrap().range("", None, 0, None).unwrap().entries.len(), 0);
}

// A store of an earlier version has no marker; it gets one.
#[tokio::test]
async fn an_opened_store_is_marked() {
    let directory = tempfile::tempdir().unwrap();
    let file = filled(directory.path()).await;
    let marker = directory.path().join("store.redb.exists");
    std::fs::remove_file(&marker).unwrap();
    drop(Store::open(&file, options(100)).unwrap());
    assert!(marker.exists());
}
