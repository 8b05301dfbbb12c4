//! The register as files. That of the devices has the columns of an import, so that it can be changed and read in again.

use std::collections::HashMap;

use actix_web::{HttpRequest, HttpResponse, web};
use chrono_tz::Tz;

use super::{ROWS_PER_PART, read_parts, refuse, rows_per_part};
use crate::app::App;
use crate::assets::model::AssetEntry;
use crate::assets::register::list::{
    IdentifierOf, TagEntry, list_identifiers_of, list_models, list_numbers, list_tag_keys,
    list_tags, list_tags_by_text, list_types,
};
use crate::assets::register::vocabulary::{ModelEntry, TypeEntry};
use crate::assets::store::list_entries;
use crate::db::types::SafetyHold;
use crate::ids::{AssetId, AssetTypeId};
use crate::web::csv::{Cell, CsvFile, CsvParams, CsvRow, maybe_instant, record_export};
use crate::web::equipment::models::ModelsParams;
use crate::web::equipment::params::RegisterParams;
use crate::web::equipment::tags::TagsParams;
use crate::web::equipment::today;
use crate::web::extract::Viewer;
use crate::web::page::Nav;
use crate::web::strings::fill;
use crate::web::{PageError, routes};

/// Between several numbers of one kind, as an import reads them.
const SEPARATOR: &str = " | ";

struct DeviceRow {
    entry: AssetEntry,
    identifiers: Vec<IdentifierOf>,
    tags: Vec<String>,
}

impl DeviceRow {
    fn numbers(&self, kind: &str) -> Cell<'_> {
        let of_kind = self.identifiers.iter().filter(|one| one.kind == kind);
        let values: Vec<&str> = of_kind.map(|one| one.value.as_str()).collect();
        Cell::text(values.join(SEPARATOR))
    }
}

impl CsvRow for DeviceRow {
    const COLUMNS: &'static [&'static str] = &[
        "asset_number",
        "type",
        "maker",
        "model",
        "owner_unit",
        "serial",
        "udi",
        "barcode",
        "giai",
        "grai",
        "other",
        "tag",
        "further_tags",
        "service_due_on",
        "service_blocks",
        "safety_hold",
        "status",
        "room",
        "area",
    ];

    fn cells(&self) -> Vec<Cell<'_>> {
        let entry = &self.entry;
        let (tag, further) = self.tags.split_first().unzip();
        vec![
            Cell::text(&entry.asset_number),
            Cell::text(&entry.type_name),
            Cell::maybe(entry.maker.as_deref()),
            Cell::maybe(entry.model_name.as_deref()),
            Cell::maybe(entry.owner_unit_name.as_deref()),
            self.numbers("serial"),
            self.numbers("udi"),
            self.numbers("barcode"),
            self.numbers("giai"),
            self.numbers("grai"),
            self.numbers("other"),
            Cell::maybe(tag.map(String::as_str)),
            Cell::text(further.unwrap_or_default().join(SEPARATOR)),
            entry.service_due_on.map_or(Cell::Empty, Cell::Day),
            Cell::Flag(entry.standing.is_service_blocked),
            Cell::maybe(entry.standing.safety_hold.map(SafetyHold::as_str)),
            Cell::text(entry.standing.status.as_str()),
            Cell::maybe(entry.room_name.as_deref()),
            Cell::maybe(entry.area_name.as_deref()),
        ]
    }
}

/// `GET /equipment.csv`
///
/// # Errors
/// When a filter means nothing, or the database fails.
pub async fn equipment(
    app: web::Data<App>,
    viewer: Viewer,
    request: HttpRequest,
    params: web::Query<RegisterParams>,
    csv: web::Query<CsvParams>,
) -> Result<HttpResponse, PageError> {
    let shell = viewer.shell(Nav::Equipment);
    let (filter, bad) = params.filter();
    if let Some((name, value)) = bad.into_iter().next() {
        let words = fill(shell.t.register.bad_filter, &[&name, &value]);
        return refuse(shell, words, params.href(None));
    }
    record_export(&app, &viewer, "register", request.query_string()).await?;
    let today = today(&shell);
    let parts = read_parts(app, async move |conn, after: Option<String>| {
        let page = list_numbers(conn, &filter, today, after.as_deref(), ROWS_PER_PART).await?;
        let (entries, tags, identifiers) = tokio::try_join!(
            list_entries(conn, &page.ids),
            list_tag_keys(conn, &page.ids),
            list_identifiers_of(conn, &page.ids),
        )?;
        let mut entries: HashMap<AssetId, AssetEntry> = entries
            .into_iter()
            .map(|entry| (entry.asset_id, entry))
            .collect();
        let mut tags_of: HashMap<AssetId, Vec<String>> = HashMap::new();
        for tag in tags {
            tags_of.entry(tag.asset_id).or_default().push(tag.tag_key);
        }
        let mut identifiers_of: HashMap<AssetId, Vec<IdentifierOf>> = HashMap::new();
        for one in identifiers {
            identifiers_of.entry(one.asset_id).or_default().push(one);
        }
        let row = |id: &AssetId| {
            Some(DeviceRow {
                entry: entries.remove(id)?,
                identifiers: identifiers_of.remove(id).unwrap_or_default(),
                tags: tags_of.remove(id).unwrap_or_default(),
            })
        };
        let rows: Vec<DeviceRow> = page.ids.iter().filter_map(row).collect();
        Ok((rows, page.next))
    });
    Ok(CsvFile::new("register", &csv, &shell).parts(parts))
}

