//! Lots that expire, first to expire first.

use actix_web::web;
use askama::Template;
use chrono::{DateTime, Days, NaiveDate, Utc};
use serde::Deserialize;

use super::item::LotLine;
use super::samples;
use crate::app::App;
use crate::ids::{BinId, ItemId};
use crate::live::Topic;
use crate::supplies::stock::{ExpiringLot, LotCursor, STOCK_PER_PAGE, list_expiring_lots};
use crate::web::alerts::SegLink;
use crate::web::exports::download_href;
use crate::web::extract::Viewer;
use crate::web::page::{Nav, Page, Shell};
use crate::web::strings::fill;
use crate::web::wording::grouped;
use crate::web::{PageError, routes};

/// Days ahead that can be chosen; 0: what has expired or expires today.
const WITHIN: [u16; 4] = [0, 30, 90, 365];
/// The one that is shown when nobody chooses.
const USUAL: u16 = 90;

/// `?within=&after=`
#[derive(Clone, Debug, Default, Deserialize)]
pub struct LotParams {
    within: Option<String>,
    after: Option<String>,
}

impl LotParams {
    /// Days ahead; what means nothing is left out.
    pub(in crate::web) fn within(&self) -> u16 {
        let asked = self.within.as_deref().and_then(|text| text.parse().ok());
        asked.filter(|days| WITHIN.contains(days)).unwrap_or(USUAL)
    }
}

/// The last day that a list shows. Days of facilities may be one ahead of the clock of the world.
pub(in crate::web) fn until(within: u16, now: DateTime<Utc>) -> NaiveDate {
    let today = now.date_naive();
    today
        .checked_add_days(Days::new(u64::from(within)))
        .unwrap_or(today)
}

/// The page.
#[derive(Debug, Template)]
#[template(path = "supplies/lots.html")]
pub struct LotsPage {
    /// Frame.
    pub shell: Shell,
    /// Days ahead.
    pub choices: Vec<SegLink>,
    /// Lots with name and page of their items.
    pub rows: Vec<(String, String, LotLine)>,
    /// More of them.
    pub next_href: Option<String>,
    /// The first page, from any other.
    pub start_href: Option<String>,
    /// All of them as a file.
    pub csv_href: String,
}

/// `GET /supplies/lots`
///
/// # Errors
/// When the database fails.
pub async fn page(
    app: web::Data<App>,
    viewer: Viewer,
    params: web::Query<LotParams>,
) -> Result<Page<LotsPage>, PageError> {
    let mut shell = viewer.shell(Nav::Supplies);
    shell.watch([Topic::Alerts]);
    let within = params.within();
    let after = params.after.as_deref().and_then(LotCursor::parse);
    let now = app.clock.now();
    let conn = app.db.conn().await?;
    let lots = list_expiring_lots(&conn, until(within, now), after, STOCK_PER_PAGE, now).await?;
    Ok(Page::new(LotsPage::new(shell, within, (after, lots))))
}

fn href(within: u16, after: Option<LotCursor>) -> String {
    let within = within.to_string();
    let mut pairs = vec![("within", within.as_str())];
    let after = after.map(|after| after.to_string());
    pairs.extend(after.as_deref().map(|after| ("after", after)));
    routes::with_query(routes::LOTS, &pairs)
}

impl LotsPage {
    fn new(
        shell: Shell,
        within: u16,
        (after, (lots, next)): (Option<LotCursor>, (Vec<ExpiringLot>, Option<LotCursor>)),
    ) -> Self {
        let t = &shell.t.stock;
        let choices = WITHIN.map(|days| SegLink {
            href: href(days, None),
            word: match days {
                0 => t.lots_expired.to_owned(),
                days => fill(t.lots_within, &[&days]),
            },
            count: None,
            is_current: days == within,
        });
        let rows = lots.iter().map(|row| {
            let mut line = LotLine::new(&row.lot, &shell);
            let amount = grouped(row.lot.on_hand);
            line.on_hand = fill(shell.t.reorder.quantity, &[&amount, &row.base_unit]);
            let href = routes::item_path(row.item_id, Some(row.lot.stock_place_id));
            (row.item_name.clone(), href, line)
        });
        Self {
            choices: choices.into(),
            rows: rows.collect(),
            next_href: next.map(|next| href(within, Some(next))),
            start_href: after.map(|_| href(within, None)),
            csv_href: download_href(routes::LOTS_CSV, &[("within", &within.to_string())]),
            shell,
        }
    }

    /// Pages for tests of templates.
    #[must_use]
    pub fn samples() -> Vec<Self> {
        let shell = Shell::sample_for(crate::db::types::Role::Supply);
        let cursor = LotCursor::parse("2026-11-30.4.5");
        let lots = samples::lots().into_iter().map(|lot| ExpiringLot {
            lot,
            item_id: ItemId(4),
            item_number: "100-20".to_owned(),
            item_name: "IV cannula 20G <safety>".to_owned(),
            base_unit: "each".to_owned(),
            bin_id: BinId(7),
        });
        vec![
            Self::new(shell.clone(), 0, (None, (Vec::new(), None))),
            Self::new(shell, 90, (cursor, (lots.collect(), cursor))),
        ]
    }
}
