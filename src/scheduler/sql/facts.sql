-- What a rule looks at, asset by asset.
SELECT a.id AS asset_id, a.asset_type_id, a.status, a.status_since, a.gone_since, r.kind AS room_kind,
       p.room_id, p.entered_at, p.basis, p.scanned_at, p.not_here_at, heard.seen_at, heard.interval_ms
FROM unnest($1::bigint[]) AS wanted (id)
JOIN asset a ON a.id = wanted.id
LEFT JOIN asset_place p ON p.asset_id = a.id
LEFT JOIN room r ON r.id = p.room_id
CROSS JOIN LATERAL (
    SELECT max(s.seen_at) AS seen_at, min(tg.expected_interval_ms) AS interval_ms
    FROM tag_assignment ta
    JOIN tag tg ON tg.id = ta.tag_id
    LEFT JOIN tag_state s ON s.tag_id = ta.tag_id AND s.seen_at >= ta.assigned_at
    WHERE ta.asset_id = a.id AND ta.ended_at IS NULL
) heard
ORDER BY a.id
