//! The catalogue as a file that an import takes in again (`docs/IMPORT.md`), and the rounds.

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;

use super::{read_parts, rows_per_part};
use crate::app::App;
use crate::supplies::catalogue::{
    CatalogueFilter, CatalogueItem, CataloguePlace, RoundRow, list_catalogue, list_rounds,
};
use crate::supplies::stock::NameCursor;
use crate::web::csv::{Cell, CsvFile, CsvParams, CsvRow, record_export};
use crate::web::extract::Viewer;
use crate::web::page::{Nav, Shell};
use crate::web::supplies::places::{SupplyParams, scanned_gtin};
use crate::web::{PageError, routes};

/// Items that are read together where each comes with its places.
const ITEMS_PER_PART: i64 = 50;

/// The columns that an import reads come first; the others are for reading.
macro_rules! columns {
    ($($more:literal),*) => {
        &[
            "item_number",
            "name",
            "unit",
            "category",
            "supplier",
            "count_class",
            "pack",
            "pack_units",
            "gtin",
            "pack_gtin",
            "place",
            "place_kind",
            "room",
            "round",
            "bin",
            "second_bin",
            "reorder_point",
            "target",
            "maximum",
            "fixed_quantity",
            "other_packs",
            "other_codes",
            $($more),*
        ]
    };
}

/// A row: an item, or the same at a place.
#[derive(Clone, Debug)]
enum CatalogueRow {
    Item(Box<CatalogueItem>),
    Place(String, Box<CataloguePlace>),
}

/// As everybody may have it.
struct PlainRow(CatalogueRow);

/// With costs and the terms of suppliers (S-19).
struct CostRow(CatalogueRow);

impl CatalogueRow {
    fn cells(&self) -> Vec<Cell<'_>> {
        match self {
            Self::Item(item) => {
                let mut cells = vec![
                    Cell::text(&item.item_number),
                    Cell::text(&item.name),
                    Cell::text(&item.unit),
                    Cell::maybe(item.category.as_deref()),
                    Cell::maybe(item.supplier.as_deref()),
                    Cell::text(&item.class),
                    Cell::maybe(item.pack.as_deref()),
                    Cell::maybe_number(item.pack_units),
                    Cell::maybe(item.gtin()),
                    Cell::maybe(item.pack_gtin()),
                ];
                cells.extend((0..10).map(|_| Cell::Empty));
                cells.push(Cell::text(item.other_packs.join(" | ")));
                cells.push(Cell::text(item.further_codes().join(" | ")));
                cells
            }
            Self::Place(number, place) => {
                let mut cells = vec![Cell::text(number)];
                cells.extend((0..9).map(|_| Cell::Empty));
                cells.extend([
                    Cell::text(&place.place),
                    Cell::text(place.kind.as_str()),
                    Cell::maybe(place.room.as_deref()),
                    Cell::maybe(place.round.as_deref()),
                    Cell::text(&place.bin),
                    Cell::maybe(place.second_bin.as_deref()),
                    Cell::maybe_number(place.reorder_point),
                    Cell::maybe_number(place.target),
                    Cell::maybe_number(place.maximum),
                    Cell::maybe_number(place.fixed_quantity),
                    Cell::Empty,
                    Cell::Empty,
                ]);
                cells
            }
        }
    }
}

impl CsvRow for PlainRow {
    const COLUMNS: &'static [&'static str] = columns!();

    fn cells(&self) -> Vec<Cell<'_>> {
        self.0.cells()
    }
}

impl CsvRow for CostRow {
    const COLUMNS: &'static [&'static str] = columns!(
        "holding_cost",
        "supplier_lead_days",
        "supplier_lead_deviation_days",
        "supplier_order_cost"
    );

    fn cells(&self) -> Vec<Cell<'_>> {
        let mut cells = self.0.cells();
        let costs = match &self.0 {
            CatalogueRow::Item(item) => [
                item.holding_cost.map(|cost| cost.to_string()),
                item.lead_days.map(|days| days.to_string()),
                item.lead_deviation_days.map(|days| days.to_string()),
                item.order_cost.map(|cost| cost.to_string()),
            ],
            CatalogueRow::Place(..) => [const { None }; 4],
        };
        cells.extend(costs.map(Cell::maybe));
        cells
    }
}

/// `?q=&places=`
#[derive(Clone, Debug, Default, Deserialize)]
pub struct ItemsFileParams {
    places: Option<String>,
}

/// `GET /supplies/items.csv?q=&places=1`
///
/// # Errors
/// When the database fails.
pub async fn items(
    app: web::Data<App>,
    viewer: Viewer,
    request: HttpRequest,
    (found, params): (web::Query<SupplyParams>, web::Query<ItemsFileParams>),
    csv: web::Query<CsvParams>,
) -> Result<HttpResponse, PageError> {
    let shell = viewer.shell(Nav::Supplies);
    record_export(&app, &viewer, "items", request.query_string()).await?;
    let text = found.text();
    let filter = CatalogueFilter {
        gtin: scanned_gtin(&text, app.clock.now().date_naive()),
        text,
        with_places: params.places.as_deref() == Some("1"),
    };
    if viewer.may_open(routes::SUPPLIES_IMPORT) {
        Ok(file(app, filter, &csv, &shell, CostRow))
    } else {
        Ok(file(app, filter, &csv, &shell, PlainRow))
    }
}

fn file<R: CsvRow + 'static>(
    app: web::Data<App>,
    filter: CatalogueFilter,
    csv: &CsvParams,
    shell: &Shell,
    row: fn(CatalogueRow) -> R,
) -> HttpResponse {
    let limit = if filter.with_places {
        ITEMS_PER_PART
    } else {
        rows_per_part()
    };
    let parts = read_parts(app, async move |conn, after: Option<NameCursor>| {
        let (items, next) = list_catalogue(conn, &filter, after.as_ref(), limit).await?;
        let mut rows = Vec::new();
        for (item, places) in items {
            let number = item.item_number.clone();
            rows.push(row(CatalogueRow::Item(Box::new(item))));
            let held = places.into_iter().map(|place| {
                let place = Box::new(place);
                row(CatalogueRow::Place(number.clone(), place))
            });
            rows.extend(held);
        }
        Ok((rows, next))
    });
    CsvFile::new("items", csv, shell).parts(parts)
}

impl CsvRow for RoundRow {
    const COLUMNS: &'static [&'static str] = &["round", "every_days", "places"];

    fn cells(&self) -> Vec<Cell<'_>> {
        vec![
            Cell::text(&self.name),
            Cell::text(self.every_days.to_string()),
            Cell::Number(self.places),
        ]
    }
}

/// `GET /supplies/rounds.csv`
///
/// # Errors
/// When the database fails.
pub async fn rounds(
    app: web::Data<App>,
    viewer: Viewer,
    request: HttpRequest,
    csv: web::Query<CsvParams>,
) -> Result<HttpResponse, PageError> {
    let shell = viewer.shell(Nav::Rounds);
    record_export(&app, &viewer, "rounds", request.query_string()).await?;
    let rounds = list_rounds(&*app.db.conn().await?).await?;
    Ok(CsvFile::new("rounds", &csv, &shell).whole(&rounds))
}
