//! Which keys are to be looked at, and when. Owns the order (first come, first served), each key's back-off and timers.
//! One worker per key: a key that is being worked on is handed out again only after [`Queue::done`].

use super::ControllerId;
use crate::plan::{Key, Resource};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

/// A key of a controller.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Work {
    pub controller: ControllerId,
    pub resource: Resource,
    pub key: Key,
}

/// The delays after failures of a key in a row: each is twice the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BackOff {
    pub first: Duration,
    pub max: Duration,
}

impl BackOff {
    pub const DEFAULT: Self = Self { first: Duration::from_millis(5), max: Duration::from_secs(1000) };

    /// After so many failures before this one.
    fn delay(self, failures: u32) -> Duration {
        let delay = 2_u32.checked_pow(failures).and_then(|factor| self.first.checked_mul(factor));
        delay.unwrap_or(self.max).min(self.max)
    }
}

#[derive(Debug, Default)]
pub struct Queue {
    ready: VecDeque<Work>,
    queued: BTreeSet<Work>,
    working: BTreeSet<Work>,
    /// Asked for while it was being worked on.
    again: BTreeSet<Work>,
    timers: BTreeSet<(Duration, Work)>,
    due: BTreeMap<Work, Duration>,
    failures: BTreeMap<Work, u32>,
}

impl Queue {
    /// Asks for a look at this key, as soon as possible.
    pub fn add(&mut self, work: Work) {
        if self.working.contains(&work) {
            self.again.insert(work);
        } else if self.queued.insert(work.clone()) {
            self.ready.push_back(work);
        }
    }

    /// Asks for a look at `at` (steady time); the earliest wish counts.
    pub fn add_at(&mut self, work: Work, at: Duration) {
        if let Some(due) = self.due.get(&work) {
            if *due <= at {
                return;
            }
            self.timers.remove(&(*due, work.clone()));
        }
        self.due.insert(work.clone(), at);
        self.timers.insert((at, work));
    }

    /// Asks for a look after this key's back-off.
    pub fn retry(&mut self, work: Work, now: Duration, back_off: BackOff) {
        let failures = self.failures.entry(work.clone()).or_default();
        let delay = back_off.delay(*failures);
        *failures = failures.saturating_add(1);
        self.add_at(work, now + delay);
    }

    /// When this key's timer ends.
    pub fn due(&self, work: &Work) -> Option<Duration> {
        self.due.get(work).copied()
    }

    /// How often this key has failed in a row.
    pub fn failures(&self, work: &Work) -> u32 {
        self.failures.get(work).copied().unwrap_or(0)
    }

    /// The key succeeded: its back-off starts over.
    pub fn forget(&mut self, work: &Work) {
        self.failures.remove(work);
    }

    /// Moves keys whose time has come to the end of the line.
    pub fn tick(&mut self, now: Duration) {
        while let Some((at, _)) = self.timers.first()
            && *at <= now
            && let Some((_, work)) = self.timers.pop_first()
        {
            self.due.remove(&work);
            self.add(work);
        }
    }

    /// Every timer ends now.
    pub fn ring(&mut self) {
        for (_, work) in std::mem::take(&mut self.timers) {
            self.due.remove(&work);
            self.add(work);
        }
    }

    /// The next key; the caller works on it until [`done`](Self::done).
    pub fn take(&mut self) -> Option<Work> {
        let work = self.ready.pop_front()?;
        self.queued.remove(&work);
        self.working.insert(work.clone());
        Some(work)
    }

    /// The work on this key is over; it comes again if it was asked for meanwhile.
    pub fn done(&mut self, work: &Work) {
        self.working.remove(work);
        if self.again.remove(work) {
            self.add(work.clone());
        }
    }

    /// When the next timer ends.
    pub fn next_timer(&self) -> Option<Duration> {
        self.timers.first().map(|(at, _)| *at)
    }

    /// Nothing is queued and nothing worked on. Timers do not count.
    pub fn is_idle(&self) -> bool {
        self.ready.is_empty() && self.working.is_empty()
    }
}
