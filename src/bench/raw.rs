//! The raw limit of this Postgres: the rows that wardtrack wrote, written by UNNEST and by COPY into copies of its database
//! as it was before, in as many transactions as wardtrack took. Nothing is parsed, decided, locked or looked up here.

use std::fmt::{Display, Write as _};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::Context;
use chrono::NaiveDate;
use diesel::sql_types::{
    Array, BigInt, Date, Float, Integer, Nullable, SmallInt, Text, Timestamptz, Uuid as SqlUuid,
};
use diesel::{QueryResult, sql_query};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use super::rows::{Portion, Written};
use super::stage;
use crate::config::Secret;

/// Makes the partitions that the rows need, as wardtrack's housekeeping had done.
pub(super) async fn make_partitions(url: &Secret, written: &Written) -> anyhow::Result<()> {
    let mut conn = stage::connect(url).await?;
    let mut needed: Vec<(&str, NaiveDate)> = Vec::new();
    for portion in &written.portions {
        needed.extend(
            portion
                .batches
                .iter()
                .map(|row| ("ingest_batch", row.batch_day)),
        );
        needed.extend(
            portion
                .sightings
                .iter()
                .map(|row| ("sighting", row.seen_at.date_naive())),
        );
        needed.extend(
            portion
                .stays
                .iter()
                .map(|row| ("asset_stay", row.left_at.date_naive())),
        );
        needed.sort_unstable();
        needed.dedup();
    }
    for (table, day) in needed {
        sql_query("SELECT ensure_partition($1, $2)")
            .bind::<Text, _>(table)
            .bind::<Date, _>(day)
            .execute(&mut conn)
            .await?;
    }
    Ok(())
}

/// Writes everything by UNNEST, one transaction a portion.
pub(super) async fn write_by_unnest(url: &Secret, written: &Written) -> anyhow::Result<Duration> {
    let mut conn = stage::connect(url).await?;
    let begun = Instant::now();
    for portion in &written.portions {
        conn.transaction::<(), diesel::result::Error, _>(async |conn| {
            write_portion(conn, portion).await
        })
        .await
        .context("writing the rows by UNNEST")?;
    }
    Ok(begun.elapsed())
}

