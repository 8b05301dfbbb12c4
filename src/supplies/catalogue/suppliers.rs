//! Suppliers: how they deliver and what an order costs.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{ItemError, ItemRefusal, or_taken};
use crate::audit::{Actor, Event, record_audit};
use crate::db::form_key::take_form_key;
use crate::db::schema::supplier;
use crate::ids::{SupplierId, UserId};
use crate::supplies::item_form::{ItemFault, ItemField};

/// A supplier: how it delivers and what an order costs.
#[derive(Clone, Debug, PartialEq, Queryable)]
pub struct SupplierFields {
    /// Its name.
    pub name: String,
    /// Days from order to delivery.
    pub lead_days: f32,
    /// Their deviation.
    pub lead_deviation_days: f32,
    /// What one order costs.
    pub order_cost: Option<f64>,
}

impl SupplierFields {
    /// Tells one state of a supplier from any other.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        format!("{self:?}")
    }

    fn told(&self) -> Value {
        json!({
            "name": self.name,
            "lead_days": self.lead_days,
            "lead_deviation_days": self.lead_deviation_days,
            "order_cost": self.order_cost,
        })
    }
}

/// A supplier.
///
/// # Errors
/// When the database fails.
pub async fn find_supplier(
    mut conn: &AsyncPgConnection,
    id: SupplierId,
) -> QueryResult<Option<SupplierFields>> {
    supplier::table
        .find(id)
        .select((
            supplier::name,
            supplier::lead_days,
            supplier::lead_deviation_days,
            supplier::order_cost,
        ))
        .first(&mut conn)
        .await
        .optional()
}

/// A form about a supplier.
#[derive(Clone, Copy, Debug)]
pub struct SupplierForm<'a> {
    /// Its idempotency key.
    pub key: Uuid,
    /// By whom.
    pub user_id: UserId,
    /// Which supplier.
    pub supplier_id: SupplierId,
    /// What the form showed of it.
    pub shown: &'a str,
    /// What it becomes.
    pub fields: &'a SupplierFields,
    /// Where the answer leads.
    pub location: &'a str,
}

/// Changes a supplier once, in one transaction; what is computed from it follows in parts, which the database itself notes. `Some`: the form was
/// carried out before, and led there.
///
/// # Errors
/// See [`ItemError`]; then the key is not used up.
pub async fn perform_supplier_form(
    conn: &mut AsyncPgConnection,
    form: &SupplierForm<'_>,
    now: DateTime<Utc>,
) -> Result<Option<String>, ItemError> {
    conn.transaction(async |conn| {
        let repeat = take_form_key(conn, form.key, form.user_id, form.location, now).await?;
        if repeat.is_some() {
            return Ok(repeat);
        }
        let locked: Option<SupplierId> = supplier::table
            .find(form.supplier_id)
            .select(supplier::id)
            .for_no_key_update()
            .first(conn)
            .await
            .optional()?;
        let known = match locked {
            Some(id) => find_supplier(conn, id).await?,
            None => None,
        };
        let known = known.ok_or(ItemRefusal::Gone)?;
        if known.fingerprint() != form.shown {
            return Err(ItemRefusal::Stale.into());
        }
        let fields = form.fields;
        diesel::update(supplier::table.find(form.supplier_id))
            .set((
                supplier::name.eq(&fields.name),
                supplier::lead_days.eq(fields.lead_days),
                supplier::lead_deviation_days.eq(fields.lead_deviation_days),
                supplier::order_cost.eq(fields.order_cost),
            ))
            .execute(conn)
            .await
            .map_err(|error| {
                let name = fields.name.clone();
                or_taken(error, ItemFault::Taken(ItemField::Name, name))
            })?;
        let subject = format!("supplier:{}", form.supplier_id);
        let mut event = Event::new(Actor::User(form.user_id), "supplier.changed", subject);
        (event.before, event.after) = (Some(known.told()), Some(fields.told()));
        record_audit(conn, &event, now).await?;
        Ok(None)
    })
    .await
}
