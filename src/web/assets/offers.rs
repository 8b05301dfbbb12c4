//! The acts that an asset page offers: what the status allows to this person, the likeliest first and biggest.

use super::super::acts::new_key;
use super::super::acts::words::{categories, return_reasons};
use super::super::origin::room_label_text;
use super::super::page::Shell;
use super::super::strings::Strings;
use crate::assets::model::Standing;
use crate::assets::status::{Known, list_allowed};
use crate::db::types::{AssetAct, AssetStatus, Role};
use crate::ids::{AssetId, RoomId};

/// The forms of an asset page.
#[derive(Clone, Debug)]
pub struct Offers {
    /// The asset.
    pub asset_id: String,
    /// Status that the page shows.
    pub shown: &'static str,
    /// Room that the page shows.
    pub shown_room: String,
    /// Where to go back to.
    pub next: String,
    /// Acts of one press.
    pub buttons: Vec<Offer>,
    /// Acts that need a choice or a word first.
    pub asking: Vec<Asking>,
}

/// An act of one press.
#[derive(Clone, Debug)]
pub struct Offer {
    /// As stored.
    pub act: &'static str,
    /// The words of the button.
    pub words: &'static str,
    /// Icon in the sprite, without `i-`.
    pub icon: &'static str,
    /// Idempotency key of its form.
    pub key: String,
    /// The room that it says, as its label does.
    pub room: Option<String>,
}

/// An act that needs a choice or a word first.
#[derive(Clone, Debug)]
pub struct Asking {
    /// The act.
    pub offer: Offer,
    /// What is asked.
    pub question: &'static str,
    /// Fixed answers; empty when the answer is typed.
    pub answers: Vec<(&'static str, &'static str)>,
    /// Name of the typed field.
    pub field: &'static str,
    /// What to type.
    pub hint: &'static str,
}

impl Offers {
    /// What this person may say about an asset now.
    #[must_use]
    pub fn new(
        asset_id: AssetId,
        standing: &Standing,
        role: Role,
        room: Option<RoomId>,
        next: &str,
        shell: &Shell,
    ) -> Self {
        let known = Known {
            standing: *standing,
            status_before: (standing.status == AssetStatus::Missing).then_some(AssetStatus::Soiled),
            gone_since: None,
        };
        let t = shell.t;
        let (mut buttons, mut asking) = (Vec::new(), Vec::new());
        for act in list_allowed(&known, role, shell.now) {
            let is_override = act == AssetAct::Cleaned && standing.status == AssetStatus::Soiled;
            let Some((words, icon)) = words_of(act, is_override, t) else {
                continue;
            };
            let offer = Offer {
                act: act.as_str(),
                words,
                icon,
                key: new_key(),
                // Said of the room that the page shows, wherever the readers put it meanwhile.
                room: room.filter(|_| act == AssetAct::Found).map(room_label_text),
            };
            match act {
                AssetAct::Returned => asking.push(choice(
                    offer,
                    t.acts.how_returned,
                    return_reasons(t).to_vec(),
                )),
                AssetAct::Broken => {
                    asking.push(choice(offer, t.acts.what_broken, categories(t).to_vec()));
                }
                AssetAct::Cleaned if is_override => {
                    asking.push(typed(offer, t.acts.why, "reason", t.acts.reason_hint));
                }
                AssetAct::Found if room.is_none() => {}
                _ => buttons.push(offer),
            }
            if act == AssetAct::Found {
                let offer = Offer {
                    act: act.as_str(),
                    words: t.acts.found_elsewhere,
                    icon: "plan",
                    key: new_key(),
                    room: None,
                };
                asking.push(typed(offer, t.acts.which_room, "room", t.acts.room_hint));
            }
        }
        Self {
            asset_id: asset_id.to_string(),
            shown: standing.status.as_str(),
            shown_room: room.map(|room| room.to_string()).unwrap_or_default(),
            next: next.to_owned(),
            buttons,
            asking,
        }
    }
}

fn choice(
    offer: Offer,
    question: &'static str,
    answers: Vec<(&'static str, &'static str)>,
) -> Asking {
    Asking {
        offer,
        question,
        answers,
        field: "reason",
        hint: "",
    }
}

fn typed(offer: Offer, question: &'static str, field: &'static str, hint: &'static str) -> Asking {
    Asking {
        offer,
        question,
        answers: Vec::new(),
        field,
        hint,
    }
}

fn words_of(act: AssetAct, is_override: bool, t: &Strings) -> Option<(&'static str, &'static str)> {
    let t = &t.acts;
    Some(match act {
        AssetAct::Took => (t.took, "use"),
        AssetAct::Soiled => (t.soiled, "soiled"),
        AssetAct::Cleaning => (t.cleaning, "clean"),
        AssetAct::Cleaned if is_override => (t.cleaned_override, "ready"),
        AssetAct::Cleaned => (t.cleaned, "ready"),
        AssetAct::Found => (t.found, "check"),
        AssetAct::NotHere => (t.not_here, "missing"),
        AssetAct::Returned => (t.returned, "ready"),
        AssetAct::Broken => (t.broken, "repair"),
        AssetAct::Repaired => (t.repaired, "clean"),
        AssetAct::Missing => (t.missing, "missing"),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offered(status: AssetStatus, role: Role) -> (Vec<&'static str>, Vec<&'static str>) {
        let shell = Shell::sample();
        let offers = Offers::new(
            AssetId(1),
            &Standing::of(status),
            role,
            Some(RoomId(2)),
            "/assets/1",
            &shell,
        );
        (
            offers.buttons.iter().map(|offer| offer.act).collect(),
            offers
                .asking
                .iter()
                .map(|asking| asking.offer.act)
                .collect(),
        )
    }

    #[test]
    fn the_likeliest_act_comes_first() {
        let (buttons, asking) = offered(AssetStatus::Available, Role::Nurse);
        assert_eq!(buttons, ["took", "found", "not_here", "missing"]);
        assert_eq!(asking, ["found", "broken"]);
        assert_eq!(
            offered(AssetStatus::InUse, Role::Nurse).0.first(),
            Some(&"soiled")
        );
        assert_eq!(
            offered(AssetStatus::Soiled, Role::Nurse).0.first(),
            Some(&"cleaning")
        );
        assert_eq!(
            offered(AssetStatus::Cleaning, Role::Nurse).0.first(),
            Some(&"cleaned")
        );
        assert_eq!(
            offered(AssetStatus::Missing, Role::Nurse).0.first(),
            Some(&"found")
        );
        assert_eq!(offered(AssetStatus::Retired, Role::Nurse), (vec![], vec![]));
    }

    #[test]
    fn r9_only_those_with_the_right_are_offered_to_skip_cleaning() {
        assert!(
            !offered(AssetStatus::Soiled, Role::Nurse)
                .1
                .contains(&"cleaned")
        );
        assert!(
            offered(AssetStatus::Soiled, Role::Biomed)
                .1
                .contains(&"cleaned")
        );
    }
}
