//! Lines of equipment par: reading, adding, changing and deleting them. Every change is one transaction with its form's key and its
//! row of the audit (S-50).

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Nullable, Text};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use serde_json::{Value, json};
use uuid::Uuid;

use super::model::{ParLine, ParPlace, UnitRoom};
use super::rules::Par;
use crate::audit::{Actor, Event, record_audit};
use crate::db::form_key::take_form_key;
use crate::db::schema::equipment_par;
use crate::db::types::RoomKind;
use crate::ids::{AssetTypeId, ParId, RoomId, UserId};

/// Lines by type and place.
pub const LINES_SQL: &str = include_str!("sql/lines.sql");
/// Lines on one page.
pub const LINES_PER_PAGE: i64 = 100;
/// Most lines that hold in the rooms of one unit.
pub const UNIT_LINES_MAX: i64 = 2_000;

/// A page of lines, by name of the type; `after` is the last line of the page before.
///
/// # Errors
/// When the database fails.
pub async fn list_lines(
    mut conn: &AsyncPgConnection,
    asset_type: Option<AssetTypeId>,
    after: Option<(&str, ParId)>,
    limit: i64,
) -> QueryResult<Vec<ParLine>> {
    sql_query(LINES_SQL)
        .bind::<Nullable<Array<BigInt>>, _>(asset_type.map(|id| vec![id]))
        .bind::<Nullable<Array<BigInt>>, _>(None::<Vec<RoomId>>)
        .bind::<Nullable<Array<Text>>, _>(None::<Vec<&str>>)
        .bind::<Nullable<Text>, _>(after.map(|(name, _)| name))
        .bind::<Nullable<BigInt>, _>(after.map(|(_, id)| id))
        .bind::<BigInt, _>(limit)
        .bind::<Nullable<BigInt>, _>(None::<ParId>)
        .load(&mut conn)
        .await
}

/// The lines that hold in some rooms, those for their kinds included.
///
/// # Errors
/// When the database fails.
pub(super) async fn list_lines_in(
    mut conn: &AsyncPgConnection,
    rooms: &[UnitRoom],
) -> QueryResult<Vec<ParLine>> {
    let ids: Vec<RoomId> = rooms.iter().map(|room| room.room_id).collect();
    let mut kinds: Vec<&str> = rooms.iter().map(|room| room.room_kind.as_str()).collect();
    kinds.sort_unstable();
    kinds.dedup();
    sql_query(LINES_SQL)
        .bind::<Nullable<Array<BigInt>>, _>(None::<Vec<AssetTypeId>>)
        .bind::<Nullable<Array<BigInt>>, _>(Some(ids))
        .bind::<Nullable<Array<Text>>, _>(Some(kinds))
        .bind::<Nullable<Text>, _>(None::<&str>)
        .bind::<Nullable<BigInt>, _>(None::<ParId>)
        .bind::<BigInt, _>(UNIT_LINES_MAX)
        .bind::<Nullable<BigInt>, _>(None::<ParId>)
        .load(&mut conn)
        .await
}

/// One line.
///
/// # Errors
/// When the database fails.
pub async fn find_line(mut conn: &AsyncPgConnection, id: ParId) -> QueryResult<Option<ParLine>> {
    let lines: Vec<ParLine> = sql_query(LINES_SQL)
        .bind::<Nullable<Array<BigInt>>, _>(None::<Vec<AssetTypeId>>)
        .bind::<Nullable<Array<BigInt>>, _>(None::<Vec<RoomId>>)
        .bind::<Nullable<Array<Text>>, _>(None::<Vec<&str>>)
        .bind::<Nullable<Text>, _>(None::<&str>)
        .bind::<Nullable<BigInt>, _>(None::<ParId>)
        .bind::<BigInt, _>(1)
        .bind::<Nullable<BigInt>, _>(Some(id))
        .load(&mut conn)
        .await?;
    Ok(lines.into_iter().next())
}

/// How many rooms there are of a kind.
///
/// # Errors
/// When the database fails.
pub async fn count_rooms(mut conn: &AsyncPgConnection, kind: RoomKind) -> QueryResult<i64> {
    use crate::db::schema::room;
    room::table
        .filter(room::kind.eq(kind))
        .count()
        .get_result(&mut conn)
        .await
}

/// A form that somebody sent.
#[derive(Clone, Copy, Debug)]
pub struct Form<'a> {
    /// Its idempotency key.
    pub key: Uuid,
    /// By whom.
    pub user_id: UserId,
    /// Where it leads.
    pub location: &'a str,
    /// When.
    pub now: DateTime<Utc>,
}

/// What became of a form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Saved {
    /// It was carried out.
    Done,
    /// It was carried out before: nothing was done again.
    Repeat {
        /// Where the first one led.
        location: String,
    },
}

/// Why nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum LineError {
    /// There is a line for this type and place already.
    #[error("there is a line for this type and place already")]
    Exists(ParId),
    /// Somebody changed it since the form was shown: it is this now.
    #[error("the line was changed meanwhile")]
    Changed(Par),
    /// Somebody deleted it.
    #[error("the line was deleted meanwhile")]
    Gone,
    /// The database failed.
    #[error("writing a line of equipment par")]
    Database(#[from] diesel::result::Error),
}

