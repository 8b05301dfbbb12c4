//! Publishing with confirms: success means that a queue has the message on disk (I-1, I-4).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::StreamExt;
use lapin::options::{BasicPublishOptions, ConfirmSelectOptions};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{BasicProperties, Channel, Connection, Event};
use lapin::{Confirmation, PublisherConfirm};

use super::connection::{BrokerAddress, BrokerError, DEADLINE, within};

/// A message to send.
#[derive(Clone, Debug)]
pub struct Outgoing<'a> {
    /// Exchange.
    pub exchange: &'a str,
    /// Routing key, `s.<reader>` for sightings.
    pub routing_key: &'a str,
    /// Body.
    pub body: &'a [u8],
    /// The batch id, kept over retries.
    pub message_id: Option<String>,
    /// When the gateway received it, milliseconds since 1970.
    pub received_at_ms: Option<i64>,
}

/// A short message that may get lost: who hears it looks for itself.
#[derive(Clone, Copy, Debug)]
pub struct Announcement<'a> {
    /// Exchange.
    pub exchange: &'a str,
    /// Routing key.
    pub routing_key: &'a str,
    /// Plain text.
    pub body: &'a [u8],
    /// Which process speaks.
    pub origin: &'a str,
}

/// Why a message was not accepted. In every case the same message may be sent again: the batch id makes a repeat harmless.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// No queue wanted it; the broker gave it back.
    #[error("no queue takes messages with the key {key:?}")]
    Unroutable {
        /// The routing key.
        key: String,
    },
    /// The queue is full.
    #[error("the broker refused the message, its queue is full")]
    Refused,
    /// The broker has stopped taking messages (memory or disk alarm).
    #[error("the broker takes no messages at the moment")]
    Blocked,
    /// The connection failed.
    #[error("publishing to RabbitMQ")]
    Broker(#[from] BrokerError),
}

/// One connection with one channel in confirm mode. When it fails, drop it and connect again.
pub struct Publisher {
    connection: Connection,
    channel: Channel,
    blocked: Arc<AtomicBool>,
    watcher: tokio::task::JoinHandle<()>,
}

impl std::fmt::Debug for Publisher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Publisher {{ usable: {} }}", self.is_usable())
    }
}

impl Drop for Publisher {
    fn drop(&mut self) {
        self.watcher.abort();
    }
}

impl Publisher {
    /// Connects.
    ///
    /// # Errors
    /// When the broker cannot be reached or refuses.
    pub async fn connect(address: &BrokerAddress, name: &str) -> Result<Self, BrokerError> {
        let connection = address.connect(name).await?;
        let channel = within("opening a channel", connection.create_channel()).await?;
        within(
            "asking for confirms",
            channel.confirm_select(ConfirmSelectOptions::default()),
        )
        .await?;
        let blocked = Arc::new(AtomicBool::new(false));
        let (flag, mut events) = (blocked.clone(), Box::pin(connection.events_listener()));
        let watcher = tokio::spawn(async move {
            while let Some(event) = events.next().await {
                match event {
                    Event::ConnectionBlocked(_) => flag.store(true, Ordering::Relaxed),
                    Event::ConnectionUnblocked => flag.store(false, Ordering::Relaxed),
                    _ => {}
                }
            }
        });
        Ok(Self {
            connection,
            channel,
            blocked,
            watcher,
        })
    }

    /// Whether a message can be tried on this connection.
    #[must_use]
    pub fn is_usable(&self) -> bool {
        self.connection.status().connected() && self.channel.status().connected()
    }

    /// Sends without waiting for the confirm, so that several can be under way.
    ///
    /// # Errors
    /// When the broker is blocked or the connection failed.
    pub async fn send(&self, message: &Outgoing<'_>) -> Result<Pending, PublishError> {
        if self.blocked.load(Ordering::Relaxed) {
            return Err(PublishError::Blocked);
        }
        let mut properties = BasicProperties::default()
            .with_content_type("application/json".into())
            .with_type("wt.sightings.v1".into())
            .with_delivery_mode(2);
        if let Some(id) = &message.message_id {
            properties = properties.with_message_id(id.as_str().into());
        }
        if let Some(received_at_ms) = message.received_at_ms {
            let mut headers = FieldTable::default();
            headers.insert(
                "wt-received-at-ms".into(),
                AMQPValue::LongLongInt(received_at_ms),
            );
            properties = properties.with_headers(headers);
        }
        let publish = self.channel.basic_publish(
            message.exchange.into(),
            message.routing_key.into(),
            BasicPublishOptions {
                mandatory: true,
                ..BasicPublishOptions::default()
            },
            message.body,
            properties,
        );
        let confirm = within("publishing", publish).await?;
        Ok(Pending {
            confirm,
            key: message.routing_key.to_owned(),
        })
    }

    /// Sends and waits for the confirm of a routed message.
    ///
    /// # Errors
    /// See [`PublishError`].
    pub async fn publish(&self, message: &Outgoing<'_>) -> Result<(), PublishError> {
        self.send(message).await?.settled().await
    }

    /// Sends a message that is kept nowhere and need not reach anybody, and waits until the broker has taken it, so that a slow
    /// broker slows this sender and no queue grows here.
    ///
    /// # Errors
    /// When the broker is blocked, refuses, or the connection failed.
    pub async fn announce(&self, message: &Announcement<'_>) -> Result<(), PublishError> {
        if self.blocked.load(Ordering::Relaxed) {
            return Err(PublishError::Blocked);
        }
        let properties = BasicProperties::default()
            .with_content_type("text/plain".into())
            .with_type("wt.changes.v1".into())
            .with_app_id(message.origin.into())
            .with_delivery_mode(1);
        let publish = self.channel.basic_publish(
            message.exchange.into(),
            message.routing_key.into(),
            BasicPublishOptions::default(),
            message.body,
            properties,
        );
        let confirm = within("publishing", publish).await?;
        match within("waiting for the confirm", confirm).await? {
            Confirmation::Ack(_) => Ok(()),
            Confirmation::Nack(_) | Confirmation::NotRequested => Err(PublishError::Refused),
        }
    }

    /// Closes the connection; call it before the runtime ends.
    pub async fn close(self) {
        let closing =
            tokio::time::timeout(DEADLINE, self.connection.close(200, "done".into())).await;
        if !matches!(closing, Ok(Ok(()))) {
            tracing::debug!("the publisher's connection was gone before it could be closed");
        }
    }
}

/// A message whose confirm is awaited.
#[derive(Debug)]
pub struct Pending {
    confirm: PublisherConfirm,
    key: String,
}

impl Pending {
    /// Waits for the confirm, five seconds at most.
    ///
    /// # Errors
    /// See [`PublishError`].
    pub async fn settled(self) -> Result<(), PublishError> {
        match within("waiting for the confirm", self.confirm).await? {
            // A confirm of an unroutable message is still an ack: the returned message tells the difference.
            Confirmation::Ack(None) => Ok(()),
            Confirmation::Ack(Some(_)) => Err(PublishError::Unroutable { key: self.key }),
            Confirmation::Nack(_) | Confirmation::NotRequested => Err(PublishError::Refused),
        }
    }
}
