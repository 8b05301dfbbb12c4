//! Passwords: which are accepted (S-05) and how they are hashed (S-06).

use std::sync::Arc;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Memory of one hash, in KiB.
const MEMORY_KIB: u32 = 19 * 1024;
/// Rounds of one hash.
const ROUNDS: u32 = 2;
/// Hashes at a time.
const AT_A_TIME: usize = 4;
/// Sign-ins that may wait for one.
const WAITING_LINE: usize = 100;
/// Fewest characters of a password.
pub const LENGTH_MIN: usize = 15;
/// Most characters of a password: beyond it hashing would only cost us.
pub const LENGTH_MAX: usize = 256;
/// Characters that must be left of a password without the words that everybody can guess.
const LEFT_MIN: usize = 8;

/// Why a new password is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasswordUnfit {
    /// Too short.
    #[error("the password has {0} characters; it needs at least {LENGTH_MIN}")]
    TooShort(usize),
    /// Too long.
    #[error("the password has {0} characters; at most {LENGTH_MAX} work")]
    TooLong(usize),
    /// On the list of common ones, or one piece again and again.
    #[error("the password is one of the commonly used ones; choose another")]
    Common,
    /// Little more than the names of the product, the hospital or the person.
    #[error(
        "without the names of wardtrack, the hospital and the person, too little of the password is left; add other words"
    )]
    TooFewLeft,
}

/// Why a hash could not be made or checked.
#[derive(Debug, thiserror::Error)]
pub enum HashError {
    /// The waiting line is full: answer 503.
    #[error("too many sign-ins at once")]
    Busy,
    /// The stored text is no hash, or the library failed.
    #[error("hashing a password: {0}")]
    Hash(String),
    /// The worker that hashed it ended.
    #[error("waiting for a password hash")]
    Join(#[from] tokio::task::JoinError),
}

/// Checks a new password by S-05: length, common ones, and words that everybody can guess (`context`: hospital, person).
///
/// # Errors
/// Says what is wrong.
pub fn check(password: &str, context: &[&str]) -> Result<(), PasswordUnfit> {
    let length = password.chars().count();
    if length < LENGTH_MIN {
        return Err(PasswordUnfit::TooShort(length));
    }
    if length > LENGTH_MAX {
        return Err(PasswordUnfit::TooLong(length));
    }
    let plain: String = password
        .to_lowercase()
        .chars()
        .filter(|sign| sign.is_alphanumeric())
        .collect();
    if COMMON.contains(&plain.as_str()) || repeats(password) || is_run(&plain) {
        return Err(PasswordUnfit::Common);
    }
    let mut left = plain;
    let words = context.iter().flat_map(|text| {
        text.split(|sign: char| !sign.is_alphanumeric())
            .map(str::to_lowercase)
            .filter(|word| word.chars().count() >= 3)
            .collect::<Vec<_>>()
    });
    for word in PRODUCT_WORDS
        .iter()
        .map(|word| (*word).to_owned())
        .chain(words)
    {
        left = left.replace(&word, "");
    }
    if left.chars().count() < LEFT_MIN {
        return Err(PasswordUnfit::TooFewLeft);
    }
    Ok(())
}

/// One piece of up to four characters again and again: aaaa, abcabcabc.
fn repeats(password: &str) -> bool {
    let signs: Vec<char> = password.chars().collect();
    (1..=4).any(|length| {
        signs
            .iter()
            .zip(signs.iter().skip(length))
            .all(|(one, next)| one == next)
    })
}

/// A run along the alphabet, the digits or the keyboard, in either direction.
fn is_run(plain: &str) -> bool {
    const RUNS: [&str; 3] = [
        "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz",
        "012345678901234567890123456789012345678901234567890",
        "qwertyuiopasdfghjklzxcvbnmqwertyuiopasdfghjklzxcvbnm",
    ];
    let backwards: String = plain.chars().rev().collect();
    RUNS.iter()
        .any(|run| run.contains(plain) || run.contains(&backwards))
}

/// Words of the product and of hospitals in general.
const PRODUCT_WORDS: [&str; 7] = [
    "wardtrack",
    "hospital",
    "clinic",
    "nurse",
    "admin",
    "password",
    "ward",
];

/// Passwords of 15 and more letters and digits that lists of stolen ones have at the top, without their signs.
const COMMON: [&str; 28] = [
    "passwordpassword",
    "passwordpassword1",
    "password12345678",
    "password123456789",
    "password1234567890",
    "thisismypassword",
    "thisisapassword",
    "mypasswordispassword",
    "ihatepasswords1",
    "changemechangeme",
    "pleasechangeme1",
    "letmeinletmein1",
    "correcthorsebatterystaple",
    "correctbatteryhorsestaple",
    "qwertyuiop12345",
    "qwertyuiop123456789",
    "qwertyuiop1234567890",
    "1qaz2wsx3edc4rfv",
    "1qaz2wsx3edc4rfv5tgb",
    "1q2w3e4r5t6y7u8i",
    "1q2w3e4r5t6y7u8i9o0p",
    "q1w2e3r4t5y6u7i8",
    "abc123abc123abc123",
    "iloveyouiloveyou",
    "administrator123",
    "welcome123456789",
    "trustno1trustno1",
    "unbelievable123",
];

/// Hashes passwords on the main runtime's blocking threads, a few at a time; cheap to clone.
#[derive(Clone, Debug)]
pub struct PasswordHasher {
    runtime: tokio::runtime::Handle,
    line: Arc<Semaphore>,
    slots: Arc<Semaphore>,
    nobody: Arc<tokio::sync::OnceCell<String>>,
}

/// A place in the waiting line. Take it before anything is written for a try, so that a full line costs nothing.
#[derive(Debug)]
pub struct Place {
    hasher: PasswordHasher,
    _in_line: OwnedSemaphorePermit,
}

impl Default for PasswordHasher {
    fn default() -> Self {
        Self::new()
    }
}

impl PasswordHasher {
    /// A hasher on the current runtime. Call it on the main one.
    #[must_use]
    pub fn new() -> Self {
        Self {
            runtime: tokio::runtime::Handle::current(),
            line: Arc::new(Semaphore::new(AT_A_TIME + WAITING_LINE)),
            slots: Arc::new(Semaphore::new(AT_A_TIME)),
            nobody: Arc::default(),
        }
    }

