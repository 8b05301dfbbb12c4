//! How fast the ledger takes moves, beside plain inserts of the same rows, and how long it takes to see what is to be ordered.
//!
//! Everything is measured in one database in turns, so that the ratio says what levels, alerts and suggestions cost, whatever the
//! machine. Moves are of one piece each, spread over all items and places, so that no row waits for another.

use std::fmt::Write;
use std::time::Instant;

use anyhow::Context;
use chrono::{DateTime, TimeDelta, Utc};
use diesel::QueryableByName;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Timestamptz};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use serde_json::json;

use super::stage::in_own_database;
use crate::config::Secret;
use crate::db::types::StockReason;
use crate::ids::{BinId, ItemId, LotId, StockPlaceId};
use crate::supplies::ledger::{MovedBy, NewMove, StockKey, post};
use crate::supplies::settle::settle;

/// Moves of one transaction of the measurement in batches.
const BATCH: usize = 500;
/// Items and places that one statement settles.
const SETTLED: usize = 1_000;

/// What to measure.
#[derive(Clone, Copy, Debug)]
pub struct SuppliesBench {
    /// Items and places with a rule.
    pub rules: u32,
    /// Moves, in batches and one by one, in each of the rounds.
    pub moves: u32,
    /// Moves one by one in each round: a commit each.
    pub singles: u32,
    /// Turns of plain inserts and postings.
    pub rounds: u32,
}

/// What was measured.
#[derive(Clone, Debug, Default)]
pub struct Report {
    rules: u32,
    /// Rows a second, by measurement: postings in batches, plain inserts in batches, postings one by one, plain inserts one by one.
    rates: [f64; 4],
    /// Seconds to look at all rules.
    all_s: f64,
    /// Rules that one move looked at, and milliseconds of its transaction, the median.
    touched: usize,
    one_ms: f64,
}

impl Report {
    /// For people.
    #[must_use]
    pub fn table(&self) -> String {
        let [batch, plain_batch, single, plain_single] = self.rates;
        let mut text = String::new();
        let mut line = |words: String| writeln!(text, "{words}").unwrap_or_default();
        line(format!("{} items and places with a rule", self.rules));
        line(format!(
            "postings in batches of {BATCH}: {batch:.0} rows/s, plain inserts of the same rows: {plain_batch:.0} rows/s, ratio {:.3}",
            batch / plain_batch
        ));
        line(format!(
            "postings one by one, a commit each: {single:.0} rows/s, plain inserts: {plain_single:.0} rows/s, ratio {:.3}",
            single / plain_single
        ));
        line(format!(
            "looking at all rules: {:.1} s, {:.0} rules/s",
            self.all_s,
            f64::from(self.rules) / self.all_s
        ));
        line(format!(
            "one move looks at {} rule of them and takes {:.2} ms with its commit",
            self.touched, self.one_ms
        ));
        text
    }

    /// For programs.
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        let [batch, plain_batch, single, plain_single] = self.rates;
        json!({
            "rules": self.rules,
            "postings_in_batches_per_s": batch,
            "plain_inserts_in_batches_per_s": plain_batch,
            "batch_ratio": batch / plain_batch,
            "postings_single_per_s": single,
            "plain_inserts_single_per_s": plain_single,
            "single_ratio": single / plain_single,
            "all_rules_s": self.all_s,
            "rules_of_one_move": self.touched,
            "one_move_ms": self.one_ms,
        })
    }
}

impl SuppliesBench {
    /// Measures in a database made for it.
    ///
    /// # Errors
    /// When the database cannot be used, or the run is interrupted.
    pub async fn run(self, server_url: &Secret, now: DateTime<Utc>) -> anyhow::Result<Report> {
        in_own_database(server_url, async |conn| self.measure(conn, now).await).await
    }

    async fn measure(
        self,
        mut conn: AsyncPgConnection,
        now: DateTime<Utc>,
    ) -> anyhow::Result<Report> {
        let stocks = self.furnish(&mut conn).await?;
        let mut report = Report {
            rules: self.rules,
            ..Report::default()
        };
        report.all_s = settle_all(&mut conn, &stocks, now).await?;
        let mut spent = [0.0; 4];
        let mut done = [0_u32; 4];
        let mut single_ms = Vec::new();
        for round in 0..self.rounds {
            for (at, (is_plain, size, count)) in [
                (false, BATCH, self.moves),
                (true, BATCH, self.moves),
                (false, 1, self.singles),
                (true, 1, self.singles),
            ]
            .into_iter()
            .enumerate()
            {
                let count_rows = usize::try_from(count)?;
                let moves = list_moves(&stocks, count_rows, round, now);
                let begun = Instant::now();
                for part in moves.chunks(size) {
                    let one = Instant::now();
                    let looked_at = if is_plain {
                        insert_plainly(&mut conn, part, now).await?;
                        0
                    } else {
                        conn.transaction::<_, diesel::result::Error, _>(async |conn| {
                            post(conn, part, now).await
                        })
                        .await?
                        .settled
                        .keys
                    };
                    if !is_plain && size == 1 {
                        report.touched = report.touched.max(looked_at);
                        single_ms.push(one.elapsed().as_secs_f64() * 1_000.0);
                    }
                }
                if let (Some(spent), Some(done)) = (spent.get_mut(at), done.get_mut(at)) {
                    *spent += begun.elapsed().as_secs_f64();
                    *done += count;
                }
            }
        }
        for ((rate, spent), done) in report.rates.iter_mut().zip(spent).zip(done) {
            *rate = f64::from(done) / spent;
        }
        single_ms.sort_by(f64::total_cmp);
        report.one_ms = single_ms.get(single_ms.len() / 2).copied().unwrap_or(0.0);
        Ok(report)
    }

