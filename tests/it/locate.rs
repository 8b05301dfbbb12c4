//! `wardtrack locate` as a user runs it: on a small recording of its own, and on the recorded sites where those are there.

use std::collections::BTreeSet;
use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use flate2::Crc;
use flate2::read::GzDecoder;

fn wardtrack_locate(folder: &Path, options: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wardtrack"));
    command.arg("locate").arg(folder).args(options);
    command
}

fn run(folder: &Path, options: &[&str]) -> Output {
    wardtrack_locate(folder, options).output().unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

/// Two rooms with a reader each; tag `pump` goes from the ward to the store after 20 s, tag `bed` stays in the ward.
fn small_recording() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, content: &str| fs::write(folder.path().join(name), content).unwrap();
    write(
        "readers.csv",
        "reader,room,x,y,z\nr-ward,ward,0,0,2\nr-store,\"store, level 1\",8,0,2\n",
    );
    write("split.csv", "tag,role\npump,eval\nbed,survey\n");
    let mut rows = vec!["t_ms,tag,reader,rssi_dbm\n".to_owned()];
    for t_ms in (0..40_000).step_by(250) {
        let (ward_dbm, store_dbm) = if t_ms < 20_000 {
            (-58, -79)
        } else {
            (-81, -57)
        };
        let noise = (t_ms / 250) % 5;
        rows.push(format!("{t_ms},pump,r-ward,{}\n", ward_dbm - noise));
        rows.push(format!("{t_ms},pump,r-store,{}\n", store_dbm + noise));
        rows.push(format!("{t_ms},bed,r-ward,-63.5\n"));
    }
    write("sightings.csv", &rows.concat());
    folder
}

#[test]
fn locate_prints_a_row_whenever_an_estimate_changes() {
    let folder = small_recording();
    for preset in ["default", "responsive", "calm"] {
        let output = run(folder.path(), &["--preset", preset]);
        assert!(output.status.success(), "{}", text(&output.stderr));
        let lines: Vec<&str> = text(&output.stdout).lines().collect();
        assert_eq!(lines[0], "tag,t_ms,room");
        assert_eq!(lines[1], "pump,500,ward");
        assert_eq!(lines[2], "bed,500,ward");
        let (rest, moved) = (&lines[3..], lines[3]);
        assert_eq!(rest.len(), 1, "{rest:?}");
        let moved_ms: i64 = moved
            .strip_prefix("pump,")
            .unwrap()
            .split(',')
            .next()
            .unwrap()
            .parse()
            .unwrap();
        assert!((20_000..25_000).contains(&moved_ms), "{preset}: {moved}");
        assert!(moved.ends_with(",\"store, level 1\""), "{moved}");
    }
}

#[test]
fn locate_with_a_role_decides_for_its_tags_only() {
    let output = run(small_recording().path(), &["--role", "survey"]);
    assert_eq!(text(&output.stdout), "tag,t_ms,room\nbed,500,ward\n");
}

#[test]
fn locate_says_on_stderr_what_is_wrong_and_fails() {
    let folder = small_recording();
    let output = run(folder.path(), &["--role", "evil"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.is_empty());
    let error = text(&output.stderr);
    assert_eq!(
        error,
        "wardtrack: split.csv gives no tag the role \"evil\": choose one of eval, survey\n"
    );

    fs::write(
        folder.path().join("sightings.csv"),
        "t_ms,tag,reader,rssi_dbm\n0,pump,r-attic,-60\n",
    )
    .unwrap();
    let output = run(folder.path(), &[]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("line 2: reader \"r-attic\" is not in readers.csv"));

    let output = run(&folder.path().join("nowhere"), &[]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("is not a folder"));
}

#[test]
fn locate_ends_in_peace_when_nobody_reads_its_output() {
    let folder = small_recording();
    let mut child = wardtrack_locate(folder.path(), &[])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert_eq!(text(&output.stderr), "");
}

#[test]
fn locate_agrees_with_the_reference_estimates_line_by_line() {
    let Some(data) = acceptance_data() else {
        return;
    };
    for site in ["sphere", "warsaw", "sal", "tetam"] {
        let full = data.join(site);
        let slow = thinned(&full);
        for (folder, variant) in [(full.as_path(), "full"), (slow.path(), "slow")] {
            let output = run(folder, &["--role", "eval"]);
            assert!(
                output.status.success(),
                "{site} {variant}: {}",
                text(&output.stderr)
            );
            let reference =
                fs::read_to_string(data.join(format!("reference/{site}-plain-{variant}.csv")))
                    .unwrap();
            let rows = |estimates: &str| {
                estimates
                    .lines()
                    .map(str::to_owned)
                    .collect::<BTreeSet<_>>()
            };
            let (found, expected) = (rows(text(&output.stdout)), rows(&reference));
            let differing: Vec<_> = found.symmetric_difference(&expected).collect();
            assert!(differing.is_empty(), "{site} {variant}: {differing:#?}");
        }
    }
}

/// The folder of recorded sites, or nothing with a plain word about it.
#[expect(
    clippy::disallowed_methods,
    reason = "a test has no src/config; this variable is for tests only"
)]
fn acceptance_data() -> Option<PathBuf> {
    let folder = std::env::var_os("WARDTRACK_ACCEPTANCE_DATA").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared"),
        PathBuf::from,
    );
    let data = folder.join("data/location");
    if data.is_dir() {
        return Some(data);
    }
    // Not `eprintln!`: the test harness would swallow it.
    let line = format!("skipped: no acceptance data at {}\n", data.display());
    std::io::stderr().write_all(line.as_bytes()).unwrap();
    None
}

/// A slow, lossy beacon out of a dense recording: one advertisement in 3 s, of which a fifth of the receptions is lost.
fn thinned(site: &Path) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in ["readers.csv", "split.csv"] {
        // Read and written, because a copy would keep the source's read-only mode.
        fs::write(folder.path().join(name), fs::read(site.join(name)).unwrap()).unwrap();
    }
    let mut dense = String::new();
    GzDecoder::new(fs::File::open(site.join("sightings.csv.gz")).unwrap())
        .read_to_string(&mut dense)
        .unwrap();
    let mut lines = dense.lines();
    let mut kept = format!("{}\n", lines.next().unwrap());
    for line in lines {
        let mut fields = line.split(',');
        let (t_ms, tag, reader) = (
            fields.next().unwrap(),
            fields.next().unwrap(),
            fields.next().unwrap(),
        );
        let mut crc = Crc::new();
        crc.update(format!("{tag}|{reader}|{t_ms}").as_bytes());
        if t_ms.parse::<i64>().unwrap() % 3_000 < 334 && crc.sum() % 100 >= 20 {
            kept += line;
            kept.push('\n');
        }
    }
    fs::write(folder.path().join("sightings.csv"), kept).unwrap();
    folder
}
