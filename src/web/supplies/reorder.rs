//! The work list of orders: drafts to decide, and what was approved, sent and rejected.

use actix_web::web;
use askama::Template;
use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;

pub use super::act::act;
use super::words::{how, is_two_bins, quantity, why, why_chip};
use crate::app::App;
use crate::db::types::OrderState;
use crate::ids::RoundId;
use crate::live::Topic;
use crate::supplies::list::{
    LINES_PER_PAGE, OrderCount, OrderCursor, OrderFilter, OrderGroup, OrderGroupLines, OrderLine,
    count_order_lines, list_order_groups, list_order_lines,
};
use crate::web::acts::new_key;
use crate::web::alerts::SegLink;
use crate::web::exports;
use crate::web::extract::Viewer;
use crate::web::filters;
use crate::web::page::{Chip, Nav, Page, Shell, role_name};
use crate::web::strings::fill;
use crate::web::wording::grouped;
use crate::web::{PageError, routes};

/// How long a rejection is quiet when nobody says otherwise.
const QUIET_DAYS: i64 = 14;

/// The states that the list offers, with their words in the address.
const STATES: &[OrderState] = &[
    OrderState::Suggested,
    OrderState::Approved,
    OrderState::Sent,
    OrderState::PartReceived,
    OrderState::Rejected,
];

/// `?state=&round=&group=&after=`
#[derive(Clone, Debug, Default, Deserialize)]
pub struct OrderParams {
    state: Option<String>,
    round: Option<String>,
    group: Option<String>,
    after: Option<String>,
}

impl OrderParams {
    /// What is asked for; what means nothing is left out.
    pub(in crate::web) fn filter(&self) -> OrderFilter {
        let state = self.state.as_deref().and_then(OrderState::from_text);
        let state = state.filter(|state| STATES.contains(state));
        OrderFilter {
            round: self
                .round
                .as_deref()
                .and_then(|text| text.parse().ok())
                .map(RoundId),
            group: self
                .group
                .as_deref()
                .and_then(OrderGroup::from_text)
                .unwrap_or_default(),
            ..OrderFilter::of(state.unwrap_or(OrderState::Suggested))
        }
    }
}

/// The list.
#[derive(Debug, Template)]
#[template(path = "supplies/reorder.html")]
pub struct ReorderPage {
    /// Frame.
    pub shell: Shell,
    /// "Reorder: 14 drafts to decide".
    pub heading: String,
    /// "Nothing is sent until you approve it."
    pub lead: Option<&'static str>,
    /// To decide, approved, on their way.
    pub states: Vec<SegLink>,
    /// The rounds that have lines.
    pub rounds: Vec<SegLink>,
    /// By supplier, by round, plain.
    pub groupings: Vec<SegLink>,
    /// The lines, together with those of their supplier or round.
    pub groups: Vec<RowGroup>,
    /// Nothing there.
    pub none: &'static str,
    /// The form that marks all shown lines as sent.
    pub send: Option<SendForm>,
    /// This list, to come back to.
    pub next: String,
    /// The first day that a rejection may name.
    pub quiet_min: String,
    /// The last one.
    pub quiet_max: String,
    /// The one that is proposed.
    pub quiet_day: String,
    /// More of it.
    pub next_href: Option<String>,
    /// The first page, from any other.
    pub start_href: Option<String>,
    /// All of it as a file.
    pub csv_href: String,
}

/// Marks lines as sent.
#[derive(Clone, Debug)]
pub struct SendForm {
    /// Idempotency key.
    pub key: String,
    /// "Mark all 12 of this supplier as sent".
    pub words: String,
    /// The lines.
    pub ids: Vec<i64>,
}

/// Lines that stand together.
#[derive(Clone, Debug)]
pub struct RowGroup {
    /// The id of its heading on the page.
    pub id: String,
    /// "Medline: 12 lines"; nothing when the list has no groups.
    pub heading: Option<String>,
    /// Marks all lines of the supplier as sent, those on other pages too.
    pub send: Option<SendForm>,
    /// The lines of it that are on this page.
    pub rows: Vec<OrderRow>,
}

