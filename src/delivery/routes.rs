//! Destinations and routes: what administrators set, and who would be told.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Bool, Nullable, SmallInt, Text};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use serde_json::{Value, json};
use uuid::Uuid;

use super::address::{AddressError, Allowed, check_url};
use super::mail::is_mail_address;
use super::sign::new_secret;
use super::store::{end_not_delivered, give_up_waiting};
use crate::audit::{Actor, Event, record_audit};
use crate::db::form_key::take_form_key;
use crate::db::schema::{alert_route, destination, outbox, unit};
use crate::db::types::{AlertKind, DestinationKind, MessageEvent, Role, Severity};
use crate::ids::{DestinationId, RouteId, UnitId, UserId};

/// Destinations at most: each is asked for on every alert.
pub const DESTINATIONS_MAX: i64 = 100;
/// Routes at most.
pub const ROUTES_MAX: i64 = 500;
/// Steps of escalation.
pub const STEP_MAX: i16 = 5;
/// How long messages carry the signature of the old key too.
pub const OLD_KEY_FOR: TimeDelta = TimeDelta::hours(24);

/// A destination as the page shows it; its key is never read again.
#[derive(Clone, Debug, PartialEq, Eq, Queryable)]
pub struct DestinationLine {
    /// Its row.
    pub destination_id: DestinationId,
    /// Its name.
    pub name: String,
    /// Mail or web address.
    pub kind: DestinationKind,
    /// Where that is.
    pub address: String,
    /// How often alerts that may wait are sent together, in minutes.
    pub digest_minutes: i32,
    /// Failed tries in a row.
    pub failures: i32,
    /// Until when nothing is tried.
    pub broken_until: Option<DateTime<Utc>>,
    /// Since when it is turned off.
    pub disabled_at: Option<DateTime<Utc>>,
    /// Why.
    pub disabled_reason: Option<String>,
}

/// All destinations by name, but for those that are somebody's own.
///
/// # Errors
/// When the database fails.
pub async fn list_destinations(mut conn: &AsyncPgConnection) -> QueryResult<Vec<DestinationLine>> {
    destination::table
        .filter(destination::user_id.is_null())
        .order((destination::name, destination::id))
        .select((
            destination::id,
            destination::name,
            destination::kind,
            destination::address,
            destination::digest_minutes,
            destination::failures,
            destination::broken_until,
            destination::disabled_at,
            destination::disabled_reason,
        ))
        .limit(DESTINATIONS_MAX)
        .load(&mut conn)
        .await
}

/// A route as the page shows it.
#[derive(Clone, Debug, PartialEq, Eq, Queryable)]
pub struct RouteLine {
    /// Its row.
    pub route_id: RouteId,
    /// The destination; `None`: who has a role.
    pub destination: Option<String>,
    /// To everybody who is this.
    pub role: Option<Role>,
    /// Of which kind; `None`: of every kind.
    pub kind: Option<AlertKind>,
    /// Of which unit; `None`: of every unit.
    pub unit: Option<String>,
    /// From this severity on.
    pub min_severity: Severity,
    /// When: 0 when the alert begins, then when nobody acknowledged it.
    pub step: i16,
    /// Whether it may wait and is sent together with others.
    pub is_digest: bool,
}

/// All routes, by step and destination.
///
/// # Errors
/// When the database fails.
pub async fn list_routes(mut conn: &AsyncPgConnection) -> QueryResult<Vec<RouteLine>> {
    alert_route::table
        .left_join(destination::table)
        .left_join(unit::table)
        .order((alert_route::step, destination::name, alert_route::id))
        .select((
            alert_route::id,
            destination::name.nullable(),
            alert_route::role,
            alert_route::kind.nullable(),
            unit::name.nullable(),
            alert_route::min_severity,
            alert_route::step,
            alert_route::is_digest,
        ))
        .limit(ROUTES_MAX)
        .load(&mut conn)
        .await
}

/// Somebody who would be told.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct Told {
    /// At which step.
    #[diesel(sql_type = SmallInt)]
    pub step: i16,
    /// The destination.
    #[diesel(sql_type = Text)]
    pub destination: String,
    /// Mail or web address.
    #[diesel(sql_type = Text)]
    pub kind: DestinationKind,
    /// Whether together with others.
    #[diesel(sql_type = Bool)]
    pub is_digest: bool,
}

