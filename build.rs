//! Says plainly when the browser-side files of others are missing: the build works, and its pages update on reload only.

use std::path::Path;

fn main() {
    // Not all of static/: npm makes its node_modules anew each time.
    let folders = [
        "static/css",
        "static/js",
        "static/icons",
        "static/vendor",
        "templates",
        "migrations",
    ];
    for folder in folders {
        println!("cargo::rerun-if-changed={folder}");
    }
    if !Path::new("static/vendor/htmx.min.js").exists() {
        println!(
            "cargo::warning=static/vendor/htmx.min.js is missing: run `npm ci --prefix static` and build again. \
             This build's pages work, but change only when they are loaded again."
        );
    }
}
