//! Messages about alerts: what was sent, and what administrators set: who is told.

use actix_web::http::StatusCode;
use actix_web::web;
use askama::Template;
use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::alerts::words::kind_word;
use super::exports::download_href;
use super::extract::Viewer;
use super::filters;
use super::page::{Chip, Nav, Page, Shell};
use super::strings::{Strings, fill};
use super::{PageError, routes};
use crate::app::App;
use crate::db::types::{DestinationKind, MessageEvent, MessageState};
use crate::delivery::store::{DeliveryLine, list_deliveries};
use crate::ids::OutboxId;
use crate::live::Topic;

mod act;
mod forms;
mod setup;

pub use act::act;
pub use setup::{SetupPage, page as setup};

/// Messages on one page.
const PER_PAGE: i64 = 50;

/// `?state=&before=`
#[derive(Clone, Debug, Default, Deserialize)]
pub struct DeliveryParams {
    /// Only of this state.
    pub state: Option<String>,
    /// Where the page before ended.
    pub before: Option<String>,
}

impl DeliveryParams {
    /// The state that was chosen, when it is one.
    #[must_use]
    pub fn state(&self) -> Option<MessageState> {
        MessageState::from_text(self.state.as_deref()?)
    }
}

/// The list.
#[derive(Debug, Template)]
#[template(path = "delivery/index.html")]
pub struct DeliveriesPage {
    /// Frame.
    pub shell: Shell,
    /// States to choose from: value, word, chosen.
    pub states: Vec<(&'static str, &'static str, bool)>,
    /// The messages.
    pub rows: Vec<DeliveryRow>,
    /// Older ones.
    pub next_href: Option<String>,
    /// The first page, from any other.
    pub start_href: Option<String>,
    /// All of them as a file.
    pub csv_href: String,
    /// Where it is set who is told; for those who may.
    pub setup_href: Option<&'static str>,
}

/// A message, ready to show.
#[derive(Clone, Debug)]
pub struct DeliveryRow {
    /// When it was caused.
    pub created_at: DateTime<Utc>,
    /// What it tells.
    pub what: String,
    /// To whom.
    pub destination: String,
    /// Where it stands.
    pub chip: Chip,
    /// When it arrived, was given up, or is tried next.
    pub at: DateTime<Utc>,
    /// "Sent", "Given up", "Tried again".
    pub at_word: &'static str,
    /// Tries so far.
    pub attempts: i32,
    /// Why the last one failed.
    pub error: Option<String>,
}

/// `GET /deliveries`
///
/// # Errors
/// When the database fails.
pub async fn page(
    app: web::Data<App>,
    viewer: Viewer,
    params: web::Query<DeliveryParams>,
) -> Result<Page<DeliveriesPage>, PageError> {
    let mut shell = viewer.shell(Nav::Deliveries);
    shell.watch([Topic::Alerts]);
    let before = params.before.as_deref().and_then(|text| text.parse().ok());
    let conn = app.db.conn().await?;
    let lines = list_deliveries(&conn, params.state(), before.map(OutboxId), PER_PAGE + 1).await?;
    let may_set_up = viewer.may_open(routes::DELIVERY_SETUP);
    Ok(Page::new(DeliveriesPage::new(
        shell,
        (params.state(), before.is_some()),
        &lines,
        may_set_up,
    )))
}

