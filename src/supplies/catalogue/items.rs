//! Items themselves: added and changed.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde_json::{Value, json};

use super::{ItemError, ItemRefusal, Written, follow, lock_item, or_taken, part};
use crate::db::schema::item;
use crate::ids::{ItemId, SupplierId};
use crate::supplies::item_form::{ItemFault, ItemField, ItemFields, ItemTexts};
use crate::supplies::stock::find_item_by_number;

/// The row of an item as its form says it.
#[derive(AsChangeset, Insertable)]
#[diesel(table_name = item, treat_none_as_null = true)]
struct ItemValues<'a> {
    item_number: &'a str,
    name: &'a str,
    base_unit: &'a str,
    category: Option<String>,
    supplier_id: Option<SupplierId>,
    count_class: &'a str,
    holding_cost: Option<f64>,
    is_retired: bool,
}

impl<'a> ItemValues<'a> {
    fn new(fields: &'a ItemFields, supplier_id: Option<SupplierId>) -> Self {
        Self {
            item_number: &fields.number,
            name: &fields.name,
            base_unit: &fields.base_unit,
            category: fields.category.clone(),
            supplier_id,
            count_class: &fields.count_class,
            holding_cost: fields.holding_cost,
            is_retired: fields.is_retired,
        }
    }
}

/// Somebody else took the number at the same moment.
fn number_taken(error: diesel::result::Error, fields: &ItemFields) -> ItemError {
    let number = fields.number.clone();
    or_taken(error, ItemFault::Taken(ItemField::Number, number))
}

fn told(fields: &ItemFields) -> Value {
    json!({
        "number": fields.number,
        "name": fields.name,
        "unit": fields.base_unit,
        "category": fields.category,
        "supplier": fields.supplier,
        "count_class": fields.count_class,
        "holding_cost": fields.holding_cost,
        "is_retired": fields.is_retired,
    })
}

/// The supplier of this name; one that is new is made.
async fn supplier_named(
    conn: &mut AsyncPgConnection,
    name: Option<&str>,
) -> QueryResult<Option<SupplierId>> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = BigInt)]
        id: SupplierId,
    }
    let Some(name) = name else {
        return Ok(None);
    };
    let row: Row = sql_query(
        "INSERT INTO supplier (name) VALUES ($1) ON CONFLICT (lower(name)) DO UPDATE SET name = supplier.name RETURNING id",
    )
    .bind::<Text, _>(name)
    .get_result(conn)
    .await?;
    Ok(Some(row.id))
}

async fn check_number(
    conn: &mut AsyncPgConnection,
    number: &str,
    own: Option<ItemId>,
) -> Result<(), ItemError> {
    let known = find_item_by_number(conn, number).await?;
    if known.is_some() && known != own {
        return Err(ItemFault::Taken(ItemField::Number, number.to_owned()).into());
    }
    Ok(())
}

pub(super) async fn add(
    conn: &mut AsyncPgConnection,
    fields: &ItemFields,
) -> Result<Written, ItemError> {
    check_number(conn, &fields.number, None).await?;
    let supplier_id = supplier_named(conn, fields.supplier.as_deref()).await?;
    let item_id: ItemId = diesel::insert_into(item::table)
        .values(ItemValues::new(fields, supplier_id))
        .returning(item::id)
        .get_result(conn)
        .await
        .map_err(|error| number_taken(error, fields))?;
    Ok(part(item_id, "item.added", None, Some(told(fields))))
}

pub(super) async fn edit(
    conn: &mut AsyncPgConnection,
    id: ItemId,
    fields: &ItemFields,
    shown: &str,
    now: DateTime<Utc>,
) -> Result<Written, ItemError> {
    let sheet = lock_item(conn, id).await?;
    if ItemTexts::of(&sheet.fields).fingerprint() != shown {
        return Err(ItemRefusal::Stale.into());
    }
    if sheet.has_moves && sheet.fields.base_unit != fields.base_unit {
        return Err(ItemFault::UnitFixed(sheet.fields.base_unit).into());
    }
    if fields.is_retired && !sheet.fields.is_retired && sheet.places > 0 {
        return Err(ItemFault::StillHeld(sheet.places).into());
    }
    check_number(conn, &fields.number, Some(id)).await?;
    let supplier_id = supplier_named(conn, fields.supplier.as_deref()).await?;
    diesel::update(item::table.find(id))
        .set(ItemValues::new(fields, supplier_id))
        .execute(conn)
        .await
        .map_err(|error| number_taken(error, fields))?;
    let has_other_inputs =
        sheet.supplier_id != supplier_id || sheet.fields.holding_cost != fields.holding_cost;
    if has_other_inputs {
        follow(conn, id, now).await?;
    }
    let (before, after) = (told(&sheet.fields), told(fields));
    Ok(part(id, "item.changed", Some(before), Some(after)))
}
