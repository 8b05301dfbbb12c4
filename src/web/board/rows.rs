//! From a sheet to the rows of a board. Pure.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::Board;
use crate::board::model::UnitRoom;
use crate::board::rules::{Level, Offer, Par, choose_sources};
use crate::board::sheet::{Sheet, SheetRow};
use crate::ids::{AssetTypeId, RoomId, UnitId};
use crate::places::model::room_label;
use crate::places::walk::{Nearnesses, Origin, WalkingMap};
use crate::web::distance::describe_distance;
use crate::web::filters;
use crate::web::page::{Chip, Shell};
use crate::web::routes;
use crate::web::strings::fill;
use crate::web::wording::capitalised;

/// Most blocks of a tally; a larger target is drawn to scale.
const BLOCKS_MAX: i64 = 12;

/// A room of a board.
#[derive(Clone, Debug)]
pub struct BoardRoom {
    /// For the id of its part of the page.
    pub id: RoomId,
    /// Its page.
    pub href: String,
    /// Its name.
    pub name: String,
    /// Said when its readers are down.
    pub down: Option<String>,
    /// Its types.
    pub rows: Vec<BoardRow>,
}

/// A type in a room.
#[derive(Clone, Debug)]
pub struct BoardRow {
    /// The type.
    pub type_name: String,
    /// The assets of the type on the unit.
    pub href: String,
    /// How many are ready.
    pub ready: i64,
    /// The target.
    pub target: i32,
    /// "critical level 2", "maximum 8".
    pub limits: Vec<String>,
    /// Classes of the blocks.
    pub tally: Vec<&'static str>,
    /// In use on the unit.
    pub in_use: i64,
    /// Soiled on the unit.
    pub soiled: i64,
    /// In cleaning on the unit.
    pub cleaning: i64,
    /// How the count stands to the target.
    pub chip: Chip,
    /// What that means, and what else can be done.
    pub notes: Vec<String>,
    /// Where more is.
    pub sources: Vec<SourceLine>,
    /// From which line the target is.
    pub origin: String,
    /// Links to change it: words and address.
    pub edits: Vec<(String, String)>,
}

/// A room that can spare some.
#[derive(Clone, Debug)]
pub struct SourceLine {
    /// "3 to spare in".
    pub words: String,
    /// The room.
    pub place: String,
    /// How far it is.
    pub distance: Option<String>,
    /// Its ready ones.
    pub href: String,
}

/// A type on a screen on the wall.
#[derive(Clone, Debug)]
pub struct WallRow {
    /// For its id.
    pub key: String,
    /// The type.
    pub type_name: String,
    /// The room.
    pub room: String,
    /// How many are ready.
    pub ready: i64,
    /// The target.
    pub target: i32,
    /// Classes of the blocks.
    pub tally: Vec<&'static str>,
    /// How the count stands to the target.
    pub chip: Chip,
    /// Whether the readers of the room are down.
    pub is_down: bool,
}

/// Ways from the unit.
pub(super) struct Near {
    pub(super) from: Origin,
    pub(super) map: Arc<WalkingMap>,
    pub(super) costs: Nearnesses,
}

/// Rooms that can spare something.
#[derive(Default)]
pub(super) struct Neighbours {
    pub(super) offers: HashMap<AssetTypeId, Vec<Offer>>,
    pub(super) places: HashMap<RoomId, String>,
    pub(super) near: Option<Near>,
}

impl Neighbours {
    /// The rooms to name for a row; none when it is not short.
    pub(super) fn sources(&self, room: RoomId, row: &SheetRow) -> Vec<Offer> {
        let missing = row.line.par().missing(row.ready);
        match self.offers.get(&row.line.asset_type_id) {
            Some(offers) => choose_sources(missing, room, offers),
            None => Vec::new(),
        }
    }

    fn distance(&self, room: RoomId, shell: &Shell) -> Option<String> {
        let Near {
            from,
            map,
            costs: near,
        } = self.near.as_ref()?;
        let near = near.find(room)?;
        Some(describe_distance(near, room, *from, map, &shell.t.distance))
    }
}

