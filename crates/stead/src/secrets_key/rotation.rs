//! Follows the keys on disk while the server runs: when another one comes first, every Secret is sealed with it, and then the former
//! is forgotten. Killed at any point, it goes on at the next look or the next start: as long as a record may be sealed by a key, the
//! file has that key.

use super::{forget_former, path, read};
use crate::sealing::{Key, Sealing};
use anyhow::{Context, ensure};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use stead_store::Store;
use tokio::sync::watch;

/// How often the file is looked at.
const CHECK_INTERVAL: Duration = Duration::from_secs(2);

/// The keys in use.
#[derive(Debug)]
pub struct Rotation {
    tls: PathBuf,
    sealing: Arc<Sealing>,
    store: Store,
    /// The first seals what is in the store.
    used: Vec<Key>,
    /// What is wrong with the file, if it was said already.
    said: Option<String>,
}

impl Rotation {
    /// Of a store that is sealed by the first of these keys.
    pub fn new(tls: PathBuf, sealing: Arc<Sealing>, store: Store, used: Vec<Key>) -> Self {
        Self { tls, sealing, store, used, said: None }
    }

    /// Looks once; the name of the key that seals everything now, if it is another one.
    async fn refresh(&mut self) -> anyhow::Result<Option<String>> {
        let shown = path(&self.tls);
        let keys = read(&self.tls)?.with_context(|| format!("{} is gone", shown.display()))?;
        if keys == self.used {
            return Ok(None);
        }
        if let Some(current) = self.used.first() {
            ensure!(keys.contains(current), "{} lacks the key {:?}, which seals what is there", shown.display(), current.id);
        }
        self.sealing.replace(&keys);
        self.store.seal_anew().await.context("seal the Secrets with another key")?;
        forget_former(&self.tls, &keys)?;
        let (first, former) = keys.split_at(1);
        self.sealing.replace(first);
        self.used = first.to_vec();
        Ok(first.first().filter(|_| !former.is_empty()).map(|key| key.id.clone()))
    }

    /// Looks for as long as the server runs.
    pub async fn run(mut self, mut stop: watch::Receiver<bool>) -> anyhow::Result<()> {
        loop {
            tokio::select! {
                () = tokio::time::sleep(CHECK_INTERVAL) => {}
                stopped = stop.wait_for(|stop| *stop) => return stopped.map(drop).map_err(Into::into),
            }
            match self.refresh().await {
                Ok(None) => self.said = None,
                Ok(Some(id)) => tracing::info!(id, "another key seals the Secrets, the former is forgotten"),
                Err(error) => self.say(format!("{error:#}")),
            }
        }
    }

    fn say(&mut self, error: String) {
        if self.said.as_ref() != Some(&error) {
            tracing::warn!(error, "the keys of the Secrets are used as they were");
            self.said = Some(error);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{open, rotate};
    use super::*;
    use stead_store::{Durability, Expect, NewValue, Options};

    const SECRET: &str = "/registry/secrets/ns/a";

    /// A store in that directory, and what follows its keys.
    fn start(tls: &std::path::Path) -> (Store, Rotation) {
        let keys = open(tls).unwrap();
        let sealing = Arc::new(Sealing::new(&keys));
        let options = Options { seal: Some(sealing.clone()), ..Options::default() };
        let store = Store::open(tls.join("store.redb"), options).unwrap();
        (store.clone(), Rotation::new(tls.to_owned(), sealing, store, keys))
    }

    async fn put(store: &Store, value: &str) {
        let value = NewValue { bytes: value.as_bytes().to_vec(), stamp: None };
        store.put(SECRET, Expect::Anything, value, Durability::Durable).await.unwrap();
    }

    /// Which keys seal something on disk.
    fn sealed_by(tls: &std::path::Path, ids: &[&str]) -> Vec<bool> {
        let bytes = std::fs::read(tls.join("store.redb")).unwrap();
        let holds = |mark: String| bytes.windows(mark.len()).any(|window| window == mark.as_bytes());
        ids.iter().map(|id| holds(format!("stead:sealed:v1:{id}:"))).collect()
    }

    #[tokio::test]
    async fn another_key_seals_everything_and_the_former_is_forgotten() {
        let dir = tempfile::tempdir().unwrap();
        let tls = dir.path();
        let (store, mut rotation) = start(tls);
        put(&store, "{}").await;
        let first = rotation.used[0].id.clone();
        assert_eq!(rotation.refresh().await.unwrap(), None);
        let second = rotate(tls).unwrap();
        assert_eq!(rotation.refresh().await.unwrap(), Some(second.clone()));
        assert_eq!(sealed_by(tls, &[&first, &second]), [false, true]);
        assert_eq!(read(tls).unwrap().unwrap(), rotation.used, "the former key is not in the file");
        // Twice before anybody looks.
        let (third, fourth) = (rotate(tls).unwrap(), rotate(tls).unwrap());
        assert_eq!(rotation.refresh().await.unwrap(), Some(fourth.clone()));
        put(&store, "{\"a\":1}").await;
        assert_eq!(rotation.refresh().await.unwrap(), None);
        store.close().await.unwrap();
        assert_eq!(sealed_by(tls, &[&second, &third, &fourth]), [false, false, true]);
        drop(rotation);
        let (store, _) = start(tls);
        assert_eq!(store.get(SECRET).unwrap().value, "{\"a\":1}");
    }

    #[tokio::test]
    async fn a_file_without_the_key_in_use_changes_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let tls = dir.path();
        let (store, mut rotation) = start(tls);
        let good = std::fs::read(path(tls)).unwrap();
        std::fs::remove_file(path(tls)).unwrap();
        assert!(rotation.refresh().await.unwrap_err().to_string().contains("is gone"));
        open(tls).unwrap();
        assert!(rotation.refresh().await.unwrap_err().to_string().contains("lacks the key"));
        std::fs::write(path(tls), "{}").unwrap();
        rotation.refresh().await.unwrap_err();
        put(&store, "{}").await;
        std::fs::write(path(tls), good).unwrap();
        assert_eq!(rotation.refresh().await.unwrap(), None);
        store.close().await.unwrap();
        assert_eq!(sealed_by(tls, &[&rotation.used[0].id]), [true]);
    }

    #[tokio::test]
    async fn a_rotation_that_was_cut_short_is_finished() {
        let dir = tempfile::tempdir().unwrap();
        let tls = dir.path();
        let (store, mut rotation) = start(tls);
        put(&store, "{}").await;
        let second = rotate(tls).unwrap();
        // A directory stands where the new file of the store would be made.
        std::fs::create_dir(tls.join("store.redb.new")).unwrap();
        rotation.refresh().await.unwrap_err();
        assert_eq!(read(tls).unwrap().unwrap().len(), 2, "the former key is still needed");
        std::fs::remove_dir(tls.join("store.redb.new")).unwrap();
        assert_eq!(rotation.refresh().await.unwrap(), Some(second.clone()));
        assert_eq!(sealed_by(tls, &[&second]), [true]);
        assert_eq!(read(tls).unwrap().unwrap().len(), 1);
    }
}
