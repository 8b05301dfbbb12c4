//! The words of restocking rounds.

catalogue! {
    /// Restocking rounds.
    Rounds {
        title = "Restocking rounds",
        nav_line = "Which places of stock are filled up together, and how often.",
        intro = "A place of stock is on one round or on none. How often a round goes counts where reorder points are computed. Which round a place is on is said at the place, or comes from a file: its column is called round.",
        none = "There is no round yet.",
        caption = "Rounds by name",
        col_name = "Round",
        col_every = "Days between two",
        col_places = "Places on it",
        whenever = "whenever something is needed",
        add_title = "Add a round",
        add = "Add it",
        added = "The round is added.",
        edit_title = "Round {}",
        edit_intro = "When you change how often it goes, computed reorder points follow within some minutes.",
        hint_name = "Such as morning round, up to 80 characters.",
        field_every = "Days between two rounds",
        hint_every = "Such as 1 or 0.5. 0: it goes whenever something is needed.",
        remove = "Take the round away",
        remove_words = "Only a round without places can be taken away.",
        remove_go = "Take it away",
        removed = "The round is gone.",
        back = "All rounds",
        fault_every = "Days between two rounds: {} does not fit. Give a number from 0 to 60, such as 1 or 0.5.",
        fault_used = "Places that are on this round: {}. Put them on another round first, with the column round of a file.",
    }
}
