//! Who is told: destinations, routes, and what would happen.

use actix_web::web;
use askama::Template;
use serde::Deserialize;

use super::destination_word;
use super::forms::{Choice, DestinationFields, Draft, RouteFields};
use crate::app::App;
use crate::db::types::{AlertKind, DestinationKind, Severity};
use crate::delivery::routes::{
    DestinationLine, RouteLine, Told, list_destinations, list_routes, preview,
};
use crate::ids::{DestinationId, RouteId, UnitId};
use crate::people::session::FRESH_MAX;
use crate::places::store::list_units;
use crate::web::acts::new_key;
use crate::web::alerts::words::{kind_word, severity_chip};
use crate::web::extract::Viewer;
use crate::web::filters;
use crate::web::page::{Chip, Nav, Page, Problem, Shell, role_name};
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
    /// Mistakes in fields of the last form.
    pub problems: Vec<Problem>,
    /// Why it was refused as a whole.
    pub problem: Option<String>,
    /// That the password is needed first, and where it is entered, instead of the forms.
    pub locked: Option<(String, String)>,
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
    /// The form for a new destination.
    pub destination_form: DestinationFields,
    /// The form for a new route.
    pub route_form: RouteFields,
}

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
    pub(super) destinations: Vec<DestinationLine>,
    pub(super) routes: Vec<RouteLine>,
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
    let mut page = SetupPage::new(shell, &facts, question, &Draft::None);
    page.told = told.map(|told| told_words(&told, page.shell.t));
    page.locked = (!viewer.is_fresh()).then(|| locked(page.shell.t));
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

/// That the password is needed first (S-16), and where it is entered.
fn locked(t: &'static Strings) -> (String, String) {
    let words = fill(t.sign_in.again_needed, &[&FRESH_MAX.num_minutes()]);
    (words, routes::sign_in_again_path(HERE))
}

fn told_words(told: &[Told], t: &'static Strings) -> Vec<String> {
    let words = &t.delivery;
    told.iter()
        .map(|told| {
            let kind = destination_word(told.kind, t);
            let when = when_words(told.step, told.is_digest, t);
            fill(words.told_line, &[&told.destination, &kind, &when])
        })
        .collect()
}

/// "at once", "when it begins, together with others", "when nobody acknowledged it, step 1".
fn when_words(step: i16, is_digest: bool, t: &'static Strings) -> String {
    let words = &t.delivery;
    match (step, is_digest) {
        (0, false) => words.at_once.to_owned(),
        (0, true) => fill(words.together, &[&words.begins]),
        (step, false) => fill(words.at_step, &[&step]),
        (step, true) => fill(words.together, &[&fill(words.at_step, &[&step])]),
    }
}

impl SetupPage {
    pub(super) fn new(
        shell: Shell,
        facts: &Facts,
        question: Option<Question>,
        draft: &Draft,
    ) -> Self {
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
        let (kinds, severities): (Vec<Choice>, Vec<Choice>) =
            (kinds.collect(), severities.collect());
        let units: Vec<Choice> = units
            .map(|(id, name)| (id.to_string(), name.clone(), asked_unit == Some(*id)))
            .collect();
        Self {
            problems: Vec::new(),
            problem: None,
            locked: None,
            secret: None,
            destination_form: DestinationFields::new(draft, facts.destinations.is_empty(), t),
            route_form: RouteFields::new(draft, facts, [&kinds, &units, &severities], t),
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
            kinds,
            units,
            severities,
            told: None,
            shell,
        }
    }

    /// Says what is wrong, at its field when it is one's.
    pub(super) fn refuse(&mut self, field: Option<&'static str>, words: String) {
        match field {
            Some(field) => self.problems.push(Problem::new(field, words)),
            None => self.problem = Some(words),
        }
    }

    fn is_wrong(&self, field: &str) -> bool {
        self.problems.iter().any(|problem| problem.field == field)
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
            destination: kind.map(|_| "Supply <team>".to_owned()),
            role: kind.is_none().then_some(crate::db::types::Role::Supply),
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
        let mut full = Self::new(shell.clone(), &facts, Some(question), &Draft::None);
        full.told = Some(vec!["Supply <team> (Mail): at once".to_owned()]);
        full.secret = Some("whsec_x".to_owned());
        let mut old = Self::new(shell.clone(), &facts, None, &Draft::None);
        old.locked = Some(locked(shell.t));
        let mut empty = Self::new(shell.clone(), &none, Some(question), &Draft::None);
        empty.told = Some(Vec::new());
        empty.problem = Some("There are <too> many.".to_owned());
        let text = |text: &str| text.to_owned();
        let destination = Draft::Destination {
            name: text("Hub \"><b>"),
            kind: text("webhook"),
            address: text("https://10.0.0.5/<hook>"),
            minutes: text("soon"),
        };
        let mut typed = Self::new(shell.clone(), &facts, None, &destination);
        for field in ["d-name", "d-address", "d-minutes"] {
            typed.refuse(Some(field), text("This <is> not possible."));
        }
        let route = Draft::Route {
            destination: text("3"),
            kind: text("stockout"),
            unit: text("2"),
            severity: text("high"),
            step: text("9"),
            is_together: true,
        };
        let mut stepped = Self::new(shell, &facts, None, &route);
        stepped.refuse(Some("r-step"), text("Step 9 <is> too far."));
        vec![full, old, empty, typed, stepped]
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
            when: when_words(line.step, line.is_digest, t),
            what: fill(words.route_what, &[&kind, &unit, &severity]),
            destination: match (line.role, &line.destination) {
                (Some(role), _) => fill(words.to_role, &[&role_name(role, t)]),
                (None, name) => name.clone().unwrap_or_default(),
            },
            key: new_key(),
        }
    }
}

/// Where this page is.
pub(super) const HERE: &str = routes::DELIVERY_SETUP;
