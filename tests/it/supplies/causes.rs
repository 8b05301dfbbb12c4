//! Every way in which stock can become less, as people and readers go it, raises its alerts in the transaction of the cause: neither is there
//! without the other.

use chrono::{DateTime, Utc};
use diesel::result::Error as QueryError;
use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection};
use uuid::Uuid;
use wardtrack::db::types::StockReason;
use wardtrack::ids::{CountSessionId, ReaderId, TagId};
use wardtrack::supplies::acts::{LotLabel, Receipt, StockAct, StockPosted, perform_stock_form};
use wardtrack::supplies::counts::{
    CountAct, CountDone, CountForm, list_count_lines, perform_count_form,
};
use wardtrack::supplies::ledger::StockKey;
use wardtrack::supplies::reads::{InventoryPart, StockRead, StockReads, apply_reads};

use super::lowering::alerts_at;
use super::world::{Restock, Shelf, Ward, check, insert, new_ward};
use crate::acts::count;

/// What is there before the cause, and gone after it.
const ALL: i64 = 30;
const RESTOCK: Restock = Restock {
    reorder_point: 12,
    par: 40,
    pack: 10,
    two_bins: false,
};
const TWO_BINS: Restock = Restock {
    reorder_point: 0,
    par: 0,
    pack: ALL,
    two_bins: true,
};

/// How stock becomes less.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cause {
    Issued,
    Moved,
    MoveTakenBack,
    SetRight,
    SettingRightTakenBack,
    Counted,
    WrittenOff,
    SentBack,
    MissedThreeTimes,
    SeenInAnotherCabinet,
    BinSaidEmpty,
    CardAtTheBoard,
    SeenAtTheDoor,
    ReceiptTakenBack,
    ReturnTakenBack,
    RefillTakenBack,
}

/// All the ways in which moves of a reason can lower stock. A new reason does not compile before somebody says which.
fn causes(reason: StockReason) -> &'static [Cause] {
    match reason {
        StockReason::Receive => &[Cause::ReceiptTakenBack],
        StockReason::Issue => &[Cause::Issued],
        StockReason::Return => &[Cause::ReturnTakenBack],
        StockReason::Transfer => &[Cause::Moved, Cause::MoveTakenBack],
        StockReason::Adjust => &[Cause::SetRight, Cause::SettingRightTakenBack],
        StockReason::Count => &[Cause::Counted],
        StockReason::WriteOff => &[Cause::WrittenOff],
        StockReason::ReturnToSupplier => &[Cause::SentBack],
        StockReason::CabinetTake => &[Cause::MissedThreeTimes, Cause::SeenInAnotherCabinet],
        // What a cabinet sees for the first time; readers take nothing back.
        StockReason::CabinetPut => &[],
        StockReason::EmptyBin => &[Cause::BinSaidEmpty, Cause::CardAtTheBoard],
        StockReason::Refill => &[Cause::RefillTakenBack],
        StockReason::Exit => &[Cause::SeenAtTheDoor],
    }
}

/// The last step of a cause: what is carried out in one transaction.
enum Step {
    Form(StockAct<'static>, Option<&'static str>),
    Reads(StockReads),
    Post(CountSessionId),
}

/// A shelf on which a cause is one step away, and where stock will be less.
struct Scene {
    shelf: Shelf,
    watched: StockKey,
    step: Step,
    /// What of the alerts the step raises: nothing is left, or less than the reorder point.
    raised: &'static [&'static str],
}

impl Scene {
    /// The step, as whoever causes it takes it.
    async fn take(&self, conn: &mut AsyncPgConnection, now: DateTime<Utc>) {
        match &self.step {
            Step::Form(act, note) => {
                let form = self.shelf.form(Uuid::new_v4(), *act, *note);
                let posted = perform_stock_form(conn, &form, now).await;
                assert!(matches!(posted, Ok(StockPosted::Done { .. })), "{posted:?}");
            }
            Step::Reads(reads) => {
                assert!(
                    apply_reads(conn, reads, now).await.unwrap() > 0,
                    "nothing moved"
                );
            }
            Step::Post(session) => {
                let act = CountAct::Post { reason: "looked" };
                let done = on_count(conn, &self.shelf, (0, Some(*session)), act, now).await;
                let CountDone::Done {
                    number,
                    must_count_again: false,
                    ..
                } = done
                else {
                    panic!("{done:?}")
                };
                assert_eq!(number, 1);
            }
        }
    }

