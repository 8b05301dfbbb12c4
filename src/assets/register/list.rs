//! The lists of the register, made for a million devices: keyset pages in a total order, and no query whose work grows with the
//! fleet. What no index can answer (devices without a tag) walks a bounded piece and says how far it came.

use chrono::{DateTime, Days, NaiveDate, Utc};
use diesel::dsl::sql;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Bool, Nullable, SmallInt, Text, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::vocabulary::{ModelEntry, TypeEntry};
use crate::codes::tag_key::list_typed_keys;
use crate::db::schema::{asset, asset_identifier, tag, tag_assignment, unit};
use crate::db::types::{AssetStatus, Technology};
use crate::ids::{AssetId, AssetTypeId, ModelId, TagId, UnitId};

/// Rows on one page.
pub const PER_PAGE: usize = 50;
/// Most devices that one page of a filter without an index looks at.
pub const WALK_MAX: i64 = 20_000;
/// Most devices that the beginning of an identifier may stand for.
const BY_IDENTIFIER_MAX: i64 = 1_000;
/// Service that is due within this many days is due soon.
pub const DUE_SOON_DAYS: u64 = 30;
/// Most types, models or units in a list to choose from.
pub const CHOICES_MAX: i64 = 2_000;

/// Page of tags.
pub const TAGS_SQL: &str = include_str!("sql/tags.sql");
/// Tags by key, or of a device.
pub const TAGS_BY_TEXT_SQL: &str = include_str!("sql/tags_by_text.sql");
/// Periods of a tag or of a device.
pub const HISTORY_SQL: &str = include_str!("sql/history.sql");
/// Models.
pub const MODELS_SQL: &str = include_str!("sql/models.sql");
/// Types.
pub const TYPES_SQL: &str = include_str!("sql/types.sql");
/// Keys of the tags that are on devices.
pub const TAG_KEYS_SQL: &str = include_str!("sql/tag_keys.sql");
/// Numbers that devices are known by.
pub const IDENTIFIERS_SQL: &str = include_str!("sql/identifiers.sql");
/// Those of some devices that have no tag.
pub const UNTAGGED_SQL: &str = include_str!("sql/untagged.sql");

/// Which service is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServiceFilter {
    /// Due before today.
    Overdue,
    /// Due today or within [`DUE_SOON_DAYS`].
    Soon,
}

/// Which status is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StandingFilter {
    /// All but retired.
    InService,
    /// This one.
    Status(AssetStatus),
}

/// What the list shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RegisterFilter {
    /// Beginning of a number or identifier, or a tag's key.
    pub text: String,
    /// Of this type.
    pub asset_type: Option<AssetTypeId>,
    /// Of this model.
    pub model: Option<ModelId>,
    /// With this status.
    pub status: Option<StandingFilter>,
    /// Owned by this unit.
    pub owner: Option<UnitId>,
    /// Nobody may use it.
    pub is_held: bool,
    /// Service.
    pub service: Option<ServiceFilter>,
    /// Without a tag.
    pub is_untagged: bool,
}

/// One page: devices in order, and where the next page begins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NumberPage {
    /// The devices.
    pub ids: Vec<AssetId>,
    /// The number after which the next page begins, in lower case.
    pub next: Option<String>,
    /// Whether the page ends because [`WALK_MAX`] devices were looked at, not because it is full.
    pub is_cut: bool,
}

type NumbersQuery<'a> = asset::BoxedQuery<'a, Pg, (BigInt, Text)>;

