-- Items and places at which the books hold less than nothing of a lot whose last day is over ($1 is now, $2 rows at most), and that were not
-- looked at since that day: what is available there has risen with it, and no alert about the lot says so.
SELECT DISTINCT l.item_id, l.stock_place_id
FROM stock_level l
JOIN lot ON lot.id = l.lot_id
JOIN stocking s ON s.item_id = l.item_id AND s.stock_place_id = l.stock_place_id
CROSS JOIN LATERAL (SELECT stock_place_time_zone(l.stock_place_id) AS name) z
WHERE l.on_hand < 0 AND lot.expires_on < ($1 AT TIME ZONE z.name)::date
  AND s.settled_at < ((lot.expires_on + 1)::timestamp AT TIME ZONE z.name)
ORDER BY l.item_id, l.stock_place_id LIMIT $2
