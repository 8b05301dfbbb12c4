//! The two listeners: pages for people, and `/ready` and `/metrics` for machines inside.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::Server;
use actix_web::middleware::{Compress, from_fn};
use actix_web::{App as ActixApp, HttpServer, web};
use tokio_util::sync::CancellationToken;
use tracing_actix_web::TracingLogger;

use super::middleware::error_pages::error_pages;
use super::middleware::front_door::front_door;
use super::middleware::guard::guard;
use super::middleware::security_headers::security_headers;
use super::middleware::trace::{PlainSpan, measure};
use super::site::{Site, SiteError};
use super::{PageError, routes, sse};
use crate::app::App;
use crate::config::WebArgs;
use crate::lifecycle::Lifecycle;

/// How long headers may take to arrive (S-30).
const HEADER_TIME_MAX: Duration = Duration::from_secs(10);
/// How long running requests get after the stop.
const STOP_SECONDS: u64 = 5;

/// Why pages cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The address is taken, or is none of this machine's.
    #[error("listening on {0}")]
    Bind(SocketAddr, #[source] std::io::Error),
    /// The settings are unsafe or unreadable.
    #[error(transparent)]
    Site(#[from] SiteError),
    /// A listener failed while it ran.
    #[error("serving pages")]
    Serve(#[from] std::io::Error),
}

/// Listeners that are bound but serve nothing yet.
#[derive(Debug)]
pub struct BoundServer {
    /// Where pages are served.
    pub addr: SocketAddr,
    /// Where `/ready` and `/metrics` are.
    pub internal_addr: SocketAddr,
    app: web::Data<App>,
    site: web::Data<Site>,
    pages: TcpListener,
    internal: TcpListener,
    workers: usize,
}

/// Takes the addresses (port 0: free ones) and checks that serving there is safe (S-11a).
///
/// # Errors
/// See [`ServerError`].
pub fn bind(app: Arc<App>, args: &WebArgs) -> Result<BoundServer, ServerError> {
    let listen = |addr: SocketAddr| -> Result<(TcpListener, SocketAddr), ServerError> {
        let listener = TcpListener::bind(addr).map_err(|error| ServerError::Bind(addr, error))?;
        let bound = listener.local_addr()?;
        Ok((listener, bound))
    };
    let (pages, addr) = listen(args.bind)?;
    let site = Site::new(args, addr)?;
    let (internal, internal_addr) = listen(args.internal_bind)?;
    Ok(BoundServer {
        addr,
        internal_addr,
        app: web::Data::from(app),
        site: web::Data::new(site),
        pages,
        internal,
        workers: std::thread::available_parallelism().map_or(2, usize::from),
    })
}

impl BoundServer {
    /// With this many worker threads; the default is one for each core.
    #[must_use]
    pub fn workers(mut self, workers: usize) -> Self {
        self.workers = workers;
        self
    }

    /// What people type to get here.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.site.origin
    }

    /// Serves until the soft stop, then lets running requests end.
    ///
    /// # Errors
    /// When a listener fails.
    pub async fn run(self, life: &Lifecycle) -> Result<(), ServerError> {
        let stop = life.soft().clone();
        let pages = serve_pages(
            self.app.clone(),
            self.site,
            self.pages,
            self.workers,
            stop.clone(),
        )?;
        let internal = serve_internal(self.app.clone(), self.internal, stop.clone())?;
        let streams = async {
            sse::watch_sessions(&self.app, &stop).await;
            Ok(())
        };
        tokio::try_join!(pages, internal, streams)?;
        Ok(())
    }
}

fn serve_pages(
    app: web::Data<App>,
    site: web::Data<Site>,
    listener: TcpListener,
    workers: usize,
    stop: CancellationToken,
) -> Result<Server, ServerError> {
    let server = HttpServer::new(move || {
        ActixApp::new()
            .app_data(app.clone())
            .app_data(site.clone())
            .app_data(web::FormConfig::default().error_handler(|_, _| PageError::BadRequest.into()))
            .app_data(
                web::QueryConfig::default().error_handler(|_, _| PageError::BadRequest.into()),
            )
            .app_data(web::PathConfig::default().error_handler(|_, _| PageError::NotFound.into()))
            .configure(routes::register)
            .default_service(web::to(|| async {
                Err::<actix_web::HttpResponse, PageError>(PageError::NotFound)
            }))
            // The last one stands outermost: read from the bottom up.
            .wrap(from_fn(guard))
            .wrap(Compress::default())
            .wrap(from_fn(front_door))
            .wrap(from_fn(error_pages))
            .wrap(from_fn(security_headers))
            .wrap(from_fn(measure))
            .wrap(TracingLogger::<PlainSpan>::new())
    });
    Ok(server
        .client_request_timeout(HEADER_TIME_MAX)
        .workers(workers)
        .shutdown_timeout(STOP_SECONDS)
        .shutdown_signal(stop.cancelled_owned())
        .listen(listener)?
        .run())
}

fn serve_internal(
    app: web::Data<App>,
    listener: TcpListener,
    stop: CancellationToken,
) -> Result<Server, ServerError> {
    let server = HttpServer::new(move || {
        ActixApp::new()
            .app_data(app.clone())
            .configure(routes::register_internal)
    });
    Ok(server
        .client_request_timeout(HEADER_TIME_MAX)
        .workers(1)
        .shutdown_timeout(STOP_SECONDS)
        .shutdown_signal(stop.cancelled_owned())
        .listen(listener)?
        .run())
}
