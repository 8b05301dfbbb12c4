//! Counts to read: places that ask for one, counts, their lines, and what a person entered last.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Bool, Nullable, Text, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use crate::db::types::{CountCause, CountClass, CountStep, Role, StockReason};
use crate::ids::{BinId, CountEntryId, CountLineId, CountSessionId, ItemId, StockPlaceId, UserId};
use crate::supplies::ledger::StockKey;
use crate::supplies::stock::{NameCursor, cut};

/// What can be counted at a place.
pub const COUNT_CANDIDATES_SQL: &str = include_str!("../sql/count_candidates.sql");
/// Lines of a count.
pub const COUNT_LINES_SQL: &str = include_str!("../sql/count_lines.sql");
/// What a person entered last.
pub const COUNT_LOG_SQL: &str = include_str!("../sql/count_log.sql");
/// Counts.
pub const COUNT_SESSIONS_SQL: &str = include_str!("../sql/count_sessions.sql");
/// Places with what asks to be counted there.
pub const COUNT_PLACES_SQL: &str = include_str!("../sql/count_places.sql");
/// The last moves beside lines.
pub const COUNT_MOVES_SQL: &str = include_str!("../sql/count_moves.sql");
/// Counts on a page.
pub const COUNTS_PER_PAGE: i64 = 50;
/// Places on a page: all that each holds is looked at.
pub const COUNT_PLACES_PER_PAGE: i64 = 20;

/// A line of a count.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct CountLine {
    /// The line.
    #[diesel(sql_type = BigInt)]
    pub count_line_id: CountLineId,
    /// Which item.
    #[diesel(sql_type = BigInt)]
    pub item_id: ItemId,
    /// In which bin.
    #[diesel(sql_type = BigInt)]
    pub bin_id: BinId,
    /// Of which place.
    #[diesel(sql_type = BigInt)]
    pub stock_place_id: StockPlaceId,
    /// Why it is counted.
    #[diesel(sql_type = Text)]
    pub cause: CountCause,
    /// Somebody said that it was not counted.
    #[diesel(sql_type = Bool)]
    pub is_skipped: bool,
    /// Another person must count it again.
    #[diesel(sql_type = Bool)]
    pub waits: bool,
    /// The first count was too far from the books.
    #[diesel(sql_type = Bool)]
    pub is_off: bool,
    /// Number of the item.
    #[diesel(sql_type = Text)]
    pub item_number: String,
    /// Its name.
    #[diesel(sql_type = Text)]
    pub item_name: String,
    /// Its unit.
    #[diesel(sql_type = Text)]
    pub base_unit: String,
    /// How exact it must be.
    #[diesel(sql_type = Text)]
    pub count_class: CountClass,
    /// Name of the bin.
    #[diesel(sql_type = Text)]
    pub bin_name: String,
    /// What the first person counted.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub first_quantity: Option<i64>,
    /// When.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub first_at: Option<DateTime<Utc>>,
    /// Who counted first.
    #[diesel(sql_type = Nullable<Array<BigInt>>)]
    pub first_people: Option<Vec<UserId>>,
    /// What another person counted.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub second_quantity: Option<i64>,
    /// When.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub second_at: Option<DateTime<Utc>>,
    /// What the books held when it was counted last (R21); now, when it was not.
    #[diesel(sql_type = BigInt)]
    pub expected: i64,
    /// When the bin was emptied since: whatever it held was used then, so there is nothing left to set right.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub emptied_at: Option<DateTime<Utc>>,
    /// Base units of the pack that is ordered.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub pack_units: Option<i64>,
}

impl CountLine {
    /// The item at the place.
    #[must_use]
    pub fn stock_key(&self) -> StockKey {
        StockKey {
            item_id: self.item_id,
            stock_place_id: self.stock_place_id,
        }
    }

    /// What holds: the second count where there is one.
    #[must_use]
    pub fn counted(&self) -> Option<i64> {
        self.second_quantity.or(self.first_quantity)
    }

    /// When that was.
    #[must_use]
    pub fn counted_at(&self) -> Option<DateTime<Utc>> {
        self.second_at.or(self.first_at)
    }

    /// The round that holds.
    #[must_use]
    pub fn round(&self) -> i16 {
        if self.second_quantity.is_some() { 2 } else { 1 }
    }
}

/// Lines of a count, by bin and item; at most [`super::LINES_MAX`] and what was found unexpectedly.
///
/// # Errors
/// When the database fails.
pub async fn list_count_lines(
    mut conn: &AsyncPgConnection,
    id: CountSessionId,
) -> QueryResult<Vec<CountLine>> {
    sql_query(COUNT_LINES_SQL)
        .bind::<BigInt, _>(id)
        .load(&mut conn)
        .await
}

/// A move beside a line of a count.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct CountMove {
    /// The line.
    #[diesel(sql_type = BigInt)]
    pub count_line_id: CountLineId,
    /// Why.
    #[diesel(sql_type = Text)]
    pub reason: StockReason,
    /// Base units.
    #[diesel(sql_type = BigInt)]
    pub quantity: i64,
    /// When.
    #[diesel(sql_type = Timestamptz)]
    pub happened_at: DateTime<Utc>,
}

/// The last moves of what these lines count, three a line, the newest first.
///
/// # Errors
/// When the database fails.
pub async fn list_count_moves(
    mut conn: &AsyncPgConnection,
    lines: &[CountLineId],
) -> QueryResult<Vec<CountMove>> {
    sql_query(COUNT_MOVES_SQL)
        .bind::<Array<BigInt>, _>(lines)
        .load(&mut conn)
        .await
}

