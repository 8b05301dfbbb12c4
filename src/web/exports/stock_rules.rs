//! Rules of restocking as a file.

use actix_web::{HttpRequest, HttpResponse, web};

use super::{read_parts, rows_per_part};
use crate::app::App;
use crate::db::types::{Rounding, StockMethod};
use crate::ids::RuleId;
use crate::supplies::rulebook::{RuleLine, Scope, list_rules};
use crate::web::PageError;
use crate::web::csv::{Cell, CsvFile, CsvParams, CsvRow, record_export};
use crate::web::extract::Viewer;
use crate::web::page::Nav;
use crate::web::supplies::rules::RulesParams;

struct RuleFileRow(RuleLine);

impl CsvRow for RuleFileRow {
    const COLUMNS: &'static [&'static str] = &[
        "item_number",
        "item",
        "holds",
        "where",
        "method",
        "reorder_point",
        "target",
        "maximum",
        "fixed_quantity",
        "rounding",
        "service_percent",
        "order_days",
    ];

    fn cells(&self) -> Vec<Cell<'_>> {
        let line = &self.0;
        let number = |number: Option<i64>| number.map_or(Cell::Empty, Cell::Number);
        let real = |number: Option<f32>| {
            number.map_or(Cell::Empty, |number| Cell::text(number.to_string()))
        };
        let holds = match line.key().scope {
            Scope::Everywhere => "everywhere",
            Scope::Facility(_) => "facility",
            Scope::Building(_) => "building",
            Scope::Floor(_) => "floor",
            Scope::Room(_) => "room",
            Scope::Place(_) => "place",
        };
        vec![
            Cell::maybe(line.item_number.as_deref()),
            Cell::maybe(line.item_name.as_deref()),
            Cell::text(holds),
            Cell::text(&line.scope_name),
            Cell::maybe(line.method.map(StockMethod::as_str)),
            number(line.reorder_point),
            number(line.par),
            number(line.maximum),
            number(line.fixed_quantity),
            Cell::maybe(line.rounding.map(Rounding::as_str)),
            real(line.service_percent),
            real(line.order_days),
        ]
    }
}

/// `GET /supplies/rules.csv?which=&q=`
///
/// # Errors
/// When the database fails.
pub async fn stock_rules(
    app: web::Data<App>,
    viewer: Viewer,
    request: HttpRequest,
    params: web::Query<RulesParams>,
    csv: web::Query<CsvParams>,
) -> Result<HttpResponse, PageError> {
    let shell = viewer.shell(Nav::Rules);
    record_export(&app, &viewer, "stock_rules", request.query_string()).await?;
    let filter = params.filter();
    let parts = read_parts(app, async move |conn, after: Option<RuleId>| {
        let (rows, next) = list_rules(conn, &filter, after, rows_per_part()).await?;
        Ok((rows.into_iter().map(RuleFileRow).collect(), next))
    });
    Ok(CsvFile::new("restocking-rules", &csv, &shell).parts(parts))
}
