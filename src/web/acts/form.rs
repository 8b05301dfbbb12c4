//! The forms of acts, read field by field: a field may come several times, and each mistake is named.

use uuid::Uuid;

use super::super::routes;
use super::super::strings::{Strings, fill};
use super::is_offered;
use crate::assets::acts::ASSETS_MAX;
use crate::db::types::{AssetAct, AssetStatus};
use crate::ids::{AssetId, RoomId};

/// Longest reason in characters.
pub const REASON_CHARS_MAX: usize = 200;

/// The fields of an act's form.
const ACT_FIELDS: [&str; 9] = [
    "csrf",
    "key",
    "act",
    "asset",
    "shown",
    "shown_room",
    "reason",
    "room",
    "next",
];

/// `POST /acts`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActForm {
    /// Idempotency key.
    pub key: Uuid,
    /// What is said.
    pub act: AssetAct,
    /// About which assets.
    pub assets: Vec<AssetId>,
    /// The status that the page showed.
    pub shown: Option<AssetStatus>,
    /// The room that the page showed.
    pub shown_room: Option<RoomId>,
    /// Category or reason.
    pub reason: Option<String>,
    /// For "found": name or label of the room.
    pub room: Option<String>,
    /// Where to go on.
    pub next: String,
}

/// `POST /undo`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UndoForm {
    /// Idempotency key.
    pub key: Uuid,
    /// The act to take back.
    pub done: Uuid,
    /// Where to go on.
    pub next: String,
}

struct Fields(Vec<(String, String)>);

impl Fields {
    fn parse(body: &[u8]) -> Self {
        Self(form_urlencoded::parse(body).into_owned().collect())
    }

    /// The first field that the form does not have (S-20).
    fn find_unknown(&self, known: &[&str]) -> Option<(&str, &str)> {
        self.0
            .iter()
            .find(|(name, _)| !known.contains(&name.as_str()))
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }

    fn find(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(field, _)| field == name)
            .map(|(_, value)| value.trim())
            .filter(|value| !value.is_empty())
    }

    fn uuid(&self, name: &str, t: &Strings) -> Result<Uuid, String> {
        let text = self.find(name).unwrap_or_default();
        text.parse().map_err(|_| {
            let shown: String = text.chars().take(40).collect();
            fill(t.acts.bad_field, &[&name, &shown])
        })
    }

    fn next(&self) -> String {
        routes::safe_next(self.find("next").unwrap_or(routes::HOME)).to_owned()
    }
}

impl ActForm {
    /// Reads a body.
    ///
    /// # Errors
    /// Says which field is wrong and what to do.
    pub fn parse(body: &[u8], t: &Strings) -> Result<Self, String> {
        let fields = Fields::parse(body);
        let bad = |name: &str, value: &str| {
            let shown: String = value.chars().take(40).collect();
            fill(t.acts.bad_field, &[&name, &shown])
        };
        if let Some((name, value)) = fields.find_unknown(&ACT_FIELDS) {
            return Err(bad(name, value));
        }
        let act = fields.find("act").unwrap_or_default();
        let act = AssetAct::from_text(act)
            .filter(|act| is_offered(*act))
            .ok_or_else(|| bad("act", act))?;
        let mut assets = Vec::new();
        for (_, value) in fields.0.iter().filter(|(name, _)| name == "asset") {
            let id = value.trim().parse().map_err(|_| bad("asset", value))?;
            assets.push(AssetId(id));
        }
        if assets.is_empty() {
            return Err(t.acts.none_chosen.to_owned());
        }
        if assets.len() > ASSETS_MAX {
            return Err(fill(t.acts.too_many, &[&assets.len(), &ASSETS_MAX]));
        }
        let shown = match fields.find("shown") {
            Some(text) => Some(AssetStatus::from_text(text).ok_or_else(|| bad("shown", text))?),
            None => None,
        };
        let shown_room = match fields.find("shown_room") {
            Some(text) => {
                let id = text.parse().map_err(|_| bad("shown_room", text))?;
                Some(RoomId(id))
            }
            None => None,
        };
        let reason = fields.find("reason").map(str::to_owned);
        if let Some(reason) = &reason {
            let chars = reason.chars().count();
            if chars > REASON_CHARS_MAX || reason.chars().any(char::is_control) {
                return Err(fill(t.acts.long_reason, &[&chars, &REASON_CHARS_MAX]));
            }
        }
        Ok(Self {
            key: fields.uuid("key", t)?,
            act,
            assets,
            shown,
            shown_room,
            reason,
            room: fields.find("room").map(str::to_owned),
            next: fields.next(),
        })
    }
}

impl UndoForm {
    /// Reads a body.
    ///
    /// # Errors
    /// Says which field is wrong and what to do.
    pub fn parse(body: &[u8], t: &Strings) -> Result<Self, String> {
        let fields = Fields::parse(body);
        if let Some((name, value)) = fields.find_unknown(&["csrf", "key", "done", "next"]) {
            let shown: String = value.chars().take(40).collect();
            return Err(fill(t.acts.bad_field, &[&name, &shown]));
        }
        Ok(Self {
            key: fields.uuid("key", t)?,
            done: fields.uuid("done", t)?,
            next: fields.next(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::strings::EN;

    const KEY: &str = "key=0190b6c0-0000-7000-8000-000000000001";

    fn parse(body: &str) -> Result<ActForm, String> {
        ActForm::parse(body.as_bytes(), &EN)
    }

    #[test]
    fn several_assets_and_a_local_way_back() {
        let form = parse(&format!(
            "{KEY}&act=cleaned&asset=5&asset=6&shown=cleaning&next=%2Ftasks&csrf=x"
        ))
        .unwrap();
        assert_eq!(form.assets, [AssetId(5), AssetId(6)]);
        assert_eq!(form.next, "/tasks");
        let away = parse(&format!(
            "{KEY}&act=took&asset=5&next=https%3A%2F%2Fevil.example"
        ))
        .unwrap();
        assert_eq!(away.next, "/");
    }

    #[test]
    fn each_mistake_is_named() {
        let many: String = (0..101)
            .map(|id| format!("&asset={id}"))
            .collect::<Vec<_>>()
            .concat();
        let long = format!("{KEY}&act=took&asset=5&reason={}", "a".repeat(201));
        for (body, part) in [
            (String::new(), "act"),
            (format!("{KEY}&act=explode&asset=5"), "explode"),
            (format!("{KEY}&act=retired&asset=5"), "retired"),
            (format!("{KEY}&act=took"), "none"),
            (format!("{KEY}&act=took&asset=five"), "five"),
            (format!("{KEY}&act=took{many}"), "101"),
            ("act=took&asset=5&key=7".to_owned(), "key"),
            (format!("{KEY}&act=took&asset=5&shown=shiny"), "shiny"),
            (
                format!("{KEY}&act=not_here&asset=5&shown_room=here"),
                "here",
            ),
            (long, "201"),
            (format!("{KEY}&act=took&asset=5&patient=7"), "patient"),
        ] {
            let words = parse(&body).unwrap_err().to_lowercase();
            assert!(words.contains(part), "{part}: {words}");
        }
    }
}
