//! The part of a device's page for those who look after devices: its tags, holds and the register.

use super::tags::PeriodLine;
use crate::assets::model::{AssetEntry, AssetTag};
use crate::assets::register::list::list_history;
use crate::assets::status::{Known, list_allowed};
use crate::db::DbConn;
use crate::db::types::{AssetAct, Role, SafetyHold};
use crate::ids::{AssetId, TagId};
use crate::web::acts::new_key;
use crate::web::page::Shell;
use crate::web::strings::{Strings, fill};
use crate::web::{PageError, routes};

/// Tags, holds and the register.
#[derive(Clone, Debug)]
pub struct Keeping {
    /// Where its data are changed.
    pub edit_href: String,
    /// Where a tag is put on; none for a retired device.
    pub tag_on: Option<String>,
    /// Where a tag is taken off.
    pub tag_off: String,
    /// Key of the form that puts one on.
    pub key: String,
    /// Its tags.
    pub tags: Vec<KeptTag>,
    /// The tags that were on it.
    pub history: Vec<PeriodLine>,
    /// Where the acts below send to.
    pub standing: String,
    /// The status shown.
    pub shown: &'static str,
    /// Acts with a reason.
    pub acts: Vec<KeptAct>,
    /// Kinds of hold: value and words; empty when it cannot be held now.
    pub holds: Vec<(&'static str, &'static str)>,
    /// Key of the form that holds it.
    pub hold_key: String,
}

/// A tag that is on it.
#[derive(Clone, Debug)]
pub struct KeptTag {
    /// Which.
    pub tag_id: TagId,
    /// Its key.
    pub tag_key: String,
    /// Its page.
    pub href: String,
    /// "Instead of mac:AC233F000001".
    pub instead: String,
    /// Key of the form that takes it off.
    pub key: String,
}

/// An act with a typed reason.
#[derive(Clone, Debug)]
pub struct KeptAct {
    /// As sent.
    pub act: &'static str,
    /// Its name.
    pub words: &'static str,
    /// What is asked.
    pub question: &'static str,
    /// What to keep in mind.
    pub hint: &'static str,
    /// Key of its form.
    pub key: String,
}

impl Keeping {
    /// What this person may do.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn load(
        conn: &DbConn,
        entry: &AssetEntry,
        tags: &[AssetTag],
        role: Role,
        shell: &Shell,
    ) -> Result<Self, PageError> {
        let history = list_history(conn, Some(entry.asset_id), None).await?;
        let known = Known {
            standing: entry.standing,
            status_before: None,
            gone_since: None,
        };
        let allowed = list_allowed(&known, role, shell.now);
        let past = history.iter().filter(|period| period.ended_at.is_some());
        let lines = past.map(|period| PeriodLine::of_asset(period, shell));
        let tags = tags.iter().map(|tag| KeptTag::new(tag, shell.t));
        Ok(Self::new(
            entry,
            &allowed,
            tags.collect(),
            lines.collect(),
            shell,
        ))
    }

    fn new(
        entry: &AssetEntry,
        allowed: &[AssetAct],
        tags: Vec<KeptTag>,
        history: Vec<PeriodLine>,
        shell: &Shell,
    ) -> Self {
        let id = entry.asset_id;
        let is_retired = entry.standing.status == crate::db::types::AssetStatus::Retired;
        Self {
            edit_href: routes::asset_edit_path(id),
            tag_on: (!is_retired).then(|| routes::asset_tag_on_path(id)),
            tag_off: routes::asset_tag_off_path(id),
            key: new_key(),
            tags,
            history,
            standing: routes::asset_standing_path(id),
            shown: entry.standing.status.as_str(),
            acts: allowed
                .iter()
                .filter_map(|act| KeptAct::new(*act, shell.t))
                .collect(),
            holds: if allowed.contains(&AssetAct::Held) {
                hold_kinds(shell.t)
            } else {
                Vec::new()
            },
            hold_key: new_key(),
        }
    }

    /// For tests of templates.
    #[must_use]
    pub fn sample(shell: &Shell) -> Self {
        let tag = KeptTag {
            tag_id: TagId(90_001),
            tag_key: "x:<b>".to_owned(),
            href: routes::tag_path(TagId(90_001)),
            instead: fill(shell.t.register.instead, &[&"x:<b>"]),
            key: new_key(),
        };
        let id = AssetId(70_001);
        let acts = [AssetAct::Released, AssetAct::Retired, AssetAct::Restored];
        Self {
            edit_href: routes::asset_edit_path(id),
            tag_on: Some(routes::asset_tag_on_path(id)),
            tag_off: routes::asset_tag_off_path(id),
            key: new_key(),
            tags: vec![tag],
            history: vec![PeriodLine {
                name: "mac:<i>".to_owned(),
                href: routes::tag_path(TagId(90_002)),
                when: "1 Jan 2026 to 2 Jan 2026".to_owned(),
            }],
            standing: routes::asset_standing_path(id),
            shown: "available",
            acts: acts
                .iter()
                .filter_map(|act| KeptAct::new(*act, shell.t))
                .collect(),
            holds: hold_kinds(shell.t),
            hold_key: new_key(),
        }
    }
}

impl KeptTag {
    fn new(tag: &AssetTag, t: &Strings) -> Self {
        Self {
            tag_id: tag.tag_id,
            tag_key: tag.tag_key.clone(),
            href: routes::tag_path(tag.tag_id),
            instead: fill(t.register.instead, &[&tag.tag_key]),
            key: new_key(),
        }
    }
}

impl KeptAct {
    fn new(act: AssetAct, t: &'static Strings) -> Option<Self> {
        let t = &t.register;
        let (words, question, hint) = match act {
            AssetAct::Released => (t.hold_lift, t.lift_why, t.reason_hint),
            AssetAct::Retired => (t.retire, t.retire_why, t.retire_hint),
            AssetAct::Restored => (t.restore, t.restore_why, t.restore_hint),
            _ => return None,
        };
        Some(Self {
            act: act.as_str(),
            words,
            question,
            hint,
            key: new_key(),
        })
    }
}

fn hold_kinds(t: &'static Strings) -> Vec<(&'static str, &'static str)> {
    let t = &t.register;
    SafetyHold::ALL
        .iter()
        .map(|hold| {
            let words = match hold {
                SafetyHold::Recall => t.hold_recall,
                SafetyHold::Incident => t.hold_incident,
                SafetyHold::Quarantine => t.hold_quarantine,
            };
            (hold.as_str(), words)
        })
        .collect()
}
