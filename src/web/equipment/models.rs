//! Models: the list, and adding, changing and deleting one.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use super::fields::{BadField, Fields};
use super::types::in_use_words;
use super::{
    Choice, PartLink, answer_not_saved, bad_form, is_keeper, keeper, list_parts, refuse, words,
    write,
};
use crate::app::App;
use crate::assets::register::NotSaved;
use crate::assets::register::list::{CHOICES_MAX, PER_PAGE, list_models, list_types};
use crate::assets::register::rules::Fault;
use crate::assets::register::vocabulary::{
    ModelEntry, ModelInput, TypeEntry, add_model, delete_model, edit_model, find_model,
};
use crate::db::types::Role;
use crate::ids::{AssetTypeId, ModelId};
use crate::live::Topic;
use crate::web::acts::new_key;
use crate::web::exports;
use crate::web::extract::{IdPath, Viewer};
use crate::web::page::{Nav, Page, Problem, Shell, see_other};
use crate::web::strings::fill;
use crate::web::wording::{capitalised, grouped};
use crate::web::{PageError, routes};

/// The query string.
#[derive(Debug, Default, Deserialize)]
pub struct ModelsParams {
    /// Id of a type.
    #[serde(rename = "type")]
    pub asset_type: Option<String>,
    /// The maker after which the page begins.
    pub maker: Option<String>,
    /// The name after which the page begins.
    pub after: Option<String>,
}

/// Models.
#[derive(Debug, Template)]
#[template(path = "equipment/models.html")]
pub struct ModelsPage {
    /// Frame.
    pub shell: Shell,
    /// Parts of the register.
    pub parts: Vec<PartLink>,
    /// Types to choose.
    pub types: Vec<Choice>,
    /// The models.
    pub rows: Vec<ModelRow>,
    /// Further models.
    pub next_href: Option<String>,
    /// The first page, from any other.
    pub start_href: Option<String>,
    /// All of them as a file.
    pub csv_href: String,
    /// Whether this person may change them.
    pub is_keeper: bool,
}

/// A model, ready to show.
#[derive(Clone, Debug)]
pub struct ModelRow {
    /// Maker and name.
    pub name: String,
    /// Its type.
    pub type_name: String,
    /// UDI-DI.
    pub udi: String,
    /// Its devices.
    pub assets_href: String,
    /// How many.
    pub assets: String,
    /// Where it is changed.
    pub edit_href: String,
}

/// The form of a model.
#[derive(Debug, Template)]
#[template(path = "equipment/model.html")]
pub struct ModelFormPage {
    /// Frame.
    pub shell: Shell,
    /// "Add a model".
    pub heading: String,
    /// Where it sends to.
    pub action: String,
    /// Where it is deleted.
    pub delete_action: Option<String>,
    /// Idempotency key.
    pub key: String,
    /// Key of the form that deletes.
    pub delete_key: String,
    /// What the form showed.
    pub shown: String,
    /// The fields.
    pub input: ModelInput,
    /// Types to choose.
    pub types: Vec<Choice>,
    /// Mistakes.
    pub problems: Vec<Problem>,
    /// What somebody else changed it to.
    pub stale: Option<String>,
}

/// The devices of a model in the register.
#[must_use]
pub fn register_of_model(id: ModelId) -> String {
    routes::with_query(routes::EQUIPMENT, &[("model", &id.to_string())])
}

