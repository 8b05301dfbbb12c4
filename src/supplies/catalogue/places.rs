//! Places of stock: added, renamed, moved to another room, tied to the cart that they are, and retired.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error as QueryError};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use serde_json::{Value, json};
use uuid::Uuid;

use super::holding::end_at;
use crate::audit::{Actor, Event, record_audit};
use crate::db::form_key::take_form_key;
use crate::db::schema::{
    asset, bin, bin_card, count_session, order_line, stock_level, stock_place, stock_rule,
    stocking, supply_round,
};
use crate::db::types::{AssetStatus, OrderState, StockPlaceKind};
use crate::ids::{AssetId, BinId, ItemId, RoomId, RoundId, StockPlaceId, UserId};
use crate::supplies::ledger::{StockKey, lock};

/// A place of stock as it is to be.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, AsChangeset, Insertable)]
#[diesel(table_name = stock_place, treat_none_as_null = true)]
pub struct PlaceFields {
    /// Room, cart or cabinet.
    pub kind: StockPlaceKind,
    /// Its name.
    pub name: String,
    /// The room it is in, or belongs to.
    pub room_id: Option<RoomId>,
    /// The cart as a device: it is where its tag is.
    pub asset_id: Option<AssetId>,
    /// Its round.
    #[diesel(column_name = supply_round_id)]
    pub round_id: Option<RoundId>,
    /// Whether it is no longer used.
    pub is_retired: bool,
}

impl PlaceFields {
    /// Tells one state of a place from any other.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        format!("{self:?}")
    }

    fn told(&self) -> Value {
        json!({
            "kind": self.kind.as_str(),
            "name": self.name,
            "room_id": self.room_id,
            "asset_id": self.asset_id,
            "supply_round_id": self.round_id,
            "is_retired": self.is_retired,
        })
    }
}

/// What a person does with places of stock.
#[derive(Clone, Copy, Debug)]
pub enum PlaceAct<'a> {
    /// Adds one.
    Add(&'a PlaceFields),
    /// Changes it; what the form showed of it.
    Edit(StockPlaceId, &'a PlaceFields, &'a str),
}

/// A form that somebody sent.
#[derive(Clone, Copy, Debug)]
pub struct PlaceForm<'a> {
    /// Its idempotency key.
    pub key: Uuid,
    /// By whom.
    pub user_id: UserId,
    /// What.
    pub act: PlaceAct<'a>,
    /// Where the answer of a second press leads.
    pub location: &'a str,
}

/// What became of a form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PlacePosted {
    /// It was carried out.
    Done(StockPlaceId),
    /// The same form was carried out before: nothing was done again.
    Repeat {
        /// Where the first one led.
        location: String,
    },
}

/// What does not fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PlaceFault {
    /// Another place has the name; which, when it is no longer used.
    Taken(String, Option<StockPlaceId>),
    /// It is nowhere.
    NoRoom,
    /// Only a cart is a device.
    NoCart,
    /// There is no such device in use.
    NoDevice,
    /// The device is this place already.
    DeviceTaken(String),
    /// There is no such round any more.
    NoRound,
    /// A reader counts it, so it is a cabinet, and in use.
    HasReader {
        /// It was to be retired.
        is_retiring: bool,
    },
    /// So many items lie there by the books, or are missing there.
    HasStock(i64),
    /// So many orders for it were approved or are on their way.
    HasOrders(i64),
    /// People are counting it.
    BeingCounted,
}

/// Why nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PlaceRefusal {
    /// There is no such place.
    Gone,
    /// Somebody changed it since the form was shown.
    Stale,
    /// It does not fit.
    Fault(PlaceFault),
}

/// Why a form was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum PlaceError {
    /// It is not allowed; nothing was changed.
    #[error("the place of stock cannot be changed so")]
    Refused(PlaceRefusal),
    /// The database failed; nothing was changed.
    #[error("changing a place of stock")]
    Database(#[from] QueryError),
}

crate::db::again::refusable!(PlaceError, PlaceRefusal);

impl From<PlaceFault> for PlaceError {
    fn from(fault: PlaceFault) -> Self {
        Self::Refused(PlaceRefusal::Fault(fault))
    }
}

/// A place by itself, also one that is no longer used.
///
/// # Errors
/// When the database fails.
pub async fn find_place_fields(
    mut conn: &AsyncPgConnection,
    id: StockPlaceId,
) -> QueryResult<Option<PlaceFields>> {
    stock_place::table
        .find(id)
        .select((
            stock_place::kind,
            stock_place::name,
            stock_place::room_id,
            stock_place::asset_id,
            stock_place::supply_round_id,
            stock_place::is_retired,
        ))
        .first(&mut conn)
        .await
        .optional()
}

