//! Readers: how they are doing, and letting a new one in.

use actix_web::{HttpResponse, web};
use askama::Template;
use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::exports::download_href;
use super::filters;
use super::page::{Chip, Nav, Page, Shell, see_other};
use super::strings::{Strings, fill};
use super::wording::grouped;
use super::{PageError, routes};
use crate::app::App;
use crate::db::types::{ReaderState, Role, Technology};
use crate::devices::model::{AntennaEntry, Approval, ReaderCounts, ReaderCursor, ReaderEntry};
use crate::devices::store::{
    READERS_PER_PAGE, approve, count_readers, count_unregistered, list_antennas, list_readers,
};
use crate::ids::ReaderId;
use crate::places::model::room_label;
use crate::web::extract::{IdPath, Viewer};

/// The query string.
#[derive(Debug, Default, Deserialize)]
pub struct ReadersParams {
    /// Where the list begins.
    pub after: Option<String>,
}

/// All readers.
#[derive(Debug, Template)]
#[template(path = "readers/index.html")]
pub struct ReadersPage {
    /// Frame.
    pub shell: Shell,
    /// How many there are in which state.
    pub summary: String,
    /// Sightings of tags that are not ours.
    pub unregistered: String,
    /// The readers.
    pub rows: Vec<ReaderRow>,
    /// All readers as a file.
    pub csv_href: String,
    /// Further readers.
    pub next_href: Option<String>,
    /// The first page, from any other.
    pub start_href: Option<String>,
}

/// One reader, ready to show.
#[derive(Clone, Debug)]
pub struct ReaderRow {
    /// Its id on the wire.
    pub key: String,
    /// What people call it.
    pub name: String,
    /// Bluetooth or RFID.
    pub technology: &'static str,
    /// Its state.
    pub chip: Chip,
    /// Since when it is silent.
    pub down_since: Option<DateTime<Utc>>,
    /// What its state means, where that needs saying.
    pub hints: Vec<String>,
    /// When it sent something last.
    pub last_message_at: Option<DateTime<Utc>>,
    /// Sightings a minute.
    pub rate: String,
    /// Messages and sightings refused.
    pub rejected: String,
    /// Batches that came again.
    pub duplicates: String,
    /// Clock in words.
    pub clock: String,
    /// Sightings of unregistered tags.
    pub unregistered: String,
    /// Which antenna looks at which room.
    pub antennas: Vec<AntennaLine>,
    /// Where to approve it; for an administrator and a waiting reader only.
    pub approve_href: Option<String>,
}

/// An antenna and its room.
#[derive(Clone, Debug)]
pub struct AntennaLine {
    /// "antenna 2", or "all".
    pub port: String,
    /// Name of the room.
    pub room: String,
    /// Its page.
    pub href: String,
}

/// `GET /readers`
///
/// # Errors
/// When the database fails.
pub async fn index(
    app: web::Data<App>,
    viewer: Viewer,
    params: web::Query<ReadersParams>,
) -> Result<Page<ReadersPage>, PageError> {
    let shell = viewer.shell(Nav::Readers);
    let conn = app.db.conn().await?;
    let after = params.after.as_deref().and_then(ReaderCursor::parse);
    let (mut readers, counts, unregistered) = tokio::try_join!(
        list_readers(&conn, shell.now, after.as_ref(), READERS_PER_PAGE + 1),
        count_readers(&conn),
        count_unregistered(&conn, shell.now),
    )?;
    let shown = usize::try_from(READERS_PER_PAGE).unwrap_or(usize::MAX);
    let has_more = readers.len() > shown;
    readers.truncate(shown);
    let ids: Vec<ReaderId> = readers.iter().map(|reader| reader.reader_id).collect();
    let antennas = list_antennas(&conn, &ids).await?;
    let next_href = readers.last().filter(|_| has_more).map(|last| {
        let cursor = ReaderCursor {
            rank: last.rank,
            reader_key: last.reader_key.clone(),
        };
        routes::with_query(routes::READERS, &[("after", &cursor.to_string())])
    });
    let may_approve = viewer.role == Role::Admin;
    Ok(Page::new(ReadersPage {
        summary: summary(counts, shell.t),
        unregistered: fill(
            shell.t.pages.readers.unregistered,
            &[&grouped(unregistered)],
        ),
        rows: readers
            .iter()
            .map(|reader| ReaderRow::new(reader, &antennas, may_approve, shell.t))
            .collect(),
        csv_href: download_href(routes::READERS_CSV, &[]),
        next_href,
        start_href: after.map(|_| routes::READERS.to_owned()),
        shell,
    }))
}

