//! What people do about alerts: the form, its answer, and what is said when somebody else was faster.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use chrono::{DateTime, Utc};

use super::form::{AlertActForm, AlertVerb};
use super::words::{alert_sentence, who};
use crate::alerts::acts::{AlertAct, AlertForm, AlertPosted, AlertRefusal, perform_alert_form};
use crate::alerts::list::{AlertLine, list_lines};
use crate::app::App;
use crate::db::again::again;
use crate::db::types::AlertState;
use crate::ids::AlertId;
use crate::live::Topic;
use crate::web::acts::RefusedPage;
use crate::web::extract::Viewer;
use crate::web::page::{Nav, Page, Shell, see_other};
use crate::web::strings::fill;
use crate::web::{PageError, filters, routes};

/// `POST /alerts`
///
/// # Errors
/// When the database fails.
pub async fn act(
    app: web::Data<App>,
    viewer: Viewer,
    body: web::Bytes,
) -> Result<HttpResponse, PageError> {
    let shell = viewer.shell(Nav::Alerts);
    let form = match AlertActForm::parse(&body, shell.t) {
        Ok(form) => form,
        Err(words) => {
            let links = vec![(shell.t.alerts.back.to_owned(), routes::ALERTS.to_owned())];
            let title = shell.t.error.bad_title.to_owned();
            return refused(shell, StatusCode::BAD_REQUEST, title, vec![words], links);
        }
    };
    let posted = perform(&app, &viewer, &form).await?;
    let t = &shell.t.alerts;
    match posted {
        Ok(AlertPosted::Done { changed, left }) => {
            app.hints.send([Topic::Alerts]);
            let words = done_words(&app, &form, &changed, left.len(), &shell).await?;
            viewer.leave_flash(&app, &words).await?;
            Ok(see_other(&form.next))
        }
        Ok(AlertPosted::Repeat { location }) => {
            viewer.leave_flash(&app, shell.t.acts.done_already).await?;
            Ok(see_other(routes::safe_next(&location)))
        }
        Err(refusal) => {
            let (status, words, id) = match refusal {
                AlertRefusal::Count => (StatusCode::BAD_REQUEST, t.none_chosen, None),
                AlertRefusal::Hours(_) => (StatusCode::UNPROCESSABLE_ENTITY, t.bad_hours, None),
                AlertRefusal::NoAlert => (StatusCode::NOT_FOUND, t.no_alert, None),
                AlertRefusal::MovedOn(id) => (StatusCode::CONFLICT, "", Some(id)),
                AlertRefusal::Right(id) => (StatusCode::FORBIDDEN, t.no_right, Some(id)),
                AlertRefusal::Reason(id) => {
                    (StatusCode::UNPROCESSABLE_ENTITY, t.reason_needed, Some(id))
                }
            };
            let conn = app.db.conn().await?;
            let line = match id {
                Some(id) => list_lines(&conn, &[id]).await?.pop(),
                None => None,
            };
            let title = line
                .as_ref()
                .map_or(shell.t.acts.nothing_changed_title.to_owned(), |line| {
                    alert_sentence(line, &shell)
                });
            let meanwhile = line
                .as_ref()
                .filter(|_| status == StatusCode::CONFLICT)
                .map(|line| meanwhile_words(line, &shell));
            let mut sentences: Vec<String> = meanwhile.into_iter().collect();
            sentences.extend((!words.is_empty()).then(|| words.to_owned()));
            sentences.push(shell.t.acts.nothing_changed.to_owned());
            let links = vec![(t.back.to_owned(), form.next)];
            refused(shell, status, title, sentences, links)
        }
    }
}

/// Carries the form out, again when its transaction met another one.
async fn perform(
    app: &App,
    viewer: &Viewer,
    form: &AlertActForm,
) -> Result<Result<AlertPosted, AlertRefusal>, PageError> {
    let reason = form.reason.as_deref();
    let act = match form.verb {
        AlertVerb::Acknowledge => AlertAct::Acknowledge,
        AlertVerb::Resolve => AlertAct::Resolve { reason },
        AlertVerb::Snooze(hours) => AlertAct::Snooze {
            hours,
            reason: reason.unwrap_or_default(),
        },
    };
    let asked = AlertForm {
        key: form.key,
        user_id: viewer.user_id,
        role: viewer.role,
        ids: &form.alerts,
        act,
        location: &form.next,
    };
    let done = again(&app.db, async |conn| {
        perform_alert_form(conn, &asked, app.clock.now()).await
    });
    Ok(done.await?)
}

async fn done_words(
    app: &App,
    form: &AlertActForm,
    changed: &[AlertId],
    left: usize,
    shell: &Shell,
) -> Result<String, PageError> {
    let t = &shell.t.alerts;
    let mut words = if let [one] = changed {
        let lines = list_lines(&*app.db.conn().await?, &[*one]).await?;
        let sentence = lines.first().map(|line| alert_sentence(line, shell));
        let done = match form.verb {
            AlertVerb::Acknowledge => t.done_one,
            AlertVerb::Resolve => t.done_resolved,
            AlertVerb::Snooze(_) => t.done_snoozed,
        };
        fill(done, &[&sentence.unwrap_or_default()])
    } else {
        fill(t.done_many, &[&changed.len()])
    };
    if left > 0 {
        words.push(' ');
        words.push_str(&fill(t.done_left, &[&left]));
    }
    Ok(words)
}

/// What somebody else, or the condition, did while the page was open.
fn meanwhile_words(line: &AlertLine, shell: &Shell) -> String {
    let t = &shell.t.alerts;
    let when = |at: Option<DateTime<Utc>>| filters::age(at.unwrap_or(shell.now), shell);
    if line.state == AlertState::Resolved {
        return match line.resolved_role {
            Some(_) => {
                let by = who(line.resolved_role, line.resolved_unit.as_deref(), shell.t);
                fill(t.now_resolved, &[&by, &when(line.resolved_at)])
            }
            None => fill(t.now_resolved_itself, &[&when(line.resolved_at)]),
        };
    }
    let by = who(
        line.acknowledged_role,
        line.acknowledged_unit.as_deref(),
        shell.t,
    );
    fill(t.now_acknowledged, &[&by, &when(line.acknowledged_at)])
}

fn refused(
    shell: Shell,
    status: StatusCode,
    title: String,
    sentences: Vec<String>,
    links: Vec<(String, String)>,
) -> Result<HttpResponse, PageError> {
    let page = RefusedPage {
        shell,
        title,
        sentences,
        links,
    };
    Page::new(page).with_status(status).render()
}
