//! Restocking rounds: listed, added, changed, and taken away when no place is on them.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;
use uuid::Uuid;

use super::item_words::{TextField, bad_field, gone, problems, text_field};
use crate::app::App;
use crate::db::again::again;
use crate::db::types::Role;
use crate::ids::RoundId;
use crate::supplies::catalogue::{
    ItemRefusal, RoundAct, RoundFields, RoundForm, RoundRow, find_round, list_rounds,
    perform_round_form,
};
use crate::supplies::item_form::{ItemFault, ItemField, needed, round_days};
use crate::web::acts::new_key;
use crate::web::exports::download_href;
use crate::web::extract::{IdPath, Viewer};
use crate::web::page::{Nav, Page, Problem, Shell, see_other};
use crate::web::strings::fill;
use crate::web::wording::grouped;
use crate::web::{PageError, routes};

/// Both forms: `POST /supplies/rounds` adds a round, `POST /supplies/rounds/{id}` changes it or takes it away.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SaveRoundForm {
    key: String,
    act: String,
    #[serde(default)]
    shown: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    every_days: String,
}

/// All rounds.
#[derive(Debug, Template)]
#[template(path = "supplies/rounds.html")]
pub struct RoundsPage {
    /// Frame.
    pub shell: Shell,
    /// What is wrong with the form.
    pub problems: Vec<Problem>,
    /// They.
    pub rows: Vec<RoundLine>,
    /// They as a file.
    pub csv_href: String,
    /// Idempotency key of the form that adds one.
    pub key: String,
    /// Its fields.
    pub fields: Vec<TextField>,
}

/// A round, ready to show.
#[derive(Clone, Debug)]
pub struct RoundLine {
    /// Its page.
    pub href: String,
    /// Its name.
    pub name: String,
    /// How often it goes.
    pub every: String,
    /// Places on it.
    pub places: String,
}

/// One round.
#[derive(Debug, Template)]
#[template(path = "supplies/round.html")]
pub struct RoundPage {
    /// Frame.
    pub shell: Shell,
    /// "Round Morning".
    pub heading: String,
    /// What is wrong.
    pub problems: Vec<Problem>,
    /// That somebody was faster.
    pub stale: Option<&'static str>,
    /// Where the forms are sent.
    pub action: String,
    /// Idempotency keys: to change it, and to take it away.
    pub keys: [String; 2],
    /// What the form shows of it.
    pub shown: String,
    /// Its fields.
    pub fields: Vec<TextField>,
}

/// `GET /supplies/rounds`
///
/// # Errors
/// When the database fails.
pub async fn page(app: web::Data<App>, viewer: Viewer) -> Result<Page<RoundsPage>, PageError> {
    let rounds = list_rounds(&*app.db.conn().await?).await?;
    let shell = viewer.shell(Nav::Rounds);
    Ok(Page::new(RoundsPage::new(shell, &rounds, ["", "1"])))
}

/// `POST /supplies/rounds`
///
/// # Errors
/// When the database fails.
pub async fn add(
    app: web::Data<App>,
    viewer: Viewer,
    form: web::Form<SaveRoundForm>,
) -> Result<HttpResponse, PageError> {
    let shell = viewer.shell(Nav::Rounds);
    let key = match (form.key.parse::<Uuid>(), form.act.as_str()) {
        (Ok(key), "add") => key,
        (Err(_), _) => return bad_field(shell, "key", &form.key, routes::ROUNDS),
        (Ok(_), act) => return bad_field(shell, "act", act, routes::ROUNDS),
    };
    let (fields, mut faults) = form.fields();
    if faults.is_empty() {
        let sent = RoundForm {
            key,
            user_id: viewer.user_id,
            act: RoundAct::Add(&fields),
            location: routes::ROUNDS,
        };
        match perform(&app, &sent).await? {
            Ok(repeat) => {
                let done = shell.t.rounds.added;
                return finish(&app, &viewer, &shell, (repeat, done), routes::ROUNDS).await;
            }
            Err(ItemRefusal::Fault(fault)) => faults.push(fault),
            Err(ItemRefusal::Gone | ItemRefusal::Stale) => return gone(shell, routes::ROUNDS),
        }
    }
    let rounds = list_rounds(&*app.db.conn().await?).await?;
    let mut page = RoundsPage::new(shell, &rounds, [&form.name, &form.every_days]);
    page.problems = problems(&faults, page.shell.t);
    Page::new(page)
        .with_status(StatusCode::UNPROCESSABLE_ENTITY)
        .render()
}

