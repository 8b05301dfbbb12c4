//! Types and models: what nurses ask for, and what makers build.

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Bool, Date, Nullable, Text};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use serde_json::json;

use super::rules::{Fault, ModelDraft, TypeDraft};
use super::{Keeper, NotSaved, fingerprint};
use crate::db::schema::{asset, asset_type, model};
use crate::ids::{AssetTypeId, ModelId};

/// A type in a list.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct TypeEntry {
    /// The type.
    #[diesel(sql_type = BigInt)]
    pub asset_type_id: AssetTypeId,
    /// Its name.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// Whether overdue service keeps it from being ready.
    #[diesel(sql_type = Bool)]
    pub overdue_blocks: bool,
    /// Its models.
    #[diesel(sql_type = BigInt)]
    pub models: i64,
    /// Its devices in service.
    #[diesel(sql_type = BigInt)]
    pub assets: i64,
}

impl TypeEntry {
    /// See [`fingerprint`].
    #[must_use]
    pub fn fingerprint(&self) -> String {
        fingerprint(&[&self.name, if self.overdue_blocks { "1" } else { "0" }])
    }
}

/// A model in a list.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct ModelEntry {
    /// The model.
    #[diesel(sql_type = BigInt)]
    pub model_id: ModelId,
    /// Its type.
    #[diesel(sql_type = BigInt)]
    pub asset_type_id: AssetTypeId,
    /// Name of that.
    #[diesel(sql_type = Text)]
    pub type_name: String,
    /// Who builds it.
    #[diesel(sql_type = Text)]
    pub maker: String,
    /// What they call it.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// Which product, by UDI.
    #[diesel(sql_type = Nullable<Text>)]
    pub udi_di: Option<String>,
    /// Its devices in service.
    #[diesel(sql_type = BigInt)]
    pub assets: i64,
}

impl ModelEntry {
    /// See [`fingerprint`].
    #[must_use]
    pub fn fingerprint(&self) -> String {
        fingerprint(&[
            &self.asset_type_id.to_string(),
            &self.maker,
            &self.name,
            self.udi_di.as_deref().unwrap_or_default(),
        ])
    }
}

/// One type.
///
/// # Errors
/// When the database fails.
pub async fn find_type(
    conn: &AsyncPgConnection,
    id: AssetTypeId,
) -> QueryResult<Option<TypeEntry>> {
    let found = super::list::list_types(conn, Some(id), "", 1).await?;
    Ok(found.into_iter().next())
}

/// One model.
///
/// # Errors
/// When the database fails.
pub async fn find_model(conn: &AsyncPgConnection, id: ModelId) -> QueryResult<Option<ModelEntry>> {
    let found = super::list::list_models(conn, Some(id), None, None, 1).await?;
    Ok(found.into_iter().next())
}

/// Adds a type.
///
/// # Errors
/// See [`NotSaved`].
pub async fn add_type(
    conn: &mut AsyncPgConnection,
    keeper: &Keeper,
    (name, overdue_blocks): (&str, bool),
    location: &str,
) -> Result<AssetTypeId, NotSaved> {
    conn.transaction(async |conn| {
        keeper.take_key(conn, location).await?;
        let draft = TypeDraft::parse(name, overdue_blocks).map_err(NotSaved::Faulty)?;
        check_type_name(conn, &draft, None).await?;
        let id: AssetTypeId = diesel::insert_into(asset_type::table)
            .values((
                asset_type::name.eq(&draft.name),
                asset_type::overdue_blocks.eq(draft.overdue_blocks),
            ))
            .returning(asset_type::id)
            .get_result(conn)
            .await?;
        let after = Some(json!({"name": draft.name, "overdue_blocks": draft.overdue_blocks}));
        keeper
            .audit(
                conn,
                "asset_type.added",
                format!("asset_type:{id}"),
                None,
                after,
            )
            .await?;
        Ok(id)
    })
    .await
}

/// Changes a type; its devices with overdue service become ready or not in the same transaction (R2).
///
/// # Errors
/// See [`NotSaved`].
pub async fn edit_type(
    conn: &mut AsyncPgConnection,
    keeper: &Keeper,
    id: AssetTypeId,
    (name, overdue_blocks): (&str, bool),
    shown: &str,
    location: &str,
) -> Result<(), NotSaved> {
    conn.transaction(async |conn| {
        keeper.take_key(conn, location).await?;
        lock_type(conn, id).await?;
        let before = find_type(conn, id).await?.ok_or(NotSaved::Gone)?;
        if before.fingerprint() != shown {
            return Err(NotSaved::Stale);
        }
        let draft = TypeDraft::parse(name, overdue_blocks).map_err(NotSaved::Faulty)?;
        check_type_name(conn, &draft, Some(id)).await?;
        diesel::update(asset_type::table.find(id))
            .set((
                asset_type::name.eq(&draft.name),
                asset_type::overdue_blocks.eq(draft.overdue_blocks),
            ))
            .execute(conn)
            .await?;
        sql_query(include_str!("sql/block_overdue.sql"))
            .bind::<BigInt, _>(id)
            .bind::<Bool, _>(draft.overdue_blocks)
            .bind::<Date, _>(keeper.today)
            .execute(conn)
            .await?;
        let old = Some(json!({"name": before.name, "overdue_blocks": before.overdue_blocks}));
        let new = Some(json!({"name": draft.name, "overdue_blocks": draft.overdue_blocks}));
        if old != new {
            keeper
                .audit(
                    conn,
                    "asset_type.edited",
                    format!("asset_type:{id}"),
                    old,
                    new,
                )
                .await?;
        }
        Ok(())
    })
    .await
}

