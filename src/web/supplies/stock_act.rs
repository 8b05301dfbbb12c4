//! What people do with stock on the page of an item: the form, its answer, and why something was refused.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use chrono::NaiveDate;
use uuid::Uuid;

use crate::app::App;
use crate::db::again::again;
use crate::db::types::{LotState, StockReason};
use crate::ids::{BinId, ItemId, LotId, OrderLineId, StockPlaceId};
use crate::live::Topic;
use crate::supplies::acts::{
    LotLabel, Receipt, StockAct, StockForm, StockPosted, StockRefusal, perform_stock_form,
};
use crate::supplies::ledger::StockKey;
use crate::supplies::stock::{find_item, find_lot_label};
use crate::web::acts::RefusedPage;
use crate::web::done::with_done;
use crate::web::extract::{IdPath, Viewer};
use crate::web::page::{Nav, Page, Shell, see_other};
use crate::web::strings::{Strings, fill};
use crate::web::wording::grouped;
use crate::web::{PageError, routes};

/// Longest number of a lot.
const LOT_MAX: usize = 40;

/// A form as it was sent: every field that a form of the page may carry.
#[derive(Clone, Debug, Default)]
pub(super) struct Fields {
    values: std::collections::HashMap<&'static str, String>,
}

/// Their names; a form with another one is refused.
const FIELDS: &[&str] = &[
    "key",
    "act",
    "place",
    "bin",
    "lot",
    "portion",
    "quantity",
    "units",
    "lot_number",
    "expires_on",
    "line",
    "note",
    "over",
    "apart",
    "short",
    "damaged",
    "target",
    "done",
];

/// What a form asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Asked {
    key: Uuid,
    place: StockPlaceId,
    what: What,
    note: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum What {
    Issue(i64, Option<LotId>),
    Return(i64, BinId, Option<LotId>),
    Receive(i64, BinId, Label, Receipt),
    Adjust(BinId, LotId, i64),
    WriteOff(i64, BinId, LotId),
    ToSupplier(i64, BinId, LotId),
    Transfer(i64, BinId, LotId, (StockPlaceId, BinId)),
    Empty(BinId),
    Full(BinId, Label),
    NotEmpty(BinId),
    Undo(Uuid),
}

/// The label of a lot as it was typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Label {
    pub number: String,
    pub expires_on: Option<NaiveDate>,
}

impl Label {
    pub(super) fn as_lot(&self) -> LotLabel<'_> {
        LotLabel {
            number: &self.number,
            expires_on: self.expires_on,
        }
    }
}

fn shown(value: &str) -> String {
    value.chars().take(40).collect()
}

impl Fields {
    pub(super) fn read(body: &[u8], t: &Strings) -> Result<Self, String> {
        let mut fields = Self::default();
        for (name, value) in form_urlencoded::parse(body) {
            if name == "csrf" {
                continue;
            }
            let known = FIELDS.iter().find(|known| **known == name);
            let Some(known) = known.filter(|_| !value.contains('\0')) else {
                return Err(bad(&name, &value, t));
            };
            fields.values.insert(known, value.trim().to_owned());
        }
        Ok(fields)
    }

    pub(super) fn text(&self, name: &str) -> &str {
        self.values.get(name).map_or("", String::as_str)
    }

    pub(super) fn id(&self, name: &str, t: &Strings) -> Result<i64, String> {
        let text = self.text(name);
        text.parse().map_err(|_| bad(name, text, t))
    }

    pub(super) fn key(&self, t: &Strings) -> Result<Uuid, String> {
        let key = self.text("key");
        key.parse().map_err(|_| bad("key", key, t))
    }

    fn given_id(&self, name: &str, t: &Strings) -> Result<Option<i64>, String> {
        let is_given = !self.text(name).is_empty();
        is_given.then(|| self.id(name, t)).transpose()
    }

