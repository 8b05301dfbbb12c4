//! Server-side sessions (S-11 to S-13).
//!
//! The browser holds 256 random bits; the database holds their SHA-256. A session without a person belongs to a visitor of the
//! sign-in page, whose form needs a token too (S-25).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use diesel::dsl::{delete, insert_into, update};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use rand::TryRngCore;
use sha2::{Digest, Sha256};

use crate::db::schema::{app_user, facility, unit, user_session};
use crate::db::types::Role;
use crate::ids::{UnitId, UserId};

/// A session without any use ends after this long (S-13).
pub const IDLE_MAX: TimeDelta = TimeDelta::minutes(15);
/// Every session ends after this long (S-13).
pub const LIFE_MAX: TimeDelta = TimeDelta::hours(12);
/// For this long after a password was entered its person may do what needs a fresh one (S-16).
pub const FRESH_MAX: TimeDelta = TimeDelta::minutes(5);
/// The time of last use is written at most this often.
const TOUCH_EVERY: TimeDelta = TimeDelta::minutes(1);

/// 256 random bits, as a cookie or a link holds them.
#[derive(Clone)]
pub struct Token(String);

/// SHA-256 of a [`Token`]: what the database and the log may know.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TokenHash([u8; 32]);

impl Token {
    /// A new one. The one place where tokens are made (S-56).
    ///
    /// # Panics
    /// When the system has no randomness to give: nothing here would be safe then.
    #[must_use]
    pub fn random() -> Self {
        let mut bytes = [0_u8; 32];
        #[expect(
            clippy::expect_used,
            reason = "without randomness no token may be made, and Linux always has it after boot"
        )]
        rand::rngs::OsRng
            .try_fill_bytes(&mut bytes)
            .expect("the system gives randomness");
        Self(URL_SAFE_NO_PAD.encode(bytes))
    }

    /// The token that a browser sent, when it has the form of one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let is_one = text.len() == 43
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
        is_one.then(|| Self(text.to_owned()))
    }

    /// The text for the cookie or link.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What is stored of it.
    #[must_use]
    pub fn hash(&self) -> TokenHash {
        TokenHash(Sha256::digest(self.0.as_bytes()).into())
    }
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[hidden]")
    }
}

impl TokenHash {
    /// The stored bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl std::fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[session]")
    }
}

/// A session that is alive, with its person.
#[derive(Clone, Debug)]
pub struct Session {
    /// Its key.
    pub token: TokenHash,
    /// When it was last used, to the minute.
    pub last_used_at: DateTime<Utc>,
    /// A sentence for the next page.
    pub flash: Option<String>,
    /// When its person last entered a password.
    pub password_at: Option<DateTime<Utc>>,
    /// Who signed in.
    pub person: Option<SessionPerson>,
}

impl Session {
    /// Whether its time of use is old enough to be written again: at most once a minute.
    #[must_use]
    pub fn is_touch_due(&self, now: DateTime<Utc>) -> bool {
        now - self.last_used_at >= TOUCH_EVERY
    }

    /// Whether a password was entered lately (S-16).
    #[must_use]
    pub fn is_fresh(&self, now: DateTime<Utc>) -> bool {
        self.password_at.is_some_and(|at| now - at <= FRESH_MAX)
    }
}

/// The person of a session, as every page needs them.
#[derive(Clone, Debug, Queryable)]
#[diesel(check_for_backend(diesel::pg::Pg))]
pub struct SessionPerson {
    /// Their account.
    pub user_id: UserId,
    /// Name for people.
    pub display_name: String,
    /// What they may do.
    pub role: Role,
    /// The unit they work in.
    pub home_unit_id: Option<UnitId>,
    /// Its name.
    pub home_unit: Option<String>,
    /// The time zone of its facility.
    pub time_zone: Option<String>,
    /// They want to hear critical alerts.
    pub critical_sound: bool,
}

/// Starts a session for a person who has just entered a password, or for a visitor.
///
/// # Errors
/// When the database cannot be written.
pub async fn insert_session(
    conn: &mut AsyncPgConnection,
    user: Option<UserId>,
    now: DateTime<Utc>,
) -> QueryResult<Token> {
    let token = Token::random();
    insert_into(user_session::table)
        .values((
            user_session::token_hash.eq(token.hash().as_bytes()),
            user_session::user_id.eq(user.map(|id| id.0)),
            user_session::created_at.eq(now),
            user_session::last_used_at.eq(now),
            user_session::expires_at.eq(now + LIFE_MAX),
            user_session::password_at.eq(user.map(|_| now)),
        ))
        .execute(conn)
        .await?;
    Ok(token)
}

/// Gives the session of a person who has entered the password again a new id; the old one is dead at once (S-12). It ends when it would
/// have ended (S-13). `None` when it had ended already.
///
/// # Errors
/// When the database cannot be written.
pub async fn renew_session(
    conn: &mut AsyncPgConnection,
    old: &TokenHash,
    user: UserId,
    now: DateTime<Utc>,
) -> QueryResult<Option<Token>> {
    let token = Token::random();
    let own = user_session::table
        .filter(user_session::token_hash.eq(old.as_bytes()))
        .filter(user_session::user_id.eq(user.0));
    let renewed = update(own)
        .set((
            user_session::token_hash.eq(token.hash().as_bytes()),
            user_session::password_at.eq(now),
            user_session::last_used_at.eq(now),
        ))
        .execute(conn)
        .await?;
    Ok((renewed == 1).then_some(token))
}

