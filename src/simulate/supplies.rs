//! What the simulated hospital holds as supplies: items, and how much of them its wards use. Plain data.

/// Kinds of items: name, unit, units in a pack, what the pack is called, used by a ward in a day, category, supplier.
pub(super) const KINDS: [ItemKind; 40] = [
    kind("IV cannula", "each", 50, "box", 12, "IV access", 0),
    kind("Saline flush 10 ml", "each", 30, "box", 24, "IV access", 0),
    kind("IV giving set", "each", 20, "box", 10, "IV access", 0),
    kind("Three-way tap", "each", 25, "box", 6, "IV access", 0),
    kind("IV dressing", "each", 100, "box", 14, "IV access", 1),
    kind(
        "Needle-free connector",
        "each",
        50,
        "box",
        9,
        "IV access",
        0,
    ),
    kind("Syringe", "each", 100, "box", 30, "Injection", 0),
    kind("Hypodermic needle", "each", 100, "box", 30, "Injection", 0),
    kind("Insulin syringe", "each", 100, "box", 8, "Injection", 0),
    kind("Alcohol wipe", "each", 200, "box", 60, "Injection", 1),
    kind("Sharps bin", "each", 10, "case", 2, "Injection", 1),
    kind(
        "Examination gloves",
        "each",
        100,
        "box",
        120,
        "Protection",
        1,
    ),
    kind("Sterile gloves", "pair", 50, "box", 10, "Protection", 1),
    kind("Surgical mask", "each", 50, "box", 20, "Protection", 1),
    kind("FFP3 respirator", "each", 20, "box", 4, "Protection", 1),
    kind("Plastic apron", "each", 200, "roll", 50, "Protection", 1),
    kind("Isolation gown", "each", 50, "case", 9, "Protection", 1),
    kind("Eye shield", "each", 25, "box", 3, "Protection", 1),
    kind("Gauze swab", "each", 100, "pack", 25, "Wound care", 2),
    kind("Foam dressing", "each", 10, "box", 5, "Wound care", 2),
    kind("Film dressing", "each", 50, "box", 7, "Wound care", 2),
    kind("Alginate dressing", "each", 10, "box", 2, "Wound care", 2),
    kind("Crepe bandage", "each", 12, "pack", 4, "Wound care", 2),
    kind("Surgical tape", "roll", 12, "box", 3, "Wound care", 2),
    kind("Dressing pack", "each", 20, "case", 6, "Wound care", 2),
    kind("Suction catheter", "each", 50, "box", 6, "Airway", 3),
    kind("Oxygen mask", "each", 50, "case", 5, "Airway", 3),
    kind("Nasal cannula", "each", 50, "case", 6, "Airway", 3),
    kind("Nebuliser kit", "each", 25, "case", 3, "Airway", 3),
    kind("Tracheostomy tube", "each", 1, "each", 1, "Airway", 3),
    kind("Chest drain kit", "each", 1, "each", 1, "Airway", 3),
    kind("Urinary catheter", "each", 10, "box", 3, "Continence", 3),
    kind("Urine bag", "each", 10, "box", 5, "Continence", 3),
    kind("Bed pan liner", "each", 100, "case", 14, "Continence", 2),
    kind("Incontinence pad", "each", 30, "pack", 25, "Continence", 2),
    kind("ECG electrode", "each", 50, "bag", 20, "Monitoring", 3),
    kind(
        "Pulse oximeter sensor",
        "each",
        24,
        "box",
        2,
        "Monitoring",
        3,
    ),
    kind(
        "Blood collection tube",
        "each",
        100,
        "rack",
        25,
        "Monitoring",
        0,
    ),
    kind("Glucose test strip", "each", 50, "pot", 25, "Monitoring", 0),
    kind("Thermometer cover", "each", 100, "box", 40, "Monitoring", 1),
];

/// Three sizes of each kind make the catalogue; the middle one is used most.
pub(super) const SIZES: [(&str, i64); 3] = [("small", 2), ("medium", 4), ("large", 2)];

/// Suppliers: name and days from order to delivery.
pub(super) const SUPPLIERS: [(&str, f32, f32); 4] = [
    ("North Medical Supply", 3.0, 0.5),
    ("Central store", 1.0, 0.0),
    ("Woundcare Direct", 5.0, 1.0),
    ("Airway and Monitoring", 7.0, 1.5),
];

/// Restocking rounds: name and days between two.
pub(super) const ROUNDS: [(&str, f32); 2] = [("Morning round", 1.0), ("Afternoon round", 1.0)];

/// Which of the items, at every place, are in two bins.
pub(super) const TWO_BIN_EVERY: usize = 6;

/// The number of an item: kind and size, both from 0.
pub(super) fn item_number(kind: usize, size: usize) -> String {
    format!("{:03}-{}", 100 + kind, size + 1)
}

/// GS1 company prefix for examples, and how many digits it has.
const COMPANY: &str = "9506000";
pub(super) const COMPANY_DIGITS: usize = COMPANY.len();

/// The GTIN of an item by its place in the catalogue.
pub(super) fn gtin(number: usize) -> String {
    let body = format!("0{COMPANY}{number:05}");
    let check = crate::codes::gs1::check_digit(&body).unwrap_or(0);
    format!("{body}{check}")
}

/// All of them.
pub(super) fn item_numbers() -> Vec<String> {
    let kinds = 0..KINDS.len();
    kinds
        .flat_map(|kind| (0..SIZES.len()).map(move |size| item_number(kind, size)))
        .collect()
}

/// A kind of item.
#[derive(Clone, Copy, Debug)]
pub(super) struct ItemKind {
    pub(super) name: &'static str,
    pub(super) unit: &'static str,
    pub(super) pack_units: i64,
    pub(super) pack_name: &'static str,
    /// By one ward in a day, all sizes together.
    pub(super) used_a_day: i64,
    pub(super) category: &'static str,
    pub(super) supplier: usize,
}

const fn kind(
    name: &'static str,
    unit: &'static str,
    pack_units: i64,
    pack_name: &'static str,
    used_a_day: i64,
    category: &'static str,
    supplier: usize,
) -> ItemKind {
    ItemKind {
        name,
        unit,
        pack_units,
        pack_name,
        used_a_day,
        category,
        supplier,
    }
}

/// Use of one size in a day: at least one, its share of the kind.
pub(super) fn used_a_day(kind: &ItemKind, size: usize) -> i64 {
    let share = SIZES.get(size).map_or(1, |(_, share)| *share);
    (kind.used_a_day * share / 8).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_catalogue_has_120_items_with_known_suppliers_and_no_name_twice() {
        assert_eq!(KINDS.len() * SIZES.len(), 120);
        let names: std::collections::BTreeSet<_> = KINDS.iter().map(|kind| kind.name).collect();
        assert_eq!(names.len(), KINDS.len());
        for kind in &KINDS {
            assert!(kind.supplier < SUPPLIERS.len(), "{}", kind.name);
            assert!(
                kind.pack_units >= 1 && kind.used_a_day >= 1,
                "{}",
                kind.name
            );
            assert!(used_a_day(kind, 0) >= 1);
        }
    }
}
