//! The page of an asset: where it is, why we think so, and where it has been.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::asset_row::{AssetRow, PlaceLink, sure_mark};
use super::done::DoneNote;
use super::equipment::is_keeper;
use super::equipment::keeping::Keeping;
use super::filters;
use super::origin::{Origin, find_origin};
use super::page::{Chip, Nav, Page, Shell, Sure};
use super::strings::fill;
use super::wording::capitalised;
use super::{PageError, routes};
use crate::app::App;
use crate::assets::events::list_events;
use crate::assets::model::{AssetEntry, AssetIdentifier, AssetTag};
use crate::assets::rules::is_ready;
use crate::assets::store::{STAYS_PER_PAGE, find_entry, list_identifiers, list_stays, list_tags};
use crate::db::DbConn;
use crate::db::types::{AssetAct, AssetStatus, SafetyHold, Technology};
use crate::find::filter::StatusFilter;
use crate::find::list::{Listing, list_hits};
use crate::find::rank::{DownRooms, find_down_since};
use crate::find::search::Source;
use crate::ids::AssetId;
use crate::live::Topic;
use crate::location::certainty::{Certainty, UnknownReason};
use crate::places::model::RoomPlace;
use crate::places::store::list_down_rooms;
use crate::web::extract::{Asked, IdPath, Viewer};

mod offers;
mod timeline;
mod why;

pub use offers::{Asking, Offer, Offers};
pub use timeline::{TimeLine, What};

/// The query string.
#[derive(Debug, Default, Deserialize)]
pub struct AssetParams {
    /// What happened before this instant, in microseconds since 1970.
    pub before: Option<String>,
    /// The act that was just done.
    pub done: Option<String>,
}

/// An asset. The block `live` holds what an open page asks for again.
#[derive(Debug, Template)]
#[template(path = "assets/asset.html", blocks = ["live"])]
pub struct AssetPage {
    /// Frame.
    pub shell: Shell,
    /// This page.
    pub href: String,
    /// All of its type.
    pub type_href: String,
    /// Its type.
    pub type_id: crate::ids::AssetTypeId,
    /// What it is.
    pub type_name: String,
    /// The number on its label.
    pub asset_number: String,
    /// "Alaris GP, owned by 4 West".
    pub subtitle: String,
    /// Where it is now.
    pub now: NowPart,
    /// Name and value of each number, the asset number first.
    pub identifiers: Vec<(&'static str, String)>,
    /// Its tags.
    pub tags: Vec<TagLine>,
    /// The open stay, on the first page only.
    pub open_stay: Option<OpenStay>,
    /// What was just done, with Undo.
    pub done: Option<DoneNote>,
    /// After "not here": the nearest ready one, or none is ready.
    pub next_best: Option<NextBest>,
    /// What can be said about it; none on pages of the past.
    pub offers: Option<Offers>,
    /// For those who look after devices: tags, holds and the register; none on pages of the past.
    pub keeping: Option<Keeping>,
    /// Holds and service, in words.
    pub holds: Vec<HoldLine>,
    /// Stays that ended and what was said, newest first.
    pub lines: Vec<TimeLine>,
    /// Older lines.
    pub earlier_href: Option<String>,
    /// Whether this is a page of older lines.
    pub is_earlier: bool,
}

/// Where it is now: the answer.
#[derive(Clone, Debug)]
pub struct NowPart {
    /// Its status.
    pub chip: Chip,
    /// Whether it is ready (R2).
    pub is_ready: bool,
    /// The place.
    pub place: Option<PlaceLink>,
    /// Building and floor.
    pub way: String,
    /// It on the plan of its floor.
    pub plan_href: Option<String>,
    /// Its fault tag, when it is broken.
    pub fault_href: Option<String>,
    /// How sure the place is.
    pub sure: Sure,
    /// What the age counts from.
    pub seen_at: Option<DateTime<Utc>>,
    /// One sentence why.
    pub why: String,
    /// What to do when nobody knows the place.
    pub next_step: Option<&'static str>,
}

/// A tag on the asset.
#[derive(Clone, Debug)]
pub struct TagLine {
    /// Bluetooth or RFID.
    pub technology: &'static str,
    /// Its key.
    pub key: String,
    /// "battery 82 %".
    pub battery: Option<String>,
    /// When it was heard last.
    pub seen_at: Option<DateTime<Utc>>,
}

/// The stay that lasts.
#[derive(Clone, Debug)]
pub struct OpenStay {
    /// Where.
    pub place: PlaceLink,
    /// Since when.
    pub entered_at: DateTime<Utc>,
}

/// A hold, or when service is due.
#[derive(Clone, Debug)]
pub struct HoldLine {
    /// What it is about.
    pub name: &'static str,
    /// The words.
    pub words: String,
    /// Whether it stands against using the asset.
    pub is_blocking: bool,
}

/// What to take instead.
#[derive(Clone, Debug)]
pub struct NextBest {
    /// The row of the nearest ready one.
    pub row: Option<AssetRow>,
    /// All of the type.
    pub all_href: String,
}

/// `GET /assets/{id}`
///
/// # Errors
/// When there is no such asset, or the database fails.
pub async fn page(
    app: web::Data<App>,
    viewer: Viewer,
    asked: Asked,
    id: IdPath<AssetId>,
    request: HttpRequest,
    params: web::Query<AssetParams>,
) -> Result<HttpResponse, PageError> {
    let conn = app.db.conn().await?;
    let before = params.before.as_deref().and_then(parse_before);
    let mut page = load(&conn, &viewer, id.0, before).await?;
    if !asked.fragment {
        let (user, done) = (viewer.user_id, params.done.as_deref());
        page.done = DoneNote::load(&conn, &page.shell, user, done).await?;
        if page
            .done
            .as_ref()
            .is_some_and(|done| done.act == AssetAct::NotHere)
        {
            let origin = find_origin(&app, &conn, &viewer, &request, None).await?;
            page.next_best = Some(find_next_best(&conn, &page, &origin).await?);
        }
        return Page::new(page).render();
    }
    Page::new(page.as_live()).render()
}

fn parse_before(text: &str) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp_micros(text.parse().ok()?)
}

