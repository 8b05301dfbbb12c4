//! How messages leave the house.

use clap::Args;

use super::secret::{Secret, SecretError};

/// Settings of the delivery of messages.
#[derive(Args, Clone, Debug, Default)]
#[command(
    next_help_heading = "Messages (mail server in WARDTRACK_SMTP_URL or WARDTRACK_SMTP_URL_FILE, because it may hold a password)"
)]
pub struct DeliveryArgs {
    /// Who mail is from, such as "wardtrack <wardtrack@hospital.example>".
    #[arg(
        long,
        env = "WARDTRACK_MAIL_FROM",
        default_value = "wardtrack <wardtrack@localhost>",
        value_name = "ADDRESS"
    )]
    pub mail_from: String,
    /// Where the links in messages lead: what people type to get to the pages, such as `https://wardtrack.hospital.example`.
    #[arg(
        long = "link-origin",
        env = "WARDTRACK_ORIGIN",
        default_value = "http://127.0.0.1:8080",
        value_name = "URL"
    )]
    pub link_origin: String,
    /// Which web addresses messages may go to.
    #[command(flatten)]
    pub webhook: WebhookArgs,
}

/// Which web addresses messages may go to.
#[derive(Args, Clone, Debug, Default)]
pub struct WebhookArgs {
    /// Networks and hosts inside the house that messages may go to, such as 10.20.0.0/16 or integration.hospital.example; without it
    /// only public addresses are allowed (S-45).
    #[arg(
        long,
        env = "WARDTRACK_WEBHOOK_ALLOW",
        value_name = "NETWORK or HOST",
        value_delimiter = ','
    )]
    pub webhook_allow: Vec<String>,
    /// Hosts, with their port when it is not 80, that messages may go to without encryption.
    #[arg(
        long,
        env = "WARDTRACK_WEBHOOK_ALLOW_HTTP",
        value_name = "HOST[:PORT]",
        value_delimiter = ','
    )]
    pub webhook_allow_http: Vec<String>,
    /// Ports besides 443 that messages may go to.
    #[arg(
        long,
        env = "WARDTRACK_WEBHOOK_ALLOW_PORT",
        value_name = "PORT",
        value_delimiter = ','
    )]
    pub webhook_allow_port: Vec<u16>,
}

impl DeliveryArgs {
    /// The mail server, when one is set, such as `smtps://name:password@mail.example` or `smtp://mail.example:587?tls=required`.
    ///
    /// # Errors
    /// See [`Secret::from_env`].
    pub fn smtp_url(&self) -> Result<Option<Secret>, SecretError> {
        match Secret::from_env("WARDTRACK_SMTP_URL") {
            Ok(url) => Ok(Some(url)),
            Err(SecretError::Missing { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }
}
