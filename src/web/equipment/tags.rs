//! Tags: all of them, and one with its history.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;
use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::fields::Fields;
use super::tagging::put_on_and_answer;
use super::{PartLink, bad_form, is_keeper, list_parts};
use crate::app::App;
use crate::assets::register::list::{
    PER_PAGE, TagEntry, TagPeriod, find_tag, list_history, list_tags, list_tags_by_text,
};
use crate::assets::register::tagging::{Scan, find_asset_by_number};
use crate::db::DbConn;
use crate::db::types::{Role, Technology};
use crate::find::query::TEXT_CHARS_MAX;
use crate::ids::{AssetId, TagId};
use crate::web::acts::new_key;
use crate::web::exports;
use crate::web::extract::{IdPath, Viewer};
use crate::web::filters;
use crate::web::page::{Nav, Page, Problem, Shell};
use crate::web::strings::fill;
use crate::web::wording::capitalised;
use crate::web::{PageError, routes};

/// The query string.
#[derive(Debug, Default, Deserialize)]
pub struct TagsParams {
    /// A tag, or the number of a device.
    pub text: Option<String>,
    /// `1`: only those on no device.
    pub free: Option<String>,
    /// The key after which the page begins.
    pub after: Option<String>,
}

impl TagsParams {
    /// What is searched for, without what nobody types.
    #[must_use]
    pub fn text(&self) -> String {
        let text = self.text.as_deref().unwrap_or_default().trim();
        let signs = text.chars().filter(|sign| !sign.is_control());
        signs.take(TEXT_CHARS_MAX).collect()
    }

    /// Whether only those on no device are asked for.
    #[must_use]
    pub fn is_free(&self) -> bool {
        self.free.as_deref() == Some("1")
    }
}

/// Tags.
#[derive(Debug, Template)]
#[template(path = "equipment/tags.html")]
pub struct TagsPage {
    /// Frame.
    pub shell: Shell,
    /// Parts of the register.
    pub parts: Vec<PartLink>,
    /// What is searched for.
    pub text: String,
    /// Only those on no device.
    pub is_free: bool,
    /// The tags.
    pub rows: Vec<TagRow>,
    /// Further tags.
    pub next_href: Option<String>,
    /// The first page, from any other.
    pub start_href: Option<String>,
    /// All of them as a file.
    pub csv_href: String,
}

/// A tag, ready to show.
#[derive(Clone, Debug)]
pub struct TagRow {
    /// Its page.
    pub href: String,
    /// Its key.
    pub key: String,
    /// What it speaks.
    pub technology: String,
    /// The device: number, type and page.
    pub on: Option<OnDevice>,
    /// When it was heard last.
    pub seen_at: Option<DateTime<Utc>>,
    /// "82 %".
    pub battery: String,
}

/// The device that a tag is on.
#[derive(Clone, Debug)]
pub struct OnDevice {
    /// Where the tag is taken off.
    pub off_action: String,
    /// Its page.
    pub href: String,
    /// Its number.
    pub number: String,
    /// Its type.
    pub type_name: String,
}

/// One tag.
#[derive(Debug, Template)]
#[template(path = "equipment/tag.html")]
pub struct TagPage {
    /// Frame.
    pub shell: Shell,
    /// The tag.
    pub tag_id: TagId,
    /// What is known of it.
    pub row: TagRow,
    /// Where it was, newest first.
    pub periods: Vec<PeriodLine>,
    /// Whether this person may take it off or put it on.
    pub is_keeper: bool,
    /// Idempotency key.
    pub key: String,
    /// What was typed as the device's number.
    pub number: String,
    /// Mistakes.
    pub problems: Vec<Problem>,
}

/// A period in which a tag was on a device.
#[derive(Clone, Debug)]
pub struct PeriodLine {
    /// The device, or the tag.
    pub name: String,
    /// Its page.
    pub href: String,
    /// "1 Jan 2026, 00:00 to 7 Sep 2026, 14:06".
    pub when: String,
}

impl PeriodLine {
    /// A period of a tag: it names the device.
    #[must_use]
    pub fn of_tag(period: &TagPeriod, shell: &Shell) -> Self {
        Self {
            name: period.asset_number.clone(),
            href: routes::asset_path(period.asset_id),
            when: period_words(period, shell),
        }
    }

