//! Reads and writes of accounts, wrong tries and set-up links. Writes run in the caller's transaction.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::dsl::{count_star, delete, exists, insert_into, not, select, sum, update};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::model::{NewUser, SignInName, User};
use super::session::TokenHash;
use super::throttle::{BROWSER, Counted};
use crate::db::schema::{app_user, facility, setup_link, sign_in_failure, unit};
use crate::db::types::Role;
use crate::ids::{UnitId, UserId};

/// The account with this name.
///
/// # Errors
/// When the database cannot be read.
pub async fn find_user(
    mut conn: &AsyncPgConnection,
    name: &SignInName,
) -> QueryResult<Option<User>> {
    User::query()
        .filter(app_user::sign_in_name.eq(name.as_str()))
        .first(&mut conn)
        .await
        .optional()
}

/// The account with this id.
///
/// # Errors
/// When the database cannot be read.
pub async fn find_user_by_id(
    mut conn: &AsyncPgConnection,
    id: UserId,
) -> QueryResult<Option<User>> {
    User::query()
        .filter(app_user::id.eq(id))
        .first(&mut conn)
        .await
        .optional()
}

/// Accounts by name.
///
/// # Errors
/// When the database cannot be read.
pub async fn list_users(mut conn: &AsyncPgConnection, limit: i64) -> QueryResult<Vec<User>> {
    User::query()
        .order(app_user::sign_in_name)
        .limit(limit)
        .load(&mut conn)
        .await
}

/// How many accounts can sign in.
///
/// # Errors
/// When the database cannot be read.
pub async fn count_users(mut conn: &AsyncPgConnection) -> QueryResult<i64> {
    app_user::table
        .filter(app_user::disabled_at.is_null())
        .select(count_star())
        .first(&mut conn)
        .await
}

/// How many administrators can sign in.
///
/// # Errors
/// When the database cannot be read.
pub async fn count_admins(mut conn: &AsyncPgConnection) -> QueryResult<i64> {
    app_user::table
        .filter(app_user::role.eq(Role::Admin))
        .filter(app_user::disabled_at.is_null())
        .select(count_star())
        .first(&mut conn)
        .await
}

/// The unit with this name; the first one when facilities share a name.
///
/// # Errors
/// When the database cannot be read.
pub async fn find_unit(mut conn: &AsyncPgConnection, name: &str) -> QueryResult<Option<UnitId>> {
    unit::table
        .filter(unit::name.eq(name))
        .order(unit::id)
        .select(unit::id)
        .first::<i64>(&mut conn)
        .await
        .map(UnitId)
        .optional()
}

/// Names of the facilities: words that a password must not live from (S-05).
///
/// # Errors
/// When the database cannot be read.
pub async fn list_facility_names(mut conn: &AsyncPgConnection) -> QueryResult<Vec<String>> {
    facility::table
        .select(facility::name)
        .order(facility::id)
        .limit(20)
        .load(&mut conn)
        .await
}

/// Adds an account; `None` when the name is taken.
///
/// # Errors
/// When the database cannot be written.
pub async fn insert_user(
    conn: &mut AsyncPgConnection,
    user: &NewUser<'_>,
    password_hash: &str,
    now: DateTime<Utc>,
) -> QueryResult<Option<UserId>> {
    insert_into(app_user::table)
        .values((
            app_user::sign_in_name.eq(user.sign_in_name.as_str()),
            app_user::display_name.eq(user.display_name),
            app_user::role.eq(user.role),
            app_user::home_unit_id.eq(user.home_unit_id.map(|id| id.0)),
            app_user::password_hash.eq(password_hash),
            app_user::created_at.eq(now),
        ))
        .on_conflict(app_user::sign_in_name)
        .do_nothing()
        .returning(app_user::id)
        .get_result::<i64>(conn)
        .await
        .map(UserId)
        .optional()
}

/// Replaces an account's password hash.
///
/// # Errors
/// When the database cannot be written.
pub async fn set_password_hash(
    conn: &mut AsyncPgConnection,
    user: UserId,
    password_hash: &str,
) -> QueryResult<()> {
    update(app_user::table.find(user.0))
        .set(app_user::password_hash.eq(password_hash))
        .execute(conn)
        .await?;
    Ok(())
}

/// Whether a person wants to hear critical alerts.
///
/// # Errors
/// When the database cannot be written.
pub async fn set_critical_sound(
    conn: &mut AsyncPgConnection,
    user_id: UserId,
    is_on: bool,
) -> QueryResult<()> {
    update(app_user::table.find(user_id))
        .set(app_user::critical_sound.eq(is_on))
        .execute(conn)
        .await
        .map(drop)
}

/// Disables an account.
///
/// # Errors
/// When the database cannot be written.
pub async fn set_disabled(
    conn: &mut AsyncPgConnection,
    user: UserId,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    update(app_user::table.find(user.0))
        .set(app_user::disabled_at.eq(now))
        .execute(conn)
        .await?;
    Ok(())
}

