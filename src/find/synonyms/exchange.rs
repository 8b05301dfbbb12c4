//! Synonyms as whole files: export, import, and the set to start from.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use serde_json::json;

use super::STARTER_CSV;
use super::file::{
    ExportRow, FAULTS_MAX, FileRow, ROWS_MAX, RowFault, TargetName, read_rows, write_rows,
};
use super::store::{NewSynonym, list_synonyms};
use crate::audit::{Actor, Event, record_audit};
use crate::db::schema::{asset_type, model, synonym};
use crate::db::types::SynonymKind;
use crate::find::query::vocabulary::Target;
use crate::ids::{AssetTypeId, ModelId, SynonymId};

/// Rows of one INSERT.
const CHUNK: usize = 1_000;

/// All synonyms as a CSV file.
///
/// # Errors
/// When the database fails.
pub async fn export_csv(conn: &AsyncPgConnection) -> QueryResult<String> {
    let entries = list_synonyms(conn, "", None, ROWS_MAX).await?;
    let rows: Vec<ExportRow<'_>> = entries
        .iter()
        .map(|entry| ExportRow {
            term: &entry.term,
            kind: entry.kind,
            type_name: entry.asset_type_id.map_or("", |_| entry.type_name.as_str()),
            maker: entry.maker.as_deref().unwrap_or_default(),
            model: entry.model_name.as_deref().unwrap_or_default(),
        })
        .collect();
    write_rows(&rows).map_err(|error| diesel::result::Error::SerializationError(Box::new(error)))
}

/// What a file does, or would do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ImportReport {
    /// New synonyms.
    pub added: usize,
    /// Synonyms that got another spelling or kind.
    pub changed: usize,
    /// Synonyms that were there already.
    pub unchanged: usize,
    /// Rows of types that this hospital has not; only the starter set leaves them out.
    pub left_out: usize,
}

/// Why nothing was imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The file has mistakes.
    #[error("the file has mistakes")]
    Faults(Vec<RowFault>),
    /// The database failed.
    #[error("reading or writing synonyms")]
    Database(#[from] diesel::result::Error),
}

/// Takes in a file, all of it or nothing. Rows that are there already change nothing, so it can be taken in again; synonyms that
/// the file does not name stay.
///
/// # Errors
/// With every mistake of the file, or when the database fails.
pub async fn import_csv(
    conn: &mut AsyncPgConnection,
    text: &str,
    is_dry_run: bool,
    actor: Actor<'_>,
    now: DateTime<Utc>,
) -> Result<ImportReport, ImportError> {
    let rows = read_rows(text).map_err(ImportError::Faults)?;
    conn.transaction(async |conn| {
        let (wanted, faults) = resolve(conn, &rows).await?;
        if !faults.is_empty() {
            let faults = faults.into_iter().take(FAULTS_MAX).collect();
            return Err(ImportError::Faults(faults));
        }
        let report = write_all(conn, &wanted, is_dry_run).await?;
        if !is_dry_run && report.added + report.changed > 0 {
            let facts = json!({"added": report.added, "changed": report.changed});
            let event =
                Event::new(actor, "synonym.imported", "synonym".to_owned()).with_after(facts);
            record_audit(conn, &event, now).await?;
        }
        Ok(report)
    })
    .await
}

/// Which types the starter set is added to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StarterScope {
    /// Every type.
    All,
    /// Types without any synonym: what an administrator has taken out stays out.
    Bare,
}

/// Adds the starter set for the types that are there, in the caller's transaction.
///
/// # Errors
/// When the database fails.
pub async fn add_starter(
    conn: &mut AsyncPgConnection,
    scope: StarterScope,
) -> QueryResult<ImportReport> {
    let rows = read_rows(STARTER_CSV).unwrap_or_default();
    let (mut wanted, faults) = resolve(conn, &rows).await?;
    if scope == StarterScope::Bare {
        let known: Vec<Option<AssetTypeId>> = synonym::table
            .select(synonym::asset_type_id)
            .distinct()
            .load(conn)
            .await?;
        wanted.retain(|new| !known.contains(&new.of_type()));
    }
    let report = write_all(conn, &wanted, false).await?;
    Ok(ImportReport {
        left_out: faults.len(),
        ..report
    })
}

