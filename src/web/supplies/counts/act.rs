//! What people do with counts: the forms, their answers, and why something was refused.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use uuid::Uuid;

use super::session::{CountPage, read};
use super::step_word;
use crate::app::App;
use crate::db::again::again;
use crate::ids::{BinId, CountEntryId, CountLineId, CountSessionId, ItemId, StockPlaceId};
use crate::live::Topic;
use crate::supplies::acts::LotLabel;
use crate::supplies::counts::{
    CountAct, CountDone, CountForm, CountLine, CountRefusal, find_count, list_count_lines,
    perform_count_form,
};
use crate::supplies::scan::{CODE_MAX, Code, Scanned, find_scanned};
use crate::web::acts::RefusedPage;
use crate::web::extract::{IdPath, Viewer};
use crate::web::fields::{BadField, Fields};
use crate::web::page::{Nav, Page, Shell, see_other};
use crate::web::strings::{Strings, fill};
use crate::web::supplies::scan::{Said, Sound, fault_words};
use crate::web::wording::grouped;
use crate::web::{PageError, routes};

/// Fields of the forms.
const FIELDS: &[&str] = &[
    "act", "place", "line", "bin", "round", "quantity", "code", "entry", "reason",
];

/// `POST /counts`: begins a count.
///
/// # Errors
/// When the database fails.
pub async fn open(
    app: web::Data<App>,
    viewer: Viewer,
    body: web::Bytes,
) -> Result<HttpResponse, PageError> {
    let shell = viewer.shell(Nav::Counts);
    let read = Fields::parse(&body, &["place"]);
    let asked = read.and_then(|fields| {
        let place = fields.number("place")?;
        let place = place.ok_or_else(|| BadField("place".to_owned()))?;
        Ok((fields.key()?, StockPlaceId(place)))
    });
    let (key, stock_place_id) = match asked {
        Ok(asked) => asked,
        Err(field) => return bad(shell, &field, routes::COUNTS.to_owned()),
    };
    let act = CountAct::Open { stock_place_id };
    match perform(&app, &viewer, (key, None), act, routes::COUNTS).await? {
        Ok(CountDone::Done { session_id, .. }) => {
            viewer.leave_flash(&app, shell.t.counts.done_open).await?;
            Ok(see_other(&routes::count_path(session_id)))
        }
        Ok(CountDone::Repeat { location }) => {
            viewer.leave_flash(&app, shell.t.acts.done_already).await?;
            Ok(see_other(routes::safe_next(&location)))
        }
        Err(CountRefusal::OpenAlready(id)) => {
            let words = shell.t.counts.refused_open.to_owned();
            refused(shell, StatusCode::CONFLICT, words, routes::count_path(id))
        }
        Err(refusal) => {
            let (status, words) = refusal_words(refusal, shell.t);
            refused(shell, status, words, routes::COUNTS.to_owned())
        }
    }
}

/// What a form asks for.
enum Asked {
    Start(Vec<CountLineId>),
    Enter(CountLineId, i16, i64),
    Skip(CountLineId),
    TakeBack(CountEntryId),
    Review,
    Resume,
    Post(String),
    Cancel(String),
    Scan(String, i64),
}

/// Why a form cannot be read.
enum Unread {
    Field(BadField),
    Quantity(String),
}

impl From<BadField> for Unread {
    fn from(field: BadField) -> Self {
        Self::Field(field)
    }
}

