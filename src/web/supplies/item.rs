//! An item: where it is, how it stands at each place, its lots, its use and its moves, and what people do with it there.

mod forms;
mod rows;

use actix_web::web;
use askama::Template;
use chrono::{DateTime, Datelike, Days, NaiveDate, Utc};
use serde::Deserialize;
use uuid::Uuid;

pub use self::forms::{Choice, Forms, TwoBin};
pub use self::rows::{LotLine, MoveRow};
use super::chart::Chart;
use super::line::{StockRow, cover_words, stock_chip};
use super::rule_edit::rule_here_href;
use super::rule_words::{RuleNumber, may_edit};
pub use super::stock_act::act;
use super::words::quantity;
use super::{rule_how, samples};
use crate::app::App;
use crate::db::types::{OrderState, Role};
use crate::ids::{ItemId, StockPlaceId};
use crate::live::Topic;
use crate::supplies::acts::{PortionRow, list_portions};
use crate::supplies::carry::{RuleStory, find_rule_story};
use crate::supplies::ledger::StockKey;
use crate::supplies::list::{LINES_PER_PAGE, OrderFilter, OrderLine, list_order_lines};
use crate::supplies::rulebook::{RuleLine, list_named_rules};
use crate::supplies::stock::{
    ItemCard, MOVES_PER_PAGE, MoveLine, STOCK_PER_PAGE, StockLine, StockOf, TransferTarget,
    find_item, find_stock, list_item_lots, list_moves, list_stock, list_transfer_targets,
    list_used_days,
};
use crate::web::acts::new_key;
use crate::web::exports::download_href;
use crate::web::extract::{IdPath, Viewer};
use crate::web::filters;
use crate::web::page::{Chip, Nav, Page, Shell};
use crate::web::strings::fill;
use crate::web::wording::grouped;
use crate::web::{PageError, routes};

/// Weeks of the chart of use.
const WEEKS: u64 = 12;
/// For how long an act can be taken back.
const UNDO_SECONDS: i64 = 30;

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
