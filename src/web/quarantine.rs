//! Input that could not be used: the list, one entry with its body, and sending a message again.

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
use crate::db::types::{QuarantineScope, QuarantineState, Role};
use crate::devices::model::{QuarantineCursor, QuarantineEntry, ReasonCount, ReplayMark};
use crate::devices::quarantine::{
    ROWS_PER_PAGE, ask_replay, count_rows, find_row, list_reasons, list_rows,
};
use crate::ids::QuarantineId;
use crate::web::extract::{IdPath, Viewer};

mod body;
mod reason;

pub use body::printable;
pub use reason::reason_words;

/// The query string.
#[derive(Debug, Default, Deserialize)]
pub struct QuarantineParams {
    /// Only this reason.
    pub reason: Option<String>,
    /// Where the list begins.
    pub after: Option<String>,
}

/// The list.
#[derive(Debug, Template)]
#[template(path = "quarantine/index.html")]
pub struct QuarantinePage {
    /// Frame.
    pub shell: Shell,
    /// "In the last 24 hours: 1,204".
    pub last_day: String,
    /// Reasons to choose from.
    pub reasons: Vec<ReasonOption>,
    /// Whether one of them is chosen.
    pub is_filtered: bool,
    /// The entries.
    pub rows: Vec<QuarantineRow>,
    /// All of them as a file.
    pub csv_href: String,
    /// Older ones.
    pub next_href: Option<String>,
    /// The first page, from any other.
    pub start_href: Option<String>,
}

/// A reason to choose.
#[derive(Clone, Debug)]
pub struct ReasonOption {
    /// Its code.
    pub code: String,
    /// Its word, with its count of the last 24 hours.
    pub words: String,
    /// Whether it is chosen.
    pub is_chosen: bool,
}

/// One entry of the list.
#[derive(Clone, Debug)]
pub struct QuarantineRow {
    /// Its page.
    pub href: String,
    /// The reason in a word.
    pub reason: String,
    /// What the reason means and what to do.
    pub why: &'static str,
    /// What exactly was wrong.
    pub detail: String,
    /// The reader that sent it.
    pub reader: String,
    /// Message or sighting.
    pub scope: &'static str,
    /// When it came.
    pub received_at: DateTime<Utc>,
    /// What happened to it.
    pub chip: Chip,
}

/// One entry.
#[derive(Debug, Template)]
#[template(path = "quarantine/row.html")]
pub struct QuarantineRowPage {
    /// Frame.
    pub shell: Shell,
    /// "Not JSON, number 12".
    pub heading: String,
    /// What it is.
    pub row: QuarantineRow,
    /// The routing key that it came with.
    pub routing_key: String,
    /// "312 bytes".
    pub size: String,
    /// How much of the body is shown.
    pub body_note: String,
    /// The body as printable text.
    pub body: String,
    /// When somebody asked for it to be sent again.
    pub asked_at: Option<DateTime<Utc>>,
    /// When it was sent again.
    pub replayed_at: Option<DateTime<Utc>>,
    /// Where to ask for it.
    pub replay_href: Option<String>,
    /// It is one sighting and cannot be sent again.
    pub is_sighting: bool,
}

