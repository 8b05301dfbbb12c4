//! What people do with order lines: approve, reject, send, cancel, and close what came in part. The program only suggests (R20).

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Date, Timestamptz};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use serde_json::json;
use uuid::Uuid;

use super::ledger::{StockKey, lock};
use super::settle::settle;
use crate::audit::{Actor, Event, record_audit};
use crate::db::form_key::take_form_key;
use crate::db::schema::{item, order_line, supply_order};
use crate::db::types::OrderState;
use crate::ids::{ItemId, OrderLineId, StockPlaceId, SupplierId, SupplyOrderId, UserId};

/// Most lines in one form.
pub const LINES_MAX: usize = 200;
/// The greatest quantity of one line.
pub const QUANTITY_MAX: i64 = 1_000_000;
/// How long a rejection may keep an item quiet.
pub const QUIET_DAYS_MAX: i64 = 365;

/// How long after an order has come in full one more pack of it may be a second scan, or more than was ordered.
const FILLED_FOR: TimeDelta = TimeDelta::hours(12);

/// What was ordered of an item for a place, when all of it came within the last hours and nothing else is on its way.
///
/// # Errors
/// When the database fails.
pub async fn find_filled_lately(
    mut conn: &AsyncPgConnection,
    stock: StockKey,
    now: DateTime<Utc>,
) -> QueryResult<Option<i64>> {
    let last: Option<(OrderState, Option<i64>)> = order_line::table
        .filter(order_line::item_id.eq(stock.item_id))
        .filter(order_line::stock_place_id.eq(stock.stock_place_id))
        .filter(
            order_line::state
                .eq_any([OrderState::Sent, OrderState::PartReceived])
                .or(order_line::state
                    .eq(OrderState::Received)
                    .and(order_line::end_reason.is_null())
                    .and(order_line::ended_at.gt(now - FILLED_FOR).assume_not_null())),
        )
        .order((order_line::ended_at.desc().nulls_first(), order_line::id))
        .select((order_line::state, order_line::quantity_ordered))
        .first(&mut conn)
        .await
        .optional()?;
    Ok(last.and_then(|(state, ordered)| ordered.filter(|_| state == OrderState::Received)))
}

/// What a person does with lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrderAct<'a> {
    /// Order these quantities, in base units.
    Approve {
        /// One a line.
        quantities: &'a [i64],
    },
    /// Do not order, and do not ask again before the day.
    Reject {
        /// Why.
        reason: &'a str,
        /// The first day on which it may be suggested again.
        quiet_until: NaiveDate,
    },
    /// They went to the suppliers.
    Send,
    /// Take an approved or sent line back.
    Cancel {
        /// Why.
        reason: &'a str,
    },
    /// The rest of a line that came in part will not come.
    Close {
        /// Why.
        reason: &'a str,
    },
}

/// Who does it, with which form.
#[derive(Clone, Copy, Debug)]
pub struct OrderForm<'a> {
    /// Idempotency key.
    pub key: Uuid,
    /// Who.
    pub user_id: UserId,
    /// Which lines.
    pub ids: &'a [OrderLineId],
    /// What.
    pub act: OrderAct<'a>,
    /// Where the answer leads.
    pub location: &'a str,
}

/// What became of a form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OrderPosted {
    /// It was carried out, on all lines.
    Done,
    /// The same form was carried out before: nothing was done again.
    Repeat {
        /// Where the first one led.
        location: String,
    },
}

/// Why nothing was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrderRefusal {
    /// None, too many, or not one quantity a line.
    Count,
    /// There is no such line.
    NoLine,
    /// Somebody else was faster, or the program took it back: what it is now.
    MovedOn(OrderLineId, OrderState),
    /// Below 1 or above [`QUANTITY_MAX`].
    Quantity(OrderLineId, i64),
    /// Not a whole number of packs of this many units (R4).
    Pack(OrderLineId, i64, i64),
    /// A reason of 1 to 200 signs is needed.
    Reason,
    /// The day is not after today, or too far off.
    QuietUntil,
}

