//! How the program logs.

use clap::{Args, ValueEnum};

/// Form of the log lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// One short line an event, for people.
    Text,
    /// One JSON object an event, for machines.
    Json,
}

/// Settings of the log, which goes to standard error.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Log")]
pub struct LogArgs {
    /// Which events are logged, such as info or info,wardtrack=debug.
    #[arg(
        long,
        env = "WARDTRACK_LOG",
        default_value = "info",
        value_name = "FILTER",
        global = true
    )]
    pub log: String,
    /// Form of the lines.
    #[arg(long, env = "WARDTRACK_LOG_FORMAT", value_enum, default_value_t = LogFormat::Text, global = true)]
    pub log_format: LogFormat,
}
