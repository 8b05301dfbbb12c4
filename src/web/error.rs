//! Every error as a page with a next step.
//!
//! A handler returns `Result<_, PageError>` and uses `?`: any error that is not named here becomes a 500 that shows a number only,
//! with the whole chain in the log, or a 503 when the database is away. `crate::web::middleware` renders the page, because it
//! knows who asked.

use std::time::Duration;

use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, ResponseError};

use super::page::see_other;
use super::strings::Strings;

/// Why a request gets no ordinary answer.
#[derive(Debug)]
pub enum PageError {
    /// No such page or thing, or one that this person may not know about.
    NotFound,
    /// The address cannot be used with this method.
    MethodNotAllowed,
    /// The person has not the right.
    Forbidden,
    /// The form's token is missing, old or another session's, or the form comes from another site (S-25).
    FormToken,
    /// Something in the request is missing or wrong.
    BadRequest,
    /// The body is too large (S-30).
    TooLarge,
    /// The body is no form.
    MediaType,
    /// The Host header names another server (S-27).
    WrongHost,
    /// Plain HTTP that did not come through a listed proxy (S-11a).
    NotThroughProxy,
    /// The password was entered too long ago for this (S-16): here it is entered again.
    StepUp(String),
    /// Too many tries.
    TooManyTries(Duration),
    /// No capacity just now (S-06).
    Busy,
    /// Anything else: our fault, or the database is away.
    Other(Box<dyn std::error::Error + Send + Sync>),
}

// Not a `std::error::Error` itself, so that every error can become one by `?`, as anyhow does it.
impl<E: std::error::Error + Send + Sync + 'static> From<E> for PageError {
    fn from(error: E) -> Self {
        Self::Other(Box::new(error))
    }
}

impl std::fmt::Display for PageError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Other(error) => {
                write!(f, "{error}")?;
                let mut cause = error.source();
                while let Some(error) = cause {
                    write!(f, ": {error}")?;
                    cause = error.source();
                }
                Ok(())
            }
            named => write!(f, "{named:?}"),
        }
    }
}

impl ResponseError for PageError {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::StepUp(_) => StatusCode::SEE_OTHER,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::Forbidden | Self::FormToken | Self::NotThroughProxy => StatusCode::FORBIDDEN,
            Self::BadRequest => StatusCode::BAD_REQUEST,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::MediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::WrongHost => StatusCode::MISDIRECTED_REQUEST,
            Self::TooManyTries(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Busy => StatusCode::SERVICE_UNAVAILABLE,
            Self::Other(error) if crate::db::fault::is_unavailable(error.as_ref()) => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            Self::Other(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn error_response(&self) -> HttpResponse {
        if let Self::StepUp(path) = self {
            return see_other(path);
        }
        // No body: the middleware writes the page.
        let mut response = HttpResponse::build(self.status_code());
        let wait = match self {
            Self::TooManyTries(wait) => Some(wait.as_secs().max(1)),
            _ if self.status_code() == StatusCode::SERVICE_UNAVAILABLE => Some(5),
            _ => None,
        };
        if let Some(seconds) = wait {
            response.insert_header((header::RETRY_AFTER, seconds.to_string()));
        }
        response.finish()
    }
}

/// Title and sentence of an error page.
#[must_use]
pub fn words(
    error: Option<&PageError>,
    status: StatusCode,
    t: &Strings,
) -> (&'static str, &'static str) {
    match error {
        Some(PageError::FormToken) => return (t.error.csrf_title, t.error.csrf),
        Some(PageError::NotThroughProxy) => return (t.error.plain_title, t.error.plain),
        _ => {}
    }
    match status {
        StatusCode::NOT_FOUND => (t.error.not_found_title, t.error.not_found),
        StatusCode::METHOD_NOT_ALLOWED => (t.error.method_title, t.error.method),
        StatusCode::FORBIDDEN => (t.error.forbidden_title, t.error.forbidden),
        StatusCode::PAYLOAD_TOO_LARGE => (t.error.too_large_title, t.error.too_large),
        StatusCode::UNSUPPORTED_MEDIA_TYPE => (t.error.media_title, t.error.media),
        StatusCode::MISDIRECTED_REQUEST => (t.error.host_title, t.error.host),
        StatusCode::TOO_MANY_REQUESTS => (t.error.slow_title, t.error.slow),
        StatusCode::SERVICE_UNAVAILABLE => (t.error.busy_title, t.error.busy),
        status if status.is_client_error() => (t.error.bad_title, t.error.bad),
        _ => (t.error.internal_title, t.error.internal),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::DbError;

    #[test]
    fn a_database_that_is_away_is_503_and_any_other_error_500() {
        let away: PageError = DbError::Connect("refused".into()).into();
        assert_eq!(away.status_code(), StatusCode::SERVICE_UNAVAILABLE);
        assert!(away.error_response().headers().contains_key("retry-after"));
        let ours: PageError = std::io::Error::other("a bug").into();
        assert_eq!(ours.status_code(), StatusCode::INTERNAL_SERVER_ERROR);
    }
}