    /// The quantity in base units.
    pub(super) fn quantity(&self, t: &Strings) -> Result<i64, String> {
        let refuse = || fill(t.stock.refused_quantity, &[&shown(self.text("quantity"))]);
        let number: i64 = self.text("quantity").parse().map_err(|_| refuse())?;
        let units = match self.text("units") {
            "" => 1,
            text => {
                let units = text.parse().ok().filter(|units: &i64| *units > 0);
                units.ok_or_else(|| bad("units", text, t))?
            }
        };
        number.checked_mul(units).ok_or_else(refuse)
    }

    /// The number of a lot.
    pub(super) fn lot_number(&self, t: &Strings) -> Result<String, String> {
        let number = self.text("lot_number");
        if number.chars().count() > LOT_MAX || number.chars().any(char::is_control) {
            return Err(fill(t.stock.refused_lot_number, &[&shown(number)]));
        }
        Ok(number.to_owned())
    }

    /// The last day of use.
    pub(super) fn expires_on(&self, t: &Strings) -> Result<Option<NaiveDate>, String> {
        let day = self.text("expires_on");
        if day.is_empty() {
            return Ok(None);
        }
        let parsed: Option<NaiveDate> = day.parse().ok();
        let parsed = parsed.filter(|day| (2000..=2100).contains(&chrono::Datelike::year(day)));
        parsed
            .map(Some)
            .ok_or_else(|| fill(t.stock.refused_day, &[&shown(day)]))
    }

    fn label(&self, t: &Strings) -> Result<Label, String> {
        Ok(Label {
            number: self.lot_number(t)?,
            expires_on: self.expires_on(t)?,
        })
    }

    /// How many came damaged, in base units; nothing is none.
    pub(super) fn damaged(&self, t: &Strings) -> Result<i64, String> {
        let text = self.text("damaged");
        if text.is_empty() {
            return Ok(0);
        }
        let number = text.parse().ok().filter(|number: &i64| *number >= 0);
        number.ok_or_else(|| fill(t.stock.refused_damaged, &[&shown(text)]))
    }

    /// What a delivery says of itself besides.
    pub(super) fn receipt(
        &self,
        order_line_id: Option<OrderLineId>,
        t: &Strings,
    ) -> Result<Receipt, String> {
        Ok(Receipt {
            order_line_id,
            closes_short: !self.text("short").is_empty(),
            confirms_over: !self.text("over").is_empty(),
            quarantines: !self.text("apart").is_empty(),
            damaged: self.damaged(t)?,
        })
    }

    fn asked(&self, t: &Strings) -> Result<Asked, String> {
        let bin = || self.id("bin", t).map(BinId);
        let lot = || self.given_id("lot", t).map(|id| id.map(LotId));
        let what = match self.text("act") {
            "issue" => What::Issue(self.quantity(t)?, lot()?),
            "return" => What::Return(self.quantity(t)?, bin()?, lot()?),
            "receive" => {
                let line = self.given_id("line", t)?.map(OrderLineId);
                let receipt = self.receipt(line, t)?;
                What::Receive(self.quantity(t)?, bin()?, self.label(t)?, receipt)
            }
            "adjust" => self.adjusted(t)?,
            "write_off" => {
                let (lot, bin, _) = self.portion(t)?;
                What::WriteOff(self.quantity(t)?, bin, lot)
            }
            "to_supplier" => {
                let (lot, bin, _) = self.portion(t)?;
                What::ToSupplier(self.quantity(t)?, bin, lot)
            }
            "transfer" => {
                let (lot, bin, _) = self.portion(t)?;
                What::Transfer(self.quantity(t)?, bin, lot, self.target(t)?)
            }
            "empty" => What::Empty(bin()?),
            "full" => What::Full(bin()?, self.label(t)?),
            "not_empty" => What::NotEmpty(bin()?),
            "undo" => {
                let done = self.text("done");
                What::Undo(done.parse().map_err(|_| bad("done", done, t))?)
            }
            other => return Err(bad("act", other, t)),
        };
        Ok(Asked {
            key: self.key(t)?,
            place: StockPlaceId(self.id("place", t)?),
            what,
            note: Some(self.text("note").to_owned()).filter(|note| !note.is_empty()),
        })
    }

