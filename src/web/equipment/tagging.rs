//! Putting a tag on a device by a scan, and taking one off. What needs a second look (a new tag, a tag that is on another device)
//! is asked on a page of its own, so that one scan never moves or registers anything by mistake.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;
use uuid::Uuid;

use super::fields::{BadField, Fields};
use super::{Choice, answer_not_saved, bad_form, keeper, refuse, write};
use crate::app::App;
use crate::assets::register::NotSaved;
use crate::assets::register::record::find_record;
use crate::assets::register::tagging::{
    INTERVAL_DEFAULT_S, NotPut, PutOn, Scan, put_on as put_on_asset, take_off as take_off_asset,
};
use crate::db::types::Technology;
use crate::ids::{AssetId, TagId};
use crate::live::Topic;
use crate::web::acts::new_key;
use crate::web::extract::{IdPath, Viewer};
use crate::web::page::{Nav, Page, Problem, Shell, see_other};
use crate::web::strings::{Strings, fill};
use crate::web::{PageError, routes};

/// Longest text that is looked up.
const SCAN_CHARS_MAX: usize = 200;

/// What is asked before a tag is put on.
#[derive(Debug, Template)]
#[template(path = "equipment/tag_step.html")]
pub struct TagStepPage {
    /// Frame.
    pub shell: Shell,
    /// What is the matter.
    pub heading: String,
    /// Why, and what to do.
    pub sentences: Vec<String>,
    /// Where the form sends to.
    pub action: String,
    /// Idempotency key.
    pub key: String,
    /// What was scanned.
    pub scan: String,
    /// Whether the text can be typed again, because it is no key.
    pub is_typed: bool,
    /// Whether the form registers the tag.
    pub is_new: bool,
    /// What it may be; nothing when its key tells.
    pub technologies: Vec<Choice>,
    /// How often it beacons; `None` for passive tags.
    pub interval: Option<String>,
    /// The device that it is taken from.
    pub take_from: Option<AssetId>,
    /// The tag whose place it takes.
    pub replace: Option<TagId>,
    /// The word of the button.
    pub go: &'static str,
    /// Mistakes.
    pub problems: Vec<Problem>,
    /// Where to go without doing it.
    pub back_href: String,
}

fn read(body: &[u8]) -> Result<(Scan, Uuid), BadField> {
    let allowed = [
        "scan",
        "register",
        "technology",
        "interval",
        "take_from",
        "replace",
    ];
    let fields = Fields::parse(body, &allowed)?;
    let technology = fields.text("technology");
    let scan = Scan {
        text: fields.text("scan"),
        register: fields.text("register") == "1",
        technology: match technology.as_str() {
            "" => None,
            text => {
                Some(Technology::from_text(text).ok_or_else(|| BadField("technology".to_owned()))?)
            }
        },
        // What is no number is asked again with the others that are out of range.
        interval_s: fields.text("interval").trim().parse().ok(),
        take_from: fields.number("take_from")?.map(AssetId),
        replace: fields.number("replace")?.map(TagId),
    };
    Ok((scan, fields.key()?))
}

/// `POST /assets/{id}/tag-on`
///
/// # Errors
/// When there is no such device, or the database fails.
pub async fn put_on(
    app: web::Data<App>,
    viewer: Viewer,
    id: IdPath<AssetId>,
    body: web::Bytes,
) -> Result<HttpResponse, PageError> {
    let shell = viewer.shell(Nav::Equipment);
    let (scan, key) = match read(&body) {
        Ok(read) => read,
        Err(bad) => return bad_form(&shell, bad),
    };
    put_on_and_answer(&app, &viewer, shell, id.0, key, scan, "").await
}

