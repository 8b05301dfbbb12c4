//! What a file would change. Pure: drafts and what is known in, a plan out.

use std::collections::HashMap;
use std::fmt::Write as _;

use chrono::NaiveDate;
use sha2::{Digest, Sha256};

use super::names::Nearest;
use super::read::{Draft, Fault, FaultKind, Rows, shorten, technology_of};
use crate::csv_text::Table;
use crate::db::types::{AssetStatus, Technology};
use crate::ids::{AssetId, AssetTypeId, ModelId, UnitId};

/// What an import may do besides the obvious.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Make types and models that are new; else they are mistakes.
    pub create_types: bool,
    /// Leave rows with mistakes out; else nothing is imported while there are any.
    pub skip_faulty: bool,
}

/// A type that is there, or one that the import makes: its place in [`ImportPlan::new_types`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TypeRef {
    /// Is there.
    Known(AssetTypeId),
    /// Will be.
    New(usize),
}

/// The same for models.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ModelRef {
    /// Is there.
    Known(ModelId),
    /// Will be.
    New(usize),
}

/// A model to make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewModel {
    /// Its type.
    pub type_ref: TypeRef,
    /// Its maker.
    pub maker: String,
    /// Its name.
    pub name: String,
}

/// A tag to put on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TagWrite {
    /// Its canonical key.
    pub key: String,
    /// What it speaks.
    pub technology: Technology,
    /// How often it sends.
    pub interval_ms: Option<i64>,
    /// Whether it comes onto the asset now; else only its interval changes.
    pub is_put_on: bool,
}

/// What a field was and will be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldChange {
    /// The column.
    pub column: &'static str,
    /// Before.
    pub old: String,
    /// After.
    pub new: String,
}

/// An asset to write, as it will be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssetWrite {
    /// The row of the file.
    pub row: u64,
    /// Its id, when it is there already.
    pub existing: Option<AssetId>,
    /// Its number.
    pub number: String,
    /// Its type.
    pub type_ref: TypeRef,
    /// Its model.
    pub model_ref: Option<ModelRef>,
    /// Who owns it.
    pub owner: Option<UnitId>,
    /// When service is due.
    pub due: Option<NaiveDate>,
    /// What a new one begins with; an existing one keeps its status.
    pub status: AssetStatus,
    /// Numbers that it gets.
    pub added: Vec<(&'static str, String)>,
    /// Numbers that it loses.
    pub removed: Vec<(&'static str, String)>,
    /// Its tag, when something changes with it.
    pub tag: Option<TagWrite>,
    /// What changes, for people.
    pub changes: Vec<FieldChange>,
}

impl AssetWrite {
    /// Whether more changes than a tag.
    #[must_use]
    pub fn is_edited(&self) -> bool {
        self.changes.iter().any(|change| change.column != "tag")
    }
}

/// What an import does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImportPlan {
    /// Assets to write.
    pub writes: Vec<AssetWrite>,
    /// Types to make.
    pub new_types: Vec<String>,
    /// Models to make.
    pub new_models: Vec<NewModel>,
    /// Rows that change nothing.
    pub unchanged: usize,
    /// What is wrong, by row.
    pub faults: Vec<Fault>,
    /// Rows that have mistakes.
    pub faulty_rows: usize,
    /// Columns that mean nothing here.
    pub unknown_columns: Vec<String>,
    /// Rows of the file.
    pub rows: usize,
    /// Tells this plan from any other.
    pub digest: String,
}

impl ImportPlan {
    /// How many assets are new.
    #[must_use]
    pub fn new_count(&self) -> usize {
        self.writes
            .iter()
            .filter(|write| write.existing.is_none())
            .count()
    }

    /// How many assets change.
    #[must_use]
    pub fn changed_count(&self) -> usize {
        self.writes.len() - self.new_count()
    }

