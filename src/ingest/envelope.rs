//! The message contract, version 1: parsing what a reader sent.
//!
//! A good message is parsed in one pass into borrowed structs. Only when that fails is it parsed again, field by field and
//! element by element, to tell a broken message (refused whole) from a broken sighting (refused alone, with its raw text).
//! Unknown fields are ignored: inside version 1 there are only additions.

use std::borrow::Cow;

use chrono::{DateTime, NaiveDate};
use serde::Deserialize;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::quarantine::printable;
use crate::codes::tag_key::{TagKeyError, canonical};

/// Longest body, in bytes.
pub const BODY_BYTES_MAX: usize = 256 * 1024;
/// Most sightings in a message.
pub const SIGHTINGS_MAX: usize = 5_000;
/// Deepest nesting of a body.
pub const DEPTH_MAX: usize = 8;
/// Refused sightings of one message whose raw text is kept; further ones are counted.
pub const REJECTS_KEPT_MAX: usize = 20;
/// Longest raw text kept of a refused sighting, in bytes.
const RAW_BYTES_MAX: usize = 2_048;

/// Why a whole message was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// More bytes than allowed.
    #[error(
        "the body has {bytes} bytes, at most {BODY_BYTES_MAX} are allowed: send smaller batches"
    )]
    TooLarge {
        /// Its length.
        bytes: usize,
    },
    /// Not JSON (NaN is not JSON either).
    #[error("the body is not JSON: {detail}")]
    NotJson {
        /// What the parser said, with line and column.
        detail: String,
    },
    /// Nested too deeply.
    #[error("the body is nested more than {DEPTH_MAX} levels deep")]
    TooDeep,
    /// Another version of the contract.
    #[error("v is {version}: this server understands version 1")]
    UnsupportedVersion {
        /// What `v` says.
        version: String,
    },
    /// A field of the envelope is missing or wrong.
    #[error("{field} {problem}")]
    BadEnvelope {
        /// The field.
        field: &'static str,
        /// What is wrong and what to send instead.
        problem: String,
    },
    /// More sightings than allowed.
    #[error("s has {count} sightings, at most {SIGHTINGS_MAX} are allowed: send smaller batches")]
    TooManySightings {
        /// How many there are.
        count: usize,
    },
    /// Neither an id nor anything that tells two messages apart.
    #[error(
        "batch_id is missing, and so are sent_at_ms and seq: send a UUID in batch_id, the same one when you repeat the message"
    )]
    MissingBatchId,
    /// The body names another reader than the sign-in (I-3).
    #[error(
        "reader is {named:?}, but the sender signed in as {reader_key:?}: each reader may only speak for itself"
    )]
    IdentityMismatch {
        /// What the body says.
        named: String,
        /// What the routing key says.
        reader_key: String,
    },
}

impl Refusal {
    /// The word under which it is kept and counted.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "too_large",
            Self::NotJson { .. } => "not_json",
            Self::TooDeep => "too_deep",
            Self::UnsupportedVersion { .. } => "unsupported_version",
            Self::BadEnvelope { .. } => "bad_envelope",
            Self::TooManySightings { .. } => "too_many_sightings",
            Self::MissingBatchId => "missing_batch_id",
            Self::IdentityMismatch { .. } => "identity_mismatch",
        }
    }
}

/// When a sighting happened, as the reader says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// Milliseconds before `sent_at_ms`.
    AgeMs(i64),
    /// Milliseconds since 1970 by the reader's clock.
    AtMs(i64),
}

/// One good sighting.
#[derive(Clone, Debug, PartialEq)]
pub struct Sighting<'a> {
    /// Position in `s`.
    pub index: u16,
    /// Canonical tag key.
    pub tag_key: Cow<'a, str>,
    /// When.
    pub heard: Heard,
    /// Level; `None` when the reader does not know it.
    pub rssi_dbm: Option<f32>,
    /// Antenna port.
    pub antenna_port: Option<u8>,
    /// Battery of the tag, per cent.
    pub battery_pct: Option<u8>,
}