/// A line, ready to show.
#[derive(Clone, Debug)]
pub struct OrderRow {
    /// Its id.
    pub id: i64,
    /// Why it is suggested, short.
    pub chip: Chip,
    /// Name of the item.
    pub item: String,
    /// Name of the place.
    pub place: String,
    /// "Bin A-03. Supplier Medline, delivered in 3 days."
    pub facts: String,
    /// "Position 38 is below the reorder point of 60."
    pub why: String,
    /// Available, on order, position; not for two bins.
    pub sum: Option<[String; 3]>,
    /// How the quantity is made.
    pub how: Vec<String>,
    /// All inputs.
    pub how_href: String,
    /// "Order 100 each, 2 packs of 50" or what was ordered.
    pub quantity: String,
    /// What the field counts: "Packs of 50".
    pub field: String,
    /// What stands in the field.
    pub field_value: i64,
    /// What one of the field is worth in base units.
    pub field_units: i64,
    /// What happened to it.
    pub notes: Vec<(String, Option<DateTime<Utc>>)>,
    /// Whether it waits for a decision.
    pub is_suggested: bool,
    /// The order it was sent with, and its page.
    pub order: Option<(String, String)>,
    /// Whether it can be taken back.
    pub can_cancel: bool,
    /// Idempotency key to approve.
    pub key: String,
    /// Idempotency key to reject or cancel.
    pub end_key: String,
}

/// `GET /reorder`
///
/// # Errors
/// When the database fails.
pub async fn page(
    app: web::Data<App>,
    viewer: Viewer,
    params: web::Query<OrderParams>,
) -> Result<Page<ReorderPage>, PageError> {
    let mut shell = viewer.shell(Nav::Reorder);
    shell.watch([Topic::Alerts]);
    let filter = params.filter();
    let after = params.after.as_deref().and_then(OrderCursor::parse);
    let conn = app.db.conn().await?;
    let (counts, (lines, next)) = tokio::try_join!(
        count_order_lines(&conn),
        list_order_lines(&conn, &filter, after.as_ref(), LINES_PER_PAGE),
    )?;
    let groups = match filter.group {
        OrderGroup::Plain => Vec::new(),
        _ => list_order_groups(&conn, &filter, &group_ids(&lines, filter.group)).await?,
    };
    Ok(Page::new(ReorderPage::new(
        shell,
        &filter,
        (&counts, &groups),
        &lines,
        (after, next),
    )))
}