    /// A plan for tests of templates.
    #[must_use]
    pub fn sample() -> Self {
        let change = |column, old: &str, new: &str| FieldChange {
            column,
            old: old.to_owned(),
            new: new.to_owned(),
        };
        let write = |existing: Option<i64>, number: &str| AssetWrite {
            row: 2,
            existing: existing.map(AssetId),
            number: number.to_owned(),
            type_ref: TypeRef::New(0),
            model_ref: None,
            owner: None,
            due: None,
            status: AssetStatus::Available,
            added: Vec::new(),
            removed: Vec::new(),
            tag: None,
            changes: vec![
                change("serial", "SN-1 <b>", "SN-2"),
                change("tag", "", "mac:AC233F000001"),
            ],
        };
        let fault = |row, column, value: &str, kind| Fault {
            row,
            column,
            value: value.to_owned(),
            kind,
        };
        let nearest = Some("Infusion pump".to_owned());
        Self {
            writes: vec![write(None, "IP-2001"), write(Some(1), "IP-0417 <i>")],
            new_types: vec!["Scale".to_owned()],
            new_models: Vec::new(),
            unchanged: 12,
            faults: vec![
                fault(
                    3,
                    "",
                    "",
                    FaultKind::Cells {
                        cells: 2,
                        expected: 13,
                    },
                ),
                fault(
                    4,
                    "type",
                    "Infusion pmup <b>",
                    FaultKind::UnknownType { nearest },
                ),
            ],
            faulty_rows: 2,
            unknown_columns: vec!["colour <b>".to_owned()],
            rows: 16,
            digest: "00".to_owned(),
        }
    }
}

/// A model that is there.
#[derive(Clone, Debug)]
pub(super) struct KnownModel {
    pub(super) id: ModelId,
    pub(super) type_id: AssetTypeId,
    pub(super) maker: String,
    pub(super) name: String,
}

/// An asset that is there.
#[derive(Clone, Debug)]
pub(super) struct KnownAsset {
    pub(super) id: AssetId,
    pub(super) number: String,
    pub(super) type_id: AssetTypeId,
    pub(super) model_id: Option<ModelId>,
    pub(super) owner: Option<UnitId>,
    pub(super) due: Option<NaiveDate>,
    pub(super) status: AssetStatus,
    pub(super) identifiers: Vec<(String, String)>,
}

/// A tag that is there.
#[derive(Clone, Debug)]
pub(super) struct KnownTag {
    pub(super) technology: Technology,
    pub(super) interval_ms: Option<i64>,
    /// The asset that it is on, with its number.
    pub(super) on: Option<(AssetId, String)>,
    /// The piece or the bin that it is on, in words.
    pub(super) on_supplies: Option<String>,
}

/// What the database knows of what the file names.
#[derive(Debug, Default)]
pub(super) struct Facts {
    pub(super) types: Vec<(AssetTypeId, String)>,
    pub(super) models: Vec<KnownModel>,
    pub(super) units: Vec<(UnitId, String)>,
    /// By number in small letters.
    pub(super) assets: HashMap<String, KnownAsset>,
    /// By key.
    pub(super) tags: HashMap<String, KnownTag>,
}

/// Decides about every draft.
pub(super) fn decide(table: &Table, rows: Rows, facts: &Facts, options: Options) -> ImportPlan {
    let mut decider = Decider::new(facts, options);
    decider.plan.faults = rows.faults;
    decider.plan.faulty_rows = rows.faulty;
    for draft in &rows.drafts {
        decider.decide(draft);
    }
    let mut plan = decider.plan;
    plan.rows = table.rows.len() + table.broken_count;
    plan.unknown_columns.clone_from(&table.unknown);
    plan.faults.sort_by_key(|fault| fault.row);
    plan.digest = digest(&plan);
    plan
}

/// Whatever the import would write, and whatever it refuses, goes into it.
fn digest(plan: &ImportPlan) -> String {
    struct Hashing(Sha256);
    impl std::fmt::Write for Hashing {
        fn write_str(&mut self, text: &str) -> std::fmt::Result {
            self.0.update(text.as_bytes());
            Ok(())
        }
    }
    let mut hashing = Hashing(Sha256::new());
    // Writing into a hash cannot fail.
    let written = write!(hashing, "{plan:?}");
    debug_assert!(written.is_ok());
    let hash: [u8; 32] = hashing.0.finalize().into();
    let digits: Vec<String> = hash
        .iter()
        .take(16)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    digits.concat()
}

struct Decider<'a> {
    facts: &'a Facts,
    options: Options,
    plan: ImportPlan,
    types: HashMap<String, TypeRef>,
    models: HashMap<(String, String), ModelRef>,
    models_by_id: HashMap<ModelId, &'a KnownModel>,
    models_by_name: HashMap<String, Vec<&'a KnownModel>>,
    units: HashMap<String, Vec<UnitId>>,
    near_types: Nearest<'a>,
    near_units: Nearest<'a>,
    near_models: Nearest<'a>,
}

/// A row's faults while it is looked at.
struct Trial<'d> {
    draft: &'d Draft,
    faults: Vec<Fault>,
}

impl Trial<'_> {
    fn refuse(&mut self, column: &'static str, value: &str, kind: FaultKind) {
        self.faults.push(Fault {
            row: self.draft.row,
            column,
            value: shorten(value),
            kind,
        });
    }
}

