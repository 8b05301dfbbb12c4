//! R10: what nobody has seen for its limit becomes missing, with its alert in the same transaction.
//!
//! Times of tags carry no index, so that "still here" stays cheap to write (I-9). So the fleet is walked by id, a part at a
//! time: a million assets in about four minutes.

use ahash::AHashMap;
use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Bool, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::Outcome;
use super::facts::{CHANGES_MAX, Facts, act, lock_and_read};
use crate::assets::status::Rule;
use crate::devices::model::LiveState;
use crate::devices::store::find_live_state;
use crate::ids::{AssetId, RoomId};
use crate::location::certainty::{Certainty, CertaintyRules, UnknownReason};
use crate::places::model::DownRoom;

/// Assets looked at in one run.
const PART: i64 = 10_000;
/// A new walk does not begin before the last one is this old.
const WALK_EVERY: TimeDelta = TimeDelta::seconds(60);
/// Silence means nothing before sightings have flowed again for this long: what readers kept must arrive first.
pub const LISTEN_FOR: TimeDelta = TimeDelta::minutes(5);
/// How long after an outage of its readers the silence in a room means nothing: slow tags must have their turn.
pub const RECOVER_FOR: TimeDelta = TimeDelta::minutes(30);

/// A part of the fleet: those that were silent for the shortest limit, and where the part ends.
pub const PART_SQL: &str = include_str!("sql/silent_part.sql");
/// Rooms that nobody heard until now, or until a moment ago.
pub const DEAF_ROOMS_SQL: &str = include_str!("sql/deaf_rooms.sql");

/// Where the walk is.
#[derive(Clone, Copy, Debug, Default)]
pub struct Walk {
    after: i64,
    begun_at: Option<DateTime<Utc>>,
    listening_since: Option<DateTime<Utc>>,
}

#[derive(QueryableByName)]
struct Part {
    #[diesel(sql_type = BigInt)]
    asset_id: AssetId,
    #[diesel(sql_type = Bool)]
    is_silent: bool,
}

/// Walks one part.
///
/// # Errors
/// When the database fails.
pub async fn run(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    walk: &mut Walk,
) -> QueryResult<Outcome> {
    let mut outcome = Outcome::default();
    // R24 for all of it: while no consumer takes sightings, nothing is silent.
    if !matches!(find_live_state(conn, now).await?, LiveState::Live { .. }) {
        walk.listening_since = None;
        return Ok(outcome);
    }
    let listening_since = *walk.listening_since.get_or_insert(now);
    let is_pausing = walk.after == 0 && walk.begun_at.is_some_and(|at| now - at < WALK_EVERY);
    if now - listening_since < LISTEN_FOR || is_pausing {
        return Ok(outcome);
    }
    if walk.after == 0 {
        walk.begun_at = Some(now);
    }
    let part: Vec<Part> = sql_query(PART_SQL)
        .bind::<BigInt, _>(walk.after)
        .bind::<Timestamptz, _>(now - CertaintyRules::default().missing_after)
        .bind::<BigInt, _>(PART)
        .load(conn)
        .await?;
    let silent: Vec<AssetId> = part
        .iter()
        .filter(|row| row.is_silent)
        .map(|row| row.asset_id)
        .take(CHANGES_MAX)
        .collect();
    walk.after = match (silent.len() < CHANGES_MAX, silent.last()) {
        (false, Some(last)) => last.0,
        _ => part.last().map_or(0, |row| row.asset_id.0),
    };
    if !silent.is_empty() {
        let deaf = list_deaf_rooms(conn, now).await?;
        for facts in lock_and_read(conn, &silent).await? {
            if let Some(at) = decide(&facts, &deaf, now) {
                act(conn, Rule::NotSeen, &facts, at, now, &mut outcome).await?;
            }
        }
    }
    Ok(outcome)
}

/// Rooms in which silence means nothing, since when.
async fn list_deaf_rooms(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
) -> QueryResult<AHashMap<RoomId, DateTime<Utc>>> {
    let rooms: Vec<DownRoom> = sql_query(DEAF_ROOMS_SQL)
        .bind::<Timestamptz, _>(now - RECOVER_FOR)
        .load(conn)
        .await?;
    Ok(rooms
        .into_iter()
        .map(|room| (room.room_id, room.since))
        .collect())
}

/// When the limit of silence was reached; the same rule as the word on the pages, but whatever somebody said of the room. Who says
/// what a device is has seen it, and so has the room that a rule goes by: silence counts from there at the earliest.
fn decide(
    facts: &Facts,
    deaf: &AHashMap<RoomId, DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Option<DateTime<Utc>> {
    let mut place = facts.place;
    let evidence_at = place.evidence_at()?;
    place.seen_at = Some(evidence_at);
    place.not_here_at = None;
    let deaf_since = place.room_id.and_then(|room| deaf.get(&room)).copied();
    match place.certainty(now, deaf_since) {
        Certainty::Unknown {
            reason: UnknownReason::NotSeenFor { missing_after },
        } => {
            let at = evidence_at.max(facts.status_since) + missing_after;
            (at <= now).then_some(at)
        }
        _ => None,
    }
}
