//! Two bins of an item: one is used up, its card orders one bin, and it is filled again.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::arrive::{check_receipt_lot, find_line_on_its_way, find_or_insert_lot, receive_line};
use super::undo::was_counted_since;
use super::{
    Receipt, StockAct, StockError, StockForm, StockRefusal, check_quantity, list_portions,
    needs_note, new_move,
};
use crate::db::schema::{bin, stock_move, stocking};
use crate::db::types::StockReason;
use crate::ids::{BinId, LotId, MoveId};
use crate::supplies::ledger::{MovedBy, NewMove, Posted, StockKey, lock, post};
use crate::supplies::settle::settle;

/// What one bin of the two holds; refused when the bin is not one of two of this item and place.
pub(super) async fn find_two_bins(
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
        // Filled since the card was read: what it told is over.
        .filter(
            bin::filled_at
                .is_null()
                .or(bin::filled_at.assume_not_null().le(happened_at)),
        )
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

pub(super) async fn mark_full(
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

/// A refill is taken back: the bin is empty again, as of when it was emptied last.
pub(super) async fn mark_empty_again(
    conn: &mut AsyncPgConnection,
    (bin_id, refill): (BinId, MoveId),
    now: DateTime<Utc>,
) -> QueryResult<bool> {
    // Only what emptied it before this refill and after the one before; a bin that was empty by the books already left no move.
    let undone = diesel::alias!(stock_move as undone);
    let was_undone = diesel::dsl::exists(
        undone.filter(
            undone
                .field(stock_move::undoes_id)
                .eq(stock_move::id.nullable()),
        ),
    );
    let refilled_before: Option<MoveId> = stock_move::table
        .filter(stock_move::bin_id.eq(bin_id))
        .filter(stock_move::reason.eq(StockReason::Refill))
        .filter(stock_move::undoes_id.is_null())
        .filter(stock_move::id.lt(refill))
        .filter(diesel::dsl::not(was_undone))
        .select(diesel::dsl::max(stock_move::id))
        .first(conn)
        .await?;
    let emptied_at: Option<Option<DateTime<Utc>>> = stock_move::table
        .filter(stock_move::bin_id.eq(bin_id))
        .filter(stock_move::reason.eq(StockReason::EmptyBin))
        .filter(stock_move::undoes_id.is_null())
        .filter(stock_move::id.gt(refilled_before.unwrap_or(MoveId(0))))
        .filter(stock_move::id.lt(refill))
        .select(diesel::dsl::max(stock_move::happened_at))
        .first(conn)
        .await
        .optional()?;
    let emptied_at = emptied_at.flatten().unwrap_or(now);
    let marked = diesel::update(bin::table.find(bin_id))
        .filter(bin::empty_since.is_null())
        .set(bin::empty_since.eq(emptied_at))
        .execute(conn)
        .await?;
    Ok(marked == 1)
}

/// The bin was not empty after all: what was booked as used when it was said to be empty is there again.
pub(super) async fn not_empty(
    conn: &mut AsyncPgConnection,
    form: &StockForm<'_>,
    bin_id: BinId,
    now: DateTime<Utc>,
) -> Result<Posted, StockError> {
    needs_note(form)?;
    lock(conn, &[form.stock]).await?;
    find_two_bins(conn, form.stock, bin_id).await?;
    let empty_since: Option<DateTime<Utc>> = bin::table
        .find(bin_id)
        .select(bin::empty_since)
        .first(conn)
        .await?;
    if !mark_full(conn, bin_id, now).await? {
        return Err(StockRefusal::NotTwoBins.into());
    }
    let undone = diesel::alias!(stock_move as undone);
    let counted = match empty_since {
        Some(moment) => was_counted_since(conn, form.stock, bin_id, moment).await?,
        None => false,
    };
    let booked: Vec<(MoveId, LotId, i64, DateTime<Utc>)> = stock_move::table
        .filter(stock_move::bin_id.eq(bin_id))
        .filter(stock_move::item_id.eq(form.stock.item_id))
        .filter(stock_move::reason.eq(StockReason::EmptyBin))
        .filter(stock_move::happened_at.nullable().eq(empty_since))
        .filter(stock_move::undoes_id.is_null())
        .filter(diesel::dsl::not(diesel::dsl::exists(
            undone.filter(
                undone
                    .field(stock_move::undoes_id)
                    .eq(stock_move::id.nullable()),
            ),
        )))
        .select((
            stock_move::id,
            stock_move::lot_id,
            stock_move::quantity,
            stock_move::happened_at,
        ))
        .order(stock_move::id)
        .load(conn)
        .await?;
    let moves: Vec<NewMove<'_>> = booked
        .iter()
        // A count since has said what is there.
        .filter(|_| !counted)
        .map(|(id, lot_id, quantity, happened_at)| NewMove {
            undoes_id: Some(*id),
            happened_at: *happened_at,
            ..new_move(
                form,
                StockReason::EmptyBin,
                (*lot_id, bin_id),
                -quantity,
                now,
            )
        })
        .collect();
    if moves.is_empty() {
        let settled = settle(conn, &[form.stock], now).await?;
        let move_ids = Vec::new();
        return Ok(Posted { move_ids, settled });
    }
    Ok(post(conn, &moves, now).await?)
}

pub(super) async fn refill(
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
    check_receipt_lot(conn, form, lot_id, Receipt::default(), now).await?;
    let mut filled = new_move(form, StockReason::Refill, (lot_id, bin_id), quantity, now);
    // The oldest order that is on its way came with it.
    if let Some(line) = find_line_on_its_way(conn, form.stock).await? {
        let receipt = Receipt {
            confirms_over: true,
            // Packs do not divide into bins evenly: less than half a bin is no bin that is still to come.
            closes_short: line.left_after(quantity).saturating_mul(2) < one_bin,
            ..Receipt::default()
        };
        receive_line(conn, form, line.id, quantity, receipt, now).await?;
        filled.order_line_id = Some(line.id);
    }
    Ok(post(conn, &[filled], now).await?)
}
