-- Cabinets whose being heard changed; $1 is now. Silent: turned off, two heartbeats missed (and a little, as health is written every few
-- seconds), or an inventory that came in part only a minute ago or more.
SELECT * FROM (
    SELECT p.id AS stock_place_id, r.id AS reader_id, p.silent_since, coalesce(c.inventory_at, h.last_message_at) AS heard_until,
           r.state <> 'active' OR h.down_since IS NOT NULL
           OR coalesce(h.last_message_at < $1 - (2 * r.heartbeat_interval_ms + 10000) * interval '1 millisecond', false)
           OR EXISTS (SELECT FROM inventory_part i WHERE i.reader_id = r.id AND i.taken_at < $1 - interval '1 minute') AS is_silent
    FROM stock_place p
    JOIN reader r ON r.id = p.reader_id
    LEFT JOIN reader_health h ON h.reader_id = r.id
    LEFT JOIN cabinet c ON c.stock_place_id = p.id
    WHERE p.reader_id IS NOT NULL AND NOT p.is_retired) k
WHERE is_silent <> (silent_since IS NOT NULL)
ORDER BY stock_place_id