/// `GET /equipment/models`
///
/// # Errors
/// When the database fails.
pub async fn index(
    app: web::Data<App>,
    viewer: Viewer,
    params: web::Query<ModelsParams>,
) -> Result<Page<ModelsPage>, PageError> {
    let shell = viewer.shell(Nav::Equipment);
    let conn = app.db.conn().await?;
    let chosen = params.asset_type.clone().unwrap_or_default();
    let only = chosen.trim().parse().ok().map(AssetTypeId);
    let after = params.maker.as_deref().zip(params.after.as_deref());
    let limit = i64::try_from(PER_PAGE + 1).unwrap_or(i64::MAX);
    let (mut models, types) = tokio::try_join!(
        list_models(&conn, None, only, after, limit),
        list_types(&conn, None, "", CHOICES_MAX),
    )?;
    let has_more = models.len() > PER_PAGE;
    models.truncate(PER_PAGE);
    let href = |maker: &str, after: &str| {
        let pairs = [
            ("type", chosen.as_str()),
            ("maker", maker),
            ("after", after),
        ];
        let given: Vec<_> = pairs
            .into_iter()
            .filter(|(_, value)| !value.is_empty())
            .collect();
        if given.is_empty() {
            routes::MODELS.to_owned()
        } else {
            routes::with_query(routes::MODELS, &given)
        }
    };
    let next_href = models
        .last()
        .filter(|_| has_more)
        .map(|last| href(&last.maker, &last.name));
    Ok(Page::new(ModelsPage {
        parts: list_parts(routes::MODELS, &shell),
        types: words::type_choices(&types, &chosen),
        rows: models.iter().map(ModelRow::new).collect(),
        next_href,
        start_href: after.map(|_| href("", "")),
        csv_href: exports::download_href(routes::MODELS_CSV, &[("type", &chosen)]),
        is_keeper: is_keeper(viewer.role),
        shell,
    }))
}

impl ModelRow {
    fn new(entry: &ModelEntry) -> Self {
        Self {
            name: format!("{} {}", entry.maker, entry.name),
            type_name: capitalised(&entry.type_name),
            udi: entry.udi_di.clone().unwrap_or_default(),
            assets_href: register_of_model(entry.model_id),
            assets: grouped(entry.assets),
            edit_href: routes::model_edit_path(entry.model_id),
        }
    }
}

impl ModelFormPage {
    /// Whether a field has a mistake.
    #[must_use]
    pub fn is_wrong(&self, field: &str) -> bool {
        self.problems.iter().any(|problem| problem.field == field)
    }

    fn new(
        shell: Shell,
        entry: Option<&ModelEntry>,
        types: &[TypeEntry],
        input: ModelInput,
    ) -> Self {
        let t = &shell.t.register;
        Self {
            heading: entry.map_or(t.model_add_title.to_owned(), |entry| {
                fill(
                    t.model_edit_title,
                    &[&format!("{} {}", entry.maker, entry.name)],
                )
            }),
            action: entry.map_or(routes::MODEL_ADD.to_owned(), |entry| {
                routes::model_edit_path(entry.model_id)
            }),
            delete_action: entry.map(|entry| routes::model_delete_path(entry.model_id)),
            key: new_key(),
            delete_key: new_key(),
            shown: entry.map(ModelEntry::fingerprint).unwrap_or_default(),
            types: words::type_choices(types, &input.asset_type),
            input,
            problems: Vec::new(),
            stale: None,
            shell,
        }
    }
}

fn read(body: &[u8]) -> Result<(ModelInput, String, uuid::Uuid), BadField> {
    let fields = Fields::parse(body, &["type", "maker", "name", "udi", "shown"])?;
    let input = ModelInput {
        asset_type: fields.text("type"),
        maker: fields.text("maker"),
        name: fields.text("name"),
        udi_di: fields.text("udi"),
    };
    Ok((input, fields.text("shown"), fields.key()?))
}

/// `GET /equipment/models/add`
///
/// # Errors
/// When the database fails.
pub async fn add_form(
    app: web::Data<App>,
    viewer: Viewer,
) -> Result<Page<ModelFormPage>, PageError> {
    let conn = app.db.conn().await?;
    let types = list_types(&conn, None, "", CHOICES_MAX).await?;
    let shell = viewer.shell(Nav::Equipment);
    Ok(Page::new(ModelFormPage::new(
        shell,
        None,
        &types,
        ModelInput::default(),
    )))
}

