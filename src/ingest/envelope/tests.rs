//! Tests of the message contract.

use proptest::prelude::*;

use super::*;

const ID: &str = "0198f3c2-7c1e-7f00-8a11-0242ac120002";

fn body(rest: &str) -> String {
    format!(r#"{{"v":1,"batch_id":"{ID}","sent_at_ms":1767225600123{rest}}}"#)
}

fn refused(text: &str) -> Refusal {
    parse(text.as_bytes(), "icu-3-n").unwrap_err()
}

#[test]
fn the_example_of_the_contract_is_parsed() {
    let text = body(
        r#","reader":"icu-3-n","boot":"k3","seq":991,"s":[{"t":"epc:E28011606000020612345678","age_ms":120,"rssi":-61,"ant":1,"n":3}]"#,
    );
    let envelope = parse(text.as_bytes(), "icu-3-n").unwrap();
    assert_eq!(envelope.batch_id.to_string(), ID);
    assert_eq!(envelope.seq, Some(991));
    assert_eq!(envelope.sightings.len(), 1);
    assert_eq!(
        envelope.sightings[0].tag_key,
        "epc:E28011606000020612345678"
    );
    assert_eq!(envelope.sightings[0].heard, Heard::AgeMs(120));
    assert_eq!(envelope.sightings[0].rssi_dbm, Some(-61.0));
    assert_eq!(envelope.sightings[0].antenna_port, Some(1));
}

#[test]
fn unknown_fields_events_and_inventories_are_taken() {
    let text = body(
        r#","new":{"a":[1]},"s":[],"inv":{"seq":17,"part":1,"parts":3},"ev":[{"kind":"antenna_down","ant":3},{"kind":"gpi"}]"#,
    );
    let envelope = parse(text.as_bytes(), "icu-3-n").unwrap();
    assert_eq!(
        envelope.inventory,
        Some(Inventory {
            seq: 17,
            part: 1,
            parts: 3
        })
    );
    assert_eq!(envelope.events, ["antenna_down, antenna 3", "gpi"]);
}

#[test]
fn a_broken_message_is_refused_with_field_value_and_remedy() {
    let cases = [
        ("[1,2", "not_json", "not JSON"),
        (
            r#"{"v":1,"sent_at_ms":1,"s":[{"t":"AA","rssi":NaN}]}"#,
            "not_json",
            "not JSON",
        ),
        (r#"{"v":2,"s":[]}"#, "unsupported_version", "v is 2"),
        (r#"{"s":[]}"#, "bad_envelope", "v is missing"),
        (r#"{"v":1,"sent_at_ms":5}"#, "bad_envelope", "s is missing"),
        (r#"{"v":1,"s":[]}"#, "missing_batch_id", "batch_id"),
        (
            r#"{"v":1,"batch_id":"seven","s":[]}"#,
            "bad_envelope",
            "batch_id is \"seven\"",
        ),
        (
            r#"{"v":1,"sent_at_ms":-4,"s":[]}"#,
            "bad_envelope",
            "sent_at_ms is -4",
        ),
        (
            r#"{"v":1,"sent_at_ms":4,"s":{}}"#,
            "bad_envelope",
            "s is {}",
        ),
        (
            r#"{"v":1,"sent_at_ms":4,"reader":"icu-4","s":[]}"#,
            "identity_mismatch",
            "icu-4",
        ),
        (
            r#"{"v":1,"sent_at_ms":4,"inv":{"seq":1,"part":4,"parts":3},"s":[]}"#,
            "bad_envelope",
            "part 4 of 3",
        ),
        ("[]", "bad_envelope", "object"),
        (
            r#"{"v":1,"sent_at_ms":4,"x":[[[[[[[[[]]]]]]]]],"s":[]}"#,
            "too_deep",
            "8",
        ),
    ];
    for (text, reason, words) in cases {
        let refusal = refused(text);
        assert_eq!(refusal.reason(), reason, "{text}");
        assert!(
            refusal.to_string().contains(words),
            "{refusal} should name {words}"
        );
    }
}

#[test]
fn too_much_is_refused() {
    let many = vec![r#"{"t":"AA"}"#; SIGHTINGS_MAX + 1].join(",");
    assert_eq!(
        refused(&body(&format!(r#","s":[{many}]"#))),
        Refusal::TooManySightings { count: 5_001 }
    );
    let large = body(&format!(r#","x":"{}","s":[]"#, "a".repeat(300 * 1024)));
    assert_eq!(refused(&large).reason(), "too_large");
}

#[test]
fn a_bad_sighting_is_refused_alone_and_its_text_kept() {
    let text = body(
        r#","s":[{"t":"AC233F000001","rssi":-60},{"t":"AC233F000002","rssi":-600},{"t":7},{"t":"AC233F000003","age_ms":-5},{"t":"pump"},"x",{"t":"AC233F000004"}]"#,
    );
    let envelope = parse(text.as_bytes(), "icu-3-n").unwrap();
    let good: Vec<u16> = envelope
        .sightings
        .iter()
        .map(|sighting| sighting.index)
        .collect();
    assert_eq!(good, [0, 6]);
    let bad: Vec<(u16, &str)> = envelope
        .rejects
        .iter()
        .map(|reject| (reject.index, reject.reason))
        .collect();
    let wanted = [
        (1, "number_out_of_range"),
        (2, "bad_sighting"),
        (3, "number_out_of_range"),
        (4, "bad_tag"),
        (5, "bad_sighting"),
    ];
    assert_eq!(bad, wanted);
    assert_eq!(
        envelope.rejects[0].raw,
        r#"{"t":"AC233F000002","rssi":-600}"#
    );
    assert!(
        envelope.rejects[0].detail.contains("rssi is -600"),
        "{}",
        envelope.rejects[0].detail
    );
}

#[test]
fn only_the_first_twenty_refused_sightings_keep_their_text() {
    let many = vec![r#"{"t":"pump"}"#; 50].join(",");
    let text = body(&format!(r#","s":[{many}]"#));
    let envelope = parse(text.as_bytes(), "icu-3-n").unwrap();
    assert_eq!((envelope.rejects.len(), envelope.rejected), (20, 50));
}

#[test]
fn levels_that_mean_unknown_are_unknown() {
    let text = body(r#","s":[{"t":"AA","rssi":0},{"t":"AB","rssi":-128},{"t":"AC","rssi":-61.5}]"#);
    let levels: Vec<Option<f32>> = parse(text.as_bytes(), "icu-3-n")
        .unwrap()
        .sightings
        .iter()
        .map(|sighting| sighting.rssi_dbm)
        .collect();
    assert_eq!(levels, [None, None, Some(-61.5)]);
}

#[test]
fn i11_the_day_comes_from_the_message() {
    let day = |text: &str| {
        parse(text.as_bytes(), "icu-3-n")
            .unwrap()
            .batch_day
            .to_string()
    };
    assert_eq!(
        day(&body(r#","s":[]"#)),
        "2025-08-29",
        "a version 7 id carries its time"
    );
    assert_eq!(
        day(
            r#"{"v":1,"batch_id":"3b241101-e2bb-4255-8caf-4136c566a962","sent_at_ms":1767225600123,"s":[]}"#
        ),
        "2026-01-01"
    );
    assert_eq!(
        day(r#"{"v":1,"seq":4,"s":[]}"#),
        "1970-01-01",
        "no time in it: a fixed day"
    );
}

#[test]
fn a_derived_batch_id_is_the_same_for_the_same_body_and_differs_between_readers() {
    let text = r#"{"v":1,"seq":4,"s":[]}"#;
    let id = |reader| parse(text.as_bytes(), reader).unwrap().batch_id;
    assert_eq!(id("icu-3-n"), id("icu-3-n"));
    assert_ne!(id("icu-3-n"), id("icu-3-s"));
}

proptest! {
    #[test]
    fn s43_no_bytes_make_the_parser_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = parse(&bytes, "icu-3-n");
    }

    #[test]
    fn slow_and_fast_way_agree_on_good_messages(
        tags in prop::collection::vec(("[0-9A-F]{12}", 0_i64..5000, -120_i32..-20, prop::option::of(0_u8..9)), 0..30)
    ) {
        let s: Vec<serde_json::Value> = tags.iter().map(|(t, age, rssi, ant)| {
            serde_json::json!({"t": format!("mac:{t}"), "age_ms": age, "rssi": rssi, "ant": ant})
        }).collect();
        let text = serde_json::json!({"v": 1, "sent_at_ms": 1_767_225_600_123_i64, "s": s}).to_string();
        let fast = parse_fast(text.as_bytes(), "r").unwrap().expect("a good message takes the fast way");
        prop_assert_eq!(fast, parse_slow(text.as_bytes(), "r").unwrap());
    }
}
