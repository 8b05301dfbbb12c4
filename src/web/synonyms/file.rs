//! The words of the search as a file: export, and import with a look first.

use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use crate::app::App;
use crate::audit::Actor;
use crate::find::synonyms::exchange::{ImportError, ImportReport, export_csv, import_csv};
use crate::find::synonyms::file::{FAULTS_MAX, RowFault};
use crate::web::csv::record_export;
use crate::web::extract::Viewer;
use crate::web::page::{Nav, Page, Problem, Shell, see_other};
use crate::web::strings::fill;
use crate::web::{PageError, routes};

/// The form.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImportForm {
    /// The text.
    #[serde(default)]
    pub csv: String,
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
#[template(path = "synonyms/import.html")]
pub struct SynonymImportPage {
    /// Frame.
    pub shell: Shell,
    /// What was pasted.
    pub text: String,
    /// What is wrong with it.
    pub problems: Vec<Problem>,
    /// What it would do; `None` before it was checked.
    pub report: Option<Vec<String>>,
}

/// `GET /synonyms/export`
///
/// # Errors
/// When the database fails.
pub async fn export(app: web::Data<App>, viewer: Viewer) -> Result<HttpResponse, PageError> {
    record_export(&app, &viewer, "synonyms", "").await?;
    let conn = app.db.conn().await?;
    let text = export_csv(&conn).await?;
    Ok(HttpResponse::Ok()
        .insert_header((
            header::CONTENT_DISPOSITION,
            "attachment; filename=\"synonyms.csv\"",
        ))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .content_type("text/csv; charset=utf-8")
        .body(text))
}

/// `GET /synonyms/import`
///
/// # Errors
/// Never.
pub async fn form(viewer: Viewer) -> Result<Page<SynonymImportPage>, PageError> {
    Ok(Page::new(SynonymImportPage::new(viewer.shell(Nav::Find))))
}

/// `POST /synonyms/import`
///
/// # Errors
/// When the form cannot be read, or the database fails.
pub async fn import(
    app: web::Data<App>,
    viewer: Viewer,
    body: web::Payload,
) -> Result<HttpResponse, PageError> {
    let form = read_form(body).await?;
    let mut page = SynonymImportPage::new(viewer.shell(Nav::Find));
    let t = &page.shell.t.synonyms;
    let is_dry_run = form.go == Go::Check;
    let mut conn = app.db.conn().await?;
    let actor = Actor::User(viewer.user_id);
    let done = import_csv(&mut conn, &form.csv, is_dry_run, actor, app.clock.now()).await;
    drop(conn);
    match done {
        Ok(report) if !is_dry_run => {
            let words = fill(
                t.imported,
                &[&report.added, &report.changed, &report.unchanged],
            );
            viewer.leave_flash(&app, &words).await?;
            Ok(see_other(routes::SYNONYMS))
        }
        Ok(report) => {
            page.report = Some(page.report_lines(report));
            page.text = form.csv;
            Page::new(page).render()
        }
        Err(ImportError::Faults(faults)) => {
            page.problems = list_problems(&faults, &page.shell);
            page.text = form.csv;
            Page::new(page)
                .with_status(StatusCode::UNPROCESSABLE_ENTITY)
                .render()
        }
        Err(ImportError::Database(error)) => Err(error.into()),
    }
}

fn list_problems(faults: &[RowFault], shell: &Shell) -> Vec<Problem> {
    let mut problems: Vec<Problem> = faults
        .iter()
        .map(|fault| Problem::new("csv", fault.to_string()))
        .collect();
    if faults.len() >= FAULTS_MAX {
        let words = fill(shell.t.synonyms.import_more, &[&FAULTS_MAX]);
        problems.push(Problem::new("csv", words));
    }
    problems
}

/// Larger than what the extractor for forms takes; the middleware has limited it already.
async fn read_form(body: web::Payload) -> Result<ImportForm, PageError> {
    let limit = routes::form_bytes_max(routes::SYNONYMS_IMPORT);
    let body = body
        .to_bytes_limited(limit)
        .await
        .map_err(|_| PageError::TooLarge)?
        .map_err(|_| PageError::BadRequest)?;
    let text = std::str::from_utf8(&body).map_err(|_| PageError::BadRequest)?;
    let form = web::Query::<ImportForm>::from_query(text).map_err(|_| PageError::BadRequest)?;
    Ok(form.into_inner())
}

impl SynonymImportPage {
    fn new(shell: Shell) -> Self {
        Self {
            shell,
            text: String::new(),
            problems: Vec::new(),
            report: None,
        }
    }

    fn report_lines(&self, report: ImportReport) -> Vec<String> {
        let t = &self.shell.t.synonyms;
        [
            (t.import_added, report.added),
            (t.import_changed, report.changed),
            (t.import_unchanged, report.unchanged),
        ]
        .into_iter()
        .map(|(words, count)| fill(words, &[&count]))
        .collect()
    }

    /// Pages for tests of templates.
    #[must_use]
    pub fn samples() -> Vec<Self> {
        let shell = Shell::sample_for(crate::db::types::Role::Admin);
        let empty = || Self::new(shell.clone());
        let report = ImportReport {
            added: 3,
            ..ImportReport::default()
        };
        vec![
            empty(),
            Self {
                text: "term,kind\n<b>".to_owned(),
                problems: vec![Problem::new("csv", "row 2: term is <b>")],
                ..empty()
            },
            Self {
                report: Some(empty().report_lines(report)),
                ..empty()
            },
        ]
    }
}
