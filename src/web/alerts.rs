//! Alerts: a plain list by severity and age, and what people do about them. Acknowledging hides nothing; whoever resolves one while
//! its condition holds says why.

use actix_web::web;
use askama::Template;
use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::acts::new_key;
use super::exports;
use super::extract::Viewer;
use super::filters;
use super::page::{Chip, Nav, Page, Shell};
use super::strings::fill;
use super::wording::grouped;
use super::{PageError, routes};
use crate::alerts::list::{
    ALERTS_PER_PAGE, AlertCounts, AlertCursor, AlertFilter, AlertLine, AlertPage, Which,
    count_alerts, list_alerts,
};
use crate::alerts::rules::may_resolve;
use crate::app::App;
use crate::db::types::{AlertKind, AlertState, MessageState, Role};
use crate::delivery::store::{ToldLine, list_told};
use crate::ids::{AlertId, UnitId};
use crate::live::Topic;
use crate::places::store::list_units;

mod act;
pub mod form;
pub mod mail;
mod samples;
pub mod sound;
pub mod words;

pub use act::act;
use words::{alert_sentence, kind_word, severity_chip, who};

/// `?unit=&state=&kind=&after=`
#[derive(Clone, Debug, Default, Deserialize)]
pub struct AlertParams {
    unit: Option<String>,
    state: Option<String>,
    kind: Option<String>,
    after: Option<String>,
}

/// Whether the alerts of one's own unit come first: nurses care for theirs, the others for the hospital.
#[must_use]
pub fn starts_with_unit(role: Role) -> bool {
    role == Role::Nurse
}

/// The list.
#[derive(Debug, Template)]
#[template(path = "alerts/index.html")]
pub struct AlertsPage {
    /// Frame.
    pub shell: Shell,
    /// "Alerts of 4 West: 5 open".
    pub heading: String,
    /// Values of the address that mean nothing.
    pub problems: Vec<String>,
    /// One's own unit, all, and another one when it was chosen.
    pub whose: Vec<SegLink>,
    /// Units to choose from: value, name, chosen.
    pub units: Vec<(String, String, bool)>,
    /// All now, open, acknowledged, over.
    pub states: Vec<SegLink>,
    /// Kinds: value, word, chosen.
    pub kinds: Vec<(&'static str, &'static str, bool)>,
    /// For the form of units and kinds.
    pub state_word: &'static str,
    /// The alerts.
    pub rows: Vec<AlertRow>,
    /// Whether these are those that are over.
    pub is_recent: bool,
    /// Whether one of them can be acknowledged.
    pub can_acknowledge: bool,
    /// Idempotency key of the form for several.
    pub key: String,
    /// This list, to come back to.
    pub next: String,
    /// More of it.
    pub next_href: Option<String>,
    /// The first page, from any other.
    pub start_href: Option<String>,
    /// All of it as a file.
    pub csv_href: String,
}

/// A choice of the list.
#[derive(Clone, Debug)]
pub struct SegLink {
    /// Where it leads.
    pub href: String,
    /// Its word.
    pub word: String,
    /// How many.
    pub count: Option<String>,
    /// Whether it is this one.
    pub is_current: bool,
}

/// An alert, ready to show.
#[derive(Clone, Debug)]
pub struct AlertRow {
    /// Its id.
    pub id: AlertId,
    /// Its severity.
    pub severity: Chip,
    /// "Infusion pump: 1 ready in ...".
    pub sentence: String,
    /// The page of what it is about, when there is one that this person may open.
    pub href: Option<String>,
    /// "Soiled item in clean room".
    pub kind: &'static str,
    /// "It covers 3W-12.".
    pub detail: Option<String>,
    /// Since when.
    pub opened_at: DateTime<Utc>,
    /// "Its cause came 3 times, last", and when.
    pub causes: String,
    /// When the cause came last, when it came more than once.
    pub last_at: Option<DateTime<Utc>>,
    /// "Acknowledged by Nurse, 4 West," and when.
    pub acknowledged: Option<(String, Option<DateTime<Utc>>)>,
    /// "Resolved by Biomed," and when.
    pub resolved: Option<(String, Option<DateTime<Utc>>)>,
    /// "Reason: ...", and whether it is quiet.
    pub notes: Vec<String>,
    /// Further links: words and address.
    pub links: Vec<(String, String)>,
    /// Whether nobody acknowledged it, and it can be.
    pub is_open: bool,
    /// Whether it is acknowledged and not over.
    pub is_acknowledged: bool,
    /// Whether this person may resolve it.
    pub can_resolve: bool,
    /// Idempotency key of its form to acknowledge.
    pub key: String,
    /// Idempotency key of its form to resolve.
    pub resolve_key: String,
    /// Idempotency key of its form to snooze.
    pub snooze_key: String,
}

