//! Orders that were sent: to whom, what has come of them, and where what comes is put.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Bool, Nullable, Text, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::list::{OrderLine, read_order_lines};
use super::orders::LINES_MAX;
use super::stock::cut;
use crate::db::schema::{app_user, order_line, supplier, supply_order};
use crate::db::types::Role;
use crate::ids::{BinId, OrderLineId, SupplyOrderId};

/// Orders that were sent.
pub const SENT_ORDERS_SQL: &str = include_str!("sql/sent_orders.sql");
/// Where the items of lines go.
pub const PUT_AWAY_SQL: &str = include_str!("sql/put_away.sql");
/// What of lines came damaged.
pub const DAMAGED_SQL: &str = include_str!("sql/damaged.sql");
/// Orders on a page.
pub const ORDERS_PER_PAGE: i64 = 50;

/// Where the page of orders before ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SentCursor {
    /// When it was sent.
    pub at: DateTime<Utc>,
    /// Its id.
    pub id: SupplyOrderId,
}

impl std::fmt::Display for SentCursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.at.timestamp_micros(), self.id)
    }
}

impl SentCursor {
    /// Reads what [`Display`](std::fmt::Display) wrote.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (at, id) = text.split_once('.')?;
        let at = DateTime::from_timestamp_micros(at.parse().ok()?)?;
        let id = SupplyOrderId(id.parse().ok()?);
        // A database refuses years that it cannot store.
        let is_plausible = (0..=4_102_444_800).contains(&at.timestamp());
        is_plausible.then_some(Self { at, id })
    }
}

/// An order that was sent, with how far its lines are. Who sent it is told as a role, not as a name.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct SentOrder {
    /// Its id.
    #[diesel(sql_type = BigInt)]
    pub supply_order_id: SupplyOrderId,
    /// When it was sent.
    #[diesel(sql_type = Timestamptz)]
    pub sent_at: DateTime<Utc>,
    /// To whom; none when the items had no supplier.
    #[diesel(sql_type = Nullable<Text>)]
    pub supplier_name: Option<String>,
    /// What the person is who sent it.
    #[diesel(sql_type = Text)]
    pub sent_role: Role,
    /// All its lines.
    #[diesel(sql_type = BigInt)]
    pub lines: i64,
    /// Those that have come, or of which the rest will not come.
    #[diesel(sql_type = BigInt)]
    pub received: i64,
    /// Those that came in part.
    #[diesel(sql_type = BigInt)]
    pub part: i64,
    /// Those of which nothing has come.
    #[diesel(sql_type = BigInt)]
    pub waiting: i64,
    /// Those that were taken back.
    #[diesel(sql_type = BigInt)]
    pub cancelled: i64,
}

impl SentOrder {
    /// Whether something of it is to come.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.part + self.waiting > 0
    }
}

/// A page of orders, the newest first, and where the next one starts. `is_open`: only those of which something is to come, or nothing.
///
/// # Errors
/// When the database fails.
pub async fn list_sent_orders(
    mut conn: &AsyncPgConnection,
    is_open: Option<bool>,
    after: Option<SentCursor>,
    limit: i64,
) -> QueryResult<(Vec<SentOrder>, Option<SentCursor>)> {
    let mut orders: Vec<SentOrder> = sql_query(SENT_ORDERS_SQL)
        .bind::<Nullable<Bool>, _>(is_open)
        .bind::<Nullable<Timestamptz>, _>(after.map(|cursor| cursor.at))
        .bind::<Nullable<BigInt>, _>(after.map(|cursor| cursor.id))
        .bind::<BigInt, _>(limit + 1)
        .load(&mut conn)
        .await?;
    let has_more = cut(&mut orders, limit);
    let next = orders.last().filter(|_| has_more).map(|order| SentCursor {
        at: order.sent_at,
        id: order.supply_order_id,
    });
    Ok((orders, next))
}

/// To whom an order went, when, and by whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderHead {
    /// Its id.
    pub supply_order_id: SupplyOrderId,
    /// When it was sent.
    pub sent_at: DateTime<Utc>,
    /// To whom; none when the items had no supplier.
    pub supplier_name: Option<String>,
    /// What the person is who sent it.
    pub sent_role: Role,
}

