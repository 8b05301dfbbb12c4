//! The equipment of a plan: types, models, assets, their numbers and their tags.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::Ids;
use crate::db::schema::{asset, asset_identifier, asset_type, model, tag, tag_assignment};
use crate::ids::{AssetId, AssetTypeId, ModelId, TagId};
use crate::simulate::plan::{PlanAsset, SeedPlan};

/// Types by their name in small letters: the database allows each once in any letters.
async fn store_types(
    conn: &mut AsyncPgConnection,
    plan: &SeedPlan,
    inserted: &mut usize,
) -> QueryResult<HashMap<String, AssetTypeId>> {
    let known = asset_type::table.select((asset_type::name, asset_type::id));
    let known: Vec<(String, AssetTypeId)> = known.load(conn).await?;
    let mut ids: HashMap<_, _> = known
        .into_iter()
        .map(|(name, id)| (name.to_lowercase(), id))
        .collect();
    let missing: Vec<_> = plan
        .types
        .iter()
        .filter(|name| !ids.contains_key(&name.to_lowercase()))
        .map(|name| asset_type::name.eq(name))
        .collect();
    if !missing.is_empty() {
        let rows: Vec<(String, AssetTypeId)> = diesel::insert_into(asset_type::table)
            .values(missing)
            .returning((asset_type::name, asset_type::id))
            .get_results(conn)
            .await?;
        *inserted += rows.len();
        ids.extend(rows.into_iter().map(|(name, id)| (name.to_lowercase(), id)));
    }
    Ok(ids)
}

async fn store_models(
    conn: &mut AsyncPgConnection,
    plan: &SeedPlan,
    types: &HashMap<String, AssetTypeId>,
    inserted: &mut usize,
) -> QueryResult<HashMap<(String, String), ModelId>> {
    let columns = (model::maker, model::name, model::id);
    let known: Vec<(String, String, ModelId)> = model::table.select(columns).load(conn).await?;
    let mut ids: HashMap<_, _> = known
        .into_iter()
        .map(|(maker, name, id)| ((maker, name), id))
        .collect();
    let missing: Vec<_> = plan
        .models
        .iter()
        .filter(|planned| !ids.contains_key(&(planned.maker.clone(), planned.name.clone())))
        .filter_map(|planned| {
            Some((
                model::asset_type_id.eq(*types.get(&planned.asset_type.to_lowercase())?),
                model::maker.eq(&planned.maker),
                model::name.eq(&planned.name),
            ))
        })
        .collect();
    if !missing.is_empty() {
        let rows: Vec<(String, String, ModelId)> = diesel::insert_into(model::table)
            .values(missing)
            .returning(columns)
            .get_results(conn)
            .await?;
        *inserted += rows.len();
        ids.extend(
            rows.into_iter()
                .map(|(maker, name, id)| ((maker, name), id)),
        );
    }
    Ok(ids)
}

pub(super) async fn store_assets(
    conn: &mut AsyncPgConnection,
    plan: &SeedPlan,
    ids: &Ids,
    now: DateTime<Utc>,
    inserted: &mut usize,
) -> QueryResult<HashMap<String, AssetId>> {
    let types = store_types(conn, plan, inserted).await?;
    let models = store_models(conn, plan, &types, inserted).await?;
    let numbers: Vec<_> = plan.assets.iter().map(|planned| &planned.number).collect();
    let known = asset::table
        .filter(asset::asset_number.eq_any(numbers))
        .select((asset::asset_number, asset::id));
    let mut assets: HashMap<String, AssetId> = known.load(conn).await?.into_iter().collect();
    let missing: Vec<_> = plan
        .assets
        .iter()
        .filter(|planned| !assets.contains_key(&planned.number))
        .filter_map(|planned| {
            let owner = planned
                .owner_unit
                .as_ref()
                .and_then(|unit| ids.units.get(unit));
            Some((
                asset::asset_number.eq(&planned.number),
                asset::asset_type_id.eq(*types.get(&planned.asset_type.to_lowercase())?),
                asset::model_id.eq(models.get(&planned.model)),
                asset::owner_unit_id.eq(owner),
                asset::status.eq(planned.status),
                asset::status_since.eq(now),
                asset::created_at.eq(now),
            ))
        })
        .collect();
    if !missing.is_empty() {
        let rows: Vec<(String, AssetId)> = diesel::insert_into(asset::table)
            .values(missing)
            .returning((asset::asset_number, asset::id))
            .get_results(conn)
            .await?;
        *inserted += rows.len();
        assets.extend(rows);
    }
    store_identifiers(conn, &plan.assets, &assets, inserted).await?;
    Ok(assets)
}

