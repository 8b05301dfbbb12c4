//! Networks, as settings name them.

use std::net::IpAddr;

/// A network such as 10.0.0.0/8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    base: IpAddr,
    prefix_bits: u8,
}

impl Network {
    /// Reads `address/bits`, or one address.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (address, bits) = match text.trim().split_once('/') {
            Some((address, bits)) => (address, Some(bits)),
            None => (text.trim(), None),
        };
        let base: IpAddr = address.parse().ok()?;
        let width = if base.is_ipv4() { 32 } else { 128 };
        let prefix_bits = bits.map_or(Some(width), |bits| bits.parse().ok())?;
        (prefix_bits <= width).then_some(Self { base, prefix_bits })
    }

    /// Whether the address lies in it. IPv4 addresses in IPv6 form count as IPv4.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.base, address.to_canonical()) {
            (IpAddr::V4(base), IpAddr::V4(address)) => {
                shared(base.to_bits() ^ address.to_bits(), self.prefix_bits)
            }
            (IpAddr::V6(base), IpAddr::V6(address)) => (base.to_bits() ^ address.to_bits())
                .leading_zeros()
                .ge(&u32::from(self.prefix_bits)),
            _ => false,
        }
    }
}

fn shared(difference: u32, bits: u8) -> bool {
    difference.leading_zeros() >= u32::from(bits)
}
