//! Codes held against the decoding vectors of the acceptance folder.

use serde_json::Value;
use wardtrack::codes::epc::sgtin_96;

use crate::support::acceptance_folder;

#[test]
fn sgtin_96_reads_every_vector_and_leaves_the_rest_raw() {
    let Some(folder) = acceptance_folder("decoding of EPC vectors") else {
        return;
    };
    let path = folder.join("vectors/epc.json");
    let Ok(text) = std::fs::read_to_string(&path) else {
        eprintln!("skipped: there are no EPC vectors at {}", path.display());
        return;
    };
    let file: Value = serde_json::from_str(&text).unwrap();
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
