//! One subscription to one queue: the life of a channel, from qos to close.
//!
//! A subscription is one generation: whatever goes wrong ends it, and its owner builds a new one. It never acknowledges by
//! itself and never requeues while it works; what is not acknowledged comes again when the channel is closed.

use std::time::{Duration, Instant};

use futures_util::StreamExt;
use lapin::message::Delivery;
use lapin::options::{
    BasicAckOptions, BasicCancelOptions, BasicConsumeOptions, BasicNackOptions, BasicQosOptions,
    QueueBindOptions, QueueDeclareOptions,
};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{Channel, Connection};

use super::connection::{BrokerAddress, BrokerError, within};

/// A message as the consumer sees it.
#[derive(Debug)]
pub struct Message {
    delivery: Box<Delivery>,
}

impl Message {
    /// The routing key; for sightings it says which reader sent them (I-3).
    #[must_use]
    pub fn routing_key(&self) -> &str {
        self.delivery.routing_key.as_str()
    }

    /// The body.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.delivery.data
    }

    /// The declared content type.
    #[must_use]
    pub fn content_type(&self) -> Option<&str> {
        self.delivery
            .properties
            .content_type()
            .as_ref()
            .map(lapin::types::ShortString::as_str)
    }

    /// How often it was delivered before, as counted by the quorum queue.
    #[must_use]
    pub fn delivery_count(&self) -> u64 {
        self.header_number("x-delivery-count")
            .and_then(|count| u64::try_from(count).ok())
            .unwrap_or(0)
    }

    /// Milliseconds since 1970 at which the gateway (header `wt-received-at-ms`) or the broker (`timestamp_in_ms`, 4.x
    /// interceptor) took it.
    #[must_use]
    pub fn received_at_ms(&self) -> Option<i64> {
        self.header_number("wt-received-at-ms")
            .or_else(|| self.header_number("timestamp_in_ms"))
    }

    /// The queue it died in, when it came through the dead-letter exchange.
    #[must_use]
    pub fn first_death_reason(&self) -> Option<String> {
        match self
            .delivery
            .properties
            .headers()
            .as_ref()?
            .inner()
            .get("x-first-death-reason")?
        {
            AMQPValue::LongString(text) => Some(text.to_string()),
            AMQPValue::ShortString(text) => Some(text.to_string()),
            _ => None,
        }
    }

    /// Which process sent it, when it says so.
    #[must_use]
    pub fn origin(&self) -> Option<&str> {
        let properties = &self.delivery.properties;
        properties
            .app_id()
            .as_ref()
            .map(lapin::types::ShortString::as_str)
    }

    fn header_number(&self, name: &str) -> Option<i64> {
        match self
            .delivery
            .properties
            .headers()
            .as_ref()?
            .inner()
            .get(name)?
        {
            AMQPValue::LongLongInt(n) => Some(*n),
            AMQPValue::Timestamp(n) => i64::try_from(*n).ok(),
            AMQPValue::LongInt(n) => Some(i64::from(*n)),
            AMQPValue::LongUInt(n) => Some(i64::from(*n)),
            AMQPValue::ShortInt(n) => Some(i64::from(*n)),
            AMQPValue::ShortUInt(n) => Some(i64::from(*n)),
            AMQPValue::ShortShortInt(n) => Some(i64::from(*n)),
            AMQPValue::ShortShortUInt(n) => Some(i64::from(*n)),
            _ => None,
        }
    }
}

/// What came next.
#[derive(Debug)]
pub enum Next {
    /// A message.
    Message(Message),
    /// Nothing within the time given.
    Quiet,
    /// The subscription is over: connection lost, queue deleted, or consumer cancelled by the broker.
    Lost(String),
}

/// A running subscription.
pub struct Subscription {
    connection: Connection,
    channel: Channel,
    consumer: lapin::Consumer,
}

impl std::fmt::Debug for Subscription {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Subscription({})", self.consumer.queue().as_str())
    }
}

impl Subscription {
    /// Connects and subscribes to `queue`, holding at most `prefetch` unacknowledged messages.
    ///
    /// # Errors
    /// When the broker cannot be reached or refuses.
    pub async fn open(
        address: &BrokerAddress,
        name: &str,
        queue: &str,
        prefetch: u16,
    ) -> Result<Self, BrokerError> {
        let connection = address.connect(name).await?;
        let channel = within("opening a channel", connection.create_channel()).await?;
        within(
            "setting the prefetch",
            channel.basic_qos(prefetch, BasicQosOptions::default()),
        )
        .await?;
        let consume = channel.basic_consume(
            queue.into(),
            "".into(),
            BasicConsumeOptions::default(),
            FieldTable::default(),
        );
        let consumer = within("subscribing to the queue", consume).await?;
        Ok(Self {
            connection,
            channel,
            consumer,
        })
    }