async fn load(
    conn: &DbConn,
    viewer: &Viewer,
    id: AssetId,
    before: Option<DateTime<Utc>>,
) -> Result<AssetPage, PageError> {
    let mut shell = viewer.shell(Nav::Find);
    let (entry, identifiers, tags, stays, events, down) = tokio::try_join!(
        find_entry(conn, id),
        list_identifiers(conn, id),
        list_tags(conn, id),
        list_stays(conn, id, before, STAYS_PER_PAGE + 1),
        list_events(conn, id, before, STAYS_PER_PAGE + 1),
        list_down_rooms(conn),
    )?;
    let entry = entry.ok_or(PageError::NotFound)?;
    if before.is_none() {
        shell.watch([Topic::Asset(id)]);
    }
    let down: DownRooms = down
        .into_iter()
        .map(|room| (room.room_id, room.since))
        .collect();
    let certainty = entry
        .place
        .certainty(shell.now, find_down_since(&entry.place, &down));
    let place = match entry.place.room_id {
        Some(room) => crate::places::store::find_place(conn, room).await?,
        None => None,
    };
    let href = routes::asset_path(id);
    let shown = usize::try_from(STAYS_PER_PAGE).unwrap_or(usize::MAX);
    let lines = timeline::join(&stays, &events, shown, &shell);
    let earlier_href = lines
        .last()
        .filter(|_| stays.len() + events.len() > shown)
        .map(|last| {
            let before = last.at.timestamp_micros().to_string();
            routes::with_query(&href, &[("before", &before)])
        });
    let keeping = if before.is_none() && is_keeper(viewer.role) {
        Some(Keeping::load(conn, &entry, &tags, viewer.role, &shell).await?)
    } else {
        None
    };
    let has_tag = !tags.is_empty();
    let room = entry.place.room_id;
    let offers = Offers::new(id, &entry.standing, viewer.role, room, &href, &shell);
    Ok(AssetPage {
        type_href: routes::type_path(entry.asset_type_id),
        type_id: entry.asset_type_id,
        subtitle: subtitle(&entry, &shell),
        now: NowPart::new(&entry, &tags, &certainty, place.as_ref(), &shell, has_tag),
        identifiers: identifier_lines(&entry, &identifiers, &shell),
        tags: tags.iter().map(|tag| TagLine::new(tag, &shell)).collect(),
        open_stay: OpenStay::new(&entry).filter(|_| before.is_none()),
        done: None,
        next_best: None,
        offers: before.is_none().then_some(offers),
        keeping,
        holds: hold_lines(&entry, &shell),
        lines,
        earlier_href,
        is_earlier: before.is_some(),
        type_name: capitalised(&entry.type_name),
        asset_number: entry.asset_number,
        href,
        shell,
    })
}

