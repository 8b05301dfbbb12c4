//! After a round: what was confirmed against what is in the database.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Binary, Nullable, SmallInt, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::bad::batch_id_in;
use super::load::{CLOCK_TAG, Sent};
use super::stage::tag_key;
use crate::db::types::QuarantineScope;

/// Arrival times, to say how long messages waited.
#[derive(Clone, Debug, Default)]
pub struct Arrivals {
    /// Per message that went out at once and once: when it was closed, and when the consumer took it.
    pub prompt: Vec<(i64, i64)>,
    /// When the consumer took any message, in order.
    pub all_ms: Vec<i64>,
}

/// What a round left in the database.
#[derive(Clone, Debug, Default)]
pub struct Findings {
    /// Rows of `sighting`.
    pub rows: usize,
    /// Confirmed sightings that have no row.
    pub missing: Vec<String>,
    /// Sightings with more than one row.
    pub double: Vec<String>,
    /// Rows nobody sent, or with another time than was sent.
    pub wrong: Vec<String>,
    /// Bad messages that are not in quarantine, and good ones that are.
    pub quarantine: Vec<String>,
    /// Rows of quarantine.
    pub quarantined: usize,
    /// Rows of quarantine beyond the first for one bad message: a second delivery is kept again.
    pub quarantined_again: usize,
    /// Places that contradict each other or the sightings.
    pub places: Vec<String>,
    /// Closed stays.
    pub stays: i64,
    /// Batches that the consumer met again.
    pub duplicates: i64,
}

impl Findings {
    /// Everything that must not be.
    #[must_use]
    pub fn breaches(&self) -> Vec<String> {
        let lists = [
            ("confirmed, but not stored", &self.missing),
            ("stored more than once", &self.double),
            ("stored, but not as sent", &self.wrong),
            ("quarantine", &self.quarantine),
            ("places", &self.places),
        ];
        let mut breaches = Vec::new();
        for (what, list) in lists {
            if !list.is_empty() {
                let first: Vec<&str> = list.iter().take(5).map(String::as_str).collect();
                breaches.push(format!(
                    "{what}: {}, first {}",
                    list.len(),
                    first.join("; ")
                ));
            }
        }
        if self.stays < 100 {
            breaches.push(format!(
                "only {} stays: the tags did not move, so nothing was tried",
                self.stays
            ));
        }
        breaches
    }
}

/// Compares what was sent and confirmed with what is stored.
///
/// # Errors
/// When the database fails.
pub async fn check(
    conn: &mut AsyncPgConnection,
    sent: &[(Arc<Sent>, u32)],
) -> anyhow::Result<Findings> {
    let mut findings = Findings::default();
    check_sightings(conn, sent, &mut findings).await?;
    check_quarantine(conn, sent, &mut findings).await?;
    check_places(conn, &mut findings).await?;
    check_last_seen(conn, sent, &mut findings).await?;
    findings.duplicates = number(
        conn,
        "SELECT coalesce(sum(duplicates), 0)::bigint AS n FROM reader_health",
    )
    .await?;
    Ok(findings)
}

/// A stored sighting: its tag and when it happened.
struct Stored {
    tag_key: String,
    seen_ms: i64,
    times: u32,
}

