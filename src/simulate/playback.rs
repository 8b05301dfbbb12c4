//! Plays a recorded site through the broker as its readers would.
//!
//! Spacing is kept; the whole recording is shifted so that its last sighting lies at the start of the run. What is published
//! late on purpose says so: `sent_at_ms` is the true time of publishing and `age_ms` the rest. So every rule about time holds
//! at any speed.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, ensure};
use diesel_async::AsyncConnection;
use futures_util::future::try_join_all;
use uuid::Uuid;

use super::credentials::issue_credentials;
use super::desk::{ReaderMessage, SimSighting};
use super::plan::{PlanAntenna, PlanAsset, PlanReader, PlanRoom, PlanTag, SeedPlan};
pub use super::run::Surroundings;
use super::seed;
use crate::broker::connection::backoff;
use crate::broker::topology::{INGEST_EXCHANGE, reader_routing_key};
use crate::broker::{BrokerAddress, Outgoing, PublishError, Publisher};
use crate::config::Secret;
use crate::db::types::{AssetStatus, RoomKind, Technology};
use crate::lifecycle::Lifecycle;
use crate::recording::Recording;

/// Readers merge what they hear in this time into one message.
const WINDOW_MS: i64 = 500;
/// The recording is shifted by a multiple of this, so that the slots of the deciding core begin where they would offline.
const SHIFT_STEP_MS: i64 = 500;
/// Assumed distance between two packets of a recorded tag.
const BEACON_INTERVAL_MS: i64 = 1_000;
/// Older sightings would be refused.
const LENGTH_MAX_MS: i64 = 6 * 24 * 3_600_000;
/// A message that the broker does not take is tried this often before the run fails.
const TRIES_MAX: u32 = 20;

/// What a run did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Played {
    /// Milliseconds added to every time of the recording.
    pub shift_ms: i64,
    /// Messages confirmed by the broker.
    pub messages: u64,
    /// Sightings in them.
    pub sightings: u64,
}

/// Names of a recording in the database.
#[derive(Clone, Debug)]
pub struct Names {
    slug: String,
}

impl Names {
    /// Names for the site in a folder called `site`.
    #[must_use]
    pub fn new(site: &str) -> Self {
        let slug: String = site
            .chars()
            .map(|c| {
                if c.is_ascii_alphanumeric() {
                    c.to_ascii_lowercase()
                } else {
                    '-'
                }
            })
            .take(30)
            .collect();
        Self {
            slug: if slug.is_empty() {
                "site".to_owned()
            } else {
                slug
            },
        }
    }

    /// Id on the wire of a reader.
    #[must_use]
    pub fn reader_key(&self, position: usize, name: &str) -> String {
        let name: String = name
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .map(|c| c.to_ascii_lowercase())
            .take(20)
            .collect();
        format!("{}-{position}-{name}", self.slug)
    }

    /// Key of a tag.
    #[must_use]
    pub fn tag_key(&self, name: &str) -> String {
        format!("x:{}/{name}", self.slug)
    }

    /// Asset number of what a tag is on.
    #[must_use]
    pub fn asset_number(&self, name: &str) -> String {
        format!("{}/{name}", self.slug)
    }

    /// The facility.
    #[must_use]
    pub fn facility(&self) -> String {
        format!("Recorded site {}", self.slug)
    }
}

