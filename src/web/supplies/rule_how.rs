//! How the numbers of the rule at a place are made: every input, and the arithmetic.

use actix_web::web;
use askama::Template;

use super::item::ItemParams;
use super::line::cover_words;
use super::rule_edit::rule_here_href;
use super::rule_words::{
    Kind, OriginWords, RuleNumber, may_edit, method_word, origin_words, plain, real, rounding_word,
};
use super::samples;
use super::words::quantity;
use crate::app::App;
use crate::db::types::{Role, StockMethod};
use crate::ids::ItemId;
use crate::supplies::carry::{RuleStory, find_rule_story};
use crate::supplies::inherit::{InForce, Origin, Told};
use crate::supplies::ledger::StockKey;
use crate::supplies::rulebook::{RuleLine, list_named_rules};
use crate::supplies::stock::{StockLine, count_days_out, find_stock};
use crate::web::extract::{IdPath, Viewer};
use crate::web::page::{Nav, Page, Shell};
use crate::web::strings::fill;
use crate::web::wording::grouped;
use crate::web::{PageError, routes};

/// The page.
#[derive(Debug, Template)]
#[template(path = "supplies/rule_how.html")]
pub struct RuleHowPage {
    /// Frame.
    pub shell: Shell,
    /// "How the numbers for IV cannula 20G are made".
    pub heading: String,
    /// "At 4 West supply room."
    pub place: String,
    /// That the numbers are not yet, or not at all, those of the rules.
    pub note: Option<&'static str>,
    /// What goes in: what it is, its value, where it comes from.
    pub inputs: Vec<(&'static str, String, OriginWords)>,
    /// Number by number.
    pub parts: Vec<HowPart>,
    /// The item at the place.
    pub back: String,
    /// Where the rule is changed, for those who may.
    pub rule_href: Option<String>,
}

/// How one number is made.
#[derive(Clone, Debug)]
pub struct HowPart {
    /// Its id on the page.
    pub id: &'static str,
    /// "Reorder point".
    pub heading: &'static str,
    /// "61 each".
    pub answer: String,
    /// Where it comes from, when a rule may set it.
    pub origin: Option<OriginWords>,
    /// The arithmetic.
    pub sentences: Vec<String>,
}

/// `GET /supplies/items/{id}/how?place=`
///
/// # Errors
/// 404 when the place need not hold the item; when the database fails.
pub async fn page(
    app: web::Data<App>,
    viewer: Viewer,
    id: IdPath<ItemId>,
    params: web::Query<ItemParams>,
) -> Result<Page<RuleHowPage>, PageError> {
    let shell = viewer.shell(Nav::Supplies);
    let key = StockKey {
        item_id: id.0,
        stock_place_id: params.place().ok_or(PageError::NotFound)?,
    };
    let conn = app.db.conn().await?;
    let (line, story) = tokio::try_join!(
        find_stock(&conn, key, app.clock.now()),
        find_rule_story(&conn, key)
    )?;
    let (line, story) = line.zip(story).ok_or(PageError::NotFound)?;
    let names = list_named_rules(&conn, &story.rules).await?;
    let days_out = count_days_out(&conn, key, line.standing.today).await?;
    Ok(Page::new(RuleHowPage::new(
        shell, &line, &story, &names, days_out,
    )))
}

/// Why the numbers are not those of the rules, when they are not.
pub(super) fn note(story: &RuleStory, shell: &Shell) -> Option<&'static str> {
    let t = &shell.t.stock_rules;
    if story.row.keeps(&story.found) {
        None
    } else if story.row.rules_at.is_none() {
        Some(t.by_hand)
    } else {
        Some(t.behind)
    }
}

/// Names numbers by what is kept, and says where they come from only where the rules say the same.
struct Namer<'a> {
    line: &'a StockLine,
    names: &'a [RuleLine],
    shell: &'a Shell,
}

