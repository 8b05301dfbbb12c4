//! How much to hold and how much to order. Pure; quantities are whole base units ("each"), times are days.
//!
//! ```
//! use wardtrack::db::types::Rounding;
//! use wardtrack::supplies::rules::{Demand, Levels, OrderRule, Supply, suggest};
//!
//! let demand = Demand { per_day: 9.3, deviation: 3.0 };
//! let supply = Supply { lead_days: 3.0, lead_deviation: 0.5, round_days: 2.0, service_factor: 1.65, order_days: 4.0 };
//! let levels = Levels::compute(demand, supply);
//! assert_eq!((levels.safety_stock, levels.reorder_point, levels.par), (14, 61, 98));
//!
//! let rule = OrderRule::ToPar { par: 120, pack: 50, rounding: Rounding::Up, maximum: None };
//! assert_eq!(suggest(38, 60, rule), Some(100)); // 120 - 38 = 82, in packs of 50
//! assert_eq!(suggest(61, 60, rule), None);
//! ```

use crate::db::types::Rounding;

/// How much is used, without write-offs, adjustments and transfers out, and without days at zero.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Demand {
    /// Mean of a day.
    pub per_day: f64,
    /// Standard deviation of a day.
    pub deviation: f64,
}

/// How an item comes to its place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Supply {
    /// From order to delivery, mean.
    pub lead_days: f64,
    /// Standard deviation of that.
    pub lead_deviation: f64,
    /// Between two rounds; 0 when orders leave at any time.
    pub round_days: f64,
    /// 1.28 for 90 %, 1.65 for 95 %, 2.05 for 98 %, 2.33 for 99 %.
    pub service_factor: f64,
    /// How long one order should last.
    pub order_days: f64,
}

/// The levels that follow from use and supply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Levels {
    /// Against days with more use and late deliveries.
    pub safety_stock: i64,
    /// At or below it, order (R6).
    pub reorder_point: i64,
    /// What the place should hold right after restocking; never below the reorder point.
    pub par: i64,
}

impl Levels {
    /// `SS = z sqrt((L+R) s_d² + d² s_L²)`, `ROP = ceil(d (L+R) + SS)`, `par = ceil(d (L+R) + SS + d C)`, with SS rounded up first, as
    /// people see it. Inputs that are no numbers or below zero count as zero.
    #[must_use]
    pub fn compute(demand: Demand, supply: Supply) -> Self {
        let [
            per_day,
            deviation,
            lead,
            lead_deviation,
            round,
            service,
            order,
        ] = [
            demand.per_day,
            demand.deviation,
            supply.lead_days,
            supply.lead_deviation,
            supply.round_days,
            supply.service_factor,
            supply.order_days,
        ]
        .map(|number| number.max(0.0));
        let exposed = lead + round;
        let spread = exposed * deviation.powi(2) + (per_day * lead_deviation).powi(2);
        let safety_stock = whole_up(service * spread.sqrt());
        let safety = number(safety_stock);
        let expected = per_day * exposed;
        Self {
            safety_stock,
            reorder_point: whole_up(expected + safety),
            par: whole_up(expected + safety + per_day * order),
        }
    }

    /// One of two bins: it lasts until the other is full again.
    #[must_use]
    pub fn one_of_two_bins(self) -> i64 {
        self.reorder_point
    }
}

/// How an order's quantity is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrderRule {
    /// Up to the target.
    ToPar {
        /// Target.
        par: i64,
        /// Base units of one pack, 1 or more (R4).
        pack: i64,
        /// To whole packs.
        rounding: Rounding,
        /// Position and order together never go above it.
        maximum: Option<i64>,
    },
    /// Multiples of a fixed quantity, the smallest that brings the position above the reorder point.
    Fixed {
        /// Fixed quantity, 1 or more.
        quantity: i64,
    },
}

