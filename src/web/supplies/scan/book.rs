//! What a scan books, and what is said when it books nothing.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};

use super::sent::{Sent, Unread, What};
use super::{Kind, Offer, Said, ScanParams, show};
use crate::app::App;
use crate::db::DbConn;
use crate::db::types::{OrderState, StockReason};
use crate::ids::{BinId, ItemId, LotId, StockPlaceId};
use crate::live::Topic;
use crate::supplies::acts::{Receipt, StockAct, StockForm, StockPosted, StockRefusal};
use crate::supplies::ledger::StockKey;
use crate::supplies::list::{LINES_PER_PAGE, OrderFilter, OrderLine, list_order_lines};
use crate::supplies::orders::find_filled_lately;
use crate::supplies::scan::{Code, CodeFault, Scanned, TwoBin, find_scanned, list_two_bins};
use crate::supplies::stock::{
    StockLine, find_item, find_lot_of_label, find_stock, find_stock_place,
};
use crate::web::done::with_done;
use crate::web::extract::Viewer;
use crate::web::page::{Nav, see_other};
use crate::web::strings::{Strings, fill};
use crate::web::supplies::stock_act::{post_form, refusal_words};
use crate::web::wording::grouped;
use crate::web::{PageError, routes};

/// `POST /scan/issue`
///
/// # Errors
/// When the database fails.
pub async fn issue_scanned(
    app: web::Data<App>,
    viewer: Viewer,
    body: web::Bytes,
) -> Result<HttpResponse, PageError> {
    answer(&app, &viewer, Kind::Issue, &body).await
}

/// `POST /scan/receive`
///
/// # Errors
/// When the database fails.
pub async fn receive_scanned(
    app: web::Data<App>,
    viewer: Viewer,
    body: web::Bytes,
) -> Result<HttpResponse, PageError> {
    answer(&app, &viewer, Kind::Receive, &body).await
}

/// `POST /scan/bins`
///
/// # Errors
/// 403 for a refill by somebody who does not look after supplies; when the database fails.
pub async fn bins_scanned(
    app: web::Data<App>,
    viewer: Viewer,
    body: web::Bytes,
) -> Result<HttpResponse, PageError> {
    answer(&app, &viewer, Kind::Empty, &body).await
}

/// One scan: who sent it, and in which words it is answered.
struct Scan<'a> {
    app: &'a App,
    viewer: &'a Viewer,
    sent: &'a Sent,
    t: &'static Strings,
}

/// What was booked in words, or what was scanned in vain.
type Booked = Result<String, Said>;

async fn answer(
    app: &App,
    viewer: &Viewer,
    kind: Kind,
    body: &[u8],
) -> Result<HttpResponse, PageError> {
    let t = viewer.shell(Nav::Scan).t;
    let sent = match Sent::read(kind, body) {
        Ok(sent) => sent,
        Err(unread) => {
            let params = ScanParams {
                place: Sent::place_of(body),
                ..ScanParams::default()
            };
            let kind = match Sent::kind_of(kind, body) {
                Kind::Full if !viewer.may_open(routes::SCAN_RECEIVE) => kind,
                kind => kind,
            };
            let said = unread_words(unread, t);
            let beside = Sent::beside(body, said.sound);
            return show(app, viewer, (kind, &params), Some((said, beside))).await;
        }
    };
    let needs_supply = sent.kind == Kind::Full || matches!(sent.what, What::NotEmpty(_));
    if needs_supply && !viewer.may_open(routes::SCAN_RECEIVE) {
        return Err(PageError::Forbidden);
    }
    let sent = &sent;
    let scan = Scan {
        app,
        viewer,
        sent,
        t,
    };
    match scan.book().await? {
        Ok(words) => {
            app.hints.send([Topic::Alerts]);
            viewer.leave_flash(app, &words).await?;
            let here = sent.kind.href(Some(sent.place));
            Ok(see_other(&with_done(&here, sent.key)))
        }
        Err(said) => {
            let params = ScanParams {
                place: Some(sent.place.to_string()),
                ..ScanParams::default()
            };
            let beside = Sent::beside(body, said.sound);
            show(app, viewer, (sent.kind, &params), Some((said, beside))).await
        }
    }
}

