//! Screens on walls: each has a secret in its browser that reads the counts of one unit and nothing else. Only its hash is kept
//! (S-36), somebody who looks after the boards makes and ends it, and every change is recorded (S-50).

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use serde_json::json;
use uuid::Uuid;

use crate::audit::{Actor, Event, record_audit};
use crate::db::form_key::take_form_key;
use crate::db::schema::wall_screen;
use crate::ids::{ScreenId, UnitId, UserId};
use crate::people::session::{Token, TokenHash};

/// Longest name.
pub const NAME_CHARS_MAX: usize = 60;
/// Most screens of a unit that are in use.
pub const SCREENS_MAX: i64 = 20;
/// When it was seen is written this often at most.
const SEEN_EVERY: TimeDelta = TimeDelta::minutes(1);

/// A screen of a unit.
#[derive(Clone, Debug, PartialEq, Eq, Queryable)]
pub struct Screen {
    /// Its id.
    pub screen_id: ScreenId,
    /// Where it hangs.
    pub name: String,
    /// Since when.
    pub added_at: DateTime<Utc>,
    /// When it asked last.
    pub last_seen_at: Option<DateTime<Utc>>,
}

/// What became of a form that adds one.
#[derive(Debug)]
pub enum Added {
    /// Its secret, which is never shown again.
    Done(Token),
    /// The same form was sent before.
    Repeat,
    /// The unit has [`SCREENS_MAX`] already.
    TooMany,
}

/// The screens of a unit that are in use, by name.
///
/// # Errors
/// When the database fails.
pub async fn list_screens(mut conn: &AsyncPgConnection, unit: UnitId) -> QueryResult<Vec<Screen>> {
    wall_screen::table
        .filter(wall_screen::unit_id.eq(unit))
        .filter(wall_screen::ended_at.is_null())
        .order((wall_screen::name, wall_screen::id))
        .select((
            wall_screen::id,
            wall_screen::name,
            wall_screen::added_at,
            wall_screen::last_seen_at,
        ))
        .limit(SCREENS_MAX)
        .load(&mut conn)
        .await
}

/// Adds a screen. `name` is not empty and at most [`NAME_CHARS_MAX`] long.
///
/// # Errors
/// When the database fails; then nothing was written.
pub async fn add_screen(
    conn: &mut AsyncPgConnection,
    key: Uuid,
    unit: UnitId,
    name: &str,
    by: UserId,
    now: DateTime<Utc>,
) -> QueryResult<Added> {
    conn.transaction(async |conn| {
        if take_form_key(conn, key, by, "", now).await?.is_some() {
            return Ok(Added::Repeat);
        }
        let in_use: i64 = wall_screen::table
            .filter(wall_screen::unit_id.eq(unit))
            .filter(wall_screen::ended_at.is_null())
            .count()
            .get_result(conn)
            .await?;
        if in_use >= SCREENS_MAX {
            return Ok(Added::TooMany);
        }
        let secret = Token::random();
        let id: ScreenId = diesel::insert_into(wall_screen::table)
            .values((
                wall_screen::unit_id.eq(unit),
                wall_screen::name.eq(name),
                wall_screen::secret_hash.eq(secret.hash().as_bytes()),
                wall_screen::added_by.eq(by),
                wall_screen::added_at.eq(now),
            ))
            .returning(wall_screen::id)
            .get_result(conn)
            .await?;
        let event = Event::new(Actor::User(by), "screen.added", format!("screen:{id}"))
            .with_after(json!({ "unit": unit, "name": name }));
        record_audit(conn, &event, now).await?;
        Ok(Added::Done(secret))
    })
    .await
}

/// Ends a screen of a unit; `false` when it was ended before or is none of that unit.
///
/// # Errors
/// When the database fails; then nothing was written.
pub async fn end_screen(
    conn: &mut AsyncPgConnection,
    unit: UnitId,
    screen: ScreenId,
    by: UserId,
    now: DateTime<Utc>,
) -> QueryResult<bool> {
    conn.transaction(async |conn| {
        let ended = diesel::update(
            wall_screen::table
                .find(screen)
                .filter(wall_screen::unit_id.eq(unit))
                .filter(wall_screen::ended_at.is_null()),
        )
        .set(wall_screen::ended_at.eq(now))
        .execute(conn)
        .await?;
        if ended == 0 {
            return Ok(false);
        }
        let event = Event::new(Actor::User(by), "screen.ended", format!("screen:{screen}"));
        record_audit(conn, &event, now).await?;
        Ok(true)
    })
    .await
}

/// The unit of the screen with this secret, while it is in use; says that it was seen.
///
/// # Errors
/// When the database fails.
pub async fn find_unit(
    mut conn: &AsyncPgConnection,
    secret: &TokenHash,
    now: DateTime<Utc>,
) -> QueryResult<Option<UnitId>> {
    let found: Option<(ScreenId, UnitId, Option<DateTime<Utc>>)> = wall_screen::table
        .filter(wall_screen::secret_hash.eq(secret.as_bytes()))
        .filter(wall_screen::ended_at.is_null())
        .select((
            wall_screen::id,
            wall_screen::unit_id,
            wall_screen::last_seen_at,
        ))
        .first(&mut conn)
        .await
        .optional()?;
    let Some((screen, unit, seen_at)) = found else {
        return Ok(None);
    };
    if seen_at.is_none_or(|at| now - at >= SEEN_EVERY) {
        diesel::update(wall_screen::table.find(screen))
            .set(wall_screen::last_seen_at.eq(now))
            .execute(&mut conn)
            .await?;
    }
    Ok(Some(unit))
}
