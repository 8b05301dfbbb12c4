//! The catalogue as a file has it: items by name in parts, each with where it is held. [`crate::supplies::import`] takes such a file in again
//! and changes nothing.

use std::collections::HashMap;

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Double, Float, Nullable, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use crate::codes::gs1::wrong_check_digit;
use crate::db::types::StockPlaceKind;
use crate::ids::ItemId;
use crate::supplies::stock::{NameCursor, containing, cut};

/// All items by name.
pub const FILE_KEYS_SQL: &str = include_str!("../sql/file_keys.sql");
/// Items by number, code or name.
pub const FILE_FOUND_KEYS_SQL: &str = include_str!("../sql/file_found_keys.sql");
/// What they are.
pub const FILE_ITEMS_SQL: &str = include_str!("../sql/file_items.sql");
/// Where they are held.
pub const FILE_PLACES_SQL: &str = include_str!("../sql/file_places.sql");

/// Which items.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CatalogueFilter {
    /// A number, a code or a part of the name; empty: all.
    pub text: String,
    /// What a scanner read, in 14 digits.
    pub gtin: Option<String>,
    /// Whether the places that hold them are asked for too.
    pub with_places: bool,
}

/// An item as a file has it.
#[derive(Clone, Debug, PartialEq, QueryableByName)]
pub struct CatalogueItem {
    /// Its id.
    #[diesel(sql_type = BigInt)]
    pub item_id: ItemId,
    /// Its number.
    #[diesel(sql_type = Text)]
    pub item_number: String,
    /// Its name.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// What quantities count.
    #[diesel(sql_type = Text)]
    pub unit: String,
    /// Category.
    #[diesel(sql_type = Nullable<Text>)]
    pub category: Option<String>,
    /// Supplier.
    #[diesel(sql_type = Nullable<Text>)]
    pub supplier: Option<String>,
    /// How exact counts must be.
    #[diesel(sql_type = Text)]
    pub class: String,
    /// The pack that is ordered.
    #[diesel(sql_type = Nullable<Text>)]
    pub pack: Option<String>,
    /// Base units in it.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub pack_units: Option<i64>,
    #[diesel(sql_type = Array<Text>)]
    piece_codes: Vec<String>,
    #[diesel(sql_type = Array<Text>)]
    pack_codes: Vec<String>,
    /// Packs that are not ordered, each with its base units.
    #[diesel(sql_type = Array<Text>)]
    pub other_packs: Vec<String>,
    #[diesel(sql_type = Array<Text>)]
    other_codes: Vec<String>,
    /// Cost to hold one for a year.
    #[diesel(sql_type = Nullable<Double>)]
    pub holding_cost: Option<f64>,
    /// Days from order to delivery of its supplier.
    #[diesel(sql_type = Nullable<Float>)]
    pub lead_days: Option<f32>,
    /// Their deviation.
    #[diesel(sql_type = Nullable<Float>)]
    pub lead_deviation_days: Option<f32>,
    /// Cost of one order at its supplier.
    #[diesel(sql_type = Nullable<Double>)]
    pub order_cost: Option<f64>,
}

/// The first code that an import would take.
fn gtin(codes: &[String]) -> Option<&str> {
    let is_gtin = |code: &&String| {
        let is_number = code.len() == 14 && code.bytes().all(|sign| sign.is_ascii_digit());
        is_number && wrong_check_digit(code).is_none()
    };
    codes.iter().find(is_gtin).map(String::as_str)
}

impl CatalogueItem {
    /// The GTIN of one piece.
    #[must_use]
    pub fn gtin(&self) -> Option<&str> {
        gtin(&self.piece_codes)
    }

    /// The GTIN of the pack that is ordered.
    #[must_use]
    pub fn pack_gtin(&self) -> Option<&str> {
        gtin(&self.pack_codes)
    }

