//! The hospital that is searched: made by SQL, because a million assets made row by row would take longer than all measuring.

use anyhow::Context;
use chrono::{DateTime, Utc};
use diesel::QueryableByName;
use diesel::sql_types::{Array, BigInt, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};

use crate::bench::load::MAC_BASE;
use crate::db::types::Role;
use crate::ids::{AssetTypeId, UnitId};
use crate::people::model::{NewUser, SignInName};
use crate::people::session::{Token, insert_session};
use crate::people::store::insert_user;

/// Types of equipment, the most numerous first.
#[rustfmt::skip]
pub(super) const TYPES: [&str; 60] = [
    "infusion pump", "hospital bed", "IV pole", "wheelchair", "patient monitor", "vital signs monitor", "syringe pump",
    "workstation on wheels", "sequential compression device", "telemetry transmitter", "stretcher", "pulse oximeter",
    "enteral feeding pump", "suction unit", "oxygen concentrator", "PCA pump", "thermometer", "blood glucose meter", "walker",
    "commode chair", "low-air-loss mattress", "bariatric bed", "ventilator", "defibrillator", "ECG machine", "bladder scanner",
    "patient lift", "high-flow oxygen unit", "BiPAP machine", "geriatric chair", "crash cart", "isolation cart", "nebulizer",
    "transport ventilator", "infant warmer", "infant incubator", "fetal monitor", "breast pump", "phototherapy light",
    "ultrasound machine", "dialysis machine", "portable X-ray machine", "blood warmer", "hypothermia unit", "sit-to-stand lift",
    "lateral transfer device", "bariatric wheelchair", "oxygen cylinder cart", "bed scale", "chair scale", "medication cart",
    "linen cart", "phlebotomy cart", "tourniquet system", "electrosurgical unit", "anesthesia machine", "video laryngoscope",
    "otoscope set", "hearing screener", "transport incubator",
];
/// Makers, invented.
pub(super) const MAKERS: [&str; 12] = [
    "Norvane",
    "Quillmark",
    "Brantholm",
    "Ostrelle",
    "Vardane",
    "Kestwick",
    "Marlund",
    "Tavrin",
    "Halvering",
    "Pellworth",
    "Sundrey",
    "Caldmoor",
];
/// Rooms of a unit.
const ROOMS_A_UNIT: u32 = 25;

/// What is searched, as far as requests are made from it.
#[derive(Clone, Debug)]
pub(super) struct Hospital {
    pub assets: u32,
    pub type_ids: Vec<AssetTypeId>,
    pub first_unit: i64,
    pub units: i64,
    pub first_room: i64,
    pub rooms: i64,
}

/// How big it is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Size {
    pub assets: u32,
    pub rooms: u32,
    /// The first so many assets carry the tags that are heard.
    pub heard: u32,
    pub beacon_every_ms: i64,
}

/// A person who is signed in.
#[derive(Clone, Debug)]
pub(super) struct SignedIn {
    pub token: Token,
    pub home_unit: UnitId,
}

/// The number on the label of an asset, as `sql/search_hospital.sql` makes it.
pub(super) fn asset_number(asset: u32) -> String {
    format!("E{asset:07}")
}

/// The serial number of an asset, as `sql/search_hospital.sql` makes it.
pub(super) fn serial(asset: u32) -> String {
    format!("SN{:08}", u64::from(asset) * 7_919 % 10_000_019)
}

/// The name of a model, as `sql/search_hospital.sql` makes it.
pub(super) fn model_name(type_index: usize, model: usize) -> String {
    format!("Series {}-{}", type_index + 1, model + 1)
}

/// Fills an empty database and has it analysed, as it would be after a night.
pub(super) async fn make_hospital(
    conn: &mut AsyncPgConnection,
    size: Size,
) -> anyhow::Result<Hospital> {
    let settings = [
        ("assets", size.assets.to_string()),
        ("rooms", size.rooms.to_string()),
        ("heard", size.heard.to_string()),
        ("beacon_ms", size.beacon_every_ms.to_string()),
        ("mac_base", MAC_BASE.to_string()),
        ("rooms_a_unit", ROOMS_A_UNIT.to_string()),
        ("types", TYPES.join(";")),
        ("makers", MAKERS.join(";")),
    ];
    for (name, value) in settings {
        diesel::sql_query("SELECT set_config('bench.' || $1, $2, false)")
            .bind::<Text, _>(name)
            .bind::<Text, _>(value)
            .execute(conn)
            .await?;
    }
    conn.batch_execute(include_str!("../sql/search_hospital.sql"))
        .await
        .context("making the hospital")?;
    conn.batch_execute("VACUUM (ANALYZE)").await?;
    find_hospital(conn).await
}

#[derive(QueryableByName)]
struct Facts {
    #[diesel(sql_type = BigInt)]
    assets: i64,
    #[diesel(sql_type = Array<BigInt>)]
    type_ids: Vec<AssetTypeId>,
    #[diesel(sql_type = BigInt)]
    first_unit: i64,
    #[diesel(sql_type = BigInt)]
    units: i64,
    #[diesel(sql_type = BigInt)]
    first_room: i64,
    #[diesel(sql_type = BigInt)]
    rooms: i64,
}

async fn find_hospital(conn: &mut AsyncPgConnection) -> anyhow::Result<Hospital> {
    let facts: Facts = diesel::sql_query(
        "SELECT (SELECT count(*) FROM asset) AS assets, (SELECT array_agg(id ORDER BY id) FROM asset_type) AS type_ids, \
           (SELECT min(id) FROM unit) AS first_unit, (SELECT count(*) FROM unit) AS units, \
           (SELECT min(id) FROM room) AS first_room, (SELECT count(*) FROM room) AS rooms",
    )
    .get_result(conn)
    .await?;
    Ok(Hospital {
        assets: u32::try_from(facts.assets)?,
        type_ids: facts.type_ids,
        first_unit: facts.first_unit,
        units: facts.units,
        first_room: facts.first_room,
        rooms: facts.rooms,
    })
}

/// Signs people in, each of another unit, without a password: only their sessions are needed.
pub(super) async fn sign_in_people(
    conn: &mut AsyncPgConnection,
    hospital: &Hospital,
    count: u32,
    now: DateTime<Utc>,
) -> anyhow::Result<Vec<SignedIn>> {
    let mut people = Vec::new();
    for n in 0..count {
        let name = SignInName::parse(&format!("bench-{n}")).context("naming a person")?;
        let home_unit = UnitId(hospital.first_unit + i64::from(n * 7) % hospital.units);
        let user = NewUser {
            sign_in_name: &name,
            display_name: name.as_str(),
            role: Role::Nurse,
            home_unit_id: Some(home_unit),
        };
        let id = insert_user(conn, &user, "no password", now)
            .await?
            .context("the name is taken")?;
        people.push(SignedIn {
            token: insert_session(conn, Some(id), now).await?,
            home_unit,
        });
    }
    Ok(people)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_the_form_that_the_sql_gives_them() {
        assert_eq!(asset_number(42), "E0000042");
        assert_eq!(serial(42), "SN00332598");
        assert_eq!(model_name(0, 4), "Series 1-5");
        assert!(!TYPES.iter().chain(&MAKERS).any(|name| name.contains(';')));
    }
}
