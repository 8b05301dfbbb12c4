//! Labels to print: sheets of HTML whose measures are those of the paper (`static/css/labels.css`).
//!
//! What a code says is what the search box understands: the number of an asset, or `wt:room:<id>`.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use super::extract::Viewer;
use super::find::OptionLine;
use super::origin::ROOM_LABEL;
use super::page::{Nav, Page, Problem, Shell};
use super::strings::fill;
use super::strings::tables::Labels as Words;
use super::wording::{capitalised, grouped};
use super::{PageError, routes};
use crate::app::App;
use crate::assets::model::AssetEntry;
use crate::assets::store::{list_entries, list_ids_by_number};
use crate::db::DbConn;
use crate::db::types::AssetStatus;
use crate::find::export::list_all;
use crate::find::filter::{PlaceFilter, Sort};
use crate::find::list::{Listing, list_rooms_within};
use crate::find::rank::Costs;
use crate::find::search::Source;
use crate::find::spots::list_type_names;
use crate::ids::{AssetId, AssetTypeId, FloorId, RoomId, UnitId};
use crate::places::model::RoomPlace;
use crate::places::store::{list_floors, list_places, list_units};

mod sheet;

pub use sheet::Qr;
use sheet::{Layout, arrange, parse_numbers};

/// Most labels of one request.
const LABELS_MAX: usize = 500;
/// Most copies of a label.
const COPIES_MAX: usize = 50;

/// The query string.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct LabelParams {
    /// Numbers of assets, with ranges.
    #[serde(default)]
    pub numbers: String,
    /// All of a type.
    #[serde(default)]
    pub r#type: String,
    /// Equipment in a room.
    #[serde(default)]
    pub room: String,
    /// Rooms by id, with commas.
    #[serde(default)]
    pub rooms: String,
    /// Rooms of a floor.
    #[serde(default)]
    pub floor: String,
    /// Rooms of a unit.
    #[serde(default)]
    pub unit: String,
    /// The sheet.
    #[serde(default)]
    pub layout: String,
    /// Where the first sheet begins.
    #[serde(default)]
    pub start: String,
    /// How often each label.
    #[serde(default)]
    pub copies: String,
}

/// Labels to print, and what to print.
#[derive(Debug, Template)]
#[template(path = "labels/index.html")]
pub struct LabelsPage {
    /// Frame.
    pub shell: Shell,
    /// "Labels for equipment".
    pub heading: &'static str,
    /// Where the form leads.
    pub action: &'static str,
    /// Numbers as typed; `None` for rooms.
    pub numbers: Option<String>,
    /// What to choose from.
    pub selects: Vec<LabelSelect>,
    /// Hidden fields: what a link chose.
    pub kept: Vec<(&'static str, String)>,
    /// Where the first sheet begins.
    pub start: String,
    /// How often each.
    pub copies: String,
    /// What is wrong.
    pub problems: Vec<Problem>,
    /// What else there is to know.
    pub notes: Vec<String>,
    /// "30 labels on 2 sheets".
    pub summary: Option<String>,
    /// The sheets.
    pub sheets: Vec<Sheet>,
    /// The layout's word, a class.
    pub layout: &'static str,
}

/// A choice of the form.
#[derive(Clone, Debug)]
pub struct LabelSelect {
    /// Name of the field.
    pub name: &'static str,
    /// Its label.
    pub label: &'static str,
    /// Options.
    pub options: Vec<OptionLine>,
}

/// One sheet.
#[derive(Clone, Debug)]
pub struct Sheet {
    /// "Sheet 1 of 3".
    pub words: String,
    /// Its places, empty ones too.
    pub places: Vec<Option<Label>>,
}

/// One label.
#[derive(Clone, Debug, Default)]
pub struct Label {
    /// The code.
    pub qr: Qr,
    /// What is largest.
    pub title: String,
    /// How large it can be: "l1" to "l4".
    pub size: &'static str,
    /// Below it.
    pub line: String,
    /// Smaller, below that.
    pub small: String,
}

impl Label {
    fn new(code: &str, title: String, line: String, small: String) -> Option<Self> {
        let size = match title.chars().count() {
            0..=9 => "l1",
            10..=14 => "l2",
            15..=26 => "l3",
            _ => "l4",
        };
        Some(Self {
            qr: Qr::new(code)?,
            title,
            size,
            line,
            small,
        })
    }

    fn of_asset(entry: &AssetEntry) -> Option<Self> {
        let number = &entry.asset_number;
        let line = capitalised(&entry.type_name);
        Self::new(
            number,
            number.clone(),
            line,
            entry.model().unwrap_or_default(),
        )
    }

