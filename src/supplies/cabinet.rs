//! What full inventories of a cabinet and cards at a board mean. Pure.
//!
//! A cabinet tells all that is in it after its door was closed. What is new was put in; what is gone was taken once three inventories
//! in a row do not have it, because a label that vanishes and returns within the next two was only not read (R25).

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};

use crate::ids::TagId;

/// With this many inventories in a row without it, a piece was taken (R25).
pub const MISSES_OF_A_TAKE: i16 = 3;
/// A card that was away from the board for this long and is read there again was put up anew.
pub const CARD_AWAY_FOR: TimeDelta = TimeDelta::minutes(5);

/// How an inventory follows on those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Follows {
    /// It is newer; so many before it never came.
    Newer {
        /// Numbers that were left out. None where the cabinet began to count anew.
        missed: i64,
    },
    /// It is the last one again, or older: what it says is over (R15, R16).
    Over,
}

/// How an inventory with this number, taken at this time, follows on the last one that was applied. Time decides; a newer one with a lower
/// number is of a cabinet that began to count anew.
#[must_use]
pub fn follows(last: Option<(i64, DateTime<Utc>)>, seq: i64, taken_at: DateTime<Utc>) -> Follows {
    let Some((last_seq, last_at)) = last else {
        return Follows::Newer { missed: 0 };
    };
    if taken_at <= last_at || seq == last_seq {
        return Follows::Over;
    }
    let missed = seq.saturating_sub(last_seq).saturating_sub(1).max(0);
    Follows::Newer { missed }
}

/// A piece that the books have in the cabinet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    /// Its label.
    pub tag_id: TagId,
    /// Inventories in a row without it.
    pub misses: i16,
    /// The first of them.
    pub missed_since: Option<DateTime<Utc>>,
}

/// What an inventory changes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Compared {
    /// Labels that the books do not have here: put in.
    pub put: Vec<TagId>,
    /// Pieces that three inventories did not have, with the time of the first of these: taken then.
    pub taken: Vec<(TagId, DateTime<Utc>)>,
    /// Pieces that are not seen and may have been taken.
    pub missed: Vec<Held>,
    /// Pieces that were not seen before and are here: read misses (R25).
    pub back: Vec<TagId>,
}

/// Compares a full inventory with the books.
#[must_use]
pub fn compare(held: &[Held], present: &BTreeSet<TagId>, taken_at: DateTime<Utc>) -> Compared {
    let mut compared = Compared::default();
    for piece in held {
        let is_present = present.contains(&piece.tag_id);
        let misses = piece.misses.saturating_add(1);
        let since = piece.missed_since.unwrap_or(taken_at);
        match (is_present, misses >= MISSES_OF_A_TAKE) {
            (true, _) if piece.misses > 0 => compared.back.push(piece.tag_id),
            (true, _) => {}
            (false, true) => compared.taken.push((piece.tag_id, since)),
            (false, false) => compared.missed.push(Held {
                misses,
                missed_since: Some(since),
                ..*piece
            }),
        }
    }
    let known: BTreeSet<TagId> = held.iter().map(|piece| piece.tag_id).collect();
    compared.put = present.difference(&known).copied().collect();
    compared
}

