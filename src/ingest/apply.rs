//! What batches mean: sightings go through the deciding core and become a [`Plan`] of rows to write. No I/O here.
//!
//! The state is soft (I-6a): levels and beliefs live in memory only and are rebuilt from new sightings; places are in the
//! database before a message is acknowledged. When a transaction fails the whole state is dropped and loaded again (I-7), so
//! it never holds what the database does not.

use std::collections::VecDeque;

use ahash::{AHashMap, AHashSet};
use chrono::{DateTime, Utc};
use smallvec::SmallVec;

use super::directory::{Directory, ReaderEntry, SupplyTag, TagEntry};
use super::health::ReaderMemory;
use super::intake::{Batch, Sighting};
use super::plan::{AssetMove, Plan, SightingRow, TagStateRow};
use super::quarantine::{NewQuarantine, Origin};
use super::store::{Lease, PlaceClaim};
use super::timing::{SeenAt, decide_seen_at};
use crate::config::ingest::HistoryMode;
use crate::db::types::{AntennaPurpose, PlaceBasis, ReaderState, Technology};
use crate::ids::{ReaderId, RoomId, TagId};
use crate::live::{Kind, Topic, TopicSet};
use crate::location::{
    Engine, Heard, Pass, PassDecision, ReaderIndex, RoomChange, Site, StoredPlace, TagTrack,
    decide_pass,
};
use crate::supplies::reads::{InventoryPart, StockRead};

/// A card that hangs at the board, or a piece that stands at the exit, is told this often.
const STOCK_READ_EVERY_MS: i64 = 30_000;
/// In sampled history one sighting per tag, reader and this time is kept.
const SAMPLE_EVERY_MS: i64 = 60_000;
/// A tag's open slots are closed this long after its last sighting arrived, when nothing more comes.
const CLOSE_AFTER_MS: u64 = 1_500;
/// A reader's clock may run ahead a little; for placing, no sighting counts as later than this after its arrival.
const PLACE_AHEAD_MAX_MS: i64 = 2_000;
/// Older sightings are not kept as history: their partition is gone or about to go.
const HISTORY_AGE_MAX_MS: i64 = 3 * 24 * 3_600_000;

/// A place as the database holds it.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Place {
    stored: StoredPlace,
    confidence: f32,
}

/// What is remembered of a tag.
#[derive(Clone, Debug, Default)]
struct TagMemory {
    track: TagTrack,
    place: Option<Place>,
    seen_ms: Option<i64>,
    written_seen_ms: Option<i64>,
    reader_id: Option<ReaderId>,
    battery_pct: Option<i16>,
    stock_read_ms: Option<i64>,
    samples: SmallVec<[(ReaderIndex, i64); 4]>,
    arrived_ms: u64,
    is_queued: bool,
    is_due: bool,
}

/// Settings of the decisions.
#[derive(Clone, Debug)]
pub struct ApplyConfig {
    /// The deciding core.
    pub engine: Engine,
    /// How much raw history is kept.
    pub history: HistoryMode,
    /// A mere "still here" is written at most this often (I-9).
    pub seen_every_ms: i64,
}

/// Where a tag was when the consumer started, from `tag_state`.
#[derive(Clone, Copy, Debug)]
pub struct StoredTag {
    /// Which tag.
    pub tag_id: TagId,
    /// Its room and since when.
    pub place: Option<(RoomId, DateTime<Utc>)>,
    /// Newest sighting that was written.
    pub seen_at: DateTime<Utc>,
    /// Belief of the room.
    pub confidence: Option<f32>,
    /// Reader that heard it.
    pub reader_id: Option<ReaderId>,
}

/// The soft state of a shard.
#[derive(Debug)]
pub struct ShardState {
    config: ApplyConfig,
    /// Readers and tags.
    pub directory: Directory,
    /// Health of the readers.
    pub readers: AHashMap<ReaderId, ReaderMemory>,
    /// What changed for people since it was taken last, for hints after COMMIT.
    pub changed: TopicSet,
    site: Site,
    tags: Vec<TagMemory>,
    due: Vec<u32>,
    open: VecDeque<(u64, u32)>,
    changes: Vec<RoomChange>,
    newest_ms: i64,
    claims: (i64, i64),
    adopted: AHashSet<(i64, TagId)>,
}

