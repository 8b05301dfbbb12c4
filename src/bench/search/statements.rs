//! The statements behind the pages, without the pages: the same functions that the guard and the handler of `/find` call, with the
//! same values, on a pool of the same size. Nothing is rendered, packed or sent, and the ways to walk are worked out before.
//!
//! When the handler asks for more or for less, this file must follow.

use std::collections::HashMap;

use diesel_async::AsyncPgConnection;

use super::asks::Ask;
use super::hospital::SignedIn;
use crate::clock::Clock;
use crate::config::{DbArgs, Secret};
use crate::db::{Db, DbConn};
use crate::devices::store::find_live_state;
use crate::find::filter::{Filters, PlaceFilter};
use crate::find::list::{Listing, list_hits};
use crate::find::query::{FindQuery, SearchText};
use crate::find::rank::Costs;
use crate::find::search::{Found, Source, find_text, find_type_name, list_types};
use crate::find::words::WordCache;
use crate::ids::{AssetTypeId, UnitId};
use crate::people::session;
use crate::places::store::{
    find_place, find_place_version, list_floors, list_units, load_walking_map,
};
use crate::places::walk;
use crate::web::find::TYPES_MAX;
use crate::web::strings::EN;

/// The statements of the pages.
#[derive(Debug)]
pub(super) struct Statements {
    db: Db,
    clock: Clock,
    words: WordCache,
    costs: HashMap<String, Costs>,
}

/// Where one request starts from.
struct From {
    unit: Option<UnitId>,
    costs: Costs,
}

impl Statements {
    /// A pool like that of the server, and the costs from every origin that is asked from.
    pub(super) async fn prepare(
        args: &DbArgs,
        url: &Secret,
        clock: Clock,
        asks: &[Ask],
        people: &[SignedIn],
    ) -> anyhow::Result<Self> {
        let db = Db::new(args, url, "wardtrack bench, statements")?;
        let map = load_walking_map(&*db.conn().await?).await?;
        let mut costs = HashMap::new();
        for ask in asks {
            let Some(place) = people.get(ask.person).map(|person| origin(ask, person)) else {
                continue;
            };
            let from = match place {
                PlaceFilter::Room(room) => walk::Origin::Room(room),
                PlaceFilter::Unit(unit) => walk::Origin::Unit(unit),
                PlaceFilter::Floor(_) => continue,
            };
            costs.entry(place.text()).or_insert_with(|| {
                let near = map.costs_from(from);
                let costs = near
                    .iter()
                    .map(|(room, near)| (room, u64::from(near.cost_dm)));
                costs.collect()
            });
        }
        Ok(Self {
            db,
            clock,
            words: WordCache::default(),
            costs,
        })
    }

    /// Runs the statements of one page.
    pub(super) async fn answer(&self, ask: &Ask, person: &SignedIn) -> anyhow::Result<()> {
        let now = self.clock.now();
        let conn = self.db.conn().await?;
        let found = session::find_session(&conn, &person.token.hash(), now).await?;
        anyhow::ensure!(found.is_some(), "the session has ended");
        tokio::try_join!(session::find_time_zone(&conn), find_live_state(&conn, now))?;
        drop(conn);
        let conn = self.db.conn().await?;
        let from = self.origin(&conn, ask, person).await?;
        let choice = ask.params.choice(&EN);
        let types = async || list_types(&conn, from.unit, TYPES_MAX).await.map(drop);
        let source = match FindQuery::parse(&ask.params.q)? {
            FindQuery::Text(text) => match self.find_source(&conn, ask, &text).await? {
                Answer::Elsewhere => return Ok(()),
                Answer::Nothing => return Ok(types().await?),
                Answer::List(source) => source,
            },
            FindQuery::Everything => match find_type(&conn, ask).await? {
                Some(source) => source,
                None => return Ok(types().await?),
            },
        };
        let listing = Listing {
            source: &source,
            filters: choice.filters,
            sort: choice.sort,
            costs: &from.costs,
            unit: from.unit,
        };
        let hits = list_hits(&conn, &listing, now, None).await?;
        tokio::try_join!(list_units(&conn), list_floors(&conn))?;
        if hits.total == 0 && choice.filters == Filters::default() {
            types().await?;
        }
        Ok(())
    }

    async fn find_source(
        &self,
        conn: &AsyncPgConnection,
        ask: &Ask,
        text: &SearchText,
    ) -> anyhow::Result<Answer> {
        let findings = find_text(conn, &self.words, text, ask.params.is_exact()).await?;
        let is_code = matches!(findings.found, Found::One(_) | Found::SameCode(_));
        let is_narrowed = findings.matched.narrowed.is_some() && ask.params.place.is_none();
        Ok(match findings.found {
            Found::One(_) => Answer::Elsewhere,
            _ if is_narrowed && !is_code => Answer::Elsewhere,
            Found::Nothing => Answer::Nothing,
            Found::SameCode(source)
            | Found::Types(source)
            | Found::Models(source)
            | Found::Numbers(source)
            | Found::Parts(source) => Answer::List(source),
        })
    }

    async fn origin(&self, conn: &DbConn, ask: &Ask, person: &SignedIn) -> anyhow::Result<From> {
        let place = origin(ask, person);
        let unit = match place {
            PlaceFilter::Room(room) => find_place(conn, room)
                .await?
                .and_then(|place| place.unit_id),
            PlaceFilter::Unit(unit) => list_units(conn)
                .await?
                .into_iter()
                .find(|(id, _)| *id == unit)
                .map(|(id, _)| id),
            PlaceFilter::Floor(_) => None,
        };
        find_place_version(conn).await?;
        let costs = self.costs.get(&place.text()).cloned().unwrap_or_default();
        Ok(From { unit, costs })
    }
}

/// What a text leads to, as the page tells it apart.
enum Answer {
    /// The page sends the browser on.
    Elsewhere,
    Nothing,
    List(Source),
}

async fn find_type(conn: &AsyncPgConnection, ask: &Ask) -> anyhow::Result<Option<Source>> {
    let Some(id) = ask.params.r#type.as_deref() else {
        return Ok(None);
    };
    let id = AssetTypeId(id.parse()?);
    let name = find_type_name(conn, id).await?;
    Ok(name.map(|_| Source::Types(vec![id])))
}

fn origin(ask: &Ask, person: &SignedIn) -> PlaceFilter {
    let asked = ask.params.from.as_deref().and_then(PlaceFilter::parse);
    asked.unwrap_or(PlaceFilter::Unit(person.home_unit))
}
