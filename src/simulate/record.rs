//! A recorded site: what the Bluetooth readers heard, and the truth, as files in the format of `wardtrack locate`. Needs
//! neither broker nor database and runs as fast as the machine can.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::desk::ReaderMessage;
use super::truth::TruthWriter;
use super::world::{Site, World, WorldConfig};
use crate::db::types::Technology;

/// A recording could not be written.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The folder or a file in it.
    #[error("cannot write {path}: is the folder there, writable, and not full?")]
    File {
        /// Which one.
        path: PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// A row.
    #[error("cannot write a row of the recording: is the disk full?")]
    Row(#[from] csv::Error),
}

/// How much was recorded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recorded {
    /// Rows of `sightings.csv.gz`.
    pub sightings: u64,
    /// Rows of `truth.csv`.
    pub visits: u64,
}

/// Runs a world for `for_ms` and writes `readers.csv`, `sightings.csv.gz`, `truth.csv` and `split.csv` to a folder.
///
/// Clocks are honest and no reader fails: the format has neither. Times count from the start of the recording.
///
/// # Errors
/// When the folder cannot be written.
pub fn record_site(
    config: WorldConfig,
    for_ms: i64,
    folder: &Path,
) -> Result<Recorded, RecordError> {
    std::fs::create_dir_all(folder).map_err(|source| RecordError::File {
        path: folder.to_owned(),
        source,
    })?;
    let config = WorldConfig {
        outages: false,
        wrong_clocks: false,
        ..config
    };
    let mut world = World::new(config, &HashMap::new());
    let site = Arc::clone(world.site());
    write_readers(&site, new_file(&folder.join("readers.csv"))?)?;
    write_split(&site, new_file(&folder.join("split.csv"))?)?;

    let path = folder.join("sightings.csv.gz");
    let gzip = GzEncoder::new(new_file(&path)?, Compression::fast());
    let mut sightings = csv::Writer::from_writer(gzip);
    sightings.write_record(["t_ms", "tag", "reader", "rssi_dbm"])?;
    let mut truth = TruthWriter::new(new_file(&folder.join("truth.csv"))?, config.start_ms, false)?;
    let mut done = Recorded::default();
    let mut waiting = Vec::new();
    let end_ms = config.start_ms + for_ms;
    while world.now_ms() < end_ms {
        let to_ms = (world.now_ms() + 1_000).min(end_ms);
        for message in world.step(to_ms) {
            waiting.extend(list_heard(&message));
        }
        // A message brings what is up to a second old, so only what is older than that is in its final order.
        let is_last = to_ms == end_ms;
        waiting.sort_unstable_by(|a: &Heard, b| {
            (a.at_ms, &a.tag_key, &a.reader_key).cmp(&(b.at_ms, &b.tag_key, &b.reader_key))
        });
        let ready = waiting.partition_point(|heard| is_last || heard.at_ms < to_ms - 1_500);
        for heard in waiting.drain(..ready) {
            let time = (heard.at_ms - config.start_ms).to_string();
            let rssi = format!("{:.1}", heard.rssi_dbm);
            sightings.write_record([&*time, &*heard.tag_key, &*heard.reader_key, &*rssi])?;
            done.sightings += 1;
        }
        let visits = if is_last {
            world.cut_visits()
        } else {
            world.take_visits()
        };
        done.visits += u64::try_from(visits.len()).unwrap_or(0);
        truth.write(&site.plan, &site.assets, &visits)?;
        if world.now_ms() < to_ms {
            break;
        }
    }
    let gzip = sightings.into_inner().map_err(|e| RecordError::File {
        path: path.clone(),
        source: e.into_error(),
    })?;
    gzip.finish()
        .and_then(|mut file| file.flush())
        .map_err(|source| RecordError::File { path, source })?;
    Ok(done)
}

/// A row of the recording.
struct Heard {
    at_ms: i64,
    tag_key: Arc<str>,
    reader_key: Arc<str>,
    rssi_dbm: f32,
}

/// What a message says about beacons; portals have antennas, and the format has none.
fn list_heard(message: &ReaderMessage) -> impl Iterator<Item = Heard> + '_ {
    message
        .sightings
        .iter()
        .filter(|sighting| sighting.antenna.is_none())
        .filter_map(|sighting| {
            Some(Heard {
                at_ms: message.sent_at_ms - i64::from(sighting.age_ms),
                tag_key: Arc::clone(&sighting.tag_key),
                reader_key: Arc::clone(&message.reader_key),
                rssi_dbm: sighting.rssi_dbm?,
            })
        })
}

fn new_file(path: &Path) -> Result<BufWriter<File>, RecordError> {
    let file = File::create(path).map_err(|source| RecordError::File {
        path: path.to_owned(),
        source,
    })?;
    Ok(BufWriter::new(file))
}

fn write_readers(site: &Site, out: impl Write) -> csv::Result<()> {
    let mut csv = csv::Writer::from_writer(out);
    csv.write_record(["reader", "room", "x", "y", "z"])?;
    for reader in &site.readers {
        if reader.technology != Technology::Ble {
            continue;
        }
        let room = site.plan.room(reader.room);
        let z = f32::from(room.level - 2) * 4.0 + 2.5;
        let place = [reader.at.x, reader.at.y, z].map(|metres| format!("{metres:.2}"));
        let [x, y, z] = &place;
        csv.write_record([&reader.key, &room.name, x, y, z])?;
    }
    csv.flush()?;
    Ok(())
}

fn write_split(site: &Site, out: impl Write) -> csv::Result<()> {
    let mut csv = csv::Writer::from_writer(out);
    csv.write_record(["tag", "role"])?;
    for beacon in site.assets.iter().filter_map(|asset| asset.beacon.as_ref()) {
        csv.write_record([beacon.tag_key.as_str(), "eval"])?;
    }
    csv.flush()?;
    Ok(())
}
