//! The words of the search as administrators keep them: pages, CSV file, command.

use std::process::{Command, Output, Stdio};

use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;
use wardtrack::simulate::{SeedPlan, Site, seed};

use crate::pages::{has, served};
use crate::support::{Actor, Html, TestDatabase};

async fn count(conn: &mut AsyncPgConnection, sql: &str) -> i64 {
    #[derive(diesel::QueryableByName)]
    struct Number {
        #[diesel(sql_type = diesel::sql_types::BigInt)]
        n: i64,
    }
    let row: Number = diesel::sql_query(sql.to_owned())
        .get_result(conn)
        .await
        .unwrap();
    row.n
}

async fn add(admin: &Actor, term: &str, kind: &str, target: &str) -> Html {
    admin.page("/synonyms").await;
    let key = Uuid::now_v7().to_string();
    let fields = [
        ("key", key.as_str()),
        ("term", term),
        ("kind", kind),
        ("target", target),
    ];
    admin.post("/synonyms", &fields).await
}

async fn import(admin: &Actor, csv: &str, go: &str) -> Html {
    admin.page("/synonyms/import").await;
    admin
        .post("/synonyms/import", &[("csv", csv), ("go", go)])
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_word_is_added_changed_and_deleted_and_the_search_follows_at_once() {
    let (app, hospital, mut conn) = served().await;
    let admin = app.admin().await;
    let pump = format!("type-{}", hospital.pump_type);
    assert_eq!(
        add(&admin, "Zauberkasten", "slang", &pump).await.status,
        303
    );
    let list = admin.page("/synonyms").await;
    has(&list, "\u{201c}Zauberkasten\u{201d} is added.");
    has(&list, "Zauberkasten Slang Infusion pump");
    assert_eq!(
        admin.page("/find?q=zauberkasten").await.h1(),
        "Infusion pump: 2 ready"
    );
    let edit = list.attribute("tbody td a", "href").unwrap();
    let page = admin.page(&edit).await;
    assert_eq!(page.h1(), "Change \u{201c}Zauberkasten\u{201d}");
    let key = Uuid::now_v7().to_string();
    let fields = [
        ("key", key.as_str()),
        ("term", "Wunderkiste"),
        ("kind", "name"),
        ("target", "model-70003"),
    ];
    assert_eq!(admin.post(&edit, &fields).await.status, 303);
    assert!(
        admin
            .page("/find?q=zauberkasten")
            .await
            .h1()
            .starts_with("Nothing found")
    );
    let found = admin.page("/find?q=wunderkiste").await;
    assert_eq!(
        found.all("tbody th .code"),
        ["SP-0100"],
        "a word of a model finds that model"
    );
    admin.page(&edit).await;
    let key = Uuid::now_v7().to_string();
    let gone = admin
        .post(&format!("{edit}/delete"), &[("key", &key)])
        .await;
    assert_eq!(gone.status, 303);
    // The same button pressed twice, and the page of a word that is gone.
    let again = admin
        .post(&format!("{edit}/delete"), &[("key", &key)])
        .await;
    assert_eq!(again.status, 303);
    assert_eq!(admin.page(&edit).await.status, 404);
    assert_eq!(
        count(&mut conn, "SELECT count(*) AS n FROM synonym").await,
        0
    );
    let audited = "SELECT count(*) AS n FROM audit_log WHERE action IN ('synonym.added', 'synonym.changed', 'synonym.deleted')";
    assert_eq!(count(&mut conn, audited).await, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn mistakes_in_the_form_are_named_and_what_was_typed_stays() {
    let (app, hospital, mut conn) = served().await;
    let admin = app.admin().await;
    let pump = format!("type-{}", hospital.pump_type);
    for (term, kind, target, words) in [
        (
            "",
            "slang",
            pump.as_str(),
            "Word or phrase: write the word that people use.",
        ),
        ("%%", "slang", &pump, "it has no letter or digit"),
        ("ok", "joke", &pump, "Sort of word: choose one"),
        ("ok", "slang", "", "Stands for: choose a type"),
        ("ok", "slang", "type-1", "no longer there"),
    ] {
        let refused = add(&admin, term, kind, target).await;
        assert_eq!(refused.status, 422, "{term} {kind} {target}");
        has(&refused, words);
        assert_eq!(refused.attribute("#term", "value").as_deref(), Some(term));
    }
    assert_eq!(add(&admin, "IV  Pump", "name", &pump).await.status, 303);
    let twice = add(&admin, "iv-pump", "name", &pump).await;
    assert_eq!(twice.status, 422);
    has(&twice, "stands for that already");
    assert_eq!(
        count(&mut conn, "SELECT count(*) AS n FROM synonym").await,
        1
    );
    assert_eq!(app.nurse().await.page("/synonyms").await.status, 403);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_is_searched_and_paged_and_shows_every_word_once() {
    let (app, _, _) = served().await;
    let admin = app.admin().await;
    let rows: String = (0..120)
        .map(|n| format!("word {n:03},name,infusion pump\n"))
        .collect::<Vec<_>>()
        .concat();
    let done = import(
        &admin,
        &format!("term,kind,type\n{rows}drip,slang,Infusion PUMP\n"),
        "apply",
    )
    .await;
    assert_eq!(done.status, 303, "{}", done.text());
    let mut path = "/synonyms".to_owned();
    let mut seen = Vec::new();
    while !path.is_empty() {
        let page = admin.page(&path).await;
        seen.extend(page.all("tbody th"));
        path = page.attribute("p.btns a.btn", "href").unwrap_or_default();
    }
    assert_eq!(seen.len(), 121);
    seen.dedup();
    assert_eq!(seen.len(), 121);
    assert_eq!(
        admin.page("/synonyms?q=DRI").await.all("tbody th"),
        ["drip"]
    );
    has(
        &admin.page("/synonyms?q=zzz").await,
        "No word and no type holds",
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_checked_first_imported_whole_and_comes_back_the_same() {
    let (app, _, mut conn) = served().await;
    let admin = app.admin().await;
    let file = "\u{feff}term;kind;type;maker;model\r\n'=drip;slang;INFUSION PUMP;;\r\n\"wow; cow\";name;Wheelchair;;\r\nGP;brand;;BD;Alaris GP\r\n";
    let checked = import(&admin, file, "check").await;
    assert_eq!(checked.status, 200, "{}", checked.text());
    has(&checked, "3 words would be added.");
    assert_eq!(
        count(&mut conn, "SELECT count(*) AS n FROM synonym").await,
        0
    );
    for told in [
        "Imported: 3 words added, 0 changed, 0 were there already.",
        "Imported: 0 words added, 0 changed, 3 were there already.",
    ] {
        assert_eq!(import(&admin, file, "apply").await.status, 303);
        has(&admin.page("/synonyms").await, told);
    }
    let exported = admin.page("/synonyms/export").await;
    assert_eq!(
        exported.header("content-type"),
        Some("text/csv; charset=utf-8")
    );
    assert!(
        exported.body.contains("'=drip,slang,Infusion pump,,"),
        "{}",
        exported.body
    );
    assert_eq!(import(&admin, &exported.body, "apply").await.status, 303);
    has(
        &admin.page("/synonyms").await,
        "0 words added, 0 changed, 3 were there already.",
    );
    let bad = import(
        &admin,
        "term,kind,type\nfine,name,Wheelchair\nodd,name,Spaceship\n",
        "apply",
    )
    .await;
    assert_eq!(bad.status, 422);
    has(
        &bad,
        "row 3: type is \u{201c}Spaceship\u{201d}: there is no such type",
    );
    assert_eq!(
        count(&mut conn, "SELECT count(*) AS n FROM synonym").await,
        3,
        "all or nothing"
    );
}

fn wardtrack(database: &TestDatabase, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_wardtrack"))
        .args(arguments)
        .env_remove("WARDTRACK_DATABASE_URL_FILE")
        .env("WARDTRACK_DATABASE_URL", database.url().expose())
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_demo_hospital_has_the_starter_set_and_the_command_takes_it_out_and_in() {
    let database = TestDatabase::new().await;
    let mut conn = AsyncPgConnection::establish(database.url().expose())
        .await
        .unwrap();
    let plan = SeedPlan::of(&Site::hospital(1));
    let now = wardtrack::clock::Clock::system().now();
    for is_first in [true, false] {
        let stored = conn
            .transaction(async |conn| seed::store_plan(conn, &plan, now).await)
            .await
            .unwrap();
        assert_eq!(
            stored.inserted > 0,
            is_first,
            "a second run changes nothing"
        );
    }
    let bare = "SELECT count(*) AS n FROM asset_type t WHERE NOT EXISTS (SELECT FROM synonym s WHERE s.asset_type_id = t.id)";
    assert_eq!(count(&mut conn, bare).await, 0, "types without a word");
    assert!(count(&mut conn, "SELECT count(*) AS n FROM synonym").await >= 300);

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("words.csv");
    let file = file.to_str().unwrap();
    assert!(
        wardtrack(&database, &["admin", "synonyms", "export", file])
            .status
            .success()
    );
    diesel::sql_query("DELETE FROM synonym")
        .execute(&mut conn)
        .await
        .unwrap();
    let told = |output: &Output| {
        String::from_utf8_lossy(&output.stdout).into_owned()
            + &String::from_utf8_lossy(&output.stderr)
    };
    let dry = wardtrack(
        &database,
        &["admin", "synonyms", "import", "--dry-run", file],
    );
    assert!(
        dry.status.success() && told(&dry).contains("would be added"),
        "{}",
        told(&dry)
    );
    assert_eq!(
        count(&mut conn, "SELECT count(*) AS n FROM synonym").await,
        0
    );
    assert!(
        wardtrack(&database, &["admin", "synonyms", "import", file])
            .status
            .success()
    );
    let starter = wardtrack(&database, &["admin", "synonyms", "starter"]);
    assert!(
        told(&starter).starts_with("0 words added, 0 changed"),
        "{}",
        told(&starter)
    );
    std::fs::write(file, "term,kind,type\nx,y,bed\n").unwrap();
    let bad = wardtrack(&database, &["admin", "synonyms", "import", file]);
    assert_eq!(bad.status.code(), Some(1));
    assert!(
        told(&bad).contains("row 2: kind is \u{201c}y\u{201d}"),
        "{}",
        told(&bad)
    );
}
