//! Look-for tasks to read. "Not here" opens one, "found" or a reader closes it; see [`super::acts`].

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Nullable, Text, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use crate::db::types::{AssetStatus, Role, RoomKind};
use crate::ids::{AssetId, RoomId, UnitId};
use crate::places::model::room_label;

/// Open tasks, newest first: the newer, the likelier is the thing still near. $1: unit of the room, or NULL.
pub const OPEN_TASKS_SQL: &str = "SELECT t.id AS task_id FROM task t WHERE t.state = 'open' \
     AND ($1::bigint IS NULL OR t.room_id IN (SELECT r.id FROM room r WHERE r.unit_id = $1)) \
     ORDER BY t.opened_at DESC, t.id DESC LIMIT $2";
/// Tasks that were closed since $2, newest first.
pub const CLOSED_TASKS_SQL: &str = "SELECT t.id AS task_id FROM task t WHERE t.state <> 'open' AND t.closed_at > $2 \
     AND ($1::bigint IS NULL OR t.room_id IN (SELECT r.id FROM room r WHERE r.unit_id = $1)) \
     ORDER BY t.closed_at DESC, t.id DESC LIMIT $3";
/// How many are open, of the unit $1 or all.
pub const TASK_COUNT_SQL: &str = "SELECT count(*) AS number FROM task t WHERE t.state = 'open' \
     AND ($1::bigint IS NULL OR t.room_id IN (SELECT r.id FROM room r WHERE r.unit_id = $1))";
/// Tasks with their facts.
pub const TASKS_SQL: &str = include_str!("sql/tasks.sql");

/// A look-for task.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct TaskLine {
    /// Its id.
    #[diesel(sql_type = BigInt)]
    pub task_id: i64,
    /// What to look for.
    #[diesel(sql_type = BigInt)]
    pub asset_id: AssetId,
    /// The number on its label.
    #[diesel(sql_type = Text)]
    pub asset_number: String,
    /// Its status.
    #[diesel(sql_type = Text)]
    pub asset_status: AssetStatus,
    /// What it is.
    #[diesel(sql_type = Text)]
    pub type_name: String,
    /// Where it was not.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub room_id: Option<RoomId>,
    /// Name of that room.
    #[diesel(sql_type = Nullable<Text>)]
    pub room_name: Option<String>,
    /// What it is for.
    #[diesel(sql_type = Nullable<Text>)]
    pub room_kind: Option<RoomKind>,
    /// Its unit, or its floor.
    #[diesel(sql_type = Nullable<Text>)]
    pub area_name: Option<String>,
    /// When somebody said "not here".
    #[diesel(sql_type = Timestamptz)]
    pub opened_at: DateTime<Utc>,
    /// What that person is.
    #[diesel(sql_type = Nullable<Text>)]
    pub opened_role: Option<Role>,
    /// That person's unit.
    #[diesel(sql_type = Nullable<Text>)]
    pub opened_unit: Option<String>,
    /// When it was closed.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub closed_at: Option<DateTime<Utc>>,
    /// What the person is who closed it; `None` when a reader did.
    #[diesel(sql_type = Nullable<Text>)]
    pub closed_role: Option<Role>,
    /// That person's unit.
    #[diesel(sql_type = Nullable<Text>)]
    pub closed_unit: Option<String>,
    /// How it ended: found, seen, undone or retired.
    #[diesel(sql_type = Nullable<Text>)]
    pub outcome: Option<String>,
}

impl TaskLine {
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

#[derive(QueryableByName)]
struct IdRow {
    #[diesel(sql_type = BigInt)]
    task_id: i64,
}

/// The newest open tasks, of a unit's rooms or all, at most `limit`.
///
/// # Errors
/// When the database fails.
pub async fn list_open_tasks(
    mut conn: &AsyncPgConnection,
    unit: Option<UnitId>,
    limit: i64,
) -> QueryResult<Vec<TaskLine>> {
    let rows: Vec<IdRow> = sql_query(OPEN_TASKS_SQL)
        .bind::<Nullable<BigInt>, _>(unit)
        .bind::<BigInt, _>(limit)
        .load(&mut conn)
        .await?;
    list_tasks(conn, &rows).await
}

/// Tasks that were closed after `since`, newest first, at most `limit`.
///
/// # Errors
/// When the database fails.
pub async fn list_closed_tasks(
    mut conn: &AsyncPgConnection,
    unit: Option<UnitId>,
    since: DateTime<Utc>,
    limit: i64,
) -> QueryResult<Vec<TaskLine>> {
    let rows: Vec<IdRow> = sql_query(CLOSED_TASKS_SQL)
        .bind::<Nullable<BigInt>, _>(unit)
        .bind::<Timestamptz, _>(since)
        .bind::<BigInt, _>(limit)
        .load(&mut conn)
        .await?;
    list_tasks(conn, &rows).await
}

async fn list_tasks(mut conn: &AsyncPgConnection, rows: &[IdRow]) -> QueryResult<Vec<TaskLine>> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<i64> = rows.iter().map(|row| row.task_id).collect();
    sql_query(TASKS_SQL)
        .bind::<Array<BigInt>, _>(ids)
        .load(&mut conn)
        .await
}

/// How many tasks are open, in a unit's rooms or everywhere.
///
/// # Errors
/// When the database fails.
pub async fn count_open_tasks(
    mut conn: &AsyncPgConnection,
    unit: Option<UnitId>,
) -> QueryResult<i64> {
    #[derive(QueryableByName)]
    struct Number {
        #[diesel(sql_type = BigInt)]
        number: i64,
    }
    let row: Number = sql_query(TASK_COUNT_SQL)
        .bind::<Nullable<BigInt>, _>(unit)
        .get_result(&mut conn)
        .await?;
    Ok(row.number)
}
