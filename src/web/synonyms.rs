//! The words of the search, for administrators: the list, adding, changing and deleting one.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;
use uuid::Uuid;

use super::filters;
use super::page::{Nav, Page, Problem, Shell, see_other};
use super::strings::{Strings, fill};
use super::wording::{capitalised, grouped};
use super::{PageError, routes};
use crate::app::App;
use crate::db::DbConn;
use crate::db::types::SynonymKind;
use crate::find::synonyms::TERM_CHARS_MAX;
use crate::find::synonyms::store::{
    Posted, ROWS_PER_PAGE, SynonymCursor, SynonymEntry, Wish, Written, count_synonyms,
    find_synonym, list_synonyms, perform_form,
};
use crate::ids::SynonymId;
use crate::web::extract::{IdPath, Viewer};

mod fields;
pub mod file;

use fields::target_text;
pub use fields::{Choice, Fields, SynonymForm};

/// The query string of the list.
#[derive(Debug, Default, Deserialize)]
pub struct SynonymsParams {
    /// Only words or types that hold this.
    #[serde(default)]
    pub q: String,
    /// A word to add, for the form.
    pub term: Option<String>,
    /// Where the page begins.
    pub after: Option<String>,
}

/// What is deleted.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeleteForm {
    /// Idempotency key.
    pub key: Uuid,
}

/// The list.
#[derive(Debug, Template)]
#[template(path = "synonyms/index.html")]
pub struct SynonymsPage {
    /// Frame.
    pub shell: Shell,
    /// "1,204 words".
    pub count: String,
    /// What the list is narrowed to.
    pub q: String,
    /// The form to add one.
    pub fields: Fields,
    /// The words.
    pub rows: Vec<SynonymRow>,
    /// Further ones.
    pub next_href: Option<String>,
    /// The first page, from any other.
    pub start_href: Option<String>,
}

/// A word, ready to show.
#[derive(Clone, Debug)]
pub struct SynonymRow {
    /// The word.
    pub term: String,
    /// Its sort.
    pub kind: &'static str,
    /// What it stands for.
    pub target: String,
    /// Where to change it.
    pub href: String,
}

/// One word, to change or delete.
#[derive(Debug, Template)]
#[template(path = "synonyms/synonym.html")]
pub struct SynonymPage {
    /// Frame.
    pub shell: Shell,
    /// "Change “wow”".
    pub heading: String,
    /// The form.
    pub fields: Fields,
    /// Where to delete it.
    pub delete_href: String,
    /// Idempotency key of that.
    pub delete_key: String,
}

/// `GET /synonyms`
///
/// # Errors
/// When the database fails.
pub async fn index(
    app: web::Data<App>,
    viewer: Viewer,
    params: web::Query<SynonymsParams>,
) -> Result<Page<SynonymsPage>, PageError> {
    let conn = app.db.conn().await?;
    let given = SynonymForm {
        term: params.term.clone().unwrap_or_default(),
        ..SynonymForm::default()
    };
    let fields = Fields::load(
        &conn,
        routes::SYNONYMS.to_owned(),
        &given,
        viewer.shell(Nav::Find).t,
    )
    .await?;
    Ok(Page::new(load(&conn, &viewer, &params, fields).await?))
}

/// `POST /synonyms`
///
/// # Errors
/// When the form cannot be read, or the database fails.
pub async fn add(
    app: web::Data<App>,
    viewer: Viewer,
    form: web::Form<SynonymForm>,
) -> Result<HttpResponse, PageError> {
    let t = viewer.shell(Nav::Find).t;
    let problems = match form.read(t) {
        Ok(new) => match post(&app, &viewer, form.key, &Wish::Add(new)).await? {
            Ok(words) => return leave(&app, &viewer, &words).await,
            Err(problem) => vec![problem],
        },
        Err(problems) => problems,
    };
    let conn = app.db.conn().await?;
    let mut fields = Fields::load(&conn, routes::SYNONYMS.to_owned(), &form, t).await?;
    fields.problems = problems;
    let page = load(&conn, &viewer, &SynonymsParams::default(), fields).await?;
    Page::new(page)
        .with_status(StatusCode::UNPROCESSABLE_ENTITY)
        .render()
}

