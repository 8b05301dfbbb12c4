//! Stock and order lines for tests of templates.

use chrono::{DateTime, Days, TimeDelta, Utc};
use serde_json::json;
use uuid::Uuid;

use super::how::HowPage;
use super::item::Here;
use super::reorder::ReorderPage;
use crate::db::types::{
    LotState, OrderCause, OrderState, Role, Rounding, StockMethod, StockReason,
};
use crate::ids::{
    BinId, ItemId, LotId, MoveId, OrderLineId, RoundId, RuleId, StockPlaceId, SupplierId,
    SupplyOrderId,
};
use crate::supplies::acts::PortionRow;
use crate::supplies::carry::{InputRow, RuleStory};
use crate::supplies::inherit::Rule;
use crate::supplies::list::{
    OrderCount, OrderCursor, OrderFilter, OrderGroup, OrderGroupLines, OrderLine,
};
use crate::supplies::lots::LotPlace;
use crate::supplies::rulebook::{RuleCard, RuleItem, RuleKey, Scope};
use crate::supplies::sent::OrderedLine;
use crate::supplies::settle::StandingRow;
use crate::supplies::stock::{ItemCard, LotRow, MoveLine, StockFacts, StockLine, TransferTarget};
use crate::web::page::Shell;

fn line(id: i64, state: OrderState, two_bins: bool, shell: &Shell) -> OrderLine {
    let is_decided = !matches!(state, OrderState::Suggested | OrderState::Rejected);
    OrderLine {
        order_line_id: OrderLineId(id),
        item_id: ItemId(4),
        item_number: "100-20".to_owned(),
        item_name: "IV cannula 20G <safety>".to_owned(),
        base_unit: "each".to_owned(),
        stock_place_id: StockPlaceId(6),
        stock_place_name: "4 West supply room & more".to_owned(),
        counts_itself: false,
        bin_id: Some(BinId(7)),
        bin_name: Some("A-03".to_owned()),
        has_two_bins: two_bins,
        second_bin_name: two_bins.then(|| "A-04".to_owned()),
        state,
        cause: if two_bins {
            OrderCause::EmptyBin
        } else {
            OrderCause::ReorderPoint
        },
        quantity_suggested: 100,
        quantity_ordered: is_decided.then_some(150),
        quantity_received: i64::from(is_decided) * 40,
        pack_units: 50,
        pack_name: Some("box".to_owned()),
        arithmetic: json!({
            "on_hand": 40, "available": 38, "on_order": 0, "position": 38, "reorder_point": 60, "par": 120, "maximum": 400,
            "method": "to_par", "fixed_quantity": 60, "two_bins": two_bins, "empty_bins": 1, "pack_units": 50,
            "rounding": "up", "use_per_day": 9.3,
        }),
        suggested_at: shell.now,
        approved_at: is_decided.then_some(shell.now),
        ended_at: None,
        end_reason: (state == OrderState::Rejected).then(|| "enough <i>elsewhere</i>".to_owned()),
        quiet_until: (state == OrderState::Rejected).then(|| shell.now.date_naive()),
        supply_order_id: (state == OrderState::Sent).then_some(SupplyOrderId(12)),
        sent_at: (state == OrderState::Sent).then_some(shell.now),
        supplier_id: (!two_bins).then_some(SupplierId(2)),
        supplier_name: (!two_bins).then(|| "Medline <b>".to_owned()),
        lead_days: Some(3.0),
        round_id: Some(RoundId(1)),
        round_name: Some("Morning round".to_owned()),
        approved_role: Some(Role::Supply),
    }
}

