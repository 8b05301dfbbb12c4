//! Every page struct renders, and what comes out is sound HTML that keeps the rules of accessibility that can be read off it.

use std::collections::BTreeSet;

use askama::Template;
use scraper::{Html, Selector};
use wardtrack::web::accuracy::AccuracyPage;
use wardtrack::web::alerts::AlertsPage;
use wardtrack::web::alerts::mail::OwnMailPage;
use wardtrack::web::assets::AssetPage;
use wardtrack::web::board::par::LinesPage;
use wardtrack::web::board::par_form::LinePage;
use wardtrack::web::board::screens::{NoScreenPage, ScreensPage};
use wardtrack::web::board::{BoardPage, BoardsPage, WallPage};
use wardtrack::web::delivery::{DeliveriesPage, SetupPage};
use wardtrack::web::equipment::RegisterPage;
use wardtrack::web::equipment::asset::AssetFormPage;
use wardtrack::web::equipment::models::{ModelFormPage, ModelsPage};
use wardtrack::web::equipment::tagging::TagStepPage;
use wardtrack::web::equipment::tags::{TagPage, TagsPage};
use wardtrack::web::equipment::types::{TypeFormPage, TypesPage};
use wardtrack::web::equipment_import::{ImportFormPage, ImportReportPage};
use wardtrack::web::exports::NoFilePage;
use wardtrack::web::fault_tag::FaultTagPage;
use wardtrack::web::favourites::FavouritesPage;
use wardtrack::web::find::FindPage;
use wardtrack::web::help::HelpPage;
use wardtrack::web::home::HomePage;
use wardtrack::web::labels::LabelsPage;
use wardtrack::web::more::MorePage;
use wardtrack::web::plan::PlanPage;
use wardtrack::web::plan::import::ImportPage;
use wardtrack::web::quarantine::{QuarantinePage, QuarantineRowPage};
use wardtrack::web::readers::ReadersPage;
use wardtrack::web::rooms::{RoomPage, RoomsPage};
use wardtrack::web::sign_in::again::AgainPage;
use wardtrack::web::status::StatusPage;
use wardtrack::web::supplies::counts::CountsPage;
use wardtrack::web::supplies::counts::session::CountPage;
use wardtrack::web::supplies::how::HowPage;
use wardtrack::web::supplies::import::{SupplyImportPage, SupplyReportPage};
use wardtrack::web::supplies::item::ItemPage;
use wardtrack::web::supplies::item_edit::ItemFormPage;
use wardtrack::web::supplies::item_hold::ItemHoldPage;
use wardtrack::web::supplies::lot::LotPage;
use wardtrack::web::supplies::lots::LotsPage;
use wardtrack::web::supplies::order::OrderPage;
use wardtrack::web::supplies::orders::OrdersPage;
use wardtrack::web::supplies::place::StockPlacePage;
use wardtrack::web::supplies::place_edit::PlaceFormPage;
use wardtrack::web::supplies::places::SuppliesPage;
use wardtrack::web::supplies::reorder::ReorderPage;
use wardtrack::web::supplies::rounds::{RoundPage, RoundsPage};
use wardtrack::web::supplies::rule_edit::RuleFormPage;
use wardtrack::web::supplies::rule_how::RuleHowPage;
use wardtrack::web::supplies::rule_new::NewRulePage;
use wardtrack::web::supplies::rules::RulesPage;
use wardtrack::web::supplies::scan::ScanPage;
use wardtrack::web::supplies::scan::link::LinkPage;
use wardtrack::web::supplies::setup::PlaceSetupPage;
use wardtrack::web::supplies::supplier::SupplierPage;
use wardtrack::web::synonyms::file::SynonymImportPage;
use wardtrack::web::synonyms::{SynonymPage, SynonymsPage};
use wardtrack::web::tasks::TasksPage;