    /// A period of a device: it names the tag.
    #[must_use]
    pub fn of_asset(period: &TagPeriod, shell: &Shell) -> Self {
        Self {
            name: period.tag_key.clone(),
            href: routes::tag_path(period.tag_id),
            when: period_words(period, shell),
        }
    }
}

fn period_words(period: &TagPeriod, shell: &Shell) -> String {
    let t = &shell.t.register;
    let from = filters::clock(period.assigned_at, shell);
    match period.ended_at {
        Some(ended_at) => fill(t.from_to, &[&from, &filters::clock(ended_at, shell)]),
        None => fill(t.since, &[&from]),
    }
}

/// `GET /equipment/tags`
///
/// # Errors
/// When the database fails.
pub async fn index(
    app: web::Data<App>,
    viewer: Viewer,
    params: web::Query<TagsParams>,
) -> Result<Page<TagsPage>, PageError> {
    let shell = viewer.shell(Nav::Equipment);
    let conn = app.db.conn().await?;
    let (text, is_free) = (params.text(), params.is_free());
    let after = params.after.as_deref().unwrap_or_default();
    let (tags, next) = if text.is_empty() {
        list_tags(&conn, is_free, after, PER_PAGE).await?
    } else {
        (list_tags_by_text(&conn, &text).await?, None)
    };
    let free = if is_free { "1" } else { "" };
    let next_href = next.map(|next| {
        let pairs = [("free", free), ("after", next.as_str())];
        let given: Vec<_> = pairs
            .into_iter()
            .filter(|(_, value)| !value.is_empty())
            .collect();
        routes::with_query(routes::TAGS, &given)
    });
    let start_href = (!after.is_empty()).then(|| {
        if is_free {
            routes::with_query(routes::TAGS, &[("free", free)])
        } else {
            routes::TAGS.to_owned()
        }
    });
    Ok(Page::new(TagsPage {
        parts: list_parts(routes::TAGS, &shell),
        csv_href: exports::download_href(routes::TAGS_CSV, &[("text", &text), ("free", free)]),
        text,
        is_free,
        rows: tags.iter().map(|tag| TagRow::new(tag, &shell)).collect(),
        next_href,
        start_href,
        shell,
    }))
}

impl TagRow {
    fn new(tag: &TagEntry, shell: &Shell) -> Self {
        let t = &shell.t.register;
        let technology = match (tag.technology, tag.expected_interval_ms) {
            (Technology::Rfid, _) => t.rfid.to_owned(),
            (Technology::Ble, None) => t.ble.to_owned(),
            (Technology::Ble, Some(ms)) if ms % 1_000 == 0 => fill(t.ble_every, &[&(ms / 1_000)]),
            (Technology::Ble, Some(ms)) => fill(
                t.ble_every,
                &[&format!("{}.{}", ms / 1_000, ms % 1_000 / 100)],
            ),
        };
        let on = tag
            .asset_id
            .zip(tag.asset_number.clone())
            .map(|(asset_id, number)| OnDevice {
                off_action: routes::asset_tag_off_path(asset_id),
                href: routes::asset_path(asset_id),
                number,
                type_name: capitalised(tag.type_name.as_deref().unwrap_or_default()),
            });
        Self {
            href: routes::tag_path(tag.tag_id),
            key: tag.tag_key.clone(),
            technology,
            on,
            seen_at: tag.seen_at,
            battery: tag
                .battery_pct
                .map(|pct| format!("{pct} %"))
                .unwrap_or_default(),
        }
    }
}

/// `GET /equipment/tags/{id}`
///
/// # Errors
/// When there is no such tag, or the database fails.
pub async fn page(
    app: web::Data<App>,
    viewer: Viewer,
    id: IdPath<TagId>,
) -> Result<Page<TagPage>, PageError> {
    let conn = app.db.conn().await?;
    Ok(Page::new(load(&conn, &viewer, id.0).await?))
}

