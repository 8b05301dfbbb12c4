//! `wardtrack reader`: registering readers and issuing their credentials.

use anyhow::{Context, ensure};
use clap::{Args as ClapArgs, Subcommand, ValueEnum};
use diesel_async::{AsyncConnection, AsyncPgConnection};
use serde_json::json;

use crate::audit::{Actor, Event, record_audit};
use crate::broker::Management;
use crate::broker::topology::{BrokerUser, is_reader_key, reader_user_name};
use crate::clock::Clock;
use crate::config::broker::ManagementArgs;
use crate::config::{BrokerArgs, DbArgs};
use crate::db::Db;
use crate::db::types::{ReaderState, Technology};
use crate::devices::register::{self, NewReader};
use crate::ids::ReaderId;

/// Arguments of `wardtrack reader`.
#[derive(Debug, ClapArgs)]
pub struct Args {
    #[command(subcommand)]
    action: Action,
    #[command(flatten)]
    broker: BrokerArgs,
    #[command(flatten)]
    management: ManagementArgs,
    #[command(flatten)]
    db: DbArgs,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Register a reader; its sightings are used at once unless it is to wait.
    Add {
        /// Id on the wire: small letters, digits and hyphens.
        key: String,
        /// What people call it.
        #[arg(long, default_value = "")]
        name: String,
        /// Name of the room that it covers; it must be the only room of that name.
        #[arg(long)]
        room: Option<String>,
        /// What it listens to.
        #[arg(long, value_enum, default_value_t = Hears::Ble)]
        hears: Hears,
        /// It sends no heartbeats, so that its silence says nothing.
        #[arg(long)]
        no_heartbeat: bool,
        /// Show its sightings but do not use them until it is approved.
        #[arg(long)]
        waiting: bool,
    },
    /// Use the sightings of a waiting or disabled reader from now on.
    Approve {
        /// Id on the wire.
        key: String,
    },
    /// Stop using a reader, and cut it off from the broker.
    Disable {
        /// Id on the wire.
        key: String,
    },
    /// Issue a credential and show it, once. The former one in the same slot is no longer valid.
    Credential {
        /// Id on the wire.
        key: String,
        /// For which way in.
        #[arg(long, value_enum, default_value_t = Way::Amqp)]
        way: Way,
        /// Two credentials may be valid while one replaces the other.
        #[arg(long, default_value = "a", value_parser = ["a", "b"])]
        slot: String,
    },
    /// List readers and their states.
    List,
}

/// What a reader listens to.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Hears {
    /// Bluetooth beacons.
    Ble,
    /// Passive RFID.
    Rfid,
}

/// How a reader sends.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Way {
    /// To RabbitMQ.
    Amqp,
    /// By HTTP, with a bearer key.
    Http,
}

/// Runs the command.
///
/// # Errors
/// When the database or the broker cannot be reached, or there is no such reader or room.
pub async fn run(args: Args) -> anyhow::Result<()> {
    let db = Db::new(&args.db, &args.db.url()?, "wardtrack reader")?;
    let mut conn = db.conn().await?;
    match &args.action {
        Action::Add {
            key,
            name,
            room,
            hears,
            no_heartbeat,
            waiting,
        } => {
            ensure!(
                is_reader_key(key),
                "{key:?} is no reader id: write small letters, digits and hyphens, at most 64"
            );
            let new = NewReader {
                reader_key: key,
                name,
                technology: match hears {
                    Hears::Ble => Technology::Ble,
                    Hears::Rfid => Technology::Rfid,
                },
                state: if *waiting {
                    ReaderState::Waiting
                } else {
                    ReaderState::Active
                },
                heartbeat_interval_ms: (!no_heartbeat).then_some(30_000),
                approved_at: (!waiting).then(|| Clock::system().now()),
            };
            add(&mut conn, &new, room.as_deref()).await
        }
        Action::Approve { key } => {
            let changed = set_state(&mut conn, key, ReaderState::Active).await?;
            ensure!(
                changed,
                "there is no reader {key:?}: wardtrack reader list shows them"
            );
            println!("the sightings of {key} are used from now on");
            Ok(())
        }
        Action::Disable { key } => {
            let changed = set_state(&mut conn, key, ReaderState::Disabled).await?;
            ensure!(
                changed,
                "there is no reader {key:?}: wardtrack reader list shows them"
            );
            let management = Management::new(&args.management, &args.broker.vhost)?;
            for slot in ["a", "b"] {
                management.delete_user(&reader_user_name(key, slot)).await?;
            }
            println!("{key} is disabled and cut off from the broker");
            Ok(())
        }
        Action::Credential { key, way, slot } => issue(&args, &mut conn, key, *way, slot).await,
        Action::List => {
            for reader in register::list_readers(&conn).await? {
                println!(
                    "{:<40} {:<9} {}",
                    reader.reader_key,
                    reader.state.as_str(),
                    reader.name
                );
            }
            Ok(())
        }
    }
}

