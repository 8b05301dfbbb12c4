//! The rules of restocking as people see and change them: listing, one rule with what it inherits and reaches, saving.

mod saving;
mod scope;

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Bool, Float, Nullable, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

pub use self::saving::{
    RuleError, RuleForm, RulePosted, RuleRefusal, is_carried_later, perform_rule_form,
};
pub use self::scope::{RuleKey, Scope, find_named_scopes, list_scopes};
use super::carry::{Chain, RuleStory, find_rule_story, list_reached, list_rules_of};
use super::inherit::{Inherited, Rule, RuleFields, inherit};
use super::rule_form::Ground;
use super::stock::{containing, cut};
use crate::db::schema::{item, item_pack};
use crate::db::types::{Rounding, StockMethod};
use crate::ids::{BuildingId, FacilityId, FloorId, ItemId, RoomId, RuleId, StockPlaceId};

/// Rules by id.
pub const STOCK_RULES_SQL: &str = include_str!("sql/stock_rules.sql");
/// Where a rule holds.
pub const RULE_SCOPE_SQL: &str = include_str!("sql/rule_scope.sql");
/// Rules on a page.
pub const RULES_PER_PAGE: i64 = 50;
/// Items and places that are counted; a page says when there are more.
pub const REACH_SHOWN_MAX: usize = 10_000;

/// A rule in a list.
#[derive(Clone, Debug, PartialEq, QueryableByName)]
pub struct RuleLine {
    /// Its id.
    #[diesel(sql_type = BigInt)]
    pub rule_id: RuleId,
    /// Its item; `None`: for all items.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub item_id: Option<ItemId>,
    /// The number of the item.
    #[diesel(sql_type = Nullable<Text>)]
    pub item_number: Option<String>,
    /// Its name.
    #[diesel(sql_type = Nullable<Text>)]
    pub item_name: Option<String>,
    /// What its quantities count.
    #[diesel(sql_type = Nullable<Text>)]
    pub base_unit: Option<String>,
    /// Where: a place of stock.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub stock_place_id: Option<i64>,
    /// Where: a room.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub room_id: Option<i64>,
    /// Where: a floor.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub floor_id: Option<i64>,
    /// Where: a building.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub building_id: Option<i64>,
    /// Where: a facility.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub facility_id: Option<i64>,
    /// The name of where; empty: everywhere.
    #[diesel(sql_type = Text)]
    pub scope_name: String,
    /// See [`RuleFields::method`].
    #[diesel(sql_type = Nullable<Text>)]
    pub method: Option<StockMethod>,
    /// See [`RuleFields::reorder_point`].
    #[diesel(sql_type = Nullable<BigInt>)]
    pub reorder_point: Option<i64>,
    /// See [`RuleFields::par`].
    #[diesel(sql_type = Nullable<BigInt>)]
    pub par: Option<i64>,
    /// See [`RuleFields::maximum`].
    #[diesel(sql_type = Nullable<BigInt>)]
    pub maximum: Option<i64>,
    /// See [`RuleFields::fixed_quantity`].
    #[diesel(sql_type = Nullable<BigInt>)]
    pub fixed_quantity: Option<i64>,
    /// See [`RuleFields::rounding`].
    #[diesel(sql_type = Nullable<Text>)]
    pub rounding: Option<Rounding>,
    /// See [`RuleFields::service_percent`].
    #[diesel(sql_type = Nullable<Float>)]
    pub service_percent: Option<f32>,
    /// See [`RuleFields::order_days`].
    #[diesel(sql_type = Nullable<Float>)]
    pub order_days: Option<f32>,
}

impl RuleLine {
    /// What it sets.
    #[must_use]
    pub fn fields(&self) -> RuleFields {
        RuleFields {
            method: self.method,
            reorder_point: self.reorder_point,
            par: self.par,
            maximum: self.maximum,
            fixed_quantity: self.fixed_quantity,
            rounding: self.rounding,
            service_percent: self.service_percent,
            order_days: self.order_days,
        }
    }

