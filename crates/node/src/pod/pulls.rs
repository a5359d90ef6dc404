//! When an image that could not be pulled may be tried again: known for each image that a pod names, whichever of its containers or
//! volumes asks (IMG-8). Pure.

use std::collections::BTreeMap;
use std::time::Duration;

const FIRST: Duration = Duration::from_secs(10);
const MAX: Duration = Duration::from_secs(300);

/// The failed pulls of one pod, by the image's name in its spec. Moments are on the steady clock.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Pulls(BTreeMap<String, FailedPull>);

/// The last failed pull of an image, until one succeeds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedPull {
    delay: Duration,
    pub at: Duration,
    /// When it may be tried again.
    pub until: Duration,
    pub error: String,
}

impl FailedPull {
    /// What is said of it while it must not be tried again (IMG-7).
    pub fn message(&self, reference: &str) -> String {
        format!("{}: ErrImagePull: {}", back_off(reference), self.error)
    }
}

/// The event's part of it.
pub fn back_off(reference: &str) -> String {
    format!("Back-off pulling image {reference:?}")
}

impl Pulls {
    /// Why the image must not be pulled now.
    pub fn held_back(&self, now: Duration, reference: &str) -> Option<&FailedPull> {
        self.0.get(reference).filter(|failed| failed.until > now)
    }

    /// Each failure waits twice as long as the last; one long past counts no more.
    pub fn failed(&mut self, now: Duration, reference: &str, error: &str) {
        self.0.retain(|_, failed| failed.until + 2 * MAX > now);
        let delay = self.0.get(reference).map_or(FIRST, |failed| (failed.delay * 2).min(MAX));
        self.0.insert(reference.to_owned(), FailedPull { delay, at: now, until: now + delay, error: error.to_owned() });
    }

    pub fn succeeded(&mut self, reference: &str) {
        self.0.remove(reference);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn every_image_waits_for_itself_and_longer_each_time() {
        // IMG-8
        let mut pulls = Pulls::default();
        let waits = |pulls: &Pulls, now, reference: &str| pulls.held_back(now, reference).map(|failed| failed.until - now);
        pulls.failed(at(0), "i:1", "no route");
        assert_eq!((waits(&pulls, at(0), "i:1"), waits(&pulls, at(0), "i:2")), (Some(at(10)), None));
        let message = "Back-off pulling image \"i:1\": ErrImagePull: no route";
        assert_eq!(pulls.held_back(at(1), "i:1").map(|failed| failed.message("i:1")).as_deref(), Some(message));
        assert_eq!(waits(&pulls, at(10), "i:1"), None);
        // Another image in between changes nothing.
        pulls.failed(at(10), "i:2", "no route");
        pulls.failed(at(10), "i:1", "no route");
        assert_eq!((waits(&pulls, at(10), "i:1"), waits(&pulls, at(10), "i:2")), (Some(at(20)), Some(at(10))));
        (0..9).for_each(|_| pulls.failed(at(30), "i:1", ""));
        assert_eq!(waits(&pulls, at(30), "i:1"), Some(at(300)));
        pulls.succeeded("i:1");
        pulls.failed(at(40), "i:1", "");
        assert_eq!(waits(&pulls, at(40), "i:1"), Some(at(10)));
        // What failed long ago is forgotten.
        pulls.failed(at(5000), "i:3", "");
        assert_eq!(pulls.0.len(), 1);
    }
}
