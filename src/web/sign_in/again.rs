//! Entering the password again before a change that needs it (S-16, `docs/adr/0018-step-up.md`).

use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use super::{SignInParams, place_of, wait_words, whole_seconds};
use crate::app::App;
use crate::people::accounts::{self, AccountError, StepUpOutcome, StepUpTry};
use crate::people::password::HashError;
use crate::people::session::{self, FRESH_MAX, Token};
use crate::people::store::find_user_by_id;
use crate::web::extract::{Viewer, Visit};
use crate::web::page::{Nav, Page, Problem, Shell, see_other};
use crate::web::strings::fill;
use crate::web::tokens::KnownBrowser;
use crate::web::{PageError, cookies, routes};

/// The page.
#[derive(Debug, Template)]
#[template(path = "sign_in/again.html")]
pub struct AgainPage {
    /// Frame.
    pub shell: Shell,
    /// Why.
    pub lead: String,
    /// "You are signed in as Kim Meyer."
    pub who: String,
    /// Where to go afterwards.
    pub next: String,
    /// What is wrong.
    pub problems: Vec<Problem>,
}

impl AgainPage {
    fn new(shell: Shell, next: &str, problems: Vec<Problem>) -> Self {
        let t = &shell.t.sign_in;
        let name = shell.person.as_ref().map(|person| person.name.as_str());
        Self {
            lead: fill(t.again_lead, &[&FRESH_MAX.num_minutes()]),
            who: fill(t.again_who, &[&name.unwrap_or_default()]),
            next: routes::safe_next(next).to_owned(),
            problems,
            shell,
        }
    }

    /// Pages for tests of templates.
    #[must_use]
    pub fn samples() -> Vec<Self> {
        let shell = Shell::sample_for(crate::db::types::Role::Admin);
        let wrong = vec![Problem::new("password", shell.t.sign_in.again_wrong)];
        [Vec::new(), wrong]
            .into_iter()
            .map(|problems| Self::new(shell.clone(), &routes::find_path("\"><b>"), problems))
            .collect()
    }
}

/// `GET /sign-in/again?next=`: the form; who entered the password lately goes on at once.
///
/// # Errors
/// Never.
pub async fn form(
    viewer: Viewer,
    params: web::Query<SignInParams>,
) -> Result<HttpResponse, PageError> {
    if viewer.is_fresh() {
        return Ok(see_other(routes::safe_next(&params.next)));
    }
    Page::new(AgainPage::new(
        viewer.shell(Nav::None),
        &params.next,
        Vec::new(),
    ))
    .render()
}

/// The form. It has no name: the password is that of whoever is signed in.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AgainForm {
    password: String,
    #[serde(default)]
    next: String,
}

/// `POST /sign-in/again`
///
/// # Errors
/// 503 when too many sign in at once, or the database is away.
pub async fn enter(
    app: web::Data<App>,
    viewer: Viewer,
    visit: Visit,
    request: HttpRequest,
    form: web::Form<AgainForm>,
) -> Result<HttpResponse, PageError> {
    let form = form.into_inner();
    let shell = viewer.shell(Nav::None);
    let t = &shell.t.sign_in;
    let unfit = StatusCode::UNPROCESSABLE_ENTITY;
    if form.password.is_empty() {
        return again(&viewer, &form.next, t.password_missing, unfit);
    }
    let user = find_user_by_id(&*app.db.conn().await?, viewer.user_id).await?;
    let Some(user) = user else {
        return Ok(see_other(routes::SIGN_IN));
    };
    let cookie = request.cookie(cookies::KNOWN_BROWSER);
    let browser = KnownBrowser::parse(cookie.as_ref().map(actix_web::cookie::Cookie::value));
    let attempt = StepUpTry {
        user: &user,
        password: form.password,
        place: place_of(&app, &browser, &user.sign_in_name, visit.client),
        session: viewer.token,
    };
    let outcome = accounts::step_up(&app.db, &app.passwords, attempt, app.clock.now()).await;
    match outcome {
        Ok(StepUpOutcome::Done(token)) => {
            let words = fill(t.again_done, &[&FRESH_MAX.num_minutes()]);
            let known = browser.with_account(&app.secret_key, &user.sign_in_name);
            go_on(&app, &viewer, &token, known, (&words, &form.next)).await
        }
        Ok(StepUpOutcome::Wrong) => again(&viewer, &form.next, t.again_wrong, unfit),
        Ok(StepUpOutcome::Wait(wait)) => {
            let seconds = whole_seconds(wait);
            let words = fill(t.wait, &[&wait_words(seconds, &shell)]);
            let status = StatusCode::TOO_MANY_REQUESTS;
            let mut answer = again(&viewer, &form.next, &words, status)?;
            let headers = answer.headers_mut();
            headers.insert(header::RETRY_AFTER, seconds.into());
            Ok(answer)
        }
        Ok(StepUpOutcome::NeedsAdmin) => {
            let status = StatusCode::TOO_MANY_REQUESTS;
            again(&viewer, &form.next, t.needs_admin, status)
        }
        Ok(StepUpOutcome::Ended) => {
            let next = routes::safe_next(&form.next);
            Ok(see_other(&routes::sign_in_path(next)))
        }
        Err(AccountError::Hash(HashError::Busy)) => Err(PageError::Busy),
        Err(error) => Err(error.into()),
    }
}

/// On to where the person wanted to, with the new id. Pages that are open under the old one end, as after signing out.
async fn go_on(
    app: &App,
    viewer: &Viewer,
    token: &Token,
    known_browser: String,
    (words, next): (&str, &str),
) -> Result<HttpResponse, PageError> {
    app.live.end_session(&viewer.token);
    session::set_flash(&mut *app.db.conn().await?, &token.hash(), words).await?;
    let mut answer = see_other(routes::safe_next(next));
    answer.add_cookie(&cookies::session(token))?;
    answer.add_cookie(&cookies::known_browser(known_browser))?;
    Ok(answer)
}

/// The form again, with what is wrong.
fn again(
    viewer: &Viewer,
    next: &str,
    words: &str,
    status: StatusCode,
) -> Result<HttpResponse, PageError> {
    let problems = vec![Problem::new("password", words)];
    Page::new(AgainPage::new(viewer.shell(Nav::None), next, problems))
        .with_status(status)
        .render()
}
