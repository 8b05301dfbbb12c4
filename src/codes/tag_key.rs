//! Canonical tag keys of the message contract: `epc:HEX`, `mac:12HEX`, `ib:UUID-major-minor`, `eddy:NAMESPACE-INSTANCE`,
//! `alt:HEX`, `x:TEXT`. Hex is upper case, a UUID lower case, text unchanged.

use std::borrow::Cow;

/// Longest key, in characters.
pub const TAG_KEY_CHARS_MAX: usize = 192;

/// Why a text is no tag key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TagKeyError {
    /// Nothing, or only the word before the colon.
    #[error("t is empty: send the tag's id, such as mac:AC233F000001")]
    Empty,
    /// Too long.
    #[error("t is longer than {TAG_KEY_CHARS_MAX} characters")]
    TooLong,
    /// Not what its kind demands.
    #[error(
        "t does not follow its kind: write epc:HEX, mac:12HEX, ib:UUID-major-minor, eddy:20HEX-12HEX, alt:HEX or x:TEXT"
    )]
    Malformed,
}

/// The canonical form of a key, borrowed when it is canonical already. A bare hex value of 12 digits is a mac, any other
/// bare hex an epc (shorthand allowed in version 1).
///
/// # Errors
/// See [`TagKeyError`].
pub fn canonical(text: &str) -> Result<Cow<'_, str>, TagKeyError> {
    if is_canonical_mac(text.as_bytes()) {
        return Ok(Cow::Borrowed(text));
    }
    if text.is_empty() {
        return Err(TagKeyError::Empty);
    }
    if text.chars().count() > TAG_KEY_CHARS_MAX {
        return Err(TagKeyError::TooLong);
    }
    match text.split_once(':') {
        Some((_, "")) => Err(TagKeyError::Empty),
        Some(("mac", hex)) if hex.len() == 12 && is_hex(hex) => Ok(upper(text, "mac:", hex)),
        Some(("epc", hex)) if is_hex(hex) => Ok(upper(text, "epc:", hex)),
        Some(("alt", hex)) if is_hex(hex) => Ok(upper(text, "alt:", hex)),
        Some(("eddy", ids)) if is_eddystone(ids) => Ok(upper(text, "eddy:", ids)),
        Some(("ib", ids)) => canonical_ibeacon(text, ids).ok_or(TagKeyError::Malformed),
        Some(("x", _)) => Ok(Cow::Borrowed(text)),
        None if is_hex(text) && text.len() == 12 => {
            Ok(Cow::Owned(format!("mac:{}", text.to_ascii_uppercase())))
        }
        None if is_hex(text) => Ok(Cow::Owned(format!("epc:{}", text.to_ascii_uppercase()))),
        _ => Err(TagKeyError::Malformed),
    }
}

/// The canonical keys that a text typed or scanned by a person may stand for, the likeliest first: in any case, with the usual
/// separators of a MAC address, with or without the word before the colon. Plain text may be an `x:` key.
#[must_use]
pub fn list_typed_keys(text: &str) -> Vec<String> {
    let text = text.trim();
    let (scheme, value) = match text.split_once(':') {
        Some((scheme, value)) if is_scheme(scheme) => (Some(scheme.to_lowercase()), value),
        _ => (None, text),
    };
    let hex = value.replace([':', '-', '.', ' '], "").to_uppercase();
    let is_bare_hex = scheme.is_none() && is_hex(&hex);
    let keys = match scheme.as_deref() {
        Some(scheme @ ("epc" | "mac" | "alt")) => vec![format!("{scheme}:{hex}")],
        Some(scheme) => vec![format!("{scheme}:{value}")],
        None if is_bare_hex && hex.len() == 12 => vec![
            format!("mac:{hex}"),
            format!("epc:{hex}"),
            format!("alt:{hex}"),
        ],
        None if is_bare_hex && hex.len() > 4 => vec![format!("epc:{hex}"), format!("alt:{hex}")],
        None => vec![format!("x:{value}")],
    };
    keys.iter()
        .filter_map(|key| canonical(key).ok())
        .map(Cow::into_owned)
        .collect()
}

