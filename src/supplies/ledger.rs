//! The ledger: every change of stock is a move that is appended, and nothing else changes stock.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::settle::{Settled, settle};
use crate::db::prepared::Prepared;
use crate::db::types::StockReason;
use crate::ids::{
    BinId, ItemId, LotId, MoveId, OrderLineId, ReaderId, StockPlaceId, TagId, UserId,
};

/// An item at a place: what rules, alerts and orders are about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StockKey {
    /// Which item.
    pub item_id: ItemId,
    /// Where.
    pub stock_place_id: StockPlaceId,
}

/// Who or what changed the stock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MovedBy {
    /// A person, with the key of the form.
    Person(UserId, Uuid),
    /// A reader that heard a tag, in this batch.
    Reader(ReaderId, Uuid, TagId),
    /// A reader that is new to its cabinet and counted all that is in it, in this batch.
    Inventory(ReaderId, Uuid),
    /// A command on the server, such as an import.
    Command,
}

/// A change of stock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewMove<'a> {
    /// Why.
    pub reason: StockReason,
    /// Of which item where.
    pub key: StockKey,
    /// Of which lot.
    pub lot_id: LotId,
    /// In which bin of that place.
    pub bin_id: BinId,
    /// Base units, not 0; below zero: they left.
    pub quantity: i64,
    /// When it happened.
    pub happened_at: DateTime<Utc>,
    /// By whom.
    pub by: MovedBy,
    /// The order that it came by.
    pub order_line_id: Option<OrderLineId>,
    /// The move that it takes back.
    pub undoes_id: Option<MoveId>,
    /// Why, in a person's words.
    pub note: Option<&'a str>,
}

/// What a posting did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Posted {
    /// The moves that were appended; those that a reader had told before are not among them (R16).
    pub move_ids: Vec<MoveId>,
    /// What followed.
    pub settled: Settled,
}

/// Appends moves in the caller's transaction, keeps the levels, and settles alerts and suggestions of what was touched (R19, R23).
///
/// Locks are taken in the order stocking, level, alert, order line, each by key.
///
/// # Errors
/// When the database fails or refuses a move: a lot of another item, a bin of another place, a quantity of 0.
pub async fn post(
    conn: &mut AsyncPgConnection,
    moves: &[NewMove<'_>],
    now: DateTime<Utc>,
) -> QueryResult<Posted> {
    if moves.is_empty() {
        return Ok(Posted::default());
    }
    let mut keys: Vec<StockKey> = moves.iter().map(|next| next.key).collect();
    keys.sort_unstable();
    keys.dedup();
    lock(conn, &keys).await?;
    let move_ids = insert_moves(conn, moves, now).await?;
    let settled = settle(conn, &keys, now).await?;
    Ok(Posted { move_ids, settled })
}

/// Locks what is settled, in the order of the keys. [`post`] does it; callers that read first and then post, call it before.
///
/// # Errors
/// When the database fails.
pub async fn lock(conn: &mut AsyncPgConnection, keys: &[StockKey]) -> QueryResult<()> {
    let (items, places) = columns(keys);
    let query = sql_query(include_str!("sql/lock_stockings.sql"))
        .bind::<Array<BigInt>, _>(items)
        .bind::<Array<BigInt>, _>(places);
    // Kept prepared: planning would take longer than the statement.
    Prepared(query).execute(conn).await.map(drop)
}

/// Items and places as two columns.
pub(super) fn columns(keys: &[StockKey]) -> (Vec<ItemId>, Vec<StockPlaceId>) {
    keys.iter()
        .map(|key| (key.item_id, key.stock_place_id))
        .unzip()
}

#[derive(QueryableByName)]
struct MoveRow {
    #[diesel(sql_type = BigInt)]
    move_id: MoveId,
}

async fn insert_moves(
    conn: &mut AsyncPgConnection,
    moves: &[NewMove<'_>],
    now: DateTime<Utc>,
) -> QueryResult<Vec<MoveId>> {
    fn column<'a, T>(moves: &[NewMove<'a>], value: impl Fn(&NewMove<'a>) -> T) -> Vec<T> {
        moves.iter().map(value).collect()
    }
    let user = |next: &NewMove<'_>| match next.by {
        MovedBy::Person(user, _) => Some(user),
        _ => None,
    };
    let reader = |next: &NewMove<'_>| match next.by {
        MovedBy::Reader(reader, ..) | MovedBy::Inventory(reader, _) => Some(reader),
        _ => None,
    };
    let form = |next: &NewMove<'_>| match next.by {
        MovedBy::Person(_, form) => Some(form),
        _ => None,
    };
    let batch = |next: &NewMove<'_>| match next.by {
        MovedBy::Reader(_, batch, _) | MovedBy::Inventory(_, batch) => Some(batch),
        _ => None,
    };
    let tag = |next: &NewMove<'_>| match next.by {
        MovedBy::Reader(_, _, tag) => Some(tag),
        _ => None,
    };
    let query = sql_query(include_str!("sql/insert_moves.sql"))
        .bind::<Array<Text>, _>(column(moves, |next| next.reason.as_str()))
        .bind::<Array<BigInt>, _>(column(moves, |next| next.key.item_id))
        .bind::<Array<BigInt>, _>(column(moves, |next| next.lot_id))
        .bind::<Array<BigInt>, _>(column(moves, |next| next.bin_id))
        .bind::<Array<BigInt>, _>(column(moves, |next| next.key.stock_place_id))
        .bind::<Array<BigInt>, _>(column(moves, |next| next.quantity))
        .bind::<Array<Timestamptz>, _>(column(moves, |next| next.happened_at))
        .bind::<Array<Nullable<BigInt>>, _>(column::<Option<UserId>>(moves, user))
        .bind::<Array<Nullable<BigInt>>, _>(column::<Option<ReaderId>>(moves, reader))
        .bind::<Array<Nullable<SqlUuid>>, _>(column(moves, form))
        .bind::<Array<Nullable<SqlUuid>>, _>(column(moves, batch))
        .bind::<Array<Nullable<BigInt>>, _>(column::<Option<TagId>>(moves, tag))
        .bind::<Array<Nullable<BigInt>>, _>(column(moves, |next| next.order_line_id))
        .bind::<Array<Nullable<BigInt>>, _>(column(moves, |next| next.undoes_id))
        .bind::<Timestamptz, _>(now)
        .bind::<Array<Nullable<Text>>, _>(column(moves, |next| next.note));
    let rows: Vec<MoveRow> = Prepared(query).load(conn).await?;
    Ok(rows.into_iter().map(|row| row.move_id).collect())
}
