//! Our own files, and what `npm ci` put below `static/vendor`, built into the binary.
//!
//! Every file is served as `/static/<hash>/<path>`, where the hash is that of all files together: browsers keep them for a year,
//! and a release with other files has other addresses. Templates take the addresses from [`Links`], never from text.

use std::borrow::Cow;
use std::collections::BTreeMap;

use actix_web::HttpResponse;
use actix_web::http::header;
use actix_web::web::{self, Bytes};
use sha2::{Digest, Sha256};

use super::site::Site;
use super::{PageError, routes};

/// The folders that are served; whatever else lies below `static/` (package lists, tools) is not.
#[derive(rust_embed::RustEmbed)]
#[folder = "static/"]
#[include = "css/*"]
#[include = "js/*"]
#[include = "icons/*"]
#[include = "vendor/*"]
struct Embedded;

/// The files with their common hash, read once at start.
pub struct StaticFiles {
    hash: String,
    files: BTreeMap<String, Cow<'static, [u8]>>,
}

impl std::fmt::Debug for StaticFiles {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "StaticFiles({} files, {})", self.files.len(), self.hash)
    }
}

impl StaticFiles {
    /// Reads every file.
    #[must_use]
    pub fn load() -> Self {
        let files: BTreeMap<String, Cow<'static, [u8]>> = Embedded::iter()
            .filter_map(|path| Embedded::get(&path).map(|file| (path.into_owned(), file.data)))
            .collect();
        let mut hash = Sha256::new();
        for (path, data) in &files {
            hash.update(path.as_bytes());
            hash.update([0]);
            hash.update(Sha256::digest(data));
        }
        let mut hash = hex(&hash.finalize());
        hash.truncate(16);
        Self { hash, files }
    }

    /// The bytes and the content type of a file, when `hash` is today's.
    #[must_use]
    pub fn find(&self, hash: &str, path: &str) -> Option<(Cow<'static, [u8]>, &'static str)> {
        let data = (hash == self.hash).then(|| self.files.get(path))??;
        Some((data.clone(), content_type(path)?))
    }

    /// The addresses for templates. A vendor file that is missing is left out and named in the log: pages work without.
    #[must_use]
    pub fn links(&self) -> Links {
        let scripts = [
            "vendor/htmx.min.js",
            "vendor/htmx-ext-sse.min.js",
            "vendor/idiomorph.min.js",
            "js/live.js",
        ];
        // Ours that need nobody else's.
        let own = ["js/keys.js", "js/session.js"];
        for script in scripts
            .iter()
            .filter(|path| !self.files.contains_key(**path))
        {
            tracing::warn!(
                file = script,
                "a script is missing from this build: run npm ci --prefix static and build again; \
                 until then pages change only when they are loaded again"
            );
        }
        // Our script drives htmx and is of no use without it.
        let complete = scripts.iter().all(|path| self.files.contains_key(*path));
        Links {
            css: routes::static_path(&self.hash, "css/wardtrack.css"),
            alerts_css: routes::static_path(&self.hash, "css/alerts.css"),
            supplies_css: routes::static_path(&self.hash, "css/supplies.css"),
            plan_css: routes::static_path(&self.hash, "css/plan.css"),
            labels_css: routes::static_path(&self.hash, "css/labels.css"),
            wall_js: routes::static_path(&self.hash, "js/wall.js"),
            board_css: routes::static_path(&self.hash, "css/board.css"),
            plan_js: routes::static_path(&self.hash, "js/plan.js"),
            scan_js: routes::static_path(&self.hash, "js/scan.js"),
            alert_sound_js: routes::static_path(&self.hash, "js/alert-sound.js"),
            sprite: routes::static_path(&self.hash, "icons/sprite.svg"),
            icon: routes::static_path(&self.hash, "icons/wardtrack.svg"),
            scripts: scripts
                .iter()
                .filter(|_| complete)
                .chain(&own)
                .map(|path| routes::static_path(&self.hash, path))
                .collect(),
        }
    }
}

