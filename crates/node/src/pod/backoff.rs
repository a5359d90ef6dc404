//! Crash back-off of one container (RST-3, RST-4): 0, 10, 20, 40 ... 300 s, counted from the end of the last run.

use std::time::Duration;
use stead_api::time::go_duration;

const FIRST: Duration = Duration::from_secs(10);
const MAX: Duration = Duration::from_secs(300);
/// A run longer than this starts the count anew.
const RESET: Duration = Duration::from_secs(600);

/// The delay before the next restart. Moments are on the steady clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Backoff {
    /// `None` before the first restart.
    delay: Option<Duration>,
    /// When the delay was last raised.
    raised: Duration,
}

impl Backoff {
    /// When a container that ended at `finished` may start again; `None`: at once.
    pub fn until(&self, finished: Duration) -> Option<Duration> {
        let delay = self.delay.filter(|_| !self.expired(finished))?;
        Some(finished + delay)
    }

    /// Records a restart at `now` of a container that ended at `finished`.
    pub fn raise(&mut self, now: Duration, finished: Duration) {
        self.delay = match self.delay {
            Some(delay) if !self.expired(finished) => Some((delay * 2).min(MAX)),
            _ => Some(FIRST),
        };
        self.raised = now;
    }

    fn expired(&self, finished: Duration) -> bool {
        finished.saturating_sub(self.raised) > RESET
    }

    /// The current delay in Go's form: `10s`, `1m20s`, `5m0s`.
    pub fn text(&self) -> String {
        go_duration(self.delay.unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(1_000_000 + seconds)
    }

    #[test]
    fn delays_double_to_five_minutes() {
        // RST-3, RST-6: a container that ends as soon as it starts.
        let mut backoff = Backoff::default();
        let (mut now, mut waits, mut texts) = (at(0), Vec::new(), Vec::new());
        for _ in 0..8 {
            let start = backoff.until(now).unwrap_or(now);
            waits.push((start - now).as_secs());
            backoff.raise(start, now);
            texts.push(backoff.text());
            now = start;
        }
        assert_eq!(waits, [0, 10, 20, 40, 80, 160, 300, 300]);
        assert_eq!(texts, ["10s", "20s", "40s", "1m20s", "2m40s", "5m0s", "5m0s", "5m0s"]);
    }

    #[test]
    fn a_run_of_more_than_ten_minutes_resets() {
        // RST-4
        let mut backoff = Backoff::default();
        backoff.raise(at(0), at(0));
        backoff.raise(at(10), at(0));
        assert_eq!(backoff.until(at(610)), Some(at(630)));
        assert_eq!(backoff.until(at(611)), None);
    }
}
