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
    let is_stale = |flow: &conntrack::Flow| udp.get(&flow.original.to).is_some_and(|endpoints| !endpoints.contains(&flow.reply.from));
    unless_unlisted(conntrack::forget(connection, UDP, is_stale))
}

/// A kernel that does not list its flows (no `nf_conntrack_netlink`) has the Services' rules in force nevertheless; a flow that went elsewhere
/// ends when it has been silent for long enough.
fn unless_unlisted(forgotten: Result<usize>) -> Result<usize> {
    forgotten.or_else(|error| {
        if !error.is_unsupported() {
            return Err(error);
        }
        tracing::warn!(%error, "what is sent to UDP ports of Services may go to endpoints that are gone for a while");
        Ok(0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use nix::errno::Errno;

    #[test]
    fn rules_are_in_force_where_flows_cannot_be_listed() {
        // SVC-13
        let failed = |code: Errno| Err(stead_netfilter::Error::Talk { what: "list connections", source: code.into() });
        assert_eq!(unless_unlisted(failed(Errno::EINVAL)).unwrap(), 0);
        assert!(unless_unlisted(failed(Errno::ENOBUFS)).is_err());
        assert_eq!(unless_unlisted(Ok(3)).unwrap(), 3);
    }
}
