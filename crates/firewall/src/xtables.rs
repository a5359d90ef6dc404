//! The rules of legacy `iptables` and `ip6tables`, which are apart from nf_tables' and read by socket options (`linux/netfilter_ipv4/ip_tables.h`
//! and the same of IPv6): as far as one must know of them to say what they keep back. Changes nothing, and makes the kernel load nothing.
//!
//! ```text
//!   entries, one after another:  conditions │ offsets of its target and of the next entry │ counters │ matches │ target
//!   a chain begins where the table's head says so, or behind an entry with the target ERROR, which has the chain's name
//! ```

use nix::sys::socket::{AddressFamily, SockFlag, SockProtocol, SockType, socket};
use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use stead_netfilter::rules::{Base, Found, Lead, Table};

const FILTER: &str = "filter";
/// Of the options; the same number in both families.
const GET_INFO: i32 = 64;
const GET_ENTRIES: i32 = 65;
const NAME_BYTES: usize = 32;
/// Name, hooks, five beginnings and five ends of chains, how many entries, their bytes.
const INFO_BYTES: usize = NAME_BYTES + 4 + 20 + 20 + 4 + 4;
/// Name and length before the entries, aligned as these are.
const ENTRIES_AT: usize = 40;
/// Of one table; more is not read.
const ENTRIES_BYTES_MAX: usize = 1 << 26;
const LINK_BYTES: usize = 16;
/// Before a target's own data: length, name, revision.
const TARGET_BYTES: usize = 32;
const CHAINS: [&str; 5] = ["PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"];
/// Verdict of a target without a name: the negative of the kernel's, less one; not negative: where to go on.
const DROP: i32 = -1;

/// Where things are in an entry of a family.
#[derive(Debug, Clone, Copy)]
pub struct Layout {
    pub family: &'static str,
    /// Where the kernel names the tables that there are.
    names: &'static str,
    domain: AddressFamily,
    level: i32,
    address_bytes: usize,
    conditions_bytes: usize,
    head_bytes: usize,
}

impl Layout {
    pub const ALL: [Layout; 2] = [
        Layout {
            family: "ip",
            names: "/proc/thread-self/net/ip_tables_names",
            domain: AddressFamily::Inet,
            level: nix::libc::IPPROTO_IP,
            address_bytes: 4,
            conditions_bytes: 84,
            head_bytes: 112,
        },
        Layout {
            family: "ip6",
            names: "/proc/thread-self/net/ip6_tables_names",
            domain: AddressFamily::Inet6,
            level: nix::libc::IPPROTO_IPV6,
            address_bytes: 16,
            conditions_bytes: 136,
            head_bytes: 168,
        },
    ];

    /// All chains for filtering that the kernel begins, and all rules. None where there are no such rules.
    pub fn read(self) -> io::Result<(Vec<Base>, Vec<Found>)> {
        // To ask for a table makes it.
        let names = std::fs::read_to_string(Path::new(self.names)).unwrap_or_default();
        if !names.lines().any(|name| name.trim() == FILTER) {
            return Ok(Default::default());
        }
        let socket = socket(self.domain, SockType::Raw, SockFlag::SOCK_CLOEXEC, SockProtocol::Raw)?;
        let mut info = [0; INFO_BYTES];
        info[..FILTER.len()].copy_from_slice(FILTER.as_bytes());
        stead_sys::socket::option(&socket, self.level, GET_INFO, &mut info)?;
        let size = number(&info, INFO_BYTES - 4).unwrap_or_default() as usize;
        if size > ENTRIES_BYTES_MAX {
            return Err(io::Error::other(format!("they are {size} bytes")));
        }
        let mut entries = vec![0; ENTRIES_AT + size];
        entries[..NAME_BYTES].copy_from_slice(&info[..NAME_BYTES]);
        entries[NAME_BYTES..NAME_BYTES + 4].copy_from_slice(&info[INFO_BYTES - 4..]);
        stead_sys::socket::option(&socket, self.level, GET_ENTRIES, &mut entries)?;
        Ok(self.parse(&info, &entries[ENTRIES_AT..]))
    }

