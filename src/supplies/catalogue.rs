//! Items, their packs and codes, where they are held, and suppliers, as people add and change them one by one; many at once come by
//! [`super::import`]. Every change is one transaction with its form's key and its row of the audit (S-50).

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Bool, Double, Nullable, Text};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use serde_json::{Value, json};
use uuid::Uuid;

use super::carry::{Reach, carry, carry_or_note};
use super::item_form::{ItemFault, ItemField, ItemFields, ItemTexts};
use super::ledger::{StockKey, lock};
use crate::alerts::rules::{Subject, key};
use crate::alerts::store::end;
use crate::assets::acts::take_form_key;
use crate::audit::{Actor, Event, record_audit};
use crate::db::schema::{
    bin, item, item_code, item_pack, order_line, stock_level, stock_place, stock_rule, stocking,
    supplier,
};
use crate::db::types::{AlertKind, OrderState};
use crate::ids::{BinId, ItemId, OrderLineId, PackId, StockPlaceId, SupplierId, UserId};

/// An item as its form shows it.
pub const ITEM_SHEET_SQL: &str = include_str!("sql/item_sheet.sql");
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

/// Where an item is held: the place by name, its usual bin and the second of two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// The place of stock, by name.
    pub place: String,
    /// The usual bin, by name.
    pub bin: String,
    /// The second of two bins, by name.
    pub second_bin: Option<String>,
}

