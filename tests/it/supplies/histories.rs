//! Random histories of all write paths, with forms and batches sent again: after each step levels, alerts and suggestions are what the
//! reference model computes.

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use uuid::Uuid;
use wardtrack::clock::Clock;
use wardtrack::db::schema::{order_line, stock_level};
use wardtrack::db::types::{LotState, OrderState, StockReason};
use wardtrack::ids::{CountSessionId, LotId, OrderLineId, UserId};
use wardtrack::supplies::acts::{
    LotLabel, Receipt, StockAct, StockError, StockPosted, empty_bin, perform_stock_form,
};
use wardtrack::supplies::counts::{
    CountAct, CountDone, CountError, CountForm, CountRefusal, list_count_lines, perform_count_form,
};
use wardtrack::supplies::expiry::follow_calendar;
use wardtrack::supplies::ledger::{MovedBy, NewMove, lock, post};
use wardtrack::supplies::lots::{
    LotError, LotForm, LotPosted, LotRefusal, find_lot, perform_lot_form,
};
use wardtrack::supplies::orders::{OrderAct, OrderError, OrderForm, perform_order_form};

use super::world::{Restock, Shelf, Ward, check};
use crate::support::TestDatabase;

/// Histories in a run of the whole suite; the variable `WARDTRACK_STOCK_HISTORIES` asks for another number.
const HISTORIES: u32 = 500;
/// Histories in one database.
const PART: usize = 125;
/// Connections that work beside each other.
const WORKERS: u32 = 4;

/// One thing that happens.
#[derive(Clone, Debug)]
enum Step {
    Leave(StockReason, u8, i64, bool),
    Arrive(StockReason, u8, u8, i64, Receipt),
    Transfer(u8, i64),
    Adjust(u8, i64),
    Empty(u8),
    Refill(u8, u8),
    NotEmpty(u8),
    /// A bin is counted, twice by two people where that is needed, and posted.
    Count(u8, i64),
    /// The board reads a card.
    CardRead(u8),
    /// A cabinet misses a piece, or tells it again.
    Take(u8),
    Undo,
    /// The last form is sent again.
    Again,
    Approve(i64),
    Reject,
    Send,
    Cancel,
    Close,
    /// Somebody says how a lot is.
    Say(u8, LotState),
    Wait(i64),
}

const LEAVE: &[StockReason] = &[
    StockReason::Issue,
    StockReason::WriteOff,
    StockReason::ReturnToSupplier,
];
const ARRIVE: &[StockReason] = &[StockReason::Return, StockReason::Receive];

fn any_step() -> impl Strategy<Value = Step> {
    let damaged = prop_oneof![3 => Just(0), 1 => 1..20_i64];
    let receipt = (any::<bool>(), any::<bool>(), any::<bool>(), damaged).prop_map(
        |(closes_short, confirms_over, quarantines, damaged)| Receipt {
            order_line_id: None,
            closes_short,
            confirms_over,
            quarantines,
            damaged,
        },
    );
    prop_oneof![
        6 => (prop::sample::select(LEAVE), 0..3_u8, 1..40_i64, any::<bool>()).prop_map(|(r, b, q, n)| Step::Leave(r, b, q, n)),
        5 => (prop::sample::select(ARRIVE), 0..2_u8, 0..4_u8, 1..60_i64, receipt).prop_map(|(r, b, l, q, c)| Step::Arrive(r, b, l, q, c)),
        2 => (0..2_u8, 1..20_i64).prop_map(|(bin, quantity)| Step::Transfer(bin, quantity)),
        1 => (0..2_u8, -10..10_i64).prop_map(|(bin, change)| Step::Adjust(bin, change)),
        2 => (0..2_u8).prop_map(Step::Empty),
        2 => (0..2_u8, 0..4_u8).prop_map(|(bin, lot)| Step::Refill(bin, lot)),
        1 => (0..2_u8).prop_map(Step::NotEmpty),
        2 => (0..2_u8, -8..8_i64).prop_map(|(bin, change)| Step::Count(bin, change)),
        2 => (0..2_u8).prop_map(Step::CardRead),
        2 => (0..2_u8).prop_map(Step::Take),
        2 => Just(Step::Undo),
        2 => Just(Step::Again),
        3 => (1..4_i64).prop_map(Step::Approve),
        1 => Just(Step::Reject),
        2 => Just(Step::Send),
        1 => Just(Step::Cancel),
        1 => Just(Step::Close),
        2 => (0..4_u8, prop::sample::select(LotState::ALL)).prop_map(|(lot, state)| Step::Say(lot, state)),
        2 => prop::sample::select(&[20_i64, 100, 90_000, 700_000][..]).prop_map(Step::Wait),
    ]
}

