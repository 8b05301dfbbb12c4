//! Signing in and out, and entering the password again.

use std::net::IpAddr;
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, Responder, web};
use askama::Template;
use chrono::TimeDelta;
use serde::Deserialize;

use super::page::{Page, Problem, Shell, see_other};
use super::strings::fill;
use super::tokens::KnownBrowser;
use super::{PageError, cookies, filters, routes};
use crate::app::App;
use crate::people::accounts::{self, AccountError, SignInOutcome, SignInTry};
use crate::people::password::HashError;
use crate::people::session;
use crate::people::throttle;
use crate::web::extract::{Viewer, Visit};

pub mod again;

/// The sign-in page.
#[derive(Debug, Template)]
#[template(path = "sign_in/index.html")]
pub struct SignInPage {
    /// Frame.
    pub shell: Shell,
    /// The name as typed.
    pub name: String,
    /// Where to go afterwards.
    pub next: String,
    /// What is wrong.
    pub problems: Vec<Problem>,
}

impl SignInPage {
    /// Pages for tests of templates.
    #[must_use]
    pub fn samples() -> Vec<Self> {
        let mut shell = Shell::sample();
        shell.person = None;
        shell.nav_links.clear();
        let wrong = vec![Problem::new("name", shell.t.sign_in.wrong)];
        [Vec::new(), wrong]
            .into_iter()
            .map(|problems| Self {
                shell: shell.clone(),
                name: "kim\"><script>".to_owned(),
                next: routes::find_path("pump"),
                problems,
            })
            .collect()
    }

    fn has_problem(&self, field: &str) -> bool {
        self.problems.iter().any(|problem| problem.field == field)
    }
}

/// The query string.
#[derive(Debug, Deserialize)]
pub struct SignInParams {
    #[serde(default)]
    next: String,
}

/// Shows the form; who is signed in goes on at once.
///
/// # Errors
/// When there is no session, which the access table rules out.
pub async fn form(
    visit: Visit,
    params: web::Query<SignInParams>,
) -> Result<HttpResponse, PageError> {
    let next = routes::safe_next(&params.next).to_owned();
    if visit.viewer.is_some() {
        return Ok(see_other(&next));
    }
    Page::new(SignInPage {
        shell: visit.shell,
        name: String::new(),
        next,
        problems: Vec::new(),
    })
    .render()
}

/// The form.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignInForm {
    name: String,
    password: String,
    #[serde(default)]
    next: String,
}

/// Signs in, or shows the form again with what is wrong.
///
/// # Errors
/// 503 when too many sign in at once, or the database is away.
pub async fn sign_in(
    app: web::Data<App>,
    visit: Visit,
    request: HttpRequest,
    form: web::Form<SignInForm>,
) -> Result<HttpResponse, PageError> {
    let form = form.into_inner();
    let missing = find_missing(&form, &visit.shell);
    if !missing.is_empty() {
        return again(visit, form, missing, StatusCode::UNPROCESSABLE_ENTITY);
    }
    let cookie = request.cookie(cookies::KNOWN_BROWSER);
    let browser = KnownBrowser::parse(cookie.as_ref().map(actix_web::cookie::Cookie::value));
    let account = accounts::account_key(&form.name);
    let attempt = SignInTry {
        name: form.name.clone(),
        password: form.password.clone(),
        place: place_of(&app, &browser, &account, visit.client),
        visitor: visit.token,
    };
    let outcome = accounts::sign_in(&app.db, &app.passwords, attempt, app.clock.now()).await;
    let t = visit.shell.t;
    match outcome {
        Ok(SignInOutcome::SignedIn(token)) => {
            metrics::counter!("sign_ins", "outcome" => "signed_in").increment(1);
            let mut answer = see_other(routes::safe_next(&form.next));
            answer.add_cookie(&cookies::session(&token))?;
            let known = browser.with_account(&app.secret_key, &account);
            answer.add_cookie(&cookies::known_browser(known))?;
            Ok(answer)
        }
        Ok(SignInOutcome::Wrong) => {
            metrics::counter!("sign_ins", "outcome" => "wrong").increment(1);
            let wrong = vec![Problem::new("name", t.sign_in.wrong)];
            again(visit, form, wrong, StatusCode::UNPROCESSABLE_ENTITY)
        }
        Ok(SignInOutcome::Wait(wait)) => {
            let seconds = whole_seconds(wait);
            let words = fill(t.sign_in.wait, &[&wait_words(seconds, &visit.shell)]);
            let mut answer = again(
                visit,
                form,
                vec![Problem::new("name", words)],
                StatusCode::TOO_MANY_REQUESTS,
            )?;
            answer
                .headers_mut()
                .insert(header::RETRY_AFTER, seconds.into());
            Ok(answer)
        }
        Ok(SignInOutcome::NeedsAdmin) => {
            let words = vec![Problem::new("name", t.sign_in.needs_admin)];
            again(visit, form, words, StatusCode::TOO_MANY_REQUESTS)
        }
        Err(AccountError::Hash(HashError::Busy)) => Err(PageError::Busy),
        Err(error) => Err(error.into()),
    }
}

