//! Forms for a device: adding it, and changing what is written about it.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;

use super::fields::{BadField, Fields};
use super::{Choice, answer_not_saved, bad_form, keeper, words, write};
use crate::app::App;
use crate::assets::register::NotSaved;
use crate::assets::register::list::{CHOICES_MAX, list_models, list_types, list_units};
use crate::assets::register::record::{
    AssetRecord, SavedAsset, add_asset, edit_asset, find_record,
};
use crate::assets::register::rules::{AssetInput, Fault, IDENTIFIER_KINDS, IDENTIFIERS_MAX};
use crate::assets::register::tagging::Scan;
use crate::db::DbConn;
use crate::ids::AssetId;
use crate::live::Topic;
use crate::web::acts::new_key;
use crate::web::extract::{IdPath, Viewer};
use crate::web::filters;
use crate::web::page::{Nav, Page, Problem, Shell, see_other};
use crate::web::strings::{Strings, fill};
use crate::web::{PageError, routes};

/// Empty lines for further identifiers.
const SPARE_LINES: usize = 3;
const FIELDS: [&str; 9] = [
    "number", "type", "model", "owner", "due", "kind", "value", "tag", "shown",
];

/// The form.
#[derive(Debug, Template)]
#[template(path = "equipment/asset.html")]
pub struct AssetFormPage {
    /// Frame.
    pub shell: Shell,
    /// "Add a device" or "Edit IP-0417".
    pub heading: String,
    /// Where it sends to.
    pub action: String,
    /// Where to go without saving.
    pub back_href: String,
    /// Idempotency key.
    pub key: String,
    /// What the form showed; empty for a new device.
    pub shown: String,
    /// The fields.
    pub input: AssetInput,
    /// Types to choose.
    pub types: Vec<Choice>,
    /// Models to choose, by type.
    pub models: Vec<(String, Vec<Choice>)>,
    /// Units to choose.
    pub owners: Vec<Choice>,
    /// Lines for identifiers.
    pub lines: Vec<IdentifierLine>,
    /// The tag to put on; for a new device.
    pub tag: Option<String>,
    /// Mistakes.
    pub problems: Vec<Problem>,
    /// What somebody else changed it to.
    pub stale: Option<String>,
    /// The device that has the number.
    pub taken: Option<(String, String)>,
}

/// A line for an identifier.
#[derive(Clone, Debug)]
pub struct IdentifierLine {
    /// Its number, from 1.
    pub line: usize,
    /// Kinds to choose.
    pub kinds: Vec<Choice>,
    /// The number.
    pub value: String,
}

impl AssetFormPage {
    /// Whether a field has a mistake.
    #[must_use]
    pub fn is_wrong(&self, field: &str) -> bool {
        self.problems.iter().any(|problem| problem.field == field)
    }

    async fn load(
        conn: &DbConn,
        shell: Shell,
        id: Option<AssetId>,
        heading: String,
        input: AssetInput,
    ) -> Result<Self, PageError> {
        let (types, models, units) = tokio::try_join!(
            list_types(conn, None, "", CHOICES_MAX),
            list_models(conn, None, None, None, CHOICES_MAX),
            list_units(conn),
        )?;
        Ok(Self {
            heading,
            action: id.map_or(routes::EQUIPMENT_ADD.to_owned(), routes::asset_edit_path),
            back_href: id.map_or(routes::EQUIPMENT.to_owned(), routes::asset_path),
            key: new_key(),
            shown: String::new(),
            types: words::type_choices(&types, &input.asset_type),
            models: words::model_choices(&models, &input.model),
            owners: words::unit_choices(&units, &input.owner),
            lines: identifier_lines(&input, shell.t),
            tag: id.is_none().then(String::new),
            problems: Vec::new(),
            stale: None,
            taken: None,
            input,
            shell,
        })
    }

    fn with_faults(mut self, faults: &[Fault]) -> Self {
        self.problems = words::problems(faults, self.shell.t);
        self.taken = faults.iter().find_map(|fault| match fault {
            Fault::NumberTaken {
                asset_id, number, ..
            } => Some((
                fill(self.shell.t.register.open_taken, &[number]),
                routes::asset_path(*asset_id),
            )),
            _ => None,
        });
        self
    }
}

fn identifier_lines(input: &AssetInput, t: &Strings) -> Vec<IdentifierLine> {
    let count = (input.identifiers.len() + SPARE_LINES).min(IDENTIFIERS_MAX);
    let spare = ("serial".to_owned(), String::new());
    (0..count.max(input.identifiers.len()))
        .map(|at| {
            let (kind, value) = input.identifiers.get(at).unwrap_or(&spare);
            IdentifierLine {
                line: at + 1,
                kinds: IDENTIFIER_KINDS
                    .iter()
                    .map(|one| Choice::new(one, kind_word(one, t), kind))
                    .collect(),
                value: value.clone(),
            }
        })
        .collect()
}