    /// What is not as it should be is passed over.
    fn parse(self, info: &[u8], bytes: &[u8]) -> (Vec<Base>, Vec<Found>) {
        let table = Table { family: self.family, name: FILTER.to_owned() };
        let at = |first: usize, hook: usize| number(info, NAME_BYTES + 4 + first + 4 * hook).map(|offset| offset as usize);
        let hooks = number(info, NAME_BYTES).unwrap_or_default();
        let mut chains = BTreeMap::new();
        let mut policies = Vec::new();
        let mut bases = Vec::new();
        for (hook, name) in CHAINS.iter().enumerate().filter(|(hook, _)| hooks & (1 << hook) != 0) {
            let (Some(begin), Some(policy)) = (at(0, hook), at(20, hook)) else { continue };
            let drops = self.entry(bytes, policy).is_some_and(|entry| entry.target == Target::Verdict(DROP));
            bases.push(Base { table: table.clone(), name: (*name).to_owned(), hook: hook as u32, drops });
            chains.insert(begin, (*name).to_owned());
            policies.push(policy);
        }
        let entries: Vec<Entry> = self.entries(bytes).collect();
        chains.extend(entries.iter().filter_map(|entry| match &entry.target {
            Target::Chain(name) => Some((entry.next, name.clone())),
            _ => None,
        }));
        let mut found = Vec::new();
        for entry in entries.into_iter().filter(|entry| !policies.contains(&entry.at) && !matches!(entry.target, Target::Chain(_))) {
            let Some((_, chain)) = chains.range(..=entry.at).next_back() else { continue };
            let leads_to = match entry.target {
                Target::Verdict(to) => {
                    usize::try_from(to).ok().and_then(|to| chains.get(&to)).map_or(Lead::Nowhere, |to| Lead::Chain(to.clone()))
                }
                _ => Lead::Nowhere,
            };
            let ends_all = entry.is_for_all && matches!(entry.target, Target::Verdict(DROP) | Target::Reject);
            found.push(Found { table: table.clone(), chain: chain.clone(), compared: entry.compared, ends_all, leads_to });
        }
        (bases, found)
    }

    fn entries(self, bytes: &[u8]) -> impl Iterator<Item = Entry> {
        let mut at = 0;
        std::iter::from_fn(move || {
            let entry = self.entry(bytes, at)?;
            at = entry.next;
            Some(entry)
        })
    }

    fn entry(self, bytes: &[u8], at: usize) -> Option<Entry> {
        let bytes = bytes.get(at..)?;
        let conditions = bytes.get(..self.conditions_bytes)?;
        let target_at = usize::from(short(bytes, self.conditions_bytes + 4)?);
        let length = usize::from(short(bytes, self.conditions_bytes + 6)?);
        if length < self.head_bytes || target_at < self.head_bytes {
            return None;
        }
        let target = bytes.get(target_at..length)?;
        let name = text(target.get(2..TARGET_BYTES - 1)?);
        let data = target.get(TARGET_BYTES..)?;
        let target = match name.as_str() {
            "" => Target::Verdict(number(data, 0)?.cast_signed()),
            "ERROR" => Target::Chain(text(data)),
            "REJECT" => Target::Reject,
            _ => Target::Other,
        };
        let is_for_all = target_at == self.head_bytes && conditions.iter().all(|byte| *byte == 0);
        Some(Entry { at, next: at + length, compared: self.compared(conditions), is_for_all, target })
    }

    /// Addresses as far as whole bytes of them count, and names of links.
    fn compared(self, conditions: &[u8]) -> Vec<Vec<u8>> {
        let part = |at: usize, length: usize| conditions[at..at + length].to_vec();
        let links_at = 4 * self.address_bytes;
        let pairs = [
            (0, 2 * self.address_bytes, self.address_bytes),
            (self.address_bytes, 3 * self.address_bytes, self.address_bytes),
            (links_at, links_at + 2 * LINK_BYTES, LINK_BYTES),
            (links_at + LINK_BYTES, links_at + 3 * LINK_BYTES, LINK_BYTES),
        ];
        let compared = pairs.map(|(at, mask_at, length)| {
            let mask = part(mask_at, length);
            let whole = mask.iter().take_while(|byte| **byte == 0xff).count();
            part(at, whole)
        });
        compared.into_iter().filter(|value| !value.is_empty()).collect()
    }
}

/// One rule, or the beginning of a chain.
struct Entry {
    at: usize,
    next: usize,
    compared: Vec<Vec<u8>>,
    /// It has no conditions.
    is_for_all: bool,
    target: Target,
}

#[derive(Debug, PartialEq, Eq)]
enum Target {
    Verdict(i32),
    /// A chain of that name begins behind it.
    Chain(String),
    Reject,
    Other,
}

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at + 4)?.try_into().ok().map(u32::from_ne_bytes)
}

fn short(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..at + 2)?.try_into().ok().map(u16::from_ne_bytes)
}

fn text(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    String::from_utf8_lossy(&bytes[..end]).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn whatever_the_kernel_says_is_read_or_passed_over(info in prop::collection::vec(any::<u8>(), 0..INFO_BYTES + 1), bytes in prop::collection::vec(any::<u8>(), 0..1024)) {
            for layout in Layout::ALL {
                let (bases, rules) = layout.parse(&info, &bytes);
                prop_assert!(bases.len() <= CHAINS.len() && rules.len() <= bytes.len() / layout.head_bytes);
            }
        }
    }
}