impl ReorderPage {
    /// Pages for tests of templates.
    #[must_use]
    pub fn samples() -> Vec<Self> {
        let shell = Shell::sample_for(Role::Supply);
        let count = |state, round: i64, n| OrderCount {
            state,
            round_id: (round > 0).then_some(RoundId(round)),
            round_name: (round > 0).then(|| format!("Round {round} <b>")),
            n,
        };
        let counts = [
            count(OrderState::Suggested, 1, 12),
            count(OrderState::Suggested, 0, 2),
            count(OrderState::Approved, 1, 1),
        ];
        let cursor = Some(OrderCursor {
            at: shell.now,
            id: OrderLineId(9),
            group: "0medline".to_owned(),
        });
        let mut pages = vec![Self::new(
            shell.clone(),
            &OrderFilter::of(OrderState::Suggested),
            (&[], &[]),
            &[],
            (None, None),
        )];
        let groups = [(0, 1), (1, 2), (2, 400)].map(|(group_id, n)| OrderGroupLines {
            group_id,
            n,
            ids: (1..=n.min(200)).map(OrderLineId).collect(),
        });
        for state in [
            OrderState::Suggested,
            OrderState::Approved,
            OrderState::Sent,
            OrderState::Rejected,
        ] {
            let lines = [line(1, state, false, &shell), line(2, state, true, &shell)];
            for group in OrderGroup::ALL {
                let filter = OrderFilter {
                    group,
                    ..OrderFilter::of(state)
                };
                pages.push(Self::new(
                    shell.clone(),
                    &filter,
                    (&counts, &groups),
                    &lines,
                    (cursor.clone(), cursor.clone()),
                ));
            }
        }
        pages
    }
}

impl HowPage {
    /// Pages for tests of templates.
    #[must_use]
    pub fn samples() -> Vec<Self> {
        let shell = Shell::sample_for(Role::Supply);
        [false, true]
            .map(|two_bins| Self::new(shell.clone(), &line(1, OrderState::Sent, two_bins, &shell)))
            .into()
    }
}

/// Lines of an order in every state, in a bin, in two, in a cabinet and in none.
pub(super) fn ordered_lines(shell: &Shell) -> Vec<OrderedLine> {
    let ordered = |id, state, two_bins, counts_itself, bins: usize| OrderedLine {
        line: OrderLine {
            counts_itself,
            ..line(id, state, two_bins, shell)
        },
        bins: (7..)
            .map(|bin| (BinId(bin), format!("A-{bin} <b>")))
            .take(bins)
            .collect(),
        damaged: id % 3,
    };
    vec![
        ordered(1, OrderState::Sent, false, false, 2),
        ordered(2, OrderState::PartReceived, false, false, 1),
        ordered(3, OrderState::Sent, true, false, 1),
        ordered(4, OrderState::Sent, false, true, 1),
        ordered(5, OrderState::Sent, false, false, 0),
        ordered(6, OrderState::Received, false, false, 1),
        ordered(7, OrderState::Cancelled, false, false, 1),
    ]
}

/// Stock that is low, out, in two bins and of a silent cabinet.
pub(super) fn stock_lines(now: DateTime<Utc>) -> Vec<StockLine> {
    let line = |on_hand: i64, usable: i64, two_bins: bool, is_silent: bool| StockLine {
        facts: StockFacts {
            item_id: ItemId(4),
            stock_place_id: StockPlaceId(6),
            item_number: "100-20".to_owned(),
            item_name: "IV cannula 20G <safety>".to_owned(),
            base_unit: "each".to_owned(),
            stock_place_name: "4 West supply room & more".to_owned(),
            silent_since: is_silent.then_some(now),
            counts_itself: is_silent,
            bin_id: BinId(7),
            bin_name: "A-03".to_owned(),
            empty_since: two_bins.then_some(now),
            second_bin_id: two_bins.then_some(BinId(8)),
            second_bin_name: two_bins.then(|| "A-03b".to_owned()),
            second_empty_since: None,
            next_expiry: (!two_bins).then(|| now.date_naive()),
            counted_at: is_silent.then_some(now),
        },
        standing: StandingRow {
            item_id: ItemId(4),
            stock_place_id: StockPlaceId(6),
            method: if is_silent {
                StockMethod::Fixed
            } else {
                StockMethod::ToPar
            },
            reorder_point: 60,
            par: 120,
            maximum: Some(400),
            fixed_quantity: (two_bins || is_silent).then_some(60),
            pack_units: 50,
            rounding: Rounding::Up,
            has_two_bins: two_bins,
            use_per_day: 9.3,
            today: now.date_naive(),
            is_silent,
            on_hand,
            usable,
            on_order: 0,
            suggestion_id: None,
            quantity_suggested: None,
            is_quiet: false,
            empty_bins: i64::from(two_bins),
            alerted: Vec::new(),
        },
    };
    vec![
        line(38, 38, false, false),
        line(0, 0, false, false),
        line(-4, -4, false, false),
        line(60, 60, true, false),
        line(90, 90, false, true),
        line(1_200, 1_190, false, false),
    ]
}

