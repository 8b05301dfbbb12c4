//! What people type into a rule of restocking: read, and held against the rules above it. Pure.

use super::inherit::{Inherited, RuleFields, SERVICES};
use crate::db::types::{Rounding, StockMethod};

/// The greatest quantity of a rule.
pub const QUANTITY_MAX: i64 = 1_000_000;
/// The longest time that one order should last, in days.
pub const ORDER_DAYS_MAX: f32 = 365.0;

/// A field of the form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RuleField {
    /// How the quantity is found.
    Method,
    /// Reorder point.
    Point,
    /// Target.
    Par,
    /// Hard maximum.
    Maximum,
    /// Fixed quantity, or one of two bins.
    Fixed,
    /// To whole packs.
    Rounding,
    /// Service.
    Service,
    /// Days one order should last.
    OrderDays,
}

/// What is wrong with a rule.
#[derive(Clone, Debug, PartialEq)]
pub enum RuleFault {
    /// Not a whole number from `least` to [`QUANTITY_MAX`].
    Number {
        /// Where.
        field: RuleField,
        /// What was typed.
        value: String,
        /// The least that fits.
        least: i64,
    },
    /// Not a number of days from 0 to [`ORDER_DAYS_MAX`].
    Days(String),
    /// None of the choices.
    Choice {
        /// Where.
        field: RuleField,
        /// What was sent.
        value: String,
    },
    /// The target is below the reorder point: target and point.
    ParBelowPoint(i64, i64),
    /// The reorder point is above the target of a rule above: point and target.
    PointAbovePar(i64, i64),
    /// The maximum is below what the place is filled up to: both.
    MaximumBelow(i64, i64),
    /// The target or reorder point is above the maximum of a rule above: field, number, maximum.
    AboveMaximum(RuleField, i64, i64),
    /// The fixed quantity is no whole number of packs: quantity and base units of a pack (R4).
    NotPacks(i64, i64),
    /// A fixed quantity is asked for, and nobody and nothing gives it.
    NoFixed,
}

impl RuleFault {
    /// Where it is to be put right.
    #[must_use]
    pub fn field(&self) -> RuleField {
        match self {
            Self::Number { field, .. }
            | Self::Choice { field, .. }
            | Self::AboveMaximum(field, ..) => *field,
            Self::Days(_) => RuleField::OrderDays,
            Self::ParBelowPoint(..) => RuleField::Par,
            Self::PointAbovePar(..) => RuleField::Point,
            Self::MaximumBelow(..) => RuleField::Maximum,
            Self::NotPacks(..) | Self::NoFixed => RuleField::Fixed,
        }
    }
}

/// A rule as it was typed; an empty text: inherited.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RuleTexts {
    /// See [`RuleFields::method`].
    pub method: String,
    /// See [`RuleFields::reorder_point`].
    pub reorder_point: String,
    /// See [`RuleFields::par`].
    pub par: String,
    /// See [`RuleFields::maximum`].
    pub maximum: String,
    /// See [`RuleFields::fixed_quantity`].
    pub fixed_quantity: String,
    /// See [`RuleFields::rounding`].
    pub rounding: String,
    /// See [`RuleFields::service_percent`].
    pub service_percent: String,
    /// See [`RuleFields::order_days`].
    pub order_days: String,
}

impl RuleTexts {
    /// The texts of a rule that is there.
    #[must_use]
    pub fn of(fields: &RuleFields) -> Self {
        let number = |value: Option<i64>| value.map(|n| n.to_string()).unwrap_or_default();
        let real = |value: Option<f32>| value.map(|n| n.to_string()).unwrap_or_default();
        let word = |value: Option<&str>| value.unwrap_or_default().to_owned();
        Self {
            method: word(fields.method.map(StockMethod::as_str)),
            reorder_point: number(fields.reorder_point),
            par: number(fields.par),
            maximum: number(fields.maximum),
            fixed_quantity: number(fields.fixed_quantity),
            rounding: word(fields.rounding.map(Rounding::as_str)),
            service_percent: real(fields.service_percent),
            order_days: real(fields.order_days),
        }
    }

    /// Tells one state of a rule from any other; nothing for a rule that is not there.
    #[must_use]
    pub fn fingerprint(fields: Option<&RuleFields>) -> String {
        fields.map_or_else(String::new, |fields| {
            let texts = Self::of(fields);
            [
                texts.method,
                texts.reorder_point,
                texts.par,
                texts.maximum,
                texts.fixed_quantity,
                texts.rounding,
                texts.service_percent,
                texts.order_days,
            ]
            .join(",")
        })
    }

