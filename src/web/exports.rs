//! The lists of the pages as CSV files: the same rows, filters and order, but all rows.
//!
//! A further list needs a [`CsvRow`](super::csv::CsvRow), a handler here, a line in the table of routes with the rights of its page,
//! and the macro `download` in its template (`docs/IMPORT.md` says what columns mean).

mod boards;
mod catalogue;
mod counts;
mod delivery;
mod devices;
mod duties;
mod equipment;
mod orders;
mod places;
mod register;
mod stock;
mod stock_rules;

pub use boards::{board, targets};
pub use catalogue::{items, rounds};
pub use counts::{count_lines, counts};
pub use delivery::deliveries;
pub use devices::{quarantine, readers};
pub use duties::{alerts, tasks};
pub use equipment::{find, room};
pub use orders::{order_lines, sent_order, sent_orders};
pub use places::{plan, rooms};
pub use register::{equipment, models, tags, types};
pub use stock::{expiring_lots, lot, stock_moves, stock_place, stock_places};
pub use stock_rules::stock_rules;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;
use futures_util::{Stream, stream};

use super::page::{Page, Shell};
use super::{PageError, routes};
use crate::app::App;
use crate::db::DbConn;

/// Rows that are read together.
const ROWS_PER_PART: usize = 500;

/// A list read part by part, as fast as the browser takes it: `read` gets where the part before ended (`None` at first) and gives the
/// rows and where they ended (`None` at the end). No connection is held between parts: a slow browser must not keep one of few.
fn read_parts<R, C, F>(
    app: web::Data<App>,
    read: F,
) -> impl Stream<Item = Result<Vec<R>, PageError>> + 'static
where
    R: 'static,
    C: 'static,
    F: AsyncFn(&DbConn, Option<C>) -> Result<(Vec<R>, Option<C>), PageError> + 'static,
{
    let start: Option<Option<C>> = Some(None);
    stream::try_unfold((app, read, start), |(app, read, after)| async move {
        let Some(after) = after else {
            return Ok(None);
        };
        let conn = app.db.conn().await?;
        let (rows, next) = read(&conn, after).await?;
        drop(conn);
        Ok(Some((rows, (app, read, next.map(Some)))))
    })
}

/// [`ROWS_PER_PART`] for queries.
fn rows_per_part() -> i64 {
    i64::try_from(ROWS_PER_PART).unwrap_or(i64::MAX)
}

/// Instead of a file: why there is none. A page can say that it left something out; a file cannot, and would look like everything.
#[derive(Debug, Template)]
#[template(path = "csv/refused.html")]
pub struct NoFilePage {
    /// Frame.
    pub shell: Shell,
    /// Why, and what to do.
    pub words: String,
    /// The list as a page.
    pub back_href: String,
}

impl NoFilePage {
    /// Pages for tests of templates.
    #[must_use]
    pub fn samples() -> Vec<Self> {
        vec![Self {
            shell: Shell::sample(),
            words: "Nothing has the name <b>.".to_owned(),
            back_href: routes::find_path("a&b"),
        }]
    }
}

pub(in crate::web) fn refuse(
    shell: Shell,
    words: String,
    back_href: String,
) -> Result<HttpResponse, PageError> {
    let page = NoFilePage {
        shell,
        words,
        back_href,
    };
    Page::new(page)
        .with_status(StatusCode::BAD_REQUEST)
        .render()
}

/// The address of a download with the filters of its page, and with the mark that makes spreadsheets read it as UTF-8.
#[must_use]
pub fn download_href(path: &str, pairs: &[(&str, &str)]) -> String {
    let given: Vec<(&str, &str)> = pairs
        .iter()
        .copied()
        .filter(|(_, value)| !value.is_empty())
        .chain([("bom", "1")])
        .collect();
    routes::with_query(path, &given)
}
