//! Which reader serves which room, and which readers can be trusted to have listened.

use super::config::Engine;

/// A reader, numbered by the caller (a database id or a position in a list; small, because tables are indexed by it).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReaderIndex(pub u32);

/// A room, numbered by the caller. Of two rooms that are equally likely the smaller number wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RoomIndex(pub u32);

#[derive(Clone, Copy, Debug, Default)]
struct ReaderEntry {
    room: Option<RoomIndex>,
    /// Newest event time of any message, heartbeats included; `None` for a reader that is not watched.
    spoke_ms: Option<i64>,
    /// The latest pause that was long enough to matter. Slots close a while after their time, often when the reader is
    /// back already: what counts is whether it listened then.
    pause: Option<Pause>,
    /// Set by [`Site::mark_down`], for instance when somebody switches the reader off in the settings.
    marked: Option<Pause>,
}

/// A time without the reader; it goes on while `to_ms` is `None`.
#[derive(Clone, Copy, Debug)]
struct Pause {
    from_ms: i64,
    to_ms: Option<i64>,
}

impl Pause {
    fn covers(&self, at_ms: i64) -> bool {
        at_ms >= self.from_ms && self.to_ms.is_none_or(|to_ms| at_ms <= to_ms)
    }
}

impl ReaderEntry {
    /// The pause in messages that `at_ms` falls in, when it had lasted longer than `limit_ms` by then.
    fn mute_since_ms(&self, at_ms: i64, limit_ms: i64) -> Option<i64> {
        let running = self.spoke_ms.map(|spoke_ms| Pause {
            from_ms: spoke_ms,
            to_ms: None,
        });
        let pauses = [running, self.pause].into_iter().flatten();
        let mut found = pauses
            .filter(|pause| pause.covers(at_ms))
            .map(|pause| pause.from_ms);
        found.find(|from_ms| at_ms.saturating_sub(*from_ms) > limit_ms)
    }

    fn marked_since_ms(&self, at_ms: i64) -> Option<i64> {
        self.marked
            .filter(|pause| pause.covers(at_ms))
            .map(|pause| pause.from_ms)
    }
}

/// Readers and rooms, shared by all tags of a consumer or of a recording.
///
/// A reader is *watched* from its first [`Site::record_message`] on. Recorded sites carry no heartbeats: nobody calls it
/// there, and the rules about silent readers are off.
#[derive(Clone, Debug, Default)]
pub struct Site {
    readers: Vec<ReaderEntry>,
    rooms: Vec<Vec<ReaderIndex>>,
    /// Whether any reader is watched or marked down; lets the engine skip the checks for a recording.
    watching: bool,
}

impl Site {
    /// Adds a reader or changes its room; `None` for a reader whose sightings place nothing.
    pub fn set_reader(&mut self, reader: ReaderIndex, room: Option<RoomIndex>) {
        let Ok(position) = usize::try_from(reader.0) else {
            return;
        };
        if self.readers.len() <= position {
            self.readers.resize(position + 1, ReaderEntry::default());
        }
        let Some(entry) = self.readers.get_mut(position) else {
            return;
        };
        let old_room = std::mem::replace(&mut entry.room, room);
        if let Some(readers) = old_room.and_then(|old| self.readers_of_mut(old)) {
            readers.retain(|other| *other != reader);
        }
        if let Some(readers) = room.and_then(|new| self.readers_of_mut(new)) {
            readers.push(reader);
        }
    }

    fn readers_of_mut(&mut self, room: RoomIndex) -> Option<&mut Vec<ReaderIndex>> {
        let position = usize::try_from(room.0).ok()?;
        if self.rooms.len() <= position {
            self.rooms.resize(position + 1, Vec::new());
        }
        self.rooms.get_mut(position)
    }

    /// Notes that `reader` sent a message (sightings or a heartbeat) stamped `at_ms`, and watches it from now on. Call it
    /// for all messages of a batch before the sightings of the batch are taken in.
    pub fn record_message(&mut self, reader: ReaderIndex, at_ms: i64, engine: &Engine) {
        let Some(entry) = self.entry_mut(reader) else {
            return;
        };
        let before = entry.spoke_ms.unwrap_or(at_ms);
        if at_ms.saturating_sub(before) > engine.config().reader_silent_ms {
            entry.pause = Some(Pause {
                from_ms: before,
                to_ms: Some(at_ms),
            });
        }
        entry.spoke_ms = Some(before.max(at_ms));
        self.watching = true;
    }

    /// Takes `reader` out of service from `since_ms` on, until [`Site::mark_up`].
    pub fn mark_down(&mut self, reader: ReaderIndex, since_ms: i64) {
        let Some(entry) = self.entry_mut(reader) else {
            return;
        };
        entry.marked = Some(Pause {
            from_ms: since_ms,
            to_ms: None,
        });
        self.watching = true;
    }

    /// Puts `reader` back into service at `at_ms`.
    pub fn mark_up(&mut self, reader: ReaderIndex, at_ms: i64) {
        if let Some(marked) = self
            .entry_mut(reader)
            .and_then(|entry| entry.marked.as_mut())
        {
            marked.to_ms = marked.to_ms.or(Some(at_ms));
        }
    }

    /// The room that `reader` serves.
    #[must_use]
    pub fn room_of(&self, reader: ReaderIndex) -> Option<RoomIndex> {
        self.entry(reader)?.room
    }

