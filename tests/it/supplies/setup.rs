//! Cards of bins, boards and readers of cabinets are set up on the page of their place.

use diesel_async::SimpleAsyncConnection;

use super::world::{Restock, Shelf, Ward, insert};
use crate::acts::count;
use crate::pages::{has, has_not, served};

const TWO_BINS: Restock = Restock {
    reorder_point: 0,
    par: 20,
    pack: 10,
    two_bins: true,
};

#[tokio::test(flavor = "multi_thread")]
async fn r1_a_card_is_on_one_bin_and_antennas_say_what_their_reads_mean() {
    let (app, hospital, mut conn) = served().await;
    let now = app.app.clock.now();
    let ward = Ward::of(&hospital, &mut conn).await;
    let shelf = Shelf::new(&mut conn, ward, "swab", TWO_BINS, now).await;
    let place = shelf.stock.stock_place_id.0;
    let zone = insert(
        &mut conn,
        &format!(
            "INSERT INTO zone (room_id, name) VALUES ({}, 'Wall') RETURNING id",
            ward.room
        ),
    )
    .await;
    let reader = insert(
        &mut conn,
        "INSERT INTO reader (reader_key, technology, state, approved_at) VALUES ('wall-1', 'rfid', 'active', now()) RETURNING id",
    )
    .await;
    let antenna = insert(
        &mut conn,
        &format!(
            "INSERT INTO antenna (reader_id, port, zone_id) VALUES ({reader}, 2, {zone}) RETURNING id"
        ),
    )
    .await
    .to_string();
    let here = format!("/supplies/places/{place}/setup");
    let (tech, admin) = (app.supply_tech().await, app.admin().await);
    let page = tech.page(&here).await;
    has(&page, "A-01");
    has(&page, "No card yet.");
    has(&page, "wall-1, antenna 2, Wall");
    has_not(&page, "Save: wall-1");
    has(
        &tech.page(&format!("/supplies/places/{place}")).await,
        "Cards, boards and cabinet readers",
    );
    let version = "SELECT version FROM reference_version";
    let before = count(&mut conn, version).await;
    let bins = shelf.bins.map(|bin| bin.to_string());
    let card = async |bin: &str, tag: &str| {
        let fields = [("act", "card"), ("bin", bin), ("tag", tag)];
        tech.post(&here, &fields).await
    };
    assert_eq!(card(&bins[0], "x:card-7").await.status, 303);
    assert!(
        count(&mut conn, version).await > before,
        "the consumer learns of it"
    );
    has(&tech.page(&here).await, "x:card-7");
    // One tag is the card of one bin; a bin has one card.
    let taken = card(&bins[1], "x:card-7").await;
    assert_eq!(taken.status, 409);
    has(&taken, "on something else already");
    assert_eq!(
        taken.attribute("[aria-invalid]", "value").as_deref(),
        Some("x:card-7")
    );
    assert_eq!(card(&bins[0], "x:card-8").await.status, 303);
    assert_eq!(
        card(&bins[1], "x:card-7").await.status,
        303,
        "it is free again"
    );
    let odd = card(&bins[1], "epc:zz").await;
    assert_eq!(odd.status, 422, "{}", odd.body);
    assert_eq!(card("999999", "x:1").await.status, 404);
    let cards = "SELECT count(*) FROM bin_card";
    assert_eq!(
        count(&mut conn, cards).await,
        2,
        "what was refused changed nothing"
    );
    let off = [("act", "no_card"), ("bin", bins[1].as_str())];
    assert_eq!(tech.post(&here, &off).await.status, 303);
    assert_eq!(count(&mut conn, cards).await, 1);
    // What an antenna means is for administrators, and only of this room.
    let board = [
        ("act", "purpose"),
        ("antenna", antenna.as_str()),
        ("purpose", "board"),
    ];
    assert_eq!(tech.post(&here, &board).await.status, 403);
    admin.page(&here).await;
    assert_eq!(admin.post(&here, &board).await.status, 303);
    let boards = "SELECT count(*) FROM antenna WHERE purpose = 'board'";
    assert_eq!(count(&mut conn, boards).await, 1);
    let other = insert(
        &mut conn,
        &format!(
            "SELECT a.id FROM antenna a JOIN zone z ON z.id = a.zone_id WHERE z.room_id <> {} LIMIT 1",
            ward.room
        ),
    )
    .await
    .to_string();
    let far = [
        ("act", "purpose"),
        ("antenna", other.as_str()),
        ("purpose", "exit"),
    ];
    assert_eq!(admin.post(&here, &far).await.status, 404);
    let odd = [
        ("act", "purpose"),
        ("antenna", antenna.as_str()),
        ("purpose", "door"),
    ];
    assert_eq!(admin.post(&here, &odd).await.status, 400);
    // A reader counts one cabinet; a room is none.
    let reader = reader.to_string();
    let counts = [("act", "reader"), ("reader", reader.as_str())];
    assert_eq!(admin.post(&here, &counts).await.status, 404);
    conn.batch_execute(&format!(
        "UPDATE stock_place SET kind = 'cabinet' WHERE id IN ({place}, {})",
        shelf.other.0
    ))
    .await
    .unwrap();
    let being = format!(
        "INSERT INTO count_session (stock_place_id, created_at, created_by) SELECT {place}, now(), min(id) FROM app_user RETURNING id"
    );
    let being = insert(&mut conn, &being).await;
    let refused = admin.post(&here, &counts).await;
    assert_eq!(refused.status, 409);
    has(&refused, "People are counting this cabinet");
    conn.batch_execute(&format!("DELETE FROM count_session WHERE id = {being}"))
        .await
        .unwrap();
    assert_eq!(admin.post(&here, &counts).await.status, 303);
    let there = format!("/supplies/places/{}/setup", shelf.other.0);
    assert_eq!(admin.post(&there, &counts).await.status, 409);
    assert_eq!(
        admin
            .post(&here, &[("act", "reader"), ("reader", "")])
            .await
            .status,
        303
    );
    assert_eq!(admin.post(&there, &counts).await.status, 303);
    let audited = "SELECT count(*) FROM audit_log WHERE action IN ('bin.card', 'antenna.purpose', 'stock_place.reader')";
    assert_eq!(count(&mut conn, audited).await, 8);
    assert_eq!(
        admin.page("/supplies/places/999999/setup").await.status,
        404
    );
    assert_eq!(app.nurse().await.page(&here).await.status, 403);
}
