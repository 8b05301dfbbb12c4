//! What people do with stock: issue, return, transfer, adjust, write off, receive, empty and fill bins, and take one of these back.
//!
//! Every act is a form with an idempotency key and one transaction: its moves, levels, alerts and suggestions, or nothing.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Bool, Date, Nullable, Text, Timestamptz};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::ledger::{MovedBy, NewMove, Posted, StockKey, lock, post};
use super::orders::QUANTITY_MAX;
use super::settle::settle;
use super::standing::{Portion, allocate};
use crate::assets::acts::{UNDO_FOR, take_form_key};
use crate::db::schema::{bin, lot, order_line, stock_move, stock_place, stocking};
use crate::db::types::{LotState, OrderState, StockReason};
use crate::ids::{BinId, ItemId, LotId, MoveId, OrderLineId, StockPlaceId, UserId};

/// What a place holds of an item.
pub const PORTIONS_SQL: &str = include_str!("sql/portions.sql");
/// The server is a little more patient than the button.
const UNDO_GRACE: TimeDelta = TimeDelta::seconds(5);

/// Which lot something belongs to, as it is read from a pack.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LotLabel<'a> {
    /// Number; empty when nobody told it.
    pub number: &'a str,
    /// Last day of use.
    pub expires_on: Option<NaiveDate>,
}

/// A delivery, or part of one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Receipt {
    /// The order it belongs to.
    pub order_line_id: Option<OrderLineId>,
    /// The rest will not come: the line is closed.
    pub closes_short: bool,
    /// More than a tenth above the order is right.
    pub confirms_over: bool,
    /// Expired or recalled stock is kept apart.
    pub quarantines: bool,
}

/// What a person does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StockAct<'a> {
    /// Issue, write-off or return to supplier.
    Leave {
        /// [`StockReason::Issue`], [`StockReason::WriteOff`] or [`StockReason::ReturnToSupplier`].
        reason: StockReason,
        /// From which bin; `None`: from any.
        bin_id: Option<BinId>,
        /// Of which lot; `None`: the one that should leave first.
        lot_id: Option<LotId>,
        /// Base units.
        quantity: i64,
    },
    /// Return of unused pieces, or a delivery.
    Arrive {
        /// [`StockReason::Return`] or [`StockReason::Receive`].
        reason: StockReason,
        /// Into which bin.
        bin_id: BinId,
        /// Its lot.
        lot: LotLabel<'a>,
        /// Base units.
        quantity: i64,
        /// For deliveries.
        receipt: Receipt,
    },
    /// To another bin, here or elsewhere.
    Transfer {
        /// From which bin.
        bin_id: BinId,
        /// Of which lot; `None`: the one that should leave first.
        lot_id: Option<LotId>,
        /// To which place and bin.
        to: (StockPlaceId, BinId),
        /// Base units.
        quantity: i64,
    },
    /// Set a level right; more or less than nothing.
    Adjust {
        /// In which bin.
        bin_id: BinId,
        /// Of which lot.
        lot_id: LotId,
        /// Base units, below zero: there is less.
        change: i64,
    },
    /// One of two bins is empty.
    EmptyBin {
        /// Which one.
        bin_id: BinId,
    },
    /// One of two bins is full again.
    Refill {
        /// Which one.
        bin_id: BinId,
        /// Lot of what was filled in.
        lot: LotLabel<'a>,
        /// Base units; `None`: what one bin holds.
        quantity: Option<i64>,
    },
    /// The card of an empty bin was read by mistake.
    NotEmpty {
        /// Which one.
        bin_id: BinId,
    },
    /// Takes a form back that the same person sent within 30 s.
    Undo {
        /// The key of that form.
        form_key: Uuid,
    },
}

/// Who does what, with which form.
#[derive(Clone, Copy, Debug)]
pub struct StockForm<'a> {
    /// Idempotency key.
    pub key: Uuid,
    /// Who.
    pub user_id: UserId,
    /// Which item at which place.
    pub stock: StockKey,
    /// What.
    pub act: StockAct<'a>,
    /// Why, when it was said.
    pub note: Option<&'a str>,
    /// Where the answer leads.
    pub location: &'a str,
}

