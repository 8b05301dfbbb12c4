SELECT (SELECT coalesce(sum(sightings), 0)::bigint FROM ingest_batch) AS sightings,
       (SELECT count(*) FROM ingest_batch) AS ingest_batch,
       (SELECT count(*) FROM sighting) AS sighting,
       (SELECT coalesce(sum(version + 1), 0)::bigint FROM tag_state) AS tag_state,
       (SELECT count(*) FROM asset_stay) AS asset_stay,
       -- A place is written whenever a stay begins: the closed ones and the open one.
       (SELECT count(*) FROM asset_place) + (SELECT count(*) FROM asset_stay) AS asset_place
