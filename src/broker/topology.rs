//! What wardtrack declares in RabbitMQ (ingest-design section 1): exchanges, queues, policies, users and their rights.
//!
//! The definition is plain data, so that a test can compare it with the rules; [`Topology::apply`] puts it there by the
//! management API and may be run again at any time. Only arguments valid on 3.10 and on 4.x are used (I-2); what may change
//! later stands in policies, because arguments can never change without deleting the queue.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::management::{Management, ManagementError};
use crate::config::Secret;
use crate::config::broker::BrokerRole;
use crate::credential::hash_broker_password;

/// Exchange that all readers publish to.
pub const INGEST_EXCHANGE: &str = "wt.ingest";
/// Exchange of committed changes.
pub const CHANGES_EXCHANGE: &str = "wt.changes";
/// Queue of messages that no binding matched.
pub const UNROUTED_QUEUE: &str = "wt.unrouted";
/// Queue of messages that a shard queue gave up.
pub const DEAD_QUEUE: &str = "wt.dead";

/// The queue of a shard.
#[must_use]
pub fn shard_queue(shard: u16) -> String {
    format!("wt.sightings.{shard}")
}

/// The routing key of a reader's messages.
#[must_use]
pub fn reader_routing_key(reader_key: &str) -> String {
    format!("s.{reader_key}")
}

/// The reader that a routing key names, if it is one of readers' keys (I-3).
#[must_use]
pub fn reader_of_routing_key(routing_key: &str) -> Option<&str> {
    let reader_key = routing_key.strip_prefix("s.")?;
    is_reader_key(reader_key).then_some(reader_key)
}

/// Whether a text may be a reader's id on the wire: `[a-z0-9-]{1,64}`, no dots (I-3).
#[must_use]
pub fn is_reader_key(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

/// The shard whose queue takes a reader's messages when there are several.
#[must_use]
pub fn shard_of_reader(reader_key: &str, shards: u16) -> u16 {
    let digest = Sha256::digest(reader_key.as_bytes());
    let number = digest
        .iter()
        .take(4)
        .fold(0_u32, |sum, byte| (sum << 8) | u32::from(*byte));
    u16::try_from(number % u32::from(shards.max(1))).unwrap_or(0)
}

/// A user of the broker and what it may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokerUser {
    /// Name.
    pub name: String,
    /// RabbitMQ's salted SHA-256 of the password: 4 bytes salt, 32 bytes hash.
    pub password_hash: Vec<u8>,
    /// Regular expressions for configure, write and read.
    pub permissions: [String; 3],
    /// Regular expression of routing keys it may publish to `wt.ingest`, when restricted.
    pub topic_write: Option<String>,
    /// Whether the number of connections and channels is limited.
    pub is_limited: bool,
}

impl BrokerUser {
    /// A role of wardtrack.
    #[must_use]
    pub fn for_role(role: BrokerRole, password: &Secret) -> Self {
        let (permissions, topic_write) = match role {
            BrokerRole::Consumer => (
                [
                    "^$",
                    r"^wt\.changes$",
                    r"^wt\.(sightings\.[0-9]+|dead|unrouted|replay)$",
                ],
                None,
            ),
            BrokerRole::Gateway => (
                ["^$", r"^wt\.ingest$", "^$"],
                Some(r"^s\.[a-z0-9-]+$".to_owned()),
            ),
            BrokerRole::Web => (
                [
                    r"^wt\.live\..*",
                    // Its own queues, to bind them; and hints about what people do.
                    r"^wt\.(changes|live\..*)$",
                    r"^wt\.(changes|live\..*)$",
                ],
                None,
            ),
        };
        Self {
            name: role.user().to_owned(),
            password_hash: hash_broker_password(password.expose(), rand::random()),
            permissions: permissions.map(str::to_owned),
            topic_write,
            is_limited: false,
        }
    }

    /// A reader: it may publish under its own key and do nothing else (S-35). In slot `b` the name ends in `.b`.
    #[must_use]
    pub fn for_reader(reader_key: &str, slot: &str, password_hash: Vec<u8>) -> Self {
        Self {
            name: reader_user_name(reader_key, slot),
            password_hash,
            permissions: ["^$", r"^wt\.ingest$", "^$"].map(str::to_owned),
            topic_write: Some(format!(r"^s\.{reader_key}$")),
            is_limited: true,
        }
    }
}