async fn load(conn: &DbConn, viewer: &Viewer, id: TagId) -> Result<TagPage, PageError> {
    let shell = viewer.shell(Nav::Equipment);
    let (tag, periods) = tokio::try_join!(find_tag(conn, id), list_history(conn, None, Some(id)))?;
    let tag = tag.ok_or(PageError::NotFound)?;
    Ok(TagPage {
        tag_id: id,
        row: TagRow::new(&tag, &shell),
        periods: periods
            .iter()
            .map(|period| PeriodLine::of_tag(period, &shell))
            .collect(),
        is_keeper: is_keeper(viewer.role),
        key: new_key(),
        number: String::new(),
        problems: Vec::new(),
        shell,
    })
}

/// `POST /equipment/tags/{id}/put-on`
///
/// # Errors
/// When there is no such tag, or the database fails.
pub async fn put_on(
    app: web::Data<App>,
    viewer: Viewer,
    id: IdPath<TagId>,
    body: web::Bytes,
) -> Result<HttpResponse, PageError> {
    let shell = viewer.shell(Nav::Equipment);
    let read = Fields::parse(&body, &["number"])
        .and_then(|fields| Ok((fields.text("number"), fields.key()?)));
    let (number, key) = match read {
        Ok(read) => read,
        Err(bad) => return bad_form(&shell, bad),
    };
    let conn = app.db.conn().await?;
    let found = find_asset_by_number(&conn, &number).await?;
    let mut page = load(&conn, &viewer, id.0).await?;
    drop(conn);
    let Some(asset_id) = found else {
        let shown: String = number.chars().take(64).collect();
        let words = fill(shell.t.register.no_such_number, &[&shown.trim()]);
        page.problems = vec![Problem::new("number", words)];
        page.number = shown;
        return Page::new(page)
            .with_status(StatusCode::UNPROCESSABLE_ENTITY)
            .render();
    };
    let scan = Scan {
        text: page.row.key,
        ..Scan::default()
    };
    put_on_and_answer(&app, &viewer, shell, asset_id, key, scan, "").await
}

impl TagsPage {
    /// Pages for tests of templates.
    #[must_use]
    pub fn samples() -> Vec<Self> {
        let shell = Shell::sample();
        let rows = TagRow::samples(&shell);
        vec![
            Self {
                parts: list_parts(routes::TAGS, &shell),
                text: "\"<b>".to_owned(),
                is_free: true,
                next_href: Some("/equipment/tags?after=x".to_owned()),
                start_href: Some(routes::TAGS.to_owned()),
                csv_href: exports::download_href(routes::TAGS_CSV, &[("free", "1")]),
                rows,
                shell: shell.clone(),
            },
            Self {
                parts: list_parts(routes::TAGS, &shell),
                text: String::new(),
                is_free: false,
                next_href: None,
                start_href: None,
                csv_href: exports::download_href(routes::TAGS_CSV, &[]),
                rows: Vec::new(),
                shell,
            },
        ]
    }
}

impl TagRow {
    fn samples(shell: &Shell) -> Vec<Self> {
        let entry = TagEntry {
            tag_id: TagId(90_001),
            tag_key: "x:<b>".to_owned(),
            technology: Technology::Ble,
            expected_interval_ms: Some(2_500),
            asset_id: Some(AssetId(70_001)),
            asset_number: Some("IP-0417 <i>".to_owned()),
            type_name: Some("infusion pump".to_owned()),
            seen_at: Some(shell.now),
            battery_pct: Some(82),
        };
        let free = TagEntry {
            asset_id: None,
            seen_at: None,
            battery_pct: None,
            ..entry.clone()
        };
        vec![Self::new(&entry, shell), Self::new(&free, shell)]
    }
}

impl TagPage {
    /// Pages for tests of templates.
    #[must_use]
    pub fn samples() -> Vec<Self> {
        let shell = Shell::sample_for(Role::Biomed);
        TagRow::samples(&shell)
            .into_iter()
            .map(|row| Self {
                tag_id: TagId(90_001),
                problems: vec![Problem::new("number", "<b>")]
                    .into_iter()
                    .filter(|_| row.on.is_none())
                    .collect(),
                periods: vec![PeriodLine {
                    name: "IP-0417 <b>".to_owned(),
                    href: routes::asset_path(AssetId(70_001)),
                    when: "since 1 Jan 2026".to_owned(),
                }],
                row,
                is_keeper: true,
                key: "0190b6c0-0000-7000-8000-000000000001".to_owned(),
                number: String::new(),
                shell: shell.clone(),
            })
            .collect()
    }
}
