//! Stores a [`SeedPlan`]: what is missing is inserted, what is there is kept, so a second run changes nothing.
//!
//! Rows are looked up first and inserted only when missing. `ON CONFLICT DO NOTHING` alone would do for the rows, but even
//! an INSERT of nothing fires the statement triggers that make every consumer load its reference data again.

mod drawings;
mod equipment;
mod pars;
mod supplies;
pub(super) mod supply_readers;

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::plan::{PlanReader, PlanRoom, SeedPlan};
use crate::db::schema::{
    antenna, asset, asset_place, building, facility, floor, reader, room, unit, zone,
};
use crate::db::types::ReaderState;
use crate::find::synonyms::exchange::{StarterScope, add_starter};
use crate::ids::{BuildingId, FacilityId, FloorId, ReaderId, RoomId, UnitId, ZoneId};
pub use supplies::store_supplies;
pub use supply_readers::store_supply_readers;

/// What was stored.
#[derive(Clone, Debug, Default)]
pub struct Stored {
    /// Rows that were missing.
    pub inserted: usize,
    /// The row of each reader, by its key.
    pub readers: HashMap<String, ReaderId>,
}

/// Ids by the names that the plan uses.
struct Ids {
    floors: HashMap<String, FloorId>,
    units: HashMap<String, UnitId>,
    rooms: HashMap<String, RoomId>,
}

/// Stores the plan. The caller opens the transaction. Readers that are inserted are approved at `now`: they are ours.
///
/// # Errors
/// When a statement fails, or the database holds a row that contradicts the plan (such as an asset number in other letters).
pub async fn store_plan(
    conn: &mut AsyncPgConnection,
    plan: &SeedPlan,
    now: DateTime<Utc>,
) -> QueryResult<Stored> {
    let mut inserted = 0;
    let ids = store_places(conn, plan, &mut inserted).await?;
    drawings::store_drawings(conn, plan, &ids, now, &mut inserted).await?;
    let readers = store_readers(conn, plan, &ids, now, &mut inserted).await?;
    let assets = equipment::store_assets(conn, plan, &ids, now, &mut inserted).await?;
    pars::store_pars(conn, plan, &mut inserted).await?;
    equipment::store_tags(conn, plan, &assets, now, &mut inserted).await?;
    // Types that have words already keep them as they are: an administrator may have taken some out.
    inserted += add_starter(conn, StarterScope::Bare).await?.added;
    Ok(Stored { inserted, readers })
}

/// The room in which each asset of the plan was last placed: number to room name. Rooms of other buildings are left out.
///
/// # Errors
/// When a statement fails.
pub async fn list_places(
    conn: &mut AsyncPgConnection,
    plan: &SeedPlan,
) -> QueryResult<HashMap<String, String>> {
    let numbers: HashSet<&str> = plan.assets.iter().map(|a| a.number.as_str()).collect();
    let rows: Vec<(String, String)> = asset_place::table
        .inner_join(asset::table)
        .inner_join(room::table.inner_join(floor::table.inner_join(building::table)))
        .filter(building::name.eq(&plan.building))
        .select((asset::asset_number, room::name))
        .load(conn)
        .await?;
    Ok(rows
        .into_iter()
        .filter(|(number, _)| numbers.contains(number.as_str()))
        .collect())
}

async fn store_places(
    conn: &mut AsyncPgConnection,
    plan: &SeedPlan,
    inserted: &mut usize,
) -> QueryResult<Ids> {
    let facility_id = store_facility(conn, plan, inserted).await?;
    let building_id = store_building(conn, plan, facility_id, inserted).await?;
    let floors = store_floors(conn, plan, building_id, inserted).await?;
    let units = store_units(conn, plan, facility_id, inserted).await?;
    let rooms = store_rooms(conn, plan, &floors, &units, inserted).await?;
    store_zones(conn, &plan.rooms, &rooms, inserted).await?;
    Ok(Ids {
        floors,
        units,
        rooms,
    })
}

async fn store_facility(
    conn: &mut AsyncPgConnection,
    plan: &SeedPlan,
    inserted: &mut usize,
) -> QueryResult<FacilityId> {
    let found: Option<FacilityId> = facility::table
        .filter(facility::name.eq(&plan.facility))
        .select(facility::id)
        .first(conn)
        .await
        .optional()?;
    if let Some(id) = found {
        return Ok(id);
    }
    *inserted += 1;
    diesel::insert_into(facility::table)
        .values((
            facility::name.eq(&plan.facility),
            facility::time_zone.eq(&plan.time_zone),
        ))
        .returning(facility::id)
        .get_result(conn)
        .await
}

