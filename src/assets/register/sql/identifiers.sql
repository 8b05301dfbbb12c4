SELECT w.id AS asset_id, i.kind, i.value
FROM unnest($1::bigint[]) AS w (id)
CROSS JOIN LATERAL (
    SELECT ai.kind, ai.value FROM asset_identifier ai WHERE ai.asset_id = w.id ORDER BY ai.kind, ai.value LIMIT 100
) i