impl ShardState {
    /// The state after a start: places as stored, windows cold.
    #[must_use]
    pub fn new(config: ApplyConfig, mut directory: Directory, stored: &[StoredTag]) -> Self {
        let mut tags = vec![TagMemory::default(); directory.tag_count()];
        for row in stored {
            let Some(position) = directory.tag_position_of(row.tag_id) else {
                continue;
            };
            let place = row.place.map(|(room_id, entered_at)| Place {
                stored: StoredPlace {
                    room: directory.room_index(room_id),
                    since_ms: entered_at.timestamp_millis(),
                    seen_ms: row.seen_at.timestamp_millis(),
                },
                confidence: row.confidence.unwrap_or(0.0),
            });
            if let Some(tag) = usize::try_from(position)
                .ok()
                .and_then(|at| tags.get_mut(at))
            {
                if let Some(place) = place {
                    tag.track = TagTrack::restored(place.stored, &config.engine);
                }
                tag.place = place;
                tag.seen_ms = Some(row.seen_at.timestamp_millis());
                tag.written_seen_ms = tag.seen_ms;
                tag.reader_id = row.reader_id;
            }
        }
        let mut site = Site::default();
        directory.place_radios(&mut site);
        let (due, open, changes) = (Vec::new(), VecDeque::new(), Vec::new());
        Self {
            config,
            directory,
            readers: AHashMap::new(),
            changed: TopicSet::default(),
            site,
            tags,
            due,
            open,
            changes,
            newest_ms: 0,
            claims: (0, 0),
            adopted: AHashSet::new(),
        }
    }

    /// Takes over what was known of the readers before a restart: without it the first message that comes late would pass for
    /// a slow clock, and a reader that fell silent meanwhile would never be missed (I-9a).
    pub fn restore_readers(&mut self, stored: Vec<(ReaderId, ReaderMemory)>) {
        self.readers.extend(stored);
        for reader in self.directory.readers() {
            if !reader.sends_heartbeats || reader.state != ReaderState::Active {
                continue;
            }
            let spoke_ms = self
                .readers
                .get(&reader.id)
                .and_then(|memory| memory.last_message_ms);
            for radio in reader.radios() {
                if let Some(spoke_ms) = spoke_ms {
                    self.site
                        .record_message(radio.index, spoke_ms, &self.config.engine);
                }
            }
        }
    }

    /// Takes over a directory that was loaded again.
    pub fn directory_changed(&mut self) {
        self.directory.place_radios(&mut self.site);
        self.tags
            .resize_with(self.directory.tag_count(), TagMemory::default);
        // What is known of where the tag was is about another asset. Kept, it would hide the new one: a tag that stays in its
        // room makes no move. Decided anew, the next sightings place it.
        for position in self.directory.take_reassigned() {
            if let Some(tag) = usize::try_from(position)
                .ok()
                .and_then(|at| self.tags.get_mut(at))
            {
                tag.track = TagTrack::default();
                tag.place = None;
            }
        }
    }

    /// Whether people gave places that were not taken over yet.
    #[must_use]
    pub fn has_new_claims(&self, lease: &Lease) -> bool {
        self.claims != (lease.claims, lease.newest_claim)
    }

    /// Takes over places that people gave: the tag is there from now on, until newer readings have held elsewhere (R14).
    pub fn adopt_claims(&mut self, lease: &Lease, claims: Vec<PlaceClaim>) {
        self.claims = (lease.claims, lease.newest_claim);
        let listed: AHashSet<_> = claims
            .iter()
            .map(|claim| (claim.claim_id, claim.tag_id))
            .collect();
        self.adopted.retain(|known| listed.contains(known));
        for claim in claims {
            let Some(position) = self.directory.tag_position_of(claim.tag_id) else {
                continue;
            };
            let room = self.directory.room_index(claim.room_id);
            let at_ms = claim.at.timestamp_millis();
            let Some(tag) = usize::try_from(position)
                .ok()
                .and_then(|at| self.tags.get_mut(at))
            else {
                continue;
            };
            let is_newer = tag.place.is_none_or(|place| place.stored.since_ms < at_ms);
            if !self.adopted.insert((claim.claim_id, claim.tag_id)) || !is_newer {
                continue;
            }
            let since_ms = match tag.place {
                Some(place) if place.stored.room == room => place.stored.since_ms,
                _ => at_ms,
            };
            let stored = StoredPlace {
                room,
                since_ms,
                seen_ms: tag.seen_ms.unwrap_or(at_ms),
            };
            tag.track.adopt(stored, &self.config.engine);
            tag.place = Some(Place {
                stored,
                confidence: 1.0,
            });
            tag.seen_ms = tag.seen_ms.or(Some(at_ms));
            if !tag.is_due {
                tag.is_due = true;
                self.due.push(position);
            }
        }
    }

