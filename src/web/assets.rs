//! The page of an asset: where it is, why we think so, and where it has been.

use actix_web::{HttpResponse, web};
use askama::Template;
use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::asset_row::{PlaceLink, sure_mark};
use super::filters;
use super::page::{Chip, Nav, Page, Shell, Sure};
use super::strings::fill;
use super::wording::capitalised;
use super::{PageError, routes};
use crate::app::App;
use crate::assets::model::{AssetEntry, AssetIdentifier, AssetTag, ClosedStay};
use crate::assets::rules::is_ready;
use crate::assets::store::{STAYS_PER_PAGE, find_entry, list_identifiers, list_stays, list_tags};
use crate::db::DbConn;
use crate::db::types::Technology;
use crate::find::rank::{DownRooms, find_down_since};
use crate::ids::AssetId;
use crate::location::certainty::{Certainty, UnknownReason};
use crate::places::store::list_down_rooms;
use crate::web::extract::{Asked, IdPath, Viewer};

mod why;

/// The query string.
#[derive(Debug, Default, Deserialize)]
pub struct AssetParams {
    /// Stays that ended before this instant, in microseconds since 1970.
    pub before: Option<String>,
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
    /// Stays that ended, newest first.
    pub stays: Vec<StayLine>,
    /// Older stays.
    pub earlier_href: Option<String>,
    /// Whether this is a page of older stays.
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

/// A stay that ended.
#[derive(Clone, Debug)]
pub struct StayLine {
    /// Where.
    pub place: PlaceLink,
    /// From.
    pub entered_at: DateTime<Utc>,
    /// To.
    pub left_at: DateTime<Utc>,
    /// The same in words: the time alone when it left on the day it came.
    pub left: String,
    /// How long.
    pub stayed: String,
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
    params: web::Query<AssetParams>,
) -> Result<HttpResponse, PageError> {
    let conn = app.db.conn().await?;
    let before = params.before.as_deref().and_then(parse_before);
    let page = load(&conn, viewer.shell(Nav::Find), id.0, before).await?;
    if asked.fragment {
        Page::new(page.as_live()).render()
    } else {
        Page::new(page).render()
    }
}

fn parse_before(text: &str) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp_micros(text.parse().ok()?)
}

