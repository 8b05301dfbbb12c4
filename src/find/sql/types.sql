-- Types with their kept counts, and how many are ready in some rooms ($2: those of a unit).
SELECT t.id AS asset_type_id, t.name, n.ready, n.total, coalesce(u.ready, 0) AS ready_in_unit
FROM asset_type t
JOIN (
    SELECT asset_type_id, coalesce(sum(n) FILTER (WHERE state = 'ready'), 0)::bigint AS ready, sum(n)::bigint AS total
    FROM asset_totals GROUP BY asset_type_id
) n ON n.asset_type_id = t.id
LEFT JOIN (
    SELECT asset_type_id, sum(n)::bigint AS ready FROM asset_counts
    WHERE state = 'ready' AND room_id = ANY ($2)
    GROUP BY asset_type_id
) u ON u.asset_type_id = t.id
ORDER BY n.total DESC, t.name, t.id
LIMIT $1
