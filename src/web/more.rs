//! Everything that a person may open, with a sentence each: the phone's bar has room for five entries only.

use askama::Template;

use super::extract::Viewer;
use super::page::nav::{Group, NavEntry, list_allowed};
use super::page::{Nav, Page, Shell};
use crate::db::types::Role;

/// The page "More".
#[derive(Debug, Template)]
#[template(path = "more/index.html")]
pub struct MorePage {
    /// Frame.
    pub shell: Shell,
    /// The parts that are not empty.
    pub parts: Vec<MorePart>,
}

/// A part of it.
#[derive(Debug)]
pub struct MorePart {
    /// Its id on the page.
    pub id: &'static str,
    /// Its heading.
    pub heading: &'static str,
    /// Its links.
    pub lines: Vec<MoreLine>,
}

/// A link with its sentence.
#[derive(Debug)]
pub struct MoreLine {
    /// Where it leads.
    pub href: &'static str,
    /// Its icon, without `i-`.
    pub icon: &'static str,
    /// Its word.
    pub word: &'static str,
    /// What is there.
    pub line: &'static str,
}

/// `GET /more`
pub async fn page(viewer: Viewer) -> Page<MorePage> {
    Page::new(MorePage::new(viewer.shell(Nav::More), viewer.role))
}

impl MorePage {
    fn new(shell: Shell, role: Role) -> Self {
        let t = shell.t;
        let parts = [
            (Group::Work, "work", t.more.work),
            (Group::Reports, "reports", t.more.reports),
            (Group::Setup, "setup", t.more.setup),
            (Group::System, "system", t.more.system),
        ];
        let line = |entry: &NavEntry| {
            let (word, line) = (entry.words)(t);
            MoreLine {
                href: entry.href,
                icon: entry.icon,
                word,
                line,
            }
        };
        let parts = parts.into_iter().map(|(group, id, heading)| MorePart {
            id,
            heading,
            lines: list_allowed(role)
                .filter(|entry| entry.group == group && entry.nav != Nav::More)
                .map(line)
                .collect(),
        });
        Self {
            parts: parts.filter(|part| !part.lines.is_empty()).collect(),
            shell,
        }
    }

    /// Pages for tests of templates.
    #[must_use]
    pub fn samples() -> Vec<Self> {
        [Role::Nurse, Role::Admin]
            .into_iter()
            .map(|role| Self::new(Shell::sample_for(role), role))
            .collect()
    }
}