/// `POST /equipment/models/add`
///
/// # Errors
/// When the database fails.
pub async fn add(
    app: web::Data<App>,
    viewer: Viewer,
    body: web::Bytes,
) -> Result<HttpResponse, PageError> {
    let shell = viewer.shell(Nav::Equipment);
    let (input, _, key) = match read(&body) {
        Ok(read) => read,
        Err(bad) => return bad_form(&shell, bad),
    };
    let keeper = keeper(&app, &viewer, &shell, key);
    let saved = write(&app, async |conn| {
        add_model(conn, &keeper, &input, routes::MODELS).await
    })
    .await?;
    match saved {
        Ok(_) => answer_saved(&app, &viewer, &shell, &input).await,
        Err(NotSaved::Faulty(faults)) => {
            let conn = app.db.conn().await?;
            let types = list_types(&conn, None, "", CHOICES_MAX).await?;
            let mut page = ModelFormPage::new(shell, None, &types, input);
            page.problems = words::problems(&faults, page.shell.t);
            Page::new(page)
                .with_status(StatusCode::UNPROCESSABLE_ENTITY)
                .render()
        }
        Err(why) => answer_not_saved(&app, &viewer, shell, why, routes::MODELS).await,
    }
}

async fn answer_saved(
    app: &App,
    viewer: &Viewer,
    shell: &Shell,
    input: &ModelInput,
) -> Result<HttpResponse, PageError> {
    if let Ok(id) = input.asset_type.trim().parse() {
        app.hints.send([Topic::Type(AssetTypeId(id))]);
    }
    let name = format!("{} {}", input.maker.trim(), input.name.trim());
    viewer
        .leave_flash(app, &fill(shell.t.register.saved, &[&name]))
        .await?;
    Ok(see_other(routes::MODELS))
}

/// `GET /equipment/models/{id}`
///
/// # Errors
/// When there is no such model, or the database fails.
pub async fn edit_form(
    app: web::Data<App>,
    viewer: Viewer,
    id: IdPath<ModelId>,
) -> Result<Page<ModelFormPage>, PageError> {
    let conn = app.db.conn().await?;
    let (entry, types) = tokio::try_join!(
        find_model(&conn, id.0),
        list_types(&conn, None, "", CHOICES_MAX),
    )?;
    let entry = entry.ok_or(PageError::NotFound)?;
    let shell = viewer.shell(Nav::Equipment);
    let input = ModelInput::of(&entry);
    Ok(Page::new(ModelFormPage::new(
        shell,
        Some(&entry),
        &types,
        input,
    )))
}

/// `POST /equipment/models/{id}`
///
/// # Errors
/// When the database fails.
pub async fn edit(
    app: web::Data<App>,
    viewer: Viewer,
    id: IdPath<ModelId>,
    body: web::Bytes,
) -> Result<HttpResponse, PageError> {
    let shell = viewer.shell(Nav::Equipment);
    let (input, shown, key) = match read(&body) {
        Ok(read) => read,
        Err(bad) => return bad_form(&shell, bad),
    };
    let keeper = keeper(&app, &viewer, &shell, key);
    let saved = write(&app, async |conn| {
        edit_model(conn, &keeper, id.0, &input, &shown, routes::MODELS).await
    })
    .await?;
    let (status, faults) = match saved {
        Ok(()) => return answer_saved(&app, &viewer, &shell, &input).await,
        Err(NotSaved::Faulty(faults)) => (StatusCode::UNPROCESSABLE_ENTITY, faults),
        Err(NotSaved::Stale) => (StatusCode::CONFLICT, Vec::<Fault>::new()),
        Err(why) => return answer_not_saved(&app, &viewer, shell, why, routes::MODELS).await,
    };
    let conn = app.db.conn().await?;
    let (entry, types) = tokio::try_join!(
        find_model(&conn, id.0),
        list_types(&conn, None, "", CHOICES_MAX),
    )?;
    let entry = entry.ok_or(PageError::NotFound)?;
    let mut page = ModelFormPage::new(shell, Some(&entry), &types, input);
    page.problems = words::problems(&faults, page.shell.t);
    if status == StatusCode::CONFLICT {
        let facts = [
            ("maker", entry.maker.clone()),
            ("name", entry.name.clone()),
            ("type", entry.type_name.clone()),
            ("udi", entry.udi_di.clone().unwrap_or_default()),
        ];
        let now = words::differences(&facts, page.shell.t);
        page.stale = Some(fill(page.shell.t.register.stale, &[&now]));
    } else {
        page.shown = shown;
    }
    Page::new(page).with_status(status).render()
}

