//! Errors become pages here, because here it is known who asked. Panics become 500 and stay inside their request (S-34).

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::{StatusCode, header};
use actix_web::middleware::Next;
use actix_web::{HttpMessage, HttpResponse, ResponseError, web};
use askama::Template;
use futures_util::FutureExt;
use tracing_actix_web::RequestId;

use crate::app::App;
use crate::web::error::{self, PageError};
use crate::web::extract::Visit;
use crate::web::filters;
use crate::web::page::{Page, Shell};
use crate::web::routes::{self, Access, Found};
use crate::web::site::Site;

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage {
    shell: Shell,
    title: &'static str,
    sentence: &'static str,
    id: Option<String>,
}

/// Gives every error answer its page, and catches panics.
///
/// # Errors
/// Only after a panic, as an error that renders its own page: the request is lost then.
pub async fn error_pages<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let id = request
        .extensions()
        .get::<RequestId>()
        .map_or_else(String::new, ToString::to_string);
    let bare = bare_shell(&request);
    let is_json = answers_json(&request);
    // `next` owns the request, and actix allows no second handle on it before routing, so after a panic there is none to ask.
    let ended = AssertUnwindSafe(next.call(request)).catch_unwind().await;
    match ended {
        Ok(Ok(response)) => Ok(dress(response.map_into_boxed_body(), bare, &id, is_json)),
        Ok(Err(error)) => Err(error),
        Err(_) => {
            tracing::error!(
                request.id = id,
                "a handler panicked; its message stands above"
            );
            metrics::counter!("http_panics").increment(1);
            Err(Panicked { shell: bare, id }.into())
        }
    }
}

fn bare_shell(request: &ServiceRequest) -> Option<Shell> {
    let site = request.app_data::<web::Data<Site>>()?;
    let app = request.app_data::<web::Data<App>>()?;
    Some(Shell::bare(Arc::clone(&site.links), app.clock.now()))
}

/// Readers understand JSON, not pages.
fn answers_json(request: &ServiceRequest) -> bool {
    let pattern = request.match_pattern();
    matches!(
        routes::find_entry(request.method(), pattern.as_deref()),
        Found::Entry(entry) if entry.access == Access::ReaderKey
    ) || pattern.as_deref() == Some(routes::INGEST)
}

fn dress(
    response: ServiceResponse<BoxBody>,
    bare: Option<Shell>,
    id: &str,
    is_json: bool,
) -> ServiceResponse<BoxBody> {
    let status = response.status();
    if !status.is_client_error() && !status.is_server_error() {
        return response;
    }
    let error = response
        .response()
        .error()
        .and_then(actix_web::Error::as_error::<PageError>);
    if status.is_server_error() {
        // Logged here and only here, with the whole chain; the page shows the number.
        let cause = response
            .response()
            .error()
            .map_or_else(String::new, ToString::to_string);
        tracing::error!(
            request.id = id,
            status = status.as_u16(),
            error = cause,
            "a request failed"
        );
    }
    // A handler's own page or JSON for an error stays as it is.
    if response.response().error().is_none()
        && response.headers().contains_key(header::CONTENT_TYPE)
    {
        return response;
    }
    let visit = response.request().extensions().get::<Visit>().cloned();
    let Some(shell) = visit.map(|visit| visit.shell).or(bare) else {
        return response;
    };
    let body = if is_json {
        json_body(error, status, &shell, id)
    } else {
        html_body(error, status, shell, id)
    };
    let (request, old) = response.into_parts();
    let mut new = body;
    for name in [header::RETRY_AFTER, header::ALLOW, header::CLEAR_SITE_DATA] {
        if let Some(value) = old.headers().get(&name) {
            new.headers_mut().insert(name, value.clone());
        }
    }
    ServiceResponse::new(request, new)
}