/// What was counted for an account and place; the row is made when it is missing and locked until the transaction ends, so that
/// tries that run at once are counted one after another.
///
/// # Errors
/// When the database cannot be written.
pub async fn lock_failures(
    conn: &mut AsyncPgConnection,
    account: &str,
    place: &str,
    now: DateTime<Utc>,
) -> QueryResult<Counted> {
    insert_into(sign_in_failure::table)
        .values((
            sign_in_failure::account.eq(account),
            sign_in_failure::network.eq(place),
            sign_in_failure::failures.eq(0),
            sign_in_failure::next_try_at.eq(now),
            sign_in_failure::last_failed_at.eq(now),
        ))
        .on_conflict_do_nothing()
        .execute(conn)
        .await?;
    let (failures, next_try_at) = sign_in_failure::table
        .find((account, place))
        .select((sign_in_failure::failures, sign_in_failure::next_try_at))
        .for_update()
        .first(conn)
        .await?;
    let failures_together = if place.starts_with(BROWSER) {
        i64::from(failures)
    } else {
        sign_in_failure::table
            .filter(sign_in_failure::account.eq(account))
            .filter(sign_in_failure::network.not_like(format!("{BROWSER}%")))
            .select(sum(sign_in_failure::failures))
            .first::<Option<i64>>(conn)
            .await?
            .unwrap_or(0)
    };
    Ok(Counted {
        failures,
        next_try_at: Some(next_try_at),
        failures_together,
    })
}

/// Counts a try as a failure.
///
/// # Errors
/// When the database cannot be written.
pub async fn record_failure(
    conn: &mut AsyncPgConnection,
    account: &str,
    place: &str,
    failures: i32,
    next_try_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    update(sign_in_failure::table.find((account, place)))
        .set((
            sign_in_failure::failures.eq(failures),
            sign_in_failure::next_try_at.eq(next_try_at),
            sign_in_failure::last_failed_at.eq(now),
        ))
        .execute(conn)
        .await?;
    Ok(())
}

/// Forgets the wrong tries on an account: its password was right, or an administrator set a new one.
///
/// # Errors
/// When the database cannot be written.
pub async fn delete_failures(conn: &mut AsyncPgConnection, account: &str) -> QueryResult<()> {
    delete(sign_in_failure::table.filter(sign_in_failure::account.eq(account)))
        .execute(conn)
        .await?;
    Ok(())
}

/// Forgets wrong tries on names that no account has, a day after the last one: strangers must not fill the table. Those on
/// accounts stay, because the hundred failures in a row have no time limit (S-07).
///
/// # Errors
/// When the database cannot be written.
pub async fn delete_old_failures(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
) -> QueryResult<usize> {
    delete(
        sign_in_failure::table
            .filter(sign_in_failure::last_failed_at.lt(now - TimeDelta::days(1)))
            .filter(not(exists(
                app_user::table.filter(app_user::sign_in_name.eq(sign_in_failure::account)),
            ))),
    )
    .execute(conn)
    .await
}

/// Makes a set-up link; former ones die.
///
/// # Errors
/// When the database cannot be written.
pub async fn replace_setup_link(
    conn: &mut AsyncPgConnection,
    token: &TokenHash,
    now: DateTime<Utc>,
    expires_at: DateTime<Utc>,
) -> QueryResult<()> {
    delete(setup_link::table.filter(setup_link::used_at.is_null()))
        .execute(conn)
        .await?;
    insert_into(setup_link::table)
        .values((
            setup_link::token_hash.eq(token.as_bytes()),
            setup_link::created_at.eq(now),
            setup_link::expires_at.eq(expires_at),
        ))
        .execute(conn)
        .await?;
    Ok(())
}

/// Whether the link works: made, not used, not old, and no administrator yet (S-09).
///
/// # Errors
/// When the database cannot be read.
pub async fn is_setup_link_alive(
    mut conn: &AsyncPgConnection,
    token: &TokenHash,
    now: DateTime<Utc>,
) -> QueryResult<bool> {
    let admins = app_user::table
        .filter(app_user::role.eq(Role::Admin))
        .filter(app_user::disabled_at.is_null());
    select(exists(
        setup_link::table
            .find(token.as_bytes())
            .filter(setup_link::used_at.is_null())
            .filter(setup_link::expires_at.gt(now))
            .filter(not(exists(admins))),
    ))
    .get_result(&mut conn)
    .await
}

/// Uses the link up; false when another request was quicker.
///
/// # Errors
/// When the database cannot be written.
pub async fn use_setup_link(
    conn: &mut AsyncPgConnection,
    token: &TokenHash,
    now: DateTime<Utc>,
) -> QueryResult<bool> {
    let used = update(
        setup_link::table
            .find(token.as_bytes())
            .filter(setup_link::used_at.is_null()),
    )
    .set(setup_link::used_at.eq(now))
    .execute(conn)
    .await?;
    Ok(used == 1)
}
