//! Hints of other processes: subscribes to `wt.changes` and tells the hub.
//!
//! The queue is this connection's own: exclusive, not durable, gone with it. What is said while nobody listens is lost, so after
//! each connection the hub hears once that everything may have changed.

use std::time::{Duration, Instant};

use super::hints::Hints;
use super::topic::{Topic, TopicSet};
use crate::broker::connection::backoff;
use crate::broker::topology::CHANGES_EXCHANGE;
use crate::broker::{BrokerAddress, Message, Next, Subscription};
use crate::lifecycle::Lifecycle;

/// Messages that wait at the broker; older ones are dropped there.
const QUEUE_MESSAGES_MAX: i32 = 1_000;
/// Bytes of a message; a longer one is not ours.
const BODY_BYTES_MAX: usize = 64 * 1024;

/// Listens until the soft token of `life`.
///
/// # Errors
/// Never: the broker may come and go, and the hub says so.
pub async fn run(hints: Hints, broker: BrokerAddress, life: Lifecycle) -> anyhow::Result<()> {
    let Some(hub) = hints.hub().cloned() else {
        anyhow::bail!("a process without pages has nobody to tell about changes");
    };
    let mut failures = 0;
    while !life.is_stopping() {
        let begun = Instant::now();
        let lost = tokio::select! {
            () = life.soft().cancelled() => break,
            lost = follow(&hints, &broker) => lost,
        };
        let was_live = hub.is_live();
        hub.set_live(false);
        failures = if begun.elapsed() > Duration::from_secs(30) {
            0
        } else {
            failures + 1
        };
        if was_live || failures == 1 {
            tracing::warn!(reason = lost, "no hints of changes from the broker");
        }
        let pause = backoff(failures, Duration::from_millis(200), Duration::from_secs(5));
        tokio::select! { () = tokio::time::sleep(pause) => {}, () = life.soft().cancelled() => {} }
    }
    Ok(())
}

/// One connection, from subscribing to its loss; says why it was lost.
async fn follow(hints: &Hints, broker: &BrokerAddress) -> String {
    let Some(hub) = hints.hub() else {
        return String::new();
    };
    let queue = format!("wt.live.{}", uuid::Uuid::now_v7());
    let opened = Subscription::open_own(
        broker,
        "wardtrack live",
        &queue,
        CHANGES_EXCHANGE,
        QUEUE_MESSAGES_MAX,
    );
    let mut subscription = match opened.await {
        Ok(subscription) => subscription,
        Err(error) => return error.to_string(),
    };
    tracing::info!("pages are live");
    hub.set_live(true);
    hub.tell([Topic::Everything]);
    let reason = loop {
        match subscription
            .next(Instant::now() + Duration::from_mins(1))
            .await
        {
            Next::Message(message) if message.origin() == Some(hints.origin()) => {}
            Next::Message(message) => hub.tell(read(&message).iter()),
            Next::Quiet => {}
            Next::Lost(reason) => break reason,
        }
    };
    let shut = subscription.shut().await;
    tracing::debug!(?shut, "closed the subscription");
    reason
}

/// The topics of a message. One of a newer wardtrack may have words that this one does not know: then anything may have changed.
fn read(message: &Message) -> TopicSet {
    let mut topics = TopicSet::default();
    let text = std::str::from_utf8(message.body()).unwrap_or("?");
    if text.len() > BODY_BYTES_MAX {
        topics.insert(Topic::Everything);
        return topics;
    }
    for word in text.split_ascii_whitespace() {
        topics.insert(word.parse().unwrap_or(Topic::Everything));
    }
    topics
}
