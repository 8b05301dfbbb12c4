//! What readers mean for a place of stock: cards of bins, boards and exits in its room, and the reader that counts a cabinet.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;

use crate::app::App;
use crate::db::types::{AntennaPurpose, Role};
use crate::ids::{BinId, ReaderId, StockPlaceId};
use crate::supplies::setup::{
    AntennaLine, CardLine, Setup, SetupAct, SetupError, find_setup, perform_setup,
};
use crate::supplies::stock::find_stock_place;
use crate::web::extract::{IdPath, Viewer};
use crate::web::fields::{BadField, Fields};
use crate::web::page::{Nav, Page, Shell, see_other};
use crate::web::strings::{Strings, fill};
use crate::web::{PageError, routes};

/// The page.
#[derive(Debug, Template)]
#[template(path = "supplies/setup.html")]
pub struct PlaceSetupPage {
    /// Frame.
    pub shell: Shell,
    /// The name of the place.
    pub place: String,
    /// Its page.
    pub back_href: String,
    /// Where the place itself is changed.
    pub edit_href: String,
    /// Where forms are sent.
    pub action: String,
    /// What it is set up with.
    pub setup: Setup,
    /// Antennas: id, words, and what each may mean: value, word, whether it is so.
    pub antennas: Vec<AntennaForm>,
    /// Whether the person may change antennas and readers.
    pub is_admin: bool,
    /// Why nothing was changed.
    pub problem: Option<String>,
    /// What was typed in vain: the bin and the tag.
    pub typed: Option<(i64, String)>,
}

/// An antenna, and what it may mean.
#[derive(Clone, Debug)]
pub struct AntennaForm {
    /// Its id.
    pub id: i64,
    /// "gate-3, antenna 1, door".
    pub words: String,
    /// What it means now.
    pub now: &'static str,
    /// What it may mean: value, word, whether it is so.
    pub choices: Vec<(&'static str, &'static str, bool)>,
}