/// What became of a form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StockPosted {
    /// It was carried out.
    Done {
        /// What was appended.
        posted: Posted,
        /// How much of an issue was more than the books held; its bin is to be counted.
        beyond: i64,
    },
    /// The same form was carried out before: nothing was done again.
    Repeat {
        /// Where the first one led.
        location: String,
    },
}

/// Why nothing was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StockRefusal {
    /// Below 1 or above [`QUANTITY_MAX`].
    Quantity(i64),
    /// There is no such bin at the place.
    NoBin,
    /// There is no such lot of the item there.
    NoLot,
    /// It may not be used; expired when its state is usable (R18).
    NotUsable(LotState),
    /// An older lot should leave first: another one needs a reason.
    OtherLot,
    /// A reason of 1 to 200 signs is needed.
    Reason,
    /// There is no more than this.
    Beyond(i64),
    /// Expired or recalled at receipt: it can be kept apart in quarantine.
    Quarantine(LotState),
    /// The order was for less: what is open of it.
    Over(i64),
    /// No such order line for this item and place, or nothing is open of it.
    NoOrder,
    /// The bin is not one of two, or already as said.
    NotTwoBins,
    /// The cabinet counts itself: what is taken or put in is booked when its door closes.
    CountsItself,
    /// It is too late to take it back, it was taken back before, or another person did it.
    NoUndo,
}

/// Why a form was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum StockError {
    /// It is not allowed; nothing was changed.
    #[error("the stock cannot be changed so now")]
    Refused(StockRefusal),
    /// The database failed; nothing was changed.
    #[error("changing stock")]
    Database(#[from] diesel::result::Error),
}

impl From<StockRefusal> for StockError {
    fn from(refusal: StockRefusal) -> Self {
        Self::Refused(refusal)
    }
}

/// What a place holds of a lot in a bin.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct PortionRow {
    /// The lot.
    #[diesel(sql_type = BigInt)]
    pub lot_id: LotId,
    /// The bin.
    #[diesel(sql_type = BigInt)]
    pub bin_id: BinId,
    /// How much; below zero: more was taken than was there by the books.
    #[diesel(sql_type = BigInt)]
    pub on_hand: i64,
    /// Its number; empty when nobody told it.
    #[diesel(sql_type = Text)]
    pub lot_number: String,
    /// Last day of use.
    #[diesel(sql_type = Nullable<Date>)]
    pub expires_on: Option<NaiveDate>,
    /// What people said of it.
    #[diesel(sql_type = Text)]
    pub state: LotState,
    /// Usable, and not expired on this day at the place (R17).
    #[diesel(sql_type = Bool)]
    pub is_usable: bool,
}

/// What a place holds of an item, in the order in which it should leave (FEFO).
///
/// # Errors
/// When the database fails.
pub async fn list_portions(
    mut conn: &AsyncPgConnection,
    stock: StockKey,
    bin_id: Option<BinId>,
    now: DateTime<Utc>,
) -> QueryResult<Vec<PortionRow>> {
    sql_query(PORTIONS_SQL)
        .bind::<BigInt, _>(stock.item_id)
        .bind::<BigInt, _>(stock.stock_place_id)
        .bind::<Timestamptz, _>(now)
        .bind::<Nullable<BigInt>, _>(bin_id)
        .load(&mut conn)
        .await
}

/// Carries out a person's form once, in one transaction.
///
/// # Errors
/// See [`StockError`]; then the key is not used up.
pub async fn perform_stock_form(
    conn: &mut AsyncPgConnection,
    form: &StockForm<'_>,
    now: DateTime<Utc>,
) -> Result<StockPosted, StockError> {
    conn.transaction(async |conn| {
        if let Some(location) =
            take_form_key(conn, form.key, form.user_id, form.location, now).await?
        {
            return Ok(StockPosted::Repeat { location });
        }
        let (posted, beyond) = perform(conn, form, now).await?;
        Ok(StockPosted::Done { posted, beyond })
    })
    .await
}

