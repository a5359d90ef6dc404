//! Crash back-off of one container (RST-3, RST-4): 0, 10, 20, 40 ... 300 s, counted from the end of the last run.

use stead_api::time::Timestamp;

const FIRST_S: i64 = 10;
const MAX_S: i64 = 300;
/// A run longer than this starts the count anew.
const RESET_S: i64 = 600;

/// The delay before the next restart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Backoff {
    /// Seconds; `None` before the first restart.
    delay_s: Option<i64>,
    /// When the delay was last raised.
    raised: Timestamp,
}

impl Backoff {
    /// When a container that ended at `finished` may start again; `None`: at once.
    pub fn until(&self, finished: Timestamp) -> Option<Timestamp> {
        let delay_s = self.delay_s.filter(|_| !self.expired(finished))?;
        Some(finished.plus_millis(delay_s * 1000))
    }

    /// Records a restart at `now` of a container that ended at `finished`.
    pub fn raise(&mut self, now: Timestamp, finished: Timestamp) {
        self.delay_s = match self.delay_s {
            Some(delay_s) if !self.expired(finished) => Some((delay_s * 2).min(MAX_S)),
            _ => Some(FIRST_S),
        };
        self.raised = now;
    }

    fn expired(&self, finished: Timestamp) -> bool {
        finished.seconds() - self.raised.seconds() > RESET_S
    }

    /// The current delay in Go's form: `10s`, `1m20s`, `5m0s`.
    pub fn text(&self) -> String {
        let s = self.delay_s.unwrap_or_default();
        if s < 60 { format!("{s}s") } else { format!("{}m{}s", s / 60, s % 60) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(1_000_000 + seconds)
    }

    #[test]
    fn delays_double_to_five_minutes() {
        // RST-3, RST-6: a container that ends as soon as it starts.
        let mut backoff = Backoff::default();
        let (mut now, mut waits, mut texts) = (at(0), Vec::new(), Vec::new());
        for _ in 0..8 {
            let start = backoff.until(now).unwrap_or(now);
            waits.push(start.seconds() - now.seconds());
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
