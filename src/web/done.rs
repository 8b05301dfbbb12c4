//! What was just done, on the page that follows: said aloud, with a way to take it back for half a minute.

use uuid::Uuid;

use super::PageError;
use super::acts::new_key;
use super::acts::words::done_sentence;
use super::page::Shell;
use super::routes;
use super::strings::fill;
use crate::assets::events::{DoneAct, find_done};
use crate::db::DbConn;
use crate::db::types::AssetAct;
use crate::ids::UserId;

/// The note.
#[derive(Clone, Debug)]
pub struct DoneNote {
    /// "IP-0417 is in use now."
    pub words: String,
    /// What was done.
    pub act: AssetAct,
    /// The form that takes it back, while that is possible.
    pub undo: Option<UndoOffer>,
}

/// The undo form.
#[derive(Clone, Debug)]
pub struct UndoOffer {
    /// Idempotency key of the form.
    pub key: String,
    /// The act to take back.
    pub done: String,
    /// Where to go on.
    pub next: String,
    /// For how long, in seconds.
    pub seconds: i64,
}

/// The address to go to after an act: its page says what was done.
#[must_use]
pub fn with_done(next: &str, key: Uuid) -> String {
    let (path, query) = next.split_once('?').unwrap_or((next, ""));
    let kept = query
        .split('&')
        .filter(|pair| !pair.is_empty() && !pair.starts_with("done="));
    let done = format!("done={key}");
    let pairs: Vec<&str> = kept.chain([done.as_str()]).collect();
    format!("{path}?{}", pairs.join("&"))
}

/// The address without the note.
pub(in crate::web) fn without_done(here: &str) -> String {
    let Some((path, query)) = here.split_once('?') else {
        return here.to_owned();
    };
    let kept: Vec<&str> = query
        .split('&')
        .filter(|pair| !pair.starts_with("done="))
        .collect();
    if kept.is_empty() {
        path.to_owned()
    } else {
        format!("{path}?{}", kept.join("&"))
    }
}

impl DoneNote {
    /// The note for `?done=`, when that was this person's act.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn load(
        conn: &DbConn,
        shell: &Shell,
        user_id: UserId,
        done: Option<&str>,
    ) -> Result<Option<Self>, PageError> {
        let Some(key) = done.and_then(|text| text.parse().ok()) else {
            return Ok(None);
        };
        let found = find_done(conn, key, user_id, shell.now).await?;
        Ok(found.map(|done| Self::new(&done, shell)))
    }

    fn new(done: &DoneAct, shell: &Shell) -> Self {
        let t = &shell.t.acts;
        let words = match done.assets.as_slice() {
            [(_, number)] => done_sentence(number, done.act, shell.t),
            many => {
                let numbers: Vec<&str> = many.iter().map(|(_, number)| number.as_str()).collect();
                let words = done_sentence(&numbers.join(", "), done.act, shell.t);
                fill(t.many_done, &[&many.len(), &words])
            }
        };
        Self {
            words,
            act: done.act,
            undo: done.undo_until.map(|until| UndoOffer {
                key: new_key(),
                done: done.act_key.to_string(),
                next: routes::safe_next(&without_done(&shell.here)).to_owned(),
                seconds: (until - shell.now).num_seconds().max(1),
            }),
        }
    }

    /// A note for tests of templates.
    #[must_use]
    pub fn sample(shell: &Shell) -> Self {
        Self {
            words: done_sentence("IP-0417 <b>", AssetAct::Took, shell.t),
            act: AssetAct::Took,
            undo: Some(UndoOffer {
                key: "0190b6c0-0000-7000-8000-000000000001".to_owned(),
                done: "0190b6c0-0000-7000-8000-000000000002".to_owned(),
                next: routes::find_path("a&b"),
                seconds: 30,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_note_is_added_once_and_taken_away_again() {
        let key = Uuid::nil();
        let first = with_done("/find?q=iv%20pump&status=ready", key);
        assert_eq!(
            first,
            "/find?q=iv%20pump&status=ready&done=00000000-0000-0000-0000-000000000000"
        );
        assert_eq!(with_done(&first, key), first);
        assert_eq!(without_done(&first), "/find?q=iv%20pump&status=ready");
        assert_eq!(without_done(&with_done("/assets/5", key)), "/assets/5");
    }
}
