//! Adding an asset and changing what is written about it.

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Bool, Date, Nullable, Text};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};

use super::rules::{AssetDraft, AssetInput, Fault, is_service_blocked};
use super::{Keeper, NotSaved, fingerprint};
use crate::assets::acts::record_note;
use crate::assets::model::AssetIdentifier;
use crate::db::schema::{asset, asset_identifier, asset_place, asset_type, model, unit};
use crate::db::types::{AssetAct, AssetStatus};
use crate::ids::{AssetId, AssetTypeId, ModelId, UnitId};

/// Longest detail of an event.
const DETAIL_CHARS_MAX: usize = 200;

/// What is written about an asset.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct AssetRecord {
    /// The asset.
    #[diesel(sql_type = BigInt)]
    pub asset_id: AssetId,
    /// Its number.
    #[diesel(sql_type = Text)]
    pub asset_number: String,
    /// Its type.
    #[diesel(sql_type = BigInt)]
    pub asset_type_id: AssetTypeId,
    /// Name of that.
    #[diesel(sql_type = Text)]
    pub type_name: String,
    /// Whether overdue service keeps that type from being ready.
    #[diesel(sql_type = Bool)]
    pub overdue_blocks: bool,
    /// Its model.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub model_id: Option<ModelId>,
    /// Maker and name of that.
    #[diesel(sql_type = Nullable<Text>)]
    pub model_name: Option<String>,
    /// Who owns it.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub owner_unit_id: Option<UnitId>,
    /// Name of that.
    #[diesel(sql_type = Nullable<Text>)]
    pub owner_unit_name: Option<String>,
    /// When service is due.
    #[diesel(sql_type = Nullable<Date>)]
    pub service_due_on: Option<NaiveDate>,
    /// Status.
    #[diesel(sql_type = Text)]
    pub status: AssetStatus,
    /// Other numbers, by kind and value.
    #[diesel(embed)]
    pub identifiers: Identifiers,
}

/// The other numbers of an asset.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identifiers(pub Vec<(String, String)>);

impl diesel::deserialize::QueryableByName<diesel::pg::Pg> for Identifiers {
    fn build<'a>(
        row: &impl diesel::row::NamedRow<'a, diesel::pg::Pg>,
    ) -> diesel::deserialize::Result<Self> {
        let kinds: Vec<String> =
            diesel::row::NamedRow::get::<Array<Text>, _>(row, "identifier_kinds")?;
        let values: Vec<String> =
            diesel::row::NamedRow::get::<Array<Text>, _>(row, "identifier_values")?;
        Ok(Self(kinds.into_iter().zip(values).collect()))
    }
}

impl AssetRecord {
    /// The fields of the form.
    #[must_use]
    pub fn input(&self) -> AssetInput {
        let id = |id: Option<i64>| id.map(|id| id.to_string()).unwrap_or_default();
        AssetInput {
            number: self.asset_number.clone(),
            asset_type: self.asset_type_id.to_string(),
            model: id(self.model_id.map(|id| id.0)),
            owner: id(self.owner_unit_id.map(|id| id.0)),
            due: self
                .service_due_on
                .map(|due| due.to_string())
                .unwrap_or_default(),
            identifiers: self.identifiers.0.clone(),
        }
    }

    /// See [`fingerprint`]. Status and place change all the time and are not part of the form.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let input = self.input();
        let mut parts = vec![
            input.number.as_str(),
            &input.asset_type,
            &input.model,
            &input.owner,
            &input.due,
        ];
        for (kind, value) in &input.identifiers {
            parts.extend([kind.as_str(), value.as_str()]);
        }
        fingerprint(&parts)
    }

    /// Names and values of what is written, for comparing and for the audit log.
    #[must_use]
    pub fn facts(&self) -> Vec<(&'static str, String)> {
        let identifiers: Vec<String> = self
            .identifiers
            .0
            .iter()
            .map(|(kind, value)| format!("{kind} {value}"))
            .collect();
        vec![
            ("number", self.asset_number.clone()),
            ("type", self.type_name.clone()),
            ("model", self.model_name.clone().unwrap_or_default()),
            ("owner", self.owner_unit_name.clone().unwrap_or_default()),
            (
                "due",
                self.service_due_on
                    .map(|due| due.to_string())
                    .unwrap_or_default(),
            ),
            ("identifiers", identifiers.join(", ")),
        ]
    }
}

