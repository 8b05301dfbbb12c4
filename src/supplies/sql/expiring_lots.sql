-- Lots that are anywhere and whose last day of use is not after $1, first to expire first: $2, $3, $4 last day, lot and bin of the last one
-- before, or NULL; $5 now; $6 how many.
SELECT l.lot_id, lot.lot_number, lot.expires_on, lot.state, l.stock_place_id, sp.name AS stock_place_name, b.name AS bin_name, l.on_hand,
       (lot.expires_on - ($5 AT TIME ZONE stock_place_time_zone(l.stock_place_id))::date) AS days_left,
       i.id AS item_id, i.item_number, i.name AS item_name, i.base_unit, l.bin_id
FROM lot
JOIN stock_level l ON l.lot_id = lot.id AND l.on_hand <> 0
JOIN item i ON i.id = lot.item_id
JOIN stock_place sp ON sp.id = l.stock_place_id
JOIN bin b ON b.id = l.bin_id
WHERE lot.expires_on <= $1 AND ($2 IS NULL OR (lot.expires_on, lot.id, l.bin_id) > ($2, $3, $4))
ORDER BY lot.expires_on, lot.id, l.bin_id LIMIT $6
