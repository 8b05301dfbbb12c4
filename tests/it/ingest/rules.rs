//! Rules about readers and tags that nobody approved, and about readers that fall silent.

use chrono::TimeDelta;
use serde_json::json;
use wardtrack::broker::topology::BrokerUser;
use wardtrack::clock::TestClock;

use super::rig::{Batch, Rig, SOON, on_stage, start_at, wait_until, with_clock};

#[tokio::test(flavor = "multi_thread")]
async fn s38_an_unknown_reader_waits_and_is_not_used() {
    on_stage(async |rig| {
        rig.start().await;
        let key = format!("{}-new", rig.reader(0).key);
        let batch = Batch::new(rig.now_ms()).heard(0, 0, -60);
        rig.publish_under(&format!("s.{key}"), batch.body()).await;
        rig.wait_for_batches(1).await;
        let state = rig.text(&format!("SELECT state AS t FROM reader WHERE reader_key = '{key}'")).await;
        assert_eq!(state, "waiting");
        assert_eq!(rig.sightings().await, 0, "not used");
        assert_eq!(rig.number("SELECT count(*) AS n FROM tag_state").await, 0);
        wait_until("it is shown", SOON, async || {
            rig.number(&format!(
                "SELECT coalesce(sum(messages), 0)::bigint AS n FROM reader_health JOIN reader ON reader.id = reader_id
                 WHERE reader_key = '{key}'"
            ))
            .await
                == 1
        })
        .await;
        // From its approval on it is used like any other.
        rig.execute(&format!("UPDATE reader SET state = 'active', approved_at = now() WHERE reader_key = '{key}'")).await;
        let approved = Batch::new(rig.now_ms()).heard(0, 0, -60);
        rig.publish_under(&format!("s.{key}"), approved.body()).await;
        rig.wait_for_batches(2).await;
        assert_eq!(rig.stored(approved.id).await, [0]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn i10_unregistered_tags_are_only_counted_per_reader_and_hour() {
    on_stage(async |rig| {
        rig.start().await;
        let stranger = |n: usize| json!({"t": format!("mac:0000000000{n:02X}"), "age_ms": 5, "rssi": -50});
        let mut batch = Batch::new(rig.now_ms()).heard(0, 0, -60);
        for n in 0..7 {
            batch = batch.element(stranger(n % 3));
        }
        rig.publish(0, &[batch.body()]).await;
        rig.wait_for_batches(1).await;
        assert_eq!(rig.number("SELECT sum(sightings)::bigint AS n FROM unregistered_tag_count").await, 7);
        assert_eq!(rig.stored(batch.id).await, [0]);
        assert_eq!(rig.number("SELECT count(*) AS n FROM tag").await, 6, "no tag was registered by itself");
        let columns = rig
            .text(
                "SELECT string_agg(column_name, ' ' ORDER BY ordinal_position) AS t FROM information_schema.columns
                 WHERE table_name = 'unregistered_tag_count'",
            )
            .await;
        assert_eq!(columns, "reader_id hour_at sightings");
    })
    .await;
}

async fn wait_for_down(rig: &Rig, reader: usize, is_down: bool) {
    let id = rig.reader(reader).id;
    wait_until(&format!("reader {reader} down: {is_down}"), SOON, async || {
        rig.number(&format!(
            "SELECT count(*) AS n FROM reader_health WHERE reader_id = {id} AND (down_since IS NOT NULL) = {is_down}"
        ))
        .await
            == 1
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn i9a_heartbeats_keep_a_reader_up_and_three_missed_ones_take_it_down() {
    let time = TestClock::at(start_at());
    with_clock(time.clock(), async move |rig| {
        rig.start().await;
        for reader in [0, 1] {
            rig.publish(reader, &[Batch::new(rig.now_ms()).body()])
                .await;
        }
        rig.wait_for_batches(2).await;
        for n in 0..3 {
            time.advance(TimeDelta::seconds(31));
            rig.publish(1, &[Batch::new(rig.now_ms()).body()]).await;
            rig.wait_for_batches(3 + n).await;
        }
        wait_for_down(rig, 0, true).await;
        wait_for_down(rig, 1, false).await;
        rig.publish(0, &[Batch::new(rig.now_ms()).body()]).await;
        rig.wait_for_batches(6).await;
        // In the very millisecond of its return it is still the reader that was away.
        time.advance(TimeDelta::seconds(1));
        wait_for_down(rig, 0, false).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn i9a_a_reader_that_fell_silent_while_the_consumer_was_away_is_down_too() {
    let time = TestClock::at(start_at());
    with_clock(time.clock(), async move |rig| {
        rig.start().await;
        for reader in [0, 1] {
            rig.publish(reader, &[Batch::new(rig.now_ms()).body()])
                .await;
        }
        rig.wait_for_batches(2).await;
        rig.stop().await;
        time.advance(TimeDelta::seconds(95));
        rig.start().await;
        rig.publish(1, &[Batch::new(rig.now_ms()).body()]).await;
        rig.wait_for_batches(3).await;
        time.advance(TimeDelta::seconds(1));
        wait_for_down(rig, 0, true).await;
        wait_for_down(rig, 1, false).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn s36_both_credentials_of_a_reader_are_valid_while_one_replaces_the_other() {
    on_stage(async |rig| {
        rig.start().await;
        let reader = rig.reader(0).clone();
        let mut conn = rig.stage.db.conn().await.unwrap();
        let (secret, hash) = wardtrack::devices::register::insert_amqp_credential(
            &mut conn,
            reader.id,
            "b",
            rig.clock.now(),
        )
        .await
        .unwrap();
        drop(conn);
        let user = BrokerUser::for_reader(&reader.key, "b", hash);
        rig.stage.management.upsert_user(&user).await.unwrap();
        let second =
            wardtrack::broker::BrokerAddress::new(&rig.stage.broker, &user.name, secret).unwrap();
        let bodies = [Batch::new(rig.now_ms()).body()];
        super::rig::publish_all(&second, &reader.routing_key, &bodies)
            .await
            .unwrap();
        rig.publish(0, &[Batch::new(rig.now_ms()).body()]).await;
        rig.wait_for_batches(2).await;
        rig.stage.management.delete_user(&user.name).await.unwrap();
    })
    .await;
}
