//! Types of equipment: the list, and adding, changing and deleting one.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use super::fields::{BadField, Fields};
use super::{
    PartLink, answer_not_saved, bad_form, is_keeper, keeper, list_parts, refuse, words, write,
};
use crate::app::App;
use crate::assets::register::NotSaved;
use crate::assets::register::list::{PER_PAGE, list_types};
use crate::assets::register::rules::Fault;
use crate::assets::register::vocabulary::{TypeEntry, add_type, delete_type, edit_type, find_type};
use crate::db::types::Role;
use crate::ids::AssetTypeId;
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
pub struct TypesParams {
    /// The name after which the page begins.
    pub after: Option<String>,
}

/// All types.
#[derive(Debug, Template)]
#[template(path = "equipment/types.html")]
pub struct TypesPage {
    /// Frame.
    pub shell: Shell,
    /// Parts of the register.
    pub parts: Vec<PartLink>,
    /// The types.
    pub rows: Vec<TypeRow>,
    /// Further types.
    pub next_href: Option<String>,
    /// The first page, from any other.
    pub start_href: Option<String>,
    /// All of them as a file.
    pub csv_href: String,
    /// Whether this person may change them.
    pub is_keeper: bool,
}

/// A type, ready to show.
#[derive(Clone, Debug)]
pub struct TypeRow {
    /// Its name.
    pub name: String,
    /// Its devices.
    pub assets_href: String,
    /// How many.
    pub assets: String,
    /// Its models.
    pub models_href: String,
    /// How many.
    pub models: String,
    /// Whether overdue service blocks.
    pub blocks: bool,
    /// Where it is changed.
    pub edit_href: String,
}

/// The form of a type.
#[derive(Debug, Template)]
#[template(path = "equipment/type.html")]
pub struct TypeFormPage {
    /// Frame.
    pub shell: Shell,
    /// "Add a type".
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
    /// The name.
    pub name: String,
    /// Whether overdue service blocks.
    pub blocks: bool,
    /// Mistakes.
    pub problems: Vec<Problem>,
    /// What somebody else changed it to.
    pub stale: Option<String>,
}

/// The devices of a type in the register.
#[must_use]
pub fn register_of_type(id: AssetTypeId) -> String {
    routes::with_query(routes::EQUIPMENT, &[("type", &id.to_string())])
}

/// `GET /equipment/types`
///
/// # Errors
/// When the database fails.
pub async fn index(
    app: web::Data<App>,
    viewer: Viewer,
    params: web::Query<TypesParams>,
) -> Result<Page<TypesPage>, PageError> {
    let shell = viewer.shell(Nav::Equipment);
    let conn = app.db.conn().await?;
    let after = params.after.as_deref().unwrap_or_default();
    let limit = i64::try_from(PER_PAGE + 1).unwrap_or(i64::MAX);
    let mut types = list_types(&conn, None, after, limit).await?;
    let has_more = types.len() > PER_PAGE;
    types.truncate(PER_PAGE);
    let next_href = types
        .last()
        .filter(|_| has_more)
        .map(|last| routes::with_query(routes::TYPES, &[("after", &last.name)]));
    Ok(Page::new(TypesPage {
        parts: list_parts(routes::TYPES, &shell),
        rows: types.iter().map(TypeRow::new).collect(),
        next_href,
        start_href: (!after.is_empty()).then(|| routes::TYPES.to_owned()),
        csv_href: exports::download_href(routes::TYPES_CSV, &[]),
        is_keeper: is_keeper(viewer.role),
        shell,
    }))
}

impl TypeRow {
    fn new(entry: &TypeEntry) -> Self {
        let id = entry.asset_type_id.to_string();
        Self {
            name: capitalised(&entry.name),
            assets_href: register_of_type(entry.asset_type_id),
            assets: grouped(entry.assets),
            models_href: routes::with_query(routes::MODELS, &[("type", &id)]),
            models: grouped(entry.models),
            blocks: entry.overdue_blocks,
            edit_href: routes::type_edit_path(entry.asset_type_id),
        }
    }
}