impl<'a> Decider<'a> {
    fn new(facts: &'a Facts, options: Options) -> Self {
        let mut models_by_name: HashMap<String, Vec<&KnownModel>> = HashMap::new();
        for model in &facts.models {
            let same_name = models_by_name.entry(model.name.to_lowercase()).or_default();
            same_name.push(model);
        }
        let mut units: HashMap<String, Vec<UnitId>> = HashMap::new();
        for (id, name) in &facts.units {
            units.entry(name.to_lowercase()).or_default().push(*id);
        }
        Self {
            facts,
            options,
            plan: ImportPlan::default(),
            types: facts
                .types
                .iter()
                .map(|(id, name)| (name.to_lowercase(), TypeRef::Known(*id)))
                .collect(),
            models: facts
                .models
                .iter()
                .map(|model| {
                    let key = (model.maker.to_lowercase(), model.name.to_lowercase());
                    (key, ModelRef::Known(model.id))
                })
                .collect(),
            models_by_id: facts.models.iter().map(|model| (model.id, model)).collect(),
            models_by_name,
            units,
            near_types: Nearest::new(facts.types.iter().map(|(_, name)| name.as_str())),
            near_units: Nearest::new(facts.units.iter().map(|(_, name)| name.as_str())),
            near_models: Nearest::new(facts.models.iter().map(|model| model.name.as_str())),
        }
    }

    fn decide(&mut self, draft: &Draft) {
        let facts = self.facts;
        let known = facts.assets.get(&draft.number.to_lowercase());
        let mut trial = Trial {
            draft,
            faults: Vec::new(),
        };
        if known.is_some_and(|known| known.status == AssetStatus::Retired) {
            trial.refuse("asset_number", &draft.number, FaultKind::Retired);
        }
        let kind = self.kind(&mut trial, known);
        let owner = self
            .owner(&mut trial)
            .or(known.and_then(|known| known.owner));
        let tag = self.tag(&mut trial, known);
        let status = new_status(&mut trial, known);
        let (Some((type_ref, model_ref)), true) = (kind, trial.faults.is_empty()) else {
            self.plan.faulty_rows += 1;
            self.plan.faults.append(&mut trial.faults);
            return;
        };
        let mut write = AssetWrite {
            row: draft.row,
            existing: known.map(|known| known.id),
            number: known.map_or(&draft.number, |known| &known.number).clone(),
            type_ref,
            model_ref,
            owner,
            due: draft.due.or(known.and_then(|known| known.due)),
            status,
            added: Vec::new(),
            removed: Vec::new(),
            tag,
            changes: Vec::new(),
        };
        compare_identifiers(&mut write, draft, known);
        let Some(known) = known else {
            self.plan.writes.push(write);
            return;
        };
        self.compare(&mut write, known);
        if write.changes.is_empty() {
            self.plan.unchanged += 1;
        } else {
            self.plan.writes.push(write);
        }
    }

    /// Type and model of a row; `None` after a fault.
    fn kind(
        &mut self,
        trial: &mut Trial<'_>,
        known: Option<&KnownAsset>,
    ) -> Option<(TypeRef, Option<ModelRef>)> {
        let draft = trial.draft;
        let named_type = self.named_type(trial)?;
        if draft.model.is_empty() {
            if !draft.maker.is_empty() {
                trial.refuse("model", "", FaultKind::NoModel);
                return None;
            }
            let model_ref = known.and_then(|known| known.model_id).map(ModelRef::Known);
            let type_ref = named_type.or(known.map(|known| TypeRef::Known(known.type_id)));
            let Some(type_ref) = type_ref else {
                trial.refuse("type", "", FaultKind::Missing);
                return None;
            };
            self.check_type(trial, type_ref, model_ref)?;
            return Some((type_ref, model_ref));
        }
        let asked = (draft.maker.to_lowercase(), draft.model.to_lowercase());
        let mut found = self.models.get(&asked).copied();
        if draft.maker.is_empty() {
            let same_name = self
                .models_by_name
                .get(&asked.1)
                .map_or(&[][..], Vec::as_slice);
            match same_name {
                [] => {}
                [one] => found = Some(ModelRef::Known(one.id)),
                _ => {
                    trial.refuse("maker", "", FaultKind::SeveralMakers);
                    return None;
                }
            }
        }
        if let Some(model_ref) = found {
            let type_ref = named_type.or_else(|| self.type_of(model_ref))?;
            self.check_type(trial, type_ref, Some(model_ref))?;
            return Some((type_ref, Some(model_ref)));
        }
        let type_ref = named_type.or(known.map(|known| TypeRef::Known(known.type_id)));
        let kind = if !self.options.create_types {
            FaultKind::UnknownModel {
                nearest: self.near_models.find(&draft.model),
            }
        } else if draft.maker.is_empty() {
            FaultKind::NoMaker
        } else if let Some(type_ref) = type_ref {
            self.plan.new_models.push(NewModel {
                type_ref,
                maker: draft.maker.clone(),
                name: draft.model.clone(),
            });
            let model_ref = ModelRef::New(self.plan.new_models.len() - 1);
            self.models.insert(asked, model_ref);
            return Some((type_ref, Some(model_ref)));
        } else {
            trial.refuse("type", "", FaultKind::Missing);
            return None;
        };
        trial.refuse("model", &draft.model, kind);
        None
    }

