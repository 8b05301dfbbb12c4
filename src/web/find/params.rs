//! The query string of the results: text, filters, order and page. Values that mean nothing are left out and named, so that an old
//! or mistyped link still shows something.

use serde::Deserialize;

use super::super::exports::download_href;
use super::super::routes;
use super::super::strings::{Strings, fill};
use crate::find::filter::{CertaintyFilter, Filters, PlaceFilter, Sort, StatusFilter};
use crate::find::search::{Found, Source};
use crate::ids::{AssetTypeId, UnitId};

/// The query string as it came.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct FindParams {
    /// What was typed.
    #[serde(default)]
    pub q: String,
    /// All of one type.
    pub r#type: Option<String>,
    /// Within a place: `unit-5`, `floor-3`, `room-12`.
    pub place: Option<String>,
    /// In a status.
    pub status: Option<String>,
    /// How sure.
    pub certainty: Option<String>,
    /// Owned by a unit: its number.
    pub owner: Option<String>,
    /// The order.
    pub sort: Option<String>,
    /// From where "nearest" is measured.
    pub from: Option<String>,
    /// "1": nothing is guessed, the text is taken as it stands.
    pub exact: Option<String>,
    /// Where the page begins.
    pub after: Option<String>,
    /// The act that was just done.
    pub done: Option<String>,
}

/// What the query string asks for.
#[derive(Clone, Debug, Default)]
pub struct Choice {
    /// Narrowed to what.
    pub filters: Filters,
    /// In which order.
    pub sort: Sort,
    /// What could not be understood, in words.
    pub problems: Vec<String>,
}

impl FindParams {
    /// The type that is asked for, as text.
    #[must_use]
    pub fn wanted_type(&self) -> Option<&str> {
        let wanted = self.r#type.as_deref().map(str::trim);
        wanted.filter(|wanted| !wanted.is_empty())
    }

    /// Whether the text is to be taken as it stands.
    #[must_use]
    pub fn is_exact(&self) -> bool {
        self.exact.as_deref() == Some("1")
    }

    /// Reads filters and order.
    #[must_use]
    pub fn choice(&self, t: &Strings) -> Choice {
        let mut problems = Vec::new();
        let mut refuse = |name: &str, value: &str| {
            let value: String = value.chars().take(40).collect();
            problems.push(fill(t.pages.find.unknown_filter, &[&name, &value]));
        };
        let given = |value: &Option<String>| {
            value
                .as_deref()
                .map(str::trim)
                .filter(|value| !value.is_empty())
                .map(str::to_owned)
        };
        let mut choice = Choice::default();
        if let Some(value) = given(&self.place) {
            choice.filters.place = PlaceFilter::parse(&value);
            if choice.filters.place.is_none() {
                refuse("place", &value);
            }
        }
        if let Some(value) = given(&self.status) {
            choice.filters.status = StatusFilter::parse(&value);
            if choice.filters.status.is_none() {
                refuse("status", &value);
            }
        }
        if let Some(value) = given(&self.certainty) {
            choice.filters.certainty = CertaintyFilter::parse(&value);
            if choice.filters.certainty.is_none() {
                refuse("certainty", &value);
            }
        }
        if let Some(value) = given(&self.owner) {
            choice.filters.owner = value.parse().ok().map(UnitId);
            if choice.filters.owner.is_none() {
                refuse("owner", &value);
            }
        }
        if let Some(value) = given(&self.sort) {
            match Sort::parse(&value) {
                Some(sort) => choice.sort = sort,
                None => refuse("sort", &value),
            }
        }
        choice.problems = problems;
        choice
    }

    /// The address of this list with some values changed; an empty value leaves one out. Page and note are always left out.
    #[must_use]
    pub fn href(&self, changes: &[(&str, &str)]) -> String {
        let mut pairs = self.pairs();
        for (name, value) in changes {
            for pair in pairs.iter_mut().filter(|pair| pair.0 == *name) {
                (*value).clone_into(&mut pair.1);
            }
            if *name == "after" {
                pairs.push(("after", (*value).to_owned()));
            }
        }
        let given: Vec<(&str, &str)> = pairs
            .iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        if given.is_empty() {
            return routes::FIND.to_owned();
        }
        routes::with_query(routes::FIND, &given)
    }

    /// All of this list as a file.
    #[must_use]
    pub fn csv_href(&self) -> String {
        let pairs = self.pairs();
        let pairs: Vec<(&str, &str)> = pairs
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        download_href(routes::FIND_CSV, &pairs)
    }

    fn pairs(&self) -> Vec<(&'static str, String)> {
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        vec![
            ("q", self.q.trim().to_owned()),
            ("type", text(&self.r#type)),
            ("place", text(&self.place)),
            ("status", text(&self.status)),
            ("certainty", text(&self.certainty)),
            ("owner", text(&self.owner)),
            ("sort", text(&self.sort)),
            ("from", text(&self.from)),
            ("exact", text(&self.exact)),
        ]
    }
}

/// Of several types that a text means, the one that is asked for. `false`: the type says nothing beside this text.
#[must_use]
pub fn narrow_to_type(found: &mut Found, wanted: Option<&str>) -> bool {
    let Some(wanted) = wanted else { return true };
    let id = wanted.parse().ok().map(AssetTypeId);
    match (found, id) {
        (Found::Types(Source::Types(types)), Some(id)) if types.contains(&id) => {
            *types = vec![id];
            true
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::strings::EN;

    #[test]
    fn unknown_values_are_named_and_left_out() {
        let params = FindParams {
            status: Some("sparkling".to_owned()),
            place: Some("ward-9".to_owned()),
            certainty: Some("sure".to_owned()),
            owner: Some("x".to_owned()),
            sort: Some("cheapest".to_owned()),
            ..FindParams::default()
        };
        let choice = params.choice(&EN);
        assert_eq!(choice.problems.len(), 4, "{:?}", choice.problems);
        assert!(
            choice
                .problems
                .iter()
                .any(|words| words.contains("sparkling"))
        );
        assert_eq!(choice.filters.status, None);
        assert_eq!(choice.filters.certainty, Some(CertaintyFilter::Sure));
    }

    #[test]
    fn addresses_keep_what_was_chosen_and_drop_page_and_note() {
        let params = FindParams {
            q: " iv pump ".to_owned(),
            status: Some("ready".to_owned()),
            after: Some("1.2.3".to_owned()),
            done: Some("x".to_owned()),
            ..FindParams::default()
        };
        assert_eq!(
            params.href(&[("place", "unit-5")]),
            "/find?q=iv%20pump&place=unit%2D5&status=ready"
        );
        assert_eq!(params.href(&[("status", ""), ("q", "")]), "/find");
    }
}