fn rendered() -> Vec<(String, String)> {
    fn all<T: Template>(name: &str, pages: Vec<T>) -> Vec<(String, String)> {
        let render =
            |(number, page): (usize, T)| (format!("{name} {number}"), page.render().unwrap());
        pages.into_iter().enumerate().map(render).collect()
    }
    [
        all("home", HomePage::samples()),
        all("messages", DeliveriesPage::samples()),
        all("supply import", SupplyImportPage::samples()),
        all("supply import report", SupplyReportPage::samples()),
        all("who is told", SetupPage::samples()),
        all("password again", AgainPage::samples()),
        all("find", FindPage::samples()),
        all("asset", AssetPage::samples()),
        all("no file", NoFilePage::samples()),
        all("equipment import", ImportFormPage::samples()),
        all("equipment import report", ImportReportPage::samples()),
        all("labels", LabelsPage::samples()),
        all("plan", PlanPage::samples()),
        all("plan import", ImportPage::samples()),
        all("alerts", AlertsPage::samples()),
        all("own mail", OwnMailPage::samples()),
        all("tasks", TasksPage::samples()),
        all("favourites", FavouritesPage::samples()),
        all("accuracy", AccuracyPage::samples()),
        all("boards", BoardsPage::samples()),
        all("board", BoardPage::samples()),
        all("wall board", WallPage::samples()),
        all("targets", LinesPage::samples()),
        all("target", LinePage::samples()),
        all("register", RegisterPage::samples()),
        all("asset form", AssetFormPage::samples()),
        all("types", TypesPage::samples()),
        all("type form", TypeFormPage::samples()),
        all("models", ModelsPage::samples()),
        all("model form", ModelFormPage::samples()),
        all("tags", TagsPage::samples()),
        all("tag", TagPage::samples()),
        all("tag step", TagStepPage::samples()),
        all("more", MorePage::samples()),
        all("help", HelpPage::samples()),
        all("screens", ScreensPage::samples()),
        all("no screen", NoScreenPage::samples()),
        all("fault tag", FaultTagPage::samples()),
        all("rooms", RoomsPage::samples()),
        all("room", RoomPage::samples()),
        all("readers", ReadersPage::samples()),
        all("quarantine", QuarantinePage::samples()),
        all("quarantine row", QuarantineRowPage::samples()),
        all("status", StatusPage::samples()),
        all("reorder", ReorderPage::samples()),
        all("how", HowPage::samples()),
        all("orders", OrdersPage::samples()),
        all("order", OrderPage::samples()),
        all("supplies", SuppliesPage::samples()),
        all("counts", CountsPage::samples()),
        all("cards and readers", PlaceSetupPage::samples()),
        all("place of stock to change", PlaceFormPage::samples()),
        all("count", CountPage::samples()),
        all("scan", ScanPage::samples()),
        all("link", LinkPage::samples()),
        all("item form", ItemFormPage::samples()),
        all("item at a place", ItemHoldPage::samples()),
        all("supplier", SupplierPage::samples()),
        all("rounds", RoundsPage::samples()),
        all("round", RoundPage::samples()),
        all("restocking rules", RulesPage::samples()),
        all("restocking rule", RuleFormPage::samples()),
        all("new restocking rule", NewRulePage::samples()),
        all("how a rule is made", RuleHowPage::samples()),
        all("stock place", StockPlacePage::samples()),
        all("item", ItemPage::samples()),
        all("lots", LotsPage::samples()),
        all("lot", LotPage::samples()),
        all("synonyms", SynonymsPage::samples()),
        all("synonym", SynonymPage::samples()),
        all("synonym import", SynonymImportPage::samples()),
    ]
    .concat()
}

fn select<'a>(doc: &'a Html, selector: &str) -> Vec<scraper::ElementRef<'a>> {
    doc.select(&Selector::parse(selector).unwrap()).collect()
}

/// Elements without an end tag.
const VOID: [&str; 6] = ["meta", "link", "input", "br", "use", "path"];

/// Start and end tags match: browsers forgive what does not, and show something else than was meant.
fn check_balance(name: &str, html: &str) {
    let mut open: Vec<&str> = Vec::new();
    for piece in html.split('<').skip(1) {
        let tag = piece.split('>').next().unwrap();
        let word = tag
            .trim_start_matches('/')
            .split([' ', '\n', '/'])
            .next()
            .unwrap();
        if tag.starts_with('!') || VOID.contains(&word) {
            continue;
        }
        if tag.starts_with('/') {
            assert_eq!(
                open.pop(),
                Some(word),
                "{name}: </{word}> closes another element"
            );
        } else {
            open.push(word);
        }
    }
    assert!(open.is_empty(), "{name}: never closed: {open:?}");
}

