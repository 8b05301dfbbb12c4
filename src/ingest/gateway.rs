//! The HTTP endpoint's way to the broker: success means that a queue has the message (I-4).

use std::num::NonZeroU32;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

use governor::clock::Clock as _;
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use tokio::sync::RwLock;

use super::envelope::{self, Refusal};
use crate::broker::topology::{INGEST_EXCHANGE, reader_routing_key};
use crate::broker::{BrokerAddress, Outgoing, PublishError, Publisher};

/// Messages a second of one reader (S-41).
const MESSAGES_PER_S: NonZeroU32 = NonZeroU32::new(20).expect("20 is not zero");
/// While the broker is away, one message a second tries it and the others are refused at once.
const PROBE_EVERY: Duration = Duration::from_secs(1);

/// Why a message was not taken.
#[derive(Debug, thiserror::Error)]
pub enum GatewayError {
    /// It does not follow the contract: do not send it again.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The reader sends too much: wait.
    #[error(
        "this reader sends more than {MESSAGES_PER_S} messages a second: put more sightings into each message"
    )]
    TooFast {
        /// When to come again.
        retry_after: Duration,
    },
    /// The broker did not take it: send it again with the same `batch_id`.
    #[error("the message could not be stored: send it again with the same batch_id")]
    Unavailable(#[source] Option<PublishError>),
}

/// Publishes for readers that speak HTTP.
pub struct Gateway {
    address: BrokerAddress,
    publisher: RwLock<Option<Publisher>>,
    failed_at: Mutex<Option<Instant>>,
    limiter: DefaultKeyedRateLimiter<String>,
}

impl std::fmt::Debug for Gateway {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Gateway")
    }
}

impl Gateway {
    /// A gateway that connects with its first message.
    #[must_use]
    pub fn new(address: BrokerAddress) -> Self {
        let limiter = RateLimiter::keyed(Quota::per_second(MESSAGES_PER_S));
        Self {
            address,
            publisher: RwLock::new(None),
            failed_at: Mutex::new(None),
            limiter,
        }
    }

    /// Checks a message and hands it to the broker.
    ///
    /// # Errors
    /// See [`GatewayError`].
    pub async fn accept(
        &self,
        reader_key: &str,
        body: &[u8],
        received_at_ms: i64,
    ) -> Result<(), GatewayError> {
        if let Err(not_until) = self.limiter.check_key(&reader_key.to_owned()) {
            let retry_after =
                not_until.wait_time_from(governor::clock::DefaultClock::default().now());
            return Err(GatewayError::TooFast { retry_after });
        }
        let batch_id = envelope::parse(body, reader_key)?.batch_id;
        if !self.may_try() {
            return Err(GatewayError::Unavailable(None));
        }
        let routing_key = reader_routing_key(reader_key);
        let message = Outgoing {
            exchange: INGEST_EXCHANGE,
            routing_key: &routing_key,
            body,
            message_id: Some(batch_id.to_string()),
            received_at_ms: Some(received_at_ms),
        };
        let begun = Instant::now();
        let sent = self.publish(&message).await;
        metrics::histogram!("wardtrack_gateway_confirm_seconds")
            .record(begun.elapsed().as_secs_f64());
        *self
            .failed_at
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = sent.is_err().then(Instant::now);
        sent.map_err(|error| GatewayError::Unavailable(Some(error)))
    }

    /// Whether the broker took the last message, or none was tried yet.
    #[must_use]
    pub fn is_healthy(&self) -> bool {
        self.failed_at
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .is_none()
    }

    /// The breaker: after a failure one message a second goes through as a probe.
    fn may_try(&self) -> bool {
        let mut failed_at = self
            .failed_at
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        match *failed_at {
            Some(at) if at.elapsed() < PROBE_EVERY => false,
            Some(_) => {
                *failed_at = Some(Instant::now());
                true
            }
            None => true,
        }
    }

    async fn publish(&self, message: &Outgoing<'_>) -> Result<(), PublishError> {
        {
            let publisher = self.publisher.read().await;
            if let Some(publisher) = publisher.as_ref().filter(|publisher| publisher.is_usable()) {
                return publisher.publish(message).await;
            }
        }
        let mut slot = self.publisher.write().await;
        if slot.as_ref().is_none_or(|publisher| !publisher.is_usable()) {
            *slot = Some(Publisher::connect(&self.address, "wardtrack gateway").await?);
        }
        let publisher = tokio::sync::RwLockWriteGuard::downgrade(slot);
        match publisher.as_ref() {
            Some(publisher) => publisher.publish(message).await,
            None => Err(PublishError::Blocked),
        }
    }

    /// Closes the connection; call it before the runtime ends.
    pub async fn close(&self) {
        if let Some(publisher) = self.publisher.write().await.take() {
            publisher.close().await;
        }
    }
}
