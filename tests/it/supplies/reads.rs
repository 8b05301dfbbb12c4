//! Stock that readers tell of: cabinets, cards of empty bins, pieces on their way out.

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Text};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use uuid::Uuid;
use wardtrack::clock::Clock;
use wardtrack::db::types::StockReason;
use wardtrack::ids::TagId;
use wardtrack::supplies::acts::{LotLabel, Receipt, StockAct, StockRefusal};
use wardtrack::supplies::reads::{InventoryPart, StockRead, StockReads, apply_reads};
use wardtrack::supplies::setup::{SetupAct, perform_setup};
use wardtrack::supplies::silence::follow_silence;

use super::world::{Restock, Shelf, Ward, check, insert, new_ward};
use crate::support::TestDatabase;

const RESTOCK: Restock = Restock {
    reorder_point: 1,
    par: 4,
    pack: 1,
    two_bins: false,
};
const TWO_BINS: Restock = Restock {
    reorder_point: 0,
    par: 0,
    pack: 25,
    two_bins: true,
};

/// A shelf that is a cabinet with the ward's reader, and a lot for its labels.
async fn cabinet(conn: &mut AsyncPgConnection, ward: Ward, now: DateTime<Utc>) -> (Shelf, i64) {
    let shelf = Shelf::new(conn, ward, "stent", RESTOCK, now).await;
    let place = shelf.stock.stock_place_id;
    conn.batch_execute(&format!(
        "UPDATE stock_place SET kind = 'cabinet', reader_id = {} WHERE id = {place};
         UPDATE reader SET state = 'active', approved_at = now(), heartbeat_interval_ms = 30000 WHERE id = {}",
        ward.reader, ward.reader
    ))
    .await
    .unwrap();
    let lot = insert(
        conn,
        &format!(
            "INSERT INTO lot (item_id, lot_number, first_received_at) VALUES ({}, 'L1', now()) RETURNING id",
            shelf.stock.item_id
        ),
    )
    .await;
    (shelf, lot)
}

/// A label of one piece of the shelf's item.
async fn label(conn: &mut AsyncPgConnection, shelf: &Shelf, lot: i64, name: &str) -> TagId {
    let tag = insert(
        conn,
        &format!(
            "INSERT INTO tag (tag_key, technology) VALUES ('epc:{name}', 'rfid') RETURNING id"
        ),
    )
    .await;
    conn.batch_execute(&format!(
        "INSERT INTO unit_tag (tag_id, item_id, lot_id) VALUES ({tag}, {}, {lot})",
        shelf.stock.item_id
    ))
    .await
    .unwrap();
    TagId(tag)
}

fn part(
    shelf: &Shelf,
    (seq, part, parts): (i64, i32, i32),
    at: DateTime<Utc>,
    tags: &[TagId],
) -> StockReads {
    StockReads {
        parts: vec![InventoryPart {
            reader_id: shelf.ward.reader,
            stock_place_id: shelf.stock.stock_place_id,
            batch_id: Uuid::new_v4(),
            seq,
            part,
            parts,
            taken_at: at,
            tag_ids: tags.to_vec(),
            ..InventoryPart::default()
        }],
        ..StockReads::default()
    }
}

async fn apply(conn: &mut AsyncPgConnection, reads: &StockReads, now: DateTime<Utc>) -> usize {
    conn.transaction::<_, diesel::result::Error, _>(async |conn| {
        apply_reads(conn, reads, now).await
    })
    .await
    .unwrap()
}

async fn number(conn: &mut AsyncPgConnection, sql: &str) -> i64 {
    insert(conn, &format!("SELECT ({sql})::bigint AS id")).await
}

/// Moves of the shelf's item as reason and quantity.
async fn moves(conn: &mut AsyncPgConnection, shelf: &Shelf) -> Vec<(String, i64)> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        reason: String,
        #[diesel(sql_type = BigInt)]
        quantity: i64,
    }
    let rows: Vec<Row> =
        sql_query("SELECT reason, quantity FROM stock_move WHERE item_id = $1 ORDER BY id")
            .bind::<BigInt, _>(shelf.stock.item_id)
            .load(conn)
            .await
            .unwrap();
    rows.into_iter()
        .map(|row| (row.reason, row.quantity))
        .collect()
}