async fn check_sightings(
    conn: &mut AsyncPgConnection,
    sent: &[(Arc<Sent>, u32)],
    findings: &mut Findings,
) -> anyhow::Result<()> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = SqlUuid)]
        batch_id: Uuid,
        #[diesel(sql_type = SmallInt)]
        batch_index: i16,
        #[diesel(sql_type = Text)]
        tag_key: String,
        #[diesel(sql_type = BigInt)]
        seen_ms: i64,
    }
    let rows: Vec<Row> = sql_query(
        "SELECT batch_id, batch_index, tag_key, round(extract(epoch FROM seen_at) * 1000)::bigint AS seen_ms
         FROM sighting JOIN tag ON tag.id = tag_id",
    )
    .load(conn)
    .await?;
    findings.rows = rows.len();
    let mut stored: HashMap<(Uuid, i16), Stored> = HashMap::with_capacity(rows.len());
    for row in rows {
        let entry = stored
            .entry((row.batch_id, row.batch_index))
            .or_insert(Stored {
                tag_key: row.tag_key,
                seen_ms: row.seen_ms,
                times: 0,
            });
        entry.times += 1;
    }
    for (message, confirms) in sent {
        for (index, tag, seen_ms) in &message.rows {
            let key = (message.batch_id, i16::try_from(*index).unwrap_or(-1));
            let name = format!("{} [{index}]", message.batch_id);
            let Some(found) = stored.remove(&key) else {
                if *confirms > 0 {
                    findings.missing.push(name);
                }
                continue;
            };
            if found.times > 1 {
                findings
                    .double
                    .push(format!("{name} {} times", found.times));
            }
            if found.tag_key != tag_key(*tag) {
                findings
                    .wrong
                    .push(format!("{name} has tag {}", found.tag_key));
            }
            let late_ms = found.seen_ms - seen_ms.unwrap_or(message.sent_at_ms);
            // One from the future takes its arrival, which is after it was sent.
            if (seen_ms.is_some() && late_ms != 0) || late_ms < 0 {
                findings.wrong.push(format!("{name} is {late_ms} ms off"));
            }
        }
    }
    findings.wrong.extend(
        stored
            .keys()
            .map(|(batch_id, index)| format!("{batch_id} [{index}] was never sent")),
    );
    Ok(())
}

async fn check_quarantine(
    conn: &mut AsyncPgConnection,
    sent: &[(Arc<Sent>, u32)],
    findings: &mut Findings,
) -> anyhow::Result<()> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        scope: String,
        #[diesel(sql_type = Text)]
        reason: String,
        #[diesel(sql_type = Text)]
        detail: String,
        #[diesel(sql_type = Nullable<SqlUuid>)]
        batch_id: Option<Uuid>,
        #[diesel(sql_type = Binary)]
        body_start: Vec<u8>,
    }
    let rows: Vec<Row> = sql_query(
        "SELECT scope, reason, detail, batch_id, substring(body FROM 1 FOR 64) AS body_start FROM quarantine",
    )
    .load(conn)
    .await?;
    findings.quarantined = rows.len();
    let bad: HashMap<Uuid, (&'static str, QuarantineScope)> = sent
        .iter()
        .filter_map(|(message, _)| Some((message.batch_id, message.bad?)))
        .map(|(batch_id, kind)| (batch_id, (kind.reason(), kind.scope())))
        .collect();
    let mut kept: HashSet<Uuid> = HashSet::new();
    for row in rows {
        let batch_id = row.batch_id.or_else(|| batch_id_in(&row.body_start));
        let wanted = batch_id.and_then(|batch_id| bad.get(&batch_id));
        match (batch_id, wanted) {
            (Some(batch_id), Some((reason, scope)))
                if *reason == row.reason && scope.as_str() == row.scope =>
            {
                if !kept.insert(batch_id) {
                    findings.quarantined_again += 1;
                }
            }
            _ => findings.quarantine.push(format!(
                "{batch_id:?} is there as {} ({}), and should not",
                row.reason, row.detail
            )),
        }
    }
    let absent = bad.iter().filter(|(batch_id, _)| !kept.contains(batch_id));
    findings.quarantine.extend(
        absent.map(|(batch_id, (reason, _))| format!("{batch_id} ({reason}) is not there")),
    );
    Ok(())
}

/// Each with what it counts when all is well: nothing.
const PLACE_RULES: [(&str, &str); 5] = [
    (
        "stays of one asset overlap",
        "SELECT count(*) AS n FROM (SELECT entered_at, lag(left_at) OVER (PARTITION BY asset_id ORDER BY entered_at, left_at) AS former
         FROM asset_stay) AS s WHERE former > entered_at",
    ),
    (
        "stays of one asset leave a gap",
        "SELECT count(*) AS n FROM (SELECT entered_at, lag(left_at) OVER (PARTITION BY asset_id ORDER BY entered_at, left_at) AS former
         FROM asset_stay) AS s WHERE former < entered_at",
    ),
    (
        "stays of one asset follow each other in the same room",
        "SELECT count(*) AS n FROM (SELECT room_id, lag(room_id) OVER (PARTITION BY asset_id ORDER BY entered_at, left_at) AS former
         FROM asset_stay) AS s WHERE former = room_id",
    ),
    (
        "an open stay does not begin at the end of the last closed one",
        "SELECT count(*) AS n FROM asset_place JOIN (SELECT asset_id, max(left_at) AS last FROM asset_stay GROUP BY 1) AS s
         USING (asset_id) WHERE entered_at <> last",
    ),
    (
        "an asset is elsewhere than its tag",
        "SELECT count(*) AS n FROM asset_place JOIN tag_state USING (tag_id) WHERE asset_place.room_id IS DISTINCT FROM tag_state.room_id",
    ),
];