async fn find_next_best(
    conn: &DbConn,
    page: &AssetPage,
    origin: &Origin,
) -> Result<NextBest, PageError> {
    let source = Source::Types(vec![page.type_id]);
    let mut listing = Listing::new(&source, &origin.costs);
    listing.filters.status = Some(StatusFilter::Ready);
    let found = list_hits(conn, &listing, page.shell.now, None).await?;
    let row = found.hits.first().map(|hit| {
        let href = routes::asset_path(hit.entry.asset_id);
        AssetRow::new(hit, &page.shell)
            .with_acts(hit, &href)
            .with_distance(hit, origin, &page.shell)
    });
    Ok(NextBest {
        row,
        all_href: page.type_href.clone(),
    })
}

fn hold_lines(entry: &AssetEntry, shell: &Shell) -> Vec<HoldLine> {
    let t = &shell.t.pages.asset;
    let hold = entry.standing.safety_hold.map(|hold| HoldLine {
        name: t.hold,
        words: match hold {
            SafetyHold::Recall => t.hold_recall,
            SafetyHold::Incident => t.hold_incident,
            SafetyHold::Quarantine => t.hold_quarantine,
        }
        .to_owned(),
        is_blocking: true,
    });
    let service = entry.service_due_on.map(|due| {
        let today = shell.now.with_timezone(&shell.zone).date_naive();
        let date = filters::day(due);
        let words = if entry.standing.is_service_blocked {
            fill(t.service_blocked, &[&date])
        } else if due < today {
            fill(t.service_overdue, &[&date])
        } else {
            fill(t.service_due, &[&date])
        };
        HoldLine {
            name: t.service,
            words,
            is_blocking: entry.standing.is_service_blocked,
        }
    });
    [hold, service].into_iter().flatten().collect()
}

fn subtitle(entry: &AssetEntry, shell: &Shell) -> String {
    let owner = entry
        .owner_unit_name
        .as_ref()
        .map(|unit| fill(shell.t.pages.asset.owned_by, &[unit]));
    [entry.model(), owner]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(", ")
}

fn identifier_lines(
    entry: &AssetEntry,
    identifiers: &[AssetIdentifier],
    shell: &Shell,
) -> Vec<(&'static str, String)> {
    let t = &shell.t.pages.asset;
    let others = identifiers.iter().map(|identifier| {
        let name = match identifier.kind.as_str() {
            "serial" => t.serial,
            "udi" => t.udi,
            "barcode" => t.barcode,
            "giai" => t.giai,
            "grai" => t.grai,
            _ => t.other,
        };
        (name, identifier.value.clone())
    });
    std::iter::once((t.asset_number, entry.asset_number.clone()))
        .chain(others)
        .collect()
}

fn open_place(entry: &AssetEntry) -> Option<PlaceLink> {
    let (room, name) = entry.place.room_id.zip(entry.place_short())?;
    Some(PlaceLink {
        name,
        href: routes::room_path(room),
    })
}

impl NowPart {
    fn new(
        entry: &AssetEntry,
        tags: &[AssetTag],
        certainty: &Certainty,
        found: Option<&RoomPlace>,
        shell: &Shell,
        has_tag: bool,
    ) -> Self {
        let t = &shell.t.pages.asset;
        let is_ready = is_ready(&entry.standing, certainty);
        Self {
            chip: Chip::of_asset(&entry.standing, is_ready, shell.t),
            is_ready,
            place: open_place(entry),
            way: found.map(RoomPlace::way).unwrap_or_default(),
            fault_href: (entry.standing.status == AssetStatus::InRepair)
                .then(|| routes::fault_tag_path(entry.asset_id)),
            plan_href: found.map(|place| {
                let floor = Some(place.floor_id);
                routes::search_on_plan_path(floor, &entry.asset_number, "")
            }),
            sure: sure_mark(certainty, shell),
            seen_at: entry
                .place
                .evidence_at()
                .filter(|_| entry.place.room_id.is_some()),
            why: why::sentence(&entry.place, tags, certainty, shell),
            next_step: match certainty {
                Certainty::Unknown { .. } if !has_tag => Some(t.next_tag),
                Certainty::Unknown {
                    reason: UnknownReason::NeverSeen,
                } => Some(t.next_look),
                Certainty::Unknown { .. } => Some(t.next_battery),
                _ => None,
            },
        }
    }
}