impl CsvRow for TypeEntry {
    const COLUMNS: &'static [&'static str] = &["type", "devices", "models", "overdue_blocks"];

    fn cells(&self) -> Vec<Cell<'_>> {
        vec![
            Cell::text(&self.name),
            Cell::Number(self.assets),
            Cell::Number(self.models),
            Cell::Flag(self.overdue_blocks),
        ]
    }
}

/// `GET /equipment/types.csv`
///
/// # Errors
/// When the database fails.
pub async fn types(
    app: web::Data<App>,
    viewer: Viewer,
    csv: web::Query<CsvParams>,
) -> Result<HttpResponse, PageError> {
    let shell = viewer.shell(Nav::Equipment);
    record_export(&app, &viewer, "types", "").await?;
    let parts = read_parts(app, async |conn, after: Option<String>| {
        let after = after.unwrap_or_default();
        let types = list_types(conn, None, &after, rows_per_part()).await?;
        let next = types.last().map(|last| last.name.clone());
        Ok((types, next))
    });
    Ok(CsvFile::new("types", &csv, &shell).parts(parts))
}

impl CsvRow for ModelEntry {
    const COLUMNS: &'static [&'static str] = &["type", "maker", "model", "udi_di", "devices"];

    fn cells(&self) -> Vec<Cell<'_>> {
        vec![
            Cell::text(&self.type_name),
            Cell::text(&self.maker),
            Cell::text(&self.name),
            Cell::maybe(self.udi_di.as_deref()),
            Cell::Number(self.assets),
        ]
    }
}

/// `GET /equipment/models.csv`
///
/// # Errors
/// When the type means nothing, or the database fails.
pub async fn models(
    app: web::Data<App>,
    viewer: Viewer,
    request: HttpRequest,
    params: web::Query<ModelsParams>,
    csv: web::Query<CsvParams>,
) -> Result<HttpResponse, PageError> {
    let shell = viewer.shell(Nav::Equipment);
    let asked = params.asset_type.as_deref().unwrap_or_default().trim();
    let only = asked.parse().ok().map(AssetTypeId);
    if only.is_none() && !asked.is_empty() {
        let shown: String = asked.chars().take(40).collect();
        let words = fill(shell.t.register.bad_filter, &[&"type", &shown]);
        return refuse(shell, words, routes::MODELS.to_owned());
    }
    record_export(&app, &viewer, "models", request.query_string()).await?;
    let parts = read_parts(app, async move |conn, after: Option<(String, String)>| {
        let after = after.as_ref();
        let after = after.map(|(maker, name)| (maker.as_str(), name.as_str()));
        let models = list_models(conn, None, only, after, rows_per_part()).await?;
        let next = models
            .last()
            .map(|last| (last.maker.clone(), last.name.clone()));
        Ok((models, next))
    });
    Ok(CsvFile::new("models", &csv, &shell).parts(parts))
}

struct TagRow {
    tag: TagEntry,
    zone: Tz,
}

impl CsvRow for TagRow {
    const COLUMNS: &'static [&'static str] = &[
        "tag",
        "technology",
        "tag_interval_ms",
        "asset_number",
        "type",
        "last_heard",
        "battery_pct",
    ];

    fn cells(&self) -> Vec<Cell<'_>> {
        let tag = &self.tag;
        vec![
            Cell::text(&tag.tag_key),
            Cell::text(tag.technology.as_str()),
            tag.expected_interval_ms.map_or(Cell::Empty, Cell::Number),
            Cell::maybe(tag.asset_number.as_deref()),
            Cell::maybe(tag.type_name.as_deref()),
            maybe_instant(tag.seen_at, self.zone),
            tag.battery_pct
                .map_or(Cell::Empty, |pct| Cell::Number(i64::from(pct))),
        ]
    }
}

/// `GET /equipment/tags.csv`
///
/// # Errors
/// When the database fails.
pub async fn tags(
    app: web::Data<App>,
    viewer: Viewer,
    request: HttpRequest,
    params: web::Query<TagsParams>,
    csv: web::Query<CsvParams>,
) -> Result<HttpResponse, PageError> {
    let shell = viewer.shell(Nav::Equipment);
    record_export(&app, &viewer, "tags", request.query_string()).await?;
    let (text, is_free, zone) = (params.text(), params.is_free(), shell.zone);
    let parts = read_parts(app, async move |conn, after: Option<String>| {
        let (tags, next) = if text.is_empty() {
            let after = after.unwrap_or_default();
            list_tags(conn, is_free, &after, ROWS_PER_PART).await?
        } else {
            (list_tags_by_text(conn, &text).await?, None)
        };
        let rows: Vec<TagRow> = tags.into_iter().map(|tag| TagRow { tag, zone }).collect();
        Ok((rows, next))
    });
    Ok(CsvFile::new("tags", &csv, &shell).parts(parts))
}
