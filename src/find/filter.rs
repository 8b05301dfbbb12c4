//! What a list is narrowed to and how it is sorted, as the query string says it. Pure.

use crate::db::types::{AssetStatus, CountState};
use crate::ids::{FloorId, RoomId, UnitId};
use crate::location::certainty::Certainty;

/// The order of a list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sort {
    /// Ready first, then nearest.
    #[default]
    Nearest,
    /// Newest evidence first.
    Newest,
    /// By asset number.
    Number,
}

impl Sort {
    /// Every order, with its word in the query string.
    pub const ALL: &'static [(Self, &'static str)] = &[
        (Self::Nearest, "nearest"),
        (Self::Newest, "newest"),
        (Self::Number, "number"),
    ];

    /// The order with this word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .find(|(_, known)| *known == word)
            .map(|(sort, _)| *sort)
    }
}

/// Within which place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlaceFilter {
    /// A unit.
    Unit(UnitId),
    /// A floor.
    Floor(FloorId),
    /// A room.
    Room(RoomId),
}

impl PlaceFilter {
    /// Reads `unit-5`, `floor-3` or `room-12`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (kind, id) = text.split_once('-')?;
        let id: i64 = id.parse().ok()?;
        match kind {
            "unit" => Some(Self::Unit(UnitId(id))),
            "floor" => Some(Self::Floor(FloorId(id))),
            "room" => Some(Self::Room(RoomId(id))),
            _ => None,
        }
    }

    /// The same text.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Self::Unit(id) => format!("unit-{id}"),
            Self::Floor(id) => format!("floor-{id}"),
            Self::Room(id) => format!("room-{id}"),
        }
    }

    /// Whether a room lies within it.
    #[must_use]
    pub fn holds(
        &self,
        room: Option<RoomId>,
        unit: Option<UnitId>,
        floor: Option<FloorId>,
    ) -> bool {
        match self {
            Self::Unit(wanted) => unit == Some(*wanted),
            Self::Floor(wanted) => floor == Some(*wanted),
            Self::Room(wanted) => room == Some(*wanted),
        }
    }
}

/// In which status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatusFilter {
    /// Can be taken (R2).
    Ready,
    /// On hold, or service overdue.
    Held,
    /// A stored status.
    Is(AssetStatus),
}

impl StatusFilter {
    /// Every value that a list can be narrowed to, with its word.
    pub const ALL: &'static [(Self, &'static str)] = &[
        (Self::Ready, "ready"),
        (Self::Is(AssetStatus::InUse), "in_use"),
        (Self::Is(AssetStatus::Soiled), "soiled"),
        (Self::Is(AssetStatus::Cleaning), "cleaning"),
        (Self::Is(AssetStatus::InRepair), "in_repair"),
        (Self::Is(AssetStatus::Missing), "missing"),
        (Self::Held, "held"),
    ];

    /// The filter with this word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .find(|(_, known)| *known == word)
            .map(|(status, _)| *status)
    }

    /// Its word.
    #[must_use]
    pub fn word(self) -> &'static str {
        Self::ALL
            .iter()
            .find(|(known, _)| *known == self)
            .map_or("", |(_, word)| word)
    }

    /// Whether assets counted under `state` belong to it.
    #[must_use]
    pub fn holds(self, state: CountState) -> bool {
        match self {
            Self::Ready => state == CountState::Ready,
            Self::Held => state == CountState::Held,
            Self::Is(status) => state.as_str() == status.as_str(),
        }
    }
}

/// How sure the place is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CertaintyFilter {
    /// A person saw it there a short while ago.
    Confirmed,
    /// Confirmed or Likely.
    Sure,
    /// It was there.
    LastSeen,
    /// Nobody knows.
    Unknown,
}

impl CertaintyFilter {
    /// Every value with its word.
    pub const ALL: &'static [(Self, &'static str)] = &[
        (Self::Sure, "sure"),
        (Self::Confirmed, "confirmed"),
        (Self::LastSeen, "last_seen"),
        (Self::Unknown, "unknown"),
    ];

    /// The filter with this word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .find(|(_, known)| *known == word)
            .map(|(certainty, _)| *certainty)
    }

    /// Its word.
    #[must_use]
    pub fn word(self) -> &'static str {
        Self::ALL
            .iter()
            .find(|(known, _)| *known == self)
            .map_or("", |(_, word)| word)
    }

    /// Whether a certainty belongs to it.
    #[must_use]
    pub fn holds(self, certainty: &Certainty) -> bool {
        match self {
            Self::Confirmed => matches!(certainty, Certainty::Confirmed),
            Self::Sure => matches!(certainty, Certainty::Confirmed | Certainty::Likely),
            Self::LastSeen => matches!(certainty, Certainty::LastSeen { .. }),
            Self::Unknown => matches!(certainty, Certainty::Unknown { .. }),
        }
    }
}

/// Everything a list is narrowed to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Filters {
    /// Within which place.
    pub place: Option<PlaceFilter>,
    /// In which status.
    pub status: Option<StatusFilter>,
    /// How sure.
    pub certainty: Option<CertaintyFilter>,
    /// Owned by which unit.
    pub owner: Option<UnitId>,
}

impl Filters {
    /// Whether counts per room and state tell how many there are: certainty depends on the time, and owners are not counted.
    #[must_use]
    pub fn is_counted(&self) -> bool {
        self.certainty.is_none() && self.owner.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_lead_back_to_their_filters_and_others_to_none() {
        for (status, word) in StatusFilter::ALL {
            assert_eq!(StatusFilter::parse(word), Some(*status));
            assert_eq!(status.word(), *word);
        }
        for (certainty, word) in CertaintyFilter::ALL {
            assert_eq!(CertaintyFilter::parse(word), Some(*certainty));
        }
        for place in ["unit-5", "floor-3", "room-12"] {
            assert_eq!(PlaceFilter::parse(place).unwrap().text(), place);
        }
        for odd in [
            "",
            "unit",
            "unit-",
            "unit-x",
            "ward-5",
            "room-99999999999999999999",
        ] {
            assert_eq!(PlaceFilter::parse(odd), None, "{odd}");
        }
        assert_eq!(StatusFilter::parse("retired"), None);
    }

    #[test]
    fn every_state_but_unplaced_belongs_to_exactly_one_status_filter() {
        for state in CountState::ALL {
            let holding = StatusFilter::ALL
                .iter()
                .filter(|(status, _)| status.holds(*state))
                .count();
            let expected = usize::from(*state != CountState::Unplaced);
            assert_eq!(holding, expected, "{state:?}");
        }
    }
}
