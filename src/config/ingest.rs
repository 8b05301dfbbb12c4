//! How the consumer works.

use clap::{Args, ValueEnum};

/// How much raw history is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum HistoryMode {
    /// None.
    Off,
    /// One sighting per tag, reader and minute.
    Sampled,
    /// Every sighting.
    Full,
}

/// Settings of the consumer.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Consumer")]
pub struct IngestArgs {
    /// Raw sightings kept for three days: none, one per tag, reader and minute, or every one.
    #[arg(long, env = "WARDTRACK_HISTORY", value_enum, default_value_t = HistoryMode::Sampled)]
    pub history: HistoryMode,
    /// Messages taken from the broker ahead of their acknowledgement.
    #[arg(long, env = "WARDTRACK_PREFETCH", default_value_t = 500, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=2000))]
    pub prefetch: u16,
    /// A tag that is still where it was has its last-seen time written at most this often, in milliseconds.
    #[arg(
        long,
        env = "WARDTRACK_SEEN_EVERY_MS",
        default_value_t = 30_000,
        value_name = "MS"
    )]
    pub seen_every_ms: i64,
    /// How eagerly a tag changes room: default, responsive (quicker, flaps more) or calm.
    #[arg(long, env = "WARDTRACK_LOCATION_PRESET", default_value = "default", value_parser = ["default", "responsive", "calm"])]
    pub location_preset: String,
}
