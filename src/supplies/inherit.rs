//! Which rule of restocking holds for an item at a place: field by field the nearest one that sets it, and where each value comes from.
//! Pure.
//!
//! Nearest first: stock place, room, floor, building, facility, everywhere; at each of them a rule for the item goes before one for all
//! items. What no rule sets by hand is computed from use ([`Levels`]) or has its usual value; nothing is invented where no use is known.

use std::cmp::Reverse;

use super::rules::{Demand, Levels, Supply, economic_quantity};
use crate::db::types::{Rounding, StockMethod};
use crate::ids::RuleId;

/// The service that orders should give when no rule says it, in percent.
pub const SERVICE_USUAL: f32 = 95.0;
/// How many days one order should last when no rule says it.
pub const ORDER_DAYS_USUAL: f32 = 7.0;
/// The services that a rule may ask for, in percent, each with its factor.
pub const SERVICES: [(f32, f64); 4] = [(90.0, 1.28), (95.0, 1.65), (98.0, 2.05), (99.0, 2.33)];

/// How near a rule is, the nearest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// The supply room, cart or cabinet itself.
    Place,
    /// Its room.
    Room,
    /// Its floor.
    Floor,
    /// Its building.
    Building,
    /// Its facility.
    Facility,
    /// Everywhere.
    Everywhere,
}

/// What a rule sets; `None`: it says nothing about that.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct RuleFields {
    /// How the quantity of an order is found.
    pub method: Option<StockMethod>,
    /// At or below it, order.
    pub reorder_point: Option<i64>,
    /// What a place should hold right after restocking.
    pub par: Option<i64>,
    /// Never above it.
    pub maximum: Option<i64>,
    /// Orders are multiples of it; of two bins what one of them holds.
    pub fixed_quantity: Option<i64>,
    /// To whole packs.
    pub rounding: Option<Rounding>,
    /// How often an order should come in time, in percent.
    pub service_percent: Option<f32>,
    /// How many days one order should last.
    pub order_days: Option<f32>,
}

impl RuleFields {
    /// Whether it sets nothing at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A rule that applies to an item at a place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rule {
    /// Its id.
    pub rule_id: RuleId,
    /// How near it is.
    pub level: Level,
    /// For the item; else for all items.
    pub is_for_item: bool,
    /// What it sets.
    pub fields: RuleFields,
}

/// Where a value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A rule sets it.
    Rule {
        /// Which one.
        rule_id: RuleId,
        /// How near it is.
        level: Level,
        /// For the item; else for all items.
        is_for_item: bool,
    },
    /// It is computed from use and delivery.
    Computed,
    /// Nobody set it, and it has its usual value: a reorder point of 0 and a target at the point, because no use is known.
    Usual,
}

/// A value and where it comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Told<T> {
    /// The value.
    pub value: T,
    /// Where it comes from.
    pub origin: Origin,
}

/// What rules set by hand for an item at a place, each field by the nearest rule.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Inherited {
    /// See [`RuleFields::method`].
    pub method: Option<Told<StockMethod>>,
    /// See [`RuleFields::reorder_point`].
    pub reorder_point: Option<Told<i64>>,
    /// See [`RuleFields::par`].
    pub par: Option<Told<i64>>,
    /// See [`RuleFields::maximum`].
    pub maximum: Option<Told<i64>>,
    /// See [`RuleFields::fixed_quantity`].
    pub fixed_quantity: Option<Told<i64>>,
    /// See [`RuleFields::rounding`].
    pub rounding: Option<Told<Rounding>>,
    /// See [`RuleFields::service_percent`].
    pub service_percent: Option<Told<f32>>,
    /// See [`RuleFields::order_days`].
    pub order_days: Option<Told<f32>>,
}

/// Takes each field from the nearest rule that sets it. The order of the rules does not matter.
#[must_use]
pub fn inherit(rules: &[Rule]) -> Inherited {
    let mut nearest: Vec<&Rule> = rules.iter().collect();
    nearest.sort_by_key(|rule| (rule.level, Reverse(rule.is_for_item), rule.rule_id));
    Inherited {
        method: take(&nearest, |fields| fields.method),
        reorder_point: take(&nearest, |fields| fields.reorder_point),
        par: take(&nearest, |fields| fields.par),
        maximum: take(&nearest, |fields| fields.maximum),
        fixed_quantity: take(&nearest, |fields| fields.fixed_quantity),
        rounding: take(&nearest, |fields| fields.rounding),
        service_percent: take(&nearest, |fields| fields.service_percent),
        order_days: take(&nearest, |fields| fields.order_days),
    }
}

