//! Mistakes, choices and differences of the register, in words.

use super::Choice;
use crate::assets::register::rules::Fault;
use crate::assets::register::vocabulary::{ModelEntry, TypeEntry};
use crate::ids::UnitId;
use crate::web::page::Problem;
use crate::web::strings::{Strings, fill};
use crate::web::wording::capitalised;

/// The mistakes of a form, each with its field.
#[must_use]
pub fn problems(faults: &[Fault], t: &Strings) -> Vec<Problem> {
    faults
        .iter()
        .map(|fault| Problem::new(fault.field(), fault_words(fault, t)))
        .collect()
}

fn field_word(field: &str, t: &Strings) -> &'static str {
    let t = &t.register;
    match field {
        "number" => t.number,
        "type" => t.asset_type,
        "model" => t.model,
        "owner" => t.owner,
        "due" => t.due,
        "maker" => t.maker,
        "udi" => t.udi,
        "identifiers" => t.identifiers,
        _ => t.type_name,
    }
}

fn fault_words(fault: &Fault, strings: &Strings) -> String {
    let t = &strings.register;
    match fault {
        Fault::Missing(field) => fill(t.missing, &[&field_word(field, strings)]),
        Fault::Long(field, chars, most) => {
            fill(t.long, &[&field_word(field, strings), chars, most])
        }
        Fault::Odd(field) => fill(t.odd, &[&field_word(field, strings)]),
        Fault::Unknown(field) => fill(t.unknown, &[&field_word(field, strings)]),
        Fault::NumberTaken {
            number, is_retired, ..
        } => {
            let words = if *is_retired {
                t.number_retired
            } else {
                t.number_taken
            };
            fill(words, &[number])
        }
        Fault::ModelOfOtherType(name) => fill(t.other_type, &[name]),
        Fault::DateOdd(text) => fill(t.date_odd, &[text]),
        Fault::DateRange(first, last) => fill(t.date_range, &[first, last]),
        Fault::ManyIdentifiers(count) => fill(t.many_identifiers, &[count]),
        Fault::IdentifierKind(kind) => fill(t.identifier_kind, &[kind]),
        Fault::IdentifierLong(value, chars) => fill(t.identifier_long, &[value, chars]),
        Fault::IdentifierTwice(value) => fill(t.identifier_twice, &[value]),
        Fault::CheckDigit(field, number, wanted) => fill(
            t.check_digit,
            &[&field_word(field, strings), number, wanted],
        ),
        Fault::NameTaken(name) => fill(t.type_taken, &[name]),
        Fault::ModelInUse(count) => fill(t.model_in_use, &[count]),
    }
}

/// What differs, as "owner: 4 West, service due: 2027-03-31".
#[must_use]
pub fn differences(now: &[(&'static str, String)], t: &Strings) -> String {
    let words = &t.register;
    now.iter()
        .map(|(name, value)| {
            let name = match *name {
                "number" => words.fact_number,
                "type" => words.fact_type,
                "model" => words.fact_model,
                "owner" => words.fact_owner,
                "due" => words.fact_due,
                "identifiers" => words.fact_identifiers,
                "maker" => words.fact_maker,
                "udi" => words.fact_udi,
                "blocks" => words.fact_blocks,
                _ => words.fact_name,
            };
            let value = if value.is_empty() {
                words.nothing
            } else {
                value
            };
            format!("{name}: {value}")
        })
        .collect::<Vec<_>>()
        .join("; ")
}

/// Types to choose.
#[must_use]
pub fn type_choices(types: &[TypeEntry], chosen: &str) -> Vec<Choice> {
    types
        .iter()
        .map(|entry| {
            Choice::new(
                &entry.asset_type_id,
                capitalised(&entry.name),
                chosen.trim(),
            )
        })
        .collect()
}

/// Models to choose, by the name of their type.
#[must_use]
pub fn model_choices(models: &[ModelEntry], chosen: &str) -> Vec<(String, Vec<Choice>)> {
    let mut groups: std::collections::BTreeMap<String, Vec<Choice>> =
        std::collections::BTreeMap::new();
    for entry in models {
        let words = format!("{} {}", entry.maker, entry.name);
        groups
            .entry(capitalised(&entry.type_name))
            .or_default()
            .push(Choice::new(&entry.model_id, words, chosen.trim()));
    }
    groups.into_iter().collect()
}

/// Units to choose.
#[must_use]
pub fn unit_choices(units: &[(UnitId, String)], chosen: &str) -> Vec<Choice> {
    units
        .iter()
        .map(|(id, name)| Choice::new(&id, name.clone(), chosen.trim()))
        .collect()
}
