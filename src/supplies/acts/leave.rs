//! Stock leaves a bin: issue, write-off, return to the supplier, and transfer to another bin.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::arrive::{find_lot, find_or_insert_lot};
use super::{
    LotLabel, PortionRow, StockAct, StockError, StockForm, StockRefusal, check_bin, check_quantity,
    list_portions, needs_note, new_move,
};
use crate::db::schema::stocking;
use crate::db::types::StockReason;
use crate::ids::{BinId, LotId};
use crate::supplies::ledger::{NewMove, Posted, StockKey, lock, post};
use crate::supplies::standing::{Portion, allocate};

pub(super) async fn leave(
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
        let is_older = first.is_some_and(|first| first.leaves_before(wanted));
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

/// R18: what is recalled or has expired is not used.
async fn check_usable(
    conn: &mut AsyncPgConnection,
    stock: StockKey,
    lot_id: LotId,
    now: DateTime<Utc>,
) -> Result<(), StockError> {
    let found = find_lot(conn, stock, lot_id, now).await?;
    found
        .is_usable()
        .then_some(())
        .ok_or(StockError::Refused(StockRefusal::NotUsable(found.state)))
}

pub(super) async fn transfer(
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
    if to_bin == bin_id {
        return Err(StockRefusal::SameBin.into());
    }
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
