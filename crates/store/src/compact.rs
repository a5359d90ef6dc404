//! Owns the window of recent changes and decides when the oldest leave it: by count, bytes and age. Never runs on a timer:
//! a change that comes in pushes old ones out. In: committed events. Out: the events that left.

use crate::Event;
use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How many changes the window holds.
pub const WINDOW_EVENTS_MAX: usize = 65_536;
/// How many bytes the window's changes hold: keys, values, and the values they replaced.
pub const WINDOW_BYTES_MAX: usize = 32 << 20;
/// How old a change in the window may be. Clients expect several minutes of history.
pub const WINDOW_AGE_MAX: Duration = Duration::from_secs(600);

/// What a change costs besides its key and value.
const EVENT_OVERHEAD: usize = 256;

/// Monotonic time since any fixed point.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Duration + Send + Sync>);

impl Clock {
    pub fn new(now: impl Fn() -> Duration + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    /// The machine's monotonic clock.
    pub fn monotonic() -> Self {
        let start = Instant::now();
        Self::new(move || start.elapsed())
    }

    /// Time that stands still: nothing ages.
    pub fn still() -> Self {
        Self::new(|| Duration::ZERO)
    }

    fn now(&self) -> Duration {
        (self.0)()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}

/// The bounds of the window. Whichever is reached first applies.
#[derive(Debug, Clone)]
pub struct Limits {
    pub events_max: usize,
    pub bytes_max: usize,
    pub age_max: Duration,
    pub clock: Clock,
}

impl Default for Limits {
    /// The named bounds, and no age.
    fn default() -> Self {
        Self { events_max: WINDOW_EVENTS_MAX, bytes_max: WINDOW_BYTES_MAX, age_max: WINDOW_AGE_MAX, clock: Clock::still() }
    }
}

#[derive(Debug)]
struct Logged {
    event: Arc<Event>,
    at: Duration,
}

/// The recent changes, oldest first.
#[derive(Debug)]
pub(crate) struct Window {
    limits: Limits,
    log: VecDeque<Logged>,
    bytes: usize,
    floor: u64,
}

impl Window {
    pub(crate) fn new(limits: Limits, floor: u64) -> Self {
        Self { limits, log: VecDeque::new(), bytes: 0, floor }
    }

    /// The oldest revision that can be read, and after which all changes are here.
    pub(crate) fn floor(&self) -> u64 {
        self.floor
    }

    pub(crate) fn push(&mut self, event: Arc<Event>) {
        self.bytes += size(&event);
        self.log.push_back(Logged { event, at: self.limits.clock.now() });
    }

    /// Takes the oldest change out if a bound is exceeded.
    pub(crate) fn evict(&mut self) -> Option<Arc<Event>> {
        let oldest = self.log.front()?;
        let aged = self.limits.clock.now().saturating_sub(oldest.at) > self.limits.age_max;
        if !aged && self.log.len() <= self.limits.events_max && self.bytes <= self.limits.bytes_max {
            return None;
        }
        let Logged { event, .. } = self.log.pop_front()?;
        self.bytes -= size(&event);
        self.floor = event.entry().revision;
        Some(event)
    }

    /// The changes after `from`, up to and with `to`.
    pub(crate) fn between(&self, from: u64, to: u64) -> impl DoubleEndedIterator<Item = &Arc<Event>> {
        let start = self.log.partition_point(|logged| logged.event.entry().revision <= from);
        let end = self.log.partition_point(|logged| logged.event.entry().revision <= to);
        self.log.range(start..end.max(start)).map(|logged| &logged.event)
    }
}

/// What a change keeps alive. A value that the next change replaced counts twice, so that the bound holds also for values
/// that only the window still has.
fn size(event: &Event) -> usize {
    let (entry, previous) = match event {
        Event::Put { entry, previous } => (entry, previous.as_ref()),
        Event::Delete { last, previous } => (last, Some(previous)),
    };
    entry.key.len() + entry.value.len() + previous.map_or(0, |previous| previous.value.len()) + EVENT_OVERHEAD
}