/// `GET /alerts`
///
/// # Errors
/// When the database fails.
pub async fn page(
    app: web::Data<App>,
    viewer: Viewer,
    params: web::Query<AlertParams>,
) -> Result<Page<AlertsPage>, PageError> {
    let mut shell = viewer.shell(Nav::Alerts);
    shell.watch([Topic::Alerts]);
    let after = params.after.as_deref().and_then(AlertCursor::parse);
    let conn = app.db.conn().await?;
    let units = list_units(&conn).await?;
    let (filter, problems) = params.filter(&viewer, &shell, &units);
    let (own, chosen, found) = tokio::try_join!(
        count_alerts(&conn, filter.kind, viewer.home_unit),
        count_alerts(&conn, filter.kind, filter.unit),
        list_alerts(&conn, &filter, after, ALERTS_PER_PAGE, shell.now),
    )?;
    let ids: Vec<AlertId> = found.lines.iter().map(|line| line.alert_id).collect();
    let told = list_told(&conn, &ids).await?;
    let listed = Listed {
        filter,
        home_unit: viewer.home_unit,
        units,
        problems,
        own,
        chosen,
        found,
        is_later: after.is_some(),
    };
    let mut page = AlertsPage::new(shell, viewer.role, listed);
    for row in &mut page.rows {
        let of = told.iter().filter(|told| told.alert_id == row.id);
        row.notes
            .extend(of.map(|told| told_words(told, &page.shell)));
    }
    Ok(Page::new(page))
}

/// What the page is made of.
struct Listed {
    filter: AlertFilter,
    home_unit: Option<UnitId>,
    units: Vec<(UnitId, String)>,
    problems: Vec<String>,
    /// With those of one's own unit.
    own: AlertCounts,
    /// With those of the unit that was chosen.
    chosen: AlertCounts,
    found: AlertPage,
    is_later: bool,
}

/// "Told Supply team at 14:02."
fn told_words(told: &ToldLine, shell: &Shell) -> String {
    let t = &shell.t.delivery;
    match (told.done_at, told.failed_at) {
        (Some(at), _) => fill(t.told, &[&told.destination, &filters::clock(at, shell)]),
        (None, Some(_)) => fill(t.told_failed, &[&told.destination]),
        (None, None) if told.waits_together => fill(t.told_together, &[&told.destination]),
        (None, None) => fill(t.told_waiting, &[&told.destination]),
    }
}

impl AlertParams {
    /// What is asked for, of these units; unknown values are named and left out. Alerts of every unit are for everybody to read, because
    /// people fetch and help across units.
    pub(in crate::web) fn filter(
        &self,
        viewer: &Viewer,
        shell: &Shell,
        units: &[(UnitId, String)],
    ) -> (AlertFilter, Vec<String>) {
        let t = &shell.t.alerts;
        let mut problems = Vec::new();
        let given = |value: &Option<String>| {
            let value = value.as_deref().map(str::trim);
            value.filter(|value| !value.is_empty()).map(str::to_owned)
        };
        let mut refuse = |field: &str, value: &str| {
            let shown: String = value.chars().take(40).collect();
            problems.push(fill(t.unknown_value, &[&shown, &field]));
        };
        let mut filter = AlertFilter {
            which: Which::Unresolved,
            kind: None,
            unit: viewer.home_unit.filter(|_| starts_with_unit(viewer.role)),
        };
        match given(&self.unit).as_deref() {
            None => {}
            Some("mine") => filter.unit = viewer.home_unit,
            Some("all") => filter.unit = None,
            Some(other) => {
                let id = other.parse().ok().map(UnitId);
                filter.unit = id.filter(|id| units.iter().any(|(known, _)| known == id));
                if filter.unit.is_none() {
                    refuse(t.field_unit, other);
                }
            }
        }
        if let Some(value) = given(&self.state) {
            match Which::parse(&value) {
                Some(which) => filter.which = which,
                None => refuse(t.field_state, &value),
            }
        }
        if let Some(value) = given(&self.kind) {
            filter.kind = AlertKind::from_text(&value);
            if filter.kind.is_none() {
                refuse(t.field_kind, &value);
            }
        }
        (filter, problems)
    }
}

/// A list's filters as they stand in its address.
struct Address {
    filter: AlertFilter,
    unit: String,
}

impl Address {
    fn new(filter: AlertFilter, home_unit: Option<UnitId>) -> Self {
        Self {
            filter,
            unit: unit_word(filter.unit, home_unit),
        }
    }

    fn pairs(&self) -> Vec<(&str, &str)> {
        let mut pairs = vec![
            ("unit", self.unit.as_str()),
            ("state", self.filter.which.word()),
        ];
        pairs.extend(self.filter.kind.map(|kind| ("kind", kind.as_str())));
        pairs
    }

