//! The forms of the set-up.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};

use super::refusal_words;
use super::setup::{HERE, SetupPage, load};
use crate::app::App;
use crate::db::types::{AlertKind, DestinationKind, Severity};
use crate::delivery::routes::{RouteAct, RouteError, RouteForm, RoutePosted, perform_route_form};
use crate::ids::{DestinationId, RouteId, UnitId};
use crate::live::Topic;
use crate::web::extract::Viewer;
use crate::web::fields::{BadField, Fields};
use crate::web::page::{Nav, Page, Shell, see_other};
use crate::web::strings::fill;
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

/// `POST /deliveries/set-up`
///
/// # Errors
/// When the database fails.
pub async fn act(
    app: web::Data<App>,
    viewer: Viewer,
    body: web::Bytes,
) -> Result<HttpResponse, PageError> {
    let shell = viewer.shell(Nav::Deliveries);
    let (act, key) = match read(&body) {
        Ok(read) => read,
        Err(BadField(field)) => {
            let words = fill(shell.t.register.bad_form, &[&field]);
            return answer(&app, shell, StatusCode::BAD_REQUEST, words).await;
        }
    };
    let form = RouteForm {
        key,
        user_id: viewer.user_id,
        act,
        location: HERE,
    };
    let posted = {
        let mut conn = app.db.conn().await?;
        perform_route_form(&mut conn, &form, &app.webhooks, app.clock.now()).await
    };
    match posted {
        Ok(RoutePosted::Done {
            secret: Some(secret),
        }) => {
            // The key is shown this once, and the page that shows it is not kept anywhere.
            let mut page = SetupPage::new(shell, &load(&app).await?, None);
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
        Err(RouteError::Refused(refusal)) => {
            let (status, words) = refusal_words(&refusal, shell.t);
            answer(&app, shell, status, words).await
        }
        Err(RouteError::Database(error)) => Err(error.into()),
    }
}

async fn answer(
    app: &App,
    shell: Shell,
    status: StatusCode,
    words: String,
) -> Result<HttpResponse, PageError> {
    let mut page = SetupPage::new(shell, &load(app).await?, None);
    page.problem = Some(words);
    Page::new(page).with_status(status).render()
}

fn read(body: &[u8]) -> Result<(RouteAct, uuid::Uuid), BadField> {
    let fields = Fields::parse(body, &FIELDS)?;
    let bad = |name: &str| BadField(name.to_owned());
    let destination = || {
        let id = fields.number("destination")?;
        id.map(DestinationId).ok_or_else(|| bad("destination"))
    };
    let small = |name: &str, default: i64| -> Result<i64, BadField> {
        Ok(fields.number(name)?.unwrap_or(default))
    };
    let act = match fields.text("act").as_str() {
        "add_destination" => RouteAct::AddDestination {
            name: fields.text("name"),
            kind: DestinationKind::from_text(&fields.text("kind")).ok_or_else(|| bad("kind"))?,
            address: fields.text("address"),
            digest_minutes: i32::try_from(small("minutes", 240)?).unwrap_or(i32::MAX),
        },
        "turn_off" => RouteAct::TurnOff(destination()?),
        "turn_on" => RouteAct::TurnOn(destination()?),
        "new_key" => RouteAct::NewKey(destination()?),
        "test" => RouteAct::Test(destination()?),
        "add_route" => {
            let kind = fields.text("alert_kind");
            let kind = match kind.as_str() {
                "" => None,
                text => Some(AlertKind::from_text(text).ok_or_else(|| bad("alert_kind"))?),
            };
            RouteAct::AddRoute {
                destination: destination()?,
                kind,
                unit: fields.number("unit")?.map(UnitId),
                min_severity: Severity::from_text(&fields.text("severity"))
                    .ok_or_else(|| bad("severity"))?,
                step: i16::try_from(small("step", 0)?).unwrap_or(i16::MAX),
                is_digest: fields.text("together") == "1",
            }
        }
        "remove_route" => {
            let id = fields.number("destination")?;
            RouteAct::RemoveRoute(id.map(RouteId).ok_or_else(|| bad("destination"))?)
        }
        _ => return Err(bad("act")),
    };
    Ok((act, fields.key()?))
}
