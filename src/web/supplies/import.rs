//! Items, places and rules from a CSV file: send it, see what it would do, import it (`docs/IMPORT.md`).

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Deserialize;
use uuid::Uuid;

use crate::app::App;
use crate::assets::import::{Upload, find_upload, insert_upload};
use crate::live::Topic;
use crate::supplies::import::{
    Change, Fault, SupplyImportError, SupplyImported, SupplyPlan, apply_upload, check_file,
};
use crate::web::csv::{Cell, CsvFile, CsvParams, CsvRow, record_export};
use crate::web::csv_upload::{self, count, shown_note};
use crate::web::exports::download_href;
use crate::web::extract::Viewer;
use crate::web::page::{Nav, Page, Problem, Shell, see_other};
use crate::web::strings::{Strings, fill};
use crate::web::{PageError, routes};

/// Lines of each kind that a page shows.
const LINES_MAX: usize = 100;
/// A file to begin with.
const EXAMPLE: &str = include_str!("import/example.csv");

/// Where a file is sent.
#[derive(Debug, Template)]
#[template(path = "supplies/import.html")]
pub struct SupplyImportPage {
    /// Frame.
    pub shell: Shell,
    /// What is there now, as a file of the same columns.
    pub export_href: String,
    /// What is wrong with the file.
    pub problems: Vec<Problem>,
}

/// What a file would do.
#[derive(Debug, Template)]
#[template(path = "supplies/import_report.html")]
pub struct SupplyReportPage {
    /// Frame.
    pub shell: Shell,
    /// Where its form leads.
    pub action: String,
    /// Tells this report from any other.
    pub digest: String,
    /// What the file is called.
    pub file_name: String,
    /// What went wrong meanwhile.
    pub problems: Vec<Problem>,
    /// What it would do, in numbers and names.
    pub summary: Vec<String>,
    /// Rows with mistakes.
    pub faulty_rows: usize,
    /// What is wrong: row, column, cell, what to do.
    pub faults: Vec<[String; 4]>,
    /// All of it as a file.
    pub faults_href: String,
    /// What changes: row, what, how.
    pub changes: Vec<(String, String, Vec<String>)>,
    /// "100 of 3,200 are shown".
    pub notes: [Option<String>; 2],
    /// Whether there is anything to write.
    pub has_writes: bool,
}

/// The form of a report.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SupplyApplyForm {
    digest: String,
    skip_faulty: Option<String>,
}

/// `GET /supplies/import`
///
/// # Errors
/// Never; the signature is a handler's.
pub async fn form(viewer: Viewer) -> Result<Page<SupplyImportPage>, PageError> {
    Ok(Page::new(SupplyImportPage::new(
        viewer.shell(Nav::Supplies),
        Vec::new(),
    )))
}

/// `GET /supplies/import.csv`: a file to begin with.
///
/// # Errors
/// Never; the signature is a handler's.
pub async fn example() -> Result<HttpResponse, PageError> {
    Ok(csv_upload::example(
        "wardtrack-supplies-example.csv",
        EXAMPLE,
    ))
}

/// `POST /supplies/import`: takes the file, and leads to what it would do.
///
/// # Errors
/// When the form cannot be read, or the database fails.
pub async fn upload(
    app: web::Data<App>,
    viewer: Viewer,
    request: HttpRequest,
    body: web::Payload,
) -> Result<HttpResponse, PageError> {
    let parts = csv_upload::read_parts(routes::SUPPLIES_IMPORT, &request, body).await?;
    let shell = viewer.shell(Nav::Supplies);
    let file = parts.iter().find(|part| part.name == "file");
    let Some(file) = file.filter(|file| !file.body.is_empty()) else {
        let words = shell.t.tables.no_file.to_owned();
        return refuse_file(shell, words);
    };
    let mut conn = app.db.conn().await?;
    match check_file(&conn, &file.body).await {
        Err(error @ (SupplyImportError::File(_) | SupplyImportError::TooManyRows(_))) => {
            return refuse_file(shell, error.to_string());
        }
        Err(error) => return Err(error.into()),
        Ok(_) => {}
    }
    let name = csv_upload::file_name(file);
    let now = app.clock.now();
    let key = insert_upload(&mut conn, viewer.user_id, &name, &file.body, now).await?;
    Ok(see_other(&routes::supplies_import_path(key)))
}

fn refuse_file(shell: Shell, words: String) -> Result<HttpResponse, PageError> {
    let problems = vec![Problem::new("file", words)];
    Page::new(SupplyImportPage::new(shell, problems))
        .with_status(StatusCode::UNPROCESSABLE_ENTITY)
        .render()
}

