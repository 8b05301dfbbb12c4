//! Adding, changing and retiring a place of stock.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;
use uuid::Uuid;

use super::item_words::{bad_field, gone, problems};
use super::places::kind_word;
use crate::app::App;
use crate::assets::register::tagging::find_asset_by_number;
use crate::assets::store::find_entry;
use crate::db::again::again;
use crate::db::types::{Role, StockPlaceKind};
use crate::ids::{AssetId, RoomId, RoundId, StockPlaceId};
use crate::live::Topic;
use crate::supplies::catalogue::{
    PlaceAct, PlaceFault, PlaceFields, PlaceForm, PlacePosted, PlaceRefusal, find_place_fields,
    list_rounds, perform_place_form,
};
use crate::supplies::item_form::{ItemField, needed};
use crate::web::acts::{new_key, room};
use crate::web::extract::{IdPath, Viewer};
use crate::web::page::{Nav, Page, Problem, Shell, see_other};
use crate::web::strings::{Strings, fill};
use crate::web::{PageError, routes};

/// Longest name, as the database keeps it.
const NAME_MAX: usize = 120;

/// `POST /supplies/places/add` and `POST /supplies/places/{id}/edit`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SavePlaceForm {
    key: String,
    #[serde(default)]
    shown: String,
    #[serde(default)]
    kind: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    room: String,
    #[serde(default)]
    device: String,
    #[serde(default)]
    round: String,
    #[serde(default)]
    retired: String,
}

/// A place as it was typed.
#[derive(Clone, Debug, Default)]
struct PlaceTexts {
    kind: String,
    name: String,
    room: String,
    device: String,
    round: String,
    is_retired: bool,
}

/// The page.
#[derive(Debug, Template)]
#[template(path = "supplies/place_form.html")]
pub struct PlaceFormPage {
    /// Frame.
    pub shell: Shell,
    /// "Add a place of stock".
    pub heading: String,
    /// What is wrong.
    pub problems: Vec<Problem>,
    /// That somebody was faster.
    pub stale: Option<&'static str>,
    /// A place of this name that is no longer used: address and words.
    pub again: Option<(String, String)>,
    /// Where the form is sent.
    pub action: String,
    /// Idempotency key.
    pub key: String,
    /// What the form shows of the place.
    pub shown: String,
    /// What was typed.
    pub name: String,
    /// Room, cart, cabinet: value, word, whether it is chosen.
    pub kinds: Vec<(&'static str, &'static str, bool)>,
    /// What was typed.
    pub room: String,
    /// What was typed.
    pub device: String,
    /// Rounds: value, name, whether it is chosen.
    pub rounds: Vec<(String, String, bool)>,
    /// For a place that is there: whether it is no longer used.
    pub is_retired: Option<bool>,
    /// Where one came from: address and words.
    pub back: (String, String),
}

/// The place that a form is of: its id, and how it is now.
type Known = (StockPlaceId, PlaceFields);

/// `GET /supplies/places/add`
///
/// # Errors
/// When the database fails.
pub async fn add_form(
    app: web::Data<App>,
    viewer: Viewer,
) -> Result<Page<PlaceFormPage>, PageError> {
    let shell = viewer.shell(Nav::Supplies);
    let texts = PlaceTexts {
        kind: StockPlaceKind::Room.as_str().to_owned(),
        ..PlaceTexts::default()
    };
    Ok(Page::new(load(&app, shell, None, &texts).await?))
}

/// `POST /supplies/places/add`
///
/// # Errors
/// When the database fails.
pub async fn add(
    app: web::Data<App>,
    viewer: Viewer,
    form: web::Form<SavePlaceForm>,
) -> Result<HttpResponse, PageError> {
    save(&app, &viewer, None, &form).await
}

/// `GET /supplies/places/{id}/edit`: also of a place that is no longer used.
///
/// # Errors
/// 404 for a place that does not exist; when the database fails.
pub async fn edit_form(
    app: web::Data<App>,
    viewer: Viewer,
    id: IdPath<StockPlaceId>,
) -> Result<Page<PlaceFormPage>, PageError> {
    let shell = viewer.shell(Nav::Supplies);
    let known = find_known(&app, id.0).await?;
    let texts = texts_of(&app, &known.1).await?;
    Ok(Page::new(load(&app, shell, Some(&known), &texts).await?))
}