fn is_scheme(text: &str) -> bool {
    ["epc", "mac", "ib", "eddy", "alt", "x"]
        .iter()
        .any(|scheme| text.eq_ignore_ascii_case(scheme))
}

/// The commonest key by far, checked without a search.
fn is_canonical_mac(bytes: &[u8]) -> bool {
    bytes.len() == 16
        && bytes.strip_prefix(b"mac:").is_some_and(|hex| {
            hex.iter()
                .all(|b| b.is_ascii_digit() || (b'A'..=b'F').contains(b))
        })
}

fn is_hex(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_hexdigit())
}

fn upper<'a>(whole: &'a str, prefix: &str, rest: &str) -> Cow<'a, str> {
    if rest.bytes().any(|b| b.is_ascii_lowercase()) {
        Cow::Owned(format!("{prefix}{}", rest.to_ascii_uppercase()))
    } else {
        Cow::Borrowed(whole)
    }
}

fn is_eddystone(ids: &str) -> bool {
    ids.split_once('-').is_some_and(|(namespace, instance)| {
        namespace.len() == 20 && is_hex(namespace) && instance.len() == 12 && is_hex(instance)
    })
}

/// A UUID has hyphens of its own, so the numbers are taken from the right. Leading zeros are dropped: 007 and 7 are one tag.
fn canonical_ibeacon<'a>(whole: &'a str, ids: &str) -> Option<Cow<'a, str>> {
    let mut parts = ids.rsplitn(3, '-');
    let (minor, major, uuid) = (parts.next()?, parts.next()?, parts.next()?);
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if !is_number(minor) || !is_number(major) {
        return None;
    }
    let (major, minor): (u16, u16) = (major.parse().ok()?, minor.parse().ok()?);
    let uuid = uuid::Uuid::try_parse(uuid).ok()?;
    let key = format!("ib:{}-{major}-{minor}", uuid.hyphenated());
    Some(if key == whole {
        Cow::Borrowed(whole)
    } else {
        Cow::Owned(key)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn shorthand_and_case_become_the_canonical_key() {
        let uuid = "f7826da6-4fa2-4e98-8024-bc5b71e0893e";
        for (given, wanted) in [
            ("mac:AC233F000001", "mac:AC233F000001"),
            ("mac:ac233f000001", "mac:AC233F000001"),
            ("ac233f000001", "mac:AC233F000001"),
            ("E28011606000020612345678", "epc:E28011606000020612345678"),
            (
                "epc:e28011606000020612345678",
                "epc:E28011606000020612345678",
            ),
            ("alt:0f", "alt:0F"),
            ("x:Zimmer 3 früh", "x:Zimmer 3 früh"),
            (
                "eddy:00112233445566778899-aabbccddeeff",
                "eddy:00112233445566778899-AABBCCDDEEFF",
            ),
            (
                &format!("ib:{}-1-007", uuid.to_uppercase()),
                &format!("ib:{uuid}-1-7"),
            ),
        ] {
            assert_eq!(canonical(given).unwrap(), wanted, "{given}");
        }
    }

    #[test]
    fn what_follows_no_kind_is_refused_with_the_remedy() {
        assert_eq!(canonical(""), Err(TagKeyError::Empty));
        assert_eq!(canonical("epc:"), Err(TagKeyError::Empty));
        assert_eq!(canonical(&"A".repeat(500)), Err(TagKeyError::TooLong));
        for text in [
            "mac:AC233F",
            "pump 7",
            "epc:XYZ",
            "ib:1-2-3",
            "eddy:00-11",
            "qr:1",
            "ib:f7826da6-4fa2-4e98-8024-bc5b71e0893e-1-70000",
        ] {
            assert_eq!(canonical(text), Err(TagKeyError::Malformed), "{text}");
        }
    }

    proptest! {
        #[test]
        fn canonical_is_stable_and_never_panics(text in "\\PC{0,200}") {
            if let Ok(key) = canonical(&text) {
                prop_assert_eq!(canonical(&key).unwrap(), key.as_ref());
            }
        }

        #[test]
        fn every_case_of_a_hex_key_is_one_tag(hex in "[0-9a-f]{2,60}") {
            let upper = hex.to_uppercase();
            prop_assert_eq!(canonical(&hex).unwrap(), canonical(&upper).unwrap());
        }
    }
}