/// The statement behind the list. Built for its filters and sent with its values: one statement with every filter switched on and
/// off by NULL would be planned for none of them.
#[must_use]
pub fn numbers_query<'a>(
    filter: &RegisterFilter,
    by_text: &[AssetId],
    today: NaiveDate,
    after: Option<&str>,
    limit: i64,
) -> NumbersQuery<'a> {
    let number = || sql::<Text>("lower(asset.asset_number) COLLATE \"C\"");
    let mut query = asset::table
        .select((
            sql::<BigInt>("asset.id"),
            sql::<Text>("lower(asset.asset_number)"),
        ))
        .order(number())
        .limit(limit)
        .into_boxed();
    if let Some(after) = after {
        query = query.filter(number().gt(after.to_owned()));
    }
    if !filter.text.is_empty() {
        let begins = number().like(beginning(&filter.text));
        query = if by_text.is_empty() {
            query.filter(begins)
        } else {
            query.filter(begins.or(asset::id.eq_any(by_text.to_vec())))
        };
    }
    if let Some(id) = filter.asset_type {
        query = query.filter(asset::asset_type_id.eq(id));
    }
    if let Some(id) = filter.model {
        query = query.filter(asset::model_id.eq(id));
    }
    if let Some(id) = filter.owner {
        query = query.filter(asset::owner_unit_id.eq(id));
    }
    query = match filter.status {
        None => query,
        // Spelled out: the indexes of these are partial ones.
        Some(StandingFilter::InService) => query.filter(sql::<Bool>("asset.status <> 'retired'")),
        Some(StandingFilter::Status(AssetStatus::Retired)) => {
            query.filter(sql::<Bool>("asset.status = 'retired'"))
        }
        Some(StandingFilter::Status(AssetStatus::Missing)) => {
            query.filter(sql::<Bool>("asset.status = 'missing'"))
        }
        Some(StandingFilter::Status(status)) => query.filter(asset::status.eq(status)),
    };
    if filter.is_held {
        query = query.filter(asset::safety_hold.is_not_null());
    }
    if let Some(service) = filter.service {
        let soon = today
            .checked_add_days(Days::new(DUE_SOON_DAYS))
            .unwrap_or(today);
        query = query.filter(sql::<Bool>("asset.status <> 'retired'"));
        query = match service {
            ServiceFilter::Overdue => query.filter(asset::service_due_on.lt(today)),
            ServiceFilter::Soon => query.filter(asset::service_due_on.between(today, soon)),
        };
    }
    query
}

/// A pattern for texts that begin so, in lower case.
fn beginning(text: &str) -> String {
    let mut pattern = String::new();
    for sign in text.to_lowercase().chars() {
        if matches!(sign, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(sign);
    }
    pattern.push('%');
    pattern
}

/// One page of the register, at most `per_page`.
///
/// # Errors
/// When the database fails.
pub async fn list_numbers(
    mut conn: &AsyncPgConnection,
    filter: &RegisterFilter,
    today: NaiveDate,
    after: Option<&str>,
    per_page: usize,
) -> QueryResult<NumberPage> {
    let by_text = if filter.text.is_empty() {
        Vec::new()
    } else {
        list_by_text(conn, &filter.text).await?
    };
    let page = i64::try_from(per_page).unwrap_or(i64::MAX);
    let limit = if filter.is_untagged {
        WALK_MAX
    } else {
        page + 1
    };
    let mut rows: Vec<(AssetId, String)> = numbers_query(filter, &by_text, today, after, limit)
        .load(&mut conn)
        .await?;
    let walked = rows
        .last()
        .filter(|_| filter.is_untagged && i64::try_from(rows.len()) == Ok(limit))
        .map(|(_, number)| number.clone());
    if filter.is_untagged {
        let ids: Vec<AssetId> = rows.iter().map(|(id, _)| *id).collect();
        let untagged: Vec<AssetRow> = sql_query(UNTAGGED_SQL)
            .bind::<Array<BigInt>, _>(ids)
            .bind::<BigInt, _>(page + 1)
            .load(&mut conn)
            .await?;
        let untagged: std::collections::BTreeSet<AssetId> =
            untagged.into_iter().map(|row| row.asset_id).collect();
        rows.retain(|(id, _)| untagged.contains(id));
    }
    let has_more = rows.len() > per_page;
    rows.truncate(per_page);
    let is_cut = !has_more && walked.is_some();
    let next = if has_more {
        rows.last().map(|(_, number)| number.clone())
    } else {
        walked
    };
    Ok(NumberPage {
        ids: rows.into_iter().map(|(id, _)| id).collect(),
        next,
        is_cut,
    })
}

#[derive(QueryableByName)]
struct AssetRow {
    #[diesel(sql_type = BigInt)]
    asset_id: AssetId,
}

/// The statement that finds devices by the beginning of an identifier.
#[must_use]
pub fn identifiers_query<'a>(text: &str) -> asset_identifier::BoxedQuery<'a, Pg, BigInt> {
    asset_identifier::table
        .select(sql::<BigInt>("asset_identifier.asset_id"))
        .filter(sql::<Text>("lower(asset_identifier.value) COLLATE \"C\"").like(beginning(text)))
        .order(sql::<Text>("lower(asset_identifier.value) COLLATE \"C\""))
        .limit(BY_IDENTIFIER_MAX)
        .into_boxed()
}

/// Devices by the beginning of another number, or by the key of a tag that is on them.
async fn list_by_text(mut conn: &AsyncPgConnection, text: &str) -> QueryResult<Vec<AssetId>> {
    let mut ids: Vec<AssetId> = identifiers_query(text).load(&mut conn).await?;
    let tagged: Vec<AssetId> = tag_assignment::table
        .inner_join(tag::table)
        .filter(tag::tag_key.eq_any(list_typed_keys(text)))
        .filter(tag_assignment::ended_at.is_null())
        .select(tag_assignment::asset_id)
        .load(&mut conn)
        .await?;
    ids.extend(tagged);
    ids.sort_unstable();
    ids.dedup();
    Ok(ids)
}

/// A tag on a device.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct TagKeyOf {
    /// The device.
    #[diesel(sql_type = BigInt)]
    pub asset_id: AssetId,
    /// The tag's key.
    #[diesel(sql_type = Text)]
    pub tag_key: String,
}

