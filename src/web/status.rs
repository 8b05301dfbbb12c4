//! System status: whether places are live, and for administrators why not.

use actix_web::web;
use askama::Template;
use chrono::{DateTime, TimeDelta, Utc};

use super::PageError;
use super::filters;
use super::page::{Chip, Nav, Page, Shell};
use super::strings::fill;
use super::wording::grouped;
use crate::app::App;
use crate::db::types::Role;
use crate::devices::broker_facts::BrokerFacts;
use crate::devices::model::{ConsumerHealth, LiveState, decide_live_state};
use crate::devices::quarantine::count_rows;
use crate::devices::store::{find_database_version, list_consumers};
use crate::web::extract::Viewer;

/// System status.
#[derive(Debug, Template)]
#[template(path = "status/index.html")]
pub struct StatusPage {
    /// Frame.
    pub shell: Shell,
    /// Whether places are live.
    pub chip: Chip,
    /// The same in a sentence.
    pub sentence: &'static str,
    /// Since when, when they are not.
    pub not_live_since: Option<DateTime<Utc>>,
    /// When the consumers reported last, when they are.
    pub updated_at: Option<DateTime<Utc>>,
    /// Version of wardtrack.
    pub version: &'static str,
    /// Zone that times are shown in.
    pub zone: &'static str,
    /// The rest, for administrators.
    pub details: Option<Details>,
}

/// What administrators see besides.
#[derive(Clone, Debug)]
pub struct Details {
    /// The broker; `None`: not configured.
    pub broker: Option<BrokerPart>,
    /// Age of the oldest message that is not taken in, in words.
    pub oldest: String,
    /// The consumers.
    pub consumers: Vec<ConsumerHealth>,
    /// Version of the database server.
    pub database_version: String,
    /// "in 2 ms".
    pub database_latency: String,
    /// Version of the time zone data.
    pub tz_version: &'static str,
    /// Entries of quarantine in the last 24 hours.
    pub quarantined: String,
}

/// The broker, ready to show.
#[derive(Clone, Debug)]
pub struct BrokerPart {
    /// Whether it answers.
    pub chip: Chip,
    /// Its version.
    pub version: Option<String>,
    /// Messages that wait in all queues.
    pub waiting: String,
    /// Its queues.
    pub queues: Vec<QueueRow>,
}

/// A queue, ready to show.
#[derive(Clone, Debug)]
pub struct QueueRow {
    /// Its name.
    pub name: String,
    /// Messages that wait.
    pub messages: String,
    /// Messages being taken in.
    pub unacked: String,
}

/// `GET /status`
///
/// # Errors
/// When the database fails.
pub async fn page(app: web::Data<App>, viewer: Viewer) -> Result<Page<StatusPage>, PageError> {
    let shell = viewer.shell(Nav::Status);
    let conn = app.db.conn().await?;
    let consumers = list_consumers(&conn).await?;
    if viewer.role != Role::Admin {
        return Ok(Page::new(StatusPage::new(shell, &consumers, None)));
    }
    let asked_at = tokio::time::Instant::now();
    let database_version = find_database_version(&conn).await?;
    let latency = asked_at.elapsed();
    let quarantined = count_rows(&conn, shell.now).await?;
    // The broker may take seconds to answer: no connection waits for it.
    drop(conn);
    let broker = match &app.broker_facts {
        Some(source) => Some(BrokerPart::new(&source.ask().await, &shell)),
        None => None,
    };
    let t = &shell.t.pages.status;
    let details = Details {
        broker,
        oldest: oldest_words(&consumers, &shell),
        consumers: consumers.clone(),
        database_version,
        database_latency: fill(
            t.latency,
            &[&format!("{:.1}", latency.as_secs_f64() * 1_000.0)],
        ),
        tz_version: chrono_tz::IANA_TZDB_VERSION,
        quarantined: grouped(quarantined),
    };
    Ok(Page::new(StatusPage::new(shell, &consumers, Some(details))))
}

