//! What was said about an asset, to read. Names of people are not among it: the timeline says role and unit, because where and
//! when a named person was is nobody's business (domain section 1, 4).

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Bool, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::acts::{UNDO_FOR, is_undoable};
use crate::db::types::{AssetAct, AssetStatus, Role, RoomKind};
use crate::ids::{AssetId, EventId, RoomId, UserId};

/// Events of an asset.
pub const EVENTS_SQL: &str = include_str!("sql/events.sql");

/// One thing that was said.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct AssetEvent {
    /// Its number.
    #[diesel(sql_type = BigInt)]
    pub event_id: EventId,
    /// What was said.
    #[diesel(sql_type = Text)]
    pub act: AssetAct,
    /// Status before.
    #[diesel(sql_type = Text)]
    pub from_status: AssetStatus,
    /// Status after.
    #[diesel(sql_type = Text)]
    pub to_status: AssetStatus,
    /// When it happened.
    #[diesel(sql_type = Timestamptz)]
    pub at: DateTime<Utc>,
    /// The rule that acted, as stored.
    #[diesel(sql_type = Nullable<Text>)]
    pub rule: Option<String>,
    /// Category or reason.
    #[diesel(sql_type = Nullable<Text>)]
    pub detail: Option<String>,
    /// Groups what one form did.
    #[diesel(sql_type = SqlUuid)]
    pub act_key: Uuid,
    /// Where it was thought to be.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub room_id: Option<RoomId>,
    /// Name of that room.
    #[diesel(sql_type = Nullable<Text>)]
    pub room_name: Option<String>,
    /// What that room is for.
    #[diesel(sql_type = Nullable<Text>)]
    pub room_kind: Option<RoomKind>,
    /// The room's unit, or its floor.
    #[diesel(sql_type = Nullable<Text>)]
    pub area_name: Option<String>,
    /// What the person is, when a person acted.
    #[diesel(sql_type = Nullable<Text>)]
    pub actor_role: Option<Role>,
    /// The person's unit.
    #[diesel(sql_type = Nullable<Text>)]
    pub actor_unit: Option<String>,
    /// Whether it was taken back.
    #[diesel(sql_type = Bool)]
    pub is_undone: bool,
    /// How many assets the same act changed.
    #[diesel(sql_type = BigInt)]
    pub together: i64,
}

/// Events of an asset before `before`, newest first, at most `limit`.
///
/// # Errors
/// When the database fails.
pub async fn list_events(
    mut conn: &AsyncPgConnection,
    id: AssetId,
    before: Option<DateTime<Utc>>,
    limit: i64,
) -> QueryResult<Vec<AssetEvent>> {
    sql_query(EVENTS_SQL)
        .bind::<BigInt, _>(id)
        .bind::<Nullable<Timestamptz>, _>(before)
        .bind::<BigInt, _>(limit)
        .load(&mut conn)
        .await
}

/// What a person's form did, to say it back to them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DoneAct {
    /// The key of the form.
    pub act_key: Uuid,
    /// What was said.
    pub act: AssetAct,
    /// The assets with their numbers.
    pub assets: Vec<(AssetId, String)>,
    /// Until when it can be taken back; `None` when it cannot, or no longer.
    pub undo_until: Option<DateTime<Utc>>,
}

#[derive(QueryableByName)]
struct DoneRow {
    #[diesel(sql_type = Text)]
    act: AssetAct,
    #[diesel(sql_type = BigInt)]
    asset_id: AssetId,
    #[diesel(sql_type = Text)]
    asset_number: String,
    #[diesel(sql_type = Timestamptz)]
    at: DateTime<Utc>,
    #[diesel(sql_type = Bool)]
    is_latest: bool,
}

/// What the form with this key did, when it was this person's; offers to take it back for [`UNDO_FOR`].
///
/// # Errors
/// When the database fails.
pub async fn find_done(
    mut conn: &AsyncPgConnection,
    act_key: Uuid,
    user_id: UserId,
    now: DateTime<Utc>,
) -> QueryResult<Option<DoneAct>> {
    let rows: Vec<DoneRow> = sql_query(
        "SELECT e.act, e.asset_id, a.asset_number, e.at, \
           e.id = (SELECT max(l.id) FROM asset_event l WHERE l.asset_id = e.asset_id) AS is_latest \
         FROM asset_event e JOIN asset a ON a.id = e.asset_id \
         WHERE e.act_key = $1 AND e.actor_user_id = $2 ORDER BY a.asset_number LIMIT 100",
    )
    .bind::<SqlUuid, _>(act_key)
    .bind::<BigInt, _>(user_id)
    .load(&mut conn)
    .await?;
    let Some(first) = rows.as_slice().first() else {
        return Ok(None);
    };
    let undo_until = first.at + UNDO_FOR;
    let can_undo =
        is_undoable(first.act) && now < undo_until && rows.iter().all(|row| row.is_latest);
    Ok(Some(DoneAct {
        act_key,
        act: first.act,
        undo_until: can_undo.then_some(undo_until),
        assets: rows
            .into_iter()
            .map(|row| (row.asset_id, row.asset_number))
            .collect(),
    }))
}
