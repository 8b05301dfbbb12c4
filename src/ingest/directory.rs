//! Who is who: readers with the rooms of their antennas, and registered tags with their assets.
//!
//! Loaded from the database whenever `reference_version` has moved on. Positions (of tags, rooms and radios) only ever grow,
//! so that the soft state of the deciding core, which is indexed by them, outlives a reload.

use ahash::AHashMap;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use crate::db::schema::{
    antenna, asset, bin_card, reader, reference_version, stock_place, tag, tag_assignment,
    unit_tag, zone,
};
use crate::db::types::{AntennaPurpose, ReaderState, Technology};
use crate::ids::{AssetId, AssetTypeId, ReaderId, RoomId, StockPlaceId, TagId};
use crate::location::{ReaderIndex, RoomIndex, Site};

/// Antenna port that stands for the whole reader.
const WHOLE_READER: u8 = 0;

/// One antenna of one reader, as the deciding core numbers them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Radio {
    /// Its number.
    pub index: ReaderIndex,
    /// Room of its zone.
    pub room: Option<RoomIndex>,
    /// What it is for.
    pub purpose: AntennaPurpose,
}

/// Row, id on the wire, state, heartbeat interval and the cabinet it counts.
type ReaderRow = (
    ReaderId,
    String,
    ReaderState,
    Option<i64>,
    Option<StockPlaceId>,
);
/// Row, canonical key, technology, what it is on and the type of that; whether it is the card of a bin, or on a piece.
type TagRow = (
    TagId,
    String,
    Technology,
    Option<AssetId>,
    Option<AssetTypeId>,
    Option<TagId>,
    Option<TagId>,
);

/// A registered reader.
#[derive(Clone, Debug)]
pub struct ReaderEntry {
    /// Row.
    pub id: ReaderId,
    /// Whether its sightings are used.
    pub state: ReaderState,
    /// Whether it promises heartbeats, so that silence means something (I-9a).
    pub sends_heartbeats: bool,
    /// The cabinet whose full inventories it sends.
    pub cabinet: Option<StockPlaceId>,
    /// Radio of sightings without an antenna, or with one not listed.
    pub whole: Radio,
    ports: Vec<(u8, Radio)>,
}

impl ReaderEntry {
    /// The radio that a sighting came from.
    #[must_use]
    pub fn radio(&self, port: Option<u8>) -> Radio {
        let listed = port.and_then(|port| self.ports.iter().find(|(listed, _)| *listed == port));
        listed.map_or(self.whole, |(_, radio)| *radio)
    }

    /// All its radios.
    pub fn radios(&self) -> impl Iterator<Item = Radio> {
        std::iter::once(self.whole).chain(self.ports.iter().map(|(_, radio)| *radio))
    }
}

/// A registered tag.
#[derive(Clone, Copy, Debug)]
pub struct TagEntry {
    /// Row.
    pub id: TagId,
    /// What it is on, if anything.
    pub asset_id: Option<AssetId>,
    /// The type of that asset.
    pub asset_type_id: Option<AssetTypeId>,
    /// How it is heard.
    pub technology: Technology,
    /// What it tells of stock.
    pub supply: Option<SupplyTag>,
}

/// What a tag tells of stock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SupplyTag {
    /// The card of a bin.
    Card,
    /// A piece or pack of an item.
    Unit,
}

/// Positions of values in the order of their first appearance.
#[derive(Clone, Debug)]
struct Positions<T>(AHashMap<T, u32>, Vec<T>);

impl<T> Default for Positions<T> {
    fn default() -> Self {
        Self(AHashMap::new(), Vec::new())
    }
}

impl<T: Copy + Eq + std::hash::Hash> Positions<T> {
    fn position(&mut self, value: T) -> u32 {
        *self.0.entry(value).or_insert_with(|| {
            self.1.push(value);
            u32::try_from(self.1.len() - 1).unwrap_or(u32::MAX)
        })
    }
}