async fn check_places(conn: &mut AsyncPgConnection, findings: &mut Findings) -> anyhow::Result<()> {
    for (what, sql) in PLACE_RULES {
        let n = number(conn, sql).await?;
        if n > 0 {
            findings.places.push(format!("{what} ({n} times)"));
        }
    }
    findings.stays = number(conn, "SELECT count(*) AS n FROM asset_stay").await?;
    Ok(())
}

/// After a stop in good order the newest sighting of every tag is written.
async fn check_last_seen(
    conn: &mut AsyncPgConnection,
    sent: &[(Arc<Sent>, u32)],
    findings: &mut Findings,
) -> anyhow::Result<()> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        tag_key: String,
        #[diesel(sql_type = BigInt)]
        seen_ms: i64,
    }
    let rows: Vec<Row> = sql_query(
        "SELECT tag_key, round(extract(epoch FROM seen_at) * 1000)::bigint AS seen_ms FROM tag_state JOIN tag ON tag.id = tag_id",
    )
    .load(conn)
    .await?;
    let known: HashMap<String, i64> = rows
        .into_iter()
        .map(|row| (row.tag_key, row.seen_ms))
        .collect();
    let mut newest: HashMap<usize, i64> = HashMap::new();
    for (message, _) in sent {
        for (_, tag, seen_ms) in &message.rows {
            if let (Some(seen_ms), true) = (seen_ms, *tag != CLOCK_TAG) {
                let entry = newest.entry(*tag).or_insert(*seen_ms);
                *entry = (*entry).max(*seen_ms);
            }
        }
    }
    for (tag, seen_ms) in newest {
        let key = tag_key(tag);
        match known.get(&key) {
            Some(known_ms) if *known_ms == seen_ms => {}
            Some(known_ms) => findings.places.push(format!(
                "{key} was last seen {} ms after what is stored",
                seen_ms - known_ms
            )),
            None => findings
                .places
                .push(format!("{key} was seen and has no state")),
        }
    }
    Ok(())
}

/// When the consumer took the messages.
///
/// # Errors
/// When the database fails.
pub async fn list_arrivals(
    conn: &mut AsyncPgConnection,
    sent: &[(Arc<Sent>, u32)],
) -> anyhow::Result<Arrivals> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = SqlUuid)]
        batch_id: Uuid,
        #[diesel(sql_type = Timestamptz)]
        received_at: chrono::DateTime<chrono::Utc>,
    }
    let rows: Vec<Row> =
        sql_query("SELECT batch_id, received_at FROM ingest_batch ORDER BY received_at")
            .load(conn)
            .await?;
    let prompt: HashMap<Uuid, i64> = sent
        .iter()
        .filter(|(message, _)| message.is_prompt)
        .map(|(message, _)| (message.batch_id, message.sent_at_ms))
        .collect();
    let mut arrivals = Arrivals::default();
    for row in rows {
        let received_ms = row.received_at.timestamp_millis();
        arrivals.all_ms.push(received_ms);
        if let Some(sent_at_ms) = prompt.get(&row.batch_id) {
            arrivals.prompt.push((*sent_at_ms, received_ms));
        }
    }
    Ok(arrivals)
}

async fn number(conn: &mut AsyncPgConnection, sql: &str) -> QueryResult<i64> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = BigInt)]
        n: i64,
    }
    let row: Row = sql_query(sql).get_result(conn).await?;
    Ok(row.n)
}
