//! What waits for somebody, as files: alerts, and what to look for.

use actix_web::{HttpRequest, HttpResponse, web};
use chrono_tz::Tz;

use super::{read_parts, refuse, rows_per_part};
use crate::alerts::list::{AlertCursor, AlertLine, list_alerts};
use crate::app::App;
use crate::assets::tasks::{TaskLine, list_closed_tasks, list_open_tasks};
use crate::db::types::{AlertKind, AssetStatus, Role};
use crate::find::export::ROWS_MAX;
use crate::places::store::list_units;
use crate::web::alerts::AlertParams;
use crate::web::csv::{Cell, CsvFile, CsvParams, CsvRow, instant, maybe_instant, record_export};
use crate::web::extract::Viewer;
use crate::web::page::Nav;
use crate::web::tasks::{TaskParams, closed_since};
use crate::web::{PageError, routes};

struct AlertFileRow {
    line: AlertLine,
    zone: Tz,
}

/// People are roles and units here as on the page: a file is no record of who did what.
impl CsvRow for AlertFileRow {
    const COLUMNS: &'static [&'static str] = &[
        "number",
        "kind",
        "severity",
        "state",
        "active",
        "asset_number",
        "asset_status",
        "type",
        "room",
        "area",
        "reader",
        "ready",
        "critical",
        "causes",
        "opened",
        "last_cause",
        "ended",
        "acknowledged",
        "acknowledged_role",
        "acknowledged_unit",
        "resolved",
        "resolved_role",
        "resolved_unit",
        "reason",
        "item",
        "stock_place",
        "bin",
        "lot",
        "expires",
    ];

    fn cells(&self) -> Vec<Cell<'_>> {
        let (line, zone) = (&self.line, self.zone);
        // What is ready in the room says something about an alert of counts only.
        let is_count = line.kind == AlertKind::EquipmentBelowCritical;
        let number = |number: Option<i64>| {
            let number = number.filter(|_| is_count);
            number.map_or(Cell::Empty, Cell::Number)
        };
        vec![
            Cell::Number(line.alert_id.0),
            Cell::text(line.kind.as_str()),
            Cell::text(line.severity.as_str()),
            Cell::text(line.state.as_str()),
            Cell::Flag(line.is_active),
            Cell::maybe(line.asset_number.as_deref()),
            Cell::maybe(line.asset_status.map(AssetStatus::as_str)),
            Cell::maybe(line.type_name.as_deref()),
            Cell::maybe(line.room_name.as_deref()),
            Cell::maybe(line.area_name.as_deref()),
            Cell::maybe(line.reader_key.as_deref()),
            number(line.ready),
            number(line.critical.map(i64::from)),
            Cell::Number(line.causes),
            instant(line.opened_at, zone),
            instant(line.last_at, zone),
            maybe_instant(line.ended_at, zone),
            maybe_instant(line.acknowledged_at, zone),
            Cell::maybe(line.acknowledged_role.map(Role::as_str)),
            Cell::maybe(line.acknowledged_unit.as_deref()),
            maybe_instant(line.resolved_at, zone),
            Cell::maybe(line.resolved_role.map(Role::as_str)),
            Cell::maybe(line.resolved_unit.as_deref()),
            Cell::maybe(line.resolution.as_deref()),
            Cell::maybe(line.item_name.as_deref()),
            Cell::maybe(line.stock_place_name.as_deref()),
            Cell::maybe(line.bin_name.as_deref()),
            Cell::maybe(line.lot_number.as_deref()),
            line.expires_on
                .map_or(Cell::Empty, |day| Cell::text(day.to_string())),
        ]
    }
}

/// `GET /alerts.csv`
///
/// # Errors
/// When a value of the address means nothing, or the database fails.
pub async fn alerts(
    app: web::Data<App>,
    viewer: Viewer,
    request: HttpRequest,
    params: web::Query<AlertParams>,
    csv: web::Query<CsvParams>,
) -> Result<HttpResponse, PageError> {
    let shell = viewer.shell(Nav::Alerts);
    let units = list_units(&*app.db.conn().await?).await?;
    let (filter, problems) = params.filter(&viewer, &shell, &units);
    if let Some(problem) = problems.into_iter().next() {
        return refuse(shell, problem, routes::ALERTS.to_owned());
    }
    record_export(&app, &viewer, "alerts", request.query_string()).await?;
    let (now, zone) = (shell.now, shell.zone);
    let parts = read_parts(app, async move |conn, after: Option<AlertCursor>| {
        let page = list_alerts(conn, &filter, after, rows_per_part(), now).await?;
        let rows: Vec<AlertFileRow> = page
            .lines
            .into_iter()
            .map(|line| AlertFileRow { line, zone })
            .collect();
        Ok((rows, page.next))
    });
    Ok(CsvFile::new("alerts", &csv, &shell).parts(parts))
}

struct TaskFileRow {
    task: TaskLine,
    zone: Tz,
}

impl CsvRow for TaskFileRow {
    const COLUMNS: &'static [&'static str] = &[
        "number",
        "asset_number",
        "type",
        "asset_status",
        "not_in_room",
        "area",
        "opened",
        "opened_role",
        "opened_unit",
        "closed",
        "closed_role",
        "closed_unit",
        "outcome",
    ];

    fn cells(&self) -> Vec<Cell<'_>> {
        let (task, zone) = (&self.task, self.zone);
        vec![
            Cell::Number(task.task_id),
            Cell::text(&task.asset_number),
            Cell::text(&task.type_name),
            Cell::text(task.asset_status.as_str()),
            Cell::maybe(task.room_name.as_deref()),
            Cell::maybe(task.area_name.as_deref()),
            instant(task.opened_at, zone),
            Cell::maybe(task.opened_role.map(Role::as_str)),
            Cell::maybe(task.opened_unit.as_deref()),
            maybe_instant(task.closed_at, zone),
            Cell::maybe(task.closed_role.map(Role::as_str)),
            Cell::maybe(task.closed_unit.as_deref()),
            Cell::maybe(task.outcome.as_deref()),
        ]
    }
}

/// `GET /tasks.csv`: those that are open, newest first, then those that were closed lately. Not by distance: a file has no place.
///
/// # Errors
/// When the database fails.
pub async fn tasks(
    app: web::Data<App>,
    viewer: Viewer,
    request: HttpRequest,
    params: web::Query<TaskParams>,
    csv: web::Query<CsvParams>,
) -> Result<HttpResponse, PageError> {
    let shell = viewer.shell(Nav::Tasks);
    record_export(&app, &viewer, "tasks", request.query_string()).await?;
    let unit = params.unit(&viewer);
    let most = i64::try_from(ROWS_MAX).unwrap_or(i64::MAX);
    let conn = app.db.conn().await?;
    let (open, closed) = tokio::try_join!(
        list_open_tasks(&conn, unit, most),
        list_closed_tasks(&conn, unit, closed_since(shell.now), most),
    )?;
    drop(conn);
    let zone = shell.zone;
    let rows: Vec<TaskFileRow> = open
        .into_iter()
        .chain(closed)
        .map(|task| TaskFileRow { task, zone })
        .collect();
    Ok(CsvFile::new("look-for", &csv, &shell).whole(&rows))
}
