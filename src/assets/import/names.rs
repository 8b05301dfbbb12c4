//! The nearest known name to one that is not known. Pure.

use std::collections::HashMap;

/// Most different unknown names that are looked up: the help is for a few typing mistakes, not for a file of another hospital.
const LOOKED_UP_MAX: usize = 300;

/// Names to choose from, with what was found before.
pub(super) struct Nearest<'a> {
    names: Vec<&'a str>,
    found: HashMap<String, Option<&'a str>>,
}

impl<'a> Nearest<'a> {
    pub(super) fn new(names: impl IntoIterator<Item = &'a str>) -> Self {
        Self {
            names: names.into_iter().collect(),
            found: HashMap::new(),
        }
    }

    /// The nearest name, when one is near enough to be meant.
    pub(super) fn find(&mut self, text: &str) -> Option<String> {
        let key = text.to_lowercase();
        if let Some(found) = self.found.get(&key) {
            return found.map(str::to_owned);
        }
        if self.found.len() >= LOOKED_UP_MAX {
            return None;
        }
        let length = key.chars().count();
        let most = (length / 3).clamp(1, 6);
        let nearest = self
            .names
            .iter()
            .map(|name| (distance(&key, &name.to_lowercase(), most), *name))
            .filter(|(distance, _)| *distance <= most)
            .min()
            .map(|(_, name)| name);
        self.found.insert(key, nearest);
        nearest.map(str::to_owned)
    }
}

/// How many letters have to be changed, left out or added; more than `most` when it is too many to matter.
fn distance(one: &str, other: &str, most: usize) -> usize {
    let other: Vec<char> = other.chars().collect();
    if one.chars().count().abs_diff(other.len()) > most {
        return most + 1;
    }
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (number, letter) in one.chars().enumerate() {
        let mut next = vec![number + 1];
        for ((before, above), wanted) in row.iter().zip(row.iter().skip(1)).zip(&other) {
            let same = before + usize::from(letter != *wanted);
            let left = next.last().copied().unwrap_or(0) + 1;
            next.push(same.min(above + 1).min(left));
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typing_mistake_finds_the_name_and_another_word_does_not() {
        let mut nearest = Nearest::new(["Infusion pump", "Syringe pump", "3 West", "4 West"]);
        assert_eq!(
            nearest.find("infusion pmup").as_deref(),
            Some("Infusion pump")
        );
        assert_eq!(
            nearest.find("Syringe-pump").as_deref(),
            Some("Syringe pump")
        );
        assert_eq!(nearest.find("3 Wets").as_deref(), Some("3 West"));
        assert_eq!(nearest.find("Wheelchair"), None);
        assert_eq!(distance("kitten", "sitting", 6), 3);
        assert_eq!(distance("", "ab", 6), 2);
    }
}
