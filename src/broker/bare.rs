//! The broker without our consumer: what `bench` compares with, and how it sees the length of a queue at once.

use std::time::{Duration, Instant};

use futures_util::StreamExt;
use lapin::options::{
    BasicAckOptions, BasicConsumeOptions, BasicQosOptions, QueueDeclareOptions, QueueDeleteOptions,
};
use lapin::types::FieldTable;
use lapin::{Channel, Connection};

use super::connection::{BrokerAddress, BrokerError, within};

/// A connection that looks at queues.
pub struct QueueProbe {
    connection: Connection,
    channel: Channel,
}

impl std::fmt::Debug for QueueProbe {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("QueueProbe")
    }
}

impl QueueProbe {
    /// Connects.
    ///
    /// # Errors
    /// When the broker cannot be reached or refuses.
    pub async fn connect(address: &BrokerAddress, name: &str) -> Result<Self, BrokerError> {
        let connection = address.connect(name).await?;
        let channel = within("opening a channel", connection.create_channel()).await?;
        Ok(Self {
            connection,
            channel,
        })
    }

    /// Messages that wait for delivery. The management API knows them only every five seconds.
    ///
    /// # Errors
    /// When there is no such queue or the connection failed.
    pub async fn count_ready(&self, queue: &str) -> Result<u64, BrokerError> {
        let options = QueueDeclareOptions {
            passive: true,
            durable: true,
            ..QueueDeclareOptions::default()
        };
        let declare = self
            .channel
            .queue_declare(queue.into(), options, FieldTable::default());
        let found = within("looking at a queue", declare).await?;
        Ok(u64::from(found.message_count()))
    }

    /// Deletes a queue with what is in it.
    ///
    /// # Errors
    /// When the broker refuses or the connection failed.
    pub async fn delete_queue(&self, queue: &str) -> Result<(), BrokerError> {
        let delete = self
            .channel
            .queue_delete(queue.into(), QueueDeleteOptions::default());
        within("deleting a queue", delete).await.map(drop)
    }

    /// Closes the connection; call it before the runtime ends.
    pub async fn close(self) {
        close(self.connection).await;
    }
}

/// What a consumer that does nothing else took.
#[derive(Clone, Copy, Debug)]
pub struct BareConsume {
    /// Messages.
    pub messages: u64,
    /// Bytes of their bodies.
    pub bytes: u64,
    /// From the first delivery to the last acknowledgement.
    pub took: Duration,
}

/// Consumes `messages` messages and does nothing else than acknowledging `ack_every` at once.
///
/// # Errors
/// When the broker cannot be reached or refuses, or no message comes for five seconds.
pub async fn consume_bare(
    address: &BrokerAddress,
    queue: &str,
    prefetch: u16,
    ack_every: u64,
    messages: u64,
) -> Result<BareConsume, BrokerError> {
    let connection = address.connect("wardtrack bench, bare consumer").await?;
    let channel = within("opening a channel", connection.create_channel()).await?;
    let qos = channel.basic_qos(prefetch, BasicQosOptions::default());
    within("setting the prefetch", qos).await?;
    let subscribe = channel.basic_consume(
        queue.into(),
        "".into(),
        BasicConsumeOptions::default(),
        FieldTable::default(),
    );
    let mut consumer = within("subscribing to the queue", subscribe).await?;
    let (mut taken, mut bytes) = (0, 0_u64);
    let mut begun = Instant::now();
    while taken < messages {
        let next = async { consumer.next().await.transpose() };
        let Some(delivery) = within("waiting for a message", next).await? else {
            break;
        };
        if taken == 0 {
            begun = Instant::now();
        }
        taken += 1;
        bytes += u64::try_from(delivery.data.len()).unwrap_or(0);
        if taken.is_multiple_of(ack_every) || taken == messages {
            let ack = delivery.acker.ack(BasicAckOptions { multiple: true });
            within("acknowledging", ack).await?;
        }
    }
    let took = begun.elapsed();
    close(connection).await;
    Ok(BareConsume {
        messages: taken,
        bytes,
        took,
    })
}

async fn close(connection: Connection) {
    let closing = connection.close(200, "done".into());
    let closed = tokio::time::timeout(Duration::from_secs(2), closing).await;
    if !matches!(closed, Ok(Ok(()))) {
        tracing::debug!("the connection was gone before it could be closed");
    }
}
