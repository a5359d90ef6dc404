//! Tests that reach below the contract: the model, and disks that fail.

mod contract;
mod device;
mod open;
mod power;
mod property;
mod writer;

use crate::txn::Answer;
use crate::{Entry, Limits, Options, WriteError};

/// A generator of numbers that replays from its seed.
#[derive(Debug, Clone)]
struct Seeded(u64);

impl Seeded {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }
}

fn options(events_max: usize) -> Options {
    Options { limits: Limits { events_max, ..Limits::default() } }
}

/// An answer as the model gives it; `None` if the store refused.
fn plain(answer: Answer) -> Option<Result<Entry, Option<Entry>>> {
    match answer {
        Ok(entry) => Some(Ok(entry)),
        Err(WriteError::Conflict { current }) => Some(Err(current)),
        Err(WriteError::Refused { .. }) => None,
    }
}