async fn write_portion(conn: &mut AsyncPgConnection, portion: &Portion) -> QueryResult<()> {
    if let rows @ [_, ..] = portion.batches.as_slice() {
        sql_query(include_str!("sql/raw_batches.sql"))
            .bind::<Array<Date>, _>(column(rows, |row| row.batch_day))
            .bind::<Array<BigInt>, _>(column(rows, |row| row.reader_id))
            .bind::<Array<SqlUuid>, _>(column(rows, |row| row.batch_id))
            .bind::<Array<Integer>, _>(column(rows, |row| row.sightings))
            .bind::<Array<Timestamptz>, _>(column(rows, |row| row.received_at))
            .execute(conn)
            .await?;
    }
    if let rows @ [_, ..] = portion.sightings.as_slice() {
        sql_query(include_str!("sql/raw_sightings.sql"))
            .bind::<Array<Timestamptz>, _>(column(rows, |row| row.seen_at))
            .bind::<Array<BigInt>, _>(column(rows, |row| row.tag_id))
            .bind::<Array<BigInt>, _>(column(rows, |row| row.reader_id))
            .bind::<Array<SqlUuid>, _>(column(rows, |row| row.batch_id))
            .bind::<Array<SmallInt>, _>(column(rows, |row| row.batch_index))
            .bind::<Array<Nullable<SmallInt>>, _>(column(rows, |row| row.antenna_port))
            .bind::<Array<Nullable<Float>>, _>(column(rows, |row| row.rssi_dbm))
            .execute(conn)
            .await?;
    }
    if let rows @ [_, ..] = portion.states.as_slice() {
        sql_query(concat!(
            include_str!("sql/raw_states.sql"),
            include_str!("sql/raw_states_conflict.sql")
        ))
        .bind::<Array<BigInt>, _>(column(rows, |row| row.tag_id))
        .bind::<Array<Nullable<BigInt>>, _>(column(rows, |row| row.room_id))
        .bind::<Array<Nullable<BigInt>>, _>(column(rows, |row| row.reader_id))
        .bind::<Array<Timestamptz>, _>(column(rows, |row| row.seen_at))
        .bind::<Array<Nullable<Timestamptz>>, _>(column(rows, |row| row.entered_at))
        .bind::<Array<Nullable<Float>>, _>(column(rows, |row| row.confidence))
        .bind::<Array<Nullable<SmallInt>>, _>(column(rows, |row| row.battery_pct))
        .execute(conn)
        .await?;
    }
    if let rows @ [_, ..] = portion.stays.as_slice() {
        sql_query(include_str!("sql/raw_stays.sql"))
            .bind::<Array<BigInt>, _>(column(rows, |row| row.asset_id))
            .bind::<Array<BigInt>, _>(column(rows, |row| row.room_id))
            .bind::<Array<Timestamptz>, _>(column(rows, |row| row.entered_at))
            .bind::<Array<Timestamptz>, _>(column(rows, |row| row.left_at))
            .bind::<Array<Text>, _>(column(rows, |row| row.basis.as_str()))
            .execute(conn)
            .await?;
    }
    if let rows @ [_, ..] = portion.places.as_slice() {
        sql_query(concat!(
            include_str!("sql/raw_places.sql"),
            include_str!("sql/raw_places_conflict.sql")
        ))
        .bind::<Array<BigInt>, _>(column(rows, |row| row.asset_id))
        .bind::<Array<BigInt>, _>(column(rows, |row| row.room_id))
        .bind::<Array<Nullable<BigInt>>, _>(column(rows, |row| row.tag_id))
        .bind::<Array<Nullable<BigInt>>, _>(column(rows, |row| row.reader_id))
        .bind::<Array<Timestamptz>, _>(column(rows, |row| row.entered_at))
        .bind::<Array<Text>, _>(column(rows, |row| row.basis.as_str()))
        .bind::<Array<Nullable<Float>>, _>(column(rows, |row| row.confidence))
        .bind::<Array<Timestamptz>, _>(column(rows, |row| row.learned_at))
        .execute(conn)
        .await?;
    }
    Ok(())
}

fn column<'a, R, T>(rows: &'a [R], value: impl Fn(&'a R) -> T) -> Vec<T> {
    rows.iter().map(value).collect()
}

/// Writes everything by COPY with psql, one transaction a portion. COPY cannot update, so states and places go by way of a
/// temporary table.
pub(super) async fn write_by_copy(
    url: &Secret,
    psql: &str,
    written: &Written,
) -> anyhow::Result<Duration> {
    let script = copy_script(written)?;
    let parsed = stage::parse(url)?;
    let begun = Instant::now();
    let mut child = Command::new(psql)
        .args([
            "--no-psqlrc",
            "--quiet",
            "--set=ON_ERROR_STOP=1",
            "--file=-",
        ])
        .env("PGHOST", parsed.host_str().unwrap_or_default())
        .env("PGPORT", parsed.port().unwrap_or(5432).to_string())
        .env("PGUSER", percent_decoded(parsed.username())?)
        .env(
            "PGPASSWORD",
            percent_decoded(parsed.password().unwrap_or_default())?,
        )
        .env("PGDATABASE", parsed.path().trim_start_matches('/'))
        .env("PGTZ", "UTC")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .with_context(|| {
            format!("starting {psql:?}: install postgresql-client, or name the program with --psql")
        })?;
    let mut input = child.stdin.take().context("writing to psql")?;
    let (fed, output) = tokio::join!(
        async move {
            input.write_all(script.as_bytes()).await?;
            input.shutdown().await
        },
        child.wait_with_output()
    );
    let took = begun.elapsed();
    let output = output?;
    anyhow::ensure!(
        output.status.success(),
        "psql failed: {}",
        String::from_utf8_lossy(&output.stderr).trim()
    );
    fed.context("writing to psql")?;
    Ok(took)
}

fn percent_decoded(text: &str) -> anyhow::Result<String> {
    Ok(percent_encoding::percent_decode_str(text)
        .decode_utf8()?
        .into_owned())
}

