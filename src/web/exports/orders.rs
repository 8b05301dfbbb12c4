//! Order lines as a file: what a supplier, or a system for purchasing, takes in.

use actix_web::{HttpRequest, HttpResponse, web};
use chrono_tz::Tz;

use super::{read_parts, rows_per_part};
use crate::app::App;
use crate::supplies::list::{OrderCursor, OrderLine, list_order_lines};
use crate::web::PageError;
use crate::web::csv::{Cell, CsvFile, CsvParams, CsvRow, instant, maybe_instant, record_export};
use crate::web::extract::Viewer;
use crate::web::page::Nav;
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
        let (lines, next) = list_order_lines(conn, &filter, after, rows_per_part()).await?;
        let rows: Vec<OrderFileRow> = lines
            .into_iter()
            .map(|line| OrderFileRow { line, zone })
            .collect();
        Ok((rows, next))
    });
    Ok(CsvFile::new("orders", &csv, &shell).parts(parts))
}
