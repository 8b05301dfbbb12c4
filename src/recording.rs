//! Recorded sites: a folder with the readers of a place and what they heard.
//!
//! | file | columns | |
//! |---|---|---|
//! | `readers.csv` | `reader,room,x,y,z` | metres; x, y, z may be empty or absent, room may be empty |
//! | `sightings.csv` or `sightings.csv.gz` | `t_ms,tag,reader,rssi_dbm` | sorted by time |
//! | `split.csv`, optional | `tag,role` | which tags are for what, for instance `eval` |
//! | `truth.csv`, optional | `tag,t_from_ms,t_to_ms,room` | where the tags really were |
//!
//! `wardtrack locate` decides over such a folder and `wardtrack replay` sends it through the broker. Errors name the file,
//! the line, the field and what to do.

mod table;

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use crate::location::{Heard, ReaderIndex, RoomIndex, Site};
use table::Table;

pub use table::TableError;

/// A recorded site, read whole: recordings have up to a million sightings of 24 bytes.
#[derive(Clone, Debug)]
pub struct Recording {
    /// Readers; their position is their [`ReaderIndex`].
    pub readers: Vec<RecordedReader>,
    /// Names of the rooms that have a reader, sorted; the position is the [`RoomIndex`].
    pub rooms: Vec<String>,
    /// Tags in order of their first sighting; the position is [`RecordedSighting::tag`].
    pub tags: Vec<String>,
    /// Sightings in time order.
    pub sightings: Vec<RecordedSighting>,
    /// Roles of tags by name; `None` without `split.csv`.
    pub roles: Option<HashMap<String, String>>,
    /// Labelled visits; empty without `truth.csv`.
    pub truth: Vec<Visit>,
}

/// A row of `readers.csv`.
#[derive(Clone, Debug, PartialEq)]
pub struct RecordedReader {
    /// Name.
    pub name: String,
    /// Room that it serves.
    pub room: Option<RoomIndex>,
    /// Position in metres, as far as it is known.
    pub x_m: Option<f64>,
    /// See `x_m`.
    pub y_m: Option<f64>,
    /// See `x_m`.
    pub z_m: Option<f64>,
}

/// A row of `sightings.csv`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RecordedSighting {
    /// Time since the recording began, or since 1970.
    pub t_ms: i64,
    /// Position in [`Recording::tags`].
    pub tag: u32,
    /// Position in [`Recording::readers`].
    pub reader: ReaderIndex,
    /// How loud.
    pub rssi_dbm: f32,
}

impl RecordedSighting {
    /// The sighting as the room engine takes it.
    #[must_use]
    pub fn heard(&self) -> Heard {
        Heard {
            t_ms: self.t_ms,
            reader: self.reader,
            rssi_dbm: self.rssi_dbm,
        }
    }
}

/// A row of `truth.csv`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Visit {
    /// Name of the tag.
    pub tag: String,
    /// First millisecond in the room.
    pub from_ms: i64,
    /// First millisecond after.
    pub to_ms: i64,
    /// Name of the room; it need not have a reader.
    pub room: String,
}

/// A recorded site could not be read.
#[derive(Debug, thiserror::Error)]
pub enum RecordingError {
    /// The path is no folder.
    #[error("{} is not a folder: give the folder that holds readers.csv and sightings.csv", .0.display())]
    NotAFolder(PathBuf),
    /// Neither form of the sightings is there.
    #[error("no sightings.csv or sightings.csv.gz in {}: put one there, with the header t_ms,tag,reader,rssi_dbm", .0.display())]
    NoSightings(PathBuf),
    /// One of the tables is wrong.
    #[error(transparent)]
    Table(#[from] TableError),
    /// A role was asked for and there is no list of roles.
    #[error(
        "no split.csv in the recording, so no tag has the role {0:?}: leave the role out, or add split.csv with the header tag,role"
    )]
    NoSplit(String),
    /// No tag has the role.
    #[error("split.csv gives no tag the role {0:?}: choose one of {1}")]
    NoSuchRole(String, String),
}