    /// Which rule it is.
    #[must_use]
    pub fn key(&self) -> RuleKey {
        RuleKey {
            item_id: self.item_id,
            scope: Scope::from_ids([
                self.stock_place_id,
                self.room_id,
                self.floor_id,
                self.building_id,
                self.facility_id,
            ]),
        }
    }
}

/// Which rules a list shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RuleFilter {
    /// Those at places of stock, or those above; `None`: all.
    pub at_places: Option<bool>,
    /// A number or part of a name of an item, or a part of a name of a place; empty: any.
    pub text: String,
}

/// A page of rules by id, and the last one when there are more.
///
/// # Errors
/// When the database fails.
pub async fn list_rules(
    conn: &AsyncPgConnection,
    filter: &RuleFilter,
    after: Option<RuleId>,
    limit: i64,
) -> QueryResult<(Vec<RuleLine>, Option<RuleId>)> {
    let mut rows = load_rules(conn, filter, after, None, limit + 1).await?;
    let has_more = cut(&mut rows, limit);
    let next = rows.last().filter(|_| has_more).map(|row| row.rule_id);
    Ok((rows, next))
}

/// These rules, to name them.
///
/// # Errors
/// When the database fails.
pub async fn list_named_rules(
    conn: &AsyncPgConnection,
    rules: &[Rule],
) -> QueryResult<Vec<RuleLine>> {
    let ids: Vec<RuleId> = rules.iter().map(|rule| rule.rule_id).collect();
    let limit = i64::try_from(ids.len()).unwrap_or(i64::MAX);
    load_rules(conn, &RuleFilter::default(), None, Some(ids), limit).await
}

async fn load_rules(
    mut conn: &AsyncPgConnection,
    filter: &RuleFilter,
    after: Option<RuleId>,
    ids: Option<Vec<RuleId>>,
    limit: i64,
) -> QueryResult<Vec<RuleLine>> {
    let small = filter.text.trim().to_lowercase();
    let text = Some(small.as_str()).filter(|text| !text.is_empty());
    sql_query(STOCK_RULES_SQL)
        .bind::<Nullable<Bool>, _>(filter.at_places)
        .bind::<Nullable<BigInt>, _>(after)
        .bind::<Nullable<Text>, _>(text)
        .bind::<Nullable<Text>, _>(text.map(containing))
        .bind::<Nullable<Array<BigInt>>, _>(ids)
        .bind::<BigInt, _>(limit)
        .load(&mut conn)
        .await
}

/// The item of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleItem {
    /// Its number.
    pub number: String,
    /// Its name.
    pub name: String,
    /// What quantities count.
    pub base_unit: String,
    /// Base units of the pack that is ordered.
    pub pack_units: i64,
}

/// One rule, whether it is there or not, with what it inherits and reaches.
#[derive(Clone, Debug, PartialEq)]
pub struct RuleCard {
    /// Which one.
    pub key: RuleKey,
    /// Its item.
    pub item: Option<RuleItem>,
    /// The name of where it holds; empty: everywhere.
    pub scope_name: String,
    /// What it sets, when it is there.
    pub own: Option<(RuleId, RuleFields)>,
    /// The rules that it would inherit from.
    pub above: Vec<Rule>,
    /// They, to name them.
    pub names: Vec<RuleLine>,
    /// How many items and places it reaches, at most [`REACH_SHOWN_MAX`] and one.
    pub reach: usize,
    /// For one item at one place that holds it.
    pub story: Option<RuleStory>,
}

impl RuleCard {
    /// What the rules above set.
    #[must_use]
    pub fn inherited(&self) -> Inherited {
        inherit(&self.above)
    }

