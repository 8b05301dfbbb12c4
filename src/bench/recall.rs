//! How often a search offers what was meant among its first three.
//!
//! Every seed is one search: words of `recall/vocabulary.csv`, which was fixed before the matching was written, spoilt as people
//! spoil them, or part of a number of an asset. The words are searched in a catalogue of [`ASSETS`] assets by the function that
//! the pages use. Even seeds are for tuning, their misses can be looked at; the figure that counts is that of the odd ones, whose
//! searches nobody looks at.

mod catalogue;
mod spoil;

use std::path::{Path, PathBuf};

use anyhow::Context;
use chrono::{DateTime, Utc};
use diesel_async::AsyncPgConnection;

use self::catalogue::CatalogueAsset;
pub use self::catalogue::{ASSETS, furnish};
use self::spoil::{Spoiling, spoil};
use super::stage::in_own_database;
use crate::config::Secret;
use crate::find::list::{Listing, list_hits};
use crate::find::query::{FindQuery, SearchText};
use crate::find::rank::Costs;
use crate::find::search::{Found, Source, find_text};
use crate::find::words::WordCache;

/// The words and what they mean.
const VOCABULARY_CSV: &str = include_str!("recall/vocabulary.csv");
/// Seeds of both halves.
pub const SEEDS: u64 = 1_600;
/// The part of a list that people look at.
const FIRST: usize = 3;

/// Which seeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Half {
    /// Even seeds, to look at.
    Tuning,
    /// Odd seeds, never looked at.
    Unseen,
}

impl Half {
    /// Its name in the report.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Tuning => "tuning half",
            Self::Unseen => "unseen half",
        }
    }
}

/// What a search should offer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expected {
    /// A type, by name.
    Type(String),
    /// An asset, by number.
    Asset(String),
}

/// A search and what was meant by it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// What is typed.
    pub query: String,
    /// What is meant.
    pub expected: Expected,
}

/// How many of the searches offered what was meant.
#[derive(Clone, Debug, Default)]
pub struct Recall {
    /// What was searched, such as "generated (unseen half)".
    pub name: String,
    /// Searches that offered it among the first three.
    pub found: usize,
    /// All searches.
    pub total: usize,
    /// What the others were, with what they offered.
    pub missed: Vec<String>,
}

impl Recall {
    /// The share found, from 0 to 1.
    #[must_use]
    pub fn share(&self) -> f64 {
        crate::find::query::likeness::ratio(self.found, self.total)
    }

    /// "recall in the first three: 97.5 % of 612 queries, generated (unseen half)".
    #[must_use]
    pub fn line(&self) -> String {
        let share = 100.0 * self.share();
        format!(
            "recall in the first three: {share:.1} % of {} queries, {}",
            self.total, self.name
        )
    }
}

/// Words of the vocabulary with their types.
fn list_vocabulary() -> anyhow::Result<Vec<(String, String)>> {
    let mut reader = csv::Reader::from_reader(VOCABULARY_CSV.as_bytes());
    let mut words = Vec::new();
    for record in reader.records() {
        let record = record.context("reading the vocabulary")?;
        let cell = |at| record.get(at).unwrap_or_default().to_owned();
        words.push((cell(0), cell(1)));
    }
    Ok(words)
}

/// The names of the types that the vocabulary means.
///
/// # Errors
/// When the vocabulary is broken.
pub fn list_type_names() -> anyhow::Result<Vec<String>> {
    let mut names: Vec<String> = list_vocabulary()?
        .into_iter()
        .map(|(_, name)| name)
        .collect();
    names.dedup();
    Ok(names)
}

/// The searches of a half.
///
/// # Errors
/// When the vocabulary is broken.
pub fn list_cases(half: Half) -> anyhow::Result<Vec<Case>> {
    let words = list_vocabulary()?;
    let first = match half {
        Half::Tuning => 0,
        Half::Unseen => 1,
    };
    let seeds = (first..SEEDS).step_by(2);
    Ok(seeds.filter_map(|seed| make_case(seed, &words)).collect())
}

fn make_case(seed: u64, words: &[(String, String)]) -> Option<Case> {
    let mut spoiling = Spoiling::new(seed);
    if spoiling.is_code() {
        let asset = CatalogueAsset::new(spoiling.below(ASSETS) + 1);
        return Some(Case {
            query: spoiling.part_of(&asset),
            expected: Expected::Asset(asset.number),
        });
    }
    let (phrase, name) = words.get(spoiling.below(words.len()))?;
    Some(Case {
        query: spoil(phrase, &mut spoiling),
        expected: Expected::Type(name.clone()),
    })
}

