//! Whether the process runs, whether it can work, and its figures. Details are on the internal listener only (S-58).

use actix_web::{HttpResponse, web};
use serde_json::json;

use crate::app::App;

/// 200 while the process answers.
pub async fn live() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/plain; charset=utf-8")
        .body("live\n")
}

/// 200 when everything this process needs works, else 503; the reasons in words.
pub async fn ready(app: web::Data<App>) -> HttpResponse {
    let database = match app.db.ping().await {
        Ok(()) => None,
        Err(error) => {
            let cause: &dyn std::error::Error = &error;
            tracing::warn!(error = cause, "the database does not answer");
            Some("the database does not answer; the log says why".to_owned())
        }
    };
    let checks: Vec<(&str, Option<String>)> = std::iter::once(("database", database))
        .chain(
            app.checks
                .list()
                .into_iter()
                .map(|check| (check.name, check.fault)),
        )
        .collect();
    let is_ready = checks.iter().all(|(_, fault)| fault.is_none());
    let list: Vec<_> = checks
        .iter()
        .map(|(name, fault)| json!({ "name": name, "ok": fault.is_none(), "reason": fault }))
        .collect();
    let mut answer = if is_ready {
        HttpResponse::Ok()
    } else {
        HttpResponse::ServiceUnavailable()
    };
    answer.json(json!({ "ready": is_ready, "checks": list }))
}

/// Figures in the text format of Prometheus.
pub async fn metrics(app: web::Data<App>) -> HttpResponse {
    let figure = |count: usize| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
    let (in_use, most) = app.db.usage();
    metrics::gauge!("db_pool_in_use").set(figure(in_use));
    metrics::gauge!("db_pool_max").set(figure(most));
    match &app.metrics {
        Some(handle) => HttpResponse::Ok()
            .content_type("text/plain; version=0.0.4; charset=utf-8")
            .body(handle.render()),
        None => HttpResponse::NotFound()
            .content_type("text/plain; charset=utf-8")
            .body("no metrics recorder runs in this process\n"),
    }
}
