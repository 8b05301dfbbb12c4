//! Every page, opened while the server counts how it reads.

use std::collections::BTreeMap;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use reqwest::Method;
use wardtrack::web::routes;

use super::{BIG_ROWS, number};
use crate::support::TestApp;

/// Addresses that show no list: nothing to open, a stream that does not end, or the report of one file that somebody sent.
const NO_LISTS: [&str; 10] = [
    "/supplies/import/{key}",
    "/supplies/import/{key}/errors",
    "/equipment/import/{key}",
    "/equipment/import/{key}/errors",
    "/static/{hash}/{path:.*}",
    "/live/events",
    "/set-up/{token}",
    "/wall",
    "/wall/{secret}",
    "/live",
];

/// Opens every page while the server counts how it reads.
pub async fn open_pages(app: &TestApp, mut conn: AsyncPgConnection) {
    let ids = Ids::find(&mut conn).await;
    let admin = app.admin().await;
    drop(conn);
    let mut conn = only_connection(app).await;
    let before = count_scans(&mut conn).await;
    assert!(before.len() > 6, "{before:?}");
    let pages = routes::TABLE
        .iter()
        .filter(|entry| entry.method == "GET" && !NO_LISTS.contains(&entry.path));
    for entry in pages {
        for address in ids.addresses(entry.path) {
            // Of a file the first rows are enough: the others are read in the same way.
            let status = if entry.path.contains("csv") {
                let answer = admin.request(Method::GET, &address).send().await;
                let mut answer = answer.unwrap();
                answer.chunk().await.unwrap();
                answer.status().as_u16()
            } else {
                admin.page(&address).await.status
            };
            assert!(status < 500, "{address} answers {status}");
            // A floor without a plan has none to download.
            let is_there = status != 404 || entry.path.ends_with("/geojson");
            assert!(is_there, "{address} is not there");
        }
    }
    drop(conn);
    let mut conn = only_connection(app).await;
    let after = count_scans(&mut conn).await;
    let read: Vec<_> = after
        .iter()
        .filter(|(table, scans)| before.get(*table).is_some_and(|before| before != *scans))
        .collect();
    assert!(read.is_empty(), "pages read all of {read:?}");
    // The check itself: reading all of a table is counted.
    conn.batch_execute("SELECT count(*) FROM asset WHERE status_since < now()")
        .await
        .unwrap();
    drop(conn);
    let again = count_scans(&mut only_connection(app).await).await;
    assert_eq!(again["asset"], after["asset"] + 1);
}

/// How often each big table was read from end to end.
async fn count_scans(conn: &mut AsyncPgConnection) -> BTreeMap<String, i64> {
    #[derive(QueryableByName)]
    struct Scans {
        #[diesel(sql_type = Text)]
        name: String,
        #[diesel(sql_type = BigInt)]
        scans: i64,
    }
    let rows: Vec<Scans> = diesel::sql_query(
        "SELECT s.relname::text AS name, s.seq_scan AS scans \
         FROM pg_stat_user_tables s JOIN pg_class c ON c.oid = s.relid WHERE c.reltuples >= $1",
    )
    .bind::<BigInt, _>(BIG_ROWS)
    .load(conn)
    .await
    .unwrap();
    rows.into_iter().map(|row| (row.name, row.scans)).collect()
}