/// Why a form was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum OrderError {
    /// It is not allowed; nothing was changed.
    #[error("the order line cannot be changed so now")]
    Refused(OrderRefusal),
    /// The database failed; nothing was changed.
    #[error("changing an order line")]
    Database(#[from] diesel::result::Error),
}

crate::db::again::refusable!(OrderError, OrderRefusal);

#[derive(Clone, Copy, Debug, Queryable)]
struct Line {
    id: OrderLineId,
    item_id: ItemId,
    stock_place_id: StockPlaceId,
    state: OrderState,
    quantity_suggested: i64,
    quantity_ordered: Option<i64>,
    pack_units: i64,
}

/// Carries out a person's form once, in one transaction: all lines change, or none.
///
/// # Errors
/// See [`OrderError`]; then the key is not used up.
pub async fn perform_order_form(
    conn: &mut AsyncPgConnection,
    form: &OrderForm<'_>,
    now: DateTime<Utc>,
) -> Result<OrderPosted, OrderError> {
    conn.transaction(async |conn| {
        if let Some(location) =
            take_form_key(conn, form.key, form.user_id, form.location, now).await?
        {
            return Ok(OrderPosted::Repeat { location });
        }
        check_form(form).map_err(OrderError::Refused)?;
        let lines = lock_lines(conn, form.ids).await?;
        check_day(conn, form.act, &lines, now).await?;
        for (line, quantity) in lines.iter().zip(quantities(form, &lines)) {
            check_line(line, form.act, quantity).map_err(OrderError::Refused)?;
        }
        match form.act {
            OrderAct::Approve { .. } => approve(conn, form, &lines, now).await?,
            OrderAct::Reject {
                reason,
                quiet_until,
            } => {
                let ended = End {
                    state: OrderState::Rejected,
                    reason,
                    quiet_until: Some(quiet_until),
                };
                end_lines(conn, form, &ended, now).await?;
            }
            OrderAct::Cancel { reason } => {
                let ended = End {
                    state: OrderState::Cancelled,
                    reason,
                    quiet_until: None,
                };
                end_lines(conn, form, &ended, now).await?;
            }
            OrderAct::Close { reason } => {
                let ended = End {
                    state: OrderState::Received,
                    reason,
                    quiet_until: None,
                };
                end_lines(conn, form, &ended, now).await?;
            }
            OrderAct::Send => send(conn, form, &lines, now).await?,
        }
        for line in &lines {
            audit(conn, form, line, now).await?;
        }
        let keys = keys(&lines);
        settle(conn, &keys, now).await?;
        Ok(OrderPosted::Done)
    })
    .await
}

fn check_form(form: &OrderForm<'_>) -> Result<(), OrderRefusal> {
    // Postgres keeps no NUL in a text.
    let is_reason =
        |text: &str| (1..=200).contains(&text.trim().chars().count()) && !text.contains('\0');
    let mut ids = form.ids.to_vec();
    ids.sort_unstable();
    ids.dedup();
    if ids.is_empty() || ids.len() != form.ids.len() || ids.len() > LINES_MAX {
        return Err(OrderRefusal::Count);
    }
    match form.act {
        OrderAct::Approve { quantities } if quantities.len() != ids.len() => {
            Err(OrderRefusal::Count)
        }
        OrderAct::Reject { reason, .. }
        | OrderAct::Cancel { reason }
        | OrderAct::Close { reason }
            if !is_reason(reason) =>
        {
            Err(OrderRefusal::Reason)
        }
        OrderAct::Approve { .. }
        | OrderAct::Reject { .. }
        | OrderAct::Send
        | OrderAct::Cancel { .. }
        | OrderAct::Close { .. } => Ok(()),
    }
}

