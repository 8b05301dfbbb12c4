//! Synonyms in the database: the list, and single changes.

use chrono::{DateTime, Utc};
use diesel::deserialize::QueryableByName;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Nullable, Text};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use serde_json::json;
use uuid::Uuid;

use crate::audit::{Actor, Event, record_audit};
use crate::db::form_key::take_form_key;
use crate::db::schema::{asset_type, model, synonym};
use crate::db::types::SynonymKind;
use crate::find::query::fold::fold;
use crate::find::query::vocabulary::Target;
use crate::ids::{AssetTypeId, ModelId, SynonymId, UserId};

/// The list of synonyms.
pub const ROWS_SQL: &str = include_str!("../sql/synonyms.sql");
/// Rows on one page.
pub const ROWS_PER_PAGE: usize = 50;

/// A synonym with the name of what it stands for.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct SynonymEntry {
    /// The row.
    #[diesel(sql_type = BigInt)]
    pub synonym_id: SynonymId,
    /// As people write it.
    #[diesel(sql_type = Text)]
    pub term: String,
    /// As searches compare it.
    #[diesel(sql_type = Text)]
    pub folded: String,
    /// What sort of word it is.
    #[diesel(sql_type = Text)]
    pub kind: SynonymKind,
    /// The type, when it stands for one.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub asset_type_id: Option<AssetTypeId>,
    /// Its name, or that of the model's type.
    #[diesel(sql_type = Text)]
    pub type_name: String,
    /// The model, when it stands for one.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub model_id: Option<ModelId>,
    /// Its maker.
    #[diesel(sql_type = Nullable<Text>)]
    pub maker: Option<String>,
    /// Its name.
    #[diesel(sql_type = Nullable<Text>)]
    pub model_name: Option<String>,
}

impl SynonymEntry {
    /// What it stands for.
    #[must_use]
    pub fn target(&self) -> Option<Target> {
        self.asset_type_id
            .map(Target::Type)
            .or(self.model_id.map(Target::Model))
    }
}

/// Where a page of the list begins: after this term and row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SynonymCursor {
    /// Folded term of the last row.
    pub folded: String,
    /// Its row.
    pub id: i64,
}

impl SynonymCursor {
    /// Reads "12.iv pump".
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (id, folded) = text.split_once('.')?;
        Some(Self {
            id: id.parse().ok()?,
            folded: fold(folded),
        })
    }
}

impl std::fmt::Display for SynonymCursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.id, self.folded)
    }
}

/// Synonyms whose words, or whose type, hold a text; all when it is empty.
///
/// # Errors
/// When the database fails.
pub async fn list_synonyms(
    mut conn: &AsyncPgConnection,
    text: &str,
    after: Option<&SynonymCursor>,
    limit: usize,
) -> QueryResult<Vec<SynonymEntry>> {
    let wanted = fold(text);
    sql_query(ROWS_SQL)
        .bind::<Nullable<Text>, _>(Some(wanted).filter(|text| !text.is_empty()))
        .bind::<Nullable<Text>, _>(after.map(|cursor| &cursor.folded))
        .bind::<Nullable<BigInt>, _>(after.map(|cursor| cursor.id))
        .bind::<BigInt, _>(i64::try_from(limit).unwrap_or(i64::MAX))
        .load(&mut conn)
        .await
}

/// One synonym.
///
/// # Errors
/// When the database fails.
pub async fn find_synonym(
    mut conn: &AsyncPgConnection,
    id: SynonymId,
) -> QueryResult<Option<(String, SynonymKind, Option<Target>)>> {
    type Row = (String, SynonymKind, Option<AssetTypeId>, Option<ModelId>);
    let row: Option<Row> = synonym::table
        .find(id)
        .select((
            synonym::term,
            synonym::kind,
            synonym::asset_type_id,
            synonym::model_id,
        ))
        .first(&mut conn)
        .await
        .optional()?;
    Ok(row.map(|(term, kind, of_type, of_model)| {
        let target = of_type.map(Target::Type).or(of_model.map(Target::Model));
        (term, kind, target)
    }))
}

/// How many there are.
///
/// # Errors
/// When the database fails.
pub async fn count_synonyms(mut conn: &AsyncPgConnection) -> QueryResult<i64> {
    synonym::table.count().get_result(&mut conn).await
}

/// A synonym to be written. Its term has passed [`super::file::read_term`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewSynonym {
    /// As people write it.
    pub term: String,
    /// As searches compare it.
    pub folded: String,
    /// What sort of word it is.
    pub kind: SynonymKind,
    /// What it stands for.
    pub target: Target,
}

impl NewSynonym {
    pub(super) fn of_type(&self) -> Option<AssetTypeId> {
        match self.target {
            Target::Type(id) => Some(id),
            Target::Model(_) => None,
        }
    }

    pub(super) fn of_model(&self) -> Option<ModelId> {
        match self.target {
            Target::Type(_) => None,
            Target::Model(id) => Some(id),
        }
    }

    fn facts(&self) -> serde_json::Value {
        let (sort, id) = match self.target {
            Target::Type(id) => ("asset_type", id.0),
            Target::Model(id) => ("model", id.0),
        };
        json!({"term": self.term, "kind": self.kind.as_str(), sort: id})
    }
}

/// What became of one change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// Done.
    Done,
    /// The same word stands for the same thing already: nothing was changed.
    Exists,
    /// There is no such synonym, type or model any more.
    Gone,
}

