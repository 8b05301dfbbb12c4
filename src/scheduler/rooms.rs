//! R8: rooms with fewer ready assets than their critical level, for ten minutes. R24: not while nobody hears the room.

use ahash::AHashSet;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::AsyncPgConnection;

use super::Outcome;
use crate::alerts::rules::{Cause, Subject, key};
use crate::alerts::store::{end, forget_rooms, list_room_watches, raise, watch_rooms};
use crate::alerts::watch::RoomStep;
use crate::db::types::AlertKind;
use crate::devices::model::LiveState;
use crate::devices::store::find_live_state;
use crate::ids::RoomId;
use crate::live::Topic;
use crate::places::store::list_down_rooms;

/// Begins and ends alerts of rooms.
///
/// # Errors
/// When the database fails.
pub async fn run(conn: &mut AsyncPgConnection, now: DateTime<Utc>) -> QueryResult<Outcome> {
    let kind = AlertKind::EquipmentBelowCritical;
    let down = list_down_rooms(conn).await?;
    let down: AHashSet<RoomId> = down.into_iter().map(|room| room.room_id).collect();
    let (mut begun, mut causes, mut ended, mut forgotten) = (vec![], vec![], vec![], vec![]);
    let mut outcome = Outcome::default();
    // While no consumer takes sightings, no count says anything.
    let is_live = matches!(find_live_state(conn, now).await?, LiveState::Live { .. });
    for watch in list_room_watches(conn).await? {
        let subject = Subject::TypeInRoom(watch.asset_type_id, watch.room_id);
        match watch.decide(!is_live || down.contains(&watch.room_id), now) {
            RoomStep::Wait => continue,
            RoomStep::Begin => {
                begun.push((watch.asset_type_id, watch.room_id, watch.is_below));
                continue;
            }
            RoomStep::Raise => causes.push(Cause {
                kind,
                subject,
                room_id: Some(watch.room_id),
            }),
            RoomStep::End => {
                forgotten.push((watch.asset_type_id, watch.room_id));
                if !watch.is_alerted {
                    continue;
                }
                ended.push(key(kind, subject));
            }
        }
        outcome.changed += 1;
        outcome.topics.extend([
            Topic::Alerts,
            Topic::Room(watch.room_id),
            Topic::Type(watch.asset_type_id),
        ]);
    }
    watch_rooms(conn, &begun, now).await?;
    forget_rooms(conn, &forgotten).await?;
    raise(conn, &causes, now).await?;
    end(conn, &ended, now).await?;
    Ok(outcome)
}
