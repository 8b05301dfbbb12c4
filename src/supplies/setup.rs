//! What readers mean for a place of stock: which antennas of its room are boards or exits, which tag is the card of which bin, and which
//! reader counts a cabinet. Every change is audited; the consumer learns of it at once, because it bumps the version of its directory.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error as QueryError};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use serde_json::{Value, json};

use super::settle::settle;
use super::silence::lock_place;
use crate::alerts::rules::{Subject, key};
use crate::alerts::store::end;
use crate::audit::{Actor, Event, record_audit};
use crate::codes::tag_key;
use crate::db::schema::{
    antenna, bin, bin_card, cabinet, count_session, inventory_part, item, reader, stock_place,
    stocking, tag, unit_tag, zone,
};
use crate::db::types::{AlertKind, AntennaPurpose, ReaderState, StockPlaceKind, Technology};
use crate::ids::{BinId, ReaderId, RoomId, StockPlaceId, TagId, UserId};

/// Antennas or readers that a page shows.
pub const SHOWN_MAX: i64 = 200;

/// An antenna in the room of a place.
#[derive(Clone, Debug, PartialEq, Eq, Queryable)]
pub struct AntennaLine {
    /// Its id.
    pub antenna_id: i64,
    /// Its reader.
    pub reader_key: String,
    /// Its number at the reader.
    pub port: i16,
    /// Where it hears.
    pub zone_name: String,
    /// What a tag that it reads means.
    pub purpose: AntennaPurpose,
}

/// One of two bins, and its card.
#[derive(Clone, Debug, PartialEq, Eq, Queryable)]
pub struct CardLine {
    /// The bin.
    pub bin_id: BinId,
    /// Its name.
    pub bin_name: String,
    /// What lies in it.
    pub item_name: String,
    /// The tag of its card.
    pub tag_key: Option<String>,
}

/// What a place is set up with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Setup {
    /// Antennas of its room.
    pub antennas: Vec<AntennaLine>,
    /// Its bins of two.
    pub cards: Vec<CardLine>,
    /// Readers that may count it, when it is a cabinet: id, key, and whether it is this one.
    pub readers: Option<Vec<(ReaderId, String, bool)>>,
}

/// Reads what a place is set up with; `None` when there is no such place.
///
/// # Errors
/// When the database fails.
pub async fn find_setup(
    mut conn: &AsyncPgConnection,
    place: StockPlaceId,
) -> QueryResult<Option<Setup>> {
    type Place = (StockPlaceKind, Option<RoomId>, Option<ReaderId>);
    let found: Option<Place> = stock_place::table
        .find(place)
        .filter(stock_place::is_retired.eq(false))
        .select((
            stock_place::kind,
            stock_place::room_id,
            stock_place::reader_id,
        ))
        .first(&mut conn)
        .await
        .optional()?;
    let Some((kind, room, own)) = found else {
        return Ok(None);
    };
    let antennas = match room {
        Some(room) => list_antennas(conn, room).await?,
        None => Vec::new(),
    };
    let readers = match kind {
        StockPlaceKind::Cabinet => Some(list_readers(conn, own).await?),
        StockPlaceKind::Room | StockPlaceKind::Cart => None,
    };
    Ok(Some(Setup {
        antennas,
        cards: list_cards(conn, place).await?,
        readers,
    }))
}

async fn list_antennas(
    mut conn: &AsyncPgConnection,
    room: RoomId,
) -> QueryResult<Vec<AntennaLine>> {
    antenna::table
        .inner_join(reader::table)
        .inner_join(zone::table)
        .filter(zone::room_id.eq(room))
        .order((reader::reader_key, antenna::port, antenna::id))
        .select((
            antenna::id,
            reader::reader_key,
            antenna::port,
            zone::name,
            antenna::purpose,
        ))
        .limit(SHOWN_MAX)
        .load(&mut conn)
        .await
}

async fn list_cards(
    mut conn: &AsyncPgConnection,
    place: StockPlaceId,
) -> QueryResult<Vec<CardLine>> {
    let lies_in = stocking::stock_place_id
        .eq(bin::stock_place_id)
        .and(stocking::second_bin_id.is_not_null())
        .and(
            stocking::bin_id
                .eq(bin::id)
                .or(stocking::second_bin_id.assume_not_null().eq(bin::id)),
        );
    bin::table
        .inner_join(stocking::table.on(lies_in))
        .inner_join(item::table.on(item::id.eq(stocking::item_id)))
        .left_join(bin_card::table.on(bin_card::bin_id.eq(bin::id)))
        .left_join(tag::table.on(tag::id.eq(bin_card::tag_id)))
        .filter(bin::stock_place_id.eq(place))
        .filter(bin::is_retired.eq(false))
        .order((bin::name, bin::id))
        .select((bin::id, bin::name, item::name, tag::tag_key.nullable()))
        .limit(2 * SHOWN_MAX)
        .load(&mut conn)
        .await
}

