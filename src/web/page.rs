//! What every page shares: the shell around it, and the responder that turns a template into an answer.
//!
//! A page is a struct beside its handler with a field `shell` and values that are ready to show:
//!
//! ```text
//! #[derive(askama::Template)]
//! #[template(path = "assets/asset.html", blocks = ["place"])]
//! struct AssetPage { shell: Shell, title: String }
//!
//! async fn asset(viewer: Viewer, asked: Asked) -> Result<impl Responder, PageError> {
//!     let page = AssetPage { shell: viewer.shell(Nav::Find), title };
//!     Ok(if asked.fragment { Page::new(page.as_place()) } else { Page::new(page) })
//! }
//! ```

mod marks;
pub mod nav;

use std::sync::Arc;
use std::time::Instant;

use actix_web::body::BoxBody;
use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, Responder};
use chrono::{DateTime, Utc};

pub use marks::{Chip, Sure};
pub use nav::{Nav, NavLink};

use super::error::PageError;
use super::routes;
use super::static_files::Links;
use super::strings::{self, Strings};
use crate::db::types::Role;
use crate::live::{Limits, Mark, Topic, TopicSet};

/// The frame around a page: who asks, what the page may link to, and what everybody must be told.
#[derive(Clone, Debug)]
pub struct Shell {
    /// The words.
    pub t: &'static Strings,
    /// Who is signed in.
    pub person: Option<Person>,
    /// Token for the hidden field `csrf` of every form that changes something; empty when there is no session.
    pub csrf: String,
    /// Which entry of the navigation this page belongs to.
    pub nav: Nav,
    /// The entries that this person may use.
    pub nav_links: Vec<NavLink>,
    /// "7" or "99+": alerts that wait for somebody; empty when none does.
    pub alerts_waiting: String,
    /// The newest critical alert that nobody acknowledged, 0 without one; for those who want to hear it.
    pub critical_newest: Option<i64>,
    /// What the former request wants to say, once.
    pub flash: Option<String>,
    /// What everybody must know, such as "Location data not live since 13:58".
    pub banner: Option<String>,
    /// Light, dark or as the device has it.
    pub theme: Theme,
    /// The facility's time zone.
    pub zone: chrono_tz::Tz,
    /// The instant that ages count from.
    pub now: DateTime<Utc>,
    /// What an open page follows, see [`Self::watch`]; empty when it follows nothing.
    pub watch: TopicSet,
    /// How far the world had been told when this page was begun: its stream goes on from there.
    pub mark: Mark,
    /// Path and query of this page, to come back to.
    pub here: String,
    /// Addresses of the static files.
    pub links: Arc<Links>,
}

/// The signed-in person, as the shell shows them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Name for people.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// Their unit.
    pub home_unit: Option<String>,
}

impl Shell {
    /// A bare frame, for pages without a session.
    #[must_use]
    pub fn bare(links: Arc<Links>, now: DateTime<Utc>) -> Self {
        Self {
            t: &strings::EN,
            person: None,
            csrf: String::new(),
            nav: Nav::None,
            nav_links: Vec::new(),
            alerts_waiting: String::new(),
            critical_newest: None,
            flash: None,
            banner: None,
            theme: Theme::System,
            zone: chrono_tz::UTC,
            now,
            watch: TopicSet::with_limit(Limits::default().watches),
            mark: Mark::default(),
            here: routes::HOME.to_owned(),
            links,
        }
    }

    /// A nurse's frame, for tests of templates.
    #[must_use]
    pub fn sample() -> Self {
        Self::sample_for(Role::Nurse)
    }

    /// A frame for tests of templates.
    #[must_use]
    pub fn sample_for(role: Role) -> Self {
        let now = DateTime::from_timestamp(1_788_789_960, 0).unwrap_or_default();
        let mut shell = Self::bare(Arc::new(Links::sample()), now);
        shell.sign_in(Person {
            name: "Kim Meyer".to_owned(),
            role,
            home_unit: Some("4 West".to_owned()),
        });
        "sample-token".clone_into(&mut shell.csrf);
        "99+".clone_into(&mut shell.alerts_waiting);
        shell.critical_newest = (role == Role::Supply).then_some(7);
        shell.watch([Topic::Alerts]);
        shell.flash = Some("Done.".to_owned());
        shell.banner = Some(strings::fill(shell.t.common.not_live_since, &[&"13:58"]));
        shell
    }

