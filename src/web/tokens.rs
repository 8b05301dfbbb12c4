//! Signed values that browsers hold: form tokens, and the mark of a browser that has signed in before.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac};
use rand::RngCore;
use sha2::Sha256;
use subtle::ConstantTimeEq;

use crate::config::Secret;
use crate::people::session::{Token, TokenHash};

/// Accounts that a known-browser cookie remembers: enough for a shared workstation, small enough for a header.
const ACCOUNTS_MAX: usize = 20;

fn mac(key: &Secret, purpose: &str, parts: &[&[u8]]) -> [u8; 32] {
    #[expect(clippy::expect_used, reason = "HMAC takes keys of every length")]
    let mut mac =
        Hmac::<Sha256>::new_from_slice(key.expose().as_bytes()).expect("HMAC takes every key");
    mac.update(purpose.as_bytes());
    for part in parts {
        mac.update(&[0]);
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

/// A form token of this session (S-25). Pages are compressed and repeat what was asked, so the token is masked anew in every page:
/// its bytes cannot be guessed from the length of answers (BREACH).
#[must_use]
pub fn form_token(key: &Secret, session: &TokenHash) -> String {
    let mut mask = [0_u8; 32];
    rand::rng().fill_bytes(&mut mask);
    let mac = mac(key, "form", &[session.as_bytes()]);
    let mut bytes = mask.to_vec();
    bytes.extend(mask.iter().zip(mac).map(|(mask, byte)| mask ^ byte));
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Whether this is a form token of this session.
#[must_use]
pub fn is_form_token(key: &Secret, session: &TokenHash, token: &str) -> bool {
    let Ok(bytes) = URL_SAFE_NO_PAD.decode(token) else {
        return false;
    };
    let Some((mask, masked)) = bytes.split_at_checked(32) else {
        return false;
    };
    let sent: Vec<u8> = mask
        .iter()
        .zip(masked)
        .map(|(mask, byte)| mask ^ byte)
        .collect();
    masked.len() == 32 && mac(key, "form", &[session.as_bytes()]).ct_eq(&sent).into()
}

/// The cookie of a browser that has signed in: a random id, and for each account a tag that only we can make (S-07). It names no
/// account and gives no right but a waiting time of its own.
#[derive(Clone, Debug)]
pub struct KnownBrowser {
    id: String,
    tags: Vec<String>,
}

impl KnownBrowser {
    /// Reads a cookie; anything else than one of ours is a new browser.
    #[must_use]
    pub fn parse(cookie: Option<&str>) -> Self {
        let mut parts = cookie.unwrap_or_default().split('.');
        let id = parts.next().and_then(Token::parse);
        match id {
            Some(id) => Self {
                id: id.expose().to_owned(),
                tags: parts.take(ACCOUNTS_MAX).map(str::to_owned).collect(),
            },
            None => Self {
                id: Token::random().expose().to_owned(),
                tags: Vec::new(),
            },
        }
    }

    /// Its id, when it has signed in to this account before.
    #[must_use]
    pub fn id_for(&self, key: &Secret, account: &str) -> Option<&str> {
        let own = self.tag(key, account);
        let known = self
            .tags
            .iter()
            .any(|tag| bool::from(tag.as_bytes().ct_eq(own.as_bytes())));
        known.then_some(self.id.as_str())
    }

    /// The cookie after signing in to this account; the account used longest ago makes room.
    #[must_use]
    pub fn with_account(&self, key: &Secret, account: &str) -> String {
        let own = self.tag(key, account);
        let others = self.tags.iter().filter(|tag| **tag != own);
        let tags = std::iter::once(&own)
            .chain(others)
            .take(ACCOUNTS_MAX)
            .map(String::as_str);
        std::iter::once(self.id.as_str())
            .chain(tags)
            .collect::<Vec<_>>()
            .join(".")
    }

    fn tag(&self, key: &Secret, account: &str) -> String {
        let mac = mac(key, "browser", &[self.id.as_bytes(), account.as_bytes()]);
        let mut tag = URL_SAFE_NO_PAD.encode(mac);
        tag.truncate(22);
        tag
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> Secret {
        Secret::new("0123456789abcdef0123456789abcdef".to_owned())
    }

    #[test]
    fn s25_a_form_token_is_its_sessions_only_and_differs_in_every_page() {
        let (one, other) = (Token::random().hash(), Token::random().hash());
        let token = form_token(&key(), &one);
        assert!(is_form_token(&key(), &one, &token));
        assert_ne!(token, form_token(&key(), &one));
        assert!(!is_form_token(&key(), &other, &token));
        let other_key = Secret::new("another key of thirty-two bytes.".to_owned());
        assert!(!is_form_token(&other_key, &one, &token));
        for wrong in ["", "x", token.get(..80).unwrap(), &format!("{token}AA")] {
            assert!(!is_form_token(&key(), &one, wrong), "{wrong}");
        }
    }

    #[test]
    fn s07_a_browser_is_known_for_the_accounts_it_signed_in_to_only() {
        let fresh = KnownBrowser::parse(None);
        assert_eq!(fresh.id_for(&key(), "kim"), None);
        let known = KnownBrowser::parse(Some(&fresh.with_account(&key(), "kim")));
        assert_eq!(known.id_for(&key(), "kim"), Some(fresh.id.as_str()));
        assert_eq!(known.id_for(&key(), "ada"), None);
        let forged = KnownBrowser::parse(Some(&format!("{}.AAAAAAAAAAAAAAAAAAAAAA", fresh.id)));
        assert_eq!(forged.id_for(&key(), "kim"), None);
    }

    #[test]
    fn s07_a_known_browser_remembers_twenty_accounts() {
        let mut cookie = String::new();
        for n in 0..25 {
            cookie = KnownBrowser::parse(Some(&cookie)).with_account(&key(), &format!("user{n}"));
        }
        let browser = KnownBrowser::parse(Some(&cookie));
        assert!(browser.id_for(&key(), "user24").is_some());
        assert!(browser.id_for(&key(), "user5").is_some());
        assert!(browser.id_for(&key(), "user4").is_none());
        assert!(cookie.len() < 600);
    }
}
