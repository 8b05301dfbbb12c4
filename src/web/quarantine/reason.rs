//! What a reason means, in a word and a sentence.

use crate::web::strings::Strings;
use crate::web::wording::capitalised;

/// The word and the sentence for a reason's code. A code that is not known, from a newer version perhaps, is shown as it is.
#[must_use]
pub fn reason_words(code: &str, t: &Strings) -> (String, &'static str) {
    let t = &t.pages.reason;
    let (word, why) = match code {
        "not_json" => (t.not_json, t.not_json_why),
        "unsupported_version" => (t.unsupported_version, t.unsupported_version_why),
        "bad_envelope" => (t.bad_envelope, t.bad_envelope_why),
        "identity_mismatch" => (t.identity_mismatch, t.identity_mismatch_why),
        "too_large" => (t.too_large, t.too_large_why),
        "too_many_sightings" => (t.too_many_sightings, t.too_many_sightings_why),
        "too_deep" => (t.too_deep, t.too_deep_why),
        "missing_batch_id" => (t.missing_batch_id, t.missing_batch_id_why),
        "suspect" => (t.suspect, t.suspect_why),
        "unroutable" => (t.unroutable, t.unroutable_why),
        "bad_tag" => (t.bad_tag, t.bad_tag_why),
        "unknown_key" => (t.unknown_key, t.unknown_key_why),
        "unknown_reader" => (t.unknown_reader, t.unknown_reader_why),
        "dead_letter" => (t.dead_letter, t.dead_letter_why),
        "bad_sighting" => (t.bad_sighting, t.bad_sighting_why),
        "tag_too_long" => (t.tag_too_long, t.tag_too_long_why),
        "number_out_of_range" => (t.number_out_of_range, t.number_out_of_range_why),
        "too_old" => (t.too_old, t.too_old_why),
        "clock_fault" => (t.clock_fault, t.clock_fault_why),
        "duplicate_index" => (t.duplicate_index, t.duplicate_index_why),
        _ => {
            return (
                capitalised(&super::printable(code.as_bytes()).replace('_', " ")),
                t.other_why,
            );
        }
    };
    (word.to_owned(), why)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::strings::EN;

    #[test]
    fn an_unknown_reason_is_shown_all_the_same() {
        assert_eq!(
            reason_words("new_in_v9", &EN),
            ("New in v9".to_owned(), EN.pages.reason.other_why)
        );
        assert_eq!(reason_words("not_json", &EN).0, "Not JSON");
    }
}