/// `POST /equipment/models/{id}/delete`
///
/// # Errors
/// When the database fails.
pub async fn delete(
    app: web::Data<App>,
    viewer: Viewer,
    id: IdPath<ModelId>,
    body: web::Bytes,
) -> Result<HttpResponse, PageError> {
    let shell = viewer.shell(Nav::Equipment);
    let key = match Fields::parse(&body, &[]).and_then(|fields| fields.key()) {
        Ok(key) => key,
        Err(bad) => return bad_form(&shell, bad),
    };
    let keeper = keeper(&app, &viewer, &shell, key);
    let deleted = write(&app, async |conn| {
        delete_model(conn, &keeper, id.0, routes::MODELS).await
    })
    .await?;
    let t = &shell.t.register;
    match deleted {
        Ok(name) => {
            viewer.leave_flash(&app, &fill(t.deleted, &[&name])).await?;
            Ok(see_other(routes::MODELS))
        }
        Err(NotSaved::InUse { assets, models }) => {
            let conn = app.db.conn().await?;
            let entry = find_model(&conn, id.0).await?.ok_or(PageError::NotFound)?;
            refuse(
                &shell,
                StatusCode::CONFLICT,
                fill(
                    t.in_use_title,
                    &[&format!("{} {}", entry.maker, entry.name)],
                ),
                vec![in_use_words(assets, models, &shell)],
                vec![
                    (t.see_devices.to_owned(), register_of_model(id.0)),
                    (t.back.to_owned(), routes::model_edit_path(id.0)),
                ],
            )
        }
        Err(why) => answer_not_saved(&app, &viewer, shell, why, routes::MODELS).await,
    }
}

fn sample_entry() -> ModelEntry {
    ModelEntry {
        model_id: ModelId(70_001),
        asset_type_id: AssetTypeId(60_001),
        type_name: "infusion pump".to_owned(),
        maker: "BD".to_owned(),
        name: "<b>".to_owned(),
        udi_di: Some("07613203021012".to_owned()),
        assets: 12_345,
    }
}

impl ModelsPage {
    /// Pages for tests of templates.
    #[must_use]
    pub fn samples() -> Vec<Self> {
        let page = |role, rows: Vec<ModelRow>| {
            let shell = Shell::sample_for(role);
            Self {
                parts: list_parts(routes::MODELS, &shell),
                types: vec![Choice::new(&60_001, "Infusion pump", "60001")],
                next_href: (!rows.is_empty()).then(|| "/equipment/models?after=x".to_owned()),
                start_href: (!rows.is_empty()).then(|| routes::MODELS.to_owned()),
                csv_href: exports::download_href(routes::MODELS_CSV, &[]),
                rows,
                is_keeper: is_keeper(role),
                shell,
            }
        };
        let rows = vec![ModelRow::new(&sample_entry())];
        vec![page(Role::Admin, rows), page(Role::Nurse, Vec::new())]
    }
}

impl ModelFormPage {
    /// Pages for tests of templates.
    #[must_use]
    pub fn samples() -> Vec<Self> {
        let shell = || Shell::sample_for(Role::Biomed);
        let entry = sample_entry();
        let mut edit = Self::new(shell(), Some(&entry), &[], ModelInput::of(&entry));
        edit.stale = Some("<b>".to_owned());
        let mut add = Self::new(shell(), None, &[], ModelInput::default());
        let faults = [
            Fault::Missing("maker"),
            Fault::NameTaken("<b>".to_owned()),
            Fault::Unknown("type"),
            Fault::CheckDigit("udi", "1".to_owned(), 2),
        ];
        add.problems = words::problems(&faults, add.shell.t);
        vec![edit, add]
    }
}