/// An order that was sent.
///
/// # Errors
/// When the database fails.
pub async fn find_order(
    mut conn: &AsyncPgConnection,
    id: SupplyOrderId,
) -> QueryResult<Option<OrderHead>> {
    let found: Option<(DateTime<Utc>, Option<String>, Role)> = supply_order::table
        .left_join(supplier::table)
        .inner_join(app_user::table)
        .filter(supply_order::id.eq(id))
        .select((
            supply_order::sent_at,
            supplier::name.nullable(),
            app_user::role,
        ))
        .first(&mut conn)
        .await
        .optional()?;
    Ok(found.map(|(sent_at, supplier_name, sent_role)| OrderHead {
        supply_order_id: id,
        sent_at,
        supplier_name,
        sent_role,
    }))
}

/// A line of an order, with where it is put and what came damaged.
#[derive(Clone, Debug, PartialEq)]
pub struct OrderedLine {
    /// The line.
    pub line: OrderLine,
    /// The bins that it may go into, the usual one first.
    pub bins: Vec<(BinId, String)>,
    /// How much of what came was damaged, in base units.
    pub damaged: i64,
}

#[derive(QueryableByName)]
struct BinRow {
    #[diesel(sql_type = BigInt)]
    order_line_id: OrderLineId,
    #[diesel(sql_type = BigInt)]
    bin_id: BinId,
    #[diesel(sql_type = Text)]
    bin_name: String,
}

#[derive(QueryableByName)]
struct DamagedRow {
    #[diesel(sql_type = BigInt)]
    order_line_id: OrderLineId,
    #[diesel(sql_type = BigInt)]
    damaged: i64,
}

/// The lines of an order in the order in which they are put away: by place, bin and item. They were sent with one form, so there are at
/// most [`LINES_MAX`].
///
/// # Errors
/// When the database fails.
pub async fn list_ordered_lines(
    conn: &AsyncPgConnection,
    id: SupplyOrderId,
) -> QueryResult<Vec<OrderedLine>> {
    let ids: Vec<OrderLineId> = {
        let mut conn = conn;
        order_line::table
            .filter(order_line::supply_order_id.eq(id))
            .order(order_line::id)
            .select(order_line::id)
            .limit(i64::try_from(LINES_MAX).unwrap_or(i64::MAX))
            .load(&mut conn)
            .await?
    };
    read_ordered_lines(conn, &ids).await
}

async fn read_ordered_lines(
    conn: &AsyncPgConnection,
    ids: &[OrderLineId],
) -> QueryResult<Vec<OrderedLine>> {
    let bins = async {
        let mut conn = conn;
        sql_query(PUT_AWAY_SQL)
            .bind::<Array<BigInt>, _>(ids)
            .load::<BinRow>(&mut conn)
            .await
    };
    let damaged = async {
        let mut conn = conn;
        sql_query(DAMAGED_SQL)
            .bind::<Array<BigInt>, _>(ids)
            .load::<DamagedRow>(&mut conn)
            .await
    };
    let (lines, bins, damaged) = tokio::try_join!(read_order_lines(conn, ids), bins, damaged)?;
    let of_line = |line: OrderLine| {
        let id = line.order_line_id;
        let its_bins = bins.iter().filter(|row| row.order_line_id == id);
        let its_damage = damaged.iter().find(|row| row.order_line_id == id);
        OrderedLine {
            bins: its_bins
                .map(|row| (row.bin_id, row.bin_name.clone()))
                .collect(),
            damaged: its_damage.map_or(0, |row| row.damaged),
            line,
        }
    };
    let mut lines: Vec<OrderedLine> = lines.into_iter().map(of_line).collect();
    lines.sort_by(|one, other| put_away_key(&one.line).cmp(&put_away_key(&other.line)));
    Ok(lines)
}

fn put_away_key(line: &OrderLine) -> (&str, Option<&str>, &str, OrderLineId) {
    (
        &line.stock_place_name,
        line.bin_name.as_deref(),
        &line.item_name,
        line.order_line_id,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_are_read_back_and_nonsense_is_not() {
        let cursor = SentCursor {
            at: DateTime::from_timestamp(1_788_789_960, 0).unwrap(),
            id: SupplyOrderId(7),
        };
        assert_eq!(SentCursor::parse(&cursor.to_string()), Some(cursor));
        for text in ["", "7", "x.y", "9223372036854775807.1", "-1.1"] {
            assert_eq!(SentCursor::parse(text), None, "{text}");
        }
    }
}
