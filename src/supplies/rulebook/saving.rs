//! Saving a rule: checked against what it inherits, audited, and carried to what it reaches.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{RuleKey, find_rule_card};
use crate::audit::{Actor, Event, record_audit};
use crate::db::form_key::take_form_key;
use crate::db::schema::stock_rule;
use crate::db::types::{Rounding, StockMethod};
use crate::ids::{RuleId, UserId};
use crate::supplies::carry::{AT_ONCE_MAX, carry_or_note};
use crate::supplies::inherit::RuleFields;
use crate::supplies::rule_form::{RuleFault, RuleTexts, check};

/// A rule that somebody saves; without any field it is deleted.
#[derive(Clone, Copy, Debug)]
pub struct RuleForm<'a> {
    /// Idempotency key.
    pub key: Uuid,
    /// Who.
    pub user_id: UserId,
    /// Which rule.
    pub rule: RuleKey,
    /// What the form showed of it: [`RuleTexts::fingerprint`].
    pub shown: &'a str,
    /// What it becomes.
    pub fields: RuleFields,
    /// Where the answer leads.
    pub location: &'a str,
}

/// What became of a form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RulePosted {
    /// It was carried out.
    Done {
        /// Whether the numbers of all that it reaches follow in parts, within some minutes; else they did at once.
        is_later: bool,
    },
    /// The same form was carried out before: nothing was done again.
    Repeat {
        /// Where the first one led.
        location: String,
    },
}

/// Why nothing was changed.
#[derive(Clone, Debug, PartialEq)]
pub enum RuleRefusal {
    /// The item or the place is gone.
    Gone,
    /// Somebody changed the rule since the form was shown.
    Stale,
    /// It does not fit.
    Faults(Vec<RuleFault>),
}

/// Why a form was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum RuleError {
    /// It is not allowed; nothing was changed.
    #[error("the rule cannot be saved so")]
    Refused(RuleRefusal),
    /// The database failed; nothing was changed.
    #[error("saving a rule of restocking")]
    Database(#[from] diesel::result::Error),
}

crate::db::again::refusable!(RuleError, RuleRefusal);

/// Saves a rule once, in one transaction with its audit row (S-50), and carries it to what it reaches, or leaves that to the scheduler
/// when it is much.
///
/// # Errors
/// See [`RuleError`]; then the key is not used up.
pub async fn perform_rule_form(
    conn: &mut AsyncPgConnection,
    form: &RuleForm<'_>,
    now: DateTime<Utc>,
) -> Result<RulePosted, RuleError> {
    conn.transaction(async |conn| {
        if let Some(location) =
            take_form_key(conn, form.key, form.user_id, form.location, now).await?
        {
            return Ok(RulePosted::Repeat { location });
        }
        let refuse = |refusal| Err(RuleError::Refused(refusal));
        lock_rules(conn).await?;
        let Some(card) = find_rule_card(conn, form.rule).await? else {
            return refuse(RuleRefusal::Gone);
        };
        let own = card.own.map(|(_, fields)| fields);
        if RuleTexts::fingerprint(own.as_ref()) != form.shown {
            return refuse(RuleRefusal::Stale);
        }
        let faults = check(&form.fields, &card.inherited(), &card.ground());
        if !faults.is_empty() {
            return refuse(RuleRefusal::Faults(faults));
        }
        if own.unwrap_or_default() == form.fields {
            return Ok(RulePosted::Done { is_later: false });
        }
        write_rule(conn, form, card.own, now).await?;
        let is_carried = carry_or_note(conn, &form.rule.reach(), now).await?;
        Ok(RulePosted::Done {
            is_later: !is_carried,
        })
    })
    .await
}

/// Whether saving a rule that reaches so many is carried in parts.
#[must_use]
pub fn is_carried_later(reach: usize) -> bool {
    reach > AT_ONCE_MAX
}

/// Two people do not save rules at the same moment: what one checks against, the other cannot change under her. It is held for a moment.
async fn lock_rules(conn: &mut AsyncPgConnection) -> QueryResult<()> {
    sql_query("SELECT pg_advisory_xact_lock(hashtext('wardtrack rules of restocking'))")
        .execute(conn)
        .await
        .map(drop)
}

async fn write_rule(
    conn: &mut AsyncPgConnection,
    form: &RuleForm<'_>,
    own: Option<(RuleId, RuleFields)>,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    let values = Values::from(&form.fields);
    let (action, id) = match own {
        Some((id, _)) if form.fields.is_empty() => {
            diesel::delete(stock_rule::table.find(id))
                .execute(conn)
                .await?;
            ("stock_rule.deleted", id)
        }
        Some((id, _)) => {
            diesel::update(stock_rule::table.find(id))
                .set(&values)
                .execute(conn)
                .await?;
            ("stock_rule.changed", id)
        }
        None => {
            let [place, room, floor, building, facility] = form.rule.scope.ids();
            let id: RuleId = diesel::insert_into(stock_rule::table)
                .values((
                    stock_rule::item_id.eq(form.rule.item_id),
                    stock_rule::stock_place_id.eq(place),
                    stock_rule::room_id.eq(room),
                    stock_rule::floor_id.eq(floor),
                    stock_rule::building_id.eq(building),
                    stock_rule::facility_id.eq(facility),
                    &values,
                ))
                .returning(stock_rule::id)
                .get_result(conn)
                .await?;
            ("stock_rule.added", id)
        }
    };
    let mut event = Event::new(
        Actor::User(form.user_id),
        action,
        format!("stock_rule:{id}"),
    );
    event.before = own.map(|(_, fields)| told(form.rule, &fields));
    event.after = Some(told(form.rule, &form.fields)).filter(|_| !form.fields.is_empty());
    record_audit(conn, &event, now).await
}

/// The columns of a rule; all of them are written.
#[derive(AsChangeset, Insertable)]
#[diesel(table_name = stock_rule)]
#[diesel(treat_none_as_null = true)]
struct Values {
    method: Option<StockMethod>,
    reorder_point: Option<i64>,
    par: Option<i64>,
    maximum: Option<i64>,
    fixed_quantity: Option<i64>,
    rounding: Option<Rounding>,
    service_percent: Option<f32>,
    order_days: Option<f32>,
}

impl From<&RuleFields> for Values {
    fn from(fields: &RuleFields) -> Self {
        Self {
            method: fields.method,
            reorder_point: fields.reorder_point,
            par: fields.par,
            maximum: fields.maximum,
            fixed_quantity: fields.fixed_quantity,
            rounding: fields.rounding,
            service_percent: fields.service_percent,
            order_days: fields.order_days,
        }
    }
}

fn told(key: RuleKey, fields: &RuleFields) -> Value {
    json!({
        "item_id": key.item_id,
        "scope": key.scope.to_string(),
        "method": fields.method.map(StockMethod::as_str),
        "reorder_point": fields.reorder_point,
        "target": fields.par,
        "maximum": fields.maximum,
        "fixed_quantity": fields.fixed_quantity,
        "rounding": fields.rounding.map(Rounding::as_str),
        "service_percent": fields.service_percent,
        "order_days": fields.order_days,
    })
}