/// `POST /supplies/places/{id}/edit`
///
/// # Errors
/// When the database fails.
pub async fn edit(
    app: web::Data<App>,
    viewer: Viewer,
    id: IdPath<StockPlaceId>,
    form: web::Form<SavePlaceForm>,
) -> Result<HttpResponse, PageError> {
    save(&app, &viewer, Some(id.0), &form).await
}

async fn find_known(app: &App, id: StockPlaceId) -> Result<Known, PageError> {
    let known = find_place_fields(&*app.db.conn().await?, id).await?;
    Ok((id, known.ok_or(PageError::NotFound)?))
}

async fn texts_of(app: &App, fields: &PlaceFields) -> Result<PlaceTexts, PageError> {
    let room = match fields.room_id {
        Some(room) => room::text_of(app, room).await?,
        None => String::new(),
    };
    let device = match fields.asset_id {
        Some(asset) => find_entry(&*app.db.conn().await?, asset).await?,
        None => None,
    };
    let round = fields.round_id.map(|round| round.to_string());
    Ok(PlaceTexts {
        kind: fields.kind.as_str().to_owned(),
        name: fields.name.clone(),
        room,
        device: device.map(|entry| entry.asset_number).unwrap_or_default(),
        round: round.unwrap_or_default(),
        is_retired: fields.is_retired,
    })
}

async fn save(
    app: &App,
    viewer: &Viewer,
    id: Option<StockPlaceId>,
    form: &SavePlaceForm,
) -> Result<HttpResponse, PageError> {
    let shell = viewer.shell(Nav::Supplies);
    let back = id.map_or_else(|| routes::SUPPLIES.to_owned(), routes::stock_place_path);
    let Ok(key) = form.key.parse::<Uuid>() else {
        return bad_field(shell, "key", &form.key, &back);
    };
    // Postgres keeps no NUL in a text.
    let text = |text: &String| text.replace('\0', "").trim().to_owned();
    let texts = PlaceTexts {
        kind: text(&form.kind),
        name: text(&form.name),
        room: text(&form.room),
        device: text(&form.device),
        round: text(&form.round),
        is_retired: id.is_some() && form.retired == "1",
    };
    let refused = match read(app, &texts, shell.t).await? {
        Err(problems) => Refused::Problems(problems, None),
        Ok(fields) => {
            let act = match id {
                None => PlaceAct::Add(&fields),
                Some(id) => PlaceAct::Edit(id, &fields, &form.shown),
            };
            // Where a second press leads; the page of a place that is no longer used is gone.
            let location = if fields.is_retired {
                routes::SUPPLIES
            } else {
                &back
            };
            let sent = PlaceForm {
                key,
                user_id: viewer.user_id,
                act,
                location,
            };
            let done = again(&app.db, async |conn| {
                perform_place_form(conn, &sent, app.clock.now()).await
            });
            match done.await? {
                Ok(posted) => return done_page(app, viewer, &shell, posted, &fields, id).await,
                Err(PlaceRefusal::Gone) => return gone(shell, routes::SUPPLIES),
                Err(PlaceRefusal::Stale) => Refused::Stale,
                Err(PlaceRefusal::Fault(fault)) => {
                    let again = match &fault {
                        PlaceFault::Taken(name, Some(id)) => {
                            let words = fill(shell.t.stock_places.use_again, &[name]);
                            Some((routes::stock_place_edit_path(*id), words))
                        }
                        _ => None,
                    };
                    Refused::Problems(vec![problem(&fault, &texts, shell.t)], again)
                }
            }
        }
    };
    let known = match id {
        Some(id) => Some(find_known(app, id).await?),
        None => None,
    };
    let mut page = load(app, shell, known.as_ref(), &texts).await?;
    let status = match refused {
        Refused::Stale => {
            page.stale = Some(page.shell.t.stock_items.stale);
            StatusCode::CONFLICT
        }
        Refused::Problems(problems, again) => {
            page.shown.clone_from(&form.shown);
            (page.problems, page.again) = (problems, again);
            StatusCode::UNPROCESSABLE_ENTITY
        }
    };
    Page::new(page).with_status(status).render()
}

/// Why nothing was changed.
enum Refused {
    Stale,
    Problems(Vec<Problem>, Option<(String, String)>),
}

