//! Equipment from a CSV file: send it, see what it would do, import it (`docs/IMPORT.md`).

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Deserialize;
use uuid::Uuid;

use super::csv::{Cell, CsvFile, CsvParams, CsvRow, record_export};
use super::csv_upload::{self, count, shown_note};
use super::extract::Viewer;
use super::page::{Nav, Page, Problem, Shell, see_other};
use super::strings::fill;
use super::{PageError, routes};
use crate::app::App;
use crate::assets::import::{
    Fault, Import, ImportError, ImportPlan, Imported, Options, Upload, apply_upload, check_file,
    find_upload, insert_upload,
};
use crate::live::{Kind, Topic};

/// Lines of each kind that a page shows.
const LINES_MAX: usize = 100;

/// A file to begin with.
const EXAMPLE: &str = include_str!("equipment_import/example.csv");

/// Where a file is sent.
#[derive(Debug, Template)]
#[template(path = "equipment_import/form.html")]
pub struct ImportFormPage {
    /// Frame.
    pub shell: Shell,
    /// What is wrong with the file.
    pub problems: Vec<Problem>,
}

/// What a file would do.
#[derive(Debug, Template)]
#[template(path = "equipment_import/report.html")]
pub struct ImportReportPage {
    /// Frame.
    pub shell: Shell,
    /// Where its form leads.
    pub action: String,
    /// Tells this report from any other.
    pub digest: String,
    /// What the file is called.
    pub file_name: String,
    /// Whether new types and models are made.
    pub create_types: bool,
    /// What went wrong meanwhile.
    pub problems: Vec<Problem>,
    /// "12 new, 3 changed, ..".
    pub summary: Vec<String>,
    /// What else there is to know.
    pub notes: Vec<String>,
    /// Rows with mistakes.
    pub faulty_rows: usize,
    /// What is wrong.
    pub faults: Vec<FaultLine>,
    /// All of it as a file.
    pub faults_href: String,
    /// "100 of 3,200 are shown".
    pub faults_note: Option<String>,
    /// What changes.
    pub changes: Vec<ChangeLine>,
    /// "100 of 3,200 are shown".
    pub changes_note: Option<String>,
    /// What would be written.
    pub writes: usize,
}

/// A mistake.
#[derive(Clone, Debug)]
pub struct FaultLine {
    /// The row.
    pub row: String,
    /// The column.
    pub column: &'static str,
    /// What the cell says.
    pub value: String,
    /// What to do.
    pub remedy: String,
}

/// An asset that is new or changes.
#[derive(Clone, Debug)]
pub struct ChangeLine {
    /// The row.
    pub row: String,
    /// Its number.
    pub number: String,
    /// "serial: SN-1, was SN-2".
    pub words: Vec<String>,
}

/// The query string of a report.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct ReportParams {
    /// "1": make what is new.
    pub create_types: Option<String>,
}

impl ReportParams {
    fn creates_types(&self) -> bool {
        self.create_types.as_deref() == Some("1")
    }
}

/// The form of a report.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApplyForm {
    digest: String,
    create_types: Option<String>,
    skip_faulty: Option<String>,
}

/// `GET /equipment/import`
///
/// # Errors
/// Never; the signature is a handler's.
pub async fn form(viewer: Viewer) -> Result<Page<ImportFormPage>, PageError> {
    Ok(Page::new(ImportFormPage {
        shell: viewer.shell(Nav::Equipment),
        problems: Vec::new(),
    }))
}

/// `GET /equipment/import.csv`: a file to begin with.
///
/// # Errors
/// Never; the signature is a handler's.
pub async fn example() -> Result<HttpResponse, PageError> {
    Ok(csv_upload::example("wardtrack-import-example.csv", EXAMPLE))
}

/// `POST /equipment/import`: takes the file, and leads to what it would do.
///
/// # Errors
/// When the form cannot be read, or the database fails.
pub async fn upload(
    app: web::Data<App>,
    viewer: Viewer,
    request: HttpRequest,
    body: web::Payload,
) -> Result<HttpResponse, PageError> {
    let parts = csv_upload::read_parts(routes::EQUIPMENT_IMPORT, &request, body).await?;
    let mut sent = (None, ReportParams::default());
    for part in &parts {
        match part.name.as_str() {
            "csrf" => {}
            "file" => sent.0 = Some(part),
            "create_types" => sent.1.create_types = part.text().map(str::to_owned),
            _ => return Err(PageError::BadRequest),
        }
    }
    let shell = viewer.shell(Nav::Equipment);
    let file = sent.0.filter(|file| !file.body.is_empty());
    let Some(file) = file else {
        let words = shell.t.tables.no_file;
        return refuse_file(shell, words.to_owned());
    };
    let import = import_of(&app, &shell, &file.body, sent.1.creates_types(), false);
    let mut conn = app.db.conn().await?;
    match check_file(&conn, &import).await {
        Err(ImportError::File(error)) => return refuse_file(shell, error.to_string()),
        Err(error) => return Err(error.into()),
        Ok(_) => {}
    }
    let name = csv_upload::file_name(file);
    let key = insert_upload(&mut conn, viewer.user_id, &name, &file.body, import.now).await?;
    Ok(see_other(&report_href(key, sent.1.creates_types())))
}

