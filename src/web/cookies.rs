//! The cookies that wardtrack sets. The `__Host-` prefix makes browsers refuse them from neighbours of our host.

use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};

use crate::people::session::Token;
use crate::web::page::Theme;

/// Session (S-11).
pub const SESSION: &str = "__Host-wt";
/// Browser that has signed in before (S-07).
pub const KNOWN_BROWSER: &str = "__Host-wt-known";
/// A screen on a wall.
pub const SCREEN: &str = "__Host-wt-wall";
/// Light or dark.
pub const THEME: &str = "wt-theme";

/// From where "nearest" is measured.
pub const ORIGIN: &str = "wt-from";

fn plain(name: &'static str, value: String) -> Cookie<'static> {
    Cookie::build(name, value)
        .path("/")
        .secure(true)
        .http_only(true)
        .same_site(SameSite::Lax)
        .finish()
}

/// The session's cookie, until the browser is closed; the server ends the session earlier (S-13).
#[must_use]
pub fn session(token: &Token) -> Cookie<'static> {
    plain(SESSION, token.expose().to_owned())
}

/// The mark of a known browser, for a year.
#[must_use]
pub fn known_browser(value: String) -> Cookie<'static> {
    let mut cookie = plain(KNOWN_BROWSER, value);
    cookie.set_max_age(Duration::days(365));
    cookie
}

/// The secret of a screen on a wall, for a year; the server ends it earlier.
#[must_use]
pub fn screen(secret: &Token) -> Cookie<'static> {
    let mut cookie = plain(SCREEN, secret.expose().to_owned());
    cookie.set_max_age(Duration::days(365));
    cookie
}

/// The chosen theme, for a year; none for the device's.
#[must_use]
pub fn theme(theme: Theme) -> Cookie<'static> {
    let mut cookie = plain(THEME, theme.as_str().to_owned());
    if theme == Theme::System {
        cookie.make_removal();
    } else {
        cookie.set_max_age(Duration::days(365));
    }
    cookie
}

/// The chosen place that "nearest" is measured from, for a day: shared workstations stay where they are, people do not.
#[must_use]
pub fn origin(place: &str) -> Cookie<'static> {
    let mut cookie = plain(ORIGIN, place.to_owned());
    cookie.set_max_age(Duration::days(1));
    cookie
}
