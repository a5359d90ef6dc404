//! Ranges of addresses: an address and how many of its bits count. Pure.

use std::net::IpAddr;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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

    /// The first and the last address.
    pub fn ends(self) -> (IpAddr, IpAddr) {
        match self.address {
            IpAddr::V4(v4) => {
                let hosts = u32::MAX.checked_shr(self.bits.into()).unwrap_or_default();
                (IpAddr::V4((u32::from(v4) & !hosts).into()), IpAddr::V4((u32::from(v4) | hosts).into()))
            }
            IpAddr::V6(v6) => {
                let hosts = u128::MAX.checked_shr(self.bits.into()).unwrap_or_default();
                (IpAddr::V6((u128::from(v6) & !hosts).into()), IpAddr::V6((u128::from(v6) | hosts).into()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_are_of_the_range() {
        let ends = |text: &str| {
            let (first, last) = AddressRange::parse(text).unwrap().ends();
            format!("{first} {last}")
        };
        assert_eq!(ends("10.1.2.3/8"), "10.0.0.0 10.255.255.255");
        assert_eq!(ends("10.1.2.3/32"), "10.1.2.3 10.1.2.3");
        assert_eq!(ends("0.0.0.0/0"), "0.0.0.0 255.255.255.255");
        assert_eq!(ends("fd00::1/64"), "fd00:: fd00::ffff:ffff:ffff:ffff");
        assert_eq!(AddressRange::parse("10.0.0.0/33"), None);
    }
}