    /// What is known of where it holds.
    #[must_use]
    pub fn ground(&self) -> Ground {
        Ground {
            pack: self.item.as_ref().map(|item| item.pack_units),
            has_two_bins: self.story.as_ref().map(|story| story.row.has_two_bins),
            economic: self.story.as_ref().and_then(|story| story.found.economic),
        }
    }
}

#[derive(QueryableByName)]
struct ScopeRow {
    #[diesel(sql_type = Nullable<BigInt>)]
    stock_place_id: Option<StockPlaceId>,
    #[diesel(sql_type = Nullable<BigInt>)]
    room_id: Option<RoomId>,
    #[diesel(sql_type = Nullable<BigInt>)]
    floor_id: Option<FloorId>,
    #[diesel(sql_type = Nullable<BigInt>)]
    building_id: Option<BuildingId>,
    #[diesel(sql_type = Nullable<BigInt>)]
    facility_id: Option<FacilityId>,
    #[diesel(sql_type = Nullable<Text>)]
    name: Option<String>,
}

/// A rule with what it inherits and reaches; `None`: there is no such item or place.
///
/// # Errors
/// When the database fails.
pub async fn find_rule_card(
    mut conn: &AsyncPgConnection,
    key: RuleKey,
) -> QueryResult<Option<RuleCard>> {
    let item = match key.item_id {
        None => None,
        Some(id) => match find_rule_item(conn, id).await? {
            None => return Ok(None),
            item => item,
        },
    };
    let [place, room, floor, building, facility] = key.scope.ids();
    let scope: ScopeRow = sql_query(RULE_SCOPE_SQL)
        .bind::<Nullable<BigInt>, _>(place)
        .bind::<Nullable<BigInt>, _>(room)
        .bind::<Nullable<BigInt>, _>(floor)
        .bind::<Nullable<BigInt>, _>(building)
        .bind::<Nullable<BigInt>, _>(facility)
        .get_result(&mut conn)
        .await?;
    if scope.name.is_none() && key.scope != Scope::Everywhere {
        return Ok(None);
    }
    let chain = Chain {
        item_id: key.item_id,
        stock_place_id: scope.stock_place_id,
        room_id: scope.room_id,
        floor_id: scope.floor_id,
        building_id: scope.building_id,
        facility_id: scope.facility_id,
    };
    let found = list_rules_of(conn, &[chain]).await?;
    let rules = found.into_iter().next().unwrap_or_default();
    let is_own =
        |rule: &Rule| rule.level == key.scope.level() && rule.is_for_item == key.item_id.is_some();
    let own = rules.iter().copied().find(is_own);
    let above: Vec<Rule> = rules.iter().copied().filter(|rule| !is_own(rule)).collect();
    let most = i64::try_from(REACH_SHOWN_MAX + 1).unwrap_or(i64::MAX);
    let reach = list_reached(conn, &key.reach(), None, most).await?.len();
    let story = match key.stock() {
        Some(stock) => find_rule_story(conn, stock).await?,
        None => None,
    };
    Ok(Some(RuleCard {
        key,
        item,
        scope_name: scope.name.unwrap_or_default(),
        own: own.map(|rule| (rule.rule_id, rule.fields)),
        names: list_named_rules(conn, &above).await?,
        above,
        reach,
        story,
    }))
}

async fn find_rule_item(mut conn: &AsyncPgConnection, id: ItemId) -> QueryResult<Option<RuleItem>> {
    type Found = (String, String, String);
    let found: Option<Found> = item::table
        .find(id)
        .select((item::item_number, item::name, item::base_unit))
        .first(&mut conn)
        .await
        .optional()?;
    let Some((number, name, base_unit)) = found else {
        return Ok(None);
    };
    let pack: Option<i64> = item_pack::table
        .filter(item_pack::item_id.eq(id))
        .filter(item_pack::is_ordered)
        .select(item_pack::units)
        .first(&mut conn)
        .await
        .optional()?;
    Ok(Some(RuleItem {
        number,
        name,
        base_unit,
        pack_units: pack.unwrap_or(1),
    }))
}
