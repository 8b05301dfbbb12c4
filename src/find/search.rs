//! From a query to a page of assets.

use diesel::deserialize::QueryableByName;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::filter::PlaceFilter;
use super::list::list_rooms_within;
use super::query::matching::{Lead, Matched, match_text};
use super::query::{CodePart, SearchText};
use super::words::WordCache;
use crate::db::prepared::Prepared;
use crate::ids::{AssetId, AssetTypeId, ModelId, RoomId, UnitId};

/// Assets known by exactly this number.
pub const CODES_SQL: &str = include_str!("sql/codes.sql");
/// Assets whose number begins with a text.
pub const BY_NUMBER_SQL: &str = include_str!("sql/by_number.sql");
/// Assets one of whose numbers holds a text.
pub const BY_PART_SQL: &str = include_str!("sql/by_part.sql");
/// Assets in a room.
pub const IN_ROOM_SQL: &str = include_str!("sql/in_room.sql");
/// Types with their counts.
pub const TYPES_SQL: &str = include_str!("sql/types.sql");

/// Which assets a list is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// All of some types.
    Types(Vec<AssetTypeId>),
    /// All of some models.
    Models(Vec<ModelId>),
    /// Those whose number begins with the text.
    NumberPrefix(String),
    /// Those with a number that holds the text.
    CodePart(CodePart),
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
    /// The text means these types.
    Types(Source),
    /// The text names models or makers.
    Models(Source),
    /// Asset numbers begin with the text.
    Numbers(Source),
    /// The text is part of numbers.
    Parts(Source),
    /// Nothing does.
    Nothing,
}

/// What a text leads to, and what else it may mean.
#[derive(Clone, Debug, PartialEq)]
pub struct Findings {
    /// What to list.
    pub found: Found,
    /// The types, places and models that the text may mean.
    pub matched: Matched,
}

impl Findings {
    /// Whether what is listed was guessed.
    #[must_use]
    pub fn is_guessed(&self) -> bool {
        matches!(self.found, Found::Types(_)) && !self.matched.is_sure()
    }
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
    /// Those that can be taken.
    #[diesel(sql_type = BigInt)]
    pub ready: i64,
    /// Those of them that are in the unit that was asked about.
    #[diesel(sql_type = BigInt)]
    pub ready_in_unit: i64,
    /// All of them.
    #[diesel(sql_type = BigInt)]
    pub total: i64,
}

/// Types by how many assets they have, the most first, at most `limit`.
///
/// # Errors
/// When the database fails.
pub async fn list_types(
    mut conn: &AsyncPgConnection,
    unit: Option<UnitId>,
    limit: i64,
) -> QueryResult<Vec<TypeCount>> {
    let rooms = match unit {
        Some(unit) => list_rooms_within(conn, PlaceFilter::Unit(unit)).await?,
        None => Vec::new(),
    };
    sql_query(TYPES_SQL)
        .bind::<BigInt, _>(limit)
        .bind::<Array<BigInt>, _>(rooms)
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

/// What the text leads to: an exact number; else types or models that it names; else numbers that begin with it or hold it, when
/// it may be a number; else the type that it is most like. `is_literal`: nothing is guessed.
///
/// ```text
/// let findings = find_text(&conn, &app.words, &text, false).await?;
/// let first = findings.matched.types.first();
/// ```
///
/// # Errors
/// When the database fails.
pub async fn find_text(
    conn: &AsyncPgConnection,
    words: &WordCache,
    text: &SearchText,
    is_literal: bool,
) -> QueryResult<Findings> {
    let (with_code, vocabulary) =
        tokio::try_join!(list_by_code(conn, text), words.vocabulary(conn))?;
    let matched = match_text(text, &vocabulary, is_literal);
    let found = match with_code.as_slice() {
        [one] => Found::One(*one),
        [_, ..] => Found::SameCode(Source::Assets(with_code)),
        [] if matched.is_sure() => meant(&matched),
        // A guess at words is worth more than letters inside a number, and less than digits of one.
        [] if matched.lead != Lead::Nothing && !text.has_digit() => meant(&matched),
        [] => match find_numbers(conn, text).await? {
            Found::Nothing => meant(&matched),
            numbers => numbers,
        },
    };
    Ok(Findings { found, matched })
}

fn meant(matched: &Matched) -> Found {
    match &matched.lead {
        Lead::Types(_) => {
            let ids = matched.led().iter().map(|hit| hit.asset_type_id).collect();
            Found::Types(Source::Types(ids))
        }
        Lead::Models(models) => Found::Models(Source::Models(models.clone())),
        Lead::Nothing => Found::Nothing,
    }
}

async fn find_numbers(conn: &AsyncPgConnection, text: &SearchText) -> QueryResult<Found> {
    let numbers = Source::NumberPrefix(text.as_str().to_owned());
    if !list_ids(conn, &numbers, 1).await?.is_empty() {
        return Ok(Found::Numbers(numbers));
    }
    let Some(part) = text.code_part() else {
        return Ok(Found::Nothing);
    };
    let parts = Source::CodePart(part);
    let ids = list_ids(conn, &parts, 1).await?;
    Ok(if ids.is_empty() {
        Found::Nothing
    } else {
        Found::Parts(parts)
    })
}

/// Models with the name of their type, by maker and name, at most `limit`.
///
/// # Errors
/// When the database fails.
pub async fn list_model_names(
    mut conn: &AsyncPgConnection,
    limit: i64,
) -> QueryResult<Vec<(ModelId, String, String)>> {
    use crate::db::schema::{asset_type, model};
    let rows: Vec<(ModelId, String, String, String)> = model::table
        .inner_join(asset_type::table)
        .select((model::id, model::maker, model::name, asset_type::name))
        .order((model::maker, model::name, model::id))
        .limit(limit)
        .load(&mut conn)
        .await?;
    let named = |(id, maker, name, of_type): (ModelId, String, String, String)| {
        (id, format!("{maker} {name}"), of_type)
    };
    Ok(rows.into_iter().map(named).collect())
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
    let rows: Vec<IdRow> = Prepared(
        sql_query(CODES_SQL)
            .bind::<Array<Text>, _>(text.numbers())
            .bind::<Array<Text>, _>(text.tag_keys()),
    )
    .load(&mut conn)
    .await?;
    Ok(rows.into_iter().map(|row| row.asset_id).collect())
}

/// The assets of a source, at most `limit`.
///
/// # Errors
/// When the database fails.
pub async fn list_ids(
    mut conn: &AsyncPgConnection,
    source: &Source,
    limit: i64,
) -> QueryResult<Vec<AssetId>> {
    let rows: Vec<IdRow> = match source {
        Source::Assets(ids) => return Ok(ids.clone()),
        // These are listed bucket by bucket, from their counts.
        Source::Types(_) | Source::Models(_) => return Ok(Vec::new()),
        Source::NumberPrefix(prefix) => {
            sql_query(BY_NUMBER_SQL)
                .bind::<Text, _>(prefix)
                .bind::<BigInt, _>(limit)
                .load(&mut conn)
                .await?
        }
        Source::CodePart(part) => {
            sql_query(BY_PART_SQL)
                .bind::<Text, _>(part.pattern())
                .bind::<Text, _>(part.as_str())
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
