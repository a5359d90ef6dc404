//! Values that are sealed on disk: nothing of them is in the file, of whatever time.

use super::options;
use crate::{Durability, Expect, NewValue, OpenError, Options, Seal, Store, Unsealed};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

/// Turns every bit that its key says, behind a mark of its own.
#[derive(Debug)]
struct Turned(AtomicU8);

impl Turned {
    fn mark(&self) -> u8 {
        self.0.load(Ordering::SeqCst)
    }
}

impl Seal for Turned {
    fn covers(&self, key: &str) -> bool {
        key.starts_with("/secret/")
    }

    fn seal(&self, _key: &str, value: &[u8]) -> Result<Vec<u8>, String> {
        let mark = self.mark();
        Ok([&[0, mark], value.iter().map(|byte| byte ^ mark).collect::<Vec<u8>>().as_slice()].concat())
    }

    fn unseal(&self, _key: &str, stored: &[u8]) -> Result<Unsealed, String> {
        match stored {
            [0, 0, ..] => Err("no such key".to_owned()),
            [0, mark, rest @ ..] => {
                let value: Vec<u8> = rest.iter().map(|byte| byte ^ mark).collect();
                Ok(Unsealed { value: value.into(), is_current: *mark == self.mark() })
            }
            plain => Ok(Unsealed { value: plain.to_vec().into(), is_current: false }),
        }
    }
}

fn sealed(mark: u8) -> Options {
    sealed_by(&Arc::new(Turned(AtomicU8::new(mark))))
}

fn sealed_by(turned: &Arc<Turned>) -> Options {
    Options { seal: Some(turned.clone()), ..options(100) }
}

/// The text as that key has it on disk.
fn turned(text: &str, mark: u8) -> String {
    String::from_utf8(text.bytes().map(|byte| byte ^ mark).collect()).unwrap()
}

fn text(bytes: &str) -> NewValue {
    NewValue { bytes: bytes.as_bytes().to_vec(), stamp: None }
}

fn holds(file: &Path, text: &str) -> bool {
    std::fs::read(file).unwrap().windows(text.len()).any(|window| window == text.as_bytes())
}

#[tokio::test]
async fn what_was_plain_is_sealed_at_the_next_start_and_nothing_of_it_is_left() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("store.redb");
    let store = Store::open(&file, options(100)).unwrap();
    for key in ["/secret/a", "/secret/gone", "/other/a"] {
        store.put(key, Expect::Absent, text(&format!("plain text of {key}")), Durability::Durable).await.unwrap();
    }
    // Rows that are gone, and former values, stay in free pages.
    store.put("/secret/a", Expect::Anything, text("another plain text"), Durability::Durable).await.unwrap();
    let last = store.delete("/secret/gone", Expect::Anything, text("last plain text")).await.unwrap().revision;
    store.close().await.unwrap();
    assert!(holds(&file, "another plain text"), "the test would find it");

    let store = Store::open(&file, sealed(7)).unwrap();
    assert_eq!(store.get("/secret/a").unwrap().value, "another plain text");
    assert_eq!(store.get("/other/a").unwrap().value, "plain text of /other/a");
    let next = store.put("/secret/b", Expect::Absent, text("a later plain text"), Durability::Durable).await.unwrap();
    assert!(next.revision > last, "revisions go on above those of the old file");
    store.close().await.unwrap();
    for gone in ["plain text of /secret", "another plain text", "last plain text", "a later plain text"] {
        assert!(!holds(&file, gone), "{gone}");
    }
    assert!(holds(&file, "plain text of /other/a"), "what is not covered is as it was");
}

#[tokio::test]
async fn another_key_opens_what_an_earlier_one_sealed_and_seals_it_anew() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("store.redb");
    let store = Store::open(&file, sealed(7)).unwrap();
    let entry = store.put("/secret/a", Expect::Absent, text("value"), Durability::Durable).await.unwrap();
    store.close().await.unwrap();
    let store = Store::open(&file, sealed(9)).unwrap();
    assert_eq!(store.get("/secret/a"), Some(entry));
    store.close().await.unwrap();
    assert!(holds(&file, &turned("value", 9)) && !holds(&file, &turned("value", 7)));
}

