//! From rooms and tallies to the page of a plan. Pure.

use std::collections::HashMap;

use super::canvas::{Canvas, Label, Middle, Move, Sketch, View};
use super::{
    DrawingView, FloorTab, PlanPage, PlanParams, RoomMark, RoomRow, SearchNote, TypeOption,
    ViewButton,
};
use crate::find::spots::{Counted, RoomTally};
use crate::ids::{AssetTypeId, RoomId, UnitId};
use crate::places::drawing::PlanRoom;
use crate::places::model::{FloorEntry, room_label};
use crate::places::plan::{Size, aspect};
use crate::web::exports::download_href;
use crate::web::filters;
use crate::web::page::{Chip, Shell};
use crate::web::routes;
use crate::web::strings::fill;
use crate::web::wording::capitalised;

/// What somebody asks to count.
#[derive(Clone, Debug)]
pub(in crate::web) struct Asking {
    pub(in crate::web) counted: Counted,
    pub(in crate::web) chosen: Option<AssetTypeId>,
    pub(in crate::web) text: Option<String>,
    pub(in crate::web) problem: Option<String>,
}

/// Everything that a page is made of.
#[expect(
    clippy::option_option,
    reason = "no plan, and a plan whose size nobody knows, are two things"
)]
pub(super) struct Look<'a> {
    pub(super) floor: &'a FloorEntry,
    pub(super) floors: &'a [FloorEntry],
    pub(super) rooms: &'a [PlanRoom],
    /// `None`: no plan.
    pub(super) size: Option<Option<Size>>,
    pub(super) tallies: &'a HashMap<RoomId, RoomTally>,
    pub(super) types: &'a [(AssetTypeId, String)],
    pub(super) home_unit: Option<UnitId>,
    pub(super) may_import: bool,
    pub(super) params: &'a PlanParams,
    pub(super) asking: &'a Asking,
}

impl Look<'_> {
    fn tally(&self, room: &PlanRoom) -> RoomTally {
        self.tallies.get(&room.room_id).copied().unwrap_or_default()
    }

    fn is_filtered(&self) -> bool {
        self.asking.counted != Counted::All
    }

    /// The address of a plan with the same filter and maybe a view.
    fn href(&self, floor: &FloorEntry, view: Option<View>) -> String {
        let chosen = self.asking.chosen.map(|id| id.to_string());
        let mut pairs: Vec<(&str, String)> = Vec::new();
        pairs.extend(chosen.map(|id| ("type", id)));
        pairs.extend(self.asking.text.clone().map(|text| ("q", text)));
        if let Some(view) = view {
            for (name, value) in [("x", view.x), ("y", view.y), ("w", view.w)] {
                pairs.push((name, format!("{value:.0}")));
            }
        }
        let path = routes::plan_path(floor.floor_id);
        if pairs.is_empty() {
            return path;
        }
        let pairs: Vec<(&str, &str)> = pairs
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        routes::with_query(&path, &pairs)
    }
}

