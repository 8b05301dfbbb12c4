//! One count: choosing its lines, counting them blind, looking at the differences, and what came of it.

use actix_web::web;
use askama::Template;
use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::{cause_word, step_word};
use crate::app::App;
use crate::db::types::{CountCause, CountStep};
use crate::ids::{BinId, CountLineId, CountSessionId, UserId};
use crate::live::Topic;
use crate::supplies::counts::spread::{Outcome, is_off};
use crate::supplies::counts::{
    CountEntryRow, CountLine, CountMove, CountSession, find_count, list_count_lines,
    list_count_log, list_count_moves,
};
use crate::web::acts::new_key;
use crate::web::exports::download_href;
use crate::web::extract::{IdPath, Viewer};
use crate::web::filters;
use crate::web::page::{Chip, Nav, Page, Shell};
use crate::web::strings::fill;
use crate::web::supplies::scan::{Said, ScanForm};
use crate::web::supplies::words::reason_word;
use crate::web::wording::grouped;
use crate::web::{PageError, routes};

/// Entries of the running log.
const LOG_ROWS: i64 = 10;

/// `?bin=`
#[derive(Clone, Debug, Default, Deserialize)]
pub struct SessionParams {
    bin: Option<String>,
}

/// The page.
#[derive(Debug, Template)]
#[template(path = "counts/session.html")]
pub struct CountPage {
    /// Frame.
    pub shell: Shell,
    /// "Count of 4 West supply room".
    pub heading: String,
    /// How far it is.
    pub state: &'static str,
    /// Where forms are sent.
    pub action: String,
    /// Its lines as a file.
    pub csv_href: String,
    /// Choosing.
    pub choose: Option<Choose>,
    /// Counting.
    pub counting: Option<Counting>,
    /// Looking at differences, or what came of it.
    pub outcome: Option<Review>,
    /// Idempotency key to cancel; none when it is over.
    pub cancel_key: Option<String>,
    /// What the last scan was.
    pub said: Option<Said>,
}