/// The quantity to suggest when the position is at or below the reorder point (R5, R6); `None` when it is above, when not one pack
/// fits below the maximum, or when a pack or fixed quantity below 1 makes no order possible.
#[must_use]
pub fn suggest(position: i64, reorder_point: i64, rule: OrderRule) -> Option<i64> {
    if position > reorder_point {
        return None;
    }
    let (packs, pack) = match rule {
        OrderRule::ToPar { pack, .. } if pack < 1 => return None,
        OrderRule::ToPar {
            par,
            pack,
            rounding,
            maximum,
        } => {
            let wanted = par.saturating_sub(position).max(0);
            let (whole, rest) = (wanted / pack, wanted % pack);
            let is_up = match rounding {
                Rounding::Up => rest > 0,
                Rounding::Down => false,
                Rounding::Nearest => rest >= pack - rest,
            };
            let packs = (whole + i64::from(is_up)).max(1);
            let fit = maximum.map_or(i64::MAX, |most| most.saturating_sub(position) / pack);
            (packs.min(fit), pack)
        }
        OrderRule::Fixed { quantity } if quantity < 1 => return None,
        OrderRule::Fixed { quantity } => {
            let missing = reorder_point.saturating_sub(position);
            (missing / quantity + 1, quantity)
        }
    };
    (packs > 0).then(|| packs.saturating_mul(pack))
}

/// The order size with the least cost, `sqrt(2 D K / h)`, in whole units; `None` when use or a cost is not above zero.
#[must_use]
pub fn economic_quantity(per_year: f64, cost_of_order: f64, cost_to_hold: f64) -> Option<i64> {
    let is_told = [per_year, cost_of_order, cost_to_hold]
        .iter()
        .all(|number| number.is_finite() && *number > 0.0);
    is_told.then(|| whole_up((2.0 * per_year * cost_of_order / cost_to_hold).sqrt()))
}

/// How long what is there lasts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Cover {
    /// Nothing is used, so nobody can tell.
    Unknown,
    /// Days, up to 99.
    Days(f64),
    /// More than 99 days.
    MoreThan99,
}

/// Days of cover: available by mean use of a day.
#[must_use]
pub fn cover(available: i64, per_day: f64) -> Cover {
    if per_day.is_nan() || per_day <= 0.0 {
        return Cover::Unknown;
    }
    let days = number(available.max(0)) / per_day;
    if days > 99.0 {
        Cover::MoreThan99
    } else {
        Cover::Days(days)
    }
}

/// The next whole number up. What came from decimal fractions, which are kept with seven digits, may be a hair above the whole number that
/// was meant, and is not raised.
#[expect(
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    reason = "a number too great for i64 becomes the greatest i64"
)]
fn whole_up(number: f64) -> i64 {
    (number - 2e-7 * number.max(1.0)).ceil() as i64
}