/// Reads the recorded site in `folder`.
///
/// # Errors
/// The first thing that is wrong, by file, line and field.
pub fn read_recording(folder: &Path) -> Result<Recording, RecordingError> {
    if !folder.is_dir() {
        return Err(RecordingError::NotAFolder(folder.to_owned()));
    }
    let (readers, rooms) = read_readers(&folder.join("readers.csv"))?;
    let sightings_path = ["sightings.csv", "sightings.csv.gz"]
        .iter()
        .map(|name| folder.join(name))
        .find(|path| path.exists());
    let sightings_path =
        sightings_path.ok_or_else(|| RecordingError::NoSightings(folder.to_owned()))?;
    let (tags, sightings) = read_sightings(&sightings_path, &readers)?;
    let split = folder.join("split.csv");
    let roles = if split.exists() {
        Some(read_roles(&split)?)
    } else {
        None
    };
    let truth = folder.join("truth.csv");
    let truth = if truth.exists() {
        read_truth(&truth)?
    } else {
        Vec::new()
    };
    Ok(Recording {
        readers,
        rooms,
        tags,
        sightings,
        roles,
        truth,
    })
}

impl Recording {
    /// The site for the room engine. No reader is watched: recordings carry no heartbeats (I-9a).
    #[must_use]
    pub fn site(&self) -> Site {
        let mut site = Site::default();
        for (reader, index) in self.readers.iter().zip(0..) {
            site.set_reader(ReaderIndex(index), reader.room);
        }
        site
    }

    /// Name of a room.
    #[must_use]
    pub fn room_name(&self, room: RoomIndex) -> Option<&str> {
        self.rooms
            .get(usize::try_from(room.0).ok()?)
            .map(String::as_str)
    }

    /// Keeps the sightings of tags with `role` only.
    ///
    /// # Errors
    /// There is no `split.csv`, or it gives no tag this role.
    pub fn keep_role(&mut self, role: &str) -> Result<(), RecordingError> {
        let roles = self
            .roles
            .as_ref()
            .ok_or_else(|| RecordingError::NoSplit(role.to_owned()))?;
        if !roles.values().any(|other| other == role) {
            let known: BTreeSet<&str> = roles.values().map(String::as_str).collect();
            let known = known.into_iter().collect::<Vec<_>>().join(", ");
            return Err(RecordingError::NoSuchRole(role.to_owned(), known));
        }
        let wanted: BTreeSet<u32> = (0u32..)
            .zip(&self.tags)
            .filter(|(_, tag)| roles.get(*tag).is_some_and(|other| other == role))
            .map(|(index, _)| index)
            .collect();
        self.sightings
            .retain(|sighting| wanted.contains(&sighting.tag));
        Ok(())
    }
}

fn read_readers(path: &Path) -> Result<(Vec<RecordedReader>, Vec<String>), TableError> {
    let mut rows: Vec<(RecordedReader, String)> = Vec::new();
    let mut table = Table::open(path, &["reader", "room"], &["x", "y", "z"])?;
    while let Some(row) = table.next_row()? {
        let name = row.text("reader")?.to_owned();
        if rows.iter().any(|(reader, _)| reader.name == name) {
            return Err(row.wrong("reader", "is listed twice: keep one row for each reader"));
        }
        let (x_m, y_m, z_m) = (
            row.optional_number("x")?,
            row.optional_number("y")?,
            row.optional_number("z")?,
        );
        rows.push((
            RecordedReader {
                name,
                room: None,
                x_m,
                y_m,
                z_m,
            },
            row.optional_text("room").to_owned(),
        ));
    }
    let rooms: BTreeSet<&String> = rows
        .iter()
        .map(|(_, room)| room)
        .filter(|room| !room.is_empty())
        .collect();
    let rooms: Vec<String> = rooms.into_iter().cloned().collect();
    let place = |(reader, room): (RecordedReader, String)| {
        let position = rooms
            .binary_search(&room)
            .ok()
            .and_then(|position| u32::try_from(position).ok());
        RecordedReader {
            room: position.map(RoomIndex),
            ..reader
        }
    };
    let readers = rows.into_iter().map(place).collect();
    Ok((readers, rooms))
}