/// Finds what the rows stand for; types in any case.
async fn resolve(
    conn: &mut AsyncPgConnection,
    rows: &[FileRow],
) -> QueryResult<(Vec<NewSynonym>, Vec<RowFault>)> {
    let types: Vec<(String, AssetTypeId)> = asset_type::table
        .select((asset_type::name, asset_type::id))
        .load(conn)
        .await?;
    let models: Vec<(String, String, ModelId)> = model::table
        .select((model::maker, model::name, model::id))
        .load(conn)
        .await?;
    let types: HashMap<String, AssetTypeId> = types
        .into_iter()
        .map(|(name, id)| (name.to_lowercase(), id))
        .collect();
    let models: HashMap<(String, String), ModelId> = models
        .into_iter()
        .map(|(maker, name, id)| ((maker.to_lowercase(), name.to_lowercase()), id))
        .collect();
    let (mut wanted, mut faults) = (Vec::new(), Vec::new());
    for row in rows {
        let target = match &row.target {
            TargetName::Type(name) => types.get(&name.to_lowercase()).copied().map(Target::Type).ok_or_else(|| {
                RowFault::new(row.line, "type", name, "there is no such type: write its name as the list of types shows it, or add the type first")
            }),
            TargetName::Model { maker, name } => {
                let key = (maker.to_lowercase(), name.to_lowercase());
                models.get(&key).copied().map(Target::Model).ok_or_else(|| {
                    let value = format!("{maker} {name}");
                    RowFault::new(row.line, "model", &value, "there is no such maker and model: write both as the register has them, or add the model first")
                })
            }
        };
        match target {
            Ok(target) => wanted.push(NewSynonym {
                term: row.term.clone(),
                folded: row.folded.clone(),
                kind: row.kind,
                target,
            }),
            Err(fault) => faults.push(fault),
        }
    }
    Ok((wanted, faults))
}

async fn write_all(
    conn: &mut AsyncPgConnection,
    wanted: &[NewSynonym],
    is_dry_run: bool,
) -> QueryResult<ImportReport> {
    type Row = (
        SynonymId,
        String,
        String,
        SynonymKind,
        Option<AssetTypeId>,
        Option<ModelId>,
    );
    let known: Vec<Row> = synonym::table
        .select((
            synonym::id,
            synonym::term,
            synonym::folded,
            synonym::kind,
            synonym::asset_type_id,
            synonym::model_id,
        ))
        .load(conn)
        .await?;
    let known: HashMap<(String, Option<Target>), (SynonymId, String, SynonymKind)> = known
        .into_iter()
        .map(|(id, term, folded, kind, of_type, of_model)| {
            let target = of_type.map(Target::Type).or(of_model.map(Target::Model));
            ((folded, target), (id, term, kind))
        })
        .collect();
    let mut report = ImportReport::default();
    let mut missing = Vec::new();
    let mut seen = HashSet::new();
    for new in wanted {
        if !seen.insert((&new.folded, new.target)) {
            continue;
        }
        match known.get(&(new.folded.clone(), Some(new.target))) {
            None => missing.push(new),
            Some((_, term, kind)) if *term == new.term && *kind == new.kind => {
                report.unchanged += 1;
            }
            Some((id, ..)) => {
                report.changed += 1;
                if !is_dry_run {
                    diesel::update(synonym::table.find(*id))
                        .set((synonym::term.eq(&new.term), synonym::kind.eq(new.kind)))
                        .execute(conn)
                        .await?;
                }
            }
        }
    }
    report.added = missing.len();
    if is_dry_run {
        return Ok(report);
    }
    for chunk in missing.chunks(CHUNK) {
        let rows: Vec<_> = chunk
            .iter()
            .map(|new| {
                (
                    synonym::term.eq(&new.term),
                    synonym::folded.eq(&new.folded),
                    synonym::kind.eq(new.kind),
                    synonym::asset_type_id.eq(new.of_type()),
                    synonym::model_id.eq(new.of_model()),
                )
            })
            .collect();
        diesel::insert_into(synonym::table)
            .values(rows)
            .on_conflict_do_nothing()
            .execute(conn)
            .await?;
    }
    Ok(report)
}
