//! Posting a count: the differences become moves, one a lot, as of the moment of the count.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::spread::{Outcome, is_off, spread, without_deficits};
use super::{
    CountError, CountForm, CountLine, CountRefusal, Session, ask_again, check_reason, entries,
    finish, is_line_off, keys, list_count_lines,
};
use crate::db::schema::count_line;
use crate::db::types::{CountStep, StockReason};
use crate::ids::{CountLineId, LotId};
use crate::supplies::acts::{LotLabel, find_or_insert_lot};
use crate::supplies::ledger::{MovedBy, NewMove, Posted, lock, post};
use crate::supplies::settle::settle;

/// Lots of counted lines, as the books held them when they were counted.
pub const COUNT_LOTS_SQL: &str = include_str!("../sql/count_lots.sql");

#[derive(QueryableByName)]
struct LotOfLine {
    #[diesel(sql_type = BigInt)]
    count_line_id: CountLineId,
    #[diesel(sql_type = BigInt)]
    lot_id: LotId,
    #[diesel(sql_type = BigInt)]
    expected: i64,
    #[diesel(sql_type = BigInt)]
    on_hand: i64,
}

/// What posting came to.
pub(super) enum Posting {
    /// So many moves were posted.
    Posted(usize),
    /// Nothing was: so many lines are to be counted again first.
    CountAgain(usize),
}

/// Posts the differences: one move a lot, as of the moment of the count.
pub(super) async fn post_count(
    conn: &mut AsyncPgConnection,
    form: &CountForm<'_>,
    session: Session,
    reason: &str,
    now: DateTime<Utc>,
) -> Result<Posting, CountError> {
    session.check(&[CountStep::Review])?;
    lock(conn, &keys(&list_count_lines(conn, session.id).await?)).await?;
    let lines = list_count_lines(conn, session.id).await?;
    let waiting = lines.iter().filter(|line| line.waits).count();
    if waiting > 0 {
        let waiting = i64::try_from(waiting).unwrap_or(i64::MAX);
        return Err(CountRefusal::Waits(waiting).into());
    }
    // A move from before the count that came after the review: what was right then may be off now.
    let off_since: Vec<&CountLine> = lines
        .iter()
        .filter(|line| !line.is_off && line.emptied_at.is_none() && is_line_off(line))
        .collect();
    if !off_since.is_empty() {
        ask_again(conn, &off_since, now).await?;
        return Ok(Posting::CountAgain(off_since.len()));
    }
    let has_difference = lines.iter().any(|line| {
        !matches!(
            Outcome::of(line.counted(), line.expected),
            Outcome::Matched | Outcome::NotCounted
        )
    });
    let reason = match reason.trim() {
        "" if !has_difference => None,
        reason => Some(check_reason(reason)?),
    };
    let moves = difference_moves(conn, form, &lines, reason, now).await?;
    let Posted { move_ids, .. } = post(conn, &moves, now).await?;
    set_outcomes(conn, &lines).await?;
    // Alerts of lines that were off have ended with their second count; others may rest on what was just posted.
    settle(conn, &keys(&lines), now).await?;
    finish(conn, form, session, CountStep::Posted, reason, now).await?;
    Ok(Posting::Posted(move_ids.len()))
}

async fn difference_moves<'a>(
    conn: &mut AsyncPgConnection,
    form: &CountForm<'a>,
    lines: &[CountLine],
    reason: Option<&'a str>,
    now: DateTime<Utc>,
) -> Result<Vec<NewMove<'a>>, CountError> {
    let counted: Vec<(&CountLine, DateTime<Utc>)> = lines
        .iter()
        .filter(|line| line.emptied_at.is_none())
        .filter_map(|line| line.counted_at().map(|at| (line, at)))
        .collect();
    let (ids, times): (Vec<CountLineId>, Vec<DateTime<Utc>>) = counted
        .iter()
        .map(|(line, at)| (line.count_line_id, *at))
        .unzip();
    let lots: Vec<LotOfLine> = sql_query(COUNT_LOTS_SQL)
        .bind::<Array<BigInt>, _>(ids)
        .bind::<Array<Timestamptz>, _>(times)
        .load(conn)
        .await?;
    let mut moves = Vec::new();
    for (line, counted_at) in counted {
        let own = lots
            .iter()
            .filter(|lot| lot.count_line_id == line.count_line_id);
        let books: Vec<(LotId, i64)> = own.clone().map(|lot| (lot.lot_id, lot.expected)).collect();
        let now_held: Vec<(LotId, i64)> = own.map(|lot| (lot.lot_id, lot.on_hand)).collect();
        let found = entries::found_lots(conn, line.count_line_id, line.round()).await?;
        for (lot_id, quantity) in without_deficits(&now_held, spread(&books, &found)) {
            let lot_id = match lot_id {
                Some(lot_id) => lot_id,
                None => find_or_insert_lot(conn, line.item_id, LotLabel::default(), now).await?,
            };
            moves.push(NewMove {
                reason: StockReason::Count,
                key: line.stock_key(),
                lot_id,
                bin_id: line.bin_id,
                quantity,
                happened_at: counted_at,
                by: MovedBy::Person(form.user_id, form.key),
                order_line_id: None,
                undoes_id: None,
                note: reason,
            });
        }
    }
    Ok(moves)
}

/// Keeps with each counted line what was counted and what the books held then.
async fn set_outcomes(conn: &mut AsyncPgConnection, lines: &[CountLine]) -> QueryResult<()> {
    for line in lines {
        let (Some(counted), Some(at)) = (line.counted(), line.counted_at()) else {
            continue;
        };
        diesel::update(count_line::table.find(line.count_line_id))
            .set((
                count_line::counted.eq(counted),
                count_line::counted_at.eq(at),
                count_line::expected.eq(line.expected),
                count_line::is_off.eq(is_off(line.count_class, counted, line.expected)),
                count_line::waits.eq(false),
            ))
            .execute(conn)
            .await?;
    }
    Ok(())
}
