//! What a person did last with the scanner at a place, to look at and to take back.

use chrono::{DateTime, TimeDelta, Utc};

use super::Kind;
use crate::db::DbConn;
use crate::db::types::StockReason;
use crate::ids::{StockPlaceId, UserId};
use crate::supplies::acts::STOCK_UNDO_FOR;
use crate::supplies::scan::{EmptyBin, ScanRow, list_empty_bins, list_scans};
use crate::web::acts::new_key;
use crate::web::page::Shell;
use crate::web::strings::fill;
use crate::web::supplies::words::reason_word;
use crate::web::wording::grouped;
use crate::web::{PageError, routes};

/// How far back it reaches: a shift.
const SINCE: TimeDelta = TimeDelta::hours(12);
/// Lines of it.
const ROWS: i64 = 10;
/// Empty bins that are shown.
const BINS: i64 = 50;

/// The running log.
#[derive(Clone, Debug, Default)]
pub struct Log {
    /// The last scans.
    pub rows: Vec<LogRow>,
    /// "14 scans, 96 pieces".
    pub totals: Option<String>,
    /// Bins that are empty; none on pages about something else.
    pub empty: Option<Vec<EmptyRow>>,
}

/// A line of it.
#[derive(Clone, Debug)]
pub struct LogRow {
    /// What it was.
    pub words: String,
    /// In which bin.
    pub bin: String,
    /// When.
    pub at: DateTime<Utc>,
    /// Its form, and the key to take it back, while that is possible.
    pub undo: Option<(String, String)>,
}

/// A bin that is empty.
#[derive(Clone, Debug)]
pub struct EmptyRow {
    /// The bin.
    pub id: i64,
    /// "Bin A-02: IV cannula".
    pub words: String,
    /// The page of the item.
    pub href: String,
    /// Since when.
    pub since: DateTime<Utc>,
    /// Idempotency key to say that it is not.
    pub key: String,
}

fn reasons(kind: Kind) -> &'static [StockReason] {
    match kind {
        Kind::Issue => &[StockReason::Issue],
        Kind::Receive => &[StockReason::Receive],
        Kind::Empty | Kind::Full => &[StockReason::EmptyBin, StockReason::Refill],
    }
}

pub(super) async fn read_log(
    conn: &DbConn,
    of: (UserId, StockPlaceId),
    kind: Kind,
    shell: &Shell,
) -> Result<Log, PageError> {
    let since = shell.now - SINCE;
    let rows = list_scans(conn, of, reasons(kind), since, ROWS).await?;
    let empty = if kind.is_bins() {
        Some(list_empty_bins(conn, of.1, BINS).await?)
    } else {
        None
    };
    Ok(Log::new(&rows, empty, of.1, shell))
}

impl Log {
    fn new(
        rows: &[ScanRow],
        empty: Option<Vec<EmptyBin>>,
        place: StockPlaceId,
        shell: &Shell,
    ) -> Self {
        let t = &shell.t.scan;
        let totals = rows
            .first()
            .map(|row| fill(t.totals, &[&grouped(row.forms), &grouped(row.pieces)]));
        let empty = empty.map(|bins| {
            let row = |bin: EmptyBin| EmptyRow {
                id: bin.bin_id.0,
                words: fill(t.empty_row, &[&bin.bin_name, &bin.item_name]),
                href: routes::item_path(bin.item_id, Some(place)),
                since: bin.empty_since,
                key: new_key(),
            };
            bins.into_iter().map(row).collect()
        });
        Self {
            rows: rows.iter().map(|row| LogRow::new(row, shell)).collect(),
            totals,
            empty,
        }
    }

    /// For tests of templates.
    pub(super) fn sample(shell: &Shell) -> Self {
        let row = ScanRow {
            form_key: uuid::Uuid::nil(),
            reason: StockReason::Issue,
            item_id: crate::ids::ItemId(4),
            item_name: "IV cannula <20G>".to_owned(),
            base_unit: "each".to_owned(),
            bin_name: "A-01 & A-02".to_owned(),
            quantity: -3,
            lot_number: Some("L<7>".to_owned()),
            recorded_at: shell.now,
            forms: 14,
            pieces: 1_096,
        };
        let old = ScanRow {
            recorded_at: shell.now - TimeDelta::hours(2),
            lot_number: None,
            ..row.clone()
        };
        let bin = EmptyBin {
            bin_id: crate::ids::BinId(7),
            bin_name: "A-02".to_owned(),
            empty_since: shell.now,
            item_id: crate::ids::ItemId(4),
            item_name: "Swab <7>".to_owned(),
        };
        Self::new(&[row, old], Some(vec![bin]), StockPlaceId(6), shell)
    }
}

impl LogRow {
    fn new(row: &ScanRow, shell: &Shell) -> Self {
        let t = &shell.t.scan;
        let reason = reason_word(row.reason, shell.t);
        let amount = grouped(row.quantity.saturating_abs());
        let words = match &row.lot_number {
            Some(lot) => fill(t.row_lot, &[&reason, &amount, &row.item_name, lot]),
            None => fill(t.row, &[&reason, &amount, &row.item_name]),
        };
        let is_young = shell.now - row.recorded_at <= STOCK_UNDO_FOR;
        Self {
            words,
            bin: fill(t.in_bin, &[&row.bin_name]),
            at: row.recorded_at,
            undo: is_young.then(|| (row.form_key.to_string(), new_key())),
        }
    }
}
