//! The rules of restocking as people see and change them: listing, one rule with what it inherits and reaches, saving.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Bool, Float, Nullable, Text};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use serde_json::{Value, json};
use uuid::Uuid;

use super::carry::{
    AT_ONCE_MAX, Chain, Reach, RuleStory, carry_or_note, find_rule_story, list_reached,
    list_rules_of,
};
use super::inherit::{Inherited, Level, Rule, RuleFields, inherit};
use super::ledger::StockKey;
use super::rule_form::{Ground, RuleFault, RuleTexts, check};
use super::stock::cut;
use crate::assets::acts::take_form_key;
use crate::audit::{Actor, Event, record_audit};
use crate::db::schema::{item, item_pack, stock_rule};
use crate::db::types::{Rounding, StockMethod};
use crate::ids::{BuildingId, FacilityId, FloorId, ItemId, RoomId, RuleId, StockPlaceId, UserId};

/// Rules by id.
pub const STOCK_RULES_SQL: &str = include_str!("sql/stock_rules.sql");
/// Where a rule holds.
pub const RULE_SCOPE_SQL: &str = include_str!("sql/rule_scope.sql");
/// Rules on a page.
pub const RULES_PER_PAGE: i64 = 50;
/// Items and places that are counted; a page says when there are more.
pub const REACH_SHOWN_MAX: usize = 10_000;
/// Floors, buildings and facilities that a form offers.
const SCOPES_MAX: i64 = 1_000;

/// Where a rule holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Everywhere.
    Everywhere,
    /// In a facility.
    Facility(FacilityId),
    /// In a building.
    Building(BuildingId),
    /// On a floor.
    Floor(FloorId),
    /// In a room.
    Room(RoomId),
    /// At a place of stock.
    Place(StockPlaceId),
}

impl std::fmt::Display for Scope {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Everywhere => write!(f, "everywhere"),
            Self::Facility(id) => write!(f, "facility-{id}"),
            Self::Building(id) => write!(f, "building-{id}"),
            Self::Floor(id) => write!(f, "floor-{id}"),
            Self::Room(id) => write!(f, "room-{id}"),
            Self::Place(id) => write!(f, "place-{id}"),
        }
    }
}

impl Scope {
    /// Reads what [`Display`](std::fmt::Display) wrote.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text == "everywhere" {
            return Some(Self::Everywhere);
        }
        let (kind, id) = text.split_once('-')?;
        let id: i64 = id.parse().ok()?;
        match kind {
            "facility" => Some(Self::Facility(FacilityId(id))),
            "building" => Some(Self::Building(BuildingId(id))),
            "floor" => Some(Self::Floor(FloorId(id))),
            "room" => Some(Self::Room(RoomId(id))),
            "place" => Some(Self::Place(StockPlaceId(id))),
            _ => None,
        }
    }

    /// How near it is.
    #[must_use]
    pub fn level(self) -> Level {
        match self {
            Self::Everywhere => Level::Everywhere,
            Self::Facility(_) => Level::Facility,
            Self::Building(_) => Level::Building,
            Self::Floor(_) => Level::Floor,
            Self::Room(_) => Level::Room,
            Self::Place(_) => Level::Place,
        }
    }

    /// The one id that it has, among: stock place, room, floor, building, facility.
    fn ids(self) -> [Option<i64>; 5] {
        match self {
            Self::Everywhere => [None; 5],
            Self::Place(id) => [Some(id.0), None, None, None, None],
            Self::Room(id) => [None, Some(id.0), None, None, None],
            Self::Floor(id) => [None, None, Some(id.0), None, None],
            Self::Building(id) => [None, None, None, Some(id.0), None],
            Self::Facility(id) => [None, None, None, None, Some(id.0)],
        }
    }

    fn from_ids(ids: [Option<i64>; 5]) -> Self {
        match ids {
            [Some(id), ..] => Self::Place(StockPlaceId(id)),
            [_, Some(id), ..] => Self::Room(RoomId(id)),
            [_, _, Some(id), ..] => Self::Floor(FloorId(id)),
            [_, _, _, Some(id), _] => Self::Building(BuildingId(id)),
            [_, _, _, _, Some(id)] => Self::Facility(FacilityId(id)),
            [None, None, None, None, None] => Self::Everywhere,
        }
    }
}

