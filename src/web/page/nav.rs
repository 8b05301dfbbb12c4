//! The navigation: one table of every page that people start from. A page is added with a variant of [`Nav`] and one line of
//! [`ENTRIES`]; the bar, the phone's bar and the page "More" are all made from it.

use crate::db::types::Role;
use crate::web::routes;
use crate::web::strings::Strings;

/// An entry of the main navigation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nav {
    /// Search, results, assets and rooms.
    Find,
    /// Floor plans.
    Plan,
    /// Boards of units.
    Board,
    /// What somebody should know.
    Alerts,
    /// What is in stock.
    Supplies,
    /// What to order.
    Reorder,
    /// Counts of stock.
    Counts,
    /// Pages for a scanner.
    Scan,
    /// What was sent to suppliers; its pages stand under [`Nav::Reorder`].
    Orders,
    /// What to look for.
    Tasks,
    /// How often places are right.
    Accuracy,
    /// Words of the search.
    Synonyms,
    /// Rules of restocking.
    Rules,
    /// Restocking rounds.
    Rounds,
    /// How many ready ones rooms should hold.
    Targets,
    /// The register of equipment.
    Equipment,
    /// Rooms floor by floor.
    Rooms,
    /// Readers.
    Readers,
    /// Messages about alerts.
    Deliveries,
    /// Refused input.
    Quarantine,
    /// System status.
    Status,
    /// Everything that has no place in the bar.
    More,
    /// Pages outside the navigation.
    None,
}

/// Where an entry shows; the page "More" lists all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spot {
    /// In the bar everywhere. At most five entries fit a phone of 320 px, "More" among them.
    Phone,
    /// In the bar where there is room for more than five.
    Desk,
    /// On the page "More" only.
    More,
}

/// The parts of the page "More".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// What people do all day.
    Work,
    /// Looking back.
    Reports,
    /// What the equipment is and where it may be.
    Setup,
    /// wardtrack itself.
    System,
}

/// A line of the table.
#[derive(Debug)]
pub struct NavEntry {
    /// Which entry it is.
    pub nav: Nav,
    /// Where it shows.
    pub spot: Spot,
    /// Its part of "More".
    pub group: Group,
    /// Where it leads.
    pub href: &'static str,
    /// Its icon in the sprite, without `i-`.
    pub icon: &'static str,
    /// Its word, and the sentence beside it on "More".
    pub words: fn(&Strings) -> (&'static str, &'static str),
}