    /// Reads them, each by itself.
    ///
    /// # Errors
    /// Every text that cannot be read.
    pub fn parse(&self) -> Result<RuleFields, Vec<RuleFault>> {
        let mut faults = Vec::new();
        let fields = RuleFields {
            method: choice(
                RuleField::Method,
                &self.method,
                StockMethod::from_text,
                &mut faults,
            ),
            reorder_point: whole(RuleField::Point, &self.reorder_point, 0, &mut faults),
            par: whole(RuleField::Par, &self.par, 0, &mut faults),
            maximum: whole(RuleField::Maximum, &self.maximum, 0, &mut faults),
            fixed_quantity: whole(RuleField::Fixed, &self.fixed_quantity, 1, &mut faults),
            rounding: choice(
                RuleField::Rounding,
                &self.rounding,
                Rounding::from_text,
                &mut faults,
            ),
            service_percent: choice(
                RuleField::Service,
                &self.service_percent,
                service,
                &mut faults,
            ),
            order_days: days(&self.order_days, &mut faults),
        };
        if faults.is_empty() {
            Ok(fields)
        } else {
            Err(faults)
        }
    }
}

fn short(text: &str) -> String {
    text.chars().take(40).collect()
}

fn whole(field: RuleField, text: &str, least: i64, faults: &mut Vec<RuleFault>) -> Option<i64> {
    let text = text.trim();
    if text.is_empty() {
        return None;
    }
    let number = text.parse().ok();
    let fit = number.filter(|number| (least..=QUANTITY_MAX).contains(number));
    if fit.is_none() {
        let value = short(text);
        faults.push(RuleFault::Number {
            field,
            value,
            least,
        });
    }
    fit
}

fn days(text: &str, faults: &mut Vec<RuleFault>) -> Option<f32> {
    let text = text.trim();
    if text.is_empty() {
        return None;
    }
    let number: Option<f32> = text.parse().ok();
    let fit = number.filter(|days| (0.0..=ORDER_DAYS_MAX).contains(days));
    if fit.is_none() {
        faults.push(RuleFault::Days(short(text)));
    }
    fit
}

fn service(text: &str) -> Option<f32> {
    let asked: f32 = text.parse().ok()?;
    let is_it = |known: &f32| (known - asked).abs() < 0.001;
    SERVICES.iter().map(|(known, _)| *known).find(is_it)
}

fn choice<T>(
    field: RuleField,
    text: &str,
    read: impl Fn(&str) -> Option<T>,
    faults: &mut Vec<RuleFault>,
) -> Option<T> {
    let text = text.trim();
    if text.is_empty() {
        return None;
    }
    let found = read(text);
    if found.is_none() {
        let value = short(text);
        faults.push(RuleFault::Choice { field, value });
    }
    found
}

/// What is known of where a rule holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ground {
    /// Base units of the pack in which its item is ordered; `None`: it is for all items.
    pub pack: Option<i64>,
    /// For one item at one place: whether that is two-bin kanban; `None`: it is for more than that.
    pub has_two_bins: Option<bool>,
    /// For one item at one place: the size of order with the least cost.
    pub economic: Option<i64>,
}

