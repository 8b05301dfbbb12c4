//! What people say of a lot: that it may be used, is kept apart, was called back by its maker, or is broken. That it has expired nobody
//! says: it is computed (R17).
//!
//! A lot has one state wherever it is, so a change settles every place that holds it, in the same transaction (R23).

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Integer, Nullable, Text, Timestamptz};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use serde_json::json;
use uuid::Uuid;

use super::ledger::{StockKey, lock};
use super::settle::{Settled, settle};
use super::stock::{NameCursor, cut};
use crate::audit::{Actor, Event, record_audit};
use crate::db::form_key::take_form_key;
use crate::db::schema::{app_user, item, lot, lot_event, stock_level, stocking};
use crate::db::types::{LotState, Role};
use crate::ids::{BinId, ItemId, LotId, StockPlaceId, UserId};

/// Where a lot is.
pub const LOT_PLACES_SQL: &str = include_str!("sql/lot_places.sql");
/// Bins on a page of a lot.
pub const PLACES_PER_PAGE: i64 = 100;
/// Changes that a page of a lot shows.
pub const EVENTS_SHOWN: i64 = 50;

/// A person says how a lot is.
#[derive(Clone, Copy, Debug)]
pub struct LotForm<'a> {
    /// Idempotency key.
    pub key: Uuid,
    /// Who.
    pub user_id: UserId,
    /// Which lot.
    pub lot_id: LotId,
    /// How it was when the person looked.
    pub seen: LotState,
    /// How it is.
    pub state: LotState,
    /// Why.
    pub reason: &'a str,
    /// Where the answer leads.
    pub location: &'a str,
}

/// What became of a form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LotPosted {
    /// The lot is as was said.
    Done {
        /// What followed at the places that hold it.
        settled: Settled,
    },
    /// The same form was carried out before: nothing was done again.
    Repeat {
        /// Where the first one led.
        location: String,
    },
}

/// Why nothing was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LotRefusal {
    /// There is no such lot.
    NoLot,
    /// It is so already.
    Same,
    /// Somebody else was faster: how it is now.
    MovedOn(LotState),
    /// A reason of 1 to 200 signs is needed.
    Reason,
}

/// Why a form was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum LotError {
    /// It is not allowed; nothing was changed.
    #[error("the lot cannot be changed so now")]
    Refused(LotRefusal),
    /// The database failed; nothing was changed.
    #[error("changing a lot")]
    Database(#[from] diesel::result::Error),
}

crate::db::again::refusable!(LotError, LotRefusal);

/// Carries a person's form out once, in one transaction: the state, its history, and what follows at every place that holds the lot.
///
/// # Errors
/// See [`LotError`]; then the key is not used up.
pub async fn perform_lot_form(
    conn: &mut AsyncPgConnection,
    form: &LotForm<'_>,
    now: DateTime<Utc>,
) -> Result<LotPosted, LotError> {
    conn.transaction(async |conn| {
        if let Some(location) =
            take_form_key(conn, form.key, form.user_id, form.location, now).await?
        {
            return Ok(LotPosted::Repeat { location });
        }
        let settled = perform(conn, form, now).await?;
        Ok(LotPosted::Done { settled })
    })
    .await
}

async fn perform(
    conn: &mut AsyncPgConnection,
    form: &LotForm<'_>,
    now: DateTime<Utc>,
) -> Result<Settled, LotError> {
    let reason = form.reason.trim();
    // Postgres keeps no NUL in a text.
    if !(1..=200).contains(&reason.chars().count()) || reason.contains('\0') {
        return Err(LotError::Refused(LotRefusal::Reason));
    }
    let item_id: Option<ItemId> = lot::table
        .find(form.lot_id)
        .select(lot::item_id)
        .first(conn)
        .await
        .optional()?;
    let item_id = item_id.ok_or(LotError::Refused(LotRefusal::NoLot))?;
    lock_item(conn, item_id).await?;
    let state: LotState = lot::table
        .find(form.lot_id)
        .select(lot::state)
        .for_no_key_update()
        .first(conn)
        .await?;
    if state == form.state {
        return Err(LotError::Refused(LotRefusal::Same));
    }
    if state != form.seen {
        return Err(LotError::Refused(LotRefusal::MovedOn(state)));
    }
    let change = LotChange {
        lot_id: form.lot_id,
        states: (state, form.state),
        reason,
        user_id: form.user_id,
        form_key: form.key,
    };
    change_state(conn, &change, now).await?;
    let subject = format!("lot:{}", form.lot_id);
    let mut event = Event::new(Actor::User(form.user_id), "lot.changed", subject);
    event.before = Some(json!({ "state": state.as_str() }));
    event.after = Some(json!({ "state": form.state.as_str() }));
    event.reason = Some(reason);
    record_audit(conn, &event, now).await?;
    let places: Vec<StockPlaceId> = stock_level::table
        .filter(stock_level::lot_id.eq(form.lot_id))
        .filter(stock_level::on_hand.ne(0))
        .order(stock_level::stock_place_id)
        .select(stock_level::stock_place_id)
        .distinct()
        .load(conn)
        .await?;
    let keys: Vec<StockKey> = places
        .into_iter()
        .map(|stock_place_id| StockKey {
            item_id,
            stock_place_id,
        })
        .collect();
    Ok(settle(conn, &keys, now).await?)
}