    /// All other codes, those of packs with the name of the pack.
    #[must_use]
    pub fn further_codes(&self) -> Vec<String> {
        let pack = self.pack.as_deref().unwrap_or_default();
        let piece = self.piece_codes.iter();
        let piece = piece.filter(|code| Some(code.as_str()) != self.gtin());
        let packed = self.pack_codes.iter();
        let packed = packed.filter(|code| Some(code.as_str()) != self.pack_gtin());
        piece
            .cloned()
            .chain(packed.map(|code| format!("{code} ({pack})")))
            .chain(self.other_codes.iter().cloned())
            .collect()
    }
}

/// Where an item is held.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct CataloguePlace {
    #[diesel(sql_type = BigInt)]
    item_id: ItemId,
    /// The place of stock.
    #[diesel(sql_type = Text)]
    pub place: String,
    /// Its kind.
    #[diesel(sql_type = Text)]
    pub kind: StockPlaceKind,
    /// Its room; a cart with a tag has none of its own.
    #[diesel(sql_type = Nullable<Text>)]
    pub room: Option<String>,
    /// Its round.
    #[diesel(sql_type = Nullable<Text>)]
    pub round: Option<String>,
    /// The usual bin.
    #[diesel(sql_type = Text)]
    pub bin: String,
    /// The second of two bins.
    #[diesel(sql_type = Nullable<Text>)]
    pub second_bin: Option<String>,
    /// What its own rule there says: reorder point.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub reorder_point: Option<i64>,
    /// Target.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub target: Option<i64>,
    /// Maximum.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub maximum: Option<i64>,
    /// Fixed quantity, or what one of two bins holds.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub fixed_quantity: Option<i64>,
}

#[derive(QueryableByName)]
struct KeyRow {
    #[diesel(sql_type = BigInt)]
    item_id: ItemId,
    #[diesel(sql_type = Text)]
    sort_name: String,
}

/// A part of the catalogue by name, each item with the places that hold it, and where the next part starts.
///
/// # Errors
/// When the database fails.
pub async fn list_catalogue(
    mut conn: &AsyncPgConnection,
    filter: &CatalogueFilter,
    after: Option<&NameCursor>,
    limit: i64,
) -> QueryResult<(
    Vec<(CatalogueItem, Vec<CataloguePlace>)>,
    Option<NameCursor>,
)> {
    let (name, id) = (
        after.map(|cursor| cursor.name.as_str()),
        after.map(|cursor| cursor.id),
    );
    let small = filter.text.trim().to_lowercase();
    let mut keys: Vec<KeyRow> = if small.is_empty() {
        sql_query(FILE_KEYS_SQL)
            .bind::<Nullable<Text>, _>(name)
            .bind::<Nullable<BigInt>, _>(id)
            .bind::<BigInt, _>(limit + 1)
            .load(&mut conn)
            .await?
    } else {
        sql_query(FILE_FOUND_KEYS_SQL)
            .bind::<Text, _>(&small)
            .bind::<Text, _>(containing(&small))
            .bind::<Nullable<Text>, _>(filter.gtin.as_deref())
            .bind::<Nullable<Text>, _>(name)
            .bind::<Nullable<BigInt>, _>(id)
            .bind::<BigInt, _>(limit + 1)
            .load(&mut conn)
            .await?
    };
    let has_more = cut(&mut keys, limit);
    let next = keys.last().filter(|_| has_more).map(|key| NameCursor {
        name: key.sort_name.clone(),
        id: key.item_id.0,
    });
    let ids: Vec<ItemId> = keys.iter().map(|key| key.item_id).collect();
    let items: Vec<CatalogueItem> = sql_query(FILE_ITEMS_SQL)
        .bind::<Array<BigInt>, _>(&ids)
        .load(&mut conn)
        .await?;
    let mut places: HashMap<ItemId, Vec<CataloguePlace>> = HashMap::new();
    if filter.with_places {
        let rows: Vec<CataloguePlace> = sql_query(FILE_PLACES_SQL)
            .bind::<Array<BigInt>, _>(&ids)
            .load(&mut conn)
            .await?;
        for row in rows {
            places.entry(row.item_id).or_default().push(row);
        }
    }
    let with_places = |item: CatalogueItem| {
        let held = places.remove(&item.item_id).unwrap_or_default();
        (item, held)
    };
    Ok((items.into_iter().map(with_places).collect(), next))
}
