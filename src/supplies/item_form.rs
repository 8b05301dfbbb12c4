//! What people type about an item, its packs and codes, and a supplier: read and checked by itself. Pure.

use crate::codes::gs1::wrong_check_digit;

/// The most that a cost may be.
pub const COST_MAX: f64 = 1_000_000.0;
/// The most base units of a pack.
pub const PACK_UNITS_MAX: i64 = 1_000_000;
/// The most days between two rounds.
pub const ROUND_DAYS_MAX: f32 = 60.0;
/// The longest delivery, in days.
pub const LEAD_DAYS_MAX: f32 = 365.0;

/// A field of one of the forms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ItemField {
    /// Number of an item.
    Number,
    /// Name of an item or supplier.
    Name,
    /// What quantities count.
    Unit,
    /// Category.
    Category,
    /// Supplier, by name.
    Supplier,
    /// How exact counts must be.
    Class,
    /// Cost to hold one for a year.
    HoldingCost,
    /// Whether it is no longer used.
    Retired,
    /// Name of a pack.
    Pack,
    /// Base units of a pack.
    PackUnits,
    /// A code.
    Code,
    /// A place of stock, by name.
    Place,
    /// The usual bin.
    Bin,
    /// The second of two bins.
    SecondBin,
    /// Days from order to delivery.
    Lead,
    /// Their deviation.
    LeadDeviation,
    /// Cost of one order.
    OrderCost,
    /// Days between two rounds.
    EveryDays,
}

/// What is wrong with a form.
#[derive(Clone, Debug, PartialEq)]
pub enum ItemFault {
    /// It needs something here.
    Empty(ItemField),
    /// Longer than this.
    Long(ItemField, usize),
    /// Signs that cannot be printed.
    Control(ItemField),
    /// Neither a, b nor c.
    Class(String),
    /// Not above 0 and at most [`COST_MAX`].
    Cost(ItemField, String),
    /// Not a number of days from 0 to [`LEAD_DAYS_MAX`].
    Days(ItemField, String),
    /// Not a number of days from 0 to [`ROUND_DAYS_MAX`].
    RoundDays(String),
    /// So many places are on the round.
    RoundUsed(i64),
    /// Not a whole number from 2 to [`PACK_UNITS_MAX`].
    Units(String),
    /// A GTIN whose last digit would have to be another one.
    CheckDigit(String, u32),
    /// Another item or supplier has this number or name.
    Taken(ItemField, String),
    /// Another item has the code: the code, and the number of that item.
    CodeTaken(String, String),
    /// Something was booked already in this unit.
    UnitFixed(String),
    /// So many places should hold it still.
    StillHeld(i64),
    /// A code belongs to the pack.
    PackHasCodes(String),
    /// There is no such place of stock.
    NoPlace(String),
    /// Both bins are the same.
    SameBin(String),
    /// The item is no longer used.
    IsRetired,
    /// There is stock, so much of it.
    HasStock(i64),
    /// An order is on its way.
    HasOrder,
}

impl ItemFault {
    /// Where it is to be put right.
    #[must_use]
    pub fn field(&self) -> ItemField {
        match self {
            Self::Empty(field)
            | Self::Long(field, _)
            | Self::Control(field)
            | Self::Cost(field, _)
            | Self::Days(field, _)
            | Self::Taken(field, _) => *field,
            Self::Class(_) => ItemField::Class,
            Self::RoundDays(_) => ItemField::EveryDays,
            Self::RoundUsed(_) => ItemField::Name,
            Self::Units(_) => ItemField::PackUnits,
            Self::CheckDigit(..) | Self::CodeTaken(..) => ItemField::Code,
            Self::UnitFixed(_) => ItemField::Unit,
            Self::StillHeld(_) => ItemField::Retired,
            Self::PackHasCodes(_) => ItemField::Pack,
            Self::NoPlace(_) | Self::IsRetired | Self::HasStock(_) | Self::HasOrder => {
                ItemField::Place
            }
            Self::SameBin(_) => ItemField::SecondBin,
        }
    }
}

