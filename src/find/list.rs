//! One page of a list of assets: which, in what order, and how many there are.
//!
//! Types and models are listed bucket by bucket, a bucket being one room and one state: the kept counts say which buckets there are
//! and how big, the nearest are read from the index until the page is full. So the work depends on the page and on the number of
//! rooms, not on the fleet. Certainty and owners are not counted: with such a filter, and for other orders, at most
//! [`CANDIDATES_MAX`] assets are looked at, and the page says so.

use chrono::{DateTime, Utc};
use diesel::deserialize::QueryableByName;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Nullable, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::filter::{Filters, PlaceFilter, Sort, StatusFilter};
use super::rank::{
    Candidate, Costs, DownRooms, PageCursor, RankKey, bucket_rank, cut_page, find_down_since,
    is_candidate_ready, rank_key,
};
use super::search::{Source, list_ids};
use crate::assets::model::{AssetEntry, PlaceFacts, Standing};
use crate::assets::store::list_entries;
use crate::db::prepared::Prepared;
use crate::db::types::CountState;
use crate::ids::{AssetId, FloorId, RoomId, UnitId};
use crate::location::certainty::Certainty;
use crate::places::store::list_down_rooms;

/// Counts of types per room and state.
pub const BUCKETS_BY_TYPE_SQL: &str = include_str!("sql/buckets_by_type.sql");
/// Counts of models per room and state.
pub const BUCKETS_BY_MODEL_SQL: &str = include_str!("sql/buckets_by_model.sql");
/// Assets of types in some buckets.
pub const BUCKET_ASSETS_BY_TYPE_SQL: &str = include_str!("sql/bucket_assets_by_type.sql");
/// Assets of models in some buckets.
pub const BUCKET_ASSETS_BY_MODEL_SQL: &str = include_str!("sql/bucket_assets_by_model.sql");
/// Status and place of assets.
pub const FACTS_SQL: &str = include_str!("sql/facts.sql");

/// All assets of types per state.
pub const TOTALS_BY_TYPE_SQL: &str = include_str!("sql/totals_by_type.sql");
/// All assets of models per state.
pub const TOTALS_BY_MODEL_SQL: &str = include_str!("sql/totals_by_model.sql");

/// Rooms that are looked at first.
pub const NEAREST_ROOMS: usize = 256;
/// Rows on one page.
pub const HITS_PER_PAGE: usize = 25;
/// Most assets that one page looks at.
pub const CANDIDATES_MAX: usize = 1_000;

/// What a person asked for.
#[derive(Clone, Debug)]
pub struct Listing<'a> {
    /// Which assets.
    pub source: &'a Source,
    /// Narrowed to what.
    pub filters: Filters,
    /// In which order.
    pub sort: Sort,
    /// How far each room is.
    pub costs: &'a Costs,
    /// The unit whose ready ones are counted apart.
    pub unit: Option<UnitId>,
}

impl<'a> Listing<'a> {
    /// All of a source, nearest first from nowhere in particular.
    #[must_use]
    pub fn new(source: &'a Source, costs: &'a Costs) -> Self {
        Self {
            source,
            filters: Filters::default(),
            sort: Sort::Nearest,
            costs,
            unit: None,
        }
    }
}

/// An asset in the results.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// What it is and where.
    pub entry: AssetEntry,
    /// How sure the place is.
    pub certainty: Certainty,
}

/// A page of results.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HitPage {
    /// The rows, in order.
    pub hits: Vec<Hit>,
    /// All that match; when `is_cut`, of those that were looked at.
    pub total: usize,
    /// How many of them are ready.
    pub ready: usize,
    /// How many of them are ready in the unit that was asked about.
    pub ready_in_unit: usize,
    /// How many come before the first row of this page.
    pub before: usize,
    /// Not all were looked at, because there are more than [`CANDIDATES_MAX`].
    pub is_cut: bool,
    /// Where the next page begins.
    pub next: Option<PageCursor>,
}

/// The page of a list that begins after `after`.
///
/// # Errors
/// When the database fails.
pub async fn list_hits(
    conn: &AsyncPgConnection,
    listing: &Listing<'_>,
    now: DateTime<Utc>,
    after: Option<PageCursor>,
) -> QueryResult<HitPage> {
    let down: DownRooms = list_down_rooms(conn)
        .await?
        .into_iter()
        .map(|room| (room.room_id, room.since))
        .collect();
    let view = View {
        listing,
        now,
        as_of: after.as_ref().map_or(now, |cursor| cursor.as_of),
        after: after.as_ref().map(|cursor| &cursor.last),
        down: &down,
    };
    match listing.source {
        Source::Types(_) | Source::Models(_) => view.by_buckets(conn).await,
        _ => view.by_ids(conn).await,
    }
}

