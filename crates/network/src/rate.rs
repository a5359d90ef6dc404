//! How fast a link may carry packets: token buckets (the kernel's `tbf`) on the machine, out of reach of what is inside. What goes in leaves
//! the link's end here by one; what comes out is led through one of a device of its own (`ifb`), and goes on from the end as if it had just
//! come. That is how the CNI's plugin for bandwidth does it. Pure.

use crate::request::Request;
use netlink_packet_core::{DefaultNla, Emitable, NLM_F_CREATE, NLM_F_EXCL, NLM_F_REPLACE};
use netlink_packet_route::RouteNetlinkMessage;
use netlink_packet_route::link::{InfoKind, LinkAttribute, LinkFlags, LinkInfo, LinkMessage};
use netlink_packet_route::tc::{TcAttribute, TcHandle, TcMessage, TcOption};

/// `linux/pkt_sched.h`.
const TCA_TBF_PARMS: u16 = 1;
const TCA_TBF_RATE64: u16 = 4;
const TCA_TBF_BURST: u16 = 6;
const LINKLAYER_ETHERNET: u8 = 1;
/// `linux/pkt_cls.h`, `linux/tc_act/tc_mirred.h`.
const TCA_U32_SEL: u16 = 5;
const TCA_U32_ACT: u16 = 7;
const TC_U32_TERMINAL: u8 = 1;
const TCA_ACT_KIND: u16 = 1;
const TCA_ACT_OPTIONS: u16 = 2;
const TCA_MIRRED_PARMS: u16 = 2;
const TCA_EGRESS_REDIR: u32 = 1;
const TC_ACT_STOLEN: u32 = 4;
const NLA_F_NESTED: u16 = 0x8000;
/// Packets of any protocol, in a filter's order the first.
const FILTER_INFO: u32 = 1 << 16 | (0x0003u16.to_be() as u32);
/// What comes in by a link.
const INGRESS: TcHandle = TcHandle { major: 0xffff, minor: 0 };
/// What may go at once: what comes together in this time, and some large packets at least.
const BURST_PER_S: u64 = 10;
const BURST_BYTES_MIN: u64 = 64 * 1024;
/// What waits, beyond that: what comes together in this time.
const WAITING_PER_S: u64 = 40;

/// Bits in a second, each way; `None`: as fast as it goes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rates {
    pub inwards: Option<u64>,
    pub outwards: Option<u64>,
}

/// What leaves by that end of a link leaves no faster.
pub fn limit(link: u32, bits_per_s: u64) -> Request {
    let bytes_per_s = (bits_per_s / 8).max(1);
    let burst = (bytes_per_s / BURST_PER_S).max(BURST_BYTES_MIN).min(u32::MAX.into());
    let waiting = (bytes_per_s / WAITING_PER_S + burst).min(u32::MAX.into());
    let word = |number: u64| u32::try_from(number).unwrap_or(u32::MAX).to_ne_bytes();
    // The rate in a form of its own, the peak rate, which there is none of, then the two bounds and the largest packet.
    let mut parameters = vec![0, LINKLAYER_ETHERNET, 0, 0, 0, 0, 0, 0];
    parameters.extend(word(bytes_per_s));
    parameters.extend([0; 12]);
    parameters.extend(word(waiting));
    parameters.extend([0; 8]);
    let option = |kind: u16, bytes: Vec<u8>| TcOption::Other(DefaultNla::new(kind, bytes));
    let mut options = vec![option(TCA_TBF_PARMS, parameters), option(TCA_TBF_BURST, word(burst).to_vec())];
    if bytes_per_s > u32::MAX.into() {
        options.push(option(TCA_TBF_RATE64, bytes_per_s.to_ne_bytes().to_vec()));
    }
    let mut message = TcMessage::default();
    message.header.index = link.cast_signed();
    message.header.parent = TcHandle::ROOT;
    message.header.handle = TcHandle { major: 1, minor: 0 };
    message.attributes = vec![TcAttribute::Kind("tbf".to_owned()), TcAttribute::Options(options)];
    Request { what: "limit a link's rate", message: RouteNetlinkMessage::NewQueueDiscipline(message), flags: NLM_F_CREATE | NLM_F_REPLACE }
}

/// The device that slows down what comes out of a link; up at once, since nobody else knows of it.
pub fn make_shaper(name: &str) -> Request {
    let mut message = LinkMessage::default();
    (message.header.flags, message.header.change_mask) = (LinkFlags::Up, LinkFlags::Up);
    message.attributes = vec![LinkAttribute::IfName(name.to_owned()), LinkAttribute::LinkInfo(vec![LinkInfo::Kind(InfoKind::Ifb)])];
    Request { what: "make a device that limits a rate", message: RouteNetlinkMessage::NewLink(message), flags: NLM_F_CREATE | NLM_F_EXCL }
}

/// Leads all that comes in by a link through a device.
pub fn lead_through(link: u32, shaper: u32) -> [Request; 2] {
    let mut entrance = TcMessage::default();
    entrance.header.index = link.cast_signed();
    entrance.header.parent = TcHandle { major: 0xffff, minor: 0xfff1 };
    entrance.header.handle = INGRESS;
    entrance.attributes = vec![TcAttribute::Kind("ingress".to_owned())];
    let mut filter = TcMessage::default();
    filter.header.index = link.cast_signed();
    filter.header.parent = INGRESS;
    filter.header.info = FILTER_INFO;
    let (all, redirected) = (DefaultNla::new(TCA_U32_SEL, everything()), DefaultNla::new(TCA_U32_ACT | NLA_F_NESTED, redirect(shaper)));
    filter.attributes =
        vec![TcAttribute::Kind("u32".to_owned()), TcAttribute::Options(vec![TcOption::Other(all), TcOption::Other(redirected)])];
    let flags = NLM_F_CREATE | NLM_F_EXCL;
    [
        Request { what: "limit a link's rate", message: RouteNetlinkMessage::NewQueueDiscipline(entrance), flags },
        Request { what: "limit a link's rate", message: RouteNetlinkMessage::NewTrafficFilter(filter), flags },
    ]
}

/// A selector of one key that any packet has (`tc_u32_sel`).
fn everything() -> Vec<u8> {
    let (header, key) = ([TC_U32_TERMINAL, 0, 1, 0], [0; 12 + 16]);
    [&header[..], &key[..]].concat()
}

/// The first and only action: out by that device, and no further here (`tc_mirred`).
fn redirect(device: u32) -> Vec<u8> {
    let parameters = [0, 0, TC_ACT_STOLEN, 0, 0, TCA_EGRESS_REDIR, device];
    let parameters = attribute(TCA_MIRRED_PARMS, parameters.iter().flat_map(|word| word.to_ne_bytes()).collect());
    let action = [attribute(TCA_ACT_KIND, b"mirred\0".to_vec()), attribute(TCA_ACT_OPTIONS | NLA_F_NESTED, parameters)].concat();
    attribute(1 | NLA_F_NESTED, action)
}

fn attribute(kind: u16, value: Vec<u8>) -> Vec<u8> {
    let attribute = DefaultNla::new(kind, value);
    let mut bytes = vec![0; attribute.buffer_len()];
    attribute.emit(&mut bytes);
    bytes
}
