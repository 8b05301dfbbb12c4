-- Status and place of these assets. LATERAL with LIMIT or an aggregate keeps the plan on the indexes: joined plainly, a
-- few thousand ids would read the tables from end to end.
SELECT wanted.id AS asset_id, a.status, p.room_id, p.entered_at, p.basis, heard.seen_at, heard.interval_ms
FROM unnest($1::bigint[]) AS wanted (id)
CROSS JOIN LATERAL (SELECT status FROM asset WHERE id = wanted.id LIMIT 1) a
LEFT JOIN LATERAL (SELECT room_id, entered_at, basis FROM asset_place WHERE asset_id = wanted.id LIMIT 1) p ON true
CROSS JOIN LATERAL (
    SELECT max(s.seen_at) AS seen_at, min(tg.expected_interval_ms) AS interval_ms
    FROM tag_assignment ta
    JOIN tag tg ON tg.id = ta.tag_id
    LEFT JOIN tag_state s ON s.tag_id = ta.tag_id
    WHERE ta.asset_id = wanted.id AND ta.ended_at IS NULL
) heard