    /// Notes that readers were registered.
    pub fn readers_registered(&mut self) {
        self.changed.insert(Topic::All(Kind::Reader));
    }

    /// The health of a reader.
    pub fn reader_memory(&mut self, reader_id: ReaderId) -> &mut ReaderMemory {
        self.readers.entry(reader_id).or_default()
    }

    /// Takes in a batch that is applied for the first time. `body` is what it was parsed from, `mono_ms` a clock that only
    /// moves on.
    pub fn apply(&mut self, batch: &Batch, body: &[u8], mono_ms: u64, plan: &mut Plan) {
        let Some(reader) = self.directory.reader(&batch.reader_key).cloned() else {
            debug_assert!(
                false,
                "readers that are not known are registered before this"
            );
            return;
        };
        let received_ms = batch.received_at.timestamp_millis();
        let is_used = reader.state == ReaderState::Active;
        let offset_ms = self.record_message(&reader, batch, received_ms);
        plan.quarantine.extend(batch.rejects.iter().cloned());
        let (mut taken, mut newest_ms, mut faults, mut refused) = (0_i64, None, 0_i64, 0_i64);
        for sighting in &batch.sightings {
            let seen_ms = match decide_seen_at(
                sighting.heard,
                batch.sent_at_ms,
                offset_ms,
                received_ms,
            ) {
                SeenAt::At(seen_ms) => seen_ms,
                SeenAt::ClockFault { seen_ms, said_ms } => {
                    faults += 1;
                    let detail = format!(
                        "said to be seen at {}, more than 2 minutes ahead: it took its arrival time; check the reader's clock",
                        said(said_ms)
                    );
                    Self::keep_time_fault(batch, body, sighting, ("clock_fault", detail), plan);
                    seen_ms
                }
                SeenAt::TooOld(said_ms) => {
                    refused += 1;
                    let detail = format!(
                        "seen at {}, more than 7 days before it arrived: check the reader's clock, or leave old sightings out",
                        said(said_ms)
                    );
                    Self::keep_time_fault(batch, body, sighting, ("too_old", detail), plan);
                    continue;
                }
            };
            taken += 1;
            newest_ms = newest_ms.max(Some(seen_ms));
            let Some(position) = sighting.tag else {
                *plan
                    .unregistered
                    .entry((reader.id, hour_of(seen_ms)))
                    .or_default() += 1;
                continue;
            };
            if is_used {
                self.take(
                    &reader,
                    batch,
                    sighting,
                    position,
                    seen_ms,
                    (received_ms, mono_ms),
                    plan,
                );
            }
        }
        if is_used && let (Some(inventory), Some(place)) = (batch.inventory, reader.cabinet) {
            let taken_at = from_ms(self.spoke_ms(&reader, batch, received_ms));
            plan.stock.parts.push(InventoryPart {
                reader_id: reader.id,
                stock_place_id: place,
                batch_id: batch.batch_id,
                seq: i64::try_from(inventory.seq).unwrap_or(i64::MAX),
                part: inventory.part.into(),
                parts: inventory.parts.into(),
                taken_at,
                is_damaged: batch.rejected > 0 || refused > 0,
                ..self.sort_inventory(batch)
            });
        }
        let memory = self.reader_memory(reader.id);
        memory.sightings += taken;
        memory.clock_faults += faults;
        memory.rejected += refused;
        memory.last_sighting_ms = memory.last_sighting_ms.max(newest_ms);
    }

    /// When the reader sent a batch, by our clock.
    fn spoke_ms(&mut self, reader: &ReaderEntry, batch: &Batch, received_ms: i64) -> i64 {
        let offset_ms = self.reader_memory(reader.id).clock.applied_ms();
        batch.sent_at_ms.map_or(received_ms, |sent| {
            sent.saturating_add(offset_ms).min(received_ms)
        })
    }

