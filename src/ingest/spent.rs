//! What a shard's time goes to: as metrics while it runs, and in one line of the log when it stops.

use std::time::{Duration, Instant};

/// Sums since the shard was taken over.
#[derive(Clone, Copy, Debug, Default)]
pub struct Spent {
    /// Transactions that were committed.
    pub transactions: u64,
    /// Waiting for messages.
    pub wait: Duration,
    /// Parsing messages and looking up their tags.
    pub parse: Duration,
    /// The deciding core, and making rows of what it says.
    pub decide: Duration,
    /// Statements.
    pub sql: Duration,
    /// COMMIT.
    pub commit: Duration,
}

impl Spent {
    /// Adds a transaction, to the metrics too.
    pub fn add(&mut self, one: &Self) {
        self.transactions += 1;
        self.parse += one.parse;
        self.decide += one.decide;
        self.sql += one.sql;
        self.commit += one.commit;
        let parts = [
            ("parse", one.parse),
            ("decide", one.decide),
            ("sql", one.sql),
            ("commit", one.commit),
        ];
        for (part, time) in parts {
            metrics::histogram!("wardtrack_ingest_part_seconds", "part" => part)
                .record(time.as_secs_f64());
        }
    }

    /// One line for whoever wants to know what limits this shard; `bench` reads it.
    pub fn log(&self, shard: i32) {
        tracing::info!(
            shard,
            transactions = self.transactions,
            wait_s = self.wait.as_secs_f64(),
            parse_s = self.parse.as_secs_f64(),
            decide_s = self.decide.as_secs_f64(),
            sql_s = self.sql.as_secs_f64(),
            commit_s = self.commit.as_secs_f64(),
            "time spent by this shard"
        );
    }
}

/// Tells how long each part of a piece of work took.
#[derive(Debug)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    /// Starts.
    #[must_use]
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// Adds the time since the last call to `part`.
    pub fn lap(&mut self, part: &mut Duration) {
        let now = Instant::now();
        *part += now.duration_since(self.0);
        self.0 = now;
    }
}
