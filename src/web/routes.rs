//! The one table of addresses: method, pattern, who may call it, and the handler (S-17).
//!
//! actix learns its routes from this table and nowhere else, so an address without an entry does not exist, and
//! `crate::web::middleware` refuses what the entry does not allow. No other file spells a pattern; templates and handlers take
//! addresses from the functions and constants below.

use actix_web::http::Method;
use actix_web::web::{self, ServiceConfig};
use actix_web::{Resource, Route};

use super::error::PageError;
use crate::db::types::Role;
use crate::ids::{AssetId, AssetTypeId, FloorId, QuarantineId, ReaderId, RoomId};

/// Start page.
pub const HOME: &str = "/";
/// Search results, `?q=`.
pub const FIND: &str = "/find";
/// Rooms by floor, `?floor=`.
pub const ROOMS: &str = "/rooms";
/// Readers.
pub const READERS: &str = "/readers";
/// Refused input.
pub const QUARANTINE: &str = "/quarantine";
/// System status.
pub const STATUS: &str = "/status";
/// Signing in, `?next=`.
pub const SIGN_IN: &str = "/sign-in";
/// Signing out.
pub const SIGN_OUT: &str = "/sign-out";
/// Light or dark.
pub const THEME: &str = "/theme";
/// Whether the process runs.
pub const LIVE: &str = "/live";
/// On the internal address: whether the process can work.
pub const READY: &str = "/ready";
/// On the internal address: figures for Prometheus.
pub const METRICS: &str = "/metrics";

const ASSET: &str = "/assets/{id}";
const ROOM: &str = "/rooms/{id}";
const READER_APPROVE: &str = "/readers/{id}/approve";
const QUARANTINE_ROW: &str = "/quarantine/{id}";
const QUARANTINE_REPLAY: &str = "/quarantine/{id}/replay";
const SET_UP: &str = "/set-up/{token}";
const STATIC: &str = "/static/{hash}/{path:.*}";
/// Sightings by HTTP (ingest contract v1).
pub const INGEST: &str = "/ingest/v1/sightings";

/// Page of an asset.
#[must_use]
pub fn asset_path(id: AssetId) -> String {
    format!("/assets/{id}")
}

/// Page of a room.
#[must_use]
pub fn room_path(id: RoomId) -> String {
    format!("/rooms/{id}")
}

/// The rooms of a floor.
#[must_use]
pub fn floor_path(id: FloorId) -> String {
    with_query(ROOMS, &[("floor", &id.to_string())])
}

/// All assets of a type.
#[must_use]
pub fn type_path(id: AssetTypeId) -> String {
    with_query(FIND, &[("type", &id.to_string())])
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
}

/// Everybody who can sign in.
pub const EVERYBODY: Access = Access::SignedIn(Role::ALL);
/// Those who look after devices.
pub const DEVICES: Access = Access::SignedIn(&[Role::Biomed, Role::Admin]);
/// Those who look after wardtrack.
pub const ADMIN: Access = Access::SignedIn(&[Role::Admin]);

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
    entry(Method::GET, ASSET, EVERYBODY, || web::to(super::assets::page)),
    entry(Method::GET, ROOMS, EVERYBODY, || web::to(super::rooms::index)),
    entry(Method::GET, ROOM, EVERYBODY, || web::to(super::rooms::page)),
    entry(Method::GET, READERS, DEVICES, || web::to(super::readers::index)),
    entry(Method::POST, READER_APPROVE, ADMIN, || web::to(super::readers::approve_reader)),
    entry(Method::GET, QUARANTINE, ADMIN, || web::to(super::quarantine::index)),
    entry(Method::GET, QUARANTINE_ROW, ADMIN, || web::to(super::quarantine::page)),
    entry(Method::POST, QUARANTINE_REPLAY, ADMIN, || web::to(super::quarantine::replay)),
    entry(Method::GET, STATUS, EVERYBODY, || web::to(super::status::page)),
    // Coming and going.
    entry(Method::GET, SIGN_IN, Access::Visitor, || web::to(super::sign_in::form)),
    entry(Method::POST, SIGN_IN, Access::Visitor, || web::to(super::sign_in::sign_in)),
    entry(Method::POST, SIGN_OUT, EVERYBODY, || web::to(super::sign_in::sign_out)),
    entry(Method::GET, SET_UP, Access::Visitor, || web::to(super::set_up::form)),
    entry(Method::POST, SET_UP, Access::Visitor, || web::to(super::set_up::set_up)),
    entry(Method::POST, THEME, Access::Visitor, || web::to(super::theme::choose)),
    // Readers.
    entry(Method::POST, INGEST, Access::ReaderKey, || web::to(super::ingest::sightings)),
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
    let leads_back = [SIGN_IN, SIGN_OUT, THEME]
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
                [SIGN_IN, SET_UP, THEME, STATIC, LIVE, INGEST].contains(path),
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
