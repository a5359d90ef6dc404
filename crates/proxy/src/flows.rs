//! UDP has no connections, but the kernel remembers who talked to whom: flows to endpoints that are gone, and those to an address that had no
//! endpoint yet, are forgotten, so that the next packet goes where it should (SVC-13).

use std::collections::HashMap;
use std::net::SocketAddr;
use stead_netfilter::{Connection, Result, conntrack};

const UDP: u8 = 17;

/// Forgets flows to these addresses that go elsewhere than they may; gives how many.
pub fn forget(connection: &mut Connection, udp: &HashMap<SocketAddr, Vec<SocketAddr>>) -> Result<usize> {
    if udp.is_empty() {
        return Ok(0);
    }
    // Who answers is whom the packets went to.
    conntrack::forget(connection, UDP, |flow| udp.get(&flow.original.to).is_some_and(|endpoints| !endpoints.contains(&flow.reply.from)))
}
