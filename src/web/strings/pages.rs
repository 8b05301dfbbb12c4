//! The words of the pages: one part per page.

/// The words of the pages.
#[derive(Debug)]
pub struct Pages {
    /// Start page.
    pub home: Home,
}

impl Pages {
    /// The English words.
    pub const EN: Self = Self { home: Home::EN };
}

catalogue! {
    /// Start page.
    Home {
        title = "Find equipment",
        label = "What do you need?",
        hint = "A type, a place or an asset number.",
    }
}
