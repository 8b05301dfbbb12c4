//! The one table of addresses: method, pattern, who may call it, and the handler (S-17).
//!
//! actix learns its routes from this table and nowhere else, so an address without an entry does not exist, and
//! `crate::web::middleware` refuses what the entry does not allow. Only `addresses.rs` spells a pattern; templates and handlers take
//! addresses from its functions and constants.

use actix_web::http::Method;
use actix_web::web::{self, ServiceConfig};
use actix_web::{Resource, Route};

mod addresses;

pub use addresses::*;

use super::error::PageError;
use crate::db::types::Role;

/// Who may call an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Everybody; no session is looked up.
    Public,
    /// Everybody with a browser: gets a session without a person, so that forms carry a token (S-25).
    Visitor,
    /// People with one of these roles.
    SignedIn(&'static [Role]),
    /// Readers with a bearer key; the handler checks it. No session, no form token.
    ReaderKey,
    /// Screens on walls with a secret; the handler checks it. No session, nothing to change.
    Screen,
}

/// Everybody who can sign in.
pub const EVERYBODY: Access = Access::SignedIn(Role::ALL);
/// Those who look after devices.
pub const DEVICES: Access = Access::SignedIn(&[Role::Biomed, Role::Admin]);
/// Those who look after supplies.
pub const SUPPLY: Access = Access::SignedIn(&[Role::Supply, Role::Admin]);
/// Those who look after wardtrack.
pub const ADMIN: Access = Access::SignedIn(&[Role::Admin]);

/// Largest form that most addresses take (S-30).
const FORM_BYTES_MAX: usize = 64 * 1024;

/// Largest form that an address takes (S-30): only administrators may send a plan or a list, each sign of which may be sent as three,
/// and only those who look after devices a file.
#[must_use]
pub fn form_bytes_max(path: &str) -> usize {
    match path {
        PLAN_IMPORT => 3 * crate::places::plan::geojson::BYTES_MAX + FORM_BYTES_MAX,
        SYNONYMS_IMPORT => 3 * crate::find::synonyms::file::BYTES_MAX + FORM_BYTES_MAX,
        path if takes_file(path) => crate::csv_text::BYTES_MAX + FORM_BYTES_MAX,
        _ => FORM_BYTES_MAX,
    }
}

/// Whether an address takes forms with a file.
#[must_use]
pub fn takes_file(path: &str) -> bool {
    path == EQUIPMENT_IMPORT || path == SUPPLIES_IMPORT
}

/// One line of the table.
#[derive(Debug)]
pub struct Entry {
    /// Method.
    pub method: Method,
    /// Pattern of the path.
    pub path: &'static str,
    /// Who may call it.
    pub access: Access,
    /// The handler.
    pub route: fn() -> Route,
}

const fn entry(method: Method, path: &'static str, access: Access, route: fn() -> Route) -> Entry {
    Entry {
        method,
        path,
        access,
        route,
    }
}

