//! What people and administrators do with accounts: each act is one transaction with its audit row (S-50).

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use serde_json::json;

use super::model::{NewUser, SignInName, User};
use super::password::{self, HashError, PasswordHasher, PasswordUnfit};
use super::session::{self, Token, TokenHash};
use super::store;
use super::throttle::{self, Decision};
use crate::audit::{Actor, Event, record_audit};
use crate::db::types::Role;
use crate::db::{Db, DbError};
use crate::ids::UserId;

/// A set-up link works this long (S-09).
pub const SETUP_LINK_LIFE: TimeDelta = TimeDelta::hours(1);

/// Why an act on accounts failed.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// No connection to the database.
    #[error("reaching the accounts")]
    Connect(#[from] DbError),
    /// The database refused.
    #[error("reading or writing accounts")]
    Query(#[from] diesel::result::Error),
    /// The password could not be hashed, or too many wait for it.
    #[error("checking a password")]
    Hash(#[from] HashError),
}

/// A try to sign in.
#[derive(Debug)]
pub struct SignInTry {
    /// The name as typed.
    pub name: String,
    /// The password as typed.
    pub password: String,
    /// Where it comes from, see [`throttle`].
    pub place: String,
    /// The visitor's session: it ends when the person's begins (S-12).
    pub visitor: TokenHash,
}

/// How a try ended.
#[derive(Debug)]
pub enum SignInOutcome {
    /// The new session.
    SignedIn(Token),
    /// Name or password is wrong, or the account is disabled: nobody learns which (S-07).
    Wrong,
    /// Too many tries.
    Wait(Duration),
    /// Too many tries for anybody but an administrator to help.
    NeedsAdmin,
}

/// The key that tries on a name are counted under. Text that can be no name shares one, so that nothing typed by mistake, such as
/// a password, is stored.
#[must_use]
pub fn account_key(name: &str) -> String {
    SignInName::parse(name).map_or_else(|| "(no name)".to_owned(), |name| name.to_string())
}

/// Tries to sign in.
///
/// # Errors
/// See [`AccountError`]; [`HashError::Busy`] when too many try at once.
pub async fn sign_in(
    db: &Db,
    passwords: &PasswordHasher,
    attempt: SignInTry,
    now: DateTime<Utc>,
) -> Result<SignInOutcome, AccountError> {
    let tried = try_password(
        db,
        passwords,
        &attempt.name,
        attempt.password,
        &attempt.place,
        now,
    );
    match tried.await? {
        Tried::Right(user, renewed) => {
            let mut conn = db.conn().await?;
            let token = start_session(&mut conn, &user, &attempt.visitor, renewed, now).await?;
            Ok(SignInOutcome::SignedIn(token))
        }
        Tried::Wrong(user) => {
            let mut conn = db.conn().await?;
            record_wrong_try(&mut conn, user.as_ref(), &attempt.place, now).await?;
            Ok(SignInOutcome::Wrong)
        }
        Tried::Wait(wait) => Ok(SignInOutcome::Wait(wait)),
        Tried::NeedsAdmin => Ok(SignInOutcome::NeedsAdmin),
    }
}

/// What became of a password that somebody typed.
enum Tried {
    /// It is that of an account that works; with its new hash when the stored one is weaker than today's.
    Right(User, Option<String>),
    /// It is not, or there is no such account, or it is disabled.
    Wrong(Option<User>),
    /// It was not looked at.
    Wait(Duration),
    /// It was not looked at, nor will be.
    NeedsAdmin,
}

/// Counts a try (S-07) and checks its password (S-06), with no connection held over the slow part.
async fn try_password(
    db: &Db,
    passwords: &PasswordHasher,
    name: &str,
    password: String,
    place: &str,
    now: DateTime<Utc>,
) -> Result<Tried, AccountError> {
    let in_line = passwords.enter()?;
    let mut conn = db.conn().await?;
    match count_try(&mut conn, &account_key(name), place, now).await? {
        Decision::Try { .. } => {}
        Decision::Wait(wait) => return Ok(Tried::Wait(wait)),
        Decision::NeedsAdmin => return Ok(Tried::NeedsAdmin),
    }
    let user = match SignInName::parse(name) {
        Some(name) => store::find_user(&conn, &name).await?,
        None => None,
    };
    // The connection goes back before the slow part, so that sign-ins never hold the pool.
    drop(conn);
    let stored = user.as_ref().map(|user| user.password_hash.clone());
    let right = in_line.verify(password.clone(), stored).await?;
    match user {
        Some(user) if right && user.disabled_at.is_none() => {
            let renewed = renewed_hash(passwords, &user, password).await?;
            Ok(Tried::Right(user, renewed))
        }
        user => Ok(Tried::Wrong(user)),
    }
}

/// A signed-in person who enters the password again (S-16).
#[derive(Debug)]
pub struct StepUpTry<'a> {
    /// Whose account it is: that of the session, never what was typed.
    pub user: &'a User,
    /// The password as typed.
    pub password: String,
    /// Where it comes from, see [`throttle`].
    pub place: String,
    /// The session: it gets a new id (S-12).
    pub session: TokenHash,
}

/// How entering the password again ended.
#[derive(Debug)]
pub enum StepUpOutcome {
    /// The new id of the session.
    Done(Token),
    /// The password is wrong; the session goes on as it was.
    Wrong,
    /// Too many tries.
    Wait(Duration),
    /// Too many tries for anybody but an administrator to help.
    NeedsAdmin,
    /// The session ended meanwhile.
    Ended,
}

/// Checks the password of a signed-in person again, with the brake of signing in (S-07).
///
/// # Errors
/// See [`AccountError`]; [`HashError::Busy`] when too many try at once.
pub async fn step_up(
    db: &Db,
    passwords: &PasswordHasher,
    attempt: StepUpTry<'_>,
    now: DateTime<Utc>,
) -> Result<StepUpOutcome, AccountError> {
    let (user, place) = (attempt.user, &attempt.place);
    let tried = try_password(
        db,
        passwords,
        &user.sign_in_name,
        attempt.password,
        place,
        now,
    );
    match tried.await? {
        Tried::Right(user, renewed) => {
            let mut conn = db.conn().await?;
            let token = renew_session(&mut conn, &user, &attempt.session, renewed, now).await?;
            Ok(token.map_or(StepUpOutcome::Ended, StepUpOutcome::Done))
        }
        Tried::Wrong(_) => {
            let mut conn = db.conn().await?;
            let actor = Actor::User(user.id);
            let event = Event::new(actor, "session.step_up_refused", subject(user.id))
                .with_after(json!({ "from": place }));
            conn.transaction(async |conn| record_audit(conn, &event, now).await)
                .await?;
            Ok(StepUpOutcome::Wrong)
        }
        Tried::Wait(wait) => Ok(StepUpOutcome::Wait(wait)),
        Tried::NeedsAdmin => Ok(StepUpOutcome::NeedsAdmin),
    }
}

async fn renew_session(
    conn: &mut AsyncPgConnection,
    user: &User,
    old: &TokenHash,
    renewed_hash: Option<String>,
    now: DateTime<Utc>,
) -> Result<Option<Token>, AccountError> {
    conn.transaction(async |conn| {
        store::delete_failures(conn, &user.sign_in_name).await?;
        if let Some(hash) = &renewed_hash {
            store::set_password_hash(conn, user.id, hash).await?;
        }
        let token = session::renew_session(conn, old, user.id, now).await?;
        if token.is_some() {
            let actor = Actor::User(user.id);
            let event = Event::new(actor, "session.stepped_up", subject(user.id));
            record_audit(conn, &event, now).await?;
        }
        Ok(token)
    })
    .await
}

async fn count_try(
    conn: &mut AsyncPgConnection,
    account: &str,
    place: &str,
    now: DateTime<Utc>,
) -> Result<Decision, AccountError> {
    conn.transaction(async |conn| {
        let counted = store::lock_failures(conn, account, place, now).await?;
        let decision = throttle::decide_try(&counted, now);
        if let Decision::Try {
            failures,
            next_try_at,
        } = decision
        {
            store::record_failure(conn, account, place, failures, next_try_at, now).await?;
        }
        Ok(decision)
    })
    .await
}

/// The password hashed again when the stored hash is weaker than today's (S-06).
async fn renewed_hash(
    passwords: &PasswordHasher,
    user: &User,
    password: String,
) -> Result<Option<String>, AccountError> {
    if !password::is_outdated(&user.password_hash) {
        return Ok(None);
    }
    Ok(Some(passwords.enter()?.hash(password).await?))
}

async fn start_session(
    conn: &mut AsyncPgConnection,
    user: &User,
    visitor: &TokenHash,
    renewed_hash: Option<String>,
    now: DateTime<Utc>,
) -> Result<Token, AccountError> {
    conn.transaction(async |conn| {
        store::delete_failures(conn, &user.sign_in_name).await?;
        if let Some(hash) = &renewed_hash {
            store::set_password_hash(conn, user.id, hash).await?;
        }
        session::delete_session(conn, visitor).await?;
        let token = session::insert_session(conn, Some(user.id), now).await?;
        let event = Event::new(Actor::User(user.id), "session.started", subject(user.id));
        record_audit(conn, &event, now).await?;
        Ok(token)
    })
    .await
}

async fn record_wrong_try(
    conn: &mut AsyncPgConnection,
    user: Option<&User>,
    place: &str,
    now: DateTime<Utc>,
) -> Result<(), AccountError> {
    let subject = user.map_or_else(|| "unknown name".to_owned(), |user| subject(user.id));
    conn.transaction(async |conn| {
        let event = Event::new(Actor::Visitor, "session.refused", subject.clone())
            .with_after(json!({ "from": place }));
        record_audit(conn, &event, now).await?;
        Ok(())
    })
    .await
}

/// Ends a person's session.
///
/// # Errors
/// See [`AccountError`].
pub async fn sign_out(
    db: &Db,
    user: UserId,
    token: &TokenHash,
    now: DateTime<Utc>,
) -> Result<(), AccountError> {
    let mut conn = db.conn().await?;
    conn.transaction(async |conn| {
        session::delete_session(conn, token).await?;
        let event = Event::new(Actor::User(user), "session.ended", subject(user));
        record_audit(conn, &event, now).await?;
        Ok(())
    })
    .await
}

/// Checks a new password of this person (S-05), with the hospital's names from the database.
///
/// # Errors
/// See [`AccountError`]; what is wrong with the password is the inner result.
pub async fn check_password(
    db: &Db,
    password: &str,
    name: &str,
    display_name: &str,
) -> Result<Result<(), PasswordUnfit>, AccountError> {
    let facilities = store::list_facility_names(&*db.conn().await?).await?;
    let mut context: Vec<&str> = vec![name, display_name];
    context.extend(facilities.iter().map(String::as_str));
    Ok(password::check(password, &context))
}

/// Adds an account; `None` when the name is taken.
///
/// # Errors
/// See [`AccountError`].
pub async fn add_user(
    db: &Db,
    user: &NewUser<'_>,
    password_hash: &str,
    now: DateTime<Utc>,
) -> Result<Option<UserId>, AccountError> {
    let mut conn = db.conn().await?;
    conn.transaction(async |conn| {
        let added = store::insert_user(conn, user, password_hash, now).await?;
        if let Some(id) = added {
            record_audit(conn, &user_added(Actor::Command, id, user), now).await?;
        }
        Ok(added)
    })
    .await
}

/// Sets a new password, ends the person's sessions (S-14) and forgets wrong tries (S-07).
///
/// # Errors
/// See [`AccountError`].
pub async fn set_password(
    db: &Db,
    user: &User,
    password_hash: &str,
    now: DateTime<Utc>,
) -> Result<(), AccountError> {
    let mut conn = db.conn().await?;
    conn.transaction(async |conn| {
        store::set_password_hash(conn, user.id, password_hash).await?;
        store::delete_failures(conn, &user.sign_in_name).await?;
        session::delete_sessions_of(conn, user.id).await?;
        let event = Event::new(Actor::Command, "user.password_set", subject(user.id));
        record_audit(conn, &event, now).await?;
        Ok(())
    })
    .await
}

/// How disabling ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disabling {
    /// The account is disabled and its sessions have ended (S-14).
    Done,
    /// It is the last administrator: somebody must be able to help (S-21).
    LastAdmin,
}

