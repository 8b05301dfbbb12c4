//! Tags: putting them on devices and taking them off. R1 (a tag is on one thing at a time) is held by the database; here the tag's
//! row is locked first, so that of two people with the same tag the second is told where it is.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use serde_json::json;

use super::record::{lock_asset, note};
use super::rules::INTERVAL_S;
use super::{Keeper, NotSaved};
use crate::codes::tag_key::list_typed_keys;
use crate::db::schema::{asset, bin_card, tag, tag_assignment, tag_state, unit_tag};
use crate::db::types::{AssetAct, AssetStatus, Technology};
use crate::ids::{AssetId, AssetTypeId, TagId};

/// How often a beacon is heard when nobody says otherwise.
pub const INTERVAL_DEFAULT_S: i64 = 2;

/// What was scanned, and what the person said about it so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scan {
    /// The text.
    pub text: String,
    /// Register it when it is new.
    pub register: bool,
    /// What it speaks, when its key does not tell.
    pub technology: Option<Technology>,
    /// How often it beacons, in seconds.
    pub interval_s: Option<i64>,
    /// Take it from this device.
    pub take_from: Option<AssetId>,
    /// Take this one off in its place.
    pub replace: Option<TagId>,
}

/// A tag that was put on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PutOn {
    /// Its key.
    pub tag_key: String,
    /// The device.
    pub asset_number: String,
    /// Its type.
    pub asset_type_id: AssetTypeId,
    /// The device that it was on.
    pub from: Option<(AssetId, String)>,
    /// Key of the tag that came off.
    pub replaced: Option<String>,
}

