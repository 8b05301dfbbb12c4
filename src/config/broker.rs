//! Where RabbitMQ is, and as whom each role signs in to it.

use clap::Args;

use super::secret::{Secret, SecretError};

/// Settings of the broker.
#[derive(Args, Clone, Debug)]
#[command(
    next_help_heading = "RabbitMQ (passwords in WARDTRACK_CONSUMER_PASSWORD, WARDTRACK_GATEWAY_PASSWORD, \
                               WARDTRACK_WEB_PASSWORD, or the same names with _FILE)"
)]
pub struct BrokerArgs {
    /// Host and port of AMQP.
    #[arg(
        long,
        env = "WARDTRACK_AMQP_ADDR",
        default_value = "127.0.0.1:5672",
        value_name = "HOST:PORT"
    )]
    pub amqp_addr: String,
    /// Virtual host.
    #[arg(
        long,
        env = "WARDTRACK_VHOST",
        default_value = "wardtrack",
        value_name = "NAME"
    )]
    pub vhost: String,
    /// Number of shard queues `wt.sightings.<k>`.
    #[arg(long, env = "WARDTRACK_SHARDS", default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=64))]
    pub shards: u16,
}

/// The roles that have a RabbitMQ user of their own (ingest-design section 1, Permissions).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BrokerRole {
    /// Reads the shard queues.
    Consumer,
    /// Publishes what came by HTTP, and republishes from quarantine.
    Gateway,
    /// Listens to changes.
    Web,
}

impl BrokerRole {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Consumer, Self::Gateway, Self::Web];

    /// Name of the RabbitMQ user.
    #[must_use]
    pub fn user(self) -> &'static str {
        match self {
            Self::Consumer => "wt-consumer",
            Self::Gateway => "wt-gateway",
            Self::Web => "wt-web",
        }
    }

    /// The role's password.
    ///
    /// # Errors
    /// See [`Secret::from_env`].
    pub fn password(self) -> Result<Secret, SecretError> {
        Secret::from_env(match self {
            Self::Consumer => "WARDTRACK_CONSUMER_PASSWORD",
            Self::Gateway => "WARDTRACK_GATEWAY_PASSWORD",
            Self::Web => "WARDTRACK_WEB_PASSWORD",
        })
    }
}

/// How to reach RabbitMQ's management API as its administrator; only `topology` and the registration of readers need it.
#[derive(Args, Clone, Debug)]
#[command(
    next_help_heading = "RabbitMQ administration (password in WARDTRACK_BROKER_ADMIN_PASSWORD or \
                               WARDTRACK_BROKER_ADMIN_PASSWORD_FILE)"
)]
pub struct ManagementArgs {
    /// Address of the management API.
    #[arg(
        long,
        env = "WARDTRACK_MANAGEMENT_URL",
        default_value = "http://127.0.0.1:15672",
        value_name = "URL"
    )]
    pub management_url: String,
    /// A RabbitMQ user with the tag administrator.
    #[arg(
        long,
        env = "WARDTRACK_BROKER_ADMIN_USER",
        default_value = "wt-admin",
        value_name = "NAME"
    )]
    pub broker_admin_user: String,
}

impl ManagementArgs {
    /// The administrator's password.
    ///
    /// # Errors
    /// See [`Secret::from_env`].
    pub fn password(&self) -> Result<Secret, SecretError> {
        Secret::from_env("WARDTRACK_BROKER_ADMIN_PASSWORD")
    }
}