fn unread_words(unread: Unread, t: &'static Strings) -> Said {
    let (status, words) = match unread {
        Unread::Field(field) => {
            let words = fill(t.register.bad_form, &[&shown(&field)]);
            (StatusCode::BAD_REQUEST, words)
        }
        Unread::Quantity(text) => {
            let words = fill(t.scan.bad_number, &[&shown(&text)]);
            (StatusCode::UNPROCESSABLE_ENTITY, words)
        }
        Unread::Day(text) => {
            let words = fill(t.stock.refused_day, &[&shown(&text)]);
            (StatusCode::UNPROCESSABLE_ENTITY, words)
        }
    };
    Said::miss(words, "").with_status(status)
}

fn shown(text: &str) -> String {
    text.chars().take(40).collect()
}

/// Why a code cannot be read, in words.
#[must_use]
pub fn fault_words(fault: &CodeFault, t: &Strings) -> String {
    let t = &t.scan;
    match fault {
        CodeFault::Empty => t.miss_empty.to_owned(),
        CodeFault::TooLong => t.miss_long.to_owned(),
        CodeFault::CheckDigit(text, digit) => fill(t.miss_check, &[text, digit]),
        CodeFault::Label(why) => fill(t.miss_label, &[why]),
    }
}

/// What a scan is about: the item at the place, what the pack says, and how many base units.
struct Pack {
    line: StockLine,
    code: Code,
    quantity: i64,
}