impl BoardRoom {
    pub(super) fn new(
        room: &UnitRoom,
        down: Option<DateTime<Utc>>,
        rows: Vec<BoardRow>,
        shell: &Shell,
    ) -> Self {
        let words = |since| fill(shell.t.board.down, &[&filters::clock(since, shell)]);
        Self {
            id: room.room_id,
            href: routes::room_path(room.room_id),
            name: room_label(&room.room_name, room.room_kind),
            down: down.map(words),
            rows,
        }
    }
}

impl BoardRow {
    pub(super) fn new(
        unit: UnitId,
        room: &UnitRoom,
        row: &SheetRow,
        neighbours: &Neighbours,
        may_edit: bool,
        shell: &Shell,
    ) -> Self {
        let (line, par) = (&row.line, row.line.par());
        let sources = neighbours.sources(room.room_id, row);
        let t = &shell.t.board;
        let maximum = par.maximum.map(|maximum| fill(t.maximum, &[&maximum]));
        let source = |offer: &Offer| {
            Some(SourceLine {
                words: fill(t.spare, &[&offer.spare]),
                place: neighbours.places.get(&offer.room_id)?.clone(),
                distance: neighbours.distance(offer.room_id, shell),
                href: routes::ready_in_room_path(line.asset_type_id, offer.room_id),
            })
        };
        Self {
            type_name: capitalised(&line.type_name),
            href: routes::type_on_unit_path(line.asset_type_id, unit),
            ready: row.ready,
            target: par.target,
            limits: std::iter::once(fill(t.critical, &[&par.critical]))
                .chain(maximum)
                .collect(),
            tally: tally(par, row.ready),
            in_use: row.on_unit.in_use,
            soiled: row.on_unit.soiled,
            cleaning: row.on_unit.cleaning,
            chip: chip(row.level(), shell),
            notes: notes(row, sources.is_empty(), shell),
            sources: sources.iter().filter_map(source).collect(),
            origin: match line.room_id {
                Some(_) => t.from_room.to_owned(),
                None => fill(t.from_kind, &[&line.kind_words()]),
            },
            edits: if may_edit {
                edits(room, row, shell)
            } else {
                Vec::new()
            },
        }
    }
}

fn notes(row: &SheetRow, has_no_source: bool, shell: &Shell) -> Vec<String> {
    let (t, par) = (&shell.t.board, row.line.par());
    let mut notes = Vec::new();
    match row.level() {
        Level::BelowCritical | Level::BelowTarget => {
            notes.push(fill(t.missing, &[&par.missing(row.ready)]));
            if has_no_source {
                notes.push(t.none_spare.to_owned());
                if row.on_unit.soiled > 0 {
                    notes.push(fill(t.to_clean, &[&row.on_unit.soiled]));
                }
            }
        }
        Level::AboveMaximum => {
            notes.push(fill(t.surplus, &[&(row.ready - i64::from(par.target))]));
        }
        Level::Enough => {}
    }
    notes
}

fn edits(room: &UnitRoom, row: &SheetRow, shell: &Shell) -> Vec<(String, String)> {
    let (t, line) = (&shell.t.board, &row.line);
    let change = routes::par_path(line.par_id);
    if line.room_id.is_some() {
        return vec![(t.edit_room.to_owned(), change)];
    }
    let asset_type = line.asset_type_id.to_string();
    let label = format!("{}{}", crate::web::origin::ROOM_LABEL, room.room_id);
    let own = routes::with_query(
        routes::BOARD_PAR_NEW,
        &[("type", &asset_type), ("room", &label)],
    );
    vec![
        (fill(t.edit_kind, &[&line.kind_words()]), change),
        (t.set_room.to_owned(), own),
    ]
}

fn chip(level: Level, shell: &Shell) -> Chip {
    let t = &shell.t.board;
    let (class, icon, word) = match level {
        Level::BelowCritical => ("is-crit", "alert", t.below_critical),
        Level::BelowTarget => ("is-warn", "bell", t.below_target),
        Level::AboveMaximum => ("is-use", "tally", t.above_maximum),
        Level::Enough => ("is-ok", "ready", t.enough),
    };
    Chip { class, icon, word }
}