    fn of_room(place: &RoomPlace) -> Option<Self> {
        let code = format!("{ROOM_LABEL}{}", place.room_id);
        let unit = place.unit_name.clone().unwrap_or_default();
        Self::new(&code, place.label(), unit, place.way())
    }
}

/// How the labels are to be laid out.
#[derive(Clone, Copy, Debug)]
struct Printing {
    layout: Layout,
    start: usize,
    copies: usize,
}

impl LabelParams {
    fn printing(&self, t: &Words) -> Result<Printing, Problem> {
        let layout = match self.layout.as_str() {
            "" => Layout::default(),
            word => Layout::parse(word).ok_or_else(|| Problem::new("layout", t.bad_layout))?,
        };
        let number = |field, label: &str, text: &str, most: usize| {
            let text = text.trim();
            if text.is_empty() {
                return Ok(1);
            }
            let number = text.parse().ok();
            let number = number.filter(|number: &usize| (1..=most).contains(number));
            let short: String = text.chars().take(20).collect();
            number.ok_or_else(|| Problem::new(field, fill(t.bad_value, &[&short, &label, &most])))
        };
        Ok(Printing {
            start: number("start", t.start, &self.start, layout.places())?,
            copies: number("copies", t.copies, &self.copies, COPIES_MAX)?,
            layout,
        })
    }
}

fn parse_ids(text: &str) -> Vec<i64> {
    let ids = text.split(',').filter_map(|id| id.trim().parse().ok());
    ids.take(LABELS_MAX + 1).collect()
}

fn one_id(text: &str) -> Option<i64> {
    text.trim().parse().ok()
}

/// `GET /labels/assets`
///
/// # Errors
/// When the database fails.
pub async fn assets(
    app: web::Data<App>,
    viewer: Viewer,
    params: web::Query<LabelParams>,
) -> Result<HttpResponse, PageError> {
    let shell = viewer.shell(Nav::Equipment);
    let t = &shell.t.labels;
    let conn = app.db.conn().await?;
    let types = list_type_names(&conn).await?;
    let chosen = one_id(&params.r#type);
    let options = types
        .iter()
        .map(|(id, name)| (id.0, capitalised(name)))
        .collect::<Vec<_>>();
    let mut page = LabelsPage::new(shell.clone(), t.assets_title, routes::ASSET_LABELS, &params);
    page.numbers = Some(params.numbers.clone());
    page.add_select("type", t.kind, t.any, &options, chosen);
    if one_id(&params.room).is_some() {
        page.kept.push(("room", params.room.clone()));
    }
    let printing = match params.printing(t) {
        Ok(printing) => printing,
        Err(problem) => return page.refuse(problem),
    };
    let most = LABELS_MAX / printing.copies;
    let ids = match find_assets(&conn, &params, &shell, most).await? {
        Ok(Some(ids)) => ids,
        Ok(None) => return page.answer(&[], printing),
        Err(problem) => return page.refuse(problem),
    };
    if ids.ids.len() > most {
        let words = fill(t.too_many, &[&LABELS_MAX]);
        return page.refuse(Problem::new("numbers", words));
    }
    let mut entries = list_entries(&conn, &ids.ids).await?;
    entries.retain(|entry| entry.standing.status != AssetStatus::Retired);
    entries.sort_by_key(|entry| ids.ids.iter().position(|id| *id == entry.asset_id));
    let labels: Vec<Label> = entries.iter().filter_map(Label::of_asset).collect();
    let has = |number: &String| {
        entries
            .iter()
            .any(|e| e.asset_number.eq_ignore_ascii_case(number))
    };
    let unknown: Vec<&str> = ids
        .asked
        .iter()
        .filter(|number| !has(number))
        .map(String::as_str)
        .collect();
    if let [some @ .., _] = unknown.as_slice() {
        let shown = unknown
            .iter()
            .take(20)
            .copied()
            .collect::<Vec<_>>()
            .join(", ");
        let dots = if some.len() >= 20 { ", \u{2026}" } else { "" };
        page.notes
            .push(fill(t.unknown, &[&format!("{shown}{dots}")]));
    }
    if labels.is_empty() {
        page.notes.insert(0, t.nothing_found.to_owned());
    }
    page.answer(&labels, printing)
}

/// Assets that were asked for, in order.
struct Asked {
    ids: Vec<AssetId>,
    /// Their numbers, when they were asked for by number.
    asked: Vec<String>,
}

/// What the query string chooses; `None` when it chooses nothing.
async fn find_assets(
    conn: &DbConn,
    params: &LabelParams,
    shell: &Shell,
    most: usize,
) -> Result<Result<Option<Asked>, Problem>, PageError> {
    let t = &shell.t.labels;
    let asked = match parse_numbers(&params.numbers, LABELS_MAX) {
        Ok(asked) => asked,
        Err(word) => {
            let short: String = word.chars().take(80).collect();
            return Ok(Err(Problem::new("numbers", fill(t.bad_range, &[&short]))));
        }
    };
    if asked.len() > most {
        let words = fill(t.too_many, &[&LABELS_MAX]);
        return Ok(Err(Problem::new("numbers", words)));
    }
    if !asked.is_empty() {
        let ids = list_ids_by_number(conn, &asked).await?;
        return Ok(Ok(Some(Asked { ids, asked })));
    }
    let room = one_id(&params.room).map(RoomId);
    let source = match (one_id(&params.r#type), room) {
        (Some(id), _) => Source::Types(vec![AssetTypeId(id)]),
        (None, Some(room)) => Source::Room(room),
        (None, None) => return Ok(Ok(None)),
    };
    let costs = Costs::default();
    let mut listing = Listing::new(&source, &costs);
    listing.sort = Sort::Number;
    listing.filters.place = room.map(PlaceFilter::Room);
    let ids = list_all(conn, &listing, shell.now).await?;
    Ok(match ids {
        Some(ids) => Ok(Some(Asked {
            ids,
            asked: Vec::new(),
        })),
        None => Err(Problem::new("type", fill(t.too_many, &[&LABELS_MAX]))),
    })
}

/// `GET /labels/rooms`
///
/// # Errors
/// When the database fails.
pub async fn rooms(
    app: web::Data<App>,
    viewer: Viewer,
    params: web::Query<LabelParams>,
) -> Result<HttpResponse, PageError> {
    let shell = viewer.shell(Nav::Equipment);
    let t = &shell.t.labels;
    let conn = app.db.conn().await?;
    let floors: Vec<(i64, String)> = list_floors(&conn)
        .await?
        .into_iter()
        .map(|floor| {
            let name = format!("{}, {}", floor.floor_name, floor.building_name);
            (floor.floor_id.0, name)
        })
        .collect();
    let units: Vec<(i64, String)> = list_units(&conn)
        .await?
        .into_iter()
        .map(|(id, name)| (id.0, name))
        .collect();
    let (floor, unit) = (one_id(&params.floor), one_id(&params.unit));
    let mut page = LabelsPage::new(shell.clone(), t.rooms_title, routes::ROOM_LABELS, &params);
    page.add_select("floor", t.floor, t.any, &floors, floor);
    page.add_select("unit", t.unit, t.any, &units, unit);
    let printing = match params.printing(t) {
        Ok(printing) => printing,
        Err(problem) => return page.refuse(problem),
    };
    let mut ids: Vec<RoomId> = parse_ids(&params.rooms).into_iter().map(RoomId).collect();
    let places = [
        floor.map(|id| PlaceFilter::Floor(FloorId(id))),
        unit.map(|id| PlaceFilter::Unit(UnitId(id))),
    ];
    let is_chosen = !ids.is_empty() || places.iter().any(Option::is_some);
    for place in places.into_iter().flatten() {
        let within = list_rooms_within(&conn, place).await?;
        // A floor and a unit together: the rooms of the unit on that floor.
        if ids.is_empty() {
            ids = within;
        } else {
            ids.retain(|id| within.contains(id));
        }
    }
    if ids.len() > LABELS_MAX / printing.copies {
        let words = fill(t.too_many, &[&LABELS_MAX]);
        return page.refuse(Problem::new("floor", words));
    }
    let mut rooms = list_places(&conn, &ids).await?;
    rooms.sort_by(|one, other| {
        let key = |room: &RoomPlace| (room.building_name.clone(), room.floor_id.0);
        (key(one), &one.room_name, one.room_id).cmp(&(key(other), &other.room_name, other.room_id))
    });
    let labels: Vec<Label> = rooms.iter().filter_map(Label::of_room).collect();
    if is_chosen && labels.is_empty() {
        page.notes.push(t.no_rooms.to_owned());
    }
    page.answer(&labels, printing)
}

impl LabelsPage {
    fn new(
        shell: Shell,
        heading: &'static str,
        action: &'static str,
        params: &LabelParams,
    ) -> Self {
        let t = &shell.t.labels;
        let chosen = Layout::parse(&params.layout).unwrap_or_default();
        let layouts = Layout::ALL.iter().map(|(layout, word)| OptionLine {
            value: (*word).to_owned(),
            words: layout_words(*layout, t).to_owned(),
            is_selected: *layout == chosen,
        });
        let or_one = |text: &str| match text.trim() {
            "" => "1".to_owned(),
            text => text.chars().take(20).collect(),
        };
        Self {
            heading,
            action,
            numbers: None,
            selects: vec![LabelSelect {
                name: "layout",
                label: t.layout,
                options: layouts.collect(),
            }],
            kept: Vec::new(),
            start: or_one(&params.start),
            copies: or_one(&params.copies),
            problems: Vec::new(),
            notes: Vec::new(),
            summary: None,
            sheets: Vec::new(),
            layout: chosen.word(),
            shell,
        }
    }

    fn add_select(
        &mut self,
        name: &'static str,
        label: &'static str,
        any: &str,
        choices: &[(i64, String)],
        chosen: Option<i64>,
    ) {
        let none = OptionLine {
            value: String::new(),
            words: any.to_owned(),
            is_selected: chosen.is_none(),
        };
        let options = choices.iter().map(|(id, words)| OptionLine {
            value: id.to_string(),
            words: words.clone(),
            is_selected: chosen == Some(*id),
        });
        let options = std::iter::once(none).chain(options).collect();
        let at = self.selects.len().saturating_sub(1);
        self.selects.insert(
            at,
            LabelSelect {
                name,
                label,
                options,
            },
        );
    }

    fn refuse(mut self, problem: Problem) -> Result<HttpResponse, PageError> {
        self.problems.push(problem);
        Page::new(self)
            .with_status(StatusCode::BAD_REQUEST)
            .render()
    }

    fn answer(mut self, labels: &[Label], printing: Printing) -> Result<HttpResponse, PageError> {
        self.lay_out(labels, printing);
        Page::new(self).render()
    }

    fn lay_out(&mut self, labels: &[Label], printing: Printing) {
        let t = &self.shell.t.labels;
        let sheets = arrange(labels, printing.layout, printing.start, printing.copies);
        let all = sheets.len();
        self.sheets = sheets
            .into_iter()
            .enumerate()
            .map(|(at, places)| Sheet {
                words: fill(t.sheet_one, &[&(at + 1), &all]),
                places,
            })
            .collect();
        self.layout = printing.layout.word();
        if labels.is_empty() {
            if self.notes.is_empty() {
                self.notes.push(t.none.to_owned());
            }
            return;
        }
        let count = i64::try_from(labels.len() * printing.copies).unwrap_or(i64::MAX);
        self.summary = Some(match (count, all) {
            (1, _) => t.one_label.to_owned(),
            (_, 1) => fill(t.labels_one_sheet, &[&grouped(count)]),
            _ => fill(t.sheets, &[&grouped(count), &all]),
        });
    }

    /// Pages for tests of templates.
    #[must_use]
    pub fn samples() -> Vec<Self> {
        let shell = Shell::sample();
        let t = &shell.t.labels;
        let params = LabelParams {
            numbers: "IP-0417 <b>".to_owned(),
            ..LabelParams::default()
        };
        let long = "A name that somebody made far too long <b> for a label";
        let label = |title: &str| {
            Label::new(
                title,
                title.to_owned(),
                "Infusion pump <i>".to_owned(),
                long.to_owned(),
            )
        };
        let labels: Vec<Label> = ["IP-0417", long].into_iter().filter_map(label).collect();
        let printing = Printing {
            layout: Layout::LetterBy10,
            start: 3,
            copies: 6,
        };
        let mut full = Self::new(shell.clone(), t.assets_title, routes::ASSET_LABELS, &params);
        full.numbers = Some(params.numbers.clone());
        full.add_select(
            "type",
            t.kind,
            t.any,
            &[(1, "Infusion pump <b>".to_owned())],
            Some(1),
        );
        full.kept.push(("room", "5".to_owned()));
        full.lay_out(&labels, printing);
        let mut wrong = Self::new(shell.clone(), t.rooms_title, routes::ROOM_LABELS, &params);
        wrong
            .problems
            .push(Problem::new("start", "0 is not possible <b>."));
        wrong.lay_out(&[], printing);
        vec![full, wrong]
    }
}

fn layout_words(layout: Layout, t: &Words) -> &'static str {
    match layout {
        Layout::A4By24 => t.a4_3x8,
        Layout::A4By14 => t.a4_2x7,
        Layout::LetterBy30 => t.letter_3x10,
        Layout::LetterBy10 => t.letter_2x5,
    }
}