/// Searches for all cases.
///
/// # Errors
/// When the database fails.
pub async fn score(
    conn: &AsyncPgConnection,
    name: &str,
    cases: &[Case],
    now: DateTime<Utc>,
) -> anyhow::Result<Recall> {
    let words = WordCache::default();
    let mut recall = Recall {
        name: name.to_owned(),
        total: cases.len(),
        ..Recall::default()
    };
    for case in cases {
        let offered = match FindQuery::parse(&case.query) {
            Ok(FindQuery::Text(text)) => offer(conn, &words, &text, &case.expected, now).await?,
            _ => Vec::new(),
        };
        let (Expected::Type(wanted) | Expected::Asset(wanted)) = &case.expected;
        if offered
            .iter()
            .take(FIRST)
            .any(|one| one.eq_ignore_ascii_case(wanted))
        {
            recall.found += 1;
        } else {
            let first: Vec<&str> = offered.iter().take(FIRST).map(String::as_str).collect();
            recall.missed.push(format!(
                "{:?} means {wanted:?}, offered {first:?}",
                case.query
            ));
        }
    }
    Ok(recall)
}

/// What the page offers for a text: types in order, or the numbers of the listed assets.
async fn offer(
    conn: &AsyncPgConnection,
    words: &WordCache,
    text: &SearchText,
    expected: &Expected,
    now: DateTime<Utc>,
) -> anyhow::Result<Vec<String>> {
    let findings = find_text(conn, words, text, false).await?;
    // "pump 4 west" is searched again without its place.
    let findings = match &findings.matched.narrowed {
        Some(narrowed) => match FindQuery::parse(&narrowed.text) {
            Ok(FindQuery::Text(text)) => find_text(conn, words, &text, false).await?,
            _ => findings,
        },
        None => findings,
    };
    let source = match (findings.found, expected) {
        (Found::Types(_) | Found::Models(_), Expected::Type(_)) => {
            return Ok(findings
                .matched
                .types
                .into_iter()
                .map(|hit| hit.name)
                .collect());
        }
        (Found::One(asset), Expected::Asset(_)) => Source::Assets(vec![asset]),
        (
            Found::SameCode(source) | Found::Numbers(source) | Found::Parts(source),
            Expected::Asset(_),
        ) => source,
        _ => return Ok(Vec::new()),
    };
    let costs = Costs::default();
    let page = list_hits(conn, &Listing::new(&source, &costs), now, None).await?;
    let number = |hit: crate::find::list::Hit| hit.entry.asset_number;
    Ok(page.hits.into_iter().map(number).collect())
}

/// A file of searches, or why it is none.
#[derive(Clone, Debug)]
pub enum CaseFile {
    /// Its searches.
    Cases(PathBuf, Vec<Case>),
    /// It has other columns.
    OtherColumns(PathBuf),
}

/// The files `search/*.csv` and `data/search/*.csv` of a folder, in order of their names.
///
/// # Errors
/// When one of them cannot be read.
pub fn list_files(folder: &Path) -> anyhow::Result<Vec<CaseFile>> {
    let mut files = Vec::new();
    for below in ["search", "data/search"] {
        let Ok(entries) = std::fs::read_dir(folder.join(below)) else {
            continue;
        };
        for entry in entries {
            let path = entry?.path();
            if path.extension().is_some_and(|ending| ending == "csv") {
                files.push(path);
            }
        }
    }
    files.sort();
    files.into_iter().map(read_file).collect()
}

fn read_file(path: PathBuf) -> anyhow::Result<CaseFile> {
    let text =
        std::fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .flexible(true)
        .from_reader(text.trim_start_matches('\u{feff}').as_bytes());
    let headers = reader.headers()?.clone();
    let place = |name: &str| headers.iter().position(|header| header == name);
    let (Some(query), Some(expected)) = (place("query"), place("expected_type")) else {
        return Ok(CaseFile::OtherColumns(path));
    };
    let mut cases = Vec::new();
    for record in reader.records() {
        let record = record.with_context(|| format!("reading {}", path.display()))?;
        let cell = |at| record.get(at).unwrap_or_default().to_owned();
        cases.push(Case {
            query: cell(query),
            expected: Expected::Type(cell(expected)),
        });
    }
    Ok(CaseFile::Cases(path, cases))
}

