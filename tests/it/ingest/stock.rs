//! What readers tell of stock, from RabbitMQ to the ledger.

use serde_json::json;

use super::rig::{Batch, SOON, on_stage, wait_until};

#[tokio::test(flavor = "multi_thread")]
async fn the_consumer_books_cards_and_cabinets_in_the_transaction_of_their_message() {
    on_stage(async move |rig| {
        let reader = rig.reader(0).key.clone();
        rig.execute(&format!(
            "INSERT INTO item (item_number, name) VALUES ('1', 'Stent');
             INSERT INTO item_code (code, item_id) SELECT '09506000134352', id FROM item;
             INSERT INTO stock_place (kind, name, room_id, reader_id) SELECT 'cabinet', 'Cabinet', min(r.id), (SELECT id FROM reader WHERE reader_key = '{reader}') FROM room r;
             INSERT INTO bin (stock_place_id, name) SELECT id, n FROM stock_place, unnest(ARRAY['A', 'B']) n;
             INSERT INTO stocking (item_id, stock_place_id, bin_id, second_bin_id, fixed_quantity)
                SELECT i.id, p.id, (SELECT min(id) FROM bin), (SELECT max(id) FROM bin), 5 FROM item i, stock_place p;
             UPDATE antenna SET purpose = 'board' WHERE reader_id = (SELECT id FROM reader WHERE reader_key = '{reader}');
             INSERT INTO tag (tag_key, technology) VALUES ('epc:C1', 'rfid');
             INSERT INTO bin_card (tag_id, bin_id) SELECT t.id, (SELECT max(id) FROM bin) FROM tag t WHERE tag_key = 'epc:C1'"
        ))
        .await;
        rig.start().await;
        let now_ms = rig.now_ms();
        let inventory = |seq: u32, at_ms: i64, keys: &[&str]| {
            let batch = Batch::new(at_ms).with(json!({"inv": {"seq": seq, "part": 1, "parts": 1}}));
            keys.iter().fold(batch, |batch, key| batch.element(json!({"t": key, "age_ms": 0}))).body()
        };
        let label = "epc:3066C4409047E140075BCD15";
        let card = Batch::new(now_ms + 1).element(json!({"t": "epc:C1", "age_ms": 0})).body();
        // The empty bin twice: a reader that did not hear the confirm sends again.
        let bodies = [inventory(1, now_ms, &[label, "epc:FF"]), card.clone(), card];
        rig.publish(0, &bodies).await;
        wait_until("the bin is empty", SOON, async || {
            rig.number("SELECT count(*) AS n FROM order_line WHERE state = 'suggested'").await == 1
        })
        .await;
        assert_eq!(rig.number("SELECT quantity_suggested AS n FROM order_line").await, 5);
        assert_eq!(rig.number("SELECT sum(on_hand)::bigint AS n FROM stock_level").await, 1);
        assert_eq!(rig.number("SELECT foreign_tags AS n FROM cabinet").await, 1);
        let gone: Vec<Vec<u8>> = (2..=4).map(|seq| inventory(seq, now_ms + i64::from(seq), &[])).collect();
        rig.publish(0, &gone).await;
        wait_until("it was taken", SOON, async || {
            rig.number("SELECT count(*) AS n FROM stock_move WHERE reason = 'cabinet_take'").await == 1
        })
        .await;
        assert_eq!(rig.number("SELECT sum(on_hand)::bigint AS n FROM stock_level").await, 0);
        assert_eq!(rig.number("SELECT count(*) AS n FROM alert WHERE kind = 'stockout' AND is_active").await, 1);
        // An inventory of which a sighting was refused is not whole: it counts as one that never came.
        let broken = Batch::new(now_ms + 5)
            .with(json!({"inv": {"seq": 5, "part": 1, "parts": 1}}))
            .element(json!({"t": label, "age_ms": 0}))
            .element(json!({"t": 7, "age_ms": 0}));
        rig.publish(0, &[broken.body(), inventory(6, now_ms + 6, &[label])]).await;
        wait_until("the whole one is applied", SOON, async || {
            rig.number("SELECT inventory_seq AS n FROM cabinet").await == 6
        })
        .await;
        assert_eq!(rig.number("SELECT gaps AS n FROM cabinet").await, 1);
        assert_eq!(rig.number("SELECT sum(on_hand)::bigint AS n FROM stock_level").await, 1);
    })
    .await;
}
