//! Stock as files: places, what a place holds, and what happened to an item there.

use actix_web::{HttpRequest, HttpResponse, web};
use chrono_tz::Tz;

use super::{read_parts, rows_per_part};
use crate::app::App;
use crate::db::types::Role;
use crate::ids::{ItemId, LotId, StockPlaceId};
use crate::supplies::ledger::StockKey;
use crate::supplies::lots::{LotCard, LotPlace, find_lot, list_lot_places};
use crate::supplies::stock::{
    ExpiringLot, LotCursor, MoveCursor, MoveLine, NameCursor, PlaceRow, StockLine, StockOf,
    find_stock, find_stock_place, list_expiring_lots, list_moves, list_stock, list_stock_places,
};
use crate::web::PageError;
use crate::web::csv::{Cell, CsvFile, CsvParams, CsvRow, instant, maybe_instant, record_export};
use crate::web::extract::{IdPath, Viewer};
use crate::web::page::Nav;
use crate::web::supplies::item::ItemParams;
use crate::web::supplies::lots::{LotParams, until};

struct PlaceFileRow {
    place: PlaceRow,
    zone: Tz,
}

impl CsvRow for PlaceFileRow {
    const COLUMNS: &'static [&'static str] = &[
        "stock_place",
        "kind",
        "unit",
        "round",
        "items",
        "drafts",
        "out_of_stock",
        "silent_since",
    ];

    fn cells(&self) -> Vec<Cell<'_>> {
        let place = &self.place;
        vec![
            Cell::text(&place.name),
            Cell::text(place.kind.as_str()),
            Cell::maybe(place.unit_name.as_deref()),
            Cell::maybe(place.round_name.as_deref()),
            Cell::Number(place.items),
            Cell::Number(place.drafts),
            Cell::Number(place.out),
            maybe_instant(place.silent_since, self.zone),
        ]
    }
}

struct StockFileRow {
    line: StockLine,
    zone: Tz,
}

impl CsvRow for StockFileRow {
    const COLUMNS: &'static [&'static str] = &[
        "stock_place",
        "item_number",
        "item",
        "unit",
        "bin",
        "second_bin",
        "on_hand",
        "available",
        "on_order",
        "position",
        "reorder_point",
        "target",
        "maximum",
        "fixed_quantity",
        "pack_units",
        "use_per_day",
        "next_expiry",
        "counted",
        "as_of",
    ];

    fn cells(&self) -> Vec<Cell<'_>> {
        let (facts, row) = (&self.line.facts, &self.line.standing);
        let number = |number: Option<i64>| number.map_or(Cell::Empty, Cell::Number);
        vec![
            Cell::text(&facts.stock_place_name),
            Cell::text(&facts.item_number),
            Cell::text(&facts.item_name),
            Cell::text(&facts.base_unit),
            Cell::text(&facts.bin_name),
            Cell::maybe(facts.second_bin_name.as_deref()),
            Cell::Number(row.on_hand),
            Cell::Number(row.usable),
            Cell::Number(row.on_order),
            Cell::Number(row.standing().position()),
            Cell::Number(row.reorder_point),
            Cell::Number(row.par),
            number(row.maximum),
            number(row.fixed_quantity),
            Cell::Number(row.pack_units),
            Cell::text(format!("{:.2}", row.use_per_day)),
            facts
                .next_expiry
                .map_or(Cell::Empty, |day| Cell::text(day.to_string())),
            maybe_instant(facts.counted_at, self.zone),
            maybe_instant(facts.silent_since, self.zone),
        ]
    }
}

struct MoveFileRow {
    line: MoveLine,
    zone: Tz,
}

