//! Writers of one object stand in line, so that many of them do not make each other start over.
//! Input: a key. Output: a [`Turn`]; the next in line gets in when it is dropped.

use futures::lock::{Mutex as AsyncMutex, OwnedMutexGuard};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, Weak};
use stead_api::{Status, json};

/// Lines of writers by key. A line exists while somebody stands in it; there are as many as requests in flight.
#[derive(Debug, Default)]
pub(crate) struct Queues {
    lines: Mutex<HashMap<String, Weak<AsyncMutex<()>>>>,
}

/// The right to write one key.
pub(crate) struct Turn {
    _guard: OwnedMutexGuard<()>,
}

/// So many writers stand in one line.
const WAITING_MAX: usize = 4096;
/// Dead lines are swept when there are this many.
const SWEEP_AT: usize = 1024;

impl Queues {
    /// Waits for the turn to write `key`; refused if too many wait already.
    pub(crate) async fn enter(&self, key: &str) -> Result<Turn, Status> {
        let line = self.line(key);
        if Arc::strong_count(&line) > WAITING_MAX {
            let details = json!({"retryAfterSeconds": 1});
            return Err(Status::new(429, "TooManyRequests", "too many writers of one object, please try again later").with_details(details));
        }
        Ok(Turn { _guard: line.lock_owned().await })
    }

    fn line(&self, key: &str) -> Arc<AsyncMutex<()>> {
        let mut lines = self.lines.lock().expect("nothing panics while it holds the lines");
        if let Some(line) = lines.get(key).and_then(Weak::upgrade) {
            return line;
        }
        if lines.len() >= SWEEP_AT {
            lines.retain(|_, line| line.strong_count() > 0);
        }
        let line = Arc::new(AsyncMutex::new(()));
        lines.insert(key.to_owned(), Arc::downgrade(&line));
        line
    }
}
