//! What a person typed, as a search. Pure.

pub mod fold;
pub mod likeness;
pub mod matching;
pub mod vocabulary;

/// Longest search text in characters (S-29).
pub const TEXT_CHARS_MAX: usize = 100;

/// Fewest letters and digits that a part of a number is looked up by: what a trigram index can serve.
pub const CODE_PART_MIN: usize = 3;
/// What people leave out, or put in, when they type a number.
const CODE_SEPARATORS: [char; 5] = ['-', '_', '.', '/', ' '];

/// Part of a number, without separators and in small letters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodePart(String);

impl CodePart {
    /// The part itself.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A pattern for LIKE that means exactly these signs anywhere (S-29).
    #[must_use]
    pub fn pattern(&self) -> String {
        let mut pattern = String::from("%");
        for c in self.0.chars() {
            if matches!(c, '%' | '_' | '\\') {
                pattern.push('\\');
            }
            pattern.push(c);
        }
        pattern.push('%');
        pattern
    }
}

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
        Ok(Self::Text(SearchText { text }))
    }
}

impl SearchText {
    /// The text itself.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The text as a part of a number: without separators, as `src/find/sql/by_part.sql` compares it. `None` when it is shorter
    /// than the index can look up, or is no part of any number.
    #[must_use]
    pub fn code_part(&self) -> Option<CodePart> {
        let part: String = self
            .text
            .to_lowercase()
            .chars()
            .filter(|c| !CODE_SEPARATORS.contains(c))
            .collect();
        let plain = part.chars().filter(char::is_ascii_alphanumeric).count();
        (plain >= CODE_PART_MIN && part.is_ascii()).then_some(CodePart(part))
    }

    /// Whether it may be a number rather than words.
    #[must_use]
    pub fn has_digit(&self) -> bool {
        self.text.chars().any(|c| c.is_ascii_digit())
    }

    /// The numbers that the text may stand for: itself, and those in the symbol of a device when it is one.
    #[must_use]
    pub fn numbers(&self) -> Vec<String> {
        let symbol = crate::codes::gs1::parse_symbol(&self.text);
        let of_symbol = symbol.map(|symbol| symbol.numbers()).unwrap_or_default();
        std::iter::once(self.text.clone())
            .chain(of_symbol)
            .collect()
    }

    /// The canonical tag keys that the text may stand for, in any case and with the usual separators of a MAC address.
    #[must_use]
    pub fn tag_keys(&self) -> Vec<String> {
        crate::codes::tag_key::list_typed_keys(&self.text)
    }
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
    fn s29_a_part_of_a_number_is_escaped_and_long_enough() {
        let pattern = |typed: &str| text(typed).code_part().map(|part| part.pattern());
        assert_eq!(pattern("IP-04 17").as_deref(), Some("%ip0417%"));
        assert_eq!(pattern("a1%b\\c").as_deref(), Some("%a1\\%b\\\\c%"));
        assert_eq!(pattern("(01)076").as_deref(), Some("%(01)076%"));
        for short in ["1", "12", "%%%", "a-b", "\u{661}\u{662}\u{663}", "pümp"] {
            assert_eq!(pattern(short), None, "{short}");
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