async fn perform(
    conn: &mut AsyncPgConnection,
    form: &StockForm<'_>,
    now: DateTime<Utc>,
) -> Result<(Posted, i64), StockError> {
    if form
        .note
        .is_some_and(|note| !(1..=200).contains(&note.trim().chars().count()))
    {
        return Err(StockRefusal::Reason.into());
    }
    if matches!(
        form.act,
        StockAct::Leave { .. } | StockAct::Arrive { .. } | StockAct::Transfer { .. }
    ) && counts_itself(conn, &form.act, form.stock.stock_place_id).await?
    {
        return Err(StockRefusal::CountsItself.into());
    }
    let by = MovedBy::Person(form.user_id, form.key);
    match form.act {
        StockAct::Leave { .. } => leave(conn, form, now).await,
        StockAct::Arrive { .. } => Ok((arrive(conn, form, now).await?, 0)),
        StockAct::Transfer { .. } => Ok((transfer(conn, form, now).await?, 0)),
        StockAct::Adjust {
            bin_id,
            lot_id,
            change,
        } => {
            needs_note(form)?;
            check_quantity(change.saturating_abs())?;
            lock(conn, &[form.stock]).await?;
            let portions = list_portions(conn, form.stock, Some(bin_id), now).await?;
            if !portions.iter().any(|portion| portion.lot_id == lot_id) {
                return Err(StockRefusal::NoLot.into());
            }
            let change = new_move(form, StockReason::Adjust, (lot_id, bin_id), change, now);
            Ok((post(conn, &[change], now).await?, 0))
        }
        StockAct::EmptyBin { bin_id } => {
            lock(conn, &[form.stock]).await?;
            find_two_bins(conn, form.stock, bin_id).await?;
            let posted = empty_bin(conn, form.stock, bin_id, by, now, now).await?;
            Ok((posted.ok_or(StockRefusal::NotTwoBins)?, 0))
        }
        StockAct::Refill { .. } => Ok((refill(conn, form, now).await?, 0)),
        StockAct::NotEmpty { bin_id } => {
            needs_note(form)?;
            lock(conn, &[form.stock]).await?;
            find_two_bins(conn, form.stock, bin_id).await?;
            if !mark_full(conn, bin_id, now).await? {
                return Err(StockRefusal::NotTwoBins.into());
            }
            let settled = settle(conn, &[form.stock], now).await?;
            let move_ids = Vec::new();
            Ok((Posted { move_ids, settled }, 0))
        }
        StockAct::Undo { form_key } => Ok((undo(conn, form, form_key, now).await?, 0)),
    }
}

/// Whether one of the places of an act is a cabinet with a reader: booked by hand too, everything would count twice.
async fn counts_itself(
    conn: &mut AsyncPgConnection,
    act: &StockAct<'_>,
    place: StockPlaceId,
) -> QueryResult<bool> {
    let mut places = vec![place];
    if let StockAct::Transfer {
        to: (to_place, _), ..
    } = act
    {
        places.push(*to_place);
    }
    let cabinets: i64 = stock_place::table
        .filter(stock_place::id.eq_any(places))
        .filter(stock_place::reader_id.is_not_null())
        .count()
        .get_result(conn)
        .await?;
    Ok(cabinets > 0)
}

fn check_quantity(quantity: i64) -> Result<(), StockRefusal> {
    let is_fit = (1..=QUANTITY_MAX).contains(&quantity);
    is_fit.then_some(()).ok_or(StockRefusal::Quantity(quantity))
}

fn needs_note(form: &StockForm<'_>) -> Result<(), StockRefusal> {
    form.note.map(drop).ok_or(StockRefusal::Reason)
}

fn new_move<'a>(
    form: &StockForm<'a>,
    reason: StockReason,
    (lot_id, bin_id): (LotId, BinId),
    quantity: i64,
    now: DateTime<Utc>,
) -> NewMove<'a> {
    NewMove {
        reason,
        key: form.stock,
        lot_id,
        bin_id,
        quantity,
        happened_at: now,
        by: MovedBy::Person(form.user_id, form.key),
        order_line_id: None,
        undoes_id: None,
        note: form.note.map(str::trim),
    }
}

