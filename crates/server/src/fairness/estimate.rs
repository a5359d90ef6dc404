//! How many seats a list takes: as upstream estimates it, from how many bytes it will have in memory at once (A13). Pure.
//! Input: what is asked for, and how much of it is stored. Output: a number of seats.

use crate::authz;
use crate::query::{self, Query};
use stead_store::Extent;

/// Of the widest list. Upstream gives one no more than 15 % of what its priority level has, which of all our seats is this.
pub(super) const LIST_SEATS_MAX: usize = 10;
/// What one seat pays for.
const BYTES_PER_SEAT: u64 = 100_000;

/// The seats of a list of which so much is stored.
pub(super) fn seats(query: &Query, stored: Extent) -> usize {
    let average = stored.bytes.checked_div(stored.keys).unwrap_or(0);
    let bytes = objects(query, stored.keys).saturating_mul(average);
    usize::try_from(bytes.div_ceil(BYTES_PER_SEAT)).unwrap_or(usize::MAX).clamp(1, LIST_SEATS_MAX)
}

/// How many of the stored objects are in memory at once.
fn objects(query: &Query, stored: u64) -> u64 {
    let given = |name| query::value(query, name).filter(|value| !value.is_empty());
    if given("fieldSelector").and_then(authz::one_name).is_some() {
        return stored.min(1);
    }
    let limit = given("limit").and_then(|limit| limit.parse::<u64>().ok()).filter(|limit| *limit > 0);
    // What the cache of upstream answers has no pages, and what cannot be read is refused later.
    let limit = limit.filter(|_| given("resourceVersion") != Some("0"));
    let page = limit.map_or(stored, |limit| limit.min(stored));
    let selects = given("labelSelector").is_some() || given("fieldSelector").is_some();
    // Who selects looks at more than is shown.
    if selects { page.max(stored / 2) } else { page }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A13
    #[test]
    fn a_list_takes_seats_for_what_it_reads() {
        let small = |keys| Extent { keys, bytes: keys * 500 };
        let large = |keys| Extent { keys, bytes: keys * 20_000 };
        for (asked, stored, wanted) in [
            // Nothing, and what is as good as nothing.
            ("", small(0), 1),
            ("", small(1), 1),
            ("", small(200), 1),
            ("", small(201), 2),
            ("", small(1_000), 5),
            ("", small(1_000_000), LIST_SEATS_MAX),
            // Large objects weigh more than many small ones.
            ("", large(5), 1),
            ("", large(6), 2),
            ("", large(100), LIST_SEATS_MAX),
            // A page.
            ("limit=200", small(1_000_000), 1),
            ("limit=500", small(1_000_000), 3),
            ("limit=500&continue=x", small(1_000_000), 3),
            ("limit=500", small(1), 1),
            ("limit=0", small(1_000), 5),
            ("limit=-1", small(1_000), 5),
            ("limit=all", small(1_000), 5),
            ("limit=1&resourceVersion=0", small(1_000), 5),
            ("limit=1&resourceVersion=7", small(1_000), 1),
            // One by name is as good as a get; what has a selector is looked through.
            ("fieldSelector=metadata.name%3Dx", small(1_000_000), 1),
            ("fieldSelector=metadata.name!%3Dx", small(1_000), 5),
            ("labelSelector=a%3Db", small(1_000), 5),
            ("labelSelector=a%3Db&limit=1", small(1_000), 3),
            ("labelSelector=&limit=1", small(1_000), 1),
            ("fieldSelector=status.phase%3DRunning&limit=1000", small(1_000), 5),
        ] {
            assert_eq!(seats(&query::parse(asked), stored), wanted, "{asked} of {stored:?}");
        }
    }
}
