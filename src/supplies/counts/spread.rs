//! What a count means: how far it is from the books, whether that is too far, and which lots are set right. Pure.

use crate::db::types::CountClass;

/// Percent of the books by which counts of other items than those of class a may be off.
const TOLERANCE_PERCENT: i64 = 5;

/// How a line ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// As the books say.
    Matched,
    /// There is more.
    Over,
    /// There is less.
    Short,
    /// Something that the books did not have there at all.
    Unexpected,
    /// Nobody counted it.
    NotCounted,
}

impl Outcome {
    /// From what was counted and what the books held at that moment.
    #[must_use]
    pub fn of(counted: Option<i64>, expected: i64) -> Self {
        match counted {
            None => Self::NotCounted,
            Some(counted) if counted == expected => Self::Matched,
            Some(counted) if counted < expected => Self::Short,
            Some(_) if expected == 0 => Self::Unexpected,
            Some(_) => Self::Over,
        }
    }
}

/// Whether a count is further from the books than the item's class allows: then another person counts again (R21).
#[must_use]
pub fn is_off(class: CountClass, counted: i64, expected: i64) -> bool {
    let allowed = match class {
        CountClass::A => 0,
        CountClass::B | CountClass::C => {
            expected.max(0) / 100 * TOLERANCE_PERCENT
                + expected.max(0) % 100 * TOLERANCE_PERCENT / 100
        }
    };
    counted.saturating_sub(expected).saturating_abs() > allowed
}

/// Changes of lots that make the books say what was counted; lots that stay as they are are not among them. `None` stands for pieces whose
/// lot nobody knows.
///
/// `books` are the lots of the bin in the order in which they leave. Pieces that were counted by their lot belong to it. Of the others
/// nobody knows the lot: they fill up what the books hold, the lot that leaves last first, because what is missing most likely left first.
/// What is more than the books hold goes to the lot that leaves last.
#[must_use]
pub fn spread<L: Copy + PartialEq>(
    books: &[(L, i64)],
    counted: &[(Option<L>, i64)],
) -> Vec<(Option<L>, i64)> {
    let sum_of = |lot: Option<L>| -> i64 {
        let of_lot = counted.iter().filter(|(known, _)| *known == lot);
        of_lot.map(|(_, quantity)| *quantity).sum()
    };
    let mut loose = sum_of(None);
    let mut wanted: Vec<(Option<L>, i64, i64)> = books
        .iter()
        .map(|(lot, held)| (Some(*lot), *held, sum_of(Some(*lot))))
        .collect();
    for (lot, _) in counted {
        if lot.is_some() && !wanted.iter().any(|(known, ..)| known == lot) {
            wanted.push((*lot, 0, sum_of(*lot)));
        }
    }
    for (_, held, found) in wanted.iter_mut().take(books.len()).rev() {
        let more = held.saturating_sub(*found).clamp(0, loose);
        *found += more;
        loose -= more;
    }
    match wanted.last_mut() {
        Some((_, _, found)) => *found += loose,
        None => wanted.push((None, 0, loose)),
    }
    wanted
        .into_iter()
        .map(|(lot, held, found)| (lot, found - held))
        .filter(|(_, change)| *change != 0)
        .collect()
}

