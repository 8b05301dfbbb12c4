//! A supply room with an item, and what the database says about it.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, SubsecRound, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Date, Nullable, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use uuid::Uuid;
use wardtrack::clock::Clock;
use wardtrack::ids::{BinId, ItemId, LotId, ReaderId, StockPlaceId, TagId, UserId};
use wardtrack::supplies::acts::{StockAct, StockError, StockForm, StockPosted, perform_stock_form};
use wardtrack::supplies::ledger::StockKey;
use wardtrack::supplies::settle::settle;

use crate::support::TestDatabase;
use crate::support::seed::Hospital;

#[derive(QueryableByName)]
struct Made {
    #[diesel(sql_type = BigInt)]
    id: i64,
}

/// Runs a statement that returns one id.
pub async fn insert(conn: &mut AsyncPgConnection, sql: &str) -> i64 {
    let made: Made = sql_query(sql)
        .get_result(conn)
        .await
        .unwrap_or_else(|error| panic!("{sql}: {error}"));
    made.id
}

/// What every test shares: a ward with people and a reader.
#[derive(Clone, Copy, Debug)]
pub struct Ward {
    pub room: i64,
    pub people: [UserId; 2],
    pub reader: ReaderId,
    pub tag: TagId,
}

impl Ward {
    pub async fn new(conn: &mut AsyncPgConnection, now: DateTime<Utc>) -> Self {
        let hospital = crate::support::seed::hospital(conn, now).await;
        Self::of(&hospital, conn).await
    }

    /// The people and the reader of a hospital that is there.
    pub async fn of(hospital: &Hospital, conn: &mut AsyncPgConnection) -> Self {
        let tag = insert(conn, "SELECT min(id) AS id FROM tag").await;
        let mut people = [UserId(0); 2];
        for (person, name) in people.iter_mut().zip(["stock-one", "stock-two"]) {
            let sql = format!(
                "INSERT INTO app_user (sign_in_name, display_name, role, password_hash) VALUES ('{name}', 'Someone', 'supply', 'none') RETURNING id"
            );
            *person = UserId(insert(conn, &sql).await);
        }
        Self {
            room: hospital.clean,
            people,
            reader: ReaderId(hospital.waiting),
            tag: TagId(tag),
        }
    }
}

/// A database with a ward in it, at a whole second.
pub async fn new_ward() -> (TestDatabase, AsyncPgConnection, Ward, DateTime<Utc>) {
    let database = TestDatabase::new().await;
    let now = Clock::system().now().trunc_subsecs(0);
    let mut conn = database.conn().await;
    let ward = Ward::new(&mut conn, now).await;
    (database, conn, ward, now)
}

/// An item in two bins of a place, and one bin of another place.
#[derive(Clone, Copy, Debug)]
pub struct Shelf {
    pub ward: Ward,
    pub stock: StockKey,
    pub bins: [BinId; 2],
    pub other: (StockPlaceId, BinId),
    pub two_bins: bool,
}

/// How the item is restocked.
#[derive(Clone, Copy, Debug)]
pub struct Restock {
    pub reorder_point: i64,
    pub par: i64,
    pub pack: i64,
    pub two_bins: bool,
}

impl Shelf {
    pub async fn new(
        conn: &mut AsyncPgConnection,
        ward: Ward,
        name: &str,
        restock: Restock,
        now: DateTime<Utc>,
    ) -> Self {
        let item = insert(
            conn,
            &format!(
                "INSERT INTO item (item_number, name) VALUES ('{name}', 'Item {name}') RETURNING id"
            ),
        )
        .await;
        let place = |place: &str| {
            format!(
                "INSERT INTO stock_place (kind, name, room_id) VALUES ('room', '{place} {name}', {}) RETURNING id",
                ward.room
            )
        };
        let here = insert(conn, &place("Store")).await;
        let there = insert(conn, &place("Other")).await;
        let mut bins = [0; 3];
        for (bin, (place, label)) in
            bins.iter_mut()
                .zip([(here, "A-01"), (here, "A-02"), (there, "B-01")])
        {
            let sql = format!(
                "INSERT INTO bin (stock_place_id, name) VALUES ({place}, '{label}') RETURNING id"
            );
            *bin = insert(conn, &sql).await;
        }
        let [first, second, other] = bins;
        let Restock {
            reorder_point,
            par,
            pack,
            two_bins,
        } = restock;
        let (second_bin, fixed) = if two_bins {
            (second.to_string(), pack.to_string())
        } else {
            ("NULL".to_owned(), "NULL".to_owned())
        };
        conn.batch_execute(&format!(
            "INSERT INTO stocking (item_id, stock_place_id, bin_id, second_bin_id, reorder_point, par, pack_units, fixed_quantity)
             VALUES ({item}, {here}, {first}, {second_bin}, {reorder_point}, {par}, {pack}, {fixed}),
                    ({item}, {there}, {other}, NULL, 0, 10, 1, NULL)"
        ))
        .await
        .unwrap();
        let stock_place_id = StockPlaceId(here);
        // A new rule is settled by whoever makes it.
        let keys = [here, there].map(|place| StockKey {
            item_id: ItemId(item),
            stock_place_id: StockPlaceId(place),
        });
        settle(conn, &keys, now).await.unwrap();
        Self {
            ward,
            stock: StockKey {
                item_id: ItemId(item),
                stock_place_id,
            },
            bins: [BinId(first), BinId(second)],
            other: (StockPlaceId(there), BinId(other)),
            two_bins,
        }
    }

