//! What people ask for in the bench: a seeded mix of types, brands, other words, beginnings, typing mistakes and numbers, with
//! filters, orders and places to start from. Pure but for the seed's random numbers.

use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::hospital::{Hospital, MAKERS, TYPES, asset_number, model_name, serial};
use crate::bench::load::MAC_BASE;
use crate::find::filter::PlaceFilter;
use crate::ids::{RoomId, UnitId};
use crate::web::find::FindParams;

/// Words that are no name of a type or model: what people say at the bedside.
const OTHER_WORDS: [&str; 12] = [
    "iv pump",
    "drip",
    "wow",
    "cow",
    "obs machine",
    "sats monitor",
    "feed pump",
    "scd",
    "crash trolley",
    "bariatric chair",
    "bp machine",
    "zimmer frame",
];

/// Which kind of text was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    TypeName,
    TypeLink,
    Brand,
    OtherWords,
    Beginning,
    Mistyped,
    Code,
    PartOfCode,
}

impl Kind {
    /// Every kind.
    pub(super) const ALL: [Self; 8] = [
        Self::TypeName,
        Self::TypeLink,
        Self::Brand,
        Self::OtherWords,
        Self::Beginning,
        Self::Mistyped,
        Self::Code,
        Self::PartOfCode,
    ];

    /// Its name in the figures.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::TypeName => "type_name",
            Self::TypeLink => "type_link",
            Self::Brand => "brand",
            Self::OtherWords => "other_words",
            Self::Beginning => "beginning",
            Self::Mistyped => "mistyped",
            Self::Code => "code",
            Self::PartOfCode => "part_of_code",
        }
    }
}

/// One request of one person.
#[derive(Clone, Debug)]
pub(super) struct Ask {
    pub kind: Kind,
    pub params: FindParams,
    /// Which of the signed-in people asks.
    pub person: usize,
}

/// The kinds, with how many of a hundred requests are of each.
const MIX: [(Kind, u32); 8] = [
    (Kind::TypeName, 26),
    (Kind::TypeLink, 14),
    (Kind::Brand, 10),
    (Kind::OtherWords, 10),
    (Kind::Beginning, 12),
    (Kind::Mistyped, 8),
    (Kind::Code, 10),
    (Kind::PartOfCode, 10),
];

/// `count` requests; the same seed and hospital give the same.
pub(super) fn make_asks(hospital: &Hospital, people: usize, count: usize, seed: u64) -> Vec<Ask> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    (0..count)
        .map(|_| make_ask(hospital, people, &mut rng))
        .collect()
}

fn make_ask(hospital: &Hospital, people: usize, rng: &mut ChaCha8Rng) -> Ask {
    let kind = pick_kind(rng.random_range(0..100));
    let mut params = FindParams::default();
    let type_index = skewed(rng, TYPES.len());
    let type_name = TYPES.get(type_index).copied().unwrap_or_default();
    let asset = rng.random_range(0..hospital.assets.max(1));
    match kind {
        Kind::TypeName => type_name.clone_into(&mut params.q),
        Kind::TypeLink => {
            let id = hospital.type_ids.get(type_index);
            params.r#type = id.map(ToString::to_string);
        }
        Kind::Brand => params.q = brand(type_index, rng),
        Kind::OtherWords => {
            let words = OTHER_WORDS.choose(rng).copied().unwrap_or_default();
            words.clone_into(&mut params.q);
        }
        Kind::Beginning => params.q = type_name.chars().take(rng.random_range(3..7)).collect(),
        Kind::Mistyped => params.q = mistype(type_name, rng),
        Kind::Code => {
            params.q = match rng.random_range(0..3) {
                0 => asset_number(asset),
                1 => serial(asset),
                _ => format!("{:012X}", MAC_BASE + u64::from(asset)),
            }
        }
        Kind::PartOfCode => {
            let code = asset_number(asset);
            params.q = code.chars().take(rng.random_range(4..8)).collect();
        }
    }
    if !matches!(kind, Kind::Code) {
        narrow(&mut params, hospital, rng);
    }
    params.from = origin(hospital, rng);
    Ask {
        kind,
        params,
        person: rng.random_range(0..people.max(1)),
    }
}

fn pick_kind(mut dice: u32) -> Kind {
    for (kind, share) in MIX {
        if dice < share {
            return kind;
        }
        dice -= share;
    }
    Kind::TypeName
}

