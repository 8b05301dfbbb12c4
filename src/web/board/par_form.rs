//! Adding, changing and deleting a target of equipment.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;
use uuid::Uuid;

use super::par::{Choice, place_words};
use crate::app::App;
use crate::board::lines::{
    Form, LineError, Saved, add_line, change_line, count_rooms, delete_line, find_line,
};
use crate::board::model::{ParLine, ParPlace};
use crate::board::rules::{NUMBER_MAX, Par, ParFault, ParField, parse_par};
use crate::db::types::RoomKind;
use crate::find::spots::list_type_names;
use crate::ids::{AssetTypeId, ParId, RoomId};
use crate::live::Topic;
use crate::places::model::kind_word;
use crate::web::acts::{RefusedPage, new_key, room};
use crate::web::extract::{IdPath, Viewer};
use crate::web::page::{Nav, Page, Problem, Shell, see_other};
use crate::web::strings::fill;
use crate::web::wording::{capitalised, grouped};
use crate::web::{PageError, routes};

/// What the form of a new line may be opened with.
#[derive(Debug, Default, Deserialize)]
pub struct NewParams {
    /// The type.
    #[serde(default)]
    pub r#type: String,
    /// The room, by name or label.
    #[serde(default)]
    pub room: String,
}

/// `POST /board/par`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AddForm {
    key: String,
    #[serde(default)]
    r#type: String,
    #[serde(default)]
    kind: String,
    #[serde(default)]
    room: String,
    #[serde(default)]
    target: String,
    #[serde(default)]
    critical: String,
    #[serde(default)]
    maximum: String,
}

/// `POST /board/par/{id}`: the numbers, and those that the page showed.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChangeForm {
    key: String,
    shown: String,
    #[serde(default)]
    target: String,
    #[serde(default)]
    critical: String,
    #[serde(default)]
    maximum: String,
}

/// `POST /board/par/{id}/delete`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeleteForm {
    key: String,
    shown: String,
}

/// A line to add or to change.
#[derive(Debug, Template)]
#[template(path = "board/par_form.html")]
pub struct LinePage {
    /// Frame.
    pub shell: Shell,
    /// What is wrong.
    pub problems: Vec<Problem>,
    /// What the line is now, when somebody was faster.
    pub stale: Option<String>,
    /// The line that is there already.
    pub existing_href: Option<String>,
    /// Idempotency key.
    pub key: String,
    /// Where the form is sent to.
    pub action: String,
    /// For a line that is there: type and rooms, in words.
    pub fixed: Option<Fixed>,
    /// Types to choose from.
    pub types: Vec<Choice>,
    /// Kinds of rooms to choose from.
    pub kinds: Vec<Choice>,
    /// What was typed.
    pub room: String,
    /// What was typed.
    pub target: String,
    /// What was typed.
    pub critical: String,
    /// What was typed.
    pub maximum: String,
}

/// What cannot be changed about a line.
#[derive(Clone, Debug)]
pub struct Fixed {
    /// "Infusion pump: every room of the kind clean utility".
    pub words: String,
    /// How many rooms it reaches.
    pub reach: Option<String>,
    /// The numbers that the page shows.
    pub shown: String,
    /// Where it is deleted.
    pub delete_action: String,
}

/// `GET /board/par/new`
///
/// # Errors
/// When the database fails.
pub async fn new(
    app: web::Data<App>,
    viewer: Viewer,
    params: web::Query<NewParams>,
) -> Result<Page<LinePage>, PageError> {
    let mut form = AddForm {
        r#type: params.r#type.clone(),
        room: params.room.clone(),
        ..AddForm::default()
    };
    // The form names the room as its door does, where that is enough.
    if let room::Named::One(id) = room::find_named(&app, &without_nul(&params.room)).await? {
        form.room = room::text_of(&app, id).await?;
    }
    let shell = viewer.shell(Nav::Targets);
    Ok(Page::new(LinePage::to_add(&app, shell, &form).await?))
}

