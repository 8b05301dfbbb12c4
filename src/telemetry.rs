//! Logs and metrics.

use std::io::IsTerminal;

use anyhow::Context;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::EnvFilter;

use crate::config::LogArgs;
use crate::config::log::LogFormat;

/// Sets up logging to standard error. Call it once.
///
/// # Errors
/// When the filter cannot be understood.
pub fn init_logs(args: &LogArgs) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(&args.log).with_context(|| {
        format!(
            "--log {:?} is not a filter; write for example info,wardtrack=debug",
            args.log
        )
    })?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    match args.log_format {
        LogFormat::Text => builder.compact().init(),
        LogFormat::Json => builder.json().init(),
    }
    Ok(())
}

/// Installs the recorder of metrics and returns the handle that `/metrics` renders. Call it once a process.
///
/// # Errors
/// When a recorder is there already.
pub fn init_metrics() -> anyhow::Result<PrometheusHandle> {
    PrometheusBuilder::new()
        .set_buckets_for_metric(
            Matcher::Suffix("_seconds".to_owned()),
            &[
                0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0,
            ],
        )
        .context("setting the buckets of the metrics")?
        .install_recorder()
        .context("installing the metrics recorder")
}
