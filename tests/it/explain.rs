//! No list reads a big table from end to end: the plans of the exact statements behind the pages, over 100,000 analysed assets,
//! with the planner as it is; and what the server counts while every page is opened.
//!
//! A new SQL file of a page needs a case here; a new page is opened by itself, unless its address has parts that nobody here knows.

mod pages;
mod register;
mod stock;

use std::collections::BTreeSet;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use wardtrack::{alerts, assets, board, devices, find, places, scheduler};

use crate::support::TestApp;

/// Tables, and partitions of tables, that grow with the fleet.
const BIG_ROWS: i64 = 10_000;

/// Files that only write, rows that other statements have read and locked by their keys before.
const WRITES: [&str; 32] = [
    "src/supplies/sql/carry_rules.sql",
    "src/supplies/sql/import_write_items.sql",
    "src/supplies/sql/import_clear_packs.sql",
    "src/supplies/sql/import_write_packs.sql",
    "src/supplies/sql/import_write_codes.sql",
    "src/supplies/sql/import_write_places.sql",
    "src/supplies/sql/import_write_bins.sql",
    "src/supplies/sql/import_write_rules.sql",
    // As many items as the file has, which may be all of them.
    "src/supplies/sql/import_items.sql",
    "src/supplies/sql/import_rules.sql",
    "src/supplies/sql/insert_unit_tags.sql",
    "src/supplies/sql/note_units.sql",
    "src/supplies/sql/lock_stockings.sql",
    "src/supplies/sql/insert_moves.sql",
    "src/supplies/sql/open_drafts.sql",
    "src/supplies/sql/change_drafts.sql",
    "src/supplies/sql/withdraw_drafts.sql",
    "src/supplies/sql/mark_days_out.sql",
    "src/supplies/sql/quiet_over.sql",
    "src/assets/sql/insert_events.sql",
    "src/assets/import/sql/delete_identifiers.sql",
    "src/assets/import/sql/insert_assets.sql",
    "src/assets/import/sql/insert_assignments.sql",
    "src/assets/import/sql/insert_events.sql",
    "src/assets/import/sql/insert_identifiers.sql",
    "src/assets/import/sql/update_assets.sql",
    "src/assets/import/sql/upsert_tags.sql",
    "src/alerts/sql/raise.sql",
    "src/alerts/sql/end.sql",
    "src/alerts/sql/watch_rooms.sql",
    "src/assets/sql/undo_not_here.sql",
    // All assets of one type, which may be half of the fleet.
    "src/assets/register/sql/block_overdue.sql",
];

/// The SQL files that pages may use, with their text.
fn files_of_pages() -> Vec<(String, String)> {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let areas = [
        "find", "assets", "places", "alerts", "devices", "people", "supplies",
    ];
    let mut folders: Vec<_> = areas
        .iter()
        .map(|area| root.join("src").join(area))
        .collect();
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "sql") {
                let name = path.strip_prefix(root).unwrap().to_str().unwrap();
                files.push((name.to_owned(), std::fs::read_to_string(&path).unwrap()));
            }
        }
    }
    assert!(files.len() > 25, "the files were not found");
    files
}

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

/// The text of a statement that was built, without its values.
fn text_of<T: diesel::query_builder::QueryFragment<diesel::pg::Pg>>(query: &T) -> String
where
    for<'a> diesel::query_builder::DebugQuery<'a, T, diesel::pg::Pg>: std::fmt::Display,
{
    let text = diesel::debug_query::<diesel::pg::Pg, _>(query).to_string();
    text.split(" -- binds").next().unwrap().to_owned()
}

