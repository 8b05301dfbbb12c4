//! What people looked for and did not find, nearest first: to look for on the way, and to say "found" from the list.

use std::cmp::Reverse;

use actix_web::{HttpRequest, web};
use askama::Template;
use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;

use super::PageError;
use super::acts::new_key;
use super::alerts::words::who;
use super::alerts::{SegLink, starts_with_unit};
use super::done::DoneNote;
use super::exports;
use super::extract::Viewer;
use super::filters;
use super::origin::{Origin, find_origin, room_label_text};
use super::page::{Nav, Page, Shell};
use super::routes;
use super::strings::fill;
use super::wording::grouped;
use crate::app::App;
use crate::assets::tasks::{TaskLine, count_open_tasks, list_closed_tasks, list_open_tasks};
use crate::ids::UnitId;
use crate::live::Topic;

/// Most open tasks on the page.
const TASKS_SHOWN: i64 = 100;
/// Most closed ones.
const CLOSED_SHOWN: i64 = 20;

/// `?unit=&done=`
#[derive(Clone, Debug, Default, Deserialize)]
pub struct TaskParams {
    unit: Option<String>,
    done: Option<String>,
}

impl TaskParams {
    /// Whose tasks are asked for; `None`: all.
    pub(in crate::web) fn unit(&self, viewer: &Viewer) -> Option<UnitId> {
        match self.unit.as_deref() {
            Some("mine") => viewer.home_unit,
            Some("all") => None,
            _ => viewer.home_unit.filter(|_| starts_with_unit(viewer.role)),
        }
    }
}

/// Since when closed ones are shown: a day.
#[must_use]
pub fn closed_since(now: DateTime<Utc>) -> DateTime<Utc> {
    now - TimeDelta::hours(24)
}

/// The list.
#[derive(Debug, Template)]
#[template(path = "tasks/index.html")]
pub struct TasksPage {
    /// Frame.
    pub shell: Shell,
    /// "Look for: 3 devices".
    pub heading: String,
    /// What was just done.
    pub done: Option<DoneNote>,
    /// One's own unit or all.
    pub units: Vec<SegLink>,
    /// "Nearest to 4 West first."
    pub order: String,
    /// The open ones.
    pub rows: Vec<TaskRow>,
    /// "And 12 more."
    pub more: Option<String>,
    /// Those that were closed lately.
    pub closed: Vec<TaskRow>,
    /// This list, to come back to.
    pub next: String,
    /// All of it as a file.
    pub csv_href: String,
}

/// A task, ready to show.
#[derive(Clone, Debug)]
pub struct TaskRow {
    /// Its id.
    pub id: i64,
    /// The asset's page.
    pub href: String,
    /// "Look for infusion pump IP-0417".
    pub words: String,
    /// The asset, for the form.
    pub asset_id: i64,
    /// The number on its label.
    pub number: String,
    /// Its status, so that an old page is noticed.
    pub shown: &'static str,
    /// "It was not in Clean utility 3W-12, 3 West".
    pub place: String,
    /// The room where it was not, for "Found here".
    pub room: Option<String>,
    /// The same as its label says it.
    pub room_label: String,
    /// "30 m away".
    pub distance: Option<String>,
    /// "Reported not here by Nurse, 4 West,".
    pub reported: String,
    /// When.
    pub opened_at: DateTime<Utc>,
    /// "Found by Nurse, 4 West," and when.
    pub outcome: Option<(String, DateTime<Utc>)>,
    /// Idempotency key for "Found here".
    pub key: String,
    /// Idempotency key for "Found in another room".
    pub room_key: String,
}

/// `GET /tasks`
///
/// # Errors
/// When the database fails.
pub async fn page(
    app: web::Data<App>,
    viewer: Viewer,
    request: HttpRequest,
    params: web::Query<TaskParams>,
) -> Result<Page<TasksPage>, PageError> {
    let mut shell = viewer.shell(Nav::Tasks);
    let unit = params.unit(&viewer);
    let conn = app.db.conn().await?;
    let origin = find_origin(&app, &conn, &viewer, &request, None).await?;
    let since = closed_since(shell.now);
    let (total, of_unit, mut open, closed) = tokio::try_join!(
        count_open_tasks(&conn, None),
        count_open_tasks(&conn, viewer.home_unit),
        list_open_tasks(&conn, unit, TASKS_SHOWN),
        list_closed_tasks(&conn, unit, since, CLOSED_SHOWN),
    )?;
    let done = DoneNote::load(&conn, &shell, viewer.user_id, params.done.as_deref()).await?;
    sort_nearest(&mut open, &origin);
    shell.watch(open.iter().map(|task| Topic::Asset(task.asset_id)));
    shell.watch([Topic::Alerts]);
    let unit_name = shell
        .person
        .as_ref()
        .and_then(|person| person.home_unit.clone());
    let mut units = Vec::new();
    if let (Some(_), Some(name)) = (viewer.home_unit, unit_name) {
        let all = shell.t.alerts.all_units.to_owned();
        for (word, name, count, is_current) in [
            ("mine", name, of_unit, unit.is_some()),
            ("all", all, total, unit.is_none()),
        ] {
            units.push(SegLink {
                href: routes::with_query(routes::TASKS, &[("unit", word)]),
                word: name,
                count: Some(grouped(count)),
                is_current,
            });
        }
    }
    let count = if unit.is_some() { of_unit } else { total };
    let unit_word = if unit.is_some() { "mine" } else { "all" };
    let units = (units, unit_word);
    Ok(Page::new(TasksPage::new(
        shell, done, units, &origin, count, &open, &closed,
    )))
}