async fn leave(
    conn: &mut AsyncPgConnection,
    form: &StockForm<'_>,
    now: DateTime<Utc>,
) -> Result<(Posted, i64), StockError> {
    let StockAct::Leave {
        reason,
        bin_id,
        lot_id,
        quantity,
    } = form.act
    else {
        return Ok((Posted::default(), 0));
    };
    check_quantity(quantity)?;
    let is_issue = reason == StockReason::Issue;
    if !is_issue {
        needs_note(form)?;
    }
    lock(conn, &[form.stock]).await?;
    let portions = list_portions(conn, form.stock, bin_id, now).await?;
    let is_there = |lot_id| portions.iter().any(|portion| portion.lot_id == lot_id);
    let chosen = match lot_id {
        // Of a pack in somebody's hand the books need not know; of what may not be used they do.
        Some(lot_id) if is_issue && !is_there(lot_id) => {
            check_usable(conn, form.stock, lot_id, now).await?;
            Vec::new()
        }
        _ => choose(&portions, lot_id, is_issue, form.note.is_some())?,
    };
    let (taken, beyond) = allocate(&chosen, quantity);
    if beyond > 0 && !is_issue {
        return Err(StockRefusal::Beyond(quantity - beyond).into());
    }
    let mut moves: Vec<NewMove<'_>> = taken
        .iter()
        .map(|part| new_move(form, reason, (part.lot, part.bin), -part.on_hand, now))
        .collect();
    if beyond > 0 {
        // The nurse has it in her hand: it is booked where the rest came from, and the bin is to be counted.
        let (lot_id, bin_id) = if let Some(last) = chosen.last() {
            (last.lot, last.bin)
        } else {
            let bin_id = usual_bin(conn, form.stock, bin_id).await?;
            let no_lot = LotLabel::default();
            let lot_id = match lot_id {
                Some(lot_id) => lot_id,
                None => find_or_insert_lot(conn, form.stock.item_id, no_lot, now).await?,
            };
            (lot_id, bin_id)
        };
        match moves.last_mut() {
            Some(last) if (last.lot_id, last.bin_id) == (lot_id, bin_id) => last.quantity -= beyond,
            _ => moves.push(new_move(form, reason, (lot_id, bin_id), -beyond, now)),
        }
    }
    Ok((post(conn, &moves, now).await?, beyond))
}

/// The portions that may leave: for use only usable ones (R18), of the chosen lot when there is one. Another lot than the one that should
/// leave first needs a reason.
fn choose(
    portions: &[PortionRow],
    lot_id: Option<LotId>,
    is_for_use: bool,
    has_note: bool,
) -> Result<Vec<Portion<LotId, BinId>>, StockRefusal> {
    let fit: Vec<&PortionRow> = portions
        .iter()
        .filter(|portion| portion.is_usable || !is_for_use)
        .collect();
    if let Some(lot_id) = lot_id {
        let wanted = portions.iter().find(|portion| portion.lot_id == lot_id);
        let wanted = wanted.ok_or(StockRefusal::NoLot)?;
        if is_for_use && !wanted.is_usable {
            return Err(StockRefusal::NotUsable(wanted.state));
        }
        let first = fit.iter().find(|portion| portion.on_hand > 0);
        let is_older = first.is_some_and(|first| {
            first.lot_id != lot_id
                && first.expires_on.is_some()
                && first.expires_on < wanted.expires_on.or(Some(NaiveDate::MAX))
        });
        if is_for_use && is_older && !has_note {
            return Err(StockRefusal::OtherLot);
        }
    }
    Ok(fit
        .into_iter()
        .filter(|portion| lot_id.is_none_or(|lot_id| portion.lot_id == lot_id))
        .map(|portion| Portion {
            lot: portion.lot_id,
            bin: portion.bin_id,
            on_hand: portion.on_hand,
        })
        .collect())
}

/// The bin that was named, when it is of the place; else the usual one of the item.
async fn usual_bin(
    conn: &mut AsyncPgConnection,
    stock: StockKey,
    named: Option<BinId>,
) -> Result<BinId, StockError> {
    if let Some(bin_id) = named {
        check_bin(conn, stock.stock_place_id, bin_id).await?;
        return Ok(bin_id);
    }
    let usual: Option<BinId> = stocking::table
        .find((stock.item_id, stock.stock_place_id))
        .select(stocking::bin_id)
        .first(conn)
        .await
        .optional()?;
    usual.ok_or(StockError::Refused(StockRefusal::NoBin))
}

