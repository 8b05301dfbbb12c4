//! The rules of restocking: those that stand above a place, and those of one place.

use actix_web::web;
use askama::Template;
use serde::Deserialize;

use super::rule_words::{rule_href, sets, where_words};
use crate::app::App;
use crate::db::types::{Role, Rounding, StockMethod};
use crate::ids::{ItemId, RuleId};
use crate::supplies::rulebook::{RULES_PER_PAGE, RuleFilter, RuleLine, list_rules};
use crate::web::exports::download_href;
use crate::web::extract::Viewer;
use crate::web::page::{Nav, Page, Shell};
use crate::web::strings::fill;
use crate::web::wording::capitalised;
use crate::web::{PageError, routes};

/// Longest text that is searched for.
const TEXT_MAX: usize = 200;

/// `?which=&q=&after=`
#[derive(Clone, Debug, Default, Deserialize)]
pub struct RulesParams {
    which: Option<String>,
    q: Option<String>,
    after: Option<String>,
}

impl RulesParams {
    /// Which rules are asked for.
    pub(in crate::web) fn filter(&self) -> RuleFilter {
        let text = self.q.as_deref().unwrap_or_default().trim();
        RuleFilter {
            at_places: Some(self.which.as_deref() == Some("places")),
            // Postgres keeps no NUL in a text.
            text: text.replace('\0', "").chars().take(TEXT_MAX).collect(),
        }
    }

    fn after(&self) -> Option<RuleId> {
        let id = self.after.as_deref()?.parse().ok()?;
        Some(RuleId(id))
    }
}

/// The page.
#[derive(Debug, Template)]
#[template(path = "supplies/rules.html")]
pub struct RulesPage {
    /// Frame.
    pub shell: Shell,
    /// Above a place, or at one: address, words, whether it is shown.
    pub choices: Vec<(String, &'static str, bool)>,
    /// Kept by the search.
    pub which: &'static str,
    /// What was searched for.
    pub query: String,
    /// Why there are none.
    pub none: String,
    /// The rules.
    pub rows: Vec<RuleRow>,
    /// More of them.
    pub next_href: Option<String>,
    /// The first page, from any other.
    pub start_href: Option<String>,
    /// They as a file.
    pub csv_href: String,
}

/// A rule, ready to show.
#[derive(Clone, Debug)]
pub struct RuleRow {
    /// Its item, or all items.
    pub item: String,
    /// Where it holds.
    pub place: String,
    /// What it sets.
    pub sets: String,
    /// Where it is changed.
    pub href: String,
}

fn which_word(filter: &RuleFilter) -> &'static str {
    if filter.at_places == Some(true) {
        "places"
    } else {
        "above"
    }
}

fn pairs<'a>(filter: &'a RuleFilter, after: Option<&'a str>) -> Vec<(&'a str, &'a str)> {
    [
        ("which", Some(which_word(filter))),
        ("q", Some(filter.text.as_str())),
        ("after", after),
    ]
    .into_iter()
    .filter_map(|(name, value)| Some((name, value.filter(|text| !text.is_empty())?)))
    .collect()
}

/// `GET /supplies/rules`
///
/// # Errors
/// When the database fails.
pub async fn page(
    app: web::Data<App>,
    viewer: Viewer,
    params: web::Query<RulesParams>,
) -> Result<Page<RulesPage>, PageError> {
    let shell = viewer.shell(Nav::Rules);
    let (filter, after) = (params.filter(), params.after());
    let conn = app.db.conn().await?;
    let (rows, next) = list_rules(&conn, &filter, after, RULES_PER_PAGE).await?;
    Ok(Page::new(RulesPage::new(
        shell,
        &filter,
        &rows,
        (after, next),
    )))
}