/// Who will be told of an alert like this, by the same function that tells.
///
/// # Errors
/// When the database fails.
pub async fn preview(
    mut conn: &AsyncPgConnection,
    kind: AlertKind,
    unit: Option<UnitId>,
    severity: Severity,
) -> QueryResult<Vec<Told>> {
    sql_query(
        "SELECT s.step::smallint AS step, d.name AS destination, d.kind, t.is_digest FROM generate_series(0, $4) AS s(step) \
         CROSS JOIN LATERAL told_of($1, $2, $3, s.step::smallint, NULL) t JOIN destination d ON d.id = t.destination_id ORDER BY s.step, d.name",
    )
    .bind::<Text, _>(kind)
    .bind::<Nullable<BigInt>, _>(unit)
    .bind::<Text, _>(severity)
    .bind::<diesel::sql_types::Integer, _>(i32::from(STEP_MAX))
    .load(&mut conn)
    .await
}

/// Where a route leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RouteTo {
    /// To a destination.
    Destination(DestinationId),
    /// To everybody who is this and gave a mail address: of the unit of the alert, or of none.
    Role(Role),
}

/// What an administrator does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RouteAct {
    /// A new destination.
    AddDestination {
        /// Its name.
        name: String,
        /// Mail or web address.
        kind: DestinationKind,
        /// Where that is.
        address: String,
        /// How often alerts that may wait are sent together, in minutes.
        digest_minutes: i32,
    },
    /// Nothing is sent there any more; what waits is given up.
    TurnOff(DestinationId),
    /// It is used again.
    TurnOn(DestinationId),
    /// A new key; the old one signs for a day more.
    NewKey(DestinationId),
    /// A message to try it out.
    Test(DestinationId),
    /// A new route.
    AddRoute {
        /// To whom.
        to: RouteTo,
        /// Of which kind; `None`: of every kind.
        kind: Option<AlertKind>,
        /// Of which unit; `None`: of every unit.
        unit: Option<UnitId>,
        /// From this severity on.
        min_severity: Severity,
        /// When.
        step: i16,
        /// Whether it may wait and is sent together with others.
        is_digest: bool,
    },
    /// A route goes.
    RemoveRoute(RouteId),
}

/// Who does what, with which form.
#[derive(Clone, Debug)]
pub struct RouteForm<'a> {
    /// Idempotency key.
    pub key: Uuid,
    /// Who.
    pub user_id: UserId,
    /// What.
    pub act: RouteAct,
    /// Where the answer leads.
    pub location: &'a str,
}

/// What became of a form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RoutePosted {
    /// It was carried out; a new key is shown this once.
    Done {
        /// The key of a web address.
        secret: Option<String>,
    },
    /// The same form was carried out before: nothing was done again.
    Repeat {
        /// Where the first one led.
        location: String,
    },
}

/// Why nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RouteRefusal {
    /// 1 to 80 characters.
    Name,
    /// There is one of that name.
    NameTaken,
    /// No mail address.
    Mail,
    /// No web address that is allowed.
    Url(AddressError),
    /// 1 to 1,440 minutes.
    Minutes(i32),
    /// 0 to 5.
    Step(i16),
    /// There is no such destination, route or unit.
    Gone,
    /// It is turned off.
    IsOff,
    /// Mail has no key.
    NoKey,
    /// There is the same route.
    SameRoute,
    /// There are too many already.
    TooMany(i64),
}

/// Why a form was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum RouteError {
    /// It is not allowed; nothing was changed.
    #[error("this cannot be set so")]
    Refused(RouteRefusal),
    /// The database failed; nothing was changed.
    #[error("setting who is told")]
    Database(#[from] diesel::result::Error),
}

crate::db::again::refusable!(RouteError, RouteRefusal);

impl From<RouteRefusal> for RouteError {
    fn from(refusal: RouteRefusal) -> Self {
        Self::Refused(refusal)
    }
}

/// Carries out an administrator's form once, in one transaction, with a line in the audit log (S-50).
///
/// # Errors
/// See [`RouteError`]; then the key is not used up.
pub async fn perform_route_form(
    conn: &mut AsyncPgConnection,
    form: &RouteForm<'_>,
    allowed: &Allowed,
    now: DateTime<Utc>,
) -> Result<RoutePosted, RouteError> {
    conn.transaction(async |conn| {
        if let Some(location) =
            take_form_key(conn, form.key, form.user_id, form.location, now).await?
        {
            return Ok(RoutePosted::Repeat { location });
        }
        let done = perform(conn, &form.act, allowed, now).await?;
        let mut event = Event::new(Actor::User(form.user_id), done.action, done.subject);
        event.after = done.after;
        record_audit(conn, &event, now).await?;
        Ok(RoutePosted::Done {
            secret: done.secret,
        })
    })
    .await
}