async fn load(
    conn: &DbConn,
    shell: Shell,
    id: AssetId,
    before: Option<DateTime<Utc>>,
) -> Result<AssetPage, PageError> {
    let (entry, identifiers, tags, stays, down) = tokio::try_join!(
        find_entry(conn, id),
        list_identifiers(conn, id),
        list_tags(conn, id),
        list_stays(conn, id, before, STAYS_PER_PAGE + 1),
        list_down_rooms(conn),
    )?;
    let entry = entry.ok_or(PageError::NotFound)?;
    let down: DownRooms = down
        .into_iter()
        .map(|room| (room.room_id, room.since))
        .collect();
    let certainty = entry
        .place
        .certainty(shell.now, find_down_since(&entry.place, &down));
    let way = match entry.place.room_id {
        Some(room) => crate::places::store::find_place(conn, room)
            .await?
            .map(|place| place.way()),
        None => None,
    };
    let href = routes::asset_path(id);
    let shown = usize::try_from(STAYS_PER_PAGE).unwrap_or(usize::MAX);
    let earlier_href = stays
        .get(shown.saturating_sub(1))
        .filter(|_| stays.len() > shown)
        .map(|last| {
            let before = last.left_at.timestamp_micros().to_string();
            routes::with_query(&href, &[("before", &before)])
        });
    let has_tag = !tags.is_empty();
    Ok(AssetPage {
        type_href: routes::type_path(entry.asset_type_id),
        subtitle: subtitle(&entry, &shell),
        now: NowPart::new(
            &entry,
            &tags,
            &certainty,
            way.unwrap_or_default(),
            &shell,
            has_tag,
        ),
        identifiers: identifier_lines(&entry, &identifiers, &shell),
        tags: tags.iter().map(|tag| TagLine::new(tag, &shell)).collect(),
        open_stay: OpenStay::new(&entry).filter(|_| before.is_none()),
        stays: stays
            .iter()
            .take(shown)
            .map(|stay| StayLine::new(stay, &shell))
            .collect(),
        earlier_href,
        is_earlier: before.is_some(),
        type_name: capitalised(&entry.type_name),
        asset_number: entry.asset_number,
        href,
        shell,
    })
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
        way: String,
        shell: &Shell,
        has_tag: bool,
    ) -> Self {
        let t = &shell.t.pages.asset;
        let is_ready = is_ready(entry.status, certainty);
        Self {
            chip: Chip::of_asset(entry.status, is_ready, shell.t),
            is_ready,
            place: open_place(entry),
            way,
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

impl StayLine {
    fn new(stay: &ClosedStay, shell: &Shell) -> Self {
        Self {
            place: PlaceLink {
                name: stay.place_short(),
                href: routes::room_path(stay.room_id),
            },
            entered_at: stay.entered_at,
            left_at: stay.left_at,
            left: end_words(stay.entered_at, stay.left_at, shell),
            stayed: filters::length(stay.left_at - stay.entered_at, shell.t),
        }
    }
}

fn end_words(entered_at: DateTime<Utc>, left_at: DateTime<Utc>, shell: &Shell) -> String {
    let local = |at: DateTime<Utc>| at.with_timezone(&shell.zone);
    if local(entered_at).date_naive() == local(left_at).date_naive() {
        return local(left_at).format("%H:%M").to_string();
    }
    filters::clock(left_at, shell)
}

impl AssetPage {
    /// Pages for tests of templates.
    #[must_use]
    pub fn samples() -> Vec<Self> {
        use crate::db::types::AssetStatus;
        let shell = Shell::sample();
        let place = PlaceLink {
            name: "Clean utility 3W-12, 3 West".to_owned(),
            href: routes::room_path(crate::ids::RoomId(20_001)),
        };
        let known = Self {
            href: routes::asset_path(AssetId(70_001)),
            type_href: routes::type_path(crate::ids::AssetTypeId(30_001)),
            type_name: "Infusion pump".to_owned(),
            asset_number: "IP-0417".to_owned(),
            subtitle: "BD Alaris GP, owned by 4 West".to_owned(),
            now: NowPart {
                chip: Chip::of_asset(AssetStatus::Available, true, shell.t),
                is_ready: true,
                place: Some(place.clone()),
                way: "Main building, Level 3".to_owned(),
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
                place: place.clone(),
                entered_at: shell.now,
            }),
            stays: vec![StayLine {
                place,
                entered_at: shell.now - chrono::TimeDelta::hours(30),
                left_at: shell.now - chrono::TimeDelta::hours(2),
                left: "12:06".to_owned(),
                stayed: "28 h".to_owned(),
            }],
            earlier_href: Some("/assets/70001?before=1".to_owned()),
            is_earlier: false,
            shell: shell.clone(),
        };
        let unknown = Self {
            href: routes::asset_path(AssetId(70_002)),
            type_href: String::new(),
            type_name: "<em>".to_owned(),
            asset_number: "&".to_owned(),
            subtitle: String::new(),
            now: NowPart {
                chip: Chip::of_asset(AssetStatus::Missing, false, shell.t),
                is_ready: false,
                place: None,
                way: String::new(),
                sure: Sure::unknown(shell.t),
                seen_at: None,
                why: shell.t.pages.why.no_tag.to_owned(),
                next_step: Some(shell.t.pages.asset.next_tag),
            },
            identifiers: Vec::new(),
            tags: Vec::new(),
            open_stay: None,
            stays: Vec::new(),
            earlier_href: None,
            is_earlier: true,
            shell,
        };
        vec![known, unknown]
    }
}