/// Carries a form out once, in one transaction.
///
/// # Errors
/// See [`PlaceError`]; then the key is not used up.
pub async fn perform_place_form(
    conn: &mut AsyncPgConnection,
    form: &PlaceForm<'_>,
    now: DateTime<Utc>,
) -> Result<PlacePosted, PlaceError> {
    conn.transaction(async |conn| {
        if let Some(location) =
            take_form_key(conn, form.key, form.user_id, form.location, now).await?
        {
            return Ok(PlacePosted::Repeat { location });
        }
        let (id, action, before, fields) = match form.act {
            PlaceAct::Add(fields) => {
                check(conn, fields, None).await?;
                let id = diesel::insert_into(stock_place::table)
                    .values(fields)
                    .returning(stock_place::id)
                    .get_result(conn)
                    .await
                    .map_err(|error| or_taken(error, fields))?;
                (id, "stock_place.added", None, fields)
            }
            PlaceAct::Edit(id, fields, shown) => {
                let known = edit(conn, (id, fields), shown, now).await?;
                let action = if fields.is_retired && !known.is_retired {
                    "stock_place.retired"
                } else {
                    "stock_place.changed"
                };
                (id, action, Some(known.told()), fields)
            }
        };
        let mut event = Event::new(
            Actor::User(form.user_id),
            action,
            format!("stock_place:{id}"),
        );
        (event.before, event.after) = (before, Some(fields.told()));
        record_audit(conn, &event, now).await?;
        Ok(PlacePosted::Done(id))
    })
    .await
}

/// Somebody else took the name or the device at the same moment.
fn or_taken(error: QueryError, fields: &PlaceFields) -> PlaceError {
    match &error {
        QueryError::DatabaseError(DatabaseErrorKind::UniqueViolation, facts) => {
            match facts.constraint_name() {
                // Saved again, it is said which place that is.
                Some("stock_place_asset_id_key") => PlaceError::Refused(PlaceRefusal::Stale),
                _ => PlaceFault::Taken(fields.name.clone(), None).into(),
            }
        }
        _ => error.into(),
    }
}

/// Changes a place; returns how it was.
async fn edit(
    conn: &mut AsyncPgConnection,
    (id, fields): (StockPlaceId, &PlaceFields),
    shown: &str,
    now: DateTime<Utc>,
) -> Result<PlaceFields, PlaceError> {
    let mut keys = Vec::new();
    if fields.is_retired {
        // What moves there now is waited for; whoever moves something locks in this order too.
        keys = list_held(conn, id).await?;
        lock(conn, &keys).await?;
    }
    let locked: Option<StockPlaceId> = stock_place::table
        .find(id)
        .select(stock_place::id)
        .for_update()
        .first(conn)
        .await
        .optional()?;
    let known = match locked {
        Some(id) => find_place_fields(conn, id).await?,
        None => None,
    };
    let known = known.ok_or(PlaceError::Refused(PlaceRefusal::Gone))?;
    if known.fingerprint() != shown {
        return Err(PlaceError::Refused(PlaceRefusal::Stale));
    }
    check(conn, fields, Some((id, &known))).await?;
    let is_retiring = fields.is_retired && !known.is_retired;
    if is_retiring || fields.kind != StockPlaceKind::Cabinet {
        check_no_reader(conn, id, is_retiring).await?;
    }
    if is_retiring {
        if list_held(conn, id).await? != keys {
            return Err(PlaceError::Refused(PlaceRefusal::Stale));
        }
        check_empty(conn, id).await?;
        retire(conn, id, &keys, now).await?;
    }
    diesel::update(stock_place::table.find(id))
        .set(fields)
        .execute(conn)
        .await
        .map_err(|error| or_taken(error, fields))?;
    Ok(known)
}

/// What a place should hold, in the order of the locks.
async fn list_held(conn: &mut AsyncPgConnection, id: StockPlaceId) -> QueryResult<Vec<StockKey>> {
    let items: Vec<ItemId> = stocking::table
        .filter(stocking::stock_place_id.eq(id))
        .select(stocking::item_id)
        .order(stocking::item_id)
        .load(conn)
        .await?;
    let key = |item_id| StockKey {
        item_id,
        stock_place_id: id,
    };
    Ok(items.into_iter().map(key).collect())
}

