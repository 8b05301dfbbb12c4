//! An answer, asked by roles, labels and text.

use reqwest::header::HeaderMap;
use scraper::Selector;

/// An answer of the server.
pub struct Html {
    /// Status.
    pub status: u16,
    /// Headers.
    pub headers: HeaderMap,
    /// Body.
    pub body: String,
}

impl Html {
    pub(super) async fn read(response: reqwest::Response) -> Self {
        Self {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            body: response.text().await.expect("a body"),
        }
    }

    /// The parsed page.
    pub fn doc(&self) -> scraper::Html {
        scraper::Html::parse_document(&self.body)
    }

    /// The texts of all elements that match, white space made single.
    pub fn all(&self, selector: &str) -> Vec<String> {
        let selector = Selector::parse(selector).expect("a selector");
        self.doc()
            .select(&selector)
            .map(|element| {
                element
                    .text()
                    .collect::<String>()
                    .split_whitespace()
                    .collect::<Vec<_>>()
                    .join(" ")
            })
            .collect()
    }

    /// The only heading of the first level.
    pub fn h1(&self) -> String {
        let all = self.all("h1");
        assert_eq!(all.len(), 1, "one h1: {all:?} in {}", self.body);
        all.into_iter().next().unwrap()
    }

    /// The text of the main part, as people see it: without what is hidden.
    pub fn text(&self) -> String {
        let (main, hidden) = (self.all("main").join(" "), self.all("main [hidden]"));
        hidden
            .iter()
            .fold(main, |text, part| text.replacen(part.as_str(), "", 1))
            .trim()
            .to_owned()
    }

    /// An attribute of the first element that matches.
    pub fn attribute(&self, selector: &str, name: &str) -> Option<String> {
        let selector = Selector::parse(selector).expect("a selector");
        let doc = self.doc();
        let element = doc.select(&selector).next()?;
        element.attr(name).map(str::to_owned)
    }

    /// An attribute of all elements that match and have it.
    pub fn attributes(&self, selector: &str, name: &str) -> Vec<String> {
        let selector = Selector::parse(selector).expect("a selector");
        let doc = self.doc();
        doc.select(&selector)
            .filter_map(|element| element.attr(name).map(str::to_owned))
            .collect()
    }

    /// The fields of the first form that matches, as a browser would send them: what stands in them, and nothing else. Not the form's token,
    /// which [`super::Actor::post`] adds.
    pub fn form(&self, selector: &str) -> Vec<(String, String)> {
        let select = |selector: &str| Selector::parse(selector).expect("a selector");
        let doc = self.doc();
        let form = doc
            .select(&select(selector))
            .next()
            .unwrap_or_else(|| panic!("no form {selector} in {}", self.body));
        let mut fields = Vec::new();
        for field in form.select(&select("input, select")) {
            let Some(name) = field.attr("name") else {
                continue;
            };
            let is_unticked =
                field.attr("type") == Some("checkbox") && field.attr("checked").is_none();
            if name == "csrf" || is_unticked {
                continue;
            }
            let value = if field.value().name() == "select" {
                let options: Vec<_> = field.select(&select("option")).collect();
                let chosen = options
                    .iter()
                    .find(|option| option.attr("selected").is_some())
                    .or(options.as_slice().first());
                chosen
                    .and_then(|option| option.attr("value"))
                    .unwrap_or_default()
            } else {
                field.attr("value").unwrap_or_default()
            };
            fields.push((name.to_owned(), value.to_owned()));
        }
        fields
    }

    /// The token of the page's forms.
    pub fn form_token(&self) -> Option<String> {
        self.attribute("input[name=csrf]", "value")
    }

    /// A header's text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .get(name)
            .map(|value| value.to_str().expect("text"))
    }

    /// The `Set-Cookie` line of a cookie.
    pub fn set_cookie(&self, name: &str) -> Option<String> {
        let start = format!("{name}=");
        self.headers
            .get_all("set-cookie")
            .iter()
            .map(|value| value.to_str().expect("text").to_owned())
            .find(|line| line.starts_with(&start))
    }

    pub(super) fn new_cookies(&self) -> Vec<(String, String)> {
        self.headers
            .get_all("set-cookie")
            .iter()
            .filter_map(|value| {
                let (pair, _) = value.to_str().ok()?.split_once(';')?;
                let (name, value) = pair.split_once('=')?;
                Some((name.to_owned(), value.to_owned()))
            })
            .collect()
    }
}