/// `GET /quarantine`
///
/// # Errors
/// When the database fails.
pub async fn index(
    app: web::Data<App>,
    viewer: Viewer,
    params: web::Query<QuarantineParams>,
) -> Result<Page<QuarantinePage>, PageError> {
    let shell = viewer.shell(Nav::Quarantine);
    let conn = app.db.conn().await?;
    let reason = params
        .reason
        .as_deref()
        .filter(|code| !code.is_empty() && !code.contains('\0'));
    let after = params.after.as_deref().and_then(QuarantineCursor::parse);
    let (mut rows, reasons, last_day) = tokio::try_join!(
        list_rows(&conn, reason, after, ROWS_PER_PAGE + 1),
        list_reasons(&conn, shell.now),
        count_rows(&conn, shell.now),
    )?;
    let shown = usize::try_from(ROWS_PER_PAGE).unwrap_or(usize::MAX);
    let has_more = rows.len() > shown;
    rows.truncate(shown);
    let link = |after: Option<&str>| {
        let pairs = reason
            .map(|code| ("reason", code))
            .into_iter()
            .chain(after.map(|text| ("after", text)));
        let pairs: Vec<_> = pairs.collect();
        if pairs.is_empty() {
            routes::QUARANTINE.to_owned()
        } else {
            routes::with_query(routes::QUARANTINE, &pairs)
        }
    };
    let next_href = rows.last().filter(|_| has_more).map(|last| {
        let cursor = QuarantineCursor {
            received_at: last.received_at,
            quarantine_id: last.quarantine_id,
        };
        link(Some(&cursor.to_string()))
    });
    Ok(Page::new(QuarantinePage {
        last_day: fill(shell.t.pages.quarantine.last_day, &[&grouped(last_day)]),
        reasons: reason_options(&reasons, reason, shell.t),
        is_filtered: reason.is_some(),
        rows: rows
            .iter()
            .map(|row| QuarantineRow::new(row, shell.t))
            .collect(),
        csv_href: download_href(routes::QUARANTINE_CSV, &[("reason", reason.unwrap_or(""))]),
        next_href,
        start_href: after.map(|_| link(None)),
        shell,
    }))
}

/// `GET /quarantine/{id}`
///
/// # Errors
/// When there is no such entry, or the database fails.
pub async fn page(
    app: web::Data<App>,
    viewer: Viewer,
    id: IdPath<QuarantineId>,
) -> Result<Page<QuarantineRowPage>, PageError> {
    let conn = app.db.conn().await?;
    let row = find_row(&conn, id.0).await?.ok_or(PageError::NotFound)?;
    Ok(Page::new(QuarantineRowPage::new(
        viewer.shell(Nav::Quarantine),
        &row,
    )))
}

/// `POST /quarantine/{id}/replay`
///
/// # Errors
/// When there is no such entry, or the database fails.
pub async fn replay(
    app: web::Data<App>,
    viewer: Viewer,
    id: IdPath<QuarantineId>,
) -> Result<HttpResponse, PageError> {
    let t = &viewer.shell(Nav::Quarantine).t.pages.quarantine;
    let mut conn = app.db.conn().await?;
    let words = match ask_replay(&mut conn, id.0, viewer.user_id, app.clock.now()).await? {
        ReplayMark::NoRow => return Err(PageError::NotFound),
        ReplayMark::Asked => t.asked,
        ReplayMark::AlreadyAsked => t.asked_before,
        ReplayMark::OnlySighting => t.only_sighting,
        ReplayMark::NoBody => t.no_body,
    };
    drop(conn);
    viewer.leave_flash(&app, words).await?;
    Ok(see_other(&routes::quarantine_path(id.0)))
}

fn reason_options(counts: &[ReasonCount], chosen: Option<&str>, t: &Strings) -> Vec<ReasonOption> {
    let option = |code: &str, rows: i64| ReasonOption {
        words: format!("{} ({})", reason_words(code, t).0, grouped(rows)),
        is_chosen: chosen == Some(code),
        code: code.to_owned(),
    };
    let mut options: Vec<_> = counts
        .iter()
        .map(|count| option(&count.reason, count.rows))
        .collect();
    // A reason that nothing had today can still be in the link.
    if let Some(code) = chosen.filter(|code| !options.iter().any(|option| option.code == **code)) {
        options.push(option(code, 0));
    }
    options
}

impl QuarantineRow {
    fn new(row: &QuarantineEntry, t: &Strings) -> Self {
        let words = &t.pages.quarantine;
        let (reason, why) = reason_words(&row.reason, t);
        Self {
            href: routes::quarantine_path(row.quarantine_id),
            reason,
            why,
            detail: printable(row.detail.as_bytes()),
            reader: row
                .reader_key
                .clone()
                .unwrap_or_else(|| words.unknown_reader.to_owned()),
            scope: match row.scope {
                QuarantineScope::Message => words.message,
                QuarantineScope::Sighting => words.sighting,
            },
            received_at: row.received_at,
            chip: match row.state {
                QuarantineState::Kept => Chip::quiet(words.state_kept),
                QuarantineState::ReplayAsked => Chip::warn(words.state_asked),
                QuarantineState::Replayed => Chip::good(words.state_replayed),
            },
        }
    }
}