impl Namer<'_> {
    fn amount(&self, number: i64) -> String {
        let (facts, row) = (&self.line.facts, &self.line.standing);
        quantity(number, &facts.base_unit, row.pack_units, self.shell.t)
    }

    fn origin<T: PartialEq + Copy>(
        &self,
        kept: Option<T>,
        told: Option<Told<T>>,
        kind: Kind,
    ) -> OriginWords {
        let t = &self.shell.t.stock_rules;
        match told {
            Some(told) if kept == Some(told.value) => origin_words(
                told.origin,
                kind,
                self.names,
                may_edit(self.shell),
                self.shell.t,
            ),
            None if kept.is_none() => plain(t.origin_usual),
            _ => plain(t.origin_behind),
        }
    }

    /// The cost of an order and of holding one for a year: only for those who set them (S-19).
    fn costs(&self, story: &RuleStory) -> Option<(f64, f64)> {
        let costs = story.row.order_cost.zip(story.row.holding_cost);
        costs.filter(|_| may_edit(self.shell))
    }

    fn number(
        &self,
        name: &'static str,
        value: String,
        origin: OriginWords,
        id: &str,
    ) -> RuleNumber {
        let facts = &self.line.facts;
        let path = routes::item_how_path(facts.item_id, facts.stock_place_id);
        RuleNumber {
            name,
            value,
            origin,
            how_href: format!("{path}#{id}"),
        }
    }
}

/// The rule at a place, number by number.
pub(super) fn numbers(
    line: &StockLine,
    story: Option<&RuleStory>,
    names: &[RuleLine],
    shell: &Shell,
) -> Vec<RuleNumber> {
    let (t, r) = (&shell.t.stock, &shell.t.stock_rules);
    let row = &line.standing;
    let Some(story) = story else {
        return Vec::new();
    };
    let (found, says) = (&story.found, Namer { line, names, shell });
    let mut numbers = Vec::new();
    if row.has_two_bins {
        let origin = says.origin(row.fixed_quantity, found.fixed_quantity, Kind::Level);
        let value = says.amount(row.fixed_quantity.unwrap_or(0));
        numbers.push(says.number(t.one_bin, value, origin, "bin"));
    } else {
        let origin = says.origin(
            Some(row.reorder_point),
            Some(found.reorder_point),
            Kind::Level,
        );
        numbers.push(says.number(t.point, says.amount(row.reorder_point), origin, "point"));
        let origin = says.origin(Some(row.par), Some(found.par), Kind::Level);
        numbers.push(says.number(t.target, says.amount(row.par), origin, "target"));
        let origin = says.origin(row.maximum, found.maximum, Kind::Choice);
        let value = row.maximum.map(|maximum| says.amount(maximum));
        let value = value.unwrap_or_else(|| t.none_word.to_owned());
        numbers.push(says.number(t.maximum, value, origin, "inputs"));
        let origin = says.origin(Some(row.method), Some(found.method), Kind::Choice);
        let value = method_word(row.method, shell.t).to_owned();
        numbers.push(says.number(r.field_method, value, origin, "fixed"));
        if let Some(fixed) = row
            .fixed_quantity
            .filter(|_| row.method == StockMethod::Fixed)
        {
            let origin = says.origin(Some(fixed), found.fixed_quantity, Kind::Fixed);
            numbers.push(says.number(t.fixed, says.amount(fixed), origin, "fixed"));
        }
        let origin = says.origin(Some(row.rounding), Some(found.rounding), Kind::Choice);
        let value = rounding_word(row.rounding, shell.t).to_owned();
        numbers.push(says.number(r.field_rounding, value, origin, "inputs"));
    }
    if let Some(levels) = found.levels {
        let value = says.amount(levels.safety_stock);
        numbers.push(says.number(r.safety, value, plain(r.origin_computed), "safety"));
    }
    let percent = found.service_percent;
    let origin = says.origin(Some(percent.value), Some(percent), Kind::Choice);
    let value = fill(r.percent_value, &[&percent.value]);
    numbers.push(says.number(r.service_row, value, origin, "safety"));
    if !row.has_two_bins {
        let days = found.order_days;
        let origin = says.origin(Some(days.value), Some(days), Kind::Choice);
        let value = fill(r.days_value, &[&real(f64::from(days.value))]);
        numbers.push(says.number(r.days_row, value, origin, "target"));
    }
    if let Some(size) = found.economic.filter(|_| may_edit(shell)) {
        let value = says.amount(size);
        numbers.push(says.number(r.economic, value, plain(r.origin_costs), "economic"));
    }
    let origin = if row.use_per_day > 0.0 {
        plain(r.origin_computed)
    } else {
        plain(r.origin_no_use)
    };
    numbers.push(says.number(r.cover, cover_words(line, shell.t), origin, "cover"));
    numbers
}

