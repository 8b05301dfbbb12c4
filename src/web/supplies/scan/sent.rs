//! Forms of the pages for a scanner, as they are sent.

use chrono::NaiveDate;
use uuid::Uuid;

use super::{Beside, Kind, Sound};
use crate::ids::{BinId, StockPlaceId};
use crate::supplies::acts::{LotLabel, Receipt};
use crate::supplies::scan::{CODE_MAX, Code};
use crate::web::acts::new_key;
use crate::web::fields::{BadField, Fields};

/// Fields of the forms.
const FIELDS: &[&str] = &[
    "act",
    "place",
    "mode",
    "code",
    "quantity",
    "lot_number",
    "expires_on",
    "override",
    "apart",
    "over",
    "note",
    "done",
    "bin",
];
/// Longest text that is shown again in a field beside the code.
const TYPED_MAX: usize = 40;
/// The greatest number of packs of one scan.
const PACKS_MAX: i64 = 1_000_000;

/// A form.
pub(super) struct Sent {
    /// Idempotency key.
    pub key: Uuid,
    /// Which page.
    pub kind: Kind,
    /// The place.
    pub place: StockPlaceId,
    /// What it asks for.
    pub what: What,
    /// A reason.
    pub note: Option<String>,
    /// Lot and day as they were typed.
    pub typed: (String, Option<NaiveDate>),
    /// What was said yes to at a receipt.
    pub receipt: Receipt,
    /// A lot that looks odd is right.
    pub overrides: bool,
}

pub(super) enum What {
    /// A code, and how many of what carries it.
    Scan { code: String, quantity: i64 },
    /// Take this form back.
    Undo(Uuid),
    /// The bin is not empty.
    NotEmpty(BinId),
}

/// Why a form cannot be read.
pub(super) enum Unread {
    /// The field that is missing or not ours.
    Field(String),
    /// It is no number of packs.
    Quantity(String),
    /// It is no day.
    Day(String),
}

impl From<BadField> for Unread {
    fn from(BadField(field): BadField) -> Self {
        Self::Field(field)
    }
}

impl Sent {
    pub(super) fn read(kind: Kind, body: &[u8]) -> Result<Self, Unread> {
        let fields = Fields::parse(body, FIELDS)?;
        let bad = |name: &str| Unread::Field(name.to_owned());
        let is_set = |name: &str| !fields.text(name).is_empty();
        let kind = kind_in(kind, &fields);
        let what = match fields.text("act").as_str() {
            "scan" => What::Scan {
                code: fields.text("code").chars().take(CODE_MAX + 1).collect(),
                quantity: packs(&fields)?,
            },
            "undo" => What::Undo(fields.text("done").parse().map_err(|_| bad("done"))?),
            "not_empty" => What::NotEmpty(BinId(fields.number("bin")?.ok_or_else(|| bad("bin"))?)),
            _ => return Err(bad("act")),
        };
        let note = fields.text("note");
        Ok(Self {
            key: fields.key()?,
            kind,
            place: StockPlaceId(fields.number("place")?.ok_or_else(|| bad("place"))?),
            what,
            note: Some(note.trim().to_owned()).filter(|note| !note.is_empty()),
            typed: (fields.text("lot_number").trim().to_owned(), day(&fields)?),
            receipt: Receipt {
                confirms_over: is_set("over"),
                quarantines: is_set("apart"),
                ..Receipt::default()
            },
            overrides: is_set("override"),
        })
    }

    /// The place that a form names, however the rest of it reads.
    pub(super) fn place_of(body: &[u8]) -> Option<String> {
        let fields = Fields::parse(body, FIELDS).ok()?;
        Some(fields.text("place"))
    }

    /// What a form is about, however the rest of it reads: who refills goes on with that.
    pub(super) fn kind_of(kind: Kind, body: &[u8]) -> Kind {
        Fields::parse(body, FIELDS).map_or(kind, |fields| kind_in(kind, &fields))
    }

