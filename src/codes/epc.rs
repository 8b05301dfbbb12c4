//! What the EPC bank of an RFID label says (GS1 EPC Tag Data Standard).
//!
//! The raw hex is always kept and always enough to know a label again; this only adds which product and piece it names.

use super::gs1::check_digit;

/// A product's piece, as SGTIN-96 holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sgtin {
    /// Which product: 14 digits with a right check digit.
    pub gtin: String,
    /// Which piece of it: a number without leading zeros.
    pub serial: u64,
    /// What the label is on: 0 other, 1 retail item, 2 full case, 4 inner pack, 6 unit load, 7 component. No part of the identity.
    pub filter: u8,
}

const SGTIN_96: u128 = 0x30;
const BITS: u32 = 96;
const HEX_DIGITS: usize = 24;
/// Bits and digits of the company prefix by partition; the item reference has 44 bits and 13 digits less these.
const COMPANY: [(u32, usize); 7] = [
    (40, 12),
    (37, 11),
    (34, 10),
    (30, 9),
    (27, 8),
    (24, 7),
    (20, 6),
];
const COMPANY_AND_ITEM_BITS: u32 = 44;
const COMPANY_AND_ITEM_DIGITS: usize = 13;
const SERIAL_BITS: u32 = 38;

/// Reads an EPC bank in hex as SGTIN-96 (header 30). `None` when it is anything else, or holds numbers that do not fit their digits:
/// then the raw value is all there is.
///
/// ```
/// let read = wardtrack::codes::epc::sgtin_96("3066C4409047E140075BCD15").unwrap();
/// assert_eq!((read.gtin.as_str(), read.serial), ("09506000134352", 123_456_789));
/// ```
#[must_use]
pub fn sgtin_96(hex: &str) -> Option<Sgtin> {
    if hex.len() != HEX_DIGITS || !hex.bytes().all(|sign| sign.is_ascii_hexdigit()) {
        return None;
    }
    let bits = u128::from_str_radix(hex, 16).ok()?;
    let mut left = BITS;
    let mut take = |count: u32| {
        left -= count;
        (bits >> left) & ((1 << count) - 1)
    };
    if take(8) != SGTIN_96 {
        return None;
    }
    let filter = u8::try_from(take(3)).ok()?;
    let partition = usize::try_from(take(3)).ok()?;
    let (company_bits, company_digits) = *COMPANY.get(partition)?;
    let company = digits(take(company_bits), company_digits)?;
    let item = digits(
        take(COMPANY_AND_ITEM_BITS - company_bits),
        COMPANY_AND_ITEM_DIGITS - company_digits,
    )?;
    let serial = u64::try_from(take(SERIAL_BITS)).ok()?;
    // The first digit of the item reference leads the GTIN, the rest follows the company prefix.
    let (indicator, reference) = item.split_at_checked(1)?;
    let body = format!("{indicator}{company}{reference}");
    let gtin = format!("{body}{}", check_digit(&body)?);
    Some(Sgtin {
        gtin,
        serial,
        filter,
    })
}

impl Sgtin {
    /// The EPC bank in hex, with a company prefix of so many digits. `None` when the GTIN has not 14 digits, when GS1 gives no prefix that
    /// length (6 to 12), or when the serial number or the filter are too large.
    ///
    /// ```
    /// use wardtrack::codes::epc::{Sgtin, sgtin_96};
    ///
    /// let piece = Sgtin { gtin: "09506000134352".to_owned(), serial: 123_456_789, filter: 3 };
    /// let hex = piece.to_hex(7).unwrap();
    /// assert_eq!(sgtin_96(&hex), Some(piece));
    /// ```
    #[must_use]
    pub fn to_hex(&self, company_digits: usize) -> Option<String> {
        if self.gtin.len() != 14 || self.serial >> SERIAL_BITS != 0 || self.filter > 7 {
            return None;
        }
        let partition = COMPANY.iter().position(|(_, of)| *of == company_digits)?;
        let (company_bits, _) = COMPANY.get(partition)?;
        let indicator = self.gtin.get(..1)?;
        let company: u128 = self.gtin.get(1..=company_digits)?.parse().ok()?;
        let reference = self.gtin.get(company_digits + 1..13)?;
        let item: u128 = format!("{indicator}{reference}").parse().ok()?;
        let mut bits = SGTIN_96;
        for (value, width) in [
            (u128::from(self.filter), 3),
            (u128::try_from(partition).ok()?, 3),
            (company, *company_bits),
            (item, COMPANY_AND_ITEM_BITS - company_bits),
            (u128::from(self.serial), SERIAL_BITS),
        ] {
            bits = (bits << width) | value;
        }
        Some(format!("{bits:024X}"))
    }
}

