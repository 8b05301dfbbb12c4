//! An item: where it is, how it stands at each place, its lots, its use and its moves, and what people do with it there.

use actix_web::web;
use askama::Template;
use chrono::{DateTime, Datelike, Days, NaiveDate, Utc};
use serde::Deserialize;
use uuid::Uuid;

use super::chart::Chart;
use super::line::{StockRow, cover_words, stock_chip};
use super::rule_edit::rule_here_href;
use super::rule_words::{RuleNumber, may_edit};
pub use super::stock_act::act;
use super::stock_act::lot_state_word;
use super::words::{quantity, reason_word, state_word};
use super::{rule_how, samples};
use crate::app::App;
use crate::db::types::{LotState, OrderState, Role};
use crate::ids::{ItemId, StockPlaceId};
use crate::live::Topic;
use crate::supplies::acts::{PortionRow, list_portions};
use crate::supplies::carry::{RuleStory, find_rule_story};
use crate::supplies::ledger::StockKey;
use crate::supplies::list::{LINES_PER_PAGE, OrderFilter, OrderLine, list_order_lines};
use crate::supplies::rulebook::{RuleLine, list_named_rules};
use crate::supplies::stock::{
    ItemCard, LotRow, MOVES_PER_PAGE, MoveLine, STOCK_PER_PAGE, StockLine, StockOf, TransferTarget,
    find_item, find_stock, list_item_lots, list_moves, list_stock, list_transfer_targets,
    list_used_days,
};
use crate::web::acts::new_key;
use crate::web::exports::download_href;
use crate::web::extract::{IdPath, Viewer};
use crate::web::filters;
use crate::web::page::{Chip, Nav, Page, Shell, role_name};
use crate::web::strings::fill;
use crate::web::wording::grouped;
use crate::web::{PageError, routes};

/// Weeks of the chart of use.
const WEEKS: u64 = 12;
/// For how long an act can be taken back.
const UNDO_SECONDS: i64 = 30;
/// Days before the last day of use from which a lot is marked.
const SOON_DAYS: i32 = 90;

/// `?place=&done=`
#[derive(Clone, Debug, Default, Deserialize)]
pub struct ItemParams {
    place: Option<String>,
    done: Option<String>,
}

impl ItemParams {
    /// The place that was chosen.
    pub(in crate::web) fn place(&self) -> Option<StockPlaceId> {
        self.place
            .as_deref()
            .and_then(|text| text.parse().ok())
            .map(StockPlaceId)
    }
}