/// Every address there is. Entries of one path stand together.
#[rustfmt::skip]
pub static TABLE: &[Entry] = &[
    // Pages.
    entry(Method::GET, HOME, EVERYBODY, || web::to(super::home::page)),
    entry(Method::GET, FIND, EVERYBODY, || web::to(super::find::page)),
    entry(Method::POST, ACTS, EVERYBODY, || web::to(super::acts::act)),
    entry(Method::POST, UNDO, EVERYBODY, || web::to(super::acts::undo)),
    entry(Method::POST, ORIGIN, EVERYBODY, || web::to(super::origin::choose)),
    entry(Method::GET, ASSET, EVERYBODY, || web::to(super::assets::page)),
    entry(Method::GET, ASSET_EDIT, DEVICES, || web::to(super::equipment::asset::edit_form)),
    entry(Method::POST, ASSET_EDIT, DEVICES, || web::to(super::equipment::asset::edit)),
    entry(Method::POST, ASSET_STANDING, DEVICES, || web::to(super::equipment::standing::change)),
    entry(Method::POST, ASSET_TAG_ON, DEVICES, || web::to(super::equipment::tagging::put_on)),
    entry(Method::POST, ASSET_TAG_OFF, DEVICES, || web::to(super::equipment::tagging::take_off)),
    entry(Method::GET, EQUIPMENT, EVERYBODY, || web::to(super::equipment::index)),
    entry(Method::GET, EQUIPMENT_ADD, DEVICES, || web::to(super::equipment::asset::add_form)),
    entry(Method::POST, EQUIPMENT_ADD, DEVICES, || web::to(super::equipment::asset::add)),
    entry(Method::GET, TYPES, EVERYBODY, || web::to(super::equipment::types::index)),
    entry(Method::GET, TYPE_ADD, DEVICES, || web::to(super::equipment::types::add_form)),
    entry(Method::POST, TYPE_ADD, DEVICES, || web::to(super::equipment::types::add)),
    entry(Method::GET, TYPE_EDIT, DEVICES, || web::to(super::equipment::types::edit_form)),
    entry(Method::POST, TYPE_EDIT, DEVICES, || web::to(super::equipment::types::edit)),
    entry(Method::POST, TYPE_DELETE, DEVICES, || web::to(super::equipment::types::delete)),
    entry(Method::GET, MODELS, EVERYBODY, || web::to(super::equipment::models::index)),
    entry(Method::GET, MODEL_ADD, DEVICES, || web::to(super::equipment::models::add_form)),
    entry(Method::POST, MODEL_ADD, DEVICES, || web::to(super::equipment::models::add)),
    entry(Method::GET, MODEL_EDIT, DEVICES, || web::to(super::equipment::models::edit_form)),
    entry(Method::POST, MODEL_EDIT, DEVICES, || web::to(super::equipment::models::edit)),
    entry(Method::POST, MODEL_DELETE, DEVICES, || web::to(super::equipment::models::delete)),
    entry(Method::GET, TAGS, EVERYBODY, || web::to(super::equipment::tags::index)),
    entry(Method::GET, TAG, EVERYBODY, || web::to(super::equipment::tags::page)),
    entry(Method::POST, TAG_PUT_ON, DEVICES, || web::to(super::equipment::tags::put_on)),
    entry(Method::GET, ROOMS, EVERYBODY, || web::to(super::rooms::index)),
    entry(Method::GET, ROOM, EVERYBODY, || web::to(super::rooms::page)),
    entry(Method::GET, PLANS, EVERYBODY, || web::to(super::plan::first)),
    entry(Method::GET, PLAN, EVERYBODY, || web::to(super::plan::page)),
    entry(Method::GET, PLAN_GEOJSON, EVERYBODY, || web::to(super::plan::download)),
    entry(Method::GET, PLAN_IMPORT, ADMIN, || web::to(super::plan::import::form)),
    entry(Method::POST, PLAN_IMPORT, ADMIN, || web::to(super::plan::import::import)),
    entry(Method::GET, ALERTS, EVERYBODY, || web::to(super::alerts::page)),
    entry(Method::POST, ALERTS, EVERYBODY, || web::to(super::alerts::act)),
    entry(Method::GET, OWN_MAIL, EVERYBODY, || web::to(super::alerts::mail::page)),
    entry(Method::POST, OWN_MAIL, EVERYBODY, || web::to(super::alerts::mail::save)),
    entry(Method::POST, ALERT_SOUND, EVERYBODY, || web::to(super::alerts::sound::choose)),
    entry(Method::GET, REORDER, SUPPLY, || web::to(super::supplies::reorder::page)),
    entry(Method::POST, REORDER, SUPPLY, || web::to(super::supplies::reorder::act)),
    entry(Method::GET, REORDER_CSV, SUPPLY, || web::to(super::exports::order_lines)),
    entry(Method::GET, REORDER_HOW, SUPPLY, || web::to(super::supplies::how::page)),
    entry(Method::GET, ORDERS, SUPPLY, || web::to(super::supplies::orders::page)),
    entry(Method::GET, ORDERS_CSV, SUPPLY, || web::to(super::exports::sent_orders)),
    entry(Method::GET, ORDER, SUPPLY, || web::to(super::supplies::order::page)),
    entry(Method::POST, ORDER, SUPPLY, || web::to(super::supplies::order::receive)),
    entry(Method::GET, ORDER_CSV, SUPPLY, || web::to(super::exports::sent_order)),
    entry(Method::GET, SUPPLIES, EVERYBODY, || web::to(super::supplies::places::page)),
    entry(Method::GET, SUPPLIES_CSV, EVERYBODY, || web::to(super::exports::stock_places)),
    entry(Method::GET, LOTS, EVERYBODY, || web::to(super::supplies::lots::page)),
    entry(Method::GET, LOTS_CSV, EVERYBODY, || web::to(super::exports::expiring_lots)),
    entry(Method::GET, LOT, EVERYBODY, || web::to(super::supplies::lot::page)),
    entry(Method::POST, LOT, SUPPLY, || web::to(super::supplies::lot::act)),
    entry(Method::GET, LOT_CSV, EVERYBODY, || web::to(super::exports::lot)),
    entry(Method::GET, STOCK_PLACE_ADD, SUPPLY, || web::to(super::supplies::place_edit::add_form)),
    entry(Method::POST, STOCK_PLACE_ADD, SUPPLY, || web::to(super::supplies::place_edit::add)),
    entry(Method::GET, STOCK_PLACE_EDIT, SUPPLY, || web::to(super::supplies::place_edit::edit_form)),
    entry(Method::POST, STOCK_PLACE_EDIT, SUPPLY, || web::to(super::supplies::place_edit::edit)),
    entry(Method::GET, STOCK_PLACE, EVERYBODY, || web::to(super::supplies::place::page)),
    entry(Method::GET, STOCK_PLACE_SETUP, SUPPLY, || web::to(super::supplies::setup::page)),
    entry(Method::POST, STOCK_PLACE_SETUP, SUPPLY, || web::to(super::supplies::setup::change)),
    entry(Method::GET, STOCK_PLACE_CSV, EVERYBODY, || web::to(super::exports::stock_place)),
    entry(Method::GET, ITEMS_CSV, EVERYBODY, || web::to(super::exports::items)),
    entry(Method::GET, ROUNDS, SUPPLY, || web::to(super::supplies::rounds::page)),
    entry(Method::POST, ROUNDS, SUPPLY, || web::to(super::supplies::rounds::add)),
    entry(Method::GET, ROUNDS_CSV, SUPPLY, || web::to(super::exports::rounds)),
    entry(Method::GET, ROUND, SUPPLY, || web::to(super::supplies::rounds::edit_form)),
    entry(Method::POST, ROUND, SUPPLY, || web::to(super::supplies::rounds::edit)),
    entry(Method::GET, ITEM_ADD, SUPPLY, || web::to(super::supplies::item_edit::add_form)),
    entry(Method::POST, ITEM_ADD, SUPPLY, || web::to(super::supplies::item_edit::add)),
    entry(Method::GET, ITEM_EDIT, SUPPLY, || web::to(super::supplies::item_edit::edit_form)),
    entry(Method::POST, ITEM_EDIT, SUPPLY, || web::to(super::supplies::item_edit::edit)),
    entry(Method::POST, ITEM_PARTS, SUPPLY, || web::to(super::supplies::item_edit::parts)),
    entry(Method::GET, ITEM_HOLD, SUPPLY, || web::to(super::supplies::item_hold::page)),
    entry(Method::POST, ITEM_HOLD, SUPPLY, || web::to(super::supplies::item_hold::save)),
    entry(Method::GET, SUPPLIER, SUPPLY, || web::to(super::supplies::supplier::page)),
    entry(Method::POST, SUPPLIER, SUPPLY, || web::to(super::supplies::supplier::save)),
    entry(Method::GET, ITEM, EVERYBODY, || web::to(super::supplies::item::page)),
    entry(Method::POST, ITEM, EVERYBODY, || web::to(super::supplies::item::act)),
    entry(Method::GET, ITEM_HOW, EVERYBODY, || web::to(super::supplies::rule_how::page)),
    entry(Method::GET, ITEM_CSV, EVERYBODY, || web::to(super::exports::stock_moves)),
    entry(Method::GET, COUNTS, SUPPLY, || web::to(super::supplies::counts::page)),
    entry(Method::POST, COUNTS, SUPPLY, || web::to(super::supplies::counts::open)),
    entry(Method::GET, COUNTS_CSV, SUPPLY, || web::to(super::exports::counts)),
    entry(Method::GET, COUNT, SUPPLY, || web::to(super::supplies::counts::session::page)),
    entry(Method::POST, COUNT, SUPPLY, || web::to(super::supplies::counts::act)),
    entry(Method::GET, COUNT_CSV, SUPPLY, || web::to(super::exports::count_lines)),
    entry(Method::GET, SCAN_ISSUE, EVERYBODY, || web::to(super::supplies::scan::issue)),
    entry(Method::POST, SCAN_ISSUE, EVERYBODY, || web::to(super::supplies::scan::issue_scanned)),
    entry(Method::GET, SCAN_RECEIVE, SUPPLY, || web::to(super::supplies::scan::receive)),
    entry(Method::POST, SCAN_RECEIVE, SUPPLY, || web::to(super::supplies::scan::receive_scanned)),
    entry(Method::GET, SCAN_BINS, EVERYBODY, || web::to(super::supplies::scan::bins)),
    entry(Method::POST, SCAN_BINS, EVERYBODY, || web::to(super::supplies::scan::bins_scanned)),
    entry(Method::GET, SCAN_LINK, SUPPLY, || web::to(super::supplies::scan::link::form)),
    entry(Method::POST, SCAN_LINK, SUPPLY, || web::to(super::supplies::scan::link::link)),
    entry(Method::GET, RULES, SUPPLY, || web::to(super::supplies::rules::page)),
    entry(Method::GET, RULES_CSV, SUPPLY, || web::to(super::exports::stock_rules)),
    entry(Method::GET, RULE_NEW, SUPPLY, || web::to(super::supplies::rule_new::page)),
    entry(Method::GET, RULE_FORM, SUPPLY, || web::to(super::supplies::rule_edit::page)),
    entry(Method::POST, RULE_FORM, SUPPLY, || web::to(super::supplies::rule_edit::save)),
    entry(Method::GET, TASKS, EVERYBODY, || web::to(super::tasks::page)),
    entry(Method::GET, HELP, EVERYBODY, || web::to(super::help::page)),
    entry(Method::GET, FAVOURITES, EVERYBODY, || web::to(super::favourites::page)),
    entry(Method::POST, FAVOURITES, EVERYBODY, || web::to(super::favourites::choose)),
    entry(Method::GET, ACCURACY, EVERYBODY, || web::to(super::accuracy::page)),
    entry(Method::GET, ACCURACY_CSV, EVERYBODY, || web::to(super::accuracy::download)),
    entry(Method::GET, BOARD, EVERYBODY, || web::to(super::board::index)),
    entry(Method::GET, BOARD_PAR, EVERYBODY, || web::to(super::board::par::index)),
    entry(Method::POST, BOARD_PAR, DEVICES, || web::to(super::board::par_form::add)),
    entry(Method::GET, BOARD_PAR_NEW, DEVICES, || web::to(super::board::par_form::new)),
    entry(Method::GET, BOARD_PAR_LINE, DEVICES, || web::to(super::board::par_form::edit)),
    entry(Method::POST, BOARD_PAR_LINE, DEVICES, || web::to(super::board::par_form::change)),
    entry(Method::POST, BOARD_PAR_DELETE, DEVICES, || web::to(super::board::par_form::delete)),
    entry(Method::GET, BOARD_PAR_CSV, EVERYBODY, || web::to(super::exports::targets)),
    entry(Method::GET, BOARD_UNIT, EVERYBODY, || web::to(super::board::page)),
    entry(Method::GET, BOARD_SCREENS, DEVICES, || web::to(super::board::screens::list)),
    entry(Method::POST, BOARD_SCREENS, DEVICES, || web::to(super::board::screens::add)),
    entry(Method::POST, BOARD_SCREENS_END, DEVICES, || web::to(super::board::screens::end)),
    entry(Method::GET, BOARD_WALL, EVERYBODY, || web::to(super::board::wall)),
    entry(Method::GET, MORE, EVERYBODY, || web::to(super::more::page)),
    entry(Method::GET, SYNONYMS, ADMIN, || web::to(super::synonyms::index)),
    entry(Method::POST, SYNONYMS, ADMIN, || web::to(super::synonyms::add)),
    entry(Method::GET, SYNONYMS_EXPORT, ADMIN, || web::to(super::synonyms::file::export)),
    entry(Method::GET, SYNONYMS_IMPORT, ADMIN, || web::to(super::synonyms::file::form)),
    entry(Method::POST, SYNONYMS_IMPORT, ADMIN, || web::to(super::synonyms::file::import)),
    entry(Method::GET, SYNONYM, ADMIN, || web::to(super::synonyms::edit)),
    entry(Method::POST, SYNONYM, ADMIN, || web::to(super::synonyms::change)),
    entry(Method::POST, SYNONYM_DELETE, ADMIN, || web::to(super::synonyms::delete)),
    entry(Method::GET, READERS, DEVICES, || web::to(super::readers::index)),
    entry(Method::POST, READER_APPROVE, ADMIN, || web::to(super::readers::approve_reader)),
    entry(Method::GET, DELIVERIES, SUPPLY, || web::to(super::delivery::page)),
    entry(Method::GET, DELIVERIES_CSV, SUPPLY, || web::to(super::exports::deliveries)),
    entry(Method::GET, DELIVERY_SETUP, ADMIN, || web::to(super::delivery::setup)),
    entry(Method::POST, DELIVERY_SETUP, ADMIN, || web::to(super::delivery::act)),
    entry(Method::GET, QUARANTINE, ADMIN, || web::to(super::quarantine::index)),
    entry(Method::GET, QUARANTINE_ROW, ADMIN, || web::to(super::quarantine::page)),
    entry(Method::POST, QUARANTINE_REPLAY, ADMIN, || web::to(super::quarantine::replay)),
    entry(Method::GET, STATUS, EVERYBODY, || web::to(super::status::page)),
    entry(Method::GET, LIVE_EVENTS, EVERYBODY, || web::to(super::sse::events)),
    // Lists as files, with the rights of their pages.
    entry(Method::GET, FIND_CSV, EVERYBODY, || web::to(super::exports::find)),
    entry(Method::GET, ROOMS_CSV, EVERYBODY, || web::to(super::exports::rooms)),
    entry(Method::GET, ROOM_CSV, EVERYBODY, || web::to(super::exports::room)),
    entry(Method::GET, PLAN_CSV, EVERYBODY, || web::to(super::exports::plan)),
    entry(Method::GET, ALERTS_CSV, EVERYBODY, || web::to(super::exports::alerts)),
    entry(Method::GET, TASKS_CSV, EVERYBODY, || web::to(super::exports::tasks)),
    entry(Method::GET, EQUIPMENT_CSV, EVERYBODY, || web::to(super::exports::equipment)),
    entry(Method::GET, TYPES_CSV, EVERYBODY, || web::to(super::exports::types)),
    entry(Method::GET, MODELS_CSV, EVERYBODY, || web::to(super::exports::models)),
    entry(Method::GET, TAGS_CSV, EVERYBODY, || web::to(super::exports::tags)),
    entry(Method::GET, BOARD_CSV, EVERYBODY, || web::to(super::exports::board)),
    entry(Method::GET, READERS_CSV, DEVICES, || web::to(super::exports::readers)),
    entry(Method::GET, QUARANTINE_CSV, ADMIN, || web::to(super::exports::quarantine)),
    // The register, to and fro.
    entry(Method::GET, SUPPLIES_IMPORT, SUPPLY, || web::to(super::supplies::import::form)),
    entry(Method::POST, SUPPLIES_IMPORT, SUPPLY, || web::to(super::supplies::import::upload)),
    entry(Method::GET, SUPPLIES_IMPORT_EXAMPLE, SUPPLY, || web::to(super::supplies::import::example)),
    entry(Method::GET, SUPPLIES_IMPORT_REPORT, SUPPLY, || web::to(super::supplies::import::report)),
    entry(Method::POST, SUPPLIES_IMPORT_REPORT, SUPPLY, || web::to(super::supplies::import::apply)),
    entry(Method::GET, SUPPLIES_IMPORT_ERRORS, SUPPLY, || web::to(super::supplies::import::faults)),
    entry(Method::GET, EQUIPMENT_IMPORT, DEVICES, || web::to(super::equipment_import::form)),
    entry(Method::POST, EQUIPMENT_IMPORT, DEVICES, || web::to(super::equipment_import::upload)),
    entry(Method::GET, EQUIPMENT_IMPORT_EXAMPLE, DEVICES, || web::to(super::equipment_import::example)),
    entry(Method::GET, EQUIPMENT_IMPORT_REPORT, DEVICES, || web::to(super::equipment_import::report)),
    entry(Method::POST, EQUIPMENT_IMPORT_REPORT, DEVICES, || web::to(super::equipment_import::apply)),
    entry(Method::GET, EQUIPMENT_IMPORT_ERRORS, DEVICES, || web::to(super::equipment_import::faults)),
    entry(Method::GET, ASSET_LABELS, EVERYBODY, || web::to(super::labels::assets)),
    entry(Method::GET, FAULT_TAG, EVERYBODY, || web::to(super::fault_tag::page)),
    entry(Method::GET, ROOM_LABELS, EVERYBODY, || web::to(super::labels::rooms)),
    // Coming and going.
    entry(Method::GET, SIGN_IN, Access::Visitor, || web::to(super::sign_in::form)),
    entry(Method::POST, SIGN_IN, Access::Visitor, || web::to(super::sign_in::sign_in)),
    entry(Method::GET, SIGN_IN_AGAIN, EVERYBODY, || web::to(super::sign_in::again::form)),
    entry(Method::POST, SIGN_IN_AGAIN, EVERYBODY, || web::to(super::sign_in::again::enter)),
    entry(Method::POST, SIGN_OUT, EVERYBODY, || web::to(super::sign_in::sign_out)),
    entry(Method::GET, SET_UP, Access::Visitor, || web::to(super::set_up::form)),
    entry(Method::POST, SET_UP, Access::Visitor, || web::to(super::set_up::set_up)),
    entry(Method::POST, THEME, Access::Visitor, || web::to(super::theme::choose)),
    // Readers.
    entry(Method::POST, INGEST, Access::ReaderKey, || web::to(super::ingest::sightings)),
    // Screens on walls.
    entry(Method::GET, WALL, Access::Screen, || web::to(super::board::screens::show)),
    entry(Method::GET, WALL_OPEN, Access::Screen, || web::to(super::board::screens::open)),
    // Everybody.
    entry(Method::GET, STATIC, Access::Public, || web::to(super::static_files::file)),
    entry(Method::GET, LIVE, Access::Public, || web::to(super::health::live)),
];

