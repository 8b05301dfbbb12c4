//! How alike two words are, for typing mistakes. Pure.

/// In which way a typed word stands for a word of the vocabulary.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stands {
    /// It is that word, up to its plural.
    Whole,
    /// It is the beginning of that word.
    Beginning,
    /// It is that word with a mistake.
    Mistyped,
}

/// A likeness from 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Likeness {
    /// 1 for the same word.
    pub share: f64,
    /// In which way.
    pub stands: Stands,
}

/// How alike a typed word is to a known one, both folded and without plural; `None` when they are different words.
#[must_use]
pub fn compare_words(typed: &[char], known: &[char]) -> Option<Likeness> {
    if typed == known {
        return Some(Likeness {
            share: 1.0,
            stands: Stands::Whole,
        });
    }
    if typed.is_empty() || known.is_empty() {
        return None;
    }
    if known.starts_with(typed) {
        return Some(Likeness {
            share: 0.6 + 0.35 * ratio(typed.len(), known.len()),
            stands: Stands::Beginning,
        });
    }
    // A digit more or less is another model, not a mistake.
    if typed.iter().chain(known).any(char::is_ascii_digit) {
        return None;
    }
    let longest = typed.len().max(known.len());
    let limit = edits_max(typed.len().min(known.len()));
    if let Some(edits) = edits_between(typed, known, limit) {
        let same_start = typed.first() == known.first();
        let share = 1.0 - ratio(edits, longest) - if same_start { 0.0 } else { 0.04 };
        if share >= 0.55 && (longest > 3 || same_start) {
            return Some(Likeness {
                share,
                stands: Stands::Mistyped,
            });
        }
    }
    // The beginning of a longer word, with one mistake.
    let beginning = known.get(..typed.len())?;
    if typed.len() >= 5 && edits_between(typed, beginning, 1).is_some() {
        return Some(Likeness {
            share: 0.4 + 0.35 * ratio(typed.len(), known.len()),
            stands: Stands::Mistyped,
        });
    }
    None
}

/// How many mistakes a word of this length may hold.
#[must_use]
pub fn edits_max(chars: usize) -> usize {
    match chars {
        0..=2 => 0,
        3 | 4 => 1,
        5..=8 => 2,
        _ => 3,
    }
}

/// The fewest letters to add, drop, replace or swap with their neighbour that make one text from the other; `None` when that is
/// more than `limit`.
///
/// ```
/// use wardtrack::find::query::likeness::edits_between;
/// let chars = |text: &str| text.chars().collect::<Vec<_>>();
/// assert_eq!(edits_between(&chars("pmup"), &chars("pump"), 2), Some(1));
/// assert_eq!(edits_between(&chars("pmup"), &chars("bed"), 2), None);
/// ```
#[must_use]
pub fn edits_between(one: &[char], other: &[char], limit: usize) -> Option<usize> {
    if one.len().abs_diff(other.len()) > limit {
        return None;
    }
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=other.len()).collect();
    let mut former = None;
    for (row, c) in one.iter().enumerate() {
        let mut line = Vec::with_capacity(above.len());
        line.push(row + 1);
        let mut left_char = None;
        for (column, d) in other.iter().enumerate() {
            let at =
                |line: &[usize], index: usize| line.get(index).copied().unwrap_or(usize::MAX - 1);
            let mut best = (at(&above, column) + usize::from(c != d))
                .min(at(&above, column + 1) + 1)
                .min(at(&line, column) + 1);
            if column > 0 && former == Some(d) && left_char == Some(c) {
                best = best.min(at(&before, column - 1) + 1);
            }
            line.push(best);
            left_char = Some(d);
        }
        if line.iter().min().is_some_and(|least| *least > limit + 1) {
            return None;
        }
        before = std::mem::replace(&mut above, line);
        former = Some(c);
    }
    above.last().copied().filter(|edits| *edits <= limit)
}

/// The share of three-letter pieces that two texts have in common.
#[must_use]
pub fn shared_pieces(one: &[char], other: &[char]) -> f64 {
    let (one, other) = (pieces(one), pieces(other));
    let common = one.iter().filter(|piece| other.contains(piece)).count();
    ratio(2 * common, one.len() + other.len())
}

fn pieces(text: &[char]) -> Vec<[char; 3]> {
    let padded: Vec<char> = [' ', ' ']
        .into_iter()
        .chain(text.iter().copied())
        .chain([' '])
        .collect();
    padded
        .windows(3)
        .filter_map(|window| window.try_into().ok())
        .collect()
}

/// A part of a whole, as a number.
#[must_use]
pub fn ratio(part: usize, whole: usize) -> f64 {
    let number = |n: usize| f64::from(u32::try_from(n).unwrap_or(u32::MAX));
    if whole == 0 {
        0.0
    } else {
        number(part) / number(whole)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn chars(text: &str) -> Vec<char> {
        text.chars().collect()
    }

    fn stands(typed: &str, known: &str) -> Option<Stands> {
        compare_words(&chars(typed), &chars(known)).map(|likeness| likeness.stands)
    }

    #[test]
    fn one_or_two_mistakes_are_forgiven_by_length() {
        for (typed, known, expected) in [
            ("pump", "pump", Some(Stands::Whole)),
            ("pu", "pump", Some(Stands::Beginning)),
            ("pmup", "pump", Some(Stands::Mistyped)),
            ("infuison", "infusion", Some(Stands::Mistyped)),
            ("infsoin", "infusion", Some(Stands::Mistyped)),
            ("bd", "bed", None),
            ("wov", "wow", Some(Stands::Mistyped)),
            ("cow", "wow", None),
            ("defbi", "defibrillator", Some(Stands::Mistyped)),
            ("mac2000", "mac2001", None),
            ("", "bed", None),
        ] {
            assert_eq!(stands(typed, known), expected, "{typed} {known}");
        }
    }

    proptest! {
        #[test]
        fn edits_are_the_same_both_ways(one in "[a-d]{0,8}", other in "[a-d]{0,8}") {
            let (one, other) = (chars(&one), chars(&other));
            prop_assert_eq!(edits_between(&one, &other, 8), edits_between(&other, &one, 8));
            prop_assert_eq!(edits_between(&one, &one, 0), Some(0));
            prop_assert_eq!(edits_between(&one, &other, 0).is_some(), one == other);
        }

        #[test]
        fn a_limit_hides_what_is_above_it_and_nothing_else(one in "[a-d]{0,8}", other in "[a-d]{0,8}", limit in 0_usize..9) {
            let (one, other) = (chars(&one), chars(&other));
            let all = edits_between(&one, &other, 9);
            prop_assert_eq!(edits_between(&one, &other, limit), all.filter(|edits| *edits <= limit));
        }

        #[test]
        fn likeness_lies_between_0_and_1(one in "\\PC{0,12}", other in "\\PC{0,12}") {
            let (one, other) = (chars(&one), chars(&other));
            if let Some(likeness) = compare_words(&one, &other) {
                prop_assert!((0.0..=1.0).contains(&likeness.share));
            }
            prop_assert!((0.0..=1.0).contains(&shared_pieces(&one, &other)));
        }
    }
}
