//! What a person typed, as a search. Pure.

use crate::ids::{AssetTypeId, ModelId};

/// Longest search text in characters (S-29).
pub const TEXT_CHARS_MAX: usize = 100;

/// A search.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FindQuery {
    /// Nothing was typed: show what there is.
    Everything,
    /// Some text.
    Text(SearchText),
}

/// Why text cannot be searched for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QueryError {
    /// Longer than [`TEXT_CHARS_MAX`].
    #[error(
        "the search text has {chars} characters; at most {TEXT_CHARS_MAX} can be searched for: use a shorter one"
    )]
    TooLong {
        /// Its length.
        chars: usize,
    },
}

/// Cleaned text: control characters are gone, runs of white space are one space, and it is not empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SearchText {
    text: String,
    words: Vec<String>,
}

impl FindQuery {
    /// Parses what was typed.
    ///
    /// # Errors
    /// When it is too long.
    pub fn parse(typed: &str) -> Result<Self, QueryError> {
        let visible: String = typed
            .chars()
            .map(|c| if c.is_control() { ' ' } else { c })
            .collect();
        let text = visible.split_whitespace().collect::<Vec<_>>().join(" ");
        let chars = text.chars().count();
        if chars > TEXT_CHARS_MAX {
            return Err(QueryError::TooLong { chars });
        }
        if text.is_empty() {
            return Ok(Self::Everything);
        }
        let words = list_words(&text);
        Ok(Self::Text(SearchText { text, words }))
    }
}

impl SearchText {
    /// The text itself.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The canonical tag keys that the text may stand for, in any case and with the usual separators of a MAC address.
    #[must_use]
    pub fn tag_keys(&self) -> Vec<String> {
        let (scheme, value) = match self.text.split_once(':') {
            Some((scheme, value)) if is_scheme(scheme) => (Some(scheme.to_lowercase()), value),
            _ => (None, self.text.as_str()),
        };
        let hex = value.replace([':', '-', '.', ' '], "").to_uppercase();
        let is_hex = !hex.is_empty() && hex.chars().all(|c| c.is_ascii_hexdigit());
        match scheme.as_deref() {
            Some(scheme @ ("epc" | "mac" | "alt")) => vec![format!("{scheme}:{hex}")],
            Some("eddy") => vec![format!("eddy:{}", value.to_uppercase())],
            Some("ib") => vec![format!("ib:{}", value.to_lowercase())],
            Some(scheme) => vec![format!("{scheme}:{value}")],
            None if is_hex && hex.len() == 12 => vec![
                format!("mac:{hex}"),
                format!("epc:{hex}"),
                format!("alt:{hex}"),
            ],
            None if is_hex && hex.len() > 4 => vec![format!("epc:{hex}"), format!("alt:{hex}")],
            None => vec![format!("x:{value}")],
        }
    }
}

fn is_scheme(text: &str) -> bool {
    ["epc", "mac", "ib", "eddy", "alt", "x"]
        .iter()
        .any(|scheme| text.eq_ignore_ascii_case(scheme))
}

fn list_words(text: &str) -> Vec<String> {
    text.to_lowercase()
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

/// A type, or a model of it, that text can name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VocabularyEntry {
    /// The type.
    pub asset_type_id: AssetTypeId,
    /// Its name.
    pub type_name: String,
    /// A model of it, with maker and name.
    pub model: Option<VocabularyModel>,
}

/// A model in the vocabulary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VocabularyModel {
    /// The model.
    pub model_id: ModelId,
    /// Its maker.
    pub maker: String,
    /// Its name.
    pub name: String,
}

/// What the text names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VocabularyMatch {
    /// One or more types.
    Types(Vec<(AssetTypeId, String)>),
    /// One or more models, by their maker or name.
    Models(Vec<ModelId>),
    /// Nothing.
    Nothing,
}

/// Matches text with types, then with models: the whole name of a type, then every word the beginning of a word of the
/// type, then every word the beginning of a word of type, maker or model together ("alaris pump").
#[must_use]
pub fn match_vocabulary(text: &SearchText, entries: &[VocabularyEntry]) -> VocabularyMatch {
    let whole = text.text.to_lowercase();
    let exact = list_types(entries, |entry| entry.type_name.to_lowercase() == whole);
    if !exact.is_empty() {
        return VocabularyMatch::Types(exact);
    }
    if text.words.is_empty() {
        return VocabularyMatch::Nothing;
    }
    let by_words = list_types(entries, |entry| {
        covers(&list_words(&entry.type_name), &text.words)
    });
    if !by_words.is_empty() {
        return VocabularyMatch::Types(by_words);
    }
    let mut models: Vec<ModelId> = entries
        .iter()
        .filter_map(|entry| Some((entry, entry.model.as_ref()?)))
        .filter(|(entry, model)| {
            let all = format!("{} {} {}", entry.type_name, model.maker, model.name);
            covers(&list_words(&all), &text.words)
        })
        .map(|(_, model)| model.model_id)
        .collect();
    models.sort_unstable();
    models.dedup();
    if models.is_empty() {
        VocabularyMatch::Nothing
    } else {
        VocabularyMatch::Models(models)
    }
}

