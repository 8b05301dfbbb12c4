//! Light or dark: remembered by the browser, changed by a form that needs no script.

use actix_web::{HttpResponse, web};
use serde::Deserialize;

use super::page::{Theme, see_other};
use super::{PageError, cookies, routes};

/// The form in the foot of every page.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ThemeForm {
    theme: String,
    next: String,
}

/// Remembers the choice and goes back to the page.
///
/// # Errors
/// When the cookie cannot be written.
pub async fn choose(form: web::Form<ThemeForm>) -> Result<HttpResponse, PageError> {
    let mut answer = see_other(routes::safe_next(&form.next));
    answer.add_cookie(&cookies::theme(Theme::from_text(&form.theme)))?;
    Ok(answer)
}
