//! The targets of equipment: every line, by type.

use actix_web::web;
use askama::Template;
use serde::Deserialize;

use crate::app::App;
use crate::board::lines::{LINES_PER_PAGE, list_lines};
use crate::board::model::ParLine;
use crate::find::spots::list_type_names;
use crate::ids::{AssetTypeId, ParId};
use crate::web::exports;
use crate::web::extract::Viewer;
use crate::web::filters;
use crate::web::page::{Nav, Page, Shell};
use crate::web::strings::fill;
use crate::web::wording::{capitalised, grouped};
use crate::web::{PageError, routes};

/// The query string of the list.
#[derive(Debug, Default, Deserialize)]
pub struct LinesParams {
    /// Only of this type.
    pub r#type: Option<String>,
    /// After this line: its id, a full stop and the name of its type.
    pub after: Option<String>,
}

/// The lines.
#[derive(Debug, Template)]
#[template(path = "board/par.html")]
pub struct LinesPage {
    /// Frame.
    pub shell: Shell,
    /// Types to choose from.
    pub types: Vec<Choice>,
    /// Whether one is chosen.
    pub is_narrowed: bool,
    /// What could not be understood.
    pub problem: Option<String>,
    /// The lines.
    pub lines: Vec<LineRow>,
    /// More of them.
    pub next_href: Option<String>,
    /// The first page, from any other.
    pub start_href: Option<String>,
    /// All of them as a file.
    pub csv_href: String,
    /// A new one, for those who may.
    pub add_href: Option<String>,
}

/// One option of a select.
#[derive(Clone, Debug)]
pub struct Choice {
    /// Its value.
    pub value: String,
    /// Its words.
    pub words: String,
    /// Whether it is chosen.
    pub is_chosen: bool,
}

/// A line.
#[derive(Clone, Debug)]
pub struct LineRow {
    /// Its type.
    pub type_name: String,
    /// Where it holds.
    pub place: String,
    /// Target.
    pub target: String,
    /// Critical level.
    pub critical: String,
    /// Maximum, or that there is none.
    pub maximum: String,
    /// Where it is changed, for those who may.
    pub href: Option<String>,
}

/// `GET /board/par`
///
/// # Errors
/// When the database fails.
pub async fn index(
    app: web::Data<App>,
    viewer: Viewer,
    params: web::Query<LinesParams>,
) -> Result<Page<LinesPage>, PageError> {
    let shell = viewer.shell(Nav::Targets);
    let may_edit = viewer.may_open(routes::BOARD_PAR_NEW);
    let conn = app.db.conn().await?;
    let types = list_type_names(&conn).await?;
    let asked = params.r#type.as_deref().filter(|text| !text.is_empty());
    let chosen = asked
        .and_then(|text| text.parse().ok().map(AssetTypeId))
        .filter(|id| types.iter().any(|(known, _)| known == id));
    let after = params.after.as_deref().and_then(parse_after);
    let mut lines = list_lines(&conn, chosen, after, LINES_PER_PAGE + 1).await?;
    let page_len = usize::try_from(LINES_PER_PAGE).unwrap_or(usize::MAX);
    let has_more = lines.len() > page_len;
    lines.truncate(page_len);
    let next = lines.last().filter(|_| has_more).map(|line| {
        let after = format!("{}.{}", line.par_id, line.type_name);
        href(chosen, Some(&after))
    });
    let choice = |(id, name): &(AssetTypeId, String)| Choice {
        value: id.to_string(),
        words: capitalised(name),
        is_chosen: chosen == Some(*id),
    };
    Ok(Page::new(LinesPage {
        types: types.iter().map(choice).collect(),
        is_narrowed: chosen.is_some(),
        problem: (asked.is_some() && chosen.is_none()).then(|| shell.t.par.unknown_type.to_owned()),
        lines: lines
            .iter()
            .map(|line| LineRow::new(line, may_edit, &shell))
            .collect(),
        next_href: next,
        start_href: after.map(|_| href(chosen, None)),
        csv_href: csv_href(chosen),
        add_href: may_edit.then(|| add_href(chosen)),
        shell,
    }))
}

