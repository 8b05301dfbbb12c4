//! The stream that open pages hold: which of the things they watch changed, never what they are now (S-22).
//!
//! Every beat says that the page is still live. A stream is no use of its session (S-13), and ends with it (S-14).

use std::time::Duration;

use actix_web::http::header;
use actix_web::web::Bytes;
use actix_web::{HttpResponse, web};
use futures_util::{Stream, stream};
use serde::Deserialize;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};
use tokio_util::sync::CancellationToken;

use super::PageError;
use super::page::Nav;
use super::site::Site;
use super::strings::{Strings, fill};
use crate::app::App;
use crate::live::{Full, Listener, Mark, News, Topic};
use crate::people::session;
use crate::web::extract::Viewer;

/// How often the sessions of all streams are looked at: they end within five seconds (S-14).
const SESSIONS_EVERY: Duration = Duration::from_secs(4);
/// After so many failures in a row nobody knows who may listen, so nobody does (S-59).
const SESSION_FAILURES_MAX: u32 = 4;

/// The query string.
#[derive(Debug, Default, Deserialize)]
pub struct WatchParams {
    /// Topics with commas between them.
    #[serde(default)]
    pub watch: String,
    /// How far the page had heard when it was made. What cannot be read counts as never.
    #[serde(default)]
    pub since: Option<String>,
}

/// `GET /live/events`
///
/// # Errors
/// When there are too many streams.
pub async fn events(
    app: web::Data<App>,
    site: web::Data<Site>,
    viewer: Viewer,
    params: web::Query<WatchParams>,
) -> Result<HttpResponse, PageError> {
    let t = viewer.shell(Nav::None).t;
    let watches = match parse_watches(&params.watch, app.live.limits().watches, t) {
        Ok(watches) => watches,
        Err(words) => {
            return Ok(HttpResponse::BadRequest()
                .content_type("text/plain; charset=utf-8")
                .body(words));
        }
    };
    let since = params.since.as_deref();
    let since = since.map(|text| text.parse::<Mark>().unwrap_or_default());
    let listener = app
        .live
        .listen(viewer.token, watches, since)
        .map_err(|full| match full {
            Full::Session => PageError::TooManyTries(Duration::from_secs(30)),
            Full::Process | Full::Stopping => PageError::Busy,
        })?;
    Ok(HttpResponse::Ok()
        .content_type("text/event-stream; charset=utf-8")
        .insert_header((header::CACHE_CONTROL, "no-store"))
        // Compressing would hold events back until a block is full; a proxy must not collect them either.
        .insert_header((header::CONTENT_ENCODING, "identity"))
        .insert_header(("X-Accel-Buffering", "no"))
        .streaming(stream_of(listener, site.live_beat)))
}

fn parse_watches(text: &str, most: usize, t: &Strings) -> Result<Vec<Topic>, String> {
    let words: Vec<&str> = text.split(',').map(str::trim).collect();
    if words.len() > most {
        return Err(fill(t.live.too_many_watches, &[&words.len(), &most]));
    }
    let topics = words.iter().map(|word| word.parse::<Topic>());
    topics.collect::<Result<_, _>>().map_err(|error| {
        if error.word.is_empty() {
            t.live.no_watch.to_owned()
        } else {
            fill(t.live.unknown_watch, &[&error.word])
        }
    })
}

/// What a stream is made of.
struct Held {
    listener: Listener,
    beat: Interval,
    every: Duration,
    is_live: bool,
    /// Browsers come back after this time; not all at once.
    retry: Option<Duration>,
    is_over: bool,
}

fn stream_of(
    listener: Listener,
    every: Duration,
) -> impl Stream<Item = Result<Bytes, actix_web::Error>> {
    let mut beat = interval_at(Instant::now() + every, every);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let held = Held {
        listener,
        beat,
        every,
        is_live: false,
        retry: Some(Duration::from_millis(rand::random_range(1_000..3_000))),
        is_over: false,
    };
    stream::unfold(held, |mut held| async move {
        let text = held.next_text().await?;
        Some((Ok(Bytes::from(text)), held))
    })
}

impl Held {
    async fn next_text(&mut self) -> Option<String> {
        if self.is_over {
            return None;
        }
        let news = tokio::select! {
            news = self.listener.next() => news,
            _ = self.beat.tick() => News::Live(self.is_live),
        };
        match news {
            News::Changed(topics) => {
                let events: Vec<String> = topics
                    .iter()
                    .map(|topic| event(&topic.to_string(), "changed"))
                    .collect();
                Some(events.concat())
            }
            News::Live(is_live) => {
                self.is_live = is_live;
                let beat = serde_json::json!({"live": is_live, "every_ms": self.every.as_millis()});
                let retry = self
                    .retry
                    .take()
                    .map(|time| format!("retry: {}\n", time.as_millis()));
                Some(retry.unwrap_or_default() + &event("beat", &beat.to_string()))
            }
            News::SessionEnded => {
                self.is_over = true;
                Some(event("end", "session"))
            }
            News::Closed => None,
        }
    }
}

/// One event. Browsers pass on only those with data.
fn event(name: &str, data: &str) -> String {
    format!("event: {name}\ndata: {data}\n\n")
}

/// Ends the streams of sessions that have ended, and all of them when the process stops.
pub async fn watch_sessions(app: &App, stop: &CancellationToken) {
    let mut failures = 0;
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            () = tokio::time::sleep(SESSIONS_EVERY) => {}
        }
        let held = app.live.sessions();
        #[expect(
            clippy::as_conversions,
            clippy::cast_precision_loss,
            reason = "a figure for a graph, far below 2^52"
        )]
        metrics::gauge!("wardtrack_live_listeners").set(app.live.count() as f64);
        if held.is_empty() {
            continue;
        }
        let living = async {
            let conn = app.db.conn().await?;
            Ok::<_, PageError>(session::list_living(&conn, &held, app.clock.now()).await?)
        };
        match living.await {
            Ok(living) => {
                failures = 0;
                for session in held.iter().filter(|session| !living.contains(session)) {
                    app.live.end_session(session);
                }
            }
            Err(error) => {
                failures += 1;
                tracing::warn!(%error, failures, "the sessions of open pages could not be looked at");
                if failures >= SESSION_FAILURES_MAX {
                    for session in &held {
                        app.live.end_session(session);
                    }
                }
            }
        }
    }
    app.live.close();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::strings::EN;

    #[test]
    fn watches_are_read_or_the_word_is_named() {
        let topics = parse_watches("asset.1, type.*,alerts", 3, &EN).unwrap();
        let words: Vec<String> = topics.iter().map(ToString::to_string).collect();
        assert_eq!(words, ["asset.1", "type.*", "alerts"]);
        for (text, named) in [
            ("asset.1,patient.4", "patient.4"),
            ("asset.x", "asset.x"),
            ("", "asset.70001"),
            ("asset.1,,type.2", "asset.70001"),
            ("asset.1,asset.2,asset.3,asset.4", "4"),
        ] {
            let words = parse_watches(text, 3, &EN).unwrap_err();
            assert!(words.contains(named), "{text}: {words}");
        }
    }
}
