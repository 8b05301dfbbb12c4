//! Search results.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use super::asset_row::AssetRow;
use super::done::DoneNote;
use super::filters;
use super::home::TypeTile;
use super::origin::{Origin, choose_scanned, find_origin, scanned_room};
use super::page::{Nav, Page, Shell, see_other};
use super::several::{Several, list_forms};
use super::strings::fill;
use super::wording::{capitalised, grouped, status_word};
use super::{PageError, routes};
use crate::app::App;
use crate::db::DbConn;
use crate::db::types::Role;
use crate::find::filter::{Filters, StatusFilter};
use crate::find::list::{CANDIDATES_MAX, HITS_PER_PAGE, HitPage, Listing, list_hits};
use crate::find::query::{FindQuery, QueryError, SearchText, TEXT_CHARS_MAX};
use crate::find::rank::PageCursor;
use crate::find::search::{Found, Source, find_text, find_type_name, list_types};
use crate::find::spots::list_type_names;
use crate::find::words::WordCache;
use crate::ids::AssetTypeId;
use crate::live::{Kind, Topic};
use crate::web::extract::Viewer;

mod controls;
mod params;
mod reading;

pub use controls::{Control, Controls, OptionLine, Reach};
pub use params::{Choice, FindParams, narrow_to_type};
pub use reading::{Correction, Reading};

/// Most types on one page.
pub(crate) const TYPES_MAX: i64 = 500;

/// Search results, or what to do when there are none.
#[derive(Debug, Template)]
#[template(path = "find/index.html")]
pub struct FindPage {
    /// Frame.
    pub shell: Shell,
    /// What was typed.
    pub q: String,
    /// "Infusion pump: 5 ready, 2 of them in 4 West".
    pub heading: String,
    /// What the list is, when the heading does not say it.
    pub notes: Vec<String>,
    /// What was just done, with Undo.
    pub done: Option<DoneNote>,
    /// What the text was taken for, and what else it may mean.
    pub reading: Reading,
    /// What is wrong with the text; shown at the box.
    pub problem: Option<String>,
    /// Filters and order; absent when there is no list to narrow.
    pub controls: Option<Controls>,
    /// "Ready first, nearest to 4 West first".
    pub order: String,
    /// The results.
    pub rows: Vec<AssetRow>,
    /// What can be said of several of them.
    pub several: Vec<Several>,
    /// "25 of 310 shown".
    pub count: String,
    /// The next page.
    pub next_href: Option<String>,
    /// The first page, from any other.
    pub start_href: Option<String>,
    /// All results as a file.
    pub csv_href: String,
    /// Types to choose from, when there are no results.
    pub types: Vec<TypeTile>,
}

/// What a request asks with.
struct Ask<'a> {
    conn: &'a DbConn,
    words: &'a WordCache,
    params: &'a FindParams,
    choice: Choice,
    origin: Origin,
    role: Role,
}

/// `GET /find`
///
/// # Errors
/// When the database fails.
pub async fn page(
    app: web::Data<App>,
    viewer: Viewer,
    request: HttpRequest,
    params: web::Query<FindParams>,
) -> Result<HttpResponse, PageError> {
    let conn = app.db.conn().await?;
    if let Some(room) = scanned_room(&params.q) {
        return choose_scanned(&conn, &viewer, &app, room).await;
    }
    let shell = viewer.shell(Nav::Find);
    let mut page = FindPage::empty(shell, params.q.trim());
    let ask = Ask {
        origin: find_origin(&app, &conn, &viewer, &request, params.from.as_deref()).await?,
        choice: params.choice(page.shell.t),
        conn: &conn,
        words: &app.words,
        params: &params,
        role: viewer.role,
    };
    page.notes.clone_from(&ask.choice.problems);
    page.done = DoneNote::load(&conn, &page.shell, viewer.user_id, params.done.as_deref()).await?;
    match FindQuery::parse(&params.q) {
        Err(QueryError::TooLong { chars }) => page.refuse_text(chars),
        Ok(FindQuery::Text(text)) => return page.answer_text(&ask, &text).await,
        Ok(FindQuery::Everything) => match params.wanted_type() {
            Some(id) => return page.answer_type(&ask, id).await,
            None if ask.choice.filters != Filters::default() => {
                return page.answer_all(&ask).await;
            }
            None => return page.answer_types(&ask, StatusCode::OK).await,
        },
    }
    page.answer_types(&ask, StatusCode::BAD_REQUEST).await
}

