//! Names of things that change: what a hint says and what a page watches. Pure.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use crate::ids::{AssetId, AssetTypeId, ReaderId, RoomId};

/// A thing that changed, or that a page watches. As text it is `asset.70001`, `room.*`, `alerts` or `*`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Topic {
    /// Anything may have changed.
    Everything,
    /// Any thing of a kind.
    All(Kind),
    /// An asset: its place, status or tags.
    Asset(AssetId),
    /// A room: what is in it, or whether it is heard.
    Room(RoomId),
    /// The assets of a type: their counts, places or statuses.
    Type(AssetTypeId),
    /// A reader's state or health.
    Reader(ReaderId),
    /// The list of alerts.
    Alerts,
}

/// A kind of things with ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// Assets.
    Asset,
    /// Rooms.
    Room,
    /// Asset types.
    Type,
    /// Readers.
    Reader,
}

impl Kind {
    const ALL: [Self; 4] = [Self::Asset, Self::Room, Self::Type, Self::Reader];

    fn word(self) -> &'static str {
        match self {
            Self::Asset => "asset",
            Self::Room => "room",
            Self::Type => "type",
            Self::Reader => "reader",
        }
    }
}

impl Topic {
    /// The kind of a single thing.
    #[must_use]
    pub fn kind(self) -> Option<Kind> {
        Some(match self {
            Self::Asset(_) => Kind::Asset,
            Self::Room(_) => Kind::Room,
            Self::Type(_) => Kind::Type,
            Self::Reader(_) => Kind::Reader,
            Self::All(kind) => kind,
            Self::Everything | Self::Alerts => return None,
        })
    }

    /// Whether it stands for more than one thing.
    #[must_use]
    pub fn is_wide(self) -> bool {
        matches!(self, Self::Everything | Self::All(_))
    }
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Everything => f.write_str("*"),
            Self::All(kind) => write!(f, "{}.*", kind.word()),
            Self::Asset(id) => write!(f, "asset.{id}"),
            Self::Room(id) => write!(f, "room.{id}"),
            Self::Type(id) => write!(f, "type.{id}"),
            Self::Reader(id) => write!(f, "reader.{id}"),
            Self::Alerts => f.write_str("alerts"),
        }
    }
}

/// A word that is no topic.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{word:?} is no topic")]
pub struct TopicError {
    /// The word, cut to a length that can be shown.
    pub word: String,
}

impl FromStr for Topic {
    type Err = TopicError;

    fn from_str(word: &str) -> Result<Self, TopicError> {
        parse(word).ok_or_else(|| TopicError {
            word: word.chars().take(40).collect(),
        })
    }
}

fn parse(word: &str) -> Option<Topic> {
    match word {
        "*" => return Some(Topic::Everything),
        "alerts" => return Some(Topic::Alerts),
        _ => {}
    }
    let (name, id) = word.split_once('.')?;
    let kind = Kind::ALL.into_iter().find(|kind| kind.word() == name)?;
    if id == "*" {
        return Some(Topic::All(kind));
    }
    // Digits only: "+1" would be a second spelling of the same thing.
    if !id.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let id = id.parse().ok()?;
    Some(match kind {
        Kind::Asset => Topic::Asset(AssetId(id)),
        Kind::Room => Topic::Room(RoomId(id)),
        Kind::Type => Topic::Type(AssetTypeId(id)),
        Kind::Reader => Topic::Reader(ReaderId(id)),
    })
}

/// Topics without repeats and with a limit: when there are too many of them, those of one kind become one wide topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicSet {
    topics: BTreeSet<Topic>,
    most: usize,
}

/// Topics of one message; about 4 KB.
pub const MESSAGE_TOPICS_MAX: usize = 256;

impl Default for TopicSet {
    fn default() -> Self {
        Self::with_limit(MESSAGE_TOPICS_MAX)
    }
}

impl TopicSet {
    /// An empty set that holds at most `most` topics (at least one).
    #[must_use]
    pub fn with_limit(most: usize) -> Self {
        Self {
            topics: BTreeSet::new(),
            most: most.max(1),
        }
    }