    /// Numbers that a select holds together.
    fn numbers<const N: usize>(&self, name: &str, t: &Strings) -> Result<[i64; N], String> {
        let text = self.text(name);
        let parts: Option<Vec<i64>> = text.split('.').map(|part| part.parse().ok()).collect();
        let numbers = parts.and_then(|parts| <[i64; N]>::try_from(parts).ok());
        numbers.ok_or_else(|| bad(name, text, t))
    }

    /// Which lot in which bin, and how much the page said was there.
    fn portion(&self, t: &Strings) -> Result<(LotId, BinId, i64), String> {
        let [lot, bin, seen] = self.numbers("portion", t)?;
        Ok((LotId(lot), BinId(bin), seen))
    }

    /// To which place and bin.
    fn target(&self, t: &Strings) -> Result<(StockPlaceId, BinId), String> {
        let [place, bin] = self.numbers("target", t)?;
        Ok((StockPlaceId(place), BinId(bin)))
    }

    /// What was counted, less what the page said was there: what moved meanwhile stays moved.
    fn adjusted(&self, t: &Strings) -> Result<What, String> {
        let (lot, bin, seen) = self.portion(t)?;
        let refuse = |words| fill(words, &[&shown(self.text("quantity"))]);
        let counted: i64 = self
            .text("quantity")
            .parse()
            .ok()
            .filter(|counted| *counted >= 0)
            .ok_or_else(|| refuse(t.stock.refused_counted))?;
        match counted.checked_sub(seen) {
            Some(0) => Err(refuse(t.stock.refused_same)),
            Some(change) => Ok(What::Adjust(bin, lot, change)),
            None => Err(refuse(t.stock.refused_counted)),
        }
    }
}

fn bad(name: &str, value: &str, t: &Strings) -> String {
    fill(t.reorder.bad_field, &[&shown(name), &shown(value)])
}

impl What {
    /// Everybody may say what they took and brought back; the rest is for those who look after supplies.
    fn is_for_everybody(&self) -> bool {
        matches!(
            self,
            Self::Issue(..) | Self::Return(..) | Self::Empty(_) | Self::Undo(_)
        )
    }
}

/// `POST /supplies/items/{id}`
///
/// # Errors
/// 403 for what the role may not do; when the database fails.
pub async fn act(
    app: web::Data<App>,
    viewer: Viewer,
    id: IdPath<ItemId>,
    body: web::Bytes,
) -> Result<HttpResponse, PageError> {
    let shell = viewer.shell(Nav::Supplies);
    let asked = match Fields::read(&body, shell.t).and_then(|fields| fields.asked(shell.t)) {
        Ok(asked) => asked,
        Err(words) => {
            let back = routes::item_path(id.0, None);
            return refused(shell, StatusCode::BAD_REQUEST, words, back);
        }
    };
    if !asked.what.is_for_everybody() && !viewer.may_open(routes::REORDER) {
        return Err(PageError::Forbidden);
    }
    find_item(&*app.db.conn().await?, id.0)
        .await?
        .ok_or(PageError::NotFound)?;
    let next = routes::item_path(id.0, Some(asked.place));
    let location = with_done(&next, asked.key);
    match perform(&app, &viewer, id.0, &asked, &location).await? {
        Ok(StockPosted::Done { beyond, .. }) => {
            app.hints.send([Topic::Alerts]);
            let words = done_words(&asked.what, beyond, shell.t);
            viewer.leave_flash(&app, &words).await?;
            Ok(see_other(&location))
        }
        Ok(StockPosted::Repeat { location }) => {
            viewer.leave_flash(&app, shell.t.acts.done_already).await?;
            Ok(see_other(routes::safe_next(&location)))
        }
        Err(refusal) => {
            let (status, words) = refusal_words(refusal, shell.t);
            refused(shell, status, words, next)
        }
    }
}

