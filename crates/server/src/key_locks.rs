//! Writers of one object take turns, first come first served, so that many of them do not make each other start over.
//! Input: a key. Output: a [`KeyLock`]; the next writer goes on when it is dropped.

use std::collections::HashMap;
use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, Mutex, Weak};
use std::task::Poll;
use stead_api::{Status, json};
use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard}; // first come, first served; the one of futures is not

/// Locks by key. A lock exists while somebody holds or waits for it; there are as many as requests in flight.
#[derive(Debug, Default)]
pub(crate) struct KeyLocks {
    locks: Mutex<HashMap<String, Weak<AsyncMutex<()>>>>,
}

/// The right to write one key.
pub(crate) struct KeyLock {
    _guard: OwnedMutexGuard<()>,
}

/// So many writers hold or wait for one lock.
const WAITING_MAX: usize = 4096;
/// Locks that nobody holds are swept when there are this many.
const SWEEP_AT: usize = 1024;

impl KeyLocks {
    /// Waits for the right to write `key`; refused if too many wait already.
    pub(crate) async fn lock(&self, key: &str) -> Result<KeyLock, Status> {
        let lock = self.of(key);
        if Arc::strong_count(&lock) > WAITING_MAX {
            let details = json!({"retryAfterSeconds": 1});
            return Err(Status::new(429, "TooManyRequests", "too many writers of one object, please try again later").with_details(details));
        }
        Ok(KeyLock { _guard: lock.lock_owned().await })
    }

    fn of(&self, key: &str) -> Arc<AsyncMutex<()>> {
        let mut locks = self.locks.lock().expect("nothing panics while it holds the locks");
        if let Some(lock) = locks.get(key).and_then(Weak::upgrade) {
            return lock;
        }
        if locks.len() >= SWEEP_AT {
            locks.retain(|_, lock| lock.strong_count() > 0);
        }
        let lock = Arc::new(AsyncMutex::new(()));
        locks.insert(key.to_owned(), Arc::downgrade(&lock));
        lock
    }
}

/// Runs `work` with the locks held for as long as it need not wait. When it first does, they are given up before it goes on.
/// Returns the locks if it never waited.
pub(crate) async fn hold_until_pending<L, T>(locks: L, work: impl Future<Output = T>) -> (T, Option<L>) {
    let mut work = pin!(work);
    match futures::poll!(work.as_mut()) {
        Poll::Ready(result) => (result, Some(locks)),
        Poll::Pending => {
            drop(locks);
            (work.await, None)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::task::{Context, Waker};

    #[test]
    fn the_first_to_ask_writes_first() {
        let locks = KeyLocks::default();
        let mut context = Context::from_waker(Waker::noop());
        let mut first = pin!(locks.lock("k"));
        let Poll::Ready(Ok(lock)) = first.as_mut().poll(&mut context) else { panic!("nobody else writes") };
        let mut second = pin!(locks.lock("k"));
        assert!(second.as_mut().poll(&mut context).is_pending());
        drop(lock);
        // A writer that comes again at once must not go before the one that waits: under load it would wait for seconds.
        let mut again = pin!(locks.lock("k"));
        assert!(again.as_mut().poll(&mut context).is_pending());
        assert!(second.as_mut().poll(&mut context).is_ready());
    }
}
