//! Sign-ins of simulated and recorded readers at the broker.

use std::collections::HashMap;

use anyhow::Context;
use diesel_async::AsyncConnection;
use futures_util::{StreamExt, TryStreamExt, stream};

use crate::broker::Management;
use crate::broker::topology::BrokerUser;
use crate::clock::Clock;
use crate::config::Secret;
use crate::db::Db;
use crate::devices::register;
use crate::ids::ReaderId;

/// Credential slot of readers that are programs.
const SLOT: &str = "a";

/// Gives every reader a new password and makes its user in RabbitMQ. Only hashes are kept, so the passwords of the last run
/// are not known any more.
///
/// # Errors
/// When the database or the management API fails.
pub async fn issue_credentials<S: std::hash::BuildHasher + Sync>(
    db: &Db,
    management: &Management,
    clock: &Clock,
    readers: &HashMap<String, ReaderId, S>,
) -> anyhow::Result<Vec<(String, Secret)>> {
    let mut conn = db.conn().await?;
    let now = clock.now();
    let issued = conn
        .transaction(async |conn| {
            let mut issued = Vec::new();
            for (reader_key, reader_id) in readers {
                let (secret, hash) =
                    register::insert_amqp_credential(conn, *reader_id, SLOT, now).await?;
                issued.push((reader_key.clone(), secret, hash));
            }
            diesel::QueryResult::Ok(issued)
        })
        .await
        .context("issuing the readers' credentials")?;
    drop(conn);
    stream::iter(issued)
        .map(async |(reader_key, secret, hash)| {
            let user = BrokerUser::for_reader(&reader_key, SLOT, hash);
            management.upsert_user(&user).await?;
            anyhow::Ok((reader_key, secret))
        })
        .buffer_unordered(8)
        .try_collect()
        .await
        .context("making the readers' users in RabbitMQ")
}
