//! Messages of contract version 1, kept as files: whatever changes in the parser, these mean what they meant.

use serde_json::{Value, json};
use wardtrack::ingest::envelope::{Heard, parse};

/// The values that a file means, or the reason why it is refused.
fn meaning(body: &[u8]) -> Value {
    let envelope = match parse(body, "icu-3-n") {
        Ok(envelope) => envelope,
        Err(refusal) => return json!({"refused": refusal.reason()}),
    };
    let sightings: Vec<Value> = envelope
        .sightings
        .iter()
        .map(|sighting| {
            let (kind, ms) = match sighting.heard {
                Heard::AgeMs(ms) => ("age_ms", ms),
                Heard::AtMs(ms) => ("at_ms", ms),
            };
            json!({"index": sighting.index, "tag": sighting.tag_key, kind: ms, "rssi_dbm": sighting.rssi_dbm,
                   "antenna_port": sighting.antenna_port, "battery_pct": sighting.battery_pct})
        })
        .collect();
    let rejects: Vec<Value> = envelope
        .rejects
        .iter()
        .map(|reject| json!({"index": reject.index, "reason": reject.reason}))
        .collect();
    json!({"batch_id": envelope.batch_id, "batch_day": envelope.batch_day, "sent_at_ms": envelope.sent_at_ms,
           "boot": envelope.boot, "seq": envelope.seq, "events": envelope.events,
           "inventory": envelope.inventory.map(|inventory| json!([inventory.seq, inventory.part, inventory.parts])),
           "sightings": sightings, "rejects": rejects})
}

fn file(name: &str) -> Vec<u8> {
    std::fs::read(format!(
        "{}/tests/golden/v1/{name}",
        env!("CARGO_MANIFEST_DIR")
    ))
    .unwrap()
}

#[test]
fn v1_golden_messages_mean_what_they_meant() {
    let expected: Value = serde_json::from_slice(&file("expected.json")).unwrap();
    let expected = expected.as_object().unwrap();
    let mut meanings = serde_json::Map::new();
    for name in expected.keys() {
        meanings.insert(name.clone(), meaning(&file(&format!("{name}.json"))));
    }
    for (name, wanted) in expected {
        assert_eq!(
            &meanings[name],
            wanted,
            "{name}.json; all of them now:\n{:#}",
            Value::Object(meanings.clone())
        );
    }
}

#[test]
fn v1_golden_every_file_has_an_expected_meaning() {
    let expected: Value = serde_json::from_slice(&file("expected.json")).unwrap();
    let folder = format!("{}/tests/golden/v1", env!("CARGO_MANIFEST_DIR"));
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        assert!(
            name == "expected" || expected.get(name).is_some(),
            "{} is never read",
            path.display()
        );
    }
}