fn read_form(fields: &Fields) -> Result<Asked, Unread> {
    let id = |name: &str| {
        let number = fields.number(name)?;
        number.ok_or_else(|| BadField(name.to_owned()))
    };
    let round = || {
        let round = i16::try_from(id("round")?).ok();
        round.ok_or_else(|| BadField("round".to_owned()))
    };
    let quantity = || {
        let text = fields.text("quantity");
        let number = text.trim().parse::<i64>();
        number.map_err(|_| Unread::Quantity(text))
    };
    Ok(match fields.text("act").as_str() {
        "start" => {
            let ids: Result<Vec<CountLineId>, BadField> = fields
                .list("line")
                .map(|text| text.parse().map(CountLineId))
                .collect::<Result<_, _>>()
                .map_err(|_| BadField("line".to_owned()));
            Asked::Start(ids?)
        }
        "enter" => Asked::Enter(CountLineId(id("line")?), round()?, quantity()?),
        "empty" => Asked::Enter(CountLineId(id("line")?), round()?, 0),
        "skip" => Asked::Skip(CountLineId(id("line")?)),
        "take_back" => Asked::TakeBack(CountEntryId(id("entry")?)),
        "review" => Asked::Review,
        "resume" => Asked::Resume,
        "post" => Asked::Post(fields.text("reason")),
        "cancel" => Asked::Cancel(fields.text("reason")),
        "scan" => Asked::Scan(fields.text("code"), quantity()?),
        _ => return Err(BadField("act".to_owned()).into()),
    })
}

/// `POST /counts/{id}`
///
/// # Errors
/// 404 for a count that does not exist; when the database fails.
pub async fn act(
    app: web::Data<App>,
    viewer: Viewer,
    id: IdPath<CountSessionId>,
    body: web::Bytes,
) -> Result<HttpResponse, PageError> {
    let shell = viewer.shell(Nav::Counts);
    let read = Fields::parse(&body, FIELDS).map_err(Unread::from);
    let read = read.and_then(|fields| {
        let bin = fields.number("bin")?.map(BinId);
        Ok((fields.key()?, bin, read_form(&fields)?))
    });
    let (key, bin, asked) = match read {
        Ok(read) => read,
        Err(Unread::Field(field)) => return bad(shell, &field, routes::count_path(id.0)),
        Err(Unread::Quantity(text)) => {
            let shown: String = text.chars().take(40).collect();
            let words = fill(shell.t.counts.refused_quantity, &[&shown]);
            let back = routes::count_path(id.0);
            return refused(shell, StatusCode::UNPROCESSABLE_ENTITY, words, back);
        }
    };
    let back = match bin {
        Some(bin) => routes::count_bin_path(id.0, bin),
        None => routes::count_path(id.0),
    };
    let act = match &asked {
        Asked::Scan(code, quantity) => {
            return scan(&app, &viewer, (id.0, bin), (key, code, *quantity)).await;
        }
        Asked::Start(lines) => CountAct::Start { lines },
        Asked::Enter(line_id, round, quantity) => CountAct::Enter {
            line_id: *line_id,
            round: *round,
            quantity: *quantity,
        },
        Asked::Skip(line_id) => CountAct::Skip { line_id: *line_id },
        Asked::TakeBack(entry_id) => CountAct::TakeBack {
            entry_id: *entry_id,
        },
        Asked::Review => CountAct::Review,
        Asked::Resume => CountAct::Resume,
        Asked::Post(reason) => CountAct::Post { reason },
        Asked::Cancel(reason) => CountAct::Cancel { reason },
    };
    match perform(&app, &viewer, (key, Some(id.0)), act, &back).await? {
        Ok(CountDone::Done {
            number,
            must_count_again,
            ..
        }) => {
            app.hints.send([Topic::Alerts]);
            let words = match &asked {
                Asked::Post(_) if must_count_again => {
                    fill(shell.t.counts.done_post_again, &[&number])
                }
                asked => done_words(asked, number, shell.t),
            };
            viewer.leave_flash(&app, &words).await?;
            Ok(see_other(&back))
        }
        Ok(CountDone::Repeat { location }) => {
            viewer.leave_flash(&app, shell.t.acts.done_already).await?;
            Ok(see_other(routes::safe_next(&location)))
        }
        Err(refusal) => {
            let (status, words) = refusal_words(refusal, shell.t);
            refused(shell, status, words, back)
        }
    }
}

