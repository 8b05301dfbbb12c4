//! A lot: what it is, where how much of it is, what people said of it, and saying so.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;
use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::item::{Choice, LotLine};
use crate::app::App;
use crate::db::again::again;
use crate::db::types::{LotState, Role};
use crate::ids::{ItemId, LotId};
use crate::live::Topic;
use crate::supplies::lots::{
    EVENTS_SHOWN, LotCard, LotEvent, LotForm, LotPlace, LotPosted, LotRefusal, PLACES_PER_PAGE,
    find_lot, list_lot_events, list_lot_places, perform_lot_form,
};
use crate::supplies::stock::{LotRow, NameCursor};
use crate::web::acts::new_key;
use crate::web::exports::download_href;
use crate::web::extract::{IdPath, Viewer};
use crate::web::filters;
use crate::web::page::{Nav, Page, Problem, Shell, role_name, see_other};
use crate::web::strings::{Strings, fill};
use crate::web::wording::grouped;
use crate::web::{PageError, routes};

/// `?after=`
#[derive(Clone, Debug, Default, Deserialize)]
pub struct LotPageParams {
    after: Option<String>,
}

/// The page.
#[derive(Debug, Template)]
#[template(path = "supplies/lot.html")]
pub struct LotPage {
    /// Frame.
    pub shell: Shell,
    /// "Lot 25A0042".
    pub heading: String,
    /// The item: its page and its name.
    pub item: (String, String),
    /// Number, last day, state: what they are, and their value.
    pub facts: Vec<(&'static str, String)>,
    /// When it first came.
    pub first_received_at: DateTime<Utc>,
    /// Where it is: the page of the item there, and the row.
    pub rows: Vec<(String, LotLine)>,
    /// More of them.
    pub next_href: Option<String>,
    /// The first page, from any other.
    pub start_href: Option<String>,
    /// All of them as a file.
    pub csv_href: String,
    /// What people said of it, the newest first.
    pub events: Vec<EventRow>,
    /// Whether there may be older ones than are shown.
    pub has_more_events: bool,
    /// For those who look after supplies.
    pub form: Option<StateForm>,
    /// What is wrong with the form that was sent.
    pub problems: Vec<Problem>,
}

/// A change, ready to show.
#[derive(Clone, Debug)]
pub struct EventRow {
    /// When.
    pub at: DateTime<Utc>,
    /// "Usable, then recalled".
    pub words: String,
    /// Why.
    pub reason: String,
    /// By which role.
    pub by: &'static str,
}

/// Says how a lot is.
#[derive(Clone, Debug)]
pub struct StateForm {
    /// Where it is sent.
    pub action: String,
    /// Idempotency key.
    pub key: String,
    /// How it was when the page was made.
    pub seen: &'static str,
    /// How it may be.
    pub states: Vec<Choice>,
    /// What was chosen.
    pub state: String,
    /// What was typed.
    pub reason: String,
}

/// A form as it was sent.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct StateFields {
    key: String,
    seen: String,
    #[serde(default)]
    state: String,
    #[serde(default)]
    reason: String,
}

struct Refused<'a> {
    fields: &'a StateFields,
    problem: Problem,
}

/// Everything about a lot.
struct Found {
    card: LotCard,
    places: Vec<LotPlace>,
    after: Option<NameCursor>,
    next: Option<NameCursor>,
    events: Vec<LotEvent>,
}

/// `GET /supplies/lots/{id}`
///
/// # Errors
/// 404 for a lot that does not exist; when the database fails.
pub async fn page(
    app: web::Data<App>,
    viewer: Viewer,
    id: IdPath<LotId>,
    params: web::Query<LotPageParams>,
) -> Result<Page<LotPage>, PageError> {
    let mut shell = viewer.shell(Nav::Supplies);
    shell.watch([Topic::Alerts]);
    let after = params.after.as_deref().and_then(NameCursor::parse);
    let found = read(&app, id.0, after).await?;
    Ok(Page::new(LotPage::new(shell, viewer.role, &found, None)))
}

async fn read(app: &App, id: LotId, after: Option<NameCursor>) -> Result<Found, PageError> {
    let now = app.clock.now();
    let conn = app.db.conn().await?;
    let (card, (places, next), events) = tokio::try_join!(
        find_lot(&conn, id),
        list_lot_places(&conn, id, after.as_ref(), PLACES_PER_PAGE, now),
        list_lot_events(&conn, id),
    )?;
    Ok(Found {
        card: card.ok_or(PageError::NotFound)?,
        places,
        after,
        next,
        events,
    })
}

