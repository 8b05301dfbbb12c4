//! Who asks.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpMessage, HttpRequest};

use crate::app::App;
use crate::db::types::Role;
use crate::ids::{UnitId, UserId};
use crate::people::session::{self, Session, TokenHash};
use crate::web::page::{Nav, Shell};
use crate::web::{PageError, routes};

/// The browser that asks, with or without a person. Handlers of `Access::Visitor` take this one.
#[derive(Clone, Debug)]
pub struct Visit {
    /// The frame for its pages.
    pub shell: Shell,
    /// Its session.
    pub token: TokenHash,
    /// Who signed in.
    pub viewer: Option<Viewer>,
    /// Where it asks from.
    pub client: std::net::IpAddr,
}

/// The signed-in person. The access table was applied before a handler sees one, so taking it needs no further check.
#[derive(Clone, Debug)]
pub struct Viewer {
    /// Their account.
    pub user_id: UserId,
    /// What they may do.
    pub role: Role,
    /// The unit they work in.
    pub home_unit: Option<UnitId>,
    /// Their session.
    pub token: TokenHash,
    /// Whether they entered their password lately.
    is_fresh: bool,
    shell: Shell,
}

impl Viewer {
    pub(in crate::web) fn new(
        user_id: UserId,
        role: Role,
        home_unit: Option<UnitId>,
        session: &Session,
        shell: Shell,
    ) -> Self {
        Self {
            user_id,
            role,
            home_unit,
            token: session.token,
            is_fresh: session.is_fresh(shell.now),
            shell,
        }
    }

    /// Whether they entered their password lately enough to change keys, web addresses and the like (S-16). A page whose forms need that
    /// shows a button to enter it instead of the forms.
    #[must_use]
    pub fn is_fresh(&self) -> bool {
        self.is_fresh
    }

    /// Refuses what needs a password that was entered lately (S-16), as the first line of a handler: `viewer.must_be_fresh(HERE)?;`. The
    /// person is sent to enter it again, and from there to `back`.
    ///
    /// # Errors
    /// [`PageError::StepUp`] when it was too long ago.
    pub fn must_be_fresh(&self, back: &str) -> Result<(), PageError> {
        if self.is_fresh {
            Ok(())
        } else {
            Err(PageError::StepUp(routes::sign_in_again_path(back)))
        }
    }

    /// The frame for a page of this person, below this entry of the navigation.
    #[must_use]
    pub fn shell(&self, nav: Nav) -> Shell {
        let mut shell = self.shell.clone();
        shell.nav = nav;
        shell
    }

    /// Leaves a sentence that their next page shows once; for use before `see_other`.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn leave_flash(&self, app: &App, words: &str) -> Result<(), PageError> {
        let mut conn = app.db.conn().await?;
        session::set_flash(&mut conn, &self.token, words).await?;
        Ok(())
    }

    /// Whether they may open a page of the navigation.
    #[must_use]
    pub fn may_open(&self, path: &str) -> bool {
        routes::may_open(self.role, path)
    }
}

impl FromRequest for Viewer {
    type Error = PageError;
    type Future = Ready<Result<Self, PageError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let viewer = request
            .extensions()
            .get::<Visit>()
            .and_then(|visit| visit.viewer.clone());
        // Only a handler that asks for a person on an address that is open to all gets here: refuse.
        ready(viewer.ok_or(PageError::NotFound))
    }
}

impl FromRequest for Visit {
    type Error = PageError;
    type Future = Ready<Result<Self, PageError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(
            request
                .extensions()
                .get::<Self>()
                .cloned()
                .ok_or(PageError::NotFound),
        )
    }
}