/// Deletes a type that nothing refers to.
///
/// # Errors
/// [`NotSaved::InUse`] when something does.
pub async fn delete_type(
    conn: &mut AsyncPgConnection,
    keeper: &Keeper,
    id: AssetTypeId,
    location: &str,
) -> Result<String, NotSaved> {
    conn.transaction(async |conn| {
        keeper.take_key(conn, location).await?;
        lock_type(conn, id).await?;
        let before = find_type(conn, id).await?.ok_or(NotSaved::Gone)?;
        let assets: i64 = asset::table
            .filter(asset::asset_type_id.eq(id))
            .count()
            .get_result(conn)
            .await?;
        if assets > 0 || before.models > 0 {
            let models = before.models;
            return Err(NotSaved::InUse { assets, models });
        }
        diesel::delete(asset_type::table.find(id))
            .execute(conn)
            .await
            .map_err(in_use)?;
        let old = Some(json!({"name": before.name, "overdue_blocks": before.overdue_blocks}));
        keeper
            .audit(
                conn,
                "asset_type.deleted",
                format!("asset_type:{id}"),
                old,
                None,
            )
            .await?;
        Ok(before.name)
    })
    .await
}

/// Adds a model.
///
/// # Errors
/// See [`NotSaved`].
pub async fn add_model(
    conn: &mut AsyncPgConnection,
    keeper: &Keeper,
    typed: &ModelInput,
    location: &str,
) -> Result<ModelId, NotSaved> {
    conn.transaction(async |conn| {
        keeper.take_key(conn, location).await?;
        let draft = typed.parse()?;
        check_model(conn, &draft, None).await?;
        let id: ModelId = diesel::insert_into(model::table)
            .values((
                model::asset_type_id.eq(draft.asset_type_id),
                model::maker.eq(&draft.maker),
                model::name.eq(&draft.name),
                model::udi_di.eq(&draft.udi_di),
            ))
            .returning(model::id)
            .get_result(conn)
            .await?;
        let after = Some(draft_json(&draft));
        keeper
            .audit(conn, "model.added", format!("model:{id}"), None, after)
            .await?;
        Ok(id)
    })
    .await
}

/// Changes a model.
///
/// # Errors
/// See [`NotSaved`].
pub async fn edit_model(
    conn: &mut AsyncPgConnection,
    keeper: &Keeper,
    id: ModelId,
    typed: &ModelInput,
    shown: &str,
    location: &str,
) -> Result<(), NotSaved> {
    conn.transaction(async |conn| {
        keeper.take_key(conn, location).await?;
        lock_model(conn, id).await?;
        let before = find_model(conn, id).await?.ok_or(NotSaved::Gone)?;
        if before.fingerprint() != shown {
            return Err(NotSaved::Stale);
        }
        let draft = typed.parse()?;
        check_model(conn, &draft, Some(id)).await?;
        if draft.asset_type_id != before.asset_type_id {
            let assets: i64 = asset::table
                .filter(asset::model_id.eq(id))
                .count()
                .get_result(conn)
                .await?;
            if assets > 0 {
                return Err(NotSaved::Faulty(vec![Fault::ModelInUse(assets)]));
            }
        }
        diesel::update(model::table.find(id))
            .set((
                model::asset_type_id.eq(draft.asset_type_id),
                model::maker.eq(&draft.maker),
                model::name.eq(&draft.name),
                model::udi_di.eq(&draft.udi_di),
            ))
            .execute(conn)
            .await?;
        let (old, new) = (Some(entry_json(&before)), Some(draft_json(&draft)));
        if old != new {
            keeper
                .audit(conn, "model.edited", format!("model:{id}"), old, new)
                .await?;
        }
        Ok(())
    })
    .await
}

