//! Where the things that a search means are: how many in each room, by state. For floor plans.

use std::collections::HashMap;

use diesel::deserialize::QueryableByName;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Nullable, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::list::CANDIDATES_MAX;
use super::query::SearchText;
use super::search::{Found, Source, find_text, list_ids};
use super::words::WordCache;
use crate::db::schema::asset_type;
use crate::ids::{AssetId, AssetTypeId, ModelId, RoomId};

/// Counts of some rooms, of all or some types.
pub const ROOM_COUNTS_SQL: &str = include_str!("sql/room_counts.sql");
/// Counts of some rooms, of some models.
pub const ROOM_COUNTS_OF_MODELS_SQL: &str = include_str!("sql/room_counts_of_models.sql");
/// Counts of some rooms, of some assets.
pub const ROOM_COUNTS_OF_ASSETS_SQL: &str = include_str!("sql/room_counts_of_assets.sql");
/// Most types to choose from.
const TYPES_MAX: i64 = 1_000;

/// What is counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Counted {
    /// Everything.
    All,
    /// Some types.
    Types(Vec<AssetTypeId>),
    /// Some models.
    Models(Vec<ModelId>),
    /// Some assets.
    Assets(Vec<AssetId>),
}

/// How many assets of a room are in which state. Retired ones are not counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RoomTally {
    /// Ready (R2), as far as the rows know.
    pub ready: i64,
    /// In use.
    pub in_use: i64,
    /// Soiled.
    pub soiled: i64,
    /// In cleaning.
    pub cleaning: i64,
    /// In repair, on hold, with overdue service, or missing.
    pub out: i64,
}

impl RoomTally {
    /// All of them.
    #[must_use]
    pub fn total(&self) -> i64 {
        self.ready + self.others()
    }

    /// Those that are not ready.
    #[must_use]
    pub fn others(&self) -> i64 {
        self.in_use + self.soiled + self.cleaning + self.out
    }

    fn add(&mut self, state: &str, n: i64) {
        match state {
            "ready" => self.ready += n,
            "in_use" => self.in_use += n,
            "soiled" => self.soiled += n,
            "cleaning" => self.cleaning += n,
            _ => self.out += n,
        }
    }
}

#[derive(QueryableByName)]
struct CountRow {
    #[diesel(sql_type = BigInt)]
    room_id: RoomId,
    #[diesel(sql_type = Text)]
    state: String,
    #[diesel(sql_type = BigInt)]
    n: i64,
}

/// The tallies of some rooms; a room without anything is left out.
///
/// # Errors
/// When the database fails.
pub async fn list_room_tallies(
    mut conn: &AsyncPgConnection,
    rooms: &[RoomId],
    counted: &Counted,
) -> QueryResult<HashMap<RoomId, RoomTally>> {
    let rooms: Vec<i64> = rooms.iter().map(|room| room.0).collect();
    let (sql, ids): (&str, Option<Vec<i64>>) = match counted {
        Counted::All => (ROOM_COUNTS_SQL, None),
        Counted::Types(ids) => (ROOM_COUNTS_SQL, Some(ids.iter().map(|id| id.0).collect())),
        Counted::Models(ids) => (
            ROOM_COUNTS_OF_MODELS_SQL,
            Some(ids.iter().map(|id| id.0).collect()),
        ),
        Counted::Assets(ids) => (
            ROOM_COUNTS_OF_ASSETS_SQL,
            Some(ids.iter().map(|id| id.0).collect()),
        ),
    };
    let rows: Vec<CountRow> = sql_query(sql)
        .bind::<Array<BigInt>, _>(rooms)
        .bind::<Nullable<Array<BigInt>>, _>(ids)
        .load(&mut conn)
        .await?;
    let mut tallies: HashMap<RoomId, RoomTally> = HashMap::new();
    for row in rows {
        tallies
            .entry(row.room_id)
            .or_default()
            .add(&row.state, row.n);
    }
    Ok(tallies)
}

/// What a text means, for counting; `None` when nothing is known by it.
///
/// # Errors
/// When the database fails.
pub async fn find_counted(
    conn: &AsyncPgConnection,
    words: &WordCache,
    text: &SearchText,
) -> QueryResult<Option<Counted>> {
    let source = match find_text(conn, words, text, false).await?.found {
        Found::One(asset) => return Ok(Some(Counted::Assets(vec![asset]))),
        Found::Nothing => return Ok(None),
        Found::SameCode(source)
        | Found::Types(source)
        | Found::Models(source)
        | Found::Numbers(source)
        | Found::Parts(source) => source,
    };
    Ok(match source {
        Source::Types(types) => Some(Counted::Types(types)),
        Source::Models(models) => Some(Counted::Models(models)),
        Source::Assets(assets) => Some(Counted::Assets(assets)),
        Source::NumberPrefix(_) | Source::CodePart(_) => {
            let limit = i64::try_from(CANDIDATES_MAX).unwrap_or(i64::MAX);
            Some(Counted::Assets(list_ids(conn, &source, limit).await?))
        }
        Source::Room(_) => None,
    })
}

/// The names of all types.
///
/// # Errors
/// When the database fails.
pub async fn list_type_names(
    mut conn: &AsyncPgConnection,
) -> QueryResult<Vec<(AssetTypeId, String)>> {
    asset_type::table
        .select((asset_type::id, asset_type::name))
        .order((asset_type::name, asset_type::id))
        .limit(TYPES_MAX)
        .load(&mut conn)
        .await
}
