//! Equipment par of the types that have no line at all yet.

use std::collections::{HashMap, HashSet};

use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use crate::db::schema::{asset_type, equipment_par};
use crate::ids::AssetTypeId;
use crate::simulate::plan::SeedPlan;

/// Stores the lines of types without any: whoever set one for a type, or deleted some, is right.
pub(super) async fn store_pars(
    conn: &mut AsyncPgConnection,
    plan: &SeedPlan,
    inserted: &mut usize,
) -> QueryResult<()> {
    let types: Vec<(String, AssetTypeId)> = asset_type::table
        .select((asset_type::name, asset_type::id))
        .load(conn)
        .await?;
    let types: HashMap<String, AssetTypeId> = types
        .into_iter()
        .map(|(name, id)| (name.to_lowercase(), id))
        .collect();
    let known: HashSet<AssetTypeId> = equipment_par::table
        .select(equipment_par::asset_type_id)
        .distinct()
        .load(conn)
        .await?
        .into_iter()
        .collect();
    let missing: Vec<_> = plan
        .pars
        .iter()
        .filter_map(|planned| Some((*types.get(&planned.asset_type.to_lowercase())?, planned)))
        .filter(|(id, _)| !known.contains(id))
        .map(|(id, planned)| {
            (
                equipment_par::asset_type_id.eq(id),
                equipment_par::room_kind.eq(planned.room_kind.as_str()),
                equipment_par::target.eq(planned.target),
                equipment_par::critical.eq(planned.critical),
                equipment_par::maximum.eq(planned.maximum),
            )
        })
        .collect();
    if !missing.is_empty() {
        *inserted += diesel::insert_into(equipment_par::table)
            .values(missing)
            .execute(conn)
            .await?;
    }
    Ok(())
}