/// Which rule: there is at most one of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RuleKey {
    /// For this item; `None`: for all items.
    pub item_id: Option<ItemId>,
    /// Where.
    pub scope: Scope,
}

impl RuleKey {
    /// What it reaches.
    #[must_use]
    pub fn reach(self) -> Reach {
        let [place, room, floor, building, facility] = self.scope.ids();
        Reach {
            item_id: self.item_id,
            stock_place_id: place.map(StockPlaceId),
            room_id: room.map(RoomId),
            floor_id: floor.map(FloorId),
            building_id: building.map(BuildingId),
            facility_id: facility.map(FacilityId),
            ..Reach::default()
        }
    }

    /// The item and place, when it is about one of each.
    #[must_use]
    pub fn stock(self) -> Option<StockKey> {
        match (self.item_id, self.scope) {
            (Some(item_id), Scope::Place(stock_place_id)) => Some(StockKey {
                item_id,
                stock_place_id,
            }),
            _ => None,
        }
    }
}

/// A rule in a list.
#[derive(Clone, Debug, PartialEq, QueryableByName)]
pub struct RuleLine {
    /// Its id.
    #[diesel(sql_type = BigInt)]
    pub rule_id: RuleId,
    /// Its item; `None`: for all items.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub item_id: Option<ItemId>,
    /// The number of the item.
    #[diesel(sql_type = Nullable<Text>)]
    pub item_number: Option<String>,
    /// Its name.
    #[diesel(sql_type = Nullable<Text>)]
    pub item_name: Option<String>,
    /// What its quantities count.
    #[diesel(sql_type = Nullable<Text>)]
    pub base_unit: Option<String>,
    /// Where: a place of stock.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub stock_place_id: Option<i64>,
    /// Where: a room.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub room_id: Option<i64>,
    /// Where: a floor.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub floor_id: Option<i64>,
    /// Where: a building.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub building_id: Option<i64>,
    /// Where: a facility.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub facility_id: Option<i64>,
    /// The name of where; empty: everywhere.
    #[diesel(sql_type = Text)]
    pub scope_name: String,
    /// See [`RuleFields::method`].
    #[diesel(sql_type = Nullable<Text>)]
    pub method: Option<StockMethod>,
    /// See [`RuleFields::reorder_point`].
    #[diesel(sql_type = Nullable<BigInt>)]
    pub reorder_point: Option<i64>,
    /// See [`RuleFields::par`].
    #[diesel(sql_type = Nullable<BigInt>)]
    pub par: Option<i64>,
    /// See [`RuleFields::maximum`].
    #[diesel(sql_type = Nullable<BigInt>)]
    pub maximum: Option<i64>,
    /// See [`RuleFields::fixed_quantity`].
    #[diesel(sql_type = Nullable<BigInt>)]
    pub fixed_quantity: Option<i64>,
    /// See [`RuleFields::rounding`].
    #[diesel(sql_type = Nullable<Text>)]
    pub rounding: Option<Rounding>,
    /// See [`RuleFields::service_percent`].
    #[diesel(sql_type = Nullable<Float>)]
    pub service_percent: Option<f32>,
    /// See [`RuleFields::order_days`].
    #[diesel(sql_type = Nullable<Float>)]
    pub order_days: Option<f32>,
}

impl RuleLine {
    /// What it sets.
    #[must_use]
    pub fn fields(&self) -> RuleFields {
        RuleFields {
            method: self.method,
            reorder_point: self.reorder_point,
            par: self.par,
            maximum: self.maximum,
            fixed_quantity: self.fixed_quantity,
            rounding: self.rounding,
            service_percent: self.service_percent,
            order_days: self.order_days,
        }
    }

    /// Which rule it is.
    #[must_use]
    pub fn key(&self) -> RuleKey {
        RuleKey {
            item_id: self.item_id,
            scope: Scope::from_ids([
                self.stock_place_id,
                self.room_id,
                self.floor_id,
                self.building_id,
                self.facility_id,
            ]),
        }
    }
}

/// Which rules a list shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RuleFilter {
    /// Those at places of stock, or those above; `None`: all.
    pub at_places: Option<bool>,
    /// A number or part of a name of an item, or a part of a name of a place; empty: any.
    pub text: String,
}

