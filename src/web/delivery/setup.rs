//! Who is told: destinations, routes, and what would happen.

use actix_web::web;
use askama::Template;
use serde::Deserialize;

use super::destination_word;
use crate::app::App;
use crate::db::types::{AlertKind, DestinationKind, Severity};
use crate::delivery::routes::{
    DestinationLine, RouteLine, Told, list_destinations, list_routes, preview,
};
use crate::ids::{DestinationId, RouteId, UnitId};
use crate::places::store::list_units;
use crate::web::acts::new_key;
use crate::web::alerts::words::{kind_word, severity_chip};
use crate::web::extract::Viewer;
use crate::web::filters;
use crate::web::page::{Chip, Nav, Page, Shell};
use crate::web::strings::{Strings, fill};
use crate::web::{PageError, routes};

/// `?kind=&unit=&severity=` of the question who would be told.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct SetupParams {
    kind: Option<String>,
    unit: Option<String>,
    severity: Option<String>,
}

/// The page.
#[derive(Debug, Template)]
#[template(path = "delivery/setup.html")]
pub struct SetupPage {
    /// Frame.
    pub shell: Shell,
    /// Why the last form was refused.
    pub problem: Option<String>,
    /// A new key, shown this once.
    pub secret: Option<String>,
    /// Destinations.
    pub destinations: Vec<DestinationRow>,
    /// Routes.
    pub routes: Vec<RouteRow>,
    /// Kinds of alerts: value, word, chosen in the question.
    pub kinds: Vec<Choice>,
    /// Units.
    pub units: Vec<Choice>,
    /// Severities.
    pub severities: Vec<Choice>,
    /// The answer to the question, when it was asked.
    pub told: Option<Vec<String>>,
    /// Idempotency key of the form for destinations.
    pub destination_key: String,
    /// Idempotency key of the form for routes.
    pub route_key: String,
}

/// A choice of a select: value, word, chosen.
pub type Choice = (String, String, bool);

/// A destination, ready to show.
#[derive(Clone, Debug)]
pub struct DestinationRow {
    /// Its row.
    pub id: DestinationId,
    /// Its name.
    pub name: String,
    /// "Mail" or "Web address".
    pub kind: &'static str,
    /// Where that is.
    pub address: String,
    /// Whether it is used and works.
    pub chip: Chip,
    /// Why not.
    pub note: Option<String>,
    /// Whether it is turned off.
    pub is_off: bool,
    /// Whether it has a key.
    pub has_key: bool,
    /// Idempotency key of the form that turns it on or off.
    pub on_off_key: String,
    /// Idempotency key of the form that tries it out.
    pub test_key: String,
    /// Idempotency key of the form for a new key.
    pub new_key_key: String,
}

/// A route, ready to show.
#[derive(Clone, Debug)]
pub struct RouteRow {
    /// Its row.
    pub id: RouteId,
    /// "At once", "When nobody acknowledged it".
    pub when: String,
    /// "Out of stock, 4 West, from High".
    pub what: String,
    /// To whom.
    pub destination: String,
    /// Idempotency key of the form that removes it.
    pub key: String,
}

/// What the page is made of.
pub(super) struct Facts {
    destinations: Vec<DestinationLine>,
    routes: Vec<RouteLine>,
    units: Vec<(UnitId, String)>,
}

/// What was asked: kind, unit, severity.
pub(super) type Question = (AlertKind, Option<UnitId>, Severity);

pub(super) async fn load(app: &App) -> Result<Facts, PageError> {
    let conn = app.db.conn().await?;
    let (destinations, routes, units) = tokio::try_join!(
        list_destinations(&conn),
        list_routes(&conn),
        list_units(&conn)
    )?;
    Ok(Facts {
        destinations,
        routes,
        units,
    })
}

/// `GET /deliveries/set-up`
///
/// # Errors
/// When the database fails.
pub async fn page(
    app: web::Data<App>,
    viewer: Viewer,
    params: web::Query<SetupParams>,
) -> Result<Page<SetupPage>, PageError> {
    let shell = viewer.shell(Nav::Deliveries);
    let facts = load(&app).await?;
    let question = params.question();
    let told = match question {
        Some((kind, unit, severity)) => {
            Some(preview(&*app.db.conn().await?, kind, unit, severity).await?)
        }
        None => None,
    };
    let mut page = SetupPage::new(shell, &facts, question);
    page.told = told.map(|told| told_words(&told, page.shell.t));
    Ok(Page::new(page))
}

impl SetupParams {
    fn question(&self) -> Option<Question> {
        let kind = AlertKind::from_text(self.kind.as_deref()?)?;
        let severity = Severity::from_text(self.severity.as_deref()?)?;
        let unit = self.unit.as_deref().and_then(|text| text.parse().ok());
        Some((kind, unit.map(UnitId), severity))
    }
}

fn told_words(told: &[Told], t: &'static Strings) -> Vec<String> {
    let words = &t.delivery;
    told.iter()
        .map(|told| {
            let kind = destination_word(told.kind, t);
            let when = if told.is_digest {
                words.together.to_owned()
            } else {
                step_words(told.step, t)
            };
            fill(words.told_line, &[&told.destination, &kind, &when])
        })
        .collect()
}

fn step_words(step: i16, t: &'static Strings) -> String {
    match step {
        0 => t.delivery.at_once.to_owned(),
        step => fill(t.delivery.at_step, &[&step]),
    }
}

