//! Supplies: find an item, or go to a place of stock.

use actix_web::web;
use askama::Template;
use serde::Deserialize;

use crate::app::App;
use crate::codes::gs1;
use crate::ids::{ItemId, StockPlaceId};
use crate::supplies::stock::{
    FoundItem, NameCursor, PlaceRow, STOCK_PER_PAGE, find_items, list_stock_places,
};
use crate::web::exports::download_href;
use crate::web::extract::Viewer;
use crate::web::page::{Chip, Nav, Page, Shell};
use crate::web::strings::fill;
use crate::web::wording::grouped;
use crate::web::{PageError, routes};

/// Longest text that is searched for.
const TEXT_MAX: usize = 200;

/// `?q=&after=`
#[derive(Clone, Debug, Default, Deserialize)]
pub struct SupplyParams {
    q: Option<String>,
    after: Option<String>,
}

impl SupplyParams {
    /// What is searched for.
    pub(in crate::web) fn text(&self) -> String {
        let text = self.q.as_deref().unwrap_or_default().trim();
        // Postgres keeps no NUL in a text.
        text.replace('\0', "").chars().take(TEXT_MAX).collect()
    }

    pub(in crate::web) fn after(&self) -> Option<NameCursor> {
        self.after.as_deref().and_then(NameCursor::parse)
    }
}

/// The page.
#[derive(Debug, Template)]
#[template(path = "supplies/places.html")]
pub struct SuppliesPage {
    /// Where a file is imported; for those who may.
    pub import_href: Option<&'static str>,
    /// What was sent to suppliers; for those who may.
    pub orders_href: Option<&'static str>,
    /// Frame.
    pub shell: Shell,
    /// What was asked for.
    pub query: String,
    /// What came of it; none when nothing was asked for.
    pub found: Option<FoundItems>,
    /// Places of stock.
    pub places: Vec<PlaceLine>,
    /// More of them.
    pub next_href: Option<String>,
    /// The first page, from any other.
    pub start_href: Option<String>,
    /// They as a file.
    pub csv_href: String,
    /// All items as a file.
    pub items_href: String,
}

/// What a search found.
#[derive(Clone, Debug)]
pub struct FoundItems {
    /// "3 items for cannula".
    pub heading: String,
    /// They.
    pub rows: Vec<ItemLine>,
    /// All of them as a file.
    pub csv_href: String,
}

/// An item that was found.
#[derive(Clone, Debug)]
pub struct ItemLine {
    /// Its page.
    pub href: String,
    /// Its name.
    pub name: String,
    /// Its number.
    pub number: String,
    /// Its category.
    pub category: String,
    /// Who delivers it.
    pub supplier: String,
    /// How many places should hold it.
    pub places: String,
    /// What is anywhere.
    pub on_hand: String,
}

/// A place of stock.
#[derive(Clone, Debug)]
pub struct PlaceLine {
    /// Its page.
    pub href: String,
    /// Its name.
    pub name: String,
    /// Room, cart or cabinet.
    pub kind: &'static str,
    /// Its unit.
    pub unit: String,
    /// Its round.
    pub round: String,
    /// Items that it should hold.
    pub items: String,
    /// Orders that wait for a decision.
    pub drafts: String,
    /// How it stands.
    pub chip: Chip,
}

/// `GET /supplies`
///
/// # Errors
/// When the database fails.
pub async fn page(
    app: web::Data<App>,
    viewer: Viewer,
    params: web::Query<SupplyParams>,
) -> Result<Page<SuppliesPage>, PageError> {
    let shell = viewer.shell(Nav::Supplies);
    let query = params.text();
    let after = params.after();
    let conn = app.db.conn().await?;
    let found = if query.is_empty() {
        None
    } else {
        let gtin = scanned_gtin(&query, app.clock.now().date_naive());
        Some(find_items(&conn, &query, gtin.as_deref()).await?)
    };
    let places = list_stock_places(&conn, after.as_ref(), STOCK_PER_PAGE).await?;
    let mut page = SuppliesPage::new(shell, query, found, (after, places));
    page.import_href = viewer
        .may_open(routes::SUPPLIES_IMPORT)
        .then_some(routes::SUPPLIES_IMPORT);
    page.orders_href = viewer.may_open(routes::ORDERS).then_some(routes::ORDERS);
    Ok(Page::new(page))
}

/// The GTIN of a scanned label or of a bare number, in 14 digits.
pub(in crate::web) fn scanned_gtin(text: &str, today: chrono::NaiveDate) -> Option<String> {
    let is_number = matches!(text.len(), 8 | 12..=14) && text.bytes().all(|b| b.is_ascii_digit());
    if is_number {
        return Some(format!("{text:0>14}"));
    }
    gs1::elements::Label::parse(text, today).ok()?.gtin
}

pub(in crate::web) fn kind_word(
    kind: crate::db::types::StockPlaceKind,
    shell: &Shell,
) -> &'static str {
    use crate::db::types::StockPlaceKind;
    let t = &shell.t.stock;
    match kind {
        StockPlaceKind::Room => t.kind_room,
        StockPlaceKind::Cart => t.kind_cart,
        StockPlaceKind::Cabinet => t.kind_cabinet,
    }
}

