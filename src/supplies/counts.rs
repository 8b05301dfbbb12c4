//! Cycle counts: some bins of a place are counted blind, differences are counted again by another person, then they are posted (R21).
//!
//! `draft -> counting -> review -> posted | cancelled`. Nobody sees what the books say before the review. What moves while people count
//! is no difference: each line is compared with what the books held when it was counted. [`spread`] decides what a count means.

mod entries;
mod list;
mod posting;
pub mod spread;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Text, Timestamptz};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use serde_json::json;
use uuid::Uuid;

pub use list::{
    COUNT_CANDIDATES_SQL, COUNT_LINES_SQL, COUNT_LOG_SQL, COUNT_MOVES_SQL, COUNT_PLACES_PER_PAGE,
    COUNT_PLACES_SQL, COUNT_SESSIONS_SQL, COUNTS_PER_PAGE, CountEntryRow, CountLine, CountMove,
    CountPlace, CountSession, find_count, list_count_lines, list_count_log, list_count_moves,
    list_count_places, list_counts,
};
pub use posting::COUNT_LOTS_SQL;

use self::posting::Posting;
use self::spread::is_off;
use super::acts::LotLabel;
use super::ledger::{StockKey, lock};
use super::settle::settle;
use crate::audit::{Actor, Event, record_audit};
use crate::db::form_key::take_form_key;
use crate::db::schema::{count_line, count_session, stock_place};
use crate::db::types::CountStep;
use crate::ids::{BinId, CountEntryId, CountLineId, CountSessionId, ItemId, StockPlaceId, UserId};

/// Most lines of one count: what a person counts in one go.
pub const LINES_MAX: i64 = 300;
/// The greatest quantity of one entry.
pub const COUNTED_MAX: i64 = 1_000_000;
/// Longest reason, in signs.
const REASON_MAX: usize = 200;

/// What a person does with a count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CountAct<'a> {
    /// Begin one, with everything that can be counted at the place.
    Open {
        /// The place.
        stock_place_id: StockPlaceId,
    },
    /// Count these lines of the draft, and no others.
    Start {
        /// At least one.
        lines: &'a [CountLineId],
    },
    /// There are so many; replaces what was entered for the line before. 0: the bin is empty.
    Enter {
        /// Which line.
        line_id: CountLineId,
        /// The round that the page was for: 2 for the count by another person.
        round: i16,
        /// Base units.
        quantity: i64,
    },
    /// A pack was scanned: adds to what was entered before.
    Scan {
        /// Of which item.
        item_id: ItemId,
        /// In which bin.
        bin_id: BinId,
        /// What the pack says of its lot.
        lot: LotLabel<'a>,
        /// Base units.
        quantity: i64,
    },
    /// The line was not counted, which is not the same as empty.
    Skip {
        /// Which line.
        line_id: CountLineId,
    },
    /// Take an entry back.
    TakeBack {
        /// Which one; their own.
        entry_id: CountEntryId,
    },
    /// Look at the differences.
    Review,
    /// Go on counting.
    Resume,
    /// Make the books say what was counted.
    Post {
        /// Why there are differences; needed when there are.
        reason: &'a str,
    },
    /// Give the count up.
    Cancel {
        /// Why.
        reason: &'a str,
    },
}

/// Who does it, with which form.
#[derive(Clone, Copy, Debug)]
pub struct CountForm<'a> {
    /// Idempotency key.
    pub key: Uuid,
    /// Who.
    pub user_id: UserId,
    /// Which count; `None`: to open one.
    pub session_id: Option<CountSessionId>,
    /// What.
    pub act: CountAct<'a>,
    /// Where the answer leads.
    pub location: &'a str,
}

/// What became of a form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CountDone {
    /// It was carried out.
    Done {
        /// The count.
        session_id: CountSessionId,
        /// The line that was counted.
        line_id: Option<CountLineId>,
        /// Lines that another person must count again, or moves that were posted.
        number: usize,
        /// It was to be posted and was not: moves that came late put lines off that were right at the review (R21).
        must_count_again: bool,
    },
    /// The same form was carried out before.
    Repeat {
        /// Where the first one led.
        location: String,
    },
}

