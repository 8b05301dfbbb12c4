//! Collecting messages for one transaction, and knowing whether more are waiting.

use std::time::{Duration, Instant};

use crate::broker::{BrokerError, Message, Next, Subscription};

/// Most messages of one transaction.
const MESSAGES_MAX: usize = 250;
/// Most bytes of one transaction: about 5,000 sightings as readers write them.
const BYTES_MAX: usize = 600 * 1024;
/// How long an idle shard waits for more after the first message.
const LINGER: Duration = Duration::from_millis(5);
/// How often an idle shard looks for tags that went quiet.
const TICK: Duration = Duration::from_millis(500);

/// Whether the shard keeps up with its queue. Only then the arrival of a message says something about its reader's clock, and
/// only then "no message" means that there is none.
#[derive(Debug, Default)]
pub(super) struct Flow {
    /// Messages that were waiting when it was last asked, and have not come yet; `None`: to be asked.
    behind: Option<u64>,
    keeps_up: bool,
}

impl Flow {
    /// There may be a backlog now.
    pub(super) fn lose(&mut self) {
        *self = Self::default();
    }

    /// Nothing came for a whole tick.
    fn found_empty(&mut self) {
        *self = Self {
            behind: Some(0),
            keeps_up: true,
        };
    }

    /// After messages that were all there was.
    pub(super) async fn advance(
        &mut self,
        subscription: &Subscription,
        taken: usize,
        prefetch: u16,
    ) -> Result<(), BrokerError> {
        let behind = match self.behind {
            Some(behind) => behind.saturating_sub(u64::try_from(taken).unwrap_or(u64::MAX)),
            // What was delivered and not collected yet is not in the queue's count any more.
            None => u64::from(subscription.depth().await?) + u64::from(prefetch),
        };
        self.behind = Some(behind);
        self.keeps_up = behind == 0;
        Ok(())
    }
}

/// The next messages: everything that is here, or what comes within a tick. True when there was no backlog before them.
pub(super) async fn collect(
    subscription: &mut Subscription,
    flow: &mut Flow,
) -> Result<(Vec<Message>, bool), String> {
    let (mut messages, mut bytes) = (Vec::new(), 0);
    drain(subscription, &mut messages, &mut bytes)?;
    if messages.is_empty() {
        match subscription.next(Instant::now() + TICK).await {
            Next::Quiet => {
                flow.found_empty();
                return Ok((messages, true));
            }
            Next::Lost(reason) => return Err(reason),
            Next::Message(message) => messages.push(message),
        }
        let until = Instant::now() + LINGER;
        while messages.len() < MESSAGES_MAX && bytes < BYTES_MAX {
            match subscription.next(until).await {
                Next::Message(message) => {
                    bytes += message.body().len();
                    messages.push(message);
                }
                Next::Quiet => break,
                Next::Lost(reason) => return Err(reason),
            }
        }
    }
    if messages.len() >= MESSAGES_MAX || bytes >= BYTES_MAX {
        flow.lose();
    }
    Ok((messages, flow.keeps_up))
}

fn drain(
    subscription: &mut Subscription,
    messages: &mut Vec<Message>,
    bytes: &mut usize,
) -> Result<(), String> {
    while messages.len() < MESSAGES_MAX && *bytes < BYTES_MAX {
        match subscription.next_ready() {
            Some(Next::Message(message)) => {
                *bytes += message.body().len();
                messages.push(message);
            }
            Some(Next::Lost(reason)) => return Err(reason),
            Some(Next::Quiet) | None => break,
        }
    }
    Ok(())
}
