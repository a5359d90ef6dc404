//! Values that are sealed on disk: nothing of them is in the file, of whatever time.

use super::options;
use crate::{Durability, Expect, NewValue, OpenError, Options, Seal, Store, Unsealed};
use std::path::Path;
use std::sync::Arc;

/// Turns every bit that its key says, behind a mark of its own.
#[derive(Debug)]
struct Turned(u8);

impl Seal for Turned {
    fn covers(&self, key: &str) -> bool {
        key.starts_with("/secret/")
    }

    fn seal(&self, _key: &str, value: &[u8]) -> Result<Vec<u8>, String> {
        Ok([&[0, self.0], value.iter().map(|byte| byte ^ self.0).collect::<Vec<u8>>().as_slice()].concat())
    }

    fn unseal(&self, _key: &str, stored: &[u8]) -> Result<Unsealed, String> {
        match stored {
            [0, 0, ..] => Err("no such key".to_owned()),
            [0, mark, rest @ ..] => {
                let value: Vec<u8> = rest.iter().map(|byte| byte ^ mark).collect();
                Ok(Unsealed { value: value.into(), is_current: *mark == self.0 })
            }
            plain => Ok(Unsealed { value: plain.to_vec().into(), is_current: false }),
        }
    }
}

fn sealed(mark: u8) -> Options {
    Options { seal: Some(Arc::new(Turned(mark))), ..options(100) }
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
    let turned = |mark: u8| String::from_utf8("value".bytes().map(|byte| byte ^ mark).collect()).unwrap();
    assert!(holds(&file, &turned(9)) && !holds(&file, &turned(7)));
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