/// Locks the item at every place that should hold it, in the order of the keys. A delivery that brings the lot to a place that did not
/// have it holds or waits for one of these locks: it decides before the change, and is settled with it, or after it.
async fn lock_item(conn: &mut AsyncPgConnection, item_id: ItemId) -> QueryResult<()> {
    let places: Vec<StockPlaceId> = stocking::table
        .filter(stocking::item_id.eq(item_id))
        .order(stocking::stock_place_id)
        .select(stocking::stock_place_id)
        .load(conn)
        .await?;
    let key = |stock_place_id| StockKey {
        item_id,
        stock_place_id,
    };
    let keys: Vec<StockKey> = places.into_iter().map(key).collect();
    lock(conn, &keys).await
}

/// A change of what people say of a lot.
#[derive(Clone, Copy, Debug)]
pub(super) struct LotChange<'a> {
    pub lot_id: LotId,
    /// Before and after.
    pub states: (LotState, LotState),
    pub reason: &'a str,
    pub user_id: UserId,
    pub form_key: Uuid,
}

/// Writes the state and its history. The caller settles what follows.
pub(super) async fn change_state(
    conn: &mut AsyncPgConnection,
    change: &LotChange<'_>,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    let (before, after) = change.states;
    diesel::update(lot::table.find(change.lot_id))
        .set(lot::state.eq(after))
        .execute(conn)
        .await?;
    diesel::insert_into(lot_event::table)
        .values((
            lot_event::lot_id.eq(change.lot_id),
            lot_event::state_before.eq(before),
            lot_event::state_after.eq(after),
            lot_event::reason.eq(change.reason),
            lot_event::at.eq(now),
            lot_event::user_id.eq(change.user_id),
            lot_event::form_key.eq(change.form_key),
        ))
        .execute(conn)
        .await
        .map(drop)
}

/// A lot by itself.
#[derive(Clone, Debug, PartialEq, Eq, Queryable)]
pub struct LotCard {
    /// Its id.
    pub lot_id: LotId,
    /// Its number; empty when nobody told it.
    pub lot_number: String,
    /// Last day of use.
    pub expires_on: Option<NaiveDate>,
    /// What people said of it.
    pub state: LotState,
    /// When it first came.
    pub first_received_at: DateTime<Utc>,
    /// Its item.
    pub item_id: ItemId,
    /// The number of the item.
    pub item_number: String,
    /// Its name.
    pub item_name: String,
    /// What quantities count.
    pub base_unit: String,
}

/// A lot with its item.
///
/// # Errors
/// When the database fails.
pub async fn find_lot(mut conn: &AsyncPgConnection, id: LotId) -> QueryResult<Option<LotCard>> {
    lot::table
        .inner_join(item::table)
        .filter(lot::id.eq(id))
        .select((
            lot::id,
            lot::lot_number,
            lot::expires_on,
            lot::state,
            lot::first_received_at,
            item::id,
            item::item_number,
            item::name,
            item::base_unit,
        ))
        .first(&mut conn)
        .await
        .optional()
}

/// What a bin holds of a lot.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct LotPlace {
    /// Where.
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
    /// How much; below zero: more was taken than was there by the books.
    #[diesel(sql_type = BigInt)]
    pub on_hand: i64,
    /// Since when it is there.
    #[diesel(sql_type = Timestamptz)]
    pub received_at: DateTime<Utc>,
    /// Days to its last day of use, at the place (R17); below zero: it has expired.
    #[diesel(sql_type = Nullable<Integer>)]
    pub days_left: Option<i32>,
}

/// Where a lot is, by the names of the places, and where the next page starts.
///
/// # Errors
/// When the database fails.
pub async fn list_lot_places(
    mut conn: &AsyncPgConnection,
    id: LotId,
    after: Option<&NameCursor>,
    limit: i64,
    now: DateTime<Utc>,
) -> QueryResult<(Vec<LotPlace>, Option<NameCursor>)> {
    let mut rows: Vec<LotPlace> = sql_query(LOT_PLACES_SQL)
        .bind::<BigInt, _>(id)
        .bind::<Nullable<Text>, _>(after.map(|cursor| cursor.name.as_str()))
        .bind::<Nullable<BigInt>, _>(after.map(|cursor| cursor.id))
        .bind::<Timestamptz, _>(now)
        .bind::<BigInt, _>(limit + 1)
        .load(&mut conn)
        .await?;
    let has_more = cut(&mut rows, limit);
    let next = rows.last().filter(|_| has_more).map(|row| NameCursor {
        name: row.stock_place_name.clone(),
        id: row.bin_id.0,
    });
    Ok((rows, next))
}

/// A change of what people say of a lot. Who said it is told as a role, not as a name.
#[derive(Clone, Debug, PartialEq, Eq, Queryable)]
pub struct LotEvent {
    /// How it was.
    pub before: LotState,
    /// How it is since.
    pub after: LotState,
    /// Why.
    pub reason: String,
    /// When.
    pub at: DateTime<Utc>,
    /// What the person is.
    pub role: Role,
}

/// The last changes of a lot, the newest first; at most [`EVENTS_SHOWN`].
///
/// # Errors
/// When the database fails.
pub async fn list_lot_events(
    mut conn: &AsyncPgConnection,
    id: LotId,
) -> QueryResult<Vec<LotEvent>> {
    lot_event::table
        .inner_join(app_user::table)
        .filter(lot_event::lot_id.eq(id))
        .order(lot_event::id.desc())
        .select((
            lot_event::state_before,
            lot_event::state_after,
            lot_event::reason,
            lot_event::at,
            app_user::role,
        ))
        .limit(EVENTS_SHOWN)
        .load(&mut conn)
        .await
}
