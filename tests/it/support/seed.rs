//! Rows to start from: a small hospital. Every table's ids start 10,000 apart, so that an id of the wrong table matches nothing.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::sql_query;
use diesel::sql_types::{BigInt, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};

/// Ids of what [`hospital`] made.
#[derive(Clone, Copy, Debug)]
pub struct Hospital {
    /// Floor "Level 3".
    pub floor: i64,
    /// Clean utility 3W-12 with the reader `3w-12-a`.
    pub clean: i64,
    /// Soiled utility 3W-14, whose reader `3w-14-a` is silent.
    pub soiled: i64,
    /// Type "Infusion pump".
    pub pump_type: i64,
    /// IP-0417: available, in the clean utility, heard 40 s ago, in there for 6 min.
    pub likely: i64,
    /// IP-0333: available, in the clean utility, heard 52 min ago.
    pub last_seen: i64,
    /// IP-0377: soiled, in the soiled utility whose reader is silent.
    pub reader_down: i64,
    /// IP-0500: available, never seen, without a tag.
    pub never: i64,
    /// WC-0007: a wheelchair with a passive tag that passed 10 min ago.
    pub passed: i64,
    /// Reader `new-1`, which waits for approval.
    pub waiting: i64,
    /// A message in quarantine.
    pub message: i64,
    /// One sighting in quarantine.
    pub sighting: i64,
}

/// Where each table's ids start.
const STARTS: [(&str, i64); 13] = [
    ("facility", 1),
    ("building", 10_001),
    ("floor", 20_001),
    ("unit", 30_001),
    ("room", 40_001),
    ("zone", 50_001),
    ("asset_type", 60_001),
    ("model", 70_001),
    ("asset", 80_001),
    ("tag", 90_001),
    ("reader", 100_001),
    ("quarantine", 110_001),
    ("app_user", 120_001),
];

/// Sets the sequences apart.
pub async fn spread_ids(conn: &mut AsyncPgConnection) {
    for (table, start) in STARTS {
        conn.batch_execute(&format!(
            "ALTER TABLE {table} ALTER COLUMN id RESTART WITH {start}"
        ))
        .await
        .unwrap();
    }
}

/// A small hospital as it is at `now`.
pub async fn hospital(conn: &mut AsyncPgConnection, now: DateTime<Utc>) -> Hospital {
    spread_ids(conn).await;
    conn.batch_execute(include_str!("hospital.sql"))
        .await
        .unwrap();
    conn.batch_execute(
        "SELECT ensure_partition('quarantine', day), ensure_partition('asset_stay', day), ensure_partition('audit_log', day) \
         FROM unnest(ARRAY[now()::date, (now() - interval '1 month')::date]) AS day",
    )
    .await
    .unwrap();
    let ids = Hospital {
        floor: 20_001,
        clean: 40_001,
        soiled: 40_002,
        pump_type: 60_001,
        likely: 80_001,
        last_seen: 80_002,
        reader_down: 80_003,
        never: 80_004,
        passed: 80_005,
        waiting: 100_003,
        message: 110_001,
        sighting: 110_002,
    };
    for (asset, room, reader, entered_min, seen_s, basis) in [
        (1, ids.clean, 100_001, 6, 40, "beacon"),
        (2, ids.clean, 100_001, 120, 52 * 60, "beacon"),
        (3, ids.soiled, 100_002, 200, 15 * 60, "beacon"),
        (5, ids.clean, 100_001, 10, 600, "pass"),
    ] {
        let at = now - TimeDelta::minutes(entered_min);
        let seen_at = now - TimeDelta::seconds(seen_s);
        place(conn, asset, room, reader, at, seen_at, basis).await;
    }
    for (left_h, room) in [(3, ids.soiled), (30, ids.clean)] {
        stay(
            conn,
            ids.likely,
            room,
            now - TimeDelta::hours(left_h + 2),
            now - TimeDelta::hours(left_h),
        )
        .await;
    }
    for statement in [
        "INSERT INTO reader_health (reader_id, last_message_at, sightings_per_min, rejected) VALUES (100001, $1, 320, 12)",
        "INSERT INTO reader_health (reader_id, last_message_at, down_since) VALUES (100002, $1 - interval '14 min', $1 - interval '14 min')",
        "INSERT INTO unregistered_tag_count VALUES (100001, date_trunc('hour', $1), 1234)",
        "INSERT INTO consumer_health (shard, reported_at, caught_up_at, last_batch_at, version) VALUES (0, $1, $1, $1, '0.1.0')",
        "INSERT INTO quarantine (received_at, scope, reason, detail, routing_key, reader_key, body, body_bytes) \
         VALUES ($1, 'message', 'not_json', 'expected value at line 1', 's.3w-12-a', '3w-12-a', '{\"v\":1,<script>', 15)",
        "INSERT INTO quarantine (received_at, scope, reason, detail, routing_key, reader_key, body, body_bytes) \
         VALUES ($1 - interval '1 min', 'sighting', 'from_the_future', 'a reason of a later version', 's.3w-12-a', '3w-12-a', '{}', 2)",
    ] {
        sql_query(statement)
            .bind::<Timestamptz, _>(now)
            .execute(conn)
            .await
            .unwrap();
    }
    ids
}

