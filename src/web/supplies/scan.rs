//! Pages for a scanner: issue, receive, and two bins. One field, a running log with undo, and an answer that can be heard.
//!
//! Every scan is one form. Without scripts the page comes back after each; `static/js/scan.js` sends the form in the background, swaps
//! what is inside `#scan`, and makes the sound that [`Said`] asks for.

mod book;
pub mod link;
mod log;
mod sent;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;

pub use book::{bins_scanned, fault_words, issue_scanned, receive_scanned};

use self::log::{Log, read_log};
use crate::app::App;
use crate::db::types::Role;
use crate::ids::StockPlaceId;
use crate::supplies::scan::CODE_MAX;
use crate::supplies::stock::{PlaceRow, list_stock_places};
use crate::web::acts::new_key;
use crate::web::alerts::SegLink;
use crate::web::extract::Viewer;
use crate::web::filters;
use crate::web::page::{Nav, Page, Shell};
use crate::web::{PageError, routes};

/// Places that can be chosen.
const PLACES_MAX: i64 = 500;

/// What is scanned for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// What somebody takes.
    Issue,
    /// What has come.
    Receive,
    /// Bins that are empty.
    Empty,
    /// Bins that are full again.
    Full,
}

impl Kind {
    /// Its page.
    #[must_use]
    pub fn path(self) -> &'static str {
        match self {
            Self::Issue => routes::SCAN_ISSUE,
            Self::Receive => routes::SCAN_RECEIVE,
            Self::Empty | Self::Full => routes::SCAN_BINS,
        }
    }

    fn is_bins(self) -> bool {
        matches!(self, Self::Empty | Self::Full)
    }

    /// Its page at a place.
    fn href(self, place: Option<StockPlaceId>) -> String {
        let place = place.map(|place| place.to_string());
        let mut pairs = Vec::new();
        pairs.extend(place.as_deref().map(|place| ("place", place)));
        if self == Self::Full {
            pairs.push(("mode", "full"));
        }
        routes::with_query(self.path(), &pairs)
    }
}

/// How a scan sounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sound {
    /// It was booked.
    Hit,
    /// It was not.
    Miss,
    /// It was booked before.
    Duplicate,
}

impl Sound {
    /// The word that the script knows.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Hit => "hit",
            Self::Miss => "miss",
            Self::Duplicate => "duplicate",
        }
    }
}

/// What the last scan was, for eyes and ears.
#[derive(Clone, Debug)]
pub struct Said {
    /// How it sounds.
    pub sound: Sound,
    /// What it was, and what to do.
    pub words: String,
    /// The code, to be sent again or looked at.
    pub code: String,
    /// Status of the answer.
    pub status: StatusCode,
    /// Where to go on.
    pub link: Option<(String, String)>,
    /// A way to book it all the same.
    pub offer: Option<Offer>,
}

/// A way to book what was refused.
#[derive(Clone, Debug)]
pub struct Offer {
    /// Words of the button.
    pub words: String,
    /// When a reason is needed: the label of its field, and what was said before.
    pub reason: Option<(&'static str, String)>,
    /// The scan as it was sent, with all that was typed and said yes to, and with the yes of this offer.
    pub hidden: Vec<(&'static str, String)>,
}

/// What is typed beside the code. After a miss it stands there still; after a hit everything starts anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Beside {
    /// How many of what carries the code.
    pub quantity: String,
    /// The lot.
    pub lot_number: String,
    /// The last day of use.
    pub expires_on: String,
}

impl Default for Beside {
    fn default() -> Self {
        Self {
            quantity: "1".to_owned(),
            lot_number: String::new(),
            expires_on: String::new(),
        }
    }
}

impl Said {
    fn new(sound: Sound, words: String, code: &str) -> Self {
        Self {
            sound,
            words,
            code: code.chars().take(CODE_MAX).collect(),
            status: match sound {
                Sound::Hit => StatusCode::OK,
                Sound::Miss => StatusCode::UNPROCESSABLE_ENTITY,
                Sound::Duplicate => StatusCode::CONFLICT,
            },
            link: None,
            offer: None,
        }
    }

    /// It was booked.
    pub(in crate::web) fn hit(words: String) -> Self {
        Self::new(Sound::Hit, words, "")
    }

    /// It was not.
    pub(in crate::web) fn miss(words: String, code: &str) -> Self {
        Self::new(Sound::Miss, words, code)
    }

    /// It was booked before.
    pub(in crate::web) fn duplicate(words: String, code: &str) -> Self {
        Self::new(Sound::Duplicate, words, code)
    }

    pub(in crate::web) fn with_status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    pub(in crate::web) fn with_link(mut self, words: &str, href: String) -> Self {
        self.link = Some((words.to_owned(), href));
        self
    }

