//! Sends what waits in the outbox. Several processes may do so: each takes messages that nobody else has.
//!
//! A message is taken (for a minute), sent outside of any transaction, and then noted as sent or failed. Who dies in between leaves it to be
//! taken again: it arrives at least once, always under the same id.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use rand::Rng;
use tokio::task::JoinSet;

use super::address::Allowed;
use super::mail::Mailer;
use super::store::{Claimed, SendError, claim, record_done, record_failure};
use super::webhook::{Post, Poster};
use super::words;
use crate::alerts::list::list_lines;
use crate::clock::Clock;
use crate::config::DeliveryArgs;
use crate::db::Db;
use crate::db::types::DestinationKind;
use crate::lifecycle::Lifecycle;
use crate::live::{Hints, Topic};

/// How often the outbox is looked at when nothing says that it should be.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Messages under way at once.
const UNDER_WAY_MAX: usize = 64;
/// How long messages under way may take when the process stops; what is cut off is sent again by the next one.
const FINISH_MAX: Duration = Duration::from_secs(4);

/// The ways out of the house.
#[derive(Clone, Debug)]
pub struct Courier {
    mailer: Option<Mailer>,
    poster: Poster,
    origin: String,
}

impl Courier {
    /// Reads the settings; messages to web addresses go where `allowed` says.
    ///
    /// # Errors
    /// When the mail server's address or the sender cannot be used.
    pub fn new(args: &DeliveryArgs, allowed: Allowed) -> anyhow::Result<Self> {
        let mailer = args
            .smtp_url()?
            .map(|url| Mailer::new(&url, &args.mail_from))
            .transpose()?;
        Ok(Self {
            mailer,
            poster: Poster::new(allowed)?,
            origin: args.link_origin.clone(),
        })
    }

    /// With this mail server.
    #[must_use]
    pub fn with_mailer(mut self, mailer: Mailer) -> Self {
        self.mailer = Some(mailer);
        self
    }

    /// Whether mail can be sent.
    #[must_use]
    pub fn sends_mail(&self) -> bool {
        self.mailer.is_some()
    }

    async fn send(&self, db: &Db, message: &Claimed, now: DateTime<Utc>) -> Result<(), SendError> {
        let lines = {
            let conn = db.conn().await;
            let conn = conn.map_err(|_| SendError::again("the database was away"))?;
            list_lines(&conn, &message.alert_ids())
                .await
                .map_err(|_| SendError::again("the database was away"))?
        };
        match message.kind {
            DestinationKind::Mail => {
                let mailer = self.mailer.as_ref().ok_or_else(|| {
                    SendError::again("no mail server is set: put its address in WARDTRACK_SMTP_URL")
                })?;
                let mail = words::mail(message, &lines, &self.origin);
                mailer
                    .send(
                        &message.address,
                        message.message_id,
                        &mail.subject,
                        mail.text,
                    )
                    .await
            }
            DestinationKind::Webhook => {
                let body = words::body(message, &lines, &self.origin).to_string();
                let secrets: Vec<&str> = [&message.secret, &message.old_secret]
                    .into_iter()
                    .filter_map(|secret| secret.as_deref())
                    .collect();
                self.poster
                    .send(Post {
                        url: &message.address,
                        secrets: &secrets,
                        message_id: message.message_id,
                        now,
                        body: body.as_bytes(),
                    })
                    .await
            }
        }
    }
}

/// Sends until the soft token of `life`. What fails in the database is tried again.
///
/// # Errors
/// Never by itself.
pub async fn run(
    courier: Courier,
    db: Db,
    clock: Clock,
    hints: Hints,
    life: Lifecycle,
) -> anyhow::Result<()> {
    let courier = Arc::new(courier);
    let mut under_way = JoinSet::new();
    while !life.is_stopping() {
        if let Err(error) = begin(&courier, &db, &clock, &hints, &mut under_way).await {
            tracing::warn!(error = format!("{error:#}"), "the outbox could not be read");
        }
        tokio::select! {
            () = life.soft().cancelled() => {}
            () = tokio::time::sleep(LOOK_EVERY) => {}
            Some(ended) = under_way.join_next() => report(ended),
        }
        while let Some(ended) = under_way.try_join_next() {
            report(ended);
        }
    }
    let until = Instant::now() + FINISH_MAX;
    while let Ok(Some(ended)) = tokio::time::timeout(
        until.saturating_duration_since(Instant::now()),
        under_way.join_next(),
    )
    .await
    {
        report(ended);
    }
    Ok(())
}

fn report(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended {
        tracing::error!(%error, "sending a message ended in a fault of the program");
    }
}

/// Takes what is due and sends it in tasks of its own. Returns how many were taken.
///
/// # Errors
/// When the database fails.
async fn begin(
    courier: &Arc<Courier>,
    db: &Db,
    clock: &Clock,
    hints: &Hints,
    under_way: &mut JoinSet<()>,
) -> anyhow::Result<usize> {
    let room = UNDER_WAY_MAX.saturating_sub(under_way.len());
    if room == 0 {
        return Ok(0);
    }
    let limit = i64::try_from(room).unwrap_or(1);
    let claimed = claim(&mut *db.conn().await?, limit, clock.now()).await?;
    let taken = claimed.len();
    for message in claimed {
        let (courier, db, clock, hints) = (
            Arc::clone(courier),
            db.clone(),
            clock.clone(),
            hints.clone(),
        );
        under_way.spawn(async move {
            deliver(&courier, &db, &clock, &hints, &message).await;
        });
    }
    Ok(taken)
}

/// Sends one message and notes what became of it.
async fn deliver(courier: &Courier, db: &Db, clock: &Clock, hints: &Hints, message: &Claimed) {
    let now = clock.now();
    let sent = courier.send(db, message, now).await;
    let label = if sent.is_ok() { "sent" } else { "failed" };
    metrics::counter!("wardtrack_messages_total", "result" => label).increment(1);
    let noted = async {
        let mut conn = db.conn().await?;
        let changed = match &sent {
            Ok(()) => record_done(&mut conn, message, clock.now()).await?,
            Err(error) => {
                tracing::info!(message.id = %message.message_id, destination.id = message.destination_id.0, %error, "a message did not arrive");
                let jitter = rand::rng().random::<f64>();
                record_failure(&mut conn, message, error, jitter, clock.now()).await?
            }
        };
        if changed {
            hints.send([Topic::Alerts]);
        }
        anyhow::Ok(())
    };
    if let Err(error) = noted.await {
        // Nothing is lost: it is taken again in a minute.
        tracing::warn!(
            error = format!("{error:#}"),
            "what became of a message could not be noted"
        );
    }
}

/// Sends everything that is due now and waits for it; for tests and commands. Returns how many tries were made.
///
/// # Errors
/// When the database fails.
pub async fn deliver_due(courier: &Courier, db: &Db, clock: &Clock) -> anyhow::Result<usize> {
    let (courier, hints) = (Arc::new(courier.clone()), Hints::without_pages());
    let (mut tries, mut under_way) = (0, JoinSet::new());
    loop {
        let taken = begin(&courier, db, clock, &hints, &mut under_way).await?;
        if taken == 0 {
            return Ok(tries);
        }
        tries += taken;
        while let Some(ended) = under_way.join_next().await {
            report(ended);
        }
    }
}
