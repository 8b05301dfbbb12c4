//! Accounts.

use chrono::{DateTime, Utc};
use diesel::prelude::*;

use crate::db::schema::app_user;
use crate::db::types::Role;
use crate::ids::{UnitId, UserId};

/// The name a person signs in with: 1 to 64 small letters, digits, dots, hyphens and underscores.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SignInName(String);

impl SignInName {
    /// Reads what somebody typed: spaces around it and capitals are forgiven.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let name = text.trim().to_lowercase();
        let mut bytes = name.bytes();
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let fits = name.len() <= 64
            && bytes.next().is_some_and(plain)
            && bytes.all(|byte| plain(byte) || matches!(byte, b'.' | b'_' | b'-'));
        fits.then_some(Self(name))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for SignInName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// An account.
#[derive(Clone, HasQuery)]
#[diesel(table_name = app_user, check_for_backend(diesel::pg::Pg))]
pub struct User {
    /// Its id, never used twice.
    pub id: UserId,
    /// What the person signs in with.
    pub sign_in_name: String,
    /// What others read.
    pub display_name: String,
    /// What they may do.
    pub role: Role,
    /// The unit they work in.
    pub home_unit_id: Option<UnitId>,
    /// argon2id with its parameters.
    pub password_hash: String,
    /// Since when it may not be used.
    pub disabled_at: Option<DateTime<Utc>>,
}

impl std::fmt::Debug for User {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "User({}, {})", self.id, self.sign_in_name)
    }
}

/// A new account.
#[derive(Debug)]
pub struct NewUser<'a> {
    /// What the person signs in with.
    pub sign_in_name: &'a SignInName,
    /// What others read.
    pub display_name: &'a str,
    /// What they may do.
    pub role: Role,
    /// The unit they work in.
    pub home_unit_id: Option<UnitId>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sign_in_names_are_plain_and_forgive_capitals() {
        for (typed, read) in [
            ("kim", Some("kim")),
            ("  K.Meyer-2 ", Some("k.meyer-2")),
            ("4west", Some("4west")),
            ("", None),
            (".kim", None),
            ("kim meyer", None),
            ("kím", None),
            ("a\u{0}b", None),
        ] {
            assert_eq!(
                SignInName::parse(typed).as_ref().map(SignInName::as_str),
                read,
                "{typed:?}"
            );
        }
        assert!(SignInName::parse(&"a".repeat(64)).is_some());
        assert!(SignInName::parse(&"a".repeat(65)).is_none());
    }
}
