//! From rooms, lines and counts to the board of a unit. Pure.

use std::collections::HashMap;

use super::model::{KeptCount, ParLine, UnitRoom};
use super::rules::Level;
use crate::db::types::CountState;
use crate::ids::{AssetTypeId, RoomId};

/// The board of a unit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sheet {
    /// Its rooms that have lines, by name.
    pub rooms: Vec<SheetRoom>,
}

/// A room with its lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SheetRoom {
    /// The room.
    pub room: UnitRoom,
    /// Its lines by name of the type.
    pub rows: Vec<SheetRow>,
}

/// One type in one room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SheetRow {
    /// The line that holds there.
    pub line: ParLine,
    /// How many are ready in the room.
    pub ready: i64,
    /// How many are elsewhere in their round, anywhere on the unit.
    pub on_unit: OnUnit,
}

/// How many assets of a type are on a unit in states that come back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OnUnit {
    /// In use.
    pub in_use: i64,
    /// Soiled.
    pub soiled: i64,
    /// In cleaning.
    pub cleaning: i64,
}

impl SheetRow {
    /// How the count stands to the line.
    #[must_use]
    pub fn level(&self) -> Level {
        self.line.par().level(self.ready)
    }
}

impl Sheet {
    /// Puts a board together. Of the lines that hold in a room, the one for the room itself wins over one for its kind.
    #[must_use]
    pub fn new(rooms: Vec<UnitRoom>, lines: &[ParLine], counts: &[KeptCount]) -> Self {
        let mut ready: HashMap<(AssetTypeId, RoomId), i64> = HashMap::new();
        let mut on_unit: HashMap<AssetTypeId, OnUnit> = HashMap::new();
        for count in counts {
            let unit = on_unit.entry(count.asset_type_id).or_default();
            match count.state {
                CountState::Ready => {
                    *ready
                        .entry((count.asset_type_id, count.room_id))
                        .or_default() += count.n;
                }
                CountState::InUse => unit.in_use += count.n,
                CountState::Soiled => unit.soiled += count.n,
                CountState::Cleaning => unit.cleaning += count.n,
                _ => {}
            }
        }
        let rooms = rooms.into_iter().map(|room| {
            let rows = lines_of(&room, lines).into_iter().map(|line| SheetRow {
                ready: ready
                    .get(&(line.asset_type_id, room.room_id))
                    .copied()
                    .unwrap_or_default(),
                on_unit: on_unit
                    .get(&line.asset_type_id)
                    .copied()
                    .unwrap_or_default(),
                line: line.clone(),
            });
            SheetRoom {
                rows: rows.collect(),
                room,
            }
        });
        Self {
            rooms: rooms.filter(|room| !room.rows.is_empty()).collect(),
        }
    }

    /// Every row with its room.
    pub fn rows(&self) -> impl Iterator<Item = (&UnitRoom, &SheetRow)> {
        self.rooms
            .iter()
            .flat_map(|room| room.rows.iter().map(|row| (&room.room, row)))
    }
}

/// The lines that hold in a room, one a type, by name of the type.
fn lines_of<'a>(room: &UnitRoom, lines: &'a [ParLine]) -> Vec<&'a ParLine> {
    let mut held: HashMap<AssetTypeId, &ParLine> = HashMap::new();
    for line in lines {
        match line.room_id {
            Some(own) if own == room.room_id => {
                held.insert(line.asset_type_id, line);
            }
            None if line.room_kind == room.room_kind => {
                held.entry(line.asset_type_id).or_insert(line);
            }
            _ => {}
        }
    }
    let mut held: Vec<&ParLine> = held.into_values().collect();
    held.sort_unstable_by_key(|line| (line.type_name.to_lowercase(), line.asset_type_id));
    held
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::board::rules::Par;
    use crate::db::types::RoomKind;

    fn room(id: i64, kind: RoomKind) -> UnitRoom {
        UnitRoom {
            room_id: RoomId(id),
            room_name: format!("R{id}"),
            room_kind: kind,
        }
    }

    fn line(room_id: Option<i64>, target: i32) -> ParLine {
        let par = Par {
            target,
            critical: 1,
            maximum: None,
        };
        ParLine::sample(room_id.map(RoomId), par)
    }

    fn count(room: i64, state: CountState, n: i64) -> KeptCount {
        KeptCount {
            asset_type_id: AssetTypeId(60_001),
            room_id: RoomId(room),
            state,
            n,
        }
    }

    #[test]
    fn r8_a_line_for_the_room_wins_over_one_for_its_kind_in_any_order() {
        let rooms = vec![
            room(1, RoomKind::CleanUtility),
            room(2, RoomKind::CleanUtility),
            room(3, RoomKind::Office),
        ];
        let mut lines = vec![line(None, 6), line(Some(2), 3), line(Some(9), 8)];
        for _ in 0..2 {
            let sheet = Sheet::new(rooms.clone(), &lines, &[]);
            let targets: Vec<(i64, i32)> = sheet
                .rows()
                .map(|(room, row)| (room.room_id.0, row.line.par().target))
                .collect();
            assert_eq!(targets, [(1, 6), (2, 3)]);
            lines.reverse();
        }
    }

    #[test]
    fn ready_counts_in_the_room_and_the_rest_on_the_unit() {
        let rooms = vec![room(1, RoomKind::CleanUtility), room(3, RoomKind::Office)];
        let counts = [
            count(1, CountState::Ready, 2),
            count(3, CountState::Ready, 5),
            count(3, CountState::InUse, 1),
            count(3, CountState::Soiled, 3),
            count(1, CountState::Cleaning, 4),
            count(1, CountState::Missing, 7),
        ];
        let sheet = Sheet::new(rooms, &[line(None, 6)], &counts);
        let (_, row) = sheet.rows().next().unwrap();
        assert_eq!(row.ready, 2);
        let on_unit = OnUnit {
            in_use: 1,
            soiled: 3,
            cleaning: 4,
        };
        assert_eq!(row.on_unit, on_unit);
        assert_eq!(row.level(), Level::BelowTarget);
    }
}
