//! A database per test, cloned from a template that is migrated once.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use wardtrack::config::{DbArgs, Secret};
use wardtrack::db::{Db, migrations};

/// Any number: the advisory lock under which the template is made.
const TEMPLATE_LOCK: i64 = 7_341_908_852;

/// A database of its own, dropped at the end.
#[derive(Debug)]
pub struct TestDatabase {
    name: String,
    server: String,
}

#[derive(QueryableByName)]
struct Name {
    #[diesel(sql_type = Text)]
    name: String,
}

fn server_url() -> String {
    Secret::from_env("WARDTRACK_DATABASE_URL")
        .unwrap_or_else(|error| {
            panic!("{error}; run the tests by scripts/test, or source .local/test/servers.env")
        })
        .expose()
        .to_owned()
}

fn with_database(url: &str, name: &str) -> String {
    let (base, _) = url
        .rsplit_once('/')
        .expect("an address ends in the name of a database");
    format!("{base}/{name}")
}

impl TestDatabase {
    /// A migrated database.
    pub async fn new() -> Self {
        let server = server_url();
        let mut conn = AsyncPgConnection::establish(&server)
            .await
            .expect("the test server answers");
        let template = make_template(&mut conn, &server).await;
        // Files are copied three times as fast as pages are written through the log.
        let how = format!(" TEMPLATE {template} STRATEGY FILE_COPY");
        Self::create(&mut conn, server, &how).await
    }

    /// A database with nothing in it.
    pub async fn empty() -> Self {
        let server = server_url();
        let mut conn = AsyncPgConnection::establish(&server)
            .await
            .expect("the test server answers");
        Self::create(&mut conn, server, "").await
    }

    async fn create(conn: &mut AsyncPgConnection, server: String, how: &str) -> Self {
        // The process id lets a later run sweep away what a killed one left.
        let name = format!("wtt_{}_{:016x}", std::process::id(), rand_number());
        conn.batch_execute(&format!("CREATE DATABASE {name}{how}"))
            .await
            .expect("the test role may create databases");
        Self { name, server }
    }

    /// Its address.
    pub fn url(&self) -> Secret {
        Secret::new(with_database(&self.server, &self.name))
    }

    /// A pool on it.
    pub fn pool(&self) -> Db {
        let args = DbArgs {
            db_pool: 5,
            db_statement_timeout_ms: 30_000,
        };
        Db::new(&args, &self.url(), "wardtrack test").unwrap()
    }

    /// A connection of its own.
    pub async fn conn(&self) -> AsyncPgConnection {
        AsyncPgConnection::establish(self.url().expose())
            .await
            .unwrap()
    }

    /// One number from one query.
    pub async fn number(&self, sql: &str) -> i64 {
        #[derive(QueryableByName)]
        struct Number {
            #[diesel(sql_type = BigInt)]
            n: i64,
        }
        let mut conn = self.conn().await;
        let row: Number = diesel::sql_query(sql)
            .get_result(&mut conn)
            .await
            .unwrap_or_else(|error| panic!("{sql}: {error}"));
        row.n
    }

    /// The column `line` of a query.
    pub async fn lines(&self, sql: &str) -> Vec<String> {
        #[derive(QueryableByName)]
        struct Line {
            #[diesel(sql_type = Text)]
            line: String,
        }
        let mut conn = self.conn().await;
        let rows: Vec<Line> = diesel::sql_query(sql)
            .load(&mut conn)
            .await
            .unwrap_or_else(|error| panic!("{sql}: {error}"));
        rows.into_iter().map(|row| row.line).collect()
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let (server, name) = (self.server.clone(), self.name.clone());
        // The test's runtime may be ending: a thread with a runtime of its own is sure to finish.
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()?;
            runtime.block_on(async {
                let mut conn = AsyncPgConnection::establish(&server)
                    .await
                    .map_err(std::io::Error::other)?;
                let sql = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
                conn.batch_execute(&sql)
                    .await
                    .map_err(std::io::Error::other)
            })
        })
        .join();
        if let Ok(Err(error)) = dropped {
            eprintln!("the test database {} stays: {error}", self.name);
        }
    }
}

/// Makes the migrated template unless it is there, named after the migrations so that a change makes a new one; sweeps away
/// databases of processes that are gone.
async fn make_template(conn: &mut AsyncPgConnection, server: &str) -> String {
    let template = format!("wtt_template_{:016x}", migrations_fingerprint());
    diesel::sql_query("SELECT pg_advisory_lock($1)")
        .bind::<BigInt, _>(TEMPLATE_LOCK)
        .execute(conn)
        .await
        .unwrap();
    let all: Vec<Name> = diesel::sql_query(
        "SELECT datname::text AS name FROM pg_database WHERE datname LIKE 'wtt\\_%'",
    )
    .load(conn)
    .await
    .unwrap();
    for Name { name } in &all {
        let process = name.split('_').nth(1).and_then(|id| id.parse::<u32>().ok());
        let is_left =
            process.is_some_and(|id| !std::path::Path::new(&format!("/proc/{id}")).exists());
        let is_old_template = name.starts_with("wtt_template_") && *name != template;
        if is_left || is_old_template {
            // While Postgres vacuums it by itself, only a superuser can drop it: the next run will.
            conn.batch_execute(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
                .await
                .ok();
        }
    }
    if !all.iter().any(|row| row.name == template) {
        let draft = format!("{template}_draft");
        conn.batch_execute(&format!("DROP DATABASE IF EXISTS {draft} WITH (FORCE)"))
            .await
            .unwrap();
        conn.batch_execute(&format!("CREATE DATABASE {draft}"))
            .await
            .unwrap();
        migrations::run(&Secret::new(with_database(server, &draft)))
            .await
            .unwrap();
        conn.batch_execute(&format!("ALTER DATABASE {draft} RENAME TO {template}"))
            .await
            .unwrap();
    }
    diesel::sql_query("SELECT pg_advisory_unlock($1)")
        .bind::<BigInt, _>(TEMPLATE_LOCK)
        .execute(conn)
        .await
        .unwrap();
    template
}

fn migrations_fingerprint() -> u64 {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/migrations");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path().join("up.sql"))
        .collect();
    files.sort();
    let mut hasher = DefaultHasher::new();
    for file in files {
        std::fs::read(file).ok().hash(&mut hasher);
    }
    hasher.finish()
}

pub(super) fn rand_number() -> u64 {
    uuid::Uuid::new_v4().as_u64_pair().0
}
