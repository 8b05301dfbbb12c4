//! The report of accuracy: how often a device was where the pages said, week by week, and how sure that figure is.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use chrono::{DateTime, Datelike, Days, NaiveDate, TimeZone, Utc};
use chrono_tz::Tz;
use serde::Deserialize;

use super::csv::{Cell, CsvFile, CsvParams, CsvRow, record_export};
use super::exports::{download_href, refuse};
use super::extract::Viewer;
use super::page::{Nav, Page, Shell};
use super::strings::{Strings, fill};
use super::wording::grouped;
use super::{PageError, routes};
use crate::app::App;
use crate::assets::accuracy::{AccuracyWeek, Share, list_accuracy, share};
use crate::db::DbConn;
use crate::find::filter::PlaceFilter;
use crate::find::list::list_rooms_within;
use crate::places::store::{list_floors, list_units};

/// Weeks of the report, this one among them.
const WEEKS: u64 = 8;

/// `?place=`
#[derive(Clone, Debug, Default, Deserialize)]
pub struct AccuracyParams {
    place: Option<String>,
    /// See [`CsvParams`].
    bom: Option<String>,
}

/// The report.
#[derive(Debug, Template)]
#[template(path = "accuracy/index.html")]
pub struct AccuracyPage {
    /// Frame.
    pub shell: Shell,
    /// "18 of 20 times the place was right: ...".
    pub intro: String,
    /// Whether nobody said anything.
    pub is_empty: bool,
    /// A value of the address that means nothing.
    pub problem: Option<String>,
    /// Units to choose from: value, name, chosen.
    pub units: Vec<(String, String, bool)>,
    /// Floors to choose from.
    pub floors: Vec<(String, String, bool)>,
    /// "Week by week, 3 West".
    pub caption: String,
    /// The weeks, the newest first.
    pub rows: Vec<WeekRow>,
    /// All of them together.
    pub total: WeekRow,
    /// Bars of the chart, the oldest week first.
    pub bars: Vec<Bar>,
    /// The same figures as a file.
    pub csv_href: String,
}

/// A week, ready to show.
#[derive(Clone, Debug)]
pub struct WeekRow {
    /// "7 Sep 2026".
    pub week: String,
    /// Found there.
    pub found_there: String,
    /// Found elsewhere.
    pub found_elsewhere: String,
    /// Not here.
    pub not_here: String,
    /// In all.
    pub said: String,
    /// "90 % (69 to 98)", or why there is no share.
    pub share: String,
}

/// A bar of the chart, in per cent of its height, from above.
#[derive(Clone, Copy, Debug)]
pub struct Bar {
    /// Left edge.
    pub x: usize,
    /// Middle.
    pub middle: usize,
    /// How high; `None` when too little was said.
    pub column: Option<Column>,
}

/// The part of a bar that a share gives.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// Its height.
    pub height: u32,
    /// Its top.
    pub top: u32,
    /// Upper end of the interval.
    pub high: u32,
    /// Lower end of the interval.
    pub low: u32,
}

impl From<Share> for Column {
    fn from(share: Share) -> Self {
        let from_above = |percent: u32| 100_u32.saturating_sub(percent);
        Self {
            height: share.percent,
            top: from_above(share.percent),
            high: from_above(share.high),
            low: from_above(share.low),
        }
    }
}

/// What was read for a report.
struct Report {
    place: Option<PlaceFilter>,
    place_name: Option<String>,
    problem: Option<String>,
    units: Vec<(String, String, bool)>,
    floors: Vec<(String, String, bool)>,
    weeks: Vec<AccuracyWeek>,
}

/// `GET /reports/accuracy`
///
/// # Errors
/// When the database fails.
pub async fn page(
    app: web::Data<App>,
    viewer: Viewer,
    params: web::Query<AccuracyParams>,
) -> Result<Page<AccuracyPage>, PageError> {
    let shell = viewer.shell(Nav::Accuracy);
    let conn = app.db.conn().await?;
    let report = Report::load(&conn, &shell, params.place.as_deref()).await?;
    Ok(Page::new(AccuracyPage::new(shell, report)))
}