/// One sighting that was refused or corrected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reject {
    /// Position in `s`.
    pub index: u16,
    /// The word under which it is kept and counted.
    pub reason: &'static str,
    /// What is wrong and what to send instead.
    pub detail: String,
    /// Its raw text.
    pub raw: String,
}

/// Part of a full inventory of a cabinet or shelf.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct Inventory {
    /// Number of the inventory, per reader.
    pub seq: u64,
    /// Which part this is, from 1.
    pub part: u16,
    /// How many parts there are.
    pub parts: u16,
}

/// A message that can be used.
#[derive(Clone, Debug, PartialEq)]
pub struct Envelope<'a> {
    /// Id of the batch: the reader's, or derived from the body.
    pub batch_id: Uuid,
    /// Day for the dedupe partition, from the message and never from the arrival (I-11).
    pub batch_day: NaiveDate,
    /// Reader clock when the batch was closed.
    pub sent_at_ms: Option<i64>,
    /// Start counter of the reader.
    pub boot: Option<Cow<'a, str>>,
    /// Message counter within one start.
    pub seq: Option<u64>,
    /// Whether it is part of a full inventory.
    pub inventory: Option<Inventory>,
    /// Reader events in words, such as `antenna_down, antenna 3`.
    pub events: Vec<String>,
    /// Good sightings.
    pub sightings: Vec<Sighting<'a>>,
    /// Refused ones, the first [`REJECTS_KEPT_MAX`].
    pub rejects: Vec<Reject>,
    /// How many were refused.
    pub rejected: u32,
}

#[derive(Deserialize)]
struct FastBody<'a> {
    v: u64,
    batch_id: Option<Uuid>,
    #[serde(borrow)]
    reader: Option<Cow<'a, str>>,
    sent_at_ms: Option<i64>,
    #[serde(borrow)]
    boot: Option<Cow<'a, str>>,
    seq: Option<u64>,
    inv: Option<Inventory>,
    #[serde(default, borrow)]
    ev: Vec<RawEvent<'a>>,
    #[serde(borrow)]
    s: Vec<FastSighting<'a>>,
}

#[derive(Deserialize)]
struct RawEvent<'a> {
    #[serde(borrow)]
    kind: Cow<'a, str>,
    ant: Option<u8>,
}

#[derive(Deserialize)]
struct FastSighting<'a> {
    #[serde(borrow)]
    t: Cow<'a, str>,
    age_ms: Option<i64>,
    at_ms: Option<i64>,
    rssi: Option<f32>,
    ant: Option<i64>,
    n: Option<i64>,
    bat: Option<i64>,
    temp: Option<f32>,
}

#[derive(Deserialize)]
struct SlowBody<'a> {
    #[serde(borrow)]
    v: Option<&'a RawValue>,
    #[serde(borrow)]
    batch_id: Option<&'a RawValue>,
    #[serde(borrow)]
    reader: Option<&'a RawValue>,
    #[serde(borrow)]
    sent_at_ms: Option<&'a RawValue>,
    #[serde(borrow)]
    boot: Option<&'a RawValue>,
    #[serde(borrow)]
    seq: Option<&'a RawValue>,
    #[serde(borrow)]
    inv: Option<&'a RawValue>,
    #[serde(borrow)]
    ev: Option<&'a RawValue>,
    #[serde(borrow)]
    s: Option<&'a RawValue>,
}

/// Parses the body of a message that came under the key of `reader_key`.
///
/// # Errors
/// When the whole message is refused; single bad sightings are in [`Envelope::rejects`].
pub fn parse<'a>(body: &'a [u8], reader_key: &str) -> Result<Envelope<'a>, Refusal> {
    if body.len() > BODY_BYTES_MAX {
        return Err(Refusal::TooLarge { bytes: body.len() });
    }
    if depth_exceeds(body, DEPTH_MAX) {
        return Err(Refusal::TooDeep);
    }
    let envelope = match parse_fast(body, reader_key)? {
        Some(envelope) => envelope,
        None => parse_slow(body, reader_key)?,
    };
    Ok(envelope)
}