/// What was stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavedAsset {
    /// The asset.
    pub asset_id: AssetId,
    /// Its number.
    pub asset_number: String,
    /// Types whose counts may have changed.
    pub asset_type_ids: Vec<AssetTypeId>,
    /// Identifiers that another asset has too, with that asset's number.
    pub also: Vec<(String, String)>,
}

/// One asset as it is written down.
///
/// # Errors
/// When the database fails.
pub async fn find_record(
    mut conn: &AsyncPgConnection,
    id: AssetId,
) -> QueryResult<Option<AssetRecord>> {
    sql_query(include_str!("sql/record.sql"))
        .bind::<BigInt, _>(id)
        .get_result(&mut conn)
        .await
        .optional()
}

/// Adds an asset. `location_of` gives the page of the new one.
///
/// # Errors
/// See [`NotSaved`].
pub async fn add_asset(
    conn: &mut AsyncPgConnection,
    keeper: &Keeper,
    input: &AssetInput,
    location_of: fn(AssetId) -> String,
) -> Result<SavedAsset, NotSaved> {
    conn.transaction(async |conn| {
        keeper.take_key(conn, "/").await?;
        let draft = AssetDraft::parse(input, keeper.today).map_err(NotSaved::Faulty)?;
        let overdue_blocks = check_draft(conn, &draft, None).await?;
        let blocked = is_service_blocked(overdue_blocks, draft.service_due_on, keeper.today);
        let id: AssetId = diesel::insert_into(asset::table)
            .values((
                asset::asset_number.eq(&draft.number),
                asset::asset_type_id.eq(draft.asset_type_id),
                asset::model_id.eq(draft.model_id),
                asset::owner_unit_id.eq(draft.owner_unit_id),
                asset::service_due_on.eq(draft.service_due_on),
                asset::is_service_blocked.eq(blocked),
                asset::status_since.eq(keeper.now),
                asset::created_at.eq(keeper.now),
            ))
            .returning(asset::id)
            .get_result(conn)
            .await?;
        insert_identifiers(conn, id, &draft.identifiers).await?;
        note(conn, keeper, id, AssetAct::Registered, None).await?;
        let record = find_record(conn, id).await?.ok_or(NotSaved::Gone)?;
        let subject = format!("asset:{id}");
        let after = Some(as_json(&record.facts()));
        keeper
            .audit(conn, "asset.registered", subject, None, after)
            .await?;
        keeper.lead_to(conn, &location_of(id)).await?;
        Ok(SavedAsset {
            asset_id: id,
            also: find_same_identifiers(conn, id).await?,
            asset_number: draft.number,
            asset_type_ids: vec![draft.asset_type_id],
        })
    })
    .await
}