/// `POST /board/par`
///
/// # Errors
/// When the form has no key, or the database fails.
pub async fn add(
    app: web::Data<App>,
    viewer: Viewer,
    form: web::Form<AddForm>,
) -> Result<HttpResponse, PageError> {
    let shell = viewer.shell(Nav::Targets);
    let key = parse_key(&form.key)?;
    let mut problems = Vec::new();
    let asset_type = find_type(&app, &form.r#type, &shell, &mut problems).await?;
    let place = find_place(&app, &form, &shell, &mut problems).await?;
    let par = parse_numbers(&form.target, &form.critical, &form.maximum, &shell)
        .map_err(|faults| problems.extend(faults));
    let (Some(asset_type), Some(place), Ok(par)) = (asset_type, place, par) else {
        let mut page = LinePage::to_add(&app, shell, &form).await?;
        page.problems = problems;
        return refuse(page, StatusCode::UNPROCESSABLE_ENTITY);
    };
    let mut conn = app.db.conn().await?;
    let sent = sent(&viewer, &app, key);
    let saved = add_line(&mut conn, &sent, asset_type, place, par).await;
    drop(conn);
    match saved {
        Ok(saved) => finish(&app, &viewer, saved, asset_type, shell.t.par.added).await,
        Err(LineError::Exists(id)) => {
            let problem = Problem::new("kind", shell.t.par.exists);
            let mut page = LinePage::to_add(&app, shell, &form).await?;
            page.problems = vec![problem];
            page.existing_href = Some(routes::par_path(id));
            refuse(page, StatusCode::UNPROCESSABLE_ENTITY)
        }
        Err(LineError::Database(error)) => Err(error.into()),
        Err(LineError::Gone | LineError::Changed(_)) => gone(shell),
    }
}

/// `GET /board/par/{id}`
///
/// # Errors
/// When there is no such line, or the database fails.
pub async fn edit(
    app: web::Data<App>,
    viewer: Viewer,
    id: IdPath<ParId>,
) -> Result<Page<LinePage>, PageError> {
    let shell = viewer.shell(Nav::Targets);
    let page = LinePage::to_change(&app, &shell, id.0).await?;
    page.map(Page::new).ok_or(PageError::NotFound)
}

/// `POST /board/par/{id}`
///
/// # Errors
/// When the form cannot be read, or the database fails.
pub async fn change(
    app: web::Data<App>,
    viewer: Viewer,
    id: IdPath<ParId>,
    form: web::Form<ChangeForm>,
) -> Result<HttpResponse, PageError> {
    let shell = viewer.shell(Nav::Targets);
    let key = parse_key(&form.key)?;
    let shown = parse_shown(&form.shown)?;
    let Some(page) = LinePage::to_change(&app, &shell, id.0).await? else {
        return gone(shell);
    };
    let par = match parse_numbers(&form.target, &form.critical, &form.maximum, &page.shell) {
        Ok(par) => par,
        Err(problems) => {
            let mut page = page.with_values(&form, shown);
            page.problems = problems;
            return refuse(page, StatusCode::UNPROCESSABLE_ENTITY);
        }
    };
    let mut conn = app.db.conn().await?;
    let asset_type = find_line(&conn, id.0).await?.map(|line| line.asset_type_id);
    let saved = change_line(&mut conn, &sent(&viewer, &app, key), id.0, shown, par).await;
    drop(conn);
    match (saved, asset_type) {
        (Ok(saved), Some(asset_type)) => {
            finish(&app, &viewer, saved, asset_type, page.shell.t.par.changed).await
        }
        (Err(LineError::Changed(now)), _) => {
            let words = fill(page.shell.t.par.stale, &[&now_words(now, &page.shell)]);
            let mut page = page.with_values(&form, now);
            page.stale = Some(words);
            refuse(page, StatusCode::CONFLICT)
        }
        (Err(LineError::Database(error)), _) => Err(error.into()),
        (Err(LineError::Gone | LineError::Exists(_)) | Ok(_), _) => gone(page.shell),
    }
}

/// `POST /board/par/{id}/delete`
///
/// # Errors
/// When the form cannot be read, or the database fails.
pub async fn delete(
    app: web::Data<App>,
    viewer: Viewer,
    id: IdPath<ParId>,
    form: web::Form<DeleteForm>,
) -> Result<HttpResponse, PageError> {
    let shell = viewer.shell(Nav::Targets);
    let key = parse_key(&form.key)?;
    let shown = parse_shown(&form.shown)?;
    let mut conn = app.db.conn().await?;
    let line = find_line(&conn, id.0).await?;
    let saved = delete_line(&mut conn, &sent(&viewer, &app, key), id.0, shown).await;
    drop(conn);
    match saved {
        Ok(saved) => {
            let topic = line.map(|line| Topic::Type(line.asset_type_id));
            leave(&app, &viewer, saved, topic, shell.t.par.deleted).await
        }
        Err(LineError::Changed(now)) => {
            let words = fill(shell.t.par.stale_delete, &[&now_words(now, &shell)]);
            match LinePage::to_change(&app, &shell, id.0).await? {
                Some(mut page) => {
                    page.stale = Some(words);
                    refuse(page, StatusCode::CONFLICT)
                }
                None => gone(shell),
            }
        }
        Err(LineError::Database(error)) => Err(error.into()),
        Err(LineError::Gone | LineError::Exists(_)) => gone(shell),
    }
}

fn sent<'a>(viewer: &Viewer, app: &App, key: Uuid) -> Form<'a> {
    Form {
        key,
        user_id: viewer.user_id,
        location: routes::BOARD_PAR,
        now: app.clock.now(),
    }
}

fn parse_key(text: &str) -> Result<Uuid, PageError> {
    text.parse().map_err(|_| PageError::BadRequest)
}

/// The numbers that a page showed, as "6,2," or "6,2,8".
fn parse_shown(text: &str) -> Result<Par, PageError> {
    let mut parts = text.split(',');
    let mut next = || parts.next().unwrap_or_default();
    parse_par(next(), next(), next()).map_err(|_| PageError::BadRequest)
}

fn shown_text(par: Par) -> String {
    let maximum = par.maximum.map(|number| number.to_string());
    format!(
        "{},{},{}",
        par.target,
        par.critical,
        maximum.unwrap_or_default()
    )
}

fn now_words(par: Par, shell: &Shell) -> String {
    let t = &shell.t.par;
    let maximum = par
        .maximum
        .map_or_else(|| t.no_maximum.to_owned(), |number| number.to_string());
    fill(t.now_words, &[&par.target, &par.critical, &maximum])
}

async fn find_type(
    app: &App,
    text: &str,
    shell: &Shell,
    problems: &mut Vec<Problem>,
) -> Result<Option<AssetTypeId>, PageError> {
    let t = &shell.t.par;
    if text.trim().is_empty() {
        problems.push(Problem::new("type", t.no_type));
        return Ok(None);
    }
    let conn = app.db.conn().await?;
    let types = list_type_names(&conn).await?;
    let asked = text.trim().parse().ok().map(AssetTypeId);
    let found = types.iter().find(|(id, _)| Some(*id) == asked);
    if found.is_none() {
        problems.push(Problem::new("type", fill(t.bad_type, &[&short(text)])));
    }
    Ok(found.map(|(id, _)| *id))
}

async fn find_place(
    app: &App,
    form: &AddForm,
    shell: &Shell,
    problems: &mut Vec<Problem>,
) -> Result<Option<ParPlace>, PageError> {
    let t = &shell.t.par;
    let (kind, room) = (form.kind.trim(), form.room.trim());
    let mut refuse = |field, words: String| problems.push(Problem::new(field, words));
    if !kind.is_empty() {
        let found = RoomKind::from_text(kind);
        match found {
            None => refuse("kind", fill(t.bad_kind, &[&short(kind)])),
            Some(_) if !room.is_empty() => refuse("room", fill(t.both_places, &[&short(room)])),
            Some(kind) => return Ok(Some(ParPlace::Kind(kind))),
        }
        return Ok(None);
    }
    if room.is_empty() {
        refuse("room", t.no_place.to_owned());
        return Ok(None);
    }
    match room::find_named(app, &without_nul(room)).await? {
        room::Named::One(id) => return Ok(Some(ParPlace::Room(id))),
        room::Named::None => refuse("room", fill(t.no_room, &[&short(room)])),
        room::Named::Many(rooms) => refuse(
            "room",
            fill(t.many_rooms, &[&short(room), &rooms.join("; ")]),
        ),
    }
    Ok(None)
}

/// Postgres keeps no NUL in a text.
fn without_nul(text: &str) -> String {
    text.replace('\0', "")
}

/// What was typed, cut to a length that can be shown.
fn short(text: &str) -> String {
    text.chars().take(40).collect()
}

fn parse_numbers(
    target: &str,
    critical: &str,
    maximum: &str,
    shell: &Shell,
) -> Result<Par, Vec<Problem>> {
    let faults = match parse_par(target, critical, maximum) {
        Ok(par) => return Ok(par),
        Err(faults) => faults,
    };
    let t = &shell.t.par;
    let name = |field| match field {
        ParField::Target => ("target", t.field_target),
        ParField::Critical => ("critical", t.field_critical),
        ParField::Maximum => ("maximum", t.field_maximum),
    };
    let most = grouped(i64::from(NUMBER_MAX));
    let problem = |fault: &ParFault| {
        let (id, label) = name(fault.field());
        let words = match fault {
            ParFault::Number { value, low, .. } if value.is_empty() => {
                fill(t.empty_number, &[&label, low, &most])
            }
            ParFault::Number { value, low, .. } => fill(t.bad_number, &[&label, value, low, &most]),
            ParFault::CriticalAboveTarget(critical, target) => {
                fill(t.critical_above, &[critical, target])
            }
            ParFault::MaximumBelowTarget(maximum, target) => {
                fill(t.maximum_below, &[maximum, target])
            }
        };
        Problem::new(id, words)
    };
    Err(faults.iter().map(problem).collect())
}

async fn finish(
    app: &App,
    viewer: &Viewer,
    saved: Saved,
    asset_type: AssetTypeId,
    words: &str,
) -> Result<HttpResponse, PageError> {
    leave(app, viewer, saved, Some(Topic::Type(asset_type)), words).await
}

/// Goes on after a form, and tells open boards.
async fn leave(
    app: &App,
    viewer: &Viewer,
    saved: Saved,
    topic: Option<Topic>,
    words: &str,
) -> Result<HttpResponse, PageError> {
    match saved {
        Saved::Done => {
            app.hints.send(topic.into_iter().chain([Topic::Alerts]));
            viewer.leave_flash(app, words).await?;
            Ok(see_other(routes::BOARD_PAR))
        }
        Saved::Repeat { location } => {
            let t = viewer.shell(Nav::Targets).t;
            viewer.leave_flash(app, t.acts.done_already).await?;
            Ok(see_other(routes::safe_next(&location)))
        }
    }
}

fn refuse(page: LinePage, status: StatusCode) -> Result<HttpResponse, PageError> {
    Page::new(page).with_status(status).render()
}

/// The line was deleted meanwhile.
fn gone(shell: Shell) -> Result<HttpResponse, PageError> {
    let t = &shell.t.par;
    let page = RefusedPage {
        title: t.gone_title.to_owned(),
        sentences: vec![t.gone.to_owned()],
        links: vec![(t.back_list.to_owned(), routes::BOARD_PAR.to_owned())],
        shell,
    };
    Page::new(page).with_status(StatusCode::CONFLICT).render()
}

impl LinePage {
    fn empty(shell: Shell) -> Self {
        Self {
            shell,
            problems: Vec::new(),
            stale: None,
            existing_href: None,
            key: new_key(),
            action: routes::BOARD_PAR.to_owned(),
            fixed: None,
            types: Vec::new(),
            kinds: Vec::new(),
            room: String::new(),
            target: String::new(),
            critical: String::new(),
            maximum: String::new(),
        }
    }

    async fn to_add(app: &App, shell: Shell, form: &AddForm) -> Result<Self, PageError> {
        let conn = app.db.conn().await?;
        let types = list_type_names(&conn).await?;
        let asset_type = form.r#type.trim();
        let types = types.iter().map(|(id, name)| Choice {
            value: id.to_string(),
            words: capitalised(name),
            is_chosen: asset_type == id.to_string(),
        });
        Ok(Self {
            types: types.collect(),
            kinds: kinds(form.kind.trim(), &shell),
            room: form.room.clone(),
            target: form.target.clone(),
            critical: form.critical.clone(),
            maximum: form.maximum.clone(),
            ..Self::empty(shell)
        })
    }

    /// The page of a line; `None` when there is no such line.
    async fn to_change(app: &App, shell: &Shell, id: ParId) -> Result<Option<Self>, PageError> {
        let conn = app.db.conn().await?;
        let Some(line) = find_line(&conn, id).await? else {
            return Ok(None);
        };
        let rooms = match line.room_id {
            Some(_) => None,
            None => Some(count_rooms(&conn, line.room_kind).await?),
        };
        Ok(Some(Self::of_line(shell.clone(), &line, rooms)))
    }

    fn of_line(shell: Shell, line: &ParLine, rooms: Option<i64>) -> Self {
        let (t, par) = (&shell.t.par, line.par());
        let fixed = Fixed {
            words: fill(
                t.of_type,
                &[&capitalised(&line.type_name), &place_words(line, &shell)],
            ),
            reach: rooms.map(|rooms| match rooms {
                1 => t.kind_reach_one.to_owned(),
                many => fill(t.kind_reach, &[&grouped(many)]),
            }),
            shown: shown_text(par),
            delete_action: routes::par_delete_path(line.par_id),
        };
        Self {
            action: routes::par_path(line.par_id),
            fixed: Some(fixed),
            target: par.target.to_string(),
            critical: par.critical.to_string(),
            maximum: par
                .maximum
                .map_or_else(String::new, |number| number.to_string()),
            ..Self::empty(shell)
        }
    }

    /// With what was typed, and the numbers that the next press is about.
    fn with_values(mut self, form: &ChangeForm, shown: Par) -> Self {
        self.target.clone_from(&form.target);
        self.critical.clone_from(&form.critical);
        self.maximum.clone_from(&form.maximum);
        if let Some(fixed) = &mut self.fixed {
            fixed.shown = shown_text(shown);
        }
        self
    }

    /// Whether a field has a problem, for `aria-invalid`.
    #[must_use]
    pub fn is_wrong(&self, field: &str) -> bool {
        self.problems.iter().any(|problem| problem.field == field)
    }

    /// Pages for tests of templates.
    #[must_use]
    pub fn samples() -> Vec<Self> {
        let shell = Shell::sample_for(crate::db::types::Role::Biomed);
        let par = Par {
            target: 6,
            critical: 2,
            maximum: None,
        };
        let choice = |value: &str, is_chosen| Choice {
            value: value.to_owned(),
            words: format!("{value} <b>"),
            is_chosen,
        };
        let problem = |field| Problem::new(field, format!("{field} is \"<i>\". Enter another."));
        let fields = ["type", "kind", "room", "target", "critical", "maximum"];
        let own = ParLine::sample(Some(RoomId(20_001)), par);
        vec![
            Self {
                types: vec![choice("1", true), choice("2", false)],
                kinds: kinds("clean_utility", &shell),
                ..Self::empty(shell.clone())
            },
            Self {
                problems: fields.into_iter().map(problem).collect(),
                existing_href: Some(routes::par_path(ParId(1))),
                kinds: kinds("", &shell),
                room: "<b>".to_owned(),
                ..Self::empty(shell.clone())
            },
            Self {
                stale: Some(fill(shell.t.par.stale, &[&now_words(par, &shell)])),
                ..Self::of_line(shell.clone(), &own, None)
            },
            Self::of_line(shell, &ParLine::sample(None, par), Some(40)),
        ]
    }
}

fn kinds(chosen: &str, shell: &Shell) -> Vec<Choice> {
    let every = |kind: &RoomKind| Choice {
        value: kind.as_str().to_owned(),
        words: fill(shell.t.par.every, &[&kind_word(*kind).to_lowercase()]),
        is_chosen: kind.as_str() == chosen,
    };
    RoomKind::ALL.iter().map(every).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shown_numbers_survive_the_form() {
        for maximum in [None, Some(8)] {
            let par = Par {
                target: 6,
                critical: 2,
                maximum,
            };
            assert_eq!(parse_shown(&shown_text(par)).unwrap(), par);
        }
        for text in ["", "6", "6,2,x", "2,6,", "a,b,c"] {
            assert!(parse_shown(text).is_err(), "{text}");
        }
    }
}