impl FindPage {
    fn empty(shell: Shell, q: &str) -> Self {
        Self {
            shell,
            q: q.to_owned(),
            heading: String::new(),
            notes: Vec::new(),
            done: None,
            reading: Reading::default(),
            problem: None,
            controls: None,
            order: String::new(),
            rows: Vec::new(),
            several: Vec::new(),
            count: String::new(),
            next_href: None,
            start_href: None,
            csv_href: String::new(),
            types: Vec::new(),
        }
    }

    fn refuse_text(&mut self, chars: usize) {
        let t = &self.shell.t.pages.find;
        self.heading = t.too_long_title.to_owned();
        self.problem = Some(fill(t.too_long, &[&chars, &TEXT_CHARS_MAX]));
        self.q = self.q.chars().take(TEXT_CHARS_MAX).collect();
    }

    async fn answer_text(
        mut self,
        ask: &Ask<'_>,
        text: &SearchText,
    ) -> Result<HttpResponse, PageError> {
        let t = &self.shell.t.pages.find;
        let mut findings = find_text(ask.conn, ask.words, text, ask.params.is_exact()).await?;
        let is_code = matches!(findings.found, Found::One(_) | Found::SameCode(_));
        if let Some(narrowed) = &findings.matched.narrowed
            && !is_code
            && ask.choice.filters.place.is_none()
        {
            let place = narrowed.place.text();
            return Ok(see_other(
                &ask.params.href(&[("q", &narrowed.text), ("place", &place)]),
            ));
        }
        self.reading = Reading::new(&findings, text, ask.params, &self.shell);
        let wanted = ask.params.wanted_type();
        if !narrow_to_type(&mut findings.found, wanted) {
            let wanted: String = wanted.unwrap_or_default().chars().take(40).collect();
            self.notes.push(fill(t.type_beside, &[&wanted]));
        }
        let names: Vec<&str> = findings
            .matched
            .led()
            .iter()
            .map(|hit| hit.name.as_str())
            .collect();
        let (source, heading, note) = match findings.found {
            Found::One(asset) => return Ok(see_other(&routes::asset_path(asset))),
            Found::Nothing => return self.answer_nothing(ask, text).await,
            Found::SameCode(source) => {
                (source, Heading::SameCode, Some(t.same_code_note.to_owned()))
            }
            Found::Types(source) => match names.as_slice() {
                [name] => (source, Heading::Ready(capitalised(name)), None),
                _ => (
                    source,
                    Heading::Ready(capitalised(text.as_str())),
                    Some(fill(t.types_note, &[&names.join(", ")])),
                ),
            },
            Found::Models(source) => (
                source,
                Heading::Ready(capitalised(text.as_str())),
                Some(t.models_note.to_owned()),
            ),
            Found::Numbers(source) => (source, Heading::Numbers, None),
            Found::Parts(source) => (source, Heading::Parts, None),
        };
        self.notes.extend(note);
        self.answer_source(ask, &source, &heading).await
    }

    /// No asset is known by the text; a place may be.
    async fn answer_nothing(
        mut self,
        ask: &Ask<'_>,
        text: &SearchText,
    ) -> Result<HttpResponse, PageError> {
        let t = &self.shell.t.pages.find;
        let quoted = format!("\u{201c}{}\u{201d}", text.as_str());
        if self.reading.places.is_empty() {
            self.heading = fill(t.nothing_title, &[&quoted]);
            self.notes.push(format!("{} {}", t.nothing, t.nothing_next));
        } else {
            self.heading = fill(self.shell.t.search.places_title, &[&quoted]);
            self.notes.push(self.shell.t.search.places_next.to_owned());
        }
        self.answer_types(ask, StatusCode::OK).await
    }

    /// Everything, narrowed by filters only: "all that is soiled on my unit".
    async fn answer_all(self, ask: &Ask<'_>) -> Result<HttpResponse, PageError> {
        let types = list_type_names(ask.conn).await?;
        let source = Source::Types(types.into_iter().map(|(id, _)| id).collect());
        let heading = Heading::Ready(self.shell.t.pages.find.all_equipment.to_owned());
        self.answer_source(ask, &source, &heading).await
    }

