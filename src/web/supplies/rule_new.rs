//! For which item and where a rule is added: the first step, which leads to the form of that rule.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use crate::app::App;
use crate::db::types::Role;
use crate::ids::{FloorId, ItemId};
use crate::supplies::rulebook::{Scope, find_named_scopes, list_scopes};
use crate::supplies::stock::find_item_by_number;
use crate::web::extract::Viewer;
use crate::web::page::{Nav, Page, Problem, Shell, see_other};
use crate::web::strings::fill;
use crate::web::{PageError, routes};

/// `?item=&at=&name=`
#[derive(Clone, Debug, Default, Deserialize)]
pub struct NewRuleParams {
    item: Option<String>,
    at: Option<String>,
    name: Option<String>,
}

/// The page.
#[derive(Debug, Template)]
#[template(path = "supplies/rule_new.html")]
pub struct NewRulePage {
    /// Frame.
    pub shell: Shell,
    /// What is wrong.
    pub problems: Vec<Problem>,
    /// The number that was typed.
    pub item: String,
    /// Everywhere, facilities, buildings and floors: value, words, whether it is chosen.
    pub places: Vec<(String, String, bool)>,
    /// The name that was typed.
    pub name: String,
}

/// `GET /supplies/rules/new`
///
/// # Errors
/// When the database fails.
pub async fn page(
    app: web::Data<App>,
    viewer: Viewer,
    params: web::Query<NewRuleParams>,
) -> Result<HttpResponse, PageError> {
    let shell = viewer.shell(Nav::Rules);
    let conn = app.db.conn().await?;
    let scopes = list_scopes(&conn).await?;
    let mut page = NewRulePage::new(shell, &params, &scopes);
    if params.at.is_none() {
        return Page::new(page).render();
    }
    let t = &page.shell.t.stock_rules;
    let mut problems = Vec::new();
    let item: Option<ItemId> = match page.item.as_str() {
        "" => None,
        number => {
            let found = find_item_by_number(&conn, number).await?;
            if found.is_none() {
                problems.push(Problem::new("item", fill(t.no_item, &[&short(number)])));
            }
            found
        }
    };
    let scope = match params.at.as_deref().unwrap_or_default() {
        "" if page.name.is_empty() => Err(t.no_name.to_owned()),
        "" => match find_named_scopes(&conn, &page.name).await?.as_slice() {
            [(scope, _)] => Ok(*scope),
            [] => Err(fill(t.no_place, &[&short(&page.name)])),
            [_, _, ..] => Err(fill(t.many_places, &[&short(&page.name)])),
        },
        at => Scope::parse(at).ok_or_else(|| t.no_name.to_owned()),
    };
    match scope {
        Ok(scope) if problems.is_empty() => {
            return Ok(see_other(&routes::rule_path(item, &scope.to_string())));
        }
        Ok(_) => {}
        Err(words) => problems.push(Problem::new("name", words)),
    }
    page.problems = problems;
    Page::new(page)
        .with_status(StatusCode::UNPROCESSABLE_ENTITY)
        .render()
}

fn short(text: &str) -> String {
    text.chars().take(40).collect()
}

impl NewRulePage {
    fn new(shell: Shell, params: &NewRuleParams, scopes: &[(Scope, String)]) -> Self {
        let t = &shell.t.stock_rules;
        let typed = |text: &Option<String>| {
            let text = text.as_deref().unwrap_or_default().trim();
            text.replace('\0', "").chars().take(160).collect::<String>()
        };
        let at = params.at.as_deref();
        let choice = |scope: &Scope, words: &str| {
            let value = scope.to_string();
            let is_chosen = at == Some(value.as_str());
            (value, words.to_owned(), is_chosen)
        };
        let mut places = vec![(String::new(), t.new_named.to_owned(), at == Some(""))];
        places.push(choice(&Scope::Everywhere, t.everywhere));
        places.extend(scopes.iter().map(|(scope, name)| choice(scope, name)));
        Self {
            problems: Vec::new(),
            item: typed(&params.item),
            name: typed(&params.name),
            places,
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
        let scopes = [(Scope::Floor(FloorId(3)), "Level 3 <b>".to_owned())];
        let typed = NewRuleParams {
            item: Some("<i>".to_owned()),
            at: Some("floor-3".to_owned()),
            name: Some("\"".to_owned()),
        };
        let mut wrong = Self::new(shell.clone(), &typed, &scopes);
        wrong.problems = ["item", "name"]
            .map(|field| Problem::new(field, wrong.shell.t.stock_rules.no_name))
            .into();
        vec![Self::new(shell, &NewRuleParams::default(), &scopes), wrong]
    }
}