    /// A form of the first person.
    pub fn form<'a>(&self, key: Uuid, act: StockAct<'a>, note: Option<&'a str>) -> StockForm<'a> {
        StockForm {
            key,
            user_id: self.ward.people[0],
            stock: self.stock,
            act,
            note,
            location: "/",
        }
    }

    /// Carries out a form that must be accepted.
    pub async fn accept(
        &self,
        conn: &mut AsyncPgConnection,
        act: StockAct<'_>,
        note: Option<&str>,
        now: DateTime<Utc>,
    ) -> StockPosted {
        let form = self.form(Uuid::new_v4(), act, note);
        perform_stock_form(conn, &form, now)
            .await
            .unwrap_or_else(|error| panic!("{act:?}: {error:?}"))
    }

    /// Carries out a form that must be refused.
    pub async fn refuse(
        &self,
        conn: &mut AsyncPgConnection,
        act: StockAct<'_>,
        note: Option<&str>,
        now: DateTime<Utc>,
    ) -> wardtrack::supplies::acts::StockRefusal {
        let form = self.form(Uuid::new_v4(), act, note);
        match perform_stock_form(conn, &form, now).await {
            Err(StockError::Refused(refusal)) => refusal,
            other => panic!("{act:?} was not refused: {other:?}"),
        }
    }

    /// Lots of the item.
    pub async fn lots(&self, conn: &mut AsyncPgConnection) -> Vec<LotId> {
        #[derive(QueryableByName)]
        struct Row {
            #[diesel(sql_type = BigInt)]
            id: LotId,
        }
        let rows: Vec<Row> = sql_query("SELECT id FROM lot WHERE item_id = $1 ORDER BY id")
            .bind::<BigInt, _>(self.stock.item_id)
            .load(conn)
            .await
            .unwrap();
        rows.into_iter().map(|row| row.id).collect()
    }
}

#[derive(QueryableByName)]
struct MoveRow {
    #[diesel(sql_type = BigInt)]
    stock_place_id: i64,
    #[diesel(sql_type = BigInt)]
    bin_id: i64,
    #[diesel(sql_type = BigInt)]
    lot_id: i64,
    #[diesel(sql_type = BigInt)]
    quantity: i64,
}

#[derive(QueryableByName)]
struct LevelRow {
    #[diesel(sql_type = BigInt)]
    bin_id: i64,
    #[diesel(sql_type = BigInt)]
    lot_id: i64,
    #[diesel(sql_type = BigInt)]
    on_hand: i64,
}

#[derive(QueryableByName)]
struct LotRow {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = Text)]
    state: String,
    #[diesel(sql_type = Nullable<Date>)]
    expires_on: Option<NaiveDate>,
}

#[derive(QueryableByName)]
struct OrderRow {
    #[diesel(sql_type = BigInt)]
    stock_place_id: i64,
    #[diesel(sql_type = Text)]
    state: String,
    #[diesel(sql_type = BigInt)]
    quantity_suggested: i64,
    #[diesel(sql_type = Nullable<BigInt>)]
    quantity_ordered: Option<i64>,
    #[diesel(sql_type = BigInt)]
    quantity_received: i64,
    #[diesel(sql_type = Nullable<Date>)]
    quiet_until: Option<NaiveDate>,
}

#[derive(QueryableByName)]
struct StockingRow {
    #[diesel(sql_type = BigInt)]
    stock_place_id: i64,
    #[diesel(sql_type = BigInt)]
    reorder_point: i64,
    #[diesel(sql_type = BigInt)]
    par: i64,
    #[diesel(sql_type = BigInt)]
    pack_units: i64,
    #[diesel(sql_type = Nullable<BigInt>)]
    second_bin_id: Option<i64>,
    #[diesel(sql_type = BigInt)]
    empty_bins: i64,
}

#[derive(QueryableByName)]
struct KeyRow {
    #[diesel(sql_type = Text)]
    alert_key: String,
}

async fn load<T>(conn: &mut AsyncPgConnection, sql: &str, item: ItemId) -> Vec<T>
where
    T: QueryableByName<diesel::pg::Pg> + Send + 'static,
{
    sql_query(sql)
        .bind::<BigInt, _>(item)
        .load(conn)
        .await
        .unwrap_or_else(|error| panic!("{sql}: {error}"))
}

