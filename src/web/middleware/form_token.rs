//! Requests that change something come from our own pages, in this session (S-25).

use std::time::Duration;

use actix_web::dev::{Payload, ServiceRequest};
use actix_web::http::header;
use actix_web::web::{Bytes, BytesMut};
use actix_web::{HttpMessage, http::header::HeaderMap};
use futures_util::StreamExt;

use crate::config::Secret;
use crate::people::session::TokenHash;
use crate::web::site::Site;
use crate::web::{PageError, multipart, routes, tokens};

/// How long a form may take to arrive (S-30).
const FORM_TIME_MAX: Duration = Duration::from_secs(30);

/// Checks where the request comes from and its token, and takes the token out of the form, so that handlers may refuse every field
/// that they do not know (S-20).
///
/// # Errors
/// Says what is missing.
pub async fn check(
    request: &mut ServiceRequest,
    site: &Site,
    key: &Secret,
    session: &TokenHash,
    bytes_max: usize,
) -> Result<(), PageError> {
    if !is_from_own_page(request.headers(), site) {
        return Err(PageError::FormToken);
    }
    // Only a form: what other sites can send without asking first must carry a token that they do not have, and text/plain must
    // not pass for one.
    let pattern = request.match_pattern().unwrap_or_default();
    let is_file = request.content_type() == "multipart/form-data" && routes::takes_file(&pattern);
    if !is_file && request.content_type() != "application/x-www-form-urlencoded" {
        return Err(PageError::MediaType);
    }
    let body = tokio::time::timeout(FORM_TIME_MAX, read(request.take_payload(), bytes_max))
        .await
        .map_err(|_| PageError::BadRequest)??;
    if is_file {
        check_file_form(request, key, session, &body).await?;
        // The handler reads the parts itself, and finds the token among them.
        request.set_payload(Payload::from(body));
        return Ok(());
    }
    let form = std::str::from_utf8(&body).map_err(|_| PageError::BadRequest)?;
    let in_header = request
        .headers()
        .get("x-csrf-token")
        .and_then(|value| value.to_str().ok());
    let in_form = form.split('&').find_map(|pair| pair.strip_prefix("csrf="));
    let token = in_header.or(in_form).ok_or(PageError::FormToken)?;
    let token = percent_encoding::percent_decode_str(token).decode_utf8_lossy();
    if !tokens::is_form_token(key, session, &token) {
        return Err(PageError::FormToken);
    }
    let rest: Vec<&str> = form
        .split('&')
        .filter(|pair| !pair.starts_with("csrf="))
        .collect();
    let rest = Bytes::from(rest.join("&"));
    request
        .headers_mut()
        .insert(header::CONTENT_LENGTH, rest.len().into());
    request.set_payload(Payload::from(rest));
    Ok(())
}

/// The token of a form that sends a file.
async fn check_file_form(
    request: &ServiceRequest,
    key: &Secret,
    session: &TokenHash,
    body: &Bytes,
) -> Result<(), PageError> {
    let parts = multipart::read_form(request.headers(), body.clone())
        .await
        .ok_or(PageError::BadRequest)?;
    let token = parts.iter().find(|part| part.name == "csrf");
    let token = token.and_then(multipart::Part::text);
    if token.is_some_and(|token| tokens::is_form_token(key, session, token)) {
        Ok(())
    } else {
        Err(PageError::FormToken)
    }
}

/// Browsers say where a request comes from, and pages cannot change what they say. A request that says nothing is refused.
fn is_from_own_page(headers: &HeaderMap, site: &Site) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    match (text("sec-fetch-site"), text("origin")) {
        (Some(from), _) => matches!(from, "same-origin" | "none"),
        (None, Some(origin)) => site.is_own_origin(origin),
        (None, None) => false,
    }
}

async fn read(mut payload: Payload, bytes_max: usize) -> Result<Bytes, PageError> {
    let mut body = BytesMut::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|_| PageError::BadRequest)?;
        if body.len() + chunk.len() > bytes_max {
            return Err(PageError::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}
