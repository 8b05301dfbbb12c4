//! A person with a browser: keeps cookies, sends forms with their token, says where requests come from.

use std::collections::BTreeMap;
use std::sync::Mutex;

use reqwest::{Method, RequestBuilder};

use super::Html;

/// A person with a browser.
pub struct Actor {
    http: reqwest::Client,
    url: String,
    cookies: Mutex<BTreeMap<String, String>>,
    form_token: Mutex<Option<String>>,
}

impl Actor {
    pub(super) fn new(http: reqwest::Client, url: &str) -> Self {
        Self {
            http,
            url: url.to_owned(),
            cookies: Mutex::default(),
            form_token: Mutex::default(),
        }
    }

    /// Opens an address.
    pub async fn page(&self, path: &str) -> Html {
        self.send(self.request(Method::GET, path)).await
    }

    /// What a script asks for by a timer.
    #[allow(dead_code, reason = "not every set of tests polls")]
    pub async fn poll(&self, path: &str) -> Html {
        let request = self.request(Method::GET, path);
        self.send(
            request
                .header("HX-Request", "true")
                .header("Wardtrack-Poll", "1"),
        )
        .await
    }

    /// Sends a form with the token of the page that was opened last.
    pub async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Html {
        let token = self.form_token().expect("open a page with a form first");
        let mut fields = fields.to_vec();
        fields.push(("csrf", &token));
        let request = self
            .request(Method::POST, path)
            .header("Sec-Fetch-Site", "same-origin");
        self.send(form(request, &fields)).await
    }

    /// Opens the sign-in page and sends its form.
    pub async fn sign_in(&self, name: &str, password: &str) -> Html {
        self.page("/sign-in").await;
        self.post(
            "/sign-in",
            &[("name", name), ("password", password), ("next", "/")],
        )
        .await
    }

    /// A request of this browser, to be changed before [`Self::send`].
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.url));
        let cookies = self.cookies.lock().unwrap();
        if cookies.is_empty() {
            return request;
        }
        let line: Vec<String> = cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        request.header("Cookie", line.join("; "))
    }

    /// Sends a request and keeps the cookies of the answer.
    pub async fn send(&self, request: RequestBuilder) -> Html {
        let html = Html::read(request.send().await.expect("an answer")).await;
        for (name, value) in html.new_cookies() {
            let mut cookies = self.cookies.lock().unwrap();
            if value.is_empty() {
                cookies.remove(&name);
            } else {
                cookies.insert(name, value);
            }
        }
        if let Some(token) = html.form_token() {
            *self.form_token.lock().unwrap() = Some(token);
        }
        html
    }

    /// The token of the page that was opened last.
    pub fn form_token(&self) -> Option<String> {
        self.form_token.lock().unwrap().clone()
    }

    /// A cookie of this browser.
    pub fn cookie(&self, name: &str) -> Option<String> {
        self.cookies.lock().unwrap().get(name).cloned()
    }

    /// Gives the browser a cookie.
    pub fn set_cookie(&self, name: &str, value: &str) {
        self.cookies
            .lock()
            .unwrap()
            .insert(name.to_owned(), value.to_owned());
    }
}

/// Puts a form into a request.
pub fn form(request: RequestBuilder, fields: &[(&str, &str)]) -> RequestBuilder {
    let encode = |text: &str| {
        percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
    };
    let body: Vec<String> = fields
        .iter()
        .map(|(name, value)| format!("{}={}", encode(name), encode(value)))
        .collect();
    request
        .header("Content-Type", "application/x-www-form-urlencoded")
        .body(body.join("&"))
}
