//! Every address as it is spelled: patterns for the table, and the paths that templates and handlers put in links.

use crate::ids::{
    AssetId, AssetTypeId, BinId, CountSessionId, FloorId, ItemId, LotId, ModelId, OrderLineId,
    ParId, QuarantineId, ReaderId, RoomId, RoundId, StockPlaceId, SupplierId, SupplyOrderId,
    SynonymId, TagId, UnitId,
};
use crate::live::Mark;

/// Start page.
pub const HOME: &str = "/";
/// Search results, `?q=`.
pub const FIND: &str = "/find";
/// Where "nearest" is measured from.
pub const ORIGIN: &str = "/origin";
/// What people say about assets.
pub const ACTS: &str = "/acts";
/// Taking back what was just said.
pub const UNDO: &str = "/undo";
/// Search results as a file.
pub const FIND_CSV: &str = "/find.csv";
/// Rooms as a file.
pub const ROOMS_CSV: &str = "/rooms.csv";
/// Alerts as a file.
pub const ALERTS_CSV: &str = "/alerts.csv";
/// What to look for as a file.
pub const TASKS_CSV: &str = "/tasks.csv";
/// The register as a file, with the columns of an import.
pub const EQUIPMENT_CSV: &str = "/equipment.csv";
/// Types as a file.
pub const TYPES_CSV: &str = "/equipment/types.csv";
/// Models as a file.
pub const MODELS_CSV: &str = "/equipment/models.csv";
/// Tags as a file.
pub const TAGS_CSV: &str = "/equipment/tags.csv";
/// Targets of equipment as a file.
pub const BOARD_PAR_CSV: &str = "/board/par.csv";
/// Readers as a file.
pub const READERS_CSV: &str = "/readers.csv";
/// Refused input as a file.
pub const QUARANTINE_CSV: &str = "/quarantine.csv";
/// Rooms by floor, `?floor=`.
pub const ROOMS: &str = "/rooms";
/// Synonyms, `?q=`.
pub const SYNONYMS: &str = "/synonyms";
/// All synonyms as a file.
pub const SYNONYMS_EXPORT: &str = "/synonyms/export";
/// Takes in a file of synonyms.
pub const SYNONYMS_IMPORT: &str = "/synonyms/import";
/// The plan of one's own floor.
pub const PLANS: &str = "/plan";
/// Alerts, `?unit=&state=&kind=`.
pub const ALERTS: &str = "/alerts";
/// Switches the sound for critical alerts on and off.
pub const ALERT_SOUND: &str = "/alerts/sound";
/// A person's own mail address for alerts.
pub const OWN_MAIL: &str = "/alerts/mail";
/// Messages about alerts, `?state=&before=`.
pub const DELIVERIES: &str = "/deliveries";
/// They as a file.
pub const DELIVERIES_CSV: &str = "/deliveries.csv";
/// Who is told.
pub const DELIVERY_SETUP: &str = "/deliveries/set-up";
/// Order lines, `?state=&round=`.
pub const REORDER: &str = "/reorder";
/// They as a file.
pub const REORDER_CSV: &str = "/reorder.csv";
/// How the quantity of a line is made.
pub const REORDER_HOW: &str = "/reorder/{id}";
/// Orders that were sent, `?which=&after=`.
pub const ORDERS: &str = "/orders";
/// They as a file.
pub const ORDERS_CSV: &str = "/orders.csv";
/// One of them, and receiving it.
pub const ORDER: &str = "/orders/{id}";
/// Its lines as a file.
pub const ORDER_CSV: &str = "/orders/{id}/csv";
/// Items, places and rules from a file.
pub const SUPPLIES_IMPORT: &str = "/supplies/import";
/// A file to begin with.
pub const SUPPLIES_IMPORT_EXAMPLE: &str = "/supplies/import.csv";
pub(super) const SUPPLIES_IMPORT_REPORT: &str = "/supplies/import/{key}";
pub(super) const SUPPLIES_IMPORT_ERRORS: &str = "/supplies/import/{key}/errors";
/// Supplies: find an item, places of stock, `?q=&after=`.
pub const SUPPLIES: &str = "/supplies";
/// Places of stock as a file.
pub const SUPPLIES_CSV: &str = "/supplies.csv";
/// Counts of stock.
pub const COUNTS: &str = "/counts";
/// They as a file.
pub const COUNTS_CSV: &str = "/counts.csv";
pub(super) const COUNT: &str = "/counts/{id}";
pub(super) const COUNT_CSV: &str = "/counts/{id}/csv";
/// Issues what is scanned.
pub const SCAN_ISSUE: &str = "/scan/issue";
/// Receives what is scanned.
pub const SCAN_RECEIVE: &str = "/scan/receive";
/// Empties and refills scanned bins.
pub const SCAN_BINS: &str = "/scan/bins";
/// Links a code that nobody knows to an item, `?code=&place=`.
pub const SCAN_LINK: &str = "/scan/link";
/// What expires, `?within=&after=`.
pub const LOTS: &str = "/supplies/lots";
/// It as a file.
pub const LOTS_CSV: &str = "/supplies/lots.csv";
/// A lot, and saying how it is.
pub const LOT: &str = "/supplies/lots/{id}";
/// Where it is as a file.
pub const LOT_CSV: &str = "/supplies/lots/{id}/csv";
/// What a place holds.
pub const STOCK_PLACE: &str = "/supplies/places/{id}";
/// Adds a place of stock.
pub const STOCK_PLACE_ADD: &str = "/supplies/places/add";
/// Changes it, and retires it.
pub const STOCK_PLACE_EDIT: &str = "/supplies/places/{id}/edit";
/// What readers mean for a place of stock.
pub const STOCK_PLACE_SETUP: &str = "/supplies/places/{id}/setup";
/// It as a file.
pub const STOCK_PLACE_CSV: &str = "/supplies/places/{id}/csv";
/// An item, `?place=`.
pub const ITEM: &str = "/supplies/items/{id}";
/// Items as a file that can be imported again, `?q=&places=`.
pub const ITEMS_CSV: &str = "/supplies/items.csv";
/// Restocking rounds.
pub const ROUNDS: &str = "/supplies/rounds";
/// They as a file.
pub const ROUNDS_CSV: &str = "/supplies/rounds.csv";
/// One of them.
pub const ROUND: &str = "/supplies/rounds/{id}";
/// Adds an item.
pub const ITEM_ADD: &str = "/supplies/items/add";
/// Changes an item.
pub const ITEM_EDIT: &str = "/supplies/items/{id}/edit";
/// Its packs and codes.
pub const ITEM_PARTS: &str = "/supplies/items/{id}/parts";
/// Where it is held, `?place=`.
pub const ITEM_HOLD: &str = "/supplies/items/{id}/hold";
/// A supplier.
pub const SUPPLIER: &str = "/supplies/suppliers/{id}";
/// How the numbers of its rule at a place are made, `?place=`.
pub const ITEM_HOW: &str = "/supplies/items/{id}/how";
/// Rules of restocking, `?which=&q=&after=`.
pub const RULES: &str = "/supplies/rules";
/// They as a file.
pub const RULES_CSV: &str = "/supplies/rules.csv";
/// For which item and where a rule is added, `?item=&at=&name=`.
pub const RULE_NEW: &str = "/supplies/rules/new";
/// One rule, `?item=&at=`.
pub const RULE_FORM: &str = "/supplies/rules/form";
/// Its moves at a place as a file.
pub const ITEM_CSV: &str = "/supplies/items/{id}/csv";
/// What to look for.
pub const TASKS: &str = "/tasks";
/// Choosing the types of the start page.
pub const FAVOURITES: &str = "/favourites";
/// How often places are right, `?place=`.
pub const ACCURACY: &str = "/reports/accuracy";
/// The same as a file.
pub const ACCURACY_CSV: &str = "/reports/accuracy.csv";
/// The board of one's own unit; `?choose=1` lists the units.
pub const BOARD: &str = "/board";
/// Targets of equipment: a list, and where a new one is sent to.
pub const BOARD_PAR: &str = "/board/par";
/// A new target.
pub const BOARD_PAR_NEW: &str = "/board/par/new";
/// Everything that a person may open.
pub const MORE: &str = "/more";
/// What words and buttons mean.
pub const HELP: &str = "/help";
/// Readers.
pub const READERS: &str = "/readers";
/// Refused input.
pub const QUARANTINE: &str = "/quarantine";
/// System status.
pub const STATUS: &str = "/status";
/// Signing in, `?next=`.
pub const SIGN_IN: &str = "/sign-in";
/// Entering the password again, by somebody who is signed in.
pub const SIGN_IN_AGAIN: &str = "/sign-in/again";
/// Signing out.
pub const SIGN_OUT: &str = "/sign-out";
/// Light or dark.
pub const THEME: &str = "/theme";
/// Whether the process runs.
pub const LIVE: &str = "/live";
/// What changes, as server-sent events, `?watch=asset.1,type.3`.
pub const LIVE_EVENTS: &str = "/live/events";
/// On the internal address: whether the process can work.
pub const READY: &str = "/ready";
/// On the internal address: figures for Prometheus.
pub const METRICS: &str = "/metrics";

