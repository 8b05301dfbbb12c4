//! What a bench works on: a database and a virtual host of its own, both gone when it ends.

use std::time::Duration;

use anyhow::Context;
use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Text};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use serde_json::Value;
use tokio::net::TcpStream;

use super::load::{LoadShape, MAC_BASE};
use crate::broker::topology::{
    BrokerUser, INGEST_EXCHANGE, SHARD_BYTES_MAX, Topology, shard_queue,
};
use crate::broker::{BrokerAddress, Management};
use crate::config::broker::{BrokerRole, ManagementArgs};
use crate::config::{BrokerArgs, Secret};
use crate::db::migrations;

/// The queue that wardtrack consumes.
pub(super) const SHARD: u16 = 0;
/// A second queue, equal to that of the shard, which gets the same messages for the bare consumer.
pub(super) const BARE_SHARD: u16 = 1;
/// How long dropping things may take after an interrupt.
const TEAR_DOWN_MAX: Duration = Duration::from_secs(20);

impl PostgresFacts {
    /// Whether what was committed outlives a crash.
    pub(super) fn is_durable(&self) -> bool {
        [
            &self.fsync,
            &self.synchronous_commit,
            &self.full_page_writes,
        ]
        .iter()
        .all(|setting| *setting == "on")
    }
}

/// A database and a virtual host, made for one run.
#[derive(Debug)]
pub(super) struct Stage {
    server_url: Secret,
    database: String,
    copies: Vec<String>,
    management: Management,
    pub broker: BrokerArgs,
    pub rabbitmq_version: String,
}

/// What the database server says about itself.
#[derive(Clone, Debug)]
pub(super) struct PostgresFacts {
    pub version: String,
    pub fsync: String,
    pub synchronous_commit: String,
    pub full_page_writes: String,
}

impl Stage {
    /// Looks whether the servers answer and chooses a name. Nothing is made yet.
    pub(super) async fn set_up(
        server_url: Secret,
        broker: &BrokerArgs,
        management: &ManagementArgs,
    ) -> anyhow::Result<Self> {
        let name = format!(
            "wardtrack_bench_{}_{:08x}",
            std::process::id(),
            rand::random::<u32>()
        );
        let broker = BrokerArgs {
            amqp_addr: broker.amqp_addr.clone(),
            vhost: name.clone(),
            shards: 1,
        };
        let management = Management::new(management, &name)?;
        let rabbitmq_version = management.broker_version().await.context(
            "bench needs RabbitMQ with its management plugin; scripts/bench starts a private one",
        )?;
        // Before anything is made, so that there is nothing to take away when one of them does not answer.
        connect(&server_url)
            .await
            .context("bench needs Postgres; scripts/bench starts a private one")?;
        TcpStream::connect(&broker.amqp_addr)
            .await
            .with_context(|| {
                format!(
                    "bench needs RabbitMQ's AMQP at {}; scripts/bench starts a private one",
                    broker.amqp_addr
                )
            })?;
        Ok(Self {
            server_url,
            database: name,
            copies: Vec::new(),
            management,
            broker,
            rabbitmq_version,
        })
    }

    /// Makes the virtual host with the queue of the shard.
    pub(super) async fn furnish_broker(&self) -> anyhow::Result<()> {
        topology()?
            .apply(&self.management)
            .await
            .context("making the virtual host of the bench")
            .map(drop)
    }

    /// Makes a second queue that gets the same messages.
    pub(super) async fn add_bare_queue(&self) -> anyhow::Result<()> {
        let bare = shard_queue(BARE_SHARD);
        let like_shard = topology()?
            .queues()
            .into_iter()
            .find(|(name, _)| *name == shard_queue(SHARD));
        let (_, arguments) = like_shard.context("the topology has a queue for the shard")?;
        self.management
            .put_in_vhost("queues", &bare, &arguments)
            .await?;
        self.management.bind(INGEST_EXCHANGE, &bare, "s.#").await?;
        Ok(())
    }

