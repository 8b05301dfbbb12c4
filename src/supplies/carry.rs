//! Carrying the rules in force into `stocking`, which is what the fast path reads (`docs/adr/0016-inherited-rules.md`).
//!
//! Whatever changes an input calls [`carry`] in its transaction, or, when it reaches many, leaves a row of `stock_rule_due` that
//! [`carry_due`] works off in parts. The mean use calls [`carry_changed`]. All of them lock, read rules and inputs, let [`super::inherit`]
//! decide, write what changed and settle it (R19, R23).

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Bool, Double, Float, Nullable, Text, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::inherit::{InForce, Inherited, Inputs, Level, Rule, RuleFields, in_force, inherit};
use super::ledger::{StockKey, columns, lock};
use super::rules::Demand;
use super::settle::settle;
use crate::db::schema::stock_rule_due;
use crate::db::types::{Rounding, StockMethod};
use crate::ids::{
    BuildingId, FacilityId, FloorId, ItemId, RoomId, RoundId, RuleId, StockPlaceId, SupplierId,
};

/// What the rule in force is made from.
pub const RULE_INPUTS_SQL: &str = include_str!("sql/rule_inputs.sql");
/// Rules that apply.
pub const RULES_OF_SQL: &str = include_str!("sql/rules_of.sql");
/// Items and places that a change reaches.
pub const RULE_REACH_SQL: &str = include_str!("sql/rule_reach.sql");
/// Items and places of a change that are carried in one transaction.
pub const PART: i64 = 1_000;
/// Items and places that a change may reach to be carried at once, in the transaction of the person.
pub const AT_ONCE_MAX: usize = 500;
/// Items and places that one statement settles.
const SETTLED: usize = 500;

/// Where in the tree of places, and of which item, rules are looked for; `None` where there is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Chain {
    /// The item; `None`: only rules for all items.
    pub item_id: Option<ItemId>,
    /// The place of stock.
    pub stock_place_id: Option<StockPlaceId>,
    /// Its room; of a cart that of the cart.
    pub room_id: Option<RoomId>,
    /// Its floor.
    pub floor_id: Option<FloorId>,
    /// Its building.
    pub building_id: Option<BuildingId>,
    /// Its facility.
    pub facility_id: Option<FacilityId>,
}

/// What the rule in force at an item and place is made from, and what is kept of it.
#[derive(Clone, Debug, PartialEq, QueryableByName)]
pub struct InputRow {
    /// Which item.
    #[diesel(sql_type = BigInt)]
    pub item_id: ItemId,
    /// Where.
    #[diesel(sql_type = BigInt)]
    pub stock_place_id: StockPlaceId,
    /// Its room; of a cart that of the cart.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub room_id: Option<RoomId>,
    /// Its floor.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub floor_id: Option<FloorId>,
    /// Its building.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub building_id: Option<BuildingId>,
    /// Its facility.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub facility_id: Option<FacilityId>,
    /// Base units of the pack that is ordered.
    #[diesel(sql_type = BigInt)]
    pub pack_units: i64,
    /// Two-bin kanban.
    #[diesel(sql_type = Bool)]
    pub has_two_bins: bool,
    /// Mean use of a day.
    #[diesel(sql_type = Float)]
    pub use_per_day: f32,
    /// Its deviation.
    #[diesel(sql_type = Float)]
    pub use_deviation: f32,
    /// Days from order to delivery; `None`: no supplier is given.
    #[diesel(sql_type = Nullable<Float>)]
    pub lead_days: Option<f32>,
    /// Their deviation.
    #[diesel(sql_type = Nullable<Float>)]
    pub lead_deviation_days: Option<f32>,
    /// What one order costs.
    #[diesel(sql_type = Nullable<Double>)]
    pub order_cost: Option<f64>,
    /// What it costs to hold one unit for a year.
    #[diesel(sql_type = Nullable<Double>)]
    pub holding_cost: Option<f64>,
    /// Days between two rounds; `None`: the place is on no round.
    #[diesel(sql_type = Nullable<Float>)]
    pub round_days: Option<f32>,
    /// What is kept: how the quantity is found.
    #[diesel(sql_type = Text)]
    pub method: StockMethod,
    /// What is kept: reorder point.
    #[diesel(sql_type = BigInt)]
    pub reorder_point: i64,
    /// What is kept: target.
    #[diesel(sql_type = BigInt)]
    pub par: i64,
    /// What is kept: maximum.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub maximum: Option<i64>,
    /// What is kept: fixed quantity, or one of two bins.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub fixed_quantity: Option<i64>,
    /// What is kept: rounding.
    #[diesel(sql_type = Text)]
    pub rounding: Rounding,
    /// What is kept: base units of the pack.
    #[diesel(sql_type = BigInt)]
    pub kept_pack_units: i64,
    /// When the rules changed it last; `None`: it was written by hand.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub rules_at: Option<DateTime<Utc>>,
}

