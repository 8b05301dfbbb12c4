//! A person's own mail address for alerts: set, tried out, taken away by that person alone.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;

use crate::app::App;
use crate::db::again::again;
use crate::delivery::own::{
    OwnMail, OwnMailAct, OwnMailForm, OwnMailRefusal, find_own_mail, perform_own_mail_form,
};
use crate::ids::DestinationId;
use crate::live::Topic;
use crate::web::acts::new_key;
use crate::web::extract::Viewer;
use crate::web::fields::{BadField, Fields};
use crate::web::filters;
use crate::web::page::{Nav, Page, Problem, Shell, role_name, see_other};
use crate::web::strings::fill;
use crate::web::{PageError, routes};

/// The page.
#[derive(Debug, Template)]
#[template(path = "alerts/mail.html")]
pub struct OwnMailPage {
    /// Frame.
    pub shell: Shell,
    /// What a route has to name.
    pub role: &'static str,
    /// The address that mail goes to now.
    pub address: Option<String>,
    /// That the last tries failed.
    pub is_failing: bool,
    /// What is wrong.
    pub problems: Vec<Problem>,
    /// What the field says.
    pub value: String,
    /// Idempotency key of the address.
    pub set_key: String,
    /// Idempotency key of the test.
    pub test_key: String,
    /// Idempotency key of taking it away.
    pub away_key: String,
}

/// `GET /alerts/mail`
///
/// # Errors
/// When the database fails.
pub async fn page(app: web::Data<App>, viewer: Viewer) -> Result<Page<OwnMailPage>, PageError> {
    let found = find_own_mail(&*app.db.conn().await?, viewer.user_id).await?;
    let shell = viewer.shell(Nav::Alerts);
    Ok(Page::new(OwnMailPage::new(
        shell,
        role_name(viewer.role, viewer.shell(Nav::Alerts).t),
        found.as_ref(),
    )))
}

/// `POST /alerts/mail`
///
/// # Errors
/// When the database fails.
pub async fn save(
    app: web::Data<App>,
    viewer: Viewer,
    body: web::Bytes,
) -> Result<HttpResponse, PageError> {
    let shell = viewer.shell(Nav::Alerts);
    let t = &shell.t.own_mail;
    let sent = Fields::parse(&body, &["act", "address"]).and_then(|fields| {
        let key = fields.key()?;
        let is_known = matches!(fields.text("act").as_str(), "set" | "test" | "away");
        is_known
            .then(|| (key, fields.text("act"), fields.text("address")))
            .ok_or_else(|| BadField("act".to_owned()))
    });
    let (key, act, address) = match sent {
        Ok(sent) => sent,
        Err(BadField(field)) => {
            let words = fill(shell.t.register.bad_form, &[&field]);
            return refused(&app, &viewer, StatusCode::BAD_REQUEST, words, String::new()).await;
        }
    };
    let (act, done) = match act.as_str() {
        "test" => (OwnMailAct::Test, t.done_test),
        "away" => (OwnMailAct::TakeAway, t.done_away),
        _ => (OwnMailAct::Set(&address), t.done_set),
    };
    let form = OwnMailForm {
        key,
        user_id: viewer.user_id,
        act,
        location: routes::OWN_MAIL,
    };
    let now = app.clock.now();
    let posted = again(&app.db, async |conn| {
        perform_own_mail_form(conn, &form, now).await
    })
    .await?;
    match posted {
        Ok(repeat) => {
            app.hints.send([Topic::Alerts]);
            let words = repeat.map_or(done, |_| shell.t.acts.done_already);
            viewer.leave_flash(&app, words).await?;
            Ok(see_other(routes::OWN_MAIL))
        }
        Err(OwnMailRefusal::Address) => {
            let words = t.bad_address.to_owned();
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            refused(&app, &viewer, status, words, address.clone()).await
        }
        Err(OwnMailRefusal::None) => {
            let words = t.none.to_owned();
            refused(&app, &viewer, StatusCode::CONFLICT, words, address.clone()).await
        }
    }
}

async fn refused(
    app: &App,
    viewer: &Viewer,
    status: StatusCode,
    words: String,
    value: String,
) -> Result<HttpResponse, PageError> {
    let found = find_own_mail(&*app.db.conn().await?, viewer.user_id).await?;
    let shell = viewer.shell(Nav::Alerts);
    let role = role_name(viewer.role, shell.t);
    let mut page = OwnMailPage::new(shell, role, found.as_ref());
    page.value = value.chars().take(254).collect();
    page.problems = vec![Problem::new("address", words)];
    Page::new(page).with_status(status).render()
}

impl OwnMailPage {
    fn new(shell: Shell, role: &'static str, found: Option<&OwnMail>) -> Self {
        Self {
            shell,
            role,
            address: found.map(|found| found.address.clone()),
            is_failing: found.is_some_and(|found| found.failures > 0),
            problems: Vec::new(),
            value: found.map(|found| found.address.clone()).unwrap_or_default(),
            set_key: new_key(),
            test_key: new_key(),
            away_key: new_key(),
        }
    }

    fn is_wrong(&self, field: &str) -> bool {
        self.problems.iter().any(|problem| problem.field == field)
    }

    /// Pages for tests of templates.
    #[must_use]
    pub fn samples() -> Vec<Self> {
        let shell = Shell::sample();
        let role = shell.t.role.nurse;
        let found = OwnMail {
            destination_id: DestinationId(3),
            address: "kim&co@hospital.example".to_owned(),
            disabled_at: None,
            failures: 2,
        };
        let mut wrong = Self::new(shell.clone(), role, None);
        "<b>".clone_into(&mut wrong.value);
        wrong.problems = vec![Problem::new("address", shell.t.own_mail.bad_address)];
        vec![Self::new(shell, role, Some(&found)), wrong]
    }
}
