-- Every asset of these models that is not retired, model by model through the index; $2 narrows to rooms.
SELECT a.asset_id
FROM (SELECT DISTINCT id FROM unnest($1::bigint[]) AS wanted (id) ORDER BY id) AS model
CROSS JOIN LATERAL (
    SELECT id AS asset_id FROM asset
    WHERE model_id = model.id AND status <> 'retired' AND ($2::bigint[] IS NULL OR room_id = ANY ($2))
    LIMIT $3
) a
LIMIT $3