impl InputRow {
    /// Where its rules are looked for.
    #[must_use]
    pub fn chain(&self) -> Chain {
        Chain {
            item_id: Some(self.item_id),
            stock_place_id: Some(self.stock_place_id),
            room_id: self.room_id,
            floor_id: self.floor_id,
            building_id: self.building_id,
            facility_id: self.facility_id,
        }
    }

    /// The inputs as the pure rules take them.
    #[must_use]
    pub fn inputs(&self) -> Inputs {
        let lead = self.lead_days.zip(self.lead_deviation_days);
        Inputs {
            demand: Demand {
                per_day: f64::from(self.use_per_day),
                deviation: f64::from(self.use_deviation),
            },
            lead: lead.map(|(days, deviation)| (f64::from(days), f64::from(deviation))),
            round_days: self.round_days.map(f64::from),
            pack: self.pack_units,
            has_two_bins: self.has_two_bins,
            cost_of_order: self.order_cost,
            cost_to_hold: self.holding_cost,
        }
    }

    /// Whether `stocking` keeps this.
    #[must_use]
    pub fn keeps(&self, found: &InForce) -> bool {
        let is_same = self.method == found.method.value
            && self.reorder_point == found.reorder_point.value
            && self.par == found.par.value
            && self.maximum == found.maximum.map(|told| told.value)
            && self.fixed_quantity == found.fixed_quantity.map(|told| told.value);
        is_same && self.rounding == found.rounding.value && self.kept_pack_units == self.pack_units
    }
}

#[derive(QueryableByName)]
struct RuleRow {
    #[diesel(sql_type = BigInt)]
    position: i64,
    #[diesel(sql_type = BigInt)]
    rule_id: RuleId,
    #[diesel(sql_type = Bool)]
    is_for_item: bool,
    #[diesel(sql_type = Text)]
    level: String,
    #[diesel(sql_type = Nullable<Text>)]
    method: Option<StockMethod>,
    #[diesel(sql_type = Nullable<BigInt>)]
    reorder_point: Option<i64>,
    #[diesel(sql_type = Nullable<BigInt>)]
    par: Option<i64>,
    #[diesel(sql_type = Nullable<BigInt>)]
    maximum: Option<i64>,
    #[diesel(sql_type = Nullable<BigInt>)]
    fixed_quantity: Option<i64>,
    #[diesel(sql_type = Nullable<Text>)]
    rounding: Option<Rounding>,
    #[diesel(sql_type = Nullable<Float>)]
    service_percent: Option<f32>,
    #[diesel(sql_type = Nullable<Float>)]
    order_days: Option<f32>,
}

impl RuleRow {
    fn rule(&self) -> Rule {
        Rule {
            rule_id: self.rule_id,
            level: match self.level.as_str() {
                "place" => Level::Place,
                "room" => Level::Room,
                "floor" => Level::Floor,
                "building" => Level::Building,
                "facility" => Level::Facility,
                _ => Level::Everywhere,
            },
            is_for_item: self.is_for_item,
            fields: RuleFields {
                method: self.method,
                reorder_point: self.reorder_point,
                par: self.par,
                maximum: self.maximum,
                fixed_quantity: self.fixed_quantity,
                rounding: self.rounding,
                service_percent: self.service_percent,
                order_days: self.order_days,
            },
        }
    }
}

