//! The form of alerts, read field by field: an alert may be named several times over, and each mistake is named.

use uuid::Uuid;

use super::super::routes;
use super::super::strings::{Strings, fill};
use crate::alerts::acts::ALERTS_MAX;
use crate::ids::AlertId;

/// Longest reason in characters.
pub const REASON_CHARS_MAX: usize = 200;

/// What a form does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AlertVerb {
    /// Seen.
    Acknowledge,
    /// Dealt with.
    Resolve,
    /// Not now, for so many hours.
    Snooze(i64),
}

/// `POST /alerts`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlertActForm {
    /// Idempotency key.
    pub key: Uuid,
    /// What is done.
    pub verb: AlertVerb,
    /// About which alerts.
    pub alerts: Vec<AlertId>,
    /// Why.
    pub reason: Option<String>,
    /// Where to go on.
    pub next: String,
}

impl AlertActForm {
    /// Reads a body.
    ///
    /// # Errors
    /// Says which field is wrong and what to do.
    pub fn parse(body: &[u8], t: &Strings) -> Result<Self, String> {
        let t = &t.alerts;
        let (mut key, mut act, mut hours) = ("".into(), "".into(), "".into());
        let (mut reason, mut next) = (None, None);
        let mut alerts = Vec::new();
        let bad = |name: &str, value: &str| {
            let shown: String = value.chars().take(40).collect();
            fill(t.bad_field, &[&name, &shown])
        };
        for (name, value) in form_urlencoded::parse(body) {
            match name.as_ref() {
                "key" => key = value,
                "act" => act = value,
                "alert" => match value.trim().parse() {
                    Ok(id) => alerts.push(AlertId(id)),
                    Err(_) => return Err(bad("alert", &value)),
                },
                "reason" => reason = Some(value.trim().to_owned()),
                "next" => next = Some(value),
                "hours" => hours = value,
                "csrf" => {}
                other => {
                    let shown: String = other.chars().take(40).collect();
                    return Err(fill(t.unknown_field, &[&shown]));
                }
            }
        }
        let verb = match act.as_ref() {
            "acknowledge" => AlertVerb::Acknowledge,
            "resolve" => AlertVerb::Resolve,
            "snooze" => AlertVerb::Snooze(hours.trim().parse().map_err(|_| bad("hours", &hours))?),
            _ => return Err(bad("act", &act)),
        };
        let key = key.trim().parse().map_err(|_| bad("key", &key))?;
        if alerts.is_empty() {
            return Err(t.none_chosen.to_owned());
        }
        if alerts.len() > ALERTS_MAX {
            return Err(fill(t.too_many, &[&alerts.len()]));
        }
        if let Some(text) = &reason
            && (text.chars().count() > REASON_CHARS_MAX || text.chars().any(char::is_control))
        {
            return Err(bad("reason", text));
        }
        Ok(Self {
            key,
            verb,
            alerts,
            reason: reason.filter(|text| !text.is_empty()),
            next: routes::safe_next(next.as_deref().unwrap_or(routes::ALERTS)).to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::strings::EN;

    const KEY: &str = "key=0190b6c0-0000-7000-8000-000000000001";

    #[test]
    fn several_alerts_and_a_local_way_back() {
        let body = format!("{KEY}&act=acknowledge&alert=5&alert=6&csrf=x&next=%2F%2Fevil.example");
        let form = AlertActForm::parse(body.as_bytes(), &EN).unwrap();
        assert_eq!(form.alerts, [AlertId(5), AlertId(6)]);
        assert_eq!(
            (form.next.as_str(), form.verb),
            ("/", AlertVerb::Acknowledge)
        );
    }

    #[test]
    fn each_mistake_is_named() {
        let many = "&alert=1".repeat(101);
        let long = format!("{KEY}&act=resolve&alert=5&reason={}", "a".repeat(201));
        for (body, part) in [
            (String::new(), "act"),
            (format!("{KEY}&act=postpone&alert=5"), "postpone"),
            (format!("{KEY}&act=acknowledge"), "No alert was chosen"),
            (format!("{KEY}&act=acknowledge&alert=%27"), "alert"),
            (format!("{KEY}&act=acknowledge{many}"), "101"),
            ("act=acknowledge&alert=5&key=7".to_owned(), "key"),
            (
                format!("{KEY}&act=acknowledge&alert=5&assignee=7"),
                "assignee",
            ),
            (long, "reason"),
        ] {
            let words = AlertActForm::parse(body.as_bytes(), &EN).unwrap_err();
            assert!(words.contains(part), "{part}: {words}");
        }
    }
}
