//! What people do to words and numbers when they type them: each seed one search, the same every time.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::catalogue::CatalogueAsset;

/// Phrases with fewer letters are typed right: one letter more or less would make another word of them.
const LETTERS_MIN: usize = 5;
/// Phrases with fewer letters get one mistake at most.
const LETTERS_FOR_TWO: usize = 8;

/// One person at one keyboard.
pub(super) struct Spoiling(ChaCha8Rng);

impl Spoiling {
    pub(super) fn new(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    /// Whether this search is for a number: three of twenty are.
    pub(super) fn is_code(&mut self) -> bool {
        self.0.random_ratio(3, 20)
    }

    /// A number below `limit`, which is more than 0.
    pub(super) fn below(&mut self, limit: usize) -> usize {
        self.0.random_range(0..limit.max(1))
    }

    /// Part of a number as people type it.
    pub(super) fn part_of(&mut self, asset: &CatalogueAsset) -> String {
        let tail = |text: &str, chars: usize| {
            text.chars()
                .rev()
                .take(chars)
                .collect::<Vec<_>>()
                .into_iter()
                .rev()
                .collect::<String>()
        };
        let head = |text: &str, chars: usize| text.chars().take(chars).collect::<String>();
        match self.below(6) {
            0 => tail(&asset.number, 6),
            1 => tail(&asset.number, 5),
            2 => asset.number.to_lowercase().replace('-', ""),
            3 => asset.number.replace('-', " "),
            4 => tail(&asset.serial, 7),
            _ => head(&asset.serial.to_lowercase(), 8),
        }
    }
}

/// A phrase as somebody types it: three of ten right, the others with one or two mistakes, words swapped or put together.
pub(super) fn spoil(phrase: &str, spoiling: &mut Spoiling) -> String {
    let letters = phrase.chars().filter(|c| c.is_alphabetic()).count();
    let has_words = phrase.contains(' ');
    match spoiling.below(20) {
        0..=5 => phrase.to_owned(),
        6..=11 if letters >= LETTERS_MIN => mistype(phrase, spoiling),
        12..=14 if letters >= LETTERS_FOR_TWO => mistype(&mistype(phrase, spoiling), spoiling),
        15 | 16 if has_words => phrase.split(' ').rev().collect::<Vec<_>>().join(" "),
        17 if has_words => phrase.replacen(' ', "", 1),
        18 if has_words => phrase.replacen(' ', "-", 1),
        18 | 19 => format!("{phrase}s"),
        _ => phrase.to_uppercase(),
    }
}

/// One mistake: two letters swapped, one left out, doubled, or replaced by its neighbour on the keyboard.
fn mistype(phrase: &str, spoiling: &mut Spoiling) -> String {
    let mut letters: Vec<char> = phrase.chars().collect();
    let places: Vec<usize> = letters
        .iter()
        .enumerate()
        .filter(|(_, c)| c.is_alphabetic())
        .map(|(at, _)| at)
        .collect();
    let Some(at) = places.get(spoiling.below(places.len())).copied() else {
        return phrase.to_owned();
    };
    match spoiling.below(4) {
        0 if at + 1 < letters.len() => letters.swap(at, at + 1),
        1 => {
            letters.remove(at);
        }
        2 => {
            let same = letters.get(at).copied().unwrap_or('e');
            letters.insert(at, same);
        }
        _ => {
            if let Some(letter) = letters.get_mut(at) {
                *letter = neighbour(*letter);
            }
        }
    }
    letters.into_iter().collect()
}

/// The key to the right, else to the left.
fn neighbour(letter: char) -> char {
    let rows = ["qwertyuiop", "asdfghjkl", "zxcvbnm"];
    for row in rows {
        if let Some(at) = row.find(letter) {
            let right = row.chars().nth(at + 1);
            return right
                .or(row.chars().nth(at.saturating_sub(1)))
                .unwrap_or(letter);
        }
    }
    'e'
}
