//! The loop of one shard: subscribe, collect, apply, acknowledge; and what to do when something goes wrong.
//!
//! One generation is one connection to the broker. Every failure ends it: what was not acknowledged comes again and meets the
//! dedupe table. Nothing is acknowledged before its COMMIT returned (I-6).

use std::time::{Duration, Instant};

use super::apply::ApplyConfig;
use super::batch::{Flow, collect};
use super::worker::{Applied, ApplyError, Worker};
use crate::broker::connection::backoff;
use crate::broker::topology::shard_queue;
use crate::broker::{BrokerAddress, Message, Subscription};
use crate::clock::Clock;
use crate::db::Db;
use crate::lifecycle::Lifecycle;
use crate::live::{Hints, TopicSet};

/// A shard that is further behind says nothing about the clocks of its readers.
const LAG_MAX: Duration = Duration::from_secs(1);
/// How long messages are held while the database is away; then they go back to the queue.
const HOLD_MAX: Duration = Duration::from_mins(1);
/// From this delivery count on a message is applied alone.
const SUSPECT_FROM: u64 = 2;
/// From this delivery count on a message is not even parsed.
const GIVE_UP_FROM: u64 = 5;
/// How often a transaction that met another one is tried again.
const TRIES_MAX: u32 = 5;

/// Settings of a shard's consumer.
#[derive(Clone, Debug)]
pub struct ShardConfig {
    /// Which shard.
    pub shard: u16,
    /// Messages taken ahead of their acknowledgement.
    pub prefetch: u16,
    /// Sign-in at the broker.
    pub broker: BrokerAddress,
    /// Settings of the decisions.
    pub apply: ApplyConfig,
    /// Where open pages hear that something changed.
    pub hints: Hints,
}

/// Why a generation ended.
#[derive(Debug)]
enum Ended {
    Stopped,
    Broker(String),
    Database,
    LostLease,
}

impl Ended {
    fn label(&self) -> &'static str {
        match self {
            Self::Stopped => "stopped",
            Self::Broker(_) => "broker",
            Self::Database => "database",
            Self::LostLease => "lost_lease",
        }
    }
}

/// Consumes a shard until the soft token of `life`.
///
/// # Errors
/// Never by itself: broker and database may come and go.
pub async fn run(config: ShardConfig, db: Db, clock: Clock, life: Lifecycle) -> anyhow::Result<()> {
    let mut consumer = Consumer {
        owner: format!("{}", uuid::Uuid::now_v7()),
        config,
        db,
        clock,
        life,
        worker: None,
        changed: TopicSet::default(),
    };
    let mut failures = 0;
    while !consumer.life.is_stopping() {
        let begun = Instant::now();
        let ended = consumer.generation().await;
        metrics::counter!("wardtrack_consumer_generations_ended_total", "reason" => ended.label())
            .increment(1);
        match &ended {
            Ended::Stopped => break,
            Ended::Broker(reason) => {
                tracing::warn!(shard = consumer.config.shard, reason, "lost the broker");
            }
            Ended::Database => tracing::warn!(
                shard = consumer.config.shard,
                "lost the database; messages went back to the queue"
            ),
            Ended::LostLease => {
                tracing::warn!(shard = consumer.config.shard, "another consumer took over");
            }
        }
        failures = if begun.elapsed() > Duration::from_secs(30) {
            0
        } else {
            failures + 1
        };
        consumer
            .pause(backoff(
                failures,
                Duration::from_millis(200),
                Duration::from_secs(5),
            ))
            .await;
    }
    Ok(())
}

struct Consumer {
    owner: String,
    config: ShardConfig,
    db: Db,
    clock: Clock,
    life: Lifecycle,
    worker: Option<Worker>,
    changed: TopicSet,
}

impl Consumer {
    async fn pause(&self, time: Duration) {
        tokio::select! { () = tokio::time::sleep(time) => {}, () = self.life.soft().cancelled() => {} }
    }

