//! Time and chance of a simulated world: both move only when the world says so.

use futures::FutureExt;
use futures::future::BoxFuture;
use std::sync::{Mutex, MutexGuard, PoisonError};
use stead_api::time::Timestamp;
use stead_server::Environment;

/// A seeded generator (SplitMix64).
#[derive(Debug, Clone)]
pub struct Chance(u64);

impl Chance {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0xd1b5_4a32_d192_ed03)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `below`, which is not 0.
    pub fn below(&mut self, below: u64) -> u64 {
        self.next() % below.max(1)
    }

    /// A number from `low` up to and without `high`.
    pub fn between(&mut self, low: i64, high: i64) -> i64 {
        let span = u64::try_from(high - low).unwrap_or(1);
        low + i64::try_from(self.below(span)).unwrap_or(0)
    }

    pub fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }
}

/// The server's clock and dice.
#[derive(Debug)]
pub struct VirtualEnvironment {
    state: Mutex<(Timestamp, Chance)>,
}

impl VirtualEnvironment {
    pub fn new(seed: u64, now: Timestamp) -> Self {
        Self { state: Mutex::new((now, Chance::new(seed ^ 0x5851_f42d_4c95_7f2d))) }
    }

    pub fn set(&self, now: Timestamp) {
        self.state().0 = now;
    }

    fn state(&self) -> MutexGuard<'_, (Timestamp, Chance)> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Environment for VirtualEnvironment {
    fn now(&self) -> Timestamp {
        self.state().0
    }

    fn uid(&self) -> String {
        let mut state = self.state();
        let (a, b) = (state.1.next(), state.1.next());
        format!("{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}", a >> 32, (a >> 16) & 0xffff, a & 0xfff, b >> 52, b & 0xffff_ffff_ffff)
    }

    fn random(&self, below: u64) -> u64 {
        self.state().1.below(below)
    }

    /// Watches have no end here but those that the world makes.
    fn sleep(&self, _: u64) -> BoxFuture<'static, ()> {
        std::future::pending().boxed()
    }

    /// The world stands still while the server works on a request.
    fn patience(&self) -> BoxFuture<'static, ()> {
        std::future::ready(()).boxed()
    }
}
