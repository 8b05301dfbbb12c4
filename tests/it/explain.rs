//! No list reads a big table from end to end: the plans of the exact statements behind the pages, over 100,000 analysed assets,
//! with the planner as it is; and what the server counts while every page is opened.
//!
//! A new SQL file of a page needs a case here; a new page is opened by itself, unless its address has parts that nobody here knows.

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use reqwest::Method;
use wardtrack::web::routes;
use wardtrack::{alerts, assets, board, devices, find, places, scheduler, supplies};

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

type Statement = (&'static str, &'static str, String, String);

/// The lists of the register, each filter by itself and some together.
fn register_statements(common: i64, asset: i64, many: &str) -> Vec<Statement> {
    use assets::register::list::{self, RegisterFilter, ServiceFilter, StandingFilter};
    use wardtrack::db::types::AssetStatus;
    use wardtrack::ids::{AssetId, AssetTypeId, ModelId, UnitId};
    let today = "2026-09-07".parse().unwrap();
    let of = |filter: RegisterFilter, by_text: &[AssetId], after: Option<&str>| {
        text_of(&list::numbers_query(&filter, by_text, today, after, 51))
    };
    let filter = RegisterFilter::default;
    let status = |status| RegisterFilter {
        status: Some(status),
        ..filter()
    };
    let service = |service| RegisterFilter {
        service: Some(service),
        ..filter()
    };
    let text = || RegisterFilter {
        text: "ip-0777".to_owned(),
        ..filter()
    };
    let of_type = || RegisterFilter {
        asset_type: Some(AssetTypeId(1)),
        ..filter()
    };
    let rare = common + 3;
    vec![
        (
            "register, first page",
            "(bigint)",
            of(filter(), &[], None),
            "(51)".into(),
        ),
        (
            "register, a later page",
            "(text, bigint)",
            of(filter(), &[], Some("x")),
            "('ip-050000', 51)".into(),
        ),
        (
            "register by number",
            "(text, bigint)",
            of(text(), &[], None),
            "('ip-0777%', 51)".into(),
        ),
        (
            "register by number and identifiers",
            "(text, bigint[], bigint)",
            of(text(), &[AssetId(1)], None),
            format!("('ip-0777%', ARRAY[{asset}], 51)"),
        ),
        (
            "register of a rare type",
            "(bigint, bigint)",
            of(of_type(), &[], None),
            format!("({rare}, 51)"),
        ),
        (
            "register of a common type",
            "(text, bigint, bigint)",
            of(of_type(), &[], Some("x")),
            format!("('ip-050000', {common}, 51)"),
        ),
        (
            "register of a model",
            "(bigint, bigint)",
            of(
                RegisterFilter {
                    model: Some(ModelId(1)),
                    ..filter()
                },
                &[],
                None,
            ),
            format!("({rare}, 51)"),
        ),
        (
            "register of a unit",
            "(bigint, bigint)",
            of(
                RegisterFilter {
                    owner: Some(UnitId(1)),
                    ..filter()
                },
                &[],
                None,
            ),
            "(1, 51)".into(),
        ),
        (
            "register on hold",
            "(bigint)",
            of(
                RegisterFilter {
                    is_held: true,
                    ..filter()
                },
                &[],
                None,
            ),
            "(51)".into(),
        ),
        (
            "register, overdue",
            "(date, bigint)",
            of(service(ServiceFilter::Overdue), &[], None),
            "('2026-09-07', 51)".into(),
        ),
        (
            "register, due soon",
            "(date, date, bigint)",
            of(service(ServiceFilter::Soon), &[], None),
            "('2026-09-07', '2026-10-07', 51)".into(),
        ),
        (
            "register, in service",
            "(bigint)",
            of(status(StandingFilter::InService), &[], None),
            "(51)".into(),
        ),
        (
            "register, retired",
            "(bigint)",
            of(
                status(StandingFilter::Status(AssetStatus::Retired)),
                &[],
                None,
            ),
            "(51)".into(),
        ),
        (
            "register, missing",
            "(bigint)",
            of(
                status(StandingFilter::Status(AssetStatus::Missing)),
                &[],
                None,
            ),
            "(51)".into(),
        ),
        (
            "register, soiled",
            "(text, bigint)",
            of(
                status(StandingFilter::Status(AssetStatus::Soiled)),
                &[],
                None,
            ),
            "('soiled', 51)".into(),
        ),
        (
            "devices by identifier",
            "(text, bigint)",
            text_of(&list::identifiers_query("sn77")),
            "('sn77%', 1000)".into(),
        ),
        (
            "devices without a tag",
            "(bigint[], bigint)",
            list::UNTAGGED_SQL.to_owned(),
            format!("(ARRAY[{many}], 51)"),
        ),
        (
            "tags of devices",
            "(bigint[])",
            list::TAG_KEYS_SQL.to_owned(),
            format!("(ARRAY[{many}])"),
        ),
        (
            "numbers of devices",
            "(bigint[])",
            list::IDENTIFIERS_SQL.to_owned(),
            format!("(ARRAY[{many}])"),
        ),
        (
            "types of the register",
            "(bigint, text, bigint)",
            list::TYPES_SQL.to_owned(),
            "(NULL, '', 51)".into(),
        ),
        (
            "models of the register",
            "(bigint, bigint, text, text, bigint)",
            list::MODELS_SQL.to_owned(),
            "(NULL, NULL, '', '', 51)".into(),
        ),
        (
            "tags of the register",
            "(text, boolean, bigint, bigint)",
            list::TAGS_SQL.to_owned(),
            "('', false, 51, 20000)".into(),
        ),
        (
            "tags on nothing",
            "(text, boolean, bigint, bigint)",
            list::TAGS_SQL.to_owned(),
            "('mac:0', true, 51, 20000)".into(),
        ),
        (
            "tags by text",
            "(text[], text)",
            list::TAGS_BY_TEXT_SQL.to_owned(),
            "(ARRAY['mac:00000000004D', 'x:7'], 'IP-000077')".into(),
        ),
        (
            "history of a device",
            "(bigint, bigint)",
            list::HISTORY_SQL.to_owned(),
            format!("({asset}, NULL)"),
        ),
        (
            "history of a tag",
            "(bigint, bigint)",
            list::HISTORY_SQL.to_owned(),
            "(NULL, 77)".into(),
        ),
    ]
}

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
    open_pages(&app, conn).await;
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
            "order lines to decide",
            "(text, bigint, bigint, bigint, bigint, timestamptz, bigint, bigint)",
            supplies::list::ORDER_KEYS_SQL,
            "('suggested', NULL, NULL, NULL, NULL, NULL, NULL, 51)".to_owned(),
        ),
        (
            "order lines of a round, further on",
            "(text, bigint, bigint, bigint, bigint, timestamptz, bigint, bigint)",
            supplies::list::ORDER_KEYS_SQL,
            "('suggested', 1, 1, NULL, NULL, now() - interval '1 hour', 7, 51)".to_owned(),
        ),
        (
            "order lines by supplier, further on",
            "(text, bigint, bigint, bigint, bigint, timestamptz, bigint, bigint, text, text)",
            supplies::list::ORDER_KEYS_GROUPED_SQL,
            "('suggested', NULL, NULL, NULL, NULL, now() - interval '1 hour', 7, 51, 'supplier', '0supplier 1')"
                .to_owned(),
        ),
        (
            "order lines in words",
            "(bigint[])",
            supplies::list::ORDER_LINES_SQL,
            "(ARRAY[1, 2, 3])".to_owned(),
        ),
        (
            "order lines of suppliers",
            "(text, bigint, bigint[], text, integer)",
            supplies::list::ORDER_GROUPS_SQL,
            "('suggested', NULL, ARRAY[1, 2], 'supplier', 200)".to_owned(),
        ),
        (
            "orders of which something is to come",
            "(boolean, timestamptz, bigint, bigint)",
            supplies::sent::SENT_ORDERS_SQL,
            "(true, NULL, NULL, 51)".to_owned(),
        ),
        (
            "orders that are done, further on",
            "(boolean, timestamptz, bigint, bigint)",
            supplies::sent::SENT_ORDERS_SQL,
            "(false, now() - interval '1 hour', 7, 51)".to_owned(),
        ),
        (
            "where lines go",
            "(bigint[])",
            supplies::sent::PUT_AWAY_SQL,
            "(ARRAY[1, 2, 3])".to_owned(),
        ),
        (
            "what of lines was damaged",
            "(bigint[])",
            supplies::sent::DAMAGED_SQL,
            "(ARRAY[1, 2, 3])".to_owned(),
        ),
        (
            "how many order lines",
            "",
            supplies::list::ORDER_COUNTS_SQL,
            String::new(),
        ),
        (
            "mean use that is due",
            "(timestamptz, bigint)",
            supplies::demand::FOLLOW_DEMAND_SQL,
            "(now(), 1000)".to_owned(),
        ),
        (
            "what rules in force are made from",
            "(bigint[], bigint[])",
            supplies::carry::RULE_INPUTS_SQL,
            "(ARRAY[1, 2, 3], ARRAY[1, 2, 3])".to_owned(),
        ),
        (
            "rules that apply",
            "(bigint[], bigint[], bigint[], bigint[], bigint[], bigint[])",
            supplies::carry::RULES_OF_SQL,
            "(ARRAY[1, 2, NULL], ARRAY[1, 2, NULL], ARRAY[1, 1, 1], ARRAY[1, 1, 1], ARRAY[1, 1, 1], ARRAY[1, 1, 1])".to_owned(),
        ),
        (
            "what a rule of an item reaches",
            "(bigint, bigint, bigint, bigint, bigint, bigint, bigint, bigint, bigint, bigint, bigint)",
            supplies::carry::RULE_REACH_SQL,
            "(7, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 501)".to_owned(),
        ),
        (
            "what a rule of a facility reaches next",
            "(bigint, bigint, bigint, bigint, bigint, bigint, bigint, bigint, bigint, bigint, bigint)",
            supplies::carry::RULE_REACH_SQL,
            "(NULL, NULL, NULL, NULL, NULL, 1, NULL, NULL, 700, 3, 1000)".to_owned(),
        ),
        (
            "rules above places",
            "(boolean, bigint, text, text, bigint[], bigint)",
            supplies::rulebook::STOCK_RULES_SQL,
            "(false, NULL, NULL, NULL, NULL, 51)".to_owned(),
        ),
        (
            "rules at places by text",
            "(boolean, bigint, text, text, bigint[], bigint)",
            supplies::rulebook::STOCK_RULES_SQL,
            "(true, 500, 'item 17', '%item 17%', NULL, 51)".to_owned(),
        ),
        (
            "rules to be named",
            "(boolean, bigint, text, text, bigint[], bigint)",
            supplies::rulebook::STOCK_RULES_SQL,
            "(NULL, NULL, NULL, NULL, ARRAY[1, 2, 3], 3)".to_owned(),
        ),
        (
            "an item as its form shows it",
            "(bigint)",
            supplies::catalogue::ITEM_SHEET_SQL,
            "(7)".to_owned(),
        ),
        (
            "where a rule holds",
            "(bigint, bigint, bigint, bigint, bigint)",
            supplies::rulebook::RULE_SCOPE_SQL,
            format!("({store}, NULL, NULL, NULL, NULL)"),
        ),
        (
            "a place of stock",
            "(bigint)",
            supplies::stock::STOCK_PLACE_SQL,
            format!("({store})"),
        ),
        (
            "labels of a cabinet",
            "(bigint, bigint[])",
            supplies::reads::CABINET_UNITS_SQL,
            format!("({store}, '{{1,2,3}}')"),
        ),
        (
            "cards of bins",
            "(bigint[])",
            supplies::reads::BIN_CARDS_SQL,
            "('{1,2,3}')".to_owned(),
        ),
        (
            "cabinets whose being heard changed",
            "(timestamptz)",
            supplies::silence::CABINETS_SQL,
            "(now())".to_owned(),
        ),
        (
            "places of stock",
            "(text, bigint, bigint)",
            supplies::stock::STOCK_PLACES_SQL,
            "(NULL, NULL, 101)".to_owned(),
        ),
        (
            "items of a place",
            "(bigint, text, bigint, bigint)",
            supplies::stock::ITEMS_OF_PLACE_SQL,
            "(5, 'explained item 3', 3, 101)".to_owned(),
        ),
        (
            "places of an item",
            "(bigint, text, bigint, bigint)",
            supplies::stock::PLACES_OF_ITEM_SQL,
            "(5, NULL, NULL, 101)".to_owned(),
        ),
        (
            "what is said of stock",
            "(bigint[], bigint[])",
            supplies::stock::STOCK_FACTS_SQL,
            "(ARRAY[1, 2, 3], ARRAY[1, 2, 3])".to_owned(),
        ),
        (
            "counts",
            "(boolean, bigint, bigint)",
            supplies::counts::COUNT_SESSIONS_SQL,
            "(true, NULL, 51)".to_owned(),
        ),
        (
            "counts that are over",
            "(boolean, bigint, bigint)",
            supplies::counts::COUNT_SESSIONS_SQL,
            "(false, 7, 51)".to_owned(),
        ),
        (
            "places to count",
            "(text, bigint, bigint, timestamptz)",
            supplies::counts::COUNT_PLACES_SQL,
            "(NULL, NULL, 51, now())".to_owned(),
        ),
        (
            "what can be counted",
            "(bigint, timestamptz, bigint)",
            supplies::counts::COUNT_CANDIDATES_SQL,
            format!("({store}, now(), 300)"),
        ),
        (
            "lines of a count",
            "(bigint)",
            supplies::counts::COUNT_LINES_SQL,
            "(1)".to_owned(),
        ),
        (
            "lots of counted lines",
            "(bigint[], timestamptz[])",
            supplies::counts::COUNT_LOTS_SQL,
            "('{1,2}', ARRAY[now(), now()])".to_owned(),
        ),
        (
            "what a person entered",
            "(bigint, bigint, bigint)",
            supplies::counts::COUNT_LOG_SQL,
            format!("(1, {user}, 10)"),
        ),
        (
            "moves beside counted lines",
            "(bigint[])",
            supplies::counts::COUNT_MOVES_SQL,
            "('{1,2}')".to_owned(),
        ),
        (
            "a scanned code",
            "(text, text, bigint, text[])",
            supplies::scan::SCAN_CODES_SQL,
            format!("('A-01', NULL, {store}, '{{x:1}}')"),
        ),
        (
            "what a person scanned",
            "(bigint, bigint, text[], timestamptz, bigint)",
            supplies::scan::SCAN_LOG_SQL,
            format!("({user}, {store}, '{{issue}}', now() - interval '12 hours', 10)"),
        ),
        (
            "bins that are empty",
            "(bigint, bigint)",
            supplies::scan::EMPTY_BINS_SQL,
            format!("({store}, 50)"),
        ),
        (
            "lots of an item",
            "(bigint, timestamptz, bigint)",
            supplies::stock::ITEM_LOTS_SQL,
            "(5, now(), 101)".to_owned(),
        ),
        (
            "lots that expire soon",
            "(date, date, bigint, bigint, timestamptz, bigint)",
            supplies::stock::EXPIRING_LOTS_SQL,
            "((current_date + 90)::date, NULL, NULL, NULL, now(), 101)".to_owned(),
        ),
        (
            "where a lot is",
            "(bigint, text, bigint, timestamptz, bigint)",
            supplies::lots::LOT_PLACES_SQL,
            "(5, NULL, NULL, now(), 101)".to_owned(),
        ),
        (
            "where an item may be moved to",
            "(bigint, bigint)",
            supplies::stock::TRANSFER_TARGETS_SQL,
            "(5, 500)".to_owned(),
        ),
        (
            "moves of an item at a place",
            "(bigint, bigint, timestamptz, bigint, bigint)",
            supplies::stock::STOCK_MOVES_SQL,
            "(5, 5, NULL, NULL, 26)".to_owned(),
        ),
        (
            "items by name",
            "(text, text, text, bigint)",
            supplies::stock::FIND_ITEMS_SQL,
            "('item 17', '%item 17%', NULL, 101)".to_owned(),
        ),
        (
            "how items stand",
            "(bigint[], bigint[], timestamptz)",
            supplies::settle::STANDINGS_SQL,
            "(ARRAY[1, 2, 3], ARRAY[1, 2, 3], now())".to_owned(),
        ),
        (
            "bins that are short",
            "(bigint[], bigint[])",
            supplies::settle::SHORT_BINS_SQL,
            "(ARRAY[1, 2, 3], ARRAY[1, 2, 3])".to_owned(),
        ),
        (
            "what a place holds of an item",
            "(bigint, bigint, timestamptz, bigint)",
            supplies::acts::PORTIONS_SQL,
            "(5, 5, now(), NULL)".to_owned(),
        ),
        (
            "lots that expire",
            "(timestamptz, bigint)",
            supplies::expiry::EXPIRIES_SQL,
            "(now(), 500)".to_owned(),
        ),
        (
            "lots that are over and short",
            "(timestamptz, bigint)",
            supplies::expiry::SHORT_EXPIRED_SQL,
            "(now(), 500)".to_owned(),
        ),
        (
            "lots that are gone",
            "(bigint)",
            supplies::expiry::EXPIRIES_OVER_SQL,
            "(500)".to_owned(),
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
    let register = register_statements(common, asset, &many);
    let register: Vec<_> = register
        .iter()
        .map(|(name, types, sql, values)| (*name, *types, sql.as_str(), values.clone()))
        .collect();
    let known: Vec<&str> = statements
        .iter()
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
    for (name, types, sql, values) in statements.iter().chain(&register) {
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

/// Addresses that show no list: nothing to open, a stream that does not end, or the report of one file that somebody sent.
const NO_LISTS: [&str; 10] = [
    "/supplies/import/{key}",
    "/supplies/import/{key}/errors",
    "/equipment/import/{key}",
    "/equipment/import/{key}/errors",
    "/static/{hash}/{path:.*}",
    "/live/events",
    "/set-up/{token}",
    "/wall",
    "/wall/{secret}",
    "/live",
];

/// Opens every page while the server counts how it reads.
async fn open_pages(app: &TestApp, mut conn: AsyncPgConnection) {
    let ids = Ids::find(&mut conn).await;
    let admin = app.admin().await;
    drop(conn);
    let mut conn = only_connection(app).await;
    let before = count_scans(&mut conn).await;
    assert!(before.len() > 6, "{before:?}");
    let pages = routes::TABLE
        .iter()
        .filter(|entry| entry.method == "GET" && !NO_LISTS.contains(&entry.path));
    for entry in pages {
        for address in ids.addresses(entry.path) {
            // Of a file the first rows are enough: the others are read in the same way.
            let status = if entry.path.contains("csv") {
                let answer = admin.request(Method::GET, &address).send().await;
                let mut answer = answer.unwrap();
                answer.chunk().await.unwrap();
                answer.status().as_u16()
            } else {
                admin.page(&address).await.status
            };
            assert!(status < 500, "{address} answers {status}");
            // A floor without a plan has none to download.
            let is_there = status != 404 || entry.path.ends_with("/geojson");
            assert!(is_there, "{address} is not there");
        }
    }
    drop(conn);
    let mut conn = only_connection(app).await;
    let after = count_scans(&mut conn).await;
    let read: Vec<_> = after
        .iter()
        .filter(|(table, scans)| before.get(*table).is_some_and(|before| before != *scans))
        .collect();
    assert!(read.is_empty(), "pages read all of {read:?}");
    // The check itself: reading all of a table is counted.
    conn.batch_execute("SELECT count(*) FROM asset WHERE status_since < now()")
        .await
        .unwrap();
    drop(conn);
    let again = count_scans(&mut only_connection(app).await).await;
    assert_eq!(again["asset"], after["asset"] + 1);
}

/// How often each big table was read from end to end.
async fn count_scans(conn: &mut AsyncPgConnection) -> BTreeMap<String, i64> {
    #[derive(QueryableByName)]
    struct Scans {
        #[diesel(sql_type = Text)]
        name: String,
        #[diesel(sql_type = BigInt)]
        scans: i64,
    }
    let rows: Vec<Scans> = diesel::sql_query(
        "SELECT s.relname::text AS name, s.seq_scan AS scans \
         FROM pg_stat_user_tables s JOIN pg_class c ON c.oid = s.relid WHERE c.reltuples >= $1",
    )
    .bind::<BigInt, _>(BIG_ROWS)
    .load(conn)
    .await
    .unwrap();
    rows.into_iter().map(|row| (row.name, row.scans)).collect()
}

/// Ends every connection to the database: with its end each has told the server's statistics what it did.
async fn only_connection(app: &TestApp) -> AsyncPgConnection {
    let mut conn = AsyncPgConnection::establish(app.database_url().expose())
        .await
        .unwrap();
    let others = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() \
                  AND backend_type = 'client backend'";
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(30);
    loop {
        let left = number(
            &mut conn,
            &format!("SELECT count(*) FILTER (WHERE pg_terminate_backend(pid)) {others}"),
        )
        .await;
        if left == 0 {
            return conn;
        }
        assert!(
            std::time::Instant::now() < deadline,
            "{left} connections do not end"
        );
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

/// Rows to open pages of.
struct Ids {
    asset: i64,
    room: i64,
    floor: i64,
    unit: i64,
    asset_type: i64,
    quarantine: i64,
    synonym: i64,
    model: i64,
    tag: i64,
    par: i64,
    order_line: i64,
    order: i64,
    item: i64,
    lot: i64,
    supplier: i64,
    stock_place: i64,
    count: i64,
}

impl Ids {
    async fn find(conn: &mut AsyncPgConnection) -> Self {
        Self {
            asset: number(conn, "SELECT min(id) + 77 FROM asset").await,
            room: number(conn, "SELECT min(id) + 5 FROM room").await,
            floor: number(conn, "SELECT min(id) FROM floor").await,
            unit: number(conn, "SELECT min(id) FROM unit").await,
            asset_type: number(conn, "SELECT min(id) FROM asset_type").await,
            quarantine: number(conn, "SELECT min(id) FROM quarantine").await,
            synonym: number(conn, "SELECT min(id) FROM synonym").await,
            model: number(conn, "SELECT min(id) FROM model").await,
            tag: number(conn, "SELECT min(id) + 77 FROM tag").await,
            par: number(conn, "SELECT min(id) FROM equipment_par").await,
            order_line: number(conn, "SELECT min(id) + 77 FROM order_line").await,
            order: number(conn, "SELECT max(id) FROM supply_order").await,
            item: number(conn, "SELECT min(id) + 77 FROM item").await,
            lot: number(conn, "SELECT min(id) + 77 FROM lot").await,
            supplier: number(conn, "SELECT min(id) FROM supplier").await,
            stock_place: number(conn, "SELECT min(id) + 7 FROM stock_place").await,
            count: number(conn, "SELECT min(id) FROM count_session").await,
        }
    }

    /// Every kind of text with everything that a page of results can be narrowed to, sorted by and measured from.
    fn list_queries(&self) -> Vec<String> {
        let Self {
            unit,
            floor,
            room,
            asset_type,
            ..
        } = *self;
        let rare = asset_type + 3;
        let sources = [
            "sort=nearest".to_owned(),
            "q=infusion+pump".to_owned(),
            "q=device+kind".to_owned(),
            "q=maker".to_owned(),
            "q=ip-0001".to_owned(),
            "q=IP-000123".to_owned(),
            "q=sn77".to_owned(),
            "q=infusoin+pmup".to_owned(),
            "q=%25".to_owned(),
            format!("type={asset_type}"),
            format!("type={rare}"),
        ];
        let views = [
            String::new(),
            format!("&from=unit-{unit}"),
            format!("&from=room-{room}"),
            format!("&place=unit-{unit}"),
            format!("&place=floor-{floor}"),
            format!("&place=room-{room}&from=unit-{unit}"),
            "&status=ready".to_owned(),
            "&status=soiled".to_owned(),
            "&status=held".to_owned(),
            "&certainty=sure".to_owned(),
            "&certainty=unknown".to_owned(),
            format!("&owner={unit}"),
            format!("&sort=newest&from=unit-{unit}"),
            "&sort=number".to_owned(),
        ];
        let mut queries = vec![String::new()];
        for source in &sources {
            queries.extend(views.iter().map(|view| format!("{source}{view}")));
        }
        queries
    }

    /// What to open of an entry of the table of addresses.
    fn addresses(&self, pattern: &str) -> Vec<String> {
        let area = pattern.split('/').nth(1).unwrap_or_default();
        let path = if pattern.contains('{') {
            let id = match pattern.split("/{").next().unwrap_or_default() {
                "/equipment/types" => self.asset_type,
                "/equipment/models" => self.model,
                "/equipment/tags" => self.tag,
                "/board/par" => self.par,
                "/board" => self.unit,
                "/assets" | "/labels/fault" => self.asset,
                "/rooms" => self.room,
                "/plan" => self.floor,
                "/quarantine" => self.quarantine,
                "/synonyms" => self.synonym,
                "/reorder" => self.order_line,
                "/orders" => self.order,
                "/supplies/lots" => self.lot,
                "/supplies/places" => self.stock_place,
                "/counts" => self.count,
                "/supplies/items" => self.item,
                "/supplies/suppliers" => self.supplier,
                _ => panic!("say here what to open for {pattern}"),
            };
            let path = pattern.replace("{id}", &id.to_string());
            assert!(!path.contains('{'), "say here what to open for {pattern}");
            path
        } else {
            pattern.to_owned()
        };
        let queries = match area {
            "find" => self.list_queries(),
            // A file of everything takes its time, so not every text meets every filter: each meets the plain list of the other.
            "find.csv" => {
                let rare = format!("type={}", self.asset_type + 3);
                let plain = |query: &String| !query.contains('&') || query.starts_with(&rare);
                self.list_queries().into_iter().filter(plain).collect()
            }
            "rooms" if path == "/rooms" => vec![String::new(), format!("floor={}", self.floor)],
            "plan" => vec![
                String::new(),
                format!("type={}", self.asset_type),
                "q=infusion+pump".to_owned(),
                "q=maker".to_owned(),
                "q=ip-0001".to_owned(),
            ],
            "scan" => vec![String::new(), format!("place={}", self.stock_place)],
            "reorder" if pattern == routes::REORDER => vec![
                String::new(),
                "group=supplier".to_owned(),
                "state=approved&group=supplier".to_owned(),
                "group=round".to_owned(),
            ],
            "reorder.csv" => vec![String::new(), "group=supplier".to_owned()],
            "orders" if pattern == routes::ORDERS => {
                vec![
                    String::new(),
                    "which=done".to_owned(),
                    "which=all".to_owned(),
                ]
            }
            "supplies" if pattern == routes::SUPPLIES => {
                vec![String::new(), "q=item+17".to_owned(), "q=E42".to_owned()]
            }
            "supplies" if pattern == routes::ITEM_CSV || pattern == routes::ITEM_HOW => {
                vec![format!("place={}", self.stock_place)]
            }
            "supplies" if pattern == routes::RULES || pattern == routes::RULES_CSV => vec![
                String::new(),
                "which=places&after=700".to_owned(),
                "which=places&q=item+17".to_owned(),
                "which=above&q=floor".to_owned(),
            ],
            "supplies" if pattern == routes::RULE_FORM => vec![
                format!("item={}&at=place-{}", self.item, self.stock_place),
                format!("item={}&at=floor-{}", self.item, self.floor),
            ],
            "supplies" if pattern == routes::RULE_NEW => {
                vec![
                    String::new(),
                    "item=E17&at=&name=explained+store+3".to_owned(),
                ]
            }
            "quarantine" if path == "/quarantine" => {
                vec![String::new(), "reason=not_json".to_owned()]
            }
            _ => vec![String::new()],
        };
        let address = |query: String| {
            if query.is_empty() {
                path.clone()
            } else {
                format!("{path}?{query}")
            }
        };
        queries.into_iter().map(address).collect()
    }
}
