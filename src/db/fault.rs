//! Which errors mean that the database is away, so that callers above can tell "try again" from "our bug" without naming diesel.

use diesel::result::{DatabaseErrorKind, Error as QueryError};

use super::DbError;

/// Whether this error, or one of its causes, means that the database cannot be reached or gives no connection just now.
#[must_use]
pub fn is_unavailable(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(error) = error.downcast_ref::<DbError>() {
            return matches!(error, DbError::Connect(_));
        }
        if let Some(error) = error.downcast_ref::<QueryError>() {
            return is_lost(error);
        }
        next = error.source();
    }
    false
}

/// Whether a transaction met another one and may simply be run again: a deadlock or a serialization failure.
#[must_use]
pub fn met_another(error: &QueryError) -> bool {
    match error {
        QueryError::DatabaseError(DatabaseErrorKind::SerializationFailure, _) => true,
        QueryError::DatabaseError(_, facts) => facts.message().contains("deadlock"),
        _ => false,
    }
}

/// Whether two transactions began the same alert at the same moment: the second one, run again, finds the first one's.
#[must_use]
pub fn met_same_alert(error: &QueryError) -> bool {
    match error {
        QueryError::DatabaseError(DatabaseErrorKind::UniqueViolation, facts) => facts
            .constraint_name()
            .is_some_and(|name| name.starts_with("alert_")),
        _ => false,
    }
}

fn is_lost(error: &QueryError) -> bool {
    match error {
        QueryError::BrokenTransactionManager => true,
        QueryError::DatabaseError(kind, facts) => {
            // A server that shuts down or is not up yet says so in the text only: diesel-async maps those classes to Unknown.
            matches!(kind, DatabaseErrorKind::ClosedConnection)
                || [
                    "connection closed",
                    "terminating connection",
                    "starting up",
                    "shutting down",
                ]
                .iter()
                .any(|words| facts.message().contains(words))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lost_connection_is_away_and_a_broken_rule_is_not() {
        let lost = QueryError::DatabaseError(
            DatabaseErrorKind::ClosedConnection,
            Box::new("connection closed".to_owned()),
        );
        let unique = QueryError::DatabaseError(
            DatabaseErrorKind::UniqueViolation,
            Box::new("duplicate key".to_owned()),
        );
        assert!(is_unavailable(&lost));
        assert!(!is_unavailable(&unique));
        assert!(is_unavailable(&DbError::Connect("refused".into())));
    }
}