/// Name, types of the values, text, values.
type Case = (&'static str, &'static str, &'static str, String);

/// One test for both, because making so many rows takes longer than asking for them.
#[tokio::test(flavor = "multi_thread")]
async fn no_list_and_no_page_reads_a_big_table_from_end_to_end() {
    let app = TestApp::new().await;
    let connect = async || {
        AsyncPgConnection::establish(app.database_url().expose())
            .await
            .unwrap()
    };
    let mut conn = connect().await;
    for sql in [
        include_str!("support/big_fleet.sql"),
        include_str!("support/big_stock.sql"),
    ] {
        conn.batch_execute(sql).await.unwrap();
    }
    pages::open_pages(&app, conn).await;
    let mut conn = connect().await;
    conn.batch_execute(include_str!("support/big_alerts.sql"))
        .await
        .unwrap();
    explain_statements(&mut conn).await;
}

async fn explain_statements(mut conn: &mut AsyncPgConnection) {
    assert_eq!(number(conn, "SELECT count(*) FROM asset").await, 100_000);
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
        "asset_count",
        "alert",
        "task",
        "asset_event",
        "stocking",
        "stock_rule",
        "stock_level",
        "stock_move",
        "order_line",
    ] {
        assert!(big.contains(table), "{table} is not among {big:?}");
    }
    assert!(
        big.iter().any(|name| name.starts_with("asset_stay_")),
        "{big:?}"
    );

    let common = number(conn, "SELECT min(id) FROM asset_type").await;
    let model = number(conn, "SELECT min(id) FROM model").await;
    let room = number(conn, "SELECT min(id) + 5 FROM room").await;
    let asset = number(conn, "SELECT min(id) + 77 FROM asset").await;
    let floor = number(conn, "SELECT min(id) FROM floor").await;
    let unit = number(conn, "SELECT min(id) + 3 FROM unit").await;
    let user = number(conn, "SELECT min(id) FROM app_user").await;
    let alerts = number(conn, "SELECT min(id) FROM alert").await;
    let store = number(conn, "SELECT min(id) FROM stock_place").await;
    let tasks = number(conn, "SELECT min(id) FROM task").await;
    let limit = find::list::CANDIDATES_MAX + 1;
    let ids = |count: i64| {
        (0..count)
            .map(|n| (asset + n * 7).to_string())
            .collect::<Vec<_>>()
            .join(",")
    };
    let row_of = |first: i64| {
        (0..100)
            .map(|n| (first + n).to_string())
            .collect::<Vec<_>>()
            .join(",")
    };
    let (alert_ids, task_ids) = (row_of(alerts), row_of(tasks));
    let (few, many) = (ids(25), ids(2_000));
    let rooms = (0..256)
        .map(|n| (room + n).to_string())
        .collect::<Vec<_>>()
        .join(",");
    let ready = ["'ready'"; 256].join(",");
    let numbers = (0..2_000)
        .map(|n| format!("'ip-{n:06}'"))
        .collect::<Vec<_>>()
        .join(",");
    let statements = [
        (
            "types",
            "(bigint, bigint[])",
            find::search::TYPES_SQL,
            format!("(500, ARRAY[{rooms}])"),
        ),
        (
            "types without a unit",
            "(bigint, bigint[])",
            find::search::TYPES_SQL,
            "(12, ARRAY[]::bigint[])".to_owned(),
        ),
        (
            "exact code",
            "(text[], text[])",
            find::search::CODES_SQL,
            "(ARRAY['SN77', '(01)07613203021012(21)SN77'], ARRAY['mac:00000000004D', 'x:SN77'])"
                .to_owned(),
        ),
        (
            "totals of a type",
            "(bigint[])",
            find::list::TOTALS_BY_TYPE_SQL,
            format!("(ARRAY[{common}])"),
        ),
        (
            "totals of a model",
            "(bigint[])",
            find::list::TOTALS_BY_MODEL_SQL,
            format!("(ARRAY[{model}])"),
        ),
        (
            "nearest rooms of a common type",
            "(bigint[], bigint[])",
            find::list::BUCKETS_BY_TYPE_SQL,
            format!("(ARRAY[{common}], ARRAY[{rooms}])"),
        ),
        (
            "all rooms of a rare type",
            "(bigint[], bigint[])",
            find::list::BUCKETS_BY_TYPE_SQL,
            format!("(ARRAY[{}], NULL)", common + 3),
        ),
        (
            "nearest rooms of a common model",
            "(bigint[], bigint[])",
            find::list::BUCKETS_BY_MODEL_SQL,
            format!("(ARRAY[{model}], ARRAY[{rooms}])"),
        ),
        (
            "assets of buckets by type",
            "(bigint[], bigint[], text[], bigint)",
            find::list::BUCKET_ASSETS_BY_TYPE_SQL,
            format!(
                "(ARRAY[{common},{}], ARRAY[{rooms},0], ARRAY[{ready},'unplaced'], {limit})",
                common + 3
            ),
        ),
        (
            "assets of buckets by model",
            "(bigint[], bigint[], text[], bigint)",
            find::list::BUCKET_ASSETS_BY_MODEL_SQL,
            format!("(ARRAY[{model}], ARRAY[{rooms},0], ARRAY[{ready},'unplaced'], {limit})"),
        ),
        (
            "events of an asset",
            "(bigint, timestamptz, bigint)",
            assets::events::EVENTS_SQL,
            format!("({asset}, NULL, 51)"),
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
            "part of a number",
            "(text, text, bigint)",
            find::search::BY_PART_SQL,
            format!("('%04217%', '04217', {limit})"),
        ),
        (
            "part of every number",
            "(text, text, bigint)",
            find::search::BY_PART_SQL,
            format!("('%000%', '000', {limit})"),
        ),
        (
            "part of no number",
            "(text, text, bigint)",
            find::search::BY_PART_SQL,
            format!("('%qqq%', 'qqq', {limit})"),
        ),
        (
            "words of the search",
            "(text, text, bigint, bigint)",
            find::synonyms::store::ROWS_SQL,
            "('pump', 'iv pump', 7, 51)".to_owned(),
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
            find::list::FACTS_SQL,
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
            "rooms of a plan",
            "(bigint, bigint)",
            places::drawing::PLAN_ROOMS_SQL,
            format!("({floor}, 1000)"),
        ),
        (
            "ways of a plan",
            "(bigint)",
            places::drawing::PLAN_WAYS_SQL,
            format!("({floor})"),
        ),
        (
            "counts of a plan",
            "(bigint[], bigint[])",
            find::spots::ROOM_COUNTS_SQL,
            format!("(ARRAY[{rooms}], NULL)"),
        ),
        (
            "counts of a plan, one type",
            "(bigint[], bigint[])",
            find::spots::ROOM_COUNTS_SQL,
            format!("(ARRAY[{rooms}], ARRAY[{common}])"),
        ),
        (
            "counts of a plan, one model",
            "(bigint[], bigint[])",
            find::spots::ROOM_COUNTS_OF_MODELS_SQL,
            format!("(ARRAY[{rooms}], ARRAY[{model}])"),
        ),
        (
            "counts of a plan, some assets",
            "(bigint[], bigint[])",
            find::spots::ROOM_COUNTS_OF_ASSETS_SQL,
            format!("(ARRAY[{rooms}], ARRAY[{many}])"),
        ),
        (
            "rooms to walk between",
            "(bigint)",
            places::store::WALKING_ROOMS_SQL,
            "(1000000)".to_owned(),
        ),
        (
            "rooms without readers",
            "",
            places::store::DOWN_ROOMS_SQL,
            String::new(),
        ),
        (
            "types of the start page",
            "(bigint, bigint[], bigint)",
            find::favourites::HOME_TYPES_SQL,
            format!("(12, ARRAY[{rooms}], {user})"),
        ),
        (
            "alerts",
            "(text, text, integer, timestamptz, bigint, bigint)",
            alerts::list::UNRESOLVED_SQL,
            "(NULL, NULL, 3, now(), 100, 51)".to_owned(),
        ),
        (
            "open alerts of a rare kind",
            "(text, text, integer, timestamptz, bigint, bigint)",
            alerts::list::UNRESOLVED_SQL,
            "('open', 'missing', NULL, NULL, NULL, 51)".to_owned(),
        ),
        (
            "alerts of a unit",
            "(text, text, integer, timestamptz, bigint, bigint, bigint)",
            alerts::list::UNRESOLVED_OF_UNIT_SQL,
            format!("(NULL, NULL, NULL, NULL, NULL, 51, {unit})"),
        ),
        (
            "alerts that are over",
            "(bigint, text, timestamptz, timestamptz, bigint, bigint)",
            alerts::list::RECENT_SQL,
            format!("({unit}, NULL, now(), NULL, NULL, 51)"),
        ),
        (
            "facts of alerts",
            "(bigint[])",
            alerts::list::LINES_SQL,
            format!("(ARRAY[{alert_ids}])"),
        ),
        (
            "counts of alerts",
            "(text, bigint)",
            alerts::list::COUNTS_SQL,
            format!("(NULL, {unit})"),
        ),
        ("waiting alerts", "", alerts::list::OPEN_SQL, String::new()),
        (
            "the newest critical alert",
            "(bigint)",
            alerts::list::NEWEST_CRITICAL_SQL,
            "(NULL)".to_owned(),
        ),
        (
            "the newest critical alert of a unit",
            "(bigint)",
            alerts::list::NEWEST_CRITICAL_SQL,
            format!("({unit})"),
        ),
        (
            "waiting alerts of a unit",
            "(bigint)",
            alerts::list::OPEN_OF_UNIT_SQL,
            format!("({unit})"),
        ),
        (
            "open tasks",
            "(bigint, bigint)",
            assets::tasks::OPEN_TASKS_SQL,
            "(NULL, 100)".to_owned(),
        ),
        (
            "open tasks of a unit",
            "(bigint, bigint)",
            assets::tasks::OPEN_TASKS_SQL,
            format!("({unit}, 100)"),
        ),
        (
            "closed tasks",
            "(bigint, timestamptz, bigint)",
            assets::tasks::CLOSED_TASKS_SQL,
            "(NULL, now() - interval '1 day', 20)".to_owned(),
        ),
        (
            "count of tasks",
            "(bigint)",
            assets::tasks::TASK_COUNT_SQL,
            format!("({unit})"),
        ),
        (
            "facts of tasks",
            "(bigint[])",
            assets::tasks::TASKS_SQL,
            format!("(ARRAY[{task_ids}])"),
        ),
        (
            "accuracy",
            "(timestamptz, text, bigint[])",
            assets::accuracy::ACCURACY_SQL,
            "(now() - interval '56 days', 'Europe/London', NULL)".to_owned(),
        ),
        (
            "accuracy of a unit",
            "(timestamptz, text, bigint[])",
            assets::accuracy::ACCURACY_SQL,
            format!("(now() - interval '56 days', 'Europe/London', ARRAY[{rooms}])"),
        ),
        (
            "names of places",
            "(bigint)",
            include_str!("../../src/find/sql/place_words.sql"),
            "(200000)".to_owned(),
        ),
        (
            "names of rooms",
            "(bigint[])",
            include_str!("../../src/places/sql/places.sql"),
            format!("(ARRAY[{rooms}])"),
        ),
        (
            "soiled in a clean room",
            "(bigint[])",
            include_str!("../../src/alerts/sql/clean_rooms.sql"),
            format!("(ARRAY[{few}])"),
        ),
        (
            "assets of an act",
            "(bigint[])",
            include_str!("../../src/assets/sql/lock.sql"),
            format!("(ARRAY[{few}])"),
        ),
        (
            "task of a report that was taken back",
            "(bigint[])",
            include_str!("../../src/assets/sql/undo_not_here_task.sql"),
            format!("(ARRAY[{few}])"),
        ),
        (
            "readers",
            "(timestamptz, integer, text, bigint)",
            include_str!("../../src/devices/sql/readers.sql"),
            "(now(), NULL, NULL, 51)".to_owned(),
        ),
        (
            "all of a type, for a file",
            "(bigint[], bigint[], bigint)",
            find::export::ALL_OF_TYPES_SQL,
            format!("(ARRAY[{common}], NULL, 200001)"),
        ),
        (
            "all of a type in some rooms, for a file",
            "(bigint[], bigint[], bigint)",
            find::export::ALL_OF_TYPES_SQL,
            format!("(ARRAY[{common}], ARRAY[{rooms}], 200001)"),
        ),
        (
            "all of a model, for a file",
            "(bigint[], bigint[], bigint)",
            find::export::ALL_OF_MODELS_SQL,
            format!("(ARRAY[{model}], NULL, 200001)"),
        ),
        (
            "rows of a part of a file",
            "(bigint[])",
            assets::store::ENTRIES_SQL,
            format!("(ARRAY[{}])", ids(500)),
        ),
        (
            "assets by number",
            "(text[])",
            assets::store::BY_NUMBERS_SQL,
            format!("(ARRAY[{numbers}])"),
        ),
        (
            "assets of an import",
            "(text[])",
            assets::import::ASSETS_SQL,
            format!("(ARRAY[{numbers}])"),
        ),
        (
            "locks of an import",
            "(text[])",
            assets::import::LOCK_SQL,
            format!("(ARRAY[{numbers}])"),
        ),
        (
            "what is written about an asset",
            "(bigint)",
            include_str!("../../src/assets/register/sql/record.sql"),
            format!("({asset})"),
        ),
        (
            "the same identifiers on others",
            "(bigint)",
            include_str!("../../src/assets/register/sql/same_identifiers.sql"),
            format!("({asset})"),
        ),
        (
            "numbers of an import",
            "(bigint[])",
            assets::import::IDENTIFIERS_SQL,
            format!("(ARRAY[{many}])"),
        ),
        (
            "tags of an import",
            "(text[])",
            assets::import::TAGS_SQL,
            format!("(ARRAY[{numbers}])"),
        ),
        (
            "counts of a board",
            "(bigint[], bigint[])",
            board::store::COUNTS_SQL,
            format!("(ARRAY[{rooms}], ARRAY[{common},{}])", common + 3),
        ),
        (
            "near rooms that can spare some",
            "(bigint[], bigint[])",
            board::store::READY_ROOMS_SQL,
            format!("(ARRAY[{common},{}], ARRAY[{rooms}])", common + 3),
        ),
        (
            "all rooms that can spare some of a rare type",
            "(bigint[], bigint[])",
            board::store::READY_ROOMS_SQL,
            format!("(ARRAY[{}], NULL)", common + 3),
        ),
        (
            "targets of a unit",
            "(bigint[], bigint[], text[], text, bigint, bigint, bigint)",
            board::lines::LINES_SQL,
            format!("(NULL, ARRAY[{rooms}], ARRAY['clean_utility'], NULL, NULL, 2000, NULL)"),
        ),
        (
            "quarantine",
            "(text, timestamptz, bigint, bigint, integer)",
            devices::quarantine::ROWS_SQL,
            "(NULL, NULL, NULL, 26, 160)".to_owned(),
        ),
        (
            "place rules",
            "(text, text, timestamptz, bigint, bigint, bigint)",
            scheduler::place_rules::CANDIDATES_SQL,
            "('patient_room', 'available', now(), 0, 0, 500)".to_owned(),
        ),
        (
            "place rules, rare",
            "(text, text, timestamptz, bigint, bigint, bigint)",
            scheduler::place_rules::CANDIDATES_SQL,
            "('equipment_room', 'soiled', now(), 0, 0, 500)".to_owned(),
        ),
        (
            "what a rule looks at",
            "(bigint[])",
            scheduler::facts::FACTS_SQL,
            format!("(ARRAY[{few}])"),
        ),
        (
            "places that a rule holds",
            "(bigint[])",
            scheduler::facts::LOCK_PLACES_SQL,
            format!("(ARRAY[{few}])"),
        ),
        (
            "a part of the silent",
            "(bigint, timestamptz, bigint)",
            scheduler::missing::PART_SQL,
            format!("({asset}, now(), 2000)"),
        ),
        (
            "missing ones that were heard",
            "(bigint, bigint)",
            scheduler::seen_again::CANDIDATES_SQL,
            "(0, 500)".to_owned(),
        ),
        (
            "tasks that are done",
            "(timestamptz, bigint)",
            scheduler::seen_again::CLOSE_TASKS_SQL,
            "(now(), 500)".to_owned(),
        ),
        (
            "service that fell due",
            "(bigint[], date[], date, bigint)",
            scheduler::service::BLOCK_SQL,
            "(ARRAY[1], ARRAY[CURRENT_DATE], CURRENT_DATE + 1, 1000)".to_owned(),
        ),
        (
            "service that was done",
            "(bigint[], date[], date, bigint)",
            scheduler::service::UNBLOCK_SQL,
            "(ARRAY[1], ARRAY[CURRENT_DATE], CURRENT_DATE + 1, 1000)".to_owned(),
        ),
        (
            "rooms below critical",
            "",
            alerts::store::ROOM_WATCHES_SQL,
            String::new(),
        ),
        (
            "readers that are down",
            "",
            alerts::store::READER_WATCHES_SQL,
            String::new(),
        ),
        (
            "rooms that nobody hears",
            "(timestamptz)",
            scheduler::missing::DEAF_ROOMS_SQL,
            "(now())".to_owned(),
        ),
    ];
    let stock = stock::statements(store, user);
    let register = register::statements(common, asset, &many);
    let register: Vec<_> = register
        .iter()
        .map(|(name, types, sql, values)| (*name, *types, sql.as_str(), values.clone()))
        .collect();
    let known: Vec<&str> = statements
        .iter()
        .chain(&stock)
        .chain(&register)
        .map(|(_, _, sql, _)| *sql)
        .collect();
    let forgotten: Vec<String> = files_of_pages()
        .into_iter()
        .filter(|(name, sql)| !WRITES.contains(&name.as_str()) && !known.contains(&sql.as_str()))
        .map(|(name, _)| name)
        .collect();
    assert!(
        forgotten.is_empty(),
        "these files need a case here: {forgotten:?}"
    );
    let mut faults = Vec::new();
    for (name, types, sql, values) in statements.iter().chain(&stock).chain(&register) {
        let scanned = list_scanned(conn, types, sql, values).await;
        let bad: Vec<_> = scanned.intersection(&big).collect();
        if !bad.is_empty() {
            faults.push(format!("{name} reads all of {bad:?}"));
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
    // The check itself: a statement that cannot do without is noticed.
    let scanned = list_scanned(
        conn,
        "",
        "SELECT count(*) FROM asset WHERE status_since < now()",
        "",
    )
    .await;
    assert!(scanned.contains("asset"), "{scanned:?}");
}
