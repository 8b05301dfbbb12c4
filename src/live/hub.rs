//! Who listens to what. Memory is bounded: so many listeners, so many watches each, and what waits for a listener is never more
//! than what it watches.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use super::topic::{Topic, TopicSet};
use crate::people::session::TokenHash;

/// Most listeners, and when one is too slow.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Listeners altogether (S-60).
    pub listeners: usize,
    /// Listeners of one session (S-60).
    pub per_session: usize,
    /// Topics that one listener watches.
    pub watches: usize,
    /// A listener that has not taken its news for this long is dropped.
    pub slow: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            listeners: 10_000,
            per_session: 6,
            watches: 64,
            slow: Duration::from_secs(20),
        }
    }
}

/// Why nobody more can listen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Full {
    /// This session has too many open pages.
    #[error("this session has as many open pages as it may have")]
    Session,
    /// The process has too many listeners.
    #[error("this process has as many listeners as it may have")]
    Process,
    /// The process is stopping.
    #[error("this process is stopping")]
    Stopping,
}

/// What a listener hears.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// These of its watches changed.
    Changed(Vec<Topic>),
    /// Whether hints reach this process.
    Live(bool),
    /// Its session has ended; there will be no more.
    SessionEnded,
    /// The process stops, or the listener was too slow; there will be no more.
    Closed,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Session,
    Closed,
}

struct Entry {
    session: TokenHash,
    watches: Vec<Topic>,
    pending: BTreeSet<Topic>,
    pending_since: Option<Instant>,
    told_live: Option<bool>,
    wake: Arc<Notify>,
}

/// How many of the last changes are remembered for pages whose stream opens a moment after they were made.
const RECENT_MAX: usize = 8_192;

/// How far a hub had told when a page was made: written `hub.told`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mark {
    hub: u32,
    told: u64,
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.hub, self.told)
    }
}

/// The text is no mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is no mark of a hub")]
pub struct NoMark;

impl FromStr for Mark {
    type Err = NoMark;

    fn from_str(text: &str) -> Result<Self, NoMark> {
        let (hub, told) = text.split_once('.').ok_or(NoMark)?;
        Ok(Self {
            hub: hub.parse().map_err(|_| NoMark)?,
            told: told.parse().map_err(|_| NoMark)?,
        })
    }
}

#[derive(Default)]
struct State {
    /// The last topics told, the newest at the end, and how many were told in all.
    recent: VecDeque<Topic>,
    told: u64,
    entries: HashMap<u64, Entry>,
    by_topic: HashMap<Topic, Vec<u64>>,
    ended: HashMap<u64, End>,
    next_id: u64,
    is_live: bool,
    is_closed: bool,
}

/// The listeners of a process. Cheap to clone.
#[derive(Clone)]
pub struct Hub {
    state: Arc<Mutex<State>>,
    limits: Limits,
    /// Tells the hubs of several processes apart.
    id: u32,
}

impl fmt::Debug for Hub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hub({} listeners)", self.lock().entries.len())
    }
}

impl Default for Hub {
    fn default() -> Self {
        Self::with_limits(Limits::default())
    }
}

impl Hub {
    /// A hub without listeners. It is not live until [`Self::set_live`] says so.
    #[must_use]
    pub fn with_limits(limits: Limits) -> Self {
        Self {
            state: Arc::default(),
            limits,
            id: rand::random(),
        }
    }

