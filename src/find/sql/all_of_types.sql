-- Every asset of these types that is not retired, type by type through the index; $2 narrows to rooms.
SELECT a.asset_id
FROM (SELECT DISTINCT id FROM unnest($1::bigint[]) AS wanted (id) ORDER BY id) AS type
CROSS JOIN LATERAL (
    SELECT id AS asset_id FROM asset
    WHERE asset_type_id = type.id AND status <> 'retired' AND ($2::bigint[] IS NULL OR room_id = ANY ($2))
    ORDER BY id LIMIT $3
) a
LIMIT $3