/// One room and one state of a source.
#[derive(Debug, QueryableByName)]
struct Bucket {
    #[diesel(sql_type = BigInt)]
    room_id: i64,
    #[diesel(sql_type = Text)]
    state: CountState,
    #[diesel(sql_type = BigInt)]
    n: i64,
}

impl Bucket {
    fn size(&self) -> usize {
        usize::try_from(self.n).unwrap_or(0)
    }
}

fn sum<'b>(buckets: impl IntoIterator<Item = &'b Bucket>) -> usize {
    buckets.into_iter().map(Bucket::size).sum()
}

/// A listing at one instant.
pub(super) struct View<'a> {
    pub(super) listing: &'a Listing<'a>,
    pub(super) now: DateTime<Utc>,
    pub(super) as_of: DateTime<Utc>,
    pub(super) after: Option<&'a RankKey>,
    pub(super) down: &'a DownRooms,
}

impl View<'_> {
    async fn by_buckets(&self, conn: &AsyncPgConnection) -> QueryResult<HitPage> {
        let filters = &self.listing.filters;
        let is_counted = filters.is_counted() && self.listing.sort == Sort::Nearest;
        if let Some((near, totals)) = self.nearest_buckets(conn).await? {
            if is_counted && let Some(page) = self.page_of_nearest(conn, &near, &totals).await? {
                return Ok(page);
            }
            if !is_counted && sum(&near) >= CANDIDATES_MAX {
                let total = sum(self.listed(&totals));
                return self.page_of_candidates(conn, &near, total).await;
            }
        }
        let rooms = match filters.place {
            Some(place) => Some(list_rooms_within(conn, place).await?),
            None => None,
        };
        let buckets = self.sorted_buckets(conn, rooms.as_deref()).await?;
        let (total, counts) = (sum(&buckets), self.ready_of(conn, &buckets).await?);
        if !is_counted {
            return self.page_of_candidates(conn, &buckets, total).await;
        }
        let mut page = self.page_of_sorted(conn, &buckets).await?;
        (page.total, page.ready, page.ready_in_unit) = (total, counts.0, counts.1);
        Ok(page)
    }

    /// What comes first, ready ones or those in the wanted status, in the nearest rooms, and all there are by state. `None` when the
    /// place is narrowed, or when there are not that many rooms.
    async fn nearest_buckets(
        &self,
        conn: &AsyncPgConnection,
    ) -> QueryResult<Option<(Vec<Bucket>, Vec<Bucket>)>> {
        let filters = &self.listing.filters;
        let rooms = self.listing.costs.nearest(NEAREST_ROOMS);
        let is_usual = filters.place.is_none() && rooms.len() == NEAREST_ROOMS;
        // Without a filter the ready ones come first.
        let wanted = filters.status.unwrap_or(StatusFilter::Ready);
        let Some(last) = rooms.last().filter(|_| is_usual) else {
            return Ok(None);
        };
        let (buckets, totals) = tokio::try_join!(
            self.sorted_buckets(conn, Some(rooms)),
            list_totals(conn, self.listing.source)
        )?;
        // Rooms as far as the last one may lie outside: what is at least as far is left to them.
        let edge = self.listing.costs.of(*last);
        let near: Vec<Bucket> = buckets
            .into_iter()
            .filter(|bucket| wanted.holds(bucket.state))
            .filter(|bucket| self.listing.costs.of(RoomId(bucket.room_id)) < edge)
            .collect();
        Ok(Some((near, totals)))
    }

    /// The totals that the status leaves.
    fn listed<'t>(&self, totals: &'t [Bucket]) -> impl Iterator<Item = &'t Bucket> {
        let status = self.listing.filters.status;
        totals
            .iter()
            .filter(move |total| status.is_none_or(|status| status.holds(total.state)))
    }

    /// What is not counted, of the first [`CANDIDATES_MAX`] in these buckets.
    async fn page_of_candidates(
        &self,
        conn: &AsyncPgConnection,
        buckets: &[Bucket],
        total: usize,
    ) -> QueryResult<HitPage> {
        let read = take_buckets(buckets, CANDIDATES_MAX);
        let mut page = self.page_of_buckets(conn, read).await?;
        page.is_cut = total > CANDIDATES_MAX;
        Ok(page)
    }

    /// The usual case: the page is full of what the nearest rooms have, so only these are looked at, and the kept totals tell how many
    /// there are elsewhere. `None` when they do not fill the page.
    async fn page_of_nearest(
        &self,
        conn: &AsyncPgConnection,
        near: &[Bucket],
        totals: &[Bucket],
    ) -> QueryResult<Option<HitPage>> {
        let after = self.after.map(RankKey::bucket);
        let behind = sum(near
            .iter()
            .filter(|bucket| after.is_none_or(|after| self.rank_of(bucket) > after)));
        if behind <= HITS_PER_PAGE {
            return Ok(None);
        }
        let mut page = self.page_of_sorted(conn, near).await?;
        page.total = sum(self.listed(totals));
        page.ready = sum(self
            .listed(totals)
            .filter(|total| total.state == CountState::Ready));
        page.ready_in_unit = self.ready_of(conn, near).await?.1;
        Ok(Some(page))
    }

    /// A page of sorted buckets. Buckets that lie wholly before the last row shown are counted and not read.
    async fn page_of_sorted(
        &self,
        conn: &AsyncPgConnection,
        buckets: &[Bucket],
    ) -> QueryResult<HitPage> {
        let start = self.after.map_or(0, |last| {
            buckets.partition_point(|bucket| self.rank_of(bucket) < last.bucket())
        });
        let (done, rest) = buckets.split_at(start);
        let in_first = rest.first().map_or(0, Bucket::size);
        let read = take_buckets(rest, in_first + HITS_PER_PAGE + 1);
        let mut page = self.page_of_buckets(conn, read).await?;
        page.before += sum(done);
        Ok(page)
    }

    async fn sorted_buckets(
        &self,
        conn: &AsyncPgConnection,
        rooms: Option<&[RoomId]>,
    ) -> QueryResult<Vec<Bucket>> {
        let mut buckets = list_buckets(conn, self.listing.source, rooms).await?;
        let status = self.listing.filters.status;
        buckets.retain(|bucket| status.is_none_or(|status| status.holds(bucket.state)));
        buckets.sort_by_key(|bucket| self.rank_of(bucket));
        Ok(buckets)
    }

    /// How many of the buckets' assets are ready: all, and in the unit that was asked about.
    async fn ready_of(
        &self,
        conn: &AsyncPgConnection,
        buckets: &[Bucket],
    ) -> QueryResult<(usize, usize)> {
        let ready = || {
            buckets
                .iter()
                .filter(|bucket| bucket.state == CountState::Ready)
        };
        let Some(unit) = self.listing.unit else {
            return Ok((sum(ready()), 0));
        };
        let rooms = list_rooms_within(conn, PlaceFilter::Unit(unit)).await?;
        let in_unit = ready().filter(|bucket| rooms.contains(&RoomId(bucket.room_id)));
        Ok((sum(ready()), sum(in_unit)))
    }

    fn rank_of(&self, bucket: &Bucket) -> (u8, u64, i64) {
        bucket_rank(bucket.state, bucket.room_id, self.listing.costs)
    }

    async fn page_of_buckets(
        &self,
        conn: &AsyncPgConnection,
        buckets: &[Bucket],
    ) -> QueryResult<HitPage> {
        let ids = list_bucket_assets(conn, self.listing.source, buckets).await?;
        self.page(conn, list_candidates(conn, &ids).await?).await
    }

    /// Sources that are small by themselves, or cut.
    async fn by_ids(&self, conn: &AsyncPgConnection) -> QueryResult<HitPage> {
        let limit = i64::try_from(CANDIDATES_MAX).unwrap_or(i64::MAX);
        let mut ids = list_ids(conn, self.listing.source, limit.saturating_add(1)).await?;
        let is_cut = ids.len() > CANDIDATES_MAX;
        ids.truncate(CANDIDATES_MAX);
        let mut page = self.page(conn, list_candidates(conn, &ids).await?).await?;
        page.is_cut = is_cut;
        Ok(page)
    }

    /// Narrows, orders and cuts candidates, and fetches the rows that are shown.
    async fn page(
        &self,
        conn: &AsyncPgConnection,
        mut candidates: Vec<Candidate>,
    ) -> QueryResult<HitPage> {
        candidates.retain(|candidate| self.is_wanted(candidate));
        let is_ready =
            |candidate: &&Candidate| is_candidate_ready(candidate, self.as_of, self.down);
        let ready = candidates.iter().filter(is_ready).count();
        let ready_in_unit = candidates
            .iter()
            .filter(|candidate| {
                self.listing.unit.is_some() && candidate.unit_id == self.listing.unit
            })
            .filter(is_ready)
            .count();
        let mut keys: Vec<RankKey> = candidates
            .iter()
            .map(|candidate| {
                let costs = self.listing.costs;
                rank_key(candidate, self.listing.sort, self.as_of, costs, self.down)
            })
            .collect();
        keys.sort_unstable();
        let cut = cut_page(&keys, self.after, HITS_PER_PAGE);
        Ok(HitPage {
            hits: self.hits(conn, cut.page).await?,
            total: keys.len(),
            ready,
            ready_in_unit,
            before: cut.before,
            is_cut: false,
            next: cut
                .page
                .last()
                .filter(|_| cut.has_more)
                .map(|last| PageCursor {
                    as_of: self.as_of,
                    last: last.clone(),
                }),
        })
    }

    pub(super) fn is_wanted(&self, candidate: &Candidate) -> bool {
        let filters = &self.listing.filters;
        let place = filters.place.is_none_or(|place| {
            place.holds(
                candidate.found_room_id,
                candidate.unit_id,
                candidate.floor_id,
            )
        });
        place
            && filters
                .status
                .is_none_or(|status| status.holds(candidate.state()))
            && filters
                .owner
                .is_none_or(|owner| candidate.owner_unit_id == Some(owner))
            && filters.certainty.is_none_or(|certainty| {
                certainty.holds(&candidate.certainty(self.as_of, self.down))
            })
    }

    async fn hits(&self, conn: &AsyncPgConnection, keys: &[RankKey]) -> QueryResult<Vec<Hit>> {
        let ids: Vec<AssetId> = keys.iter().map(RankKey::asset_id).collect();
        list_hits_by_id(conn, &ids, self.now, self.down).await
    }
}