fn copy_script(written: &Written) -> anyhow::Result<String> {
    let mut script = String::from(include_str!("sql/raw_copy_begin.sql"));
    for portion in &written.portions {
        script.push_str("BEGIN;\n");
        copy(
            &mut script,
            "ingest_batch (batch_day, reader_id, batch_id, sightings, received_at)",
            &portion.batches,
            |line, row| {
                write!(
                    line,
                    "{}\t{}\t{}\t{}\t{}",
                    row.batch_day,
                    row.reader_id,
                    row.batch_id,
                    row.sightings,
                    row.received_at.to_rfc3339()
                )
            },
        )?;
        let sighting =
            "sighting (seen_at, tag_id, reader_id, batch_id, batch_index, antenna_port, rssi_dbm)";
        copy(&mut script, sighting, &portion.sightings, |line, row| {
            let (seen_at, port, rssi) = (
                row.seen_at.to_rfc3339(),
                or_null(row.antenna_port),
                or_null(row.rssi_dbm),
            );
            write!(
                line,
                "{seen_at}\t{}\t{}\t{}\t{}\t{port}\t{rssi}",
                row.tag_id, row.reader_id, row.batch_id, row.batch_index
            )
        })?;
        copy(&mut script, "new_state", &portion.states, |line, row| {
            let entered_at = or_null(row.entered_at.map(|at| at.to_rfc3339()));
            let (room, reader, seen_at) = (
                or_null(row.room_id),
                or_null(row.reader_id),
                row.seen_at.to_rfc3339(),
            );
            let (confidence, battery) = (or_null(row.confidence), or_null(row.battery_pct));
            write!(
                line,
                "{}\t{room}\t{reader}\t{seen_at}\t{entered_at}\t{confidence}\t{battery}",
                row.tag_id
            )
        })?;
        if !portion.states.is_empty() {
            script.push_str("INSERT INTO tag_state AS t (tag_id, room_id, reader_id, seen_at, entered_at, confidence, battery_pct) SELECT * FROM new_state\n");
            script.push_str(include_str!("sql/raw_states_conflict.sql"));
            script.push_str(";\n");
        }
        copy(
            &mut script,
            "asset_stay (asset_id, room_id, entered_at, left_at, basis)",
            &portion.stays,
            |line, row| {
                write!(
                    line,
                    "{}\t{}\t{}\t{}\t{}",
                    row.asset_id,
                    row.room_id,
                    row.entered_at.to_rfc3339(),
                    row.left_at.to_rfc3339(),
                    row.basis
                )
            },
        )?;
        copy(&mut script, "new_place", &portion.places, |line, row| {
            let (tag, reader, confidence) = (
                or_null(row.tag_id),
                or_null(row.reader_id),
                or_null(row.confidence),
            );
            let (entered_at, learned_at) =
                (row.entered_at.to_rfc3339(), row.learned_at.to_rfc3339());
            write!(
                line,
                "{}\t{}\t{tag}\t{reader}\t{entered_at}\t{}\t{confidence}\t{learned_at}",
                row.asset_id, row.room_id, row.basis
            )
        })?;
        if !portion.places.is_empty() {
            script.push_str("INSERT INTO asset_place AS p (asset_id, room_id, tag_id, reader_id, entered_at, basis, confidence, learned_at) SELECT * FROM new_place\n");
            script.push_str(include_str!("sql/raw_places_conflict.sql"));
            script.push_str(";\n");
        }
        script.push_str("COMMIT;\n");
    }
    Ok(script)
}

fn copy<R>(
    script: &mut String,
    table: &str,
    rows: &[R],
    line: impl Fn(&mut String, &R) -> std::fmt::Result,
) -> std::fmt::Result {
    if rows.is_empty() {
        return Ok(());
    }
    writeln!(script, "COPY {table} FROM STDIN;")?;
    for row in rows {
        line(script, row)?;
        script.push('\n');
    }
    script.push_str("\\.\n");
    Ok(())
}

fn or_null<T: Display>(value: Option<T>) -> String {
    value.map_or_else(|| "\\N".to_owned(), |value| value.to_string())
}
