//! Which addresses are given to whom: a pure table. An address is never given twice while it is held; who held one before gets it again as
//! long as nobody else needed it, and the one that has been free for longest is given away first (NETW-2).
//!
//! Addresses are counted by their place in the range, so that a holder has the same place in the ranges of both families.

use crate::range::Range;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::net::IpAddr;

/// The first place that is given out: before it are the network's own address and the machine's.
const FIRST: u32 = 2;
/// The machine's.
const MACHINE: u128 = 1;
/// Places of a range that is larger.
const PLACES_MAX: u32 = 4096;

/// A place that is or was given to somebody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Lease {
    /// Who has a claim to it while it is free.
    owner: String,
    /// Who holds it now.
    holder: Option<String>,
    /// The larger the later it was freed.
    #[serde(default)]
    freed: u64,
}

/// The addresses of one machine's containers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pool {
    /// One of each family at most, the primary one first.
    ranges: Vec<Range>,
    leases: BTreeMap<u32, Lease>,
}

/// All addresses are held.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no IP addresses available in range set: {first}-{last}")]
pub struct Exhausted {
    first: IpAddr,
    last: IpAddr,
}

impl Pool {
    /// Of ranges of which nothing is given.
    pub fn new(ranges: Vec<Range>) -> Pool {
        Pool { ranges, leases: BTreeMap::new() }
    }

    pub fn ranges(&self) -> &[Range] {
        &self.ranges
    }

    /// Gives the holder a place: the one that it has, else the owner's former one, else one that was never given, else the one that has
    /// been free for longest.
    pub fn claim(&mut self, owner: &str, holder: &str) -> Result<u32, Exhausted> {
        if let Some(place) = self.place(holder) {
            return Ok(place);
        }
        let free = || self.leases.iter().filter(|(_, lease)| lease.holder.is_none());
        let former = free().filter(|(_, lease)| lease.owner == owner).max_by_key(|(_, lease)| lease.freed);
        let oldest = || free().min_by_key(|(_, lease)| lease.freed);
        let place = former.map(|(place, _)| *place).or_else(|| self.never_given()).or_else(|| oldest().map(|(place, _)| *place));
        let place = place.ok_or_else(|| self.exhausted())?;
        self.leases.insert(place, Lease { owner: owner.to_owned(), holder: Some(holder.to_owned()), freed: 0 });
        Ok(place)
    }

    /// Frees the holder's place, if it has one.
    pub fn release(&mut self, holder: &str) -> Option<u32> {
        let place = self.place(holder)?;
        let next = self.leases.values().map(|lease| lease.freed).max().unwrap_or_default() + 1;
        let lease = self.leases.get_mut(&place)?;
        (lease.holder, lease.freed) = (None, next);
        Some(place)
    }

    /// The holder's place.
    pub fn place(&self, holder: &str) -> Option<u32> {
        self.leases.iter().find(|(_, lease)| lease.holder.as_deref() == Some(holder)).map(|(place, _)| *place)
    }

    pub fn holders(&self) -> impl Iterator<Item = (&str, u32)> {
        self.leases.iter().filter_map(|(place, lease)| Some((lease.holder.as_deref()?, *place)))
    }

    /// The addresses of a place, the primary one first.
    pub fn addresses(&self, place: u32) -> Vec<IpAddr> {
        self.ranges.iter().map(|range| range.nth(place.into())).collect()
    }

    /// The machine's own addresses towards its containers.
    pub fn machine_addresses(&self) -> Vec<IpAddr> {
        self.ranges.iter().map(|range| range.nth(MACHINE)).collect()
    }

    /// The last place; the address after it is for broadcasts.
    fn last(&self) -> u32 {
        let places = |range: &Range| u32::try_from(range.size().saturating_sub(2)).unwrap_or(u32::MAX);
        self.ranges.iter().map(places).min().unwrap_or_default().min(PLACES_MAX)
    }

