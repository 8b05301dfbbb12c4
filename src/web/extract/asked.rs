//! How the answer is wanted.

use std::convert::Infallible;
use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};

/// How the answer is wanted: the whole page, or one part of it for the page that is open already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    /// htmx asks for a part.
    pub fragment: bool,
    /// Asked by a timer and not by the person: never extends the session (S-13).
    pub poll: bool,
}

impl Asked {
    /// Reads the headers.
    #[must_use]
    pub fn of(request: &HttpRequest) -> Self {
        let has = |name: &str, value: &str| {
            request
                .headers()
                .get(name)
                .is_some_and(|sent| sent.as_bytes() == value.as_bytes())
        };
        Self {
            // A page that htmx restores from its history must be whole.
            fragment: has("hx-request", "true") && !has("hx-history-restore-request", "true"),
            poll: has("wardtrack-poll", "1"),
        }
    }
}

impl FromRequest for Asked {
    type Error = Infallible;
    type Future = Ready<Result<Self, Infallible>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self::of(request)))
    }
}
