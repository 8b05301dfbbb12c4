//! Taking an act back within half a minute, when nobody acted since.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::writing::close_tasks;
use super::{
    ActError, By, Change, UNDO_FOR, UNDO_GRACE, WhyRefused, insert_events, lock_all, settle_alerts,
};
use crate::db::schema::{asset, asset_event};
use crate::db::types::{AssetAct, AssetStatus, Role};
use crate::ids::{AssetId, EventId, UserId};

/// Acts that can be taken back: what leads to a typed reason cannot, and "found" has its own opposite.
#[must_use]
pub fn is_undoable(act: AssetAct) -> bool {
    matches!(
        act,
        AssetAct::Took
            | AssetAct::Returned
            | AssetAct::Soiled
            | AssetAct::Cleaning
            | AssetAct::Cleaned
            | AssetAct::Broken
            | AssetAct::NotHere
    )
}

/// An event that may be taken back.
#[derive(Debug, QueryableByName)]
struct Undoable {
    #[diesel(sql_type = BigInt)]
    id: EventId,
    #[diesel(sql_type = BigInt)]
    asset_id: AssetId,
    #[diesel(sql_type = Text)]
    act: AssetAct,
    #[diesel(sql_type = Text)]
    from_status: AssetStatus,
    #[diesel(sql_type = Timestamptz)]
    at: DateTime<Utc>,
    #[diesel(sql_type = diesel::sql_types::Bool)]
    is_latest: bool,
}

/// Takes back what a person did with the form `undone`, within [`UNDO_FOR`], when nobody acted since.
pub(super) async fn undo(
    conn: &mut AsyncPgConnection,
    undone: Uuid,
    key: Uuid,
    user_id: UserId,
    now: DateTime<Utc>,
) -> Result<Vec<Change>, ActError> {
    let ids: Vec<AssetId> = asset_event::table
        .filter(asset_event::act_key.eq(undone))
        .filter(asset_event::actor_user_id.eq(user_id))
        .order(asset_event::asset_id)
        .select(asset_event::asset_id)
        .load(conn)
        .await?;
    if ids.is_empty() {
        return Err(ActError::refused(None, WhyRefused::NotUndoable));
    }
    let rows = lock_all(conn, &ids).await?;
    let events: Vec<Undoable> = sql_query(
        "SELECT e.id, e.asset_id, e.act, e.from_status, e.at, \
           e.id = (SELECT max(l.id) FROM asset_event l WHERE l.asset_id = e.asset_id) AS is_latest \
         FROM asset_event e WHERE e.act_key = $1 ORDER BY e.asset_id",
    )
    .bind::<SqlUuid, _>(undone)
    .load(conn)
    .await?;
    let mut changes = Vec::with_capacity(rows.len());
    for (row, event) in rows.iter().zip(&events) {
        let is_in_time = now - event.at <= UNDO_FOR + UNDO_GRACE;
        if !(event.is_latest && is_in_time && is_undoable(event.act)) {
            return Err(ActError::refused(
                Some(row.named()),
                WhyRefused::NotUndoable,
            ));
        }
        changes.push(Change {
            asset_id: event.asset_id,
            asset_number: row.asset_number.clone(),
            asset_type_id: row.asset_type_id,
            from: row.standing.status,
            to: event.from_status,
            room_id: row.place.room_id,
            said_room_id: None,
        });
    }
    for (row, change) in rows.iter().zip(&changes) {
        // "Not here" left the status as it was, and with it the time since when it is so.
        if change.from == change.to {
            continue;
        }
        // A missing asset that was marked broken is missing again, as it was.
        let is_missing = change.to == AssetStatus::Missing;
        let before = if is_missing {
            Some(find_status_before(conn, change.asset_id).await?)
        } else {
            None
        };
        diesel::update(asset::table.find(change.asset_id))
            .set((
                asset::status.eq(change.to),
                asset::status_since.eq(now),
                asset::status_before.eq(before),
                asset::gone_since.eq(is_missing.then(|| row.last_known_at())),
            ))
            .execute(conn)
            .await?;
    }
    if events.iter().any(|event| event.act == AssetAct::NotHere) {
        let here = take_back_not_here(conn, &ids, undone).await?;
        close_tasks(conn, &here, ("cancelled", "undone"), Some(user_id), now).await?;
        sql_query(include_str!("../sql/undo_not_here_task.sql"))
            .bind::<Array<BigInt>, _>(&ids)
            .execute(conn)
            .await?;
    }
    let undoes: Vec<EventId> = events.iter().map(|event| event.id).collect();
    // The role does not matter: what a person did, that person may take back.
    let by = By::Person(user_id, Role::Nurse);
    insert_events(
        conn,
        &changes,
        AssetAct::Undone,
        key,
        by,
        None,
        &undoes,
        (now, now),
    )
    .await?;
    settle_alerts(conn, &ids, &changes, now).await?;
    Ok(changes)
}

/// What a missing asset was when it went missing; one that nobody says it of may have been used.
async fn find_status_before(
    conn: &mut AsyncPgConnection,
    asset_id: AssetId,
) -> QueryResult<AssetStatus> {
    let before: Option<AssetStatus> = asset_event::table
        .filter(asset_event::asset_id.eq(asset_id))
        .filter(asset_event::act.eq(AssetAct::Missing))
        .order(asset_event::id.desc())
        .select(asset_event::from_status)
        .first(conn)
        .await
        .optional()?;
    Ok(before.unwrap_or(AssetStatus::Soiled))
}

/// Lifts the "not here" of one form; what other people said of these places stands. Returns the assets that nobody misses now.
async fn take_back_not_here(
    conn: &mut AsyncPgConnection,
    ids: &[AssetId],
    undone: Uuid,
) -> QueryResult<Vec<AssetId>> {
    #[derive(QueryableByName)]
    struct Place {
        #[diesel(sql_type = BigInt)]
        asset_id: AssetId,
        #[diesel(sql_type = Nullable<Timestamptz>)]
        not_here_at: Option<DateTime<Utc>>,
    }
    let places: Vec<Place> = sql_query(include_str!("../sql/undo_not_here.sql"))
        .bind::<Array<BigInt>, _>(ids)
        .bind::<SqlUuid, _>(undone)
        .load(conn)
        .await?;
    let is_missed = |id: &AssetId| {
        places
            .iter()
            .any(|place| place.asset_id == *id && place.not_here_at.is_some())
    };
    Ok(ids.iter().copied().filter(|id| !is_missed(id)).collect())
}