impl TypeFormPage {
    fn new(shell: Shell, entry: Option<&TypeEntry>) -> Self {
        let t = &shell.t.register;
        Self {
            heading: entry.map_or(t.type_add_title.to_owned(), |entry| {
                fill(t.type_edit_title, &[&entry.name])
            }),
            action: entry.map_or(routes::TYPE_ADD.to_owned(), |entry| {
                routes::type_edit_path(entry.asset_type_id)
            }),
            delete_action: entry.map(|entry| routes::type_delete_path(entry.asset_type_id)),
            key: new_key(),
            delete_key: new_key(),
            shown: entry.map(TypeEntry::fingerprint).unwrap_or_default(),
            name: entry.map(|entry| entry.name.clone()).unwrap_or_default(),
            blocks: entry.is_some_and(|entry| entry.overdue_blocks),
            problems: Vec::new(),
            stale: None,
            shell,
        }
    }

    fn with_typed(mut self, typed: &Typed, faults: &[Fault]) -> Self {
        self.name.clone_from(&typed.name);
        self.blocks = typed.blocks;
        self.problems = words::problems(faults, self.shell.t);
        self
    }
}

struct Typed {
    name: String,
    blocks: bool,
    shown: String,
    key: uuid::Uuid,
}

fn read(body: &[u8]) -> Result<Typed, BadField> {
    let fields = Fields::parse(body, &["name", "blocks", "shown"])?;
    Ok(Typed {
        name: fields.text("name"),
        blocks: fields.text("blocks") == "1",
        shown: fields.text("shown"),
        key: fields.key()?,
    })
}

/// `GET /equipment/types/add`
///
/// # Errors
/// Never.
pub async fn add_form(viewer: Viewer) -> Result<Page<TypeFormPage>, PageError> {
    Ok(Page::new(TypeFormPage::new(
        viewer.shell(Nav::Equipment),
        None,
    )))
}

/// `POST /equipment/types/add`
///
/// # Errors
/// When the database fails.
pub async fn add(
    app: web::Data<App>,
    viewer: Viewer,
    body: web::Bytes,
) -> Result<HttpResponse, PageError> {
    let shell = viewer.shell(Nav::Equipment);
    let typed = match read(&body) {
        Ok(typed) => typed,
        Err(bad) => return bad_form(&shell, bad),
    };
    let keeper = keeper(&app, &viewer, &shell, typed.key);
    let saved = write(&app, async |conn| {
        add_type(conn, &keeper, (&typed.name, typed.blocks), routes::TYPES).await
    })
    .await?;
    match saved {
        Ok(id) => {
            app.hints.send([Topic::Type(id)]);
            let words = fill(shell.t.register.saved, &[&typed.name.trim()]);
            viewer.leave_flash(&app, &words).await?;
            Ok(see_other(routes::TYPES))
        }
        Err(NotSaved::Faulty(faults)) => {
            let page = TypeFormPage::new(shell, None).with_typed(&typed, &faults);
            Page::new(page)
                .with_status(StatusCode::UNPROCESSABLE_ENTITY)
                .render()
        }
        Err(why) => answer_not_saved(&app, &viewer, shell, why, routes::TYPES).await,
    }
}

/// `GET /equipment/types/{id}`
///
/// # Errors
/// When there is no such type, or the database fails.
pub async fn edit_form(
    app: web::Data<App>,
    viewer: Viewer,
    id: IdPath<AssetTypeId>,
) -> Result<Page<TypeFormPage>, PageError> {
    let conn = app.db.conn().await?;
    let entry = find_type(&conn, id.0).await?.ok_or(PageError::NotFound)?;
    Ok(Page::new(TypeFormPage::new(
        viewer.shell(Nav::Equipment),
        Some(&entry),
    )))
}

/// `POST /equipment/types/{id}`
///
/// # Errors
/// When the database fails.
pub async fn edit(
    app: web::Data<App>,
    viewer: Viewer,
    id: IdPath<AssetTypeId>,
    body: web::Bytes,
) -> Result<HttpResponse, PageError> {
    let shell = viewer.shell(Nav::Equipment);
    let typed = match read(&body) {
        Ok(typed) => typed,
        Err(bad) => return bad_form(&shell, bad),
    };
    let keeper = keeper(&app, &viewer, &shell, typed.key);
    let saved = write(&app, async |conn| {
        let values = (typed.name.as_str(), typed.blocks);
        edit_type(conn, &keeper, id.0, values, &typed.shown, routes::TYPES).await
    })
    .await?;
    let (status, faults) = match saved {
        Ok(()) => {
            app.hints.send([Topic::Type(id.0)]);
            let words = fill(shell.t.register.saved, &[&typed.name.trim()]);
            viewer.leave_flash(&app, &words).await?;
            return Ok(see_other(routes::TYPES));
        }
        Err(NotSaved::Faulty(faults)) => (StatusCode::UNPROCESSABLE_ENTITY, faults),
        Err(NotSaved::Stale) => (StatusCode::CONFLICT, Vec::new()),
        Err(why) => return answer_not_saved(&app, &viewer, shell, why, routes::TYPES).await,
    };
    let conn = app.db.conn().await?;
    let entry = find_type(&conn, id.0).await?.ok_or(PageError::NotFound)?;
    let mut page = TypeFormPage::new(shell, Some(&entry)).with_typed(&typed, &faults);
    if status == StatusCode::CONFLICT {
        let t = &page.shell.t.register;
        let blocks = if entry.overdue_blocks { t.yes } else { t.no };
        let facts = [("name", entry.name.clone()), ("blocks", blocks.to_owned())];
        page.stale = Some(fill(t.stale, &[&words::differences(&facts, page.shell.t)]));
    } else {
        page.shown = typed.shown;
    }
    Page::new(page).with_status(status).render()
}

