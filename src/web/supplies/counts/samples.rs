//! Counts for tests of templates.

use chrono::{DateTime, Utc};

use super::session::{CountPage, Facts};
use crate::db::types::{CountCause, CountClass, CountStep, Role, StockReason};
use crate::ids::{BinId, CountEntryId, CountLineId, CountSessionId, ItemId, StockPlaceId, UserId};
use crate::supplies::counts::{CountEntryRow, CountLine, CountMove, CountSession};
use crate::web::page::Shell;
use crate::web::supplies::scan::Said;

impl CountPage {
    /// Pages for tests of templates.
    #[must_use]
    pub fn samples() -> Vec<Self> {
        let shell = Shell::sample_for(Role::Supply);
        let session = |state| CountSession {
            count_session_id: CountSessionId(7),
            state,
            created_at: shell.now,
            ended_at: matches!(state, CountStep::Posted | CountStep::Cancelled)
                .then_some(shell.now),
            end_reason: Some("boxes & <bags>".to_owned()),
            stock_place_id: StockPlaceId(6),
            stock_place_name: "4 West <supply> & more".to_owned(),
            created_role: Role::Supply,
            lines: 4,
            counted: 3,
            off: 1,
            waiting: 1,
        };
        let states = [
            CountStep::Draft,
            CountStep::Counting,
            CountStep::Review,
            CountStep::Posted,
            CountStep::Cancelled,
        ];
        let page = |(state, user)| {
            let facts = Facts {
                session: session(state),
                lines: sample_lines(shell.now),
                log: vec![CountEntryRow {
                    count_entry_id: CountEntryId(1),
                    quantity: 3,
                    counted_at: shell.now,
                    count_line_id: CountLineId(1),
                    item_name: "IV cannula <20G>".to_owned(),
                    bin_name: "A-01".to_owned(),
                    lot_number: Some("L&7".to_owned()),
                }],
                moves: vec![CountMove {
                    count_line_id: CountLineId(2),
                    reason: StockReason::Issue,
                    quantity: -3,
                    happened_at: shell.now,
                }],
            };
            let said = (state == CountStep::Counting).then(|| Said::sample(&shell));
            Self::new(shell.clone(), UserId(user), &facts, Some(BinId(2)), said)
        };
        states
            .into_iter()
            .flat_map(|state| [(state, 1), (state, 2)])
            .map(page)
            .collect()
    }
}

/// Matched, short and waiting, unexpected and counted twice, not counted.
fn sample_lines(now: DateTime<Utc>) -> Vec<CountLine> {
    let line = |id, bin: i64, counted: Option<i64>, expected, cause| CountLine {
        count_line_id: CountLineId(id),
        item_id: ItemId(id),
        bin_id: BinId(bin),
        stock_place_id: StockPlaceId(6),
        cause,
        is_skipped: false,
        waits: false,
        is_off: false,
        item_number: format!("100-{id}"),
        item_name: "IV cannula <20G> & cap".to_owned(),
        base_unit: "each".to_owned(),
        count_class: CountClass::A,
        bin_name: format!("A-0{bin}"),
        first_quantity: counted,
        first_at: counted.map(|_| now),
        first_people: counted.map(|_| vec![UserId(1)]),
        second_quantity: None,
        second_at: None,
        expected,
        emptied_at: None,
        pack_units: Some(50),
    };
    let mut lines = vec![
        line(1, 1, Some(5), 5, CountCause::Due),
        line(2, 1, Some(3), 6, CountCause::Negative),
        line(3, 2, Some(3), 6, CountCause::Discrepancy),
        line(4, 2, Some(2), 0, CountCause::Unexpected),
        line(5, 2, None, 9, CountCause::Zero),
        line(6, 3, None, 9, CountCause::Chosen),
    ];
    if let [_, _, waiting, twice, skipped, _] = lines.as_mut_slice() {
        waiting.waits = true;
        waiting.is_off = true;
        twice.is_off = true;
        twice.second_quantity = Some(2);
        twice.second_at = Some(now);
        skipped.is_skipped = true;
    }
    lines
}
