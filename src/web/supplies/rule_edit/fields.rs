//! The fields of the form of a rule: what each says, what holds when it is left empty, and what is wrong with it.

use crate::db::types::{Rounding, StockMethod};
use crate::supplies::inherit::{InForce, SERVICES, Told, in_force};
use crate::supplies::rule_form::{RuleFault, RuleField, RuleTexts};
use crate::supplies::rulebook::RuleCard;
use crate::web::page::{Problem, Shell};
use crate::web::strings::fill;
use crate::web::supplies::rule_words::{Kind, method_word, origin_words, real, rounding_word};
use crate::web::wording::grouped;

/// A field with a number.
#[derive(Clone, Debug)]
pub struct NumberField {
    /// Name and id.
    pub id: &'static str,
    /// Its label.
    pub label: &'static str,
    /// What holds when it is empty.
    pub hint: String,
    /// What it says.
    pub value: String,
}

/// A field with a choice.
#[derive(Clone, Debug)]
pub struct ChoiceField {
    /// Name and id.
    pub id: &'static str,
    /// Its label.
    pub label: &'static str,
    /// What holds when it is empty.
    pub hint: String,
    /// Value, words, whether it is chosen.
    pub options: Vec<(String, String, bool)>,
}

fn field_id(field: RuleField) -> &'static str {
    match field {
        RuleField::Method => "method",
        RuleField::Point => "point",
        RuleField::Par => "target",
        RuleField::Maximum => "maximum",
        RuleField::Fixed => "fixed",
        RuleField::Rounding => "rounding",
        RuleField::Service => "service",
        RuleField::OrderDays => "days",
    }
}

fn label(field: RuleField, shell: &Shell) -> &'static str {
    let t = &shell.t.stock_rules;
    match field {
        RuleField::Method => t.field_method,
        RuleField::Point => t.field_point,
        RuleField::Par => t.field_par,
        RuleField::Maximum => t.field_maximum,
        RuleField::Fixed => t.field_fixed,
        RuleField::Rounding => t.field_rounding,
        RuleField::Service => t.field_service,
        RuleField::OrderDays => t.field_days,
    }
}

pub(super) fn problem(fault: &RuleFault, shell: &Shell) -> Problem {
    let t = &shell.t.stock_rules;
    let field = fault.field();
    let name = label(field, shell);
    let words = match fault {
        RuleFault::Number { value, least, .. } => fill(t.fault_number, &[&name, value, least]),
        RuleFault::Days(value) => fill(t.fault_days, &[value]),
        RuleFault::Choice { value, .. } => fill(t.fault_choice, &[&name, value]),
        RuleFault::ParBelowPoint(par, point) => {
            fill(t.fault_par, &[&grouped(*par), &grouped(*point)])
        }
        RuleFault::PointAbovePar(point, par) => {
            fill(t.fault_point, &[&grouped(*point), &grouped(*par)])
        }
        RuleFault::MaximumBelow(maximum, par) => {
            fill(t.fault_maximum, &[&grouped(*maximum), &grouped(*par)])
        }
        RuleFault::AboveMaximum(_, number, maximum) => fill(
            t.fault_above,
            &[&name, &grouped(*number), &grouped(*maximum)],
        ),
        RuleFault::NotPacks(quantity, pack) => {
            fill(t.fault_packs, &[&grouped(*quantity), &grouped(*pack)])
        }
        RuleFault::NoFixed => t.fault_no_fixed.to_owned(),
    };
    Problem::new(field_id(field), words)
}

/// Says what a field is when it is left empty.
struct Hints<'a> {
    card: &'a RuleCard,
    shell: &'a Shell,
    /// What would be in force at the item and place without this rule.
    without: Option<InForce>,
}

impl Hints<'_> {
    fn told<T: Copy>(&self, told: Told<T>, kind: Kind, words: impl Fn(T) -> String) -> String {
        let origin = origin_words(told.origin, kind, &self.card.names, false, self.shell.t);
        let value = words(told.value);
        fill(
            self.shell.t.stock_rules.hint_inherited,
            &[&value, &origin.words],
        )
    }

    fn units(&self, number: i64) -> String {
        match &self.card.item {
            Some(item) => format!("{} {}", grouped(number), item.base_unit),
            None => grouped(number),
        }
    }

    /// Reorder point and target: by hand above, computed at one place, or computed at each.
    fn level(&self, set: Option<Told<i64>>, found: fn(&InForce) -> Told<i64>) -> String {
        match (set, &self.without) {
            (_, Some(without)) => self.told(found(without), Kind::Level, |n| self.units(n)),
            (Some(told), None) => self.told(told, Kind::Level, |n| self.units(n)),
            (None, None) => self.shell.t.stock_rules.hint_computed.to_owned(),
        }
    }

    fn fixed(&self, set: Option<Told<i64>>) -> String {
        let t = &self.shell.t.stock_rules;
        let has_two_bins = self.card.ground().has_two_bins == Some(true);
        let found = self.without.and_then(|without| without.fixed_quantity);
        let kind = if has_two_bins {
            Kind::Level
        } else {
            Kind::Fixed
        };
        match found.or(set) {
            Some(told) => self.told(told, kind, |n| self.units(n)),
            None if has_two_bins => t.hint_bin.to_owned(),
            None => t.hint_fixed.to_owned(),
        }
    }

    fn choice<T: Copy>(
        &self,
        set: Option<Told<T>>,
        usual: &str,
        words: impl Fn(T) -> String,
    ) -> String {
        match set {
            Some(told) => self.told(told, Kind::Choice, words),
            None => fill(self.shell.t.stock_rules.hint_usual, &[&usual]),
        }
    }
}

