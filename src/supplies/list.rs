//! Order lines to read: what is suggested, approved, sent, rejected.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{
    Array, BigInt, Bool, Date, Float, Integer, Jsonb, Nullable, Text, Timestamptz,
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde_json::Value;

use super::orders::LINES_MAX;
use super::stock::cut;
use crate::db::types::{OrderCause, OrderState, Role};
use crate::ids::{BinId, ItemId, OrderLineId, RoundId, StockPlaceId, SupplierId, SupplyOrderId};

/// Which order lines are in a state.
pub const ORDER_KEYS_SQL: &str = include_str!("sql/order_keys.sql");
/// The same by the names of suppliers or rounds.
pub const ORDER_KEYS_GROUPED_SQL: &str = include_str!("sql/order_keys_grouped.sql");
/// Order lines with what their words need.
pub const ORDER_LINES_SQL: &str = include_str!("sql/order_lines.sql");
/// How many lines belong to suppliers or rounds.
pub const ORDER_GROUPS_SQL: &str = include_str!("sql/order_groups.sql");
/// How many lines are in each state, and of which rounds the suggestions are.
pub const ORDER_COUNTS_SQL: &str = include_str!("sql/order_counts.sql");
/// Lines on a page.
pub const LINES_PER_PAGE: i64 = 50;

/// What lines stand together by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OrderGroup {
    /// By nothing: oldest first.
    #[default]
    Plain,
    /// By supplier.
    Supplier,
    /// By the round of their place.
    Round,
}

impl OrderGroup {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Plain, Self::Supplier, Self::Round];

    /// The word in addresses.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Supplier => "supplier",
            Self::Round => "round",
        }
    }

    /// Reads that word.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|group| group.as_str() == text)
    }
}

/// Which lines a list shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrderFilter {
    /// How far they are.
    pub state: OrderState,
    /// Only of this round.
    pub round: Option<RoundId>,
    /// Only of this supplier.
    pub supplier: Option<SupplierId>,
    /// Only of this item.
    pub item: Option<ItemId>,
    /// Only for this place.
    pub place: Option<StockPlaceId>,
    /// What they stand together by.
    pub group: OrderGroup,
}

impl OrderFilter {
    /// All lines in a state.
    #[must_use]
    pub fn of(state: OrderState) -> Self {
        Self {
            state,
            round: None,
            supplier: None,
            item: None,
            place: None,
            group: OrderGroup::Plain,
        }
    }
}

/// Where the page before ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderCursor {
    /// When it was suggested.
    pub at: DateTime<Utc>,
    /// Its id.
    pub id: OrderLineId,
    /// The name by which its group is sorted; empty where there are no groups.
    pub group: String,
}

impl std::fmt::Display for OrderCursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let at = self.at.timestamp_micros();
        write!(f, "{at}.{}.{}", self.id, self.group)
    }
}

impl OrderCursor {
    /// Reads what [`Display`](std::fmt::Display) wrote.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (at, rest) = text.split_once('.')?;
        let (id, group) = rest.split_once('.').unwrap_or((rest, ""));
        let at = DateTime::from_timestamp_micros(at.parse().ok()?)?;
        let id = OrderLineId(id.parse().ok()?);
        // Further than any list goes; a database refuses years that it cannot store, and keeps no NUL in a text.
        let is_plausible = (0..=4_102_444_800).contains(&at.timestamp())
            && !group.contains('\0')
            && group.len() <= 500;
        let group = group.to_owned();
        is_plausible.then_some(Self { at, id, group })
    }
}