/// The rows of these assets, in this order.
pub(super) async fn list_hits_by_id(
    conn: &AsyncPgConnection,
    ids: &[AssetId],
    now: DateTime<Utc>,
    down: &DownRooms,
) -> QueryResult<Vec<Hit>> {
    let mut entries = list_entries(conn, ids).await?;
    let hits = ids.iter().filter_map(|id| {
        let position = entries.iter().position(|entry| entry.asset_id == *id)?;
        let entry = entries.swap_remove(position);
        let certainty = entry
            .place
            .certainty(now, find_down_since(&entry.place, down));
        Some(Hit { entry, certainty })
    });
    Ok(hits.collect())
}

/// The first buckets that hold at least `wanted` assets together.
fn take_buckets(buckets: &[Bucket], wanted: usize) -> &[Bucket] {
    let mut held = 0;
    let enough = buckets.iter().position(|bucket| {
        held += bucket.size();
        held >= wanted
    });
    let end = enough.map_or(buckets.len(), |at| at + 1);
    buckets.get(..end).unwrap_or(buckets)
}

/// The rooms of a unit or floor, or the room itself, by id.
///
/// # Errors
/// When the database fails.
pub async fn list_rooms_within(
    mut conn: &AsyncPgConnection,
    place: PlaceFilter,
) -> QueryResult<Vec<RoomId>> {
    use crate::db::schema::room;
    let rooms = room::table.order(room::id).select(room::id).into_boxed();
    match place {
        PlaceFilter::Unit(unit) => rooms.filter(room::unit_id.eq(unit)),
        PlaceFilter::Floor(floor) => rooms.filter(room::floor_id.eq(floor)),
        PlaceFilter::Room(id) => rooms.filter(room::id.eq(id)),
    }
    .load(&mut conn)
    .await
}

