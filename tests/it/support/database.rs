//! A database per test, copied from a template that is migrated once (about 80 ms each).
//!
//! The server is that of `WARDTRACK_TEST_DATABASE_URL`, else `WARDTRACK_DATABASE_URL`; the role needs CREATEDB. The template's name
//! holds a hash of `migrations/`, so that changed migrations make a new one, and an advisory lock lets one process make it.
//! Databases that killed runs left behind are removed by the next one.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use diesel::prelude::*;
use diesel::sql_types::{Bool, Text};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use sha2::{Digest, Sha256};
use tokio::sync::OnceCell;
use wardtrack::config::Secret;
use wardtrack::db::migrations;

/// A database that is dropped with this value.
#[derive(Debug)]
pub struct TestDatabase {
    name: String,
}

static NUMBER: AtomicU32 = AtomicU32::new(0);
static PREPARED: OnceCell<()> = OnceCell::const_new();

impl TestDatabase {
    /// With the schema.
    pub async fn new() -> Self {
        PREPARED.get_or_init(prepare).await;
        Self::create(&format!("TEMPLATE {}", template())).await
    }

    /// Without any table.
    #[allow(dead_code, reason = "for tests of migrations")]
    pub async fn empty() -> Self {
        PREPARED.get_or_init(prepare).await;
        Self::create("").await
    }

    /// Its address.
    pub fn url(&self) -> Secret {
        url_of(&self.name)
    }

    async fn create(options: &str) -> Self {
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("wt_test_{}_{number}", std::process::id());
        server()
            .await
            .batch_execute(&format!("CREATE DATABASE {name} {options}"))
            .await
            .expect("create the test's database");
        Self { name }
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let name = self.name.clone();
        // A thread of its own: this may run on any runtime, or on none.
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime");
            runtime.block_on(async {
                let sql = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
                server().await.batch_execute(&sql).await
            })
        });
        let _ = dropped.join();
    }
}

#[derive(QueryableByName)]
struct Named {
    #[diesel(sql_type = Text)]
    datname: String,
}

#[derive(QueryableByName)]
struct Found {
    #[diesel(sql_type = Bool)]
    found: bool,
}

/// Makes the template when it is missing, and sweeps what killed runs left.
async fn prepare() {
    let mut server = server().await;
    server
        .batch_execute("SELECT pg_advisory_lock(hashtext('wardtrack test template'))")
        .await
        .expect("lock");
    let template = template();
    let is_there: Found =
        diesel::sql_query("SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1) AS found")
            .bind::<Text, _>(&template)
            .get_result(&mut server)
            .await
            .expect("look for the template");
    if !is_there.found {
        let draft = format!("{template}_draft");
        let drop = format!("DROP DATABASE IF EXISTS {draft} WITH (FORCE)");
        server.batch_execute(&drop).await.expect("drop the draft");
        let create = format!("CREATE DATABASE {draft}");
        server.batch_execute(&create).await.expect("create the template");
        migrations::run(&url_of(&draft)).await.expect("migrate the template");
        // The migration's connection may still be closing.
        let rename = format!("ALTER DATABASE {draft} RENAME TO {template}");
        let close = format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{draft}'");
        server.batch_execute(&close).await.expect("close the template");
        server.batch_execute(&rename).await.expect("name the template");
    }
    sweep(&mut server).await;
}

/// Drops the databases of processes that no longer run.
async fn sweep(server: &mut AsyncPgConnection) {
    let left: Vec<Named> =
        diesel::sql_query(r"SELECT datname FROM pg_database WHERE datname LIKE 'wt\_test\_%'")
            .load(server)
            .await
            .expect("list databases");
    for Named { datname } in left {
        let process = datname.split('_').nth(2).and_then(|pid| pid.parse::<u32>().ok());
        if process.is_none_or(|pid| !Path::new(&format!("/proc/{pid}")).exists()) {
            // Another process may sweep it at the same time.
            let sql = format!("DROP DATABASE IF EXISTS {datname} WITH (FORCE)");
            let _ = server.batch_execute(&sql).await;
        }
    }
}

fn template() -> String {
    fn files(folder: &Path, out: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).expect("migrations") {
            let path = entry.expect("a file").path();
            if path.is_dir() {
                files(&path, out);
            } else {
                out.push(path);
            }
        }
    }
    let mut all = Vec::new();
    files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations"), &mut all);
    all.sort();
    let mut hash = Sha256::new();
    for path in all {
        hash.update(std::fs::read(path).expect("a migration"));
    }
    let hash = hash.finalize();
    format!("wt_template_{:02x}{:02x}{:02x}{:02x}", hash[0], hash[1], hash[2], hash[3])
}

async fn server() -> AsyncPgConnection {
    AsyncPgConnection::establish(&base_url())
        .await
        .expect("the database of WARDTRACK_TEST_DATABASE_URL or WARDTRACK_DATABASE_URL; scripts/test starts one")
}

fn url_of(database: &str) -> Secret {
    let base = base_url();
    let (start, query) = base.split_once('?').unwrap_or((&base, ""));
    let (server, _) = start.rsplit_once('/').expect("postgres://user:password@host:port/database");
    let query = if query.is_empty() { String::new() } else { format!("?{query}") };
    Secret::new(format!("{server}/{database}{query}"))
}

fn base_url() -> String {
    Secret::from_env("WARDTRACK_TEST_DATABASE_URL")
        .or_else(|_| Secret::from_env("WARDTRACK_DATABASE_URL"))
        .expect("set WARDTRACK_TEST_DATABASE_URL, or run the tests by scripts/test, which starts a private server")
        .expose()
        .to_owned()
}
