//! What an act changes: status, place, tasks.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Nullable, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::{Act, ActError, By, Change, Locked, WhyRefused};
use crate::db::schema::{asset, asset_place, asset_stay, place_claim, task};
use crate::db::types::{AssetAct, AssetStatus, PlaceBasis, SafetyHold};
use crate::ids::{AssetId, RoomId, UserId};

pub(super) async fn write_status(
    conn: &mut AsyncPgConnection,
    row: &Locked,
    change: &Change,
    act: &Act<'_>,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    let row_of = asset::table.find(change.asset_id);
    match act.act {
        AssetAct::Held => {
            diesel::update(row_of)
                .set((asset::safety_hold.eq(act.hold), asset::hold_since.eq(now)))
                .execute(conn)
                .await?;
        }
        AssetAct::Released => {
            diesel::update(row_of)
                .set((
                    asset::safety_hold.eq(None::<SafetyHold>),
                    asset::hold_since.eq(None::<DateTime<Utc>>),
                ))
                .execute(conn)
                .await?;
        }
        _ if change.from != change.to => {
            let is_missing = change.to == AssetStatus::Missing;
            diesel::update(row_of)
                .set((
                    asset::status.eq(change.to),
                    asset::status_since.eq(now),
                    asset::status_before.eq(is_missing.then_some(change.from)),
                    asset::gone_since.eq(is_missing.then(|| row.last_known_at())),
                ))
                .execute(conn)
                .await?;
        }
        _ => {}
    }
    Ok(())
}

/// What acts change besides the status: places, tasks, tags.
pub(super) async fn write_sides(
    conn: &mut AsyncPgConnection,
    ids: &[AssetId],
    act: &Act<'_>,
    (at, now): (DateTime<Utc>, DateTime<Utc>),
) -> QueryResult<()> {
    let user = match act.by {
        By::Person(user, _) => Some(user),
        By::Rule(_) => None,
    };
    match act.act {
        AssetAct::NotHere => {
            sql_query(
                // One task an asset: the newest report says where it was not, and keeps the scheduler from closing it for an older one.
                "INSERT INTO task (kind, asset_id, room_id, opened_at, opened_by) \
                 SELECT 'look_for', a.id, p.room_id, $2, $3 FROM asset a LEFT JOIN asset_place p ON p.asset_id = a.id \
                 WHERE a.id = ANY ($1) ORDER BY a.id \
                 ON CONFLICT (kind, asset_id) WHERE state = 'open' \
                 DO UPDATE SET room_id = excluded.room_id, opened_at = excluded.opened_at, opened_by = excluded.opened_by",
            )
            .bind::<Array<BigInt>, _>(ids)
            .bind::<Timestamptz, _>(now)
            .bind::<Nullable<BigInt>, _>(user)
            .execute(conn)
            .await?;
            diesel::update(asset_place::table.filter(asset_place::asset_id.eq_any(ids)))
                .set((
                    asset_place::not_here_at.eq(now),
                    asset_place::scanned_at.eq(None::<DateTime<Utc>>),
                ))
                .execute(conn)
                .await?;
        }
        AssetAct::Found => close_tasks(conn, ids, ("done", "found"), user, now).await?,
        AssetAct::SeenAgain => {
            // A reader heard it after somebody missed it there: that counts more. A later report stands, and keeps its task.
            let of_ids = || asset_place::table.filter(asset_place::asset_id.eq_any(ids));
            diesel::update(of_ids().filter(asset_place::not_here_at.le(at)))
                .set(asset_place::not_here_at.eq(None::<DateTime<Utc>>))
                .execute(conn)
                .await?;
            let missed: Vec<AssetId> = of_ids()
                .filter(asset_place::not_here_at.is_not_null())
                .select(asset_place::asset_id)
                .load(conn)
                .await?;
            let seen: Vec<AssetId> = ids
                .iter()
                .copied()
                .filter(|id| !missed.contains(id))
                .collect();
            close_tasks(conn, &seen, ("done", "seen"), user, now).await?;
        }
        AssetAct::Retired => {
            close_tasks(conn, ids, ("cancelled", "retired"), user, now).await?;
            crate::assets::register::tagging::end_assignments(conn, ids, None, now).await?;
        }
        _ => {}
    }
    Ok(())
}

