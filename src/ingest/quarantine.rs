//! Input that could not be used: kept with its reason where an administrator can look at it.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::envelope::{BODY_BYTES_MAX, Refusal, Reject};
use crate::db::types::QuarantineScope;

/// A row of `quarantine` to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewQuarantine {
    /// When it arrived.
    pub received_at: DateTime<Utc>,
    /// A message, or one sighting of it.
    pub scope: QuarantineScope,
    /// The word it is counted under.
    pub reason: &'static str,
    /// What is wrong and what to send instead.
    pub detail: String,
    /// Key it came under.
    pub routing_key: String,
    /// Reader that the key names.
    pub reader_key: Option<String>,
    /// Batch of a refused sighting.
    pub batch_id: Option<Uuid>,
    /// Position in the batch of a refused sighting.
    pub batch_index: Option<i32>,
    /// The bytes, at most 256 KiB.
    pub body: Vec<u8>,
    /// Their full number.
    pub body_bytes: i32,
    /// Declared content type.
    pub content_type: Option<String>,
}

/// Where a message came from.
#[derive(Clone, Copy, Debug)]
pub struct Origin<'a> {
    /// When it arrived.
    pub received_at: DateTime<Utc>,
    /// Its routing key.
    pub routing_key: &'a str,
    /// Reader that the key names.
    pub reader_key: Option<&'a str>,
    /// Declared content type.
    pub content_type: Option<&'a str>,
}

impl NewQuarantine {
    /// A message that was refused as a whole.
    #[must_use]
    pub fn message(origin: Origin<'_>, reason: &'static str, detail: &str, body: &[u8]) -> Self {
        Self {
            received_at: origin.received_at,
            scope: QuarantineScope::Message,
            reason,
            detail: printable(detail),
            routing_key: printable(origin.routing_key),
            reader_key: origin.reader_key.map(printable),
            batch_id: None,
            batch_index: None,
            body: body
                .get(..body.len().min(BODY_BYTES_MAX))
                .unwrap_or_default()
                .to_vec(),
            body_bytes: i32::try_from(body.len()).unwrap_or(i32::MAX),
            content_type: origin.content_type.map(printable),
        }
    }

    /// A message that does not follow the contract.
    #[must_use]
    pub fn refused(origin: Origin<'_>, refusal: &Refusal, body: &[u8]) -> Self {
        Self::message(origin, refusal.reason(), &refusal.to_string(), body)
    }

    /// One sighting of a good message.
    #[must_use]
    pub fn sighting(origin: Origin<'_>, batch_id: Uuid, reject: &Reject) -> Self {
        Self {
            scope: QuarantineScope::Sighting,
            batch_id: Some(batch_id),
            batch_index: Some(i32::from(reject.index)),
            ..Self::message(origin, reject.reason, &reject.detail, reject.raw.as_bytes())
        }
    }
}

/// The text without control characters: they would be invisible on a page, and Postgres takes no NUL in a text.
#[must_use]
pub fn printable(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { '\u{FFFD}' } else { c })
        .take(2_000)
        .collect()
}