/// An item with packs and codes.
pub(super) fn item_card() -> ItemCard {
    ItemCard {
        item_id: ItemId(4),
        item_number: "100-20".to_owned(),
        name: "IV cannula 20G <safety>".to_owned(),
        base_unit: "each".to_owned(),
        category: Some("IV & access".to_owned()),
        supplier_name: Some("Medline <b>".to_owned()),
        is_retired: true,
        packs: vec![("box".to_owned(), 50)],
        codes: vec!["04006381333931".to_owned()],
    }
}

/// Everything about an item at a place.
pub(super) fn here(of: &StockLine, shell: &Shell) -> Here {
    let portion = |lot: i64, on_hand| PortionRow {
        lot_id: LotId(lot),
        bin_id: BinId(6 + lot),
        on_hand,
        lot_number: if lot == 1 { "24K <b>" } else { "" }.to_owned(),
        expires_on: (lot == 1).then(|| shell.now.date_naive()),
        state: LotState::Usable,
        is_usable: lot != 9,
    };
    let moved = |reason, quantity: i64, role| MoveLine {
        move_id: MoveId(quantity + 900),
        reason,
        quantity,
        happened_at: shell.now,
        recorded_at: shell.now - TimeDelta::seconds(3),
        form_key: Some(Uuid::from_u128(7)),
        is_undo: quantity > 5,
        can_be_undone: quantity < 0,
        note: Some("asked by <b>".to_owned()),
        lot_id: LotId(1),
        lot_number: "24K <b>".to_owned(),
        expires_on: Some(shell.now.date_naive()),
        bin_name: "A-03".to_owned(),
        role,
        reader_key: (quantity == 9).then(|| "cab<1>".to_owned()),
    };
    let today = of.standing.today;
    let used = (0..80_i64).filter_map(|day| {
        let ago = Days::new(u64::try_from(day).ok()?);
        Some((today.checked_sub_days(ago)?, day % 11))
    });
    Here {
        portions: vec![portion(1, 38), portion(2, -4), portion(9, 7)],
        orders: vec![
            line(1, OrderState::Sent, false, shell),
            line(2, OrderState::PartReceived, false, shell),
        ],
        moves: vec![
            moved(StockReason::Issue, -5, Some(Role::Nurse)),
            moved(StockReason::CabinetPut, 9, None),
            moved(StockReason::Count, 8, None),
        ],
        used: used.collect(),
        targets: [(6, "A-03 <b>"), (7, "B-01")]
            .map(|(place, bin)| TransferTarget {
                stock_place_id: StockPlaceId(place),
                stock_place_name: "4 West supply room & more".to_owned(),
                bin_id: BinId(place),
                bin_name: bin.to_owned(),
            })
            .into(),
        story: Some(story(of)),
        names: super::rules::sample_lines(),
        line: of.clone(),
    }
}

/// A lot in some bins.
pub(super) fn lot_places(shell: &Shell, n: i64) -> Vec<LotPlace> {
    (1..=n)
        .map(|bin| LotPlace {
            stock_place_id: StockPlaceId(6),
            stock_place_name: "4 West supply room & more".to_owned(),
            bin_id: BinId(bin),
            bin_name: format!("A-{bin} <b>"),
            on_hand: 1_450 * (2 - bin),
            received_at: shell.now,
            days_left: Some(84),
        })
        .collect()
}

