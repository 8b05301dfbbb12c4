//! Alerts for tests of templates.

use super::{AlertCounts, AlertFilter, AlertLine, AlertPage, AlertRow, AlertsPage, Listed};
use crate::alerts::list::{AlertCursor, Which};
use crate::db::types::{AlertKind, AlertState, AssetStatus, Role, RoomKind, Severity};
use crate::ids::{
    AlertId, AssetId, AssetTypeId, ItemId, LotId, ReaderId, RoomId, StockPlaceId, UnitId,
};
use crate::web::page::Shell;

fn line(kind: AlertKind, id: i64, shell: &Shell) -> AlertLine {
    let is_asset = matches!(kind, AlertKind::SoiledInCleanRoom | AlertKind::Missing);
    let is_reader = kind == AlertKind::ReaderDown;
    let is_supply = matches!(
        kind,
        AlertKind::Stockout
            | AlertKind::Reorder
            | AlertKind::BothBinsEmpty
            | AlertKind::Expiry
            | AlertKind::FeedSilent
            | AlertKind::CountDiscrepancy
    );
    let is_of_type = !is_reader && !is_supply;
    AlertLine {
        alert_id: AlertId(id),
        kind,
        severity: if is_asset {
            Severity::Medium
        } else {
            Severity::High
        },
        state: AlertState::Open,
        is_active: true,
        causes: id,
        opened_at: shell.now,
        last_at: shell.now,
        ended_at: None,
        acknowledged_at: None,
        acknowledged_role: None,
        acknowledged_unit: None,
        resolved_at: None,
        resolved_role: None,
        resolved_unit: None,
        resolution: None,
        asset_id: is_asset.then_some(AssetId(70_001)),
        asset_number: is_asset.then(|| "IP-0417 <b>".to_owned()),
        asset_status: is_asset.then_some(AssetStatus::Soiled),
        asset_type_id: is_of_type.then_some(AssetTypeId(30_001)),
        type_name: is_of_type.then(|| "infusion pump".to_owned()),
        room_id: (!is_reader).then_some(RoomId(20_001)),
        room_name: (!is_reader).then(|| "3W-12".to_owned()),
        room_kind: (!is_reader).then_some(RoomKind::CleanUtility),
        area_name: (!is_reader).then(|| "3 West".to_owned()),
        reader_id: is_reader.then_some(ReaderId(5)),
        reader_key: is_reader.then(|| "3w-12-a".to_owned()),
        last_message_at: is_reader.then_some(shell.now),
        reader_rooms: is_reader.then(|| "3W-12, <script>".to_owned()),
        item_id: is_supply.then_some(ItemId(4)),
        item_name: is_supply.then(|| "IV cannula 20G <safety>".to_owned()),
        stock_place_id: is_supply.then_some(StockPlaceId(6)),
        stock_place_name: is_supply.then(|| "4 West supply room".to_owned()),
        bin_name: is_supply.then(|| "A-03".to_owned()),
        lot_id: is_supply.then_some(LotId(3)),
        lot_number: is_supply.then(|| "24K1187".to_owned()),
        expires_on: is_supply.then(|| shell.now.date_naive()),
        destination_name: (kind == AlertKind::NotDelivered).then(|| "Supply team".to_owned()),
        reopened: 2,
        step: 1,
        snoozed_until: None,
        snooze_reason: None,
        silent_since: is_supply.then_some(shell.now),
        critical: Some(2),
        ready: Some(1),
    }
}

impl AlertRow {
    /// Rows for tests of templates.
    #[must_use]
    pub fn samples(shell: &Shell) -> Vec<Self> {
        let lines = sample_lines(shell);
        lines
            .iter()
            .map(|line| Self::new(line, Role::Admin, shell))
            .collect()
    }
}

fn sample_lines(shell: &Shell) -> Vec<AlertLine> {
    let mut lines: Vec<AlertLine> = AlertKind::ALL
        .iter()
        .zip(1..)
        .map(|(kind, id)| line(*kind, id, shell))
        .collect();
    if let Some(second) = lines.get_mut(1) {
        second.state = AlertState::Acknowledged;
        second.acknowledged_at = Some(shell.now);
        second.acknowledged_role = Some(Role::Nurse);
        second.acknowledged_unit = Some("4 West <i>".to_owned());
    }
    lines
}

impl AlertsPage {
    /// Pages for tests of templates.
    #[must_use]
    pub fn samples() -> Vec<Self> {
        let shell = Shell::sample_for(Role::Admin);
        let filter = AlertFilter {
            which: Which::Unresolved,
            kind: None,
            unit: Some(UnitId(1)),
        };
        let recent = AlertFilter {
            which: Which::Recent,
            ..filter
        };
        let mut over = sample_lines(&shell);
        for line in &mut over {
            line.state = AlertState::Resolved;
            line.resolved_at = Some(shell.now);
            line.is_active = line.kind == AlertKind::Missing;
            line.resolved_role = line.is_active.then_some(Role::Biomed);
            line.resolution = line.is_active.then(|| "sold <b>".to_owned());
        }
        let counts = AlertCounts {
            unresolved: 10_000,
            open: 9_000,
            unit_unresolved: 4,
            unit_open: 3,
        };
        let page = |filter: &AlertFilter, lines, next| {
            let unit = |id, name: &str| (UnitId(id), name.to_owned());
            let listed = Listed {
                filter: *filter,
                home_unit: Some(UnitId(1)),
                units: vec![unit(1, "4 West"), unit(2, "Equipment <library>")],
                problems: vec!["\u{201c}<x>\u{201d} is no known kind.".to_owned()],
                own: counts,
                chosen: counts,
                found: AlertPage { lines, next },
                is_later: next.is_some(),
            };
            Self::new(shell.clone(), Role::Admin, listed)
        };
        let other = AlertFilter {
            unit: Some(UnitId(2)),
            ..filter
        };
        let next = AlertCursor {
            weight: 3,
            at: shell.now,
            id: AlertId(7),
        };
        vec![
            page(&filter, sample_lines(&shell), Some(next)),
            page(&recent, over, None),
            page(&recent, Vec::new(), None),
            page(&filter, Vec::new(), None),
            page(&other, Vec::new(), None),
        ]
    }
}