/// The plan of a file that was kept; `None` when it is not any more.
async fn load(
    app: &App,
    viewer: &Viewer,
    key: &str,
) -> Result<Option<(Upload, SupplyPlan)>, PageError> {
    let key = Uuid::try_parse(key).map_err(|_| PageError::NotFound)?;
    let conn = app.db.conn().await?;
    let Some(upload) = find_upload(&conn, key, viewer.user_id, app.clock.now()).await? else {
        return Ok(None);
    };
    let plan = check_file(&conn, &upload.content).await?;
    Ok(Some((upload, plan)))
}

/// A file that is kept no more: back to where one is sent, with a sentence why.
async fn send_again(app: &App, viewer: &Viewer) -> Result<HttpResponse, PageError> {
    let words = viewer.shell(Nav::Supplies).t.tables.file_gone;
    viewer.leave_flash(app, words).await?;
    Ok(see_other(routes::SUPPLIES_IMPORT))
}

/// `GET /supplies/import/{key}`: what a file would do.
///
/// # Errors
/// When there is no such file, or the database fails.
pub async fn report(
    app: web::Data<App>,
    viewer: Viewer,
    key: web::Path<String>,
) -> Result<HttpResponse, PageError> {
    match load(&app, &viewer, &key).await? {
        Some((upload, plan)) => Page::new(SupplyReportPage::new(
            viewer.shell(Nav::Supplies),
            &upload,
            &plan,
        ))
        .render(),
        None => send_again(&app, &viewer).await,
    }
}

/// `POST /supplies/import/{key}`: imports exactly what the report showed.
///
/// # Errors
/// When there is no such file, or the database fails.
pub async fn apply(
    app: web::Data<App>,
    viewer: Viewer,
    key: web::Path<String>,
    form: web::Form<SupplyApplyForm>,
) -> Result<HttpResponse, PageError> {
    let shell = viewer.shell(Nav::Supplies);
    let upload_key = Uuid::try_parse(&key).map_err(|_| PageError::NotFound)?;
    let skips_faulty = form.skip_faulty.as_deref() == Some("1");
    let location = routes::SUPPLIES_IMPORT;
    let done = {
        let mut conn = app.db.conn().await?;
        let how = (form.digest.as_str(), skips_faulty);
        apply_upload(
            &mut conn,
            upload_key,
            how,
            viewer.user_id,
            location,
            app.clock.now(),
        )
        .await
    };
    let problem = match done {
        Ok(SupplyImported::Repeat) => return Ok(see_other(location)),
        Err(SupplyImportError::Gone) => return send_again(&app, &viewer).await,
        Ok(SupplyImported::Done(plan)) => {
            app.hints.send([Topic::Alerts]);
            let words = fill(
                shell.t.stock.imported,
                &[
                    &count(plan.new_items()),
                    &count(plan.items.len() - plan.new_items()),
                    &count(plan.stock_places.len()),
                    &count(plan.places.len()),
                ],
            );
            viewer.leave_flash(&app, &words).await?;
            return Ok(see_other(location));
        }
        Err(SupplyImportError::Changed) => shell.t.tables.changed_meanwhile,
        Err(SupplyImportError::Faults(_)) => shell.t.tables.faults_left,
        Err(error) => return Err(error.into()),
    };
    let Some((upload, plan)) = load(&app, &viewer, &key).await? else {
        return send_again(&app, &viewer).await;
    };
    let mut page = SupplyReportPage::new(shell, &upload, &plan);
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
            Cell::text(&self.remedy),
        ]
    }
}

/// `GET /supplies/import/{key}/errors`: all mistakes of a file, as a file.
///
/// # Errors
/// When there is no such file, or the database fails.
pub async fn faults(
    app: web::Data<App>,
    viewer: Viewer,
    key: web::Path<String>,
    csv: web::Query<CsvParams>,
) -> Result<HttpResponse, PageError> {
    match load(&app, &viewer, &key).await? {
        Some((_, plan)) => {
            record_export(&app, &viewer, "import-errors", "").await?;
            let file = CsvFile::new("import-errors", &csv, &viewer.shell(Nav::Supplies));
            Ok(file.whole(&plan.faults))
        }
        None => Err(PageError::NotFound),
    }
}

fn change_words(changes: &[Change], t: &'static Strings) -> Vec<String> {
    let words = changes.iter().map(|change| {
        let new = match change.new.as_str() {
            "" => t.stock.import_taken_off,
            new => new,
        };
        match change.old.as_str() {
            "" => format!("{}: {new}", change.column),
            old => fill(t.tables.change, &[&change.column, &new, &old]),
        }
    });
    let words: Vec<String> = words.collect();
    if words.is_empty() {
        vec![t.tables.is_new.to_owned()]
    } else {
        words
    }
}

