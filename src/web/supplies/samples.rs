//! Order lines for tests of templates.

use serde_json::json;

use super::how::HowPage;
use super::reorder::ReorderPage;
use crate::db::types::{OrderCause, OrderState, Role};
use crate::ids::{ItemId, OrderLineId, RoundId, StockPlaceId, SupplierId};
use crate::supplies::list::{OrderCount, OrderCursor, OrderFilter, OrderLine};
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
        supply_order_id: None,
        sent_at: (state == OrderState::Sent).then_some(shell.now),
        supplier_id: Some(SupplierId(2)),
        supplier_name: (!two_bins).then(|| "Medline <b>".to_owned()),
        lead_days: Some(3.0),
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
        });
        let mut pages = vec![Self::new(
            shell.clone(),
            &OrderFilter::of(OrderState::Suggested),
            &[],
            &[],
            (None, None),
        )];
        for state in [
            OrderState::Suggested,
            OrderState::Approved,
            OrderState::Sent,
            OrderState::Rejected,
        ] {
            let lines = [line(1, state, false, &shell), line(2, state, true, &shell)];
            let filter = OrderFilter::of(state);
            pages.push(Self::new(
                shell.clone(),
                &filter,
                &counts,
                &lines,
                (cursor, cursor),
            ));
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