/// A number with leading zeros up to its count of digits; `None` when it has more.
fn digits(number: u128, count: usize) -> Option<String> {
    let text = format!("{number:0count$}");
    (text.len() == count).then_some(text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::codes::gs1::{GTIN_DIGITS, wrong_check_digit};

    /// The encoder that the decoder is held against.
    fn encode(filter: u128, partition: usize, company: u128, item: u128, serial: u128) -> String {
        let (company_bits, _) = COMPANY[partition];
        let mut bits = SGTIN_96;
        for (value, width) in [
            (filter, 3),
            (u128::try_from(partition).unwrap(), 3),
            (company, company_bits),
            (item, COMPANY_AND_ITEM_BITS - company_bits),
            (serial, SERIAL_BITS),
        ] {
            bits = (bits << width) | value;
        }
        format!("{bits:024X}")
    }

    #[test]
    fn a_label_names_product_piece_and_what_it_is_on() {
        let read = sgtin_96(&encode(3, 1, 95_060_001_343, 5, 123_456_789)).unwrap();
        let wanted = Sgtin {
            gtin: "09506000134352".to_owned(),
            serial: 123_456_789,
            filter: 3,
        };
        assert_eq!(read, wanted);
    }

    #[test]
    fn other_contents_stay_raw() {
        for hex in [
            "",
            "E28011606000020612345678",   // a chip's own number
            "000000000000000000000000",   // never programmed
            "3466C4409047E140075BCD15",   // GIAI-96
            "3066C4409047E140075BCD1",    // too short
            "3066C4409047E140075BCD1500", // too long
            "3066C4409047E140075BCD1G",   // no hex
            "+066C4409047E140075BCD15",   // a sign is no digit
            "307FFFFFFFFFFFFFFFFFFFFF",   // partition 7
        ] {
            assert_eq!(sgtin_96(hex), None, "{hex}");
        }
        let too_many_digits = encode(1, 0, 1_000_000_000_000, 0, 1);
        assert_eq!(sgtin_96(&too_many_digits), None);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            filter in 0_u8..8,
            partition in 0_usize..7,
            company in any::<u64>(),
            item in any::<u64>(),
            serial in 0_u64..1 << SERIAL_BITS,
        ) {
            let (_, company_digits) = COMPANY[partition];
            let item_digits = COMPANY_AND_ITEM_DIGITS - company_digits;
            let company = u128::from(company) % 10_u128.pow(u32::try_from(company_digits).unwrap());
            let item = u128::from(item) % 10_u128.pow(u32::try_from(item_digits).unwrap());
            let read = sgtin_96(&encode(u128::from(filter), partition, company, item, u128::from(serial))).unwrap();
            prop_assert_eq!(read.serial, serial);
            prop_assert_eq!(read.filter, filter);
            prop_assert_eq!(read.gtin.len(), GTIN_DIGITS);
            prop_assert_eq!(wrong_check_digit(&read.gtin), None);
            let company_text = format!("{company:0company_digits$}");
            prop_assert_eq!(read.gtin.get(1..=company_digits), Some(company_text.as_str()));
        }

        #[test]
        fn s33_no_text_breaks_it(text in ".{0,40}") {
            let _ = sgtin_96(&text);
        }

        #[test]
        fn s33_no_bits_break_it(bits in any::<u128>()) {
            let _ = sgtin_96(&format!("{:024X}", bits >> 32));
        }
    }
}
