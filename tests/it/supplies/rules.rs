//! Rules of restocking through the real store and the pages: inherited, carried into what is in force, explained and changed.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use uuid::Uuid;
use wardtrack::db::schema::stocking;
use wardtrack::db::types::StockReason;
use wardtrack::ids::{FacilityId, FloorId};
use wardtrack::supplies::acts::{LotLabel, Receipt, StockAct};
use wardtrack::supplies::carry::{carry, carry_due, find_rule_story};
use wardtrack::supplies::demand::follow_demand;
use wardtrack::supplies::import::apply_file;
use wardtrack::supplies::inherit::{Level, Origin, RuleFields};
use wardtrack::supplies::rule_form::RuleTexts;
use wardtrack::supplies::rulebook::{
    RuleForm, RuleKey, RulePosted, Scope, find_rule_card, perform_rule_form,
};

use super::world::{Restock, Shelf, Ward, check, insert};
use crate::pages::{has, has_not, served};
use crate::register::{count, filled, text};
use crate::support::TestDatabase;

const RESTOCK: Restock = Restock {
    reorder_point: 60,
    par: 120,
    pack: 1,
    two_bins: false,
};

/// Reorder point, target and fixed quantity in force.
async fn in_force(conn: &mut AsyncPgConnection, shelf: &Shelf) -> (i64, i64, Option<i64>) {
    stocking::table
        .find((shelf.stock.item_id, shelf.stock.stock_place_id))
        .select((
            stocking::reorder_point,
            stocking::par,
            stocking::fixed_quantity,
        ))
        .first(conn)
        .await
        .unwrap()
}

/// Use of a day and its deviation, as the scheduler would have computed them.
async fn used(conn: &mut AsyncPgConnection, shelf: &Shelf, per_day: f32, deviation: f32) {
    diesel::update(stocking::table.find((shelf.stock.item_id, shelf.stock.stock_place_id)))
        .set((
            stocking::use_per_day.eq(per_day),
            stocking::use_deviation.eq(deviation),
        ))
        .execute(conn)
        .await
        .unwrap();
}

async fn save(
    conn: &mut AsyncPgConnection,
    shelf: &Shelf,
    rule: RuleKey,
    fields: RuleFields,
    now: DateTime<Utc>,
) -> RulePosted {
    let card = find_rule_card(conn, rule).await.unwrap().unwrap();
    let shown = RuleTexts::fingerprint(card.own.map(|(_, fields)| fields).as_ref());
    let form = RuleForm {
        key: Uuid::new_v4(),
        user_id: shelf.ward.people[0],
        rule,
        shown: &shown,
        fields,
        location: "/",
    };
    perform_rule_form(conn, &form, now).await.unwrap()
}

