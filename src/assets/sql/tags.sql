SELECT tg.id AS tag_id, tg.tag_key, tg.technology, ta.assigned_at, s.seen_at, s.reader_id, rd.reader_key, s.battery_pct
FROM tag_assignment ta
JOIN tag tg ON tg.id = ta.tag_id
LEFT JOIN tag_state s ON s.tag_id = tg.id
LEFT JOIN reader rd ON rd.id = s.reader_id
WHERE ta.asset_id = $1 AND ta.ended_at IS NULL
ORDER BY s.seen_at DESC NULLS LAST, tg.id
LIMIT 50
