//! Opening a connection, with a deadline on every await and without lapin's own recovery.
//!
//! With recovery on, a lost connection is silent: no stream error, old and new deliveries mixed, `ack` answers `Ok(false)`.
//! Without it the stream ends at once and the supervisor builds everything anew.

use std::future::Future;
use std::time::Duration;

use lapin::uri::{AMQPAuthority, AMQPScheme, AMQPUri, AMQPUserInfo};
use lapin::{Connection, ConnectionProperties};

use crate::config::broker::BrokerRole;
use crate::config::secret::SecretError;
use crate::config::{BrokerArgs, Secret};

/// Longest wait for any answer of the broker.
pub const DEADLINE: Duration = Duration::from_secs(5);
/// Seconds between heartbeats; a frozen broker is noticed after two.
const HEARTBEAT_S: u16 = 10;

/// Why the broker could not be used.
#[derive(Debug, thiserror::Error)]
pub enum BrokerError {
    /// The address is not host:port.
    #[error("{addr:?} is not an address: write host:port, such as 127.0.0.1:5672")]
    Address {
        /// What was given.
        addr: String,
    },
    /// The broker refused or the connection was lost.
    #[error("{doing}")]
    Amqp {
        /// What was being done.
        doing: &'static str,
        /// The cause.
        #[source]
        source: lapin::Error,
    },
    /// No answer in time.
    #[error("{doing}: no answer within {} s", DEADLINE.as_secs())]
    Deadline {
        /// What was being done.
        doing: &'static str,
    },
    /// An acknowledgement did not reach the broker; the messages will come again.
    #[error("acknowledging: the channel is gone")]
    AckRefused,
    /// A password is missing or unfit.
    #[error("reading the broker password")]
    Secret(#[from] SecretError),
}

/// Host, virtual host and sign-in.
#[derive(Clone, Debug)]
pub struct BrokerAddress {
    host: String,
    port: u16,
    vhost: String,
    user: String,
    password: Secret,
}

impl BrokerAddress {
    /// The address for one user.
    ///
    /// # Errors
    /// When the configured address is not host:port.
    pub fn new(args: &BrokerArgs, user: &str, password: Secret) -> Result<Self, BrokerError> {
        let unfit = || BrokerError::Address {
            addr: args.amqp_addr.clone(),
        };
        let (host, port) = args.amqp_addr.rsplit_once(':').ok_or_else(unfit)?;
        Ok(Self {
            host: host.to_owned(),
            port: port.parse().map_err(|_| unfit())?,
            vhost: args.vhost.clone(),
            user: user.to_owned(),
            password,
        })
    }

    /// The address for a role of wardtrack.
    ///
    /// # Errors
    /// When the address or the role's password is missing or unfit.
    pub fn for_role(args: &BrokerArgs, role: BrokerRole) -> Result<Self, BrokerError> {
        Self::new(args, role.user(), role.password()?)
    }

    /// Opens a connection that shows `name` in the broker's management pages.
    ///
    /// # Errors
    /// When the broker cannot be reached, refuses, or does not answer in time.
    pub async fn connect(&self, name: &str) -> Result<Connection, BrokerError> {
        let mut uri = AMQPUri {
            scheme: AMQPScheme::AMQP,
            authority: AMQPAuthority {
                userinfo: AMQPUserInfo {
                    username: self.user.clone(),
                    password: self.password.expose().to_owned(),
                },
                host: self.host.clone(),
                port: self.port,
            },
            vhost: self.vhost.clone(),
            query: lapin::uri::AMQPQueryString::default(),
        };
        uri.query.heartbeat = Some(HEARTBEAT_S);
        let properties = ConnectionProperties::default().with_connection_name(name.into());
        within(
            "connecting to RabbitMQ",
            Connection::connect_uri(uri, properties),
        )
        .await
    }
}

/// Awaits an answer of the broker for at most [`DEADLINE`].
pub(super) async fn within<T>(
    doing: &'static str,
    answer: impl Future<Output = lapin::Result<T>>,
) -> Result<T, BrokerError> {
    match tokio::time::timeout(DEADLINE, answer).await {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(source)) => Err(BrokerError::Amqp { doing, source }),
        Err(_) => Err(BrokerError::Deadline { doing }),
    }
}

/// Waiting time before try number `tries` (0 = the first repeat): doubles from `first` to `most`, with a random half of it, so
/// that many clients do not come back in step.
#[must_use]
pub fn backoff(tries: u32, first: Duration, most: Duration) -> Duration {
    let full = first
        .saturating_mul(2_u32.saturating_pow(tries.min(16)))
        .min(most);
    full.mul_f64(0.5 + rand::random::<f64>() / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backoff_doubles_up_to_the_limit_and_jitters_within_its_half() {
        let (first, most) = (Duration::from_millis(200), Duration::from_secs(5));
        for tries in 0..40 {
            let full = first
                .saturating_mul(2_u32.saturating_pow(tries.min(16)))
                .min(most);
            let waited = backoff(tries, first, most);
            assert!(
                waited <= full && waited >= full / 2,
                "{tries}: {waited:?} of {full:?}"
            );
        }
    }
}
