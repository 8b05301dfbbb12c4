//! The words that a search can mean: types, their synonyms, models, and places. Small, and kept in memory. Pure.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::fold::{fold, squash, stem};
use crate::db::types::SynonymKind;
use crate::find::filter::PlaceFilter;
use crate::ids::{AssetTypeId, FloorId, ModelId, RoomId, UnitId};

/// A type and its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypeWord {
    /// The type.
    pub asset_type_id: AssetTypeId,
    /// Its name.
    pub name: String,
}

/// A model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelWord {
    /// The model.
    pub model_id: ModelId,
    /// Its type.
    pub asset_type_id: AssetTypeId,
    /// Its maker.
    pub maker: String,
    /// Its name.
    pub name: String,
}

/// What a synonym stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Target {
    /// A type.
    Type(AssetTypeId),
    /// A model.
    Model(ModelId),
}

/// A synonym.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SynonymWord {
    /// As people write it.
    pub term: String,
    /// What sort of word it is.
    pub kind: SynonymKind,
    /// What it stands for.
    pub target: Target,
}

/// A place that text can name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlaceWord {
    /// Which.
    pub place: PlaceFilter,
    /// Its name, such as "3W-12".
    pub name: String,
    /// How it is shown, such as "Clean utility 3W-12, 3 West".
    pub label: String,
    /// The floor it is on; a unit's first one.
    pub floor_id: Option<FloorId>,
}

impl PlaceWord {
    /// The room, when it is one.
    #[must_use]
    pub fn room(&self) -> Option<RoomId> {
        match self.place {
            PlaceFilter::Room(room) => Some(room),
            _ => None,
        }
    }

    /// The unit, when it is one.
    #[must_use]
    pub fn unit(&self) -> Option<UnitId> {
        match self.place {
            PlaceFilter::Unit(unit) => Some(unit),
            _ => None,
        }
    }
}

/// All of it, as the database has it.
#[derive(Clone, Debug, Default)]
pub struct Words {
    /// Types.
    pub types: Vec<TypeWord>,
    /// Models.
    pub models: Vec<ModelWord>,
    /// Synonyms.
    pub synonyms: Vec<SynonymWord>,
    /// Units, floors and rooms.
    pub places: Vec<PlaceWord>,
}

/// Where a term comes from, the surest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// The name of a type.
    TypeName,
    /// Another name, slang or an abbreviation.
    Synonym,
    /// A maker or model of the list, or a brand among the synonyms.
    Brand,
}

/// A word or phrase that stands for a type.
#[derive(Clone, Debug)]
pub(super) struct Term {
    /// As people write it.
    pub shown: String,
    /// Folded.
    pub folded: String,
    /// Without spaces.
    pub squashed: Vec<char>,
    /// Stems in order of the alphabet, so that the order of words makes no difference.
    pub sorted: String,
    /// Stems without spaces.
    pub joined: String,
    /// Its stems, as places in [`Vocabulary::stems`].
    pub stems: Vec<usize>,
    /// Where it comes from.
    pub origin: Origin,
    /// The type, as a place in [`Vocabulary::types`].
    pub of: usize,
}

/// A stem that terms are made of.
#[derive(Clone, Debug)]
pub(super) struct Stem {
    /// Its letters.
    pub chars: Vec<char>,
    /// How much it says: much when few types have it.
    pub weight: f64,
}

/// A model with the words it can be found by.
#[derive(Clone, Debug)]
pub(super) struct ModelTerms {
    pub model_id: ModelId,
    pub of: usize,
    /// Words of maker, name and synonyms of the model.
    pub own: Vec<String>,
    /// Words of its type.
    pub of_type: Vec<String>,
}

/// The words of a search, made ready for matching.
#[derive(Debug, Default)]
pub struct Vocabulary {
    pub(super) types: Vec<TypeWord>,
    pub(super) terms: Vec<Term>,
    pub(super) stems: Vec<Stem>,
    pub(super) models: Vec<ModelTerms>,
    pub(super) places: BTreeMap<String, Vec<PlaceWord>>,
}