    /// The type that the row names, if it names one; the outer `None` after a fault.
    #[expect(clippy::option_option, reason = "a fault, and no name, are two things")]
    fn named_type(&mut self, trial: &mut Trial<'_>) -> Option<Option<TypeRef>> {
        let name = &trial.draft.type_name;
        if name.is_empty() {
            return Some(None);
        }
        if let Some(type_ref) = self.types.get(&name.to_lowercase()) {
            return Some(Some(*type_ref));
        }
        if !self.options.create_types {
            let nearest = self.near_types.find(name);
            trial.refuse("type", name, FaultKind::UnknownType { nearest });
            return None;
        }
        self.plan.new_types.push(name.clone());
        let type_ref = TypeRef::New(self.plan.new_types.len() - 1);
        self.types.insert(name.to_lowercase(), type_ref);
        Some(Some(type_ref))
    }

    /// A model belongs to one type.
    fn check_type(
        &self,
        trial: &mut Trial<'_>,
        type_ref: TypeRef,
        model_ref: Option<ModelRef>,
    ) -> Option<()> {
        let Some(model_ref) = model_ref else {
            return Some(());
        };
        let model_type = self.type_of(model_ref)?;
        if model_type == type_ref {
            return Some(());
        }
        let kind = FaultKind::OtherType {
            model: self.model_words(Some(model_ref)),
            model_type: self.type_words(model_type),
        };
        trial.refuse("type", &trial.draft.type_name, kind);
        None
    }

    fn type_of(&self, model_ref: ModelRef) -> Option<TypeRef> {
        match model_ref {
            ModelRef::Known(id) => Some(TypeRef::Known(self.models_by_id.get(&id)?.type_id)),
            ModelRef::New(at) => Some(self.plan.new_models.get(at)?.type_ref),
        }
    }

    fn type_words(&self, type_ref: TypeRef) -> String {
        let name = match type_ref {
            TypeRef::Known(id) => self.facts.types.iter().find(|(known, _)| *known == id),
            TypeRef::New(at) => return self.plan.new_types.get(at).cloned().unwrap_or_default(),
        };
        name.map_or_else(String::new, |(_, name)| name.clone())
    }

    fn model_words(&self, model_ref: Option<ModelRef>) -> String {
        let (maker, name) = match model_ref {
            Some(ModelRef::Known(id)) => match self.models_by_id.get(&id) {
                Some(model) => (&model.maker, &model.name),
                None => return String::new(),
            },
            Some(ModelRef::New(at)) => match self.plan.new_models.get(at) {
                Some(model) => (&model.maker, &model.name),
                None => return String::new(),
            },
            None => return String::new(),
        };
        format!("{maker} {name}")
    }

    fn unit_words(&self, unit: Option<UnitId>) -> String {
        let unit = unit.and_then(|unit| self.facts.units.iter().find(|(id, _)| *id == unit));
        unit.map_or_else(String::new, |(_, name)| name.clone())
    }

    fn owner(&mut self, trial: &mut Trial<'_>) -> Option<UnitId> {
        let name = &trial.draft.owner;
        if name.is_empty() {
            return None;
        }
        let kind = match self
            .units
            .get(&name.to_lowercase())
            .map_or(&[][..], Vec::as_slice)
        {
            [one] => return Some(*one),
            [] => FaultKind::UnknownUnit {
                nearest: self.near_units.find(name),
            },
            _ => FaultKind::SeveralUnits,
        };
        trial.refuse("owner_unit", name, kind);
        None
    }