fn read_sightings(
    path: &Path,
    readers: &[RecordedReader],
) -> Result<(Vec<String>, Vec<RecordedSighting>), TableError> {
    let by_name: HashMap<&str, u32> = readers
        .iter()
        .map(|reader| reader.name.as_str())
        .zip(0..)
        .collect();
    let mut tags: Vec<String> = Vec::new();
    let mut tag_by_name: HashMap<String, u32> = HashMap::new();
    let mut sightings: Vec<RecordedSighting> = Vec::new();
    let mut table = Table::open(path, &["t_ms", "tag", "reader", "rssi_dbm"], &[])?;
    while let Some(row) = table.next_row()? {
        let t_ms: i64 = row.number("t_ms")?;
        if sightings.last().is_some_and(|before| before.t_ms > t_ms) {
            return Err(row.wrong(
                "t_ms",
                "is earlier than the row before: sort the rows by t_ms",
            ));
        }
        let reader = row.text("reader")?;
        let Some(reader) = by_name.get(reader) else {
            return Err(row.wrong(
                "reader",
                "is not in readers.csv: add it there, with its room",
            ));
        };
        let rssi_dbm: f32 = row.number("rssi_dbm")?;
        if !(-150.0..=50.0).contains(&rssi_dbm) {
            return Err(row.wrong("rssi_dbm", "is no received level: use dBm from -150 to 50"));
        }
        let tag = row.text("tag")?;
        let tag = if let Some(known) = tag_by_name.get(tag) {
            *known
        } else {
            let next = u32::try_from(tags.len())
                .map_err(|_| row.wrong("tag", "is one tag too many: split the recording"))?;
            tags.push(tag.to_owned());
            tag_by_name.insert(tag.to_owned(), next);
            next
        };
        sightings.push(RecordedSighting {
            t_ms,
            tag,
            reader: ReaderIndex(*reader),
            rssi_dbm,
        });
    }
    Ok((tags, sightings))
}

fn read_roles(path: &Path) -> Result<HashMap<String, String>, TableError> {
    let mut roles = HashMap::new();
    let mut table = Table::open(path, &["tag", "role"], &[])?;
    while let Some(row) = table.next_row()? {
        let before = roles.insert(row.text("tag")?.to_owned(), row.text("role")?.to_owned());
        if before.is_some() {
            return Err(row.wrong("tag", "is listed twice: give each tag one role"));
        }
    }
    Ok(roles)
}

