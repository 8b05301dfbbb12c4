//! The register of equipment: devices, types, models and tags. Everybody may read it; biomed and administrators keep it.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;
use chrono::NaiveDate;
use uuid::Uuid;

use self::params::RegisterParams;
use super::acts::RefusedPage;
use super::exports;
use super::fields;
use super::page::{Chip, Nav, Page, Shell, see_other};
use super::strings::fill;
use super::wording::{capitalised, status_word};
use super::{PageError, routes};
use crate::app::App;
use crate::assets::model::AssetEntry;
use crate::assets::register::list::{
    CHOICES_MAX, NumberPage, PER_PAGE, RegisterFilter, TagKeyOf, list_models, list_numbers,
    list_tag_keys, list_types, list_units,
};
use crate::assets::register::standing::NotStood;
use crate::assets::register::tagging::NotPut;
use crate::assets::register::{Keeper, NotSaved};
use crate::assets::store::list_entries;
use crate::db::DbConn;
use crate::db::types::{AssetStatus, Role};
use crate::web::extract::Viewer;

pub mod asset;
pub mod keeping;
pub mod models;
pub mod params;
pub mod standing;
pub mod tagging;
pub mod tags;
pub mod types;
pub mod words;

/// A transaction that met another one is tried this often.
const TRIES: usize = 4;

/// A value to choose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// As sent.
    pub value: String,
    /// As read.
    pub words: String,
    /// Whether it is the one chosen now.
    pub is_chosen: bool,
}

impl Choice {
    /// A choice, chosen when its value is this one.
    #[must_use]
    pub fn new(value: &dyn std::fmt::Display, words: impl Into<String>, chosen: &str) -> Self {
        let value = value.to_string();
        Self {
            is_chosen: value == chosen,
            words: words.into(),
            value,
        }
    }
}

/// A part of the register to go to.
#[derive(Clone, Debug)]
pub struct PartLink {
    /// Its page.
    pub href: &'static str,
    /// Its name.
    pub words: &'static str,
    /// Whether it is shown.
    pub is_current: bool,
}

/// The parts of the register.
#[must_use]
pub fn list_parts(current: &str, shell: &Shell) -> Vec<PartLink> {
    let t = &shell.t.register;
    [
        (routes::EQUIPMENT, t.part_assets),
        (routes::TYPES, t.part_types),
        (routes::MODELS, t.part_models),
        (routes::TAGS, t.part_tags),
    ]
    .into_iter()
    .map(|(href, words)| PartLink {
        href,
        words,
        is_current: href == current,
    })
    .collect()
}

/// Whether a person keeps the register.
#[must_use]
pub fn is_keeper(role: Role) -> bool {
    matches!(role, Role::Biomed | Role::Admin)
}

/// The day at the facility.
#[must_use]
pub fn today(shell: &Shell) -> NaiveDate {
    shell.now.with_timezone(&shell.zone).date_naive()
}

fn keeper(app: &App, viewer: &Viewer, shell: &Shell, key: Uuid) -> Keeper {
    Keeper {
        user_id: viewer.user_id,
        role: viewer.role,
        key,
        now: app.clock.now(),
        today: today(shell),
    }
}

/// Whether running a transaction again may help.
trait MetAnother {
    fn met_another(&self) -> bool;
}

impl MetAnother for NotSaved {
    fn met_another(&self) -> bool {
        Self::met_another(self)
    }
}

impl MetAnother for NotPut {
    fn met_another(&self) -> bool {
        matches!(self, Self::NotSaved(error) if error.met_another())
    }
}

impl MetAnother for NotStood {
    fn met_another(&self) -> bool {
        matches!(self, Self::NotSaved(error) if error.met_another())
    }
}

/// Runs a transaction, again when it met another one: the second run sees what that one did, and says so.
async fn write<T, E: MetAnother>(
    app: &App,
    mut run: impl AsyncFnMut(&mut DbConn) -> Result<T, E>,
) -> Result<Result<T, E>, PageError> {
    let mut conn = app.db.conn().await?;
    let mut tries = 1;
    loop {
        let done = run(&mut conn).await;
        match &done {
            Err(error) if error.met_another() && tries < TRIES => tries += 1,
            _ => return Ok(done),
        }
    }
}

/// What is left when a form cannot be shown again: the thing is gone, it was done already, or the database failed.
async fn answer_not_saved(
    app: &App,
    viewer: &Viewer,
    shell: Shell,
    why: NotSaved,
    back: &str,
) -> Result<HttpResponse, PageError> {
    match why {
        NotSaved::Repeat(location) => {
            viewer
                .leave_flash(app, shell.t.register.done_already)
                .await?;
            Ok(see_other(routes::safe_next(&location)))
        }
        NotSaved::Database(error) => Err(error.into()),
        _ => refuse(
            &shell,
            StatusCode::NOT_FOUND,
            shell.t.register.gone_title.to_owned(),
            vec![shell.t.register.gone.to_owned()],
            vec![(shell.t.register.back.to_owned(), back.to_owned())],
        ),
    }
}

