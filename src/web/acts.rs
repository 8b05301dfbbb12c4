//! What people say about assets: "took it", "soiled", "not here" and the rest, from any page. Every form carries a key of its own, so
//! that a double tap does nothing twice, and the status that its page showed, so that an old page is noticed.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;
use uuid::Uuid;

use super::done::with_done;
use super::extract::Viewer;
use super::filters;
use super::page::{Nav, Page, Shell, see_other};
use super::strings::fill;
use super::wording::status_word;
use super::{PageError, routes};
use crate::app::App;
use crate::assets::acts::{Act, By, Change, Posted, Refused, WhyRefused, perform_form, undo_form};
use crate::assets::events::{AssetEvent, list_events};
use crate::assets::status::Refusal;
use crate::db::again::again;
use crate::db::types::AssetAct;
use crate::ids::AssetId;
use crate::live::Topic;

pub mod form;
pub(in crate::web) mod room;
pub mod words;

use form::{ActForm, UndoForm};
use words::{event_sentence, status_sentence};

/// Why nothing was changed, and where to go on.
#[derive(Debug, Template)]
#[template(path = "assets/refused.html")]
pub struct RefusedPage {
    /// Frame.
    pub shell: Shell,
    /// What is the matter.
    pub title: String,
    /// Why, and what to do.
    pub sentences: Vec<String>,
    /// Links to go on: words and address.
    pub links: Vec<(String, String)>,
}

/// `POST /acts`
///
/// # Errors
/// When the database fails.
pub async fn act(
    app: web::Data<App>,
    viewer: Viewer,
    body: web::Bytes,
) -> Result<HttpResponse, PageError> {
    let shell = viewer.shell(Nav::Find);
    let form = match ActForm::parse(&body, shell.t) {
        Ok(form) => form,
        Err(words) => return bad_request(shell, words),
    };
    let room_id = match &form.room {
        Some(text) => match room::find_named(&app, text).await? {
            room::Named::One(id) => Some(id),
            room::Named::None => return no_room(shell, &form, text),
            room::Named::Many(rooms) => return choose_room(shell, &form, &rooms),
        },
        None => None,
    };
    let act = Act {
        act: form.act,
        asset_ids: &form.assets,
        by: By::Person(viewer.user_id, viewer.role),
        reason: form.reason.as_deref(),
        hold: None,
        room_id,
        shown: form.shown,
        shown_room: form.shown_room,
        at: None,
    };
    let location = with_done(&form.next, form.key);
    let posted = again(&app.db, async |conn| {
        let now = app.clock.now();
        perform_form(conn, form.key, viewer.user_id, &act, &location, now).await
    })
    .await?;
    finish(&app, &viewer, shell, posted, &form.next, &location).await
}

/// `POST /undo`
///
/// # Errors
/// When the database fails.
pub async fn undo(
    app: web::Data<App>,
    viewer: Viewer,
    body: web::Bytes,
) -> Result<HttpResponse, PageError> {
    let shell = viewer.shell(Nav::Find);
    let form = match UndoForm::parse(&body, shell.t) {
        Ok(form) => form,
        Err(words) => return bad_request(shell, words),
    };
    let posted = again(&app.db, async |conn| {
        let (user, now) = (viewer.user_id, app.clock.now());
        undo_form(conn, form.done, form.key, user, &form.next, now).await
    })
    .await?;
    if let Ok(Posted::Done(changes)) = &posted {
        let words = undone_words(changes, &shell);
        viewer.leave_flash(&app, &words).await?;
    }
    finish(&app, &viewer, shell, posted, &form.next, &form.next).await
}

fn undone_words(changes: &[Change], shell: &Shell) -> String {
    let t = &shell.t.acts;
    match changes {
        [one] => fill(
            t.undone_one,
            &[
                &one.asset_number,
                &status_word(one.to, shell.t).to_lowercase(),
            ],
        ),
        many => fill(t.undone_many, &[&many.len()]),
    }
}

type Outcome = Result<Posted, Refused>;

async fn finish(
    app: &App,
    viewer: &Viewer,
    shell: Shell,
    posted: Outcome,
    next: &str,
    location: &str,
) -> Result<HttpResponse, PageError> {
    match posted {
        Ok(Posted::Done(changes)) => {
            hint_changes(app, &changes);
            Ok(see_other(location))
        }
        Ok(Posted::Repeat { location }) => {
            viewer.leave_flash(app, shell.t.acts.done_already).await?;
            Ok(see_other(routes::safe_next(&location)))
        }
        Err(refused) => refuse_act(app, shell, &refused, next).await,
    }
}

/// Says why an act was refused, and what the asset is now.
///
/// # Errors
/// When the database fails.
pub async fn refuse_act(
    app: &App,
    shell: Shell,
    refused: &Refused,
    next: &str,
) -> Result<HttpResponse, PageError> {
    let conn = app.db.conn().await?;
    let newest = match &refused.asset {
        Some((id, ..)) => list_events(&conn, *id, None, 1).await?.pop(),
        None => None,
    };
    refuse(shell, refused, newest.as_ref(), next)
}

/// Tells open pages which things changed.
pub fn hint_changes(app: &App, changes: &[Change]) {
    let topics = changes.iter().flat_map(|change| {
        [
            Some(Topic::Asset(change.asset_id)),
            Some(Topic::Type(change.asset_type_id)),
            change.room_id.map(Topic::Room),
        ]
    });
    app.hints.send(topics.flatten().chain([Topic::Alerts]));
}

