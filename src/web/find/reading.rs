//! What a text was taken for, said aloud, and what else it may mean.

use super::super::page::Shell;
use super::super::routes;
use super::super::strings::fill;
use super::super::wording::capitalised;
use super::params::FindParams;
use crate::find::query::SearchText;
use crate::find::query::matching::{Lead, Tier, TypeHit};
use crate::find::query::vocabulary::{Origin, PlaceWord};
use crate::find::search::{Findings, Found};

/// Most other types that are offered.
const ALSO_MAX: usize = 5;

/// What a text was taken for.
#[derive(Clone, Debug, Default)]
pub struct Reading {
    /// When it was taken for other words.
    pub correction: Option<Correction>,
    /// Places of that name.
    pub places: Vec<Line>,
    /// Other types that it may mean.
    pub also: Vec<Line>,
}

/// "Showing results for infusion pump."
#[derive(Clone, Debug)]
pub struct Correction {
    /// What is said.
    pub words: String,
    /// The search that takes the text otherwise.
    pub literal_href: Option<String>,
    /// Its words.
    pub literal: String,
}

/// A link with its words.
#[derive(Clone, Debug)]
pub struct Line {
    /// Where it leads.
    pub href: String,
    /// Its words.
    pub words: String,
}

impl Reading {
    /// What findings say about the text.
    #[must_use]
    pub fn new(findings: &Findings, text: &SearchText, params: &FindParams, shell: &Shell) -> Self {
        Self {
            correction: Correction::new(findings, text, params, shell),
            places: findings
                .matched
                .places
                .iter()
                .map(|place| place_line(place, shell))
                .collect(),
            also: list_also(findings, params, shell),
        }
    }

    /// For tests of templates.
    #[must_use]
    pub fn sample(shell: &Shell) -> Self {
        let line = |words: &str| Line {
            href: routes::find_path(words),
            words: words.to_owned(),
        };
        Self {
            correction: Some(Correction {
                words: fill(shell.t.search.showing, &[&"infusion <pump>"]),
                literal_href: Some(routes::find_path("infuson")),
                literal: fill(shell.t.search.literal, &[&"<infuson>"]),
            }),
            places: vec![line("Clean utility 3W-12, 3 West")],
            also: vec![line("Syringe pump"), line("<PCA pump>")],
        }
    }
}

impl Correction {
    fn new(
        findings: &Findings,
        text: &SearchText,
        params: &FindParams,
        shell: &Shell,
    ) -> Option<Self> {
        let t = &shell.t.search;
        if params.is_exact() {
            let href = params.href(&[("exact", "")]);
            return Some(Self {
                words: t.similar.to_owned(),
                literal_href: Some(href),
                literal: t.similar_link.to_owned(),
            });
        }
        let Found::Types(_) = findings.found else {
            return None;
        };
        let first = findings.matched.types.first()?;
        if findings.is_guessed() {
            return Some(Self {
                words: fill(t.showing, &[&taken_for(first, shell)]),
                literal_href: Some(params.href(&[("exact", "1")])),
                literal: fill(t.literal, &[&text.as_str()]),
            });
        }
        let is_other = first.tier <= Tier::Same && first.origin != Origin::TypeName;
        let is_one = findings.matched.led().len() == 1;
        (is_other && is_one).then(|| Self {
            words: fill(t.synonym, &[&capitalised(&first.name), &first.term]),
            literal_href: None,
            literal: String::new(),
        })
    }
}

fn taken_for(hit: &TypeHit, shell: &Shell) -> String {
    if hit.origin == Origin::TypeName {
        hit.name.clone()
    } else {
        fill(shell.t.search.showing_term, &[&hit.term, &hit.name])
    }
}

fn place_line(place: &PlaceWord, shell: &Shell) -> Line {
    let floor = || {
        place
            .floor_id
            .map_or_else(|| routes::ROOMS.to_owned(), routes::floor_path)
    };
    let words = if place.room().is_some() {
        place.label.clone()
    } else {
        fill(shell.t.search.unit_rooms, &[&place.label])
    };
    Line {
        href: place.room().map_or_else(floor, routes::room_path),
        words,
    }
}

/// The types that are not listed; all, when models or numbers are.
fn list_also(findings: &Findings, params: &FindParams, shell: &Shell) -> Vec<Line> {
    let matched = &findings.matched;
    let is_listing_types = matches!(findings.found, Found::Types(_));
    let listed = if is_listing_types {
        matched.led().len()
    } else {
        0
    };
    let is_models = matches!(matched.lead, Lead::Models(_));
    let others = matched.types.iter().skip(listed).take(ALSO_MAX);
    others
        .map(|hit| {
            let name = capitalised(&hit.name);
            let changes = [
                ("q", ""),
                ("exact", ""),
                ("type", &*hit.asset_type_id.to_string()),
            ];
            Line {
                href: params.href(&changes),
                words: if is_models {
                    fill(shell.t.search.also_all, &[&hit.name])
                } else {
                    name
                },
            }
        })
        .collect()
}