/// Changes what is written about an asset, when it is still what the form showed.
///
/// # Errors
/// See [`NotSaved`].
pub async fn edit_asset(
    conn: &mut AsyncPgConnection,
    keeper: &Keeper,
    id: AssetId,
    input: &AssetInput,
    shown: &str,
    location: &str,
) -> Result<SavedAsset, NotSaved> {
    conn.transaction(async |conn| {
        keeper.take_key(conn, location).await?;
        lock_asset(conn, id).await?;
        let before = find_record(conn, id).await?.ok_or(NotSaved::Gone)?;
        if before.fingerprint() != shown {
            return Err(NotSaved::Stale);
        }
        let draft = AssetDraft::parse(input, keeper.today).map_err(NotSaved::Faulty)?;
        let overdue_blocks = check_draft(conn, &draft, Some(id)).await?;
        let blocked = is_service_blocked(overdue_blocks, draft.service_due_on, keeper.today);
        diesel::update(asset::table.find(id))
            .set((
                asset::asset_number.eq(&draft.number),
                asset::asset_type_id.eq(draft.asset_type_id),
                asset::model_id.eq(draft.model_id),
                asset::owner_unit_id.eq(draft.owner_unit_id),
                asset::service_due_on.eq(draft.service_due_on),
                asset::is_service_blocked.eq(blocked),
            ))
            .execute(conn)
            .await?;
        if before.identifiers.0 != draft.identifiers {
            diesel::delete(asset_identifier::table.filter(asset_identifier::asset_id.eq(id)))
                .execute(conn)
                .await?;
            insert_identifiers(conn, id, &draft.identifiers).await?;
        }
        if before.asset_type_id != draft.asset_type_id {
            // The consumer's hints name the type of what moved.
            sql_query("UPDATE reference_version SET version = version + 1")
                .execute(conn)
                .await?;
        }
        let after = find_record(conn, id).await?.ok_or(NotSaved::Gone)?;
        record_edit(conn, keeper, &before, &after).await?;
        Ok(SavedAsset {
            asset_id: id,
            also: find_same_identifiers(conn, id).await?,
            asset_number: draft.number,
            asset_type_ids: vec![before.asset_type_id, draft.asset_type_id],
        })
    })
    .await
}

/// Locks an asset as acts do: its place first, then itself.
pub(super) async fn lock_asset(conn: &mut AsyncPgConnection, id: AssetId) -> Result<(), NotSaved> {
    asset_place::table
        .filter(asset_place::asset_id.eq(id))
        .select(asset_place::asset_id)
        .for_update()
        .load::<AssetId>(conn)
        .await?;
    let found: Option<AssetId> = asset::table
        .find(id)
        .select(asset::id)
        .for_update()
        .first(conn)
        .await
        .optional()?;
    found.map(drop).ok_or(NotSaved::Gone)
}

pub(super) async fn note(
    conn: &mut AsyncPgConnection,
    keeper: &Keeper,
    id: AssetId,
    act: AssetAct,
    detail: Option<&str>,
) -> Result<(), NotSaved> {
    let detail: Option<String> =
        detail.map(|detail| detail.chars().take(DETAIL_CHARS_MAX).collect());
    record_note(
        conn,
        id,
        act,
        keeper.user_id,
        keeper.role,
        detail.as_deref(),
        keeper.now,
    )
    .await
    .map_err(NotSaved::from)
}

/// Nothing is recorded when nothing changed.
async fn record_edit(
    conn: &mut AsyncPgConnection,
    keeper: &Keeper,
    before: &AssetRecord,
    after: &AssetRecord,
) -> Result<(), NotSaved> {
    let (old, new) = (before.facts(), after.facts());
    let changed: Vec<_> = old
        .into_iter()
        .zip(new)
        .filter(|(old, new)| old != new)
        .collect();
    if changed.is_empty() {
        return Ok(());
    }
    let or_none = |text: &str| {
        if text.is_empty() {
            "-".to_owned()
        } else {
            text.to_owned()
        }
    };
    let detail: Vec<String> = changed
        .iter()
        .map(|(old, new)| format!("{}: {} > {}", old.0, or_none(&old.1), or_none(&new.1)))
        .collect();
    note(
        conn,
        keeper,
        after.asset_id,
        AssetAct::Edited,
        Some(&detail.join("; ")),
    )
    .await?;
    let (old, new): (Vec<_>, Vec<_>) = changed.into_iter().unzip();
    let subject = format!("asset:{}", after.asset_id);
    let (old, new) = (Some(as_json(&old)), Some(as_json(&new)));
    keeper
        .audit(conn, "asset.edited", subject, old, new)
        .await?;
    Ok(())
}

