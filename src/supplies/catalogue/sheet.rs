//! An item as its form shows it: what it is, its packs and its codes.

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Bool, Double, Nullable, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use crate::db::schema::{item_code, item_pack};
use crate::ids::{ItemId, PackId, SupplierId};
use crate::supplies::item_form::ItemFields;

/// An item as its form shows it.
pub const ITEM_SHEET_SQL: &str = include_str!("../sql/item_sheet.sql");
/// Codes of an item that its form shows; an item with more is kept by a file.
pub const CODES_MAX: i64 = 200;

/// An item as its form shows it.
#[derive(Clone, Debug, PartialEq)]
pub struct ItemSheet {
    /// Its id.
    pub item_id: ItemId,
    /// What it is.
    pub fields: ItemFields,
    /// Its supplier.
    pub supplier_id: Option<SupplierId>,
    /// Whether anything was booked of it: then its unit stays.
    pub has_moves: bool,
    /// Places that should hold it.
    pub places: i64,
    /// Its packs.
    pub packs: Vec<PackRow>,
    /// Its codes, and the name of the pack that carries each; none: one piece.
    pub codes: Vec<(String, Option<String>)>,
}

/// A pack of an item.
#[derive(Clone, Debug, PartialEq, Eq, Queryable)]
pub struct PackRow {
    /// Its id.
    pub pack_id: PackId,
    /// Its name.
    pub name: String,
    /// Base units in it (R4).
    pub units: i64,
    /// Whether it is the one that is ordered.
    pub is_ordered: bool,
}

#[derive(QueryableByName)]
struct SheetRow {
    #[diesel(sql_type = Text)]
    item_number: String,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    base_unit: String,
    #[diesel(sql_type = Nullable<Text>)]
    category: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    supplier_name: Option<String>,
    #[diesel(sql_type = Nullable<BigInt>)]
    supplier_id: Option<SupplierId>,
    #[diesel(sql_type = Text)]
    count_class: String,
    #[diesel(sql_type = Nullable<Double>)]
    holding_cost: Option<f64>,
    #[diesel(sql_type = Bool)]
    is_retired: bool,
    #[diesel(sql_type = Bool)]
    has_moves: bool,
    #[diesel(sql_type = BigInt)]
    places: i64,
}

/// An item with its packs and codes.
///
/// # Errors
/// When the database fails.
pub async fn find_item_sheet(
    mut conn: &AsyncPgConnection,
    id: ItemId,
) -> QueryResult<Option<ItemSheet>> {
    let row: Option<SheetRow> = sql_query(ITEM_SHEET_SQL)
        .bind::<BigInt, _>(id)
        .get_result(&mut conn)
        .await
        .optional()?;
    let Some(row) = row else {
        return Ok(None);
    };
    let packs = item_pack::table
        .filter(item_pack::item_id.eq(id))
        .order((item_pack::units, item_pack::name))
        .select((
            item_pack::id,
            item_pack::name,
            item_pack::units,
            item_pack::is_ordered,
        ))
        .load(&mut conn)
        .await?;
    let codes = item_code::table
        .left_join(item_pack::table)
        .filter(item_code::item_id.eq(id))
        .order(item_code::code)
        .select((item_code::code, item_pack::name.nullable()))
        .limit(CODES_MAX)
        .load(&mut conn)
        .await?;
    Ok(Some(ItemSheet {
        item_id: id,
        fields: ItemFields {
            number: row.item_number,
            name: row.name,
            base_unit: row.base_unit,
            category: row.category,
            supplier: row.supplier_name,
            count_class: row.count_class,
            holding_cost: row.holding_cost,
            is_retired: row.is_retired,
        },
        supplier_id: row.supplier_id,
        has_moves: row.has_moves,
        places: row.places,
        packs,
        codes,
    }))
}
