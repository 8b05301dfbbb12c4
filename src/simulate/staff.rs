//! What simulated staff says about equipment: cleaned, returned, soiled, broken, repaired; and what it does with supplies. It says so through the same acts as
//! people do, under accounts with which nobody can sign in, so that statuses go round and R9 holds in the demo too.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Text, Timestamptz};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::noise::Chance;
use super::plan::SeedPlan;
use crate::assets::acts::{Act, ActError, By, perform};
use crate::clock::Clock;
use crate::db::Db;
use crate::db::schema::app_user;
use crate::db::types::{AssetAct, AssetStatus, Role, RoomKind};
use crate::ids::{AssetId, AssetTypeId, RoomId, UserId};
use crate::lifecycle::Lifecycle;
use crate::live::{Hints, Topic};

/// How often somebody looks round.
const EVERY: Duration = Duration::from_secs(10);
/// Accounts of simulated staff. They are disabled: they have no password and nobody signs in with them.
const STAFF: [(&str, &str, Role); 3] = [
    ("simulated-nurse", "Simulated nurse", Role::Nurse),
    ("simulated-technician", "Simulated technician", Role::Supply),
    (
        "simulated-biomed",
        "Simulated biomedical engineer",
        Role::Biomed,
    ),
];

/// An asset that somebody may have to say something about.
#[derive(Clone, Copy, Debug, QueryableByName)]
struct Seen {
    #[diesel(sql_type = BigInt)]
    asset_id: AssetId,
    #[diesel(sql_type = BigInt)]
    asset_type_id: AssetTypeId,
    #[diesel(sql_type = Text)]
    status: AssetStatus,
    #[diesel(sql_type = Timestamptz)]
    status_since: DateTime<Utc>,
    #[diesel(sql_type = BigInt)]
    room_id: RoomId,
    #[diesel(sql_type = Text)]
    room_kind: RoomKind,
    #[diesel(sql_type = Timestamptz)]
    entered_at: DateTime<Utc>,
}