/// A scan: the label of a bin chooses it, a pack is added to its line. The page comes back at once, and says what the scan was.
async fn scan(
    app: &App,
    viewer: &Viewer,
    (id, bin): (CountSessionId, Option<BinId>),
    (key, code, quantity): (Uuid, &str, i64),
) -> Result<HttpResponse, PageError> {
    let t = viewer.shell(Nav::Counts).t;
    let conn = app.db.conn().await?;
    let session = find_count(&conn, id).await?.ok_or(PageError::NotFound)?;
    let today = app.clock.now().date_naive();
    let code: String = code.chars().take(CODE_MAX + 1).collect();
    let found = find_scanned(&conn, &code, session.stock_place_id, today).await?;
    let lines = list_count_lines(&conn, id).await?;
    drop(conn);
    let miss = |words: String| Said::miss(words, &code);
    let (item_id, units, code) = match found {
        Err(fault) => {
            return said(
                app,
                viewer,
                (id, bin, quantity),
                miss(fault_words(&fault, t)),
            )
            .await;
        }
        Ok(Scanned::Unknown(code)) => {
            let words = fill(t.scan.miss_unknown, &[&code.text]);
            let here = routes::count_path(id);
            let href = routes::scan_link_path(&code.text, &here);
            let unknown = miss(words).with_link(t.scan.miss_link, href);
            return said(app, viewer, (id, bin, quantity), unknown).await;
        }
        Ok(Scanned::Bin(bin)) => return Ok(see_other(&routes::count_bin_path(id, bin))),
        Ok(Scanned::Item {
            item_id,
            units,
            code,
        }) => (item_id, units, code),
    };
    if code.lot_is_odd {
        let words = fill(t.scan.miss_odd_lot, &[&code.lot_number]);
        return said(app, viewer, (id, bin, quantity), miss(words)).await;
    }
    let Some(bin_id) = bin.or_else(|| only_bin(&lines, item_id)) else {
        let words = fill(t.counts.refused_which_bin, &[&code.text]);
        return said(app, viewer, (id, bin, quantity), miss(words)).await;
    };
    let act = CountAct::Scan {
        item_id,
        bin_id,
        lot: label(&code),
        quantity: quantity.saturating_mul(units),
    };
    let back = routes::count_bin_path(id, bin_id);
    match perform(app, viewer, (key, Some(id)), act, &back).await? {
        Ok(CountDone::Done { .. }) => {
            app.hints.send([Topic::Alerts]);
            Ok(see_other(&back))
        }
        Ok(CountDone::Repeat { .. }) => {
            let known = Said::duplicate(t.scan.said_already.to_owned(), &code.text);
            said(app, viewer, (id, bin, quantity), known).await
        }
        Err(refusal) => {
            let (status, words) = refusal_words(refusal, t);
            let unfit = miss(words).with_status(status);
            said(app, viewer, (id, bin, quantity), unfit).await
        }
    }
}

/// The bin of an item that lies in one bin of the count only.
fn only_bin(lines: &[CountLine], item_id: ItemId) -> Option<BinId> {
    let mut own = lines.iter().filter(|line| line.item_id == item_id);
    let first = own.next()?;
    own.next().is_none().then_some(first.bin_id)
}

fn label(code: &Code) -> LotLabel<'_> {
    LotLabel {
        number: &code.lot_number,
        expires_on: code.expires_on,
    }
}

/// The page again, with what the scan was.
async fn said(
    app: &App,
    viewer: &Viewer,
    (id, bin, quantity): (CountSessionId, Option<BinId>, i64),
    said: Said,
) -> Result<HttpResponse, PageError> {
    let facts = read(app, viewer, id).await?;
    let shell = viewer.shell(Nav::Counts);
    let (status, is_miss) = (said.status, said.sound == Sound::Miss);
    let mut page = CountPage::new(shell, viewer.user_id, &facts, bin, Some(said));
    if let Some(counting) = page.counting.as_mut().filter(|_| is_miss) {
        counting.scan.beside.quantity = quantity.to_string();
    }
    Page::new(page).with_status(status).render()
}

