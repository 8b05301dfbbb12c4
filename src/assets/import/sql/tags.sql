-- The tags that a file names, and what they are on now.
SELECT t.tag_key, t.technology, t.expected_interval_ms, o.asset_id, o.asset_number, s.words AS on_supplies
FROM unnest($1::text[]) AS wanted (tag_key)
CROSS JOIN LATERAL (SELECT id, tag_key, technology, expected_interval_ms FROM tag WHERE tag_key = wanted.tag_key LIMIT 1) t
LEFT JOIN LATERAL (
    SELECT a.id AS asset_id, a.asset_number
    FROM tag_assignment ta JOIN asset a ON a.id = ta.asset_id
    WHERE ta.tag_id = t.id AND ta.ended_at IS NULL LIMIT 1
) o ON true
LEFT JOIN LATERAL (
    SELECT 'a piece of ' || i.name AS words FROM unit_tag u JOIN item i ON i.id = u.item_id WHERE u.tag_id = t.id
    UNION ALL SELECT 'the card of bin ' || b.name FROM bin_card c JOIN bin b ON b.id = c.bin_id WHERE c.tag_id = t.id LIMIT 1
) s ON true