/// What a person entered.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct CountEntryRow {
    /// The entry.
    #[diesel(sql_type = BigInt)]
    pub count_entry_id: CountEntryId,
    /// Base units.
    #[diesel(sql_type = BigInt)]
    pub quantity: i64,
    /// When.
    #[diesel(sql_type = Timestamptz)]
    pub counted_at: DateTime<Utc>,
    /// Of which line.
    #[diesel(sql_type = BigInt)]
    pub count_line_id: CountLineId,
    /// Its item.
    #[diesel(sql_type = Text)]
    pub item_name: String,
    /// Its bin.
    #[diesel(sql_type = Text)]
    pub bin_name: String,
    /// The lot that was scanned.
    #[diesel(sql_type = Nullable<Text>)]
    pub lot_number: Option<String>,
}

/// The last entries of a person, the newest first.
///
/// # Errors
/// When the database fails.
pub async fn list_count_log(
    mut conn: &AsyncPgConnection,
    (id, user_id): (CountSessionId, UserId),
    limit: i64,
) -> QueryResult<Vec<CountEntryRow>> {
    sql_query(COUNT_LOG_SQL)
        .bind::<BigInt, _>(id)
        .bind::<BigInt, _>(user_id)
        .bind::<BigInt, _>(limit)
        .load(&mut conn)
        .await
}

/// A count.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct CountSession {
    /// The count.
    #[diesel(sql_type = BigInt)]
    pub count_session_id: CountSessionId,
    /// How far it is.
    #[diesel(sql_type = Text)]
    pub state: CountStep,
    /// When it was begun.
    #[diesel(sql_type = Timestamptz)]
    pub created_at: DateTime<Utc>,
    /// When it ended.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub ended_at: Option<DateTime<Utc>>,
    /// Why.
    #[diesel(sql_type = Nullable<Text>)]
    pub end_reason: Option<String>,
    /// Its place.
    #[diesel(sql_type = BigInt)]
    pub stock_place_id: StockPlaceId,
    /// The name of that.
    #[diesel(sql_type = Text)]
    pub stock_place_name: String,
    /// What the person is who began it.
    #[diesel(sql_type = Text)]
    pub created_role: Role,
    /// Lines.
    #[diesel(sql_type = BigInt)]
    pub lines: i64,
    /// Lines that were counted.
    #[diesel(sql_type = BigInt)]
    pub counted: i64,
    /// Lines that were off.
    #[diesel(sql_type = BigInt)]
    pub off: i64,
    /// Lines that wait for their second count.
    #[diesel(sql_type = BigInt)]
    pub waiting: i64,
}

/// A page of counts, the newest first, and where the next one starts.
///
/// # Errors
/// When the database fails.
pub async fn list_counts(
    conn: &AsyncPgConnection,
    is_open: bool,
    before: Option<CountSessionId>,
    limit: i64,
) -> QueryResult<(Vec<CountSession>, Option<CountSessionId>)> {
    let mut rows = load_counts(conn, is_open, before, limit.saturating_add(1)).await?;
    let has_more = cut(&mut rows, limit);
    let next = rows.last().filter(|_| has_more);
    let next = next.map(|row| row.count_session_id);
    Ok((rows, next))
}

async fn load_counts(
    mut conn: &AsyncPgConnection,
    is_open: bool,
    before: Option<CountSessionId>,
    limit: i64,
) -> QueryResult<Vec<CountSession>> {
    sql_query(COUNT_SESSIONS_SQL)
        .bind::<Bool, _>(is_open)
        .bind::<Nullable<BigInt>, _>(before)
        .bind::<BigInt, _>(limit)
        .load(&mut conn)
        .await
}

/// One count.
///
/// # Errors
/// When the database fails.
pub async fn find_count(
    conn: &AsyncPgConnection,
    id: CountSessionId,
) -> QueryResult<Option<CountSession>> {
    let before = CountSessionId(id.0.saturating_add(1));
    for is_open in [true, false] {
        let found = load_counts(conn, is_open, Some(before), 1).await?.pop();
        if let Some(row) = found.filter(|row| row.count_session_id == id) {
            return Ok(Some(row));
        }
    }
    Ok(None)
}

/// A place with what asks to be counted there.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct CountPlace {
    /// The place.
    #[diesel(sql_type = BigInt)]
    pub stock_place_id: StockPlaceId,
    /// Its name.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// The count that is not over.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub count_session_id: Option<CountSessionId>,
    /// Bins below zero by the books.
    #[diesel(sql_type = BigInt)]
    pub negative: i64,
    /// Bins that were off at the last count.
    #[diesel(sql_type = BigInt)]
    pub discrepancy: i64,
    /// Bins where nothing is left.
    #[diesel(sql_type = BigInt)]
    pub zero: i64,
    /// Bins whose day has come.
    #[diesel(sql_type = BigInt)]
    pub due: i64,
}

/// A page of places by name, and where the next one starts. Cabinets that count themselves are not among them.
///
/// # Errors
/// When the database fails.
pub async fn list_count_places(
    mut conn: &AsyncPgConnection,
    after: Option<&NameCursor>,
    limit: i64,
    now: DateTime<Utc>,
) -> QueryResult<(Vec<CountPlace>, Option<NameCursor>)> {
    let mut rows: Vec<CountPlace> = sql_query(COUNT_PLACES_SQL)
        .bind::<Nullable<Text>, _>(after.map(|after| &after.name))
        .bind::<Nullable<BigInt>, _>(after.map(|after| after.id))
        .bind::<BigInt, _>(limit.saturating_add(1))
        .bind::<Timestamptz, _>(now)
        .load(&mut conn)
        .await?;
    let has_more = cut(&mut rows, limit);
    let next = rows.last().filter(|_| has_more).map(|row| NameCursor {
        name: row.name.clone(),
        id: row.stock_place_id.0,
    });
    Ok((rows, next))
}
