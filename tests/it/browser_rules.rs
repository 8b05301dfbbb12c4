//! What every page owes the browser: headers, form tokens, hosts, limits, errors, and the access table.

use actix_web::http::Method;
use wardtrack::db::types::Role;
use wardtrack::web::routes::{self, Access, Entry};

use crate::support::{Actor, Html, PASSWORD, TestApp, form};

/// A pattern with values that fit and exist nowhere.
fn example(pattern: &str) -> String {
    pattern
        .replace("{id}", "9999999")
        .replace("{token}", &"A".repeat(43))
        .replace("{hash}", "0123456789abcdef")
        .replace("{path:.*}", "css/wardtrack.css")
}

async fn call(actor: &Actor, entry: &Entry) -> Html {
    let path = example(entry.path);
    if entry.method == Method::GET {
        return actor.page(&path).await;
    }
    let method = reqwest::Method::from_bytes(entry.method.as_str().as_bytes()).unwrap();
    let token = actor.form_token().unwrap_or_default();
    let request = actor
        .request(method, &path)
        .header("Sec-Fetch-Site", "same-origin");
    actor.send(form(request, &[("csrf", &token)])).await
}

#[tokio::test(flavor = "multi_thread")]
async fn s17_every_route_lets_in_the_roles_of_its_entry_and_nobody_else() {
    let app = TestApp::new().await;
    for role in Role::ALL {
        let actor = app.sign_in_as(*role).await;
        actor.page("/").await;
        for entry in routes::TABLE
            .iter()
            .filter(|entry| entry.path != routes::SIGN_OUT)
        {
            let Access::SignedIn(roles) = entry.access else {
                continue;
            };
            let answer = call(&actor, entry).await;
            let what = format!(
                "{} {} as {}: {}",
                entry.method,
                entry.path,
                role.as_str(),
                answer.status
            );
            if roles.contains(role) {
                assert!(![401, 403, 405, 500].contains(&answer.status), "{what}");
                let sent_away = answer
                    .header("location")
                    .is_some_and(|to| to.starts_with("/sign-in"));
                assert!(!sent_away, "{what}");
            } else {
                assert_eq!(answer.status, 403, "{what}");
                assert_eq!(answer.h1(), "You may not do that", "{what}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn s17_without_signing_in_only_the_listed_addresses_answer() {
    let app = TestApp::new().await;
    for entry in routes::TABLE {
        let visitor = app.anonymous();
        let answer = call(&visitor, entry).await;
        let what = format!("{} {}: {}", entry.method, entry.path, answer.status);
        if let Access::SignedIn(_) = entry.access {
            assert_eq!(answer.status, 303, "{what}");
            assert!(
                answer.header("location").unwrap().starts_with("/sign-in"),
                "{what}"
            );
        } else {
            assert_ne!(answer.status, 303, "{what}");
        }
    }
    for path in [
        "/ready", "/metrics", "/debug", "/admin", "/static/", "/.env",
    ] {
        assert_eq!(app.anonymous().page(path).await.status, 404, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn s17_the_navigation_shows_what_a_role_may_open() {
    let app = TestApp::new().await;
    let links = async |role| app.sign_in_as(role).await.page("/").await.all("nav.nav a");
    assert_eq!(
        links(Role::Nurse)
            .await
            .iter()
            .filter(|word| *word == "Reorder")
            .count(),
        0
    );
    assert!(links(Role::Admin).await.contains(&"Reorder".to_owned()));
}

const HEADERS: [(&str, &str); 6] = [
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    (
        "permissions-policy",
        "camera=(self), microphone=(), geolocation=(), payment=(), usb=()",
    ),
    (
        "content-security-policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; \
         connect-src 'self'; form-action 'self'; base-uri 'none'; object-src 'none'; frame-ancestors 'none'",
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn s23_s24_every_answer_carries_the_headers() {
    let app = TestApp::new().await;
    let nurse = app.nurse().await;
    let css = nurse
        .page("/")
        .await
        .attribute("link[rel=stylesheet]", "href")
        .unwrap();
    for path in [
        "/",
        "/sign-in",
        "/nowhere",
        "/quarantine",
        "/live",
        "/assets/1",
        css.as_str(),
    ] {
        let answer = nurse.page(path).await;
        for (name, value) in HEADERS {
            assert_eq!(answer.header(name), Some(value), "{path} {name}");
        }
        assert_eq!(answer.header("server"), None, "{path}");
        assert_eq!(
            answer.header("strict-transport-security"),
            None,
            "plain HTTP on loopback: {path}"
        );
        if answer.status != 303 {
            assert!(
                answer
                    .header("content-type")
                    .unwrap()
                    .contains("charset=utf-8"),
                "{path}"
            );
        }
        let cache = if path == css {
            "public, max-age=31536000, immutable"
        } else {
            "no-store"
        };
        assert_eq!(answer.header("cache-control"), Some(cache), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn s24_under_tls_browsers_are_told_to_stay_there() {
    let app = TestApp::with(|web| web.origin = Some("https://wt.example".to_owned())).await;
    let visitor = app.anonymous();
    let request = visitor
        .request(reqwest::Method::GET, "/sign-in")
        .header("Host", "wt.example");
    let answer = visitor.send(request).await;
    assert_eq!(answer.status, 200);
    assert_eq!(
        answer.header("strict-transport-security"),
        Some("max-age=31536000; includeSubDomains")
    );
}

fn templates() -> Vec<(String, String)> {
    fn walk(folder: &std::path::Path, out: &mut Vec<(String, String)>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, out);
            } else {
                out.push((
                    path.display().to_string(),
                    std::fs::read_to_string(&path).unwrap(),
                ));
            }
        }
    }
    let mut all = Vec::new();
    walk(
        &std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("templates"),
        &mut all,
    );
    assert!(all.len() > 5);
    all
}

#[test]
fn s23_s26_templates_have_nothing_inline_and_escaping_stays_on() {
    for (name, text) in templates() {
        for banned in [
            "<style",
            "style=",
            "hx-on",
            "javascript:",
            "|safe",
            "| safe",
            "escape = \"none\"",
            "{% filter safe",
        ] {
            assert!(!text.contains(banned), "{name} has {banned}");
        }
        let scripts = text.matches("<script").count();
        assert_eq!(
            scripts,
            text.matches("<script src=").count(),
            "{name} has a script inside"
        );
        let words = text.split(|sign: char| sign.is_whitespace());
        for word in words {
            let is_handler = word.strip_prefix("on").is_some_and(|rest| {
                rest.split_once('=').is_some_and(|(name, _)| {
                    !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase())
                })
            });
            assert!(!is_handler, "{name} has the handler {word}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn s23_htmx_may_evaluate_nothing() {
    let app = TestApp::new().await;
    let page = app.anonymous().page("/sign-in").await;
    let config = page.attribute("meta[name=htmx-config]", "content").unwrap();
    let config: serde_json::Value = serde_json::from_str(&config).unwrap();
    assert_eq!(config["allowEval"], false);
    assert_eq!(config["includeIndicatorStyles"], false);
    assert_eq!(config["selfRequestsOnly"], true);
}

async fn post_with(actor: &Actor, token: Option<&str>, headers: &[(&str, &str)]) -> Html {
    let mut request = actor.request(reqwest::Method::POST, "/theme");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let mut fields = vec![("theme", "dark"), ("next", "/")];
    if let Some(token) = token {
        fields.push(("csrf", token));
    }
    actor.send(form(request, &fields)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn s25_a_form_needs_its_own_sessions_token_and_our_own_page() {
    type Case<'a> = (&'a str, Option<&'a str>, &'a [(&'a str, &'a str)], u16);
    let app = TestApp::new().await;
    let (nurse, admin) = (app.nurse().await, app.admin().await);
    nurse.page("/").await;
    admin.page("/").await;
    let (own, other) = (nurse.form_token().unwrap(), admin.form_token().unwrap());
    let same = [("Sec-Fetch-Site", "same-origin")];
    let cases: [Case<'_>; 11] = [
        ("missing token", None, &same, 403),
        ("empty token", Some(""), &same, 403),
        ("other session's token", Some(&other), &same, 403),
        (
            "cross-site",
            Some(&own),
            &[("Sec-Fetch-Site", "cross-site")],
            403,
        ),
        (
            "same-site",
            Some(&own),
            &[("Sec-Fetch-Site", "same-site")],
            403,
        ),
        ("no word about where from", Some(&own), &[], 403),
        (
            "other origin",
            Some(&own),
            &[("Origin", "https://evil.example")],
            403,
        ),
        ("opaque origin", Some(&own), &[("Origin", "null")], 403),
        (
            "cross-site with our origin",
            Some(&own),
            &[("Sec-Fetch-Site", "cross-site"), ("Origin", &app.url)],
            403,
        ),
        ("same origin", Some(&own), &same, 303),
        ("our origin", Some(&own), &[("Origin", &app.url)], 303),
    ];
    for (case, token, headers, status) in cases {
        let answer = post_with(&nurse, token, headers).await;
        assert_eq!(answer.status, status, "{case}");
        if status == 403 {
            assert_eq!(answer.h1(), "This form is no longer valid", "{case}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn s25_only_forms_are_read_and_a_header_may_carry_the_token() {
    let app = TestApp::new().await;
    let nurse = app.nurse().await;
    nurse.page("/").await;
    let token = nurse.form_token().unwrap();
    for kind in [
        "text/plain",
        "application/json",
        "multipart/form-data; boundary=x",
    ] {
        let request = nurse
            .request(reqwest::Method::POST, "/theme")
            .header("Sec-Fetch-Site", "same-origin")
            .header("X-CSRF-Token", &token)
            .header("Content-Type", kind)
            .body(format!("theme=dark&next=/&csrf={token}"));
        assert_eq!(nurse.send(request).await.status, 415, "{kind}");
    }
    let request = nurse
        .request(reqwest::Method::POST, "/theme")
        .header("Sec-Fetch-Site", "same-origin")
        .header("X-CSRF-Token", &token);
    assert_eq!(
        nurse
            .send(form(request, &[("theme", "dark"), ("next", "/")]))
            .await
            .status,
        303
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn s25_the_sign_in_form_needs_a_token_too() {
    let app = TestApp::new().await;
    app.add_user("kim", Role::Nurse).await;
    let visitor = app.anonymous();
    visitor.page("/sign-in").await;
    let fields = [("name", "kim"), ("password", PASSWORD)];
    let request = visitor
        .request(reqwest::Method::POST, "/sign-in")
        .header("Sec-Fetch-Site", "same-origin");
    assert_eq!(visitor.send(form(request, &fields)).await.status, 403);
    // The token of another visitor, planted with its session's cookie missing.
    let other = app.anonymous();
    other.page("/sign-in").await;
    let token = other.form_token().unwrap();
    let request = visitor
        .request(reqwest::Method::POST, "/sign-in")
        .header("Sec-Fetch-Site", "same-origin");
    assert_eq!(
        visitor
            .send(form(request, &[fields[0], fields[1], ("csrf", &token)]))
            .await
            .status,
        403
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn s20_a_form_with_fields_of_its_own_is_refused() {
    let app = TestApp::new().await;
    let visitor = app.anonymous();
    visitor.page("/sign-in").await;
    let answer = visitor
        .post(
            "/sign-in",
            &[("name", "kim"), ("password", "x"), ("role", "admin")],
        )
        .await;
    assert_eq!(answer.status, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn s27_other_hosts_get_421_and_forwarded_ones_count_from_proxies_only() {
    let app = TestApp::new().await;
    let visitor = app.anonymous();
    let get = |host: &str| {
        visitor
            .request(reqwest::Method::GET, "/sign-in")
            .header("Host", host)
    };
    let port = app.url.rsplit(':').next().unwrap();
    for (host, status) in [
        ("evil.example", 421),
        ("127.0.0.1", 421),
        (&format!("localhost:{port}"), 200),
        (&format!("LOCALHOST:{port}"), 200),
        (&format!("localhost:{port}.evil.example"), 421),
    ] {
        assert_eq!(visitor.send(get(host)).await.status, status, "{host}");
    }
    let request = get("evil.example").header("X-Forwarded-Host", format!("localhost:{port}"));
    assert_eq!(
        visitor.send(request).await.status,
        421,
        "not a proxy of ours"
    );
    let live = visitor
        .request(reqwest::Method::GET, "/live")
        .header("Host", "evil.example");
    assert_eq!(visitor.send(live).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn s27_behind_a_listed_proxy_its_word_about_host_and_client_is_taken() {
    let app = TestApp::with(|web| {
        web.origin = Some("https://wt.example".to_owned());
        web.trusted_proxy = vec!["127.0.0.1/32".to_owned()];
    })
    .await;
    app.add_user("kim", Role::Nurse).await;
    let sign_in = async |client: &str, password: &str| {
        let visitor = app.anonymous();
        let through = |request: reqwest::RequestBuilder| {
            request
                .header("X-Forwarded-Host", "wt.example")
                .header("X-Forwarded-For", format!("8.8.8.8, {client}"))
        };
        visitor
            .send(through(visitor.request(reqwest::Method::GET, "/sign-in")))
            .await;
        let token = visitor.form_token().unwrap();
        let request = through(visitor.request(reqwest::Method::POST, "/sign-in"))
            .header("Origin", "https://wt.example");
        visitor
            .send(form(
                request,
                &[("name", "kim"), ("password", password), ("csrf", &token)],
            ))
            .await
            .status
    };
    for _ in 0..6 {
        sign_in("10.1.1.1", "wrong").await;
    }
    assert_eq!(
        sign_in("10.1.1.2", PASSWORD).await,
        429,
        "the same network waits"
    );
    assert_eq!(
        sign_in("10.1.2.1", PASSWORD).await,
        303,
        "another network does not"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn s30_large_forms_and_headers_are_refused() {
    let app = TestApp::new().await;
    let visitor = app.anonymous();
    visitor.page("/sign-in").await;
    let long = "x".repeat(70 * 1024);
    assert_eq!(
        visitor
            .post("/sign-in", &[("name", &long), ("password", "x")])
            .await
            .status,
        413
    );
    let request = visitor
        .request(reqwest::Method::GET, "/sign-in")
        .header("X-Long", "x".repeat(17 * 1024));
    assert_eq!(visitor.send(request).await.status, 413);
}

#[tokio::test(flavor = "multi_thread")]
async fn s34_errors_are_pages_with_a_next_step() {
    let app = TestApp::new().await;
    let nurse = app.nurse().await;
    let missing = nurse.page("/nowhere").await;
    assert_eq!(
        (missing.status, missing.h1().as_str()),
        (404, "Page not found")
    );
    assert!(
        missing.all("nav.nav a").contains(&"Find".to_owned()),
        "the frame knows who asked"
    );
    assert_eq!(
        missing.attribute("main a.btn", "href").as_deref(),
        Some("/")
    );
    let trace = nurse.request(reqwest::Method::TRACE, "/");
    assert_eq!(nurse.send(trace).await.status, 405);
    let put = nurse
        .send(nurse.request(reqwest::Method::PUT, "/sign-in"))
        .await;
    assert_eq!((put.status, put.header("allow")), (405, Some("GET, POST")));
    assert_eq!(put.h1(), "That does not work here");
}

#[tokio::test(flavor = "multi_thread")]
async fn s59_without_the_database_nobody_gets_in_and_the_page_says_so() {
    let app = TestApp::without_database();
    let visitor = app.anonymous();
    for path in ["/", "/sign-in"] {
        visitor.set_cookie("__Host-wt", &"A".repeat(43));
        let answer = visitor.page(path).await;
        assert_eq!(
            (answer.status, answer.h1().as_str()),
            (503, "wardtrack is busy"),
            "{path}"
        );
        assert!(answer.header("retry-after").is_some());
        assert!(
            answer.text().contains("give the number"),
            "{}",
            answer.text()
        );
        for leak in ["127.0.0.1:1", "postgres", "Connect"] {
            assert!(!answer.body.contains(leak), "{leak}");
        }
    }
    assert_eq!(visitor.page("/live").await.status, 200);
    let ready = app
        .http()
        .get(format!("{}/ready", app.internal_url))
        .send()
        .await
        .unwrap();
    assert_eq!(ready.status(), 503);
    let text = ready.text().await.unwrap();
    assert!(text.contains("the database does not answer"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn s58_ready_names_each_check_on_the_internal_listener() {
    let app = TestApp::new().await;
    let broker = app.app.checks.register("broker", "no connection yet");
    let ready = async || {
        let answer = app
            .http()
            .get(format!("{}/ready", app.internal_url))
            .send()
            .await
            .unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    let (status, text) = ready().await;
    assert_eq!(status, 503);
    assert!(text.contains("no connection yet"), "{text}");
    broker.pass();
    assert_eq!(ready().await.0, 200);
    let metrics = app
        .http()
        .get(format!("{}/metrics", app.internal_url))
        .send()
        .await
        .unwrap();
    assert!(
        metrics.status() == 200 || metrics.status() == 404,
        "404 without a recorder"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn light_and_dark_are_remembered_without_a_script() {
    let app = TestApp::new().await;
    let visitor = app.anonymous();
    let page = visitor.page("/sign-in?next=%2Ffind%3Fq%3Dx").await;
    assert_eq!(page.attribute("html", "data-theme"), None);
    assert_eq!(page.attribute("html", "lang").as_deref(), Some("en"));
    let here = page.attribute("footer input[name=next]", "value").unwrap();
    let to = page.attribute("footer input[name=theme]", "value").unwrap();
    let answer = visitor
        .post("/theme", &[("theme", &to), ("next", &here)])
        .await;
    // Back to the start page: sign-in addresses are no `next`, and `/` leads there again.
    assert_eq!((answer.status, answer.header("location")), (303, Some("/")));
    assert_eq!(
        visitor
            .page("/sign-in")
            .await
            .attribute("html", "data-theme")
            .as_deref(),
        Some("dark")
    );
    visitor.set_cookie("wt-theme", "\"><script>");
    assert_eq!(
        visitor
            .page("/sign-in")
            .await
            .attribute("html", "data-theme"),
        None
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_are_compressed_and_static_files_live_under_their_hash() {
    let app = TestApp::new().await;
    let visitor = app.anonymous();
    let css = visitor
        .page("/sign-in")
        .await
        .attribute("link[rel=stylesheet]", "href")
        .unwrap();
    let request = visitor
        .request(reqwest::Method::GET, &css)
        .header("Accept-Encoding", "gzip");
    let answer = request.send().await.unwrap();
    assert_eq!(answer.headers()["content-encoding"], "gzip");
    let parts: Vec<&str> = css.split('/').collect();
    assert_eq!(
        visitor
            .page(&css.replace(parts[2], "0000000000000000"))
            .await
            .status,
        404
    );
    assert_eq!(
        visitor
            .page(&format!("/static/{}/package.json", parts[2]))
            .await
            .status,
        404
    );
    assert_eq!(
        visitor
            .page(&format!("/static/{}/../../Cargo.toml", parts[2]))
            .await
            .status,
        404
    );
}

/// What domain section 9 asks of every page, as far as markup shows it.
fn check_page(html: &str) {
    let doc = scraper::Html::parse_document(html);
    let all = |selector: &str| {
        let selector = scraper::Selector::parse(selector).unwrap();
        doc.select(&selector)
            .map(|element| element.value().clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(all("h1").len(), 1, "one h1: {html}");
    assert_eq!(all("main").len(), 1);
    assert_eq!(all("html[lang]").len(), 1);
    assert_eq!(all("a.skip[href='#main']").len(), 1);
    let ids: Vec<String> = all("[id]")
        .iter()
        .map(|element| element.id().unwrap().to_owned())
        .collect();
    let mut unique = ids.clone();
    unique.sort();
    unique.dedup();
    assert_eq!(ids.len(), unique.len(), "an id twice: {ids:?}");
    for input in all("input:not([type=hidden]), select, textarea") {
        let id = input.id().expect("an input without id");
        assert_eq!(
            all(&format!("label[for='{id}']")).len(),
            1,
            "one label for {id}"
        );
        for described in input
            .attr("aria-describedby")
            .into_iter()
            .flat_map(str::split_whitespace)
        {
            assert!(
                ids.contains(&described.to_owned()),
                "{id} is described by {described}, which is not there"
            );
        }
    }
    let forms = scraper::Selector::parse("form[method=post]").unwrap();
    let token = scraper::Selector::parse("input[name=csrf]").unwrap();
    for form in doc.select(&forms) {
        assert_eq!(
            form.select(&token).count(),
            1,
            "a form without a token: {}",
            form.html()
        );
    }
}

#[test]
fn pages_of_coming_and_going_have_labels_headings_and_tokens() {
    use askama::Template;
    use wardtrack::web::set_up::{DeadLinkPage, SetUpPage};
    use wardtrack::web::sign_in::SignInPage;
    for page in SignInPage::samples() {
        let html = page.render().unwrap();
        assert!(!html.contains("\"><script>"), "what was typed is escaped");
        check_page(&html);
    }
    check_page(&SetUpPage::sample().render().unwrap());
    check_page(
        &DeadLinkPage {
            shell: wardtrack::web::Shell::sample(),
        }
        .render()
        .unwrap(),
    );
}
