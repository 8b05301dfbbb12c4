//! Lines of equipment par as the pages need them.

use diesel::deserialize::QueryableByName;
use diesel::sql_types::{BigInt, Integer, Nullable, Text};

use super::rules::Par;
use crate::db::types::{CountState, RoomKind};
use crate::ids::{AssetTypeId, ParId, RoomId};
use crate::places::model::{kind_word, room_label};

/// Where a line holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ParPlace {
    /// In one room.
    Room(RoomId),
    /// In every room of a kind that has no line of its own.
    Kind(RoomKind),
}

/// A line of equipment par.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct ParLine {
    /// The line.
    #[diesel(sql_type = BigInt)]
    pub par_id: ParId,
    /// Of which type.
    #[diesel(sql_type = BigInt)]
    pub asset_type_id: AssetTypeId,
    /// Name of the type.
    #[diesel(sql_type = Text)]
    pub type_name: String,
    /// The room that it is for; `None`: all rooms of the kind.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub room_id: Option<RoomId>,
    /// Name of that room.
    #[diesel(sql_type = Nullable<Text>)]
    pub room_name: Option<String>,
    /// The room's unit, or its floor.
    #[diesel(sql_type = Nullable<Text>)]
    pub area_name: Option<String>,
    /// The kind that it is for, or the kind of its room.
    #[diesel(sql_type = Text)]
    pub room_kind: RoomKind,
    #[diesel(sql_type = Integer)]
    target: i32,
    #[diesel(sql_type = Integer)]
    critical: i32,
    #[diesel(sql_type = Nullable<Integer>)]
    maximum: Option<i32>,
}

impl ParLine {
    /// Its numbers.
    #[must_use]
    pub fn par(&self) -> Par {
        Par {
            target: self.target,
            critical: self.critical,
            maximum: self.maximum,
        }
    }

    /// "Clean utility 3W-12, 3 West" for the line of a room; `None` for one of a kind.
    #[must_use]
    pub fn room_words(&self) -> Option<String> {
        let label = room_label(self.room_name.as_deref()?, self.room_kind);
        Some(match &self.area_name {
            Some(area) => format!("{label}, {area}"),
            None => label,
        })
    }

    /// "clean utility": the kind in the middle of a sentence.
    #[must_use]
    pub fn kind_words(&self) -> String {
        kind_word(self.room_kind).to_lowercase()
    }

    /// A line for tests of templates.
    #[must_use]
    pub fn sample(room_id: Option<RoomId>, par: Par) -> Self {
        Self {
            par_id: ParId(1),
            asset_type_id: AssetTypeId(60_001),
            type_name: "infusion pump <b>".to_owned(),
            room_id,
            room_name: room_id.map(|_| "3W-12 <i>".to_owned()),
            area_name: room_id.map(|_| "3 West".to_owned()),
            room_kind: RoomKind::CleanUtility,
            target: par.target,
            critical: par.critical,
            maximum: par.maximum,
        }
    }
}

/// A room of a unit.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct UnitRoom {
    /// The room.
    #[diesel(sql_type = BigInt)]
    pub room_id: RoomId,
    /// Its name.
    #[diesel(sql_type = Text)]
    pub room_name: String,
    /// What it is for.
    #[diesel(sql_type = Text)]
    pub room_kind: RoomKind,
}

/// How many assets of a type are in a room in a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, QueryableByName)]
pub struct KeptCount {
    /// The type.
    #[diesel(sql_type = BigInt)]
    pub asset_type_id: AssetTypeId,
    /// The room.
    #[diesel(sql_type = BigInt)]
    pub room_id: RoomId,
    /// The state.
    #[diesel(sql_type = Text)]
    pub state: CountState,
    /// How many.
    #[diesel(sql_type = BigInt)]
    pub n: i64,
}

/// A room with ready assets of a type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, QueryableByName)]
pub struct ReadyRoom {
    /// The type.
    #[diesel(sql_type = BigInt)]
    pub asset_type_id: AssetTypeId,
    /// The room.
    #[diesel(sql_type = BigInt)]
    pub room_id: RoomId,
    /// How many are ready there.
    #[diesel(sql_type = BigInt)]
    pub ready: i64,
    /// The target that holds there.
    #[diesel(sql_type = Nullable<Integer>)]
    pub target: Option<i32>,
}
