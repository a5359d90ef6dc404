//! Time and chance of tests: virtual time (tokio's, which stands still while there is work) and a seeded generator.
//! The same seed and the same requests give the same answers.

use futures::FutureExt;
use futures::future::BoxFuture;
use std::sync::Mutex;
use std::time::Duration;
use stead_api::time::Timestamp;
use stead_server::Environment;
use tokio::time::Instant;

/// 2026-01-02T03:04:05Z, when every test world begins.
const EPOCH_S: i64 = 1_767_323_045;
/// Characters of generated name suffixes.
const SUFFIX: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";

/// A deterministic environment; make it inside the runtime whose clock it reads.
#[derive(Debug)]
pub struct Virtual {
    began: Instant,
    state: Mutex<u64>,
}

impl Virtual {
    pub fn new(seed: u64) -> Self {
        Self { began: Instant::now(), state: Mutex::new(seed ^ 0x9e37_79b9_7f4a_7c15) }
    }

    /// SplitMix64.
    fn next(&self) -> u64 {
        let mut state = self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = *state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

impl Environment for Virtual {
    fn now(&self) -> Timestamp {
        let elapsed = i64::try_from(self.began.elapsed().as_micros()).unwrap_or(i64::MAX);
        Timestamp(EPOCH_S * 1_000_000 + elapsed)
    }

    fn uid(&self) -> String {
        let (a, b) = (self.next(), self.next());
        format!("{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}", a >> 32, (a >> 16) & 0xffff, a & 0xfff, b >> 52, b & 0xffff_ffff_ffff)
    }

    fn suffix(&self, n: usize) -> String {
        (0..n).map(|_| char::from(SUFFIX[usize::try_from(self.random(SUFFIX.len() as u64)).unwrap_or(0)])).collect()
    }

    fn random(&self, below: u64) -> u64 {
        if below == 0 { 0 } else { self.next() % below }
    }

    fn sleep(&self, millis: u64) -> BoxFuture<'static, ()> {
        tokio::time::sleep(Duration::from_millis(millis)).boxed()
    }
}