/// What is written down about an act.
struct Done {
    action: &'static str,
    subject: String,
    after: Option<Value>,
    secret: Option<String>,
}

impl Done {
    fn about(action: &'static str, destination: DestinationId) -> Self {
        Self {
            action,
            subject: format!("destination:{destination}"),
            after: None,
            secret: None,
        }
    }
}

async fn perform(
    conn: &mut AsyncPgConnection,
    act: &RouteAct,
    allowed: &Allowed,
    now: DateTime<Utc>,
) -> Result<Done, RouteError> {
    match act {
        RouteAct::AddDestination {
            name,
            kind,
            address,
            digest_minutes,
        } => {
            let values = (name.trim(), *kind, address.trim(), *digest_minutes);
            add_destination(conn, values, allowed, now).await
        }
        RouteAct::TurnOff(id) => {
            find_kind(conn, *id).await?;
            diesel::update(destination::table.find(id))
                .set((
                    destination::disabled_at.eq(now),
                    destination::disabled_reason.eq("turned off by an administrator"),
                ))
                .execute(conn)
                .await?;
            give_up_waiting(conn, Some(*id), "the destination was turned off", now).await?;
            end_not_delivered(conn, *id, now).await?;
            Ok(Done::about("destination.turned_off", *id))
        }
        RouteAct::TurnOn(id) => {
            find_kind(conn, *id).await?;
            diesel::update(destination::table.find(id))
                .set((
                    destination::disabled_at.eq(None::<DateTime<Utc>>),
                    destination::disabled_reason.eq(None::<String>),
                    destination::failures.eq(0),
                    destination::broken_until.eq(None::<DateTime<Utc>>),
                ))
                .execute(conn)
                .await?;
            end_not_delivered(conn, *id, now).await?;
            Ok(Done::about("destination.turned_on", *id))
        }
        RouteAct::NewKey(id) => {
            let (kind, _) = find_kind(conn, *id).await?;
            if kind != DestinationKind::Webhook {
                return Err(RouteRefusal::NoKey.into());
            }
            let secret = new_secret();
            diesel::update(destination::table.find(id))
                .set((
                    destination::old_secret.eq(destination::secret),
                    destination::old_secret_until.eq(now + OLD_KEY_FOR),
                    destination::secret.eq(&secret),
                ))
                .execute(conn)
                .await?;
            Ok(Done {
                secret: Some(secret),
                ..Done::about("destination.new_key", *id)
            })
        }
        RouteAct::Test(id) => {
            let (_, disabled_at) = find_kind(conn, *id).await?;
            if disabled_at.is_some() {
                return Err(RouteRefusal::IsOff.into());
            }
            insert_test(conn, *id, now).await?;
            Ok(Done::about("destination.tested", *id))
        }
        RouteAct::AddRoute { .. } => add_route(conn, act).await,
        RouteAct::RemoveRoute(id) => {
            let gone = diesel::delete(alert_route::table.find(id))
                .execute(conn)
                .await?;
            if gone == 0 {
                return Err(RouteRefusal::Gone.into());
            }
            Ok(Done {
                action: "route.removed",
                subject: format!("route:{id}"),
                after: None,
                secret: None,
            })
        }
    }
}

/// A message to try a destination out.
pub(super) async fn insert_test(
    conn: &mut AsyncPgConnection,
    id: DestinationId,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    diesel::insert_into(outbox::table)
        .values((
            outbox::destination_id.eq(id),
            outbox::event.eq(MessageEvent::Test),
            outbox::dedupe_key.eq(format!("test:{}", Uuid::now_v7())),
            outbox::created_at.eq(now),
            outbox::next_at.eq(now),
        ))
        .execute(conn)
        .await
        .map(drop)
}