impl QuarantineRowPage {
    fn new(shell: Shell, entry: &QuarantineEntry) -> Self {
        let t = &shell.t.pages.quarantine;
        let row = QuarantineRow::new(entry, shell.t);
        let shown = i64::try_from(entry.body_start.len()).unwrap_or(i64::MAX);
        let total = i64::from(entry.body_bytes);
        let is_message = entry.scope == QuarantineScope::Message;
        let can_replay = is_message && total > 0 && entry.state == QuarantineState::Kept;
        Self {
            heading: fill(t.row_title, &[&row.reason, &entry.quarantine_id]),
            row,
            routing_key: printable(entry.routing_key.as_bytes()),
            size: fill(t.bytes, &[&grouped(total)]),
            body_note: match shown {
                0 => t.body_empty.to_owned(),
                shown if shown < total => fill(t.body_cut, &[&grouped(shown), &grouped(total)]),
                _ => fill(t.body_all, &[&grouped(total)]),
            },
            body: printable(&entry.body_start),
            asked_at: entry.replay_asked_at,
            replayed_at: entry.replayed_at,
            replay_href: can_replay.then(|| routes::quarantine_replay_path(entry.quarantine_id)),
            is_sighting: !is_message,
            shell,
        }
    }
}

fn sample_entry(shell: &Shell, scope: QuarantineScope, state: QuarantineState) -> QuarantineEntry {
    QuarantineEntry {
        quarantine_id: QuarantineId(60_001),
        received_at: shell.now,
        scope,
        reason: "not_json".to_owned(),
        detail: "expected value at line 1 <b>".to_owned(),
        routing_key: "s.3w-12-a".to_owned(),
        reader_key: None,
        body_start: b"{\"v\":1,<script>\x00\xff".to_vec(),
        body_bytes: 300_000,
        state,
        replay_asked_at: (state != QuarantineState::Kept).then_some(shell.now),
        replayed_at: (state == QuarantineState::Replayed).then_some(shell.now),
    }
}

impl QuarantinePage {
    /// Pages for tests of templates.
    #[must_use]
    pub fn samples() -> Vec<Self> {
        let shell = Shell::sample_for(Role::Admin);
        let rows = QuarantineState::ALL
            .iter()
            .map(|state| {
                QuarantineRow::new(
                    &sample_entry(&shell, QuarantineScope::Message, *state),
                    shell.t,
                )
            })
            .collect();
        let counts = [ReasonCount {
            reason: "not_json".to_owned(),
            rows: 1_204,
        }];
        let page = |rows, is_filtered: bool| Self {
            last_day: fill(shell.t.pages.quarantine.last_day, &[&"1,204"]),
            reasons: reason_options(&counts, is_filtered.then_some("<odd>"), shell.t),
            is_filtered,
            rows,
            next_href: Some("/quarantine?after=1.1".to_owned()),
            csv_href: "/quarantine.csv?bom=1".to_owned(),
            start_href: is_filtered.then(|| "/quarantine".to_owned()),
            shell: shell.clone(),
        };
        vec![
            page(rows, false),
            page(Vec::new(), true),
            page(Vec::new(), false),
        ]
    }
}

impl QuarantineRowPage {
    /// Pages for tests of templates.
    #[must_use]
    pub fn samples() -> Vec<Self> {
        let shell = Shell::sample_for(Role::Admin);
        let states = QuarantineState::ALL
            .iter()
            .map(|state| (QuarantineScope::Message, *state));
        states
            .chain([(QuarantineScope::Sighting, QuarantineState::Kept)])
            .map(|(scope, state)| Self::new(shell.clone(), &sample_entry(&shell, scope, state)))
            .collect()
    }
}
