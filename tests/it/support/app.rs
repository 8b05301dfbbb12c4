//! The pages on a free port, with a clock that stands still.

use std::sync::{Arc, OnceLock};

use chrono::SubsecRound;
use clap::Parser;
use wardtrack::app::App;
use wardtrack::clock::{Clock, TestClock};
use wardtrack::config::{DbArgs, Secret, WebArgs};
use wardtrack::db::Db;
use wardtrack::db::types::Role;
use wardtrack::ids::UserId;
use wardtrack::lifecycle::Lifecycle;
use wardtrack::people::model::{NewUser, SignInName};
use wardtrack::people::{accounts, password};
use wardtrack::web::server;

use super::{Actor, TestDatabase};

/// The password of everybody that [`TestApp::sign_in_as`] makes.
pub const PASSWORD: &str = "four wet umbrellas";

/// Pages that are served, with a private database.
pub struct TestApp {
    /// Where pages are, such as `http://127.0.0.1:40123`.
    pub url: String,
    /// Where `/ready` and `/metrics` are.
    pub internal_url: String,
    /// The database.
    pub db: Db,
    /// The server's time.
    pub clock: TestClock,
    /// What the server shares.
    pub app: Arc<App>,
    life: Lifecycle,
    // Dropped after the server has been told to stop.
    database: Option<TestDatabase>,
}

#[derive(Parser)]
struct Settings {
    #[command(flatten)]
    web: WebArgs,
    #[command(flatten)]
    db: DbArgs,
}

impl TestApp {
    /// Serves the pages with default settings.
    pub async fn new() -> Self {
        Self::with(|_| {}).await
    }

    /// Serves the pages with changed settings.
    pub async fn with(change: impl FnOnce(&mut WebArgs)) -> Self {
        let database = TestDatabase::new().await;
        let url = database.url();
        let mut app = Self::serve(&url, change);
        app.database = Some(database);
        app
    }

    /// Serves the pages on a database that somebody else made.
    #[allow(dead_code, reason = "for tests with a consumer beside the pages")]
    pub fn on(url: &Secret, change: impl FnOnce(&mut WebArgs)) -> Self {
        Self::serve(url, change)
    }

    /// Stops the server in good order.
    #[allow(dead_code, reason = "for tests of the stop")]
    pub async fn stop(&self) {
        self.life.stop();
        self.life.wait().await.expect("a stop in good order");
    }

    /// The life of the server, for roles beside it.
    #[allow(dead_code, reason = "for tests with other roles beside the pages")]
    pub fn life(&self) -> &Lifecycle {
        &self.life
    }

    /// Serves the pages on a database that does not answer.
    pub fn without_database() -> Self {
        // Port 1 is never listened on.
        let url = Secret::new("postgres://nobody:nothing@127.0.0.1:1/nowhere".to_owned());
        Self::serve(&url, |_| {})
    }

    fn serve(url: &Secret, change: impl FnOnce(&mut WebArgs)) -> Self {
        let mut settings = Settings::parse_from(["test", "--db-pool", "4"]);
        settings.web.bind = ([127, 0, 0, 1], 0).into();
        settings.web.internal_bind = ([127, 0, 0, 1], 0).into();
        settings.web.origin = None;
        settings.web.trusted_proxy.clear();
        change(&mut settings.web);
        let clock = TestClock::at(Clock::system().now().trunc_subsecs(0));
        let db = Db::new(&settings.db, url, "wardtrack test").expect("a pool");
        let key = Secret::new("0123456789abcdef0123456789abcdef".to_owned());
        let app = Arc::new(App::new(db.clone(), clock.clock(), key));
        let bound = server::bind(Arc::clone(&app), &settings.web)
            .expect("free ports")
            .workers(1);
        let (url, internal_url) = (
            format!("http://{}", bound.addr),
            format!("http://{}", bound.internal_addr),
        );
        let life = Lifecycle::new();
        let stop = life.clone();
        life.spawn_role("pages", async move { Ok(bound.run(&stop).await?) });
        Self {
            url,
            internal_url,
            db,
            clock,
            app,
            life,
            database: None,
        }
    }

    /// A client that follows no redirects and keeps no cookies.
    #[expect(
        clippy::unused_self,
        reason = "every way to the server starts with the app"
    )]
    pub fn http(&self) -> reqwest::Client {
        reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()
            .expect("a client")
    }

    /// Somebody without an account.
    pub fn anonymous(&self) -> Actor {
        Actor::new(self.http(), &self.url)
    }

    /// Adds an account whose password is [`PASSWORD`].
    pub async fn add_user(&self, name: &str, role: Role) -> UserId {
        static HASH: OnceLock<String> = OnceLock::new();
        let hash = HASH.get_or_init(|| password::hash(PASSWORD).expect("a hash"));
        let user = NewUser {
            sign_in_name: &SignInName::parse(name).expect("a name"),
            display_name: name,
            role,
            home_unit_id: None,
        };
        accounts::add_user(&self.db, &user, hash, self.app.clock.now())
            .await
            .expect("the database")
            .expect("a new name")
    }

    /// A person with this role, signed in; the account is named after the role.
    pub async fn sign_in_as(&self, role: Role) -> Actor {
        self.add_user(role.as_str(), role).await;
        let actor = self.anonymous();
        let answer = actor.sign_in(role.as_str(), PASSWORD).await;
        assert_eq!(answer.status, 303, "{}", answer.text());
        actor
    }

    /// A nurse, signed in.
    #[allow(dead_code, reason = "not every set of tests has every person")]
    pub async fn nurse(&self) -> Actor {
        self.sign_in_as(Role::Nurse).await
    }

    /// A supply technician, signed in.
    #[allow(dead_code, reason = "not every set of tests has every person")]
    pub async fn supply_tech(&self) -> Actor {
        self.sign_in_as(Role::Supply).await
    }

    /// A biomedical engineer, signed in.
    #[allow(dead_code, reason = "not every set of tests has every person")]
    pub async fn biomed(&self) -> Actor {
        self.sign_in_as(Role::Biomed).await
    }

    /// An administrator, signed in.
    #[allow(dead_code, reason = "not every set of tests has every person")]
    pub async fn admin(&self) -> Actor {
        self.sign_in_as(Role::Admin).await
    }

    /// The address of the private database.
    #[allow(dead_code, reason = "for tests that run the program")]
    pub fn database_url(&self) -> Secret {
        self.database.as_ref().expect("a database").url()
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        self.life.stop();
    }
}
