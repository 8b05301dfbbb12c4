//! A span and figures for every request: method, pattern and status, never the path, query, address or name of anybody (S-52).

use std::time::Instant;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage};
use tracing::Span;
use tracing::field::Empty;
use tracing_actix_web::{RequestId, RootSpanBuilder};

/// The span of a request.
#[derive(Debug)]
pub struct PlainSpan;

impl RootSpanBuilder for PlainSpan {
    fn on_request_start(request: &ServiceRequest) -> Span {
        let id = request
            .extensions()
            .get::<RequestId>()
            .map_or_else(String::new, ToString::to_string);
        let route = pattern(request);
        tracing::info_span!("request", request.id = id, method = %request.method(), route, status = Empty)
    }

    fn on_request_end<B: MessageBody>(span: Span, outcome: &Result<ServiceResponse<B>, Error>) {
        let status = match outcome {
            Ok(response) => response.status(),
            Err(error) => error.as_response_error().status_code(),
        };
        span.record("status", status.as_u16());
    }
}

/// Counts requests and their time by pattern and status.
///
/// # Errors
/// Those of what is inside.
pub async fn measure<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let (route, started) = (pattern(&request), Instant::now());
    let outcome = next.call(request).await;
    let status = match &outcome {
        Ok(response) => response.status(),
        Err(error) => error.as_response_error().status_code(),
    };
    let labels = [("route", route), ("status", status.as_u16().to_string())];
    metrics::histogram!("http_request_seconds", &labels).record(started.elapsed().as_secs_f64());
    outcome
}

/// The pattern and not the path: paths hold ids, and the set-up link's holds a secret.
fn pattern(request: &ServiceRequest) -> String {
    request
        .match_pattern()
        .unwrap_or_else(|| "(none)".to_owned())
}
