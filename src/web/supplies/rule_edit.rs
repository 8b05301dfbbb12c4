//! One rule of restocking: what it sets, what it would inherit, how much it reaches; saving and deleting it.

mod fields;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;
use uuid::Uuid;

pub use self::fields::{ChoiceField, NumberField};
use self::fields::{choices, numbers, problem};
use super::rule_words::{rule_href, sets, where_words};
use crate::app::App;
use crate::db::again::again;
use crate::db::types::Role;
use crate::ids::ItemId;
use crate::live::Topic;
use crate::supplies::rule_form::{RuleFault, RuleTexts};
use crate::supplies::rulebook::{
    REACH_SHOWN_MAX, RuleCard, RuleForm, RuleKey, RulePosted, RuleRefusal, Scope, find_rule_card,
    is_carried_later, perform_rule_form,
};
use crate::web::acts::{RefusedPage, new_key};
use crate::web::extract::Viewer;
use crate::web::page::{Nav, Page, Problem, Shell, see_other};
use crate::web::strings::fill;
use crate::web::wording::grouped;
use crate::web::{PageError, routes};

/// `?item=&at=`
#[derive(Clone, Debug, Default, Deserialize)]
pub struct RuleParams {
    #[serde(default)]
    item: String,
    #[serde(default)]
    at: String,
}

fn rule_key(item: &str, at: &str) -> Option<RuleKey> {
    let item_id = match item {
        "" => None,
        text => Some(ItemId(text.parse().ok()?)),
    };
    let scope = Scope::parse(at)?;
    Some(RuleKey { item_id, scope })
}

/// The form as it was sent.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SaveForm {
    key: String,
    act: String,
    #[serde(default)]
    item: String,
    at: String,
    shown: String,
    #[serde(default)]
    method: String,
    #[serde(default)]
    point: String,
    #[serde(default)]
    target: String,
    #[serde(default)]
    maximum: String,
    #[serde(default)]
    fixed: String,
    #[serde(default)]
    rounding: String,
    #[serde(default)]
    service: String,
    #[serde(default)]
    days: String,
}

impl SaveForm {
    fn texts(&self) -> RuleTexts {
        RuleTexts {
            method: self.method.clone(),
            reorder_point: self.point.clone(),
            par: self.target.clone(),
            maximum: self.maximum.clone(),
            fixed_quantity: self.fixed.clone(),
            rounding: self.rounding.clone(),
            service_percent: self.service.clone(),
            order_days: self.days.clone(),
        }
    }
}

/// The page.
#[derive(Debug, Template)]
#[template(path = "supplies/rule_form.html")]
pub struct RuleFormPage {
    /// Frame.
    pub shell: Shell,
    /// "Rule for IV cannula 20G".
    pub heading: String,
    /// "Holds in Level 3."
    pub place: String,
    /// How many items and places it reaches.
    pub reach: String,
    /// When their numbers follow, when that is not at once.
    pub later: Option<&'static str>,
    /// What is wrong.
    pub problems: Vec<Problem>,
    /// What the rule is now, when somebody was faster.
    pub stale: Option<String>,
    /// Idempotency key.
    pub key: String,
    /// Its item; empty: all items.
    pub item: String,
    /// Where it holds.
    pub at: String,
    /// What the form shows of the rule.
    pub shown: String,
    /// Fields with a number.
    pub numbers: Vec<NumberField>,
    /// Fields with a choice.
    pub choices: Vec<ChoiceField>,
    /// Whether there is a rule that can be deleted.
    pub is_there: bool,
    /// Where one came from.
    pub back: String,
}

/// `GET /supplies/rules/form?item=&at=`
///
/// # Errors
/// 404 for an item or place that does not exist; when the database fails.
pub async fn page(
    app: web::Data<App>,
    viewer: Viewer,
    params: web::Query<RuleParams>,
) -> Result<Page<RuleFormPage>, PageError> {
    let shell = viewer.shell(Nav::Rules);
    let key = rule_key(&params.item, &params.at).ok_or(PageError::NotFound)?;
    let conn = app.db.conn().await?;
    let card = find_rule_card(&conn, key).await?;
    let card = card.ok_or(PageError::NotFound)?;
    Ok(Page::new(RuleFormPage::new(shell, &card, None)))
}