    fn href(&self, after: Option<AlertCursor>) -> String {
        let after = after.map(|cursor| cursor.to_string());
        let mut pairs = self.pairs();
        pairs.extend(after.as_deref().map(|after| ("after", after)));
        routes::with_query(routes::ALERTS, &pairs)
    }
}

/// A unit in the address: one's own has a word, so that the address means that of whoever opens it.
fn unit_word(unit: Option<UnitId>, home_unit: Option<UnitId>) -> String {
    match unit {
        None => "all".to_owned(),
        unit if unit == home_unit => "mine".to_owned(),
        Some(unit) => unit.to_string(),
    }
}

impl AlertsPage {
    fn new(shell: Shell, role: Role, listed: Listed) -> Self {
        let t = &shell.t.alerts;
        let (filter, chosen) = (listed.filter, listed.chosen);
        let address = |filter: AlertFilter| Address::new(filter, listed.home_unit);
        let unit_name = filter.unit.map(|unit| listed.name_of(unit));
        let (unresolved, open) = match filter.unit {
            Some(_) => (chosen.unit_unresolved, chosen.unit_open),
            None => (chosen.unresolved, chosen.open),
        };
        let heading = match (filter.which == Which::Recent, &unit_name) {
            (false, Some(unit)) => fill(t.title_unit, &[unit, &grouped(open)]),
            (false, None) => fill(t.title, &[&grouped(open)]),
            (true, Some(unit)) => fill(t.title_recent_unit, &[unit]),
            (true, None) => t.title_recent.to_owned(),
        };
        let whose = listed.whose(t.all_units).into_iter();
        let whose = whose.map(|(unit, word, count)| SegLink {
            href: address(AlertFilter { unit, ..filter }).href(None),
            word,
            count: Some(grouped(count)),
            is_current: unit == filter.unit,
        });
        let states = [
            (Which::Unresolved, t.now, Some(unresolved)),
            (Which::Open, t.open, Some(open)),
            (Which::Acknowledged, t.acknowledged, Some(unresolved - open)),
            (Which::Recent, t.recent, None),
        ];
        let states = states.map(|(which, word, count)| SegLink {
            href: address(AlertFilter { which, ..filter }).href(None),
            word: word.to_owned(),
            count: count.map(grouped),
            is_current: which == filter.which,
        });
        let kinds = AlertKind::ALL.iter().map(|kind| {
            let is_chosen = filter.kind == Some(*kind);
            (kind.as_str(), kind_word(*kind, shell.t), is_chosen)
        });
        let rows: Vec<AlertRow> = listed
            .found
            .lines
            .iter()
            .map(|line| AlertRow::new(line, role, &shell))
            .collect();
        let here = address(filter);
        Self {
            heading,
            whose: whose.collect(),
            units: listed.choices(t.all_units),
            states: states.into(),
            kinds: kinds.collect(),
            state_word: filter.which.word(),
            is_recent: filter.which == Which::Recent,
            can_acknowledge: rows.iter().any(|row| row.is_open),
            key: new_key(),
            next: routes::safe_next(&shell.here).to_owned(),
            next_href: listed.found.next.map(|after| here.href(Some(after))),
            start_href: listed.is_later.then(|| here.href(None)),
            csv_href: exports::download_href(routes::ALERTS_CSV, &here.pairs()),
            problems: listed.problems,
            rows,
            shell,
        }
    }
}

impl Listed {
    fn name_of(&self, unit: UnitId) -> String {
        let found = self.units.iter().find(|(known, _)| *known == unit);
        found.map(|(_, name)| name.clone()).unwrap_or_default()
    }

    /// The lists one press away, with how many alerts each has: one's own unit, all, and another unit that was chosen. Nothing to choose
    /// from without a unit.
    fn whose(&self, all_units: &str) -> Vec<(Option<UnitId>, String, i64)> {
        let own = self.home_unit;
        let other = self.filter.unit.filter(|unit| Some(*unit) != own);
        if own.is_none() && other.is_none() {
            return Vec::new();
        }
        let mut lists = Vec::new();
        lists.extend(own.map(|unit| (own, self.name_of(unit), self.own.unit_unresolved)));
        lists.push((None, all_units.to_owned(), self.own.unresolved));
        lists.extend(other.map(|unit| {
            let count = self.chosen.unit_unresolved;
            (Some(unit), self.name_of(unit), count)
        }));
        lists
    }

    /// The select of units: all, then each.
    fn choices(&self, all_units: &str) -> Vec<(String, String, bool)> {
        let choice = |unit: Option<UnitId>, word: &str| {
            let is_chosen = unit == self.filter.unit;
            (unit_word(unit, self.home_unit), word.to_owned(), is_chosen)
        };
        let units = self.units.iter();
        std::iter::once(choice(None, all_units))
            .chain(units.map(|(unit, name)| choice(Some(*unit), name)))
            .collect()
    }
}

