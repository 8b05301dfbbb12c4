//! Where each asset really was: contiguous visits, so that nothing is ever in two rooms.

use std::io::Write;

use super::fleet::{AssetIx, SimAsset};
use super::floor::{FloorPlan, RoomIx};

/// A stretch of time that an asset spent in one room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Visit {
    /// Which asset.
    pub asset: AssetIx,
    /// Where.
    pub room: RoomIx,
    /// From then, included.
    pub from_ms: i64,
    /// Until then, excluded.
    pub to_ms: i64,
}

/// The visits of all assets.
#[derive(Clone, Debug, Default)]
pub(super) struct TruthLog {
    open: Vec<(RoomIx, i64)>,
    closed: Vec<Visit>,
}

impl TruthLog {
    pub(super) fn new(rooms: impl Iterator<Item = RoomIx>, start_ms: i64) -> Self {
        Self {
            open: rooms.map(|room| (room, start_ms)).collect(),
            closed: Vec::new(),
        }
    }

    /// The asset is in this room from now on.
    pub(super) fn record_room(&mut self, asset: AssetIx, room: RoomIx, now_ms: i64) {
        let Some(open) = self.open.get_mut(usize::from(asset.0)) else {
            return;
        };
        if open.0 == room {
            return;
        }
        let (left, from_ms) = std::mem::replace(open, (room, now_ms));
        if now_ms > from_ms {
            self.closed.push(Visit {
                asset,
                room: left,
                from_ms,
                to_ms: now_ms,
            });
        }
    }

    /// Visits that have ended since the last call.
    pub(super) fn take_closed(&mut self) -> Vec<Visit> {
        std::mem::take(&mut self.closed)
    }

    /// Ends every visit now and begins the next in the same room: what a file needs at its end.
    pub(super) fn cut(&mut self, now_ms: i64) -> Vec<Visit> {
        for (asset, open) in (0_u16..).zip(&mut self.open) {
            if now_ms > open.1 {
                self.closed.push(Visit {
                    asset: AssetIx(asset),
                    room: open.0,
                    from_ms: open.1,
                    to_ms: now_ms,
                });
                open.1 = now_ms;
            }
        }
        self.take_closed()
    }
}

/// Writes visits as `tag,t_from_ms,t_to_ms,room`, one row a tag.
#[derive(Debug)]
pub struct TruthWriter<W: Write> {
    csv: csv::Writer<W>,
    zero_ms: i64,
    with_labels: bool,
}

impl<W: Write> TruthWriter<W> {
    /// Times are counted from `zero_ms`. `with_labels`: RFID labels have rows too.
    ///
    /// # Errors
    /// When the header cannot be written.
    pub fn new(out: W, zero_ms: i64, with_labels: bool) -> csv::Result<Self> {
        let mut csv = csv::Writer::from_writer(out);
        csv.write_record(["tag", "t_from_ms", "t_to_ms", "room"])?;
        Ok(Self {
            csv,
            zero_ms,
            with_labels,
        })
    }

    /// Appends visits.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn write(
        &mut self,
        plan: &FloorPlan,
        assets: &[SimAsset],
        visits: &[Visit],
    ) -> csv::Result<()> {
        for visit in visits {
            let Some(asset) = assets.get(usize::from(visit.asset.0)) else {
                continue;
            };
            let beacon = asset.beacon.as_ref().map(|beacon| beacon.tag_key.as_str());
            let label = asset.label_key.as_deref().filter(|_| self.with_labels);
            let (from, to) = (visit.from_ms - self.zero_ms, visit.to_ms - self.zero_ms);
            for tag in beacon.into_iter().chain(label) {
                let room = &plan.room(visit.room).name;
                self.csv
                    .write_record([tag, &from.to_string(), &to.to_string(), room])?;
            }
        }
        self.csv.flush()?;
        Ok(())
    }
}