/// `POST /supplies/rules/form`
///
/// # Errors
/// When the form cannot be read, or the database fails.
pub async fn save(
    app: web::Data<App>,
    viewer: Viewer,
    form: web::Form<SaveForm>,
) -> Result<HttpResponse, PageError> {
    let shell = viewer.shell(Nav::Rules);
    let bad = |name: &str, value: &str| {
        let words = fill(shell.t.stock_rules.bad_field, &[&name, &short(value)]);
        refused(shell.clone(), StatusCode::BAD_REQUEST, words)
    };
    let Ok(form_key) = form.key.parse::<Uuid>() else {
        return bad("key", &form.key);
    };
    let Some(rule) = rule_key(&form.item, &form.at) else {
        return bad("at", &form.at);
    };
    let texts = match form.act.as_str() {
        "save" => form.texts(),
        "delete" => RuleTexts::default(),
        other => return bad("act", other),
    };
    let fields = match texts.parse() {
        Ok(fields) => fields,
        Err(faults) => return with_faults(&app, shell, rule, &form, &faults).await,
    };
    let back = back_path(rule);
    let sent = RuleForm {
        key: form_key,
        user_id: viewer.user_id,
        rule,
        shown: &form.shown,
        fields,
        location: &back,
    };
    match perform(&app, &sent).await? {
        Ok(RulePosted::Done { is_later }) => {
            app.hints.send([Topic::Alerts]);
            let t = &shell.t.stock_rules;
            let words = match (fields.is_empty(), is_later) {
                (_, true) => t.saved_later,
                (true, false) => t.deleted,
                (false, false) => t.saved,
            };
            viewer.leave_flash(&app, words).await?;
            Ok(see_other(&back))
        }
        Ok(RulePosted::Repeat { location }) => {
            viewer.leave_flash(&app, shell.t.acts.done_already).await?;
            Ok(see_other(routes::safe_next(&location)))
        }
        Err(RuleRefusal::Faults(faults)) => with_faults(&app, shell, rule, &form, &faults).await,
        Err(RuleRefusal::Gone) => {
            let words = shell.t.stock_rules.gone.to_owned();
            refused(shell, StatusCode::CONFLICT, words)
        }
        Err(RuleRefusal::Stale) => {
            let conn = app.db.conn().await?;
            let card = find_rule_card(&conn, rule).await?;
            let card = card.ok_or(PageError::NotFound)?;
            let now = card.own.map(|(_, fields)| fields).unwrap_or_default();
            let words = fill(shell.t.stock_rules.stale, &[&sets(&now, shell.t)]);
            let typed = (form.act == "save").then(|| form.texts());
            let mut page = RuleFormPage::new(shell, &card, typed.as_ref());
            page.stale = Some(words);
            Page::new(page).with_status(StatusCode::CONFLICT).render()
        }
    }
}

/// Where the answer leads: the item at its place, or the list.
fn back_path(rule: RuleKey) -> String {
    match rule.stock() {
        Some(stock) => routes::item_path(stock.item_id, Some(stock.stock_place_id)),
        None => routes::RULES.to_owned(),
    }
}

/// Carries the form out, again when its transaction met another one.
async fn perform(
    app: &App,
    form: &RuleForm<'_>,
) -> Result<Result<RulePosted, RuleRefusal>, PageError> {
    let done = again(&app.db, async |conn| {
        perform_rule_form(conn, form, app.clock.now()).await
    });
    Ok(done.await?)
}

