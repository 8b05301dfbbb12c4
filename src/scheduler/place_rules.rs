//! Place rules: what stays in a patient's room is in use, in a soiled utility soiled, in the equipment room in cleaning.
//! None of them makes anything available (R9).

use ahash::AHashMap;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Text, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::Outcome;
use super::facts::{CHANGES_MAX, Facts, act, lock_and_read};
use crate::assets::status::{Rule, due_place_rule, place_rule};
use crate::db::types::{AssetStatus, RoomKind};
use crate::ids::{AssetId, RoomId};
use crate::location::certainty::Certainty;
use crate::places::store::list_down_rooms;

/// Assets whose dwell is complete, room by room.
pub const CANDIDATES_SQL: &str = include_str!("sql/place_candidates.sql");
/// Candidates read at once.
const PAGE: i64 = 500;

#[derive(QueryableByName)]
struct InRoom {
    #[diesel(sql_type = BigInt)]
    room_id: RoomId,
    #[diesel(sql_type = BigInt)]
    asset_id: AssetId,
}

/// Changes what is due, at most [`CHANGES_MAX`] assets.
///
/// # Errors
/// When the database fails.
pub async fn run(conn: &mut AsyncPgConnection, now: DateTime<Utc>) -> QueryResult<Outcome> {
    let mut outcome = Outcome::default();
    let down = list_down_rooms(conn).await?;
    let down: AHashMap<RoomId, DateTime<Utc>> = down
        .into_iter()
        .map(|room| (room.room_id, room.since))
        .collect();
    for kind in RoomKind::ALL {
        for status in AssetStatus::ALL {
            if let Some((_, dwell)) = place_rule(*kind, *status) {
                let entered_before = now - dwell;
                run_rule(
                    conn,
                    (*kind, *status),
                    entered_before,
                    &down,
                    now,
                    &mut outcome,
                )
                .await?;
            }
        }
    }
    Ok(outcome)
}

async fn run_rule(
    conn: &mut AsyncPgConnection,
    (kind, status): (RoomKind, AssetStatus),
    entered_before: DateTime<Utc>,
    down: &AHashMap<RoomId, DateTime<Utc>>,
    now: DateTime<Utc>,
    outcome: &mut Outcome,
) -> QueryResult<()> {
    let mut after = (RoomId(0), AssetId(0));
    loop {
        if outcome.changed >= CHANGES_MAX {
            outcome.has_more = true;
            return Ok(());
        }
        let page: Vec<InRoom> = sql_query(CANDIDATES_SQL)
            .bind::<Text, _>(kind)
            .bind::<Text, _>(status)
            .bind::<Timestamptz, _>(entered_before)
            .bind::<BigInt, _>(after.0)
            .bind::<BigInt, _>(after.1)
            .bind::<BigInt, _>(PAGE)
            .load(conn)
            .await?;
        let Some(last) = page.last() else {
            return Ok(());
        };
        after = (last.room_id, last.asset_id);
        let ids: Vec<AssetId> = page.iter().map(|row| row.asset_id).collect();
        for facts in lock_and_read(conn, &ids).await? {
            if let Some((rule, at)) = decide(&facts, down, now) {
                act(conn, rule, &facts, at, now, outcome).await?;
            }
        }
    }
}

/// The rule that is due, while the place is not less than likely: an old place says nothing about now.
fn decide(
    facts: &Facts,
    down: &AHashMap<RoomId, DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Option<(Rule, DateTime<Utc>)> {
    let (kind, entered_at) = (facts.room_kind?, facts.place.entered_at?);
    let down_since = facts
        .place
        .room_id
        .and_then(|room| down.get(&room))
        .copied();
    let certainty = facts.place.certainty(now, down_since);
    let is_there = matches!(certainty, Certainty::Confirmed | Certainty::Likely);
    let due = due_place_rule(kind, (facts.status, facts.status_since), entered_at, now);
    due.filter(|_| is_there)
}
