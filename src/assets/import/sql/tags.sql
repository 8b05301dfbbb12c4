-- The tags that a file names, and what they are on now.
SELECT t.tag_key, t.technology, t.expected_interval_ms, o.asset_id, o.asset_number
FROM unnest($1::text[]) AS wanted (tag_key)
CROSS JOIN LATERAL (SELECT id, tag_key, technology, expected_interval_ms FROM tag WHERE tag_key = wanted.tag_key LIMIT 1) t
LEFT JOIN LATERAL (
    SELECT a.id AS asset_id, a.asset_number
    FROM tag_assignment ta JOIN asset a ON a.id = ta.asset_id
    WHERE ta.tag_id = t.id AND ta.ended_at IS NULL LIMIT 1
) o ON true