impl PlanPage {
    pub(super) fn new(shell: Shell, look: &Look<'_>) -> Self {
        let t = &shell.t.plan;
        let floor_name = floor_name(look.floor);
        let plain = routes::plan_path(look.floor.floor_id);
        let undrawn = look
            .rooms
            .iter()
            .filter(|room| room.shape.is_none())
            .count();
        let (rows, rest) = list_rows(look, &shell);
        let drawing = look.size.map(|size| draw(look, size, &floor_name, &shell));
        Self {
            heading: fill(t.title, &[&floor_name]),
            list_href: routes::floor_path(look.floor.floor_id),
            floors: look
                .floors
                .iter()
                .map(|floor| FloorTab {
                    href: look.href(floor, None),
                    name: super::look::floor_name(floor),
                    is_current: floor.floor_id == look.floor.floor_id,
                })
                .collect(),
            types: look
                .types
                .iter()
                .map(|(id, name)| TypeOption {
                    id: id.to_string(),
                    name: capitalised(name),
                    is_chosen: look.asking.chosen == Some(*id),
                })
                .collect(),
            problem: look.asking.problem.clone(),
            search: look.asking.text.as_ref().map(|text| SearchNote {
                words: fill(t.pins_for, &[text]),
                clear_href: plain.clone(),
            }),
            found: found(look, &shell),
            down: down_note(look, &shell),
            undrawn: drawing
                .is_some()
                .then_some(undrawn)
                .and_then(|count| match count {
                    0 => None,
                    1 => Some(t.undrawn_one.to_owned()),
                    count => Some(fill(t.undrawn, &[&count])),
                }),
            drawing,
            rows,
            rest,
            import_href: look
                .may_import
                .then(|| routes::plan_import_path(look.floor.floor_id)),
            csv_href: download_href(
                &routes::plan_csv_path(look.floor.floor_id),
                &[
                    ("type", look.params.r#type.trim()),
                    ("q", look.params.q.trim()),
                ],
            ),
            download_href: look
                .size
                .map(|_| routes::plan_geojson_path(look.floor.floor_id)),
            action: plain,
            shell,
        }
    }
}

/// "Level 3, Main building".
pub(super) fn floor_name(floor: &FloorEntry) -> String {
    format!("{}, {}", floor.floor_name, floor.building_name)
}

fn found(look: &Look<'_>, shell: &Shell) -> String {
    let t = &shell.t.plan;
    let ready = |room: &PlanRoom| look.tally(room).ready;
    let total: i64 = look.rooms.iter().map(ready).sum();
    match look.rooms.iter().filter(|room| ready(room) > 0).count() {
        0 => t.found_none.to_owned(),
        1 => fill(t.found_one_room, &[&total]),
        rooms => fill(t.found, &[&total, &rooms]),
    }
}

fn down_note(look: &Look<'_>, shell: &Shell) -> Option<String> {
    let t = &shell.t.plan;
    match look
        .rooms
        .iter()
        .filter(|room| room.down_since.is_some())
        .count()
    {
        0 => None,
        1 => Some(t.down_room.to_owned()),
        rooms => Some(fill(t.down_rooms, &[&rooms])),
    }
}

fn list_rows(look: &Look<'_>, shell: &Shell) -> (Vec<RoomRow>, Vec<RoomRow>) {
    let mut full: Vec<(&PlanRoom, RoomTally)> = Vec::new();
    let mut empty = Vec::new();
    for room in look.rooms {
        let tally = look.tally(room);
        if tally.total() > 0 {
            full.push((room, tally));
        } else {
            empty.push((room, tally));
        }
    }
    full.sort_by(|(one, a), (other, b)| {
        let key = |tally: &RoomTally| (-tally.ready, -tally.total());
        key(a)
            .cmp(&key(b))
            .then_with(|| one.name.cmp(&other.name))
            .then_with(|| one.room_id.cmp(&other.room_id))
    });
    let rows = |rooms: Vec<(&PlanRoom, RoomTally)>| {
        rooms
            .into_iter()
            .map(|(room, tally)| row(room, &tally, shell))
            .collect()
    };
    (rows(full), rows(empty))
}

fn row(room: &PlanRoom, tally: &RoomTally, shell: &Shell) -> RoomRow {
    let t = &shell.t.plan;
    let chip = match (room.down_since, tally.ready, tally.total()) {
        (Some(_), ..) => Chip {
            class: "is-note",
            icon: "off",
            word: t.state_down,
        },
        (None, 0, 0) => Chip::quiet(t.state_empty),
        (None, 0, _) => Chip::warn(t.state_none),
        (None, ..) => Chip {
            class: "is-ok",
            icon: "ready",
            word: t.state_ready,
        },
    };
    RoomRow {
        key: room.room_id.to_string(),
        href: routes::room_path(room.room_id),
        name: room_label(&room.name, room.kind),
        unit: room.unit_name.clone(),
        ready: if room.down_since.is_some() && tally.total() > 0 {
            fill(t.was, &[&tally.ready])
        } else {
            tally.ready.to_string()
        },
        in_use: tally.in_use,
        soiled: tally.soiled,
        other: tally.cleaning + tally.out,
        chip,
    }
}

fn draw(look: &Look<'_>, size: Option<Size>, floor_name: &str, shell: &Shell) -> DrawingView {
    let t = &shell.t.plan;
    let shapes = || look.rooms.iter().filter_map(|room| room.shape.as_ref());
    let canvas = Canvas::new(shapes().map(|(shape, _)| shape), aspect(size));
    let asked = read_view(&canvas, look.params);
    let own = own_view(&canvas, look).filter(|_| asked.is_none());
    let view = asked.or(own).unwrap_or_else(|| canvas.whole());
    let is_far = view.is_far();
    let rooms = look
        .rooms
        .iter()
        .filter_map(|room| {
            let (shape, label) = room.shape.as_ref()?;
            Some(mark(room, look, shell, |middle| {
                let name = room_label(&room.name, room.kind);
                Sketch::new(&canvas, (shape, *label), &name, middle, is_far)
            }))
        })
        .collect();
    DrawingView {
        label: fill(t.svg, &[&floor_name]),
        view_box: view.attribute(),
        whole_box: canvas.whole().attribute(),
        is_far,
        rooms,
        buttons: list_buttons(&canvas, view, look, shell),
        is_own_unit: own.is_some(),
        has_pins: look.is_filtered(),
    }
}

fn read_view(canvas: &Canvas, params: &PlanParams) -> Option<View> {
    let number = |text: &Option<String>| text.as_deref().and_then(|text| text.parse::<f64>().ok());
    let w = number(&params.w)?;
    let (x, y) = (number(&params.x), number(&params.y));
    Some(canvas.view(x.unwrap_or(0.0), y.unwrap_or(0.0), w))
}

/// On a wide floor the rooms of the viewer's unit come first; a search shows all of it, so that no pin is missed.
fn own_view(canvas: &Canvas, look: &Look<'_>) -> Option<View> {
    if look.is_filtered() || !canvas.whole().is_far() {
        return None;
    }
    let unit = look.home_unit?;
    let mut corners = look
        .rooms
        .iter()
        .filter(|room| room.unit_id == Some(unit))
        .filter_map(|room| room.shape.as_ref())
        .flat_map(|(shape, _)| shape.points().iter().copied())
        .peekable();
    corners.peek()?;
    Some(canvas.view_around(corners))
}

fn list_buttons(canvas: &Canvas, view: View, look: &Look<'_>, shell: &Shell) -> Vec<ViewButton> {
    let t = &shell.t.plan;
    let steps = [
        (Move::In, "in", t.zoom_in),
        (Move::Out, "out", t.zoom_out),
        (Move::West, "west", t.left),
        (Move::East, "east", t.right),
        (Move::North, "north", t.up),
        (Move::South, "south", t.down),
    ];
    let button = |view: View, does, word| ViewButton {
        href: format!("{}#plan", look.href(look.floor, Some(view))),
        does,
        word,
        view_box: view.attribute(),
    };
    let mut buttons: Vec<ViewButton> = steps
        .into_iter()
        .filter_map(|(step, does, word)| Some(button(canvas.moved(view, step)?, does, word)))
        .collect();
    let whole = canvas.whole();
    if view.attribute() != whole.attribute() {
        buttons.push(button(whole, "whole", t.whole));
    }
    buttons
}

fn mark(
    room: &PlanRoom,
    look: &Look<'_>,
    shell: &Shell,
    sketch: impl Fn(&Middle) -> Sketch,
) -> RoomMark {
    let t = &shell.t.plan;
    let tally = look.tally(room);
    let is_down = room.down_since.is_some();
    let middle = match (tally.total(), is_down, look.is_filtered()) {
        (0, ..) => Middle::Empty,
        (_, true, _) => Middle::Was(fill(t.was, &[&tally.ready])),
        (_, _, true) => Middle::Pin {
            number: (if tally.ready > 0 {
                tally.ready
            } else {
                tally.others()
            })
            .to_string(),
            is_ready: tally.ready > 0,
        },
        _ => Middle::Number(tally.ready.to_string()),
    };
    // The words along the lower wall need their place even where nothing is counted.
    let sketch = sketch(&middle);
    let words = [t.reader_down, t.reader_down_short];
    let fitting = words
        .into_iter()
        .find(|text| text.chars().count() <= sketch.strip_letters);
    let flag = fitting.filter(|_| is_down).map(|text| Label {
        text: text.to_owned(),
        ..sketch.strip_label.clone()
    });
    let is_mine = room.unit_id.is_some() && room.unit_id == look.home_unit;
    RoomMark {
        href: routes::room_path(room.room_id),
        label: aria_label(room, &tally, &visible_words(&middle, flag.as_ref()), shell),
        class: match (is_mine, is_down) {
            (true, true) => "mine asleep",
            (true, false) => "mine",
            (false, true) => "asleep",
            (false, false) => "",
        },
        pattern: (!is_down && tally.total() > 0).then(|| pattern(tally.ready)),
        is_was: is_down,
        flag,
        sketch,
    }
}

/// The pattern for a number of ready devices.
fn pattern(ready: i64) -> &'static str {
    match ready {
        ..=0 => "none",
        1..=2 => "few",
        3..=5 => "some",
        _ => "many",
    }
}

