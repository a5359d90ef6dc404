//! Time and chance of tests.

use stead_api::time::Timestamp;
use stead_server::VirtualTime;

/// 2026-01-02T03:04:05Z, when every test world begins.
const EPOCH: Timestamp = Timestamp(1_767_323_045_000_000);

/// A deterministic environment; make it inside the runtime whose clock it reads.
pub fn virtual_time(seed: u64) -> VirtualTime {
    VirtualTime::new(EPOCH, seed)
}
