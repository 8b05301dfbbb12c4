//! A code that nobody knows is linked to an item: find the item, say which pack carries it, and scan on.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use super::fault_words;
use crate::app::App;
use crate::db::DbConn;
use crate::ids::{ItemId, PackId};
use crate::supplies::scan::{Code, LinkError, link_code, list_packs};
use crate::supplies::stock::{find_item, find_items};
use crate::web::extract::Viewer;
use crate::web::fields::Fields;
use crate::web::page::{Nav, Page, Shell, see_other};
use crate::web::strings::fill;
use crate::web::wording::grouped;
use crate::web::{PageError, routes};

/// Longest text that is searched for.
const TEXT_MAX: usize = 200;

/// `?code=&back=&q=&item=`
#[derive(Clone, Debug, Default, Deserialize)]
pub struct LinkParams {
    code: Option<String>,
    back: Option<String>,
    q: Option<String>,
    item: Option<String>,
}

/// The page.
#[derive(Debug, Template)]
#[template(path = "scan/link.html")]
pub struct LinkPage {
    /// Frame.
    pub shell: Shell,
    /// What is linked.
    pub lead: String,
    /// The code.
    pub code: String,
    /// Where to go on.
    pub back: String,
    /// What was searched for.
    pub query: String,
    /// Items that were found: words and address.
    pub found: Vec<(String, String)>,
    /// That none was found.
    pub none: Option<String>,
    /// The item that was chosen.
    pub item: Option<ChosenItem>,
    /// Why it was not linked.
    pub problem: Option<String>,
}

/// The item that was chosen: id, name, and what may carry the code.
pub type ChosenItem = (i64, String, Vec<(i64, String)>);

/// `GET /scan/link`
///
/// # Errors
/// 404 for an item that does not exist; when the database fails.
pub async fn form(
    app: web::Data<App>,
    viewer: Viewer,
    params: web::Query<LinkParams>,
) -> Result<HttpResponse, PageError> {
    let shell = viewer.shell(Nav::Scan);
    show(&app, shell, &params, None).await
}

async fn show(
    app: &App,
    shell: Shell,
    params: &LinkParams,
    problem: Option<(StatusCode, String)>,
) -> Result<HttpResponse, PageError> {
    let conn = app.db.conn().await?;
    let query: String = params.q.as_deref().unwrap_or_default().replace('\0', "");
    let query: String = query.trim().chars().take(TEXT_MAX).collect();
    let found = if query.is_empty() {
        Vec::new()
    } else {
        find_items(&conn, &query, None).await?.0
    };
    let chosen = params.item.as_deref().and_then(|text| text.parse().ok());
    let item = match chosen.map(ItemId) {
        Some(id) => Some((id, read_item(&conn, id, &shell).await?)),
        None => None,
    };
    drop(conn);
    let (status, problem) = problem.map_or((StatusCode::OK, None), |(status, words)| {
        (status, Some(words))
    });
    let code = params.code.clone().unwrap_or_default();
    let back = routes::safe_next(params.back.as_deref().unwrap_or(routes::SCAN_ISSUE)).to_owned();
    let mut page = LinkPage::new(shell, (code, back), query, problem);
    for item in &found {
        let words = format!("{} ({})", item.name, item.item_number);
        page.add_found(words, item.item_id);
    }
    if found.is_empty() && !page.query.is_empty() {
        page.none = Some(fill(page.shell.t.scan.link_none, &[&page.query]));
    }
    page.item = item.map(|(id, (name, packs))| (id.0, name, packs));
    Page::new(page).with_status(status).render()
}

async fn read_item(
    conn: &DbConn,
    id: ItemId,
    shell: &Shell,
) -> Result<(String, Vec<(i64, String)>), PageError> {
    let card = find_item(conn, id).await?.ok_or(PageError::NotFound)?;
    let mut packs = vec![(0, card.base_unit.clone())];
    for (id, name, units) in list_packs(conn, id).await? {
        let words = fill(shell.t.stock.pack_of, &[&name, &grouped(units)]);
        packs.push((id.0, words));
    }
    Ok((card.name, packs))
}

