-- Rooms of one floor with their shapes and the state of their readers (R13). Small tables only.
SELECT r.id AS room_id, r.name AS room_name, r.kind AS room_kind, r.unit_id, u.name AS unit_name,
       s.points, s.label_x, s.label_y, down.readers, down.down_since
FROM room r
LEFT JOIN unit u ON u.id = r.unit_id
LEFT JOIN room_shape s ON s.room_id = r.id
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