impl Vocabulary {
    /// Makes words ready. Synonyms and models of unknown types are left out.
    #[must_use]
    pub fn new(words: Words) -> Self {
        let index: HashMap<AssetTypeId, usize> = words
            .types
            .iter()
            .enumerate()
            .map(|(at, entry)| (entry.asset_type_id, at))
            .collect();
        let mut builder = Builder::default();
        for (at, entry) in words.types.iter().enumerate() {
            builder.add(&entry.name, Origin::TypeName, at);
        }
        let mut models = Vec::new();
        for model in &words.models {
            let Some(of) = index.get(&model.asset_type_id).copied() else {
                continue;
            };
            let whole = format!("{} {}", model.maker, model.name);
            for name in [&model.maker, &model.name, &whole] {
                builder.add(name, Origin::Brand, of);
            }
            let type_name = words.types.get(of).map_or("", |entry| entry.name.as_str());
            models.push(ModelTerms {
                model_id: model.model_id,
                of,
                own: list_words(&whole),
                of_type: list_words(type_name),
            });
        }
        for synonym in &words.synonyms {
            let origin = match synonym.kind {
                SynonymKind::Brand => Origin::Brand,
                _ => Origin::Synonym,
            };
            match synonym.target {
                Target::Type(id) => {
                    if let Some(of) = index.get(&id).copied() {
                        builder.add(&synonym.term, origin, of);
                    }
                }
                Target::Model(id) => {
                    if let Some(model) = models.iter_mut().find(|model| model.model_id == id) {
                        builder.add(&synonym.term, Origin::Brand, model.of);
                        model.own.extend(list_words(&synonym.term));
                    }
                }
            }
        }
        let mut places: BTreeMap<String, Vec<PlaceWord>> = BTreeMap::new();
        for place in words.places {
            let key = squash(&fold(&place.name));
            if !key.is_empty() {
                places.entry(key).or_default().push(place);
            }
        }
        let stems = builder.weighed(words.types.len());
        Self {
            types: words.types,
            terms: builder.terms,
            stems,
            models,
            places,
        }
    }
}

/// The folded words of a text.
pub(super) fn list_words(text: &str) -> Vec<String> {
    fold(text)
        .split(' ')
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

#[derive(Default)]
struct Builder {
    terms: Vec<Term>,
    known: BTreeSet<(String, usize)>,
    stems: Vec<String>,
    places: HashMap<String, usize>,
    types_of: Vec<BTreeSet<usize>>,
}

impl Builder {
    fn add(&mut self, text: &str, origin: Origin, of: usize) {
        let folded = fold(text);
        if folded.is_empty() || !self.known.insert((folded.clone(), of)) {
            return;
        }
        let words: Vec<&str> = folded.split(' ').map(stem).collect();
        let stems = words.iter().map(|word| self.stem(word, of)).collect();
        let mut sorted = words.clone();
        sorted.sort_unstable();
        self.terms.push(Term {
            shown: text.to_owned(),
            squashed: squash(&folded).chars().collect(),
            sorted: sorted.join(" "),
            joined: words.concat(),
            stems,
            origin,
            of,
            folded,
        });
    }

    fn stem(&mut self, word: &str, of: usize) -> usize {
        let at = if let Some(at) = self.places.get(word) {
            *at
        } else {
            let at = self.stems.len();
            self.places.insert(word.to_owned(), at);
            self.stems.push(word.to_owned());
            self.types_of.push(BTreeSet::new());
            at
        };
        if let Some(types) = self.types_of.get_mut(at) {
            types.insert(of);
        }
        at
    }

    fn weighed(&mut self, types: usize) -> Vec<Stem> {
        let all = super::likeness::ratio(types.max(1), 1);
        self.stems
            .iter()
            .zip(&self.types_of)
            .map(|(word, of)| Stem {
                chars: word.chars().collect(),
                weight: (1.0 + all / super::likeness::ratio(of.len().max(1), 1)).ln(),
            })
            .collect()
    }
}