/// `GET /supplies/rounds/{id}`
///
/// # Errors
/// 404 for a round that does not exist; when the database fails.
pub async fn edit_form(
    app: web::Data<App>,
    viewer: Viewer,
    id: IdPath<RoundId>,
) -> Result<Page<RoundPage>, PageError> {
    let found = find_round(&*app.db.conn().await?, id.0).await?;
    let found = found.ok_or(PageError::NotFound)?;
    Ok(Page::new(RoundPage::new(
        viewer.shell(Nav::Rounds),
        id.0,
        &found,
    )))
}

/// `POST /supplies/rounds/{id}`
///
/// # Errors
/// When the database fails.
pub async fn edit(
    app: web::Data<App>,
    viewer: Viewer,
    id: IdPath<RoundId>,
    form: web::Form<SaveRoundForm>,
) -> Result<HttpResponse, PageError> {
    let shell = viewer.shell(Nav::Rounds);
    let back = routes::round_path(id.0);
    let Ok(key) = form.key.parse::<Uuid>() else {
        return bad_field(shell, "key", &form.key, &back);
    };
    let (fields, mut faults) = form.fields();
    let t = &shell.t.rounds;
    let (act, location, done) = match form.act.as_str() {
        "save" => {
            let act = RoundAct::Edit(id.0, &fields, &form.shown);
            (act, back.as_str(), shell.t.stock_items.saved)
        }
        "remove" => {
            faults.clear();
            (RoundAct::Remove(id.0), routes::ROUNDS, t.removed)
        }
        other => return bad_field(shell, "act", other, &back),
    };
    let mut status = StatusCode::UNPROCESSABLE_ENTITY;
    if faults.is_empty() {
        let sent = RoundForm {
            key,
            user_id: viewer.user_id,
            act,
            location,
        };
        match perform(&app, &sent).await? {
            Ok(repeat) => return finish(&app, &viewer, &shell, (repeat, done), location).await,
            Err(ItemRefusal::Gone) => return gone(shell, routes::ROUNDS),
            Err(ItemRefusal::Stale) => status = StatusCode::CONFLICT,
            Err(ItemRefusal::Fault(fault)) => faults.push(fault),
        }
    }
    let found = find_round(&*app.db.conn().await?, id.0).await?;
    let found = found.ok_or(PageError::NotFound)?;
    let mut page = RoundPage::new(shell, id.0, &found);
    if form.act == "save" {
        let typed = [&form.name, &form.every_days];
        for (field, value) in page.fields.iter_mut().zip(typed) {
            field.value.clone_from(value);
        }
        if status == StatusCode::CONFLICT {
            page.stale = Some(page.shell.t.stock_items.stale);
        } else {
            page.shown.clone_from(&form.shown);
        }
    }
    page.problems = problems(&faults, page.shell.t);
    Page::new(page).with_status(status).render()
}

/// Carries a form out, again when its transaction met another one.
async fn perform(
    app: &App,
    form: &RoundForm<'_>,
) -> Result<Result<Option<String>, ItemRefusal>, PageError> {
    let done = again(&app.db, async |conn| {
        perform_round_form(conn, form, app.clock.now()).await
    });
    Ok(done.await?)
}

/// On to where the form leads, or led the first time.
async fn finish(
    app: &App,
    viewer: &Viewer,
    shell: &Shell,
    (repeat, done): (Option<String>, &str),
    location: &str,
) -> Result<HttpResponse, PageError> {
    let words = if repeat.is_some() {
        shell.t.acts.done_already
    } else {
        done
    };
    viewer.leave_flash(app, words).await?;
    let location = repeat.as_deref().map_or(location, routes::safe_next);
    Ok(see_other(location))
}

