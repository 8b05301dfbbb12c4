DELETE FROM asset_identifier i
USING unnest($1::bigint[], $2::text[], $3::text[]) AS n (asset_id, kind, value)
WHERE i.asset_id = n.asset_id AND i.kind = n.kind AND i.value = n.value
