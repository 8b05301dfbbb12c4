//! Passive RFID at its simplest: an antenna reads the tag, so the tag is in the room of the antenna's zone.

use super::site::RoomIndex;
use super::state::{RoomChange, StoredPlace};

/// One read of a passive tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pass {
    /// When the antenna read it, in event time.
    pub seen_ms: i64,
    /// Room of the antenna's zone; `None` while nobody said where the antenna is.
    pub room: Option<RoomIndex>,
}

/// What a read means for the tag's place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum PassDecision {
    /// The tag is in another room than before, or placed for the first time.
    Moved(RoomChange),
    /// Still in the stored room; it was seen there at the pass.
    SeenAgain,
    /// Not newer than what is known: changes nothing (R15, R16).
    NotNewer,
    /// The antenna has no room yet.
    NoRoom,
}

/// Decides what one read means. Of several reads in a batch pass each one, with the place that the one before gave; the
/// newest wins in any order.
#[must_use]
pub fn decide_pass(known: Option<&StoredPlace>, pass: Pass) -> PassDecision {
    let Some(room) = pass.room else {
        return PassDecision::NoRoom;
    };
    if known.is_some_and(|place| pass.seen_ms <= place.seen_ms) {
        return PassDecision::NotNewer;
    }
    let from = known.map(|place| place.room);
    if from == Some(room) {
        return PassDecision::SeenAgain;
    }
    PassDecision::Moved(RoomChange {
        from,
        to: room,
        at_ms: pass.seen_ms,
        confidence: 1.0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(room: u32, seen_ms: i64) -> StoredPlace {
        StoredPlace {
            room: RoomIndex(room),
            since_ms: 10,
            seen_ms,
        }
    }

    #[test]
    fn a_pass_puts_the_tag_into_the_room_of_the_antenna() {
        let pass = Pass {
            seen_ms: 500,
            room: Some(RoomIndex(2)),
        };
        let change = RoomChange {
            from: Some(RoomIndex(1)),
            to: RoomIndex(2),
            at_ms: 500,
            confidence: 1.0,
        };
        assert_eq!(
            decide_pass(Some(&place(1, 400)), pass),
            PassDecision::Moved(change)
        );
        assert_eq!(
            decide_pass(None, pass),
            PassDecision::Moved(RoomChange {
                from: None,
                ..change
            })
        );
        assert_eq!(
            decide_pass(Some(&place(2, 400)), pass),
            PassDecision::SeenAgain
        );
    }

    #[test]
    fn r15_an_older_pass_never_changes_the_place() {
        assert_eq!(
            decide_pass(
                Some(&place(1, 400)),
                Pass {
                    seen_ms: 399,
                    room: Some(RoomIndex(2))
                }
            ),
            PassDecision::NotNewer
        );
    }

    #[test]
    fn r16_the_same_pass_twice_changes_nothing() {
        assert_eq!(
            decide_pass(
                Some(&place(1, 400)),
                Pass {
                    seen_ms: 400,
                    room: Some(RoomIndex(1))
                }
            ),
            PassDecision::NotNewer
        );
    }

    #[test]
    fn an_antenna_without_a_room_places_nothing() {
        assert_eq!(
            decide_pass(
                None,
                Pass {
                    seen_ms: 5,
                    room: None
                }
            ),
            PassDecision::NoRoom
        );
    }
}