    /// The limits.
    #[must_use]
    pub fn limits(&self) -> Limits {
        self.limits
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How far this hub has told. A page takes the mark before it reads anything, and listens from there.
    #[must_use]
    pub fn mark(&self) -> Mark {
        Mark {
            hub: self.id,
            told: self.lock().told,
        }
    }

    /// Listens for a session. Watches beyond the limit become wide ones. What was told since the mark is heard first; when this hub
    /// cannot know what that was (another process made the page, or it is long ago), everything watched counts as changed.
    ///
    /// # Errors
    /// When there are too many listeners.
    pub fn listen(
        &self,
        session: TokenHash,
        watches: impl IntoIterator<Item = Topic>,
        since: Option<Mark>,
    ) -> Result<Listener, Full> {
        let mut set = TopicSet::with_limit(self.limits.watches);
        set.extend(watches);
        let mut state = self.lock();
        if state.is_closed {
            return Err(Full::Stopping);
        }
        if state.entries.len() >= self.limits.listeners {
            return Err(Full::Process);
        }
        let of_session = state
            .entries
            .values()
            .filter(|entry| entry.session == session);
        if of_session.count() >= self.limits.per_session {
            return Err(Full::Session);
        }
        let id = state.next_id;
        state.next_id += 1;
        let wake = Arc::new(Notify::new());
        let watches: Vec<Topic> = set.iter().collect();
        for watch in &watches {
            state.by_topic.entry(*watch).or_default().push(id);
        }
        let mut entry = Entry {
            session,
            watches,
            pending: BTreeSet::new(),
            pending_since: None,
            told_live: None,
            wake: Arc::clone(&wake),
        };
        if let Some(since) = since {
            let now = Instant::now();
            match self.missed(&state, since) {
                Some(missed) => {
                    for topic in missed {
                        entry.add(now, |watch| is_heard(topic, watch));
                    }
                }
                None => entry.add(now, |_| true),
            }
        }
        state.entries.insert(id, entry);
        Ok(Listener {
            id,
            hub: self.clone(),
            wake,
        })
    }

    /// What was told since the mark; none when that is not known.
    fn missed<'state>(
        &self,
        state: &'state State,
        since: Mark,
    ) -> Option<impl Iterator<Item = Topic> + use<'state>> {
        if since.hub != self.id {
            return None;
        }
        let count = usize::try_from(state.told.checked_sub(since.told)?).ok()?;
        let skipped = state.recent.len().checked_sub(count)?;
        Some(state.recent.iter().skip(skipped).copied())
    }

    /// Tells everybody who watches one of these.
    pub fn tell(&self, topics: impl IntoIterator<Item = Topic>) {
        self.tell_at(topics, Instant::now());
    }

    fn tell_at(&self, topics: impl IntoIterator<Item = Topic>, now: Instant) {
        let mut state = self.lock();
        let State {
            entries,
            by_topic,
            recent,
            told,
            ..
        } = &mut *state;
        for topic in topics {
            *told += 1;
            if recent.len() >= RECENT_MAX {
                recent.pop_front();
            }
            recent.push_back(topic);
            if topic.is_wide() {
                for entry in entries.values_mut() {
                    entry.add(now, |watch| is_heard(topic, watch));
                }
                continue;
            }
            let wider = topic.kind().map(Topic::All);
            for watched in [Some(topic), wider, Some(Topic::Everything)]
                .into_iter()
                .flatten()
            {
                for id in by_topic.get(&watched).into_iter().flatten() {
                    if let Some(entry) = entries.get_mut(id) {
                        entry.add(now, |watch| watch == watched);
                    }
                }
            }
        }
        let slow = self.limits.slow;
        let late: Vec<u64> = entries
            .iter()
            .filter(|(_, entry)| {
                let waits = |since| now.saturating_duration_since(since) > slow;
                entry.pending_since.is_some_and(waits)
            })
            .map(|(id, _)| *id)
            .collect();
        for id in late {
            metrics::counter!("wardtrack_live_slow_dropped_total").increment(1);
            state.end(id, End::Closed);
        }
    }

    /// Says whether hints reach this process.
    pub fn set_live(&self, is_live: bool) {
        let mut state = self.lock();
        if state.is_live != is_live {
            state.is_live = is_live;
            state
                .entries
                .values()
                .for_each(|entry| entry.wake.notify_one());
        }
    }

    /// Whether hints reach this process.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.lock().is_live
    }

    /// How many listen.
    #[must_use]
    pub fn count(&self) -> usize {
        self.lock().entries.len()
    }

    /// The sessions that listen, each once.
    #[must_use]
    pub fn sessions(&self) -> Vec<TokenHash> {
        let state = self.lock();
        let sessions: std::collections::HashSet<TokenHash> =
            state.entries.values().map(|entry| entry.session).collect();
        sessions.into_iter().collect()
    }

    /// Ends the listeners of a session (S-14).
    pub fn end_session(&self, session: &TokenHash) {
        self.end_where(|entry| entry.session == *session, End::Session);
    }

    /// Ends every listener; nobody can listen any more.
    pub fn close(&self) {
        self.lock().is_closed = true;
        self.end_where(|_| true, End::Closed);
    }

    fn end_where(&self, is_meant: impl Fn(&Entry) -> bool, end: End) {
        let mut state = self.lock();
        let meant = state.entries.iter().filter(|(_, entry)| is_meant(entry));
        let ids: Vec<u64> = meant.map(|(id, _)| *id).collect();
        for id in ids {
            state.end(id, end);
        }
    }
}

/// Whether one who watches this hears of that topic.
fn is_heard(topic: Topic, watch: Topic) -> bool {
    let is_wide = topic == Topic::Everything || watch == Topic::Everything;
    let is_wider = watch.kind() == topic.kind() && (topic.is_wide() || watch.is_wide());
    is_wide || is_wider || watch == topic
}