    /// Connects and subscribes to everything of `exchange` by a queue of its own: nobody else sees it, it holds at most
    /// `messages_max` messages, the oldest give way, and it ends with the connection. Nothing is acknowledged.
    ///
    /// # Errors
    /// When the broker cannot be reached or refuses.
    pub async fn open_own(
        address: &BrokerAddress,
        name: &str,
        queue: &str,
        exchange: &str,
        messages_max: i32,
    ) -> Result<Self, BrokerError> {
        let connection = address.connect(name).await?;
        let channel = within("opening a channel", connection.create_channel()).await?;
        let mut limits = FieldTable::default();
        limits.insert("x-max-length".into(), AMQPValue::LongInt(messages_max));
        let options = QueueDeclareOptions {
            exclusive: true,
            auto_delete: true,
            ..QueueDeclareOptions::default()
        };
        let declare = channel.queue_declare(queue.into(), options, limits);
        within("declaring a queue of its own", declare).await?;
        let bind = channel.queue_bind(
            queue.into(),
            exchange.into(),
            "#".into(),
            QueueBindOptions::default(),
            FieldTable::default(),
        );
        within("binding a queue of its own", bind).await?;
        let options = BasicConsumeOptions {
            no_ack: true,
            exclusive: true,
            ..BasicConsumeOptions::default()
        };
        let consume =
            channel.basic_consume(queue.into(), "".into(), options, FieldTable::default());
        let consumer = within("subscribing to the queue", consume).await?;
        Ok(Self {
            connection,
            channel,
            consumer,
        })
    }

    /// The next message, waiting until `until` at most. Safe to drop while waiting.
    pub async fn next(&mut self, until: Instant) -> Next {
        match tokio::time::timeout_at(until.into(), self.consumer.next()).await {
            Err(_) => Next::Quiet,
            Ok(Some(Ok(delivery))) => Next::Message(Message {
                delivery: Box::new(delivery),
            }),
            Ok(Some(Err(error))) => Next::Lost(error.to_string()),
            Ok(None) => Next::Lost("the subscription was cancelled".to_owned()),
        }
    }

    /// A message that is here already, without waiting.
    pub fn next_ready(&mut self) -> Option<Next> {
        use futures_util::FutureExt;
        match self.consumer.next().now_or_never()? {
            Some(Ok(delivery)) => Some(Next::Message(Message {
                delivery: Box::new(delivery),
            })),
            Some(Err(error)) => Some(Next::Lost(error.to_string())),
            None => Some(Next::Lost("the subscription was cancelled".to_owned())),
        }
    }

    /// How many messages wait in the queue and were not delivered to anybody.
    ///
    /// # Errors
    /// When the broker does not answer.
    pub async fn depth(&self) -> Result<u32, BrokerError> {
        // Passive: it only asks, and needs no right to configure.
        let declare = self.channel.queue_declare(
            self.consumer.queue(),
            QueueDeclareOptions {
                passive: true,
                ..QueueDeclareOptions::default()
            },
            FieldTable::default(),
        );
        let queue = within("asking for the length of the queue", declare).await?;
        Ok(queue.message_count())
    }

    /// Acknowledges every message up to and including `last`. Call it only after COMMIT returned (I-6).
    ///
    /// # Errors
    /// When the acknowledgement did not go out; the messages will come again.
    pub async fn ack_up_to(&self, last: &Message) -> Result<(), BrokerError> {
        let acked = last.delivery.acker.ack(BasicAckOptions { multiple: true });
        if within("acknowledging", acked).await? {
            Ok(())
        } else {
            Err(BrokerError::AckRefused)
        }
    }

    /// Stops the flow and gives everything unacknowledged back in one step, so that an outage of the database raises the
    /// delivery count by one at most.
    ///
    /// # Errors
    /// When the broker does not answer; closing the connection has the same effect.
    pub async fn release(self) -> Result<(), BrokerError> {
        self.cancel().await?;
        let nack = self.channel.basic_nack(
            0,
            BasicNackOptions {
                multiple: true,
                requeue: true,
            },
        );
        within("giving messages back", nack).await?;
        self.shut().await
    }

    /// Stops the flow; messages that are here already can still be acknowledged.
    ///
    /// # Errors
    /// When the broker does not answer.
    pub async fn cancel(&self) -> Result<(), BrokerError> {
        within(
            "cancelling the subscription",
            self.channel
                .basic_cancel(self.consumer.tag(), BasicCancelOptions::default()),
        )
        .await
    }

    /// Closes channel and connection; what is unacknowledged is queued again.
    ///
    /// # Errors
    /// When the broker does not answer.
    pub async fn shut(self) -> Result<(), BrokerError> {
        // lapin's I/O thread panics when the runtime ends before the connection is closed.
        tokio::time::timeout(
            Duration::from_secs(2),
            self.connection.close(200, "done".into()),
        )
        .await
        .map_err(|_| BrokerError::Deadline {
            doing: "closing the connection",
        })?
        .map_err(|source| BrokerError::Amqp {
            doing: "closing the connection",
            source,
        })
    }
}
