-- Those of these devices that no tag is on, in the order in which they were given.
SELECT w.id AS asset_id
FROM unnest($1::bigint[]) WITH ORDINALITY AS w (id, place)
-- Device by device, so that the work is that of the devices given and not of all assignments.
CROSS JOIN LATERAL (
    SELECT count(*) AS tags FROM (
        SELECT 1 FROM tag_assignment ta WHERE ta.asset_id = w.id AND ta.ended_at IS NULL LIMIT 1) one
) open
WHERE open.tags = 0
ORDER BY w.place LIMIT $2
