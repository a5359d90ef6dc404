//! Owns the numbering of changes. Never reuses a revision, not even one that only a volatile key used: revisions are
//! assigned from a block whose end is durable before the first of them is assigned. In: how many changes a batch has.
//! Out: the end of the block that must be made durable with it, if any.

/// The revision of an empty new store. Not 0, which Kubernetes reads as "any".
pub(crate) const FIRST: u64 = 1;

/// How many revisions are reserved at a time: at one node heartbeat in ten seconds, one write a day.
pub(crate) const BLOCK: u64 = 10_000;

/// The counter and the durable end of its block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Revisions {
    newest: u64,
    reserved: u64,
}

impl Revisions {
    /// For a store that is gone with the process.
    pub(crate) fn volatile() -> Self {
        Self { newest: FIRST, reserved: u64::MAX }
    }

    /// Continues behind what an earlier process may have assigned. The revision it starts from was never seen with
    /// other contents, so who watched the earlier process has to list again (its volatile keys are gone).
    pub(crate) fn after(reserved: u64) -> Self {
        Self { newest: reserved + 1, reserved }
    }

    pub(crate) fn newest(&self) -> u64 {
        self.newest
    }

    /// The new end of the block if `changes` more need one. If `durable`, a write happens anyway, so the block grows early.
    pub(crate) fn reserve(&self, changes: u64, durable: Spare) -> Option<u64> {
        let end = self.newest + changes;
        let spare = match durable {
            Spare::Free => BLOCK / 2,
            Spare::Costly => 0,
        };
        (end.saturating_add(spare) > self.reserved).then(|| end + BLOCK)
    }

    /// A batch is durable: `newest` is its last revision, `reserved` what was made durable with it.
    pub(crate) fn advance(&mut self, newest: u64, reserved: Option<u64>) {
        self.newest = newest;
        self.reserved = reserved.unwrap_or(self.reserved);
    }
}

/// What it costs to reserve revisions ahead of need.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Spare {
    /// The batch is written to disk anyway.
    Free,
    /// The batch would not touch the disk.
    Costly,
}
