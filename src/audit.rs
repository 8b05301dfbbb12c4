//! The record of who changed what (S-50): a row in the caller's transaction, so that there is no change without its row.

use chrono::{DateTime, Utc};
use diesel::dsl::insert_into;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde_json::Value;

use crate::db::partitions::ensure_partition;
use crate::db::schema::audit_log;
use crate::ids::UserId;

/// Who acted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Actor<'a> {
    /// A signed-in person.
    User(UserId),
    /// Somebody at a page who is not signed in.
    Visitor,
    /// A wardtrack command on the server.
    Command,
    /// A rule of the program, such as "idle session".
    Rule(&'a str),
}

/// One event.
#[derive(Debug)]
pub struct Event<'a> {
    /// Who acted.
    pub actor: Actor<'a>,
    /// What was done, such as `user.added`.
    pub action: &'a str,
    /// What it was done to, such as `user:12`.
    pub subject: String,
    /// How it was before.
    pub before: Option<Value>,
    /// How it is now.
    pub after: Option<Value>,
    /// Why, when somebody said so.
    pub reason: Option<&'a str>,
}

impl<'a> Event<'a> {
    /// An event without details.
    #[must_use]
    pub fn new(actor: Actor<'a>, action: &'a str, subject: String) -> Self {
        Self {
            actor,
            action,
            subject,
            before: None,
            after: None,
            reason: None,
        }
    }

    /// With how it is now.
    #[must_use]
    pub fn with_after(mut self, after: Value) -> Self {
        self.after = Some(after);
        self
    }

    /// With why.
    #[must_use]
    pub fn with_reason(mut self, reason: &'a str) -> Self {
        self.reason = Some(reason);
        self
    }
}

/// Writes the event in the caller's transaction, and its month's partition when that is missing.
///
/// # Errors
/// When the database cannot be written.
pub async fn record_audit(
    conn: &mut AsyncPgConnection,
    event: &Event<'_>,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    ensure_partition(conn, "audit_log", now.date_naive()).await?;
    let (user, actor) = match event.actor {
        Actor::User(id) => (Some(id.0), "user".to_owned()),
        Actor::Visitor => (None, "visitor".to_owned()),
        Actor::Command => (None, "command".to_owned()),
        Actor::Rule(name) => (None, format!("rule: {name}")),
    };
    insert_into(audit_log::table)
        .values((
            audit_log::at.eq(now),
            audit_log::actor_user_id.eq(user),
            audit_log::actor.eq(actor),
            audit_log::action.eq(event.action),
            audit_log::subject.eq(&event.subject),
            audit_log::before.eq(&event.before),
            audit_log::after.eq(&event.after),
            audit_log::reason.eq(event.reason),
        ))
        .execute(conn)
        .await?;
    Ok(())
}
