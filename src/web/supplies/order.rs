//! An order that was sent: its lines, where each goes, and receiving what has come, line by line.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::item::Choice;
use super::stock_act::{Fields, Label, post_form, refusal_words};
use super::words::{quantity, state_word};
use crate::app::App;
use crate::db::types::{OrderState, StockReason};
use crate::ids::{BinId, OrderLineId, SupplyOrderId};
use crate::live::Topic;
use crate::supplies::acts::{Receipt, StockAct, StockForm, StockPosted, StockRefusal};
use crate::supplies::ledger::StockKey;
use crate::supplies::list::OrderLine;
use crate::supplies::sent::{OrderHead, OrderedLine, find_order, list_ordered_lines};
use crate::web::acts::{RefusedPage, new_key};
use crate::web::exports::download_href;
use crate::web::extract::{IdPath, Viewer};
use crate::web::filters;
use crate::web::page::{Nav, Page, Problem, Shell, role_name, see_other};
use crate::web::strings::{Strings, fill};
use crate::web::wording::grouped;
use crate::web::{PageError, routes};

/// The page.
#[derive(Debug, Template)]
#[template(path = "supplies/order.html")]
pub struct OrderPage {
    /// Frame.
    pub shell: Shell,
    /// "Order 12 to Medline".
    pub heading: String,
    /// "Sent by supply technician," and when.
    pub sent: (String, DateTime<Utc>),
    /// All lines.
    pub rows: Vec<LineRow>,
    /// What is to come.
    pub open: Vec<OpenLine>,
    /// What is wrong with the form that was sent.
    pub problems: Vec<Problem>,
    /// Where forms of deliveries are sent.
    pub action: String,
    /// The lines as a file.
    pub csv_href: String,
}

/// A line, ready to show.
#[derive(Clone, Debug)]
pub struct LineRow {
    /// The item at its place.
    pub href: String,
    /// Its name.
    pub item: String,
    /// Its number.
    pub number: String,
    /// "4 West supply room, bin A-03".
    pub goes_to: String,
    /// "100 each, 2 packs of 50".
    pub ordered: String,
    /// "40 each, 2 of it damaged".
    pub received: String,
    /// What is to come.
    pub to_come: String,
    /// How far it is.
    pub state: &'static str,
}

/// A line of which something is to come.
#[derive(Clone, Debug)]
pub struct OpenLine {
    /// Its id.
    pub id: i64,
    /// Before the ids of its fields: nothing for the form that was sent and refused.
    pub prefix: String,
    /// Name of the item.
    pub item: String,
    /// "4 West supply room, bin A-03".
    pub goes_to: String,
    /// "Still to come: 60 each."
    pub amount: String,
    /// How it comes in.
    pub way: Way,
    /// Idempotency key to take it back or close it.
    pub end_key: String,
    /// Whether some of it has come.
    pub is_part: bool,
}

