//! Settling: after a change of stock, orders or rules, alerts and the open suggestion of the items and places that were touched are made
//! to follow, in the same transaction (R19, R23). Nothing else is looked at, however many rules there are.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Bool, Date, Float, Jsonb, Nullable, Text, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde_json::{Value, json};

use super::ledger::{StockKey, columns};
use super::rules::OrderRule;
use super::standing::{Draft, Standing, TwoBins};
use crate::alerts::rules::{Cause, Subject, key};
use crate::alerts::store::{end, raise};
use crate::db::prepared::Prepared;
use crate::db::types::{AlertKind, OrderCause, Rounding, StockMethod};
use crate::ids::{BinId, ItemId, OrderLineId, StockPlaceId};

/// How items stand at places.
pub const STANDINGS_SQL: &str = include_str!("sql/standings.sql");
/// Bins that hold less than nothing.
pub const SHORT_BINS_SQL: &str = include_str!("sql/short_bins.sql");

/// What settling changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Settled {
    /// Items and places that were looked at.
    pub keys: usize,
    /// Suggestions that were made, changed or taken back.
    pub drafts: usize,
    /// Alerts that began or ended.
    pub alerts: usize,
}

/// A row of the query.
#[derive(Clone, Debug, QueryableByName)]
pub struct StandingRow {
    /// Which item.
    #[diesel(sql_type = BigInt)]
    pub item_id: ItemId,
    /// Where.
    #[diesel(sql_type = BigInt)]
    pub stock_place_id: StockPlaceId,
    /// How its quantity is found.
    #[diesel(sql_type = Text)]
    pub method: StockMethod,
    /// At or below it, order.
    #[diesel(sql_type = BigInt)]
    pub reorder_point: i64,
    /// Target.
    #[diesel(sql_type = BigInt)]
    pub par: i64,
    /// Never above it.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub maximum: Option<i64>,
    /// Fixed quantity, or what one of two bins holds.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub fixed_quantity: Option<i64>,
    /// Base units of the pack that is ordered.
    #[diesel(sql_type = BigInt)]
    pub pack_units: i64,
    /// To whole packs.
    #[diesel(sql_type = Text)]
    pub rounding: Rounding,
    /// Two-bin kanban.
    #[diesel(sql_type = Bool)]
    pub has_two_bins: bool,
    /// Mean use of a day.
    #[diesel(sql_type = Float)]
    pub use_per_day: f32,
    /// The day at the facility.
    #[diesel(sql_type = Date)]
    pub today: NaiveDate,
    /// The cabinet is not heard.
    #[diesel(sql_type = Bool)]
    pub is_silent: bool,
    /// All that is there.
    #[diesel(sql_type = BigInt)]
    pub on_hand: i64,
    /// What of it may be used.
    #[diesel(sql_type = BigInt)]
    pub usable: i64,
    /// Approved or sent.
    #[diesel(sql_type = BigInt)]
    pub on_order: i64,
    /// The open suggestion.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub suggestion_id: Option<OrderLineId>,
    /// Its quantity.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub quantity_suggested: Option<i64>,
    /// Somebody said no, until a day that is to come.
    #[diesel(sql_type = Bool)]
    pub is_quiet: bool,
    /// Empty bins of the two.
    #[diesel(sql_type = BigInt)]
    pub empty_bins: i64,
    /// Kinds of its active alerts.
    #[diesel(sql_type = Array<Text>)]
    pub alerted: Vec<String>,
}

impl StandingRow {
    /// The facts as the pure rules take them.
    #[must_use]
    pub fn standing(&self) -> Standing {
        let rule = match (self.method, self.fixed_quantity) {
            (StockMethod::Fixed, Some(quantity)) => OrderRule::Fixed { quantity },
            _ => OrderRule::ToPar {
                par: self.par,
                pack: self.pack_units,
                rounding: self.rounding,
                maximum: self.maximum,
            },
        };
        let quantity = self.fixed_quantity.filter(|_| self.has_two_bins);
        Standing {
            available: self.usable,
            on_order: self.on_order,
            reorder_point: self.reorder_point,
            rule,
            two_bins: quantity.map(|quantity| TwoBins {
                empty: self.empty_bins,
                quantity,
            }),
            suggested: self.quantity_suggested,
            is_quiet: self.is_quiet,
            is_silent: self.is_silent,
        }
    }

