//! Use of the last weeks as a drawing that the server makes, and the same numbers as a table.

use chrono::{Days, NaiveDate};

use crate::web::page::Shell;
use crate::web::strings::fill;
use crate::web::wording::grouped;

/// The drawing is 540 by 280; columns stand on this line and are at most this high.
const BASE: i64 = 240;
const HIGH: i64 = 200;
const LEFT: i64 = 52;
const STEP: i64 = 40;

/// A column for each week.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chart {
    /// What the drawing says, for those who do not see it.
    pub title: String,
    /// Columns, the oldest week first.
    pub weeks: Vec<Week>,
    /// Lines across: their height, and the number there.
    pub lines: Vec<(i64, String)>,
    /// The height of the mean, and the number.
    pub mean: Option<(i64, String)>,
}

/// A week.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Week {
    /// "22 Jun".
    pub day: String,
    /// What was used; below zero: more came back than was taken.
    pub used: String,
    /// The left edge of its column.
    pub x: i64,
    /// The top of its column.
    pub y: i64,
    /// How high it is.
    pub height: i64,
    /// Whether the day stands below it.
    pub is_named: bool,
    /// Whether the week is not over.
    pub is_new: bool,
}

impl Chart {
    /// Weeks from `from`, a Monday, to the week of today.
    #[must_use]
    pub fn new(
        used: &[(NaiveDate, i64)],
        today: NaiveDate,
        from: NaiveDate,
        shell: &Shell,
    ) -> Self {
        let t = &shell.t.stock;
        let mut starts = vec![from];
        while let Some(next) = starts
            .last()
            .and_then(|last| last.checked_add_days(Days::new(7)))
            .filter(|next| *next <= today)
        {
            starts.push(next);
        }
        let sums: Vec<i64> = starts
            .iter()
            .map(|start| {
                let days = used
                    .iter()
                    .filter(|(day, _)| (*day - *start).num_days() >= 0);
                days.filter(|(day, _)| (*day - *start).num_days() < 7)
                    .map(|(_, used)| *used)
                    .sum()
            })
            .collect();
        let top = nice_top(sums.iter().copied().max().unwrap_or(0));
        let height = |number: i64| number.clamp(0, top) * HIGH / top;
        // Full weeks, from the first one with use on: before it, the item was not here.
        let full = sums.split_last().map_or(&[][..], |(_, full)| full);
        let over: Vec<i64> = full.iter().copied().skip_while(|used| *used == 0).collect();
        let mean = i64::try_from(over.len())
            .ok()
            .and_then(|weeks| over.iter().sum::<i64>().checked_div(weeks))
            .filter(|mean| *mean > 0);
        let last = starts.len().saturating_sub(1);
        let weeks = starts.iter().zip(&sums).zip(0_i64..).zip(0_usize..);
        let weeks: Vec<Week> = weeks
            .map(|(((start, used), column), position)| Week {
                day: start.format("%-d %b").to_string(),
                used: grouped(*used),
                x: LEFT + column * STEP,
                y: BASE - height(*used),
                height: height(*used),
                is_named: position % 3 == 2,
                is_new: position == last,
            })
            .collect();
        Self {
            title: match (mean, weeks.last()) {
                (Some(mean), Some(week)) => {
                    fill(t.chart_title, &[&weeks.len(), &grouped(mean), &week.used])
                }
                (None, Some(week)) if sums.iter().any(|used| *used != 0) => {
                    fill(t.chart_this_week, &[&week.used])
                }
                _ => t.chart_none.to_owned(),
            },
            lines: [0, top / 2, top]
                .map(|number| (BASE - height(number), grouped(number)))
                .into(),
            mean: mean.map(|mean| (BASE - height(mean), grouped(mean))),
            weeks,
        }
    }
}

/// The next of 2, 4, 10, 20, 40, 100 and so on: its half is a whole number.
fn nice_top(most: i64) -> i64 {
    let mut power = 1_i64;
    loop {
        for step in [2, 4, 10] {
            let top = power.saturating_mul(step);
            if top >= most || top == i64::MAX {
                return top;
            }
        }
        power = power.saturating_mul(10);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weeks_are_summed_and_the_tallest_fits() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        let used = [
            (day("2026-08-31"), 40),
            (day("2026-09-06"), 48),
            (day("2026-09-07"), 5),
            (day("2026-08-30"), 2),
        ];
        let shell = Shell::sample();
        let chart = Chart::new(&used, day("2026-09-09"), day("2026-08-24"), &shell);
        let sums: Vec<&str> = chart.weeks.iter().map(|week| week.used.as_str()).collect();
        assert_eq!(sums, ["2", "88", "5"]);
        assert_eq!(chart.mean, Some((BASE - 90, "45".to_owned())));
        assert!(
            chart
                .weeks
                .iter()
                .all(|week| (0..=HIGH).contains(&week.height))
        );
        assert_eq!(chart.lines.last(), Some(&(BASE - HIGH, "100".to_owned())));
        let early = Chart::new(&used, day("2026-09-09"), day("2026-08-03"), &shell);
        assert_eq!(
            early.mean, chart.mean,
            "weeks before the first use do not count"
        );
        let none = Chart::new(&[], day("2026-09-09"), day("2026-08-24"), &shell);
        assert_eq!(none.mean, None);
        assert_eq!(nice_top(i64::MAX), i64::MAX);
    }
}
