//! The pages: `wardtrack serve` as a process of its own, asked over HTTP by people who are signed in.

use std::io::{Read, Write};
use std::time::{Duration, Instant};

use anyhow::Context;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use reqwest::{Client, header, redirect};
use tokio::process::Command;

use super::asks::Ask;
use super::hospital::SignedIn;
use crate::bench::child::RoleChild;
use crate::config::{BrokerArgs, Secret};
use crate::web::{cookies, routes};

/// How long the server may take to say where it is.
const START_MAX: Duration = Duration::from_secs(30);
/// An answer that takes longer is none.
const ANSWER_MAX: Duration = Duration::from_secs(30);

/// A running server. Dropping it kills the process.
#[derive(Debug)]
pub(super) struct Pages {
    child: RoleChild,
    public: String,
    internal: String,
    client: Client,
}

/// Sums that the server keeps of where its time goes, in seconds, with how often.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct ServerTimes {
    pub requests: Total,
    pub guard: Total,
    pub pool_wait: Total,
    pub render: Total,
}

/// A sum of seconds and how many there were.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Total {
    pub seconds: f64,
    pub count: f64,
}

impl Total {
    fn since(self, earlier: Self) -> Self {
        Self {
            seconds: self.seconds - earlier.seconds,
            count: self.count - earlier.count,
        }
    }

    /// Milliseconds a page, when there were so many pages.
    pub(super) fn ms_a_page(self, pages: f64) -> f64 {
        self.seconds * 1_000.0 / pages.max(1.0)
    }
}

impl ServerTimes {
    /// What came since `earlier`.
    pub(super) fn since(self, earlier: Self) -> Self {
        Self {
            requests: self.requests.since(earlier.requests),
            guard: self.guard.since(earlier.guard),
            pool_wait: self.pool_wait.since(earlier.pool_wait),
            render: self.render.since(earlier.render),
        }
    }

    fn parse(text: &str) -> Self {
        let find = format!("route=\"{}\"", routes::FIND);
        Self {
            requests: parse_total(text, "http_request_seconds", &find),
            guard: parse_total(text, "page_guard_seconds", ""),
            pool_wait: parse_total(text, "db_pool_wait_seconds", ""),
            render: parse_total(text, "page_render_seconds", ""),
        }
    }
}

/// Sum and count of a histogram in the text form of Prometheus, over all its labels that hold `label`.
fn parse_total(text: &str, name: &str, label: &str) -> Total {
    let sum = |suffix: &str| {
        let name = format!("{name}{suffix}");
        text.lines()
            .filter(|line| {
                line.strip_prefix(&name)
                    .is_some_and(|rest| rest.starts_with(['{', ' ']) && rest.contains(label))
            })
            .filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok())
            .sum()
    };
    Total {
        seconds: sum("_sum"),
        count: sum("_count"),
    }
}

/// A page as it came.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    pub status: u16,
    pub body: bytes::Bytes,
}