    fn never_given(&self) -> Option<u32> {
        (FIRST..=self.last()).find(|place| !self.leases.contains_key(place))
    }

    fn exhausted(&self) -> Exhausted {
        let unspecified = IpAddr::from([0, 0, 0, 0]);
        let of = |place: u128| self.ranges.first().map_or(unspecified, |range| range.nth(place));
        Exhausted { first: of(MACHINE), last: of(self.last().into()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pool(ranges: &[&str]) -> Pool {
        Pool::new(ranges.iter().map(|range| range.parse().unwrap()).collect())
    }

    #[test]
    fn places_are_given_in_order_and_to_one_holder_each() {
        // NETW-2
        let mut pool = pool(&["10.42.0.0/24", "fd00:42::/64"]);
        assert_eq!((pool.claim("a", "a-0"), pool.claim("b", "b-0"), pool.claim("a", "a-0")), (Ok(2), Ok(3), Ok(2)));
        assert_eq!(pool.addresses(3).iter().map(IpAddr::to_string).collect::<Vec<_>>(), ["10.42.0.3", "fd00:42::3"]);
        assert_eq!(pool.machine_addresses()[0].to_string(), "10.42.0.1");
    }

    #[test]
    fn an_owner_gets_its_former_place_again() {
        let mut pool = pool(&["10.42.0.0/24"]);
        for n in 0..5 {
            pool.claim(&format!("web-{n}"), &format!("{n}-0")).unwrap();
        }
        pool.release("3-0");
        pool.release("1-0");
        assert_eq!(pool.claim("new", "new-0"), Ok(7), "what was never given goes first");
        assert_eq!((pool.claim("web-1", "1-1"), pool.claim("web-3", "3-1")), (Ok(3), Ok(5)));
        // A holder that has not let go yet, as one that is slow to end, keeps its place.
        assert_eq!(pool.claim("web-3", "3-2"), Ok(8));
    }

    #[test]
    fn what_has_been_free_for_longest_is_given_away_first() {
        let mut pool = pool(&["10.42.0.0/29"]);
        for n in 0..5 {
            assert_eq!(pool.claim(&format!("o{n}"), &format!("h{n}")), Ok(n + 2));
        }
        for holder in ["h3", "h1", "h4"] {
            pool.release(holder);
        }
        assert_eq!((pool.claim("x", "x"), pool.claim("y", "y"), pool.claim("o3", "h3")), (Ok(5), Ok(3), Ok(6)));
    }

    #[test]
    fn exhaustion_is_said_in_words() {
        let mut pool = pool(&["10.42.0.0/29"]);
        (0..5).for_each(|n| assert!(pool.claim("o", &n.to_string()).is_ok()));
        let error = pool.claim("o", "one too many").unwrap_err();
        assert_eq!(error.to_string(), "no IP addresses available in range set: 10.42.0.1-10.42.0.6");
        assert_eq!(pool.release("nobody"), None);
    }

    proptest! {
        #[test]
        fn no_place_has_two_holders(steps in prop::collection::vec((0u8..12, any::<bool>()), 0..200)) {
            let mut pool = pool(&["10.42.0.0/29"]);
            let mut held: BTreeMap<String, u32> = BTreeMap::new();
            for (who, claims) in steps {
                let holder = format!("h{who}");
                if claims {
                    match pool.claim(&format!("o{}", who % 6), &holder) {
                        Ok(place) => {
                            prop_assert!((2..=6).contains(&place));
                            prop_assert!(held.iter().all(|(other, taken)| *other == holder || *taken != place));
                            held.insert(holder, place);
                        }
                        Err(_) => prop_assert_eq!(held.len(), 5),
                    }
                } else {
                    prop_assert_eq!(pool.release(&holder), held.remove(&holder));
                }
                let again: Pool = serde_json::from_str(&serde_json::to_string(&pool).unwrap()).unwrap();
                prop_assert_eq!(&again, &pool);
            }
        }
    }
}