    fn with_offer(mut self, offer: Offer) -> Self {
        self.offer = Some(offer);
        self
    }

    /// For tests of templates.
    pub(in crate::web) fn sample(shell: &Shell) -> Self {
        let offer = Offer {
            words: shell.t.scan.offer_lot.to_owned(),
            reason: Some((shell.t.scan.offer_why, "<7> & \"torn\"".to_owned())),
            hidden: vec![("key", new_key()), ("code", "<7>&\"".to_owned())],
        };
        let link = routes::scan_link_path("<7>&", "/scan/issue?place=6");
        Self::miss("Nobody knows the code <7>&.".to_owned(), "<7>&")
            .with_link(shell.t.scan.miss_link, link)
            .with_offer(offer)
    }
}

/// The field for the scanner.
#[derive(Clone, Debug)]
pub struct ScanForm {
    /// Idempotency key.
    pub key: String,
    /// Label of the field.
    pub label: &'static str,
    /// What is below it.
    pub hint: &'static str,
    /// Words of the button.
    pub go: &'static str,
    /// Label of the quantity; none: there is none.
    pub quantity: Option<&'static str>,
    /// Further fields.
    pub hidden: Vec<(&'static str, String)>,
    /// Lot and day are asked for.
    pub asks_lot: bool,
    /// What stands in the fields beside the code.
    pub beside: Beside,
}

impl ScanForm {
    pub(in crate::web) fn new(
        label: &'static str,
        hint: &'static str,
        go: &'static str,
        quantity: Option<&'static str>,
    ) -> Self {
        Self {
            key: new_key(),
            label,
            hint,
            go,
            quantity,
            hidden: Vec::new(),
            asks_lot: false,
            beside: Beside::default(),
        }
    }
}

/// `?place=&mode=full&done=`
#[derive(Clone, Debug, Default, Deserialize)]
pub struct ScanParams {
    place: Option<String>,
    mode: Option<String>,
    done: Option<String>,
}

impl ScanParams {
    fn place(&self) -> Option<StockPlaceId> {
        let place = self.place.as_deref()?.parse().ok()?;
        Some(StockPlaceId(place))
    }

