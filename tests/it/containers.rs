//! No image can be built here, so `docker-compose.yml` is held against the program: every command, variable and port of it
//! must be one that `--help` knows. Where `docker-compose` is installed it checks the file too.

use std::collections::BTreeMap;
use std::process::Command;

const COMPOSE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docker-compose.yml");

/// Lines of each `x-` block and each service, by name, with the blocks they merge named in `<<:` lines.
fn blocks(text: &str) -> BTreeMap<String, Vec<String>> {
    let (mut blocks, mut name, mut in_services): (BTreeMap<String, Vec<String>>, String, bool) =
        (BTreeMap::new(), String::new(), false);
    for line in text
        .lines()
        .filter(|line| !line.trim_start().starts_with('#'))
    {
        if !line.starts_with(' ') && !line.is_empty() {
            in_services = line.starts_with("services:");
            name = line
                .split_once('&')
                .map_or(String::new(), |(_, anchor)| anchor.trim().to_owned());
        } else if in_services && line.starts_with("  ") && !line.starts_with("   ") {
            name = format!("service {}", line.trim().trim_end_matches(':'));
        }
        if !name.is_empty() {
            blocks
                .entry(name.clone())
                .or_default()
                .push(line.to_owned());
        }
    }
    blocks
}

/// Names of the WARDTRACK_ variables that a block sets itself.
fn variables(lines: &[String]) -> Vec<String> {
    let set = lines.iter().filter_map(|line| line.trim().split_once(": "));
    set.map(|(name, _)| name.to_owned())
        .filter(|name| name.starts_with("WARDTRACK_"))
        .collect()
}

/// What `--help` says of a command and of those that it is part of.
fn help(arguments: &[&str]) -> String {
    let prefixes = (1..=arguments.len()).filter_map(|length| arguments.get(..length));
    let texts = prefixes.map(|words| {
        let output = Command::new(env!("CARGO_BIN_EXE_wardtrack"))
            .args(words)
            .arg("--help")
            .output()
            .unwrap();
        assert!(output.status.success(), "wardtrack {words:?} is no command");
        String::from_utf8(output.stdout).unwrap()
    });
    texts.collect()
}

#[test]
fn every_command_variable_and_port_of_the_containers_is_known_to_help() {
    let text = std::fs::read_to_string(COMPOSE).unwrap();
    let blocks = blocks(&text);
    let mut checked = 0;
    for (name, lines) in blocks
        .iter()
        .filter(|(name, _)| name.starts_with("service "))
    {
        let Some(command) = lines
            .iter()
            .find_map(|line| line.trim().strip_prefix("command: ["))
        else {
            continue;
        };
        let arguments: Vec<&str> = command
            .trim_end_matches(']')
            .split(',')
            .map(|word| word.trim().trim_matches('"'))
            .collect();
        let help = help(&arguments);
        let merged = lines
            .iter()
            .filter(|line| line.contains("<<:") || line.trim().starts_with("environment: *"));
        let anchors: Vec<String> = merged
            .flat_map(|line| {
                line.split('*')
                    .skip(1)
                    .map(|rest| rest.split([',', ']']).next().unwrap().trim().to_owned())
            })
            .collect();
        let mut set = variables(lines);
        for anchor in &anchors {
            set.extend(variables(blocks.get(anchor).unwrap_or_else(|| {
                panic!("{name} merges {anchor}, which is not there")
            })));
        }
        assert!(!set.is_empty(), "{name} sets nothing");
        for variable in set {
            // A secret may come from the variable or from the file that VARIABLE_FILE names; help names the first form.
            let known =
                help.contains(&variable) || help.contains(variable.trim_end_matches("_FILE"));
            assert!(
                known,
                "{name}: wardtrack {arguments:?} --help does not know {variable}"
            );
        }
        checked += 1;
    }
    assert!(checked >= 6, "only {checked} services run wardtrack");
    assert!(
        text.contains("127.0.0.1:8080:8080") && help(&["serve"]).contains("127.0.0.1:8080"),
        "the published port is the default one"
    );
}

/// What each role asks the broker as; without the password it ends at its start.
const PASSWORDS: [(&str, &[&str]); 5] = [
    ("deliver", &["WEB"]),
    ("serve", &["GATEWAY", "WEB"]),
    ("consume", &["CONSUMER"]),
    ("gateway", &["GATEWAY"]),
    ("schedule", &["WEB"]),
];

#[test]
fn every_role_has_the_passwords_that_it_asks_for() {
    let text = std::fs::read_to_string(COMPOSE).unwrap();
    let blocks = blocks(&text);
    for (role, accounts) in PASSWORDS {
        let command = format!("command: [\"{role}\"]");
        let service = blocks
            .values()
            .find(|lines| lines.iter().any(|line| line.trim() == command))
            .unwrap_or_else(|| panic!("no service runs wardtrack {role}"));
        let secrets = service
            .iter()
            .find_map(|line| line.trim().strip_prefix("secrets: ["))
            .unwrap_or_else(|| panic!("{role} has no secrets"));
        for account in accounts {
            let name = account.to_lowercase();
            let variable =
                format!("WARDTRACK_{account}_PASSWORD_FILE: /run/secrets/{name}-password");
            assert!(
                service.iter().any(|line| line.trim() == variable),
                "{role} needs {variable}"
            );
            assert!(
                secrets.contains(&format!("{name}-password")),
                "{role} may not read {name}-password"
            );
            // And so says the program itself: it asks for each of them by name.
            let output = Command::new(env!("CARGO_BIN_EXE_wardtrack"))
                .arg(role)
                .env_clear()
                .envs(
                    accounts
                        .iter()
                        .filter(|other| *other != account)
                        .map(|other| (format!("WARDTRACK_{other}_PASSWORD"), "x".to_owned())),
                )
                .env("WARDTRACK_DATABASE_URL", "postgres://nobody@127.0.0.1:1/x")
                .env("WARDTRACK_SECRET_KEY", "0".repeat(64))
                .output()
                .unwrap();
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(!output.status.success(), "{role}");
            assert!(
                said.contains(&format!("WARDTRACK_{account}_PASSWORD")),
                "{role} without the password of {account} says: {said}"
            );
        }
    }
}

#[test]
fn no_default_secret_stands_in_the_compose_file() {
    let text = std::fs::read_to_string(COMPOSE).unwrap();
    for line in text.lines().filter(|line| {
        line.contains("PASSWORD") || line.contains("SECRET") || line.contains("_URL:")
    }) {
        let value = line.split_once(": ").map_or("", |(_, value)| value.trim());
        let is_place = value.is_empty()
            || value.starts_with("/run/secrets/")
            || value.starts_with("http://rabbitmq")
            || line.trim().starts_with('#');
        assert!(is_place, "a value stands here instead of a file: {line}");
    }
}

#[test]
fn docker_compose_takes_the_file_where_it_is_installed() {
    let checked = Command::new("docker-compose")
        .args(["-f", COMPOSE, "config", "-q"])
        .output();
    match checked {
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(output.status.success(), "docker-compose config: {said}");
        }
        Err(_) => eprintln!("skipped: docker-compose is not installed"),
    }
}
