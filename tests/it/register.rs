//! The register through the pages: devices, types and models are added, changed and retired, once, with their events and rules.

use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use crate::pages::{has, has_not, served};
use crate::support::{Actor, Html};

pub fn key() -> String {
    Uuid::now_v7().to_string()
}

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    number: i64,
}

pub async fn text(conn: &mut AsyncPgConnection, sql: &str) -> String {
    let row: Line = diesel::sql_query(format!("SELECT ({sql})::text AS line"))
        .get_result(conn)
        .await
        .unwrap();
    row.line
}

pub async fn count(conn: &mut AsyncPgConnection, sql: &str) -> i64 {
    let row: Number = diesel::sql_query(format!("SELECT ({sql})::bigint AS number"))
        .get_result(conn)
        .await
        .unwrap();
    row.number
}

/// A form as a browser fills it: what stands in its fields, with some of it typed anew.
pub fn filled(page: &Html, action: &str, typed: &[(&str, &str)]) -> Vec<(String, String)> {
    let mut fields = page.form(&format!("form[action='{action}']"));
    for (name, value) in typed {
        match fields.iter_mut().find(|(field, _)| field == name) {
            Some(field) => (*value).clone_into(&mut field.1),
            None => fields.push(((*name).to_owned(), (*value).to_owned())),
        }
    }
    fields
}

impl Actor {
    /// Sends a form that [`filled`] made.
    pub async fn send_form(&self, action: &str, fields: &[(String, String)]) -> Html {
        let fields: Vec<(&str, &str)> = fields
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        self.post(action, &fields).await
    }

    /// Opens a page, fills its form and sends it.
    pub async fn fill(&self, path: &str, action: &str, typed: &[(&str, &str)]) -> Html {
        let page = self.page(path).await;
        assert_eq!(page.status, 200, "{path}: {}", page.text());
        self.send_form(action, &filled(&page, action, typed)).await
    }

    /// The page that an accepted form leads to.
    pub async fn follow(&self, answer: Html) -> Html {
        assert_eq!(answer.status, 303, "{}", answer.text());
        let location = answer.header("location").unwrap().to_owned();
        self.page(&location).await
    }
}

const ADD: &str = "/equipment/add";

#[tokio::test(flavor = "multi_thread")]
async fn a_device_is_added_with_its_numbers_event_and_audit_row() {
    let (app, hospital, mut conn) = served().await;
    let biomed = app.biomed().await;
    let typed = [
        ("number", " IP-0900 "),
        ("type", "60001"),
        ("model", "70001"),
        ("owner", "30001"),
        ("due", "2031-03-31"),
        ("value", "SN-1"),
    ];
    let answer = biomed.fill(ADD, ADD, &typed).await;
    let page = biomed.follow(answer).await;
    has(&page, "IP-0900 is in the register.");
    // Two makers may give one serial: it is allowed, and said.
    has(&page, "SN-1 is also on");
    has(&page, "BD Alaris GP, owned by 3 West");
    has(&page, "31 Mar 2031");
    has(&page, "Came into the register");
    let id = count(
        &mut conn,
        "SELECT id FROM asset WHERE asset_number = 'IP-0900'",
    )
    .await;
    assert_eq!(
        text(
            &mut conn,
            &format!("SELECT string_agg(act, ' ') FROM asset_event WHERE asset_id = {id}")
        )
        .await,
        "registered"
    );
    assert_eq!(
        count(&mut conn, &format!("SELECT count(*) FROM audit_log WHERE action = 'asset.registered' AND subject = 'asset:{id}'")).await,
        1
    );
    // It is found and counted like any other.
    let list = biomed.page("/equipment/types").await;
    has(&list, "Infusion pump");
    assert_eq!(
        list.all("tbody tr td.r")[2],
        "5 Devices, Infusion pump",
        "{:?}",
        list.all("tbody td.r")
    );
    let found = app.nurse().await.page("/find?q=ip-0900").await;
    assert_eq!(found.status, 303);
    assert_eq!(hospital.pump_type, 60_001);
}