/// Puts asset number `asset` (1 is the first) with its tag into a room.
async fn place(
    conn: &mut AsyncPgConnection,
    asset: i64,
    room: i64,
    reader: i64,
    entered_at: DateTime<Utc>,
    seen_at: DateTime<Utc>,
    basis: &str,
) {
    sql_query(
        "INSERT INTO tag_state (tag_id, room_id, reader_id, seen_at, entered_at, battery_pct) VALUES (90000 + $1, $2, $3, $5, $4, 82)",
    )
    .bind::<BigInt, _>(asset)
    .bind::<BigInt, _>(room)
    .bind::<BigInt, _>(reader)
    .bind::<Timestamptz, _>(entered_at)
    .bind::<Timestamptz, _>(seen_at)
    .execute(conn)
    .await
    .unwrap();
    sql_query(
        "INSERT INTO asset_place (asset_id, room_id, tag_id, reader_id, entered_at, basis, learned_at) \
         VALUES (80000 + $1, $2, 90000 + $1, $3, $4, $5, $4)",
    )
    .bind::<BigInt, _>(asset)
    .bind::<BigInt, _>(room)
    .bind::<BigInt, _>(reader)
    .bind::<Timestamptz, _>(entered_at)
    .bind::<diesel::sql_types::Text, _>(basis)
    .execute(conn)
    .await
    .unwrap();
}

/// A stay that ended.
pub async fn stay(
    conn: &mut AsyncPgConnection,
    asset: i64,
    room: i64,
    entered_at: DateTime<Utc>,
    left_at: DateTime<Utc>,
) {
    sql_query("INSERT INTO asset_stay (asset_id, room_id, entered_at, left_at, basis) VALUES ($1, $2, $3, $4, 'beacon')")
        .bind::<BigInt, _>(asset)
        .bind::<BigInt, _>(room)
        .bind::<Timestamptz, _>(entered_at)
        .bind::<Timestamptz, _>(left_at)
        .execute(conn)
        .await
        .unwrap();
}

/// `count` more infusion pumps, all available and never seen: numbers `XP-00001` and on.
pub async fn more_pumps(conn: &mut AsyncPgConnection, count: i64) {
    sql_query(
        "INSERT INTO asset (asset_number, asset_type_id, model_id) \
         SELECT 'XP-' || lpad(n::text, 5, '0'), 60001, 70001 FROM generate_series(1, $1) n",
    )
    .bind::<BigInt, _>(count)
    .execute(conn)
    .await
    .unwrap();
}
