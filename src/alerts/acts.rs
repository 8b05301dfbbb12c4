//! What people do about alerts: acknowledge, one or several at once, and resolve. Each form is one transaction that locks the alerts
//! in the order of their keys, as whatever ends them does, so that of two people at the same moment one acts and the other is told.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use serde_json::json;
use uuid::Uuid;

use super::rules::may_resolve;
use crate::audit::{Actor, Event, record_audit};
use crate::db::form_key::take_form_key;
use crate::db::schema::alert;
use crate::db::types::{AlertKind, AlertState, Role};
use crate::ids::{AlertId, UserId};

/// Most alerts in one form.
pub const ALERTS_MAX: usize = 100;

/// What a person does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AlertAct<'a> {
    /// "I have seen it." It stays in the list.
    Acknowledge,
    /// "It is dealt with." While the condition holds it needs a reason, and the key stays quiet until the condition has ended once.
    Resolve {
        /// Why, when it was said.
        reason: Option<&'a str>,
    },
    /// "Not now." It is told no further until then; it stays in the list.
    Snooze {
        /// For how many hours, 1 to 168.
        hours: i64,
        /// Why.
        reason: &'a str,
    },
}

/// Longest snooze in hours.
pub const SNOOZE_HOURS_MAX: i64 = 168;

/// What became of a form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AlertPosted {
    /// It was carried out.
    Done {
        /// These were changed.
        changed: Vec<AlertId>,
        /// These had been acknowledged or resolved meanwhile and were left as they are.
        left: Vec<AlertId>,
    },
    /// The same form was carried out before: nothing was done again.
    Repeat {
        /// Where the first one led.
        location: String,
    },
}

/// Why nothing was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AlertRefusal {
    /// None or more than [`ALERTS_MAX`] were named.
    Count,
    /// There is no such alert.
    NoAlert,
    /// Somebody else was faster, or it resolved itself.
    MovedOn(AlertId),
    /// This role may not resolve it while its condition holds.
    Right(AlertId),
    /// A reason is needed while its condition holds.
    Reason(AlertId),
    /// A snooze is for 1 to 168 hours.
    Hours(i64),
}

/// Why a form was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum AlertActError {
    /// It is not allowed; nothing was changed.
    #[error("the alert cannot be changed so now")]
    Refused(AlertRefusal),
    /// The database failed; nothing was changed.
    #[error("changing an alert")]
    Database(#[from] diesel::result::Error),
}

crate::db::again::refusable!(AlertActError, AlertRefusal);

/// Who acts, with which form.
#[derive(Clone, Copy, Debug)]
pub struct AlertForm<'a> {
    /// Idempotency key.
    pub key: Uuid,
    /// Who.
    pub user_id: UserId,
    /// As what.
    pub role: Role,
    /// About which alerts.
    pub ids: &'a [AlertId],
    /// What.
    pub act: AlertAct<'a>,
    /// Where the answer leads.
    pub location: &'a str,
}

#[derive(Queryable)]
struct Locked {
    id: AlertId,
    kind: AlertKind,
    state: AlertState,
    is_active: bool,
}

/// Carries out a person's form once, in one transaction.
///
/// # Errors
/// See [`AlertActError`]; then the key is not used up.
pub async fn perform_alert_form(
    conn: &mut AsyncPgConnection,
    form: &AlertForm<'_>,
    now: DateTime<Utc>,
) -> Result<AlertPosted, AlertActError> {
    conn.transaction(async |conn| {
        if let Some(location) =
            take_form_key(conn, form.key, form.user_id, form.location, now).await?
        {
            return Ok(AlertPosted::Repeat { location });
        }
        let rows = lock_alerts(conn, form.ids).await?;
        match form.act {
            AlertAct::Acknowledge => acknowledge(conn, &rows, form, now).await,
            AlertAct::Resolve { reason } => resolve(conn, &rows, form, reason, now).await,
            AlertAct::Snooze { hours, reason } => {
                snooze(conn, &rows, form, (hours, reason), now).await
            }
        }
    })
    .await
}

async fn lock_alerts(
    conn: &mut AsyncPgConnection,
    ids: &[AlertId],
) -> Result<Vec<Locked>, AlertActError> {
    let mut wanted = ids.to_vec();
    wanted.sort_unstable();
    wanted.dedup();
    if wanted.is_empty() || wanted.len() > ALERTS_MAX {
        return Err(AlertActError::Refused(AlertRefusal::Count));
    }
    let rows: Vec<Locked> = alert::table
        .filter(alert::id.eq_any(&wanted))
        .order(alert::alert_key)
        .select((alert::id, alert::kind, alert::state, alert::is_active))
        .for_update()
        .load(conn)
        .await?;
    if rows.len() == wanted.len() {
        Ok(rows)
    } else {
        Err(AlertActError::Refused(AlertRefusal::NoAlert))
    }
}