/// How a line comes in.
#[derive(Clone, Debug)]
pub enum Way {
    /// By the form.
    Form(Box<ReceiveForm>),
    /// By the door of a cabinet, or by filling one of two bins: what to do, and the page of the item.
    Otherwise(&'static str, String),
}

/// The form of a delivery.
#[derive(Clone, Debug)]
pub struct ReceiveForm {
    /// Idempotency key.
    pub key: String,
    /// Units that a quantity may be given in.
    pub units: Vec<Choice>,
    /// Bins, the usual one first.
    pub bins: Vec<Choice>,
    /// "Damaged, of those (each)".
    pub damaged_label: String,
    /// What stands in its fields.
    pub kept: Kept,
}

/// What stands in the fields of a form.
#[derive(Clone, Debug, Default)]
pub struct Kept {
    /// How many, in the unit.
    pub quantity: String,
    /// The chosen unit.
    pub units: String,
    /// The chosen bin.
    pub bin: String,
    /// Lot number.
    pub lot_number: String,
    /// Last day of use.
    pub expires_on: String,
    /// Damaged ones.
    pub damaged: String,
    /// The rest will not come.
    pub short: bool,
    /// More is right.
    pub over: bool,
    /// Keep apart.
    pub apart: bool,
}

/// A form that was refused.
struct Refused {
    line: OrderLineId,
    kept: Kept,
    problem: Problem,
}

/// `GET /orders/{id}`
///
/// # Errors
/// 404 for an order that does not exist; when the database fails.
pub async fn page(
    app: web::Data<App>,
    viewer: Viewer,
    id: IdPath<SupplyOrderId>,
) -> Result<Page<OrderPage>, PageError> {
    let mut shell = viewer.shell(Nav::Reorder);
    shell.watch([Topic::Alerts]);
    let (head, lines) = read(&app, id.0).await?;
    Ok(Page::new(OrderPage::new(shell, &head, &lines, None)))
}

async fn read(app: &App, id: SupplyOrderId) -> Result<(OrderHead, Vec<OrderedLine>), PageError> {
    let conn = app.db.conn().await?;
    let (head, lines) = tokio::try_join!(find_order(&conn, id), list_ordered_lines(&conn, id))?;
    Ok((head.ok_or(PageError::NotFound)?, lines))
}

/// `POST /orders/{id}`
///
/// # Errors
/// 404 for an order or a line that does not exist; when the database fails.
pub async fn receive(
    app: web::Data<App>,
    viewer: Viewer,
    id: IdPath<SupplyOrderId>,
    body: web::Bytes,
) -> Result<HttpResponse, PageError> {
    let shell = viewer.shell(Nav::Reorder);
    let location = routes::order_path(id.0);
    let read_key = |fields: Fields| {
        let line = OrderLineId(fields.id("line", shell.t)?);
        let bin = BinId(fields.id("bin", shell.t)?);
        let key = fields.key(shell.t)?;
        Ok::<_, String>((fields, line, bin, key))
    };
    let (fields, line_id, bin_id, key) = match Fields::read(&body, shell.t).and_then(read_key) {
        Ok(read) => read,
        Err(words) => return unreadable(shell, words, location),
    };
    let (head, lines) = read(&app, id.0).await?;
    let found = lines.iter().find(|line| line.line.order_line_id == line_id);
    let line = &found.ok_or(PageError::NotFound)?.line;
    let answer = match Delivery::read(&fields, line_id, shell.t) {
        Ok(delivery) => {
            let form = delivery.form(line, bin_id, (key, &viewer), &location);
            match post_form(&app, &form).await? {
                Ok(StockPosted::Done { .. }) => {
                    app.hints.send([Topic::Alerts]);
                    let words = delivery.done_words(line, shell.t);
                    viewer.leave_flash(&app, &words).await?;
                    return Ok(see_other(&location));
                }
                Ok(StockPosted::Repeat { location }) => {
                    viewer.leave_flash(&app, shell.t.acts.done_already).await?;
                    return Ok(see_other(routes::safe_next(&location)));
                }
                Err(refusal) => {
                    let (status, words) = refusal_words(refusal, shell.t);
                    (status, Problem::new(field_of(refusal), words))
                }
            }
        }
        Err(problem) => (StatusCode::UNPROCESSABLE_ENTITY, problem),
    };
    let (status, problem) = answer;
    let refused = Refused {
        line: line_id,
        kept: Kept::of(&fields),
        problem,
    };
    // Somebody else may have received it meanwhile: the page says how it is now.
    let (_, lines) = if status == StatusCode::CONFLICT {
        read(&app, id.0).await?
    } else {
        (head.clone(), lines)
    };
    let page = OrderPage::new(shell, &head, &lines, Some(&refused));
    Page::new(page).with_status(status).render()
}

fn unreadable(shell: Shell, words: String, back: String) -> Result<HttpResponse, PageError> {
    let page = RefusedPage {
        title: shell.t.error.bad_title.to_owned(),
        sentences: vec![words, shell.t.acts.nothing_changed.to_owned()],
        links: vec![(shell.t.orders.back_order.to_owned(), back)],
        shell,
    };
    Page::new(page)
        .with_status(StatusCode::BAD_REQUEST)
        .render()
}

/// The field in which a refused form is put right.
fn field_of(refusal: StockRefusal) -> &'static str {
    match refusal {
        StockRefusal::NoBin => "bin",
        StockRefusal::Quarantine(_) => "apart",
        StockRefusal::Over(_) => "over",
        StockRefusal::Damaged(_) => "damaged",
        _ => "quantity",
    }
}