async fn add(
    conn: &mut AsyncPgConnection,
    new: &NewReader<'_>,
    room: Option<&str>,
) -> anyhow::Result<()> {
    let now = Clock::system().now();
    conn.transaction::<_, anyhow::Error, _>(async |conn| {
        ensure!(
            register::find_reader(conn, new.reader_key).await?.is_none(),
            "reader {} is registered already",
            new.reader_key
        );
        let id = register::insert_reader(conn, new)
            .await
            .context("registering the reader")?;
        if let Some(room) = room {
            let rooms = register::list_rooms_named(conn, room).await?;
            let [room_id] = rooms.as_slice() else {
                anyhow::bail!(
                    "{} rooms are called {room:?}: name a room that there is once",
                    rooms.len()
                );
            };
            register::upsert_whole_reader_antenna(conn, id, *room_id).await?;
        }
        record(
            conn,
            id,
            "reader.added",
            json!({"key": new.reader_key, "state": new.state.as_str(), "room": room}),
            now,
        )
        .await
    })
    .await?;
    println!(
        "registered {}; next: wardtrack reader credential {}",
        new.reader_key, new.reader_key
    );
    if room.is_none() {
        println!("it covers no room yet, so its sightings place nothing");
    }
    Ok(())
}

async fn set_state(
    conn: &mut AsyncPgConnection,
    key: &str,
    state: ReaderState,
) -> anyhow::Result<bool> {
    let now = Clock::system().now();
    conn.transaction(async |conn| {
        let Some(id) = register::find_reader(conn, key).await? else {
            return Ok(false);
        };
        register::update_state(conn, id, state, now).await?;
        record(
            conn,
            id,
            "reader.state_changed",
            json!({"state": state.as_str()}),
            now,
        )
        .await?;
        Ok(true)
    })
    .await
}

async fn issue(
    args: &Args,
    conn: &mut AsyncPgConnection,
    key: &str,
    way: Way,
    slot: &str,
) -> anyhow::Result<()> {
    let now = Clock::system().now();
    let id = register::find_reader(conn, key).await?;
    let id = id.with_context(|| {
        format!("there is no reader {key:?}: wardtrack reader add registers one")
    })?;
    match way {
        Way::Amqp => {
            let management = Management::new(&args.management, &args.broker.vhost)?;
            let (secret, hash) = conn
                .transaction::<_, anyhow::Error, _>(async |conn| {
                    let issued = register::insert_amqp_credential(conn, id, slot, now).await?;
                    record(
                        conn,
                        id,
                        "reader.credential_issued",
                        json!({"way": "amqp", "slot": slot}),
                        now,
                    )
                    .await?;
                    Ok(issued)
                })
                .await?;
            management
                .upsert_user(&BrokerUser::for_reader(key, slot, hash))
                .await?;
            println!("user      {}", reader_user_name(key, slot));
            println!("password  {}", secret.expose());
            println!(
                "publish to exchange wt.ingest of virtual host {} under the key s.{key}",
                args.broker.vhost
            );
        }
        Way::Http => {
            let secret = conn
                .transaction::<_, anyhow::Error, _>(async |conn| {
                    let issued = register::insert_http_key(conn, id, slot, now).await?;
                    record(
                        conn,
                        id,
                        "reader.credential_issued",
                        json!({"way": "http", "slot": slot}),
                        now,
                    )
                    .await?;
                    Ok(issued)
                })
                .await?;
            println!("key  {}", secret.expose());
            println!("send it as: authorization: Bearer KEY");
        }
    }
    println!("it is shown this once: only its hash is kept");
    Ok(())
}

async fn record(
    conn: &mut AsyncPgConnection,
    id: ReaderId,
    action: &str,
    after: serde_json::Value,
    now: chrono::DateTime<chrono::Utc>,
) -> anyhow::Result<()> {
    let event = Event {
        actor: Actor::Command,
        action,
        subject: format!("reader:{id}"),
        before: None,
        after: Some(after),
        reason: None,
    };
    record_audit(conn, &event, now)
        .await
        .context("writing the audit log")
}