struct World {
    conn: AsyncPgConnection,
    shelf: Shelf,
    now: DateTime<Utc>,
    last: Option<(Uuid, Step)>,
    accepted: u32,
}

/// Lot names; the expiry of the last two comes within the time that a history can last.
fn label(lot: u8, start: DateTime<Utc>) -> LotLabel<'static> {
    let day = |days| Some(start.date_naive() + TimeDelta::days(days));
    match lot {
        0 => LotLabel::default(),
        1 => LotLabel {
            number: "L1",
            expires_on: day(400),
        },
        2 => LotLabel {
            number: "L2",
            expires_on: day(5),
        },
        _ => LotLabel {
            number: "L3",
            expires_on: day(1),
        },
    }
}

impl World {
    async fn step(&mut self, step: &Step, start: DateTime<Utc>) {
        self.now += TimeDelta::seconds(1);
        match step {
            Step::Wait(seconds) => {
                self.now += TimeDelta::seconds(*seconds);
                while follow_calendar(&mut self.conn, self.now).await.unwrap().1 {}
            }
            Step::Again => {
                if let Some((key, step)) = self.last.clone() {
                    self.say(key, &step, start).await;
                }
            }
            Step::CardRead(bin) => self.read_card(*bin).await,
            Step::Say(lot, state) => self.say_of_lot(*lot, *state).await,
            Step::Take(bin) => self.take(*bin).await,
            Step::Count(bin, change) => self.count(*bin, *change).await,
            _ => {
                let key = Uuid::new_v4();
                self.say(key, step, start).await;
            }
        }
    }

    async fn say(&mut self, key: Uuid, step: &Step, start: DateTime<Utc>) {
        if matches!(
            step,
            Step::Approve(_) | Step::Reject | Step::Send | Step::Cancel | Step::Close
        ) {
            return self.order(key, step).await;
        }
        let lots = self.shelf.lots(&mut self.conn).await;
        let Some((act, note)) = self.act(step, &lots, start).await else {
            return;
        };
        let form = self.shelf.form(key, act, note);
        match perform_stock_form(&mut self.conn, &form, self.now).await {
            Ok(posted) => {
                let is_repeat = matches!(posted, StockPosted::Repeat { .. });
                let is_again = self.last.as_ref().is_some_and(|(last, _)| *last == key);
                assert_eq!(is_repeat, is_again, "{step:?}");
                if !is_repeat {
                    self.accepted += 1;
                    self.last = Some((key, step.clone()));
                }
            }
            Err(StockError::Refused(_)) => {}
            Err(StockError::Database(error)) => panic!("{step:?}: {error}"),
        }
    }