/// The whole message at once; `None` when anything in it needs a closer look.
fn parse_fast<'a>(body: &'a [u8], reader_key: &str) -> Result<Option<Envelope<'a>>, Refusal> {
    let Ok(fast) = serde_json::from_slice::<FastBody<'a>>(body) else {
        return Ok(None);
    };
    if fast.v != 1 || fast.s.len() > SIGHTINGS_MAX {
        return Ok(None);
    }
    let mut sightings = Vec::with_capacity(fast.s.len());
    for (index, raw) in (0_u16..).zip(fast.s) {
        match check_sighting(index, raw) {
            Ok(sighting) => sightings.push(sighting),
            Err(_) => return Ok(None),
        }
    }
    let head = Head {
        batch_id: fast.batch_id,
        reader: fast.reader,
        sent_at_ms: fast.sent_at_ms,
        boot: fast.boot,
        seq: fast.seq,
        inventory: fast.inv,
        events: fast.ev.iter().map(event_words).collect(),
    };
    finish(body, reader_key, head, sightings, vec![], 0).map(Some)
}

/// Field by field and element by element, to name what is wrong.
fn parse_slow<'a>(body: &'a [u8], reader_key: &str) -> Result<Envelope<'a>, Refusal> {
    // Types are looked at after syntax: a number where an object belongs is JSON, only not ours.
    serde_json::from_slice::<serde::de::IgnoredAny>(body).map_err(|error| Refusal::NotJson {
        detail: error.to_string(),
    })?;
    let slow: SlowBody<'a> =
        serde_json::from_slice(body).map_err(|error| Refusal::BadEnvelope {
            field: "the body",
            problem: format!(
                "is not an object with each field once ({error}): send {{\"v\":1,...}}"
            ),
        })?;
    let version = slow.v.ok_or(Refusal::BadEnvelope {
        field: "v",
        problem: "is missing: send 1".to_owned(),
    })?;
    if version.get() != "1" {
        return Err(Refusal::UnsupportedVersion {
            version: cut(version.get(), 40),
        });
    }
    let elements: Vec<&'a RawValue> = field(
        "s",
        slow.s,
        "send a list of sightings, empty for a heartbeat",
    )?
    .ok_or(Refusal::BadEnvelope {
        field: "s",
        problem: "is missing: send a list, empty for a heartbeat".to_owned(),
    })?;
    if elements.len() > SIGHTINGS_MAX {
        return Err(Refusal::TooManySightings {
            count: elements.len(),
        });
    }
    let events: Vec<&'a RawValue> =
        field("ev", slow.ev, "send a list of events")?.unwrap_or_default();
    let head = Head {
        batch_id: field("batch_id", slow.batch_id, "send a UUID")?,
        reader: field(
            "reader",
            slow.reader,
            "send the reader's id as text, or leave it out",
        )?,
        sent_at_ms: field(
            "sent_at_ms",
            slow.sent_at_ms,
            "send whole milliseconds since 1970",
        )?,
        boot: field("boot", slow.boot, "send a text")?,
        seq: field("seq", slow.seq, "send a whole number")?,
        inventory: field("inv", slow.inv, "send {\"seq\":17,\"part\":1,\"parts\":3}")?,
        events: events
            .into_iter()
            .filter_map(|raw| serde_json::from_str::<RawEvent<'_>>(raw.get()).ok())
            .map(|event| event_words(&event))
            .collect(),
    };
    let (mut sightings, mut rejects, mut rejected) =
        (Vec::with_capacity(elements.len()), Vec::new(), 0_u32);
    for (index, raw) in (0_u16..).zip(elements) {
        let checked = serde_json::from_str::<FastSighting<'a>>(raw.get())
            .map_err(|error| {
                (
                    "bad_sighting",
                    format!("{error}: send {{\"t\":..,\"age_ms\":..,\"rssi\":..}}"),
                )
            })
            .and_then(|fast| check_sighting(index, fast));
        match checked {
            Ok(sighting) => sightings.push(sighting),
            Err((reason, detail)) => {
                rejected += 1;
                if rejects.len() < REJECTS_KEPT_MAX {
                    rejects.push(Reject {
                        index,
                        reason,
                        detail,
                        raw: cut(raw.get(), RAW_BYTES_MAX),
                    });
                }
            }
        }
    }
    finish(body, reader_key, head, sightings, rejects, rejected)
}