#[expect(
    clippy::as_conversions,
    clippy::cast_precision_loss,
    reason = "exact below 2^53, and days are shown in whole numbers"
)]
fn number(quantity: i64) -> f64 {
    quantity as f64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn to_par(par: i64, pack: i64, rounding: Rounding, maximum: Option<i64>) -> OrderRule {
        OrderRule::ToPar {
            par,
            pack,
            rounding,
            maximum,
        }
    }

    #[test]
    fn r6_an_order_is_suggested_at_the_point_not_only_below_it() {
        let rule = to_par(120, 50, Rounding::Up, None);
        assert_eq!(suggest(61, 60, rule), None);
        assert_eq!(suggest(60, 60, rule), Some(100));
        assert_eq!(suggest(0, 60, rule), Some(150));
        assert_eq!(suggest(-10, 60, rule), Some(150));
    }

    #[test]
    fn packs_are_rounded_as_said_and_never_above_the_maximum() {
        for (rounding, wanted) in [
            (Rounding::Up, 100),
            (Rounding::Down, 50),
            (Rounding::Nearest, 100),
        ] {
            assert_eq!(
                suggest(38, 60, to_par(120, 50, rounding, None)),
                Some(wanted)
            );
        }
        assert_eq!(
            suggest(5, 5, to_par(20, 50, Rounding::Down, None)),
            Some(50)
        );
        assert_eq!(
            suggest(10, 60, to_par(120, 50, Rounding::Up, Some(130))),
            Some(100)
        );
        assert_eq!(
            suggest(10, 60, to_par(120, 50, Rounding::Up, Some(59))),
            None
        );
        assert_eq!(suggest(10, 60, to_par(120, 0, Rounding::Up, None)), None);
    }

    #[test]
    fn a_fixed_quantity_comes_above_the_point() {
        let rule = OrderRule::Fixed { quantity: 25 };
        assert_eq!(suggest(60, 60, rule), Some(25));
        assert_eq!(suggest(35, 60, rule), Some(50));
        assert_eq!(suggest(34, 60, rule), Some(50));
        assert_eq!(suggest(61, 60, rule), None);
        assert_eq!(suggest(1, 60, OrderRule::Fixed { quantity: 0 }), None);
    }

    #[test]
    fn levels_of_steady_use_need_no_safety_stock() {
        let demand = Demand {
            per_day: 0.1,
            deviation: 0.0,
        };
        let supply = Supply {
            lead_days: 20.0,
            lead_deviation: 0.0,
            round_days: 10.0,
            service_factor: 2.33,
            order_days: 10.0,
        };
        let levels = Levels::compute(demand, supply);
        let wanted = Levels {
            safety_stock: 0,
            reorder_point: 3, // 0.1 x 30 is a hair above 3 in binary
            par: 4,
        };
        assert_eq!(levels, wanted);
    }

    #[test]
    fn cover_is_unknown_without_use_and_capped() {
        assert_eq!(cover(50, 0.0), Cover::Unknown);
        assert_eq!(cover(50, f64::NAN), Cover::Unknown);
        assert_eq!(cover(-3, 2.0), Cover::Days(0.0));
        assert_eq!(cover(38, 9.5), Cover::Days(4.0));
        assert_eq!(cover(1_000, 2.0), Cover::MoreThan99);
    }

    #[test]
    fn the_economic_quantity_needs_use_and_costs() {
        assert_eq!(economic_quantity(1_000.0, 10.0, 0.5), Some(200));
        assert_eq!(economic_quantity(0.0, 10.0, 0.5), None);
        assert_eq!(economic_quantity(1_000.0, f64::NAN, 0.5), None);
        assert_eq!(economic_quantity(1_000.0, 10.0, 0.0), None);
    }

    proptest! {
        #[test]
        fn r4_r6_orders_are_whole_packs_and_do_what_the_rule_says(
            position in -1_000_i64..5_000,
            reorder_point in 0_i64..3_000,
            above in 0_i64..3_000,
            pack in 1_i64..500,
            maximum in proptest::option::of(0_i64..8_000),
        ) {
            let par = reorder_point + above;
            let up = suggest(position, reorder_point, to_par(par, pack, Rounding::Up, maximum));
            prop_assert_eq!(up.is_some(), position <= reorder_point && maximum.is_none_or(|most| most - position >= pack));
            if let Some(quantity) = up {
                prop_assert_eq!(quantity % pack, 0);
                prop_assert!(quantity > 0);
                prop_assert!(maximum.is_none_or(|most| position + quantity <= most));
                prop_assert!(maximum.is_some() || position + quantity >= par);
                prop_assert!(quantity == pack || position + quantity - pack < par);
            }
            let fixed = suggest(position, reorder_point, OrderRule::Fixed { quantity: pack });
            if let Some(quantity) = fixed {
                prop_assert_eq!(quantity % pack, 0);
                prop_assert!(position + quantity > reorder_point);
                prop_assert!(position + quantity - pack <= reorder_point);
            }
        }

        #[test]
        fn levels_are_ordered_and_grow_with_what_they_guard_against(
            per_day in 0.0_f64..500.0,
            deviation in 0.0_f64..200.0,
            lead_days in 0.0_f64..60.0,
            more in 0.0_f64..20.0,
        ) {
            let supply = Supply { lead_days, lead_deviation: 1.0, round_days: 1.0, service_factor: 1.65, order_days: 7.0 };
            let levels = Levels::compute(Demand { per_day, deviation }, supply);
            prop_assert!(levels.safety_stock >= 0);
            prop_assert!(levels.safety_stock <= levels.reorder_point);
            prop_assert!(levels.reorder_point <= levels.par);
            let later = Levels::compute(Demand { per_day, deviation }, Supply { lead_days: lead_days + more, ..supply });
            prop_assert!(later.reorder_point >= levels.reorder_point);
            let wilder = Levels::compute(Demand { per_day, deviation: deviation + more }, supply);
            prop_assert!(wilder.safety_stock >= levels.safety_stock);
        }
    }
}