async fn done_page(
    app: &App,
    viewer: &Viewer,
    shell: &Shell,
    posted: PlacePosted,
    fields: &PlaceFields,
    id: Option<StockPlaceId>,
) -> Result<HttpResponse, PageError> {
    let t = &shell.t.stock_places;
    let (words, next) = match posted {
        PlacePosted::Repeat { location } => {
            viewer.leave_flash(app, shell.t.acts.done_already).await?;
            return Ok(see_other(routes::safe_next(&location)));
        }
        PlacePosted::Done(_) if fields.is_retired => (t.retired, routes::SUPPLIES.to_owned()),
        PlacePosted::Done(place) if id.is_none() => (t.added, routes::stock_place_path(place)),
        PlacePosted::Done(place) => (shell.t.stock_items.saved, routes::stock_place_path(place)),
    };
    app.hints.send([Topic::Alerts]);
    viewer.leave_flash(app, words).await?;
    Ok(see_other(&next))
}

/// Reads what was typed: names and numbers stand for rooms and devices.
async fn read(
    app: &App,
    texts: &PlaceTexts,
    t: &'static Strings,
) -> Result<Result<PlaceFields, Vec<Problem>>, PageError> {
    let words = &t.stock_places;
    let mut faults = Vec::new();
    let name = needed(ItemField::Name, &texts.name, NAME_MAX, &mut faults);
    let mut found = problems(&faults, t);
    let kind = StockPlaceKind::from_text(&texts.kind);
    if kind.is_none() {
        let sentence = fill(words.fault_kind, &[&short(&texts.kind)]);
        found.push(Problem::new("kind", sentence));
    }
    let room_id = find_room(app, &texts.room, t, &mut found).await?;
    let asset_id = find_device(app, &texts.device, t, &mut found).await?;
    let round_id = match texts.round.as_str() {
        "" => None,
        text => {
            let round = text.parse().ok().map(RoundId);
            if round.is_none() {
                found.push(Problem::new("round", words.fault_round));
            }
            round
        }
    };
    Ok(match kind {
        Some(kind) if found.is_empty() => Ok(PlaceFields {
            kind,
            name,
            room_id,
            asset_id,
            round_id,
            is_retired: texts.is_retired,
        }),
        _ => Err(found),
    })
}

async fn find_room(
    app: &App,
    text: &str,
    t: &Strings,
    found: &mut Vec<Problem>,
) -> Result<Option<RoomId>, PageError> {
    if text.is_empty() {
        return Ok(None);
    }
    let words = &t.stock_places;
    let sentence = match room::find_named(app, text).await? {
        room::Named::One(id) => return Ok(Some(id)),
        room::Named::None => fill(words.fault_room, &[&short(text)]),
        room::Named::Many(rooms) => fill(words.fault_many, &[&short(text), &rooms.join("; ")]),
    };
    found.push(Problem::new("room", sentence));
    Ok(None)
}

async fn find_device(
    app: &App,
    text: &str,
    t: &Strings,
    found: &mut Vec<Problem>,
) -> Result<Option<AssetId>, PageError> {
    if text.is_empty() {
        return Ok(None);
    }
    let device = find_asset_by_number(&*app.db.conn().await?, text).await?;
    if device.is_none() {
        let sentence = fill(t.stock_places.fault_device, &[&short(text)]);
        found.push(Problem::new("device", sentence));
    }
    Ok(device)
}

fn short(text: &str) -> String {
    text.chars().take(40).collect()
}

/// A mistake, with what to do about it.
fn problem(fault: &PlaceFault, texts: &PlaceTexts, t: &Strings) -> Problem {
    let t = &t.stock_places;
    let (field, sentence) = match fault {
        PlaceFault::Taken(name, None) => ("name", fill(t.fault_taken, &[name])),
        PlaceFault::Taken(name, Some(_)) => ("name", fill(t.fault_taken_retired, &[name])),
        PlaceFault::NoRoom => ("room", t.fault_no_room.to_owned()),
        PlaceFault::NoCart => ("device", t.fault_device_kind.to_owned()),
        PlaceFault::NoDevice => ("device", fill(t.fault_device, &[&short(&texts.device)])),
        PlaceFault::DeviceTaken(name) => ("device", fill(t.fault_device_taken, &[name])),
        PlaceFault::NoRound => ("round", t.fault_round.to_owned()),
        PlaceFault::HasReader { is_retiring: false } => ("kind", t.fault_reader_kind.to_owned()),
        PlaceFault::HasReader { is_retiring: true } => {
            ("retired", t.fault_reader_retired.to_owned())
        }
        PlaceFault::HasStock(items) => ("retired", fill(t.fault_stock, &[items])),
        PlaceFault::HasOrders(orders) => ("retired", fill(t.fault_orders, &[orders])),
        PlaceFault::BeingCounted => ("retired", t.fault_counted.to_owned()),
    };
    Problem::new(field, sentence)
}

