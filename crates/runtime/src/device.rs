//! Which devices of the machine a container may open: the allow-list that every container runtime has, and what was asked for beside it.
//!
//! Never puts a list in force on version 1 of control groups by itself: libcontainer does, and [`withdraw`] takes back what it adds.

use stead_sys::device_filter::{Access, DeviceFilter, DeviceKind, DeviceRule};

use crate::cgroup::Layout;
use crate::error::{Error, Result};
use crate::record::io_error;
use crate::spec::DeviceNode;

/// null, zero, full, random, urandom, tty and ptmx, by major and minor number.
const STANDARD: [(u32, u32); 7] = [(1, 3), (1, 5), (1, 7), (1, 8), (1, 9), (5, 0), (5, 2)];
/// Major number of the pseudo-terminals in `/dev/pts`.
const PSEUDO_TERMINALS: u32 = 136;
/// What libcontainer allows beyond that list on version 1: the machine's console and tunnels.
const UNWANTED: [&str; 2] = ["c 5:1 rwm", "c 10:200 rwm"];

/// What a container may do with devices (OCI-6): files may be made for all of them, which opens none.
pub fn rules(nodes: &[DeviceNode]) -> Vec<DeviceRule> {
    let rule = |kind, major, minor, access| DeviceRule { kind, major, minor, access };
    let mut rules = vec![
        rule(DeviceKind::Character, None, None, Access::MKNOD),
        rule(DeviceKind::Block, None, None, Access::MKNOD),
        rule(DeviceKind::Character, Some(PSEUDO_TERMINALS), None, Access::ALL),
    ];
    rules.extend(STANDARD.map(|(major, minor)| rule(DeviceKind::Character, Some(major), Some(minor), Access::ALL)));
    rules.extend(nodes.iter().map(|node| {
        let kind = if node.kind == "b" { DeviceKind::Block } else { DeviceKind::Character };
        rule(kind, Some(node.major), Some(node.minor), Access::from_letters(&node.access))
    }));
    rules
}

/// Version 2: makes the container's cgroup and puts the rules in force there, before there is a process in it.
pub fn restrict(layout: &Layout, cgroup: &str, nodes: &[DeviceNode]) -> Result<()> {
    let Some(directory) = layout.make_leaf(cgroup)? else { return Ok(()) };
    let filter = DeviceFilter::load(&rules(nodes)).map_err(|error| Error::Host(format!("load device rules: {error}")))?;
    filter.attach(&directory).map_err(io_error("attach device rules to", &directory))
}

/// Version 1: takes back what libcontainer has allowed unasked.
pub fn withdraw(layout: &Layout, cgroup: &str, nodes: &[DeviceNode]) -> Result<()> {
    let asked: Vec<String> = nodes.iter().map(|node| format!("{} {}:{} rwm", node.kind, node.major, node.minor)).collect();
    UNWANTED.iter().filter(|rule| !asked.iter().any(|asked| asked == *rule)).try_for_each(|rule| layout.deny_device(cgroup, rule))
}

/// Whether this kernel takes device rules for cgroups of version 2.
pub fn probe() -> std::io::Result<()> {
    DeviceFilter::load(&rules(&[])).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_that_were_asked_for_are_allowed_beside_the_standard_ones() {
        // OCI-6
        let disk = DeviceNode { path: "/dev/x".into(), kind: "b", major: 254, minor: 3, mode: 0o600, access: "r".into() };
        let all = rules(&[disk]);
        assert_eq!(all.len(), rules(&[]).len() + 1);
        assert_eq!(all.last(), Some(&DeviceRule { kind: DeviceKind::Block, major: Some(254), minor: Some(3), access: Access::READ }));
        let opens_any = |rule: &&DeviceRule| rule.major.is_none() && rule.access != Access::MKNOD;
        assert_eq!(rules(&[]).iter().find(opens_any), None);
    }
}