/// An item as it is to be.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ItemFields {
    /// Its number.
    pub number: String,
    /// Its name.
    pub name: String,
    /// What quantities count.
    pub base_unit: String,
    /// Its category.
    pub category: Option<String>,
    /// Who delivers it, by name.
    pub supplier: Option<String>,
    /// How exact counts must be: a, b or c.
    pub count_class: String,
    /// Cost to hold one for a year.
    pub holding_cost: Option<f64>,
    /// Whether it is no longer used.
    pub is_retired: bool,
}

/// An item as it was typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ItemTexts {
    /// See [`ItemFields::number`].
    pub number: String,
    /// See [`ItemFields::name`].
    pub name: String,
    /// See [`ItemFields::base_unit`].
    pub unit: String,
    /// See [`ItemFields::category`].
    pub category: String,
    /// See [`ItemFields::supplier`].
    pub supplier: String,
    /// See [`ItemFields::count_class`].
    pub class: String,
    /// See [`ItemFields::holding_cost`].
    pub holding_cost: String,
    /// See [`ItemFields::is_retired`].
    pub is_retired: bool,
}

impl ItemTexts {
    /// The texts of an item that is there.
    #[must_use]
    pub fn of(fields: &ItemFields) -> Self {
        Self {
            number: fields.number.clone(),
            name: fields.name.clone(),
            unit: fields.base_unit.clone(),
            category: fields.category.clone().unwrap_or_default(),
            supplier: fields.supplier.clone().unwrap_or_default(),
            class: fields.count_class.clone(),
            holding_cost: fields
                .holding_cost
                .map(|cost| cost.to_string())
                .unwrap_or_default(),
            is_retired: fields.is_retired,
        }
    }

    /// Tells one state of an item from any other.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        format!("{self:?}")
    }

    /// Reads them.
    ///
    /// # Errors
    /// Everything that is wrong.
    pub fn parse(&self) -> Result<ItemFields, Vec<ItemFault>> {
        let mut faults = Vec::new();
        let class = self.class.trim().to_lowercase();
        if !matches!(class.as_str(), "a" | "b" | "c") {
            faults.push(ItemFault::Class(short(&self.class)));
        }
        let fields = ItemFields {
            number: needed(ItemField::Number, &self.number, 64, &mut faults),
            name: needed(ItemField::Name, &self.name, 120, &mut faults),
            base_unit: needed(ItemField::Unit, &self.unit, 20, &mut faults),
            category: given(ItemField::Category, &self.category, 80, &mut faults),
            supplier: given(ItemField::Supplier, &self.supplier, 120, &mut faults),
            count_class: class,
            holding_cost: cost(ItemField::HoldingCost, &self.holding_cost, &mut faults),
            is_retired: self.is_retired,
        };
        if faults.is_empty() {
            Ok(fields)
        } else {
            Err(faults)
        }
    }
}

fn short(text: &str) -> String {
    text.chars().take(40).collect()
}

/// A text that has to be there.
pub fn needed(field: ItemField, text: &str, most: usize, faults: &mut Vec<ItemFault>) -> String {
    let found = given(field, text, most, faults);
    if text.trim().is_empty() {
        faults.push(ItemFault::Empty(field));
    }
    found.unwrap_or_default()
}

/// A text that may be there.
pub fn given(
    field: ItemField,
    text: &str,
    most: usize,
    faults: &mut Vec<ItemFault>,
) -> Option<String> {
    let text = text.trim();
    if text.chars().count() > most {
        faults.push(ItemFault::Long(field, most));
    } else if text.chars().any(char::is_control) {
        faults.push(ItemFault::Control(field));
    }
    Some(text.to_owned()).filter(|text| !text.is_empty())
}

/// A cost that may be there.
pub fn cost(field: ItemField, text: &str, faults: &mut Vec<ItemFault>) -> Option<f64> {
    let text = text.trim();
    if text.is_empty() {
        return None;
    }
    let number: Option<f64> = text.parse().ok();
    let fit = number.filter(|cost| *cost > 0.0 && *cost <= COST_MAX);
    if fit.is_none() {
        faults.push(ItemFault::Cost(field, short(text)));
    }
    fit
}

/// A number of days.
pub fn days(field: ItemField, text: &str, faults: &mut Vec<ItemFault>) -> f32 {
    let number: Option<f32> = text.trim().parse().ok();
    let fit = number.filter(|days| (0.0..=LEAD_DAYS_MAX).contains(days));
    if fit.is_none() {
        faults.push(ItemFault::Days(field, short(text)));
    }
    fit.unwrap_or_default()
}

