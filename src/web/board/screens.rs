//! Screens on walls: where they are made and ended, and the board as they show it, without a person who is signed in.

use actix_web::cookie::Cookie;
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use chrono::{DateTime, Utc};
use serde::Deserialize;
use uuid::Uuid;

use super::{WallPage, load};
use crate::app::App;
use crate::board::screens::{
    Added, NAME_CHARS_MAX, SCREENS_MAX, Screen, add_screen, end_screen, find_unit, list_screens,
};
use crate::devices::store::find_live_state;
use crate::ids::{ScreenId, UnitId};
use crate::people::session::{Token, find_time_zone};
use crate::places::store::list_units;
use crate::web::acts::new_key;
use crate::web::extract::{IdPath, Viewer};
use crate::web::middleware::guard::banner;
use crate::web::page::{Nav, Page, Problem, Shell, Theme, see_other};
use crate::web::site::Site;
use crate::web::strings::fill;
use crate::web::{PageError, cookies, filters, routes};

/// The screens of a unit.
#[derive(Debug, Template)]
#[template(path = "board/screens.html")]
pub struct ScreensPage {
    /// Frame.
    pub shell: Shell,
    /// Name of the unit.
    pub unit_name: String,
    /// The board.
    pub board_href: String,
    /// Where the form sends to.
    pub action: String,
    /// Where a screen is ended.
    pub end_action: String,
    /// Idempotency key.
    pub key: String,
    /// What was typed.
    pub name: String,
    /// Mistakes.
    pub problems: Vec<Problem>,
    /// The address of the screen that was just made.
    pub made: Option<String>,
    /// Those in use.
    pub rows: Vec<ScreenRow>,
}

/// A screen, ready to show.
#[derive(Clone, Debug)]
pub struct ScreenRow {
    /// Its id.
    pub id: ScreenId,
    /// Where it hangs.
    pub name: String,
    /// Since when.
    pub added_at: DateTime<Utc>,
    /// When it asked last.
    pub last_seen_at: Option<DateTime<Utc>>,
}

/// The form that adds one.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AddForm {
    key: Uuid,
    name: String,
}

/// The form that ends one.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EndForm {
    screen: i64,
}

/// Instead of the board: the screen is not known.
#[derive(Debug, Template)]
#[template(path = "board/no_screen.html")]
pub struct NoScreenPage {
    /// Frame.
    pub shell: Shell,
}

async fn unit_name(conn: &crate::db::DbConn, id: UnitId) -> Result<String, PageError> {
    let units = list_units(conn).await?;
    let unit = units.into_iter().find(|(unit, _)| *unit == id);
    Ok(unit.ok_or(PageError::NotFound)?.1)
}

/// `GET /board/{id}/screens`
///
/// # Errors
/// When there is no such unit, or the database fails.
pub async fn list(
    app: web::Data<App>,
    viewer: Viewer,
    id: IdPath<UnitId>,
) -> Result<Page<ScreensPage>, PageError> {
    let conn = app.db.conn().await?;
    let name = unit_name(&conn, id.0).await?;
    let screens = list_screens(&conn, id.0).await?;
    let shell = viewer.shell(Nav::Board);
    Ok(Page::new(ScreensPage::new(shell, id.0, name, screens)))
}

/// `POST /board/{id}/screens`: adds one and shows its address, once.
///
/// # Errors
/// When there is no such unit, or the database fails.
pub async fn add(
    app: web::Data<App>,
    site: web::Data<Site>,
    viewer: Viewer,
    id: IdPath<UnitId>,
    form: web::Form<AddForm>,
) -> Result<HttpResponse, PageError> {
    let shell = viewer.shell(Nav::Board);
    let t = &shell.t.screens;
    let mut conn = app.db.conn().await?;
    let unit = unit_name(&conn, id.0).await?;
    let name = form.name.trim().to_owned();
    let chars = name.chars().count();
    let problem = if name.is_empty() {
        Some(t.name_missing.to_owned())
    } else if chars > NAME_CHARS_MAX || name.chars().any(char::is_control) {
        Some(fill(t.name_long, &[&chars, &NAME_CHARS_MAX]))
    } else {
        None
    };
    let (made, problem) = if problem.is_some() {
        (None, problem)
    } else {
        let (user, now) = (viewer.user_id, app.clock.now());
        match add_screen(&mut conn, form.key, id.0, &name, user, now).await? {
            Added::Done(secret) => (Some(secret), None),
            Added::TooMany => (None, Some(fill(t.too_many, &[&SCREENS_MAX]))),
            Added::Repeat => {
                viewer.leave_flash(&app, t.made_already).await?;
                return Ok(see_other(&routes::screens_path(id.0)));
            }
        }
    };
    let screens = list_screens(&conn, id.0).await?;
    let mut page = ScreensPage::new(shell, id.0, unit, screens);
    page.made = made.map(|secret| {
        format!(
            "{}{}",
            site.origin,
            routes::open_screen_path(secret.expose())
        )
    });
    let status = if let Some(words) = problem {
        page.name = name;
        page.problems.push(Problem::new("name", words));
        StatusCode::UNPROCESSABLE_ENTITY
    } else {
        StatusCode::OK
    };
    Page::new(page).with_status(status).render()
}