impl Scan<'_> {
    async fn book(&self) -> Result<Booked, PageError> {
        match &self.sent.what {
            What::Undo(form_key) => {
                let act = StockAct::Undo {
                    form_key: *form_key,
                };
                // The moves of the form say which items.
                let posted = self.perform(ItemId(0), act, None).await?;
                Ok(match posted {
                    Ok(_) => Ok(self.t.scan.said_undo.to_owned()),
                    Err(refusal) => Err(self.refused(refusal, "")),
                })
            }
            What::NotEmpty(bin_id) => self.not_empty(*bin_id).await,
            What::Scan { code, .. } if self.sent.kind.is_bins() => self.bin(code).await,
            What::Scan { code, quantity } => {
                let pack = match self.find_pack(code, *quantity).await? {
                    Ok(pack) => pack,
                    Err(said) => return Ok(Err(said)),
                };
                match self.sent.kind {
                    Kind::Receive => self.receive(&pack).await,
                    Kind::Issue | Kind::Empty | Kind::Full => self.issue(&pack).await,
                }
            }
        }
    }

    async fn find_pack(&self, text: &str, quantity: i64) -> Result<Result<Pack, Said>, PageError> {
        let (sent, t) = (self.sent, &self.t.scan);
        let now = self.app.clock.now();
        let conn = self.app.db.conn().await?;
        let found = find_scanned(&conn, text, sent.place, now.date_naive()).await?;
        let (item_id, units, code) = match found {
            Err(fault) => return Ok(Err(Said::miss(fault_words(&fault, self.t), text))),
            Ok(Scanned::Unknown(code)) => return Ok(Err(self.unknown(&code))),
            Ok(Scanned::Bin(_)) => return Ok(Err(Said::miss(t.miss_bin.to_owned(), text))),
            Ok(Scanned::Item {
                item_id,
                units,
                code,
            }) => (item_id, units, code),
        };
        let stock = StockKey {
            item_id,
            stock_place_id: sent.place,
        };
        let Some(line) = find_stock(&conn, stock, now).await? else {
            return Ok(Err(self.not_held(&conn, item_id, &code).await?));
        };
        if code.lot_is_odd && !sent.overrides {
            let words = fill(t.miss_odd_lot, &[&code.lot_number]);
            let offer = self.offer(t.offer_lot, &code.text, "override");
            return Ok(Err(Said::miss(words, &code.text).with_offer(offer)));
        }
        let quantity = quantity.saturating_mul(units);
        Ok(Ok(Pack {
            line,
            code,
            quantity,
        }))
    }

    fn unknown(&self, code: &Code) -> Said {
        let t = &self.t.scan;
        let words = fill(t.miss_unknown, &[&code.text]);
        let said = Said::miss(words, &code.text).with_status(StatusCode::NOT_FOUND);
        if !self.viewer.may_open(routes::SCAN_LINK) {
            return said;
        }
        let back = self.sent.kind.href(Some(self.sent.place));
        said.with_link(t.miss_link, routes::scan_link_path(&code.text, &back))
    }

    async fn not_held(
        &self,
        conn: &DbConn,
        item_id: ItemId,
        code: &Code,
    ) -> Result<Said, PageError> {
        let item = find_item(conn, item_id).await?;
        let item = item.map_or_else(String::new, |item| item.name);
        let place = find_stock_place(conn, self.sent.place).await?;
        let place = place.map_or_else(String::new, |place| place.name);
        let words = fill(self.t.scan.miss_not_held, &[&item, &place]);
        let said = Said::miss(words, &code.text);
        Ok(said.with_link(&item, routes::item_path(item_id, None)))
    }

    fn offer(&self, words: &str, code: &str, yes: &'static str) -> Offer {
        Offer {
            words: words.to_owned(),
            reason: None,
            hidden: self.sent.again(code, yes),
        }
    }

    /// An offer that needs a reason, which is typed beside it.
    fn offer_lot(&self, code: &str) -> Offer {
        let t = &self.t.scan;
        let mut offer = self.offer(t.offer_lot, code, "override");
        offer.hidden.retain(|(name, _)| *name != "note");
        let said = self.sent.note.clone().unwrap_or_default();
        offer.reason = Some((t.offer_why, said));
        offer
    }

    async fn issue(&self, pack: &Pack) -> Result<Booked, PageError> {
        let (facts, code, t) = (&pack.line.facts, &pack.code, &self.t.scan);
        let lot_id: Option<LotId> = if code.lot_number.is_empty() {
            None
        } else {
            let conn = self.app.db.conn().await?;
            let label = (code.lot_number.as_str(), code.expires_on);
            find_lot_of_label(&conn, facts.item_id, label).await?
        };
        let act = StockAct::Leave {
            reason: StockReason::Issue,
            bin_id: None,
            lot_id,
            quantity: pack.quantity,
        };
        let note = self.sent.note.as_deref();
        let posted = self.perform(facts.item_id, act, note).await?;
        let amount = grouped(pack.quantity);
        Ok(match posted {
            Ok(StockPosted::Done { beyond: 0, .. }) => {
                Ok(fill(t.said_issue, &[&amount, &facts.item_name]))
            }
            Ok(StockPosted::Done { beyond, .. }) => Ok(fill(
                t.said_beyond,
                &[&amount, &facts.item_name, &grouped(beyond)],
            )),
            Ok(StockPosted::Repeat { .. }) => Err(self.repeated(&code.text)),
            Err(refusal @ (StockRefusal::OtherLot | StockRefusal::Reason)) => {
                let offer = self.offer_lot(&code.text);
                Err(self.refused(refusal, &code.text).with_offer(offer))
            }
            Err(refusal) => Err(self.refused(refusal, &code.text)),
        })
    }

    async fn receive(&self, pack: &Pack) -> Result<Booked, PageError> {
        let (facts, code, t) = (&pack.line.facts, &pack.code.text, &self.t.scan);
        let conn = self.app.db.conn().await?;
        let order = oldest_order(&conn, facts.item_id, self.sent.place).await?;
        // One more than an order that has just come in full: more than was ordered, or scanned twice.
        let filled = if order.is_none() && !self.sent.receipt.confirms_over {
            let stock = StockKey {
                item_id: facts.item_id,
                stock_place_id: self.sent.place,
            };
            find_filled_lately(&conn, stock, self.app.clock.now()).await?
        } else {
            None
        };
        drop(conn);
        if let Some(ordered) = filled {
            let words = fill(t.miss_filled, &[&grouped(ordered), &facts.item_name]);
            let offer = self.offer(t.offer_over, code, "over");
            return Ok(Err(Said::miss(words, code).with_offer(offer)));
        }
        let act = StockAct::Arrive {
            reason: StockReason::Receive,
            bin_id: facts.bin_id,
            lot: self.sent.lot(&pack.code),
            quantity: pack.quantity,
            receipt: Receipt {
                order_line_id: order.as_ref().map(|line| line.order_line_id),
                ..self.sent.receipt
            },
        };
        let posted = self.perform(facts.item_id, act, None).await?;
        let amount = grouped(pack.quantity);
        let words: [&dyn std::fmt::Display; 3] = [&amount, &facts.item_name, &facts.bin_name];
        Ok(match (posted, order) {
            (Ok(StockPosted::Done { .. }), Some(line)) => {
                let open = line.quantity() - line.quantity_received - pack.quantity;
                let open = grouped(open.max(0));
                let [amount, item, bin] = words;
                Ok(fill(t.said_receive_order, &[amount, item, bin, &open]))
            }
            (Ok(StockPosted::Done { .. }), None) => Ok(fill(t.said_receive, &words)),
            (Ok(StockPosted::Repeat { .. }), _) => Err(self.repeated(code)),
            (Err(refusal @ StockRefusal::Over(_)), _) => {
                let offer = self.offer(t.offer_over, code, "over");
                Err(self.refused(refusal, code).with_offer(offer))
            }
            (Err(refusal @ StockRefusal::Quarantine(_)), _) => {
                let offer = self.offer(t.offer_apart, code, "apart");
                Err(self.refused(refusal, code).with_offer(offer))
            }
            (Err(refusal), _) => Err(self.refused(refusal, code)),
        })
    }

    async fn bin(&self, text: &str) -> Result<Booked, PageError> {
        let (sent, t) = (self.sent, &self.t.scan);
        let is_full = sent.kind == Kind::Full;
        let today = self.app.clock.now().date_naive();
        let conn = self.app.db.conn().await?;
        let (of, code) = match find_scanned(&conn, text, sent.place, today).await? {
            Err(fault) => return Ok(Err(Said::miss(fault_words(&fault, self.t), text))),
            Ok(Scanned::Unknown(code)) => return Ok(Err(self.unknown(&code))),
            Ok(Scanned::Bin(bin_id)) => (Err(bin_id), Code::default()),
            Ok(Scanned::Item { item_id, code, .. }) => (Ok(item_id), code),
        };
        let bins = list_two_bins(&conn, sent.place, of).await?;
        drop(conn);
        let bin = match which_bin(&bins, is_full) {
            Ok(bin) => bin,
            Err(unclear) => {
                let words = match unclear {
                    Unclear::None => t.miss_not_two,
                    Unclear::Many => t.miss_which_bin,
                };
                return Ok(Err(Said::miss(fill(words, &[&shown(text)]), text)));
            }
        };
        // The same card again changes nothing.
        if bin.is_empty != is_full {
            let words = if is_full {
                t.said_known_full
            } else {
                t.said_known_empty
            };
            return Ok(Err(Said::duplicate(fill(words, &[&bin.name]), text)));
        }
        let act = if is_full {
            StockAct::Refill {
                bin_id: bin.bin_id,
                lot: sent.lot(&code),
                quantity: None,
            }
        } else {
            StockAct::EmptyBin { bin_id: bin.bin_id }
        };
        let posted = self.perform(bin.item_id, act, None).await?;
        let item = find_item(&*self.app.db.conn().await?, bin.item_id).await?;
        let item = item.map_or_else(String::new, |item| item.name);
        let words = if is_full { t.said_full } else { t.said_empty };
        Ok(match posted {
            Ok(StockPosted::Done { .. }) => Ok(fill(words, &[&bin.name, &item])),
            Ok(StockPosted::Repeat { .. }) => Err(self.repeated(text)),
            Err(refusal) => Err(self.refused(refusal, text)),
        })
    }

    async fn not_empty(&self, bin_id: BinId) -> Result<Booked, PageError> {
        let conn = self.app.db.conn().await?;
        let bins = list_two_bins(&conn, self.sent.place, Err(bin_id)).await?;
        drop(conn);
        let Some(bin) = bins.first() else {
            return Ok(Err(self.refused(StockRefusal::NotTwoBins, "")));
        };
        let note = Some(self.t.scan.not_empty_note);
        let act = StockAct::NotEmpty { bin_id };
        let posted = self.perform(bin.item_id, act, note).await?;
        Ok(match posted {
            Ok(_) => Ok(self.t.stock.done_not_empty.to_owned()),
            Err(refusal) => Err(self.refused(refusal, "")),
        })
    }

    fn repeated(&self, code: &str) -> Said {
        Said::duplicate(self.t.scan.said_already.to_owned(), code)
    }

    fn refused(&self, refusal: StockRefusal, code: &str) -> Said {
        let (status, words) = refusal_words(refusal, self.t);
        Said::miss(words, code).with_status(status)
    }

    /// Carries a form out, again when its transaction met another one.
    async fn perform(
        &self,
        item_id: ItemId,
        act: StockAct<'_>,
        note: Option<&str>,
    ) -> Result<Result<StockPosted, StockRefusal>, PageError> {
        let location = self.sent.kind.href(Some(self.sent.place));
        let form = StockForm {
            key: self.sent.key,
            user_id: self.viewer.user_id,
            stock: StockKey {
                item_id,
                stock_place_id: self.sent.place,
            },
            act,
            note,
            location: &location,
        };
        post_form(self.app, &form).await
    }
}

