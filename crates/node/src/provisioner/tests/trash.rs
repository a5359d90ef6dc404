//! The trash and who waits for it to be emptied, over real directories.

use super::super::{Options, Trash, empty_trash};
use crate::disks::{LocalDisks, NodeDisks};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use stead_api::time::Timestamp;
use stead_client::Client;
use stead_disks::{Content, Demand, FileSystem, Wanted};
use tokio::sync::mpsc;
use tokio::time::Instant;

/// An API that is never asked.
fn no_api() -> Client {
    let service = tower::service_fn(|_: http::Request<kube::client::Body>| {
        std::future::pending::<Result<http::Response<http_body_util::Full<bytes::Bytes>>, Infallible>>()
    });
    Client::new(kube::Client::new(service, "default"), "provisioner")
}

#[tokio::test]
async fn it_is_told_that_the_trash_was_emptied() {
    // STO-22
    let dir = tempfile::tempdir().unwrap();
    let disks = LocalDisks::open(&dir.path().canonicalize().unwrap().join("state"), Duration::ZERO).unwrap();
    let pool = dir.path().canonicalize().unwrap().join("pool");
    let content = Content::Directory { permissions: 0o777, file_system: FileSystem::Ext4 };
    let made = disks.create("n", &Wanted { name: "a".to_owned(), pool: pool.clone(), bytes: 1 << 20, demand: Demand::Unenforced, content });
    std::fs::write(made.unwrap().path.join("f"), "bytes").unwrap();
    let options = Options {
        api: no_api(),
        nodes: vec!["n".to_owned()],
        disks: Arc::new(disks),
        store: None,
        default_pool: pool.clone(),
        clock: Arc::new(|| Timestamp::from_seconds(7)),
        began: Instant::now(),
        events: mpsc::channel(1).0,
    };
    let trash = Trash::default();
    let emptying = async {
        options.disks.remove("a", 7).unwrap();
        trash.filled.notify_one();
        trash.cleared.notified().await;
    };
    tokio::select! {
        () = empty_trash(&options, &trash) => unreachable!("it goes on for ever"),
        () = emptying => assert_eq!(std::fs::read_dir(pool.join(".trash")).unwrap().count(), 0),
    }
}
