//! The access table at work: session, role and form token before any handler runs. What the table does not allow is refused (S-17),
//! and when the sessions cannot be read, everything is (S-59).

use std::time::Instant;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::{Method, header};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, HttpResponse, web};
use chrono::{DateTime, Utc};

use super::form_token;
use super::front_door::Client;
use crate::alerts::list::{WAITING_MAX, count_waiting, find_newest_critical};
use crate::app::App;
use crate::db::DbConn;
use crate::devices::model::LiveState;
use crate::devices::store::find_live_state;
use crate::live::Topic;
use crate::people::accounts;
use crate::people::session::{self, Session, SessionPerson, Token};
use crate::web::alerts::starts_with_unit;
use crate::web::extract::{Asked, Viewer, Visit};
use crate::web::page::{Person, Shell, Theme, see_other};
use crate::web::routes::{self, Access, Entry, Found};
use crate::web::site::Site;
use crate::web::{PageError, cookies, filters, strings, tokens};

/// Lets a request through to its handler, or answers it here.
///
/// # Errors
/// Those of what is inside.
pub async fn guard<B: MessageBody + 'static>(
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let begun = Instant::now();
    let admitted = admit(&mut request).await;
    metrics::histogram!("page_guard_seconds").record(begun.elapsed().as_secs_f64());
    match admitted {
        Ok(Admitted { new_session }) => {
            let mut response = next.call(request).await?.map_into_boxed_body();
            if let Some(token) = new_session {
                response
                    .response_mut()
                    .add_cookie(&cookies::session(&token))?;
            }
            Ok(response)
        }
        Err(Refused::Error(error)) => {
            let allowed = allowed_methods(&request);
            let mut response = request.error_response(error);
            if let Some(allowed) = allowed.filter(|_| response.status() == 405) {
                response.headers_mut().insert(header::ALLOW, allowed);
            }
            Ok(response)
        }
        Err(Refused::Answer(answer)) => Ok(request.into_response(answer)),
    }
}

struct Admitted {
    /// A visitor's first page starts a session.
    new_session: Option<Token>,
}

enum Refused {
    Error(PageError),
    Answer(HttpResponse),
}

impl<E: Into<PageError>> From<E> for Refused {
    fn from(error: E) -> Self {
        Self::Error(error.into())
    }
}

async fn admit(request: &mut ServiceRequest) -> Result<Admitted, Refused> {
    let (Some(app), Some(site)) = (
        request.app_data::<web::Data<App>>().cloned(),
        request.app_data::<web::Data<Site>>().cloned(),
    ) else {
        return Err(PageError::NotFound.into());
    };
    let found = routes::find_entry(request.method(), request.match_pattern().as_deref());
    let visitor = Arrival::of(request, &app, &site);
    let entry = match found {
        Found::Entry(entry) => entry,
        Found::OtherMethod => {
            return Err(visitor.refuse(request, PageError::MethodNotAllowed).await);
        }
        Found::Nothing => return Err(visitor.refuse(request, PageError::NotFound).await),
    };
    if matches!(
        entry.access,
        Access::Public | Access::ReaderKey | Access::Screen
    ) {
        return Ok(Admitted { new_session: None });
    }
    let mut conn = app.db.conn().await?;
    let (session, new_session) = visitor.session(&mut conn, entry).await?;
    let visit = visitor.visit(&conn, &session).await?;
    request.extensions_mut().insert(visit);
    // Given back before the body is read: a slow sender must not hold one of few connections.
    drop(conn);
    if let (Access::SignedIn(roles), Some(person)) = (entry.access, &session.person)
        && !roles.contains(&person.role)
    {
        accounts::record_denied(&app.db, person.user_id, entry.path, visitor.now).await?;
        return Err(PageError::Forbidden.into());
    }
    if !matches!(entry.method, Method::GET | Method::HEAD) {
        form_token::check(
            request,
            &site,
            &app.secret_key,
            &session.token,
            routes::form_bytes_max(entry.path),
        )
        .await?;
    }
    // Only now: what was refused above has not been a use of the session, and a poll never is.
    if !visitor.is_background && session.is_touch_due(visitor.now) {
        session::touch(&*app.db.conn().await?, &session, visitor.now).await?;
    }
    Ok(Admitted { new_session })
}

