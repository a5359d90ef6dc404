//! One probe of one run: when it is next due, and what its results add up to (PRB-2, PRB-3, PRB-4, PRB-7). Pure.

use super::{Kind, Probed};
use std::time::Duration;
use stead_api::Value;
use stead_api::value::Access;

/// A kubelet hears of a start within this time and probes then; until then a failure says no more than that the program is starting.
const NOTICED: Duration = Duration::from_secs(1);
/// When startup and readiness are asked before that: what is up at once is ready at once (PRB-7).
const EARLY: [Duration; 3] = [Duration::ZERO, Duration::from_millis(100), Duration::from_millis(400)];

/// How a worker begins.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Begin {
    /// With a run that began then.
    Started(Duration),
    /// With a run whose probe had succeeded before the agent was started anew.
    Found {
        now: Duration,
        /// Of the period, before the first probe.
        part: f64,
    },
}

/// Something to be said of a probe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    Failed(String),
    Warned(String),
    Unknown(String),
}

/// See the module.
#[derive(Debug, Clone, PartialEq)]
pub struct Worker {
    kind: Kind,
    period: Duration,
    success_threshold: u32,
    failure_threshold: u32,
    /// `None`: startup, before its first result.
    result: Option<bool>,
    /// The last outcome, and how often it came in a row.
    last: Option<(bool, u32)>,
    turns: Turns,
    /// A startup or liveness probe reached its threshold: nothing more is asked of this run.
    idle: bool,
}

/// When it is asked.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Turns {
    /// Not yet, and not before that time.
    Closed { not_before: Duration },
    /// It may be asked since `from`; failures before [`NOTICED`] are not counted.
    Early { from: Duration, asked: usize, next: Duration },
    /// Once in a period.
    Regular { next: Duration },
}

impl Worker {
    pub fn new(kind: Kind, probe: &Value, begin: Begin) -> Self {
        let number = |name: &str, usual: i64| u32::try_from(probe.int(name).unwrap_or(usual).max(1)).unwrap_or(u32::MAX);
        let delay = Duration::from_secs(u64::try_from(probe.int("initialDelaySeconds").unwrap_or_default()).unwrap_or_default());
        let period = Duration::from_secs(u64::from(number("periodSeconds", 10)));
        let (result, turns) = match begin {
            Begin::Started(began) => {
                let result = match kind {
                    Kind::Startup => None,
                    Kind::Liveness => Some(true),
                    Kind::Readiness => Some(false),
                };
                (result, Turns::Closed { not_before: began + delay })
            }
            Begin::Found { now, part } => (Some(true), Turns::Regular { next: now + period.mul_f64(part) }),
        };
        Self {
            kind,
            period,
            success_threshold: number("successThreshold", 1),
            failure_threshold: number("failureThreshold", 3),
            result,
            last: None,
            turns,
            idle: kind == Kind::Startup && result == Some(true),
        }
    }

    /// When it is to be asked next, now that it may be.
    pub fn due(&mut self, now: Duration) -> Duration {
        if let Turns::Closed { not_before } = self.turns {
            let from = not_before.max(now);
            // That it lives need not be known early.
            let next = if self.kind == Kind::Liveness { from + NOTICED } else { from };
            self.turns = Turns::Early { from, asked: 0, next };
        }
        match self.turns {
            Turns::Closed { not_before: next } | Turns::Early { next, .. } | Turns::Regular { next } => next,
        }
    }

    /// It is asked at that time.
    pub fn begun(&mut self, now: Duration) {
        self.turns = match self.turns {
            Turns::Early { from, asked, .. } if now < from + NOTICED => {
                let asked = asked + 1;
                let next = from + EARLY.get(asked).copied().unwrap_or(NOTICED);
                Turns::Early { from, asked, next: next.max(now) }
            }
            _ => Turns::Regular { next: now + self.period },
        };
    }

    /// Takes an outcome in; what of it is worth telling.
    pub fn take(&mut self, now: Duration, probed: &Probed) -> Option<Told> {
        let early = matches!(self.turns, Turns::Early { from, .. } if now < from + NOTICED);
        let (success, told) = match probed {
            Probed::Success => (true, None),
            Probed::Warning(text) => (true, Some(Told::Warned(text.clone()))),
            Probed::Failure(_) | Probed::Unknown(_) if early => return None,
            Probed::Failure(text) => (false, Some(Told::Failed(text.clone()))),
            Probed::Unknown(text) => return Some(Told::Unknown(text.clone())), // PRB-3: neither counts
        };
        if early {
            self.turns = Turns::Regular { next: now + self.period };
        }
        let times = match self.last {
            Some((last, times)) if last == success => times.saturating_add(1),
            _ => 1,
        };
        self.last = Some((success, times));
        if times >= if success { self.success_threshold } else { self.failure_threshold } {
            self.result = Some(success);
            self.idle = self.kind == Kind::Startup || (self.kind == Kind::Liveness && !success);
        }
        told
    }

    pub fn succeeds(&self) -> bool {
        self.result == Some(true)
    }

    /// A startup or liveness probe has failed for good.
    pub fn has_failed(&self) -> bool {
        self.idle && self.result == Some(false)
    }

    pub fn is_idle(&self) -> bool {
        self.idle
    }
}
