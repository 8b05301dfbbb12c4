//! Places of stock, and what each should hold of an item.

use std::collections::BTreeMap;

use super::{Change, ItemWrite, Lost, Merged, PlaceWrite, StockPlaceWrite, changes};
use crate::db::types::StockPlaceKind;
use crate::ids::RoomId;
use crate::supplies::import::facts::{Facts, PlaceFacts, RoomFacts, RuleFacts};
use crate::supplies::import::read::{At, Draft, Fault, fault};
use crate::supplies::inherit::RuleFields;
use crate::supplies::rule_form::{Ground, RuleFault, RuleField, check};

/// What rows say of a place, each with the first row that says it.
#[derive(Debug, Default)]
struct Claims {
    kind: Option<(u64, StockPlaceKind)>,
    room: Option<(u64, RoomId, String)>,
    round: Option<(u64, String)>,
}

/// The places of stock that are made or change. What rows say of one has to agree.
pub(super) fn decide_stock_places(
    merged: &Merged,
    facts: &Facts,
    lost: &Lost,
    faults: &mut Vec<Fault>,
) -> Vec<StockPlaceWrite> {
    let mut rows: BTreeMap<&str, Vec<&Draft>> = BTreeMap::new();
    for draft in merged.values().flatten() {
        if let Some(place) = &draft.place {
            rows.entry(place).or_default().push(draft);
        }
    }
    let mut writes = Vec::new();
    for (place, mut drafts) in rows {
        drafts.sort_by_key(|draft| draft.row);
        let faults_before = faults.len();
        let known = facts.places.get(place);
        if known.is_some_and(|known| known.is_retired) {
            let remedy = "This place is no longer used: write another one, or take the row out.";
            let refused = |draft: &&Draft| fault(draft.row, At::Place, place, remedy);
            faults.extend(drafts.iter().map(refused));
            continue;
        }
        let mut claims = Claims::default();
        for draft in &drafts {
            if let Err(mistake) = claims.add(draft, known, facts) {
                faults.push(mistake);
            }
        }
        // What is wrong with one row is said first; then the others are looked at without it.
        if faults.len() > faults_before {
            continue;
        }
        if known.is_none() && claims.room.is_none() {
            let (column, value, remedy) = if lost.places.contains(place) {
                let remedy = "The place is new, and the row that says its room has mistakes.";
                (At::Place, place, remedy)
            } else {
                (At::Room, "", "The place is new: say in room where it is.")
            };
            let refused = |draft: &&Draft| fault(draft.row, column, value, remedy);
            faults.extend(drafts.iter().map(refused));
            continue;
        }
        let first = drafts.first().map_or(0, |draft| draft.row);
        writes.extend(claims.write((first, place), known));
    }
    writes
}

impl Claims {
    /// Adds what a row says; nothing of it counts when one of its cells is wrong.
    fn add(
        &mut self,
        draft: &Draft,
        known: Option<&PlaceFacts>,
        facts: &Facts,
    ) -> Result<(), Fault> {
        let kind = draft.kind();
        if let (Some(kind), Some(known)) = (kind, known)
            && kind != known.kind
            && (known.has_tag || known.counts_itself)
        {
            let remedy = format!(
                "It is a {} with a tag or a reader, so it stays one: leave the cell empty.",
                known.kind.as_str()
            );
            return Err(fault(draft.row, At::PlaceKind, kind.as_str(), remedy));
        }
        let room = draft
            .room
            .as_deref()
            .map(|name| find_room(draft, name, known, facts).map(|room| (room, name)))
            .transpose()?;
        let differs = |column, value: &str, row: u64, said: &str| {
            let remedy = format!("Row {row} says {said}: a place has one.");
            Err(fault(draft.row, column, value, remedy))
        };
        if let (Some(kind), Some((row, said))) = (kind, &self.kind)
            && kind != *said
        {
            return differs(At::PlaceKind, kind.as_str(), *row, said.as_str());
        }
        if let (Some((room, name)), Some((row, said, old))) = (&room, &self.room)
            && room != said
        {
            return differs(At::Room, name, *row, old);
        }
        if let (Some(round), Some((row, said))) = (&draft.round, &self.round)
            && round.to_lowercase() != said.to_lowercase()
        {
            return differs(At::Round, round, *row, said);
        }
        self.kind = self.kind.or(kind.map(|kind| (draft.row, kind)));
        if let (None, Some((room, name))) = (&self.room, room) {
            self.room = Some((draft.row, room, name.to_owned()));
        }
        if let (None, Some(round)) = (&self.round, &draft.round) {
            self.round = Some((draft.row, round.clone()));
        }
        Ok(())
    }

