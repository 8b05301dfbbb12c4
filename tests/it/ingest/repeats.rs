//! Repeated, shuffled and late messages, and those that an administrator sends again.

use wardtrack::torture::BadKind;

use super::rig::{Batch, Rig, SOON, on_stage, wait_until};

/// Places, stays and states of every tag in one text.
async fn places(rig: &Rig) -> String {
    rig.text(
        "SELECT concat_ws(E'\\n',
            (SELECT string_agg(concat_ws(' ', asset_id, room_id, entered_at), ', ' ORDER BY asset_id) FROM asset_place),
            (SELECT string_agg(concat_ws(' ', asset_id, room_id, entered_at, left_at), ', ' ORDER BY asset_id, left_at) FROM asset_stay),
            (SELECT string_agg(concat_ws(' ', tag_id, room_id, seen_at, entered_at), ', ' ORDER BY tag_id) FROM tag_state)) AS t",
    )
    .await
}

/// Sightings of tag 0 every 250 ms between two ages, sent now.
fn dwell(sent_at_ms: i64, from_age_ms: i64, to_age_ms: i64) -> Vec<Vec<u8>> {
    let mut bodies = Vec::new();
    let mut age_ms = from_age_ms;
    while age_ms > to_age_ms {
        let mut batch = Batch::new(sent_at_ms);
        for _ in 0..4 {
            batch = batch.heard(0, age_ms, -50);
            age_ms -= 250;
        }
        bodies.push(batch.body());
    }
    bodies
}

/// Tag 0 spent ten seconds in room 0 and then ten in room 1.
async fn walk(rig: &Rig) {
    let now_ms = rig.now_ms();
    let (first, second) = (dwell(now_ms, 20_000, 10_000), dwell(now_ms, 10_000, 0));
    let sent = i64::try_from(first.len() + second.len()).unwrap();
    rig.publish(0, &first).await;
    rig.publish(1, &second).await;
    rig.wait_for_batches(sent).await;
    wait_until("the tag is in room 1", SOON, async || {
        rig.room_of(0).await == Some(1)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r16_the_same_batch_five_times_is_applied_once() {
    on_stage(async |rig| {
        rig.start().await;
        let batch = Batch::new(rig.now_ms())
            .heard(0, 40, -60)
            .heard(1, 30, -70)
            .heard(0, 20, -61);
        let body = batch.body();
        // Three in one go, so that they meet in one transaction, then two apart.
        rig.publish(0, &[body.clone(), body.clone(), body.clone()])
            .await;
        rig.wait_for_batches(1).await;
        rig.publish(0, std::slice::from_ref(&body)).await;
        rig.publish(0, &[body, Batch::new(rig.now_ms()).body()])
            .await;
        rig.wait_for_batches(2).await;
        assert_eq!(rig.stored(batch.id).await, [0, 1, 2]);
        assert_eq!(
            rig.number("SELECT count(*) AS n FROM ingest_batch").await,
            2
        );
        wait_until("the repeats are counted", SOON, async || {
            rig.number("SELECT coalesce(sum(duplicates), 0)::bigint AS n FROM reader_health")
                .await
                == 4
        })
        .await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn i11_a_batch_id_of_one_reader_burns_no_other_readers_id() {
    on_stage(async |rig| {
        rig.start().await;
        let batch = Batch::new(rig.now_ms()).heard(0, 0, -60);
        rig.publish(0, &[batch.body()]).await;
        rig.publish(1, &[batch.body()]).await;
        rig.wait_for_batches(2).await;
        assert_eq!(rig.stored(batch.id).await, [0, 0]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r15_late_and_shuffled_batches_change_only_history() {
    on_stage(async |rig| {
        rig.start().await;
        walk(rig).await;
        let (before, rows) = (places(rig).await, rig.sightings().await);
        // Heard in room 2 while it was in rooms 0 and 1, told only now and in the wrong order.
        let mut late = dwell(rig.now_ms(), 30_000, 22_000);
        late.reverse();
        let half = late.len() / 2;
        late.swap(0, half);
        rig.publish(2, &late).await;
        wait_until("the late sightings are stored", SOON, async || {
            rig.sightings().await == rows + 32
        })
        .await;
        assert_eq!(places(rig).await, before);
        assert_eq!(rig.room_of(0).await, Some(1));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r16_the_whole_walk_again_changes_nothing() {
    on_stage(async |rig| {
        rig.start().await;
        let now_ms = rig.now_ms();
        let walked = [dwell(now_ms, 20_000, 10_000), dwell(now_ms, 10_000, 0)];
        for _ in 0..2 {
            for (room, bodies) in walked.iter().enumerate() {
                rig.publish(room, bodies).await;
            }
        }
        rig.wait_for_batches(20).await;
        wait_until("the tag is in room 1", SOON, async || {
            rig.room_of(0).await == Some(1)
        })
        .await;
        assert_eq!(rig.sightings().await, 80);
        let stays = rig.number("SELECT count(*) AS n FROM asset_stay").await;
        assert_eq!(stays, 1, "one walk, one closed stay");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn i6_a_restarted_consumer_loses_and_doubles_nothing() {
    on_stage(async |rig| {
        rig.start().await;
        let mut sent = 0;
        for _ in 0..4 {
            let bodies: Vec<Vec<u8>> = (0..50)
                .map(|_| {
                    Batch::new(rig.now_ms())
                        .heard(0, 5, -60)
                        .heard(1, 4, -60)
                        .body()
                })
                .collect();
            sent += i64::try_from(bodies.len()).unwrap();
            rig.publish(0, &bodies).await;
            rig.stop().await;
            rig.start().await;
        }
        rig.wait_for_batches(sent).await;
        assert_eq!(rig.sightings().await, 2 * sent);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn quarantine_rows_that_are_marked_are_sent_again_and_applied() {
    on_stage(async |rig| {
        rig.start().await;
        rig.publish_under("lost.and.found", BadKind::Unroutable.message("x", rig.now_ms(), 0, 0).body).await;
        rig.wait_for_quarantine(1).await;
        let batch = Batch::new(rig.now_ms()).heard(0, 0, -60);
        let (key, body) = (rig.reader(0).routing_key.clone(), String::from_utf8(batch.body()).unwrap());
        rig.execute(&format!(
            "INSERT INTO quarantine (received_at, scope, reason, detail, routing_key, body, body_bytes)
             VALUES (now(), 'message', 'suspect', 'kept by a test', '{key}', convert_to('{body}', 'UTF8'), {})",
            body.len()
        ))
        .await;
        // No reader may use the key of the first one, so the gateway cannot send it; that must not stop the second.
        rig.execute("UPDATE quarantine SET state = 'replay_asked', replay_asked_at = now()").await;
        rig.start_gateway();
        rig.wait_for_batches(1).await;
        assert_eq!(rig.stored(batch.id).await, [0]);
        wait_until("both rows are settled", SOON, async || {
            let states: Vec<String> = rig.quarantine().await.into_iter().map(|row| row.state).collect();
            states == ["kept", "replayed"]
        })
        .await;
    })
    .await;
}
