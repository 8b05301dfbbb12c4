-- List rows of the assets with these ids.
SELECT a.id AS asset_id, a.asset_number, t.name AS type_name, t.id AS asset_type_id, m.maker, m.name AS model_name,
       a.status, a.safety_hold, a.is_service_blocked, a.service_due_on, o.name AS owner_unit_name,
       p.room_id, p.entered_at, p.basis, p.scanned_at, p.not_here_at, heard.seen_at, heard.interval_ms,
       r.name AS room_name, r.kind AS room_kind, coalesce(u.name, f.name) AS area_name
FROM unnest($1::bigint[]) AS wanted (id)
JOIN asset a ON a.id = wanted.id
JOIN asset_type t ON t.id = a.asset_type_id
LEFT JOIN model m ON m.id = a.model_id
LEFT JOIN unit o ON o.id = a.owner_unit_id
LEFT JOIN asset_place p ON p.asset_id = a.id
LEFT JOIN room r ON r.id = p.room_id
LEFT JOIN floor f ON f.id = r.floor_id
LEFT JOIN unit u ON u.id = r.unit_id
-- One asset has few tags: reach their states through its assignments, tag by tag.
CROSS JOIN LATERAL (
    SELECT max(s.seen_at) AS seen_at, min(tg.expected_interval_ms) AS interval_ms
    FROM tag_assignment ta
    JOIN tag tg ON tg.id = ta.tag_id
    LEFT JOIN tag_state s ON s.tag_id = ta.tag_id AND s.seen_at >= ta.assigned_at
    WHERE ta.asset_id = a.id AND ta.ended_at IS NULL
) heard