impl TagLine {
    fn new(tag: &AssetTag, shell: &Shell) -> Self {
        let t = &shell.t.pages.asset;
        Self {
            technology: match tag.technology {
                Technology::Ble => t.tag_ble,
                Technology::Rfid => t.tag_rfid,
            },
            key: tag.tag_key.clone(),
            battery: tag.battery_pct.map(|pct| fill(t.battery, &[&pct])),
            seen_at: tag.seen_at,
        }
    }
}

impl OpenStay {
    fn new(entry: &AssetEntry) -> Option<Self> {
        Some(Self {
            place: open_place(entry)?,
            entered_at: entry.place.entered_at?,
        })
    }
}

impl AssetPage {
    /// Pages for tests of templates.
    #[must_use]
    pub fn samples() -> Vec<Self> {
        use crate::assets::model::Standing;
        let shell = Shell::sample();
        let place = PlaceLink {
            name: "Clean utility 3W-12, 3 West".to_owned(),
            href: routes::room_path(crate::ids::RoomId(20_001)),
        };
        let known = Self {
            href: routes::asset_path(AssetId(70_001)),
            type_href: routes::type_path(crate::ids::AssetTypeId(30_001)),
            type_id: crate::ids::AssetTypeId(30_001),
            type_name: "Infusion pump".to_owned(),
            asset_number: "IP-0417".to_owned(),
            subtitle: "BD Alaris GP, owned by 4 West".to_owned(),
            now: NowPart {
                chip: Chip::of_asset(&Standing::of(AssetStatus::Available), true, shell.t),
                is_ready: true,
                place: Some(place.clone()),
                way: "Main building, Level 3".to_owned(),
                plan_href: Some(routes::plan_path(crate::ids::FloorId(10_001))),
                fault_href: Some(routes::fault_tag_path(AssetId(70_001))),
                sure: Sure::likely(shell.t),
                seen_at: Some(shell.now),
                why: fill(
                    shell.t.pages.why.heard_now,
                    &[&"3w-12-a", &"40 s ago", &"6 min"],
                ),
                next_step: None,
            },
            identifiers: vec![
                ("Asset no.", "IP-0417".to_owned()),
                ("UDI", "(01)07613203021012<i>".to_owned()),
            ],
            tags: vec![TagLine {
                technology: "Bluetooth",
                key: "mac:AC233F000001".to_owned(),
                battery: Some("battery 82 %".to_owned()),
                seen_at: Some(shell.now),
            }],
            open_stay: Some(OpenStay {
                place,
                entered_at: shell.now,
            }),
            done: Some(DoneNote::sample(&shell)),
            next_best: Some(NextBest {
                row: AssetRow::samples(&shell).into_iter().next(),
                all_href: routes::find_path("a&b"),
            }),
            keeping: Some(Keeping::sample(&shell)),
            offers: Some(Offers::new(
                AssetId(70_001),
                &Standing::of(AssetStatus::Available),
                crate::db::types::Role::Biomed,
                Some(crate::ids::RoomId(20_001)),
                "/assets/70001",
                &shell,
            )),
            holds: vec![HoldLine {
                name: shell.t.pages.asset.hold,
                words: shell.t.pages.asset.hold_recall.to_owned(),
                is_blocking: true,
            }],
            lines: TimeLine::samples(&shell),
            earlier_href: Some("/assets/70001?before=1".to_owned()),
            is_earlier: false,
            shell: shell.clone(),
        };
        let unknown = Self {
            href: routes::asset_path(AssetId(70_002)),
            type_href: String::new(),
            type_id: crate::ids::AssetTypeId(30_001),
            type_name: "<em>".to_owned(),
            asset_number: "&".to_owned(),
            subtitle: String::new(),
            now: NowPart {
                chip: Chip::of_asset(&Standing::of(AssetStatus::Missing), false, shell.t),
                is_ready: false,
                place: None,
                way: String::new(),
                plan_href: None,
                fault_href: None,
                sure: Sure::unknown(shell.t),
                seen_at: None,
                why: shell.t.pages.why.no_tag.to_owned(),
                next_step: Some(shell.t.pages.asset.next_tag),
            },
            identifiers: Vec::new(),
            tags: Vec::new(),
            open_stay: None,
            done: None,
            next_best: Some(NextBest {
                row: None,
                all_href: routes::find_path("a&b"),
            }),
            offers: None,
            keeping: None,
            holds: Vec::new(),
            lines: Vec::new(),
            earlier_href: None,
            is_earlier: true,
            shell,
        };
        vec![known, unknown]
    }
}