#[tokio::test(flavor = "multi_thread")]
async fn mistakes_are_named_with_their_field_and_what_was_typed_stays() {
    let (app, _, mut conn) = served().await;
    let biomed = app.biomed().await;
    for (typed, field, words) in [
        (
            vec![("number", "ip-0417"), ("type", "60001")],
            "number",
            "IP-0417 exists already: open it",
        ),
        (
            vec![("number", "IP-0001"), ("type", "60001")],
            "number",
            "Numbers are never used twice",
        ),
        (
            vec![("number", ""), ("type", "60001")],
            "number",
            "Asset number is empty",
        ),
        (
            vec![("number", "N1"), ("type", "")],
            "type",
            "Type is empty",
        ),
        (
            vec![("number", "N1"), ("type", "99")],
            "type",
            "no such choice",
        ),
        (
            vec![("number", "N1"), ("type", "60001"), ("model", "70003")],
            "model",
            "of the type Syringe pump",
        ),
        (
            vec![("number", "N1"), ("type", "60001"), ("owner", "7")],
            "owner",
            "no such choice",
        ),
        (
            vec![("number", "N1"), ("type", "60001"), ("due", "31/03/2031")],
            "due",
            "31/03/2031 is no date",
        ),
        (
            vec![("number", "N1"), ("type", "60001"), ("due", "2999-01-01")],
            "due",
            "must lie between",
        ),
        (
            vec![
                ("number", "N1"),
                ("type", "60001"),
                ("kind", "udi"),
                ("value", "07613203021013"),
            ],
            "identifiers",
            "it should end with 2",
        ),
    ] {
        let answer = biomed.fill(ADD, ADD, &typed).await;
        assert_eq!(answer.status, 422, "{field}");
        has(&answer, words);
        let links = answer.all(&format!("#problems a[href='#{field}']"));
        assert_eq!(links.len(), 1, "{field}: {:?}", answer.all("#problems"));
        assert_eq!(answer.attribute("#number", "value").unwrap(), typed[0].1);
    }
    let odd = biomed
        .post(
            ADD,
            &[("key", &key()), ("number", "N1"), ("status", "available")],
        )
        .await;
    assert_eq!(odd.status, 400);
    has(&odd, "The field status");
    assert_eq!(count(&mut conn, "SELECT count(*) FROM asset").await, 7);
    assert_eq!(
        count(&mut conn, "SELECT count(*) FROM form_post").await,
        0,
        "no key is used up"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_form_twice_adds_one_and_two_people_with_one_number_too() {
    let (app, _, mut conn) = served().await;
    let (biomed, admin) = (app.biomed().await, app.admin().await);
    let typed = [("number", "IP-0901"), ("type", "60001")];
    let page = biomed.page(ADD).await;
    let form = filled(&page, ADD, &typed);
    let (one, two) = tokio::join!(biomed.send_form(ADD, &form), biomed.send_form(ADD, &form));
    assert_eq!((one.status, two.status), (303, 303));
    assert_eq!(one.header("location"), two.header("location"));
    let typed = [("number", "IP-0902"), ("type", "60001")];
    let (mine, theirs) = (biomed.page(ADD).await, admin.page(ADD).await);
    let (mine, theirs) = (filled(&mine, ADD, &typed), filled(&theirs, ADD, &typed));
    let (one, two) = tokio::join!(biomed.send_form(ADD, &mine), admin.send_form(ADD, &theirs));
    let mut statuses = [one.status, two.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [303, 422]);
    let told = if one.status == 422 { one } else { two };
    has(&told, "IP-0902 exists already");
    assert_eq!(
        count(
            &mut conn,
            "SELECT count(*) FROM asset WHERE asset_number LIKE 'IP-09%'"
        )
        .await,
        2
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_is_recorded_and_a_stale_form_overwrites_nothing() {
    let (app, hospital, mut conn) = served().await;
    let (biomed, admin) = (app.biomed().await, app.admin().await);
    let path = format!("/assets/{}/edit", hospital.likely);
    let old = filled(&admin.page(&path).await, &path, &[("owner", "")]);
    let answer = biomed
        .fill(&path, &path, &[("owner", "30001"), ("due", "2031-03-31")])
        .await;
    let page = biomed.follow(answer).await;
    has(&page, "Saved: IP-0417.");
    has(&page, "Data changed");
    has(&page, "owner: Equipment library > 3 West");
    let late = admin.send_form(&path, &old).await;
    assert_eq!(late.status, 409);
    has(
        &late,
        "Somebody changed this meanwhile, so nothing was saved.",
    );
    has(&late, "owner: 3 West");
    has(&late, "service due: 2031-03-31");
    assert_eq!(
        count(
            &mut conn,
            "SELECT owner_unit_id FROM asset WHERE id = 80001"
        )
        .await,
        30_001
    );
    // Saved again, on purpose, it takes its place.
    let again = filled(&late, &path, &[]);
    let page = admin.follow(admin.send_form(&path, &again).await).await;
    has(&page, "Saved: IP-0417.");
    assert_eq!(
        count(
            &mut conn,
            "SELECT count(*) FROM asset WHERE id = 80001 AND owner_unit_id IS NULL"
        )
        .await,
        1
    );
    // Saving what is there already records nothing.
    let answer = biomed.fill(&path, &path, &[]).await;
    assert_eq!(answer.status, 303);
    assert_eq!(
        count(
            &mut conn,
            "SELECT count(*) FROM asset_event WHERE act = 'edited'"
        )
        .await,
        2
    );
    assert_eq!(
        count(
            &mut conn,
            "SELECT count(*) FROM audit_log WHERE action = 'asset.edited'"
        )
        .await,
        2
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn another_type_moves_the_kept_counts() {
    let (app, hospital, mut conn) = served().await;
    let biomed = app.biomed().await;
    let path = format!("/assets/{}/edit", hospital.likely);
    let version = count(&mut conn, "SELECT version FROM reference_version").await;
    let answer = biomed
        .fill(&path, &path, &[("type", "60002"), ("model", "70003")])
        .await;
    assert_eq!(answer.status, 303, "{}", answer.text());
    let page = biomed.page("/find?type=60002").await;
    assert_eq!(page.h1(), "Syringe pump: 1 ready");
    assert_eq!(
        biomed.page("/find?type=60001").await.h1(),
        "Infusion pump: 1 ready"
    );
    assert!(count(&mut conn, "SELECT version FROM reference_version").await > version);
}

#[tokio::test(flavor = "multi_thread")]
async fn r2_a_due_date_and_the_rule_of_a_type_change_ready_at_once() {
    let (app, hospital, mut conn) = served().await;
    let biomed = app.biomed().await;
    let path = format!("/assets/{}/edit", hospital.likely);
    biomed.fill(&path, &path, &[("due", "2020-01-01")]).await;
    let blocked = "SELECT count(*) FROM asset WHERE is_service_blocked";
    assert_eq!(
        count(&mut conn, blocked).await,
        0,
        "the type does not block"
    );
    let of_type = "/equipment/types/60001";
    let answer = biomed.fill(of_type, of_type, &[("blocks", "1")]).await;
    assert_eq!(answer.status, 303);
    assert_eq!(count(&mut conn, blocked).await, 1);
    assert_eq!(
        biomed.page("/find?type=60001").await.h1(),
        "Infusion pump: 1 ready"
    );
    has(
        &biomed.page("/equipment?service=overdue").await,
        "Service overdue: not ready",
    );
    biomed.fill(&path, &path, &[("due", "2031-01-01")]).await;
    assert_eq!(count(&mut conn, blocked).await, 0);
    assert_eq!(
        biomed.page("/find?type=60001").await.h1(),
        "Infusion pump: 2 ready"
    );
    assert_eq!(
        count(
            &mut conn,
            "SELECT count(*) FROM audit_log WHERE action = 'asset_type.edited'"
        )
        .await,
        1
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn r3_holds_retiring_and_restoring_need_the_right_and_a_reason() {
    let (app, hospital, mut conn) = served().await;
    let (nurse, biomed, admin) = (app.nurse().await, app.biomed().await, app.admin().await);
    let (asset, path) = (
        format!("/assets/{}", hospital.likely),
        format!("/assets/{}/standing", hospital.likely),
    );
    has_not(&nurse.page(&asset).await, "Looking after it");
    let form_key = key();
    let retire = [
        ("key", form_key.as_str()),
        ("act", "retired"),
        ("reason", "worn out"),
    ];
    assert_eq!(nurse.post(&path, &retire).await.status, 403);
    biomed.page(&asset).await;
    let held = biomed
        .post(
            &path,
            &[
                ("key", &key()),
                ("act", "held"),
                ("hold", "recall"),
                ("reason", "FSN 12"),
            ],
        )
        .await;
    let page = biomed.follow(held).await;
    has(&page, "IP-0417 is on safety hold.");
    has(&biomed.page("/equipment?hold=1").await, "IP-0417");
    has_not(&biomed.page("/equipment?hold=1").await, "IP-0333");
    let bare = biomed
        .post(&path, &[("key", &key()), ("act", "released")])
        .await;
    assert_eq!(bare.status, 422);
    let lifted = biomed
        .post(
            &path,
            &[("key", &key()), ("act", "released"), ("reason", "checked")],
        )
        .await;
    has(
        &biomed.follow(lifted).await,
        "The safety hold on IP-0417 is lifted.",
    );
    let stale = biomed
        .post(
            &path,
            &[
                ("key", &key()),
                ("act", "retired"),
                ("reason", "worn out"),
                ("shown", "soiled"),
            ],
        )
        .await;
    assert_eq!(stale.status, 409);
    has(&stale, "IP-0417 is Available now");
    let retired = biomed.post(&path, &retire).await;
    assert_eq!(retired.status, 303);
    assert_eq!(
        biomed.post(&path, &retire).await.status,
        303,
        "a double tap"
    );
    let page = biomed.page(&asset).await;
    has(&page, "Retired");
    assert_eq!(
        count(
            &mut conn,
            "SELECT count(*) FROM tag_assignment WHERE asset_id = 80001 AND ended_at IS NULL"
        )
        .await,
        0
    );
    has_not(&page, "Restore");
    let restore = |key: String| async move {
        [
            ("key".to_owned(), key),
            ("act".to_owned(), "restored".to_owned()),
            ("reason".to_owned(), "repaired after all".to_owned()),
        ]
    };
    assert_eq!(
        biomed.send_form(&path, &restore(key()).await).await.status,
        403
    );
    admin.page(&asset).await;
    let back = admin.send_form(&path, &restore(key()).await).await;
    has(
        &admin.follow(back).await,
        "IP-0417 is back in service and goes to cleaning.",
    );
    assert_eq!(text(&mut conn, "SELECT string_agg(action, ' ' ORDER BY id) FROM audit_log WHERE subject = 'asset:80001'").await,
        "asset.held asset.released asset.retired asset.restored");
}

#[tokio::test(flavor = "multi_thread")]
async fn types_and_models_are_kept_and_deleted_only_when_unused() {
    let (app, _, mut conn) = served().await;
    let biomed = app.biomed().await;
    let add = "/equipment/types/add";
    let answer = biomed.fill(add, add, &[("name", "infusion PUMP")]).await;
    assert_eq!(answer.status, 422);
    has(&answer, "There is Infusion pump already.");
    let answer = biomed
        .fill(add, add, &[("name", "Bladder scanner"), ("blocks", "1")])
        .await;
    has(&biomed.follow(answer).await, "Saved: Bladder scanner.");
    let id = count(
        &mut conn,
        "SELECT id FROM asset_type WHERE name = 'Bladder scanner'",
    )
    .await;
    let model = "/equipment/models/add";
    let typed = [
        ("maker", "Verathon"),
        ("name", "BVI 9400"),
        ("type", &id.to_string()),
        ("udi", "07613203021019"),
    ];
    let answer = biomed.fill(model, model, &typed).await;
    assert_eq!(answer.status, 422);
    has(
        &answer,
        "UDI-DI: 07613203021019 has a wrong check digit (it should end with 2).",
    );
    let typed = [
        ("maker", "Verathon"),
        ("name", "BVI 9400"),
        ("type", &id.to_string()),
        ("udi", "07613203021012"),
    ];
    has(
        &biomed.follow(biomed.fill(model, model, &typed).await).await,
        "Verathon BVI 9400",
    );
    let model_id = count(&mut conn, "SELECT id FROM model WHERE name = 'BVI 9400'").await;
    let (type_path, model_path) = (
        format!("/equipment/types/{id}"),
        format!("/equipment/models/{model_id}"),
    );
    let busy = biomed
        .fill(&type_path, &format!("{type_path}/delete"), &[])
        .await;
    assert_eq!(busy.status, 409);
    has(&busy, "0 devices, retired ones too, and 1 models");
    let used = biomed
        .fill(
            "/equipment/models/70001",
            "/equipment/models/70001/delete",
            &[],
        )
        .await;
    assert_eq!(used.status, 409);
    let moved = biomed
        .fill(
            "/equipment/models/70001",
            "/equipment/models/70001",
            &[("type", "60003")],
        )
        .await;
    assert_eq!(moved.status, 422);
    has(&moved, "devices have this model, so its type cannot change");
    let gone = biomed
        .fill(&model_path, &format!("{model_path}/delete"), &[])
        .await;
    has(&biomed.follow(gone).await, "Verathon BVI 9400 is deleted.");
    let gone = biomed
        .fill(&type_path, &format!("{type_path}/delete"), &[])
        .await;
    has(&biomed.follow(gone).await, "Bladder scanner is deleted.");
    assert_eq!(biomed.page(&type_path).await.status, 404);
    // Stale: somebody renamed it meanwhile.
    let path = "/equipment/types/60004";
    let old = filled(&biomed.page(path).await, path, &[("name", "Wide bed")]);
    biomed.fill(path, path, &[("name", "Big bed")]).await;
    let late = biomed.send_form(path, &old).await;
    assert_eq!(late.status, 409);
    has(&late, "name: Big bed");
}

/// Numbers in the list, in order.
fn numbers(page: &Html) -> Vec<String> {
    page.all("tbody th")
}

#[tokio::test(flavor = "multi_thread")]
async fn every_filter_of_the_register_changes_what_is_listed() {
    let (app, _, mut conn) = served().await;
    let nurse = app.nurse().await;
    let all = [
        "IP-0001", "IP-0333", "IP-0377", "IP-0417", "IP-0500", "SP-0100", "WC-0007",
    ];
    diesel::sql_query("UPDATE asset SET service_due_on = CASE id WHEN 80001 THEN '2020-01-01'::date ELSE current_date + 5 END WHERE id IN (80001, 80002)")
        .execute(&mut conn).await.unwrap();
    diesel::sql_query(
        "UPDATE asset SET safety_hold = 'recall', hold_since = now() WHERE id = 80006",
    )
    .execute(&mut conn)
    .await
    .unwrap();
    for (query, wanted) in [
        ("", all.to_vec()),
        ("?text=ip-0", all[..5].to_vec()),
        ("?text=IP-03", vec!["IP-0333", "IP-0377"]),
        ("?text=sn-1", vec!["IP-0333", "SP-0100"]),
        ("?text=8003", vec!["IP-0417"]),
        ("?text=ac:23:3f:00:00:02", vec!["IP-0333"]),
        ("?text=%25", vec![]),
        ("?type=60003", vec!["WC-0007"]),
        ("?model=70002", vec!["IP-0333"]),
        ("?owner=30002", vec!["IP-0333", "IP-0417"]),
        ("?status=retired", vec!["IP-0001"]),
        ("?status=in_service", all[1..].to_vec()),
        ("?status=soiled", vec!["IP-0377"]),
        ("?hold=1", vec!["SP-0100"]),
        ("?service=overdue", vec!["IP-0417"]),
        ("?service=soon", vec!["IP-0333"]),
        ("?tag=none", vec!["IP-0001", "IP-0500", "SP-0100"]),
        ("?tag=none&type=60001&status=in_service", vec!["IP-0500"]),
        ("?type=60001&after=ip-0377", vec!["IP-0417", "IP-0500"]),
    ] {
        let page = nurse.page(&format!("/equipment{query}")).await;
        assert_eq!(page.status, 200, "{query}");
        assert_eq!(numbers(&page), wanted, "{query}");
    }
    let page = nurse
        .page("/equipment?type=pump&status=shiny&hold=yes")
        .await;
    has(
        &page,
        "The filter type has the value \u{201c}pump\u{201d}, which is not known here.",
    );
    assert_eq!(numbers(&page), all);
    let long = nurse
        .page(&format!("/equipment?text={}", "a".repeat(10_000)))
        .await;
    assert_eq!(long.status, 200);
    has(&long, "The filter text");
    assert_eq!(numbers(&long), all);
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_the_register_hold_every_device_once() {
    let (app, _, mut conn) = served().await;
    crate::support::seed::more_pumps(&mut conn, 120).await;
    let nurse = app.nurse().await;
    let (mut seen, mut href) = (Vec::new(), Some("/equipment?status=in_service".to_owned()));
    while let Some(next) = href {
        let page = nurse.page(&next).await;
        assert!(numbers(&page).len() <= 50);
        seen.extend(numbers(&page));
        href = page.attribute(".btns a.btn[href*=after]", "href");
    }
    assert_eq!(seen.len(), 126);
    let mut sorted = seen.clone();
    sorted.sort();
    sorted.dedup();
    assert_eq!(seen, sorted);
    let types = nurse.page("/equipment/types").await;
    assert_eq!(types.h1(), "Types of equipment");
    assert!(
        types.all("a.btn.go").is_empty(),
        "a nurse changes nothing here"
    );
    assert_eq!(nurse.page(ADD).await.status, 403);
    assert_eq!(
        nurse
            .page("/equipment/models?type=60001")
            .await
            .all("tbody th"),
        ["BD Alaris GP", "Fresenius Kabi Agilia VP"]
    );
}
