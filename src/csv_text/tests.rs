use proptest::prelude::*;

use super::*;

const COLUMNS: [Column; 3] = [
    Column::required("asset_number"),
    Column::optional("type"),
    Column::optional("note"),
];

fn read(text: &str) -> Table {
    read_table(text.as_bytes(), &COLUMNS).unwrap()
}

fn write(cells: &[&str]) -> String {
    let mut text = CsvText::new(false);
    text.write(cells.iter().map(|cell| Cell::text(*cell)));
    String::from_utf8(text.take()).unwrap()
}

#[test]
fn s32_what_a_spreadsheet_would_run_is_text() {
    for (cell, written) in [
        ("=1+1", "'=1+1\r\n"),
        ("+44 20", "'+44 20\r\n"),
        ("-1", "'-1\r\n"),
        ("@SUM(A1)", "'@SUM(A1)\r\n"),
        ("\tx", "'\tx\r\n"),
        ("\rx", "\"'\rx\"\r\n"),
        ("\nx", "\"'\nx\"\r\n"),
        ("'=x", "''=x\r\n"),
        ("'x", "'x\r\n"),
        ("a=1", "a=1\r\n"),
        ("a,b \"c\"", "\"a,b \"\"c\"\"\"\r\n"),
    ] {
        assert_eq!(write(&[cell]), written, "{cell:?}");
    }
}

#[test]
fn s32_numbers_stay_numbers() {
    let mut text = CsvText::new(true);
    text.write([
        Cell::Number(-5),
        Cell::Empty,
        Cell::Flag(true),
        Cell::maybe_number(None),
        Cell::maybe(Some("x")),
        Cell::Day(NaiveDate::from_ymd_opt(2026, 9, 7).unwrap()),
    ]);
    assert_eq!(text.take(), b"\xef\xbb\xbf-5,,yes,,x,2026-09-07\r\n");
    text.write([Cell::Number(1)]);
    assert_eq!(
        text.take(),
        b"1\r\n",
        "a second part has no mark of its own"
    );
}

#[test]
fn commas_semicolons_and_tabs_are_seen_by_the_first_line() {
    for (text, delimiter) in [
        ("asset_number,type\nA,B\n", ','),
        ("asset_number;type\r\nA;B\r\n", ';'),
        ("\u{feff}asset_number\ttype\nA\tB\n", '\t'),
        ("sep=;\r\nasset_number;type\r\nA;B\r\n", ';'),
        ("\"asset_number\";\"type\"\nA;B", ';'),
    ] {
        let table = read(text);
        assert_eq!(table.delimiter, delimiter, "{text:?}");
        assert_eq!(table.rows[0].cell(0), "A");
        assert_eq!(table.rows[0].cell(1), "B");
        assert_eq!(table.has, [true, true, false]);
    }
    assert_eq!(read("asset_number\nA;B\n").rows[0].cell(0), "A;B");
}

#[test]
fn names_of_columns_may_be_written_as_people_write_them() {
    let table = read("NOTE, Asset Number ,Colour\nx,A,red\n");
    assert_eq!(table.unknown, ["Colour"]);
    assert_eq!(table.rows[0].cell(0), "A");
    assert_eq!(table.rows[0].cell(1), "");
    assert_eq!(table.rows[0].cell(2), "x");
    let error = read_table(b"type,note\n", &COLUMNS).unwrap_err();
    assert!(
        error.to_string().contains("no column asset_number"),
        "{error}"
    );
    let error = read_table(b"asset_number,Asset number\n", &COLUMNS).unwrap_err();
    assert!(matches!(error, CsvError::ColumnTwice(_)), "{error}");
}

#[test]
fn rows_are_numbered_as_spreadsheets_number_them() {
    let table = read(
        "asset_number,type\r\nA,\"two\r\nlines\"\r\nB,x\r\n\r\nC,y\r\nD\r\nE,1,2\r\n,\r\nF,z,,\r\nG,z",
    );
    let rows: Vec<(u64, &str)> = table
        .rows
        .iter()
        .map(|row| (row.number, row.cell(0)))
        .collect();
    assert_eq!(rows, [(2, "A"), (3, "B"), (5, "C"), (9, "F"), (10, "G")]);
    assert_eq!(table.broken_count, 2);
    assert_eq!(
        table.broken,
        [
            BrokenRow {
                row: 6,
                cells: 1,
                expected: 2
            },
            BrokenRow {
                row: 7,
                cells: 3,
                expected: 2
            },
        ]
    );
}

#[test]
fn what_is_no_utf8_table_says_so_with_its_row() {
    let error = read_table(b"asset_number\nA\nB\xff\n", &COLUMNS).unwrap_err();
    assert_eq!(error, CsvError::NotUtf8 { row: 3 });
    assert_eq!(read_table(b"\xff\xfea\0", &COLUMNS), Err(CsvError::Utf16));
    for empty in ["", "\n\n", "\u{feff}", ",,\n"] {
        assert_eq!(
            read_table(empty.as_bytes(), &COLUMNS),
            Err(CsvError::Empty),
            "{empty:?}"
        );
    }
}

#[test]
fn s30_size_and_rows_are_limited() {
    let large = vec![b'a'; BYTES_MAX + 1];
    assert!(matches!(
        read_table(&large, &COLUMNS),
        Err(CsvError::TooLarge { .. })
    ));
    let many = format!("asset_number\n{}", "A\n".repeat(ROWS_MAX + 1));
    assert_eq!(
        read_table(many.as_bytes(), &COLUMNS),
        Err(CsvError::TooManyRows)
    );
    let most = format!("asset_number\n{}", "A\n".repeat(ROWS_MAX));
    assert_eq!(read(&most).rows.len(), ROWS_MAX);
}

proptest! {
    #[test]
    fn what_is_written_is_read_again(
        rows in prop::collection::vec(prop::collection::vec("[='+@\"\t\r\n,; a-z\u{e9}-]{0,8}", 3), 1..8),
    ) {
        let mut text = CsvText::new(true);
        text.write(["asset_number", "type", "note"].map(Cell::text));
        for row in &rows {
            text.write(row.iter().map(|cell| Cell::text(cell.as_str())));
        }
        let table = read_table(&text.take(), &COLUMNS).unwrap();
        let read: Vec<Vec<&str>> = table
            .rows
            .iter()
            .map(|row| (0..3).map(|at| unescape_formula(row.raw(at))).collect())
            .collect();
        let blank = |row: &&Vec<String>| row.iter().any(|cell| !escape_formula(cell).trim().is_empty());
        let expected: Vec<Vec<&str>> = rows
            .iter()
            .filter(blank)
            .map(|row| row.iter().map(String::as_str).collect())
            .collect();
        prop_assert_eq!(read, expected);
        prop_assert_eq!(table.broken_count, 0);
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = read_table(&bytes, &COLUMNS);
    }

    #[test]
    fn the_mark_against_formulas_is_taken_off_again(text in "['=+@a-]{0,6}") {
        let written = escape_formula(&text);
        prop_assert_eq!(unescape_formula(&written), text.as_str());
    }
}