struct Head<'a> {
    batch_id: Option<Uuid>,
    reader: Option<Cow<'a, str>>,
    sent_at_ms: Option<i64>,
    boot: Option<Cow<'a, str>>,
    seq: Option<u64>,
    inventory: Option<Inventory>,
    events: Vec<String>,
}

fn finish<'a>(
    body: &[u8],
    reader_key: &str,
    head: Head<'a>,
    sightings: Vec<Sighting<'a>>,
    rejects: Vec<Reject>,
    rejected: u32,
) -> Result<Envelope<'a>, Refusal> {
    if let Some(named) = head.reader.filter(|named| named != reader_key) {
        return Err(Refusal::IdentityMismatch {
            named: cut(&named, 100),
            reader_key: reader_key.to_owned(),
        });
    }
    if let Some(sent_at_ms) = head.sent_at_ms
        && !(0..=MS_MAX).contains(&sent_at_ms)
    {
        let problem = format!("is {sent_at_ms}: send milliseconds since 1970");
        return Err(Refusal::BadEnvelope {
            field: "sent_at_ms",
            problem,
        });
    }
    if let Some(inventory) = head.inventory
        && !(1..=inventory.parts).contains(&inventory.part)
    {
        let problem = format!(
            "says part {} of {}: parts count from 1",
            inventory.part, inventory.parts
        );
        return Err(Refusal::BadEnvelope {
            field: "inv",
            problem,
        });
    }
    let batch_day = batch_day(head.batch_id, head.sent_at_ms);
    let batch_id = match head.batch_id {
        Some(batch_id) => batch_id,
        None if head.sent_at_ms.is_some() || head.seq.is_some() => {
            derived_batch_id(reader_key, body)
        }
        None => return Err(Refusal::MissingBatchId),
    };
    Ok(Envelope {
        batch_id,
        batch_day,
        sent_at_ms: head.sent_at_ms,
        boot: head.boot,
        seq: head.seq,
        inventory: head.inventory,
        events: head.events,
        sightings,
        rejects,
        rejected,
    })
}

/// Largest time that is taken: the year 2262, where nanoseconds end.
const MS_MAX: i64 = 9_223_372_036_854;

fn check_sighting(
    index: u16,
    raw: FastSighting<'_>,
) -> Result<Sighting<'_>, (&'static str, String)> {
    let tag_key = match raw.t {
        Cow::Borrowed(text) => canonical(text),
        Cow::Owned(text) => canonical(&text).map(|key| Cow::Owned(key.into_owned())),
    }
    .map_err(|error| match error {
        TagKeyError::TooLong => ("tag_too_long", error.to_string()),
        _ => ("bad_tag", error.to_string()),
    })?;
    let range = |name: &str, value: f64, min: f64, max: f64| {
        if value >= min && value <= max {
            return Ok(());
        }
        Err((
            "number_out_of_range",
            format!("{name} is {value}: send {min} to {max}, or leave it out"),
        ))
    };
    #[expect(
        clippy::as_conversions,
        clippy::cast_precision_loss,
        reason = "only compared with small limits"
    )]
    let whole = |name: &str, value: Option<i64>, min: i64, max: i64| match value {
        None => Ok(()),
        Some(value) => range(name, value as f64, min as f64, max as f64),
    };
    whole("age_ms", raw.age_ms, 0, MS_MAX)?;
    whole("at_ms", raw.at_ms, 0, MS_MAX)?;
    whole("ant", raw.ant, 0, 255)?;
    whole("n", raw.n, 1, 1_000_000)?;
    whole("bat", raw.bat, 0, 100)?;
    for (name, value, min, max) in [
        ("rssi", raw.rssi, -150.0, 30.0),
        ("temp", raw.temp, -100.0, 200.0),
    ] {
        value.map_or(Ok(()), |value| range(name, f64::from(value), min, max))?;
    }
    let heard = match (raw.age_ms, raw.at_ms) {
        (Some(age_ms), _) => Heard::AgeMs(age_ms),
        (None, Some(at_ms)) => Heard::AtMs(at_ms),
        (None, None) => Heard::AgeMs(0),
    };
    Ok(Sighting {
        index,
        tag_key,
        heard,
        // Zero, positive levels and -128 are how radios say "unknown".
        rssi_dbm: raw.rssi.filter(|rssi| *rssi < 0.0 && *rssi > -127.5),
        antenna_port: raw.ant.and_then(|ant| u8::try_from(ant).ok()),
        battery_pct: raw.bat.and_then(|bat| u8::try_from(bat).ok()),
    })
}