    /// Joins the waiting line.
    ///
    /// # Errors
    /// [`HashError::Busy`] when it is full.
    pub fn enter(&self) -> Result<Place, HashError> {
        let place = Arc::clone(&self.line)
            .try_acquire_owned()
            .map_err(|_| HashError::Busy)?;
        Ok(Place {
            hasher: self.clone(),
            _in_line: place,
        })
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, HashError> + Send + 'static,
    ) -> Result<T, HashError> {
        let slot = Arc::clone(&self.slots)
            .acquire_owned()
            .await
            .map_err(|_| HashError::Busy)?;
        self.runtime
            .spawn_blocking(move || {
                let _slot = slot;
                work()
            })
            .await?
    }

    /// A hash that no password has, made once: an unknown name costs the same time as a known one (S-07).
    async fn hash_of_nobody(&self) -> Result<String, HashError> {
        self.nobody
            .get_or_try_init(|| self.run(|| hash(super::session::Token::random().expose())))
            .await
            .cloned()
    }
}

impl Place {
    /// Hashes a new password.
    ///
    /// # Errors
    /// See [`HashError`].
    pub async fn hash(self, password: String) -> Result<String, HashError> {
        self.hasher.run(move || hash(&password)).await
    }

    /// Whether the password has this hash. `None` (no such account) takes the same time and is never right.
    ///
    /// # Errors
    /// See [`HashError`].
    pub async fn verify(
        &self,
        password: String,
        stored: Option<String>,
    ) -> Result<bool, HashError> {
        let (known, stored) = match stored {
            Some(stored) => (true, stored),
            None => (false, self.hasher.hash_of_nobody().await?),
        };
        let right = self.hasher.run(move || verify(&password, &stored)).await?;
        Ok(right && known)
    }
}

/// Whether a hash was made with less than today's parameters and should be made again at sign-in (S-06).
#[must_use]
pub fn is_outdated(stored: &str) -> bool {
    let Ok(hash) = PasswordHash::new(stored) else {
        return true;
    };
    Params::try_from(&hash).map_or(true, |params| {
        params.m_cost() < MEMORY_KIB || params.t_cost() < ROUNDS
    })
}

fn argon2() -> Result<Argon2<'static>, HashError> {
    let params = Params::new(MEMORY_KIB, ROUNDS, 1, None)
        .map_err(|error| HashError::Hash(error.to_string()))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

/// Hashes on this thread: for commands, which have no line.
///
/// # Errors
/// When the library fails.
pub fn hash(password: &str) -> Result<String, HashError> {
    argon2()?
        .hash_password(password.as_bytes())
        .map(|hash| hash.to_string())
        .map_err(|error| HashError::Hash(error.to_string()))
}

fn verify(password: &str, stored: &str) -> Result<bool, HashError> {
    let stored = PasswordHash::new(stored).map_err(|error| HashError::Hash(error.to_string()))?;
    Ok(argon2()?
        .verify_password(password.as_bytes(), &stored)
        .is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s05_passwords_need_length_and_words_of_their_own_but_no_kinds_of_signs() {
        let context = ["k.meyer", "Kim Meyer", "Saint Olave"];
        for (password, refused) in [
            ("four wet umbrellas", None),
            ("fourwetumbrella", None),
            ("四本の濡れた傘は今日も玄関にある", None),
            ("fourteen-signs", Some(PasswordUnfit::TooShort(14))),
            ("Password-Password", Some(PasswordUnfit::Common)),
            ("aaaaaaaaaaaaaaaaaa", Some(PasswordUnfit::Common)),
            ("xy1xy1xy1xy1xy1xy1", Some(PasswordUnfit::Common)),
            ("12345678901234567", Some(PasswordUnfit::Common)),
            ("poiuytrewq-lkjhgf", None),
            ("zyxwvutsrqponmlkj", Some(PasswordUnfit::Common)),
            ("wardtrack-hospital-1", Some(PasswordUnfit::TooFewLeft)),
            ("kim.meyer.olave.2026", Some(PasswordUnfit::TooFewLeft)),
        ] {
            assert_eq!(check(password, &context).err(), refused, "{password}");
        }
        assert_eq!(
            check(&"four wet umbrellas ".repeat(14), &[]),
            Err(PasswordUnfit::TooLong(266))
        );
        assert_eq!(
            check(
                "a password of more than sixty-four characters, which everybody should be able to use",
                &[]
            ),
            Ok(())
        );
    }

    #[test]
    fn s06_hashes_are_argon2id_with_their_parameters_and_old_ones_are_noticed() {
        let stored = hash("four wet umbrellas").unwrap();
        assert!(
            stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{stored}"
        );
        assert!(verify("four wet umbrellas", &stored).unwrap());
        assert!(!verify("four wet umbrella", &stored).unwrap());
        assert!(!is_outdated(&stored));
        assert!(is_outdated(&stored.replace("t=2", "t=1")));
        assert!(is_outdated("plain"));
    }

    #[tokio::test]
    async fn s06_a_full_waiting_line_refuses_at_once() {
        let hasher = PasswordHasher::new();
        let places: Vec<Place> = (0..AT_A_TIME + WAITING_LINE)
            .map(|_| hasher.enter().unwrap())
            .collect();
        assert!(matches!(hasher.enter(), Err(HashError::Busy)));
        drop(places);
        assert!(hasher.enter().is_ok());
    }

    #[tokio::test]
    async fn s07_an_unknown_name_is_never_right() {
        let place = PasswordHasher::new().enter().unwrap();
        assert!(
            !place
                .verify("four wet umbrellas".to_owned(), None)
                .await
                .unwrap()
        );
    }
}
