//! Importing the plan of a floor: paste it or choose a file, see what fits, then import.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use super::find_floor;
use super::look::floor_name;
use crate::app::App;
use crate::audit::Actor;
use crate::ids::FloorId;
use crate::places::drawing::{check_plan, find_plan_size, import_plan};
use crate::places::model::FloorEntry;
use crate::places::plan::matching::MatchedPlan;
use crate::places::store::list_floors;
use crate::web::extract::{IdPath, Viewer};
use crate::web::filters;
use crate::web::page::{Nav, Page, Problem, Shell, see_other};
use crate::web::strings::fill;
use crate::web::{PageError, routes};

/// Names of rooms in one line of the report.
const NAMES_MAX: usize = 20;

/// The form.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImportForm {
    /// The text.
    #[serde(default)]
    pub geojson: String,
    /// "check" or "apply".
    pub go: Go,
}

/// What the pressed button does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Go {
    /// Changes nothing.
    Check,
    /// Imports.
    Apply,
}

/// The page.
#[derive(Debug, Template)]
#[template(path = "plan/import.html")]
pub struct ImportPage {
    /// Frame.
    pub shell: Shell,
    /// "Import a plan of Level 3, Main building".
    pub heading: String,
    /// "Level 3, Main building".
    pub floor_name: String,
    /// The plan.
    pub back_href: String,
    /// Where the form sends to.
    pub action: String,
    /// The plan as a file.
    pub download_href: String,
    /// Whether there is a plan now.
    pub has_plan: bool,
    /// What was pasted.
    pub text: String,
    /// What is wrong with it.
    pub problems: Vec<Problem>,
    /// What it would do; `None` before it was checked.
    pub report: Option<Vec<String>>,
}

/// `GET /plan/{id}/import`
///
/// # Errors
/// When there is no such floor, or the database fails.
pub async fn form(
    app: web::Data<App>,
    viewer: Viewer,
    id: IdPath<FloorId>,
) -> Result<Page<ImportPage>, PageError> {
    Ok(Page::new(load(&app, &viewer, id.0).await?))
}

/// `POST /plan/{id}/import`
///
/// # Errors
/// When there is no such floor, the form cannot be read, or the database fails.
pub async fn import(
    app: web::Data<App>,
    viewer: Viewer,
    id: IdPath<FloorId>,
    body: web::Payload,
) -> Result<HttpResponse, PageError> {
    let form = read_form(body).await?;
    let mut page = load(&app, &viewer, id.0).await?;
    let mut conn = app.db.conn().await?;
    let checked = if form.go == Go::Apply {
        import_plan(
            &mut conn,
            id.0,
            &form.geojson,
            Actor::User(viewer.user_id),
            app.clock.now(),
        )
        .await?
    } else {
        check_plan(&conn, id.0, &form.geojson).await?
    };
    drop(conn);
    match checked {
        Ok(_) if form.go == Go::Apply => {
            viewer.leave_flash(&app, page.shell.t.plan.imported).await?;
            Ok(see_other(&routes::plan_path(id.0)))
        }
        Ok(plan) => {
            page.report = Some(report(&plan, &page.shell));
            page.text = form.geojson;
            Page::new(page).render()
        }
        Err(faults) => {
            let problem = |fault: &dyn ToString| Problem::new("geojson", fault.to_string());
            page.problems = faults.iter().map(|fault| problem(fault)).collect();
            page.text = form.geojson;
            Page::new(page)
                .with_status(StatusCode::UNPROCESSABLE_ENTITY)
                .render()
        }
    }
}

/// Larger than what the extractor for forms takes; the middleware has limited it already.
async fn read_form(body: web::Payload) -> Result<ImportForm, PageError> {
    let limit = routes::form_bytes_max(routes::PLAN_IMPORT);
    let body = body
        .to_bytes_limited(limit)
        .await
        .map_err(|_| PageError::TooLarge)?
        .map_err(|_| PageError::BadRequest)?;
    let text = std::str::from_utf8(&body).map_err(|_| PageError::BadRequest)?;
    let form = web::Query::<ImportForm>::from_query(text).map_err(|_| PageError::BadRequest)?;
    Ok(form.into_inner())
}

async fn load(app: &App, viewer: &Viewer, id: FloorId) -> Result<ImportPage, PageError> {
    let conn = app.db.conn().await?;
    let floors = list_floors(&conn).await?;
    let floor = find_floor(&floors, id).ok_or(PageError::NotFound)?;
    let has_plan = find_plan_size(&conn, id).await?.is_some();
    Ok(ImportPage::new(viewer.shell(Nav::Plan), floor, has_plan))
}

impl ImportPage {
    fn new(shell: Shell, floor: &FloorEntry, has_plan: bool) -> Self {
        let name = floor_name(floor);
        Self {
            heading: fill(shell.t.plan.import_title, &[&name]),
            floor_name: name,
            back_href: routes::plan_path(floor.floor_id),
            action: routes::plan_import_path(floor.floor_id),
            download_href: routes::plan_geojson_path(floor.floor_id),
            has_plan,
            text: String::new(),
            problems: Vec::new(),
            report: None,
            shell,
        }
    }

    /// Pages for tests of templates.
    #[must_use]
    pub fn samples() -> Vec<Self> {
        let shell = Shell::sample_for(crate::db::types::Role::Admin);
        let floor = super::samples::floor();
        let empty = || Self::new(shell.clone(), &floor, false);
        vec![
            empty(),
            Self {
                text: "{\"type\": \"<b>\"}".to_owned(),
                problems: vec![Problem::new(
                    "geojson",
                    "feature 1: geometry.type is \"<i>\": use Polygon",
                )],
                ..Self::new(shell.clone(), &floor, true)
            },
            Self {
                report: Some(vec![
                    "12 rooms are drawn.".to_owned(),
                    "1 room is not: <i>".to_owned(),
                ]),
                ..empty()
            },
        ]
    }
}

fn report(plan: &MatchedPlan, shell: &Shell) -> Vec<String> {
    let t = &shell.t.plan;
    let mut lines = vec![fill(t.import_rooms, &[&plan.drawing.rooms.len()])];
    if let Some(size) = plan.drawing.size {
        let (width, height) = (
            format!("{:.1}", size.width_m),
            format!("{:.1}", size.height_m),
        );
        lines.push(fill(t.import_size, &[&width, &height]));
    }
    let ways = plan.ways.len();
    lines.push(match (plan.is_guessed, plan.drawing.size, ways) {
        (true, ..) => fill(t.import_guessed, &[&ways]),
        (false, None, 0) => t.import_no_ways.to_owned(),
        (false, ..) => fill(t.import_ways, &[&ways]),
    });
    let missing = &plan.missing;
    if missing.is_empty() {
        lines.push(t.import_all.to_owned());
    } else {
        let more = missing.len().saturating_sub(NAMES_MAX);
        let mut names: Vec<String> = missing.iter().take(NAMES_MAX).cloned().collect();
        if more > 0 {
            names.push(fill(t.more, &[&more]));
        }
        let names = names.join(", ");
        lines.push(match missing.len() {
            1 => fill(t.import_missing_one, &[&names]),
            count => fill(t.import_missing, &[&count, &names]),
        });
    }
    lines
}
