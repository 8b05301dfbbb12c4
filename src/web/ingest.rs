//! `POST /ingest/v1/sightings`: the message contract by HTTP (ingest-design section 2).
//!
//! 202 only after the broker has the message (I-4). 400, 413, 415 and 422 say "do not send it again"; 429 and 503 carry
//! `Retry-After`. Answers are JSON, because their readers are programs.

use actix_web::http::StatusCode;
use actix_web::http::header::{AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER};
use actix_web::{HttpRequest, HttpResponse, web};
use futures_util::StreamExt;
use serde_json::json;

use crate::app::App;
use crate::db::partitions::ensure_partition;
use crate::devices::register::{self, HttpReader};
use crate::ingest::envelope::{BODY_BYTES_MAX, Refusal};
use crate::ingest::gateway::GatewayError;
use crate::ingest::quarantine::{NewQuarantine, Origin};
use crate::ingest::store;

/// Seconds after which a sender that met a broken broker should try again.
const RETRY_AFTER_S: u64 = 2;

/// Takes one message of one reader.
pub async fn sightings(
    app: web::Data<App>,
    request: HttpRequest,
    payload: web::Payload,
) -> HttpResponse {
    let reader = match authenticate(&app, &request).await {
        Ok(reader) => reader,
        Err(answer) => return answer,
    };
    let content_type = request
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    if !content_type
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .eq_ignore_ascii_case("application/json")
    {
        return answer(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "content_type",
            "send content-type: application/json",
        );
    }
    let body = match read_body(payload).await {
        Ok(body) => body,
        Err(refusal) => return refused(&refusal),
    };
    let Some(gateway) = &app.gateway else {
        return try_later(
            StatusCode::SERVICE_UNAVAILABLE,
            "no_broker",
            "this server has no broker",
            RETRY_AFTER_S,
        );
    };
    match gateway
        .accept(&reader.reader_key, &body, app.clock.now_ms())
        .await
    {
        Ok(()) => HttpResponse::Accepted().json(json!({"status": "accepted"})),
        Err(GatewayError::Refused(refusal)) => {
            if let Refusal::IdentityMismatch { .. } = refusal {
                keep(&app, &reader, &refusal, &body, content_type).await;
            }
            refused(&refusal)
        }
        Err(error @ GatewayError::TooFast { retry_after }) => {
            let wait = retry_after.as_secs() + 1;
            try_later(
                StatusCode::TOO_MANY_REQUESTS,
                "too_fast",
                &error.to_string(),
                wait,
            )
        }
        Err(error @ GatewayError::Unavailable(_)) => {
            tracing::debug!(
                error = format!("{error:?}"),
                "a message could not be handed to the broker"
            );
            try_later(
                StatusCode::SERVICE_UNAVAILABLE,
                "unavailable",
                &error.to_string(),
                RETRY_AFTER_S,
            )
        }
    }
}

async fn authenticate(app: &App, request: &HttpRequest) -> Result<HttpReader, HttpResponse> {
    let header = request
        .headers()
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    let Some(key) = header
        .and_then(|text| text.strip_prefix("Bearer "))
        .map(str::trim)
    else {
        let words = "send the reader's key: authorization: Bearer wtr_...";
        return Err(answer(StatusCode::UNAUTHORIZED, "no_key", words));
    };
    let found = match app.db.conn().await {
        Ok(mut conn) => register::find_reader_of_http_key(&mut conn, key, app.clock.now()).await,
        Err(error) => {
            tracing::warn!(
                error = format!("{error:?}"),
                "a reader's key could not be looked up"
            );
            let words =
                "keys cannot be checked at the moment: send it again with the same batch_id";
            return Err(try_later(
                StatusCode::SERVICE_UNAVAILABLE,
                "unavailable",
                words,
                RETRY_AFTER_S,
            ));
        }
    };
    match found {
        Ok(Some(reader)) if !reader.is_disabled => Ok(reader),
        Ok(Some(_)) => Err(answer(
            StatusCode::FORBIDDEN,
            "disabled",
            "this reader is turned off: ask an administrator",
        )),
        Ok(None) => Err(answer(
            StatusCode::UNAUTHORIZED,
            "bad_key",
            "this key is not valid: ask an administrator for a new one",
        )),
        Err(error) => {
            tracing::warn!(
                error = format!("{error:?}"),
                "a reader's key could not be looked up"
            );
            let words =
                "keys cannot be checked at the moment: send it again with the same batch_id";
            Err(try_later(
                StatusCode::SERVICE_UNAVAILABLE,
                "unavailable",
                words,
                RETRY_AFTER_S,
            ))
        }
    }
}

/// The body, given up as soon as it is too long.
async fn read_body(mut payload: web::Payload) -> Result<Vec<u8>, Refusal> {
    let mut body = Vec::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|error| Refusal::NotJson {
            detail: format!("it broke off ({error})"),
        })?;
        body.extend_from_slice(&chunk);
        if body.len() > BODY_BYTES_MAX {
            return Err(Refusal::TooLarge { bytes: body.len() });
        }
    }
    Ok(body)
}

/// Speaking for another reader is kept for somebody to look at (S-39).
async fn keep(app: &App, reader: &HttpReader, refusal: &Refusal, body: &[u8], content_type: &str) {
    let routing_key = format!("s.{}", reader.reader_key);
    let origin = Origin {
        received_at: app.clock.now(),
        routing_key: &routing_key,
        reader_key: Some(&reader.reader_key),
        content_type: Some(content_type),
    };
    let row = NewQuarantine::refused(origin, refusal, body);
    let kept = async {
        let mut conn = app.db.conn().await?;
        ensure_partition(&mut conn, "quarantine", origin.received_at.date_naive()).await?;
        anyhow::Ok(store::insert_quarantine(&conn, &[row]).await?)
    };
    if let Err(error) = kept.await {
        tracing::warn!(
            error = format!("{error:#}"),
            "a message that names another reader could not be kept"
        );
    }
}

fn refused(refusal: &Refusal) -> HttpResponse {
    let status = match refusal {
        Refusal::TooLarge { .. } | Refusal::TooManySightings { .. } => {
            StatusCode::PAYLOAD_TOO_LARGE
        }
        Refusal::NotJson { .. } | Refusal::TooDeep => StatusCode::BAD_REQUEST,
        Refusal::IdentityMismatch { .. } => StatusCode::FORBIDDEN,
        Refusal::UnsupportedVersion { .. }
        | Refusal::BadEnvelope { .. }
        | Refusal::MissingBatchId => StatusCode::UNPROCESSABLE_ENTITY,
    };
    answer(status, refusal.reason(), &refusal.to_string())
}

fn answer(status: StatusCode, error: &str, message: &str) -> HttpResponse {
    HttpResponse::build(status).json(json!({"error": error, "message": message}))
}

fn try_later(status: StatusCode, error: &str, message: &str, seconds: u64) -> HttpResponse {
    HttpResponse::build(status)
        .insert_header((RETRY_AFTER, seconds.to_string()))
        .json(json!({"error": error, "message": message}))
}
