//! Pure rules about assets.

use super::model::Standing;
use crate::db::types::AssetStatus;
use crate::location::certainty::Certainty;

/// R2: whether a person can take it. Never stored: it follows from the status, from holds and service, and from how sure
/// the place is.
#[must_use]
pub fn is_ready(standing: &Standing, certainty: &Certainty) -> bool {
    standing.status == AssetStatus::Available
        && !standing.is_held()
        && !matches!(certainty, Certainty::Unknown { .. })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::types::SafetyHold;
    use crate::location::certainty::UnknownReason;

    #[test]
    fn r2_ready_needs_available_no_hold_no_overdue_service_and_a_known_place() {
        let unknown = Certainty::Unknown {
            reason: UnknownReason::NeverSeen,
        };
        let available = Standing::of(AssetStatus::Available);
        assert!(is_ready(&available, &Certainty::Likely));
        assert!(!is_ready(&available, &unknown));
        for status in AssetStatus::ALL
            .iter()
            .filter(|status| **status != AssetStatus::Available)
        {
            assert!(
                !is_ready(&Standing::of(*status), &Certainty::Confirmed),
                "{status:?}"
            );
        }
        for hold in SafetyHold::ALL {
            let held = Standing {
                safety_hold: Some(*hold),
                ..available
            };
            assert!(!is_ready(&held, &Certainty::Confirmed), "{hold:?}");
        }
        let overdue = Standing {
            is_service_blocked: true,
            ..available
        };
        assert!(!is_ready(&overdue, &Certainty::Confirmed));
    }
}
