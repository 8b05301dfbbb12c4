//! The forms of the set-up as they are shown: empty, or with what was typed into one that was not carried out.

use super::destination_word;
use super::setup::Facts;
use crate::db::types::{DestinationKind, Role};
use crate::web::acts::new_key;
use crate::web::page::role_name;
use crate::web::strings::Strings;

/// A choice of a select: value, word, chosen.
pub type Choice = (String, String, bool);

/// What a choice begins with that is no destination but what people are.
pub(super) const ROLE_MARK: &str = "role-";
/// How often alerts that may wait are sent together, unless something else is typed.
pub(super) const DIGEST_MINUTES: i32 = 240;

/// What somebody typed into a form that was not carried out.
#[derive(Clone, Debug, Default)]
pub enum Draft {
    /// Nothing.
    #[default]
    None,
    /// A destination.
    Destination {
        /// Its name.
        name: String,
        /// Mail or web address.
        kind: String,
        /// Where that is.
        address: String,
        /// How often alerts that may wait are sent together.
        minutes: String,
    },
    /// A route.
    Route {
        /// To which destination.
        destination: String,
        /// Of which kind.
        kind: String,
        /// Of which unit.
        unit: String,
        /// From which severity on.
        severity: String,
        /// When.
        step: String,
        /// Whether together with others.
        is_together: bool,
    },
}

/// The form for a new destination, ready to show.
#[derive(Clone, Debug)]
pub struct DestinationFields {
    /// Idempotency key.
    pub key: String,
    /// Whether it is shown at once.
    pub is_open: bool,
    /// As typed.
    pub name: String,
    /// Mail or web address.
    pub kinds: Vec<Choice>,
    /// As typed.
    pub address: String,
    /// As typed.
    pub minutes: String,
}

/// The form for a new route, ready to show.
#[derive(Clone, Debug)]
pub struct RouteFields {
    /// Idempotency key.
    pub key: String,
    /// Whether it is shown at once.
    pub is_open: bool,
    /// Destinations.
    pub destinations: Vec<Choice>,
    /// What people are: a route tells who is that.
    pub roles: Vec<Choice>,
    /// Kinds of alerts.
    pub kinds: Vec<Choice>,
    /// Units.
    pub units: Vec<Choice>,
    /// Severities.
    pub severities: Vec<Choice>,
    /// As typed.
    pub step: String,
    /// As ticked.
    pub is_together: bool,
}

/// The same choices with another one chosen.
fn choosing(choices: &[Choice], chosen: &str) -> Vec<Choice> {
    let choices = choices.iter();
    choices
        .map(|(value, word, _)| (value.clone(), word.clone(), value == chosen))
        .collect()
}

impl DestinationFields {
    pub(super) fn new(draft: &Draft, is_first: bool, t: &'static Strings) -> Self {
        let kinds: Vec<Choice> = DestinationKind::ALL
            .iter()
            .map(|kind| {
                let word = destination_word(*kind, t).to_owned();
                (kind.as_str().to_owned(), word, false)
            })
            .collect();
        let mut fields = Self {
            key: new_key(),
            is_open: is_first,
            name: String::new(),
            kinds,
            address: String::new(),
            minutes: DIGEST_MINUTES.to_string(),
        };
        if let Draft::Destination {
            name,
            kind,
            address,
            minutes,
        } = draft
        {
            fields.is_open = true;
            fields.name.clone_from(name);
            fields.kinds = choosing(&fields.kinds, kind);
            fields.address.clone_from(address);
            fields.minutes.clone_from(minutes);
        }
        fields
    }
}

impl RouteFields {
    pub(super) fn new(
        draft: &Draft,
        facts: &Facts,
        choices: [&[Choice]; 3],
        t: &'static Strings,
    ) -> Self {
        let destinations = facts.destinations.iter();
        let destinations: Vec<Choice> = destinations
            .map(|line| (line.destination_id.to_string(), line.name.clone(), false))
            .collect();
        let roles = Role::ALL.iter().map(|role| {
            let word = role_name(*role, t).to_owned();
            (format!("{ROLE_MARK}{}", role.as_str()), word, false)
        });
        let [kinds, units, severities] = choices.map(|choices| choosing(choices, ""));
        let mut fields = Self {
            key: new_key(),
            is_open: facts.routes.is_empty(),
            destinations,
            roles: roles.collect(),
            kinds,
            units,
            severities,
            step: "0".to_owned(),
            is_together: false,
        };
        if let Draft::Route {
            destination,
            kind,
            unit,
            severity,
            step,
            is_together,
        } = draft
        {
            fields.is_open = true;
            fields.destinations = choosing(&fields.destinations, destination);
            fields.roles = choosing(&fields.roles, destination);
            fields.kinds = choosing(&fields.kinds, kind);
            fields.units = choosing(&fields.units, unit);
            fields.severities = choosing(&fields.severities, severity);
            fields.step.clone_from(step);
            fields.is_together = *is_together;
        }
        fields
    }
}