fn kind_word(kind: &str, t: &Strings) -> &'static str {
    let t = &t.register;
    match kind {
        "serial" => t.kind_serial,
        "udi" => t.kind_udi,
        "barcode" => t.kind_barcode,
        "giai" => t.kind_giai,
        "grai" => t.kind_grai,
        _ => t.kind_other,
    }
}

fn read_input(fields: &Fields) -> Result<AssetInput, BadField> {
    let kinds: Vec<&str> = fields.list("kind").collect();
    let values: Vec<&str> = fields.list("value").collect();
    if kinds.len() != values.len() {
        return Err(BadField("kind".to_owned()));
    }
    Ok(AssetInput {
        number: fields.text("number"),
        asset_type: fields.text("type"),
        model: fields.text("model"),
        owner: fields.text("owner"),
        due: fields.text("due"),
        identifiers: kinds
            .into_iter()
            .zip(values)
            .filter(|(_, value)| !value.trim().is_empty())
            .map(|(kind, value)| (kind.to_owned(), value.to_owned()))
            .collect(),
    })
}

/// `GET /equipment/add`
///
/// # Errors
/// When the database fails.
pub async fn add_form(
    app: web::Data<App>,
    viewer: Viewer,
) -> Result<Page<AssetFormPage>, PageError> {
    let shell = viewer.shell(Nav::Equipment);
    let conn = app.db.conn().await?;
    let heading = shell.t.register.add_title.to_owned();
    let input = AssetInput::default();
    Ok(Page::new(
        AssetFormPage::load(&conn, shell, None, heading, input).await?,
    ))
}

/// `POST /equipment/add`
///
/// # Errors
/// When the database fails.
pub async fn add(
    app: web::Data<App>,
    viewer: Viewer,
    body: web::Bytes,
) -> Result<HttpResponse, PageError> {
    let shell = viewer.shell(Nav::Equipment);
    let read = Fields::parse(&body, &FIELDS)
        .and_then(|fields| Ok((read_input(&fields)?, fields.key()?, fields.text("tag"))));
    let (input, key, tag) = match read {
        Ok(read) => read,
        Err(bad) => return bad_form(&shell, bad),
    };
    let keeper = keeper(&app, &viewer, &shell, key);
    let saved = write(&app, async |conn| {
        add_asset(conn, &keeper, &input, routes::asset_path).await
    })
    .await?;
    match saved {
        Ok(saved) => {
            hint(&app, &saved);
            let words = saved_words(&saved, shell.t.register.added, shell.t);
            viewer.leave_flash(&app, &words).await?;
            if tag.trim().is_empty() {
                return Ok(see_other(&routes::asset_path(saved.asset_id)));
            }
            let scan = Scan {
                text: tag,
                ..Scan::default()
            };
            let key = uuid::Uuid::now_v7();
            super::tagging::put_on_and_answer(
                &app,
                &viewer,
                shell,
                saved.asset_id,
                key,
                scan,
                &words,
            )
            .await
        }
        Err(NotSaved::Faulty(faults)) => {
            let conn = app.db.conn().await?;
            let heading = shell.t.register.add_title.to_owned();
            let mut page = AssetFormPage::load(&conn, shell, None, heading, input).await?;
            page.key = key.to_string();
            page.tag = Some(tag);
            Page::new(page.with_faults(&faults))
                .with_status(StatusCode::UNPROCESSABLE_ENTITY)
                .render()
        }
        Err(why) => answer_not_saved(&app, &viewer, shell, why, routes::EQUIPMENT).await,
    }
}

/// `GET /assets/{id}/edit`
///
/// # Errors
/// When there is no such device, or the database fails.
pub async fn edit_form(
    app: web::Data<App>,
    viewer: Viewer,
    id: IdPath<AssetId>,
) -> Result<Page<AssetFormPage>, PageError> {
    let conn = app.db.conn().await?;
    let record = find_record(&conn, id.0).await?.ok_or(PageError::NotFound)?;
    let input = record.input();
    Ok(Page::new(
        load_edit(&conn, viewer.shell(Nav::Equipment), &record, input).await?,
    ))
}

async fn load_edit(
    conn: &DbConn,
    shell: Shell,
    record: &AssetRecord,
    input: AssetInput,
) -> Result<AssetFormPage, PageError> {
    let heading = fill(shell.t.register.edit_title, &[&record.asset_number]);
    let page = AssetFormPage::load(conn, shell, Some(record.asset_id), heading, input).await?;
    Ok(AssetFormPage {
        shown: record.fingerprint(),
        ..page
    })
}

