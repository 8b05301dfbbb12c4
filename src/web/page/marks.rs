//! Status and certainty as marks: a shape, a word and a colour each, never colour alone (domain section 9, 1).

use crate::assets::model::Standing;
use crate::db::types::AssetStatus;
use crate::web::strings::Strings;

/// A status: render it with the macro `chip`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chip {
    /// Class for the colour, such as `is-ready`.
    pub class: &'static str,
    /// Icon in the sprite, without `i-`.
    pub icon: &'static str,
    /// The word.
    pub word: &'static str,
}

impl Chip {
    /// The mark of an asset: "ready" is computed (R2), so the caller says whether it is.
    #[must_use]
    pub fn of_asset(standing: &Standing, is_ready: bool, t: &Strings) -> Self {
        let (class, icon, word) = match standing.status {
            _ if is_ready => ("is-ready", "ready", t.status.ready),
            AssetStatus::Available if standing.is_held() => ("is-hold", "hold", t.status.hold),
            AssetStatus::Available => ("is-note", "check", t.status.available),
            AssetStatus::InUse => ("is-use", "use", t.status.in_use),
            AssetStatus::Soiled => ("is-soiled", "soiled", t.status.soiled),
            AssetStatus::Cleaning => ("is-clean", "clean", t.status.cleaning),
            AssetStatus::InRepair => ("is-repair", "repair", t.status.in_repair),
            AssetStatus::Missing => ("is-missing", "missing", t.status.missing),
            AssetStatus::Retired => ("is-note", "cross", t.status.retired),
        };
        Self { class, icon, word }
    }

    /// All is well, such as a reader that is heard.
    #[must_use]
    pub fn good(word: &'static str) -> Self {
        Self {
            class: "is-ok",
            icon: "check",
            word,
        }
    }

    /// Somebody should look, such as a reader that waits for approval.
    #[must_use]
    pub fn warn(word: &'static str) -> Self {
        Self {
            class: "is-warn",
            icon: "bell",
            word,
        }
    }

    /// Something is wrong, such as a reader that is down.
    #[must_use]
    pub fn bad(word: &'static str) -> Self {
        Self {
            class: "is-hold",
            icon: "alert",
            word,
        }
    }

    /// A plain fact, such as a reader that was turned off.
    #[must_use]
    pub fn quiet(word: &'static str) -> Self {
        Self {
            class: "is-note",
            icon: "hold",
            word,
        }
    }
}

/// How sure a place is: render it with the macro `sure`. The fill of the circle says it too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sure {
    /// Class, such as `likely`.
    pub class: &'static str,
    /// Icon in the sprite, without `i-`.
    pub icon: &'static str,
    /// The word.
    pub word: &'static str,
    /// Whether the place is one where it *was*.
    pub was: bool,
}

impl Sure {
    /// Seen by a person, or by two kinds of evidence.
    #[must_use]
    pub fn confirmed(t: &Strings) -> Self {
        Self {
            class: "confirmed",
            icon: "sure-4",
            word: t.certainty.confirmed,
            was: false,
        }
    }

    /// Decided from fresh readings.
    #[must_use]
    pub fn likely(t: &Strings) -> Self {
        Self {
            class: "likely",
            icon: "sure-3",
            word: t.certainty.likely,
            was: false,
        }
    }

    /// It was here; the place is old.
    #[must_use]
    pub fn last_seen(t: &Strings) -> Self {
        Self {
            class: "was",
            icon: "sure-2",
            word: t.certainty.last_seen,
            was: true,
        }
    }

    /// Nobody knows.
    #[must_use]
    pub fn unknown(t: &Strings) -> Self {
        Self {
            class: "unknown",
            icon: "sure-1",
            word: t.certainty.unknown,
            was: true,
        }
    }
}