/// `POST /readers/{id}/approve`
///
/// # Errors
/// When there is no such reader, or the database fails.
pub async fn approve_reader(
    app: web::Data<App>,
    viewer: Viewer,
    id: IdPath<ReaderId>,
) -> Result<HttpResponse, PageError> {
    let t = &viewer.shell(Nav::Readers).t.pages.readers;
    let mut conn = app.db.conn().await?;
    let words = match approve(&mut conn, id.0, viewer.user_id, app.clock.now()).await? {
        Approval::NoReader => return Err(PageError::NotFound),
        Approval::Approved { reader_key } => fill(t.approved, &[&reader_key]),
        Approval::NotWaiting { reader_key, .. } => fill(t.not_waiting, &[&reader_key]),
    };
    drop(conn);
    viewer.leave_flash(&app, &words).await?;
    Ok(see_other(routes::READERS))
}

fn summary(counts: ReaderCounts, t: &Strings) -> String {
    let ReaderCounts {
        waiting,
        active,
        down,
        disabled,
    } = counts;
    fill(
        t.pages.readers.summary,
        &[&active, &down, &waiting, &disabled],
    )
}

/// The mark for a reader's state; `is_down`: it missed its heartbeats.
#[must_use]
pub fn state_chip(state: ReaderState, is_down: bool, t: &Strings) -> Chip {
    let t = &t.pages.readers;
    match state {
        ReaderState::Waiting => Chip::warn(t.state_waiting),
        ReaderState::Disabled => Chip::quiet(t.state_disabled),
        ReaderState::Active if is_down => Chip::bad(t.state_silent),
        ReaderState::Active => Chip::good(t.state_active),
    }
}

impl ReaderRow {
    fn new(
        reader: &ReaderEntry,
        antennas: &[AntennaEntry],
        may_approve: bool,
        t: &Strings,
    ) -> Self {
        let words = &t.pages.readers;
        let is_down = reader.down_since.is_some() && reader.state == ReaderState::Active;
        let antennas: Vec<_> = antennas
            .iter()
            .filter(|antenna| antenna.reader_id == reader.reader_id)
            .map(|antenna| AntennaLine::new(antenna, t))
            .collect();
        let is_waiting = reader.state == ReaderState::Waiting;
        Self {
            key: reader.reader_key.clone(),
            name: reader.name.clone(),
            technology: match reader.technology {
                Technology::Ble => words.ble,
                Technology::Rfid => words.rfid,
            },
            chip: state_chip(reader.state, is_down, t),
            down_since: reader.down_since.filter(|_| is_down),
            hints: list_hints(reader, antennas.is_empty(), t),
            last_message_at: reader.last_message_at,
            rate: format!("{:.0}", reader.sightings_per_min),
            rejected: grouped(reader.rejected),
            duplicates: grouped(reader.duplicates),
            clock: clock_words(reader, t),
            unregistered: grouped(reader.unregistered),
            antennas,
            approve_href: (may_approve && is_waiting)
                .then(|| routes::reader_approve_path(reader.reader_id)),
        }
    }
}

