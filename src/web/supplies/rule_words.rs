//! Rules of restocking in plain words: where a number comes from, and what a rule sets.

use crate::db::types::{Rounding, StockMethod};
use crate::ids::RuleId;
use crate::supplies::inherit::{Level, Origin, RuleFields};
use crate::supplies::rulebook::{RuleKey, RuleLine, Scope};
use crate::web::page::Shell;
use crate::web::routes;
use crate::web::strings::{Strings, fill};
use crate::web::wording::grouped;

/// Where a number comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OriginWords {
    /// "From Level 3".
    pub words: String,
    /// The rule, for those who may change it.
    pub href: Option<String>,
}

/// What a number is, for its origin where no rule sets it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// From use; without use nothing is known.
    Level,
    /// From costs.
    Fixed,
    /// A choice with a usual value.
    Choice,
}

/// "Set here", "From Level 3", "Computed from use".
pub(super) fn origin_words(
    origin: Origin,
    kind: Kind,
    names: &[RuleLine],
    may_edit: bool,
    t: &Strings,
) -> OriginWords {
    let t = &t.stock_rules;
    match origin {
        Origin::Rule {
            rule_id,
            level,
            is_for_item,
        } => {
            let line = find(rule_id, names);
            let name = line
                .map(|line| line.scope_name.as_str())
                .unwrap_or_default();
            let words = match (level, is_for_item) {
                (Level::Place, true) => t.origin_here.to_owned(),
                (Level::Place, false) => t.origin_here_all.to_owned(),
                (Level::Everywhere, true) => t.origin_everywhere.to_owned(),
                (Level::Everywhere, false) => t.origin_everywhere_all.to_owned(),
                (_, true) => fill(t.origin_from, &[&name]),
                (_, false) => fill(t.origin_from_all, &[&name]),
            };
            OriginWords {
                words,
                href: line.filter(|_| may_edit).map(|line| rule_href(line.key())),
            }
        }
        Origin::Computed if kind == Kind::Fixed => plain(t.origin_costs),
        Origin::Computed => plain(t.origin_computed),
        Origin::Usual if kind == Kind::Choice => plain(t.origin_usual),
        Origin::Usual => plain(t.origin_no_use),
    }
}

pub(super) fn plain(words: &str) -> OriginWords {
    OriginWords {
        words: words.to_owned(),
        href: None,
    }
}

fn find(id: RuleId, names: &[RuleLine]) -> Option<&RuleLine> {
    names.iter().find(|line| line.rule_id == id)
}

/// Where a rule is changed.
pub(super) fn rule_href(key: RuleKey) -> String {
    routes::rule_path(key.item_id, &key.scope.to_string())
}

pub(super) fn method_word(method: StockMethod, t: &'static Strings) -> &'static str {
    match method {
        StockMethod::ToPar => t.stock_rules.method_to_par,
        StockMethod::Fixed => t.stock_rules.method_fixed,
    }
}

pub(super) fn rounding_word(rounding: Rounding, t: &'static Strings) -> &'static str {
    match rounding {
        Rounding::Up => t.stock_rules.rounding_up,
        Rounding::Down => t.stock_rules.rounding_down,
        Rounding::Nearest => t.stock_rules.rounding_nearest,
    }
}

/// A number with at most two decimals: "9.3", "0.25", "14".
pub(super) fn real(number: f64) -> String {
    let text = format!("{number:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// "reorder point 60, target 120".
pub(super) fn sets(fields: &RuleFields, t: &Strings) -> String {
    let t = &t.stock_rules;
    let number = |words: &str, number: Option<i64>| number.map(|n| fill(words, &[&grouped(n)]));
    let days =
        |words: &str, number: Option<f32>| number.map(|n| fill(words, &[&real(f64::from(n))]));
    let method = fields.method.map(|method| match method {
        StockMethod::ToPar => t.sets_to_par.to_owned(),
        StockMethod::Fixed => t.sets_in_fixed.to_owned(),
    });
    let rounding = fields.rounding.map(|rounding| match rounding {
        Rounding::Up => t.sets_up.to_owned(),
        Rounding::Down => t.sets_down.to_owned(),
        Rounding::Nearest => t.sets_nearest.to_owned(),
    });
    let all = [
        number(t.sets_point, fields.reorder_point),
        number(t.sets_par, fields.par),
        number(t.sets_maximum, fields.maximum),
        number(t.sets_fixed, fields.fixed_quantity),
        method,
        rounding,
        days(t.sets_service, fields.service_percent),
        days(t.sets_days, fields.order_days),
    ];
    let told: Vec<String> = all.into_iter().flatten().collect();
    if told.is_empty() {
        t.sets_nothing.to_owned()
    } else {
        told.join(", ")
    }
}

/// "everywhere", "in Level 3, Main building", "at 4 West supply room".
pub(super) fn where_words(scope: Scope, name: &str, t: &Strings) -> String {
    let t = &t.stock_rules;
    match scope {
        Scope::Everywhere => t.where_everywhere.to_owned(),
        Scope::Place(_) => fill(t.where_at, &[&name]),
        _ => fill(t.where_in, &[&name]),
    }
}

/// A number of the rule at a place, ready to show.
#[derive(Clone, Debug)]
pub struct RuleNumber {
    /// "Reorder point".
    pub name: &'static str,
    /// "60 each".
    pub value: String,
    /// Where it comes from.
    pub origin: OriginWords,
    /// How it is made.
    pub how_href: String,
}

/// Whether a role may change rules.
pub(super) fn may_edit(shell: &Shell) -> bool {
    let role = shell.person.as_ref().map(|person| person.role);
    role.is_some_and(|role| routes::may_open(role, routes::RULES))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_no_decimals_that_say_nothing() {
        for (number, text) in [
            (14.0, "14"),
            (9.3, "9.3"),
            (0.25, "0.25"),
            (100.0, "100"),
            (0.0, "0"),
        ] {
            assert_eq!(real(number), text);
        }
    }
}
