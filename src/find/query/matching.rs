//! From text to types, models and places, the best first. Pure: the same text and words give the same answer.
//!
//! A text that is the name or a synonym of a type comes before words that begin names, and these before what has to be guessed:
//! mistakes, and texts of which only some words are known. `docs/adr/0008-search-over-a-small-vocabulary.md` tells why.

mod places;

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashSet};

use super::SearchText;
use super::fold::{fold, squash, stem};
use super::likeness::{Likeness, Stands, compare_words, edits_between, ratio, shared_pieces};
use super::vocabulary::{ModelTerms, Origin, PlaceWord, Stem, Term, Vocabulary};
use crate::find::filter::PlaceFilter;
use crate::ids::{AssetTypeId, ModelId};

/// A guess that is less alike than this is none.
const GUESS_MIN: f64 = 0.46;
/// Beside something better, what is at least so much alike is offered.
const ALSO_MIN: f64 = 0.15;
/// A guess from letters alone, whatever the words, that is less alike than this is none.
const LETTERS_MIN: f64 = 0.62;
/// Words of a text that are looked at one by one.
const WORDS_MAX: usize = 12;
/// Up to so many words, neighbours are tried as one word too.
const JOINED_MAX: usize = 6;
/// Weight of a typed word that nothing is known about.
const UNKNOWN_WEIGHT: f64 = 2.2;
/// Weight of a typed word that says nothing.
const FILLER_WEIGHT: f64 = 0.05;
/// Words that people put around what they look for.
const FILLERS: [&str; 26] = [
    "a", "an", "and", "any", "at", "by", "can", "clean", "closest", "find", "for", "free", "from",
    "i", "in", "is", "my", "near", "nearest", "need", "of", "on", "please", "some", "the", "where",
];

/// How sure it is that a text means a type, the surest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tier {
    /// The text is its name or synonym.
    Exact,
    /// The same words in another order, number, or with other gaps.
    Same,
    /// Each word is a word of it or begins one.
    Words,
    /// Guessed.
    Guess,
}

/// A type that a text may mean.
#[derive(Clone, Debug, PartialEq)]
pub struct TypeHit {
    /// The type.
    pub asset_type_id: AssetTypeId,
    /// Its name.
    pub name: String,
    /// The name or synonym that matched.
    pub term: String,
    /// What that is.
    pub origin: Origin,
    /// How sure that is.
    pub tier: Tier,
    /// How well it fits, among those that are as sure.
    pub fit: f64,
}

/// What to list first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lead {
    /// So many of the types.
    Types(usize),
    /// These models.
    Models(Vec<ModelId>),
    /// Nothing is known by this text.
    Nothing,
}

/// A place, and a text without it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Narrowed {
    /// The text that is left.
    pub text: String,
    /// The place.
    pub place: PlaceFilter,
}

/// What a text means.
#[derive(Clone, Debug, PartialEq)]
pub struct Matched {
    /// Types, the best first.
    pub types: Vec<TypeHit>,
    /// What to list.
    pub lead: Lead,
    /// Places that have the text as their name, or begin with it.
    pub places: Vec<PlaceWord>,
    /// The text names a thing and a place.
    pub narrowed: Option<Narrowed>,
}

impl Matched {
    /// Whether the text names something without guessing.
    #[must_use]
    pub fn is_sure(&self) -> bool {
        match &self.lead {
            Lead::Types(_) => self.types.first().is_some_and(|hit| hit.tier < Tier::Guess),
            Lead::Models(_) => true,
            Lead::Nothing => false,
        }
    }

    /// The types that are listed, when types are.
    #[must_use]
    pub fn led(&self) -> &[TypeHit] {
        match self.lead {
            Lead::Types(count) => self.types.get(..count).unwrap_or(&self.types),
            _ => &[],
        }
    }
}

