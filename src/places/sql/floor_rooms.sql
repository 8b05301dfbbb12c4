-- Rooms of one floor. The count goes room by room through the index of asset_place, never over the whole table.
SELECT r.id AS room_id, r.name AS room_name, r.kind AS room_kind, u.name AS unit_name, here.assets, down.readers, down.down_since
FROM room r
LEFT JOIN unit u ON u.id = r.unit_id
CROSS JOIN LATERAL (SELECT count(*) AS assets FROM asset_place p WHERE p.room_id = r.id) here
CROSS JOIN LATERAL (
    SELECT count(rd.id) AS readers, CASE WHEN bool_and(h.down_since IS NOT NULL) THEN max(h.down_since) END AS down_since
    FROM zone z
    JOIN antenna an ON an.zone_id = z.id
    JOIN reader rd ON rd.id = an.reader_id AND rd.state = 'active'
    LEFT JOIN reader_health h ON h.reader_id = rd.id
    WHERE z.room_id = r.id
) down
WHERE r.floor_id = $1
ORDER BY u.name NULLS LAST, r.name, r.id
LIMIT $2