    /// The numbers that a suggestion came from, kept with it for the page that explains it.
    #[must_use]
    pub fn arithmetic(&self) -> Value {
        json!({
            "on_hand": self.on_hand,
            "available": self.usable,
            "on_order": self.on_order,
            "position": self.standing().position(),
            "reorder_point": self.reorder_point,
            "par": self.par,
            "maximum": self.maximum,
            "method": self.method.as_str(),
            "fixed_quantity": self.fixed_quantity,
            "two_bins": self.has_two_bins,
            "empty_bins": self.empty_bins,
            "pack_units": self.pack_units,
            "rounding": self.rounding.as_str(),
            "use_per_day": self.use_per_day,
        })
    }

    fn stock_key(&self) -> StockKey {
        StockKey {
            item_id: self.item_id,
            stock_place_id: self.stock_place_id,
        }
    }
}

/// How items stand at places; those that a place should not hold are not among them.
///
/// # Errors
/// When the database fails.
pub async fn list_standings(
    mut conn: &AsyncPgConnection,
    keys: &[StockKey],
    now: DateTime<Utc>,
) -> QueryResult<Vec<StandingRow>> {
    let (items, places) = columns(keys);
    let query = sql_query(STANDINGS_SQL)
        .bind::<Array<BigInt>, _>(items)
        .bind::<Array<BigInt>, _>(places)
        .bind::<Timestamptz, _>(now);
    Prepared(query).load(&mut conn).await
}

/// Makes alerts and suggestions follow the stock. The caller holds the locks of [`super::ledger::lock`].
///
/// # Errors
/// When the database fails.
pub async fn settle(
    conn: &mut AsyncPgConnection,
    keys: &[StockKey],
    now: DateTime<Utc>,
) -> QueryResult<Settled> {
    let rows = list_standings(conn, keys, now).await?;
    let mut work = Work::default();
    for row in &rows {
        work.decide(row);
    }
    for bin in list_short_bins(conn, keys).await? {
        work.count(&bin);
    }
    // Both in the order of their keys: two transactions that meet wait, and never for each other.
    work.causes.sort_by_key(Cause::key);
    work.ended.sort();
    raise(conn, &work.causes, now).await?;
    end(conn, &work.ended, now).await?;
    mark_days_out(conn, &work.out).await?;
    let drafts = work.opened.len() + work.changed.len() + work.withdrawn.len();
    write_drafts(conn, &work, now).await?;
    Ok(Settled {
        keys: rows.len(),
        drafts,
        alerts: work.causes.len() + work.ended.len(),
    })
}

/// What is to be written.
#[derive(Default)]
struct Work<'a> {
    causes: Vec<Cause>,
    ended: Vec<String>,
    out: Vec<&'a StandingRow>,
    opened: Vec<(&'a StandingRow, i64)>,
    changed: Vec<(&'a StandingRow, OrderLineId, i64)>,
    withdrawn: Vec<OrderLineId>,
}

impl<'a> Work<'a> {
    fn decide(&mut self, row: &'a StandingRow) {
        let verdict = row.standing().decide();
        let StockKey {
            item_id,
            stock_place_id,
        } = row.stock_key();
        let subject = Subject::ItemAtPlace(item_id, stock_place_id);
        for (kind, is_true) in [
            (AlertKind::Stockout, verdict.is_out),
            (AlertKind::Reorder, Some(verdict.is_low)),
            (AlertKind::BothBinsEmpty, Some(verdict.both_empty)),
        ] {
            let is_alerted = row.alerted.iter().any(|known| known == kind.as_str());
            self.follow(kind, subject, is_true, is_alerted);
        }
        if verdict.is_out == Some(true) {
            self.out.push(row);
        }
        match (verdict.draft, row.suggestion_id) {
            (Draft::Open(quantity), _) => self.opened.push((row, quantity)),
            (Draft::Change(quantity), Some(id)) => self.changed.push((row, id, quantity)),
            (Draft::Withdraw, Some(id)) => self.withdrawn.push(id),
            (Draft::Keep | Draft::Change(_) | Draft::Withdraw, _) => {}
        }
    }

    fn count(&mut self, bin: &ShortBin) {
        let subject = Subject::ItemInBin(bin.item_id, bin.stock_place_id, bin.bin_id);
        let kind = AlertKind::CountDiscrepancy;
        self.follow(kind, subject, Some(bin.is_short), bin.is_alerted);
    }

    /// An alert begins or ends where its condition does; where it goes on nothing is written.
    fn follow(
        &mut self,
        kind: AlertKind,
        subject: Subject,
        is_true: Option<bool>,
        is_alerted: bool,
    ) {
        match (is_true, is_alerted) {
            (Some(true), false) => self.causes.push(Cause {
                kind,
                subject,
                room_id: None,
            }),
            (Some(false), true) => self.ended.push(key(kind, subject)),
            (Some(_) | None, _) => {}
        }
    }
}

#[derive(QueryableByName)]
struct ShortBin {
    #[diesel(sql_type = BigInt)]
    item_id: ItemId,
    #[diesel(sql_type = BigInt)]
    stock_place_id: StockPlaceId,
    #[diesel(sql_type = BigInt)]
    bin_id: BinId,
    #[diesel(sql_type = Bool)]
    is_short: bool,
    #[diesel(sql_type = Bool)]
    is_alerted: bool,
}

async fn list_short_bins(
    conn: &mut AsyncPgConnection,
    keys: &[StockKey],
) -> QueryResult<Vec<ShortBin>> {
    let (items, places) = columns(keys);
    let query = sql_query(SHORT_BINS_SQL)
        .bind::<Array<BigInt>, _>(items)
        .bind::<Array<BigInt>, _>(places);
    Prepared(query).load(conn).await
}

/// Leaves today out of the mean use of what has nothing available.
pub(super) async fn mark_days_out(
    conn: &mut AsyncPgConnection,
    rows: &[&StandingRow],
) -> QueryResult<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let keys: Vec<StockKey> = rows.iter().map(|row| row.stock_key()).collect();
    let (items, places) = columns(&keys);
    let days: Vec<NaiveDate> = rows.iter().map(|row| row.today).collect();
    let query = sql_query(include_str!("sql/mark_days_out.sql"))
        .bind::<Array<BigInt>, _>(items)
        .bind::<Array<BigInt>, _>(places)
        .bind::<Array<Date>, _>(days);
    Prepared(query).execute(conn).await.map(drop)
}