fn refuse_file(shell: Shell, words: String) -> Result<HttpResponse, PageError> {
    let problems = vec![Problem::new("file", words)];
    Page::new(ImportFormPage { shell, problems })
        .with_status(StatusCode::UNPROCESSABLE_ENTITY)
        .render()
}

fn report_href(key: Uuid, create_types: bool) -> String {
    let path = routes::equipment_import_path(key);
    if create_types {
        routes::with_query(&path, &[("create_types", "1")])
    } else {
        path
    }
}

fn import_of<'a>(
    app: &App,
    shell: &Shell,
    bytes: &'a [u8],
    create_types: bool,
    skip_faulty: bool,
) -> Import<'a> {
    let now = app.clock.now();
    Import {
        bytes,
        options: Options {
            create_types,
            skip_faulty,
        },
        today: now.with_timezone(&shell.zone).date_naive(),
        now,
    }
}

fn parse_key(key: &str) -> Result<Uuid, PageError> {
    Uuid::try_parse(key).map_err(|_| PageError::NotFound)
}

/// The plan of a file that was kept; `None` when it is not any more.
async fn load(
    app: &App,
    viewer: &Viewer,
    key: Uuid,
    create_types: bool,
) -> Result<Option<(Upload, ImportPlan)>, PageError> {
    let shell = viewer.shell(Nav::Equipment);
    let conn = app.db.conn().await?;
    let now = app.clock.now();
    let Some(upload) = find_upload(&conn, key, viewer.user_id, now).await? else {
        return Ok(None);
    };
    let import = import_of(app, &shell, &upload.content, create_types, false);
    let plan = check_file(&conn, &import).await?;
    Ok(Some((upload, plan)))
}

/// A file that is kept no more: back to where one is sent, with a sentence why.
async fn send_again(app: &App, viewer: &Viewer) -> Result<HttpResponse, PageError> {
    let words = viewer.shell(Nav::Equipment).t.tables.file_gone;
    viewer.leave_flash(app, words).await?;
    Ok(see_other(routes::EQUIPMENT_IMPORT))
}

/// `GET /equipment/import/{key}`: what a file would do.
///
/// # Errors
/// When there is no such file, or the database fails.
pub async fn report(
    app: web::Data<App>,
    viewer: Viewer,
    key: web::Path<String>,
    params: web::Query<ReportParams>,
) -> Result<HttpResponse, PageError> {
    let key = parse_key(&key)?;
    match load(&app, &viewer, key, params.creates_types()).await? {
        Some((upload, plan)) => {
            let shell = viewer.shell(Nav::Equipment);
            let page = ImportReportPage::new(shell, &upload, &plan, params.creates_types());
            Page::new(page).render()
        }
        None => send_again(&app, &viewer).await,
    }
}

/// `POST /equipment/import/{key}`: imports exactly what the report showed.
///
/// # Errors
/// When there is no such file, or the database fails.
pub async fn apply(
    app: web::Data<App>,
    viewer: Viewer,
    key: web::Path<String>,
    form: web::Form<ApplyForm>,
) -> Result<HttpResponse, PageError> {
    let key = parse_key(&key)?;
    let shell = viewer.shell(Nav::Equipment);
    let create_types = form.create_types.as_deref() == Some("1");
    let skip_faulty = form.skip_faulty.as_deref() == Some("1");
    let import = import_of(&app, &shell, &[], create_types, skip_faulty);
    let mut conn = app.db.conn().await?;
    let location = routes::EQUIPMENT_IMPORT;
    let done = apply_upload(
        &mut conn,
        key,
        &import,
        &form.digest,
        viewer.user_id,
        location,
    )
    .await;
    drop(conn);
    let problem = match done {
        Ok(Imported::Repeat) => return Ok(see_other(location)),
        Err(ImportError::Gone) => return send_again(&app, &viewer).await,
        Ok(Imported::Done(plan)) => {
            app.hints.send([
                Topic::All(Kind::Asset),
                Topic::All(Kind::Type),
                Topic::All(Kind::Room),
            ]);
            let words = fill(
                shell.t.tables.imported,
                &[
                    &count(plan.new_count()),
                    &count(plan.changed_count()),
                    &count(plan.unchanged),
                ],
            );
            viewer.leave_flash(&app, &words).await?;
            return Ok(see_other(location));
        }
        Err(ImportError::Changed) => shell.t.tables.changed_meanwhile,
        Err(ImportError::Faults(_)) => shell.t.tables.faults_left,
        Err(error) => return Err(error.into()),
    };
    let Some((upload, plan)) = load(&app, &viewer, key, create_types).await? else {
        return send_again(&app, &viewer).await;
    };
    let mut page = ImportReportPage::new(shell, &upload, &plan, create_types);
    page.problems = vec![Problem::new("summary", problem)];
    Page::new(page)
        .with_status(StatusCode::UNPROCESSABLE_ENTITY)
        .render()
}

