//! The catalogue that is searched: every type with models, in a hospital with rooms.

use anyhow::Context;
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Text};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};

use crate::find::synonyms::exchange::{ImportReport, StarterScope, add_starter};

/// Assets of the catalogue.
pub const ASSETS: usize = 50_000;

/// An asset of the catalogue, as `../sql/catalogue_assets.sql` makes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct CatalogueAsset {
    pub number: String,
    pub serial: String,
}

impl CatalogueAsset {
    /// The asset with this place in the catalogue, from 1 on.
    pub(super) fn new(place: usize) -> Self {
        Self {
            number: format!("EQ-{place:06}"),
            serial: format!("K{:09}", (place * 104_729) % 999_999_937),
        }
    }
}

/// Fills an empty, migrated database: the types, 50,000 assets, and the starter synonyms.
///
/// # Errors
/// When the database cannot be written.
pub async fn furnish(
    conn: &mut AsyncPgConnection,
    types: &[String],
) -> anyhow::Result<ImportReport> {
    let report = conn
        .transaction(async |conn| {
            conn.batch_execute(include_str!("../sql/catalogue_places.sql"))
                .await?;
            sql_query(include_str!("../sql/catalogue_types.sql"))
                .bind::<Array<Text>, _>(types)
                .execute(conn)
                .await?;
            sql_query(include_str!("../sql/catalogue_assets.sql"))
                .bind::<BigInt, _>(i64::try_from(ASSETS).unwrap_or(i64::MAX))
                .execute(conn)
                .await?;
            let report = add_starter(conn, StarterScope::All).await?;
            diesel::QueryResult::Ok(report)
        })
        .await
        .context("filling the catalogue")?;
    conn.batch_execute("ANALYZE").await?;
    Ok(report)
}
