//! The links by which others reach the machine: what comes in by them is for containers, too. Told of new ones by the kernel.

use crate::host::Host;
use crate::range::Range;
use crate::settings::Settings;
use std::io;
use stead_netlink::{Changes, Heard, Messages, Protocol};

/// Groups and kind of message of the kernel's routing interface (`linux/rtnetlink.h`): `RTNLGRP_IPV4_IFADDR`, `RTNLGRP_IPV6_IFADDR`.
const GROUPS: [u32; 2] = [5, 9];
const RTM_NEWADDR: u16 = 20;

/// Hears of addresses of links.
#[derive(Debug)]
pub struct Ways(Changes);

impl Ways {
    /// In the network namespace of this thread, within a tokio runtime.
    pub fn listen() -> io::Result<Ways> {
        Changes::open(Protocol::Route, &GROUPS).map(Ways)
    }

    /// Returns when some link has got an address. May be given up at any time.
    pub async fn changed(&mut self) -> io::Result<()> {
        loop {
            match self.0.next().await? {
                Heard::Datagram(bytes) if !Messages(&bytes).any(|message| message.kind == RTM_NEWADDR) => {}
                Heard::Datagram(_) | Heard::Lost => return Ok(()),
            }
        }
    }
}

/// Sets the ways up for containers of these ranges, those that are not.
pub fn open(settings: &Settings, host: &Host, ranges: &[Range]) {
    if ranges.iter().any(|range| range.is_ipv4()) {
        // What comes in by these is for containers too: answers to what they sent, and what is sent to the machine's ports for them.
        for link in host.ways() {
            settings.set(&format!("net/ipv4/conf/{link}/forwarding"), "1");
        }
    }
    if ranges.iter().any(|range| !range.is_ipv4()) {
        // A machine that forwards heeds advertisements of routers only where it is told to.
        for link in host.ipv6_uplinks() {
            settings.set_instead(&format!("net/ipv6/conf/{link}/accept_ra"), "1", "2");
        }
        settings.set("net/ipv6/conf/all/forwarding", "1");
    }
}