/// Adds a synonym in the caller's transaction.
///
/// # Errors
/// When the database fails.
pub async fn insert_synonym(
    conn: &mut AsyncPgConnection,
    new: &NewSynonym,
    actor: Actor<'_>,
    now: DateTime<Utc>,
) -> QueryResult<Written> {
    if !is_target(conn, new.target).await? {
        return Ok(Written::Gone);
    }
    let id: Option<SynonymId> = diesel::insert_into(synonym::table)
        .values((
            synonym::term.eq(&new.term),
            synonym::folded.eq(&new.folded),
            synonym::kind.eq(new.kind),
            synonym::asset_type_id.eq(new.of_type()),
            synonym::model_id.eq(new.of_model()),
        ))
        .on_conflict_do_nothing()
        .returning(synonym::id)
        .get_result(conn)
        .await
        .optional()?;
    let Some(id) = id else {
        return Ok(Written::Exists);
    };
    let event = Event::new(actor, "synonym.added", format!("synonym:{id}")).with_after(new.facts());
    record_audit(conn, &event, now).await?;
    Ok(Written::Done)
}

/// Changes a synonym in the caller's transaction.
///
/// # Errors
/// When the database fails.
pub async fn change_synonym(
    conn: &mut AsyncPgConnection,
    id: SynonymId,
    new: &NewSynonym,
    actor: Actor<'_>,
    now: DateTime<Utc>,
) -> QueryResult<Written> {
    let known: Option<(String, SynonymKind)> = synonym::table
        .find(id)
        .select((synonym::term, synonym::kind))
        .for_update()
        .first(conn)
        .await
        .optional()?;
    let Some((term, kind)) = known else {
        return Ok(Written::Gone);
    };
    if !is_target(conn, new.target).await? {
        return Ok(Written::Gone);
    }
    let same = synonym::table
        .filter(synonym::folded.eq(&new.folded))
        .filter(synonym::asset_type_id.is_not_distinct_from(new.of_type()))
        .filter(synonym::model_id.is_not_distinct_from(new.of_model()))
        .filter(synonym::id.ne(id))
        .count();
    if same.get_result::<i64>(conn).await? > 0 {
        return Ok(Written::Exists);
    }
    diesel::update(synonym::table.find(id))
        .set((
            synonym::term.eq(&new.term),
            synonym::folded.eq(&new.folded),
            synonym::kind.eq(new.kind),
            synonym::asset_type_id.eq(new.of_type()),
            synonym::model_id.eq(new.of_model()),
        ))
        .execute(conn)
        .await?;
    let mut event =
        Event::new(actor, "synonym.changed", format!("synonym:{id}")).with_after(new.facts());
    event.before = Some(json!({"term": term, "kind": kind.as_str()}));
    record_audit(conn, &event, now).await?;
    Ok(Written::Done)
}

/// Deletes a synonym in the caller's transaction; its term, or `None` when there is none.
///
/// # Errors
/// When the database fails.
pub async fn delete_synonym(
    conn: &mut AsyncPgConnection,
    id: SynonymId,
    actor: Actor<'_>,
    now: DateTime<Utc>,
) -> QueryResult<Option<String>> {
    let term: Option<String> = diesel::delete(synonym::table.find(id))
        .returning(synonym::term)
        .get_result(conn)
        .await
        .optional()?;
    if let Some(term) = &term {
        let mut event = Event::new(actor, "synonym.deleted", format!("synonym:{id}"));
        event.before = Some(json!({ "term": term }));
        record_audit(conn, &event, now).await?;
    }
    Ok(term)
}

async fn is_target(conn: &mut AsyncPgConnection, target: Target) -> QueryResult<bool> {
    let count: i64 = match target {
        Target::Type(id) => asset_type::table.find(id).count().get_result(conn).await?,
        Target::Model(id) => model::table.find(id).count().get_result(conn).await?,
    };
    Ok(count > 0)
}

/// A change that a person asks for by a form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wish {
    /// A further synonym.
    Add(NewSynonym),
    /// Another word, sort or target.
    Change(SynonymId, NewSynonym),
    /// No longer.
    Delete(SynonymId),
}

/// What became of a form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Posted {
    /// It was carried out, about this word.
    Done(String),
    /// The same form was carried out before: nothing was done again.
    Repeat,
    /// Nothing was changed, and why.
    Refused(Written),
}

/// Carries out a person's form once, in one transaction.
///
/// # Errors
/// When the database fails.
pub async fn perform_form(
    conn: &mut AsyncPgConnection,
    key: Uuid,
    user_id: UserId,
    wish: &Wish,
    location: &str,
    now: DateTime<Utc>,
) -> QueryResult<Posted> {
    let actor = Actor::User(user_id);
    conn.transaction(async |conn| {
        if take_form_key(conn, key, user_id, location, now)
            .await?
            .is_some()
        {
            return Ok(Posted::Repeat);
        }
        let (written, term) = match wish {
            Wish::Add(new) => (
                insert_synonym(conn, new, actor, now).await?,
                new.term.clone(),
            ),
            Wish::Change(id, new) => (
                change_synonym(conn, *id, new, actor, now).await?,
                new.term.clone(),
            ),
            Wish::Delete(id) => match delete_synonym(conn, *id, actor, now).await? {
                Some(term) => (Written::Done, term),
                None => (Written::Gone, String::new()),
            },
        };
        Ok(match written {
            Written::Done => Posted::Done(term),
            refused => Posted::Refused(refused),
        })
    })
    .await
}