/// A day to be quiet until is after today where the lines are: days are those of their facilities (R17).
async fn check_day(
    conn: &mut AsyncPgConnection,
    act: OrderAct<'_>,
    lines: &[Line],
    now: DateTime<Utc>,
) -> Result<(), OrderError> {
    #[derive(QueryableByName)]
    struct Days {
        #[diesel(sql_type = Date)]
        first: NaiveDate,
        #[diesel(sql_type = Date)]
        last: NaiveDate,
    }
    let OrderAct::Reject { quiet_until, .. } = act else {
        return Ok(());
    };
    let places: Vec<StockPlaceId> = lines.iter().map(|line| line.stock_place_id).collect();
    let today: Days = sql_query(
        "SELECT min(z.today) AS first, max(z.today) AS last FROM unnest($1::bigint[]) AS p(id) \
         CROSS JOIN LATERAL (SELECT ($2 AT TIME ZONE stock_place_time_zone(p.id))::date AS today) z",
    )
    .bind::<Array<BigInt>, _>(places)
    .bind::<Timestamptz, _>(now)
    .get_result(conn)
    .await?;
    let end = today.first + TimeDelta::days(QUIET_DAYS_MAX);
    let is_fit = quiet_until > today.last && quiet_until <= end;
    is_fit
        .then_some(())
        .ok_or(OrderError::Refused(OrderRefusal::QuietUntil))
}

/// The quantity that goes with each line, in the order in which the lines were locked.
fn quantities(form: &OrderForm<'_>, lines: &[Line]) -> Vec<Option<i64>> {
    let OrderAct::Approve { quantities } = form.act else {
        return vec![None; lines.len()];
    };
    let of = |line: &Line| {
        let at = form.ids.iter().position(|id| *id == line.id)?;
        quantities.get(at).copied()
    };
    lines.iter().map(of).collect()
}

fn check_line(line: &Line, act: OrderAct<'_>, quantity: Option<i64>) -> Result<(), OrderRefusal> {
    let is_fit = match act {
        OrderAct::Approve { .. } | OrderAct::Reject { .. } => line.state == OrderState::Suggested,
        OrderAct::Send => line.state == OrderState::Approved,
        OrderAct::Cancel { .. } => {
            matches!(line.state, OrderState::Approved | OrderState::Sent)
        }
        OrderAct::Close { .. } => line.state == OrderState::PartReceived,
    };
    if !is_fit {
        return Err(OrderRefusal::MovedOn(line.id, line.state));
    }
    match quantity {
        Some(quantity) if !(1..=QUANTITY_MAX).contains(&quantity) => {
            Err(OrderRefusal::Quantity(line.id, quantity))
        }
        // What the program itself suggested may be one bin, which need not be whole packs.
        Some(quantity)
            if quantity % line.pack_units != 0 && quantity != line.quantity_suggested =>
        {
            Err(OrderRefusal::Pack(line.id, quantity, line.pack_units))
        }
        Some(_) | None => Ok(()),
    }
}

fn keys(lines: &[Line]) -> Vec<StockKey> {
    let mut keys: Vec<StockKey> = lines
        .iter()
        .map(|line| StockKey {
            item_id: line.item_id,
            stock_place_id: line.stock_place_id,
        })
        .collect();
    keys.sort_unstable();
    keys.dedup();
    keys
}

/// Locks lines, what is settled for them first: so does whatever else changes a suggestion (I-8).
async fn lock_lines(
    conn: &mut AsyncPgConnection,
    ids: &[OrderLineId],
) -> Result<Vec<Line>, OrderError> {
    let columns = (
        order_line::id,
        order_line::item_id,
        order_line::stock_place_id,
        order_line::state,
        order_line::quantity_suggested,
        order_line::quantity_ordered,
        order_line::pack_units,
    );
    let unlocked: Vec<Line> = order_line::table
        .filter(order_line::id.eq_any(ids))
        .select(columns)
        .load(conn)
        .await?;
    if unlocked.len() != ids.len() {
        return Err(OrderError::Refused(OrderRefusal::NoLine));
    }
    lock(conn, &keys(&unlocked)).await?;
    let lines = order_line::table
        .filter(order_line::id.eq_any(ids))
        .order((
            order_line::item_id,
            order_line::stock_place_id,
            order_line::id,
        ))
        .select(columns)
        .for_update()
        .load(conn)
        .await?;
    Ok(lines)
}