/// The rules that apply at each of these, in their order.
///
/// # Errors
/// When the database fails.
pub async fn list_rules_of(
    mut conn: &AsyncPgConnection,
    chains: &[Chain],
) -> QueryResult<Vec<Vec<Rule>>> {
    fn column<T>(chains: &[Chain], of: impl Fn(&Chain) -> Option<T>) -> Vec<Option<T>> {
        chains.iter().map(of).collect()
    }
    let rows: Vec<RuleRow> = sql_query(RULES_OF_SQL)
        .bind::<Array<Nullable<BigInt>>, _>(column(chains, |chain| chain.item_id))
        .bind::<Array<Nullable<BigInt>>, _>(column(chains, |chain| chain.stock_place_id))
        .bind::<Array<Nullable<BigInt>>, _>(column(chains, |chain| chain.room_id))
        .bind::<Array<Nullable<BigInt>>, _>(column(chains, |chain| chain.floor_id))
        .bind::<Array<Nullable<BigInt>>, _>(column(chains, |chain| chain.building_id))
        .bind::<Array<Nullable<BigInt>>, _>(column(chains, |chain| chain.facility_id))
        .load(&mut conn)
        .await?;
    let mut rules = vec![Vec::new(); chains.len()];
    for row in &rows {
        let at = usize::try_from(row.position - 1).unwrap_or(usize::MAX);
        if let Some(of) = rules.get_mut(at) {
            of.push(row.rule());
        }
    }
    Ok(rules)
}

/// Inputs of items at places; those that a place should not hold are not among them.
///
/// # Errors
/// When the database fails.
pub async fn list_inputs(
    mut conn: &AsyncPgConnection,
    keys: &[StockKey],
) -> QueryResult<Vec<InputRow>> {
    let (items, places) = columns(keys);
    sql_query(RULE_INPUTS_SQL)
        .bind::<Array<BigInt>, _>(items)
        .bind::<Array<BigInt>, _>(places)
        .load(&mut conn)
        .await
}

/// Everything about the rule at an item and place.
#[derive(Clone, Debug, PartialEq)]
pub struct RuleStory {
    /// What it is made from.
    pub row: InputRow,
    /// The rules that apply.
    pub rules: Vec<Rule>,
    /// What they set.
    pub set: Inherited,
    /// What follows.
    pub found: InForce,
}

impl RuleStory {
    /// Puts it together.
    #[must_use]
    pub fn new(row: InputRow, rules: Vec<Rule>) -> Self {
        let set = inherit(&rules);
        let found = in_force(&set, &row.inputs());
        Self {
            row,
            rules,
            set,
            found,
        }
    }
}

/// Where each number of the rule at an item and place comes from; `None`: the place need not hold it.
///
/// # Errors
/// When the database fails.
pub async fn find_rule_story(
    conn: &AsyncPgConnection,
    key: StockKey,
) -> QueryResult<Option<RuleStory>> {
    let Some(row) = list_inputs(conn, &[key]).await?.into_iter().next() else {
        return Ok(None);
    };
    let rules = list_rules_of(conn, &[row.chain()]).await?;
    let rules = rules.into_iter().next().unwrap_or_default();
    Ok(Some(RuleStory::new(row, rules)))
}

/// Carries the rules in force into `stocking` and settles all of these, in the caller's transaction.
///
/// # Errors
/// When the database fails.
pub async fn carry(
    conn: &mut AsyncPgConnection,
    keys: &[StockKey],
    now: DateTime<Utc>,
) -> QueryResult<()> {
    for part in sorted(keys).chunks(SETTLED) {
        write_in_force(conn, part, now).await?;
        settle(conn, part, now).await?;
    }
    Ok(())
}

/// The same, but settles only those whose numbers changed, and says how many these were.
///
/// # Errors
/// When the database fails.
pub async fn carry_changed(
    conn: &mut AsyncPgConnection,
    keys: &[StockKey],
    now: DateTime<Utc>,
) -> QueryResult<usize> {
    let mut changed = 0;
    for part in sorted(keys).chunks(SETTLED) {
        let keys = write_in_force(conn, part, now).await?;
        if !keys.is_empty() {
            settle(conn, &keys, now).await?;
        }
        changed += keys.len();
    }
    Ok(changed)
}

/// Two transactions that meet wait, and never for each other.
fn sorted(keys: &[StockKey]) -> Vec<StockKey> {
    let mut keys = keys.to_vec();
    keys.sort_unstable();
    keys.dedup();
    keys
}

