//! Floors and rooms: what is where.

use actix_web::{HttpResponse, web};
use askama::Template;
use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;

use super::asset_row::AssetRow;
use super::done::DoneNote;
use super::exports::download_href;
use super::filters;
use super::page::{Chip, Nav, Page, Shell};
use super::readers::state_chip;
use super::several::{Several, list_forms};
use super::strings::fill;
use super::wording::capitalised;
use super::{PageError, routes};
use crate::app::App;
use crate::assets::model::Departure;
use crate::assets::store::list_departures;
use crate::db::types::Role;
use crate::find::list::{HitPage, Listing, list_hits};
use crate::find::rank::PageCursor;
use crate::find::search::Source;
use crate::ids::{FloorId, RoomId};
use crate::live::Topic;
use crate::places::model::{FloorEntry, RoomCount, RoomPlace, RoomReader, room_label};
use crate::places::store::{
    find_floor_of_unit, find_place, list_floor_rooms, list_floors, list_room_readers,
};
use crate::web::extract::{IdPath, Viewer};

/// Departures on the page of a room.
const DEPARTURES_MAX: i64 = 25;

/// The query string of the list of rooms.
#[derive(Debug, Default, Deserialize)]
pub struct RoomsParams {
    /// The floor to show.
    pub floor: Option<String>,
}

/// The rooms of one floor.
#[derive(Debug, Template)]
#[template(path = "rooms/index.html")]
pub struct RoomsPage {
    /// Frame.
    pub shell: Shell,
    /// "Rooms on Level 3, Main building".
    pub heading: String,
    /// All floors.
    pub floors: Vec<FloorLink>,
    /// The plan of the chosen floor.
    pub plan_href: Option<String>,
    /// They as a file.
    pub csv_href: String,
    /// The rooms of the chosen floor.
    pub rooms: Vec<RoomLine>,
}

/// A floor to choose.
#[derive(Clone, Debug)]
pub struct FloorLink {
    /// Its rooms.
    pub href: String,
    /// Its name with its building's.
    pub name: String,
    /// How many rooms it has.
    pub rooms: i64,
    /// Whether it is the one shown.
    pub is_current: bool,
}

/// A room with what is in it.
#[derive(Clone, Debug)]
pub struct RoomLine {
    /// Its page.
    pub href: String,
    /// Its name.
    pub name: String,
    /// Its unit.
    pub unit: Option<String>,
    /// How many assets are there.
    pub assets: i64,
    /// Whether any reader covers it.
    pub has_reader: bool,
    /// Since when its readers are down.
    pub down_since: Option<DateTime<Utc>>,
}

/// `GET /rooms`
///
/// # Errors
/// When the database fails.
pub async fn index(
    app: web::Data<App>,
    viewer: Viewer,
    params: web::Query<RoomsParams>,
) -> Result<Page<RoomsPage>, PageError> {
    let shell = viewer.shell(Nav::Find);
    let conn = app.db.conn().await?;
    let floors = list_floors(&conn).await?;
    let asked = params
        .floor
        .as_deref()
        .and_then(|text| text.parse().ok())
        .map(FloorId);
    let own = match (asked, viewer.home_unit) {
        (None, Some(unit)) => find_floor_of_unit(&conn, unit).await?,
        _ => None,
    };
    let current = asked
        .or(own)
        .and_then(|id| floors.iter().find(|floor| floor.floor_id == id))
        .or_else(|| floors.iter().find(|floor| floor.level == 0))
        .or(floors.first());
    let rooms = match current {
        Some(floor) => list_floor_rooms(&conn, floor.floor_id).await?,
        None => Vec::new(),
    };
    let t = &shell.t.pages.rooms;
    Ok(Page::new(RoomsPage {
        heading: current.map_or(t.title.to_owned(), |floor| {
            fill(t.floor_title, &[&floor_name(floor)])
        }),
        floors: floors
            .iter()
            .map(|floor| FloorLink::new(floor, current))
            .collect(),
        plan_href: current.map(|floor| routes::plan_path(floor.floor_id)),
        csv_href: current.map_or_else(String::new, |floor| {
            download_href(routes::ROOMS_CSV, &[("floor", &floor.floor_id.to_string())])
        }),
        rooms: rooms.iter().map(RoomLine::new).collect(),
        shell,
    }))
}

fn floor_name(floor: &FloorEntry) -> String {
    format!("{}, {}", floor.floor_name, floor.building_name)
}

impl FloorLink {
    fn new(floor: &FloorEntry, current: Option<&FloorEntry>) -> Self {
        Self {
            href: routes::floor_path(floor.floor_id),
            name: floor_name(floor),
            rooms: floor.rooms,
            is_current: current.is_some_and(|current| current.floor_id == floor.floor_id),
        }
    }
}

impl RoomLine {
    fn new(room: &RoomCount) -> Self {
        Self {
            href: routes::room_path(room.room_id),
            name: room_label(&room.room_name, room.room_kind),
            unit: room.unit_name.clone(),
            assets: room.assets,
            has_reader: room.readers > 0,
            down_since: room.down_since,
        }
    }
}

