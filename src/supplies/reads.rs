//! Stock that readers tell of: full inventories of cabinets, cards at the board of empty bins, labelled pieces on their way out.
//!
//! The consumer calls [`apply_reads`] in the transaction of the message, so that the moves, alerts and suggestions that follow are there with it or
//! not at all. Locks: cabinet or card, then label, then what [`super::ledger::lock`] takes.

mod cabinets;
mod cards;
mod exits;
mod units;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::AsyncPgConnection;
use uuid::Uuid;

pub use self::cards::BIN_CARDS_SQL;
pub use self::units::{CABINET_UNITS_SQL, insert_labels};
use crate::ids::{ReaderId, StockPlaceId, TagId};

/// One part of a full inventory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InventoryPart {
    /// The reader in the cabinet.
    pub reader_id: ReaderId,
    /// The cabinet.
    pub stock_place_id: StockPlaceId,
    /// The message it came by.
    pub batch_id: Uuid,
    /// Number of the inventory.
    pub seq: i64,
    /// Which part this is, from 1.
    pub part: i32,
    /// How many parts there are.
    pub parts: i32,
    /// When it was taken.
    pub taken_at: DateTime<Utc>,
    /// Labels of pieces that are known.
    pub tag_ids: Vec<TagId>,
    /// Keys of labels that nobody knows yet.
    pub unknown: Vec<String>,
    /// Labels that are no pieces: of devices or bins.
    pub foreign: i64,
    /// Some of it was refused: what is missing in it may be there.
    pub is_damaged: bool,
}

/// A card or a labelled piece that an antenna for it read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StockRead {
    /// By which reader.
    pub reader_id: ReaderId,
    /// The message it came by.
    pub batch_id: Uuid,
    /// Which label.
    pub tag_id: TagId,
    /// When.
    pub seen_at: DateTime<Utc>,
}

/// What a transaction of the consumer tells of stock.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StockReads {
    /// Parts of inventories in the order of their arrival.
    pub parts: Vec<InventoryPart>,
    /// Cards at the board.
    pub cards: Vec<StockRead>,
    /// Pieces on their way out.
    pub exits: Vec<StockRead>,
}

impl StockReads {
    /// Nothing of stock was told.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.parts.is_empty() && self.cards.is_empty() && self.exits.is_empty()
    }
}

/// Makes stock follow what readers told. Returns how many moves were appended and bins emptied.
///
/// # Errors
/// When the database fails.
pub async fn apply_reads(
    conn: &mut AsyncPgConnection,
    reads: &StockReads,
    now: DateTime<Utc>,
) -> QueryResult<usize> {
    let mut changed = 0;
    for part in &reads.parts {
        changed += cabinets::take_part(conn, part, now).await?;
    }
    if !reads.cards.is_empty() {
        changed += cards::read_cards(conn, &reads.cards, now).await?;
    }
    if !reads.exits.is_empty() {
        changed += exits::read_exits(conn, &reads.exits, now).await?;
    }
    Ok(changed)
}