async fn check_bin(
    conn: &mut AsyncPgConnection,
    place: StockPlaceId,
    bin_id: BinId,
) -> Result<(), StockError> {
    let found: i64 = bin::table
        .filter(bin::id.eq(bin_id))
        .filter(bin::stock_place_id.eq(place))
        .filter(bin::is_retired.eq(false))
        .count()
        .get_result(conn)
        .await?;
    (found == 1)
        .then_some(())
        .ok_or(StockError::Refused(StockRefusal::NoBin))
}

/// The lot with this label; it is made when it is new.
///
/// # Errors
/// When the database fails.
pub async fn find_or_insert_lot(
    conn: &mut AsyncPgConnection,
    item_id: ItemId,
    label: LotLabel<'_>,
    now: DateTime<Utc>,
) -> QueryResult<LotId> {
    let values = (
        lot::item_id.eq(item_id),
        lot::lot_number.eq(label.number),
        lot::expires_on.eq(label.expires_on),
        lot::first_received_at.eq(now),
    );
    diesel::insert_into(lot::table)
        .values(values)
        .on_conflict((lot::item_id, lot::lot_number, lot::expires_on))
        // Nothing changes; without an update the row would not be returned.
        .do_update()
        .set(lot::lot_number.eq(diesel::upsert::excluded(lot::lot_number)))
        .returning(lot::id)
        .get_result(conn)
        .await
}

async fn arrive(
    conn: &mut AsyncPgConnection,
    form: &StockForm<'_>,
    now: DateTime<Utc>,
) -> Result<Posted, StockError> {
    let StockAct::Arrive {
        reason,
        bin_id,
        lot: label,
        quantity,
        receipt,
    } = form.act
    else {
        return Ok(Posted::default());
    };
    check_quantity(quantity)?;
    lock(conn, &[form.stock]).await?;
    check_bin(conn, form.stock.stock_place_id, bin_id).await?;
    let lot_id = find_or_insert_lot(conn, form.stock.item_id, label, now).await?;
    if reason == StockReason::Receive {
        check_receipt_lot(conn, form.stock, lot_id, receipt, now).await?;
    }
    let mut arrived = new_move(form, reason, (lot_id, bin_id), quantity, now);
    if let Some(line_id) = receipt.order_line_id {
        receive_line(conn, form, line_id, quantity, receipt, now).await?;
        arrived.order_line_id = Some(line_id);
    }
    Ok(post(conn, &[arrived], now).await?)
}

#[derive(QueryableByName)]
struct LotNow {
    #[diesel(sql_type = Text)]
    state: LotState,
    #[diesel(sql_type = Bool)]
    has_expired: bool,
}

async fn find_lot(
    conn: &mut AsyncPgConnection,
    stock: StockKey,
    lot_id: LotId,
    now: DateTime<Utc>,
) -> Result<LotNow, StockError> {
    let found: Option<LotNow> = sql_query(
        "SELECT state, coalesce(expires_on < ($3 AT TIME ZONE stock_place_time_zone($2))::date, false) AS has_expired \
         FROM lot WHERE id = $1 AND item_id = $4",
    )
    .bind::<BigInt, _>(lot_id)
    .bind::<BigInt, _>(stock.stock_place_id)
    .bind::<Timestamptz, _>(now)
    .bind::<BigInt, _>(stock.item_id)
    .get_result(conn)
    .await
    .optional()?;
    found.ok_or(StockError::Refused(StockRefusal::NoLot))
}

/// R18: what is recalled or has expired is not used.
async fn check_usable(
    conn: &mut AsyncPgConnection,
    stock: StockKey,
    lot_id: LotId,
    now: DateTime<Utc>,
) -> Result<(), StockError> {
    let found = find_lot(conn, stock, lot_id, now).await?;
    let is_fit = found.state == LotState::Usable && !found.has_expired;
    is_fit
        .then_some(())
        .ok_or(StockError::Refused(StockRefusal::NotUsable(found.state)))
}