    fn record_message(&mut self, reader: &ReaderEntry, batch: &Batch, received_ms: i64) -> i64 {
        let memory = self.reader_memory(reader.id);
        if let (Some(sent_at_ms), true) = (batch.sent_at_ms, batch.tells_clock) {
            memory.clock.record(sent_at_ms, received_ms);
        }
        let offset_ms = memory.clock.applied_ms();
        let spoke_ms = self.spoke_ms(reader, batch, received_ms);
        let memory = self.reader_memory(reader.id);
        memory.messages += 1;
        memory.rejected += i64::from(batch.rejected);
        memory.last_message_ms = memory.last_message_ms.max(Some(spoke_ms));
        memory.record_seq(batch.boot.as_deref(), batch.seq);
        if let Some(inventory) = batch.inventory {
            memory.record_inventory(inventory.seq);
        }
        if batch.last_event.is_some() {
            memory.last_event.clone_from(&batch.last_event);
        }
        memory.is_dirty = true;
        self.newest_ms = self.newest_ms.max(spoke_ms);
        if reader.sends_heartbeats && reader.state == ReaderState::Active {
            for radio in reader.radios() {
                self.site
                    .record_message(radio.index, spoke_ms, &self.config.engine);
            }
        }
        offset_ms
    }

    /// The labels of a part of an inventory by what they are.
    fn sort_inventory(&self, batch: &Batch) -> InventoryPart {
        let known = batch.sightings.iter().filter_map(|sighting| sighting.tag);
        let known = known.filter_map(|position| self.directory.tag(position));
        let (units, others): (Vec<&TagEntry>, Vec<&TagEntry>) =
            known.partition(|entry| entry.supply == Some(SupplyTag::Unit));
        InventoryPart {
            tag_ids: units.into_iter().map(|entry| entry.id).collect(),
            unknown: batch.unknown_tags.clone(),
            foreign: i64::try_from(others.len()).unwrap_or(i64::MAX),
            ..InventoryPart::default()
        }
    }

