//! Help: what the words and buttons mean, in the same place on every page.

use askama::Template;

use super::extract::Viewer;
use super::page::{Chip, Nav, Page, Shell, Sure};
use crate::assets::model::Standing;
use crate::db::types::AssetStatus;

/// The page.
#[derive(Debug, Template)]
#[template(path = "help/index.html")]
pub struct HelpPage {
    /// Frame.
    pub shell: Shell,
    /// The words of certainty with what they mean.
    pub certainties: Vec<(Sure, &'static str)>,
    /// Statuses with what they mean.
    pub statuses: Vec<(Chip, &'static str)>,
    /// Buttons with what they do.
    pub buttons: Vec<(&'static str, &'static str)>,
}

/// `GET /help`
pub async fn page(viewer: Viewer) -> Page<HelpPage> {
    Page::new(HelpPage::new(viewer.shell(Nav::None)))
}

impl HelpPage {
    fn new(shell: Shell) -> Self {
        let t = shell.t;
        let status = |status: AssetStatus| {
            Chip::of_asset(
                &Standing::of(status),
                status == AssetStatus::Available,
                shell.t,
            )
        };
        Self {
            certainties: vec![
                (Sure::confirmed(t), t.help.confirmed),
                (Sure::likely(t), t.help.likely),
                (Sure::last_seen(t), t.help.last_seen),
                (Sure::unknown(t), t.help.unknown),
            ],
            statuses: vec![
                (status(AssetStatus::Available), t.help.ready),
                (status(AssetStatus::InUse), t.help.in_use),
                (status(AssetStatus::Soiled), t.help.soiled),
                (status(AssetStatus::Cleaning), t.help.cleaning),
                (status(AssetStatus::InRepair), t.help.in_repair),
                (status(AssetStatus::Missing), t.help.missing),
            ],
            buttons: vec![
                (t.pages.find.take, t.help.take),
                (t.pages.find.not_here, t.help.not_here),
                (t.acts.found, t.help.found),
                (t.acts.soiled, t.help.say_soiled),
                (t.acts.cleaned, t.help.say_cleaned),
                (t.acts.broken, t.help.say_broken),
                (t.acts.undo, t.help.undo),
            ],
            shell,
        }
    }

    /// Pages for tests of templates.
    #[must_use]
    pub fn samples() -> Vec<Self> {
        vec![Self::new(Shell::sample())]
    }
}