/// Expired, recalled, quarantined or damaged lots are refused at receipt, with the choice to keep them apart.
async fn check_receipt_lot(
    conn: &mut AsyncPgConnection,
    stock: StockKey,
    lot_id: LotId,
    receipt: Receipt,
    now: DateTime<Utc>,
) -> Result<(), StockError> {
    let found = find_lot(conn, stock, lot_id, now).await?;
    let is_fit = found.state == LotState::Usable && !found.has_expired;
    if is_fit {
        return Ok(());
    }
    if !receipt.quarantines {
        return Err(StockRefusal::Quarantine(found.state).into());
    }
    if found.state == LotState::Usable {
        diesel::update(lot::table.find(lot_id))
            .set(lot::state.eq(LotState::Quarantined))
            .execute(conn)
            .await?;
    }
    Ok(())
}

/// Adds a delivery to its order line: short leaves the rest open or closes it, more than a tenth over needs a yes.
async fn receive_line(
    conn: &mut AsyncPgConnection,
    form: &StockForm<'_>,
    line_id: OrderLineId,
    quantity: i64,
    receipt: Receipt,
    now: DateTime<Utc>,
) -> Result<(), StockError> {
    let found: Option<(Option<i64>, i64)> = order_line::table
        .filter(order_line::id.eq(line_id))
        .filter(order_line::item_id.eq(form.stock.item_id))
        .filter(order_line::stock_place_id.eq(form.stock.stock_place_id))
        .filter(order_line::state.eq_any([OrderState::Sent, OrderState::PartReceived]))
        .select((order_line::quantity_ordered, order_line::quantity_received))
        .for_update()
        .first(conn)
        .await
        .optional()?;
    let Some((Some(ordered), received)) = found else {
        return Err(StockRefusal::NoOrder.into());
    };
    let now_received = received + quantity;
    if now_received * 10 > ordered * 11 && !receipt.confirms_over {
        return Err(StockRefusal::Over((ordered - received).max(0)).into());
    }
    let is_done = now_received >= ordered || receipt.closes_short;
    set_received(
        conn,
        line_id,
        now_received,
        (is_done, Some(form.user_id)),
        now,
    )
    .await?;
    Ok(())
}

async fn set_received(
    conn: &mut AsyncPgConnection,
    line_id: OrderLineId,
    received: i64,
    (is_done, by): (bool, Option<UserId>),
    now: DateTime<Utc>,
) -> QueryResult<()> {
    let state = if is_done {
        OrderState::Received
    } else {
        OrderState::PartReceived
    };
    diesel::update(order_line::table.find(line_id))
        .set((
            order_line::quantity_received.eq(received),
            order_line::state.eq(state),
            order_line::ended_at.eq(is_done.then_some(now)),
            order_line::ended_by.eq(by.filter(|_| is_done)),
            order_line::settled_at.eq(now),
        ))
        .execute(conn)
        .await
        .map(drop)
}

/// A cabinet saw pieces of an item for the first time, each of so many base units: they came with the orders that are on their way, the oldest
/// first. Returns the order of each. The caller holds the lock of the item and place.
///
/// # Errors
/// When the database fails.
pub async fn receive_by_reader(
    conn: &mut AsyncPgConnection,
    stock: StockKey,
    pieces: &[i64],
    now: DateTime<Utc>,
) -> QueryResult<Vec<Option<OrderLineId>>> {
    let mut of = Vec::with_capacity(pieces.len());
    let mut pieces = pieces.iter().copied().peekable();
    while pieces.peek().is_some() {
        let Some(line) = find_line_on_its_way(conn, stock).await? else {
            of.extend(pieces.by_ref().map(|_| None));
            break;
        };
        let mut received = line.received;
        while received < line.ordered
            && let Some(units) = pieces.next()
        {
            received += units;
            of.push(Some(line.id));
        }
        let is_done = received >= line.ordered;
        set_received(conn, line.id, received, (is_done, None), now).await?;
    }
    Ok(of)
}

struct LineOnItsWay {
    id: OrderLineId,
    ordered: i64,
    received: i64,
}

/// The oldest line that was sent and has not come in full.
async fn find_line_on_its_way(
    conn: &mut AsyncPgConnection,
    stock: StockKey,
) -> QueryResult<Option<LineOnItsWay>> {
    let found: Option<(OrderLineId, Option<i64>, i64)> = order_line::table
        .filter(order_line::item_id.eq(stock.item_id))
        .filter(order_line::stock_place_id.eq(stock.stock_place_id))
        .filter(order_line::state.eq_any([OrderState::Sent, OrderState::PartReceived]))
        .order((order_line::approved_at, order_line::id))
        .select((
            order_line::id,
            order_line::quantity_ordered,
            order_line::quantity_received,
        ))
        .for_update()
        .first(conn)
        .await
        .optional()?;
    Ok(found.map(|(id, ordered, received)| LineOnItsWay {
        id,
        ordered: ordered.unwrap_or(0),
        received,
    }))
}