async fn list_buckets(
    mut conn: &AsyncPgConnection,
    source: &Source,
    rooms: Option<&[RoomId]>,
) -> QueryResult<Vec<Bucket>> {
    let (sql, ids) = match source {
        Source::Types(types) => (BUCKETS_BY_TYPE_SQL, types.iter().map(|id| id.0).collect()),
        Source::Models(models) => (BUCKETS_BY_MODEL_SQL, models.iter().map(|id| id.0).collect()),
        _ => return Ok(Vec::new()),
    };
    let ids: Vec<i64> = ids;
    sql_query(sql)
        .bind::<Array<BigInt>, _>(ids)
        .bind::<Nullable<Array<BigInt>>, _>(rooms)
        .load(&mut conn)
        .await
}

/// A bucket a state, over all rooms.
async fn list_totals(mut conn: &AsyncPgConnection, source: &Source) -> QueryResult<Vec<Bucket>> {
    #[derive(QueryableByName)]
    struct Total {
        #[diesel(sql_type = Text)]
        state: CountState,
        #[diesel(sql_type = BigInt)]
        n: i64,
    }
    let (sql, ids) = match source {
        Source::Types(types) => (TOTALS_BY_TYPE_SQL, types.iter().map(|id| id.0).collect()),
        Source::Models(models) => (TOTALS_BY_MODEL_SQL, models.iter().map(|id| id.0).collect()),
        _ => return Ok(Vec::new()),
    };
    let ids: Vec<i64> = ids;
    let totals: Vec<Total> = sql_query(sql)
        .bind::<Array<BigInt>, _>(ids)
        .load(&mut conn)
        .await?;
    let bucket = |total: Total| Bucket {
        room_id: 0,
        state: total.state,
        n: total.n,
    };
    Ok(totals.into_iter().map(bucket).collect())
}