    /// Makes the database with all tables and nothing in them.
    pub(super) async fn make_database(&self) -> anyhow::Result<Secret> {
        let mut server = connect(&self.server_url).await?;
        server
            .batch_execute(&format!("CREATE DATABASE {}", self.database))
            .await
            .context("making the database of the bench: its user needs the right CREATEDB")?;
        let url = self.database_url()?;
        migrations::run(&url).await?;
        Ok(url)
    }

    /// Makes the database with the hospital of `shape`.
    pub(super) async fn furnish_database(&self, shape: &LoadShape) -> anyhow::Result<()> {
        let mut conn = connect(&self.make_database().await?).await?;
        diesel::sql_query(include_str!("sql/seed.sql"))
            .bind::<BigInt, _>(i64::from(shape.readers))
            .bind::<BigInt, _>(i64::from(shape.tags))
            .bind::<BigInt, _>(i64::try_from(MAC_BASE)?)
            .execute(&mut conn)
            .await
            .context("registering readers and tags")?;
        // As autovacuum would have done in a database that is older than a minute.
        conn.batch_execute("ANALYZE").await?;
        Ok(())
    }

    /// An identical copy of the database as it is now; nobody may be connected to it.
    pub(super) async fn copy_database(&mut self, suffix: &str) -> anyhow::Result<Secret> {
        let copy = format!("{}_{suffix}", self.database);
        self.copies.push(copy.clone());
        let mut server = connect(&self.server_url).await?;
        server
            .batch_execute(&format!(
                "CREATE DATABASE {copy} TEMPLATE {}",
                self.database
            ))
            .await
            .context("copying the database of the bench")?;
        with_database(&self.server_url, &copy)
    }

    /// Address of the database.
    pub(super) fn database_url(&self) -> anyhow::Result<Secret> {
        with_database(&self.server_url, &self.database)
    }

    /// A connection to the database.
    pub(super) async fn connect(&self) -> anyhow::Result<AsyncPgConnection> {
        connect(&self.database_url()?).await
    }

    /// Sign-in of one of wardtrack's roles in the virtual host.
    pub(super) fn role(&self, role: BrokerRole) -> anyhow::Result<BrokerAddress> {
        Ok(BrokerAddress::for_role(&self.broker, role)?)
    }

    /// Sign-in of the administrator in the virtual host.
    pub(super) fn admin(&self) -> anyhow::Result<BrokerAddress> {
        let (user, password) = self.management.admin();
        Ok(BrokerAddress::new(&self.broker, user, password.clone())?)
    }

    /// Process ids of RabbitMQ's nodes, as they see them themselves.
    pub(super) async fn broker_pids(&self) -> Vec<u32> {
        let nodes = self
            .management
            .find_facts("nodes")
            .await
            .unwrap_or(Value::Null);
        let pids = nodes
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|node| node.get("os_pid")?.as_str()?.parse().ok());
        pids.collect()
    }

    /// Settings of the database server that decide how fast it can be.
    pub(super) async fn postgres_facts(&self) -> anyhow::Result<PostgresFacts> {
        let mut conn = connect(&self.server_url).await?;
        let mut settings = Vec::new();
        for name in [
            "server_version",
            "fsync",
            "synchronous_commit",
            "full_page_writes",
        ] {
            settings.push(find_setting(&mut conn, name).await?);
        }
        let mut settings = settings.into_iter();
        let mut next = || settings.next().unwrap_or_default();
        Ok(PostgresFacts {
            version: next(),
            fsync: next(),
            synchronous_commit: next(),
            full_page_writes: next(),
        })
    }

    /// Takes everything away, as far as it is there.
    pub(super) async fn tear_down(self) {
        let removed = tokio::time::timeout(TEAR_DOWN_MAX, async {
            if let Err(error) = self.management.delete_vhost().await {
                tracing::warn!(
                    vhost = self.broker.vhost,
                    error = format!("{error:#}"),
                    "the virtual host is left"
                );
            }
            for database in self.copies.iter().chain([&self.database]) {
                let drop = format!("DROP DATABASE IF EXISTS {database} WITH (FORCE)");
                let dropped = async {
                    anyhow::Ok(
                        connect(&self.server_url)
                            .await?
                            .batch_execute(&drop)
                            .await?,
                    )
                };
                if let Err(error) = dropped.await {
                    tracing::warn!(
                        database,
                        error = format!("{error:#}"),
                        "the database is left"
                    );
                }
            }
        });
        if removed.await.is_err() {
            tracing::warn!(
                name = self.database,
                "databases or the virtual host of this name are left: drop them"
            );
        }
    }
}