fn bad_request(shell: Shell, words: String) -> Result<HttpResponse, PageError> {
    let title = shell.t.error.bad_title.to_owned();
    let links = vec![(shell.t.error.home.to_owned(), routes::HOME.to_owned())];
    respond(shell, StatusCode::BAD_REQUEST, title, vec![words], links)
}

fn no_room(shell: Shell, form: &ActForm, text: &str) -> Result<HttpResponse, PageError> {
    let t = &shell.t.acts;
    let title = fill(t.no_room_title, &[&text]);
    let links = vec![(t.back.to_owned(), form.next.clone())];
    let sentences = vec![t.no_room.to_owned(), t.nothing_changed.to_owned()];
    respond(
        shell,
        StatusCode::UNPROCESSABLE_ENTITY,
        title,
        sentences,
        links,
    )
}

fn choose_room(shell: Shell, form: &ActForm, rooms: &[String]) -> Result<HttpResponse, PageError> {
    let t = &shell.t.acts;
    let title = t.many_rooms_title.to_owned();
    let sentences = vec![
        fill(t.many_rooms, &[&rooms.join("; ")]),
        t.nothing_changed.to_owned(),
    ];
    let links = vec![(t.back.to_owned(), form.next.clone())];
    respond(
        shell,
        StatusCode::UNPROCESSABLE_ENTITY,
        title,
        sentences,
        links,
    )
}

/// Says why nothing was changed, and what the asset is now.
fn refuse(
    shell: Shell,
    refused: &Refused,
    newest: Option<&AssetEvent>,
    next: &str,
) -> Result<HttpResponse, PageError> {
    let t = &shell.t.acts;
    let number = refused
        .asset
        .as_ref()
        .map(|(_, number, _)| number.clone())
        .unwrap_or_default();
    let (status, why) = match refused.why {
        WhyRefused::NoAsset => (StatusCode::NOT_FOUND, t.no_asset),
        WhyRefused::Count => (StatusCode::BAD_REQUEST, t.count),
        WhyRefused::MovedOn => (StatusCode::CONFLICT, t.moved_on),
        WhyRefused::OtherRoom => (StatusCode::CONFLICT, t.other_room),
        WhyRefused::NoRoom => (StatusCode::UNPROCESSABLE_ENTITY, t.where_found),
        WhyRefused::NotUndoable => (StatusCode::CONFLICT, t.not_undoable),
        WhyRefused::Rule(Refusal::Status | Refusal::PersonOnly) => {
            (StatusCode::CONFLICT, t.not_from_here)
        }
        WhyRefused::Rule(Refusal::Right) => (StatusCode::FORBIDDEN, t.no_right),
        WhyRefused::Rule(Refusal::Held) => (StatusCode::CONFLICT, t.held),
        WhyRefused::Rule(Refusal::Reason) => (StatusCode::UNPROCESSABLE_ENTITY, t.reason_needed),
    };
    let mut sentences = vec![fill_number(why, &number)];
    let mut links = vec![(t.back.to_owned(), next.to_owned())];
    let mut title = t.nothing_changed_title.to_owned();
    if let Some((id, number, now)) = &refused.asset {
        title = status_sentence(number, *now, shell.t);
        if let Some(event) = newest {
            sentences.push(fill(
                t.last_act,
                &[
                    &event_sentence(event, &shell),
                    &filters::age(event.at, &shell),
                ],
            ));
        }
        links.insert(0, (fill(t.open, &[number]), routes::asset_path(*id)));
    }
    sentences.push(t.nothing_changed.to_owned());
    respond(shell, status, title, sentences, links)
}

fn fill_number(words: &'static str, number: &str) -> String {
    if words.contains("{}") {
        fill(words, &[&number])
    } else {
        words.to_owned()
    }
}

fn respond(
    shell: Shell,
    status: StatusCode,
    title: String,
    sentences: Vec<String>,
    links: Vec<(String, String)>,
) -> Result<HttpResponse, PageError> {
    let page = RefusedPage {
        shell,
        title,
        sentences,
        links,
    };
    Page::new(page).with_status(status).render()
}

/// A new key for a form on a page.
#[must_use]
pub fn new_key() -> String {
    Uuid::now_v7().to_string()
}

/// The acts that a form may carry: others go through the register.
#[must_use]
pub fn is_offered(act: AssetAct) -> bool {
    matches!(
        act,
        AssetAct::Took
            | AssetAct::Returned
            | AssetAct::Soiled
            | AssetAct::Cleaning
            | AssetAct::Cleaned
            | AssetAct::Broken
            | AssetAct::Repaired
            | AssetAct::NotHere
            | AssetAct::Found
            | AssetAct::Missing
    )
}

impl RefusedPage {
    /// Pages for tests of templates.
    #[must_use]
    pub fn samples() -> Vec<Self> {
        let shell = Shell::sample();
        vec![Self {
            title: status_sentence("IP-0417 <b>", crate::db::types::AssetStatus::InUse, shell.t),
            sentences: vec![shell.t.acts.moved_on.to_owned(), "<i>".to_owned()],
            links: vec![(
                fill(shell.t.acts.open, &[&"IP-0417"]),
                routes::asset_path(AssetId(70_001)),
            )],
            shell,
        }]
    }
}
