//! Moves of the ledger, and where stock can be moved to.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Bool, Date, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::cut;
use crate::db::types::{Role, StockReason};
use crate::ids::{BinId, ItemId, LotId, MoveId, StockPlaceId};
use crate::supplies::ledger::StockKey;

/// Moves of an item at a place.
pub const STOCK_MOVES_SQL: &str = include_str!("../sql/stock_moves.sql");
/// Where an item may be moved to.
pub const TRANSFER_TARGETS_SQL: &str = include_str!("../sql/transfer_targets.sql");
/// Most bins that a form offers to move stock to.
pub const TARGETS_MAX: i64 = 500;
/// Moves on a page.
pub const MOVES_PER_PAGE: i64 = 25;

/// Where the page of moves before ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MoveCursor {
    /// When it happened.
    pub at: DateTime<Utc>,
    /// Its id.
    pub id: MoveId,
}

/// A move of the ledger. Who did it is told as a role, not as a name.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct MoveLine {
    /// Its id.
    #[diesel(sql_type = BigInt)]
    pub move_id: MoveId,
    /// Why.
    #[diesel(sql_type = Text)]
    pub reason: StockReason,
    /// Base units; below zero: they left.
    #[diesel(sql_type = BigInt)]
    pub quantity: i64,
    /// When.
    #[diesel(sql_type = Timestamptz)]
    pub happened_at: DateTime<Utc>,
    /// When it was written.
    #[diesel(sql_type = Timestamptz)]
    pub recorded_at: DateTime<Utc>,
    /// The form of a person.
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub form_key: Option<Uuid>,
    /// Whether it takes another one back.
    #[diesel(sql_type = Bool)]
    pub is_undo: bool,
    /// Whether it may still be taken back, but for the time that has passed: not when it was, nor what an order or an empty bin hangs on.
    #[diesel(sql_type = Bool)]
    pub can_be_undone: bool,
    /// What the person said.
    #[diesel(sql_type = Nullable<Text>)]
    pub note: Option<String>,
    /// Its lot.
    #[diesel(sql_type = BigInt)]
    pub lot_id: LotId,
    /// The number of the lot.
    #[diesel(sql_type = Text)]
    pub lot_number: String,
    /// Last day of use of the lot.
    #[diesel(sql_type = Nullable<Date>)]
    pub expires_on: Option<NaiveDate>,
    /// Its bin.
    #[diesel(sql_type = Text)]
    pub bin_name: String,
    /// What the person is.
    #[diesel(sql_type = Nullable<Text>)]
    pub role: Option<Role>,
    /// The reader that saw it.
    #[diesel(sql_type = Nullable<Text>)]
    pub reader_key: Option<String>,
}

/// Moves of an item at a place, the newest first, and where the next page starts.
///
/// # Errors
/// When the database fails.
pub async fn list_moves(
    mut conn: &AsyncPgConnection,
    key: StockKey,
    after: Option<MoveCursor>,
    limit: i64,
) -> QueryResult<(Vec<MoveLine>, Option<MoveCursor>)> {
    let mut rows: Vec<MoveLine> = sql_query(STOCK_MOVES_SQL)
        .bind::<BigInt, _>(key.item_id)
        .bind::<BigInt, _>(key.stock_place_id)
        .bind::<Nullable<Timestamptz>, _>(after.map(|cursor| cursor.at))
        .bind::<Nullable<BigInt>, _>(after.map(|cursor| cursor.id))
        .bind::<BigInt, _>(limit + 1)
        .load(&mut conn)
        .await?;
    let has_more = cut(&mut rows, limit);
    let next = rows.last().filter(|_| has_more).map(|row| MoveCursor {
        at: row.happened_at,
        id: row.move_id,
    });
    Ok((rows, next))
}

/// A bin that stock of an item may be moved to.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct TransferTarget {
    /// Its place.
    #[diesel(sql_type = BigInt)]
    pub stock_place_id: StockPlaceId,
    /// The name of the place.
    #[diesel(sql_type = Text)]
    pub stock_place_name: String,
    /// The bin.
    #[diesel(sql_type = BigInt)]
    pub bin_id: BinId,
    /// Its name.
    #[diesel(sql_type = Text)]
    pub bin_name: String,
}

/// The usual bins of all places that hold an item and do not count themselves, by the names of the places; at most [`TARGETS_MAX`].
///
/// # Errors
/// When the database fails.
pub async fn list_transfer_targets(
    mut conn: &AsyncPgConnection,
    id: ItemId,
) -> QueryResult<Vec<TransferTarget>> {
    sql_query(TRANSFER_TARGETS_SQL)
        .bind::<BigInt, _>(id)
        .bind::<BigInt, _>(TARGETS_MAX)
        .load(&mut conn)
        .await
}
