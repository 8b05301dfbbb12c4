//! Counts of stock: those that go on or are over, and the places where one can be begun.

mod act;
mod samples;
pub mod session;

use actix_web::web;
use askama::Template;
use chrono::{DateTime, Utc};
use serde::Deserialize;

pub use act::{act, open};

use crate::app::App;
use crate::db::types::{CountCause, CountStep, Role};
use crate::ids::{CountSessionId, StockPlaceId};
use crate::supplies::counts::{
    COUNT_PLACES_PER_PAGE, COUNTS_PER_PAGE, CountPlace, CountSession, list_count_places,
    list_counts,
};
use crate::supplies::stock::NameCursor;
use crate::web::acts::new_key;
use crate::web::alerts::SegLink;
use crate::web::exports::download_href;
use crate::web::extract::Viewer;
use crate::web::filters;
use crate::web::page::{Nav, Page, Shell};
use crate::web::strings::{Strings, fill};
use crate::web::wording::grouped;
use crate::web::{PageError, routes};

/// `?over=1&before=&after=`
#[derive(Clone, Debug, Default, Deserialize)]
pub struct CountParams {
    over: Option<String>,
    before: Option<String>,
    after: Option<String>,
}

impl CountParams {
    /// Whether counts that are over are asked for.
    pub(in crate::web) fn is_open(&self) -> bool {
        self.over.as_deref() != Some("1")
    }
}

/// The page.
#[derive(Debug, Template)]
#[template(path = "counts/index.html")]
pub struct CountsPage {
    /// Frame.
    pub shell: Shell,
    /// Going on, or over.
    pub choices: Vec<SegLink>,
    /// What is said when there are none.
    pub none: &'static str,
    /// Counts.
    pub rows: Vec<CountRow>,
    /// More of them.
    pub next_href: Option<String>,
    /// They as a file.
    pub csv_href: String,
    /// Places where one can be begun; none among those that are over.
    pub places: Option<Vec<PlaceRow>>,
    /// More places.
    pub places_next_href: Option<String>,
}

/// A count, ready to show.
#[derive(Clone, Debug)]
pub struct CountRow {
    /// Its page.
    pub href: String,
    /// Its place.
    pub place: String,
    /// How far it is.
    pub state: &'static str,
    /// When it was begun.
    pub begun_at: DateTime<Utc>,
    /// "12 of 40".
    pub counted: String,
    /// Lines that were off.
    pub off: String,
    /// When it ended.
    pub ended_at: Option<DateTime<Utc>>,
    /// Why.
    pub why: String,
}

/// A place, ready to show.
#[derive(Clone, Debug)]
pub struct PlaceRow {
    /// Its id.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// The count that goes on.
    pub open_href: Option<String>,
    /// Idempotency key to begin one.
    pub key: String,
    /// Below zero, off at the last count, at zero, due.
    pub numbers: [String; 4],
}