fn take<T>(nearest: &[&Rule], of: impl Fn(&RuleFields) -> Option<T>) -> Option<Told<T>> {
    nearest.iter().find_map(|rule| {
        let origin = Origin::Rule {
            rule_id: rule.rule_id,
            level: rule.level,
            is_for_item: rule.is_for_item,
        };
        of(&rule.fields).map(|value| Told { value, origin })
    })
}

/// What the numbers that nobody sets are computed from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Inputs {
    /// Use of a day; a mean of 0: no use is known.
    pub demand: Demand,
    /// From order to delivery, in days, and its deviation; `None`: no supplier is given, and 0 counts.
    pub lead: Option<(f64, f64)>,
    /// Days between two rounds; `None`: the place is on no round, and 0 counts.
    pub round_days: Option<f64>,
    /// Base units of the pack that is ordered, 1 or more.
    pub pack: i64,
    /// Two-bin kanban.
    pub has_two_bins: bool,
    /// What one order costs.
    pub cost_of_order: Option<f64>,
    /// What it costs to hold one unit for a year.
    pub cost_to_hold: Option<f64>,
}

impl Inputs {
    /// Whether any use is known.
    #[must_use]
    pub fn has_use(&self) -> bool {
        self.demand.per_day > 0.0
    }
}

/// The rule in force for an item at a place: what `stocking` keeps.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct InForce {
    /// How the quantity is found: never "fixed" without a quantity.
    pub method: Told<StockMethod>,
    /// At or below it, order.
    pub reorder_point: Told<i64>,
    /// Target; never below the reorder point.
    pub par: Told<i64>,
    /// The target as it would be, where it had to be raised to the reorder point.
    pub par_raised_from: Option<i64>,
    /// Never above it.
    pub maximum: Option<Told<i64>>,
    /// Fixed quantity, or what one of two bins holds.
    pub fixed_quantity: Option<Told<i64>>,
    /// The fixed quantity as it was said, where it had to be raised to whole packs (R4).
    pub fixed_raised_from: Option<i64>,
    /// To whole packs.
    pub rounding: Told<Rounding>,
    /// Service, in percent.
    pub service_percent: Told<f32>,
    /// Days one order should last.
    pub order_days: Told<f32>,
    /// What the computed levels rest on.
    pub supply: Supply,
    /// The computed levels; `None`: no use is known.
    pub levels: Option<Levels>,
    /// The size of order with the least cost, in base units; `None`: use or a cost is not known.
    pub economic: Option<i64>,
    /// A rule asks for a fixed quantity that nobody gave and nothing gives: it is filled up to the target instead.
    pub lacks_quantity: bool,
}

fn usual<T>(value: T) -> Told<T> {
    Told {
        value,
        origin: Origin::Usual,
    }
}

fn computed(value: i64) -> Told<i64> {
    Told {
        value,
        origin: Origin::Computed,
    }
}

/// The factor of a service; that of the usual one for any other number.
#[must_use]
pub fn service_factor(percent: f32) -> f64 {
    let is_it = |(known, _): &&(f32, f64)| (known - percent).abs() < 0.5;
    SERVICES
        .iter()
        .find(is_it)
        .map_or(1.65, |(_, factor)| *factor)
}