/// What a message tells, in words.
#[must_use]
pub fn event_word(event: MessageEvent, t: &'static Strings) -> &'static str {
    match event {
        MessageEvent::Opened => t.delivery.opened,
        MessageEvent::Reopened => t.delivery.reopened,
        MessageEvent::Raised => t.delivery.raised,
        MessageEvent::Escalated => t.delivery.escalated,
        MessageEvent::Digest => t.delivery.digest,
        MessageEvent::Test => t.delivery.test,
    }
}

/// "Mail" or "Web address".
#[must_use]
pub fn destination_word(kind: DestinationKind, t: &'static Strings) -> &'static str {
    match kind {
        DestinationKind::Mail => t.delivery.mail,
        DestinationKind::Webhook => t.delivery.webhook,
    }
}

fn state_chip(line: &DeliveryLine, t: &'static Strings) -> Chip {
    let (class, icon, word) = match line.state {
        MessageState::Sent => ("is-ok", "check", t.delivery.sent),
        MessageState::Failed => ("is-crit", "alert", t.delivery.failed),
        MessageState::Waiting if line.attempts > 0 => ("is-warn", "alert", t.delivery.again),
        MessageState::Waiting => ("is-note", "bell", t.delivery.waiting),
    };
    Chip { class, icon, word }
}

impl DeliveriesPage {
    fn new(
        shell: Shell,
        (chosen, is_later): (Option<MessageState>, bool),
        lines: &[DeliveryLine],
        may_set_up: bool,
    ) -> Self {
        let t = shell.t;
        let word = |state| match state {
            MessageState::Waiting => t.delivery.waiting,
            MessageState::Sent => t.delivery.sent,
            MessageState::Failed => t.delivery.failed,
        };
        let states = MessageState::ALL
            .iter()
            .map(|state| (state.as_str(), word(*state), chosen == Some(*state)));
        let per_page = usize::try_from(PER_PAGE).unwrap_or(usize::MAX);
        let state = chosen.map_or("", MessageState::as_str);
        let last = lines.get(..per_page).and_then(<[DeliveryLine]>::last);
        let next_href = last.filter(|_| lines.len() > per_page).map(|last| {
            let before = last.outbox_id.to_string();
            routes::with_query(routes::DELIVERIES, &[("state", state), ("before", &before)])
        });
        Self {
            states: states.collect(),
            rows: lines
                .iter()
                .take(per_page)
                .map(|line| DeliveryRow::new(line, t))
                .collect(),
            next_href,
            start_href: is_later
                .then(|| routes::with_query(routes::DELIVERIES, &[("state", state)])),
            csv_href: download_href(routes::DELIVERIES_CSV, &[("state", state)]),
            setup_href: may_set_up.then_some(routes::DELIVERY_SETUP),
            shell,
        }
    }

    /// Pages for tests of templates.
    #[must_use]
    pub fn samples() -> Vec<Self> {
        let shell = Shell::sample_for(crate::db::types::Role::Admin);
        let line = |state, attempts| DeliveryLine {
            outbox_id: OutboxId(9),
            event: MessageEvent::Opened,
            created_at: shell.now,
            next_at: shell.now,
            attempts,
            first_tried_at: Some(shell.now),
            done_at: (state == MessageState::Sent).then_some(shell.now),
            failed_at: (state == MessageState::Failed).then_some(shell.now),
            last_error: (attempts > 1).then(|| "it answered <500>".to_owned()),
            alert_id: None,
            destination: "Supply & co <team>".to_owned(),
            kind: DestinationKind::Webhook,
            alert_kind: (attempts > 0).then_some(crate::db::types::AlertKind::Stockout),
            severity: None,
            state,
        };
        let mut lines = vec![
            line(MessageState::Waiting, 0),
            line(MessageState::Waiting, 2),
            line(MessageState::Sent, 1),
            line(MessageState::Failed, 10),
        ];
        let few = Self::new(shell.clone(), (None, false), &lines, true);
        let none = Self::new(
            shell.clone(),
            (Some(MessageState::Failed), true),
            &[],
            false,
        );
        lines.resize(60, line(MessageState::Sent, 1));
        vec![
            few,
            none,
            Self::new(shell, (Some(MessageState::Sent), true), &lines, true),
        ]
    }
}

impl DeliveryRow {
    fn new(line: &DeliveryLine, t: &'static Strings) -> Self {
        let words = &t.delivery;
        let event = event_word(line.event, t);
        let what = match line.alert_kind {
            Some(kind) => format!("{}: {event}", kind_word(kind, t)),
            None => event.to_owned(),
        };
        let (at, at_word) = match (line.done_at, line.failed_at) {
            (Some(at), _) => (at, words.at_sent),
            (None, Some(at)) => (at, words.at_failed),
            (None, None) => (line.next_at, words.at_next),
        };
        Self {
            created_at: line.created_at,
            what,
            destination: format!("{} ({})", line.destination, destination_word(line.kind, t)),
            chip: state_chip(line, t),
            at,
            at_word,
            attempts: line.attempts,
            error: line.last_error.clone(),
        }
    }
}

/// Why a form of the set-up is refused: status and words.
pub(super) fn refusal_words(
    refusal: &crate::delivery::routes::RouteRefusal,
    t: &'static Strings,
) -> (StatusCode, String) {
    use crate::delivery::routes::RouteRefusal as Why;
    let words = &t.delivery;
    let unfit = StatusCode::UNPROCESSABLE_ENTITY;
    match refusal {
        Why::Name => (unfit, words.bad_name.to_owned()),
        Why::NameTaken => (StatusCode::CONFLICT, words.name_taken.to_owned()),
        Why::Mail => (unfit, words.bad_mail.to_owned()),
        Why::Url(error) => (unfit, capitalised_sentence(&error.to_string())),
        Why::Minutes(minutes) => (unfit, fill(words.bad_minutes, &[minutes])),
        Why::Step(step) => (unfit, fill(words.bad_step, &[step])),
        Why::Gone => (StatusCode::NOT_FOUND, words.gone.to_owned()),
        Why::IsOff => (StatusCode::CONFLICT, words.is_off.to_owned()),
        Why::NoKey => (unfit, words.no_key.to_owned()),
        Why::SameRoute => (StatusCode::CONFLICT, words.same_route.to_owned()),
        Why::TooMany(most) => (StatusCode::CONFLICT, fill(words.too_many, &[most])),
    }
}

/// The field of the set-up's forms that a refusal is about.
pub(super) fn field_of(refusal: &crate::delivery::routes::RouteRefusal) -> Option<&'static str> {
    use crate::delivery::routes::RouteRefusal as Why;
    match refusal {
        Why::Name | Why::NameTaken => Some("d-name"),
        Why::Mail | Why::Url(_) => Some("d-address"),
        Why::Minutes(_) => Some("d-minutes"),
        Why::Step(_) => Some("r-step"),
        Why::Gone | Why::IsOff | Why::NoKey | Why::SameRoute | Why::TooMany(_) => None,
    }
}

fn capitalised_sentence(text: &str) -> String {
    format!("{}.", super::wording::capitalised(text))
}
