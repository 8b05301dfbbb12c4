//! A file between its check and its import: what is imported has to be what was checked, and a browser does not send a file twice.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use crate::db::schema::csv_upload;
use crate::ids::UserId;

/// How long a file is kept.
const KEPT_FOR: TimeDelta = TimeDelta::hours(1);
/// Files of one person that are kept.
const FILES_MAX: i64 = 3;

/// A file that was sent.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = csv_upload)]
pub struct Upload {
    /// Names it in addresses.
    pub upload_key: Uuid,
    /// What its sender called it.
    pub file_name: String,
    /// When it came.
    pub at: DateTime<Utc>,
    /// The file.
    pub content: Vec<u8>,
}

/// Keeps a file for its sender, and forgets older ones.
///
/// # Errors
/// When the database fails.
pub async fn insert_upload(
    conn: &mut AsyncPgConnection,
    by: UserId,
    file_name: &str,
    content: &[u8],
    now: DateTime<Utc>,
) -> QueryResult<Uuid> {
    remove_old_uploads(conn, now).await?;
    let newest = csv_upload::table
        .filter(csv_upload::user_id.eq(by))
        .order((csv_upload::at.desc(), csv_upload::upload_key.desc()))
        .select(csv_upload::upload_key)
        .limit(FILES_MAX - 1)
        .load::<Uuid>(conn)
        .await?;
    diesel::delete(
        csv_upload::table
            .filter(csv_upload::user_id.eq(by))
            .filter(csv_upload::upload_key.ne_all(newest)),
    )
    .execute(conn)
    .await?;
    let key = Uuid::new_v4();
    diesel::insert_into(csv_upload::table)
        .values((
            csv_upload::upload_key.eq(key),
            csv_upload::user_id.eq(by),
            csv_upload::file_name.eq(file_name),
            csv_upload::at.eq(now),
            csv_upload::content.eq(content),
        ))
        .execute(conn)
        .await?;
    Ok(key)
}

/// A file, for its sender only.
///
/// # Errors
/// When the database fails.
pub async fn find_upload(
    mut conn: &AsyncPgConnection,
    key: Uuid,
    by: UserId,
    now: DateTime<Utc>,
) -> QueryResult<Option<Upload>> {
    csv_upload::table
        .filter(csv_upload::upload_key.eq(key))
        .filter(csv_upload::user_id.eq(by))
        .filter(csv_upload::at.gt(now - KEPT_FOR))
        .select(Upload::as_select())
        .first(&mut conn)
        .await
        .optional()
}

/// Forgets a file.
///
/// # Errors
/// When the database fails.
pub async fn remove_upload(conn: &mut AsyncPgConnection, key: Uuid) -> QueryResult<()> {
    diesel::delete(csv_upload::table.find(key))
        .execute(conn)
        .await?;
    Ok(())
}

/// Forgets files that nobody imported.
///
/// # Errors
/// When the database fails.
pub async fn remove_old_uploads(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
) -> QueryResult<usize> {
    diesel::delete(csv_upload::table.filter(csv_upload::at.le(now - KEPT_FOR)))
        .execute(conn)
        .await
}