/// What the database has to know of a recording.
#[must_use]
pub fn plan_of(recording: &Recording, names: &Names) -> SeedPlan {
    let floor = "Recorded floor".to_owned();
    let zone = "Whole room".to_owned();
    let readers = recording
        .readers
        .iter()
        .enumerate()
        .map(|(position, reader)| PlanReader {
            key: names.reader_key(position, &reader.name),
            name: reader.name.clone(),
            technology: Technology::Ble,
            // Recordings carry no heartbeats, so silence must not count against a reader (I-9a).
            heartbeat_interval_ms: None,
            antennas: reader
                .room
                .and_then(|room| recording.room_name(room))
                .map(|room| PlanAntenna {
                    port: 0,
                    room: room.to_owned(),
                    zone: zone.clone(),
                })
                .into_iter()
                .collect(),
        });
    let model = ("Recorded".to_owned(), "Recorded tag".to_owned());
    let assets = recording.tags.iter().map(|tag| PlanAsset {
        number: names.asset_number(tag),
        asset_type: "Recorded tag".to_owned(),
        model: model.clone(),
        owner_unit: None,
        status: AssetStatus::Available,
        identifiers: vec![],
        tags: vec![PlanTag {
            key: names.tag_key(tag),
            technology: Technology::Ble,
            expected_interval_ms: Some(BEACON_INTERVAL_MS),
        }],
    });
    SeedPlan {
        pars: Vec::new(),
        facility: names.facility(),
        time_zone: "UTC".to_owned(),
        building: names.facility(),
        floors: vec![(floor.clone(), 0)],
        units: vec![],
        rooms: recording
            .rooms
            .iter()
            .map(|room| PlanRoom {
                name: room.clone(),
                floor: floor.clone(),
                unit: None,
                kind: RoomKind::Other,
                zones: vec![zone.clone()],
            })
            .collect(),
        drawings: Vec::new(),
        readers: readers.collect(),
        types: vec!["Recorded tag".to_owned()],
        models: vec![super::plan::PlanModel {
            asset_type: "Recorded tag".to_owned(),
            maker: model.0.clone(),
            name: model.1.clone(),
        }],
        assets: assets.collect(),
    }
}

/// Plays `recording` at `speed` times its pace, or as fast as the broker confirms when that is slower.
///
/// # Errors
/// When the recording is empty or too long, the site cannot be stored, or the broker stays away.
pub async fn play(
    recording: &Recording,
    names: &Names,
    speed: f64,
    around: &Surroundings,
    life: &Lifecycle,
) -> anyhow::Result<Played> {
    let (first, last) = recording
        .sightings
        .first()
        .zip(recording.sightings.last())
        .context("the recording has no sightings")?;
    ensure!(
        last.t_ms - first.t_ms < LENGTH_MAX_MS,
        "the recording is {} hours long: sightings older than 7 days are refused, so play shorter parts",
        (last.t_ms - first.t_ms) / 3_600_000
    );
    let lines = connect(recording, names, around).await?;
    let start_ms = around.clock.now_ms();
    let shift_ms = (start_ms - last.t_ms).div_euclid(SHIFT_STEP_MS) * SHIFT_STEP_MS;
    let started = tokio::time::Instant::now();
    let mut played = Played {
        shift_ms,
        messages: 0,
        sightings: 0,
    };
    let mut rest = recording.sightings.as_slice();
    while let (Some(next), false) = (rest.first(), life.is_stopping()) {
        let window_end_ms = next.t_ms - next.t_ms.rem_euclid(WINDOW_MS) + WINDOW_MS;
        let (window, later) =
            rest.split_at(rest.partition_point(|sighting| sighting.t_ms < window_end_ms));
        rest = later;
        #[expect(
            clippy::as_conversions,
            clippy::cast_precision_loss,
            reason = "a waiting time"
        )]
        let due_s = (window_end_ms - first.t_ms) as f64 / 1_000.0 / speed;
        tokio::select! {
            () = tokio::time::sleep_until(started + Duration::from_secs_f64(due_s)) => {}
            () = life.soft().cancelled() => break,
        }
        let mut heard: BTreeMap<u32, Vec<&crate::recording::RecordedSighting>> = BTreeMap::new();
        for sighting in window {
            heard.entry(sighting.reader.0).or_default().push(sighting);
        }
        let sent_at_ms = around.clock.now_ms();
        // All readers of a window are confirmed before the next begins, so that no reader runs ahead of the others by more
        // than the lateness that the deciding core allows, whatever the speed.
        let sending = heard.iter().filter_map(|(reader, sightings)| {
            let sender = lines.get(usize::try_from(*reader).ok()?)?;
            let message = sender.message(recording, names, sightings, sent_at_ms, shift_ms);
            Some(sender.send(message))
        });
        let sent = try_join_all(sending).await?;
        played.messages += u64::try_from(sent.len()).unwrap_or(0);
        played.sightings += u64::try_from(window.len()).unwrap_or(0);
    }
    for line in lines {
        line.close().await;
    }
    Ok(played)
}