fn field<'a, T: Deserialize<'a>>(
    name: &'static str,
    raw: Option<&'a RawValue>,
    remedy: &str,
) -> Result<Option<T>, Refusal> {
    let Some(raw) = raw else { return Ok(None) };
    serde_json::from_str::<Option<T>>(raw.get()).map_err(|_| Refusal::BadEnvelope {
        field: name,
        problem: format!("is {}: {remedy}", cut(raw.get(), 60)),
    })
}

fn event_words(event: &RawEvent<'_>) -> String {
    // Control characters would be invisible on a page, and Postgres takes no NUL in a text.
    let kind = printable(&cut(&event.kind, 60));
    match event.ant {
        Some(ant) => format!("{kind}, antenna {ant}"),
        None => kind,
    }
}

/// First 16 bytes of SHA-256 of reader and body.
fn derived_batch_id(reader_key: &str, body: &[u8]) -> Uuid {
    let digest = Sha256::new()
        .chain_update(reader_key)
        .chain_update([0])
        .chain_update(body)
        .finalize();
    let mut bytes = [0; 16];
    for (byte, from) in bytes.iter_mut().zip(digest) {
        *byte = from;
    }
    Uuid::from_bytes(bytes)
}

/// The time of the UUID that the reader gave when it is a version 7, else the reader's clock, else a fixed day: whatever it
/// is, a repeat of the message gives the same day (I-11). A derived id is no date, though one in sixteen looks like version 7.
fn batch_day(given: Option<Uuid>, sent_at_ms: Option<i64>) -> NaiveDate {
    let of_id = given
        .filter(|batch_id| batch_id.get_version_num() == 7)
        .and_then(|batch_id| batch_id.get_timestamp())
        .and_then(|timestamp| {
            let (seconds, _) = timestamp.to_unix();
            DateTime::from_timestamp(i64::try_from(seconds).ok()?, 0)
        });
    of_id
        .or_else(|| sent_at_ms.and_then(DateTime::from_timestamp_millis))
        .map_or(NaiveDate::default(), |at| at.date_naive())
}

/// The text of one sighting of a body that was parsed before; empty when there is none at this position.
#[must_use]
pub fn raw_sighting(body: &[u8], index: u16) -> String {
    let elements: Option<Vec<&RawValue>> = serde_json::from_slice::<SlowBody<'_>>(body)
        .ok()
        .and_then(|slow| serde_json::from_str(slow.s?.get()).ok());
    elements
        .and_then(|elements| {
            elements
                .get(usize::from(index))
                .map(|raw| cut(raw.get(), RAW_BYTES_MAX))
        })
        .unwrap_or_default()
}

/// The first `bytes_max` bytes, cut at a character.
fn cut(text: &str, bytes_max: usize) -> String {
    text.get(..text.floor_char_boundary(bytes_max))
        .unwrap_or_default()
        .to_owned()
}

/// Whether brackets outside strings nest deeper than `depth_max`. Not a check of syntax.
fn depth_exceeds(body: &[u8], depth_max: usize) -> bool {
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for byte in body {
        match (in_string, byte) {
            (true, _) if escaped => escaped = false,
            (true, b'\\') => escaped = true,
            (true, b'"') => in_string = false,
            (false, b'"') => in_string = true,
            (false, b'[' | b'{') => {
                depth += 1;
                if depth > depth_max {
                    return true;
                }
            }
            (false, b']' | b'}') => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests;
