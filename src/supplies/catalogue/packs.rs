//! Packs of an item, and the codes that stand for a piece or a pack of it (R4).

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde_json::{Value, json};

use super::{ItemError, ItemRefusal, ItemSheet, PackRow, Written, follow, lock_item, part};
use crate::db::schema::{item, item_code, item_pack};
use crate::ids::{ItemId, PackId};
use crate::supplies::item_form::{ItemFault, ItemField};

fn pack_told(name: &str, units: i64, is_ordered: bool) -> Value {
    json!({"pack": name, "units": units, "is_ordered": is_ordered})
}

pub(super) async fn add_pack(
    conn: &mut AsyncPgConnection,
    id: ItemId,
    (name, units, is_ordered): (&str, i64, bool),
    now: DateTime<Utc>,
) -> Result<Written, ItemError> {
    let sheet = lock_item(conn, id).await?;
    if sheet.packs.iter().any(|pack| pack.name == name) {
        return Err(ItemFault::Taken(ItemField::Pack, name.to_owned()).into());
    }
    if is_ordered {
        order_in(conn, id, None).await?;
    }
    diesel::insert_into(item_pack::table)
        .values((
            item_pack::item_id.eq(id),
            item_pack::name.eq(name),
            item_pack::units.eq(units),
            item_pack::is_ordered.eq(is_ordered),
        ))
        .execute(conn)
        .await?;
    if is_ordered {
        follow(conn, id, now).await?;
    }
    let after = pack_told(name, units, is_ordered);
    Ok(part(id, "item.pack_added", None, Some(after)))
}

fn find_pack(sheet: &ItemSheet, pack: PackId) -> Result<PackRow, ItemRefusal> {
    let found = sheet.packs.iter().find(|row| row.pack_id == pack);
    found.cloned().ok_or(ItemRefusal::Gone)
}

pub(super) async fn remove_pack(
    conn: &mut AsyncPgConnection,
    id: ItemId,
    pack: PackId,
    now: DateTime<Utc>,
) -> Result<Written, ItemError> {
    let sheet = lock_item(conn, id).await?;
    let row = find_pack(&sheet, pack)?;
    let codes: i64 = item_code::table
        .filter(item_code::item_pack_id.eq(pack))
        .count()
        .get_result(conn)
        .await?;
    if codes > 0 {
        return Err(ItemFault::PackHasCodes(row.name).into());
    }
    diesel::delete(item_pack::table.find(pack))
        .execute(conn)
        .await?;
    if row.is_ordered {
        follow(conn, id, now).await?;
    }
    let before = pack_told(&row.name, row.units, row.is_ordered);
    Ok(part(id, "item.pack_removed", Some(before), None))
}

pub(super) async fn order_pack(
    conn: &mut AsyncPgConnection,
    id: ItemId,
    pack: Option<PackId>,
    now: DateTime<Utc>,
) -> Result<Written, ItemError> {
    let sheet = lock_item(conn, id).await?;
    let row = pack.map(|pack| find_pack(&sheet, pack)).transpose()?;
    let before = sheet.packs.iter().find(|row| row.is_ordered);
    let told = |row: &PackRow| json!({"ordered_in": row.name, "units": row.units});
    let (before, after) = (before.map(told), row.as_ref().map(told));
    order_in(conn, id, pack).await?;
    follow(conn, id, now).await?;
    Ok(part(id, "item.pack_ordered", before, after))
}

/// Two statements: at most one pack of an item is ordered at any moment, and an index sees to it.
async fn order_in(
    conn: &mut AsyncPgConnection,
    id: ItemId,
    pack: Option<PackId>,
) -> QueryResult<()> {
    diesel::update(item_pack::table.filter(item_pack::item_id.eq(id)))
        .set(item_pack::is_ordered.eq(false))
        .execute(conn)
        .await?;
    if let Some(pack) = pack {
        diesel::update(item_pack::table.find(pack))
            .set(item_pack::is_ordered.eq(true))
            .execute(conn)
            .await?;
    }
    Ok(())
}

pub(super) async fn add_code(
    conn: &mut AsyncPgConnection,
    id: ItemId,
    code: &str,
    pack: Option<PackId>,
) -> Result<Written, ItemError> {
    let sheet = lock_item(conn, id).await?;
    let row = pack.map(|pack| find_pack(&sheet, pack)).transpose()?;
    let added = diesel::insert_into(item_code::table)
        .values((
            item_code::code.eq(code),
            item_code::item_id.eq(id),
            item_code::item_pack_id.eq(pack),
        ))
        .on_conflict_do_nothing()
        .execute(conn)
        .await?;
    if added == 0 {
        let owner: String = item_code::table
            .inner_join(item::table)
            .filter(item_code::code.eq(code))
            .select(item::item_number)
            .first(conn)
            .await?;
        return Err(ItemFault::CodeTaken(code.to_owned(), owner).into());
    }
    let after = json!({"code": code, "pack": row.map(|row| row.name)});
    Ok(part(id, "item.code_added", None, Some(after)))
}

pub(super) async fn remove_code(
    conn: &mut AsyncPgConnection,
    id: ItemId,
    code: &str,
) -> Result<Written, ItemError> {
    lock_item(conn, id).await?;
    let own = item_code::table
        .filter(item_code::code.eq(code))
        .filter(item_code::item_id.eq(id));
    if diesel::delete(own).execute(conn).await? == 0 {
        return Err(ItemRefusal::Gone.into());
    }
    let before = json!({"code": code});
    Ok(part(id, "item.code_removed", Some(before), None))
}