impl CsvRow for MoveFileRow {
    const COLUMNS: &'static [&'static str] = &[
        "move",
        "happened",
        "recorded",
        "reason",
        "quantity",
        "bin",
        "lot",
        "use_by",
        "role",
        "reader",
        "takes_back",
        "note",
    ];

    fn cells(&self) -> Vec<Cell<'_>> {
        let line = &self.line;
        vec![
            Cell::Number(line.move_id.0),
            instant(line.happened_at, self.zone),
            instant(line.recorded_at, self.zone),
            Cell::text(line.reason.as_str()),
            Cell::Number(line.quantity),
            Cell::text(&line.bin_name),
            Cell::text(&line.lot_number),
            line.expires_on
                .map_or(Cell::Empty, |day| Cell::text(day.to_string())),
            Cell::maybe(line.role.map(Role::as_str)),
            Cell::maybe(line.reader_key.as_deref()),
            Cell::text(if line.is_undo { "yes" } else { "no" }),
            Cell::maybe(line.note.as_deref()),
        ]
    }
}

struct LotFileRow(ExpiringLot);

impl CsvRow for LotFileRow {
    const COLUMNS: &'static [&'static str] = &[
        "item_number",
        "item",
        "unit",
        "lot",
        "use_by",
        "days_left",
        "state",
        "stock_place",
        "bin",
        "on_hand",
    ];

    fn cells(&self) -> Vec<Cell<'_>> {
        let (row, lot) = (&self.0, &self.0.lot);
        vec![
            Cell::text(&row.item_number),
            Cell::text(&row.item_name),
            Cell::text(&row.base_unit),
            Cell::text(&lot.lot_number),
            lot.expires_on
                .map_or(Cell::Empty, |day| Cell::text(day.to_string())),
            lot.days_left
                .map_or(Cell::Empty, |days| Cell::Number(i64::from(days))),
            Cell::text(lot.state.as_str()),
            Cell::text(&lot.stock_place_name),
            Cell::text(&lot.bin_name),
            Cell::Number(lot.on_hand),
        ]
    }
}

/// `GET /supplies/lots.csv?within=`
///
/// # Errors
/// When the database fails.
pub async fn expiring_lots(
    app: web::Data<App>,
    viewer: Viewer,
    request: HttpRequest,
    params: web::Query<LotParams>,
    csv: web::Query<CsvParams>,
) -> Result<HttpResponse, PageError> {
    let shell = viewer.shell(Nav::Supplies);
    record_export(&app, &viewer, "lots", request.query_string()).await?;
    let now = app.clock.now();
    let last = until(params.within(), now);
    let parts = read_parts(app, async move |conn, after: Option<LotCursor>| {
        let (rows, next) = list_expiring_lots(conn, last, after, rows_per_part(), now).await?;
        Ok((rows.into_iter().map(LotFileRow).collect(), next))
    });
    Ok(CsvFile::new("lots", &csv, &shell).parts(parts))
}

struct LotPlaceFileRow {
    card: LotCard,
    place: LotPlace,
    zone: Tz,
}

impl CsvRow for LotPlaceFileRow {
    const COLUMNS: &'static [&'static str] = &[
        "item_number",
        "item",
        "unit",
        "lot",
        "use_by",
        "days_left",
        "state",
        "stock_place",
        "bin",
        "on_hand",
        "here_since",
    ];

    fn cells(&self) -> Vec<Cell<'_>> {
        let (card, place) = (&self.card, &self.place);
        vec![
            Cell::text(&card.item_number),
            Cell::text(&card.item_name),
            Cell::text(&card.base_unit),
            Cell::text(&card.lot_number),
            card.expires_on
                .map_or(Cell::Empty, |day| Cell::text(day.to_string())),
            place
                .days_left
                .map_or(Cell::Empty, |days| Cell::Number(i64::from(days))),
            Cell::text(card.state.as_str()),
            Cell::text(&place.stock_place_name),
            Cell::text(&place.bin_name),
            Cell::Number(place.on_hand),
            instant(place.received_at, self.zone),
        ]
    }
}

