use proptest::prelude::*;

use super::*;
use crate::db::types::SynonymKind;
use crate::find::query::FindQuery;
use crate::find::query::vocabulary::{ModelWord, SynonymWord, Target, TypeWord, Words};
use crate::ids::{FloorId, RoomId, UnitId};

const TYPES: [&str; 9] = [
    "Infusion pump",
    "Syringe pump",
    "Bed",
    "Bed scale",
    "Workstation on wheels",
    "Ventilator",
    "Transport ventilator",
    "Portable X-ray machine",
    "Walker",
];

fn vocabulary() -> Vocabulary {
    let id = |at: usize| AssetTypeId(i64::try_from(at).unwrap() + 1);
    let model = |model_id, of, maker: &str, name: &str| ModelWord {
        model_id: ModelId(model_id),
        asset_type_id: AssetTypeId(of),
        maker: maker.into(),
        name: name.into(),
    };
    let synonym = |term: &str, kind, of| SynonymWord {
        term: term.into(),
        kind,
        target: Target::Type(AssetTypeId(of)),
    };
    let place = |place, name: &str| PlaceWord {
        place,
        name: name.into(),
        label: format!("{name}, here"),
        floor_id: Some(FloorId(1)),
    };
    Vocabulary::new(Words {
        types: TYPES
            .iter()
            .enumerate()
            .map(|(at, name)| TypeWord {
                asset_type_id: id(at),
                name: (*name).into(),
            })
            .collect(),
        models: vec![
            model(11, 1, "BD", "Alaris GP"),
            model(12, 1, "Fresenius Kabi", "Agilia VP"),
            model(13, 2, "BD", "Alaris CC"),
        ],
        synonyms: vec![
            synonym("wow", SynonymKind::Abbreviation, 5),
            synonym("iv pump", SynonymKind::Name, 1),
            synonym("zimmer frame", SynonymKind::Name, 9),
            synonym("Oxylog", SynonymKind::Brand, 7),
            synonym("Hamilton", SynonymKind::Brand, 6),
            synonym("Hamilton", SynonymKind::Brand, 7),
        ],
        places: vec![
            place(PlaceFilter::Room(RoomId(1)), "3W-12"),
            place(PlaceFilter::Room(RoomId(2)), "3W-14"),
            place(PlaceFilter::Unit(UnitId(4)), "4 West"),
        ],
    })
}

fn matched(typed: &str) -> Matched {
    match FindQuery::parse(typed).unwrap() {
        FindQuery::Text(text) => match_text(&text, &vocabulary(), false),
        FindQuery::Everything => panic!("{typed:?} is empty"),
    }
}

fn led(typed: &str) -> Vec<String> {
    matched(typed)
        .led()
        .iter()
        .map(|hit| hit.name.clone())
        .collect()
}

fn models_of(typed: &str) -> Vec<i64> {
    match matched(typed).lead {
        Lead::Models(models) => models.into_iter().map(|id| id.0).collect(),
        other => panic!("{typed:?} gave {other:?}"),
    }
}

#[test]
fn a_whole_type_name_wins_over_longer_ones() {
    assert_eq!(led("BED"), ["Bed"]);
    assert_eq!(led("be"), ["Bed", "Bed scale"]);
    let bed = matched("ventilators");
    assert_eq!(led("ventilators"), ["Ventilator"]);
    assert_eq!(
        bed.types[1].name, "Transport ventilator",
        "the other is offered"
    );
}

#[test]
fn words_match_beginnings_in_any_order_and_plural() {
    assert_eq!(led("pump"), ["Infusion pump", "Syringe pump"]);
    assert_eq!(led("pump inf"), ["Infusion pump"]);
    assert_eq!(led("infusion pumps"), ["Infusion pump"]);
    assert_eq!(led("pumps, infusion!"), ["Infusion pump"]);
    assert_eq!(
        led("where is the nearest clean infusion pump"),
        ["Infusion pump"]
    );
}

#[test]
fn synonyms_lead_to_their_types() {
    assert_eq!(led("WOW"), ["Workstation on wheels"]);
    assert_eq!(led("ivpump"), ["Infusion pump"]);
    assert_eq!(led("oxylog"), ["Transport ventilator"]);
    assert_eq!(led("hamilton"), ["Transport ventilator", "Ventilator"]);
    assert!(matched("wow").is_sure());
}

