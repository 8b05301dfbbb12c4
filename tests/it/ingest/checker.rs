//! The checker of `wardtrack torture faults` finds what it has to: green rounds would say little otherwise.

use std::sync::Arc;

use uuid::Uuid;
use wardtrack::torture::BadKind;
use wardtrack::torture::check::{Findings, check};
use wardtrack::torture::load::{CLOCK_TAG, Sent};

use super::rig::{Batch, Rig, on_stage};

async fn findings(rig: &Rig, sent: &[(Arc<Sent>, u32)]) -> Findings {
    let mut conn = rig.stage.db.conn().await.unwrap();
    check(&mut conn, sent).await.unwrap()
}

fn message(batch: &Batch, confirms: u32) -> (Arc<Sent>, u32) {
    let sent = Sent {
        batch_id: batch.id,
        reader: 0,
        sent_at_ms: batch.sent_at_ms,
        is_prompt: true,
        rows: vec![
            (0, 1, Some(batch.sent_at_ms - 30)),
            (1, 2, Some(batch.sent_at_ms - 10)),
        ],
        bad: None,
        routing_key: None,
        body: batch.body(),
    };
    (Arc::new(sent), confirms)
}

#[tokio::test(flavor = "multi_thread")]
async fn checker_names_every_row_that_is_missing_double_or_wrong() {
    on_stage(async |rig| {
        rig.start().await;
        rig.wait_until_caught_up().await;
        let batch = || Batch::new(rig.now_ms()).heard(1, 30, -60).heard(2, 10, -60);
        let (first, second) = (batch(), batch());
        let bad = BadKind::TooOld.message(&rig.reader(0).key, rig.now_ms(), 3, CLOCK_TAG);
        rig.publish(0, &[first.body(), second.body(), bad.body.clone()]).await;
        rig.wait_for_batches(3).await;
        rig.stop().await;
        let bad = Sent {
            batch_id: bad.batch_id,
            reader: 0,
            sent_at_ms: rig.now_ms(),
            is_prompt: false,
            rows: bad.stored,
            bad: Some(BadKind::TooOld),
            routing_key: None,
            body: bad.body,
        };
        let mut sent = vec![message(&first, 1), message(&second, 2), (Arc::new(bad), 1)];

        let good = findings(rig, &sent).await;
        let rows = (good.rows, good.quarantined);
        assert_eq!(rows, (6, 1));
        let only = good.breaches();
        assert!(only.len() == 1 && only[0].contains("only 0 stays"), "{only:?}");

        let never_sent = Batch::new(rig.now_ms()).heard(1, 30, -60).heard(2, 10, -60);
        sent.push(message(&never_sent, 0));
        assert!(findings(rig, &sent).await.missing.is_empty(), "what was never confirmed may be missing");
        sent.pop();
        sent.push(message(&never_sent, 1));
        let lost = findings(rig, &sent).await;
        assert_eq!(lost.missing.len(), 2);
        assert!(lost.missing[0].contains(&never_sent.id.to_string()), "{lost:?}");
        sent.pop();

        let id = first.id;
        rig.execute(&format!("INSERT INTO sighting SELECT * FROM sighting WHERE batch_id = '{id}' AND batch_index = 1")).await;
        let found = findings(rig, &sent).await;
        assert_eq!(found.double, [format!("{id} [1] 2 times")]);

        rig.execute(&format!("UPDATE sighting SET seen_at = seen_at + interval '3 s' WHERE batch_id = '{}'", second.id)).await;
        let found = findings(rig, &sent).await;
        assert!(found.wrong.len() == 2 && found.wrong[0].contains("3000 ms off"), "{:?}", found.wrong);

        let stranger = Uuid::now_v7();
        rig.execute(&format!("UPDATE sighting SET batch_id = '{stranger}' WHERE batch_id = '{}'", second.id)).await;
        let found = findings(rig, &sent).await;
        assert_eq!((found.missing.len(), found.wrong.len()), (2, 2), "{found:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn checker_finds_good_messages_in_quarantine_and_bad_ones_that_are_not() {
    on_stage(async |rig| {
        rig.start().await;
        let good = Batch::new(rig.now_ms()).heard(1, 30, -60).heard(2, 10, -60);
        rig.publish(0, &[good.body()]).await;
        rig.wait_for_batches(1).await;
        rig.stop().await;
        let bad = BadKind::NotJson.message(&rig.reader(0).key, rig.now_ms(), 3, CLOCK_TAG);
        let bad = Sent {
            batch_id: bad.batch_id,
            reader: 0,
            sent_at_ms: rig.now_ms(),
            is_prompt: false,
            rows: bad.stored,
            bad: Some(BadKind::NotJson),
            routing_key: None,
            body: bad.body,
        };
        let sent = [message(&good, 1), (Arc::new(bad), 1)];
        let found = findings(rig, &sent).await;
        assert!(found.quarantine.len() == 1 && found.quarantine[0].contains("is not there"), "{found:?}");
        rig.execute(&format!(
            "INSERT INTO quarantine (received_at, scope, reason, detail, routing_key, batch_id, body, body_bytes)
             VALUES (now(), 'message', 'suspect', '', 's.x', '{}', '', 0)",
            good.id
        ))
        .await;
        let found = findings(rig, &sent).await;
        assert!(found.quarantine.len() == 2 && found.quarantine[0].contains("should not"), "{found:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn checker_finds_places_that_contradict_each_other() {
    on_stage(async |rig| {
        let stays = "INSERT INTO asset_stay (asset_id, room_id, entered_at, left_at, basis)
                     SELECT a.id, r.id, now() - make_interval(secs => s.entered), now() - make_interval(secs => s.left), 'beacon'
                     FROM (SELECT min(id) AS id FROM asset) AS a, (VALUES";
        let of = |values: &str| format!("{stays} {values}) AS s(entered, \"left\", room) JOIN room AS r ON r.name = 'Room ' || s.room");
        let cases = [
            ("(60, 40, 0), (50, 30, 1)", "overlap"),
            ("(60, 50, 0), (40, 30, 1)", "gap"),
            ("(60, 50, 0), (50, 30, 0)", "same room"),
        ];
        rig.start().await;
        rig.stop().await;
        for (values, words) in cases {
            rig.execute(&of(values)).await;
            let found = findings(rig, &[]).await;
            assert!(found.places.iter().any(|place| place.contains(words)), "{words}: {found:?}");
            rig.execute("DELETE FROM asset_stay").await;
        }
        rig.execute(&of("(60, 50, 0), (50, 30, 1)")).await;
        assert!(findings(rig, &[]).await.places.is_empty());
        rig.execute(
            "INSERT INTO asset_place (asset_id, room_id, entered_at, basis, learned_at)
             SELECT (SELECT min(id) FROM asset), (SELECT max(id) FROM room), now(), 'beacon', now()",
        )
        .await;
        let found = findings(rig, &[]).await;
        assert!(found.places[0].contains("does not begin at the end"), "{found:?}");
    })
    .await;
}