/// Why nothing was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CountRefusal {
    /// There is no such count.
    NoCount,
    /// There is no such place.
    NoPlace,
    /// The cabinet counts itself.
    CountsItself,
    /// This count of the place is not over.
    OpenAlready(CountSessionId),
    /// The place holds nothing to count.
    Nothing,
    /// The count is in another state by now.
    MovedOn(CountStep),
    /// There is no such line in it, or no line was chosen.
    NoLine,
    /// There is no such bin at the place.
    NoBin,
    /// Below 0 or above [`COUNTED_MAX`].
    Quantity(i64),
    /// Who counted first cannot count again: another person does.
    SamePerson,
    /// The line is right, so it is not counted again.
    NotOff,
    /// Nothing was counted yet.
    NothingCounted,
    /// So many lines wait for their second count.
    Waits(i64),
    /// A reason of 1 to 200 signs is needed.
    Reason,
    /// There is no such entry of this person.
    NoEntry,
}

/// Why a form was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum CountError {
    /// It is not allowed; nothing was changed.
    #[error("the count cannot be changed so now")]
    Refused(CountRefusal),
    /// The database failed; nothing was changed.
    #[error("changing a count")]
    Database(#[from] diesel::result::Error),
}

crate::db::again::refusable!(CountError, CountRefusal);

impl From<CountRefusal> for CountError {
    fn from(refusal: CountRefusal) -> Self {
        Self::Refused(refusal)
    }
}

/// The count of a form, locked.
#[derive(Clone, Copy, Debug)]
struct Session {
    id: CountSessionId,
    state: CountStep,
    stock_place_id: StockPlaceId,
}

impl Session {
    /// Only in these states.
    fn check(&self, states: &[CountStep]) -> Result<(), CountRefusal> {
        let is_fit = states.contains(&self.state);
        is_fit
            .then_some(())
            .ok_or(CountRefusal::MovedOn(self.state))
    }
}

/// Carries out a person's form once, in one transaction.
///
/// # Errors
/// See [`CountError`]; then the key is not used up.
pub async fn perform_count_form(
    conn: &mut AsyncPgConnection,
    form: &CountForm<'_>,
    now: DateTime<Utc>,
) -> Result<CountDone, CountError> {
    conn.transaction(async |conn| {
        if let Some(location) =
            take_form_key(conn, form.key, form.user_id, form.location, now).await?
        {
            return Ok(CountDone::Repeat { location });
        }
        let Some(id) = form.session_id else {
            return open(conn, form, now).await;
        };
        let session = lock_session(conn, id).await?;
        let mut must_count_again = false;
        let (line_id, number) = match form.act {
            CountAct::Open { .. } => return Err(CountRefusal::NoCount.into()),
            CountAct::Start { lines } => (None, start(conn, session, lines).await?),
            CountAct::Enter { .. }
            | CountAct::Scan { .. }
            | CountAct::Skip { .. }
            | CountAct::TakeBack { .. } => {
                let line_id = entries::enter(conn, form, session, now).await?;
                (Some(line_id), 1)
            }
            CountAct::Review => (None, review(conn, session, now).await?),
            CountAct::Resume => (None, resume(conn, session, now).await?),
            CountAct::Post { reason } => {
                match posting::post_count(conn, form, session, reason, now).await? {
                    Posting::Posted(moves) => (None, moves),
                    Posting::CountAgain(lines) => {
                        must_count_again = true;
                        (None, lines)
                    }
                }
            }
            CountAct::Cancel { reason } => {
                session.check(&[CountStep::Draft, CountStep::Counting, CountStep::Review])?;
                let reason = check_reason(reason)?;
                stop_waiting(conn, session, now).await?;
                finish(conn, form, session, CountStep::Cancelled, Some(reason), now).await?;
                (None, 0)
            }
        };
        Ok(CountDone::Done {
            session_id: session.id,
            line_id,
            number,
            must_count_again,
        })
    })
    .await
}

async fn lock_session(
    conn: &mut AsyncPgConnection,
    id: CountSessionId,
) -> Result<Session, CountError> {
    let found: Option<(CountStep, StockPlaceId)> = count_session::table
        .find(id)
        .select((count_session::state, count_session::stock_place_id))
        .for_no_key_update()
        .first(conn)
        .await
        .optional()?;
    let (state, stock_place_id) = found.ok_or(CountRefusal::NoCount)?;
    Ok(Session {
        id,
        state,
        stock_place_id,
    })
}