/// Matches text with all words. `is_literal`: nothing is guessed.
#[must_use]
pub fn match_text(text: &SearchText, words: &Vocabulary, is_literal: bool) -> Matched {
    let folded = fold(text.as_str());
    let types = words.rank(&folded, is_literal);
    let is_named = types.first().is_some_and(|hit| hit.tier <= Tier::Same);
    let is_sure = types.first().is_some_and(|hit| hit.tier < Tier::Guess);
    let mut places = words.find_places(&folded);
    if places.is_empty() && !is_sure && !is_literal {
        places = words.guess_places(&folded);
    }
    let narrowed = if is_named || !places.is_empty() {
        None
    } else {
        words.split_place(&folded, is_literal)
    };
    let lead = words.choose(&folded, &types);
    Matched {
        types: words.with_models(types, &lead),
        lead,
        places,
        narrowed,
    }
}

/// A typed word with what it may stand for.
struct Typed {
    weight: f64,
    is_filler: bool,
    likely: Vec<(usize, Likeness)>,
}

impl Vocabulary {
    /// Types by how well a folded text fits them.
    fn rank(&self, folded: &str, is_literal: bool) -> Vec<TypeHit> {
        if folded.is_empty() {
            return Vec::new();
        }
        let wanted = Wanted::new(folded);
        let variants: Vec<Vec<Typed>> = list_variants(folded)
            .iter()
            .map(|words| words.iter().map(|word| self.read(word)).collect())
            .collect();
        let mut best: BTreeMap<usize, (Tier, f64, &Term)> = BTreeMap::new();
        for term in &self.terms {
            let Some((tier, fit)) = self.score(term, &wanted, &variants) else {
                continue;
            };
            if tier == Tier::Guess && is_literal {
                continue;
            }
            let is_better = best
                .get(&term.of)
                .is_none_or(|(known_tier, known, known_term)| {
                    (tier, Reverse(Fit(fit)), term.origin)
                        < (*known_tier, Reverse(Fit(*known)), known_term.origin)
                });
            if is_better {
                best.insert(term.of, (tier, fit, term));
            }
        }
        let mut hits: Vec<TypeHit> = best
            .into_iter()
            .filter_map(|(of, (tier, fit, term))| {
                let entry = self.types.get(of)?;
                Some(TypeHit {
                    asset_type_id: entry.asset_type_id,
                    name: entry.name.clone(),
                    term: term.shown.clone(),
                    origin: term.origin,
                    tier,
                    fit,
                })
            })
            .collect();
        hits.sort_by(|one, other| {
            let key = |hit: &TypeHit| (hit.tier, Reverse(Fit(hit.fit)), hit.origin);
            key(one)
                .cmp(&key(other))
                .then_with(|| one.name.to_lowercase().cmp(&other.name.to_lowercase()))
                .then_with(|| one.asset_type_id.cmp(&other.asset_type_id))
        });
        let is_known = |hit: &TypeHit| hit.tier < Tier::Guess || hit.fit >= GUESS_MIN;
        if !hits.first().is_some_and(is_known) {
            hits.clear();
        }
        hits
    }

    fn read(&self, word: &str) -> Typed {
        let chars: Vec<char> = stem(word).chars().collect();
        let whole: Vec<char> = word.chars().collect();
        let likely: Vec<(usize, Likeness)> = self
            .stems
            .iter()
            .enumerate()
            .filter_map(|(at, known)| {
                let likeness = compare_words(&chars, &known.chars);
                let begun =
                    compare_words(&whole, &known.chars).filter(|l| l.stands == Stands::Beginning);
                Some((at, likeness.or(begun)?))
            })
            .collect();
        let is_filler = FILLERS.contains(&word);
        let best = likely
            .iter()
            .max_by_key(|(_, likeness)| Fit(likeness.share))
            .and_then(|(at, _)| self.stems.get(*at));
        let weight = match best {
            _ if is_filler => FILLER_WEIGHT,
            Some(known) => known.weight,
            None => UNKNOWN_WEIGHT,
        };
        Typed {
            weight,
            is_filler,
            likely,
        }
    }

    fn score(
        &self,
        term: &Term,
        wanted: &Wanted<'_>,
        variants: &[Vec<Typed>],
    ) -> Option<(Tier, f64)> {
        if term.folded == wanted.folded {
            return Some((Tier::Exact, 1.0));
        }
        if term.joined == wanted.joined
            || term.sorted == wanted.sorted
            || term.squashed == wanted.squashed
        {
            return Some((Tier::Same, 1.0));
        }
        let by_words = variants
            .iter()
            .filter_map(|typed| self.score_words(term, typed));
        let by_letters = wanted.score_letters(term).map(|fit| (Tier::Guess, fit));
        by_words
            .chain(by_letters)
            .min_by_key(|(tier, fit)| (*tier, Reverse(Fit(*fit))))
    }

