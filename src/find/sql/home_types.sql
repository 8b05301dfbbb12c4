-- The types of the start page with their kept counts, everywhere and in some rooms ($2: those of a unit): the person's favourites
-- ($3), or those with most assets.
WITH mine AS (SELECT asset_type_id FROM user_favourite_type WHERE user_id = $3)
SELECT t.id AS asset_type_id, t.name, coalesce(n.ready, 0) AS ready, coalesce(n.total, 0) AS total,
       coalesce(u.ready, 0) AS ready_in_unit, coalesce(u.total, 0) AS total_in_unit, m.asset_type_id IS NOT NULL AS is_favourite
FROM asset_type t
LEFT JOIN mine m ON m.asset_type_id = t.id
LEFT JOIN (
    SELECT asset_type_id, coalesce(sum(n) FILTER (WHERE state = 'ready'), 0)::bigint AS ready, sum(n)::bigint AS total
    FROM asset_totals GROUP BY asset_type_id
) n ON n.asset_type_id = t.id
LEFT JOIN (
    SELECT asset_type_id, coalesce(sum(n) FILTER (WHERE state = 'ready'), 0)::bigint AS ready, sum(n)::bigint AS total
    FROM asset_counts WHERE room_id = ANY ($2) GROUP BY asset_type_id
) u ON u.asset_type_id = t.id
WHERE m.asset_type_id IS NOT NULL OR (n.total > 0 AND NOT EXISTS (SELECT FROM mine))
ORDER BY n.total DESC NULLS LAST, t.name, t.id
LIMIT $1