/// A page of rules by id, and the last one when there are more.
///
/// # Errors
/// When the database fails.
pub async fn list_rules(
    conn: &AsyncPgConnection,
    filter: &RuleFilter,
    after: Option<RuleId>,
    limit: i64,
) -> QueryResult<(Vec<RuleLine>, Option<RuleId>)> {
    let mut rows = load_rules(conn, filter, after, None, limit + 1).await?;
    let has_more = cut(&mut rows, limit);
    let next = rows.last().filter(|_| has_more).map(|row| row.rule_id);
    Ok((rows, next))
}

/// These rules, to name them.
///
/// # Errors
/// When the database fails.
pub async fn list_named_rules(
    conn: &AsyncPgConnection,
    rules: &[Rule],
) -> QueryResult<Vec<RuleLine>> {
    let ids: Vec<RuleId> = rules.iter().map(|rule| rule.rule_id).collect();
    let limit = i64::try_from(ids.len()).unwrap_or(i64::MAX);
    load_rules(conn, &RuleFilter::default(), None, Some(ids), limit).await
}

async fn load_rules(
    mut conn: &AsyncPgConnection,
    filter: &RuleFilter,
    after: Option<RuleId>,
    ids: Option<Vec<RuleId>>,
    limit: i64,
) -> QueryResult<Vec<RuleLine>> {
    let small = filter.text.trim().to_lowercase();
    let escaped = small
        .replace('\\', "\\\\")
        .replace('%', "\\%")
        .replace('_', "\\_");
    let is_any = small.is_empty();
    sql_query(STOCK_RULES_SQL)
        .bind::<Nullable<Bool>, _>(filter.at_places)
        .bind::<Nullable<BigInt>, _>(after)
        .bind::<Nullable<Text>, _>((!is_any).then_some(small))
        .bind::<Nullable<Text>, _>((!is_any).then(|| format!("%{escaped}%")))
        .bind::<Nullable<Array<BigInt>>, _>(ids)
        .bind::<BigInt, _>(limit)
        .load(&mut conn)
        .await
}

/// The item of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleItem {
    /// Its number.
    pub number: String,
    /// Its name.
    pub name: String,
    /// What quantities count.
    pub base_unit: String,
    /// Base units of the pack that is ordered.
    pub pack_units: i64,
}

/// One rule, whether it is there or not, with what it inherits and reaches.
#[derive(Clone, Debug, PartialEq)]
pub struct RuleCard {
    /// Which one.
    pub key: RuleKey,
    /// Its item.
    pub item: Option<RuleItem>,
    /// The name of where it holds; empty: everywhere.
    pub scope_name: String,
    /// What it sets, when it is there.
    pub own: Option<(RuleId, RuleFields)>,
    /// The rules that it would inherit from.
    pub above: Vec<Rule>,
    /// They, to name them.
    pub names: Vec<RuleLine>,
    /// How many items and places it reaches, at most [`REACH_SHOWN_MAX`] and one.
    pub reach: usize,
    /// For one item at one place that holds it.
    pub story: Option<RuleStory>,
}

impl RuleCard {
    /// What the rules above set.
    #[must_use]
    pub fn inherited(&self) -> Inherited {
        inherit(&self.above)
    }

    /// What is known of where it holds.
    #[must_use]
    pub fn ground(&self) -> Ground {
        Ground {
            pack: self.item.as_ref().map(|item| item.pack_units),
            has_two_bins: self.story.as_ref().map(|story| story.row.has_two_bins),
            economic: self.story.as_ref().and_then(|story| story.found.economic),
        }
    }
}

#[derive(QueryableByName)]
struct ScopeRow {
    #[diesel(sql_type = Nullable<BigInt>)]
    stock_place_id: Option<StockPlaceId>,
    #[diesel(sql_type = Nullable<BigInt>)]
    room_id: Option<RoomId>,
    #[diesel(sql_type = Nullable<BigInt>)]
    floor_id: Option<FloorId>,
    #[diesel(sql_type = Nullable<BigInt>)]
    building_id: Option<BuildingId>,
    #[diesel(sql_type = Nullable<BigInt>)]
    facility_id: Option<FacilityId>,
    #[diesel(sql_type = Nullable<Text>)]
    name: Option<String>,
}

