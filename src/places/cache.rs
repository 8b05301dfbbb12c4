//! The walking map of a process: loaded once, and again when places have changed.

use std::sync::{Arc, Mutex, PoisonError};

use diesel::QueryResult;
use diesel_async::AsyncPgConnection;

use super::store::{find_place_version, load_walking_map};
use super::walk::WalkingMap;

/// Keeps the walking map with the version of the places that it was made from.
#[derive(Debug, Default)]
pub struct WalkingCache {
    kept: Mutex<Option<(i64, Arc<WalkingMap>)>>,
}

impl WalkingCache {
    /// The map as places are now: one read of one row, unless they changed.
    ///
    /// ```text
    /// let map = app.walking.map(&conn).await?;
    /// let near = map.costs_from(Origin::Unit(unit));
    /// ```
    ///
    /// # Errors
    /// When the database fails.
    pub async fn map(&self, conn: &AsyncPgConnection) -> QueryResult<Arc<WalkingMap>> {
        let version = find_place_version(conn).await?;
        if let Some(map) = self.find(version) {
            return Ok(map);
        }
        // The version was read before the places: what changes in between is at worst loaded twice.
        let map = Arc::new(load_walking_map(conn).await?);
        *self.kept.lock().unwrap_or_else(PoisonError::into_inner) =
            Some((version, Arc::clone(&map)));
        Ok(map)
    }

    fn find(&self, version: i64) -> Option<Arc<WalkingMap>> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.as_ref()
            .filter(|(kept, _)| *kept == version)
            .map(|(_, map)| Arc::clone(map))
    }
}