/// What is written into a room and is not how its label goes on anyway: people who speak to their machine say what they see.
fn visible_words(middle: &Middle, flag: Option<&Label>) -> Vec<String> {
    let number = match middle {
        Middle::Was(text) => Some(text.clone()),
        Middle::Pin {
            number,
            is_ready: false,
        } => Some(number.clone()),
        _ => None,
    };
    number
        .into_iter()
        .chain(flag.map(|label| label.text.clone()))
        .collect()
}

/// "Clean utility 3W-12: 4 ready, 2 in use", after the words that are written into the room.
fn aria_label(room: &PlanRoom, tally: &RoomTally, visible: &[String], shell: &Shell) -> String {
    let t = &shell.t.plan;
    let mut parts: Vec<String> = visible.to_vec();
    if tally.total() == 0 {
        parts.push(t.aria_none.to_owned());
    } else {
        parts.push(fill(t.aria_ready, &[&tally.ready]));
        let others = [
            (tally.in_use, t.aria_in_use),
            (tally.soiled, t.aria_soiled),
            (tally.cleaning, t.aria_cleaning),
            (tally.out, t.aria_out),
        ];
        parts.extend(
            others
                .into_iter()
                .filter(|(count, _)| *count > 0)
                .map(|(count, words)| fill(words, &[&count])),
        );
    }
    if let Some(since) = room.down_since {
        parts.push(fill(t.aria_down, &[&filters::clock(since, shell)]));
    }
    format!(
        "{}: {}",
        room_label(&room.name, room.kind),
        parts.join(", ")
    )
}
