//! Owns the reservation of revisions. None is ever used again, not even one that only a volatile key used: revisions are
//! assigned from a block whose end is durable before the first of them is shown. In: the last revision of a batch. Out: the
//! end of the block that must be made durable with it, if any.

/// The revision of an empty new store. Not 0, which Kubernetes reads as "any".
pub(crate) const FIRST: u64 = 1;

/// How many revisions are reserved at a time: at one node heartbeat in ten seconds, one write a day.
pub(crate) const BLOCK: u64 = 10_000;

/// The durable end of the block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reserved(pub u64);

impl Reserved {
    /// The revision that a store starts from. It was never seen with other contents, so who watched the earlier process has
    /// to list again (its volatile keys are gone).
    pub(crate) fn first(self) -> u64 {
        self.0 + 1
    }

    /// The new end of the block if a batch that ends with `newest` needs one.
    pub(crate) fn extend(self, newest: u64, allocation: Allocation) -> Option<u64> {
        let ahead = match allocation {
            Allocation::Eager => BLOCK / 2,
            Allocation::Lazy => 0,
        };
        (newest + ahead > self.0).then_some(newest + BLOCK)
    }
}

/// When a block is reserved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Allocation {
    /// Half a block ahead of need, because the batch is written to disk anyway.
    Eager,
    /// When it is needed, because the batch would not touch the disk.
    Lazy,
}