/// Nearest first; what has no known place or way comes last, newest first.
fn sort_nearest(tasks: &mut [TaskLine], origin: &Origin) {
    tasks.sort_by_key(|task| {
        let cost = task.room_id.map_or(u64::MAX, |room| origin.costs.of(room));
        (cost, Reverse(task.opened_at))
    });
}

impl TasksPage {
    fn new(
        shell: Shell,
        done: Option<DoneNote>,
        (units, unit_word): (Vec<SegLink>, &str),
        origin: &Origin,
        count: i64,
        open: &[TaskLine],
        closed: &[TaskLine],
    ) -> Self {
        let t = &shell.t.tasks;
        let shown = i64::try_from(open.len()).unwrap_or(i64::MAX);
        Self {
            heading: match count {
                0 => t.title_none.to_owned(),
                1 => t.title_one.to_owned(),
                count => fill(t.title, &[&grouped(count)]),
            },
            order: match &origin.name {
                Some(name) => fill(t.order, &[name]),
                None => t.order_newest.to_owned(),
            },
            rows: open
                .iter()
                .map(|task| TaskRow::new(task, origin, &shell))
                .collect(),
            more: (count > shown).then(|| fill(t.more_open, &[&grouped(count - shown)])),
            closed: closed
                .iter()
                .map(|task| TaskRow::new(task, origin, &shell))
                .collect(),
            next: routes::safe_next(&super::done::without_done(&shell.here)).to_owned(),
            csv_href: exports::download_href(routes::TASKS_CSV, &[("unit", unit_word)]),
            done,
            units,
            shell,
        }
    }

    /// Pages for tests of templates.
    #[must_use]
    pub fn samples() -> Vec<Self> {
        let shell = Shell::sample();
        let open = TaskRow::sample_lines(&shell);
        let mut closed = open.clone();
        for (task, outcome) in closed.iter_mut().zip(["found", "undone"]) {
            task.closed_at = Some(shell.now);
            task.outcome = Some(outcome.to_owned());
        }
        let unit = SegLink {
            href: routes::TASKS.to_owned(),
            word: "4 West <b>".to_owned(),
            count: Some("2".to_owned()),
            is_current: true,
        };
        let origin = Origin::default();
        let page = |units, count, open: &[TaskLine], closed: &[TaskLine]| {
            let done = Some(DoneNote::sample(&shell));
            let units = (units, "all");
            Self::new(shell.clone(), done, units, &origin, count, open, closed)
        };
        vec![
            page(vec![unit], 14, &open, &closed),
            page(Vec::new(), 0, &[], &[]),
        ]
    }
}

impl TaskRow {
    /// The row of a task.
    #[must_use]
    pub fn new(task: &TaskLine, origin: &Origin, shell: &Shell) -> Self {
        let t = &shell.t.tasks;
        let room = task.place_short();
        let by = |role, unit: &Option<String>| who(role, unit.as_deref(), shell.t);
        let outcome = task.closed_at.map(|at| {
            let closer = by(task.closed_role, &task.closed_unit);
            let words = match task.outcome.as_deref() {
                Some("found") => fill(t.out_found, &[&closer]),
                Some("undone") => fill(t.out_undone, &[&closer]),
                Some("retired") => t.out_retired.to_owned(),
                _ => t.out_seen.to_owned(),
            };
            (words, at)
        });
        Self {
            id: task.task_id,
            href: routes::asset_path(task.asset_id),
            words: fill(t.look_for, &[&task.type_name, &task.asset_number]),
            asset_id: task.asset_id.0,
            number: task.asset_number.clone(),
            shown: task.asset_status.as_str(),
            place: match &room {
                Some(room) => fill(t.was_in, &[room]),
                None => t.never_seen.to_owned(),
            },
            room,
            room_label: task.room_id.map(room_label_text).unwrap_or_default(),
            distance: task.room_id.and_then(|room| origin.distance(room, shell)),
            reported: match task.opened_role {
                Some(_) => fill(t.reported, &[&by(task.opened_role, &task.opened_unit)]),
                None => t.reported_nobody.to_owned(),
            },
            opened_at: task.opened_at,
            outcome,
            key: new_key(),
            room_key: new_key(),
        }
    }

    /// Rows for tests of templates.
    #[must_use]
    pub fn samples(shell: &Shell) -> Vec<Self> {
        let lines = Self::sample_lines(shell);
        lines
            .iter()
            .map(|line| Self::new(line, &Origin::default(), shell))
            .collect()
    }

    fn sample_lines(shell: &Shell) -> Vec<TaskLine> {
        let first = TaskLine {
            task_id: 1,
            asset_id: crate::ids::AssetId(70_001),
            asset_number: "IP-0417 <b>".to_owned(),
            asset_status: crate::db::types::AssetStatus::Available,
            type_name: "infusion pump".to_owned(),
            room_id: Some(crate::ids::RoomId(20_001)),
            room_name: Some("3W-12".to_owned()),
            room_kind: Some(crate::db::types::RoomKind::CleanUtility),
            area_name: Some("3 West".to_owned()),
            opened_at: shell.now,
            opened_role: Some(crate::db::types::Role::Nurse),
            opened_unit: Some("4 West <i>".to_owned()),
            closed_at: None,
            closed_role: Some(crate::db::types::Role::Nurse),
            closed_unit: None,
            outcome: None,
        };
        let second = TaskLine {
            task_id: 2,
            room_id: None,
            room_name: None,
            opened_role: None,
            ..first.clone()
        };
        vec![first, second]
    }
}