/// Locks these, and writes what the rules say; returns those that changed. The caller settles them.
///
/// # Errors
/// When the database fails.
pub async fn write_in_force(
    conn: &mut AsyncPgConnection,
    keys: &[StockKey],
    now: DateTime<Utc>,
) -> QueryResult<Vec<StockKey>> {
    // Whoever changes a rule writes it first and locks then: the last one to lock reads what all of them wrote.
    lock(conn, keys).await?;
    let rows = list_inputs(conn, keys).await?;
    let chains: Vec<Chain> = rows.iter().map(InputRow::chain).collect();
    let rules = list_rules_of(conn, &chains).await?;
    let mut work: Vec<(InputRow, InForce)> = Vec::new();
    for (row, rules) in rows.into_iter().zip(rules) {
        let found = in_force(&inherit(&rules), &row.inputs());
        if row.rules_at.is_none() || !row.keeps(&found) {
            work.push((row, found));
        }
    }
    if work.is_empty() {
        return Ok(Vec::new());
    }
    let column =
        |of: fn(&InForce) -> i64| -> Vec<i64> { work.iter().map(|(_, found)| of(found)).collect() };
    let maybe = |of: fn(&InForce) -> Option<i64>| -> Vec<Option<i64>> {
        work.iter().map(|(_, found)| of(found)).collect()
    };
    let words = |of: fn(&InForce) -> &'static str| -> Vec<&'static str> {
        work.iter().map(|(_, found)| of(found)).collect()
    };
    let items: Vec<ItemId> = work.iter().map(|(row, _)| row.item_id).collect();
    let places: Vec<StockPlaceId> = work.iter().map(|(row, _)| row.stock_place_id).collect();
    let packs: Vec<i64> = work.iter().map(|(row, _)| row.pack_units).collect();
    let changed: Vec<KeyRow> = sql_query(include_str!("sql/carry_rules.sql"))
        .bind::<Array<BigInt>, _>(items)
        .bind::<Array<BigInt>, _>(places)
        .bind::<Array<Text>, _>(words(|found| found.method.value.as_str()))
        .bind::<Array<BigInt>, _>(column(|found| found.reorder_point.value))
        .bind::<Array<BigInt>, _>(column(|found| found.par.value))
        .bind::<Array<Nullable<BigInt>>, _>(maybe(|found| found.maximum.map(|told| told.value)))
        .bind::<Array<Nullable<BigInt>>, _>(maybe(|found| {
            found.fixed_quantity.map(|told| told.value)
        }))
        .bind::<Array<BigInt>, _>(packs)
        .bind::<Array<Text>, _>(words(|found| found.rounding.value.as_str()))
        .bind::<Timestamptz, _>(now)
        .load(conn)
        .await?;
    let mut changed: Vec<StockKey> = changed.iter().map(KeyRow::stock).collect();
    changed.sort_unstable();
    Ok(changed)
}

/// An item and a place, as a statement gives them.
#[derive(Debug, QueryableByName)]
pub(super) struct KeyRow {
    #[diesel(sql_type = BigInt)]
    item_id: ItemId,
    #[diesel(sql_type = BigInt)]
    stock_place_id: StockPlaceId,
}

impl KeyRow {
    pub(super) fn stock(&self) -> StockKey {
        StockKey {
            item_id: self.item_id,
            stock_place_id: self.stock_place_id,
        }
    }
}

/// What a change reaches: every item and place that fits all that is given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = stock_rule_due)]
pub struct Reach {
    /// Only this item.
    pub item_id: Option<ItemId>,
    /// Only this place.
    pub stock_place_id: Option<StockPlaceId>,
    /// Only places in this room.
    pub room_id: Option<RoomId>,
    /// Only places on this floor.
    pub floor_id: Option<FloorId>,
    /// Only places in this building.
    pub building_id: Option<BuildingId>,
    /// Only places in this facility.
    pub facility_id: Option<FacilityId>,
    /// Only items of this supplier.
    pub supplier_id: Option<SupplierId>,
    /// Only places on this round.
    pub supply_round_id: Option<RoundId>,
}