    fn tag(&self, trial: &mut Trial<'_>, known: Option<&KnownAsset>) -> Option<TagWrite> {
        let key = trial.draft.tag.as_ref()?;
        let asked = trial.draft.interval_ms;
        let tag = self.facts.tags.get(key);
        if let Some(what) = tag.and_then(|tag| tag.on_supplies.as_ref()) {
            let asset = what.clone();
            trial.refuse("tag", key, FaultKind::TagElsewhere { asset });
            return None;
        }
        if let Some((asset, number)) = tag.and_then(|tag| tag.on.as_ref())
            && known.is_none_or(|known| known.id != *asset)
        {
            let kind = FaultKind::TagElsewhere {
                asset: number.clone(),
            };
            trial.refuse("tag", key, kind);
            return None;
        }
        let technology = match tag {
            Some(tag) => tag.technology,
            None => technology_of(key).unwrap_or(if asked.is_some() {
                Technology::Ble
            } else {
                Technology::Rfid
            }),
        };
        if technology == Technology::Rfid && asked.is_some() {
            let why = "passive RFID tags send nothing by themselves.";
            trial.refuse("tag_interval_ms", "", FaultKind::NeedlessInterval(why));
            return None;
        }
        let was = tag.and_then(|tag| tag.interval_ms);
        let interval_ms = asked.or(was);
        if technology == Technology::Ble && interval_ms.is_none() {
            trial.refuse("tag_interval_ms", "", FaultKind::NoInterval);
            return None;
        }
        let is_put_on = tag.is_none_or(|tag| tag.on.is_none());
        (is_put_on || interval_ms != was).then(|| TagWrite {
            key: key.clone(),
            technology,
            interval_ms,
            is_put_on,
        })
    }

    /// Fills in what changes.
    fn compare(&self, write: &mut AssetWrite, known: &KnownAsset) {
        let old_type = TypeRef::Known(known.type_id);
        let old_model = known.model_id.map(ModelRef::Known);
        let day = |day: Option<NaiveDate>| day.map_or_else(String::new, |day| day.to_string());
        let mut changes = Vec::new();
        let mut note =
            |column, old: String, new: String| changes.push(FieldChange { column, old, new });
        if write.type_ref != old_type {
            note(
                "type",
                self.type_words(old_type),
                self.type_words(write.type_ref),
            );
        }
        if write.model_ref != old_model {
            note(
                "model",
                self.model_words(old_model),
                self.model_words(write.model_ref),
            );
        }
        if write.owner != known.owner {
            note(
                "owner_unit",
                self.unit_words(known.owner),
                self.unit_words(write.owner),
            );
        }
        if write.due != known.due {
            note("service_due_on", day(known.due), day(write.due));
        }
        for kind in ["serial", "udi", "barcode", "giai", "grai", "other"] {
            let of_kind = |numbers: &[(&'static str, String)]| {
                let numbers = numbers.iter().filter(|(known, _)| *known == kind);
                numbers
                    .map(|(_, number)| number.as_str())
                    .collect::<Vec<_>>()
                    .join(" | ")
            };
            let (old, new) = (of_kind(&write.removed), of_kind(&write.added));
            if !old.is_empty() || !new.is_empty() {
                note(kind, old, new);
            }
        }
        if let Some(tag) = &write.tag {
            if tag.is_put_on {
                note("tag", String::new(), tag.key.clone());
            } else {
                let was = self
                    .facts
                    .tags
                    .get(&tag.key)
                    .and_then(|tag| tag.interval_ms);
                let words = |ms: Option<i64>| ms.map_or_else(String::new, |ms| ms.to_string());
                note("tag_interval_ms", words(was), words(tag.interval_ms));
            }
        }
        write.changes = changes;
    }
}

/// A filled cell says all numbers of its kind.
fn compare_identifiers(write: &mut AssetWrite, draft: &Draft, known: Option<&KnownAsset>) {
    let has = known.map_or(&[][..], |known| known.identifiers.as_slice());
    for (kind, numbers) in &draft.identifiers {
        let old = || {
            has.iter()
                .filter(|(known, _)| known == kind)
                .map(|(_, number)| number)
        };
        let added = numbers
            .iter()
            .filter(|number| !old().any(|known| known == *number));
        write
            .added
            .extend(added.map(|number| (*kind, number.clone())));
        let removed = old().filter(|known| !numbers.contains(known));
        write
            .removed
            .extend(removed.map(|number| (*kind, number.clone())));
    }
}

/// The status of a new one. An existing one keeps its own, whatever the file says: only people and rules change it.
fn new_status(trial: &mut Trial<'_>, known: Option<&KnownAsset>) -> AssetStatus {
    if let Some(known) = known {
        return known.status;
    }
    match trial.draft.status {
        None => AssetStatus::Available,
        Some(status @ (AssetStatus::Missing | AssetStatus::Retired)) => {
            trial.refuse("status", status.as_str(), FaultKind::BadStatus);
            status
        }
        Some(status) => status,
    }
}