impl Entry {
    fn add(&mut self, now: Instant, is_meant: impl Fn(Topic) -> bool) {
        let before = self.pending.len();
        let meant = self
            .watches
            .iter()
            .copied()
            .filter(|watch| is_meant(*watch));
        self.pending.extend(meant);
        if self.pending.len() > before {
            self.pending_since.get_or_insert(now);
            self.wake.notify_one();
        }
    }
}

impl State {
    /// Forgets a listener but for how it ended, which it hears when it asks next.
    fn end(&mut self, id: u64, end: End) {
        if let Some(entry) = self.forget(id) {
            self.ended.insert(id, end);
            entry.wake.notify_one();
        }
    }

    fn forget(&mut self, id: u64) -> Option<Entry> {
        let entry = self.entries.remove(&id)?;
        for watch in &entry.watches {
            if let Some(ids) = self.by_topic.get_mut(watch) {
                ids.retain(|known| *known != id);
                if ids.is_empty() {
                    self.by_topic.remove(watch);
                }
            }
        }
        Some(entry)
    }

    fn news(&mut self, id: u64) -> Option<News> {
        let is_live = self.is_live;
        let Some(entry) = self.entries.get_mut(&id) else {
            return Some(match self.ended.get(&id) {
                Some(End::Session) => News::SessionEnded,
                _ => News::Closed,
            });
        };
        if entry.told_live != Some(is_live) {
            entry.told_live = Some(is_live);
            return Some(News::Live(is_live));
        }
        entry.pending_since = None;
        let pending = std::mem::take(&mut entry.pending);
        (!pending.is_empty()).then(|| News::Changed(pending.into_iter().collect()))
    }
}

/// One who listens; stops when dropped.
#[derive(Debug)]
pub struct Listener {
    id: u64,
    hub: Hub,
    wake: Arc<Notify>,
}

impl Listener {
    /// What there is to hear, waiting for it. The first news say whether the process is live. Safe to drop while waiting.
    pub async fn next(&mut self) -> News {
        loop {
            if let Some(news) = self.ready() {
                return news;
            }
            self.wake.notified().await;
        }
    }

