//! The room that a person names: by its scanned label or by its name.

use super::super::PageError;
use super::super::origin::{room_label_text, scanned_room};
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

/// What a form shows for a room, such that it finds the room again: its name as on its door where that is enough, else what its label says.
///
/// # Errors
/// When the database fails.
pub async fn text_of(app: &App, id: RoomId) -> Result<String, PageError> {
    let place = find_place(&*app.db.conn().await?, id).await?;
    let name = place.map(|place| place.room_name).unwrap_or_default();
    Ok(match find_named(app, &name).await? {
        Named::One(same) if same == id => name,
        _ => room_label_text(id),
    })
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
