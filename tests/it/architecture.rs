//! The borders between modules, the names in ARCHITECTURE.md, and what must never be committed.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every Rust file below `src`, as (path from the root with slashes, text without comments).
fn sources() -> Vec<(String, String)> {
    fn walk(folder: &Path, out: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, out);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                out.push(path);
            }
        }
    }
    let mut files = Vec::new();
    walk(&root().join("src"), &mut files);
    assert!(files.len() > 30, "the sources were not found");
    files
        .into_iter()
        .map(|path| {
            let name = path
                .strip_prefix(root())
                .unwrap()
                .to_string_lossy()
                .into_owned();
            let text = std::fs::read_to_string(&path).unwrap();
            let code = text
                .lines()
                .filter(|line| !line.trim_start().starts_with("//"))
                .collect::<Vec<_>>()
                .join("\n");
            (name, code)
        })
        .collect()
}

/// Tests in the file may use what the code may not.
fn without_tests(code: &str) -> &str {
    code.split("#[cfg(test)]").next().unwrap_or(code)
}

fn check(rule: &str, is_bad: impl Fn(&str, &str) -> bool) {
    let bad: Vec<String> = sources()
        .into_iter()
        .filter(|(name, code)| is_bad(name, without_tests(code)))
        .map(|(name, _)| name)
        .collect();
    assert!(bad.is_empty(), "{rule}: {bad:#?}");
}

fn is_in(name: &str, modules: &[&str]) -> bool {
    modules.iter().any(|module| {
        name == format!("src/{module}.rs") || name.starts_with(&format!("src/{module}/"))
    })
}

#[test]
fn only_the_broker_names_lapin() {
    check("lapin belongs in src/broker", |name, code| {
        code.contains("lapin::") && !is_in(name, &["broker", "bench"])
    });
}

#[test]
fn only_the_ends_of_the_pipe_use_the_broker() {
    let allowed = [
        "broker", "ingest", "simulate", "live", "bench", "torture", "cli",
    ];
    check("these may not use crate::broker", |name, code| {
        code.contains("crate::broker") && !is_in(name, &allowed)
    });
}

#[test]
fn web_frameworks_stay_in_the_web() {
    check("actix and askama belong in src/web", |name, code| {
        (code.contains("actix_web") || code.contains("askama")) && !is_in(name, &["web", "cli"])
    });
}

#[test]
fn pages_and_rules_know_no_diesel() {
    check("no diesel here", |name, code| {
        let is_pure = is_in(name, &["web", "location", "codes"]) || name.ends_with("/rules.rs");
        is_pure && code.contains("diesel")
    });
}

#[test]
fn pure_modules_are_pure() {
    let pure = [
        "location",
        "codes",
        "csv_text",
        "find/query",
        "find/rank",
        "places/plan",
        "places/walk",
        "supplies/inherit",
        "supplies/item_form",
        "supplies/rule_form",
        "supplies/rules",
        "supplies/standing",
    ];
    let banned = [
        "async fn",
        ".await",
        "Utc::now",
        "SystemTime",
        "Instant::now",
        "rand::",
        "tokio",
        "std::fs",
        "std::net",
        "std::env",
    ];
    check(
        "no clock, no randomness, no I/O, no async here",
        |name, code| is_in(name, &pure) && banned.iter().any(|word| code.contains(word)),
    );
}

#[test]
fn only_the_clock_reads_the_clock() {
    check("take the time from a Clock", |name, code| {
        code.contains("Utc::now") && name != "src/clock.rs"
    });
}

#[test]
fn s29_no_values_are_formatted_into_sql() {
    check("bind values, never format them into SQL", |_, code| {
        code.contains("sql_query(format!")
    });
}

#[test]
fn domain_does_not_know_web_or_cli() {
    let upper = ["web", "cli", "bench", "torture"];
    check("arrows point down", |name, code| {
        !is_in(name, &upper)
            && (code.contains("crate::web") || code.contains("crate::cli"))
            && name != "src/lib.rs"
            && name != "src/main.rs"
    });
}

/// Names of files in backticks: anything with a slash or a known ending.
fn names_of_files(text: &str) -> BTreeSet<String> {
    text.split('`')
        .skip(1)
        .step_by(2)
        .filter(|quoted| {
            let endings = [
                ".rs", ".sql", ".html", ".md", ".toml", ".yml", ".js", ".css", ".sh",
            ];
            !quoted.contains([' ', '*', '<', '{', '='])
                && !quoted.starts_with('/')
                && !quoted.contains("://")
                && (endings.iter().any(|ending| quoted.ends_with(ending))
                    || quoted.starts_with("src/")
                    || quoted.starts_with("scripts/"))
        })
        .map(str::to_owned)
        .collect()
}

#[test]
fn the_maps_name_files_that_exist() {
    for map in ["ARCHITECTURE.md", "README.md", "CONTRIBUTING.md"] {
        let text = std::fs::read_to_string(root().join(map)).unwrap();
        let names = names_of_files(&text);
        assert!(!names.is_empty(), "{map} names no file");
        for name in names {
            let found = ["", "src/", "templates/", "static/", "docs/", "tests/it/"]
                .iter()
                .any(|base| root().join(base).join(&name).exists());
            assert!(found, "{map} names `{name}`, which is not there");
        }
    }
}

#[test]
fn each_walk_names_a_file_for_every_step() {
    let text = std::fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    for walk in [
        "## One sighting, broker to page",
        "## One search, browser to database and back",
    ] {
        let (_, rest) = text
            .split_once(walk)
            .unwrap_or_else(|| panic!("ARCHITECTURE.md has no part {walk:?}"));
        let part = rest.split("\n## ").next().unwrap();
        let steps: Vec<&str> = part
            .lines()
            .filter(|line| line.starts_with(|c: char| c.is_ascii_digit()))
            .collect();
        assert!(steps.len() >= 5, "{walk} has {} steps", steps.len());
        for step in steps {
            assert!(
                !names_of_files(step).is_empty(),
                "no file is named in the step: {step}"
            );
        }
    }
}

#[test]
fn no_machine_and_no_recorded_site_is_committed() {
    let listed = std::process::Command::new("git")
        .args(["ls-files"])
        .current_dir(root())
        .output();
    let Ok(listed) = listed else {
        eprintln!("skipped: git is not here");
        return;
    };
    let files = String::from_utf8(listed.stdout).unwrap();
    for file in files.lines() {
        assert!(
            !file.ends_with("sightings.csv.gz") && !file.ends_with("sightings.csv"),
            "{file} is a recording"
        );
        assert!(
            !file.starts_with("static/vendor/"),
            "{file}: third-party files are not committed"
        );
        let Ok(text) = std::fs::read_to_string(root().join(file)) else {
            continue;
        };
        for (number, line) in text.lines().enumerate() {
            let home = ["/home/", "/root/", "/Users/"]
                .iter()
                .any(|start| line.contains(start))
                && !file.starts_with("tests/it/architecture");
            assert!(!home, "{file}:{} names a folder of one machine", number + 1);
        }
    }
}
