//! Messages that no shard took: those without a binding (`wt.unrouted`) and those that a shard queue gave up (`wt.dead`). They
//! are moved to quarantine, where somebody can look at them.

use std::time::{Duration, Instant};

use super::quarantine::{NewQuarantine, Origin};
use super::store;
use crate::broker::connection::backoff;
use crate::broker::topology::{DEAD_QUEUE, UNROUTED_QUEUE, reader_of_routing_key};
use crate::broker::{BrokerAddress, Message, Next, Subscription};
use crate::clock::Clock;
use crate::db::Db;
use crate::db::partitions::ensure_partition;
use crate::lifecycle::Lifecycle;

/// Which of the two queues.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stray {
    /// No binding matched.
    Unrouted,
    /// The shard queue gave it up.
    Dead,
}

impl Stray {
    fn queue(self) -> &'static str {
        match self {
            Self::Unrouted => UNROUTED_QUEUE,
            Self::Dead => DEAD_QUEUE,
        }
    }

    fn explain(self, message: &Message) -> (&'static str, String) {
        match self {
            Self::Unrouted => {
                let key = message.routing_key();
                (
                    "unroutable",
                    format!(
                        "no queue takes messages with the key {key:?}: publish under s. and the reader's id"
                    ),
                )
            }
            Self::Dead => {
                let why = message
                    .first_death_reason()
                    .unwrap_or_else(|| "unknown".to_owned());
                (
                    "dead_letter",
                    format!(
                        "the shard queue gave it up ({why}): look for the reason in the log, then send it again"
                    ),
                )
            }
        }
    }
}

/// Moves strays to quarantine until the soft token.
///
/// # Errors
/// Never by itself: broker and database may come and go.
pub async fn run(
    stray: Stray,
    broker: BrokerAddress,
    db: Db,
    clock: Clock,
    life: Lifecycle,
) -> anyhow::Result<()> {
    let mut failures = 0;
    while !life.is_stopping() {
        match drain(stray, &broker, &db, &clock, &life).await {
            Ok(()) => break,
            Err(error) => {
                tracing::debug!(
                    queue = stray.queue(),
                    error = format!("{error:#}"),
                    "draining failed, trying again"
                );
                failures += 1;
            }
        }
        let wait = backoff(
            failures,
            Duration::from_millis(500),
            Duration::from_secs(10),
        );
        tokio::select! { () = tokio::time::sleep(wait) => {}, () = life.soft().cancelled() => {} }
    }
    Ok(())
}

async fn drain(
    stray: Stray,
    broker: &BrokerAddress,
    db: &Db,
    clock: &Clock,
    life: &Lifecycle,
) -> anyhow::Result<()> {
    drop(db.conn().await?);
    let mut subscription =
        Subscription::open(broker, "wardtrack strays", stray.queue(), 20).await?;
    loop {
        let next = tokio::select! {
            biased;
            () = life.soft().cancelled() => break,
            next = subscription.next(Instant::now() + Duration::from_secs(5)) => next,
        };
        let message = match next {
            Next::Quiet => continue,
            Next::Lost(reason) => anyhow::bail!(reason),
            Next::Message(message) => message,
        };
        let (reason, detail) = stray.explain(&message);
        let origin = Origin {
            received_at: clock.now(),
            routing_key: message.routing_key(),
            reader_key: reader_of_routing_key(message.routing_key()),
            content_type: message.content_type(),
        };
        let row = NewQuarantine::message(origin, reason, &detail, message.body());
        let mut conn = db.conn().await?;
        ensure_partition(&mut conn, "quarantine", origin.received_at.date_naive()).await?;
        store::insert_quarantine(&conn, &[row]).await?;
        metrics::counter!("wardtrack_ingest_quarantined_total").increment(1);
        subscription.ack_up_to(&message).await?;
    }
    subscription.shut().await?;
    Ok(())
}
