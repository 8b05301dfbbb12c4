//! The start page: one search box, favourite types with what is ready, and what waits in one's unit.

use actix_web::{HttpRequest, web};
use askama::Template;
use chrono::{DateTime, Utc};

use super::alerts::AlertRow;
use super::extract::Viewer;
use super::filters;
use super::origin::find_origin;
use super::page::{Chip, Nav, Page, Shell};
use super::strings::fill;
use super::tasks::TaskRow;
use super::wording::{capitalised, grouped};
use super::{PageError, routes};
use crate::alerts::list::{AlertFilter, Which, count_alerts, list_alerts};
use crate::app::App;
use crate::assets::tasks::{count_open_tasks, list_open_tasks};
use crate::devices::model::LiveState;
use crate::devices::store::find_live_state;
use crate::find::favourites::{HomeType, list_home_types};
use crate::find::search::TypeCount;
use crate::live::{Kind, Topic};

/// Types on the start page of somebody who chose none.
const TYPES_SHOWN: i64 = 12;
/// Tasks and alerts on the start page.
const WAITING_SHOWN: i64 = 3;
/// Larger numbers are no longer told by blocks.
const TALLY_MAX: i64 = 12;

/// The start page.
#[derive(Debug, Template)]
#[template(path = "home/index.html")]
pub struct HomePage {
    /// Frame.
    pub shell: Shell,
    /// "Ready in 4 West".
    pub types_heading: String,
    /// The favourites, or the types with most assets.
    pub types: Vec<HomeTile>,
    /// When places were last brought up to date; `None` while they are not live (the banner says so).
    pub updated_at: Option<DateTime<Utc>>,
    /// "Look for in 4 West".
    pub tasks_heading: String,
    /// How many.
    pub tasks_count: String,
    /// The newest.
    pub tasks: Vec<TaskRow>,
    /// "Alerts of 4 West".
    pub alerts_heading: String,
    /// How many.
    pub alerts_count: String,
    /// The gravest.
    pub alerts: Vec<AlertRow>,
    /// All of them.
    pub alerts_href: String,
    /// All of them.
    pub tasks_href: String,
}

/// A type of the start page, with its counts in the person's unit first.
#[derive(Clone, Debug)]
pub struct HomeTile {
    /// Its list.
    pub href: String,
    /// Its name.
    pub name: String,
    /// Ready ones: in the unit, or everywhere when the person has none.
    pub ready: String,
    /// "ready of 6".
    pub words: String,
    /// "31 ready in the hospital".
    pub elsewhere: String,
    /// A block for each: whether it is ready. Empty when there are too many to see at a glance.
    pub tally: Vec<bool>,
    /// Said when none is ready.
    pub none: Option<Chip>,
}

impl HomeTile {
    fn new(count: &HomeType, unit: Option<&str>, shell: &Shell) -> Self {
        let (t, home) = (&shell.t.favourites, &shell.t.pages.home);
        let (ready, total) = match unit {
            Some(_) => (count.ready_in_unit, count.total_in_unit),
            None => (count.ready, count.total),
        };
        Self {
            href: routes::type_path(count.asset_type_id),
            name: capitalised(&count.name),
            ready: grouped(ready),
            words: match unit {
                Some(_) => fill(t.ready_of, &[&grouped(total)]),
                None => home.ready.to_owned(),
            },
            elsewhere: match unit {
                Some(_) => fill(t.ready_everywhere, &[&grouped(count.ready)]),
                None => fill(home.of_total, &[&grouped(total)]),
            },
            tally: if total <= TALLY_MAX && ready > 0 {
                (0..total).map(|block| block < ready).collect()
            } else {
                Vec::new()
            },
            none: (ready == 0 && total > 0).then(|| Chip::bad(t.none_ready)),
        }
    }
}

/// A type with its counts, leading to its list.
#[derive(Clone, Debug)]
pub struct TypeTile {
    /// Its list.
    pub href: String,
    /// Its name.
    pub name: String,
    /// Those that can be taken.
    pub ready: String,
    /// "ready, 2 in 4 West".
    pub words: String,
    /// "of 52".
    pub of_total: String,
}

impl TypeTile {
    /// The tile of a type.
    #[must_use]
    pub fn new(count: &TypeCount, unit: Option<&str>, shell: &Shell) -> Self {
        let t = &shell.t.pages.home;
        Self {
            href: routes::type_path(count.asset_type_id),
            name: capitalised(&count.name),
            ready: grouped(count.ready),
            words: match unit {
                Some(unit) => fill(t.ready_here, &[&grouped(count.ready_in_unit), &unit]),
                None => t.ready.to_owned(),
            },
            of_total: fill(t.of_total, &[&grouped(count.total)]),
        }
    }