/// The types that a hospital of the folder has: those of its `types.csv`, and those of the vocabulary.
///
/// # Errors
/// When a file cannot be read.
pub fn list_types(folder: Option<&Path>) -> anyhow::Result<Vec<String>> {
    let mut names = list_type_names()?;
    for below in ["search/types.csv", "data/search/types.csv"] {
        let Some(path) = folder
            .map(|folder| folder.join(below))
            .filter(|path| path.is_file())
        else {
            continue;
        };
        let text = std::fs::read_to_string(&path)
            .with_context(|| format!("reading {}", path.display()))?;
        let lines = text
            .lines()
            .skip(1)
            .filter_map(|line| line.split(',').next());
        names.extend(lines.map(|name| name.trim_matches(['"', ' ', '\r']).to_owned()));
    }
    let mut seen = std::collections::HashSet::new();
    names.retain(|name| !name.is_empty() && seen.insert(name.to_lowercase()));
    Ok(names)
}

/// Everything that one run found out.
#[derive(Clone, Debug)]
pub struct Report {
    /// The half to tune by.
    pub tuning: Recall,
    /// The half that counts.
    pub unseen: Recall,
    /// One for each file.
    pub files: Vec<Recall>,
    /// What was not scored, and why.
    pub skipped: Vec<String>,
}

impl Report {
    /// A line for each.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let scored = [&self.tuning, &self.unseen].into_iter().chain(&self.files);
        scored
            .map(Recall::line)
            .chain(self.skipped.iter().cloned())
            .collect()
    }
}

/// Scores a furnished database: these halves, and the files of the folder.
///
/// # Errors
/// When the database fails or a file cannot be read.
pub async fn measure(
    conn: &AsyncPgConnection,
    folder: Option<&Path>,
    halves: &[Half],
    now: DateTime<Utc>,
) -> anyhow::Result<Report> {
    let (mut tuning, mut unseen) = (Recall::default(), Recall::default());
    for half in halves {
        let name = format!("generated ({})", half.name());
        let scored = score(conn, &name, &list_cases(*half)?, now).await?;
        match half {
            Half::Tuning => tuning = scored,
            Half::Unseen => unseen = scored,
        }
    }
    let (mut files, mut skipped) = (Vec::new(), Vec::new());
    for file in folder.map(list_files).transpose()?.unwrap_or_default() {
        match file {
            CaseFile::Cases(path, cases) => {
                files.push(score(conn, &path.display().to_string(), &cases, now).await?);
            }
            CaseFile::OtherColumns(path) => {
                skipped.push(format!(
                    "skipped: {} has no columns query and expected_type",
                    path.display()
                ));
            }
        }
    }
    if files.is_empty() {
        skipped.push(
            "skipped: no file of searches with columns query and expected_type is there".to_owned(),
        );
    }
    Ok(Report {
        tuning,
        unseen,
        files,
        skipped,
    })
}

/// Makes a database on the server of `server_url`, measures in it, and takes it away, after Ctrl-C too.
///
/// # Errors
/// When the database cannot be made, the run is interrupted, or [`measure`] fails.
pub async fn run(
    server_url: &Secret,
    folder: Option<&Path>,
    now: DateTime<Utc>,
) -> anyhow::Result<Report> {
    in_own_database(server_url, async |mut conn| {
        furnish(&mut conn, &list_types(folder)?).await?;
        measure(&conn, folder, &[Half::Tuning, Half::Unseen], now).await
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_halves_are_large_the_same_every_time_and_apart() {
        let (tuning, unseen) = (
            list_cases(Half::Tuning).unwrap(),
            list_cases(Half::Unseen).unwrap(),
        );
        assert!(tuning.len() >= 600 && unseen.len() >= 600);
        assert_eq!(unseen, list_cases(Half::Unseen).unwrap());
        assert_ne!(tuning, unseen);
        let codes = |cases: &[Case]| {
            cases
                .iter()
                .filter(|case| matches!(case.expected, Expected::Asset(_)))
                .count()
        };
        assert!(codes(&unseen) > 60, "{}", codes(&unseen));
        let words: Vec<String> = list_vocabulary()
            .unwrap()
            .into_iter()
            .map(|(words, _)| words)
            .collect();
        let spoilt = unseen.iter().filter(|case| {
            matches!(case.expected, Expected::Type(_)) && !words.contains(&case.query)
        });
        assert!(spoilt.count() > 250);
    }
}
