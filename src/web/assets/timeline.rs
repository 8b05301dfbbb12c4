//! What happened to an asset: stays, status changes and people's acts in one list, newest first.

use chrono::{DateTime, Utc};

use super::super::acts::words::{event_detail, event_title};
use super::super::asset_row::PlaceLink;
use super::super::filters;
use super::super::page::Shell;
use super::super::routes;
use crate::assets::events::AssetEvent;
use crate::assets::model::ClosedStay;
use crate::db::types::AssetAct;
use crate::places::model::room_label;

/// One line of the timeline.
#[derive(Clone, Debug)]
pub struct TimeLine {
    /// When it happened; of a stay, when it ended.
    pub at: DateTime<Utc>,
    /// What.
    pub what: What,
}

/// See [`TimeLine`].
#[derive(Clone, Debug)]
pub enum What {
    /// A stay that ended.
    Stay(StayLine),
    /// Something was said.
    Event(EventLine),
}

/// A stay that ended.
#[derive(Clone, Debug)]
pub struct StayLine {
    /// Where.
    pub place: PlaceLink,
    /// From.
    pub entered_at: DateTime<Utc>,
    /// To.
    pub left_at: DateTime<Utc>,
    /// The same in words: the time alone when it left on the day it came.
    pub left: String,
    /// How long.
    pub stayed: String,
}

/// Something that was said.
#[derive(Clone, Debug)]
pub struct EventLine {
    /// What it is since then.
    pub title: String,
    /// By whom or by which rule, and why.
    pub detail: String,
    /// Where, when that is part of what was said.
    pub place: Option<PlaceLink>,
    /// Whether a person acted.
    pub is_person: bool,
    /// Whether it was taken back.
    pub is_undone: bool,
}

/// Joins stays and events that are both newest first; at most `limit` lines.
#[must_use]
pub fn join(
    stays: &[ClosedStay],
    events: &[AssetEvent],
    limit: usize,
    shell: &Shell,
) -> Vec<TimeLine> {
    let mut lines: Vec<TimeLine> = stays
        .iter()
        .map(|stay| TimeLine {
            at: stay.left_at,
            what: What::Stay(StayLine::new(stay, shell)),
        })
        .chain(events.iter().map(|event| TimeLine {
            at: event.at,
            what: What::Event(EventLine::new(event, shell)),
        }))
        .collect();
    // Stable: of one instant, stays stand before what was said then, as they were read.
    lines.sort_by_key(|line| std::cmp::Reverse(line.at));
    lines.truncate(limit);
    lines
}

impl StayLine {
    fn new(stay: &ClosedStay, shell: &Shell) -> Self {
        Self {
            place: PlaceLink {
                name: stay.place_short(),
                href: routes::room_path(stay.room_id),
            },
            entered_at: stay.entered_at,
            left_at: stay.left_at,
            left: end_words(stay.entered_at, stay.left_at, shell),
            stayed: filters::length(stay.left_at - stay.entered_at, shell.t),
        }
    }
}

impl EventLine {
    fn new(event: &AssetEvent, shell: &Shell) -> Self {
        let is_about_place = matches!(event.act, AssetAct::NotHere | AssetAct::Found);
        let place = event
            .room_id
            .zip(event.room_name.as_deref())
            .filter(|_| is_about_place)
            .map(|(room, name)| {
                let label = event
                    .room_kind
                    .map_or_else(|| name.to_owned(), |kind| room_label(name, kind));
                let name = match &event.area_name {
                    Some(area) => format!("{label}, {area}"),
                    None => label,
                };
                PlaceLink {
                    name,
                    href: routes::room_path(room),
                }
            });
        Self {
            title: event_title(event, shell.t),
            detail: event_detail(event, shell.t),
            place,
            is_person: event.rule.is_none(),
            is_undone: event.is_undone,
        }
    }
}

fn end_words(entered_at: DateTime<Utc>, left_at: DateTime<Utc>, shell: &Shell) -> String {
    let local = |at: DateTime<Utc>| at.with_timezone(&shell.zone);
    if local(entered_at).date_naive() == local(left_at).date_naive() {
        return local(left_at).format("%H:%M").to_string();
    }
    filters::clock(left_at, shell)
}

impl TimeLine {
    /// Lines for tests of templates.
    #[must_use]
    pub fn samples(shell: &Shell) -> Vec<Self> {
        let place = PlaceLink {
            name: "Clean utility 3W-12, 3 West".to_owned(),
            href: routes::room_path(crate::ids::RoomId(20_001)),
        };
        let at = shell.now - chrono::TimeDelta::hours(2);
        vec![
            Self {
                at: shell.now,
                what: What::Event(EventLine {
                    title: "In use".to_owned(),
                    detail: "By Nurse, 4 West <b>".to_owned(),
                    place: Some(place.clone()),
                    is_person: true,
                    is_undone: true,
                }),
            },
            Self {
                at,
                what: What::Stay(StayLine {
                    place,
                    entered_at: shell.now - chrono::TimeDelta::hours(30),
                    left_at: at,
                    left: "12:06".to_owned(),
                    stayed: "28 h".to_owned(),
                }),
            },
        ]
    }
}