async fn store_identifiers(
    conn: &mut AsyncPgConnection,
    planned: &[PlanAsset],
    assets: &HashMap<String, AssetId>,
    inserted: &mut usize,
) -> QueryResult<()> {
    let known: HashSet<(AssetId, String, String)> = asset_identifier::table
        .filter(asset_identifier::asset_id.eq_any(assets.values()))
        .select((
            asset_identifier::asset_id,
            asset_identifier::kind,
            asset_identifier::value,
        ))
        .load(conn)
        .await?
        .into_iter()
        .collect();
    let missing: Vec<_> = planned
        .iter()
        .filter_map(|planned| Some((*assets.get(&planned.number)?, &planned.identifiers)))
        .flat_map(|(id, numbers)| {
            numbers
                .iter()
                .map(move |(kind, value)| (id, kind.clone(), value.clone()))
        })
        .filter(|row| !known.contains(row))
        .map(|(id, kind, value)| {
            (
                asset_identifier::asset_id.eq(id),
                asset_identifier::kind.eq(kind),
                asset_identifier::value.eq(value),
            )
        })
        .collect();
    if !missing.is_empty() {
        *inserted += diesel::insert_into(asset_identifier::table)
            .values(missing)
            .execute(conn)
            .await?;
    }
    Ok(())
}

pub(super) async fn store_tags(
    conn: &mut AsyncPgConnection,
    plan: &SeedPlan,
    assets: &HashMap<String, AssetId>,
    now: DateTime<Utc>,
    inserted: &mut usize,
) -> QueryResult<()> {
    let planned: Vec<_> = plan
        .assets
        .iter()
        .filter_map(|planned| Some((*assets.get(&planned.number)?, &planned.tags)))
        .flat_map(|(asset_id, tags)| tags.iter().map(move |tag| (asset_id, tag)))
        .collect();
    let keys: Vec<_> = planned.iter().map(|(_, tag)| &tag.key).collect();
    let known = tag::table
        .filter(tag::tag_key.eq_any(keys))
        .select((tag::tag_key, tag::id));
    let mut tags: HashMap<String, TagId> = known.load(conn).await?.into_iter().collect();
    let missing: Vec<_> = planned
        .iter()
        .filter(|(_, one)| !tags.contains_key(&one.key))
        .map(|(_, one)| {
            (
                tag::tag_key.eq(&one.key),
                tag::technology.eq(one.technology),
                tag::expected_interval_ms.eq(one.expected_interval_ms),
            )
        })
        .collect();
    if !missing.is_empty() {
        let rows: Vec<(String, TagId)> = diesel::insert_into(tag::table)
            .values(missing)
            .returning((tag::tag_key, tag::id))
            .get_results(conn)
            .await?;
        *inserted += rows.len();
        tags.extend(rows);
    }
    // A tag that somebody has taken off or put on something else stays as it is: only tags without any history are assigned.
    let used: HashSet<TagId> = tag_assignment::table
        .filter(tag_assignment::tag_id.eq_any(tags.values()))
        .select(tag_assignment::tag_id)
        .load(conn)
        .await?
        .into_iter()
        .collect();
    let missing: Vec<_> = planned
        .iter()
        .filter_map(|(asset_id, one)| Some((*asset_id, *tags.get(&one.key)?)))
        .filter(|(_, tag_id)| !used.contains(tag_id))
        .map(|(asset_id, tag_id)| {
            (
                tag_assignment::asset_id.eq(asset_id),
                tag_assignment::tag_id.eq(tag_id),
                tag_assignment::assigned_at.eq(now),
            )
        })
        .collect();
    if !missing.is_empty() {
        *inserted += diesel::insert_into(tag_assignment::table)
            .values(missing)
            .execute(conn)
            .await?;
    }
    Ok(())
}
