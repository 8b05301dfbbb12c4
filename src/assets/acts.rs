//! What people and rules say about assets: each act is one transaction of places, statuses, events, tasks and alerts.
//!
//! Every act goes through [`perform`], which locks (places before assets, each by id), asks the pure table of
//! [`super::status`], and writes one `asset_event` an asset, so that the status is always the fold of the events (R12).
//! Either every asset of an act changes or none does.

mod undo;
mod writing;

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

pub use self::undo::is_undoable;
pub use self::writing::close_tasks;
use self::writing::{record_found, write_sides, write_status};
use super::model::{PlaceFacts, Standing};
use super::status::{Known, Refusal, Rule, Who, decide_status, needs_reason};
use crate::alerts;
use crate::alerts::rules::{Cause, Subject, key};
use crate::db::form_key::take_form_key;
use crate::db::schema::asset_place;
use crate::db::types::{AlertKind, AssetAct, AssetStatus, Role, SafetyHold};
use crate::ids::{AssetId, AssetTypeId, EventId, RoomId, UserId};

/// How long an act can be taken back. Pages offer it for as long; the server is a little more patient than the button.
pub const UNDO_FOR: TimeDelta = TimeDelta::seconds(30);
const UNDO_GRACE: TimeDelta = TimeDelta::seconds(5);
/// Most assets in one act.
pub const ASSETS_MAX: usize = 100;

/// Who acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// A signed-in person.
    Person(UserId, Role),
    /// A rule of the scheduler.
    Rule(Rule),
}

/// Something said about one or more assets.
#[derive(Clone, Debug)]
pub struct Act<'a> {
    /// What is said.
    pub act: AssetAct,
    /// About which assets.
    pub asset_ids: &'a [AssetId],
    /// By whom.
    pub by: By,
    /// Category of a fault, or why.
    pub reason: Option<&'a str>,
    /// For `held`: what kind of hold.
    pub hold: Option<SafetyHold>,
    /// For `found`: where, when it is not the recorded place.
    pub room_id: Option<RoomId>,
    /// The status that the person's page showed: another one now means that the page is old.
    pub shown: Option<AssetStatus>,
    /// For `not_here`: the room that the person's page showed, where it says one. "Not here" is said of that room, so another one now
    /// means that the page is old.
    pub shown_room: Option<RoomId>,
    /// When it happened, where that is earlier than now: a rule learns of it a little later (R12).
    pub at: Option<DateTime<Utc>>,
}

impl<'a> Act<'a> {
    /// An act without details.
    #[must_use]
    pub fn new(act: AssetAct, asset_ids: &'a [AssetId], by: By) -> Self {
        Self {
            act,
            asset_ids,
            by,
            reason: None,
            hold: None,
            room_id: None,
            shown: None,
            shown_room: None,
            at: None,
        }
    }
}

/// One asset that an act changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The asset.
    pub asset_id: AssetId,
    /// The number on its label.
    pub asset_number: String,
    /// Its type.
    pub asset_type_id: AssetTypeId,
    /// Status before.
    pub from: AssetStatus,
    /// Status now.
    pub to: AssetStatus,
    /// The room where it was thought to be.
    pub room_id: Option<RoomId>,
    /// For "found" and "not here": the room that the pages gave for it just before, to tell how often that is right.
    pub said_room_id: Option<RoomId>,
}

/// Why nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The asset that stands in the way; `None` when no asset was named, or too many.
    pub asset: Option<(AssetId, String, AssetStatus)>,
    /// Why.
    pub why: WhyRefused,
}

/// See [`Refused`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhyRefused {
    /// No asset has this id.
    NoAsset,
    /// None or more than [`ASSETS_MAX`] were named.
    Count,
    /// The page was old: the status has changed since.
    MovedOn,
    /// The page was old: it is in another room since.
    OtherRoom,
    /// The rules say no.
    Rule(Refusal),
    /// There is no such room.
    NoRoom,
    /// It was taken back already, it is too late, somebody acted since, or it was another person's act.
    NotUndoable,
}

/// Why an act did not happen.
#[derive(Debug, thiserror::Error)]
pub enum ActError {
    /// It is not allowed; nothing was changed.
    #[error("the act is not allowed now")]
    Refused(Refused),
    /// The database failed; nothing was changed.
    #[error("writing an act")]
    Database(#[from] diesel::result::Error),
}

crate::db::again::refusable!(ActError, Refused);

impl ActError {
    fn refused(asset: Option<(AssetId, String, AssetStatus)>, why: WhyRefused) -> Self {
        Self::Refused(Refused { asset, why })
    }
}

/// What became of a form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Posted {
    /// It was carried out.
    Done(Vec<Change>),
    /// The same form was carried out before: nothing was done again.
    Repeat {
        /// Where the first one led.
        location: String,
    },
}

/// Carries out a person's form once, in one transaction: a second press with the same key changes nothing.
///
/// # Errors
/// See [`ActError`]; then the key is not used up.
pub async fn perform_form(
    conn: &mut AsyncPgConnection,
    key: Uuid,
    user_id: UserId,
    act: &Act<'_>,
    location: &str,
    now: DateTime<Utc>,
) -> Result<Posted, ActError> {
    conn.transaction(async |conn| {
        if let Some(location) = take_form_key(conn, key, user_id, location, now).await? {
            return Ok(Posted::Repeat { location });
        }
        perform(conn, key, act, now).await.map(Posted::Done)
    })
    .await
}

