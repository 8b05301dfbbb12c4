//! Alerts to read: what is open in a unit or everywhere, and what is over. Names of people are not among it: a line says role and
//! unit, as the timeline of an asset does.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{
    Array, BigInt, Bool, Date, Integer, Nullable, SmallInt, Text, Timestamptz,
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use crate::db::types::{AlertKind, AlertState, AssetStatus, Role, RoomKind, Severity};
use crate::ids::{
    AlertId, AssetId, AssetTypeId, ItemId, LotId, ReaderId, RoomId, StockPlaceId, UnitId,
};
use crate::places::model::room_label;

/// Unresolved alerts of all units.
pub const UNRESOLVED_SQL: &str = include_str!("sql/unresolved.sql");
/// Unresolved alerts of one unit.
pub const UNRESOLVED_OF_UNIT_SQL: &str = include_str!("sql/unresolved_of_unit.sql");
/// Alerts that are over.
pub const RECENT_SQL: &str = include_str!("sql/recent.sql");
/// Alerts with their facts.
pub const LINES_SQL: &str = include_str!("sql/lines.sql");
/// How many there are.
pub const COUNTS_SQL: &str = include_str!("sql/counts.sql");
/// How many are open, for the navigation. The order makes it read an index and stop.
pub const OPEN_SQL: &str = "SELECT count(*) AS number FROM \
     (SELECT 1 FROM alert WHERE state <> 'resolved' AND state = 'open' \
      ORDER BY severity_weight(severity) DESC, opened_at DESC, id DESC LIMIT 100) o";
/// The same for one unit.
pub const OPEN_OF_UNIT_SQL: &str = "SELECT count(*) AS number FROM \
     (SELECT 1 FROM alert WHERE state <> 'resolved' AND state = 'open' AND unit_id = $1 \
      ORDER BY severity_weight(severity) DESC, opened_at DESC, id DESC LIMIT 100) o";

/// The newest critical alert that nobody acknowledged: $1 of which unit, or NULL for all.
pub const NEWEST_CRITICAL_SQL: &str = "SELECT id FROM alert \
     WHERE state <> 'resolved' AND state = 'open' AND severity_weight(severity) = severity_weight('critical') AND is_active \
     AND ($1 IS NULL OR unit_id = $1) ORDER BY opened_at DESC, id DESC LIMIT 1";

/// Alerts on one page.
pub const ALERTS_PER_PAGE: i64 = 50;
/// The navigation counts no further.
pub const WAITING_MAX: i64 = 100;

/// Which alerts a list shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// Those that are not resolved.
    Unresolved,
    /// Those of them that nobody acknowledged.
    Open,
    /// Those of them that somebody acknowledged.
    Acknowledged,
    /// Those that are over.
    Recent,
}

impl Which {
    /// Every choice with its word in the query string.
    pub const ALL: &'static [(Self, &'static str)] = &[
        (Self::Unresolved, "now"),
        (Self::Open, "open"),
        (Self::Acknowledged, "acknowledged"),
        (Self::Recent, "recent"),
    ];

    /// The choice with this word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .find(|(_, known)| *known == word)
            .map(|(which, _)| *which)
    }

    /// Its word in the query string.
    #[must_use]
    pub fn word(self) -> &'static str {
        Self::ALL
            .iter()
            .find(|(which, _)| *which == self)
            .map_or("", |(_, word)| word)
    }
}

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub struct AlertFilter {
    /// Which ones.
    pub which: Which,
    /// Only of this kind.
    pub kind: Option<AlertKind>,
    /// Only of this unit.
    pub unit: Option<UnitId>,
}

/// Where the page before ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AlertCursor {
    /// Weight of its severity; not used for those that are over.
    pub weight: i32,
    /// When it was opened, or resolved.
    pub at: DateTime<Utc>,
    /// Its id.
    pub id: AlertId,
}

impl std::fmt::Display for AlertCursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{}.{}.{}",
            self.weight,
            self.at.timestamp_micros(),
            self.id
        )
    }
}