/// `POST /supplies/lots/{id}`
///
/// # Errors
/// 400 for a form that cannot be read; 404 for a lot that does not exist; when the database fails.
pub async fn act(
    app: web::Data<App>,
    viewer: Viewer,
    id: IdPath<LotId>,
    fields: web::Form<StateFields>,
) -> Result<HttpResponse, PageError> {
    let shell = viewer.shell(Nav::Supplies);
    let location = routes::lot_path(id.0);
    let (Ok(key), Some(seen)) = (fields.key.parse(), LotState::from_text(&fields.seen)) else {
        return Err(PageError::BadRequest);
    };
    let (status, problem) = match LotState::from_text(&fields.state) {
        None => (
            StatusCode::UNPROCESSABLE_ENTITY,
            unknown_state(&fields.state, shell.t),
        ),
        Some(state) => {
            let form = LotForm {
                key,
                user_id: viewer.user_id,
                lot_id: id.0,
                seen,
                state,
                reason: &fields.reason,
                location: &location,
            };
            match perform(&app, &form).await? {
                Ok(LotPosted::Done { .. }) => {
                    app.hints.send([Topic::Alerts]);
                    let words = fill(shell.t.lots.done, &[&state_name(state, shell.t)]);
                    viewer.leave_flash(&app, &words).await?;
                    return Ok(see_other(&location));
                }
                Ok(LotPosted::Repeat { location }) => {
                    viewer.leave_flash(&app, shell.t.acts.done_already).await?;
                    return Ok(see_other(routes::safe_next(&location)));
                }
                Err(LotRefusal::NoLot) => return Err(PageError::NotFound),
                Err(refusal) => refusal_words(refusal, shell.t),
            }
        }
    };
    let refused = Refused {
        fields: &fields,
        problem,
    };
    let found = read(&app, id.0, None).await?;
    let page = LotPage::new(shell, viewer.role, &found, Some(&refused));
    Page::new(page).with_status(status).render()
}

/// Carries the form out, again when its transaction met another one.
async fn perform(
    app: &App,
    form: &LotForm<'_>,
) -> Result<Result<LotPosted, LotRefusal>, PageError> {
    let done = again(&app.db, async |conn| {
        perform_lot_form(conn, form, app.clock.now()).await
    });
    Ok(done.await?)
}

fn unknown_state(state: &str, t: &Strings) -> Problem {
    let words = match state {
        "" => t.lots.refused_none.to_owned(),
        "expired" => t.lots.refused_expired.to_owned(),
        other => {
            let shown: String = other.chars().take(40).collect();
            fill(t.lots.refused_state, &[&shown])
        }
    };
    Problem::new("state", words)
}

fn refusal_words(refusal: LotRefusal, t: &'static Strings) -> (StatusCode, Problem) {
    let unfit = StatusCode::UNPROCESSABLE_ENTITY;
    let words = &t.lots;
    match refusal {
        LotRefusal::Reason => (unfit, Problem::new("reason", t.stock.refused_reason)),
        LotRefusal::MovedOn(state) => {
            let sentence = fill(words.refused_moved, &[&state_name(state, t)]);
            (StatusCode::CONFLICT, Problem::new("state", sentence))
        }
        LotRefusal::Same | LotRefusal::NoLot => (
            StatusCode::CONFLICT,
            Problem::new("state", words.refused_same),
        ),
    }
}

/// "Recalled"; of what may be used that it may.
pub(in crate::web) fn state_name(state: LotState, t: &'static Strings) -> &'static str {
    match state {
        LotState::Usable => t.stock.lot_usable,
        LotState::Quarantined => t.stock.lot_quarantined,
        LotState::Recalled => t.stock.lot_recalled,
        LotState::Damaged => t.stock.lot_damaged,
    }
}

/// How it is on the day of the facility: what may be used but for its day has expired (R17).
fn state_now(card: &LotCard, shell: &Shell) -> &'static str {
    let today = shell.now.with_timezone(&shell.zone).date_naive();
    let has_expired = card.expires_on.is_some_and(|day| day < today);
    if has_expired && card.state == LotState::Usable {
        shell.t.stock.lot_expired
    } else {
        state_name(card.state, shell.t)
    }
}

/// What may be said of a lot, and what it means.
fn choices(now: LotState, t: &'static Strings) -> Vec<Choice> {
    let words = |state| match state {
        LotState::Usable => t.lots.say_usable,
        LotState::Quarantined => t.lots.say_quarantined,
        LotState::Recalled => t.lots.say_recalled,
        LotState::Damaged => t.lots.say_damaged,
    };
    let others = LotState::ALL.iter().filter(|state| **state != now);
    others
        .map(|state| (state.as_str().to_owned(), words(*state).to_owned()))
        .collect()
}

fn href(id: LotId, after: Option<&NameCursor>) -> String {
    let after = after.map(ToString::to_string);
    let pairs: Vec<(&str, &str)> = after
        .iter()
        .map(|after| ("after", after.as_str()))
        .collect();
    routes::with_query(&routes::lot_path(id), &pairs)
}