fn point(reorder_point: i64) -> RuleFields {
    RuleFields {
        reorder_point: Some(reorder_point),
        ..RuleFields::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stood_in_stocking_becomes_rules_and_nothing_changes() {
    let database = TestDatabase::new().await;
    let mut conn = database.conn().await;
    let now = Utc::now();
    let ward = Ward::new(&mut conn, now).await;
    let bins = Restock {
        two_bins: true,
        pack: 25,
        ..RESTOCK
    };
    let (one, two) = (
        Shelf::new(&mut conn, ward, "one", RESTOCK, now).await,
        Shelf::new(&mut conn, ward, "two", bins, now).await,
    );
    let kept = "SELECT string_agg(concat_ws(',', item_id, stock_place_id, method, reorder_point, par, maximum, fixed_quantity, rounding), ';'
                ORDER BY item_id, stock_place_id) FROM stocking";
    let before = text(&mut conn, kept).await;
    let drafts = count(&mut conn, "SELECT count(*) FROM order_line").await;
    // As it was before this change of the schema, and then the change.
    for sql in [
        include_str!("../../../migrations/2026-11-26-002100_stock_rules/down.sql"),
        include_str!("../../../migrations/2026-11-26-002100_stock_rules/up.sql"),
    ] {
        conn.batch_execute(sql).await.unwrap();
    }
    assert_eq!(count(&mut conn, "SELECT count(*) FROM stock_rule").await, 4);
    // Packs are those of the item from now on; these items have none.
    conn.batch_execute(
        "INSERT INTO item_pack (item_id, name, units, is_ordered) SELECT item_id, 'box', max(pack_units), true FROM stocking
         WHERE pack_units > 1 GROUP BY item_id",
    )
    .await
    .unwrap();
    for shelf in [&one, &two] {
        used(&mut conn, shelf, 9.3, 3.0).await;
        carry(&mut conn, &[shelf.stock], now).await.unwrap();
        check(&mut conn, shelf.stock.item_id, now, "carried").await;
    }
    assert_eq!(text(&mut conn, kept).await, before);
    assert_eq!(
        count(&mut conn, "SELECT count(*) FROM order_line").await,
        drafts
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_nearest_rule_is_in_force_and_suggestions_follow_in_the_same_transaction() {
    let database = TestDatabase::new().await;
    let mut conn = database.conn().await;
    let now = Utc::now();
    let ward = Ward::new(&mut conn, now).await;
    let shelf = Shelf::new(&mut conn, ward, "swab", RESTOCK, now).await;
    let item = Some(shelf.stock.item_id);
    let everywhere = RuleKey {
        item_id: None,
        scope: Scope::Everywhere,
    };
    let facility = insert(&mut conn, "SELECT min(id) AS id FROM facility").await;
    let floor = insert(
        &mut conn,
        &format!("SELECT floor_id AS id FROM room WHERE id = {}", ward.room),
    )
    .await;
    let on_floor = RuleKey {
        item_id: item,
        scope: Scope::Floor(FloorId(floor)),
    };
    let here = RuleKey {
        item_id: item,
        scope: Scope::Place(shelf.stock.stock_place_id),
    };
    let drafted = format!(
        "SELECT coalesce(max(quantity_suggested), 0) FROM order_line WHERE state = 'suggested' AND stock_place_id = {}",
        shelf.stock.stock_place_id
    );
    // Written by hand before there were rules: it stands until a rule reaches it.
    follow_demand(&mut conn, now).await.unwrap();
    assert_eq!(in_force(&mut conn, &shelf).await.0, 60);
    for (rule, fields, wanted) in [
        (everywhere, point(10), (10, 10, None)),
        (on_floor, point(30), (30, 30, None)),
        (
            RuleKey {
                item_id: None,
                scope: Scope::Facility(FacilityId(facility)),
            },
            RuleFields {
                par: Some(100),
                ..RuleFields::default()
            },
            (30, 100, None),
        ),
        (here, point(40), (40, 100, None)),
        // A rule above changes nothing that a nearer one sets.
        (everywhere, point(70), (40, 100, None)),
        (here, RuleFields::default(), (30, 100, None)),
        (on_floor, RuleFields::default(), (70, 100, None)),
    ] {
        let posted = save(&mut conn, &shelf, rule, fields, now).await;
        assert_eq!(posted, RulePosted::Done { is_later: false });
        assert_eq!(in_force(&mut conn, &shelf).await, wanted, "{rule:?}");
        assert_eq!(count(&mut conn, &drafted).await, wanted.1, "{rule:?}");
        check(&mut conn, shelf.stock.item_id, now, "after a rule").await;
    }
    let story = find_rule_story(&conn, shelf.stock).await.unwrap().unwrap();
    assert!(story.row.keeps(&story.found));
    let Origin::Rule {
        level, is_for_item, ..
    } = story.found.par.origin
    else {
        panic!("{story:?}");
    };
    assert_eq!((level, is_for_item), (Level::Facility, false));
    assert_eq!(
        count(
            &mut conn,
            "SELECT count(*) FROM audit_log WHERE action LIKE 'stock_rule.%'"
        )
        .await,
        7
    );
    // Without any rule it is computed, and without use nothing is invented.
    for rule in [
        everywhere,
        RuleKey {
            item_id: None,
            scope: Scope::Facility(FacilityId(facility)),
        },
    ] {
        save(&mut conn, &shelf, rule, RuleFields::default(), now).await;
    }
    assert_eq!(in_force(&mut conn, &shelf).await, (0, 0, None));
    assert_eq!(count(&mut conn, "SELECT count(*) FROM stock_rule").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_used_moves_the_computed_numbers_and_what_is_set_by_hand_stays() {
    let database = TestDatabase::new().await;
    let mut conn = database.conn().await;
    let now = Utc::now()
        .date_naive()
        .and_hms_opt(12, 0, 0)
        .unwrap()
        .and_utc();
    let ward = Ward::new(&mut conn, now).await;
    let free = Shelf::new(&mut conn, ward, "free", RESTOCK, now).await;
    let set = Shelf::new(&mut conn, ward, "set", RESTOCK, now).await;
    let rule = RuleKey {
        item_id: Some(set.stock.item_id),
        scope: Scope::Place(set.stock.stock_place_id),
    };
    save(&mut conn, &set, rule, point(33), now).await;
    carry(&mut conn, &[free.stock], now).await.unwrap();
    assert_eq!(in_force(&mut conn, &free).await, (0, 0, None));
    conn.batch_execute(&format!(
        "INSERT INTO supplier (name, lead_days, lead_deviation_days) VALUES ('S', 3, 0);
         INSERT INTO supply_round (name, every_days) VALUES ('R', 2);
         UPDATE item SET supplier_id = (SELECT max(id) FROM supplier);
         UPDATE stock_place SET supply_round_id = (SELECT max(id) FROM supply_round);
         INSERT INTO stock_day (item_id, stock_place_id, day, used)
         SELECT item_id, stock_place_id, '{0}'::date - n, 10 FROM stocking, generate_series(1, 20) n
         ON CONFLICT (item_id, stock_place_id, day) DO UPDATE SET used = 10, was_out = false;
         DELETE FROM stock_rule_due; UPDATE stocking SET demand_at = NULL",
        now.date_naive()
    ))
    .await
    .unwrap();
    let done = follow_demand(&mut conn, now).await.unwrap();
    assert_eq!(
        (done.computed, done.changed),
        (4, 2),
        "those that rules keep"
    );
    // 10 a day, always the same: (3 + 2) days, and 7 more for the target.
    assert_eq!(in_force(&mut conn, &free).await, (50, 120, None));
    assert_eq!(in_force(&mut conn, &set).await, (33, 120, None));
    for shelf in [&free, &set] {
        check(&mut conn, shelf.stock.item_id, now, "after use").await;
    }
    // Whoever writes it: a later delivery and a rarer round are carried too.
    conn.batch_execute("UPDATE supplier SET lead_days = 5; UPDATE supply_round SET every_days = 1")
        .await
        .unwrap();
    assert_eq!(
        count(&mut conn, "SELECT count(*) FROM stock_rule_due").await,
        2
    );
    let mut runs = 0;
    while carry_due(&mut conn, now).await.unwrap().1 {
        runs += 1;
    }
    assert_eq!(runs, 1);
    assert_eq!(in_force(&mut conn, &free).await, (60, 130, None));
    assert_eq!(in_force(&mut conn, &set).await, (33, 130, None));
    // Two bins: one holds as much as the reorder point.
    conn.batch_execute(&format!(
        "UPDATE stocking SET second_bin_id = {}, fixed_quantity = 1 WHERE item_id = {} AND stock_place_id = {}",
        free.bins[1], free.stock.item_id, free.stock.stock_place_id
    ))
    .await
    .unwrap();
    carry(&mut conn, &[free.stock], now).await.unwrap();
    assert_eq!(in_force(&mut conn, &free).await, (60, 130, Some(60)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_for_many_is_carried_in_parts_and_the_same_change_once() {
    let database = TestDatabase::new().await;
    let mut conn = database.conn().await;
    let now = Utc::now();
    let ward = Ward::new(&mut conn, now).await;
    let shelf = Shelf::new(&mut conn, ward, "first", RESTOCK, now).await;
    conn.batch_execute(&format!(
        "INSERT INTO item (item_number, name) SELECT 'M' || n, 'Many ' || n FROM generate_series(1, 2400) n;
         INSERT INTO stocking (item_id, stock_place_id, bin_id, rules_at)
         SELECT id, {}, {}, now() FROM item WHERE item_number LIKE 'M%'",
        shelf.stock.stock_place_id, shelf.bins[0]
    ))
    .await
    .unwrap();
    let rule = RuleKey {
        item_id: None,
        scope: Scope::Everywhere,
    };
    let posted = save(&mut conn, &shelf, rule, point(5), now).await;
    assert_eq!(posted, RulePosted::Done { is_later: true });
    let posted = save(&mut conn, &shelf, rule, point(7), now).await;
    assert_eq!(posted, RulePosted::Done { is_later: true });
    assert_eq!(
        in_force(&mut conn, &shelf).await.0,
        60,
        "nothing is locked or changed yet"
    );
    assert_eq!(
        count(&mut conn, "SELECT count(*) FROM stock_rule_due").await,
        2
    );
    let follows = "SELECT count(*) FROM stocking WHERE reorder_point = 7";
    for (wanted, has_more) in [(1_000, true), (2_000, true), (2_402, false)] {
        let begun = std::time::Instant::now();
        let (_, more) = carry_due(&mut conn, now).await.unwrap();
        println!("a part in {:?}", begun.elapsed());
        assert_eq!((count(&mut conn, follows).await, more), (wanted, has_more));
    }
    let drafts = "SELECT count(*) FROM order_line WHERE state = 'suggested'";
    assert_eq!(count(&mut conn, drafts).await, 2_402);
    assert_eq!(carry_due(&mut conn, now).await.unwrap(), (0, false));
    check(&mut conn, shelf.stock.item_id, now, "after the parts").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_writes_rules_and_leaves_to_others_what_it_does_not_say() {
    let database = TestDatabase::new().await;
    let mut conn = database.conn().await;
    let now = Utc::now();
    Ward::new(&mut conn, now).await;
    conn.batch_execute(
        "INSERT INTO room (floor_id, name, kind) SELECT min(id), 'Store 9', 'supply_room' FROM floor;
         INSERT INTO stock_rule (reorder_point, par) VALUES (8, 12)",
    )
    .await
    .unwrap();
    let file = "item_number,name,place,room,bin,reorder_point,target\n1,Tape,Nine,Store 9,A,,\n2,Gauze,Nine,,B,20,20\n3,Swab,Nine,,C,20,50\n";
    let import = async |conn: &mut AsyncPgConnection, file: &str| {
        apply_file(conn, file.as_bytes(), false, &|_, _| {}, now)
            .await
            .unwrap()
    };
    import(&mut conn, file).await;
    let kept = "SELECT string_agg(reorder_point || '/' || par, ' ' ORDER BY item_id) FROM stocking";
    assert_eq!(text(&mut conn, kept).await, "8/12 20/20 20/50");
    assert_eq!(
        count(
            &mut conn,
            "SELECT count(*) FROM stock_rule WHERE stock_place_id IS NOT NULL"
        )
        .await,
        2,
        "what says nothing is no rule"
    );
    let again = import(&mut conn, file).await;
    assert_eq!((again.places.len(), again.unchanged), (0, 3));
    let changed = import(&mut conn, "item_number,place,target\n1,Nine,30\n").await;
    let what: Vec<_> = changed.places[0]
        .changes
        .iter()
        .map(|change| (change.column, change.old.as_str()))
        .collect();
    assert_eq!(what, [("target", "")], "it had none of its own");
    assert_eq!(text(&mut conn, kept).await, "8/30 20/20 20/50");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_technician_sees_where_numbers_come_from_and_changes_the_rule_once() {
    let (app, hospital, mut conn) = served().await;
    let now = app.app.clock.now();
    let ward = Ward::of(&hospital, &mut conn).await;
    let shelf = Shelf::new(&mut conn, ward, "cannula", RESTOCK, now).await;
    let (item, place) = (shelf.stock.item_id, shelf.stock.stock_place_id);
    let floor = insert(
        &mut conn,
        &format!("SELECT floor_id AS id FROM room WHERE id = {}", ward.room),
    )
    .await;
    let floor_name = text(
        &mut conn,
        &format!("SELECT name FROM floor WHERE id = {floor}"),
    )
    .await;
    conn.batch_execute(&format!(
        "INSERT INTO supplier (name, lead_days, lead_deviation_days, order_cost) VALUES ('Medline', 3, 0.5, 10);
         UPDATE item SET supplier_id = (SELECT max(id) FROM supplier), holding_cost = 0.5 WHERE id = {item};
         INSERT INTO item_pack (item_id, name, units, is_ordered) VALUES ({item}, 'box', 50, true);
         INSERT INTO supply_round (name, every_days) VALUES ('Morning', 2);
         UPDATE stock_place SET supply_round_id = (SELECT max(id) FROM supply_round) WHERE id = {place}"
    ))
    .await
    .unwrap();
    used(&mut conn, &shelf, 9.3, 3.0).await;
    let (tech, nurse) = (app.supply_tech().await, app.nurse().await);
    let here = format!("/supplies/items/{item}?place={place}");
    let page = tech.page(&here).await;
    has(&page, "These numbers were entered before there were rules.");
    carry(&mut conn, &[shelf.stock], now).await.unwrap();
    let page = tech.page(&here).await;
    has_not(&page, "before there were rules");
    has(&page, "61 eachComputed from use");
    has(&page, "95 %Usual value");
    has(&page, "Safety stock14 eachComputed from use");
    has(
        &page,
        "Size of order with the least cost369 eachComputed from costs",
    );
    has(&page, "Days of cover0 daysComputed from use");
    let how = tech
        .page(&format!("/supplies/items/{item}/how?place={place}"))
        .await;
    assert_eq!(how.h1(), "How the numbers for Item cannula are made");
    for words in [
        "Use 9.3 x (3 days of delivery + 2 days between rounds) + safety stock 14 = 60.5. Rounded up: 61.",
        "Factor 1.65 x root of ((3 + 2) days x deviation 3 squared + use 9.3 squared x deviation of delivery 0.5 squared) = 13.47. Rounded up: 14.",
        "Use 9.3 x (3 + 2 days) + safety stock 14 + use 9.3 x 7 days that one order should last = 125.6. Rounded up: 126.",
        "Root of (2 x 3394.5 a year x 10 an order / 0.5 for holding one a year) = 368.48. Rounded up: 369.",
        "Available 0 / use 9.3 a day = 0 days.",
    ] {
        has(&how, words);
    }
    assert_eq!(
        tech.page(&format!("/supplies/items/{item}/how"))
            .await
            .status,
        404
    );
    // S-19: what an order and holding cost is for those who set it, and so is what follows from both.
    let costs = [
        "Cost of one order, by the supplier",
        "Cost to hold one for a year, by the item",
        "Size of order with the least cost",
        "10 an order",
        "369",
    ];
    let own = nurse
        .page(&format!("/supplies/items/{item}/how?place={place}"))
        .await;
    assert_eq!(own.status, 200);
    has(&own, "Rounded up: 61.");
    let item_page = nurse.page(&here).await;
    has(&item_page, "61 eachComputed from use");
    for words in costs {
        has(&how, words);
        has_not(&own, words);
        has_not(&item_page, words);
    }
    // A rule above, for the item, by the first step.
    for path in [
        "/supplies/rules",
        "/supplies/rules/new",
        "/supplies/rules/form?at=everywhere",
        "/supplies/rules.csv",
    ] {
        assert_eq!(nurse.page(path).await.status, 403, "{path}");
    }
    has(&tech.page("/supplies/rules").await, "There is no rule yet");
    for (query, words) in [
        (
            "item=nothing&at=everywhere&name=",
            "No item has the number nothing.",
        ),
        ("item=&at=&name=", "Name the room or place"),
        (
            "item=&at=&name=Nowhere",
            "No room and no place of stock is called Nowhere.",
        ),
    ] {
        let answer = tech.page(&format!("/supplies/rules/new?{query}")).await;
        assert_eq!(answer.status, 422, "{query}");
        has(&answer, words);
    }
    let answer = tech
        .page(&format!(
            "/supplies/rules/new?item=CANNULA&at=floor-{floor}&name="
        ))
        .await;
    let form = tech.follow(answer).await;
    assert_eq!(form.h1(), "Rule for Item cannula");
    has(&form, "It reaches 2 items at places.");
    has(&form, "If empty: computed from use at each place.");
    let action = "/supplies/rules/form";
    let typed = [("point", "80"), ("target", "200")];
    let fields = filled(&form, action, &typed);
    let list = tech.follow(tech.send_form(action, &fields).await).await;
    has(&list, "Saved. The numbers follow the rule now.");
    has(&list, "reorder point 80, target 200");
    has(&list, &floor_name);
    assert_eq!(
        tech.send_form(action, &fields).await.status,
        303,
        "the same button again"
    );
    assert_eq!(
        count(
            &mut conn,
            "SELECT count(*) FROM audit_log WHERE action = 'stock_rule.added'"
        )
        .await,
        1
    );
    let page = tech.page(&here).await;
    has(&page, &format!("80 eachFrom {floor_name}"));
    let file = tech.page("/supplies/rules.csv?which=above").await;
    assert!(file.body.contains(",Item cannula,floor,"), "{}", file.body);
    // The rule here: what is wrong is named, with what was typed kept.
    let path = format!("/supplies/rules/form?item={item}&at=place-{place}");
    let form = tech.page(&path).await;
    has(&form, "It holds for this item at this place only.");
    has(&form, &format!("If empty: 80 each (From {floor_name}"));
    for (field, value, words) in [
        ("point", "-1", "Reorder point: -1 does not fit."),
        ("point", "1.5", "Give a whole number from 0 to 1,000,000"),
        ("point", "1000000000000", "1000000000000 does not fit"),
        (
            "point",
            "300",
            "Reorder point: 300 is above the target of 200 that is inherited.",
        ),
        (
            "target",
            "50",
            "Target: 50 is below the reorder point of 80.",
        ),
        ("maximum", "100", "Maximum: 100 is below 200"),
        ("fixed", "0", "Give a whole number from 1 to 1,000,000"),
        (
            "fixed",
            "120",
            "Fixed quantity: 120 is no whole number of packs of 50.",
        ),
        ("days", "-3", "Give a number from 0 to 365"),
        ("service", "96", "Service: 96 is none of the choices."),
        ("method", "most", "most is none of the choices."),
    ] {
        let answer = tech
            .send_form(action, &filled(&form, action, &[(field, value)]))
            .await;
        assert_eq!(answer.status, 422, "{field} {value}");
        has(&answer, words);
        assert!(
            field == "service"
                || field == "method"
                || answer.attribute(&format!("#{field}"), "value").as_deref() == Some(value),
            "{field} {value} is kept"
        );
    }
    for (field, value) in [("at", "shelf-1"), ("key", "x"), ("act", "burn")] {
        let answer = tech
            .send_form(action, &filled(&form, action, &[(field, value)]))
            .await;
        assert_eq!(answer.status, 400, "{field}");
    }
    // Two people at the same moment: the second one is told what it is now.
    let admin = app.admin().await;
    let theirs = filled(&admin.page(&path).await, action, &[("point", "90")]);
    let mine = filled(&form, action, &[("point", "70"), ("fixed", "100")]);
    assert_eq!(tech.send_form(action, &mine).await.status, 303);
    let late = admin.send_form(action, &theirs).await;
    assert_eq!(late.status, 409);
    has(&late, "It sets now: reorder point 70, ordered in 100.");
    assert_eq!(late.attribute("#point", "value").as_deref(), Some("90"));
    assert_eq!(in_force(&mut conn, &shelf).await, (70, 200, Some(100)));
    has(&tech.page(&here).await, "70 eachSet here");
    check(&mut conn, item, now, "after the rule here").await;
    // Deleted: it is inherited again.
    let form = tech.page(&path).await;
    let shown = form.attribute("input[name=shown]", "value").unwrap();
    let (id, at, key) = (
        item.to_string(),
        format!("place-{place}"),
        crate::acts::key(),
    );
    let gone = [
        ("key", key.as_str()),
        ("act", "delete"),
        ("item", &id),
        ("at", &at),
        ("shown", &shown),
    ];
    let page = tech.follow(tech.post(action, &gone).await).await;
    has(
        &page,
        "Deleted. What it set is inherited or computed again.",
    );
    has(&page, &format!("80 eachFrom {floor_name}"));
    for path in [
        "/supplies/rules/form?at=room-999999",
        "/supplies/rules/form?item=999999&at=everywhere",
        "/supplies/rules/form?at=x",
    ] {
        assert_eq!(tech.page(path).await.status, 404, "{path}");
    }
    has(
        &tech.page("/supplies/rules?which=places&q=nothing").await,
        "No rule is for an item or place with",
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_that_are_saved_at_the_same_moment_all_end_up_in_force() {
    let database = TestDatabase::new().await;
    let mut conn = database.conn().await;
    let now = Utc::now();
    let ward = Ward::new(&mut conn, now).await;
    let shelf = Shelf::new(&mut conn, ward, "met", RESTOCK, now).await;
    let item = Some(shelf.stock.item_id);
    let place = Scope::Place(shelf.stock.stock_place_id);
    let par = |par| RuleFields {
        par: Some(par),
        ..RuleFields::default()
    };
    // Each of them changes a rule of its own again and again, while somebody receives and issues.
    let mut people = Vec::new();
    for (item_id, scope) in [
        (None, Scope::Everywhere),
        (item, Scope::Everywhere),
        (None, place),
        (item, place),
    ] {
        let mut conn = database.conn().await;
        people.push(tokio::spawn(async move {
            for round in 1..=10 {
                let rule = RuleKey { item_id, scope };
                let fields = match scope {
                    Scope::Everywhere => point(round),
                    _ => par(100 + round),
                };
                save(&mut conn, &shelf, rule, fields, now).await;
            }
        }));
    }
    let mut other = database.conn().await;
    people.push(tokio::spawn(async move {
        for _ in 0..10 {
            let arrive = StockAct::Arrive {
                reason: StockReason::Receive,
                bin_id: shelf.bins[0],
                lot: LotLabel::default(),
                quantity: 13,
                receipt: Receipt::default(),
            };
            shelf.accept(&mut other, arrive, None, now).await;
        }
    }));
    for person in people {
        person.await.unwrap();
    }
    let story = find_rule_story(&conn, shelf.stock).await.unwrap().unwrap();
    assert!(story.row.keeps(&story.found), "{story:?}");
    assert_eq!(in_force(&mut conn, &shelf).await, (10, 110, None));
    check(&mut conn, shelf.stock.item_id, now, "after all of them").await;
}
