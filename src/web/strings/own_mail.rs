//! The words of a person's own mail address.

catalogue! {
    /// Alerts by mail to oneself.
    OwnMail {
        title = "Alerts by mail to you",
        intro = "An administrator chooses which alerts people get by mail, by what they are and where they work. You are: {}. Mail comes here when a route names that.",
        link = "Alerts by mail to you",
        now = "Mail goes to {}.",
        failing = "The last message could not be delivered there. Check the address.",
        nowhere = "You gave no address, so no mail comes to you.",
        address = "Mail address",
        address_hint = "At work, such as name@hospital.example",
        save = "Save the address",
        test = "Send me a test",
        away = "No more mail to me",
        done_set = "Saved. Send yourself a test to see whether mail arrives.",
        done_test = "A test is on its way.",
        done_away = "No more mail goes to you.",
        bad_address = "This is no mail address: write it as name@hospital.example.",
        none = "You gave no address yet: enter one first.",
    }
}