/// The reference data of a consumer.
#[derive(Clone, Debug, Default)]
pub struct Directory {
    version: i64,
    readers: AHashMap<String, ReaderEntry>,
    tag_positions: AHashMap<Box<str>, u32>,
    tags: Vec<TagEntry>,
    tags_by_id: AHashMap<TagId, u32>,
    reassigned: Vec<u32>,
    rooms: Positions<RoomId>,
    radios: Positions<(ReaderId, u8)>,
}

impl Directory {
    /// The `reference_version` that was loaded.
    #[must_use]
    pub fn version(&self) -> i64 {
        self.version
    }

    /// The reader with this id on the wire.
    #[must_use]
    pub fn reader(&self, reader_key: &str) -> Option<&ReaderEntry> {
        self.readers.get(reader_key)
    }

    /// All readers.
    pub fn readers(&self) -> impl Iterator<Item = &ReaderEntry> {
        self.readers.values()
    }

    /// Position of the tag with this canonical key.
    #[must_use]
    pub fn tag_position(&self, tag_key: &str) -> Option<u32> {
        self.tag_positions.get(tag_key).copied()
    }

    /// Position of the tag with this row.
    #[must_use]
    pub fn tag_position_of(&self, tag_id: TagId) -> Option<u32> {
        self.tags_by_id.get(&tag_id).copied()
    }

    /// The tag at a position.
    #[must_use]
    pub fn tag(&self, position: u32) -> Option<&TagEntry> {
        self.tags.get(usize::try_from(position).ok()?)
    }

    /// How many tags there are.
    #[must_use]
    pub fn tag_count(&self) -> usize {
        self.tags.len()
    }

    /// Row of a room of the deciding core.
    #[must_use]
    pub fn room_id(&self, room: RoomIndex) -> Option<RoomId> {
        self.rooms.1.get(usize::try_from(room.0).ok()?).copied()
    }

    /// Number of a room for the deciding core.
    pub fn room_index(&mut self, room_id: RoomId) -> RoomIndex {
        RoomIndex(self.rooms.position(room_id))
    }

    /// The rooms that a reader serves.
    pub fn rooms_of<'a>(&'a self, reader: &'a ReaderEntry) -> impl Iterator<Item = RoomId> + 'a {
        let rooms = reader.radios().filter_map(|radio| radio.room);
        rooms.filter_map(|room| self.room_id(room))
    }

    /// Row of the reader that a radio belongs to.
    #[must_use]
    pub fn reader_of_radio(&self, radio: ReaderIndex) -> Option<ReaderId> {
        self.radios
            .1
            .get(usize::try_from(radio.0).ok()?)
            .map(|(reader_id, _)| *reader_id)
    }

    /// Tells the deciding core where each radio is. Those that are gone serve no room any more.
    pub fn place_radios(&self, site: &mut Site) {
        let mut rooms: AHashMap<ReaderIndex, Option<RoomIndex>> = AHashMap::new();
        for reader in self.readers.values() {
            rooms.extend(reader.radios().map(|radio| (radio.index, radio.room)));
        }
        for position in 0..u32::try_from(self.radios.1.len()).unwrap_or(u32::MAX) {
            let index = ReaderIndex(position);
            let room = rooms.get(&index).copied().flatten();
            if site.room_of(index) != room {
                site.set_reader(index, room);
            }
        }
    }

    /// Positions of the tags that came on another asset since this was asked last.
    pub fn take_reassigned(&mut self) -> Vec<u32> {
        std::mem::take(&mut self.reassigned)
    }