    /// Keeps the text of a sighting whose time cannot be right; the first of a message, like other refused ones.
    fn keep_time_fault(
        batch: &Batch,
        body: &[u8],
        sighting: &Sighting,
        (reason, detail): (&'static str, String),
        plan: &mut Plan,
    ) {
        let kept = plan
            .quarantine
            .iter()
            .rev()
            .take_while(|row| row.batch_id == Some(batch.batch_id))
            .count();
        if kept >= super::envelope::REJECTS_KEPT_MAX {
            return;
        }
        let origin = Origin {
            received_at: batch.received_at,
            routing_key: &batch.routing_key,
            reader_key: Some(&batch.reader_key),
            content_type: None,
        };
        let index = u16::try_from(sighting.index).unwrap_or(0);
        let reject = super::envelope::Reject {
            index,
            reason,
            detail,
            raw: super::envelope::raw_sighting(body, index),
        };
        plan.quarantine
            .push(NewQuarantine::sighting(origin, batch.batch_id, &reject));
    }

    #[expect(clippy::too_many_arguments, reason = "one call, on the hot path")]
    fn take(
        &mut self,
        reader: &ReaderEntry,
        batch: &Batch,
        sighting: &Sighting,
        position: u32,
        seen_ms: i64,
        (received_ms, mono_ms): (i64, u64),
        plan: &mut Plan,
    ) {
        let (Some(entry), Some(tag)) = (
            self.directory.tag(position).copied(),
            usize::try_from(position)
                .ok()
                .and_then(|at| self.tags.get_mut(at)),
        ) else {
            return;
        };
        let radio = reader.radio(sighting.antenna_port);
        if keeps_history(self.config.history, tag, radio.index, seen_ms, received_ms) {
            plan.sightings.push(SightingRow {
                seen_at: from_ms(seen_ms),
                tag_id: entry.id,
                reader_id: reader.id,
                batch_id: batch.batch_id,
                batch_index: sighting.index,
                antenna_port: sighting.antenna_port.map(i16::from),
                rssi_dbm: sighting.rssi_dbm,
            });
        }
        read_stock(
            &entry,
            (reader.id, radio.purpose),
            batch,
            (seen_ms, tag),
            plan,
        );
        let place_ms = seen_ms.min(received_ms.saturating_add(PLACE_AHEAD_MAX_MS));
        let is_newest = tag.seen_ms.is_none_or(|seen| place_ms > seen);
        if is_newest {
            tag.seen_ms = Some(place_ms);
            tag.battery_pct = sighting.battery_pct.map(i16::from).or(tag.battery_pct);
        }
        let reported = tag.place.map(|place| place.stored.room);
        if tag.reader_id.is_none() || (radio.room.is_some() && radio.room == reported) {
            tag.reader_id = Some(reader.id);
        }
        self.changes.clear();
        let basis = match (entry.technology, sighting.rssi_dbm) {
            (Technology::Ble, Some(rssi_dbm)) => {
                let heard = Heard {
                    t_ms: place_ms,
                    reader: radio.index,
                    rssi_dbm,
                };
                tag.track
                    .hear(&self.site, &self.config.engine, heard, &mut self.changes);
                tag.arrived_ms = mono_ms;
                if !tag.is_queued {
                    tag.is_queued = true;
                    self.open.push_back((mono_ms, position));
                }
                PlaceBasis::Beacon
            }
            (Technology::Ble, None) => PlaceBasis::Beacon,
            (Technology::Rfid, _) => {
                let known = tag.place.map(|place| place.stored);
                match decide_pass(
                    known.as_ref(),
                    Pass {
                        seen_ms: place_ms,
                        room: radio.room,
                    },
                ) {
                    PassDecision::Moved(change) => {
                        tag.reader_id = Some(reader.id);
                        self.changes.push(change);
                    }
                    PassDecision::SeenAgain => {
                        if let Some(place) = &mut tag.place {
                            place.stored.seen_ms = place_ms;
                        }
                    }
                    PassDecision::NotNewer | PassDecision::NoRoom => {}
                }
                PlaceBasis::Pass
            }
        };
        self.record_changes(position, basis, plan);
        self.mark_seen(position);
    }

    /// Closes the slots of tags that have gone quiet, so that their last sightings decide too.
    pub fn close_quiet(&mut self, mono_ms: u64, plan: &mut Plan) {
        while let Some((queued_ms, position)) = self.open.front().copied() {
            if mono_ms.saturating_sub(queued_ms) < CLOSE_AFTER_MS {
                break;
            }
            self.open.pop_front();
            let Some(tag) = usize::try_from(position)
                .ok()
                .and_then(|at| self.tags.get_mut(at))
            else {
                continue;
            };
            if mono_ms.saturating_sub(tag.arrived_ms) < CLOSE_AFTER_MS {
                self.open.push_back((tag.arrived_ms, position));
                continue;
            }
            tag.is_queued = false;
            self.changes.clear();
            let until_ms = tag
                .track
                .newest_ms()
                .unwrap_or(0)
                .saturating_add(self.config.engine.config().slot_ms);
            tag.track
                .close_until(&self.site, &self.config.engine, until_ms, &mut self.changes);
            self.record_changes(position, PlaceBasis::Beacon, plan);
        }
    }

    /// Marks every tag whose newest sighting is not written yet; for a stop.
    pub fn mark_all_seen(&mut self) {
        for position in 0..self.tags.len() {
            let Some(tag) = self.tags.get_mut(position) else {
                continue;
            };
            if tag.seen_ms > tag.written_seen_ms && !tag.is_due {
                tag.is_due = true;
                self.due.extend(u32::try_from(position));
            }
        }
    }

    /// Moves the states that are due into the plan. Call it once, last.
    pub fn finish(&mut self, plan: &mut Plan) {
        for position in std::mem::take(&mut self.due) {
            let (Some(entry), Some(tag)) = (
                self.directory.tag(position).copied(),
                usize::try_from(position)
                    .ok()
                    .and_then(|at| self.tags.get_mut(at)),
            ) else {
                continue;
            };
            tag.is_due = false;
            tag.written_seen_ms = tag.seen_ms;
            let Some(seen_ms) = tag.seen_ms else { continue };
            let place = tag.place;
            plan.tag_states.push(TagStateRow {
                tag_id: entry.id,
                room_id: place.and_then(|place| self.directory.room_id(place.stored.room)),
                reader_id: tag.reader_id,
                seen_at: from_ms(seen_ms),
                entered_at: place.map(|place| from_ms(place.stored.since_ms)),
                confidence: place.map(|place| place.confidence),
                battery_pct: tag.battery_pct,
            });
        }
        plan.tag_states.sort_unstable_by_key(|row| row.tag_id);
    }

    /// Finds readers that fell silent or came back; `now_ms` is the event time (I-9a).
    pub fn update_down_readers(&mut self, now_ms: i64) {
        for reader in self.directory.readers() {
            let down_since_ms = self
                .site
                .reader_down_since_ms(reader.whole.index, now_ms, &self.config.engine)
                .filter(|_| reader.sends_heartbeats);
            if let Some(memory) = self.readers.get_mut(&reader.id)
                && memory.down_since_ms != down_since_ms
            {
                memory.down_since_ms = down_since_ms;
                memory.is_dirty = true;
                // What is in its rooms is Last seen from now on, or Likely again (R13).
                self.changed.insert(Topic::Reader(reader.id));
                self.changed
                    .extend(self.directory.rooms_of(reader).map(Topic::Room));
            }
        }
    }

    /// Newest event time of any message.
    #[must_use]
    pub fn newest_ms(&self) -> i64 {
        self.newest_ms
    }

    fn record_changes(&mut self, position: u32, basis: PlaceBasis, plan: &mut Plan) {
        let Self {
            changes,
            directory,
            tags,
            due,
            changed,
            ..
        } = self;
        let (Some(entry), Some(tag)) = (
            directory.tag(position).copied(),
            usize::try_from(position)
                .ok()
                .and_then(|at| tags.get_mut(at)),
        ) else {
            return;
        };
        for change in changes.drain(..) {
            #[expect(
                clippy::as_conversions,
                clippy::cast_possible_truncation,
                reason = "a probability for people"
            )]
            let confidence = change.confidence as f32;
            let seen_ms = tag.seen_ms.unwrap_or(change.at_ms);
            let stored = StoredPlace {
                room: change.to,
                since_ms: change.at_ms,
                seen_ms,
            };
            let left = tag.place.map(|place| place.stored.room);
            tag.place = Some(Place { stored, confidence });
            if !tag.is_due {
                tag.is_due = true;
                due.push(position);
            }
            let Some(room_id) = directory.room_id(change.to) else {
                continue;
            };
            if let Some(asset_id) = entry.asset_id {
                changed.insert(Topic::Asset(asset_id));
                changed.extend(entry.asset_type_id.map(Topic::Type));
                let left = left.and_then(|room| directory.room_id(room));
                changed.extend([Some(room_id), left].into_iter().flatten().map(Topic::Room));
                let at = from_ms(change.at_ms);
                let reader_id = tag.reader_id;
                plan.moves.push(AssetMove {
                    asset_id,
                    room_id,
                    tag_id: entry.id,
                    reader_id,
                    at,
                    basis,
                    confidence,
                });
            }
        }
    }

    fn mark_seen(&mut self, position: u32) {
        let Some(tag) = usize::try_from(position)
            .ok()
            .and_then(|at| self.tags.get_mut(at))
        else {
            return;
        };
        let (Some(seen), false) = (tag.seen_ms, tag.is_due) else {
            return;
        };
        if tag
            .written_seen_ms
            .is_none_or(|written| seen - written >= self.config.seen_every_ms)
        {
            tag.is_due = true;
            self.due.push(position);
        }
    }
}

