//! The consumer under test: `wardtrack consume` as a process of its own, so that the figures are those of the product.

use std::collections::VecDeque;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
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

/// A running consumer. Dropping it kills the process.
#[derive(Debug)]
pub(super) struct ConsumerChild {
    child: Child,
    log: Arc<Mutex<Log>>,
    reading: tokio::task::JoinHandle<()>,
}

#[derive(Debug, Default)]
struct Log {
    last: VecDeque<String>,
    spent: Option<Spent>,
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

#[derive(Deserialize)]
struct Line {
    fields: serde_json::Value,
}

impl ConsumerChild {
    /// Starts this very program as a consumer of the bench's virtual host and database.
    pub(super) fn start(url: &Secret, broker: &BrokerArgs, prefetch: u16) -> anyhow::Result<Self> {
        let program = std::env::current_exe().context("finding this program's own file")?;
        let mut child = Command::new(program)
            .args([
                "consume",
                "--history",
                "sampled",
                "--shards",
                "1",
                "--prefetch",
                &prefetch.to_string(),
            ])
            .args([
                "--log",
                "warn,wardtrack::ingest=info",
                "--log-format",
                "json",
            ])
            // In the environment and not on the command line, where everybody could read it.
            .env("WARDTRACK_DATABASE_URL", url.expose())
            .env_remove("WARDTRACK_DATABASE_URL_FILE")
            .env("WARDTRACK_AMQP_ADDR", &broker.amqp_addr)
            .env("WARDTRACK_VHOST", &broker.vhost)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .context("starting wardtrack consume")?;
        let stderr = child
            .stderr
            .take()
            .context("reading the log of wardtrack consume")?;
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
            child,
            log,
            reading,
        })
    }

    /// Its process id, while it runs.
    pub(super) fn pid(&self) -> Option<u32> {
        self.child.id()
    }

    /// Fails with its last words when it has ended.
    pub(super) fn ensure_alive(&mut self) -> anyhow::Result<()> {
        match self.child.try_wait()? {
            None => Ok(()),
            Some(status) => anyhow::bail!(
                "wardtrack consume ended with {status}; its log ends with:\n{}",
                self.last_lines()
            ),
        }
    }

    /// The end of its log.
    pub(super) fn last_lines(&self) -> String {
        let log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        log.last
            .iter()
            .map(String::as_str)
            .collect::<Vec<_>>()
            .join("\n")
    }

    /// Stops it in good order and returns what its time went to.
    pub(super) async fn stop(mut self) -> anyhow::Result<Spent> {
        if let Some(pid) = self.child.id() {
            let sent = Command::new("kill")
                .args(["-TERM", &pid.to_string()])
                .status()
                .await;
            sent.context("sending SIGTERM to wardtrack consume")?;
        }
        let ended = tokio::time::timeout(STOP_MAX, self.child.wait()).await;
        let status = ended.with_context(|| {
            format!(
                "wardtrack consume did not stop within {} s",
                STOP_MAX.as_secs()
            )
        })??;
        let read = tokio::time::timeout(STOP_MAX, &mut self.reading).await;
        read.context("reading the rest of the log of wardtrack consume")??;
        anyhow::ensure!(
            status.success(),
            "wardtrack consume ended with {status}; its log ends with:\n{}",
            self.last_lines()
        );
        let log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        log.spent
            .context("wardtrack consume did not say what its time went to")
    }
}

impl Log {
    fn take(&mut self, line: String) {
        if let Ok(parsed) = serde_json::from_str::<Line>(&line)
            && parsed
                .fields
                .get("message")
                .and_then(serde_json::Value::as_str)
                == Some(SPENT_MESSAGE)
        {
            self.spent = serde_json::from_value(parsed.fields).ok();
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
    fn what_the_time_went_to_is_read_from_the_log() {
        let mut log = Log::default();
        log.take(r#"{"level":"INFO","fields":{"message":"subscribed","shard":0}}"#.to_owned());
        assert!(log.spent.is_none());
        log.take(format!(
            r#"{{"level":"INFO","fields":{{"message":"{SPENT_MESSAGE}","shard":0,"transactions":7,"wait_s":1.5,"parse_s":0.25,"decide_s":0.5,"sql_s":2.0,"commit_s":0.75}}}}"#
        ));
        let spent = log.spent.unwrap();
        assert_eq!((spent.transactions, spent.commit_s), (7, 0.75));
        for n in 0..50 {
            log.take(format!("line {n}"));
        }
        assert_eq!(log.last.len(), LINES_KEPT);
        assert_eq!(log.last.back().unwrap(), "line 49");
    }
}
