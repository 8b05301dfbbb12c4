//! Reads of readers and consumers, and the approval of a reader.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Integer, Nullable, Text, Timestamptz};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};

use super::model::{
    AntennaEntry, Approval, ConsumerHealth, LiveState, ReaderCounts, ReaderCursor, ReaderEntry,
    decide_live_state,
};
use crate::audit::{Actor, Event, record_audit};
use crate::db::types::ReaderState;
use crate::ids::{ReaderId, UserId};

/// Readers on one page.
pub const READERS_PER_PAGE: i64 = 100;

/// Readers after `after`, waiting ones first, then silent ones, then those in use, then disabled ones.
///
/// # Errors
/// When the database fails.
pub async fn list_readers(
    mut conn: &AsyncPgConnection,
    now: DateTime<Utc>,
    after: Option<&ReaderCursor>,
    limit: i64,
) -> QueryResult<Vec<ReaderEntry>> {
    sql_query(include_str!("sql/readers.sql"))
        .bind::<Timestamptz, _>(now)
        .bind::<Nullable<Integer>, _>(after.map(|cursor| cursor.rank))
        .bind::<Nullable<Text>, _>(after.map(|cursor| cursor.reader_key.as_str()))
        .bind::<BigInt, _>(limit)
        .load(&mut conn)
        .await
}

/// The antennas of these readers, by reader and port.
///
/// # Errors
/// When the database fails.
pub async fn list_antennas(
    mut conn: &AsyncPgConnection,
    readers: &[ReaderId],
) -> QueryResult<Vec<AntennaEntry>> {
    let readers: Vec<i64> = readers.iter().map(|id| id.0).collect();
    sql_query(
        "SELECT an.reader_id, an.port, z.name AS zone_name, r.id AS room_id, r.name AS room_name, r.kind AS room_kind \
         FROM antenna an JOIN zone z ON z.id = an.zone_id JOIN room r ON r.id = z.room_id \
         WHERE an.reader_id = ANY ($1) ORDER BY an.reader_id, an.port LIMIT 5000",
    )
    .bind::<Array<BigInt>, _>(readers)
    .load(&mut conn)
    .await
}

/// How many readers there are in which state.
///
/// # Errors
/// When the database fails.
pub async fn count_readers(mut conn: &AsyncPgConnection) -> QueryResult<ReaderCounts> {
    sql_query(
        "SELECT count(*) FILTER (WHERE r.state = 'waiting') AS waiting, \
           count(*) FILTER (WHERE r.state = 'active') AS active, \
           count(*) FILTER (WHERE r.state = 'active' AND h.down_since IS NOT NULL) AS down, \
           count(*) FILTER (WHERE r.state = 'disabled') AS disabled \
         FROM reader r LEFT JOIN reader_health h ON h.reader_id = r.id",
    )
    .get_result(&mut conn)
    .await
}

/// Lets a waiting reader's sightings be used (S-38), with the audit row in the same transaction.
///
/// # Errors
/// When the database fails.
pub async fn approve(
    conn: &mut AsyncPgConnection,
    id: ReaderId,
    by: UserId,
    now: DateTime<Utc>,
) -> QueryResult<Approval> {
    conn.transaction(async |conn| {
        let approval = record_approval(conn, id, now).await?;
        if let Approval::Approved { reader_key } = &approval {
            let event = Event::new(
                Actor::User(by),
                "reader.approved",
                format!("reader:{reader_key}"),
            );
            record_audit(conn, &event, now).await?;
        }
        Ok(approval)
    })
    .await
}

async fn record_approval(
    conn: &mut AsyncPgConnection,
    id: ReaderId,
    now: DateTime<Utc>,
) -> QueryResult<Approval> {
    use crate::db::schema::reader;
    let found: Option<(String, ReaderState)> = reader::table
        .find(id)
        .select((reader::reader_key, reader::state))
        .for_update()
        .first::<(String, ReaderState)>(conn)
        .await
        .optional()?;
    match found {
        None => Ok(Approval::NoReader),
        Some((reader_key, ReaderState::Waiting)) => {
            diesel::update(reader::table.find(id))
                .set((
                    reader::state.eq(ReaderState::Active),
                    reader::approved_at.eq(now),
                ))
                .execute(conn)
                .await?;
            Ok(Approval::Approved { reader_key })
        }
        Some((reader_key, state)) => Ok(Approval::NotWaiting { reader_key, state }),
    }
}

/// What each consumer reported last.
///
/// # Errors
/// When the database fails.
pub async fn list_consumers(mut conn: &AsyncPgConnection) -> QueryResult<Vec<ConsumerHealth>> {
    sql_query("SELECT shard, reported_at, caught_up_at, last_batch_at, version FROM consumer_health ORDER BY shard LIMIT 1000")
        .load(&mut conn)
        .await
}

/// Whether the places on the pages follow the world: one small table, so that every page can ask.
///
/// # Errors
/// When the database fails.
pub async fn find_live_state(
    conn: &AsyncPgConnection,
    now: DateTime<Utc>,
) -> QueryResult<LiveState> {
    Ok(decide_live_state(now, &list_consumers(conn).await?))
}

/// Sightings of unregistered tags over all readers since `now` minus 24 h (I-10).
///
/// # Errors
/// When the database fails.
pub async fn count_unregistered(
    mut conn: &AsyncPgConnection,
    now: DateTime<Utc>,
) -> QueryResult<i64> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = BigInt)]
        sightings: i64,
    }
    let row: Row = sql_query(
        "SELECT coalesce(sum(sightings), 0)::bigint AS sightings FROM unregistered_tag_count WHERE hour_at > $1",
    )
    .bind::<Timestamptz, _>(now - TimeDelta::hours(24))
    .get_result(&mut conn)
    .await?;
    Ok(row.sightings)
}

/// Version of the database server, such as `17.2`.
///
/// # Errors
/// When the database fails.
pub async fn find_database_version(mut conn: &AsyncPgConnection) -> QueryResult<String> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        version: String,
    }
    let row: Row =
        sql_query("SELECT split_part(current_setting('server_version'), ' ', 1) AS version")
            .get_result(&mut conn)
            .await?;
    Ok(row.version)
}
