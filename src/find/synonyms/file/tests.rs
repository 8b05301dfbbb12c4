use proptest::prelude::*;

use super::*;
use crate::find::synonyms::STARTER_CSV;

fn faults(text: &str) -> String {
    let faults: Vec<String> = read_rows(text)
        .unwrap_err()
        .iter()
        .map(ToString::to_string)
        .collect();
    faults.join("\n")
}

#[test]
fn the_starter_set_is_large_sound_and_covers_every_kind() {
    let rows = read_rows(STARTER_CSV).unwrap();
    assert!(rows.len() >= 500, "{}", rows.len());
    for kind in SynonymKind::ALL {
        assert!(
            rows.iter().filter(|row| row.kind == *kind).count() > 50,
            "{kind:?}"
        );
    }
    let of = |term: &str| {
        let types = rows.iter().filter(|row| row.term == term);
        types.map(|row| row.target.clone()).collect::<Vec<_>>()
    };
    assert_eq!(
        of("wow"),
        [TargetName::Type("workstation on wheels".to_owned())]
    );
    assert!(
        of("alaris").len() > 1,
        "a brand may stand for several types"
    );
}

#[test]
fn spreadsheets_are_read_with_mark_semicolons_and_any_order() {
    let rows = read_rows("\u{feff}Type;Term;Kind\r\nInfusion pump;\"drip; pump\";Slang\r\n;;\r\n")
        .unwrap();
    let [row] = rows.as_slice() else {
        panic!("{rows:?}")
    };
    assert_eq!(
        (row.line, row.term.as_str(), row.folded.as_str()),
        (2, "drip; pump", "drip pump")
    );
    assert_eq!(row.kind, SynonymKind::Slang);
    let tabs = read_rows("term\tkind\tmaker\tmodel\nrill\tbrand\tNorvane\tRill 300\n").unwrap();
    assert_eq!(tabs.len(), 1);
}

#[test]
fn each_mistake_is_named_by_row_field_value_and_remedy() {
    let head = "term,kind,type,maker,model\n";
    for (text, words) in [
        (
            String::new(),
            "the file is empty: its first row names the columns term, kind",
        ),
        (
            "word,kind\n".to_owned(),
            "row 1: column is \u{201c}word\u{201d}: no such column is known",
        ),
        ("term,type\n".to_owned(), "the column kind is missing"),
        ("term,kind,term\n".to_owned(), "it is there twice"),
        (
            format!("{head}a,thing,bed,,\n"),
            "row 2: kind is \u{201c}thing\u{201d}: write one of brand, slang, abbreviation, name",
        ),
        (
            format!("{head}%,name,bed,,\n"),
            "row 2: term is \u{201c}%\u{201d}: it has no letter",
        ),
        (
            format!("{head}{},name,bed,,\n", "a".repeat(81)),
            "it has 81 characters; at most 80",
        ),
        (
            format!("{head}a,name,,,\n"),
            "row 2: type is \u{201c}\u{201d}: write the name of a type",
        ),
        (format!("{head}a,name,bed,BD,GP\n"), "not both"),
        (format!("{head}a,name,,BD,\n"), "row 2: model is"),
        (
            format!("{head}A b,name,bed,,\na-B,slang,Bed,,\n"),
            "row 3: term is \u{201c}a-B\u{201d}: row 2 has it already",
        ),
        (
            format!("{head}a,name,bed,,,,\n"),
            "row 2: it has 7 cells and the first row has 5",
        ),
    ] {
        let told = faults(&text);
        assert!(told.contains(words), "{words}: {told}");
    }
    let many = format!("{head}{}", "a,x,bed,,\n".repeat(500));
    assert_eq!(read_rows(&many).unwrap_err().len(), FAULTS_MAX);
}

#[test]
fn s32_cells_are_no_formulas_and_come_back_as_they_were() {
    let row = |term| ExportRow {
        term,
        kind: SynonymKind::Name,
        type_name: "bed",
        maker: "",
        model: "",
    };
    let terms = [
        "=1+1", "-pump", "+x", "@home", "'quoted", "'=y", "a,b", "\"q\"",
    ];
    let text = write_rows(&terms.map(row)).unwrap();
    assert!(
        text.contains("'=1+1,name") && text.contains("''=y"),
        "{text}"
    );
    let read: Vec<String> = read_rows(&text)
        .unwrap()
        .into_iter()
        .map(|row| row.term)
        .collect();
    assert_eq!(read, terms);
}

proptest! {
    #[test]
    fn reading_never_panics(text in "\\PC{0,200}") {
        let _ = read_rows(&text);
        let _ = read_rows(&format!("term,kind,type\n{text}"));
    }
}
