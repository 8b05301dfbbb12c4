//! Restocking rounds: listed, added, changed, taken away, as supply technicians do.

use super::import::{apply, number};
use crate::acts::key;
use crate::pages::{has, served};
use crate::register::{filled, text};
use diesel_async::SimpleAsyncConnection;

const ROUNDS: &str = "/supplies/rounds";

#[tokio::test(flavor = "multi_thread")]
async fn a_round_is_added_changed_and_taken_away_once_nothing_is_on_it() {
    let (app, _, mut conn) = served().await;
    let (tech, nurse) = (app.supply_tech().await, app.nurse().await);
    assert_eq!(nurse.page(ROUNDS).await.status, 403);
    for page in ["/supplies", "/reorder", "/more"] {
        let link = tech
            .page(page)
            .await
            .attribute("a[href='/supplies/rounds']", "href");
        assert!(link.is_some(), "{page}");
    }
    let page = tech.page(ROUNDS).await;
    has(&page, "There is no round yet.");
    for (name, every, words) in [
        ("", "1", "Name: it is needed."),
        ("Night", "x", "Days between two rounds: x does not fit."),
        ("Night", "61", "61 does not fit. Give a number from 0 to 60"),
        (&"x".repeat(81), "1", "Give at most 80 characters."),
    ] {
        let typed = [("name", name), ("every_days", every)];
        let answer = tech.send_form(ROUNDS, &filled(&page, ROUNDS, &typed)).await;
        assert_eq!(answer.status, 422, "{words}");
        has(&answer, words);
        assert_eq!(answer.attribute("#name", "value").as_deref(), Some(name));
    }
    let good = filled(&page, ROUNDS, &[("name", "Night"), ("every_days", "2")]);
    let added = tech.follow(tech.send_form(ROUNDS, &good).await).await;
    has(&added, "The round is added.");
    // The same button again, and another form with the same name.
    assert_eq!(tech.send_form(ROUNDS, &good).await.status, 303);
    let same = filled(&added, ROUNDS, &[("name", "NIGHT"), ("every_days", "1")]);
    let answer = tech.send_form(ROUNDS, &same).await;
    assert_eq!(answer.status, 422);
    has(&answer, "Name: NIGHT is there already.");
    assert_eq!(
        number(&mut conn, "SELECT count(*) FROM supply_round").await,
        1
    );
    // A place comes onto it by a file; then its rules follow how often it goes.
    conn.batch_execute("INSERT INTO room (floor_id, name, kind) SELECT min(id), 'Store 1', 'supply_room' FROM floor")
        .await
        .unwrap();
    let file = "item_number,name,place,room,round,bin\n1,Tape,Store,Store 1,night,A\n";
    apply(&mut conn, file, false).await.unwrap();
    let id = number(&mut conn, "SELECT id FROM supply_round").await;
    let path = format!("{ROUNDS}/{id}");
    let edit = tech.page(&path).await;
    assert_eq!(edit.h1(), "Round Night");
    let typed = [("name", "Late <b>"), ("every_days", "0.5")];
    let mut fields = filled(&edit, &path, &typed);
    let saved = tech.follow(tech.send_form(&path, &fields).await).await;
    assert_eq!(saved.h1(), "Round Late <b>");
    assert_eq!(
        number(
            &mut conn,
            "SELECT count(*) FROM stock_rule_due WHERE supply_round_id IS NOT NULL"
        )
        .await,
        1
    );
    // An old page is noticed.
    for (name, value) in &mut fields {
        if name == "key" {
            *value = key();
        }
    }
    let stale = tech.send_form(&path, &fields).await;
    assert_eq!(stale.status, 409);
    has(&stale, "Somebody changed it meanwhile.");
    let file = tech.page("/supplies/rounds.csv").await;
    assert_eq!(file.body, "round,every_days,places\r\nLate <b>,0.5,1\r\n");
    let remove = async || {
        let key = key();
        tech.post(&path, &[("key", key.as_str()), ("act", "remove")])
            .await
    };
    let refused = remove().await;
    assert_eq!(refused.status, 422);
    has(&refused, "Places that are on this round: 1.");
    conn.batch_execute("UPDATE stock_place SET supply_round_id = NULL")
        .await
        .unwrap();
    let gone = tech.follow(remove().await).await;
    has(&gone, "The round is gone.");
    assert_eq!(tech.page(&path).await.status, 404);
    assert_eq!(remove().await.status, 409);
    assert_eq!(
        text(
            &mut conn,
            "SELECT string_agg(action, ' ' ORDER BY id) FROM audit_log WHERE action LIKE 'round.%'"
        )
        .await,
        "round.added round.changed round.removed"
    );
}