/// Lines to choose from.
#[derive(Clone, Debug)]
pub struct Choose {
    /// Idempotency key.
    pub key: String,
    /// Whether anything asks for a count.
    pub asks: bool,
    /// Lines by what asks for them.
    pub groups: Vec<(&'static str, Vec<ChoosableLine>)>,
}

/// A line to choose: id, words, whether it is chosen.
pub type ChoosableLine = (i64, String, bool);

/// What is counted.
#[derive(Clone, Debug)]
pub struct Counting {
    /// The field for the scanner.
    pub scan: ScanForm,
    /// The bin that is counted.
    pub bin: Option<String>,
    /// Its id.
    pub bin_id: Option<i64>,
    /// "3 of 12 counted".
    pub progress: String,
    /// Lines by bin: id and name of the bin, where it is chosen, lines.
    pub bins: Vec<BinLines>,
    /// What the person entered last.
    pub log: Vec<LogRow>,
    /// Idempotency key to look at the differences.
    pub review_key: String,
}

/// The lines of a bin.
#[derive(Clone, Debug)]
pub struct BinLines {
    /// Heading.
    pub heading: String,
    /// Where the bin is chosen; none when it is chosen.
    pub href: Option<String>,
    /// Its lines.
    pub lines: Vec<LineForm>,
}

/// A line to count.
#[derive(Clone, Debug)]
pub struct LineForm {
    /// Its id.
    pub id: i64,
    /// The item.
    pub item: String,
    /// Its number.
    pub number: String,
    /// Its bin.
    pub bin: String,
    /// "Pieces (each)".
    pub field: String,
    /// Whether it was counted.
    pub chip: Chip,
    /// What was counted.
    pub counted: Option<String>,
    /// Idempotency keys: a number, empty, not counted.
    pub keys: [String; 3],
    /// The person may not count it.
    pub is_own: bool,
    /// 2 for the count by another person.
    pub round: u8,
}

/// An entry of the running log.
#[derive(Clone, Debug)]
pub struct LogRow {
    /// The entry.
    pub id: i64,
    /// What it says.
    pub words: String,
    /// When.
    pub at: DateTime<Utc>,
    /// Idempotency key to take it back.
    pub key: String,
}

/// Differences.
#[derive(Clone, Debug)]
pub struct Review {
    /// Lines that another person counts again.
    pub again: Vec<LineForm>,
    /// No bin is chosen.
    pub bin_id: Option<i64>,
    /// Lines, compared.
    pub rows: Vec<OutcomeRow>,
    /// "38 of 40 counted lines were within what is allowed."
    pub accuracy: Option<String>,
    /// How it ended.
    pub ended: Option<String>,
    /// When.
    pub ended_at: Option<DateTime<Utc>>,
    /// "2 lines wait", instead of posting.
    pub waits: Option<String>,
    /// Whether a reason is needed.
    pub needs_reason: bool,
    /// Idempotency key to post.
    pub post_key: String,
    /// Idempotency key to go on counting; none when somebody counted again.
    pub resume_key: Option<String>,
}

/// A line, compared with the books.
#[derive(Clone, Debug)]
pub struct OutcomeRow {
    /// The page of the item there.
    pub href: String,
    /// The item.
    pub item: String,
    /// Its number.
    pub number: String,
    /// Its bin.
    pub bin: String,
    /// What the books held; nothing while it waits.
    pub expected: String,
    /// What was counted.
    pub counted: String,
    /// The difference.
    pub difference: String,
    /// Shape, word and colour.
    pub chip: Chip,
    /// The last moves.
    pub moves: Vec<String>,
}

/// Everything about a count.
pub(super) struct Facts {
    pub session: CountSession,
    pub lines: Vec<CountLine>,
    pub log: Vec<CountEntryRow>,
    pub moves: Vec<CountMove>,
}

/// `GET /counts/{id}`
///
/// # Errors
/// 404 for a count that does not exist; when the database fails.
pub async fn page(
    app: web::Data<App>,
    viewer: Viewer,
    id: IdPath<CountSessionId>,
    params: web::Query<SessionParams>,
) -> Result<Page<CountPage>, PageError> {
    let facts = read(&app, &viewer, id.0).await?;
    let mut shell = viewer.shell(Nav::Counts);
    shell.watch([Topic::Alerts]);
    let bin = params.bin.as_deref().and_then(|text| text.parse().ok());
    let user = viewer.user_id;
    Ok(Page::new(CountPage::new(
        shell,
        user,
        &facts,
        bin.map(BinId),
        None,
    )))
}

pub(super) async fn read(
    app: &App,
    viewer: &Viewer,
    id: CountSessionId,
) -> Result<Facts, PageError> {
    let conn = app.db.conn().await?;
    let session = find_count(&conn, id).await?.ok_or(PageError::NotFound)?;
    let log = list_count_log(&conn, (id, viewer.user_id), LOG_ROWS).await?;
    let lines = list_count_lines(&conn, id).await?;
    let with_moves = matches!(session.state, CountStep::Review | CountStep::Posted);
    let different: Vec<CountLineId> = lines
        .iter()
        .filter(|line| with_moves && !line.waits)
        .filter(|line| {
            line.counted()
                .is_some_and(|counted| counted != line.expected)
        })
        .map(|line| line.count_line_id)
        .collect();
    let moves = list_count_moves(&conn, &different).await?;
    Ok(Facts {
        session,
        lines,
        log,
        moves,
    })
}

impl CountPage {
    pub(super) fn new(
        shell: Shell,
        user: UserId,
        facts: &Facts,
        bin: Option<BinId>,
        said: Option<Said>,
    ) -> Self {
        let t = &shell.t.counts;
        let session = &facts.session;
        let id = session.count_session_id;
        let is_over = matches!(session.state, CountStep::Posted | CountStep::Cancelled);
        Self {
            heading: fill(t.heading, &[&session.stock_place_name]),
            state: step_word(session.state, shell.t),
            action: routes::count_path(id),
            csv_href: download_href(&routes::count_csv_path(id), &[]),
            choose: (session.state == CountStep::Draft).then(|| Choose::new(facts, &shell)),
            counting: (session.state == CountStep::Counting)
                .then(|| Counting::new(facts, bin, &shell)),
            outcome: matches!(session.state, CountStep::Review | CountStep::Posted)
                .then(|| Review::new(facts, user, &shell))
                .or_else(|| {
                    let is_cancelled = session.state == CountStep::Cancelled;
                    is_cancelled.then(|| Review::cancelled(facts, &shell))
                }),
            cancel_key: (!is_over).then(new_key),
            said,
            shell,
        }
    }
}

impl Choose {
    fn new(facts: &Facts, shell: &Shell) -> Self {
        let t = &shell.t.counts;
        let asks = |line: &&CountLine| line.cause != CountCause::Chosen;
        let groups = CountCause::ALL.iter().map(|cause| {
            let of_cause = facts.lines.iter().filter(|line| line.cause == *cause);
            let lines = of_cause.map(|line| {
                let words = fill(t.line, &[&line.item_name, &line.bin_name]);
                (line.count_line_id.0, words, asks(&line))
            });
            (cause_word(*cause, shell.t), lines.collect::<Vec<_>>())
        });
        Self {
            key: new_key(),
            asks: facts.lines.iter().any(|line| asks(&line)),
            groups: groups.filter(|(_, lines)| !lines.is_empty()).collect(),
        }
    }
}

impl Counting {
    fn new(facts: &Facts, bin: Option<BinId>, shell: &Shell) -> Self {
        let t = &shell.t.counts;
        let id = facts.session.count_session_id;
        let lines = &facts.lines;
        let done = lines
            .iter()
            .filter(|line| line.first_quantity.is_some() || line.is_skipped)
            .count();
        let chosen = lines.iter().find(|line| Some(line.bin_id) == bin);
        let chosen = chosen.map(|line| (line.bin_id.0, line.bin_name.clone()));
        let mut bins: Vec<BinLines> = lines
            .chunk_by(|one, next| one.bin_id == next.bin_id)
            .filter_map(|lines| lines.first().map(|first| (first, lines)))
            .map(|(first, lines)| BinLines {
                heading: fill(t.bin_lines, &[&first.bin_name]),
                href: (Some(first.bin_id) != bin).then(|| routes::count_bin_path(id, first.bin_id)),
                lines: lines
                    .iter()
                    .map(|line| LineForm::new(line, None, shell))
                    .collect(),
            })
            .collect();
        // The bin that is counted comes first.
        bins.sort_by_key(|bin| bin.href.is_some());
        let mut scan = ScanForm::new(t.scan, t.scan_hint, t.scan_go, Some(t.scan_n));
        if let Some((id, _)) = &chosen {
            scan.hidden.push(("bin", id.to_string()));
        }
        Self {
            scan,
            bin_id: chosen.as_ref().map(|(id, _)| *id),
            bin: chosen.map(|(_, name)| name),
            progress: fill(t.progress, &[&done, &lines.len()]),
            bins,
            log: facts
                .log
                .iter()
                .map(|row| LogRow::new(row, shell))
                .collect(),
            review_key: new_key(),
        }
    }
}

impl LineForm {
    /// `user`: who counts again; what was counted is not shown then.
    fn new(line: &CountLine, user: Option<UserId>, shell: &Shell) -> Self {
        let t = &shell.t.counts;
        let shown = if user.is_some() {
            line.second_quantity
        } else {
            line.first_quantity
        };
        let (class, icon, word) = match shown {
            Some(_) => ("is-ok", "check", t.counted),
            None if line.is_skipped => ("is-hold", "hold", t.skipped),
            None => ("is-warn", "tally", t.to_count),
        };
        let first = line.first_people.as_deref().unwrap_or_default();
        Self {
            id: line.count_line_id.0,
            item: line.item_name.clone(),
            number: line.item_number.clone(),
            bin: line.bin_name.clone(),
            field: fill(t.quantity, &[&line.base_unit]),
            chip: Chip { class, icon, word },
            counted: shown.map(grouped),
            keys: [new_key(), new_key(), new_key()],
            round: if user.is_some() { 2 } else { 1 },
            is_own: user.is_some_and(|user| first.contains(&user)),
        }
    }
}

impl LogRow {
    fn new(row: &CountEntryRow, shell: &Shell) -> Self {
        let t = &shell.t.counts;
        let amount = grouped(row.quantity);
        let words = match &row.lot_number {
            Some(lot) => fill(t.log_lot, &[&amount, &row.item_name, lot, &row.bin_name]),
            None => fill(t.log_row, &[&amount, &row.item_name, &row.bin_name]),
        };
        Self {
            id: row.count_entry_id.0,
            words,
            at: row.counted_at,
            key: new_key(),
        }
    }
}

impl Review {
    fn new(facts: &Facts, user: UserId, shell: &Shell) -> Self {
        let t = &shell.t.counts;
        let session = &facts.session;
        let is_review = session.state == CountStep::Review;
        let lines = &facts.lines;
        let waiting = lines.iter().filter(|line| line.waits).count();
        let counted: Vec<&CountLine> = lines
            .iter()
            .filter(|line| line.counted().is_some())
            .collect();
        let right = counted.iter().filter(|line| {
            let counted = line.counted().unwrap_or_default();
            !is_off(line.count_class, counted, line.expected)
        });
        let accuracy = fill(t.accuracy, &[&right.count(), &counted.len()]);
        let has_second = lines.iter().any(|line| line.second_quantity.is_some());
        let why = session.end_reason.as_deref();
        Self {
            again: lines
                .iter()
                .filter(|line| is_review && line.waits)
                .map(|line| LineForm::new(line, Some(user), shell))
                .collect(),
            bin_id: None,
            rows: lines
                .iter()
                .map(|line| OutcomeRow::new(line, &facts.moves, shell))
                .collect(),
            // While lines wait, the figure would tell how the others stand against numbers that are not shown.
            accuracy: (waiting == 0).then_some(accuracy),
            ended: (!is_review).then(|| match why {
                Some(why) => fill(t.ended_posted, &[&why]),
                None => t.ended_posted_none.to_owned(),
            }),
            ended_at: session.ended_at,
            waits: match waiting {
                0 => None,
                1 => Some(t.post_waits_one.to_owned()),
                _ => Some(fill(t.post_waits, &[&waiting])),
            },
            needs_reason: counted
                .iter()
                .any(|line| line.counted() != Some(line.expected)),
            post_key: new_key(),
            resume_key: (is_review && !has_second).then(new_key),
        }
    }

