-- A part of the fleet by id: assets whose tags were all silent for the shortest limit, and the last one, where the next part begins.
WITH part AS MATERIALIZED (
    SELECT id FROM asset WHERE id > $1 AND status NOT IN ('missing', 'retired') ORDER BY id LIMIT $3
), heard AS (
    SELECT part.id, (SELECT max(s.seen_at) FROM tag_assignment ta JOIN tag_state s ON s.tag_id = ta.tag_id AND s.seen_at >= ta.assigned_at
                     WHERE ta.asset_id = part.id AND ta.ended_at IS NULL) < $2 AS is_silent
    FROM part
)
SELECT id AS asset_id, coalesce(is_silent, false) AS is_silent FROM heard
WHERE is_silent OR id = (SELECT max(id) FROM part) ORDER BY id
