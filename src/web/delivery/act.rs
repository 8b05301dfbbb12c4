//! The forms of the set-up. Whoever sends them entered the password lately (S-16).

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use uuid::Uuid;

use super::forms::{DIGEST_MINUTES, Draft, ROLE_MARK};
use super::setup::{HERE, SetupPage, load};
use super::{field_of, refusal_words};
use crate::app::App;
use crate::db::again::again;
use crate::db::types::{AlertKind, DestinationKind, Role, Severity};
use crate::delivery::routes::{RouteAct, RouteForm, RoutePosted, RouteTo, perform_route_form};
use crate::ids::{DestinationId, RouteId, UnitId};
use crate::live::Topic;
use crate::web::extract::Viewer;
use crate::web::fields::{BadField, Fields};
use crate::web::page::{Nav, Page, Problem, Shell, see_other};
use crate::web::strings::{Strings, fill};
use crate::web::{PageError, routes};

const FIELDS: [&str; 11] = [
    "act",
    "name",
    "kind",
    "address",
    "minutes",
    "destination",
    "alert_kind",
    "unit",
    "severity",
    "step",
    "together",
];

/// Letters of a value that are named when it cannot be read.
const SHOWN_CHARS: usize = 40;

/// A form that was read.
struct Sent {
    key: Uuid,
    /// What is wanted, or the field that cannot be read.
    act: Result<RouteAct, Problem>,
    /// What was typed, to be shown again.
    draft: Draft,
}

/// `POST /deliveries/set-up`
///
/// # Errors
/// When the password was entered too long ago, or the database fails.
pub async fn act(
    app: web::Data<App>,
    viewer: Viewer,
    body: web::Bytes,
) -> Result<HttpResponse, PageError> {
    viewer.must_be_fresh(HERE)?;
    let shell = viewer.shell(Nav::Deliveries);
    let unfit = StatusCode::UNPROCESSABLE_ENTITY;
    let Sent { key, act, draft } = match read(&body, shell.t) {
        Ok(sent) => sent,
        Err(BadField(field)) => {
            let words = fill(shell.t.register.bad_form, &[&field]);
            let problem = (None, words);
            return refused(&app, shell, StatusCode::BAD_REQUEST, problem, &Draft::None).await;
        }
    };
    let act = match act {
        Ok(act) => act,
        Err(Problem { field, words }) => {
            return refused(&app, shell, unfit, (Some(field), words), &draft).await;
        }
    };
    let form = RouteForm {
        key,
        user_id: viewer.user_id,
        act,
        location: HERE,
    };
    let posted = again(&app.db, async |conn| {
        perform_route_form(conn, &form, &app.webhooks, app.clock.now()).await
    });
    match posted.await? {
        Ok(RoutePosted::Done {
            secret: Some(secret),
        }) => {
            // The key is shown this once, and the page that shows it is not kept anywhere.
            let mut page = SetupPage::new(shell, &load(&app).await?, None, &Draft::None);
            page.secret = Some(secret);
            Page::new(page).render()
        }
        Ok(RoutePosted::Done { secret: None }) => {
            app.hints.send([Topic::Alerts]);
            let words = match form.act {
                RouteAct::Test(_) => shell.t.delivery.done_test,
                _ => shell.t.delivery.done,
            };
            viewer.leave_flash(&app, words).await?;
            Ok(see_other(HERE))
        }
        Ok(RoutePosted::Repeat { location }) => {
            viewer.leave_flash(&app, shell.t.acts.done_already).await?;
            Ok(see_other(routes::safe_next(&location)))
        }
        Err(refusal) => {
            let (status, words) = refusal_words(&refusal, shell.t);
            let problem = (field_of(&refusal), words);
            refused(&app, shell, status, problem, &draft).await
        }
    }
}