/// Puts rules, use and delivery together.
#[must_use]
pub fn in_force(set: &Inherited, inputs: &Inputs) -> InForce {
    let service_percent = set.service_percent.unwrap_or(usual(SERVICE_USUAL));
    let order_days = set.order_days.unwrap_or(usual(ORDER_DAYS_USUAL));
    let (lead_days, lead_deviation) = inputs.lead.unwrap_or((0.0, 0.0));
    let supply = Supply {
        lead_days,
        lead_deviation,
        round_days: inputs.round_days.unwrap_or(0.0),
        service_factor: service_factor(service_percent.value),
        order_days: f64::from(order_days.value),
    };
    let levels = inputs
        .has_use()
        .then(|| Levels::compute(inputs.demand, supply));
    let of_levels = |of: fn(Levels) -> i64| levels.map(|levels| computed(of(levels)));
    let point = set
        .reorder_point
        .or(of_levels(|levels| levels.reorder_point))
        .unwrap_or(usual(0));
    let wanted = set.par.or(of_levels(|levels| levels.par));
    let (par, par_raised_from) = match wanted {
        // Filling up to less than the point would order again at once.
        Some(par) if par.value < point.value => (
            Told {
                value: point.value,
                ..par
            },
            Some(par.value),
        ),
        Some(par) => (par, None),
        None => (usual(point.value), None),
    };
    let economic = economic(inputs);
    let asked = set.method.unwrap_or(usual(StockMethod::ToPar));
    let is_fixed = asked.value == StockMethod::Fixed;
    let (fixed_quantity, fixed_raised_from) =
        fixed(set.fixed_quantity, is_fixed, levels, economic, inputs);
    let lacks_quantity = is_fixed && fixed_quantity.is_none();
    let method = if lacks_quantity {
        usual(StockMethod::ToPar)
    } else {
        asked
    };
    InForce {
        method,
        reorder_point: point,
        par,
        par_raised_from,
        maximum: set.maximum,
        fixed_quantity,
        fixed_raised_from,
        rounding: set.rounding.unwrap_or(usual(Rounding::Up)),
        service_percent,
        order_days,
        supply,
        levels,
        economic,
        lacks_quantity,
    }
}

/// The size of order with the least cost.
#[must_use]
pub fn economic(inputs: &Inputs) -> Option<i64> {
    let (order, hold) = inputs.cost_of_order.zip(inputs.cost_to_hold)?;
    economic_quantity(inputs.demand.per_day * 365.0, order, hold)
}