impl LotPage {
    fn new(shell: Shell, role: Role, found: &Found, refused: Option<&Refused<'_>>) -> Self {
        let t = &shell.t.lots;
        let card = &found.card;
        let expires = card
            .expires_on
            .map_or_else(|| shell.t.stock.none_word.to_owned(), filters::day);
        let is_supply = routes::may_open(role, routes::REORDER);
        let kept = |value: fn(&StateFields) -> &String| {
            refused.map_or_else(String::new, |refused| value(refused.fields).clone())
        };
        Self {
            heading: if card.lot_number.is_empty() {
                t.heading_none.to_owned()
            } else {
                fill(t.heading, &[&card.lot_number])
            },
            item: (
                routes::item_path(card.item_id, None),
                card.item_name.clone(),
            ),
            facts: vec![
                (shell.t.stock.number, card.item_number.clone()),
                (shell.t.stock.expires_on, expires),
                (t.state, state_now(card, &shell).to_owned()),
            ],
            first_received_at: card.first_received_at,
            rows: found
                .places
                .iter()
                .map(|place| place_row(card, place, &shell))
                .collect(),
            next_href: found
                .next
                .as_ref()
                .map(|next| href(card.lot_id, Some(next))),
            start_href: found.after.as_ref().map(|_| href(card.lot_id, None)),
            csv_href: download_href(&routes::lot_csv_path(card.lot_id), &[]),
            events: found
                .events
                .iter()
                .map(|event| EventRow::new(event, shell.t))
                .collect(),
            has_more_events: i64::try_from(found.events.len()).is_ok_and(|n| n >= EVENTS_SHOWN),
            form: is_supply.then(|| StateForm {
                action: routes::lot_path(card.lot_id),
                key: new_key(),
                seen: card.state.as_str(),
                states: choices(card.state, shell.t),
                state: kept(|fields| &fields.state),
                reason: kept(|fields| &fields.reason),
            }),
            problems: refused
                .iter()
                .map(|refused| refused.problem.clone())
                .collect(),
            shell,
        }
    }

    /// Whether a field of the refused form is wrong.
    #[must_use]
    pub fn is_wrong(&self, field: &str) -> bool {
        self.problems.iter().any(|problem| problem.field == field)
    }

    /// Pages for tests of templates.
    #[must_use]
    pub fn samples() -> Vec<Self> {
        let shell = Shell::sample_for(Role::Supply);
        let cursor = NameCursor::parse("7.4 West <b>");
        let found = |state, is_full: bool| Found {
            card: LotCard {
                lot_id: LotId(3),
                lot_number: if is_full { "24K <b>" } else { "" }.to_owned(),
                expires_on: is_full.then(|| shell.now.date_naive()),
                state,
                first_received_at: shell.now,
                item_id: ItemId(4),
                item_number: "100-20".to_owned(),
                item_name: "IV cannula 20G <safety>".to_owned(),
                base_unit: "each".to_owned(),
            },
            places: super::samples::lot_places(&shell, if is_full { 3 } else { 0 }),
            after: cursor.clone().filter(|_| is_full),
            next: cursor.clone().filter(|_| is_full),
            events: (0..if is_full { EVENTS_SHOWN } else { 0 })
                .map(|_| LotEvent {
                    before: LotState::Usable,
                    after: state,
                    reason: "maker's letter <b>".to_owned(),
                    at: shell.now,
                    role: Role::Supply,
                })
                .collect(),
        };
        let fields = StateFields {
            state: "expired".to_owned(),
            reason: "past \"<b>".to_owned(),
            ..StateFields::default()
        };
        let refused = Refused {
            problem: unknown_state("expired", shell.t),
            fields: &fields,
        };
        let recalled = found(LotState::Recalled, true);
        vec![
            Self::new(
                shell.clone(),
                Role::Nurse,
                &found(LotState::Usable, false),
                None,
            ),
            Self::new(shell.clone(), Role::Supply, &recalled, None),
            Self::new(shell.clone(), Role::Supply, &recalled, Some(&refused)),
        ]
    }
}

/// What a bin holds of the lot, as other lists of lots show it.
fn place_row(card: &LotCard, place: &LotPlace, shell: &Shell) -> (String, LotLine) {
    let row = LotRow {
        lot_id: card.lot_id,
        lot_number: card.lot_number.clone(),
        expires_on: card.expires_on,
        state: card.state,
        stock_place_id: place.stock_place_id,
        stock_place_name: place.stock_place_name.clone(),
        bin_name: place.bin_name.clone(),
        on_hand: place.on_hand,
        days_left: place.days_left,
    };
    let mut line = LotLine::new(&row, shell);
    let amount = grouped(place.on_hand);
    line.on_hand = fill(shell.t.reorder.quantity, &[&amount, &card.base_unit]);
    let href = routes::item_path(card.item_id, Some(place.stock_place_id));
    (href, line)
}

impl EventRow {
    fn new(event: &LotEvent, t: &'static Strings) -> Self {
        let (before, after) = (state_name(event.before, t), state_name(event.after, t));
        Self {
            at: event.at,
            words: fill(t.lots.changed, &[&before, &after]),
            reason: event.reason.clone(),
            by: role_name(event.role, t),
        }
    }
}