async fn perform(
    app: &App,
    viewer: &Viewer,
    item_id: ItemId,
    asked: &Asked,
    location: &str,
) -> Result<Result<StockPosted, StockRefusal>, PageError> {
    let kept = match &asked.what {
        What::Return(_, _, lot_id) => label_of(&app.db.conn().await?, item_id, *lot_id).await?,
        _ => Label::default(),
    };
    let form = StockForm {
        key: asked.key,
        user_id: viewer.user_id,
        stock: StockKey {
            item_id,
            stock_place_id: asked.place,
        },
        act: stock_act(&asked.what, kept.as_lot()),
        note: asked.note.as_deref(),
        location,
    };
    post_form(app, &form).await
}

/// Carries a form out, again when its transaction met another one.
pub(super) async fn post_form(
    app: &App,
    form: &StockForm<'_>,
) -> Result<Result<StockPosted, StockRefusal>, PageError> {
    let done = again(&app.db, async |conn| {
        perform_stock_form(conn, form, app.clock.now()).await
    });
    Ok(done.await?)
}

/// The label of a lot that is brought back; of none when nobody says which.
async fn label_of(
    conn: &crate::db::DbConn,
    item_id: ItemId,
    lot_id: Option<LotId>,
) -> Result<Label, PageError> {
    let Some(lot_id) = lot_id else {
        return Ok(Label::default());
    };
    let found = find_lot_label(conn, item_id, lot_id).await?;
    let (number, expires_on) = found.unwrap_or_default();
    Ok(Label { number, expires_on })
}

fn stock_act<'a>(what: &'a What, returned: LotLabel<'a>) -> StockAct<'a> {
    match what {
        What::Issue(quantity, lot_id) => StockAct::Leave {
            reason: StockReason::Issue,
            bin_id: None,
            lot_id: *lot_id,
            quantity: *quantity,
        },
        What::Return(quantity, bin_id, _) => StockAct::Arrive {
            reason: StockReason::Return,
            bin_id: *bin_id,
            lot: returned,
            quantity: *quantity,
            receipt: Receipt::default(),
        },
        What::Receive(quantity, bin_id, lot, receipt) => StockAct::Arrive {
            reason: StockReason::Receive,
            bin_id: *bin_id,
            lot: lot.as_lot(),
            quantity: *quantity,
            receipt: *receipt,
        },
        What::WriteOff(quantity, bin_id, lot_id) => StockAct::Leave {
            reason: StockReason::WriteOff,
            bin_id: Some(*bin_id),
            lot_id: Some(*lot_id),
            quantity: *quantity,
        },
        What::ToSupplier(quantity, bin_id, lot_id) => StockAct::Leave {
            reason: StockReason::ReturnToSupplier,
            bin_id: Some(*bin_id),
            lot_id: Some(*lot_id),
            quantity: *quantity,
        },
        What::Transfer(quantity, bin_id, lot_id, to) => StockAct::Transfer {
            bin_id: *bin_id,
            lot_id: Some(*lot_id),
            to: *to,
            quantity: *quantity,
        },
        What::Adjust(bin_id, lot_id, change) => StockAct::Adjust {
            bin_id: *bin_id,
            lot_id: *lot_id,
            change: *change,
        },
        What::Empty(bin_id) => StockAct::EmptyBin { bin_id: *bin_id },
        What::Full(bin_id, lot) => StockAct::Refill {
            bin_id: *bin_id,
            lot: lot.as_lot(),
            quantity: None,
        },
        What::NotEmpty(bin_id) => StockAct::NotEmpty { bin_id: *bin_id },
        What::Undo(form_key) => StockAct::Undo {
            form_key: *form_key,
        },
    }
}