/// The register: devices by number.
pub const EQUIPMENT: &str = "/equipment";
/// Adds a device.
pub const EQUIPMENT_ADD: &str = "/equipment/add";
/// Types.
pub const TYPES: &str = "/equipment/types";
/// Adds a type.
pub const TYPE_ADD: &str = "/equipment/types/add";
/// Models.
pub const MODELS: &str = "/equipment/models";
/// Adds a model.
pub const MODEL_ADD: &str = "/equipment/models/add";
/// Tags.
pub const TAGS: &str = "/equipment/tags";

pub(super) const ASSET: &str = "/assets/{id}";
pub(super) const ASSET_EDIT: &str = "/assets/{id}/edit";
pub(super) const ASSET_STANDING: &str = "/assets/{id}/standing";
pub(super) const ASSET_TAG_ON: &str = "/assets/{id}/tag-on";
pub(super) const ASSET_TAG_OFF: &str = "/assets/{id}/tag-off";
pub(super) const TYPE_EDIT: &str = "/equipment/types/{id}";
pub(super) const TYPE_DELETE: &str = "/equipment/types/{id}/delete";
pub(super) const MODEL_EDIT: &str = "/equipment/models/{id}";
pub(super) const MODEL_DELETE: &str = "/equipment/models/{id}/delete";
pub(super) const TAG: &str = "/equipment/tags/{id}";
pub(super) const TAG_PUT_ON: &str = "/equipment/tags/{id}/put-on";
pub(super) const ROOM: &str = "/rooms/{id}";
/// What is in a room, as a file.
pub(super) const ROOM_CSV: &str = "/rooms/{id}/csv";
/// Equipment from a file.
pub const EQUIPMENT_IMPORT: &str = "/equipment/import";
/// A file to begin with.
pub const EQUIPMENT_IMPORT_EXAMPLE: &str = "/equipment/import.csv";
pub(super) const EQUIPMENT_IMPORT_REPORT: &str = "/equipment/import/{key}";
pub(super) const EQUIPMENT_IMPORT_ERRORS: &str = "/equipment/import/{key}/errors";
/// Labels of equipment.
pub const ASSET_LABELS: &str = "/labels/assets";
/// The tag of a broken device.
pub(super) const FAULT_TAG: &str = "/labels/fault/{id}";
/// Labels of rooms.
pub const ROOM_LABELS: &str = "/labels/rooms";
pub(super) const PLAN: &str = "/plan/{id}";
pub(super) const PLAN_CSV: &str = "/plan/{id}/csv";
pub(super) const PLAN_GEOJSON: &str = "/plan/{id}/geojson";
/// Imports the plan of a floor.
pub const PLAN_IMPORT: &str = "/plan/{id}/import";
pub(super) const BOARD_PAR_LINE: &str = "/board/par/{id}";
pub(super) const BOARD_PAR_DELETE: &str = "/board/par/{id}/delete";
pub(super) const BOARD_UNIT: &str = "/board/{id}";
pub(super) const BOARD_WALL: &str = "/board/{id}/wall";
pub(super) const BOARD_SCREENS: &str = "/board/{id}/screens";
pub(super) const BOARD_SCREENS_END: &str = "/board/{id}/screens/end";
/// The board as a screen on a wall shows it.
pub const WALL: &str = "/wall";
pub(super) const WALL_OPEN: &str = "/wall/{secret}";
/// The board of a unit as a file.
pub(super) const BOARD_CSV: &str = "/board/{id}/csv";
pub(super) const SYNONYM: &str = "/synonyms/{id}";
pub(super) const SYNONYM_DELETE: &str = "/synonyms/{id}/delete";
pub(super) const READER_APPROVE: &str = "/readers/{id}/approve";
pub(super) const QUARANTINE_ROW: &str = "/quarantine/{id}";
pub(super) const QUARANTINE_REPLAY: &str = "/quarantine/{id}/replay";
pub(super) const SET_UP: &str = "/set-up/{token}";
pub(super) const STATIC: &str = "/static/{hash}/{path:.*}";
/// Sightings by HTTP (ingest contract v1).
pub const INGEST: &str = "/ingest/v1/sightings";

