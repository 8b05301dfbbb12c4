//! What the database knows of what a file names.

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Bool, Nullable, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::read::Draft;
use crate::db::types::{StockMethod, StockPlaceKind};
use crate::ids::{BuildingId, FacilityId, FloorId, ItemId, RoomId, StockPlaceId};
use crate::supplies::carry::{Chain, list_rules_of};
use crate::supplies::inherit::{Inherited, Level, inherit};

/// Whose codes are.
pub const IMPORT_CODES_SQL: &str = include_str!("../sql/import_codes.sql");
/// Places of stock by name.
pub const IMPORT_PLACES_SQL: &str = include_str!("../sql/import_places.sql");
/// Rooms by name.
pub const IMPORT_ROOMS_SQL: &str = include_str!("../sql/import_rooms.sql");
/// Items and places whose rules are looked for together.
const RULES_PART: usize = 2_000;

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
    #[diesel(sql_type = Bool)]
    pub is_retired: bool,
    #[diesel(sql_type = Bool)]
    pub has_moves: bool,
    #[diesel(sql_type = Nullable<Text>)]
    pub pack: Option<String>,
    #[diesel(sql_type = Nullable<BigInt>)]
    pub pack_units: Option<i64>,
}

/// A code that is there: whose it is, and the pack that carries it; none: one piece.
#[derive(Clone, Debug, QueryableByName)]
pub(super) struct CodeFacts {
    #[diesel(sql_type = Text)]
    code: String,
    #[diesel(sql_type = Text)]
    pub item_key: String,
    #[diesel(sql_type = Nullable<Text>)]
    pub pack: Option<String>,
}

/// A place of stock as it is.
#[derive(Clone, Debug, QueryableByName)]
pub(super) struct PlaceFacts {
    #[diesel(sql_type = BigInt)]
    pub stock_place_id: StockPlaceId,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    pub kind: StockPlaceKind,
    #[diesel(sql_type = Bool)]
    pub is_retired: bool,
    /// A cart that is where its tag is.
    #[diesel(sql_type = Bool)]
    pub has_tag: bool,
    /// A cabinet with a reader.
    #[diesel(sql_type = Bool)]
    pub counts_itself: bool,
    #[diesel(sql_type = Nullable<Text>)]
    pub room_name: Option<String>,
    #[diesel(sql_type = Nullable<BigInt>)]
    pub room_id: Option<RoomId>,
    #[diesel(sql_type = Nullable<Text>)]
    pub round: Option<String>,
    #[diesel(sql_type = Nullable<BigInt>)]
    at_room_id: Option<RoomId>,
    #[diesel(sql_type = Nullable<BigInt>)]
    floor_id: Option<FloorId>,
    #[diesel(sql_type = Nullable<BigInt>)]
    building_id: Option<BuildingId>,
    #[diesel(sql_type = Nullable<BigInt>)]
    facility_id: Option<FacilityId>,
}

/// A room and where it is.
#[derive(Clone, Debug, QueryableByName)]
pub(super) struct RoomFacts {
    #[diesel(sql_type = BigInt)]
    pub room_id: RoomId,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = BigInt)]
    floor_id: FloorId,
    #[diesel(sql_type = BigInt)]
    building_id: BuildingId,
    #[diesel(sql_type = BigInt)]
    facility_id: FacilityId,
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
    #[diesel(sql_type = Nullable<Text>)]
    pub method: Option<StockMethod>,
    #[diesel(sql_type = Nullable<BigInt>)]
    pub reorder_point: Option<i64>,
    #[diesel(sql_type = Nullable<BigInt>)]
    pub target: Option<i64>,
    #[diesel(sql_type = Nullable<BigInt>)]
    pub maximum: Option<i64>,
    #[diesel(sql_type = Nullable<BigInt>)]
    pub fixed_quantity: Option<i64>,
}

/// The number of an item in small letters, and the name of a place.
pub(super) type Spot = (String, String);

/// All that is known.
#[derive(Debug, Default)]
pub(super) struct Facts {
    /// By number in small letters.
    pub items: BTreeMap<String, ItemFacts>,
    /// By code.
    pub codes: BTreeMap<String, CodeFacts>,
    /// Suppliers, in small letters.
    pub suppliers: BTreeSet<String>,
    /// By name.
    pub places: BTreeMap<String, PlaceFacts>,
    /// By name; several may be called alike.
    pub rooms: BTreeMap<String, Vec<RoomFacts>>,
    /// Rounds, in small letters.
    pub rounds: BTreeSet<String>,
    /// What places should hold now.
    pub rules: BTreeMap<Spot, RuleFacts>,
    /// What the rules above an item and place set, where the file says a number.
    pub above: BTreeMap<Spot, Inherited>,
}

#[derive(QueryableByName)]
struct Name {
    #[diesel(sql_type = Text)]
    name: String,
}

