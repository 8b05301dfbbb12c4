//! Labelled pieces on their way out.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::StockRead;
use super::units::lock_units;
use crate::db::schema::unit_tag;
use crate::db::types::StockReason;
use crate::ids::{BinId, TagId};
use crate::supplies::ledger::{MovedBy, NewMove, post};

/// Pieces that were read on their way out have left the stock.
pub(super) async fn read_exits(
    conn: &mut AsyncPgConnection,
    reads: &[StockRead],
    now: DateTime<Utc>,
) -> QueryResult<usize> {
    let mut first: BTreeMap<TagId, &StockRead> = BTreeMap::new();
    for read in reads {
        let known = first.entry(read.tag_id).or_insert(read);
        if read.seen_at < known.seen_at {
            *known = read;
        }
    }
    let tag_ids: Vec<TagId> = first.keys().copied().collect();
    let units = lock_units(conn, None, &tag_ids).await?;
    let moves: Vec<NewMove<'_>> = units
        .iter()
        .filter_map(|unit| {
            let read = first.get(&unit.tag_id)?;
            let by = MovedBy::Reader(read.reader_id, read.batch_id, read.tag_id);
            unit.leaves(StockReason::Exit, by, read.seen_at)
        })
        .collect();
    let gone: Vec<TagId> = units
        .iter()
        .filter(|unit| unit.bin_id.is_some())
        .map(|unit| unit.tag_id)
        .collect();
    diesel::update(unit_tag::table.filter(unit_tag::tag_id.eq_any(gone)))
        .set((
            unit_tag::bin_id.eq(None::<BinId>),
            unit_tag::misses.eq(0_i16),
            unit_tag::missed_since.eq(None::<DateTime<Utc>>),
        ))
        .execute(conn)
        .await?;
    post(conn, &moves, now).await?;
    Ok(moves.len())
}