impl LinkPage {
    fn new(
        shell: Shell,
        (code, back): (String, String),
        query: String,
        problem: Option<String>,
    ) -> Self {
        Self {
            lead: fill(shell.t.scan.link_lead, &[&code]),
            code,
            back,
            query,
            found: Vec::new(),
            none: None,
            item: None,
            problem,
            shell,
        }
    }

    fn add_found(&mut self, words: String, id: ItemId) {
        let pairs = [
            ("code", self.code.as_str()),
            ("back", self.back.as_str()),
            ("item", &id.to_string()),
        ];
        let href = routes::with_query(routes::SCAN_LINK, &pairs);
        self.found.push((words, href));
    }

    /// Pages for tests of templates.
    #[must_use]
    pub fn samples() -> Vec<Self> {
        let shell = Shell::sample_for(crate::db::types::Role::Supply);
        let page = |query: &str, problem: Option<&str>| {
            let code = ("<7>&".to_owned(), "/scan/issue?place=6".to_owned());
            let problem = problem.map(str::to_owned);
            Self::new(shell.clone(), code, query.to_owned(), problem)
        };
        let mut found = page("can<", None);
        found.add_found("IV cannula <20G>".to_owned(), ItemId(4));
        let mut none = page("zz", None);
        none.none = Some("No item is called zz.".to_owned());
        let mut chosen = page("", Some("There is no such <pack>."));
        let packs = vec![(0, "each".to_owned()), (3, "box of 50".to_owned())];
        chosen.item = Some((4, "IV cannula <20G>".to_owned(), packs));
        vec![page("", None), found, none, chosen]
    }
}

/// `POST /scan/link`
///
/// # Errors
/// When the database fails.
pub async fn link(
    app: web::Data<App>,
    viewer: Viewer,
    body: web::Bytes,
) -> Result<HttpResponse, PageError> {
    let shell = viewer.shell(Nav::Scan);
    let t = shell.t;
    let fields = match Fields::parse(&body, &["code", "back", "item", "pack"]) {
        Ok(fields) => fields,
        Err(field) => {
            let words = fill(t.register.bad_form, &[&field.0]);
            let problem = Some((StatusCode::BAD_REQUEST, words));
            return show(&app, shell, &LinkParams::default(), problem).await;
        }
    };
    let params = LinkParams {
        code: Some(fields.text("code")),
        back: Some(fields.text("back")),
        q: None,
        item: Some(fields.text("item")),
    };
    let bad = |name: &str| {
        let words = fill(t.register.bad_form, &[&name]);
        Some((StatusCode::BAD_REQUEST, words))
    };
    let (Ok(Some(item)), Ok(pack)) = (fields.number("item"), fields.number("pack")) else {
        return show(&app, shell, &params, bad("item")).await;
    };
    let now = app.clock.now();
    let code = match Code::read(&fields.text("code"), now.date_naive()) {
        Ok(code) => code,
        Err(fault) => {
            let problem = (StatusCode::UNPROCESSABLE_ENTITY, fault_words(&fault, t));
            return show(&app, shell, &params, Some(problem)).await;
        }
    };
    let item_id = ItemId(item);
    let pack_id = pack.filter(|id| *id != 0).map(PackId);
    let mut conn = app.db.conn().await?;
    let by = viewer.user_id;
    let linked = link_code(&mut conn, &code, (item_id, pack_id), by, now).await;
    let problem = match linked {
        Ok(()) => {
            let name = find_item(&conn, item_id).await?.map(|item| item.name);
            drop(conn);
            let name = name.unwrap_or_default();
            let words = fill(t.scan.link_done, &[&code.text, &name]);
            viewer.leave_flash(&app, &words).await?;
            let back = fields.text("back");
            return Ok(see_other(routes::safe_next(&back)));
        }
        Err(LinkError::NoItem) => (StatusCode::NOT_FOUND, t.scan.link_no_item),
        Err(LinkError::NoPack) => (StatusCode::UNPROCESSABLE_ENTITY, t.scan.link_no_pack),
        Err(LinkError::Taken(_)) => (StatusCode::CONFLICT, t.scan.link_taken),
        Err(LinkError::Database(error)) => return Err(error.into()),
    };
    drop(conn);
    let (status, words) = problem;
    let params = if status == StatusCode::NOT_FOUND {
        LinkParams {
            item: None,
            ..params
        }
    } else {
        params
    };
    show(&app, shell, &params, Some((status, words.to_owned()))).await
}