/// `GET /synonyms/{id}`
///
/// # Errors
/// When there is no such word, or the database fails.
pub async fn edit(
    app: web::Data<App>,
    viewer: Viewer,
    id: IdPath<SynonymId>,
) -> Result<Page<SynonymPage>, PageError> {
    let conn = app.db.conn().await?;
    let (term, kind, target) = find_synonym(&conn, id.0)
        .await?
        .ok_or(PageError::NotFound)?;
    let shell = viewer.shell(Nav::Find);
    let form = SynonymForm {
        key: Uuid::now_v7(),
        term,
        kind: kind.as_str().to_owned(),
        target: target.map(target_text).unwrap_or_default(),
    };
    let fields = Fields::load(&conn, routes::synonym_path(id.0), &form, shell.t).await?;
    Ok(Page::new(SynonymPage::new(shell, id.0, &form.term, fields)))
}

/// `POST /synonyms/{id}`
///
/// # Errors
/// When there is no such word, the form cannot be read, or the database fails.
pub async fn change(
    app: web::Data<App>,
    viewer: Viewer,
    id: IdPath<SynonymId>,
    form: web::Form<SynonymForm>,
) -> Result<HttpResponse, PageError> {
    let shell = viewer.shell(Nav::Find);
    let conn = app.db.conn().await?;
    let (term, ..) = find_synonym(&conn, id.0)
        .await?
        .ok_or(PageError::NotFound)?;
    drop(conn);
    let problems = match form.read(shell.t) {
        Ok(new) => match post(&app, &viewer, form.key, &Wish::Change(id.0, new)).await? {
            Ok(words) => return leave(&app, &viewer, &words).await,
            Err(problem) => vec![problem],
        },
        Err(problems) => problems,
    };
    let conn = app.db.conn().await?;
    let mut fields = Fields::load(&conn, routes::synonym_path(id.0), &form, shell.t).await?;
    fields.problems = problems;
    Page::new(SynonymPage::new(shell, id.0, &term, fields))
        .with_status(StatusCode::UNPROCESSABLE_ENTITY)
        .render()
}

/// `POST /synonyms/{id}/delete`
///
/// # Errors
/// When the database fails.
pub async fn delete(
    app: web::Data<App>,
    viewer: Viewer,
    id: IdPath<SynonymId>,
    form: web::Form<DeleteForm>,
) -> Result<HttpResponse, PageError> {
    let words = match post(&app, &viewer, form.key, &Wish::Delete(id.0)).await? {
        Ok(words) => words,
        Err(_) => viewer.shell(Nav::Find).t.synonyms.delete_gone.to_owned(),
    };
    leave(&app, &viewer, &words).await
}

/// Carries a form out; what to say about it, or what is wrong with it.
async fn post(
    app: &App,
    viewer: &Viewer,
    key: Uuid,
    wish: &Wish,
) -> Result<Result<String, Problem>, PageError> {
    let t = &viewer.shell(Nav::Find).t.synonyms;
    let mut conn = app.db.conn().await?;
    let now = app.clock.now();
    let posted = perform_form(&mut conn, key, viewer.user_id, wish, routes::SYNONYMS, now).await?;
    Ok(match posted {
        Posted::Repeat => Ok(t.repeat.to_owned()),
        Posted::Done(term) => Ok(match wish {
            Wish::Add(_) => fill(t.added, &[&term]),
            Wish::Change(..) => fill(t.changed, &[&term]),
            Wish::Delete(_) => fill(t.deleted, &[&term]),
        }),
        Posted::Refused(Written::Exists) => {
            let term = match wish {
                Wish::Add(new) | Wish::Change(_, new) => new.term.as_str(),
                Wish::Delete(_) => "",
            };
            Err(Problem::new("term", fill(t.exists, &[&term])))
        }
        Posted::Refused(_) => Err(Problem::new("target", t.target_gone)),
    })
}

async fn leave(app: &App, viewer: &Viewer, words: &str) -> Result<HttpResponse, PageError> {
    viewer.leave_flash(app, words).await?;
    Ok(see_other(routes::SYNONYMS))
}

