-- Where a lot is, by the names of places: $1 lot, $2 and $3 place and bin with which the page before ended, or NULL, $4 now, $5 how many.
SELECT l.stock_place_id, sp.name AS stock_place_name, l.bin_id, b.name AS bin_name, l.on_hand, l.received_at,
       (lot.expires_on - ($4 AT TIME ZONE stock_place_time_zone(l.stock_place_id))::date) AS days_left
FROM stock_level l
JOIN lot ON lot.id = l.lot_id
JOIN stock_place sp ON sp.id = l.stock_place_id
JOIN bin b ON b.id = l.bin_id
WHERE l.lot_id = $1 AND l.on_hand <> 0 AND ($2 IS NULL OR (sp.name, l.bin_id) > ($2, $3))
ORDER BY sp.name, l.bin_id LIMIT $5
