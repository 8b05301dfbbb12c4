//! A reader of the load: it keeps every message until the broker has confirmed it, over any number of connections.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio_util::sync::CancellationToken;

use super::load::{Ledger, Sent};
use crate::broker::connection::backoff;
use crate::broker::topology::INGEST_EXCHANGE;
use crate::broker::{BrokerAddress, Outgoing, Publisher};

/// Messages under way at once.
const UNDER_WAY_MAX: usize = 20;

pub(super) struct Line {
    pub address: BrokerAddress,
    pub routing_key: String,
    pub ledger: Arc<Ledger>,
    pub stop: CancellationToken,
}

impl Line {
    /// Sends until there are no more messages and all are confirmed, or it is stopped.
    pub async fn run(self, mut messages: UnboundedReceiver<Arc<Sent>>) {
        let (mut waiting, mut is_open, mut failures) = (VecDeque::new(), true, 0);
        while (is_open || !waiting.is_empty()) && !self.stop.is_cancelled() {
            let Ok(publisher) = Publisher::connect(&self.address, "wardtrack torture").await else {
                failures += 1;
                self.pause(failures).await;
                continue;
            };
            let before = waiting.len();
            let is_done = self
                .send(&publisher, &mut messages, &mut waiting, &mut is_open)
                .await;
            publisher.close().await;
            failures = if waiting.len() < before {
                0
            } else {
                failures + 1
            };
            if !is_done {
                self.pause(failures).await;
            }
        }
    }

    async fn pause(&self, failures: u32) {
        let wait = backoff(failures, Duration::from_millis(100), Duration::from_secs(1));
        tokio::select! { () = tokio::time::sleep(wait) => {}, () = self.stop.cancelled() => {} }
    }

    /// On one connection; false when it failed. What was not confirmed is waiting again then.
    async fn send(
        &self,
        publisher: &Publisher,
        messages: &mut UnboundedReceiver<Arc<Sent>>,
        waiting: &mut VecDeque<Arc<Sent>>,
        is_open: &mut bool,
    ) -> bool {
        let mut under_way = FuturesUnordered::new();
        let is_done = loop {
            if under_way.len() < UNDER_WAY_MAX
                && let Some(sent) = waiting.pop_front()
            {
                let outgoing = Outgoing {
                    exchange: INGEST_EXCHANGE,
                    routing_key: sent.routing_key.unwrap_or(&self.routing_key),
                    body: &sent.body,
                    message_id: Some(sent.batch_id.to_string()),
                    received_at_ms: None,
                };
                let Ok(pending) = publisher.send(&outgoing).await else {
                    self.ledger.retries.fetch_add(1, Ordering::Relaxed);
                    waiting.push_front(sent);
                    break false;
                };
                under_way.push(async move { (sent, pending.settled().await) });
                continue;
            }
            if !*is_open && waiting.is_empty() && under_way.is_empty() {
                return true;
            }
            tokio::select! {
                message = messages.recv(), if *is_open => match message {
                    Some(sent) => waiting.push_back(sent),
                    None => *is_open = false,
                },
                Some((sent, settled)) = under_way.next(), if !under_way.is_empty() => {
                    if !self.settle(sent, settled.is_ok(), waiting) {
                        break false;
                    }
                }
                () = self.stop.cancelled() => return true,
            }
        };
        while let Some((sent, settled)) = under_way.next().await {
            self.settle(sent, settled.is_ok(), waiting);
        }
        is_done
    }

    fn settle(
        &self,
        sent: Arc<Sent>,
        is_confirmed: bool,
        waiting: &mut VecDeque<Arc<Sent>>,
    ) -> bool {
        if is_confirmed {
            self.ledger.confirm(sent.batch_id);
            return true;
        }
        self.ledger.retries.fetch_add(1, Ordering::Relaxed);
        waiting.push_back(sent);
        false
    }
}
