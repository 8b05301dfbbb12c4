INSERT INTO unregistered_tag_count AS c (reader_id, hour_at, sightings)
SELECT * FROM unnest($1::bigint[], $2::timestamptz[], $3::bigint[]) AS u(a, b, c) ORDER BY a, b
ON CONFLICT (reader_id, hour_at) DO UPDATE SET sightings = c.sightings + excluded.sightings