    /// Since when `reader` is down, judged at the event time `at_ms` (I-9a).
    #[must_use]
    pub fn reader_down_since_ms(
        &self,
        reader: ReaderIndex,
        at_ms: i64,
        engine: &Engine,
    ) -> Option<i64> {
        let entry = self.entry(reader)?;
        entry
            .marked_since_ms(at_ms)
            .or_else(|| entry.mute_since_ms(at_ms, engine.config().reader_down_ms))
    }

    /// Since when no reader of `room` works; `None` while one does, and for a room without readers (R13).
    #[must_use]
    pub fn room_down_since_ms(&self, room: RoomIndex, at_ms: i64, engine: &Engine) -> Option<i64> {
        self.readers_of(room)
            .iter()
            .try_fold(None, |latest: Option<i64>, reader| {
                let since = self.reader_down_since_ms(*reader, at_ms, engine)?;
                Some(Some(latest.map_or(since, |other| other.max(since))))
            })?
    }

    /// Whether the readers need checking at all.
    pub(super) fn is_watching(&self) -> bool {
        self.watching
    }

    /// Whether `reader` is watched and said nothing for so long that its silence about a tag means nothing.
    pub(super) fn is_reader_silent(
        &self,
        reader: ReaderIndex,
        at_ms: i64,
        engine: &Engine,
    ) -> bool {
        self.entry(reader).is_some_and(|entry| {
            entry.marked_since_ms(at_ms).is_some()
                || entry
                    .mute_since_ms(at_ms, engine.config().reader_silent_ms)
                    .is_some()
        })
    }

    /// Whether `room` has readers and every one of them is silent or down.
    pub(super) fn is_room_silent(&self, room: RoomIndex, at_ms: i64, engine: &Engine) -> bool {
        let readers = self.readers_of(room);
        !readers.is_empty()
            && readers
                .iter()
                .all(|reader| self.is_reader_silent(*reader, at_ms, engine))
    }

    fn readers_of(&self, room: RoomIndex) -> &[ReaderIndex] {
        usize::try_from(room.0)
            .ok()
            .and_then(|position| self.rooms.get(position))
            .map_or(&[], Vec::as_slice)
    }

    fn entry(&self, reader: ReaderIndex) -> Option<&ReaderEntry> {
        self.readers.get(usize::try_from(reader.0).ok()?)
    }

    fn entry_mut(&mut self, reader: ReaderIndex) -> Option<&mut ReaderEntry> {
        self.readers.get_mut(usize::try_from(reader.0).ok()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn i9a_a_reader_is_down_after_three_heartbeats_of_silence() {
        let engine = Engine::default();
        let mut site = Site::default();
        site.set_reader(ReaderIndex(0), Some(RoomIndex(3)));
        assert_eq!(
            site.reader_down_since_ms(ReaderIndex(0), 1_000_000, &engine),
            None,
            "never watched: the rule is off"
        );
        site.record_message(ReaderIndex(0), 10_000, &engine);
        site.record_message(ReaderIndex(0), 4_000, &engine);
        assert_eq!(
            site.reader_down_since_ms(ReaderIndex(0), 100_000, &engine),
            None
        );
        assert_eq!(
            site.reader_down_since_ms(ReaderIndex(0), 100_001, &engine),
            Some(10_000)
        );
        assert_eq!(
            site.room_down_since_ms(RoomIndex(3), 100_001, &engine),
            Some(10_000)
        );
    }

    #[test]
    fn r13_a_room_is_down_only_when_all_its_readers_are() {
        let engine = Engine::default();
        let mut site = Site::default();
        site.set_reader(ReaderIndex(0), Some(RoomIndex(0)));
        site.set_reader(ReaderIndex(1), Some(RoomIndex(0)));
        site.mark_down(ReaderIndex(0), 5);
        assert_eq!(site.room_down_since_ms(RoomIndex(0), 10, &engine), None);
        site.mark_down(ReaderIndex(1), 8);
        assert_eq!(site.room_down_since_ms(RoomIndex(0), 10, &engine), Some(8));
        site.mark_up(ReaderIndex(0), 20);
        assert_eq!(
            site.room_down_since_ms(RoomIndex(0), 20, &engine),
            Some(8),
            "judged by event time"
        );
        assert_eq!(site.room_down_since_ms(RoomIndex(0), 21, &engine), None);
        assert_eq!(
            site.room_down_since_ms(RoomIndex(9), 10, &engine),
            None,
            "a room without readers cannot be down"
        );
    }

    #[test]
    fn a_reader_that_is_moved_serves_its_new_room_only() {
        let mut site = Site::default();
        site.set_reader(ReaderIndex(4), Some(RoomIndex(1)));
        site.set_reader(ReaderIndex(4), Some(RoomIndex(2)));
        assert_eq!(site.room_of(ReaderIndex(4)), Some(RoomIndex(2)));
        assert!(site.readers_of(RoomIndex(1)).is_empty());
        site.set_reader(ReaderIndex(4), None);
        assert_eq!(site.room_of(ReaderIndex(4)), None);
        assert!(site.readers_of(RoomIndex(2)).is_empty());
        assert_eq!(site.room_of(ReaderIndex(99)), None);
    }
}