/// The query string of a room.
#[derive(Debug, Default, Deserialize)]
pub struct RoomParams {
    /// Where the list of what is here begins.
    pub after: Option<String>,
    /// The act that was just done.
    pub done: Option<String>,
}

/// One room.
#[derive(Debug, Template)]
#[template(path = "rooms/room.html")]
pub struct RoomPage {
    /// Frame.
    pub shell: Shell,
    /// "Clean utility 3W-12".
    pub name: String,
    /// "3 West. Main building, Level 3".
    pub subtitle: String,
    /// The rooms of its floor.
    pub floor_href: String,
    /// Name of that floor.
    pub floor_name: String,
    /// "Here now: 12".
    pub heading: String,
    /// "1 to 12 of 12".
    pub count: String,
    /// What was just done.
    pub done: Option<DoneNote>,
    /// The plan of its floor.
    pub plan_href: String,
    /// What is here.
    pub rows: Vec<AssetRow>,
    /// What can be said of several of them.
    pub several: Vec<Several>,
    /// More of it.
    pub next_href: Option<String>,
    /// The first page, from any other.
    pub start_href: Option<String>,
    /// All of it as a file.
    pub csv_href: String,
    /// Its label.
    pub label_href: String,
    /// What left lately.
    pub departures: Vec<DepartureLine>,
    /// Readers that cover it.
    pub readers: Vec<ReaderLine>,
    /// Since when none of them works.
    pub down: Option<String>,
}

/// An asset that left.
#[derive(Clone, Debug)]
pub struct DepartureLine {
    /// Its page.
    pub href: String,
    /// What it is.
    pub type_name: String,
    /// The number on its label.
    pub asset_number: String,
    /// When it left.
    pub left_at: DateTime<Utc>,
    /// "after 3 h".
    pub stayed: String,
}

/// A reader that covers the room.
#[derive(Clone, Debug)]
pub struct ReaderLine {
    /// Its id on the wire.
    pub key: String,
    /// The zones it covers here.
    pub zones: String,
    /// Its state.
    pub chip: Chip,
    /// When it sent something last.
    pub last_message_at: Option<DateTime<Utc>>,
}

/// `GET /rooms/{id}`
///
/// # Errors
/// When there is no such room, or the database fails.
pub async fn page(
    app: web::Data<App>,
    viewer: Viewer,
    id: IdPath<RoomId>,
    params: web::Query<RoomParams>,
) -> Result<HttpResponse, PageError> {
    let mut shell = viewer.shell(Nav::Find);
    shell.watch([Topic::Room(id.0)]);
    let conn = app.db.conn().await?;
    let place = find_place(&conn, id.0).await?.ok_or(PageError::NotFound)?;
    let after = params
        .after
        .as_deref()
        .and_then(|text| PageCursor::parse(text, shell.now));
    let since = shell.now - TimeDelta::hours(24);
    let source = Source::Room(id.0);
    let costs = crate::find::rank::Costs::default();
    let listing = Listing::new(&source, &costs);
    let (found, departures, readers) = tokio::try_join!(
        list_hits(&conn, &listing, shell.now, after.clone()),
        list_departures(&conn, id.0, since, DEPARTURES_MAX),
        list_room_readers(&conn, id.0),
    )?;
    let done = DoneNote::load(&conn, &shell, viewer.user_id, params.done.as_deref()).await?;
    let mut page = RoomPage::new(
        shell,
        (&place, viewer.role),
        &found,
        after.is_some(),
        &departures,
        &readers,
    );
    page.done = done;
    Page::new(page).render()
}

impl RoomPage {
    fn new(
        shell: Shell,
        (place, role): (&RoomPlace, Role),
        found: &HitPage,
        is_later: bool,
        departures: &[Departure],
        readers: &[RoomReader],
    ) -> Self {
        let t = &shell.t.pages.rooms;
        let href = routes::room_path(place.room_id);
        let unit = place
            .unit_name
            .as_ref()
            .map(|unit| format!("{unit}. "))
            .unwrap_or_default();
        let words = &shell.t.pages.find;
        let count = match found.hits.len() {
            0 => String::new(),
            count => fill(
                words.shown,
                &[&(found.before + 1), &(found.before + count), &found.total],
            ),
        };
        Self {
            name: place.label(),
            subtitle: format!("{unit}{}", place.way()),
            floor_href: routes::floor_path(place.floor_id),
            floor_name: place.floor_name.clone(),
            heading: fill(t.here, &[&found.total]),
            count,
            rows: found
                .hits
                .iter()
                .map(|hit| {
                    AssetRow::new(hit, &shell)
                        .with_acts(hit, &href)
                        .with_pick(hit, role, &shell)
                })
                .collect(),
            several: list_forms(&found.hits, role, &href, &shell),
            done: None,
            plan_href: routes::plan_path(place.floor_id),
            next_href: found
                .next
                .as_ref()
                .map(|cursor| routes::with_query(&href, &[("after", &cursor.to_string())])),
            start_href: is_later.then_some(href),
            csv_href: download_href(&routes::room_csv_path(place.room_id), &[]),
            label_href: routes::room_label_path(place.room_id),
            departures: departures
                .iter()
                .map(|departure| DepartureLine::new(departure, &shell))
                .collect(),
            readers: readers
                .iter()
                .map(|reader| ReaderLine::new(reader, &shell))
                .collect(),
            down: find_down_since(readers)
                .map(|since| fill(t.down, &[&filters::clock(since, &shell)])),
            shell,
        }
    }
}

