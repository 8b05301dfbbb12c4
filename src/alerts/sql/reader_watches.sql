-- Readers that are down, and those whose alert is active. Small tables only.
SELECT r.id AS reader_id, (SELECT min(z.room_id) FROM antenna an JOIN zone z ON z.id = an.zone_id WHERE an.reader_id = r.id) AS room_id,
       r.state = 'active' AS is_used, h.down_since IS NOT NULL AS is_down, al.id IS NOT NULL AS is_alerted, al.calm_since
FROM reader r
LEFT JOIN reader_health h ON h.reader_id = r.id
LEFT JOIN alert al ON al.reader_id = r.id AND al.kind = 'reader_down' AND al.is_active
WHERE (r.state = 'active' AND h.down_since IS NOT NULL) OR al.id IS NOT NULL
ORDER BY r.id