/// Puts a tag on, and says so or asks. `before` was said already and is said with it.
pub(super) async fn put_on_and_answer(
    app: &App,
    viewer: &Viewer,
    shell: Shell,
    asset_id: AssetId,
    key: Uuid,
    scan: Scan,
    before: &str,
) -> Result<HttpResponse, PageError> {
    let location = routes::asset_path(asset_id);
    let done = if scan.text.trim().is_empty() || scan.text.chars().count() > SCAN_CHARS_MAX {
        Err(NotPut::NoKey)
    } else {
        let keeper = keeper(app, viewer, &shell, key);
        write(app, async |conn| {
            put_on_asset(conn, &keeper, asset_id, &scan, &location).await
        })
        .await?
    };
    match done {
        Ok(done) => {
            let from = done.from.iter().map(|(id, _)| Topic::Asset(*id));
            let own = [Topic::Asset(asset_id), Topic::Type(done.asset_type_id)];
            app.hints.send(from.chain(own));
            let words = format!("{before} {}", put_on_words(&done, shell.t));
            viewer.leave_flash(app, words.trim()).await?;
            Ok(see_other(&location))
        }
        Err(NotPut::NotSaved(NotSaved::Gone)) => Err(PageError::NotFound),
        Err(NotPut::NotSaved(why)) => answer_not_saved(app, viewer, shell, why, &location).await,
        Err(why) => ask(app, shell, asset_id, &scan, &why).await,
    }
}

fn put_on_words(done: &PutOn, t: &Strings) -> String {
    let t = &t.register;
    let mut words = fill(t.put_on, &[&done.tag_key, &done.asset_number]);
    if let Some(replaced) = &done.replaced {
        words.push(' ');
        words.push_str(&fill(t.came_off, &[replaced]));
    }
    if let Some((_, number)) = &done.from {
        words.push(' ');
        words.push_str(&fill(t.came_from, &[number]));
    }
    words
}

/// Shows what is in the way, with the next step where there is one.
async fn ask(
    app: &App,
    shell: Shell,
    asset_id: AssetId,
    scan: &Scan,
    why: &NotPut,
) -> Result<HttpResponse, PageError> {
    let conn = app.db.conn().await?;
    let record = find_record(&conn, asset_id)
        .await?
        .ok_or(PageError::NotFound)?;
    let t = &shell.t.register;
    let back = (
        fill(shell.t.acts.open, &[&record.asset_number]),
        routes::asset_path(asset_id),
    );
    let plain = |status, title: String, words: &str| {
        let sentences = vec![words.to_owned(), shell.t.acts.nothing_changed.to_owned()];
        refuse(&shell, status, title, sentences, vec![back.clone()])
    };
    let nothing = || shell.t.acts.nothing_changed_title.to_owned();
    let number = &record.asset_number;
    match why {
        NotPut::Here(key) => plain(
            StatusCode::CONFLICT,
            nothing(),
            &fill(t.here, &[key, number]),
        ),
        NotPut::Retired(number) => {
            plain(StatusCode::CONFLICT, nothing(), &fill(t.retired, &[number]))
        }
        NotPut::OnSupplies(key) => plain(
            StatusCode::CONFLICT,
            nothing(),
            &fill(t.on_supplies, &[key]),
        ),
        NotPut::NothingToReplace => plain(StatusCode::CONFLICT, nothing(), t.nothing_to_replace),
        NotPut::OnAnother(key, from, from_number) => {
            let mut page = TagStepPage::new(&shell, asset_id, scan);
            page.heading = fill(t.other_title, &[key, from_number]);
            page.sentences = vec![fill(t.other, &[from_number, number, number, from_number])];
            page.take_from = Some(*from);
            page.go = t.move_here;
            Page::new(page).with_status(StatusCode::CONFLICT).render()
        }
        NotPut::New(key, technology) | NotPut::Interval(key, technology) => {
            let mut page = TagStepPage::new(&shell, asset_id, scan);
            page.heading = fill(t.new_title, &[key]);
            page.sentences = vec![fill(t.new_intro, &[number])];
            page.ask_for_facts(*technology, scan, matches!(why, NotPut::Interval(..)));
            Page::new(page)
                .with_status(StatusCode::UNPROCESSABLE_ENTITY)
                .render()
        }
        NotPut::Several(_) | NotPut::NoKey | NotPut::NotSaved(_) => {
            let mut page = TagStepPage::new(&shell, asset_id, scan);
            let shown: String = scan.text.chars().take(60).collect();
            let words = match why {
                NotPut::Several(keys) => fill(t.several, &[&keys.join(", ")]),
                _ if shown.trim().is_empty() => t.nothing_scanned.to_owned(),
                _ => fill(t.no_key, &[&shown]),
            };
            page.problems = vec![Problem::new("scan", words)];
            page.is_typed = true;
            page.scan = shown;
            Page::new(page)
                .with_status(StatusCode::UNPROCESSABLE_ENTITY)
                .render()
        }
    }
}