/// Since when all readers in use are silent (R13).
fn find_down_since(readers: &[RoomReader]) -> Option<DateTime<Utc>> {
    use crate::db::types::ReaderState;
    let in_use = readers
        .iter()
        .filter(|reader| reader.state == ReaderState::Active);
    let since: Option<Vec<_>> = in_use.map(|reader| reader.down_since).collect();
    since?.into_iter().max()
}

impl DepartureLine {
    fn new(departure: &Departure, shell: &Shell) -> Self {
        let stayed = filters::length(departure.left_at - departure.entered_at, shell.t);
        Self {
            href: routes::asset_path(departure.asset_id),
            type_name: capitalised(&departure.type_name),
            asset_number: departure.asset_number.clone(),
            left_at: departure.left_at,
            stayed: fill(shell.t.pages.rooms.stayed, &[&stayed]),
        }
    }
}

impl ReaderLine {
    fn new(reader: &RoomReader, shell: &Shell) -> Self {
        Self {
            key: reader.reader_key.clone(),
            zones: reader.zones.clone(),
            chip: state_chip(reader.state, reader.down_since.is_some(), shell.t),
            last_message_at: reader.last_message_at,
        }
    }
}

impl RoomsPage {
    /// Pages for tests of templates.
    #[must_use]
    pub fn samples() -> Vec<Self> {
        let shell = Shell::sample();
        let line = |down_since| RoomLine {
            href: routes::room_path(RoomId(20_001)),
            name: "Clean utility 3W-12 <b>".to_owned(),
            unit: Some("3 West".to_owned()),
            assets: 12,
            has_reader: true,
            down_since,
        };
        let floor = |name: &str, is_current| FloorLink {
            href: routes::floor_path(FloorId(10_001)),
            name: name.to_owned(),
            rooms: 24,
            is_current,
        };
        vec![
            Self {
                heading: "Rooms on Level 3, Main building".to_owned(),
                floors: vec![
                    floor("Level 3, Main building", true),
                    floor("Level 2, <i>", false),
                ],
                plan_href: Some(routes::plan_path(FloorId(10_001))),
                csv_href: "/rooms.csv?floor=1&bom=1".to_owned(),
                rooms: vec![line(None), line(Some(shell.now))],
                shell: shell.clone(),
            },
            Self {
                heading: "Rooms".to_owned(),
                floors: Vec::new(),
                plan_href: None,
                csv_href: String::new(),
                rooms: Vec::new(),
                shell,
            },
        ]
    }
}

impl RoomPage {
    /// Pages for tests of templates.
    #[must_use]
    pub fn samples() -> Vec<Self> {
        let shell = Shell::sample();
        let full = Self {
            heading: "Here now: 31".to_owned(),
            count: "1 to 7 of 31".to_owned(),
            rows: AssetRow::samples(&shell),
            several: Several::samples(&shell),
            done: Some(DoneNote::sample(&shell)),
            next_href: Some("/rooms/20001?after=x".to_owned()),
            csv_href: "/rooms/1/csv?bom=1".to_owned(),
            label_href: "/labels/rooms?rooms=1".to_owned(),
            start_href: Some("/rooms/20001".to_owned()),
            departures: vec![DepartureLine {
                href: routes::asset_path(crate::ids::AssetId(70_001)),
                type_name: "Infusion pump".to_owned(),
                asset_number: "IP-0417".to_owned(),
                left_at: shell.now,
                stayed: "after 3 h".to_owned(),
            }],
            readers: vec![ReaderLine {
                key: "3w-12-a".to_owned(),
                zones: "Whole room, <door>".to_owned(),
                chip: Chip::good("In use"),
                last_message_at: None,
            }],
            down: Some("The readers of this room are offline since 13:58.".to_owned()),
            ..Self::empty_sample(shell.clone())
        };
        vec![full, Self::empty_sample(shell)]
    }

    fn empty_sample(shell: Shell) -> Self {
        Self {
            name: "Bay 2".to_owned(),
            subtitle: String::new(),
            floor_href: String::new(),
            floor_name: "Ground".to_owned(),
            heading: "Here now: 0".to_owned(),
            count: String::new(),
            rows: Vec::new(),
            several: Vec::new(),
            done: None,
            plan_href: routes::plan_path(FloorId(10_001)),
            next_href: None,
            csv_href: "/rooms/1/csv?bom=1".to_owned(),
            label_href: "/labels/rooms?rooms=1".to_owned(),
            start_href: None,
            departures: Vec::new(),
            readers: Vec::new(),
            down: None,
            shell,
        }
    }
}
