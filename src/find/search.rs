//! From a query to a page of assets.

use chrono::{DateTime, Utc};
use diesel::deserialize::QueryableByName;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Nullable, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::query::{
    SearchText, VocabularyEntry, VocabularyMatch, VocabularyModel, match_vocabulary,
};
use super::rank::{Candidate, DownRooms, PageCursor, cut_page, find_down_since, rank};
use crate::assets::model::{AssetEntry, PlaceFacts};
use crate::assets::store::list_entries;
use crate::db::types::AssetStatus;
use crate::ids::{AssetId, AssetTypeId, ModelId, RoomId};
use crate::location::certainty::Certainty;
use crate::places::store::list_down_rooms;

/// Assets known by exactly this number.
pub const CODES_SQL: &str = include_str!("sql/codes.sql");
/// Assets of some types, available ones first.
pub const BY_TYPE_SQL: &str = include_str!("sql/by_type.sql");
/// Assets of some models, available ones first.
pub const BY_MODEL_SQL: &str = include_str!("sql/by_model.sql");
/// Assets whose number begins with a text.
pub const BY_NUMBER_SQL: &str = include_str!("sql/by_number.sql");
/// Assets in a room.
pub const IN_ROOM_SQL: &str = include_str!("sql/in_room.sql");
/// Status and place of assets.
pub const FACTS_SQL: &str = include_str!("sql/facts.sql");
/// Types with their counts.
pub const TYPES_SQL: &str = include_str!("sql/types.sql");

/// Rows on one page.
pub const HITS_PER_PAGE: usize = 25;
/// Most assets that one search orders; more are cut off, available ones last, and the page says so.
pub const CANDIDATES_MAX: usize = 2_000;
/// Most types, and most models, in the vocabulary.
const VOCABULARY_MAX: i64 = 5_000;

/// Which assets a list is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// All of some types.
    Types(Vec<AssetTypeId>),
    /// All of some models.
    Models(Vec<ModelId>),
    /// Those whose number begins with the text.
    NumberPrefix(String),
    /// Those in a room.
    Room(RoomId),
    /// Just these.
    Assets(Vec<AssetId>),
}

/// What a text leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// One asset has this number.
    One(AssetId),
    /// Several assets have this number.
    SameCode(Source),
    /// The text names these types.
    Types(Vec<String>, Source),
    /// The text names models or makers.
    Models(Source),
    /// Asset numbers begin with the text.
    Numbers(Source),
    /// Nothing does.
    Nothing,
}

/// An asset in the results.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// What it is and where.
    pub entry: AssetEntry,
    /// How sure the place is.
    pub certainty: Certainty,
}

/// A page of results.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HitPage {
    /// The rows, in order.
    pub hits: Vec<Hit>,
    /// All that were found, at most [`CANDIDATES_MAX`].
    pub total: usize,
    /// How many of them are ready.
    pub ready: usize,
    /// How many come before the first row of this page.
    pub before: usize,
    /// More than [`CANDIDATES_MAX`] match.
    pub is_cut: bool,
    /// Where the next page begins.
    pub next: Option<PageCursor>,
}

/// A type with how many assets it has that are not retired.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct TypeCount {
    /// The type.
    #[diesel(sql_type = BigInt)]
    pub asset_type_id: AssetTypeId,
    /// Its name.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// Those with the status available.
    #[diesel(sql_type = BigInt)]
    pub available: i64,
    /// All of them.
    #[diesel(sql_type = BigInt)]
    pub total: i64,
}

/// Types by how many assets they have, the most first, at most `limit`.
///
/// # Errors
/// When the database fails.
pub async fn list_types(mut conn: &AsyncPgConnection, limit: i64) -> QueryResult<Vec<TypeCount>> {
    sql_query(TYPES_SQL)
        .bind::<BigInt, _>(limit)
        .load(&mut conn)
        .await
}