async fn transfer(
    conn: &mut AsyncPgConnection,
    form: &StockForm<'_>,
    now: DateTime<Utc>,
) -> Result<Posted, StockError> {
    let StockAct::Transfer {
        bin_id,
        lot_id,
        to: (to_place, to_bin),
        quantity,
    } = form.act
    else {
        return Ok(Posted::default());
    };
    check_quantity(quantity)?;
    let target = StockKey {
        stock_place_id: to_place,
        ..form.stock
    };
    let mut keys = [form.stock, target];
    keys.sort_unstable();
    lock(conn, &keys).await?;
    check_bin(conn, to_place, to_bin).await?;
    let portions = list_portions(conn, form.stock, Some(bin_id), now).await?;
    // Recalled and expired stock does not wander (R18); another lot than the oldest may.
    let chosen = choose(&portions, lot_id, true, true)?;
    let (taken, beyond) = allocate(&chosen, quantity);
    if beyond > 0 {
        return Err(StockRefusal::Beyond(quantity - beyond).into());
    }
    let moves: Vec<NewMove<'_>> = taken
        .iter()
        .flat_map(|part| {
            let out = new_move(
                form,
                StockReason::Transfer,
                (part.lot, part.bin),
                -part.on_hand,
                now,
            );
            let into = NewMove {
                key: target,
                bin_id: to_bin,
                quantity: part.on_hand,
                ..out
            };
            [out, into]
        })
        .collect();
    Ok(post(conn, &moves, now).await?)
}

/// What one bin of the two holds; refused when the bin is not one of two of this item and place.
async fn find_two_bins(
    conn: &mut AsyncPgConnection,
    stock: StockKey,
    bin_id: BinId,
) -> Result<i64, StockError> {
    let quantity: Option<Option<i64>> = stocking::table
        .find((stock.item_id, stock.stock_place_id))
        .filter(stocking::second_bin_id.is_not_null())
        .filter(
            stocking::bin_id
                .eq(bin_id)
                .or(stocking::second_bin_id.assume_not_null().eq(bin_id)),
        )
        .select(stocking::fixed_quantity)
        .first(conn)
        .await
        .optional()?;
    quantity
        .flatten()
        .ok_or(StockError::Refused(StockRefusal::NotTwoBins))
}

