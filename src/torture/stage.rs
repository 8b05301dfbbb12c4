//! A database, a virtual host and readers that are made for one round and taken away after it.

use std::time::Duration;

use anyhow::Context;
use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection};

use crate::broker::topology::{BrokerUser, SHARD_BYTES_MAX, Topology, reader_routing_key};
use crate::broker::{BrokerAddress, Management};
use crate::clock::Clock;
use crate::config::broker::{BrokerRole, ManagementArgs};
use crate::config::{BrokerArgs, DbArgs, Secret};
use crate::db::types::{AssetStatus, RoomKind, Technology};
use crate::db::{Db, migrations};
use crate::devices::register;
use crate::ids::ReaderId;
use crate::simulate::{
    PlanAntenna, PlanAsset, PlanModel, PlanReader, PlanRoom, PlanTag, SeedPlan, seed,
};

/// Readers promise a message at least this often.
pub const HEARTBEAT_MS: i64 = 30_000;
const SLOT: &str = "a";

/// Where the servers are. The role that the database address names must be allowed to make databases.
#[derive(Clone, Debug)]
pub struct StageArgs {
    /// Database server.
    pub db: DbArgs,
    /// Broker; its virtual host is not used.
    pub broker: BrokerArgs,
    /// Management of the broker.
    pub management: ManagementArgs,
}

/// A reader of the stage with its sign-in.
#[derive(Clone, Debug)]
pub struct StageReader {
    /// Row.
    pub id: ReaderId,
    /// Id on the wire.
    pub key: String,
    /// Its routing key.
    pub routing_key: String,
    /// Where and as whom it publishes.
    pub address: BrokerAddress,
}

/// Everything that one round or test has for itself.
#[derive(Debug)]
pub struct Stage {
    /// Pool of the stage's database.
    pub db: Db,
    /// Its address.
    pub db_url: Secret,
    /// The broker, with the stage's virtual host.
    pub broker: BrokerArgs,
    /// Its management.
    pub management: Management,
    /// What was declared.
    pub topology: Topology,
    /// Readers; reader `n` stands in room `n`.
    pub readers: Vec<StageReader>,
    database: Option<OwnDatabase>,
}

impl Stage {
    /// Makes the stage in a database of its own, with `readers` rooms with a reader each and `tags` assets with a beacon each.
    ///
    /// # Errors
    /// When a server cannot be used. What was made by then is taken away again.
    pub async fn build(
        args: &StageArgs,
        clock: &Clock,
        readers: usize,
        tags: usize,
    ) -> anyhow::Result<Self> {
        let server_url = args.db.url()?;
        let database = format!("wardtrack_stage_{}", random_name());
        let db_url = other_database(&server_url, &database)?;
        let server = OwnDatabase {
            server_url,
            name: database,
        };
        server.create().await?;
        let stage = match migrations::run(&db_url).await {
            Ok(_) => Self::on(args, db_url, clock, readers, tags).await,
            Err(error) => Err(error.into()),
        };
        match stage {
            Ok(stage) => Ok(Self {
                database: Some(server),
                ..stage
            }),
            Err(error) => {
                server.remove().await.ok();
                Err(error)
            }
        }
    }

    /// Makes the stage in a database that is there already, with its tables.
    ///
    /// # Errors
    /// See [`Stage::build`].
    pub async fn on(
        args: &StageArgs,
        db_url: Secret,
        clock: &Clock,
        readers: usize,
        tags: usize,
    ) -> anyhow::Result<Self> {
        let name = random_name();
        let broker = BrokerArgs {
            vhost: format!("stage-{name}"),
            shards: 1,
            ..args.broker.clone()
        };
        let management = Management::new(&args.management, &broker.vhost)?;
        let mut stage = Self {
            db: Db::new(&args.db, &db_url, "wardtrack stage")?,
            db_url,
            topology: topology()?,
            broker,
            management,
            readers: Vec::new(),
            database: None,
        };
        match stage.furnish(clock, &plan(&name, readers, tags)).await {
            Ok(()) => Ok(stage),
            Err(error) => {
                stage.clear().await.ok();
                Err(error)
            }
        }
    }

    async fn furnish(&mut self, clock: &Clock, plan: &SeedPlan) -> anyhow::Result<()> {
        self.topology
            .apply(&self.management)
            .await
            .context("declaring the topology")?;
        let mut conn = self.db.conn().await?;
        let now = clock.now();
        let stored = seed::store_plan(&mut conn, plan, now)
            .await
            .context("storing rooms, readers and tags")?;
        for reader in &plan.readers {
            let id = *stored
                .readers
                .get(&reader.key)
                .context("a stored reader has a row")?;
            let (secret, hash) = register::insert_amqp_credential(&mut conn, id, SLOT, now).await?;
            let user = BrokerUser::for_reader(&reader.key, SLOT, hash);
            self.management.upsert_user(&user).await?;
            self.readers.push(StageReader {
                id,
                key: reader.key.clone(),
                routing_key: reader_routing_key(&reader.key),
                address: BrokerAddress::new(&self.broker, &user.name, secret)?,
            });
        }
        Ok(())
    }

    /// Where and as whom a role signs in to the stage's virtual host.
    ///
    /// # Errors
    /// When its password is not set.
    pub fn role(&self, role: BrokerRole) -> anyhow::Result<BrokerAddress> {
        Ok(BrokerAddress::for_role(&self.broker, role)?)
    }

