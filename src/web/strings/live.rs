//! The words of open pages that follow the world.

catalogue! {
    /// Open pages that follow the world.
    Live {
        on = "Live",
        paused = "Paused. This page stays as it is.",
        pause = "Pause updates",
        go_on = "Go on",
        one_update = "1 update, show",
        updates = "# updates, show",
        gone = "No longer in this list",
        no_watch = "Say in watch what to follow, such as asset.70001 or type.3, with commas between them and nothing empty.",
        unknown_watch = "\u{201c}{}\u{201d} cannot be followed. Use asset, room, type or reader with a dot and a number or *, or alerts, or *.",
        too_many_watches = "{} things to follow are too many: at most {} work. Use a wider one, such as asset.*.",
    }
}