/// The same changes in sum, but no lot is left below zero while another one holds pieces: what was issued since the count came, by the books, from
/// lots that the count found to be gone. `now` is what the bin holds of its lots before the changes, in the order in which they leave.
#[must_use]
pub fn without_deficits<L: Copy + PartialEq>(
    now: &[(L, i64)],
    changes: Vec<(Option<L>, i64)>,
) -> Vec<(Option<L>, i64)> {
    let mut lots: Vec<(Option<L>, i64, i64)> = now
        .iter()
        .map(|(lot, held)| (Some(*lot), *held, 0))
        .collect();
    for (lot, change) in changes {
        match lots.iter_mut().find(|(known, ..)| *known == lot) {
            Some((_, _, sum)) => *sum += change,
            None => lots.push((lot, 0, change)),
        }
    }
    let mut missing: i64 = lots.iter().map(|(_, held, sum)| (held + sum).min(0)).sum();
    // Only as much as others can give.
    let spare: i64 = lots.iter().map(|(_, held, sum)| (held + sum).max(0)).sum();
    missing = missing.max(-spare);
    let (mut to_fill, mut to_take) = (-missing, -missing);
    for (_, held, sum) in &mut lots {
        let after = *held + *sum;
        let step = if after < 0 {
            (-after).min(to_fill)
        } else {
            -after.min(to_take)
        };
        if after < 0 {
            to_fill -= step;
        } else {
            to_take += step;
        }
        *sum += step;
    }
    lots.into_iter()
        .filter(|(_, _, sum)| *sum != 0)
        .map(|(lot, _, sum)| (lot, sum))
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn outcomes_are_told_apart() {
        assert_eq!(Outcome::of(None, 5), Outcome::NotCounted);
        assert_eq!(Outcome::of(Some(5), 5), Outcome::Matched);
        assert_eq!(Outcome::of(Some(0), 5), Outcome::Short);
        assert_eq!(Outcome::of(Some(6), 5), Outcome::Over);
        assert_eq!(Outcome::of(Some(6), 0), Outcome::Unexpected);
        assert_eq!(Outcome::of(Some(0), -3), Outcome::Over);
    }

    #[test]
    fn r21_class_a_is_exact_and_others_within_a_twentieth() {
        assert!(is_off(CountClass::A, 99, 100));
        assert!(!is_off(CountClass::A, 100, 100));
        assert!(!is_off(CountClass::B, 95, 100));
        assert!(is_off(CountClass::C, 94, 100));
        assert!(!is_off(CountClass::C, 105, 100));
        assert!(is_off(CountClass::C, 106, 100));
        assert!(is_off(CountClass::C, 18, 19));
        assert!(is_off(CountClass::C, 0, -1));
    }

    #[test]
    fn what_is_missing_left_first() {
        let books = [(1, 10), (2, 20)];
        assert_eq!(spread(&books, &[(None, 30)]), []);
        assert_eq!(spread(&books, &[(None, 26)]), [(Some(1), -4)]);
        assert_eq!(
            spread(&books, &[(None, 5)]),
            [(Some(1), -10), (Some(2), -15)]
        );
        assert_eq!(spread(&books, &[(None, 33)]), [(Some(2), 3)]);
        assert_eq!(
            spread(&books, &[(Some(1), 10), (None, 18)]),
            [(Some(2), -2)]
        );
        assert_eq!(
            spread(&books, &[(Some(3), 30)]),
            [(Some(1), -10), (Some(2), -20), (Some(3), 30)]
        );
        assert_eq!(spread::<i32>(&[], &[(None, 4)]), [(None, 4)]);
        assert_eq!(spread::<i32>(&[], &[(None, 0)]), []);
        assert_eq!(
            spread(&[(1, -3), (2, 10)], &[(None, 7)]),
            [(Some(1), 3), (Some(2), -3)]
        );
    }

    #[test]
    fn what_was_issued_since_comes_from_lots_that_are_there() {
        // Counted 690 of 60 and 717; seven were issued since, by the books of the first lot.
        let changes = spread(&[(1, 60), (2, 717)], &[(None, 690)]);
        assert_eq!(changes, [(Some(1), -60), (Some(2), -27)]);
        assert_eq!(
            without_deficits(&[(1, 53), (2, 717)], changes),
            [(Some(1), -53), (Some(2), -34)]
        );
        // Where nothing else is there, it stays below zero: that is to be counted.
        assert_eq!(
            without_deficits(&[(1, 3)], vec![(Some(1), -5)]),
            [(Some(1), -5)]
        );
    }

    proptest! {
        #[test]
        fn deficits_are_filled_and_the_sum_stays(
            held in proptest::collection::vec(-20_i64..50, 1..6),
            changed in proptest::collection::vec((0_usize..8, -40_i64..40), 0..6),
        ) {
            let now: Vec<(usize, i64)> = held.into_iter().enumerate().collect();
            let changes: Vec<(Option<usize>, i64)> = changed.into_iter().map(|(lot, change)| (Some(lot), change)).collect();
            let total: i64 = changes.iter().map(|(_, change)| change).sum();
            let after = without_deficits(&now, changes);
            prop_assert_eq!(after.iter().map(|(_, change)| change).sum::<i64>(), total);
            let levels: Vec<i64> = (0..8)
                .map(|lot| {
                    let held = now.iter().find(|(known, _)| *known == lot).map_or(0, |(_, held)| *held);
                    held + after.iter().filter(|(known, _)| *known == Some(lot)).map(|(_, change)| change).sum::<i64>()
                })
                .collect();
            let (below, above) = (levels.iter().any(|level| *level < 0), levels.iter().any(|level| *level > 0));
            prop_assert!(!(below && above), "{levels:?}");
        }

        #[test]
        fn the_books_say_what_was_counted_and_no_lot_is_below_zero(
            held in proptest::collection::vec(-20_i64..50, 0..6),
            counted in proptest::collection::vec((proptest::option::of(0_usize..8), 0_i64..60), 0..8),
        ) {
            let books: Vec<(usize, i64)> = held.into_iter().enumerate().collect();
            let changes = spread(&books, &counted);
            let total: i64 = counted.iter().map(|(_, quantity)| quantity).sum();
            let before: i64 = books.iter().map(|(_, held)| held).sum();
            prop_assert_eq!(changes.iter().map(|(_, change)| change).sum::<i64>(), total - before);
            let mut seen = Vec::new();
            for (lot, change) in &changes {
                prop_assert!(*change != 0);
                prop_assert!(!seen.contains(lot));
                seen.push(*lot);
            }
            let after = |lot: usize| {
                let held = books.iter().find(|(known, _)| *known == lot).map_or(0, |(_, held)| *held);
                let change = changes.iter().find(|(known, _)| *known == Some(lot)).map_or(0, |(_, change)| *change);
                held + change
            };
            for lot in 0..8 {
                let scanned: i64 = counted.iter().filter(|(known, _)| *known == Some(lot)).map(|(_, quantity)| quantity).sum();
                prop_assert!(after(lot) >= scanned, "lot {} holds {} of {} scanned", lot, after(lot), scanned);
            }
            if total == before && books.iter().all(|(_, held)| *held >= 0) && counted.iter().all(|(lot, _)| lot.is_none()) {
                prop_assert!(changes.is_empty());
            }
        }
    }
}
