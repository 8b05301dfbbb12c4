//! The one-time link that makes the first administrator (S-09).

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use super::page::{Page, Problem, Shell, see_other};
use super::strings::{Strings, fill};
use super::{PageError, routes};
use crate::app::App;
use crate::db::types::Role;
use crate::people::accounts::{self, AccountError, SetUp};
use crate::people::model::{NewUser, SignInName};
use crate::people::password::{HashError, PasswordUnfit};
use crate::people::session::{self, Token, TokenHash};
use crate::people::store;
use crate::web::extract::Visit;

/// The form.
#[derive(Debug, Template)]
#[template(path = "sign_in/set_up.html")]
pub struct SetUpPage {
    /// Frame.
    pub shell: Shell,
    /// The name as typed.
    pub name: String,
    /// The person's name as typed.
    pub display_name: String,
    /// What is wrong.
    pub problems: Vec<Problem>,
}

impl SetUpPage {
    /// A page for tests of templates.
    #[must_use]
    pub fn sample() -> Self {
        let shell = Shell::sample();
        let problems = vec![Problem::new("password", shell.t.password.common)];
        Self {
            shell,
            name: "kim".to_owned(),
            display_name: "Kim <Meyer>".to_owned(),
            problems,
        }
    }

    fn has_problem(&self, field: &str) -> bool {
        self.problems.iter().any(|problem| problem.field == field)
    }
}

/// A link that does not work.
#[derive(Debug, Template)]
#[template(path = "sign_in/set_up_dead.html")]
pub struct DeadLinkPage {
    /// Frame.
    pub shell: Shell,
}

/// Shows the form while the link works.
///
/// # Errors
/// When the database cannot be read.
pub async fn form(
    app: web::Data<App>,
    visit: Visit,
    request: HttpRequest,
) -> Result<HttpResponse, PageError> {
    match find_link(&app, &request).await? {
        Some(_) => Page::new(SetUpPage {
            shell: visit.shell,
            name: String::new(),
            display_name: String::new(),
            problems: Vec::new(),
        })
        .render(),
        None => dead(visit),
    }
}

/// The form's fields.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetUpForm {
    name: String,
    display_name: String,
    password: String,
}

/// Makes the administrator.
///
/// # Errors
/// When the database cannot be written, or too many passwords are hashed at once.
pub async fn set_up(
    app: web::Data<App>,
    visit: Visit,
    request: HttpRequest,
    form: web::Form<SetUpForm>,
) -> Result<HttpResponse, PageError> {
    let form = form.into_inner();
    let Some(link) = find_link(&app, &request).await? else {
        return dead(visit);
    };
    let t = visit.shell.t;
    let name = match find_problems(&app, &form, t).await? {
        Ok(name) => name,
        Err(problems) => return again(visit, form, problems),
    };
    let hash = app
        .passwords
        .enter()
        .map_err(|_| PageError::Busy)?
        .hash(form.password.clone())
        .await
        .map_err(busy_or_other)?;
    let admin = NewUser {
        sign_in_name: &name,
        display_name: form.display_name.trim(),
        role: Role::Admin,
        home_unit_id: None,
    };
    match accounts::set_up_admin(&app.db, &link, &admin, &hash, app.clock.now()).await? {
        SetUp::Done(_) => {
            let mut conn = app.db.conn().await?;
            session::set_flash(&mut conn, &visit.token, t.set_up.done).await?;
            Ok(see_other(routes::SIGN_IN))
        }
        SetUp::NameTaken => {
            let taken = vec![Problem::new("name", t.set_up.name_taken)];
            again(visit, form, taken)
        }
        SetUp::Dead => dead(visit),
    }
}

fn busy_or_other(error: HashError) -> PageError {
    match error {
        HashError::Busy => PageError::Busy,
        other => other.into(),
    }
}

async fn find_link(app: &App, request: &HttpRequest) -> Result<Option<TokenHash>, PageError> {
    let Some(token) = request.match_info().get("token").and_then(Token::parse) else {
        return Ok(None);
    };
    let conn = app.db.conn().await?;
    let alive = store::is_setup_link_alive(&conn, &token.hash(), app.clock.now()).await?;
    Ok(alive.then(|| token.hash()))
}

async fn find_problems(
    app: &App,
    form: &SetUpForm,
    t: &Strings,
) -> Result<Result<SignInName, Vec<Problem>>, AccountError> {
    let mut problems = Vec::new();
    let name = SignInName::parse(&form.name);
    if name.is_none() {
        problems.push(Problem::new("name", t.set_up.name_wrong));
    }
    let display_name = form.display_name.trim();
    if display_name.is_empty() || display_name.chars().count() > 120 {
        problems.push(Problem::new("display_name", t.set_up.display_name_wrong));
    }
    let checked =
        accounts::check_password(&app.db, &form.password, &form.name, display_name).await?;
    if let Err(unfit) = checked {
        problems.push(Problem::new("password", password_words(unfit, t)));
    }
    Ok(match name {
        Some(name) if problems.is_empty() => Ok(name),
        _ => Err(problems),
    })
}

/// What is wrong with a new password, in the words of the catalogue.
#[must_use]
pub fn password_words(unfit: PasswordUnfit, t: &Strings) -> String {
    match unfit {
        PasswordUnfit::TooShort(length) => fill(t.password.too_short, &[&length]),
        PasswordUnfit::TooLong(length) => fill(t.password.too_long, &[&length]),
        PasswordUnfit::Common => t.password.common.to_owned(),
        PasswordUnfit::TooFewLeft => t.password.too_few_left.to_owned(),
    }
}

fn again(visit: Visit, form: SetUpForm, problems: Vec<Problem>) -> Result<HttpResponse, PageError> {
    Page::new(SetUpPage {
        shell: visit.shell,
        name: form.name,
        display_name: form.display_name,
        problems,
    })
    .with_status(StatusCode::UNPROCESSABLE_ENTITY)
    .render()
}

fn dead(visit: Visit) -> Result<HttpResponse, PageError> {
    Page::new(DeadLinkPage { shell: visit.shell })
        .with_status(StatusCode::NOT_FOUND)
        .render()
}