/// The time since a queue was last seen empty bounds the age of the oldest message in it.
fn oldest_words(consumers: &[ConsumerHealth], shell: &Shell) -> String {
    let t = &shell.t.pages.status;
    let caught_up: Option<Vec<_>> = consumers
        .iter()
        .map(|consumer| consumer.caught_up_at)
        .collect();
    match caught_up.and_then(|times| times.into_iter().min()) {
        None => t.oldest_unknown.to_owned(),
        Some(at) if shell.now - at < TimeDelta::minutes(1) => t.oldest_fresh.to_owned(),
        Some(at) => fill(
            t.oldest_at_most,
            &[&filters::length(shell.now - at, shell.t)],
        ),
    }
}

impl StatusPage {
    fn new(shell: Shell, consumers: &[ConsumerHealth], details: Option<Details>) -> Self {
        let t = &shell.t.pages.status;
        let (chip, sentence, not_live_since, updated_at) =
            match decide_live_state(shell.now, consumers) {
                LiveState::Live { updated_at } => {
                    (Chip::good(t.live), t.short_live, None, Some(updated_at))
                }
                LiveState::NotLive { since } => {
                    (Chip::bad(t.not_live), t.short_not_live, since, None)
                }
            };
        Self {
            chip,
            sentence,
            not_live_since,
            updated_at,
            version: env!("CARGO_PKG_VERSION"),
            zone: shell.zone.name(),
            details,
            shell,
        }
    }
}

impl BrokerPart {
    fn new(facts: &BrokerFacts, shell: &Shell) -> Self {
        let t = &shell.t.pages.status;
        let words = |number: u64| grouped(i64::try_from(number).unwrap_or(i64::MAX));
        Self {
            chip: if facts.reachable {
                Chip::good(t.broker_ok)
            } else {
                Chip::bad(t.broker_away)
            },
            version: facts
                .version
                .as_ref()
                .map(|version| fill(t.broker_version, &[version])),
            waiting: words(facts.queues.iter().map(|queue| queue.messages).sum()),
            queues: facts
                .queues
                .iter()
                .map(|queue| QueueRow {
                    name: queue.name.clone(),
                    messages: words(queue.messages),
                    unacked: words(queue.unacked),
                })
                .collect(),
        }
    }
}

impl StatusPage {
    /// Pages for tests of templates.
    #[must_use]
    pub fn samples() -> Vec<Self> {
        let shell = Shell::sample_for(Role::Admin);
        let consumer = ConsumerHealth {
            shard: 0,
            reported_at: shell.now,
            caught_up_at: Some(shell.now),
            last_batch_at: None,
            version: "0.1.0 <b>".to_owned(),
        };
        let facts = BrokerFacts {
            reachable: true,
            version: Some("4.1.2".to_owned()),
            queues: vec![crate::devices::broker_facts::QueueFacts {
                name: "wt.sightings.0".to_owned(),
                messages: 12_000,
                unacked: 400,
            }],
        };
        let details = |broker, consumers: Vec<ConsumerHealth>| Details {
            broker,
            oldest: oldest_words(&consumers, &shell),
            consumers,
            database_version: "17.2".to_owned(),
            database_latency: "in 1.2 ms".to_owned(),
            tz_version: chrono_tz::IANA_TZDB_VERSION,
            quarantined: "1,204".to_owned(),
        };
        let away = BrokerPart::new(&BrokerFacts::default(), &shell);
        let full = details(
            Some(BrokerPart::new(&facts, &shell)),
            vec![consumer.clone()],
        );
        vec![
            Self::new(shell.clone(), std::slice::from_ref(&consumer), Some(full)),
            Self::new(shell.clone(), &[], Some(details(Some(away), Vec::new()))),
            Self::new(shell.clone(), &[], Some(details(None, Vec::new()))),
            Self::new(Shell::sample(), &[consumer], None),
        ]
    }
}
