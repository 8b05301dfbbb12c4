//! Codes held against the decoding vectors of the acceptance folder.

use std::path::PathBuf;

use chrono::NaiveDate;
use serde_json::Value;
use wardtrack::codes::epc::sgtin_96;
use wardtrack::codes::gs1::elements::{Label, split};

use crate::support::acceptance_folder;

/// A file of vectors and where it lies, or `None` after saying that the test is skipped.
fn vectors(purpose: &str, name: &str) -> Option<(Value, PathBuf)> {
    let path = acceptance_folder(purpose)?.join("vectors").join(name);
    let Ok(text) = std::fs::read_to_string(&path) else {
        eprintln!("skipped: {purpose} needs {}", path.display());
        return None;
    };
    Some((serde_json::from_str(&text).unwrap(), path))
}

#[test]
fn sgtin_96_reads_every_vector_and_leaves_the_rest_raw() {
    let Some((file, path)) = vectors("decoding of EPC vectors", "epc.json") else {
        return;
    };
    let vectors = file["vectors"].as_array().unwrap();
    let mut read = 0;
    for vector in vectors {
        let hex = vector["hex"].as_str().unwrap();
        let wanted = (vector["expect"] == "epc" && vector["scheme"] == "sgtin-96").then(|| {
            let path = vector["digital_link_path"].as_str().unwrap();
            (path.to_owned(), vector["filter"].as_u64().unwrap())
        });
        let found = sgtin_96(hex).map(|sgtin| {
            let path = format!("/01/{}/21/{}", sgtin.gtin, sgtin.serial);
            (path, u64::from(sgtin.filter))
        });
        assert_eq!(found, wanted, "{}: {hex}", vector["id"]);
        read += usize::from(found.is_some());
    }
    println!("{read} of {} vectors are SGTIN-96", vectors.len());
    assert!(read > 0, "no vector of {} is SGTIN-96", path.display());
}

#[test]
fn element_strings_read_every_gs1_vector_and_refuse_the_wrong_ones() {
    let Some((file, path)) = vectors("decoding of UDI vectors", "udi.json") else {
        return;
    };
    let today: NaiveDate = file["today"].as_str().unwrap().parse().unwrap();
    let vectors = file["vectors"].as_array().unwrap();
    let of_gs1: Vec<&Value> = vectors.iter().filter(|v| v["issuer"] == "gs1").collect();
    assert!(!of_gs1.is_empty(), "no vector of {}", path.display());
    for vector in of_gs1 {
        let text = vector["input"].as_str().unwrap();
        let read = Label::parse(text, today);
        if vector["valid"] == false {
            assert!(read.is_err(), "{}: {text:?} gave {read:?}", vector["id"]);
            continue;
        }
        let read = read.unwrap_or_else(|error| panic!("{}: {text:?}: {error}", vector["id"]));
        let pairs: Vec<Value> = split(text)
            .unwrap()
            .iter()
            .map(|element| serde_json::json!([element.ai, element.value]))
            .collect();
        let wanted = &vector["expect"];
        assert_eq!(
            Value::from(pairs),
            wanted["ais"],
            "{}: {text:?}",
            vector["id"]
        );
        let found = serde_json::json!({
            "di": read.gtin, "lot": read.lot, "serial": read.serial,
            "expiry": read.expires_on, "manufactured": read.made_on, "quantity": read.count,
        });
        for name in ["di", "lot", "serial", "expiry", "manufactured", "quantity"] {
            assert_eq!(
                found[name], wanted[name],
                "{}: {name} of {text:?}",
                vector["id"]
            );
        }
    }
}
