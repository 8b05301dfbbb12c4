//! What `wardtrack topology apply` leaves in the broker.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use wardtrack::config::broker::ManagementArgs;

use super::rig::{Rig, on_stage, stage_args};

/// What the broker says about a virtual host, reduced to what the definition decides.
async fn declared(rig: &Rig) -> Value {
    let management: ManagementArgs = stage_args().management;
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let (user, password) = rig.stage.management.admin();
    let vhost = &rig.stage.broker.vhost;
    let read = async |path: String| -> Vec<Value> {
        let url = format!("{}/api/{path}", management.management_url);
        let request = http.get(url).basic_auth(user, Some(password.expose()));
        serde_json::from_str(&request.send().await.unwrap().text().await.unwrap()).unwrap()
    };
    let sorted = |rows: Vec<Value>, fields: &[&str]| -> Value {
        let rows: BTreeSet<String> = rows
            .into_iter()
            .map(|row| {
                let row: serde_json::Map<String, Value> = fields
                    .iter()
                    .map(|field| ((*field).to_owned(), row[*field].clone()))
                    .collect();
                Value::Object(row).to_string()
            })
            .collect();
        json!(rows)
    };
    let ours = |rows: Vec<Value>, field: &str| -> Vec<Value> {
        rows.into_iter()
            .filter(|row| {
                row[field]
                    .as_str()
                    .is_some_and(|name| name.starts_with("wt."))
            })
            .collect()
    };
    json!({
        "exchanges": sorted(ours(read(format!("exchanges/{vhost}")).await, "name"), &["name", "type", "durable", "arguments"]),
        "queues": sorted(read(format!("queues/{vhost}")).await, &["name", "durable", "arguments"]),
        "bindings": sorted(ours(read(format!("bindings/{vhost}")).await, "source"), &["source", "destination", "routing_key"]),
        "policies": sorted(read(format!("policies/{vhost}")).await, &["name", "pattern", "definition", "priority", "apply-to"]),
        "permissions": sorted(read(format!("vhosts/{vhost}/permissions")).await, &["user", "configure", "write", "read"]),
        "topic_permissions": sorted(read(format!("vhosts/{vhost}/topic-permissions")).await, &["user", "exchange", "write", "read"]),
    })
}

fn rows(value: &Value) -> Vec<Value> {
    let texts = value.as_array().unwrap();
    texts
        .iter()
        .map(|text| serde_json::from_str(text.as_str().unwrap()).unwrap())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn topology_on_the_broker_is_the_definition_and_nothing_else() {
    on_stage(async |rig| {
        let found = declared(rig).await;
        let topology = &rig.stage.topology;
        let queues: Vec<String> = rows(&found["queues"])
            .iter()
            .map(|queue| queue["name"].as_str().unwrap().to_owned())
            .collect();
        let mut wanted: Vec<String> = topology
            .queues()
            .into_iter()
            .map(|(name, _)| name)
            .collect();
        wanted.sort();
        assert_eq!(
            queues.into_iter().collect::<BTreeSet<_>>(),
            wanted.into_iter().collect::<BTreeSet<_>>()
        );
        for (name, body) in topology.queues() {
            let is_there = rows(&found["queues"]).iter().any(|queue| {
                queue["name"] == name.as_str()
                    && queue["arguments"] == body["arguments"]
                    && queue["durable"] == true
            });
            assert!(is_there, "{name}: {found:#}");
        }
        for (name, body) in topology.exchanges() {
            let is_there = rows(&found["exchanges"]).iter().any(|exchange| {
                exchange["name"] == name
                    && exchange["type"] == body["type"]
                    && exchange["arguments"] == body["arguments"]
            });
            assert!(is_there, "{name}: {found:#}");
        }
        let bindings: BTreeSet<String> = rows(&found["bindings"])
            .iter()
            .map(ToString::to_string)
            .collect();
        let wanted: BTreeSet<String> = topology
            .bindings()
            .into_iter()
            .map(|(source, destination, key)| {
                json!({"source": source, "destination": destination, "routing_key": key})
                    .to_string()
            })
            .collect();
        assert_eq!(bindings, wanted);
        for (name, body) in topology.policies() {
            let is_there = rows(&found["policies"]).iter().any(|policy| {
                policy["name"] == name
                    && policy["pattern"] == body["pattern"]
                    && policy["definition"] == body["definition"]
            });
            assert!(is_there, "{name}: {found:#}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn topology_users_have_the_rights_of_the_table() {
    on_stage(async |rig| {
        let found = declared(rig).await;
        let permission = |user: &str| {
            rows(&found["permissions"])
                .into_iter()
                .find(|row| row["user"] == user)
                .unwrap_or_else(|| panic!("{user}: {found:#}"))
        };
        for user in &rig.stage.topology.users {
            let row = permission(&user.name);
            let rights = [&row["configure"], &row["write"], &row["read"]];
            assert_eq!(
                rights.map(|right| right.as_str().unwrap().to_owned()),
                user.permissions,
                "{}",
                user.name
            );
        }
        let reader = rig.reader(0).key.as_str();
        let row = permission(reader);
        assert_eq!(
            (&row["configure"], &row["write"], &row["read"]),
            (&json!("^$"), &json!(r"^wt\.ingest$"), &json!("^$"))
        );
        let topics = rows(&found["topic_permissions"]);
        let of = |user: &str| topics.iter().find(|row| row["user"] == user).cloned();
        assert_eq!(of(reader).unwrap()["write"], format!(r"^s\.{reader}$"));
        assert_eq!(of("wt-gateway").unwrap()["write"], r"^s\.[a-z0-9-]+$");
        assert_eq!(of("wt-consumer"), None);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn topology_applied_twice_changes_nothing() {
    on_stage(async |rig| {
        let before = declared(rig).await;
        rig.stage
            .topology
            .apply(&rig.stage.management)
            .await
            .unwrap();
        assert_eq!(declared(rig).await, before);
    })
    .await;
}