/// Whether a card that is read at the board was just put up there: its bin is empty then. A card that goes on hanging there says nothing
/// new, nor does one whose bin was filled after this.
#[must_use]
pub fn is_put_up(
    board_seen_at: Option<DateTime<Utc>>,
    filled_at: Option<DateTime<Utc>>,
    seen_at: DateTime<Utc>,
) -> bool {
    let was_away = board_seen_at.is_none_or(|before| seen_at - before >= CARD_AWAY_FOR);
    was_away && filled_at.is_none_or(|filled_at| seen_at > filled_at)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_767_225_600 + second, 0).unwrap()
    }

    fn tags(of: &[i64]) -> BTreeSet<TagId> {
        of.iter().map(|id| TagId(*id)).collect()
    }

    /// The books after an inventory.
    fn apply(held: &mut Vec<Held>, compared: &Compared) {
        held.retain(|piece| !compared.taken.iter().any(|(tag, _)| *tag == piece.tag_id));
        for piece in held.iter_mut() {
            if compared.back.contains(&piece.tag_id) {
                (piece.misses, piece.missed_since) = (0, None);
            }
            if let Some(missed) = compared.missed.iter().find(|m| m.tag_id == piece.tag_id) {
                *piece = *missed;
            }
        }
        held.extend(compared.put.iter().map(|tag_id| Held {
            tag_id: *tag_id,
            misses: 0,
            missed_since: None,
        }));
    }

    /// Takes and puts that a row of inventories makes.
    fn run(inventories: &[&[i64]]) -> (Vec<(i64, i64)>, Vec<i64>) {
        let (mut held, mut taken, mut put) = (Vec::new(), Vec::new(), Vec::new());
        for (minute, present) in (0_i64..).zip(inventories) {
            let compared = compare(&held, &tags(present), at(minute * 60));
            taken.extend(
                compared
                    .taken
                    .iter()
                    .map(|(tag, since)| (tag.0, (*since - at(0)).num_minutes())),
            );
            put.extend(compared.put.iter().map(|tag| tag.0));
            apply(&mut held, &compared);
        }
        (taken, put)
    }

    #[test]
    fn r25_a_label_that_returns_within_two_inventories_was_not_read_and_not_taken() {
        assert_eq!(
            run(&[&[1, 2], &[1], &[1, 2], &[1, 2]]),
            (vec![], vec![1, 2])
        );
        assert_eq!(run(&[&[1, 2], &[1], &[1], &[1, 2]]), (vec![], vec![1, 2]));
        assert_eq!(
            run(&[&[1, 2], &[1], &[1], &[1]]),
            (vec![(2, 1)], vec![1, 2]),
            "the third without it: taken when it was first gone"
        );
        assert_eq!(
            run(&[&[1, 2], &[1], &[1], &[1], &[1, 2]]),
            (vec![(2, 1)], vec![1, 2, 2]),
            "after that it was put in again"
        );
    }

    #[test]
    fn r16_the_same_inventory_again_or_an_older_one_is_over() {
        let last = Some((17, at(100)));
        assert_eq!(follows(None, 5, at(0)), Follows::Newer { missed: 0 });
        assert_eq!(follows(last, 18, at(160)), Follows::Newer { missed: 0 });
        assert_eq!(follows(last, 21, at(160)), Follows::Newer { missed: 3 });
        assert_eq!(follows(last, 17, at(160)), Follows::Over, "repeated");
        assert_eq!(follows(last, 16, at(90)), Follows::Over, "came late");
        assert_eq!(follows(last, 18, at(100)), Follows::Over, "not newer");
        assert_eq!(
            follows(last, 1, at(160)),
            Follows::Newer { missed: 0 },
            "the cabinet was started again"
        );
    }

    #[test]
    fn a_card_tells_an_empty_bin_once_however_long_it_hangs_there() {
        assert!(is_put_up(None, None, at(0)));
        assert!(!is_put_up(Some(at(0)), None, at(30)));
        assert!(!is_put_up(Some(at(30)), None, at(10)), "an older read");
        assert!(is_put_up(Some(at(0)), None, at(300)));
        assert!(!is_put_up(None, Some(at(50)), at(20)), "filled since");
        assert!(
            !is_put_up(Some(at(60)), Some(at(50)), at(90)),
            "it still hangs there after the refill"
        );
    }

    proptest! {
        #[test]
        fn what_is_put_and_not_taken_is_what_the_books_hold(
            rows in prop::collection::vec(prop::collection::btree_set(1_i64..12, 0..8), 1..20),
        ) {
            let (mut held, mut balance) = (Vec::<Held>::new(), std::collections::BTreeMap::<TagId, i64>::new());
            for (minute, row) in (0_i64..).zip(&rows) {
                let present: BTreeSet<TagId> = row.iter().map(|id| TagId(*id)).collect();
                let compared = compare(&held, &present, at(minute));
                for tag in &compared.put { *balance.entry(*tag).or_default() += 1; }
                for (tag, _) in &compared.taken { *balance.entry(*tag).or_default() -= 1; }
                apply(&mut held, &compared);
                let books: BTreeSet<TagId> = held.iter().map(|piece| piece.tag_id).collect();
                prop_assert!(present.is_subset(&books), "what is seen is held");
                let counted: BTreeSet<TagId> = balance.iter().filter(|(_, n)| **n == 1).map(|(tag, _)| *tag).collect();
                prop_assert!(balance.values().all(|n| (0..=1).contains(n)));
                prop_assert_eq!(books, counted);
                for piece in &held {
                    prop_assert!(piece.misses < MISSES_OF_A_TAKE);
                    prop_assert_eq!(piece.misses > 0, piece.missed_since.is_some());
                }
            }
        }
    }
}
