//! Which addresses are given to whom: a pure table. An address is never given twice while it is held; who held one before gets it again as
//! long as nobody else needed it. One that was never given goes first, then the one that has been free for longest (NETW-2); one that is
//! kept for its owner goes last of all, so that no number of others that come and go takes it away.
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

/// Who an address is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    pub name: String,
    pub tenure: Tenure,
}

/// What becomes of an address that its owner does not hold.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Tenure {
    /// It is given away when its turn comes: nobody of that name is expected again.
    #[default]
    Passing,
    /// It is kept for the owner as long as any other is free.
    Kept,
}

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
    #[serde(default)]
    tenure: Tenure,
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
    /// been free for longest, of those that are kept for nobody if there is one.
    pub fn claim(&mut self, owner: &Owner, holder: &str) -> Result<u32, Exhausted> {
        if let Some(place) = self.place(holder) {
            return Ok(place);
        }
        let free = || self.leases.iter().filter(|(_, lease)| lease.holder.is_none());
        let former = free().filter(|(_, lease)| lease.owner == owner.name).max_by_key(|(_, lease)| lease.freed);
        let oldest = || free().min_by_key(|(_, lease)| (lease.tenure == Tenure::Kept, lease.freed));
        let place = former.map(|(place, _)| *place).or_else(|| self.never_given()).or_else(|| oldest().map(|(place, _)| *place));
        let place = place.ok_or_else(|| self.exhausted())?;
        self.leases.insert(place, Lease { owner: owner.name.clone(), holder: Some(holder.to_owned()), freed: 0, tenure: owner.tenure });
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

    fn passing(name: &str) -> Owner {
        Owner { name: name.to_owned(), tenure: Tenure::Passing }
    }

    #[test]
    fn places_are_given_in_order_and_to_one_holder_each() {
        // NETW-2
        let mut pool = pool(&["10.42.0.0/24", "fd00:42::/64"]);
        assert_eq!(
            (pool.claim(&passing("a"), "a-0"), pool.claim(&passing("b"), "b-0"), pool.claim(&passing("a"), "a-0")),
            (Ok(2), Ok(3), Ok(2))
        );
        assert_eq!(pool.addresses(3).iter().map(IpAddr::to_string).collect::<Vec<_>>(), ["10.42.0.3", "fd00:42::3"]);
        assert_eq!(pool.machine_addresses()[0].to_string(), "10.42.0.1");
    }

    #[test]
    fn an_owner_gets_its_former_place_again() {
        let mut pool = pool(&["10.42.0.0/24"]);
        for n in 0..5 {
            pool.claim(&passing(&format!("web-{n}")), &format!("{n}-0")).unwrap();
        }
        pool.release("3-0");
        pool.release("1-0");
        assert_eq!(pool.claim(&passing("new"), "new-0"), Ok(7), "what was never given goes first");
        assert_eq!((pool.claim(&passing("web-1"), "1-1"), pool.claim(&passing("web-3"), "3-1")), (Ok(3), Ok(5)));
        // A holder that has not let go yet, as one that is slow to end, keeps its place.
        assert_eq!(pool.claim(&passing("web-3"), "3-2"), Ok(8));
    }

    #[test]
    fn what_has_been_free_for_longest_is_given_away_first() {
        let mut pool = pool(&["10.42.0.0/29"]);
        for n in 0..5 {
            assert_eq!(pool.claim(&passing(&format!("o{n}")), &format!("h{n}")), Ok(n + 2));
        }
        for holder in ["h3", "h1", "h4"] {
            pool.release(holder);
        }
        assert_eq!(
            (pool.claim(&passing("x"), "x"), pool.claim(&passing("y"), "y"), pool.claim(&passing("o3"), "h3")),
            (Ok(5), Ok(3), Ok(6))
        );
    }

    #[test]
    fn an_ordinal_keeps_its_place_through_a_thousand_others() {
        let mut pool = pool(&["10.42.0.0/24"]);
        let kept = |name: &str| Owner { name: name.to_owned(), tenure: Tenure::Kept };
        let own = pool.claim(&kept("web-0"), "web-0/0").unwrap();
        pool.release("web-0/0");
        for n in 0..1000 {
            let name = format!("job-{n}");
            assert_ne!(pool.claim(&passing(&name), &name), Ok(own), "{n}");
            pool.release(&name);
        }
        assert_eq!(pool.claim(&kept("web-0"), "web-0/1"), Ok(own));
        pool.release("web-0/1");
        // Nothing else is free: then the pod that is there counts for more.
        let last = (0..253).map(|n| pool.claim(&passing("x"), &format!("x-{n}"))).filter(Result::is_ok).count();
        assert_eq!((last, pool.place("x-252")), (253, Some(own)));
    }

    #[test]
    fn a_record_of_before_tells_nobody_from_anybody() {
        let record = r#"{"ranges":["10.42.0.0/29"],"leases":{"2":{"owner":"n/web-0","holder":null,"freed":1}}}"#;
        let pool: Pool = serde_json::from_str(record).unwrap();
        assert_eq!(pool.leases[&2].tenure, Tenure::Passing);
    }

    #[test]
    fn exhaustion_is_said_in_words() {
        let mut pool = pool(&["10.42.0.0/29"]);
        (0..5).for_each(|n| assert!(pool.claim(&passing("o"), &n.to_string()).is_ok()));
        let error = pool.claim(&passing("o"), "one too many").unwrap_err();
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
                    match pool.claim(&passing(&format!("o{}", who % 6)), &holder) {
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
