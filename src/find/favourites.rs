//! The types that a person wants on the start page.

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Bool, Text};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};

use super::filter::PlaceFilter;
use super::list::list_rooms_within;
use crate::db::schema::{asset_type, user_favourite_type};
use crate::ids::{AssetTypeId, UnitId, UserId};

/// The types of the start page.
pub const HOME_TYPES_SQL: &str = include_str!("sql/home_types.sql");

/// Most favourites of a person.
pub const FAVOURITES_MAX: usize = 8;
/// Most types to choose from.
const CHOICES_MAX: i64 = 1_000;

/// A type of the start page.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct HomeType {
    /// The type.
    #[diesel(sql_type = BigInt)]
    pub asset_type_id: AssetTypeId,
    /// Its name.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// Those that can be taken.
    #[diesel(sql_type = BigInt)]
    pub ready: i64,
    /// All of them.
    #[diesel(sql_type = BigInt)]
    pub total: i64,
    /// Those in the unit that can be taken.
    #[diesel(sql_type = BigInt)]
    pub ready_in_unit: i64,
    /// All in the unit.
    #[diesel(sql_type = BigInt)]
    pub total_in_unit: i64,
    /// Whether the person chose it.
    #[diesel(sql_type = Bool)]
    pub is_favourite: bool,
}

/// The person's favourites, or the types with most assets, at most `limit`.
///
/// # Errors
/// When the database fails.
pub async fn list_home_types(
    mut conn: &AsyncPgConnection,
    user_id: UserId,
    unit: Option<UnitId>,
    limit: i64,
) -> QueryResult<Vec<HomeType>> {
    let rooms = match unit {
        Some(unit) => list_rooms_within(conn, PlaceFilter::Unit(unit)).await?,
        None => Vec::new(),
    };
    sql_query(HOME_TYPES_SQL)
        .bind::<BigInt, _>(limit)
        .bind::<Array<BigInt>, _>(rooms)
        .bind::<BigInt, _>(user_id)
        .load(&mut conn)
        .await
}

/// All types by name, for choosing.
///
/// # Errors
/// When the database fails.
pub async fn list_type_choices(
    mut conn: &AsyncPgConnection,
) -> QueryResult<Vec<(AssetTypeId, String)>> {
    asset_type::table
        .order((asset_type::name, asset_type::id))
        .select((asset_type::id, asset_type::name))
        .limit(CHOICES_MAX)
        .load(&mut conn)
        .await
}

/// What a person chose.
///
/// # Errors
/// When the database fails.
pub async fn list_favourites(
    mut conn: &AsyncPgConnection,
    user_id: UserId,
) -> QueryResult<Vec<AssetTypeId>> {
    user_favourite_type::table
        .filter(user_favourite_type::user_id.eq(user_id))
        .order(user_favourite_type::asset_type_id)
        .select(user_favourite_type::asset_type_id)
        .load(&mut conn)
        .await
}

/// Puts these in place of what a person chose before; types that are gone meanwhile are left out. Returns how many it are.
///
/// # Errors
/// When the database fails; then nothing was changed.
pub async fn replace_favourites(
    conn: &mut AsyncPgConnection,
    user_id: UserId,
    types: &[AssetTypeId],
) -> QueryResult<usize> {
    conn.transaction(async |conn| {
        diesel::delete(
            user_favourite_type::table.filter(user_favourite_type::user_id.eq(user_id)),
        )
        .execute(conn)
        .await?;
        sql_query(
            "INSERT INTO user_favourite_type (user_id, asset_type_id) \
             SELECT $1, t.id FROM asset_type t WHERE t.id = ANY ($2) ORDER BY t.id ON CONFLICT DO NOTHING",
        )
        .bind::<BigInt, _>(user_id)
        .bind::<Array<BigInt>, _>(types)
        .execute(conn)
        .await
    })
    .await
}