/// Every entry, in the order of the bar. "More" comes last.
#[rustfmt::skip]
pub static ENTRIES: &[NavEntry] = &[
    NavEntry { nav: Nav::Find, spot: Spot::Phone, group: Group::Work, href: routes::HOME, icon: "search", words: |t| (t.common.nav_find, t.more.find) },
    NavEntry { nav: Nav::Plan, spot: Spot::Phone, group: Group::Work, href: routes::PLANS, icon: "plan", words: |t| (t.common.nav_plan, t.more.plan) },
    NavEntry { nav: Nav::Tasks, spot: Spot::Desk, group: Group::Work, href: routes::TASKS, icon: "task", words: |t| (t.tasks.nav, t.tasks.more) },
    NavEntry { nav: Nav::Alerts, spot: Spot::Phone, group: Group::Work, href: routes::ALERTS, icon: "bell", words: |t| (t.alerts.nav, t.alerts.more) },
    NavEntry { nav: Nav::Supplies, spot: Spot::Desk, group: Group::Work, href: routes::SUPPLIES, icon: "box", words: |t| (t.stock.nav, t.stock.more) },
    NavEntry { nav: Nav::Reorder, spot: Spot::Desk, group: Group::Work, href: routes::REORDER, icon: "order", words: |t| (t.reorder.nav, t.reorder.more) },
    NavEntry { nav: Nav::Scan, spot: Spot::More, group: Group::Work, href: routes::SCAN_ISSUE, icon: "scan", words: |t| (t.scan.nav, t.scan.more) },
    NavEntry { nav: Nav::Counts, spot: Spot::More, group: Group::Work, href: routes::COUNTS, icon: "tally", words: |t| (t.counts.nav, t.counts.more) },
    NavEntry { nav: Nav::Orders, spot: Spot::More, group: Group::Work, href: routes::ORDERS, icon: "order", words: |t| (t.orders.nav, t.orders.lead) },
    NavEntry { nav: Nav::Accuracy, spot: Spot::More, group: Group::Reports, href: routes::ACCURACY, icon: "report", words: |t| (t.accuracy.nav, t.accuracy.more) },
    NavEntry { nav: Nav::Board, spot: Spot::Phone, group: Group::Work, href: routes::BOARD, icon: "tally", words: |t| (t.common.nav_board, t.board.choose_intro) },
    NavEntry { nav: Nav::Targets, spot: Spot::More, group: Group::Setup, href: routes::BOARD_PAR, icon: "tally", words: |t| (t.par.title, t.par.intro) },
    NavEntry { nav: Nav::Rules, spot: Spot::More, group: Group::Setup, href: routes::RULES, icon: "order", words: |t| (t.stock_rules.title, t.stock_rules.nav_line) },
    NavEntry { nav: Nav::Rounds, spot: Spot::More, group: Group::Setup, href: routes::ROUNDS, icon: "order", words: |t| (t.rounds.title, t.rounds.nav_line) },
    NavEntry { nav: Nav::Equipment, spot: Spot::Desk, group: Group::Setup, href: routes::EQUIPMENT, icon: "tag", words: |t| (t.register.nav, t.register.nav_line) },
    NavEntry { nav: Nav::Rooms, spot: Spot::More, group: Group::Work, href: routes::ROOMS, icon: "room", words: |t| (t.more.nav_rooms, t.more.rooms) },
    NavEntry { nav: Nav::Synonyms, spot: Spot::More, group: Group::Setup, href: routes::SYNONYMS, icon: "search", words: |t| (t.synonyms.title, t.more.synonyms) },
    NavEntry { nav: Nav::Readers, spot: Spot::Desk, group: Group::System, href: routes::READERS, icon: "live", words: |t| (t.common.nav_readers, t.more.readers) },
    NavEntry { nav: Nav::Deliveries, spot: Spot::More, group: Group::System, href: routes::DELIVERIES, icon: "order", words: |t| (t.delivery.title, t.delivery.intro) },
    NavEntry { nav: Nav::Quarantine, spot: Spot::More, group: Group::System, href: routes::QUARANTINE, icon: "hold", words: |t| (t.common.nav_quarantine, t.more.quarantine) },
    NavEntry { nav: Nav::Status, spot: Spot::More, group: Group::System, href: routes::STATUS, icon: "status", words: |t| (t.common.nav_status, t.more.status) },
    NavEntry { nav: Nav::More, spot: Spot::Phone, group: Group::Work, href: routes::MORE, icon: "more", words: |t| (t.more.nav_more, t.more.intro) },
];

/// One link of the navigation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NavLink {
    /// Which entry it is.
    pub nav: Nav,
    /// Where it leads.
    pub href: &'static str,
    /// Its icon in the sprite, without `i-`.
    pub icon: &'static str,
    /// Its word.
    pub word: &'static str,
    /// Whether a phone's bar leaves it out.
    pub is_desk: bool,
}

impl Nav {
    /// The links of the bar that a role may use: the access table decides, so a link never leads to a refusal.
    #[must_use]
    pub fn links(role: Role, t: &'static Strings) -> Vec<NavLink> {
        list_allowed(role)
            .filter(|entry| entry.spot != Spot::More)
            .map(|entry| NavLink {
                nav: entry.nav,
                href: entry.href,
                icon: entry.icon,
                word: (entry.words)(t).0,
                is_desk: entry.spot == Spot::Desk,
            })
            .collect()
    }
}

/// The entries that a role may open.
pub fn list_allowed(role: Role) -> impl Iterator<Item = &'static NavEntry> {
    ENTRIES
        .iter()
        .filter(move |entry| routes::may_open(role, entry.href))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::strings::EN;

    #[test]
    fn a_phone_s_bar_has_room_for_its_entries_and_ends_with_more() {
        for role in Role::ALL {
            let links = Nav::links(*role, &EN);
            let on_phone = links.iter().filter(|link| !link.is_desk).count();
            assert!(on_phone <= 5, "{role:?}: {on_phone}");
            assert_eq!(links.last().map(|link| link.nav), Some(Nav::More));
        }
    }

    #[test]
    fn every_entry_stands_once_and_has_words() {
        for (position, entry) in ENTRIES.iter().enumerate() {
            let (word, line) = (entry.words)(&EN);
            assert!(!word.is_empty() && !line.is_empty(), "{:?}", entry.nav);
            assert!(
                ENTRIES[..position]
                    .iter()
                    .all(|other| other.nav != entry.nav && other.href != entry.href),
                "{:?} twice",
                entry.nav
            );
        }
    }
}