    /// Items at places with a rule, a lot and 100,000 pieces each: nothing runs out.
    async fn furnish(self, conn: &mut AsyncPgConnection) -> anyhow::Result<Vec<Stock>> {
        let items = self.rules.div_ceil(50);
        conn.batch_execute(&include_str!("sql/supplies.sql").replace("ITEMS", &items.to_string()))
            .await
            .context("making items and places")?;
        let stocks: Vec<Stock> = sql_query(
            "SELECT s.item_id, s.stock_place_id, s.bin_id, l.id AS lot_id FROM stocking s JOIN lot l ON l.item_id = s.item_id \
             ORDER BY s.stock_place_id, s.item_id LIMIT $1",
        )
        .bind::<BigInt, _>(i64::from(self.rules))
        .load(conn)
        .await?;
        Ok(stocks)
    }
}

#[expect(clippy::struct_field_names, reason = "the names of the columns")]
#[derive(Clone, Copy, Debug, QueryableByName)]
struct Stock {
    #[diesel(sql_type = BigInt)]
    item_id: ItemId,
    #[diesel(sql_type = BigInt)]
    stock_place_id: StockPlaceId,
    #[diesel(sql_type = BigInt)]
    bin_id: BinId,
    #[diesel(sql_type = BigInt)]
    lot_id: LotId,
}

impl Stock {
    fn key(&self) -> StockKey {
        StockKey {
            item_id: self.item_id,
            stock_place_id: self.stock_place_id,
        }
    }
}

/// One piece of each of so many items and places, spread evenly over all of them, as a cabinet tells it.
fn list_moves(
    stocks: &[Stock],
    count: usize,
    round: u32,
    now: DateTime<Utc>,
) -> Vec<NewMove<'static>> {
    let step = (stocks.len() / count.max(1)).max(1);
    let spread = stocks.iter().cycle().step_by(step).take(count);
    spread
        .map(|stock| NewMove {
            reason: StockReason::Issue,
            key: stock.key(),
            lot_id: stock.lot_id,
            bin_id: stock.bin_id,
            quantity: -1,
            happened_at: now + TimeDelta::seconds(i64::from(round)),
            by: MovedBy::Command,
            order_line_id: None,
            undoes_id: None,
            note: None,
        })
        .collect()
}

/// The same rows into a table of the same columns and indexes that nothing follows from.
async fn insert_plainly(
    conn: &mut AsyncPgConnection,
    moves: &[NewMove<'_>],
    now: DateTime<Utc>,
) -> diesel::QueryResult<()> {
    use diesel::sql_types::Array;
    let items: Vec<ItemId> = moves.iter().map(|next| next.key.item_id).collect();
    let places: Vec<StockPlaceId> = moves.iter().map(|next| next.key.stock_place_id).collect();
    let lots: Vec<LotId> = moves.iter().map(|next| next.lot_id).collect();
    let bins: Vec<BinId> = moves.iter().map(|next| next.bin_id).collect();
    let quantities: Vec<i64> = moves.iter().map(|next| next.quantity).collect();
    let happened: Vec<DateTime<Utc>> = moves.iter().map(|next| next.happened_at).collect();
    sql_query(
        "INSERT INTO plain_move (reason, item_id, lot_id, bin_id, stock_place_id, quantity, happened_at, recorded_at) \
         SELECT 'issue', u.a, u.b, u.c, u.d, u.e, u.f, $7 \
         FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::timestamptz[]) AS u(a, b, c, d, e, f)",
    )
    .bind::<Array<BigInt>, _>(items)
    .bind::<Array<BigInt>, _>(lots)
    .bind::<Array<BigInt>, _>(bins)
    .bind::<Array<BigInt>, _>(places)
    .bind::<Array<BigInt>, _>(quantities)
    .bind::<Array<Timestamptz>, _>(happened)
    .bind::<Timestamptz, _>(now)
    .execute(conn)
    .await
    .map(drop)
}

/// Looks at every rule, as after a change of all of them. Returns the seconds.
async fn settle_all(
    conn: &mut AsyncPgConnection,
    stocks: &[Stock],
    now: DateTime<Utc>,
) -> anyhow::Result<f64> {
    let keys: Vec<StockKey> = stocks.iter().map(Stock::key).collect();
    let begun = Instant::now();
    for part in keys.chunks(SETTLED) {
        conn.transaction::<_, diesel::result::Error, _>(async |conn| settle(conn, part, now).await)
            .await?;
    }
    Ok(begun.elapsed().as_secs_f64())
}
