//! R10: missing assets that a reader heard are there again; look-for tasks whose asset came to another room are done.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Nullable, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::Outcome;
use super::facts::{CHANGES_MAX, Candidate, Facts, act, lock_and_read};
use crate::assets::status::{Rule, is_seen_again};
use crate::ids::{AssetId, AssetTypeId, RoomId};
use crate::live::Topic;
use crate::location::certainty::{CertaintyRules, fresh_for};

/// Missing assets that were heard since.
pub const CANDIDATES_SQL: &str = include_str!("sql/seen_again_candidates.sql");
/// Closes look-for tasks whose asset is in a room again.
pub const CLOSE_TASKS_SQL: &str = include_str!("sql/close_seen_tasks.sql");
/// Candidates read at once, and tasks closed in one run.
const PAGE: i64 = 500;

/// Brings back what was heard, at most [`CHANGES_MAX`] assets, and closes tasks.
///
/// # Errors
/// When the database fails.
pub async fn run(conn: &mut AsyncPgConnection, now: DateTime<Utc>) -> QueryResult<Outcome> {
    let mut outcome = Outcome::default();
    let mut after = AssetId(0);
    while outcome.changed < CHANGES_MAX {
        let page: Vec<Candidate> = sql_query(CANDIDATES_SQL)
            .bind::<BigInt, _>(after)
            .bind::<BigInt, _>(PAGE)
            .load(conn)
            .await?;
        let Some(last) = page.last() else { break };
        after = last.asset_id;
        let ids: Vec<AssetId> = page.iter().map(|row| row.asset_id).collect();
        for facts in lock_and_read(conn, &ids).await? {
            if let Some(at) = decide(&facts, now) {
                act(conn, Rule::SeenAgain, &facts, at, now, &mut outcome).await?;
            }
        }
    }
    outcome.has_more = outcome.changed >= CHANGES_MAX;
    close_tasks(conn, now, &mut outcome).await?;
    Ok(outcome)
}

/// When it was heard again.
fn decide(facts: &Facts, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let rules = CertaintyRules::default();
    let fresh = |interval_ms| fresh_for(interval_ms, &rules);
    let fresh: TimeDelta = facts.place.interval_ms.map_or(rules.pass_for, fresh);
    let seen_at = facts.place.seen_at?;
    let is_back = is_seen_again(
        facts.status_since,
        facts.gone_since.unwrap_or(facts.status_since),
        fresh,
        facts.place.entered_at,
        seen_at,
    );
    is_back.then_some(seen_at.min(now))
}

async fn close_tasks(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    outcome: &mut Outcome,
) -> QueryResult<()> {
    #[derive(QueryableByName)]
    #[expect(
        clippy::struct_field_names,
        reason = "columns are named as in the database"
    )]
    struct Closed {
        #[diesel(sql_type = BigInt)]
        asset_id: AssetId,
        #[diesel(sql_type = BigInt)]
        asset_type_id: AssetTypeId,
        #[diesel(sql_type = Nullable<BigInt>)]
        room_id: Option<RoomId>,
    }
    let closed: Vec<Closed> = sql_query(CLOSE_TASKS_SQL)
        .bind::<Timestamptz, _>(now)
        .bind::<BigInt, _>(PAGE)
        .load(conn)
        .await?;
    outcome.changed += closed.len();
    for row in closed {
        let place = row.room_id.map(Topic::Room);
        outcome.topics.extend([
            Topic::Asset(row.asset_id),
            Topic::Type(row.asset_type_id),
            Topic::Alerts,
        ]);
        outcome.topics.extend(place);
    }
    Ok(())
}
