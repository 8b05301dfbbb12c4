//! Assets as the pages need them.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::deserialize::QueryableByName;
use diesel::sql_types::{BigInt, Bool, Date, Nullable, SmallInt, Text, Timestamptz};

use crate::db::types::{AssetStatus, PlaceBasis, RoomKind, SafetyHold, Technology};
use crate::ids::{AssetId, AssetTypeId, ReaderId, RoomId, TagId};
use crate::location::certainty::{
    Certainty, CertaintyRules, EvidenceKind, PlaceEvidence, decide_certainty,
};
use crate::places::model::room_label;

/// An asset in a list: what it is, where it is, and what that rests on.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct AssetEntry {
    /// The asset.
    #[diesel(sql_type = BigInt)]
    pub asset_id: AssetId,
    /// The number on its label.
    #[diesel(sql_type = Text)]
    pub asset_number: String,
    /// What a nurse calls it.
    #[diesel(sql_type = Text)]
    pub type_name: String,
    /// Its type.
    #[diesel(sql_type = BigInt)]
    pub asset_type_id: AssetTypeId,
    /// Maker of its model.
    #[diesel(sql_type = Nullable<Text>)]
    pub maker: Option<String>,
    /// Name of its model.
    #[diesel(sql_type = Nullable<Text>)]
    pub model_name: Option<String>,
    /// Status and what may stand against using it.
    #[diesel(embed)]
    pub standing: Standing,
    /// When service is due.
    #[diesel(sql_type = Nullable<Date>)]
    pub service_due_on: Option<NaiveDate>,
    /// Name of the unit that owns it.
    #[diesel(sql_type = Nullable<Text>)]
    pub owner_unit_name: Option<String>,
    /// Where it is.
    #[diesel(embed)]
    pub place: PlaceFacts,
    /// The room it is in, in words.
    #[diesel(sql_type = Nullable<Text>)]
    pub room_name: Option<String>,
    /// What that room is for.
    #[diesel(sql_type = Nullable<Text>)]
    pub room_kind: Option<RoomKind>,
    /// The room's unit, or its floor when it has none.
    #[diesel(sql_type = Nullable<Text>)]
    pub area_name: Option<String>,
}

/// What an asset's own row says about using it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, QueryableByName)]
pub struct Standing {
    /// Stored status.
    #[diesel(sql_type = Text)]
    pub status: AssetStatus,
    /// Why nobody may use it (R3).
    #[diesel(sql_type = Nullable<Text>)]
    pub safety_hold: Option<SafetyHold>,
    /// Service is overdue and its type may not be used then.
    #[diesel(sql_type = Bool)]
    pub is_service_blocked: bool,
}

impl Standing {
    /// A status without holds.
    #[must_use]
    pub fn of(status: AssetStatus) -> Self {
        Self {
            status,
            safety_hold: None,
            is_service_blocked: false,
        }
    }

    /// Whether a hold or overdue service stands against using it.
    #[must_use]
    pub fn is_held(&self) -> bool {
        self.safety_hold.is_some() || self.is_service_blocked
    }
}

impl AssetEntry {
    /// "Alaris GP"; the maker comes first where the model's name does not begin with it.
    #[must_use]
    pub fn model(&self) -> Option<String> {
        let name = self.model_name.as_deref()?;
        match self.maker.as_deref() {
            Some(maker) if !name.starts_with(maker) => Some(format!("{maker} {name}")),
            _ => Some(name.to_owned()),
        }
    }

    /// "Clean utility 3W-12, 3 West".
    #[must_use]
    pub fn place_short(&self) -> Option<String> {
        let name = self.room_name.as_deref()?;
        let label = room_label(name, self.room_kind.unwrap_or(RoomKind::Other));
        Some(match self.area_name.as_deref() {
            Some(area) => format!("{label}, {area}"),
            None => label,
        })
    }
}

/// What is known about the place of an asset.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, QueryableByName)]
pub struct PlaceFacts {
    /// The room of its open stay.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub room_id: Option<RoomId>,
    /// Since when it is there.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub entered_at: Option<DateTime<Utc>>,
    /// What the place rests on.
    #[diesel(sql_type = Nullable<Text>)]
    pub basis: Option<PlaceBasis>,
    /// When the newest of its tags was heard.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub seen_at: Option<DateTime<Utc>>,
    /// How often its tag beacons; `None` for passive tags.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub interval_ms: Option<i64>,
    /// When a person last confirmed this room.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub scanned_at: Option<DateTime<Utc>>,
    /// When somebody looked there and did not find it.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub not_here_at: Option<DateTime<Utc>>,
}

