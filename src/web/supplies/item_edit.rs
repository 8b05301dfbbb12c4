//! Adding and changing an item, its packs and its codes.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;
use uuid::Uuid;

use super::item_words::{TextField, bad_field, gone, perform, problem, problems, text_field};
use crate::app::App;
use crate::db::types::Role;
use crate::ids::{ItemId, PackId, SupplierId};
use crate::live::Topic;
use crate::supplies::catalogue::{
    ItemAct, ItemForm, ItemPosted, ItemRefusal, ItemSheet, PackRow, find_item_sheet,
};
use crate::supplies::item_form::{
    ItemFault, ItemField, ItemFields, ItemTexts, code, needed, pack_units,
};
use crate::web::acts::new_key;
use crate::web::extract::{IdPath, Viewer};
use crate::web::page::{Nav, Page, Problem, Shell, see_other};
use crate::web::strings::fill;
use crate::web::wording::grouped;
use crate::web::{PageError, routes};

/// `POST /supplies/items/add` and `POST /supplies/items/{id}/edit`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SaveItemForm {
    key: String,
    #[serde(default)]
    shown: String,
    #[serde(default)]
    number: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    unit: String,
    #[serde(default)]
    category: String,
    #[serde(default)]
    supplier: String,
    #[serde(default)]
    class: String,
    #[serde(default)]
    holding_cost: String,
    #[serde(default)]
    retired: String,
}

impl SaveItemForm {
    fn texts(&self) -> ItemTexts {
        let text = |text: &String| text.replace('\0', "");
        ItemTexts {
            number: text(&self.number),
            name: text(&self.name),
            unit: text(&self.unit),
            category: text(&self.category),
            supplier: text(&self.supplier),
            class: text(&self.class),
            holding_cost: text(&self.holding_cost),
            is_retired: self.retired == "1",
        }
    }
}

/// `POST /supplies/items/{id}/parts`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PartsForm {
    key: String,
    act: String,
    #[serde(default)]
    pack: String,
    #[serde(default)]
    pack_units: String,
    #[serde(default)]
    ordered: String,
    #[serde(default)]
    pack_id: String,
    #[serde(default)]
    code: String,
}

/// The page.
#[derive(Debug, Template)]
#[template(path = "supplies/item_form.html")]
pub struct ItemFormPage {
    /// Frame.
    pub shell: Shell,
    /// "Add an item".
    pub heading: String,
    /// What is wrong.
    pub problems: Vec<Problem>,
    /// That somebody was faster.
    pub stale: Option<&'static str>,
    /// Where the form is sent.
    pub action: String,
    /// Idempotency key.
    pub key: String,
    /// What the form shows of the item.
    pub shown: String,
    /// Fields with a text.
    pub fields: Vec<TextField>,
    /// Classes: value, words, whether it is chosen.
    pub classes: Vec<(&'static str, &'static str, bool)>,
    /// Whether it is no longer used.
    pub is_retired: bool,
    /// Where one came from.
    pub back: String,
    /// For an item that is there.
    pub parts: Option<Parts>,
}

/// Packs and codes of an item.
#[derive(Clone, Debug)]
pub struct Parts {
    /// Where its forms are sent.
    pub action: String,
    /// "A pack is a whole number of each."
    pub intro: String,
    /// Its packs.
    pub packs: Vec<PackLine>,
    /// Whether it is ordered in a pack.
    pub is_ordered_in_pack: bool,
    /// Its codes, and what each is on.
    pub codes: Vec<(String, String)>,
    /// Packs that a code may be on: id, words, and whether it was chosen.
    pub code_packs: Vec<(String, String, bool)>,
    /// What was typed.
    pub pack: String,
    /// What was typed.
    pub pack_units: String,
    /// What was ticked.
    pub ordered: bool,
    /// What was typed.
    pub code: String,
    /// Its supplier: address and words.
    pub supplier: Option<(String, String)>,
    /// Where it is held at a place.
    pub hold_href: String,
}

/// A pack, ready to show.
#[derive(Clone, Debug)]
pub struct PackLine {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// "50 each".
    pub units: String,
    /// Whether it is the one that is ordered.
    pub is_ordered: bool,
}

/// `GET /supplies/items/add`
///
/// # Errors
/// Never.
pub async fn add_form(viewer: Viewer) -> Result<Page<ItemFormPage>, PageError> {
    let shell = viewer.shell(Nav::Supplies);
    Ok(Page::new(ItemFormPage::new(shell, None, &first_texts())))
}