fn add_href(asset_type: Option<AssetTypeId>) -> String {
    match asset_type {
        Some(id) => routes::with_query(routes::BOARD_PAR_NEW, &[("type", &id.to_string())]),
        None => routes::BOARD_PAR_NEW.to_owned(),
    }
}

fn csv_href(asset_type: Option<AssetTypeId>) -> String {
    let id = asset_type.map(|id| id.to_string()).unwrap_or_default();
    exports::download_href(routes::BOARD_PAR_CSV, &[("type", &id)])
}

fn href(asset_type: Option<AssetTypeId>, after: Option<&str>) -> String {
    let asset_type = asset_type.map(|id| id.to_string());
    let pairs: Vec<(&str, &str)> = [("type", asset_type.as_deref()), ("after", after)]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .collect();
    if pairs.is_empty() {
        return routes::BOARD_PAR.to_owned();
    }
    routes::with_query(routes::BOARD_PAR, &pairs)
}

fn parse_after(text: &str) -> Option<(&str, ParId)> {
    let (id, name) = text.split_once('.')?;
    // Postgres keeps no NUL in a text.
    let is_text = !name.contains('\0');
    Some((name, ParId(id.parse().ok()?))).filter(|_| is_text)
}

/// "Every room of the kind clean utility", or the room.
pub(super) fn place_words(line: &ParLine, shell: &Shell) -> String {
    line.room_words()
        .unwrap_or_else(|| fill(shell.t.par.every, &[&line.kind_words()]))
}

impl LineRow {
    fn new(line: &ParLine, may_edit: bool, shell: &Shell) -> Self {
        let par = line.par();
        let number = |number: i32| grouped(i64::from(number));
        Self {
            type_name: capitalised(&line.type_name),
            place: place_words(line, shell),
            target: number(par.target),
            critical: number(par.critical),
            maximum: par
                .maximum
                .map_or_else(|| shell.t.par.no_maximum.to_owned(), number),
            href: may_edit.then(|| routes::par_path(line.par_id)),
        }
    }
}

impl LinesPage {
    /// Pages for tests of templates.
    #[must_use]
    pub fn samples() -> Vec<Self> {
        use crate::board::rules::Par;
        let shell = Shell::sample_for(crate::db::types::Role::Biomed);
        let nurse = Shell::sample();
        let line = |room: Option<i64>, maximum| {
            let par = Par {
                target: 6,
                critical: 2,
                maximum,
            };
            ParLine::sample(room.map(crate::ids::RoomId), par)
        };
        let choice = Choice {
            value: "60001".to_owned(),
            words: "Infusion pump <b>".to_owned(),
            is_chosen: true,
        };
        vec![
            Self {
                types: vec![choice],
                is_narrowed: true,
                problem: Some(shell.t.par.unknown_type.to_owned()),
                lines: vec![
                    LineRow::new(&line(None, Some(1_200)), true, &shell),
                    LineRow::new(&line(Some(20_001), None), true, &shell),
                ],
                next_href: Some(href(None, Some("1.x"))),
                start_href: Some(href(None, None)),
                csv_href: csv_href(Some(AssetTypeId(60_001))),
                add_href: Some(add_href(None)),
                shell,
            },
            Self {
                types: Vec::new(),
                is_narrowed: false,
                problem: None,
                lines: Vec::new(),
                next_href: None,
                start_href: None,
                csv_href: csv_href(None),
                add_href: None,
                shell: nurse,
            },
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_a_page_begins_survives_the_address() {
        assert_eq!(parse_after("7.Pump 2.0"), Some(("Pump 2.0", ParId(7))));
        for text in ["", "7", "x.Pump", "7.\0"] {
            assert_eq!(parse_after(text), None, "{text:?}");
        }
    }
}