/// Disables an account and ends its sessions.
///
/// # Errors
/// See [`AccountError`].
pub async fn disable_user(
    db: &Db,
    user: &User,
    now: DateTime<Utc>,
) -> Result<Disabling, AccountError> {
    let mut conn = db.conn().await?;
    conn.transaction(async |conn| {
        lock_admins(conn).await?;
        if user.role == Role::Admin
            && user.disabled_at.is_none()
            && store::count_admins(conn).await? <= 1
        {
            return Ok(Disabling::LastAdmin);
        }
        store::set_disabled(conn, user.id, now).await?;
        session::delete_sessions_of(conn, user.id).await?;
        let event = Event::new(Actor::Command, "user.disabled", subject(user.id));
        record_audit(conn, &event, now).await?;
        Ok(Disabling::Done)
    })
    .await
}

/// Makes a link that lets one person make the first administrator; `None` when there is an administrator (S-09).
///
/// # Errors
/// See [`AccountError`].
pub async fn make_setup_link(db: &Db, now: DateTime<Utc>) -> Result<Option<Token>, AccountError> {
    let mut conn = db.conn().await?;
    conn.transaction(async |conn| {
        lock_admins(conn).await?;
        if store::count_admins(conn).await? > 0 {
            return Ok(None);
        }
        let token = Token::random();
        store::replace_setup_link(conn, &token.hash(), now, now + SETUP_LINK_LIFE).await?;
        let event = Event::new(Actor::Command, "setup_link.made", "setup_link".to_owned());
        record_audit(conn, &event, now).await?;
        Ok(Some(token))
    })
    .await
}