impl SetupPage {
    pub(super) fn new(shell: Shell, facts: &Facts, question: Option<Question>) -> Self {
        let t = shell.t;
        let asked_kind = question.map(|(kind, ..)| kind);
        let asked_unit = question.and_then(|(_, unit, _)| unit);
        let asked_severity = question.map(|(.., severity)| severity);
        let kinds = AlertKind::ALL.iter().map(|kind| {
            let word = kind_word(*kind, t).to_owned();
            (kind.as_str().to_owned(), word, asked_kind == Some(*kind))
        });
        let severities = Severity::ALL.iter().map(|severity| {
            let word = severity_chip(*severity, t).word.to_owned();
            (
                severity.as_str().to_owned(),
                word,
                asked_severity == Some(*severity),
            )
        });
        let units = facts.units.iter();
        Self {
            problem: None,
            secret: None,
            destinations: facts
                .destinations
                .iter()
                .map(|line| DestinationRow::new(line, &shell))
                .collect(),
            routes: facts
                .routes
                .iter()
                .map(|line| RouteRow::new(line, t))
                .collect(),
            kinds: kinds.collect(),
            units: units
                .map(|(id, name)| (id.to_string(), name.clone(), asked_unit == Some(*id)))
                .collect(),
            severities: severities.collect(),
            told: None,
            destination_key: new_key(),
            route_key: new_key(),
            shell,
        }
    }

    /// Pages for tests of templates.
    #[must_use]
    pub fn samples() -> Vec<Self> {
        let shell = Shell::sample_for(crate::db::types::Role::Admin);
        let now = shell.now;
        let line =
            |kind, failures, disabled_at: Option<chrono::DateTime<chrono::Utc>>| DestinationLine {
                destination_id: DestinationId(3),
                name: "Supply <team>".to_owned(),
                kind,
                address: "supply@hospital.example".to_owned(),
                digest_minutes: 240,
                failures,
                broken_until: (failures > 4).then_some(now),
                disabled_at,
                disabled_reason: disabled_at.map(|_| "it answered 410 & more".to_owned()),
            };
        let route = |kind: Option<AlertKind>, step, is_digest| RouteLine {
            route_id: RouteId(4),
            destination: "Supply <team>".to_owned(),
            kind,
            unit: kind.map(|_| "4 West".to_owned()),
            min_severity: Severity::High,
            step,
            is_digest,
        };
        let facts = Facts {
            destinations: vec![
                line(DestinationKind::Mail, 0, None),
                line(DestinationKind::Webhook, 6, None),
                line(DestinationKind::Webhook, 0, Some(now)),
            ],
            routes: vec![
                route(None, 0, false),
                route(Some(AlertKind::Stockout), 1, false),
                route(None, 0, true),
            ],
            units: vec![(UnitId(2), "4 West".to_owned())],
        };
        let none = Facts {
            destinations: Vec::new(),
            routes: Vec::new(),
            units: Vec::new(),
        };
        let question = (AlertKind::Stockout, Some(UnitId(2)), Severity::High);
        let mut full = Self::new(shell.clone(), &facts, Some(question));
        full.told = Some(vec!["Supply <team> (Mail): at once".to_owned()]);
        full.secret = Some("whsec_x".to_owned());
        let mut empty = Self::new(shell, &none, Some(question));
        empty.told = Some(Vec::new());
        empty.problem = Some("This name <is> taken.".to_owned());
        vec![full, empty]
    }
}

impl DestinationRow {
    fn new(line: &DestinationLine, shell: &Shell) -> Self {
        let t = shell.t;
        let words = &t.delivery;
        let (class, icon, word) = match (line.disabled_at, line.broken_until, line.failures) {
            (Some(_), ..) => ("is-hold", "hold", words.off),
            (None, Some(_), _) => ("is-crit", "alert", words.broken),
            (None, None, 1..) => ("is-warn", "alert", words.failing),
            (None, None, _) => ("is-ok", "check", words.in_use),
        };
        let note = match (&line.disabled_reason, line.broken_until) {
            (Some(reason), _) => Some(fill(words.off_because, &[reason])),
            (None, Some(at)) => Some(fill(words.broken_until, &[&filters::clock(at, shell)])),
            (None, None) => None,
        };
        Self {
            id: line.destination_id,
            name: line.name.clone(),
            kind: destination_word(line.kind, t),
            address: line.address.clone(),
            chip: Chip { class, icon, word },
            note,
            is_off: line.disabled_at.is_some(),
            has_key: line.kind == DestinationKind::Webhook,
            on_off_key: new_key(),
            test_key: new_key(),
            new_key_key: new_key(),
        }
    }
}

impl RouteRow {
    fn new(line: &RouteLine, t: &'static Strings) -> Self {
        let words = &t.delivery;
        let kind = line
            .kind
            .map_or(words.every_kind, |kind| kind_word(kind, t));
        let unit = line.unit.as_deref().unwrap_or(words.every_unit);
        let severity = severity_chip(line.min_severity, t).word;
        Self {
            id: line.route_id,
            when: if line.is_digest {
                words.together.to_owned()
            } else {
                step_words(line.step, t)
            },
            what: fill(words.route_what, &[&kind, &unit, &severity]),
            destination: line.destination.clone(),
            key: new_key(),
        }
    }
}

/// Where this page is.
pub(super) const HERE: &str = routes::DELIVERY_SETUP;