impl RuleHowPage {
    fn new(
        shell: Shell,
        line: &StockLine,
        story: &RuleStory,
        names: &[RuleLine],
        days_out: i64,
    ) -> Self {
        let t = &shell.t.stock_rules;
        let (facts, found) = (&line.facts, &story.found);
        let says = Namer {
            line,
            names,
            shell: &shell,
        };
        let mut parts = Vec::new();
        if line.standing.has_two_bins {
            parts.push(bin_part(&says, story));
        }
        parts.push(point_part(&says, story));
        parts.push(safety_part(&says, story));
        if !line.standing.has_two_bins {
            parts.push(target_part(&says, story));
            parts.push(fixed_part(&says, found, story));
        }
        parts.extend(economic_part(&says, story));
        parts.push(cover_part(&says));
        let mut inputs = inputs(&says, story);
        let left_out = (t.input_days_out, grouped(days_out), OriginWords::default());
        inputs.insert(1, left_out);
        Self {
            heading: fill(t.how_title, &[&facts.item_name]),
            place: fill(t.how_at, &[&facts.stock_place_name]),
            note: note(story, &shell),
            inputs,
            parts,
            back: routes::item_path(facts.item_id, Some(facts.stock_place_id)),
            rule_href: may_edit(&shell)
                .then(|| rule_here_href(facts.item_id, facts.stock_place_id)),
            shell,
        }
    }

    /// Pages for tests of templates.
    #[must_use]
    pub fn samples() -> Vec<Self> {
        let mut pages = Vec::new();
        for role in [Role::Supply, Role::Nurse] {
            let shell = Shell::sample_for(role);
            for line in samples::stock_lines(shell.now) {
                let story = samples::story(&line);
                let names = super::rules::sample_lines();
                pages.push(Self::new(shell.clone(), &line, &story, &names, 3));
            }
        }
        pages
    }
}

fn inputs(says: &Namer<'_>, story: &RuleStory) -> Vec<(&'static str, String, OriginWords)> {
    let t = &says.shell.t.stock_rules;
    let (row, found) = (&story.row, &story.found);
    let small = |number: f32| real(f64::from(number));
    let none = OriginWords::default;
    let mut inputs = vec![
        (t.input_use, small(row.use_per_day), none()),
        (t.input_deviation, small(row.use_deviation), none()),
    ];
    match row.lead_days.zip(row.lead_deviation_days) {
        Some((days, deviation)) => {
            inputs.push((t.input_lead, small(days), none()));
            inputs.push((t.input_lead_deviation, small(deviation), none()));
        }
        None => inputs.push((t.input_lead, t.no_supplier.to_owned(), none())),
    }
    let round = row.round_days.map_or_else(|| t.no_round.to_owned(), small);
    inputs.push((t.input_round, round, none()));
    let percent = found.service_percent;
    let factor = real(found.supply.service_factor);
    let value = fill(t.input_service_value, &[&percent.value, &factor]);
    let origin = says.origin(Some(percent.value), Some(percent), Kind::Choice);
    inputs.push((t.input_service, value, origin));
    let days = found.order_days;
    let origin = says.origin(Some(days.value), Some(days), Kind::Choice);
    inputs.push((t.input_days, small(days.value), origin));
    inputs.push((t.input_pack, says.amount(row.pack_units), none()));
    inputs.push((
        t.field_maximum,
        found.maximum.map_or_else(
            || says.shell.t.stock.none_word.to_owned(),
            |told| says.amount(told.value),
        ),
        says.origin(
            found.maximum.map(|told| told.value),
            found.maximum,
            Kind::Choice,
        ),
    ));
    let rounding = rounding_word(found.rounding.value, says.shell.t).to_owned();
    let origin = says.origin(
        Some(found.rounding.value),
        Some(found.rounding),
        Kind::Choice,
    );
    inputs.push((t.field_rounding, rounding, origin));
    let available = says.amount(says.line.standing.usable);
    inputs.push((t.input_available, available, none()));
    // Both or none: one of them alone gives nothing.
    if let Some((order, hold)) = says.costs(story) {
        inputs.push((t.input_order_cost, real(order), none()));
        inputs.push((t.input_holding_cost, real(hold), none()));
    }
    inputs
}

