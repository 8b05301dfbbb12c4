//! The calendar: one alert a lot and place that grows more severe, stock that stops counting at local midnight (R17), and rejections
//! that are over.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Bool, Nullable, Text, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::ledger::{StockKey, columns, lock};
use super::settle::settle;
use crate::alerts::rules::{Cause, Subject, expiry_severity, key};
use crate::alerts::store::{end, raise};
use crate::db::types::AlertKind;
use crate::ids::{ItemId, LotId, StockPlaceId};

/// Lots that are nearer to their last day than their alert says.
pub const EXPIRIES_SQL: &str = include_str!("sql/expiries.sql");
/// Alerts of lots that are gone.
pub const EXPIRIES_OVER_SQL: &str = include_str!("sql/expiries_over.sql");
/// Lots that are over and of which the books hold less than nothing.
pub const SHORT_EXPIRED_SQL: &str = include_str!("sql/short_expired.sql");
/// Lots in one run.
pub const LOTS_MAX: i64 = 500;

#[derive(QueryableByName)]
struct Held {
    #[diesel(sql_type = BigInt)]
    lot_id: LotId,
    #[diesel(sql_type = BigInt)]
    item_id: ItemId,
    #[diesel(sql_type = BigInt)]
    stock_place_id: StockPlaceId,
    #[diesel(sql_type = BigInt)]
    days_left: i64,
    #[diesel(sql_type = Nullable<Bool>)]
    is_quiet: Option<bool>,
}

impl Held {
    fn subject(&self) -> Subject {
        Subject::LotAtPlace(
            self.lot_id,
            self.item_id,
            self.stock_place_id,
            self.days_left,
        )
    }
}

/// Makes alerts follow the calendar, and settles what has expired. Returns how many lots changed, and whether there are more.
///
/// # Errors
/// When the database fails.
pub async fn follow_calendar(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
) -> QueryResult<(usize, bool)> {
    let kind = AlertKind::Expiry;
    let held: Vec<Held> = sql_query(EXPIRIES_SQL)
        .bind::<Timestamptz, _>(now)
        .bind::<BigInt, _>(LOTS_MAX)
        .load(conn)
        .await?;
    let mut expired: Vec<StockKey> = held
        .iter()
        .filter(|held| held.days_left < 0)
        .map(|held| StockKey {
            item_id: held.item_id,
            stock_place_id: held.stock_place_id,
        })
        .collect();
    expired.extend(list_quiet_over(conn, now).await?);
    let short = list_short_expired(conn, now).await?;
    expired.extend(&short);
    expired.sort_unstable();
    expired.dedup();
    lock(conn, &expired).await?;
    let (quiet, loud): (Vec<&Held>, Vec<&Held>) =
        held.iter().partition(|held| held.is_quiet == Some(true));
    let mut causes: Vec<Cause> = loud
        .iter()
        .map(|held| Cause {
            kind,
            subject: held.subject(),
            room_id: None,
        })
        .collect();
    causes.sort_by_key(Cause::key);
    raise(conn, &causes, now).await?;
    if !quiet.is_empty() {
        let keys: Vec<String> = quiet.iter().map(|held| key(kind, held.subject())).collect();
        let severities: Vec<&str> = quiet
            .iter()
            .map(|held| expiry_severity(held.days_left).as_str())
            .collect();
        sql_query(
            "UPDATE alert a SET severity = u.severity FROM unnest($1::text[], $2::text[]) AS u(alert_key, severity) \
             WHERE a.alert_key = u.alert_key AND a.is_active",
        )
        .bind::<Array<Text>, _>(keys)
        .bind::<Array<Text>, _>(severities)
        .execute(conn)
        .await?;
    }
    if !expired.is_empty() {
        settle(conn, &expired, now).await?;
    }
    note_settled(conn, &short, now).await?;
    let over: Vec<Over> = sql_query(EXPIRIES_OVER_SQL)
        .bind::<BigInt, _>(LOTS_MAX)
        .load(conn)
        .await?;
    let over: Vec<String> = over.into_iter().map(|row| row.alert_key).collect();
    end(conn, &over, now).await?;
    let full = usize::try_from(LOTS_MAX).unwrap_or(usize::MAX);
    let has_more = held.len() >= full || over.len() >= full || short.len() >= full;
    Ok((held.len() + over.len(), has_more))
}

#[derive(QueryableByName)]
struct KeyRow {
    #[diesel(sql_type = BigInt)]
    item_id: ItemId,
    #[diesel(sql_type = BigInt)]
    stock_place_id: StockPlaceId,
}

/// Items and places whose rejection is over: what is still low is suggested again.
async fn list_quiet_over(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
) -> QueryResult<Vec<StockKey>> {
    list_keys(conn, include_str!("sql/quiet_over.sql"), now).await
}

/// More was taken of a lot than the books held, and its last day is over: what is less than nothing of it no longer counts either.
async fn list_short_expired(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
) -> QueryResult<Vec<StockKey>> {
    list_keys(conn, SHORT_EXPIRED_SQL, now).await
}

/// They were looked at: once is enough.
async fn note_settled(
    conn: &mut AsyncPgConnection,
    keys: &[StockKey],
    now: DateTime<Utc>,
) -> QueryResult<()> {
    if keys.is_empty() {
        return Ok(());
    }
    let (items, places) = columns(keys);
    sql_query(
        "UPDATE stocking s SET settled_at = $3 FROM unnest($1::bigint[], $2::bigint[]) AS u(item_id, stock_place_id) \
         WHERE s.item_id = u.item_id AND s.stock_place_id = u.stock_place_id",
    )
    .bind::<Array<BigInt>, _>(items)
    .bind::<Array<BigInt>, _>(places)
    .bind::<Timestamptz, _>(now)
    .execute(conn)
    .await
    .map(drop)
}

async fn list_keys(
    conn: &mut AsyncPgConnection,
    sql: &str,
    now: DateTime<Utc>,
) -> QueryResult<Vec<StockKey>> {
    let rows: Vec<KeyRow> = sql_query(sql)
        .bind::<Timestamptz, _>(now)
        .bind::<BigInt, _>(LOTS_MAX)
        .load(conn)
        .await?;
    Ok(rows
        .into_iter()
        .map(|row| StockKey {
            item_id: row.item_id,
            stock_place_id: row.stock_place_id,
        })
        .collect())
}

#[derive(QueryableByName)]
struct Over {
    #[diesel(sql_type = Text)]
    alert_key: String,
}