fn html_body(
    error: Option<&PageError>,
    status: StatusCode,
    shell: Shell,
    id: &str,
) -> HttpResponse {
    let (title, sentence) = error::words(error, status, shell.t);
    let page = ErrorPage {
        shell,
        title,
        sentence,
        id: status.is_server_error().then(|| id.to_owned()),
    };
    Page::new(page)
        .with_status(status)
        .render()
        .unwrap_or_else(|_| HttpResponse::build(status).finish())
}

fn json_body(
    error: Option<&PageError>,
    status: StatusCode,
    shell: &Shell,
    id: &str,
) -> HttpResponse {
    let (title, sentence) = error::words(error, status, shell.t);
    HttpResponse::build(status)
        .json(serde_json::json!({ "error": title, "detail": sentence, "request_id": id }))
}

/// A handler panicked. Its page shows the number and nothing else.
#[derive(Debug)]
struct Panicked {
    shell: Option<Shell>,
    id: String,
}

impl std::fmt::Display for Panicked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a handler panicked")
    }
}

impl ResponseError for Panicked {
    fn error_response(&self) -> HttpResponse {
        let status = StatusCode::INTERNAL_SERVER_ERROR;
        match &self.shell {
            Some(shell) => html_body(None, status, shell.clone(), &self.id),
            None => HttpResponse::build(status).finish(),
        }
    }
}

#[cfg(test)]
mod tests {
    use actix_web::middleware::from_fn;
    use actix_web::{App as ActixApp, test};
    use tracing_actix_web::TracingLogger;

    use super::super::security_headers::security_headers;
    use super::super::trace::PlainSpan;
    use super::*;
    use crate::clock::Clock;
    use crate::config::{DbArgs, Secret, WebArgs};
    use crate::db::Db;

    async fn crash() -> HttpResponse {
        panic!("the secret is hunter2")
    }

    async fn fail() -> Result<HttpResponse, PageError> {
        Err(std::io::Error::other("the secret is hunter2").into())
    }

    #[tokio::test]
    async fn s34_panics_and_faults_show_a_number_and_nothing_else() {
        let args = WebArgs {
            bind: ([127, 0, 0, 1], 8080).into(),
            internal_bind: ([127, 0, 0, 1], 9090).into(),
            origin: None,
            trusted_proxy: Vec::new(),
            live_beat_ms: 10_000,
        };
        let pool = DbArgs {
            db_pool: 1,
            db_statement_timeout_ms: 1_000,
        };
        let nowhere = Secret::new("postgres://127.0.0.1:1/nowhere".to_owned());
        let db = Db::new(&pool, &nowhere, "test").unwrap();
        let app = App::new(db, Clock::system(), Secret::new("key".to_owned()));
        let service = test::init_service(
            ActixApp::new()
                .app_data(web::Data::new(app))
                .app_data(web::Data::new(Site::new(&args, args.bind).unwrap()))
                .route("/crash", web::get().to(crash))
                .route("/fail", web::get().to(fail))
                .wrap(from_fn(error_pages))
                .wrap(from_fn(security_headers))
                .wrap(TracingLogger::<PlainSpan>::new()),
        )
        .await;
        for path in ["/crash", "/fail"] {
            let request = test::TestRequest::get().uri(path).to_request();
            let (status, headers, body) = match test::try_call_service(&service, request).await {
                Ok(response) => {
                    let (status, headers) = (response.status(), response.headers().clone());
                    (status, headers, test::read_body(response).await)
                }
                Err(error) => {
                    let response = error.error_response();
                    let (status, headers) = (response.status(), response.headers().clone());
                    let body = actix_web::body::to_bytes(response.into_body()).await;
                    (status, headers, body.unwrap_or_default())
                }
            };
            let text = String::from_utf8_lossy(&body);
            assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR, "{path}");
            assert!(headers.contains_key("content-security-policy"), "{path}");
            assert!(text.contains("Something went wrong"), "{path}: {text}");
            assert!(text.contains("give the number"), "{path}: {text}");
            assert!(!text.contains("hunter2"), "{path}: {text}");
        }
    }
}
