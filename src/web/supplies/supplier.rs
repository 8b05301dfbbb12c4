//! A supplier: how long it takes, and what an order costs.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;
use uuid::Uuid;

use super::item_words::{TextField, bad_field, gone, problems, text_field};
use crate::app::App;
use crate::db::types::Role;
use crate::ids::SupplierId;
use crate::supplies::catalogue::{
    ItemError, ItemRefusal, SupplierFields, SupplierForm, find_supplier, perform_supplier_form,
};
use crate::supplies::item_form::{ItemFault, ItemField, cost, days, needed};
use crate::web::acts::new_key;
use crate::web::extract::{IdPath, Viewer};
use crate::web::page::{Nav, Page, Problem, Shell, see_other};
use crate::web::strings::fill;
use crate::web::{PageError, routes};

/// `POST /supplies/suppliers/{id}`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SaveSupplierForm {
    key: String,
    shown: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    lead: String,
    #[serde(default)]
    lead_deviation: String,
    #[serde(default)]
    order_cost: String,
}

/// The page.
#[derive(Debug, Template)]
#[template(path = "supplies/supplier.html")]
pub struct SupplierPage {
    /// Frame.
    pub shell: Shell,
    /// "Supplier Medline".
    pub heading: String,
    /// What is wrong.
    pub problems: Vec<Problem>,
    /// That somebody was faster.
    pub stale: Option<&'static str>,
    /// Where the form is sent.
    pub action: String,
    /// Idempotency key.
    pub key: String,
    /// What the form shows of it.
    pub shown: String,
    /// Its fields.
    pub fields: Vec<TextField>,
}

/// `GET /supplies/suppliers/{id}`
///
/// # Errors
/// 404 for a supplier that does not exist; when the database fails.
pub async fn page(
    app: web::Data<App>,
    viewer: Viewer,
    id: IdPath<SupplierId>,
) -> Result<Page<SupplierPage>, PageError> {
    let shell = viewer.shell(Nav::Supplies);
    let found = find_supplier(&*app.db.conn().await?, id.0).await?;
    let found = found.ok_or(PageError::NotFound)?;
    Ok(Page::new(SupplierPage::new(shell, id.0, &found)))
}

/// `POST /supplies/suppliers/{id}`
///
/// # Errors
/// When the database fails.
pub async fn save(
    app: web::Data<App>,
    viewer: Viewer,
    id: IdPath<SupplierId>,
    form: web::Form<SaveSupplierForm>,
) -> Result<HttpResponse, PageError> {
    let shell = viewer.shell(Nav::Supplies);
    let back = routes::supplier_path(id.0);
    let Ok(key) = form.key.parse::<Uuid>() else {
        return bad_field(shell, "key", &form.key, &back);
    };
    let mut faults = Vec::new();
    let fields = SupplierFields {
        name: needed(
            ItemField::Name,
            &form.name.replace('\0', ""),
            120,
            &mut faults,
        ),
        lead_days: days(ItemField::Lead, &form.lead, &mut faults),
        lead_deviation_days: days(ItemField::LeadDeviation, &form.lead_deviation, &mut faults),
        order_cost: cost(ItemField::OrderCost, &form.order_cost, &mut faults),
    };
    let mut status = StatusCode::UNPROCESSABLE_ENTITY;
    if faults.is_empty() {
        let sent = SupplierForm {
            key,
            user_id: viewer.user_id,
            supplier_id: id.0,
            shown: &form.shown,
            fields: &fields,
            location: &back,
        };
        let mut conn = app.db.conn().await?;
        match perform_supplier_form(&mut conn, &sent, app.clock.now()).await {
            Ok(None) => {
                viewer.leave_flash(&app, shell.t.stock_items.saved).await?;
                return Ok(see_other(&back));
            }
            Ok(Some(location)) => {
                viewer.leave_flash(&app, shell.t.acts.done_already).await?;
                return Ok(see_other(routes::safe_next(&location)));
            }
            Err(ItemError::Refused(ItemRefusal::Gone)) => return gone(shell, routes::SUPPLIES),
            Err(ItemError::Refused(ItemRefusal::Stale)) => status = StatusCode::CONFLICT,
            Err(ItemError::Refused(ItemRefusal::Fault(fault))) => faults.push(fault),
            Err(error @ ItemError::Database(_)) => return Err(error.into()),
        }
    }
    let found = find_supplier(&*app.db.conn().await?, id.0).await?;
    let found = found.ok_or(PageError::NotFound)?;
    let mut page = SupplierPage::new(shell, id.0, &found);
    let typed = [
        &form.name,
        &form.lead,
        &form.lead_deviation,
        &form.order_cost,
    ];
    for (field, value) in page.fields.iter_mut().zip(typed) {
        field.value.clone_from(value);
    }
    if status == StatusCode::CONFLICT {
        page.stale = Some(page.shell.t.stock_items.stale);
    } else {
        page.shown.clone_from(&form.shown);
    }
    page.problems = problems(&faults, page.shell.t);
    Page::new(page).with_status(status).render()
}

impl SupplierPage {
    fn new(shell: Shell, id: SupplierId, found: &SupplierFields) -> Self {
        let (strings, t) = (shell.t, &shell.t.stock_items);
        let cost = found.order_cost.map(|cost| cost.to_string());
        let cost = cost.unwrap_or_default();
        let (lead, deviation) = (
            found.lead_days.to_string(),
            found.lead_deviation_days.to_string(),
        );
        Self {
            heading: fill(t.supplier_title, &[&found.name]),
            problems: Vec::new(),
            stale: None,
            action: routes::supplier_path(id),
            key: new_key(),
            shown: found.fingerprint(),
            fields: vec![
                text_field(ItemField::Name, t.hint_name, 120, &found.name, strings),
                text_field(ItemField::Lead, t.hint_lead, 20, &lead, strings),
                text_field(
                    ItemField::LeadDeviation,
                    t.hint_lead_deviation,
                    20,
                    &deviation,
                    strings,
                ),
                text_field(ItemField::OrderCost, t.hint_order_cost, 20, &cost, strings),
            ],
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
        let found = SupplierFields {
            name: "Medline <b>".to_owned(),
            lead_days: 3.0,
            lead_deviation_days: 0.5,
            order_cost: Some(12.5),
        };
        let mut wrong = Self::new(shell.clone(), SupplierId(2), &found);
        let faults = [
            ItemFault::Days(ItemField::Lead, "<i>".to_owned()),
            ItemFault::Cost(ItemField::OrderCost, "-1".to_owned()),
        ];
        wrong.problems = problems(&faults, shell.t);
        wrong.stale = Some(shell.t.stock_items.stale);
        vec![Self::new(shell, SupplierId(2), &found), wrong]
    }
}