/// A number whose value is far below 2^53.
#[expect(
    clippy::as_conversions,
    clippy::cast_precision_loss,
    reason = "quantities are exact below 2^53"
)]
fn number(quantity: i64) -> f64 {
    quantity as f64
}

fn safety_part(says: &Namer<'_>, story: &RuleStory) -> HowPart {
    let t = &says.shell.t.stock_rules;
    let (demand, supply) = (story.row.inputs().demand, story.found.supply);
    let (answer, sentence) = match story.found.levels {
        Some(levels) => {
            let exposed = supply.lead_days + supply.round_days;
            let spread = exposed * demand.deviation.powi(2)
                + (demand.per_day * supply.lead_deviation).powi(2);
            let result = supply.service_factor * spread.sqrt();
            let words = fill(
                t.safety_how,
                &[
                    &real(supply.service_factor),
                    &real(supply.lead_days),
                    &real(supply.round_days),
                    &real(demand.deviation),
                    &real(demand.per_day),
                    &real(supply.lead_deviation),
                    &real(result),
                    &grouped(levels.safety_stock),
                ],
            );
            (says.amount(levels.safety_stock), words)
        }
        None => (says.amount(0), t.safety_none.to_owned()),
    };
    HowPart {
        id: "safety",
        heading: t.safety,
        answer,
        origin: None,
        sentences: vec![sentence],
    }
}

fn is_by_rule(origin: Origin) -> bool {
    matches!(origin, Origin::Rule { .. })
}

/// The reorder point as it is computed.
fn point_words(says: &Namer<'_>, story: &RuleStory) -> Option<String> {
    let t = &says.shell.t.stock_rules;
    let levels = story.found.levels?;
    let (demand, supply) = (story.row.inputs().demand, story.found.supply);
    let expected = demand.per_day * (supply.lead_days + supply.round_days);
    Some(fill(
        t.point_how,
        &[
            &real(demand.per_day),
            &real(supply.lead_days),
            &real(supply.round_days),
            &grouped(levels.safety_stock),
            &real(expected + number(levels.safety_stock)),
            &grouped(levels.reorder_point),
        ],
    ))
}

fn point_part(says: &Namer<'_>, story: &RuleStory) -> HowPart {
    let t = &says.shell.t.stock_rules;
    let (found, kept) = (&story.found, says.line.standing.reorder_point);
    let mut sentences = Vec::new();
    let computed = point_words(says, story);
    if is_by_rule(found.reorder_point.origin) {
        let value = says.amount(found.reorder_point.value);
        sentences.push(fill(t.point_set, &[&value]));
        if let Some(levels) = found.levels {
            sentences.push(fill(t.would_be, &[&says.amount(levels.reorder_point)]));
        }
    } else if computed.is_none() {
        sentences.push(t.point_none.to_owned());
    }
    sentences.extend(computed);
    HowPart {
        id: "point",
        heading: says.shell.t.stock.point,
        answer: says.amount(kept),
        origin: Some(says.origin(Some(kept), Some(found.reorder_point), Kind::Level)),
        sentences,
    }
}

fn target_part(says: &Namer<'_>, story: &RuleStory) -> HowPart {
    let t = &says.shell.t.stock_rules;
    let (found, kept) = (&story.found, says.line.standing.par);
    let (demand, supply) = (story.row.inputs().demand, found.supply);
    let mut sentences = Vec::new();
    let said = found.par_raised_from.unwrap_or(found.par.value);
    match (found.par.origin, found.levels) {
        (Origin::Rule { .. }, levels) => {
            sentences.push(fill(t.par_set, &[&says.amount(said)]));
            sentences.extend(levels.map(|levels| fill(t.would_be, &[&says.amount(levels.par)])));
        }
        (_, None) => sentences.push(t.par_none.to_owned()),
        (_, Some(_)) => {}
    }
    if let Some(levels) = found.levels {
        let expected = demand.per_day * (supply.lead_days + supply.round_days);
        let result = expected + number(levels.safety_stock) + demand.per_day * supply.order_days;
        sentences.push(fill(
            t.par_how,
            &[
                &real(demand.per_day),
                &real(supply.lead_days),
                &real(supply.round_days),
                &grouped(levels.safety_stock),
                &real(demand.per_day),
                &real(supply.order_days),
                &real(result),
                &grouped(levels.par),
            ],
        ));
    }
    if let Some(from) = found.par_raised_from {
        let words = [&says.amount(from), &says.amount(found.par.value)];
        sentences.push(fill(t.par_raised, &[words[0], words[1]]));
    }
    HowPart {
        id: "target",
        heading: says.shell.t.stock.target,
        answer: says.amount(kept),
        origin: Some(says.origin(Some(kept), Some(found.par), Kind::Level)),
        sentences,
    }
}