#[tokio::test]
async fn what_cannot_be_unsealed_is_said_and_the_file_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("store.redb");
    let store = Store::open(&file, sealed(0)).unwrap();
    store.put("/secret/a", Expect::Absent, text("value"), Durability::Durable).await.unwrap();
    store.close().await.unwrap();
    let before = std::fs::read(&file).unwrap();
    let error = Store::open(&file, sealed(9)).unwrap_err();
    assert!(matches!(&error, OpenError::Sealed { key, .. } if key == "/secret/a"), "{error}");
    assert!(std::fs::read(&file).unwrap() == before, "the file was touched");
}

#[tokio::test]
async fn another_key_seals_everything_anew_while_others_write() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("store.redb");
    let seal = Arc::new(Turned(AtomicU8::new(7)));
    let store = Store::open(&file, sealed_by(&seal)).unwrap();
    let before = store.put("/secret/before", Expect::Absent, text("former value"), Durability::Durable).await.unwrap();
    let mut watch = store.watch("/secret/", before.revision).unwrap();
    let writes = async {
        for n in 0..50 {
            store.put(&format!("/secret/{n:02}"), Expect::Absent, text(&format!("value {n:02}")), Durability::Durable).await.unwrap();
        }
    };
    let rotation = async {
        // Some are sealed by the former key, some by the next.
        assert!(watch.next().await.is_ok());
        seal.0.store(9, Ordering::SeqCst);
        store.seal_anew().await.unwrap();
        let bytes = std::fs::read(&file).unwrap();
        let former = turned("value", 7);
        assert!(!bytes.windows(former.len()).any(|window| window == former.as_bytes()), "nothing of the former key is left");
    };
    tokio::join!(writes, rotation);
    assert_eq!(store.get("/secret/before"), Some(before.clone()));
    store.close().await.unwrap();
    // By a process that knows nothing of the former key: a record of that would be said to be stale.
    let store = Store::open(&file, sealed(9)).unwrap();
    assert_eq!(store.get("/secret/before"), Some(before));
    for n in 0..50 {
        assert_eq!(store.get(&format!("/secret/{n:02}")).unwrap().value, format!("value {n:02}"));
    }
    store.close().await.unwrap();
    assert!(holds(&file, &turned("former value", 9)) && holds(&file, &turned("value 49", 9)));
}

#[tokio::test]
async fn what_is_sealed_as_it_should_be_is_not_written_anew() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("store.redb");
    let store = Store::open(&file, sealed(7)).unwrap();
    store.put("/secret/a", Expect::Absent, text("value"), Durability::Durable).await.unwrap();
    let inode = |file: &Path| std::os::unix::fs::MetadataExt::ino(&std::fs::metadata(file).unwrap());
    let before = inode(&file);
    store.seal_anew().await.unwrap();
    assert_eq!(inode(&file), before);
    store.close().await.unwrap();
    assert!(store.seal_anew().await.is_err(), "a closed store says so");
}

#[tokio::test]
async fn a_file_that_cannot_be_written_anew_stays_and_the_store_goes_on() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("store.redb");
    let seal = Arc::new(Turned(AtomicU8::new(7)));
    let store = Store::open(&file, sealed_by(&seal)).unwrap();
    store.put("/secret/a", Expect::Absent, text("value"), Durability::Durable).await.unwrap();
    seal.0.store(9, Ordering::SeqCst);
    // A directory stands where the new file would be made.
    let obstacle = directory.path().join("store.redb.new");
    std::fs::create_dir(&obstacle).unwrap();
    assert!(store.seal_anew().await.is_err());
    assert!(holds(&file, &turned("value", 7)));
    std::fs::remove_dir(&obstacle).unwrap();
    // It waits until the store knows again what there is.
    store.seal_anew().await.unwrap();
    store.put("/secret/b", Expect::Absent, text("later value"), Durability::Durable).await.unwrap();
    store.close().await.unwrap();
    assert!(holds(&file, &turned("later value", 9)) && !holds(&file, &turned("value", 7)));
}
