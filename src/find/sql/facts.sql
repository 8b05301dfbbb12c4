-- Status and place of these assets. LATERAL with LIMIT or an aggregate keeps the plan on the indexes: joined plainly, a
-- few thousand ids would read the tables from end to end.
SELECT wanted.id AS asset_id, a.asset_number, a.owner_unit_id, a.status, a.safety_hold, a.is_service_blocked, a.room_id AS found_room_id,
       p.room_id, p.entered_at, p.basis, p.scanned_at, p.not_here_at, heard.seen_at, heard.interval_ms, r.unit_id, r.floor_id
FROM unnest($1::bigint[]) AS wanted (id)
CROSS JOIN LATERAL (
    SELECT asset_number, owner_unit_id, status, safety_hold, is_service_blocked, room_id FROM asset WHERE id = wanted.id LIMIT 1
) a
LEFT JOIN LATERAL (
    SELECT room_id, entered_at, basis, scanned_at, not_here_at FROM asset_place WHERE asset_id = wanted.id LIMIT 1
) p ON true
LEFT JOIN LATERAL (SELECT unit_id, floor_id FROM room WHERE id = p.room_id LIMIT 1) r ON true
CROSS JOIN LATERAL (
    SELECT max(s.seen_at) AS seen_at, min(tg.expected_interval_ms) AS interval_ms
    FROM tag_assignment ta
    JOIN tag tg ON tg.id = ta.tag_id
    LEFT JOIN tag_state s ON s.tag_id = ta.tag_id AND s.seen_at >= ta.assigned_at
    WHERE ta.asset_id = wanted.id AND ta.ended_at IS NULL
) heard
