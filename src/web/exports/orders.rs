//! Order lines as a file: what a supplier, or a system for purchasing, takes in.

use actix_web::{HttpRequest, HttpResponse, web};
use chrono_tz::Tz;

use super::{read_parts, rows_per_part};
use crate::app::App;
use crate::ids::SupplyOrderId;
use crate::supplies::list::{OrderCursor, OrderLine, list_order_lines};
use crate::supplies::sent::{
    OrderedLine, SentCursor, SentOrder, find_order, list_ordered_lines, list_sent_orders,
};
use crate::web::PageError;
use crate::web::csv::{Cell, CsvFile, CsvParams, CsvRow, instant, maybe_instant, record_export};
use crate::web::extract::{IdPath, Viewer};
use crate::web::page::Nav;
use crate::web::supplies::orders::SentParams;
use crate::web::supplies::reorder::OrderParams;

struct OrderFileRow {
    line: OrderLine,
    zone: Tz,
}

impl CsvRow for OrderFileRow {
    const COLUMNS: &'static [&'static str] = &[
        "line",
        "state",
        "supplier",
        "round",
        "stock_place",
        "bin",
        "item_number",
        "item",
        "unit",
        "pack_units",
        "quantity_suggested",
        "quantity_ordered",
        "packs_ordered",
        "quantity_received",
        "position",
        "reorder_point",
        "target",
        "suggested",
        "approved",
        "sent",
        "reason",
        "quiet_until",
    ];

    fn cells(&self) -> Vec<Cell<'_>> {
        let (line, zone) = (&self.line, self.zone);
        let number = |number: Option<i64>| number.map_or(Cell::Empty, Cell::Number);
        let whole_packs = line
            .quantity_ordered
            .filter(|ordered| ordered % line.pack_units == 0)
            .map(|ordered| ordered / line.pack_units);
        vec![
            Cell::Number(line.order_line_id.0),
            Cell::text(line.state.as_str()),
            Cell::maybe(line.supplier_name.as_deref()),
            Cell::maybe(line.round_name.as_deref()),
            Cell::text(&line.stock_place_name),
            Cell::maybe(line.bin_name.as_deref()),
            Cell::text(&line.item_number),
            Cell::text(&line.item_name),
            Cell::text(&line.base_unit),
            Cell::Number(line.pack_units),
            Cell::Number(line.quantity_suggested),
            number(line.quantity_ordered),
            number(whole_packs),
            Cell::Number(line.quantity_received),
            number(line.number("position")),
            number(line.number("reorder_point")),
            number(line.number("par")),
            instant(line.suggested_at, zone),
            maybe_instant(line.approved_at, zone),
            maybe_instant(line.sent_at, zone),
            Cell::maybe(line.end_reason.as_deref()),
            line.quiet_until
                .map_or(Cell::Empty, |day| Cell::text(day.to_string())),
        ]
    }
}

/// `GET /reorder.csv`
///
/// # Errors
/// When the database fails.
pub async fn order_lines(
    app: web::Data<App>,
    viewer: Viewer,
    request: HttpRequest,
    params: web::Query<OrderParams>,
    csv: web::Query<CsvParams>,
) -> Result<HttpResponse, PageError> {
    let shell = viewer.shell(Nav::Reorder);
    let filter = params.filter();
    record_export(&app, &viewer, "orders", request.query_string()).await?;
    let zone = shell.zone;
    let parts = read_parts(app, async move |conn, after: Option<OrderCursor>| {
        let (lines, next) =
            list_order_lines(conn, &filter, after.as_ref(), rows_per_part()).await?;
        let rows: Vec<OrderFileRow> = lines
            .into_iter()
            .map(|line| OrderFileRow { line, zone })
            .collect();
        Ok((rows, next))
    });
    Ok(CsvFile::new("orders", &csv, &shell).parts(parts))
}

struct SentFileRow {
    order: SentOrder,
    zone: Tz,
}

