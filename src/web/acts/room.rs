//! The room that a person names: by its scanned label or by its name.

use super::super::PageError;
use super::super::origin::scanned_room;
use crate::app::App;
use crate::ids::RoomId;
use crate::places::store::{find_place, list_rooms_named};

/// What a text names.
pub enum Named {
    /// One room.
    One(RoomId),
    /// Several rooms of different floors, in words.
    Many(Vec<String>),
    /// None.
    None,
}

/// Finds the room.
///
/// # Errors
/// When the database fails.
pub async fn find_named(app: &App, text: &str) -> Result<Named, PageError> {
    let conn = app.db.conn().await?;
    if let Some(id) = scanned_room(text) {
        let found = find_place(&conn, id).await?;
        return Ok(found.map_or(Named::None, |place| Named::One(place.room_id)));
    }
    let rooms = list_rooms_named(&conn, text).await?;
    Ok(match rooms.as_slice() {
        [] => Named::None,
        [one] => Named::One(one.room_id),
        many => Named::Many(
            many.iter()
                .map(|place| format!("{} ({})", place.short(), place.way()))
                .collect(),
        ),
    })
}
