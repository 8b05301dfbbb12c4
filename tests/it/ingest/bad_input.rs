//! Bad messages are kept with their reason, and disturb nothing else.

use std::time::{Duration, Instant};

use serde_json::json;
use wardtrack::db::types::QuarantineScope;
use wardtrack::ingest::envelope::BODY_BYTES_MAX;
use wardtrack::torture::BadKind;
use wardtrack::torture::stage::tag_key;

use super::rig::{Batch, SOON, on_stage, wait_until};

/// Sends a bad message between two good ones of the same reader.
async fn is_kept_and_its_neighbours_are_applied(kind: BadKind) {
    on_stage(async move |rig| {
        rig.start().await;
        let now_ms = rig.now_ms();
        let (before, after) = (
            Batch::new(now_ms).heard(0, 10, -60),
            Batch::new(now_ms + 1).heard(1, 0, -60),
        );
        let bad = kind.message(&rig.reader(0).key, now_ms, 2, 3);
        rig.publish(0, &[before.body()]).await;
        match bad.routing_key {
            Some(key) => rig.publish_under(key, bad.body.clone()).await,
            None => rig.publish(0, std::slice::from_ref(&bad.body)).await,
        }
        rig.publish(0, &[after.body()]).await;
        rig.wait_for_quarantine(1).await;
        rig.wait_for_batches(if bad.stored.is_empty() { 2 } else { 3 })
            .await;

        let kept = rig.quarantine().await;
        assert_eq!(kept.len(), 1, "{kept:?}");
        let row = &kept[0];
        assert_eq!(
            (row.reason.as_str(), row.scope.as_str()),
            (kind.reason(), kind.scope().as_str())
        );
        assert!(
            row.detail.len() > 20,
            "{:?} should say what is wrong and what to do",
            row.detail
        );
        let own_key = rig.reader(0).routing_key.as_str();
        assert_eq!(row.routing_key, bad.routing_key.unwrap_or(own_key));
        match kind.scope() {
            QuarantineScope::Message => {
                assert_eq!(row.body, bad.body[..bad.body.len().min(BODY_BYTES_MAX)]);
            }
            QuarantineScope::Sighting => {
                let (raw, whole) = (
                    String::from_utf8_lossy(&row.body),
                    String::from_utf8_lossy(&bad.body),
                );
                assert!(
                    whole.contains(raw.as_ref()),
                    "{raw} is not the text of the sighting"
                );
                assert!(raw.starts_with('{') && raw.ends_with('}'), "{raw}");
            }
        }
        let mut wanted: Vec<i16> = bad
            .stored
            .iter()
            .map(|(index, ..)| i16::try_from(*index).unwrap())
            .collect();
        wanted.sort_unstable();
        assert_eq!(rig.stored(bad.batch_id).await, wanted);
        for (index, _, seen_ms) in &bad.stored {
            let stored_ms = rig
                .seen_ms(bad.batch_id, i16::try_from(*index).unwrap())
                .await;
            match seen_ms {
                Some(seen_ms) => assert_eq!(stored_ms, *seen_ms),
                None => assert!(
                    (now_ms..=rig.now_ms()).contains(&stored_ms),
                    "R27: the time of arrival"
                ),
            }
        }
        assert_eq!(rig.stored(before.id).await, [0]);
        assert_eq!(rig.stored(after.id).await, [0]);
    })
    .await;
}

macro_rules! bad_inputs {
    ($($name:ident: $kind:ident,)+) => {$(
        #[tokio::test(flavor = "multi_thread")]
        async fn $name() {
            is_kept_and_its_neighbours_are_applied(BadKind::$kind).await;
        }
    )+};
}

