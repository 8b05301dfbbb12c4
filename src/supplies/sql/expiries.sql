-- Lots in stock whose alert does not say yet how near their last day is ($1 is now, $2 rows at most): 90, 60 and 30 days before, and from
-- the day after it on. A key that a person made quiet is only noted.
WITH held AS (
    SELECT l.lot_id, l.item_id, l.stock_place_id, lot.expires_on - ($1 AT TIME ZONE stock_place_time_zone(l.stock_place_id))::date AS days_left
    FROM lot JOIN stock_level l ON l.lot_id = lot.id AND l.on_hand <> 0
    WHERE lot.expires_on <= ($1 AT TIME ZONE 'UTC')::date + 91
    GROUP BY 1, 2, 3, 4 HAVING sum(l.on_hand) > 0
)
SELECT h.lot_id, h.item_id, h.stock_place_id, h.days_left::bigint AS days_left, a.state = 'resolved' AS is_quiet
FROM held h
LEFT JOIN alert a ON a.alert_key = 'expiry:lot=' || h.lot_id || ':place=' || h.stock_place_id AND a.is_active
WHERE h.days_left <= 90 AND a.severity IS DISTINCT FROM
    CASE WHEN h.days_left < 0 THEN 'high' WHEN h.days_left <= 30 THEN 'medium' ELSE 'low' END
ORDER BY h.days_left, h.lot_id, h.stock_place_id LIMIT $2