#[derive(QueryableByName)]
struct Candidate {
    #[diesel(sql_type = BigInt)]
    item_id: ItemId,
    #[diesel(sql_type = BigInt)]
    bin_id: BinId,
    #[diesel(sql_type = Text)]
    cause: String,
}

async fn open(
    conn: &mut AsyncPgConnection,
    form: &CountForm<'_>,
    now: DateTime<Utc>,
) -> Result<CountDone, CountError> {
    let CountAct::Open { stock_place_id } = form.act else {
        return Err(CountRefusal::NoCount.into());
    };
    // Two who open a count of one place at the same moment wait here.
    let counts_itself: Option<bool> = stock_place::table
        .find(stock_place_id)
        .filter(stock_place::is_retired.eq(false))
        .select(stock_place::reader_id.is_not_null())
        .for_no_key_update()
        .first(conn)
        .await
        .optional()?;
    if counts_itself.ok_or(CountRefusal::NoPlace)? {
        return Err(CountRefusal::CountsItself.into());
    }
    let open: Option<CountSessionId> = count_session::table
        .filter(count_session::stock_place_id.eq(stock_place_id))
        .filter(count_session::state.eq_any([
            CountStep::Draft,
            CountStep::Counting,
            CountStep::Review,
        ]))
        .select(count_session::id)
        .first(conn)
        .await
        .optional()?;
    if let Some(id) = open {
        return Err(CountRefusal::OpenAlready(id).into());
    }
    let candidates: Vec<Candidate> = sql_query(COUNT_CANDIDATES_SQL)
        .bind::<BigInt, _>(stock_place_id)
        .bind::<Timestamptz, _>(now)
        .bind::<BigInt, _>(LINES_MAX)
        .load(conn)
        .await?;
    if candidates.is_empty() {
        return Err(CountRefusal::Nothing.into());
    }
    let session_id: CountSessionId = diesel::insert_into(count_session::table)
        .values((
            count_session::stock_place_id.eq(stock_place_id),
            count_session::created_at.eq(now),
            count_session::created_by.eq(form.user_id),
        ))
        .returning(count_session::id)
        .get_result(conn)
        .await?;
    let lines: Vec<_> = candidates
        .iter()
        .map(|candidate| {
            (
                count_line::count_session_id.eq(session_id),
                count_line::item_id.eq(candidate.item_id),
                count_line::bin_id.eq(candidate.bin_id),
                count_line::stock_place_id.eq(stock_place_id),
                count_line::cause.eq(&candidate.cause),
            )
        })
        .collect();
    let number = lines.len();
    diesel::insert_into(count_line::table)
        .values(lines)
        .execute(conn)
        .await?;
    Ok(CountDone::Done {
        session_id,
        line_id: None,
        number,
        must_count_again: false,
    })
}

async fn start(
    conn: &mut AsyncPgConnection,
    session: Session,
    lines: &[CountLineId],
) -> Result<usize, CountError> {
    session.check(&[CountStep::Draft])?;
    let of_session = count_line::count_session_id.eq(session.id);
    let kept: i64 = count_line::table
        .filter(of_session)
        .filter(count_line::id.eq_any(lines))
        .count()
        .get_result(conn)
        .await?;
    if kept == 0 {
        return Err(CountRefusal::NoLine.into());
    }
    diesel::delete(count_line::table.filter(of_session))
        .filter(count_line::id.ne_all(lines))
        .execute(conn)
        .await?;
    set_state(conn, session, CountStep::Counting).await?;
    Ok(usize::try_from(kept).unwrap_or(usize::MAX))
}

async fn set_state(
    conn: &mut AsyncPgConnection,
    session: Session,
    state: CountStep,
) -> QueryResult<()> {
    diesel::update(count_session::table.find(session.id))
        .set(count_session::state.eq(state))
        .execute(conn)
        .await
        .map(drop)
}

/// The items and places of lines, in the order in which they are locked.
fn keys<'a>(lines: impl IntoIterator<Item = &'a CountLine>) -> Vec<StockKey> {
    let mut keys: Vec<StockKey> = lines.into_iter().map(CountLine::stock_key).collect();
    keys.sort_unstable();
    keys.dedup();
    keys
}