#[test]
fn every_page_renders_to_sound_html() {
    for (name, html) in rendered() {
        let doc = Html::parse_document(&html);
        assert!(doc.errors.is_empty(), "{name}: {:?}", doc.errors);
        check_balance(&name, &html);
        assert!(
            !html.contains("{}"),
            "{name}: a gap in a text was not filled"
        );
        let ids: Vec<_> = select(&doc, "[id]")
            .iter()
            .filter_map(|element| element.attr("id"))
            .collect();
        let unique: BTreeSet<_> = ids.iter().collect();
        assert_eq!(
            ids.len(),
            unique.len(),
            "{name}: an id is there twice: {ids:?}"
        );
        for attribute in ["for", "aria-labelledby", "aria-describedby"] {
            for element in select(&doc, &format!("[{attribute}]")) {
                for target in element.attr(attribute).unwrap().split_whitespace() {
                    assert!(
                        unique.contains(&target),
                        "{name}: {attribute} names {target}, which is not there"
                    );
                }
            }
        }
    }
}

#[test]
fn every_page_has_one_heading_and_a_title_of_its_own() {
    for (name, html) in rendered() {
        let doc = Html::parse_document(&html);
        assert_eq!(select(&doc, "h1").len(), 1, "{name}");
        let title: String = select(&doc, "title")[0].text().collect();
        assert!(
            title.len() > " - wardtrack".len() && title.ends_with(" - wardtrack"),
            "{name}: {title}"
        );
        assert_eq!(select(&doc, "main").len(), 1, "{name}");
        assert_eq!(select(&doc, "html")[0].attr("lang"), Some("en"), "{name}");
    }
}

#[test]
fn tables_have_captions_scopes_and_roles() {
    for (name, html) in rendered() {
        let doc = Html::parse_document(&html);
        for table in select(&doc, "table") {
            let html = table.html();
            assert!(html.contains("<caption"), "{name}: a table without caption");
            if table
                .attr("class")
                .is_some_and(|class| class.contains("cards"))
            {
                assert_eq!(
                    table.attr("role"),
                    Some("table"),
                    "{name}: cards lose the meaning of tables without roles"
                );
            }
        }
        for head in select(&doc, "th") {
            assert!(head.attr("scope").is_some(), "{name}: {}", head.html());
        }
        for field in select(&doc, "input:not([type=hidden]), select, textarea") {
            let id = field.attr("id").unwrap_or_default();
            assert_eq!(
                select(&doc, &format!("label[for='{id}']")).len(),
                1,
                "{name}: a field without label"
            );
        }
    }
}

#[test]
fn s23_nothing_inline_and_s26_nothing_unescaped() {
    for (name, html) in rendered() {
        let doc = Html::parse_document(&html);
        for script in select(&doc, "script") {
            assert!(script.attr("src").is_some(), "{name}: a script from data");
        }
        assert!(
            select(&doc, "main b > i, main em, main i").is_empty(),
            "{name}: markup from data"
        );
        for element in select(&doc, "*") {
            for (attribute, _) in element.value().attrs() {
                let is_inline = attribute == "style"
                    || attribute.starts_with("on")
                    || attribute.starts_with("hx-on");
                assert!(!is_inline, "{name}: {}", element.html());
            }
        }
    }
}

#[test]
fn the_part_that_an_open_page_asks_for_stands_alone() {
    for page in AssetPage::samples() {
        let html = page.as_live().render().unwrap();
        check_balance("live", &html);
        let doc = Html::parse_fragment(&html);
        assert_eq!(select(&doc, "#now").len(), 1);
        assert_eq!(select(&doc, "#timeline").len(), 1);
        assert!(select(&doc, "h1, main, nav").is_empty());
    }
}
