//! What people do with stock: issue, return, transfer, adjust, write off, receive, empty and fill bins, and take one of these back.
//!
//! Every act is a form with an idempotency key and one transaction: its moves, levels, alerts and suggestions, or nothing. Here is what
//! the acts share; what each does stands beside the others of its kind.

mod arrive;
mod leave;
mod two_bins;
mod undo;

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Bool, Date, Nullable, Text, Timestamptz};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

pub use arrive::{DAMAGED_NOTE, find_or_insert_lot, receive_by_reader};
pub use two_bins::empty_bin;
pub use undo::STOCK_UNDO_FOR;

use super::ledger::{MovedBy, NewMove, Posted, StockKey, lock, post};
use super::orders::QUANTITY_MAX;
use crate::db::form_key::take_form_key;
use crate::db::schema::{bin, stock_place};
use crate::db::types::{LotState, StockReason};
use crate::ids::{BinId, LotId, OrderLineId, StockPlaceId, UserId};

/// What a place holds of an item.
pub const PORTIONS_SQL: &str = include_str!("sql/portions.sql");

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
    /// How many of them came damaged, in base units: they are received, and written off at once ([`DAMAGED_NOTE`]).
    pub damaged: i64,
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
    /// Below 0, or more than came.
    Damaged(i64),
    /// It is in that bin already.
    SameBin,
    /// No such order line for this item and place, or nothing is open of it.
    NoOrder,
    /// The bin is not one of two, or already as said.
    NotTwoBins,
    /// It lies in two bins: what comes fills the empty one.
    FillTheBin,
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

crate::db::again::refusable!(StockError, StockRefusal);

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

impl PortionRow {
    /// Whether another lot needs a reason while this one is there: this one expires first (FEFO).
    #[must_use]
    pub fn leaves_before(&self, other: &Self) -> bool {
        self.lot_id != other.lot_id
            && self.expires_on.is_some()
            && self.expires_on < other.expires_on.or(Some(NaiveDate::MAX))
    }
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
        StockAct::Leave { .. }
            | StockAct::Arrive { .. }
            | StockAct::Transfer { .. }
            | StockAct::EmptyBin { .. }
            | StockAct::Refill { .. }
    ) && counts_itself(conn, &form.act, form.stock.stock_place_id).await?
    {
        return Err(StockRefusal::CountsItself.into());
    }
    let by = MovedBy::Person(form.user_id, form.key);
    match form.act {
        StockAct::Leave { .. } => leave::leave(conn, form, now).await,
        StockAct::Arrive { .. } => Ok((arrive::arrive(conn, form, now).await?, 0)),
        StockAct::Transfer { .. } => Ok((leave::transfer(conn, form, now).await?, 0)),
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
            two_bins::find_two_bins(conn, form.stock, bin_id).await?;
            let posted = empty_bin(conn, form.stock, bin_id, by, now, now).await?;
            Ok((posted.ok_or(StockRefusal::NotTwoBins)?, 0))
        }
        StockAct::Refill { .. } => Ok((two_bins::refill(conn, form, now).await?, 0)),
        StockAct::NotEmpty { bin_id } => {
            Ok((two_bins::not_empty(conn, form, bin_id, now).await?, 0))
        }
        StockAct::Undo { form_key } => Ok((undo::undo(conn, form, form_key, now).await?, 0)),
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