/// Why no tag was put on.
#[derive(Debug, thiserror::Error)]
pub enum NotPut {
    /// The text is no tag's key.
    #[error("the text is no key of a tag")]
    NoKey,
    /// Several registered tags could be meant.
    #[error("several tags could be meant")]
    Several(Vec<String>),
    /// It is not registered yet; what it speaks, if its key tells.
    #[error("the tag is new")]
    New(String, Option<Technology>),
    /// The interval is out of its range.
    #[error("the interval is out of its range")]
    Interval(String, Option<Technology>),
    /// It is on another device.
    #[error("the tag is on another device")]
    OnAnother(String, AssetId, String),
    /// It is on this device already.
    #[error("the tag is on this device already")]
    Here(String),
    /// It is on a piece of an item, or the card of a bin (R1).
    #[error("the tag belongs to supplies")]
    OnSupplies(String),
    /// The device is retired.
    #[error("the device is retired")]
    Retired(String),
    /// The tag to take off is not on it any more.
    #[error("the tag to replace is not on the device")]
    NothingToReplace,
    /// No such device, a repeat, or the database failed.
    #[error(transparent)]
    NotSaved(#[from] NotSaved),
}

impl From<diesel::result::Error> for NotPut {
    fn from(error: diesel::result::Error) -> Self {
        Self::NotSaved(NotSaved::Database(error))
    }
}

/// What a tag with this key speaks; `None` when its kind does not tell.
#[must_use]
pub fn technology_of(tag_key: &str) -> Option<Technology> {
    match tag_key.split_once(':')?.0 {
        "epc" => Some(Technology::Rfid),
        "mac" | "ib" | "eddy" | "alt" => Some(Technology::Ble),
        _ => None,
    }
}

/// Puts a tag on a device.
///
/// # Errors
/// See [`NotPut`]; then nothing was written.
pub async fn put_on(
    conn: &mut AsyncPgConnection,
    keeper: &Keeper,
    asset_id: AssetId,
    scan: &Scan,
    location: &str,
) -> Result<PutOn, NotPut> {
    conn.transaction(async |conn| {
        keeper.take_key(conn, location).await?;
        let (tag_id, tag_key) = find_or_register(conn, keeper, scan).await?;
        let on = find_open(conn, tag_id).await?;
        // Both devices are locked before anything is written, by id.
        let mut wanted: Vec<AssetId> = on.iter().map(|(id, _)| *id).chain([asset_id]).collect();
        wanted.sort_unstable();
        wanted.dedup();
        for id in wanted {
            lock_asset(conn, id).await?;
        }
        let (asset_number, asset_type_id, status): (String, AssetTypeId, AssetStatus) =
            asset::table
                .find(asset_id)
                .select((asset::asset_number, asset::asset_type_id, asset::status))
                .first(conn)
                .await?;
        if status == AssetStatus::Retired {
            return Err(NotPut::Retired(asset_number));
        }
        let from = match on {
            Some((id, _)) if id == asset_id => return Err(NotPut::Here(tag_key)),
            Some((id, number)) if scan.take_from != Some(id) => {
                return Err(NotPut::OnAnother(tag_key, id, number));
            }
            from => from,
        };
        if let Some((id, number)) = &from {
            end(conn, keeper, (*id, number), (tag_id, &tag_key)).await?;
        }
        let replaced = match scan.replace {
            Some(old) => Some(take_off_known(conn, keeper, (asset_id, &asset_number), old).await?),
            None => None,
        };
        begin(conn, keeper, (asset_id, &asset_number), (tag_id, &tag_key)).await?;
        Ok(PutOn {
            tag_key,
            asset_number,
            asset_type_id,
            from,
            replaced,
        })
    })
    .await
}

/// Takes a tag off a device; returns the tag's key and the device's number.
///
/// # Errors
/// [`NotPut::NothingToReplace`] when it is not on it any more.
pub async fn take_off(
    conn: &mut AsyncPgConnection,
    keeper: &Keeper,
    asset_id: AssetId,
    tag_id: TagId,
    location: &str,
) -> Result<(String, String), NotPut> {
    conn.transaction(async |conn| {
        keeper.take_key(conn, location).await?;
        tag::table
            .find(tag_id)
            .select(tag::id)
            .for_update()
            .first::<TagId>(conn)
            .await
            .optional()?;
        lock_asset(conn, asset_id).await?;
        let number: String = asset::table
            .find(asset_id)
            .select(asset::asset_number)
            .first(conn)
            .await?;
        let key = take_off_known(conn, keeper, (asset_id, &number), tag_id).await?;
        Ok((key, number))
    })
    .await
}

/// The tag that a text means, locked; registered when the person said so.
async fn find_or_register(
    conn: &mut AsyncPgConnection,
    keeper: &Keeper,
    scan: &Scan,
) -> Result<(TagId, String), NotPut> {
    let keys = list_typed_keys(&scan.text);
    let known: Vec<(TagId, String)> = tag::table
        .filter(tag::tag_key.eq_any(&keys))
        .order(tag::id)
        .select((tag::id, tag::tag_key))
        .for_update()
        .load(conn)
        .await?;
    match known.as_slice() {
        [one] => {
            if is_on_supplies(conn, one.0).await? {
                return Err(NotPut::OnSupplies(one.1.clone()));
            }
            return Ok(one.clone());
        }
        [] => {}
        many => {
            return Err(NotPut::Several(
                many.iter().map(|(_, key)| key.clone()).collect(),
            ));
        }
    }
    // Any text could be an `x:` key: a label of another kind that was scanned by mistake must not become a tag.
    let key = keys
        .into_iter()
        .next()
        .filter(|key| !key.starts_with("x:") || scan.text.trim().get(..2) == Some("x:"))
        .ok_or(NotPut::NoKey)?;
    let by_key = technology_of(&key);
    if !scan.register {
        return Err(NotPut::New(key, by_key));
    }
    let Some(technology) = by_key.or(scan.technology) else {
        return Err(NotPut::New(key, by_key));
    };
    let interval_ms = match technology {
        Technology::Rfid => None,
        Technology::Ble => {
            let seconds = scan.interval_s.filter(|s| INTERVAL_S.contains(s));
            let seconds = seconds.ok_or_else(|| NotPut::Interval(key.clone(), by_key))?;
            Some(seconds * 1_000)
        }
    };
    register(conn, keeper, key, technology, interval_ms).await
}

/// Whether a tag is on a piece of an item, or is the card of a bin.
async fn is_on_supplies(conn: &mut AsyncPgConnection, tag_id: TagId) -> QueryResult<bool> {
    let pieces: i64 = unit_tag::table
        .filter(unit_tag::tag_id.eq(tag_id))
        .count()
        .get_result(conn)
        .await?;
    let cards: i64 = bin_card::table
        .filter(bin_card::tag_id.eq(tag_id))
        .count()
        .get_result(conn)
        .await?;
    Ok(pieces + cards > 0)
}

async fn register(
    conn: &mut AsyncPgConnection,
    keeper: &Keeper,
    key: String,
    technology: Technology,
    interval_ms: Option<i64>,
) -> Result<(TagId, String), NotPut> {
    // Somebody who registers the same tag now makes this one wait, and then run again.
    let id: TagId = diesel::insert_into(tag::table)
        .values((
            tag::tag_key.eq(&key),
            tag::technology.eq(technology),
            tag::expected_interval_ms.eq(interval_ms),
            tag::created_at.eq(keeper.now),
        ))
        .returning(tag::id)
        .get_result(conn)
        .await?;
    let after = Some(
        json!({"tag_key": key, "technology": technology.as_str(), "interval_ms": interval_ms}),
    );
    keeper
        .audit(conn, "tag.registered", format!("tag:{id}"), None, after)
        .await?;
    Ok((id, key))
}

async fn find_open(
    conn: &mut AsyncPgConnection,
    tag_id: TagId,
) -> QueryResult<Option<(AssetId, String)>> {
    tag_assignment::table
        .inner_join(asset::table)
        .filter(tag_assignment::tag_id.eq(tag_id))
        .filter(tag_assignment::ended_at.is_null())
        .select((asset::id, asset::asset_number))
        .first(conn)
        .await
        .optional()
}

async fn take_off_known(
    conn: &mut AsyncPgConnection,
    keeper: &Keeper,
    on: (AssetId, &str),
    tag_id: TagId,
) -> Result<String, NotPut> {
    let key: Option<String> = tag_assignment::table
        .inner_join(tag::table)
        .filter(tag_assignment::asset_id.eq(on.0))
        .filter(tag_assignment::tag_id.eq(tag_id))
        .filter(tag_assignment::ended_at.is_null())
        .select(tag::tag_key)
        .first(conn)
        .await
        .optional()?;
    let key = key.ok_or(NotPut::NothingToReplace)?;
    end(conn, keeper, on, (tag_id, &key)).await?;
    Ok(key)
}

async fn begin(
    conn: &mut AsyncPgConnection,
    keeper: &Keeper,
    (asset_id, number): (AssetId, &str),
    (tag_id, key): (TagId, &str),
) -> Result<(), NotPut> {
    let last: Option<DateTime<Utc>> = tag_assignment::table
        .filter(tag_assignment::tag_id.eq(tag_id))
        .select(diesel::dsl::max(tag_assignment::ended_at))
        .first(conn)
        .await?;
    // A clock that was put back must not make the periods of a tag overlap.
    let at = last.map_or(keeper.now, |last| last.max(keeper.now));
    diesel::insert_into(tag_assignment::table)
        .values((
            tag_assignment::tag_id.eq(tag_id),
            tag_assignment::asset_id.eq(asset_id),
            tag_assignment::assigned_at.eq(at),
        ))
        .execute(conn)
        .await?;
    // Where the tag was says nothing about this device: a consumer that starts after this decides anew, as a running one does.
    diesel::update(tag_state::table.find(tag_id))
        .set((
            tag_state::room_id.eq(None::<i64>),
            tag_state::entered_at.eq(None::<DateTime<Utc>>),
            tag_state::confidence.eq(None::<f32>),
        ))
        .execute(conn)
        .await?;
    note(conn, keeper, asset_id, AssetAct::TagOn, Some(key)).await?;
    let after = Some(json!({"tag_key": key, "asset_number": number}));
    keeper
        .audit(conn, "tag.put_on", format!("asset:{asset_id}"), None, after)
        .await?;
    Ok(())
}

async fn end(
    conn: &mut AsyncPgConnection,
    keeper: &Keeper,
    (asset_id, number): (AssetId, &str),
    (tag_id, key): (TagId, &str),
) -> Result<(), NotPut> {
    end_assignments(conn, &[asset_id], Some(tag_id), keeper.now).await?;
    note(conn, keeper, asset_id, AssetAct::TagOff, Some(key)).await?;
    let before = Some(json!({"tag_key": key, "asset_number": number}));
    keeper
        .audit(
            conn,
            "tag.taken_off",
            format!("asset:{asset_id}"),
            before,
            None,
        )
        .await?;
    Ok(())
}

/// Ends the open assignments of devices: of one tag, or of all. One that began at this very instant, or later by a clock that
/// was put back, lasts a moment.
///
/// # Errors
/// When the database fails.
pub async fn end_assignments(
    conn: &mut AsyncPgConnection,
    asset_ids: &[AssetId],
    only: Option<TagId>,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    let open: Vec<(i64, TagId, DateTime<Utc>)> = tag_assignment::table
        .filter(tag_assignment::asset_id.eq_any(asset_ids))
        .filter(tag_assignment::ended_at.is_null())
        .order(tag_assignment::id)
        .select((
            tag_assignment::id,
            tag_assignment::tag_id,
            tag_assignment::assigned_at,
        ))
        .load(conn)
        .await?;
    for (id, tag_id, assigned_at) in open {
        if only.is_some_and(|only| only != tag_id) {
            continue;
        }
        let ended_at = now.max(assigned_at + TimeDelta::microseconds(1));
        diesel::update(tag_assignment::table.find(id))
            .set(tag_assignment::ended_at.eq(ended_at))
            .execute(conn)
            .await?;
    }
    Ok(())
}

/// The number of a device, exactly as it is written or in another case.
///
/// # Errors
/// When the database fails.
pub async fn find_asset_by_number(
    mut conn: &AsyncPgConnection,
    number: &str,
) -> QueryResult<Option<AssetId>> {
    asset::table
        .filter(
            diesel::dsl::sql::<diesel::sql_types::Bool>("lower(asset_number) = lower(")
                .bind::<Text, _>(number.trim())
                .sql(")"),
        )
        .select(asset::id)
        .first(&mut conn)
        .await
        .optional()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kind_of_a_key_tells_what_it_speaks() {
        for (key, technology) in [
            ("epc:E280", Some(Technology::Rfid)),
            ("mac:AC233F000001", Some(Technology::Ble)),
            (
                "ib:f7826da6-4fa2-4e98-8024-bc5b71e0893e-1-2",
                Some(Technology::Ble),
            ),
            (
                "eddy:00112233445566778899-AABBCCDDEEFF",
                Some(Technology::Ble),
            ),
            ("x:room 7", None),
        ] {
            assert_eq!(technology_of(key), technology, "{key}");
        }
    }
}
