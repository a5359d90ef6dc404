//! How much of a file system may still be promised. Pure: figures in, figures out.

/// Of a file system's size, what is never given away: databases and logs of the machine itself live there too.
const KEPT_BACK_PERCENT: u64 = 5;

/// What a pool's file system has, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// Its size.
    pub bytes: u64,
    /// What disks in it, whichever pool they are in, were promised and may still ask for.
    pub promised_bytes: u64,
    /// The largest disk that would be made there now.
    pub available_bytes: u64,
}

/// What a file system says of itself, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Space {
    pub bytes: u64,
    pub free_bytes: u64,
}

/// What one disk means for the file system that it is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Claim {
    /// It can take so much and not more, and has taken so much.
    Held { promised_bytes: u64, used_bytes: u64 },
    /// It was asked for with that size, nothing holds it to that, and nobody counts what it has taken.
    Unheld { bytes: u64 },
}

/// What is left. What disks that nothing holds to a size have taken counts as used by others; beside that their sizes together must fit in.
pub(crate) fn room(space: Space, overcommit_percent: u32, claims: &[Claim]) -> Room {
    let budget = scaled(space.bytes - space.bytes / 100 * KEPT_BACK_PERCENT, overcommit_percent);
    let (mut promised, mut used, mut unheld) = (0_u64, 0_u64, 0_u64);
    for claim in claims {
        match *claim {
            Claim::Held { promised_bytes, used_bytes } => {
                promised = promised.saturating_add(promised_bytes);
                used = used.saturating_add(used_bytes.min(promised_bytes));
            }
            Claim::Unheld { bytes } => unheld = unheld.saturating_add(bytes),
        }
    }
    let used_by_others = space.bytes.saturating_sub(space.free_bytes).saturating_sub(used);
    let taken = promised.saturating_add(used_by_others.max(unheld));
    Room { bytes: space.bytes, promised_bytes: promised - used, available_bytes: budget.saturating_sub(taken) }
}

fn scaled(bytes: u64, percent: u32) -> u64 {
    let scaled = u128::from(bytes) * u128::from(percent) / 100;
    u64::try_from(scaled).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SPACE: Space = Space { bytes: 1000, free_bytes: 800 };

    fn available(claims: &[Claim]) -> u64 {
        room(SPACE, 100, claims).available_bytes
    }

    #[test]
    fn the_last_twentieth_and_what_others_use_is_not_given_away() {
        // STO-22
        assert_eq!(available(&[]), 750);
        assert_eq!(room(Space { bytes: 1000, free_bytes: 10 }, 100, &[]).available_bytes, 0);
    }

    #[test]
    fn a_promise_counts_whole_and_what_it_has_taken_once() {
        // STO-22
        assert_eq!(available(&[Claim::Held { promised_bytes: 300, used_bytes: 0 }]), 450);
        assert_eq!(available(&[Claim::Held { promised_bytes: 300, used_bytes: 150 }]), 600);
        assert_eq!(room(SPACE, 100, &[Claim::Held { promised_bytes: 300, used_bytes: 150 }]).promised_bytes, 150);
    }

    #[test]
    fn what_nothing_holds_to_its_size_counts_by_size_or_by_what_is_used() {
        // STO-22
        assert_eq!(available(&[Claim::Unheld { bytes: 100 }]), 750);
        assert_eq!(available(&[Claim::Unheld { bytes: 500 }]), 450);
    }

    #[test]
    fn more_may_be_promised_than_there_is() {
        // STO-22
        assert_eq!(room(SPACE, 200, &[]).available_bytes, 1700);
        assert_eq!(room(Space { bytes: u64::MAX, free_bytes: u64::MAX }, u32::MAX, &[]).available_bytes, u64::MAX);
    }

    proptest! {
        #[test]
        fn what_is_available_can_be_promised_and_then_nothing_is(promised in 0..2000_u64, used in 0..2000_u64, unheld in 0..2000_u64) {
            let mut claims = vec![Claim::Held { promised_bytes: promised, used_bytes: used }, Claim::Unheld { bytes: unheld }];
            let before = available(&claims);
            claims.push(Claim::Held { promised_bytes: before, used_bytes: 0 });
            prop_assert_eq!(available(&claims), 0);
        }
    }
}