/// A rule with what it inherits and reaches; `None`: there is no such item or place.
///
/// # Errors
/// When the database fails.
pub async fn find_rule_card(
    mut conn: &AsyncPgConnection,
    key: RuleKey,
) -> QueryResult<Option<RuleCard>> {
    let item = match key.item_id {
        None => None,
        Some(id) => match find_rule_item(conn, id).await? {
            None => return Ok(None),
            item => item,
        },
    };
    let [place, room, floor, building, facility] = key.scope.ids();
    let scope: ScopeRow = sql_query(RULE_SCOPE_SQL)
        .bind::<Nullable<BigInt>, _>(place)
        .bind::<Nullable<BigInt>, _>(room)
        .bind::<Nullable<BigInt>, _>(floor)
        .bind::<Nullable<BigInt>, _>(building)
        .bind::<Nullable<BigInt>, _>(facility)
        .get_result(&mut conn)
        .await?;
    if scope.name.is_none() && key.scope != Scope::Everywhere {
        return Ok(None);
    }
    let chain = Chain {
        item_id: key.item_id,
        stock_place_id: scope.stock_place_id,
        room_id: scope.room_id,
        floor_id: scope.floor_id,
        building_id: scope.building_id,
        facility_id: scope.facility_id,
    };
    let found = list_rules_of(conn, &[chain]).await?;
    let rules = found.into_iter().next().unwrap_or_default();
    let is_own =
        |rule: &Rule| rule.level == key.scope.level() && rule.is_for_item == key.item_id.is_some();
    let own = rules.iter().copied().find(is_own);
    let above: Vec<Rule> = rules.iter().copied().filter(|rule| !is_own(rule)).collect();
    let most = i64::try_from(REACH_SHOWN_MAX + 1).unwrap_or(i64::MAX);
    let reach = list_reached(conn, &key.reach(), None, most).await?.len();
    let story = match key.stock() {
        Some(stock) => find_rule_story(conn, stock).await?,
        None => None,
    };
    Ok(Some(RuleCard {
        key,
        item,
        scope_name: scope.name.unwrap_or_default(),
        own: own.map(|rule| (rule.rule_id, rule.fields)),
        names: list_named_rules(conn, &above).await?,
        above,
        reach,
        story,
    }))
}

async fn find_rule_item(mut conn: &AsyncPgConnection, id: ItemId) -> QueryResult<Option<RuleItem>> {
    type Found = (String, String, String);
    let found: Option<Found> = item::table
        .find(id)
        .select((item::item_number, item::name, item::base_unit))
        .first(&mut conn)
        .await
        .optional()?;
    let Some((number, name, base_unit)) = found else {
        return Ok(None);
    };
    let pack: Option<i64> = item_pack::table
        .filter(item_pack::item_id.eq(id))
        .filter(item_pack::is_ordered)
        .select(item_pack::units)
        .first(&mut conn)
        .await
        .optional()?;
    Ok(Some(RuleItem {
        number,
        name,
        base_unit,
        pack_units: pack.unwrap_or(1),
    }))
}

/// The item with this number, in any case.
///
/// # Errors
/// When the database fails.
pub async fn find_item_by_number(
    mut conn: &AsyncPgConnection,
    number: &str,
) -> QueryResult<Option<ItemId>> {
    sql_query("SELECT id FROM item WHERE lower(item_number) = lower($1)")
        .bind::<Text, _>(number)
        .get_result::<IdRow>(&mut conn)
        .await
        .optional()
        .map(|row| row.map(|row| ItemId(row.id)))
}

#[derive(QueryableByName)]
struct IdRow {
    #[diesel(sql_type = BigInt)]
    id: i64,
}

#[derive(QueryableByName)]
struct NamedRow {
    #[diesel(sql_type = Text)]
    scope: String,
    #[diesel(sql_type = Text)]
    name: String,
}

/// Facilities, buildings and floors to choose from, with their names.
///
/// # Errors
/// When the database fails.
pub async fn list_scopes(mut conn: &AsyncPgConnection) -> QueryResult<Vec<(Scope, String)>> {
    let rows: Vec<NamedRow> = sql_query(
        "SELECT scope, name FROM (
            SELECT 1 AS depth, 'facility-' || id AS scope, name, 0 AS level FROM facility
            UNION ALL SELECT 2, 'building-' || id, name, 0 FROM building
            UNION ALL SELECT 3, 'floor-' || f.id, f.name || ', ' || b.name, f.level FROM floor f JOIN building b ON b.id = f.building_id
         ) s ORDER BY depth, name, level, scope LIMIT $1",
    )
    .bind::<BigInt, _>(SCOPES_MAX)
    .load(&mut conn)
    .await?;
    let scope = |row: NamedRow| Some((Scope::parse(&row.scope)?, row.name));
    Ok(rows.into_iter().filter_map(scope).collect())
}