/// The name of a type.
///
/// # Errors
/// When the database fails.
pub async fn find_type_name(
    mut conn: &AsyncPgConnection,
    id: AssetTypeId,
) -> QueryResult<Option<String>> {
    use crate::db::schema::asset_type;
    asset_type::table
        .find(id)
        .select(asset_type::name)
        .first(&mut conn)
        .await
        .optional()
}

/// What the text leads to: an exact number, else types, else models, else beginnings of asset numbers.
///
/// # Errors
/// When the database fails.
pub async fn find_text(conn: &AsyncPgConnection, text: &SearchText) -> QueryResult<Found> {
    let (with_code, entries) = tokio::try_join!(list_by_code(conn, text), list_vocabulary(conn))?;
    match with_code.as_slice() {
        [] => {}
        [one] => return Ok(Found::One(*one)),
        _ => return Ok(Found::SameCode(Source::Assets(with_code))),
    }
    match match_vocabulary(text, &entries) {
        VocabularyMatch::Types(types) => {
            let (ids, names) = types.into_iter().unzip();
            return Ok(Found::Types(names, Source::Types(ids)));
        }
        VocabularyMatch::Models(models) => return Ok(Found::Models(Source::Models(models))),
        VocabularyMatch::Nothing => {}
    }
    let numbers = Source::NumberPrefix(text.as_str().to_owned());
    let is_any = !list_ids(conn, &numbers, 1).await?.is_empty();
    Ok(if is_any {
        Found::Numbers(numbers)
    } else {
        Found::Nothing
    })
}

/// The page of a list that begins after `after`.
///
/// # Errors
/// When the database fails.
pub async fn list_hits(
    conn: &AsyncPgConnection,
    source: &Source,
    now: DateTime<Utc>,
    after: Option<PageCursor>,
) -> QueryResult<HitPage> {
    let limit = i64::try_from(CANDIDATES_MAX)
        .unwrap_or(i64::MAX)
        .saturating_add(1);
    let mut ids = list_ids(conn, source, limit).await?;
    let is_cut = ids.len() > CANDIDATES_MAX;
    ids.truncate(CANDIDATES_MAX);
    let (candidates, down) = tokio::try_join!(list_candidates(conn, &ids), list_down_rooms(conn))?;
    let down: DownRooms = down
        .into_iter()
        .map(|room| (room.room_id, room.since))
        .collect();

    let as_of = after.map_or(now, |cursor| cursor.as_of);
    let keys = rank(as_of, &candidates, &down);
    let cut = cut_page(&keys, after.map(|cursor| cursor.last), HITS_PER_PAGE);
    let page_ids: Vec<AssetId> = cut
        .page
        .iter()
        .map(super::rank::RankKey::asset_id)
        .collect();
    let mut entries = list_entries(conn, &page_ids).await?;
    let hits = page_ids
        .iter()
        .filter_map(|id| {
            let position = entries.iter().position(|entry| entry.asset_id == *id)?;
            let entry = entries.swap_remove(position);
            let certainty = entry
                .place
                .certainty(now, find_down_since(&entry.place, &down));
            Some(Hit { entry, certainty })
        })
        .collect();
    Ok(HitPage {
        hits,
        total: keys.len(),
        ready: keys.iter().filter(|key| key.is_ready()).count(),
        is_cut,
        before: cut.before,
        next: cut
            .page
            .last()
            .filter(|_| cut.has_more)
            .map(|last| PageCursor { as_of, last: *last }),
    })
}

#[derive(QueryableByName)]
struct IdRow {
    #[diesel(sql_type = BigInt)]
    asset_id: AssetId,
}

async fn list_by_code(
    mut conn: &AsyncPgConnection,
    text: &SearchText,
) -> QueryResult<Vec<AssetId>> {
    let rows: Vec<IdRow> = sql_query(CODES_SQL)
        .bind::<Text, _>(text.as_str())
        .bind::<Array<Text>, _>(text.tag_keys())
        .load(&mut conn)
        .await?;
    Ok(rows.into_iter().map(|row| row.asset_id).collect())
}