    /// From subscribing to the end of the subscription.
    async fn generation(&mut self) -> Ended {
        // Subscribing while the database is away would only burn delivery counts.
        if let Err(error) = self.db.conn().await {
            return Ended::Broker(format!(
                "not subscribing while the database is away: {error}"
            ));
        }
        let queue = shard_queue(self.config.shard);
        let opened = Subscription::open(
            &self.config.broker,
            "wardtrack consumer",
            &queue,
            self.config.prefetch,
        )
        .await;
        let mut subscription = match opened {
            Ok(subscription) => subscription,
            Err(error) => return Ended::Broker(chain(&error)),
        };
        tracing::info!(shard = self.config.shard, queue, "subscribed");
        let ended = self.work(&mut subscription).await;
        // Committed, though perhaps not acknowledged: pages read what is there.
        self.hint();
        match ended {
            Ended::Database => {
                let released = subscription.release().await;
                tracing::debug!(?released, "gave the messages back");
            }
            Ended::Stopped => {
                if let Some(worker) = &mut self.worker {
                    if let Err(error) = worker.write_all_seen().await {
                        tracing::warn!(
                            error = chain(&error),
                            "the newest sightings could not be written"
                        );
                    }
                    worker.log_spent();
                }
                let shut = subscription.shut().await;
                tracing::debug!(?shut, "closed the subscription");
            }
            Ended::Broker(_) | Ended::LostLease => {
                // Whether it can still be closed or not: the broker queues what was not acknowledged.
                let shut = subscription.shut().await;
                tracing::debug!(?shut, "closed the subscription");
            }
        }
        self.worker = None;
        ended
    }

    async fn work(&mut self, subscription: &mut Subscription) -> Ended {
        let mut flow = Flow::default();
        loop {
            let begun = Instant::now();
            let (messages, is_caught_up) = tokio::select! {
                biased;
                () = self.life.soft().cancelled() => {
                    let cancelled = subscription.cancel().await;
                    tracing::debug!(?cancelled, "cancelled the subscription");
                    return Ended::Stopped;
                }
                collected = collect(subscription, &mut flow) => match collected {
                    Ok(collected) => collected,
                    Err(reason) => return Ended::Broker(reason),
                },
            };
            if let Some(worker) = &mut self.worker {
                worker.waited(begun.elapsed());
            }
            // Only a consumer that gets messages knows that it is the active one.
            if messages.is_empty() && self.worker.is_none() {
                self.report_idle(subscription).await;
                continue;
            }
            let begun = Instant::now();
            let applied = match self.apply_until_done(&messages, is_caught_up).await {
                Ok(applied) => applied,
                Err(ended) => return ended,
            };
            if let Some(last) = messages.last()
                && let Err(error) = subscription.ack_up_to(last).await
            {
                return Ended::Broker(chain(&error));
            }
            self.hint();
            if begun.elapsed() > LAG_MAX {
                flow.lose();
            }
            let advanced = match messages.len() {
                0 => Ok(()),
                taken => {
                    flow.advance(subscription, taken, self.config.prefetch)
                        .await
                }
            };
            if let Err(error) = advanced {
                return Ended::Broker(chain(&error));
            }
            if applied.batches > 0 {
                tracing::debug!(?applied, "applied");
            }
        }
    }

    /// Tells open pages what was committed. Never waits.
    fn hint(&mut self) {
        self.config.hints.send(self.changed.take().iter());
    }

    /// A shard without messages is alive too. That nothing comes may also mean that another consumer gets it all.
    async fn report_idle(&self, subscription: &Subscription) {
        let now = self.clock.now();
        let is_empty = subscription.depth().await.is_ok_and(|depth| depth == 0);
        let report = super::store::ConsumerReport {
            caught_up_at: is_empty.then_some(now),
            last_batch_at: None,
            applied: 0,
        };
        if let Ok(mut conn) = self.db.conn().await
            && let Err(error) = super::store::record_consumer_report(
                &mut conn,
                i32::from(self.config.shard),
                report,
                now,
            )
            .await
        {
            tracing::debug!(error = chain(&error), "the report could not be written");
        }
    }