/// `POST /assets/{id}/edit`
///
/// # Errors
/// When there is no such device, or the database fails.
pub async fn edit(
    app: web::Data<App>,
    viewer: Viewer,
    id: IdPath<AssetId>,
    body: web::Bytes,
) -> Result<HttpResponse, PageError> {
    let shell = viewer.shell(Nav::Equipment);
    let read = Fields::parse(&body, &FIELDS)
        .and_then(|fields| Ok((read_input(&fields)?, fields.key()?, fields.text("shown"))));
    let (input, key, shown) = match read {
        Ok(read) => read,
        Err(bad) => return bad_form(&shell, bad),
    };
    let location = routes::asset_path(id.0);
    let keeper = keeper(&app, &viewer, &shell, key);
    let saved = write(&app, async |conn| {
        edit_asset(conn, &keeper, id.0, &input, &shown, &location).await
    })
    .await?;
    let (status, faults) = match saved {
        Ok(saved) => {
            hint(&app, &saved);
            let words = saved_words(&saved, shell.t.register.saved, shell.t);
            viewer.leave_flash(&app, &words).await?;
            return Ok(see_other(&location));
        }
        Err(NotSaved::Faulty(faults)) => (StatusCode::UNPROCESSABLE_ENTITY, faults),
        Err(NotSaved::Stale) => (StatusCode::CONFLICT, Vec::new()),
        Err(NotSaved::Gone) => return Err(PageError::NotFound),
        Err(why) => return answer_not_saved(&app, &viewer, shell, why, &location).await,
    };
    let conn = app.db.conn().await?;
    let record = find_record(&conn, id.0).await?.ok_or(PageError::NotFound)?;
    let mut page = load_edit(&conn, shell, &record, input).await?;
    if status == StatusCode::CONFLICT {
        // What differs from what is typed is what matters to the person.
        let words = words::differences(&record.facts(), page.shell.t);
        page.stale = Some(fill(page.shell.t.register.stale, &[&words]));
    } else {
        page.shown = shown;
    }
    Page::new(page.with_faults(&faults))
        .with_status(status)
        .render()
}

fn saved_words(saved: &SavedAsset, words: &'static str, t: &Strings) -> String {
    let mut text = fill(words, &[&saved.asset_number]);
    for (value, number) in &saved.also {
        text.push(' ');
        text.push_str(&fill(t.register.also, &[value, number]));
    }
    text
}

fn hint(app: &App, saved: &SavedAsset) {
    let types = saved.asset_type_ids.iter().map(|id| Topic::Type(*id));
    app.hints.send(types.chain([Topic::Asset(saved.asset_id)]));
}

impl AssetFormPage {
    /// Pages for tests of templates.
    #[must_use]
    pub fn samples() -> Vec<Self> {
        let shell = Shell::sample_for(crate::db::types::Role::Biomed);
        let input = AssetInput {
            number: "\"<b>".to_owned(),
            due: "2026-09-07".to_owned(),
            identifiers: vec![("udi".to_owned(), "(01)<i>".to_owned())],
            ..AssetInput::default()
        };
        let page = Self {
            heading: fill(shell.t.register.edit_title, &[&"<b>"]),
            action: routes::asset_edit_path(AssetId(70_001)),
            back_href: routes::asset_path(AssetId(70_001)),
            key: "0190b6c0-0000-7000-8000-000000000001".to_owned(),
            shown: "00".to_owned(),
            types: vec![Choice::new(&1, "Pump <b>", "1")],
            models: vec![("Pump <b>".to_owned(), vec![Choice::new(&1, "BD <i>", "1")])],
            owners: vec![Choice::new(&1, "4 West", "1")],
            lines: identifier_lines(&input, shell.t),
            tag: None,
            problems: Vec::new(),
            stale: Some("<b>".to_owned()),
            taken: None,
            input,
            shell: shell.clone(),
        };
        let faults = [
            Fault::Missing("type"),
            Fault::NumberTaken {
                asset_id: AssetId(70_001),
                number: "<b>".to_owned(),
                is_retired: true,
            },
            Fault::Unknown("model"),
            Fault::Unknown("owner"),
            Fault::DateOdd("<i>".to_owned()),
            Fault::IdentifierTwice("<i>".to_owned()),
        ];
        let add = Self {
            heading: shell.t.register.add_title.to_owned(),
            stale: None,
            tag: Some("mac:<b>".to_owned()),
            lines: page.lines.clone(),
            types: Vec::new(),
            models: Vec::new(),
            owners: Vec::new(),
            action: routes::EQUIPMENT_ADD.to_owned(),
            back_href: routes::EQUIPMENT.to_owned(),
            key: page.key.clone(),
            shown: String::new(),
            input: AssetInput::default(),
            problems: Vec::new(),
            taken: None,
            shell,
        };
        vec![page, add.with_faults(&faults)]
    }
}
