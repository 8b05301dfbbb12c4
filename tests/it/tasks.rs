//! Look-for tasks and the start page: "not here" opens one, "found" closes it, and the unit sees what waits.

use diesel_async::SimpleAsyncConnection;

use crate::acts::{count, key};
use crate::pages::{has, has_not, served};

#[tokio::test(flavor = "multi_thread")]
async fn not_here_by_two_people_is_one_task_that_found_here_closes() {
    let (app, hospital, mut conn) = served().await;
    let (nurse, tech) = (app.nurse().await, app.supply_tech().await);
    has(&nurse.page("/tasks").await, "Nobody has said");
    tech.page("/").await;
    nurse.said("not_here", hospital.likely, &[]).await;
    tech.said("not_here", hospital.likely, &[]).await;
    let page = nurse.page("/tasks").await;
    assert_eq!(page.h1(), "Look for: 1 device");
    has(&page, "Look for Infusion pump IP-0417");
    has(&page, "It was not in Clean utility 3W-12, 3 West");
    has(&page, "Reported not here by Supply, just now");
    let key = page
        .attribute("#tasks form input[name=key]", "value")
        .unwrap();
    let asset = hospital.likely.to_string();
    let fields = [
        ("key", key.as_str()),
        ("act", "found"),
        ("asset", &asset),
        ("shown", "available"),
        ("next", "/tasks"),
    ];
    let answer = nurse.post("/acts", &fields).await;
    assert_eq!(answer.status, 303);
    let page = nurse.page(answer.header("location").unwrap()).await;
    assert_eq!(page.h1(), "Nothing to look for");
    has(&page, "IP-0417: place confirmed.");
    has(&page, "Found by Nurse, just now");
    assert_eq!(count(&mut conn, "SELECT count(*) FROM task").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn found_in_another_room_from_the_list() {
    let (app, hospital, _) = served().await;
    let nurse = app.nurse().await;
    nurse.page("/").await;
    nurse.said("not_here", hospital.never, &[]).await;
    let page = nurse.page("/tasks").await;
    has(&page, "Place never known");
    let nowhere = nurse.say("found", hospital.never, &[]).await;
    assert_eq!(
        nowhere.status, 422,
        "no room is known, so one must be given"
    );
    nurse
        .said("found", hospital.never, &[("room", "3W-14")])
        .await;
    assert_eq!(nurse.page("/tasks").await.h1(), "Nothing to look for");
}

#[tokio::test(flavor = "multi_thread")]
async fn taking_back_not_here_leaves_what_another_person_said() {
    let (app, hospital, mut conn) = served().await;
    let (nurse, tech) = (app.nurse().await, app.supply_tech().await);
    nurse.page("/").await;
    tech.page("/").await;
    nurse.said("not_here", hospital.likely, &[]).await;
    app.clock.advance(chrono::TimeDelta::seconds(2));
    let page = tech.said("not_here", hospital.likely, &[]).await;
    let done = page.attribute(".done input[name=done]", "value").unwrap();
    let undo = key();
    let fields = [("key", undo.as_str()), ("done", &done), ("next", "/tasks")];
    assert_eq!(tech.post("/undo", &fields).await.status, 303);
    let page = nurse.page(&format!("/assets/{}", hospital.likely)).await;
    has(&page, "Unknown");
    let tasks = nurse.page("/tasks").await;
    assert_eq!(tasks.h1(), "Look for: 1 device");
    has(&tasks, "Reported not here by Nurse, just now");
    assert_eq!(
        count(&mut conn, "SELECT count(*) FROM task WHERE state = 'open'").await,
        1
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn taking_back_the_only_not_here_closes_the_task_and_brings_the_place_back() {
    let (app, hospital, mut conn) = served().await;
    let nurse = app.nurse().await;
    nurse.page("/").await;
    let page = nurse.said("not_here", hospital.likely, &[]).await;
    let done = page.attribute(".done input[name=done]", "value").unwrap();
    let undo = key();
    let fields = [("key", undo.as_str()), ("done", &done), ("next", "/tasks")];
    assert_eq!(nurse.post("/undo", &fields).await.status, 303);
    has(&nurse.page("/tasks").await, "Taken back by Nurse, just now");
    let page = nurse.page(&format!("/assets/{}", hospital.likely)).await;
    has(&page, "Clean utility 3W-12");
    assert_eq!(
        count(
            &mut conn,
            "SELECT count(*) FROM asset_place WHERE not_here_at IS NOT NULL"
        )
        .await,
        0
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn home_shows_the_unit_s_tasks_and_alerts_and_what_is_ready_there() {
    let (app, hospital, mut conn) = served().await;
    let nurse = app.nurse().await;
    conn.batch_execute("UPDATE app_user SET home_unit_id = 30001")
        .await
        .unwrap();
    let page = nurse.page("/").await;
    has(&page, "Ready in 3 West");
    assert_eq!(page.all(".types .count")[0], "2 ready of 3");
    assert_eq!(
        page.all(".tally span.on").len(),
        3,
        "two pumps and a wheelchair"
    );
    has(&page, "Nothing is being looked for.");
    nurse.said("took", hospital.likely, &[]).await;
    nurse.said("soiled", hospital.likely, &[]).await;
    nurse.said("not_here", hospital.last_seen, &[]).await;
    let page = nurse.page("/").await;
    has(&page, "Look for in 3 West (1)");
    has(&page, "Look for Infusion pump IP-0333");
    has(&page, "Alerts of 3 West (1)");
    has(
        &page,
        "IP-0417 (Infusion pump) is soiled and in a clean room:",
    );
    assert_eq!(page.all(".types .chip")[0], "None ready here");
}

#[tokio::test(flavor = "multi_thread")]
async fn favourites_are_one_s_own_and_at_most_eight() {
    let (app, hospital, _) = served().await;
    let (nurse, tech) = (app.nurse().await, app.supply_tech().await);
    let form = nurse.page("/favourites").await;
    assert_eq!(form.all(".choices label").len(), 4);
    let bed = (hospital.pump_type + 3).to_string();
    assert_eq!(
        nurse.post("/favourites", &[("type", &bed)]).await.status,
        303
    );
    let page = nurse.page("/").await;
    has(&page, "Your start page shows these types now.");
    assert_eq!(page.all(".types .name"), ["Bariatric bed"]);
    assert!(tech.page("/").await.all(".types .name").len() > 1);
    let nine: Vec<String> = (1..=9).map(|id| id.to_string()).collect();
    let fields: Vec<(&str, &str)> = nine.iter().map(|id| ("type", id.as_str())).collect();
    let many = nurse.post("/favourites", &fields).await;
    assert_eq!(many.status, 422);
    has(&many, "9 types are too many: choose at most 8.");
    let odd = nurse.post("/favourites", &[("type", "'")]).await;
    assert_eq!(odd.status, 422);
    assert_eq!(
        nurse.post("/favourites", &[("colour", "1")]).await.status,
        400
    );
    assert_eq!(nurse.page("/").await.all(".types .name"), ["Bariatric bed"]);
    assert_eq!(nurse.post("/favourites", &[]).await.status, 303);
    has_not(&nurse.page("/").await, "Bariatric bed");
}

#[tokio::test(flavor = "multi_thread")]
async fn more_lists_what_a_role_may_open() {
    let (app, ..) = served().await;
    let page = app.nurse().await.page("/more").await;
    assert_eq!(page.h1(), "More");
    has(&page, "Location accuracy");
    has_not(&page, "Quarantine");
    has(&app.admin().await.page("/more").await, "Quarantine");
}
