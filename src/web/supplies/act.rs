//! What people do with order lines: the form, its answer, and what is said when somebody else was faster.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use chrono::NaiveDate;
use uuid::Uuid;

use super::words::{quantity, state_word};
use crate::app::App;
use crate::db::again::again;
use crate::ids::OrderLineId;
use crate::live::Topic;
use crate::supplies::list::{OrderLine, find_order_line};
use crate::supplies::orders::{OrderAct, OrderForm, OrderPosted, OrderRefusal, perform_order_form};
use crate::web::acts::RefusedPage;
use crate::web::extract::Viewer;
use crate::web::page::{Nav, Page, Shell, see_other};
use crate::web::strings::{Strings, fill};
use crate::web::wording::grouped;
use crate::web::{PageError, routes};

/// A form as it was sent: every field that a form of the list may carry.
#[derive(Clone, Debug, Default)]
struct Fields {
    key: String,
    act: String,
    lines: Vec<OrderLineId>,
    quantity: String,
    units: String,
    reason: String,
    quiet_until: String,
    next: String,
}

/// What a form asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Asked {
    Approve(i64),
    Reject(String, NaiveDate),
    Send,
    Cancel(String),
    Close(String),
}

impl Fields {
    fn read(body: &[u8], t: &Strings) -> Result<Self, String> {
        let mut fields = Self::default();
        for (name, value) in form_urlencoded::parse(body) {
            let field = match name.as_ref() {
                "key" => &mut fields.key,
                "act" => &mut fields.act,
                "quantity" => &mut fields.quantity,
                "units" => &mut fields.units,
                "reason" => &mut fields.reason,
                "quiet_until" => &mut fields.quiet_until,
                "next" => &mut fields.next,
                "csrf" => continue,
                "line" => {
                    let id = value.trim().parse().map_err(|_| bad("line", &value, t))?;
                    fields.lines.push(OrderLineId(id));
                    continue;
                }
                other => return Err(bad(other, &value, t)),
            };
            value.trim().clone_into(field);
        }
        Ok(fields)
    }

    fn asked(&self, t: &Strings) -> Result<(Uuid, Asked), String> {
        let key = self.key.parse().map_err(|_| bad("key", &self.key, t))?;
        let asked = match self.act.as_str() {
            "approve" => {
                let refuse = || fill(t.reorder.refused_quantity, &[&shown(&self.quantity)]);
                let number: i64 = self.quantity.parse().map_err(|_| refuse())?;
                let units = self.units.parse().ok().filter(|units: &i64| *units > 0);
                let units = units.ok_or_else(|| bad("units", &self.units, t))?;
                Asked::Approve(number.checked_mul(units).ok_or_else(refuse)?)
            }
            "reject" => {
                let day = self.quiet_until.parse();
                let day = day.map_err(|_| t.reorder.refused_quiet.to_owned())?;
                Asked::Reject(self.reason.clone(), day)
            }
            "send" => Asked::Send,
            "cancel" => Asked::Cancel(self.reason.clone()),
            "close" => Asked::Close(self.reason.clone()),
            other => return Err(bad("act", other, t)),
        };
        Ok((key, asked))
    }
}

fn shown(value: &str) -> String {
    value.chars().take(40).collect()
}

fn bad(name: &str, value: &str, t: &Strings) -> String {
    fill(t.reorder.bad_field, &[&shown(name), &shown(value)])
}

/// `POST /reorder`
///
/// # Errors
/// When the database fails.
pub async fn act(
    app: web::Data<App>,
    viewer: Viewer,
    body: web::Bytes,
) -> Result<HttpResponse, PageError> {
    let shell = viewer.shell(Nav::Reorder);
    let fields = Fields::read(&body, shell.t);
    let read = fields.and_then(|fields| fields.asked(shell.t).map(|asked| (fields, asked)));
    let (fields, (key, asked)) = match read {
        Ok(read) => read,
        Err(words) => {
            let title = shell.t.error.bad_title.to_owned();
            return refused(
                shell,
                StatusCode::BAD_REQUEST,
                title,
                words,
                routes::REORDER,
            );
        }
    };
    let next = routes::safe_next(&fields.next).to_owned();
    match perform(&app, &viewer, &fields, key, &asked, &next).await? {
        Ok(OrderPosted::Done) => {
            app.hints.send([Topic::Alerts]);
            let words = done_words(&app, &fields.lines, &asked, &shell).await?;
            viewer.leave_flash(&app, &words).await?;
            Ok(see_other(&next))
        }
        Ok(OrderPosted::Repeat { location }) => {
            viewer.leave_flash(&app, shell.t.acts.done_already).await?;
            Ok(see_other(routes::safe_next(&location)))
        }
        Err(refusal) => {
            let (status, words, id) = refusal_words(refusal, shell.t);
            let line = match id {
                Some(id) => find_order_line(&*app.db.conn().await?, id).await?,
                None => None,
            };
            let title = match line {
                Some(line) => format!("{}, {}", line.item_name, line.stock_place_name),
                None => shell.t.acts.nothing_changed_title.to_owned(),
            };
            refused(shell, status, title, words, &next)
        }
    }
}