    /// Tiles for tests of templates.
    #[must_use]
    pub fn samples(shell: &Shell) -> Vec<Self> {
        [
            ("Infusion pump", 31, 52),
            ("Bariatric bed", 0, 1),
            ("<script>", 1_200, 12_000),
        ]
        .into_iter()
        .map(|(name, ready, total)| {
            let count = TypeCount {
                asset_type_id: crate::ids::AssetTypeId(30_001),
                name: name.to_owned(),
                ready,
                ready_in_unit: ready / 2,
                total,
            };
            Self::new(&count, Some("4 West"), shell)
        })
        .collect()
    }
}

/// `GET /`
///
/// # Errors
/// When the database fails.
pub async fn page(
    app: web::Data<App>,
    viewer: Viewer,
    request: HttpRequest,
) -> Result<Page<HomePage>, PageError> {
    let mut shell = viewer.shell(Nav::Find);
    shell.watch([Topic::All(Kind::Type), Topic::Alerts]);
    let conn = app.db.conn().await?;
    let origin = find_origin(&app, &conn, &viewer, &request, None).await?;
    let unit = viewer.home_unit;
    let filter = AlertFilter {
        which: Which::Unresolved,
        kind: None,
        unit,
    };
    let (types, live, task_count, tasks, alert_counts, alerts) = tokio::try_join!(
        list_home_types(&conn, viewer.user_id, origin.unit, TYPES_SHOWN),
        find_live_state(&conn, shell.now),
        count_open_tasks(&conn, unit),
        list_open_tasks(&conn, unit, WAITING_SHOWN),
        count_alerts(&conn, None, unit),
        list_alerts(&conn, &filter, None, WAITING_SHOWN, shell.now),
    )?;
    let t = &shell.t.favourites;
    let unit_name = shell
        .person
        .as_ref()
        .and_then(|person| person.home_unit.clone());
    let heading = |of_unit: &str, all: &str| match &unit_name {
        Some(name) => fill(of_unit, &[name]),
        None => all.to_owned(),
    };
    let whose = if unit.is_some() { "mine" } else { "all" };
    let alert_count = match unit {
        Some(_) => alert_counts.unit_unresolved,
        None => alert_counts.unresolved,
    };
    Ok(Page::new(HomePage {
        types_heading: match &origin.unit_name {
            Some(name) => fill(t.heading_unit, &[name]),
            None => shell.t.pages.home.types.to_owned(),
        },
        types: types
            .iter()
            .map(|count| HomeTile::new(count, origin.unit_name.as_deref(), &shell))
            .collect(),
        updated_at: match live {
            LiveState::Live { updated_at } => Some(updated_at),
            LiveState::NotLive { .. } => None,
        },
        tasks_heading: heading(t.tasks_unit, t.tasks),
        tasks_count: grouped(task_count),
        tasks: tasks
            .iter()
            .map(|task| TaskRow::new(task, &origin, &shell))
            .collect(),
        alerts_heading: heading(t.alerts_unit, t.alerts),
        alerts_count: grouped(alert_count),
        alerts: alerts
            .lines
            .iter()
            .map(|line| AlertRow::new(line, viewer.role, &shell))
            .collect(),
        alerts_href: routes::with_query(routes::ALERTS, &[("unit", whose)]),
        tasks_href: routes::with_query(routes::TASKS, &[("unit", whose)]),
        shell,
    }))
}

impl HomePage {
    /// Pages for tests of templates.
    #[must_use]
    pub fn samples() -> Vec<Self> {
        let shell = Shell::sample();
        let tiles = [
            ("infusion pump", 3, 6),
            ("bariatric bed", 0, 1),
            ("<script>", 1_200, 12_000),
        ];
        let tile = |(name, ready, total): (&str, i64, i64)| {
            let count = HomeType {
                asset_type_id: crate::ids::AssetTypeId(30_001),
                name: name.to_owned(),
                ready: ready * 2,
                total: total * 2,
                ready_in_unit: ready,
                total_in_unit: total,
                is_favourite: true,
            };
            HomeTile::new(&count, Some("4 West"), &shell)
        };
        let empty = || Self {
            types_heading: shell.t.pages.home.types.to_owned(),
            types: Vec::new(),
            updated_at: None,
            tasks_heading: shell.t.favourites.tasks.to_owned(),
            tasks_count: "0".to_owned(),
            tasks: Vec::new(),
            alerts_heading: shell.t.favourites.alerts.to_owned(),
            alerts_count: "0".to_owned(),
            alerts: Vec::new(),
            alerts_href: routes::ALERTS.to_owned(),
            tasks_href: routes::TASKS.to_owned(),
            shell: shell.clone(),
        };
        let full = Self {
            types_heading: "Ready in 4 West <b>".to_owned(),
            types: tiles.into_iter().map(tile).collect(),
            updated_at: Some(shell.now),
            tasks: TaskRow::samples(&shell),
            alerts: AlertRow::samples(&shell),
            tasks_count: "2".to_owned(),
            alerts_count: "1,234".to_owned(),
            ..empty()
        };
        vec![full, empty()]
    }
}
