//! One type per table for its ids, so that a room id cannot be passed where an asset id is meant.

use diesel_derive_newtype::DieselNewType;
use serde::{Deserialize, Serialize};

macro_rules! id {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, DieselNewType, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }
    )+};
}

id! {
    /// A row of `facility`.
    FacilityId,
    /// A row of `building`.
    BuildingId,
    /// A row of `floor`.
    FloorId,
    /// A row of `unit`.
    UnitId,
    /// A row of `room`.
    RoomId,
    /// A row of `zone`.
    ZoneId,
    /// A row of `asset_type`.
    AssetTypeId,
    /// A row of `model`.
    ModelId,
    /// A row of `asset`.
    AssetId,
    /// A row of `tag`.
    TagId,
    /// A row of `reader`.
    ReaderId,
    /// A row of `quarantine`.
    QuarantineId,
    /// A row of `app_user`.
    UserId,
    /// A row of `asset_event`.
    EventId,
    /// A row of `alert`.
    AlertId,
    /// A row of `equipment_par`.
    ParId,
    /// A row of `synonym`.
    SynonymId,
    /// A row of `wall_screen`.
    ScreenId,
    /// A row of `supplier`.
    SupplierId,
    /// A row of `item`.
    ItemId,
    /// A row of `item_pack`.
    PackId,
    /// A row of `supply_round`.
    RoundId,
    /// A row of `stock_place`.
    StockPlaceId,
    /// A row of `bin`.
    BinId,
    /// A row of `lot`.
    LotId,
    /// A row of `stock_move`.
    MoveId,
    /// A row of `stock_rule`.
    RuleId,
    /// A row of `order_line`.
    OrderLineId,
    /// A row of `supply_order`.
    SupplyOrderId,
    /// A row of `destination`.
    DestinationId,
    /// A row of `alert_route`.
    RouteId,
    /// A row of `outbox`.
    OutboxId,
    /// A row of `count_session`.
    CountSessionId,
    /// A row of `count_line`.
    CountLineId,
    /// A row of `count_entry`.
    CountEntryId,
}