/// The word for how far a count is.
pub(in crate::web) fn step_word(step: CountStep, t: &'static Strings) -> &'static str {
    match step {
        CountStep::Draft => t.counts.state_draft,
        CountStep::Counting => t.counts.state_counting,
        CountStep::Review => t.counts.state_review,
        CountStep::Posted => t.counts.state_posted,
        CountStep::Cancelled => t.counts.state_cancelled,
    }
}

/// Why something is counted, in words.
pub(in crate::web) fn cause_word(cause: CountCause, t: &'static Strings) -> &'static str {
    match cause {
        CountCause::Negative => t.counts.cause_negative,
        CountCause::Discrepancy => t.counts.cause_discrepancy,
        CountCause::Zero => t.counts.cause_zero,
        CountCause::Due => t.counts.cause_due,
        CountCause::Chosen => t.counts.cause_chosen,
        CountCause::Unexpected => t.counts.cause_unexpected,
    }
}

/// `GET /counts`
///
/// # Errors
/// When the database fails.
pub async fn page(
    app: web::Data<App>,
    viewer: Viewer,
    params: web::Query<CountParams>,
) -> Result<Page<CountsPage>, PageError> {
    let shell = viewer.shell(Nav::Counts);
    let before = params.before.as_deref().and_then(|text| text.parse().ok());
    let after = params.after.as_deref().and_then(NameCursor::parse);
    let conn = app.db.conn().await?;
    let is_open = params.is_open();
    let counts = list_counts(&conn, is_open, before.map(CountSessionId), COUNTS_PER_PAGE).await?;
    let places = if is_open {
        let now = app.clock.now();
        Some(list_count_places(&conn, after.as_ref(), COUNT_PLACES_PER_PAGE, now).await?)
    } else {
        None
    };
    Ok(Page::new(CountsPage::new(shell, counts, places)))
}

impl CountsPage {
    fn new(
        shell: Shell,
        (rows, next): (Vec<CountSession>, Option<CountSessionId>),
        places: Option<(Vec<CountPlace>, Option<NameCursor>)>,
    ) -> Self {
        let t = &shell.t.counts;
        let is_open = places.is_some();
        let href = |pairs: &[(&str, &str)]| routes::with_query(routes::COUNTS, pairs);
        let over = if is_open { "" } else { "1" };
        let choice = |word: &str, is_current, href| SegLink {
            href,
            word: word.to_owned(),
            count: None,
            is_current,
        };
        let (places, after) = places.map_or((None, None), |(rows, after)| (Some(rows), after));
        Self {
            choices: vec![
                choice(t.open, is_open, routes::COUNTS.to_owned()),
                choice(t.over, !is_open, href(&[("over", "1")])),
            ],
            none: if is_open { t.none_open } else { t.none_over },
            rows: rows.iter().map(|row| CountRow::new(row, &shell)).collect(),
            next_href: next.map(|next| href(&[("over", over), ("before", &next.to_string())])),
            csv_href: download_href(routes::COUNTS_CSV, &[("over", over)]),
            places: places.map(|rows| rows.iter().map(PlaceRow::new).collect()),
            places_next_href: after.map(|after| href(&[("after", &after.to_string())])),
            shell,
        }
    }

    /// Pages for tests of templates.
    #[must_use]
    pub fn samples() -> Vec<Self> {
        let shell = Shell::sample_for(Role::Supply);
        let count = |state, ended_at| CountSession {
            count_session_id: CountSessionId(7),
            state,
            created_at: shell.now,
            ended_at,
            end_reason: Some("boxes & <bags> were mixed".to_owned()),
            stock_place_id: StockPlaceId(6),
            stock_place_name: "4 West supply room & more".to_owned(),
            created_role: Role::Supply,
            lines: 40,
            counted: 12,
            off: 2,
            waiting: 1,
        };
        let place = |open| CountPlace {
            stock_place_id: StockPlaceId(6),
            name: "4 West <supply> room".to_owned(),
            count_session_id: open,
            negative: 1,
            discrepancy: 0,
            zero: 3,
            due: 1_200,
        };
        let places = vec![place(None), place(Some(CountSessionId(7)))];
        let cursor = NameCursor::parse("7.x");
        let over = count(CountStep::Posted, Some(shell.now));
        vec![
            Self::new(shell.clone(), (Vec::new(), None), Some((Vec::new(), None))),
            Self::new(
                shell.clone(),
                (
                    vec![count(CountStep::Review, None)],
                    Some(CountSessionId(7)),
                ),
                Some((places, cursor)),
            ),
            Self::new(shell, (vec![over], None), None),
        ]
    }
}

impl CountRow {
    fn new(row: &CountSession, shell: &Shell) -> Self {
        let counted = [grouped(row.counted), grouped(row.lines)];
        Self {
            href: routes::count_path(row.count_session_id),
            place: row.stock_place_name.clone(),
            state: step_word(row.state, shell.t),
            begun_at: row.created_at,
            counted: fill(shell.t.counts.of_lines, &[&counted[0], &counted[1]]),
            off: grouped(row.off),
            ended_at: row.ended_at,
            why: row.end_reason.clone().unwrap_or_default(),
        }
    }
}

impl PlaceRow {
    fn new(row: &CountPlace) -> Self {
        Self {
            id: row.stock_place_id.0,
            name: row.name.clone(),
            open_href: row.count_session_id.map(routes::count_path),
            key: new_key(),
            numbers: [row.negative, row.discrepancy, row.zero, row.due].map(grouped),
        }
    }
}