/// What has come, as the form says.
struct Delivery {
    quantity: i64,
    label: Label,
    receipt: Receipt,
}

impl Delivery {
    fn read(fields: &Fields, line: OrderLineId, t: &Strings) -> Result<Self, Problem> {
        let problem = |field| move |words: String| Problem::new(field, words);
        Ok(Self {
            quantity: fields.quantity(t).map_err(problem("quantity"))?,
            label: Label {
                number: fields.lot_number(t).map_err(problem("lot_number"))?,
                expires_on: fields.expires_on(t).map_err(problem("expires_on"))?,
            },
            receipt: fields.receipt(Some(line), t).map_err(problem("damaged"))?,
        })
    }

    fn form<'a>(
        &'a self,
        line: &OrderLine,
        bin_id: BinId,
        (key, viewer): (Uuid, &Viewer),
        location: &'a str,
    ) -> StockForm<'a> {
        StockForm {
            key,
            user_id: viewer.user_id,
            stock: StockKey {
                item_id: line.item_id,
                stock_place_id: line.stock_place_id,
            },
            act: StockAct::Arrive {
                reason: StockReason::Receive,
                bin_id,
                lot: self.label.as_lot(),
                quantity: self.quantity,
                receipt: self.receipt,
            },
            note: None,
            location,
        }
    }

    fn done_words(&self, line: &OrderLine, t: &Strings) -> String {
        let amount = quantity(self.quantity, &line.base_unit, line.pack_units, t);
        match self.receipt.damaged {
            0 => fill(t.orders.done_receive, &[&amount, &line.item_name]),
            damaged => {
                let damaged = grouped(damaged);
                fill(t.orders.done_damaged, &[&amount, &line.item_name, &damaged])
            }
        }
    }
}

impl Kept {
    fn of(fields: &Fields) -> Self {
        let text = |name| fields.text(name).chars().take(100).collect();
        let is_ticked = |name| !fields.text(name).is_empty();
        Self {
            quantity: text("quantity"),
            units: text("units"),
            bin: text("bin"),
            lot_number: text("lot_number"),
            expires_on: text("expires_on"),
            damaged: text("damaged"),
            short: is_ticked("short"),
            over: is_ticked("over"),
            apart: is_ticked("apart"),
        }
    }
}

impl OrderPage {
    fn new(
        shell: Shell,
        head: &OrderHead,
        lines: &[OrderedLine],
        refused: Option<&Refused>,
    ) -> Self {
        let t = &shell.t.orders;
        let id = head.supply_order_id;
        let is_open = |line: &&OrderedLine| {
            matches!(line.line.state, OrderState::Sent | OrderState::PartReceived)
        };
        let refused_of =
            |line: &OrderedLine| refused.filter(|refused| refused.line == line.line.order_line_id);
        Self {
            heading: match &head.supplier_name {
                Some(name) => fill(t.heading, &[&id, name]),
                None => fill(t.heading_none, &[&id]),
            },
            sent: (
                fill(t.sent_by, &[&role_name(head.sent_role, shell.t)]),
                head.sent_at,
            ),
            rows: lines
                .iter()
                .map(|line| LineRow::new(line, shell.t))
                .collect(),
            open: lines
                .iter()
                .filter(is_open)
                .map(|line| OpenLine::new(line, refused_of(line), shell.t))
                .collect(),
            problems: refused
                .iter()
                .map(|refused| refused.problem.clone())
                .collect(),
            action: routes::order_path(id),
            csv_href: download_href(&routes::order_csv_path(id), &[]),
            shell,
        }
    }

    /// Whether a field of the refused form is wrong.
    #[must_use]
    pub fn is_wrong(&self, prefix: &str, field: &str) -> bool {
        prefix.is_empty() && self.problems.iter().any(|problem| problem.field == field)
    }

