//! Safety holds, retiring and restoring: acts that only those who look after devices may do (R3), with their row of the audit log.

use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use serde_json::json;

use super::rules::is_service_blocked;
use super::{Keeper, NotSaved};
use crate::assets::acts::{Act, ActError, By, Change, Refused, perform};
use crate::assets::register::record::find_record;
use crate::audit::{Actor, Event, record_audit};
use crate::db::schema::asset;
use crate::db::types::{AssetAct, AssetStatus, SafetyHold};
use crate::ids::AssetId;

/// What is said.
#[derive(Clone, Debug)]
pub struct Said {
    /// Held, released, retired or restored.
    pub act: AssetAct,
    /// What kind of hold.
    pub hold: Option<SafetyHold>,
    /// Why.
    pub reason: String,
    /// The status that the page showed.
    pub shown: Option<AssetStatus>,
}

/// Why nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum NotStood {
    /// The rules say no.
    #[error("the act is not allowed now")]
    Refused(Refused),
    /// A repeat, or the database failed.
    #[error(transparent)]
    NotSaved(#[from] NotSaved),
}

impl From<diesel::result::Error> for NotStood {
    fn from(error: diesel::result::Error) -> Self {
        Self::NotSaved(NotSaved::Database(error))
    }
}

impl From<ActError> for NotStood {
    fn from(error: ActError) -> Self {
        match error {
            ActError::Refused(refused) => Self::Refused(refused),
            ActError::Database(error) => Self::NotSaved(NotSaved::Database(error)),
        }
    }
}

/// Carries it out.
///
/// # Errors
/// See [`NotStood`]; then nothing was changed.
pub async fn change_standing(
    conn: &mut AsyncPgConnection,
    keeper: &Keeper,
    asset_id: AssetId,
    said: &Said,
    location: &str,
) -> Result<Vec<Change>, NotStood> {
    conn.transaction(async |conn| {
        keeper.take_key(conn, location).await?;
        let ids = [asset_id];
        let act = Act {
            reason: Some(said.reason.as_str()).filter(|reason| !reason.is_empty()),
            hold: said.hold,
            shown: said.shown,
            ..Act::new(said.act, &ids, By::Person(keeper.user_id, keeper.role))
        };
        let changes = perform(conn, keeper.key, &act, keeper.now).await?;
        if said.act == AssetAct::Restored
            && let Some(record) = find_record(conn, asset_id).await?
        {
            // Nobody kept this up while it was retired.
            let due = record.service_due_on;
            let blocked = is_service_blocked(record.overdue_blocks, due, keeper.today);
            diesel::update(asset::table.find(asset_id))
                .set(asset::is_service_blocked.eq(blocked))
                .execute(conn)
                .await?;
        }
        for change in &changes {
            let event = Event {
                actor: Actor::User(keeper.user_id),
                action: action(said.act),
                subject: format!("asset:{asset_id}"),
                before: Some(json!({"status": change.from.as_str()})),
                after: Some(json!({
                    "status": change.to.as_str(),
                    "hold": said.hold.map(SafetyHold::as_str),
                })),
                reason: act.reason,
            };
            record_audit(conn, &event, keeper.now).await?;
        }
        Ok(changes)
    })
    .await
}

fn action(act: AssetAct) -> &'static str {
    match act {
        AssetAct::Held => "asset.held",
        AssetAct::Released => "asset.released",
        AssetAct::Retired => "asset.retired",
        _ => "asset.restored",
    }
}
