//! Places in a text: the whole of it, or beside the thing that is looked for. Pure.

use super::{FILLERS, Narrowed, Tier, WORDS_MAX};
use crate::find::filter::PlaceFilter;
use crate::find::query::fold::squash;
use crate::find::query::likeness::edits_between;
use crate::find::query::vocabulary::{PlaceWord, Vocabulary};

/// Most places in an answer.
const PLACES_MAX: usize = 5;
/// The shortest beginning of a place's name.
const PLACE_CHARS_MIN: usize = 3;
/// The shortest name in which a mistake is forgiven.
const GUESS_CHARS_MIN: usize = 5;

impl Vocabulary {
    /// Places named by the whole text, else those that begin with it.
    pub(super) fn find_places(&self, folded: &str) -> Vec<PlaceWord> {
        let key = squash(folded);
        let chars = key.chars().count();
        if let Some(named) = self.places.get(&key) {
            return named.iter().take(PLACES_MAX).cloned().collect();
        }
        // "3w 1" is on the way to "3W-12"; "pump" is on the way to nothing that a person would want to hear of.
        if chars < PLACE_CHARS_MIN || !key.chars().any(|c| c.is_ascii_digit()) {
            return Vec::new();
        }
        let begun = self
            .places
            .range(key.clone()..)
            .take_while(|(name, _)| name.starts_with(&key));
        let begun: Vec<PlaceWord> = begun
            .flat_map(|(_, places)| places)
            .take(PLACES_MAX)
            .cloned()
            .collect();
        begun
    }

    /// Units and floors whose name the text is with one mistake. Digits are never forgiven: another digit is another place. Rooms are
    /// left out: there are thousands, and their names differ by little.
    pub(super) fn guess_places(&self, folded: &str) -> Vec<PlaceWord> {
        let typed: Vec<char> = squash(folded).chars().collect();
        if typed.len() < GUESS_CHARS_MIN {
            return Vec::new();
        }
        let digits = |letters: &[char]| -> Vec<char> {
            letters
                .iter()
                .copied()
                .filter(char::is_ascii_digit)
                .collect()
        };
        let is_meant = |name: &str| {
            let name: Vec<char> = name.chars().collect();
            digits(&name) == digits(&typed) && edits_between(&typed, &name, 1).is_some()
        };
        let is_large = |place: &&PlaceWord| !matches!(place.place, PlaceFilter::Room(_));
        self.places
            .iter()
            .filter(|(_, places)| places.iter().any(|place| is_large(&place)))
            .filter(|(name, _)| is_meant(name))
            .flat_map(|(_, places)| places.iter().filter(is_large))
            .take(PLACES_MAX)
            .cloned()
            .collect()
    }

    /// "pump 4 west" is a pump in 4 West, and so is "4 west pump": the longest place that leaves something known.
    pub(super) fn split_place(&self, folded: &str, is_literal: bool) -> Option<Narrowed> {
        let words: Vec<&str> = folded.split(' ').take(WORDS_MAX).collect();
        let cuts = (1..words.len()).flat_map(|cut| {
            let (front, back) = words.split_at(cut);
            [(cut, front, back), (words.len() - cut, back, front)]
        });
        let mut best: Option<(usize, Narrowed)> = None;
        for (_, thing, place) in cuts {
            let named: Vec<&str> = place
                .iter()
                .copied()
                .filter(|word| !FILLERS.contains(word))
                .collect();
            let key = named.concat();
            let mut places = self.places.get(&key).cloned().unwrap_or_default();
            if places.is_empty() && !is_literal {
                places = self.guess_places(&key);
            }
            let [found] = places.as_slice() else {
                continue;
            };
            let left: Vec<&str> = thing
                .iter()
                .copied()
                .filter(|word| !FILLERS.contains(word))
                .collect();
            let text = left.join(" ");
            let is_known = self
                .rank(&text, is_literal)
                .first()
                .is_some_and(|hit| hit.tier < Tier::Guess || hit.fit >= 0.7);
            let is_make = || self.choose_models(&text).is_some();
            let is_longer = best
                .as_ref()
                .is_none_or(|(length, _)| named.len() > *length);
            if key.chars().count() >= 2 && is_longer && (is_known || is_make()) {
                let place = found.place;
                best = Some((named.len(), Narrowed { text, place }));
            }
        }
        best.map(|(_, narrowed)| narrowed)
    }
}