/// How setting up ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SetUp {
    /// The administrator is made and the link is used up.
    Done(UserId),
    /// The link does not work, or no longer.
    Dead,
    /// Another account has the name; the link still works.
    NameTaken,
}

/// Makes the first administrator with a link.
///
/// # Errors
/// See [`AccountError`].
pub async fn set_up_admin(
    db: &Db,
    link: &TokenHash,
    user: &NewUser<'_>,
    password_hash: &str,
    now: DateTime<Utc>,
) -> Result<SetUp, AccountError> {
    let mut conn = db.conn().await?;
    conn.transaction(async |conn| {
        // Two links, or one link twice at once: the lock lets one of them make the administrator, the other finds one.
        lock_admins(conn).await?;
        if !store::is_setup_link_alive(conn, link, now).await? {
            return Ok(SetUp::Dead);
        }
        let Some(id) = store::insert_user(conn, user, password_hash, now).await? else {
            return Ok(SetUp::NameTaken);
        };
        store::use_setup_link(conn, link, now).await?;
        let event = user_added(Actor::Visitor, id, user).with_reason("set-up link");
        record_audit(conn, &event, now).await?;
        Ok(SetUp::Done(id))
    })
    .await
}

/// Removes what has ended: sessions, and wrong tries on names that nobody has. Returns how many rows.
///
/// # Errors
/// See [`AccountError`].
pub async fn clean_up(db: &Db, now: DateTime<Utc>) -> Result<usize, AccountError> {
    let mut conn = db.conn().await?;
    let sessions = session::delete_ended(&mut conn, now).await?;
    let failures = store::delete_old_failures(&mut conn, now).await?;
    Ok(sessions + failures)
}

