//! What is wrong with the forms of items and suppliers, in words, and the answers they share.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;

use crate::app::App;
use crate::db::again::again;
use crate::supplies::catalogue::{ItemForm, ItemPosted, ItemRefusal, perform_item_form};
use crate::supplies::item_form::{ItemFault, ItemField};
use crate::web::PageError;
use crate::web::acts::RefusedPage;
use crate::web::page::{Page, Problem, Shell};
use crate::web::strings::{Strings, fill};
use crate::web::wording::grouped;

/// A field with a text.
#[derive(Clone, Debug)]
pub struct TextField {
    /// Name and id.
    pub id: &'static str,
    /// Its label.
    pub label: &'static str,
    /// What goes in.
    pub hint: &'static str,
    /// What it says.
    pub value: String,
    /// Longest text.
    pub most: usize,
}

/// A text field of a form.
pub(super) fn text_field(
    field: ItemField,
    hint: &'static str,
    most: usize,
    value: &str,
    t: &'static Strings,
) -> TextField {
    TextField {
        id: field_id(field),
        label: label(field, t),
        hint,
        value: value.to_owned(),
        most,
    }
}

pub(super) fn field_id(field: ItemField) -> &'static str {
    match field {
        ItemField::Number => "number",
        ItemField::Name => "name",
        ItemField::Unit => "unit",
        ItemField::Category => "category",
        ItemField::Supplier => "supplier",
        ItemField::Class => "class",
        ItemField::HoldingCost => "holding_cost",
        ItemField::Retired => "retired",
        ItemField::Pack => "pack",
        ItemField::PackUnits => "pack_units",
        ItemField::Code => "code",
        ItemField::Place => "place",
        ItemField::Bin => "bin",
        ItemField::SecondBin => "second_bin",
        ItemField::Lead => "lead",
        ItemField::LeadDeviation => "lead_deviation",
        ItemField::OrderCost => "order_cost",
        ItemField::EveryDays => "every_days",
    }
}

fn label(field: ItemField, t: &'static Strings) -> &'static str {
    let (rounds, t) = (&t.rounds, &t.stock_items);
    match field {
        ItemField::Number => t.field_number,
        ItemField::Name => t.field_name,
        ItemField::Unit => t.field_unit,
        ItemField::Category => t.field_category,
        ItemField::Supplier => t.field_supplier,
        ItemField::Class => t.field_class,
        ItemField::HoldingCost => t.field_holding_cost,
        ItemField::Retired => t.field_retired,
        ItemField::Pack => t.field_pack,
        ItemField::PackUnits => t.field_pack_units,
        ItemField::Code => t.field_code,
        ItemField::Place => t.field_place,
        ItemField::Bin => t.field_bin,
        ItemField::SecondBin => t.field_second_bin,
        ItemField::Lead => t.field_lead,
        ItemField::LeadDeviation => t.field_lead_deviation,
        ItemField::OrderCost => t.field_order_cost,
        ItemField::EveryDays => rounds.field_every,
    }
}

/// A mistake, with what to do about it.
pub(super) fn problem(fault: &ItemFault, t: &'static Strings) -> Problem {
    let words = &t.stock_items;
    let field = fault.field();
    let name = label(field, t);
    let sentence = match fault {
        ItemFault::Empty(_) => fill(words.fault_empty, &[&name]),
        ItemFault::Long(_, most) => fill(words.fault_long, &[&name, most]),
        ItemFault::Control(_) => fill(words.fault_control, &[&name]),
        ItemFault::Class(value) => fill(words.fault_class, &[value]),
        ItemFault::Cost(_, value) => fill(words.fault_cost, &[&name, value]),
        ItemFault::Days(_, value) => fill(words.fault_days, &[&name, value]),
        ItemFault::RoundDays(value) => fill(t.rounds.fault_every, &[value]),
        ItemFault::RoundUsed(places) => fill(t.rounds.fault_used, &[&grouped(*places)]),
        ItemFault::Units(value) => fill(words.fault_units, &[value]),
        ItemFault::CheckDigit(code, digit) => fill(words.fault_check_digit, &[code, digit]),
        ItemFault::Taken(_, value) => fill(words.fault_taken, &[&name, value]),
        ItemFault::CodeTaken(code, owner) => fill(words.fault_code_taken, &[owner, code]),
        ItemFault::UnitFixed(unit) => fill(words.fault_unit, &[unit]),
        ItemFault::StillHeld(places) => fill(words.fault_held, &[&grouped(*places)]),
        ItemFault::PackHasCodes(pack) => fill(words.fault_pack_codes, &[pack]),
        ItemFault::NoPlace(value) => fill(words.fault_no_place, &[value]),
        ItemFault::SameBin(bin) => fill(words.fault_same_bin, &[bin]),
        ItemFault::IsRetired => words.fault_retired.to_owned(),
        ItemFault::HasStock(stock) => fill(words.fault_stock, &[&grouped(*stock)]),
        ItemFault::HasOrder => words.fault_order.to_owned(),
    };
    Problem::new(field_id(field), sentence)
}

pub(super) fn problems(faults: &[ItemFault], t: &'static Strings) -> Vec<Problem> {
    faults.iter().map(|fault| problem(fault, t)).collect()
}

/// A form that cannot be read: which field.
pub(super) fn bad_field(
    shell: Shell,
    name: &str,
    value: &str,
    back: &str,
) -> Result<HttpResponse, PageError> {
    let value: String = value.chars().take(40).collect();
    let words = fill(shell.t.stock_items.bad_field, &[&name, &value]);
    let title = shell.t.error.bad_title;
    refused(shell, StatusCode::BAD_REQUEST, title, words, back)
}

/// Somebody took it out meanwhile.
pub(super) fn gone(shell: Shell, back: &str) -> Result<HttpResponse, PageError> {
    let t = &shell.t.stock_items;
    let (title, words) = (t.gone_title, t.gone.to_owned());
    refused(shell, StatusCode::CONFLICT, title, words, back)
}

fn refused(
    shell: Shell,
    status: StatusCode,
    title: &str,
    words: String,
    back: &str,
) -> Result<HttpResponse, PageError> {
    let page = RefusedPage {
        title: title.to_owned(),
        sentences: vec![words, shell.t.acts.nothing_changed.to_owned()],
        links: vec![(shell.t.stock_items.back_item.to_owned(), back.to_owned())],
        shell,
    };
    Page::new(page).with_status(status).render()
}

/// Carries a form out, again when its transaction met another one.
pub(super) async fn perform(
    app: &App,
    form: &ItemForm<'_>,
) -> Result<Result<ItemPosted, ItemRefusal>, PageError> {
    let done = again(&app.db, async |conn| {
        perform_item_form(conn, form, app.clock.now()).await
    });
    Ok(done.await?)
}