fn first_texts() -> ItemTexts {
    ItemTexts {
        unit: "each".to_owned(),
        class: "c".to_owned(),
        ..ItemTexts::default()
    }
}

/// `POST /supplies/items/add`
///
/// # Errors
/// When the database fails.
pub async fn add(
    app: web::Data<App>,
    viewer: Viewer,
    form: web::Form<SaveItemForm>,
) -> Result<HttpResponse, PageError> {
    let shell = viewer.shell(Nav::Supplies);
    let Ok(key) = form.key.parse::<Uuid>() else {
        return bad_field(shell, "key", &form.key, routes::SUPPLIES);
    };
    let texts = form.texts();
    let fields = match texts.parse() {
        Ok(fields) => fields,
        Err(faults) => return unfit(ItemFormPage::new(shell, None, &texts), &faults),
    };
    // Where a second press finds it.
    let location = routes::with_query(routes::SUPPLIES, &[("q", &fields.number)]);
    let sent = ItemForm {
        key,
        user_id: viewer.user_id,
        act: ItemAct::Add(&fields),
        location: &location,
    };
    match perform(&app, &sent).await? {
        Ok(ItemPosted::Done { item_id, .. }) => {
            viewer.leave_flash(&app, shell.t.stock_items.added).await?;
            Ok(see_other(&routes::item_edit_path(item_id)))
        }
        Ok(ItemPosted::Repeat { location }) => {
            viewer.leave_flash(&app, shell.t.acts.done_already).await?;
            Ok(see_other(routes::safe_next(&location)))
        }
        Err(ItemRefusal::Fault(fault)) => unfit(ItemFormPage::new(shell, None, &texts), &[fault]),
        Err(ItemRefusal::Gone | ItemRefusal::Stale) => gone(shell, routes::SUPPLIES),
    }
}

fn unfit(mut page: ItemFormPage, faults: &[ItemFault]) -> Result<HttpResponse, PageError> {
    page.problems = problems(faults, page.shell.t);
    Page::new(page)
        .with_status(StatusCode::UNPROCESSABLE_ENTITY)
        .render()
}

/// `GET /supplies/items/{id}/edit`
///
/// # Errors
/// 404 for an item that does not exist; when the database fails.
pub async fn edit_form(
    app: web::Data<App>,
    viewer: Viewer,
    id: IdPath<ItemId>,
) -> Result<Page<ItemFormPage>, PageError> {
    let shell = viewer.shell(Nav::Supplies);
    let sheet = find_item_sheet(&*app.db.conn().await?, id.0).await?;
    let sheet = sheet.ok_or(PageError::NotFound)?;
    let texts = ItemTexts::of(&sheet.fields);
    Ok(Page::new(ItemFormPage::new(shell, Some(&sheet), &texts)))
}

/// `POST /supplies/items/{id}/edit`
///
/// # Errors
/// When the database fails.
pub async fn edit(
    app: web::Data<App>,
    viewer: Viewer,
    id: IdPath<ItemId>,
    form: web::Form<SaveItemForm>,
) -> Result<HttpResponse, PageError> {
    let shell = viewer.shell(Nav::Supplies);
    let back = routes::item_path(id.0, None);
    let Ok(key) = form.key.parse::<Uuid>() else {
        return bad_field(shell, "key", &form.key, &back);
    };
    let texts = form.texts();
    let faults = match texts.parse() {
        Err(faults) => faults,
        Ok(fields) => {
            let sent = ItemForm {
                key,
                user_id: viewer.user_id,
                act: ItemAct::Edit(id.0, &fields, &form.shown),
                location: &back,
            };
            match perform(&app, &sent).await? {
                Ok(posted) => return done(&app, &viewer, &shell, posted, &back).await,
                Err(ItemRefusal::Gone) => return gone(shell, routes::SUPPLIES),
                Err(ItemRefusal::Stale) => {
                    let sheet = find_item_sheet(&*app.db.conn().await?, id.0).await?;
                    let sheet = sheet.ok_or(PageError::NotFound)?;
                    let mut page = ItemFormPage::new(shell, Some(&sheet), &texts);
                    page.stale = Some(page.shell.t.stock_items.stale);
                    return Page::new(page).with_status(StatusCode::CONFLICT).render();
                }
                Err(ItemRefusal::Fault(fault)) => vec![fault],
            }
        }
    };
    let sheet = find_item_sheet(&*app.db.conn().await?, id.0).await?;
    let sheet = sheet.ok_or(PageError::NotFound)?;
    let mut page = ItemFormPage::new(shell, Some(&sheet), &texts);
    page.shown.clone_from(&form.shown);
    unfit(page, &faults)
}

