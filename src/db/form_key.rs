//! The keys of forms: what a person sends twice is carried out once.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::schema::form_post;
use crate::ids::UserId;

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
