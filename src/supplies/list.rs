//! Order lines to read: what is suggested, approved, sent, rejected.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Bool, Date, Float, Jsonb, Nullable, Text, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde_json::Value;

use crate::db::schema::order_line;
use crate::db::types::{OrderCause, OrderState, Role};
use crate::ids::{ItemId, OrderLineId, RoundId, StockPlaceId, SupplierId, SupplyOrderId};

/// Order lines.
pub const ORDER_LINES_SQL: &str = include_str!("sql/order_lines.sql");
/// How many lines are in each state, and of which rounds the suggestions are.
pub const ORDER_COUNTS_SQL: &str = include_str!("sql/order_counts.sql");
/// Lines on a page.
pub const LINES_PER_PAGE: i64 = 50;

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
        }
    }
}

/// Where the page before ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrderCursor {
    /// When it was suggested.
    pub at: DateTime<Utc>,
    /// Its id.
    pub id: OrderLineId,
}

impl std::fmt::Display for OrderCursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.at.timestamp_micros(), self.id)
    }
}

impl OrderCursor {
    /// Reads what [`Display`](std::fmt::Display) wrote.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (at, id) = text.split_once('.')?;
        let at = DateTime::from_timestamp_micros(at.parse().ok()?)?;
        let id = OrderLineId(id.parse().ok()?);
        // Further than any list goes; a database refuses years that it cannot store.
        let is_plausible = (0..=4_102_444_800).contains(&at.timestamp());
        is_plausible.then_some(Self { at, id })
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
    /// The usual bin there.
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
    #[diesel(sql_type = Nullable<Text>)]
    pub round_name: Option<String>,
    /// What the person is who approved it.
    #[diesel(sql_type = Nullable<Text>)]
    pub approved_role: Option<Role>,
}

impl OrderLine {
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
}

/// A page of order lines, oldest first, and where the next one starts.
///
/// # Errors
/// When the database fails.
pub async fn list_order_lines(
    mut conn: &AsyncPgConnection,
    filter: &OrderFilter,
    after: Option<OrderCursor>,
    limit: i64,
) -> QueryResult<(Vec<OrderLine>, Option<OrderCursor>)> {
    let mut lines: Vec<OrderLine> = sql_query(ORDER_LINES_SQL)
        .bind::<Text, _>(filter.state.as_str())
        .bind::<Nullable<BigInt>, _>(filter.round)
        .bind::<Nullable<BigInt>, _>(filter.supplier)
        .bind::<Nullable<BigInt>, _>(filter.item)
        .bind::<Nullable<BigInt>, _>(filter.place)
        .bind::<Nullable<Timestamptz>, _>(after.map(|cursor| cursor.at))
        .bind::<Nullable<BigInt>, _>(after.map(|cursor| cursor.id))
        .bind::<BigInt, _>(limit + 1)
        .load(&mut conn)
        .await?;
    let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
    let has_more = lines.len() > wanted;
    lines.truncate(wanted);
    let next = lines.last().filter(|_| has_more).map(|line| OrderCursor {
        at: line.suggested_at,
        id: line.order_line_id,
    });
    Ok((lines, next))
}

/// One order line.
///
/// # Errors
/// When the database fails.
pub async fn find_order_line(
    mut conn: &AsyncPgConnection,
    id: OrderLineId,
) -> QueryResult<Option<OrderLine>> {
    let found: Option<(OrderState, DateTime<Utc>)> = order_line::table
        .find(id)
        .select((order_line::state, order_line::suggested_at))
        .first(&mut conn)
        .await
        .optional()?;
    let Some((state, at)) = found else {
        return Ok(None);
    };
    // Just before it in the list of its state.
    let after = OrderCursor {
        at,
        id: OrderLineId(id.0 - 1),
    };
    let (lines, _) = list_order_lines(conn, &OrderFilter::of(state), Some(after), 1).await?;
    Ok(lines.into_iter().find(|line| line.order_line_id == id))
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
        };
        assert_eq!(OrderCursor::parse(&cursor.to_string()), Some(cursor));
        for text in ["", "7", "x.y", "9223372036854775807.1", "-1.1"] {
            assert_eq!(OrderCursor::parse(text), None, "{text}");
        }
    }
}