/// Readers that count no other cabinet.
async fn list_readers(
    mut conn: &AsyncPgConnection,
    own: Option<ReaderId>,
) -> QueryResult<Vec<(ReaderId, String, bool)>> {
    let taken = stock_place::table
        .filter(stock_place::reader_id.eq(reader::id.nullable()))
        .select(stock_place::id);
    let free = diesel::dsl::not(diesel::dsl::exists(taken));
    let rows: Vec<(ReaderId, String)> = reader::table
        .filter(reader::state.eq(ReaderState::Active))
        .filter(reader::technology.eq(Technology::Rfid))
        .filter(free.or(reader::id.nullable().eq(own)))
        .order(reader::reader_key)
        .select((reader::id, reader::reader_key))
        .limit(SHOWN_MAX)
        .load(&mut conn)
        .await?;
    let rows = rows.into_iter().map(|(id, key)| (id, key, Some(id) == own));
    Ok(rows.collect())
}

/// A change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SetupAct<'a> {
    /// What tags mean that this antenna of the room reads.
    Purpose(i64, AntennaPurpose),
    /// This tag is the card of the bin; empty: it has none any longer.
    Card(BinId, &'a str),
    /// This reader counts the cabinet; `None`: it is counted by people again.
    Reader(Option<ReaderId>),
}

