//! Rooms and floors as the pages need them.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use diesel::deserialize::QueryableByName;
use diesel::sql_types::{BigInt, Integer, Nullable, Text, Timestamptz};

use crate::db::types::{ReaderState, RoomKind, Technology};
use crate::ids::{FloorId, ReaderId, RoomId, UnitId};

/// A room with everything above it in the tree.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct RoomPlace {
    /// The room.
    #[diesel(sql_type = BigInt)]
    pub room_id: RoomId,
    /// Its name, such as `3W-12`.
    #[diesel(sql_type = Text)]
    pub room_name: String,
    /// What it is for.
    #[diesel(sql_type = Text)]
    pub room_kind: RoomKind,
    /// Its floor.
    #[diesel(sql_type = BigInt)]
    pub floor_id: FloorId,
    /// Name of the floor.
    #[diesel(sql_type = Text)]
    pub floor_name: String,
    /// Name of the building.
    #[diesel(sql_type = Text)]
    pub building_name: String,
    /// The unit that the room belongs to.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub unit_id: Option<UnitId>,
    /// Name of the unit.
    #[diesel(sql_type = Nullable<Text>)]
    pub unit_name: Option<String>,
    /// Time zone of the facility, as stored.
    #[diesel(sql_type = Text)]
    pub time_zone: String,
}

impl RoomPlace {
    /// "Clean utility 3W-12".
    #[must_use]
    pub fn label(&self) -> String {
        room_label(&self.room_name, self.room_kind)
    }

    /// "Clean utility 3W-12, 3 West": the shortest text that takes a person there; the floor when there is no unit.
    #[must_use]
    pub fn short(&self) -> String {
        let area = self.unit_name.as_deref().unwrap_or(&self.floor_name);
        format!("{}, {area}", self.label())
    }

    /// "Main building, Level 3": the way to the room.
    #[must_use]
    pub fn way(&self) -> String {
        format!("{}, {}", self.building_name, self.floor_name)
    }

    /// The time zone; UTC when the stored name is not known.
    #[must_use]
    pub fn tz(&self) -> Tz {
        self.time_zone.parse().unwrap_or(Tz::UTC)
    }
}

/// A room's name with its kind before it, unless the name already says what it is: "Clean utility 3W-12", but "Bay 2".
#[must_use]
pub fn room_label(name: &str, kind: RoomKind) -> String {
    let says_what_it_is = name
        .split(|c: char| !c.is_alphabetic())
        .any(|word| word.chars().count() >= 3);
    if kind == RoomKind::Other || says_what_it_is {
        return name.to_owned();
    }
    format!("{} {name}", kind_word(kind))
}

/// The kind of a room in words.
#[must_use]
pub fn kind_word(kind: RoomKind) -> &'static str {
    match kind {
        RoomKind::PatientRoom => "Patient room",
        RoomKind::PatientCareArea => "Care area",
        RoomKind::CleanUtility => "Clean utility",
        RoomKind::SoiledUtility => "Soiled utility",
        RoomKind::EquipmentStorage => "Equipment store",
        RoomKind::EquipmentRoom => "Equipment room",
        RoomKind::SupplyRoom => "Supply room",
        RoomKind::CentralStore => "Central store",
        RoomKind::NurseStation => "Nurse station",
        RoomKind::Hallway => "Hallway",
        RoomKind::BiomedShop => "Biomed shop",
        RoomKind::Laundry => "Laundry",
        RoomKind::Waste => "Waste",
        RoomKind::ShippingReceiving => "Loading dock",
        RoomKind::Exit => "Exit",
        RoomKind::Office => "Office",
        RoomKind::Plant => "Plant room",
        RoomKind::Other => "Room",
    }
}

/// A floor in the list of floors.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct FloorEntry {
    /// The floor.
    #[diesel(sql_type = BigInt)]
    pub floor_id: FloorId,
    /// Its name.
    #[diesel(sql_type = Text)]
    pub floor_name: String,
    /// Storeys above the ground floor.
    #[diesel(sql_type = Integer)]
    pub level: i32,
    /// Name of the building.
    #[diesel(sql_type = Text)]
    pub building_name: String,
    /// Rooms on it.
    #[diesel(sql_type = BigInt)]
    pub rooms: i64,
}

/// A room of a floor with how many assets are in it.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct RoomCount {
    /// The room.
    #[diesel(sql_type = BigInt)]
    pub room_id: RoomId,
    /// Its name.
    #[diesel(sql_type = Text)]
    pub room_name: String,
    /// What it is for.
    #[diesel(sql_type = Text)]
    pub room_kind: RoomKind,
    /// Name of its unit.
    #[diesel(sql_type = Nullable<Text>)]
    pub unit_name: Option<String>,
    /// Assets that are there as far as we know.
    #[diesel(sql_type = BigInt)]
    pub assets: i64,
    /// Readers in use that cover it.
    #[diesel(sql_type = BigInt)]
    pub readers: i64,
    /// Since when all its readers are down; `None` while one works, or when it has none.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub down_since: Option<DateTime<Utc>>,
}

/// A room in which no reader works.
#[derive(Clone, Copy, Debug, PartialEq, Eq, QueryableByName)]
pub struct DownRoom {
    /// The room.
    #[diesel(sql_type = BigInt)]
    pub room_id: RoomId,
    /// Since when the last of its readers is down.
    #[diesel(sql_type = Timestamptz)]
    pub since: DateTime<Utc>,
}

/// A reader that covers a room.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct RoomReader {
    /// The reader.
    #[diesel(sql_type = BigInt)]
    pub reader_id: ReaderId,
    /// Its id on the wire.
    #[diesel(sql_type = Text)]
    pub reader_key: String,
    /// What it speaks.
    #[diesel(sql_type = Text)]
    pub technology: Technology,
    /// Whether its sightings are used.
    #[diesel(sql_type = Text)]
    pub state: ReaderState,
    /// Since when it is silent.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub down_since: Option<DateTime<Utc>>,
    /// When it sent something last.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub last_message_at: Option<DateTime<Utc>>,
    /// Names of the zones it covers here.
    #[diesel(sql_type = Text)]
    pub zones: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_room_that_is_only_a_number_gets_its_kind_before_it() {
        for (name, kind, label) in [
            ("3W-12", RoomKind::CleanUtility, "Clean utility 3W-12"),
            ("4.112", RoomKind::EquipmentStorage, "Equipment store 4.112"),
            ("Bay 2", RoomKind::PatientCareArea, "Bay 2"),
            (
                "Clean utility 3W-12",
                RoomKind::CleanUtility,
                "Clean utility 3W-12",
            ),
            ("A7", RoomKind::Other, "A7"),
        ] {
            assert_eq!(room_label(name, kind), label);
        }
    }

    #[test]
    fn a_place_names_its_unit_or_else_its_floor() {
        let mut place = RoomPlace {
            room_id: RoomId(1),
            room_name: "3W-12".into(),
            room_kind: RoomKind::CleanUtility,
            floor_id: FloorId(1),
            floor_name: "Level 3".into(),
            building_name: "Main building".into(),
            unit_id: Some(UnitId(1)),
            unit_name: Some("3 West".into()),
            time_zone: "Europe/London".into(),
        };
        assert_eq!(place.short(), "Clean utility 3W-12, 3 West");
        place.unit_name = None;
        assert_eq!(place.short(), "Clean utility 3W-12, Level 3");
        assert_eq!(place.way(), "Main building, Level 3");
    }
}