/// An order line with what its words need.
#[derive(Clone, Debug, PartialEq, QueryableByName)]
pub struct OrderLine {
    /// Its id.
    #[diesel(sql_type = BigInt)]
    pub order_line_id: OrderLineId,
    /// Which item.
    #[diesel(sql_type = BigInt)]
    pub item_id: ItemId,
    /// The number of the item.
    #[diesel(sql_type = Text)]
    pub item_number: String,
    /// Its name.
    #[diesel(sql_type = Text)]
    pub item_name: String,
    /// What its quantities count.
    #[diesel(sql_type = Text)]
    pub base_unit: String,
    /// For which place.
    #[diesel(sql_type = BigInt)]
    pub stock_place_id: StockPlaceId,
    /// Its name.
    #[diesel(sql_type = Text)]
    pub stock_place_name: String,
    /// A cabinet with a reader: what is put in is booked when its door closes.
    #[diesel(sql_type = Bool)]
    pub counts_itself: bool,
    /// The usual bin there; none when the place need not hold the item any more.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub bin_id: Option<BinId>,
    /// Its name.
    #[diesel(sql_type = Nullable<Text>)]
    pub bin_name: Option<String>,
    /// Two-bin kanban.
    #[diesel(sql_type = Bool)]
    pub has_two_bins: bool,
    /// The other bin of the two.
    #[diesel(sql_type = Nullable<Text>)]
    pub second_bin_name: Option<String>,
    /// How far it is.
    #[diesel(sql_type = Text)]
    pub state: OrderState,
    /// What it came from.
    #[diesel(sql_type = Text)]
    pub cause: OrderCause,
    /// What the program suggested, in base units.
    #[diesel(sql_type = BigInt)]
    pub quantity_suggested: i64,
    /// What a person ordered.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub quantity_ordered: Option<i64>,
    /// What came of it.
    #[diesel(sql_type = BigInt)]
    pub quantity_received: i64,
    /// Base units of the pack that is ordered.
    #[diesel(sql_type = BigInt)]
    pub pack_units: i64,
    /// What that pack is called.
    #[diesel(sql_type = Nullable<Text>)]
    pub pack_name: Option<String>,
    /// The numbers that the suggestion came from.
    #[diesel(sql_type = Jsonb)]
    pub arithmetic: Value,
    /// When it was suggested.
    #[diesel(sql_type = Timestamptz)]
    pub suggested_at: DateTime<Utc>,
    /// When a person approved it.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub approved_at: Option<DateTime<Utc>>,
    /// When it was over.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub ended_at: Option<DateTime<Utc>>,
    /// Why it was rejected or cancelled.
    #[diesel(sql_type = Nullable<Text>)]
    pub end_reason: Option<String>,
    /// Until when it is quiet.
    #[diesel(sql_type = Nullable<Date>)]
    pub quiet_until: Option<NaiveDate>,
    /// The order it was sent with.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub supply_order_id: Option<SupplyOrderId>,
    /// When it was sent.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub sent_at: Option<DateTime<Utc>>,
    /// Who delivers it.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub supplier_id: Option<SupplierId>,
    /// That supplier's name.
    #[diesel(sql_type = Nullable<Text>)]
    pub supplier_name: Option<String>,
    /// Days from order to delivery.
    #[diesel(sql_type = Nullable<Float>)]
    pub lead_days: Option<f32>,
    /// The round of the place.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub round_id: Option<RoundId>,
    /// Its name.
    #[diesel(sql_type = Nullable<Text>)]
    pub round_name: Option<String>,
    /// What the person is who approved it.
    #[diesel(sql_type = Nullable<Text>)]
    pub approved_role: Option<Role>,
}

impl OrderLine {
    /// The id of the supplier or round that it stands under; 0: it has none, or there are no groups.
    #[must_use]
    pub fn group_id(&self, group: OrderGroup) -> i64 {
        match group {
            OrderGroup::Plain => 0,
            OrderGroup::Supplier => self.supplier_id.map_or(0, |id| id.0),
            OrderGroup::Round => self.round_id.map_or(0, |id| id.0),
        }
    }

    /// A number of the arithmetic that the suggestion was kept with.
    #[must_use]
    pub fn number(&self, name: &str) -> Option<i64> {
        self.arithmetic.get(name).and_then(Value::as_i64)
    }

    /// What is ordered, or would be.
    #[must_use]
    pub fn quantity(&self) -> i64 {
        self.quantity_ordered.unwrap_or(self.quantity_suggested)
    }

    /// What is still to come of it; nothing before it is sent and when it is over.
    #[must_use]
    pub fn quantity_to_come(&self) -> i64 {
        match self.state {
            OrderState::Sent | OrderState::PartReceived => {
                (self.quantity() - self.quantity_received).max(0)
            }
            _ => 0,
        }
    }
}

#[derive(QueryableByName)]
struct KeyRow {
    #[diesel(sql_type = BigInt)]
    order_line_id: OrderLineId,
    #[diesel(sql_type = Timestamptz)]
    suggested_at: DateTime<Utc>,
    #[diesel(sql_type = Text)]
    sort_key: String,
}

