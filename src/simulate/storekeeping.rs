//! What simulated staff does with supplies: takes what it needs, empties bins, decides on drafts, sends orders and puts deliveries away.
//! It does so through the same acts as people do.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::noise::Chance;
use super::supplies::item_numbers;
use crate::db::schema::{bin_card, item, order_line, stocking};
use crate::db::types::{OrderState, Role, StockReason};
use crate::ids::{BinId, ItemId, OrderLineId, StockPlaceId, UserId};
use crate::supplies::acts::{
    LotLabel, Receipt, StockAct, StockError, StockForm, perform_stock_form,
};
use crate::supplies::ledger::StockKey;
use crate::supplies::orders::{OrderAct, OrderError, OrderForm, perform_order_form};
use crate::supplies::settle::list_standings;

/// Takes in one round, in the whole hospital.
const TAKES: usize = 5;
/// The share of takes that empties a bin, where there are two.
const EMPTIED: f32 = 0.25;
/// A draft is decided after this time, by chance; so some are always waiting.
const DECIDED_AFTER: TimeDelta = TimeDelta::minutes(2);
/// An approved line is sent after this time.
const SENT_AFTER: TimeDelta = TimeDelta::minutes(1);
/// A delivery comes after this time: here days are minutes.
const DELIVERED_AFTER: TimeDelta = TimeDelta::minutes(3);
/// How long a delivered lot lasts.
const LASTS: TimeDelta = TimeDelta::days(400);

#[derive(Clone, Copy, Debug, Queryable)]
struct Stocked {
    item_id: ItemId,
    stock_place_id: StockPlaceId,
    bin_id: BinId,
    second_bin_id: Option<BinId>,
    use_per_day: f32,
}

impl Stocked {
    fn key(&self) -> StockKey {
        StockKey {
            item_id: self.item_id,
            stock_place_id: self.stock_place_id,
        }
    }
}

/// An order line that may be due.
#[derive(Clone, Copy, Debug, Queryable)]
struct Line {
    id: OrderLineId,
    item_id: ItemId,
    stock_place_id: StockPlaceId,
    state: OrderState,
    quantity_suggested: i64,
    quantity_ordered: Option<i64>,
    quantity_received: i64,
    settled_at: DateTime<Utc>,
}

/// One round. Returns how many acts were carried out.
pub(super) async fn look_round(
    conn: &mut AsyncPgConnection,
    staff: &[(UserId, Role)],
    chance: &mut Chance,
    now: DateTime<Utc>,
) -> anyhow::Result<usize> {
    let person = |role| staff.iter().find(|(_, known)| *known == role);
    let (Some((nurse, _)), Some((technician, _))) = (person(Role::Nurse), person(Role::Supply))
    else {
        return Ok(0);
    };
    let stocked: Vec<Stocked> = stocking::table
        .inner_join(item::table)
        .filter(item::item_number.eq_any(item_numbers()))
        .order((stocking::stock_place_id, stocking::item_id))
        .select((
            stocking::item_id,
            stocking::stock_place_id,
            stocking::bin_id,
            stocking::second_bin_id,
            stocking::use_per_day,
        ))
        .limit(2_000)
        .load(conn)
        .await?;
    let mut done = 0;
    for _ in 0..TAKES {
        if let Some(stocked) = chance.pick(&stocked) {
            done += usize::from(take(conn, *stocked, *nurse, chance, now).await?);
        }
    }
    done += follow_orders(conn, &stocked, *technician, chance, now).await?;
    Ok(done)
}

async fn take(
    conn: &mut AsyncPgConnection,
    stocked: Stocked,
    nurse: UserId,
    chance: &mut Chance,
    now: DateTime<Utc>,
) -> anyhow::Result<bool> {
    let standings = list_standings(conn, &[stocked.key()], now).await?;
    let Some(standing) = standings.into_iter().next() else {
        return Ok(false);
    };
    let act = match stocked.second_bin_id {
        // What has a card is told by the board.
        Some(_) if has_card(conn, stocked.bin_id).await? => return Ok(false),
        Some(second) => {
            if !chance.happens(EMPTIED) {
                return Ok(false);
            }
            let bins = [stocked.bin_id, second];
            match chance.pick(&bins) {
                Some(bin_id) => StockAct::EmptyBin { bin_id: *bin_id },
                None => return Ok(false),
            }
        }
        None if standing.usable <= 0 => return Ok(false),
        None => {
            let most = (stocked.use_per_day / 4.0).clamp(1.0, 40.0);
            #[expect(
                clippy::as_conversions,
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "from 1 to 40"
            )]
            let quantity = 1 + i64::from(chance.below(most as u16));
            StockAct::Leave {
                reason: StockReason::Issue,
                bin_id: None,
                lot_id: None,
                quantity: quantity.min(standing.usable),
            }
        }
    };
    perform_stock(conn, stocked.key(), nurse, act, now).await
}

