//! The tag to tie to a broken device: what it is, what is wrong, and since when.

use actix_web::{HttpResponse, web};
use askama::Template;
use chrono::{DateTime, Utc};

use super::acts::words::categories;
use super::extract::{IdPath, Viewer};
use super::labels::Qr;
use super::page::{Nav, Page, Shell, see_other};
use super::strings::Strings;
use super::wording::capitalised;
use super::{PageError, filters, routes};
use crate::app::App;
use crate::assets::events::list_events;
use crate::assets::store::find_entry;
use crate::db::types::{AssetAct, AssetStatus};
use crate::ids::AssetId;

/// How far back the report is looked for.
const EVENTS_MAX: i64 = 50;

/// The page.
#[derive(Debug, Template)]
#[template(path = "labels/fault.html")]
pub struct FaultTagPage {
    /// Frame.
    pub shell: Shell,
    /// Page of the device.
    pub href: String,
    /// The number on its label.
    pub number: String,
    /// What it is, with make and model.
    pub device: String,
    /// What is wrong.
    pub fault: String,
    /// Since when, when that is known.
    pub since: Option<DateTime<Utc>>,
    /// Its number as a code.
    pub qr: Option<Qr>,
}

/// `GET /labels/fault/{id}`; a device that is not in repair has none, so that leads to its page.
///
/// # Errors
/// When there is no such device, or the database fails.
pub async fn page(
    app: web::Data<App>,
    viewer: Viewer,
    id: IdPath<AssetId>,
) -> Result<HttpResponse, PageError> {
    let shell = viewer.shell(Nav::Find);
    let conn = app.db.conn().await?;
    let (entry, events) = tokio::try_join!(
        find_entry(&conn, id.0),
        list_events(&conn, id.0, None, EVENTS_MAX),
    )?;
    let entry = entry.ok_or(PageError::NotFound)?;
    let href = routes::asset_path(id.0);
    if entry.standing.status != AssetStatus::InRepair {
        return Ok(see_other(&href));
    }
    let report = events
        .iter()
        .filter(|event| event.act == AssetAct::Broken)
        .max_by_key(|event| event.at);
    let category = report.and_then(|event| event.detail.as_deref());
    let type_name = capitalised(&entry.type_name);
    Page::new(FaultTagPage {
        device: match entry.model() {
            Some(model) => format!("{type_name}, {model}"),
            None => type_name,
        },
        fault: fault_words(category, shell.t),
        since: report.map(|event| event.at),
        qr: Qr::new(&entry.asset_number),
        number: entry.asset_number,
        href,
        shell,
    })
    .render()
}

fn fault_words(category: Option<&str>, t: &Strings) -> String {
    let Some(category) = category else {
        return t.labels.fault_unknown.to_owned();
    };
    let known = categories(t)
        .into_iter()
        .find(|(code, _)| *code == category);
    known.map_or_else(|| category.to_owned(), |(_, words)| words.to_owned())
}

impl FaultTagPage {
    /// Pages for tests of templates.
    #[must_use]
    pub fn samples() -> Vec<Self> {
        let shell = Shell::sample();
        vec![Self {
            href: routes::asset_path(AssetId(70_001)),
            number: "IP-0417 <b>".to_owned(),
            device: "Infusion pump, BD <i>".to_owned(),
            fault: fault_words(Some("<u>"), shell.t),
            since: Some(shell.now),
            qr: Qr::new("IP-0417"),
            shell,
        }]
    }
}
