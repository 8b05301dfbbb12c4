//! Stock comes into a bin: deliveries with their orders and lots, and what is brought back unused.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Bool, Text, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::{
    LotLabel, Receipt, StockAct, StockError, StockForm, StockRefusal, check_bin, check_quantity,
    new_move,
};
use crate::db::schema::{lot, order_line, stock_move, stocking};
use crate::db::types::{LotState, OrderState, StockReason};
use crate::ids::{ItemId, LotId, MoveId, OrderLineId, UserId};
use crate::supplies::ledger::{NewMove, Posted, StockKey, lock, post};
use crate::supplies::lots::{LotChange, change_state};

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

/// What the history of a lot says when it had expired at receipt, and the person said nothing else.
const APART_NOTE: &str = "past its last day of use at receipt";
/// What the ledger says of pieces that came damaged, when the person said nothing else.
pub const DAMAGED_NOTE: &str = "damaged at receipt";

pub(super) async fn arrive(
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
    if !(0..=quantity).contains(&receipt.damaged) {
        return Err(StockRefusal::Damaged(receipt.damaged).into());
    }
    lock(conn, &[form.stock]).await?;
    check_bin(conn, form.stock.stock_place_id, bin_id).await?;
    let lot_id = find_or_insert_lot(conn, form.stock.item_id, label, now).await?;
    if reason == StockReason::Receive {
        check_one_bin(conn, form.stock).await?;
        check_receipt_lot(conn, form, lot_id, receipt, now).await?;
    }
    let mut arrived = new_move(form, reason, (lot_id, bin_id), quantity, now);
    if let Some(line_id) = receipt.order_line_id {
        receive_line(conn, form, line_id, quantity, receipt, now).await?;
        arrived.order_line_id = Some(line_id);
    }
    let mut moves = vec![arrived];
    if receipt.damaged > 0 {
        // A lot has one state wherever it is, so some of its pieces cannot be damaged: they come and go, and the ledger shows both.
        moves.push(NewMove {
            reason: StockReason::WriteOff,
            quantity: -receipt.damaged,
            note: arrived.note.or(Some(DAMAGED_NOTE)),
            ..arrived
        });
    }
    Ok(post(conn, &moves, now).await?)
}

/// What lies in two bins comes by filling the empty one: received into a bin, the other would stay empty and order again.
async fn check_one_bin(conn: &mut AsyncPgConnection, stock: StockKey) -> Result<(), StockError> {
    let in_two: i64 = stocking::table
        .filter(stocking::item_id.eq(stock.item_id))
        .filter(stocking::stock_place_id.eq(stock.stock_place_id))
        .filter(stocking::second_bin_id.is_not_null())
        .count()
        .get_result(conn)
        .await?;
    (in_two == 0)
        .then_some(())
        .ok_or(StockError::Refused(StockRefusal::FillTheBin))
}

#[derive(QueryableByName)]
pub(super) struct LotNow {
    #[diesel(sql_type = Text)]
    pub(super) state: LotState,
    #[diesel(sql_type = Bool)]
    has_expired: bool,
}

impl LotNow {
    pub(super) fn is_usable(&self) -> bool {
        self.state == LotState::Usable && !self.has_expired
    }
}

pub(super) async fn find_lot(
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

/// Expired, recalled, quarantined or damaged lots are refused at receipt, with the choice to keep them apart.
pub(super) async fn check_receipt_lot(
    conn: &mut AsyncPgConnection,
    form: &StockForm<'_>,
    lot_id: LotId,
    receipt: Receipt,
    now: DateTime<Utc>,
) -> Result<(), StockError> {
    let found = find_lot(conn, form.stock, lot_id, now).await?;
    if found.is_usable() {
        return Ok(());
    }
    if !receipt.quarantines {
        return Err(StockRefusal::Quarantine(found.state).into());
    }
    if found.state == LotState::Usable {
        let change = LotChange {
            lot_id,
            states: (LotState::Usable, LotState::Quarantined),
            reason: form.note.map_or(APART_NOTE, str::trim),
            user_id: form.user_id,
            form_key: form.key,
        };
        change_state(conn, &change, now).await?;
    }
    Ok(())
}

/// Adds a delivery to its order line: short leaves the rest open or closes it, more than a tenth over needs a yes.
pub(super) async fn receive_line(
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

/// A receipt is taken back: so much of the order is on its way again.
pub(super) async fn unreceive(
    conn: &mut AsyncPgConnection,
    line_id: OrderLineId,
    (receipt, quantity): (MoveId, i64),
    now: DateTime<Utc>,
) -> Result<(), StockError> {
    type Line = (OrderState, Option<i64>, i64, Option<String>);
    let (state, ordered, received, end_reason): Line = order_line::table
        .find(line_id)
        .select((
            order_line::state,
            order_line::quantity_ordered,
            order_line::quantity_received,
            order_line::end_reason,
        ))
        .for_update()
        .first(conn)
        .await?;
    // Somebody decided since that the rest will not come: with a reason, or with a later receipt.
    let was_closed_short = state == OrderState::Received && ordered > Some(received);
    if end_reason.is_some()
        || (was_closed_short && has_later_receipt(conn, line_id, receipt).await?)
    {
        return Err(StockRefusal::NoUndo.into());
    }
    let left = (received - quantity).max(0);
    let state = if left == 0 {
        OrderState::Sent
    } else {
        OrderState::PartReceived
    };
    diesel::update(order_line::table.find(line_id))
        .set((
            order_line::quantity_received.eq(left),
            order_line::state.eq(state),
            order_line::ended_at.eq(None::<DateTime<Utc>>),
            order_line::ended_by.eq(None::<UserId>),
            order_line::settled_at.eq(now),
        ))
        .execute(conn)
        .await?;
    Ok(())
}

async fn has_later_receipt(
    conn: &mut AsyncPgConnection,
    line_id: OrderLineId,
    receipt: MoveId,
) -> QueryResult<bool> {
    let undone = diesel::alias!(stock_move as undone);
    let was_undone = diesel::dsl::exists(
        undone.filter(
            undone
                .field(stock_move::undoes_id)
                .eq(stock_move::id.nullable()),
        ),
    );
    let later: i64 = stock_move::table
        .filter(stock_move::order_line_id.eq(line_id))
        .filter(stock_move::id.gt(receipt))
        .filter(stock_move::quantity.gt(0))
        .filter(stock_move::undoes_id.is_null())
        .filter(diesel::dsl::not(was_undone))
        .count()
        .get_result(conn)
        .await?;
    Ok(later > 0)
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

pub(super) struct LineOnItsWay {
    pub(super) id: OrderLineId,
    ordered: i64,
    received: i64,
}

impl LineOnItsWay {
    /// What is still to come of it after so much has come.
    pub(super) fn left_after(&self, quantity: i64) -> i64 {
        let received = self.received.saturating_add(quantity);
        self.ordered.saturating_sub(received).max(0)
    }
}

/// The oldest line that was sent and has not come in full.
pub(super) async fn find_line_on_its_way(
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
