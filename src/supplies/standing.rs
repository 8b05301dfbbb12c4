//! What follows from how an item stands at a place: alerts, and the one suggestion. Pure.

use super::rules::{OrderRule, suggest};

/// One of two bins that are filled in turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TwoBins {
    /// How many of the two are empty.
    pub empty: i64,
    /// What one bin holds.
    pub quantity: i64,
}

impl TwoBins {
    /// How many bins are empty and not ordered for. An order counts in whole bins, to the nearest, because packs need not divide into them:
    /// one empty bin is one order for one bin.
    #[must_use]
    pub fn missing(&self, on_order: i64) -> i64 {
        let quantity = self.quantity.max(1);
        let ordered = on_order.max(0).saturating_add(quantity / 2) / quantity;
        self.empty.saturating_sub(ordered).max(0)
    }
}

/// How an item stands at a place that should hold it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// On hand less what is expired, recalled, quarantined or damaged.
    pub available: i64,
    /// Approved or sent, and not here yet.
    pub on_order: i64,
    /// At or below it, order.
    pub reorder_point: i64,
    /// How much.
    pub rule: OrderRule,
    /// Two-bin kanban; then the position does not matter.
    pub two_bins: Option<TwoBins>,
    /// What is suggested now.
    pub suggested: Option<i64>,
    /// Somebody said no, and the day until which that holds is not over.
    pub is_quiet: bool,
    /// The cabinet that counts it is not heard (R24).
    pub is_silent: bool,
}

/// What to do about the suggestion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Draft {
    /// Leave it: none, or the one that is there.
    Keep,
    /// Suggest this quantity.
    Open(i64),
    /// The suggestion that is there becomes this quantity.
    Change(i64),
    /// It is no longer needed.
    Withdraw,
}

/// What follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Nothing is available; `None`: nobody can tell, because the cabinet is silent (R24).
    pub is_out: Option<bool>,
    /// At or below the reorder point, or a bin is empty that nobody has ordered for.
    pub is_low: bool,
    /// Both of two bins are empty.
    pub both_empty: bool,
    /// The suggestion.
    pub draft: Draft,
}

impl Standing {
    /// What reorder logic looks at (R5).
    #[must_use]
    pub fn position(&self) -> i64 {
        self.available.saturating_add(self.on_order)
    }

    /// The quantity to order now; `None`: nothing.
    #[must_use]
    pub fn wanted(&self) -> Option<i64> {
        match self.two_bins {
            None => suggest(self.position(), self.reorder_point, self.rule),
            Some(bins) => {
                let missing = bins.missing(self.on_order);
                (missing > 0).then(|| missing.saturating_mul(bins.quantity))
            }
        }
    }

    /// Whether the position, or an empty bin, asks for an order.
    #[must_use]
    pub fn is_low(&self) -> bool {
        match self.two_bins {
            None => self.position() <= self.reorder_point,
            Some(_) => self.wanted().is_some(),
        }
    }

    /// Decides (R5, R6, R19, R24).
    #[must_use]
    pub fn decide(&self) -> Verdict {
        let wanted = self.wanted().filter(|_| !self.is_quiet);
        let draft = match (self.suggested, wanted) {
            (None, Some(quantity)) => Draft::Open(quantity),
            (Some(now), Some(quantity)) if now != quantity => Draft::Change(quantity),
            (Some(_), None) => Draft::Withdraw,
            (None, None) | (Some(_), Some(_)) => Draft::Keep,
        };
        // What a silent cabinet last told is not enough to draft on, nor to take a draft back.
        let draft = if self.is_silent { Draft::Keep } else { draft };
        Verdict {
            is_out: (!self.is_silent).then_some(self.available <= 0),
            is_low: self.is_low(),
            both_empty: self.two_bins.is_some_and(|bins| bins.empty >= 2),
            draft,
        }
    }
}

/// What a bin holds of a lot, for choosing what to issue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Portion<L, B> {
    /// The lot.
    pub lot: L,
    /// The bin.
    pub bin: B,
    /// How much.
    pub on_hand: i64,
}

