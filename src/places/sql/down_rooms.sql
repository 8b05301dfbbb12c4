-- Rooms in which every active reader is down, since the last of them fell silent (R13). Small tables only.
SELECT z.room_id, max(h.down_since) AS since
FROM zone z
JOIN antenna an ON an.zone_id = z.id
JOIN reader rd ON rd.id = an.reader_id AND rd.state = 'active'
LEFT JOIN reader_health h ON h.reader_id = rd.id
GROUP BY z.room_id
HAVING bool_and(h.down_since IS NOT NULL)