/// `GET /supplies/lots/{id}/csv`
///
/// # Errors
/// 404 for a lot that does not exist; when the database fails.
pub async fn lot(
    app: web::Data<App>,
    viewer: Viewer,
    request: HttpRequest,
    id: IdPath<LotId>,
    csv: web::Query<CsvParams>,
) -> Result<HttpResponse, PageError> {
    let shell = viewer.shell(Nav::Supplies);
    let card = find_lot(&*app.db.conn().await?, id.0)
        .await?
        .ok_or(PageError::NotFound)?;
    record_export(&app, &viewer, "lot", request.query_string()).await?;
    let (zone, now) = (shell.zone, app.clock.now());
    let parts = read_parts(app, async move |conn, after: Option<NameCursor>| {
        let id = card.lot_id;
        let (places, next) =
            list_lot_places(conn, id, after.as_ref(), rows_per_part(), now).await?;
        let rows = places.into_iter().map(|place| LotPlaceFileRow {
            card: card.clone(),
            place,
            zone,
        });
        Ok((rows.collect(), next))
    });
    Ok(CsvFile::new("lot", &csv, &shell).parts(parts))
}

/// `GET /supplies.csv`
///
/// # Errors
/// When the database fails.
pub async fn stock_places(
    app: web::Data<App>,
    viewer: Viewer,
    request: HttpRequest,
    csv: web::Query<CsvParams>,
) -> Result<HttpResponse, PageError> {
    let shell = viewer.shell(Nav::Supplies);
    record_export(&app, &viewer, "stock_places", request.query_string()).await?;
    let zone = shell.zone;
    let parts = read_parts(app, async move |conn, after: Option<NameCursor>| {
        let (rows, next) = list_stock_places(conn, after.as_ref(), rows_per_part()).await?;
        let rows = rows.into_iter().map(|place| PlaceFileRow { place, zone });
        Ok((rows.collect(), next))
    });
    Ok(CsvFile::new("stock-places", &csv, &shell).parts(parts))
}

/// `GET /supplies/places/{id}/csv`
///
/// # Errors
/// 404 for a place that does not exist; when the database fails.
pub async fn stock_place(
    app: web::Data<App>,
    viewer: Viewer,
    request: HttpRequest,
    id: IdPath<StockPlaceId>,
    csv: web::Query<CsvParams>,
) -> Result<HttpResponse, PageError> {
    let shell = viewer.shell(Nav::Supplies);
    find_stock_place(&*app.db.conn().await?, id.0)
        .await?
        .ok_or(PageError::NotFound)?;
    record_export(&app, &viewer, "stock_place", request.query_string()).await?;
    let (zone, now, of) = (shell.zone, app.clock.now(), StockOf::Place(id.0));
    let parts = read_parts(app, async move |conn, after: Option<NameCursor>| {
        let (rows, next) = list_stock(conn, of, after.as_ref(), rows_per_part(), now).await?;
        let rows = rows.into_iter().map(|line| StockFileRow { line, zone });
        Ok((rows.collect(), next))
    });
    Ok(CsvFile::new("stock", &csv, &shell).parts(parts))
}

/// `GET /supplies/items/{id}/csv?place=`
///
/// # Errors
/// 404 when the place need not hold the item; when the database fails.
pub async fn stock_moves(
    app: web::Data<App>,
    viewer: Viewer,
    request: HttpRequest,
    id: IdPath<ItemId>,
    params: web::Query<ItemParams>,
    csv: web::Query<CsvParams>,
) -> Result<HttpResponse, PageError> {
    let shell = viewer.shell(Nav::Supplies);
    let key = StockKey {
        item_id: id.0,
        stock_place_id: params.place().ok_or(PageError::NotFound)?,
    };
    find_stock(&*app.db.conn().await?, key, app.clock.now())
        .await?
        .ok_or(PageError::NotFound)?;
    record_export(&app, &viewer, "stock_moves", request.query_string()).await?;
    let zone = shell.zone;
    let parts = read_parts(app, async move |conn, after: Option<MoveCursor>| {
        let (rows, next) = list_moves(conn, key, after, rows_per_part()).await?;
        let rows = rows.into_iter().map(|line| MoveFileRow { line, zone });
        Ok((rows.collect(), next))
    });
    Ok(CsvFile::new("stock-moves", &csv, &shell).parts(parts))
}
