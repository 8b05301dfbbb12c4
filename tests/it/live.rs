//! Open pages follow the world: from a commit of the consumer to an event in a browser, and every way in which that ends.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use wardtrack::broker::BrokerAddress;
use wardtrack::config::BrokerArgs;
use wardtrack::config::broker::BrokerRole;
use wardtrack::ids::AssetId;
use wardtrack::live::{Topic, changes};

use crate::ingest::rig::{Batch, Rig, SOON, on_stage, wait_until};
use crate::support::{Actor, TestApp};

/// A browser that holds a stream open.
struct Stream {
    answer: reqwest::Response,
    text: String,
}

impl Stream {
    async fn open(actor: &Actor, watch: &str) -> Self {
        let path = format!("/live/events?watch={watch}");
        let request = actor
            .request(reqwest::Method::GET, &path)
            .header("Accept", "text/event-stream")
            .header("Accept-Encoding", "gzip, deflate, br");
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 200);
        Self {
            answer,
            text: String::new(),
        }
    }

    /// The next event as (name, data); `None` at the end of the stream.
    async fn next(&mut self) -> Option<(String, String)> {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let field = |name: &str| {
                    let mut lines = event.lines();
                    let found = lines.find_map(|line| line.strip_prefix(name));
                    found.unwrap_or_default().trim().to_owned()
                };
                let event = (field("event:"), field("data:"));
                self.text = self.text.split_off(self.text.len() - rest.len());
                return Some(event);
            }
            let chunk = tokio::time::timeout(SOON, self.answer.chunk())
                .await
                .expect("an event in time");
            self.text += std::str::from_utf8(&chunk.ok()??).unwrap();
        }
    }

    /// Waits for an event.
    async fn wait_for(&mut self, name: &str, data: &str) {
        while let Some((found, text)) = self.next().await {
            if found == name && text.contains(data) {
                return;
            }
        }
        panic!("the stream ended before {name} {data}");
    }

    /// Waits for the end of the stream; the names of the events before it.
    async fn wait_for_end(&mut self) -> Vec<String> {
        let mut names = Vec::new();
        while let Some((name, _)) = self.next().await {
            names.push(name);
        }
        names
    }
}

/// The pages on the stage's database, listening to the stage's broker by `broker`.
fn pages(rig: &Rig, broker: BrokerAddress) -> TestApp {
    let app = TestApp::on(&rig.stage.db_url, |web| web.live_beat_ms = 300);
    app.life().spawn_role(
        "changes",
        changes::run(app.app.hints.clone(), broker.clone(), app.life().clone()),
    );
    app.life().spawn_role(
        "hints",
        app.app.hints.clone().publish(broker, app.life().clone()),
    );
    app
}

async fn wait_for_live(app: &TestApp, is_live: bool) {
    wait_until("the hub knows whether it is live", SOON, async || {
        app.app.live.is_live() == is_live
    })
    .await;
}