impl RulesPage {
    fn new(
        shell: Shell,
        filter: &RuleFilter,
        rows: &[RuleLine],
        (after, next): (Option<RuleId>, Option<RuleId>),
    ) -> Self {
        let t = &shell.t.stock_rules;
        let is_at_places = filter.at_places == Some(true);
        let choice = |at_places: bool, words| {
            let filter = RuleFilter {
                at_places: Some(at_places),
                text: filter.text.clone(),
            };
            let href = routes::with_query(routes::RULES, &pairs(&filter, None));
            (href, words, at_places == is_at_places)
        };
        let none = if filter.text.is_empty() && is_at_places {
            t.none_places.to_owned()
        } else if filter.text.is_empty() {
            t.none.to_owned()
        } else {
            fill(t.none_found, &[&filter.text])
        };
        Self {
            choices: vec![choice(false, t.above), choice(true, t.at_places)],
            which: which_word(filter),
            query: filter.text.clone(),
            none,
            rows: rows.iter().map(|line| RuleRow::new(line, &shell)).collect(),
            next_href: next
                .map(|id| routes::with_query(routes::RULES, &pairs(filter, Some(&id.to_string())))),
            start_href: after.map(|_| routes::with_query(routes::RULES, &pairs(filter, None))),
            csv_href: download_href(routes::RULES_CSV, &pairs(filter, None)),
            shell,
        }
    }

    /// Pages for tests of templates.
    #[must_use]
    pub fn samples() -> Vec<Self> {
        let shell = Shell::sample_for(Role::Supply);
        let filter = |at_places, text: &str| RuleFilter {
            at_places: Some(at_places),
            text: text.to_owned(),
        };
        let rows = sample_lines();
        let end = Some(RuleId(7));
        vec![
            Self::new(shell.clone(), &filter(false, ""), &rows, (end, end)),
            Self::new(shell.clone(), &filter(true, "<b>"), &rows, (None, None)),
            Self::new(shell.clone(), &filter(true, ""), &[], (None, None)),
            Self::new(shell, &filter(false, "<i>"), &[], (None, None)),
        ]
    }
}

impl RuleRow {
    fn new(line: &RuleLine, shell: &Shell) -> Self {
        let t = &shell.t.stock_rules;
        let item = line.item_name.as_ref().map(|name| match &line.item_number {
            Some(number) => format!("{name}, {number}"),
            None => name.clone(),
        });
        let key = line.key();
        Self {
            item: item.unwrap_or_else(|| t.all_items.to_owned()),
            place: capitalised(&where_words(key.scope, &line.scope_name, shell.t)),
            sets: sets(&line.fields(), shell.t),
            href: rule_href(key),
        }
    }
}

/// A rule for an item on a floor, and one for all items everywhere.
pub(super) fn sample_lines() -> Vec<RuleLine> {
    let everywhere = RuleLine {
        rule_id: RuleId(7),
        item_id: None,
        item_number: None,
        item_name: None,
        base_unit: None,
        stock_place_id: None,
        room_id: None,
        floor_id: None,
        building_id: None,
        facility_id: None,
        scope_name: String::new(),
        method: Some(StockMethod::Fixed),
        reorder_point: None,
        par: None,
        maximum: Some(1_400),
        fixed_quantity: Some(50),
        rounding: Some(Rounding::Nearest),
        service_percent: Some(98.0),
        order_days: Some(3.5),
    };
    let floor = RuleLine {
        rule_id: RuleId(8),
        item_id: Some(ItemId(4)),
        item_number: Some("100-20".to_owned()),
        item_name: Some("IV cannula 20G <safety>".to_owned()),
        base_unit: Some("each".to_owned()),
        floor_id: Some(3),
        scope_name: "Level 3 <b>, Main building".to_owned(),
        method: Some(StockMethod::ToPar),
        reorder_point: Some(60),
        par: Some(1_200),
        rounding: Some(Rounding::Down),
        ..everywhere.clone()
    };
    let place = RuleLine {
        rule_id: RuleId(9),
        floor_id: None,
        stock_place_id: Some(6),
        scope_name: "4 West supply room & more".to_owned(),
        method: None,
        rounding: Some(Rounding::Up),
        ..floor.clone()
    };
    vec![everywhere, floor, place]
}
