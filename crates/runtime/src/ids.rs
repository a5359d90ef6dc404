//! Which users of the machine those of a sandbox with users of its own are: ranges that no two sandboxes share. Pure.
//!
//! Input: the texts of `/etc/subuid` and `/etc/subgid` and the ranges that are taken. Never written anywhere but into the sandbox's record.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;

use serde::{Deserialize, Serialize};

/// Ids of each sandbox.
const COUNT: u32 = 65_536;
/// Whose entry says which ids pods may have, as on every other node.
const OWNER: &str = "kubelet";
/// Where there is no such entry: ids below 2^31 that no distribution gives to anybody.
const UNCLAIMED: Pool = Pool { first_slot: 28_672, slots: 4096 };

/// Users (and groups) 0 up to `count` of a sandbox, as the machine knows them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdRange {
    /// The machine's id of the sandbox's 0.
    pub first: u32,
    /// How many.
    pub count: u32,
}

impl IdRange {
    /// Who that is on the machine; None if it is nobody.
    pub fn outside(self, id: u32) -> Option<u32> {
        (id < self.count).then(|| self.first + id)
    }

    /// The line of `uid_map` and `gid_map`.
    pub fn line(self) -> String {
        format!("0 {} {}\n", self.first, self.count)
    }
}

/// Ranges to choose from, in multiples of [`COUNT`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Pool {
    first_slot: u32,
    slots: u32,
}

/// A range that is not taken. Where two directories of containers are on one machine they begin to look at different places.
pub fn choose(root: &Path, subuid: &str, subgid: &str, taken: &[IdRange]) -> Result<IdRange, String> {
    let pool = pool(subuid, subgid)?;
    let mut hasher = DefaultHasher::new();
    root.hash(&mut hasher);
    let begin = u32::try_from(hasher.finish() % u64::from(pool.slots)).expect("a rest is smaller than what was divided by");
    let slots = (0..pool.slots).map(|index| pool.first_slot + (begin + index) % pool.slots);
    let range = slots.map(|slot| IdRange { first: slot * COUNT, count: COUNT }).find(|range| !taken.contains(range));
    range.ok_or_else(|| "could not find an empty slot to allocate a user namespace".to_owned())
}

fn pool(subuid: &str, subgid: &str) -> Result<Pool, String> {
    let (users, groups) = (entries(subuid)?, entries(subgid)?);
    if users != groups {
        return Err(format!("mismatched subuids and subgids for user {OWNER:?}"));
    }
    let (first, count) = match users[..] {
        [] => return Ok(UNCLAIMED),
        [entry] => entry,
        _ => return Err(format!("the user {OWNER:?} must have a single range of subordinate ids")),
    };
    let fits = first >= COUNT
        && first.is_multiple_of(COUNT)
        && count >= COUNT
        && count.is_multiple_of(COUNT)
        && first.checked_add(count - 1).is_some();
    if !fits {
        return Err(format!("the subordinate ids {first}:{count} of the user {OWNER:?} are not a range of multiples of {COUNT}"));
    }
    Ok(Pool { first_slot: first / COUNT, slots: count / COUNT })
}

fn entries(text: &str) -> Result<Vec<(u32, u32)>, String> {
    let own = text.lines().filter_map(|line| line.strip_prefix(OWNER)?.strip_prefix(':'));
    own.map(|rest| {
        let numbers = rest.split_once(':').and_then(|(first, count)| Some((first.parse().ok()?, count.trim().parse().ok()?)));
        numbers.ok_or_else(|| format!("the subordinate ids {rest:?} of the user {OWNER:?} are not two numbers"))
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_sandboxes_share_an_id() {
        // SEC-19
        let (mut taken, entry) = (Vec::new(), "root:100000:65536\nkubelet:131072:196608\n");
        for _ in 0..3 {
            let range = choose(Path::new("/data"), entry, entry, &taken).unwrap();
            assert!(range.first >= 131_072 && range.first.is_multiple_of(65_536) && range.first < 131_072 + 196_608, "{range:?}");
            assert!(!taken.contains(&range));
            taken.push(range);
        }
        assert!(choose(Path::new("/data"), entry, entry, &taken).unwrap_err().contains("empty slot"));
        let freed = taken.remove(1);
        assert_eq!(choose(Path::new("/data"), entry, entry, &taken), Ok(freed));
    }

    #[test]
    fn without_an_entry_ids_are_those_that_nobody_has() {
        let of = |root: &str| choose(Path::new(root), "", "somebody:1:2", &[]).unwrap();
        assert!(of("/a").first >= 28_672 * 65_536 && of("/a").first < 1 << 31);
        assert_ne!(of("/a"), of("/b"));
        assert_eq!(of("/a"), of("/a"));
    }

    #[test]
    fn a_bad_entry_is_said() {
        let refused = |users: &str, groups: &str| choose(Path::new("/"), users, groups, &[]).unwrap_err();
        assert!(refused("kubelet:65536:65536", "").contains("mismatched"));
        for bad in ["kubelet:1:65536", "kubelet:0:65536", "kubelet:65536:1", "kubelet:4294901760:131072"] {
            assert!(refused(bad, bad).contains("multiples of 65536"), "{bad}");
        }
        assert!(refused("kubelet:a:b", "kubelet:a:b").contains("not two numbers"));
        let two = "kubelet:65536:65536\nkubelet:131072:65536";
        assert!(refused(two, two).contains("single range"));
    }

    #[test]
    fn ids_beyond_the_range_are_nobody() {
        let range = IdRange { first: 131_072, count: 65_536 };
        assert_eq!((range.outside(0), range.outside(65_535), range.outside(65_536)), (Some(131_072), Some(196_607), None));
        assert_eq!(range.line(), "0 131072 65536\n");
    }
}
