-- Assets of these models that are not retired, available ones first, so that a cut never loses one of them to another status.
SELECT c.asset_id
FROM (
    (SELECT id AS asset_id, 0 AS part FROM asset
     WHERE model_id = ANY ($1) AND status = 'available'
     ORDER BY model_id, status, id LIMIT $2)
    UNION ALL
    (SELECT id AS asset_id, 1 AS part FROM asset
     WHERE model_id = ANY ($1) AND status IN ('in_use', 'soiled', 'cleaning', 'in_repair', 'missing')
     ORDER BY model_id, status, id LIMIT $2)
) c
ORDER BY c.part, c.asset_id
LIMIT $2
