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
use crate::db::types::{AlertKind, AlertState, Role};
use crate::delivery::store::{ToldLine, list_told};
use crate::ids::{AlertId, UnitId};
use crate::live::Topic;

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
    /// One's own unit or all.
    pub units: Vec<SegLink>,
    /// All now, open, acknowledged, over.
    pub states: Vec<SegLink>,
    /// Kinds: value, word, chosen.
    pub kinds: Vec<(&'static str, &'static str, bool)>,
    /// For the form of kinds.
    pub unit_word: &'static str,
    /// For the form of kinds.
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
    /// What it is about.
    pub href: String,
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
    let (filter, problems) = params.filter(&viewer, &shell);
    let after = params.after.as_deref().and_then(AlertCursor::parse);
    let conn = app.db.conn().await?;
    let (counts, found) = tokio::try_join!(
        count_alerts(&conn, filter.kind, viewer.home_unit),
        list_alerts(&conn, &filter, after, ALERTS_PER_PAGE, shell.now),
    )?;
    let ids: Vec<AlertId> = found.lines.iter().map(|line| line.alert_id).collect();
    let told = list_told(&conn, &ids).await?;
    let mut page = AlertsPage::new(
        shell,
        viewer.role,
        viewer.home_unit,
        &filter,
        problems,
        counts,
        &found,
        after.is_some(),
    );
    for row in &mut page.rows {
        let of = told.iter().filter(|told| told.alert_id == row.id);
        row.notes
            .extend(of.map(|told| told_words(told, &page.shell)));
    }
    Ok(Page::new(page))
}

/// "Told Supply team at 14:02."
fn told_words(told: &ToldLine, shell: &Shell) -> String {
    let t = &shell.t.delivery;
    match (told.done_at, told.failed_at) {
        (Some(at), _) => fill(t.told, &[&told.destination, &filters::clock(at, shell)]),
        (None, Some(_)) => fill(t.told_failed, &[&told.destination]),
        (None, None) => fill(t.told_waiting, &[&told.destination]),
    }
}

impl AlertParams {
    /// What is asked for; unknown values are named and left out.
    pub(in crate::web) fn filter(
        &self,
        viewer: &Viewer,
        shell: &Shell,
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
            Some(other) => refuse(t.field_unit, other),
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

/// The filters of a list as they stand in its address.
fn list_pairs(filter: &AlertFilter) -> Vec<(&'static str, &'static str)> {
    let mut pairs = vec![("unit", unit_word(filter)), ("state", filter.which.word())];
    pairs.extend(filter.kind.map(|kind| ("kind", kind.as_str())));
    pairs
}

/// The address of a list.
fn list_href(filter: &AlertFilter, after: Option<AlertCursor>) -> String {
    let after = after.map(|cursor| cursor.to_string());
    let mut pairs: Vec<(&str, &str)> = list_pairs(filter);
    pairs.extend(after.as_deref().map(|after| ("after", after)));
    routes::with_query(routes::ALERTS, &pairs)
}

fn unit_word(filter: &AlertFilter) -> &'static str {
    if filter.unit.is_some() { "mine" } else { "all" }
}

impl AlertsPage {
    #[expect(clippy::too_many_arguments, reason = "what one page is made of")]
    fn new(
        shell: Shell,
        role: Role,
        home_unit: Option<UnitId>,
        filter: &AlertFilter,
        problems: Vec<String>,
        counts: AlertCounts,
        found: &AlertPage,
        is_later: bool,
    ) -> Self {
        let t = &shell.t.alerts;
        let unit_name = shell
            .person
            .as_ref()
            .and_then(|person| person.home_unit.clone());
        let (unresolved, open) = match filter.unit {
            Some(_) => (counts.unit_unresolved, counts.unit_open),
            None => (counts.unresolved, counts.open),
        };
        let heading = match (filter.which == Which::Recent, filter.unit, &unit_name) {
            (false, Some(_), Some(unit)) => fill(t.title_unit, &[unit, &grouped(open)]),
            (false, ..) => fill(t.title, &[&grouped(open)]),
            (true, Some(_), Some(unit)) => fill(t.title_recent_unit, &[unit]),
            (true, ..) => t.title_recent.to_owned(),
        };
        let mut units = Vec::new();
        if let (Some(unit), Some(name)) = (home_unit, unit_name) {
            for (unit, word, count) in [
                (Some(unit), name, counts.unit_unresolved),
                (None, t.all_units.to_owned(), counts.unresolved),
            ] {
                units.push(SegLink {
                    href: list_href(&AlertFilter { unit, ..*filter }, None),
                    word,
                    count: Some(grouped(count)),
                    is_current: unit == filter.unit,
                });
            }
        }
        let states = [
            (Which::Unresolved, t.now, Some(unresolved)),
            (Which::Open, t.open, Some(open)),
            (Which::Acknowledged, t.acknowledged, Some(unresolved - open)),
            (Which::Recent, t.recent, None),
        ];
        let states = states.map(|(which, word, count)| SegLink {
            href: list_href(&AlertFilter { which, ..*filter }, None),
            word: word.to_owned(),
            count: count.map(grouped),
            is_current: which == filter.which,
        });
        let kinds = AlertKind::ALL.iter().map(|kind| {
            let is_chosen = filter.kind == Some(*kind);
            (kind.as_str(), kind_word(*kind, shell.t), is_chosen)
        });
        let rows: Vec<AlertRow> = found
            .lines
            .iter()
            .map(|line| AlertRow::new(line, role, &shell))
            .collect();
        Self {
            heading,
            problems,
            units,
            states: states.into(),
            kinds: kinds.collect(),
            unit_word: unit_word(filter),
            state_word: filter.which.word(),
            is_recent: filter.which == Which::Recent,
            can_acknowledge: rows.iter().any(|row| row.is_open),
            key: new_key(),
            next: routes::safe_next(&shell.here).to_owned(),
            next_href: found.next.map(|after| list_href(filter, Some(after))),
            start_href: is_later.then(|| list_href(filter, None)),
            csv_href: exports::download_href(routes::ALERTS_CSV, &list_pairs(filter)),
            rows,
            shell,
        }
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

/// The page of what an alert is about; for a reader its rooms, when the person may not see readers.
fn main_href(line: &AlertLine, role: Role) -> String {
    match (line.item_id, line.stock_place_id) {
        (Some(item), place) => return routes::item_path(item, place),
        (None, Some(place)) => return routes::stock_place_path(place),
        (None, None) => {}
    }
    match (line.asset_id, line.room_id, line.reader_id) {
        (Some(asset), ..) => routes::asset_path(asset),
        (None, Some(room), _) => routes::room_path(room),
        (None, None, Some(_)) if routes::may_open(role, routes::READERS) => {
            routes::READERS.to_owned()
        }
        _ => routes::ROOMS.to_owned(),
    }
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