/// The tags of some devices.
///
/// # Errors
/// When the database fails.
pub async fn list_tag_keys(
    mut conn: &AsyncPgConnection,
    ids: &[AssetId],
) -> QueryResult<Vec<TagKeyOf>> {
    sql_query(TAG_KEYS_SQL)
        .bind::<Array<BigInt>, _>(ids)
        .load(&mut conn)
        .await
}

/// A number that a device is known by.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct IdentifierOf {
    /// The device.
    #[diesel(sql_type = BigInt)]
    pub asset_id: AssetId,
    /// What kind of number.
    #[diesel(sql_type = Text)]
    pub kind: String,
    /// The number.
    #[diesel(sql_type = Text)]
    pub value: String,
}

/// The numbers that some devices are known by.
///
/// # Errors
/// When the database fails.
pub async fn list_identifiers_of(
    mut conn: &AsyncPgConnection,
    ids: &[AssetId],
) -> QueryResult<Vec<IdentifierOf>> {
    sql_query(IDENTIFIERS_SQL)
        .bind::<Array<BigInt>, _>(ids)
        .load(&mut conn)
        .await
}

/// Types by name after `after`, or the one with this id.
///
/// # Errors
/// When the database fails.
pub async fn list_types(
    mut conn: &AsyncPgConnection,
    only: Option<AssetTypeId>,
    after: &str,
    limit: i64,
) -> QueryResult<Vec<TypeEntry>> {
    sql_query(TYPES_SQL)
        .bind::<Nullable<BigInt>, _>(only)
        .bind::<Text, _>(after)
        .bind::<BigInt, _>(limit)
        .load(&mut conn)
        .await
}

/// Models by maker and name after a maker and name, of one type or all, or the one with this id.
///
/// # Errors
/// When the database fails.
pub async fn list_models(
    mut conn: &AsyncPgConnection,
    only: Option<ModelId>,
    asset_type: Option<AssetTypeId>,
    after: Option<(&str, &str)>,
    limit: i64,
) -> QueryResult<Vec<ModelEntry>> {
    let (maker, name) = after.unwrap_or_default();
    sql_query(MODELS_SQL)
        .bind::<Nullable<BigInt>, _>(only)
        .bind::<Nullable<BigInt>, _>(asset_type)
        .bind::<Text, _>(maker)
        .bind::<Text, _>(name)
        .bind::<BigInt, _>(limit)
        .load(&mut conn)
        .await
}

/// Units to choose from.
///
/// # Errors
/// When the database fails.
pub async fn list_units(mut conn: &AsyncPgConnection) -> QueryResult<Vec<(UnitId, String)>> {
    unit::table
        .order((unit::name, unit::id))
        .select((unit::id, unit::name))
        .limit(CHOICES_MAX)
        .load(&mut conn)
        .await
}

