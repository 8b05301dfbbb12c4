//! Where a rule holds, and which rule that is.

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use crate::ids::{BuildingId, FacilityId, FloorId, ItemId, RoomId, StockPlaceId};
use crate::supplies::carry::Reach;
use crate::supplies::inherit::Level;
use crate::supplies::ledger::StockKey;

/// Floors, buildings and facilities that a form offers.
const SCOPES_MAX: i64 = 1_000;

/// Where a rule holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Everywhere.
    Everywhere,
    /// In a facility.
    Facility(FacilityId),
    /// In a building.
    Building(BuildingId),
    /// On a floor.
    Floor(FloorId),
    /// In a room.
    Room(RoomId),
    /// At a place of stock.
    Place(StockPlaceId),
}

impl std::fmt::Display for Scope {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Everywhere => write!(f, "everywhere"),
            Self::Facility(id) => write!(f, "facility-{id}"),
            Self::Building(id) => write!(f, "building-{id}"),
            Self::Floor(id) => write!(f, "floor-{id}"),
            Self::Room(id) => write!(f, "room-{id}"),
            Self::Place(id) => write!(f, "place-{id}"),
        }
    }
}

impl Scope {
    /// Reads what [`Display`](std::fmt::Display) wrote.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text == "everywhere" {
            return Some(Self::Everywhere);
        }
        let (kind, id) = text.split_once('-')?;
        let id: i64 = id.parse().ok()?;
        match kind {
            "facility" => Some(Self::Facility(FacilityId(id))),
            "building" => Some(Self::Building(BuildingId(id))),
            "floor" => Some(Self::Floor(FloorId(id))),
            "room" => Some(Self::Room(RoomId(id))),
            "place" => Some(Self::Place(StockPlaceId(id))),
            _ => None,
        }
    }

    /// How near it is.
    #[must_use]
    pub fn level(self) -> Level {
        match self {
            Self::Everywhere => Level::Everywhere,
            Self::Facility(_) => Level::Facility,
            Self::Building(_) => Level::Building,
            Self::Floor(_) => Level::Floor,
            Self::Room(_) => Level::Room,
            Self::Place(_) => Level::Place,
        }
    }

    /// The one id that it has, among: stock place, room, floor, building, facility.
    pub(super) fn ids(self) -> [Option<i64>; 5] {
        match self {
            Self::Everywhere => [None; 5],
            Self::Place(id) => [Some(id.0), None, None, None, None],
            Self::Room(id) => [None, Some(id.0), None, None, None],
            Self::Floor(id) => [None, None, Some(id.0), None, None],
            Self::Building(id) => [None, None, None, Some(id.0), None],
            Self::Facility(id) => [None, None, None, None, Some(id.0)],
        }
    }

    pub(super) fn from_ids(ids: [Option<i64>; 5]) -> Self {
        match ids {
            [Some(id), ..] => Self::Place(StockPlaceId(id)),
            [_, Some(id), ..] => Self::Room(RoomId(id)),
            [_, _, Some(id), ..] => Self::Floor(FloorId(id)),
            [_, _, _, Some(id), _] => Self::Building(BuildingId(id)),
            [_, _, _, _, Some(id)] => Self::Facility(FacilityId(id)),
            [None, None, None, None, None] => Self::Everywhere,
        }
    }
}

/// Which rule: there is at most one of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RuleKey {
    /// For this item; `None`: for all items.
    pub item_id: Option<ItemId>,
    /// Where.
    pub scope: Scope,
}

impl RuleKey {
    /// What it reaches.
    #[must_use]
    pub fn reach(self) -> Reach {
        let [place, room, floor, building, facility] = self.scope.ids();
        Reach {
            item_id: self.item_id,
            stock_place_id: place.map(StockPlaceId),
            room_id: room.map(RoomId),
            floor_id: floor.map(FloorId),
            building_id: building.map(BuildingId),
            facility_id: facility.map(FacilityId),
            ..Reach::default()
        }
    }

    /// The item and place, when it is about one of each.
    #[must_use]
    pub fn stock(self) -> Option<StockKey> {
        match (self.item_id, self.scope) {
            (Some(item_id), Scope::Place(stock_place_id)) => Some(StockKey {
                item_id,
                stock_place_id,
            }),
            _ => None,
        }
    }
}

#[derive(QueryableByName)]
struct NamedRow {
    #[diesel(sql_type = Text)]
    scope: String,
    #[diesel(sql_type = Text)]
    name: String,
}

/// Facilities, buildings and floors to choose from, with their names.
///
/// # Errors
/// When the database fails.
pub async fn list_scopes(mut conn: &AsyncPgConnection) -> QueryResult<Vec<(Scope, String)>> {
    let rows: Vec<NamedRow> = sql_query(
        "SELECT scope, name FROM (
            SELECT 1 AS depth, 'facility-' || id AS scope, name, 0 AS level FROM facility
            UNION ALL SELECT 2, 'building-' || id, name, 0 FROM building
            UNION ALL SELECT 3, 'floor-' || f.id, f.name || ', ' || b.name, f.level FROM floor f JOIN building b ON b.id = f.building_id
         ) s ORDER BY depth, name, level, scope LIMIT $1",
    )
    .bind::<BigInt, _>(SCOPES_MAX)
    .load(&mut conn)
    .await?;
    let scope = |row: NamedRow| Some((Scope::parse(&row.scope)?, row.name));
    Ok(rows.into_iter().filter_map(scope).collect())
}

/// The place of stock, or else the rooms, with this name in any case.
///
/// # Errors
/// When the database fails.
pub async fn find_named_scopes(
    mut conn: &AsyncPgConnection,
    name: &str,
) -> QueryResult<Vec<(Scope, String)>> {
    let rows: Vec<NamedRow> = sql_query(
        "WITH places AS (SELECT 'place-' || id AS scope, name FROM stock_place WHERE lower(name) = lower($1) AND NOT is_retired)
         SELECT scope, name FROM places
         UNION ALL SELECT 'room-' || r.id, r.name || ', ' || f.name FROM room r JOIN floor f ON f.id = r.floor_id
         WHERE lower(r.name) = lower($1) AND NOT EXISTS (SELECT FROM places) ORDER BY 2, 1 LIMIT 20",
    )
    .bind::<Text, _>(name)
    .load(&mut conn)
    .await?;
    let scope = |row: NamedRow| Some((Scope::parse(&row.scope)?, row.name));
    Ok(rows.into_iter().filter_map(scope).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_read_back_and_nonsense_is_not() {
        for scope in [
            Scope::Everywhere,
            Scope::Facility(FacilityId(1)),
            Scope::Building(BuildingId(2)),
            Scope::Floor(FloorId(3)),
            Scope::Room(RoomId(4)),
            Scope::Place(StockPlaceId(5)),
        ] {
            assert_eq!(Scope::parse(&scope.to_string()), Some(scope));
            assert_eq!(Scope::from_ids(scope.ids()), scope);
        }
        for text in ["", "room", "room-x", "shelf-3", "room-9999999999999999999"] {
            assert_eq!(Scope::parse(text), None, "{text}");
        }
    }
}