async fn has_card(conn: &mut AsyncPgConnection, bin_id: BinId) -> anyhow::Result<bool> {
    let cards: i64 = bin_card::table
        .filter(bin_card::bin_id.eq(bin_id))
        .count()
        .get_result(conn)
        .await?;
    Ok(cards > 0)
}

/// Whether it was carried out; what is refused was done by somebody else meanwhile.
async fn perform_stock(
    conn: &mut AsyncPgConnection,
    stock: StockKey,
    user_id: UserId,
    act: StockAct<'_>,
    now: DateTime<Utc>,
) -> anyhow::Result<bool> {
    let form = StockForm {
        key: Uuid::now_v7(),
        user_id,
        stock,
        act,
        note: None,
        location: "/",
    };
    match perform_stock_form(conn, &form, now).await {
        Ok(_) => Ok(true),
        Err(StockError::Refused(_)) => Ok(false),
        Err(StockError::Database(error)) => Err(error.into()),
    }
}

async fn follow_orders(
    conn: &mut AsyncPgConnection,
    stocked: &[Stocked],
    technician: UserId,
    chance: &mut Chance,
    now: DateTime<Utc>,
) -> anyhow::Result<usize> {
    let lines: Vec<Line> = order_line::table
        .inner_join(item::table)
        .filter(item::item_number.eq_any(item_numbers()))
        .filter(order_line::state.eq_any([
            OrderState::Suggested,
            OrderState::Approved,
            OrderState::Sent,
        ]))
        .order((order_line::suggested_at, order_line::id))
        .select((
            order_line::id,
            order_line::item_id,
            order_line::stock_place_id,
            order_line::state,
            order_line::quantity_suggested,
            order_line::quantity_ordered,
            order_line::quantity_received,
            order_line::settled_at,
        ))
        .limit(500)
        .load(conn)
        .await?;
    let mut done = 0;
    for line in lines {
        let waited = now - line.settled_at;
        let ids = [line.id];
        let quantities = [line.quantity_suggested];
        let carried_out = match line.state {
            OrderState::Suggested if waited >= DECIDED_AFTER && chance.happens(0.05) => {
                let quantities = &quantities;
                let act = OrderAct::Approve { quantities };
                perform_order(conn, &ids, technician, act, now).await?
            }
            OrderState::Approved if waited >= SENT_AFTER => {
                perform_order(conn, &ids, technician, OrderAct::Send, now).await?
            }
            OrderState::Sent if waited >= DELIVERED_AFTER && chance.happens(0.3) => {
                put_away(conn, stocked, &line, technician, now).await?
            }
            _ => false,
        };
        done += usize::from(carried_out);
    }
    Ok(done)
}

async fn perform_order(
    conn: &mut AsyncPgConnection,
    ids: &[OrderLineId],
    user_id: UserId,
    act: OrderAct<'_>,
    now: DateTime<Utc>,
) -> anyhow::Result<bool> {
    let form = OrderForm {
        key: Uuid::now_v7(),
        user_id,
        ids,
        act,
        location: "/",
    };
    match perform_order_form(conn, &form, now).await {
        Ok(_) => Ok(true),
        Err(OrderError::Refused(_)) => Ok(false),
        Err(OrderError::Database(error)) => Err(error.into()),
    }
}

/// A delivery goes into its bin; of two bins, into the one that is empty.
async fn put_away(
    conn: &mut AsyncPgConnection,
    stocked: &[Stocked],
    line: &Line,
    technician: UserId,
    now: DateTime<Utc>,
) -> anyhow::Result<bool> {
    let is_meant = |stocked: &&Stocked| {
        stocked.item_id == line.item_id && stocked.stock_place_id == line.stock_place_id
    };
    let Some(stocked) = stocked.iter().find(is_meant) else {
        return Ok(false);
    };
    let number = now.format("D%y%m%d").to_string();
    let lot = LotLabel {
        number: &number,
        expires_on: Some((now + LASTS).date_naive()),
    };
    let open = line.quantity_ordered.unwrap_or(0) - line.quantity_received;
    let Some(second) = stocked.second_bin_id else {
        let act = StockAct::Arrive {
            reason: StockReason::Receive,
            bin_id: stocked.bin_id,
            lot,
            quantity: open,
            receipt: Receipt {
                order_line_id: Some(line.id),
                ..Receipt::default()
            },
        };
        return perform_stock(conn, stocked.key(), technician, act, now).await;
    };
    for bin_id in [stocked.bin_id, second] {
        let act = StockAct::Refill {
            bin_id,
            lot,
            quantity: None,
        };
        if perform_stock(conn, stocked.key(), technician, act, now).await? {
            return Ok(true);
        }
    }
    Ok(false)
}