impl AlertCursor {
    /// Reads what [`Display`](std::fmt::Display) wrote.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, '.');
        let weight = parts.next()?.parse().ok()?;
        let at = DateTime::from_timestamp_micros(parts.next()?.parse().ok()?)?;
        let id = AlertId(parts.next()?.parse().ok()?);
        // Further than any list goes; a database refuses years that it cannot store.
        let is_plausible = (0..=4_102_444_800).contains(&at.timestamp());
        is_plausible.then_some(Self { weight, at, id })
    }

    fn after(line: &AlertLine, which: Which) -> Self {
        let at = match which {
            Which::Recent => line.resolved_at.unwrap_or(line.opened_at),
            _ => line.opened_at,
        };
        Self {
            weight: line.severity.weight(),
            at,
            id: line.alert_id,
        }
    }
}

impl Severity {
    /// Its weight in the order of lists, as the function `severity_weight` of the database gives it.
    #[must_use]
    pub fn weight(self) -> i32 {
        match self {
            Self::Low => 1,
            Self::Medium => 2,
            Self::High => 3,
            Self::Critical => 4,
        }
    }
}

/// An alert with what its words need.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct AlertLine {
    /// Its id.
    #[diesel(sql_type = BigInt)]
    pub alert_id: AlertId,
    /// What it is about.
    #[diesel(sql_type = Text)]
    pub kind: AlertKind,
    /// How much it matters.
    #[diesel(sql_type = Text)]
    pub severity: Severity,
    /// What people did.
    #[diesel(sql_type = Text)]
    pub state: AlertState,
    /// Whether its condition is true.
    #[diesel(sql_type = Bool)]
    pub is_active: bool,
    /// How often its cause came.
    #[diesel(sql_type = BigInt)]
    pub causes: i64,
    /// When it began.
    #[diesel(sql_type = Timestamptz)]
    pub opened_at: DateTime<Utc>,
    /// When its cause came last.
    #[diesel(sql_type = Timestamptz)]
    pub last_at: DateTime<Utc>,
    /// When its condition ended.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub ended_at: Option<DateTime<Utc>>,
    /// When somebody acknowledged it.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub acknowledged_at: Option<DateTime<Utc>>,
    /// What that person is.
    #[diesel(sql_type = Nullable<Text>)]
    pub acknowledged_role: Option<Role>,
    /// That person's unit.
    #[diesel(sql_type = Nullable<Text>)]
    pub acknowledged_unit: Option<String>,
    /// When it was resolved.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub resolved_at: Option<DateTime<Utc>>,
    /// What the person is who resolved it; `None` when it resolved itself.
    #[diesel(sql_type = Nullable<Text>)]
    pub resolved_role: Option<Role>,
    /// That person's unit.
    #[diesel(sql_type = Nullable<Text>)]
    pub resolved_unit: Option<String>,
    /// The reason that person gave.
    #[diesel(sql_type = Nullable<Text>)]
    pub resolution: Option<String>,
    /// The asset it is about.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub asset_id: Option<AssetId>,
    /// The number on its label.
    #[diesel(sql_type = Nullable<Text>)]
    pub asset_number: Option<String>,
    /// Its status now.
    #[diesel(sql_type = Nullable<Text>)]
    pub asset_status: Option<AssetStatus>,
    /// The type it is about.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub asset_type_id: Option<AssetTypeId>,
    /// Name of that type.
    #[diesel(sql_type = Nullable<Text>)]
    pub type_name: Option<String>,
    /// Where.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub room_id: Option<RoomId>,
    /// Name of that room.
    #[diesel(sql_type = Nullable<Text>)]
    pub room_name: Option<String>,
    /// What it is for.
    #[diesel(sql_type = Nullable<Text>)]
    pub room_kind: Option<RoomKind>,
    /// Its unit, or its floor.
    #[diesel(sql_type = Nullable<Text>)]
    pub area_name: Option<String>,
    /// The reader it is about.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub reader_id: Option<ReaderId>,
    /// Its id on the wire.
    #[diesel(sql_type = Nullable<Text>)]
    pub reader_key: Option<String>,
    /// When it was heard last.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub last_message_at: Option<DateTime<Utc>>,
    /// The rooms it covers.
    #[diesel(sql_type = Nullable<Text>)]
    pub reader_rooms: Option<String>,
    /// The item it is about.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub item_id: Option<ItemId>,
    /// Its name.
    #[diesel(sql_type = Nullable<Text>)]
    pub item_name: Option<String>,
    /// The supply room, cart or cabinet.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub stock_place_id: Option<StockPlaceId>,
    /// Its name.
    #[diesel(sql_type = Nullable<Text>)]
    pub stock_place_name: Option<String>,
    /// The bin.
    #[diesel(sql_type = Nullable<Text>)]
    pub bin_name: Option<String>,
    /// The lot; empty for pieces whose lot nobody told.
    #[diesel(sql_type = Nullable<Text>)]
    pub lot_number: Option<String>,
    /// Its id.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub lot_id: Option<LotId>,
    /// Its last day.
    #[diesel(sql_type = Nullable<Date>)]
    pub expires_on: Option<NaiveDate>,
    /// Until when a cabinet that is not heard was.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub silent_since: Option<DateTime<Utc>>,
    /// Where messages could not be delivered to.
    #[diesel(sql_type = Nullable<Text>)]
    pub destination_name: Option<String>,
    /// How often it came back within ten minutes.
    #[diesel(sql_type = Integer)]
    pub reopened: i32,
    /// How often it was told further because nobody acknowledged it.
    #[diesel(sql_type = SmallInt)]
    pub step: i16,
    /// Until when it waits because somebody said so.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub snoozed_until: Option<DateTime<Utc>>,
    /// Why.
    #[diesel(sql_type = Nullable<Text>)]
    pub snooze_reason: Option<String>,
    /// The critical level, when the room has one now.
    #[diesel(sql_type = Nullable<Integer>)]
    pub critical: Option<i32>,
    /// Ready ones in the room now.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub ready: Option<i64>,
}