async fn load(
    conn: &DbConn,
    viewer: &Viewer,
    params: &SynonymsParams,
    fields: Fields,
) -> Result<SynonymsPage, PageError> {
    let shell = viewer.shell(Nav::Find);
    let q: String = params.q.trim().chars().take(TERM_CHARS_MAX).collect();
    let after = params.after.as_deref().and_then(SynonymCursor::parse);
    let (mut entries, count) = tokio::try_join!(
        list_synonyms(conn, &q, after.as_ref(), ROWS_PER_PAGE + 1),
        count_synonyms(conn)
    )?;
    let has_more = entries.len() > ROWS_PER_PAGE;
    entries.truncate(ROWS_PER_PAGE);
    let list = |after: Option<String>| {
        let mut pairs = Vec::new();
        if !q.is_empty() {
            pairs.push(("q", q.as_str()));
        }
        if let Some(after) = &after {
            pairs.push(("after", after.as_str()));
        }
        if pairs.is_empty() {
            routes::SYNONYMS.to_owned()
        } else {
            routes::with_query(routes::SYNONYMS, &pairs)
        }
    };
    let next_href = entries.last().filter(|_| has_more).map(|last| {
        let cursor = SynonymCursor {
            folded: last.folded.clone(),
            id: last.synonym_id.0,
        };
        list(Some(cursor.to_string()))
    });
    Ok(SynonymsPage {
        count: fill(shell.t.synonyms.count, &[&grouped(count)]),
        rows: entries
            .iter()
            .map(|entry| SynonymRow::new(entry, shell.t))
            .collect(),
        next_href,
        start_href: after.is_some().then(|| list(None)),
        q,
        fields,
        shell,
    })
}

fn kind_word(kind: SynonymKind, t: &Strings) -> &'static str {
    match kind {
        SynonymKind::Brand => t.synonyms.kind_brand,
        SynonymKind::Slang => t.synonyms.kind_slang,
        SynonymKind::Abbreviation => t.synonyms.kind_abbreviation,
        SynonymKind::Name => t.synonyms.kind_name,
    }
}

impl SynonymRow {
    fn new(entry: &SynonymEntry, t: &Strings) -> Self {
        let target = match (&entry.maker, &entry.model_name) {
            (Some(maker), Some(name)) => format!("{maker} {name} ({})", entry.type_name),
            _ => capitalised(&entry.type_name),
        };
        Self {
            term: entry.term.clone(),
            kind: kind_word(entry.kind, t),
            target,
            href: routes::synonym_path(entry.synonym_id),
        }
    }
}

impl SynonymPage {
    fn new(shell: Shell, id: SynonymId, term: &str, fields: Fields) -> Self {
        Self {
            heading: fill(shell.t.synonyms.change_title, &[&term]),
            fields,
            delete_href: routes::synonym_delete_path(id),
            delete_key: Uuid::now_v7().to_string(),
            shell,
        }
    }

    /// Pages for tests of templates.
    #[must_use]
    pub fn samples() -> Vec<Self> {
        let shell = Shell::sample_for(crate::db::types::Role::Admin);
        let mut wrong = Fields::sample(shell.t);
        wrong.problems = vec![
            Problem::new("term", "<b>"),
            Problem::new("kind", "x"),
            Problem::new("target", "x"),
        ];
        vec![
            Self::new(
                shell.clone(),
                SynonymId(5),
                "<wow>",
                Fields::sample(shell.t),
            ),
            Self::new(shell, SynonymId(5), "<wow>", wrong),
        ]
    }
}

impl SynonymsPage {
    /// How many rows the next page has at most, in words.
    fn next_words(&self) -> String {
        fill(self.shell.t.synonyms.next, &[&ROWS_PER_PAGE])
    }

    /// Pages for tests of templates.
    #[must_use]
    pub fn samples() -> Vec<Self> {
        let shell = Shell::sample_for(crate::db::types::Role::Admin);
        let row = |term: &str| SynonymRow {
            term: term.to_owned(),
            kind: shell.t.synonyms.kind_slang,
            target: "Workstation on wheels".to_owned(),
            href: routes::synonym_path(SynonymId(5)),
        };
        let page = |rows, q: &str, next_href: Option<String>| Self {
            count: fill(shell.t.synonyms.count, &[&"1,204"]),
            q: q.to_owned(),
            fields: Fields::sample(shell.t),
            rows,
            start_href: next_href.clone(),
            next_href,
            shell: shell.clone(),
        };
        vec![
            page(
                vec![row("wow"), row("<cow>")],
                "",
                Some(routes::SYNONYMS.to_owned()),
            ),
            page(Vec::new(), "<q>", None),
            page(Vec::new(), "", None),
        ]
    }
}