/// A tag in a list.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct TagEntry {
    /// The tag.
    #[diesel(sql_type = BigInt)]
    pub tag_id: TagId,
    /// Its key.
    #[diesel(sql_type = Text)]
    pub tag_key: String,
    /// What it speaks.
    #[diesel(sql_type = Text)]
    pub technology: Technology,
    /// How often it beacons.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub expected_interval_ms: Option<i64>,
    /// The device that it is on.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub asset_id: Option<AssetId>,
    /// That one's number.
    #[diesel(sql_type = Nullable<Text>)]
    pub asset_number: Option<String>,
    /// That one's type.
    #[diesel(sql_type = Nullable<Text>)]
    pub type_name: Option<String>,
    /// When it was heard last.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub seen_at: Option<DateTime<Utc>>,
    /// Charge of its battery.
    #[diesel(sql_type = Nullable<SmallInt>)]
    pub battery_pct: Option<i16>,
}

/// Tags in the order of their keys after `after`: all, or only those that are on nothing. The first [`WALK_MAX`] after `after` are
/// looked at; the key of the last of them is returned when there were more.
///
/// # Errors
/// When the database fails.
pub async fn list_tags(
    mut conn: &AsyncPgConnection,
    is_unassigned: bool,
    after: &str,
    per_page: usize,
) -> QueryResult<(Vec<TagEntry>, Option<String>)> {
    let page = i64::try_from(per_page).unwrap_or(i64::MAX);
    let mut rows: Vec<TagEntry> = sql_query(TAGS_SQL)
        .bind::<Text, _>(after)
        .bind::<Bool, _>(is_unassigned)
        .bind::<BigInt, _>(page + 1)
        .bind::<BigInt, _>(WALK_MAX)
        .load(&mut conn)
        .await?;
    if rows.len() > per_page {
        rows.truncate(per_page);
        let next = rows.last().map(|row| row.tag_key.clone());
        return Ok((rows, next));
    }
    let walked: Option<String> = tag::table
        .filter(tag::tag_key.gt(after))
        .order(tag::tag_key)
        .offset(WALK_MAX - 1)
        .select(tag::tag_key)
        .first(&mut conn)
        .await
        .optional()?;
    Ok((rows, walked))
}

/// Tags by their key as it may be typed, or by the number of the device that they are on.
///
/// # Errors
/// When the database fails.
pub async fn list_tags_by_text(
    mut conn: &AsyncPgConnection,
    text: &str,
) -> QueryResult<Vec<TagEntry>> {
    sql_query(TAGS_BY_TEXT_SQL)
        .bind::<Array<Text>, _>(list_typed_keys(text))
        .bind::<Text, _>(text.trim())
        .load(&mut conn)
        .await
}

/// A tag was on a device.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct TagPeriod {
    /// The tag.
    #[diesel(sql_type = BigInt)]
    pub tag_id: TagId,
    /// Its key.
    #[diesel(sql_type = Text)]
    pub tag_key: String,
    /// The device.
    #[diesel(sql_type = BigInt)]
    pub asset_id: AssetId,
    /// Its number.
    #[diesel(sql_type = Text)]
    pub asset_number: String,
    /// Since when.
    #[diesel(sql_type = Timestamptz)]
    pub assigned_at: DateTime<Utc>,
    /// Until when; `None` while it is.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub ended_at: Option<DateTime<Utc>>,
}

/// The newest periods of a device, or of a tag.
///
/// # Errors
/// When the database fails.
pub async fn list_history(
    mut conn: &AsyncPgConnection,
    of_asset: Option<AssetId>,
    of_tag: Option<TagId>,
) -> QueryResult<Vec<TagPeriod>> {
    sql_query(HISTORY_SQL)
        .bind::<Nullable<BigInt>, _>(of_asset)
        .bind::<Nullable<BigInt>, _>(of_tag)
        .load(&mut conn)
        .await
}

/// One tag.
///
/// # Errors
/// When the database fails.
pub async fn find_tag(conn: &AsyncPgConnection, id: TagId) -> QueryResult<Option<TagEntry>> {
    let mut reader = conn;
    let key: Option<String> = tag::table
        .find(id)
        .select(tag::tag_key)
        .first(&mut reader)
        .await
        .optional()?;
    match key {
        Some(key) => Ok(sql_query(TAGS_BY_TEXT_SQL)
            .bind::<Array<Text>, _>(vec![key])
            .bind::<Text, _>("")
            .load(&mut reader)
            .await?
            .pop()),
        None => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_of_patterns_stand_for_themselves() {
        assert_eq!(beginning("IP-04"), "ip-04%");
        assert_eq!(beginning("50%_\\"), "50\\%\\_\\\\%");
    }
}