/// Passes on what an antenna for it reads of stock.
fn read_stock(
    entry: &TagEntry,
    (reader_id, purpose): (ReaderId, AntennaPurpose),
    batch: &Batch,
    (seen_ms, tag): (i64, &mut TagMemory),
    plan: &mut Plan,
) {
    let reads = match (purpose, entry.supply) {
        (AntennaPurpose::Board, Some(SupplyTag::Card)) => &mut plan.stock.cards,
        (AntennaPurpose::Exit, Some(SupplyTag::Unit)) => &mut plan.stock.exits,
        _ => return,
    };
    let is_due = |told: i64| (seen_ms - told).abs() >= STOCK_READ_EVERY_MS;
    if tag.stock_read_ms.is_none_or(is_due) {
        tag.stock_read_ms = Some(seen_ms);
        reads.push(StockRead {
            reader_id,
            batch_id: batch.batch_id,
            tag_id: entry.id,
            seen_at: from_ms(seen_ms),
        });
    }
}

fn keeps_history(
    mode: HistoryMode,
    tag: &mut TagMemory,
    radio: ReaderIndex,
    seen_ms: i64,
    received_ms: i64,
) -> bool {
    if seen_ms < received_ms.saturating_sub(HISTORY_AGE_MAX_MS) {
        return false;
    }
    match mode {
        HistoryMode::Off => false,
        HistoryMode::Full => true,
        HistoryMode::Sampled => {
            if let Some((_, last_ms)) = tag
                .samples
                .iter_mut()
                .find(|(sampled, _)| *sampled == radio)
            {
                if (seen_ms - *last_ms).abs() < SAMPLE_EVERY_MS {
                    return false;
                }
                *last_ms = seen_ms;
                return true;
            }
            tag.samples.push((radio, seen_ms));
            true
        }
    }
}

fn said(ms: i64) -> String {
    DateTime::from_timestamp_millis(ms)
        .map_or_else(|| "no possible date".to_owned(), |at| at.to_rfc3339())
}

fn hour_of(ms: i64) -> DateTime<Utc> {
    from_ms(ms - ms.rem_euclid(3_600_000))
}

fn from_ms(ms: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(ms).unwrap_or_default()
}