/// The stream of changes of what a page watches, topics with commas between them, from the mark that the page was made at.
#[must_use]
pub fn live_events_path(watch: &str, mark: Mark) -> String {
    with_query(
        LIVE_EVENTS,
        &[("watch", watch), ("since", &mark.to_string())],
    )
}

/// Page of an asset.
#[must_use]
pub fn asset_path(id: AssetId) -> String {
    format!("/assets/{id}")
}

/// Changes what is written about a device.
#[must_use]
pub fn asset_edit_path(id: AssetId) -> String {
    format!("/assets/{id}/edit")
}

/// Holds, releases, retires or restores a device.
#[must_use]
pub fn asset_standing_path(id: AssetId) -> String {
    format!("/assets/{id}/standing")
}

/// Puts a tag on a device.
#[must_use]
pub fn asset_tag_on_path(id: AssetId) -> String {
    format!("/assets/{id}/tag-on")
}

/// Takes a tag off a device.
#[must_use]
pub fn asset_tag_off_path(id: AssetId) -> String {
    format!("/assets/{id}/tag-off")
}

/// Changes a type.
#[must_use]
pub fn type_edit_path(id: AssetTypeId) -> String {
    format!("/equipment/types/{id}")
}

/// Deletes a type.
#[must_use]
pub fn type_delete_path(id: AssetTypeId) -> String {
    format!("/equipment/types/{id}/delete")
}