/// `GET /reports/accuracy.csv`: the weeks as the page has them, the oldest first.
///
/// # Errors
/// When the place is no unit or floor, or the database fails.
pub async fn download(
    app: web::Data<App>,
    viewer: Viewer,
    request: HttpRequest,
    params: web::Query<AccuracyParams>,
) -> Result<HttpResponse, PageError> {
    let shell = viewer.shell(Nav::Accuracy);
    let conn = app.db.conn().await?;
    let report = Report::load(&conn, &shell, params.place.as_deref()).await?;
    drop(conn);
    if let Some(words) = report.problem {
        return refuse(shell, words, routes::ACCURACY.to_owned());
    }
    record_export(&app, &viewer, "accuracy", request.query_string()).await?;
    let place = report.place_name;
    let rows: Vec<WeekCells> = report
        .weeks
        .into_iter()
        .map(|week| WeekCells {
            place: place.clone(),
            week,
        })
        .collect();
    let csv = CsvParams {
        bom: params.bom.clone(),
    };
    Ok(CsvFile::new("location-accuracy", &csv, &shell).whole(&rows))
}

/// A week of the file.
struct WeekCells {
    place: Option<String>,
    week: AccuracyWeek,
}

impl CsvRow for WeekCells {
    const COLUMNS: &'static [&'static str] = &[
        "week_from",
        "place",
        "found_there",
        "found_elsewhere",
        "not_here",
        "said",
        "right_percent",
        "right_percent_low",
        "right_percent_high",
    ];

    fn cells(&self) -> Vec<Cell<'_>> {
        let week = &self.week;
        let share = share(week.found_there, week.said());
        let part = |of: fn(Share) -> u32| Cell::maybe_number(share.map(of).map(i64::from));
        vec![
            Cell::Day(week.week_on),
            Cell::maybe(self.place.as_deref()),
            Cell::Number(week.found_there),
            Cell::Number(week.found_elsewhere),
            Cell::Number(week.not_here),
            Cell::Number(week.said()),
            part(|share| share.percent),
            part(|share| share.low),
            part(|share| share.high),
        ]
    }
}

impl Report {
    async fn load(conn: &DbConn, shell: &Shell, asked: Option<&str>) -> Result<Self, PageError> {
        let (all_units, all_floors) = tokio::try_join!(list_units(conn), list_floors(conn))?;
        let asked = asked.map(str::trim).filter(|text| !text.is_empty());
        let wanted = asked.and_then(PlaceFilter::parse);
        let mut place_name = None;
        let mut choice = |place: PlaceFilter, name: String| {
            let is_chosen = wanted == Some(place);
            if is_chosen {
                place_name = Some(name.clone());
            }
            (place.text(), name, is_chosen)
        };
        let units: Vec<_> = all_units
            .into_iter()
            .map(|(id, name)| choice(PlaceFilter::Unit(id), name))
            .collect();
        let floors: Vec<_> = all_floors
            .into_iter()
            .map(|floor| {
                let name = format!("{}, {}", floor.floor_name, floor.building_name);
                choice(PlaceFilter::Floor(floor.floor_id), name)
            })
            .collect();
        let place = wanted.filter(|_| place_name.is_some());
        let problem = asked.filter(|_| place.is_none()).map(|text| {
            let shown: String = text.chars().take(40).collect();
            fill(shell.t.accuracy.unknown_place, &[&shown])
        });
        let first = first_monday(shell.now, shell.zone);
        let rooms = match place {
            Some(place) => Some(list_rooms_within(conn, place).await?),
            None => None,
        };
        let since = start_of_day(first, shell.zone);
        let said = list_accuracy(conn, since, shell.zone.name(), rooms.as_deref()).await?;
        Ok(Self {
            place,
            place_name,
            problem,
            units,
            floors,
            weeks: every_week(first, &said),
        })
    }
}

/// The Monday of the report's first week, in the facility's zone.
fn first_monday(now: DateTime<Utc>, zone: Tz) -> NaiveDate {
    let today = now.with_timezone(&zone).date_naive();
    let monday = u64::from(today.weekday().num_days_from_monday());
    today - Days::new(monday + 7 * (WEEKS - 1))
}

/// The first instant of a day. Where the clock skips midnight, the day begins after the gap.
fn start_of_day(day: NaiveDate, zone: Tz) -> DateTime<Utc> {
    let midnight = day.and_time(chrono::NaiveTime::MIN);
    zone.from_local_datetime(&midnight)
        .earliest()
        .or_else(|| {
            let later = midnight + chrono::TimeDelta::hours(1);
            zone.from_local_datetime(&later).earliest()
        })
        .map_or_else(|| midnight.and_utc(), |at| at.with_timezone(&Utc))
}