/// Carries the form out, again when its transaction met another one.
async fn perform(
    app: &App,
    viewer: &Viewer,
    (key, session_id): (Uuid, Option<CountSessionId>),
    act: CountAct<'_>,
    location: &str,
) -> Result<Result<CountDone, CountRefusal>, PageError> {
    let form = CountForm {
        key,
        user_id: viewer.user_id,
        session_id,
        act,
        location,
    };
    let done = again(&app.db, async |conn| {
        perform_count_form(conn, &form, app.clock.now()).await
    });
    Ok(done.await?)
}

fn done_words(asked: &Asked, number: usize, t: &Strings) -> String {
    let t = &t.counts;
    match asked {
        Asked::Start(_) if number == 1 => t.done_start_one.to_owned(),
        Asked::Start(_) => fill(t.done_start, &[&number]),
        Asked::Enter(..) | Asked::Scan(..) => t.done_enter.to_owned(),
        Asked::Skip(_) => t.done_skip.to_owned(),
        Asked::TakeBack(_) => t.done_take_back.to_owned(),
        Asked::Review if number == 0 => t.done_review_none.to_owned(),
        Asked::Review if number == 1 => t.done_review_one.to_owned(),
        Asked::Review => fill(t.done_review, &[&number]),
        Asked::Resume => t.done_resume.to_owned(),
        Asked::Post(_) if number == 0 => t.done_post_same.to_owned(),
        Asked::Post(_) => t.done_post.to_owned(),
        Asked::Cancel(_) => t.done_cancel.to_owned(),
    }
}

fn refusal_words(refusal: CountRefusal, t: &'static Strings) -> (StatusCode, String) {
    let words = &t.counts;
    let unfit = StatusCode::UNPROCESSABLE_ENTITY;
    let conflict = StatusCode::CONFLICT;
    match refusal {
        CountRefusal::NoCount => (StatusCode::NOT_FOUND, words.refused_none.to_owned()),
        CountRefusal::NoPlace => (StatusCode::NOT_FOUND, words.refused_place.to_owned()),
        CountRefusal::CountsItself => (conflict, words.refused_cabinet.to_owned()),
        CountRefusal::OpenAlready(_) => (conflict, words.refused_open.to_owned()),
        CountRefusal::Nothing => (unfit, words.refused_nothing.to_owned()),
        CountRefusal::MovedOn(state) => {
            let state = step_word(state, t);
            (conflict, fill(words.refused_moved, &[&state]))
        }
        CountRefusal::NoLine => (unfit, words.refused_line.to_owned()),
        CountRefusal::NoBin => (unfit, words.refused_bin.to_owned()),
        CountRefusal::Quantity(number) => {
            (unfit, fill(words.refused_quantity, &[&grouped(number)]))
        }
        CountRefusal::SamePerson => (unfit, words.refused_same.to_owned()),
        CountRefusal::NotOff => (unfit, words.refused_not_off.to_owned()),
        CountRefusal::NothingCounted => (unfit, words.refused_nothing_counted.to_owned()),
        CountRefusal::Waits(lines) => (conflict, fill(words.refused_waits, &[&lines])),
        CountRefusal::Reason => (unfit, words.refused_reason.to_owned()),
        CountRefusal::NoEntry => (conflict, words.refused_entry.to_owned()),
    }
}

fn bad(shell: Shell, field: &BadField, back: String) -> Result<HttpResponse, PageError> {
    let words = fill(shell.t.register.bad_form, &[&field.0]);
    refused(shell, StatusCode::BAD_REQUEST, words, back)
}

fn refused(
    shell: Shell,
    status: StatusCode,
    words: String,
    back: String,
) -> Result<HttpResponse, PageError> {
    let t = shell.t;
    let title = match status {
        StatusCode::BAD_REQUEST => t.error.bad_title,
        _ => t.acts.nothing_changed_title,
    };
    let page = RefusedPage {
        title: title.to_owned(),
        sentences: vec![words, t.acts.nothing_changed.to_owned()],
        links: vec![(t.counts.back.to_owned(), back)],
        shell,
    };
    Page::new(page).with_status(status).render()
}
