//! Mean use of a day.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use wardtrack::db::schema::stocking;
use wardtrack::db::types::StockReason;
use wardtrack::supplies::acts::{LotLabel, Receipt, StockAct};
use wardtrack::supplies::demand::follow_demand;

use super::world::{Restock, Shelf, Ward};
use crate::support::TestDatabase;

const NOTHING_TO_ORDER: Restock = Restock {
    reorder_point: 0,
    par: 0,
    pack: 1,
    two_bins: false,
};

/// The middle of today: the same day in the facility.
fn noon() -> DateTime<Utc> {
    let noon = Utc::now().date_naive().and_hms_opt(12, 0, 0);
    noon.unwrap().and_utc()
}

async fn demand(conn: &mut AsyncPgConnection, shelf: &Shelf) -> (f32, f32) {
    stocking::table
        .find((shelf.stock.item_id, shelf.stock.stock_place_id))
        .select((stocking::use_per_day, stocking::use_deviation))
        .first(conn)
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn mean_use_is_that_of_the_days_on_which_there_was_something_to_use() {
    let database = TestDatabase::new().await;
    let mut conn = database.conn().await;
    let now = noon();
    let ward = Ward::new(&mut conn, now).await;
    let shelf = Shelf::new(&mut conn, ward, "swab", NOTHING_TO_ORDER, now).await;
    let quiet = Shelf::new(&mut conn, ward, "never used", NOTHING_TO_ORDER, now).await;
    let act = StockAct::Arrive {
        reason: StockReason::Receive,
        bin_id: shelf.bins[0],
        lot: LotLabel::default(),
        quantity: 100,
        receipt: Receipt::default(),
    };
    shelf.accept(&mut conn, act, None, now).await;
    // Ten days back 6, 4, nothing, out with 1, then nothing; today does not count, nor does what is 60 days old.
    let (item, place) = (shelf.stock.item_id, shelf.stock.stock_place_id);
    let days = [
        (60, 900, false),
        (10, 6, false),
        (9, 4, false),
        (7, 1, true),
        (0, 50, false),
    ];
    for (ago, used, was_out) in days {
        let day = (now - TimeDelta::days(ago)).date_naive();
        conn.batch_execute(&format!(
            "INSERT INTO stock_day (item_id, stock_place_id, day, used, was_out) VALUES ({item}, {place}, '{day}', {used}, {was_out})
             ON CONFLICT (item_id, stock_place_id, day) DO UPDATE SET used = excluded.used, was_out = excluded.was_out"
        ))
        .await
        .unwrap();
    }
    let done = follow_demand(&mut conn, now).await.unwrap();
    assert_eq!(
        (done.computed, done.has_more),
        (4, false),
        "two places for each item"
    );
    // 56 days before today, one of them out: 10 in 55 days.
    let used: Vec<f32> = [6.0, 4.0].into_iter().chain([0.0; 53]).collect();
    let mean = 10.0 / 55.0;
    let squares: f32 = used.iter().map(|used| (used - mean) * (used - mean)).sum();
    let (found, deviation) = demand(&mut conn, &shelf).await;
    assert!((found - mean).abs() < 1e-5, "{found} is not {mean}");
    let wanted = (squares / 54.0).sqrt();
    assert!(
        (deviation - wanted).abs() < 1e-4,
        "{deviation} is not {wanted}"
    );
    assert_eq!(demand(&mut conn, &quiet).await, (0.0, 0.0));
    // Not again within six hours; then with the day that has passed meanwhile.
    let soon = now + TimeDelta::hours(5);
    assert_eq!(follow_demand(&mut conn, soon).await.unwrap().computed, 0);
    let later = now + TimeDelta::days(1);
    assert_eq!(follow_demand(&mut conn, later).await.unwrap().computed, 4);
    let (found, _) = demand(&mut conn, &shelf).await;
    assert!(
        (found - 60.0 / 55.0).abs() < 1e-4,
        "today's 50 are in: {found}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_item_that_is_new_has_the_mean_of_its_own_days() {
    let database = TestDatabase::new().await;
    let mut conn = database.conn().await;
    let now = noon();
    let ward = Ward::new(&mut conn, now).await;
    let shelf = Shelf::new(&mut conn, ward, "new", NOTHING_TO_ORDER, now).await;
    let (item, place) = (shelf.stock.item_id, shelf.stock.stock_place_id);
    let day = (now - TimeDelta::days(2)).date_naive();
    conn.batch_execute(&format!(
        "INSERT INTO stock_day (item_id, stock_place_id, day, used) VALUES ({item}, {place}, '{day}', 8)"
    ))
    .await
    .unwrap();
    follow_demand(&mut conn, now).await.unwrap();
    let (found, _) = demand(&mut conn, &shelf).await;
    assert!((found - 4.0).abs() < 1e-5, "8 in two days: {found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn days_without_stock_are_left_out_although_nothing_moves_on_them() {
    let database = TestDatabase::new().await;
    let mut conn = database.conn().await;
    let now = noon();
    let ward = Ward::new(&mut conn, now).await;
    let shelf = Shelf::new(&mut conn, ward, "gone", NOTHING_TO_ORDER, now).await;
    let (item, place) = (shelf.stock.item_id, shelf.stock.stock_place_id);
    // Set up long before its first delivery: those days say nothing. Then 6 a day for four days, then nothing is there.
    conn.batch_execute(&format!(
        "INSERT INTO stock_day (item_id, stock_place_id, day, used, was_out)
         SELECT {item}, {place}, '{today}'::date - n, 0, true FROM generate_series(30, 50) n
         UNION ALL SELECT {item}, {place}, '{today}'::date - n, 6, false FROM generate_series(1, 4) n",
        today = now.date_naive()
    ))
    .await
    .unwrap();
    follow_demand(&mut conn, now).await.unwrap();
    assert_eq!(demand(&mut conn, &shelf).await, (6.0, 0.0));
    for day in 1..5 {
        follow_demand(&mut conn, now + TimeDelta::days(day))
            .await
            .unwrap();
        assert_eq!(demand(&mut conn, &shelf).await, (6.0, 0.0), "day {day}");
    }
    // Out for so long that no day counts any more: what was known stays.
    conn.batch_execute("UPDATE stock_day SET was_out = true")
        .await
        .unwrap();
    follow_demand(&mut conn, now + TimeDelta::days(5))
        .await
        .unwrap();
    assert_eq!(demand(&mut conn, &shelf).await, (6.0, 0.0));
}