/// What waits is acknowledged; what somebody else acknowledged or what is over is left as it is. When nothing waits, the page
/// was old.
async fn acknowledge(
    conn: &mut AsyncPgConnection,
    rows: &[Locked],
    form: &AlertForm<'_>,
    now: DateTime<Utc>,
) -> Result<AlertPosted, AlertActError> {
    let of = |is_open: bool| -> Vec<AlertId> {
        rows.iter()
            .filter(|row| (row.state == AlertState::Open) == is_open)
            .map(|row| row.id)
            .collect()
    };
    let (changed, left) = (of(true), of(false));
    if changed.is_empty() {
        let first = left.iter().copied().next().unwrap_or(AlertId(0));
        return Err(AlertActError::Refused(AlertRefusal::MovedOn(first)));
    }
    diesel::update(alert::table.filter(alert::id.eq_any(&changed)))
        .set((
            alert::state.eq(AlertState::Acknowledged),
            alert::acknowledged_at.eq(now),
            alert::acknowledged_by.eq(form.user_id),
        ))
        .execute(conn)
        .await?;
    Ok(AlertPosted::Done { changed, left })
}

/// Until then nobody is told further. It needs an end and a reason.
async fn snooze(
    conn: &mut AsyncPgConnection,
    rows: &[Locked],
    form: &AlertForm<'_>,
    (hours, reason): (i64, &str),
    now: DateTime<Utc>,
) -> Result<AlertPosted, AlertActError> {
    let refuse = |why| Err(AlertActError::Refused(why));
    let reason = reason.trim();
    for row in rows {
        if row.state == AlertState::Resolved {
            return refuse(AlertRefusal::MovedOn(row.id));
        }
        if !may_resolve(row.kind, form.role) {
            return refuse(AlertRefusal::Right(row.id));
        }
        if reason.is_empty() {
            return refuse(AlertRefusal::Reason(row.id));
        }
    }
    if !(1..=SNOOZE_HOURS_MAX).contains(&hours) {
        return refuse(AlertRefusal::Hours(hours));
    }
    let changed: Vec<AlertId> = rows.iter().map(|row| row.id).collect();
    let until = now + TimeDelta::hours(hours);
    diesel::update(alert::table.filter(alert::id.eq_any(&changed)))
        .set((
            alert::snoozed_until.eq(until),
            alert::snoozed_by.eq(form.user_id),
            alert::snooze_reason.eq(reason),
        ))
        .execute(conn)
        .await?;
    for row in rows {
        let actor = Actor::User(form.user_id);
        let mut event = Event::new(actor, "alert.snoozed", format!("alert:{}", row.id));
        event.after = Some(json!({ "kind": row.kind.as_str(), "until": until }));
        event.reason = Some(reason);
        record_audit(conn, &event, now).await?;
    }
    Ok(AlertPosted::Done {
        changed,
        left: Vec::new(),
    })
}

async fn resolve(
    conn: &mut AsyncPgConnection,
    rows: &[Locked],
    form: &AlertForm<'_>,
    reason: Option<&str>,
    now: DateTime<Utc>,
) -> Result<AlertPosted, AlertActError> {
    let reason = reason.map(str::trim).filter(|reason| !reason.is_empty());
    let refuse = |why| Err(AlertActError::Refused(why));
    for row in rows {
        if row.state == AlertState::Resolved {
            return refuse(AlertRefusal::MovedOn(row.id));
        }
        if row.is_active && !may_resolve(row.kind, form.role) {
            return refuse(AlertRefusal::Right(row.id));
        }
        if row.is_active && reason.is_none() {
            return refuse(AlertRefusal::Reason(row.id));
        }
    }
    let changed: Vec<AlertId> = rows.iter().map(|row| row.id).collect();
    diesel::update(alert::table.filter(alert::id.eq_any(&changed)))
        .set((
            alert::state.eq(AlertState::Resolved),
            alert::resolved_at.eq(now),
            alert::resolved_by.eq(form.user_id),
            alert::resolution.eq(reason),
        ))
        .execute(conn)
        .await?;
    for row in rows {
        // Whoever silences a condition that holds answers for it (S-50).
        let actor = Actor::User(form.user_id);
        let mut event = Event::new(actor, "alert.resolved", format!("alert:{}", row.id));
        event.after = Some(json!({ "kind": row.kind.as_str(), "is_active": row.is_active }));
        event.reason = reason;
        record_audit(conn, &event, now).await?;
    }
    Ok(AlertPosted::Done {
        changed,
        left: Vec::new(),
    })
}
