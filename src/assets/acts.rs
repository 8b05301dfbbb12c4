//! What people and rules say about assets: each act is one transaction of places, statuses, events, tasks and alerts.
//!
//! Every act goes through [`perform`], which locks (places before assets, each by id), asks the pure table of
//! [`super::status`], and writes one [`asset_event`] an asset, so that the status is always the fold of the events (R12).
//! Either every asset of an act changes or none does.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::model::{PlaceFacts, Standing};
use super::status::{Known, Refusal, Rule, Who, decide_status, needs_reason};
use crate::alerts;
use crate::alerts::rules::{Cause, Subject, key};
use crate::db::schema::{
    asset, asset_event, asset_place, asset_stay, form_post, place_claim, task,
};
use crate::db::types::{AlertKind, AssetAct, AssetStatus, PlaceBasis, Role, SafetyHold};
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
        undo(conn, undone, key, user_id, now)
            .await
            .map(Posted::Done)
    })
    .await
}

/// Uses up the key of a form in the caller's transaction; `Some` when it was used before: where the first press led.
///
/// # Errors
/// When the database fails.
pub async fn take_form_key(
    conn: &mut AsyncPgConnection,
    key: Uuid,
    user_id: UserId,
    location: &str,
    now: DateTime<Utc>,
) -> QueryResult<Option<String>> {
    let is_new = diesel::insert_into(form_post::table)
        .values((
            form_post::form_key.eq(key),
            form_post::user_id.eq(user_id),
            form_post::at.eq(now),
            form_post::location.eq(location),
        ))
        .on_conflict_do_nothing()
        .execute(conn)
        .await?
        == 1;
    if is_new {
        return Ok(None);
    }
    form_post::table
        .find(key)
        .select(form_post::location)
        .first(conn)
        .await
        .map(Some)
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

async fn write_status(
    conn: &mut AsyncPgConnection,
    row: &Locked,
    change: &Change,
    act: &Act<'_>,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    let row_of = asset::table.find(change.asset_id);
    match act.act {
        AssetAct::Held => {
            diesel::update(row_of)
                .set((asset::safety_hold.eq(act.hold), asset::hold_since.eq(now)))
                .execute(conn)
                .await?;
        }
        AssetAct::Released => {
            diesel::update(row_of)
                .set((
                    asset::safety_hold.eq(None::<SafetyHold>),
                    asset::hold_since.eq(None::<DateTime<Utc>>),
                ))
                .execute(conn)
                .await?;
        }
        _ if change.from != change.to => {
            let is_missing = change.to == AssetStatus::Missing;
            diesel::update(row_of)
                .set((
                    asset::status.eq(change.to),
                    asset::status_since.eq(now),
                    asset::status_before.eq(is_missing.then_some(change.from)),
                    asset::gone_since.eq(is_missing.then(|| row.last_known_at())),
                ))
                .execute(conn)
                .await?;
        }
        _ => {}
    }
    Ok(())
}

/// What acts change besides the status: places, tasks, tags.
async fn write_sides(
    conn: &mut AsyncPgConnection,
    ids: &[AssetId],
    act: &Act<'_>,
    (at, now): (DateTime<Utc>, DateTime<Utc>),
) -> QueryResult<()> {
    let user = match act.by {
        By::Person(user, _) => Some(user),
        By::Rule(_) => None,
    };
    match act.act {
        AssetAct::NotHere => {
            sql_query(
                // One task an asset: the newest report says where it was not, and keeps the scheduler from closing it for an older one.
                "INSERT INTO task (kind, asset_id, room_id, opened_at, opened_by) \
                 SELECT 'look_for', a.id, p.room_id, $2, $3 FROM asset a LEFT JOIN asset_place p ON p.asset_id = a.id \
                 WHERE a.id = ANY ($1) ORDER BY a.id \
                 ON CONFLICT (kind, asset_id) WHERE state = 'open' \
                 DO UPDATE SET room_id = excluded.room_id, opened_at = excluded.opened_at, opened_by = excluded.opened_by",
            )
            .bind::<Array<BigInt>, _>(ids)
            .bind::<Timestamptz, _>(now)
            .bind::<Nullable<BigInt>, _>(user)
            .execute(conn)
            .await?;
            diesel::update(asset_place::table.filter(asset_place::asset_id.eq_any(ids)))
                .set((
                    asset_place::not_here_at.eq(now),
                    asset_place::scanned_at.eq(None::<DateTime<Utc>>),
                ))
                .execute(conn)
                .await?;
        }
        AssetAct::Found => close_tasks(conn, ids, ("done", "found"), user, now).await?,
        AssetAct::SeenAgain => {
            // A reader heard it after somebody missed it there: that counts more. A later report stands, and keeps its task.
            let of_ids = || asset_place::table.filter(asset_place::asset_id.eq_any(ids));
            diesel::update(of_ids().filter(asset_place::not_here_at.le(at)))
                .set(asset_place::not_here_at.eq(None::<DateTime<Utc>>))
                .execute(conn)
                .await?;
            let missed: Vec<AssetId> = of_ids()
                .filter(asset_place::not_here_at.is_not_null())
                .select(asset_place::asset_id)
                .load(conn)
                .await?;
            let seen: Vec<AssetId> = ids
                .iter()
                .copied()
                .filter(|id| !missed.contains(id))
                .collect();
            close_tasks(conn, &seen, ("done", "seen"), user, now).await?;
        }
        AssetAct::Retired => {
            close_tasks(conn, ids, ("cancelled", "retired"), user, now).await?;
            super::register::tagging::end_assignments(conn, ids, None, now).await?;
        }
        _ => {}
    }
    Ok(())
}

/// Closes the look-for tasks of assets.
///
/// # Errors
/// When the database fails.
pub async fn close_tasks(
    conn: &mut AsyncPgConnection,
    ids: &[AssetId],
    (state, outcome): (&'static str, &'static str),
    user: Option<UserId>,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    diesel::update(
        task::table
            .filter(task::asset_id.eq_any(ids))
            .filter(task::state.eq("open")),
    )
    .set((
        task::state.eq(state),
        task::outcome.eq(outcome),
        task::closed_at.eq(now),
        task::closed_by.eq(user),
    ))
    .execute(conn)
    .await
    .map(drop)
}

/// A person has it before them: at the recorded place, or in another room (R14).
async fn record_found(
    conn: &mut AsyncPgConnection,
    row: &Locked,
    act: &Act<'_>,
    now: DateTime<Utc>,
) -> Result<(), ActError> {
    use crate::db::schema::room;
    let Some(room_id) = act.room_id.or(row.place.room_id) else {
        return Err(ActError::refused(Some(row.named()), WhyRefused::NoRoom));
    };
    let is_room: Option<RoomId> = room::table
        .find(room_id)
        .select(room::id)
        .first(conn)
        .await
        .optional()?;
    if is_room.is_none() {
        return Err(ActError::refused(Some(row.named()), WhyRefused::NoRoom));
    }
    if row.place.room_id == Some(room_id) {
        diesel::update(asset_place::table.find(row.asset_id))
            .set((
                asset_place::scanned_at.eq(now),
                asset_place::not_here_at.eq(None::<DateTime<Utc>>),
            ))
            .execute(conn)
            .await?;
    } else {
        move_by_hand(conn, row, room_id, now).await?;
    }
    Ok(diesel::insert_into(place_claim::table)
        .values((
            place_claim::asset_id.eq(row.asset_id),
            place_claim::room_id.eq(room_id),
            place_claim::at.eq(now),
        ))
        .execute(conn)
        .await
        .map(drop)?)
}

async fn move_by_hand(
    conn: &mut AsyncPgConnection,
    row: &Locked,
    room_id: RoomId,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    if let (Some(from), Some(entered_at), Some(basis)) =
        (row.place.room_id, row.place.entered_at, row.place.basis)
        && entered_at < now
    {
        crate::db::partitions::ensure_partition(conn, "asset_stay", now.date_naive()).await?;
        diesel::insert_into(asset_stay::table)
            .values((
                asset_stay::asset_id.eq(row.asset_id),
                asset_stay::room_id.eq(from),
                asset_stay::entered_at.eq(entered_at),
                asset_stay::left_at.eq(now),
                asset_stay::basis.eq(basis),
            ))
            .on_conflict_do_nothing()
            .execute(conn)
            .await?;
    }
    let place = (
        asset_place::room_id.eq(room_id),
        asset_place::tag_id.eq(None::<i64>),
        asset_place::reader_id.eq(None::<i64>),
        asset_place::entered_at.eq(now),
        asset_place::basis.eq(PlaceBasis::Scan),
        asset_place::confidence.eq(None::<f32>),
        asset_place::learned_at.eq(now),
        asset_place::scanned_at.eq(Some(now)),
        asset_place::not_here_at.eq(None::<DateTime<Utc>>),
    );
    diesel::insert_into(asset_place::table)
        .values((asset_place::asset_id.eq(row.asset_id), place))
        .on_conflict(asset_place::asset_id)
        .do_update()
        .set(place)
        .execute(conn)
        .await
        .map(drop)
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

/// Acts that can be taken back: what leads to a typed reason cannot, and "found" has its own opposite.
#[must_use]
pub fn is_undoable(act: AssetAct) -> bool {
    matches!(
        act,
        AssetAct::Took
            | AssetAct::Returned
            | AssetAct::Soiled
            | AssetAct::Cleaning
            | AssetAct::Cleaned
            | AssetAct::Broken
            | AssetAct::NotHere
    )
}

/// An event that may be taken back.
#[derive(Debug, QueryableByName)]
struct Undoable {
    #[diesel(sql_type = BigInt)]
    id: EventId,
    #[diesel(sql_type = BigInt)]
    asset_id: AssetId,
    #[diesel(sql_type = Text)]
    act: AssetAct,
    #[diesel(sql_type = Text)]
    from_status: AssetStatus,
    #[diesel(sql_type = Timestamptz)]
    at: DateTime<Utc>,
    #[diesel(sql_type = diesel::sql_types::Bool)]
    is_latest: bool,
}

/// Takes back what a person did with the form `undone`, within [`UNDO_FOR`], when nobody acted since.
async fn undo(
    conn: &mut AsyncPgConnection,
    undone: Uuid,
    key: Uuid,
    user_id: UserId,
    now: DateTime<Utc>,
) -> Result<Vec<Change>, ActError> {
    let ids: Vec<AssetId> = asset_event::table
        .filter(asset_event::act_key.eq(undone))
        .filter(asset_event::actor_user_id.eq(user_id))
        .order(asset_event::asset_id)
        .select(asset_event::asset_id)
        .load(conn)
        .await?;
    if ids.is_empty() {
        return Err(ActError::refused(None, WhyRefused::NotUndoable));
    }
    let rows = lock_all(conn, &ids).await?;
    let events: Vec<Undoable> = sql_query(
        "SELECT e.id, e.asset_id, e.act, e.from_status, e.at, \
           e.id = (SELECT max(l.id) FROM asset_event l WHERE l.asset_id = e.asset_id) AS is_latest \
         FROM asset_event e WHERE e.act_key = $1 ORDER BY e.asset_id",
    )
    .bind::<SqlUuid, _>(undone)
    .load(conn)
    .await?;
    let mut changes = Vec::with_capacity(rows.len());
    for (row, event) in rows.iter().zip(&events) {
        let is_in_time = now - event.at <= UNDO_FOR + UNDO_GRACE;
        if !(event.is_latest && is_in_time && is_undoable(event.act)) {
            return Err(ActError::refused(
                Some(row.named()),
                WhyRefused::NotUndoable,
            ));
        }
        changes.push(Change {
            asset_id: event.asset_id,
            asset_number: row.asset_number.clone(),
            asset_type_id: row.asset_type_id,
            from: row.standing.status,
            to: event.from_status,
            room_id: row.place.room_id,
            said_room_id: None,
        });
    }
    for (row, change) in rows.iter().zip(&changes) {
        // "Not here" left the status as it was, and with it the time since when it is so.
        if change.from == change.to {
            continue;
        }
        // A missing asset that was marked broken is missing again, as it was.
        let is_missing = change.to == AssetStatus::Missing;
        let before = if is_missing {
            Some(find_status_before(conn, change.asset_id).await?)
        } else {
            None
        };
        diesel::update(asset::table.find(change.asset_id))
            .set((
                asset::status.eq(change.to),
                asset::status_since.eq(now),
                asset::status_before.eq(before),
                asset::gone_since.eq(is_missing.then(|| row.last_known_at())),
            ))
            .execute(conn)
            .await?;
    }
    if events.iter().any(|event| event.act == AssetAct::NotHere) {
        let here = take_back_not_here(conn, &ids, undone).await?;
        close_tasks(conn, &here, ("cancelled", "undone"), Some(user_id), now).await?;
        sql_query(include_str!("sql/undo_not_here_task.sql"))
            .bind::<Array<BigInt>, _>(&ids)
            .execute(conn)
            .await?;
    }
    let undoes: Vec<EventId> = events.iter().map(|event| event.id).collect();
    // The role does not matter: what a person did, that person may take back.
    let by = By::Person(user_id, Role::Nurse);
    insert_events(
        conn,
        &changes,
        AssetAct::Undone,
        key,
        by,
        None,
        &undoes,
        (now, now),
    )
    .await?;
    settle_alerts(conn, &ids, &changes, now).await?;
    Ok(changes)
}

/// What a missing asset was when it went missing; one that nobody says it of may have been used.
async fn find_status_before(
    conn: &mut AsyncPgConnection,
    asset_id: AssetId,
) -> QueryResult<AssetStatus> {
    let before: Option<AssetStatus> = asset_event::table
        .filter(asset_event::asset_id.eq(asset_id))
        .filter(asset_event::act.eq(AssetAct::Missing))
        .order(asset_event::id.desc())
        .select(asset_event::from_status)
        .first(conn)
        .await
        .optional()?;
    Ok(before.unwrap_or(AssetStatus::Soiled))
}

/// Lifts the "not here" of one form; what other people said of these places stands. Returns the assets that nobody misses now.
async fn take_back_not_here(
    conn: &mut AsyncPgConnection,
    ids: &[AssetId],
    undone: Uuid,
) -> QueryResult<Vec<AssetId>> {
    #[derive(QueryableByName)]
    struct Place {
        #[diesel(sql_type = BigInt)]
        asset_id: AssetId,
        #[diesel(sql_type = Nullable<Timestamptz>)]
        not_here_at: Option<DateTime<Utc>>,
    }
    let places: Vec<Place> = sql_query(include_str!("sql/undo_not_here.sql"))
        .bind::<Array<BigInt>, _>(ids)
        .bind::<SqlUuid, _>(undone)
        .load(conn)
        .await?;
    let is_missed = |id: &AssetId| {
        places
            .iter()
            .any(|place| place.asset_id == *id && place.not_here_at.is_some())
    };
    Ok(ids.iter().copied().filter(|id| !is_missed(id)).collect())
}