/// The page.
#[derive(Debug, Template)]
#[template(path = "supplies/item.html")]
pub struct ItemPage {
    /// Frame.
    pub shell: Shell,
    /// Its name.
    pub heading: String,
    /// Number, packs, supplier: what they are, and their value.
    pub facts: Vec<(&'static str, String)>,
    /// Where it is changed, and held at a further place, for those who may.
    pub keep_hrefs: Option<(String, String)>,
    /// That it is no longer used.
    pub is_retired: bool,
    /// How it stands at each place.
    pub rows: Vec<StockRow>,
    /// Whether there are more places than are shown.
    pub has_more_places: bool,
    /// The place that was chosen.
    pub chosen: Option<Chosen>,
    /// Its lots, everywhere.
    pub lots: Vec<LotLine>,
    /// Whether there are more lots than are shown.
    pub has_more_lots: bool,
}

/// An item at the chosen place.
#[derive(Clone, Debug)]
pub struct Chosen {
    /// The id of the place.
    pub place_id: i64,
    /// Its name.
    pub place: String,
    /// How it stands.
    pub chip: Chip,
    /// A cabinet that is not heard.
    pub silent_since: Option<DateTime<Utc>>,
    /// A cabinet with a reader: nothing is entered by hand.
    pub counts_itself: bool,
    /// The numbers: what they are, and their value.
    pub facts: Vec<(&'static str, String)>,
    /// The rule that holds here, number by number, each with where it comes from.
    pub rule: Vec<RuleNumber>,
    /// That the numbers are not yet, or not at all, those of the rules.
    pub rule_note: Option<&'static str>,
    /// How every number is made.
    pub how_href: String,
    /// Where the rule is changed, and where the bins are, for those who may.
    pub rule_hrefs: Option<(String, String)>,
    /// Use of the last weeks.
    pub chart: Chart,
    /// The last moves.
    pub moves: Vec<MoveRow>,
    /// All moves as a file.
    pub csv_href: String,
    /// What people may do here.
    pub forms: Forms,
    /// The act that can be taken back.
    pub undo: Option<(String, String)>,
}

/// A move, ready to show.
#[derive(Clone, Debug)]
pub struct MoveRow {
    /// When it happened.
    pub at: DateTime<Utc>,
    /// Why.
    pub reason: String,
    /// "- 5 each".
    pub quantity: String,
    /// Its bin.
    pub bin: String,
    /// Its lot.
    pub lot: String,
    /// The page of the lot.
    pub lot_href: String,
    /// A role or a reader.
    pub by: String,
    /// What was said.
    pub note: String,
}

/// A lot, ready to show.
#[derive(Clone, Debug)]
pub struct LotLine {
    /// Its page.
    pub href: String,
    /// Its number.
    pub number: String,
    /// Where it is.
    pub place: String,
    /// The bin there.
    pub bin: String,
    /// How much.
    pub on_hand: String,
    /// Its last day of use.
    pub expires: String,
    /// Whether it may be used.
    pub chip: Chip,
}

/// A value of a select, and its words.
pub type Choice = (String, String);

/// What people may do with the item at the place.
#[derive(Clone, Debug)]
pub struct Forms {
    /// Where forms are sent.
    pub action: String,
    /// Idempotency key to issue.
    pub issue_key: String,
    /// Idempotency key to return.
    pub return_key: String,
    /// Idempotency key to receive.
    pub receive_key: String,
    /// Idempotency key to set right.
    pub adjust_key: String,
    /// Idempotency key to write off.
    pub write_off_key: String,
    /// Idempotency key to send back.
    pub to_supplier_key: String,
    /// Idempotency key to move.
    pub transfer_key: String,
    /// Units that a quantity may be given in.
    pub units: Vec<Choice>,
    /// What may be issued or returned, first to expire first.
    pub lots: Vec<Choice>,
    /// What may be issued without a reason: the lot that expires first, and others of its day.
    pub first_lots: Vec<Choice>,
    /// What may be issued with a reason: another lot expires first.
    pub other_lots: Vec<Choice>,
    /// "A1 expires first. To take another lot, say why below."
    pub fefo: Option<String>,
    /// What may be written off or sent back: everything that is there.
    pub leaving: Vec<Choice>,
    /// What may be moved.
    pub moving: Vec<Choice>,
    /// Where it may be moved to.
    pub targets: Vec<Choice>,
    /// What is there, to be set right.
    pub portions: Vec<Choice>,
    /// Bins.
    pub bins: Vec<Choice>,
    /// Orders that are on their way.
    pub orders: Vec<Choice>,
    /// The bins of two: id, name, whether it is empty, and a key.
    pub two_bins: Vec<TwoBin>,
    /// Whether the person looks after supplies.
    pub is_supply: bool,
}

/// One of two bins.
#[derive(Clone, Debug)]
pub struct TwoBin {
    /// Its id.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// Since when it is empty.
    pub empty_since: Option<DateTime<Utc>>,
    /// Idempotency key.
    pub key: String,
}

/// Everything about an item at a place.
pub(super) struct Here {
    pub line: StockLine,
    pub portions: Vec<PortionRow>,
    pub orders: Vec<OrderLine>,
    pub moves: Vec<MoveLine>,
    pub used: Vec<(NaiveDate, i64)>,
    pub targets: Vec<TransferTarget>,
    pub story: Option<RuleStory>,
    pub names: Vec<RuleLine>,
}

/// `GET /supplies/items/{id}`
///
/// # Errors
/// 404 for an item that does not exist; when the database fails.
pub async fn page(
    app: web::Data<App>,
    viewer: Viewer,
    id: IdPath<ItemId>,
    params: web::Query<ItemParams>,
) -> Result<Page<ItemPage>, PageError> {
    let mut shell = viewer.shell(Nav::Supplies);
    shell.watch([Topic::Alerts]);
    let now = app.clock.now();
    let conn = app.db.conn().await?;
    let (card, (lines, more), (lots, has_more_lots)) = tokio::try_join!(
        find_item(&conn, id.0),
        list_stock(&conn, StockOf::Item(id.0), None, STOCK_PER_PAGE, now),
        list_item_lots(&conn, id.0, now),
    )?;
    let card = card.ok_or(PageError::NotFound)?;
    let asked = params.place();
    let first = lines.first().map(|line| line.facts.stock_place_id);
    let here = match asked.or(first) {
        Some(stock_place_id) => {
            let key = StockKey {
                item_id: id.0,
                stock_place_id,
            };
            read_here(&conn, key, now).await?
        }
        None => None,
    };
    let done = params.done.as_deref().and_then(|text| text.parse().ok());
    let role = viewer.role;
    let mut page = ItemPage::new(shell, role, &card, &lines, here.as_ref(), done);
    page.has_more_places = more.is_some();
    page.has_more_lots = has_more_lots;
    page.lots = lots
        .iter()
        .map(|lot| LotLine::new(lot, &page.shell))
        .collect();
    Ok(Page::new(page))
}

async fn read_here(
    conn: &crate::db::DbConn,
    key: StockKey,
    now: DateTime<Utc>,
) -> Result<Option<Here>, PageError> {
    let Some(line) = find_stock(conn, key, now).await? else {
        return Ok(None);
    };
    let on_its_way = |state| OrderFilter {
        item: Some(key.item_id),
        place: Some(key.stock_place_id),
        ..OrderFilter::of(state)
    };
    let (sent, part) = (
        on_its_way(OrderState::Sent),
        on_its_way(OrderState::PartReceived),
    );
    let from = first_day(line.standing.today);
    let (portions, (mut orders, _), (parts, _), (moves, _), used, targets, story) = tokio::try_join!(
        list_portions(conn, key, None, now),
        list_order_lines(conn, &sent, None, LINES_PER_PAGE),
        list_order_lines(conn, &part, None, LINES_PER_PAGE),
        list_moves(conn, key, None, MOVES_PER_PAGE),
        list_used_days(conn, key, from),
        list_transfer_targets(conn, key.item_id),
        find_rule_story(conn, key),
    )?;
    orders.extend(parts);
    let names = match &story {
        Some(story) => list_named_rules(conn, &story.rules).await?,
        None => Vec::new(),
    };
    Ok(Some(Here {
        line,
        portions,
        orders,
        moves,
        used,
        targets,
        story,
        names,
    }))
}

/// The Monday with which the chart begins.
fn first_day(today: NaiveDate) -> NaiveDate {
    let back = u64::from(today.weekday().num_days_from_monday()) + 7 * (WEEKS - 1);
    today.checked_sub_days(Days::new(back)).unwrap_or(today)
}

impl ItemPage {
    pub(super) fn new(
        shell: Shell,
        role: Role,
        card: &ItemCard,
        lines: &[StockLine],
        here: Option<&Here>,
        done: Option<Uuid>,
    ) -> Self {
        let t = &shell.t.stock;
        let packs: Vec<String> = card
            .packs
            .iter()
            .map(|(name, units)| fill(t.pack_of, &[name, &grouped(*units)]))
            .collect();
        let mut facts = vec![(t.number, card.item_number.clone())];
        if !card.codes.is_empty() {
            facts.push((t.codes, card.codes.join(", ")));
        }
        facts.push((t.unit, card.base_unit.clone()));
        if !packs.is_empty() {
            facts.push((t.packs, packs.join(", ")));
        }
        let supplier = card.supplier_name.as_deref().unwrap_or(t.none_word);
        facts.push((t.supplier, supplier.to_owned()));
        if let Some(category) = &card.category {
            facts.push((t.category, category.clone()));
        }
        Self {
            heading: card.name.clone(),
            facts,
            keep_hrefs: may_edit(&shell).then(|| {
                let id = card.item_id;
                (routes::item_edit_path(id), routes::item_hold_path(id, None))
            }),
            is_retired: card.is_retired,
            rows: lines
                .iter()
                .map(|line| StockRow::new(line, &shell))
                .collect(),
            has_more_places: false,
            chosen: here.map(|here| Chosen::new(here, card, role, done, &shell)),
            lots: Vec::new(),
            has_more_lots: false,
            shell,
        }
    }