/// Changes a model.
#[must_use]
pub fn model_edit_path(id: ModelId) -> String {
    format!("/equipment/models/{id}")
}

/// Deletes a model.
#[must_use]
pub fn model_delete_path(id: ModelId) -> String {
    format!("/equipment/models/{id}/delete")
}

/// Page of a tag.
#[must_use]
pub fn tag_path(id: TagId) -> String {
    format!("/equipment/tags/{id}")
}

/// Puts a tag on the device with a number.
#[must_use]
pub fn tag_put_on_path(id: TagId) -> String {
    format!("/equipment/tags/{id}/put-on")
}

/// Page of a room.
#[must_use]
pub fn room_path(id: RoomId) -> String {
    format!("/rooms/{id}")
}

/// What a file of equipment would do.
#[must_use]
pub fn equipment_import_path(key: uuid::Uuid) -> String {
    format!("/equipment/import/{key}")
}

/// What is wrong in a file of equipment.
#[must_use]
pub fn equipment_import_errors_path(key: uuid::Uuid) -> String {
    format!("/equipment/import/{key}/errors")
}

/// The label of one asset.
#[must_use]
pub fn asset_label_path(number: &str) -> String {
    with_query(ASSET_LABELS, &[("numbers", number)])
}

/// The tag of a broken device.
#[must_use]
pub fn fault_tag_path(id: AssetId) -> String {
    format!("/labels/fault/{id}")
}

/// The label of one room.
#[must_use]
pub fn room_label_path(id: RoomId) -> String {
    with_query(ROOM_LABELS, &[("rooms", &id.to_string())])
}

/// What is in a room, as a file.
#[must_use]
pub fn room_csv_path(id: RoomId) -> String {
    format!("/rooms/{id}/csv")
}

/// The list below a plan, as a file.
#[must_use]
pub fn plan_csv_path(id: FloorId) -> String {
    format!("/plan/{id}/csv")
}

/// The rooms of a floor.
#[must_use]
pub fn floor_path(id: FloorId) -> String {
    with_query(ROOMS, &[("floor", &id.to_string())])
}

/// The plan of a floor.
#[must_use]
pub fn plan_path(id: FloorId) -> String {
    format!("/plan/{id}")
}

/// The plan of a floor, or of one's own, with pins for a text or a type.
#[must_use]
pub fn search_on_plan_path(floor: Option<FloorId>, q: &str, asset_type: &str) -> String {
    let path = floor.map_or_else(|| PLANS.to_owned(), plan_path);
    let pairs: Vec<(&str, &str)> = [("q", q.trim()), ("type", asset_type.trim())]
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .collect();
    if pairs.is_empty() {
        path
    } else {
        with_query(&path, &pairs)
    }
}

