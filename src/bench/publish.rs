//! The publisher of the bench: as fast as confirms allow, and no faster than a bounded queue takes it.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use anyhow::Context;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use tokio_util::sync::CancellationToken;

use super::load::{self, Load};
use crate::broker::bare::QueueProbe;
use crate::broker::publisher::Pending;
use crate::broker::topology::{INGEST_EXCHANGE, reader_routing_key};
use crate::broker::{BrokerAddress, Outgoing, Publisher};
use crate::clock::Clock;

/// Messages whose confirm may be missing at once.
const UNCONFIRMED_MAX: usize = 1_000;
/// How often the publisher looks at the queue.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Publishes a load, message by message.
#[derive(Debug)]
pub(super) struct LoadPublisher {
    load: Load,
    publisher: Publisher,
    clock: Clock,
    origin_ms: i64,
    rng: ChaCha8Rng,
    pending: VecDeque<Pending>,
    body: Vec<u8>,
    pub sightings: u64,
    pub bytes: u64,
}

impl LoadPublisher {
    /// Connects; event time starts at `origin_ms`.
    pub(super) async fn connect(
        address: &BrokerAddress,
        load: Load,
        seed: u64,
        clock: Clock,
        origin_ms: i64,
    ) -> anyhow::Result<Self> {
        Ok(Self {
            publisher: Publisher::connect(address, "wardtrack bench, publisher").await?,
            load,
            clock,
            origin_ms,
            rng: ChaCha8Rng::seed_from_u64(!seed),
            pending: VecDeque::with_capacity(UNCONFIRMED_MAX),
            body: Vec::new(),
            sightings: 0,
            bytes: 0,
        })
    }

    /// Publishes a number of messages and waits until all are confirmed.
    pub(super) async fn publish(&mut self, messages: u64) -> anyhow::Result<()> {
        for _ in 0..messages {
            self.publish_next().await?;
        }
        self.settle_all().await
    }

    /// Publishes until a moment, stopping whenever more than `ready_max` messages wait in `queue`.
    pub(super) async fn publish_until(
        &mut self,
        until: Instant,
        probe: &QueueProbe,
        queue: &str,
        ready_max: u64,
    ) -> anyhow::Result<()> {
        let mut looked = Instant::now();
        while Instant::now() < until {
            if looked.elapsed() >= LOOK_EVERY {
                while probe.count_ready(queue).await? > ready_max && Instant::now() < until {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
                looked = Instant::now();
            }
            self.publish_next().await?;
        }
        self.settle_all().await
    }

    /// Publishes at an even rate until it is told to stop; never slower to catch its breath, so a slow broker is followed by more
    /// messages at once.
    pub(super) async fn publish_evenly(
        &mut self,
        sightings_per_s: u32,
        stop: &CancellationToken,
    ) -> anyhow::Result<()> {
        let (begun, mut sent) = (Instant::now(), 0_u32);
        loop {
            let due = begun + Duration::from_secs(1) * sent / sightings_per_s.max(1);
            tokio::select! {
                () = stop.cancelled() => break,
                () = tokio::time::sleep_until(due.into()) => {}
            }
            let before = self.sightings;
            self.publish_next().await?;
            sent = sent.saturating_add(u32::try_from(self.sightings - before).unwrap_or(u32::MAX));
        }
        self.settle_all().await
    }

    async fn publish_next(&mut self) -> anyhow::Result<()> {
        if self.pending.len() >= UNCONFIRMED_MAX
            && let Some(oldest) = self.pending.pop_front()
        {
            oldest.settled().await.context("publishing the load")?;
        }
        let draft = self.load.next_message();
        let sent_at_ms = self.clock.now_ms();
        let batch_id = load::batch_id(sent_at_ms, &mut self.rng);
        draft.write_body(batch_id, sent_at_ms, self.origin_ms, &mut self.body)?;
        let outgoing = Outgoing {
            exchange: INGEST_EXCHANGE,
            routing_key: &reader_routing_key(&draft.reader_key()),
            body: &self.body,
            message_id: Some(batch_id.to_string()),
            received_at_ms: None,
        };
        self.pending.push_back(
            self.publisher
                .send(&outgoing)
                .await
                .context("publishing the load")?,
        );
        self.sightings += u64::try_from(draft.len()).unwrap_or(0);
        self.bytes += u64::try_from(self.body.len()).unwrap_or(0);
        Ok(())
    }

    async fn settle_all(&mut self) -> anyhow::Result<()> {
        while let Some(oldest) = self.pending.pop_front() {
            oldest.settled().await.context("publishing the load")?;
        }
        Ok(())
    }

    /// Closes the connection.
    pub(super) async fn close(self) {
        self.publisher.close().await;
    }
}