/// The suppliers or rounds of these lines.
fn group_ids(lines: &[OrderLine], group: OrderGroup) -> Vec<i64> {
    let mut ids: Vec<i64> = lines.iter().map(|line| line.group_id(group)).collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

/// The filters of a list as they stand in its address.
fn pairs(filter: &OrderFilter) -> Vec<(&'static str, String)> {
    let mut pairs = vec![("state", filter.state.as_str().to_owned())];
    pairs.extend(filter.round.map(|round| ("round", round.to_string())));
    if filter.group != OrderGroup::Plain {
        pairs.push(("group", filter.group.as_str().to_owned()));
    }
    pairs
}

fn href(filter: &OrderFilter, after: Option<&OrderCursor>) -> String {
    let mut pairs = pairs(filter);
    pairs.extend(after.map(|cursor| ("after", cursor.to_string())));
    let pairs: Vec<(&str, &str)> = pairs
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    routes::with_query(routes::REORDER, &pairs)
}

impl ReorderPage {
    pub(super) fn new(
        shell: Shell,
        filter: &OrderFilter,
        (counts, groups): (&[OrderCount], &[OrderGroupLines]),
        lines: &[OrderLine],
        (after, next): (Option<OrderCursor>, Option<OrderCursor>),
    ) -> Self {
        let t = &shell.t.reorder;
        let count = |state: OrderState, round: Option<RoundId>| -> i64 {
            counts
                .iter()
                .filter(|count| count.state == state)
                .filter(|count| round.is_none() || count.round_id == round)
                .map(|count| count.n)
                .sum()
        };
        let n = count(filter.state, filter.round);
        let heading = match (filter.state, n) {
            (OrderState::Suggested, 0) => t.title_none.to_owned(),
            (OrderState::Suggested, 1) => t.title_one.to_owned(),
            (OrderState::Suggested, n) => fill(t.title, &[&grouped(n)]),
            (OrderState::Approved, n) => fill(t.title_approved, &[&grouped(n)]),
            (OrderState::PartReceived, n) => fill(t.title_part, &[&grouped(n)]),
            (OrderState::Rejected, _) => t.title_rejected.to_owned(),
            (_, n) => fill(t.title_sent, &[&grouped(n)]),
        };
        let states = STATES.iter().map(|state| SegLink {
            href: href(
                &OrderFilter {
                    group: filter.group,
                    ..OrderFilter::of(*state)
                },
                None,
            ),
            word: match state {
                OrderState::Suggested => t.suggested,
                OrderState::Approved => t.approved,
                OrderState::PartReceived => t.part_received,
                OrderState::Rejected => t.rejected,
                _ => t.sent,
            }
            .to_owned(),
            count: (*state != OrderState::Rejected).then(|| grouped(count(*state, None))),
            is_current: *state == filter.state,
        });
        let day = |days: i64| {
            let day = shell.now.with_timezone(&shell.zone).date_naive() + TimeDelta::days(days);
            day.to_string()
        };
        let csv_pairs = pairs(filter);
        let csv_pairs: Vec<(&str, &str)> = csv_pairs
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        // A list by supplier has a button for each of them.
        let sends_shown = filter.state == OrderState::Approved
            && filter.group != OrderGroup::Supplier
            && !lines.is_empty();
        Self {
            heading,
            lead: match filter.state {
                OrderState::Suggested => Some(t.lead),
                OrderState::Approved => Some(t.lead_approved),
                OrderState::Rejected => Some(t.lead_rejected),
                _ => None,
            },
            states: states.collect(),
            rounds: round_links(filter, counts, &shell),
            groupings: group_links(filter, &shell),
            groups: row_groups(filter, lines, groups, &shell),
            none: if filter.state == OrderState::Suggested {
                t.none
            } else {
                t.none_other
            },
            send: sends_shown.then(|| SendForm {
                key: new_key(),
                words: t.send.to_owned(),
                ids: lines.iter().map(|line| line.order_line_id.0).collect(),
            }),
            next: routes::safe_next(&shell.here).to_owned(),
            quiet_min: day(1),
            quiet_max: day(crate::supplies::orders::QUIET_DAYS_MAX - 1),
            quiet_day: day(QUIET_DAYS),
            next_href: next.map(|after| href(filter, Some(&after))),
            start_href: after.map(|_| href(filter, None)),
            csv_href: exports::download_href(routes::REORDER_CSV, &csv_pairs),
            shell,
        }
    }
}

/// By supplier, by round, plain: the same lines.
fn group_links(filter: &OrderFilter, shell: &Shell) -> Vec<SegLink> {
    let t = &shell.t.reorder;
    let link = |group| SegLink {
        href: href(&OrderFilter { group, ..*filter }, None),
        word: match group {
            OrderGroup::Plain => t.group_plain,
            OrderGroup::Supplier => t.group_supplier,
            OrderGroup::Round => t.group_round,
        }
        .to_owned(),
        count: None,
        is_current: group == filter.group,
    };
    OrderGroup::ALL.map(link).into()
}

/// Lines with the others of their supplier or round. A group that goes on over pages has its heading on each.
fn row_groups(
    filter: &OrderFilter,
    lines: &[OrderLine],
    groups: &[OrderGroupLines],
    shell: &Shell,
) -> Vec<RowGroup> {
    lines
        .chunk_by(|one, next| one.group_id(filter.group) == next.group_id(filter.group))
        .filter_map(|lines| {
            let id = lines.first()?.group_id(filter.group);
            let group = groups.iter().find(|group| group.group_id == id);
            let sends =
                filter.state == OrderState::Approved && filter.group == OrderGroup::Supplier;
            Some(RowGroup {
                id: format!("group-{id}"),
                heading: group_heading(filter.group, lines, group, shell),
                send: group.filter(|_| sends).map(|group| send_form(group, shell)),
                rows: lines
                    .iter()
                    .map(|line| OrderRow::new(line, shell))
                    .collect(),
            })
        })
        .collect()
}

/// "Medline: 12 lines".
fn group_heading(
    group: OrderGroup,
    lines: &[OrderLine],
    counted: Option<&OrderGroupLines>,
    shell: &Shell,
) -> Option<String> {
    let t = &shell.t.reorder;
    let first = lines.first()?;
    let name = match group {
        OrderGroup::Plain => return None,
        OrderGroup::Supplier => first.supplier_name.as_deref().unwrap_or(t.no_supplier_head),
        OrderGroup::Round => first.round_name.as_deref().unwrap_or(t.no_round),
    };
    Some(match counted.map(|counted| counted.n) {
        Some(1) => fill(t.group_one, &[&name]),
        Some(n) => fill(t.group_many, &[&name, &grouped(n)]),
        // They were decided between two reads: the lines are told as they were.
        None => name.to_owned(),
    })
}

/// All lines of a supplier, or as many as one form takes.
fn send_form(group: &OrderGroupLines, shell: &Shell) -> SendForm {
    let t = &shell.t.reorder;
    let named = i64::try_from(group.ids.len()).unwrap_or(i64::MAX);
    SendForm {
        key: new_key(),
        words: match group.n {
            1 => t.send_supplier_one.to_owned(),
            n if n > named => fill(t.send_supplier_first, &[&grouped(named)]),
            n => fill(t.send_supplier, &[&grouped(n)]),
        },
        ids: group.ids.iter().map(|id| id.0).collect(),
    }
}

/// The rounds that have lines in this state; none when there is only one.
fn round_links(filter: &OrderFilter, counts: &[OrderCount], shell: &Shell) -> Vec<SegLink> {
    let t = &shell.t.reorder;
    let of_state: Vec<&OrderCount> = counts
        .iter()
        .filter(|count| count.state == filter.state)
        .collect();
    if of_state.len() < 2 {
        return Vec::new();
    }
    let all = SegLink {
        href: href(
            &OrderFilter {
                round: None,
                ..*filter
            },
            None,
        ),
        word: t.all_rounds.to_owned(),
        count: Some(grouped(of_state.iter().map(|count| count.n).sum())),
        is_current: filter.round.is_none(),
    };
    let rounds = of_state.iter().filter_map(|count| {
        let round = count.round_id?;
        Some(SegLink {
            href: href(
                &OrderFilter {
                    round: Some(round),
                    ..*filter
                },
                None,
            ),
            word: count
                .round_name
                .clone()
                .unwrap_or_else(|| t.no_round.to_owned()),
            count: Some(grouped(count.n)),
            is_current: filter.round == Some(round),
        })
    });
    std::iter::once(all).chain(rounds).collect()
}

impl OrderRow {
    fn new(line: &OrderLine, shell: &Shell) -> Self {
        let t = &shell.t.reorder;
        let number = |name| grouped(line.number(name).unwrap_or(0));
        let words = quantity(line.quantity(), &line.base_unit, line.pack_units, shell.t);
        let is_suggested = line.state == OrderState::Suggested;
        // What one bin holds need not be whole packs: then pieces are asked for.
        let is_in_packs = line.pack_units > 1 && line.quantity_suggested % line.pack_units == 0;
        let field_units = if is_in_packs { line.pack_units } else { 1 };
        Self {
            id: line.order_line_id.0,
            chip: why_chip(line, shell.t),
            item: line.item_name.clone(),
            place: line.stock_place_name.clone(),
            facts: facts(line, shell),
            why: why(line, shell.t),
            sum: (!is_two_bins(line) && line.number("position").is_some())
                .then(|| [number("available"), number("on_order"), number("position")]),
            how: how(line, shell.t),
            how_href: routes::order_line_path(line.order_line_id),
            quantity: if is_suggested {
                fill(t.order, &[&words])
            } else {
                words
            },
            field: if is_in_packs {
                fill(t.packs, &[&grouped(line.pack_units)])
            } else {
                fill(t.pieces, &[&line.base_unit])
            },
            field_value: line.quantity_suggested / field_units,
            field_units,
            notes: notes(line, shell),
            is_suggested,
            order: line.supply_order_id.map(|id| {
                let words = fill(shell.t.orders.number, &[&id]);
                (words, routes::order_path(id))
            }),
            can_cancel: matches!(line.state, OrderState::Approved | OrderState::Sent),
            key: new_key(),
            end_key: new_key(),
        }
    }
}

fn facts(line: &OrderLine, shell: &Shell) -> String {
    let t = &shell.t.reorder;
    let mut facts = Vec::new();
    match (&line.bin_name, &line.second_bin_name) {
        (Some(bin), Some(second)) => facts.push(fill(t.bins, &[bin, second])),
        (Some(bin), None) => facts.push(fill(t.bin, &[bin])),
        (None, _) => {}
    }
    facts.push(match (&line.supplier_name, line.lead_days) {
        (Some(name), Some(days)) => fill(t.supplier, &[name, &format!("{days:.0}")]),
        _ => t.no_supplier.to_owned(),
    });
    facts.join(" ")
}

/// What happened to a line since it was suggested.
fn notes(line: &OrderLine, shell: &Shell) -> Vec<(String, Option<DateTime<Utc>>)> {
    let t = &shell.t.reorder;
    let mut notes = vec![(t.suggested_ago.to_owned(), Some(line.suggested_at))];
    if let (Some(at), Some(role)) = (line.approved_at, line.approved_role) {
        notes.push((fill(t.approved_by, &[&role_name(role, shell.t)]), Some(at)));
    }
    if line
        .quantity_ordered
        .is_some_and(|ordered| ordered != line.quantity_suggested)
    {
        let suggested = quantity(
            line.quantity_suggested,
            &line.base_unit,
            line.pack_units,
            shell.t,
        );
        notes.push((fill(t.suggested_was, &[&suggested]), None));
    }
    if let Some(at) = line.sent_at {
        notes.push((t.sent_ago.to_owned(), Some(at)));
    }
    if line.quantity_received > 0 {
        let (received, ordered) = (grouped(line.quantity_received), grouped(line.quantity()));
        notes.push((fill(t.received_of, &[&received, &ordered]), None));
    }
    if let (Some(reason), Some(day)) = (&line.end_reason, line.quiet_until) {
        notes.push((
            fill(t.rejected_because, &[reason, &filters::day(day)]),
            None,
        ));
    }
    notes
}
