//! The roles under test, `wardtrack consume` and `wardtrack serve`, as processes of their own, so that the figures are those of
//! the product.

use std::collections::VecDeque;
use std::process::Stdio;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Context;
use serde::Deserialize;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::config::{BrokerArgs, Secret};

/// Lines of its log that are kept to explain a failure.
const LINES_KEPT: usize = 20;
/// How long a stop may take.
const STOP_MAX: Duration = Duration::from_secs(15);
/// Message of the log line in which the consumer says what its time went to, see `ingest/worker.rs`.
const SPENT_MESSAGE: &str = "time spent by this shard";
/// How the log line begins in which the pages say where they are, see `cli/serve.rs`.
const SERVING_MESSAGE: &str = "serving pages at ";

/// A running role of this program. Dropping it kills the process.
#[derive(Debug)]
pub(super) struct RoleChild {
    role: &'static str,
    child: Child,
    log: Arc<Mutex<Log>>,
    reading: tokio::task::JoinHandle<()>,
}

/// A running consumer. Dropping it kills the process.
#[derive(Debug)]
pub(super) struct ConsumerChild(RoleChild);

#[derive(Debug, Default)]
struct Log {
    last: VecDeque<String>,
    spent: Option<Spent>,
    addresses: Option<Addresses>,
}

/// What the consumer's time went to.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
pub(super) struct Spent {
    pub transactions: u64,
    pub wait_s: f64,
    pub parse_s: f64,
    pub decide_s: f64,
    pub sql_s: f64,
    pub commit_s: f64,
}

/// Where the pages are served.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Addresses {
    #[serde(rename = "pages.addr")]
    pub pages: String,
    #[serde(rename = "internal.addr")]
    pub internal: String,
}

#[derive(Deserialize)]
struct Line {
    fields: serde_json::Value,
}

impl RoleChild {
    /// Starts this very program in a role, with the bench's virtual host and database. The log must be JSON.
    pub(super) fn start(
        role: &'static str,
        url: &Secret,
        broker: &BrokerArgs,
        set_up: impl FnOnce(&mut Command),
    ) -> anyhow::Result<Self> {
        let program = std::env::current_exe().context("finding this program's own file")?;
        let mut command = Command::new(program);
        command
            .arg(role)
            .args(["--log-format", "json"])
            // In the environment and not on the command line, where everybody could read it.
            .env("WARDTRACK_DATABASE_URL", url.expose())
            .env_remove("WARDTRACK_DATABASE_URL_FILE")
            .env("WARDTRACK_AMQP_ADDR", &broker.amqp_addr)
            .env("WARDTRACK_VHOST", &broker.vhost)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        set_up(&mut command);
        let mut child = command
            .spawn()
            .with_context(|| format!("starting wardtrack {role}"))?;
        let stderr = child
            .stderr
            .take()
            .with_context(|| format!("reading the log of wardtrack {role}"))?;
        let log = Arc::new(Mutex::new(Log::default()));
        let kept = log.clone();
        let reading = tokio::spawn(async move {
            let mut lines = BufReader::new(stderr).lines();
            while let Ok(Some(line)) = lines.next_line().await {
                kept.lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .take(line);
            }
        });
        Ok(Self {
            role,
            child,
            log,
            reading,
        })
    }

    /// Its process id, while it runs.
    pub(super) fn pid(&self) -> Option<u32> {
        self.child.id()
    }

    /// Where it serves pages, once it has said so.
    pub(super) fn find_addresses(&self) -> Option<Addresses> {
        self.log().addresses.clone()
    }

    /// Fails with its last words when it has ended.
    pub(super) fn ensure_alive(&mut self) -> anyhow::Result<()> {
        match self.child.try_wait()? {
            None => Ok(()),
            Some(status) => anyhow::bail!(
                "wardtrack {} ended with {status}; its log ends with:\n{}",
                self.role,
                self.last_lines()
            ),
        }
    }

    /// The end of its log.
    pub(super) fn last_lines(&self) -> String {
        let log = self.log();
        log.last
            .iter()
            .map(String::as_str)
            .collect::<Vec<_>>()
            .join("\n")
    }

