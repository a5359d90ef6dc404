//! One resolver that is asked, and how it has been doing.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// So many failures in a row, and it is asked last for a while.
const FAILURES_MAX: u32 = 2;
const REST_FIRST: Duration = Duration::from_secs(1);
const REST_MAX: Duration = Duration::from_secs(30);

#[derive(Debug)]
pub struct Resolver {
    address: SocketAddr,
    health: Mutex<Health>,
    leads_back: AtomicBool,
}

#[derive(Debug, Default)]
struct Health {
    failures: u32,
    down_until: Option<Instant>,
}

impl Resolver {
    pub fn new(address: SocketAddr) -> Self {
        Self { address, health: Mutex::default(), leads_back: AtomicBool::new(false) }
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Whether what it is asked comes back to this server.
    pub fn leads_back(&self) -> bool {
        self.leads_back.load(Ordering::Relaxed)
    }

    pub fn set_leads_back(&self, leads_back: bool) {
        self.leads_back.store(leads_back, Ordering::Relaxed);
    }

    pub fn answered(&self) {
        *self.health() = Health::default();
    }

    pub fn failed(&self, now: Instant) {
        let mut health = self.health();
        health.failures = health.failures.saturating_add(1);
        if health.failures >= FAILURES_MAX {
            let doublings = (health.failures - FAILURES_MAX).min(8);
            health.down_until = Some(now + (REST_FIRST * (1 << doublings)).min(REST_MAX));
        }
    }

    pub fn is_down(&self, now: Instant) -> bool {
        self.health().down_until.is_some_and(|until| now < until)
    }

    fn health(&self) -> std::sync::MutexGuard<'_, Health> {
        self.health.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resolver_that_fails_rests_longer_each_time() {
        let resolver = Resolver::new("192.0.2.1:53".parse().unwrap());
        let now = Instant::now();
        resolver.failed(now);
        assert!(!resolver.is_down(now), "once may be a lost packet");
        resolver.failed(now);
        assert!(resolver.is_down(now) && !resolver.is_down(now + REST_FIRST));
        (0..20).for_each(|_| resolver.failed(now));
        assert!(resolver.is_down(now + REST_FIRST * 20) && !resolver.is_down(now + REST_MAX));
        resolver.answered();
        assert!(!resolver.is_down(now));
    }
}