/// Items and places that a change reaches, after these, in the order of their key, at most so many.
///
/// # Errors
/// When the database fails.
pub async fn list_reached(
    mut conn: &AsyncPgConnection,
    reach: &Reach,
    after: Option<StockKey>,
    limit: i64,
) -> QueryResult<Vec<StockKey>> {
    let rows: Vec<KeyRow> = sql_query(RULE_REACH_SQL)
        .bind::<Nullable<BigInt>, _>(reach.item_id)
        .bind::<Nullable<BigInt>, _>(reach.stock_place_id)
        .bind::<Nullable<BigInt>, _>(reach.room_id)
        .bind::<Nullable<BigInt>, _>(reach.floor_id)
        .bind::<Nullable<BigInt>, _>(reach.building_id)
        .bind::<Nullable<BigInt>, _>(reach.facility_id)
        .bind::<Nullable<BigInt>, _>(reach.supplier_id)
        .bind::<Nullable<BigInt>, _>(reach.supply_round_id)
        .bind::<Nullable<BigInt>, _>(after.map(|key| key.item_id))
        .bind::<Nullable<BigInt>, _>(after.map(|key| key.stock_place_id))
        .bind::<BigInt, _>(limit)
        .load(&mut conn)
        .await?;
    Ok(rows.iter().map(KeyRow::stock).collect())
}

/// Carries a change at once when it reaches few; else leaves it to the scheduler. Returns whether it was carried.
///
/// # Errors
/// When the database fails.
pub async fn carry_or_note(
    conn: &mut AsyncPgConnection,
    reach: &Reach,
    now: DateTime<Utc>,
) -> QueryResult<bool> {
    let most = i64::try_from(AT_ONCE_MAX).unwrap_or(i64::MAX);
    let keys = list_reached(conn, reach, None, most + 1).await?;
    if keys.len() <= AT_ONCE_MAX {
        carry(conn, &keys, now).await?;
        return Ok(true);
    }
    diesel::insert_into(stock_rule_due::table)
        .values(reach)
        .execute(conn)
        .await?;
    Ok(false)
}

/// Carries one part of the oldest change that waits. Returns how many numbers changed, and whether there is more. One scheduler at a time
/// does this, so that nobody else works at the same row.
///
/// # Errors
/// When the database fails.
pub async fn carry_due(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
) -> QueryResult<(usize, bool)> {
    type Due = (i64, Reach, Option<ItemId>, Option<StockPlaceId>);
    let due: Option<Due> = stock_rule_due::table
        .order(stock_rule_due::id)
        .select((
            stock_rule_due::id,
            Reach::as_select(),
            stock_rule_due::after_item_id,
            stock_rule_due::after_stock_place_id,
        ))
        .first(conn)
        .await
        .optional()?;
    let Some((id, reach, item, place)) = due else {
        return Ok((0, false));
    };
    let after = item.zip(place).map(|(item_id, stock_place_id)| StockKey {
        item_id,
        stock_place_id,
    });
    if after.is_none() {
        forget_same(conn, id, &reach).await?;
    }
    let keys = list_reached(conn, &reach, after, PART).await?;
    let changed = carry_changed(conn, &keys, now).await?;
    let is_full = keys.len() >= usize::try_from(PART).unwrap_or(usize::MAX);
    match keys.last().filter(|_| is_full) {
        Some(last) => {
            diesel::update(stock_rule_due::table.find(id))
                .set((
                    stock_rule_due::after_item_id.eq(last.item_id),
                    stock_rule_due::after_stock_place_id.eq(last.stock_place_id),
                ))
                .execute(conn)
                .await?;
        }
        None => {
            diesel::delete(stock_rule_due::table.find(id))
                .execute(conn)
                .await?;
        }
    }
    let left: i64 = stock_rule_due::table.count().get_result(conn).await?;
    Ok((changed, left > 0))
}

/// Changes that reach the same, and are seen before any of it is done, are done with this one.
async fn forget_same(conn: &mut AsyncPgConnection, id: i64, reach: &Reach) -> QueryResult<usize> {
    use stock_rule_due as due;
    diesel::delete(
        due::table
            .filter(due::id.gt(id))
            .filter(due::item_id.is_not_distinct_from(reach.item_id))
            .filter(due::stock_place_id.is_not_distinct_from(reach.stock_place_id))
            .filter(due::room_id.is_not_distinct_from(reach.room_id))
            .filter(due::floor_id.is_not_distinct_from(reach.floor_id))
            .filter(due::building_id.is_not_distinct_from(reach.building_id))
            .filter(due::facility_id.is_not_distinct_from(reach.facility_id))
            .filter(due::supplier_id.is_not_distinct_from(reach.supplier_id))
            .filter(due::supply_round_id.is_not_distinct_from(reach.supply_round_id)),
    )
    .execute(conn)
    .await
}
