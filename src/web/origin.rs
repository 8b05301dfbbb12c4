//! From where "nearest" is measured: the person's unit, a unit or room they chose, or the room whose label they scanned. Never
//! where the person is: nobody asks for that, and nothing stores it.

use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;

use super::distance::describe_distance;
use super::extract::Viewer;
use super::page::{Shell, see_other};
use super::strings::fill;
use super::{PageError, cookies, routes};
use crate::app::App;
use crate::db::DbConn;
use crate::find::filter::PlaceFilter;
use crate::find::nearest::FromOrigin;
use crate::find::rank::Costs;
use crate::ids::{RoomId, UnitId};
use crate::places::store::{find_place, list_units};
use crate::places::walk::{self, Nearnesses, WalkingMap};

/// What the label of a room says when it is scanned.
pub const ROOM_LABEL: &str = "wt:room:";

/// Where a search starts from.
#[derive(Clone, Debug, Default)]
pub struct Origin {
    /// `unit-5` or `room-12`; empty when there is none.
    pub text: String,
    /// Its name.
    pub name: Option<String>,
    /// Its unit, or the unit of its room: ready ones are counted there apart.
    pub unit: Option<UnitId>,
    /// Name of that unit.
    pub unit_name: Option<String>,
    /// How far each room is.
    pub costs: Costs,
    pub(in crate::web) walk: Option<Walk>,
}

/// The ways from the origin, for the words of distances.
#[derive(Clone, Debug)]
pub(in crate::web) struct Walk {
    from: walk::Origin,
    map: Arc<WalkingMap>,
    near: Arc<Nearnesses>,
}

/// Remembered when somebody wants no place in particular, although they have a unit.
const NOWHERE: &str = "nowhere";

/// What the label of a room says.
#[must_use]
pub fn room_label_text(room: RoomId) -> String {
    format!("{ROOM_LABEL}{room}")
}

/// The room of a scanned label.
#[must_use]
pub fn scanned_room(text: &str) -> Option<RoomId> {
    let id = text.trim().strip_prefix(ROOM_LABEL)?;
    id.parse().ok().map(RoomId)
}

/// Reads the origin of a request: what the address says, else what was chosen before, else the person's unit.
///
/// # Errors
/// When the database fails.
pub async fn find_origin(
    app: &App,
    conn: &DbConn,
    viewer: &Viewer,
    request: &HttpRequest,
    asked: Option<&str>,
) -> Result<Origin, PageError> {
    let chosen = request
        .cookie(cookies::ORIGIN)
        .map(|cookie| cookie.value().to_owned());
    let is_nowhere = chosen.as_deref() == Some(NOWHERE);
    let place = asked
        .and_then(PlaceFilter::parse)
        .or_else(|| chosen.as_deref().and_then(PlaceFilter::parse))
        .or(viewer
            .home_unit
            .filter(|_| !is_nowhere)
            .map(PlaceFilter::Unit));
    let Some(place) = place else {
        return Ok(Origin::default());
    };
    let (name, unit, unit_name, from) = match place {
        PlaceFilter::Room(room) => match find_place(conn, room).await? {
            Some(place) => {
                let from = walk::Origin::Room(room);
                (place.short(), place.unit_id, place.unit_name, from)
            }
            None => return Ok(Origin::default()),
        },
        PlaceFilter::Unit(unit) => {
            let units = list_units(conn).await?;
            match units.into_iter().find(|(id, _)| *id == unit) {
                Some((_, name)) => {
                    let from = walk::Origin::Unit(unit);
                    (name.clone(), Some(unit), Some(name), from)
                }
                None => return Ok(Origin::default()),
            }
        }
        PlaceFilter::Floor(_) => return Ok(Origin::default()),
    };
    let map = app.walking.map(conn).await?;
    let FromOrigin { near, costs } = app.nearest.from(&map, from);
    Ok(Origin {
        text: place.text(),
        name: Some(name),
        unit,
        unit_name,
        costs,
        walk: Some(Walk { from, map, near }),
    })
}

impl Origin {
    /// "30 m away": how far a room is, in words.
    #[must_use]
    pub fn distance(&self, room: RoomId, shell: &Shell) -> Option<String> {
        let walk = self.walk.as_ref()?;
        let near = walk.near.find(room)?;
        let t = &shell.t.distance;
        Some(describe_distance(near, room, walk.from, &walk.map, t))
    }

    /// "Ready first, nearest to 4 West first".
    #[must_use]
    pub fn order_words(&self, shell: &Shell) -> String {
        match &self.name {
            Some(name) => fill(shell.t.pages.find.order_from, &[name]),
            None => shell.t.pages.find.order.to_owned(),
        }
    }
}

/// The form "nearest to".
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OriginForm {
    from: String,
    next: String,
}

/// `POST /origin`: remembers where to measure from in this browser.
///
/// # Errors
/// When the cookie cannot be written.
pub async fn choose(form: web::Form<OriginForm>) -> Result<HttpResponse, PageError> {
    let mut answer = see_other(routes::safe_next(&form.next));
    let place = PlaceFilter::parse(&form.from).map(|place| place.text());
    let text = place.as_deref().unwrap_or(NOWHERE);
    answer.add_cookie(&cookies::origin(text))?;
    Ok(answer)
}

/// After a room label was scanned into the search box: remembers the room and goes on.
///
/// # Errors
/// When there is no such room, or the database fails.
pub async fn choose_scanned(
    conn: &DbConn,
    viewer: &Viewer,
    app: &App,
    room: RoomId,
) -> Result<HttpResponse, PageError> {
    let place = find_place(conn, room).await?.ok_or(PageError::NotFound)?;
    let t = viewer.shell(super::page::Nav::Find).t;
    let words = fill(t.pages.find.from_now, &[&place.short()]);
    viewer.leave_flash(app, &words).await?;
    let mut answer = see_other(routes::HOME);
    let text = PlaceFilter::Room(room).text();
    answer.add_cookie(&cookies::origin(&text))?;
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scanned_label_names_a_room_and_other_text_does_not() {
        assert_eq!(scanned_room(" wt:room:20001 "), Some(RoomId(20_001)));
        for text in ["wt:room:", "wt:room:x", "room:5", "20001", "wt:asset:5"] {
            assert_eq!(scanned_room(text), None, "{text}");
        }
    }
}
