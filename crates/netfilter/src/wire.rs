//! Netlink messages and their attributes as bytes, written and read. Pure; knows nothing of what they mean.

use crate::numbers::{NLA_F_NESTED, NLA_TYPE_MASK};
use stead_netlink::{Message, u16_at};

/// Of `nfgenmsg`.
const FAMILY_HEADER: usize = 4;

/// Writes messages one after the other.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Writer {
    pub bytes: Vec<u8>,
}

impl Writer {
    /// One message of the packet filter's.
    pub fn message(&mut self, kind: u16, flags: u16, sequence: u32, family: u8, resource: u16, body: impl FnOnce(&mut Writer)) {
        let begin = self.bytes.len();
        self.bytes.extend_from_slice(&[0; 4]);
        self.bytes.extend_from_slice(&kind.to_ne_bytes());
        self.bytes.extend_from_slice(&flags.to_ne_bytes());
        self.bytes.extend_from_slice(&sequence.to_ne_bytes());
        self.bytes.extend_from_slice(&[0; 4]);
        self.bytes.extend_from_slice(&[family, 0]);
        self.bytes.extend_from_slice(&resource.to_be_bytes());
        body(self);
        let length = u32::try_from(self.bytes.len() - begin).expect("a message is far smaller than 4 GiB");
        self.bytes[begin..begin + 4].copy_from_slice(&length.to_ne_bytes());
    }

    pub fn attribute(&mut self, kind: u16, value: &[u8]) {
        self.within(kind, |writer| writer.bytes.extend_from_slice(value));
    }

    pub fn text(&mut self, kind: u16, value: &str) {
        self.within(kind, |writer| {
            writer.bytes.extend_from_slice(value.as_bytes());
            writer.bytes.push(0);
        });
    }

    pub fn be32(&mut self, kind: u16, value: u32) {
        self.attribute(kind, &value.to_be_bytes());
    }

    pub fn be64(&mut self, kind: u16, value: u64) {
        self.attribute(kind, &value.to_be_bytes());
    }

    /// An attribute of attributes.
    pub fn nest(&mut self, kind: u16, body: impl FnOnce(&mut Writer)) {
        self.within(kind | NLA_F_NESTED, body);
    }

    fn within(&mut self, kind: u16, body: impl FnOnce(&mut Writer)) {
        let begin = self.bytes.len();
        self.bytes.extend_from_slice(&[0; 2]);
        self.bytes.extend_from_slice(&kind.to_ne_bytes());
        body(self);
        let length = u16::try_from(self.bytes.len() - begin).expect("what is written into one attribute is bounded by its writer");
        self.bytes[begin..begin + 2].copy_from_slice(&length.to_ne_bytes());
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
    }
}

/// What follows the header of a message of the packet filter's: an `nfgenmsg`, then attributes.
pub trait OfFilter<'a> {
    fn attributes(&self) -> Attributes<'a>;
    fn family(&self) -> u8;
}

impl<'a> OfFilter<'a> for Message<'a> {
    fn attributes(&self) -> Attributes<'a> {
        Attributes(self.body.get(FAMILY_HEADER..).unwrap_or_default())
    }

    fn family(&self) -> u8 {
        self.body.first().copied().unwrap_or_default()
    }
}

/// Attributes that follow each other: their kind, without flags, and what they hold.
#[derive(Debug, Clone, Copy)]
pub struct Attributes<'a>(pub &'a [u8]);

impl<'a> Attributes<'a> {
    pub fn find(mut self, kind: u16) -> Option<&'a [u8]> {
        self.find_map(|(found, value)| (found == kind).then_some(value))
    }

    /// The attributes inside that attribute; none if it is not there.
    pub fn inside(self, kind: u16) -> Attributes<'a> {
        Attributes(self.find(kind).unwrap_or_default())
    }

    pub fn text(self, kind: u16) -> Option<&'a str> {
        let bytes = self.find(kind)?;
        std::str::from_utf8(bytes.split(|byte| *byte == 0).next()?).ok()
    }

    pub fn be32(self, kind: u16) -> Option<u32> {
        Some(u32::from_be_bytes(self.find(kind)?.get(..4)?.try_into().ok()?))
    }

    pub fn be16(self, kind: u16) -> Option<u16> {
        Some(u16::from_be_bytes(self.find(kind)?.get(..2)?.try_into().ok()?))
    }
}

impl<'a> Iterator for Attributes<'a> {
    type Item = (u16, &'a [u8]);

    fn next(&mut self) -> Option<(u16, &'a [u8])> {
        let length = usize::from(u16_at(self.0, 0)?);
        let kind = u16_at(self.0, 2)? & NLA_TYPE_MASK;
        let value = self.0.get(4..length)?;
        self.0 = self.0.get(length.next_multiple_of(4)..).unwrap_or_default();
        Some((kind, value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use stead_netlink::Messages;

    #[test]
    fn what_is_written_is_read() {
        let mut writer = Writer::default();
        writer.message(7, 1, 42, 2, 0, |body| {
            body.text(1, "abc");
            body.nest(2, |inside| inside.be32(3, 9));
        });
        writer.message(8, 0, 43, 10, 0, |_| {});
        assert_eq!(writer.bytes.len() % 4, 0);
        let messages: Vec<Message<'_>> = Messages(&writer.bytes).collect();
        assert_eq!(
            messages.iter().map(|message| (message.kind, message.sequence, message.family())).collect::<Vec<_>>(),
            [(7, 42, 2), (8, 43, 10)]
        );
        let attributes = messages[0].attributes();
        assert_eq!((attributes.text(1), attributes.inside(2).be32(3), attributes.find(3)), (Some("abc"), Some(9), None));
    }

    #[test]
    fn what_is_cut_off_ends() {
        let mut writer = Writer::default();
        writer.message(7, 1, 42, 2, 0, |body| body.text(1, "abcdefgh"));
        for length in 0..writer.bytes.len() {
            assert_eq!(Messages(&writer.bytes[..length]).count(), 0);
            Attributes(&writer.bytes[20.min(length)..length]).for_each(drop);
        }
    }
}