async fn done(
    app: &App,
    viewer: &Viewer,
    shell: &Shell,
    posted: ItemPosted,
    next: &str,
) -> Result<HttpResponse, PageError> {
    match posted {
        ItemPosted::Done { .. } => {
            app.hints.send([Topic::Alerts]);
            viewer.leave_flash(app, shell.t.stock_items.saved).await?;
            Ok(see_other(next))
        }
        ItemPosted::Repeat { location } => {
            viewer.leave_flash(app, shell.t.acts.done_already).await?;
            Ok(see_other(routes::safe_next(&location)))
        }
    }
}

/// `POST /supplies/items/{id}/parts`
///
/// # Errors
/// When the database fails.
pub async fn parts(
    app: web::Data<App>,
    viewer: Viewer,
    id: IdPath<ItemId>,
    form: web::Form<PartsForm>,
) -> Result<HttpResponse, PageError> {
    let shell = viewer.shell(Nav::Supplies);
    let back = routes::item_edit_path(id.0);
    let Ok(key) = form.key.parse::<Uuid>() else {
        return bad_field(shell, "key", &form.key, &back);
    };
    let pack_id = match form.pack_id.as_str() {
        "" => None,
        text => match text.parse() {
            Ok(number) => Some(PackId(number)),
            Err(_) => return bad_field(shell, "pack_id", text, &back),
        },
    };
    let mut faults = Vec::new();
    let pack = form.pack.replace('\0', "");
    let typed = form.code.replace('\0', "");
    let (name, units, read);
    let act = match (form.act.as_str(), pack_id) {
        ("add_pack", _) => {
            name = needed(ItemField::Pack, &pack, 40, &mut faults);
            units = pack_units(&form.pack_units, &mut faults);
            ItemAct::AddPack(id.0, &name, units, form.ordered == "1")
        }
        ("remove_pack", Some(pack)) => ItemAct::RemovePack(id.0, pack),
        ("order_pack", pack) => ItemAct::OrderPack(id.0, pack),
        ("add_code", pack) => {
            read = code(&typed, &mut faults);
            ItemAct::AddCode(id.0, &read, pack)
        }
        ("remove_code", _) => ItemAct::RemoveCode(id.0, &typed),
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
            Ok(posted) => return done(&app, &viewer, &shell, posted, &back).await,
            Err(ItemRefusal::Gone | ItemRefusal::Stale) => return gone(shell, &back),
            Err(ItemRefusal::Fault(fault)) => faults.push(fault),
        }
    }
    let sheet = find_item_sheet(&*app.db.conn().await?, id.0).await?;
    let sheet = sheet.ok_or(PageError::NotFound)?;
    let texts = ItemTexts::of(&sheet.fields);
    let mut page = ItemFormPage::new(shell, Some(&sheet), &texts);
    if let Some(parts) = &mut page.parts {
        parts.pack = pack;
        parts.pack_units.clone_from(&form.pack_units);
        parts.ordered = form.ordered == "1";
        parts.code = typed;
        // A code that is put right is on the pack that was chosen for it.
        if form.act == "add_code" {
            for (id, _, is_chosen) in &mut parts.code_packs {
                *is_chosen = *id == form.pack_id;
            }
        }
    }
    unfit(page, &faults)
}

