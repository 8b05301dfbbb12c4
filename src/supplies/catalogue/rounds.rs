//! Restocking rounds: which places are filled up together, and how often.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Float, Text};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{ItemError, ItemRefusal, or_taken};
use crate::audit::{Actor, Event, record_audit};
use crate::db::form_key::take_form_key;
use crate::db::schema::{stock_place, supply_round};
use crate::ids::{RoundId, UserId};
use crate::supplies::item_form::{ItemFault, ItemField};

/// Rounds with how many places are on each.
pub const ROUNDS_SQL: &str = include_str!("../sql/rounds.sql");

/// What people say of a round.
#[derive(Clone, Debug, PartialEq, Queryable)]
pub struct RoundFields {
    /// Its name.
    pub name: String,
    /// Days between two of them; 0: whenever something is needed.
    pub every_days: f32,
}

impl RoundFields {
    /// Tells one state of a round from any other.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        format!("{self:?}")
    }

    fn told(&self) -> Value {
        json!({"name": self.name, "every_days": self.every_days})
    }
}

/// A round.
#[derive(Clone, Debug, PartialEq, QueryableByName)]
pub struct RoundRow {
    /// Its id.
    #[diesel(sql_type = BigInt)]
    pub round_id: RoundId,
    /// Its name.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// Days between two of them; 0: whenever something is needed.
    #[diesel(sql_type = Float)]
    pub every_days: f32,
    /// Places in use that are on it.
    #[diesel(sql_type = BigInt)]
    pub places: i64,
}

/// All rounds by name: a hospital has a handful.
///
/// # Errors
/// When the database fails.
pub async fn list_rounds(mut conn: &AsyncPgConnection) -> QueryResult<Vec<RoundRow>> {
    sql_query(ROUNDS_SQL).load(&mut conn).await
}

/// A round.
///
/// # Errors
/// When the database fails.
pub async fn find_round(
    mut conn: &AsyncPgConnection,
    id: RoundId,
) -> QueryResult<Option<RoundFields>> {
    supply_round::table
        .find(id)
        .select((supply_round::name, supply_round::every_days))
        .first(&mut conn)
        .await
        .optional()
}

/// What a person does with rounds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum RoundAct<'a> {
    /// Adds one.
    Add(&'a RoundFields),
    /// Changes it; what the form showed of it.
    Edit(RoundId, &'a RoundFields, &'a str),
    /// Takes it away.
    Remove(RoundId),
}

/// A form about rounds.
#[derive(Clone, Copy, Debug)]
pub struct RoundForm<'a> {
    /// Its idempotency key.
    pub key: Uuid,
    /// By whom.
    pub user_id: UserId,
    /// What.
    pub act: RoundAct<'a>,
    /// Where the answer leads.
    pub location: &'a str,
}

/// Carries a form out once, in one transaction; what is computed from how often a round goes follows in parts, which the database itself
/// notes. `Some`: the form was carried out before, and led there.
///
/// # Errors
/// See [`ItemError`]; then the key is not used up.
pub async fn perform_round_form(
    conn: &mut AsyncPgConnection,
    form: &RoundForm<'_>,
    now: DateTime<Utc>,
) -> Result<Option<String>, ItemError> {
    conn.transaction(async |conn| {
        let repeat = take_form_key(conn, form.key, form.user_id, form.location, now).await?;
        if repeat.is_some() {
            return Ok(repeat);
        }
        let (id, action, before, after) = match form.act {
            RoundAct::Add(fields) => {
                let id = add(conn, fields).await?;
                (id, "round.added", None, Some(fields.told()))
            }
            RoundAct::Edit(id, fields, shown) => {
                let known = edit(conn, (id, fields), shown).await?;
                let (before, after) = (Some(known.told()), Some(fields.told()));
                (id, "round.changed", before, after)
            }
            RoundAct::Remove(id) => {
                let known = remove(conn, id).await?;
                (id, "round.removed", Some(known.told()), None)
            }
        };
        let subject = format!("round:{id}");
        let mut event = Event::new(Actor::User(form.user_id), action, subject);
        (event.before, event.after) = (before, after);
        record_audit(conn, &event, now).await?;
        Ok(None)
    })
    .await
}

/// Somebody else has the name, or took it at the same moment.
fn name_taken(error: diesel::result::Error, fields: &RoundFields) -> ItemError {
    let name = fields.name.clone();
    or_taken(error, ItemFault::Taken(ItemField::Name, name))
}

async fn add(conn: &mut AsyncPgConnection, fields: &RoundFields) -> Result<RoundId, ItemError> {
    diesel::insert_into(supply_round::table)
        .values((
            supply_round::name.eq(&fields.name),
            supply_round::every_days.eq(fields.every_days),
        ))
        .returning(supply_round::id)
        .get_result(conn)
        .await
        .map_err(|error| name_taken(error, fields))
}

/// The round, held until the end of the transaction.
async fn lock(conn: &mut AsyncPgConnection, id: RoundId) -> Result<RoundFields, ItemError> {
    let found: Option<RoundFields> = supply_round::table
        .find(id)
        .select((supply_round::name, supply_round::every_days))
        .for_update()
        .first(conn)
        .await
        .optional()?;
    Ok(found.ok_or(ItemRefusal::Gone)?)
}

async fn edit(
    conn: &mut AsyncPgConnection,
    (id, fields): (RoundId, &RoundFields),
    shown: &str,
) -> Result<RoundFields, ItemError> {
    let known = lock(conn, id).await?;
    if known.fingerprint() != shown {
        return Err(ItemRefusal::Stale.into());
    }
    diesel::update(supply_round::table.find(id))
        .set((
            supply_round::name.eq(&fields.name),
            supply_round::every_days.eq(fields.every_days),
        ))
        .execute(conn)
        .await
        .map_err(|error| name_taken(error, fields))?;
    Ok(known)
}

async fn remove(conn: &mut AsyncPgConnection, id: RoundId) -> Result<RoundFields, ItemError> {
    let known = lock(conn, id).await?;
    let places: i64 = stock_place::table
        .filter(stock_place::supply_round_id.eq(id))
        .filter(stock_place::is_retired.eq(false))
        .count()
        .get_result(conn)
        .await?;
    if places > 0 {
        return Err(ItemFault::RoundUsed(places).into());
    }
    // Places that are no longer used do not keep it.
    diesel::update(stock_place::table.filter(stock_place::supply_round_id.eq(id)))
        .set(stock_place::supply_round_id.eq(None::<RoundId>))
        .execute(conn)
        .await?;
    diesel::delete(supply_round::table.find(id))
        .execute(conn)
        .await?;
    Ok(known)
}
