//! What every part of a running process shares, built once.

use std::sync::{Arc, Mutex, PoisonError};

use metrics_exporter_prometheus::PrometheusHandle;

use crate::clock::Clock;
use crate::config::Secret;
use crate::db::Db;
use crate::delivery::address::Allowed;
use crate::devices::broker_facts::BrokerFactsSource;
use crate::find::nearest::NearestCache;
use crate::find::words::WordCache;
use crate::ingest::gateway::Gateway;
use crate::live::{Hints, Hub};
use crate::people::password::PasswordHasher;
use crate::places::cache::WalkingCache;

/// Shared state; handlers get it as `web::Data<App>`.
#[derive(Debug)]
pub struct App {
    /// The database.
    pub db: Db,
    /// The time.
    pub clock: Clock,
    /// Key of the form tokens and of the known-browser cookie.
    pub secret_key: Secret,
    /// Hashes passwords, a few at a time.
    pub passwords: PasswordHasher,
    /// How far it is from room to room.
    pub walking: WalkingCache,
    /// The same from the places that people search from.
    pub nearest: NearestCache,
    /// The words that searches mean things by.
    pub words: WordCache,
    /// What must work for this process to be ready.
    pub checks: Checks,
    /// Asks the broker about its queues for the status page; absent when no broker is configured.
    pub broker_facts: Option<BrokerFactsSource>,
    /// Hands what readers send by HTTP to the broker; absent when no broker is configured.
    pub gateway: Option<Gateway>,
    /// Which web addresses messages may go to.
    pub webhooks: Allowed,
    /// Who listens to changes: open pages.
    pub live: Hub,
    /// The way to tell them, and the other processes, that something changed.
    pub hints: Hints,
    /// Renders `/metrics`; absent in tests, which run many servers in one process.
    pub metrics: Option<PrometheusHandle>,
}

impl App {
    /// The state, with system defaults for everything that is not given.
    #[must_use]
    pub fn new(db: Db, clock: Clock, secret_key: Secret) -> Self {
        let live = Hub::default();
        Self {
            db,
            clock,
            secret_key,
            passwords: PasswordHasher::new(),
            walking: WalkingCache::default(),
            nearest: NearestCache::default(),
            words: WordCache::default(),
            checks: Checks::default(),
            broker_facts: None,
            gateway: None,
            webhooks: Allowed::default(),
            hints: Hints::for_pages(live.clone()),
            live,
            metrics: None,
        }
    }

    /// With a way to ask the broker about its queues.
    #[must_use]
    pub fn with_broker_facts(mut self, source: BrokerFactsSource) -> Self {
        self.broker_facts = Some(source);
        self
    }

    /// With a way to the broker for readers that speak HTTP.
    #[must_use]
    pub fn with_gateway(mut self, gateway: Gateway) -> Self {
        self.gateway = Some(gateway);
        self
    }

    /// With the handle that renders `/metrics`.
    #[must_use]
    pub fn with_metrics(mut self, metrics: PrometheusHandle) -> Self {
        self.metrics = Some(metrics);
        self
    }
}

/// Named conditions that `/ready` reports, each set by the part that knows. Cheap to clone.
///
/// ```
/// let checks = wardtrack::app::Checks::default();
/// let broker = checks.register("broker", "no connection yet");
/// assert_eq!(checks.list()[0].fault.as_deref(), Some("no connection yet"));
/// broker.pass();
/// assert_eq!(checks.list()[0].fault, None);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Checks(Arc<Mutex<Vec<Check>>>);

/// One condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// What it is about, such as "broker".
    pub name: &'static str,
    /// Why it fails, in words; `None` when all is well.
    pub fault: Option<String>,
}

impl Checks {
    /// Adds a condition that fails with `fault` until its handle says otherwise.
    #[must_use]
    pub fn register(&self, name: &'static str, fault: &str) -> CheckHandle {
        let mut checks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        checks.push(Check {
            name,
            fault: Some(fault.to_owned()),
        });
        CheckHandle {
            checks: self.clone(),
            index: checks.len() - 1,
        }
    }

    /// All conditions as they are now.
    #[must_use]
    pub fn list(&self) -> Vec<Check> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

/// Sets one condition.
#[derive(Clone, Debug)]
pub struct CheckHandle {
    checks: Checks,
    index: usize,
}

impl CheckHandle {
    /// All is well.
    pub fn pass(&self) {
        self.set(None);
    }

    /// It does not work, and why.
    pub fn fail(&self, why: &str) {
        self.set(Some(why.to_owned()));
    }

    fn set(&self, fault: Option<String>) {
        let mut checks = self.checks.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(check) = checks.get_mut(self.index) {
            check.fault = fault;
        }
    }
}
