//! Partitions are made by functions of the database, because only the owner of a table may make one.

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::sql_types::{Date, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

/// Makes the partition of a table that holds a day, when it is missing.
///
/// # Errors
/// When the database fails.
pub async fn ensure_partition(
    conn: &mut AsyncPgConnection,
    table: &str,
    day: NaiveDate,
) -> QueryResult<()> {
    diesel::sql_query("SELECT ensure_partition($1, $2)")
        .bind::<Text, _>(table)
        .bind::<Date, _>(day)
        .execute(conn)
        .await
        .map(drop)
}