    /// Moves of a reason that lowered what is watched.
    async fn moves(&self, conn: &mut AsyncPgConnection, reason: StockReason) -> i64 {
        let sql = format!(
            "SELECT count(*) FROM stock_move WHERE item_id = {} AND stock_place_id = {} AND reason = '{}' AND quantity < 0",
            self.watched.item_id,
            self.watched.stock_place_id,
            reason.as_str()
        );
        count(conn, &sql).await
    }

    async fn new(
        conn: &mut AsyncPgConnection,
        ward: Ward,
        (reason, cause): (StockReason, Cause),
        now: DateTime<Utc>,
    ) -> Self {
        let restock = match cause {
            Cause::BinSaidEmpty | Cause::CardAtTheBoard | Cause::RefillTakenBack => TWO_BINS,
            _ => RESTOCK,
        };
        let shelf = Shelf::new(conn, ward, &format!("{cause:?}"), restock, now).await;
        let mut scene = Self {
            watched: shelf.stock,
            shelf,
            step: Step::Reads(StockReads::default()),
            raised: &["reorder", "stockout"],
        };
        scene.step = match cause {
            Cause::Issued | Cause::WrittenOff | Cause::SentBack => {
                scene.put(conn, ALL, now).await;
                let leave = StockAct::Leave {
                    reason,
                    bin_id: None,
                    lot_id: None,
                    quantity: ALL,
                };
                Step::Form(leave, Some("it is gone"))
            }
            Cause::Moved => {
                scene.put(conn, ALL, now).await;
                Step::Form(scene.transfer(), None)
            }
            Cause::MoveTakenBack => {
                scene.put(conn, ALL, now).await;
                scene.watched.stock_place_id = shelf.other.0;
                scene.then_undo(conn, scene.transfer(), now).await
            }
            Cause::SetRight => {
                scene.put(conn, ALL, now).await;
                Step::Form(scene.adjust(conn, -ALL).await, Some("seen"))
            }
            Cause::SettingRightTakenBack => {
                // One is left, which is below the reorder point.
                scene.raised = &["reorder"];
                scene.put(conn, 1, now).await;
                let more = scene.adjust(conn, ALL).await;
                scene.then_undo(conn, more, now).await
            }
            Cause::Counted => {
                scene.put(conn, ALL, now).await;
                Step::Post(scene.count_nothing(conn, now).await)
            }
            Cause::MissedThreeTimes | Cause::SeenInAnotherCabinet => {
                scene.cabinets(conn, cause, now).await
            }
            Cause::BinSaidEmpty => {
                scene.put(conn, ALL, now).await;
                let bin_id = shelf.bins[0];
                Step::Form(StockAct::EmptyBin { bin_id }, None)
            }
            Cause::CardAtTheBoard => {
                scene.put(conn, ALL, now).await;
                let card = new_tag(conn, "card").await;
                let bin = shelf.bins[0];
                conn.batch_execute(&format!(
                    "INSERT INTO bin_card (tag_id, bin_id) VALUES ({card}, {bin})"
                ))
                .await
                .unwrap();
                Step::Reads(StockReads {
                    cards: vec![read(ward.reader, card, now)],
                    ..StockReads::default()
                })
            }
            Cause::SeenAtTheDoor => {
                scene.put(conn, ALL, now).await;
                let label = scene.label(conn, Some(shelf.bins[0].0)).await;
                Step::Reads(StockReads {
                    exits: vec![read(ward.reader, label, now)],
                    ..StockReads::default()
                })
            }
            Cause::ReceiptTakenBack | Cause::ReturnTakenBack => {
                scene.then_undo(conn, scene.arrival(reason, ALL), now).await
            }
            Cause::RefillTakenBack => {
                let bin_id = shelf.bins[0];
                shelf
                    .accept(conn, StockAct::EmptyBin { bin_id }, None, now)
                    .await;
                let refill = StockAct::Refill {
                    bin_id,
                    lot: LotLabel::default(),
                    quantity: None,
                };
                scene.then_undo(conn, refill, now).await
            }
        };
        scene
    }

