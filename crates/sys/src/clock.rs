//! The wall clock, for processes that have no injected one (a shim).

use std::time::SystemTime;

/// The time now.
#[expect(clippy::disallowed_methods, reason = "the implementation that everything else must not repeat")]
pub fn now() -> SystemTime {
    SystemTime::now()
}
