//! Every kind of bad message that readers have been seen to send, and what has to become of it.

use serde_json::json;
use uuid::Uuid;

use super::stage::tag_key;
use crate::db::types::QuarantineScope;

/// Eight days.
const TOO_OLD_MS: i64 = 8 * 24 * 3_600_000;
/// Ten minutes.
const AHEAD_MS: i64 = 600_000;

/// What is wrong with a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum BadKind {
    /// Cut off in the middle.
    NotJson,
    /// Version 2.
    WrongVersion,
    /// The body names another reader than the sign-in.
    WrongReader,
    /// 300 KiB.
    TooLarge,
    /// 6,000 sightings.
    TooMany,
    /// A level of NaN, which is not JSON.
    NotANumber,
    /// One level of -600 dBm among good sightings.
    OutOfRange,
    /// One sighting ten minutes ahead (R27).
    Future,
    /// One sighting of eight days ago.
    TooOld,
    /// One tag id of 500 characters.
    LongTagId,
    /// A key that no queue takes.
    Unroutable,
}

/// A bad message.
#[derive(Clone, Debug)]
pub struct BadMessage {
    /// What is wrong with it.
    pub kind: BadKind,
    /// Its id, which also stands in the body of those that cannot be parsed.
    pub batch_id: Uuid,
    /// The body.
    pub body: Vec<u8>,
    /// Key to publish under when it is not the reader's own.
    pub routing_key: Option<&'static str>,
    /// Sightings of it that are stored all the same: position, tag, and when; `None` for the time of arrival.
    pub stored: Vec<(u16, usize, Option<i64>)>,
}

impl BadKind {
    /// Every kind.
    pub const ALL: [Self; 11] = [
        Self::NotJson,
        Self::WrongVersion,
        Self::WrongReader,
        Self::TooLarge,
        Self::TooMany,
        Self::NotANumber,
        Self::OutOfRange,
        Self::Future,
        Self::TooOld,
        Self::LongTagId,
        Self::Unroutable,
    ];

    /// The word under which quarantine keeps it.
    #[must_use]
    pub fn reason(self) -> &'static str {
        match self {
            Self::NotJson | Self::NotANumber => "not_json",
            Self::WrongVersion => "unsupported_version",
            Self::WrongReader => "identity_mismatch",
            Self::TooLarge => "too_large",
            Self::TooMany => "too_many_sightings",
            Self::OutOfRange => "number_out_of_range",
            Self::Future => "clock_fault",
            Self::TooOld => "too_old",
            Self::LongTagId => "tag_too_long",
            Self::Unroutable => "unroutable",
        }
    }

    /// Whether the whole message is refused, or one sighting of it.
    #[must_use]
    pub fn scope(self) -> QuarantineScope {
        match self {
            Self::OutOfRange | Self::Future | Self::TooOld | Self::LongTagId => {
                QuarantineScope::Sighting
            }
            _ => QuarantineScope::Message,
        }
    }

    /// A message of this kind, sent at `sent_at_ms` by `reader_key`; its sightings are of the tag with number `tag`, the one
    /// from the future of `clock_tag`.
    #[must_use]
    pub fn message(
        self,
        reader_key: &str,
        sent_at_ms: i64,
        tag: usize,
        clock_tag: usize,
    ) -> BadMessage {
        let batch_id = Uuid::now_v7();
        let good = json!({"t": tag_key(tag), "age_ms": 20, "rssi": -61});
        let body = |s: serde_json::Value| {
            json!({"batch_id": batch_id, "v": 1, "reader": reader_key, "sent_at_ms": sent_at_ms, "s": s})
                .to_string()
        };
        let beside = |bad: serde_json::Value| body(json!([good, bad, good]));
        let (text, routing_key) = match self {
            Self::NotJson => {
                let mut text = body(json!([good, good]));
                text.truncate(text.len() - 20);
                (text, None)
            }
            Self::WrongVersion => (body(json!([good])).replace("\"v\":1", "\"v\":2"), None),
            Self::WrongReader => {
                let own = format!("\"reader\":\"{reader_key}\"");
                let other = "\"reader\":\"somebody-else\"";
                (body(json!([good])).replace(&own, other), None)
            }
            Self::TooLarge => {
                let mut text = body(json!([good]));
                text.push_str(&" ".repeat(300 * 1024 - text.len()));
                (text, None)
            }
            Self::TooMany => {
                let many = vec![json!({"t": "AC"}); 6_000];
                (body(json!(many)), None)
            }
            Self::NotANumber => (
                body(json!([good])).replace("\"rssi\":-61", "\"rssi\":NaN"),
                None,
            ),
            Self::OutOfRange => (
                beside(json!({"t": tag_key(tag), "age_ms": 30, "rssi": -600})),
                None,
            ),
            Self::Future => (
                beside(
                    json!({"t": tag_key(clock_tag), "at_ms": sent_at_ms + AHEAD_MS, "rssi": -70}),
                ),
                None,
            ),
            Self::TooOld => (
                beside(json!({"t": tag_key(tag), "age_ms": TOO_OLD_MS, "rssi": -70})),
                None,
            ),
            Self::LongTagId => (beside(json!({"t": "A".repeat(500), "rssi": -70})), None),
            Self::Unroutable => (body(json!([good])), Some("lost.and.found")),
        };
        let stored = match self.scope() {
            QuarantineScope::Message => Vec::new(),
            QuarantineScope::Sighting => {
                let seen = Some(sent_at_ms - 20);
                let mut stored = vec![(0, tag, seen), (2, tag, seen)];
                if self == Self::Future {
                    stored.push((1, clock_tag, None));
                }
                stored
            }
        };
        BadMessage {
            kind: self,
            batch_id,
            body: text.into_bytes(),
            routing_key,
            stored,
        }
    }
}

/// The batch id that stands in the first bytes of a body made here.
#[must_use]
pub fn batch_id_in(body: &[u8]) -> Option<Uuid> {
    let rest = body.strip_prefix(b"{\"batch_id\":\"")?;
    std::str::from_utf8(rest.get(..36)?).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::envelope::parse;

    #[test]
    fn the_parser_refuses_each_kind_for_its_own_reason() {
        // Often, because the id is random and stands in the body too.
        for kind in BadKind::ALL.into_iter().cycle().take(5_500) {
            let bad = kind.message("stage-1", 1_767_225_600_000, 3, 4);
            assert_eq!(batch_id_in(&bad.body), Some(bad.batch_id), "{kind:?}");
            let parsed = parse(&bad.body, "stage-1");
            match kind {
                // Whether a time is too old or ahead is decided with the clock, and a key by the broker.
                BadKind::Future | BadKind::TooOld | BadKind::Unroutable => {
                    assert_eq!(parsed.unwrap().rejected, 0, "{kind:?}");
                }
                _ if kind.scope() == QuarantineScope::Sighting => {
                    let envelope = parsed.unwrap();
                    assert_eq!(envelope.rejects[0].reason, kind.reason());
                    assert_eq!(envelope.sightings.len(), 2, "{kind:?}");
                }
                _ => assert_eq!(parsed.unwrap_err().reason(), kind.reason(), "{kind:?}"),
            }
        }
    }
}