async fn load(
    app: &App,
    shell: Shell,
    known: Option<&Known>,
    texts: &PlaceTexts,
) -> Result<PlaceFormPage, PageError> {
    let rounds = list_rounds(&*app.db.conn().await?).await?;
    let rounds = rounds
        .into_iter()
        .map(|round| (round.round_id, round.name))
        .collect();
    Ok(PlaceFormPage::new(shell, known, texts, rounds))
}

impl PlaceFormPage {
    fn new(
        shell: Shell,
        known: Option<&Known>,
        texts: &PlaceTexts,
        rounds: Vec<(RoundId, String)>,
    ) -> Self {
        let t = &shell.t.stock_places;
        let kinds = StockPlaceKind::ALL.iter().map(|kind| {
            let value = kind.as_str();
            (value, kind_word(*kind, &shell), value == texts.kind)
        });
        let kinds = kinds.collect();
        let mut choices = vec![(String::new(), t.no_round.to_owned(), texts.round.is_empty())];
        choices.extend(rounds.into_iter().map(|(id, name)| {
            let id = id.to_string();
            let is_chosen = id == texts.round;
            (id, name, is_chosen)
        }));
        let to_list = || (routes::SUPPLIES.to_owned(), shell.t.stock.back.to_owned());
        Self {
            heading: match known {
                Some((_, fields)) => fill(t.edit_title, &[&fields.name]),
                None => t.add_title.to_owned(),
            },
            problems: Vec::new(),
            stale: None,
            again: None,
            action: match known {
                Some((id, _)) => routes::stock_place_edit_path(*id),
                None => routes::STOCK_PLACE_ADD.to_owned(),
            },
            key: new_key(),
            shown: known.map_or_else(String::new, |(_, fields)| fields.fingerprint()),
            name: texts.name.clone(),
            kinds,
            room: texts.room.clone(),
            device: texts.device.clone(),
            rounds: choices,
            is_retired: known.map(|_| texts.is_retired),
            back: match known {
                Some((id, fields)) if !fields.is_retired => {
                    (routes::stock_place_path(*id), fields.name.clone())
                }
                _ => to_list(),
            },
            shell,
        }
    }

    /// Whether a field has a problem.
    fn is_wrong(&self, field: &str) -> bool {
        self.problems.iter().any(|problem| problem.field == field)
    }

    /// Pages for tests of templates.
    #[must_use]
    pub fn samples() -> Vec<Self> {
        let shell = Shell::sample_for(Role::Supply);
        let fields = PlaceFields {
            kind: StockPlaceKind::Cart,
            name: "Cart <7> & more".to_owned(),
            room_id: None,
            asset_id: Some(AssetId(4)),
            round_id: Some(RoundId(2)),
            is_retired: false,
        };
        let texts = PlaceTexts {
            kind: "cart".to_owned(),
            name: fields.name.clone(),
            room: "3W-<12>".to_owned(),
            device: "CT-<7>".to_owned(),
            round: "2".to_owned(),
            is_retired: true,
        };
        let rounds = || vec![(RoundId(2), "Morning <round>".to_owned())];
        let known = (StockPlaceId(6), fields);
        let mut wrong = Self::new(shell.clone(), Some(&known), &texts, rounds());
        wrong.problems = [
            PlaceFault::Taken("<b>".to_owned(), Some(StockPlaceId(7))),
            PlaceFault::NoRoom,
            PlaceFault::DeviceTaken("<i>".to_owned()),
            PlaceFault::NoRound,
            PlaceFault::HasReader { is_retiring: false },
            PlaceFault::HasStock(3),
        ]
        .iter()
        .map(|fault| problem(fault, &texts, shell.t))
        .collect();
        wrong.stale = Some(shell.t.stock_items.stale);
        wrong.again = Some((
            routes::stock_place_edit_path(StockPlaceId(7)),
            "Use <b> again".to_owned(),
        ));
        vec![
            Self::new(shell.clone(), None, &PlaceTexts::default(), Vec::new()),
            Self::new(shell, Some(&known), &texts, rounds()),
            wrong,
        ]
    }
}