/// Name of the broker user of a reader's credential.
#[must_use]
pub fn reader_user_name(reader_key: &str, slot: &str) -> String {
    if slot == "b" {
        format!("{reader_key}.b")
    } else {
        reader_key.to_owned()
    }
}

/// The definition for a number of shards.
#[derive(Clone, Debug)]
pub struct Topology {
    /// Number of shard queues.
    pub shards: u16,
    /// Most bytes that one shard queue holds before publishers are refused.
    pub shard_bytes_max: u64,
    /// Size of the replay stream, when there is to be one.
    pub replay_bytes_max: Option<u64>,
    /// Readers to bind when there are several shards.
    pub reader_keys: Vec<String>,
    /// Users to make.
    pub users: Vec<BrokerUser>,
}

/// Default of [`Topology::shard_bytes_max`]: 4 GiB.
pub const SHARD_BYTES_MAX: u64 = 4 << 30;

impl Topology {
    /// Exchanges as (name, body of the management API).
    #[must_use]
    pub fn exchanges(&self) -> Vec<(&'static str, Value)> {
        let exchange = |kind: &str, arguments: Value| json!({"type": kind, "durable": true, "arguments": arguments});
        vec![
            ("wt.unrouted", exchange("fanout", json!({}))),
            (
                INGEST_EXCHANGE,
                exchange("topic", json!({"alternate-exchange": "wt.unrouted"})),
            ),
            ("wt.dlx", exchange("fanout", json!({}))),
            (CHANGES_EXCHANGE, exchange("topic", json!({}))),
        ]
    }

    /// Queues as (name, body of the management API).
    #[must_use]
    pub fn queues(&self) -> Vec<(String, Value)> {
        let queue = |arguments: Value| json!({"durable": true, "arguments": arguments});
        let quorum = || queue(json!({"x-queue-type": "quorum"}));
        let shard = || queue(json!({"x-queue-type": "quorum", "x-single-active-consumer": true}));
        let mut queues = vec![
            (UNROUTED_QUEUE.to_owned(), quorum()),
            (DEAD_QUEUE.to_owned(), quorum()),
            ("wt.vendor".to_owned(), shard()),
        ];
        queues.extend((0..self.shards).map(|k| (shard_queue(k), shard())));
        if let Some(bytes) = self.replay_bytes_max {
            let stream =
                json!({"x-queue-type": "stream", "x-max-age": "3D", "x-max-length-bytes": bytes});
            queues.push(("wt.replay".to_owned(), queue(stream)));
        }
        queues
    }

    /// Bindings as (exchange, queue, routing key).
    #[must_use]
    pub fn bindings(&self) -> Vec<(&'static str, String, String)> {
        let mut bindings = vec![
            ("wt.unrouted", UNROUTED_QUEUE.to_owned(), String::new()),
            ("wt.dlx", DEAD_QUEUE.to_owned(), String::new()),
        ];
        if self.shards == 1 {
            bindings.push((INGEST_EXCHANGE, shard_queue(0), "s.#".to_owned()));
        } else {
            bindings.extend(self.reader_keys.iter().map(|reader_key| {
                let queue = shard_queue(shard_of_reader(reader_key, self.shards));
                (INGEST_EXCHANGE, queue, reader_routing_key(reader_key))
            }));
        }
        if self.replay_bytes_max.is_some() {
            bindings.push((INGEST_EXCHANGE, "wt.replay".to_owned(), "s.#".to_owned()));
        }
        bindings
    }

    /// Policies as (name, body of the management API).
    #[must_use]
    pub fn policies(&self) -> Vec<(&'static str, Value)> {
        let policy = |pattern: &str, definition: Value| json!({"pattern": pattern, "definition": definition, "priority": 10, "apply-to": "queues"});
        vec![
            (
                "wt-sightings",
                policy(
                    r"^wt\.(sightings\.|vendor$)",
                    json!({"delivery-limit": 100, "dead-letter-exchange": "wt.dlx", "dead-letter-strategy": "at-least-once",
                           "overflow": "reject-publish", "max-length-bytes": self.shard_bytes_max}),
                ),
            ),
            (
                "wt-unrouted",
                policy(
                    r"^wt\.unrouted$",
                    json!({"max-length": 100_000, "overflow": "drop-head", "message-ttl": 7 * 24 * 3600 * 1000_u64}),
                ),
            ),
            (
                "wt-dead",
                policy(
                    r"^wt\.dead$",
                    json!({"max-length-bytes": 256 << 20, "overflow": "reject-publish"}),
                ),
            ),
        ]
    }