fn refuse(
    shell: &Shell,
    status: StatusCode,
    title: String,
    sentences: Vec<String>,
    links: Vec<(String, String)>,
) -> Result<HttpResponse, PageError> {
    let page = RefusedPage {
        shell: shell.clone(),
        title,
        sentences,
        links,
    };
    Page::new(page).with_status(status).render()
}

/// A form without one of our fields, or with one that is not ours.
fn bad_form(
    shell: &Shell,
    fields::BadField(field): fields::BadField,
) -> Result<HttpResponse, PageError> {
    let t = &shell.t.register;
    refuse(
        shell,
        StatusCode::BAD_REQUEST,
        t.bad_form_title.to_owned(),
        vec![fill(t.bad_form, &[&field])],
        vec![(t.title.to_owned(), routes::EQUIPMENT.to_owned())],
    )
}

/// The register.
#[expect(
    clippy::struct_excessive_bools,
    reason = "boxes that are ticked or not"
)]
#[derive(Debug, Template)]
#[template(path = "equipment/index.html")]
pub struct RegisterPage {
    /// Frame.
    pub shell: Shell,
    /// Parts of the register.
    pub parts: Vec<PartLink>,
    /// What is searched for.
    pub text: String,
    /// Types to choose.
    pub types: Vec<Choice>,
    /// Models to choose, by type.
    pub models: Vec<(String, Vec<Choice>)>,
    /// Statuses to choose.
    pub statuses: Vec<Choice>,
    /// Units to choose.
    pub owners: Vec<Choice>,
    /// Which service to choose.
    pub services: Vec<Choice>,
    /// Only those on hold.
    pub is_held: bool,
    /// Only those without a tag.
    pub is_untagged: bool,
    /// Whether any filter is set.
    pub is_filtered: bool,
    /// Filters that could not be read.
    pub notes: Vec<String>,
    /// "50 shown, more follow."
    pub count: String,
    /// The devices.
    pub rows: Vec<RegisterRow>,
    /// Further devices, and what the link says.
    pub next: Option<(String, &'static str)>,
    /// The first page, from any other.
    pub start_href: Option<String>,
    /// All of it as a file.
    pub csv_href: String,
    /// Whether this person may add.
    pub is_keeper: bool,
}

/// One device, ready to show.
#[derive(Clone, Debug)]
pub struct RegisterRow {
    /// Its page.
    pub href: String,
    /// Its number.
    pub number: String,
    /// What it is.
    pub type_name: String,
    /// Maker and model.
    pub model: String,
    /// Its status.
    pub chip: Chip,
    /// What keeps it from being used.
    pub hold: Option<&'static str>,
    /// Who owns it.
    pub owner: String,
    /// When service is due.
    pub due: Option<String>,
    /// Whether that is past.
    pub is_overdue: bool,
    /// Its tags.
    pub tags: Vec<String>,
    /// Where it is, or was.
    pub place: String,
}

/// `GET /equipment`
///
/// # Errors
/// When the database fails.
pub async fn index(
    app: web::Data<App>,
    viewer: Viewer,
    params: web::Query<RegisterParams>,
) -> Result<Page<RegisterPage>, PageError> {
    let shell = viewer.shell(Nav::Equipment);
    let conn = app.db.conn().await?;
    let (filter, bad) = params.filter();
    let after = params.after.as_deref().filter(|after| !after.is_empty());
    let (page, types, models, units) = tokio::try_join!(
        list_numbers(&conn, &filter, today(&shell), after, PER_PAGE),
        list_types(&conn, None, "", CHOICES_MAX),
        list_models(&conn, None, filter.asset_type, None, CHOICES_MAX),
        list_units(&conn),
    )?;
    let (mut entries, tags) = tokio::try_join!(
        list_entries(&conn, &page.ids),
        list_tag_keys(&conn, &page.ids),
    )?;
    let place_of = |entry: &AssetEntry| page.ids.iter().position(|id| *id == entry.asset_id);
    entries.sort_by_key(place_of);
    let t = &shell.t.register;
    let chosen = |value: &Option<String>| value.clone().unwrap_or_default();
    let status = chosen(&params.status);
    let statuses = std::iter::once(Choice::new(&"in_service", t.in_service, &status))
        .chain(
            AssetStatus::ALL
                .iter()
                .map(|one| Choice::new(&one.as_str(), status_word(*one, shell.t), &status)),
        )
        .collect();
    let service = chosen(&params.service);
    Ok(Page::new(RegisterPage {
        parts: list_parts(routes::EQUIPMENT, &shell),
        text: filter.text.clone(),
        types: words::type_choices(&types, &chosen(&params.asset_type)),
        models: words::model_choices(&models, &chosen(&params.model)),
        owners: words::unit_choices(&units, &chosen(&params.owner)),
        statuses,
        services: vec![
            Choice::new(&"overdue", t.service_overdue, &service),
            Choice::new(&"soon", t.service_soon, &service),
        ],
        is_held: filter.is_held,
        is_untagged: filter.is_untagged,
        is_filtered: filter != RegisterFilter::default(),
        notes: bad
            .iter()
            .map(|(name, value)| fill(t.bad_filter, &[name, value]))
            .collect(),
        count: count_words(&page, &shell),
        rows: entries
            .iter()
            .map(|entry| RegisterRow::new(entry, &tags, &shell))
            .collect(),
        next: page.next.as_deref().map(|next| {
            let words = if page.is_cut { t.go_on } else { t.next };
            (params.href(Some(next)), words)
        }),
        start_href: after.map(|_| params.href(None)),
        csv_href: params.csv_href(),
        is_keeper: is_keeper(viewer.role),
        shell,
    }))
}

fn count_words(page: &NumberPage, shell: &Shell) -> String {
    let t = &shell.t.register;
    let count = page.ids.len();
    match (&page.next, page.is_cut) {
        (Some(last), true) => fill(t.shown_cut, &[&count, &last.to_uppercase()]),
        (Some(_), false) => fill(t.shown_more, &[&count]),
        (None, _) if count == 0 => String::new(),
        (None, _) if count == 1 => t.shown_one.to_owned(),
        (None, _) => fill(t.shown_all, &[&count]),
    }
}

impl RegisterRow {
    fn new(entry: &AssetEntry, tags: &[TagKeyOf], shell: &Shell) -> Self {
        let t = &shell.t.register;
        let standing = &entry.standing;
        Self {
            href: routes::asset_path(entry.asset_id),
            number: entry.asset_number.clone(),
            type_name: capitalised(&entry.type_name),
            model: entry.model().unwrap_or_default(),
            // The stored status: whether it is ready depends on how sure its place is, and that is on its page.
            chip: Chip::of_asset(
                &crate::assets::model::Standing::of(standing.status),
                false,
                shell.t,
            ),
            hold: if standing.safety_hold.is_some() {
                Some(t.held)
            } else {
                standing.is_service_blocked.then_some(t.blocked)
            },
            owner: entry.owner_unit_name.clone().unwrap_or_default(),
            due: entry
                .service_due_on
                .map(|due| due.format("%-d %b %Y").to_string()),
            is_overdue: entry.service_due_on.is_some_and(|due| due < today(shell)),
            tags: tags
                .iter()
                .filter(|tag| tag.asset_id == entry.asset_id)
                .map(|tag| tag.tag_key.clone())
                .collect(),
            place: entry.place_short().unwrap_or_default(),
        }
    }
}

impl RegisterPage {
    /// Pages for tests of templates.
    #[must_use]
    pub fn samples() -> Vec<Self> {
        let shell = Shell::sample_for(Role::Biomed);
        let row = |hold, due: Option<&str>, tags: &[&str]| RegisterRow {
            href: routes::asset_path(crate::ids::AssetId(70_001)),
            number: "IP-0417 <b>".to_owned(),
            type_name: "Infusion pump".to_owned(),
            model: "BD <i>".to_owned(),
            chip: Chip::of_asset(
                &crate::assets::model::Standing::of(AssetStatus::Soiled),
                false,
                shell.t,
            ),
            hold,
            owner: "4 West".to_owned(),
            due: due.map(str::to_owned),
            is_overdue: due.is_some(),
            tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
            place: "Clean utility 3W-12".to_owned(),
        };
        let t = &shell.t.register;
        let full = Self {
            types: vec![Choice::new(&1, "Infusion pump <b>", "1")],
            models: vec![("Pump <b>".to_owned(), vec![Choice::new(&1, "BD <i>", "")])],
            text: "\"<b>".to_owned(),
            notes: vec![fill(t.bad_filter, &[&"type", &"<i>"])],
            count: fill(t.shown_more, &[&2]),
            rows: vec![
                row(Some(t.held), Some("7 Sep 2026"), &["mac:AC233F000001"]),
                row(None, None, &[]),
            ],
            next: Some(("/equipment?after=x".to_owned(), t.go_on)),
            start_href: Some(routes::EQUIPMENT.to_owned()),
            is_filtered: true,
            is_held: true,
            is_untagged: true,
            ..Self::empty_sample(shell.clone())
        };
        vec![full, Self::empty_sample(Shell::sample())]
    }

    fn empty_sample(shell: Shell) -> Self {
        Self {
            parts: list_parts(routes::EQUIPMENT, &shell),
            text: String::new(),
            types: Vec::new(),
            models: Vec::new(),
            statuses: Vec::new(),
            owners: Vec::new(),
            services: Vec::new(),
            is_held: false,
            is_untagged: false,
            is_filtered: false,
            notes: Vec::new(),
            count: String::new(),
            rows: Vec::new(),
            next: None,
            start_href: None,
            csv_href: exports::download_href(routes::EQUIPMENT_CSV, &[]),
            is_keeper: shell
                .person
                .as_ref()
                .is_some_and(|person| is_keeper(person.role)),
            shell,
        }
    }
}