/// The plan of a floor as a file.
#[must_use]
pub fn plan_geojson_path(id: FloorId) -> String {
    format!("/plan/{id}/geojson")
}

/// Imports the plan of a floor.
#[must_use]
pub fn plan_import_path(id: FloorId) -> String {
    format!("/plan/{id}/import")
}

/// The board of a unit.
#[must_use]
pub fn board_path(id: UnitId) -> String {
    format!("/board/{id}")
}

/// The board of a unit for a screen on the wall.
#[must_use]
pub fn wall_path(id: UnitId) -> String {
    format!("/board/{id}/wall")
}

/// All units, to choose a board.
#[must_use]
pub fn boards_path() -> String {
    with_query(BOARD, &[("choose", "1")])
}

/// The board of a unit as a file.
#[must_use]
pub fn board_csv_path(id: UnitId) -> String {
    format!("/board/{id}/csv")
}

/// The screens of a unit.
#[must_use]
pub fn screens_path(id: UnitId) -> String {
    format!("/board/{id}/screens")
}

/// Ends a screen of a unit.
#[must_use]
pub fn end_screen_path(id: UnitId) -> String {
    format!("/board/{id}/screens/end")
}

/// Opened once on a screen: makes it one.
#[must_use]
pub fn open_screen_path(secret: &str) -> String {
    format!("/wall/{secret}")
}

/// A line of equipment par.
#[must_use]
pub fn par_path(id: ParId) -> String {
    format!("/board/par/{id}")
}

/// Deletes a line of equipment par.
#[must_use]
pub fn par_delete_path(id: ParId) -> String {
    format!("/board/par/{id}/delete")
}

/// The ready assets of a type in a room.
#[must_use]
pub fn ready_in_room_path(asset_type: AssetTypeId, room: RoomId) -> String {
    let (asset_type, place) = (asset_type.to_string(), format!("room-{room}"));
    with_query(
        FIND,
        &[
            ("type", &asset_type),
            ("place", &place),
            ("status", "ready"),
        ],
    )
}

/// The assets of a type on a unit.
#[must_use]
pub fn type_on_unit_path(asset_type: AssetTypeId, unit: UnitId) -> String {
    let (asset_type, place) = (asset_type.to_string(), format!("unit-{unit}"));
    with_query(FIND, &[("type", &asset_type), ("place", &place)])
}

/// All assets of a type.
#[must_use]
pub fn type_path(id: AssetTypeId) -> String {
    with_query(FIND, &[("type", &id.to_string())])
}

/// Changes a synonym.
#[must_use]
pub fn synonym_path(id: SynonymId) -> String {
    format!("/synonyms/{id}")
}

/// Deletes a synonym.
#[must_use]
pub fn synonym_delete_path(id: SynonymId) -> String {
    format!("/synonyms/{id}/delete")
}

/// Lets a waiting reader in.
#[must_use]
pub fn reader_approve_path(id: ReaderId) -> String {
    format!("/readers/{id}/approve")
}

/// A refused message or sighting.
#[must_use]
pub fn quarantine_path(id: QuarantineId) -> String {
    format!("/quarantine/{id}")
}

/// Sends a refused message again.
#[must_use]
pub fn quarantine_replay_path(id: QuarantineId) -> String {
    format!("/quarantine/{id}/replay")
}

/// Results for a search.
#[must_use]
pub fn find_path(q: &str) -> String {
    with_query(FIND, &[("q", q)])
}

/// Sign-in page that leads to `next` afterwards.
#[must_use]
pub fn sign_in_path(next: &str) -> String {
    if next == HOME || next.is_empty() {
        SIGN_IN.to_owned()
    } else {
        with_query(SIGN_IN, &[("next", next)])
    }
}

/// Entering the password again, and then back to `next`.
#[must_use]
pub fn sign_in_again_path(next: &str) -> String {
    with_query(SIGN_IN_AGAIN, &[("next", next)])
}

/// One-time link that makes the first administrator.
#[must_use]
pub fn set_up_path(token: &str) -> String {
    format!("/set-up/{token}")
}

/// A static file.
#[must_use]
pub fn static_path(hash: &str, path: &str) -> String {
    format!("/static/{hash}/{path}")
}