    /// How many of the typed words are in the term, and how much of the term that is, each word by how much it says.
    fn score_words(&self, term: &Term, typed: &[Typed]) -> Option<(Tier, f64)> {
        let mut pairs: Vec<(usize, usize, Likeness)> = Vec::new();
        for (at, word) in typed.iter().enumerate() {
            for (place, stem) in term.stems.iter().enumerate() {
                if let Some((_, likeness)) = word.likely.iter().find(|(known, _)| known == stem) {
                    pairs.push((at, place, *likeness));
                }
            }
        }
        if pairs.is_empty() {
            return None;
        }
        pairs.sort_by_key(|(at, place, likeness)| (Reverse(Fit(likeness.share)), *at, *place));
        let (mut used, mut filled) = (HashSet::new(), HashSet::new());
        let (mut found, mut known, mut worst) = (0.0, 0.0, Stands::Whole);
        for (at, place, likeness) in pairs {
            if used.contains(&at) || filled.contains(&place) {
                continue;
            }
            used.insert(at);
            filled.insert(place);
            let weight = typed.get(at).map_or(0.0, |word| word.weight);
            found += weight * likeness.share;
            known += self.weight(term.stems.get(place)) * likeness.share;
            worst = worst.max(likeness.stands);
        }
        let asked: f64 = typed.iter().map(|word| word.weight).sum();
        let whole: f64 = term.stems.iter().map(|stem| self.weight(Some(stem))).sum();
        let fit = (found / asked.max(f64::EPSILON)) * (0.6 + 0.4 * known / whole.max(f64::EPSILON));
        let is_all = typed
            .iter()
            .enumerate()
            .all(|(at, word)| word.is_filler || used.contains(&at));
        let has_words = typed
            .iter()
            .enumerate()
            .any(|(at, word)| !word.is_filler && used.contains(&at));
        if is_all && has_words && worst < Stands::Mistyped {
            return Some((Tier::Words, fit));
        }
        (fit >= ALSO_MIN && has_words).then_some((Tier::Guess, fit))
    }

    fn weight(&self, stem: Option<&usize>) -> f64 {
        stem.and_then(|at| self.stems.get(*at))
            .map_or(0.0, |stem: &Stem| stem.weight)
    }

    /// What to list: the one type that is meant, or all that are meant equally; models when the text names a make.
    fn choose(&self, folded: &str, types: &[TypeHit]) -> Lead {
        let Some(first) = types.first() else {
            return self.choose_models(folded).unwrap_or(Lead::Nothing);
        };
        let is_own = first.origin < Origin::Brand;
        if first.tier <= Tier::Same && is_own {
            let is_equal = |hit: &&TypeHit| hit.tier == first.tier && hit.origin == first.origin;
            return Lead::Types(types.iter().take_while(is_equal).count());
        }
        let is_type_name =
            |hit: &TypeHit| hit.tier == Tier::Words && hit.origin == Origin::TypeName;
        if !types.iter().any(is_type_name)
            && let Some(models) = self.choose_models(folded)
        {
            return models;
        }
        let is_equal = |hit: &&TypeHit| match first.tier {
            Tier::Exact | Tier::Same => hit.tier == first.tier,
            Tier::Words if is_type_name(first) => {
                is_type_name(hit) && is_as_whole(folded, first, hit)
            }
            _ => hit.tier == first.tier && first.fit - hit.fit < 0.001,
        };
        Lead::Types(types.iter().take_while(is_equal).count().max(1))
    }

    /// Models that each typed word belongs to, by maker, name, synonym or type, and at least one not by type alone.
    fn choose_models(&self, folded: &str) -> Option<Lead> {
        let typed: Vec<&str> = folded
            .split(' ')
            .filter(|word| !word.is_empty() && !FILLERS.contains(word))
            .collect();
        if typed.is_empty() {
            return None;
        }
        let begins = |words: &[String], typed: &str| {
            words
                .iter()
                .any(|word| word.starts_with(typed) || stem(word) == stem(typed))
        };
        let is_named = |model: &&ModelTerms| {
            let mut is_own = false;
            typed.iter().all(|word| {
                let of_own = begins(&model.own, word);
                is_own |= of_own;
                of_own || begins(&model.of_type, word)
            }) && is_own
        };
        let mut models: Vec<ModelId> = self
            .models
            .iter()
            .filter(is_named)
            .map(|model| model.model_id)
            .collect();
        models.sort_unstable();
        (!models.is_empty()).then_some(Lead::Models(models))
    }

