//! Search results.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use super::asset_row::AssetRow;
use super::filters;
use super::home::TypeTile;
use super::page::{Nav, Page, Shell, see_other};
use super::strings::fill;
use super::wording::{capitalised, grouped};
use super::{PageError, routes};
use crate::app::App;
use crate::db::DbConn;
use crate::find::query::{FindQuery, QueryError, SearchText, TEXT_CHARS_MAX};
use crate::find::rank::PageCursor;
use crate::find::search::{
    CANDIDATES_MAX, Found, HITS_PER_PAGE, HitPage, Source, find_text, find_type_name, list_hits,
    list_types,
};
use crate::ids::AssetTypeId;
use crate::web::extract::Viewer;

/// Most types on one page.
const TYPES_MAX: i64 = 500;

/// The query string. Values that mean nothing are not an error of the link: the page says what to do.
#[derive(Debug, Default, Deserialize)]
pub struct FindParams {
    /// What was typed.
    #[serde(default)]
    pub q: String,
    /// All of one type.
    pub r#type: Option<String>,
    /// Where the page begins.
    pub after: Option<String>,
}

/// Search results, or what to do when there are none.
#[derive(Debug, Template)]
#[template(path = "find/index.html")]
pub struct FindPage {
    /// Frame.
    pub shell: Shell,
    /// What was typed.
    pub q: String,
    /// "Infusion pump: 5 ready".
    pub heading: String,
    /// What the list is, when the heading does not say it.
    pub notes: Vec<String>,
    /// What is wrong with the text; shown at the box.
    pub problem: Option<String>,
    /// The results.
    pub rows: Vec<AssetRow>,
    /// "25 of 310 shown".
    pub count: String,
    /// The next page.
    pub next_href: Option<String>,
    /// The first page, from any other.
    pub start_href: Option<String>,
    /// Types to choose from, when there are no results.
    pub types: Vec<TypeTile>,
}

/// `GET /find`
///
/// # Errors
/// When the database fails.
pub async fn page(
    app: web::Data<App>,
    viewer: Viewer,
    params: web::Query<FindParams>,
) -> Result<HttpResponse, PageError> {
    let shell = viewer.shell(Nav::Find);
    let conn = app.db.conn().await?;
    let mut page = FindPage::empty(shell, params.q.trim());
    match FindQuery::parse(&params.q) {
        Err(QueryError::TooLong { chars }) => page.refuse_text(chars),
        Ok(FindQuery::Text(text)) => return page.answer_text(&conn, &text, &params).await,
        Ok(FindQuery::Everything) => match &params.r#type {
            Some(id) => return page.answer_type(&conn, id, &params).await,
            None => return page.answer_types(&conn, StatusCode::OK).await,
        },
    }
    page.answer_types(&conn, StatusCode::BAD_REQUEST).await
}

