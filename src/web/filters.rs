//! Filters for templates: times, ages and gaps in words. Nothing here switches escaping off (S-26).
//!
//! `{{ at|age_words(shell) }}` gives "2 min ago", `{{ at|clock_time(shell) }}` "14:06", `{{ at|date_time(shell) }}`
//! "7 Sep 2026, 14:06", `{{ at|datetime_attr(shell) }}` the value of `<time datetime>`. All in the facility's zone.
#![expect(
    clippy::unnecessary_wraps,
    clippy::inline_always,
    reason = "signature and attributes are those of askama's filters"
)]

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use super::page::Shell;
use super::strings::{Strings, fill as fill_gaps};

/// "7 Sep 2026".
#[must_use]
pub fn day(day: NaiveDate) -> String {
    day.format("%-d %b %Y").to_string()
}

/// "just now", "5 min ago", "3 h ago"; from 24 h on the day and time.
///
/// # Errors
/// Never; the signature is askama's.
#[askama::filter_fn]
pub fn age_words(
    at: &DateTime<Utc>,
    _: &dyn askama::Values,
    shell: &Shell,
) -> askama::Result<String> {
    Ok(age(*at, shell))
}

/// "14:06" in the facility's zone; with the day when that is not today.
///
/// # Errors
/// Never; the signature is askama's.
#[askama::filter_fn]
pub fn clock_time(
    at: &DateTime<Utc>,
    _: &dyn askama::Values,
    shell: &Shell,
) -> askama::Result<String> {
    Ok(clock(*at, shell))
}

/// "7 Sep 2026, 14:06" in the facility's zone.
///
/// # Errors
/// Never; the signature is askama's.
#[askama::filter_fn]
pub fn date_time(
    at: &DateTime<Utc>,
    _: &dyn askama::Values,
    shell: &Shell,
) -> askama::Result<String> {
    Ok(day_and_time(*at, shell))
}

/// "2026-09-07T14:06:00+01:00", for machines.
///
/// # Errors
/// Never; the signature is askama's.
#[askama::filter_fn]
pub fn datetime_attr(
    at: &DateTime<Utc>,
    _: &dyn askama::Values,
    shell: &Shell,
) -> askama::Result<String> {
    Ok(at
        .with_timezone(&shell.zone)
        .to_rfc3339_opts(chrono::SecondsFormat::Secs, false))
}

/// Puts a value into the first gap of a text of the catalogue; chain it for further gaps.
///
/// # Errors
/// Never; the signature is askama's.
#[askama::filter_fn]
pub fn fill<T: std::fmt::Display>(
    text: &str,
    _: &dyn askama::Values,
    value: T,
) -> askama::Result<String> {
    Ok(fill_gaps(text, &[&value]))
}

/// The age of an instant in words, for page structs that hold ready text.
#[must_use]
pub fn age(at: DateTime<Utc>, shell: &Shell) -> String {
    let (age, t) = (shell.now - at, shell.t);
    if age < TimeDelta::minutes(1) {
        // A clock that runs a little ahead is not worth a word about the future.
        t.time.just_now.to_owned()
    } else if age < TimeDelta::hours(1) {
        fill_gaps(t.time.min_ago, &[&age.num_minutes()])
    } else if age < TimeDelta::hours(24) {
        fill_gaps(t.time.hours_ago, &[&age.num_hours()])
    } else {
        day_and_time(at, shell)
    }
}

/// A length of time in words: "less than 1 min", "52 min", "3 h", "4 days".
#[must_use]
pub fn length(length: TimeDelta, t: &Strings) -> String {
    if length < TimeDelta::minutes(1) {
        t.time.moment.to_owned()
    } else if length < TimeDelta::hours(1) {
        fill_gaps(t.time.min, &[&length.num_minutes()])
    } else if length < TimeDelta::hours(48) {
        fill_gaps(t.time.hours, &[&length.num_hours()])
    } else {
        fill_gaps(t.time.days, &[&length.num_days()])
    }
}

/// "14:06", or "7 Sep 2026, 14:06" when that is not today in the facility's zone.
#[must_use]
pub fn clock(at: DateTime<Utc>, shell: &Shell) -> String {
    let (local, today) = (
        at.with_timezone(&shell.zone),
        shell.now.with_timezone(&shell.zone).date_naive(),
    );
    if local.date_naive() == today {
        local.format("%H:%M").to_string()
    } else {
        day_and_time(at, shell)
    }
}

fn day_and_time(at: DateTime<Utc>, shell: &Shell) -> String {
    at.with_timezone(&shell.zone)
        .format("%-d %b %Y, %H:%M")
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn ages_are_relative_up_to_a_day_and_exact_after_it() {
        let mut shell = Shell::sample();
        shell.zone = chrono_tz::Europe::London;
        shell.now = at("2026-09-07T13:06:00Z");
        for (then, words) in [
            ("2026-09-07T13:07:30Z", "just now"),
            ("2026-09-07T13:05:01Z", "just now"),
            ("2026-09-07T13:05:00Z", "1 min ago"),
            ("2026-09-07T12:06:01Z", "59 min ago"),
            ("2026-09-07T12:06:00Z", "1 h ago"),
            ("2026-09-06T13:06:01Z", "23 h ago"),
            ("2026-09-06T13:06:00Z", "6 Sep 2026, 14:06"),
        ] {
            assert_eq!(age(at(then), &shell), words, "{then}");
        }
    }

    #[test]
    fn lengths_have_one_unit() {
        let t = &super::super::strings::EN;
        for (seconds, words) in [
            (5, "less than 1 min"),
            (60, "1 min"),
            (3_599, "59 min"),
            (7_200, "2 h"),
            (172_800, "2 days"),
        ] {
            assert_eq!(length(TimeDelta::seconds(seconds), t), words);
        }
    }

    #[test]
    fn clock_times_hold_on_both_clock_change_nights() {
        let mut shell = Shell::sample();
        shell.zone = chrono_tz::Europe::London;
        shell.now = at("2026-03-29T12:00:00Z");
        assert_eq!(clock(at("2026-03-29T00:59:00Z"), &shell), "00:59");
        assert_eq!(clock(at("2026-03-29T01:00:00Z"), &shell), "02:00");
        shell.now = at("2026-10-25T12:00:00Z");
        assert_eq!(clock(at("2026-10-25T00:30:00Z"), &shell), "01:30");
        assert_eq!(clock(at("2026-10-25T01:30:00Z"), &shell), "01:30");
        assert_eq!(
            clock(at("2026-10-24T12:00:00Z"), &shell),
            "24 Oct 2026, 13:00"
        );
    }
}