/// Why nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// There is no such place, antenna of its room, bin of two, or reader.
    #[error("there is no such thing at this place")]
    Nothing,
    /// The text is no id of a tag: why.
    #[error("{0}")]
    TagKey(#[from] tag_key::TagKeyError),
    /// The tag is on something else (R1).
    #[error("the tag is on something else")]
    TagTaken,
    /// People are counting the place: their count would be set against the reader's.
    #[error("people are counting the place")]
    BeingCounted,
    /// The reader counts another cabinet, or the place is none.
    #[error("the reader counts another cabinet")]
    ReaderTaken,
    /// The database failed.
    #[error("setting up a place")]
    Database(#[from] QueryError),
}

/// Carries out a change in one transaction.
///
/// # Errors
/// See [`SetupError`].
pub async fn perform_setup(
    conn: &mut AsyncPgConnection,
    place: StockPlaceId,
    act: SetupAct<'_>,
    by: UserId,
    now: DateTime<Utc>,
) -> Result<(), SetupError> {
    conn.transaction(async |conn| {
        let (action, subject, after) = match act {
            SetupAct::Purpose(id, purpose) => {
                set_purpose(conn, place, (id, purpose)).await?;
                let after = json!({ "purpose": purpose.as_str() });
                ("antenna.purpose", format!("antenna:{id}"), after)
            }
            SetupAct::Card(bin_id, text) => {
                let tag = set_card(conn, place, (bin_id, text)).await?;
                ("bin.card", format!("bin:{bin_id}"), json!({ "tag": tag }))
            }
            SetupAct::Reader(reader_id) => {
                set_reader(conn, place, reader_id, now).await?;
                let after: Value = json!({ "reader": reader_id });
                ("stock_place.reader", format!("stock_place:{place}"), after)
            }
        };
        let mut event = Event::new(Actor::User(by), action, subject);
        event.after = Some(after);
        Ok(record_audit(conn, &event, now).await?)
    })
    .await
}

async fn set_purpose(
    conn: &mut AsyncPgConnection,
    place: StockPlaceId,
    (id, purpose): (i64, AntennaPurpose),
) -> Result<(), SetupError> {
    let zones = zone::table
        .inner_join(stock_place::table.on(stock_place::room_id.eq(zone::room_id.nullable())))
        .filter(stock_place::id.eq(place))
        .select(zone::id);
    let set = diesel::update(antenna::table.find(id))
        .filter(antenna::zone_id.eq_any(zones))
        .set(antenna::purpose.eq(purpose))
        .execute(conn)
        .await?;
    (set == 1).then_some(()).ok_or(SetupError::Nothing)
}

/// Returns the tag's key.
async fn set_card(
    conn: &mut AsyncPgConnection,
    place: StockPlaceId,
    (bin_id, text): (BinId, &str),
) -> Result<Option<String>, SetupError> {
    let bins: i64 = bin::table
        .filter(bin::id.eq(bin_id))
        .filter(bin::stock_place_id.eq(place))
        .filter(bin::is_retired.eq(false))
        .count()
        .get_result(conn)
        .await?;
    if bins == 0 {
        return Err(SetupError::Nothing);
    }
    diesel::delete(bin_card::table.filter(bin_card::bin_id.eq(bin_id)))
        .execute(conn)
        .await?;
    if text.trim().is_empty() {
        return Ok(None);
    }
    let key = tag_key::canonical(text.trim())?.into_owned();
    diesel::insert_into(tag::table)
        .values((tag::tag_key.eq(&key), tag::technology.eq(Technology::Rfid)))
        .on_conflict_do_nothing()
        .execute(conn)
        .await?;
    let tag_id: TagId = tag::table
        .filter(tag::tag_key.eq(&key))
        .select(tag::id)
        .first(conn)
        .await?;
    let put = diesel::insert_into(bin_card::table)
        .values((bin_card::tag_id.eq(tag_id), bin_card::bin_id.eq(bin_id)))
        .execute(conn)
        .await;
    match put {
        Ok(_) => Ok(Some(key)),
        Err(QueryError::DatabaseError(DatabaseErrorKind::UniqueViolation, _)) => {
            Err(SetupError::TagTaken)
        }
        Err(error) => Err(error.into()),
    }
}

/// A reader that is new to a cabinet counts it anew with its first inventory; where none is left, people book what they take from then on,
/// and labels stand for nothing there.
async fn set_reader(
    conn: &mut AsyncPgConnection,
    place: StockPlaceId,
    reader_id: Option<ReaderId>,
    now: DateTime<Utc>,
) -> Result<(), SetupError> {
    if let Some(id) = reader_id {
        let readers: i64 = reader::table
            .filter(reader::id.eq(id))
            .filter(reader::state.eq(ReaderState::Active))
            .count()
            .get_result(conn)
            .await?;
        if readers == 0 {
            return Err(SetupError::Nothing);
        }
    }
    // Whoever begins a count locks the place too.
    let old: Option<Option<ReaderId>> = stock_place::table
        .find(place)
        .filter(stock_place::kind.eq(StockPlaceKind::Cabinet))
        .filter(stock_place::is_retired.eq(false))
        .select(stock_place::reader_id)
        .for_no_key_update()
        .first(conn)
        .await
        .optional()?;
    let old = old.ok_or(SetupError::Nothing)?;
    if old == reader_id {
        return Ok(());
    }
    if reader_id.is_some() {
        let counts: i64 = count_session::table
            .filter(count_session::stock_place_id.eq(place))
            .filter(count_session::ended_at.is_null())
            .count()
            .get_result(conn)
            .await?;
        if counts > 0 {
            return Err(SetupError::BeingCounted);
        }
    }
    let held = diesel::update(stock_place::table.find(place));
    let set = if reader_id.is_some() {
        held.set(stock_place::reader_id.eq(reader_id))
            .execute(conn)
            .await
    } else {
        // Nobody waits to hear of it any longer.
        let nobody = (
            stock_place::reader_id.eq(reader_id),
            stock_place::silent_since.eq(None::<DateTime<Utc>>),
        );
        held.set(nobody).execute(conn).await
    };
    match set {
        Err(QueryError::DatabaseError(DatabaseErrorKind::UniqueViolation, _)) => {
            return Err(SetupError::ReaderTaken);
        }
        set => set?,
    };
    forget_inventories(conn, place, [old, reader_id]).await?;
    if reader_id.is_none() {
        be_heard(conn, place, now).await?;
    }
    Ok(())
}

/// What was told of the cabinet before says nothing of what its new reader will tell.
async fn forget_inventories(
    conn: &mut AsyncPgConnection,
    place: StockPlaceId,
    [old, new]: [Option<ReaderId>; 2],
) -> QueryResult<()> {
    let readers: Vec<ReaderId> = [old, new].into_iter().flatten().collect();
    diesel::delete(inventory_part::table.filter(inventory_part::reader_id.eq_any(readers)))
        .execute(conn)
        .await?;
    let anew = (
        cabinet::counts_anew.eq(new.is_some()),
        cabinet::inventory_seq.eq(None::<i64>),
    );
    diesel::insert_into(cabinet::table)
        .values((cabinet::stock_place_id.eq(place), anew))
        .on_conflict(cabinet::stock_place_id)
        .do_update()
        .set(anew)
        .execute(conn)
        .await?;
    let bins = bin::table
        .filter(bin::stock_place_id.eq(place))
        .select(bin::id.nullable());
    diesel::update(unit_tag::table.filter(unit_tag::bin_id.eq_any(bins)))
        .set((
            unit_tag::bin_id.eq(None::<BinId>),
            unit_tag::misses.eq(0_i16),
            unit_tag::missed_since.eq(None::<DateTime<Utc>>),
        ))
        .execute(conn)
        .await
        .map(drop)
}

/// What was held back while the cabinet was silent is looked at again (R24).
async fn be_heard(
    conn: &mut AsyncPgConnection,
    place: StockPlaceId,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    let keys = lock_place(conn, place).await?;
    // The key of the alert is that of the place, whichever reader it is about.
    let subject = Subject::Cabinet(place, ReaderId(0));
    end(conn, &[key(AlertKind::FeedSilent, subject)], now).await?;
    settle(conn, &keys, now).await.map(drop)
}