/// Where a try counts (S-07): at the browser when it signed in to the account before, else at its network.
fn place_of(app: &App, browser: &KnownBrowser, account: &str, client: IpAddr) -> String {
    browser
        .id_for(&app.secret_key, account)
        .map_or_else(|| throttle::network_of(client), throttle::place_of_browser)
}

/// Rounded up: who comes back after them is let in.
fn whole_seconds(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
}

fn find_missing(form: &SignInForm, shell: &Shell) -> Vec<Problem> {
    let mut missing = Vec::new();
    if form.name.trim().is_empty() {
        missing.push(Problem::new("name", shell.t.sign_in.name_missing));
    }
    if form.password.is_empty() {
        missing.push(Problem::new("password", shell.t.sign_in.password_missing));
    }
    missing
}

fn wait_words(seconds: u64, shell: &Shell) -> String {
    let length = TimeDelta::seconds(i64::try_from(seconds).unwrap_or(i64::MAX / 1_000));
    if seconds < 60 {
        fill(shell.t.time.seconds, &[&seconds])
    } else {
        // Rounded up: who comes back after the time said is let in.
        filters::length(length + TimeDelta::seconds(59), shell.t)
    }
}

/// The form again, with the name but never the password.
fn again(
    visit: Visit,
    form: SignInForm,
    problems: Vec<Problem>,
    status: StatusCode,
) -> Result<HttpResponse, PageError> {
    Page::new(SignInPage {
        shell: visit.shell,
        name: form.name,
        next: routes::safe_next(&form.next).to_owned(),
        problems,
    })
    .with_status(status)
    .render()
}

/// Signs out: the session ends on the server, and the browser forgets what it kept.
///
/// # Errors
/// When the database cannot be written.
pub async fn sign_out(app: web::Data<App>, viewer: Viewer) -> Result<impl Responder, PageError> {
    let now = app.clock.now();
    accounts::sign_out(&app.db, viewer.user_id, &viewer.token, now).await?;
    app.live.end_session(&viewer.token);
    let mut conn = app.db.conn().await?;
    let visitor = session::insert_session(&mut conn, None, now).await?;
    let words = viewer.shell(super::Nav::None).t.sign_in.signed_out;
    session::set_flash(&mut conn, &visitor.hash(), words).await?;
    let mut answer = see_other(routes::SIGN_IN);
    answer.add_cookie(&cookies::session(&visitor))?;
    // Not "cookies": that would take the mark of a known browser (S-07) and the theme, which are no secrets of the person.
    answer.headers_mut().insert(
        header::CLEAR_SITE_DATA,
        header::HeaderValue::from_static("\"cache\", \"storage\""),
    );
    Ok(answer)
}
