//! A file on its way in: what the pages of imports share.

use actix_web::HttpResponse;
use actix_web::web::Payload;
use actix_web::{HttpRequest, http::header};

use super::page::Shell;
use super::strings::fill;
use super::wording::grouped;
use super::{PageError, multipart, routes};

/// The parts of a form with a file, sent to `path`.
///
/// # Errors
/// When it is too large or no such form.
pub async fn read_parts(
    path: &str,
    request: &HttpRequest,
    body: Payload,
) -> Result<Vec<multipart::Part>, PageError> {
    let body = body
        .to_bytes_limited(routes::form_bytes_max(path))
        .await
        .map_err(|_| PageError::TooLarge)?
        .map_err(|_| PageError::BadRequest)?;
    multipart::read_form(request.headers(), body)
        .await
        .ok_or(PageError::MediaType)
}

/// The name of a file without folders and without signs that cannot be shown.
#[must_use]
pub fn file_name(part: &multipart::Part) -> String {
    let name = part.file_name.as_deref().unwrap_or_default();
    let name = name.rsplit(['/', '\\']).next().unwrap_or_default();
    name.chars().filter(|c| !c.is_control()).take(120).collect()
}

/// A file to begin with.
#[must_use]
pub fn example(file_name: &str, text: &str) -> HttpResponse {
    let name = format!("attachment; filename=\"{file_name}\"");
    HttpResponse::Ok()
        .insert_header((header::CONTENT_DISPOSITION, name))
        .content_type("text/csv; charset=utf-8; header=present")
        .body(text.replace('\n', "\r\n"))
}

/// "3,200".
#[must_use]
pub fn count(number: usize) -> String {
    grouped(i64::try_from(number).unwrap_or(i64::MAX))
}

/// "100 of 3,200 are shown", when not all are.
#[must_use]
pub fn shown_note(shown: usize, all: usize, shell: &Shell) -> Option<String> {
    (shown < all).then(|| fill(shell.t.tables.shown, &[&count(shown), &count(all)]))
}
