//! Writing alerts, in the transaction of what causes them (R23).

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Bool, Nullable, Text, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::rules::{Cause, Subject, is_soiled_in_clean_room, key};
use super::watch::{ReaderWatch, RoomWatch};
use crate::db::types::{AlertKind, AssetStatus, RoomKind};
use crate::ids::{
    AssetId, AssetTypeId, BinId, DestinationId, ItemId, LotId, ReaderId, RoomId, StockPlaceId,
};

/// Conditions that are true: opens their alerts, or adds to the count of those that are open (R22). What is back within ten
/// minutes opens the same alert again.
///
/// # Errors
/// When the database fails.
pub async fn raise(
    conn: &mut AsyncPgConnection,
    causes: &[Cause],
    now: DateTime<Utc>,
) -> QueryResult<usize> {
    if causes.is_empty() {
        return Ok(0);
    }
    let asset = |cause: &Cause| match cause.subject {
        Subject::Asset(asset) => Some(asset),
        _ => None,
    };
    let asset_type = |cause: &Cause| match cause.subject {
        Subject::TypeInRoom(asset_type, _) => Some(asset_type),
        _ => None,
    };
    let room = |cause: &Cause| match cause.subject {
        Subject::TypeInRoom(_, room) => Some(room),
        _ => cause.room_id,
    };
    let reader = |cause: &Cause| match cause.subject {
        Subject::Reader(reader) | Subject::Cabinet(_, reader) => Some(reader),
        _ => None,
    };
    let item = |cause: &Cause| match cause.subject {
        Subject::ItemAtPlace(item, _)
        | Subject::ItemInBin(item, ..)
        | Subject::LotAtPlace(_, item, ..) => Some(item),
        _ => None,
    };
    let stock_place = |cause: &Cause| match cause.subject {
        Subject::ItemAtPlace(_, place)
        | Subject::ItemInBin(_, place, _)
        | Subject::LotAtPlace(_, _, place, _)
        | Subject::Cabinet(place, _) => Some(place),
        _ => None,
    };
    let lot = |cause: &Cause| match cause.subject {
        Subject::LotAtPlace(lot, ..) => Some(lot),
        _ => None,
    };
    let bin = |cause: &Cause| match cause.subject {
        Subject::ItemInBin(_, _, bin) => Some(bin),
        _ => None,
    };
    let destination = |cause: &Cause| match cause.subject {
        Subject::Destination(destination) => Some(destination),
        _ => None,
    };
    let raised: Number = sql_query(include_str!("sql/raise.sql"))
        .bind::<Array<Text>, _>(column(causes, |cause| cause.kind.as_str()))
        .bind::<Array<Text>, _>(column(causes, |cause| cause.severity().as_str()))
        .bind::<Array<Text>, _>(column(causes, Cause::key))
        .bind::<Array<Nullable<BigInt>>, _>(column::<Option<AssetId>>(causes, asset))
        .bind::<Array<Nullable<BigInt>>, _>(column::<Option<AssetTypeId>>(causes, asset_type))
        .bind::<Array<Nullable<BigInt>>, _>(column::<Option<RoomId>>(causes, room))
        .bind::<Array<Nullable<BigInt>>, _>(column::<Option<ReaderId>>(causes, reader))
        .bind::<Array<Nullable<BigInt>>, _>(column::<Option<ItemId>>(causes, item))
        .bind::<Array<Nullable<BigInt>>, _>(column::<Option<StockPlaceId>>(causes, stock_place))
        .bind::<Array<Nullable<BigInt>>, _>(column::<Option<LotId>>(causes, lot))
        .bind::<Array<Nullable<BigInt>>, _>(column::<Option<BinId>>(causes, bin))
        .bind::<Timestamptz, _>(now)
        .bind::<Array<Nullable<BigInt>>, _>(column::<Option<DestinationId>>(causes, destination))
        .get_result(conn)
        .await?;
    Ok(usize::try_from(raised.n).unwrap_or(0))
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

/// Conditions that are no longer true: their alerts resolve themselves.
///
/// # Errors
/// When the database fails.
pub async fn end(
    conn: &mut AsyncPgConnection,
    keys: &[String],
    now: DateTime<Utc>,
) -> QueryResult<usize> {
    if keys.is_empty() {
        return Ok(0);
    }
    sql_query(include_str!("sql/end.sql"))
        .bind::<Array<Text>, _>(keys)
        .bind::<Timestamptz, _>(now)
        .execute(conn)
        .await
}

/// R11: raises or ends "soiled item in clean room" for assets whose place or status changed in this transaction. Returns
/// whether an alert changed.
///
/// # Errors
/// When the database fails.
pub async fn settle_clean_rooms(
    conn: &mut AsyncPgConnection,
    asset_ids: &[AssetId],
    now: DateTime<Utc>,
) -> QueryResult<bool> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = BigInt)]
        asset_id: AssetId,
        #[diesel(sql_type = Text)]
        status: AssetStatus,
        #[diesel(sql_type = Nullable<BigInt>)]
        room_id: Option<RoomId>,
        #[diesel(sql_type = Nullable<Text>)]
        room_kind: Option<RoomKind>,
    }
    if asset_ids.is_empty() {
        return Ok(false);
    }
    let rows: Vec<Row> = sql_query(include_str!("sql/clean_rooms.sql"))
        .bind::<Array<BigInt>, _>(asset_ids)
        .load(conn)
        .await?;
    let kind = AlertKind::SoiledInCleanRoom;
    let (mut causes, mut ended) = (Vec::new(), Vec::new());
    for row in rows {
        let subject = Subject::Asset(row.asset_id);
        if row
            .room_kind
            .is_some_and(|room| is_soiled_in_clean_room(row.status, room))
        {
            causes.push(Cause {
                kind,
                subject,
                room_id: row.room_id,
            });
        } else {
            ended.push(key(kind, subject));
        }
    }
    let raised = raise(conn, &causes, now).await?;
    Ok(raised + end(conn, &ended, now).await? > 0)
}