/// The rule of an item at a place: the point from above, the rest computed from use.
pub(super) fn story(of: &StockLine) -> RuleStory {
    let row = &of.standing;
    let input = InputRow {
        item_id: row.item_id,
        stock_place_id: row.stock_place_id,
        room_id: None,
        floor_id: None,
        building_id: None,
        facility_id: None,
        pack_units: row.pack_units,
        has_two_bins: row.has_two_bins,
        use_per_day: row.use_per_day,
        use_deviation: 3.0,
        lead_days: Some(3.0),
        lead_deviation_days: Some(0.5),
        order_cost: Some(12.5),
        holding_cost: (!row.has_two_bins).then_some(0.25),
        round_days: (!row.is_silent).then_some(2.0),
        method: row.method,
        reorder_point: row.reorder_point,
        par: row.par,
        maximum: row.maximum,
        fixed_quantity: row.fixed_quantity,
        rounding: row.rounding,
        kept_pack_units: row.pack_units,
        rules_at: (!row.is_silent).then_some(chrono::DateTime::UNIX_EPOCH),
    };
    let rule = |id, level, is_for_item, fields| Rule {
        rule_id: RuleId(id),
        level,
        is_for_item,
        fields,
    };
    let lines = super::rules::sample_lines();
    let rules = lines.iter().map(|line| {
        let key = line.key();
        rule(
            line.rule_id.0,
            key.scope.level(),
            key.item_id.is_some(),
            line.fields(),
        )
    });
    // Two bins show what is computed, others what rules say.
    let rules = if row.has_two_bins {
        Vec::new()
    } else {
        rules.collect()
    };
    RuleStory::new(input, rules)
}

/// A rule of an item at a place, or of all items on a floor.
pub(super) fn rule_card(is_one: bool) -> RuleCard {
    let shell = Shell::sample_for(Role::Supply);
    let lines = stock_lines(shell.now);
    let story = lines.first().map(story);
    let names = super::rules::sample_lines();
    let own = names.last().map(|line| (line.rule_id, line.fields()));
    let above = story.as_ref().map(|story| story.rules.clone());
    RuleCard {
        key: RuleKey {
            item_id: is_one.then_some(ItemId(4)),
            scope: if is_one {
                Scope::Place(StockPlaceId(6))
            } else {
                Scope::Floor(crate::ids::FloorId(3))
            },
        },
        item: is_one.then(|| RuleItem {
            number: "100-20".to_owned(),
            name: "IV cannula 20G <safety>".to_owned(),
            base_unit: "each".to_owned(),
            pack_units: 50,
        }),
        scope_name: "4 West supply room & more".to_owned(),
        own: own.filter(|_| is_one),
        above: above.unwrap_or_default().into_iter().take(2).collect(),
        names,
        reach: if is_one { 1 } else { 12_000 },
        story: story.filter(|_| is_one),
    }
}

/// Lots in every state.
pub(super) fn lots() -> Vec<LotRow> {
    let lot = |state, days_left: Option<i32>| LotRow {
        lot_id: LotId(1),
        lot_number: if days_left.is_some() { "24K <b>" } else { "" }.to_owned(),
        expires_on: days_left.and_then(|_| chrono::NaiveDate::from_ymd_opt(2026, 11, 30)),
        state,
        stock_place_id: StockPlaceId(6),
        stock_place_name: "4 West supply room & more".to_owned(),
        bin_name: "A-03".to_owned(),
        on_hand: 1_450,
        days_left,
    };
    vec![
        lot(LotState::Usable, Some(-3)),
        lot(LotState::Usable, Some(84)),
        lot(LotState::Usable, Some(400)),
        lot(LotState::Usable, None),
        lot(LotState::Recalled, Some(4)),
        lot(LotState::Quarantined, None),
        lot(LotState::Damaged, Some(84)),
    ]
}