    /// Loads everything again.
    ///
    /// # Errors
    /// When the database fails; the former data stay then.
    pub async fn reload(&mut self, conn: &mut AsyncPgConnection) -> QueryResult<()> {
        // The version first: a change that is committed between the queries is then noticed with the next batch.
        let version = reference_version::table
            .select(reference_version::version)
            .first(conn)
            .await?;
        let reader_rows: Vec<ReaderRow> = reader::table
            .left_join(
                stock_place::table.on(stock_place::reader_id
                    .eq(reader::id.nullable())
                    .and(stock_place::is_retired.eq(false))),
            )
            .order(reader::id)
            .select((
                reader::id,
                reader::reader_key,
                reader::state,
                reader::heartbeat_interval_ms,
                stock_place::id.nullable(),
            ))
            .load(conn)
            .await?;
        let antenna_rows: Vec<(ReaderId, i16, RoomId, AntennaPurpose)> = antenna::table
            .inner_join(zone::table)
            .order((antenna::reader_id, antenna::port))
            .select((
                antenna::reader_id,
                antenna::port,
                zone::room_id,
                antenna::purpose,
            ))
            .load(conn)
            .await?;
        let tag_rows: Vec<TagRow> = tag::table
            .left_join(
                tag_assignment::table.on(tag_assignment::tag_id
                    .eq(tag::id)
                    .and(tag_assignment::ended_at.is_null())),
            )
            .left_join(asset::table.on(tag_assignment::asset_id.eq(asset::id)))
            .left_join(bin_card::table.on(bin_card::tag_id.eq(tag::id)))
            .left_join(unit_tag::table.on(unit_tag::tag_id.eq(tag::id)))
            .order(tag::id)
            .select((
                tag::id,
                tag::tag_key,
                tag::technology,
                tag_assignment::asset_id.nullable(),
                asset::asset_type_id.nullable(),
                bin_card::tag_id.nullable(),
                unit_tag::tag_id.nullable(),
            ))
            .load(conn)
            .await?;
        self.take_readers(reader_rows, &antenna_rows);
        self.take_tags(tag_rows);
        self.version = version;
        Ok(())
    }

    fn take_readers(
        &mut self,
        rows: Vec<ReaderRow>,
        antennas: &[(ReaderId, i16, RoomId, AntennaPurpose)],
    ) {
        let mut ports: AHashMap<ReaderId, Vec<(u8, Radio)>> = AHashMap::new();
        for (reader_id, port, room_id, purpose) in antennas {
            let Ok(port) = u8::try_from(*port) else {
                continue;
            };
            let index = ReaderIndex(self.radios.position((*reader_id, port)));
            let room = Some(self.room_index(*room_id));
            let radio = Radio {
                index,
                room,
                purpose: *purpose,
            };
            ports.entry(*reader_id).or_default().push((port, radio));
        }
        self.readers.clear();
        for (id, reader_key, state, heartbeat_interval_ms, cabinet) in rows {
            let ports = ports.remove(&id).unwrap_or_default();
            let whole = ports
                .iter()
                .find(|(port, _)| *port == WHOLE_READER)
                .map(|(_, radio)| *radio);
            let whole = whole.unwrap_or_else(|| Radio {
                index: ReaderIndex(self.radios.position((id, WHOLE_READER))),
                // A reader with one antenna needs no entry for the whole of it.
                room: match ports.as_slice() {
                    [(_, only)] => only.room,
                    _ => None,
                },
                purpose: match ports.as_slice() {
                    [(_, only)] => only.purpose,
                    _ => AntennaPurpose::Place,
                },
            });
            let sends_heartbeats = heartbeat_interval_ms.is_some();
            self.readers.insert(
                reader_key,
                ReaderEntry {
                    id,
                    state,
                    sends_heartbeats,
                    cabinet,
                    whole,
                    ports,
                },
            );
        }
    }

    fn take_tags(&mut self, rows: Vec<TagRow>) {
        for (id, tag_key, technology, asset_id, asset_type_id, card, unit) in rows {
            let supply = card
                .map(|_| SupplyTag::Card)
                .or(unit.map(|_| SupplyTag::Unit));
            let entry = TagEntry {
                id,
                asset_id,
                asset_type_id,
                technology,
                supply,
            };
            if let Some(position) = self.tags_by_id.get(&id) {
                if let Some(known) = usize::try_from(*position)
                    .ok()
                    .and_then(|at| self.tags.get_mut(at))
                {
                    if asset_id.is_some() && known.asset_id != asset_id {
                        self.reassigned.push(*position);
                    }
                    *known = entry;
                }
                continue;
            }
            let position = u32::try_from(self.tags.len()).unwrap_or(u32::MAX);
            self.tags.push(entry);
            self.tags_by_id.insert(id, position);
            self.tag_positions
                .insert(tag_key.into_boxed_str(), position);
        }
    }
}