/// What a person does with the catalogue.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ItemAct<'a> {
    /// Adds an item.
    Add(&'a ItemFields),
    /// Changes it; what the form showed of it.
    Edit(ItemId, &'a ItemFields, &'a str),
    /// Adds a pack: name, base units, whether it is the one that is ordered.
    AddPack(ItemId, &'a str, i64, bool),
    /// Takes a pack away.
    RemovePack(ItemId, PackId),
    /// Orders in this pack; `None`: by the base unit.
    OrderPack(ItemId, Option<PackId>),
    /// Adds a code, of one piece or of a pack.
    AddCode(ItemId, &'a str, Option<PackId>),
    /// Takes a code away.
    RemoveCode(ItemId, &'a str),
    /// Holds it at a place, or in other bins there.
    Hold(ItemId, &'a Held),
    /// Holds it there no longer.
    End(ItemId, StockPlaceId),
}

/// A form that somebody sent.
#[derive(Clone, Copy, Debug)]
pub struct ItemForm<'a> {
    /// Its idempotency key.
    pub key: Uuid,
    /// By whom.
    pub user_id: UserId,
    /// What.
    pub act: ItemAct<'a>,
    /// Where the answer of a second press leads.
    pub location: &'a str,
}

/// What became of a form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ItemPosted {
    /// It was carried out.
    Done {
        /// The item.
        item_id: ItemId,
        /// The place, when it was about one.
        stock_place_id: Option<StockPlaceId>,
    },
    /// The same form was carried out before: nothing was done again.
    Repeat {
        /// Where the first one led.
        location: String,
    },
}

/// Why nothing was changed.
#[derive(Clone, Debug, PartialEq)]
pub enum ItemRefusal {
    /// The item, pack, code or place is gone.
    Gone,
    /// Somebody changed it since the form was shown.
    Stale,
    /// It does not fit.
    Fault(ItemFault),
}

/// Why a form was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum ItemError {
    /// It is not allowed; nothing was changed.
    #[error("the catalogue cannot be changed so")]
    Refused(ItemRefusal),
    /// The database failed; nothing was changed.
    #[error("changing the catalogue")]
    Database(#[from] diesel::result::Error),
}

crate::db::again::refusable!(ItemError, ItemRefusal);

impl From<ItemRefusal> for ItemError {
    fn from(refusal: ItemRefusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<ItemFault> for ItemError {
    fn from(fault: ItemFault) -> Self {
        Self::Refused(ItemRefusal::Fault(fault))
    }
}

/// What an act wrote.
struct Written {
    item_id: ItemId,
    stock_place_id: Option<StockPlaceId>,
    action: &'static str,
    before: Option<Value>,
    after: Option<Value>,
}

/// Carries a form out once, in one transaction.
///
/// # Errors
/// See [`ItemError`]; then the key is not used up.
pub async fn perform_item_form(
    conn: &mut AsyncPgConnection,
    form: &ItemForm<'_>,
    now: DateTime<Utc>,
) -> Result<ItemPosted, ItemError> {
    conn.transaction(async |conn| {
        if let Some(location) =
            take_form_key(conn, form.key, form.user_id, form.location, now).await?
        {
            return Ok(ItemPosted::Repeat { location });
        }
        let written = match form.act {
            ItemAct::Add(fields) => add(conn, fields).await?,
            ItemAct::Edit(id, fields, shown) => edit(conn, id, fields, shown, now).await?,
            ItemAct::AddPack(id, name, units, is_ordered) => {
                add_pack(conn, id, (name, units, is_ordered), now).await?
            }
            ItemAct::RemovePack(id, pack) => remove_pack(conn, id, pack, now).await?,
            ItemAct::OrderPack(id, pack) => order_pack(conn, id, pack, now).await?,
            ItemAct::AddCode(id, code, pack) => add_code(conn, id, code, pack).await?,
            ItemAct::RemoveCode(id, code) => remove_code(conn, id, code).await?,
            ItemAct::Hold(id, held) => hold(conn, id, held, now).await?,
            ItemAct::End(id, place) => end_holding(conn, id, place, now).await?,
        };
        let subject = format!("item:{}", written.item_id);
        let mut event = Event::new(Actor::User(form.user_id), written.action, subject);
        (event.before, event.after) = (written.before, written.after);
        record_audit(conn, &event, now).await?;
        Ok(ItemPosted::Done {
            item_id: written.item_id,
            stock_place_id: written.stock_place_id,
        })
    })
    .await
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

/// Holds the item until the end of the transaction, so that two forms about it come one after the other.
async fn lock_item(conn: &mut AsyncPgConnection, id: ItemId) -> Result<ItemSheet, ItemError> {
    let found: Option<ItemId> = item::table
        .find(id)
        .select(item::id)
        .for_no_key_update()
        .first(conn)
        .await
        .optional()?;
    let found = found.ok_or(ItemRefusal::Gone)?;
    let sheet = find_item_sheet(conn, found).await?;
    Ok(sheet.ok_or(ItemRefusal::Gone)?)
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
    let known = super::rulebook::find_item_by_number(conn, number).await?;
    if known.is_some() && known != own {
        return Err(ItemFault::Taken(ItemField::Number, number.to_owned()).into());
    }
    Ok(())
}

/// Somebody else wrote the same number at the same moment.
fn or_taken(error: diesel::result::Error, fault: ItemFault) -> ItemError {
    use diesel::result::{DatabaseErrorKind, Error};
    match error {
        Error::DatabaseError(DatabaseErrorKind::UniqueViolation, _) => fault.into(),
        error => error.into(),
    }
}

async fn add(conn: &mut AsyncPgConnection, fields: &ItemFields) -> Result<Written, ItemError> {
    check_number(conn, &fields.number, None).await?;
    let supplier_id = supplier_named(conn, fields.supplier.as_deref()).await?;
    let item_id: ItemId = diesel::insert_into(item::table)
        .values((
            item::item_number.eq(&fields.number),
            item::name.eq(&fields.name),
            item::base_unit.eq(&fields.base_unit),
            item::category.eq(&fields.category),
            item::supplier_id.eq(supplier_id),
            item::count_class.eq(&fields.count_class),
            item::holding_cost.eq(fields.holding_cost),
            item::is_retired.eq(fields.is_retired),
        ))
        .returning(item::id)
        .get_result(conn)
        .await
        .map_err(|error| {
            let number = fields.number.clone();
            or_taken(error, ItemFault::Taken(ItemField::Number, number))
        })?;
    Ok(Written {
        item_id,
        stock_place_id: None,
        action: "item.added",
        before: None,
        after: Some(told(fields)),
    })
}

async fn edit(
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
        .set((
            item::item_number.eq(&fields.number),
            item::name.eq(&fields.name),
            item::base_unit.eq(&fields.base_unit),
            item::category.eq(&fields.category),
            item::supplier_id.eq(supplier_id),
            item::count_class.eq(&fields.count_class),
            item::holding_cost.eq(fields.holding_cost),
            item::is_retired.eq(fields.is_retired),
        ))
        .execute(conn)
        .await
        .map_err(|error| {
            let number = fields.number.clone();
            or_taken(error, ItemFault::Taken(ItemField::Number, number))
        })?;
    let has_other_inputs =
        sheet.supplier_id != supplier_id || sheet.fields.holding_cost != fields.holding_cost;
    if has_other_inputs {
        follow(conn, id, now).await?;
    }
    Ok(Written {
        item_id: id,
        stock_place_id: None,
        action: "item.changed",
        before: Some(told(&sheet.fields)),
        after: Some(told(fields)),
    })
}

/// What is computed from the item follows at its places.
async fn follow(conn: &mut AsyncPgConnection, id: ItemId, now: DateTime<Utc>) -> QueryResult<bool> {
    let reach = Reach {
        item_id: Some(id),
        ..Reach::default()
    };
    carry_or_note(conn, &reach, now).await
}

fn pack_told(name: &str, units: i64, is_ordered: bool) -> Value {
    json!({"pack": name, "units": units, "is_ordered": is_ordered})
}

fn part(
    item_id: ItemId,
    action: &'static str,
    before: Option<Value>,
    after: Option<Value>,
) -> Written {
    Written {
        item_id,
        stock_place_id: None,
        action,
        before,
        after,
    }
}

async fn add_pack(
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

async fn remove_pack(
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

async fn order_pack(
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

async fn add_code(
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

async fn remove_code(
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

/// The place of stock of this name, in any case.
async fn place_named(conn: &mut AsyncPgConnection, name: &str) -> Result<StockPlaceId, ItemError> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = BigInt)]
        id: StockPlaceId,
    }
    let rows: Vec<Row> = sql_query(
        "SELECT id FROM stock_place WHERE lower(name) = lower($1) AND NOT is_retired ORDER BY name = $1 DESC, id LIMIT 1",
    )
    .bind::<Text, _>(name)
    .load(conn)
    .await?;
    let found = rows.into_iter().next().map(|row| row.id);
    Ok(found.ok_or_else(|| ItemFault::NoPlace(name.to_owned()))?)
}

/// The bin of this name there; one that is new is made, one that was retired is used again.
async fn bin_named(
    conn: &mut AsyncPgConnection,
    place: StockPlaceId,
    name: &str,
) -> QueryResult<BinId> {
    diesel::insert_into(bin::table)
        .values((bin::stock_place_id.eq(place), bin::name.eq(name)))
        .on_conflict((bin::stock_place_id, bin::name))
        .do_update()
        .set(bin::is_retired.eq(false))
        .returning(bin::id)
        .get_result(conn)
        .await
}

async fn hold(
    conn: &mut AsyncPgConnection,
    id: ItemId,
    held: &Held,
    now: DateTime<Utc>,
) -> Result<Written, ItemError> {
    let sheet = lock_item(conn, id).await?;
    if sheet.fields.is_retired {
        return Err(ItemFault::IsRetired.into());
    }
    if held.second_bin.as_deref() == Some(held.bin.as_str()) {
        return Err(ItemFault::SameBin(held.bin.clone()).into());
    }
    let place = place_named(conn, &held.place).await?;
    let key = StockKey {
        item_id: id,
        stock_place_id: place,
    };
    lock(conn, &[key]).await?;
    let first = bin_named(conn, place, &held.bin).await?;
    let second = match &held.second_bin {
        Some(name) => Some(bin_named(conn, place, name).await?),
        None => None,
    };
    // What one of two bins holds is put in with the rules, below.
    diesel::insert_into(stocking::table)
        .values((
            stocking::item_id.eq(id),
            stocking::stock_place_id.eq(place),
            stocking::bin_id.eq(first),
            stocking::second_bin_id.eq(second),
            stocking::fixed_quantity.eq(1_i64),
        ))
        .on_conflict((stocking::item_id, stocking::stock_place_id))
        .do_update()
        .set((
            stocking::bin_id.eq(first),
            stocking::second_bin_id.eq(second),
            stocking::fixed_quantity.eq(1_i64),
        ))
        .execute(conn)
        .await?;
    carry(conn, &[key], now).await?;
    let after = json!({"stock_place_id": place, "bin": held.bin, "second_bin": held.second_bin});
    let mut written = part(id, "item.held", None, Some(after));
    written.stock_place_id = Some(place);
    Ok(written)
}

async fn end_holding(
    conn: &mut AsyncPgConnection,
    id: ItemId,
    place: StockPlaceId,
    now: DateTime<Utc>,
) -> Result<Written, ItemError> {
    lock_item(conn, id).await?;
    let key_of = StockKey {
        item_id: id,
        stock_place_id: place,
    };
    lock(conn, &[key_of]).await?;
    // More or less than nothing: somebody has to take it away or count it first.
    let levels: Vec<i64> = stock_level::table
        .filter(stock_level::item_id.eq(id))
        .filter(stock_level::stock_place_id.eq(place))
        .filter(stock_level::on_hand.ne(0))
        .select(stock_level::on_hand)
        .load(conn)
        .await?;
    if !levels.is_empty() {
        return Err(ItemFault::HasStock(levels.iter().sum()).into());
    }
    let lines: Vec<(OrderLineId, OrderState)> = order_line::table
        .filter(order_line::item_id.eq(id))
        .filter(order_line::stock_place_id.eq(place))
        .filter(order_line::ended_at.is_null())
        .select((order_line::id, order_line::state))
        .for_update()
        .load(conn)
        .await?;
    if lines
        .iter()
        .any(|(_, state)| *state != OrderState::Suggested)
    {
        return Err(ItemFault::HasOrder.into());
    }
    let drafts: Vec<OrderLineId> = lines.iter().map(|(line, _)| *line).collect();
    diesel::update(order_line::table.filter(order_line::id.eq_any(drafts)))
        .set((
            order_line::state.eq(OrderState::Withdrawn),
            order_line::ended_at.eq(now),
            order_line::settled_at.eq(now),
        ))
        .execute(conn)
        .await?;
    let subject = Subject::ItemAtPlace(id, place);
    let mut alerts = [
        AlertKind::Stockout,
        AlertKind::Reorder,
        AlertKind::BothBinsEmpty,
    ]
    .map(|kind| key(kind, subject));
    alerts.sort();
    end(conn, &alerts, now).await?;
    diesel::delete(
        stock_rule::table
            .filter(stock_rule::item_id.eq(id))
            .filter(stock_rule::stock_place_id.eq(place)),
    )
    .execute(conn)
    .await?;
    if diesel::delete(stocking::table.find((id, place)))
        .execute(conn)
        .await?
        == 0
    {
        return Err(ItemRefusal::Gone.into());
    }
    let before = json!({"stock_place_id": place});
    Ok(part(id, "item.no_longer_held", Some(before), None))
}

/// Where an item is held, by names, to change it.
///
/// # Errors
/// When the database fails.
pub async fn find_held(mut conn: &AsyncPgConnection, key: StockKey) -> QueryResult<Option<Held>> {
    type Row = (String, BinId, Option<BinId>);
    let found: Option<Row> = stocking::table
        .inner_join(stock_place::table)
        .filter(stocking::item_id.eq(key.item_id))
        .filter(stocking::stock_place_id.eq(key.stock_place_id))
        .select((stock_place::name, stocking::bin_id, stocking::second_bin_id))
        .first(&mut conn)
        .await
        .optional()?;
    let Some((place, first, second)) = found else {
        return Ok(None);
    };
    let bins: Vec<(BinId, String)> = bin::table
        .filter(bin::id.eq_any([Some(first), second].into_iter().flatten()))
        .select((bin::id, bin::name))
        .load(&mut conn)
        .await?;
    let name = |id: BinId| {
        let found = bins.iter().find(|(known, _)| *known == id);
        found.map(|(_, name)| name.clone())
    };
    Ok(Some(Held {
        place,
        bin: name(first).unwrap_or_default(),
        second_bin: second.and_then(name),
    }))
}

/// A supplier: how it delivers and what an order costs.
#[derive(Clone, Debug, PartialEq, Queryable)]
pub struct SupplierFields {
    /// Its name.
    pub name: String,
    /// Days from order to delivery.
    pub lead_days: f32,
    /// Their deviation.
    pub lead_deviation_days: f32,
    /// What one order costs.
    pub order_cost: Option<f64>,
}

impl SupplierFields {
    /// Tells one state of a supplier from any other.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        format!("{self:?}")
    }

    fn told(&self) -> Value {
        json!({
            "name": self.name,
            "lead_days": self.lead_days,
            "lead_deviation_days": self.lead_deviation_days,
            "order_cost": self.order_cost,
        })
    }
}

/// A supplier.
///
/// # Errors
/// When the database fails.
pub async fn find_supplier(
    mut conn: &AsyncPgConnection,
    id: SupplierId,
) -> QueryResult<Option<SupplierFields>> {
    supplier::table
        .find(id)
        .select((
            supplier::name,
            supplier::lead_days,
            supplier::lead_deviation_days,
            supplier::order_cost,
        ))
        .first(&mut conn)
        .await
        .optional()
}

/// A form about a supplier.
#[derive(Clone, Copy, Debug)]
pub struct SupplierForm<'a> {
    /// Its idempotency key.
    pub key: Uuid,
    /// By whom.
    pub user_id: UserId,
    /// Which supplier.
    pub supplier_id: SupplierId,
    /// What the form showed of it.
    pub shown: &'a str,
    /// What it becomes.
    pub fields: &'a SupplierFields,
    /// Where the answer leads.
    pub location: &'a str,
}

/// Changes a supplier once, in one transaction; what is computed from it follows in parts, which the database itself notes. `Some`: the form was
/// carried out before, and led there.
///
/// # Errors
/// See [`ItemError`]; then the key is not used up.
pub async fn perform_supplier_form(
    conn: &mut AsyncPgConnection,
    form: &SupplierForm<'_>,
    now: DateTime<Utc>,
) -> Result<Option<String>, ItemError> {
    conn.transaction(async |conn| {
        let repeat = take_form_key(conn, form.key, form.user_id, form.location, now).await?;
        if repeat.is_some() {
            return Ok(repeat);
        }
        let locked: Option<SupplierId> = supplier::table
            .find(form.supplier_id)
            .select(supplier::id)
            .for_no_key_update()
            .first(conn)
            .await
            .optional()?;
        let known = match locked {
            Some(id) => find_supplier(conn, id).await?,
            None => None,
        };
        let known = known.ok_or(ItemRefusal::Gone)?;
        if known.fingerprint() != form.shown {
            return Err(ItemRefusal::Stale.into());
        }
        let fields = form.fields;
        diesel::update(supplier::table.find(form.supplier_id))
            .set((
                supplier::name.eq(&fields.name),
                supplier::lead_days.eq(fields.lead_days),
                supplier::lead_deviation_days.eq(fields.lead_deviation_days),
                supplier::order_cost.eq(fields.order_cost),
            ))
            .execute(conn)
            .await
            .map_err(|error| {
                let name = fields.name.clone();
                or_taken(error, ItemFault::Taken(ItemField::Name, name))
            })?;
        let subject = format!("supplier:{}", form.supplier_id);
        let mut event = Event::new(Actor::User(form.user_id), "supplier.changed", subject);
        (event.before, event.after) = (Some(known.told()), Some(fields.told()));
        record_audit(conn, &event, now).await?;
        Ok(None)
    })
    .await
}
