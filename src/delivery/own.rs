//! A person's own mail address, which messages about alerts go to when a route names what that person is.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::mail::is_mail_address;
use super::routes::insert_test;
use super::store::give_up_waiting;
use crate::audit::{Actor, Event, record_audit};
use crate::db::form_key::take_form_key;
use crate::db::schema::{app_user, destination};
use crate::db::types::DestinationKind;
use crate::ids::{DestinationId, UserId};

/// Why nothing is sent to a person who took the address away.
const TAKEN_AWAY: &str = "its person wants no mail";

/// A person's own address.
#[derive(Clone, Debug, PartialEq, Eq, Queryable)]
pub struct OwnMail {
    /// Its row.
    pub destination_id: DestinationId,
    /// The address.
    pub address: String,
    /// Since when nothing is sent there.
    pub disabled_at: Option<DateTime<Utc>>,
    /// Failed tries in a row.
    pub failures: i32,
}

/// The address of a person, when there is one that is used.
///
/// # Errors
/// When the database fails.
pub async fn find_own_mail(
    mut conn: &AsyncPgConnection,
    user_id: UserId,
) -> QueryResult<Option<OwnMail>> {
    destination::table
        .filter(destination::user_id.eq(user_id))
        .filter(destination::disabled_at.is_null())
        .select((
            destination::id,
            destination::address,
            destination::disabled_at,
            destination::failures,
        ))
        .first(&mut conn)
        .await
        .optional()
}

/// What a person does with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OwnMailAct<'a> {
    /// Mail goes to this address.
    Set(&'a str),
    /// No mail any longer; what waits is given up.
    TakeAway,
    /// A message to try it out.
    Test,
}

/// Who does what, with which form.
#[derive(Clone, Copy, Debug)]
pub struct OwnMailForm<'a> {
    /// Idempotency key.
    pub key: Uuid,
    /// Whose.
    pub user_id: UserId,
    /// What.
    pub act: OwnMailAct<'a>,
    /// Where the answer leads.
    pub location: &'a str,
}

/// Why nothing was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OwnMailRefusal {
    /// It is no mail address.
    Address,
    /// There is none to try out or take away.
    None,
}

/// Why a form was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum OwnMailError {
    /// It is not allowed; nothing was changed.
    #[error("the mail address cannot be set so")]
    Refused(OwnMailRefusal),
    /// The database failed; nothing was changed.
    #[error("setting a mail address")]
    Database(#[from] diesel::result::Error),
}

crate::db::again::refusable!(OwnMailError, OwnMailRefusal);

/// Carries out a person's form once, in one transaction, with a line in the audit log (S-50). `Some`: it was carried out before, and led there.
///
/// # Errors
/// See [`OwnMailError`]; then the key is not used up.
pub async fn perform_own_mail_form(
    conn: &mut AsyncPgConnection,
    form: &OwnMailForm<'_>,
    now: DateTime<Utc>,
) -> Result<Option<String>, OwnMailError> {
    conn.transaction(async |conn| {
        let repeat = take_form_key(conn, form.key, form.user_id, form.location, now).await?;
        if repeat.is_some() {
            return Ok(repeat);
        }
        let (action, id) = match form.act {
            OwnMailAct::Set(address) => {
                let address = address.trim();
                if !is_mail_address(address) {
                    return Err(OwnMailError::Refused(OwnMailRefusal::Address));
                }
                let id = set_address(conn, form.user_id, address, now).await?;
                ("own_mail.set", id)
            }
            OwnMailAct::TakeAway => {
                let id = own(conn, form.user_id).await?;
                diesel::update(destination::table.find(id))
                    .set((
                        destination::disabled_at.eq(now),
                        destination::disabled_reason.eq(TAKEN_AWAY),
                    ))
                    .execute(conn)
                    .await?;
                give_up_waiting(conn, Some(id), TAKEN_AWAY, now).await?;
                ("own_mail.taken_away", id)
            }
            OwnMailAct::Test => {
                let id = own(conn, form.user_id).await?;
                insert_test(conn, id, now).await?;
                ("own_mail.tested", id)
            }
        };
        let subject = format!("destination:{id}");
        let event = Event::new(Actor::User(form.user_id), action, subject);
        record_audit(conn, &event, now).await?;
        Ok(None)
    })
    .await
}

async fn own(conn: &mut AsyncPgConnection, user_id: UserId) -> Result<DestinationId, OwnMailError> {
    let found = find_own_mail(conn, user_id).await?;
    let found = found.ok_or(OwnMailError::Refused(OwnMailRefusal::None))?;
    Ok(found.destination_id)
}

/// One address a person; a new one has not failed yet.
async fn set_address(
    conn: &mut AsyncPgConnection,
    user_id: UserId,
    address: &str,
    now: DateTime<Utc>,
) -> QueryResult<DestinationId> {
    let name: String = app_user::table
        .find(user_id)
        .select(app_user::display_name)
        .first(conn)
        .await?;
    let name: String = name.chars().take(80).collect();
    let fresh = (
        destination::name.eq(&name),
        destination::address.eq(address),
        destination::failures.eq(0),
        destination::broken_until.eq(None::<DateTime<Utc>>),
        destination::disabled_at.eq(None::<DateTime<Utc>>),
        destination::disabled_reason.eq(None::<String>),
    );
    diesel::insert_into(destination::table)
        .values((
            destination::user_id.eq(user_id),
            destination::kind.eq(DestinationKind::Mail),
            destination::created_at.eq(now),
            fresh.clone(),
        ))
        .on_conflict(destination::user_id)
        .do_update()
        .set(fresh)
        .returning(destination::id)
        .get_result(conn)
        .await
}