fn as_json(facts: &[(&'static str, String)]) -> serde_json::Value {
    facts
        .iter()
        .map(|(name, value)| ((*name).to_owned(), serde_json::Value::from(value.as_str())))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

/// What only the database knows about a draft; returns whether its type is blocked by overdue service.
async fn check_draft(
    conn: &mut AsyncPgConnection,
    draft: &AssetDraft,
    own: Option<AssetId>,
) -> Result<bool, NotSaved> {
    let mut faults = Vec::new();
    let taken: Option<(AssetId, String, AssetStatus)> = asset::table
        .filter(
            diesel::dsl::sql::<Bool>("lower(asset_number) = lower(")
                .bind::<Text, _>(&draft.number)
                .sql(")"),
        )
        .filter(asset::id.ne(own.unwrap_or(AssetId(0))))
        .select((asset::id, asset::asset_number, asset::status))
        .first(conn)
        .await
        .optional()?;
    if let Some((asset_id, number, status)) = taken {
        faults.push(Fault::NumberTaken {
            asset_id,
            number,
            is_retired: status == AssetStatus::Retired,
        });
    }
    let overdue_blocks: Option<bool> = asset_type::table
        .find(draft.asset_type_id)
        .select(asset_type::overdue_blocks)
        // Deleting the type waits for this transaction.
        .for_key_share()
        .first(conn)
        .await
        .optional()?;
    if overdue_blocks.is_none() {
        faults.push(Fault::Unknown("type"));
    }
    if let Some(model_id) = draft.model_id {
        let found: Option<(AssetTypeId, String)> = model::table
            .inner_join(asset_type::table)
            .filter(model::id.eq(model_id))
            .select((model::asset_type_id, asset_type::name))
            // Changing the model's type waits for this transaction.
            .for_key_share()
            .first(conn)
            .await
            .optional()?;
        match found {
            None => faults.push(Fault::Unknown("model")),
            Some((type_id, name)) if type_id != draft.asset_type_id => {
                faults.push(Fault::ModelOfOtherType(name));
            }
            Some(_) => {}
        }
    }
    if let Some(unit_id) = draft.owner_unit_id {
        let found: Option<UnitId> = unit::table
            .find(unit_id)
            .select(unit::id)
            .first(conn)
            .await
            .optional()?;
        if found.is_none() {
            faults.push(Fault::Unknown("owner"));
        }
    }
    if faults.is_empty() {
        Ok(overdue_blocks.unwrap_or(false))
    } else {
        Err(NotSaved::Faulty(faults))
    }
}

async fn insert_identifiers(
    conn: &mut AsyncPgConnection,
    id: AssetId,
    identifiers: &[(String, String)],
) -> QueryResult<()> {
    let rows: Vec<_> = identifiers
        .iter()
        .map(|(kind, value)| {
            (
                asset_identifier::asset_id.eq(id),
                asset_identifier::kind.eq(kind),
                asset_identifier::value.eq(value),
            )
        })
        .collect();
    diesel::insert_into(asset_identifier::table)
        .values(rows)
        .execute(conn)
        .await
        .map(drop)
}

/// Two makers may give the same serial, so it is allowed, but whoever writes it down should know.
async fn find_same_identifiers(
    conn: &mut AsyncPgConnection,
    id: AssetId,
) -> QueryResult<Vec<(String, String)>> {
    let rows: Vec<SameIdentifier> = sql_query(include_str!("sql/same_identifiers.sql"))
        .bind::<BigInt, _>(id)
        .load(conn)
        .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.identifier.value, row.asset_number))
        .collect())
}

#[derive(QueryableByName)]
struct SameIdentifier {
    #[diesel(embed)]
    identifier: AssetIdentifier,
    #[diesel(sql_type = Text)]
    asset_number: String,
}