/// Filters and orders, each as rare as they are in use.
fn narrow(params: &mut FindParams, hospital: &Hospital, rng: &mut ChaCha8Rng) {
    let unit = |rng: &mut ChaCha8Rng| hospital.first_unit + rng.random_range(0..hospital.units);
    match rng.random_range(0..100) {
        0..14 => params.place = Some(PlaceFilter::Unit(UnitId(unit(rng))).text()),
        14..18 => {
            let room = hospital.first_room + rng.random_range(0..hospital.rooms);
            params.place = Some(PlaceFilter::Room(RoomId(room)).text());
        }
        _ => {}
    }
    let words = ["ready", "ready", "in_use", "soiled", "missing"];
    if rng.random_ratio(1, 5) {
        params.status = words.choose(rng).map(ToString::to_string);
    }
    match rng.random_range(0..100) {
        0..5 => params.certainty = Some("sure".to_owned()),
        5..10 => params.owner = Some(unit(rng).to_string()),
        10..16 => params.sort = Some("newest".to_owned()),
        16..22 => params.sort = Some("number".to_owned()),
        _ => {}
    }
}

/// Most people look from their own unit, some from another unit or a room.
fn origin(hospital: &Hospital, rng: &mut ChaCha8Rng) -> Option<String> {
    match rng.random_range(0..10) {
        0..2 => {
            let unit = hospital.first_unit + rng.random_range(0..hospital.units);
            Some(PlaceFilter::Unit(UnitId(unit)).text())
        }
        2..4 => {
            let room = hospital.first_room + rng.random_range(0..hospital.rooms);
            Some(PlaceFilter::Room(RoomId(room)).text())
        }
        _ => None,
    }
}

fn brand(type_index: usize, rng: &mut ChaCha8Rng) -> String {
    let maker = MAKERS.choose(rng).copied().unwrap_or_default();
    match rng.random_range(0..3) {
        0 => maker.to_owned(),
        1 => {
            let name = TYPES.get(type_index).copied().unwrap_or_default();
            format!("{maker} {name}")
        }
        _ => model_name(type_index, rng.random_range(0..5)),
    }
}

/// The common types are asked for most, as they are the most numerous.
fn skewed(rng: &mut ChaCha8Rng, count: usize) -> usize {
    (0..3)
        .map(|_| rng.random_range(0..count.max(1)))
        .min()
        .unwrap_or(0)
}

/// Two neighbouring letters swapped, or one left out.
fn mistype(word: &str, rng: &mut ChaCha8Rng) -> String {
    let mut letters: Vec<char> = word.chars().collect();
    if letters.len() > 3 {
        let at = rng.random_range(1..letters.len() - 1);
        if rng.random_ratio(1, 2) {
            letters.swap(at, at + 1);
        } else {
            letters.remove(at);
        }
    }
    letters.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::web::strings::EN;

    fn hospital() -> Hospital {
        Hospital {
            assets: 1_000,
            type_ids: (1..=TYPES.len())
                .map(|id| crate::ids::AssetTypeId(i64::try_from(id).unwrap()))
                .collect(),
            first_unit: 1,
            units: 4,
            first_room: 1,
            rooms: 100,
        }
    }

    #[test]
    fn the_same_seed_asks_the_same_and_every_kind_comes() {
        let asks = make_asks(&hospital(), 20, 1_000, 7);
        let again = make_asks(&hospital(), 20, 1_000, 7);
        assert_eq!(format!("{asks:?}"), format!("{again:?}"));
        let mut kinds: BTreeMap<Kind, u32> = BTreeMap::new();
        for ask in &asks {
            *kinds.entry(ask.kind).or_default() += 1;
        }
        assert_eq!(MIX.map(|(kind, _)| kind), Kind::ALL);
        assert_eq!(MIX.iter().map(|(_, share)| share).sum::<u32>(), 100);
        for (kind, share) in MIX {
            let count = kinds.get(&kind).copied().unwrap_or(0);
            assert!(count.abs_diff(share * 10) < 50, "{kind:?}: {count}");
        }
    }

    #[test]
    fn every_value_asked_for_is_one_that_the_page_understands() {
        for ask in make_asks(&hospital(), 20, 2_000, 1) {
            assert!(
                ask.params.choice(&EN).problems.is_empty(),
                "{:?}",
                ask.params
            );
            let from = ask.params.from.as_deref();
            assert!(
                from.is_none_or(|text| PlaceFilter::parse(text).is_some()),
                "{from:?}"
            );
            assert!(!ask.params.q.is_empty() || ask.params.r#type.is_some());
            assert!(ask.person < 20);
        }
    }
}
