//! What the consumer does when something else goes wrong. Servers that stop and processes that are killed are tried by
//! `wardtrack torture faults`.

use std::time::Instant;

use wardtrack::broker::topology::shard_queue;
use wardtrack::broker::{Next, Subscription};
use wardtrack::config::broker::BrokerRole;
use wardtrack::ingest::worker::{ApplyError, Worker};

use super::rig::{Batch, Rig, SOON, on_stage, wait_until};

#[tokio::test(flavor = "multi_thread")]
async fn i_lease_a_consumer_with_an_old_epoch_writes_nothing() {
    on_stage(async |rig| {
        let batch = Batch::new(rig.now_ms()).heard(0, 0, -60);
        rig.publish(0, &[batch.body()]).await;
        let consumer = rig.stage.role(BrokerRole::Consumer).unwrap();
        let mut subscription = Subscription::open(&consumer, "test", &shard_queue(0), 10)
            .await
            .unwrap();
        let Next::Message(message) = subscription.next(Instant::now() + SOON).await else {
            panic!("the message is delivered");
        };
        let (db, clock) = (&rig.stage.db, &rig.clock);
        let mut old = Worker::start(db, clock, 0, "old", Rig::apply_config())
            .await
            .unwrap();
        let mut new = Worker::start(db, clock, 0, "new", Rig::apply_config())
            .await
            .unwrap();
        let messages = [message];
        let refused = old.apply(&messages, true).await;
        assert!(matches!(refused, Err(ApplyError::LostLease)), "{refused:?}");
        let refused = old
            .quarantine(&messages[0], "suspect", "by the old one")
            .await;
        assert!(matches!(refused, Err(ApplyError::LostLease)), "{refused:?}");
        let refused = old.write_all_seen().await;
        assert!(matches!(refused, Err(ApplyError::LostLease)), "{refused:?}");
        for table in [
            "sighting",
            "ingest_batch",
            "tag_state",
            "quarantine",
            "reader_health",
        ] {
            assert_eq!(
                rig.number(&format!("SELECT count(*) AS n FROM {table}"))
                    .await,
                0,
                "{table}"
            );
        }
        assert_eq!(new.apply(&messages, true).await.unwrap().batches, 1);
        assert_eq!(rig.stored(batch.id).await, [0]);
        subscription.ack_up_to(&messages[0]).await.unwrap();
        subscription.shut().await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn i5_a_missing_partition_is_made_also_when_it_was_there_a_moment_ago() {
    on_stage(async |rig| {
        rig.start().await;
        let partition = format!("sighting_{}", rig.clock.now().format("%Y%m%d"));
        rig.execute(&format!("DROP TABLE {partition}")).await;
        for sent in 1..3 {
            let batch = Batch::new(rig.now_ms()).heard(0, 0, -60);
            rig.publish(0, &[batch.body()]).await;
            rig.wait_for_batches(sent).await;
            assert_eq!(rig.stored(batch.id).await, [0]);
            rig.execute(&format!("DROP TABLE {partition}")).await;
        }
        assert!(
            rig.quarantine().await.is_empty(),
            "{:?}",
            rig.quarantine().await
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn i5_a_sighting_of_days_ago_finds_or_gets_its_partition() {
    on_stage(async |rig| {
        rig.start().await;
        let day_ms = 24 * 3_600_000;
        let batch = Batch::new(rig.now_ms())
            .heard(0, 2 * day_ms, -60)
            .heard(0, 6 * day_ms, -60)
            .heard(0, 0, -60);
        rig.publish(0, &[batch.body()]).await;
        rig.wait_for_batches(1).await;
        assert_eq!(
            rig.stored(batch.id).await,
            [0, 2],
            "raw history is kept three days"
        );
        assert!(rig.quarantine().await.is_empty());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_that_waited_in_the_queue_keep_their_times() {
    on_stage(async |rig| {
        // Sent half a minute ago, while no consumer ran: a consumer that takes this for slow clocks would date them now.
        let sent_at_ms = rig.now_ms() - 30_000;
        let batches: Vec<Batch> = (0..300)
            .map(|n| Batch::new(sent_at_ms + 100 * n).heard(0, 7, -60))
            .collect();
        let bodies: Vec<Vec<u8>> = batches.iter().map(Batch::body).collect();
        rig.publish(0, &bodies).await;
        rig.start().await;
        rig.wait_for_batches(300).await;
        for batch in &batches {
            assert_eq!(rig.seen_ms(batch.id, 0).await, batch.sent_at_ms - 7);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_that_a_reader_kept_while_the_broker_was_away_keep_their_times() {
    on_stage(async |rig| {
        rig.start().await;
        rig.wait_until_caught_up().await;
        // A reader in good order, then a gap, and what it kept meanwhile in one go: more than the clock window holds.
        rig.publish(0, &[Batch::new(rig.now_ms()).body()]).await;
        rig.wait_for_batches(1).await;
        let sent_at_ms = rig.now_ms() - 20_000;
        let kept: Vec<Batch> = (0..150)
            .map(|n| Batch::new(sent_at_ms + 100 * n).heard(0, 7, -60))
            .collect();
        for chunk in kept.chunks(10) {
            let bodies: Vec<Vec<u8>> = chunk.iter().map(Batch::body).collect();
            rig.publish(0, &bodies).await;
        }
        rig.wait_for_batches(151).await;
        for batch in &kept {
            assert_eq!(rig.seen_ms(batch.id, 0).await, batch.sent_at_ms - 7);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_whose_clock_is_an_hour_behind_is_corrected() {
    on_stage(async |rig| {
        rig.start().await;
        rig.wait_until_caught_up().await;
        let first_ms = rig.now_ms();
        for n in 1..=3 {
            let batch = Batch::new(rig.now_ms() - 3_600_000).heard(0, 0, -60);
            rig.publish(0, &[batch.body()]).await;
            rig.wait_for_batches(n).await;
            let seen_ms = rig.seen_ms(batch.id, 0).await;
            // The delay of the first message, which finds everything cold, goes into the offset until a quicker one comes.
            assert!(
                (first_ms..=rig.now_ms() + 2_000).contains(&seen_ms),
                "{n}: {}",
                seen_ms - first_ms
            );
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shard_under_steady_load_says_that_it_keeps_up() {
    on_stage(async |rig| {
        rig.start().await;
        rig.publish(0, &[Batch::new(rig.now_ms()).body()]).await;
        rig.wait_for_batches(1).await;
        let begun_ms = rig.now_ms();
        // Messages come faster than the pause by which an idle queue is told, and the consumer keeps up with them.
        wait_until("the shard caught up while messages kept coming", SOON, async || {
            for reader in 0..3 {
                let bodies: Vec<Vec<u8>> = (0..20).map(|_| Batch::new(rig.now_ms()).heard(0, 0, -60).body()).collect();
                rig.publish(reader, &bodies).await;
            }
            rig.number(&format!(
                "SELECT count(*) AS n FROM consumer_health
                 WHERE extract(epoch FROM caught_up_at) * 1000 > {begun_ms} + 1000 AND last_batch_at >= caught_up_at"
            ))
            .await
                == 1
        })
        .await;
    })
    .await;
}