impl PlaceLine {
    fn new(row: &PlaceRow, shell: &Shell) -> Self {
        let t = &shell.t.stock;
        let (class, icon, word) = match row {
            PlaceRow {
                silent_since: Some(_),
                ..
            } => ("is-hold", "hold", t.chip_silent),
            PlaceRow { out: 1.., .. } => ("is-crit", "alert", t.chip_some_out),
            PlaceRow { drafts: 1.., .. } => ("is-warn", "order", t.chip_to_order),
            _ => ("is-ok", "ready", t.chip_enough),
        };
        Self {
            href: routes::stock_place_path(row.stock_place_id),
            name: row.name.clone(),
            kind: kind_word(row.kind, shell),
            unit: row.unit_name.clone().unwrap_or_default(),
            round: row.round_name.clone().unwrap_or_default(),
            items: grouped(row.items),
            drafts: grouped(row.drafts),
            chip: Chip { class, icon, word },
        }
    }
}

impl SuppliesPage {
    fn new(
        shell: Shell,
        query: String,
        found: Option<(Vec<FoundItem>, bool)>,
        (after, (places, next)): (Option<NameCursor>, (Vec<PlaceRow>, Option<NameCursor>)),
    ) -> Self {
        let t = &shell.t.stock;
        let href = |after: Option<&NameCursor>| match after {
            Some(after) => routes::with_query(routes::SUPPLIES, &[("after", &after.to_string())]),
            None => routes::SUPPLIES.to_owned(),
        };
        let found = found.map(|(rows, has_more)| FoundItems {
            csv_href: download_href(routes::ITEMS_CSV, &[("q", &query)]),
            heading: match (rows.len(), has_more) {
                (0, _) => fill(t.found_none, &[&query]),
                (1, _) => fill(t.found_one, &[&query]),
                (n, false) => fill(t.found, &[&n, &query]),
                (n, true) => fill(t.found_more, &[&n, &query]),
            },
            rows: rows
                .into_iter()
                .map(|row| ItemLine {
                    href: routes::item_path(row.item_id, None),
                    on_hand: fill(
                        shell.t.reorder.quantity,
                        &[&grouped(row.on_hand), &row.base_unit],
                    ),
                    name: row.name,
                    number: row.item_number,
                    category: row.category.unwrap_or_default(),
                    supplier: row.supplier_name.unwrap_or_default(),
                    places: grouped(row.places),
                })
                .collect(),
        });
        Self {
            import_href: None,
            orders_href: None,
            query,
            found,
            places: places
                .iter()
                .map(|row| PlaceLine::new(row, &shell))
                .collect(),
            next_href: next.as_ref().map(|next| href(Some(next))),
            start_href: after.map(|_| href(None)),
            csv_href: download_href(routes::SUPPLIES_CSV, &[]),
            items_href: download_href(routes::ITEMS_CSV, &[]),
            shell,
        }
    }

    /// Pages for tests of templates.
    #[must_use]
    pub fn samples() -> Vec<Self> {
        let shell = Shell::sample_for(crate::db::types::Role::Supply);
        let item = FoundItem {
            item_id: ItemId(4),
            item_number: "100-20".to_owned(),
            name: "IV cannula 20G <safety>".to_owned(),
            category: Some("IV & access".to_owned()),
            base_unit: "each".to_owned(),
            supplier_name: None,
            places: 4,
            on_hand: 1_890,
        };
        let place = |silent, out, drafts| PlaceRow {
            stock_place_id: StockPlaceId(6),
            name: "4 West supply room & more".to_owned(),
            kind: crate::db::types::StockPlaceKind::Room,
            silent_since: silent,
            counts_itself: silent.is_some(),
            round_name: Some("Morning <round>".to_owned()),
            unit_name: Some("4 West".to_owned()),
            items: 120,
            drafts,
            out,
        };
        let places = vec![
            place(Some(shell.now), 0, 0),
            place(None, 2, 1),
            place(None, 0, 1),
            place(None, 0, 0),
        ];
        let cursor = || {
            Some(NameCursor {
                name: "x".to_owned(),
                id: 1,
            })
        };
        vec![
            Self::new(
                shell.clone(),
                String::new(),
                None,
                (None, (Vec::new(), None)),
            ),
            Self::new(
                shell.clone(),
                "<b>can".to_owned(),
                Some((vec![item.clone(), item], true)),
                (cursor(), (places, cursor())),
            ),
            Self::new(
                shell,
                "zzz".to_owned(),
                Some((Vec::new(), false)),
                (None, (Vec::new(), None)),
            ),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scanned_labels_and_bare_numbers_give_the_gtin_in_14_digits() {
        let today = chrono::NaiveDate::from_ymd_opt(2026, 9, 7).unwrap();
        let gtin = |text| scanned_gtin(text, today);
        assert_eq!(gtin("4006381333931").as_deref(), Some("04006381333931"));
        let label = gtin("(01)04006381333931(10)A1");
        assert_eq!(label.as_deref(), Some("04006381333931"));
        assert_eq!(gtin("cannula"), None);
    }
}