impl ItemFormPage {
    fn new(shell: Shell, sheet: Option<&ItemSheet>, texts: &ItemTexts) -> Self {
        let (strings, t) = (shell.t, &shell.t.stock_items);
        let hint_unit = match sheet {
            Some(sheet) if sheet.has_moves => t.hint_unit_fixed,
            _ => t.hint_unit,
        };
        let field =
            |field, hint, most, value: &String| text_field(field, hint, most, value, strings);
        let fields = vec![
            field(ItemField::Number, t.hint_number, 64, &texts.number),
            field(ItemField::Name, t.hint_name, 120, &texts.name),
            field(ItemField::Unit, hint_unit, 20, &texts.unit),
            field(ItemField::Category, t.hint_optional, 80, &texts.category),
            field(ItemField::Supplier, t.hint_supplier, 120, &texts.supplier),
            field(
                ItemField::HoldingCost,
                t.hint_holding_cost,
                20,
                &texts.holding_cost,
            ),
        ];
        let classes = [("a", t.class_a), ("b", t.class_b), ("c", t.class_c)];
        let item_id = sheet.map(|sheet| sheet.item_id);
        Self {
            heading: match sheet {
                Some(sheet) => fill(t.edit_title, &[&sheet.fields.name]),
                None => t.add_title.to_owned(),
            },
            problems: Vec::new(),
            stale: None,
            action: item_id.map_or_else(|| routes::ITEM_ADD.to_owned(), routes::item_edit_path),
            key: new_key(),
            shown: sheet
                .map(|sheet| ItemTexts::of(&sheet.fields).fingerprint())
                .unwrap_or_default(),
            fields,
            classes: classes
                .into_iter()
                .map(|(value, words)| (value, words, value == texts.class))
                .collect(),
            is_retired: texts.is_retired,
            back: item_id.map_or_else(
                || routes::SUPPLIES.to_owned(),
                |id| routes::item_path(id, None),
            ),
            parts: sheet.map(|sheet| Parts::new(sheet, &shell)),
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
        let pack = |id, is_ordered| PackRow {
            pack_id: PackId(id),
            name: format!("box <b> {id}"),
            units: 1_000 * id,
            is_ordered,
        };
        let sheet = |packs: Vec<PackRow>| ItemSheet {
            item_id: ItemId(4),
            fields: ItemFields {
                number: "100-20".to_owned(),
                name: "IV cannula 20G <safety>".to_owned(),
                base_unit: "each".to_owned(),
                category: Some("IV & access".to_owned()),
                supplier: Some("Medline <b>".to_owned()),
                count_class: "a".to_owned(),
                holding_cost: Some(0.25),
                is_retired: true,
            },
            supplier_id: Some(SupplierId(2)),
            has_moves: packs.is_empty(),
            places: 3,
            codes: packs
                .iter()
                .map(|pack| (format!("+A<{}>", pack.units), Some(pack.name.clone())))
                .collect(),
            packs,
        };
        let page = |sheet: Option<&ItemSheet>| {
            let texts = sheet.map_or_else(first_texts, |sheet| ItemTexts::of(&sheet.fields));
            Self::new(shell.clone(), sheet, &texts)
        };
        let mut wrong = page(Some(&sheet(vec![pack(1, true), pack(2, false)])));
        wrong.problems = [
            ItemFault::Empty(ItemField::Number),
            ItemFault::Class("<i>".to_owned()),
            ItemFault::StillHeld(3),
            ItemFault::Units("1.5".to_owned()),
            ItemFault::Empty(ItemField::Pack),
            ItemFault::CheckDigit("<b>".to_owned(), 2),
        ]
        .iter()
        .map(|fault| problem(fault, shell.t))
        .collect();
        wrong.stale = Some(shell.t.stock_items.stale);
        vec![page(None), page(Some(&sheet(Vec::new()))), wrong]
    }
}

impl Parts {
    fn new(sheet: &ItemSheet, shell: &Shell) -> Self {
        let t = &shell.t.stock_items;
        let unit = &sheet.fields.base_unit;
        let packs = sheet.packs.iter().map(|pack| PackLine {
            id: pack.pack_id.to_string(),
            name: pack.name.clone(),
            units: format!("{} {unit}", grouped(pack.units)),
            is_ordered: pack.is_ordered,
        });
        let codes = sheet.codes.iter().map(|(code, pack)| {
            let on = pack.clone().unwrap_or_else(|| t.of_piece.to_owned());
            (code.clone(), on)
        });
        let mut code_packs = vec![(String::new(), t.of_piece.to_owned(), false)];
        code_packs.extend(
            sheet
                .packs
                .iter()
                .map(|pack| (pack.pack_id.to_string(), pack.name.clone(), false)),
        );
        let supplier = sheet.supplier_id.zip(sheet.fields.supplier.as_ref());
        Self {
            action: routes::item_parts_path(sheet.item_id),
            intro: fill(t.packs_intro, &[unit]),
            packs: packs.collect(),
            is_ordered_in_pack: sheet.packs.iter().any(|pack| pack.is_ordered),
            codes: codes.collect(),
            code_packs,
            pack: String::new(),
            pack_units: String::new(),
            ordered: false,
            code: String::new(),
            supplier: supplier
                .map(|(id, name)| (routes::supplier_path(id), fill(t.supplier_link, &[name]))),
            hold_href: routes::item_hold_path(sheet.item_id, None),
        }
    }
}
