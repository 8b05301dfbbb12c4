//! Plans for tests of templates.

use std::collections::HashMap;

use super::look::{Asking, Look};
use super::{PlanPage, PlanParams};
use crate::db::types::{Role, RoomKind};
use crate::find::spots::{Counted, RoomTally};
use crate::ids::{AssetTypeId, FloorId, RoomId, UnitId};
use crate::places::drawing::PlanRoom;
use crate::places::model::FloorEntry;
use crate::places::plan::{Point, Shape, Size};
use crate::web::page::Shell;

/// A floor.
pub(super) fn floor() -> FloorEntry {
    FloorEntry {
        floor_id: FloorId(20_001),
        floor_name: "Level 3 <i>".to_owned(),
        level: 3,
        building_name: "Main building".to_owned(),
        rooms: 3,
    }
}

fn room(id: i64, name: &str, from: f64, shell: &Shell, is_down: bool) -> PlanRoom {
    let corners = [
        (from, 0.0),
        (from + 0.25, 0.0),
        (from + 0.25, 1.0),
        (from, 1.0),
    ];
    let shape = Shape::new(&corners.map(|(x, y)| Point { x, y })).ok();
    PlanRoom {
        room_id: RoomId(id),
        name: name.to_owned(),
        kind: RoomKind::CleanUtility,
        unit_id: Some(UnitId(1)),
        unit_name: Some("3 West <b>".to_owned()),
        shape: shape.map(|shape| {
            let label = shape.label_point(0.5);
            (shape, label)
        }),
        readers: 1,
        down_since: is_down.then_some(shell.now),
    }
}

impl PlanPage {
    /// Pages for tests of templates.
    #[must_use]
    pub fn samples() -> Vec<Self> {
        let shell = Shell::sample_for(Role::Admin);
        let floor = floor();
        let other = FloorEntry {
            floor_id: FloorId(20_002),
            ..floor.clone()
        };
        let floors = [floor.clone(), other];
        let mut rooms = vec![
            room(1, "Store <b>", 0.0, &shell, false),
            room(2, "3W-12", 0.25, &shell, true),
            room(3, "3W-14", 0.5, &shell, false),
            room(4, "Empty room", 0.75, &shell, false),
        ];
        rooms.push(PlanRoom {
            shape: None,
            ..room(5, "Not drawn", 0.0, &shell, false)
        });
        let tally = |ready, soiled| RoomTally {
            ready,
            soiled,
            in_use: 2,
            cleaning: 1,
            out: 1,
        };
        let tallies = HashMap::from([
            (RoomId(1), tally(7, 0)),
            (RoomId(2), tally(3, 1)),
            (RoomId(3), tally(0, 1)),
        ]);
        let types = [(AssetTypeId(60_001), "infusion <i> pump".to_owned())];
        let params = PlanParams::default();
        let page = |size, counted: Counted, text: Option<&str>, rooms: &[PlanRoom]| {
            let asking = Asking {
                chosen: (counted != Counted::All).then_some(AssetTypeId(60_001)),
                counted,
                text: text.map(str::to_owned),
                problem: text
                    .is_none()
                    .then(|| "There is no such type <b>.".to_owned()),
            };
            let look = Look {
                floor: &floor,
                floors: &floors,
                rooms,
                size,
                tallies: &tallies,
                types: &types,
                home_unit: Some(UnitId(1)),
                may_import: true,
                params: &params,
                asking: &asking,
            };
            Self::new(shell.clone(), &look)
        };
        let size = Size::new(40.0, 20.0);
        let pumps = Counted::Types(vec![AssetTypeId(60_001)]);
        vec![
            page(Some(size), Counted::All, None, &rooms),
            page(Some(None), pumps, Some("alaris <script>"), &rooms),
            page(None, Counted::All, None, &[]),
        ]
    }
}
