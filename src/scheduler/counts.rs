//! Folds the changes of counts into the counts, so that readers of the views add up few rows.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::BigInt;
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::Outcome;

/// Folds all that is committed. Sums do not change by it, so nobody is told.
///
/// # Errors
/// When the database fails.
pub async fn run(conn: &mut AsyncPgConnection, _now: DateTime<Utc>) -> QueryResult<Outcome> {
    #[derive(QueryableByName)]
    struct Folded {
        #[diesel(sql_type = BigInt)]
        n: i64,
    }
    // An import of a whole fleet leaves more than a statement of a page may take.
    sql_query("SELECT set_config('statement_timeout', '120s', true)")
        .execute(conn)
        .await?;
    let folded: Folded = sql_query("SELECT fold_asset_counts() AS n")
        .get_result(conn)
        .await?;
    Ok(Outcome {
        changed: usize::try_from(folded.n).unwrap_or(0),
        ..Outcome::default()
    })
}