/// Takes back what this person did with the form `key`, once.
///
/// # Errors
/// See [`ActError`].
pub async fn undo_form(
    conn: &mut AsyncPgConnection,
    undone: Uuid,
    key: Uuid,
    user_id: UserId,
    location: &str,
    now: DateTime<Utc>,
) -> Result<Posted, ActError> {
    conn.transaction(async |conn| {
        if let Some(location) = take_form_key(conn, key, user_id, location, now).await? {
            return Ok(Posted::Repeat { location });
        }
        undo::undo(conn, undone, key, user_id, now)
            .await
            .map(Posted::Done)
    })
    .await
}

/// Carries out an act in the caller's transaction. `key` groups its events.
///
/// # Errors
/// See [`ActError`]; the caller's transaction must be rolled back then.
pub async fn perform(
    conn: &mut AsyncPgConnection,
    key: Uuid,
    act: &Act<'_>,
    now: DateTime<Utc>,
) -> Result<Vec<Change>, ActError> {
    let at = act.at.map_or(now, |at| at.min(now));
    let rows = lock_all(conn, act.asset_ids).await?;
    let mut changes = Vec::with_capacity(rows.len());
    for row in &rows {
        changes.push(row.decide(act, at)?);
    }
    if act.act == AssetAct::Found {
        for row in &rows {
            record_found(conn, row, act, now).await?;
        }
    }
    let ids: Vec<AssetId> = rows.iter().map(|row| row.asset_id).collect();
    for (row, change) in rows.iter().zip(&changes) {
        write_status(conn, row, change, act, at).await?;
    }
    write_sides(conn, &ids, act, (at, now)).await?;
    insert_events(
        conn,
        &changes,
        act.act,
        key,
        act.by,
        act.reason.or(act.hold.map(SafetyHold::as_str)),
        &[],
        (at, now),
    )
    .await?;
    settle_alerts(conn, &ids, &changes, now).await?;
    Ok(changes)
}

/// Raises and ends what hangs on a status, in the transaction that changes it (R10, R11, R23).
async fn settle_alerts(
    conn: &mut AsyncPgConnection,
    ids: &[AssetId],
    changes: &[Change],
    now: DateTime<Utc>,
) -> QueryResult<()> {
    let kind = AlertKind::Missing;
    let (mut causes, mut ended) = (Vec::new(), Vec::new());
    for change in changes.iter().filter(|change| change.from != change.to) {
        let subject = Subject::Asset(change.asset_id);
        if change.to == AssetStatus::Missing {
            let room_id = change.room_id;
            causes.push(Cause {
                kind,
                subject,
                room_id,
            });
        } else if change.from == AssetStatus::Missing {
            ended.push(key(kind, subject));
        }
    }
    alerts::store::raise(conn, &causes, now).await?;
    alerts::store::end(conn, &ended, now).await?;
    alerts::store::settle_clean_rooms(conn, ids, now)
        .await
        .map(drop)
}

/// What the transaction knows of an asset while it is locked.
#[derive(Debug, QueryableByName)]
struct Locked {
    #[diesel(sql_type = BigInt)]
    asset_id: AssetId,
    #[diesel(sql_type = Text)]
    asset_number: String,
    #[diesel(sql_type = BigInt)]
    asset_type_id: AssetTypeId,
    #[diesel(embed)]
    standing: Standing,
    #[diesel(sql_type = Nullable<Text>)]
    status_before: Option<AssetStatus>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    gone_since: Option<DateTime<Utc>>,
    #[diesel(sql_type = Timestamptz)]
    status_since: DateTime<Utc>,
    #[diesel(embed)]
    place: PlaceFacts,
}

impl Locked {
    fn named(&self) -> (AssetId, String, AssetStatus) {
        (
            self.asset_id,
            self.asset_number.clone(),
            self.standing.status,
        )
    }

    fn decide(&self, act: &Act<'_>, now: DateTime<Utc>) -> Result<Change, ActError> {
        let refuse = |why| Err(ActError::refused(Some(self.named()), why));
        if act.shown.is_some_and(|shown| shown != self.standing.status) {
            return refuse(WhyRefused::MovedOn);
        }
        let is_old_place = act.shown_room.is_some() && act.shown_room != self.place.room_id;
        if act.act == AssetAct::NotHere && is_old_place {
            return refuse(WhyRefused::OtherRoom);
        }
        let who = match act.by {
            By::Person(_, role) => Who::Person(role),
            By::Rule(rule) => Who::Rule(rule),
        };
        let known = Known {
            standing: self.standing,
            status_before: self.status_before,
            gone_since: self.gone_since,
        };
        let to = match decide_status(&known, act.act, who, now) {
            Ok(to) => to,
            Err(why) => return refuse(WhyRefused::Rule(why)),
        };
        let is_told =
            act.reason.is_some_and(|reason| !reason.trim().is_empty()) || act.hold.is_some();
        if matches!(act.by, By::Person(..))
            && needs_reason(self.standing.status, act.act)
            && !is_told
        {
            return refuse(WhyRefused::Rule(Refusal::Reason));
        }
        if act.act == AssetAct::Held && act.hold.is_none() {
            return refuse(WhyRefused::Rule(Refusal::Reason));
        }
        Ok(Change {
            asset_id: self.asset_id,
            asset_number: self.asset_number.clone(),
            asset_type_id: self.asset_type_id,
            from: self.standing.status,
            to,
            room_id: act.room_id.or(self.place.room_id),
            said_room_id: matches!(act.act, AssetAct::Found | AssetAct::NotHere)
                .then_some(self.place.room_id)
                .flatten()
                .filter(|_| self.place.not_here_at.is_none()),
        })
    }

