//! What the message broker says about itself, asked through a function: pages name no broker.

use std::sync::Arc;

use futures_util::future::BoxFuture;

/// What the message broker says about itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BrokerFacts {
    /// Whether it answered.
    pub reachable: bool,
    /// Its version.
    pub version: Option<String>,
    /// Its queues.
    pub queues: Vec<QueueFacts>,
}

/// One queue of the broker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueFacts {
    /// Its name.
    pub name: String,
    /// Messages that wait.
    pub messages: u64,
    /// Messages given to a consumer and not acknowledged yet.
    pub unacked: u64,
}

/// Asks the broker. It must answer in a few seconds, whatever the broker does; an unreachable one is an answer too.
#[derive(Clone)]
pub struct BrokerFactsSource(Arc<dyn Fn() -> BoxFuture<'static, BrokerFacts> + Send + Sync>);

impl BrokerFactsSource {
    /// A source that calls `ask`.
    pub fn new(ask: impl Fn() -> BoxFuture<'static, BrokerFacts> + Send + Sync + 'static) -> Self {
        Self(Arc::new(ask))
    }

    /// Asks now.
    pub async fn ask(&self) -> BrokerFacts {
        (self.0)().await
    }
}

impl std::fmt::Debug for BrokerFactsSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("BrokerFactsSource")
    }
}
