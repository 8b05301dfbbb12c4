//! Every visible word, in one catalogue.
//!
//! A language is one [`Strings`] value; the compiler asks a further language for every key. Templates reach the words through
//! the shell: `{{ shell.t.common.find }}`. Words with a gap hold `{}`: `{{ shell.t.time.min_ago|fill(5) }}`, or [`fill`] in Rust.
//! The words of the pages live in [`pages`], those of the frame here.

/// Declares one part of the catalogue and its English words.
macro_rules! catalogue {
    ($(#[$meta:meta])* $name:ident { $($key:ident = $text:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Debug)]
        pub struct $name {
            $(#[doc = $text] pub $key: &'static str,)+
        }
        impl $name {
            /// The English words.
            pub const EN: Self = Self { $($key: $text),+ };
        }
    };
}

pub mod acts;
pub mod alerts;
pub mod board;
pub mod counts;
pub mod delivery;
pub mod help;
pub mod live;
pub mod more;
pub mod own_mail;
pub mod pages;
pub mod plan;
pub mod register;
pub mod rounds;
pub mod search;
pub mod stock_items;
pub mod stock_places;
pub mod stock_rules;
pub mod supplies;
pub mod synonyms;
pub mod tables;

/// All words of one language.
#[derive(Debug)]
pub struct Strings {
    /// For `<html lang>`.
    pub lang: &'static str,
    /// Frame and words that many pages share.
    pub common: Common,
    /// Ages and times.
    pub time: Time,
    /// Status of an asset.
    pub status: Status,
    /// How sure a place is.
    pub certainty: Certainty,
    /// Names of roles.
    pub role: RoleNames,
    /// Signing in and out.
    pub sign_in: SignIn,
    /// First administrator.
    pub set_up: SetUp,
    /// What is wrong with a new password.
    pub password: PasswordWords,
    /// Light and dark.
    pub theme: ThemeWords,
    /// Error pages.
    pub error: Errors,
    /// Open pages that follow the world.
    pub live: live::Live,
    /// What people say about assets.
    pub acts: acts::Acts,
    /// Floor plans.
    pub plan: plan::Plan,
    /// The board of a unit.
    pub board: board::Board,
    /// Equipment par.
    pub par: board::Par,
    /// Screens on walls.
    pub screens: board::Screens,
    /// Files in and out.
    pub tables: tables::Tables,
    /// Labels to print.
    pub labels: tables::Labels,
    /// How far a room is.
    pub distance: plan::Distance,
    /// Alerts.
    pub alerts: alerts::Alerts,
    /// Messages about alerts.
    pub delivery: delivery::Delivery,
    /// A person's own mail address.
    pub own_mail: own_mail::OwnMail,
    /// Look-for tasks.
    pub tasks: alerts::Tasks,
    /// Favourite types.
    pub favourites: alerts::Favourites,
    /// The report of accuracy.
    pub accuracy: alerts::Accuracy,
    /// Order lines.
    pub reorder: supplies::Reorder,
    /// Stock.
    pub stock: supplies::Stock,
    /// Counts of stock.
    pub counts: counts::Counts,
    /// Pages for a scanner.
    pub scan: counts::Scan,
    /// Orders that were sent.
    pub orders: supplies::Orders,
    /// Lots.
    pub lots: supplies::Lots,
    /// Items, one by one.
    pub stock_items: stock_items::StockItems,
    /// Places of stock, one by one.
    pub stock_places: stock_places::StockPlaces,
    /// Rules of restocking.
    pub stock_rules: stock_rules::StockRules,
    /// Restocking rounds.
    pub rounds: rounds::Rounds,
    /// The register of equipment.
    pub register: register::Register,
    /// The page "More".
    pub more: more::More,
    /// The help page.
    pub help: help::Help,
    /// What a search was taken for.
    pub search: search::Search,
    /// The list of synonyms.
    pub synonyms: synonyms::Synonyms,
    /// The pages.
    pub pages: pages::Pages,
}

/// English.
pub static EN: Strings = Strings {
    lang: "en",
    common: Common::EN,
    time: Time::EN,
    status: Status::EN,
    certainty: Certainty::EN,
    role: RoleNames::EN,
    sign_in: SignIn::EN,
    set_up: SetUp::EN,
    password: PasswordWords::EN,
    theme: ThemeWords::EN,
    error: Errors::EN,
    live: live::Live::EN,
    acts: acts::Acts::EN,
    plan: plan::Plan::EN,
    board: board::Board::EN,
    par: board::Par::EN,
    screens: board::Screens::EN,
    tables: tables::Tables::EN,
    labels: tables::Labels::EN,
    distance: plan::Distance::EN,
    alerts: alerts::Alerts::EN,
    delivery: delivery::Delivery::EN,
    own_mail: own_mail::OwnMail::EN,
    reorder: supplies::Reorder::EN,
    stock: supplies::Stock::EN,
    counts: counts::Counts::EN,
    scan: counts::Scan::EN,
    orders: supplies::Orders::EN,
    lots: supplies::Lots::EN,
    stock_items: stock_items::StockItems::EN,
    stock_places: stock_places::StockPlaces::EN,
    stock_rules: stock_rules::StockRules::EN,
    rounds: rounds::Rounds::EN,
    tasks: alerts::Tasks::EN,
    favourites: alerts::Favourites::EN,
    accuracy: alerts::Accuracy::EN,
    register: register::Register::EN,
    more: more::More::EN,
    help: help::Help::EN,
    search: search::Search::EN,
    synonyms: synonyms::Synonyms::EN,
    pages: pages::Pages::EN,
};

catalogue! {
    /// Frame and words that many pages share.
    Common {
        product = "wardtrack",
        skip = "Skip to content",
        nav_label = "Main",
        nav_find = "Find",
        nav_plan = "Plan",
        nav_board = "Board",
        nav_readers = "Readers",
        nav_quarantine = "Quarantine",
        nav_status = "System status",
        unit = "Unit:",
        sign_out = "Sign out",
        find = "Find",
        not_live_since = "Location data not live since {}. What you see may be old.",
        not_live_yet = "Location data is not live: nothing has been received yet.",
        session_ends = "Nobody has pressed anything here for a while: this screen signs out at",
        session_stay = "Stay signed in",
        session_over = "This screen is signed out. What you typed stays here until you load the page again.",
        page_not_live = "This page is not live since",
        may_be_old = "What you see may be old.",
        check_these = "Check these before you go on",
        since = "since",
        was_in = "was",
    }
}
catalogue! {
    /// Ages and times.
    Time {
        just_now = "just now",
        min_ago = "{} min ago",
        hours_ago = "{} h ago",
        seconds = "{} s",
        min = "{} min",
        hours = "{} h",
        days = "{} days",
        moment = "less than 1 min",
        never = "never",
    }
}
catalogue! {
    /// Status of an asset.
    Status {
        ready = "Ready",
        available = "Available",
        in_use = "In use",
        soiled = "Soiled",
        cleaning = "In cleaning",
        in_repair = "In repair",
        missing = "Missing",
        retired = "Retired",
        hold = "On hold",
    }
}
catalogue! {
    /// How sure a place is (domain section 5).
    Certainty {
        confirmed = "Confirmed",
        likely = "Likely",
        last_seen = "Last seen",
        unknown = "Unknown",
    }
}
catalogue! {
    /// Names of roles.
    RoleNames {
        nurse = "Nurse",
        supply = "Supply",
        biomed = "Biomed",
        admin = "Administrator",
    }
}
catalogue! {
    /// Signing in and out.
    SignIn {
        title = "Sign in",
        name = "Sign-in name",
        password = "Password",
        go = "Sign in",
        wrong = "Name or password is wrong. Check both and try again.",
        name_missing = "Enter your sign-in name.",
        password_missing = "Enter your password.",
        wait = "Too many tries. Wait {} and try again.",
        needs_admin = "This name has had too many wrong tries. Ask an administrator to set a new password.",
        signed_out = "You have signed out.",
        ended = "Your session has ended. Sign in to go on where you were.",
        help = "No account, or password forgotten? Ask your wardtrack administrator.",
        again_title = "Enter your password again",
        again_lead = "Who is told, keys and the like are changed only by somebody who entered the password in the last {} minutes. Enter yours and make the change then: nothing has been changed yet.",
        again_who = "You are signed in as {}.",
        again_go = "Go on",
        again_wrong = "The password is wrong. Check it and try again.",
        again_done = "Thank you. For {} minutes you can make changes that need your password.",
        again_needed = "You entered your password more than {} minutes ago, so nothing can be changed here.",
        again_open = "Enter your password to change this",
    }
}
catalogue! {
    /// First administrator.
    SetUp {
        title = "Set up wardtrack",
        intro = "This link makes the first administrator. It works once.",
        name = "Sign-in name",
        name_hint = "Small letters, digits, dots and hyphens, such as j.meyer.",
        name_wrong = "The sign-in name needs 1 to 64 small letters, digits, dots, hyphens or underscores, and starts with a letter or digit.",
        name_taken = "Another account has this sign-in name. Choose another.",
        display_name = "Your name",
        display_name_hint = "As colleagues should read it.",
        display_name_wrong = "Enter your name, at most 120 characters.",
        password = "Password",
        password_hint = "At least 15 characters. Several words are easy to remember and hard to guess. Spaces count; pasting works.",
        go = "Make administrator",
        done = "The administrator is made. Sign in now.",
        dead_title = "This set-up link no longer works",
        dead = "It was used, is older than one hour, or an administrator exists already.",
        dead_next = "Run wardtrack admin setup-link on the server for a new one, or ask an administrator for an account.",
    }
}
catalogue! {
    /// What is wrong with a new password (S-05).
    PasswordWords {
        too_short = "The password has {} characters; it needs at least 15.",
        too_long = "The password has {} characters; at most 256 work.",
        common = "The password is one of the commonly used ones. Choose another.",
        too_few_left = "Without the names of wardtrack, the hospital and yourself, too little of the password is left. Add words that have nothing to do with them.",
    }
}
catalogue! {
    /// Light and dark.
    ThemeWords {
        label = "Light or dark",
        now_system = "now as on this device",
        now_light = "now light",
        now_dark = "now dark",
    }
}
catalogue! {
    /// Error pages.
    Errors {
        home = "Go to the start page",
        again = "Go back with your browser and try again, or start over from the start page.",
        id = "When you report this, give the number {}.",
        not_found_title = "Page not found",
        not_found = "There is no such page, or you may not see it. Check the address, or search for what you need.",
        method_title = "That does not work here",
        method = "This address cannot be used that way.",
        forbidden_title = "You may not do that",
        forbidden = "Your account does not have the right for this. Ask an administrator if you need it.",
        csrf_title = "This form is no longer valid",
        csrf = "Nothing was changed. The form was open for too long, you signed in again meanwhile, or it was sent from another site.",
        bad_title = "That could not be read",
        bad = "Part of the request is missing or wrong. Nothing was changed.",
        too_large_title = "That is too large",
        too_large = "What was sent is larger than this page accepts. Nothing was changed.",
        media_title = "That form cannot be read",
        media = "Only forms of wardtrack's own pages are accepted. Nothing was changed.",
        host_title = "Wrong address",
        host = "wardtrack is not served under this name. Use the address that your administrator gave you.",
        plain_title = "Not served here",
        plain = "wardtrack answers only through its proxy. Use the address that your administrator gave you.",
        slow_title = "Too many tries",
        slow = "Wait a little, then try again.",
        busy_title = "wardtrack is busy",
        busy = "It cannot answer just now. Try again in a few seconds.",
        internal_title = "Something went wrong",
        internal = "This is a fault in wardtrack. Nothing you did caused it.",
    }
}

/// Puts the values into the gaps (`{}`) of a text, in order. Values beyond the gaps are dropped, gaps beyond the values stay.
#[must_use]
pub fn fill(text: &str, values: &[&dyn std::fmt::Display]) -> String {
    let mut parts = text.split("{}");
    let mut filled = parts.next().unwrap_or_default().to_owned();
    let mut values = values.iter();
    for part in parts {
        match values.next() {
            Some(value) => filled.push_str(&value.to_string()),
            None => filled.push_str("{}"),
        }
        filled.push_str(part);
    }
    filled
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_take_their_values_in_order() {
        assert_eq!(fill("{} of {}", &[&3, &"{}"]), "3 of {}");
        assert_eq!(fill("{} of {}", &[&3]), "3 of {}");
        assert_eq!(fill("none", &[&3]), "none");
    }
}