/// Compares what was counted with the books: lines that are too far off wait for another person, and say so by an alert.
async fn review(
    conn: &mut AsyncPgConnection,
    session: Session,
    now: DateTime<Utc>,
) -> Result<usize, CountError> {
    session.check(&[CountStep::Counting])?;
    lock(conn, &keys(&list_count_lines(conn, session.id).await?)).await?;
    // Read again under the locks: nothing moves now.
    let lines = list_count_lines(conn, session.id).await?;
    if !lines.iter().any(|line| line.counted().is_some()) {
        return Err(CountRefusal::NothingCounted.into());
    }
    set_state(conn, session, CountStep::Review).await?;
    let off: Vec<&CountLine> = lines.iter().filter(|line| is_line_off(line)).collect();
    ask_again(conn, &off, now).await?;
    Ok(off.len())
}

/// Whether what holds is too far from the books (R21).
fn is_line_off(line: &CountLine) -> bool {
    let counted = line.counted();
    counted.is_some_and(|counted| is_off(line.count_class, counted, line.expected))
}

/// Lines that are off wait for another person; alerts say so. The caller holds the locks of their items and places.
async fn ask_again(
    conn: &mut AsyncPgConnection,
    off: &[&CountLine],
    now: DateTime<Utc>,
) -> QueryResult<()> {
    let ids: Vec<CountLineId> = off.iter().map(|line| line.count_line_id).collect();
    diesel::update(count_line::table.filter(count_line::id.eq_any(ids)))
        .set((count_line::is_off.eq(true), count_line::waits.eq(true)))
        .execute(conn)
        .await?;
    settle(conn, &keys(off.iter().copied()), now)
        .await
        .map(drop)
}

/// Back to counting, unless somebody has counted again already.
async fn resume(
    conn: &mut AsyncPgConnection,
    session: Session,
    now: DateTime<Utc>,
) -> Result<usize, CountError> {
    session.check(&[CountStep::Review])?;
    let lines = list_count_lines(conn, session.id).await?;
    if lines.iter().any(|line| line.second_quantity.is_some()) {
        return Err(CountRefusal::MovedOn(session.state).into());
    }
    stop_waiting(conn, session, now).await?;
    set_state(conn, session, CountStep::Counting).await?;
    Ok(0)
}

/// No line waits any longer; alerts about them end.
async fn stop_waiting(
    conn: &mut AsyncPgConnection,
    session: Session,
    now: DateTime<Utc>,
) -> Result<(), CountError> {
    let lines = list_count_lines(conn, session.id).await?;
    let off: Vec<&CountLine> = lines.iter().filter(|line| line.is_off).collect();
    let keys = keys(off);
    lock(conn, &keys).await?;
    diesel::update(count_line::table.filter(count_line::count_session_id.eq(session.id)))
        .set((count_line::is_off.eq(false), count_line::waits.eq(false)))
        .execute(conn)
        .await?;
    settle(conn, &keys, now).await?;
    Ok(())
}

/// Whether a line waits for its second count; the alert follows.
async fn set_waits(
    conn: &mut AsyncPgConnection,
    line: &CountLine,
    waits: bool,
    now: DateTime<Utc>,
) -> Result<(), CountError> {
    let keys = [line.stock_key()];
    lock(conn, &keys).await?;
    diesel::update(count_line::table.find(line.count_line_id))
        .set(count_line::waits.eq(waits))
        .execute(conn)
        .await?;
    settle(conn, &keys, now).await?;
    Ok(())
}

fn check_reason(reason: &str) -> Result<&str, CountRefusal> {
    let reason = reason.trim();
    let is_fit = (1..=REASON_MAX).contains(&reason.chars().count());
    is_fit.then_some(reason).ok_or(CountRefusal::Reason)
}

async fn finish(
    conn: &mut AsyncPgConnection,
    form: &CountForm<'_>,
    session: Session,
    state: CountStep,
    reason: Option<&str>,
    now: DateTime<Utc>,
) -> Result<(), CountError> {
    diesel::update(count_session::table.find(session.id))
        .set((
            count_session::state.eq(state),
            count_session::ended_at.eq(now),
            count_session::ended_by.eq(form.user_id),
            count_session::end_reason.eq(reason),
        ))
        .execute(conn)
        .await?;
    let action = match state {
        CountStep::Posted => "count.posted",
        _ => "count.cancelled",
    };
    let subject = format!("count_session:{}", session.id);
    let mut event = Event::new(Actor::User(form.user_id), action, subject);
    event.before = Some(json!({ "state": session.state.as_str() }));
    event.reason = reason;
    record_audit(conn, &event, now).await?;
    Ok(())
}