/// Filled for each ready one up to the target, empty for the rest; to scale when the target is large. The number stands beside it.
fn tally(par: Par, ready: i64) -> Vec<&'static str> {
    let target = i64::from(par.target);
    let blocks = target.min(BLOCKS_MAX);
    let filled = ready.clamp(0, target) * blocks / target.max(1);
    let rest = if ready < i64::from(par.critical) {
        "gap"
    } else {
        ""
    };
    (0..blocks)
        .map(|block| if block < filled { "on" } else { rest })
        .collect()
}

/// The rows of a wall: what is short first, then by name.
pub(super) fn wall_rows(
    sheet: &Sheet,
    down: &HashMap<RoomId, DateTime<Utc>>,
    shell: &Shell,
) -> Vec<WallRow> {
    let mut rows: Vec<(&UnitRoom, &SheetRow)> = sheet.rows().collect();
    rows.sort_by_cached_key(|(room, row)| {
        let name = row.line.type_name.to_lowercase();
        (row.level(), name, room.room_name.clone(), room.room_id)
    });
    rows.into_iter()
        .map(|(room, row)| WallRow {
            key: format!("{}-{}", room.room_id, row.line.asset_type_id),
            type_name: capitalised(&row.line.type_name),
            room: room_label(&room.room_name, room.room_kind),
            ready: row.ready,
            target: row.line.par().target,
            tally: tally(row.line.par(), row.ready),
            chip: chip(row.level(), shell),
            is_down: down.contains_key(&room.room_id),
        })
        .collect()
}

/// A board for tests of templates.
pub(super) fn sample_board() -> Board {
    use crate::board::model::ParLine;
    use crate::board::sheet::{OnUnit, SheetRoom};
    use crate::db::types::RoomKind;
    let room = |id, name: &str| UnitRoom {
        room_id: RoomId(id),
        room_name: name.to_owned(),
        room_kind: RoomKind::CleanUtility,
    };
    let row = |own: Option<i64>, asset_type, ready, target, critical| {
        let par = Par {
            target,
            critical,
            maximum: Some(target + 2),
        };
        let mut line = ParLine::sample(own.map(RoomId), par);
        line.asset_type_id = AssetTypeId(asset_type);
        SheetRow {
            line,
            ready,
            on_unit: OnUnit {
                in_use: 5,
                soiled: 4,
                cleaning: 1,
            },
        }
    };
    let sheet = Sheet {
        rooms: vec![
            SheetRoom {
                room: room(20_001, "3W-12 <b>"),
                rows: vec![row(None, 1, 3, 6, 2), row(Some(20_001), 2, 0, 40, 1)],
            },
            SheetRoom {
                room: room(20_002, "3W-14"),
                rows: vec![
                    row(None, 1, 6, 6, 2),
                    row(None, 2, 9, 6, 2),
                    row(None, 3, 0, 1, 1),
                ],
            },
        ],
    };
    let offer = |room, spare| Offer {
        cost: 1,
        room_id: RoomId(room),
        spare,
    };
    Board {
        unit_name: "3 West <b>".to_owned(),
        sheet,
        neighbours: Neighbours {
            offers: HashMap::from([
                (AssetTypeId(1), vec![offer(20_009, 2), offer(20_010, 9)]),
                (AssetTypeId(2), vec![offer(20_009, 50)]),
            ]),
            places: HashMap::from([
                (
                    RoomId(20_009),
                    "Equipment store 3.104 <i>, 3 East".to_owned(),
                ),
                (RoomId(20_010), "Bay 2, 3 West".to_owned()),
            ]),
            near: None,
        },
        down: HashMap::from([(RoomId(20_002), Shell::sample().now)]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tally_has_a_block_for_each_and_large_ones_are_to_scale() {
        let par = |target, critical| Par {
            target,
            critical,
            maximum: None,
        };
        assert_eq!(tally(par(3, 1), 2), ["on", "on", ""]);
        assert_eq!(tally(par(2, 1), 0), ["gap", "gap"]);
        assert_eq!(tally(par(2, 0), 9), ["on", "on"]);
        let large = tally(par(10_000, 0), 5_000);
        assert_eq!(large.len(), 12);
        assert_eq!(large.iter().filter(|block| **block == "on").count(), 6);
        let nearly = tally(par(10_000, 0), 9_999);
        assert!(nearly.contains(&""), "only a full one looks full");
    }
}
