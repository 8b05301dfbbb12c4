//! What a round was like, as a table for people and a line for programs.

use serde_json::{Value, json};

use super::check::{Arrivals, Findings};

/// A fault and how long it took to get over it.
#[derive(Clone, Debug)]
pub(super) struct Fault {
    pub name: &'static str,
    pub begun_ms: i64,
    pub ended_ms: i64,
    pub note: String,
}

/// A round.
#[derive(Clone, Debug, Default)]
pub(super) struct Round {
    pub number: u32,
    pub took_s: f64,
    pub load_s: f64,
    pub faults: Vec<Fault>,
    pub messages: usize,
    pub bad: usize,
    pub confirmed: usize,
    pub sightings: usize,
    pub retries: u64,
    pub repeats: u64,
    pub findings: Findings,
    pub arrivals: Arrivals,
    /// How long good messages waited while there were no bad ones.
    pub clean: Waits,
    /// And beside bad ones.
    pub beside_bad: Waits,
    pub breaches: Vec<String>,
}

impl Round {
    /// Longest time in which nothing was taken.
    pub fn gap_ms_max(&self) -> i64 {
        let times = self.arrivals.all_ms.iter();
        times
            .clone()
            .zip(times.skip(1))
            .map(|(one, next)| next - one)
            .max()
            .unwrap_or(0)
    }

    /// From the end of a fault until the next message is taken.
    pub fn resumed_ms(&self, fault: &Fault) -> Option<i64> {
        let mut times = self.arrivals.all_ms.iter();
        times
            .find(|received_ms| **received_ms >= fault.ended_ms)
            .map(|received_ms| received_ms - fault.ended_ms)
    }

    /// From the end of a fault until messages are taken within a second again. On a busy machine that may be after the round.
    pub fn recovery_ms(&self, fault: &Fault) -> Option<i64> {
        self.arrivals
            .prompt
            .iter()
            .filter(|(sent_ms, received_ms)| {
                *sent_ms >= fault.ended_ms && received_ms - sent_ms <= 1_000
            })
            .map(|(_, received_ms)| received_ms - fault.ended_ms)
            .min()
    }

    pub fn print(&self) {
        println!(
            "round {}: {} ({:.0} s, of it {:.0} s load)",
            self.number,
            if self.breaches.is_empty() {
                "passed"
            } else {
                "FAILED"
            },
            self.took_s,
            self.load_s
        );
        for fault in &self.faults {
            let after = |ms: Option<i64>| {
                ms.map_or_else(|| "-".to_owned(), |ms| format!("{:.1} s", seconds(ms)))
            };
            println!(
                "  {:<28} lasted {:>5.1} s   went on after {:>6}   caught up after {:>6}   {}",
                fault.name,
                seconds(fault.ended_ms - fault.begun_ms),
                after(self.resumed_ms(fault)),
                after(self.recovery_ms(fault)),
                fault.note
            );
        }
        let rows: [(&str, String); 12] = [
            (
                "messages made",
                format!("{} ({} of them bad)", self.messages, self.bad),
            ),
            ("confirmed", self.confirmed.to_string()),
            ("sent again on purpose", self.repeats.to_string()),
            ("sent again, not confirmed", self.retries.to_string()),
            (
                "duplicates met",
                format!("at least {}", self.findings.duplicates),
            ),
            ("sightings confirmed", self.sightings.to_string()),
            ("sightings stored", self.findings.rows.to_string()),
            (
                "missing / double / wrong",
                format!(
                    "{} / {} / {}",
                    self.findings.missing.len(),
                    self.findings.double.len(),
                    self.findings.wrong.len()
                ),
            ),
            (
                "rows of quarantine",
                format!(
                    "{} ({} kept again)",
                    self.findings.quarantined, self.findings.quarantined_again
                ),
            ),
            ("closed stays", self.findings.stays.to_string()),
            (
                "waiting, median and 95 %",
                format!(
                    "{} and {} ms without bad messages, {} and {} ms beside them",
                    self.clean.median_ms,
                    self.clean.p95_ms,
                    self.beside_bad.median_ms,
                    self.beside_bad.p95_ms
                ),
            ),
            (
                "longest gap",
                format!("{:.1} s", seconds(self.gap_ms_max())),
            ),
        ];
        for (name, value) in rows {
            println!("  {name:<28} {value}");
        }
        for breach in &self.breaches {
            println!("  BREACH: {breach}");
        }
    }

    pub fn json(&self) -> Value {
        let faults: Vec<Value> = self
            .faults
            .iter()
            .map(|fault| {
                json!({"fault": fault.name, "lasted_ms": fault.ended_ms - fault.begun_ms, "went_on_ms": self.resumed_ms(fault), "caught_up_ms": self.recovery_ms(fault)})
            })
            .collect();
        json!({
            "round": self.number, "passed": self.breaches.is_empty(), "messages": self.messages, "bad": self.bad,
            "confirmed": self.confirmed, "sightings_confirmed": self.sightings, "sightings_stored": self.findings.rows,
            "missing": self.findings.missing.len(), "double": self.findings.double.len(), "wrong": self.findings.wrong.len(),
            "repeats": self.repeats, "retries": self.retries, "duplicates": self.findings.duplicates,
            "quarantined": self.findings.quarantined, "quarantined_again": self.findings.quarantined_again,
            "stays": self.findings.stays, "gap_ms_max": self.gap_ms_max(),
            "wait_ms_median": self.clean.median_ms, "wait_ms_p95": self.clean.p95_ms,
            "wait_ms_median_beside_bad": self.beside_bad.median_ms, "wait_ms_p95_beside_bad": self.beside_bad.p95_ms,
            "faults": faults, "breaches": self.breaches,
        })
    }
}

/// How long messages waited from being closed to being taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Waits {
    /// Half of them at most this long.
    pub median_ms: i64,
    /// 95 of 100 at most this long.
    pub p95_ms: i64,
}

impl Waits {
    pub fn of(mut waits_ms: Vec<i64>) -> Self {
        waits_ms.sort_unstable();
        let at = |percent: usize| {
            let last = waits_ms.len().saturating_sub(1);
            let position = (waits_ms.len() * percent / 100).min(last);
            waits_ms.get(position).copied().unwrap_or(0)
        };
        Self {
            median_ms: at(50),
            p95_ms: at(95),
        }
    }
}

#[expect(
    clippy::as_conversions,
    clippy::cast_precision_loss,
    reason = "for people to read"
)]
fn seconds(ms: i64) -> f64 {
    ms as f64 / 1_000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recovery_is_the_first_prompt_message_after_the_fault() {
        let fault = Fault {
            name: "x",
            begun_ms: 1_000,
            ended_ms: 5_000,
            note: String::new(),
        };
        let round = Round {
            arrivals: Arrivals {
                prompt: vec![(900, 950), (4_900, 6_500), (5_100, 7_000), (6_900, 7_100)],
                all_ms: vec![950, 6_500, 7_000, 7_100],
            },
            ..Round::default()
        };
        assert_eq!(round.resumed_ms(&fault), Some(1_500));
        assert_eq!(round.recovery_ms(&fault), Some(2_100));
        assert_eq!(round.gap_ms_max(), 5_550);
    }

    #[test]
    fn waits_of_few_values_do_not_reach_beyond_the_last() {
        let of = |values: Vec<i64>| {
            let waits = Waits::of(values);
            (waits.median_ms, waits.p95_ms)
        };
        assert_eq!(of(vec![]), (0, 0));
        assert_eq!(of(vec![3, 9, 1]), (3, 9));
        assert_eq!(of((1..=100).collect()), (51, 96));
    }
}