    fn is_full(&self) -> bool {
        self.mode.as_deref() == Some("full")
    }
}

/// The page.
#[derive(Debug, Template)]
#[template(path = "scan/index.html")]
pub struct ScanPage {
    /// Frame.
    pub shell: Shell,
    /// Issue, receive or two bins.
    pub heading: &'static str,
    /// The other pages.
    pub kinds: Vec<SegLink>,
    /// Where forms are sent.
    pub action: &'static str,
    /// Places to choose from.
    pub places: Vec<(i64, String, bool)>,
    /// The place that was chosen.
    pub place: Option<(i64, String)>,
    /// Emptied or refilled; for those who may do both.
    pub modes: Vec<SegLink>,
    /// Whether bins are refilled.
    pub is_full: bool,
    /// The field; none before a place is chosen.
    pub form: Option<ScanForm>,
    /// What the last scan was.
    pub said: Option<Said>,
    /// What the person did here.
    pub log: Log,
}

/// `GET /scan/issue`
///
/// # Errors
/// When the database fails.
pub async fn issue(
    app: web::Data<App>,
    viewer: Viewer,
    params: web::Query<ScanParams>,
) -> Result<HttpResponse, PageError> {
    show(&app, &viewer, (Kind::Issue, &params), None).await
}

/// `GET /scan/receive`
///
/// # Errors
/// When the database fails.
pub async fn receive(
    app: web::Data<App>,
    viewer: Viewer,
    params: web::Query<ScanParams>,
) -> Result<HttpResponse, PageError> {
    show(&app, &viewer, (Kind::Receive, &params), None).await
}

/// `GET /scan/bins`
///
/// # Errors
/// When the database fails.
pub async fn bins(
    app: web::Data<App>,
    viewer: Viewer,
    params: web::Query<ScanParams>,
) -> Result<HttpResponse, PageError> {
    let is_full = params.is_full() && viewer.may_open(routes::SCAN_RECEIVE);
    let kind = if is_full { Kind::Full } else { Kind::Empty };
    show(&app, &viewer, (kind, &params), None).await
}

async fn show(
    app: &App,
    viewer: &Viewer,
    (kind, params): (Kind, &ScanParams),
    answered: Option<(Said, Beside)>,
) -> Result<HttpResponse, PageError> {
    let mut shell = viewer.shell(Nav::Scan);
    let conn = app.db.conn().await?;
    let (places, _) = list_stock_places(&conn, None, PLACES_MAX).await?;
    let asked = params.place();
    let chosen = places.iter().find(|row| Some(row.stock_place_id) == asked);
    let log = match chosen {
        Some(row) => {
            let of = (viewer.user_id, row.stock_place_id);
            read_log(&conn, of, kind, &shell).await?
        }
        None => Log::default(),
    };
    // What was just done is said beside the field, not above the page.
    let (said, beside) = match answered {
        Some((said, beside)) => (Some(said), beside),
        None if params.done.is_some() => (shell.flash.take().map(Said::hit), Beside::default()),
        None => (None, Beside::default()),
    };
    let status = said.as_ref().map_or(StatusCode::OK, |said| said.status);
    let mut page = ScanPage::new(shell, viewer.role, kind, (&places, asked), (said, log));
    if let Some(form) = &mut page.form {
        form.beside = beside;
    }
    Page::new(page).with_status(status).render()
}

impl ScanPage {
    fn new(
        shell: Shell,
        role: Role,
        kind: Kind,
        (places, asked): (&[PlaceRow], Option<StockPlaceId>),
        (said, log): (Option<Said>, Log),
    ) -> Self {
        let t = &shell.t.scan;
        let place = places.iter().find(|row| Some(row.stock_place_id) == asked);
        let place_id = place.map(|row| row.stock_place_id);
        let link = |one: Kind, word: &str, is_current| SegLink {
            href: one.href(place_id),
            word: word.to_owned(),
            count: None,
            is_current,
        };
        let kinds = [
            (Kind::Issue, t.issue, kind == Kind::Issue),
            (Kind::Receive, t.receive, kind == Kind::Receive),
            (Kind::Empty, t.bins, kind.is_bins()),
        ];
        let may_refill = routes::may_open(role, routes::SCAN_RECEIVE);
        let modes = [
            link(Kind::Empty, t.mode_empty, kind == Kind::Empty),
            link(Kind::Full, t.mode_full, kind == Kind::Full),
        ];
        Self {
            heading: match kind {
                Kind::Issue => t.issue,
                Kind::Receive => t.receive,
                Kind::Empty | Kind::Full => t.bins,
            },
            kinds: kinds
                .into_iter()
                .filter(|(one, ..)| routes::may_open(role, one.path()))
                .map(|(one, word, is_current)| link(one, word, is_current))
                .collect(),
            action: kind.path(),
            places: places
                .iter()
                .filter(|row| !row.counts_itself || kind.is_bins())
                .map(|row| {
                    let id = row.stock_place_id;
                    (id.0, row.name.clone(), Some(id) == place_id)
                })
                .collect(),
            place: place.map(|row| (row.stock_place_id.0, row.name.clone())),
            modes: modes
                .into_iter()
                .filter(|_| kind.is_bins() && may_refill)
                .collect(),
            is_full: kind == Kind::Full,
            form: place_id.map(|place| scan_form(kind, place, &shell)),
            said,
            log,
            shell,
        }
    }

    /// Pages for tests of templates.
    #[must_use]
    pub fn samples() -> Vec<Self> {
        let shell = Shell::sample_for(Role::Supply);
        let places = [PlaceRow {
            stock_place_id: StockPlaceId(6),
            name: "4 West <supply> & more".to_owned(),
            kind: crate::db::types::StockPlaceKind::Room,
            silent_since: None,
            round_name: None,
            unit_name: None,
            items: 3,
            drafts: 0,
            out: 0,
            counts_itself: false,
        }];
        let page = |kind, asked, said, log| {
            Self::new(
                shell.clone(),
                Role::Supply,
                kind,
                (&places, asked),
                (said, log),
            )
        };
        let place = Some(StockPlaceId(6));
        let hit = Said::hit("Issued: 3 of IV cannula <20G>.".to_owned());
        vec![
            page(Kind::Issue, None, None, Log::default()),
            page(
                Kind::Issue,
                place,
                Some(Said::sample(&shell)),
                Log::sample(&shell),
            ),
            page(Kind::Receive, place, Some(hit), Log::sample(&shell)),
            page(Kind::Empty, place, None, Log::sample(&shell)),
            page(Kind::Full, place, None, Log::default()),
        ]
    }
}

fn scan_form(kind: Kind, place: StockPlaceId, shell: &Shell) -> ScanForm {
    let t = &shell.t.scan;
    let (label, quantity) = match kind {
        Kind::Issue => (t.code_issue, Some(t.quantity)),
        Kind::Receive => (t.code_receive, Some(t.quantity)),
        Kind::Empty => (t.code_empty, None),
        Kind::Full => (t.code_full, None),
    };
    let mut form = ScanForm::new(label, t.code_hint, t.go, quantity);
    form.hidden.push(("place", place.to_string()));
    if kind == Kind::Full {
        form.hidden.push(("mode", "full".to_owned()));
    }
    form.asks_lot = matches!(kind, Kind::Receive | Kind::Full);
    form
}