/// Takes a quantity from portions that stand in the order in which they should leave (FEFO: earliest expiry, oldest receipt, smallest
/// remainder). Returns how much of each, and how much was more than there is.
#[must_use]
pub fn allocate<L: Copy, B: Copy>(
    portions: &[Portion<L, B>],
    quantity: i64,
) -> (Vec<Portion<L, B>>, i64) {
    let (mut taken, mut left) = (Vec::new(), quantity);
    for portion in portions {
        let on_hand = portion.on_hand.min(left);
        if on_hand > 0 {
            taken.push(Portion {
                on_hand,
                ..*portion
            });
            left -= on_hand;
        }
    }
    (taken, left)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::db::types::Rounding;

    fn standing(available: i64, on_order: i64) -> Standing {
        Standing {
            available,
            on_order,
            reorder_point: 60,
            rule: OrderRule::ToPar {
                par: 120,
                pack: 50,
                rounding: Rounding::Up,
                maximum: None,
            },
            two_bins: None,
            suggested: None,
            is_quiet: false,
            is_silent: false,
        }
    }

    #[test]
    fn r5_what_is_on_order_counts() {
        assert_eq!(standing(38, 0).decide().draft, Draft::Open(100));
        assert_eq!(standing(38, 22).decide().draft, Draft::Open(100));
        let enough = standing(38, 23).decide();
        assert_eq!((enough.draft, enough.is_low), (Draft::Keep, false));
        assert_eq!(standing(0, 200).decide().is_out, Some(true));
    }

    #[test]
    fn r19_the_one_suggestion_follows_the_position() {
        let has = |available, suggested| Standing {
            suggested: Some(suggested),
            ..standing(available, 0)
        };
        assert_eq!(has(38, 100).decide().draft, Draft::Keep);
        assert_eq!(has(10, 100).decide().draft, Draft::Change(150));
        assert_eq!(has(61, 100).decide().draft, Draft::Withdraw);
    }

    #[test]
    fn who_said_no_is_not_asked_again() {
        let quiet = Standing {
            is_quiet: true,
            ..standing(38, 0)
        };
        assert_eq!(quiet.decide().draft, Draft::Keep);
        assert!(quiet.decide().is_low);
    }

    #[test]
    fn r24_silence_of_a_cabinet_says_nothing() {
        let silent = Standing {
            is_silent: true,
            ..standing(0, 0)
        };
        let verdict = silent.decide();
        assert_eq!((verdict.is_out, verdict.draft), (None, Draft::Keep));
    }

    #[test]
    fn an_empty_bin_orders_one_bin_once() {
        let bins = |empty, on_order, suggested| Standing {
            two_bins: Some(TwoBins {
                empty,
                quantity: 40,
            }),
            suggested,
            ..standing(500, on_order)
        };
        assert_eq!(bins(0, 0, None).decide().draft, Draft::Keep);
        assert_eq!(bins(1, 0, None).decide().draft, Draft::Open(40));
        assert_eq!(bins(1, 0, Some(40)).decide().draft, Draft::Keep);
        assert_eq!(bins(1, 40, None).decide().draft, Draft::Keep);
        let both = bins(2, 0, Some(40)).decide();
        assert_eq!((both.draft, both.both_empty), (Draft::Change(80), true));
        assert_eq!(bins(2, 40, None).decide().draft, Draft::Open(40));
        // A pack of 50 for a bin of 40, or 30 that somebody thought enough: one bin is on its way. 10 of a bin are none.
        assert_eq!(bins(1, 50, None).decide().draft, Draft::Keep);
        assert_eq!(bins(1, 30, None).decide().draft, Draft::Keep);
        assert_eq!(bins(1, 10, None).decide().draft, Draft::Open(40));
        assert_eq!(bins(0, 0, Some(40)).decide().draft, Draft::Withdraw);
    }

    proptest! {
        #[test]
        fn carrying_out_a_verdict_settles_it(
            available in -50_i64..300,
            on_order in 0_i64..300,
            suggested in proptest::option::of(1_i64..500),
            is_quiet: bool,
            is_silent: bool,
        ) {
            let before = Standing { suggested, is_quiet, is_silent, ..standing(available, on_order) };
            let suggested = match before.decide().draft {
                Draft::Keep => suggested,
                Draft::Open(quantity) | Draft::Change(quantity) => Some(quantity),
                Draft::Withdraw => None,
            };
            let after = Standing { suggested, ..before };
            prop_assert_eq!(after.decide().draft, Draft::Keep);
        }

        #[test]
        fn what_is_allocated_is_there_and_comes_first(on_hand in proptest::collection::vec(-5_i64..20, 0..8), quantity in 1_i64..100) {
            let portions: Vec<_> = on_hand.iter().enumerate().map(|(lot, on_hand)| Portion { lot, bin: (), on_hand: *on_hand }).collect();
            let (taken, left) = allocate(&portions, quantity);
            prop_assert_eq!(taken.iter().map(|portion| portion.on_hand).sum::<i64>() + left, quantity);
            for portion in &taken {
                prop_assert!(portion.on_hand > 0 && portion.on_hand <= on_hand[portion.lot]);
            }
            // Only the last one that was taken from may have anything left.
            for portion in taken.iter().rev().skip(1) {
                prop_assert_eq!(portion.on_hand, on_hand[portion.lot]);
            }
            if left > 0 {
                prop_assert_eq!(taken.len(), on_hand.iter().filter(|n| **n > 0).count());
            }
        }
    }
}
