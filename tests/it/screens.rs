//! Screens on walls: what their secret opens, and what it does not.

use diesel_async::SimpleAsyncConnection;

use crate::acts::{count, key};
use crate::pages::{has, has_not, served};

#[tokio::test(flavor = "multi_thread")]
async fn a_screen_shows_the_board_of_its_unit_until_somebody_ends_it() {
    let (app, _, mut conn) = served().await;
    conn.batch_execute(
        "INSERT INTO equipment_par (asset_type_id, room_id, target, critical) VALUES (60001, 40001, 6, 2)",
    )
    .await
    .unwrap();
    let biomed = app.biomed().await;
    let board = biomed.page("/board/30001").await;
    let list = board.attribute("a[href$='/screens']", "href").unwrap();
    has(&biomed.page(&list).await, "This unit has no screens.");
    let once = key();
    let fields = [("key", once.as_str()), ("name", " Corridor by bay 2 ")];
    let made = biomed.post(&list, &fields).await;
    assert_eq!(made.status, 200, "{}", made.text());
    let address = made.all("#screen-address").pop().unwrap();
    let path = &address[address.find("/wall/").unwrap()..];
    assert_eq!(path.len(), "/wall/".len() + 43, "256 bits: {path}");
    has(&made, "Corridor by bay 2");
    // A second press makes no second screen, and the address is never shown again.
    assert_eq!(biomed.post(&list, &fields).await.status, 303);
    assert_eq!(
        count(&mut conn, "SELECT count(*) FROM wall_screen").await,
        1
    );
    assert!(biomed.page(&list).await.all("#screen-address").is_empty());
    let stored = format!(
        "SELECT count(*) FROM wall_screen WHERE encode(secret_hash, 'escape') LIKE '%{}%'",
        &path[6..16]
    );
    assert_eq!(count(&mut conn, &stored).await, 0, "only its hash is kept");

    let screen = app.anonymous();
    assert_eq!(screen.page("/wall").await.status, 404);
    let opened = screen.page(path).await;
    assert_eq!(opened.header("location"), Some("/wall"));
    let cookie = opened.header("set-cookie").unwrap();
    assert!(
        cookie.starts_with("__Host-wt-wall=")
            && cookie.contains("HttpOnly")
            && cookie.contains("Secure"),
        "{cookie}"
    );
    let wall = screen.page("/wall").await;
    assert_eq!((wall.status, wall.h1().as_str()), (200, "3 West"));
    has(&wall, "Infusion pump");
    has_not(&wall, "Leave wall screen");
    assert!(wall.all("form").is_empty(), "nothing to press");
    // It opens nothing else.
    for other in [
        "/",
        "/board/30001",
        "/find?q=pump",
        "/live/events?watch=alerts",
    ] {
        let answer = screen.page(other).await;
        assert!(
            [303, 401].contains(&answer.status),
            "{other}: {}",
            answer.status
        );
    }
    let seen = "SELECT count(*) FROM wall_screen WHERE last_seen_at IS NOT NULL";
    assert_eq!(count(&mut conn, seen).await, 1);

    let page = biomed.page(&list).await;
    let id = page.attribute("form input[name=screen]", "value").unwrap();
    let elsewhere = biomed
        .post("/board/30002/screens/end", &[("screen", &id)])
        .await;
    assert_eq!(elsewhere.status, 303);
    assert_eq!(screen.page("/wall").await.status, 200, "of another unit");
    let end = page.attribute("form[action$='/end']", "action").unwrap();
    assert_eq!(biomed.post(&end, &[("screen", &id)]).await.status, 303);
    has(&biomed.page(&list).await, "The screen has ended.");
    let gone = screen.page("/wall").await;
    assert_eq!(
        (gone.status, gone.h1().as_str()),
        (404, "This is no wall screen")
    );
    assert_eq!(app.anonymous().page(path).await.status, 404);
    let audit = "SELECT count(*) FROM audit_log WHERE action IN ('screen.added', 'screen.ended')";
    assert_eq!(count(&mut conn, audit).await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_screen_needs_a_name_and_a_unit_has_twenty_at_most() {
    let (app, _, mut conn) = served().await;
    let biomed = app.biomed().await;
    biomed.page("/").await;
    let list = "/board/30001/screens";
    for (name, words) in [
        ("  ".to_owned(), "Write where the screen hangs"),
        ("x".repeat(61), "The text has 61 characters; at most 60"),
    ] {
        let answer = biomed.post(list, &[("key", &key()), ("name", &name)]).await;
        assert_eq!(answer.status, 422);
        has(&answer, words);
    }
    conn.batch_execute(
        "INSERT INTO wall_screen (unit_id, name, secret_hash, added_by, added_at) \
         SELECT 30001, 'Screen ' || n, sha256(n::text::bytea), (SELECT min(id) FROM app_user), now() FROM generate_series(1, 20) n",
    )
    .await
    .unwrap();
    let answer = biomed
        .post(list, &[("key", &key()), ("name", "One more")])
        .await;
    assert_eq!(answer.status, 422);
    has(&answer, "This unit has 20 screens already");
    assert_eq!(biomed.page("/board/999/screens").await.status, 404);
    assert_eq!(app.anonymous().page("/wall/short").await.status, 404);
}