    async fn act(
        &mut self,
        step: &Step,
        lots: &[LotId],
        start: DateTime<Utc>,
    ) -> Option<(StockAct<'static>, Option<&'static str>)> {
        let bin = |bin: u8| self.shelf.bins[usize::from(bin % 2)];
        let why = Some("as the test says");
        Some(match *step {
            Step::Leave(reason, from, quantity, has_note) => {
                let lot_id = lots.get(usize::from(from)).copied().filter(|_| has_note);
                let bin_id = (from < 2).then(|| bin(from));
                let act = StockAct::Leave {
                    reason,
                    bin_id,
                    lot_id,
                    quantity,
                };
                (act, why.filter(|_| has_note))
            }
            Step::Arrive(reason, to, lot, quantity, mut receipt) => {
                if reason == StockReason::Receive {
                    receipt.order_line_id = self
                        .line(&[OrderState::Sent, OrderState::PartReceived])
                        .await;
                }
                let act = StockAct::Arrive {
                    reason,
                    bin_id: self.shelf.bins[usize::from(to % 2)],
                    lot: label(lot, start),
                    quantity,
                    receipt,
                };
                (act, None)
            }
            Step::Transfer(from, quantity) => (
                StockAct::Transfer {
                    bin_id: bin(from),
                    lot_id: None,
                    to: self.shelf.other,
                    quantity,
                },
                None,
            ),
            Step::Adjust(from, change) => (
                StockAct::Adjust {
                    bin_id: bin(from),
                    lot_id: *lots.iter().next()?,
                    change,
                },
                why,
            ),
            Step::Empty(which) => (StockAct::EmptyBin { bin_id: bin(which) }, None),
            Step::Refill(which, lot) => (
                StockAct::Refill {
                    bin_id: bin(which),
                    lot: label(lot, start),
                    quantity: None,
                },
                None,
            ),
            Step::NotEmpty(which) => (StockAct::NotEmpty { bin_id: bin(which) }, why),
            Step::Undo => (
                StockAct::Undo {
                    form_key: self.last.as_ref()?.0,
                },
                None,
            ),
            _ => return None,
        })
    }

    async fn line(&mut self, states: &[OrderState]) -> Option<OrderLineId> {
        order_line::table
            .filter(order_line::item_id.eq(self.shelf.stock.item_id))
            .filter(order_line::stock_place_id.eq(self.shelf.stock.stock_place_id))
            .filter(order_line::state.eq_any(states.to_vec()))
            .order(order_line::id)
            .select(order_line::id)
            .first(&mut self.conn)
            .await
            .optional()
            .unwrap()
    }

    async fn order(&mut self, key: Uuid, step: &Step) {
        let states: &[OrderState] = match step {
            Step::Approve(_) | Step::Reject => &[OrderState::Suggested],
            Step::Send => &[OrderState::Approved],
            Step::Close => &[OrderState::PartReceived],
            _ => &[OrderState::Approved, OrderState::Sent],
        };
        let Some(id) = self.line(states).await else {
            return;
        };
        let packs = match step {
            Step::Approve(packs) => *packs,
            _ => 1,
        };
        let quantities = [packs * 10];
        let act = match step {
            Step::Approve(_) => OrderAct::Approve {
                quantities: &quantities,
            },
            Step::Reject => OrderAct::Reject {
                reason: "enough elsewhere",
                quiet_until: self.now.date_naive() + TimeDelta::days(2),
            },
            Step::Send => OrderAct::Send,
            Step::Close => OrderAct::Close {
                reason: "the maker has no more",
            },
            _ => OrderAct::Cancel {
                reason: "not needed",
            },
        };
        let form = OrderForm {
            key,
            user_id: self.shelf.ward.people[0],
            ids: &[id],
            act,
            location: "/",
        };
        match perform_order_form(&mut self.conn, &form, self.now).await {
            Ok(_) => self.accepted += 1,
            Err(OrderError::Refused(_)) => {}
            Err(OrderError::Database(error)) => panic!("{step:?}: {error}"),
        }
    }

    /// A lot is said to be so, and the form comes twice.
    async fn say_of_lot(&mut self, lot: u8, state: LotState) {
        let lots = self.shelf.lots(&mut self.conn).await;
        let Some(lot_id) = lots.get(usize::from(lot)).copied() else {
            return;
        };
        let card = find_lot(&self.conn, lot_id).await.unwrap().unwrap();
        let form = LotForm {
            key: Uuid::new_v4(),
            user_id: self.shelf.ward.people[0],
            lot_id,
            seen: card.state,
            state,
            reason: "as the test says",
            location: "/",
        };
        let is_same = card.state == state;
        for is_again in [false, true] {
            match perform_lot_form(&mut self.conn, &form, self.now).await {
                Ok(LotPosted::Done { .. }) => assert!(!is_again && !is_same),
                Ok(LotPosted::Repeat { .. }) => assert!(is_again && !is_same),
                Err(LotError::Refused(LotRefusal::Same)) => assert!(is_same),
                other => panic!("{form:?}: {other:?}"),
            }
        }
        self.accepted += u32::from(!is_same);
    }