impl PlaceFacts {
    /// The certainty word at `now`; `readers_down_since` tells since when all readers of the room are down.
    #[must_use]
    pub fn certainty(
        &self,
        now: DateTime<Utc>,
        readers_down_since: Option<DateTime<Utc>>,
    ) -> Certainty {
        let evidence = PlaceEvidence {
            kind: match self.basis {
                None => EvidenceKind::Nothing,
                Some(PlaceBasis::Beacon) => EvidenceKind::RoomDecision,
                Some(PlaceBasis::Pass) => EvidenceKind::Pass,
                Some(PlaceBasis::Scan) => EvidenceKind::PersonScan,
            },
            entered_at: self.entered_at,
            seen_at: self.seen_at,
            scanned_at: self.scanned_at,
            expected_interval_ms: self.interval_ms,
            readers_down_since,
            not_here_at: self.not_here_at,
        };
        decide_certainty(now, &evidence, &CertaintyRules::default())
    }

    /// Newest evidence for the place: what the age on the page counts from.
    #[must_use]
    pub fn evidence_at(&self) -> Option<DateTime<Utc>> {
        self.seen_at.or(self.entered_at).max(self.scanned_at)
    }
}

/// A number that an asset is known by, besides its asset number.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct AssetIdentifier {
    /// Kind, as stored: serial, udi, barcode, giai, grai or other.
    #[diesel(sql_type = Text)]
    pub kind: String,
    /// The number.
    #[diesel(sql_type = Text)]
    pub value: String,
}

/// A tag that is on an asset now.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct AssetTag {
    /// The tag.
    #[diesel(sql_type = BigInt)]
    pub tag_id: TagId,
    /// Its canonical key.
    #[diesel(sql_type = Text)]
    pub tag_key: String,
    /// What it speaks.
    #[diesel(sql_type = Text)]
    pub technology: Technology,
    /// Since when it is on the asset.
    #[diesel(sql_type = Timestamptz)]
    pub assigned_at: DateTime<Utc>,
    /// When it was heard last.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub seen_at: Option<DateTime<Utc>>,
    /// The reader that places it.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub reader_id: Option<ReaderId>,
    /// That reader's id on the wire.
    #[diesel(sql_type = Nullable<Text>)]
    pub reader_key: Option<String>,
    /// Charge of its battery.
    #[diesel(sql_type = Nullable<SmallInt>)]
    pub battery_pct: Option<i16>,
}

/// A stay in a room that has ended.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct ClosedStay {
    /// The room.
    #[diesel(sql_type = BigInt)]
    pub room_id: RoomId,
    /// When it came.
    #[diesel(sql_type = Timestamptz)]
    pub entered_at: DateTime<Utc>,
    /// When it left.
    #[diesel(sql_type = Timestamptz)]
    pub left_at: DateTime<Utc>,
    /// What the place rested on.
    #[diesel(sql_type = Text)]
    pub basis: PlaceBasis,
    /// Name of the room.
    #[diesel(sql_type = Nullable<Text>)]
    pub room_name: Option<String>,
    /// What the room is for.
    #[diesel(sql_type = Nullable<Text>)]
    pub room_kind: Option<RoomKind>,
    /// The room's unit, or its floor when it has none.
    #[diesel(sql_type = Nullable<Text>)]
    pub area_name: Option<String>,
}

impl ClosedStay {
    /// "Clean utility 3W-12, 3 West"; a room that was taken away since has only its number.
    #[must_use]
    pub fn place_short(&self) -> String {
        let Some(name) = self.room_name.as_deref() else {
            return format!("a room that is no longer listed (number {})", self.room_id);
        };
        let label = room_label(name, self.room_kind.unwrap_or(RoomKind::Other));
        match self.area_name.as_deref() {
            Some(area) => format!("{label}, {area}"),
            None => label,
        }
    }
}

/// An asset that left a room a while ago.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct Departure {
    /// The asset.
    #[diesel(sql_type = BigInt)]
    pub asset_id: AssetId,
    /// The number on its label.
    #[diesel(sql_type = Text)]
    pub asset_number: String,
    /// What a nurse calls it.
    #[diesel(sql_type = Text)]
    pub type_name: String,
    /// When it came.
    #[diesel(sql_type = Timestamptz)]
    pub entered_at: DateTime<Utc>,
    /// When it left.
    #[diesel(sql_type = Timestamptz)]
    pub left_at: DateTime<Utc>,
}