/// What the table says about a request.
#[derive(Clone, Copy, Debug)]
pub enum Found {
    /// Its entry.
    Entry(&'static Entry),
    /// The path exists, but not with this method.
    OtherMethod,
    /// No such path.
    Nothing,
}

/// Looks up the entry of a method and pattern.
#[must_use]
pub fn find_entry(method: &Method, pattern: Option<&str>) -> Found {
    let Some(pattern) = pattern else {
        return Found::Nothing;
    };
    let mut found = Found::Nothing;
    for entry in TABLE.iter().filter(|entry| entry.path == pattern) {
        if entry.method == method {
            return Found::Entry(entry);
        }
        found = Found::OtherMethod;
    }
    found
}

/// Whether a role may open a page of the navigation.
#[must_use]
pub fn may_open(role: Role, path: &str) -> bool {
    TABLE.iter().any(|entry| {
        entry.method == Method::GET
            && entry.path == path
            && matches!(entry.access, Access::SignedIn(roles) if roles.contains(&role))
    })
}

/// A `next` address that may be redirected to: a path of ours and nothing that a browser could read as another site (S-28).
#[must_use]
pub fn safe_next(next: &str) -> &str {
    let is_path = next.starts_with('/')
        && !next.starts_with("//")
        && !next.contains('\\')
        && !next.chars().any(char::is_control)
        && next.len() <= 2_000;
    let leads_back = [SIGN_IN, SIGN_OUT, THEME, ORIGIN, ACTS, UNDO, LIVE_EVENTS]
        .iter()
        .any(|path| next.starts_with(path));
    if is_path && !leads_back { next } else { HOME }
}

/// Registers the addresses of the internal listener (S-58). They carry no session; the listener's address is their protection.
pub fn register_internal(config: &mut ServiceConfig) {
    config
        .route(LIVE, web::get().to(super::health::live))
        .route(READY, web::get().to(super::health::ready))
        .route(METRICS, web::get().to(super::health::metrics));
}

/// Registers every route of the table.
pub fn register(config: &mut ServiceConfig) {
    for lines in TABLE.chunk_by(|one, next| one.path == next.path) {
        let Some(first) = lines.first() else { continue };
        let resource = lines
            .iter()
            .fold(web::resource(first.path), |resource: Resource, line| {
                resource.route((line.route)().method(line.method.clone()))
            });
        config.service(resource.default_service(web::to(|| async {
            Err::<actix_web::HttpResponse, PageError>(PageError::MethodNotAllowed)
        })));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s28_next_leads_to_our_own_pages_only() {
        for (next, safe) in [
            ("/", "/"),
            ("/find?q=pump&near=unit", "/find?q=pump&near=unit"),
            ("", "/"),
            ("find", "/"),
            ("//evil.example", "/"),
            ("/\\evil.example", "/"),
            ("/a\\b", "/"),
            ("/\t/evil.example", "/"),
            ("/a\r\nSet-Cookie: x=1", "/"),
            ("https://evil.example", "/"),
            ("javascript:alert(1)", "/"),
            ("/sign-in?next=/sign-in", "/"),
        ] {
            assert_eq!(safe_next(next), safe, "{next:?}");
        }
    }

    #[test]
    fn s17_every_path_stands_together_and_once_per_method() {
        let mut seen: Vec<(&Method, &str)> = Vec::new();
        let mut closed: Vec<&str> = Vec::new();
        for (one, next) in TABLE
            .iter()
            .zip(TABLE.iter().skip(1).map(Some).chain([None]))
        {
            assert!(
                !seen.contains(&(&one.method, one.path)),
                "{} twice",
                one.path
            );
            assert!(!closed.contains(&one.path), "{} stands apart", one.path);
            seen.push((&one.method, one.path));
            if next.is_none_or(|next| next.path != one.path) {
                closed.push(one.path);
            }
        }
    }

    #[test]
    fn s17_nothing_is_open_but_what_the_list_says() {
        let open: Vec<&str> = TABLE
            .iter()
            .filter(|entry| !matches!(entry.access, Access::SignedIn(_)))
            .map(|entry| entry.path)
            .collect();
        for path in &open {
            assert!(
                [
                    SIGN_IN, SET_UP, THEME, STATIC, LIVE, INGEST, WALL, WALL_OPEN
                ]
                .contains(path),
                "{path} is open to everybody"
            );
        }
    }

    #[test]
    fn addresses_are_encoded() {
        assert_eq!(find_path("a b&c=/"), "/find?q=a%20b%26c%3D%2F");
        assert_eq!(sign_in_path("/find?q=x"), "/sign-in?next=%2Ffind%3Fq%3Dx");
        assert_eq!(sign_in_path("/"), "/sign-in");
    }
}