    /// The board reads a card, and reads it again at once.
    async fn read_card(&mut self, bin: u8) {
        if !self.shelf.two_bins {
            return;
        }
        let (stock, bins, now) = (self.shelf.stock, self.shelf.bins, self.now);
        let ward = self.shelf.ward;
        let by = MovedBy::Reader(ward.reader, Uuid::new_v4(), ward.tag);
        for is_again in [false, true] {
            let done = self
                .conn
                .transaction::<_, diesel::result::Error, _>(async |conn| {
                    lock(conn, &[stock]).await?;
                    empty_bin(conn, stock, bins[usize::from(bin)], by, now, now).await
                })
                .await
                .unwrap();
            assert!(
                !is_again || done.is_none(),
                "a card that is read again does nothing"
            );
            if done.is_some() {
                let held: i64 = stock_level::table
                    .filter(stock_level::bin_id.eq(bins[usize::from(bin)]))
                    .filter(stock_level::item_id.eq(stock.item_id))
                    .filter(stock_level::on_hand.ne(0))
                    .count()
                    .get_result(&mut self.conn)
                    .await
                    .unwrap();
                assert_eq!(held, 0, "an empty bin holds nothing of any lot");
            }
        }
    }

    /// Counts the place: one bin is off by `change`, the other as the books say. Pieces move between the count and its posting.
    async fn count(&mut self, bin: u8, change: i64) {
        let [one, two] = self.shelf.ward.people;
        let place = self.shelf.stock.stock_place_id;
        let open = CountAct::Open {
            stock_place_id: place,
        };
        let Some(id) = self.on_count(None, one, open).await else {
            return;
        };
        let lines = list_count_lines(&self.conn, id).await.unwrap();
        let ids: Vec<_> = lines.iter().map(|line| line.count_line_id).collect();
        self.on_count(Some(id), one, CountAct::Start { lines: &ids })
            .await
            .expect("a draft is begun");
        let off_bin = self.shelf.bins[usize::from(bin)];
        for line in &lines {
            let off = if line.bin_id == off_bin { change } else { 0 };
            let enter = CountAct::Enter {
                line_id: line.count_line_id,
                round: 1,
                quantity: (line.expected + off).max(0),
            };
            self.on_count(Some(id), one, enter).await.expect("counted");
        }
        self.now += TimeDelta::seconds(1);
        self.take(1 - bin).await;
        self.on_count(Some(id), one, CountAct::Review)
            .await
            .expect("something was counted");
        for line in list_count_lines(&self.conn, id).await.unwrap() {
            let enter = CountAct::Enter {
                line_id: line.count_line_id,
                round: 2,
                quantity: line.first_quantity.unwrap(),
            };
            let again = self.on_count(Some(id), two, enter).await;
            assert_eq!(
                again.is_some(),
                line.is_off,
                "only what is off, and all of it"
            );
        }
        self.now += TimeDelta::seconds(1);
        self.take(bin).await;
        self.on_count(Some(id), one, CountAct::Post { reason: "counted" })
            .await
            .expect("nothing waits");
        self.accepted += 1;
    }

    async fn on_count(
        &mut self,
        session_id: Option<CountSessionId>,
        user_id: UserId,
        act: CountAct<'_>,
    ) -> Option<CountSessionId> {
        self.now += TimeDelta::milliseconds(10);
        let form = CountForm {
            key: Uuid::new_v4(),
            user_id,
            session_id,
            act,
            location: "/",
        };
        match perform_count_form(&mut self.conn, &form, self.now).await {
            Ok(CountDone::Done { session_id, .. }) => Some(session_id),
            Ok(CountDone::Repeat { .. }) => panic!("a fresh key"),
            Err(CountError::Refused(CountRefusal::NotOff | CountRefusal::Nothing)) => None,
            Err(error) => panic!("{act:?}: {error:?}"),
        }
    }

