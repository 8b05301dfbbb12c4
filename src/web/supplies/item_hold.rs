//! Holding an item at a place, in which bins, and no longer.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;
use uuid::Uuid;

use super::item::ItemParams;
use super::item_words::{TextField, bad_field, gone, perform, problems, text_field};
use crate::app::App;
use crate::db::types::Role;
use crate::ids::{ItemId, StockPlaceId};
use crate::live::Topic;
use crate::supplies::catalogue::{
    Held, ItemAct, ItemForm, ItemPosted, ItemRefusal, find_held, find_item_sheet,
};
use crate::supplies::item_form::{ItemFault, ItemField, given, needed};
use crate::supplies::ledger::StockKey;
use crate::web::acts::new_key;
use crate::web::extract::{IdPath, Viewer};
use crate::web::page::{Nav, Page, Problem, Shell, see_other};
use crate::web::strings::fill;
use crate::web::{PageError, routes};

/// `POST /supplies/items/{id}/hold`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HoldForm {
    key: String,
    act: String,
    #[serde(default)]
    place_id: String,
    #[serde(default)]
    place: String,
    #[serde(default)]
    bin: String,
    #[serde(default)]
    second_bin: String,
}

/// The page.
#[derive(Debug, Template)]
#[template(path = "supplies/item_hold.html")]
pub struct ItemHoldPage {
    /// Frame.
    pub shell: Shell,
    /// "Hold IV cannula 20G at a place".
    pub heading: String,
    /// What is wrong.
    pub problems: Vec<Problem>,
    /// Where forms are sent.
    pub action: String,
    /// Idempotency key.
    pub key: String,
    /// Its fields.
    pub fields: Vec<TextField>,
    /// The place where it is held, which can be ended.
    pub place_id: Option<String>,
    /// Where one came from.
    pub back: String,
}

/// `GET /supplies/items/{id}/hold?place=`
///
/// # Errors
/// 404 for an item that does not exist, or a place that need not hold it; when the database fails.
pub async fn page(
    app: web::Data<App>,
    viewer: Viewer,
    id: IdPath<ItemId>,
    params: web::Query<ItemParams>,
) -> Result<Page<ItemHoldPage>, PageError> {
    let shell = viewer.shell(Nav::Supplies);
    let page = ItemHoldPage::load(&app, shell, id.0, params.place()).await?;
    Ok(Page::new(page.ok_or(PageError::NotFound)?))
}

/// `POST /supplies/items/{id}/hold`
///
/// # Errors
/// When the database fails.
pub async fn save(
    app: web::Data<App>,
    viewer: Viewer,
    id: IdPath<ItemId>,
    form: web::Form<HoldForm>,
) -> Result<HttpResponse, PageError> {
    let shell = viewer.shell(Nav::Supplies);
    let back = routes::item_path(id.0, None);
    let Ok(key) = form.key.parse::<Uuid>() else {
        return bad_field(shell, "key", &form.key, &back);
    };
    let place_id = match form.place_id.as_str() {
        "" => None,
        text => match text.parse() {
            Ok(number) => Some(StockPlaceId(number)),
            Err(_) => return bad_field(shell, "place_id", text, &back),
        },
    };
    let mut faults = Vec::new();
    let text = |text: &String| text.replace('\0', "");
    let held;
    let act = match (form.act.as_str(), place_id) {
        ("hold", _) => {
            held = Held {
                place: needed(ItemField::Place, &text(&form.place), 120, &mut faults),
                bin: needed(ItemField::Bin, &text(&form.bin), 40, &mut faults),
                second_bin: given(
                    ItemField::SecondBin,
                    &text(&form.second_bin),
                    40,
                    &mut faults,
                ),
            };
            ItemAct::Hold(id.0, &held)
        }
        ("end", Some(place)) => ItemAct::End(id.0, place),
        (other, _) => return bad_field(shell, "act", other, &back),
    };
    if faults.is_empty() {
        let sent = ItemForm {
            key,
            user_id: viewer.user_id,
            act,
            location: &back,
        };
        match perform(&app, &sent).await? {
            Ok(ItemPosted::Done { stock_place_id, .. }) => {
                app.hints.send([Topic::Alerts]);
                let t = &shell.t.stock_items;
                let words = if stock_place_id.is_some() {
                    t.held
                } else {
                    t.ended
                };
                viewer.leave_flash(&app, words).await?;
                return Ok(see_other(&routes::item_path(id.0, stock_place_id)));
            }
            Ok(ItemPosted::Repeat { location }) => {
                viewer.leave_flash(&app, shell.t.acts.done_already).await?;
                return Ok(see_other(routes::safe_next(&location)));
            }
            Err(ItemRefusal::Gone | ItemRefusal::Stale) => return gone(shell, &back),
            Err(ItemRefusal::Fault(fault)) => faults.push(fault),
        }
    }
    let Some(mut page) = ItemHoldPage::load(&app, shell, id.0, place_id).await? else {
        return Err(PageError::NotFound);
    };
    if form.act == "hold" {
        let typed = [&form.place, &form.bin, &form.second_bin];
        for (field, value) in page.fields.iter_mut().zip(typed) {
            field.value.clone_from(value);
        }
    }
    page.problems = problems(&faults, page.shell.t);
    Page::new(page)
        .with_status(StatusCode::UNPROCESSABLE_ENTITY)
        .render()
}