impl TagStepPage {
    fn new(shell: &Shell, asset_id: AssetId, scan: &Scan) -> Self {
        let t = &shell.t.register;
        Self {
            heading: t.scan.to_owned(),
            sentences: Vec::new(),
            action: routes::asset_tag_on_path(asset_id),
            key: new_key(),
            scan: scan.text.clone(),
            is_typed: false,
            is_new: false,
            technologies: Vec::new(),
            interval: None,
            take_from: None,
            replace: scan.replace,
            go: t.scan_go,
            problems: Vec::new(),
            back_href: routes::asset_path(asset_id),
            shell: shell.clone(),
        }
    }

    /// Asks what its key does not tell.
    fn ask_for_facts(&mut self, technology: Option<Technology>, scan: &Scan, is_wrong: bool) {
        let t = &self.shell.t.register;
        self.is_new = true;
        self.go = t.register;
        if technology.is_none() {
            let chosen = scan.technology.unwrap_or(Technology::Ble).as_str();
            self.technologies = vec![
                Choice::new(&Technology::Ble.as_str(), t.ble, chosen),
                Choice::new(&Technology::Rfid.as_str(), t.rfid, chosen),
            ];
        }
        if technology != Some(Technology::Rfid) {
            let typed = scan.interval_s.unwrap_or(INTERVAL_DEFAULT_S);
            self.interval = Some(typed.to_string());
        }
        if is_wrong {
            self.problems = vec![Problem::new("interval", t.interval_wrong)];
        }
    }
}

/// `POST /assets/{id}/tag-off`
///
/// # Errors
/// When there is no such device, or the database fails.
pub async fn take_off(
    app: web::Data<App>,
    viewer: Viewer,
    id: IdPath<AssetId>,
    body: web::Bytes,
) -> Result<HttpResponse, PageError> {
    let shell = viewer.shell(Nav::Equipment);
    let read = Fields::parse(&body, &["tag", "next"]).and_then(|fields| {
        let tag = fields.number("tag")?;
        let tag = tag.ok_or_else(|| BadField("tag".to_owned()))?;
        Ok((TagId(tag), fields.text("next"), fields.key()?))
    });
    let (tag_id, next, key) = match read {
        Ok(read) => read,
        Err(bad) => return bad_form(&shell, bad),
    };
    let location = match next.as_str() {
        "" => routes::asset_path(id.0),
        next => routes::safe_next(next).to_owned(),
    };
    let keeper = keeper(&app, &viewer, &shell, key);
    let done = write(&app, async |conn| {
        take_off_asset(conn, &keeper, id.0, tag_id, &location).await
    })
    .await?;
    match done {
        Ok((key, number)) => {
            app.hints.send([Topic::Asset(id.0)]);
            let words = fill(shell.t.register.taken_off, &[&key, &number]);
            viewer.leave_flash(&app, &words).await?;
            Ok(see_other(&location))
        }
        Err(NotPut::NotSaved(NotSaved::Gone)) => Err(PageError::NotFound),
        Err(NotPut::NotSaved(why)) => answer_not_saved(&app, &viewer, shell, why, &location).await,
        Err(why) => ask(&app, shell, id.0, &Scan::default(), &why).await,
    }
}

impl TagStepPage {
    /// Pages for tests of templates.
    #[must_use]
    pub fn samples() -> Vec<Self> {
        let shell = Shell::sample_for(crate::db::types::Role::Biomed);
        let scan = Scan {
            text: "\"<b>".to_owned(),
            replace: Some(TagId(90_001)),
            ..Scan::default()
        };
        let page = || Self::new(&shell, AssetId(70_001), &scan);
        let mut new = page();
        new.ask_for_facts(None, &scan, true);
        new.sentences = vec!["<i>".to_owned()];
        let mut other = page();
        other.take_from = Some(AssetId(70_002));
        let mut typed = page();
        typed.is_typed = true;
        typed.problems = vec![Problem::new("scan", "<b>")];
        vec![new, other, typed]
    }
}
