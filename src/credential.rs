//! Hashes of machine credentials.

use sha2::{Digest, Sha256};

/// RabbitMQ's `rabbit_password_hashing_sha256`: the salt, then SHA-256 of salt and password.
#[must_use]
pub fn hash_broker_password(password: &str, salt: [u8; 4]) -> Vec<u8> {
    let mut hash = salt.to_vec();
    hash.extend_from_slice(
        &Sha256::new()
            .chain_update(salt)
            .chain_update(password.as_bytes())
            .finalize(),
    );
    hash
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;

    #[test]
    fn the_hash_is_the_one_that_rabbitmq_documents() {
        // From RabbitMQ's guide "Passwords": password test12, salt 908D C60A.
        let hash = super::hash_broker_password("test12", [0x90, 0x8D, 0xC6, 0x0A]);
        assert_eq!(
            STANDARD.encode(hash),
            "kI3GCqW5JLMJa4iX1lo7X4D6XbYqlLgxIs30+P6tENUV2POR"
        );
    }
}
