//! The words of the page "More" and of the navigation entries that stand only there.

catalogue! {
    /// The page "More": a sentence for each entry of the navigation.
    More {
        nav_more = "More",
        title = "More",
        intro = "Everything that you can open.",
        work = "Day by day",
        reports = "Reports",
        setup = "Register and places",
        system = "wardtrack itself",
        find = "Search by type, number or scanned label, and favourite types at a glance.",
        plan = "Floors with how many devices are ready in each room.",
        nav_rooms = "Rooms",
        rooms = "What is in a room now, and what left it lately.",
        synonyms = "Brands, slang and abbreviations that lead to a type.",
        readers = "Which readers are heard, and which wait for approval.",
        quarantine = "Messages of readers that could not be used.",
        status = "Whether places are live, and what the parts of wardtrack say.",
    }
}
