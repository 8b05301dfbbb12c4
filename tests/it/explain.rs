//! No list reads a big table from end to end: the plans of the exact statements behind the pages, over 100,000 analysed assets,
//! with the planner as it is.

use std::collections::BTreeSet;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use wardtrack::{assets, devices, find, places};

use crate::support::TestDatabase;

/// Tables, and partitions of tables, that grow with the fleet.
const BIG_ROWS: i64 = 10_000;

#[derive(QueryableByName)]
struct Plan {
    #[diesel(sql_type = Text, column_name = "QUERY PLAN")]
    plan: String,
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    number: i64,
}

#[derive(QueryableByName)]
struct Name {
    #[diesel(sql_type = Text)]
    name: String,
}

async fn number(conn: &mut AsyncPgConnection, sql: &str) -> i64 {
    let row: Number = diesel::sql_query(format!("SELECT ({sql})::bigint AS number"))
        .get_result(conn)
        .await
        .unwrap();
    row.number
}

/// Tables that a plan reads from end to end.
async fn list_scanned(
    conn: &mut AsyncPgConnection,
    types: &str,
    sql: &str,
    values: &str,
) -> BTreeSet<String> {
    // A prepared statement, as the program sends it; EXPLAIN EXECUTE shows the plan for these values.
    conn.batch_execute("DEALLOCATE ALL").await.unwrap();
    conn.batch_execute(&format!("PREPARE behind_page {types} AS {sql}"))
        .await
        .unwrap();
    // EXPLAIN answers json, which has no name for `sql_query` to read: as text it does.
    let rows: Vec<Plan> = diesel::sql_query(format!(
        "EXPLAIN (FORMAT TEXT) EXECUTE behind_page {values}"
    ))
    .load(conn)
    .await
    .unwrap();
    rows.iter()
        .filter_map(|row| row.plan.split_once("Seq Scan on ").map(|(_, rest)| rest))
        .filter_map(|rest| rest.split_whitespace().next().map(str::to_owned))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_list_reads_a_big_table_from_end_to_end() {
    let database = TestDatabase::new().await;
    let mut conn = AsyncPgConnection::establish(database.url().expose())
        .await
        .unwrap();
    conn.batch_execute(include_str!("support/big_fleet.sql"))
        .await
        .unwrap();
    assert_eq!(
        number(&mut conn, "SELECT count(*) FROM asset").await,
        100_000
    );
    let big: Vec<Name> = diesel::sql_query(
        "SELECT relname::text AS name FROM pg_class WHERE relkind = 'r' AND reltuples >= $1",
    )
    .bind::<BigInt, _>(BIG_ROWS)
    .load(&mut conn)
    .await
    .unwrap();
    let big: BTreeSet<String> = big.into_iter().map(|row| row.name).collect();
    for table in [
        "asset",
        "asset_place",
        "asset_identifier",
        "tag",
        "tag_assignment",
        "tag_state",
    ] {
        assert!(big.contains(table), "{table} is not among {big:?}");
    }
    assert!(
        big.iter().any(|name| name.starts_with("asset_stay_")),
        "{big:?}"
    );

    let common = number(&mut conn, "SELECT min(id) FROM asset_type").await;
    let model = number(&mut conn, "SELECT min(id) FROM model").await;
    let room = number(&mut conn, "SELECT min(id) + 5 FROM room").await;
    let asset = number(&mut conn, "SELECT min(id) + 77 FROM asset").await;
    let floor = number(&mut conn, "SELECT min(id) FROM floor").await;
    let limit = find::search::CANDIDATES_MAX + 1;
    let ids = |count: i64| {
        (0..count)
            .map(|n| (asset + n * 7).to_string())
            .collect::<Vec<_>>()
            .join(",")
    };
    let (few, many) = (ids(25), ids(2_000));
    let statements = [
        (
            "types",
            "(bigint)",
            find::search::TYPES_SQL,
            "(500)".to_owned(),
        ),
        (
            "exact code",
            "(text, text[])",
            find::search::CODES_SQL,
            "('SN77', ARRAY['mac:00000000004D', 'x:SN77'])".to_owned(),
        ),
        (
            "common type",
            "(bigint[], bigint)",
            find::search::BY_TYPE_SQL,
            format!("(ARRAY[{common}], {limit})"),
        ),
        (
            "rare type",
            "(bigint[], bigint)",
            find::search::BY_TYPE_SQL,
            format!("(ARRAY[{}], {limit})", common + 3),
        ),
        (
            "several types",
            "(bigint[], bigint)",
            find::search::BY_TYPE_SQL,
            format!("(ARRAY[{common},{},{}], {limit})", common + 3, common + 5),
        ),
        (
            "common model",
            "(bigint[], bigint)",
            find::search::BY_MODEL_SQL,
            format!("(ARRAY[{model}], {limit})"),
        ),
        (
            "short number",
            "(text, bigint)",
            find::search::BY_NUMBER_SQL,
            format!("('i', {limit})"),
        ),
        (
            "long number",
            "(text, bigint)",
            find::search::BY_NUMBER_SQL,
            format!("('ip-0001', {limit})"),
        ),
        (
            "in a room",
            "(bigint, bigint)",
            find::search::IN_ROOM_SQL,
            format!("({room}, {limit})"),
        ),
        (
            "facts",
            "(bigint[])",
            find::search::FACTS_SQL,
            format!("(ARRAY[{many}])"),
        ),
        (
            "rows",
            "(bigint[])",
            assets::store::ENTRIES_SQL,
            format!("(ARRAY[{few}])"),
        ),
        (
            "tags",
            "(bigint)",
            assets::store::TAGS_SQL,
            format!("({asset})"),
        ),
        (
            "stays",
            "(bigint, timestamptz, bigint)",
            assets::store::STAYS_SQL,
            format!("({asset}, NULL, 51)"),
        ),
        (
            "left a room",
            "(bigint, timestamptz, bigint)",
            assets::store::DEPARTURES_SQL,
            format!("({room}, now() - interval '1 day', 25)"),
        ),
        (
            "rooms of a floor",
            "(bigint, bigint)",
            places::store::FLOOR_ROOMS_SQL,
            format!("({floor}, 1000)"),
        ),
        (
            "rooms without readers",
            "",
            places::store::DOWN_ROOMS_SQL,
            String::new(),
        ),
        (
            "quarantine",
            "(text, timestamptz, bigint, bigint, integer)",
            devices::quarantine::ROWS_SQL,
            "(NULL, NULL, NULL, 26, 160)".to_owned(),
        ),
    ];
    let mut faults = Vec::new();
    for (name, types, sql, values) in &statements {
        let scanned = list_scanned(&mut conn, types, sql, values).await;
        let bad: Vec<_> = scanned.intersection(&big).collect();
        if !bad.is_empty() {
            faults.push(format!("{name} reads all of {bad:?}"));
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
    // The check itself: a statement that cannot do without is noticed.
    let scanned = list_scanned(
        &mut conn,
        "",
        "SELECT count(*) FROM asset WHERE status_since < now()",
        "",
    )
    .await;
    assert!(scanned.contains("asset"), "{scanned:?}");
}