/// `POST /board/{id}/screens/end`
///
/// # Errors
/// When there is no such screen, or the database fails.
pub async fn end(
    app: web::Data<App>,
    viewer: Viewer,
    id: IdPath<UnitId>,
    form: web::Form<EndForm>,
) -> Result<HttpResponse, PageError> {
    let mut conn = app.db.conn().await?;
    let (user, now) = (viewer.user_id, app.clock.now());
    let screen = ScreenId(form.screen);
    let is_ended = end_screen(&mut conn, id.0, screen, user, now).await?;
    drop(conn);
    let t = &viewer.shell(Nav::Board).t.screens;
    let words = if is_ended { t.ended } else { t.ended_already };
    viewer.leave_flash(&app, words).await?;
    Ok(see_other(&routes::screens_path(id.0)))
}

/// `GET /wall/{secret}`: the screen keeps its secret as a cookie, so that it stands in no address from then on.
///
/// # Errors
/// When no screen has this secret, or the database fails.
pub async fn open(
    app: web::Data<App>,
    site: web::Data<Site>,
    request: HttpRequest,
    secret: web::Path<String>,
) -> Result<HttpResponse, PageError> {
    let conn = app.db.conn().await?;
    let Some(secret) = Token::parse(&secret) else {
        return no_screen(&app, &site, &request);
    };
    if find_unit(&conn, &secret.hash(), app.clock.now())
        .await?
        .is_none()
    {
        return no_screen(&app, &site, &request);
    }
    let mut answer = see_other(routes::WALL);
    answer.add_cookie(&cookies::screen(&secret))?;
    Ok(answer)
}

/// `GET /wall`: the board of the screen's unit.
///
/// # Errors
/// When the browser is no screen, or the database fails.
pub async fn show(
    app: web::Data<App>,
    site: web::Data<Site>,
    request: HttpRequest,
) -> Result<HttpResponse, PageError> {
    let secret = request
        .cookie(cookies::SCREEN)
        .and_then(|cookie| Token::parse(cookie.value()));
    let conn = app.db.conn().await?;
    let unit = match &secret {
        Some(secret) => find_unit(&conn, &secret.hash(), app.clock.now()).await?,
        None => None,
    };
    let Some(unit) = unit else {
        return no_screen(&app, &site, &request);
    };
    let mut shell = bare_shell(&app, &site, &request);
    let (zone, live) = tokio::try_join!(find_time_zone(&conn), find_live_state(&conn, shell.now))?;
    shell.zone = zone
        .and_then(|name| name.parse().ok())
        .unwrap_or(chrono_tz::UTC);
    shell.banner = banner(&live, &shell);
    let board = load(&app, &conn, unit).await?.ok_or(PageError::NotFound)?;
    let mut page = WallPage::new(shell, unit, &board);
    page.is_screen = true;
    Page::new(page).render()
}

fn bare_shell(app: &App, site: &Site, request: &HttpRequest) -> Shell {
    let mut shell = Shell::bare(std::sync::Arc::clone(&site.links), app.clock.now());
    let theme = request.cookie(cookies::THEME);
    shell.theme = theme.map_or(Theme::System, |cookie| Theme::from_text(cookie.value()));
    shell
}

/// Says that the browser is no screen, and forgets a secret that is none any more.
fn no_screen(app: &App, site: &Site, request: &HttpRequest) -> Result<HttpResponse, PageError> {
    let shell = bare_shell(app, site, request);
    let mut answer = Page::new(NoScreenPage { shell })
        .with_status(StatusCode::NOT_FOUND)
        .render()?;
    if request.cookie(cookies::SCREEN).is_some() {
        let mut gone = Cookie::build(cookies::SCREEN, "")
            .path("/")
            .secure(true)
            .http_only(true)
            .finish();
        gone.make_removal();
        answer.add_cookie(&gone)?;
    }
    Ok(answer)
}

impl ScreensPage {
    fn new(shell: Shell, unit: UnitId, unit_name: String, screens: Vec<Screen>) -> Self {
        let row = |screen: Screen| ScreenRow {
            id: screen.screen_id,
            name: screen.name,
            added_at: screen.added_at,
            last_seen_at: screen.last_seen_at,
        };
        Self {
            unit_name,
            board_href: routes::board_path(unit),
            action: routes::screens_path(unit),
            end_action: routes::end_screen_path(unit),
            key: new_key(),
            name: String::new(),
            problems: Vec::new(),
            made: None,
            rows: screens.into_iter().map(row).collect(),
            shell,
        }
    }

    /// Pages for tests of templates.
    #[must_use]
    pub fn samples() -> Vec<Self> {
        let shell = Shell::sample_for(crate::db::types::Role::Biomed);
        let screen = |id, last_seen_at| Screen {
            screen_id: ScreenId(id),
            name: "Corridor <b>".to_owned(),
            added_at: shell.now,
            last_seen_at,
        };
        let screens = vec![screen(1, None), screen(2, Some(shell.now))];
        let unit = UnitId(30_001);
        let mut made = Self::new(shell.clone(), unit, "4 West <i>".to_owned(), screens);
        made.made = Some("https://wardtrack.example/wall/abc".to_owned());
        let mut wrong = Self::new(shell.clone(), unit, "4 West".to_owned(), Vec::new());
        "\"<b>".clone_into(&mut wrong.name);
        wrong
            .problems
            .push(Problem::new("name", shell.t.screens.name_missing));
        vec![made, wrong]
    }
}

impl NoScreenPage {
    /// Pages for tests of templates.
    #[must_use]
    pub fn samples() -> Vec<Self> {
        vec![Self {
            shell: Shell::sample(),
        }]
    }
}