/// The page again, with what was typed and what is wrong, at its field when it is one's.
async fn refused(
    app: &App,
    shell: Shell,
    status: StatusCode,
    (field, words): (Option<&'static str>, String),
    draft: &Draft,
) -> Result<HttpResponse, PageError> {
    let mut page = SetupPage::new(shell, &load(app).await?, None, draft);
    page.refuse(field, words);
    Page::new(page).with_status(status).render()
}

fn read(body: &[u8], t: &'static Strings) -> Result<Sent, BadField> {
    let fields = Fields::parse(body, &FIELDS)?;
    let key = fields.key()?;
    let plain = |act| Sent {
        key,
        act: Ok(act),
        draft: Draft::None,
    };
    let destination = || {
        let id = fields.number("destination")?;
        id.map(DestinationId)
            .ok_or_else(|| BadField("destination".to_owned()))
    };
    Ok(match fields.text("act").as_str() {
        "add_destination" => Sent {
            key,
            act: read_destination(&fields, t)?,
            draft: Draft::Destination {
                name: fields.text("name"),
                kind: fields.text("kind"),
                address: fields.text("address"),
                minutes: fields.text("minutes"),
            },
        },
        "turn_off" => plain(RouteAct::TurnOff(destination()?)),
        "turn_on" => plain(RouteAct::TurnOn(destination()?)),
        "new_key" => plain(RouteAct::NewKey(destination()?)),
        "test" => plain(RouteAct::Test(destination()?)),
        "add_route" => Sent {
            key,
            act: read_route(&fields, t)?,
            draft: Draft::Route {
                destination: fields.text("destination"),
                kind: fields.text("alert_kind"),
                unit: fields.text("unit"),
                severity: fields.text("severity"),
                step: fields.text("step"),
                is_together: fields.text("together") == "1",
            },
        },
        "remove_route" => plain(RouteAct::RemoveRoute(RouteId(destination()?.0))),
        _ => return Err(BadField("act".to_owned())),
    })
}

/// A number that is typed; the error names it as it was typed.
fn typed<T: std::str::FromStr>(
    fields: &Fields,
    (name, id): (&str, &'static str),
    default: T,
    words: &str,
) -> Result<T, Problem> {
    let text = fields.text(name);
    match text.trim() {
        "" => Ok(default),
        text => text.parse().map_err(|_| {
            let shown: String = text.chars().take(SHOWN_CHARS).collect();
            Problem::new(id, fill(words, &[&shown]))
        }),
    }
}

fn read_destination(
    fields: &Fields,
    t: &'static Strings,
) -> Result<Result<RouteAct, Problem>, BadField> {
    let kind = DestinationKind::from_text(&fields.text("kind"));
    let kind = kind.ok_or_else(|| BadField("kind".to_owned()))?;
    let words = t.delivery.bad_minutes;
    let minutes = typed(fields, ("minutes", "d-minutes"), DIGEST_MINUTES, words);
    Ok(minutes.map(|digest_minutes| RouteAct::AddDestination {
        name: fields.text("name"),
        kind,
        address: fields.text("address"),
        digest_minutes,
    }))
}

fn read_route(fields: &Fields, t: &'static Strings) -> Result<Result<RouteAct, Problem>, BadField> {
    let bad = |name: &str| BadField(name.to_owned());
    let to = fields.text("destination");
    let to = match to.strip_prefix(ROLE_MARK) {
        Some(role) => Role::from_text(role).map(RouteTo::Role),
        None => to
            .parse()
            .ok()
            .map(|id| RouteTo::Destination(DestinationId(id))),
    };
    let to = to.ok_or_else(|| bad("destination"))?;
    let kind = match fields.text("alert_kind").as_str() {
        "" => None,
        text => Some(AlertKind::from_text(text).ok_or_else(|| bad("alert_kind"))?),
    };
    let unit = fields.number("unit")?.map(UnitId);
    let severity = Severity::from_text(&fields.text("severity"));
    let min_severity = severity.ok_or_else(|| bad("severity"))?;
    let is_digest = fields.text("together") == "1";
    let step = typed(fields, ("step", "r-step"), 0, t.delivery.bad_step);
    Ok(step.map(|step| RouteAct::AddRoute {
        to,
        kind,
        unit,
        min_severity,
        step,
        is_digest,
    }))
}
