//! The form of a synonym: its fields as they came, and ready to show.

use serde::Deserialize;
use uuid::Uuid;

use crate::db::DbConn;
use crate::db::types::SynonymKind;
use crate::find::query::vocabulary::Target;
use crate::find::search::list_model_names;
use crate::find::spots::list_type_names;
use crate::find::synonyms::TERM_CHARS_MAX;
use crate::find::synonyms::file::{read_kind, read_term};
use crate::find::synonyms::store::NewSynonym;
use crate::ids::{AssetTypeId, ModelId};
use crate::web::page::Problem;
use crate::web::strings::{Strings, fill};
use crate::web::wording::capitalised;
use crate::web::{PageError, routes};

/// Most models to choose from.
const MODELS_MAX: i64 = 1_000;

/// A synonym as it was sent.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SynonymForm {
    /// Idempotency key.
    pub key: Uuid,
    /// The word.
    #[serde(default)]
    pub term: String,
    /// Its sort.
    #[serde(default)]
    pub kind: String,
    /// `type-5` or `model-7`.
    #[serde(default)]
    pub target: String,
}

/// The fields of a synonym.
#[derive(Clone, Debug)]
pub struct Fields {
    /// Idempotency key.
    pub key: String,
    /// Where the form sends to.
    pub action: String,
    /// The word.
    pub term: String,
    /// Sorts to choose from.
    pub kinds: Vec<Choice>,
    /// Types to choose from.
    pub types: Vec<Choice>,
    /// Models to choose from.
    pub models: Vec<Choice>,
    /// What is wrong.
    pub problems: Vec<Problem>,
}

/// One option.
#[derive(Clone, Debug)]
pub struct Choice {
    /// Its value.
    pub value: String,
    /// Its words.
    pub words: String,
    /// Whether it is chosen.
    pub is_chosen: bool,
}

pub(super) fn target_text(target: Target) -> String {
    match target {
        Target::Type(id) => format!("type-{id}"),
        Target::Model(id) => format!("model-{id}"),
    }
}

fn parse_target(text: &str) -> Option<Target> {
    let (sort, id) = text.split_once('-')?;
    let id: i64 = id.parse().ok()?;
    match sort {
        "type" => Some(Target::Type(AssetTypeId(id))),
        "model" => Some(Target::Model(ModelId(id))),
        _ => None,
    }
}

impl SynonymForm {
    pub(super) fn read(&self, t: &Strings) -> Result<NewSynonym, Vec<Problem>> {
        let mut problems = Vec::new();
        let term = read_term(&self.term).map_err(|remedy| {
            problems.push(Problem::new("term", fill(t.synonyms.bad_term, &[&remedy])));
        });
        let kind = read_kind(&self.kind)
            .map_err(|_| problems.push(Problem::new("kind", t.synonyms.bad_kind)));
        let target = parse_target(&self.target)
            .ok_or_else(|| problems.push(Problem::new("target", t.synonyms.bad_target)));
        let (Ok((term, folded)), Ok(kind), Ok(target)) = (term, kind, target) else {
            return Err(problems);
        };
        Ok(NewSynonym {
            term,
            folded,
            kind,
            target,
        })
    }
}

impl Fields {
    pub(super) async fn load(
        conn: &DbConn,
        action: String,
        given: &SynonymForm,
        t: &Strings,
    ) -> Result<Self, PageError> {
        let (types, models) =
            tokio::try_join!(list_type_names(conn), list_model_names(conn, MODELS_MAX))?;
        let choice = |value: String, words: String, chosen: &str| Choice {
            is_chosen: value == chosen,
            value,
            words,
        };
        let of_type = |(id, name): (AssetTypeId, String)| {
            choice(
                target_text(Target::Type(id)),
                capitalised(&name),
                &given.target,
            )
        };
        let of_model = |(id, name, of): (ModelId, String, String)| {
            let words = format!("{name} ({of})");
            choice(target_text(Target::Model(id)), words, &given.target)
        };
        let kinds = SynonymKind::ALL.iter().rev();
        Ok(Self {
            key: Uuid::now_v7().to_string(),
            action,
            term: given.term.chars().take(2 * TERM_CHARS_MAX).collect(),
            kinds: kinds
                .map(|kind| {
                    choice(
                        kind.as_str().to_owned(),
                        super::kind_word(*kind, t).to_owned(),
                        &given.kind,
                    )
                })
                .collect(),
            types: types.into_iter().map(of_type).collect(),
            models: models.into_iter().map(of_model).collect(),
            problems: Vec::new(),
        })
    }

    /// Whether something is wrong with this field.
    #[must_use]
    pub fn is_wrong(&self, field: &str) -> bool {
        self.problems.iter().any(|problem| problem.field == field)
    }

    pub(super) fn sample(t: &Strings) -> Self {
        let choice = |value: &str, words: &str| Choice {
            value: value.to_owned(),
            words: words.to_owned(),
            is_chosen: value == "type-2",
        };
        Self {
            key: Uuid::nil().to_string(),
            action: routes::SYNONYMS.to_owned(),
            term: "\"><script>".to_owned(),
            kinds: vec![choice("name", t.synonyms.kind_name)],
            types: vec![choice("type-1", "Bed"), choice("type-2", "<Infusion> pump")],
            models: vec![choice("model-1", "BD Alaris GP (infusion pump)")],
            problems: Vec::new(),
        }
    }
}
