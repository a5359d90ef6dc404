//! How fast a link may carry packets: a token bucket (the kernel's `tbf`) at one of its ends. Pure.

use crate::request::Request;
use netlink_packet_core::{DefaultNla, NLM_F_CREATE, NLM_F_REPLACE};
use netlink_packet_route::RouteNetlinkMessage;
use netlink_packet_route::tc::{TcAttribute, TcHandle, TcMessage, TcOption};

/// `linux/pkt_sched.h`.
const TCA_TBF_PARMS: u16 = 1;
const TCA_TBF_RATE64: u16 = 4;
const TCA_TBF_BURST: u16 = 6;
const LINKLAYER_ETHERNET: u8 = 1;
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