/// What is said, by whom, and why.
type Said = (AssetAct, Role, Option<&'static str>);

/// Looks round until the soft token of `life`. What fails is tried again in the next round.
pub(super) async fn work(
    db: Db,
    clock: Clock,
    plan: SeedPlan,
    seed: u64,
    hints: Hints,
    life: Lifecycle,
) {
    let numbers: Vec<String> = plan
        .assets
        .iter()
        .map(|asset| asset.number.clone())
        .collect();
    let mut chance = Chance::new(&[seed, 0x57AF]);
    loop {
        tokio::select! { () = life.soft().cancelled() => return, () = tokio::time::sleep(EVERY) => {} }
        let round = look_round(&db, clock.now(), &numbers, &mut chance, &hints);
        let done = tokio::select! { () = life.soft().cancelled() => return, done = round => done };
        match done {
            Ok(said) => tracing::debug!(said, "simulated staff"),
            Err(error) => {
                tracing::debug!(error = format!("{error:#}"), "simulated staff said nothing");
            }
        }
    }
}

async fn look_round(
    db: &Db,
    now: DateTime<Utc>,
    numbers: &[String],
    chance: &mut Chance,
    hints: &Hints,
) -> anyhow::Result<usize> {
    let mut conn = db.conn().await?;
    let staff = find_staff(&mut conn, now).await?;
    let seen: Vec<Seen> = sql_query(include_str!("seed/seen.sql"))
        .bind::<Array<Text>, _>(numbers)
        .load(&mut conn)
        .await?;
    let mut said = 0;
    for asset in seen {
        let Some((act, role, reason)) = decide(&asset, now, chance) else {
            continue;
        };
        let Some((user_id, _)) = staff.iter().find(|(_, known)| *known == role) else {
            continue;
        };
        let ids = [asset.asset_id];
        let act = Act {
            reason,
            shown: Some(asset.status),
            ..Act::new(act, &ids, By::Person(*user_id, role))
        };
        let done = conn
            .transaction::<_, ActError, _>(async |conn| {
                perform(conn, Uuid::now_v7(), &act, now).await
            })
            .await;
        match done {
            Ok(_) => {
                said += 1;
                hints.send([
                    Topic::Asset(asset.asset_id),
                    Topic::Type(asset.asset_type_id),
                    Topic::Room(asset.room_id),
                    Topic::Alerts,
                ]);
            }
            Err(ActError::Refused(_)) => {}
            Err(ActError::Database(error)) => return Err(error.into()),
        }
    }
    let kept = super::storekeeping::look_round(&mut conn, &staff, chance, now).await?;
    if kept > 0 {
        hints.send([Topic::Alerts]);
    }
    Ok(said + kept)
}

/// The accounts of the staff, made when they are missing.
async fn find_staff(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
) -> QueryResult<Vec<(UserId, Role)>> {
    let names = STAFF.map(|(name, _, _)| name);
    let known: i64 = app_user::table
        .filter(app_user::sign_in_name.eq_any(names))
        .count()
        .get_result(conn)
        .await?;
    if usize::try_from(known).unwrap_or(0) < STAFF.len() {
        let rows: Vec<_> = STAFF
            .iter()
            .map(|(name, shown, role)| {
                (
                    app_user::sign_in_name.eq(*name),
                    app_user::display_name.eq(*shown),
                    app_user::role.eq(*role),
                    app_user::password_hash.eq("nobody signs in with this account"),
                    app_user::created_at.eq(now),
                    app_user::disabled_at.eq(now),
                )
            })
            .collect();
        diesel::insert_into(app_user::table)
            .values(rows)
            .on_conflict_do_nothing()
            .execute(conn)
            .await?;
    }
    let staff: Vec<(i64, Role)> = app_user::table
        .filter(app_user::sign_in_name.eq_any(names))
        .order(app_user::id)
        .select((app_user::id, app_user::role))
        .load(conn)
        .await?;
    Ok(staff
        .into_iter()
        .map(|(id, role)| (UserId(id), role))
        .collect())
}

/// What comes next for an asset, once it has been as it is for long enough; chance spreads it over some rounds.
fn decide(asset: &Seen, now: DateTime<Utc>, chance: &mut Chance) -> Option<Said> {
    let waited = |minutes| now - asset.status_since >= TimeDelta::minutes(minutes);
    let stayed = |minutes| now - asset.entered_at >= TimeDelta::minutes(minutes);
    let said: Said = match (asset.status, asset.room_kind) {
        (AssetStatus::Cleaning, _) if waited(2) => (AssetAct::Cleaned, Role::Supply, None),
        (AssetStatus::InRepair, RoomKind::BiomedShop) if waited(8) => {
            (AssetAct::Repaired, Role::Biomed, None)
        }
        (AssetStatus::InRepair, _) if waited(20) => (AssetAct::Repaired, Role::Biomed, None),
        (
            AssetStatus::InUse | AssetStatus::Soiled | AssetStatus::Available,
            RoomKind::BiomedShop,
        ) if stayed(1) => (AssetAct::Broken, Role::Supply, Some("no_power")),
        // Beds and chairs come back from the patient by themselves: some were wiped at the bedside, the others are cleaned here.
        (
            AssetStatus::InUse,
            RoomKind::EquipmentStorage
            | RoomKind::CleanUtility
            | RoomKind::NurseStation
            | RoomKind::EquipmentRoom
            | RoomKind::Hallway
            | RoomKind::SupplyRoom,
        ) if stayed(2) => {
            if chance.happens(0.7) {
                (AssetAct::Returned, Role::Nurse, Some("cleaned_at_bedside"))
            } else {
                (AssetAct::Soiled, Role::Nurse, None)
            }
        }
        // A bed stays with its patient; after a while the patient goes home.
        (AssetStatus::InUse, RoomKind::PatientRoom) if waited(45) => {
            (AssetAct::Soiled, Role::Nurse, None)
        }
        (AssetStatus::Soiled, RoomKind::SoiledUtility) if waited(15) => {
            (AssetAct::Cleaning, Role::Supply, None)
        }
        (AssetStatus::Soiled, kind) if kind != RoomKind::SoiledUtility && waited(4) => {
            (AssetAct::Cleaning, Role::Supply, None)
        }
        _ => return None,
    };
    chance.happens(0.15).then_some(said)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_but_available_has_a_way_on_in_every_room_where_it_may_stay() {
        let now = DateTime::from_timestamp(1_767_225_600, 0).unwrap();
        let mut chance = Chance::new(&[1]);
        for status in [
            AssetStatus::Soiled,
            AssetStatus::Cleaning,
            AssetStatus::InRepair,
        ] {
            for kind in RoomKind::ALL {
                let asset = Seen {
                    asset_id: AssetId(1),
                    asset_type_id: AssetTypeId(1),
                    status,
                    status_since: now - TimeDelta::hours(1),
                    room_id: RoomId(1),
                    room_kind: *kind,
                    entered_at: now - TimeDelta::hours(1),
                };
                let said = (0..200).find_map(|_| decide(&asset, now, &mut chance));
                assert!(said.is_some(), "{status:?} in {kind:?}");
            }
        }
    }
}
