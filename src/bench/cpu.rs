//! Processor time of the processes that take part, from `/proc`. On another system, or when a server runs on another
//! machine, there is none to see and the figure is missing.

use std::collections::HashMap;
use std::path::Path;

/// Linux counts processor time in hundredths of a second, whatever the kernel's own tick is.
const TICKS_PER_S: f64 = 100.0;

/// Whose time is counted.
#[derive(Clone, Debug, Default)]
pub(super) struct Processes {
    pub consumer: Option<u32>,
    pub pages: Option<u32>,
    pub postmaster: Option<u32>,
    pub rabbitmq: Vec<u32>,
}

/// Processor seconds since each process began.
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::struct_field_names, reason = "the unit is part of the name")]
pub(super) struct CpuTimes {
    pub consumer_s: Option<f64>,
    pub pages_s: Option<f64>,
    pub publisher_s: Option<f64>,
    pub postgres_s: Option<f64>,
    pub rabbitmq_s: Option<f64>,
}

impl Processes {
    /// The times up to now.
    pub(super) fn times(&self) -> CpuTimes {
        let all = list_processes();
        let own = |pid: u32| all.get(&pid).map(|process| process.own_s);
        let rabbitmq: Vec<f64> = self.rabbitmq.iter().filter_map(|pid| own(*pid)).collect();
        CpuTimes {
            consumer_s: self.consumer.and_then(own),
            pages_s: self.pages.and_then(own),
            publisher_s: own(std::process::id()),
            postgres_s: self.postmaster.and_then(|pid| {
                let postmaster = all.get(&pid)?;
                // Sessions that have ended are in the time that the parent has waited for.
                let children = all.values().filter(|process| process.parent == pid);
                Some(
                    postmaster.own_s
                        + postmaster.waited_s
                        + children
                            .map(|child| child.own_s + child.waited_s)
                            .sum::<f64>(),
                )
            }),
            rabbitmq_s: (!rabbitmq.is_empty()).then(|| rabbitmq.iter().sum()),
        }
    }
}

impl CpuTimes {
    /// Both together.
    pub(super) fn plus(self, other: Self) -> Self {
        let plus = |a: Option<f64>, b: Option<f64>| match (a, b) {
            (Some(a), Some(b)) => Some(a + b),
            (one, None) | (None, one) => one,
        };
        Self {
            consumer_s: plus(self.consumer_s, other.consumer_s),
            pages_s: plus(self.pages_s, other.pages_s),
            publisher_s: plus(self.publisher_s, other.publisher_s),
            postgres_s: plus(self.postgres_s, other.postgres_s),
            rabbitmq_s: plus(self.rabbitmq_s, other.rabbitmq_s),
        }
    }

    /// What was spent since `earlier`.
    pub(super) fn since(self, earlier: Self) -> Self {
        let minus = |now: Option<f64>, before: Option<f64>| {
            now.zip(before).map(|(now, before)| now - before)
        };
        Self {
            consumer_s: minus(self.consumer_s, earlier.consumer_s),
            pages_s: minus(self.pages_s, earlier.pages_s),
            publisher_s: minus(self.publisher_s, earlier.publisher_s),
            postgres_s: minus(self.postgres_s, earlier.postgres_s),
            rabbitmq_s: minus(self.rabbitmq_s, earlier.rabbitmq_s),
        }
    }
}

/// The parent of a server process, when it is a process of this machine and named as expected.
pub(super) fn parent_of(pid: u32, name: &str) -> Option<u32> {
    list_processes()
        .get(&pid)
        .filter(|process| process.name == name)
        .map(|process| process.parent)
}

/// Those of the processes that run on this machine under this name.
pub(super) fn local(pids: Vec<u32>, name: &str) -> Vec<u32> {
    let all = list_processes();
    pids.into_iter()
        .filter(|pid| all.get(pid).is_some_and(|process| process.name == name))
        .collect()
}

#[derive(Clone, Debug, PartialEq)]
struct Process {
    name: String,
    parent: u32,
    own_s: f64,
    waited_s: f64,
}

fn list_processes() -> HashMap<u32, Process> {
    let Ok(entries) = std::fs::read_dir("/proc") else {
        return HashMap::new();
    };
    let pids = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    pids.filter_map(|pid: u32| {
        Some((
            pid,
            read_process(&Path::new("/proc").join(pid.to_string()))?,
        ))
    })
    .collect()
}

fn read_process(folder: &Path) -> Option<Process> {
    parse_stat(&std::fs::read_to_string(folder.join("stat")).ok()?)
}

/// The fields of `/proc/PID/stat`; the name stands in parentheses and may hold blanks and parentheses itself.
fn parse_stat(stat: &str) -> Option<Process> {
    let (head, rest) = stat.rsplit_once(") ")?;
    let (_, name) = head.split_once('(')?;
    let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
    let ticks = |at: usize| fields.get(at)?.parse::<u32>().ok().map(f64::from);
    Some(Process {
        name: name.to_owned(),
        parent: fields.get(1)?.parse().ok()?,
        own_s: (ticks(11)? + ticks(12)?) / TICKS_PER_S,
        waited_s: (ticks(13)? + ticks(14)?) / TICKS_PER_S,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processor_time_is_read_from_stat_even_with_odd_names() {
        let stat =
            "42 (a) b (c) S 7 42 42 0 -1 4194560 2517 901 0 0 150 50 30 20 20 0 5 0 1234 1 2 3";
        let process = parse_stat(stat).unwrap();
        assert_eq!(
            process,
            Process {
                name: "a) b (c".to_owned(),
                parent: 7,
                own_s: 2.0,
                waited_s: 0.5
            }
        );
    }

    #[test]
    fn a_missing_process_makes_its_figure_missing_not_zero() {
        let nobody = Processes {
            consumer: Some(u32::MAX),
            ..Processes::default()
        };
        let times = nobody.times();
        assert_eq!(
            (times.consumer_s, times.postgres_s, times.rabbitmq_s),
            (None, None, None)
        );
    }
}
