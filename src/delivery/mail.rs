//! Mail by SMTP, encrypted unless the server's address says otherwise (S-47).

use std::time::Duration;

use lettre::message::header::ContentType;
use lettre::message::{Mailbox, MessageBuilder};
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use uuid::Uuid;

use super::store::SendError;
use crate::config::Secret;

/// How long one mail may take.
const TIME_LIMIT: Duration = Duration::from_secs(15);

/// A way to the mail server.
#[derive(Clone, Debug)]
pub struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

/// Why mail cannot be sent at all.
#[derive(Debug, thiserror::Error)]
pub enum MailerError {
    /// The address of the server.
    #[error(
        "WARDTRACK_SMTP_URL cannot be used: write smtps://host, smtp://host:587?tls=required, or smtp://127.0.0.1:1025 on this machine"
    )]
    Url(#[source] lettre::transport::smtp::Error),
    /// Plain SMTP to another machine.
    #[error(
        "WARDTRACK_SMTP_URL names another machine without encryption: add ?tls=required, or write smtps://"
    )]
    NotEncrypted,
    /// Who it is from.
    #[error(
        "--mail-from {0:?} is no mail address: write \"wardtrack <wardtrack@hospital.example>\""
    )]
    From(String),
}

impl Mailer {
    /// Reads the settings; nothing is connected yet.
    ///
    /// # Errors
    /// See [`MailerError`].
    pub fn new(url: &Secret, from: &str) -> Result<Self, MailerError> {
        let from = from
            .parse()
            .map_err(|_| MailerError::From(from.to_owned()))?;
        let text = url.expose();
        let is_encrypted = text.starts_with("smtps://") || text.contains("tls=required");
        if !is_encrypted && !is_on_this_machine(text) {
            return Err(MailerError::NotEncrypted);
        }
        let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(text)
            .map_err(MailerError::Url)?
            .timeout(Some(TIME_LIMIT))
            .build();
        Ok(Self { transport, from })
    }

    /// Sends one mail. The message id is the same over all tries.
    ///
    /// # Errors
    /// See [`SendError`].
    pub async fn send(
        &self,
        to: &str,
        message_id: Uuid,
        subject: &str,
        text: String,
    ) -> Result<(), SendError> {
        let to: Mailbox = to
            .parse()
            .map_err(|_| SendError::gone("this is no mail address"))?;
        let domain = self.from.email.domain();
        let message = MessageBuilder::new()
            .from(self.from.clone())
            .to(to)
            .message_id(Some(format!("<{message_id}@{domain}>")))
            .subject(subject)
            .header(ContentType::TEXT_PLAIN)
            .body(text)
            .map_err(|error| SendError::again(format!("the mail cannot be written: {error}")))?;
        self.hand_over(message).await
    }

    async fn hand_over(&self, message: Message) -> Result<(), SendError> {
        let sent = tokio::time::timeout(TIME_LIMIT, self.transport.send(message)).await;
        match sent {
            Err(_) => Err(SendError::again(
                "the mail server did not answer within 15 s",
            )),
            Ok(Err(error)) => Err(SendError::again(format!("the mail server: {error}"))),
            Ok(Ok(_)) => Ok(()),
        }
    }
}

fn is_on_this_machine(url: &str) -> bool {
    let host = reqwest::Url::parse(url)
        .ok()
        .and_then(|url| url.host_str().map(str::to_owned));
    host.is_some_and(|host| {
        let host = host.trim_matches(|sign| sign == '[' || sign == ']');
        let address: Option<std::net::IpAddr> = host.parse().ok();
        host == "localhost" || address.is_some_and(|address| address.is_loopback())
    })
}

/// Whether it can be a mail address: one name, one host, nothing hidden.
#[must_use]
pub fn is_mail_address(text: &str) -> bool {
    text.len() <= 254 && text.parse::<lettre::Address>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(url: &str) -> Option<MailerError> {
        Mailer::new(
            &Secret::new(url.to_owned()),
            "wardtrack <w@hospital.example>",
        )
        .err()
    }

    #[test]
    fn s47_mail_to_another_machine_is_encrypted() {
        assert!(matches!(
            refused("smtp://mail.example"),
            Some(MailerError::NotEncrypted)
        ));
        assert!(matches!(
            refused("smtp://10.0.0.5:25"),
            Some(MailerError::NotEncrypted)
        ));
        assert!(refused("smtps://name:secret@mail.example").is_none());
        assert!(refused("smtp://mail.example:587?tls=required").is_none());
        assert!(refused("smtp://127.0.0.1:1025").is_none());
        assert!(matches!(
            refused("mail.example"),
            Some(MailerError::NotEncrypted)
        ));
        assert!(Mailer::new(&Secret::new("smtps://m.example".to_owned()), "nobody").is_err());
    }

    #[test]
    fn addresses_of_mail_hide_nothing() {
        for good in ["supply@hospital.example", "a.b+c@d.example"] {
            assert!(is_mail_address(good), "{good}");
        }
        for bad in [
            "",
            "supply",
            "a@b@c",
            "a@b\r\nBcc: x@y",
            "A <a@b.example>",
            "a b@c.example",
        ] {
            assert!(!is_mail_address(bad), "{bad}");
        }
    }
}