    /// What becomes of the place; `None`: it stays as it is.
    fn write(
        self,
        (row, place): (u64, &str),
        known: Option<&PlaceFacts>,
    ) -> Option<StockPlaceWrite> {
        let old_kind = known.map(|known| known.kind);
        let kind = self.kind.map(|(_, kind)| kind).or(old_kind);
        let kind = kind.unwrap_or(StockPlaceKind::Room);
        let old_round = known.and_then(|known| known.round.clone());
        // Another way to write the same round is no change.
        let is_same_round = |round: &String| {
            let small = round.to_lowercase();
            old_round
                .as_ref()
                .is_some_and(|old| old.to_lowercase() == small)
        };
        let round = self.round.map(|(_, round)| round);
        let round = round.filter(|round| !is_same_round(round));
        let old_room = known.and_then(|known| known.room_id);
        let room = self.room.filter(|(_, room, _)| Some(*room) != old_room);
        let mut changed = Vec::new();
        let mut change = |column, old: Option<String>, new: String| {
            let old = old.unwrap_or_default();
            changed.push(Change { column, old, new });
        };
        if old_kind != Some(kind) {
            let old = old_kind.map(|kind| kind.as_str().to_owned());
            change("place_kind", old, kind.as_str().to_owned());
        }
        if let Some((_, _, name)) = &room {
            let old = known.and_then(|known| known.room_name.clone());
            change("room", old, name.clone());
        }
        if let Some(round) = &round {
            change("round", old_round, round.clone());
        }
        (!changed.is_empty()).then(|| StockPlaceWrite {
            row,
            stock_place_id: known.map(|known| known.stock_place_id),
            name: place.to_owned(),
            kind,
            room_id: room.map(|(_, room, _)| room),
            round,
            changes: changed,
        })
    }
}

/// The room of this name; of several, the one in which the place is.
fn find_room(
    draft: &Draft,
    name: &str,
    known: Option<&PlaceFacts>,
    facts: &Facts,
) -> Result<RoomId, Fault> {
    let refuse = |remedy: &str| Err(fault(draft.row, At::Room, name, remedy));
    let found = facts.rooms.get(name).map_or(&[][..], Vec::as_slice);
    let own = known.and_then(|known| known.room_id);
    if let Some(own) = own.filter(|own| found.iter().any(|room| room.room_id == *own)) {
        return Ok(own);
    }
    if known.is_some_and(|known| known.has_tag) {
        return refuse("The cart is where its tag is: leave the cell empty.");
    }
    match found {
        [RoomFacts { room_id, .. }] => Ok(*room_id),
        [_, _, ..] => refuse("Several rooms are called so: give them names of their own first."),
        [] => refuse("There is no room of this name: write it as the pages do."),
    }
}