    async fn answer_type(mut self, ask: &Ask<'_>, id: &str) -> Result<HttpResponse, PageError> {
        let t = &self.shell.t.pages.find;
        let id = id.parse().ok().map(AssetTypeId);
        let name = match id {
            Some(id) => find_type_name(ask.conn, id).await?,
            None => None,
        };
        let (Some(id), Some(name)) = (id, name) else {
            self.heading = t.no_type_title.to_owned();
            self.notes.push(t.no_type.to_owned());
            return self.answer_types(ask, StatusCode::NOT_FOUND).await;
        };
        let heading = Heading::Ready(capitalised(&name));
        self.answer_source(ask, &Source::Types(vec![id]), &heading)
            .await
    }

    async fn answer_source(
        mut self,
        ask: &Ask<'_>,
        source: &Source,
        heading: &Heading,
    ) -> Result<HttpResponse, PageError> {
        let after = ask
            .params
            .after
            .as_deref()
            .and_then(|text| PageCursor::parse(text, self.shell.now));
        let is_later = after.is_some();
        let listing = Listing {
            source,
            filters: ask.choice.filters,
            sort: ask.choice.sort,
            costs: &ask.origin.costs,
            unit: ask.origin.unit,
        };
        let found = list_hits(ask.conn, &listing, self.shell.now, after).await?;
        self.show(ask, &found, heading, is_later);
        self.controls =
            Some(Controls::load(ask.conn, &self.shell, ask.params, &ask.origin, &found).await?);
        if found.total == 0 && ask.choice.filters == Filters::default() {
            self.answer_types(ask, StatusCode::OK).await
        } else {
            self.respond(StatusCode::OK)
        }
    }

    /// Fills in a page of hits.
    fn show(&mut self, ask: &Ask<'_>, found: &HitPage, heading: &Heading, is_later: bool) {
        let t = &self.shell.t.pages.find;
        let status = ask.choice.filters.status;
        self.heading = heading.words(found, &self.shell, &self.q, &ask.origin, status);
        if found.total == 0 {
            let is_narrowed = ask.choice.filters != Filters::default();
            self.notes.push(if is_narrowed {
                t.empty_filter.to_owned()
            } else {
                format!("{} {}", t.empty_type, t.empty_type_next)
            });
            return;
        }
        if found.is_cut {
            self.notes
                .push(fill(t.cut, &[&grouped_usize(CANDIDATES_MAX)]));
        }
        if found.hits.is_empty() {
            self.notes.push(t.end.to_owned());
        }
        let next = ask.params.href(&[]);
        self.shell.watch(found.hits.iter().flat_map(|hit| {
            let entry = &hit.entry;
            [
                Topic::Type(entry.asset_type_id),
                Topic::Asset(entry.asset_id),
            ]
        }));
        self.rows = found
            .hits
            .iter()
            .map(|hit| {
                AssetRow::new(hit, &self.shell)
                    .with_acts(hit, &next)
                    .with_pick(hit, ask.role, &self.shell)
                    .with_distance(hit, &ask.origin, &self.shell)
            })
            .collect();
        self.several = list_forms(&found.hits, ask.role, &next, &self.shell);
        self.order = ask.origin.order_words(&self.shell);
        self.count = match found.hits.len() {
            0 => grouped_usize(found.total),
            count => fill(
                t.shown,
                &[
                    &grouped_usize(found.before + 1),
                    &grouped_usize(found.before + count),
                    &grouped_usize(found.total),
                ],
            ),
        };
        self.next_href = found
            .next
            .as_ref()
            .map(|cursor| ask.params.href(&[("after", &cursor.to_string())]));
        self.start_href = is_later.then(|| ask.params.href(&[]));
        self.csv_href = ask.params.csv_href();
    }

    /// Shows the types to choose from: with no search at all, or as the next step of one that found nothing.
    async fn answer_types(
        mut self,
        ask: &Ask<'_>,
        status: StatusCode,
    ) -> Result<HttpResponse, PageError> {
        let types = list_types(ask.conn, ask.origin.unit, TYPES_MAX).await?;
        // A page that says what is wrong with its address says the same whatever happens.
        if status == StatusCode::OK {
            self.shell.watch([Topic::All(Kind::Type)]);
        }
        if self.heading.is_empty() {
            self.heading = self.shell.t.pages.find.all_types.to_owned();
        }
        if self.q.is_empty() && status == StatusCode::OK && self.controls.is_none() {
            let none = HitPage::default();
            let controls =
                Controls::load(ask.conn, &self.shell, ask.params, &ask.origin, &none).await?;
            self.controls = Some(controls.without_reach());
        }
        self.types = types
            .iter()
            .filter(|count| count.total > 0)
            .map(|count| TypeTile::new(count, ask.origin.unit_name.as_deref(), &self.shell))
            .collect();
        self.respond(status)
    }

