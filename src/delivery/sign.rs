//! Signatures of messages to web addresses, as Standard Webhooks define them (S-44).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use rand::RngCore;
use sha2::Sha256;

/// What a key begins with.
const PREFIX: &str = "whsec_";
/// Bytes of a key.
const KEY_BYTES: usize = 32;

/// A new key: 32 random bytes in base64 after `whsec_`.
#[must_use]
pub fn new_secret() -> String {
    let mut key = [0; KEY_BYTES];
    rand::rng().fill_bytes(&mut key);
    format!("{PREFIX}{}", STANDARD.encode(key))
}

/// The value of `webhook-signature`: one signature a key, of id, time (seconds since 1970) and body. Keys that cannot be read sign
/// nothing.
///
/// ```
/// // The example of the Standard Webhooks specification.
/// let signed = wardtrack::delivery::sign::signature(
///     &["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
///     "msg_p5jXN8AQM9LWM0D4loKWxJek",
///     1_614_265_330,
///     br#"{"test": 2432232314}"#,
/// );
/// assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
/// ```
#[must_use]
pub fn signature(secrets: &[&str], id: &str, timestamp_s: i64, body: &[u8]) -> String {
    let signed = secrets.iter().filter_map(|secret| {
        let key = STANDARD.decode(secret.strip_prefix(PREFIX)?).ok()?;
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).ok()?;
        mac.update(format!("{id}.{timestamp_s}.").as_bytes());
        mac.update(body);
        Some(format!(
            "v1,{}",
            STANDARD.encode(mac.finalize().into_bytes())
        ))
    });
    signed.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_32_bytes_and_two_keys_give_two_signatures() {
        let (old, new) = (new_secret(), new_secret());
        assert_ne!(old, new);
        let bytes = STANDARD.decode(new.strip_prefix(PREFIX).unwrap()).unwrap();
        assert_eq!(bytes.len(), KEY_BYTES);
        let both = signature(&[&new, &old], "m", 5, b"{}");
        let parts: Vec<&str> = both.split(' ').collect();
        assert_eq!(parts.len(), 2);
        assert_eq!(parts[0], signature(&[&new], "m", 5, b"{}"));
        assert_ne!(parts[0], signature(&[&new], "m", 6, b"{}"), "another time");
        assert_ne!(parts[0], signature(&[&new], "n", 5, b"{}"), "another id");
        assert_eq!(signature(&["whsec_?"], "m", 5, b"{}"), "");
    }
}
