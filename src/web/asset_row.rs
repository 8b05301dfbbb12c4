//! An asset as a row of a list, shared by search results and rooms; rendered by the macro `asset_rows` of `find/_rows.html`.

use chrono::{DateTime, Utc};

use super::origin::Origin;
use super::page::{Chip, Shell, Sure};
use super::routes;
use super::several::Pick;
use super::wording::capitalised;
use crate::assets::rules::is_ready;
use crate::db::types::Role;
use crate::find::list::Hit;
use crate::location::certainty::Certainty;

/// One row, ready to show.
#[derive(Clone, Debug)]
pub struct AssetRow {
    /// Page of the asset.
    pub href: String,
    /// The number on its label.
    pub asset_number: String,
    /// What it is.
    pub type_name: String,
    /// Maker and model.
    pub model: Option<String>,
    /// Its status.
    pub chip: Chip,
    /// Whether it is ready (R2).
    pub is_ready: bool,
    /// How sure the place is.
    pub sure: Sure,
    /// What the age counts from.
    pub seen_at: Option<DateTime<Utc>>,
    /// The place.
    pub place: Option<PlaceLink>,
    /// How far it is from where the person wants to go from.
    pub far: Option<String>,
    /// What can be said about it right here.
    pub acts: Option<RowActs>,
    /// Its box, where several can be said something of at once.
    pub pick: Option<Pick>,
}

/// The form of a row: "Take it" and "Not here".
#[derive(Clone, Debug)]
pub struct RowActs {
    /// The asset.
    pub asset_id: String,
    /// Idempotency key of the form.
    pub key: String,
    /// The status that the row shows.
    pub shown: &'static str,
    /// The room that the row shows.
    pub shown_room: String,
    /// Where to go back to.
    pub next: String,
}

/// A place that leads to its room.
#[derive(Clone, Debug)]
pub struct PlaceLink {
    /// Its name with its unit.
    pub name: String,
    /// Page of the room.
    pub href: String,
}

impl AssetRow {
    /// The row of a hit.
    #[must_use]
    pub fn new(hit: &Hit, shell: &Shell) -> Self {
        let entry = &hit.entry;
        let is_ready = is_ready(&entry.standing, &hit.certainty);
        Self {
            href: routes::asset_path(entry.asset_id),
            asset_number: entry.asset_number.clone(),
            type_name: capitalised(&entry.type_name),
            model: entry.model(),
            chip: Chip::of_asset(&entry.standing, is_ready, shell.t),
            is_ready,
            sure: sure_mark(&hit.certainty, shell),
            seen_at: entry
                .place
                .evidence_at()
                .filter(|_| entry.place.room_id.is_some()),
            place: entry
                .place
                .room_id
                .zip(entry.place_short())
                .map(|(room, name)| PlaceLink {
                    name,
                    href: routes::room_path(room),
                }),
            far: None,
            acts: None,
            pick: None,
        }
    }

    /// With the form of a row that can be taken; it leads back to `next`.
    #[must_use]
    pub fn with_acts(mut self, hit: &Hit, next: &str) -> Self {
        self.acts = self.is_ready.then(|| RowActs {
            asset_id: hit.entry.asset_id.to_string(),
            key: uuid::Uuid::now_v7().to_string(),
            shown: hit.entry.standing.status.as_str(),
            shown_room: hit
                .entry
                .place
                .room_id
                .map(|room| room.to_string())
                .unwrap_or_default(),
            next: next.to_owned(),
        });
        self
    }

    /// With a box for the forms of [`super::several`].
    #[must_use]
    pub fn with_pick(mut self, hit: &Hit, role: Role, shell: &Shell) -> Self {
        self.pick = Pick::of(hit, role, shell);
        self
    }

    /// With how far its room is from the origin.
    #[must_use]
    pub fn with_distance(mut self, hit: &Hit, origin: &Origin, shell: &Shell) -> Self {
        let room = hit.entry.place.room_id;
        self.far = room.and_then(|room| origin.distance(room, shell));
        self
    }

    /// Rows for tests of templates: every status, every certainty word, long and hostile text.
    #[must_use]
    pub fn samples(shell: &Shell) -> Vec<Self> {
        use crate::assets::model::Standing;
        use crate::db::types::AssetStatus;
        let marks = [
            Sure::confirmed(shell.t),
            Sure::likely(shell.t),
            Sure::last_seen(shell.t),
            Sure::unknown(shell.t),
        ];
        AssetStatus::ALL
            .iter()
            .zip(marks.iter().cycle())
            .map(|(status, sure)| Self {
                href: routes::asset_path(crate::ids::AssetId(70_001)),
                asset_number: "IP-0417 <b>&\"'".to_owned(),
                type_name: "Infusion pump".to_owned(),
                model: (*status != AssetStatus::Missing).then(|| "BD Alaris GP".to_owned()),
                chip: Chip::of_asset(
                    &Standing::of(*status),
                    *status == AssetStatus::Available,
                    shell.t,
                ),
                is_ready: *status == AssetStatus::Available,
                sure: *sure,
                seen_at: (*status != AssetStatus::Retired).then_some(shell.now),
                place: (*status != AssetStatus::Retired).then(|| PlaceLink {
                    name: "Clean utility 3W-12, 3 West".to_owned(),
                    href: routes::room_path(crate::ids::RoomId(20_001)),
                }),
                far: (*status == AssetStatus::Available).then(|| "24 m, this floor".to_owned()),
                acts: (*status == AssetStatus::Available).then(|| RowActs {
                    asset_id: "70001".to_owned(),
                    key: "0190b6c0-0000-7000-8000-000000000001".to_owned(),
                    shown: "available",
                    shown_room: "20001".to_owned(),
                    next: routes::find_path("a&b"),
                }),
                pick: (*status == AssetStatus::Soiled).then(|| Pick {
                    form: "several-soiled",
                    asset_id: "70001".to_owned(),
                }),
            })
            .collect()
    }
}

/// The mark for a certainty.
#[must_use]
pub fn sure_mark(certainty: &Certainty, shell: &Shell) -> Sure {
    match certainty {
        Certainty::Confirmed => Sure::confirmed(shell.t),
        Certainty::Likely => Sure::likely(shell.t),
        Certainty::LastSeen { .. } => Sure::last_seen(shell.t),
        Certainty::Unknown { .. } => Sure::unknown(shell.t),
    }
}
