//! What the database knows of what a file names.

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Nullable, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::read::Draft;
use crate::ids::{ItemId, RoomId, RoundId, StockPlaceId};

/// An item as it is.
#[derive(Clone, Debug, QueryableByName)]
pub(super) struct ItemFacts {
    #[diesel(sql_type = BigInt)]
    pub item_id: ItemId,
    #[diesel(sql_type = Text)]
    pub item_number: String,
    #[diesel(sql_type = Text)]
    pub name: String,
    #[diesel(sql_type = Text)]
    pub unit: String,
    #[diesel(sql_type = Nullable<Text>)]
    pub category: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    pub supplier: Option<String>,
    #[diesel(sql_type = Text)]
    pub class: String,
    #[diesel(sql_type = Nullable<Text>)]
    pub pack: Option<String>,
    #[diesel(sql_type = Nullable<BigInt>)]
    pub pack_units: Option<i64>,
    #[diesel(sql_type = Nullable<Text>)]
    pub gtin: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    pub pack_gtin: Option<String>,
}

/// An item at a place with its own rule, as far as that says anything.
#[derive(Clone, Debug, QueryableByName)]
pub(super) struct RuleFacts {
    #[diesel(sql_type = Text)]
    item_key: String,
    #[diesel(sql_type = Text)]
    place: String,
    #[diesel(sql_type = Text)]
    pub bin: String,
    #[diesel(sql_type = Nullable<Text>)]
    pub second_bin: Option<String>,
    #[diesel(sql_type = Nullable<BigInt>)]
    pub reorder_point: Option<i64>,
    #[diesel(sql_type = Nullable<BigInt>)]
    pub target: Option<i64>,
    #[diesel(sql_type = Nullable<BigInt>)]
    pub maximum: Option<i64>,
    #[diesel(sql_type = Nullable<BigInt>)]
    pub fixed_quantity: Option<i64>,
}

/// All that is known.
#[derive(Debug, Default)]
pub(super) struct Facts {
    pub items: BTreeMap<String, ItemFacts>,
    /// Code to the number of its item.
    pub codes: BTreeMap<String, String>,
    pub places: BTreeMap<String, StockPlaceId>,
    pub rooms: BTreeMap<String, Vec<RoomId>>,
    pub rounds: BTreeMap<String, RoundId>,
    /// By number of the item in small letters, and place.
    pub rules: BTreeMap<(String, String), RuleFacts>,
}

#[derive(QueryableByName)]
struct Code {
    #[diesel(sql_type = Text)]
    code: String,
    #[diesel(sql_type = Text)]
    item_number: String,
}

#[derive(QueryableByName)]
struct Named {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = Text)]
    name: String,
}

pub(super) async fn load(mut conn: &AsyncPgConnection, drafts: &[Draft]) -> QueryResult<Facts> {
    let distinct = |of: &dyn Fn(&Draft) -> Option<String>| -> Vec<String> {
        let set: BTreeSet<String> = drafts.iter().filter_map(of).collect();
        set.into_iter().collect()
    };
    let numbers = distinct(&|draft| Some(draft.number.to_lowercase()));
    let codes: BTreeSet<&String> = drafts
        .iter()
        .flat_map(|draft| draft.gtin.iter().chain(&draft.pack_gtin))
        .collect();
    let places = distinct(&|draft| draft.place.clone());
    let rooms = distinct(&|draft| draft.room.clone());
    let rounds = distinct(&|draft| draft.round.as_deref().map(str::to_lowercase));
    let items: Vec<ItemFacts> = sql_query(include_str!("../sql/import_items.sql"))
        .bind::<Array<Text>, _>(&numbers)
        .load(&mut conn)
        .await?;
    let codes: Vec<Code> = sql_query(
        "SELECT c.code, lower(i.item_number) AS item_number FROM item_code c JOIN item i ON i.id = c.item_id WHERE c.code = ANY ($1)",
    )
    .bind::<Array<Text>, _>(codes.into_iter().collect::<Vec<_>>())
    .load(&mut conn)
    .await?;
    let known_places = named(
        conn,
        "SELECT id, name FROM stock_place WHERE name = ANY ($1)",
        &places,
    )
    .await?;
    let known_rooms = named(
        conn,
        "SELECT id, name FROM room WHERE name = ANY ($1) ORDER BY id",
        &rooms,
    )
    .await?;
    let known_rounds = named(
        conn,
        "SELECT id, lower(name) AS name FROM supply_round WHERE lower(name) = ANY ($1)",
        &rounds,
    )
    .await?;
    let rules: Vec<RuleFacts> = sql_query(include_str!("../sql/import_rules.sql"))
        .bind::<Array<Text>, _>(&numbers)
        .bind::<Array<Text>, _>(&places)
        .load(&mut conn)
        .await?;
    let mut facts = Facts {
        items: items
            .into_iter()
            .map(|item| (item.item_number.to_lowercase(), item))
            .collect(),
        codes: codes
            .into_iter()
            .map(|code| (code.code, code.item_number))
            .collect(),
        places: known_places
            .into_iter()
            .map(|row| (row.name, StockPlaceId(row.id)))
            .collect(),
        rounds: known_rounds
            .into_iter()
            .map(|row| (row.name, RoundId(row.id)))
            .collect(),
        rules: rules
            .into_iter()
            .map(|rule| ((rule.item_key.clone(), rule.place.clone()), rule))
            .collect(),
        ..Facts::default()
    };
    for room in known_rooms {
        facts
            .rooms
            .entry(room.name)
            .or_default()
            .push(RoomId(room.id));
    }
    Ok(facts)
}

async fn named(
    mut conn: &AsyncPgConnection,
    sql: &str,
    names: &[String],
) -> QueryResult<Vec<Named>> {
    sql_query(sql)
        .bind::<Array<Text>, _>(names)
        .load(&mut conn)
        .await
}