/// One shard, with the sign-ins of all roles.
fn topology() -> anyhow::Result<Topology> {
    let mut users = Vec::new();
    for role in BrokerRole::ALL {
        users.push(BrokerUser::for_role(role, &role.password()?));
    }
    Ok(Topology {
        shards: 1,
        shard_bytes_max: SHARD_BYTES_MAX,
        replay_bytes_max: None,
        reader_keys: vec![],
        users,
    })
}

/// Makes a database on the server of `server_url`, brings its schema up to date, measures in it, and takes it away, after Ctrl-C too.
pub(super) async fn in_own_database<T>(
    server_url: &Secret,
    measure: impl AsyncFnOnce(AsyncPgConnection) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let (process, random) = (std::process::id(), rand::random::<u32>());
    let name = format!("wardtrack_bench_{process}_{random:08x}");
    let mut server = connect(server_url).await?;
    server
        .batch_execute(&format!("CREATE DATABASE {name}"))
        .await
        .context("making the database of the bench: its user needs the right CREATEDB")?;
    let measured = async {
        let (base, _) = server_url
            .expose()
            .rsplit_once('/')
            .context("the address of the database names no database")?;
        let url = Secret::new(format!("{base}/{name}"));
        migrations::run(&url).await?;
        measure(connect(&url).await?).await
    };
    let measured = tokio::select! {
        measured = measured => measured,
        _ = tokio::signal::ctrl_c() => Err(anyhow::anyhow!("interrupted")),
    };
    server
        .batch_execute(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
        .await
        .context("taking the database of the bench away")?;
    measured
}

/// A connection without limits on the time of a statement.
pub(super) async fn connect(url: &Secret) -> anyhow::Result<AsyncPgConnection> {
    let mut conn = AsyncPgConnection::establish(url.expose())
        .await
        .context("connecting to the database")?;
    conn.batch_execute(
        "SET timezone = 'UTC'; SET statement_timeout = 0; SET application_name = 'wardtrack bench'",
    )
    .await?;
    Ok(conn)
}

#[derive(QueryableByName)]
struct Setting {
    #[diesel(sql_type = Text)]
    value: String,
}

async fn find_setting(conn: &mut AsyncPgConnection, name: &str) -> anyhow::Result<String> {
    let row: Setting = diesel::sql_query("SELECT current_setting($1) AS value")
        .bind::<Text, _>(name)
        .get_result(conn)
        .await?;
    Ok(row.value)
}

/// The same server and user, another database.
pub(super) fn with_database(url: &Secret, database: &str) -> anyhow::Result<Secret> {
    let mut parsed = parse(url)?;
    parsed.set_path(database);
    Ok(Secret::new(parsed.into()))
}

/// The parts of a database address.
pub(super) fn parse(url: &Secret) -> anyhow::Result<reqwest::Url> {
    let parsed = reqwest::Url::parse(url.expose())
        .ok()
        .filter(|parsed| parsed.scheme().starts_with("postgres") && parsed.has_host());
    parsed.context(
        "WARDTRACK_DATABASE_URL is not of the form postgres://user:password@host:port/database",
    )
}