/// All weeks from `first` on; those in which nothing was said are empty.
fn every_week(first: NaiveDate, said: &[AccuracyWeek]) -> Vec<AccuracyWeek> {
    (0..WEEKS)
        .map(|week| {
            let week_on = first + Days::new(7 * week);
            let found = said.iter().find(|week| week.week_on == week_on);
            found.copied().unwrap_or(AccuracyWeek {
                week_on,
                ..AccuracyWeek::default()
            })
        })
        .collect()
}

impl WeekRow {
    fn new(week: &AccuracyWeek, name: String, t: &'static Strings) -> Self {
        let t = &t.accuracy;
        let share = match (week.said(), share(week.found_there, week.said())) {
            (0, _) => t.nothing.to_owned(),
            (_, None) => t.too_few.to_owned(),
            (_, Some(share)) => fill(t.share, &[&share.percent, &share.low, &share.high]),
        };
        Self {
            week: name,
            found_there: grouped(week.found_there),
            found_elsewhere: grouped(week.found_elsewhere),
            not_here: grouped(week.not_here),
            said: grouped(week.said()),
            share,
        }
    }
}

impl AccuracyPage {
    fn new(shell: Shell, report: Report) -> Self {
        let t = &shell.t.accuracy;
        let sum = AccuracyWeek::sum(&report.weeks);
        let (right, said) = (grouped(sum.found_there), grouped(sum.said()));
        let intro = match (sum.said(), share(sum.found_there, sum.said())) {
            (0, _) => t.intro_none.to_owned(),
            (_, None) => fill(t.intro_few, &[&right, &said]),
            (_, Some(share)) => fill(
                t.intro_share,
                &[&right, &said, &share.percent, &share.low, &share.high],
            ),
        };
        let name = |week: &AccuracyWeek| week.week_on.format("%-d %b %Y").to_string();
        let bars = report.weeks.iter().enumerate().map(|(position, week)| Bar {
            x: 12 + position * 36,
            middle: 24 + position * 36,
            column: share(week.found_there, week.said()).map(Column::from),
        });
        let place = report.place_name.as_deref().unwrap_or(t.everywhere);
        Self {
            intro,
            is_empty: sum.said() == 0,
            caption: fill(t.caption, &[&place]),
            rows: report
                .weeks
                .iter()
                .rev()
                .map(|week| WeekRow::new(week, name(week), shell.t))
                .collect(),
            total: WeekRow::new(&sum, t.total.to_owned(), shell.t),
            bars: bars.collect(),
            csv_href: download_href(
                routes::ACCURACY_CSV,
                &[(
                    "place",
                    &report.place.map_or_else(String::new, |place| place.text()),
                )],
            ),
            problem: report.problem,
            units: report.units,
            floors: report.floors,
            shell,
        }
    }

    /// Pages for tests of templates.
    #[must_use]
    pub fn samples() -> Vec<Self> {
        let shell = Shell::sample();
        let first = first_monday(shell.now, shell.zone);
        let week = |week: u64, found_there, not_here| AccuracyWeek {
            week_on: first + Days::new(7 * week),
            found_there,
            found_elsewhere: 1,
            not_here,
        };
        let report = |said: &[AccuracyWeek]| Report {
            place: None,
            place_name: Some("3 West <b>".to_owned()),
            problem: Some("\u{201c}<x>\u{201d}".to_owned()),
            units: vec![("unit-1".to_owned(), "3 West <b>".to_owned(), true)],
            floors: vec![("floor-1".to_owned(), "Level 3".to_owned(), false)],
            weeks: every_week(first, said),
        };
        let said = [week(0, 1_200, 40), week(5, 2, 0), week(7, 18, 1)];
        vec![
            Self::new(shell.clone(), report(&said)),
            Self::new(shell, report(&[])),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weeks_begin_on_monday_in_the_zone_of_the_hospital() {
        // Sunday evening in London is Monday morning in Sydney.
        let now: DateTime<Utc> = "2026-11-22T20:00:00Z".parse().unwrap();
        let london = first_monday(now, chrono_tz::Europe::London);
        assert_eq!(london.to_string(), "2026-09-28");
        let sydney = first_monday(now, chrono_tz::Australia::Sydney);
        assert_eq!(sydney.to_string(), "2026-10-05");
        // Summer time in London until 25 October.
        let start = start_of_day(london, chrono_tz::Europe::London);
        assert_eq!(start.to_rfc3339(), "2026-09-27T23:00:00+00:00");
        assert_eq!(every_week(london, &[]).len(), 8);
    }
}
