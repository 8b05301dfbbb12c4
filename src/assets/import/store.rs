//! Writing what was decided: each table once, whatever the number of rows. The caller's transaction.

use std::collections::HashMap;

use chrono::NaiveDate;
use diesel::deserialize::QueryableByName;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Date, Nullable, Text, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::Import;
use super::decide::{AssetWrite, ImportPlan, ModelRef, TypeRef};
use super::facts::numbers;
use super::read::Draft;
use crate::db::types::AssetAct;
use crate::ids::{AssetId, AssetTypeId, ModelId, UserId};

/// One import at a time: two of them would wait for each other's rows anyway.
const IMPORT_LOCK: i64 = 7_246_188_015;

/// Locks the assets of a file.
pub const LOCK_SQL: &str = include_str!("sql/lock.sql");

/// Longest detail of an event.
const DETAIL_CHARS_MAX: usize = 200;

#[derive(QueryableByName)]
struct IdRow {
    #[diesel(sql_type = BigInt)]
    asset_id: AssetId,
    #[diesel(sql_type = Text)]
    asset_number: String,
}

#[derive(QueryableByName)]
struct TypeRow {
    #[diesel(sql_type = BigInt)]
    id: AssetTypeId,
    #[diesel(sql_type = Text)]
    name: String,
}

#[derive(QueryableByName)]
struct ModelRow {
    #[diesel(sql_type = BigInt)]
    id: ModelId,
    #[diesel(sql_type = Text)]
    maker: String,
    #[diesel(sql_type = Text)]
    name: String,
}

/// Keeps others from changing what the file names.
pub(super) async fn lock(conn: &mut AsyncPgConnection, drafts: &[Draft]) -> QueryResult<()> {
    sql_query("SELECT pg_advisory_xact_lock($1)")
        .bind::<BigInt, _>(IMPORT_LOCK)
        .execute(conn)
        .await?;
    sql_query(LOCK_SQL)
        .bind::<Array<Text>, _>(numbers(drafts))
        .execute(conn)
        .await?;
    Ok(())
}

/// Writes a plan.
pub(super) async fn write(
    conn: &mut AsyncPgConnection,
    plan: &ImportPlan,
    import: &Import<'_>,
    by: Option<UserId>,
) -> QueryResult<()> {
    let kinds = make_kinds(conn, plan).await?;
    let (new, old): (Vec<&AssetWrite>, Vec<&AssetWrite>) = plan
        .writes
        .iter()
        .partition(|write| write.existing.is_none());
    let mut ids = insert_assets(conn, &new, &kinds, import).await?;
    let edited: Vec<&AssetWrite> = old
        .iter()
        .copied()
        .filter(|write| write.is_edited())
        .collect();
    update_assets(conn, &edited, &kinds, import).await?;
    ids.extend(
        old.iter()
            .filter_map(|write| Some((write.number.clone(), write.existing?))),
    );
    let id_of = |write: &AssetWrite| ids.get(&write.number).copied();
    write_identifiers(conn, plan, id_of).await?;
    write_tags(conn, plan, id_of, import).await?;

    let mut events: Vec<(AssetId, AssetAct, Option<String>)> = Vec::new();
    for write in &plan.writes {
        let Some(id) = id_of(write) else { continue };
        if write.existing.is_none() {
            events.push((id, AssetAct::Registered, None));
        } else if write.is_edited() {
            let columns: Vec<&str> = write.changes.iter().map(|change| change.column).collect();
            events.push((id, AssetAct::Edited, Some(columns.join(", "))));
        }
        if let Some(tag) = write.tag.as_ref().filter(|tag| tag.is_put_on) {
            events.push((id, AssetAct::TagOn, Some(tag.key.clone())));
        }
    }
    insert_events(conn, &events, by, import).await
}

/// Types and models with their ids, made where they are new.
struct Kinds {
    types: Vec<AssetTypeId>,
    models: Vec<ModelId>,
}

impl Kinds {
    fn type_id(&self, type_ref: TypeRef) -> Option<i64> {
        match type_ref {
            TypeRef::Known(id) => Some(id.0),
            TypeRef::New(at) => self.types.get(at).map(|id| id.0),
        }
    }

    fn model_id(&self, model_ref: Option<ModelRef>) -> Option<i64> {
        match model_ref? {
            ModelRef::Known(id) => Some(id.0),
            ModelRef::New(at) => self.models.get(at).map(|id| id.0),
        }
    }
}