    fn arrival(&self, reason: StockReason, quantity: i64) -> StockAct<'static> {
        StockAct::Arrive {
            reason,
            bin_id: self.shelf.bins[0],
            lot: LotLabel::default(),
            quantity,
            receipt: Receipt::default(),
        }
    }

    async fn put(&self, conn: &mut AsyncPgConnection, quantity: i64, now: DateTime<Utc>) {
        let act = self.arrival(StockReason::Return, quantity);
        self.shelf.accept(conn, act, None, now).await;
    }

    fn transfer(&self) -> StockAct<'static> {
        StockAct::Transfer {
            bin_id: self.shelf.bins[0],
            lot_id: None,
            to: self.shelf.other,
            quantity: ALL,
        }
    }

    async fn adjust(&self, conn: &mut AsyncPgConnection, change: i64) -> StockAct<'static> {
        StockAct::Adjust {
            bin_id: self.shelf.bins[0],
            lot_id: self.shelf.lots(conn).await[0],
            change,
        }
    }

    /// Carries an act out; the step is to take it back.
    async fn then_undo(
        &self,
        conn: &mut AsyncPgConnection,
        act: StockAct<'static>,
        now: DateTime<Utc>,
    ) -> Step {
        let form = self.shelf.form(Uuid::new_v4(), act, Some("a mistake"));
        perform_stock_form(conn, &form, now).await.unwrap();
        Step::Form(StockAct::Undo { form_key: form.key }, None)
    }

    /// A count that finds nothing, twice; the step is to post it.
    async fn count_nothing(
        &self,
        conn: &mut AsyncPgConnection,
        now: DateTime<Utc>,
    ) -> CountSessionId {
        let stock_place_id = self.shelf.stock.stock_place_id;
        let open = CountAct::Open { stock_place_id };
        let CountDone::Done { session_id, .. } =
            on_count(conn, &self.shelf, (0, None), open, now).await
        else {
            panic!("opened before")
        };
        let lines = list_count_lines(conn, session_id).await.unwrap();
        let [line] = lines.as_slice() else {
            panic!("{lines:?}")
        };
        let line_id = line.count_line_id;
        let enter = |round| CountAct::Enter {
            line_id,
            round,
            quantity: 0,
        };
        let lines = [line_id];
        for (person, act) in [
            (0, CountAct::Start { lines: &lines }),
            (0, enter(1)),
            (0, CountAct::Review),
            (1, enter(2)),
        ] {
            on_count(conn, &self.shelf, (person, Some(session_id)), act, now).await;
        }
        session_id
    }

    /// A label of all the pieces, in a bin or nowhere yet.
    async fn label(&self, conn: &mut AsyncPgConnection, bin: Option<i64>) -> TagId {
        let item = self.shelf.stock.item_id;
        let tag = new_tag(conn, &format!("piece-{item}")).await;
        let bin = bin.map_or_else(|| "NULL".to_owned(), |bin| bin.to_string());
        conn.batch_execute(&format!(
            "INSERT INTO lot (item_id, first_received_at) VALUES ({item}, now()) ON CONFLICT DO NOTHING;
             INSERT INTO unit_tag (tag_id, item_id, lot_id, units, bin_id) SELECT {tag}, {item}, min(id), {ALL}, {bin} FROM lot WHERE item_id = {item}"
        ))
        .await
        .unwrap();
        tag
    }

    /// Two cabinets; the first one holds all. It misses them twice, and the step is its third inventory; or that of the other, which sees them.
    async fn cabinets(
        &self,
        conn: &mut AsyncPgConnection,
        cause: Cause,
        now: DateTime<Utc>,
    ) -> Step {
        let places = [self.shelf.stock.stock_place_id, self.shelf.other.0];
        let mut readers = [ReaderId(0); 2];
        for (reader, place) in readers.iter_mut().zip(places) {
            let sql = format!(
                "INSERT INTO reader (reader_key, technology, state, approved_at) VALUES ('cabinet-{place}', 'rfid', 'active', now()) RETURNING id"
            );
            *reader = ReaderId(insert(conn, &sql).await);
            conn.batch_execute(&format!(
                "UPDATE stock_place SET kind = 'cabinet', reader_id = {reader} WHERE id = {place}"
            ))
            .await
            .unwrap();
        }
        let label = self.label(conn, None).await;
        let inventory = |cabinet: usize, seq: i64, tag_ids: &[TagId]| StockReads {
            parts: vec![InventoryPart {
                reader_id: readers[cabinet],
                stock_place_id: places[cabinet],
                batch_id: Uuid::new_v4(),
                seq,
                part: 1,
                parts: 1,
                taken_at: now + chrono::TimeDelta::seconds(seq - 60),
                tag_ids: tag_ids.to_vec(),
                ..InventoryPart::default()
            }],
            ..StockReads::default()
        };
        let mut before = vec![inventory(0, 1, &[label])];
        if cause == Cause::MissedThreeTimes {
            before.extend([inventory(0, 2, &[]), inventory(0, 3, &[])]);
        }
        for reads in &before {
            conn.transaction::<_, QueryError, _>(async |conn| apply_reads(conn, reads, now).await)
                .await
                .unwrap();
        }
        Step::Reads(match cause {
            Cause::SeenInAnotherCabinet => inventory(1, 4, &[label]),
            _ => inventory(0, 4, &[]),
        })
    }
}