/// Adds a line.
///
/// # Errors
/// When there is one already, or the database fails.
pub async fn add_line(
    conn: &mut AsyncPgConnection,
    form: &Form<'_>,
    asset_type: AssetTypeId,
    place: ParPlace,
    par: Par,
) -> Result<Saved, LineError> {
    let (room, kind) = match place {
        ParPlace::Room(room) => (Some(room), None),
        ParPlace::Kind(kind) => (None, Some(kind)),
    };
    conn.transaction(async |conn| {
        if let Some(location) = take_key(conn, form).await? {
            return Ok(Saved::Repeat { location });
        }
        let added: Option<ParId> = diesel::insert_into(equipment_par::table)
            .values((
                equipment_par::asset_type_id.eq(asset_type),
                equipment_par::room_id.eq(room),
                equipment_par::room_kind.eq(kind.map(RoomKind::as_str)),
                equipment_par::target.eq(par.target),
                equipment_par::critical.eq(par.critical),
                equipment_par::maximum.eq(par.maximum),
            ))
            .on_conflict_do_nothing()
            .returning(equipment_par::id)
            .get_result(conn)
            .await
            .optional()?;
        let Some(id) = added else {
            return Err(find_existing(conn, asset_type, room, kind).await?);
        };
        let mut after = numbers(par);
        if let Some(fields) = after.as_object_mut() {
            fields.insert("asset_type_id".to_owned(), json!(asset_type));
            fields.insert("room_id".to_owned(), json!(room));
            fields.insert("room_kind".to_owned(), json!(kind.map(RoomKind::as_str)));
        }
        record(conn, form, "par.added", id, None, Some(after)).await?;
        Ok(Saved::Done)
    })
    .await
}

async fn find_existing(
    conn: &mut AsyncPgConnection,
    asset_type: AssetTypeId,
    room: Option<RoomId>,
    kind: Option<RoomKind>,
) -> QueryResult<LineError> {
    let same = equipment_par::table
        .filter(equipment_par::asset_type_id.eq(asset_type))
        .filter(equipment_par::room_id.is_not_distinct_from(room))
        .filter(equipment_par::room_kind.is_not_distinct_from(kind.map(RoomKind::as_str)))
        .select(equipment_par::id);
    same.first(conn).await.map(LineError::Exists)
}

/// Changes the numbers of a line that somebody saw as `shown`.
///
/// # Errors
/// When it is another one by now or gone, or the database fails.
pub async fn change_line(
    conn: &mut AsyncPgConnection,
    form: &Form<'_>,
    id: ParId,
    shown: Par,
    par: Par,
) -> Result<Saved, LineError> {
    conn.transaction(async |conn| {
        if let Some(location) = take_key(conn, form).await? {
            return Ok(Saved::Repeat { location });
        }
        lock(conn, id, shown).await?;
        diesel::update(equipment_par::table.find(id))
            .set((
                equipment_par::target.eq(par.target),
                equipment_par::critical.eq(par.critical),
                equipment_par::maximum.eq(par.maximum),
            ))
            .execute(conn)
            .await?;
        let (before, after) = (Some(numbers(shown)), Some(numbers(par)));
        record(conn, form, "par.changed", id, before, after).await?;
        Ok(Saved::Done)
    })
    .await
}

/// Deletes a line that somebody saw as `shown`.
///
/// # Errors
/// When it is another one by now or gone, or the database fails.
pub async fn delete_line(
    conn: &mut AsyncPgConnection,
    form: &Form<'_>,
    id: ParId,
    shown: Par,
) -> Result<Saved, LineError> {
    conn.transaction(async |conn| {
        if let Some(location) = take_key(conn, form).await? {
            return Ok(Saved::Repeat { location });
        }
        lock(conn, id, shown).await?;
        diesel::delete(equipment_par::table.find(id))
            .execute(conn)
            .await?;
        record(conn, form, "par.deleted", id, Some(numbers(shown)), None).await?;
        Ok(Saved::Done)
    })
    .await
}

async fn take_key(conn: &mut AsyncPgConnection, form: &Form<'_>) -> QueryResult<Option<String>> {
    take_form_key(conn, form.key, form.user_id, form.location, form.now).await
}

/// Holds a line until the end of the transaction, when it is still what somebody saw.
async fn lock(conn: &mut AsyncPgConnection, id: ParId, shown: Par) -> Result<(), LineError> {
    let columns = (
        equipment_par::target,
        equipment_par::critical,
        equipment_par::maximum,
    );
    let found: Option<(i32, i32, Option<i32>)> = equipment_par::table
        .find(id)
        .select(columns)
        .for_update()
        .first(conn)
        .await
        .optional()?;
    let (target, critical, maximum) = found.ok_or(LineError::Gone)?;
    let now = Par {
        target,
        critical,
        maximum,
    };
    if now == shown {
        Ok(())
    } else {
        Err(LineError::Changed(now))
    }
}

fn numbers(par: Par) -> Value {
    json!({"target": par.target, "critical": par.critical, "maximum": par.maximum})
}

async fn record(
    conn: &mut AsyncPgConnection,
    form: &Form<'_>,
    action: &str,
    id: ParId,
    before: Option<Value>,
    after: Option<Value>,
) -> QueryResult<()> {
    let mut event = Event::new(Actor::User(form.user_id), action, format!("par:{id}"));
    (event.before, event.after) = (before, after);
    record_audit(conn, &event, form.now).await
}
