//! One act for several devices of a list (R9): boxes in the rows belong to one form a status, so that one press says the same of all.

use super::acts::new_key;
use super::page::Shell;
use crate::assets::model::Standing;
use crate::assets::status::{Known, list_allowed, needs_reason};
use crate::db::types::{AssetAct, AssetStatus, Role};
use crate::find::list::Hit;

/// What is said of several at once: the status that the row shows, the act, and the form.
const ACTS: [(AssetStatus, AssetAct, &str); 3] = [
    (
        AssetStatus::Cleaning,
        AssetAct::Cleaned,
        "several-in-cleaning",
    ),
    (AssetStatus::Soiled, AssetAct::Cleaning, "several-soiled"),
    (AssetStatus::InUse, AssetAct::Soiled, "several-in-use"),
];

/// The form below a list.
#[derive(Clone, Debug)]
pub struct Several {
    /// Its id; boxes of rows name it.
    pub id: &'static str,
    /// What is said.
    pub act: &'static str,
    /// The words of its button.
    pub words: &'static str,
    /// Icon in the sprite, without `i-`.
    pub icon: &'static str,
    /// Idempotency key.
    pub key: String,
    /// The status that the rows show.
    pub shown: &'static str,
    /// Where to go back to.
    pub next: String,
}

/// The box of a row.
#[derive(Clone, Debug)]
pub struct Pick {
    /// The form that it belongs to.
    pub form: &'static str,
    /// The asset.
    pub asset_id: String,
}

impl Pick {
    /// The box of a hit, when this person may say something of several like it.
    #[must_use]
    pub fn of(hit: &Hit, role: Role, shell: &Shell) -> Option<Self> {
        let standing = hit.entry.standing;
        let (_, _, form) = find_act(standing, role, shell)?;
        Some(Self {
            form,
            asset_id: hit.entry.asset_id.to_string(),
        })
    }
}

fn find_act(
    standing: Standing,
    role: Role,
    shell: &Shell,
) -> Option<(AssetStatus, AssetAct, &'static str)> {
    let (status, act, form) = *ACTS
        .iter()
        .find(|(status, ..)| *status == standing.status)?;
    let known = Known {
        standing,
        status_before: None,
        gone_since: None,
    };
    let is_plain = !needs_reason(status, act);
    (is_plain && list_allowed(&known, role, shell.now).contains(&act))
        .then_some((status, act, form))
}

/// The forms below a list of hits; none for what no row shows.
#[must_use]
pub fn list_forms(hits: &[Hit], role: Role, next: &str, shell: &Shell) -> Vec<Several> {
    let shown: Vec<AssetStatus> = hits
        .iter()
        .filter_map(|hit| find_act(hit.entry.standing, role, shell))
        .map(|(status, ..)| status)
        .collect();
    ACTS.iter()
        .filter(|(status, ..)| shown.contains(status))
        .map(|(status, act, id)| Several::new(*status, *act, id, next, shell))
        .collect()
}

impl Several {
    fn new(
        status: AssetStatus,
        act: AssetAct,
        id: &'static str,
        next: &str,
        shell: &Shell,
    ) -> Self {
        let t = &shell.t.acts;
        let (words, icon) = match act {
            AssetAct::Cleaned => (t.several_cleaned, "ready"),
            AssetAct::Cleaning => (t.several_cleaning, "clean"),
            _ => (t.several_soiled, "soiled"),
        };
        Self {
            id,
            act: act.as_str(),
            words,
            icon,
            key: new_key(),
            shown: status.as_str(),
            next: next.to_owned(),
        }
    }

    /// Forms for tests of templates.
    #[must_use]
    pub fn samples(shell: &Shell) -> Vec<Self> {
        ACTS.iter()
            .map(|(status, act, id)| Self::new(*status, *act, id, "/rooms/20001?a&b", shell))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_box_belongs_to_the_form_of_its_status_and_to_none_without_a_plain_act() {
        let shell = Shell::sample();
        let form = |status| find_act(Standing::of(status), Role::Nurse, &shell).map(|act| act.2);
        assert_eq!(form(AssetStatus::Cleaning), Some("several-in-cleaning"));
        assert_eq!(form(AssetStatus::Soiled), Some("several-soiled"));
        assert_eq!(form(AssetStatus::InUse), Some("several-in-use"));
        assert_eq!(form(AssetStatus::Available), None);
        assert_eq!(form(AssetStatus::Retired), None);
    }
}