/// `POST /equipment/types/{id}/delete`
///
/// # Errors
/// When the database fails.
pub async fn delete(
    app: web::Data<App>,
    viewer: Viewer,
    id: IdPath<AssetTypeId>,
    body: web::Bytes,
) -> Result<HttpResponse, PageError> {
    let shell = viewer.shell(Nav::Equipment);
    let key = match Fields::parse(&body, &[]).and_then(|fields| fields.key()) {
        Ok(key) => key,
        Err(bad) => return bad_form(&shell, bad),
    };
    let keeper = keeper(&app, &viewer, &shell, key);
    let deleted = write(&app, async |conn| {
        delete_type(conn, &keeper, id.0, routes::TYPES).await
    })
    .await?;
    let t = &shell.t.register;
    match deleted {
        Ok(name) => {
            viewer
                .leave_flash(&app, &fill(t.deleted, &[&capitalised(&name)]))
                .await?;
            Ok(see_other(routes::TYPES))
        }
        Err(NotSaved::InUse { assets, models }) => {
            let conn = app.db.conn().await?;
            let entry = find_type(&conn, id.0).await?.ok_or(PageError::NotFound)?;
            refuse(
                &shell,
                StatusCode::CONFLICT,
                fill(t.in_use_title, &[&capitalised(&entry.name)]),
                vec![in_use_words(assets, models, &shell)],
                vec![
                    (t.see_devices.to_owned(), register_of_type(id.0)),
                    (t.back.to_owned(), routes::type_edit_path(id.0)),
                ],
            )
        }
        Err(why) => answer_not_saved(&app, &viewer, shell, why, routes::TYPES).await,
    }
}

/// Why something stays.
#[must_use]
pub fn in_use_words(assets: i64, models: i64, shell: &Shell) -> String {
    let t = &shell.t.register;
    if assets == 0 && models == 0 {
        t.in_use_other.to_owned()
    } else {
        fill(t.in_use, &[&grouped(assets), &grouped(models)])
    }
}

impl TypesPage {
    /// Pages for tests of templates.
    #[must_use]
    pub fn samples() -> Vec<Self> {
        let page = |role, rows: Vec<TypeRow>| {
            let shell = Shell::sample_for(role);
            Self {
                parts: list_parts(routes::TYPES, &shell),
                next_href: (!rows.is_empty()).then(|| "/equipment/types?after=x".to_owned()),
                start_href: (!rows.is_empty()).then(|| routes::TYPES.to_owned()),
                csv_href: exports::download_href(routes::TYPES_CSV, &[]),
                rows,
                is_keeper: is_keeper(role),
                shell,
            }
        };
        let rows = vec![TypeRow::new(&sample_entry())];
        vec![page(Role::Admin, rows), page(Role::Nurse, Vec::new())]
    }
}

fn sample_entry() -> TypeEntry {
    TypeEntry {
        asset_type_id: AssetTypeId(60_001),
        name: "infusion pump <b>".to_owned(),
        overdue_blocks: true,
        models: 2,
        assets: 12_345,
    }
}

impl TypeFormPage {
    /// Pages for tests of templates.
    #[must_use]
    pub fn samples() -> Vec<Self> {
        let shell = || Shell::sample_for(Role::Biomed);
        let mut edit = Self::new(shell(), Some(&sample_entry()));
        edit.stale = Some("<b>".to_owned());
        let mut add = Self::new(shell(), None);
        add.problems = words::problems(&[Fault::Missing("name")], add.shell.t);
        vec![edit, add]
    }
}
