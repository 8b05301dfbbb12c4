//! A place of stock: every item that it should hold, and how it stands.

use actix_web::web;
use askama::Template;

use super::line::StockRow;
use super::places::SupplyParams;
use super::samples::stock_lines;
use crate::app::App;
use crate::db::types::Role;
use crate::ids::StockPlaceId;
use crate::live::Topic;
use crate::supplies::stock::{
    NameCursor, PlaceCard, STOCK_PER_PAGE, StockLine, StockOf, find_stock_place, list_stock,
};
use crate::web::acts::new_key;
use crate::web::exports::download_href;
use crate::web::extract::{IdPath, Viewer};
use crate::web::filters;
use crate::web::page::{Nav, Page, Shell};
use crate::web::{PageError, routes};

/// The page.
#[derive(Debug, Template)]
#[template(path = "supplies/place.html")]
pub struct StockPlacePage {
    /// Frame.
    pub shell: Shell,
    /// Its name.
    pub heading: String,
    /// The place: whether it counts itself, and is heard.
    pub place: PlaceCard,
    /// Where what is taken here is scanned; none at a cabinet that counts itself.
    pub scan_href: Option<String>,
    /// What readers mean here; for those who may look.
    pub setup_href: Option<String>,
    /// To begin a count: the id of the place and an idempotency key; for those who may.
    pub count: Option<(i64, String)>,
    /// What it holds.
    pub rows: Vec<StockRow>,
    /// More of it.
    pub next_href: Option<String>,
    /// The first page, from any other.
    pub start_href: Option<String>,
    /// All of it as a file.
    pub csv_href: String,
}

/// `GET /supplies/places/{id}`
///
/// # Errors
/// 404 for a place that does not exist; when the database fails.
pub async fn page(
    app: web::Data<App>,
    viewer: Viewer,
    id: IdPath<StockPlaceId>,
    params: web::Query<SupplyParams>,
) -> Result<Page<StockPlacePage>, PageError> {
    let mut shell = viewer.shell(Nav::Supplies);
    shell.watch([Topic::Alerts]);
    let after = params.after();
    let now = app.clock.now();
    let conn = app.db.conn().await?;
    let of = StockOf::Place(id.0);
    let (place, stock) = tokio::try_join!(
        find_stock_place(&conn, id.0),
        list_stock(&conn, of, after.as_ref(), STOCK_PER_PAGE, now)
    )?;
    let place = place.ok_or(PageError::NotFound)?;
    Ok(Page::new(StockPlacePage::new(
        shell,
        viewer.role,
        (id.0, place),
        (after, stock),
    )))
}

impl StockPlacePage {
    fn new(
        shell: Shell,
        role: Role,
        (id, place): (StockPlaceId, PlaceCard),
        (after, (lines, next)): (Option<NameCursor>, (Vec<StockLine>, Option<NameCursor>)),
    ) -> Self {
        let path = routes::stock_place_path(id);
        Self {
            heading: place.name.clone(),
            scan_href: (!place.counts_itself)
                .then(|| routes::with_query(routes::SCAN_ISSUE, &[("place", &id.to_string())])),
            setup_href: routes::may_open(role, routes::STOCK_PLACE_SETUP)
                .then(|| routes::stock_place_setup_path(id)),
            count: (!place.counts_itself && routes::may_open(role, routes::COUNTS))
                .then(|| (id.0, new_key())),
            place,
            rows: lines
                .iter()
                .map(|line| StockRow::new(line, &shell))
                .collect(),
            next_href: next.map(|next| routes::with_query(&path, &[("after", &next.to_string())])),
            start_href: after.map(|_| path.clone()),
            csv_href: download_href(&routes::stock_place_csv_path(id), &[]),
            shell,
        }
    }

    /// Pages for tests of templates.
    #[must_use]
    pub fn samples() -> Vec<Self> {
        let shell = Shell::sample_for(Role::Supply);
        let now = shell.now;
        let cursor = || NameCursor::parse("7.x");
        let place = PlaceCard {
            name: "4 West supply room & <more>".to_owned(),
            ..PlaceCard::default()
        };
        let silent = PlaceCard {
            silent_since: Some(now),
            counts_itself: true,
            inventory_at: Some(now),
            foreign_tags: 2,
            not_seen: 1,
            ..place.clone()
        };
        vec![
            Self::new(
                shell.clone(),
                Role::Supply,
                (StockPlaceId(6), place),
                (None, (Vec::new(), None)),
            ),
            Self::new(
                shell,
                Role::Supply,
                (StockPlaceId(6), silent),
                (cursor(), (stock_lines(now), cursor())),
            ),
        ]
    }
}