    /// What was typed beside the code, as the next page shows it: as it was after a miss, else anew.
    pub(super) fn beside(body: &[u8], sound: Sound) -> Beside {
        let fields = match (Fields::parse(body, FIELDS), sound) {
            (Ok(fields), Sound::Miss) if fields.text("act") == "scan" => fields,
            _ => return Beside::default(),
        };
        let text = |name: &str| -> String { fields.text(name).chars().take(TYPED_MAX).collect() };
        let quantity = text("quantity");
        Beside {
            quantity: if quantity.is_empty() {
                Beside::default().quantity
            } else {
                quantity
            },
            lot_number: text("lot_number"),
            expires_on: text("expires_on"),
        }
    }

    /// The fields that send this scan once more, under a key of its own: with all that was typed and said yes to, and with one yes more.
    pub(super) fn again(&self, code: &str, yes: &'static str) -> Vec<(&'static str, String)> {
        let (lot_number, expires_on) = &self.typed;
        let quantity = match self.what {
            What::Scan { quantity, .. } => quantity,
            What::Undo(_) | What::NotEmpty(_) => 1,
        };
        let mut fields = vec![
            ("key", new_key()),
            ("act", "scan".to_owned()),
            ("code", code.to_owned()),
            ("quantity", quantity.to_string()),
            ("lot_number", lot_number.clone()),
        ];
        fields.extend(expires_on.map(|day| ("expires_on", day.to_string())));
        fields.extend(self.note.clone().map(|note| ("note", note)));
        let said_yes = [
            ("override", self.overrides),
            ("over", self.receipt.confirms_over),
            ("apart", self.receipt.quarantines),
        ];
        let set = said_yes
            .into_iter()
            .filter(|(name, is_set)| *is_set || *name == yes);
        fields.extend(set.map(|(name, _)| (name, "1".to_owned())));
        fields
    }

    /// The lot as the pack says it, else as it was typed.
    pub(super) fn lot<'a>(&'a self, code: &'a Code) -> LotLabel<'a> {
        let (typed, day) = &self.typed;
        let is_on_pack = !code.lot_number.is_empty();
        LotLabel {
            number: if is_on_pack { &code.lot_number } else { typed },
            expires_on: code.expires_on.or(*day),
        }
    }
}

fn kind_in(kind: Kind, fields: &Fields) -> Kind {
    match (kind, fields.text("mode").as_str()) {
        (Kind::Empty, "full") => Kind::Full,
        (kind, _) => kind,
    }
}

fn packs(fields: &Fields) -> Result<i64, Unread> {
    let text = fields.text("quantity");
    match text.trim() {
        "" => Ok(1),
        number => {
            let number = number.parse().ok();
            let fit = number.filter(|number| (1..=PACKS_MAX).contains(number));
            fit.ok_or(Unread::Quantity(text))
        }
    }
}

fn day(fields: &Fields) -> Result<Option<NaiveDate>, Unread> {
    let text = fields.text("expires_on");
    match text.trim() {
        "" => Ok(None),
        day => day.parse().map(Some).map_err(|_| Unread::Day(text)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_read_is_named() {
        let read = |body: &str| match Sent::read(Kind::Issue, body.as_bytes()) {
            Err(Unread::Field(field)) => format!("field {field}"),
            Err(Unread::Quantity(text)) => format!("quantity {text}"),
            Err(Unread::Day(text)) => format!("day {text}"),
            Ok(_) => "fine".to_owned(),
        };
        let key = "key=0190b6c0-0000-7000-8000-000000000001";
        let scan = |rest: &str| read(&format!("{key}&act=scan&place=6&code=x&{rest}"));
        assert_eq!(scan("quantity=3"), "fine");
        assert_eq!(scan(""), "fine");
        assert_eq!(scan("quantity=0"), "quantity 0");
        assert_eq!(scan("quantity=1.5"), "quantity 1.5");
        assert_eq!(scan("quantity=1000000000000"), "quantity 1000000000000");
        assert_eq!(scan("expires_on=31.1.2030"), "day 31.1.2030");
        assert_eq!(scan("odd=1"), "field odd");
        assert_eq!(read("act=scan&place=6"), "field key");
        assert_eq!(read(&format!("{key}&act=x&place=6")), "field act");
        assert_eq!(read(&format!("{key}&act=scan&place=")), "field place");
    }
}
