-- Lots of an item that are anywhere, first to expire first: $1 item, $2 now, $3 how many.
SELECT l.lot_id, lot.lot_number, lot.expires_on, lot.state, l.stock_place_id, sp.name AS stock_place_name, b.name AS bin_name, l.on_hand,
       (lot.expires_on - ($2 AT TIME ZONE stock_place_time_zone(l.stock_place_id))::date) AS days_left
FROM stock_level l
JOIN lot ON lot.id = l.lot_id
JOIN stock_place sp ON sp.id = l.stock_place_id
JOIN bin b ON b.id = l.bin_id
WHERE l.item_id = $1 AND l.on_hand <> 0
ORDER BY lot.expires_on NULLS LAST, sp.name, b.name, l.lot_id LIMIT $3