/// Whether the fields fit: each by itself, and beside other places. `own` is the place as it was.
async fn check(
    conn: &mut AsyncPgConnection,
    fields: &PlaceFields,
    own: Option<(StockPlaceId, &PlaceFields)>,
) -> Result<(), PlaceError> {
    let own_id = own.map_or(StockPlaceId(0), |(id, _)| id);
    let known = own.map(|(_, known)| known);
    if known.is_none_or(|known| known.name != fields.name) {
        let named: Option<(StockPlaceId, bool)> = stock_place::table
            .filter(
                diesel::dsl::sql::<diesel::sql_types::Bool>("lower(name) = lower(")
                    .bind::<diesel::sql_types::Text, _>(&fields.name)
                    .sql(")"),
            )
            .filter(stock_place::id.ne(own_id))
            .select((stock_place::id, stock_place::is_retired))
            .order((stock_place::is_retired, stock_place::id))
            .first(conn)
            .await
            .optional()?;
        if let Some((id, is_retired)) = named {
            return Err(PlaceFault::Taken(fields.name.clone(), is_retired.then_some(id)).into());
        }
    }
    match fields.asset_id {
        Some(_) if fields.kind != StockPlaceKind::Cart => return Err(PlaceFault::NoCart.into()),
        Some(asset_id) => check_device(conn, asset_id, own_id, known).await?,
        None if fields.room_id.is_none() => return Err(PlaceFault::NoRoom.into()),
        None => {}
    }
    if let Some(round) = fields.round_id {
        // Held, so that nobody takes the round away meanwhile.
        let found: Option<RoundId> = supply_round::table
            .find(round)
            .select(supply_round::id)
            .for_key_share()
            .first(conn)
            .await
            .optional()?;
        found.ok_or(PlaceFault::NoRound)?;
    }
    Ok(())
}

async fn check_device(
    conn: &mut AsyncPgConnection,
    asset_id: AssetId,
    own_id: StockPlaceId,
    known: Option<&PlaceFields>,
) -> Result<(), PlaceError> {
    if known.is_some_and(|known| known.asset_id == Some(asset_id)) {
        return Ok(());
    }
    let status: Option<AssetStatus> = asset::table
        .find(asset_id)
        .select(asset::status)
        .first(conn)
        .await
        .optional()?;
    if status.is_none_or(|status| status == AssetStatus::Retired) {
        return Err(PlaceFault::NoDevice.into());
    }
    let other: Option<String> = stock_place::table
        .filter(stock_place::asset_id.eq(asset_id))
        .filter(stock_place::id.ne(own_id))
        .select(stock_place::name)
        .first(conn)
        .await
        .optional()?;
    other.map_or(Ok(()), |name| Err(PlaceFault::DeviceTaken(name).into()))
}

async fn check_no_reader(
    conn: &mut AsyncPgConnection,
    id: StockPlaceId,
    is_retiring: bool,
) -> Result<(), PlaceError> {
    let readers: i64 = stock_place::table
        .find(id)
        .filter(stock_place::reader_id.is_not_null())
        .count()
        .get_result(conn)
        .await?;
    if readers > 0 {
        return Err(PlaceFault::HasReader { is_retiring }.into());
    }
    Ok(())
}

/// Nothing is there by the books, is to come, or is being counted.
async fn check_empty(conn: &mut AsyncPgConnection, id: StockPlaceId) -> Result<(), PlaceError> {
    let items: Vec<ItemId> = stock_level::table
        .filter(stock_level::stock_place_id.eq(id))
        .filter(stock_level::on_hand.ne(0))
        .select(stock_level::item_id)
        .distinct()
        .load(conn)
        .await?;
    if !items.is_empty() {
        let items = i64::try_from(items.len()).unwrap_or(i64::MAX);
        return Err(PlaceFault::HasStock(items).into());
    }
    let orders: i64 = order_line::table
        .filter(order_line::stock_place_id.eq(id))
        .filter(order_line::ended_at.is_null())
        .filter(order_line::state.ne(OrderState::Suggested))
        .count()
        .get_result(conn)
        .await?;
    if orders > 0 {
        return Err(PlaceFault::HasOrders(orders).into());
    }
    let counts: i64 = count_session::table
        .filter(count_session::stock_place_id.eq(id))
        .filter(count_session::ended_at.is_null())
        .count()
        .get_result(conn)
        .await?;
    if counts > 0 {
        return Err(PlaceFault::BeingCounted.into());
    }
    Ok(())
}

/// What belongs to the place goes with it: what it should hold with suggestions and alerts, its rules, its bins and their cards.
async fn retire(
    conn: &mut AsyncPgConnection,
    id: StockPlaceId,
    keys: &[StockKey],
    now: DateTime<Utc>,
) -> QueryResult<()> {
    end_at(conn, keys, now).await?;
    diesel::delete(stock_rule::table.filter(stock_rule::stock_place_id.eq(id)))
        .execute(conn)
        .await?;
    let bins: Vec<BinId> = bin::table
        .filter(bin::stock_place_id.eq(id))
        .select(bin::id)
        .load(conn)
        .await?;
    diesel::delete(bin_card::table.filter(bin_card::bin_id.eq_any(&bins)))
        .execute(conn)
        .await?;
    diesel::update(bin::table.filter(bin::id.eq_any(&bins)))
        .set((
            bin::is_retired.eq(true),
            bin::empty_since.eq(None::<DateTime<Utc>>),
        ))
        .execute(conn)
        .await
        .map(drop)
}
