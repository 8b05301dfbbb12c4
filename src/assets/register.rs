//! The register: which devices, models, types and tags there are. Everything that is written here is one transaction with its
//! events (R12) and its rows of the audit log (S-50), and is done once however often its form is sent.
//!
//! [`rules`] says what a form may hold, [`record`] adds and edits assets, [`vocabulary`] types and models, [`tagging`] puts tags on
//! and takes them off, [`list`] reads.

pub mod list;
pub mod record;
pub mod rules;
pub mod standing;
pub mod tagging;
pub mod vocabulary;

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use self::rules::Fault;
use super::acts::ActError;
use crate::audit::{Actor, Event, record_audit};
use crate::db::form_key::take_form_key;
use crate::db::schema::form_post;
use crate::db::types::Role;
use crate::ids::UserId;

/// Who writes, when, and with which form.
#[derive(Clone, Copy, Debug)]
pub struct Keeper {
    /// The person.
    pub user_id: UserId,
    /// What they may do.
    pub role: Role,
    /// Idempotency key of the form.
    pub key: Uuid,
    /// The instant.
    pub now: DateTime<Utc>,
    /// The day at the facility: service that was due before it is overdue.
    pub today: NaiveDate,
}

/// Why nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum NotSaved {
    /// The form holds mistakes.
    #[error("the form holds mistakes")]
    Faulty(Vec<Fault>),
    /// Somebody changed it since the form was shown.
    #[error("somebody changed it meanwhile")]
    Stale,
    /// There is no such thing.
    #[error("there is no such thing")]
    Gone,
    /// Other things hang on it, so it cannot be deleted: devices and models.
    #[error("other things hang on it")]
    InUse {
        /// Devices, retired ones too.
        assets: i64,
        /// Models.
        models: i64,
    },
    /// The same form was carried out before: where it led.
    #[error("the form was carried out before")]
    Repeat(String),
    /// The database failed.
    #[error("writing the register")]
    Database(#[from] diesel::result::Error),
}

impl NotSaved {
    /// Whether running it again may help: it met another transaction, whose outcome the next run sees.
    #[must_use]
    pub fn met_another(&self) -> bool {
        use diesel::result::{DatabaseErrorKind, Error};
        match self {
            Self::Database(Error::DatabaseError(
                DatabaseErrorKind::UniqueViolation | DatabaseErrorKind::ExclusionViolation,
                _,
            )) => true,
            Self::Database(error) => crate::db::fault::met_another(error),
            _ => false,
        }
    }
}

impl From<ActError> for NotSaved {
    fn from(error: ActError) -> Self {
        match error {
            ActError::Refused(_) => Self::Gone,
            ActError::Database(error) => Self::Database(error),
        }
    }
}

impl Keeper {
    /// Uses up the key of the form; `location` is where a second press is led to.
    async fn take_key(&self, conn: &mut AsyncPgConnection, location: &str) -> Result<(), NotSaved> {
        match take_form_key(conn, self.key, self.user_id, location, self.now).await? {
            Some(location) => Err(NotSaved::Repeat(location)),
            None => Ok(()),
        }
    }

    /// Leads a second press to what the first one made.
    async fn lead_to(&self, conn: &mut AsyncPgConnection, location: &str) -> QueryResult<()> {
        diesel::update(form_post::table.find(self.key))
            .set(form_post::location.eq(location))
            .execute(conn)
            .await
            .map(drop)
    }

    async fn audit(
        &self,
        conn: &mut AsyncPgConnection,
        action: &str,
        subject: String,
        before: Option<serde_json::Value>,
        after: Option<serde_json::Value>,
    ) -> QueryResult<()> {
        let event = Event {
            actor: Actor::User(self.user_id),
            action,
            subject,
            before,
            after,
            reason: None,
        };
        record_audit(conn, &event, self.now).await
    }
}

/// What a form showed, in short: when it differs from what is there now, somebody was faster. Not a secret and not a key, only
/// long enough that two states of one row do not meet by chance.
#[must_use]
pub fn fingerprint(parts: &[&str]) -> String {
    use sha2::{Digest, Sha256};
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.len().to_le_bytes());
        hash.update(part.as_bytes());
    }
    let bytes: Vec<String> = hash
        .finalize()
        .iter()
        .take(16)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    bytes.concat()
}
