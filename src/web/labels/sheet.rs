//! Labels on sheets: what is on which sheet, and the squares of a QR code. Pure.

use qrcode::{Color, EcLevel, QrCode};

/// Light squares around a code that a scanner needs.
const QUIET: usize = 4;

/// A sheet that labels are sold on; the measures are in `static/css/labels.css`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Layout {
    /// A4, 3 by 8.
    #[default]
    A4By24,
    /// A4, 2 by 7.
    A4By14,
    /// Letter, 3 by 10.
    LetterBy30,
    /// Letter, 2 by 5.
    LetterBy10,
}

impl Layout {
    /// Every layout, with its word in addresses and style sheets.
    pub const ALL: &'static [(Self, &'static str)] = &[
        (Self::A4By24, "a4-3x8"),
        (Self::A4By14, "a4-2x7"),
        (Self::LetterBy30, "letter-3x10"),
        (Self::LetterBy10, "letter-2x5"),
    ];

    /// The layout with this word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        let found = Self::ALL.iter().find(|(_, known)| *known == word);
        found.map(|(layout, _)| *layout)
    }

    /// Its word.
    #[must_use]
    pub fn word(self) -> &'static str {
        let found = Self::ALL.iter().find(|(known, _)| *known == self);
        found.map_or("", |(_, word)| word)
    }

    /// Labels on a sheet.
    #[must_use]
    pub fn places(self) -> usize {
        match self {
            Self::A4By24 => 24,
            Self::A4By14 => 14,
            Self::LetterBy30 => 30,
            Self::LetterBy10 => 10,
        }
    }
}

/// Puts things on sheets: each `copies` times, the first sheet beginning at place `start`, counted from 1. `None` is a place that
/// stays empty.
#[must_use]
pub fn arrange<T: Clone>(
    things: &[T],
    layout: Layout,
    start: usize,
    copies: usize,
) -> Vec<Vec<Option<T>>> {
    if things.is_empty() {
        return Vec::new();
    }
    let empty = std::iter::repeat_n(None, start.saturating_sub(1));
    let labels = things
        .iter()
        .flat_map(|thing| std::iter::repeat_n(Some(thing.clone()), copies));
    let places: Vec<Option<T>> = empty.chain(labels).collect();
    places.chunks(layout.places()).map(<[_]>::to_vec).collect()
}

/// A QR code as the outline of its dark squares.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Qr {
    /// Squares of a side, with the light ones around.
    pub side: usize,
    /// The dark ones, as the `d` of an SVG path.
    pub path: String,
}

impl Qr {
    /// The code of a text; `None` when it is too long for one.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let code = QrCode::with_error_correction_level(text, EcLevel::M).ok()?;
        let width = code.width();
        let mut path: Vec<String> = Vec::new();
        for (y, row) in code.to_colors().chunks(width).enumerate() {
            let mut x = 0;
            for run in row.chunk_by(|one, next| one == next) {
                if run.first() == Some(&Color::Dark) {
                    let (left, top, length) = (x + QUIET, y + QUIET, run.len());
                    path.push(format!("M{left} {top}h{length}v1h-{length}z"));
                }
                x += run.len();
            }
        }
        Some(Self {
            side: width + 2 * QUIET,
            path: path.concat(),
        })
    }
}

/// Numbers as people write them: with commas, semicolons, spaces or lines between them, and ranges with `..`.
///
/// # Errors
/// The range that is none.
pub fn parse_numbers(text: &str, most: usize) -> Result<Vec<String>, String> {
    let mut numbers: Vec<String> = Vec::new();
    let words = text.split(|c: char| c.is_whitespace() || c == ',' || c == ';');
    for word in words.filter(|word| !word.is_empty()) {
        match word.split_once("..") {
            None => numbers.push(word.to_owned()),
            Some((from, to)) => numbers.extend(range(from, to, most).ok_or(word)?),
        }
        if numbers.len() > most {
            break;
        }
    }
    let mut seen = std::collections::HashSet::new();
    numbers.retain(|number| seen.insert(number.to_lowercase()));
    Ok(numbers)
}

/// `IP-0001` to `IP-0024`; one more than `most` at most.
fn range(from: &str, to: &str, most: usize) -> Option<Vec<String>> {
    let head = from.trim_end_matches(|c: char| c.is_ascii_digit());
    let first = from.strip_prefix(head)?;
    let last = to.strip_prefix(head)?;
    if !last.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (low, high): (u64, u64) = (first.parse().ok()?, last.parse().ok()?);
    if low > high {
        return None;
    }
    let width = first.len();
    let numbers = (low..=high).take(most.saturating_add(1));
    Some(
        numbers
            .map(|number| format!("{head}{number:0width$}"))
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads the drawn squares as a scanner does.
    fn scan(qr: &Qr) -> String {
        let mut dark = vec![vec![false; qr.side]; qr.side];
        for part in qr.path.split('M').skip(1) {
            let (x, rest) = part.split_once(' ').unwrap();
            let (y, rest) = rest.split_once('h').unwrap();
            let (length, _) = rest.split_once('v').unwrap();
            let (x, y, length): (usize, usize, usize) = (
                x.parse().unwrap(),
                y.parse().unwrap(),
                length.parse().unwrap(),
            );
            for square in &mut dark[y][x..x + length] {
                *square = true;
            }
        }
        let scale = 4;
        let mut image = rqrr::PreparedImage::prepare_from_greyscale(
            qr.side * scale,
            qr.side * scale,
            |x, y| if dark[y / scale][x / scale] { 0 } else { 255 },
        );
        let grids = image.detect_grids();
        assert_eq!(grids.len(), 1);
        grids[0].decode().unwrap().1
    }

    #[test]
    fn a_drawn_code_is_read_again_as_its_text() {
        for text in [
            "IP-0417",
            "wt:room:20001",
            "9",
            "Ger\u{e4}t 7 / \u{1f6cf}",
            &"X".repeat(64),
        ] {
            assert_eq!(scan(&Qr::new(text).unwrap()), text);
        }
        assert_eq!(Qr::new(&"x".repeat(5_000)), None);
    }

    #[test]
    fn labels_begin_where_the_sheet_was_left() {
        let sheets = arrange(&['a', 'b'], Layout::LetterBy10, 9, 2);
        assert_eq!(sheets.len(), 2);
        assert_eq!(sheets[0].len(), 10);
        assert!(sheets[0][..8].iter().all(Option::is_none));
        assert_eq!(sheets[0][8..], [Some('a'), Some('a')]);
        assert_eq!(sheets[1], [Some('b'), Some('b')]);
        assert!(arrange::<char>(&[], Layout::A4By24, 5, 1).is_empty());
        for (layout, word) in Layout::ALL {
            assert_eq!(Layout::parse(word), Some(*layout));
        }
    }

    #[test]
    fn numbers_may_be_lists_and_ranges() {
        let read = |text: &str| parse_numbers(text, 500);
        assert_eq!(read("IP-1, ip-1;X\n Y").unwrap(), ["IP-1", "X", "Y"]);
        assert_eq!(
            read("IP-0008..IP-0011").unwrap(),
            ["IP-0008", "IP-0009", "IP-0010", "IP-0011"]
        );
        assert_eq!(read("8..11").unwrap().len(), 4);
        assert!(read("").unwrap().is_empty());
        for wrong in [
            "IP-2..IP-1",
            "IP-1..WC-2",
            "IP..IP",
            "..",
            "IP-1..",
            "1..99999999999999999999",
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
        assert_eq!(read("1..18446744073709551615").unwrap().len(), 501);
    }
}
