//! A sound for critical alerts, for those who switch it on. Nothing else sounds by itself.

use actix_web::{HttpResponse, web};
use serde::Deserialize;

use crate::app::App;
use crate::people::store::set_critical_sound;
use crate::web::extract::Viewer;
use crate::web::page::{Nav, see_other};
use crate::web::{PageError, routes};

/// The form on the page of alerts.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SoundForm {
    /// The form's token; the guard has checked it.
    #[serde(rename = "csrf")]
    _csrf: Option<String>,
    /// `on`, or anything else for off.
    sound: String,
}

/// `POST /alerts/sound`
///
/// # Errors
/// When the database cannot be written.
pub async fn choose(
    app: web::Data<App>,
    viewer: Viewer,
    form: web::Form<SoundForm>,
) -> Result<HttpResponse, PageError> {
    let is_on = form.sound == "on";
    let mut conn = app.db.conn().await?;
    set_critical_sound(&mut conn, viewer.user_id, is_on).await?;
    drop(conn);
    let t = &viewer.shell(Nav::Alerts).t.alerts;
    let words = if is_on {
        t.sound_now_on
    } else {
        t.sound_now_off
    };
    viewer.leave_flash(&app, words).await?;
    Ok(see_other(routes::ALERTS))
}
