//! Acts in words: what was done, by whom or by which rule, and what something is now.

use super::super::page::{Shell, role_name};
use super::super::strings::{Strings, fill};
use super::super::wording::status_word;
use crate::assets::events::AssetEvent;
use crate::db::types::{AssetAct, AssetStatus};

/// "IP-0417 is in use now."
#[must_use]
pub fn done_sentence(number: &str, act: AssetAct, t: &Strings) -> String {
    let t = &t.acts;
    let words = match act {
        AssetAct::Took => t.done_took,
        AssetAct::Returned => t.done_returned,
        AssetAct::Soiled => t.done_soiled,
        AssetAct::Cleaning => t.done_cleaning,
        AssetAct::Cleaned => t.done_cleaned,
        AssetAct::Broken => t.done_broken,
        AssetAct::Repaired => t.done_repaired,
        AssetAct::NotHere => t.done_not_here,
        AssetAct::Found => t.done_found,
        AssetAct::Missing => t.done_missing,
        _ => t.done_other,
    };
    fill(words, &[&number])
}

/// "IP-0417 is In use now"
#[must_use]
pub fn status_sentence(number: &str, status: AssetStatus, t: &Strings) -> String {
    let t = &t.acts;
    let words = match status {
        AssetStatus::Available => t.now_available,
        AssetStatus::InUse => t.now_in_use,
        AssetStatus::Soiled => t.now_soiled,
        AssetStatus::Cleaning => t.now_cleaning,
        AssetStatus::InRepair => t.now_in_repair,
        AssetStatus::Missing => t.now_missing,
        AssetStatus::Retired => t.now_retired,
    };
    fill(words, &[&number])
}

/// "In use", with the status when the word does not say it.
#[must_use]
pub fn event_title(event: &AssetEvent, t: &'static Strings) -> String {
    let words = act_word(event.act, t);
    let says_status = matches!(
        event.act,
        AssetAct::Undone
            | AssetAct::SeenAgain
            | AssetAct::Restored
            | AssetAct::Returned
            | AssetAct::Cleaned
    ) || (event.act == AssetAct::Found && event.from_status != event.to_status);
    if says_status {
        fill(
            t.acts.now_status,
            &[&words, &status_word(event.to_status, t).to_lowercase()],
        )
    } else {
        words.to_owned()
    }
}

fn act_word(act: AssetAct, t: &'static Strings) -> &'static str {
    let t = &t.acts;
    match act {
        AssetAct::Registered => t.act_registered,
        AssetAct::Edited => t.act_edited,
        AssetAct::Took => t.act_took,
        AssetAct::Returned => t.act_returned,
        AssetAct::Soiled => t.act_soiled,
        AssetAct::Cleaning => t.act_cleaning,
        AssetAct::Cleaned => t.act_cleaned,
        AssetAct::Broken => t.act_broken,
        AssetAct::Repaired => t.act_repaired,
        AssetAct::NotHere => t.act_not_here,
        AssetAct::Found => t.act_found,
        AssetAct::Missing => t.act_missing,
        AssetAct::SeenAgain => t.act_seen_again,
        AssetAct::Held => t.act_held,
        AssetAct::Released => t.act_released,
        AssetAct::Retired => t.act_retired,
        AssetAct::Restored => t.act_restored,
        AssetAct::TagOn => t.act_tag_on,
        AssetAct::TagOff => t.act_tag_off,
        AssetAct::Undone => t.act_undone,
    }
}

/// "By Nurse, 4 West; one of 6 at once; Damaged" or "Rule: 2 min in a patient room".
#[must_use]
pub fn event_detail(event: &AssetEvent, t: &'static Strings) -> String {
    let who = match (&event.rule, event.actor_role) {
        (Some(rule), _) => rule_words(rule, t).to_owned(),
        (None, Some(role)) => match &event.actor_unit {
            Some(unit) => fill(t.acts.by_role_of, &[&role_name(role, t), unit]),
            None => fill(t.acts.by_role, &[&role_name(role, t)]),
        },
        (None, None) => String::new(),
    };
    let together = (event.together > 1).then(|| fill(t.acts.together, &[&event.together]));
    let detail = event
        .detail
        .as_deref()
        .map(|detail| detail_words(detail, t));
    [Some(who), together, detail]
        .into_iter()
        .flatten()
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join("; ")
}

/// "In use. By Nurse, 4 West": for the page that says why nothing was changed.
#[must_use]
pub fn event_sentence(event: &AssetEvent, shell: &Shell) -> String {
    let title = event_title(event, shell.t);
    let detail = event_detail(event, shell.t);
    if detail.is_empty() {
        title
    } else {
        format!("{title}. {detail}")
    }
}

fn rule_words<'a>(rule: &'a str, t: &'static Strings) -> &'a str {
    let t = &t.acts;
    match rule {
        "patient_room" => t.rule_patient_room,
        "soiled_utility" => t.rule_soiled_utility,
        "equipment_room" => t.rule_equipment_room,
        "not_seen" => t.rule_not_seen,
        "seen_again" => t.rule_seen_again,
        other => other,
    }
}

/// Categories that are stored as one word, with their words; typed reasons are shown as they are.
#[must_use]
pub fn categories(t: &Strings) -> [(&'static str, &'static str); 6] {
    let t = &t.acts;
    [
        ("no_power", t.no_power),
        ("alarm", t.alarm),
        ("damaged", t.damaged),
        ("battery", t.battery),
        ("part_missing", t.part_missing),
        ("other", t.other_fault),
    ]
}

/// Why something can be used again at once.
#[must_use]
pub fn return_reasons(t: &Strings) -> [(&'static str, &'static str); 2] {
    [
        ("not_used", t.acts.not_used),
        ("cleaned_at_bedside", t.acts.cleaned_at_bedside),
    ]
}

fn detail_words(detail: &str, t: &Strings) -> String {
    categories(t)
        .into_iter()
        .chain(return_reasons(t))
        .find(|(word, _)| *word == detail)
        .map_or_else(|| detail.to_owned(), |(_, words)| words.to_owned())
}
