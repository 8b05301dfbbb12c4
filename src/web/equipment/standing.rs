//! What only those who look after devices say about one: on safety hold, hold lifted, retired, restored (R3).

use actix_web::{HttpResponse, web};

use super::fields::{BadField, Fields};
use super::{answer_not_saved, bad_form, keeper, write};
use crate::app::App;
use crate::assets::register::NotSaved;
use crate::assets::register::standing::{NotStood, Said, change_standing};
use crate::db::types::{AssetAct, AssetStatus, SafetyHold};
use crate::ids::AssetId;
use crate::web::acts::form::REASON_CHARS_MAX;
use crate::web::acts::{hint_changes, refuse_act};
use crate::web::extract::{IdPath, Viewer};
use crate::web::page::{Nav, see_other};
use crate::web::strings::fill;
use crate::web::{PageError, routes};

fn read(body: &[u8]) -> Result<(Said, uuid::Uuid), BadField> {
    let bad = |name: &str| BadField(name.to_owned());
    let fields = Fields::parse(body, &["act", "hold", "reason", "shown"])?;
    let act = AssetAct::from_text(&fields.text("act"))
        .filter(|act| {
            matches!(
                act,
                AssetAct::Held | AssetAct::Released | AssetAct::Retired | AssetAct::Restored
            )
        })
        .ok_or_else(|| bad("act"))?;
    let hold = match (act, fields.text("hold").as_str()) {
        (AssetAct::Held, text) => Some(SafetyHold::from_text(text).ok_or_else(|| bad("hold"))?),
        _ => None,
    };
    let reason = fields.text("reason").trim().to_owned();
    if reason.chars().count() > REASON_CHARS_MAX || reason.chars().any(char::is_control) {
        return Err(bad("reason"));
    }
    let said = Said {
        act,
        hold,
        reason,
        shown: match fields.text("shown").as_str() {
            "" => None,
            text => Some(AssetStatus::from_text(text).ok_or_else(|| bad("shown"))?),
        },
    };
    Ok((said, fields.key()?))
}

/// `POST /assets/{id}/standing`
///
/// # Errors
/// When the database fails.
pub async fn change(
    app: web::Data<App>,
    viewer: Viewer,
    id: IdPath<AssetId>,
    body: web::Bytes,
) -> Result<HttpResponse, PageError> {
    let shell = viewer.shell(Nav::Equipment);
    let (said, key) = match read(&body) {
        Ok(read) => read,
        Err(bad) => return bad_form(&shell, bad),
    };
    let location = routes::asset_path(id.0);
    let keeper = keeper(&app, &viewer, &shell, key);
    let done = write(&app, async |conn| {
        change_standing(conn, &keeper, id.0, &said, &location).await
    })
    .await?;
    match done {
        Ok(changes) => {
            hint_changes(&app, &changes);
            let t = &shell.t.register;
            let words = match said.act {
                AssetAct::Held => t.did_held,
                AssetAct::Released => t.did_released,
                AssetAct::Retired => t.did_retired,
                _ => t.did_restored,
            };
            for change in &changes {
                viewer
                    .leave_flash(&app, &fill(words, &[&change.asset_number]))
                    .await?;
            }
            Ok(see_other(&location))
        }
        Err(NotStood::Refused(refused)) => refuse_act(&app, shell, &refused, &location).await,
        Err(NotStood::NotSaved(NotSaved::Gone)) => Err(PageError::NotFound),
        Err(NotStood::NotSaved(why)) => {
            answer_not_saved(&app, &viewer, shell, why, &location).await
        }
    }
}