impl SaveRoundForm {
    fn fields(&self) -> (RoundFields, Vec<ItemFault>) {
        let mut faults = Vec::new();
        let fields = RoundFields {
            name: needed(
                ItemField::Name,
                &self.name.replace('\0', ""),
                80,
                &mut faults,
            ),
            every_days: round_days(&self.every_days, &mut faults),
        };
        (fields, faults)
    }
}

fn text_fields(shell: &Shell, [name, every]: [&str; 2]) -> Vec<TextField> {
    let t = &shell.t.rounds;
    vec![
        text_field(ItemField::Name, t.hint_name, 80, name, shell.t),
        text_field(ItemField::EveryDays, t.hint_every, 20, every, shell.t),
    ]
}

impl RoundLine {
    fn new(row: &RoundRow, shell: &Shell) -> Self {
        let every = if row.every_days > 0.0 {
            row.every_days.to_string()
        } else {
            shell.t.rounds.whenever.to_owned()
        };
        Self {
            href: routes::round_path(row.round_id),
            name: row.name.clone(),
            every,
            places: grouped(row.places),
        }
    }
}

impl RoundsPage {
    fn new(shell: Shell, rounds: &[RoundRow], typed: [&str; 2]) -> Self {
        Self {
            problems: Vec::new(),
            rows: rounds
                .iter()
                .map(|row| RoundLine::new(row, &shell))
                .collect(),
            csv_href: download_href(routes::ROUNDS_CSV, &[]),
            key: new_key(),
            fields: text_fields(&shell, typed),
            shell,
        }
    }

    /// Whether a field has a problem.
    fn is_wrong(&self, field: &str) -> bool {
        self.problems.iter().any(|problem| problem.field == field)
    }

    /// Pages for tests of templates.
    #[must_use]
    pub fn samples() -> Vec<Self> {
        let shell = Shell::sample_for(Role::Supply);
        let round = |id, name: &str, every_days| RoundRow {
            round_id: RoundId(id),
            name: name.to_owned(),
            every_days,
            places: 1_200,
        };
        let rounds = [round(1, "Morning <b>", 0.5), round(2, "On call", 0.0)];
        let mut wrong = Self::new(shell.clone(), &rounds, ["<i>", "x"]);
        let faults = [
            ItemFault::Taken(ItemField::Name, "<i>".to_owned()),
            ItemFault::RoundDays("x".to_owned()),
        ];
        wrong.problems = problems(&faults, shell.t);
        vec![wrong, Self::new(shell, &[], ["", "1"])]
    }
}

impl RoundPage {
    fn new(shell: Shell, id: RoundId, found: &RoundFields) -> Self {
        let every = found.every_days.to_string();
        Self {
            heading: fill(shell.t.rounds.edit_title, &[&found.name]),
            problems: Vec::new(),
            stale: None,
            action: routes::round_path(id),
            keys: [new_key(), new_key()],
            shown: found.fingerprint(),
            fields: text_fields(&shell, [&found.name, &every]),
            shell,
        }
    }

    /// Whether a field has a problem.
    fn is_wrong(&self, field: &str) -> bool {
        self.problems.iter().any(|problem| problem.field == field)
    }

    /// Pages for tests of templates.
    #[must_use]
    pub fn samples() -> Vec<Self> {
        let shell = Shell::sample_for(Role::Supply);
        let found = RoundFields {
            name: "Morning <b>".to_owned(),
            every_days: 1.0,
        };
        let mut wrong = Self::new(shell.clone(), RoundId(2), &found);
        wrong.problems = problems(&[ItemFault::RoundUsed(3)], shell.t);
        wrong.stale = Some(shell.t.stock_items.stale);
        vec![Self::new(shell, RoundId(2), &found), wrong]
    }
}