/// The place of stock, or else the rooms, with this name in any case.
///
/// # Errors
/// When the database fails.
pub async fn find_named_scopes(
    mut conn: &AsyncPgConnection,
    name: &str,
) -> QueryResult<Vec<(Scope, String)>> {
    let rows: Vec<NamedRow> = sql_query(
        "WITH places AS (SELECT 'place-' || id AS scope, name FROM stock_place WHERE lower(name) = lower($1) AND NOT is_retired)
         SELECT scope, name FROM places
         UNION ALL SELECT 'room-' || r.id, r.name || ', ' || f.name FROM room r JOIN floor f ON f.id = r.floor_id
         WHERE lower(r.name) = lower($1) AND NOT EXISTS (SELECT FROM places) ORDER BY 2, 1 LIMIT 20",
    )
    .bind::<Text, _>(name)
    .load(&mut conn)
    .await?;
    let scope = |row: NamedRow| Some((Scope::parse(&row.scope)?, row.name));
    Ok(rows.into_iter().filter_map(scope).collect())
}

/// A rule that somebody saves; without any field it is deleted.
#[derive(Clone, Copy, Debug)]
pub struct RuleForm<'a> {
    /// Idempotency key.
    pub key: Uuid,
    /// Who.
    pub user_id: UserId,
    /// Which rule.
    pub rule: RuleKey,
    /// What the form showed of it: [`RuleTexts::fingerprint`].
    pub shown: &'a str,
    /// What it becomes.
    pub fields: RuleFields,
    /// Where the answer leads.
    pub location: &'a str,
}

/// What became of a form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RulePosted {
    /// It was carried out.
    Done {
        /// Whether the numbers of all that it reaches follow in parts, within some minutes; else they did at once.
        is_later: bool,
    },
    /// The same form was carried out before: nothing was done again.
    Repeat {
        /// Where the first one led.
        location: String,
    },
}

/// Why nothing was changed.
#[derive(Clone, Debug, PartialEq)]
pub enum RuleRefusal {
    /// The item or the place is gone.
    Gone,
    /// Somebody changed the rule since the form was shown.
    Stale,
    /// It does not fit.
    Faults(Vec<RuleFault>),
}

/// Why a form was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum RuleError {
    /// It is not allowed; nothing was changed.
    #[error("the rule cannot be saved so")]
    Refused(RuleRefusal),
    /// The database failed; nothing was changed.
    #[error("saving a rule of restocking")]
    Database(#[from] diesel::result::Error),
}

crate::db::again::refusable!(RuleError, RuleRefusal);

/// Saves a rule once, in one transaction with its audit row (S-50), and carries it to what it reaches, or leaves that to the scheduler
/// when it is much.
///
/// # Errors
/// See [`RuleError`]; then the key is not used up.
pub async fn perform_rule_form(
    conn: &mut AsyncPgConnection,
    form: &RuleForm<'_>,
    now: DateTime<Utc>,
) -> Result<RulePosted, RuleError> {
    conn.transaction(async |conn| {
        if let Some(location) =
            take_form_key(conn, form.key, form.user_id, form.location, now).await?
        {
            return Ok(RulePosted::Repeat { location });
        }
        let refuse = |refusal| Err(RuleError::Refused(refusal));
        lock_rules(conn).await?;
        let Some(card) = find_rule_card(conn, form.rule).await? else {
            return refuse(RuleRefusal::Gone);
        };
        let own = card.own.map(|(_, fields)| fields);
        if RuleTexts::fingerprint(own.as_ref()) != form.shown {
            return refuse(RuleRefusal::Stale);
        }
        let faults = check(&form.fields, &card.inherited(), &card.ground());
        if !faults.is_empty() {
            return refuse(RuleRefusal::Faults(faults));
        }
        if own.unwrap_or_default() == form.fields {
            return Ok(RulePosted::Done { is_later: false });
        }
        write_rule(conn, form, card.own, now).await?;
        let is_carried = carry_or_note(conn, &form.rule.reach(), now).await?;
        Ok(RulePosted::Done {
            is_later: !is_carried,
        })
    })
    .await
}