fn named(moves: &[(&str, i64)]) -> Vec<(String, i64)> {
    moves
        .iter()
        .map(|(reason, n)| ((*reason).to_owned(), *n))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn r25_a_cabinet_books_what_was_put_in_at_once_and_what_is_gone_with_the_third_inventory() {
    let database = TestDatabase::new().await;
    let mut conn = database.conn().await;
    let now = Clock::system().now().trunc_subsecs(0);
    let ward = Ward::new(&mut conn, now).await;
    let (shelf, lot) = cabinet(&mut conn, ward, now).await;
    let mut tags = Vec::new();
    for name in ["A1", "A2", "A3"] {
        tags.push(label(&mut conn, &shelf, lot, name).await);
    }
    let at = |minute: i64| now - TimeDelta::minutes(60 - minute);
    let inventory = |seq, minute, of: &[TagId]| part(&shelf, (seq, 1, 1), at(minute), of);
    assert_eq!(apply(&mut conn, &inventory(7, 0, &tags), now).await, 3);
    let three = named(&[("cabinet_put", 1); 3]);
    assert_eq!(moves(&mut conn, &shelf).await, three);
    // Not read once and twice, then there again; the same inventory again, and an older one that comes late.
    for (seq, minute, of) in [
        (8, 1, &tags[..1]),
        (9, 2, &tags[..2]),
        (10, 3, &tags[..]),
        (10, 4, &tags[..1]),
        (8, 1, &tags[..1]),
    ] {
        assert_eq!(
            apply(&mut conn, &inventory(seq, minute, of), now).await,
            0,
            "{seq}"
        );
    }
    assert_eq!(moves(&mut conn, &shelf).await, three);
    // Two are gone for good: with the third inventory, as of the first, and the alert is there with them.
    for (seq, minute) in [(11, 5), (12, 6)] {
        apply(&mut conn, &inventory(seq, minute, &tags[..1]), now).await;
    }
    assert_eq!(moves(&mut conn, &shelf).await, three, "not sure yet");
    apply(&mut conn, &inventory(15, 7, &tags[..1]), now).await;
    let mut taken = three.clone();
    taken.extend(named(&[("cabinet_take", -1); 2]));
    assert_eq!(moves(&mut conn, &shelf).await, taken);
    let first_gone = number(
        &mut conn,
        "SELECT extract(epoch FROM min(happened_at)) FROM stock_move WHERE reason = 'cabinet_take'",
    )
    .await;
    assert_eq!(
        first_gone,
        at(5).timestamp(),
        "taken when they were first gone"
    );
    assert_eq!(
        number(&mut conn, "SELECT gaps FROM cabinet").await,
        2,
        "13 and 14 never came"
    );
    check(&mut conn, shelf.stock.item_id, now, "after the takes").await;
    let order = insert(
        &mut conn,
        &format!(
            "SELECT id FROM order_line WHERE state = 'suggested' AND stock_place_id = {}",
            shelf.stock.stock_place_id
        ),
    )
    .await;
    // What is put in comes with the order that is on its way.
    conn.batch_execute(&format!(
        "INSERT INTO supply_order (sent_at, sent_by, form_key) VALUES (now(), {user}, gen_random_uuid());
         UPDATE order_line SET state = 'sent', quantity_ordered = 3, approved_at = now(), approved_by = {user},
                supply_order_id = (SELECT max(id) FROM supply_order) WHERE id = {order}",
        user = ward.people[0]
    ))
    .await
    .unwrap();
    let fresh = label(&mut conn, &shelf, lot, "A4").await;
    apply(&mut conn, &inventory(16, 8, &[tags[0], fresh]), now).await;
    let received = number(
        &mut conn,
        &format!("SELECT quantity_received FROM order_line WHERE id = {order}"),
    )
    .await;
    assert_eq!(received, 1);
    check(&mut conn, shelf.stock.item_id, now, "after the delivery").await;
    // People need not book what the cabinet counts.
    let issue = StockAct::Leave {
        reason: wardtrack::db::types::StockReason::Issue,
        bin_id: None,
        lot_id: None,
        quantity: 1,
    };
    let refusal = shelf.refuse(&mut conn, issue, None, now).await;
    assert_eq!(refusal, StockRefusal::CountsItself);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_inventory_in_parts_counts_when_all_are_there_and_labels_that_name_a_product_are_learned()
 {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = BigInt)]
        tag_id: TagId,
    }
    let database = TestDatabase::new().await;
    let mut conn = database.conn().await;
    let now = Clock::system().now().trunc_subsecs(0);
    let ward = Ward::new(&mut conn, now).await;
    let (shelf, lot) = cabinet(&mut conn, ward, now).await;
    // 10,000 labels, registered by hand, in two parts; the second one comes first.
    conn.batch_execute(&format!(
        "INSERT INTO tag (tag_key, technology) SELECT 'epc:' || to_hex(1000000 + n), 'rfid' FROM generate_series(1, 10000) n;
         INSERT INTO unit_tag (tag_id, item_id, lot_id) SELECT id, {}, {lot} FROM tag WHERE tag_key LIKE 'epc:f%' AND length(tag_key) < 11",
        shelf.stock.item_id
    ))
    .await
    .unwrap();
    let rows: Vec<Row> = sql_query("SELECT tag_id FROM unit_tag ORDER BY tag_id")
        .load(&mut conn)
        .await
        .unwrap();
    let tags: Vec<TagId> = rows.into_iter().map(|row| row.tag_id).collect();
    assert!(tags.len() > 9_000, "{}", tags.len());
    let (first, second) = tags.split_at(5_000);
    let at = |second: i64| now - TimeDelta::seconds(300 - second);
    assert_eq!(
        apply(&mut conn, &part(&shelf, (1, 2, 2), at(1), second), now).await,
        0
    );
    assert_eq!(
        number(&mut conn, "SELECT count(*) FROM inventory_part").await,
        1
    );
    // A minute later it is still cut off: the counts are as of before.
    conn.batch_execute(&format!(
        "INSERT INTO reader_health (reader_id, last_message_at) VALUES ({}, now())",
        ward.reader
    ))
    .await
    .unwrap();
    assert_eq!(follow_silence(&mut conn, now).await.unwrap(), 1);
    assert_eq!(
        apply(&mut conn, &part(&shelf, (1, 1, 2), at(0), first), now).await,
        tags.len()
    );
    assert_eq!(
        number(&mut conn, "SELECT count(*) FROM inventory_part").await,
        0
    );
    assert_eq!(
        follow_silence(&mut conn, now).await.unwrap(),
        1,
        "it is whole"
    );
    check(&mut conn, shelf.stock.item_id, now, "after 10,000").await;
    // One label carries the product's GTIN; two do not say what they are on.
    conn.batch_execute(&format!(
        "INSERT INTO item_code (code, item_id) VALUES ('09506000134352', {})",
        shelf.stock.item_id
    ))
    .await
    .unwrap();
    let mut reads = part(&shelf, (2, 1, 1), at(60), &tags);
    reads.parts[0].unknown = [
        "epc:3066C4409047E140075BCD15",
        "epc:E2801160FFFFFFFFFFFFFFFF",
        "mac:AC233F000001",
    ]
    .map(str::to_owned)
    .to_vec();
    assert_eq!(apply(&mut conn, &reads, now).await, 1);
    assert_eq!(
        number(&mut conn, "SELECT foreign_tags FROM cabinet").await,
        2
    );
    assert_eq!(
        number(
            &mut conn,
            "SELECT count(*) FROM tag WHERE tag_key = 'epc:E2801160FFFFFFFFFFFFFFFF'"
        )
        .await,
        0,
        "I-10"
    );
    check(&mut conn, shelf.stock.item_id, now, "after a learned label").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r24_no_stockout_rests_on_a_silent_cabinet() {
    let database = TestDatabase::new().await;
    let mut conn = database.conn().await;
    let now = Clock::system().now().trunc_subsecs(0);
    let ward = Ward::new(&mut conn, now).await;
    let (shelf, lot) = cabinet(&mut conn, ward, now).await;
    let tag = label(&mut conn, &shelf, lot, "B1").await;
    let inventory =
        |seq, minute, of: &[TagId]| part(&shelf, (seq, 1, 1), now + TimeDelta::minutes(minute), of);
    apply(&mut conn, &inventory(1, 0, &[tag]), now).await;
    let heard = |at: DateTime<Utc>| {
        format!(
            "INSERT INTO reader_health (reader_id, last_message_at) VALUES ({r}, '{at}') ON CONFLICT (reader_id) DO UPDATE SET last_message_at = '{at}'",
            r = ward.reader
        )
    };
    conn.batch_execute(&heard(now)).await.unwrap();
    let after = |second| now + TimeDelta::seconds(second);
    let active = |kind: &str| {
        format!(
            "SELECT count(*) FROM alert WHERE kind = '{kind}' AND is_active AND stock_place_id = {}",
            shelf.stock.stock_place_id
        )
    };
    assert_eq!(
        follow_silence(&mut conn, after(60)).await.unwrap(),
        0,
        "two heartbeats"
    );
    assert_eq!(follow_silence(&mut conn, after(75)).await.unwrap(), 1);
    assert_eq!(
        follow_silence(&mut conn, after(76)).await.unwrap(),
        0,
        "once"
    );
    assert_eq!(number(&mut conn, &active("feed_silent")).await, 1);
    let since = number(
        &mut conn,
        "SELECT extract(epoch FROM silent_since) FROM stock_place WHERE silent_since IS NOT NULL",
    )
    .await;
    assert_eq!(since, now.timestamp(), "as of the last inventory");
    // Three inventories without the piece arrive late, all before the silence is over: no stockout from a cabinet that is not heard.
    for (seq, minute) in [(2, 1), (3, 2), (4, 3)] {
        apply(&mut conn, &inventory(seq, minute, &[]), after(200)).await;
    }
    assert_eq!(number(&mut conn, &active("stockout")).await, 0);
    conn.batch_execute(&heard(after(200))).await.unwrap();
    assert_eq!(follow_silence(&mut conn, after(205)).await.unwrap(), 1);
    assert_eq!(number(&mut conn, &active("feed_silent")).await, 0);
    assert_eq!(
        number(&mut conn, &active("stockout")).await,
        1,
        "now it is sure"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_at_the_board_makes_one_draft_for_one_bin_and_an_exit_takes_a_piece_once() {
    let database = TestDatabase::new().await;
    let mut conn = database.conn().await;
    let now = Clock::system().now().trunc_subsecs(0);
    let ward = Ward::new(&mut conn, now).await;
    let shelf = Shelf::new(&mut conn, ward, "swab", TWO_BINS, now).await;
    let mut cards = Vec::new();
    for (bin, name) in shelf.bins.iter().zip(["C1", "C2"]) {
        let tag = insert(
            &mut conn,
            &format!(
                "INSERT INTO tag (tag_key, technology) VALUES ('epc:{name}', 'rfid') RETURNING id"
            ),
        )
        .await;
        conn.batch_execute(&format!(
            "INSERT INTO bin_card (tag_id, bin_id) VALUES ({tag}, {bin})"
        ))
        .await
        .unwrap();
        cards.push(TagId(tag));
    }
    let at = |second: i64| now - TimeDelta::hours(1) + TimeDelta::seconds(second);
    let reads = |card: TagId, second| StockReads {
        cards: vec![StockRead {
            reader_id: ward.reader,
            batch_id: Uuid::new_v4(),
            tag_id: card,
            seen_at: at(second),
        }],
        ..StockReads::default()
    };
    assert_eq!(apply(&mut conn, &reads(cards[0], 0), now).await, 1);
    for second in [30, 60, 20] {
        assert_eq!(
            apply(&mut conn, &reads(cards[0], second), now).await,
            0,
            "it hangs there"
        );
    }
    let drafts = "SELECT coalesce(sum(quantity_suggested), 0) FROM order_line WHERE state = 'suggested' AND cause = 'empty_bin'";
    assert_eq!(number(&mut conn, drafts).await, 25);
    check(&mut conn, shelf.stock.item_id, now, "one bin").await;
    apply(&mut conn, &reads(cards[1], 90), now).await;
    assert_eq!(number(&mut conn, drafts).await, 50);
    assert_eq!(
        number(
            &mut conn,
            "SELECT count(*) FROM alert WHERE kind = 'both_bins_empty' AND is_active"
        )
        .await,
        1
    );
    check(&mut conn, shelf.stock.item_id, now, "both bins").await;
    // Filled again while the card still hangs there; then it goes back, and comes again when the bin is empty the next time.
    let filled = StockAct::Refill {
        bin_id: shelf.bins[0],
        lot: LotLabel::default(),
        quantity: None,
    };
    shelf.accept(&mut conn, filled, None, at(100)).await;
    for second in [99, 120, 150] {
        assert_eq!(
            apply(&mut conn, &reads(cards[0], second), now).await,
            0,
            "{second}"
        );
    }
    assert_eq!(
        apply(&mut conn, &reads(cards[0], 900), now).await,
        1,
        "empty again"
    );
    check(&mut conn, shelf.stock.item_id, now, "empty again").await;
    // A labelled piece that is read on its way out leaves once.
    let lot = shelf.lots(&mut conn).await[0];
    let tag = label(&mut conn, &shelf, lot.0, "D1").await;
    conn.batch_execute(&format!(
        "UPDATE unit_tag SET bin_id = {} WHERE tag_id = {tag}",
        shelf.other.1
    ))
    .await
    .unwrap();
    for wanted in [1, 0] {
        let exit = StockReads {
            exits: reads(tag, 950).cards,
            ..StockReads::default()
        };
        assert_eq!(apply(&mut conn, &exit, now).await, wanted);
    }
    check(&mut conn, shelf.stock.item_id, now, "after an exit").await;
    // R1: a tag is on one thing at a time.
    let twice = conn
        .batch_execute(&format!(
            "INSERT INTO unit_tag (tag_id, item_id, lot_id) VALUES ({}, {}, {lot})",
            cards[0], shelf.stock.item_id
        ))
        .await;
    assert!(
        twice
            .unwrap_err()
            .to_string()
            .contains("is on something else")
    );
}

/// A card of the shelf's first bin.
async fn card(conn: &mut AsyncPgConnection, shelf: &Shelf, name: &str) -> TagId {
    let sql =
        format!("INSERT INTO tag (tag_key, technology) VALUES ('epc:{name}', 'rfid') RETURNING id");
    let tag = insert(conn, &sql).await;
    let bin = shelf.bins[0];
    conn.batch_execute(&format!(
        "INSERT INTO bin_card (tag_id, bin_id) VALUES ({tag}, {bin})"
    ))
    .await
    .unwrap();
    TagId(tag)
}

fn on_hand(shelf: &Shelf) -> String {
    format!(
        "SELECT coalesce(sum(on_hand), 0) FROM stock_level WHERE item_id = {} AND stock_place_id = {}",
        shelf.stock.item_id, shelf.stock.stock_place_id
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_empties_every_lot_of_its_bin() {
    let (_database, mut conn, ward, now) = new_ward().await;
    let shelf = Shelf::new(&mut conn, ward, "swab", TWO_BINS, now).await;
    let card = card(&mut conn, &shelf, "E1").await;
    let before = now - TimeDelta::hours(1);
    for (number, quantity) in [("L1", 5), ("L2", 20)] {
        let act = StockAct::Arrive {
            reason: StockReason::Return,
            bin_id: shelf.bins[0],
            lot: LotLabel {
                number,
                expires_on: None,
            },
            quantity,
            receipt: Receipt::default(),
        };
        shelf.accept(&mut conn, act, None, before).await;
    }
    let read = StockRead {
        reader_id: ward.reader,
        batch_id: Uuid::new_v4(),
        tag_id: card,
        seen_at: now,
    };
    let reads = StockReads {
        cards: vec![read],
        ..StockReads::default()
    };
    apply(&mut conn, &reads, now).await;
    assert_eq!(number(&mut conn, &on_hand(&shelf)).await, 0);
    assert_eq!(
        moves(&mut conn, &shelf).await[2..],
        named(&[("empty_bin", -5), ("empty_bin", -20)])
    );
    check(&mut conn, shelf.stock.item_id, now, "two lots").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_piece_that_is_put_back_comes_with_no_order() {
    let (_database, mut conn, ward, now) = new_ward().await;
    let (shelf, lot) = cabinet(&mut conn, ward, now).await;
    let old = label(&mut conn, &shelf, lot, "B1").await;
    let new = label(&mut conn, &shelf, lot, "B2").await;
    let mut minute = 0;
    let mut inventory = |of: &[TagId]| {
        minute += 1;
        let at = now + TimeDelta::minutes(minute);
        (part(&shelf, (minute, 1, 1), at, of), at)
    };
    let (reads, at) = inventory(&[old]);
    apply(&mut conn, &reads, at).await;
    for _ in 0..3 {
        let (reads, at) = inventory(&[]);
        apply(&mut conn, &reads, at).await;
    }
    let item = shelf.stock.item_id;
    conn.batch_execute(&format!(
        "WITH o AS (INSERT INTO supply_order (sent_at, sent_by, form_key) SELECT now(), min(id), gen_random_uuid() FROM app_user RETURNING id)
         UPDATE order_line SET state = 'sent', quantity_ordered = 1, approved_at = now(), approved_by = (SELECT min(id) FROM app_user),
            supply_order_id = (SELECT id FROM o) WHERE item_id = {item} AND stock_place_id = {} AND state = 'suggested'",
        shelf.stock.stock_place_id
    ))
    .await
    .unwrap();
    let received = format!(
        "SELECT coalesce(sum(quantity_received), 0) FROM order_line WHERE item_id = {item}"
    );
    let (reads, at) = inventory(&[old]);
    assert_eq!(apply(&mut conn, &reads, at).await, 1, "it is there again");
    assert_eq!(number(&mut conn, &received).await, 0, "it was no delivery");
    let (reads, at) = inventory(&[old, new]);
    assert_eq!(apply(&mut conn, &reads, at).await, 1);
    assert_eq!(number(&mut conn, &received).await, 1, "this one was");
    check(&mut conn, item, at, "put back").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_is_new_to_a_cabinet_counts_it_anew() {
    let (_database, mut conn, ward, now) = new_ward().await;
    let (shelf, lot) = cabinet(&mut conn, ward, now).await;
    let place = shelf.stock.stock_place_id;
    let set = async |conn: &mut AsyncPgConnection, reader| {
        let act = SetupAct::Reader(reader);
        perform_setup(conn, place, act, ward.people[0], now)
            .await
            .unwrap();
    };
    // People kept it so far: 4 by the books, of a lot that nobody told.
    set(&mut conn, None).await;
    let put = StockAct::Arrive {
        reason: StockReason::Return,
        bin_id: shelf.bins[0],
        lot: LotLabel::default(),
        quantity: 4,
        receipt: Receipt::default(),
    };
    shelf.accept(&mut conn, put, None, now).await;
    let mut tags = Vec::new();
    for name in ["A1", "A2", "A3"] {
        tags.push(label(&mut conn, &shelf, lot, name).await);
    }
    set(&mut conn, Some(ward.reader)).await;
    let inventory = |seq, of: &[TagId]| {
        let at = now + TimeDelta::minutes(seq);
        (part(&shelf, (seq, 1, 1), at, of), at)
    };
    let (reads, at) = inventory(1, &tags);
    apply(&mut conn, &reads, at).await;
    assert_eq!(
        number(&mut conn, &on_hand(&shelf)).await,
        3,
        "three are there"
    );
    assert_eq!(
        moves(&mut conn, &shelf).await[1..],
        named(&[("count", 3), ("count", -4)])
    );
    check(&mut conn, shelf.stock.item_id, at, "counted anew").await;
    let (reads, at) = inventory(2, &tags);
    assert_eq!(
        apply(&mut conn, &reads, at).await,
        0,
        "nothing changed since"
    );
    // It breaks; one is issued by hand; it is repaired. What was issued is not taken a second time.
    set(&mut conn, None).await;
    let issue = StockAct::Leave {
        reason: StockReason::Issue,
        bin_id: None,
        lot_id: None,
        quantity: 1,
    };
    shelf.accept(&mut conn, issue, None, at).await;
    set(&mut conn, Some(ward.reader)).await;
    for seq in 3..8 {
        let (reads, at) = inventory(seq, &tags[..2]);
        apply(&mut conn, &reads, at).await;
        assert_eq!(
            number(&mut conn, &on_hand(&shelf)).await,
            2,
            "inventory {seq}"
        );
    }
    check(&mut conn, shelf.stock.item_id, at, "repaired").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r24_an_inventory_of_which_something_was_refused_leaves_the_cabinet_as_of_the_last_whole_one()
 {
    let (_database, mut conn, ward, now) = new_ward().await;
    let (shelf, lot) = cabinet(&mut conn, ward, now).await;
    let tag = label(&mut conn, &shelf, lot, "B1").await;
    apply(&mut conn, &part(&shelf, (1, 1, 1), now, &[tag]), now).await;
    let at = |second| now + TimeDelta::seconds(second);
    for second in [30, 60, 90, 120] {
        let mut damaged = part(&shelf, (1 + second / 30, 1, 1), at(second), &[]);
        damaged.parts[0].is_damaged = true;
        assert_eq!(apply(&mut conn, &damaged, at(second)).await, 0);
        conn.batch_execute(&format!(
            "INSERT INTO reader_health (reader_id, last_message_at) VALUES ({r}, '{t}') ON CONFLICT (reader_id) DO UPDATE SET last_message_at = '{t}'",
            r = ward.reader,
            t = at(second)
        ))
        .await
        .unwrap();
    }
    let kept = "SELECT count(*) FROM inventory_part";
    assert_eq!(number(&mut conn, kept).await, 2, "the first and the last");
    assert_eq!(follow_silence(&mut conn, at(125)).await.unwrap(), 1);
    let silent = "SELECT count(*) FROM stock_place WHERE silent_since IS NOT NULL";
    assert_eq!(number(&mut conn, silent).await, 1);
    assert_eq!(
        number(&mut conn, &on_hand(&shelf)).await,
        1,
        "as of the last whole one"
    );
    apply(
        &mut conn,
        &part(&shelf, (9, 1, 1), at(130), &[tag]),
        at(130),
    )
    .await;
    assert_eq!(follow_silence(&mut conn, at(131)).await.unwrap(), 1);
    assert_eq!(number(&mut conn, silent).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_cabinet_that_loses_its_reader_is_silent_no_longer() {
    let (_database, mut conn, ward, now) = new_ward().await;
    let (shelf, lot) = cabinet(&mut conn, ward, now).await;
    let tag = label(&mut conn, &shelf, lot, "B1").await;
    apply(&mut conn, &part(&shelf, (1, 1, 1), now, &[tag]), now).await;
    conn.batch_execute(&format!(
        "INSERT INTO reader_health (reader_id, last_message_at) VALUES ({}, '{now}')",
        ward.reader
    ))
    .await
    .unwrap();
    let after = |second| now + TimeDelta::seconds(second);
    assert_eq!(follow_silence(&mut conn, after(75)).await.unwrap(), 1);
    for seq in 2..5 {
        let reads = part(&shelf, (seq, 1, 1), after(seq), &[]);
        apply(&mut conn, &reads, after(80)).await;
    }
    let active = |kind: &str| {
        format!(
            "SELECT count(*) FROM alert WHERE kind = '{kind}' AND is_active AND stock_place_id = {}",
            shelf.stock.stock_place_id
        )
    };
    assert_eq!(number(&mut conn, &active("stockout")).await, 0, "held back");
    let act = SetupAct::Reader(None);
    let place = shelf.stock.stock_place_id;
    perform_setup(&mut conn, place, act, ward.people[0], after(90))
        .await
        .unwrap();
    assert_eq!(number(&mut conn, &active("feed_silent")).await, 0);
    assert_eq!(
        number(&mut conn, &active("stockout")).await,
        1,
        "people keep it now"
    );
    check(
        &mut conn,
        shelf.stock.item_id,
        after(90),
        "without a reader",
    )
    .await;
}
