//! Items, their packs and codes, where they are held, places of stock, suppliers and rounds, as people add and change them one by one; many at
//! once come by
//! [`super::import`]. Every change is one transaction with its form's key and its row of the audit (S-50).

mod file;
mod holding;
mod items;
mod packs;
mod places;
mod rounds;
mod sheet;
mod suppliers;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use serde_json::Value;
use uuid::Uuid;

pub use self::file::{
    CatalogueFilter, CatalogueItem, CataloguePlace, FILE_FOUND_KEYS_SQL, FILE_ITEMS_SQL,
    FILE_KEYS_SQL, FILE_PLACES_SQL, list_catalogue,
};
pub use self::holding::{Held, find_held};
pub use self::places::{
    PlaceAct, PlaceError, PlaceFault, PlaceFields, PlaceForm, PlacePosted, PlaceRefusal,
    find_place_fields, perform_place_form,
};
pub use self::rounds::{
    ROUNDS_SQL, RoundAct, RoundFields, RoundForm, RoundRow, find_round, list_rounds,
    perform_round_form,
};
pub use self::sheet::{CODES_MAX, ITEM_SHEET_SQL, ItemSheet, PackRow, find_item_sheet};
pub use self::suppliers::{SupplierFields, SupplierForm, find_supplier, perform_supplier_form};
use super::carry::{Reach, carry_or_note};
use super::item_form::{ItemFault, ItemFields};
use crate::audit::{Actor, Event, record_audit};
use crate::db::form_key::take_form_key;
use crate::db::schema::item;
use crate::ids::{ItemId, PackId, StockPlaceId, UserId};

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
            ItemAct::Add(fields) => items::add(conn, fields).await?,
            ItemAct::Edit(id, fields, shown) => items::edit(conn, id, fields, shown, now).await?,
            ItemAct::AddPack(id, name, units, is_ordered) => {
                packs::add_pack(conn, id, (name, units, is_ordered), now).await?
            }
            ItemAct::RemovePack(id, pack) => packs::remove_pack(conn, id, pack, now).await?,
            ItemAct::OrderPack(id, pack) => packs::order_pack(conn, id, pack, now).await?,
            ItemAct::AddCode(id, code, pack) => packs::add_code(conn, id, code, pack).await?,
            ItemAct::RemoveCode(id, code) => packs::remove_code(conn, id, code).await?,
            ItemAct::Hold(id, held) => holding::hold(conn, id, held, now).await?,
            ItemAct::End(id, place) => holding::end_holding(conn, id, place, now).await?,
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

/// Somebody else wrote the same number at the same moment.
fn or_taken(error: diesel::result::Error, fault: ItemFault) -> ItemError {
    use diesel::result::{DatabaseErrorKind, Error};
    match error {
        Error::DatabaseError(DatabaseErrorKind::UniqueViolation, _) => fault.into(),
        error => error.into(),
    }
}

/// What is computed from the item follows at its places.
async fn follow(conn: &mut AsyncPgConnection, id: ItemId, now: DateTime<Utc>) -> QueryResult<bool> {
    let reach = Reach {
        item_id: Some(id),
        ..Reach::default()
    };
    carry_or_note(conn, &reach, now).await
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