    fn respond(self, status: StatusCode) -> Result<HttpResponse, PageError> {
        Page::new(self).with_status(status).render()
    }

    /// Where an administrator edits the words of the search; with what was typed, when nothing is known by it.
    fn teach_href(&self) -> Option<String> {
        let role = self.shell.person.as_ref()?.role;
        routes::may_open(role, routes::SYNONYMS).then(|| {
            if self.q.is_empty() {
                routes::SYNONYMS.to_owned()
            } else {
                routes::with_query(routes::SYNONYMS, &[("term", &self.q)])
            }
        })
    }

    fn teach_words(&self) -> String {
        let t = &self.shell.t.search;
        if self.q.is_empty() {
            t.edit_words.to_owned()
        } else {
            let q: String = self
                .q
                .chars()
                .take(crate::find::synonyms::TERM_CHARS_MAX)
                .collect();
            fill(t.teach, &[&q])
        }
    }

    /// How many rows the next page has at most, in words.
    fn next_words(&self) -> String {
        fill(self.shell.t.pages.find.next, &[&HITS_PER_PAGE])
    }
}

enum Heading {
    Ready(String),
    SameCode,
    Numbers,
    Parts,
}

impl Heading {
    fn words(
        &self,
        found: &HitPage,
        shell: &Shell,
        q: &str,
        origin: &Origin,
        status: Option<StatusFilter>,
    ) -> String {
        let t = &shell.t.pages.find;
        let ready = grouped_usize(found.ready);
        let other = match status {
            None | Some(StatusFilter::Ready) => None,
            Some(StatusFilter::Held) => Some(shell.t.status.hold),
            Some(StatusFilter::Is(status)) => Some(status_word(status, shell.t)),
        };
        // Who asks for soiled ones wants to know how many are soiled.
        if let (Self::Ready(name), Some(word)) = (self, other) {
            let words = if found.is_cut {
                t.of_status_at_least
            } else {
                t.of_status
            };
            let total = grouped_usize(found.total);
            return fill(words, &[name, &total, &word.to_lowercase()]);
        }
        match self {
            Self::Ready(name) if found.is_cut => fill(t.ready_at_least, &[name, &ready]),
            Self::Ready(name) => match (&origin.name, origin.unit) {
                (Some(place), Some(_)) if found.ready > 0 => {
                    let here = grouped_usize(found.ready_in_unit);
                    let place = origin.unit_name.as_ref().unwrap_or(place);
                    fill(t.ready_with_unit, &[name, &ready, &here, place])
                }
                _ => fill(t.ready, &[name, &ready]),
            },
            Self::SameCode => fill(t.same_code, &[&found.total, &q]),
            Self::Numbers => fill(t.numbers, &[&q]),
            Self::Parts => fill(shell.t.search.parts, &[&q]),
        }
    }
}

fn grouped_usize(number: usize) -> String {
    grouped(i64::try_from(number).unwrap_or(i64::MAX))
}

impl FindPage {
    /// Pages for tests of templates.
    #[must_use]
    pub fn samples() -> Vec<Self> {
        let shell = Shell::sample();
        let found = Self {
            heading: "Infusion pump: 5 ready".to_owned(),
            controls: Some(Controls::sample(&shell)),
            done: Some(DoneNote::sample(&shell)),
            order: "Ready first, nearest to 4 West first".to_owned(),
            reading: Reading::sample(&shell),
            notes: vec!["Types that match: <b>.".to_owned()],
            rows: AssetRow::samples(&shell),
            several: Several::samples(&shell),
            count: "1 to 7 of 31".to_owned(),
            next_href: Some(routes::find_path("a&b")),
            start_href: Some(routes::find_path("a&b")),
            csv_href: FindParams::default().csv_href(),
            ..Self::empty(shell.clone(), "\"><script>alert(1)</script>")
        };
        let nothing = Self {
            heading: "Nothing found".to_owned(),
            types: TypeTile::samples(&shell),
            ..Self::empty(shell.clone(), "\u{202e}pmup \u{1f6cf}")
        };
        let mut refused = Self::empty(shell, &"a".repeat(10_000));
        refused.refuse_text(10_000);
        vec![found, nothing, refused]
    }
}
