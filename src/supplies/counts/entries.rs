//! What people enter while they count: totals, packs that add up, lines they leave out, and taking an entry back.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::{
    COUNTED_MAX, CountAct, CountError, CountForm, CountLine, CountRefusal, Session,
    list_count_lines, set_waits,
};
use crate::db::schema::{bin, count_entry, count_line};
use crate::db::types::{CountCause, CountStep};
use crate::ids::{BinId, CountEntryId, CountLineId, ItemId, LotId, UserId};
use crate::supplies::acts::{LotLabel, find_or_insert_lot};
use crate::supplies::stock::find_lot_of_label;

/// The second round: counted again by another person.
const SECOND: i16 = 2;

/// Carries out an act on one line. Returns the line.
pub(super) async fn enter(
    conn: &mut AsyncPgConnection,
    form: &CountForm<'_>,
    session: Session,
    now: DateTime<Utc>,
) -> Result<CountLineId, CountError> {
    session.check(&[CountStep::Counting, CountStep::Review])?;
    let round = if session.state == CountStep::Review {
        SECOND
    } else {
        1
    };
    match form.act {
        CountAct::Enter {
            line_id,
            round: meant,
            quantity,
        } => {
            check_quantity(quantity, 0)?;
            // A page from before the review is no second count.
            if meant != round {
                return Err(CountRefusal::MovedOn(session.state).into());
            }
            let line = find_line(conn, session, line_id).await?;
            check_person(&line, round, form.user_id)?;
            let entry = add(conn, form, &line, (round, None, quantity), now).await?;
            replace(conn, line_id, round, entry).await?;
            counted(conn, &line, round, now).await?;
            Ok(line_id)
        }
        CountAct::Scan {
            item_id,
            bin_id,
            lot,
            quantity,
        } => {
            session.check(&[CountStep::Counting])?;
            check_quantity(quantity, 1)?;
            let line = scanned_line(conn, session, (item_id, bin_id)).await?;
            let lot_id = match lot {
                LotLabel {
                    number: "",
                    expires_on: None,
                } => None,
                lot => Some(known_lot(conn, item_id, lot, now).await?),
            };
            add(conn, form, &line, (round, lot_id, quantity), now).await?;
            counted(conn, &line, round, now).await?;
            Ok(line.count_line_id)
        }
        CountAct::Skip { line_id } => {
            session.check(&[CountStep::Counting])?;
            let line = find_line(conn, session, line_id).await?;
            take_all_back(conn, line.count_line_id, round, now).await?;
            diesel::update(count_line::table.find(line_id))
                .set(count_line::is_skipped.eq(true))
                .execute(conn)
                .await?;
            Ok(line_id)
        }
        CountAct::TakeBack { entry_id } => {
            session.check(&[CountStep::Counting])?;
            take_back(conn, (form.user_id, entry_id), session, now).await
        }
        _ => Err(CountRefusal::NoLine.into()),
    }
}

/// The lot on a pack: one that is known, also when the pack does not tell its day.
async fn known_lot(
    conn: &mut AsyncPgConnection,
    item_id: ItemId,
    label: LotLabel<'_>,
    now: DateTime<Utc>,
) -> QueryResult<LotId> {
    match find_lot_of_label(conn, item_id, (label.number, label.expires_on)).await? {
        Some(lot_id) => Ok(lot_id),
        None => find_or_insert_lot(conn, item_id, label, now).await,
    }
}

fn check_quantity(quantity: i64, least: i64) -> Result<(), CountRefusal> {
    let is_fit = (least..=COUNTED_MAX).contains(&quantity);
    is_fit.then_some(()).ok_or(CountRefusal::Quantity(quantity))
}

/// The second count is of a line that was off, by somebody who did not count it first (R21).
fn check_person(line: &CountLine, round: i16, user_id: UserId) -> Result<(), CountRefusal> {
    if round != SECOND {
        return Ok(());
    }
    // One second count: what it is compared with is shown then.
    if !line.waits {
        return Err(CountRefusal::NotOff);
    }
    let first = line.first_people.as_deref().unwrap_or_default();
    let is_other = !first.contains(&user_id);
    is_other.then_some(()).ok_or(CountRefusal::SamePerson)
}

async fn find_line(
    conn: &mut AsyncPgConnection,
    session: Session,
    line_id: CountLineId,
) -> Result<CountLine, CountError> {
    let lines = list_count_lines(conn, session.id).await?;
    let line = lines.into_iter().find(|line| line.count_line_id == line_id);
    line.ok_or(CountError::Refused(CountRefusal::NoLine))
}

