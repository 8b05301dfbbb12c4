//! Saying that something changed: to the listeners of this process at once, to the other processes by `wt.changes`.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;
use uuid::Uuid;

use super::hub::Hub;
use super::topic::{Topic, TopicSet};
use crate::broker::connection::backoff;
use crate::broker::topology::CHANGES_EXCHANGE;
use crate::broker::{Announcement, BrokerAddress, PublishError, Publisher};
use crate::lifecycle::Lifecycle;

/// At most one message in this time.
const EVERY: Duration = Duration::from_millis(100);
/// Routing key of hints; whoever listens binds `#`.
const ROUTING_KEY: &str = "hint";

/// The way to say that something changed. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Hints(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    origin: String,
    hub: Option<Hub>,
    waiting: Mutex<TopicSet>,
    wake: Notify,
}

impl Default for Hints {
    fn default() -> Self {
        Self::new(None)
    }
}

impl Hints {
    /// For a process without pages.
    #[must_use]
    pub fn without_pages() -> Self {
        Self::default()
    }

    /// For a process with pages: they hear at once, also while the broker is away.
    #[must_use]
    pub fn for_pages(hub: Hub) -> Self {
        Self::new(Some(hub))
    }

    fn new(hub: Option<Hub>) -> Self {
        Self(Arc::new(Inner {
            origin: Uuid::now_v7().to_string(),
            hub,
            waiting: Mutex::default(),
            wake: Notify::new(),
        }))
    }

    /// Says that these changed. Call it after COMMIT: who hears it reads the database at once. Never waits and never fails; what
    /// waits for the broker is bounded, because too many topics become wide ones.
    pub fn send(&self, topics: impl IntoIterator<Item = Topic>) {
        let mut set = TopicSet::default();
        set.extend(topics);
        if set.is_empty() {
            return;
        }
        if let Some(hub) = &self.0.hub {
            hub.tell(set.iter());
        }
        self.waiting().extend(set.iter());
        self.0.wake.notify_one();
    }

    /// Which process speaks; stands in every message, so that it need not hear itself.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.0.origin
    }

    /// The listeners of this process.
    #[must_use]
    pub fn hub(&self) -> Option<&Hub> {
        self.0.hub.as_ref()
    }

    /// What was not published yet.
    fn waiting(&self) -> std::sync::MutexGuard<'_, TopicSet> {
        self.0
            .waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Publishes what is sent, on a connection of its own, until the soft token of `life`. While the broker is slow or away, hints
    /// are put together and at last dropped into wider ones; nobody waits for that.
    ///
    /// # Errors
    /// Never: the broker may come and go.
    pub async fn publish(self, broker: BrokerAddress, life: Lifecycle) -> anyhow::Result<()> {
        let mut publisher: Option<Publisher> = None;
        let mut failures = 0;
        while !life.is_stopping() {
            tokio::select! {
                () = life.soft().cancelled() => break,
                () = self.0.wake.notified() => {}
            }
            let begun = Instant::now();
            let topics = self.waiting().take();
            if topics.is_empty() {
                continue;
            }
            let told = tokio::select! {
                () = life.soft().cancelled() => break,
                told = self.announce(&broker, &mut publisher, &topics) => told,
            };
            let pause = match told {
                Ok(()) => {
                    failures = 0;
                    metrics::counter!("wardtrack_hints_published_total").increment(1);
                    EVERY.saturating_sub(begun.elapsed())
                }
                Err(error) => {
                    publisher = None;
                    failures += 1;
                    metrics::counter!("wardtrack_hints_failed_total").increment(1);
                    if failures == 1 {
                        tracing::warn!(%error, "hints do not reach the broker; open pages follow more slowly");
                    }
                    // Said again with the next ones: what changed meanwhile is read afresh anyway.
                    self.waiting().extend(topics.iter());
                    self.0.wake.notify_one();
                    backoff(failures, EVERY, Duration::from_secs(5))
                }
            };
            tokio::select! { () = tokio::time::sleep(pause) => {}, () = life.soft().cancelled() => {} }
        }
        if let Some(publisher) = publisher {
            publisher.close().await;
        }
        Ok(())
    }

    async fn announce(
        &self,
        broker: &BrokerAddress,
        slot: &mut Option<Publisher>,
        topics: &TopicSet,
    ) -> Result<(), PublishError> {
        let publisher = match slot {
            Some(publisher) if publisher.is_usable() => publisher,
            _ => slot.insert(Publisher::connect(broker, "wardtrack hints").await?),
        };
        let body = topics.join(" ");
        publisher
            .announce(&Announcement {
                exchange: CHANGES_EXCHANGE,
                routing_key: ROUTING_KEY,
                body: body.as_bytes(),
                origin: self.origin(),
            })
            .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::AssetId;
    use crate::live::topic::MESSAGE_TOPICS_MAX;

    #[test]
    fn hints_that_nobody_takes_stay_within_their_limit() {
        let hints = Hints::without_pages();
        for id in 0..100_000 {
            hints.send([Topic::Asset(AssetId(id)), Topic::Alerts]);
        }
        assert!(hints.waiting().len() <= MESSAGE_TOPICS_MAX);
        assert!(hints.waiting().covers(Topic::Asset(AssetId(5))));
    }
}