impl SupplyReportPage {
    fn new(shell: Shell, upload: &Upload, plan: &SupplyPlan) -> Self {
        let t = shell.t;
        let changed = plan.items.len() - plan.new_items();
        let new_rules = plan.places.iter().filter(|write| write.is_new).count();
        let changed_places = plan.stock_places.len() - plan.new_places.len();
        let mut summary: Vec<String> = [
            (plan.new_items(), t.stock.import_new),
            (changed, t.stock.import_changed),
            (changed_places, t.stock.import_changed_places),
            (new_rules, t.stock.import_new_rules),
            (plan.places.len() - new_rules, t.stock.import_changed_rules),
            (plan.unchanged, t.tables.count_unchanged),
            (plan.faulty_rows, t.tables.count_faulty),
        ]
        .iter()
        .map(|(number, words)| fill(words, &[&count(*number)]))
        .collect();
        for (names, words) in [
            (&plan.new_suppliers, t.stock.import_suppliers),
            (&plan.new_places, t.stock.import_places),
            (&plan.new_rounds, t.stock.import_rounds),
            (&plan.unknown_columns, t.tables.unknown_columns),
        ] {
            if !names.is_empty() {
                let shown: Vec<&str> = names.iter().take(20).map(String::as_str).collect();
                summary.push(fill(words, &[&shown.join(", ")]));
            }
        }
        let items = plan.items.iter().map(|item| {
            let words = change_words(&item.changes, t);
            (
                item.row.to_string(),
                format!("{} {}", item.number, item.name),
                words,
            )
        });
        let stock_places = plan.stock_places.iter().map(|write| {
            let words = change_words(&write.changes, t);
            let name = match write.stock_place_id {
                None => fill(t.stock.import_new_place, &[&write.name]),
                Some(_) => write.name.clone(),
            };
            (write.row.to_string(), name, words)
        });
        let places = plan.places.iter().map(|write| {
            let words = change_words(&write.changes, t);
            (
                write.row.to_string(),
                format!("{}, {}", write.number, write.place),
                words,
            )
        });
        let writes: Vec<_> = items
            .chain(stock_places)
            .chain(places)
            .take(LINES_MAX)
            .collect();
        let faults: Vec<[String; 4]> = plan
            .faults
            .iter()
            .take(LINES_MAX)
            .map(|fault| {
                [
                    fault.row.to_string(),
                    fault.column.to_owned(),
                    fault.value.clone(),
                    fault.remedy.clone(),
                ]
            })
            .collect();
        let all = plan.writes();
        let path = routes::supplies_import_path(upload.upload_key);
        Self {
            digest: plan.digest.clone(),
            file_name: upload.file_name.clone(),
            problems: Vec::new(),
            summary,
            faulty_rows: plan.faulty_rows,
            notes: [
                shown_note(faults.len(), plan.faults.len(), &shell),
                shown_note(writes.len(), all, &shell),
            ],
            faults,
            faults_href: routes::with_query(&format!("{path}/errors"), &[("bom", "1")]),
            changes: writes,
            has_writes: all > 0,
            action: path,
            shell,
        }
    }

    /// Pages for tests of templates.
    #[must_use]
    pub fn samples() -> Vec<Self> {
        let shell = Shell::sample_for(crate::db::types::Role::Supply);
        let upload = Upload {
            upload_key: Uuid::nil(),
            file_name: "items <b>.csv".to_owned(),
            at: shell.now,
            content: Vec::new(),
        };
        let plan = SupplyPlan {
            faulty_rows: 1,
            faults: vec![Fault {
                row: 3,
                column: "gtin",
                value: "<1>".to_owned(),
                remedy: "The check digit would have to be 2 & not 1.".to_owned(),
            }],
            new_suppliers: vec!["North <Medical>".to_owned()],
            ..SupplyPlan::default()
        };
        let mut full = Self::new(shell.clone(), &upload, &plan);
        full.has_writes = true;
        full.problems = vec![Problem::new("summary", "It has changed <i>.")];
        full.changes = vec![(
            "2".to_owned(),
            "7 <x>".to_owned(),
            vec!["new & so".to_owned()],
        )];
        full.notes = [Some("1 of 2".to_owned()), Some("1 of 3".to_owned())];
        vec![full, Self::new(shell, &upload, &SupplyPlan::default())]
    }
}

impl SupplyImportPage {
    fn new(shell: Shell, problems: Vec<Problem>) -> Self {
        Self {
            export_href: download_href(routes::ITEMS_CSV, &[("places", "1")]),
            shell,
            problems,
        }
    }

    /// Pages for tests of templates.
    #[must_use]
    pub fn samples() -> Vec<Self> {
        let shell = Shell::sample_for(crate::db::types::Role::Supply);
        let problems = vec![Problem::new("file", "The file is empty <b>.")];
        vec![
            Self::new(shell.clone(), Vec::new()),
            Self::new(shell, problems),
        ]
    }
}
