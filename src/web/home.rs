//! The start page: one search box, and what there is.

use actix_web::web;
use askama::Template;
use chrono::{DateTime, Utc};

use super::filters;
use super::page::{Nav, Page, Shell};
use super::strings::fill;
use super::wording::{capitalised, grouped};
use super::{PageError, routes};
use crate::app::App;
use crate::devices::model::LiveState;
use crate::devices::store::find_live_state;
use crate::find::search::{TypeCount, list_types};
use crate::web::extract::Viewer;

/// Types on the start page.
const TYPES_SHOWN: i64 = 12;

/// The start page.
#[derive(Debug, Template)]
#[template(path = "home/index.html")]
pub struct HomePage {
    /// Frame.
    pub shell: Shell,
    /// The types with most assets.
    pub types: Vec<TypeTile>,
    /// When places were last brought up to date; `None` while they are not live (the banner says so).
    pub updated_at: Option<DateTime<Utc>>,
}

/// A type with its counts, leading to its list.
#[derive(Clone, Debug)]
pub struct TypeTile {
    /// Its list.
    pub href: String,
    /// Its name.
    pub name: String,
    /// Available ones.
    pub available: String,
    /// "available of 52".
    pub of_total: String,
}

impl TypeTile {
    /// The tile of a type.
    #[must_use]
    pub fn new(count: &TypeCount, shell: &Shell) -> Self {
        Self {
            href: routes::type_path(count.asset_type_id),
            name: capitalised(&count.name),
            available: grouped(count.available),
            of_total: fill(shell.t.pages.home.available_of, &[&grouped(count.total)]),
        }
    }

    /// Tiles for tests of templates.
    #[must_use]
    pub fn samples(shell: &Shell) -> Vec<Self> {
        [
            ("Infusion pump", 31, 52),
            ("Bariatric bed", 0, 1),
            ("<script>", 1_200, 12_000),
        ]
        .into_iter()
        .map(|(name, available, total)| {
            let asset_type_id = crate::ids::AssetTypeId(30_001);
            Self::new(
                &TypeCount {
                    asset_type_id,
                    name: name.to_owned(),
                    available,
                    total,
                },
                shell,
            )
        })
        .collect()
    }
}

/// `GET /`
///
/// # Errors
/// When the database fails.
pub async fn page(app: web::Data<App>, viewer: Viewer) -> Result<Page<HomePage>, PageError> {
    let shell = viewer.shell(Nav::Find);
    let conn = app.db.conn().await?;
    let (types, live) = tokio::try_join!(
        list_types(&conn, TYPES_SHOWN),
        find_live_state(&conn, shell.now)
    )?;
    Ok(Page::new(HomePage {
        types: types
            .iter()
            .filter(|count| count.total > 0)
            .map(|count| TypeTile::new(count, &shell))
            .collect(),
        updated_at: match live {
            LiveState::Live { updated_at } => Some(updated_at),
            LiveState::NotLive { .. } => None,
        },
        shell,
    }))
}

impl HomePage {
    /// Pages for tests of templates.
    #[must_use]
    pub fn samples() -> Vec<Self> {
        let shell = Shell::sample();
        vec![
            Self {
                types: TypeTile::samples(&shell),
                updated_at: Some(shell.now),
                shell: shell.clone(),
            },
            Self {
                types: Vec::new(),
                updated_at: None,
                shell,
            },
        ]
    }
}