fn list_hints(reader: &ReaderEntry, is_nowhere: bool, t: &Strings) -> Vec<String> {
    let words = &t.pages.readers;
    let is_active = reader.state == ReaderState::Active;
    let cases = [
        (reader.state == ReaderState::Waiting, words.waiting_hint),
        (
            is_active && reader.heartbeat_interval_ms.is_none(),
            words.no_heartbeat,
        ),
        (is_active && reader.credentials == 0, words.no_credential),
        (is_active && is_nowhere, words.no_rooms),
    ];
    let event = reader
        .last_event
        .as_ref()
        .map(|event| fill(words.event, &[event]));
    let hints = cases
        .into_iter()
        .filter(|(applies, _)| *applies)
        .map(|(_, hint)| hint.to_owned());
    hints.chain(event).collect()
}

/// "right", "3.2 s behind, 12 corrected times". An offset counts from 2 s on, as the consumer applies it.
fn clock_words(reader: &ReaderEntry, t: &Strings) -> String {
    let words = &t.pages.readers;
    let offset_ms = reader.clock_offset_ms;
    let tenths = offset_ms.unsigned_abs() / 100;
    let seconds = format!("{}.{}", tenths / 10, tenths % 10);
    let mut text = match offset_ms {
        2_001.. => fill(words.clock_slow, &[&seconds]),
        ..=-2_001 => fill(words.clock_fast, &[&seconds]),
        _ if reader.last_message_at.is_none() => words.clock_unknown.to_owned(),
        _ => words.clock_ok.to_owned(),
    };
    if reader.clock_faults > 0 {
        text.push_str(", ");
        text.push_str(&fill(words.clock_faults, &[&grouped(reader.clock_faults)]));
    }
    text
}

impl AntennaLine {
    fn new(antenna: &AntennaEntry, t: &Strings) -> Self {
        let words = &t.pages.readers;
        Self {
            port: match antenna.port {
                0 => words.whole_reader.to_owned(),
                port => fill(words.antenna, &[&port]),
            },
            room: room_label(&antenna.room_name, antenna.room_kind),
            href: routes::room_path(antenna.room_id),
        }
    }
}

impl ReadersPage {
    /// Pages for tests of templates.
    #[must_use]
    pub fn samples() -> Vec<Self> {
        let shell = Shell::sample_for(Role::Admin);
        let reader = |state, down_since| ReaderEntry {
            reader_id: ReaderId(50_001),
            reader_key: "3w-12-a".to_owned(),
            name: "Ceiling <north>".to_owned(),
            technology: Technology::Ble,
            state,
            heartbeat_interval_ms: None,
            rank: 0,
            last_message_at: Some(shell.now),
            down_since,
            clock_offset_ms: -3_250,
            clock_faults: 12,
            rejected: 1_234,
            duplicates: 5,
            sightings_per_min: 1_203.4,
            last_event: Some("antenna_down on antenna 3 <script>".to_owned()),
            credentials: 0,
            unregistered: 98_765,
        };
        let antenna = AntennaEntry {
            reader_id: ReaderId(50_001),
            port: 2,
            zone_name: "Whole room".to_owned(),
            room_id: crate::ids::RoomId(20_001),
            room_name: "3W-12".to_owned(),
            room_kind: crate::db::types::RoomKind::CleanUtility,
        };
        let rows = ReaderState::ALL
            .iter()
            .flat_map(|state| [reader(*state, None), reader(*state, Some(shell.now))])
            .map(|reader| ReaderRow::new(&reader, std::slice::from_ref(&antenna), true, shell.t))
            .collect();
        let counts = ReaderCounts {
            waiting: 2,
            active: 2,
            down: 1,
            disabled: 2,
        };
        let page = |rows, next_href: Option<String>| Self {
            summary: summary(counts, shell.t),
            unregistered: fill(shell.t.pages.readers.unregistered, &[&"98,765"]),
            rows,
            csv_href: "/readers.csv?bom=1".to_owned(),
            start_href: next_href.clone(),
            next_href,
            shell: shell.clone(),
        };
        vec![
            page(rows, Some("/readers?after=2.a".to_owned())),
            page(Vec::new(), None),
        ]
    }
}
