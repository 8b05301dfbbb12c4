//! `wardtrack locate DIR`: decides rooms over a recorded site, without broker or database.

use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::PathBuf;

use anyhow::Context;
use clap::ValueEnum;

use crate::location::{Engine, EngineConfig, RoomChange, TagTrack};
use crate::recording::{Recording, read_recording};

/// What to locate.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Folder of the recorded site: readers.csv and sightings.csv or sightings.csv.gz.
    dir: PathBuf,
    /// How quickly a change of room is believed.
    #[arg(long, value_enum, default_value_t = Preset::Default)]
    preset: Preset,
    /// Only tags that split.csv gives this role, for instance eval.
    #[arg(long)]
    role: Option<String>,
}

/// Settings of the room engine.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Preset {
    /// Best accuracy for few false changes.
    Default,
    /// Quicker at doors, more false changes.
    Responsive,
    /// Fewest false changes, slower.
    Calm,
}

impl Preset {
    fn config(self) -> EngineConfig {
        match self {
            Self::Default => EngineConfig::default(),
            Self::Responsive => EngineConfig::responsive(),
            Self::Calm => EngineConfig::calm(),
        }
    }
}

/// A row of the output: the estimate of a tag changed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// Position in [`Recording::tags`].
    pub tag: u32,
    /// What changed.
    pub change: RoomChange,
}

/// Runs the command.
///
/// # Errors
/// The recording is wrong, or the output cannot be written.
pub fn run(args: &Args) -> anyhow::Result<()> {
    let engine = args.preset.config().build()?;
    let mut recording = read_recording(&args.dir)?;
    if let Some(role) = &args.role {
        recording.keep_role(role)?;
    }
    let mut out = BufWriter::new(io::stdout().lock());
    match write_estimates(&recording, &engine, &mut out).and_then(|()| out.flush()) {
        // Whoever read the output has enough (`| head`).
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => written.context("cannot write the estimates"),
    }
}

fn write_estimates(recording: &Recording, engine: &Engine, out: &mut impl Write) -> io::Result<()> {
    let mut rows = csv::Writer::from_writer(out);
    rows.write_record(["tag", "t_ms", "room"])
        .map_err(io_cause)?;
    for estimate in locate(recording, engine) {
        let tag = usize::try_from(estimate.tag)
            .ok()
            .and_then(|tag| recording.tags.get(tag))
            .map_or("", String::as_str);
        let room = recording.room_name(estimate.change.to).unwrap_or_default();
        rows.write_record([tag, &estimate.change.at_ms.to_string(), room])
            .map_err(io_cause)?;
    }
    rows.flush()
}

/// The kind of the error matters (a broken pipe is no failure), and the usual conversion loses it.
fn io_cause(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(cause) => cause,
        other => io::Error::other(format!("{other:?}")),
    }
}

/// Runs the room engine over a recording; estimates in the order in which they are made.
#[must_use]
pub fn locate(recording: &Recording, engine: &Engine) -> Vec<Estimate> {
    let site = recording.site();
    let mut tracks = vec![TagTrack::default(); recording.tags.len()];
    let mut estimates = Vec::new();
    let mut changes = Vec::new();
    for sighting in &recording.sightings {
        let track = usize::try_from(sighting.tag)
            .ok()
            .and_then(|tag| tracks.get_mut(tag));
        let Some(track) = track else { continue };
        track.hear(&site, engine, sighting.heard(), &mut changes);
        estimates.extend(changes.drain(..).map(|change| Estimate {
            tag: sighting.tag,
            change,
        }));
    }
    for (track, tag) in tracks.iter_mut().zip(0..) {
        track.close_until(&site, engine, i64::MAX, &mut changes);
        estimates.extend(changes.drain(..).map(|change| Estimate { tag, change }));
    }
    estimates
}