impl AlertRow {
    /// The row of an alert, for a person with this role.
    #[must_use]
    pub fn new(line: &AlertLine, role: Role, shell: &Shell) -> Self {
        let t = &shell.t.alerts;
        let is_over = line.state == AlertState::Resolved;
        let acknowledged = match line.acknowledged_at {
            Some(at) => {
                let by = who(
                    line.acknowledged_role,
                    line.acknowledged_unit.as_deref(),
                    shell.t,
                );
                Some((fill(t.acknowledged_by, &[&by]), Some(at)))
            }
            None if is_over => Some((t.nobody_did.to_owned(), None)),
            None => Some((t.nobody.to_owned(), None)),
        };
        let resolved = line.resolved_at.map(|at| match line.resolved_role {
            Some(_) => {
                let by = who(line.resolved_role, line.resolved_unit.as_deref(), shell.t);
                (fill(t.resolved_by, &[&by]), Some(at))
            }
            None => (t.resolved_itself.to_owned(), Some(at)),
        });
        let reason = line
            .resolution
            .as_ref()
            .map(|reason| fill(t.reason_was, &[reason]));
        let flaps = (line.reopened > 0).then(|| fill(t.flaps, &[&line.reopened]));
        let escalated = (line.step > 0 && !is_over).then(|| fill(t.escalated, &[&line.step]));
        let snoozed = line
            .snoozed_until
            .filter(|until| *until > shell.now && !is_over);
        let snoozed = snoozed.map(|until| {
            let why = line.snooze_reason.as_deref().unwrap_or_default();
            fill(t.snoozed, &[&filters::clock(until, shell), &why])
        });
        let quiet = (is_over && line.is_active).then(|| t.quiet.to_owned());
        Self {
            id: line.alert_id,
            severity: severity_chip(line.severity, shell.t),
            sentence: alert_sentence(line, shell),
            href: main_href(line, role),
            kind: kind_word(line.kind, shell.t),
            detail: line
                .reader_rooms
                .as_ref()
                .filter(|_| !is_over)
                .map(|rooms| fill(t.covers, &[rooms])),
            opened_at: line.opened_at,
            causes: if line.causes > 1 {
                fill(t.times, &[&grouped(line.causes)])
            } else {
                t.once.to_owned()
            },
            last_at: (line.causes > 1).then_some(line.last_at),
            acknowledged,
            resolved,
            notes: [reason, quiet, flaps, escalated, snoozed]
                .into_iter()
                .flatten()
                .collect(),
            links: further_links(line, shell),
            is_open: line.state == AlertState::Open,
            is_acknowledged: line.state == AlertState::Acknowledged,
            can_resolve: !is_over && may_resolve(line.kind, role),
            key: new_key(),
            resolve_key: new_key(),
            snooze_key: new_key(),
        }
    }
}

/// The page of what an alert is about; for a reader its rooms, when the person may not see readers. What was not delivered stands on the
/// page of messages, which is not for everybody.
fn main_href(line: &AlertLine, role: Role) -> Option<String> {
    if line.kind == AlertKind::NotDelivered {
        let failed = [("state", MessageState::Failed.as_str())];
        return routes::may_open(role, routes::DELIVERIES)
            .then(|| routes::with_query(routes::DELIVERIES, &failed));
    }
    match (line.item_id, line.stock_place_id) {
        (Some(item), place) => return Some(routes::item_path(item, place)),
        (None, Some(place)) => return Some(routes::stock_place_path(place)),
        (None, None) => {}
    }
    Some(match (line.asset_id, line.room_id, line.reader_id) {
        (Some(asset), ..) => routes::asset_path(asset),
        (None, Some(room), _) => routes::room_path(room),
        (None, None, Some(_)) if routes::may_open(role, routes::READERS) => {
            routes::READERS.to_owned()
        }
        _ => routes::ROOMS.to_owned(),
    })
}

fn further_links(line: &AlertLine, shell: &Shell) -> Vec<(String, String)> {
    let t = &shell.t.alerts;
    let mut links = Vec::new();
    if let (Some(_), Some(room)) = (line.asset_id, line.room_id) {
        links.push((t.see_room.to_owned(), routes::room_path(room)));
    }
    if let (AlertKind::EquipmentBelowCritical, Some(asset_type)) = (line.kind, line.asset_type_id) {
        links.push((t.see_type.to_owned(), routes::type_path(asset_type)));
    }
    if let Some(lot) = line.lot_id {
        links.push((t.see_lot.to_owned(), routes::lot_path(lot)));
    }
    links
}