    /// When it was last known to be there: R10 counts from it.
    fn last_known_at(&self) -> DateTime<Utc> {
        self.place.evidence_at().unwrap_or(self.status_since)
    }
}

/// Locks places, then assets, each by id.
async fn lock_all(conn: &mut AsyncPgConnection, ids: &[AssetId]) -> Result<Vec<Locked>, ActError> {
    let mut wanted: Vec<AssetId> = ids.to_vec();
    wanted.sort_unstable();
    wanted.dedup();
    if wanted.is_empty() || wanted.len() > ASSETS_MAX {
        return Err(ActError::refused(None, WhyRefused::Count));
    }
    asset_place::table
        .filter(asset_place::asset_id.eq_any(&wanted))
        .order(asset_place::asset_id)
        .select(asset_place::asset_id)
        .for_update()
        .load::<AssetId>(conn)
        .await?;
    let rows: Vec<Locked> = sql_query(include_str!("sql/lock.sql"))
        .bind::<Array<BigInt>, _>(&wanted)
        .load(conn)
        .await?;
    if rows.len() != wanted.len() {
        return Err(ActError::refused(None, WhyRefused::NoAsset));
    }
    Ok(rows)
}

/// Appends one event an asset.
#[expect(clippy::too_many_arguments, reason = "the columns of one statement")]
async fn insert_events(
    conn: &mut AsyncPgConnection,
    changes: &[Change],
    act: AssetAct,
    key: Uuid,
    by: By,
    detail: Option<&str>,
    undoes: &[EventId],
    (at, learned_at): (DateTime<Utc>, DateTime<Utc>),
) -> QueryResult<()> {
    let (user, rule) = match by {
        By::Person(user, _) => (Some(user), None),
        By::Rule(rule) => (None, Some(rule.as_str())),
    };
    let column = |text: fn(&Change) -> &'static str| changes.iter().map(text).collect::<Vec<_>>();
    sql_query(include_str!("sql/insert_events.sql"))
        .bind::<Array<BigInt>, _>(
            changes
                .iter()
                .map(|change| change.asset_id)
                .collect::<Vec<_>>(),
        )
        .bind::<Timestamptz, _>(at)
        .bind::<Timestamptz, _>(learned_at)
        .bind::<Nullable<BigInt>, _>(user)
        .bind::<Nullable<Text>, _>(rule)
        .bind::<Nullable<Text>, _>(detail.map(str::trim).filter(|detail| !detail.is_empty()))
        .bind::<SqlUuid, _>(key)
        .bind::<Array<Text>, _>(column(|change| change.from.as_str()))
        .bind::<Array<Text>, _>(column(|change| change.to.as_str()))
        .bind::<Text, _>(act.as_str())
        .bind::<Array<Nullable<BigInt>>, _>(
            changes
                .iter()
                .map(|change| change.room_id)
                .collect::<Vec<_>>(),
        )
        .bind::<Array<Nullable<BigInt>>, _>(
            (0..changes.len())
                .map(|n| undoes.get(n).copied())
                .collect::<Vec<_>>(),
        )
        .bind::<Array<Nullable<BigInt>>, _>(
            changes
                .iter()
                .map(|change| change.said_room_id)
                .collect::<Vec<_>>(),
        )
        .execute(conn)
        .await
        .map(drop)
}

/// Records something about one asset that leaves its status as it is: registered, edited, tag put on or taken off.
///
/// # Errors
/// When the database fails.
pub async fn record_note(
    conn: &mut AsyncPgConnection,
    asset_id: AssetId,
    act: AssetAct,
    user_id: UserId,
    role: Role,
    detail: Option<&str>,
    now: DateTime<Utc>,
) -> Result<(), ActError> {
    let row = lock_all(conn, &[asset_id])
        .await?
        .pop()
        .ok_or(ActError::refused(None, WhyRefused::NoAsset))?;
    let change = Change {
        asset_id,
        asset_number: row.asset_number.clone(),
        asset_type_id: row.asset_type_id,
        from: row.standing.status,
        to: row.standing.status,
        room_id: row.place.room_id,
        said_room_id: None,
    };
    let by = By::Person(user_id, role);
    let times = (now, now);
    Ok(insert_events(conn, &[change], act, Uuid::now_v7(), by, detail, &[], times).await?)
}