/// The form again, with what was typed and what is wrong with it.
async fn with_faults(
    app: &App,
    shell: Shell,
    rule: RuleKey,
    form: &SaveForm,
    faults: &[RuleFault],
) -> Result<HttpResponse, PageError> {
    let conn = app.db.conn().await?;
    let Some(card) = find_rule_card(&conn, rule).await? else {
        return Err(PageError::NotFound);
    };
    let mut page = RuleFormPage::new(shell, &card, Some(&form.texts()));
    page.shown.clone_from(&form.shown);
    page.problems = faults
        .iter()
        .map(|fault| problem(fault, &page.shell))
        .collect();
    Page::new(page)
        .with_status(StatusCode::UNPROCESSABLE_ENTITY)
        .render()
}

fn short(text: &str) -> String {
    text.chars().take(40).collect()
}

fn refused(shell: Shell, status: StatusCode, words: String) -> Result<HttpResponse, PageError> {
    let t = &shell.t.stock_rules;
    let title = match status {
        StatusCode::BAD_REQUEST => shell.t.error.bad_title,
        _ => t.gone_title,
    };
    let page = RefusedPage {
        title: title.to_owned(),
        sentences: vec![words],
        links: vec![(t.title.to_owned(), routes::RULES.to_owned())],
        shell,
    };
    Page::new(page).with_status(status).render()
}

impl RuleFormPage {
    fn new(shell: Shell, card: &RuleCard, typed: Option<&RuleTexts>) -> Self {
        let own = card.own.map(|(_, fields)| fields);
        let kept = RuleTexts::of(&own.unwrap_or_default());
        let texts = typed.unwrap_or(&kept);
        let t = &shell.t.stock_rules;
        let item = card.item.as_ref().map(|item| item.name.as_str());
        let is_one = card.story.is_some();
        let reach = match card.reach {
            _ if is_one => t.reach_here.to_owned(),
            0 => t.reach_none.to_owned(),
            1 => t.reach_one.to_owned(),
            n if n > REACH_SHOWN_MAX => fill(t.reach_many, &[&count(REACH_SHOWN_MAX)]),
            n => fill(t.reach, &[&count(n)]),
        };
        let place = where_words(card.key.scope, &card.scope_name, shell.t);
        Self {
            heading: fill(t.edit_title, &[&item.unwrap_or(t.all_items)]),
            place: fill(t.edit_where, &[&place]),
            reach,
            later: is_carried_later(card.reach).then_some(t.reach_later),
            problems: Vec::new(),
            stale: None,
            key: new_key(),
            item: card
                .key
                .item_id
                .map(|id| id.to_string())
                .unwrap_or_default(),
            at: card.key.scope.to_string(),
            shown: RuleTexts::fingerprint(own.as_ref()),
            numbers: numbers(card, texts, &shell),
            choices: choices(card, texts, &shell),
            is_there: own.is_some(),
            back: back_path(card.key),
            shell,
        }
    }

    /// Whether a field has a problem.
    fn is_wrong(&self, field: &str) -> bool {
        self.problems.iter().any(|problem| problem.field == field)
    }

    /// Pages for tests of templates.
    #[must_use]
    pub fn samples() -> Vec<Self> {
        let shell = Shell::sample_for(Role::Supply);
        let one = super::samples::rule_card(true);
        let mut wrong = Self::new(shell.clone(), &one, None);
        wrong.stale = Some("<b>".to_owned());
        wrong.problems = [
            RuleFault::ParBelowPoint(5, 60),
            RuleFault::NotPacks(7, 50),
            RuleFault::Days("<i>".to_owned()),
        ]
        .iter()
        .map(|fault| problem(fault, &shell))
        .collect();
        let many = Self::new(shell.clone(), &super::samples::rule_card(false), None);
        vec![Self::new(shell, &one, None), wrong, many]
    }
}

fn count(number: usize) -> String {
    grouped(i64::try_from(number).unwrap_or(i64::MAX))
}

/// The rule of an item at its place, to change it.
pub(super) fn rule_here_href(item_id: ItemId, place: crate::ids::StockPlaceId) -> String {
    rule_href(RuleKey {
        item_id: Some(item_id),
        scope: Scope::Place(place),
    })
}
