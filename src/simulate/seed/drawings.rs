//! Plans of floors that have none yet.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::super::plan::SeedPlan;
use super::Ids;
use crate::db::schema::floor_plan;
use crate::ids::FloorId;
use crate::places::drawing::store_drawing;
use crate::places::plan::matching::MatchedPlan;
use crate::places::plan::{Drawing, Edge};

/// Stores the drawings of floors that have no plan; a plan that somebody imported stays.
pub(super) async fn store_drawings(
    conn: &mut AsyncPgConnection,
    plan: &SeedPlan,
    ids: &Ids,
    now: DateTime<Utc>,
    inserted: &mut usize,
) -> QueryResult<()> {
    let known: HashSet<FloorId> = floor_plan::table
        .filter(floor_plan::floor_id.eq_any(ids.floors.values()))
        .select(floor_plan::floor_id)
        .load(conn)
        .await?
        .into_iter()
        .collect();
    for drawn in &plan.drawings {
        let Some(floor) = ids
            .floors
            .get(&drawn.floor)
            .filter(|id| !known.contains(id))
        else {
            continue;
        };
        let find = |name: &String| ids.rooms.get(name).copied();
        let rooms = drawn.drawing.rooms.iter();
        let ways = drawn.ways.iter();
        let matched = MatchedPlan {
            drawing: Drawing {
                size: drawn.drawing.size,
                rooms: rooms
                    .filter_map(|(name, shape)| Some((find(name)?, shape.clone())))
                    .collect(),
            },
            ways: ways
                .filter_map(|way| {
                    let [a, b] = &way.rooms;
                    let (a, b) = (find(a)?, find(b)?);
                    Some(Edge {
                        rooms: [a.min(b), a.max(b)],
                        cost_m: way.cost_m,
                    })
                })
                .collect(),
            is_guessed: false,
            missing: Vec::new(),
        };
        *inserted += 1 + matched.drawing.rooms.len() + matched.ways.len();
        store_drawing(conn, *floor, &matched, now).await?;
    }
    Ok(())
}