    /// What there is to hear now.
    pub fn ready(&mut self) -> Option<News> {
        self.hub.lock().news(self.id)
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let mut state = self.hub.lock();
        state.forget(self.id);
        state.ended.remove(&self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{AssetId, AssetTypeId, RoomId};
    use crate::live::Kind;
    use crate::people::session::Token;

    fn session() -> TokenHash {
        Token::random().hash()
    }

    fn asset(id: i64) -> Topic {
        Topic::Asset(AssetId(id))
    }

    fn listen(hub: &Hub, watches: &[Topic]) -> Listener {
        let mut listener = hub
            .listen(session(), watches.iter().copied(), None)
            .unwrap();
        assert_eq!(listener.ready(), Some(News::Live(hub.is_live())));
        listener
    }

    #[test]
    fn a_listener_hears_what_it_watches_and_nothing_else() {
        let hub = Hub::default();
        let mut one = listen(&hub, &[asset(1), Topic::Type(AssetTypeId(3))]);
        let mut all = listen(&hub, &[Topic::All(Kind::Asset)]);
        hub.tell([asset(2), Topic::Room(RoomId(1))]);
        assert_eq!(one.ready(), None);
        assert_eq!(
            all.ready(),
            Some(News::Changed(vec![Topic::All(Kind::Asset)]))
        );
        hub.tell([asset(1), asset(1)]);
        assert_eq!(one.ready(), Some(News::Changed(vec![asset(1)])));
        assert_eq!(one.ready(), None);
    }

    #[test]
    fn what_changed_between_a_page_and_its_stream_is_heard_when_the_stream_opens() {
        let hub = Hub::default();
        let watches = [asset(1), Topic::Type(AssetTypeId(3)), Topic::Alerts];
        let heard = |hub: &Hub, mark| {
            let mut listener = hub.listen(session(), watches, mark).unwrap();
            assert_eq!(listener.ready(), Some(News::Live(false)));
            match listener.ready() {
                Some(News::Changed(topics)) => topics.len(),
                _ => 0,
            }
        };
        hub.tell([asset(1)]);
        let mark = hub.mark();
        assert_eq!(mark.to_string().parse(), Ok(mark));
        assert_eq!("1".parse::<Mark>(), Err(NoMark));
        assert_eq!(heard(&hub, Some(mark)), 0, "that was before the page");
        hub.tell([asset(2)]);
        assert_eq!(heard(&hub, Some(mark)), 0, "this page does not watch that");
        hub.tell([asset(1)]);
        assert_eq!(heard(&hub, Some(mark)), 1);
        hub.tell([Topic::All(Kind::Type)]);
        assert_eq!(heard(&hub, Some(mark)), 2);
        assert_eq!(heard(&hub, None), 0);
        assert_eq!(heard(&Hub::default(), Some(mark)), 3, "of another process");
        hub.tell((0..20_000).map(|id| asset(id + 9)));
        assert_eq!(heard(&hub, Some(mark)), 3, "too long ago");
        assert_eq!(hub.lock().recent.len(), RECENT_MAX);
    }

    #[test]
    fn wide_hints_reach_each_watch_under_its_own_name() {
        let hub = Hub::default();
        let mut one = listen(
            &hub,
            &[asset(1), Topic::Type(AssetTypeId(3)), Topic::Alerts],
        );
        hub.tell([Topic::All(Kind::Asset)]);
        assert_eq!(one.ready(), Some(News::Changed(vec![asset(1)])));
        hub.tell([Topic::Everything]);
        let Some(News::Changed(heard)) = one.ready() else {
            panic!("nothing heard");
        };
        assert_eq!(heard.len(), 3);
    }

    #[test]
    fn what_waits_for_a_slow_listener_is_bounded_and_it_is_dropped_in_the_end() {
        let hub = Hub::with_limits(Limits {
            watches: 8,
            slow: Duration::from_secs(5),
            ..Limits::default()
        });
        let mut slow = listen(&hub, &(1..=1_000).map(asset).collect::<Vec<_>>());
        let mut quick = listen(&hub, &[asset(1)]);
        let begun = Instant::now();
        for round in 0..10_000 {
            hub.tell_at([asset(round % 1_000)], begun);
            if let Some(entry) = hub.lock().entries.get(&slow.id) {
                assert!(entry.pending.len() <= 8 && entry.watches.len() <= 8);
            }
            quick.ready();
        }
        hub.tell_at([asset(1)], begun + Duration::from_secs(6));
        assert_eq!(slow.ready(), Some(News::Closed));
        assert_eq!(quick.ready(), Some(News::Changed(vec![asset(1)])));
        assert_eq!(hub.count(), 1);
        drop((slow, quick));
        let state = hub.lock();
        assert!(state.entries.is_empty() && state.by_topic.is_empty() && state.ended.is_empty());
    }

    #[test]
    fn s60_sessions_and_the_process_have_a_limit_and_a_place_is_free_again_after_a_drop() {
        let hub = Hub::with_limits(Limits {
            listeners: 3,
            per_session: 2,
            ..Limits::default()
        });
        let (one, other) = (session(), session());
        let held = [
            hub.listen(one, [], None).unwrap(),
            hub.listen(one, [], None).unwrap(),
        ];
        assert_eq!(hub.listen(one, [], None).unwrap_err(), Full::Session);
        let last = hub.listen(other, [], None).unwrap();
        assert_eq!(hub.listen(other, [], None).unwrap_err(), Full::Process);
        drop(last);
        drop(held);
        assert!(hub.listen(one, [], None).is_ok());
    }

    #[test]
    fn s14_the_end_of_a_session_ends_its_listeners_only() {
        let hub = Hub::default();
        let ended = session();
        let mut gone = hub.listen(ended, [asset(1)], None).unwrap();
        let mut stays = listen(&hub, &[asset(1)]);
        hub.end_session(&ended);
        assert_eq!(gone.ready(), Some(News::SessionEnded));
        assert_eq!(stays.ready(), None);
        hub.close();
        assert_eq!(stays.ready(), Some(News::Closed));
        assert_eq!(hub.listen(ended, [], None).unwrap_err(), Full::Stopping);
    }

    #[tokio::test]
    async fn ten_thousand_listeners_hear_one_hint_each() {
        let hub = Hub::default();
        let mut all: Vec<Listener> = (0..10_000).map(|id| listen(&hub, &[asset(id)])).collect();
        hub.set_live(true);
        let begun = Instant::now();
        hub.tell((0..10_000).map(asset));
        assert!(
            begun.elapsed() < Duration::from_secs(5),
            "{:?}",
            begun.elapsed()
        );
        for (id, listener) in (0..).zip(&mut all) {
            assert_eq!(listener.next().await, News::Live(true));
            assert_eq!(listener.next().await, News::Changed(vec![asset(id)]));
        }
    }
}