/// Sightings of tag 0 every 250 ms for ten seconds, from `age_ms` ago on.
fn dwell(sent_at_ms: i64, age_ms: i64) -> Vec<Vec<u8>> {
    (0..10)
        .map(|second| {
            let age = age_ms - second * 1_000;
            let heard = |batch: Batch, quarter| batch.heard(0, age - i64::from(quarter) * 250, -50);
            (0..4).fold(Batch::new(sent_at_ms), heard).body()
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_committed_move_reaches_open_pages_within_a_second() {
    on_stage(async |rig| {
        rig.start().await;
        let now_ms = rig.now_ms();
        rig.publish(0, &dwell(now_ms, 20_000)).await;
        wait_until("the asset is in room 0", SOON, async || {
            rig.room_of(0).await == Some(0)
        })
        .await;
        let id = |sql: &'static str| rig.number(sql);
        let asset = id("SELECT id AS n FROM asset WHERE asset_number = 'A-00000'").await;
        let kind = id("SELECT asset_type_id AS n FROM asset WHERE asset_number = 'A-00000'").await;
        let left = id("SELECT id AS n FROM room WHERE name = 'Room 0'").await;
        let entered = id("SELECT id AS n FROM room WHERE name = 'Room 1'").await;
        let app = pages(rig, rig.stage.role(BrokerRole::Web).unwrap());
        wait_for_live(&app, true).await;
        let nurse = app.nurse().await;
        let mut streams = Vec::new();
        for topic in [
            format!("asset.{asset}"),
            format!("type.{kind}"),
            format!("room.{left}"),
            format!("room.{entered}"),
            "asset.*".to_owned(),
        ] {
            let mut stream = Stream::open(&nurse, &topic).await;
            stream.wait_for("beat", "true").await;
            streams.push((topic, stream));
        }
        let other = asset + 1;
        let mut stranger = Stream::open(&nurse, &format!("asset.{other}")).await;
        rig.publish(1, &dwell(now_ms, 10_000)).await;
        wait_until("the asset is in room 1", SOON, async || {
            rig.room_of(0).await == Some(1)
        })
        .await;
        let committed = Instant::now();
        for (topic, stream) in &mut streams {
            stream.wait_for(topic, "changed").await;
        }
        assert!(
            committed.elapsed() < Duration::from_secs(1),
            "{:?}",
            committed.elapsed()
        );
        // Whoever watches something else heard nothing but beats.
        app.app.hints.send([Topic::Asset(AssetId(other))]);
        loop {
            let (name, data) = stranger.next().await.unwrap();
            if name != "beat" {
                assert_eq!(
                    (name, data),
                    (format!("asset.{other}"), "changed".to_owned())
                );
                break;
            }
        }
        app.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_people_do_reaches_the_pages_of_other_processes() {
    on_stage(async |rig| {
        let broker = rig.stage.role(BrokerRole::Web).unwrap();
        let (one, other) = (pages(rig, broker.clone()), pages(rig, broker));
        wait_for_live(&one, true).await;
        wait_for_live(&other, true).await;
        let nurse = one.nurse().await;
        let mut here = Stream::open(&nurse, "asset.5").await;
        // The same session, at the other process.
        let far = other.anonymous();
        far.set_cookie("__Host-wt", &nurse.cookie("__Host-wt").unwrap());
        let mut there = Stream::open(&far, "asset.5").await;
        for stream in [&mut here, &mut there] {
            stream.wait_for("beat", "true").await;
        }
        one.app.hints.send([Topic::Asset(AssetId(5))]);
        here.wait_for("asset.5", "changed").await;
        there.wait_for("asset.5", "changed").await;
        one.stop().await;
        other.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn watches_that_mean_nothing_are_refused_and_the_word_is_named() {
    let app = TestApp::new().await;
    let nurse = app.nurse().await;
    for (watch, named) in [
        ("asset.1,patient.7", "patient.7"),
        ("", "asset.70001"),
        ("asset.%3Cb%3E", "asset.<b>"),
        (vec!["asset.1"; 65].join(",").as_str(), "65"),
    ] {
        let answer = nurse.page(&format!("/live/events?watch={watch}")).await;
        assert_eq!(answer.status, 400, "{watch}");
        assert!(answer.body.contains(named), "{watch}: {}", answer.body);
        assert_eq!(
            answer.header("content-type"),
            Some("text/plain; charset=utf-8")
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn s14_signing_out_ends_the_stream() {
    let app = TestApp::with(|web| web.live_beat_ms = 300).await;
    let nurse = app.nurse().await;
    nurse.page("/").await;
    let mut stream = Stream::open(&nurse, "alerts").await;
    assert_eq!(stream.answer.headers()["content-encoding"], "identity");
    assert_eq!(stream.answer.headers()["cache-control"], "no-store");
    stream.wait_for("beat", "300").await;
    let begun = Instant::now();
    assert_eq!(nurse.post("/sign-out", &[]).await.status, 303);
    assert_eq!(stream.wait_for_end().await.last().unwrap(), "end");
    assert!(begun.elapsed() < Duration::from_secs(5));
    assert_eq!(app.app.live.count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn s13_a_stream_never_extends_its_session_and_ends_with_it() {
    let app = TestApp::with(|web| web.live_beat_ms = 300).await;
    let nurse = app.nurse().await;
    nurse.page("/").await;
    app.clock.advance(TimeDelta::minutes(10));
    let mut stream = Stream::open(&nurse, "alerts").await;
    stream.wait_for("beat", "").await;
    // Had opening it been a use of the session, five more minutes would be left.
    app.clock.advance(TimeDelta::minutes(6));
    let begun = Instant::now();
    assert_eq!(stream.wait_for_end().await.last().unwrap(), "end");
    assert!(begun.elapsed() < Duration::from_secs(6));
    assert_eq!(nurse.page("/").await.status, 303);
}

#[tokio::test(flavor = "multi_thread")]
async fn s60_a_session_holds_six_streams_and_a_closed_one_frees_its_place() {
    let app = TestApp::with(|web| web.live_beat_ms = 300).await;
    let nurse = app.nurse().await;
    let mut held = Vec::new();
    for _ in 0..6 {
        held.push(Stream::open(&nurse, "alerts").await);
    }
    let refused = nurse.page("/live/events?watch=alerts").await;
    assert_eq!(refused.status, 429);
    assert!(refused.header("retry-after").is_some());
    held.pop();
    wait_until("the closed stream is gone", SOON, async || {
        app.app.live.count() == 5
    })
    .await;
    held.push(Stream::open(&nurse, "alerts").await);
    let mut last = held.pop().unwrap();
    last.wait_for("beat", "").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_ends_the_streams_at_once() {
    let app = TestApp::new().await;
    let nurse = app.nurse().await;
    let mut stream = Stream::open(&nurse, "alerts").await;
    stream.wait_for("beat", "").await;
    let begun = Instant::now();
    app.stop().await;
    stream.wait_for_end().await;
    assert!(
        begun.elapsed() < Duration::from_secs(3),
        "{:?}",
        begun.elapsed()
    );
}

/// Stands between the pages and the broker, so that a test can cut the wire.
struct Wire {
    addr: String,
    cut: Arc<std::sync::Mutex<CancellationToken>>,
}

impl Wire {
    async fn to(target: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap().to_string();
        let cut = Arc::new(std::sync::Mutex::new(CancellationToken::new()));
        let current = Arc::clone(&cut);
        tokio::spawn(async move {
            while let Ok((mut near, _)) = listener.accept().await {
                let cut = current.lock().unwrap().clone();
                let target = target.clone();
                tokio::spawn(async move {
                    if cut.is_cancelled() {
                        return;
                    }
                    let mut far = TcpStream::connect(target).await.unwrap();
                    let both = tokio::io::copy_bidirectional(&mut near, &mut far);
                    tokio::select! { _ = both => {}, () = cut.cancelled() => {} }
                });
            }
        });
        Self { addr, cut }
    }

    fn cut(&self) {
        self.cut.lock().unwrap().cancel();
    }

    fn mend(&self) {
        *self.cut.lock().unwrap() = CancellationToken::new();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn when_the_broker_is_away_pages_hear_that_and_everything_once_it_is_back() {
    on_stage(async |rig| {
        let wire = Wire::to(rig.stage.broker.amqp_addr.clone()).await;
        let args = BrokerArgs {
            amqp_addr: wire.addr.clone(),
            ..rig.stage.broker.clone()
        };
        let broker = BrokerAddress::for_role(&args, BrokerRole::Web).unwrap();
        let app = pages(rig, broker);
        wait_for_live(&app, true).await;
        let nurse = app.nurse().await;
        let mut stream = Stream::open(&nurse, "asset.5,type.3").await;
        stream.wait_for("beat", "\"live\":true").await;
        wire.cut();
        stream.wait_for("beat", "\"live\":false").await;
        // What people do here is heard all the same.
        app.app.hints.send([Topic::Asset(AssetId(5))]);
        stream.wait_for("asset.5", "changed").await;
        wire.mend();
        stream.wait_for("beat", "\"live\":true").await;
        stream.wait_for("type.3", "changed").await;
        app.stop().await;
    })
    .await;
}
