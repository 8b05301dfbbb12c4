//! Assets that a rule may act on: locked, read again, and acted on one by one.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error as QueryError};
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Nullable, Text, Timestamptz};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::Outcome;
use crate::assets::acts::{Act, ActError, By, perform};
use crate::assets::model::PlaceFacts;
use crate::assets::status::Rule;
use crate::db::types::{AssetStatus, RoomKind};
use crate::ids::{AssetId, AssetTypeId};
use crate::live::Topic;

/// Most assets that one run changes.
pub const CHANGES_MAX: usize = 500;
/// What a rule looks at, of assets that it holds.
pub const FACTS_SQL: &str = include_str!("sql/facts.sql");
/// Locks places.
pub const LOCK_PLACES_SQL: &str = "SELECT asset_id FROM asset_place WHERE asset_id = ANY ($1) ORDER BY asset_id FOR UPDATE SKIP LOCKED";
/// Locks assets.
pub const LOCK_ASSETS_SQL: &str =
    "SELECT id AS asset_id FROM asset WHERE id = ANY ($1) ORDER BY id FOR UPDATE SKIP LOCKED";

/// An asset that the transaction holds.
#[derive(Clone, Copy, Debug, QueryableByName)]
pub struct Facts {
    /// The asset.
    #[diesel(sql_type = BigInt)]
    pub asset_id: AssetId,
    /// Its type.
    #[diesel(sql_type = BigInt)]
    pub asset_type_id: AssetTypeId,
    /// Its status.
    #[diesel(sql_type = Text)]
    pub status: AssetStatus,
    /// Since when.
    #[diesel(sql_type = Timestamptz)]
    pub status_since: DateTime<Utc>,
    /// Of a missing one: when it was last known to be there.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub gone_since: Option<DateTime<Utc>>,
    /// What its room is for.
    #[diesel(sql_type = Nullable<Text>)]
    pub room_kind: Option<RoomKind>,
    /// Where it is.
    #[diesel(embed)]
    pub place: PlaceFacts,
}

/// An id from a list of candidates.
#[derive(Clone, Copy, Debug, QueryableByName)]
pub struct Candidate {
    /// The asset.
    #[diesel(sql_type = BigInt)]
    pub asset_id: AssetId,
}

/// Locks places, then assets, each by id, and reads them. What somebody else holds is left out: it is changing just now,
/// and the next run looks again. So a rule never waits for people or for consumers.
///
/// # Errors
/// When the database fails.
pub async fn lock_and_read(
    conn: &mut AsyncPgConnection,
    ids: &[AssetId],
) -> QueryResult<Vec<Facts>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut ids = ids.to_vec();
    ids.sort_unstable();
    let places: Vec<Candidate> = sql_query(LOCK_PLACES_SQL)
        .bind::<Array<BigInt>, _>(&ids)
        .load(conn)
        .await?;
    let assets: Vec<Candidate> = sql_query(LOCK_ASSETS_SQL)
        .bind::<Array<BigInt>, _>(&ids)
        .load(conn)
        .await?;
    let held = |rows: &[Candidate], id| rows.binary_search_by_key(&id, |row| row.asset_id).is_ok();
    let facts: Vec<Facts> = sql_query(FACTS_SQL)
        .bind::<Array<BigInt>, _>(&ids)
        .load(conn)
        .await?;
    let is_ours = |row: &Facts| {
        held(&assets, row.asset_id) && (row.place.room_id.is_none() || held(&places, row.asset_id))
    };
    Ok(facts.into_iter().filter(is_ours).collect())
}

/// Has a rule act on one asset, in a transaction of its own inside the job's: what is refused stops nobody else.
///
/// # Errors
/// When the database fails for another reason than these rows.
pub async fn act(
    conn: &mut AsyncPgConnection,
    rule: Rule,
    facts: &Facts,
    at: DateTime<Utc>,
    now: DateTime<Utc>,
    outcome: &mut Outcome,
) -> QueryResult<()> {
    let ids = [facts.asset_id];
    let act = Act {
        at: Some(at),
        ..Act::new(rule.act(), &ids, By::Rule(rule))
    };
    let done = conn
        .transaction::<_, ActError, _>(async |conn| perform(conn, Uuid::now_v7(), &act, now).await)
        .await;
    match done {
        Ok(_) => {
            outcome.changed += 1;
            outcome.topics.insert(Topic::Asset(facts.asset_id));
            outcome.topics.insert(Topic::Type(facts.asset_type_id));
            outcome.topics.extend(facts.place.room_id.map(Topic::Room));
            // A status may raise or end an alert; who lists alerts looks.
            outcome.topics.insert(Topic::Alerts);
            Ok(())
        }
        Err(ActError::Refused(why)) => {
            tracing::debug!(asset.id = %facts.asset_id, rule = rule.as_str(), ?why, "a rule no longer applies");
            Ok(())
        }
        Err(ActError::Database(error)) if is_of_these_rows(&error) => {
            let cause: &dyn std::error::Error = &error;
            tracing::warn!(asset.id = %facts.asset_id, rule = rule.as_str(), error = cause, "a rule was refused");
            Ok(())
        }
        Err(ActError::Database(error)) => Err(error),
    }
}

fn is_of_these_rows(error: &QueryError) -> bool {
    use DatabaseErrorKind::{
        CheckViolation, ForeignKeyViolation, NotNullViolation, UniqueViolation,
    };
    matches!(
        error,
        QueryError::DatabaseError(
            CheckViolation | ForeignKeyViolation | NotNullViolation | UniqueViolation,
            _
        )
    )
}
