-- Rooms in which every active reader is down, or was until a moment ago: its alert is active, or ended lately. Small tables only.
SELECT z.room_id, max(coalesce(h.down_since, lately.opened_at)) AS since
FROM zone z
JOIN antenna an ON an.zone_id = z.id
JOIN reader rd ON rd.id = an.reader_id AND rd.state = 'active'
LEFT JOIN reader_health h ON h.reader_id = rd.id
LEFT JOIN LATERAL (
    SELECT al.opened_at FROM alert al
    WHERE al.reader_id = rd.id AND al.kind = 'reader_down' AND (al.is_active OR al.ended_at > $1)
    ORDER BY al.id DESC LIMIT 1
) lately ON true
GROUP BY z.room_id
HAVING bool_and(coalesce(h.down_since, lately.opened_at) IS NOT NULL)