impl AlertLine {
    /// "Clean utility 3W-12, 3 West".
    #[must_use]
    pub fn place_short(&self) -> Option<String> {
        let name = self.room_name.as_deref()?;
        let label = room_label(name, self.room_kind.unwrap_or(RoomKind::Other));
        Some(match self.area_name.as_deref() {
            Some(area) => format!("{label}, {area}"),
            None => label,
        })
    }
}

/// A page of alerts.
#[derive(Clone, Debug)]
pub struct AlertPage {
    /// The alerts in order.
    pub lines: Vec<AlertLine>,
    /// Where the next page starts; `None` at the end.
    pub next: Option<AlertCursor>,
}

#[derive(QueryableByName)]
struct IdRow {
    #[diesel(sql_type = BigInt)]
    alert_id: AlertId,
}

/// One page of alerts, at most `limit`.
///
/// # Errors
/// When the database fails.
pub async fn list_alerts(
    mut conn: &AsyncPgConnection,
    filter: &AlertFilter,
    after: Option<AlertCursor>,
    limit: i64,
    now: DateTime<Utc>,
) -> QueryResult<AlertPage> {
    let kind = filter.kind.map(AlertKind::as_str);
    let rows: Vec<IdRow> = if filter.which == Which::Recent {
        sql_query(RECENT_SQL)
            .bind::<Nullable<BigInt>, _>(filter.unit)
            .bind::<Nullable<Text>, _>(kind)
            .bind::<Timestamptz, _>(now)
            .bind::<Nullable<Timestamptz>, _>(after.map(|cursor| cursor.at))
            .bind::<Nullable<BigInt>, _>(after.map(|cursor| cursor.id))
            .bind::<BigInt, _>(limit + 1)
            .load(&mut conn)
            .await?
    } else {
        let state = match filter.which {
            Which::Open => Some(AlertState::Open.as_str()),
            Which::Acknowledged => Some(AlertState::Acknowledged.as_str()),
            Which::Unresolved | Which::Recent => None,
        };
        let sql = match filter.unit {
            Some(_) => UNRESOLVED_OF_UNIT_SQL,
            None => UNRESOLVED_SQL,
        };
        let query = sql_query(sql)
            .bind::<Nullable<Text>, _>(state)
            .bind::<Nullable<Text>, _>(kind)
            .bind::<Nullable<Integer>, _>(after.map(|cursor| cursor.weight))
            .bind::<Nullable<Timestamptz>, _>(after.map(|cursor| cursor.at))
            .bind::<Nullable<BigInt>, _>(after.map(|cursor| cursor.id))
            .bind::<BigInt, _>(limit + 1);
        match filter.unit {
            Some(unit) => query.bind::<BigInt, _>(unit).load(&mut conn).await?,
            None => query.load(&mut conn).await?,
        }
    };
    let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
    let has_more = rows.len() > wanted;
    let ids: Vec<AlertId> = rows.iter().take(wanted).map(|row| row.alert_id).collect();
    let lines = list_lines(conn, &ids).await?;
    let next = lines
        .last()
        .filter(|_| has_more)
        .map(|line| AlertCursor::after(line, filter.which));
    Ok(AlertPage { lines, next })
}