    /// Stops it in good order; fails when it does not end well.
    pub(super) async fn stop(&mut self) -> anyhow::Result<()> {
        let role = self.role;
        if let Some(pid) = self.child.id() {
            let sent = Command::new("kill")
                .args(["-TERM", &pid.to_string()])
                .status()
                .await;
            sent.with_context(|| format!("sending SIGTERM to wardtrack {role}"))?;
        }
        let ended = tokio::time::timeout(STOP_MAX, self.child.wait()).await;
        let status = ended.with_context(|| {
            format!(
                "wardtrack {role} did not stop within {} s",
                STOP_MAX.as_secs()
            )
        })??;
        let read = tokio::time::timeout(STOP_MAX, &mut self.reading).await;
        read.with_context(|| format!("reading the rest of the log of wardtrack {role}"))??;
        anyhow::ensure!(
            status.success(),
            "wardtrack {role} ended with {status}; its log ends with:\n{}",
            self.last_lines()
        );
        Ok(())
    }

    fn log(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ConsumerChild {
    /// Starts a consumer.
    pub(super) fn start(url: &Secret, broker: &BrokerArgs, prefetch: u16) -> anyhow::Result<Self> {
        let child = RoleChild::start("consume", url, broker, |command| {
            command
                .args(["--history", "sampled", "--shards", "1"])
                .args(["--prefetch", &prefetch.to_string()])
                .args(["--log", "warn,wardtrack::ingest=info"]);
        })?;
        Ok(Self(child))
    }

    /// Its process id, while it runs.
    pub(super) fn pid(&self) -> Option<u32> {
        self.0.pid()
    }

    /// Fails with its last words when it has ended.
    pub(super) fn ensure_alive(&mut self) -> anyhow::Result<()> {
        self.0.ensure_alive()
    }

    /// The end of its log.
    pub(super) fn last_lines(&self) -> String {
        self.0.last_lines()
    }

    /// Stops it in good order and returns what its time went to.
    pub(super) async fn stop(mut self) -> anyhow::Result<Spent> {
        self.0.stop().await?;
        let spent = self.0.log().spent;
        spent.context("wardtrack consume did not say what its time went to")
    }
}

impl Log {
    fn take(&mut self, line: String) {
        if let Ok(Line { fields }) = serde_json::from_str(&line) {
            let message = fields.get("message").and_then(serde_json::Value::as_str);
            if message == Some(SPENT_MESSAGE) {
                self.spent = serde_json::from_value(fields).ok();
            } else if message.is_some_and(|message| message.starts_with(SERVING_MESSAGE)) {
                self.addresses = serde_json::from_value(fields).ok();
            }
        }
        if self.last.len() == LINES_KEPT {
            self.last.pop_front();
        }
        self.last.push_back(line);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_time_went_to_and_where_pages_are_is_read_from_the_log() {
        let mut log = Log::default();
        log.take(r#"{"level":"INFO","fields":{"message":"subscribed","shard":0}}"#.to_owned());
        assert!(log.spent.is_none());
        log.take(format!(
            r#"{{"level":"INFO","fields":{{"message":"{SPENT_MESSAGE}","shard":0,"transactions":7,"wait_s":1.5,"parse_s":0.25,"decide_s":0.5,"sql_s":2.0,"commit_s":0.75}}}}"#
        ));
        let spent = log.spent.unwrap();
        assert_eq!((spent.transactions, spent.commit_s), (7, 0.75));
        log.take(r#"{"fields":{"message":"serving pages at http://127.0.0.1:81","pages.addr":"127.0.0.1:81","internal.addr":"127.0.0.1:82"}}"#.to_owned());
        let addresses = log.addresses.clone().unwrap();
        assert_eq!(
            (addresses.pages.as_str(), addresses.internal.as_str()),
            ("127.0.0.1:81", "127.0.0.1:82")
        );
        for n in 0..50 {
            log.take(format!("line {n}"));
        }
        assert_eq!(log.last.len(), LINES_KEPT);
        assert_eq!(log.last.back().unwrap(), "line 49");
    }
}