fn user_added<'a>(actor: Actor<'a>, id: UserId, user: &NewUser<'_>) -> Event<'a> {
    Event::new(actor, "user.added", subject(id)).with_after(json!({
        "sign_in_name": user.sign_in_name.as_str(),
        "display_name": user.display_name,
        "role": user.role.as_str(),
        "home_unit_id": user.home_unit_id.map(|id| id.0),
    }))
}

fn subject(user: UserId) -> String {
    format!("user:{user}")
}

/// Lets one transaction at a time count and change administrators.
async fn lock_admins(conn: &mut AsyncPgConnection) -> diesel::QueryResult<()> {
    diesel::sql_query("SELECT pg_advisory_xact_lock(hashtext('wardtrack administrators'))")
        .execute(conn)
        .await?;
    Ok(())
}

/// Notes that a person asked for an address that their role may not use (S-50).
///
/// # Errors
/// See [`AccountError`].
pub async fn record_denied(
    db: &Db,
    user: UserId,
    address: &str,
    now: DateTime<Utc>,
) -> Result<(), AccountError> {
    let mut conn = db.conn().await?;
    conn.transaction(async |conn| {
        let event = Event::new(Actor::User(user), "access.denied", address.to_owned());
        record_audit(conn, &event, now).await?;
        Ok(())
    })
    .await
}
