//! Orders that were sent: to whom, when, and how much of them has come.

use actix_web::web;
use askama::Template;
use chrono::{DateTime, Utc};
use serde::Deserialize;

use crate::app::App;
use crate::ids::SupplyOrderId;
use crate::live::Topic;
use crate::supplies::sent::{ORDERS_PER_PAGE, SentCursor, SentOrder, list_sent_orders};
use crate::web::alerts::SegLink;
use crate::web::exports::download_href;
use crate::web::extract::Viewer;
use crate::web::filters;
use crate::web::page::{Chip, Nav, Page, Shell, role_name};
use crate::web::strings::{Strings, fill};
use crate::web::wording::grouped;
use crate::web::{PageError, routes};

/// Which orders are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Which {
    /// Those of which something is to come.
    #[default]
    Open,
    /// The others.
    Done,
    /// Both.
    All,
}

impl Which {
    const ALL: [Self; 3] = [Self::Open, Self::Done, Self::All];

    fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Done => "done",
            Self::All => "all",
        }
    }

    fn is_open(self) -> Option<bool> {
        match self {
            Self::Open => Some(true),
            Self::Done => Some(false),
            Self::All => None,
        }
    }
}

/// `?which=&after=`
#[derive(Clone, Debug, Default, Deserialize)]
pub struct SentParams {
    which: Option<String>,
    after: Option<String>,
}

impl SentParams {
    fn which(&self) -> Which {
        let asked = self.which.as_deref();
        let known = Which::ALL
            .into_iter()
            .find(|which| Some(which.as_str()) == asked);
        known.unwrap_or_default()
    }

    /// Whether something is to come of those that are shown; `None`: all.
    pub(in crate::web) fn is_open(&self) -> Option<bool> {
        self.which().is_open()
    }
}

/// The page.
#[derive(Debug, Template)]
#[template(path = "supplies/orders.html")]
pub struct OrdersPage {
    /// Frame.
    pub shell: Shell,
    /// Something is to come, done, all.
    pub choices: Vec<SegLink>,
    /// The orders.
    pub rows: Vec<OrderCard>,
    /// More of them.
    pub next_href: Option<String>,
    /// The first page, from any other.
    pub start_href: Option<String>,
    /// All of them as a file.
    pub csv_href: String,
}

/// An order, ready to show.
#[derive(Clone, Debug)]
pub struct OrderCard {
    /// Its page.
    pub href: String,
    /// "Order 12".
    pub name: String,
    /// To whom.
    pub supplier: String,
    /// When.
    pub sent_at: DateTime<Utc>,
    /// By which role.
    pub by: &'static str,
    /// How many lines.
    pub lines: String,
    /// "3 of 5, 1 in part".
    pub came: String,
    /// How far it is.
    pub chip: Chip,
}

/// `GET /orders`
///
/// # Errors
/// When the database fails.
pub async fn page(
    app: web::Data<App>,
    viewer: Viewer,
    params: web::Query<SentParams>,
) -> Result<Page<OrdersPage>, PageError> {
    let mut shell = viewer.shell(Nav::Reorder);
    shell.watch([Topic::Alerts]);
    let which = params.which();
    let after = params.after.as_deref().and_then(SentCursor::parse);
    let conn = app.db.conn().await?;
    let orders = list_sent_orders(&conn, which.is_open(), after, ORDERS_PER_PAGE).await?;
    Ok(Page::new(OrdersPage::new(shell, which, (after, orders))))
}

fn href(which: Which, after: Option<SentCursor>) -> String {
    let mut pairs = vec![("which", which.as_str())];
    let after = after.map(|after| after.to_string());
    pairs.extend(after.as_deref().map(|after| ("after", after)));
    routes::with_query(routes::ORDERS, &pairs)
}

impl OrdersPage {
    fn new(
        shell: Shell,
        which: Which,
        (after, (orders, next)): (Option<SentCursor>, (Vec<SentOrder>, Option<SentCursor>)),
    ) -> Self {
        let t = &shell.t.orders;
        let choices = Which::ALL.map(|choice| SegLink {
            href: href(choice, None),
            word: match choice {
                Which::Open => t.open,
                Which::Done => t.done,
                Which::All => t.all,
            }
            .to_owned(),
            count: None,
            is_current: choice == which,
        });
        Self {
            choices: choices.into(),
            rows: orders
                .iter()
                .map(|order| OrderCard::new(order, shell.t))
                .collect(),
            next_href: next.map(|next| href(which, Some(next))),
            start_href: after.map(|_| href(which, None)),
            csv_href: download_href(routes::ORDERS_CSV, &[("which", which.as_str())]),
            shell,
        }
    }

    /// Pages for tests of templates.
    #[must_use]
    pub fn samples() -> Vec<Self> {
        let shell = Shell::sample_for(crate::db::types::Role::Supply);
        let order = |lines, received, part, waiting| SentOrder {
            supply_order_id: SupplyOrderId(12),
            sent_at: shell.now,
            supplier_name: (lines > 1).then(|| "Medline <b>".to_owned()),
            sent_role: crate::db::types::Role::Supply,
            lines,
            received,
            part,
            waiting,
            cancelled: lines - received - part - waiting,
        };
        let orders = vec![
            order(5, 0, 0, 5),
            order(1_200, 2, 1, 1),
            order(2, 2, 0, 0),
            order(1, 0, 0, 0),
        ];
        let cursor = SentCursor::parse("1788789960000000.7");
        vec![
            Self::new(shell.clone(), Which::Open, (None, (Vec::new(), None))),
            Self::new(shell, Which::All, (cursor, (orders, cursor))),
        ]
    }
}

impl OrderCard {
    fn new(order: &SentOrder, t: &'static Strings) -> Self {
        let words = &t.orders;
        let of = order.lines - order.cancelled;
        let came = match order.part {
            0 => fill(words.came, &[&grouped(order.received), &grouped(of)]),
            part => {
                let numbers = [&grouped(order.received), &grouped(of), &grouped(part)];
                fill(words.came_part, &[numbers[0], numbers[1], numbers[2]])
            }
        };
        let supplier = order.supplier_name.as_deref();
        Self {
            href: routes::order_path(order.supply_order_id),
            name: fill(words.number, &[&order.supply_order_id]),
            supplier: supplier.unwrap_or(words.no_supplier).to_owned(),
            sent_at: order.sent_at,
            by: role_name(order.sent_role, t),
            lines: match order.cancelled {
                0 => grouped(order.lines),
                gone => {
                    let gone = fill(words.cancelled, &[&grouped(gone)]);
                    fill(t.stock.with_days, &[&grouped(order.lines), &gone])
                }
            },
            came,
            chip: order_chip(order, t),
        }
    }
}

fn order_chip(order: &SentOrder, t: &'static Strings) -> Chip {
    let t = &t.orders;
    let (class, icon, word) = if order.is_open() {
        if order.part + order.received > 0 {
            ("is-warn", "order", t.chip_part)
        } else {
            ("is-warn", "order", t.chip_waiting)
        }
    } else if order.received == 0 {
        ("is-hold", "hold", t.chip_cancelled)
    } else {
        ("is-ok", "ready", t.chip_done)
    };
    Chip { class, icon, word }
}