/// How often a round goes, in days.
pub fn round_days(text: &str, faults: &mut Vec<ItemFault>) -> f32 {
    let number: Option<f32> = text.trim().parse().ok();
    let fit = number.filter(|days| (0.0..=ROUND_DAYS_MAX).contains(days));
    if fit.is_none() {
        faults.push(ItemFault::RoundDays(short(text)));
    }
    fit.unwrap_or_default()
}

/// The base units of a pack: more than one, else it is no pack (R4).
pub fn pack_units(text: &str, faults: &mut Vec<ItemFault>) -> i64 {
    let number: Option<i64> = text.trim().parse().ok();
    let fit = number.filter(|units| (2..=PACK_UNITS_MAX).contains(units));
    if fit.is_none() {
        faults.push(ItemFault::Units(short(text)));
    }
    fit.unwrap_or_default()
}

/// A code as it is kept: a GTIN in 14 digits, anything else as it is printed.
pub fn code(text: &str, faults: &mut Vec<ItemFault>) -> String {
    let code = needed(ItemField::Code, text, 128, faults);
    let is_gtin = matches!(code.len(), 8 | 12..=14) && code.bytes().all(|b| b.is_ascii_digit());
    if !is_gtin {
        return code;
    }
    let gtin = format!("{code:0>14}");
    if let Some(digit) = wrong_check_digit(&gtin) {
        faults.push(ItemFault::CheckDigit(code, digit));
    }
    gtin
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_with_an_item_is_named_field_by_field() {
        let texts = ItemTexts {
            name: "x".repeat(121),
            unit: "ea\tch".to_owned(),
            class: "d".to_owned(),
            holding_cost: "-1".to_owned(),
            ..ItemTexts::default()
        };
        let fields: Vec<ItemField> = texts
            .parse()
            .unwrap_err()
            .iter()
            .map(ItemFault::field)
            .collect();
        assert_eq!(
            fields,
            [
                ItemField::Class,
                ItemField::Number,
                ItemField::Name,
                ItemField::Unit,
                ItemField::HoldingCost
            ]
        );
        let good = ItemTexts {
            number: " 7 ".to_owned(),
            name: "Tape".to_owned(),
            unit: "roll".to_owned(),
            class: "A".to_owned(),
            holding_cost: "0.25".to_owned(),
            ..ItemTexts::default()
        };
        let fields = good.parse().unwrap();
        assert_eq!(
            (fields.number.as_str(), fields.holding_cost),
            ("7", Some(0.25))
        );
        assert_eq!(ItemTexts::of(&fields).parse(), Ok(fields));
    }

    #[test]
    fn codes_are_gtins_with_a_right_check_digit_or_anything_printed() {
        let read = |text: &str| {
            let mut faults = Vec::new();
            (code(text, &mut faults), faults)
        };
        assert_eq!(read("9506000134352"), ("09506000134352".to_owned(), vec![]));
        assert_eq!(read("+A99912345/$$5").0, "+A99912345/$$5");
        let (_, faults) = read("9506000134353");
        assert_eq!(
            faults,
            [ItemFault::CheckDigit("9506000134353".to_owned(), 2)]
        );
        assert_eq!(read(" ").1, [ItemFault::Empty(ItemField::Code)]);
    }

    #[test]
    fn rounds_go_every_so_many_days() {
        for text in ["", "-1", "60.5", "NaN", "daily"] {
            let mut faults = Vec::new();
            round_days(text, &mut faults);
            assert_eq!(faults, [ItemFault::RoundDays(text.to_owned())]);
        }
        let mut faults = Vec::new();
        assert_eq!((round_days(" 0.5 ", &mut faults), faults.len()), (0.5, 0));
    }

    #[test]
    fn r4_packs_are_exact_whole_numbers() {
        for text in ["", "0", "1", "-5", "1.5", "1000001", "1e3"] {
            let mut faults = Vec::new();
            pack_units(text, &mut faults);
            assert_eq!(faults.len(), 1, "{text}");
        }
        let mut faults = Vec::new();
        assert_eq!((pack_units("50", &mut faults), faults.len()), (50, 0));
    }
}
