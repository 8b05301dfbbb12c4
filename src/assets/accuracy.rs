//! How often the place that the pages gave was right, from what people said: "it is here" against "not here".

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Date, Nullable, Text, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use crate::ids::RoomId;

/// The counts of weeks.
pub const ACCURACY_SQL: &str = include_str!("sql/accuracy.sql");

/// What people said in one week.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, QueryableByName)]
pub struct AccuracyWeek {
    /// Its Monday.
    #[diesel(sql_type = Date)]
    pub week_on: NaiveDate,
    /// Found where the pages said.
    #[diesel(sql_type = BigInt)]
    pub found_there: i64,
    /// Found in another room.
    #[diesel(sql_type = BigInt)]
    pub found_elsewhere: i64,
    /// Not found where the pages said.
    #[diesel(sql_type = BigInt)]
    pub not_here: i64,
}

impl AccuracyWeek {
    /// How often anything was said.
    #[must_use]
    pub fn said(&self) -> i64 {
        self.found_there + self.found_elsewhere + self.not_here
    }

    /// Several weeks together, under the first one's date.
    #[must_use]
    pub fn sum(weeks: &[Self]) -> Self {
        weeks.iter().fold(
            Self {
                week_on: weeks
                    .first()
                    .map_or_else(NaiveDate::default, |week| week.week_on),
                ..Self::default()
            },
            |sum, week| Self {
                found_there: sum.found_there + week.found_there,
                found_elsewhere: sum.found_elsewhere + week.found_elsewhere,
                not_here: sum.not_here + week.not_here,
                ..sum
            },
        )
    }
}

/// The weeks since `since` in which something was said, in rooms or everywhere. `zone` says when a week begins.
///
/// # Errors
/// When the database fails.
pub async fn list_accuracy(
    mut conn: &AsyncPgConnection,
    since: DateTime<Utc>,
    zone: &str,
    rooms: Option<&[RoomId]>,
) -> QueryResult<Vec<AccuracyWeek>> {
    sql_query(ACCURACY_SQL)
        .bind::<Timestamptz, _>(since)
        .bind::<Text, _>(zone)
        .bind::<Nullable<Array<BigInt>>, _>(rooms)
        .load(&mut conn)
        .await
}

/// A share in whole per cent, and between which values it likely lies: never surer than the count it rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// Per cent, rounded down: 199 of 200 is not all.
    pub percent: u32,
    /// Lower end of the 95 % interval (Wilson), rounded down.
    pub low: u32,
    /// Upper end, rounded up.
    pub high: u32,
}

/// Fewer cases than this say nothing in per cent.
pub const SHARE_CASES_MIN: i64 = 5;

/// The share of `good` among `all`; `None` for fewer than [`SHARE_CASES_MIN`].
#[must_use]
pub fn share(good: i64, all: i64) -> Option<Share> {
    if all < SHARE_CASES_MIN || good < 0 || good > all {
        return None;
    }
    let (x, n) = (
        f64::from(u32::try_from(good).ok()?),
        f64::from(u32::try_from(all).ok()?),
    );
    let (z, p) = (1.96_f64, x / n);
    let z2 = z * z;
    let middle = (p + z2 / (2.0 * n)) / (1.0 + z2 / n);
    let half = z * (p * (1.0 - p) / n + z2 / (4.0 * n * n)).sqrt() / (1.0 + z2 / n);
    let percent = u32::try_from(good * 100 / all).ok()?;
    Some(Share {
        percent,
        low: whole(middle - half, f64::floor).min(percent),
        high: whole(middle + half, f64::ceil).max(percent),
    })
}

/// A share of 1 in whole per cent from 0 to 100.
fn whole(share: f64, round: fn(f64) -> f64) -> u32 {
    // A hair of floating point noise must not make 100 out of 99.999999.
    let percent = round((share * 100.0 * 1e6).round() / 1e6);
    (0..=100_u32)
        .find(|whole| f64::from(*whole) >= percent)
        .unwrap_or(100)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn shares_say_how_sure_they_are() {
        assert_eq!(share(4, 4), None, "too few");
        assert_eq!(
            share(18, 20),
            Some(Share {
                percent: 90,
                low: 69,
                high: 98
            })
        );
        assert_eq!(
            share(20, 20),
            Some(Share {
                percent: 100,
                low: 83,
                high: 100
            })
        );
        assert_eq!(
            share(0, 20),
            Some(Share {
                percent: 0,
                low: 0,
                high: 17
            })
        );
        assert_eq!(share(199, 200).map(|share| share.percent), Some(99));
    }

    proptest! {
        #[test]
        fn the_interval_holds_the_share_and_narrows_with_more_cases(all in 5_i64..5_000, part in 0_i64..5_000) {
            let good = part.min(all);
            let one = share(good, all).unwrap();
            prop_assert!(one.low <= one.percent && one.percent <= one.high && one.high <= 100);
            let more = share(good * 10, all * 10).unwrap();
            prop_assert!(more.high - more.low <= one.high - one.low + 1);
        }
    }
}