/// What one of two bins holds, or the size of orders, and what it was before it was raised to whole packs.
fn fixed(
    set: Option<Told<i64>>,
    is_fixed: bool,
    levels: Option<Levels>,
    economic: Option<i64>,
    inputs: &Inputs,
) -> (Option<Told<i64>>, Option<i64>) {
    if inputs.has_two_bins {
        // A bin that is empty has to order something.
        let computed = levels.map(|levels| computed(levels.one_of_two_bins().max(1)));
        return (set.or(computed).or(Some(usual(1))), None);
    }
    if !is_fixed {
        return (set, None);
    }
    let Some(said) = set.or(economic.map(computed)) else {
        return (None, None);
    };
    let pack = inputs.pack.max(1);
    let missing = (pack - said.value % pack) % pack;
    let whole = Told {
        value: said.value.saturating_add(missing),
        ..said
    };
    (Some(whole), (missing > 0).then_some(said.value))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LEVELS: [Level; 6] = [
        Level::Place,
        Level::Room,
        Level::Floor,
        Level::Building,
        Level::Facility,
        Level::Everywhere,
    ];

    fn rule(id: i64, level: Level, is_for_item: bool, fields: RuleFields) -> Rule {
        Rule {
            rule_id: RuleId(id),
            level,
            is_for_item,
            fields,
        }
    }

    fn inputs() -> Inputs {
        Inputs {
            demand: Demand {
                per_day: 9.3,
                deviation: 3.0,
            },
            lead: Some((3.0, 0.5)),
            round_days: Some(2.0),
            pack: 50,
            has_two_bins: false,
            cost_of_order: None,
            cost_to_hold: None,
        }
    }

    fn points(point: i64) -> RuleFields {
        RuleFields {
            reorder_point: Some(point),
            ..RuleFields::default()
        }
    }

    #[test]
    fn what_nobody_sets_is_computed_and_without_use_nothing_is_invented() {
        let none = in_force(&Inherited::default(), &inputs());
        // The example of the rules, with the usual seven days of an order.
        assert_eq!(none.reorder_point, computed(61));
        assert_eq!(none.par, computed(126));
        assert_eq!(none.fixed_quantity, None);
        let unused = Inputs {
            demand: Demand {
                per_day: 0.0,
                deviation: 0.0,
            },
            ..inputs()
        };
        let none = in_force(&Inherited::default(), &unused);
        assert_eq!((none.reorder_point, none.par), (usual(0), usual(0)));
        assert_eq!(none.levels, None);
        let bins = Inputs {
            has_two_bins: true,
            ..unused
        };
        let none = in_force(&Inherited::default(), &bins);
        assert_eq!(none.fixed_quantity, Some(usual(1)));
    }

    #[test]
    fn a_point_by_hand_wins_and_the_target_is_never_below_it() {
        let set = inherit(&[rule(1, Level::Facility, false, points(200))]);
        let found = in_force(&set, &inputs());
        assert_eq!(found.reorder_point.value, 200);
        assert_eq!((found.par.value, found.par_raised_from), (200, Some(126)));
        assert_eq!(found.par.origin, Origin::Computed);
    }

    #[test]
    fn two_bins_hold_what_is_needed_until_the_other_is_full_again() {
        let bins = Inputs {
            has_two_bins: true,
            ..inputs()
        };
        let found = in_force(&Inherited::default(), &bins);
        assert_eq!(found.fixed_quantity, Some(computed(61)));
        let fields = RuleFields {
            fixed_quantity: Some(60),
            ..RuleFields::default()
        };
        let set = inherit(&[rule(1, Level::Place, true, fields)]);
        // A bin need not hold whole packs.
        assert_eq!(in_force(&set, &bins).fixed_quantity.unwrap().value, 60);
    }

    #[test]
    fn r4_a_fixed_quantity_is_whole_packs_and_comes_from_costs_when_nobody_says_it() {
        let fields = |fixed_quantity| RuleFields {
            method: Some(StockMethod::Fixed),
            fixed_quantity,
            ..RuleFields::default()
        };
        let of = |fixed_quantity| inherit(&[rule(1, Level::Place, true, fields(fixed_quantity))]);
        let found = in_force(&of(Some(120)), &inputs());
        assert_eq!(found.fixed_quantity.unwrap().value, 150);
        assert_eq!(found.fixed_raised_from, Some(120));
        let lacking = in_force(&of(None), &inputs());
        assert!(lacking.lacks_quantity);
        assert_eq!(lacking.method.value, StockMethod::ToPar);
        let costs = Inputs {
            cost_of_order: Some(10.0),
            cost_to_hold: Some(0.5),
            ..inputs()
        };
        // sqrt(2 x 3394.5 x 10 / 0.5) = 368.5
        let found = in_force(&of(None), &costs);
        assert_eq!(found.economic, Some(369));
        assert_eq!(found.fixed_quantity, Some(computed(400)));
        assert_eq!(found.method.value, StockMethod::Fixed);
    }

    fn fields() -> impl Strategy<Value = RuleFields> {
        (
            proptest::option::of(prop_oneof![
                Just(StockMethod::ToPar),
                Just(StockMethod::Fixed)
            ]),
            proptest::option::of(0_i64..500),
            proptest::option::of(0_i64..500),
            proptest::option::of(0_i64..500),
            proptest::option::of(1_i64..500),
            proptest::option::of(prop_oneof![Just(Rounding::Up), Just(Rounding::Down)]),
            proptest::option::of(prop_oneof![Just(90.0_f32), Just(99.0)]),
            proptest::option::of(0.0_f32..30.0),
        )
            .prop_map(
                |(
                    method,
                    reorder_point,
                    par,
                    maximum,
                    fixed_quantity,
                    rounding,
                    service_percent,
                    order_days,
                )| RuleFields {
                    method,
                    reorder_point,
                    par,
                    maximum,
                    fixed_quantity,
                    rounding,
                    service_percent,
                    order_days,
                },
            )
    }

    /// At most one rule a level and kind, as the database has it, in any order.
    fn rules() -> impl Strategy<Value = Vec<Rule>> {
        proptest::collection::vec(proptest::option::of(fields()), 12).prop_flat_map(|given| {
            let rules: Vec<Rule> = given
                .into_iter()
                .enumerate()
                .filter_map(|(at, fields)| {
                    let id = i64::try_from(at).unwrap() + 1;
                    Some(rule(id, LEVELS[at / 2], at % 2 == 0, fields?))
                })
                .collect();
            Just(rules).prop_shuffle()
        })
    }

    /// The distance of a rule, counted the plain way.
    fn distance(rule: &Rule) -> usize {
        let level = LEVELS
            .iter()
            .position(|level| *level == rule.level)
            .unwrap();
        level * 2 + usize::from(!rule.is_for_item)
    }

    fn check<T: PartialEq + Copy + std::fmt::Debug>(
        rules: &[Rule],
        found: Option<Told<T>>,
        of: impl Fn(&RuleFields) -> Option<T>,
    ) -> Result<(), TestCaseError> {
        let nearest = rules
            .iter()
            .filter(|rule| of(&rule.fields).is_some())
            .min_by_key(|rule| distance(rule));
        match (found, nearest) {
            (None, None) => {}
            (Some(told), Some(rule)) => {
                let Origin::Rule {
                    rule_id,
                    level,
                    is_for_item,
                } = told.origin
                else {
                    return Err(TestCaseError::fail("no rule is named"));
                };
                prop_assert_eq!(rule_id, rule.rule_id);
                prop_assert_eq!((level, is_for_item), (rule.level, rule.is_for_item));
                prop_assert_eq!(Some(told.value), of(&rule.fields));
            }
            other => prop_assert!(false, "{:?}", other),
        }
        Ok(())
    }

    proptest! {
        #[test]
        fn the_nearest_rule_that_sets_a_field_wins_and_is_the_one_that_is_named(rules in rules()) {
            let found = inherit(&rules);
            check(&rules, found.method, |fields| fields.method)?;
            check(&rules, found.reorder_point, |fields| fields.reorder_point)?;
            check(&rules, found.par, |fields| fields.par)?;
            check(&rules, found.maximum, |fields| fields.maximum)?;
            check(&rules, found.fixed_quantity, |fields| fields.fixed_quantity)?;
            check(&rules, found.rounding, |fields| fields.rounding)?;
            check(&rules, found.service_percent, |fields| fields.service_percent)?;
            check(&rules, found.order_days, |fields| fields.order_days)?;
        }

        #[test]
        fn a_rule_above_never_changes_what_a_nearer_one_sets(rules in rules(), at in 0_usize..12, more in fields()) {
            let before = inherit(&rules);
            let (level, is_for_item) = (LEVELS[at / 2], at % 2 == 0);
            let same = |rule: &Rule| rule.level == level && rule.is_for_item == is_for_item;
            let mut changed: Vec<Rule> = rules.iter().copied().filter(|rule| !same(rule)).collect();
            let added = rule(99, level, is_for_item, more);
            changed.push(added);
            let after = inherit(&changed);
            let nearer = |told: Told<i64>| {
                rules.iter().any(|rule| told.origin == Origin::Rule { rule_id: rule.rule_id, level: rule.level, is_for_item: rule.is_for_item }
                    && distance(rule) < distance(&added))
            };
            for (before, after) in [
                (before.reorder_point, after.reorder_point),
                (before.par, after.par),
                (before.maximum, after.maximum),
                (before.fixed_quantity, after.fixed_quantity),
            ] {
                if before.is_some_and(nearer) {
                    prop_assert_eq!(before, after);
                }
            }
        }

        #[test]
        fn what_is_in_force_can_always_be_kept(
            rules in rules(),
            per_day in 0.0_f64..50.0,
            pack in 1_i64..100,
            has_two_bins in any::<bool>(),
            cost_of_order in proptest::option::of(0.1_f64..100.0),
        ) {
            let inputs = Inputs {
                demand: Demand { per_day, deviation: per_day / 2.0 },
                pack,
                has_two_bins,
                cost_of_order,
                cost_to_hold: Some(0.2),
                ..inputs()
            };
            let found = in_force(&inherit(&rules), &inputs);
            prop_assert!(found.reorder_point.value >= 0);
            prop_assert!(found.par.value >= found.reorder_point.value);
            prop_assert!(found.method.value != StockMethod::Fixed || found.fixed_quantity.is_some());
            prop_assert!(!has_two_bins || found.fixed_quantity.is_some());
            if let Some(fixed) = found.fixed_quantity {
                prop_assert!(fixed.value >= 1);
                if found.method.value == StockMethod::Fixed && !has_two_bins {
                    prop_assert_eq!(fixed.value % pack, 0);
                }
            }
            // By hand wins over what is computed.
            let set = inherit(&rules);
            if let Some(point) = set.reorder_point {
                prop_assert_eq!(found.reorder_point, point);
            }
        }
    }
}