async fn find_kind(
    conn: &mut AsyncPgConnection,
    id: DestinationId,
) -> Result<(DestinationKind, Option<DateTime<Utc>>), RouteError> {
    let found = destination::table
        .find(id)
        .select((destination::kind, destination::disabled_at))
        // Messages to it may be written meanwhile.
        .for_no_key_update()
        .first(conn)
        .await
        .optional()?;
    found.ok_or(RouteError::Refused(RouteRefusal::Gone))
}

async fn add_destination(
    conn: &mut AsyncPgConnection,
    (name, kind, address, digest_minutes): (&str, DestinationKind, &str, i32),
    allowed: &Allowed,
    now: DateTime<Utc>,
) -> Result<Done, RouteError> {
    let length = name.chars().count();
    if !(1..=80).contains(&length) || name.chars().any(char::is_control) {
        return Err(RouteRefusal::Name.into());
    }
    if !(1..=1_440).contains(&digest_minutes) {
        return Err(RouteRefusal::Minutes(digest_minutes).into());
    }
    match kind {
        DestinationKind::Mail if !is_mail_address(address) => {
            return Err(RouteRefusal::Mail.into());
        }
        DestinationKind::Mail => {}
        DestinationKind::Webhook => {
            check_url(address, allowed).map_err(RouteRefusal::Url)?;
        }
    }
    let known: i64 = destination::table
        .filter(destination::user_id.is_null())
        .count()
        .get_result(conn)
        .await?;
    if known >= DESTINATIONS_MAX {
        return Err(RouteRefusal::TooMany(DESTINATIONS_MAX).into());
    }
    let secret = (kind == DestinationKind::Webhook).then(new_secret);
    let id: Option<DestinationId> = diesel::insert_into(destination::table)
        .values((
            destination::name.eq(name),
            destination::kind.eq(kind),
            destination::address.eq(address),
            destination::secret.eq(&secret),
            destination::digest_minutes.eq(digest_minutes),
            destination::created_at.eq(now),
        ))
        .on_conflict_do_nothing()
        .returning(destination::id)
        .get_result(conn)
        .await
        .optional()?;
    let id = id.ok_or(RouteRefusal::NameTaken)?;
    Ok(Done {
        secret,
        after: Some(json!({ "name": name, "kind": kind.as_str() })),
        ..Done::about("destination.added", id)
    })
}

async fn add_route(conn: &mut AsyncPgConnection, act: &RouteAct) -> Result<Done, RouteError> {
    let RouteAct::AddRoute {
        to,
        kind,
        unit: unit_id,
        min_severity,
        step,
        is_digest,
    } = act
    else {
        return Err(RouteRefusal::Gone.into());
    };
    if !(0..=STEP_MAX).contains(step) {
        return Err(RouteRefusal::Step(*step).into());
    }
    let (destination_id, role) = match to {
        RouteTo::Destination(id) => {
            find_kind(conn, *id).await?;
            (Some(*id), None)
        }
        RouteTo::Role(role) => (None, Some(*role)),
    };
    if let Some(unit_id) = unit_id {
        let units: i64 = unit::table
            .filter(unit::id.eq(unit_id))
            .count()
            .get_result(conn)
            .await?;
        if units == 0 {
            return Err(RouteRefusal::Gone.into());
        }
    }
    let known: i64 = alert_route::table.count().get_result(conn).await?;
    if known >= ROUTES_MAX {
        return Err(RouteRefusal::TooMany(ROUTES_MAX).into());
    }
    let id: Option<RouteId> = diesel::insert_into(alert_route::table)
        .values((
            alert_route::destination_id.eq(destination_id),
            alert_route::role.eq(role),
            alert_route::kind.eq(kind),
            alert_route::unit_id.eq(unit_id),
            alert_route::min_severity.eq(min_severity),
            alert_route::step.eq(step),
            alert_route::is_digest.eq(is_digest),
        ))
        .on_conflict_do_nothing()
        .returning(alert_route::id)
        .get_result(conn)
        .await
        .optional()?;
    let id = id.ok_or(RouteRefusal::SameRoute)?;
    Ok(Done {
        action: "route.added",
        subject: format!("route:{id}"),
        after: Some(json!({
            "destination": destination_id.map(|id| id.0),
            "role": role.map(Role::as_str),
            "kind": kind.map(AlertKind::as_str),
            "unit": unit_id.map(|id| id.0),
            "min_severity": min_severity.as_str(),
            "step": step,
            "is_digest": is_digest,
        })),
        secret: None,
    })
}