async fn store_building(
    conn: &mut AsyncPgConnection,
    plan: &SeedPlan,
    facility_id: FacilityId,
    inserted: &mut usize,
) -> QueryResult<BuildingId> {
    let found: Option<BuildingId> = building::table
        .filter(building::facility_id.eq(facility_id))
        .filter(building::name.eq(&plan.building))
        .select(building::id)
        .first(conn)
        .await
        .optional()?;
    if let Some(id) = found {
        return Ok(id);
    }
    *inserted += 1;
    diesel::insert_into(building::table)
        .values((
            building::facility_id.eq(facility_id),
            building::name.eq(&plan.building),
        ))
        .returning(building::id)
        .get_result(conn)
        .await
}

async fn store_floors(
    conn: &mut AsyncPgConnection,
    plan: &SeedPlan,
    building_id: BuildingId,
    inserted: &mut usize,
) -> QueryResult<HashMap<String, FloorId>> {
    let known = floor::table
        .filter(floor::building_id.eq(building_id))
        .select((floor::name, floor::id));
    let mut ids: HashMap<String, FloorId> = known.load(conn).await?.into_iter().collect();
    let missing: Vec<_> = plan
        .floors
        .iter()
        .filter(|(name, _)| !ids.contains_key(name))
        .map(|(name, level)| {
            (
                floor::building_id.eq(building_id),
                floor::name.eq(name),
                floor::level.eq(level),
            )
        })
        .collect();
    if !missing.is_empty() {
        let rows: Vec<(String, FloorId)> = diesel::insert_into(floor::table)
            .values(missing)
            .returning((floor::name, floor::id))
            .get_results(conn)
            .await?;
        *inserted += rows.len();
        ids.extend(rows);
    }
    Ok(ids)
}

async fn store_units(
    conn: &mut AsyncPgConnection,
    plan: &SeedPlan,
    facility_id: FacilityId,
    inserted: &mut usize,
) -> QueryResult<HashMap<String, UnitId>> {
    let known = unit::table
        .filter(unit::facility_id.eq(facility_id))
        .select((unit::name, unit::id));
    let mut ids: HashMap<String, UnitId> = known.load(conn).await?.into_iter().collect();
    let missing: Vec<_> = plan
        .units
        .iter()
        .filter(|name| !ids.contains_key(*name))
        .map(|name| (unit::facility_id.eq(facility_id), unit::name.eq(name)))
        .collect();
    if !missing.is_empty() {
        let rows: Vec<(String, UnitId)> = diesel::insert_into(unit::table)
            .values(missing)
            .returning((unit::name, unit::id))
            .get_results(conn)
            .await?;
        *inserted += rows.len();
        ids.extend(rows);
    }
    Ok(ids)
}

async fn store_rooms(
    conn: &mut AsyncPgConnection,
    plan: &SeedPlan,
    floors: &HashMap<String, FloorId>,
    units: &HashMap<String, UnitId>,
    inserted: &mut usize,
) -> QueryResult<HashMap<String, RoomId>> {
    let known = room::table
        .filter(room::floor_id.eq_any(floors.values()))
        .select((room::name, room::id));
    let mut ids: HashMap<String, RoomId> = known.load(conn).await?.into_iter().collect();
    let missing: Vec<_> = plan
        .rooms
        .iter()
        .filter(|planned| !ids.contains_key(&planned.name))
        .filter_map(|planned| {
            Some((
                room::floor_id.eq(*floors.get(&planned.floor)?),
                room::unit_id.eq(planned.unit.as_ref().and_then(|unit| units.get(unit))),
                room::name.eq(&planned.name),
                room::kind.eq(planned.kind),
            ))
        })
        .collect();
    if !missing.is_empty() {
        let rows: Vec<(String, RoomId)> = diesel::insert_into(room::table)
            .values(missing)
            .returning((room::name, room::id))
            .get_results(conn)
            .await?;
        *inserted += rows.len();
        ids.extend(rows);
    }
    Ok(ids)
}

