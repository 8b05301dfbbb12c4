//! Registering readers and issuing their credentials (S-35..S-38).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::config::Secret;
use crate::credential::hash_broker_password as hash_password;
use crate::db::schema::{antenna, reader, reader_credential, room, zone};
use crate::db::types::{ReaderState, Technology};
use crate::ids::{ReaderId, RoomId, ZoneId};

/// Zone of a reader that covers a room as a whole.
const WHOLE_ROOM: &str = "Whole room";

/// A reader's sign-in at the broker.
#[derive(Clone, Debug, Queryable)]
#[diesel(check_for_backend(diesel::pg::Pg))]
pub struct ReaderBrokerUser {
    /// Id on the wire.
    pub reader_key: String,
    /// `a` or `b`.
    pub slot: String,
    /// RabbitMQ's salted SHA-256 of the password.
    pub secret_hash: Vec<u8>,
}

/// Broker sign-ins of all readers that are not disabled, so that an empty broker can be filled again.
///
/// # Errors
/// When the database fails.
pub async fn list_broker_users(mut conn: &AsyncPgConnection) -> QueryResult<Vec<ReaderBrokerUser>> {
    reader_credential::table
        .inner_join(reader::table)
        .filter(reader_credential::kind.eq("amqp"))
        .filter(reader_credential::revoked_at.is_null())
        .filter(reader::state.ne(ReaderState::Disabled))
        .order((reader::reader_key, reader_credential::slot))
        .select((
            reader::reader_key,
            reader_credential::slot,
            reader_credential::secret_hash,
        ))
        .load(&mut conn)
        .await
}

/// Ids on the wire of all readers.
///
/// # Errors
/// When the database fails.
pub async fn list_reader_keys(mut conn: &AsyncPgConnection) -> QueryResult<Vec<String>> {
    reader::table
        .order(reader::reader_key)
        .select(reader::reader_key)
        .load(&mut conn)
        .await
}

/// A reader to register.
#[derive(Clone, Debug, Insertable)]
#[diesel(table_name = reader)]
pub struct NewReader<'a> {
    /// Id on the wire.
    pub reader_key: &'a str,
    /// What people call it.
    pub name: &'a str,
    /// What it listens to.
    pub technology: Technology,
    /// Waiting until approved, or active at once when an administrator registers it.
    pub state: ReaderState,
    /// How often it reports when it hears nothing.
    pub heartbeat_interval_ms: Option<i64>,
    /// Needed for active ones.
    pub approved_at: Option<DateTime<Utc>>,
}

/// Registers a reader; one with this key is left as it is. Returns its id.
///
/// # Errors
/// When the database fails, or the key is not `[a-z0-9-]{1,64}`.
pub async fn insert_reader(
    conn: &mut AsyncPgConnection,
    new: &NewReader<'_>,
) -> QueryResult<ReaderId> {
    diesel::insert_into(reader::table)
        .values(new)
        .on_conflict_do_nothing()
        .execute(conn)
        .await?;
    reader::table
        .filter(reader::reader_key.eq(new.reader_key))
        .select(reader::id)
        .first(conn)
        .await
}

/// A secret of 256 random bits as text.
fn new_secret() -> String {
    URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>())
}

/// Gives a reader a new broker password in a slot; the former one of that slot is no longer valid. Shown once: only its hash
/// is kept (S-36). The broker learns of it by `Management::upsert_user`.
///
/// # Errors
/// When the database fails.
pub async fn insert_amqp_credential(
    conn: &mut AsyncPgConnection,
    reader_id: ReaderId,
    slot: &str,
    now: DateTime<Utc>,
) -> QueryResult<(Secret, Vec<u8>)> {
    let secret = new_secret();
    let hash = hash_password(&secret, rand::random());
    revoke(conn, reader_id, "amqp", slot, now).await?;
    diesel::insert_into(reader_credential::table)
        .values((
            reader_credential::reader_id.eq(reader_id),
            reader_credential::kind.eq("amqp"),
            reader_credential::slot.eq(slot),
            reader_credential::secret_hash.eq(&hash),
            reader_credential::created_at.eq(now),
        ))
        .execute(conn)
        .await?;
    Ok((Secret::new(secret), hash))
}

/// Gives a reader a new key for the HTTP endpoint, `wtr_<id>_<secret>` (S-37). Shown once.
///
/// # Errors
/// When the database fails.
pub async fn insert_http_key(
    conn: &mut AsyncPgConnection,
    reader_id: ReaderId,
    slot: &str,
    now: DateTime<Utc>,
) -> QueryResult<Secret> {
    let secret = new_secret();
    let key_id = format!("{:016x}", rand::random::<u64>());
    revoke(conn, reader_id, "http", slot, now).await?;
    diesel::insert_into(reader_credential::table)
        .values((
            reader_credential::reader_id.eq(reader_id),
            reader_credential::kind.eq("http"),
            reader_credential::slot.eq(slot),
            reader_credential::key_id.eq(&key_id),
            reader_credential::secret_hash.eq(Sha256::digest(secret.as_bytes()).to_vec()),
            reader_credential::created_at.eq(now),
        ))
        .execute(conn)
        .await?;
    Ok(Secret::new(format!("wtr_{key_id}_{secret}")))
}

async fn revoke(
    conn: &mut AsyncPgConnection,
    reader_id: ReaderId,
    kind: &str,
    slot: &str,
    now: DateTime<Utc>,
) -> QueryResult<usize> {
    let former = reader_credential::table
        .filter(reader_credential::reader_id.eq(reader_id))
        .filter(reader_credential::kind.eq(kind))
        .filter(reader_credential::slot.eq(slot))
        .filter(reader_credential::revoked_at.is_null());
    diesel::update(former)
        .set(reader_credential::revoked_at.eq(now))
        .execute(conn)
        .await
}