/// The session of this token, while it lives and its person is not disabled.
///
/// # Errors
/// When the database cannot be read.
pub async fn find_session(
    mut conn: &AsyncPgConnection,
    token: &TokenHash,
    now: DateTime<Utc>,
) -> QueryResult<Option<Session>> {
    type Row = (
        DateTime<Utc>,
        Option<String>,
        Option<DateTime<Utc>>,
        Option<SessionPerson>,
    );
    let row: Option<Row> = user_session::table
        .left_join(app_user::table.left_join(unit::table.inner_join(facility::table)))
        .filter(user_session::token_hash.eq(token.as_bytes()))
        .filter(user_session::last_used_at.gt(now - IDLE_MAX))
        .filter(user_session::expires_at.gt(now))
        .filter(app_user::disabled_at.is_null())
        .select((
            user_session::last_used_at,
            user_session::flash,
            user_session::password_at,
            (
                app_user::id,
                app_user::display_name,
                app_user::role,
                app_user::home_unit_id,
                unit::name.nullable(),
                facility::time_zone.nullable(),
                app_user::critical_sound,
            )
                .nullable(),
        ))
        .first(&mut conn)
        .await
        .optional()?;
    Ok(
        row.map(|(last_used_at, flash, password_at, person)| Session {
            token: *token,
            last_used_at,
            flash,
            password_at,
            person,
        }),
    )
}

/// Those of these sessions that live and have a person who is not disabled; by one query for all open pages (S-14).
///
/// # Errors
/// When the database cannot be read.
pub async fn list_living(
    mut conn: &AsyncPgConnection,
    tokens: &[TokenHash],
    now: DateTime<Utc>,
) -> QueryResult<Vec<TokenHash>> {
    let hashes: Vec<&[u8]> = tokens.iter().map(TokenHash::as_bytes).collect();
    let living: Vec<Vec<u8>> = user_session::table
        .inner_join(app_user::table)
        .filter(user_session::token_hash.eq_any(hashes))
        .filter(user_session::last_used_at.gt(now - IDLE_MAX))
        .filter(user_session::expires_at.gt(now))
        .filter(app_user::disabled_at.is_null())
        .select(user_session::token_hash)
        .load(&mut conn)
        .await?;
    let tokens = living.into_iter().filter_map(|hash| hash.try_into().ok());
    Ok(tokens.map(TokenHash).collect())
}

/// Notes that the session was used; for when [`Session::is_touch_due`]. Not for polls: they never extend a session (S-13).
///
/// # Errors
/// When the database cannot be written.
pub async fn touch(
    mut conn: &AsyncPgConnection,
    session: &Session,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    update(user_session::table.filter(user_session::token_hash.eq(session.token.as_bytes())))
        .set(user_session::last_used_at.eq(now))
        .execute(&mut conn)
        .await?;
    Ok(())
}

/// Leaves a sentence for the session's next page.
///
/// # Errors
/// When the database cannot be written.
pub async fn set_flash(
    conn: &mut AsyncPgConnection,
    token: &TokenHash,
    words: &str,
) -> QueryResult<()> {
    update(user_session::table.filter(user_session::token_hash.eq(token.as_bytes())))
        .set(user_session::flash.eq(words))
        .execute(conn)
        .await?;
    Ok(())
}

/// Takes the sentence away once a page shows it.
///
/// # Errors
/// When the database cannot be written.
pub async fn clear_flash(mut conn: &AsyncPgConnection, token: &TokenHash) -> QueryResult<()> {
    update(user_session::table.filter(user_session::token_hash.eq(token.as_bytes())))
        .set(user_session::flash.eq(None::<String>))
        .execute(&mut conn)
        .await?;
    Ok(())
}

/// Ends one session.
///
/// # Errors
/// When the database cannot be written.
pub async fn delete_session(conn: &mut AsyncPgConnection, token: &TokenHash) -> QueryResult<()> {
    delete(user_session::table.filter(user_session::token_hash.eq(token.as_bytes())))
        .execute(conn)
        .await?;
    Ok(())
}

/// Ends every session of a person (S-14); returns how many there were.
///
/// # Errors
/// When the database cannot be written.
pub async fn delete_sessions_of(conn: &mut AsyncPgConnection, user: UserId) -> QueryResult<usize> {
    delete(user_session::table.filter(user_session::user_id.eq(user.0)))
        .execute(conn)
        .await
}

/// Removes sessions that have ended; returns how many.
///
/// # Errors
/// When the database cannot be written.
pub async fn delete_ended(conn: &mut AsyncPgConnection, now: DateTime<Utc>) -> QueryResult<usize> {
    delete(
        user_session::table.filter(
            user_session::last_used_at
                .le(now - IDLE_MAX)
                .or(user_session::expires_at.le(now)),
        ),
    )
    .execute(conn)
    .await
}

/// The time zone of the first facility, for people without a home unit.
///
/// # Errors
/// When the database cannot be read.
pub async fn find_time_zone(mut conn: &AsyncPgConnection) -> QueryResult<Option<String>> {
    facility::table
        .order(facility::id)
        .select(facility::time_zone)
        .first(&mut conn)
        .await
        .optional()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s11_tokens_are_256_random_bits_and_only_their_form_is_accepted() {
        let (one, other) = (Token::random(), Token::random());
        assert_ne!(one.expose(), other.expose());
        assert_eq!(URL_SAFE_NO_PAD.decode(one.expose()).unwrap().len(), 32);
        assert_eq!(
            Token::parse(one.expose()).map(|token| token.hash()),
            Some(one.hash())
        );
        for wrong in [
            "",
            "short",
            &"x".repeat(44),
            &format!("{}=", "x".repeat(42)),
        ] {
            assert!(Token::parse(wrong).is_none(), "{wrong}");
        }
        assert_eq!(format!("{one:?}"), "[hidden]");
    }
}
