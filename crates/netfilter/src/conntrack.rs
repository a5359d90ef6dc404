//! The connections that the kernel tracks: listed, and forgotten, so that their next packet is judged anew.

use crate::connection::{Connection, Request, talk};
use crate::error::{Error, Result};
use crate::numbers::*;
use crate::wire::{Attributes, OfFilter, Writer};
use std::net::{IpAddr, SocketAddr};
use stead_netlink::Message;

const KIND: u16 = SUBSYS_CTNETLINK << 8;

/// Sender and receiver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tuple {
    pub from: SocketAddr,
    pub to: SocketAddr,
}

/// One connection, or what stands for it with UDP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flow {
    /// Of what is carried by IP.
    pub protocol: u8,
    /// As the first packet was before it was changed, and as answers are: they come from where it was sent to in truth.
    pub original: Tuple,
    pub reply: Tuple,
    id: [u8; 4],
    zone: Option<[u8; 2]>,
}

/// All flows of a protocol.
pub fn flows(connection: &mut Connection, protocol: u8) -> Result<Vec<Flow>> {
    let request =
        Request { what: "list connections", kind: KIND | IPCTNL_MSG_CT_GET, flags: NLM_F_DUMP, family: NFPROTO_UNSPEC, body: &|_| {} };
    // Connections come and go all the time; a list that is not of one moment does.
    let mut flows = Vec::new();
    connection.ask(&request, |message| flows.extend(flow(message).filter(|flow| flow.protocol == protocol)))?;
    Ok(flows)
}

/// Forgets flows of a protocol that `is_stale` says yes to; gives how many.
pub fn forget(connection: &mut Connection, protocol: u8, is_stale: impl Fn(&Flow) -> bool) -> Result<usize> {
    let mut count = 0;
    for flow in flows(connection, protocol)?.iter().filter(|flow| is_stale(flow)) {
        let family = if flow.original.from.is_ipv4() { NFPROTO_IPV4 } else { NFPROTO_IPV6 };
        let body = |writer: &mut Writer| {
            tuple_out(writer, flow.protocol, &flow.original);
            writer.attribute(CTA_ID, &flow.id);
            if let Some(zone) = flow.zone {
                writer.attribute(CTA_ZONE, &zone);
            }
        };
        let what = "forget a connection";
        let request = Request { what, kind: KIND | IPCTNL_MSG_CT_DELETE, flags: NLM_F_ACK, family, body: &body };
        match connection.ask(&request, |_| {}) {
            Ok(_) => count += 1,
            Err(error) if error.is_absent() => {}
            Err(Error::Talk { source, .. }) => return Err(talk(what)(source)),
            Err(error) => return Err(error),
        }
    }
    Ok(count)
}

fn flow(message: Message<'_>) -> Option<Flow> {
    let attributes = message.attributes();
    let (protocol, original) = tuple(attributes.inside(CTA_TUPLE_ORIG))?;
    let (_, reply) = tuple(attributes.inside(CTA_TUPLE_REPLY))?;
    let id = attributes.find(CTA_ID)?.try_into().ok()?;
    Some(Flow { protocol, original, reply, id, zone: attributes.find(CTA_ZONE).and_then(|zone| zone.try_into().ok()) })
}

fn tuple(tuple: Attributes<'_>) -> Option<(u8, Tuple)> {
    let (addresses, protocol) = (tuple.inside(CTA_TUPLE_IP), tuple.inside(CTA_TUPLE_PROTO));
    let v4 = |kind| Some(IpAddr::from(<[u8; 4]>::try_from(addresses.find(kind)?).ok()?));
    let v6 = |kind| Some(IpAddr::from(<[u8; 16]>::try_from(addresses.find(kind)?).ok()?));
    let from = v4(CTA_IP_V4_SRC).or_else(|| v6(CTA_IP_V6_SRC))?;
    let to = v4(CTA_IP_V4_DST).or_else(|| v6(CTA_IP_V6_DST))?;
    let port = |kind| protocol.be16(kind).unwrap_or_default();
    let number = *protocol.find(CTA_PROTO_NUM)?.first()?;
    let (from, to) = (SocketAddr::new(from, port(CTA_PROTO_SRC_PORT)), SocketAddr::new(to, port(CTA_PROTO_DST_PORT)));
    Some((number, Tuple { from, to }))
}

fn tuple_out(writer: &mut Writer, protocol: u8, tuple: &Tuple) {
    writer.nest(CTA_TUPLE_ORIG, |writer| {
        writer.nest(CTA_TUPLE_IP, |writer| {
            for (address, v4, v6) in [(tuple.from.ip(), CTA_IP_V4_SRC, CTA_IP_V6_SRC), (tuple.to.ip(), CTA_IP_V4_DST, CTA_IP_V6_DST)] {
                match address {
                    IpAddr::V4(address) => writer.attribute(v4, &address.octets()),
                    IpAddr::V6(address) => writer.attribute(v6, &address.octets()),
                }
            }
        });
        writer.nest(CTA_TUPLE_PROTO, |writer| {
            writer.attribute(CTA_PROTO_NUM, &[protocol]);
            writer.attribute(CTA_PROTO_SRC_PORT, &tuple.from.port().to_be_bytes());
            writer.attribute(CTA_PROTO_DST_PORT, &tuple.to.port().to_be_bytes());
        });
    });
}