/// The order that the item came with: the oldest that is on its way to the place.
async fn oldest_order(
    conn: &DbConn,
    item_id: ItemId,
    place: StockPlaceId,
) -> Result<Option<OrderLine>, PageError> {
    let mut lines = Vec::new();
    for state in [OrderState::PartReceived, OrderState::Sent] {
        let filter = OrderFilter {
            item: Some(item_id),
            place: Some(place),
            ..OrderFilter::of(state)
        };
        let (found, _) = list_order_lines(conn, &filter, None, LINES_PER_PAGE).await?;
        lines.extend(found);
    }
    Ok(lines.into_iter().min_by_key(|line| line.order_line_id))
}

/// Why it is not clear which bin is meant.
enum Unclear {
    None,
    Many,
}

/// The bin that is meant: the one that was scanned, else the only one of the item's that the act is possible for.
fn which_bin(bins: &[TwoBin], is_full: bool) -> Result<&TwoBin, Unclear> {
    if let [bin] = bins {
        return Ok(bin);
    }
    let mut fit = bins.iter().filter(|bin| bin.is_empty == is_full);
    match (fit.next(), fit.next()) {
        (Some(bin), None) => Ok(bin),
        // None of the bins is as it would have to be: that is said of the first.
        (None, _) => bins.first().ok_or(Unclear::None),
        (Some(_), Some(_)) => Err(Unclear::Many),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bin(id: i64, is_empty: bool) -> TwoBin {
        TwoBin {
            item_id: ItemId(1),
            bin_id: BinId(id),
            name: format!("A-0{id}"),
            is_empty,
        }
    }

    #[test]
    fn a_bin_is_meant_only_when_it_is_clear() {
        let id = |bins: &[TwoBin], is_full| {
            let bin = which_bin(bins, is_full).ok();
            bin.map(|bin| (bin.bin_id.0, bin.is_empty))
        };
        let (full, empty) = (bin(1, false), bin(2, true));
        let pair = [full.clone(), empty.clone()];
        assert_eq!(id(&pair, false), Some((1, false)));
        assert_eq!(id(&pair, true), Some((2, true)));
        assert_eq!(id(&[full, bin(2, false)], false), None);
        let both_empty = [bin(1, true), empty.clone()];
        assert_eq!(id(&both_empty, false), Some((1, true)), "said to be known");
        assert_eq!(id(&[empty], false), Some((2, true)));
        assert_eq!(id(&[], true), None);
    }
}
