//! Messages to web addresses (S-44, S-45): signed, to an address that was checked, without following anything.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use reqwest::redirect::Policy;
use reqwest::{Client, StatusCode};
use uuid::Uuid;

use super::address::{Allowed, check_url};
use super::sign::signature;
use super::store::SendError;

/// How long one message may take.
const TIME_LIMIT: Duration = Duration::from_secs(15);
/// Bytes of an answer that are read; what it says is never shown.
const ANSWER_MAX: usize = 64 * 1024;

/// A way to web addresses.
#[derive(Clone, Debug)]
pub struct Poster {
    client: Client,
    allowed: Arc<Allowed>,
}

/// Looks names up and lets only addresses through that may be reached; the connection goes to one of these.
struct Checking {
    allowed: Arc<Allowed>,
}

impl Resolve for Checking {
    fn resolve(&self, name: Name) -> Resolving {
        let allowed = Arc::clone(&self.allowed);
        Box::pin(async move {
            let host = name.as_str().to_lowercase();
            let found = tokio::net::lookup_host((host.as_str(), 0)).await?;
            let fit: Vec<SocketAddr> = found
                .filter(|address| allowed.may_reach(&host, address.ip()))
                .collect();
            if fit.is_empty() {
                return Err("its name leads to no address that is allowed".into());
            }
            Ok::<Addrs, Box<dyn std::error::Error + Send + Sync>>(Box::new(fit.into_iter()))
        })
    }
}

/// What is sent.
#[derive(Clone, Copy, Debug)]
pub struct Post<'a> {
    /// The address.
    pub url: &'a str,
    /// Keys, the newest first.
    pub secrets: &'a [&'a str],
    /// The same over all tries.
    pub message_id: Uuid,
    /// When this try is made.
    pub now: DateTime<Utc>,
    /// JSON, below 20 kB.
    pub body: &'a [u8],
}

impl Poster {
    /// A client without proxies and redirects.
    ///
    /// # Errors
    /// When the system's certificates cannot be read.
    pub fn new(allowed: Allowed) -> reqwest::Result<Self> {
        let allowed = Arc::new(allowed);
        let client = Client::builder()
            .user_agent("wardtrack")
            .timeout(TIME_LIMIT)
            .redirect(Policy::none())
            .no_proxy()
            .dns_resolver(Arc::new(Checking {
                allowed: Arc::clone(&allowed),
            }))
            .build()?;
        Ok(Self { client, allowed })
    }

    /// What may be reached.
    #[must_use]
    pub fn allowed(&self) -> &Allowed {
        &self.allowed
    }

    /// Sends one message.
    ///
    /// # Errors
    /// See [`SendError`].
    pub async fn send(&self, post: Post<'_>) -> Result<(), SendError> {
        let url = check_url(post.url, &self.allowed)
            .map_err(|error| SendError::again(error.to_string()))?;
        let (id, timestamp_s) = (post.message_id.to_string(), post.now.timestamp());
        let sent = self
            .client
            .post(url)
            .header(CONTENT_TYPE, "application/json")
            .header("webhook-id", &id)
            .header("webhook-timestamp", timestamp_s.to_string())
            .header(
                "webhook-signature",
                signature(post.secrets, &id, timestamp_s, post.body),
            )
            .body(post.body.to_vec())
            .send()
            .await;
        let mut answer = sent.map_err(|error| SendError::again(reason(&error)))?;
        let status = answer.status();
        let asked = answer
            .headers()
            .get(RETRY_AFTER)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| retry_after(value, post.now));
        // Read to the end, within limits, so that the connection can be used again.
        let mut read = 0;
        while let Ok(Some(part)) = answer.chunk().await {
            read += part.len();
            if read > ANSWER_MAX {
                break;
            }
        }
        match status {
            _ if status.is_success() => Ok(()),
            StatusCode::GONE => Err(SendError::gone(
                "it answered 410: it wants no more messages",
            )),
            _ if status.is_redirection() => Err(SendError::again(format!(
                "it answered {}: redirects are not followed, enter the new address",
                status.as_u16()
            ))),
            _ => Err(SendError {
                after: asked,
                ..SendError::again(format!("it answered {}", status.as_u16()))
            }),
        }
    }
}

/// Why there was no answer; never more than the receiver may know.
fn reason(error: &reqwest::Error) -> String {
    let words = if error.is_timeout() {
        "no answer within 15 s"
    } else if error.is_connect() {
        "no connection: check the address, its certificate and the network"
    } else {
        "the connection broke"
    };
    words.to_owned()
}

/// Retry-After in seconds or as a date.
fn retry_after(value: &str, now: DateTime<Utc>) -> Option<TimeDelta> {
    if let Ok(seconds) = value.trim().parse::<u32>() {
        return Some(TimeDelta::seconds(seconds.into()));
    }
    let at = DateTime::parse_from_rfc2822(value.trim()).ok()?;
    Some((at.to_utc() - now).max(TimeDelta::zero()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receiver_asks_for_time_in_seconds_or_by_a_date() {
        let now = DateTime::from_timestamp(1_767_225_600, 0).unwrap();
        assert_eq!(retry_after("120", now), Some(TimeDelta::seconds(120)));
        let date = "Thu, 01 Jan 2026 00:05:00 GMT";
        assert_eq!(retry_after(date, now), Some(TimeDelta::minutes(5)));
        assert_eq!(retry_after("soon", now), None);
        assert_eq!(retry_after("-5", now), None);
    }

    #[tokio::test]
    async fn s45_a_name_that_leads_inside_is_not_reached() {
        let poster = Poster::new(Allowed::default()).unwrap();
        let checking = Checking {
            allowed: Arc::clone(&poster.allowed),
        };
        let refused = checking.resolve("localhost".parse().unwrap()).await;
        assert!(refused.is_err(), "it leads to this machine");
    }
}
