//! The report of accuracy: what counts as right, what as wrong, and what does not count.

use crate::acts::key;
use crate::pages::{has, has_not, served};

#[tokio::test(flavor = "multi_thread")]
async fn right_wrong_and_what_does_not_count() {
    let (app, hospital, _) = served().await;
    let nurse = app.nurse().await;
    let page = nurse.page("/reports/accuracy").await;
    has(&page, "nothing is known about how often places are right");
    assert!(page.all("table").is_empty());
    // Right twice.
    nurse.said("found", hospital.likely, &[]).await;
    nurse.said("found", hospital.last_seen, &[]).await;
    has(
        &nurse.page("/reports/accuracy").await,
        "That is too few to give a share.",
    );
    // Wrong: found elsewhere.
    nurse
        .said("found", hospital.passed, &[("room", "3W-14")])
        .await;
    // Wrong: not here. Said once more while the place is unknown, and found then: neither counts.
    nurse.said("not_here", hospital.last_seen, &[]).await;
    nurse.said("not_here", hospital.last_seen, &[]).await;
    nurse.said("found", hospital.last_seen, &[]).await;
    // Taken back: does not count.
    let taken = nurse.said("not_here", hospital.likely, &[]).await;
    let done = taken.attribute(".done input[name=done]", "value").unwrap();
    let undo = key();
    let fields = [("key", undo.as_str()), ("done", &done), ("next", "/")];
    assert_eq!(nurse.post("/undo", &fields).await.status, 303);
    // Never seen: there was no place to be right or wrong.
    nurse.said("not_here", hospital.never, &[]).await;
    nurse.said("found", hospital.reader_down, &[]).await;

    let page = nurse.page("/reports/accuracy").await;
    has(
        &page,
        "3 of 5 times the place was right: 60 % (likely between 23 and 89 %).",
    );
    assert_eq!(page.all("tbody tr").len(), 9);
    let total = page.all("tbody tr:last-child td");
    assert_eq!(total, ["3", "1", "1", "5", "60 % (23 to 89)"]);
    let unit = nurse.page("/reports/accuracy?place=unit-30002").await;
    has(&unit, "nothing is known");
    let floor = nurse
        .page(&format!("/reports/accuracy?place=floor-{}", hospital.floor))
        .await;
    has(&floor, "3 of 5 times");
    let odd = nurse.page("/reports/accuracy?place=moon-1").await;
    has(&odd, "moon-1");
    has(&odd, "everything is shown");
}

#[tokio::test(flavor = "multi_thread")]
async fn old_weeks_fall_out_and_the_file_has_the_same_figures() {
    let (app, hospital, _) = served().await;
    let nurse = app.nurse().await;
    nurse.page("/").await;
    nurse.said("found", hospital.likely, &[]).await;
    let href = nurse
        .page("/reports/accuracy?place=unit-30001")
        .await
        .attribute("a[download]", "href")
        .unwrap();
    let file = nurse.page(&href).await;
    assert_eq!(file.status, 200);
    assert!(file.header("content-type").unwrap().starts_with("text/csv"));
    let lines: Vec<&str> = file.body.lines().collect();
    assert_eq!(lines.len(), 9);
    assert!(
        lines[0]
            .trim_start_matches('\u{feff}')
            .starts_with("week_from,place,found_there")
    );
    assert!(lines[8].contains(",3 West,1,0,0,1,,,"), "{}", lines[8]);
    let odd = nurse.page("/reports/accuracy.csv?place=moon-1").await;
    assert_eq!(
        odd.status, 400,
        "a file cannot say that it left something out"
    );
    app.clock.advance(chrono::TimeDelta::weeks(9));
    let nurse = app.anonymous();
    nurse.sign_in("nurse", crate::support::PASSWORD).await;
    has_not(&nurse.page("/reports/accuracy").await, "of 1 times");
}