/// Whether saving a rule that reaches so many is carried in parts.
#[must_use]
pub fn is_carried_later(reach: usize) -> bool {
    reach > AT_ONCE_MAX
}

/// Two people do not save rules at the same moment: what one checks against, the other cannot change under her. It is held for a moment.
async fn lock_rules(conn: &mut AsyncPgConnection) -> QueryResult<()> {
    sql_query("SELECT pg_advisory_xact_lock(hashtext('wardtrack rules of restocking'))")
        .execute(conn)
        .await
        .map(drop)
}

async fn write_rule(
    conn: &mut AsyncPgConnection,
    form: &RuleForm<'_>,
    own: Option<(RuleId, RuleFields)>,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    let values = Values::from(&form.fields);
    let (action, id) = match own {
        Some((id, _)) if form.fields.is_empty() => {
            diesel::delete(stock_rule::table.find(id))
                .execute(conn)
                .await?;
            ("stock_rule.deleted", id)
        }
        Some((id, _)) => {
            diesel::update(stock_rule::table.find(id))
                .set(&values)
                .execute(conn)
                .await?;
            ("stock_rule.changed", id)
        }
        None => {
            let [place, room, floor, building, facility] = form.rule.scope.ids();
            let id: RuleId = diesel::insert_into(stock_rule::table)
                .values((
                    stock_rule::item_id.eq(form.rule.item_id),
                    stock_rule::stock_place_id.eq(place),
                    stock_rule::room_id.eq(room),
                    stock_rule::floor_id.eq(floor),
                    stock_rule::building_id.eq(building),
                    stock_rule::facility_id.eq(facility),
                    &values,
                ))
                .returning(stock_rule::id)
                .get_result(conn)
                .await?;
            ("stock_rule.added", id)
        }
    };
    let mut event = Event::new(
        Actor::User(form.user_id),
        action,
        format!("stock_rule:{id}"),
    );
    event.before = own.map(|(_, fields)| told(form.rule, &fields));
    event.after = Some(told(form.rule, &form.fields)).filter(|_| !form.fields.is_empty());
    record_audit(conn, &event, now).await
}

/// The columns of a rule; all of them are written.
#[derive(AsChangeset, Insertable)]
#[diesel(table_name = stock_rule)]
#[diesel(treat_none_as_null = true)]
struct Values {
    method: Option<StockMethod>,
    reorder_point: Option<i64>,
    par: Option<i64>,
    maximum: Option<i64>,
    fixed_quantity: Option<i64>,
    rounding: Option<Rounding>,
    service_percent: Option<f32>,
    order_days: Option<f32>,
}

impl From<&RuleFields> for Values {
    fn from(fields: &RuleFields) -> Self {
        Self {
            method: fields.method,
            reorder_point: fields.reorder_point,
            par: fields.par,
            maximum: fields.maximum,
            fixed_quantity: fields.fixed_quantity,
            rounding: fields.rounding,
            service_percent: fields.service_percent,
            order_days: fields.order_days,
        }
    }
}

fn told(key: RuleKey, fields: &RuleFields) -> Value {
    json!({
        "item_id": key.item_id,
        "scope": key.scope.to_string(),
        "method": fields.method.map(StockMethod::as_str),
        "reorder_point": fields.reorder_point,
        "target": fields.par,
        "maximum": fields.maximum,
        "fixed_quantity": fields.fixed_quantity,
        "rounding": fields.rounding.map(Rounding::as_str),
        "service_percent": fields.service_percent,
        "order_days": fields.order_days,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_read_back_and_nonsense_is_not() {
        for scope in [
            Scope::Everywhere,
            Scope::Facility(FacilityId(1)),
            Scope::Building(BuildingId(2)),
            Scope::Floor(FloorId(3)),
            Scope::Room(RoomId(4)),
            Scope::Place(StockPlaceId(5)),
        ] {
            assert_eq!(Scope::parse(&scope.to_string()), Some(scope));
            assert_eq!(Scope::from_ids(scope.ids()), scope);
        }
        for text in ["", "room", "room-x", "shelf-3", "room-9999999999999999999"] {
            assert_eq!(Scope::parse(text), None, "{text}");
        }
    }
}
