//! Pure rules about assets.

use crate::db::types::AssetStatus;
use crate::location::certainty::Certainty;

/// R2: whether a person can take it. Never stored: it follows from the status and from how sure the place is.
#[must_use]
pub fn is_ready(status: AssetStatus, certainty: &Certainty) -> bool {
    status == AssetStatus::Available && !matches!(certainty, Certainty::Unknown { .. })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::location::certainty::UnknownReason;

    #[test]
    fn r2_ready_needs_available_and_a_known_place() {
        let unknown = Certainty::Unknown {
            reason: UnknownReason::NeverSeen,
        };
        assert!(is_ready(AssetStatus::Available, &Certainty::Likely));
        assert!(!is_ready(AssetStatus::Available, &unknown));
        for status in AssetStatus::ALL
            .iter()
            .filter(|status| **status != AssetStatus::Available)
        {
            assert!(!is_ready(*status, &Certainty::Confirmed), "{status:?}");
        }
    }
}