fn bin_part(says: &Namer<'_>, story: &RuleStory) -> HowPart {
    let t = &says.shell.t.stock_rules;
    let kept = says.line.standing.fixed_quantity;
    let told = story.found.fixed_quantity;
    let mut sentences = Vec::new();
    match (
        told.filter(|told| is_by_rule(told.origin)),
        story.found.levels,
    ) {
        (Some(told), levels) => {
            sentences.push(fill(t.bin_set, &[&says.amount(told.value)]));
            sentences.extend(
                levels.map(|levels| fill(t.would_be, &[&says.amount(levels.one_of_two_bins())])),
            );
        }
        (None, Some(levels)) => {
            let bin = says.amount(levels.one_of_two_bins());
            sentences.push(fill(t.bin_how, &[&bin]));
        }
        (None, None) => sentences.push(t.bin_none.to_owned()),
    }
    HowPart {
        id: "bin",
        heading: says.shell.t.stock.one_bin,
        answer: says.amount(kept.unwrap_or(0)),
        origin: Some(says.origin(kept, told, Kind::Level)),
        sentences,
    }
}

fn fixed_part(says: &Namer<'_>, found: &InForce, story: &RuleStory) -> HowPart {
    let t = &says.shell.t.stock_rules;
    let kept = says.line.standing.method;
    let mut sentences = Vec::new();
    if found.lacks_quantity {
        sentences.push(t.fixed_lacks.to_owned());
    }
    if let Some(told) = found
        .fixed_quantity
        .filter(|_| found.method.value == StockMethod::Fixed)
    {
        sentences.push(fill(t.fixed_set, &[&says.amount(told.value)]));
        if let Some(from) = found.fixed_raised_from {
            let pack = grouped(story.row.pack_units);
            let words = [&grouped(from), &pack, &grouped(told.value)];
            sentences.push(fill(t.fixed_raised, &[words[0], words[1], words[2]]));
        }
    }
    HowPart {
        id: "fixed",
        heading: t.field_method,
        answer: method_word(kept, says.shell.t).to_owned(),
        origin: Some(says.origin(Some(kept), Some(found.method), Kind::Choice)),
        sentences,
    }
}

fn economic_part(says: &Namer<'_>, story: &RuleStory) -> Option<HowPart> {
    let t = &says.shell.t.stock_rules;
    let (order, hold) = says.costs(story)?;
    let size = story.found.economic?;
    let per_year = story.row.inputs().demand.per_day * 365.0;
    let result = (2.0 * per_year * order / hold).sqrt();
    let how = fill(
        t.economic_how,
        &[
            &real(per_year),
            &real(order),
            &real(hold),
            &real(result),
            &grouped(size),
        ],
    );
    let used = story
        .found
        .fixed_quantity
        .filter(|told| told.origin == Origin::Computed && !story.row.has_two_bins);
    let follows = match used {
        Some(told) => fill(t.economic_used, &[&says.amount(told.value)]),
        None => t.economic_unused.to_owned(),
    };
    Some(HowPart {
        id: "economic",
        heading: t.economic,
        answer: says.amount(size),
        origin: None,
        sentences: vec![how, follows],
    })
}

fn cover_part(says: &Namer<'_>) -> HowPart {
    let t = &says.shell.t.stock_rules;
    let row = &says.line.standing;
    let per_day = f64::from(row.use_per_day);
    let sentence = if per_day > 0.0 {
        let available = row.usable.max(0);
        let days = number(available) / per_day;
        fill(
            t.cover_how,
            &[&grouped(available), &real(per_day), &real(days)],
        )
    } else {
        t.cover_none.to_owned()
    };
    HowPart {
        id: "cover",
        heading: t.cover,
        answer: cover_words(says.line, says.shell.t),
        origin: None,
        sentences: vec![sentence],
    }
}