/// Ends every connection to the database: with its end each has told the server's statistics what it did.
async fn only_connection(app: &TestApp) -> AsyncPgConnection {
    let mut conn = AsyncPgConnection::establish(app.database_url().expose())
        .await
        .unwrap();
    let others = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() \
                  AND backend_type = 'client backend'";
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(30);
    loop {
        let left = number(
            &mut conn,
            &format!("SELECT count(*) FILTER (WHERE pg_terminate_backend(pid)) {others}"),
        )
        .await;
        if left == 0 {
            return conn;
        }
        assert!(
            std::time::Instant::now() < deadline,
            "{left} connections do not end"
        );
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

/// Rows to open pages of.
struct Ids {
    asset: i64,
    room: i64,
    floor: i64,
    unit: i64,
    asset_type: i64,
    quarantine: i64,
    synonym: i64,
    model: i64,
    tag: i64,
    par: i64,
    order_line: i64,
    order: i64,
    item: i64,
    lot: i64,
    supplier: i64,
    round: i64,
    stock_place: i64,
    count: i64,
}

impl Ids {
    async fn find(conn: &mut AsyncPgConnection) -> Self {
        Self {
            asset: number(conn, "SELECT min(id) + 77 FROM asset").await,
            room: number(conn, "SELECT min(id) + 5 FROM room").await,
            floor: number(conn, "SELECT min(id) FROM floor").await,
            unit: number(conn, "SELECT min(id) FROM unit").await,
            asset_type: number(conn, "SELECT min(id) FROM asset_type").await,
            quarantine: number(conn, "SELECT min(id) FROM quarantine").await,
            synonym: number(conn, "SELECT min(id) FROM synonym").await,
            model: number(conn, "SELECT min(id) FROM model").await,
            tag: number(conn, "SELECT min(id) + 77 FROM tag").await,
            par: number(conn, "SELECT min(id) FROM equipment_par").await,
            order_line: number(conn, "SELECT min(id) + 77 FROM order_line").await,
            order: number(conn, "SELECT max(id) FROM supply_order").await,
            item: number(conn, "SELECT min(id) + 77 FROM item").await,
            lot: number(conn, "SELECT min(id) + 77 FROM lot").await,
            supplier: number(conn, "SELECT min(id) FROM supplier").await,
            round: number(conn, "SELECT min(id) FROM supply_round").await,
            stock_place: number(conn, "SELECT min(id) + 7 FROM stock_place").await,
            count: number(conn, "SELECT min(id) FROM count_session").await,
        }
    }

    /// Every kind of text with everything that a page of results can be narrowed to, sorted by and measured from.
    fn list_queries(&self) -> Vec<String> {
        let Self {
            unit,
            floor,
            room,
            asset_type,
            ..
        } = *self;
        let rare = asset_type + 3;
        let sources = [
            "sort=nearest".to_owned(),
            "q=infusion+pump".to_owned(),
            "q=device+kind".to_owned(),
            "q=maker".to_owned(),
            "q=ip-0001".to_owned(),
            "q=IP-000123".to_owned(),
            "q=sn77".to_owned(),
            "q=infusoin+pmup".to_owned(),
            "q=%25".to_owned(),
            format!("type={asset_type}"),
            format!("type={rare}"),
        ];
        let views = [
            String::new(),
            format!("&from=unit-{unit}"),
            format!("&from=room-{room}"),
            format!("&place=unit-{unit}"),
            format!("&place=floor-{floor}"),
            format!("&place=room-{room}&from=unit-{unit}"),
            "&status=ready".to_owned(),
            "&status=soiled".to_owned(),
            "&status=held".to_owned(),
            "&certainty=sure".to_owned(),
            "&certainty=unknown".to_owned(),
            format!("&owner={unit}"),
            format!("&sort=newest&from=unit-{unit}"),
            "&sort=number".to_owned(),
        ];
        let mut queries = vec![String::new()];
        for source in &sources {
            queries.extend(views.iter().map(|view| format!("{source}{view}")));
        }
        queries
    }

    /// What to open of an entry of the table of addresses.
    fn addresses(&self, pattern: &str) -> Vec<String> {
        let area = pattern.split('/').nth(1).unwrap_or_default();
        let path = if pattern.contains('{') {
            let id = match pattern.split("/{").next().unwrap_or_default() {
                "/equipment/types" => self.asset_type,
                "/equipment/models" => self.model,
                "/equipment/tags" => self.tag,
                "/board/par" => self.par,
                "/board" => self.unit,
                "/assets" | "/labels/fault" => self.asset,
                "/rooms" => self.room,
                "/plan" => self.floor,
                "/quarantine" => self.quarantine,
                "/synonyms" => self.synonym,
                "/reorder" => self.order_line,
                "/orders" => self.order,
                "/supplies/lots" => self.lot,
                "/supplies/places" => self.stock_place,
                "/counts" => self.count,
                "/supplies/items" => self.item,
                "/supplies/suppliers" => self.supplier,
                "/supplies/rounds" => self.round,
                _ => panic!("say here what to open for {pattern}"),
            };
            let path = pattern.replace("{id}", &id.to_string());
            assert!(!path.contains('{'), "say here what to open for {pattern}");
            path
        } else {
            pattern.to_owned()
        };
        let queries = match area {
            "find" => self.list_queries(),
            // A file of everything takes its time, so not every text meets every filter: each meets the plain list of the other.
            "find.csv" => {
                let rare = format!("type={}", self.asset_type + 3);
                let plain = |query: &String| !query.contains('&') || query.starts_with(&rare);
                self.list_queries().into_iter().filter(plain).collect()
            }
            "rooms" if path == "/rooms" => vec![String::new(), format!("floor={}", self.floor)],
            "plan" => vec![
                String::new(),
                format!("type={}", self.asset_type),
                "q=infusion+pump".to_owned(),
                "q=maker".to_owned(),
                "q=ip-0001".to_owned(),
            ],
            "scan" => vec![String::new(), format!("place={}", self.stock_place)],
            "reorder" if pattern == routes::REORDER => vec![
                String::new(),
                "group=supplier".to_owned(),
                "state=approved&group=supplier".to_owned(),
                "group=round".to_owned(),
            ],
            "reorder.csv" => vec![String::new(), "group=supplier".to_owned()],
            "orders" if pattern == routes::ORDERS => {
                vec![
                    String::new(),
                    "which=done".to_owned(),
                    "which=all".to_owned(),
                ]
            }
            "supplies" if pattern == routes::SUPPLIES => {
                vec![String::new(), "q=item+17".to_owned(), "q=E42".to_owned()]
            }
            "supplies" if pattern == routes::ITEMS_CSV => vec![
                String::new(),
                "q=item+17".to_owned(),
                "q=E42&places=1".to_owned(),
            ],
            "supplies" if pattern == routes::ITEM_CSV || pattern == routes::ITEM_HOW => {
                vec![format!("place={}", self.stock_place)]
            }
            "supplies" if pattern == routes::RULES || pattern == routes::RULES_CSV => vec![
                String::new(),
                "which=places&after=700".to_owned(),
                "which=places&q=item+17".to_owned(),
                "which=above&q=floor".to_owned(),
            ],
            "supplies" if pattern == routes::RULE_FORM => vec![
                format!("item={}&at=place-{}", self.item, self.stock_place),
                format!("item={}&at=floor-{}", self.item, self.floor),
            ],
            "supplies" if pattern == routes::RULE_NEW => {
                vec![
                    String::new(),
                    "item=E17&at=&name=explained+store+3".to_owned(),
                ]
            }
            "quarantine" if path == "/quarantine" => {
                vec![String::new(), "reason=not_json".to_owned()]
            }
            _ => vec![String::new()],
        };
        let address = |query: String| {
            if query.is_empty() {
                path.clone()
            } else {
                format!("{path}?{query}")
            }
        };
        queries.into_iter().map(address).collect()
    }
}