async fn make_kinds(conn: &mut AsyncPgConnection, plan: &ImportPlan) -> QueryResult<Kinds> {
    let made: Vec<TypeRow> =
        sql_query("INSERT INTO asset_type (name) SELECT unnest($1::text[]) RETURNING id, name")
            .bind::<Array<Text>, _>(&plan.new_types)
            .load(conn)
            .await?;
    let made: HashMap<String, AssetTypeId> =
        made.into_iter().map(|row| (row.name, row.id)).collect();
    let types: Vec<AssetTypeId> = plan
        .new_types
        .iter()
        .filter_map(|name| made.get(name).copied())
        .collect();
    let mut kinds = Kinds {
        types,
        models: Vec::new(),
    };
    let models = &plan.new_models;
    let of_type: Vec<Option<i64>> = models
        .iter()
        .map(|model| kinds.type_id(model.type_ref))
        .collect();
    let made: Vec<ModelRow> = sql_query(
        "INSERT INTO model (asset_type_id, maker, name) \
         SELECT type_id, maker, name FROM unnest($1::bigint[], $2::text[], $3::text[]) AS n (type_id, maker, name) \
         RETURNING id, maker, name",
    )
    .bind::<Array<Nullable<BigInt>>, _>(of_type)
    .bind::<Array<Text>, _>(models.iter().map(|model| model.maker.as_str()).collect::<Vec<_>>())
    .bind::<Array<Text>, _>(models.iter().map(|model| model.name.as_str()).collect::<Vec<_>>())
    .load(conn)
    .await?;
    let made: HashMap<(String, String), ModelId> = made
        .into_iter()
        .map(|row| ((row.maker, row.name), row.id))
        .collect();
    kinds.models = models
        .iter()
        .filter_map(|model| {
            made.get(&(model.maker.clone(), model.name.clone()))
                .copied()
        })
        .collect();
    Ok(kinds)
}

fn owners(writes: &[&AssetWrite]) -> Vec<Option<i64>> {
    writes
        .iter()
        .map(|write| write.owner.map(|unit| unit.0))
        .collect()
}

fn due_days(writes: &[&AssetWrite]) -> Vec<Option<NaiveDate>> {
    writes.iter().map(|write| write.due).collect()
}

async fn insert_assets(
    conn: &mut AsyncPgConnection,
    writes: &[&AssetWrite],
    kinds: &Kinds,
    import: &Import<'_>,
) -> QueryResult<HashMap<String, AssetId>> {
    let rows: Vec<IdRow> = sql_query(include_str!("sql/insert_assets.sql"))
        .bind::<Array<Text>, _>(writes.iter().map(|w| w.number.as_str()).collect::<Vec<_>>())
        .bind::<Array<Nullable<BigInt>>, _>(types(writes, kinds))
        .bind::<Array<Nullable<BigInt>>, _>(models(writes, kinds))
        .bind::<Array<Nullable<BigInt>>, _>(owners(writes))
        .bind::<Array<Nullable<Date>>, _>(due_days(writes))
        .bind::<Array<Text>, _>(writes.iter().map(|w| w.status.as_str()).collect::<Vec<_>>())
        .bind::<Timestamptz, _>(import.now)
        .bind::<Date, _>(import.today)
        .load(conn)
        .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.asset_number, row.asset_id))
        .collect())
}

fn types(writes: &[&AssetWrite], kinds: &Kinds) -> Vec<Option<i64>> {
    writes
        .iter()
        .map(|write| kinds.type_id(write.type_ref))
        .collect()
}

fn models(writes: &[&AssetWrite], kinds: &Kinds) -> Vec<Option<i64>> {
    writes
        .iter()
        .map(|write| kinds.model_id(write.model_ref))
        .collect()
}

async fn update_assets(
    conn: &mut AsyncPgConnection,
    writes: &[&AssetWrite],
    kinds: &Kinds,
    import: &Import<'_>,
) -> QueryResult<()> {
    let ids: Vec<Option<i64>> = writes
        .iter()
        .map(|write| write.existing.map(|id| id.0))
        .collect();
    sql_query(include_str!("sql/update_assets.sql"))
        .bind::<Array<Nullable<BigInt>>, _>(ids)
        .bind::<Array<Nullable<BigInt>>, _>(types(writes, kinds))
        .bind::<Array<Nullable<BigInt>>, _>(models(writes, kinds))
        .bind::<Array<Nullable<BigInt>>, _>(owners(writes))
        .bind::<Array<Nullable<Date>>, _>(due_days(writes))
        .bind::<Date, _>(import.today)
        .execute(conn)
        .await?;
    let is_type = |write: &&AssetWrite| write.changes.iter().any(|change| change.column == "type");
    if writes.iter().any(is_type) {
        // The consumer's hints name the type of what moved.
        sql_query("UPDATE reference_version SET version = version + 1")
            .execute(conn)
            .await?;
    }
    Ok(())
}

