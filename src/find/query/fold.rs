//! How words are compared: in small letters, without accents and signs, one space between them. Pure.

/// The text as searches compare it. Folding what is folded changes nothing.
///
/// ```
/// use wardtrack::find::query::fold::fold;
/// assert_eq!(fold("  Porter's  CHAIR (Größe M)"), "porters chair grosse m");
/// assert_eq!(fold("B. Braun Infusomat\u{ae}"), "b braun infusomat");
/// ```
#[must_use]
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    let mut is_gap = false;
    for c in text.chars().flat_map(char::to_lowercase) {
        if is_mark(c) || is_apostrophe(c) {
            continue;
        }
        if !c.is_alphanumeric() {
            is_gap = true;
            continue;
        }
        if is_gap && !folded.is_empty() {
            folded.push(' ');
        }
        is_gap = false;
        match plain(c) {
            Some(letters) => folded.push_str(letters),
            None => folded.push(c),
        }
    }
    folded
}

/// The text without anything between its letters and digits: "x-ray" and "x ray" are one.
#[must_use]
pub fn squash(folded: &str) -> String {
    folded.chars().filter(|c| *c != ' ').collect()
}

/// A folded word without the ending of its plural.
#[must_use]
pub fn stem(word: &str) -> &str {
    let is_long = word.chars().count() > 3;
    let short = match word.strip_suffix("es") {
        Some(short)
            if short.ends_with(['x', 'z'])
                || short.ends_with("ch")
                || short.ends_with("sh")
                || short.ends_with("ss") =>
        {
            Some(short)
        }
        _ => word
            .strip_suffix('s')
            .filter(|short| !short.ends_with(['s', 'u', 'i'])),
    };
    short.filter(|_| is_long).unwrap_or(word)
}

/// Letters that are written in several pieces, and signs that join letters from right to left, say nothing of their own.
fn is_mark(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{64b}'..='\u{65f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

fn is_apostrophe(c: char) -> bool {
    matches!(c, '\'' | '\u{2018}' | '\u{2019}' | '\u{60}' | '\u{b4}')
}

/// What a small Latin letter with an accent is without it.
fn plain(c: char) -> Option<&'static str> {
    Some(match c {
        'à'..='å' | 'ā' | 'ă' | 'ą' | 'ǎ' => "a",
        'æ' => "ae",
        'ç' | 'ć' | 'ĉ' | 'ċ' | 'č' => "c",
        'ď' | 'đ' | 'ð' => "d",
        'è'..='ë' | 'ē' | 'ĕ' | 'ė' | 'ę' | 'ě' => "e",
        'ĝ' | 'ğ' | 'ġ' | 'ģ' => "g",
        'ĥ' | 'ħ' => "h",
        'ì'..='ï' | 'ĩ' | 'ī' | 'ĭ' | 'į' | 'ı' => "i",
        'ĵ' => "j",
        'ķ' => "k",
        'ĺ' | 'ļ' | 'ľ' | 'ŀ' | 'ł' => "l",
        'ñ' | 'ń' | 'ņ' | 'ň' => "n",
        'ò'..='ö' | 'ø' | 'ō' | 'ŏ' | 'ő' => "o",
        'œ' => "oe",
        'ŕ' | 'ŗ' | 'ř' => "r",
        'ś' | 'ŝ' | 'ş' | 'š' | 'ș' => "s",
        'ß' => "ss",
        'ţ' | 'ť' | 'ŧ' | 'ț' => "t",
        'ù'..='ü' | 'ũ' | 'ū' | 'ŭ' | 'ů' | 'ű' | 'ų' => "u",
        'ŵ' => "w",
        'ý' | 'ÿ' | 'ŷ' => "y",
        'ź' | 'ż' | 'ž' => "z",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn accents_signs_and_case_make_no_difference() {
        for (text, folded) in [
            ("Sauerstoff-Gerät", "sauerstoff gerat"),
            ("X-RAY  machine", "x ray machine"),
            ("x\u{301}", "x"),
            ("İstanbul", "istanbul"),
            ("100%", "100"),
            ("\u{202e}pmup", "pmup"),
            ("\u{1f6cf}\u{fe0f}", ""),
            ("مضخة", "مضخة"),
        ] {
            assert_eq!(fold(text), folded, "{text}");
        }
    }

    #[test]
    fn plurals_lose_their_ending_and_short_words_stay() {
        for (word, short) in [
            ("pumps", "pump"),
            ("boxes", "box"),
            ("benches", "bench"),
            ("us", "us"),
            ("bus", "bus"),
            ("press", "press"),
            ("apparatus", "apparatus"),
            ("pelvis", "pelvis"),
        ] {
            assert_eq!(stem(word), short);
        }
    }

    proptest! {
        #[test]
        fn folding_twice_changes_nothing(text in "\\PC{0,60}") {
            let once = fold(&text);
            prop_assert_eq!(&fold(&once), &once);
            prop_assert!(!once.starts_with(' ') && !once.ends_with(' ') && !once.contains("  "));
        }

        #[test]
        fn a_stem_begins_its_word(word in "[a-z]{0,12}") {
            prop_assert!(word.starts_with(stem(&word)));
        }
    }
}
