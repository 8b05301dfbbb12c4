//! Forms of people as transactions: carried out, refused, or run again when they met another transaction.

use diesel::result::Error as QueryError;

use super::fault::{met_another, met_same_alert};
use super::{Db, DbConn, DbError};

/// A transaction that met another one is tried this often.
const TRIES: usize = 4;

/// An error that is either a refusal, which a person reads, or a failure of the database.
pub trait Refusable: Sized {
    /// Why nothing was changed.
    type Refusal;

    /// Which of the two it is.
    ///
    /// # Errors
    /// The failure of the database.
    fn split(self) -> Result<Self::Refusal, QueryError>;
}

/// Says that an enum of `Refused(..)` and `Database(..)` is [`Refusable`].
macro_rules! refusable {
    ($error:ident, $refusal:ident) => {
        impl $crate::db::again::Refusable for $error {
            type Refusal = $refusal;

            fn split(self) -> Result<$refusal, diesel::result::Error> {
                match self {
                    Self::Refused(refusal) => Ok(refusal),
                    Self::Database(error) => Err(error),
                }
            }
        }
    };
}
pub(crate) use refusable;

/// Why a form was neither carried out nor refused.
#[derive(Debug, thiserror::Error)]
pub enum AgainError {
    /// No connection to the database.
    #[error("reaching the database")]
    Connect(#[from] DbError),
    /// The database failed, or met others at every try; nothing was changed.
    #[error("carrying a form out")]
    Query(#[from] QueryError),
}

/// Runs a transaction, again when it met another one: the second run sees what that one did, and says so.
///
/// # Errors
/// The inner error is the refusal; for the outer one see [`AgainError`].
pub async fn again<T, E: Refusable>(
    db: &Db,
    mut run: impl AsyncFnMut(&mut DbConn) -> Result<T, E>,
) -> Result<Result<T, E::Refusal>, AgainError> {
    let mut tries = 1;
    loop {
        let mut conn = db.conn().await?;
        let error = match run(&mut conn).await {
            Ok(done) => return Ok(Ok(done)),
            Err(error) => error,
        };
        match error.split() {
            Ok(refusal) => return Ok(Err(refusal)),
            Err(error) if tries < TRIES && (met_another(&error) || met_same_alert(&error)) => {
                tries += 1;
            }
            Err(error) => return Err(error.into()),
        }
    }
}
