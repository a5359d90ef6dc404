//! Where messages begin and end in what was received, and what the kernel says about requests. Pure.

use std::io;

/// Of `nlmsghdr`.
const HEADER: usize = 16;
/// Kinds that every protocol has (`linux/netlink.h`): an answer of success or failure, and the end of a list.
pub const NLMSG_ERROR: u16 = 2;
pub const NLMSG_DONE: u16 = 3;
/// A list changed while it was read.
pub const NLM_F_DUMP_INTR: u16 = 0x10;

/// One message that was received.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Message<'a> {
    pub kind: u16,
    pub flags: u16,
    pub sequence: u32,
    /// Of the socket whose request it answers or tells of; 0: the kernel's own doing.
    pub port: u32,
    pub body: &'a [u8],
    /// With its header.
    pub whole: &'a [u8],
}

impl Message<'_> {
    /// What went wrong, of an [`NLMSG_ERROR`]; `None`: all is well.
    pub fn failure(&self) -> Option<io::Error> {
        let code = u32_at(self.body, 0).unwrap_or_default().cast_signed();
        (code != 0).then(|| io::Error::from_raw_os_error(code.wrapping_neg()))
    }
}

/// The messages in what was received; what is cut off ends them.
pub struct Messages<'a>(pub &'a [u8]);

impl<'a> Iterator for Messages<'a> {
    type Item = Message<'a>;

    fn next(&mut self) -> Option<Message<'a>> {
        let length = u32_at(self.0, 0)? as usize;
        let whole = self.0.get(..length).filter(|_| length >= HEADER)?;
        self.0 = self.0.get(length.next_multiple_of(4)..).unwrap_or_default();
        let (kind, flags, sequence, port) = (u16_at(whole, 4)?, u16_at(whole, 6)?, u32_at(whole, 8)?, u32_at(whole, 12)?);
        Some(Message { kind, flags, sequence, port, body: &whole[HEADER..], whole })
    }
}

pub fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_ne_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

pub fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_ne_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(kind: u16, sequence: u32, port: u32, body: &[u8]) -> Vec<u8> {
        let length = u32::try_from(HEADER + body.len()).unwrap();
        let mut bytes = length.to_ne_bytes().to_vec();
        [kind, 0].iter().for_each(|half| bytes.extend(half.to_ne_bytes()));
        [sequence, port].iter().for_each(|word| bytes.extend(word.to_ne_bytes()));
        bytes.extend(body);
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        bytes
    }

    #[test]
    fn messages_follow_each_other_and_what_is_cut_off_ends_them() {
        let bytes = [message(7, 42, 9, b"abc"), message(NLMSG_ERROR, 43, 9, &(-1i32).to_ne_bytes())].concat();
        let all: Vec<Message<'_>> = Messages(&bytes).collect();
        assert_eq!(all.iter().map(|one| (one.kind, one.sequence, one.port)).collect::<Vec<_>>(), [(7, 42, 9), (NLMSG_ERROR, 43, 9)]);
        assert_eq!((all[0].body, all[0].whole.len()), (&b"abc"[..], HEADER + 3));
        assert_eq!(all[1].failure().and_then(|error| error.raw_os_error()), Some(1));
        assert_eq!((0..bytes.len()).map(|length| Messages(&bytes[..length]).count()).max(), Some(1));
        assert_eq!(Messages(&message(NLMSG_ERROR, 1, 0, &[0; 4])).next().and_then(|one| one.failure().map(|_| ())), None);
    }
}
