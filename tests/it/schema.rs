//! Migrations run both ways, and the generated schema is that of the database.

use std::collections::BTreeMap;

use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use wardtrack::db::migrations;

use crate::support::TestDatabase;

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

/// Everything that migrations make, as sorted lines.
async fn dump(conn: &mut AsyncPgConnection) -> Vec<String> {
    let sql = "
        SELECT format('column %s.%s %s null=%s default=%s', table_name, column_name, data_type, is_nullable, column_default) AS line
          FROM information_schema.columns WHERE table_schema = 'public' AND table_name NOT LIKE '\\_\\_diesel%'
        UNION ALL SELECT format('constraint %s %s', conrelid::regclass, pg_get_constraintdef(oid)) FROM pg_constraint
          WHERE connamespace = 'public'::regnamespace AND conrelid <> 0 AND conrelid::regclass::text NOT LIKE '\\_\\_diesel%'
        UNION ALL SELECT format('index %s', indexdef) FROM pg_indexes WHERE schemaname = 'public' AND tablename NOT LIKE '\\_\\_diesel%'
        UNION ALL SELECT format('function %s', proname) FROM pg_proc WHERE pronamespace = 'public'::regnamespace
        UNION ALL SELECT format('trigger %s', tgname) FROM pg_trigger WHERE NOT tgisinternal
        ORDER BY 1";
    let lines: Vec<Line> = diesel::sql_query(sql).load(conn).await.unwrap();
    lines.into_iter().map(|row| row.line).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn migrations_run_up_down_and_up_again() {
    let database = TestDatabase::empty().await;
    let url = database.url();
    assert!(!migrations::run(&url).await.unwrap().is_empty());
    let mut conn = AsyncPgConnection::establish(url.expose()).await.unwrap();
    let first = dump(&mut conn).await;
    assert!(first.len() > 200, "only {} lines", first.len());
    migrations::revert_all(&url).await.unwrap();
    let nothing: Vec<String> = dump(&mut conn).await;
    assert!(nothing.is_empty(), "left behind: {nothing:#?}");
    migrations::run(&url).await.unwrap();
    assert_eq!(dump(&mut conn).await, first);
    assert!(migrations::list_pending(&url).await.unwrap().is_empty());
}

/// Tables and columns of `src/db/schema.rs`, in order.
fn generated() -> BTreeMap<String, Vec<String>> {
    let text =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/src/db/schema.rs")).unwrap();
    let mut tables: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut table = None;
    // Tables come first; the list of joins has arrows too.
    for line in text
        .lines()
        .take_while(|line| !line.starts_with("diesel::joinable"))
    {
        let trimmed = line.trim();
        if let Some((name, _)) = trimmed.split_once(" (").filter(|_| {
            trimmed.ends_with('{') && line.starts_with("    ") && !line.starts_with("     ")
        }) {
            table = Some(name.to_owned());
        } else if let (Some(table), Some((column, kind))) = (&table, trimmed.split_once(" -> ")) {
            tables
                .entry(table.clone())
                .or_default()
                .push(format!("{column} {}", kind.trim_end_matches(',')));
        }
    }
    tables
}

#[tokio::test(flavor = "multi_thread")]
async fn the_generated_schema_is_that_of_the_database() {
    let database = TestDatabase::new().await;
    let mut conn = AsyncPgConnection::establish(database.url().expose())
        .await
        .unwrap();
    let sql = "
        SELECT format('%s|%s|%s|%s', c.table_name, c.column_name, c.udt_name, c.is_nullable) AS line
        FROM information_schema.columns c JOIN pg_class k ON k.relname = c.table_name AND k.relnamespace = 'public'::regnamespace
        WHERE c.table_schema = 'public' AND k.relkind IN ('r', 'p') AND NOT k.relispartition
          AND c.table_name NOT LIKE '\\_\\_diesel%' AND c.table_name NOT IN ('sighting', 'asset_count_delta')
        ORDER BY c.table_name, c.ordinal_position";
    let rows: Vec<Line> = diesel::sql_query(sql).load(&mut conn).await.unwrap();
    let mut real: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in rows {
        let parts: Vec<&str> = row.line.split('|').collect();
        let kind = match parts[2] {
            "int8" => "Int8",
            "int4" => "Int4",
            "int2" => "Int2",
            "text" => "Text",
            "timestamptz" => "Timestamptz",
            "date" => "Date",
            "bool" => "Bool",
            "uuid" => "Uuid",
            "bytea" => "Bytea",
            "jsonb" => "Jsonb",
            "float4" => "Float4",
            "float8" => "Float8",
            "_int8" => "Array<Nullable<Int8>>",
            other => panic!("{}: teach this test the type {other}", row.line),
        };
        let kind = if parts[3] == "YES" {
            format!("Nullable<{kind}>")
        } else {
            kind.to_owned()
        };
        real.entry(parts[0].to_owned())
            .or_default()
            .push(format!("{} {kind}", parts[1]));
    }
    assert_eq!(
        generated(),
        real,
        "run diesel print-schema > src/db/schema.rs"
    );
}