/// The line of an item in a bin; what lies where it should not be gets a line of its own.
async fn scanned_line(
    conn: &mut AsyncPgConnection,
    session: Session,
    (item_id, bin_id): (ItemId, BinId),
) -> Result<CountLine, CountError> {
    let of_scan = |line: &CountLine| line.item_id == item_id && line.bin_id == bin_id;
    let lines = list_count_lines(conn, session.id).await?;
    if let Some(line) = lines.into_iter().find(of_scan) {
        return Ok(line);
    }
    let bins: i64 = bin::table
        .filter(bin::id.eq(bin_id))
        .filter(bin::stock_place_id.eq(session.stock_place_id))
        .filter(bin::is_retired.eq(false))
        .count()
        .get_result(conn)
        .await?;
    if bins == 0 {
        return Err(CountRefusal::NoBin.into());
    }
    let id: CountLineId = diesel::insert_into(count_line::table)
        .values((
            count_line::count_session_id.eq(session.id),
            count_line::item_id.eq(item_id),
            count_line::bin_id.eq(bin_id),
            count_line::stock_place_id.eq(session.stock_place_id),
            count_line::cause.eq(CountCause::Unexpected),
        ))
        .returning(count_line::id)
        .get_result(conn)
        .await?;
    find_line(conn, session, id).await
}

async fn add(
    conn: &mut AsyncPgConnection,
    form: &CountForm<'_>,
    line: &CountLine,
    (round, lot_id, quantity): (i16, Option<LotId>, i64),
    now: DateTime<Utc>,
) -> QueryResult<CountEntryId> {
    diesel::insert_into(count_entry::table)
        .values((
            count_entry::count_line_id.eq(line.count_line_id),
            count_entry::round.eq(round),
            count_entry::lot_id.eq(lot_id),
            count_entry::quantity.eq(quantity),
            count_entry::counted_at.eq(now),
            count_entry::counted_by.eq(form.user_id),
        ))
        .returning(count_entry::id)
        .get_result(conn)
        .await
}

/// A total stands in place of what was entered before.
async fn replace(
    conn: &mut AsyncPgConnection,
    line_id: CountLineId,
    round: i16,
    by: CountEntryId,
) -> QueryResult<()> {
    diesel::update(count_entry::table)
        .filter(count_entry::count_line_id.eq(line_id))
        .filter(count_entry::round.eq(round))
        .filter(count_entry::id.ne(by))
        .filter(count_entry::undone_at.is_null())
        .filter(count_entry::replaced_by_id.is_null())
        .set(count_entry::replaced_by_id.eq(by))
        .execute(conn)
        .await
        .map(drop)
}

/// After an entry: the line was counted, and does not wait any longer.
async fn counted(
    conn: &mut AsyncPgConnection,
    line: &CountLine,
    round: i16,
    now: DateTime<Utc>,
) -> Result<(), CountError> {
    if line.is_skipped {
        diesel::update(count_line::table.find(line.count_line_id))
            .set(count_line::is_skipped.eq(false))
            .execute(conn)
            .await?;
    }
    if round == SECOND && line.waits {
        set_waits(conn, line, false, now).await?;
    }
    Ok(())
}

async fn take_all_back(
    conn: &mut AsyncPgConnection,
    line_id: CountLineId,
    round: i16,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    diesel::update(count_entry::table)
        .filter(count_entry::count_line_id.eq(line_id))
        .filter(count_entry::round.eq(round))
        .filter(count_entry::undone_at.is_null())
        .set(count_entry::undone_at.eq(now))
        .execute(conn)
        .await
        .map(drop)
}

/// Takes a person's own entry back; what it had replaced holds again.
async fn take_back(
    conn: &mut AsyncPgConnection,
    (user_id, entry_id): (UserId, CountEntryId),
    session: Session,
    now: DateTime<Utc>,
) -> Result<CountLineId, CountError> {
    let line_id: Option<CountLineId> = count_entry::table
        .inner_join(count_line::table)
        .filter(count_entry::id.eq(entry_id))
        .filter(count_line::count_session_id.eq(session.id))
        .filter(count_entry::counted_by.eq(user_id))
        .filter(count_entry::undone_at.is_null())
        .filter(count_entry::replaced_by_id.is_null())
        .select(count_line::id)
        .first(conn)
        .await
        .optional()?;
    let line_id = line_id.ok_or(CountRefusal::NoEntry)?;
    diesel::update(count_entry::table.find(entry_id))
        .set(count_entry::undone_at.eq(now))
        .execute(conn)
        .await?;
    diesel::update(count_entry::table.filter(count_entry::replaced_by_id.eq(entry_id)))
        .set(count_entry::replaced_by_id.eq(None::<CountEntryId>))
        .execute(conn)
        .await?;
    Ok(line_id)
}

/// What was found of which lot, in the round that holds.
pub(super) async fn found_lots(
    conn: &mut AsyncPgConnection,
    line_id: CountLineId,
    round: i16,
) -> QueryResult<Vec<(Option<LotId>, i64)>> {
    count_entry::table
        .filter(count_entry::count_line_id.eq(line_id))
        .filter(count_entry::round.eq(round))
        .filter(count_entry::undone_at.is_null())
        .filter(count_entry::replaced_by_id.is_null())
        .order(count_entry::id)
        .select((count_entry::lot_id, count_entry::quantity))
        .load(conn)
        .await
}