/// Carries the form out, again when its transaction met another one.
async fn perform(
    app: &App,
    viewer: &Viewer,
    fields: &Fields,
    key: Uuid,
    asked: &Asked,
    location: &str,
) -> Result<Result<OrderPosted, OrderRefusal>, PageError> {
    let quantities = match asked {
        Asked::Approve(quantity) => vec![*quantity; fields.lines.len()],
        _ => Vec::new(),
    };
    let act = match asked {
        Asked::Approve(_) => OrderAct::Approve {
            quantities: &quantities,
        },
        Asked::Reject(reason, quiet_until) => OrderAct::Reject {
            reason,
            quiet_until: *quiet_until,
        },
        Asked::Send => OrderAct::Send,
        Asked::Cancel(reason) => OrderAct::Cancel { reason },
        Asked::Close(reason) => OrderAct::Close { reason },
    };
    let form = OrderForm {
        key,
        user_id: viewer.user_id,
        ids: &fields.lines,
        act,
        location,
    };
    let done = again(&app.db, async |conn| {
        perform_order_form(conn, &form, app.clock.now()).await
    });
    Ok(done.await?)
}

fn refusal_words(
    refusal: OrderRefusal,
    t: &'static Strings,
) -> (StatusCode, String, Option<OrderLineId>) {
    let words = &t.reorder;
    let unfit = StatusCode::UNPROCESSABLE_ENTITY;
    match refusal {
        OrderRefusal::Count => (
            StatusCode::BAD_REQUEST,
            words.refused_count.to_owned(),
            None,
        ),
        OrderRefusal::NoLine => (StatusCode::NOT_FOUND, words.refused_none.to_owned(), None),
        OrderRefusal::MovedOn(id, state) => {
            let sentence = fill(words.refused_moved, &[&state_word(state, t)]);
            (StatusCode::CONFLICT, sentence, Some(id))
        }
        OrderRefusal::Quantity(id, quantity) => {
            let sentence = fill(words.refused_quantity, &[&grouped(quantity)]);
            (unfit, sentence, Some(id))
        }
        OrderRefusal::Pack(id, quantity, pack) => {
            let sentence = fill(words.refused_pack, &[&grouped(quantity), &grouped(pack)]);
            (unfit, sentence, Some(id))
        }
        OrderRefusal::Reason => (unfit, words.refused_reason.to_owned(), None),
        OrderRefusal::QuietUntil => (unfit, words.refused_quiet.to_owned(), None),
    }
}

async fn done_words(
    app: &App,
    ids: &[OrderLineId],
    asked: &Asked,
    shell: &Shell,
) -> Result<String, PageError> {
    let t = &shell.t.reorder;
    let line = match ids {
        [one] => find_order_line(&*app.db.conn().await?, *one).await?,
        _ => None,
    };
    let one = |words: &str, line: &OrderLine| {
        let amount = quantity(line.quantity(), &line.base_unit, line.pack_units, shell.t);
        let what = format!("{}, {amount}", line.item_name);
        fill(words, &[&what, &line.stock_place_name])
    };
    Ok(match (asked, &line) {
        (Asked::Send, _) if ids.len() == 1 => t.done_sent_one.to_owned(),
        (Asked::Send, _) => fill(t.done_sent, &[&ids.len()]),
        (Asked::Approve(_), Some(line)) => one(t.done_approved, line),
        (Asked::Reject(..), Some(line)) => one(t.done_rejected, line),
        (Asked::Cancel(_), Some(line)) => one(t.done_cancelled, line),
        (Asked::Close(_), Some(line)) => one(t.done_closed, line),
        (_, None) => fill(t.done_many, &[&ids.len()]),
    })
}

fn refused(
    shell: Shell,
    status: StatusCode,
    title: String,
    words: String,
    back: &str,
) -> Result<HttpResponse, PageError> {
    let links = vec![(shell.t.reorder.back.to_owned(), back.to_owned())];
    let page = RefusedPage {
        title,
        sentences: vec![words, shell.t.acts.nothing_changed.to_owned()],
        links,
        shell,
    };
    Page::new(page).with_status(status).render()
}
