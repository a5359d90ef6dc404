//! What time it is, on the two clocks that a node needs. Reading them is the agent's part.

use std::time::Duration;
use stead_api::time::Timestamp;

/// `wall` for what objects say, `steady` for every wait: the wall clock may jump, the steady one may not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Now {
    pub wall: Timestamp,
    /// Since any fixed point. It stands still while the machine is suspended.
    pub steady: Duration,
}

impl Now {
    /// The steady moment of something that happened at that wall time.
    pub fn steady_at(self, wall: Timestamp) -> Duration {
        let ago_us = u64::try_from(self.wall.0 - wall.0).unwrap_or_default();
        self.steady.saturating_sub(Duration::from_micros(ago_us))
    }

    /// The steady moment at which the wall clock shows that time, if nobody sets it meanwhile.
    pub fn steady_until(self, wall: Timestamp) -> Duration {
        self.steady + Duration::from_micros(u64::try_from(wall.0 - self.wall.0).unwrap_or_default())
    }
}