/// An address with a query string, values percent-encoded.
#[must_use]
pub fn with_query(path: &str, pairs: &[(&str, &str)]) -> String {
    let encode = |text: &str| {
        percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
    };
    let query: Vec<String> = pairs
        .iter()
        .map(|(name, value)| format!("{}={}", encode(name), encode(value)))
        .collect();
    format!("{path}?{}", query.join("&"))
}

/// How the quantity of an order line is made.
#[must_use]
pub fn order_line_path(id: OrderLineId) -> String {
    format!("/reorder/{id}")
}

/// Links a code to an item, and goes back.
#[must_use]
pub fn scan_link_path(code: &str, back: &str) -> String {
    with_query(SCAN_LINK, &[("code", code), ("back", back)])
}

/// A count.
#[must_use]
pub fn count_path(id: CountSessionId) -> String {
    format!("/counts/{id}")
}

/// A count, at one of its bins.
#[must_use]
pub fn count_bin_path(id: CountSessionId, bin: BinId) -> String {
    with_query(&count_path(id), &[("bin", &bin.to_string())])
}

/// An order that was sent.
#[must_use]
pub fn order_path(id: SupplyOrderId) -> String {
    format!("/orders/{id}")
}

/// Its lines as a file.
#[must_use]
pub fn count_csv_path(id: CountSessionId) -> String {
    format!("/counts/{id}/csv")
}

/// Its lines as a file.
#[must_use]
pub fn order_csv_path(id: SupplyOrderId) -> String {
    format!("/orders/{id}/csv")
}

/// A lot.
#[must_use]
pub fn lot_path(id: LotId) -> String {
    format!("/supplies/lots/{id}")
}

/// Where it is as a file.
#[must_use]
pub fn lot_csv_path(id: LotId) -> String {
    format!("/supplies/lots/{id}/csv")
}

/// What a place holds.
#[must_use]
pub fn stock_place_path(id: StockPlaceId) -> String {
    format!("/supplies/places/{id}")
}

/// Changes it.
#[must_use]
pub fn stock_place_edit_path(id: StockPlaceId) -> String {
    format!("/supplies/places/{id}/edit")
}

/// What readers mean for it.
#[must_use]
pub fn stock_place_setup_path(id: StockPlaceId) -> String {
    format!("/supplies/places/{id}/setup")
}

/// It as a file.
#[must_use]
pub fn stock_place_csv_path(id: StockPlaceId) -> String {
    format!("/supplies/places/{id}/csv")
}

/// An item, seen from a place.
#[must_use]
pub fn item_path(id: ItemId, place: Option<StockPlaceId>) -> String {
    match place {
        Some(place) => format!("/supplies/items/{id}?place={place}"),
        None => format!("/supplies/items/{id}"),
    }
}

/// Its moves at a place as a file.
#[must_use]
pub fn item_csv_path(id: ItemId) -> String {
    format!("/supplies/items/{id}/csv")
}

/// Changes an item.
#[must_use]
pub fn item_edit_path(id: ItemId) -> String {
    format!("/supplies/items/{id}/edit")
}

/// Its packs and codes.
#[must_use]
pub fn item_parts_path(id: ItemId) -> String {
    format!("/supplies/items/{id}/parts")
}

/// Where it is held.
#[must_use]
pub fn item_hold_path(id: ItemId, place: Option<StockPlaceId>) -> String {
    match place {
        Some(place) => format!("/supplies/items/{id}/hold?place={place}"),
        None => format!("/supplies/items/{id}/hold"),
    }
}

/// A supplier.
#[must_use]
pub fn supplier_path(id: SupplierId) -> String {
    format!("/supplies/suppliers/{id}")
}

/// A restocking round.
#[must_use]
pub fn round_path(id: RoundId) -> String {
    format!("/supplies/rounds/{id}")
}

/// How the numbers of its rule at a place are made.
#[must_use]
pub fn item_how_path(id: ItemId, place: StockPlaceId) -> String {
    format!("/supplies/items/{id}/how?place={place}")
}

/// A rule of restocking: of an item or of all, and where it holds.
#[must_use]
pub fn rule_path(item: Option<ItemId>, at: &str) -> String {
    match item {
        Some(id) => with_query(RULE_FORM, &[("item", &id.to_string()), ("at", at)]),
        None => with_query(RULE_FORM, &[("at", at)]),
    }
}

/// What a file of supplies would do.
#[must_use]
pub fn supplies_import_path(key: uuid::Uuid) -> String {
    format!("{SUPPLIES_IMPORT}/{key}")
}