fn done_words(what: &What, beyond: i64, t: &Strings) -> String {
    let t = &t.stock;
    match what {
        What::Issue(quantity, _) if beyond > 0 => {
            fill(t.done_beyond, &[&grouped(*quantity), &grouped(beyond)])
        }
        What::Issue(quantity, _) => fill(t.done_issue, &[&grouped(*quantity)]),
        What::Return(quantity, ..) => fill(t.done_return, &[&grouped(*quantity)]),
        What::Receive(quantity, ..) => fill(t.done_receive, &[&grouped(*quantity)]),
        What::WriteOff(quantity, ..) => fill(t.done_write_off, &[&grouped(*quantity)]),
        What::ToSupplier(quantity, ..) => fill(t.done_to_supplier, &[&grouped(*quantity)]),
        What::Transfer(quantity, ..) => fill(t.done_transfer, &[&grouped(*quantity)]),
        What::Adjust(_, _, change) => fill(t.done_adjust, &[&grouped(*change)]),
        What::Empty(_) => t.done_empty.to_owned(),
        What::Full(..) => t.done_full.to_owned(),
        What::NotEmpty(_) => t.done_not_empty.to_owned(),
        What::Undo(_) => t.done_undo.to_owned(),
    }
}

pub(super) fn lot_state_word(state: LotState, t: &'static Strings) -> &'static str {
    match state {
        // It may be used but for its day.
        LotState::Usable => t.stock.lot_expired,
        LotState::Quarantined => t.stock.lot_quarantined,
        LotState::Recalled => t.stock.lot_recalled,
        LotState::Damaged => t.stock.lot_damaged,
    }
}

/// Why nothing was changed, in words, and the status of the answer.
pub(super) fn refusal_words(refusal: StockRefusal, t: &'static Strings) -> (StatusCode, String) {
    let words = &t.stock;
    let unfit = StatusCode::UNPROCESSABLE_ENTITY;
    let lot = |words: &str, state| fill(words, &[&lot_state_word(state, t)]);
    match refusal {
        StockRefusal::Quantity(number) => {
            (unfit, fill(words.refused_quantity, &[&grouped(number)]))
        }
        StockRefusal::NoBin => (StatusCode::NOT_FOUND, words.refused_bin.to_owned()),
        StockRefusal::NoLot => (StatusCode::CONFLICT, words.refused_lot.to_owned()),
        StockRefusal::NotUsable(state) => (unfit, lot(words.refused_not_usable, state)),
        StockRefusal::OtherLot => (unfit, words.refused_other_lot.to_owned()),
        StockRefusal::Reason => (unfit, words.refused_reason.to_owned()),
        StockRefusal::Beyond(most) => (unfit, fill(words.refused_beyond, &[&grouped(most)])),
        StockRefusal::Quarantine(state) => (unfit, lot(words.refused_quarantine, state)),
        StockRefusal::Over(open) => (unfit, fill(words.refused_over, &[&grouped(open)])),
        StockRefusal::Damaged(number) => (unfit, fill(words.refused_damaged, &[&grouped(number)])),
        StockRefusal::SameBin => (unfit, words.refused_same_bin.to_owned()),
        StockRefusal::NoOrder => (StatusCode::CONFLICT, words.refused_no_order.to_owned()),
        StockRefusal::NotTwoBins => (StatusCode::CONFLICT, words.refused_two_bins.to_owned()),
        StockRefusal::FillTheBin => (StatusCode::CONFLICT, words.refused_fill.to_owned()),
        StockRefusal::CountsItself => (StatusCode::CONFLICT, words.refused_cabinet.to_owned()),
        StockRefusal::NoUndo => (StatusCode::CONFLICT, words.refused_undo.to_owned()),
    }
}

fn refused(
    shell: Shell,
    status: StatusCode,
    words: String,
    back: String,
) -> Result<HttpResponse, PageError> {
    let links = vec![(shell.t.stock.back_item.to_owned(), back)];
    let title = match status {
        StatusCode::BAD_REQUEST => shell.t.error.bad_title,
        _ => shell.t.acts.nothing_changed_title,
    };
    let page = RefusedPage {
        title: title.to_owned(),
        sentences: vec![words, shell.t.acts.nothing_changed.to_owned()],
        links,
        shell,
    };
    Page::new(page).with_status(status).render()
}