    /// The broker's administrator in the stage's virtual host: the only one who can publish under any key.
    ///
    /// # Errors
    /// When the address is unfit.
    pub fn administrator(&self) -> anyhow::Result<BrokerAddress> {
        let (user, password) = self.management.admin();
        Ok(BrokerAddress::new(&self.broker, user, password.clone())?)
    }

    /// The variables that make a wardtrack process work on this stage; the others are as they are here.
    #[must_use]
    pub fn environment(&self) -> [(&'static str, &str); 3] {
        [
            ("WARDTRACK_DATABASE_URL", self.db_url.expose()),
            ("WARDTRACK_VHOST", &self.broker.vhost),
            ("WARDTRACK_SHARDS", "1"),
        ]
    }

    /// Takes everything away again, also what is still in use. A database that was there before stays.
    ///
    /// # Errors
    /// The first thing that could not be removed; the others are tried all the same.
    pub async fn clear(&self) -> anyhow::Result<()> {
        let mut first = None;
        if let Err(error) = self.management.delete_vhost().await {
            first = Some(anyhow::Error::from(error));
        }
        for reader in &self.readers {
            if let Err(error) = self.management.delete_user(&reader.key).await {
                first.get_or_insert(error.into());
            }
        }
        if let Some(database) = &self.database
            && let Err(error) = database.remove().await
        {
            first.get_or_insert(error);
        }
        first.map_or(Ok(()), Err)
    }
}

#[derive(Debug)]
struct OwnDatabase {
    server_url: Secret,
    name: String,
}

impl OwnDatabase {
    async fn create(&self) -> anyhow::Result<()> {
        self.run(&format!("CREATE DATABASE \"{}\"", self.name))
            .await
            .context("making a database")
    }

    async fn remove(&self) -> anyhow::Result<()> {
        let drop = format!("DROP DATABASE IF EXISTS \"{}\" WITH (FORCE)", self.name);
        for _ in 0..20 {
            if self.run(&drop).await.is_ok() {
                return Ok(());
            }
            // While Postgres vacuums it by itself, only a superuser could end that.
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        self.run(&drop).await.context("removing a database")
    }

    async fn run(&self, sql: &str) -> anyhow::Result<()> {
        let mut server = AsyncPgConnection::establish(self.server_url.expose())
            .await
            .context("connecting to Postgres")?;
        Ok(server.batch_execute(sql).await?)
    }
}

fn random_name() -> String {
    format!("{:012x}", rand::random::<u64>() & 0xffff_ffff_ffff)
}

/// Key of the beacon on asset `n`.
#[must_use]
pub fn tag_key(n: usize) -> String {
    format!("mac:AC233F{n:06X}")
}

fn topology() -> anyhow::Result<Topology> {
    let mut users = Vec::new();
    for role in BrokerRole::ALL {
        users.push(BrokerUser::for_role(role, &role.password()?));
    }
    Ok(Topology {
        shards: 1,
        shard_bytes_max: SHARD_BYTES_MAX,
        replay_bytes_max: None,
        reader_keys: Vec::new(),
        users,
    })
}

fn other_database(url: &Secret, database: &str) -> anyhow::Result<Secret> {
    let mut url = reqwest::Url::parse(url.expose()).map_err(|error| {
        anyhow::anyhow!("WARDTRACK_DATABASE_URL is not an address ({error}): write postgres://user:password@host:port/database")
    })?;
    url.set_path(database);
    Ok(Secret::new(url.to_string()))
}

/// Users of the broker are common to all virtual hosts, so readers carry the name of their stage.
fn plan(name: &str, readers: usize, tags: usize) -> SeedPlan {
    let floor = "Level 1".to_owned();
    let zone = "All of it".to_owned();
    let room = |n: usize| format!("Room {n}");
    SeedPlan {
        pars: Vec::new(),
        facility: "Faultfield".to_owned(),
        time_zone: "UTC".to_owned(),
        building: "Main building".to_owned(),
        floors: vec![(floor.clone(), 1)],
        units: Vec::new(),
        drawings: Vec::new(),
        rooms: (0..readers)
            .map(|n| PlanRoom {
                name: room(n),
                floor: floor.clone(),
                unit: None,
                kind: RoomKind::PatientRoom,
                zones: vec![zone.clone()],
            })
            .collect(),
        readers: (0..readers)
            .map(|n| PlanReader {
                key: format!("stage-{name}-{n}"),
                name: format!("Reader {n}"),
                technology: Technology::Ble,
                heartbeat_interval_ms: Some(HEARTBEAT_MS),
                antennas: vec![PlanAntenna {
                    port: 0,
                    room: room(n),
                    zone: zone.clone(),
                }],
            })
            .collect(),
        types: vec!["Infusion pump".to_owned()],
        models: vec![PlanModel {
            asset_type: "Infusion pump".to_owned(),
            maker: "Maker".to_owned(),
            name: "Pump".to_owned(),
        }],
        assets: (0..tags)
            .map(|n| PlanAsset {
                number: format!("A-{n:05}"),
                asset_type: "Infusion pump".to_owned(),
                model: ("Maker".to_owned(), "Pump".to_owned()),
                owner_unit: None,
                status: AssetStatus::Available,
                identifiers: Vec::new(),
                tags: vec![PlanTag {
                    key: tag_key(n),
                    technology: Technology::Ble,
                    expected_interval_ms: Some(1_000),
                }],
            })
            .collect(),
    }
}