/// The reference model: everything is counted again from the ledger and the order lines alone, in the plainest way, and held against
/// levels, alerts and suggestions as the database has them.
pub async fn check(conn: &mut AsyncPgConnection, item: ItemId, now: DateTime<Utc>, what: &str) {
    let moves: Vec<MoveRow> = load(
        conn,
        "SELECT stock_place_id, bin_id, lot_id, quantity FROM stock_move WHERE item_id = $1",
        item,
    )
    .await;
    let lots: Vec<LotRow> = load(
        conn,
        "SELECT id, state, expires_on FROM lot WHERE item_id = $1",
        item,
    )
    .await;
    let orders: Vec<OrderRow> = load(
        conn,
        "SELECT stock_place_id, state, quantity_suggested, quantity_ordered, quantity_received, quiet_until
         FROM order_line WHERE item_id = $1",
        item,
    )
    .await;
    let stockings: Vec<StockingRow> = load(
        conn,
        "SELECT s.stock_place_id, s.reorder_point, s.par, s.pack_units, s.second_bin_id,
                (SELECT count(*) FROM bin b WHERE b.id IN (s.bin_id, s.second_bin_id) AND b.empty_since IS NOT NULL) AS empty_bins
         FROM stocking s WHERE s.item_id = $1",
        item,
    )
    .await;
    // The ledger is the truth: a level is the sum of its moves, no more and no fewer.
    let mut sums: BTreeMap<(i64, i64), i64> = BTreeMap::new();
    for next in &moves {
        *sums.entry((next.bin_id, next.lot_id)).or_default() += next.quantity;
    }
    let levels: Vec<LevelRow> = load(
        conn,
        "SELECT bin_id, lot_id, on_hand FROM stock_level WHERE item_id = $1",
        item,
    )
    .await;
    let levels: BTreeMap<(i64, i64), i64> = levels
        .iter()
        .map(|l| ((l.bin_id, l.lot_id), l.on_hand))
        .collect();
    assert_eq!(levels, sums, "{what}: levels and sums of the ledger");
    // The zone of the facility in the seed.
    let today = now.with_timezone(&chrono_tz::Europe::London).date_naive();
    let usable: BTreeSet<i64> = lots
        .iter()
        .filter(|lot| lot.state == "usable" && lot.expires_on.is_none_or(|day| day >= today))
        .map(|lot| lot.id)
        .collect();
    let (mut wanted_alerts, mut wanted_drafts) = (BTreeSet::new(), BTreeMap::new());
    for stocking in &stockings {
        let place = stocking.stock_place_id;
        let available: i64 = moves
            .iter()
            .filter(|next| next.stock_place_id == place && usable.contains(&next.lot_id))
            .map(|next| next.quantity)
            .sum();
        let here: Vec<&OrderRow> = orders
            .iter()
            .filter(|o| o.stock_place_id == place)
            .collect();
        let on_order: i64 = here
            .iter()
            .filter(|o| ["approved", "sent", "part_received"].contains(&o.state.as_str()))
            .map(|o| (o.quantity_ordered.unwrap() - o.quantity_received).max(0))
            .sum();
        let is_quiet = here
            .iter()
            .any(|o| o.state == "rejected" && o.quiet_until.unwrap() > today);
        let needs = if stocking.second_bin_id.is_some() {
            // An order counts in bins, to the nearest.
            let ordered = (1_i64..1_000)
                .take_while(|bins| 2 * on_order >= (2 * bins - 1) * stocking.pack_units)
                .count();
            (stocking.empty_bins - i64::try_from(ordered).unwrap()).max(0) * stocking.pack_units
        } else if available + on_order <= stocking.reorder_point {
            // Whole packs, at least one, one by one until the target is reached.
            let mut quantity = stocking.pack_units;
            while available + on_order + quantity < stocking.par {
                quantity += stocking.pack_units;
            }
            quantity
        } else {
            0
        };
        let mut alert = |kind: &str, is_true: bool| {
            if is_true {
                wanted_alerts.insert(format!("{kind}:item={item}:place={place}"));
            }
        };
        alert("stockout", available <= 0);
        alert("reorder", needs > 0);
        alert(
            "both_bins_empty",
            stocking.second_bin_id.is_some() && stocking.empty_bins == 2,
        );
        if needs > 0 && !is_quiet {
            wanted_drafts.insert(place, needs);
        }
    }
    let mut by_bin: BTreeMap<i64, bool> = BTreeMap::new();
    for ((bin, _), on_hand) in &sums {
        *by_bin.entry(*bin).or_default() |= *on_hand < 0;
    }
    for (bin, is_short) in by_bin {
        if is_short {
            wanted_alerts.insert(format!("count_discrepancy:item={item}:bin={bin}"));
        }
    }
    let drafts: Vec<(i64, i64)> = orders
        .iter()
        .filter(|o| o.state == "suggested")
        .map(|o| (o.stock_place_id, o.quantity_suggested))
        .collect();
    let wanted: Vec<(i64, i64)> = wanted_drafts.into_iter().collect();
    let mut sorted = drafts.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, wanted, "{what}: suggestions (R19)");
    let active: Vec<KeyRow> = load(
        conn,
        "SELECT alert_key FROM alert WHERE item_id = $1 AND is_active AND kind <> 'expiry' ORDER BY alert_key",
        item,
    )
    .await;
    let active: BTreeSet<String> = active.into_iter().map(|row| row.alert_key).collect();
    assert_eq!(active, wanted_alerts, "{what}: active alerts (R22, R23)");
}