    /// Applies messages, waiting for the database for up to a minute.
    async fn apply_until_done(
        &mut self,
        messages: &[Message],
        is_caught_up: bool,
    ) -> Result<Applied, Ended> {
        let begun = Instant::now();
        let mut tries = 0;
        loop {
            match self.apply_isolating(messages, is_caught_up).await {
                Ok(applied) => return Ok(applied),
                Err(ApplyError::LostLease) => return Err(Ended::LostLease),
                Err(error) => {
                    self.worker = None;
                    tracing::warn!(
                        shard = self.config.shard,
                        error = chain(&error),
                        "applying failed, trying again"
                    );
                    if begun.elapsed() > HOLD_MAX || self.life.is_stopping() {
                        return Err(Ended::Database);
                    }
                    tries += 1;
                    self.pause(backoff(
                        tries.min(2),
                        Duration::from_millis(500),
                        Duration::from_secs(2),
                    ))
                    .await;
                }
            }
        }
    }

    /// Applies messages together; when the database refuses them, in halves, until the one that is to blame stands alone and
    /// goes to quarantine. Messages that were delivered before and never acknowledged stand alone from the start.
    async fn apply_isolating(
        &mut self,
        messages: &[Message],
        is_caught_up: bool,
    ) -> Result<Applied, ApplyError> {
        let mut total = Applied::default();
        let mut todo: Vec<&[Message]> = Vec::new();
        let mut rest = messages;
        while let Some(at) = rest
            .iter()
            .position(|message| message.delivery_count() >= SUSPECT_FROM)
        {
            let (before, from) = rest.split_at(at);
            let (suspect, after) = from.split_at(1);
            todo.extend([before, suspect]);
            rest = after;
        }
        todo.push(rest);
        todo.retain(|part| !part.is_empty());
        if messages.is_empty() {
            todo.push(&[]);
        }
        todo.reverse();
        let (mut tries, mut was_refused_alone) = (0, false);
        while let Some(part) = todo.pop() {
            if let [suspect] = part
                && suspect.delivery_count() >= GIVE_UP_FROM
            {
                let detail = format!(
                    "delivered {} times without success: kept unread",
                    suspect.delivery_count() + 1
                );
                self.worker()
                    .await?
                    .quarantine(suspect, "suspect", &detail)
                    .await?;
                continue;
            }
            let worker = self.worker().await?;
            match worker.apply(part, is_caught_up).await {
                Ok(applied) => {
                    let changed = worker.take_changed();
                    self.changed.extend(changed.iter());
                    was_refused_alone = false;
                    add(&mut total, applied);
                }
                Err(error @ (ApplyError::LostLease | ApplyError::Gone(_))) => return Err(error),
                Err(error) => {
                    self.worker = None;
                    tries += 1;
                    let is_refused = matches!(error, ApplyError::Refused(_));
                    match part {
                        // The state that was dropped may have been to blame, or a partition that is gone: once more, afresh.
                        [_] if is_refused && !was_refused_alone => {
                            was_refused_alone = true;
                            todo.push(part);
                        }
                        [only] if is_refused => {
                            was_refused_alone = false;
                            tracing::error!(
                                key = only.routing_key(),
                                error = chain(&error),
                                "a message cannot be applied"
                            );
                            self.worker()
                                .await?
                                .quarantine(only, "unprocessable", &chain(&error))
                                .await?;
                        }
                        [_, _, ..] if is_refused || tries > 1 => {
                            let (first, second) = part.split_at(part.len() / 2);
                            todo.extend([second, first]);
                        }
                        _ if tries > TRIES_MAX => return Err(ApplyError::Gone(Box::new(error))),
                        _ => todo.push(part),
                    }
                    self.pause(backoff(
                        tries,
                        Duration::from_millis(10),
                        Duration::from_millis(500),
                    ))
                    .await;
                }
            }
        }
        self.worker().await?.report().await?;
        Ok(total)
    }

    async fn worker(&mut self) -> Result<&mut Worker, ApplyError> {
        if self.worker.is_none() {
            let started = Worker::start(
                &self.db,
                &self.clock,
                self.config.shard,
                &self.owner,
                self.config.apply.clone(),
            )
            .await?;
            self.worker = Some(started);
        }
        self.worker.as_mut().ok_or(ApplyError::LostLease)
    }
}

fn add(total: &mut Applied, more: Applied) {
    total.batches += more.batches;
    total.sightings += more.sightings;
    total.duplicates += more.duplicates;
    total.quarantined += more.quarantined;
    total.moves += more.moves;
}

/// An error with its causes in one line.
fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        text.push_str(": ");
        text.push_str(&next.to_string());
        cause = next.source();
    }
    text
}
