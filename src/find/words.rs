//! The vocabulary of a process: loaded once, and again when types, models, synonyms or places have changed.

use std::sync::{Arc, Mutex, PoisonError};

use diesel::deserialize::QueryableByName;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Nullable, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::filter::PlaceFilter;
use super::query::vocabulary::{
    ModelWord, PlaceWord, SynonymWord, Target, TypeWord, Vocabulary, Words,
};
use crate::db::types::{RoomKind, SynonymKind};
use crate::ids::{AssetTypeId, FloorId, ModelId, RoomId, UnitId};
use crate::places::model::room_label;

/// Most words of each kind.
const WORDS_MAX: i64 = 20_000;
/// Most rooms that text can name.
const ROOMS_MAX: i64 = 200_000;

/// Keeps the vocabulary with the versions that it was made from.
#[derive(Debug, Default)]
pub struct WordCache {
    kept: Mutex<Option<(Version, Arc<Vocabulary>)>>,
}

/// Of types, models and synonyms, and of places.
#[derive(Clone, Copy, Debug, PartialEq, Eq, QueryableByName)]
struct Version {
    #[diesel(sql_type = BigInt)]
    words: i64,
    #[diesel(sql_type = BigInt)]
    places: i64,
}

impl WordCache {
    /// The vocabulary as it is now: one read of two rows, unless it changed.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn vocabulary(&self, mut conn: &AsyncPgConnection) -> QueryResult<Arc<Vocabulary>> {
        let version: Version = sql_query(
            "SELECT v.version AS words, p.version AS places FROM vocabulary_version v, place_version p",
        )
        .get_result(&mut conn)
        .await?;
        if let Some(vocabulary) = self.find(version) {
            return Ok(vocabulary);
        }
        // The version was read before the words: what changes in between is at worst loaded twice.
        let vocabulary = Arc::new(Vocabulary::new(load_words(conn).await?));
        *self.kept.lock().unwrap_or_else(PoisonError::into_inner) =
            Some((version, Arc::clone(&vocabulary)));
        Ok(vocabulary)
    }

    fn find(&self, version: Version) -> Option<Arc<Vocabulary>> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.as_ref()
            .filter(|(kept, _)| *kept == version)
            .map(|(_, vocabulary)| Arc::clone(vocabulary))
    }
}

#[derive(QueryableByName)]
struct PlaceRow {
    #[diesel(sql_type = Text)]
    sort: String,
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Nullable<Text>)]
    room_kind: Option<RoomKind>,
    #[diesel(sql_type = Nullable<Text>)]
    area: Option<String>,
    #[diesel(sql_type = Nullable<BigInt>)]
    floor_id: Option<FloorId>,
}

async fn load_words(conn: &AsyncPgConnection) -> QueryResult<Words> {
    let (types, models, synonyms, places) = tokio::try_join!(
        load_types(conn),
        load_models(conn),
        load_synonyms(conn),
        load_places(conn)
    )?;
    Ok(Words {
        types,
        models,
        synonyms,
        places,
    })
}

async fn load_types(mut conn: &AsyncPgConnection) -> QueryResult<Vec<TypeWord>> {
    use crate::db::schema::asset_type;
    let rows: Vec<(AssetTypeId, String)> = asset_type::table
        .select((asset_type::id, asset_type::name))
        .order(asset_type::id)
        .limit(WORDS_MAX)
        .load(&mut conn)
        .await?;
    let word = |(asset_type_id, name)| TypeWord {
        asset_type_id,
        name,
    };
    Ok(rows.into_iter().map(word).collect())
}

async fn load_models(mut conn: &AsyncPgConnection) -> QueryResult<Vec<ModelWord>> {
    use crate::db::schema::model;
    let rows: Vec<(ModelId, AssetTypeId, String, String)> = model::table
        .select((model::id, model::asset_type_id, model::maker, model::name))
        .order(model::id)
        .limit(WORDS_MAX)
        .load(&mut conn)
        .await?;
    let word = |(model_id, asset_type_id, maker, name)| ModelWord {
        model_id,
        asset_type_id,
        maker,
        name,
    };
    Ok(rows.into_iter().map(word).collect())
}

async fn load_synonyms(mut conn: &AsyncPgConnection) -> QueryResult<Vec<SynonymWord>> {
    use crate::db::schema::synonym;
    type Row = (String, SynonymKind, Option<AssetTypeId>, Option<ModelId>);
    let rows: Vec<Row> = synonym::table
        .select((
            synonym::term,
            synonym::kind,
            synonym::asset_type_id,
            synonym::model_id,
        ))
        .order(synonym::id)
        .limit(WORDS_MAX)
        .load(&mut conn)
        .await?;
    let word = |(term, kind, of_type, of_model): Row| {
        let target = of_type.map(Target::Type).or(of_model.map(Target::Model))?;
        Some(SynonymWord { term, kind, target })
    };
    Ok(rows.into_iter().filter_map(word).collect())
}

async fn load_places(mut conn: &AsyncPgConnection) -> QueryResult<Vec<PlaceWord>> {
    let rows: Vec<PlaceRow> = sql_query(include_str!("sql/place_words.sql"))
        .bind::<BigInt, _>(ROOMS_MAX)
        .load(&mut conn)
        .await?;
    Ok(rows.into_iter().filter_map(place_word).collect())
}

fn place_word(row: PlaceRow) -> Option<PlaceWord> {
    let place = match row.sort.as_str() {
        "unit" => PlaceFilter::Unit(UnitId(row.id)),
        "floor" => PlaceFilter::Floor(FloorId(row.id)),
        "room" => PlaceFilter::Room(RoomId(row.id)),
        _ => return None,
    };
    let own = match row.room_kind {
        Some(kind) => room_label(&row.name, kind),
        None => row.name.clone(),
    };
    let label = match &row.area {
        Some(area) => format!("{own}, {area}"),
        None => own,
    };
    Some(PlaceWord {
        place,
        name: row.name,
        label,
        floor_id: row.floor_id,
    })
}