impl Pages {
    /// Starts the server on free ports and waits until it serves.
    pub(super) async fn start(url: &Secret, broker: &BrokerArgs) -> anyhow::Result<Self> {
        let key = format!(
            "{:032x}{:032x}",
            rand::random::<u128>(),
            rand::random::<u128>()
        );
        let mut child = RoleChild::start("serve", url, broker, |command: &mut Command| {
            command
                .args(["--bind", "127.0.0.1:0", "--internal-bind", "127.0.0.1:0"])
                .env_remove("WARDTRACK_ORIGIN")
                .env_remove("WARDTRACK_TRUSTED_PROXY")
                .env_remove("WARDTRACK_SECRET_KEY_FILE")
                .env("WARDTRACK_SECRET_KEY", key);
        })?;
        let begun = Instant::now();
        let addresses = loop {
            child.ensure_alive()?;
            if let Some(addresses) = child.find_addresses() {
                break addresses;
            }
            anyhow::ensure!(
                begun.elapsed() < START_MAX,
                "wardtrack serve did not say where it is; its log ends with:\n{}",
                child.last_lines()
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        };
        Ok(Self {
            child,
            public: addresses.pages,
            internal: addresses.internal,
            client: Client::builder()
                .redirect(redirect::Policy::none())
                .timeout(ANSWER_MAX)
                .build()?,
        })
    }

    /// Its process id, while it runs.
    pub(super) fn pid(&self) -> Option<u32> {
        self.child.pid()
    }

    /// Fails with its last words when it has ended.
    pub(super) fn ensure_alive(&mut self) -> anyhow::Result<()> {
        self.child.ensure_alive()
    }

    /// One request as a browser sends it, to be awaited until the last byte of the answer is there.
    pub(super) fn ask(
        &self,
        ask: &Ask,
        person: &SignedIn,
    ) -> impl Future<Output = anyhow::Result<Answer>> + Send + 'static {
        let request = self
            .client
            .get(format!("http://{}{}", self.public, ask.params.href(&[])))
            .header(
                header::COOKIE,
                format!("{}={}", cookies::SESSION, person.token.expose()),
            )
            .header(header::ACCEPT_ENCODING, "gzip")
            .header(header::ACCEPT, "text/html");
        async move {
            let response = request.send().await?;
            let status = response.status().as_u16();
            Ok(Answer {
                status,
                body: response.bytes().await?,
            })
        }
    }

    /// The server's own account of its time.
    pub(super) async fn times(&self) -> anyhow::Result<ServerTimes> {
        let answer = self
            .client
            .get(format!("http://{}{}", self.internal, routes::METRICS))
            .send()
            .await?;
        Ok(ServerTimes::parse(
            &answer.error_for_status()?.text().await?,
        ))
    }

    /// Stops the server in good order.
    pub(super) async fn stop(mut self) -> anyhow::Result<()> {
        self.child.stop().await
    }
}

impl Answer {
    /// Fails unless it is results, or the way to the one asset that has the code.
    pub(super) fn ensure_good(&self, ask: &Ask) -> anyhow::Result<()> {
        anyhow::ensure!(
            matches!(self.status, 200 | 303),
            "{} answered {}",
            ask.params.href(&[]),
            self.status
        );
        Ok(())
    }

    /// The page itself.
    pub(super) fn html(&self) -> anyhow::Result<String> {
        let mut html = String::new();
        GzDecoder::new(self.body.as_ref())
            .read_to_string(&mut html)
            .context("unpacking a page")?;
        Ok(html)
    }
}

/// How long packing a page takes, as the server does it.
pub(super) fn time_gzip(html: &str) -> anyhow::Result<Duration> {
    const TIMES: u32 = 20;
    let begun = Instant::now();
    for _ in 0..TIMES {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(html.as_bytes())?;
        encoder.finish()?;
    }
    Ok(begun.elapsed() / TIMES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_of_the_server_are_read_from_its_metrics() {
        let text = "# TYPE http_request_seconds histogram\n\
            http_request_seconds_bucket{route=\"/find\",status=\"200\",le=\"0.01\"} 3\n\
            http_request_seconds_sum{route=\"/find\",status=\"200\"} 1.5\n\
            http_request_seconds_count{route=\"/find\",status=\"200\"} 3\n\
            http_request_seconds_sum{route=\"/find\",status=\"303\"} 0.5\n\
            http_request_seconds_count{route=\"/find\",status=\"303\"} 1\n\
            http_request_seconds_sum{route=\"/\",status=\"200\"} 9\n\
            page_render_seconds_sum 0.25\npage_render_seconds_count 4\n";
        let times = ServerTimes::parse(text);
        let total = |seconds, count| Total { seconds, count };
        assert_eq!(times.requests, total(2.0, 4.0));
        assert_eq!(times.render, total(0.25, 4.0));
        assert_eq!(times.guard, total(0.0, 0.0));
        assert!((times.requests.ms_a_page(4.0) - 500.0).abs() < 1e-9);
    }
}