/// Answers with a file, for a year.
///
/// # Errors
/// 404 for files and hashes that are not of this build.
pub async fn file(
    site: web::Data<Site>,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, PageError> {
    let (hash, path) = path.into_inner();
    let (data, kind) = site.files.find(&hash, &path).ok_or(PageError::NotFound)?;
    let body = match data {
        Cow::Borrowed(data) => Bytes::from_static(data),
        Cow::Owned(data) => Bytes::from(data),
    };
    Ok(HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "public, max-age=31536000, immutable"))
        .content_type(kind)
        .body(body))
}

/// Addresses of the static files that the frame uses.
#[derive(Clone, Debug, Default)]
pub struct Links {
    /// The stylesheet.
    pub css: String,
    /// What alerts, tasks and reports add to it.
    pub alerts_css: String,
    /// What stock and orders add to it.
    pub supplies_css: String,
    /// What floor plans add to it.
    pub plan_css: String,
    /// Style sheet of labels.
    pub labels_css: String,
    /// Script of screens on walls.
    pub wall_js: String,
    /// What the boards of units add to it.
    pub board_css: String,
    /// Zooms and moves floor plans.
    pub plan_js: String,
    /// What scanners need: sounds, and codes that go off without loading the page.
    pub scan_js: String,
    /// Sounds when a critical alert comes.
    pub alert_sound_js: String,
    /// The icons; use one as `<use href="{{ shell.links.sprite }}#i-ready">`, or the macro `icon`.
    pub sprite: String,
    /// The picture of the browser tab.
    pub icon: String,
    /// Scripts in the order of loading; empty in a build without vendor files.
    pub scripts: Vec<String>,
}

impl Links {
    /// Links for tests of templates.
    #[must_use]
    pub fn sample() -> Self {
        Self {
            css: routes::static_path("0", "css/wardtrack.css"),
            alerts_css: routes::static_path("0", "css/alerts.css"),
            supplies_css: routes::static_path("0", "css/supplies.css"),
            plan_css: routes::static_path("0", "css/plan.css"),
            labels_css: routes::static_path("0", "css/labels.css"),
            wall_js: routes::static_path("0", "js/wall.js"),
            board_css: routes::static_path("0", "css/board.css"),
            plan_js: routes::static_path("0", "js/plan.js"),
            scan_js: routes::static_path("0", "js/scan.js"),
            alert_sound_js: routes::static_path("0", "js/alert-sound.js"),
            sprite: routes::static_path("0", "icons/sprite.svg"),
            icon: routes::static_path("0", "icons/wardtrack.svg"),
            scripts: vec![routes::static_path("0", "js/live.js")],
        }
    }
}

fn content_type(path: &str) -> Option<&'static str> {
    let (_, extension) = path.rsplit_once('.')?;
    Some(match extension {
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "svg" => "image/svg+xml; charset=utf-8",
        "png" => "image/png",
        "woff2" => "font/woff2",
        _ => return None,
    })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        use std::fmt::Write;
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_found_under_its_hash_only() {
        let files = StaticFiles::load();
        let (data, kind) = files.find(&files.hash, "css/wardtrack.css").unwrap();
        assert!(!data.is_empty());
        assert_eq!(kind, "text/css; charset=utf-8");
        assert!(
            files
                .find("0123456789abcdef", "css/wardtrack.css")
                .is_none()
        );
        assert!(files.find(&files.hash, "css/nothing.css").is_none());
        assert!(files.find(&files.hash, "../Cargo.toml").is_none());
        assert!(files.find(&files.hash, "package.json").is_none());
    }

    #[test]
    fn s23_no_stylesheet_or_picture_points_elsewhere() {
        let files = StaticFiles::load();
        for (path, data) in &files.files {
            if path.starts_with("css/") || path.starts_with("icons/") {
                let text = String::from_utf8_lossy(data);
                assert!(!text.contains("url("), "{path}");
                assert!(!text.contains("@import"), "{path}");
            }
        }
    }
}
