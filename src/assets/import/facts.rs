//! What the database knows of what a file names.

use std::collections::HashMap;

use chrono::NaiveDate;
use diesel::deserialize::QueryableByName;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Date, Nullable, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::decide::{Facts, KnownAsset, KnownModel, KnownTag};
use super::read::Draft;
use crate::db::schema::{asset_type, model, unit};
use crate::db::types::{AssetStatus, Technology};
use crate::ids::{AssetId, AssetTypeId, ModelId, UnitId};

/// Assets with these numbers.
pub const ASSETS_SQL: &str = include_str!("sql/assets.sql");
/// Numbers of these assets.
pub const IDENTIFIERS_SQL: &str = include_str!("sql/identifiers.sql");
/// Tags with these keys.
pub const TAGS_SQL: &str = include_str!("sql/tags.sql");

/// Most types, models and units that a file may choose from.
const NAMES_MAX: i64 = 20_000;

#[derive(QueryableByName)]
struct AssetRow {
    #[diesel(sql_type = BigInt)]
    asset_id: AssetId,
    #[diesel(sql_type = Text)]
    asset_number: String,
    #[diesel(sql_type = BigInt)]
    asset_type_id: AssetTypeId,
    #[diesel(sql_type = Nullable<BigInt>)]
    model_id: Option<ModelId>,
    #[diesel(sql_type = Nullable<BigInt>)]
    owner_unit_id: Option<UnitId>,
    #[diesel(sql_type = Nullable<Date>)]
    service_due_on: Option<NaiveDate>,
    #[diesel(sql_type = Text)]
    status: AssetStatus,
}

#[derive(QueryableByName)]
struct IdentifierRow {
    #[diesel(sql_type = BigInt)]
    asset_id: AssetId,
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = Text)]
    value: String,
}

#[derive(QueryableByName)]
struct TagRow {
    #[diesel(sql_type = Text)]
    tag_key: String,
    #[diesel(sql_type = Text)]
    technology: Technology,
    #[diesel(sql_type = Nullable<BigInt>)]
    expected_interval_ms: Option<i64>,
    #[diesel(sql_type = Nullable<BigInt>)]
    asset_id: Option<AssetId>,
    #[diesel(sql_type = Nullable<Text>)]
    asset_number: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    on_supplies: Option<String>,
}

/// The numbers of some drafts, in small letters.
pub(super) fn numbers(drafts: &[Draft]) -> Vec<String> {
    drafts
        .iter()
        .map(|draft| draft.number.to_lowercase())
        .collect()
}

pub(super) async fn load(mut conn: &AsyncPgConnection, drafts: &[Draft]) -> QueryResult<Facts> {
    let rows: Vec<AssetRow> = sql_query(ASSETS_SQL)
        .bind::<Array<Text>, _>(numbers(drafts))
        .load(&mut conn)
        .await?;
    let ids: Vec<i64> = rows.iter().map(|row| row.asset_id.0).collect();
    let identifiers: Vec<IdentifierRow> = sql_query(IDENTIFIERS_SQL)
        .bind::<Array<BigInt>, _>(ids)
        .load(&mut conn)
        .await?;
    let keys: Vec<&str> = drafts
        .iter()
        .filter_map(|draft| draft.tag.as_deref())
        .collect();
    let tags: Vec<TagRow> = sql_query(TAGS_SQL)
        .bind::<Array<Text>, _>(keys)
        .load(&mut conn)
        .await?;
    let mut numbers: HashMap<AssetId, Vec<(String, String)>> = HashMap::new();
    for row in identifiers {
        numbers
            .entry(row.asset_id)
            .or_default()
            .push((row.kind, row.value));
    }
    let asset = |row: AssetRow| {
        let known = KnownAsset {
            id: row.asset_id,
            type_id: row.asset_type_id,
            model_id: row.model_id,
            owner: row.owner_unit_id,
            due: row.service_due_on,
            status: row.status,
            identifiers: numbers.remove(&row.asset_id).unwrap_or_default(),
            number: row.asset_number,
        };
        (known.number.to_lowercase(), known)
    };
    let tag = |row: TagRow| {
        let known = KnownTag {
            technology: row.technology,
            interval_ms: row.expected_interval_ms,
            on: row.asset_id.zip(row.asset_number),
            on_supplies: row.on_supplies,
        };
        (row.tag_key, known)
    };
    let models: Vec<(ModelId, AssetTypeId, String, String)> = model::table
        .select((model::id, model::asset_type_id, model::maker, model::name))
        .order(model::id)
        .limit(NAMES_MAX)
        .load(&mut conn)
        .await?;
    Ok(Facts {
        types: asset_type::table
            .select((asset_type::id, asset_type::name))
            .order(asset_type::id)
            .limit(NAMES_MAX)
            .load(&mut conn)
            .await?,
        models: models
            .into_iter()
            .map(|(id, type_id, maker, name)| KnownModel {
                id,
                type_id,
                maker,
                name,
            })
            .collect(),
        units: unit::table
            .select((unit::id, unit::name))
            .order(unit::id)
            .limit(NAMES_MAX)
            .load(&mut conn)
            .await?,
        assets: rows.into_iter().map(asset).collect(),
        tags: tags.into_iter().map(tag).collect(),
    })
}