impl FindPage {
    fn empty(shell: Shell, q: &str) -> Self {
        Self {
            shell,
            q: q.to_owned(),
            heading: String::new(),
            notes: Vec::new(),
            problem: None,
            rows: Vec::new(),
            count: String::new(),
            next_href: None,
            start_href: None,
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
        conn: &DbConn,
        text: &SearchText,
        params: &FindParams,
    ) -> Result<HttpResponse, PageError> {
        let t = &self.shell.t.pages.find;
        let (source, heading, note) = match find_text(conn, text).await? {
            Found::One(asset) => return Ok(see_other(&routes::asset_path(asset))),
            Found::Nothing => {
                self.heading = fill(
                    t.nothing_title,
                    &[&format!("\u{201c}{}\u{201d}", text.as_str())],
                );
                self.notes = vec![format!("{} {}", t.nothing, t.nothing_next)];
                return self.answer_types(conn, StatusCode::OK).await;
            }
            Found::SameCode(source) => {
                (source, Heading::SameCode, Some(t.same_code_note.to_owned()))
            }
            Found::Types(names, source) => match names.as_slice() {
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
        };
        self.notes.extend(note);
        let link = [("q", text.as_str())];
        self.show_hits(conn, &source, &heading, &link, params)
            .await?;
        if self.count.is_empty() {
            self.answer_types(conn, StatusCode::OK).await
        } else {
            self.respond(StatusCode::OK)
        }
    }

    async fn answer_type(
        mut self,
        conn: &DbConn,
        id: &str,
        params: &FindParams,
    ) -> Result<HttpResponse, PageError> {
        let t = &self.shell.t.pages.find;
        let id = id.parse().ok().map(AssetTypeId);
        let name = match id {
            Some(id) => find_type_name(conn, id).await?,
            None => None,
        };
        let (Some(id), Some(name)) = (id, name) else {
            self.heading = t.no_type_title.to_owned();
            self.notes = vec![t.no_type.to_owned()];
            return self.answer_types(conn, StatusCode::NOT_FOUND).await;
        };
        let link_id = id.to_string();
        let source = Source::Types(vec![id]);
        self.show_hits(
            conn,
            &source,
            &Heading::Ready(capitalised(&name)),
            &[("type", &link_id)],
            params,
        )
        .await?;
        if self.count.is_empty() {
            self.answer_types(conn, StatusCode::OK).await
        } else {
            self.respond(StatusCode::OK)
        }
    }

    /// Fills in a page of hits; `link` is the query string that leads here.
    async fn show_hits(
        &mut self,
        conn: &DbConn,
        source: &Source,
        heading: &Heading,
        link: &[(&str, &str)],
        params: &FindParams,
    ) -> Result<(), PageError> {
        let after = params
            .after
            .as_deref()
            .and_then(|text| PageCursor::parse(text, self.shell.now));
        let found = list_hits(conn, source, self.shell.now, after).await?;
        let t = &self.shell.t.pages.find;
        self.heading = heading.words(&found, &self.shell, &self.q);
        if found.total == 0 {
            self.notes = vec![format!("{} {}", t.empty_type, t.empty_type_next)];
            return Ok(());
        }
        if found.is_cut {
            self.notes
                .push(fill(t.cut, &[&grouped_usize(CANDIDATES_MAX)]));
        }
        if found.hits.is_empty() {
            self.notes.push(t.end.to_owned());
        }
        self.rows = found
            .hits
            .iter()
            .map(|hit| AssetRow::new(hit, &self.shell))
            .collect();
        self.count = match found.hits.len() {
            0 => grouped_usize(found.total),
            count => fill(
                t.shown,
                &[
                    &(found.before + 1),
                    &(found.before + count),
                    &grouped_usize(found.total),
                ],
            ),
        };
        self.next_href = found.next.map(|cursor| {
            let cursor = cursor.to_string();
            let pairs: Vec<_> = link
                .iter()
                .copied()
                .chain([("after", cursor.as_str())])
                .collect();
            routes::with_query(routes::FIND, &pairs)
        });
        self.start_href = after.map(|_| routes::with_query(routes::FIND, link));
        Ok(())
    }

    /// Shows the types to choose from: with no search at all, or as the next step of one that found nothing.
    async fn answer_types(
        mut self,
        conn: &DbConn,
        status: StatusCode,
    ) -> Result<HttpResponse, PageError> {
        let types = list_types(conn, TYPES_MAX).await?;
        if self.heading.is_empty() {
            self.heading = self.shell.t.pages.find.all_types.to_owned();
        }
        self.types = types
            .iter()
            .filter(|count| count.total > 0)
            .map(|count| TypeTile::new(count, &self.shell))
            .collect();
        self.respond(status)
    }

    fn respond(self, status: StatusCode) -> Result<HttpResponse, PageError> {
        Page::new(self).with_status(status).render()
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
}

impl Heading {
    fn words(&self, found: &HitPage, shell: &Shell, q: &str) -> String {
        let t = &shell.t.pages.find;
        match self {
            Self::Ready(name) if found.is_cut => {
                fill(t.ready_at_least, &[name, &grouped_usize(found.ready)])
            }
            Self::Ready(name) => fill(t.ready, &[name, &grouped_usize(found.ready)]),
            Self::SameCode => fill(t.same_code, &[&found.total, &q]),
            Self::Numbers => fill(t.numbers, &[&q]),
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
            notes: vec!["Types that match: <b>.".to_owned()],
            rows: AssetRow::samples(&shell),
            count: "1 to 7 of 31".to_owned(),
            next_href: Some(routes::find_path("a&b")),
            start_href: Some(routes::find_path("a&b")),
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
