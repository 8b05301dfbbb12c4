-- The other numbers of these assets, asset by asset through the index.
SELECT wanted.id AS asset_id, i.kind, i.value
FROM unnest($1::bigint[]) AS wanted (id)
CROSS JOIN LATERAL (SELECT kind, value FROM asset_identifier WHERE asset_id = wanted.id ORDER BY kind, value LIMIT 1000) i
