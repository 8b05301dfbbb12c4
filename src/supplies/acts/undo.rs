//! A person takes back what they just did.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::{StockError, StockForm, StockRefusal, new_move};
use crate::assets::acts::UNDO_FOR;
use crate::db::schema::stock_move;
use crate::db::types::StockReason;
use crate::ids::{BinId, ItemId, LotId, MoveId, OrderLineId, StockPlaceId};
use crate::supplies::ledger::{NewMove, Posted, StockKey, lock, post};

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
}

/// Takes the moves of a form back by moves of the same reason. A receipt against an order is not taken back: it is adjusted.
pub(super) async fn undo(
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