async fn list_ids(
    mut conn: &AsyncPgConnection,
    source: &Source,
    limit: i64,
) -> QueryResult<Vec<AssetId>> {
    let rows: Vec<IdRow> = match source {
        Source::Assets(ids) => return Ok(ids.clone()),
        Source::Types(types) => {
            let types: Vec<i64> = types.iter().map(|id| id.0).collect();
            sql_query(BY_TYPE_SQL)
                .bind::<Array<BigInt>, _>(types)
                .bind::<BigInt, _>(limit)
                .load(&mut conn)
                .await?
        }
        Source::Models(models) => {
            let models: Vec<i64> = models.iter().map(|id| id.0).collect();
            sql_query(BY_MODEL_SQL)
                .bind::<Array<BigInt>, _>(models)
                .bind::<BigInt, _>(limit)
                .load(&mut conn)
                .await?
        }
        Source::NumberPrefix(prefix) => {
            sql_query(BY_NUMBER_SQL)
                .bind::<Text, _>(prefix)
                .bind::<BigInt, _>(limit)
                .load(&mut conn)
                .await?
        }
        Source::Room(room) => {
            sql_query(IN_ROOM_SQL)
                .bind::<BigInt, _>(room.0)
                .bind::<BigInt, _>(limit)
                .load(&mut conn)
                .await?
        }
    };
    Ok(rows.into_iter().map(|row| row.asset_id).collect())
}

#[derive(QueryableByName)]
struct FactsRow {
    #[diesel(sql_type = BigInt)]
    asset_id: AssetId,
    #[diesel(sql_type = Text)]
    status: AssetStatus,
    #[diesel(embed)]
    place: PlaceFacts,
}

async fn list_candidates(
    mut conn: &AsyncPgConnection,
    ids: &[AssetId],
) -> QueryResult<Vec<Candidate>> {
    let ids: Vec<i64> = ids.iter().map(|id| id.0).collect();
    let rows: Vec<FactsRow> = sql_query(FACTS_SQL)
        .bind::<Array<BigInt>, _>(ids)
        .load(&mut conn)
        .await?;
    Ok(rows
        .into_iter()
        .map(|row| Candidate {
            asset_id: row.asset_id,
            status: row.status,
            place: row.place,
        })
        .collect())
}

#[derive(QueryableByName)]
struct VocabularyRow {
    #[diesel(sql_type = BigInt)]
    asset_type_id: AssetTypeId,
    #[diesel(sql_type = Text)]
    type_name: String,
    #[diesel(sql_type = Nullable<BigInt>)]
    model_id: Option<ModelId>,
    #[diesel(sql_type = Nullable<Text>)]
    maker: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    model_name: Option<String>,
}

/// Types and models: small tables, matched in memory and never against asset rows.
async fn list_vocabulary(mut conn: &AsyncPgConnection) -> QueryResult<Vec<VocabularyEntry>> {
    let rows: Vec<VocabularyRow> = sql_query(
        "SELECT t.id AS asset_type_id, t.name AS type_name, m.id AS model_id, m.maker, m.name AS model_name \
         FROM asset_type t LEFT JOIN model m ON m.asset_type_id = t.id ORDER BY t.id, m.id LIMIT $1",
    )
    .bind::<BigInt, _>(VOCABULARY_MAX)
    .load(&mut conn)
    .await?;
    let entry = |row: VocabularyRow| VocabularyEntry {
        asset_type_id: row.asset_type_id,
        type_name: row.type_name,
        model: match (row.model_id, row.maker, row.model_name) {
            (Some(model_id), Some(maker), Some(name)) => Some(VocabularyModel {
                model_id,
                maker,
                name,
            }),
            _ => None,
        },
    };
    Ok(rows.into_iter().map(entry).collect())
}