async fn new_tag(conn: &mut AsyncPgConnection, name: &str) -> TagId {
    let sql =
        format!("INSERT INTO tag (tag_key, technology) VALUES ('x:{name}', 'rfid') RETURNING id");
    TagId(insert(conn, &sql).await)
}

fn read(reader_id: ReaderId, tag_id: TagId, seen_at: DateTime<Utc>) -> StockRead {
    StockRead {
        reader_id,
        batch_id: Uuid::new_v4(),
        tag_id,
        seen_at,
    }
}

async fn on_count(
    conn: &mut AsyncPgConnection,
    shelf: &Shelf,
    (person, session_id): (usize, Option<CountSessionId>),
    act: CountAct<'_>,
    now: DateTime<Utc>,
) -> CountDone {
    let form = CountForm {
        key: Uuid::new_v4(),
        user_id: shelf.ward.people[person],
        session_id,
        act,
        location: "/",
    };
    perform_count_form(conn, &form, now)
        .await
        .unwrap_or_else(|error| panic!("{act:?}: {error:?}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn r23_whatever_lowers_stock_raises_its_alerts_in_its_own_transaction() {
    let (_database, mut conn, ward, now) = new_ward().await;
    for reason in StockReason::ALL {
        for cause in causes(*reason) {
            let scene = Scene::new(&mut conn, ward, (*reason, *cause), now).await;
            let watched = scene.watched;
            let before = scene.moves(&mut conn, *reason).await;
            assert_eq!(
                alerts_at(&mut conn, watched).await,
                [""; 0],
                "{cause:?}: enough"
            );
            // Seen before COMMIT, on the connection of the cause.
            let rolled_back = conn
                .transaction::<(), QueryError, _>(async |conn| {
                    scene.take(conn, now).await;
                    let lowered = scene.moves(conn, *reason).await;
                    assert!(lowered > before, "{cause:?} moves nothing for {reason:?}");
                    assert_eq!(alerts_at(conn, watched).await, scene.raised, "{cause:?}");
                    Err(QueryError::RollbackTransaction)
                })
                .await;
            assert!(rolled_back.is_err());
            assert_eq!(
                (
                    scene.moves(&mut conn, *reason).await,
                    alerts_at(&mut conn, watched).await
                ),
                (before, Vec::new()),
                "{cause:?}: rolled back"
            );
            check(&mut conn, watched.item_id, now, "after the roll back").await;
            conn.transaction::<_, QueryError, _>(async |conn| {
                scene.take(conn, now).await;
                Ok(())
            })
            .await
            .unwrap();
            assert!(scene.moves(&mut conn, *reason).await > before, "{cause:?}");
            assert_eq!(
                alerts_at(&mut conn, watched).await,
                scene.raised,
                "{cause:?}"
            );
            check(&mut conn, watched.item_id, now, reason.as_str()).await;
        }
    }
}