fn list_types(
    entries: &[VocabularyEntry],
    is_match: impl Fn(&VocabularyEntry) -> bool,
) -> Vec<(AssetTypeId, String)> {
    let mut types: Vec<_> = entries
        .iter()
        .filter(|entry| is_match(entry))
        .map(|entry| (entry.asset_type_id, entry.type_name.clone()))
        .collect();
    types.sort();
    types.dedup();
    types
}

/// Whether each word typed is the beginning of a word of the name; "pumps" also finds "pump".
fn covers(name_words: &[String], typed_words: &[String]) -> bool {
    typed_words.iter().all(|typed| {
        let singular = typed
            .strip_suffix('s')
            .filter(|word| word.chars().count() >= 3);
        name_words
            .iter()
            .any(|word| word.starts_with(typed.as_str()) || singular.is_some_and(|one| word == one))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(typed: &str) -> SearchText {
        match FindQuery::parse(typed).unwrap() {
            FindQuery::Text(text) => text,
            FindQuery::Everything => panic!("{typed:?} is empty"),
        }
    }

    fn vocabulary() -> Vec<VocabularyEntry> {
        let entry = |type_id, type_name: &str, model: Option<(i64, &str, &str)>| VocabularyEntry {
            asset_type_id: AssetTypeId(type_id),
            type_name: type_name.into(),
            model: model.map(|(id, maker, name)| VocabularyModel {
                model_id: ModelId(id),
                maker: maker.into(),
                name: name.into(),
            }),
        };
        vec![
            entry(1, "Infusion pump", Some((11, "BD", "Alaris GP"))),
            entry(
                1,
                "Infusion pump",
                Some((12, "Fresenius Kabi", "Agilia VP")),
            ),
            entry(2, "Syringe pump", Some((13, "BD", "Alaris CC"))),
            entry(3, "Bed", None),
            entry(4, "Bed scale", None),
        ]
    }

    fn types_of(typed: &str) -> Vec<i64> {
        match match_vocabulary(&text(typed), &vocabulary()) {
            VocabularyMatch::Types(found) => found.into_iter().map(|(id, _)| id.0).collect(),
            other => panic!("{typed:?} gave {other:?}"),
        }
    }

    fn models_of(typed: &str) -> Vec<i64> {
        match match_vocabulary(&text(typed), &vocabulary()) {
            VocabularyMatch::Models(models) => models.into_iter().map(|id| id.0).collect(),
            other => panic!("{typed:?} gave {other:?}"),
        }
    }

    #[test]
    fn s29_text_over_100_characters_is_refused_and_counts_characters_not_bytes() {
        assert!(FindQuery::parse(&"é".repeat(100)).is_ok());
        assert_eq!(
            FindQuery::parse(&"a".repeat(10_000)),
            Err(QueryError::TooLong { chars: 10_000 })
        );
    }

    #[test]
    fn white_space_and_control_characters_are_no_text() {
        assert_eq!(FindQuery::parse(" \t\u{0}\n"), Ok(FindQuery::Everything));
        assert_eq!(text(" infusion\u{0}\u{7} pump ").as_str(), "infusion pump");
    }

    #[test]
    fn a_whole_type_name_wins_over_longer_ones() {
        assert_eq!(types_of("BED"), [3]);
        assert_eq!(types_of("be"), [3, 4]);
    }

    #[test]
    fn words_match_beginnings_in_any_order_and_plural() {
        assert_eq!(types_of("pump"), [1, 2]);
        assert_eq!(types_of("pump inf"), [1]);
        assert_eq!(types_of("infusion pumps"), [1]);
        assert_eq!(types_of("beds"), [3, 4]);
    }

    #[test]
    fn maker_and_model_words_match_models() {
        assert_eq!(models_of("alaris"), [11, 13]);
        assert_eq!(models_of("syringe alaris"), [13]);
        assert_eq!(models_of("fresenius agilia"), [12]);
    }

    #[test]
    fn odd_text_matches_nothing_and_harms_nothing() {
        for typed in [
            "%",
            "_",
            "\\",
            "'",
            "\"; drop table asset; --",
            "🛏️",
            "مضخة",
            "\u{202e}pmup",
        ] {
            assert_eq!(
                match_vocabulary(&text(typed), &vocabulary()),
                VocabularyMatch::Nothing,
                "{typed:?}"
            );
        }
    }

    #[test]
    fn tag_keys_are_canonical_whatever_the_case_and_separators() {
        assert_eq!(
            text("mac:ac:23:3f:00:00:01").tag_keys(),
            ["mac:AC233F000001"]
        );
        assert_eq!(
            text("ac-23-3f-00-00-01").tag_keys(),
            ["mac:AC233F000001", "epc:AC233F000001", "alt:AC233F000001"]
        );
        assert_eq!(
            text("EPC:e28011606000020612345678").tag_keys(),
            ["epc:E28011606000020612345678"]
        );
        assert_eq!(
            text("IB:F7826DA6-4FA2-4E98-8024-BC5B71E0893E-1-2").tag_keys(),
            ["ib:f7826da6-4fa2-4e98-8024-bc5b71e0893e-1-2"]
        );
        assert_eq!(text("IP-0417").tag_keys(), ["x:IP-0417"]);
    }
}