    /// Puts all of it into the virtual host, making it if need be. Nothing is taken away.
    ///
    /// # Errors
    /// When the management API cannot be reached or refuses something, such as an argument that differs from what is there.
    pub async fn apply(&self, management: &Management) -> Result<(), ManagementError> {
        management.create_vhost().await?;
        for (name, body) in self.exchanges() {
            management.put_in_vhost("exchanges", name, &body).await?;
        }
        for (name, body) in self.policies() {
            management.put_in_vhost("policies", name, &body).await?;
        }
        for (name, body) in self.queues() {
            management.put_in_vhost("queues", &name, &body).await?;
        }
        for (exchange, queue, key) in self.bindings() {
            management.bind(exchange, &queue, &key).await?;
        }
        for user in &self.users {
            management.upsert_user(user).await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn topology(shards: u16) -> Topology {
        let reader_keys = vec!["icu-3-n".to_owned(), "icu-3-s".to_owned()];
        Topology {
            shards,
            shard_bytes_max: SHARD_BYTES_MAX,
            replay_bytes_max: None,
            reader_keys,
            users: vec![],
        }
    }

    #[test]
    fn i1_shard_queues_are_quorum_queues_with_one_active_consumer_and_no_other_argument() {
        for (name, body) in topology(3).queues() {
            assert_eq!(body["arguments"]["x-queue-type"], "quorum", "{name}");
            if name.starts_with("wt.sightings.") {
                assert_eq!(
                    body["arguments"].as_object().unwrap().len(),
                    2,
                    "{name}: changeable things belong in policies"
                );
                assert_eq!(body["arguments"]["x-single-active-consumer"], true);
            }
        }
    }

    #[test]
    fn i2_no_argument_that_a_supported_broker_refuses() {
        let refused = [
            "x-queue-mode",
            "ha-mode",
            "ha-params",
            "x-ha-policy",
            "queue-mode",
            "frame_max",
            "x-max-priority",
        ];
        let mut text = String::new();
        for (_, body) in topology(2).queues() {
            assert_eq!(body["durable"], true);
            text.push_str(&body.to_string());
        }
        for (_, body) in topology(2)
            .exchanges()
            .into_iter()
            .chain(topology(2).policies())
        {
            text.push_str(&body.to_string());
        }
        for word in refused {
            assert!(
                !text.contains(word),
                "{word} is refused or deprecated by 4.x"
            );
        }
    }

    #[test]
    fn i3_only_plain_reader_ids_are_taken_from_routing_keys() {
        assert_eq!(reader_of_routing_key("s.icu-3-n"), Some("icu-3-n"));
        for key in [
            "s.",
            "s.ICU",
            "s.a.b",
            "x.icu",
            "icu",
            "s.a b",
            &format!("s.{}", "a".repeat(65)),
        ] {
            assert_eq!(reader_of_routing_key(key), None, "{key}");
        }
    }

    #[test]
    fn s35_a_reader_may_write_only_its_own_key() {
        let user = BrokerUser::for_reader("icu-3-n", "b", vec![]);
        assert_eq!(user.name, "icu-3-n.b");
        assert_eq!(user.permissions, ["^$", r"^wt\.ingest$", "^$"]);
        assert_eq!(user.topic_write.as_deref(), Some(r"^s\.icu-3-n$"));
    }

    #[test]
    fn pages_may_hint_and_listen_and_touch_no_queue_of_sightings() {
        let user = BrokerUser::for_role(BrokerRole::Web, &Secret::new("x".to_owned()));
        assert_eq!(
            user.permissions,
            [
                r"^wt\.live\..*",
                r"^wt\.(changes|live\..*)$",
                r"^wt\.(changes|live\..*)$"
            ]
        );
    }

    #[test]
    fn one_shard_takes_every_reader_and_several_share_them() {
        assert!(topology(1).bindings().contains(&(
            INGEST_EXCHANGE,
            "wt.sightings.0".to_owned(),
            "s.#".to_owned()
        )));
        let keys: Vec<String> = topology(4)
            .bindings()
            .into_iter()
            .map(|(_, _, key)| key)
            .collect();
        assert!(keys.contains(&"s.icu-3-n".to_owned()) && !keys.contains(&"s.#".to_owned()));
    }
}