impl CsvRow for Fault {
    const COLUMNS: &'static [&'static str] = &["row", "column", "value", "what_to_do"];

    fn cells(&self) -> Vec<Cell<'_>> {
        vec![
            Cell::Number(i64::try_from(self.row).unwrap_or(i64::MAX)),
            Cell::text(self.column),
            Cell::text(&self.value),
            Cell::text(self.kind.to_string()),
        ]
    }
}

/// `GET /equipment/import/{key}/errors`: all mistakes of a file, as a file.
///
/// # Errors
/// When there is no such file, or the database fails.
pub async fn faults(
    app: web::Data<App>,
    viewer: Viewer,
    key: web::Path<String>,
    params: web::Query<ReportParams>,
    csv: web::Query<CsvParams>,
) -> Result<HttpResponse, PageError> {
    let key = parse_key(&key)?;
    match load(&app, &viewer, key, params.creates_types()).await? {
        Some((_, plan)) => {
            record_export(&app, &viewer, "import-errors", "").await?;
            let file = CsvFile::new("import-errors", &csv, &viewer.shell(Nav::Equipment));
            Ok(file.whole(&plan.faults))
        }
        None => Err(PageError::NotFound),
    }
}

impl ImportReportPage {
    fn new(shell: Shell, upload: &Upload, plan: &ImportPlan, create_types: bool) -> Self {
        let t = &shell.t.tables;
        let mut pairs = vec![("bom", "1")];
        if create_types {
            pairs.push(("create_types", "1"));
        }
        let summary = [
            (plan.new_count(), t.count_new),
            (plan.changed_count(), t.count_changed),
            (plan.unchanged, t.count_unchanged),
            (plan.faulty_rows, t.count_faulty),
        ];
        let mut notes = Vec::new();
        if !plan.unknown_columns.is_empty() {
            notes.push(fill(t.unknown_columns, &[&plan.unknown_columns.join(", ")]));
        }
        for (names, words) in [
            (plan.new_types.clone(), t.new_types),
            (
                plan.new_models
                    .iter()
                    .map(|model| format!("{} {}", model.maker, model.name))
                    .collect(),
                t.new_models,
            ),
        ] {
            if !names.is_empty() {
                let shown: Vec<&str> = names.iter().take(20).map(String::as_str).collect();
                notes.push(fill(words, &[&count(names.len()), &shown.join(", ")]));
            }
        }
        let changes: Vec<ChangeLine> = plan
            .writes
            .iter()
            .take(LINES_MAX)
            .map(|write| ChangeLine {
                row: write.row.to_string(),
                number: write.number.clone(),
                words: if write.existing.is_none() {
                    vec![t.is_new.to_owned()]
                } else {
                    let change = write
                        .changes
                        .iter()
                        .map(|change| match change.old.as_str() {
                            "" => format!("{}: {}", change.column, change.new),
                            old => fill(t.change, &[&change.column, &change.new, &old]),
                        });
                    change.collect()
                },
            })
            .collect();
        Self {
            action: routes::equipment_import_path(upload.upload_key),
            digest: plan.digest.clone(),
            file_name: upload.file_name.clone(),
            create_types,
            problems: Vec::new(),
            summary: summary
                .iter()
                .map(|(number, words)| fill(words, &[&count(*number)]))
                .collect(),
            notes,
            faulty_rows: plan.faulty_rows,
            faults: plan
                .faults
                .iter()
                .take(LINES_MAX)
                .map(|fault| FaultLine {
                    row: fault.row.to_string(),
                    column: fault.column,
                    value: fault.value.clone(),
                    remedy: fault.kind.to_string(),
                })
                .collect(),
            faults_href: routes::with_query(
                &routes::equipment_import_errors_path(upload.upload_key),
                &pairs,
            ),
            faults_note: shown_note(LINES_MAX.min(plan.faults.len()), plan.faults.len(), &shell),
            changes_note: shown_note(changes.len(), plan.writes.len(), &shell),
            changes,
            writes: plan.writes.len(),
            shell,
        }
    }

    /// Pages for tests of templates.
    #[must_use]
    pub fn samples() -> Vec<Self> {
        let shell = Shell::sample_for(crate::db::types::Role::Biomed);
        let upload = Upload {
            upload_key: Uuid::nil(),
            file_name: "pumps <b>.csv".to_owned(),
            at: shell.now,
            content: Vec::new(),
        };
        let plan = ImportPlan::sample();
        let full = Self {
            problems: vec![Problem::new("summary", "The register has changed <i>.")],
            ..Self::new(shell.clone(), &upload, &plan, true)
        };
        vec![
            full,
            Self::new(shell, &upload, &ImportPlan::default(), false),
        ]
    }
}

impl ImportFormPage {
    /// Pages for tests of templates.
    #[must_use]
    pub fn samples() -> Vec<Self> {
        let shell = Shell::sample_for(crate::db::types::Role::Biomed);
        let problems = vec![Problem::new("file", "The file is empty <b>.")];
        vec![
            Self {
                shell: shell.clone(),
                problems: Vec::new(),
            },
            Self { shell, problems },
        ]
    }
}