/// Holds a rule against what the rules above it set. What only rules above say is not its fault.
#[must_use]
pub fn check(own: &RuleFields, above: &Inherited, ground: &Ground) -> Vec<RuleFault> {
    let mut faults = Vec::new();
    let point = own
        .reorder_point
        .or(above.reorder_point.map(|told| told.value));
    let par = own.par.or(above.par.map(|told| told.value));
    let maximum = own.maximum.or(above.maximum.map(|told| told.value));
    match (point.zip(par), own.par, own.reorder_point) {
        (Some((point, par)), _, _) if par >= point => {}
        (Some((point, _)), Some(own), _) => faults.push(RuleFault::ParBelowPoint(own, point)),
        (Some((_, par)), None, Some(own)) => faults.push(RuleFault::PointAbovePar(own, par)),
        (Some(_), None, None) | (None, _, _) => {}
    }
    if let Some(maximum) = maximum {
        let most = point.max(par);
        let above_it = |number: &i64| *number > maximum;
        match (own.maximum, most.filter(above_it)) {
            (Some(own), Some(most)) => faults.push(RuleFault::MaximumBelow(own, most)),
            (None, Some(_)) => {
                let par = own.par.filter(above_it);
                let point = own.reorder_point.filter(above_it);
                let fault = par
                    .map(|par| RuleFault::AboveMaximum(RuleField::Par, par, maximum))
                    .or(point
                        .map(|point| RuleFault::AboveMaximum(RuleField::Point, point, maximum)));
                faults.extend(fault);
            }
            (_, None) => {}
        }
    }
    let method = own.method.or(above.method.map(|told| told.value));
    let is_fixed = method == Some(StockMethod::Fixed);
    let has_two_bins = ground.has_two_bins == Some(true);
    let fixed = own
        .fixed_quantity
        .or(above.fixed_quantity.map(|told| told.value));
    if let Some((quantity, pack)) = own.fixed_quantity.zip(ground.pack)
        && !has_two_bins
        && (is_fixed || ground.has_two_bins.is_some())
        && quantity % pack.max(1) != 0
    {
        faults.push(RuleFault::NotPacks(quantity, pack));
    }
    let is_one = ground.has_two_bins == Some(false);
    if own.method == Some(StockMethod::Fixed)
        && is_one
        && fixed.is_none()
        && ground.economic.is_none()
    {
        faults.push(RuleFault::NoFixed);
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::super::inherit::{Origin, Told};
    use super::*;

    fn texts(point: &str, par: &str, maximum: &str, fixed: &str) -> RuleTexts {
        RuleTexts {
            reorder_point: point.to_owned(),
            par: par.to_owned(),
            maximum: maximum.to_owned(),
            fixed_quantity: fixed.to_owned(),
            ..RuleTexts::default()
        }
    }

    #[test]
    fn what_is_no_quantity_is_named() {
        for text in [
            "-1",
            "1.5",
            "1000000000000",
            "1e3",
            "x",
            "9223372036854775808",
        ] {
            let faults = texts(text, "", "", "").parse().unwrap_err();
            assert_eq!(faults.len(), 1, "{text}");
            assert_eq!(faults[0].field(), RuleField::Point, "{text}");
        }
        assert_eq!(
            texts("0", "", "", "0").parse().unwrap_err()[0].field(),
            RuleField::Fixed
        );
        let odd = RuleTexts {
            method: "most".to_owned(),
            service_percent: "96".to_owned(),
            order_days: "NaN".to_owned(),
            ..RuleTexts::default()
        };
        assert_eq!(odd.parse().unwrap_err().len(), 3);
        assert!(RuleTexts::default().parse().unwrap().is_empty());
    }

    #[test]
    fn a_rule_is_read_back_as_it_was_written() {
        let fields = RuleFields {
            method: Some(StockMethod::Fixed),
            reorder_point: Some(60),
            par: Some(120),
            maximum: Some(400),
            fixed_quantity: Some(50),
            rounding: Some(Rounding::Nearest),
            service_percent: Some(98.0),
            order_days: Some(3.5),
        };
        assert_eq!(RuleTexts::of(&fields).parse(), Ok(fields));
        assert_eq!(
            RuleTexts::fingerprint(Some(&fields)),
            "fixed,60,120,400,50,nearest,98,3.5"
        );
        assert_eq!(RuleTexts::fingerprint(None), "");
    }

    #[test]
    fn numbers_that_contradict_each_other_or_a_rule_above_are_refused() {
        let told = |value| {
            Some(Told {
                value,
                origin: Origin::Usual,
            })
        };
        let above = Inherited {
            par: told(100),
            maximum: told(300),
            ..Inherited::default()
        };
        let one = Ground {
            pack: Some(50),
            has_two_bins: Some(false),
            economic: None,
        };
        let check = |point: &str, par: &str, maximum: &str, fixed: &str| {
            let fields = texts(point, par, maximum, fixed).parse().unwrap();
            super::check(&fields, &above, &one)
        };
        assert_eq!(
            check("60", "50", "", ""),
            [RuleFault::ParBelowPoint(50, 60)]
        );
        assert_eq!(
            check("150", "", "", ""),
            [RuleFault::PointAbovePar(150, 100)]
        );
        assert_eq!(
            check("60", "120", "110", ""),
            [RuleFault::MaximumBelow(110, 120)]
        );
        assert_eq!(
            check("60", "400", "", ""),
            [RuleFault::AboveMaximum(RuleField::Par, 400, 300)]
        );
        assert_eq!(check("", "", "", "120"), [RuleFault::NotPacks(120, 50)]);
        assert_eq!(check("60", "120", "120", "150"), []);
        let fixed = RuleFields {
            method: Some(StockMethod::Fixed),
            ..RuleFields::default()
        };
        assert_eq!(super::check(&fixed, &above, &one), [RuleFault::NoFixed]);
        let costs = Ground {
            economic: Some(80),
            ..one
        };
        assert_eq!(super::check(&fixed, &above, &costs), []);
        let bins = Ground {
            has_two_bins: Some(true),
            ..one
        };
        let fields = texts("", "", "", "120").parse().unwrap();
        assert_eq!(
            super::check(&fields, &above, &bins),
            [],
            "a bin need not hold whole packs"
        );
        // What only the rules above say is not the fault of this one.
        let odd = Inherited {
            reorder_point: told(200),
            ..above
        };
        assert_eq!(super::check(&RuleFields::default(), &odd, &one), []);
    }
}