fn hints<'a>(card: &'a RuleCard, shell: &'a Shell) -> Hints<'a> {
    let inherited = card.inherited();
    let without = card
        .story
        .as_ref()
        .map(|story| in_force(&inherited, &story.row.inputs()));
    Hints {
        card,
        shell,
        without,
    }
}

pub(super) fn numbers(card: &RuleCard, texts: &RuleTexts, shell: &Shell) -> Vec<NumberField> {
    let t = &shell.t.stock_rules;
    let inherited = card.inherited();
    let hints = hints(card, shell);
    let field = |field, hint, value: &String| NumberField {
        id: field_id(field),
        label: label(field, shell),
        hint,
        value: value.clone(),
    };
    let maximum = match inherited.maximum {
        Some(told) => hints.told(told, Kind::Choice, |n| hints.units(n)),
        None => t.hint_none.to_owned(),
    };
    let days = hints.choice(inherited.order_days, "7", |n| real(f64::from(n)));
    let mut fields = vec![
        field(
            RuleField::Point,
            hints.level(inherited.reorder_point, |found| found.reorder_point),
            &texts.reorder_point,
        ),
        field(
            RuleField::Par,
            hints.level(inherited.par, |found| found.par),
            &texts.par,
        ),
        field(RuleField::Maximum, maximum, &texts.maximum),
        field(
            RuleField::Fixed,
            hints.fixed(inherited.fixed_quantity),
            &texts.fixed_quantity,
        ),
        field(RuleField::OrderDays, days, &texts.order_days),
    ];
    if card.ground().has_two_bins == Some(true) {
        for field in &mut fields {
            if field.id == field_id(RuleField::Fixed) {
                field.label = t.field_bin;
            }
        }
    }
    fields
}

pub(super) fn choices(card: &RuleCard, texts: &RuleTexts, shell: &Shell) -> Vec<ChoiceField> {
    let t = &shell.t.stock_rules;
    let inherited = card.inherited();
    let hints = hints(card, shell);
    let field = |field, hint, given: Vec<(String, String)>, chosen: &str| {
        let none = (String::new(), t.choose_inherited.to_owned());
        let options = std::iter::once(none).chain(given);
        ChoiceField {
            id: field_id(field),
            label: label(field, shell),
            hint,
            options: options
                .map(|(value, words)| {
                    let is_chosen = value == chosen;
                    (value, words, is_chosen)
                })
                .collect(),
        }
    };
    let methods = [StockMethod::ToPar, StockMethod::Fixed];
    let roundings = [Rounding::Up, Rounding::Down, Rounding::Nearest];
    vec![
        field(
            RuleField::Method,
            hints.choice(inherited.method, t.method_to_par, |method| {
                method_word(method, shell.t).to_owned()
            }),
            methods
                .iter()
                .map(|method| {
                    let words = method_word(*method, shell.t);
                    (method.as_str().to_owned(), words.to_owned())
                })
                .collect(),
            &texts.method,
        ),
        field(
            RuleField::Rounding,
            hints.choice(inherited.rounding, t.rounding_up, |rounding| {
                rounding_word(rounding, shell.t).to_owned()
            }),
            roundings
                .iter()
                .map(|rounding| {
                    let words = rounding_word(*rounding, shell.t);
                    (rounding.as_str().to_owned(), words.to_owned())
                })
                .collect(),
            &texts.rounding,
        ),
        field(
            RuleField::Service,
            hints.choice(inherited.service_percent, "95 %", |percent| {
                fill(t.percent_value, &[&percent])
            }),
            SERVICES
                .iter()
                .map(|(percent, _)| (percent.to_string(), fill(t.service_of, &[percent])))
                .collect(),
            &texts.service_percent,
        ),
    ]
}