/// Row, hash and end of a key, and its reader's key and state.
type HttpKeyRow = (i64, Vec<u8>, Option<DateTime<Utc>>, String, ReaderState);

/// Who a key of the HTTP endpoint belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpReader {
    /// Its id on the wire.
    pub reader_key: String,
    /// Whether it was disabled.
    pub is_disabled: bool,
}

/// The reader whose valid key this is, compared in constant time (S-37).
///
/// # Errors
/// When the database fails.
pub async fn find_reader_of_http_key(
    conn: &mut AsyncPgConnection,
    key: &str,
    now: DateTime<Utc>,
) -> QueryResult<Option<HttpReader>> {
    let Some((key_id, secret)) = key
        .strip_prefix("wtr_")
        .and_then(|rest| rest.split_once('_'))
    else {
        return Ok(None);
    };
    let row: Option<HttpKeyRow> = reader_credential::table
        .inner_join(reader::table)
        .filter(reader_credential::key_id.eq(key_id))
        .filter(reader_credential::revoked_at.is_null())
        .select((
            reader_credential::id,
            reader_credential::secret_hash,
            reader_credential::expires_at,
            reader::reader_key,
            reader::state,
        ))
        .first(conn)
        .await
        .optional()?;
    let Some((credential_id, hash, expires_at, reader_key, state)) = row else {
        return Ok(None);
    };
    let is_right: bool = Sha256::digest(secret.as_bytes())
        .as_slice()
        .ct_eq(&hash)
        .into();
    if !is_right || expires_at.is_some_and(|end| end <= now) {
        return Ok(None);
    }
    // Once a minute is enough to show that a key is in use.
    let is_old = reader_credential::last_used_at
        .is_null()
        .or(reader_credential::last_used_at.lt(now - chrono::TimeDelta::minutes(1)));
    diesel::update(
        reader_credential::table
            .find(credential_id)
            .filter(is_old.assume_not_null()),
    )
    .set(reader_credential::last_used_at.eq(now))
    .execute(conn)
    .await?;
    Ok(Some(HttpReader {
        reader_key,
        is_disabled: state == ReaderState::Disabled,
    }))
}

/// Row of the reader with this id on the wire.
///
/// # Errors
/// When the database fails.
pub async fn find_reader(
    conn: &mut AsyncPgConnection,
    reader_key: &str,
) -> QueryResult<Option<ReaderId>> {
    reader::table
        .filter(reader::reader_key.eq(reader_key))
        .select(reader::id)
        .first(conn)
        .await
        .optional()
}

/// Changes whether a reader's sightings are used (S-38).
///
/// # Errors
/// When the database fails.
pub async fn update_state(
    conn: &mut AsyncPgConnection,
    reader_id: ReaderId,
    state: ReaderState,
    now: DateTime<Utc>,
) -> QueryResult<usize> {
    let approved_at = (state == ReaderState::Active).then_some(now);
    diesel::update(reader::table.find(reader_id))
        .set((
            reader::state.eq(state),
            approved_at.map(|at| reader::approved_at.eq(at)),
        ))
        .execute(conn)
        .await
}

/// A line of the list of readers.
#[derive(Clone, Debug, Queryable)]
#[diesel(check_for_backend(diesel::pg::Pg))]
pub struct ReaderLine {
    /// Id on the wire.
    pub reader_key: String,
    /// What people call it.
    pub name: String,
    /// Whether its sightings are used.
    pub state: ReaderState,
}

/// All readers by their id on the wire.
///
/// # Errors
/// When the database fails.
pub async fn list_readers(mut conn: &AsyncPgConnection) -> QueryResult<Vec<ReaderLine>> {
    reader::table
        .order(reader::reader_key)
        .select((reader::reader_key, reader::name, reader::state))
        .load(&mut conn)
        .await
}

/// Rooms of this name.
///
/// # Errors
/// When the database fails.
pub async fn list_rooms_named(
    conn: &mut AsyncPgConnection,
    name: &str,
) -> QueryResult<Vec<RoomId>> {
    room::table
        .filter(room::name.eq(name))
        .order(room::id)
        .select(room::id)
        .limit(10)
        .load(conn)
        .await
}

/// Lets a reader cover a room as a whole.
///
/// # Errors
/// When the database fails.
pub async fn upsert_whole_reader_antenna(
    conn: &mut AsyncPgConnection,
    reader_id: ReaderId,
    room_id: RoomId,
) -> QueryResult<()> {
    let values = (zone::room_id.eq(room_id), zone::name.eq(WHOLE_ROOM));
    diesel::insert_into(zone::table)
        .values(values)
        .on_conflict_do_nothing()
        .execute(conn)
        .await?;
    let whole = zone::table
        .filter(zone::room_id.eq(room_id))
        .filter(zone::name.eq(WHOLE_ROOM))
        .select(zone::id);
    let zone_id: ZoneId = whole.first(conn).await?;
    diesel::insert_into(antenna::table)
        .values((
            antenna::reader_id.eq(reader_id),
            antenna::port.eq(0_i16),
            antenna::zone_id.eq(zone_id),
        ))
        .on_conflict((antenna::reader_id, antenna::port))
        .do_update()
        .set(antenna::zone_id.eq(zone_id))
        .execute(conn)
        .await
        .map(drop)
}