async fn write_identifiers(
    conn: &mut AsyncPgConnection,
    plan: &ImportPlan,
    id_of: impl Fn(&AssetWrite) -> Option<AssetId>,
) -> QueryResult<()> {
    for (sql, is_added) in [
        (include_str!("sql/delete_identifiers.sql"), false),
        (include_str!("sql/insert_identifiers.sql"), true),
    ] {
        let mut columns: (Vec<i64>, Vec<&str>, Vec<&str>) = (Vec::new(), Vec::new(), Vec::new());
        for write in &plan.writes {
            let Some(id) = id_of(write) else { continue };
            for (kind, value) in if is_added {
                &write.added
            } else {
                &write.removed
            } {
                columns.0.push(id.0);
                columns.1.push(kind);
                columns.2.push(value);
            }
        }
        sql_query(sql)
            .bind::<Array<BigInt>, _>(columns.0)
            .bind::<Array<Text>, _>(columns.1)
            .bind::<Array<Text>, _>(columns.2)
            .execute(conn)
            .await?;
    }
    Ok(())
}

async fn write_tags(
    conn: &mut AsyncPgConnection,
    plan: &ImportPlan,
    id_of: impl Fn(&AssetWrite) -> Option<AssetId>,
    import: &Import<'_>,
) -> QueryResult<()> {
    let tags: Vec<(AssetId, &super::decide::TagWrite)> = plan
        .writes
        .iter()
        .filter_map(|write| Some((id_of(write)?, write.tag.as_ref()?)))
        .collect();
    // Each statement that touches tags makes every consumer load them again.
    if tags.is_empty() {
        return Ok(());
    }
    sql_query(include_str!("sql/upsert_tags.sql"))
        .bind::<Array<Text>, _>(
            tags.iter()
                .map(|(_, tag)| tag.key.as_str())
                .collect::<Vec<_>>(),
        )
        .bind::<Array<Text>, _>(
            tags.iter()
                .map(|(_, tag)| tag.technology.as_str())
                .collect::<Vec<_>>(),
        )
        .bind::<Array<Nullable<BigInt>>, _>(
            tags.iter()
                .map(|(_, tag)| tag.interval_ms)
                .collect::<Vec<_>>(),
        )
        .bind::<Timestamptz, _>(import.now)
        .execute(conn)
        .await?;
    let put_on = || tags.iter().filter(|(_, tag)| tag.is_put_on);
    sql_query(include_str!("sql/insert_assignments.sql"))
        .bind::<Array<Text>, _>(
            put_on()
                .map(|(_, tag)| tag.key.as_str())
                .collect::<Vec<_>>(),
        )
        .bind::<Array<BigInt>, _>(put_on().map(|(id, _)| id.0).collect::<Vec<_>>())
        .bind::<Timestamptz, _>(import.now)
        .execute(conn)
        .await?;
    // Where a tag was says nothing about what it is on now: a consumer decides anew.
    sql_query(
        "UPDATE tag_state s SET room_id = NULL, entered_at = NULL, confidence = NULL \
         FROM tag t WHERE t.id = s.tag_id AND t.tag_key = ANY ($1)",
    )
    .bind::<Array<Text>, _>(
        put_on()
            .map(|(_, tag)| tag.key.as_str())
            .collect::<Vec<_>>(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

async fn insert_events(
    conn: &mut AsyncPgConnection,
    events: &[(AssetId, AssetAct, Option<String>)],
    by: Option<UserId>,
    import: &Import<'_>,
) -> QueryResult<()> {
    let details: Vec<Option<String>> = events
        .iter()
        .map(|(_, _, detail)| {
            let detail = detail.as_ref()?;
            Some(detail.chars().take(DETAIL_CHARS_MAX).collect())
        })
        .collect();
    sql_query(include_str!("sql/insert_events.sql"))
        .bind::<Array<BigInt>, _>(events.iter().map(|(id, ..)| id.0).collect::<Vec<_>>())
        .bind::<Array<Text>, _>(
            events
                .iter()
                .map(|(_, act, _)| act.as_str())
                .collect::<Vec<_>>(),
        )
        .bind::<Array<Nullable<Text>>, _>(details)
        .bind::<Timestamptz, _>(import.now)
        .bind::<Nullable<BigInt>, _>(by.map(|user| user.0))
        .bind::<Nullable<Text>, _>(by.is_none().then_some("import by command"))
        .execute(conn)
        .await?;
    Ok(())
}