    /// Adds a topic, unless a wider one is there.
    pub fn insert(&mut self, topic: Topic) {
        if self.covers(topic) {
            return;
        }
        match topic {
            Topic::Everything => self.topics.clear(),
            Topic::All(kind) => self.topics.retain(|known| known.kind() != Some(kind)),
            _ => {}
        }
        self.topics.insert(topic);
        while self.topics.len() > self.most {
            self.widen();
        }
    }

    /// Whether the topic, or a wider one, is in the set.
    #[must_use]
    pub fn covers(&self, topic: Topic) -> bool {
        self.topics.contains(&topic)
            || self.topics.contains(&Topic::Everything)
            || topic
                .kind()
                .is_some_and(|kind| self.topics.contains(&Topic::All(kind)))
    }

    /// Makes one topic of the kind that has most; of everything, when no kind has two.
    fn widen(&mut self) {
        let count = |kind: Kind| {
            let of_kind = self
                .topics
                .iter()
                .filter(|topic| topic.kind() == Some(kind));
            of_kind.count()
        };
        let largest = Kind::ALL.into_iter().max_by_key(|kind| count(*kind));
        match largest.filter(|kind| count(*kind) > 1) {
            Some(kind) => self.insert(Topic::All(kind)),
            None => self.insert(Topic::Everything),
        }
    }

    /// Whether nothing is in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.topics.is_empty()
    }

    /// How many topics there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.topics.len()
    }

    /// The topics, in order.
    pub fn iter(&self) -> impl Iterator<Item = Topic> + '_ {
        self.topics.iter().copied()
    }

    /// Takes everything out.
    #[must_use]
    pub fn take(&mut self) -> Self {
        Self {
            topics: std::mem::take(&mut self.topics),
            most: self.most,
        }
    }

    /// As text, with `between` between the topics.
    #[must_use]
    pub fn join(&self, between: &str) -> String {
        let words: Vec<String> = self.iter().map(|topic| topic.to_string()).collect();
        words.join(between)
    }
}

impl Extend<Topic> for TopicSet {
    fn extend<I: IntoIterator<Item = Topic>>(&mut self, topics: I) {
        for topic in topics {
            self.insert(topic);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn asset(id: i64) -> Topic {
        Topic::Asset(AssetId(id))
    }

    #[test]
    fn every_topic_is_read_as_it_is_written() {
        for word in ["*", "alerts", "asset.70001", "room.*", "type.3", "reader.5"] {
            assert_eq!(word.parse::<Topic>().unwrap().to_string(), word);
        }
        for word in [
            "",
            ".",
            "asset",
            "asset.",
            "asset.x",
            "asset.-1",
            "asset.+1",
            "asset.1.2",
            "Asset.1",
            "patient.1",
            "alerts.1",
            "asset.99999999999999999999",
            "asset.1 ",
            "\u{202e}",
        ] {
            assert_eq!(word.parse::<Topic>().unwrap_err().word, word);
        }
        assert_eq!("x".repeat(500).parse::<Topic>().unwrap_err().word.len(), 40);
    }

    #[test]
    fn too_many_of_a_kind_become_all_of_it() {
        let mut set = TopicSet::with_limit(4);
        set.extend([Topic::Alerts, Topic::Room(RoomId(1))]);
        set.extend((1..=100).map(asset));
        assert_eq!(set.join(" "), "asset.* room.1 alerts");
        set.insert(asset(7));
        assert_eq!(set.len(), 3);
        set.insert(Topic::Everything);
        assert_eq!(set.join(" "), "*");
        set.insert(Topic::Alerts);
        assert_eq!(set.len(), 1);
    }

    proptest! {
        #[test]
        fn a_set_keeps_its_limit_and_covers_all_that_was_put_in(
            ids in proptest::collection::vec((0_u8..6, 0_i64..50), 0..200), most in 1_usize..20,
        ) {
            let mut set = TopicSet::with_limit(most);
            let topics: Vec<Topic> = ids.into_iter().map(|(kind, id)| match kind {
                0 => asset(id),
                1 => Topic::Room(RoomId(id)),
                2 => Topic::Type(AssetTypeId(id)),
                3 => Topic::Reader(ReaderId(id)),
                4 => Topic::Alerts,
                _ => Topic::All(Kind::Type),
            }).collect();
            set.extend(topics.iter().copied());
            prop_assert!(set.len() <= most);
            prop_assert!(topics.iter().all(|topic| set.covers(*topic)));
        }
    }
}
