//! Choosing the types of one's own start page.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;

use super::extract::Viewer;
use super::page::{Nav, Page, Problem, Shell, see_other};
use super::strings::fill;
use super::wording::capitalised;
use super::{PageError, routes};
use crate::app::App;
use crate::find::favourites::{
    FAVOURITES_MAX, list_favourites, list_type_choices, replace_favourites,
};
use crate::ids::AssetTypeId;

/// The form.
#[derive(Debug, Template)]
#[template(path = "favourites/index.html")]
pub struct FavouritesPage {
    /// Frame.
    pub shell: Shell,
    /// What is wrong with what was sent.
    pub problems: Vec<Problem>,
    /// Every type: id, name, chosen.
    pub choices: Vec<(AssetTypeId, String, bool)>,
}

/// `GET /favourites`
///
/// # Errors
/// When the database fails.
pub async fn page(app: web::Data<App>, viewer: Viewer) -> Result<Page<FavouritesPage>, PageError> {
    let conn = app.db.conn().await?;
    let (all, chosen) = tokio::try_join!(
        list_type_choices(&conn),
        list_favourites(&conn, viewer.user_id)
    )?;
    let shell = viewer.shell(Nav::Find);
    Ok(Page::new(FavouritesPage::new(
        shell,
        &all,
        &chosen,
        Vec::new(),
    )))
}

/// `POST /favourites`: the same form twice does the same, so it needs no key.
///
/// # Errors
/// When the database fails.
pub async fn choose(
    app: web::Data<App>,
    viewer: Viewer,
    body: web::Bytes,
) -> Result<HttpResponse, PageError> {
    let shell = viewer.shell(Nav::Find);
    let t = &shell.t.favourites;
    let mut chosen = Vec::new();
    let mut problems = Vec::new();
    for (name, value) in form_urlencoded::parse(&body) {
        match name.as_ref() {
            "csrf" => {}
            "type" => {
                if let Ok(id) = value.trim().parse() {
                    chosen.push(AssetTypeId(id));
                } else {
                    let shown: String = value.chars().take(40).collect();
                    problems.push(Problem::new("types", fill(t.bad, &[&shown])));
                }
            }
            _ => return Err(PageError::BadRequest),
        }
    }
    chosen.sort_unstable();
    chosen.dedup();
    if chosen.len() > FAVOURITES_MAX {
        problems.push(Problem::new("types", fill(t.too_many, &[&chosen.len()])));
    }
    let mut conn = app.db.conn().await?;
    if !problems.is_empty() {
        let all = list_type_choices(&conn).await?;
        let page = FavouritesPage::new(shell, &all, &chosen, problems);
        return Page::new(page)
            .with_status(StatusCode::UNPROCESSABLE_ENTITY)
            .render();
    }
    let kept = replace_favourites(&mut conn, viewer.user_id, &chosen).await?;
    drop(conn);
    let words = if kept == 0 { t.saved_none } else { t.saved };
    viewer.leave_flash(&app, words).await?;
    Ok(see_other(routes::HOME))
}

impl FavouritesPage {
    fn new(
        shell: Shell,
        all: &[(AssetTypeId, String)],
        chosen: &[AssetTypeId],
        problems: Vec<Problem>,
    ) -> Self {
        let choice =
            |(id, name): &(AssetTypeId, String)| (*id, capitalised(name), chosen.contains(id));
        Self {
            choices: all.iter().map(choice).collect(),
            problems,
            shell,
        }
    }

    /// Pages for tests of templates.
    #[must_use]
    pub fn samples() -> Vec<Self> {
        let shell = Shell::sample();
        let all = [
            (AssetTypeId(1), "infusion pump".to_owned()),
            (AssetTypeId(2), "<b>".to_owned()),
        ];
        let problems = vec![Problem::new(
            "types",
            fill(shell.t.favourites.too_many, &[&9]),
        )];
        vec![
            Self::new(shell.clone(), &all, &[AssetTypeId(2)], problems),
            Self::new(shell, &[], &[], Vec::new()),
        ]
    }
}
