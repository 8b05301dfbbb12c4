//! Where pages are served, and under which name.

use std::net::SocketAddr;

use clap::Args;

use super::secret::{Secret, SecretError};

/// Settings of the web server.
#[derive(Args, Clone, Debug)]
#[command(
    next_help_heading = "Web (key of the form tokens in WARDTRACK_SECRET_KEY or WARDTRACK_SECRET_KEY_FILE)"
)]
pub struct WebArgs {
    /// Address of the pages; port 0 takes a free one. Off loopback a listed proxy is needed.
    #[arg(
        long,
        env = "WARDTRACK_BIND",
        default_value = "127.0.0.1:8080",
        value_name = "HOST:PORT"
    )]
    pub bind: SocketAddr,
    /// Address of /ready and /metrics; keep it away from the public.
    #[arg(
        long,
        env = "WARDTRACK_INTERNAL_BIND",
        default_value = "127.0.0.1:9090",
        value_name = "HOST:PORT"
    )]
    pub internal_bind: SocketAddr,
    /// What people type to get here, such as `https://wardtrack.hospital.example`; requests for other names get 421.
    /// Default: http:// and the bind address, with 127.0.0.1 and localhost both accepted.
    #[arg(long, env = "WARDTRACK_ORIGIN", value_name = "URL")]
    pub origin: Option<String>,
    /// Networks of the proxies that end TLS before wardtrack, such as 10.0.0.5/32; their X-Forwarded headers are believed.
    #[arg(
        long,
        env = "WARDTRACK_TRUSTED_PROXY",
        value_name = "NETWORK",
        value_delimiter = ','
    )]
    pub trusted_proxy: Vec<String>,
    /// Open pages hear at least every so many milliseconds that they are still live; after two and a half times of silence they
    /// say that they are not.
    #[arg(long, env = "WARDTRACK_LIVE_BEAT_MS", default_value_t = 10_000, value_name = "MS", value_parser = clap::value_parser!(u64).range(100..=60_000))]
    pub live_beat_ms: u64,
}

impl WebArgs {
    /// The key that form tokens are made with: at least 32 bytes.
    ///
    /// # Errors
    /// See [`Secret::from_env`]; also when it is shorter than 32 bytes.
    pub fn secret_key(&self) -> Result<Secret, SecretError> {
        let key = Secret::from_env("WARDTRACK_SECRET_KEY")?;
        if key.expose().len() < 32 {
            return Err(SecretError::Unfit {
                name: "WARDTRACK_SECRET_KEY",
                problem: "is shorter than 32 characters",
            });
        }
        Ok(key)
    }
}