fn purpose_word(purpose: AntennaPurpose, t: &'static Strings) -> &'static str {
    match purpose {
        AntennaPurpose::Place => t.stock.purpose_place,
        AntennaPurpose::Board => t.stock.purpose_board,
        AntennaPurpose::Exit => t.stock.purpose_exit,
    }
}

/// `GET /supplies/places/{id}/setup`
///
/// # Errors
/// 404 for a place that does not exist; when the database fails.
pub async fn page(
    app: web::Data<App>,
    viewer: Viewer,
    id: IdPath<StockPlaceId>,
) -> Result<HttpResponse, PageError> {
    show(&app, &viewer, id.0, None).await
}

/// Why nothing was changed, and what was typed.
struct Refused {
    status: StatusCode,
    words: String,
    typed: Option<(i64, String)>,
}

async fn show(
    app: &App,
    viewer: &Viewer,
    id: StockPlaceId,
    refused: Option<Refused>,
) -> Result<HttpResponse, PageError> {
    let conn = app.db.conn().await?;
    let (setup, card) = tokio::try_join!(find_setup(&conn, id), find_stock_place(&conn, id))?;
    let (setup, card) = setup.zip(card).ok_or(PageError::NotFound)?;
    drop(conn);
    let shell = viewer.shell(Nav::Supplies);
    let mut page = PlaceSetupPage::new(shell, viewer.role, (id, card.name), setup);
    let status = refused.as_ref().map_or(StatusCode::OK, |it| it.status);
    if let Some(refused) = refused {
        page.problem = Some(refused.words);
        page.typed = refused.typed;
    }
    Page::new(page).with_status(status).render()
}

impl PlaceSetupPage {
    fn new(shell: Shell, role: Role, (id, place): (StockPlaceId, String), setup: Setup) -> Self {
        let t = &shell.t.stock;
        let antennas = setup.antennas.iter().map(|line| AntennaForm {
            id: line.antenna_id,
            words: fill(t.antenna, &[&line.reader_key, &line.port, &line.zone_name]),
            now: purpose_word(line.purpose, shell.t),
            choices: AntennaPurpose::ALL
                .iter()
                .map(|one| {
                    let word = purpose_word(*one, shell.t);
                    (one.as_str(), word, *one == line.purpose)
                })
                .collect(),
        });
        Self {
            place,
            back_href: routes::stock_place_path(id),
            edit_href: routes::stock_place_edit_path(id),
            action: routes::stock_place_setup_path(id),
            antennas: antennas.collect(),
            is_admin: role == Role::Admin,
            problem: None,
            typed: None,
            setup,
            shell,
        }
    }

    /// Pages for tests of templates.
    #[must_use]
    pub fn samples() -> Vec<Self> {
        let setup = Setup {
            antennas: vec![AntennaLine {
                antenna_id: 4,
                reader_key: "board-<1>".to_owned(),
                port: 1,
                zone_name: "Door & wall".to_owned(),
                purpose: AntennaPurpose::Board,
            }],
            cards: ["A-01", "A-02"]
                .iter()
                .enumerate()
                .map(|(n, name)| CardLine {
                    bin_id: BinId(7 + i64::try_from(n).unwrap_or(0)),
                    bin_name: (*name).to_owned(),
                    item_name: "Swab <7>".to_owned(),
                    tag_key: (n == 0).then(|| "x:card&7".to_owned()),
                })
                .collect(),
            readers: Some(vec![(ReaderId(3), "cabinet-<3>".to_owned(), true)]),
        };
        let page = |role, setup| {
            let shell = Shell::sample_for(role);
            let place = (StockPlaceId(6), "4 West <supply>".to_owned());
            Self::new(shell, role, place, setup)
        };
        let mut refused = page(Role::Supply, setup.clone());
        refused.problem = Some("The tag <7> is on something else.".to_owned());
        refused.typed = Some((8, "x:<7>".to_owned()));
        vec![
            page(Role::Supply, Setup::default()),
            page(Role::Admin, setup),
            refused,
        ]
    }
}

enum Asked {
    Purpose(i64, AntennaPurpose),
    Card(BinId, String),
    Reader(Option<ReaderId>),
}

fn read_form(body: &[u8]) -> Result<Asked, BadField> {
    let fields = Fields::parse(body, &["act", "antenna", "purpose", "bin", "tag", "reader"])?;
    let bad = |name: &str| BadField(name.to_owned());
    let id = |name: &str| fields.number(name)?.ok_or_else(|| bad(name));
    Ok(match fields.text("act").as_str() {
        "purpose" => {
            let purpose = AntennaPurpose::from_text(&fields.text("purpose"));
            Asked::Purpose(id("antenna")?, purpose.ok_or_else(|| bad("purpose"))?)
        }
        "card" => Asked::Card(BinId(id("bin")?), fields.text("tag")),
        "no_card" => Asked::Card(BinId(id("bin")?), String::new()),
        "reader" => Asked::Reader(fields.number("reader")?.map(ReaderId)),
        _ => return Err(bad("act")),
    })
}

/// `POST /supplies/places/{id}/setup`
///
/// # Errors
/// 403 for antennas and readers by others than administrators; 404 for a place that does not exist; when the database fails.
pub async fn change(
    app: web::Data<App>,
    viewer: Viewer,
    id: IdPath<StockPlaceId>,
    body: web::Bytes,
) -> Result<HttpResponse, PageError> {
    let t = viewer.shell(Nav::Supplies).t;
    let asked = match read_form(&body) {
        Ok(asked) => asked,
        Err(field) => {
            let refused = Refused {
                status: StatusCode::BAD_REQUEST,
                words: fill(t.register.bad_form, &[&field.0]),
                typed: None,
            };
            return show(&app, &viewer, id.0, Some(refused)).await;
        }
    };
    if !matches!(asked, Asked::Card(..)) && viewer.role != Role::Admin {
        return Err(PageError::Forbidden);
    }
    let act = match &asked {
        Asked::Purpose(antenna, purpose) => SetupAct::Purpose(*antenna, *purpose),
        Asked::Card(bin, tag) => SetupAct::Card(*bin, tag),
        Asked::Reader(reader) => SetupAct::Reader(*reader),
    };
    let done = {
        let mut conn = app.db.conn().await?;
        perform_setup(&mut conn, id.0, act, viewer.user_id, app.clock.now()).await
    };
    let (status, words) = match done {
        Ok(()) => {
            viewer.leave_flash(&app, t.stock.setup_done).await?;
            return Ok(see_other(&routes::stock_place_setup_path(id.0)));
        }
        Err(SetupError::Database(error)) => return Err(error.into()),
        Err(SetupError::Nothing) => (StatusCode::NOT_FOUND, t.stock.setup_nothing.to_owned()),
        Err(SetupError::TagKey(error)) => (StatusCode::UNPROCESSABLE_ENTITY, error.to_string()),
        Err(SetupError::TagTaken) => (StatusCode::CONFLICT, t.stock.setup_tag_taken.to_owned()),
        Err(SetupError::BeingCounted) => {
            (StatusCode::CONFLICT, t.stock.setup_being_counted.to_owned())
        }
        Err(SetupError::ReaderTaken) => {
            (StatusCode::CONFLICT, t.stock.setup_reader_taken.to_owned())
        }
    };
    let typed = match asked {
        Asked::Card(bin, tag) => Some((bin.0, tag)),
        Asked::Purpose(..) | Asked::Reader(_) => None,
    };
    let refused = Refused {
        status,
        words,
        typed,
    };
    show(&app, &viewer, id.0, Some(refused)).await
}