/// Closes the look-for tasks of assets.
///
/// # Errors
/// When the database fails.
pub async fn close_tasks(
    conn: &mut AsyncPgConnection,
    ids: &[AssetId],
    (state, outcome): (&'static str, &'static str),
    user: Option<UserId>,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    diesel::update(
        task::table
            .filter(task::asset_id.eq_any(ids))
            .filter(task::state.eq("open")),
    )
    .set((
        task::state.eq(state),
        task::outcome.eq(outcome),
        task::closed_at.eq(now),
        task::closed_by.eq(user),
    ))
    .execute(conn)
    .await
    .map(drop)
}

/// A person has it before them: at the recorded place, or in another room (R14).
pub(super) async fn record_found(
    conn: &mut AsyncPgConnection,
    row: &Locked,
    act: &Act<'_>,
    now: DateTime<Utc>,
) -> Result<(), ActError> {
    use crate::db::schema::room;
    let Some(room_id) = act.room_id.or(row.place.room_id) else {
        return Err(ActError::refused(Some(row.named()), WhyRefused::NoRoom));
    };
    let is_room: Option<RoomId> = room::table
        .find(room_id)
        .select(room::id)
        .first(conn)
        .await
        .optional()?;
    if is_room.is_none() {
        return Err(ActError::refused(Some(row.named()), WhyRefused::NoRoom));
    }
    if row.place.room_id == Some(room_id) {
        diesel::update(asset_place::table.find(row.asset_id))
            .set((
                asset_place::scanned_at.eq(now),
                asset_place::not_here_at.eq(None::<DateTime<Utc>>),
            ))
            .execute(conn)
            .await?;
    } else {
        move_by_hand(conn, row, room_id, now).await?;
    }
    Ok(diesel::insert_into(place_claim::table)
        .values((
            place_claim::asset_id.eq(row.asset_id),
            place_claim::room_id.eq(room_id),
            place_claim::at.eq(now),
        ))
        .execute(conn)
        .await
        .map(drop)?)
}

async fn move_by_hand(
    conn: &mut AsyncPgConnection,
    row: &Locked,
    room_id: RoomId,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    if let (Some(from), Some(entered_at), Some(basis)) =
        (row.place.room_id, row.place.entered_at, row.place.basis)
        && entered_at < now
    {
        crate::db::partitions::ensure_partition(conn, "asset_stay", now.date_naive()).await?;
        diesel::insert_into(asset_stay::table)
            .values((
                asset_stay::asset_id.eq(row.asset_id),
                asset_stay::room_id.eq(from),
                asset_stay::entered_at.eq(entered_at),
                asset_stay::left_at.eq(now),
                asset_stay::basis.eq(basis),
            ))
            .on_conflict_do_nothing()
            .execute(conn)
            .await?;
    }
    let place = (
        asset_place::room_id.eq(room_id),
        asset_place::tag_id.eq(None::<i64>),
        asset_place::reader_id.eq(None::<i64>),
        asset_place::entered_at.eq(now),
        asset_place::basis.eq(PlaceBasis::Scan),
        asset_place::confidence.eq(None::<f32>),
        asset_place::learned_at.eq(now),
        asset_place::scanned_at.eq(Some(now)),
        asset_place::not_here_at.eq(None::<DateTime<Utc>>),
    );
    diesel::insert_into(asset_place::table)
        .values((asset_place::asset_id.eq(row.asset_id), place))
        .on_conflict(asset_place::asset_id)
        .do_update()
        .set(place)
        .execute(conn)
        .await
        .map(drop)
}
