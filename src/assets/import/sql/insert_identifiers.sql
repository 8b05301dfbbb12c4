INSERT INTO asset_identifier (asset_id, kind, value)
SELECT asset_id, kind, value FROM unnest($1::bigint[], $2::text[], $3::text[]) AS n (asset_id, kind, value)
ORDER BY asset_id, kind, value