/// What becomes of the item at the place of this row; `None`: it stays as it is, or the row names no place.
pub(super) fn decide_place(
    key: &str,
    draft: &Draft,
    facts: &Facts,
    item: &ItemWrite,
) -> Result<Option<PlaceWrite>, Fault> {
    let Some(place) = &draft.place else {
        return Ok(None);
    };
    let refuse = |column, value: &str, remedy: &str| Err(fault(draft.row, column, value, remedy));
    if facts.items.get(key).is_some_and(|item| item.is_retired) {
        return refuse(
            At::Place,
            place,
            "The item is no longer used: use it again on its page first, or take the row out.",
        );
    }
    let spot = (key.to_owned(), place.clone());
    let known: Option<&RuleFacts> = facts.rules.get(&spot);
    let bin = draft
        .bin
        .clone()
        .or_else(|| known.map(|rule| rule.bin.clone()));
    let Some(bin) = bin else {
        return refuse(
            At::Bin,
            "",
            "The item is new at this place: say in which bin it lies.",
        );
    };
    let second_bin = draft
        .second_bin
        .clone()
        .or_else(|| known.and_then(|rule| rule.second_bin.clone()));
    let own = RuleFields {
        method: known.and_then(|rule| rule.method),
        reorder_point: draft
            .reorder_point
            .or_else(|| known.and_then(|rule| rule.reorder_point)),
        par: draft.target.or_else(|| known.and_then(|rule| rule.target)),
        maximum: draft
            .maximum
            .or_else(|| known.and_then(|rule| rule.maximum)),
        fixed_quantity: draft
            .fixed_quantity
            .or_else(|| known.and_then(|rule| rule.fixed_quantity)),
        ..RuleFields::default()
    };
    if second_bin.as_deref() == Some(bin.as_str()) {
        return refuse(At::SecondBin, &bin, "The two bins need names of their own.");
    }
    let is_two_bin_now = known.is_some_and(|rule| rule.second_bin.is_some());
    if second_bin.is_some() && own.fixed_quantity.is_none() && !is_two_bin_now {
        return refuse(
            At::Fixed,
            "",
            "Two bins: say in fixed_quantity what one of them holds.",
        );
    }
    let number = |value: Option<i64>| value.map(|n| n.to_string()).unwrap_or_default();
    let bins = known.map(|rule| {
        changes([
            ("bin", rule.bin.clone(), bin.clone()),
            (
                "second_bin",
                rule.second_bin.clone().unwrap_or_default(),
                second_bin.clone().unwrap_or_default(),
            ),
        ])
    });
    let numbers = changes([
        (
            "reorder_point",
            number(known.and_then(|rule| rule.reorder_point)),
            number(own.reorder_point),
        ),
        (
            "target",
            number(known.and_then(|rule| rule.target)),
            number(own.par),
        ),
        (
            "maximum",
            number(known.and_then(|rule| rule.maximum)),
            number(own.maximum),
        ),
        (
            "fixed_quantity",
            number(known.and_then(|rule| rule.fixed_quantity)),
            number(own.fixed_quantity),
        ),
    ]);
    if !numbers.is_empty() {
        let ground = Ground {
            pack: Some(item.pack.as_ref().map_or(1, |(_, units)| *units)),
            has_two_bins: Some(second_bin.is_some()),
            economic: None,
        };
        let above = facts.above.get(&spot).copied().unwrap_or_default();
        let found = check(&own, &above, &ground);
        // A file says no method and takes no number away, so it cannot be the reason for that.
        let found = found.iter().find(|found| **found != RuleFault::NoFixed);
        if let Some(found) = found {
            return Err(rule_fault(draft, found));
        }
    }
    let mut changed = bins.unwrap_or_default();
    if known.is_some() {
        changed.extend(numbers);
        if changed.is_empty() {
            return Ok(None);
        }
    }
    Ok(Some(PlaceWrite {
        row: draft.row,
        number: draft.number.clone(),
        place: place.clone(),
        bin,
        second_bin,
        reorder_point: own.reorder_point,
        target: own.par,
        maximum: own.maximum,
        fixed_quantity: own.fixed_quantity,
        is_new: known.is_none(),
        changes: changed,
    }))
}

/// A rule that does not fit, at a cell that the row fills in.
fn rule_fault(draft: &Draft, found: &RuleFault) -> Fault {
    let at = |column: At, value: i64, remedy: String| {
        fault(draft.row, column, &value.to_string(), remedy)
    };
    match found {
        RuleFault::ParBelowPoint(par, point) if draft.target.is_some() => at(
            At::Target,
            *par,
            format!(
                "The target cannot be below the reorder point of {point}: write more here, or less there."
            ),
        ),
        RuleFault::ParBelowPoint(par, point) => at(
            At::Point,
            *point,
            format!(
                "The reorder point cannot be above the target of {par}: write less here, or more there."
            ),
        ),
        RuleFault::PointAbovePar(point, par) => at(
            At::Point,
            *point,
            format!(
                "A rule above this place sets a target of {par}: write a higher target here too, or a lower reorder point."
            ),
        ),
        RuleFault::MaximumBelow(maximum, most) if draft.maximum.is_some() => at(
            At::Maximum,
            *maximum,
            format!("The place is filled up to {most}: write a higher maximum, or a lower target."),
        ),
        RuleFault::MaximumBelow(maximum, most) => at(
            if draft.target.is_some() {
                At::Target
            } else {
                At::Point
            },
            *most,
            format!("It is above the maximum of {maximum} here: write less, or a higher maximum."),
        ),
        RuleFault::AboveMaximum(field, value, maximum) => at(
            if *field == RuleField::Point {
                At::Point
            } else {
                At::Target
            },
            *value,
            format!(
                "A rule above this place sets a maximum of {maximum}: write less, or a higher maximum here."
            ),
        ),
        RuleFault::NotPacks(quantity, units) => at(
            At::Fixed,
            *quantity,
            format!("Orders are made in whole packs of {units}: write a multiple of it."),
        ),
        RuleFault::Number { .. }
        | RuleFault::Days(_)
        | RuleFault::Choice { .. }
        | RuleFault::NoFixed => fault(
            draft.row,
            At::Place,
            "",
            "The rule of this row cannot hold: look at its numbers.",
        ),
    }
}
