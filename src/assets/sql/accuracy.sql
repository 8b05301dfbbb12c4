-- Week by week, how often the place that the pages gave was right: found there, found elsewhere, or "not here". What was taken back
-- does not count, nor what was said while the pages gave no place. $1: since, $2: time zone, $3: rooms, NULL for all.
SELECT date_trunc('week', e.at AT TIME ZONE $2)::date AS week_on,
       count(*) FILTER (WHERE e.act = 'found' AND e.room_id = e.said_room_id) AS found_there,
       count(*) FILTER (WHERE e.act = 'found' AND e.room_id IS DISTINCT FROM e.said_room_id) AS found_elsewhere,
       count(*) FILTER (WHERE e.act = 'not_here') AS not_here
FROM asset_event e
WHERE e.act IN ('not_here', 'found') AND e.at >= $1::timestamptz AND e.said_room_id IS NOT NULL
  AND ($3::bigint[] IS NULL OR e.said_room_id = ANY ($3))
  AND NOT EXISTS (SELECT FROM asset_event u WHERE u.undoes = e.id AND u.undoes IS NOT NULL)
GROUP BY 1 ORDER BY 1
