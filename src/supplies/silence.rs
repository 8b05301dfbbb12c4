//! Cabinets that are not heard: their counts are as of the last inventory, and no stockout rests on them (R24).

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Bool, Nullable, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::ledger::{StockKey, lock};
use super::settle::settle;
use crate::alerts::rules::{Cause, Subject, key};
use crate::alerts::store::{end, raise};
use crate::db::schema::{stock_place, stocking};
use crate::db::types::AlertKind;
use crate::ids::{ItemId, ReaderId, StockPlaceId};

/// Cabinets whose being heard changed.
pub const CABINETS_SQL: &str = include_str!("sql/cabinets.sql");

#[derive(QueryableByName)]
struct Cabinet {
    #[diesel(sql_type = BigInt)]
    stock_place_id: StockPlaceId,
    #[diesel(sql_type = BigInt)]
    reader_id: ReaderId,
    #[diesel(sql_type = Bool)]
    is_silent: bool,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    heard_until: Option<DateTime<Utc>>,
}

/// Notes which cabinets fell silent or are heard again: a cabinet that missed two heartbeats, or of which an inventory came only in part.
/// Settles what they hold. Returns how many changed. Only to be called while a consumer takes sightings.
///
/// # Errors
/// When the database fails.
pub async fn follow_silence(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
) -> QueryResult<usize> {
    let cabinets: Vec<Cabinet> = sql_query(CABINETS_SQL)
        .bind::<Timestamptz, _>(now)
        .load(conn)
        .await?;
    let kind = AlertKind::FeedSilent;
    for cabinet in &cabinets {
        let place = cabinet.stock_place_id;
        // Who sets up the place holds it too: its reader may be another one by now.
        let held: Option<StockPlaceId> = stock_place::table
            .find(place)
            .filter(stock_place::reader_id.eq(cabinet.reader_id))
            .select(stock_place::id)
            .for_no_key_update()
            .first(conn)
            .await
            .optional()?;
        if held.is_none() {
            continue;
        }
        let keys = lock_place(conn, place).await?;
        let silent_since = cabinet
            .is_silent
            .then_some(cabinet.heard_until.unwrap_or(now));
        diesel::update(stock_place::table.find(place))
            .set(stock_place::silent_since.eq(silent_since))
            .execute(conn)
            .await?;
        let subject = Subject::Cabinet(place, cabinet.reader_id);
        if cabinet.is_silent {
            let cause = Cause {
                kind,
                subject,
                room_id: None,
            };
            raise(conn, &[cause], now).await?;
        } else {
            end(conn, &[key(kind, subject)], now).await?;
        }
        settle(conn, &keys, now).await?;
    }
    Ok(cabinets.len())
}

/// Locks what a place should hold; the caller settles it.
///
/// # Errors
/// When the database fails.
pub(super) async fn lock_place(
    conn: &mut AsyncPgConnection,
    place: StockPlaceId,
) -> QueryResult<Vec<StockKey>> {
    let items: Vec<ItemId> = stocking::table
        .filter(stocking::stock_place_id.eq(place))
        .order(stocking::item_id)
        .select(stocking::item_id)
        .load(conn)
        .await?;
    let keys: Vec<StockKey> = items
        .into_iter()
        .map(|item_id| StockKey {
            item_id,
            stock_place_id: place,
        })
        .collect();
    lock(conn, &keys).await?;
    Ok(keys)
}
