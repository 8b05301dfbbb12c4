//! A place of stock: every item that it should hold, and how it stands.

use actix_web::web;
use askama::Template;
use chrono::{DateTime, Utc};

use super::line::StockRow;
use super::places::SupplyParams;
use super::samples::stock_lines;
use crate::app::App;
use crate::assets::store::find_entry;
use crate::db::DbConn;
use crate::db::types::Role;
use crate::find::rank::{DownRooms, find_down_since};
use crate::ids::{AssetId, StockPlaceId};
use crate::live::Topic;
use crate::places::store::{find_place, list_down_rooms};
use crate::supplies::stock::{
    NameCursor, PlaceCard, STOCK_PER_PAGE, StockLine, StockOf, find_stock_place, list_stock,
};
use crate::web::acts::new_key;
use crate::web::asset_row::{PlaceLink, sure_mark};
use crate::web::exports::download_href;
use crate::web::extract::{IdPath, Viewer};
use crate::web::filters;
use crate::web::page::{Nav, Page, Shell, Sure};
use crate::web::strings::fill;
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
    /// Where the place itself is changed; for those who may.
    pub edit_href: Option<String>,
    /// Its room: address and name.
    pub room: Option<PlaceLink>,
    /// Where the cart is.
    pub cart: Option<CartSpot>,
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

/// A cart, and where it was last seen.
#[derive(Clone, Debug)]
pub struct CartSpot {
    /// "Cart CT-7:".
    pub words: String,
    /// The device.
    pub href: String,
    /// How sure its place is.
    pub sure: Sure,
    /// What the age counts from.
    pub seen_at: Option<DateTime<Utc>>,
    /// The room.
    pub place: Option<PlaceLink>,
}

impl CartSpot {
    async fn load(conn: &DbConn, id: AssetId, shell: &Shell) -> Result<Option<Self>, PageError> {
        let (entry, down) = tokio::try_join!(find_entry(conn, id), list_down_rooms(conn))?;
        let Some(entry) = entry else {
            return Ok(None);
        };
        let down: DownRooms = down
            .into_iter()
            .map(|room| (room.room_id, room.since))
            .collect();
        let since = find_down_since(&entry.place, &down);
        let certainty = entry.place.certainty(shell.now, since);
        let place = entry.place.room_id.zip(entry.place_short());
        Ok(Some(Self {
            words: fill(shell.t.stock_places.cart, &[&entry.asset_number]),
            href: routes::asset_path(id),
            sure: sure_mark(&certainty, shell),
            seen_at: entry.place.evidence_at().filter(|_| place.is_some()),
            place: place.map(|(room, name)| PlaceLink {
                name,
                href: routes::room_path(room),
            }),
        }))
    }
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
    let cart = match place.asset_id {
        Some(asset) => {
            shell.watch([Topic::Alerts, Topic::Asset(asset)]);
            CartSpot::load(&conn, asset, &shell).await?
        }
        None => None,
    };
    let room = match place.room_id {
        Some(room) => find_place(&conn, room).await?,
        None => None,
    };
    drop(conn);
    let of = (id.0, place);
    let mut page = StockPlacePage::new(shell, viewer.role, of, (after, stock));
    page.cart = cart;
    page.room = room.map(|room| PlaceLink {
        name: room.short(),
        href: routes::room_path(room.room_id),
    });
    Ok(Page::new(page))
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
            edit_href: routes::may_open(role, routes::STOCK_PLACE_EDIT)
                .then(|| routes::stock_place_edit_path(id)),
            room: None,
            cart: None,
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
        let spot = |sure, seen_at, place| CartSpot {
            words: fill(shell.t.stock_places.cart, &[&"CT-<7>"]),
            href: routes::asset_path(AssetId(70_001)),
            sure,
            seen_at,
            place,
        };
        let link = PlaceLink {
            name: "Clean utility 3W-<12>, 3 West".to_owned(),
            href: routes::room_path(crate::ids::RoomId(20_001)),
        };
        let cart = |spot, room| {
            let of = (StockPlaceId(6), place.clone());
            let mut page = Self::new(shell.clone(), Role::Supply, of, (None, (Vec::new(), None)));
            (page.cart, page.room) = (Some(spot), room);
            page
        };
        let seen = spot(Sure::last_seen(shell.t), Some(now), Some(link.clone()));
        let carts = [
            cart(seen, Some(link)),
            cart(spot(Sure::unknown(shell.t), None, None), None),
        ];
        let [first_cart, other_cart] = carts;
        vec![
            first_cart,
            other_cart,
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
