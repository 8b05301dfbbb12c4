//! Asking at an even rate, whatever the answers do.
//!
//! Each request has a moment at which it is due, and its time counts from then: when answers are slow, those who would have asked
//! meanwhile wait too, and their waiting counts (no coordinated omission).

use std::future::Future;
use std::ops::Range;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

/// How long each answer took, and what went wrong.
#[derive(Clone, Debug, Default)]
pub(super) struct Samples {
    /// With the number of the request.
    took: Vec<(u32, Duration)>,
    /// Answers that were none, at most ten of them in words.
    pub faults: Vec<String>,
    pub fault_count: usize,
}

/// Faults that are kept to be shown.
const FAULTS_KEPT: usize = 10;

impl Samples {
    /// Adds one answer.
    pub(super) fn add(&mut self, n: u32, took: Duration, outcome: anyhow::Result<()>) {
        self.took.push((n, took));
        if let Err(error) = outcome {
            self.fault_count += 1;
            if self.faults.len() < FAULTS_KEPT {
                self.faults.push(format!("{error:#}"));
            }
        }
    }

    /// Adds those of another stretch of time.
    pub(super) fn append(&mut self, other: Self) {
        self.took.extend(other.took);
        self.fault_count += other.fault_count;
        self.faults.extend(other.faults);
        self.faults.truncate(FAULTS_KEPT);
    }

    /// Those of some requests, without what went wrong.
    pub(super) fn only(&self, is_wanted: impl Fn(u32) -> bool) -> Self {
        Self {
            took: self
                .took
                .iter()
                .filter(|(n, _)| is_wanted(*n))
                .copied()
                .collect(),
            ..Self::default()
        }
    }

    /// How many answers there are.
    pub(super) fn len(&self) -> usize {
        self.took.len()
    }

    /// The time that this many of a thousand answers did not exceed: 500 for the median.
    pub(super) fn per_mille(&self, per_mille: usize) -> Duration {
        let mut sorted: Vec<Duration> = self.took.iter().map(|(_, took)| *took).collect();
        sorted.sort_unstable();
        let rank = (sorted.len() * per_mille).div_ceil(1_000).max(1);
        sorted.get(rank - 1).copied().unwrap_or_default()
    }

    /// The average.
    pub(super) fn mean(&self) -> Duration {
        let count = u32::try_from(self.took.len()).unwrap_or(u32::MAX);
        self.took
            .iter()
            .map(|(_, took)| *took)
            .sum::<Duration>()
            .checked_div(count)
            .unwrap_or_default()
    }
}

/// Asks the requests of these numbers at `rate` a second and waits for all answers.
pub(super) async fn ask_evenly<F, Asking>(
    rate: u32,
    numbers: Range<u32>,
    ask: F,
) -> anyhow::Result<Samples>
where
    F: Fn(u32) -> Asking,
    Asking: Future<Output = anyhow::Result<()>> + Send + 'static,
{
    let begun = Instant::now();
    let mut asking = JoinSet::new();
    for n in numbers.clone() {
        let due = begun + Duration::from_secs(1) * (n - numbers.start) / rate.max(1);
        tokio::time::sleep_until(due.into()).await;
        let answer = ask(n);
        asking.spawn(async move {
            let outcome = answer.await;
            (n, due.elapsed(), outcome)
        });
    }
    let mut samples = Samples::default();
    while let Some(answered) = asking.join_next().await {
        let (n, took, outcome) = answered?;
        samples.add(n, took, outcome);
    }
    Ok(samples)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_of_the_answers_themselves() {
        let mut samples = Samples::default();
        for ms in (1..=200).rev() {
            samples.add(ms, Duration::from_millis(ms.into()), Ok(()));
        }
        let few = samples.only(|n| n <= 3);
        assert_eq!((few.len(), few.mean()), (3, Duration::from_millis(2)));
        assert_eq!(samples.per_mille(500), Duration::from_millis(100));
        assert_eq!(samples.per_mille(990), Duration::from_millis(198));
        assert_eq!(samples.per_mille(1_000), Duration::from_millis(200));
        assert_eq!(samples.mean(), Duration::from_micros(100_500));
        assert_eq!(Samples::default().per_mille(990), Duration::ZERO);
    }

    #[tokio::test]
    async fn slow_answers_do_not_slow_the_asking() {
        let begun = Instant::now();
        let samples = ask_evenly(200, 10..50, |_| async {
            tokio::time::sleep(Duration::from_millis(500)).await;
            Ok(())
        });
        assert_eq!(samples.await.unwrap().len(), 40);
        // One after the other they would take 20 s.
        assert!(begun.elapsed() < Duration::from_secs(10));
    }

    #[tokio::test]
    async fn faults_are_counted_and_the_first_are_kept() {
        let samples = ask_evenly(10_000, 0..40, |n| async move {
            anyhow::ensure!(n % 2 == 0, "no answer");
            Ok(())
        });
        let samples = samples.await.unwrap();
        assert_eq!((samples.fault_count, samples.faults.len()), (20, 10));
    }
}