    /// Pages for tests of templates.
    #[must_use]
    pub fn samples() -> Vec<Self> {
        let shell = Shell::sample_for(crate::db::types::Role::Supply);
        let head = |supplier_name| OrderHead {
            supply_order_id: SupplyOrderId(12),
            sent_at: shell.now,
            supplier_name,
            sent_role: crate::db::types::Role::Supply,
        };
        let lines = super::samples::ordered_lines(&shell);
        let refused = Refused {
            line: OrderLineId(1),
            kept: Kept {
                quantity: "x\"<b>".to_owned(),
                short: true,
                over: true,
                apart: true,
                ..Kept::default()
            },
            problem: Problem::new("quantity", "x<b> is no quantity"),
        };
        let medline = head(Some("Medline <b>".to_owned()));
        vec![
            Self::new(shell.clone(), &head(None), &[], None),
            Self::new(shell.clone(), &medline, &lines, None),
            Self::new(shell, &medline, &lines, Some(&refused)),
        ]
    }
}

fn goes_to(line: &OrderedLine, t: &Strings) -> String {
    let place = &line.line.stock_place_name;
    match line.bins.first() {
        Some((_, bin)) => fill(t.orders.bin, &[place, bin]),
        None => place.clone(),
    }
}

impl LineRow {
    fn new(ordered: &OrderedLine, t: &'static Strings) -> Self {
        let line = &ordered.line;
        let amount = |number| quantity(number, &line.base_unit, line.pack_units, t);
        let received = amount(line.quantity_received);
        Self {
            href: routes::item_path(line.item_id, Some(line.stock_place_id)),
            item: line.item_name.clone(),
            number: line.item_number.clone(),
            goes_to: goes_to(ordered, t),
            ordered: amount(line.quantity()),
            received: match ordered.damaged {
                0 => received,
                damaged => fill(t.orders.received_damaged, &[&received, &grouped(damaged)]),
            },
            to_come: amount(line.quantity_to_come()),
            state: state_word(line.state, t),
        }
    }
}

impl OpenLine {
    fn new(ordered: &OrderedLine, refused: Option<&Refused>, t: &'static Strings) -> Self {
        let line = &ordered.line;
        let item = || routes::item_path(line.item_id, Some(line.stock_place_id));
        let amount = quantity(line.quantity_to_come(), &line.base_unit, line.pack_units, t);
        let way = if line.counts_itself {
            Way::Otherwise(t.orders.cabinet, item())
        } else if line.has_two_bins {
            Way::Otherwise(t.orders.two_bins, item())
        } else if ordered.bins.is_empty() {
            Way::Otherwise(t.orders.no_bin, item())
        } else {
            Way::Form(Box::new(ReceiveForm::new(ordered, refused, t)))
        };
        Self {
            id: line.order_line_id.0,
            prefix: match refused {
                Some(_) => String::new(),
                None => format!("l{}-", line.order_line_id),
            },
            item: line.item_name.clone(),
            goes_to: goes_to(ordered, t),
            amount: fill(t.orders.open_amount, &[&amount]),
            way,
            end_key: new_key(),
            is_part: line.state == OrderState::PartReceived,
        }
    }
}

impl ReceiveForm {
    fn new(ordered: &OrderedLine, refused: Option<&Refused>, t: &'static Strings) -> Self {
        let line = &ordered.line;
        let mut units = vec![("1".to_owned(), line.base_unit.clone())];
        if line.pack_units > 1 {
            let pack = grouped(line.pack_units);
            let words = match &line.pack_name {
                Some(name) => fill(t.stock.pack_of, &[name, &pack]),
                None => fill(t.reorder.packs, &[&pack]),
            };
            units.push((line.pack_units.to_string(), words));
        }
        let bins = ordered.bins.iter();
        Self {
            key: new_key(),
            units,
            bins: bins
                .map(|(id, name)| (id.to_string(), name.clone()))
                .collect(),
            damaged_label: fill(t.orders.damaged, &[&line.base_unit]),
            kept: refused.map_or_else(|| Kept::usual(line), |refused| refused.kept.clone()),
        }
    }
}

impl Kept {
    /// All that is to come, in packs when it is whole packs.
    fn usual(line: &OrderLine) -> Self {
        let open = line.quantity_to_come();
        let is_in_packs = line.pack_units > 1 && open > 0 && open % line.pack_units == 0;
        let units = if is_in_packs { line.pack_units } else { 1 };
        Self {
            quantity: (open / units).max(1).to_string(),
            units: units.to_string(),
            ..Self::default()
        }
    }
}