    /// Types with those of the models before the others, when models are listed.
    fn with_models(&self, types: Vec<TypeHit>, lead: &Lead) -> Vec<TypeHit> {
        let Lead::Models(models) = lead else {
            return types;
        };
        let of: HashSet<AssetTypeId> = self
            .models
            .iter()
            .filter(|model| models.contains(&model.model_id))
            .filter_map(|model| Some(self.types.get(model.of)?.asset_type_id))
            .collect();
        let (mut first, rest): (Vec<_>, Vec<_>) = types
            .into_iter()
            .partition(|hit| of.contains(&hit.asset_type_id));
        first.extend(rest);
        first
    }
}

/// Whether the text stands in both names in the same way: as whole words, or as beginnings.
fn is_as_whole(folded: &str, one: &TypeHit, other: &TypeHit) -> bool {
    let is_whole = |hit: &TypeHit| {
        let name = fold(&hit.name);
        let mut words = folded.split(' ').filter(|word| !FILLERS.contains(word));
        words.all(|typed| name.split(' ').any(|word| stem(word) == stem(typed)))
    };
    is_whole(one) == is_whole(other) || folded.chars().count() < 3
}

/// The text in the shapes that whole terms are compared with.
struct Wanted<'a> {
    folded: &'a str,
    squashed: Vec<char>,
    sorted: String,
    joined: String,
}

impl<'a> Wanted<'a> {
    fn new(folded: &'a str) -> Self {
        let stems: Vec<&str> = folded.split(' ').map(stem).collect();
        let mut sorted = stems.clone();
        sorted.sort_unstable();
        Self {
            folded,
            squashed: squash(folded).chars().collect(),
            sorted: sorted.join(" "),
            joined: stems.concat(),
        }
    }

    /// The text as letters only: gaps in other places, letters swapped over them.
    fn score_letters(&self, term: &Term) -> Option<f64> {
        let (one, other) = (&self.squashed, &term.squashed);
        let (short, long) = (one.len().min(other.len()), one.len().max(other.len()));
        let has_digit = one.iter().chain(other).any(char::is_ascii_digit);
        let limit = match short {
            0..=2 => return None,
            3 | 4 => 1,
            5..=9 => 2,
            _ => 3,
        };
        if has_digit && short < 5 {
            return None;
        }
        let fit = match edits_between(one, other, limit) {
            Some(_) if short == 3 && one.first() != other.first() => return None,
            Some(edits) => 1.0 - ratio(edits, long),
            None if short >= 6 => 0.95 * shared_pieces(one, other),
            None => return None,
        };
        (fit >= LETTERS_MIN).then_some(fit * 0.98)
    }
}

/// The words of a text; and when it has few, also with each pair of neighbours as one word.
fn list_variants(folded: &str) -> Vec<Vec<String>> {
    let words: Vec<String> = folded
        .split(' ')
        .take(WORDS_MAX)
        .map(str::to_owned)
        .collect();
    let mut variants = Vec::new();
    if words.len() <= JOINED_MAX {
        for cut in 1..words.len() {
            let (front, back) = words.split_at(cut);
            let joined = front.iter().rev().take(1).chain(back.iter().take(1));
            let joined: String = joined.map(String::as_str).collect();
            let mut variant: Vec<String> = front.iter().take(cut - 1).cloned().collect();
            variant.push(joined);
            variant.extend(back.iter().skip(1).cloned());
            variants.push(variant);
        }
    }
    variants.push(words);
    variants
}

/// A share that can be compared.
#[derive(Clone, Copy, PartialEq)]
struct Fit(f64);

impl Eq for Fit {}

impl PartialOrd for Fit {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Fit {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0)
    }
}

#[cfg(test)]
mod tests;