impl CsvRow for SentFileRow {
    const COLUMNS: &'static [&'static str] = &[
        "order",
        "supplier",
        "sent",
        "role",
        "lines",
        "lines_received",
        "lines_part_received",
        "lines_waiting",
        "lines_cancelled",
    ];

    fn cells(&self) -> Vec<Cell<'_>> {
        let order = &self.order;
        vec![
            Cell::Number(order.supply_order_id.0),
            Cell::maybe(order.supplier_name.as_deref()),
            instant(order.sent_at, self.zone),
            Cell::text(order.sent_role.as_str()),
            Cell::Number(order.lines),
            Cell::Number(order.received),
            Cell::Number(order.part),
            Cell::Number(order.waiting),
            Cell::Number(order.cancelled),
        ]
    }
}

struct OrderedFileRow {
    ordered: OrderedLine,
    zone: Tz,
}

impl CsvRow for OrderedFileRow {
    const COLUMNS: &'static [&'static str] = &[
        "order",
        "line",
        "state",
        "supplier",
        "item_number",
        "item",
        "unit",
        "pack_units",
        "quantity_ordered",
        "packs_ordered",
        "quantity_received",
        "quantity_damaged",
        "quantity_open",
        "stock_place",
        "bin",
        "round",
        "sent",
        "reason",
    ];

    fn cells(&self) -> Vec<Cell<'_>> {
        let line = &self.ordered.line;
        let ordered = line.quantity();
        let number = |number: Option<i64>| number.map_or(Cell::Empty, Cell::Number);
        let bin = self.ordered.bins.first().map(|(_, name)| name.as_str());
        vec![
            number(line.supply_order_id.map(|id| id.0)),
            Cell::Number(line.order_line_id.0),
            Cell::text(line.state.as_str()),
            Cell::maybe(line.supplier_name.as_deref()),
            Cell::text(&line.item_number),
            Cell::text(&line.item_name),
            Cell::text(&line.base_unit),
            Cell::Number(line.pack_units),
            Cell::Number(ordered),
            number((ordered % line.pack_units == 0).then(|| ordered / line.pack_units)),
            Cell::Number(line.quantity_received),
            Cell::Number(self.ordered.damaged),
            Cell::Number(line.quantity_to_come()),
            Cell::text(&line.stock_place_name),
            Cell::maybe(bin),
            Cell::maybe(line.round_name.as_deref()),
            maybe_instant(line.sent_at, self.zone),
            Cell::maybe(line.end_reason.as_deref()),
        ]
    }
}

/// `GET /orders.csv?which=`
///
/// # Errors
/// When the database fails.
pub async fn sent_orders(
    app: web::Data<App>,
    viewer: Viewer,
    request: HttpRequest,
    params: web::Query<SentParams>,
    csv: web::Query<CsvParams>,
) -> Result<HttpResponse, PageError> {
    let shell = viewer.shell(Nav::Reorder);
    let is_open = params.is_open();
    record_export(&app, &viewer, "sent_orders", request.query_string()).await?;
    let zone = shell.zone;
    let parts = read_parts(app, async move |conn, after: Option<SentCursor>| {
        let (orders, next) = list_sent_orders(conn, is_open, after, rows_per_part()).await?;
        let rows = orders.into_iter().map(|order| SentFileRow { order, zone });
        Ok((rows.collect(), next))
    });
    Ok(CsvFile::new("sent-orders", &csv, &shell).parts(parts))
}

/// `GET /orders/{id}/csv`
///
/// # Errors
/// 404 for an order that does not exist; when the database fails.
pub async fn sent_order(
    app: web::Data<App>,
    viewer: Viewer,
    request: HttpRequest,
    id: IdPath<SupplyOrderId>,
    csv: web::Query<CsvParams>,
) -> Result<HttpResponse, PageError> {
    let shell = viewer.shell(Nav::Reorder);
    find_order(&*app.db.conn().await?, id.0)
        .await?
        .ok_or(PageError::NotFound)?;
    record_export(&app, &viewer, "sent_order", request.query_string()).await?;
    let zone = shell.zone;
    let lines = list_ordered_lines(&*app.db.conn().await?, id.0).await?;
    let rows: Vec<OrderedFileRow> = lines
        .into_iter()
        .map(|ordered| OrderedFileRow { ordered, zone })
        .collect();
    Ok(CsvFile::new(&format!("order-{}", id.0), &csv, &shell).whole(&rows))
}
