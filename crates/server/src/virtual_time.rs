//! Time and chance of a world that is played or tested: tokio's time, which is virtual in a paused runtime and stands still there while there is
//! work, from a given moment on; and a seeded generator. The same seed and the same requests give the same answers.

use crate::Environment;
use futures::FutureExt;
use futures::future::BoxFuture;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use stead_api::time::Timestamp;
use tokio::time::Instant;

/// A deterministic environment; made inside the runtime whose time it reads.
#[derive(Debug)]
pub struct VirtualTime {
    epoch: Timestamp,
    began: Instant,
    state: Mutex<u64>,
}

impl VirtualTime {
    pub fn new(epoch: Timestamp, seed: u64) -> Self {
        Self { epoch, began: Instant::now(), state: Mutex::new(seed ^ 0x9e37_79b9_7f4a_7c15) }
    }

    /// SplitMix64.
    fn next(&self) -> u64 {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = *state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

impl Environment for VirtualTime {
    fn now(&self) -> Timestamp {
        Timestamp(self.epoch.0.saturating_add(i64::try_from(self.began.elapsed().as_micros()).unwrap_or(i64::MAX)))
    }

    fn uid(&self) -> String {
        let (a, b) = (self.next(), self.next());
        format!("{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}", a >> 32, (a >> 16) & 0xffff, a & 0xfff, b >> 52, b & 0xffff_ffff_ffff)
    }

    fn random(&self, below: u64) -> u64 {
        if below == 0 { 0 } else { self.next() % below }
    }

    fn sleep(&self, millis: u64) -> BoxFuture<'static, ()> {
        tokio::time::sleep(Duration::from_millis(millis)).boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EPOCH: Timestamp = Timestamp(1_800_000_000_000_000);

    #[tokio::test(start_paused = true)]
    async fn time_passes_when_all_sleep() {
        let time = VirtualTime::new(EPOCH, 1);
        assert_eq!(time.now(), EPOCH);
        time.sleep(86_400_000).await;
        assert_eq!(time.now(), Timestamp(EPOCH.0 + 86_400_000_000));
    }

    #[tokio::test(start_paused = true)]
    async fn a_seed_gives_the_same_names_each_time() {
        let names = |seed| {
            let time = VirtualTime::new(EPOCH, seed);
            (time.uid(), time.suffix(5), time.random(1000), time.random(0))
        };
        assert_eq!(names(7), names(7));
        assert_ne!(names(7), names(8));
    }

    #[tokio::test(start_paused = true)]
    async fn suffixes_use_every_character_of_their_alphabet_and_no_other() {
        let suffix = VirtualTime::new(EPOCH, 1).suffix(1000); // W3
        let found: std::collections::BTreeSet<char> = suffix.chars().collect();
        assert_eq!(found, "bcdfghjklmnpqrstvwxz2456789".chars().collect());
        assert_eq!(suffix.len(), 1000);
    }
}
