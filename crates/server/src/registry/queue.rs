//! Writers of one object stand in line, so that many of them do not make each other start over.
//! Input: a key. Output: a [`Turn`]; the next in line gets in when it is dropped.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, Weak};
use stead_api::{Status, json};
use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard}; // first come, first served; the one of futures is not

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

#[cfg(test)]
mod tests {
    use super::*;
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    #[test]
    fn who_came_first_is_served_first() {
        let queues = Queues::default();
        let mut context = Context::from_waker(Waker::noop());
        let mut first = pin!(queues.enter("k"));
        let Poll::Ready(Ok(turn)) = first.as_mut().poll(&mut context) else { panic!("the line is empty") };
        let mut second = pin!(queues.enter("k"));
        assert!(second.as_mut().poll(&mut context).is_pending());
        drop(turn);
        // A writer that comes again at once must not overtake the one that waits: under load it would wait for seconds.
        let mut again = pin!(queues.enter("k"));
        assert!(again.as_mut().poll(&mut context).is_pending());
        assert!(second.as_mut().poll(&mut context).is_ready());
    }
}