pub(super) async fn load(mut conn: &AsyncPgConnection, drafts: &[Draft]) -> QueryResult<Facts> {
    let distinct = |of: &dyn Fn(&Draft) -> Option<String>| -> Vec<String> {
        let set: BTreeSet<String> = drafts.iter().filter_map(of).collect();
        set.into_iter().collect()
    };
    let small = |text: &Option<String>| text.as_deref().map(str::to_lowercase);
    let numbers = distinct(&|draft| Some(draft.number.to_lowercase()));
    let codes: BTreeSet<&String> = drafts
        .iter()
        .flat_map(|draft| draft.gtin.iter().chain(&draft.pack_gtin))
        .collect();
    let places = distinct(&|draft| draft.place.clone());
    let rooms = distinct(&|draft| draft.room.clone());
    let items: Vec<ItemFacts> = sql_query(include_str!("../sql/import_items.sql"))
        .bind::<Array<Text>, _>(&numbers)
        .load(&mut conn)
        .await?;
    let codes: Vec<CodeFacts> = sql_query(IMPORT_CODES_SQL)
        .bind::<Array<Text>, _>(codes.into_iter().collect::<Vec<_>>())
        .load(&mut conn)
        .await?;
    let known_places: Vec<PlaceFacts> = sql_query(IMPORT_PLACES_SQL)
        .bind::<Array<Text>, _>(&places)
        .load(&mut conn)
        .await?;
    let known_rooms: Vec<RoomFacts> = sql_query(IMPORT_ROOMS_SQL)
        .bind::<Array<Text>, _>(&rooms)
        .load(&mut conn)
        .await?;
    let suppliers = distinct(&|draft| small(&draft.supplier));
    let suppliers = names(
        conn,
        "SELECT lower(name) AS name FROM supplier WHERE lower(name) = ANY ($1)",
        &suppliers,
    )
    .await?;
    let rounds = distinct(&|draft| small(&draft.round));
    let rounds = names(
        conn,
        "SELECT lower(name) AS name FROM supply_round WHERE lower(name) = ANY ($1)",
        &rounds,
    )
    .await?;
    let rules: Vec<RuleFacts> = sql_query(include_str!("../sql/import_rules.sql"))
        .bind::<Array<Text>, _>(&numbers)
        .bind::<Array<Text>, _>(&places)
        .load(&mut conn)
        .await?;
    let mut facts = Facts {
        items: by(items, |item| item.item_number.to_lowercase()),
        codes: by(codes, |code| code.code.clone()),
        suppliers,
        places: by(known_places, |place| place.name.clone()),
        rounds,
        rules: by(rules, |rule| (rule.item_key.clone(), rule.place.clone())),
        ..Facts::default()
    };
    for room in known_rooms {
        facts.rooms.entry(room.name.clone()).or_default().push(room);
    }
    facts.above = load_above(conn, drafts, &facts).await?;
    Ok(facts)
}

fn by<K: Ord, V>(rows: Vec<V>, key: impl Fn(&V) -> K) -> BTreeMap<K, V> {
    rows.into_iter().map(|row| (key(&row), row)).collect()
}

async fn names(
    mut conn: &AsyncPgConnection,
    sql: &str,
    asked: &[String],
) -> QueryResult<BTreeSet<String>> {
    let rows: Vec<Name> = sql_query(sql)
        .bind::<Array<Text>, _>(asked)
        .load(&mut conn)
        .await?;
    Ok(rows.into_iter().map(|row| row.name).collect())
}

/// What the rules above each item and place of the file set. Where nothing is said of a number, nothing is checked against them.
async fn load_above(
    conn: &AsyncPgConnection,
    drafts: &[Draft],
    facts: &Facts,
) -> QueryResult<BTreeMap<Spot, Inherited>> {
    // The room in which a place will be: the first one that the file says, else its own.
    let mut rooms: BTreeMap<&str, &RoomFacts> = BTreeMap::new();
    for draft in drafts {
        let known = draft.room.as_ref().and_then(|room| facts.rooms.get(room));
        if let (Some(place), Some([only])) = (&draft.place, known.map(Vec::as_slice)) {
            rooms.entry(place).or_insert(only);
        }
    }
    let mut asked: BTreeMap<Spot, Chain> = BTreeMap::new();
    for draft in drafts.iter().filter(|draft| draft.says_numbers()) {
        let Some(place) = &draft.place else {
            continue;
        };
        let key = draft.number.to_lowercase();
        let known = facts.places.get(place);
        let item_id = facts.items.get(&key).map(|item| item.item_id);
        let stock_place_id = known.map(|place| place.stock_place_id);
        let chain = match (rooms.get(place.as_str()), known) {
            (Some(room), _) => Chain {
                item_id,
                stock_place_id,
                room_id: Some(room.room_id),
                floor_id: Some(room.floor_id),
                building_id: Some(room.building_id),
                facility_id: Some(room.facility_id),
            },
            (None, place) => Chain {
                item_id,
                stock_place_id,
                room_id: place.and_then(|place| place.at_room_id),
                floor_id: place.and_then(|place| place.floor_id),
                building_id: place.and_then(|place| place.building_id),
                facility_id: place.and_then(|place| place.facility_id),
            },
        };
        asked.insert((key, place.clone()), chain);
    }
    let asked: Vec<(Spot, Chain)> = asked.into_iter().collect();
    let mut above = BTreeMap::new();
    for part in asked.chunks(RULES_PART) {
        let chains: Vec<Chain> = part.iter().map(|(_, chain)| *chain).collect();
        let rules = list_rules_of(conn, &chains).await?;
        for ((spot, _), mut rules) in part.iter().zip(rules) {
            rules.retain(|rule| rule.level != Level::Place || !rule.is_for_item);
            above.insert(spot.clone(), inherit(&rules));
        }
    }
    Ok(above)
}