    /// A cabinet tells twice that a piece is gone: it counts once (R16).
    async fn take(&mut self, bin: u8) {
        let lots = self.shelf.lots(&mut self.conn).await;
        let Some(lot_id) = lots.as_slice().first().copied() else {
            return;
        };
        let ward = self.shelf.ward;
        let taken = NewMove {
            reason: StockReason::CabinetTake,
            key: self.shelf.stock,
            lot_id,
            bin_id: self.shelf.bins[usize::from(bin)],
            quantity: -1,
            happened_at: self.now,
            by: MovedBy::Reader(ward.reader, Uuid::new_v4(), ward.tag),
            order_line_id: None,
            undoes_id: None,
            note: None,
        };
        let now = self.now;
        for wanted in [1, 0] {
            let posted = self
                .conn
                .transaction::<_, diesel::result::Error, _>(async |conn| {
                    post(conn, &[taken], now).await
                })
                .await
                .unwrap();
            assert_eq!(posted.move_ids.len(), wanted);
        }
        self.accepted += 1;
    }
}

/// Plays histories in a database of their own; returns how many acts were accepted.
async fn play(part: &[(u32, (Vec<Step>, bool))], start: DateTime<Utc>) -> u32 {
    let mut accepted = 0;
    let database = TestDatabase::new().await;
    let url = database.url();
    let mut conn = AsyncPgConnection::establish(url.expose()).await.unwrap();
    let ward = Ward::new(&mut conn, start).await;
    for (history, (steps, two_bins)) in part {
        let restock = Restock {
            reorder_point: 12,
            par: 40,
            pack: 10,
            two_bins: *two_bins,
        };
        let shelf = Shelf::new(&mut conn, ward, &format!("H{history}"), restock, start).await;
        let mut world = World {
            conn,
            shelf,
            now: start,
            last: None,
            accepted: 0,
        };
        for (position, step) in steps.iter().enumerate() {
            world.step(step, start).await;
            let what = format!("history {history}, step {position} of {steps:?}");
            let item = shelf.stock.item_id;
            check(&mut world.conn, item, world.now, &what).await;
        }
        accepted += world.accepted;
        conn = world.conn;
    }
    accepted
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r5_r6_r19_r22_r23_hold_over_random_histories_of_all_write_paths() {
    let start = Clock::system().now().trunc_subsecs(0);
    #[expect(
        clippy::disallowed_methods,
        reason = "how long a test runs is no setting of the program"
    )]
    let histories = std::env::var("WARDTRACK_STOCK_HISTORIES").map_or(HISTORIES, |text| {
        text.parse().expect("a number of histories")
    });
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let strategy = (prop::collection::vec(any_step(), 4..16), any::<bool>());
    let all: Vec<(u32, (Vec<Step>, bool))> = (0..histories)
        .map(|history| (history, strategy.new_tree(&mut runner).unwrap().current()))
        .collect();
    let workers = (0..WORKERS).map(|worker| {
        let of_worker = all
            .iter()
            .filter(|(history, _)| history % WORKERS == worker);
        let share: Vec<_> = of_worker.cloned().collect();
        // Databases of its own: the calendar goes over all items, and each history has its own time.
        tokio::spawn(async move {
            let mut accepted = 0;
            // Tables that grow would make each history slower than the one before.
            for part in share.chunks(PART) {
                accepted += play(part, start).await;
            }
            accepted
        })
    });
    let mut accepted = 0;
    for worker in workers.collect::<Vec<_>>() {
        accepted += worker.await.unwrap();
    }
    println!("{histories} histories, {accepted} acts accepted");
    assert!(
        accepted > 2 * histories,
        "{accepted} acts of {histories} histories were accepted"
    );
}