/// A page of order lines, oldest first in each group, and where the next one starts.
///
/// # Errors
/// When the database fails.
pub async fn list_order_lines(
    mut conn: &AsyncPgConnection,
    filter: &OrderFilter,
    after: Option<&OrderCursor>,
    limit: i64,
) -> QueryResult<(Vec<OrderLine>, Option<OrderCursor>)> {
    let is_grouped = filter.group != OrderGroup::Plain;
    let sql = if is_grouped {
        ORDER_KEYS_GROUPED_SQL
    } else {
        ORDER_KEYS_SQL
    };
    let mut query = sql_query(sql)
        .into_boxed()
        .bind::<Text, _>(filter.state.as_str())
        .bind::<Nullable<BigInt>, _>(filter.round)
        .bind::<Nullable<BigInt>, _>(filter.supplier)
        .bind::<Nullable<BigInt>, _>(filter.item)
        .bind::<Nullable<BigInt>, _>(filter.place)
        .bind::<Nullable<Timestamptz>, _>(after.map(|cursor| cursor.at))
        .bind::<Nullable<BigInt>, _>(after.map(|cursor| cursor.id))
        .bind::<BigInt, _>(limit + 1);
    if is_grouped {
        query = query
            .bind::<Text, _>(filter.group.as_str())
            .bind::<Nullable<Text>, _>(after.map(|cursor| cursor.group.clone()));
    }
    let mut keys: Vec<KeyRow> = query.load(&mut conn).await?;
    let has_more = cut(&mut keys, limit);
    let next = keys.last().filter(|_| has_more).map(|key| OrderCursor {
        at: key.suggested_at,
        id: key.order_line_id,
        group: key.sort_key.clone(),
    });
    let ids: Vec<OrderLineId> = keys.iter().map(|key| key.order_line_id).collect();
    Ok((read_order_lines(conn, &ids).await?, next))
}

/// Order lines by their ids, in that order; those that do not exist are not among them.
///
/// # Errors
/// When the database fails.
pub async fn read_order_lines(
    mut conn: &AsyncPgConnection,
    ids: &[OrderLineId],
) -> QueryResult<Vec<OrderLine>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    sql_query(ORDER_LINES_SQL)
        .bind::<Array<BigInt>, _>(ids)
        .load(&mut conn)
        .await
}

/// One order line.
///
/// # Errors
/// When the database fails.
pub async fn find_order_line(
    conn: &AsyncPgConnection,
    id: OrderLineId,
) -> QueryResult<Option<OrderLine>> {
    Ok(read_order_lines(conn, &[id]).await?.into_iter().next())
}

/// The lines of a supplier or round.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct OrderGroupLines {
    /// The id of the supplier or round; 0: those without one.
    #[diesel(sql_type = BigInt)]
    pub group_id: i64,
    /// How many.
    #[diesel(sql_type = BigInt)]
    pub n: i64,
    /// The oldest of them, at most as many as one form takes ([`LINES_MAX`]).
    #[diesel(sql_type = Array<BigInt>)]
    pub ids: Vec<OrderLineId>,
}

/// How many lines belong to these suppliers or rounds (0: to none), within the state and the round of the filter.
///
/// # Errors
/// When the database fails.
pub async fn list_order_groups(
    mut conn: &AsyncPgConnection,
    filter: &OrderFilter,
    ids: &[i64],
) -> QueryResult<Vec<OrderGroupLines>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    sql_query(ORDER_GROUPS_SQL)
        .bind::<Text, _>(filter.state.as_str())
        .bind::<Nullable<BigInt>, _>(filter.round)
        .bind::<Array<BigInt>, _>(ids)
        .bind::<Text, _>(filter.group.as_str())
        .bind::<Integer, _>(i32::try_from(LINES_MAX).unwrap_or(i32::MAX))
        .load(&mut conn)
        .await
}

/// How many lines there are.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct OrderCount {
    /// In this state.
    #[diesel(sql_type = Text)]
    pub state: OrderState,
    /// Of this round; `None`: of none.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub round_id: Option<RoundId>,
    /// Its name.
    #[diesel(sql_type = Nullable<Text>)]
    pub round_name: Option<String>,
    /// How many.
    #[diesel(sql_type = BigInt)]
    pub n: i64,
}

/// How many lines are open in each state and round; those that are over are not counted.
///
/// # Errors
/// When the database fails.
pub async fn count_order_lines(mut conn: &AsyncPgConnection) -> QueryResult<Vec<OrderCount>> {
    sql_query(ORDER_COUNTS_SQL).load(&mut conn).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_are_read_back_and_nonsense_is_not() {
        let cursor = OrderCursor {
            at: DateTime::from_timestamp(1_788_789_960, 0).unwrap(),
            id: OrderLineId(7),
            group: "0b. & co.".to_owned(),
        };
        assert_eq!(OrderCursor::parse(&cursor.to_string()), Some(cursor));
        for text in ["", "7", "x.y", "9223372036854775807.1", "-1.1", "1.1.\0"] {
            assert_eq!(OrderCursor::parse(text), None, "{text}");
        }
    }
}