    fn cancelled(facts: &Facts, shell: &Shell) -> Self {
        let why = facts.session.end_reason.as_deref().unwrap_or_default();
        Self {
            again: Vec::new(),
            bin_id: None,
            rows: Vec::new(),
            accuracy: None,
            ended: Some(fill(shell.t.counts.ended_cancelled, &[&why])),
            ended_at: facts.session.ended_at,
            waits: None,
            needs_reason: false,
            post_key: new_key(),
            resume_key: None,
        }
    }
}

/// "- 3", "+ 2", "0".
pub(in crate::web) fn signed(number: i64) -> String {
    let amount = grouped(number.saturating_abs());
    match number {
        0 => amount,
        1.. => format!("+{amount}"),
        _ => format!("\u{2212}{amount}"),
    }
}

impl OutcomeRow {
    fn new(line: &CountLine, moves: &[CountMove], shell: &Shell) -> Self {
        let t = &shell.t.counts;
        let counted = line.counted().filter(|_| !line.waits);
        let (class, icon, word) = if line.waits {
            ("is-warn", "tally", t.outcome_waits)
        } else {
            match Outcome::of(counted, line.expected) {
                Outcome::Matched => ("is-ok", "check", t.outcome_matched),
                Outcome::Over => ("is-warn", "alert", t.outcome_over),
                Outcome::Short => ("is-crit", "alert", t.outcome_short),
                Outcome::Unexpected => ("is-warn", "alert", t.outcome_unexpected),
                Outcome::NotCounted => ("is-hold", "hold", t.outcome_not_counted),
            }
        };
        let number = |number: Option<i64>| number.map_or_else(String::new, grouped);
        let own = moves
            .iter()
            .filter(|row| row.count_line_id == line.count_line_id);
        Self {
            href: routes::item_path(line.item_id, Some(line.stock_place_id)),
            item: line.item_name.clone(),
            number: line.item_number.clone(),
            bin: line.bin_name.clone(),
            expected: number(counted.map(|_| line.expected)),
            counted: number(counted),
            difference: counted.map_or_else(String::new, |counted| signed(counted - line.expected)),
            chip: Chip { class, icon, word },
            moves: own
                .map(|row| {
                    let reason = reason_word(row.reason, shell.t);
                    let at = filters::clock(row.happened_at, shell);
                    fill(t.move_row, &[&at, &reason, &signed(row.quantity)])
                })
                .collect(),
        }
    }
}