async fn write_drafts(
    conn: &mut AsyncPgConnection,
    work: &Work<'_>,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    if !work.withdrawn.is_empty() {
        sql_query(include_str!("sql/withdraw_drafts.sql"))
            .bind::<Array<BigInt>, _>(&work.withdrawn)
            .bind::<Timestamptz, _>(now)
            .execute(conn)
            .await?;
    }
    if !work.changed.is_empty() {
        let changed = &work.changed;
        let ids: Vec<OrderLineId> = changed.iter().map(|(_, id, _)| *id).collect();
        let quantities: Vec<i64> = changed.iter().map(|(_, _, quantity)| *quantity).collect();
        let packs: Vec<i64> = changed.iter().map(|(row, ..)| row.pack_units).collect();
        let numbers: Vec<Value> = changed.iter().map(|(row, ..)| row.arithmetic()).collect();
        sql_query(include_str!("sql/change_drafts.sql"))
            .bind::<Array<BigInt>, _>(ids)
            .bind::<Array<BigInt>, _>(quantities)
            .bind::<Array<BigInt>, _>(packs)
            .bind::<Array<Jsonb>, _>(numbers)
            .bind::<Timestamptz, _>(now)
            .execute(conn)
            .await?;
    }
    if !work.opened.is_empty() {
        let opened = &work.opened;
        let keys: Vec<StockKey> = opened.iter().map(|(row, _)| row.stock_key()).collect();
        let (items, places) = columns(&keys);
        let causes: Vec<&str> = opened
            .iter()
            .map(|(row, _)| {
                let cause = if row.has_two_bins {
                    OrderCause::EmptyBin
                } else {
                    OrderCause::ReorderPoint
                };
                cause.as_str()
            })
            .collect();
        let quantities: Vec<i64> = opened.iter().map(|(_, quantity)| *quantity).collect();
        let packs: Vec<i64> = opened.iter().map(|(row, _)| row.pack_units).collect();
        let numbers: Vec<Value> = opened.iter().map(|(row, _)| row.arithmetic()).collect();
        sql_query(include_str!("sql/open_drafts.sql"))
            .bind::<Array<BigInt>, _>(items)
            .bind::<Array<BigInt>, _>(places)
            .bind::<Array<Text>, _>(causes)
            .bind::<Array<BigInt>, _>(quantities)
            .bind::<Array<BigInt>, _>(packs)
            .bind::<Array<Jsonb>, _>(numbers)
            .bind::<Timestamptz, _>(now)
            .execute(conn)
            .await?;
    }
    Ok(())
}