    /// Pages for tests of templates.
    #[must_use]
    pub fn samples() -> Vec<Self> {
        let shell = Shell::sample_for(Role::Supply);
        let now = shell.now;
        let lines = samples::stock_lines(now);
        let card = samples::item_card();
        let mut pages = vec![Self::new(
            shell.clone(),
            Role::Nurse,
            &card,
            &[],
            None,
            None,
        )];
        for line in &lines {
            let here = samples::here(line, &shell);
            let key = here.moves.iter().find_map(|row| row.form_key);
            let mut page = Self::new(shell.clone(), Role::Supply, &card, &lines, Some(&here), key);
            page.has_more_places = true;
            page.has_more_lots = true;
            page.lots = samples::lots()
                .iter()
                .map(|lot| LotLine::new(lot, &shell))
                .collect();
            pages.push(page);
        }
        pages
    }
}

impl Chosen {
    fn new(here: &Here, card: &ItemCard, role: Role, done: Option<Uuid>, shell: &Shell) -> Self {
        let t = &shell.t.stock;
        let (facts, row) = (&here.line.facts, &here.line.standing);
        let amount = |number| quantity(number, &card.base_unit, row.pack_units, shell.t);
        let mut rows = vec![
            (t.on_hand, amount(row.on_hand)),
            (t.available, amount(row.usable)),
            (t.on_order, amount(row.on_order)),
        ];
        if row.has_two_bins {
            rows.push((t.rule, t.rule_bins.to_owned()));
        } else {
            rows.push((t.position, amount(row.standing().position())));
        }
        rows.push((t.use_a_day, format!("{:.1}", row.use_per_day)));
        rows.push((t.cover, cover_words(&here.line, shell.t)));
        let stock_place_id = facts.stock_place_id;
        let newest = here.moves.iter().find(|line| line.form_key == done);
        let can_undo = |line: &&MoveLine| {
            let age = (shell.now - line.recorded_at).num_seconds();
            done.is_some() && age <= UNDO_SECONDS && line.can_be_undone
        };
        let undo = newest.filter(can_undo).and_then(|line| line.form_key);
        Self {
            place_id: stock_place_id.0,
            place: facts.stock_place_name.clone(),
            chip: stock_chip(&here.line, shell.t),
            silent_since: facts.silent_since,
            counts_itself: facts.counts_itself,
            facts: rows,
            rule: rule_how::numbers(&here.line, here.story.as_ref(), &here.names, shell),
            rule_note: here
                .story
                .as_ref()
                .and_then(|story| rule_how::note(story, shell)),
            how_href: routes::item_how_path(card.item_id, stock_place_id),
            rule_hrefs: may_edit(shell).then(|| {
                let bins = routes::item_hold_path(card.item_id, Some(stock_place_id));
                (rule_here_href(card.item_id, stock_place_id), bins)
            }),
            chart: Chart::new(&here.used, row.today, first_day(row.today), shell),
            moves: here
                .moves
                .iter()
                .map(|line| MoveRow::new(line, &card.base_unit, shell))
                .collect(),
            csv_href: download_href(
                &routes::item_csv_path(card.item_id),
                &[("place", &stock_place_id.to_string())],
            ),
            forms: Forms::new(here, card, role, shell),
            undo: undo.map(|key| (new_key(), key.to_string())),
        }
    }
}

impl Forms {
    fn new(here: &Here, card: &ItemCard, role: Role, shell: &Shell) -> Self {
        let t = &shell.t.stock;
        let facts = &here.line.facts;
        let mut units = vec![("1".to_owned(), card.base_unit.clone())];
        units.extend(
            card.packs
                .iter()
                .filter(|(_, units)| *units > 1)
                .map(|(name, units)| {
                    (
                        units.to_string(),
                        fill(t.pack_of, &[name, &grouped(*units)]),
                    )
                }),
        );
        let bin_name = |id| match &facts.second_bin_name {
            Some(second) if facts.second_bin_id == Some(id) => second.clone(),
            _ if facts.bin_id == id => facts.bin_name.clone(),
            _ => t.other_bin.to_owned(),
        };
        let portion = |row: &PortionRow| {
            let lot = lot_words(&row.lot_number, row.expires_on, shell);
            let words = [&lot, &bin_name(row.bin_id), &grouped(row.on_hand)];
            fill(t.portion, &[words[0], words[1], words[2]])
        };
        let with_state = |row: &PortionRow| {
            let words = portion(row);
            if row.is_usable {
                words
            } else {
                fill(
                    t.portion_state,
                    &[&words, &lot_state_word(row.state, shell.t)],
                )
            }
        };
        let value = |row: &PortionRow| format!("{}.{}.{}", row.lot_id, row.bin_id, row.on_hand);
        let there = || here.portions.iter().filter(|row| row.on_hand > 0);
        let lots = Lots::new(&here.portions, portion, shell);
        let mut bins = vec![(facts.bin_id.to_string(), facts.bin_name.clone())];
        let second = facts.second_bin_id.zip(facts.second_bin_name.clone());
        bins.extend(second.clone().map(|(id, name)| (id.to_string(), name)));
        let two_bin = |id: crate::ids::BinId, name: String, empty_since| TwoBin {
            id: id.0,
            name,
            empty_since,
            key: new_key(),
        };
        let mut two_bins = Vec::new();
        if let Some((id, name)) = second {
            two_bins.push(two_bin(
                facts.bin_id,
                facts.bin_name.clone(),
                facts.empty_since,
            ));
            two_bins.push(two_bin(id, name, facts.second_empty_since));
        }
        let order = |line: &OrderLine| {
            let open = (line.quantity() - line.quantity_received).max(0);
            let amount = quantity(open, &line.base_unit, line.pack_units, shell.t);
            let state = state_word(line.state, shell.t);
            (
                line.order_line_id.to_string(),
                fill(t.order_open, &[&amount, &state]),
            )
        };
        Self {
            action: routes::item_path(card.item_id, None),
            issue_key: new_key(),
            return_key: new_key(),
            receive_key: new_key(),
            adjust_key: new_key(),
            write_off_key: new_key(),
            to_supplier_key: new_key(),
            transfer_key: new_key(),
            units,
            fefo: lots.fefo,
            lots: [lots.first.clone(), lots.other.clone()].concat(),
            first_lots: lots.first,
            other_lots: lots.other,
            portions: here
                .portions
                .iter()
                .map(|row| (value(row), with_state(row)))
                .collect(),
            leaving: there().map(|row| (value(row), with_state(row))).collect(),
            moving: there()
                .filter(|row| row.is_usable)
                .map(|row| (value(row), portion(row)))
                .collect(),
            targets: targets(here, shell),
            bins,
            orders: here.orders.iter().map(order).collect(),
            two_bins,
            is_supply: routes::may_open(role, routes::REORDER),
        }
    }
}

/// Lots that may be issued.
struct Lots {
    first: Vec<Choice>,
    other: Vec<Choice>,
    fefo: Option<String>,
}

impl Lots {
    /// The same rule as that of the act: another lot than the one that expires first needs a reason.
    fn new(portions: &[PortionRow], words: impl Fn(&PortionRow) -> String, shell: &Shell) -> Self {
        let usable = || portions.iter().filter(|row| row.is_usable);
        let leaves_first = usable().find(|row| row.on_hand > 0);
        let (mut first, mut other): (Vec<Choice>, Vec<Choice>) = (Vec::new(), Vec::new());
        for row in usable() {
            let value = row.lot_id.to_string();
            if first.iter().chain(&other).any(|(known, _)| *known == value) {
                continue;
            }
            let needs_reason = leaves_first.is_some_and(|leaves| leaves.leaves_before(row));
            let of = if needs_reason { &mut other } else { &mut first };
            of.push((value, words(row)));
        }
        let fefo = leaves_first.filter(|_| !other.is_empty()).map(|row| {
            let lot = lot_words(&row.lot_number, row.expires_on, shell);
            fill(shell.t.stock.fefo, &[&lot])
        });
        Self { first, other, fefo }
    }
}

/// Where the item may be moved to; this place only when it has another bin of it.
fn targets(here: &Here, shell: &Shell) -> Vec<Choice> {
    let facts = &here.line.facts;
    here.targets
        .iter()
        .filter(|to| to.stock_place_id != facts.stock_place_id || facts.second_bin_id.is_some())
        .map(|to| {
            let words = [&to.stock_place_name, &to.bin_name];
            (
                format!("{}.{}", to.stock_place_id, to.bin_id),
                fill(shell.t.stock.target_words, &[words[0], words[1]]),
            )
        })
        .collect()
}

/// "25A0042, use by 30 Nov 2026".
fn lot_words(number: &str, expires_on: Option<NaiveDate>, shell: &Shell) -> String {
    let t = &shell.t.stock;
    let number = if number.is_empty() { t.no_lot } else { number };
    match expires_on {
        Some(day) => fill(t.lot_until, &[&number, &filters::day(day)]),
        None => number.to_owned(),
    }
}

impl MoveRow {
    fn new(line: &MoveLine, unit: &str, shell: &Shell) -> Self {
        let t = &shell.t.stock;
        let reason = reason_word(line.reason, shell.t);
        let sign = if line.quantity < 0 { "\u{2212}" } else { "+" };
        let amount = grouped(line.quantity.saturating_abs());
        Self {
            at: line.happened_at,
            reason: if line.is_undo {
                fill(t.undone, &[&reason])
            } else {
                reason.to_owned()
            },
            quantity: format!("{sign}{amount} {unit}"),
            bin: line.bin_name.clone(),
            lot: lot_words(&line.lot_number, line.expires_on, shell),
            lot_href: routes::lot_path(line.lot_id),
            by: match (line.role, &line.reader_key) {
                (Some(role), _) => role_name(role, shell.t).to_owned(),
                (None, Some(reader)) => fill(t.by_reader, &[reader]),
                (None, None) => t.by_program.to_owned(),
            },
            note: line.note.clone().unwrap_or_default(),
        }
    }
}

impl LotLine {
    pub(super) fn new(row: &LotRow, shell: &Shell) -> Self {
        let t = &shell.t.stock;
        let hold = |word| ("is-hold", "hold", word);
        let days = row.days_left.unwrap_or(i32::MAX);
        let left = fill(t.days_left, &[&grouped(i64::from(days.max(0)))]);
        let (class, icon, word) = match row.state {
            LotState::Recalled => hold(t.lot_recalled),
            LotState::Quarantined => hold(t.lot_quarantined),
            LotState::Damaged => hold(t.lot_damaged),
            LotState::Usable if days < 0 => hold(t.lot_expired),
            LotState::Usable if days <= SOON_DAYS => ("is-warn", "bell", t.lot_soon),
            LotState::Usable => ("is-ok", "ready", t.lot_usable),
        };
        let expires = row
            .expires_on
            .map_or_else(|| t.none_word.to_owned(), filters::day);
        let number = &row.lot_number;
        Self {
            href: routes::lot_path(row.lot_id),
            number: if number.is_empty() {
                t.no_lot.to_owned()
            } else {
                number.clone()
            },
            place: row.stock_place_name.clone(),
            bin: row.bin_name.clone(),
            on_hand: grouped(row.on_hand),
            expires: if (0..=SOON_DAYS).contains(&days) {
                fill(t.with_days, &[&expires, &left])
            } else {
                expires
            },
            chip: Chip { class, icon, word },
        }
    }
}