async fn list_bucket_assets(
    mut conn: &AsyncPgConnection,
    source: &Source,
    buckets: &[Bucket],
) -> QueryResult<Vec<AssetId>> {
    #[derive(QueryableByName)]
    struct IdRow {
        #[diesel(sql_type = BigInt)]
        asset_id: AssetId,
    }
    let (sql, ids) = match source {
        Source::Types(types) => (
            BUCKET_ASSETS_BY_TYPE_SQL,
            types.iter().map(|id| id.0).collect::<Vec<i64>>(),
        ),
        Source::Models(models) => (
            BUCKET_ASSETS_BY_MODEL_SQL,
            models.iter().map(|id| id.0).collect(),
        ),
        _ => return Ok(Vec::new()),
    };
    let limit = i64::try_from(CANDIDATES_MAX).unwrap_or(i64::MAX);
    let rows: Vec<IdRow> = sql_query(sql)
        .bind::<Array<BigInt>, _>(ids)
        .bind::<Array<BigInt>, _>(
            buckets
                .iter()
                .map(|bucket| bucket.room_id)
                .collect::<Vec<_>>(),
        )
        .bind::<Array<Text>, _>(
            buckets
                .iter()
                .map(|bucket| bucket.state.as_str())
                .collect::<Vec<_>>(),
        )
        .bind::<BigInt, _>(limit)
        .load(&mut conn)
        .await?;
    Ok(rows.into_iter().map(|row| row.asset_id).collect())
}

#[derive(QueryableByName)]
struct FactsRow {
    #[diesel(sql_type = BigInt)]
    asset_id: AssetId,
    #[diesel(sql_type = Text)]
    asset_number: String,
    #[diesel(sql_type = Nullable<BigInt>)]
    owner_unit_id: Option<UnitId>,
    #[diesel(embed)]
    standing: Standing,
    #[diesel(sql_type = Nullable<BigInt>)]
    found_room_id: Option<RoomId>,
    #[diesel(embed)]
    place: PlaceFacts,
    #[diesel(sql_type = Nullable<BigInt>)]
    unit_id: Option<UnitId>,
    #[diesel(sql_type = Nullable<BigInt>)]
    floor_id: Option<FloorId>,
}

pub(super) async fn list_candidates(
    mut conn: &AsyncPgConnection,
    ids: &[AssetId],
) -> QueryResult<Vec<Candidate>> {
    let ids: Vec<i64> = ids.iter().map(|id| id.0).collect();
    let rows: Vec<FactsRow> = Prepared(sql_query(FACTS_SQL).bind::<Array<BigInt>, _>(ids))
        .load(&mut conn)
        .await?;
    Ok(rows
        .into_iter()
        .map(|row| Candidate {
            asset_id: row.asset_id,
            asset_number: row.asset_number,
            owner_unit_id: row.owner_unit_id,
            standing: row.standing,
            found_room_id: row.found_room_id,
            place: row.place,
            unit_id: row.unit_id,
            floor_id: row.floor_id,
        })
        .collect())
}