async fn store_zones(
    conn: &mut AsyncPgConnection,
    planned: &[PlanRoom],
    rooms: &HashMap<String, RoomId>,
    inserted: &mut usize,
) -> QueryResult<()> {
    let known = list_zones(conn, rooms).await?;
    let missing: Vec<_> = planned
        .iter()
        .filter_map(|planned| Some((*rooms.get(&planned.name)?, &planned.zones)))
        .flat_map(|(room_id, zones)| zones.iter().map(move |name| (room_id, name)))
        .filter(|(room_id, name)| !known.contains_key(&(*room_id, (*name).clone())))
        .map(|(room_id, name)| (zone::room_id.eq(room_id), zone::name.eq(name)))
        .collect();
    if !missing.is_empty() {
        *inserted += diesel::insert_into(zone::table)
            .values(missing)
            .execute(conn)
            .await?;
    }
    Ok(())
}

async fn list_zones(
    conn: &mut AsyncPgConnection,
    rooms: &HashMap<String, RoomId>,
) -> QueryResult<HashMap<(RoomId, String), ZoneId>> {
    let rows: Vec<(RoomId, String, ZoneId)> = zone::table
        .filter(zone::room_id.eq_any(rooms.values()))
        .select((zone::room_id, zone::name, zone::id))
        .load(conn)
        .await?;
    Ok(rows
        .into_iter()
        .map(|(room, name, id)| ((room, name), id))
        .collect())
}

async fn store_readers(
    conn: &mut AsyncPgConnection,
    plan: &SeedPlan,
    ids: &Ids,
    now: DateTime<Utc>,
    inserted: &mut usize,
) -> QueryResult<HashMap<String, ReaderId>> {
    let keys: Vec<_> = plan.readers.iter().map(|reader| &reader.key).collect();
    let known = reader::table
        .filter(reader::reader_key.eq_any(keys))
        .select((reader::reader_key, reader::id));
    let mut readers: HashMap<String, ReaderId> = known.load(conn).await?.into_iter().collect();
    let missing: Vec<_> = plan
        .readers
        .iter()
        .filter(|planned| !readers.contains_key(&planned.key))
        .map(|planned| {
            (
                reader::reader_key.eq(&planned.key),
                reader::name.eq(&planned.name),
                reader::technology.eq(planned.technology),
                reader::state.eq(ReaderState::Active),
                reader::heartbeat_interval_ms.eq(planned.heartbeat_interval_ms),
                reader::approved_at.eq(now),
            )
        })
        .collect();
    if !missing.is_empty() {
        let rows: Vec<(String, ReaderId)> = diesel::insert_into(reader::table)
            .values(missing)
            .returning((reader::reader_key, reader::id))
            .get_results(conn)
            .await?;
        *inserted += rows.len();
        readers.extend(rows);
    }
    store_antennas(conn, &plan.readers, ids, &readers, inserted).await?;
    Ok(readers)
}

async fn store_antennas(
    conn: &mut AsyncPgConnection,
    planned: &[PlanReader],
    ids: &Ids,
    readers: &HashMap<String, ReaderId>,
    inserted: &mut usize,
) -> QueryResult<()> {
    let zones = list_zones(conn, &ids.rooms).await?;
    let known: HashSet<(ReaderId, i16)> = antenna::table
        .filter(antenna::reader_id.eq_any(readers.values()))
        .select((antenna::reader_id, antenna::port))
        .load(conn)
        .await?
        .into_iter()
        .collect();
    let missing: Vec<_> = planned
        .iter()
        .filter_map(|planned| Some((*readers.get(&planned.key)?, &planned.antennas)))
        .flat_map(|(reader_id, antennas)| antennas.iter().map(move |one| (reader_id, one)))
        .filter(|(reader_id, one)| !known.contains(&(*reader_id, one.port)))
        .filter_map(|(reader_id, one)| {
            let room_id = *ids.rooms.get(&one.room)?;
            let zone_id = *zones.get(&(room_id, one.zone.clone()))?;
            Some((
                antenna::reader_id.eq(reader_id),
                antenna::port.eq(one.port),
                antenna::zone_id.eq(zone_id),
            ))
        })
        .collect();
    if !missing.is_empty() {
        *inserted += diesel::insert_into(antenna::table)
            .values(missing)
            .execute(conn)
            .await?;
    }
    Ok(())
}
