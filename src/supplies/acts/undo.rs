//! A person takes back what they just did: moves by moves of the same reason, receipts from their orders too, and bins as they were.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::arrive::unreceive;
use super::two_bins::{mark_empty_again, mark_full};
use super::{StockError, StockForm, StockRefusal, new_move};
use crate::db::schema::{count_line, stock_move};
use crate::db::types::StockReason;
use crate::ids::{BinId, ItemId, LotId, MoveId, OrderLineId, StockPlaceId};
use crate::supplies::ledger::{NewMove, Posted, StockKey, lock, post};

/// How long a person can take back what they did with stock: the running log of a page for a scanner offers it for so long.
pub const STOCK_UNDO_FOR: TimeDelta = TimeDelta::minutes(15);
/// The server is a little more patient than the button.
const UNDO_GRACE: TimeDelta = TimeDelta::seconds(5);

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
    happened_at: DateTime<Utc>,
}

/// Takes the moves of a form back. Not those of a count: what was counted is counted again.
pub(super) async fn undo(
    conn: &mut AsyncPgConnection,
    form: &StockForm<'_>,
    form_key: Uuid,
    now: DateTime<Utc>,
) -> Result<Posted, StockError> {
    let earliest = now - STOCK_UNDO_FOR - UNDO_GRACE;
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
            stock_move::happened_at,
        ))
        .load(conn)
        .await?;
    if old.is_empty() || old.iter().any(|old| old.reason == StockReason::Count) {
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
    let mut bins: Vec<BinId> = Vec::new();
    for old in &old {
        if was_counted_since(conn, key(old), old.bin_id, old.happened_at).await? {
            return Err(StockRefusal::NoUndo.into());
        }
        let is_first_of_bin = !bins.contains(&old.bin_id);
        bins.push(old.bin_id);
        take_back_around(conn, old, is_first_of_bin, now).await?;
    }
    let moves: Vec<NewMove<'_>> = old
        .iter()
        .map(|old| NewMove {
            key: key(old),
            undoes_id: Some(old.id),
            // As if it had never been: a count between the two has seen neither.
            happened_at: old.happened_at,
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

/// What went with a move: its order, and whether its bin is full. Of a bin that held several lots it is done once.
async fn take_back_around(
    conn: &mut AsyncPgConnection,
    old: &OldMove,
    is_first_of_bin: bool,
    now: DateTime<Utc>,
) -> Result<(), StockError> {
    if let Some(line_id) = old.order_line_id.filter(|_| old.quantity > 0) {
        unreceive(conn, line_id, (old.id, old.quantity), now).await?;
    }
    let is_as_it_was = match old.reason {
        StockReason::EmptyBin if is_first_of_bin => mark_full(conn, old.bin_id, now).await?,
        StockReason::Refill if is_first_of_bin => {
            mark_empty_again(conn, (old.bin_id, old.id), now).await?
        }
        _ => true,
    };
    is_as_it_was
        .then_some(())
        .ok_or(StockError::Refused(StockRefusal::NoUndo))
}

/// Whether what a bin holds of an item was counted after a moment: what happened before it is settled by the count.
pub(super) async fn was_counted_since(
    conn: &mut AsyncPgConnection,
    stock: StockKey,
    bin_id: BinId,
    moment: DateTime<Utc>,
) -> QueryResult<bool> {
    let counts: i64 = count_line::table
        .filter(count_line::item_id.eq(stock.item_id))
        .filter(count_line::stock_place_id.eq(stock.stock_place_id))
        .filter(count_line::bin_id.eq(bin_id))
        .filter(count_line::counted_at.ge(moment))
        .count()
        .get_result(conn)
        .await?;
    Ok(counts > 0)
}
