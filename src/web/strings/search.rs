//! The words around what a search was taken for.

catalogue! {
    /// What a search was taken for.
    Search {
        showing = "Showing results for {}.",
        showing_term = "{} ({})",
        literal = "Search for \u{201c}{}\u{201d} as typed",
        similar = "Nothing was guessed.",
        similar_link = "Search for similar words too",
        synonym = "\u{201c}{}\u{201d} is also called {}.",
        also = "Also:",
        also_all = "all of type {}",
        places = "Places:",
        unit_rooms = "{} (rooms)",
        places_title = "Places called {}",
        places_next = "No equipment has this name. Choose a place, or a type below.",
        parts = "Numbers that hold {}",
        edit_words = "Edit the words of the search",
        teach = "Add \u{201c}{}\u{201d} to the words of the search",
    }
}