/// One of two bins is empty: its card was read at the board, or a person said so. What the books hold there was used. `None`: it was
/// known to be empty, so nothing was done.
///
/// # Errors
/// When the database fails.
pub async fn empty_bin(
    conn: &mut AsyncPgConnection,
    stock: StockKey,
    bin_id: BinId,
    by: MovedBy,
    happened_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> QueryResult<Option<Posted>> {
    let marked = diesel::update(bin::table.find(bin_id))
        .filter(bin::empty_since.is_null())
        .set(bin::empty_since.eq(happened_at))
        .execute(conn)
        .await?;
    if marked == 0 {
        return Ok(None);
    }
    let portions = list_portions(conn, stock, Some(bin_id), now).await?;
    let moves: Vec<NewMove<'_>> = portions
        .iter()
        .map(|portion| NewMove {
            reason: StockReason::EmptyBin,
            key: stock,
            lot_id: portion.lot_id,
            bin_id,
            quantity: -portion.on_hand,
            happened_at,
            by,
            order_line_id: None,
            undoes_id: None,
            note: None,
        })
        .collect();
    if moves.is_empty() {
        let settled = settle(conn, &[stock], now).await?;
        let move_ids = Vec::new();
        return Ok(Some(Posted { move_ids, settled }));
    }
    post(conn, &moves, now).await.map(Some)
}

async fn mark_full(
    conn: &mut AsyncPgConnection,
    bin_id: BinId,
    now: DateTime<Utc>,
) -> QueryResult<bool> {
    let marked = diesel::update(bin::table.find(bin_id))
        .filter(bin::empty_since.is_not_null())
        .set((
            bin::empty_since.eq(None::<DateTime<Utc>>),
            bin::filled_at.eq(now),
        ))
        .execute(conn)
        .await?;
    Ok(marked == 1)
}

async fn refill(
    conn: &mut AsyncPgConnection,
    form: &StockForm<'_>,
    now: DateTime<Utc>,
) -> Result<Posted, StockError> {
    let StockAct::Refill {
        bin_id,
        lot: label,
        quantity,
    } = form.act
    else {
        return Ok(Posted::default());
    };
    lock(conn, &[form.stock]).await?;
    let one_bin = find_two_bins(conn, form.stock, bin_id).await?;
    let quantity = quantity.unwrap_or(one_bin);
    check_quantity(quantity)?;
    if !mark_full(conn, bin_id, now).await? {
        return Err(StockRefusal::NotTwoBins.into());
    }
    let lot_id = find_or_insert_lot(conn, form.stock.item_id, label, now).await?;
    check_receipt_lot(conn, form.stock, lot_id, Receipt::default(), now).await?;
    let mut filled = new_move(form, StockReason::Refill, (lot_id, bin_id), quantity, now);
    // The oldest order that is on its way came with it.
    if let Some(LineOnItsWay { id: line_id, .. }) = find_line_on_its_way(conn, form.stock).await? {
        let receipt = Receipt {
            confirms_over: true,
            ..Receipt::default()
        };
        receive_line(conn, form, line_id, quantity, receipt, now).await?;
        filled.order_line_id = Some(line_id);
    }
    Ok(post(conn, &[filled], now).await?)
}

#[derive(Queryable)]
struct OldMove {
    id: MoveId,
    reason: StockReason,
    item_id: ItemId,
    lot_id: LotId,
    bin_id: BinId,
    stock_place_id: StockPlaceId,
    quantity: i64,
    order_line_id: Option<OrderLineId>,
}

/// Takes the moves of a form back by moves of the same reason. A receipt against an order is not taken back: it is adjusted.
async fn undo(
    conn: &mut AsyncPgConnection,
    form: &StockForm<'_>,
    form_key: Uuid,
    now: DateTime<Utc>,
) -> Result<Posted, StockError> {
    let earliest = now - UNDO_FOR - UNDO_GRACE;
    let old: Vec<OldMove> = stock_move::table
        .filter(stock_move::form_key.eq(form_key))
        .filter(stock_move::user_id.eq(form.user_id))
        .filter(stock_move::recorded_at.ge(earliest))
        .filter(stock_move::undoes_id.is_null())
        .order(stock_move::id)
        .select((
            stock_move::id,
            stock_move::reason,
            stock_move::item_id,
            stock_move::lot_id,
            stock_move::bin_id,
            stock_move::stock_place_id,
            stock_move::quantity,
            stock_move::order_line_id,
        ))
        .load(conn)
        .await?;
    let is_plain = |old: &OldMove| {
        old.order_line_id.is_none()
            && !matches!(old.reason, StockReason::EmptyBin | StockReason::Refill)
    };
    if old.is_empty() || !old.iter().all(is_plain) {
        return Err(StockRefusal::NoUndo.into());
    }
    let key = |old: &OldMove| StockKey {
        item_id: old.item_id,
        stock_place_id: old.stock_place_id,
    };
    let mut keys: Vec<StockKey> = old.iter().map(key).collect();
    keys.sort_unstable();
    keys.dedup();
    // Whoever takes the same form back at this moment holds or waits for these locks.
    lock(conn, &keys).await?;
    let ids: Vec<MoveId> = old.iter().map(|old| old.id).collect();
    let undone: i64 = stock_move::table
        .filter(stock_move::undoes_id.eq_any(ids))
        .count()
        .get_result(conn)
        .await?;
    if undone > 0 {
        return Err(StockRefusal::NoUndo.into());
    }
    let moves: Vec<NewMove<'_>> = old
        .iter()
        .map(|old| NewMove {
            key: key(old),
            undoes_id: Some(old.id),
            ..new_move(
                form,
                old.reason,
                (old.lot_id, old.bin_id),
                -old.quantity,
                now,
            )
        })
        .collect();
    Ok(post(conn, &moves, now).await?)
}