async fn approve(
    conn: &mut AsyncPgConnection,
    form: &OrderForm<'_>,
    lines: &[Line],
    now: DateTime<Utc>,
) -> QueryResult<()> {
    for (line, quantity) in lines.iter().zip(quantities(form, lines)) {
        diesel::update(order_line::table.find(line.id))
            .set((
                order_line::state.eq(OrderState::Approved),
                order_line::quantity_ordered.eq(quantity),
                order_line::approved_at.eq(now),
                order_line::approved_by.eq(form.user_id),
                order_line::settled_at.eq(now),
            ))
            .execute(conn)
            .await?;
    }
    Ok(())
}

struct End<'a> {
    state: OrderState,
    reason: &'a str,
    quiet_until: Option<NaiveDate>,
}

async fn end_lines(
    conn: &mut AsyncPgConnection,
    form: &OrderForm<'_>,
    end: &End<'_>,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    diesel::update(order_line::table.filter(order_line::id.eq_any(form.ids)))
        .set((
            order_line::state.eq(end.state),
            order_line::ended_at.eq(now),
            order_line::ended_by.eq(form.user_id),
            order_line::end_reason.eq(end.reason.trim()),
            order_line::quiet_until.eq(end.quiet_until),
            order_line::settled_at.eq(now),
        ))
        .execute(conn)
        .await
        .map(drop)
}

/// One order a supplier.
async fn send(
    conn: &mut AsyncPgConnection,
    form: &OrderForm<'_>,
    lines: &[Line],
    now: DateTime<Utc>,
) -> QueryResult<()> {
    let items: Vec<ItemId> = lines.iter().map(|line| line.item_id).collect();
    let suppliers: Vec<(ItemId, Option<SupplierId>)> = item::table
        .filter(item::id.eq_any(items))
        .select((item::id, item::supplier_id))
        .load(conn)
        .await?;
    let mut by_supplier: std::collections::BTreeMap<Option<SupplierId>, Vec<OrderLineId>> =
        std::collections::BTreeMap::new();
    for line in lines {
        let supplier = suppliers.iter().find(|(item, _)| *item == line.item_id);
        let supplier = supplier.and_then(|(_, supplier)| *supplier);
        by_supplier.entry(supplier).or_default().push(line.id);
    }
    for (supplier, ids) in by_supplier {
        let order: SupplyOrderId = diesel::insert_into(supply_order::table)
            .values((
                supply_order::supplier_id.eq(supplier),
                supply_order::sent_at.eq(now),
                supply_order::sent_by.eq(form.user_id),
                supply_order::form_key.eq(form.key),
            ))
            .returning(supply_order::id)
            .get_result(conn)
            .await?;
        diesel::update(order_line::table.filter(order_line::id.eq_any(ids)))
            .set((
                order_line::state.eq(OrderState::Sent),
                order_line::supply_order_id.eq(order),
                order_line::settled_at.eq(now),
            ))
            .execute(conn)
            .await?;
    }
    Ok(())
}

/// R20: who, and the quantity before and after.
async fn audit(
    conn: &mut AsyncPgConnection,
    form: &OrderForm<'_>,
    line: &Line,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    let (action, after, reason) = match form.act {
        OrderAct::Approve { .. } => {
            let quantity = quantities(form, std::slice::from_ref(line));
            let quantity = quantity.into_iter().next().flatten();
            ("order.approved", json!({ "quantity": quantity }), None)
        }
        OrderAct::Reject {
            reason,
            quiet_until,
        } => (
            "order.rejected",
            json!({ "quiet_until": quiet_until }),
            Some(reason.trim()),
        ),
        OrderAct::Send => ("order.sent", json!({}), None),
        OrderAct::Cancel { reason } => ("order.cancelled", json!({}), Some(reason.trim())),
        OrderAct::Close { reason } => ("order.closed", json!({}), Some(reason.trim())),
    };
    let mut event = Event::new(
        Actor::User(form.user_id),
        action,
        format!("order_line:{}", line.id),
    );
    event.before = Some(json!({
        "state": line.state.as_str(),
        "quantity": line.quantity_ordered.unwrap_or(line.quantity_suggested),
    }));
    event.after = Some(after);
    event.reason = reason;
    record_audit(conn, &event, now).await
}