impl ItemHoldPage {
    async fn load(
        app: &App,
        shell: Shell,
        item_id: ItemId,
        place: Option<StockPlaceId>,
    ) -> Result<Option<Self>, PageError> {
        let conn = app.db.conn().await?;
        let Some(sheet) = find_item_sheet(&conn, item_id).await? else {
            return Ok(None);
        };
        let held = match place {
            None => None,
            Some(stock_place_id) => {
                let key = StockKey {
                    item_id,
                    stock_place_id,
                };
                match find_held(&conn, key).await? {
                    None => return Ok(None),
                    held => held.map(|held| (stock_place_id, held)),
                }
            }
        };
        Ok(Some(Self::new(
            shell,
            (item_id, &sheet.fields.name),
            held.as_ref(),
        )))
    }

    fn new(
        shell: Shell,
        (item_id, name): (ItemId, &str),
        held: Option<&(StockPlaceId, Held)>,
    ) -> Self {
        let (strings, t) = (shell.t, &shell.t.stock_items);
        let empty = Held {
            place: String::new(),
            bin: String::new(),
            second_bin: None,
        };
        let place_id = held.map(|(id, _)| *id);
        let shown = held.map_or(&empty, |(_, held)| held);
        let second = shown.second_bin.clone().unwrap_or_default();
        let title = if held.is_some() {
            t.hold_bins_title
        } else {
            t.hold_title
        };
        Self {
            heading: fill(title, &[&name]),
            problems: Vec::new(),
            action: routes::item_hold_path(item_id, None),
            key: new_key(),
            fields: vec![
                text_field(ItemField::Place, t.hint_place, 120, &shown.place, strings),
                text_field(ItemField::Bin, t.hint_bin, 40, &shown.bin, strings),
                text_field(
                    ItemField::SecondBin,
                    t.hint_second_bin,
                    40,
                    &second,
                    strings,
                ),
            ],
            place_id: place_id.map(|id| id.to_string()),
            back: routes::item_path(item_id, place_id),
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
        let held = Held {
            place: "4 West supply room & more".to_owned(),
            bin: "A-03 <b>".to_owned(),
            second_bin: Some("A-04".to_owned()),
        };
        let item = (ItemId(4), "IV cannula 20G <safety>");
        let mut wrong = Self::new(shell.clone(), item, Some(&(StockPlaceId(6), held)));
        let faults = [
            ItemFault::HasStock(7),
            ItemFault::Empty(ItemField::Bin),
            ItemFault::SameBin("<i>".to_owned()),
        ];
        wrong.problems = problems(&faults, shell.t);
        vec![Self::new(shell, item, None), wrong]
    }
}