async fn connect(
    recording: &Recording,
    names: &Names,
    around: &Surroundings,
) -> anyhow::Result<Vec<Line>> {
    let plan = plan_of(recording, names);
    let mut conn = around.db.conn().await?;
    let now = around.clock.now();
    let stored = conn
        .transaction(async |conn| seed::store_plan(conn, &plan, now).await)
        .await
        .context("storing the recorded site")?;
    drop(conn);
    let secrets: HashMap<String, Secret> = issue_credentials(
        &around.db,
        &around.management,
        &around.clock,
        &stored.readers,
    )
    .await?
    .into_iter()
    .collect();
    let boot: Arc<str> = format!("{:08x}", rand::random::<u32>()).into();
    let lines = plan.readers.iter().map(async |reader| {
        let secret = secrets
            .get(&reader.key)
            .with_context(|| format!("reader {} got no password", reader.key))?;
        let address = BrokerAddress::new(&around.broker, &reader.key, secret.clone())?;
        let publisher = Publisher::connect(&address, &reader.key).await?;
        anyhow::Ok(Line {
            reader_key: reader.key.as_str().into(),
            routing_key: reader_routing_key(&reader.key),
            boot: boot.clone(),
            address,
            publisher: tokio::sync::Mutex::new(Some(publisher)),
            seq: std::sync::atomic::AtomicU64::new(0),
        })
    });
    try_join_all(lines).await
}

/// One reader on its own connection.
struct Line {
    reader_key: Arc<str>,
    routing_key: String,
    boot: Arc<str>,
    address: BrokerAddress,
    publisher: tokio::sync::Mutex<Option<Publisher>>,
    seq: std::sync::atomic::AtomicU64,
}

impl Line {
    fn message(
        &self,
        recording: &Recording,
        names: &Names,
        sightings: &[&crate::recording::RecordedSighting],
        sent_at_ms: i64,
        shift_ms: i64,
    ) -> ReaderMessage {
        let sightings = sightings.iter().filter_map(|sighting| {
            let tag = recording.tags.get(usize::try_from(sighting.tag).ok()?)?;
            Some(SimSighting {
                tag_key: names.tag_key(tag).into(),
                age_ms: u32::try_from(sent_at_ms - (sighting.t_ms + shift_ms)).unwrap_or(0),
                rssi_dbm: Some(sighting.rssi_dbm),
                antenna: None,
                reads: None,
                battery_pct: None,
            })
        });
        ReaderMessage {
            reader_key: self.reader_key.clone(),
            batch_id: Uuid::now_v7(),
            sent_at_ms,
            boot: self.boot.clone(),
            seq: self.seq.fetch_add(1, std::sync::atomic::Ordering::Relaxed) + 1,
            sightings: sightings.collect(),
            inventory: None,
        }
    }

    /// Sends until the broker confirms, with the same batch id each time.
    async fn send(&self, message: ReaderMessage) -> anyhow::Result<()> {
        let body = message.to_body().context("writing a message")?;
        let outgoing = Outgoing {
            exchange: INGEST_EXCHANGE,
            routing_key: &self.routing_key,
            body: &body,
            message_id: Some(message.batch_id.to_string()),
            received_at_ms: None,
        };
        let mut slot = self.publisher.lock().await;
        let mut tries = 0;
        loop {
            let error = match self.try_send(&mut slot, &outgoing).await {
                Ok(()) => return Ok(()),
                Err(error) => error,
            };
            tries += 1;
            if tries >= TRIES_MAX {
                return Err(error)
                    .with_context(|| format!("reader {} cannot publish", self.reader_key));
            }
            *slot = None;
            tokio::time::sleep(backoff(
                tries,
                Duration::from_millis(200),
                Duration::from_secs(5),
            ))
            .await;
        }
    }

    async fn try_send(
        &self,
        slot: &mut Option<Publisher>,
        message: &Outgoing<'_>,
    ) -> Result<(), PublishError> {
        if slot.as_ref().is_none_or(|publisher| !publisher.is_usable()) {
            *slot = Some(Publisher::connect(&self.address, &self.reader_key).await?);
        }
        match slot {
            Some(publisher) => publisher.publish(message).await,
            None => Err(PublishError::Blocked),
        }
    }

    async fn close(self) {
        if let Some(publisher) = self.publisher.into_inner() {
            publisher.close().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_contract() {
        let names = Names::new("Site Nº 7");
        let key = names.reader_key(3, "A/1 (hall)");
        assert!(crate::broker::topology::is_reader_key(&key), "{key}");
        assert!(crate::codes::tag_key::canonical(&names.tag_key("calib 1")).is_ok());
    }
}
