//! Ranges of addresses: an address and how many of its bits count. Pure.

use std::net::IpAddr;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct AddressRange {
    pub address: IpAddr,
    pub bits: u8,
}

impl AddressRange {
    /// `address/bits`; `None` if it is no such thing.
    pub fn parse(text: &str) -> Option<AddressRange> {
        let (address, bits) = text.trim().split_once('/')?;
        let (address, bits): (IpAddr, u8) = (address.parse().ok()?, bits.parse().ok()?);
        let width = if address.is_ipv4() { 32 } else { 128 };
        (bits <= width).then_some(AddressRange { address, bits })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_an_address_and_bits_that_it_has() {
        let range = AddressRange::parse(" 10.1.2.3/8 ").unwrap();
        assert_eq!((range.address.to_string(), range.bits), ("10.1.2.3".to_owned(), 8));
        assert_eq!(["10.0.0.0/33", "10.0.0.0", "x/8", "::/129"].map(AddressRange::parse), [None; 4]);
    }
}
