//! The gateway role's second job: messages of quarantine that an administrator marked are sent again under their own key.
//!
//! Pages only mark a row; this role may publish under any reader's key and nothing else (ingest-design section 1).

use std::time::Duration;

use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use crate::broker::connection::backoff;
use crate::broker::topology::{INGEST_EXCHANGE, reader_of_routing_key};
use crate::broker::{BrokerAddress, Outgoing, PublishError, Publisher};
use crate::clock::Clock;
use crate::db::Db;
use crate::db::schema::quarantine;
use crate::db::types::QuarantineState;
use crate::ids::QuarantineId;
use crate::lifecycle::Lifecycle;

const EVERY: Duration = Duration::from_secs(1);
const ROWS_MAX: i64 = 50;

/// Republishes marked rows until the soft token.
///
/// # Errors
/// Never by itself: failures are logged and tried again.
pub async fn run(
    broker: BrokerAddress,
    db: Db,
    clock: Clock,
    life: Lifecycle,
) -> anyhow::Result<()> {
    let (mut publisher, mut failures) = (None, 0);
    while !life.is_stopping() {
        let wait = match republish_marked(&broker, &mut publisher, &db, &clock).await {
            Ok(()) => {
                failures = 0;
                EVERY
            }
            Err(error) => {
                tracing::warn!(
                    error = format!("{error:#}"),
                    "marked messages could not be sent again"
                );
                publisher = None;
                failures += 1;
                backoff(failures, Duration::from_secs(1), Duration::from_secs(30))
            }
        };
        tokio::select! { () = tokio::time::sleep(wait) => {}, () = life.soft().cancelled() => {} }
    }
    if let Some(publisher) = publisher {
        publisher.close().await;
    }
    Ok(())
}

async fn republish_marked(
    broker: &BrokerAddress,
    publisher: &mut Option<Publisher>,
    db: &Db,
    clock: &Clock,
) -> anyhow::Result<()> {
    let mut conn = db.conn().await?;
    let marked = list_marked(&mut conn).await?;
    for (id, routing_key, body) in marked {
        if reader_of_routing_key(&routing_key).is_none() {
            // This role may use readers' keys only, and the broker would end the connection: the rows behind would wait forever.
            settle(&mut conn, id, QuarantineState::Kept, clock).await?;
            continue;
        }
        if publisher
            .as_ref()
            .is_none_or(|publisher| !publisher.is_usable())
        {
            *publisher = Some(Publisher::connect(broker, "wardtrack gateway").await?);
        }
        let Some(publisher) = publisher else { break };
        let message = Outgoing {
            exchange: INGEST_EXCHANGE,
            routing_key: &routing_key,
            body: &body,
            message_id: None,
            received_at_ms: None,
        };
        let state = match publisher.publish(&message).await {
            Ok(()) => QuarantineState::Replayed,
            // It stays, to be asked for again once the key is routed.
            Err(PublishError::Unroutable { .. }) => QuarantineState::Kept,
            Err(error) => return Err(error.into()),
        };
        settle(&mut conn, id, state, clock).await?;
    }
    Ok(())
}

async fn settle(
    conn: &mut AsyncPgConnection,
    id: QuarantineId,
    state: QuarantineState,
    clock: &Clock,
) -> QueryResult<()> {
    let replayed_at = (state == QuarantineState::Replayed).then(|| clock.now());
    diesel::update(quarantine::table.filter(quarantine::id.eq(id)))
        .set((
            quarantine::state.eq(state),
            quarantine::replayed_at.eq(replayed_at),
        ))
        .execute(conn)
        .await?;
    tracing::info!(
        quarantine.id = id.0,
        state = state.as_str(),
        "a message of quarantine was asked for again"
    );
    Ok(())
}

async fn list_marked(
    conn: &mut AsyncPgConnection,
) -> QueryResult<Vec<(QuarantineId, String, Vec<u8>)>> {
    quarantine::table
        .filter(quarantine::state.eq(QuarantineState::ReplayAsked))
        .order(quarantine::id)
        .limit(ROWS_MAX)
        .select((quarantine::id, quarantine::routing_key, quarantine::body))
        .load(conn)
        .await
}
