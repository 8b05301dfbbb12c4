//! `wardtrack bench` as a user runs it. Its figures depend on the machine, so only their presence is looked at.

use std::process::{Command, Output};

use serde_json::Value;

/// A load so small that a slow build is done in seconds.
const SMALL: [&str; 12] = [
    "bench",
    "ingest",
    "--tags",
    "400",
    "--readers",
    "10",
    "--messages",
    "100",
    "--seconds",
    "2",
    "--warm-up-seconds",
    "1",
];

fn bench(environment: &[(&str, &str)], arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wardtrack"));
    command.args(SMALL).args(arguments);
    for (name, value) in environment {
        command.env(name, value);
    }
    command.output().unwrap()
}

fn standard_error(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn bench_ingest_ends_with_one_json_object_that_has_every_figure() {
    let done = bench(&[], &[]);
    assert!(done.status.success(), "{}", standard_error(&done));
    let text = String::from_utf8(done.stdout).unwrap();
    let figures: Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
    for name in [
        "raw_consume_sightings_per_s",
        "raw_postgres_copy_sightings_per_s",
        "raw_postgres_unnest_sightings_per_s",
        "raw_postgres_sightings_per_s",
        "limit_together_sightings_per_s",
        "sustained_limit_together_sightings_per_s",
        "drain_sightings_per_s",
        "drain_ratio",
        "sustained_sightings_per_s",
        "sustained_ratio",
    ] {
        assert!(
            figures[name].as_f64().is_some_and(|figure| figure > 0.0),
            "{name} in {figures}"
        );
    }
    assert_eq!(figures["preloaded_sightings"], 10_000);
    assert_eq!(
        figures["drain_rows"]["ingest_batch"], 100,
        "every message was applied once"
    );
    for phase in ["drain", "sustained"] {
        let (cpu, time) = (
            &figures[format!("{phase}_cpu")],
            &figures[format!("{phase}_time")],
        );
        for name in [
            "consumer_cpu_s",
            "postgres_cpu_s",
            "rabbitmq_cpu_s",
            "bench_cpu_s",
        ] {
            assert!(cpu.get(name).is_some(), "{name} in {cpu}");
        }
        for name in [
            "wait_share",
            "parse_share",
            "decide_share",
            "sql_share",
            "commit_share",
        ] {
            assert!(time[name].as_f64().is_some(), "{name} in {time}");
        }
    }
    for name in ["is_bar_met", "is_goal_met", "is_durable"] {
        assert!(figures[name].is_boolean(), "{name} in {figures}");
    }
    assert!(
        text.contains("Bar met") || text.contains("BAR MISSED"),
        "{text}"
    );
}

#[test]
fn bench_ingest_says_which_server_is_missing_and_what_starts_one() {
    let no_database = bench(
        &[(
            "WARDTRACK_DATABASE_URL",
            "postgres://nobody:none@127.0.0.1:1/none",
        )],
        &[],
    );
    let no_broker = bench(&[("WARDTRACK_AMQP_ADDR", "127.0.0.1:1")], &[]);
    for (output, server) in [(no_database, "Postgres"), (no_broker, "127.0.0.1:1")] {
        let said = standard_error(&output);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(
            said.contains(server) && said.contains("scripts/bench"),
            "{said}"
        );
    }
}

#[test]
fn bench_ingest_refuses_wrong_arguments_before_it_measures() {
    for (arguments, named) in [
        (&["--batch", "0"][..], "--batch"),
        (&["--check-ratio", "7"][..], "0.25"),
        (&["--quick"][..], "--quick"),
        (&["--psql", "/nonexistent/psql"][..], "postgresql-client"),
    ] {
        let refused = bench(&[], arguments);
        let said = standard_error(&refused);
        assert!(
            !refused.status.success() && said.contains(named),
            "{arguments:?}: {said}"
        );
    }
}

fn search(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_wardtrack"))
        .args(["bench", "search"])
        .args(arguments)
        .output()
        .unwrap()
}

#[test]
fn bench_search_ends_with_one_json_object_that_has_every_figure() {
    let done = search(&[
        "--assets",
        "1000,2000",
        "--seconds",
        "2",
        "--warm-up-seconds",
        "1",
        "--rate",
        "10",
        "--sightings-per-s",
        "200",
    ]);
    assert!(done.status.success(), "{}", standard_error(&done));
    let text = String::from_utf8(done.stdout).unwrap();
    let figures: Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
    let sizes = figures["sizes"].as_array().unwrap();
    assert_eq!(sizes.len(), 2, "{figures}");
    for (size, assets) in sizes.iter().zip([1_000, 2_000]) {
        assert_eq!(size["assets"], assets);
        for of in ["page", "sql"] {
            let times = &size[of];
            assert_eq!(
                (&times["requests"], &times["faults"]),
                (&20.into(), &0.into())
            );
            for name in ["p50_ms", "p90_ms", "p99_ms", "max_ms", "mean_ms"] {
                assert!(times[name].as_f64().unwrap() > 0.0, "{of} {name} in {size}");
            }
        }
        for name in ["guard_ms", "render_ms", "server_ms", "gzip_ms", "page_kib"] {
            let figure = size["profile"][name].as_f64().unwrap();
            assert!(figure > 0.0, "{name} in {size}");
        }
        assert!(size["profile"]["pool_wait_ms"].is_number(), "{size}");
        assert!(size["sightings_per_s"].as_f64().unwrap() > 0.0, "{size}");
        assert!(size["is_bar_met"].is_boolean(), "{size}");
        let asked: i64 = size["kinds"]
            .as_array()
            .unwrap()
            .iter()
            .map(|kind| kind["page"]["requests"].as_i64().unwrap())
            .sum();
        assert_eq!(asked, 20, "{size}");
    }
    let growth = &figures["growth"][0];
    for name in [
        "page_p50_times",
        "page_p99_times",
        "sql_p50_times",
        "sql_p99_times",
    ] {
        assert!(growth[name].as_f64().unwrap() > 0.0, "{name} in {growth}");
    }
    assert!(figures["is_bar_met"].is_boolean(), "{figures}");
    assert!(text.contains("Growth from 1000 to 2000 assets"), "{text}");
    assert!(
        text.contains("Bar met at 1000 assets") || text.contains("BAR MISSED at 1000 assets"),
        "{text}"
    );
}

#[test]
fn bench_search_refuses_wrong_arguments_before_it_measures() {
    for (arguments, named) in [
        (&["--assets", "7"][..], "--assets"),
        (&["--rate", "0"][..], "--rate"),
        (&["--quick", "--rate", "5"][..], "--quick"),
    ] {
        let refused = search(arguments);
        let said = standard_error(&refused);
        assert!(
            !refused.status.success() && said.contains(named),
            "{arguments:?}: {said}"
        );
    }
}

#[test]
fn bench_supplies_ends_with_one_json_object_that_has_every_figure() {
    let done = Command::new(env!("CARGO_BIN_EXE_wardtrack"))
        .args(["bench", "supplies", "--quick"])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&done.stdout).into_owned();
    assert!(
        done.status.success(),
        "{said}\n{}",
        String::from_utf8_lossy(&done.stderr)
    );
    let last: serde_json::Value = serde_json::from_str(said.lines().last().unwrap()).unwrap();
    for name in [
        "postings_in_batches_per_s",
        "plain_inserts_in_batches_per_s",
        "batch_ratio",
        "postings_single_per_s",
        "plain_inserts_single_per_s",
        "single_ratio",
        "all_rules_s",
        "one_move_ms",
    ] {
        assert!(last[name].as_f64().unwrap() > 0.0, "{name}: {last}");
    }
    assert_eq!(
        last["rules_of_one_move"], 1,
        "only the rule that changed is looked at"
    );
}
