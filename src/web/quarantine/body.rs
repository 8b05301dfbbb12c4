//! Bytes from outside as text that can do no harm on a page.

/// Text as it is; control characters, marks that change the direction of text, and bytes that are no text as escapes. A
/// character that was cut at the end is left out. The template escapes markup.
#[must_use]
pub fn printable(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    let mut chunks = bytes.utf8_chunks().peekable();
    while let Some(chunk) = chunks.next() {
        for c in chunk.valid().chars() {
            push_printable(&mut text, c);
        }
        let is_cut = chunks.peek().is_none() && is_beginning(chunk.invalid());
        for byte in chunk.invalid().iter().filter(|_| !is_cut) {
            push_byte(&mut text, *byte);
        }
    }
    text
}

fn push_printable(text: &mut String, c: char) {
    match u8::try_from(c) {
        Ok(b'\n' | b'\t') => text.push(c),
        Ok(byte) if byte.is_ascii_control() => push_byte(text, byte),
        _ if c.is_control() || turns_text(c) => text.extend(c.escape_unicode()),
        _ => text.push(c),
    }
}

fn push_byte(text: &mut String, byte: u8) {
    use std::fmt::Write;
    // Writing to a string cannot fail.
    let _ = write!(text, "\\x{byte:02x}");
}

/// Marks that make text read in another order than it is written.
fn turns_text(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// Whether these bytes are the beginning of a longer character.
fn is_beginning(bytes: &[u8]) -> bool {
    let length = match bytes.first() {
        Some(0xc2..=0xdf) => 2,
        Some(0xe0..=0xef) => 3,
        Some(0xf0..=0xf4) => 4,
        _ => return false,
    };
    bytes.len() < length
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_shown_and_never_act() {
        for (bytes, text) in [
            (b"{\"v\":1}".as_slice(), "{\"v\":1}"),
            (b"a\x00b\x1b[2J", "a\\x00b\\x1b[2J"),
            (b"\xff\xfeok", "\\xff\\xfeok"),
            ("line\n\u{202e}txt".as_bytes(), "line\n\\u{202e}txt"),
            ("ok \u{1f6cf}".as_bytes(), "ok \u{1f6cf}"),
            (b"cut \xf0\x9f\x9b", "cut "),
            (b"", ""),
        ] {
            assert_eq!(printable(bytes), text);
        }
    }
}