bad_inputs! {
    bad_input_not_json_is_kept_whole: NotJson,
    bad_input_wrong_version_is_kept_whole: WrongVersion,
    i3_bad_input_wrong_reader_in_the_body_is_kept_whole: WrongReader,
    bad_input_of_300_kib_is_kept_cut: TooLarge,
    bad_input_of_6000_sightings_is_kept_whole: TooMany,
    bad_input_nan_is_kept_whole: NotANumber,
    bad_input_number_out_of_range_is_kept_alone: OutOfRange,
    r27_bad_input_from_the_future_is_kept_and_takes_the_arrival_time: Future,
    s39_bad_input_of_8_days_ago_is_kept_alone: TooOld,
    bad_input_tag_id_of_500_characters_is_kept_alone: LongTagId,
    bad_input_unroutable_key_is_kept_whole: Unroutable,
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_input_500_messages_delay_a_good_one_by_less_than_two_seconds() {
    on_stage(async |rig| {
        rig.start().await;
        rig.publish(0, &[Batch::new(rig.now_ms()).body()]).await;
        rig.wait_for_batches(1).await;
        let small = [
            BadKind::NotJson,
            BadKind::WrongVersion,
            BadKind::WrongReader,
            BadKind::NotANumber,
            BadKind::LongTagId,
        ];
        let bad: Vec<Vec<u8>> = (0..500)
            .map(|n| {
                small[n % small.len()]
                    .message(&rig.reader(1).key, rig.now_ms(), 1, 2)
                    .body
            })
            .collect();
        rig.publish(1, &bad).await;
        let good = Batch::new(rig.now_ms()).heard(0, 0, -60);
        rig.publish(0, &[good.body()]).await;
        let confirmed = Instant::now();
        wait_until("the good message is applied", SOON, async || {
            !rig.stored(good.id).await.is_empty()
        })
        .await;
        let took = confirmed.elapsed();
        assert!(took < Duration::from_secs(2), "{took:?}");
        rig.wait_for_quarantine(500).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_input_invisible_characters_in_an_event_hurt_no_message() {
    on_stage(async |rig| {
        rig.start().await;
        let event = Batch::new(rig.now_ms()).with(json!({"ev": [{"kind": "gpi\u{0}\u{1b}[2J"}]}));
        rig.publish(0, &[event.body()]).await;
        let begun = Instant::now();
        let mut sent = 1;
        // The health of readers is written every five seconds, in the transaction of whatever comes then.
        wait_until("the event is shown", SOON, async || {
            rig.publish(0, &[Batch::new(rig.now_ms()).heard(0, 0, -60).body()])
                .await;
            sent += 1;
            rig.number("SELECT count(*) AS n FROM reader_health WHERE last_event LIKE 'gpi%'")
                .await
                == 1
        })
        .await;
        assert!(begun.elapsed() < SOON);
        rig.wait_for_batches(sent).await;
        assert!(
            rig.quarantine().await.is_empty(),
            "{:?}",
            rig.quarantine().await
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_input_a_forged_arrival_time_moves_no_sighting_out_of_its_week() {
    on_stage(async |rig| {
        rig.start().await;
        // Readers can put any header on a message; this one is the gateway's to set.
        let batch = Batch::new(978_307_200_000).heard(0, 0, -60);
        super::rig::publish_stamped(rig.reader(0), &batch.body(), 978_307_200_000).await;
        rig.wait_for_batches(1).await;
        for (table, time) in [
            ("sighting", "seen_at"),
            ("ingest_batch", "received_at"),
            ("quarantine", "received_at"),
        ] {
            let old = format!(
                "SELECT count(*) AS n FROM {table} WHERE {time} < now() - interval '8 days'"
            );
            assert_eq!(
                rig.number(&old).await,
                0,
                "{table}: it would be gone with the next clean-up"
            );
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_input_only_20_sightings_of_a_message_keep_their_text() {
    on_stage(async |rig| {
        rig.start().await;
        let mut batch = Batch::new(rig.now_ms());
        for n in 0..60 {
            batch = match n % 3 {
                0 => batch.element(json!({"t": tag_key(0), "age_ms": 8 * 24 * 3_600_000_i64})),
                1 => batch.element(json!({"t": 7})),
                _ => batch.heard(1, n, -60),
            };
        }
        rig.publish(0, &[batch.body()]).await;
        rig.wait_for_batches(1).await;
        assert_eq!(rig.quarantine().await.len(), 20);
        assert_eq!(rig.stored(batch.id).await.len(), 20);
    })
    .await;
}
