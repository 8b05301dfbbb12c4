//! What messages say: thin, without names of people, with a link to the page that has the rest.

use std::fmt::Write;

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};

use super::store::Claimed;
use crate::alerts::list::AlertLine;
use crate::db::types::{AlertKind, MessageEvent, Severity};

/// Alerts that one message names; more are counted.
const NAMED_MAX: usize = 50;

/// A mail: its subject and its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    /// One line.
    pub subject: String,
    /// Plain text.
    pub text: String,
}

/// "Out of stock: IV cannula, small, in 4 West supply room".
#[must_use]
pub fn sentence(line: &AlertLine) -> String {
    let item = line.item_name.as_deref().unwrap_or("an item");
    let stock = line
        .stock_place_name
        .as_deref()
        .unwrap_or("an unknown place");
    let place = line
        .place_short()
        .unwrap_or_else(|| "an unknown place".to_owned());
    let type_name = line.type_name.as_deref().unwrap_or("device");
    let device = format!(
        "{} ({type_name})",
        line.asset_number.as_deref().unwrap_or_default()
    );
    let reader = line.reader_key.as_deref().unwrap_or("a reader");
    match line.kind {
        AlertKind::EquipmentBelowCritical => format!("Too few ready: {type_name} in {place}"),
        AlertKind::SoiledInCleanRoom => format!("Not clean in a clean room: {device} in {place}"),
        AlertKind::Missing => format!("Missing: {device}, last in {place}"),
        AlertKind::ReaderDown => format!("Reader not heard: {reader}"),
        AlertKind::Stockout => format!("Out of stock: {item} in {stock}"),
        AlertKind::Reorder => format!("To be ordered: {item} for {stock}"),
        AlertKind::BothBinsEmpty => format!("Both bins empty: {item} in {stock}"),
        AlertKind::Expiry => {
            let day = line
                .expires_on
                .map(|day| day.format("%-d %b %Y").to_string());
            let day = day.unwrap_or_else(|| "an unknown day".to_owned());
            format!("Use by {day}: {item} in {stock}")
        }
        AlertKind::FeedSilent => format!("Cabinet not heard: {stock}"),
        AlertKind::CountDiscrepancy => format!("To be counted: {item} in {stock}"),
        AlertKind::NotDelivered => {
            let name = line.destination_name.as_deref().unwrap_or("a destination");
            format!("Messages not delivered: {name}")
        }
    }
}

fn severity_word(severity: Severity) -> &'static str {
    match severity {
        Severity::Low => "Low",
        Severity::Medium => "Medium",
        Severity::High => "High",
        Severity::Critical => "Critical",
    }
}

fn since(at: DateTime<Utc>) -> String {
    at.format("%-d %b %Y %H:%M UTC").to_string()
}

fn why(event: MessageEvent) -> &'static str {
    match event {
        MessageEvent::Opened => "It began.",
        MessageEvent::Reopened => "It is back within ten minutes.",
        MessageEvent::Raised => "It matters more than before.",
        MessageEvent::Escalated => "Nobody has acknowledged it.",
        MessageEvent::Digest => "These began since the last message.",
        MessageEvent::Test => "This is a test: no alert is behind it.",
    }
}

/// A mail about alerts, the most severe first.
#[must_use]
pub fn mail(message: &Claimed, lines: &[AlertLine], origin: &str) -> Mail {
    let page = format!("{}/alerts", origin.trim_end_matches('/'));
    let footer = format!(
        "\nSee {page}\nYou get this because wardtrack is set to tell it to \"{}\".\n",
        message.name
    );
    let reason = why(message.event);
    let subject = match (message.event, lines) {
        (MessageEvent::Test, _) => "Test message of wardtrack".to_owned(),
        (MessageEvent::Digest, lines) => format!("{} alerts of wardtrack", lines.len()),
        (_, [first, ..]) => format!("{}: {}", severity_word(first.severity), sentence(first)),
        (_, []) => "An alert of wardtrack that is gone".to_owned(),
    };
    let mut sorted: Vec<&AlertLine> = lines.iter().collect();
    sorted.sort_by_key(|line| (std::cmp::Reverse(line.severity), line.opened_at));
    let mut text = format!("{reason}\n\n");
    for line in sorted.iter().take(NAMED_MAX) {
        let over = if line.is_active {
            ""
        } else {
            " It is over by now."
        };
        writeln!(
            text,
            "{}: {}. Since {}.{over}",
            severity_word(line.severity),
            sentence(line),
            since(line.opened_at)
        )
        .unwrap_or_default();
    }
    if lines.len() > NAMED_MAX {
        writeln!(text, "And {} more.", lines.len() - NAMED_MAX).unwrap_or_default();
    }
    text.push_str(&footer);
    Mail { subject, text }
}

/// The body of a message to a web address: ids and links, so that whoever gets it asks for the rest.
#[must_use]
pub fn body(message: &Claimed, lines: &[AlertLine], origin: &str) -> Value {
    let alert = |line: &AlertLine| {
        json!({
            "alert_id": line.alert_id.0,
            "kind": line.kind.as_str(),
            "severity": line.severity.as_str(),
            "state": line.state.as_str(),
            "is_active": line.is_active,
            "opened_at": line.opened_at.to_rfc3339_opts(SecondsFormat::Secs, true),
            "asset_id": line.asset_id.map(|id| id.0),
            "item_id": line.item_id.map(|id| id.0),
            "stock_place_id": line.stock_place_id.map(|id| id.0),
            "room_id": line.room_id.map(|id| id.0),
            "reader": line.reader_key,
        })
    };
    json!({
        "type": format!("alert.{}", message.event.as_str()),
        "timestamp": message.created_at.to_rfc3339_opts(SecondsFormat::Millis, true),
        "data": {
            "alerts": lines.iter().take(NAMED_MAX).map(alert).collect::<Vec<_>>(),
            "more": lines.len().saturating_sub(NAMED_MAX),
            "link": format!("{}/alerts", origin.trim_end_matches('/')),
        },
    })
}