#[test]
fn maker_and_model_words_match_models() {
    assert_eq!(models_of("alaris"), [11, 13]);
    assert_eq!(models_of("syringe alaris"), [13]);
    assert_eq!(models_of("fresenius agilia"), [12]);
    let types: Vec<String> = matched("alaris")
        .types
        .into_iter()
        .map(|hit| hit.name)
        .collect();
    assert_eq!(types[..2], ["Infusion pump", "Syringe pump"]);
}

#[test]
fn mistakes_are_guessed_and_said() {
    for (typed, expected) in [
        ("infuison pump", "Infusion pump"),
        ("infusoin pmup", "Infusion pump"),
        ("pump infuson", "Infusion pump"),
        ("infusionpmp", "Infusion pump"),
        ("wrokstation on wheels", "Workstation on wheels"),
        ("work station on wheels", "Workstation on wheels"),
        ("xray machne", "Portable X-ray machine"),
        ("zimer fraem", "Walker"),
        ("ventilatr", "Ventilator"),
        ("v\u{e9}ntilat\u{f6}r", "Ventilator"),
    ] {
        assert_eq!(
            led(typed).first().map(String::as_str),
            Some(expected),
            "{typed}"
        );
    }
    assert!(!matched("infuison pump").is_sure());
    let text = FindQuery::parse("infuison pump");
    let Ok(FindQuery::Text(text)) = text else {
        panic!()
    };
    assert_eq!(match_text(&text, &vocabulary(), true).lead, Lead::Nothing);
}

#[test]
fn odd_text_means_nothing() {
    for typed in [
        "%",
        "_",
        "\\",
        "'",
        "\"; drop table asset; --",
        "\u{1f6cf}\u{fe0f}",
        "مضخة",
        "qqqqqq",
        "x9",
    ] {
        assert_eq!(matched(typed).lead, Lead::Nothing, "{typed:?}");
    }
}

#[test]
fn places_are_found_by_name_and_beginning() {
    let rooms = |typed: &str| {
        matched(typed)
            .places
            .iter()
            .map(|place| place.name.clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(rooms("3w12"), ["3W-12"]);
    assert_eq!(rooms("3W 1"), ["3W-12", "3W-14"]);
    assert_eq!(rooms("4 west"), ["4 West"]);
    assert!(rooms("pump").is_empty());
}

#[test]
fn a_thing_and_a_place_are_told_apart() {
    for (typed, text) in [
        ("pump 4 west", "pump"),
        ("4 West infusion pump", "infusion pump"),
        ("alaris in 4 west", "alaris"),
    ] {
        let narrowed = matched(typed).narrowed.unwrap_or_else(|| panic!("{typed}"));
        assert_eq!(
            (narrowed.text.as_str(), narrowed.place),
            (text, PlaceFilter::Unit(UnitId(4))),
            "{typed}"
        );
    }
    for typed in ["4 west", "bed scale", "qqqq 4 west", "pump"] {
        assert_eq!(matched(typed).narrowed, None, "{typed}");
    }
}

proptest! {
    #[test]
    fn no_text_harms(typed in "\\PC{0,100}") {
        if let Ok(FindQuery::Text(text)) = FindQuery::parse(&typed) {
            let found = match_text(&text, &vocabulary(), false);
            prop_assert!(found.led().len() <= found.types.len());
            prop_assert!(found.types.is_sorted_by_key(|hit| hit.tier));
            prop_assert_eq!(match_text(&text, &vocabulary(), false), found, "the same text means the same");
        }
    }

    #[test]
    fn exact_beats_every_mistake(at in 0_usize..9, spoil in 0_usize..8) {
        let name = TYPES[at];
        prop_assert_eq!(matched(name).types[0].name.clone(), name.to_owned());
        prop_assert_eq!(matched(name).types[0].tier, Tier::Exact);
        // A mistake never makes a text fit better.
        let mut letters: Vec<char> = name.chars().collect();
        letters.remove(spoil.min(letters.len() - 1));
        let spoilt: String = letters.into_iter().collect();
        let of = |typed: &str| matched(typed).types.iter().find(|hit| hit.name == name).map(|hit| (hit.tier, hit.fit));
        if let Some((tier, _)) = of(&spoilt) {
            prop_assert!(tier >= Tier::Exact);
        }
    }

    #[test]
    fn gaps_and_case_make_no_difference(at in 0_usize..9) {
        let name = TYPES[at];
        for typed in [name.to_uppercase(), name.replace(' ', "-"), format!("  {name}!"), name.replace(' ', "")] {
            prop_assert_eq!(matched(&typed).types[0].name.clone(), name.to_owned());
        }
    }
}
