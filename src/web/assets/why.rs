//! One sentence that says what a place rests on.

use chrono::{DateTime, TimeDelta, Utc};

use crate::assets::model::{AssetTag, PlaceFacts};
use crate::location::certainty::{Certainty, LastSeenReason, UnknownReason};
use crate::web::filters;
use crate::web::page::Shell;
use crate::web::strings::fill;

/// The sentence. `tags` are those on the asset, the newest heard first.
pub(super) fn sentence(
    place: &PlaceFacts,
    tags: &[AssetTag],
    certainty: &Certainty,
    shell: &Shell,
) -> String {
    let t = &shell.t.pages.why;
    let reader = tags.iter().find_map(|tag| tag.reader_key.as_deref());
    let seen = place
        .evidence_at()
        .map_or_else(String::new, |at| exact_age(at, shell));
    match certainty {
        Certainty::Confirmed => t.confirmed.to_owned(),
        Certainty::Likely if place.interval_ms.is_none() => fill(t.passed, &[&seen]),
        Certainty::Likely => {
            let held = place
                .entered_at
                .map_or(TimeDelta::zero(), |at| shell.now - at);
            let held = filters::length(held, shell.t);
            match reader {
                Some(reader) => fill(t.heard_now, &[&reader, &seen, &held]),
                None => fill(t.heard_now_no_reader, &[&seen, &held]),
            }
        }
        Certainty::LastSeen { reason } => match reason {
            LastSeenReason::ReadersDown { since } => {
                fill(t.reader_down, &[&filters::clock(*since, shell)])
            }
            LastSeenReason::JustArrived { .. } => fill(t.just_arrived, &[&seen]),
            LastSeenReason::PassTooOld => fill(t.pass_old, &[&seen]),
            LastSeenReason::ScanTooOld => fill(t.scan_old, &[&seen]),
            LastSeenReason::Silent { fresh_for } => {
                let limit = filters::length(*fresh_for, shell.t);
                match reader {
                    Some(reader) => fill(t.silent, &[&reader, &seen, &limit]),
                    None => fill(t.silent_no_reader, &[&seen, &limit]),
                }
            }
        },
        Certainty::Unknown { reason } => match reason {
            UnknownReason::NeverSeen if tags.is_empty() => t.no_tag.to_owned(),
            UnknownReason::NeverSeen => t.never_heard.to_owned(),
            UnknownReason::ReportedNotHere { at } => {
                fill(t.reported_not_here, &[&filters::age(*at, shell)])
            }
            UnknownReason::NotSeenFor { missing_after } => {
                let since = place
                    .evidence_at()
                    .map_or_else(String::new, |at| filters::clock(at, shell));
                fill(
                    t.not_seen_for,
                    &[&since, &filters::length(*missing_after, shell.t)],
                )
            }
        },
    }
}

/// An age in seconds below a minute: "40 s ago" is evidence, "just now" is not.
fn exact_age(at: DateTime<Utc>, shell: &Shell) -> String {
    let age = shell.now - at;
    if age < TimeDelta::seconds(1) || age >= TimeDelta::minutes(1) {
        return filters::age(at, shell);
    }
    fill(shell.t.pages.why.seconds_ago, &[&age.num_seconds()])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::types::{PlaceBasis, Technology};
    use crate::ids::{RoomId, TagId};

    fn tag(reader: Option<&str>) -> AssetTag {
        AssetTag {
            tag_id: TagId(1),
            tag_key: "mac:AC233F000001".into(),
            technology: Technology::Ble,
            assigned_at: DateTime::UNIX_EPOCH,
            seen_at: None,
            reader_id: None,
            reader_key: reader.map(str::to_owned),
            battery_pct: None,
        }
    }

    fn place(shell: &Shell, held_min: i64, seen_s: i64) -> PlaceFacts {
        PlaceFacts {
            room_id: Some(RoomId(1)),
            entered_at: Some(shell.now - TimeDelta::minutes(held_min)),
            basis: Some(PlaceBasis::Beacon),
            seen_at: Some(shell.now - TimeDelta::seconds(seen_s)),
            interval_ms: Some(2_000),
            ..PlaceFacts::default()
        }
    }

    #[test]
    fn the_sentence_names_reader_age_and_how_long_the_room_held() {
        let shell = Shell::sample();
        let place = place(&shell, 6, 40);
        let words = sentence(
            &place,
            &[tag(Some("3w-12-a"))],
            &place.certainty(shell.now, None),
            &shell,
        );
        assert_eq!(
            words,
            "Heard by reader 3w-12-a 40 s ago; this room has held for 6 min."
        );
    }

    #[test]
    fn r13_the_sentence_says_since_when_the_reader_is_offline() {
        let shell = Shell::sample();
        let place = place(&shell, 60, 900);
        let since = shell.now - TimeDelta::minutes(14);
        let words = sentence(
            &place,
            &[tag(Some("a"))],
            &place.certainty(shell.now, Some(since)),
            &shell,
        );
        let at = filters::clock(since, &shell);
        assert!(
            words.starts_with(&format!("The reader of this room is offline since {at}.")),
            "{words}"
        );
    }

    #[test]
    fn never_seen_says_whether_there_is_a_tag_at_all() {
        let shell = Shell::sample();
        let nothing = PlaceFacts::default();
        let certainty = nothing.certainty(shell.now, None);
        assert_eq!(
            sentence(&nothing, &[], &certainty, &shell),
            shell.t.pages.why.no_tag
        );
        assert_eq!(
            sentence(&nothing, &[tag(None)], &certainty, &shell),
            shell.t.pages.why.never_heard
        );
    }
}