/// Rooms below their critical level, and those that were lately (R8).
pub const ROOM_WATCHES_SQL: &str = include_str!("sql/room_watches.sql");
/// Readers that are down, and those with an alert.
pub const READER_WATCHES_SQL: &str = include_str!("sql/reader_watches.sql");

/// Rooms below their critical level, and those that were lately (R8).
///
/// # Errors
/// When the database fails.
pub async fn list_room_watches(conn: &mut AsyncPgConnection) -> QueryResult<Vec<RoomWatch>> {
    sql_query(ROOM_WATCHES_SQL).load(conn).await
}

/// Remembers since when rooms are below their critical level, or not.
///
/// # Errors
/// When the database fails.
pub async fn watch_rooms(
    conn: &mut AsyncPgConnection,
    rooms: &[(AssetTypeId, RoomId, bool)],
    now: DateTime<Utc>,
) -> QueryResult<()> {
    if rooms.is_empty() {
        return Ok(());
    }
    let types: Vec<AssetTypeId> = rooms.iter().map(|(asset_type, _, _)| *asset_type).collect();
    let ids: Vec<RoomId> = rooms.iter().map(|(_, room, _)| *room).collect();
    let below: Vec<bool> = rooms.iter().map(|(_, _, is_below)| *is_below).collect();
    sql_query(include_str!("sql/watch_rooms.sql"))
        .bind::<Array<BigInt>, _>(types)
        .bind::<Array<BigInt>, _>(ids)
        .bind::<Array<Bool>, _>(below)
        .bind::<Timestamptz, _>(now)
        .execute(conn)
        .await
        .map(drop)
}

/// Forgets rooms that have been well for their hold time.
///
/// # Errors
/// When the database fails.
pub async fn forget_rooms(
    conn: &mut AsyncPgConnection,
    rooms: &[(AssetTypeId, RoomId)],
) -> QueryResult<()> {
    if rooms.is_empty() {
        return Ok(());
    }
    let types: Vec<AssetTypeId> = rooms.iter().map(|(asset_type, _)| *asset_type).collect();
    let ids: Vec<RoomId> = rooms.iter().map(|(_, room)| *room).collect();
    sql_query(
        "DELETE FROM equipment_par_watch w USING unnest($1::bigint[], $2::bigint[]) AS u(a, b) \
         WHERE w.asset_type_id = u.a AND w.room_id = u.b",
    )
    .bind::<Array<BigInt>, _>(types)
    .bind::<Array<BigInt>, _>(ids)
    .execute(conn)
    .await
    .map(drop)
}

/// Readers that are down, and those with an alert.
///
/// # Errors
/// When the database fails.
pub async fn list_reader_watches(conn: &mut AsyncPgConnection) -> QueryResult<Vec<ReaderWatch>> {
    sql_query(READER_WATCHES_SQL).load(conn).await
}

/// Notes since when the causes of alerts are gone; `None`: they are back.
///
/// # Errors
/// When the database fails.
pub async fn set_calm(
    conn: &mut AsyncPgConnection,
    keys: &[String],
    since: Option<DateTime<Utc>>,
) -> QueryResult<()> {
    if keys.is_empty() {
        return Ok(());
    }
    sql_query("UPDATE alert SET calm_since = $2 WHERE alert_key = ANY ($1) AND is_active")
        .bind::<Array<Text>, _>(keys)
        .bind::<Nullable<Timestamptz>, _>(since)
        .execute(conn)
        .await
        .map(drop)
}

fn column<'a, T>(causes: &'a [Cause], value: impl Fn(&'a Cause) -> T) -> Vec<T> {
    causes.iter().map(value).collect()
}
