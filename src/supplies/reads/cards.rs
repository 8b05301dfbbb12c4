//! Cards of bins at the board: a bin is empty when its card is put up.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Nullable, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::StockRead;
use crate::ids::{BinId, ItemId, StockPlaceId, TagId};
use crate::supplies::acts::empty_bin;
use crate::supplies::cabinet::is_put_up;
use crate::supplies::ledger::{MovedBy, StockKey, lock};

/// Cards with their bins and what these are of.
pub const BIN_CARDS_SQL: &str = include_str!("../sql/bin_cards.sql");

#[derive(Clone, Copy, Debug, QueryableByName)]
struct Card {
    #[diesel(sql_type = BigInt)]
    tag_id: TagId,
    #[diesel(sql_type = BigInt)]
    bin_id: BinId,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    board_seen_at: Option<DateTime<Utc>>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    filled_at: Option<DateTime<Utc>>,
    #[diesel(sql_type = Nullable<BigInt>)]
    item_id: Option<ItemId>,
    #[diesel(sql_type = BigInt)]
    stock_place_id: StockPlaceId,
}

/// A card that was put up at the board: its bin is empty, once.
pub(super) async fn read_cards(
    conn: &mut AsyncPgConnection,
    reads: &[StockRead],
    now: DateTime<Utc>,
) -> QueryResult<usize> {
    let mut tag_ids: Vec<TagId> = reads.iter().map(|read| read.tag_id).collect();
    tag_ids.sort_unstable();
    tag_ids.dedup();
    let cards: Vec<Card> = sql_query(BIN_CARDS_SQL)
        .bind::<Array<BigInt>, _>(&tag_ids)
        .load(conn)
        .await?;
    let mut emptied = Vec::new();
    let mut seen = Vec::new();
    for card in &cards {
        let mut board_seen_at = card.board_seen_at;
        let mut of_card: Vec<&StockRead> =
            reads.iter().filter(|r| r.tag_id == card.tag_id).collect();
        of_card.sort_by_key(|read| read.seen_at);
        for read in of_card {
            if is_put_up(board_seen_at, card.filled_at, read.seen_at) {
                emptied.push((*card, *read));
            }
            board_seen_at = board_seen_at.max(Some(read.seen_at));
        }
        seen.extend(board_seen_at.map(|at| (card.tag_id, at)));
    }
    sql_query(
        "UPDATE bin_card c SET board_seen_at = u.seen_at FROM unnest($1::bigint[], $2::timestamptz[]) AS u(tag_id, seen_at) \
         WHERE c.tag_id = u.tag_id",
    )
    .bind::<Array<BigInt>, _>(seen.iter().map(|(tag, _)| *tag).collect::<Vec<TagId>>())
    .bind::<Array<Timestamptz>, _>(seen.iter().map(|(_, at)| *at).collect::<Vec<_>>())
    .execute(conn)
    .await?;
    let stock = |card: &Card| {
        card.item_id.map(|item_id| StockKey {
            item_id,
            stock_place_id: card.stock_place_id,
        })
    };
    let mut keys: Vec<StockKey> = emptied.iter().filter_map(|(card, _)| stock(card)).collect();
    keys.sort_unstable();
    keys.dedup();
    lock(conn, &keys).await?;
    let mut changed = 0;
    for (card, read) in emptied {
        let Some(stock) = stock(&card) else {
            metrics::counter!("wardtrack_bin_cards_without_rule_total").increment(1);
            tracing::warn!(
                bin.id = card.bin_id.0,
                "the card of a bin that is not one of two was read"
            );
            continue;
        };
        let by = MovedBy::Reader(read.reader_id, read.batch_id, read.tag_id);
        let posted = empty_bin(conn, stock, card.bin_id, by, read.seen_at, now).await?;
        changed += usize::from(posted.is_some());
    }
    Ok(changed)
}