fn read_truth(path: &Path) -> Result<Vec<Visit>, TableError> {
    let mut visits = Vec::new();
    let mut table = Table::open(path, &["tag", "t_from_ms", "t_to_ms", "room"], &[])?;
    while let Some(row) = table.next_row()? {
        let (from_ms, to_ms) = (row.number("t_from_ms")?, row.number("t_to_ms")?);
        if to_ms <= from_ms {
            return Err(row.wrong("t_to_ms", "is not after t_from_ms: a visit needs a length"));
        }
        visits.push(Visit {
            tag: row.text("tag")?.to_owned(),
            from_ms,
            to_ms,
            room: row.text("room")?.to_owned(),
        });
    }
    Ok(visits)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    const READERS: &str = "reader,room,x,y,z\nr1,ward,1.5,,\nr2,bay,,,\nr3,,,,\n";
    const SIGHTINGS: &str = "t_ms,tag,reader,rssi_dbm\n0,a,r1,-60\n5,b,r2,-56.5\n5,a,r2,-70\n";

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        folder
    }

    fn error(files: &[(&str, &str)]) -> String {
        let folder = folder(files);
        let text = read_recording(folder.path()).unwrap_err().to_string();
        text.replace(&folder.path().display().to_string(), "DIR")
    }

    #[test]
    fn a_recording_is_read_with_rooms_sorted_and_tags_numbered() {
        let folder = folder(&[
            ("readers.csv", READERS),
            ("sightings.csv", SIGHTINGS),
            ("split.csv", "tag,role\na,eval\nb,survey\n"),
            ("truth.csv", "tag,t_from_ms,t_to_ms,room\na,0,9,ward\n"),
        ]);
        let mut recording = read_recording(folder.path()).unwrap();
        assert_eq!(recording.rooms, ["bay", "ward"]);
        assert_eq!(recording.readers[0].room, Some(RoomIndex(1)));
        assert_eq!(
            (recording.readers[0].x_m, recording.readers[0].y_m),
            (Some(1.5), None)
        );
        assert_eq!(recording.readers[2].room, None);
        assert_eq!(recording.tags, ["a", "b"]);
        assert_eq!(
            recording.sightings[1],
            RecordedSighting {
                t_ms: 5,
                tag: 1,
                reader: ReaderIndex(1),
                rssi_dbm: -56.5
            }
        );
        assert_eq!(recording.truth.len(), 1);
        assert_eq!(recording.site().room_of(ReaderIndex(1)), Some(RoomIndex(0)));
        recording.keep_role("survey").unwrap();
        assert_eq!(recording.sightings.len(), 1);
        assert_eq!(
            recording.keep_role("test").unwrap_err().to_string(),
            "split.csv gives no tag the role \"test\": choose one of eval, survey"
        );
    }

    #[test]
    fn a_packed_recording_reads_the_same() {
        let folder = folder(&[("readers.csv", READERS)]);
        let file = std::fs::File::create(folder.path().join("sightings.csv.gz")).unwrap();
        let mut packed = flate2::write::GzEncoder::new(file, flate2::Compression::fast());
        packed.write_all(SIGHTINGS.as_bytes()).unwrap();
        packed.finish().unwrap();
        assert_eq!(read_recording(folder.path()).unwrap().sightings.len(), 3);
    }

    #[test]
    fn errors_name_file_line_field_value_and_remedy() {
        let with =
            |sightings: &str| error(&[("readers.csv", READERS), ("sightings.csv", sightings)]);
        let head = "t_ms,tag,reader,rssi_dbm\n0,a,r1,-60\n";
        assert_eq!(
            with(&format!("{head}7,a,r9,-60\n")),
            "DIR/sightings.csv line 3: reader \"r9\" is not in readers.csv: add it there, with its room"
        );
        assert_eq!(
            with(&format!("{head}-7,a,r1,-60\n")),
            "DIR/sightings.csv line 3: t_ms \"-7\" is earlier than the row before: sort the rows by t_ms"
        );
        assert_eq!(
            with(&format!("{head}7,a,r1,NaN\n")),
            "DIR/sightings.csv line 3: rssi_dbm \"NaN\" is not a number: write it in digits, with a point before decimals"
        );
        assert_eq!(
            with(&format!("{head}1.5,a,r1,-60\n")),
            "DIR/sightings.csv line 3: t_ms \"1.5\" is not a whole number: write it in digits only"
        );
        assert_eq!(
            with(&format!("{head}7,a,r1,-600\n")),
            "DIR/sightings.csv line 3: rssi_dbm \"-600\" is no received level: use dBm from -150 to 50"
        );
        assert_eq!(
            with(&format!("{head}7,,r1,-60\n")),
            "DIR/sightings.csv line 3: tag \"\" is empty: fill it in"
        );
        assert_eq!(
            with("t_ms,tag,rssi_dbm\n"),
            "DIR/sightings.csv line 1: the header has no column reader: it needs t_ms,tag,reader,rssi_dbm"
        );
        assert_eq!(
            with(&format!("{head}7,a\n")),
            "DIR/sightings.csv line 3: the row has 2 fields and the header 4: give it as many"
        );
        assert_eq!(
            error(&[("sightings.csv", SIGHTINGS)]),
            "cannot open DIR/readers.csv: check that the file exists and may be read"
        );
        assert_eq!(
            error(&[
                ("readers.csv", "reader,room\nr1,a\nr1,b\n"),
                ("sightings.csv", SIGHTINGS)
            ]),
            "DIR/readers.csv line 3: reader \"r1\" is listed twice: keep one row for each reader"
        );
        assert_eq!(
            error(&[("readers.csv", READERS)]),
            "no sightings.csv or sightings.csv.gz in DIR: put one there, with the header t_ms,tag,reader,rssi_dbm"
        );
    }

    #[test]
    fn a_role_without_split_is_refused() {
        let folder = folder(&[("readers.csv", READERS), ("sightings.csv", SIGHTINGS)]);
        let error = read_recording(folder.path())
            .unwrap()
            .keep_role("eval")
            .unwrap_err()
            .to_string();
        assert!(
            error.starts_with("no split.csv in the recording"),
            "{error}"
        );
    }
}