    /// Makes the page live: while it is open, its parts marked `data-live` or `data-live-list` are brought up to date whenever one
    /// of these changes (`docs/adr/0007-live-by-hints.md`). Too many become wider ones.
    pub fn watch(&mut self, topics: impl IntoIterator<Item = Topic>) {
        self.watch.extend(topics);
    }

    /// The stream that the page holds open.
    #[must_use]
    pub fn live_href(&self) -> String {
        routes::live_events_path(&self.watch.join(","), self.mark)
    }

    /// Shows this person and the navigation that they may use.
    pub fn sign_in(&mut self, person: Person) {
        self.nav_links = Nav::links(person.role, self.t);
        self.person = Some(person);
    }

    /// The name of the person's role.
    #[must_use]
    pub fn role_name(&self) -> &'static str {
        self.person
            .as_ref()
            .map_or("", |person| role_name(person.role, self.t))
    }
}

/// The word for a role.
#[must_use]
pub fn role_name(role: Role, t: &Strings) -> &'static str {
    match role {
        Role::Nurse => t.role.nurse,
        Role::Supply => t.role.supply,
        Role::Biomed => t.role.biomed,
        Role::Admin => t.role.admin,
    }
}

/// Light, dark, or as the device has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Theme {
    /// As the device has it.
    System,
    /// Always light.
    Light,
    /// Always dark.
    Dark,
}

impl Theme {
    /// The value of the cookie and of `data-theme`; empty for the device's.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::System => "",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// The theme of a cookie's value.
    #[must_use]
    pub fn from_text(text: &str) -> Self {
        match text {
            "light" => Self::Light,
            "dark" => Self::Dark,
            _ => Self::System,
        }
    }

    /// What the button in the foot changes to.
    #[must_use]
    pub fn next(self) -> Self {
        match self {
            Self::System => Self::Dark,
            Self::Dark => Self::Light,
            Self::Light => Self::System,
        }
    }

    /// What is chosen now, in words.
    #[must_use]
    pub fn words(self, t: &Strings) -> &'static str {
        match self {
            Self::System => t.theme.now_system,
            Self::Light => t.theme.now_light,
            Self::Dark => t.theme.now_dark,
        }
    }
}

/// An answer made from a template: a whole page, or one block of it.
#[derive(Debug)]
pub struct Page<T> {
    template: T,
    status: StatusCode,
}

impl<T: askama::Template> Page<T> {
    /// 200 with this template.
    pub fn new(template: T) -> Self {
        Self {
            template,
            status: StatusCode::OK,
        }
    }

    /// Another status, such as 422 for a form with mistakes.
    #[must_use]
    pub fn with_status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    /// Renders it.
    ///
    /// # Errors
    /// When the template cannot be rendered.
    pub fn render(&self) -> Result<HttpResponse, PageError> {
        let begun = Instant::now();
        let html = self.template.render()?;
        metrics::histogram!("page_render_seconds").record(begun.elapsed().as_secs_f64());
        // Pages show who asked: no cache may keep them (S-24).
        Ok(HttpResponse::build(self.status)
            .insert_header((header::CACHE_CONTROL, "no-store"))
            .insert_header((header::VARY, "HX-Request"))
            .content_type("text/html; charset=utf-8")
            .body(html))
    }
}

impl<T: askama::Template> Responder for Page<T> {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        self.render().unwrap_or_else(HttpResponse::from_error)
    }
}

/// 303: the browser asks for `location` next. Give it addresses of [`routes`], or a checked `next` (S-28).
#[must_use]
pub fn see_other(location: &str) -> HttpResponse {
    HttpResponse::SeeOther()
        .insert_header((header::LOCATION, location))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .finish()
}

/// A mistake in a form: which field, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The field's name and id.
    pub field: &'static str,
    /// What is wrong and how to put it right.
    pub words: String,
}

impl Problem {
    /// A mistake in this field.
    #[must_use]
    pub fn new(field: &'static str, words: impl Into<String>) -> Self {
        Self {
            field,
            words: words.into(),
        }
    }
}
