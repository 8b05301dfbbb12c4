SELECT w.id AS asset_id, t.tag_key
FROM unnest($1::bigint[]) AS w (id)
CROSS JOIN LATERAL (
    SELECT tg.tag_key FROM tag_assignment ta JOIN tag tg ON tg.id = ta.tag_id
    WHERE ta.asset_id = w.id AND ta.ended_at IS NULL ORDER BY ta.assigned_at DESC, ta.id DESC LIMIT 5
) t