/// What a request says about who sends it.
struct Arrival {
    app: web::Data<App>,
    site: web::Data<Site>,
    token: Option<Token>,
    theme: Theme,
    asked: Asked,
    /// Asked by a timer or held open by a page: no use of the session (S-13), and not the next page that a sentence waits for.
    is_background: bool,
    is_get: bool,
    here: String,
    client: std::net::IpAddr,
    now: DateTime<Utc>,
}

impl Arrival {
    fn of(request: &ServiceRequest, app: &web::Data<App>, site: &web::Data<Site>) -> Self {
        let cookie = |name| request.cookie(name).map(|cookie| cookie.value().to_owned());
        let is_get = request.method() == Method::GET;
        let here = match request.uri().path_and_query() {
            Some(here) if is_get => here.as_str(),
            _ => request.path(),
        };
        let (asked, pattern) = (Asked::of(request.request()), request.match_pattern());
        let client = request.extensions().get::<Client>().map(|client| client.0);
        Self {
            app: app.clone(),
            site: site.clone(),
            token: cookie(cookies::SESSION).as_deref().and_then(Token::parse),
            theme: Theme::from_text(cookie(cookies::THEME).as_deref().unwrap_or_default()),
            asked,
            is_background: asked.poll || pattern.as_deref() == Some(routes::LIVE_EVENTS),
            is_get,
            here: here.to_owned(),
            client: client.unwrap_or(std::net::IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED)),
            now: app.clock.now(),
        }
    }

    /// The session of the cookie as the entry needs it, or a visitor's new one for pages that start one.
    async fn session(
        &self,
        conn: &mut DbConn,
        entry: &Entry,
    ) -> Result<(Session, Option<Token>), Refused> {
        let found = match &self.token {
            Some(token) => session::find_session(conn, &token.hash(), self.now).await?,
            None => None,
        };
        match (entry.access, found) {
            (Access::Visitor, Some(session)) => Ok((session, None)),
            (_, Some(session)) if session.person.is_some() => Ok((session, None)),
            // The form was open for too long, or was never ours.
            (Access::Visitor, None) if !self.is_get => Err(PageError::FormToken.into()),
            (Access::Visitor, None) => {
                let token = session::insert_session(conn, None, self.now).await?;
                let session = Session {
                    token: token.hash(),
                    last_used_at: self.now,
                    flash: None,
                    password_at: None,
                    person: None,
                };
                Ok((session, Some(token)))
            }
            (_, found) => {
                let has_ended = self.token.is_some() && found.is_none();
                Err(self.ask_to_sign_in(conn, has_ended).await)
            }
        }
    }

    /// To the sign-in page, and back here afterwards (S-13, S-28).
    async fn ask_to_sign_in(&self, conn: &mut DbConn, has_ended: bool) -> Refused {
        let next = if self.is_get {
            self.here.as_str()
        } else {
            routes::HOME
        };
        let path = routes::sign_in_path(next);
        if self.asked.fragment || self.asked.poll {
            // A part of a page cannot show the sign-in page: htmx goes there as a whole.
            return Refused::Answer(
                HttpResponse::Unauthorized()
                    .insert_header(("HX-Redirect", path))
                    .content_type("text/plain; charset=utf-8")
                    .body(strings::EN.sign_in.ended),
            );
        }
        let mut answer = see_other(&path);
        if has_ended {
            let said = async {
                let token = session::insert_session(conn, None, self.now).await?;
                session::set_flash(conn, &token.hash(), strings::EN.sign_in.ended).await?;
                answer.add_cookie(&cookies::session(&token))?;
                Ok::<(), PageError>(())
            };
            if let Err(error) = said.await {
                return Refused::Error(error);
            }
        }
        Refused::Answer(answer)
    }

    /// The frame and the person for the handler.
    async fn visit(&self, conn: &DbConn, session: &Session) -> Result<Visit, PageError> {
        // Taken before anything is read: what changes from here on, the page's stream tells.
        let mark = self.app.live.mark();
        let person = session.person.as_ref();
        let unit_of = |person: &SessionPerson| {
            let unit = person.home_unit_id;
            unit.filter(|_| starts_with_unit(person.role))
        };
        let waiting = async {
            match person {
                Some(person) => count_waiting(conn, unit_of(person)).await,
                None => Ok(0),
            }
        };
        let critical = async {
            match person.filter(|person| person.critical_sound) {
                Some(person) => find_newest_critical(conn, unit_of(person)).await,
                None => Ok(None),
            }
        };
        // One round trip: they travel together.
        let (site_zone, live, waiting, critical) = tokio::try_join!(
            session::find_time_zone(conn),
            find_live_state(conn, self.now),
            waiting,
            critical
        )?;
        let mut shell = Shell::bare(std::sync::Arc::clone(&self.site.links), self.now);
        let own_zone = session
            .person
            .as_ref()
            .and_then(|person| person.time_zone.clone());
        shell.zone = own_zone
            .or(site_zone)
            .and_then(|name| name.parse().ok())
            .unwrap_or(chrono_tz::UTC);
        shell.theme = self.theme;
        shell.here.clone_from(&self.here);
        shell.mark = mark;
        shell.csrf = tokens::form_token(&self.app.secret_key, &session.token);
        if self.is_get && !self.asked.fragment && !self.is_background && session.flash.is_some() {
            shell.flash.clone_from(&session.flash);
            session::clear_flash(conn, &session.token).await?;
        }
        if let Some(person) = &session.person {
            shell.sign_in(Person {
                name: person.display_name.clone(),
                role: person.role,
                home_unit: person.home_unit.clone(),
            });
            shell.banner = banner(&live, &shell);
            shell.alerts_waiting = waiting_words(waiting);
            if person.critical_sound {
                // Wherever they are, the bell is live for them.
                shell.critical_newest = Some(critical.map_or(0, |id| id.0));
                shell.watch([Topic::Alerts]);
            }
        }
        let viewer = session.person.as_ref().map(|person| {
            Viewer::new(
                person.user_id,
                person.role,
                person.home_unit_id,
                session,
                shell.clone(),
            )
        });
        Ok(Visit {
            shell,
            token: session.token,
            viewer,
            client: self.client,
        })
    }

    /// Refuses with a page that knows who asked, when that can be found out.
    async fn refuse(&self, request: &ServiceRequest, error: PageError) -> Refused {
        if let Some(token) = &self.token {
            let visit = async {
                let conn = self.app.db.conn().await?;
                match session::find_session(&conn, &token.hash(), self.now).await? {
                    Some(session) => self.visit(&conn, &session).await.map(Some),
                    None => Ok::<_, PageError>(None),
                }
            };
            if let Ok(Some(visit)) = visit.await {
                request.extensions_mut().insert(visit);
            }
        }
        Refused::Error(error)
    }
}

/// What everybody must know when no consumer takes sightings.
pub(in crate::web) fn banner(live: &LiveState, shell: &Shell) -> Option<String> {
    match live {
        LiveState::Live { .. } => None,
        LiveState::NotLive { since: None } => Some(shell.t.common.not_live_yet.to_owned()),
        LiveState::NotLive { since: Some(since) } => Some(strings::fill(
            shell.t.common.not_live_since,
            &[&filters::clock(*since, shell)],
        )),
    }
}

/// "7", or "99+"; nothing when nothing waits.
fn waiting_words(waiting: i64) -> String {
    match waiting {
        0 => String::new(),
        waiting if waiting >= WAITING_MAX => format!("{}+", WAITING_MAX - 1),
        waiting => waiting.to_string(),
    }
}

fn allowed_methods(request: &ServiceRequest) -> Option<header::HeaderValue> {
    let pattern = request.match_pattern()?;
    let methods: Vec<&str> = routes::TABLE
        .iter()
        .filter(|entry| entry.path == pattern)
        .map(|entry| entry.method.as_str())
        .collect();
    header::HeaderValue::from_str(&methods.join(", ")).ok()
}