/// These alerts with their facts, in this order.
///
/// # Errors
/// When the database fails.
pub async fn list_lines(
    mut conn: &AsyncPgConnection,
    ids: &[AlertId],
) -> QueryResult<Vec<AlertLine>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    sql_query(LINES_SQL)
        .bind::<Array<BigInt>, _>(ids)
        .load(&mut conn)
        .await
}

/// How many alerts there are that are not resolved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, QueryableByName)]
pub struct AlertCounts {
    /// Everywhere.
    #[diesel(sql_type = BigInt)]
    pub unresolved: i64,
    /// Those of them that nobody acknowledged.
    #[diesel(sql_type = BigInt)]
    pub open: i64,
    /// In the unit.
    #[diesel(sql_type = BigInt)]
    pub unit_unresolved: i64,
    /// Those of them that nobody acknowledged.
    #[diesel(sql_type = BigInt)]
    pub unit_open: i64,
}

/// Counts alerts of a kind, or of all kinds, everywhere and in a unit.
///
/// # Errors
/// When the database fails.
pub async fn count_alerts(
    mut conn: &AsyncPgConnection,
    kind: Option<AlertKind>,
    unit: Option<UnitId>,
) -> QueryResult<AlertCounts> {
    sql_query(COUNTS_SQL)
        .bind::<Nullable<Text>, _>(kind.map(AlertKind::as_str))
        .bind::<Nullable<BigInt>, _>(unit)
        .get_result(&mut conn)
        .await
}

/// How many alerts nobody acknowledged, in a unit or everywhere; counts to [`WAITING_MAX`] and no further, because every page asks.
///
/// # Errors
/// When the database fails.
pub async fn count_waiting(mut conn: &AsyncPgConnection, unit: Option<UnitId>) -> QueryResult<i64> {
    #[derive(QueryableByName)]
    struct Number {
        #[diesel(sql_type = BigInt)]
        number: i64,
    }
    let row: Number = match unit {
        Some(unit) => {
            sql_query(OPEN_OF_UNIT_SQL)
                .bind::<BigInt, _>(unit)
                .get_result(&mut conn)
                .await?
        }
        None => sql_query(OPEN_SQL).get_result(&mut conn).await?,
    };
    Ok(row.number)
}

/// The newest critical alert that nobody acknowledged.
///
/// # Errors
/// When the database fails.
pub async fn find_newest_critical(
    mut conn: &AsyncPgConnection,
    unit: Option<UnitId>,
) -> QueryResult<Option<AlertId>> {
    #[derive(QueryableByName)]
    struct Newest {
        #[diesel(sql_type = BigInt)]
        id: AlertId,
    }
    let newest: Option<Newest> = sql_query(NEWEST_CRITICAL_SQL)
        .bind::<Nullable<BigInt>, _>(unit)
        .get_result(&mut conn)
        .await
        .optional()?;
    Ok(newest.map(|row| row.id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_survive_the_address_and_nonsense_does_not() {
        let cursor = AlertCursor {
            weight: 3,
            at: DateTime::from_timestamp_micros(1_788_789_960_123_456).unwrap(),
            id: AlertId(7),
        };
        assert_eq!(AlertCursor::parse(&cursor.to_string()), Some(cursor));
        for text in [
            "",
            "3",
            "3.x.7",
            "3.1788789960123456.",
            "9.99999999999999999.1",
            "a.b.c",
            "3.-1.4",
        ] {
            assert_eq!(AlertCursor::parse(text), None, "{text}");
        }
    }

    #[test]
    fn severities_are_ordered_as_their_weights() {
        assert!(
            Severity::ALL
                .windows(2)
                .all(|pair| pair[0].weight() < pair[1].weight())
        );
    }

    #[test]
    fn every_choice_has_a_word() {
        for (which, word) in Which::ALL {
            assert_eq!(Which::parse(word), Some(*which));
            assert_eq!(which.word(), *word);
        }
    }
}