/// Deletes a model that no device has.
///
/// # Errors
/// [`NotSaved::InUse`] when one does.
pub async fn delete_model(
    conn: &mut AsyncPgConnection,
    keeper: &Keeper,
    id: ModelId,
    location: &str,
) -> Result<String, NotSaved> {
    conn.transaction(async |conn| {
        keeper.take_key(conn, location).await?;
        lock_model(conn, id).await?;
        let before = find_model(conn, id).await?.ok_or(NotSaved::Gone)?;
        let assets: i64 = asset::table
            .filter(asset::model_id.eq(id))
            .count()
            .get_result(conn)
            .await?;
        if assets > 0 {
            return Err(NotSaved::InUse { assets, models: 0 });
        }
        diesel::delete(model::table.find(id))
            .execute(conn)
            .await
            .map_err(in_use)?;
        let old = Some(entry_json(&before));
        keeper
            .audit(conn, "model.deleted", format!("model:{id}"), old, None)
            .await?;
        Ok(format!("{} {}", before.maker, before.name))
    })
    .await
}

/// The fields of a model as they were typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ModelInput {
    /// Id of its type.
    pub asset_type: String,
    /// Maker.
    pub maker: String,
    /// Name.
    pub name: String,
    /// UDI-DI.
    pub udi_di: String,
}

impl ModelInput {
    /// The fields of a model that is stored.
    #[must_use]
    pub fn of(entry: &ModelEntry) -> Self {
        Self {
            asset_type: entry.asset_type_id.to_string(),
            maker: entry.maker.clone(),
            name: entry.name.clone(),
            udi_di: entry.udi_di.clone().unwrap_or_default(),
        }
    }

    fn parse(&self) -> Result<ModelDraft, NotSaved> {
        ModelDraft::parse(&self.asset_type, &self.maker, &self.name, &self.udi_di)
            .map_err(NotSaved::Faulty)
    }
}

fn draft_json(draft: &ModelDraft) -> serde_json::Value {
    json!({"type": draft.asset_type_id, "maker": draft.maker, "name": draft.name, "udi_di": draft.udi_di})
}

fn entry_json(entry: &ModelEntry) -> serde_json::Value {
    json!({"type": entry.asset_type_id, "maker": entry.maker, "name": entry.name, "udi_di": entry.udi_di})
}

/// Pars, alerts and words hang on types too.
fn in_use(error: diesel::result::Error) -> NotSaved {
    use diesel::result::{DatabaseErrorKind, Error};
    match error {
        Error::DatabaseError(DatabaseErrorKind::ForeignKeyViolation, _) => NotSaved::InUse {
            assets: 0,
            models: 0,
        },
        error => NotSaved::Database(error),
    }
}

async fn lock_type(conn: &mut AsyncPgConnection, id: AssetTypeId) -> Result<(), NotSaved> {
    let found: Option<AssetTypeId> = asset_type::table
        .find(id)
        .select(asset_type::id)
        .for_update()
        .first(conn)
        .await
        .optional()?;
    found.map(drop).ok_or(NotSaved::Gone)
}

async fn lock_model(conn: &mut AsyncPgConnection, id: ModelId) -> Result<(), NotSaved> {
    let found: Option<ModelId> = model::table
        .find(id)
        .select(model::id)
        .for_update()
        .first(conn)
        .await
        .optional()?;
    found.map(drop).ok_or(NotSaved::Gone)
}

async fn check_type_name(
    conn: &mut AsyncPgConnection,
    draft: &TypeDraft,
    own: Option<AssetTypeId>,
) -> Result<(), NotSaved> {
    let taken: Option<String> = asset_type::table
        .filter(
            diesel::dsl::sql::<Bool>("lower(name) = lower(")
                .bind::<Text, _>(&draft.name)
                .sql(")"),
        )
        .filter(asset_type::id.ne(own.unwrap_or(AssetTypeId(0))))
        .select(asset_type::name)
        .first(conn)
        .await
        .optional()?;
    match taken {
        Some(name) => Err(NotSaved::Faulty(vec![Fault::NameTaken(name)])),
        None => Ok(()),
    }
}

async fn check_model(
    conn: &mut AsyncPgConnection,
    draft: &ModelDraft,
    own: Option<ModelId>,
) -> Result<(), NotSaved> {
    let mut faults = Vec::new();
    let is_type: Option<AssetTypeId> = asset_type::table
        .find(draft.asset_type_id)
        .select(asset_type::id)
        .for_key_share()
        .first(conn)
        .await
        .optional()?;
    if is_type.is_none() {
        faults.push(Fault::Unknown("type"));
    }
    let taken: Option<(String, String)> = model::table
        .filter(
            diesel::dsl::sql::<Bool>("lower(maker) = lower(")
                .bind::<Text, _>(&draft.maker)
                .sql(") AND lower(name) = lower(")
                .bind::<Text, _>(&draft.name)
                .sql(")"),
        )
        .filter(model::id.ne(own.unwrap_or(ModelId(0))))
        .select((model::maker, model::name))
        .first(conn)
        .await
        .optional()?;
    if let Some((maker, name)) = taken {
        faults.push(Fault::NameTaken(format!("{maker} {name}")));
    }
    if faults.is_empty() {
        Ok(())
    } else {
        Err(NotSaved::Faulty(faults))
    }
}
